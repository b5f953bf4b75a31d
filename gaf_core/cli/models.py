"""List the models that load by a short name."""

from __future__ import annotations

import argparse
from pathlib import Path

from gaf_core.errors import ModelError
from gaf_core.models.presets import PRESETS, PackagedModel


def run(_: argparse.Namespace) -> None:
    width = max(map(len, PRESETS))
    for name, preset in PRESETS.items():
        print(f"{name:{width}}  {_availability(preset)}")


def _availability(preset: Path | PackagedModel) -> str:
    if isinstance(preset, Path):
        return "installed" if preset.is_dir() else f"missing: there is no folder {preset}"
    try:
        preset.find()
    except ModelError as error:
        return f"not installed. {error}"
    return "installed"
