"""numba's compiler, with a cache on disk that a change of any file of this folder makes new.

numba looks at the file of a function when it decides whether its compiled code still holds, and not
at the files of what it calls, which it may have built in. Compiled code is therefore kept in a
folder of `__pycache__` that is named after the contents of all files here.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import numba
from numba.core import config

_FOLDER = Path(__file__).parent


def _cache_folder() -> str:
    """Where compiled code is kept; "" leaves it to numba, where this folder is read-only."""
    digest = hashlib.sha256()
    for file in sorted(_FOLDER.glob("*.py")):
        digest.update(file.read_bytes())
    folder = _FOLDER / "__pycache__" / f"compiled-{digest.hexdigest()[:16]}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return ""
    return str(folder) if os.access(folder, os.W_OK) else ""


_CACHE = _cache_folder()


def njit(**options):
    """`numba.njit` that keeps the result, releases the GIL and divides by zero as IEEE says."""

    def decorate(function):
        before, config.CACHE_DIR = config.CACHE_DIR, _CACHE
        try:
            return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
        finally:
            config.CACHE_DIR = before

    return decorate
