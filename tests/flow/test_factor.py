"""The factor of one layer by panels: against what it was made of, at sizes of several panels."""

import subprocess
import sys

import numpy as np
import pytest

from gaf_core.flow import blas, factor
from tests.support.tolerance import assert_close, summed

SIZES = (1, 5, factor.BLOCK, factor.BLOCK + 1, 2 * factor.BLOCK + 17)
PRECISIONS = (np.float64, np.float32)


def grounded(n, precision, spread=0.0):
    """A Laplacian whose nodes also lead to the ground, with conductances over many magnitudes."""
    random = np.random.default_rng(n)
    joined = np.triu(random.uniform(0.1, 1.0, (n, n)) * 10.0 ** random.uniform(-spread, 0, (n, n)))
    joined = joined + joined.T
    np.fill_diagonal(joined, 0.0)
    ground = random.uniform(0.1, 1.0, n)
    return (np.diag(joined.sum(axis=1) + ground) - joined).astype(precision)


def factorised(matrix):
    """The flat array that `factorise` leaves of a matrix, and its routines."""
    routines = blas.load_routines(matrix.dtype.type)
    flat = matrix.ravel(order="F").copy()
    failed = np.zeros(1, dtype=np.int32)
    return routines, flat, factor.factorise(routines, flat, len(matrix), failed)


def lower(matrix):
    """`L` in double precision, by another library."""
    return np.linalg.cholesky(matrix.astype(np.float64))


@pytest.mark.parametrize("precision", PRECISIONS)
@pytest.mark.parametrize("n", SIZES)
def test_division_by_the_factor_is_undone_by_it(n, precision):
    matrix = grounded(n, precision)
    routines, flat, fine = factorised(matrix)
    assert fine
    triangle = lower(matrix)
    right = np.random.default_rng(1).normal(size=(n, 7)).astype(precision)
    how = {"roundings": 4 * summed(n), "precision": precision}

    left = right.ravel(order="F").copy()
    factor.divide_left(routines, flat, n, left, 7)
    left = left.reshape(n, 7, order="F").astype(float)
    size = np.abs(triangle) @ np.abs(left)
    assert_close(triangle @ left, right, size=size.max(), **how)

    turned = right.T.ravel(order="F").copy()
    factor.divide_right(routines, flat, n, turned, 7)
    assert_close(turned.reshape(7, n, order="F"), left.T, size=np.abs(left).max(), **how)

    vector = right[:, 0].copy()
    factor.divide_vector(routines, flat, n, vector, False)
    assert_close(vector, left[:, 0], size=np.abs(left).max(), **how)
    factor.divide_vector(routines, flat, n, vector, True)
    size = (np.abs(matrix).astype(float) @ np.abs(vector)).max()
    assert_close(matrix.astype(float) @ vector, right[:, 0], size=size, **how)


@pytest.mark.parametrize("n", SIZES)
def test_conductances_over_fifteen_magnitudes_cost_no_digits(n):
    matrix = grounded(n, np.float64, spread=15.0)
    routines, flat, fine = factorised(matrix)
    assert fine
    vector = np.random.default_rng(2).normal(size=n)
    given = vector.copy()
    factor.divide_vector(routines, flat, n, vector, False)
    factor.divide_vector(routines, flat, n, vector, True)
    size = (np.abs(matrix) @ np.abs(vector)).max()
    assert_close(matrix @ vector, given, roundings=4 * summed(n), size=size)


@pytest.mark.parametrize("bad", [0, factor.BLOCK + 3])
def test_what_is_not_positive_definite_is_said(bad):
    matrix = grounded(2 * factor.BLOCK, np.float64)
    matrix[bad, bad] = -1.0
    assert not factorised(matrix)[2]


def test_every_library_of_the_solver_is_held_to_one_thread():
    code = (
        "from gaf_core.flow import barrier, blas\n"
        "from threadpoolctl import threadpool_info\n"
        "with blas.single_threaded:\n"
        "    print({one['num_threads'] for one in threadpool_info() if one['user_api'] == 'blas'})"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "{1}"
