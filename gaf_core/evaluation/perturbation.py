"""How tokens are removed from a text, and whose probability is watched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from gaf_core.errors import SettingsError
from gaf_core.evaluation.perturbed import DELETE
from gaf_core.models.model import Model
from gaf_core.tracing.removal import removal_token
from gaf_core.tracing.target import resolve_target
from gaf_core.tracing.trace import Trace

FRACTIONS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
OPERATORS = ("mask", "pad", "unknown", DELETE)


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

    >>> import gaf_core as gaf
    >>> how = gaf.Perturbation("delete", fractions=(0.1, 0.5), target="explained")
    >>> how.operator, how.fractions
    ('delete', (0.1, 0.5))
    """

    operator: str | None = None
    fractions: tuple[float, ...] = FRACTIONS
    target: str | int = "predicted"
    absolute: bool = False


def resolve_perturbation(model: Model, perturbation: Perturbation) -> Perturbation:
    """The perturbation with the operator that this model allows, checked.

    Raises:
        SettingsError: fractions outside (0, 1] or none, an operator that is unknown or that the
            vocabulary does not allow.
    """
    fractions = _check_fractions(perturbation.fractions)
    operator = perturbation.operator
    if operator is not None and operator not in OPERATORS:
        names = ", ".join(OPERATORS)
        raise SettingsError(f"'{operator}' is not a way to remove a token. Use {names}.")
    if operator is None:
        operator = _usual_operator(model)
    elif operator != DELETE:
        operator, _ = removal_token(model, operator)
    return replace(perturbation, operator=operator, fractions=fractions)


def watched_label(model: Model, traced: Trace, perturbation: Perturbation) -> int:
    """Index of the class, vocabulary entry or token of an answer that is watched.

    Raises:
        TargetError: it is not one of the model's labels.
    """
    if traced.continuation is not None:  # it is the answer that is watched, whatever else is said
        return traced.target.index
    if perturbation.target == "predicted":
        return traced.predicted
    if perturbation.target == "explained":
        return traced.target.index
    asked = perturbation.target
    return resolve_target(model, asked, traced.predicted, traced.encoding).index


def _usual_operator(model: Model) -> str:
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
