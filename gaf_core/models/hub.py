"""Download a model from the Hugging Face hub: look first, say what it takes, then fetch.

The file list comes with sizes before any file, so a repository without safetensors, or one that is
larger than the free disk, is refused before gigabytes travel. What is in huggingface_hub's cache is
not fetched again, and with no connection the cache answers alone.
"""

from __future__ import annotations

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx2
from huggingface_hub import HfApi, constants, hf_hub_download
from huggingface_hub.errors import (
    GatedRepoError,
    HfHubHTTPError,
    HFValidationError,
    LocalEntryNotFoundError,
    OfflineModeIsEnabled,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)
from huggingface_hub.hf_api import RepoSibling
from huggingface_hub.utils import validate_repo_id

from gaf_core.errors import ModelError
from gaf_core.models.downloads import Plan, Progress, Reports, free_at
from gaf_core.models.files import (
    ADAPTER_CONFIG,
    CONFIG,
    check_folder,
    check_there,
    needed_files,
    read_object,
)

_BRANCH = "main"
_TIMEOUT = 15.0  # seconds until the hub counts as out of reach
_NO_FOLDER = (FileExistsError, NotADirectoryError, PermissionError)
_UNREACHABLE = (httpx2.TransportError, OfflineModeIsEnabled)


@dataclass(frozen=True)
class Download:
    """A model of the hub on this computer.

    Attributes:
        folder: holds configuration, tokenizer and weights.
        revision: the commit they belong to.
    """

    folder: Path
    revision: str


def is_repository_id(name: str) -> bool:
    """Whether this can be the id of a model on the hub, "name" or "owner/name", and not a path."""
    try:
        validate_repo_id(name)
    except HFValidationError:
        return False
    return name.isascii() and ".." not in name and name.count("/") <= 1


def download(name: str, revision: str | None = None, reports: Reports = Reports()) -> Download:
    """Fetch a model from the hub, or find it in the cache.

    Args:
        name: "owner/name" or "name", see `is_repository_id`.
        revision: branch, tag or commit; the main branch by default.
        reports: who is told what it will take, and how far it is.

    Raises:
        ModelError: no such model or revision, terms to accept first, no safetensors, no connection,
            no space on the disk.
    """
    wanted = revision or _BRANCH
    try:
        listed = _list_files(name, wanted)
    except _UNREACHABLE as error:
        return _cached(name, wanted, error)
    except HfHubHTTPError as error:
        if error.response.status_code >= 500:
            return _cached(name, wanted, error)
        raise _explained(error, name, wanted) from error
    with _failures_in_a_sentence(name, wanted):
        plan = _plan(name, wanted, listed)
    plan.check_space()
    if plan.missing and reports.announce is not None:
        reports.announce(plan)
    total = sum(plan.sizes.values())
    with _failures_in_a_sentence(name, wanted, total):
        return _fetch(name, wanted, dict(plan.sizes), reports.progress)


@contextmanager
def _failures_in_a_sentence(name: str, revision: str, total: int = 0) -> Iterator[None]:
    try:
        yield
    except ModelError:
        raise
    except Exception as error:  # many kinds, from the network, the hub and the disk
        raise _explained(error, name, revision, total) from error


def _list_files(name: str, revision: str) -> dict[str, RepoSibling]:
    info = HfApi().model_info(name, revision=revision, files_metadata=True, timeout=_TIMEOUT)
    return {file.rfilename: file for file in info.siblings or ()}


def _plan(name: str, revision: str, listed: dict[str, RepoSibling]) -> Plan:
    """What is read of these files, and how much of it is not in the cache under its checksum."""
    files = _choose(name, revision, listed)
    sizes = {file: listed[file].size or 0 for file in files}
    cache = Path(constants.HF_HUB_CACHE)
    contents = cache / f"models--{name.replace('/', '--')}" / "blobs"

    def is_here(file: RepoSibling) -> bool:
        checksum = file.lfs.sha256 if file.lfs else file.blob_id
        return checksum is not None and (contents / checksum).is_file()

    missing = sum(size for file, size in sizes.items() if not is_here(listed[file]))
    return Plan(name, sizes, missing, free_at(cache))


def _choose(name: str, revision: str, names: Iterable[str]) -> list[str]:
    """What to fetch; of the files themselves only those are read that say which others count."""

    def read(file: str) -> dict[str, Any]:
        return read_object(Path(hf_hub_download(name, file, revision=revision)))

    place = f"The model '{name}' on the hub"
    files = needed_files(names, place, read)
    check_there(files, names, place)
    return files


