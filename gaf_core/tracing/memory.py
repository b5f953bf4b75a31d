"""How much memory a trace takes, known before it starts: a refusal instead of a crash."""

from __future__ import annotations

from bisect import bisect_right
from numbers import Integral

from transformers import PreTrainedConfig

from gaf_core.errors import MemoryLimitError, SettingsError, check_kind
from gaf_core.models.memory import available_memory
from gaf_core.models.model import Model
from gaf_core.tracing.prediction import takes_batches

_BYTES = 4  # float32
# Peaks measured with BERT, GPT-2, Llama, Gemma 2, DeBERTa, BART and T5, rounded up. In attention
# maps [H, t, t] a layer: the attention, its gradient and a copy of one of them, 3.4 in all, and
# what soft-capping (3.8) or relative positions (4.5) keep for the backward pass.
_MAPS = 5
_DECODER_MAPS = 2  # self-attention and cross-attention beside an encoder
_HIDDEN = 56  # in hidden states [t, d] a layer: what the backward pass keeps of all other steps
# Of a copy of a text without a backward pass: what one layer holds of its scores, attention and
# product with a mask, and what its feed-forward holds; the mask has one map a layer.
_MASKED_MAPS, _MASKED_HIDDEN = 6, 24
_BATCH_TOKENS, _BATCH_ROWS = 1024, 64  # a larger batch is slower, it leaves the caches
_PART = 0.5  # of what is free, for a batch that can be smaller


def estimate_memory(model: Model, tokens: int) -> int:
    """Bytes that `trace` takes for a text of this many tokens, beside the model's weights.

    It grows with the square of `tokens`: `5 L H t^2` numbers for the attention, its gradient
    and what the backward pass keeps of them, and `56 L d t` for the activations of width `d`.

    >>> import gaf_core as gaf
    >>> model = gaf.load_model("minilm-reviews")
    >>> [round(gaf.estimate_memory(model, tokens) / 1e6) for tokens in (128, 512)]  # MB
    [90, 642]

    Raises:
        SettingsError: no number of tokens.
    """
    check_kind(model, Model, "gaf_core.load_model returns one.")
    if not isinstance(tokens, Integral) or tokens < 0:
        raise SettingsError(f"{tokens!r} is no number of tokens. Give a whole number.")
    config = model.module.config.get_text_config()
    decoder = _decoder_layers(config)
    maps = (_MAPS * model.layers + _DECODER_MAPS * decoder) * model.heads * tokens**2
    hidden = _HIDDEN * (model.layers + decoder) * config.hidden_size * tokens
    return _BYTES * (maps + hidden)


def _decoder_layers(config: PreTrainedConfig) -> int:
    if not config.is_encoder_decoder:
        return 0
    names = ("decoder_layers", "num_decoder_layers", "num_hidden_layers")
    return next(getattr(config, name) for name in names if hasattr(config, name))


def rows_that_fit(model: Model, tokens: int, *, backward: bool = False) -> int:
    """Copies of a text that one batch can have, with a mask for each; at least one.

    One alone where the network does not read several texts at once (`takes_batches`).

    They take half of what is free at most. A copy takes `6 H t^2 + L H t^2` numbers for what a
    layer makes of its attention and for its mask, `24 d t` for its feed-forward and `C` logits, or
    what a trace takes (`estimate_memory`) where its gradient is wanted.

    Args:
        model: that reads them.
        tokens: of the text.
        backward: whether a backward pass follows.
    """
    if not takes_batches(model):
        return 1
    if backward:
        each = estimate_memory(model, tokens)
    else:
        width = model.module.config.get_text_config().hidden_size
        maps = (_MASKED_MAPS + model.layers) * model.heads * tokens**2
        each = _BYTES * (maps + _MASKED_HIDDEN * width * tokens + len(model.labels))
    fitting = int(_PART * available_memory(model.device) / each)
    return max(1, min(_BATCH_ROWS, _BATCH_TOKENS // tokens, fitting))


def rows_of_a_path(model: Model, tokens: int, points: int) -> int:
    """Points of a path that one batch can have; at least one.

    Each takes what a trace takes, and `L H t^2` numbers hold the sums over all of them.

    Raises:
        MemoryLimitError: not even one fits.
    """
    check_memory(model, tokens, sums=1)
    return min(points, rows_that_fit(model, tokens, backward=True))


def check_memory(model: Model, tokens: int, sums: int = 0) -> None:
    """Refuse a text that needs more memory than the model's device has free.

    Args:
        model: that reads it.
        tokens: of the text.
        sums: arrays `[L, H, t, t]` that are kept beside what a trace takes.

    Raises:
        MemoryLimitError: with the two numbers, and how many tokens would fit.
    """

    def needs(count: int) -> int:
        kept = sums * model.layers * model.heads * count**2
        return estimate_memory(model, count) + _BYTES * kept

    needed, available = needs(tokens), available_memory(model.device)
    if needed > available:
        fitting = bisect_right(range(1, tokens), available, key=needs)
        raise MemoryLimitError(tokens, needed, available, fitting)
