"""Does the model agree? Words removed by two explanations, and only the widest ways kept.

Published is the paper's flow through all layers; faithful is this project's extension (`FAITHFUL`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from gaf_core.composer import explain_trace
from gaf_core.evaluation import Evaluation, Perturbation, evaluate_all
from gaf_core.explanation import Explanation
from gaf_core.flow import widest_paths
from gaf_core.methods.faithful import second_trace
from gaf_core.models.model import Model
from gaf_core.reading.agreement import Trial, edges_of, trial
from gaf_core.reading.focus import Paths
from gaf_core.settings import FAITHFUL, Settings

PUBLISHED_NAME, FAITHFUL_NAME = "published, all layers", "faithful"
WAYS = 20  # widest paths that are kept
_DRAWS = 5  # orders by chance


@dataclass(frozen=True, eq=False)
class Test:
    """What the model says when words go, and when only the widest ways stay.

    Attributes:
        published, faithful: the explanations whose words are removed.
        measured: by name, the evaluation of each.
        chance: evaluations of orders by chance.
        tops: by name, the position of the token that goes first.
        alone: by name, what is watched with that token alone removed.
        whole: what is watched on the whole text.
        ways: the widest ways kept and all other edges of the layers cut; None where nothing flows.
        carried: share of the flow on these ways.
    """

    __test__ = False  # no test of pytest

    published: Explanation
    faithful: Explanation
    measured: dict[str, Evaluation]
    chance: list[Evaluation]
    tops: dict[str, int]
    alone: dict[str, float]
    whole: float
    ways: Trial | None
    carried: float


def test_of(model: Model, explanation: Explanation) -> Test:
    """Ask the model; some dozens of passes over the text.

    Args:
        model: that was traced.
        explanation: of a trace of it with exact gradients, whose ways are kept.

    Raises:
        GafError: a text of which nothing can be removed, or attention that cannot be cut.
    """
    trace = explanation.trace
    frozen, _ = second_trace(model, trace, frozen=True)
    published = explain_trace(trace, Settings())
    faithful = explain_trace(frozen, FAITHFUL)
    rankings = {PUBLISHED_NAME: published.scores, FAITHFUL_NAME: faithful.scores}
    for seed in range(_DRAWS):
        rankings[f"chance {seed}"] = np.random.default_rng(seed).random(len(trace.tokens))
    ordinary = np.flatnonzero(trace.removable)
    one = (1.0 / len(ordinary),) if len(ordinary) else ()
    fractions = sorted({*one, *Perturbation().fractions})
    found = evaluate_all(
        model, trace, rankings, Perturbation(fractions=tuple(fractions), target="explained"),
        insertion_curve=False,
    )  # fmt: skip
    names = (PUBLISHED_NAME, FAITHFUL_NAME)
    first = {name: _first(rankings[name], ordinary) for name in names}
    ways, carried = _ways(model, explanation)
    deletion = {name: found[name].curves.deletion for name in names}
    at = int(np.searchsorted(found[PUBLISHED_NAME].curves.fractions, fractions[0]))
    return Test(
        published=published,
        faithful=faithful,
        measured={name: found[name] for name in names},
        chance=[found[f"chance {seed}"] for seed in range(_DRAWS)],
        tops=first,
        alone={name: float(curve[at]) for name, curve in deletion.items()},
        whole=float(deletion[FAITHFUL_NAME][0]),
        ways=ways,
        carried=carried,
    )


def _first(scores: NDArray[np.float64], ordinary: NDArray[np.int64]) -> int:
    """The token that is removed first: the highest score, ties by position."""
    return int(ordinary[np.argsort(-scores[ordinary], kind="stable")[0]])


def _ways(model: Model, explanation: Explanation) -> tuple[Trial | None, float]:
    if explanation.solution.value <= 0:
        return None, 0.0
    paths = widest_paths(explanation.solution.edge_flow, WAYS)
    kept = Paths(tuple(range(1, len(paths) + 1)))
    edges = edges_of(explanation, kept, paths)
    name = f"the {len(paths)} widest ways"
    carried = sum(path.flow for path in paths) / explanation.solution.value
    return trial(model, explanation, name, edges, cut=False), carried
