"""The configuration of a saved model, as far as it is believed.

A `config.json` comes with a model and can ask for more than a network: for code, for other files,
for kernels from the hub, for outputs that the loader then cannot give. What says how the network is
built is kept, what a caller decides is dropped, and what leads elsewhere is refused.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any

from transformers import CONFIG_MAPPING, AutoConfig, PreTrainedConfig, __version__

from gaf_core.errors import ModelError
from gaf_core.models.files import CONFIG, read_object

# How the network is called and with which kernels: chosen here, whatever the model was saved with.
_CALLERS = (
    "attn_implementation",
    "_attn_implementation",
    "_attn_implementation_internal",
    "experts_implementation",
    "_experts_implementation",
    "output_attentions",
    "output_hidden_states",
    "return_dict",
    "torchscript",
    "fusion_config",
    "kernel_config",
    "use_kernels",
    "distributed_config",
)
# Which code and which weights belong to it: the library's own, and the files that were checked.
_LEADING = ("auto_map", "custom_pipelines", "transformers_weights")
_SIZES = {
    "num_hidden_layers": "layers",
    "num_attention_heads": "attention heads",
    "hidden_size": "numbers a token",
}
_DROPPED = frozenset((*_CALLERS, *_LEADING))


def load_configuration(folder: Path, name: str) -> PreTrainedConfig:
    """The configuration of a folder, without what leads the loader elsewhere.

    Raises:
        ModelError: it needs code of its own, other configuration files, or quantised weights,
            names no architecture or an unknown one, or asks for a network without layers.
    """
    written = read_object(folder / CONFIG)
    _check(written, folder, name)
    with tempfile.TemporaryDirectory() as clean:
        (Path(clean) / CONFIG).write_text(json.dumps(_kept(written)), encoding="utf-8")
        config = AutoConfig.from_pretrained(clean, local_files_only=True, trust_remote_code=False)
    _check_size(config, name)
    config.name_or_path = str(folder)
    return config


def _check_size(config: PreTrainedConfig, name: str) -> None:
    text = config.get_text_config()
    for entry, what in _SIZES.items():
        count = getattr(text, entry, 1)
        if isinstance(count, int) and count < 1:
            raise ModelError(
                f"The {CONFIG} of '{name}' asks for a network with {count} {what} ({entry}). Get "
                "the one that was saved with these weights."
            )


def _check(written: dict[str, Any], folder: Path, name: str) -> None:
    kind = written.get("model_type")
    if not isinstance(kind, str):
        raise ModelError(
            f"The folder '{folder}' does not hold a model that can be loaded: its {CONFIG} names "
            "no model_type. Save the model again with save_pretrained(), which writes it."
        )
    if kind not in CONFIG_MAPPING and "auto_map" in written:
        raise ModelError(
            f"'{name}' is a {kind}, which needs code that comes with the model, and such code is "
            "not run. Choose a model of an architecture that transformers knows."
        )
    if kind not in CONFIG_MAPPING:
        raise ModelError(
            f"'{name}' is of the architecture '{kind}', which transformers {__version__} does not "
            "know. Install a newer one, or choose a model of an architecture that it knows."
        )
    named = written.get("architectures")
    listed = isinstance(named, list) and all(isinstance(one, str) for one in named)
    if named is not None and not listed:
        raise ModelError(
            f"The {CONFIG} of '{name}' does not list its networks by name (architectures). Save "
            "the model again with save_pretrained(), which does."
        )
    if written.get("configuration_files"):
        raise ModelError(
            f"The {CONFIG} of '{name}' sends the reader to other configuration files "
            "(configuration_files), which are not read. Keep the one that is meant, and remove "
            "this entry."
        )
    if method := _quantisation(written):
        raise ModelError(
            f"The weights of '{name}' are quantised ({method}), and gradients need them whole. "
            "Choose the model that it was made from, dequantise it and save it, or take a GGUF "
            "file, which is unpacked when it is read."
        )


def _quantisation(written: dict[str, Any]) -> str:
    """How the weights of the network or of a part of it are quantised; "" where they are not."""
    if found := written.get("quantization_config"):
        return str(found.get("quant_method", "") if isinstance(found, dict) else found) or "unknown"
    return next(filter(None, map(_quantisation, _parts(written).values())), "")


def _kept(written: dict[str, Any]) -> dict[str, Any]:
    kept = {key: value for key, value in written.items() if key not in _DROPPED}
    return kept | {key: _kept(part) for key, part in _parts(written).items() if key in kept}


def _parts(written: dict[str, Any]) -> dict[str, dict[str, Any]]:
    # "text_config" and the like; labels and rotary settings are tables of their own
    return {
        key: value
        for key, value in written.items()
        if key.endswith("_config") and isinstance(value, dict)
    }
