"""Results of many texts -> lines for a terminal."""

from __future__ import annotations

from gaf_core.corpus.results import Results
from gaf_core.files.corpus_tables import Chosen, Shown, all_tables, headline, standing_out
from gaf_core.files.terminal import printable
from gaf_core.settings import TextLike
from gaf_core.spans import parts_of
from gaf_core.text.clusters import columns, fitted

_CELL = 44  # columns of the widest cell
_TEXT = 100  # of a text


def summary_lines(results: Results, chosen: Chosen = Chosen()) -> list[str]:
    """Every table, and the texts that stand out."""
    lines = [printable(headline(results))]
    for shown in all_tables(results, chosen):
        lines += ["", *table_lines(shown)]
    for title, column, rows in standing_out(results, chosen):
        lines += ["", printable(title), ""]
        lines += [
            f"{getattr(row, column):7.3f}  line {row.line:,}, “{printable(row.predicted)}”: "
            f"{one_line(row.text, _TEXT)}"
            for row in rows.itertuples()
        ]
    return lines


def table_lines(shown: Shown) -> list[str]:
    """A table with its title and its note; the first column stands to the left."""
    rows = [[fitted(printable(cell), _CELL) for cell in row] for row in (shown.heads, *shown.rows)]
    widths = [max(map(columns, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join(
            _padded(cell, width, left=not number)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in rows
    ]
    note = [printable(shown.note)] if shown.note else []
    return [printable(shown.title), "", *lines, *note]


def one_line(text: TextLike, most: int) -> str:
    """A text, or a pair, as the beginning of one line."""
    whole = " | ".join(parts_of(text))
    return fitted(printable(" ".join(whole.split())), most)


def _padded(cell: str, width: int, *, left: bool) -> str:
    spaces = " " * (width - columns(cell))
    return cell + spaces if left else spaces + cell
