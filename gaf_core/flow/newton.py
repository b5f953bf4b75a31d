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

from gaf_core.flow import blas
from gaf_core.flow.compiled import njit
from gaf_core.flow.layout import Layout

Array = NDArray[np.float64]

_double, _single = blas.load_routines(np.float64), blas.load_routines(np.float32)
_compiled = njit()


class Laplacian(NamedTuple):
    """The Laplacian of the layered electrical network, factorised again in every Newton step.

    Attributes:
        routines: the BLAS routines of the precision of the factors (`blas`).
        edge_start, node_start: where blocks and node layers stand (`layout`).
        middle: the node layer in which the eliminations from both ends meet.
        chains: `[2, 2]` first layer of each elimination, and its direction, up or down.
        coupling: `[edges]` the matrices `W`.
        factor: the factors `L`, one after the other; where layer `k` begins is `factor_start[k]`.
        fine: `[2]` whether the pivots of each chain were positive definite.
    """

    routines: blas.Routines
    edge_start: NDArray[np.int64]
    node_start: NDArray[np.int64]
    middle: int
    chains: NDArray[np.int64]
    coupling: NDArray[np.floating]
    factor: NDArray[np.floating]
    factor_start: NDArray[np.int64]
    fine: NDArray[np.bool_]


def laplacian_of(layout: Layout) -> Laplacian:
    """Allocate the factors once; fresh memory would cost as much as filling it."""
    last = layout.blocks - 1  # node layers 1 to last are unknown
    middle = (1 + last) // 2
    widths = np.diff(layout.node_start)
    sizes = widths**2
    sizes[[0, -1]] = 0
    for k in range(1, last + 1):
        if _is_diagonal(layout.node_start, middle, k):
            sizes[k] = widths[k]
    return Laplacian(
        routines=_double,
        edge_start=layout.edge_start,
        node_start=layout.node_start,
        middle=middle,
        chains=np.array([[1, 1], [last, -1]]),
        coupling=np.empty(int(layout.edge_start[-1])),
        factor=np.zeros(int(sizes.sum())),
        factor_start=np.concatenate([[0], sizes.cumsum()]),
        fine=np.zeros(2, dtype=np.bool_),
    )


def in_single(laplacian: Laplacian) -> Laplacian:
    """The same with factors in single precision, in the same memory: only one holds at a time."""
    return laplacian._replace(
        routines=_single,
        coupling=laplacian.coupling.view(np.float32),
        factor=laplacian.factor.view(np.float32),
    )


@_compiled
def eliminate(chain, laplacian, conductance, degree):
    """Take new conductances along one chain; into `fine`, whether its pivots were positive.

    Args:
        chain: 0 from the first layer up to the middle, 1 from the last layer down.
        laplacian: from `laplacian_of`; its factors are overwritten.
        conductance: flat `theta >= 0` of every edge.
        degree: flat sum of the conductances at every node.
    """
    laplacian.fine[chain] = _eliminate(laplacian, chain, conductance, degree)


@_compiled
def join(laplacian, degree):
    """After both chains: factorise the middle; False where the precision does not resolve it."""
    fine = laplacian.fine
    return fine[0] and fine[1] and _pivot(laplacian, laplacian.middle, degree)


@_compiled
def _eliminate(laplacian, chain, conductance, degree):
    """Factorise the pivots of one chain, each into the next; whether all were positive."""
    node_start, middle = laplacian.node_start, laplacian.middle
    factor, coupling, routines = laplacian.factor, laplacian.coupling, laplacian.routines
    k, step = laplacian.chains[chain]
    while k != middle:
        if not _pivot(laplacian, k, degree):
            return False
        block = k if step > 0 else k - 1
        first, rows, columns = _block(laplacian, block)
        coupling[first : first + rows * columns] = conductance[first : first + rows * columns]
        matrix = _address(coupling, first)
        own = laplacian.factor_start[k]
        if _is_diagonal(node_start, middle, k):
            for j in range(columns):
                for i in range(rows):
                    coupling[first + j * rows + i] /= factor[own + (i if step > 0 else j)]
        elif step > 0:
            blas.divide_left(routines, _address(factor, own), matrix, rows, columns)
        else:
            blas.divide_right(routines, _address(factor, own), matrix, rows, columns)
        k += step
    return True


