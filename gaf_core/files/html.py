"""Tables of a report: every cell is text, escaped and of its own direction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape


def pairs(rows: Sequence[tuple[str, str]]) -> str:
    """Names, each with its value."""
    lines = (
        f'<tr><th scope="row">{escape(name)}</th><td dir="auto">{escape(value)}</td></tr>'
        for name, value in rows
    )
    return f"<table>{''.join(lines)}</table>"


def table_html(heads: Sequence[str], rows: Iterable[Sequence[str]], numeric: set[int]) -> str:
    """Rows under their heads; the columns `numeric` stand at the right."""

    def cells(row: Sequence[str], tag: str) -> str:
        return "".join(
            f"<{tag}{' class=number' if index in numeric else ''}><bdi>{escape(cell)}</bdi></{tag}>"
            for index, cell in enumerate(row)
        )

    lines = "".join(f"<tr>{cells(row, 'td')}</tr>" for row in rows)
    return (
        f'<div class="wide"><table><thead><tr>{cells(heads, "th")}</tr></thead>'
        f"<tbody>{lines}</tbody></table></div>"
    )
