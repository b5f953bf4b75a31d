"""What a download will take, said before it starts, and who is told how far it is."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from gaf_core.errors import ModelError

# Called with the bytes that are there and the bytes that will be.
Progress = Callable[[int, int], None]

_KNOWN = 1e5  # bytes that are here already: fewer, as a configuration has them, are not told


@dataclass(frozen=True)
class Plan:
    """What a download will take, known before it starts.

    Attributes:
        name: of the model on the hub.
        sizes: bytes of each file that is read of it.
        missing: bytes of those that are not on this computer yet.
        free: bytes that are free on the disk they go to.
    """

    name: str
    sizes: Mapping[str, int]
    missing: int
    free: int

    @property
    def message(self) -> str:
        """One sentence for people.

        >>> sizes = {"config.json": 700, "model.safetensors": 10**8}
        >>> Plan("owner/name", sizes, missing=10**8, free=10**10).message
        "'owner/name' is downloaded: 100.0 MB, and 10,000 MB are free on the disk."
        """
        here = sum(self.sizes.values()) - self.missing
        beside = f", beside {_megabytes(here)} MB that are here already" if here > _KNOWN else ""
        return (
            f"'{self.name}' is downloaded: {_megabytes(self.missing)} MB{beside}, and "
            f"{_megabytes(self.free)} MB are free on the disk."
        )

    def check_space(self) -> None:
        """Refuse what the disk has no room for.

        Raises:
            ModelError: with both numbers.
        """
        if self.missing > self.free:
            raise ModelError(
                f"There is not enough space on the disk for '{self.name}': what is still to come "
                f"takes {_megabytes(self.missing)} MB and {_megabytes(self.free)} MB are free. "
                "Make room, or set HF_HOME to a folder on another disk."
            )


class Reports(NamedTuple):
    """Who wants to hear of a download.

    Attributes:
        announce: called with what it will take, before it starts; not where all of it is here.
        progress: called with (bytes done, bytes in all) as they arrive.
    """

    announce: Callable[[Plan], None] | None = None
    progress: Progress | None = None


def free_at(cache: Path) -> int:
    """Bytes that are free on the disk where a folder is, or will be."""
    cache = cache.absolute()
    place = next(one for one in (cache, *cache.parents) if one.is_dir())
    return shutil.disk_usage(place).free


def _megabytes(count: int) -> str:
    return f"{count / 1e6:,.1f}" if count < 1e9 else f"{count / 1e6:,.0f}"
