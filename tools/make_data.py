"""Make `assets/data`: fetch the rated texts, clean them, drop the neutral ones, split, store.

python -m tools.make_data
"""

import argparse
from collections import Counter
from dataclasses import replace
from pathlib import Path

from tools import packages, reviews, splits, texts
from tools.reviews import Review

FILES = {
    "movie": "movieReviewSnippets_GroundTruth.txt",
    "product": "amazonReviewSnippets_GroundTruth.txt",
    "tweet": "tweets_GroundTruth.txt",
    "editorial": "nytEditorialSnippets_GroundTruth.txt",
}
NEUTRAL_BELOW = 0.5
"""Texts whose mean rating is nearer to zero than this have no label, and are dropped."""


def main() -> None:
    """Write one file a source, and print how many texts of each label went to each split."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=packages.CACHE, help="folder for downloads")
    archive = packages.fetch(packages.RATINGS, parser.parse_args().cache)
    inner = packages.tar_members(
        packages.read(packages.RATINGS, "hutto_ICWSM_2014.tar.gz", archive)
    )
    rated = [
        review
        for source, name in FILES.items()
        for review in parse(source, inner[f"hutto_ICWSM_2014/{name}"].decode("utf-8"))
    ]
    found = split(rated)
    for source in reviews.SOURCES:
        path = reviews.write(found, source)
        counts = Counter((r.split, r.label) for r in found if r.source == source)
        print(path, dict(sorted(counts.items())))


def parse(source: str, content: str) -> list[Review]:
    """Return the texts with a clear rating out of lines of `id <tab> mean rating <tab> text`."""
    rows = [line.split("\t") for line in content.splitlines() if line]
    found = [Review(source, row[0], "", float(row[1]), texts.clean(row[2])) for row in rows]
    return [r for r in found if abs(r.rating) >= NEUTRAL_BELOW]


def split(rated: list[Review]) -> list[Review]:
    """Return the reviews with their split set; see `tools.splits` for the rule.

    The part of an identity before an underscore is the document: `12_3` is sentence 3 of review 12.
    """
    documents = [f"{r.source}:{r.identity.partition('_')[0]}" for r in rated]
    parts = splits.assign(documents, [r.text for r in rated])
    return [replace(r, split=part) for r, part in zip(rated, parts, strict=True)]


if __name__ == "__main__":
    main()
