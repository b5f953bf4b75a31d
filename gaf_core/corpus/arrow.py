"""pyarrow, which the extras [app] and [corpus] bring, imported where a file of rows is met."""

from __future__ import annotations

from typing import Any

from gaf_core.errors import MissingPackageError


def arrow() -> Any:
    """The module `pyarrow`.

    Raises:
        MissingPackageError: it is not installed.
    """
    try:
        import pyarrow
    except ModuleNotFoundError as error:
        raise MissingPackageError("A file of rows", "pyarrow", extra="corpus") from error
    return pyarrow


def parquet() -> Any:
    """The module `pyarrow.parquet`.

    Raises:
        MissingPackageError: pyarrow is not installed.
    """
    arrow()
    import pyarrow.parquet

    return pyarrow.parquet
