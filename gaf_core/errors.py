"""The one family of exceptions. Every message says what was wrong and what to do about it."""

import re
from collections.abc import Callable, Iterable, Sequence

_LONGEST = 400  # characters of a cause inside a message
_SHOWN = 80  # characters of a value inside a message
_ADVICE = re.compile(r"\s*(You may consider adding|For details look at).*")  # for who calls it


def cause(error: Exception) -> str:
    r"""What an error of a library says, all of its lines as one, for the middle of a sentence.

    >>> cause(RuntimeError("Error in loading:\n\tsize mismatch for classifier.weight."))
    'Error in loading: size mismatch for classifier.weight'
    """
    told = f"{error} is not known" if isinstance(error, KeyError) else str(error)
    text = _ADVICE.sub("", " ".join(told.split())) or type(error).__name__
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…").rstrip(".")


def brief(value: object, how: Callable[[object], str] = str) -> str:
    """What was given, as a sentence shows it: not all of what is long, nor what cannot be written.

    >>> brief("a" * 100)[-3:], brief((3, "x"), repr), brief(10**5000)
    ('aa…', "(3, 'x')", 'int')
    """
    try:
        text = how(value)
    except ValueError:  # a whole number of thousands of digits
        return type(value).__name__
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def check_kind(value: object, kinds: type | tuple[type, ...], how: str) -> None:
    """Refuse what a function cannot work on because it is something else altogether.

    Args:
        value: that was given.
        kinds: one or several, one of which it has to be.
        how: where to get one, as a sentence.

    Raises:
        SettingsError: it is of another kind.

    >>> check_kind("minilm-reviews", dict, "Give a table.")
    Traceback (most recent call last):
        ...
    gaf_core.errors.SettingsError: A dict is needed here, and this is a str. Give a table.
    """
    if not isinstance(value, kinds):
        wanted = " or ".join(
            one.__name__ for one in (kinds if isinstance(kinds, tuple) else (kinds,))
        )
        given = "None" if value is None else f"a {type(value).__name__}"
        raise SettingsError(f"A {wanted} is needed here, and this is {given}. {how}")


def check_names(given: Iterable[str], known: Sequence[str]) -> None:
    """Refuse an option that there is not.

    Raises:
        SettingsError: with those that there are.

    >>> check_names(["by_word"], ["by_words", "limit"])
    Traceback (most recent call last):
        ...
    gaf_core.errors.SettingsError: There is no option 'by_word'. Options: by_words, limit.
    """
    if unknown := [name for name in given if name not in known]:
        raise SettingsError(f"There is no option '{unknown[0]}'. Options: {', '.join(known)}.")


class GafError(ValueError):
    """Base class: a caller that catches this one catches every mistake a user can make.

    >>> import gaf_core as gaf
    >>> try:
    ...     gaf.FlowNetwork.from_information([[[1.0, -2.0], [0.0, 1.0]]])
    ... except gaf.GafError as error:
    ...     print(type(error).__name__)
    CapacityError
    """


class ModelError(GafError):
    """A model cannot be found, loaded, or explained.

    >>> import gaf_core as gaf
    >>> try:
    ...     gaf.load_model("minilm-review")
    ... except gaf.ModelError as error:
    ...     print(str(error).split(". ")[1])
    Did you mean 'minilm-reviews'? Presets: minilm-reviews, smollm2-135m.
    """


class ModelSizeError(ModelError):
    """A model has more weights than there is memory for.

    Attributes:
        needed: bytes of its weights.
        available: free memory in bytes.

    >>> import gaf_core as gaf
    >>> error = gaf.ModelSizeError("large", needed=28 * 10**9, available=8 * 10**9)
    >>> print(str(error).split(". ")[0])
    The weights of 'large' need 28.0 GB of memory and 8.0 GB are free
    """

    def __init__(self, name: str, needed: int, available: int):
        self.needed, self.available = needed, available
        super().__init__(
            f"The weights of '{name}' need {needed / 1e9:,.1f} GB of memory and "
            f"{available / 1e9:,.1f} GB are free. Free some, or choose a smaller model."
        )


