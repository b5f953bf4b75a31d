"""What is imported is declared, in one place, and the requirements files say the same."""

import ast
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

from tests.support.installing import PROJECT, ROOT, declared

OURS = {"gaf_core", "pages", "tools", "benchmarks", "tests"}
DISTRIBUTIONS = packages_distributions()


def names(requirements: list[Requirement]) -> set[str]:
    return {canonicalize_name(one.name) for one in requirements}


def imported(path: Path) -> set[str]:
    """The top-level modules that a file imports, anywhere in it: not ours and not Python's."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and not node.level:
            found.add((node.module or "").split(".")[0])
        elif isinstance(node, ast.Call) and ast.unparse(node.func) == "pytest.importorskip":
            found.add(ast.literal_eval(node.args[0]).split(".")[0])
    return found - OURS - sys.stdlib_module_names


def undeclared(files: list[Path], requirements: list[Requirement]) -> set[str]:
    """Imports that no declared distribution brings, as `module (file)`."""
    assert files
    allowed = names(requirements)
    return {
        f"{module} ({path.relative_to(ROOT)})"
        for path in files
        for module in imported(path)
        if not allowed & {canonicalize_name(name) for name in DISTRIBUTIONS.get(module, ())}
    }


def test_the_core_imports_what_is_always_installed():
    """But for captum, peft, pyarrow and Ray, where what needs them says so if they are missing."""
    package = ROOT / "gaf_core"
    adapters = package / "models" / "adapters.py"
    corpus = package / "corpus"
    apart = (package / "ui", package / "methods", corpus, adapters)
    files = [
        path
        for path in package.rglob("*.py")
        if not any(path.is_relative_to(folder) for folder in apart)
    ]
    assert not undeclared(files, declared())
    methods = list((package / "methods").rglob("*.py"))
    assert not undeclared(methods, declared() + declared("methods"))
    assert not undeclared(list(corpus.rglob("*.py")), declared() + declared("ray"))
    assert not undeclared([adapters], declared() + declared("peft"))


def test_the_app_imports_what_its_extra_brings():
    files = [ROOT / "app.py", *(ROOT / "pages").rglob("*.py"), *ROOT.glob("gaf_core/ui/**/*.py")]
    assert not undeclared(files, declared() + declared("app"))


def test_everything_else_imports_what_developers_have():
    files = [
        path
        for name in ("tests", "tools", "benchmarks", "docs")
        for path in ROOT.glob(f"{name}/**/*.py")
    ]
    assert not undeclared(files, declared() + declared("all", "dev"))


def test_an_import_that_nobody_declared_is_found(tmp_path):
    """By name, inside a function as well; the name of a module need not be that of its package."""
    path = ROOT / "tests" / "test_dependencies.py"
    assert undeclared([path], declared()) == {
        "pytest (tests/test_dependencies.py)",
        "packaging (tests/test_dependencies.py)",
    }
    other = tmp_path / "other.py"
    other.write_text("def f():\n    from PIL import Image\n    import numpy.linalg as x, os\n")
    assert imported(other) == {"PIL", "numpy"}


def lines(name: str) -> dict[str, SpecifierSet]:
    """Name and versions of every line of a requirements file, which has no other kind of line."""
    content = (ROOT / name).read_text(encoding="utf-8").splitlines()
    kept = [line for line in content if line and not line.startswith(("#", "-r requirements.txt"))]
    found = {canonicalize_name(one.name): one.specifier for one in map(Requirement, kept)}
    assert len(found) == len(kept)
    return found


@pytest.mark.parametrize(
    ("name", "requirements"),
    [
        ("requirements.txt", declared() + declared("all")),
        ("requirements-dev.txt", declared("dev")),
    ],
)
def test_a_requirements_file_says_what_the_project_declares(name, requirements):
    found = lines(name)
    expected = {canonicalize_name(one.name): one.specifier for one in requirements}
    if pin := found.pop("torch", None):  # one build, so that a range does not bring another one
        (version,) = pin
        assert version.operator == "=="
        assert expected.pop("torch").contains(version.version)
    assert found == expected


def test_every_build_requirement_is_there_for_the_tests():
    system = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["build-system"]
    assert set(system["requires"]) <= set(PROJECT["optional-dependencies"]["dev"])
