"""A wheel of this checkout, and environments outside of it that hold what it declares and no more.

Nothing is fetched: an environment links to the packages of the one that runs the tests.
"""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.metadata import Distribution, distribution
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def declared(*extras: str) -> list[Requirement]:
    """What the package requires, with these extras; an extra may name others."""
    found: list[Requirement] = []
    lines = PROJECT["dependencies"] if not extras else []
    for extra in extras:
        lines = [*lines, *PROJECT["optional-dependencies"][extra]]
    for requirement in map(Requirement, lines):
        if requirement.name == PROJECT["name"]:
            found += declared(*sorted(requirement.extras))
        else:
            found.append(requirement)
    return found


def with_theirs(requirements: Iterable[Requirement]) -> dict[str, Distribution]:
    """The installed distributions that requirements bring, by name, with all that these require."""
    found: dict[str, Distribution] = {}
    waiting = [(one.name, frozenset(one.extras)) for one in requirements]
    seen = set()
    while waiting:
        name, extras = one = waiting.pop()
        if one in seen:
            continue
        seen.add(one)
        found[canonicalize_name(name)] = distribution(name)
        for needed in map(Requirement, distribution(name).requires or ()):
            marks = [{"extra": extra} for extra in (*extras, "")]
            if needed.marker is None or any(map(needed.marker.evaluate, marks)):
                waiting.append((needed.name, frozenset(needed.extras)))
    return found


def build(folder: Path, source: Path = ROOT) -> Path:
    """The wheel of a source tree or archive."""
    run_pip("wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", folder, source)
    (wheel,) = folder.glob("*.whl")
    return wheel


def run_pip(*arguments: str | Path) -> None:
    command = [sys.executable, "-m", "pip", *map(str, arguments)]
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PIP_")}
    environment = kept | {"PIP_NO_INDEX": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stdout + done.stderr


@dataclass(frozen=True)
class Environment:
    """A virtual environment in which the package is installed."""

    folder: Path

    @classmethod
    def of(cls, wheel: Path, folder: Path) -> Environment:
        """One with a wheel and what it always requires."""
        environment = cls(folder)
        venv.create(folder, symlinks=True, with_pip=False)
        environment._link(declared())
        run_pip("--python", environment.python, "install", "--no-deps", wheel)
        return environment

    def extended(self, folder: Path, *extras: str) -> Environment:
        """Another one, which has this one's packages, its compiled code too, and extras besides."""
        environment = Environment(folder)
        venv.create(folder, symlinks=True, with_pip=False)
        (environment.packages / "beneath.pth").write_text(str(self.packages))
        environment._link(declared(*extras))
        return environment

    def _link(self, requirements: list[Requirement]) -> None:
        for found in with_theirs(requirements).values():
            assert found.files, f"{found.name} does not list its files"
            for top in {file.parts[0] for file in found.files} - {"..", "__pycache__"}:
                link = self.packages / top
                if not link.exists():
                    link.symlink_to(Path(str(found.locate_file(top))).resolve())

    @property
    def packages(self) -> Path:
        base = str(self.folder)
        return Path(sysconfig.get_path("purelib", "venv", {"base": base, "platbase": base}))

    @property
    def python(self) -> Path:
        return self.folder / "bin" / "python"

    @property
    def gaf(self) -> Path:
        return self.folder / "bin" / "gaf"

    def run(self, *command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a program of it elsewhere, with none of the settings of this process."""
        return subprocess.run(
            list(map(str, command)), cwd=cwd, env=plain(), capture_output=True, encoding="utf-8",
            timeout=1200,
        )  # fmt: skip


def plain() -> dict[str, str]:
    """The variables of this process, but for those that show Python other folders."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
