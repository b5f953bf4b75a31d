"""What needs no model does not wait for the libraries that run one."""

import inspect
import subprocess
import sys
from pathlib import Path

import pytest

import gaf_core

ROOT = Path(__file__).resolve().parent.parent
HEAVY = ("torch", "transformers", "numba", "scipy", "pandas", "plotly", "streamlit", "captum")


def loaded_after(code: str) -> set[str]:
    """The heavy libraries that a new process has imported."""
    asked = f"import sys\n{code}\nprint(*[name for name in {HEAVY} if name in sys.modules])"
    found = subprocess.run(
        [sys.executable, "-c", asked], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return set(found.stdout.splitlines()[-1].split())


@pytest.mark.parametrize(
    "code",
    [
        "import gaf_core",
        "import gaf_core; dir(gaf_core); gaf_core.Settings(layers=(1, 2)); gaf_core.PRESETS",
        "from gaf_core.cli import main; main(['models'])",
        "from gaf_core.cli import main\ntry: main(['--help'])\nexcept SystemExit: pass\nprint()",
        "from gaf_core.cli import main\ntry: main(['explain', '--help'])\nexcept SystemExit: pass",
        "from gaf_core.cli import main\ntry: main(['corpus', '--help'])\nexcept SystemExit: pass",
    ],
)
def test_nothing_heavy_is_loaded_before_it_is_needed(code):
    assert not loaded_after(code)


@pytest.mark.parametrize(
    ("code", "unneeded"),
    [
        ("import gaf_core; gaf_core.FlowNetwork", {"torch", "transformers", "streamlit"}),
        ("import gaf_core; gaf_core.solve", {"torch", "transformers", "streamlit"}),
        ("import gaf_core; gaf_core.explain", {"pandas", "plotly", "streamlit", "captum"}),
        ("import gaf_core.cli.explain", {"pandas", "plotly", "streamlit", "captum"}),
    ],
)
def test_what_is_used_brings_only_what_it_needs(code, unneeded):
    assert not loaded_after(code) & unneeded


def test_every_public_name_is_there_and_listed():
    assert {"explain", "trace", "METHODS", "__version__"} <= set(gaf_core.__all__)
    assert set(gaf_core.__all__) <= set(dir(gaf_core))
    for name in gaf_core.__all__:
        assert getattr(gaf_core, name) is not None
    with pytest.raises(AttributeError, match="nonsense"):
        _ = gaf_core.nonsense


def test_no_module_hides_a_function_of_its_name():
    import gaf_core.explanation
    import gaf_core.tracing.trace

    for name in gaf_core.__all__:
        assert not inspect.ismodule(getattr(gaf_core, name)), name
