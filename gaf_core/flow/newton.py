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

Time `O(L t^3)`, memory `O(L t^2)`.
"""

from __future__ import annotations

from functools import partial

import numpy as np
from numpy.typing import NDArray

from gaf_core.flow import blas
from gaf_core.flow.layout import Layout
from gaf_core.flow.threads import both

Array = NDArray[np.float64]


class SingularSystemError(ArithmeticError):
    """A pivot is not positive definite in double precision."""


class Laplacian:
    """The Laplacian of the layered electrical network, factorised again in every Newton step."""

    def __init__(self, layout: Layout):
        """Allocate the factors once; fresh memory would cost as much as filling it."""
        self._layout, self._edges = layout, int(layout.edge_start[-1])
        last = layout.blocks - 1
        self._middle = (1 + last) // 2
        # the two chains of eliminations: (layer, the neighbour it is eliminated into)
        self._upwards = [(k, k + 1) for k in range(1, self._middle)]
        self._downwards = [(k, k - 1) for k in range(last, self._middle, -1)]
        self._factor: dict[int, Array] = {}
        self._coupling: dict[int, Array] = {}
        for k, neighbour in (*self._upwards, *self._downwards):
            size, order = (layout.width(k), layout.width(neighbour)), "F" if neighbour > k else "C"
            self._coupling[k] = np.empty(size, order=order)
        for k in range(1, last + 1):
            diagonal = not self._eliminated_into(k)
            size = layout.width(k)
            self._factor[k] = np.empty(size) if diagonal else np.zeros((size, size), order="F")

    def factorise(self, conductance: Array, degree: Array) -> None:
        """Take new conductances.

        Args:
            conductance: flat `theta >= 0` of every edge.
            degree: flat sum of the conductances at every node.

        Raises:
            SingularSystemError: the conductances differ by more than double precision resolves.
        """
        eliminate = partial(self._eliminate, conductance, degree)
        both(self._edges, partial(eliminate, self._upwards), partial(eliminate, self._downwards))
        self._factorise_pivot(self._middle, degree)

    def solve(self, rhs: Array) -> Array:
        """Potentials for one right-hand side, both flat over all nodes; 0 at source and target."""
        layout, potential = self._layout, rhs.copy()
        potential[0] = potential[-1] = 0.0
        at = {k: layout.nodes(potential, k) for k in range(1, layout.blocks)}

        def reduce(chain):
            for k, neighbour in chain:
                _forward(self._factor[k], at[k])
                if neighbour != self._middle:
                    at[neighbour] += at[k] @ self._coupling[k]

        def expand(chain):
            for k, neighbour in reversed(chain):
                at[k] += self._coupling[k] @ at[neighbour]
                _backward(self._factor[k], at[k])

        both(self._edges, partial(reduce, self._upwards), partial(reduce, self._downwards))
        for k in self._eliminated_into(self._middle):
            at[self._middle] += at[k] @ self._coupling[k]
        _forward(self._factor[self._middle], at[self._middle])
        _backward(self._factor[self._middle], at[self._middle])
        both(self._edges, partial(expand, self._upwards), partial(expand, self._downwards))
        return potential

    def _eliminated_into(self, layer: int) -> list[int]:
        """The neighbours that are eliminated into a layer: none, one, or (in the middle) two."""
        chains = (*self._upwards, *self._downwards)
        return [k for k, neighbour in chains if neighbour == layer]

    def _eliminate(self, conductance: Array, degree: Array, chain: list[tuple[int, int]]) -> None:
        """Factorise the pivots of one chain, each into the next, up to the middle layer."""
        for k, neighbour in chain:
            self._factorise_pivot(k, degree)
            between = self._layout.block(conductance, min(k, neighbour))
            between = between.T if neighbour > k else between
            factor, coupling = self._factor[k], self._coupling[k]
            if factor.ndim == 1:
                np.divide(between, factor[:, None], out=coupling)
            else:
                coupling[:] = between
                blas.solve_lower_matrix(factor, coupling)

    def _factorise_pivot(self, k: int, degree: Array) -> None:
        """`S_k = L L'`, of which a diagonal is kept as a vector."""
        factor, own = self._factor[k], self._layout.nodes(degree, k)
        if factor.ndim == 1:
            if not (own > 0).all():
                raise SingularSystemError
            np.sqrt(own, out=factor)
            return
        for index, eliminated in enumerate(self._eliminated_into(k)):
            blas.subtract_gram(factor, self._coupling[eliminated], onto=index > 0)
        np.einsum("ii->i", factor)[:] += own
        if not blas.cholesky(factor):
            raise SingularSystemError


def _forward(factor: Array, vector: Array) -> None:
    if factor.ndim == 1:
        vector /= factor
    else:
        blas.solve_lower(factor, vector)


def _backward(factor: Array, vector: Array) -> None:
    if factor.ndim == 1:
        vector /= factor
    else:
        blas.solve_lower(factor, vector, transposed=True)
