"""Where the base model of an adapter is: beside it, in another folder, or on the hub."""

from __future__ import annotations

from pathlib import Path

from gaf_core.errors import ModelError
from gaf_core.models.adapters import Adapter
from gaf_core.models.downloads import Reports
from gaf_core.models.files import ADAPTER_CONFIG, holds_base
from gaf_core.models.hub import download, is_repository_id

_ENTRY = f"base_model_name_or_path in {ADAPTER_CONFIG}"


def find_base(adapter: Adapter, *, from_hub: bool, reports: Reports = Reports()) -> Path:
    """The folder of the model that an adapter changes.

    Its own folder if that holds a whole model, as in transformers. Otherwise what its configuration
    names: a folder, seen from the adapter's or from the working folder, or a model of the hub. An
    adapter from the hub names models of the hub alone: a path that it names would be one of this
    computer, chosen by a stranger.

    Raises:
        ModelError: nothing is named, it is not there, or it is an adapter itself.
    """
    if holds_base(path.name for path in adapter.folder.iterdir()):
        return adapter.folder
    if not adapter.base:
        raise ModelError(
            f"The adapter in '{adapter.name}' does not name its base model. Write the folder or "
            f"the hub id of the base as {_ENTRY}."
        )
    base = None if from_hub else _local(adapter)
    if base is None:
        base = _downloaded(adapter, from_hub, reports)
    if (base / ADAPTER_CONFIG).exists():
        raise ModelError(
            f"The base model '{adapter.base}' of the adapter in '{adapter.name}' holds an adapter "
            "itself. Merge that one (merge_and_unload), save the result, and name it as the base."
        )
    return base


def _local(adapter: Adapter) -> Path | None:
    try:
        named = Path(adapter.base).expanduser()
        places = (adapter.folder / named, named)
        return next((place for place in places if place.is_dir()), None)
    except (OSError, RuntimeError, ValueError):  # too long, or the home of an unknown user
        return None


def _downloaded(adapter: Adapter, from_hub: bool, reports: Reports) -> Path:
    if not is_repository_id(adapter.base):
        where = "the hub has no such id" if from_hub else "there is no such folder"
        raise ModelError(
            f"The adapter in '{adapter.name}' names '{adapter.base}' as its base model, and "
            f"{where}. Correct {_ENTRY}."
        )
    return download(adapter.base, adapter.revision, reports).folder
