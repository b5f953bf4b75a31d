"""The Dockerfile as data, and what Docker would be given to build it."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]


class Instruction(NamedTuple):
    """One instruction of a Dockerfile, such as ("RUN", "python -m venv venv")."""

    name: str
    value: str


def instructions() -> list[Instruction]:
    """Those of the Dockerfile in order, without comments and each on one line."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    joined = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [Instruction(*line.split(maxsplit=1)) for line in joined.splitlines()]


def values(name: str) -> list[str]:
    """What the instructions of one name say."""
    return [one.value for one in instructions() if one.name == name]


def command(name: str) -> list[str]:
    """The program that CMD or HEALTHCHECK starts, with its arguments."""
    (value,) = values(name)
    return json.loads(value[value.index("[") :])


def context() -> list[Path]:
    """The files that Docker is given: .dockerignore has `*`, then `!name`s, then `**/name`s."""
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    rules = [line for line in lines if line and not line.startswith("#")]
    kept = [ROOT / rule[1:] for rule in rules if rule.startswith("!")]
    ignored = [rule.removeprefix("**/") for rule in rules if rule.startswith("**/")]
    assert rules == ["*", *(f"!{p.relative_to(ROOT)}" for p in kept), *(f"**/{i}" for i in ignored)]
    assert all(path.exists() for path in kept)
    found = [path for one in kept for path in (one.rglob("*") if one.is_dir() else [one])]
    return [
        path
        for path in found
        if path.is_file()
        and not any(Path(part).match(i) for part in path.relative_to(ROOT).parts for i in ignored)
    ]


def copy_context(folder: Path) -> Path:
    """A folder with the files of `context`, as `COPY .` makes it."""
    for path in context():
        target = folder / path.relative_to(ROOT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    return folder
