"""The stored data: one tab-separated file a source, one rated text a line."""

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

DATA = Path("assets/data")
SOURCES = ("movie", "product", "tweet", "editorial")
LABELS = ("negative", "positive")
COLUMNS = ("id", "split", "label", "rating", "text")


@dataclass(frozen=True)
class Review:
    """One text with its mean rating, from -4 (most negative) to 4, and the part it belongs to.

    `identity` is unique within its `source`; `split` is "train", "validation" or "test".
    """

    source: str
    identity: str
    split: str
    rating: float
    text: str

    @property
    def label(self) -> str:
        """The sign of the rating as one of `LABELS`."""
        return LABELS[self.rating > 0]


def write(reviews: Iterable[Review], source: str, folder: Path = DATA) -> Path:
    """Write the reviews of one source, in the order given; return the path of the file."""
    path = folder / f"{source}.tsv"
    lines = ["\t".join(COLUMNS)] + [
        "\t".join((r.identity, r.split, r.label, f"{r.rating:.2f}", r.text))
        for r in reviews
        if r.source == source
    ]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def read(source: str, folder: Path = DATA) -> list[Review]:
    """Return the reviews of one source, in the order of the file."""
    with (folder / f"{source}.tsv").open(encoding="utf-8", newline="\n") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return [
            Review(source, row["id"], row["split"], float(row["rating"]), row["text"])
            for row in rows
        ]


def read_split(split: str, folder: Path = DATA) -> list[Review]:
    """Return the reviews of every source that belong to `split`."""
    return [r for source in SOURCES for r in read(source, folder) if r.split == split]
