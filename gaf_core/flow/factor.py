"""`S = L L'` of one layer, and division by `L`, nearly all of it by matrix products.

A product of two matrices runs at nearly the speed of the machine, a Cholesky factorisation and a
triangular solve of some hundred rows at a quarter to a third of it. So `L` is cut into panels of
`BLOCK` columns. With `j` the rows of a panel that are on the diagonal, `i` those below it and `<`
the panels before,

    S_jj - L_j< L_j<' = L_jj L_jj'          small, by LAPACK
    X_j  = L_jj^-1                          small, kept in the place of L_jj
    L_ij = (S_ij - L_i< L_j<') X_j'         two products

and what divides by `L` needs no more than `X_j` and the rest of `L`:

    W_j = X_j (B_j - L_j< W_<)              W = L^-1 B
    W_j = (B_j - W_< L_j<') X_j'            W = B L^-T
    y_j = X_j b_j,   b_i -= L_ij y_j        y = L^-1 b
    y_j = X_j' (b_j - L_ij' y_i)            y = L^-T b

(Golub & Van Loan, Matrix Computations, sections 3.1 and 4.2). An inverse is safe here, whatever
the condition. `S` is what is left of a Laplacian: off the diagonal nothing is positive, so neither
is it in `L`, and `L^-1` has no negative entry. It is a sum of terms of one sign, each entry right
to some roundings, and division by it errs no more than substitution may (Higham, Accuracy and
Stability of Numerical Algorithms, sections 8.3 and 14.2).

Levels of precision: in float32 the factor leaves a relative residual around 1e-7 and takes half
the time; in float64 around 1e-16.
"""

from __future__ import annotations

from gaf_core.flow import blas
from gaf_core.flow.compiled import njit

BLOCK = 64  # columns of a panel
HALVED = 24  # rows of half a block from which its inverse is made of halves

_compiled = njit()


@_compiled
def factorise(routines, matrix, n, failed):
    """Overwrite the lower triangle of `matrix` `[n, n]` with its factor; whether it was possible.

    `failed` is `[1]` int32.
    """
    for j in range(0, n, BLOCK):
        b, own, row = min(BLOCK, n - j), matrix[j * (n + 1) :], matrix[j:]
        if j > 0:
            blas.subtract_product(routines, own, row, row, (n, n, n), (n - j, b, j), True)
        if not blas.cholesky(routines, own, n, b, failed):
            return False
        _invert(routines, own, n, b, failed)
        if j + b < n:
            below = own[b:]
            blas.times_triangle(routines, own, n, below, n - j - b, b, n, True)
    return True


@_compiled
def _invert(routines, triangle, n, order, failed):
    """Overwrite a diagonal block with its inverse, by halves: the routine alone is slow."""
    half = order // 2
    if half < HALVED:
        blas.invert(routines, triangle, n, order, failed)
        return
    corner, last = triangle[half:], triangle[half * (n + 1) :]
    blas.invert(routines, triangle, n, half, failed)
    blas.invert(routines, last, n, order - half, failed)
    blas.triangle_times(routines, last, n, corner, order - half, half, n, -routines.one)
    blas.times_triangle(routines, triangle, n, corner, order - half, half, n, False)


@_compiled
def divide_left(routines, factor, n, matrix, columns):
    """Overwrite `matrix` `[n, columns]` with `L^-1 matrix`."""
    for j in range(0, n, BLOCK):
        b, own = min(BLOCK, n - j), matrix[j:]
        if j > 0:
            blas.subtract_product(
                routines, own, factor[j:], matrix, (n, n, n), (b, columns, j), False
            )
        blas.triangle_times(routines, factor[j * (n + 1) :], n, own, b, columns, n, routines.one)


@_compiled
def divide_right(routines, factor, n, matrix, rows):
    """Overwrite `matrix` `[rows, n]` with `matrix L^-T`."""
    for j in range(0, n, BLOCK):
        b, own = min(BLOCK, n - j), matrix[j * rows :]
        if j > 0:
            blas.subtract_product(
                routines, own, matrix, factor[j:], (rows, rows, n), (rows, b, j), True
            )
        blas.times_triangle(routines, factor[j * (n + 1) :], n, own, rows, b, rows, True)


@_compiled
def divide_vector(routines, factor, n, vector, transposed):
    """Overwrite `vector` `[n]` with `L^-1 vector`, or `L^-T vector` where `transposed`."""
    blocks = (n + BLOCK - 1) // BLOCK
    for turn in range(blocks):
        j = (blocks - 1 - turn if transposed else turn) * BLOCK
        b = min(BLOCK, n - j)
        triangle, own, rest = factor[j * (n + 1) :], vector[j:], n - j - b
        if transposed and rest > 0:
            blas.add_product(routines, own, triangle[b:], n, own[b:], rest, b, -routines.one, True)
        blas.triangle_times_vector(routines, triangle, n, own, b, transposed)
        if not transposed and rest > 0:
            blas.add_product(routines, own[b:], triangle[b:], n, own, rest, b, -routines.one, False)
