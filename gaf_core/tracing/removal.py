"""What stands where a token was: the token of the vocabulary that means "nothing is known here".

Attributions compare a text with the text without its tokens, and so does the measure of their
faithfulness; a method that leaves another hole than the measure is measured unfairly, so both ask
here.
"""

from __future__ import annotations

from typing import Literal, get_args

from gaf_core.errors import SettingsError
from gaf_core.models.model import Model

Replacement = Literal["mask", "pad", "unknown"]  # in the order of preference
REMOVAL_TOKENS: tuple[Replacement, ...] = get_args(Replacement)
_ATTRIBUTES: dict[Replacement, str] = {
    "mask": "mask_token_id",
    "pad": "pad_token_id",
    "unknown": "unk_token_id",
}


def removal_token(model: Model, operator: Replacement | None = None) -> tuple[Replacement, int]:
    """The token that replaces a removed one.

    Args:
        model: whose vocabulary is meant.
        operator: "mask", "pad" or "unknown"; None for the first of them that the vocabulary has.

    Returns:
        The operator that was used, and the id of its token.

    Raises:
        SettingsError: the vocabulary has no such token, or the operator is no token.
    """
    found: dict[Replacement, int] = {
        name: token
        for name, attribute in _ATTRIBUTES.items()
        if (token := getattr(model.tokenizer, attribute)) is not None
    }
    if operator is None and found:
        return next(iter(found.items()))
    if operator in found:
        return operator, found[operator]
    if operator is not None and operator not in _ATTRIBUTES:
        raise SettingsError(
            f"'{operator}' is no token that can replace another. Use {', '.join(REMOVAL_TOKENS)}."
        )
    missing = operator or "mask, padding or unknown"
    has = f"It has {', '.join(found)}." if found else "Remove tokens in a way that needs none."
    raise SettingsError(f"The vocabulary of '{model.name}' has no {missing} token. {has}")
