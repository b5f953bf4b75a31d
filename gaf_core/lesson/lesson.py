"""A lesson: the reader's explanation and toy, and everything that the stops need of them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from gaf_core.explanation import Explanation
from gaf_core.lesson.agreeing import Test
from gaf_core.lesson.answers import Between, Path, between, path_of
from gaf_core.lesson.cells import Cell, cell_of
from gaf_core.lesson.promises import Promise, promises
from gaf_core.lesson.puzzle import hardest
from gaf_core.lesson.solved import Solved, solve_toy
from gaf_core.lesson.toy import Toy
from gaf_core.settings import Settings, TargetLike


def lesson_settings(layers: int, target: TargetLike = None, *, truncate: bool = False) -> Settings:
    """What the lesson explains: attention times gradient over the upper half of the layers.

    >>> lesson_settings(6).layers
    (3, 6)
    """
    return Settings(layers=(layers // 2, layers), target=target, truncate=truncate)


@dataclass(frozen=True, eq=False)
class Lesson:
    """What the stops draw and ask about.

    Attributes:
        explanation: of the reader's text, with the settings of the lesson.
        toy: the reader's toy.
        test: what the model says, where it was asked.
    """

    explanation: Explanation
    toy: Toy
    test: Test | None = None

    @cached_property
    def cell(self) -> Cell:
        """The edge of the first two stops."""
        return cell_of(self.explanation)

    @cached_property
    def solved(self) -> Solved:
        """The toy with its flows."""
        return solve_toy(self.toy)

    @cached_property
    def token(self) -> int:
        """The token of the toy that is spoken of: the one whose part is least certain."""
        return next(iter(self.solved.ambiguous), 0)

    @cached_property
    def asked(self) -> int:
        """The token that is to get more in the puzzle."""
        return hardest(self.solved)

    @cached_property
    def between(self) -> Between | None:
        """Two largest flows of the toy; None where nothing flows to the token."""
        if not self.solved.network.live[0, self.token]:
            return None
        return between(self.solved.network, self.token)

    @cached_property
    def path(self) -> Path:
        """The central path of the toy."""
        return path_of(self.solved.network)

    @cached_property
    def text_path(self) -> Path:
        """The central path of the reader's text, without its flows."""
        return path_of(self.explanation.network, flows=False)

    @cached_property
    def promises(self) -> list[Promise]:
        """The promises of the toy's scores, checked."""
        return promises(self.solved)

    def name(self, token: int) -> str:
        """A token of the toy in quotes."""
        return f"‘{self.toy.names[token]}’"
