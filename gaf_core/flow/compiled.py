"""numba's compiler, with a cache on disk that a change of any file of this folder makes new.

numba looks at the file of a function when it decides whether its compiled code still holds, and not
at the files of what it calls, which it may have built in. Compiled code is therefore kept in a
folder of its own that is named after the contents of all files here, and after all else that makes
it: it stands in `__pycache__`, or with the caches of the user where that cannot be written to.

numba builds into a function, and compiles again, everything that the function calls. A large part
that has several callers, or a caller that has callers, is therefore called by its address (`jump`).
"""

from __future__ import annotations

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import numba
from llvmlite import binding
from numba import types
from numba.core import cgutils, config
from numba.extending import intrinsic

_FOLDER = Path(__file__).parent


def _digest() -> str:
    """Of all that compiled code depends on."""
    digest = hashlib.sha256()
    for file in sorted(_FOLDER.glob("*.py")):
        digest.update(file.read_bytes())
    for fact in (
        numba.__version__,
        str(sys.implementation.cache_tag),
        binding.get_host_cpu_name(),
        binding.get_host_cpu_features().flatten(),
    ):
        digest.update(fact.encode())
    return digest.hexdigest()[:16]


def _cache_folder() -> Path | None:
    """Where compiled code is kept; None where nothing can be."""
    for folder in (_FOLDER / "__pycache__", _user_caches() / "gaf-explorer"):
        kept = folder / f"compiled-{_digest()}"
        try:
            kept.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(kept, os.W_OK):
            return kept
    return None


def _user_caches() -> Path:
    named = os.environ.get("LOCALAPPDATA" if sys.platform == "win32" else "XDG_CACHE_HOME")
    return Path(named or os.path.expanduser("~/.cache"))


CACHE = _cache_folder()


def njit(**options):
    """`numba.njit` that keeps the result, releases the GIL and divides by zero as IEEE says."""
    options |= {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}

    def decorate(function):
        before, config.CACHE_DIR = config.CACHE_DIR, str(CACHE)
        try:
            return numba.njit(cache=CACHE is not None, **options)(function)
        finally:
            config.CACHE_DIR = before

    return decorate


def address_of(function: Any, arguments: tuple) -> int:
    """Where the machine code of a compiled function for such arguments begins, for `jump`.

    It is compiled if it was not yet, or loaded.
    """
    signature = tuple(numba.typeof(argument) for argument in arguments)
    function.compile(signature)
    found = function.overloads[signature]
    return found.library.get_pointer_to_function(found.fndesc.llvm_func_name)


def _typed_jump(_context, address, first, second):
    """Call the function of two arguments at an address (`address_of`), which returns nothing."""
    kinds = (first, second)

    def generate(context, builder, _signature, values):
        convention = context.call_conv
        routine = convention.get_function_type(types.none, kinds).as_pointer()
        pointer = builder.inttoptr(values[0], routine)
        status, _ = convention.call_function(builder, pointer, types.none, kinds, values[1:])
        with cgutils.if_unlikely(builder, status.is_error):
            convention.return_status_propagate(builder, status)
        return context.get_dummy_value()

    return types.void(address, first, second), generate


jump = cast(Callable[..., None], intrinsic(_typed_jump))
