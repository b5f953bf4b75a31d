"""Where the files beside the code are: in the checkout, or inside an installed package."""

from __future__ import annotations

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
_BUNDLED = _PACKAGE / "_bundled"  # only in a wheel, see `pyproject.toml`
_BASE = _BUNDLED if _BUNDLED.is_dir() else _PACKAGE.parent


def assets() -> Path:
    """The folder of the bundled models, data, examples, style and icon."""
    return _BASE / "assets"


def app() -> Path:
    """The script that Streamlit runs, beside its folders `pages` and `.streamlit`."""
    return _BASE / "app.py"
