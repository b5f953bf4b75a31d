"""The version of this package: the one place where it stands, which `pyproject.toml` reads too."""

__version__ = "0.1.0"
