"""The model of a worker: loaded when it is first needed, once a process, and never pickled."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from gaf_core.models.model import Model, Task, load_model
from gaf_core.models.presets import PRESETS

_lock = Lock()
_last: dict[tuple[Any, ...], Model] = {}  # one at most: workers have one, and another replaces it


@dataclass
class Loading:
    """How a model is loaded; a copy in another process loads it there.

    Attributes:
        name, revision, device, task: as of `load_model`.
        given: a model that somebody has loaded, for this process only.
    """

    name: str
    revision: str | None
    device: str
    task: str | None
    given: Model | None = field(default=None, repr=False)

    @classmethod
    def of(
        cls, model: str | Path | Model, revision: str | None, device: str, task: Task | str | None
    ) -> Loading:
        """As a caller names it."""
        if isinstance(model, Model):
            return cls(model.name, model.revision, str(model.device), str(model.task), model)
        return cls(str(model), revision, device, None if task is None else str(task))

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "given": None}

    @property
    def model(self) -> Model:
        """The model, loaded now if this process does not have it.

        Raises:
            ModelError: it cannot be loaded.
        """
        if self.given is not None:
            return self.given
        key = (self.name, self.revision, self.device, self.task, _written(self.name))
        with _lock:
            if key not in _last:
                _last.clear()
                _last[key] = load_model(
                    self.name, revision=self.revision, device=self.device, task=self.task
                )
            return _last[key]


def _written(name: str) -> int:
    """When a local folder was last written to: a new training run is another model."""
    if name in PRESETS:
        return 0
    try:
        path = Path(name).expanduser()
        files = [path, *path.iterdir()] if path.is_dir() else [path]
        return max(file.stat().st_mtime_ns for file in files)
    except (OSError, RuntimeError, ValueError):  # it is on the hub, or no name that a file can have
        return 0
