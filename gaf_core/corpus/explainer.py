"""A callable that explains batches of texts: columns in, columns out, one row a text and method.

It can be pickled, so it runs unchanged in a loop, in `datasets.Dataset.map(batched=True)`, in Ray
Data's `map_batches`, in Dask's `map_partitions` and, as `over`, in Spark's `mapInPandas`. A model
is never pickled: it is loaded when the first batch comes, once a process.
"""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import asdict
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar, get_args

import numpy as np

from gaf_core.cores import at_most
from gaf_core.corpus.columns import ADDED, Columns, as_columns, column, repeated
from gaf_core.corpus.explaining import Asked, Long, Row, explain_texts, filled
from gaf_core.corpus.keys import fingerprint, question_key, row_key
from gaf_core.corpus.loading import Loading
from gaf_core.corpus.settled import Explained, as_method
from gaf_core.errors import SettingsError
from gaf_core.evaluation.entries import Entry, chosen_entries
from gaf_core.evaluation.perturbation import Perturbation, resolve_perturbation
from gaf_core.models.model import Model, Task
from gaf_core.settings import TargetLike, TextLike
from gaf_core.tracing.places import split_target
from gaf_core.tracing.target import resolve_target

Batch = TypeVar("Batch")


class BatchExplainer:
    """Explains batches of texts by some methods; texts of one length share their passes.

    Attributes:
        entries: the methods with all their settings.
        long: what becomes of a text that is longer than the model takes.
        target: what is explained of every text; None for what is predicted.
        threads: that may compute at once in this process; None for all it may use.

    >>> import gaf_core as gaf
    >>> explainer = gaf.BatchExplainer("minilm-reviews", ["faithful", "relevance"])
    >>> found = explainer({"text": ["A lovely film.", "The plot was dull."]})
    >>> list(zip(found["text"], found["method"], found["predicted"]))[1:3]
    [('A lovely film.', 'relevance', 'positive'), ('The plot was dull.', 'faithful', 'negative')]
    """

    def __init__(
        self,
        model: str | Path | Model = "minilm-reviews",
        methods: Sequence[Explained] = ("faithful",),
        *,
        text: str = "text",
        second: str | None = None,
        target: TargetLike = None,
        perturbation: Perturbation | None = Perturbation(),
        long: Long = "cut",
        threads: int | None = None,
        revision: str | None = None,
        device: str = "auto",
        task: Task | str | None = None,
        prefix: str = "",
    ):
        """Say what is to be computed; nothing is loaded yet.

        Args:
            model: as of `load_model`; a `Model` that is loaded serves this process, and a copy in
                another one loads it by its name.
            methods: names in `METHODS`, methods, `(label, name or method, options)`, `Settings` of
                a flow, or `(label, Settings)`.
            text: the column of the texts.
            second: the column of the second texts, for a model that takes pairs.
            target: what to explain of every text; None for what is predicted.
            perturbation: how faithfulness is measured; None to leave the measures out.
            long: "cut" a text that is too long to the tokens that fit, "skip" it, with the reason
                in its row, or "refuse" to go on.
            threads: share of the cores that this process may use, for a worker beside others.
            revision, device, task: as of `load_model`.
            prefix: put in front of the names of the columns that are added.

        Raises:
            SettingsError: a method, option or choice that means nothing.
        """
        if long not in get_args(Long):
            raise SettingsError(
                f"'{long}' is no way to treat texts that are too long. Use cut, skip or refuse."
            )
        if threads is not None and threads < 1:
            raise SettingsError(f"A worker cannot compute with {threads} threads. Give 1 or more.")
        methods = methods if isinstance(methods, str) else [as_method(one) for one in methods]
        self.entries: list[Entry] = chosen_entries(methods)
        self.long: Long = long
        self.threads, self.prefix = threads, prefix
        self._columns = text, second
        self.target: TargetLike = target
        self._perturbation = perturbation
        self._loading = Loading.of(model, revision, device, task)

    @property
    def model(self) -> Model:
        """The model, loaded at the first use of this process."""
        return self._loading.model

    @cached_property
    def perturbation(self) -> Perturbation | None:
        """How faithfulness is measured, with the operator that the model allows."""
        given = self._perturbation
        return None if given is None else resolve_perturbation(self.model, given)

    def __getstate__(self) -> dict[str, Any]:
        found = ("perturbation", "questions")  # with the model that this process has
        return {name: value for name, value in vars(self).items() if name not in found}

    def __call__(self, batch: Batch) -> Batch:
        """Explain a batch: each of its rows once for every method, with the columns of `ADDED`.

        Args:
            batch: a dictionary of columns, a pandas DataFrame, or a pyarrow Table or RecordBatch.

        Returns:
            A batch of the same kind: the columns that it had, and `method`, `key`, `predicted`,
            `probability`, `logit`, `target`, `cut` (tokens that were cut off), `tokens`, `scores`,
            `special`, `words`, `word_of`, the measures, `seconds`, `trace_seconds` and `failure`:
            the sentence that says why there are no scores, or "".

        Raises:
            SettingsError: no such column, or one that is called like one of those added.
            TextTooLongError: a text is too long, and such are refused.
            TargetError: what is to be explained, or watched, is none of the model's labels.
            ModelError: the model cannot be loaded.

        >>> import gaf_core as gaf
        >>> explainer = gaf.BatchExplainer("minilm-reviews", ["AGF"], text="body")
        >>> found = explainer({"id": [7, 8], "body": ["A lovely film.", " "]})
        >>> found["id"], found["failure"]
        ([7, 8], ['', 'The text is empty. Write at least one word.'])
        """
        columns, of_its_kind = as_columns(batch)
        taken = sorted(columns.keys() & {self.prefix + name for name in ADDED})
        if taken:
            raise SettingsError(
                f"The column '{taken[0]}' of the texts is called like one that is added. Rename "
                "it, or give a prefix for what is added."
            )
        rows = self.rows(self._texts(columns))
        found = {name: repeated(values, len(self.entries)) for name, values in columns.items()}
        added = {self.prefix + name: [row[name] for row in rows] for name in ADDED}
        return of_its_kind(found | added)

    def over(self, batches: Iterable[Batch]) -> Iterator[Batch]:
        """Explain batches one after the other, as Spark's `mapInPandas` asks for it.

        >>> import gaf_core as gaf
        >>> import pandas as pd
        >>> explainer = gaf.BatchExplainer("minilm-reviews", ["AGF"])
        >>> frames = [pd.DataFrame({"text": ["A lovely film."]}), pd.DataFrame({"text": ["Dull."]})]
        >>> [frame["predicted"].tolist() for frame in explainer.over(frames)]
        [['positive'], ['negative']]
        """
        return map(self, batches)

    def rows(
        self, texts: Sequence[TextLike | None], step: Callable[[], None] = lambda: None
    ) -> list[Row]:
        """The rows of some texts, by text and then by method, each with the columns of `ADDED`.

        Args:
            texts: texts or pairs; what is none has a row that says so.
            step: called after each method of each text; what it raises ends the work.

        Raises:
            TextTooLongError, ModelError: as a call does.

        >>> import gaf_core as gaf
        >>> explainer = gaf.BatchExplainer("minilm-reviews", ["AGF"], perturbation=None)
        >>> (row,) = explainer.rows(["A lovely film."])
        >>> row["words"]
        ['[CLS]', 'A', 'lovely', 'film', '.', '[SEP]']
        """
        if not texts:
            return []
        questions = self.questions
        with at_most(self.threads):
            asked = Asked(self.entries, self.target, self.perturbation, self.long)
            found = explain_texts(self.model, texts, asked, step)
        return [
            filled(row | {"method": entry.label, "key": row_key(question, text)})
            for text, by_entry in zip(texts, found, strict=True)
            for entry, question, row in zip(self.entries, questions, by_entry, strict=True)
        ]

    @cached_property
    def questions(self) -> list[str]:
        """What each method is asked of every text, as the part of a key that is not the text.

        Raises:
            TargetError: what is to be explained, or watched, is none of the labels.
        """
        label, _ = split_target(self.target)
        watched = "predicted" if self.perturbation is None else self.perturbation.target
        for named in (label, None if watched in ("predicted", "explained") else watched):
            if self.model.labels:  # those of an answer are the tokens of each text
                resolve_target(self.model, named, predicted=0)
        asked = self.target, self.perturbation
        return [question_key(self.model, one, *asked) for one in self.entries]

    def _texts(self, columns: Columns) -> list[TextLike | None]:
        first, second = self._columns
        texts = [_text(value) for value in column(columns, first)]
        if second is None:
            return texts  # pyright: ignore[reportReturnType]
        others = [_text(value) for value in column(columns, second)]
        return [
            None if one is None or other is None else (one, other)
            for one, other in zip(texts, others, strict=True)
        ]


