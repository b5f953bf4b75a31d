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
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numba import njit
from numpy.typing import NDArray

from gaf_core.flow import blas
from gaf_core.flow.layout import Layout
from gaf_core.flow.threads import both

Array = NDArray[np.float64]

_routines = blas.load_routines()
_compiled = njit(cache=True, nogil=True)


class SingularSystemError(ArithmeticError):
    """A pivot is not positive definite in double precision."""


class Laplacian:
    """The Laplacian of the layered electrical network, factorised again in every Newton step."""

    def __init__(self, layout: Layout):
        """Allocate the factors once; fresh memory would cost as much as filling it."""
        last = layout.blocks - 1  # node layers 1 to last are unknown
        self._edges, self._middle = int(layout.edge_start[-1]), (1 + last) // 2
        widths = np.diff(layout.node_start)
        sizes = widths**2
        sizes[[0, -1]] = 0
        for k in range(1, last + 1):
            if _is_diagonal(layout.node_start, self._middle, k):
                sizes[k] = widths[k]
        self._coupling = np.empty(self._edges)
        self._factor = np.zeros(int(sizes.sum()))
        self._common = (
            _routines,
            layout.edge_start,
            layout.node_start,
            np.concatenate([[0], sizes.cumsum()]),
            self._middle,
            self._coupling,
            self._factor,
        )
        # the two chains, as the layer that each begins with and its direction
        self._chains = (1, 1), (last, -1)

    def factorise(self, conductance: Array, degree: Array) -> None:
        """Take new conductances.

        Args:
            conductance: flat `theta >= 0` of every edge.
            degree: flat sum of the conductances at every node.

        Raises:
            SingularSystemError: the conductances differ by more than double precision resolves.
        """
        fine = self._both(_eliminate, conductance, degree)
        if not all(fine) or not _pivot(*self._common, self._middle, degree):
            raise SingularSystemError

    def solve(self, rhs: Array) -> Array:
        """Potentials for one right-hand side, both flat over all nodes; 0 at source and target."""
        potential = rhs.copy()
        potential[0] = potential[-1] = 0.0
        self._both(_reduce, potential)
        _solve_middle(*self._common, potential)
        self._both(_expand, potential)
        return potential

    def _both(self, sweep, *arguments):
        one, other = (partial(sweep, *self._common, *chain, *arguments) for chain in self._chains)
        return both(self._edges, one, other)


@_compiled
def _eliminate(
    routines, edge_start, node_start, factor_start, middle, coupling, factor, k, step,
    conductance, degree,
):  # fmt: skip
    """Factorise the pivots of one chain, each into the next; whether all were positive."""
    while k != middle:
        if not _pivot(
            routines, edge_start, node_start, factor_start, middle, coupling, factor, k, degree
        ):
            return False
        block = k if step > 0 else k - 1
        first, rows, columns = _block(edge_start, node_start, block)
        coupling[first : first + rows * columns] = conductance[first : first + rows * columns]
        matrix = coupling.ctypes.data + 8 * first
        own = factor_start[k]
        if _is_diagonal(node_start, middle, k):
            for j in range(columns):
                for i in range(rows):
                    coupling[first + j * rows + i] /= factor[own + (i if step > 0 else j)]
        elif step > 0:
            blas.divide_left(routines, factor.ctypes.data + 8 * own, matrix, rows, columns)
        else:
            blas.divide_right(routines, factor.ctypes.data + 8 * own, matrix, rows, columns)
        k += step
    return True


@_compiled
def _pivot(routines, edge_start, node_start, factor_start, middle, coupling, factor, k, degree):
    """`S_k = L L'`, of which a diagonal is kept as a vector; whether it is positive definite."""
    n = node_start[k + 1] - node_start[k]
    own = factor_start[k]
    if _is_diagonal(node_start, middle, k):
        for i in range(n):
            if not degree[node_start[k] + i] > 0.0:
                return False
            factor[own + i] = np.sqrt(degree[node_start[k] + i])
        return True
    matrix = factor.ctypes.data + 8 * own
    onto = False
    for block in (k - 1, k):  # from the layer below and the layer above, if eliminated into k
        if (block < k and 1 < k <= middle) or (block == k and middle <= k < node_start.size - 3):
            first, rows, columns = _block(edge_start, node_start, block)
            blas.subtract_gram(
                routines, matrix, coupling.ctypes.data + 8 * first, rows, columns, block < k, onto
            )
            onto = True
    for i in range(n):
        factor[own + i * (n + 1)] += degree[node_start[k] + i]
    return blas.cholesky(routines, matrix, n) and np.isfinite(factor[own + n * n - 1])


@_compiled
def _reduce(
    routines, edge_start, node_start, factor_start, middle, coupling, factor, k, step, vector
):
    """`y_k = L^-1 b_k` and `b_n += W' y_k` along one chain, short of the middle layer."""
    while k != middle:
        _divide(routines, node_start, factor_start, middle, factor, k, vector, False)
        if k + step != middle:
            _couple(routines, edge_start, node_start, coupling, k, k + step, vector)
        k += step


@_compiled
def _solve_middle(routines, edge_start, node_start, factor_start, middle, coupling, factor, vector):
    """Where the chains meet."""
    if middle > 1:
        _couple(routines, edge_start, node_start, coupling, middle - 1, middle, vector)
    if middle < node_start.size - 3:
        _couple(routines, edge_start, node_start, coupling, middle + 1, middle, vector)
    _divide(routines, node_start, factor_start, middle, factor, middle, vector, False)
    _divide(routines, node_start, factor_start, middle, factor, middle, vector, True)


@_compiled
def _expand(
    routines, edge_start, node_start, factor_start, middle, coupling, factor, end, step, vector
):
    """`p_k = L^-T (y_k + W p_n)` back along one chain, to the layer `end` that it began with."""
    k = middle - step
    while (k - end) * step >= 0:
        _couple(routines, edge_start, node_start, coupling, k + step, k, vector)
        _divide(routines, node_start, factor_start, middle, factor, k, vector, True)
        k -= step


@_compiled
def _divide(routines, node_start, factor_start, middle, factor, k, vector, transposed):
    """Divide the part of `vector` in layer `k` by its factor, or the transposed factor."""
    n, begin = node_start[k + 1] - node_start[k], node_start[k]
    if _is_diagonal(node_start, middle, k):
        for i in range(n):
            vector[begin + i] /= factor[factor_start[k] + i]
    else:
        blas.divide_vector(
            routines,
            factor.ctypes.data + 8 * factor_start[k],
            vector.ctypes.data + 8 * begin,
            n,
            transposed,
        )


@_compiled
def _couple(routines, edge_start, node_start, coupling, source, target, vector):
    """Add to layer `target` what `W` or `W'` makes of neighbouring layer `source`."""
    first, rows, columns = _block(edge_start, node_start, min(source, target))
    blas.add_product(
        routines,
        vector.ctypes.data + 8 * node_start[target],
        coupling.ctypes.data + 8 * first,
        vector.ctypes.data + 8 * node_start[source],
        rows,
        columns,
        source < target,
    )


@_compiled
def _block(edge_start, node_start, block):
    """First entry, rows and columns of the matrix between two layers, in Fortran order."""
    rows = node_start[block + 1] - node_start[block]
    columns = node_start[block + 2] - node_start[block + 1]
    return edge_start[block], rows, columns


@_compiled
def _is_diagonal(node_start, middle, k):
    """Whether no layer is eliminated into layer `k`: its pivot is then a diagonal."""
    below, above = 1 < k <= middle, middle <= k < node_start.size - 3
    return not (below or above)
