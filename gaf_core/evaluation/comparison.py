"""Several methods on one text, side by side: scores, faithfulness, agreement, as tables and JSON.

An entry is a method with its options, under the name that people read. What is compared are the
tokens or words that a reader sees; agreement and faithfulness are about the ordinary tokens.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from types import MappingProxyType
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from gaf_core.evaluation.metrics import Evaluation
from gaf_core.evaluation.naopc import AopcLimits
from gaf_core.evaluation.perturbation import Perturbation
from gaf_core.methods.method import Attribution
from gaf_core.text.words import group_words, word_scores, written
from gaf_core.tracing.trace import Trace

# column of the table -> field of an evaluation, and whether more of it is better
METRICS: Mapping[str, tuple[str, bool]] = MappingProxyType(
    {
        "AOPC": ("aopc", True),
        "LOdds": ("log_odds", False),
        "comprehensiveness": ("comprehensiveness", True),
        "sufficiency": ("sufficiency", False),
        "deletion area": ("deletion_area", False),
        "insertion area": ("insertion_area", True),
    }
)
# where the limits of AOPC were found
NORMALISED: Mapping[str, tuple[str, bool]] = MappingProxyType({"NAOPC": ("naopc", True)})
Scale = Literal["own", "common"]
SCALES: tuple[Scale, ...] = get_args(Scale)


@dataclass(frozen=True, eq=False)
class Comparison:
    """Entries on one text, in the order in which they were asked for.

    Attributes:
        trace: text, tokens and prediction.
        names: of all entries, each once.
        perturbation: how faithfulness is measured.
        attributions: of the entries that have scores.
        evaluations: of those whose faithfulness is measured.
        failures: why an entry has no scores or no measure, in a sentence.
    """

    trace: Trace
    names: tuple[str, ...]
    perturbation: Perturbation
    attributions: Mapping[str, Attribution]
    evaluations: Mapping[str, Evaluation] = field(default_factory=dict)
    failures: Mapping[str, str] = field(default_factory=dict)

    @property
    def scored(self) -> dict[str, NDArray[np.float64]]:
        """`[t]` scores of the entries that have some, in order."""
        return {
            name: self.attributions[name].scores for name in self.names if name in self.attributions
        }


@dataclass(frozen=True, eq=False)
class Units:
    """What a reader sees of a text: `u` tokens or words, and the scores of each entry for them.

    Attributes:
        texts: as written.
        special: `[u]` whether the tokenizer added it.
        scores: by name of the entry `[u]`; a word has the sum of its tokens.
    """

    texts: tuple[str, ...]
    special: NDArray[np.bool_]
    scores: dict[str, NDArray[np.float64]]

    def scaled(self, scale: Scale) -> dict[str, NDArray[np.float64]]:
        """Scores as they are coloured, in [-1, 1].

        "own": over the largest absolute score of the entry, so each entry uses all shades.
        "common": as a share of the sum of absolute scores, so entries that spread their scores are
        paler than those that set on few. An entry that is 0 everywhere stays 0.
        """
        reduce = np.max if scale == "own" else np.sum
        return {
            name: scores / (float(reduce(np.abs(scores), initial=0.0)) or 1.0)
            for name, scores in self.scores.items()
        }

    def strongest(self, count: int) -> NDArray[np.intp]:
        """Positions, ascending, of the `count` units to which some entry gives most.

        Each entry counts in its own scale, ties by position; all positions of a shorter text.
        """
        scaled = [np.abs(scores) for scores in self.scaled("own").values()]
        most = np.max(scaled, axis=0, initial=0.0) if scaled else np.zeros(len(self.texts))
        return np.sort(np.argsort(-most, kind="stable")[:count])


def units(comparison: Comparison, *, by_words: bool, special: bool) -> Units:
    """The tokens or words of a comparison in reading order, with or without special tokens."""
    trace = comparison.trace
    if by_words:
        words = group_words(trace)
        texts, marks = words.text, words.special
        scores = {name: word_scores(words, one) for name, one in comparison.scored.items()}
    else:
        texts, marks, scores = written(trace), trace.special, comparison.scored
    kept = np.flatnonzero(~marks | special)
    return Units(
        tuple(texts[index] for index in kept.tolist()),
        marks[kept],
        {name: one[kept] for name, one in scores.items()},
    )


def within(evaluation: Evaluation, limits: AopcLimits) -> Evaluation:
    """The same measures with the limits of AOPC, found later, and NAOPC.

    Args:
        evaluation: of a ranking.
        limits: of the same text and perturbation.
    """
    return replace(
        evaluation,
        aopc_lower=limits.lower,
        aopc_upper=limits.upper,
        naopc=limits.normalised(evaluation.aopc),
    )


def metrics_of(comparison: Comparison) -> dict[str, tuple[str, bool]]:
    """The columns of a comparison: those of `METRICS`, and NAOPC where its limits are known."""
    limited = any(not math.isnan(one.aopc_lower) for one in comparison.evaluations.values())
    first = {"AOPC": METRICS["AOPC"], **(NORMALISED if limited else {})}
    return {**first, **METRICS}


def faithfulness_table(comparison: Comparison) -> pd.DataFrame:
    """One row an entry: method, the columns of `metrics_of`, seconds, note; NaN is missing."""
    rows, metrics = [], metrics_of(comparison)
    for name in comparison.names:
        attribution = comparison.attributions.get(name)
        rows.append(
            {
                "method": name,
                **_metrics(comparison.evaluations.get(name), metrics),
                "seconds": attribution.seconds if attribution else math.nan,
                "note": comparison.failures.get(name, "" if attribution else "not computed"),
            }
        )
    return pd.DataFrame(rows, columns=["method", *metrics, "seconds", "note"])


def best(table: pd.DataFrame) -> dict[str, set[int]]:
    """Rows with the best value of each metric, ties included; none where fewer than two have it."""
    found = {}
    for column, (_, more) in {**METRICS, **NORMALISED}.items():
        if column not in table:
            continue
        values = table[column].dropna()
        if len(values) > 1:
            top = values.max() if more else values.min()
            found[column] = set(values.index[np.isclose(values, top, rtol=1e-9, atol=1e-12)])
    return found


def score_table(comparison: Comparison) -> pd.DataFrame:
    """One row a token: position, token, written, special, and the scores of each entry."""
    trace = comparison.trace
    columns = {
        "position": np.arange(len(trace.tokens)),
        "token": trace.tokens,
        "written": written(trace),
        "special": trace.special,
    }
    return pd.DataFrame({**columns, **{f"score: {k}": v for k, v in comparison.scored.items()}})


def to_json(comparison: Comparison, *, model: str | None = None) -> str:
    """A comparison as JSON, in full precision; what is not finite is null.

    Schema (version 1):
        format, format_version: "gaf-comparison", 1.
        text, model: what was read, by what; target as in the JSON of an explanation.
        tokens: as the tokenizer names them; special: True for those that it added.
        perturbation: as in `Perturbation`, as it was asked for.
        entries: name, method, title, reference, settings, seconds, details, scores (one a token),
            measure (null, or the fields of `Evaluation`, with the perturbation as it was carried
            out and the curves), failure (null, or a sentence).
    """
    trace = comparison.trace
    content = {
        "format": "gaf-comparison",
        "format_version": 1,
        "text": trace.text,
        "model": model,
        "target": trace.target.as_dict(),
        "tokens": trace.tokens,
        "special": trace.special,
        "perturbation": asdict(comparison.perturbation),
        "entries": [_entry(comparison, name) for name in comparison.names],
    }
    return json.dumps(_plain(content), ensure_ascii=False, allow_nan=False)


def _metrics(
    evaluation: Evaluation | None, metrics: Mapping[str, tuple[str, bool]]
) -> dict[str, float]:
    if evaluation is None:
        return dict.fromkeys(metrics, math.nan)
    homes: Iterable[Any] = (evaluation, evaluation.curves)
    return {
        column: next(float(getattr(home, name)) for home in homes if hasattr(home, name))
        for column, (name, _) in metrics.items()
    }


def _entry(comparison: Comparison, name: str) -> dict[str, Any]:
    attribution = comparison.attributions.get(name)
    evaluation = comparison.evaluations.get(name)
    fields = ("method", "title", "reference", "settings", "seconds", "details", "scores")
    return {
        "name": name,
        **{key: getattr(attribution, key, None) for key in fields},
        "measure": asdict(evaluation) if evaluation else None,
        "failure": comparison.failures.get(name),
    }


def _plain(value: Any) -> Any:
    """Arrays, tuples and numbers of numpy as what JSON has; it has no sign for infinity."""
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, np.ndarray | np.generic):
        return _plain(value.tolist())
    if isinstance(value, list | tuple | set):
        return [_plain(one) for one in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value if value is None or isinstance(value, bool | int | str) else str(value)
