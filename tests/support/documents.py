"""The Python of a document: run as it is written, and what it prints compared with what is shown.

A block of text directly below a block of Python is what that prints. Numbers there are rounded, and
another processor may round the last digit that is shown the other way; nothing else may differ.

    python -m tests.support.documents       # writes what is printed into the pages of docs
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import tempfile
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted((ROOT / "docs").glob("*.md"))

_BLOCK = re.compile(r"```python\n(.*?)```\n(?:\n```text\n(.*?)```\n)?", flags=re.DOTALL)
_NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e[+-]?\d+)?")


class Block(NamedTuple):
    """Python of a document, and what the document says that it prints ("" for nothing)."""

    code: str
    output: str


class Run(NamedTuple):
    """A block that was run, and what it printed."""

    block: Block
    printed: str


def blocks(document: str) -> list[Block]:
    """The blocks of Python of a document, in order."""
    return [Block(*found) for found in _BLOCK.findall(document.rstrip("\n") + "\n")]


def run(found: list[Block], name: str) -> Iterator[Run]:
    """Run blocks one after the other, in one namespace, as somebody who pastes them does."""
    namespace: dict[str, object] = {"__name__": "__main__"}
    for block in found:
        printed = io.StringIO()
        with contextlib.redirect_stdout(printed):
            exec(compile(block.code, name, "exec"), namespace)
        yield Run(block, "".join(f"{line.rstrip()}\n" for line in printed.getvalue().splitlines()))


def same(printed: str, shown: str) -> bool:
    """Whether texts are one but for how many spaces there are and a unit in the last digit shown.

    >>> same("share 12.4 %", "share 12.3 %"), same("share 12.5 %", "share 12.3 %")
    (True, False)
    >>> same("of 9.99", "of 10.00"), same("3 texts", "3.0 texts"), same("a 1", "b 1")
    (True, False, False)
    """
    words, other_words = (" ".join(_NUMBER.sub("#", text).split()) for text in (printed, shown))
    numbers, others = _NUMBER.findall(printed), _NUMBER.findall(shown)
    return words == other_words and all(map(_near, numbers, others))


def _near(one: str, other: str) -> bool:
    a, b = Decimal(one), Decimal(other)
    places = int(a.as_tuple().exponent)
    if places != b.as_tuple().exponent:
        return False
    return a == b or (places < 0 and abs(a - b) == Decimal(1).scaleb(places))


def written(document: str, name: str) -> str:
    """A document in which every block is followed by what it prints."""
    runs = iter(list(run(blocks(document), name)))

    def with_output(found: re.Match[str]) -> str:
        printed = next(runs).printed
        shown = f"\n```text\n{printed}```\n" if printed else ""
        return f"```python\n{found[1]}```\n{shown}"

    return _BLOCK.sub(with_output, document)


def main() -> None:
    for page in PAGES:
        with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
            page.write_text(written(page.read_text(encoding="utf-8"), page.name), encoding="utf-8")


if __name__ == "__main__":
    os.environ.setdefault("GAF_THREADS", "1")
    main()
