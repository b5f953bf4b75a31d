"""PEFT adapters: a small set of weights that changes a base model.

The adapter is loaded by peft onto its base and merged into it. Merged, the network is the plain one
of transformers again: what hooks its modules, reads its attention or freezes its norms meets the
classes that it knows, and no wrapper between them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from safetensors import safe_open
from transformers import PreTrainedModel

from gaf_core.errors import MissingPackageError, ModelError, cause
from gaf_core.models.files import ADAPTER_CONFIG, ADAPTER_WEIGHTS, read_object
from gaf_core.models.shards import some

# Kinds whose effect is a change of weights that can be added to the base.
_MERGED = ("IA3", "LOHA", "LOKR", "LORA")
_PREFIX = "base_model.model."
_HEADS = ("score.weight", "classifier.weight", "out_proj.weight")


@dataclass(frozen=True)
class Adapter:
    """An adapter in a folder, of which the configuration was checked.

    Attributes:
        folder: holds `adapter_config.json` and `adapter_model.safetensors`.
        name: how messages call it.
        base: the model that it changes, as its configuration names it; "" if it names none.
        revision: commit, branch or tag of the base, or None.
        kind: peft's name of the method, such as "LORA".
        task: peft's name of what it was trained for, or None.
        shapes: of each of its weights, by the name in the file.
    """

    folder: Path
    name: str
    base: str
    revision: str | None
    kind: str
    task: str | None
    shapes: dict[str, tuple[int, ...]]

    @property
    def classes(self) -> int | None:
        """How many classes its head tells apart, if it brings one."""
        rows = [
            shape[0]
            for key, shape in self.shapes.items()
            if key.endswith(_HEADS) and _bare(key).split(".")[0] in ("score", "classifier")
        ]
        return rows[-1] if rows else None

    def brings(self, weights: Iterable[str]) -> set[str]:
        """Those of the weights of the base that the adapter holds whole, such as a head."""
        held = set(map(_bare, self.shapes))
        return {weight for weight in weights if weight in held}


def read_adapter(folder: Path, name: str) -> Adapter | None:
    """The adapter of a folder, or None where there is none.

    Raises:
        ModelError: one of another kind than can be merged, or one that leads to other files.
        MissingPackageError: peft is not installed.
    """
    if not (folder / ADAPTER_CONFIG).exists():
        return None
    written = read_object(folder / ADAPTER_CONFIG)
    _check(written, name)
    if importlib.util.find_spec("peft") is None:
        raise MissingPackageError(f"The adapter in '{name}'", "peft", extra="peft")
    with safe_open(folder / ADAPTER_WEIGHTS, framework="pt") as content:
        keys = content.keys()
        shapes = {key: tuple(content.get_slice(key).get_shape()) for key in keys}
    return Adapter(
        folder=folder,
        name=name,
        base=str(written.get("base_model_name_or_path") or ""),
        revision=written.get("revision") or None,
        kind=written["peft_type"],
        task=written.get("task_type") or None,
        shapes=shapes,
    )


def merge(adapter: Adapter, base: PreTrainedModel) -> PreTrainedModel:
    """The base with the adapter merged into its weights.

    Raises:
        ModelError: the adapter does not fit the base.
    """
    import peft  # takes seconds, and only adapters need it

    try:
        kind = peft.PeftType(adapter.kind)
        config = peft.PEFT_TYPE_TO_CONFIG_MAPPING[kind].from_pretrained(str(adapter.folder))
        wrapper = peft.MODEL_TYPE_TO_PEFT_MODEL_MAPPING.get(str(adapter.task), peft.PeftModel)
        config.inference_mode = True
        wrapped: Any = wrapper(base, config)
        found = wrapped.load_adapter(str(adapter.folder), "default", torch_device="cpu")
        merged = wrapped.merge_and_unload(safe_merge=True)
    except KeyError as error:  # how peft says that a part to be replaced whole is not in the file
        raise _unfit(adapter, f"its file lacks {error}") from error
    except Exception as error:  # peft and torch raise many kinds
        raise _unfit(adapter, cause(error)) from error
    if found.unexpected_keys:
        raise _unfit(adapter, f"the base has no place for {some(found.unexpected_keys)}")
    if found.missing_keys:
        raise _unfit(adapter, f"its file lacks {some(found.missing_keys)}")
    return merged


def _check(written: dict[str, Any], name: str) -> None:
    kind = written.get("peft_type")
    if kind not in _MERGED:
        raise ModelError(
            f"The adapter in '{name}' is of the kind {kind}, and those that are read are "
            f"{', '.join(_MERGED)}. Merge it into its base model (merge_and_unload), save the "
            "result, and load that."
        )
    if leading := _leading(written):
        raise ModelError(
            f"The {ADAPTER_CONFIG} of '{name}' leads to other files or code ({leading}), which "
            "are not read. Set this entry to null, or merge the adapter and save the result."
        )


def _leading(written: dict[str, Any]) -> str | None:
    """An entry that makes peft import a module or read a file besides the adapter's own."""
    for key, value in written.items():
        if isinstance(value, dict) and (inner := _leading(value)):
            return f"{key}: {inner}"
        leads = key == "megatron_config" or key.endswith(("_file", "_files", "_path"))
        if value and leads and key != "base_model_name_or_path":
            return key
    return None


def _unfit(adapter: Adapter, reason: str) -> ModelError:
    return ModelError(
        f"The adapter in '{adapter.name}' does not fit its base model "
        f"'{adapter.base}': {reason}. Check that the base is the one that it was trained on."
    )


def _bare(key: str) -> str:
    return key.removeprefix(_PREFIX)
