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


class TargetError(GafError):
    """A target is not one of the model's labels."""


class SettingsError(GafError):
    """A setting has a value that means nothing: a variant, a layer range, a head."""


class CapacityError(GafError):
    """Capacities that are not the capacities of a flow network."""
