"""How much memory is free, and whether a model fits into it: known before any weight is read."""

from __future__ import annotations

import math
from pathlib import Path
from typing import cast

import torch
from transformers import PreTrainedConfig, PreTrainedModel

from gaf_core.errors import ModelError, ModelSizeError

_BYTES = 4  # float32
_DEEPEST = 512  # layers; trained ones have up to about 130
_UNKNOWN = 4 * 2**30  # a cautious guess for a system that does not tell
_GROUPS = Path("/sys/fs/cgroup")
_CONTROL_GROUPS = (  # versions 2 and 1: folder, limit, in use, and what of it gives way
    (_GROUPS, "memory.max", "memory.current", "inactive_file"),
    (_GROUPS / "memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
)


def available_memory(device: torch.device) -> int:
    """Bytes that are free on a device; a cautious guess where the system does not tell."""
    if device.type == "cuda":
        free, _ = torch.cuda.mem_get_info(device)
        cached = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)
        return free + cached
    try:
        import psutil

        free = psutil.virtual_memory().available
    except (ImportError, OSError, RuntimeError):
        free = _UNKNOWN
    return int(min(free, _left_in_container()))


def _left_in_container() -> float:
    """Bytes that Linux lets the control group of this process take; infinite without a limit.

    Cached files that nobody has read for long count as free: they give way.
    """
    for folder, limit, used, cached in _CONTROL_GROUPS:
        try:
            most = int((folder / limit).read_text())
            taken = int((folder / used).read_text())
            facts = dict(line.split() for line in (folder / "memory.stat").read_text().splitlines())
            return max(0, most - taken + int(facts.get(cached, 0)))
        except (OSError, ValueError):  # another version, or "max": no limit
            continue
    return math.inf


def check_fits(network: type[PreTrainedModel], config: PreTrainedConfig, name: str) -> None:
    """Refuse a model that its configuration makes larger than what is free.

    The network is built without memory for its weights, so that whatever the configuration asks for
    is counted, whether its files have it or not.

    Raises:
        ModelSizeError: with the two numbers.
        ModelError: more layers than any network has.
    """
    depth = getattr(config.get_text_config(), "num_hidden_layers", 0)
    if isinstance(depth, int) and depth > _DEEPEST:
        raise ModelError(
            f"The configuration of '{name}' asks for {depth:,} layers, and models of up to "
            f"{_DEEPEST:,} are read. Get the config.json that was saved with these weights."
        )
    needed = _BYTES * _parameters(network, config)
    available = available_memory(torch.device("cpu"))  # where weights are read, wherever they go
    if needed > available:
        raise ModelSizeError(name, needed, available)


def memory_of(module: PreTrainedModel) -> int:
    """Bytes of the weights of a network."""
    return sum(tensor.nbytes for tensor in cast(torch.nn.Module, module).parameters())


def _parameters(network: type[PreTrainedModel], config: PreTrainedConfig) -> int:
    try:
        with torch.device("meta"):
            built = network(config)
    except Exception:  # of many kinds; loading says it in a sentence
        return 0
    return sum(one.numel() for one in cast(torch.nn.Module, built).parameters())
