"""The one family of exceptions. Every message says what was wrong and what to do about it."""

import re

_LONGEST = 400  # characters of a cause inside a message
_ADVICE = re.compile(r"\s*(You may consider adding|For details look at).*")  # for who calls it


def cause(error: Exception) -> str:
    r"""What an error of a library says, all of its lines as one, for the middle of a sentence.

    >>> cause(RuntimeError("Error in loading:\n\tsize mismatch for classifier.weight."))
    'Error in loading: size mismatch for classifier.weight'
    """
    text = _ADVICE.sub("", " ".join(str(error).split())) or type(error).__name__
    return (text if len(text) <= _LONGEST else f"{text[:_LONGEST].rstrip()}…").rstrip(".")


class GafError(ValueError):
    """Base class: a caller that catches this one catches every mistake a user can make."""


class ModelError(GafError):
    """A model cannot be found, loaded, or explained."""


class TextError(GafError):
    """A text cannot be explained."""


class TextTooLongError(TextError):
    """A text has more tokens than the model takes.

    Attributes:
        tokens: number of tokens of the text, special tokens included.
        limit: number of tokens the model takes, special tokens included.
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
    """A target is not one of the model's labels."""


class SettingsError(GafError):
    """A setting has a value that means nothing: a variant, a layer range, a head."""


class MissingPackageError(GafError):
    """What was asked for needs a package that is not installed.

    Attributes:
        package: its name.
        extra: the extra of this package that brings it.
    """

    def __init__(self, what: str, package: str, extra: str):
        self.package, self.extra = package, extra
        super().__init__(
            f"{what} needs the package {package}, which is not installed. Install it with "
            f"`pip install {package}`, or this package with its extra [{extra}]."
        )


class CapacityError(GafError):
    """Capacities that are not the capacities of a flow network."""
