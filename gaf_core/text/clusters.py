"""Characters as people see them, and the columns that they take where each letter has one width.

A letter with its accents, a syllable of Devanagari, an emoji of several parts is one of them,
however many code points it has (Unicode Standard Annex 29, grapheme clusters).
"""

from __future__ import annotations

import wcwidth


def clusters(text: str) -> list[str]:
    """The characters of a text as people see them.

    >>> clusters("né👩‍🚀") == ["n", "é", "👩‍🚀"]
    True
    """
    return list(wcwidth.iter_graphemes(text))


def columns(text: str) -> int:
    """Columns that a text without control characters takes in a terminal: wide letters two."""
    return wcwidth.wcswidth(text)


def head(text: str, characters: int) -> str:
    """A text of at most so many characters as people see them; an ellipsis stands for the rest."""
    found = clusters(text)
    return text if len(found) <= characters else "".join(found[: characters - 1]) + "…"


def ends(text: str, characters: int) -> str:
    """A text of at most so many characters as people see them: its first words … its last."""
    found = clusters(text)
    if len(found) <= characters:
        return text
    first = (characters - 1) * 3 // 5
    last = characters - 1 - first
    return f"{''.join(found[:first]).rstrip()}…{''.join(found[-last:] if last else ()).lstrip()}"


def fitted(text: str, width: int) -> str:
    """A text of at most so many columns, cut between characters as people see them."""
    if columns(text) <= width:
        return text
    kept, taken = [], 1  # the ellipsis
    for cluster in clusters(text):
        taken += columns(cluster)
        if taken > width:
            break
        kept.append(cluster)
    return f"{''.join(kept)}…"


def lines(text: str, width: int, most: int) -> list[str]:
    """A text broken into lines of at most so many columns, cut where there are too many of them."""
    return wcwidth.wrap(
        text,
        width,
        max_lines=most,
        placeholder=" …",
        control_codes="ignore",
        propagate_sgr=False,
    )
