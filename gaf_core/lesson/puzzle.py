"""The closing puzzle: raise one pipe so that a token gets more. The solver judges, and says why."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from gaf_core.errors import CapacityError, SettingsError
from gaf_core.lesson.solved import Solved, solve_toy
from gaf_core.lesson.toy import MOST_CAPACITY
from gaf_core.reading.focus import Edge

NOTICED = 1e-3  # of the flow: less more is not called more


@dataclass(frozen=True, eq=False)
class Attempt:
    """One pipe raised, and what came of it.

    Attributes:
        before, after: the toy without and with the change.
        edge: the pipe.
        token: who was to get more.
        right: whether it does, by at least `NOTICED` of the flow.
        why: the reason in one to three sentences, with the numbers.
    """

    before: Solved
    after: Solved
    edge: Edge
    token: int
    right: bool
    why: str

    @property
    def gain(self) -> float:
        """What the token gets more."""
        return float(
            self.after.solution.scores[self.token] - self.before.solution.scores[self.token]
        )


def raise_pipe(solved: Solved, edge: Edge, by: float, token: int) -> Attempt:
    """Make one pipe wider, solve again, and compare what a token gets.

    Raises:
        CapacityError: no more capacity, or more than a toy can have.
        SettingsError: no such token.

    >>> from gaf_core.lesson.presets import PRESETS
    >>> attempt = raise_pipe(solve_toy(PRESETS["a bottleneck"]()), Edge(1, 0, 0), 1.0, token=0)
    >>> attempt.right, round(attempt.gain, 2)
    (True, 0.38)
    """
    if not 0 <= token < solved.toy.tokens:
        raise SettingsError(f"There is no token {token} in this toy. Choose another.")
    before = solved.toy.capacity(edge)
    if not 0 < by <= MOST_CAPACITY - before:
        raise CapacityError(
            f"This pipe holds {before:g} and can be raised by more than 0 and by "
            f"{MOST_CAPACITY - before:g} at most."
        )
    after = solve_toy(solved.toy.with_capacity(edge, before + by))
    gain = float(after.solution.scores[token] - solved.solution.scores[token])
    right = gain >= NOTICED * max(after.value, solved.value) > 0
    return Attempt(solved, after, edge, token, right, _why(solved, after, edge, token))


def solutions(solved: Solved, token: int, by: float = 1.0) -> list[Edge]:
    """The existing pipes that are right answers, the best first; empty where there is none.

    >>> from gaf_core.lesson.presets import PRESETS
    >>> solutions(solve_toy(PRESETS["a bottleneck"]()), token=1)[0]
    Edge(layer=1, query=0, key=0)
    """
    tried = [
        raise_pipe(solved, edge, by, token)
        for edge in solved.toy.edges
        if solved.toy.capacity(edge) + by <= MOST_CAPACITY
    ]
    tried.sort(key=lambda one: -one.gain)
    return [one.edge for one in tried if one.right]


def hardest(solved: Solved) -> int:
    """The token to ask for: of those that flow reaches, the one that gets least."""
    scores = np.where(solved.network.live[0], solved.solution.scores, np.inf)
    return int(scores.argmin())


def _why(before: Solved, after: Solved, edge: Edge, token: int) -> str:
    name = f"‘{before.toy.names[token]}’"
    had, has = (float(one.solution.scores[token]) for one in (before, after))
    told = f"{name} got {had:.3g} and gets {has:.3g} now."
    if after.network.capacity[edge] == 0:
        return f"{told} The pipe is a dead end: no way from the prediction to a word uses it."
    grown = after.value - before.value
    if grown > NOTICED * max(after.value, before.value):
        cause = (
            f"The pipe was on every smallest cut, so the whole flow grows, from {before.value:.3g} "
            f"to {after.value:.3g}."
        )
    else:
        cause = (
            f"The whole flow stays {before.value:.3g}: a smallest cut without this pipe is full "
            "already."
        )
    return f"{told} {cause} {_share(before, after, edge, token, name)}"


def _share(before: Solved, after: Solved, edge: Edge, token: int, name: str) -> str:
    """Why the part of one token moves as it does."""
    if not _leads_to(after, edge, token):
        return f"But no way leads through this pipe to {name}."
    gain = float(after.solution.scores[token] - before.solution.scores[token])
    least, most = after.bounds[token]
    interval = f"it may get {least:.3g} to {most:.3g} in a largest flow now"
    if abs(gain) < NOTICED * after.value:
        return f"A way leads through it to {name}, but {interval}, and the middle hardly moves."
    if gain < 0:
        return f"The wider pipe draws flow away from {name}: {interval}."
    return f"A way leads through it to {name}: {interval}."


def _leads_to(solved: Solved, edge: Edge, token: int) -> bool:
    """Whether a way leads on from the lower end of a pipe to a word."""
    reached = np.zeros(solved.toy.tokens, dtype=bool)
    reached[edge.key] = True
    for k in reversed(range(edge.layer)):
        reached = (solved.network.capacity[k] > 0)[reached].any(axis=0)
    return bool(reached[token])
