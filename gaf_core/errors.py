"""The one family of exceptions. Every message says what was wrong and what to do about it."""


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
        extra: the extra of this package that brings it; None for one that is always required.
    """

    def __init__(self, what: str, package: str, extra: str | None = None):
        self.package, self.extra = package, extra
        other = "" if extra is None else f", or this package with its extra [{extra}]"
        super().__init__(
            f"{what} needs the package {package}, which is not installed. Install it with "
            f"`pip install {package}`{other}."
        )


class CapacityError(GafError):
    """Capacities that are not the capacities of a flow network."""