@_compiled
def _pivot(laplacian, k, degree):
    """`S_k = L L'`, of which a diagonal is kept as a vector; whether it is positive definite."""
    node_start, middle = laplacian.node_start, laplacian.middle
    factor, routines = laplacian.factor, laplacian.routines
    n = node_start[k + 1] - node_start[k]
    own = laplacian.factor_start[k]
    if _is_diagonal(node_start, middle, k):
        for i in range(n):
            if not degree[node_start[k] + i] > 0.0:
                return False
            factor[own + i] = np.sqrt(degree[node_start[k] + i])
        return True
    matrix = _address(factor, own)
    onto = False
    for block in (k - 1, k):  # from the layer below and the layer above, if eliminated into k
        if (block < k and 1 < k <= middle) or (block == k and middle <= k < node_start.size - 3):
            first, rows, columns = _block(laplacian, block)
            other = _address(laplacian.coupling, first)
            blas.subtract_gram(routines, matrix, other, rows, columns, block < k, onto)
            onto = True
    for i in range(n):
        factor[own + i * (n + 1)] += degree[node_start[k] + i]
    return blas.cholesky(routines, matrix, n) and np.isfinite(factor[own + n * n - 1])


@_compiled
def reduce(chain, laplacian, vector):
    """First of three steps to the potentials of a right-hand side, flat over all nodes, in place.

    `y_k = L^-1 b_k` and `b_n += W' y_k` along one chain, short of the middle layer.
    """
    k, step = laplacian.chains[chain]
    while k != laplacian.middle:
        _divide(laplacian, k, vector, False)
        if k + step != laplacian.middle:
            _couple(laplacian, k, k + step, vector)
        k += step


@_compiled
def solve_middle(laplacian, vector):
    """Second step, after both chains: the layer where they meet, and the ends, which stay at 0."""
    middle = laplacian.middle
    vector[0] = vector[-1] = 0.0
    if middle > 1:
        _couple(laplacian, middle - 1, middle, vector)
    if middle < laplacian.node_start.size - 3:
        _couple(laplacian, middle + 1, middle, vector)
    _divide(laplacian, middle, vector, False)
    _divide(laplacian, middle, vector, True)


@_compiled
def expand(chain, laplacian, vector):
    """Third step: `p_k = L^-T (y_k + W p_n)` back along one chain."""
    end, step = laplacian.chains[chain]
    k = laplacian.middle - step
    while (k - end) * step >= 0:
        _couple(laplacian, k + step, k, vector)
        _divide(laplacian, k, vector, True)
        k -= step


@_compiled
def _divide(laplacian, k, vector, transposed):
    """Divide the part of `vector` in layer `k` by its factor, or the transposed factor."""
    node_start, factor = laplacian.node_start, laplacian.factor
    n, begin, own = node_start[k + 1] - node_start[k], node_start[k], laplacian.factor_start[k]
    if _is_diagonal(node_start, laplacian.middle, k):
        for i in range(n):
            vector[begin + i] /= factor[own + i]
    else:
        matrix, part = _address(factor, own), _address(vector, begin)
        blas.divide_vector(laplacian.routines, matrix, part, n, transposed)


@_compiled
def _couple(laplacian, source, target, vector):
    """Add to layer `target` what `W` or `W'` makes of neighbouring layer `source`."""
    first, rows, columns = _block(laplacian, min(source, target))
    blas.add_product(
        laplacian.routines,
        _address(vector, laplacian.node_start[target]),
        _address(laplacian.coupling, first),
        _address(vector, laplacian.node_start[source]),
        rows,
        columns,
        source < target,
    )


@_compiled
def _block(laplacian, block):
    """First entry, rows and columns of the matrix between two layers, in Fortran order."""
    node_start = laplacian.node_start
    rows = node_start[block + 1] - node_start[block]
    columns = node_start[block + 2] - node_start[block + 1]
    return laplacian.edge_start[block], rows, columns


@_compiled
def _is_diagonal(node_start, middle, k):
    """Whether no layer is eliminated into layer `k`: its pivot is then a diagonal."""
    below, above = 1 < k <= middle, middle <= k < node_start.size - 3
    return not (below or above)


@_compiled
def _address(array, entry):
    return array.ctypes.data + array.itemsize * entry
