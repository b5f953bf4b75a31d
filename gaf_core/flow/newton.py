"""One Newton system of the barrier method, solved layer by layer.

A Newton step asks for potentials `p` of the nodes (0 at source and target) with

    out(theta * dp) - in(theta * dp) = rhs      at every node,     dp = p_tail - p_head,

the potentials of an electrical network in which edge `e` has conductance `theta_e`. Nodes of one
layer are not joined to each other, so its Laplacian is block tridiagonal,

    D_k p_k - B_k p_{k+1} - B_{k-1}' p_{k-1} = rhs_k,       k = 1..K,

with `B_k` the conductances between layers `k` and `k+1` and `D_k` diagonal. Layers are eliminated
from both ends towards a middle one, which keeps the first and the last pivot diagonal and leaves
one symmetric positive definite matrix a layer (block Cholesky; Golub & Van Loan, Matrix
Computations, section 4.5). Eliminating layer `k` into its neighbour `n`, with `B` the conductances
between them:

    S_k = L L'        W = L^-1 B        S_n = D_n - W' W
    y_k = L^-1 b_k    b_n += W' y_k     and back:  p_k = L^-T (y_k + W p_n)

Time `O(L t^3)`, memory `O(L t^2)`. `W` stands where `B` stands in the flat array of conductances:
in memory the block between layers `k` and `k+1` is a matrix `[nodes of k, nodes of k+1]` in
Fortran order, which is `W` for an elimination upwards and its transpose for one downwards.

The factorisation can be done in single precision, which takes half the time and leaves a relative
residual around 1e-7 (`in_single`).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import blas, factor
from gaf_core.flow.compiled import njit
from gaf_core.flow.layout import Layout

Array = NDArray[np.float64]

_double, _single = blas.load_routines(np.float64), blas.load_routines(np.float32)
_compiled = njit()

_FORTH, _BACK = np.array([False, True])  # not literals, for each of which numba would compile
MIDDLE = 2  # the last part of a job, after those of the two chains


class Laplacian(NamedTuple):
    """The Laplacian of the layered electrical network, factorised again in every Newton step.

    Attributes:
        routines: the BLAS routines of the precision of the factors (`blas`).
        edge_start, node_start: where blocks and node layers stand (`layout`).
        middle: the node layer in which the eliminations from both ends meet.
        chains: `[2, 2]` first layer of each elimination, and its direction, up or down.
        diagonal: `[layers]` whether no layer is eliminated into it: its pivot is then a diagonal.
        conductance: `[edges]` `theta >= 0`; read only.
        degree: `[nodes]` sums of the conductances at every node; read only.
        coupling: `[edges]` the matrices `W`.
        factor: the factors `L` (`factor`), one after the other; that of layer `k` begins at
            `factor_start[k]`.
        fine: `[3]` whether the pivots of each part were positive definite.
        failed: `[3, 1]` what the Cholesky factorisation of each part said last.
        vector: `[nodes]` a right-hand side, and then its potentials.
    """

    routines: blas.Routines
    edge_start: NDArray[np.int64]
    node_start: NDArray[np.int64]
    middle: int
    chains: NDArray[np.int64]
    diagonal: NDArray[np.bool_]
    conductance: Array
    degree: Array
    coupling: NDArray[np.floating]
    factor: NDArray[np.floating]
    factor_start: NDArray[np.int64]
    fine: NDArray[np.bool_]
    failed: NDArray[np.int32]
    vector: NDArray[np.floating]


def laplacian_of(layout: Layout, conductance: Array, degree: Array, vector: Array) -> Laplacian:
    """Allocate the factors once; fresh memory would cost as much as filling it."""
    last = layout.blocks - 1  # node layers 1 to last are unknown
    middle = (1 + last) // 2
    layers, widths = np.arange(last + 2), np.diff(layout.node_start)
    into = ((layers > 1) & (layers <= middle)) | ((layers >= middle) & (layers < last))
    sizes = np.where(into, widths**2, widths)
    sizes[[0, -1]] = 0
    return Laplacian(
        routines=_double,
        edge_start=layout.edge_start,
        node_start=layout.node_start,
        middle=middle,
        chains=np.array([[1, 1], [last, -1]]),
        diagonal=~into,
        conductance=conductance,
        degree=degree,
        coupling=np.empty(conductance.size),
        factor=np.zeros(int(sizes.sum())),
        factor_start=np.concatenate([[0], sizes.cumsum()]),
        fine=np.zeros(3, dtype=np.bool_),
        failed=np.zeros((3, 1), dtype=np.int32),
        vector=vector,
    )


def in_single(laplacian: Laplacian, vector: NDArray[np.float32]) -> Laplacian:
    """The same with factors in single precision, in the same memory: only one holds at a time."""
    return laplacian._replace(
        routines=_single,
        coupling=laplacian.coupling.view(np.float32),
        factor=laplacian.factor.view(np.float32),
        vector=vector,
    )


@_compiled
def eliminate(part, laplacian):
    """Factorise the pivots of one part, each into the next; `fine` says if all were positive.

    The middle is not fine unless both chains are: then the precision does not resolve the system.
    """
    fine, middle = laplacian.fine, laplacian.middle
    if part == MIDDLE:
        fine[MIDDLE] = fine[0] and fine[1] and _pivot(part, laplacian, middle)
        return
    coupling, routines, conductance = laplacian.coupling, laplacian.routines, laplacian.conductance
    fine[part] = True
    k, step = laplacian.chains[part, 0], laplacian.chains[part, 1]
    while k != middle:
        if not _pivot(part, laplacian, k):
            fine[part] = False
            return
        first, rows, columns = _block(laplacian, k if step > 0 else k - 1)
        matrix, theta = coupling[first:], conductance[first:]
        for e in range(rows * columns):
            matrix[e] = theta[e]
        pivot = laplacian.factor[laplacian.factor_start[k] :]
        if laplacian.diagonal[k]:
            for j in range(columns):
                for i in range(rows):
                    matrix[j * rows + i] /= pivot[i if step > 0 else j]
        elif step > 0:
            factor.divide_left(routines, pivot, rows, matrix, columns)
        else:
            factor.divide_right(routines, pivot, columns, matrix, rows)
        k += step


@_compiled
def _pivot(part, laplacian, k):
    """`S_k = L L'`, of which a diagonal is kept as a vector; whether it is positive definite."""
    node_start, degree, middle = laplacian.node_start, laplacian.degree, laplacian.middle
    routines = laplacian.routines
    n = node_start[k + 1] - node_start[k]
    own = laplacian.factor_start[k]
    if laplacian.diagonal[k]:
        for i in range(n):
            if not degree[node_start[k] + i] > 0.0:
                return False
            laplacian.factor[own + i] = np.sqrt(degree[node_start[k] + i])
        return True
    matrix = laplacian.factor[own:]
    onto = 1 < k <= middle  # the layer below was eliminated into this one, and the layer above?
    if onto:
        first, rows, columns = _block(laplacian, k - 1)
        blas.subtract_gram(routines, matrix, laplacian.coupling[first:], rows, columns, True, False)
    if middle <= k < node_start.size - 3:
        first, rows, columns = _block(laplacian, k)
        blas.subtract_gram(routines, matrix, laplacian.coupling[first:], rows, columns, False, onto)
    for i in range(n):
        matrix[i * (n + 1)] += degree[node_start[k] + i]
    failed = laplacian.failed[part]
    return factor.factorise(routines, matrix, n, failed) and np.isfinite(matrix[n * n - 1])


@_compiled
def reduce(part, laplacian):
    """First of two steps from a right-hand side in `vector` to its potentials, in place.

    A chain, short of the middle layer: `y_k = L^-1 b_k` and `b_n += W' y_k`. The middle, after both
    chains: the layer where they meet, and the ends, which stay at 0.
    """
    middle, vector = laplacian.middle, laplacian.vector
    if part == MIDDLE:
        vector[0] = vector[-1] = 0.0
        if middle > 1:
            _couple(laplacian, middle - 1, middle)
        if middle < laplacian.node_start.size - 3:
            _couple(laplacian, middle + 1, middle)
        _divide(laplacian, middle, _FORTH)
        _divide(laplacian, middle, _BACK)
        return
    k, step = laplacian.chains[part, 0], laplacian.chains[part, 1]
    while k != middle:
        _divide(laplacian, k, _FORTH)
        if k + step != middle:
            _couple(laplacian, k, k + step)
        k += step


@_compiled
def expand(part, laplacian):
    """Second step, after the middle: `p_k = L^-T (y_k + W p_n)` back along one chain."""
    end, step = laplacian.chains[part, 0], laplacian.chains[part, 1]
    k = laplacian.middle - step
    while (k - end) * step >= 0:
        _couple(laplacian, k + step, k)
        _divide(laplacian, k, _BACK)
        k -= step


@_compiled
def _divide(laplacian, k, transposed):
    """Divide the part of `vector` in layer `k` by its factor, or the transposed factor."""
    node_start, own = laplacian.node_start, laplacian.factor_start[k]
    vector, pivot = laplacian.vector[node_start[k] :], laplacian.factor[own:]
    n = node_start[k + 1] - node_start[k]
    if laplacian.diagonal[k]:
        for i in range(n):
            vector[i] /= pivot[i]
    else:
        factor.divide_vector(laplacian.routines, pivot, n, vector, transposed)


@_compiled
def _couple(laplacian, source, target):
    """Add to layer `target` what `W` or `W'` makes of neighbouring layer `source`."""
    first, rows, columns = _block(laplacian, min(source, target))
    vector, node_start, routines = laplacian.vector, laplacian.node_start, laplacian.routines
    blas.add_product(
        routines,
        vector[node_start[target] :],
        laplacian.coupling[first:],
        rows,
        vector[node_start[source] :],
        rows,
        columns,
        routines.one,
        source < target,
    )


@_compiled
def _block(laplacian, block):
    """First entry, rows and columns of the matrix between two layers, in Fortran order."""
    node_start = laplacian.node_start
    rows = node_start[block + 1] - node_start[block]
    columns = node_start[block + 2] - node_start[block + 1]
    return laplacian.edge_start[block], rows, columns
