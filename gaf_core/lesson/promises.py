"""What the scores promise, each checked on a toy with its numbers.

A reader may move a score by hand, to see which promise breaks. A check allows for what the
certificate leaves open: no edge of a flow of value F is further from the optimum than
c / (1 - c) F, with c its centrality (`gaf_core.flow.certificate`).

Two games are played with sets of tokens. In the one of the paper a set is worth what flows out at
its tokens in this one flow; that is a sum over tokens, so each token's Shapley value (Shapley 1953)
is its own outflow. In the other a set is worth the largest flow that its tokens alone could take
if the other words were closed, and its Shapley values are other numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from math import comb

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import max_flow, solve
from gaf_core.lesson.solved import Solved, solve_toy
from gaf_core.lesson.toy import Toy
from gaf_core.network import FlowNetwork

_ROUNDING = 1e-9  # of the flow: ten times what the certificate leaves a node out of balance


@dataclass(frozen=True)
class Promise:
    """One promise and how it fares.

    Attributes:
        name: of the promise.
        meaning: what it says, in a sentence.
        holds: whether it does; None where this toy gives no occasion.
        said: the numbers, in a sentence.
    """

    name: str
    meaning: str
    holds: bool | None
    said: str


def promises(
    solved: Solved, scores: NDArray[np.float64] | None = None, pair: tuple[int, int] = (0, 1)
) -> list[Promise]:
    """Every promise, checked.

    Args:
        solved: a toy and its flow.
        scores: `[t]` to be judged in the place of those of the flow.
        pair: two tokens for symmetry; of a toy of one token there is no pair.

    >>> from gaf_core.lesson.presets import PRESETS
    >>> [one.holds for one in promises(solve_toy(PRESETS["a symmetric pair"]()))]
    [True, None, True, True, True, True]
    """
    given = solved.solution.scores if scores is None else scores
    checks = [_efficiency(solved, given), _nullity(solved, given)]
    if solved.toy.tokens > 1:
        checks += [_symmetry(solved, given, pair), _renaming(solved, given, pair)]
    return [*checks, _scaling(solved, given), _shapley(solved, given)]


def outflow_values(solved: Solved) -> NDArray[np.float64]:
    """`[t]` Shapley values of the game in which a set is worth its outflow in this one flow."""
    scores = solved.solution.scores
    return shapley(len(scores), lambda members: float(scores[list(members)].sum()))


@lru_cache(maxsize=64)
def removal_values(toy: Toy) -> tuple[float, ...]:
    """Shapley values of the game in which the words outside a set are closed, `t` numbers.

    >>> removal_values(Toy.of(["a", "b"], [[[3, 3], [0, 0]], [[4, 0], [0, 0]]]))
    (2.0, 2.0)
    """

    def worth(members: tuple[int, ...]) -> float:
        tensor = toy.tensor
        tensor[0][:, [token for token in range(toy.tokens) if token not in members]] = 0.0
        return max_flow(FlowNetwork.from_information(tensor)).value

    return tuple(shapley(toy.tokens, worth).tolist())


def shapley(players: int, worth: Callable[[tuple[int, ...]], float]) -> NDArray[np.float64]:
    """`[players]` the mean gain of each player over all orders of joining, from all sets.

    >>> shapley(2, lambda members: float(len(members) == 2)).tolist()
    [0.5, 0.5]
    """
    values = np.zeros(players)
    for player in range(players):
        others = [one for one in range(players) if one != player]
        for size in range(players):
            weight = 1.0 / (players * comb(players - 1, size))
            for members in combinations(others, size):
                joined = tuple(sorted((*members, player)))
                values[player] += weight * (worth(joined) - worth(members))
    return values


def _allowed(*solved: Solved) -> float:
    """How far two flows may be apart and both be right."""
    apart = sum(_distance(one.solution.centrality) for one in solved)
    return max(one.value for one in solved) * (apart + _ROUNDING)


def _distance(centrality: float) -> float:
    return centrality / (1.0 - centrality) if centrality < 1 else 1.0


def _small(number: float) -> str:
    return f"{number:.1e}" if number else "0"


def _efficiency(solved: Solved, scores: NDArray[np.float64]) -> Promise:
    total, sent = float(scores.sum()), float(solved.solution.source_flow.sum())
    apart = abs(total - sent)
    return Promise(
        "Efficiency",
        "The scores add up to the flow that leaves the prediction.",
        apart <= _allowed(solved),
        f"They add up to {total:.6g}; {sent:.6g} leave the prediction. Apart: {_small(apart)}.",
    )


def _nullity(solved: Solved, scores: NDArray[np.float64]) -> Promise:
    meaning = "A token that no way from the prediction reaches gets 0."
    closed = np.flatnonzero(~solved.network.live[0])
    if not closed.size:
        said = "A way leads to every token of this toy. Close all pipes of one to try."
        return Promise("Nullity", meaning, None, said)
    names = ", ".join(f"‘{solved.toy.names[token]}’" for token in closed)
    worst = float(np.abs(scores[closed]).max())
    said = (
        f"No way leads to {names}: {'its score is' if len(closed) == 1 else 'at most'} {worst:.6g}."
    )
    return Promise("Nullity", meaning, worst == 0, said)


def _symmetry(solved: Solved, scores: NDArray[np.float64], pair: tuple[int, int]) -> Promise:
    one, other = pair
    names = f"‘{solved.toy.names[one]}’ and ‘{solved.toy.names[other]}’"
    meaning = "Two tokens whose pipes are alike get the same."
    differing = int(np.count_nonzero(solved.toy.tensor != solved.toy.swapped(*pair).tensor))
    if differing:
        said = f"The pipes of {names} are not alike: {differing} change if the two are exchanged."
        return Promise("Symmetry", meaning, None, said)
    apart = abs(float(scores[one] - scores[other]))
    said = f"The pipes of {names} are alike; they get {scores[one]:.6g} and {scores[other]:.6g}."
    return Promise("Symmetry", meaning, apart <= _allowed(solved), said)


def _renaming(solved: Solved, scores: NDArray[np.float64], pair: tuple[int, int]) -> Promise:
    one, other = pair
    after = solve_toy(solved.toy.swapped(*pair))
    expected = after.solution.scores.copy()
    expected[[one, other]] = expected[[other, one]]
    apart = float(np.abs(expected - scores).max())
    names = " and ".join(f"‘{solved.toy.names[token]}’" for token in pair)
    return Promise(
        "Names do not count",
        "Two tokens that exchange all of their pipes exchange their scores.",
        apart <= _allowed(solved, after),
        f"{names} exchanged and solved again: the scores are exchanged, apart by {_small(apart)}.",
    )


def _scaling(solved: Solved, scores: NDArray[np.float64]) -> Promise:
    doubled = solve(FlowNetwork.from_information(2.0 * solved.toy.tensor))
    apart = float(np.abs(doubled.scores - 2.0 * scores).max())
    allowed = 2 * _allowed(solved) + doubled.value * _distance(doubled.centrality)
    return Promise(
        "Scaling",
        "All capacities twice as large, all scores twice as large.",
        apart <= allowed,
        f"Doubled and solved again: the scores are the double, apart by {_small(apart)}.",
    )


def _shapley(solved: Solved, scores: NDArray[np.float64]) -> Promise:
    values = outflow_values(solved)
    apart = float(np.abs(values - scores).max())
    listed = ", ".join(f"{value:.3g}" for value in values)
    return Promise(
        "Shapley values of this flow",
        "If a set of tokens is worth what flows out at them in this one flow, each token's Shapley "
        "value is its score.",
        apart <= _allowed(solved),
        f"Computed from all {2**solved.toy.tokens} sets: {listed}. Apart: {_small(apart)}.",
    )