def only(explainer: BatchExplainer, labels: Sequence[str]) -> BatchExplainer:
    """A copy with some of its methods, in the order of the labels."""
    entries = {one.label: one for one in explainer.entries}
    found = copy.copy(explainer)
    found.entries = [entries[label] for label in labels]
    return found


def with_threads(explainer: BatchExplainer, threads: int | None) -> BatchExplainer:
    """A copy for a worker that has a share of the cores."""
    found = copy.copy(explainer)
    found.threads = threads
    return found


def cutting(explainer: BatchExplainer) -> BatchExplainer:
    """A copy that cuts texts which are too long."""
    found = copy.copy(explainer)
    found.long = "cut"
    return found


def described(explainer: BatchExplainer) -> dict[str, Any]:
    """What is asked of every text, as plain data: equal for two explainers that ask the same."""
    measure = explainer.perturbation
    content = {
        "model": explainer.model.name,
        "weights": fingerprint(explainer.model),
        "max_tokens": explainer.model.max_tokens,
        "methods": {one.label: [one.method.name, one.settings] for one in explainer.entries},
        "target": explainer.target,
        "perturbation": None if measure is None else asdict(measure),
        "long": explainer.long,
    }
    return json.loads(json.dumps(content, default=str))


def _text(value: Any) -> str | None:
    return str(value) if isinstance(value, str | np.str_) else None
