"""A file of texts -> a folder of rows. A run that ended early, whatever ended it, goes on later.

The same file, methods and settings find what is there and compute what is missing: texts that were
added to the end of the file, and methods that were not asked for before. The texts of a part are
the same ones at each run, so that a run that goes on has the rows of one that was never stopped.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cached_property
from typing import Any

from gaf_core.corpus.engines import Engine, Here
from gaf_core.corpus.explainer import BatchExplainer, described
from gaf_core.corpus.explaining import SKIPPED
from gaf_core.corpus.parts import Folder
from gaf_core.corpus.texts import Record, Source, chunks
from gaf_core.corpus.work import Part, Task, look, together
from gaf_core.errors import SettingsError
from gaf_core.models.model import Model
from gaf_core.tracing.target import label_name
from gaf_core.version import __version__

PART = 64  # texts of a part, which a kill costs at most


@dataclass(frozen=True)
class Progress:
    """How far a run is.

    Attributes:
        texts: that are done; of them `found` were done before.
        found: see `texts`.
        total: texts of the file, 0 where nobody has counted them.
        seconds: since the run began to compute.
        failures: rows without scores among those computed now.
        skipped: of these, texts that were too long and were left out.
        cut: texts that were too long and were cut.
        torn: parts that could not be read and were computed again.
    """

    texts: int = 0
    found: int = 0
    total: int = 0
    seconds: float = 0.0
    failures: int = 0
    skipped: int = 0
    cut: int = 0
    torn: int = 0

    @property
    def share(self) -> float:
        """How much is done, from 0 to 1."""
        return min(1.0, self.texts / self.total) if self.total else 0.0

    @property
    def left(self) -> float | None:
        """Seconds that the rest may take, at the pace of those computed now; None before any."""
        computed = self.texts - self.found
        if not computed or not self.total:
            return None
        return self.seconds / computed * max(0, self.total - self.texts)


Told = Callable[[Progress], None]


def run(
    source: Source,
    explainer: BatchExplainer,
    folder: Folder,
    *,
    part: int = PART,
    engine: Engine = Here(),
    total: int = 0,
    told: Told = lambda _: None,
    retry: bool = False,
) -> Progress:
    """Explain every text of a file; what the folder has of it is kept, and not computed again.

    Args:
        source: the file.
        explainer: what is asked of each text.
        folder: where rows are kept.
        part: texts of a part; a folder that has parts keeps its own number.
        engine: who computes.
        total: texts of the file, for `Progress.left`.
        told: called with the progress at the beginning and after every part. What it raises ends
            the run, and what was written is kept.
        retry: whether texts that failed before are computed again.

    Raises:
        SettingsError: the folder has another run, or cannot be written; or a text is too long, and
            such are refused.
    """
    with folder.alone():
        source.check()
        about = begin(folder, explainer, source, part)
        folder.tidy()
        at_work = _Run(folder, explainer, Progress(total=total), told, retry)
        at_work.check_length(about["part"])
        stretches = chunks(source, about["part"])
        with closing(engine(explainer, at_work.tasks(stretches))) as computed:
            for done in computed:
                at_work.keep(done.task, done.table)
        return at_work.progress


def begin(
    folder: Folder, explainer: BatchExplainer, source: Source, part: int = PART
) -> dict[str, Any]:
    """Write what a run is; or check that the folder has the same run, and add new methods to it.

    Raises:
        SettingsError: the folder has another run; the message says what differs.
    """
    asked = described(explainer)
    columns = {
        "text": source.text, "second": source.second, "label": source.label,
        "id": source.identity,
    }  # fmt: skip
    about = folder.about
    if about is None:
        if part < 1:
            raise SettingsError(f"A part cannot have {part:,} texts. Give 1 or more.")
        about = {
            "asked": asked, "labels": labels_of(explainer.model), "columns": columns,
            "file": source.called or source.path.name, "part": part,
            "began": datetime.now(UTC).isoformat(timespec="seconds"), "version": __version__,
        }  # fmt: skip
    else:
        _check_same(folder, about["asked"] | about["columns"], asked | columns)
        about["asked"]["methods"] |= asked["methods"]
    folder.begin(about)
    return about


def labels_of(model: Model) -> list[str]:
    """The labels of a model as rows name them; none where they are a vocabulary or tokens."""
    named = model.task.kind.classes == "named"
    return [label_name(model.labels, i) for i in range(len(model.labels))] if named else []


def _check_same(folder: Folder, before: dict[str, Any], now: dict[str, Any]) -> None:
    """Refuse to put rows of another question beside those that are there."""
    told = "Give another folder, or ask as before."
    for name, value in now.items():
        if name == "methods":
            for label in value.keys() & before[name].keys():
                if value[label] != before[name][label]:
                    raise SettingsError(
                        f"The run in '{folder.path}' has a method '{label}' with other settings. "
                        f"Give this one a name of its own. {told}"
                    )
        elif name == "weights":
            if before[name] != value:
                raise SettingsError(
                    f"The run in '{folder.path}' was made with other weights of the model "
                    f"'{now['model']}'. {told}"
                )
        elif name != "model" and before.get(name) != value:
            raise SettingsError(
                f"The run in '{folder.path}' has {name} {_said(before.get(name))}, and now it is "
                f"{_said(value)}. {told}"
            )


def _said(value: Any) -> str:
    return "none" if value is None else f"'{value}'"


@dataclass
class _Run:
    """A run while it runs.

    Attributes:
        before: what parts have that lack rows, until these are computed.
    """

    folder: Folder
    explainer: BatchExplainer
    progress: Progress
    told: Told
    retry: bool
    before: dict[int, Part] = field(default_factory=dict)
    began: float = 0.0

    @cached_property
    def there(self) -> set[int]:
        """The parts that there are as it begins."""
        return set(self.folder.numbers)

    @cached_property
    def questions(self) -> dict[str, str]:
        """What each method is asked, by its label."""
        labels = [one.label for one in self.explainer.entries]
        return dict(zip(labels, self.explainer.questions, strict=True))

    def check_length(self, part: int) -> None:
        """Refuse a file that has become shorter, where its length is known."""
        parts = -(-self.progress.total // part)
        if self.progress.total and max(self.there, default=-1) >= parts:
            raise SettingsError(
                f"The folder '{self.folder.path}' has rows of more texts than the file has now. "
                "Give another folder for this file."
            )

    def tasks(self, stretches: Iterator[list[Record]]) -> Iterator[Task]:
        """What is missing, part by part, as somebody asks for it."""
        self.began = time.perf_counter()
        self._tell()
        for number, records in enumerate(stretches):
            found = look(
                self.folder, number, records, self.questions,
                there=number in self.there, retry=self.retry,
            )  # fmt: skip
            if found.torn:
                self._tell(torn=1)
            if found.missing:
                self.before[number] = found
                yield Task(number, records, found.missing)
            else:
                self._tell(texts=len(records), found=len(records))

    def keep(self, task: Task, table: Any) -> None:
        """Write a part: what it had, and what was computed."""
        kept = self.before.pop(task.number).kept
        self.folder.write(task.number, together(kept, table, list(self.questions)))
        failures = [one for one in table.column("failure").to_pylist() if one]
        cut = zip(*(table.column(name).to_pylist() for name in ("position", "cut")), strict=True)
        self._tell(
            texts=len(task.records),
            failures=len(failures),
            skipped=sum(one.startswith(SKIPPED) for one in failures),
            cut=len({position for position, tokens in cut if tokens}),
        )

    def _tell(self, **more: int) -> None:
        """Add to the numbers of the progress, and say so."""
        added = {name: getattr(self.progress, name) + count for name, count in more.items()}
        passed = time.perf_counter() - self.began
        self.progress = replace(self.progress, seconds=passed, **added)
        self.told(self.progress)
