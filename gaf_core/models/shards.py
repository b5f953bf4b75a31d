"""Which files hold the weights of a network: one, or the shards that an index lists.

An index and a configuration come with a model, so what they name is believed only where it is a
safetensors file inside the model's own folder.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any

from safetensors import SafetensorError, safe_open

from gaf_core.errors import ModelError, cause

INDEX_ENDING = ".safetensors.index.json"
_LONGEST = 255  # characters of a file name
_SHOWN = 3  # names of weights in a message


def weight_files(
    config: dict[str, Any],
    usual: str | None,
    place: str,
    read: Callable[[str], dict[str, Any]],
    folder: Path | None = None,
) -> list[str]:
    """The names of the files that hold the weights, and of the index that lists them.

    Args:
        config: the configuration; as in transformers, its `transformers_weights` comes first.
        usual: the file or index of the usual name, if there is one.
        place: how a message names the folder or repository.
        read: reads an index by its name.
        folder: where the files are, if they are on this computer: a link may lead out of it.

    Raises:
        ModelError: a name that is no safetensors file, or that leads out of the folder.
    """
    named = config.get("transformers_weights")
    first = usual if named is None else _checked(named, place, "its configuration", folder)
    if first is None or not first.endswith(INDEX_ENDING):
        return [] if first is None else [first]
    shards = read(first).get("weight_map")
    if not isinstance(shards, dict) or not shards:
        raise ModelError(
            f"{place} has a '{first}' that does not say which file holds which weight. Save the "
            "model again."
        )
    names = {_checked(name, place, f"'{first}'", folder) for name in shards.values()}
    if inner := [name for name in names if name.endswith(INDEX_ENDING)]:
        raise _not_weights(place, f"'{first}'", inner[0])
    return [first, *sorted(names)]


@contextmanager
def opened(files: list[Path]) -> Iterator[dict[str, Any]]:
    """The tensors of safetensors files by name, each read when it is used and not before.

    Raises:
        ModelError: a file that is no safetensors file, or not all of one.
    """
    with ExitStack() as stack:
        tensors: dict[str, Any] = {}
        for file in files:
            content = stack.enter_context(_open(file))
            tensors |= {name: content.get_slice(name) for name in content.keys()}  # noqa: SIM118
        yield tensors


def _open(file: Path) -> Any:
    try:
        return safe_open(file, framework="pt")
    except SafetensorError as error:
        raise ModelError(
            f"'{file}' is no whole safetensors file: {cause(error)}. Get the file again, or save "
            "the model again with save_pretrained()."
        ) from error


def some(names: Iterable[str]) -> str:
    """A few names of weights, in order, for a message."""
    ordered = sorted(names)
    more = len(ordered) - _SHOWN
    return ", ".join(ordered[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _checked(name: object, place: str, source: str, folder: Path | None) -> str:
    """A file name as `source` writes it, if it is one of a safetensors file inside the folder."""
    if not isinstance(name, str) or not name.endswith((".safetensors", INDEX_ENDING)):
        raise _not_weights(place, source, name)
    if "\0" in name or len(name) > _LONGEST:
        raise ModelError(
            f"{place} is not loaded, because {source} names weights as no file can be called. "
            "Save the model again with save_pretrained()."
        )
    parts = PurePosixPath(name).parts
    outside = "\\" in name or PureWindowsPath(name).anchor or name.startswith("/") or ".." in parts
    if outside or (folder is not None and not _inside(folder / name, folder)):
        raise ModelError(
            f"{place} is not loaded, because {source} names the weights '{name}', which lie "
            "outside of it. Put all of the model into one folder."
        )
    return PurePosixPath(name).as_posix()


def _inside(path: Path, folder: Path) -> bool:
    """Whether a path, its links followed, stays in the folder or in the cache that that is of."""
    home = folder.resolve()
    # the hub's cache keeps contents in `blobs` and links to them from `snapshots/<commit>`
    homes = [home, home.parent.parent / "blobs"] if home.parent.name == "snapshots" else [home]
    return any(path.resolve().is_relative_to(one) for one in homes)


def _not_weights(place: str, source: str, name: object) -> ModelError:
    return ModelError(
        f"{place} is not loaded, because {source} names '{name}' as weights, and weights are read "
        "from safetensors files alone. Save the model again with save_pretrained()."
    )
