"""Runs over many texts that the server keeps: a folder each, found by a number that nobody guesses.

Texts and rows of a run are for those who have its link. A run is deleted when nobody has opened it
for `KEPT` hours, or when somebody who has the link says so.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import shutil
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from gaf_core.corpus.parts import Folder
from gaf_core.corpus.texts import Source
from gaf_core.errors import SettingsError
from gaf_core.hosting import CHARACTERS

KEPT = 24  # hours after a run was opened last
FOLDER = "GAF_RUNS"  # the variable that says where runs are kept
_PATIENCE = 60.0  # seconds that a run waits for one that was stopped and finishes a text
_MOST = 200  # runs at once; beyond, those that were opened longest ago are deleted
DRAFT = "draft-"  # what the folders of texts begin with that are no run yet
_TOKEN = re.compile(r"[A-Za-z0-9_-]{22}")
_ABOUT = "page.json"
_OPENED = ".opened"


@dataclass(frozen=True)
class Plan:
    """What somebody asked for, as the page keeps it.

    Attributes:
        model, revision, device: the choice of the model.
        methods: codes.
        removed: how tokens are removed to measure faithfulness; None for the usual way, "nothing"
            where it is not measured.
        long: what becomes of texts that are too long.
        name: what the texts are called.
        file: name of the file beside the plan.
        text, second, label, identity: its columns.
        texts: how many it has.
        part: texts that are kept at once.
    """

    model: str
    revision: str | None
    device: str
    methods: tuple[str, ...]
    removed: str | None
    long: str
    name: str
    file: str
    text: str
    second: str | None
    label: str | None
    identity: str | None
    texts: int
    part: int


@dataclass(frozen=True)
class Kept:
    """A run that the server keeps.

    Attributes:
        token: its number in the link.
        path: its folder.
        plan: what was asked.
    """

    token: str
    path: Path
    plan: Plan

    @property
    def folder(self) -> Folder:
        """Where its rows are."""
        return Folder(self.path / "rows", _PATIENCE)

    def source(self, characters: int = CHARACTERS) -> Source:
        """Its texts."""
        plan = self.plan
        return Source(
            self.path / plan.file, plan.text, plan.second, plan.label, plan.identity, characters,
            plan.name,
        )  # fmt: skip

    @property
    def parts(self) -> int:
        """Parts that the rows are divided into."""
        return -(-self.plan.texts // self.plan.part)


def home() -> Path:
    """Where runs are kept: a folder of this user alone.

    Raises:
        SettingsError: it cannot be made, or belongs to somebody else.
    """
    user = os.getuid() if hasattr(os, "getuid") else "me"
    path = Path(os.environ.get(FOLDER) or Path(tempfile.gettempdir()) / f"gaf-runs-{user}")
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        if hasattr(os, "getuid") and path.stat().st_uid != os.getuid():
            raise PermissionError(0, "it belongs to somebody else")
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(
            f"The folder of the runs, '{path}', cannot be used: {reason}. Set {FOLDER} to another."
        ) from error
    return path


def keep(plan: Plan, texts: Path) -> Kept:
    """Begin a run with a copy of its texts.

    Raises:
        SettingsError: it cannot be written.
    """
    sweep(most=_MOST - 1)
    token = secrets.token_urlsafe(16)
    path = home() / token
    try:
        path.mkdir(mode=0o700)
        shutil.copyfile(texts, path / plan.file)
        (path / _ABOUT).write_text(json.dumps(asdict(plan)), encoding="utf-8")
    except OSError as error:
        shutil.rmtree(path, ignore_errors=True)
        reason = (error.strerror or str(error)).lower()
        raise SettingsError(f"The texts cannot be kept on this server: {reason}.") from error
    (path / _OPENED).touch()
    return Kept(token, path, plan)


def find(token: str) -> Kept | None:
    """The run of a link, which is opened with this; None where it is not kept (any more)."""
    if not _TOKEN.fullmatch(token):
        return None
    path = home() / token
    try:
        found = json.loads((path / _ABOUT).read_text(encoding="utf-8"))
        (path / _OPENED).touch()
    except (OSError, ValueError):
        return None
    return Kept(token, path, Plan(**found | {"methods": tuple(found["methods"])}))


def delete(token: str) -> None:
    """Delete a run with its texts and rows."""
    if _TOKEN.fullmatch(token):
        shutil.rmtree(home() / token, ignore_errors=True)


def sweep(now: float | None = None, most: int = _MOST) -> None:
    """Delete what nobody has opened for long, and of too many runs the oldest."""
    now = time.time() if now is None else now
    ages: list[tuple[float, Path]] = []
    for path in home().iterdir():
        draft = path.name.startswith(DRAFT)  # of a visitor whose server was stopped
        try:
            opened = (path if draft else path / _OPENED).stat().st_mtime
        except OSError:  # just begun, or no run
            continue
        ages.append((now - opened, path))
    ages.sort()
    for number, (age, path) in enumerate(ages):
        if age > KEPT * 3600 or number >= most:
            shutil.rmtree(path, ignore_errors=True)