class TextError(GafError):
    """A text cannot be explained.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> try:
    ...     gaf.explain(model, " ")
    ... except gaf.TextError as error:
    ...     print(error)
    The text is empty. Write at least one word.
    """


class TextTooLongError(TextError):
    """A text has more tokens than the model takes.

    Attributes:
        tokens: number of tokens of the text, special tokens included.
        limit: number of tokens the model takes, special tokens included.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> try:
    ...     gaf.explain(model, "word " * 600)
    ... except gaf.TextTooLongError as error:
    ...     print(error.tokens, error.limit)
    602 512
    """

    def __init__(self, tokens: int, limit: int):
        self.tokens, self.limit = tokens, limit
        super().__init__(
            f"The text has {tokens:,} tokens and the model takes {limit:,}. Shorten it, or explain "
            f"only the first {limit:,} tokens (truncate=True)."
        )


class MemoryLimitError(TextError):
    """A text would need more memory than is free.

    Attributes:
        tokens: number of tokens of the text, special tokens included.
        needed: estimate in bytes.
        available: free memory of the model's device in bytes.
        fitting: number of tokens that would fit.

    >>> import gaf_core as gaf
    >>> error = gaf.MemoryLimitError(4000, needed=9 * 10**9, available=2 * 10**9, fitting=1800)
    >>> print(str(error).split(". ")[-1])
    Shorten it to 1,800 tokens, or use a smaller model.
    """

    def __init__(self, tokens: int, needed: int, available: int, fitting: int):
        self.tokens, self.needed = tokens, needed
        self.available, self.fitting = available, fitting
        advice = f"Shorten it to {fitting:,} tokens" if fitting else "Free memory"
        super().__init__(
            f"Explaining {tokens:,} tokens needs about {needed / 1e9:.1f} GB of memory, because "
            f"every layer and head keeps a weight for each pair of tokens, and "
            f"{available / 1e9:.1f} GB are free. {advice}, or use a smaller model."
        )


class TargetError(GafError):
    """A target is not one of the model's labels.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> try:
    ...     gaf.explain(model, "A lovely film.", gaf.Settings(target="neutral"))
    ... except gaf.TargetError as error:
    ...     print(error)
    'neutral' is not one of the model's labels. Choose from: 0 negative, 1 positive.
    """


class SettingsError(GafError):
    """A setting has a value that means nothing: a variant, a layer range, a head.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> try:
    ...     gaf.explain(model, "A lovely film.", gaf.Settings(layers=(4, 4)))
    ... except gaf.SettingsError as error:
    ...     print(str(error).split(". ")[0])
    The layer range [4, 4) holds no layer of this model
    """


class MissingPackageError(GafError):
    """What was asked for needs a package that is not installed.

    Attributes:
        package: its name.
        extra: the extra of this package that brings it; None for one that is always required.

    >>> import gaf_core as gaf
    >>> print(str(gaf.MissingPackageError("The app", "streamlit", extra="app")).split(". ")[1])
    Install it with `pip install streamlit`, or this package with its extra [app].
    """

    def __init__(self, what: str, package: str, extra: str | None = None):
        self.package, self.extra = package, extra
        other = "" if extra is None else f", or this package with its extra [{extra}]"
        super().__init__(
            f"{what} needs the package {package}, which is not installed. Install it with "
            f"`pip install {package}`{other}."
        )


class CapacityError(GafError):
    """Capacities that are not the capacities of a flow network.

    >>> import gaf_core as gaf
    >>> try:
    ...     gaf.FlowNetwork.from_information([[[1.0, -2.0], [0.0, 1.0]]])
    ... except gaf.CapacityError as error:
    ...     print(str(error).split(". ")[0])
    The capacity at [layer 0, query 0, key 1] is negative, one of 1
    """
