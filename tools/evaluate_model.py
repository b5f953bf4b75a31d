"""Measure a model folder on the held-out texts, as stored, in float32.

python -m tools.evaluate_model [folder]
"""

import argparse
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

from tools import reviews
from tools.reviews import LABELS, SOURCES, Review

MODEL = Path("assets/models/minilm-reviews")
CLEAR_FROM = 1.5
"""Mean rating, either way, from which the raters left little doubt."""


@dataclass(frozen=True)
class Accuracy:
    """How many of `n` texts got the right label, with a 95 % interval and two points to compare.

    `majority` is what always giving the more frequent label would score; `clear` is the accuracy
    on the `n_clear` texts with a mean rating of at least `CLEAR_FROM` either way.
    """

    n: int
    correct: int
    accuracy: float
    low: float
    high: float
    majority: float
    n_clear: int
    clear: float


def main() -> None:
    """Print the table of accuracies per source, on the test texts."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, nargs="?", default=MODEL)
    parser.add_argument("--split", choices=("test", "validation"), default="test")
    arguments = parser.parse_args()
    print(table(evaluate(arguments.folder, arguments.split)))


def evaluate(folder: Path, split: str) -> dict[str, Accuracy]:
    """Return the accuracy of the model in `folder` for each source, on the texts of `split`."""
    found = reviews.read_split(split)
    positive = predict(folder, [review.text for review in found])
    return {
        source: accuracy(
            [(r, p) for r, p in zip(found, positive, strict=True) if r.source == source]
        )
        for source in SOURCES
    }


@torch.inference_mode()
def predict(folder: Path, contents: Sequence[str], batch_size: int = 32) -> list[float]:
    """Return the probability of "positive" for each text; loads nothing but `folder`."""
    tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder, local_files_only=True, dtype=torch.float32
    ).eval()
    order = sorted(range(len(contents)), key=lambda i: len(contents[i]))
    found = [0.0] * len(contents)
    for start in range(0, len(order), batch_size):
        chosen = order[start : start + batch_size]
        inputs = tokenizer(
            [contents[i] for i in chosen], truncation=True, padding=True, return_tensors="pt"
        )
        probability = model(**inputs).logits.softmax(dim=-1)[:, LABELS.index("positive")]
        for i, value in zip(chosen, probability.tolist(), strict=True):
            found[i] = value
    return found


def accuracy(predicted: Sequence[tuple[Review, float]]) -> Accuracy:
    """Return the accuracy of probabilities of "positive" against the labels of their texts."""
    right = [(r, LABELS[p > 0.5] == r.label) for r, p in predicted]
    clear = [hit for r, hit in right if abs(r.rating) >= CLEAR_FROM]
    n, correct = len(right), sum(hit for _, hit in right)
    low, high = wilson_interval(correct, n)
    return Accuracy(
        n=n,
        correct=correct,
        accuracy=correct / n,
        low=low,
        high=high,
        majority=max(Counter(r.label for r, _ in right).values()) / n,
        n_clear=len(clear),
        clear=sum(clear) / len(clear),
    )


def wilson_interval(correct: int, n: int, z: float = 1.96) -> tuple[float, float]:
    """Return the interval of Wilson (1927) for a proportion, 95 % by default.

    >>> low, high = wilson_interval(50, 100)
    >>> round(low, 3), round(high, 3)
    (0.404, 0.596)
    """
    share = correct / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    half = z / (1 + z * z / n) * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n))
    return centre - half, centre + half


def table(found: dict[str, Accuracy]) -> str:
    """Return the accuracies as a Markdown table, one row a source."""
    head = "| source | examples | accuracy | 95 % interval | majority label | clear-cut texts |"
    rows = [
        f"| {source} | {a.n:,} | {a.accuracy:.1%} | {a.low:.1%} to {a.high:.1%} "
        f"| {a.majority:.1%} | {a.clear:.1%} of {a.n_clear:,} |"
        for source, a in found.items()
    ]
    return "\n".join([head, "| --- " * 6 + "|", *rows])


def as_numbers(found: dict[str, Accuracy]) -> dict[str, dict[str, float]]:
    """Return the accuracies as plain numbers, rounded to six digits, for `metrics.json`."""
    return {
        source: {name: round(value, 6) for name, value in asdict(a).items()}
        for source, a in found.items()
    }


if __name__ == "__main__":
    main()
