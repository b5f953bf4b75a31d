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
    """The factorised Laplacian of the layered electrical network."""

    def __init__(self, layout: Layout, conductance: Array, degree: Array):
        """Factorise.

        Args:
            layout: positions of blocks and node layers.
            conductance: flat `theta >= 0` of every edge.
            degree: flat sum of the conductances at every node.

        Raises:
            SingularSystemError: the conductances differ by more than double precision resolves.
        """
        self._layout, self._edges = layout, len(conductance)
        last = layout.blocks - 1
        self._middle = (1 + last) // 2
        # the two chains of eliminations: (layer, the neighbour it is eliminated into)
        self._upwards = [(k, k + 1) for k in range(1, self._middle)]
        self._downwards = [(k, k - 1) for k in range(last, self._middle, -1)]
        self._factor: dict[int, Array] = {}
        self._coupling: dict[int, Array] = {}
        eliminate = partial(self._eliminate, conductance, degree)
        both(self._edges, partial(eliminate, self._upwards), partial(eliminate, self._downwards))
        pivot = layout.nodes(degree, self._middle)
        for k, neighbour in (*self._upwards[-1:], *self._downwards[-1:]):
            if neighbour == self._middle:
                pivot = _subtract_gram(pivot, self._coupling[k])
        self._factor[self._middle] = _cholesky(pivot)

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
        for k, _ in (*self._upwards[-1:], *self._downwards[-1:]):
            at[self._middle] += at[k] @ self._coupling[k]
        _forward(self._factor[self._middle], at[self._middle])
        _backward(self._factor[self._middle], at[self._middle])
        both(self._edges, partial(expand, self._upwards), partial(expand, self._downwards))
        return potential

    def _eliminate(self, conductance: Array, degree: Array, chain: list[tuple[int, int]]) -> None:
        """Factorise the pivots of one chain, each into the next, up to the middle layer."""
        layout = self._layout
        for k, neighbour in chain:
            between = layout.block(conductance, min(k, neighbour))
            between = between.T if neighbour > k else between
            pivot = layout.nodes(degree, k)
            earlier = 2 * k - neighbour  # the layer that was eliminated into this one, if any
            if earlier in self._coupling:
                pivot = _subtract_gram(pivot, self._coupling[earlier])
            self._factor[k] = _cholesky(pivot)
            self._coupling[k] = _divide(self._factor[k], between)


def _cholesky(pivot: Array) -> Array:
    """`L` with `pivot = L L'`, in place; a diagonal is a vector."""
    if pivot.ndim == 1:
        if not (pivot > 0).all():
            raise SingularSystemError
        return np.sqrt(pivot)
    if not blas.cholesky(pivot):
        raise SingularSystemError
    return pivot


def _divide(factor: Array, between: Array) -> Array:
    """`W = L^-1 between`."""
    if factor.ndim == 1:
        return np.divide(between, factor[:, None], order="F")
    coupling = np.array(between, order="F")
    blas.solve_lower_matrix(factor, coupling)
    return coupling


def _subtract_gram(pivot: Array, coupling: Array) -> Array:
    """`pivot - W' W`, lower triangle; in place unless the pivot is a diagonal."""
    if pivot.ndim == 1:
        pivot = np.asfortranarray(np.diag(pivot))
    blas.subtract_gram(pivot, coupling)
    return pivot


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