def _fetch(name: str, revision: str, sizes: dict[str, int], progress: Progress | None) -> Download:
    meter = _Meter(sum(sizes.values()), progress)
    first = next(iter(sizes))
    # asked for by the branch's name, so that the cache learns which commit the branch is at
    config = Path(hf_hub_download(name, first, revision=revision, tqdm_class=meter.bar()))
    done = sizes.pop(first)
    meter.at_least(done)
    for file, size in sizes.items():
        hf_hub_download(name, file, revision=config.parent.name, tqdm_class=meter.bar())
        done += size
        meter.at_least(done)
    return Download(config.parent, revision=config.parent.name)


def _cached(name: str, revision: str, error: Exception) -> Download:
    for first in (CONFIG, ADAPTER_CONFIG):
        try:
            config = Path(hf_hub_download(name, first, revision=revision, local_files_only=True))
            check_folder(config.parent)  # an interrupted download leaves a part
        except (LocalEntryNotFoundError, ModelError):
            continue
        return Download(config.parent, revision=config.parent.name)
    raise _explained(error, name, revision) from error


def _explained(error: Exception, name: str, revision: str, total: int = 0) -> ModelError:
    """One sentence for what happened, and one for what to do."""
    if isinstance(error, GatedRepoError):
        return ModelError(
            f"The model '{name}' is gated: its owner wants its terms accepted first. Accept them "
            f"at {constants.ENDPOINT}/{name}, then set HF_TOKEN to an access token of that account."
        )
    if isinstance(error, RevisionNotFoundError):
        return ModelError(
            f"The model '{name}' has no revision '{revision}'. Give a branch, a tag or a commit "
            "that its page lists, or leave the revision out."
        )
    if isinstance(error, RepositoryNotFoundError):
        return ModelError(
            f"There is no preset and no folder called '{name}'. Nor is there a public model "
            f"'{name}' on the hub. Check the spelling; if the model is private, set HF_TOKEN to an "
            "access token that may read it."
        )
    if isinstance(error, HfHubHTTPError):
        status = error.response.status_code
        advice = (
            "Set HF_TOKEN to a valid access token, or unset it."
            if status in (401, 403)
            else "Try again later."
        )
        return ModelError(f"The hub answered {status} when asked for '{name}'. {advice}")
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return ModelError(
            f"There is not enough space on the disk for '{name}' ({total / 1e6:,.0f} MB). Make "
            "room, or set HF_HOME to a folder on another disk."
        )
    if isinstance(error, _NO_FOLDER) or getattr(error, "errno", None) == errno.EROFS:
        return ModelError(
            f"The folder for models of the hub, '{constants.HF_HUB_CACHE}', cannot be used "
            f"({type(error).__name__}). Set HF_HOME to a folder that can be written."
        )
    if total:
        return ModelError(
            f"The download of '{name}' was interrupted ({type(error).__name__}). Try again: files "
            "that are complete are kept."
        )
    return ModelError(
        f"There is no preset and no folder called '{name}'. As a model on the hub it is not "
        "completely on this computer, and the hub cannot be reached. Check the connection and "
        "HF_HUB_OFFLINE."
    )


class _Meter:
    """Adds up the bytes of all files and reports them."""

    def __init__(self, total: int, report: Progress | None):
        self.done, self.total, self.report = 0, total, report

    def add(self, count: int) -> None:
        self.done += count
        if self.report is not None:
            self.report(min(self.done, self.total), self.total)

    def at_least(self, done: int) -> None:
        """Count a file that came from the cache, of which no byte was reported."""
        if self.done != done:
            self.add(done - self.done)

    def bar(self) -> Any:
        """A class that huggingface_hub takes for a tqdm bar; each of its objects adds up here."""
        meter = self

        class Bar:
            def __init__(self, *_: Any, initial: int = 0, **__: Any):
                meter.add(initial)

            def __enter__(self):
                return self

            def __exit__(self, *_: object) -> None:
                pass

            def update(self, count: float | None = 1) -> None:
                meter.add(int(count or 0))

            def ignore(self, *_: Any, **__: Any) -> None:
                """What else a bar can do: show a rate, count bytes before decompression, close."""

            update_transfer = close = refresh = ignore
            set_postfix_str = set_transfer_postfix_str = set_description_str = ignore

        return Bar
