"""Results -> tables: faithfulness, paired differences, accuracy, and texts that stand out."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from gaf_core.corpus.results import Results
from gaf_core.evaluation.bootstrap import MEASURES, bootstrap_interval, paired, summarise
from gaf_core.tables import table

if TYPE_CHECKING:
    import pandas as pd

_ORDERED = 4  # ordinary tokens of a text, below which an order says little
# what is compared of two methods; the seconds of one are not those of the other's machine
_COMPARED = ("aopc", "log_odds", "comprehensiveness", "sufficiency")
_DIFFERENCE = ("method", "measure", "first", "second", "difference", "low", "high", "texts")
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


def faithfulness(results: Results, seed: int = 0) -> pd.DataFrame:
    """One row a method: means over texts with intervals, as `gaf_core.evaluation.summarise` has it.

    Where faithfulness was not measured there are the seconds alone.
    """
    return summarise(results.rows, seed, MEASURES if results.measured else ("seconds",))


def differences(results: Results, first: str | None = None, seed: int = 0) -> pd.DataFrame:
    """What one method has more than each other, text by text.

    Args:
        results: with measures.
        first: label of the method; None for the first.
        seed: of the bootstrap.

    Returns:
        One row a method and measure: `method` (the other), and the columns of
        `gaf_core.evaluation.paired`. Methods without a text in common with the first have none.
    """
    import pandas as pd

    first = first or results.methods[0]
    scored = _scored(results)
    texts = {name: set(group["text"]) for name, group in scored.groupby("method")}
    found = [
        paired(scored, first, other, seed, _COMPARED).assign(method=other)
        for other in results.methods
        if other != first and texts.get(first, set()) & texts.get(other, set())
    ]
    if not found:
        return table({name: [] for name in _DIFFERENCE})
    whole = pd.DataFrame(pd.concat(found, ignore_index=True))
    return whole.reindex(columns=list(_DIFFERENCE))


def distribution(results: Results, measure: str = "aopc") -> pd.DataFrame:
    """One row a method: how a measure is spread over the texts.

    Returns:
        `method`, `texts`, `mean`, and the quantiles `5%`, `25%`, `50%`, `75%`, `95%`.
    """
    scored = _scored(results)
    rows = []
    for method in results.methods:
        values = scored.loc[scored["method"] == method, measure].dropna().to_numpy(dtype=float)
        ends = np.quantile(values, _QUANTILES) if len(values) else [np.nan] * len(_QUANTILES)
        named = {f"{share:.0%}": end for share, end in zip(_QUANTILES, ends, strict=True)}
        mean = float(values.mean()) if len(values) else np.nan
        rows.append({"method": method, "texts": len(values), "mean": mean, **named})
    return table({name: [row[name] for row in rows] for name in rows[0]})


def predictions(results: Results) -> pd.DataFrame:
    """One row a text: its position, line, id, label, prediction, probability and tokens cut off."""
    scored = _scored(results)
    names = ["position", "line", "id", "label", "predicted", "probability", "cut"]
    first = scored.drop_duplicates(subset=["position"])
    return first.reindex(columns=names).reset_index(drop=True)


def known_label(label: str, labels: list[str]) -> str | None:
    """The model's name for a label that somebody gave: as written, in another case, or an index.

    >>> [known_label(one, ["negative", "positive"]) for one in ("positive", "Negative", "1", "meh")]
    ['positive', 'negative', 'positive', None]
    """
    if label in labels:
        return label
    alike = [one for one in labels if one.casefold() == label.casefold()]
    if len(alike) == 1:
        return alike[0]
    return labels[int(label)] if label.isdecimal() and int(label) < len(labels) else None


def accuracy(results: Results, seed: int = 0) -> pd.DataFrame:
    """How often the model says what the labels say: one row a label, then all of them.

    Returns:
        `label`, `texts`, `right`, `accuracy` with the ends of its interval `low` and `high`; empty
        where no label is given that the model knows. The last row, "all", is over all texts.
    """
    found = predictions(results)
    labels = results.about.get("labels", [])
    found = found.assign(
        known=[known_label(one, labels) if one else None for one in found["label"]]
    )
    found = found[found["known"].notna()]
    right = (found["known"] == found["predicted"]).to_numpy(dtype=float)
    groups = [(name, (found["known"] == name).to_numpy()) for name in labels]
    rows = []
    for name, chosen in [*groups, ("all", np.ones(len(found), dtype=bool))]:
        if chosen.any():
            low, high = bootstrap_interval(right[chosen][:, None], seed)[:, 0]
            count = int(right[chosen].sum())
            rows.append((name, int(chosen.sum()), count, count / chosen.sum(), low, high))
    columns = ("label", "texts", "right", "accuracy", "low", "high")
    return table({name: [row[i] for row in rows] for i, name in enumerate(columns)})


def unknown_labels(results: Results) -> dict[str, int]:
    """Labels that the model does not know, and how many texts have each; the commonest first."""
    labels = results.about.get("labels", [])
    counts = predictions(results)["label"].value_counts()
    return {
        str(name): int(count)
        for name, count in counts.items()
        if name and known_label(str(name), labels) is None
    }


def worst(results: Results, method: str, count: int = 20, measure: str = "aopc") -> pd.DataFrame:
    """The texts on which a method's ranking says least about the prediction.

    Returns:
        The rows with the smallest value of the measure, with their `text`.
    """
    scored = _scored(results)
    chosen = scored.loc[(scored["method"] == method) & scored[measure].notna()]
    return _with_texts(results, chosen.sort_values(measure, kind="stable").head(count))


def disagreeing(results: Results, count: int = 20) -> pd.DataFrame:
    """The texts on which the methods disagree most, by the ranks that they give ordinary tokens.

    Returns:
        `agreement`, the mean of Spearman's correlation over pairs of methods, smallest first,
        beside the columns of `predictions` and the `text`; texts of fewer than four ordinary tokens
        are left out, and the table is empty where only one method was asked.
    """
    there: dict[int, list[NDArray[np.float64]]] = {}
    found: dict[int, float] = {}
    last = -1
    for one in results.scored():
        if one.position != last:  # rows are in the order of the texts
            _add_agreement(found, there)
        last = one.position
        there.setdefault(last, []).append(rankdata(one.scores[~one.special]))
    _add_agreement(found, there)
    least = sorted(found, key=found.__getitem__)[:count]
    rows = predictions(results).set_index("position", drop=False)
    chosen = rows.loc[least].assign(agreement=[found[position] for position in least])
    return _with_texts(results, chosen.reset_index(drop=True))


def _scored(results: Results) -> pd.DataFrame:
    """The rows that have scores."""
    return results.rows.loc[results.rows["failure"].isna()]


def _add_agreement(found: dict[int, float], there: dict[int, list[NDArray[np.float64]]]) -> None:
    for position, ranks in there.items():
        if len(ranks) > 1 and len(ranks[0]) >= _ORDERED:
            pairs = [_correlation(one, other) for one, other in combinations(ranks, 2)]
            found[position] = float(np.mean(pairs))
    there.clear()


def _correlation(one: NDArray[np.float64], other: NDArray[np.float64]) -> float:
    """Of ranks; those that are all equal order nothing, as in `gaf_core.evaluation.agreement`."""
    constant = bool((one == one[0]).all()), bool((other == other[0]).all())
    return float(all(constant)) if any(constant) else float(np.corrcoef(one, other)[0, 1])


def _with_texts(results: Results, chosen: pd.DataFrame) -> pd.DataFrame:
    texts = results.texts(chosen["position"].tolist())
    found = [texts.get(position, "") for position in chosen["position"]]
    return chosen.assign(text=found).reset_index(drop=True)
