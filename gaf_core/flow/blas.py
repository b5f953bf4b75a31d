"""The few BLAS and LAPACK routines of the Newton step, in place and without the GIL.

SciPy's Python wrappers hold the GIL for the whole call, so two layers cannot be factorised at
once; called through their C addresses they release it. Matrices are float64, in Fortran order where
nothing else is said; only the lower triangle of a symmetric one is read or written.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable

import numpy as np
from numba.extending import get_cython_function_address
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _routine(module: str, name: str, arguments: int) -> Callable[..., None]:
    """A Fortran routine: every argument is an address."""
    address = get_cython_function_address(f"scipy.linalg.{module}", name)
    return ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * arguments)(address)


_dpotrf = _routine("cython_lapack", "dpotrf", 5)
_dtrsm = _routine("cython_blas", "dtrsm", 11)
_dtrsv = _routine("cython_blas", "dtrsv", 8)
_dsyrk = _routine("cython_blas", "dsyrk", 10)

_LETTERS = {letter: ctypes.c_char(letter.encode()) for letter in "LNRT"}
_NUMBERS = {number: ctypes.c_double(number) for number in (0.0, 1.0, -1.0)}
_at = ctypes.addressof
_L, _N, _R, _T = (_at(_LETTERS[letter]) for letter in "LNRT")
_ZERO, _ONE, _MINUS_ONE = (_at(_NUMBERS[number]) for number in (0.0, 1.0, -1.0))
_STRIDE = ctypes.c_int(1)


def cholesky(matrix: Array) -> bool:
    """Overwrite the lower triangle of `matrix` `[n, n]` with `L`, `matrix = L L'`.

    Returns:
        Whether it was positive definite.
    """
    order, failed = ctypes.c_int(len(matrix)), ctypes.c_int(0)
    _dpotrf(_L, _at(order), matrix.ctypes.data, _at(order), _at(failed))
    return failed.value == 0 and bool(np.isfinite(matrix[-1, -1]))


def solve_lower_matrix(factor: Array, matrix: Array) -> None:
    """Overwrite `matrix` `[n, m]`, in Fortran or C order, with `L^-1 matrix`."""
    rows, columns = (ctypes.c_int(size) for size in matrix.shape)
    if matrix.flags.f_contiguous:
        _dtrsm(
            _L, _L, _N, _N, _at(rows), _at(columns), _ONE,
            factor.ctypes.data, _at(rows), matrix.ctypes.data, _at(rows),
        )  # fmt: skip
    else:  # in memory this is matrix', which becomes matrix' L^-T
        _dtrsm(
            _R, _L, _T, _N, _at(columns), _at(rows), _ONE,
            factor.ctypes.data, _at(rows), matrix.ctypes.data, _at(columns),
        )  # fmt: skip


def solve_lower(factor: Array, vector: Array, transposed: bool = False) -> None:
    """Overwrite `vector` `[n]` with `L^-1 vector`, or with `L^-T vector`."""
    order = ctypes.c_int(len(vector))
    _dtrsv(
        _L, _T if transposed else _N, _N, _at(order),
        factor.ctypes.data, _at(order), vector.ctypes.data, _at(_STRIDE),
    )  # fmt: skip


def subtract_gram(matrix: Array, other: Array, *, onto: bool) -> None:
    """`matrix = -other' other`, or `-=` where `onto`; `other` is `[k, n]` in Fortran or C order."""
    inner, order = (ctypes.c_int(size) for size in other.shape)
    transposed, leading = (_T, inner) if other.flags.f_contiguous else (_N, order)
    _dsyrk(
        _L, transposed, _at(order), _at(inner), _MINUS_ONE,
        other.ctypes.data, _at(leading), _ONE if onto else _ZERO, matrix.ctypes.data, _at(order),
    )  # fmt: skip
