"""What the Dockerfile promises; tests/test_package.py runs what it runs, without Docker."""

import re
import subprocess
from importlib.util import find_spec

import pytest
from packaging.specifiers import SpecifierSet

from tests.support import image
from tests.support.installing import PROJECT, ROOT

INDEX = "https://packages.invalid/cpu"


def test_it_stands_on_a_python_that_the_package_supports():
    (base,) = image.values("FROM")
    version = re.fullmatch(r"python:(\d\.\d+)-slim", base)
    assert version
    assert SpecifierSet(PROJECT["requires-python"]).contains(version[1])


def test_everything_it_installs_and_starts_is_not_root():
    names = [one.name for one in image.instructions()]
    (user,) = image.values("USER")
    assert user not in ("root", "0")
    assert any(f" {user}" in f" {run}" and "useradd" in run for run in image.values("RUN"))
    first = next(i for i, run in enumerate(image.instructions()) if "pip install" in run.value)
    assert names.index("USER") < min(first, names.index("CMD"), names.index("HEALTHCHECK"))
    assert all(value.startswith(f"--chown={user} ") for value in image.values("COPY"))


def test_port_app_and_health_check_are_of_one_port():
    (port,) = image.values("EXPOSE")
    assert f"--server.port={port}" in image.command("CMD")
    assert "--server.address=0.0.0.0" in image.command("CMD")
    assert f"http://127.0.0.1:{port}/_stcore/health" in image.command("HEALTHCHECK")[-1]


def test_the_solver_is_compiled_after_everything_is_installed():
    runs = image.values("RUN")
    assert runs[-2:] == ['pip install "./source[all]"', "python -m gaf_core.flow"]
    assert find_spec("gaf_core.flow.__main__")
    assert "all" in PROJECT["optional-dependencies"]


def test_what_it_copies_exists():
    for value in image.values("COPY"):
        _, *sources, _ = value.split()
        assert all((ROOT / source).exists() for source in sources), value


@pytest.mark.parametrize("index", ["", INDEX])
def test_torch_comes_first_in_the_pinned_version_from_the_index_that_is_named(index, tmp_path):
    (tmp_path / "source").symlink_to(ROOT)
    torch, rest, _ = (run for run in image.values("RUN") if run.startswith("pip install"))
    done = subprocess.run(
        ["sh", "-euc", f"pip() {{ printf '%s\\n' \"$@\"; }}\n{torch}"],
        cwd=tmp_path, env={"PATH": "/usr/bin:/bin", "TORCH_INDEX": index}, capture_output=True,
        text=True, check=True,
    )  # fmt: skip
    (pinned,) = re.findall(r"^torch==.*$", (ROOT / "requirements.txt").read_text(), flags=re.M)
    options = ["--index-url", index] if index else []
    assert done.stdout.splitlines() == ["install", *options, pinned]
    assert rest == "pip install --requirement source/requirements.txt"
    assert image.values("ARG") == ["TORCH_INDEX="]
