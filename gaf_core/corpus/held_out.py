"""The texts that come with the package and that its model was not trained on, with their labels."""

from __future__ import annotations

import csv
import json
import random
from functools import cache
from pathlib import Path

from gaf_core.places import assets

KINDS = {
    "all": "all four kinds",
    "movie": "snippets of film reviews",
    "product": "sentences of customer reviews",
    "tweet": "tweets",
    "editorial": "sentences of newspaper editorials",
}
_PART = "test"  # of the data: neither trained on nor used to choose anything
_SEED = 0


def held_out(kind: str = "all", count: int | None = None) -> list[dict[str, str]]:
    """Texts that were held out, drawn without replacement: always the same for a number.

    Args:
        kind: of `KINDS`.
        count: how many at most; None for all of them.

    Returns:
        Rows of `id`, `kind`, `text` and `label`, "negative" or "positive".
    """
    kinds = [one for one in KINDS if one != "all"] if kind == "all" else [kind]
    found = [dict(row) for one in kinds for row in _rows(one)]
    random.Random(_SEED).shuffle(found)
    return found[:count]


def write_held_out(path: Path, kind: str = "all", count: int | None = None) -> int:
    """Write them as JSON lines; how many there are."""
    rows = held_out(kind, count)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return len(rows)


@cache
def _rows(kind: str) -> tuple[dict[str, str], ...]:
    path = assets() / "data" / f"{kind}.tsv"
    with path.open(encoding="utf-8", newline="\n") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        return tuple(
            {"id": row["id"], "kind": kind, "text": row["text"], "label": row["label"]}
            for row in rows
            if row["split"] == _PART
        )
