"""How tokens are removed from a text, and whose probability is watched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from numbers import Integral
from typing import Literal, get_args

from gaf_core.errors import SettingsError, check_kind
from gaf_core.evaluation.perturbed import DELETE, Operator
from gaf_core.models.model import Model
from gaf_core.tracing.removal import removal_token
from gaf_core.tracing.target import resolve_target
from gaf_core.tracing.trace import Trace

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OPERATORS: tuple[Operator, ...] = get_args(Operator)
_LABEL = 'Name "predicted", "explained", or the label whose probability is watched, or its index.'


@dataclass(frozen=True)
class Perturbation:
    """How tokens are removed and what is watched; stored with every figure.

    Attributes:
        operator: a removed token is replaced by the "mask", the "pad" or the "unknown" token, or
            the text is shortened ("delete"); None for the first of these four that the vocabulary
            allows, so for "delete" in a language model that has none of the three tokens.
        fractions: of the ordinary tokens that are removed, each in (0, 1].
        target: whose probability is watched, or whose value where the outputs are values:
            "predicted", "explained" (what the trace explains), or a label or its index, the true
            one.
        absolute: AOPC takes `|p_0 - p_k|`, as AttCAT's code does.

    Raises:
        SettingsError: a value that is none of these.

    >>> import gaf_core as gaf
    >>> how = gaf.Perturbation("delete", fractions=(0.1, 0.5), target="explained")
    >>> how.operator, how.fractions
    ('delete', (0.1, 0.5))
    """

    operator: Operator | None = None
    fractions: tuple[float, ...] = FRACTIONS
    target: Literal["predicted", "explained"] | str | int = "predicted"
    absolute: bool = False

    def __post_init__(self) -> None:
        if self.operator is not None and self.operator not in OPERATORS:
            names = ", ".join(OPERATORS)
            raise SettingsError(f"'{self.operator}' is not a way to remove a token. Use {names}.")
        object.__setattr__(self, "fractions", _check_fractions(self.fractions))
        check_kind(self.target, (str, Integral), _LABEL)
        check_kind(self.absolute, bool, "The drops of AOPC are absolute, or they are not.")


def resolve_perturbation(model: Model, perturbation: Perturbation) -> Perturbation:
    """The perturbation with the operator that this model allows, checked.

    Raises:
        SettingsError: an operator that the vocabulary does not allow.
    """
    check_kind(perturbation, Perturbation, 'Write gaf_core.Perturbation("mask") or the like.')
    operator = perturbation.operator
    if operator is None:
        return replace(perturbation, operator=_usual_operator(model))
    if operator != DELETE:
        removal_token(model, operator)
    return perturbation


def watched_label(model: Model, traced: Trace, perturbation: Perturbation) -> int:
    """Index of the class, vocabulary entry or token of an answer that is watched.

    Raises:
        TargetError: it is not one of the model's labels.
    """
    if perturbation.target == "predicted":
        return traced.predicted
    if perturbation.target == "explained":
        return traced.target.index
    asked = perturbation.target
    return resolve_target(model, asked, traced.predicted, traced.encoding).index


def _usual_operator(model: Model) -> Operator:
    try:
        return removal_token(model)[0]
    except SettingsError:
        return DELETE


def _check_fractions(fractions: Iterable[float]) -> tuple[float, ...]:
    try:
        checked = tuple(float(fraction) for fraction in fractions)
    except (TypeError, ValueError):
        checked = ()
    if not checked or not all(0 < fraction <= 1 for fraction in checked):
        raise SettingsError(
            f"Fractions of removed tokens are numbers above 0 and up to 1, such as (0.1, 0.5), and "
            f"at least one. {fractions!r} is not."
        )
    return checked
