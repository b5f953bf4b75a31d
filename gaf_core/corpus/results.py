"""A folder of rows -> what its tables are made of, read part by part.

What is held of a text are a few numbers a method; scores and words go by, and of texts those that a
table shows are read again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.corpus.parts import Folder, TornPartError
from gaf_core.errors import SettingsError
from gaf_core.evaluation.entries import MEASURED
from gaf_core.tables import table

if TYPE_CHECKING:
    import pandas as pd

_PLAIN = (
    "position", "line", "id", "label", "method", "predicted", "probability", "target", "cut",
    *MEASURED, "seconds", "trace_seconds", "failure",
)  # fmt: skip


class Scored(NamedTuple):
    """The scores that one method gave one text.

    Attributes:
        position: of the text.
        group: what it is counted with, such as the class that the model predicts.
        words: of the text, in reading order.
        word_of: `[t]` the word of each token.
        special: `[t]` True for tokens that the tokenizer added.
        scores: `[t]` signed.
    """

    position: int
    group: str
    words: list[str]
    word_of: NDArray[np.int64]
    special: NDArray[np.bool_]
    scores: NDArray[np.float64]


@dataclass
class Results:
    """The rows of a run.

    Attributes:
        folder: where they are.
        torn: parts that could not be read.
    """

    folder: Folder
    torn: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, path: Path) -> Results:
        """The results in a folder.

        Raises:
            SettingsError: there is no run in it, or it has no row yet.
        """
        found = cls(Folder(path))
        if found.folder.about is None:
            raise SettingsError(
                f"There is no run of texts in '{path}'. Give the folder that a run was written to."
            )
        if found.rows.empty:
            raise SettingsError(f"The run in '{path}' has no row yet. Let it compute some texts.")
        return found

    @cached_property
    def about(self) -> dict[str, Any]:
        """What the run is; see `running.begin`."""
        return self.folder.about or {}

    @property
    def methods(self) -> list[str]:
        """Labels, in the order in which they were asked for."""
        return list(self.about["asked"]["methods"])

    @property
    def measured(self) -> bool:
        """Whether faithfulness was measured."""
        return self.about["asked"]["perturbation"] is not None

    @cached_property
    def rows(self) -> pd.DataFrame:
        """One row a text and method without texts, tokens and scores; `failure` is missing, not "".

        `text` is the position of the text, as `gaf_core.evaluation.summarise` and `paired` want it.
        """
        import pandas as pd

        parts = [part.to_pandas() for part in self._parts(_PLAIN)]
        found = pd.concat(parts, ignore_index=True) if parts else table({n: [] for n in _PLAIN})
        found["text"] = found["position"]
        return found.assign(failure=found["failure"].replace("", None))

    def texts(self, positions: Iterable[int]) -> dict[int, str | tuple[str, str]]:
        """Some texts, or pairs, by their positions."""
        wanted, found = set(positions), {}
        size = self.about["part"]
        for number in sorted({position // size for position in wanted}):
            part = self._read(number, ("position", "text", "second"))
            for row in () if part is None else part.to_pylist():
                if row["position"] in wanted:
                    pair = row["text"], row["second"]
                    found[row["position"]] = row["text"] if row["second"] is None else pair
        return found

    def scored(self, method: str | None = None, by: str = "predicted") -> Iterator[Scored]:
        """The scores of a method, or of all, text by text.

        Args:
            method: its label; None for all methods.
            by: the column that a text is counted by, "predicted", "label" or "target".

        Raises:
            SettingsError: no such method.
        """
        if method is not None and method not in self.methods:
            raise SettingsError(
                f"'{method}' is not among the methods of this run. Use {', '.join(self.methods)}."
            )
        names = ("position", "method", "failure", "words", "word_of", "special", "scores", by)
        for part in self._parts(tuple(dict.fromkeys(names))):
            for row in part.to_pylist():
                if not row["failure"] and method in (None, row["method"]):
                    yield Scored(
                        row["position"], row[by], row["words"], np.array(row["word_of"]),
                        np.array(row["special"], dtype=bool), np.array(row["scores"]),
                    )  # fmt: skip

    def _parts(self, columns: tuple[str, ...]) -> Iterator[Any]:
        """The parts as pyarrow Tables, those that can be read."""
        for number in self.folder.numbers:
            if (part := self._read(number, columns)) is not None:
                yield part

    def _read(self, number: int, columns: tuple[str, ...]) -> Any:
        try:
            return self.folder.read(number, columns)
        except TornPartError:
            if number not in self.torn:
                self.torn.append(number)
            return None
