"""The import graph is the data flow: read from the source, so that it stays so.

text -> Trace -> information tensor -> FlowNetwork -> FlowSolution -> Explanation -> picture
"""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGE = ROOT / "gaf_core"

# A module may import from gaf_core only what stands on an earlier line.
ORDER = (
    ("errors",),
    ("cores",),
    ("version", "places", "spans"),
    ("kinds",),
    ("settings", "tables", "markup"),
    ("hosting",),
    ("models",),
    ("tracing",),
    ("text",),
    ("information",),
    ("network",),
    ("flow",),
    ("explanation",),
    ("signed",),
    ("composer",),
    ("methods",),
    ("elsewhere",),
    ("evaluation",),
    ("corpus",),
    ("reading",),
    ("lesson",),
    ("picture",),
    ("figures",),
    ("files",),
    ("cli",),
    ("__main__",),
    ("ui",),
)

# An explanation draws itself: what it needs for that stands below it, and is imported by the method
# that draws, so that importing the library imports no plotly.
LATE = {
    "gaf_core.explanation": ("picture", "figures"),
    "gaf_core.signed": ("picture",),
}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def imports(path: Path) -> set[str]:
    return imports_of(ast.parse(path.read_text(encoding="utf-8")))


def imports_of(tree: ast.AST) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "relative import"
            found.add(node.module or "")
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py"))}
IMPORTS = {name: imports(path) for name, path in MODULES.items()}


def part(name: str) -> str:
    """The part of gaf_core that a module belongs to."""
    return name.split(".")[1] if "." in name else ""


def imports_library(name: str, library: str) -> bool:
    return any(found.split(".")[0] == library for found in IMPORTS[name])


def stage(name: str) -> int:
    return next(index for index, parts in enumerate(ORDER) if part(name) in parts)


@pytest.mark.parametrize("name", [name for name in MODULES if name != "gaf_core"])
def test_no_import_runs_backwards(name):
    assert any(part(name) in parts for parts in ORDER), f"{name} has no place in the order"
    assert part(name) == "ui" or "gaf_core" not in IMPORTS[name], "the whole package at once"
    for found in IMPORTS[name]:
        if found == "gaf_core" or found not in MODULES:
            continue
        inside = part(found) in (part(name), *LATE.get(name, ()))
        assert inside or stage(found) <= stage(name), f"{name} imports {found}"


@pytest.mark.parametrize(("name", "late"), LATE.items())
def test_what_is_imported_late_is_not_imported_with_its_module(name, late):
    assert set(late) <= {part(found) for found in IMPORTS[name]}, "the exception is not needed"
    for node in ast.parse(MODULES[name].read_text(encoding="utf-8")).body:
        if isinstance(node, ast.Import | ast.ImportFrom):
            assert not any(f"gaf_core.{one}" in ast.unparse(node) for one in late)


def test_only_ui_imports_streamlit():
    users = {part(name) for name in MODULES if imports_library(name, "streamlit")}
    assert users == {"ui"}


def test_pages_of_ui_know_what_they_share_and_not_each_other():
    pages = {path.parent.name for path in PACKAGE.glob("ui/*/__init__.py")}
    for name in MODULES:
        if (
            part(name) != "ui" or name == "gaf_core.ui.warm"
        ):  # which reads what the first page needs
            continue
        own = {name.split(".")[2]} if name.count(".") > 2 else set()
        found = {one.split(".")[2] for one in IMPORTS[name] if one.startswith("gaf_core.ui.")}
        assert not (found & pages) - own, name


def test_only_figures_imports_plotly():
    users = {part(name) for name in MODULES if imports_library(name, "plotly")}
    assert users == {"figures"}


def test_only_methods_imports_captum_and_not_when_the_app_starts():
    users = {name for name in MODULES if imports_library(name, "captum")}
    assert {part(name) for name in users} == {"methods"}
    for name in users:  # it brings matplotlib: each function imports it when it is called
        for node in ast.parse(MODULES[name].read_text(encoding="utf-8")).body:
            assert "captum" not in ast.unparse(node) or not isinstance(
                node, ast.Import | ast.ImportFrom
            ), name


def test_the_flow_knows_arrays_and_networks_only():
    for name in MODULES:
        if part(name) != "flow":
            continue
        assert not imports_library(name, "transformers")
        assert not imports_library(name, "torch")
        inside = {part(found) for found in IMPORTS[name] if found.startswith("gaf_core.")}
        assert inside <= {"flow", "network", "errors", "cores"}, name


def test_what_measures_does_not_import_what_tests():
    for path in (ROOT / "benchmarks").glob("*.py"):
        assert not any(found.split(".")[0] == "tests" for found in imports(path)), path


def test_the_tests_stand_as_the_package_does():
    rooms = {path.parent.name for path in (ROOT / "tests").glob("*/__init__.py")} - {"support"}
    assert rooms <= {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    loose = {path.stem.removeprefix("test_") for path in (ROOT / "tests").glob("test_*.py")}
    assert not rooms & loose


def test_pages_are_thin_and_hold_no_helpers():
    for path in (ROOT / "pages").glob("*.py"):
        code = path.read_text(encoding="utf-8")
        assert len(code.splitlines()) <= 120, path
        first = next(one for one in ast.parse(code).body[1:] if isinstance(one, ast.Expr))
        assert ast.unparse(first) == "need_frame()", path


def test_every_public_name_is_exported_and_documented():
    import gaf_core

    for name in gaf_core.__all__:
        assert getattr(gaf_core, name).__doc__ or name == "PRESETS", name


def test_weights_are_loaded_safely_everywhere():
    for path in [*PACKAGE.rglob("*.py"), *(ROOT / "tools").rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.keyword) and node.arg == "trust_remote_code":
                assert isinstance(node.value, ast.Constant)
                assert node.value.value is False, path
            if isinstance(node, ast.Attribute) and node.attr == "load":
                owner = node.value.id if isinstance(node.value, ast.Name) else ""
                assert owner not in ("torch", "pickle"), path
