"""The tokenizer of a model, its vocabulary, and how many tokens fit."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import torch
from transformers import (
    AutoTokenizer,
    PreTrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)

from gaf_core.errors import ModelError, cause
from gaf_core.models.files import CONFIG, TOKENIZER_CONFIG, TOKENIZER_FILES, read_object
from gaf_core.models.offsets import OffsetFinder

_FALLBACK_TOKENS = 512  # for models that could read any number: what most were trained on
_WHOLE = "tokenizer.json"
_NO_LIMIT = 10**9  # transformers writes 1e30 where a tokenizer knows no limit


def load_tokenizer(folder: Path, config: PreTrainedConfig) -> tuple[PreTrainedTokenizerBase, bool]:
    """Load the tokenizer of a folder, and whether it says itself where its tokens stand.

    A tokenizer written in Python knows no offsets; it is wrapped so that it reports found ones.

    Args:
        folder: holds the tokenizer's files.
        config: of the network, which decides the kind where the files do not.

    Raises:
        ModelError: it cannot be loaded; the message says which file is at fault.
    """
    with _without_leading(folder) as clean, _failures_in_a_sentence(folder):
        tokenizer = AutoTokenizer.from_pretrained(
            clean, config=config, local_files_only=True, trust_remote_code=False
        )
    if "input_ids" not in tokenizer.model_input_names:
        raise ModelError(
            f"The tokenizer in the folder '{folder}' does not give the numbers of its tokens "
            f"(model_input_names). Correct this entry in {TOKENIZER_CONFIG}, or remove it."
        )
    if not isinstance(tokenizer.model_max_length, int | float):
        tokenizer.model_max_length = _NO_LIMIT
    tokenizer.truncation_side = "right"  # what is kept of a long text are its first tokens
    if tokenizer.is_fast:
        return tokenizer, True
    return cast(PreTrainedTokenizerBase, OffsetFinder(tokenizer)), False


@contextmanager
def _failures_in_a_sentence(folder: Path) -> Iterator[None]:
    try:
        yield
    except Exception as error:  # of many kinds, from transformers and tokenizers
        if (folder / _WHOLE).is_file():
            read_object(folder / _WHOLE)  # says it better where this is the reason
        raise ModelError(
            f"The tokenizer in the folder '{folder}' cannot be loaded: {cause(error)}. Save it "
            "there again with tokenizer.save_pretrained()."
        ) from error


@contextmanager
def _without_leading(folder: Path) -> Iterator[Path]:
    """The folder, or a copy of its tokenizer whose configuration names no other files and no code.

    Such entries can be leftovers, as paths of the computer that the tokenizer was made on, or meant
    to have a file read that is none of the model's.
    """
    path = folder / TOKENIZER_CONFIG
    written = read_object(path) if path.exists() else {}
    kept = {key: value for key, value in written.items() if not _leads(key, value)}
    if kept == written:
        yield folder
        return
    with tempfile.TemporaryDirectory() as copy:
        for name in (*TOKENIZER_FILES, CONFIG):
            if (folder / name).is_file():
                shutil.copyfile(folder / name, Path(copy) / name)
        (Path(copy) / TOKENIZER_CONFIG).write_text(json.dumps(kept), encoding="utf-8")
        yield Path(copy)


def _leads(key: str, value: object) -> bool:
    leading = key in ("auto_map", "init_inputs") or key.endswith(("_file", "_files", "_path"))
    return leading and bool(value) and key != "name_or_path"


def check_vocabulary(tokenizer: PreTrainedTokenizerBase, module: PreTrainedModel, name: str):
    """Refuse a tokenizer of another model.

    Raises:
        ModelError: it has ids that the network has no embedding for.
    """
    rows = len(cast(torch.Tensor, module.get_input_embeddings().weight))
    if tokenizer.vocab_size > rows:
        raise ModelError(
            f"The tokenizer of '{name}' has {tokenizer.vocab_size:,} entries and the network "
            f"{rows:,}, so they do not belong together. Save the tokenizer that the model was "
            "trained with beside it."
        )


def token_limit(tokenizer: PreTrainedTokenizerBase, module: PreTrainedModel) -> int:
    """How many tokens the model takes, special tokens included.

    The smaller of what the tokenizer and the position embeddings allow; 512 where neither says,
    as for models with relative positions.
    """
    config = module.config.get_text_config()
    positions = getattr(config, "max_position_embeddings", None) or getattr(
        config, "n_positions", None
    )
    limits = [
        limit
        for limit in (tokenizer.model_max_length, positions)
        if isinstance(limit, int | float) and 0 < limit < _NO_LIMIT
    ]
    return int(min([*limits, *_position_rows(module)], default=_FALLBACK_TOKENS))


def _position_rows(module: PreTrainedModel) -> list[int]:
    # RoBERTa and its relatives count positions from padding_idx + 1, so that many rows are unused
    return [
        part.num_embeddings - part.padding_idx - 1
        for name, part in module.named_modules()
        if name.endswith("position_embeddings")
        and isinstance(part, torch.nn.Embedding)
        and part.padding_idx is not None
    ]


def vocabulary(tokenizer: PreTrainedTokenizerBase, size: int) -> tuple[str, ...]:
    """Each of the `size` entries that a language model can predict, as text.

    Some are not text alone: bytes of a character decode to the replacement character, and rows
    beyond the tokenizer's entries to nothing.
    """
    known = [[index] for index in range(min(size, len(tokenizer)))]
    texts = tokenizer.batch_decode(known, clean_up_tokenization_spaces=False)
    return (*texts, *[""] * (size - len(texts)))
