"""Which device a model computes on."""

from __future__ import annotations

import re

import torch

from gaf_core.errors import ModelError

_PATTERN = re.compile(r"auto|cpu|mps|cuda(:\d+)?", re.ASCII)


def resolve_device(name: str) -> torch.device:
    """Turn "auto", "cpu", "mps", "cuda" or "cuda:1" into a device that is there.

    "auto" takes CUDA before MPS before the CPU.

    Raises:
        ModelError: not the name of a device, or this computer or this build of PyTorch has none.
    """
    if not _PATTERN.fullmatch(str(name)):
        raise ModelError(
            f"'{name}' is not a device. Choose from: auto, cpu, cuda, cuda:1 (the second), mps."
        )
    if name == "auto":
        name = _best()
    device = torch.device(name)
    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if device.type == "cuda" and (device.index or 0) >= count:
        found = "none" if not count else f"{count}, counted from cuda:0"
        raise ModelError(
            f"The device '{name}' is not available: PyTorch finds {found} of this kind. "
            'Use device="auto" or "cpu", or install a PyTorch build for your GPU.'
        )
    if device.type == "mps" and not torch.backends.mps.is_available():
        raise ModelError(
            "The device 'mps' is not available: it needs a Mac with Apple silicon and its build "
            'of PyTorch. Use device="auto" or "cpu".'
        )
    return device


def _best() -> str:
    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def available_devices() -> tuple[str, ...]:
    """Names of the devices that `resolve_device` takes on this computer, besides "auto"."""
    cuda = range(torch.cuda.device_count() if torch.cuda.is_available() else 0)
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return (*(f"cuda:{index}" for index in cuda), *mps, "cpu")
