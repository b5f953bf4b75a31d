"""Lines of a file -> texts with what belongs to them, and a survey of them before anything runs."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from gaf_core.corpus.readers import LINE, Problem, Values, check_columns, kind_of, read
from gaf_core.errors import SettingsError
from gaf_core.hosting import CHARACTERS
from gaf_core.settings import TextLike

_LISTED = 1_000  # problems that a survey keeps; all of them are counted
_SAMPLED = 64  # texts of a survey, for an estimate of what the others cost
_LABELS = 1_000  # different ones that are counted: more are no labels
_BYTE = re.compile("[\udc80-\udcff]")
_HALF = re.compile("[\ud800-\udfff]")
_NUMBER = re.compile(r"\s*[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?\s*%?\s*")


@dataclass(frozen=True)
class Source:
    """A file, and which of its columns are what.

    Attributes:
        path: of the file.
        text: column of the texts.
        second: column of the second texts of pairs.
        label: column of what the model should say.
        identity: column of what a row is called; the number of its line where there is none.
        characters: of a text at most; a longer one is a problem of its line.
        called: what people call the file; "" for its own name.
    """

    path: Path
    text: str = LINE
    second: str | None = None
    label: str | None = None
    identity: str | None = None
    characters: int = CHARACTERS
    called: str = ""

    def check(self) -> None:
        """Refuse columns that the file does not have.

        Raises:
            SettingsError: with those that it has; or the file cannot be read.
        """
        check_columns(self.path, (self.text, self.second, self.label, self.identity))


class Record(NamedTuple):
    """A text of a file.

    Attributes:
        position: counted from 0, among the texts that can be read.
        line: where it stands, counted from 1.
        identity: what it is called.
        text: the text.
        second: the second one of a pair; else None.
        label: what the model should say, "" where nobody says.
    """

    position: int
    line: int
    identity: str
    text: str
    second: str | None
    label: str

    @property
    def explained(self) -> TextLike:
        """The text, or the pair."""
        return self.text if self.second is None else (self.text, self.second)


@dataclass
class Survey:
    """What a file holds.

    Attributes:
        texts: how many there are.
        characters: of all of them.
        longest: characters of the longest.
        problems: the first thousand lines without a text.
        left_out: lines without a text, all of them.
        labels: how often each is given.
        repeated: identities that came before.
        sample: some texts from anywhere in the file.
    """

    texts: int = 0
    characters: int = 0
    longest: int = 0
    problems: list[Problem] = field(default_factory=list)
    left_out: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    sample: list[TextLike] = field(default_factory=list)


def records(source: Source) -> Iterator[Record | Problem]:
    """The texts of a file, in order, and the lines that have none.

    Raises:
        SettingsError: the file cannot be read, or has no such column.
    """
    source.check()
    position = 0
    for one in read(source.path):
        found = one if isinstance(one, Problem) else _record(source, one, position)
        yield found
        position += isinstance(found, Record)


def texts(source: Source) -> Iterator[Record]:
    """The texts of a file, in order."""
    return (one for one in records(source) if isinstance(one, Record))


def chunks(source: Source, size: int) -> Iterator[list[Record]]:
    """The texts of a file in order, so many at a time: always divided alike."""
    every = texts(source)
    while found := list(islice(every, size)):
        yield found


def survey(source: Source) -> Survey:
    """Read a file once, and say what it holds.

    Raises:
        SettingsError: it cannot be read, has no text, or numbers where the texts should be.
    """
    found, known, numbers = Survey(), set(), 0
    draw = random.Random(0)
    for one in records(source):
        if isinstance(one, Problem):
            found.left_out += 1
            if len(found.problems) < _LISTED:
                found.problems.append(one)
            continue
        length = len(one.text) + len(one.second or "")
        found.texts += 1
        found.characters += length
        found.longest = max(found.longest, length)
        numbers += bool(_NUMBER.fullmatch(one.text))
        if one.label and (one.label in found.labels or len(found.labels) < _LABELS):
            found.labels[one.label] += 1
        if source.identity is not None:
            found.repeated += hash(one.identity) in known
            known.add(hash(one.identity))
        _keep(found.sample, one.explained, found.texts, draw)
    _check(source, found, numbers)
    return found


def _keep(sample: list[TextLike], text: TextLike, seen: int, draw: random.Random) -> None:
    """Each text of a file is in the sample with the same chance (Vitter 1985, algorithm R)."""
    if len(sample) < _SAMPLED:
        sample.append(text)
    elif (place := draw.randrange(seen)) < _SAMPLED:
        sample[place] = text


def _check(source: Source, found: Survey, numbers: int) -> None:
    name = source.path.name
    if not found.texts:
        told = "".join(f" Line {line:,} {reason}." for line, reason in found.problems[:3])
        raise SettingsError(f"'{name}' holds no text to explain.{told}")
    if numbers == found.texts and kind_of(source.path) != "lines":
        raise SettingsError(
            f"The column '{source.text}' of '{name}' holds numbers and no texts. Name the column "
            "of the texts."
        )


def _record(source: Source, read: Values, position: int) -> Record | Problem:
    values, line = read.values, read.line
    for name in (source.text, source.second):
        if name is not None and (reason := _refused(values.get(name), name, source.characters)):
            return Problem(line, reason)
    label = "" if source.label is None else _plain(values.get(source.label))
    identity = "" if source.identity is None else _plain(values.get(source.identity))
    second = None if source.second is None else values[source.second]
    named = _HALF.sub("\ufffd", identity) or str(line)
    return Record(position, line, named, values[source.text], second, _HALF.sub("\ufffd", label))


def _refused(value: Any, name: str, most: int) -> str:
    """Why a cell is no text, or nothing."""
    if value is None or (isinstance(value, str) and not value.strip()):
        return f"has no text in the column '{name}'"
    if not isinstance(value, str):
        kind = "a number" if isinstance(value, int | float) else f"a {type(value).__name__}"
        return f"has {kind} in the column '{name}' and no text"
    if len(value) > most:
        return f"has a text of {len(value):,} characters, and {most:,} are read"
    if found := _BYTE.search(value):
        byte = ord(found[0]) - 0xDC00
        return f"holds the byte 0x{byte:02X}, which belongs to no character of UTF-8"
    if "\0" in value:
        return "holds a null byte"
    return "holds half a character" if _HALF.search(value) else ""


def _plain(value: Any) -> str:
    """A label or an identity as text: 1, 1.0 and "1" are one."""
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()
