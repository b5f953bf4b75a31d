"""The few BLAS and LAPACK routines of the Newton step, callable from compiled code.

SciPy exports the C addresses of its routines. Called through them, from code that has released the
GIL, two layers can be factorised at once, and a small one costs no more than its arithmetic. The
addresses are passed as arguments, because compiled code that held them could not be kept on disk.

Matrices are float64 or float32, as the routines are, in Fortran order, given by a flat array that
begins with them; where one is a part of a larger one, the rows of that (its leading dimension) are
given too. Of a symmetric or triangular one only the lower triangle is read or written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import NamedTuple, cast

import numpy as np
import scipy.linalg  # noqa: F401  its BLAS is loaded before the pools are looked for
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import get_cython_function_address, intrinsic
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from gaf_core.flow.compiled import njit

_ROUTINES = (
    ("cython_lapack", "potrf"),
    ("cython_lapack", "trtri"),
    ("cython_blas", "gemm"),
    ("cython_blas", "trmm"),
    ("cython_blas", "syrk"),
    ("cython_blas", "gemv"),
    ("cython_blas", "trmv"),
)


class Routines(NamedTuple):
    """The routines of one precision.

    Attributes:
        addresses: of the routines, in the order in which the functions below expect them.
        one: the number 1 in that precision.
    """

    addresses: NDArray[np.int64]
    one: np.floating


def load_routines(precision: type[np.floating]) -> Routines:
    """The routines for `np.float64` or `np.float32`."""
    letter = {np.float64: "d", np.float32: "s"}[precision]
    addresses = [
        get_cython_function_address(f"scipy.linalg.{module}", letter + name)
        for module, name in _ROUTINES
    ]
    return Routines(np.array(addresses, dtype=np.int64), precision(1.0))


class _SingleThreaded:
    """While anybody is inside, BLAS uses one thread: the limit is one for the whole process.

    Several BLAS pools on few cores fight each other, these matrices are small, and a sum that is
    split over threads depends on their number.
    """

    def __init__(self):
        self._pools, self._lock = ThreadpoolController(), threading.Lock()
        self._inside = 0

    def __enter__(self) -> None:
        with self._lock:
            if self._inside == 0:
                self._limit = self._pools.limit(limits=1, user_api="blas")
                self._limit.__enter__()
            self._inside += 1

    def __exit__(self, *_) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside == 0:
                self._limit.__exit__(None, None, None)


single_threaded = _SingleThreaded()

_LOWER, _LEFT, _RIGHT = np.uint8(ord("L")), np.uint8(ord("L")), np.uint8(ord("R"))
_PLAIN, _TRANSPOSED = np.uint8(ord("N")), np.uint8(ord("T"))
_ONE = np.int32(1)

_compiled = njit(inline="always")  # a call each


def _typed_call(_context, address, arguments):
    """Call a Fortran routine, which takes everything by reference: an array by its first entry."""
    signature = types.void(address, arguments)

    def generate(context, builder, signature, values):
        kinds = signature.args[1].types
        unpacked = cgutils.unpack_tuple(builder, values[1], len(kinds))
        passed = [
            context.make_array(kind)(context, builder, value).data
            if isinstance(kind, types.Array)
            else cgutils.alloca_once_value(builder, value)
            for value, kind in zip(unpacked, kinds, strict=True)
        ]
        routine = ir.FunctionType(ir.VoidType(), [value.type for value in passed])
        builder.call(builder.inttoptr(values[0], routine.as_pointer()), passed)
        return context.get_dummy_value()

    return signature, generate


call = cast(Callable[..., None], intrinsic(_typed_call))


@_compiled
def cholesky(routines, matrix, lead, order, failed):
    """Overwrite `matrix` `[order, order]` with `L`, `matrix = L L'`; whether it was possible.

    `failed` is `[1]` int32, for what the routine says.
    """
    call(routines.addresses[0], (_LOWER, np.int32(order), matrix, np.int32(lead), failed))
    return failed[0] == 0


@_compiled
def invert(routines, matrix, lead, order, failed):
    """Overwrite a lower triangle `[order, order]`, its diagonal not 0, with its inverse."""
    call(routines.addresses[1], (_LOWER, _PLAIN, np.int32(order), matrix, np.int32(lead), failed))


@_compiled
def subtract_product(routines, result, one, other, leads, shape, transposed):
    """`result -= one other`, or `one other'` where `transposed`.

    Args:
        routines: of the precision.
        result, one, other: matrices, of which none overlaps `result`.
        leads: of the three.
        shape: rows and columns of `result`, and columns of `one`.
        transposed: whether `other` is.
    """
    m, n, k = np.int32(shape[0]), np.int32(shape[1]), np.int32(shape[2])
    turned, plus = _TRANSPOSED if transposed else _PLAIN, routines.one
    first, second, third = np.int32(leads[0]), np.int32(leads[1]), np.int32(leads[2])
    call(
        routines.addresses[2],
        (_PLAIN, turned, m, n, k, -plus, one, second, other, third, plus, result, first),
    )


@_compiled
def triangle_times(routines, triangle, lead, matrix, rows, columns, above, factor):
    """Overwrite `matrix` `[rows, columns]`, in one of `above` rows, with `triangle matrix`."""
    m, n = np.int32(rows), np.int32(columns)
    call(
        routines.addresses[3],
        (
            _LEFT,
            _LOWER,
            _PLAIN,
            _PLAIN,
            m,
            n,
            factor,
            triangle,
            np.int32(lead),
            matrix,
            np.int32(above),
        ),
    )


@_compiled
def times_triangle(routines, triangle, lead, matrix, rows, columns, above, transposed):
    """The same with `matrix triangle`, or `matrix triangle'` where `transposed`."""
    m, n, turned = np.int32(rows), np.int32(columns), _TRANSPOSED if transposed else _PLAIN
    call(
        routines.addresses[3],
        (
            _RIGHT,
            _LOWER,
            turned,
            _PLAIN,
            m,
            n,
            routines.one,
            triangle,
            np.int32(lead),
            matrix,
            np.int32(above),
        ),
    )


@_compiled
def triangle_times_vector(routines, triangle, lead, vector, order, transposed):
    """Overwrite `vector` `[order]` with `triangle vector`, or of `triangle'` where `transposed`."""
    n, turned = np.int32(order), _TRANSPOSED if transposed else _PLAIN
    call(routines.addresses[6], (_LOWER, turned, _PLAIN, n, triangle, np.int32(lead), vector, _ONE))


@_compiled
def subtract_gram(routines, matrix, other, rows, columns, transposed, onto):
    """`matrix = -other other'`, or `-other' other` where `transposed`; `-=` where `onto`.

    `other` is `[rows, columns]`.
    """
    order, inner = (columns, rows) if transposed else (rows, columns)
    n, k, turned = np.int32(order), np.int32(inner), _TRANSPOSED if transposed else _PLAIN
    one = routines.one
    before = one if onto else one - one
    call(
        routines.addresses[4],
        (_LOWER, turned, n, k, -one, other, np.int32(rows), before, matrix, n),
    )


@_compiled
def add_product(routines, result, matrix, lead, vector, rows, columns, factor, transposed):
    """`result += factor matrix vector`, or of `matrix'` where `transposed`."""
    m, n, turned = np.int32(rows), np.int32(columns), _TRANSPOSED if transposed else _PLAIN
    call(
        routines.addresses[5],
        (turned, m, n, factor, matrix, np.int32(lead), vector, _ONE, routines.one, result, _ONE),
    )
