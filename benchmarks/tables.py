"""Rows of a benchmark over many texts -> Markdown, and the line that says where they were made."""

from __future__ import annotations

import os
import platform
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import pandas as pd
import torch

from benchmarks.entries import USUAL
from gaf_core.evaluation.bootstrap import paired, summarise

SEED = 0
COLUMNS = {  # measure -> heading, digits
    "aopc": ("AOPC", 3),
    "log_odds": ("LOdds", 2),
    "comprehensiveness": ("comprehensiveness", 3),
    "sufficiency": ("sufficiency", 3),
}
MEASURED = (
    "The probability of what is predicted is watched while 10, 20, .., 90 % of the ordinary tokens "
    "are removed; comprehensiveness and sufficiency take 1, 5, 10, 20, 50 %. Higher AOPC and "
    "comprehensiveness are better, lower LOdds and sufficiency. In brackets: 95 % of 10,000 "
    "bootstrap samples of the texts."
)


def made_by(command: str) -> str:
    """Where the figures of a file come from: the command, the machine and its threads."""
    return (
        f"Made by `python -m benchmarks.{command} --write` on {platform.machine()}, "
        f"{os.cpu_count()} cores, torch {torch.__version__} with {torch.get_num_threads()} threads."
    )


def method_table(
    rows: pd.DataFrame,
    texts: str = "sentences",
    columns: Mapping[str, tuple[str, int]] = MappingProxyType(COLUMNS),
) -> list[str]:
    """One line a method, the highest AOPC first.

    Args:
        rows: of `gaf_core.evaluation.measure`.
        texts: heading of the number of texts.
        columns: the measures, each with its heading and digits.

    The last column, by how much each is ahead of the usual method, is there if that was measured.
    """
    headings = [heading for heading, _ in columns.values()]
    scored = set(rows.loc[rows["failure"].isna(), "method"])
    asked = USUAL in set(rows["method"])
    lines = header("method", texts, *headings, *[f"AOPC minus {USUAL}'s"] * asked)
    summary = summarise(rows, SEED).sort_values("aopc", ascending=False, na_position="last")
    for found in summary.to_dict("records"):
        count = f"{found['texts']:,}"
        if found["failures"]:
            count += f", {found['failures']:,} failed"
        cells = [interval(found, name, digits) for name, (_, digits) in columns.items()]
        beside = {found["method"], USUAL} <= scored and found["method"] != USUAL
        ahead = signed(differences(rows, found["method"], USUAL)["aopc"], 3) if beside else ""
        cells = [*cells, *[ahead] * asked]
        cells = cells if found["texts"] else [""] * len(cells)
        lines.append(line(found["method"], count, *cells))
    return lines


def pair_table(
    rows: pd.DataFrame, pairs: Mapping[str, tuple[str, str]], texts: str = "sentences"
) -> list[str]:
    """AOPC and LOdds of one method minus those of another, on the texts that both scored.

    Args:
        rows: of `gaf_core.evaluation.measure`.
        pairs: what the two differ in -> their names. A pair of which one scored no text has no
            line, and without any there is no table.
        texts: heading of the number of texts.
    """
    scored = set(rows.loc[rows["failure"].isna(), "method"])
    lines = header("what it adds", "measured as", "AOPC", "LOdds", texts)
    for what, (first, second) in pairs.items():
        if {first, second} <= scored:
            cells = _ahead(rows, first, second, ("aopc", "log_odds"))
            lines.append(line(what, f"{first} minus {second}", *cells))
    return lines if len(lines) > 2 else []


def difference_table(
    rows: pd.DataFrame,
    first: str,
    others: Sequence[str],
    texts: str = "sentences",
    measures: Sequence[str] = ("aopc", "log_odds"),
) -> list[str]:
    """Measures of a method minus those of others, each on the texts that both scored.

    A method that scored no text has no line; without any other method there is no table.
    """
    scored = set(rows.loc[rows["failure"].isna(), "method"])
    compared = [other for other in others if other in scored and other != first]
    if first not in scored or not compared:
        return []
    lines = header(f"{first} minus", *(COLUMNS[name][0] for name in measures), texts)
    return lines + [line(other, *_ahead(rows, first, other, measures)) for other in compared]


def _ahead(rows: pd.DataFrame, first: str, second: str, measures: Sequence[str]) -> list[str]:
    """Differences of some measures, and of how many texts."""
    found = differences(rows, first, second)
    cells = [signed(found[name], COLUMNS[name][1]) for name in measures]
    return [*cells, f"{found['aopc']['texts']:,.0f}"]


def differences(rows: pd.DataFrame, first: str, second: str) -> dict[str, dict[str, float]]:
    """What `paired` says, by measure."""
    return {
        found["measure"]: found for found in paired(rows, first, second, SEED).to_dict("records")
    }


def interval(found: dict[str, float], name: str, digits: int) -> str:
    """A mean with its interval: `0.512 [0.482, 0.542]`."""
    mean, low, high = (f"{found[name + end]:.{digits}f}" for end in ("", "_low", "_high"))
    return f"{mean} [{low}, {high}]"


def signed(found: dict[str, float], digits: int) -> str:
    """A difference with its interval: `+0.088 [+0.061, +0.115]`."""
    # adding 0 to a rounded number turns -0.0 into 0.0, which is a plus
    numbers = (round(found[name], digits) + 0.0 for name in ("difference", "low", "high"))
    mean, low, high = (f"{number:+.{digits}f}" for number in numbers)
    return f"{mean} [{low}, {high}]"


def failures(rows: pd.DataFrame) -> Iterable[str]:
    """What the methods that failed said first, one line each."""
    for found in summarise(rows, SEED).to_dict("records"):
        if found["failures"]:
            yield f"- {found['method']}: {escaped(found['first_failure'])}"


def escaped(text: str) -> str:
    """Text that Markdown shows as it is, on one line."""
    return re.sub(r"([\\`*_<>\[\]|#])", r"\\\1", " ".join(text.split()))


def header(*names: str) -> list[str]:
    """The first two lines of a table."""
    return [line(*names), line(*["---"] * len(names))]


def line(*cells: str) -> str:
    """One line of a table."""
    return f"| {' | '.join(cells)} |"


def page(title: str, *sections: str | Sequence[str]) -> str:
    """A whole file: a title, then paragraphs and tables with an empty line between two."""
    parts = [part if isinstance(part, str) else "\n".join(part) for part in sections]
    return "\n\n".join([f"# {title}", *filter(None, parts)]) + "\n"


def finish(found: str, path: Path, *, write: bool) -> None:
    """Print a page, and keep it if that is wanted."""
    print(found)
    if write:
        path.write_text(found, encoding="utf-8")
