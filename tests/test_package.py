"""The package as others get it: built, installed outside of the checkout, and used there."""

import email
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.request
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pytest

import gaf_core as gaf
from tests.support import image
from tests.support.installing import ROOT, Environment, build, plain

BUNDLED = "gaf_core/_bundled/"
BESIDE = ("app.py", "pages", ".streamlit", "assets/data", "assets/models", "assets/examples.json")
README = (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def wheel(tmp_path_factory) -> Path:
    return build(tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def core(wheel, tmp_path_factory) -> Environment:
    """What `pip install .` gives, with no extra, and the solver compiled."""
    environment = Environment.of(wheel, tmp_path_factory.mktemp("core"))
    done = environment.run(
        environment.python, "-m", "gaf_core.flow", cwd=tmp_path_factory.mktemp("elsewhere")
    )
    assert done.returncode == 0, done.stderr
    return environment


@pytest.fixture(scope="session")
def with_app(core, tmp_path_factory) -> Environment:
    return core.extended(tmp_path_factory.mktemp("with-app"), "app")


def files_of(wheel: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


# The wheel


def test_the_wheel_holds_the_package_and_what_it_needs(wheel):
    files = files_of(wheel)
    code = {
        str(path.relative_to(ROOT)): path.read_bytes()
        for path in (ROOT / "gaf_core").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    assert code.items() <= files.items()
    assert "gaf_core/py.typed" in code
    assert "gaf_core/__init__.pyi" in code
    bundled = {name for name in files if name.startswith(BUNDLED)}
    for name in bundled:
        assert files[name] == (ROOT / name.removeprefix(BUNDLED)).read_bytes(), name
    assert all(any(name.startswith(BUNDLED + one) for name in bundled) for one in BESIDE)
    about = {name for name in files if ".dist-info/" in name}
    assert set(files) == set(code) | bundled | about
    assert not [name for name in files if name.endswith((".png", ".nbi", ".nbc", ".pyc"))]
    assert {name.rsplit("/", 1)[0].split("/", 1)[1] for name in about if "LICENSE" in name} == {
        "licenses", "licenses/assets/models/minilm-reviews",
    }  # fmt: skip


def test_the_page_of_the_package_stands_alone(wheel):
    """It leads nowhere that only a checkout has, shows no picture of it, and loses no code."""
    (about,) = (text for name, text in files_of(wheel).items() if name.endswith("/METADATA"))
    message = email.message_from_bytes(about)
    assert message["Version"] == gaf.__version__
    assert message["License-Expression"] == "MIT AND Apache-2.0"
    assert message["Description-Content-Type"] == "text/markdown"
    page = message.get_payload(decode=True).decode("utf-8")
    blocks = re.findall(r"```.*?```", README, flags=re.DOTALL)
    assert blocks == re.findall(r"```.*?```", page, flags=re.DOTALL)
    prose = re.sub(r"```.*?```", "", page, flags=re.DOTALL)
    targets = re.findall(r"\]\(([^)]*)\)", prose) + re.findall(r'(?:src|href)="([^"]*)"', prose)
    assert targets
    assert all(target.startswith("https://") for target in targets)
    assert "how to contribute" in prose
    assert len(page) > 0.8 * len(README)


def test_a_wheel_from_the_source_archive_has_the_same_files(wheel, tmp_path):
    command = [sys.executable, "-m", "hatchling", "build", "-t", "sdist", "-d", str(tmp_path)]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)
    (archive,) = tmp_path.glob("*.tar.gz")
    assert files_of(build(tmp_path / "again", source=archive)).keys() == files_of(wheel).keys()


def test_a_wheel_of_what_the_image_is_given_has_the_same_files(wheel, tmp_path):
    """Pictures are left out of both; what the image does not need is not sent to it."""
    given = image.copy_context(tmp_path / "context")
    assert files_of(build(tmp_path / "again", source=given)) == files_of(wheel)
    assert {path.name for path in given.iterdir()}.isdisjoint({"tests", "tools", ".git", "docs"})


# Installed


def test_the_package_is_the_installed_one_and_needs_nothing_else(core, tmp_path):
    code = "import gaf_core, sys; print(gaf_core.__file__, gaf_core.__version__, *sys.path)"
    file, version, *path = core.run(core.python, "-c", code, cwd=tmp_path).stdout.split()
    assert Path(file).is_relative_to(core.packages)
    assert version == gaf.__version__
    assert str(ROOT) not in path
    check = [sys.executable, "-m", "pip", "--python", core.python, "check"]
    done = core.run(*check, cwd=tmp_path)
    assert done.returncode == 0, done.stdout


def test_the_command_line(core, tmp_path):
    assert core.run(core.gaf, "--version", cwd=tmp_path).stdout == f"gaf {gaf.__version__}\n"
    listed = core.run(core.gaf, "models", cwd=tmp_path).stdout
    assert re.match("minilm-reviews +installed\n", listed)
    explained = core.run(core.gaf, "explain", "The acting was terrible.", cwd=tmp_path)
    assert explained.returncode == 0, explained.stderr
    assert explained.stdout.startswith("The model says “negative”")
    as_module = core.run(
        core.python, "-m", "gaf_core", "explain", "The acting was terrible.", cwd=tmp_path
    )
    assert without_times(as_module.stdout) == without_times(explained.stdout)


def without_times(printed: str) -> list[str]:
    return [re.sub(r"[\d.]+ m?s\b", "", line) for line in printed.splitlines()]


def test_the_python_of_the_readme(core, tmp_path):
    (section,) = re.findall(r"\n## In Python\n(.*?)\n## ", README, flags=re.DOTALL)
    blocks = re.findall(r"```python\n(.*?)```", section, flags=re.DOTALL)
    assert len(blocks) >= 3
    done = core.run(core.python, "-c", "\n".join(blocks), cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "faithful" in done.stdout


def test_the_solver_is_compiled_once_and_kept(core, tmp_path):
    def compiled() -> dict[str, int]:
        folder = core.packages / "gaf_core" / "flow" / "__pycache__"
        return {
            str(path.relative_to(folder)): path.stat().st_mtime_ns
            for path in folder.rglob("*.nb[ci]")
        }

    first = compiled()
    assert first
    for command in (
        (core.python, "-m", "gaf_core.flow"),
        (core.gaf, "explain", "The acting was terrible.", "--report", "report.html"),
    ):
        assert core.run(*command, cwd=tmp_path).returncode == 0
    assert compiled() == first


SALIENCY = """
import gaf_core as gaf
model = gaf.load_model("minilm-reviews")
try:
    gaf.METHODS["saliency"](model, gaf.trace(model, "A lovely film."))
except gaf.GafError as error:
    print(error)
"""


def test_what_needs_an_extra_says_which(core, tmp_path):
    app = core.run(core.gaf, "app", cwd=tmp_path)
    assert app.returncode == 2
    assert app.stderr == (
        "gaf: The app needs the package streamlit, which is not installed. Install it with "
        "`pip install streamlit`, or this package with its extra [app].\n"
    )
    method = core.run(core.python, "-c", SALIENCY, cwd=tmp_path)
    assert method.stdout == app.stderr.removeprefix("gaf: ").replace("The app", "Saliency").replace(
        "streamlit", "captum"
    ).replace("[app]", "[methods]")
    (tmp_path / "model.gguf").write_bytes(b"GGUF")
    file = core.run(core.gaf, "explain", "A", "--model", "model.gguf", cwd=tmp_path)
    assert file.returncode == 2
    assert "`pip install gguf accelerate`" in file.stderr


# The app


OPTIONS = ("app", "--server.headless", "true")


@contextmanager
def started(
    environment: Environment, folder: Path, options: Sequence[str] = OPTIONS
) -> Iterator[str]:
    """`gaf app` at a free port, from a folder with nothing in it; stopped as with Ctrl + C."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder.with_name("log.txt")
    command = [environment.python, "-m", "gaf_core", *options, f"--server.port={port}"]
    with log.open("w") as output:
        process = subprocess.Popen(
            command, cwd=folder, env=plain(), stdout=output, stderr=subprocess.STDOUT
        )
        try:
            wait_until_healthy(f"http://127.0.0.1:{port}/_stcore/health", process, log)
            yield f"http://127.0.0.1:{port}"
            assert f"http://127.0.0.1:{port}" in log.read_text()
        finally:
            process.send_signal(signal.SIGINT)
            process.wait(timeout=30)
    assert "Traceback" not in log.read_text()


def wait_until_healthy(url: str, process: subprocess.Popen, log: Path) -> None:
    until = time.monotonic() + 60
    while True:
        assert process.poll() is None, log.read_text()
        try:
            with urllib.request.urlopen(url, timeout=1) as answer:
                assert answer.read() == b"ok"
            return
        except OSError:
            assert time.monotonic() < until, log.read_text()
            time.sleep(0.1)


def test_the_app_starts_from_any_folder(with_app, tmp_path):
    (tmp_path / "empty").mkdir()
    with started(with_app, tmp_path / "empty") as address:
        with urllib.request.urlopen(address, timeout=10) as page:
            assert b"<title>" in page.read()
        listening = listeners(int(address.rsplit(":", 1)[1]))
    assert listening == {"127.0.0.1"}
    assert not list((tmp_path / "empty").iterdir())


def test_the_image_serves_the_app_and_knows_whether_it_does(with_app, tmp_path):
    """What it starts, but at an address that only this computer has; what it asks, at that port."""
    program, *options = image.command("CMD")
    assert program == "gaf"
    python, *check = image.command("HEALTHCHECK")
    assert python == "python"
    (port,) = image.values("EXPOSE")
    (tmp_path / "empty").mkdir()
    here = [option.replace("0.0.0.0", "127.0.0.1") for option in options]
    with started(with_app, tmp_path / "empty", here) as address:
        asked = [one.replace(f"http://127.0.0.1:{port}", address) for one in check]
        healthy = with_app.run(with_app.python, *asked, cwd=tmp_path)
        assert healthy.returncode == 0, healthy.stderr
    assert with_app.run(with_app.python, *asked, cwd=tmp_path).returncode == 1


def listeners(port: int) -> set[str]:
    """The addresses at which this computer listens at a port."""
    if not Path("/proc/net/tcp").exists():
        pytest.skip("the addresses that are listened at are read from /proc")
    found = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            local, state = line.split()[1], line.split()[3]
            address, at = local.split(":")
            if int(at, 16) == port and state == "0A":
                four = len(address) == 8
                raw = bytes.fromhex(address)[::-1] if four else bytes.fromhex(address)
                found.add(socket.inet_ntop(socket.AF_INET if four else socket.AF_INET6, raw))
    return found


@pytest.mark.browser
def test_the_app_has_its_colours_examples_and_pages(with_app, browser, tmp_path):
    (tmp_path / "empty").mkdir()
    with started(with_app, tmp_path / "empty") as address:
        context = browser.new_context(color_scheme="dark")
        page = context.new_page()
        page.goto(address)
        page.get_by_role("textbox", name="Text to explain").wait_for(timeout=120_000)
        assert page.title() == "GAF Explorer"
        assert page.get_by_role("link", name="Compare").is_visible()
        background = page.locator("[data-testid=stApp]").evaluate(
            "element => getComputedStyle(element).backgroundColor"
        )
        assert background == "rgb(16, 21, 28)", "that of .streamlit/config.toml"
        context.close()
