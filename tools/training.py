"""Fine-tune the backbone: a two-label head on [CLS], trained on the mean of twenty raters.

The target of a text with mean rating r is the probability sigma(k r) of "positive" rather than 0
or 1, so that a text on which the raters were lukewarm does not push as hard as one they agreed on.
"""

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch.nn.functional import cross_entropy
from transformers import (
    AutoModelForSequenceClassification,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    get_linear_schedule_with_warmup,
)

from tools.reviews import LABELS, Review


@dataclass(frozen=True)
class Recipe:
    """Everything that the weights depend on besides the data and the machine."""

    seed: int = 20240
    threads: int = 2
    epochs: int = 3
    batch_size: int = 32
    peak_learning_rate: float = 8e-5
    warm_up_share: float = 0.1
    weight_decay: float = 0.01
    largest_gradient_norm: float = 1.0
    target_sharpness: float = 1.5
    longest_text: int = 128
    bucket: int = 32


def load_backbone(folder: Path, recipe: Recipe) -> PreTrainedModel:
    """Return the encoder of `folder` under a new pooler and head, drawn from the recipe's seed."""
    torch.use_deterministic_algorithms(True)
    torch.utils.deterministic.fill_uninitialized_memory = False  # a guard that costs a seventh
    torch.set_num_threads(recipe.threads)
    torch.manual_seed(recipe.seed)
    model = AutoModelForSequenceClassification.from_pretrained(
        folder,
        dtype=torch.float32,
        id2label=dict(enumerate(LABELS)),
        label2id={label: index for index, label in enumerate(LABELS)},
    )
    torch.nn.init.normal_(model.bert.pooler.dense.weight, std=model.config.initializer_range)
    torch.nn.init.zeros_(model.bert.pooler.dense.bias)
    return model


def fine_tune(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    training: Sequence[Review],
    recipe: Recipe,
) -> None:
    """Train every weight of `model` in place: AdamW, warm-up and linear decay, dropout on."""
    rng = random.Random(recipe.seed)
    cut = {"truncation": True, "max_length": recipe.longest_text}
    lengths = [len(ids) for ids in tokenizer([r.text for r in training], **cut)["input_ids"]]
    steps = recipe.epochs * math.ceil(len(training) / recipe.batch_size)
    optimizer = torch.optim.AdamW(parameter_groups(model, recipe), fused=True)
    schedule = get_linear_schedule_with_warmup(
        optimizer, round(recipe.warm_up_share * steps), steps
    )
    model.train()
    for epoch in range(recipe.epochs):
        total = 0.0
        for indices in batches(lengths, recipe, rng):
            batch = [training[i] for i in indices]
            inputs = tokenizer([r.text for r in batch], padding=True, return_tensors="pt", **cut)
            loss = cross_entropy(model(**inputs).logits, targets(batch, recipe.target_sharpness))
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.largest_gradient_norm)
            optimizer.step()
            schedule.step()
            optimizer.zero_grad()
            total += loss.item() * len(batch)
        print(f"epoch {epoch + 1}: mean loss {total / len(training):.4f}", flush=True)
    model.eval()


def parameter_groups(model: PreTrainedModel, recipe: Recipe) -> list[dict[str, object]]:
    """Return the weights in two groups: matrices decay, biases and layer norms do not."""
    weights = list(model.parameters())
    decays = {
        "params": [w for w in weights if w.dim() > 1],
        "weight_decay": recipe.weight_decay,
    }
    rest = {"params": [w for w in weights if w.dim() == 1], "weight_decay": 0.0}
    return [{"lr": recipe.peak_learning_rate, **group} for group in (decays, rest)]


def targets(batch: Sequence[Review], sharpness: float) -> torch.Tensor:
    """Return the target probabilities [len(batch), 2] of the labels, in the order of LABELS."""
    positive = torch.sigmoid(sharpness * torch.tensor([r.rating for r in batch]))
    return torch.stack([1 - positive, positive], dim=1)


def batches(lengths: Sequence[int], recipe: Recipe, rng: random.Random) -> Iterator[list[int]]:
    """Yield every index of `lengths` once, in random batches of texts of similar length.

    Shuffled indices are cut into buckets of `recipe.bucket` batches; each bucket is sorted by
    length and cut into batches, and these are shuffled. Little of a batch is then padding.
    """
    shuffled = rng.sample(range(len(lengths)), len(lengths))
    found: list[list[int]] = []
    for bucket in _chunks(shuffled, recipe.bucket * recipe.batch_size):
        found += _chunks(sorted(bucket, key=lengths.__getitem__), recipe.batch_size)
    yield from rng.sample(found, len(found))


def _chunks(items: list[int], size: int) -> list[list[int]]:
    return [items[i : i + size] for i in range(0, len(items), size)]
