"""One Newton system of the barrier method, solved layer by layer.

A Newton step asks for potentials `p` of the nodes (0 at source and target) with

    out(theta * dp) - in(theta * dp) = rhs      at every node,     dp = p_tail - p_head,

the potentials of an electrical network in which edge `e` has conductance `theta_e`. Nodes of one
layer are not joined to each other, so its Laplacian is block tridiagonal,

    D_k p_k - B_k p_{k+1} - B_{k-1}' p_{k-1} = rhs_k,       k = 1..K,

with `B_k` the conductances between layers `k` and `k+1` and `D_k` diagonal. Layers are eliminated
from both ends towards a middle one, which keeps the first and the last pivot diagonal and leaves one
symmetric positive definite matrix a layer (block Cholesky; Golub & Van Loan, Matrix Computations,
section 4.5). Eliminating layer `k` into its neighbour `n`, with `B` the conductances between them:

    S_k = L L'        W = L^-1 B        S_n = D_n - W' W
    y_k = L^-1 b_k    b_n += W' y_k     and back:  p_k = L^-T (y_k + W p_n)

Time `O(L t^3)`, memory `O(L t^2)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.linalg.blas import dsyrk, dtrsm, dtrsv
from scipy.linalg.lapack import dpotrf

from gaf_core.flow.layout import Layout

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
        self._layout = layout
        last = layout.blocks - 1
        self._middle = (1 + last) // 2
        upwards = [(k, k + 1) for k in range(1, self._middle)]
        downwards = [(k, k - 1) for k in range(last, self._middle, -1)]
        self._eliminations = upwards + downwards
        self._factor: dict[int, Array] = {}
        self._coupling: dict[int, Array] = {}
        schur: dict[int, Array] = {}
        for k, neighbour in self._eliminations:
            between = layout.block(conductance, min(k, neighbour))
            between = between.T if neighbour > k else between
            pivot = schur.pop(k, layout.nodes(degree, k))
            self._factor[k], self._coupling[k] = _eliminate(pivot, between)
            rest = schur.get(neighbour, layout.nodes(degree, neighbour))
            schur[neighbour] = _subtract_gram(rest, self._coupling[k])
        self._factor[self._middle] = _cholesky(
            schur.get(self._middle, layout.nodes(degree, self._middle))
        )

    def solve(self, rhs: Array) -> Array:
        """Potentials for one right-hand side, both flat over all nodes; 0 at source and target."""
        layout, potential = self._layout, rhs.copy()
        potential[0] = potential[-1] = 0.0
        at = {k: layout.nodes(potential, k) for k in range(1, layout.blocks)}
        for k, neighbour in self._eliminations:
            at[k][:] = _forward(self._factor[k], at[k])
            at[neighbour] += self._coupling[k].T @ at[k]
        middle = self._factor[self._middle]
        at[self._middle][:] = _backward(middle, _forward(middle, at[self._middle]))
        for k, neighbour in reversed(self._eliminations):
            at[k][:] = _backward(self._factor[k], at[k] + self._coupling[k] @ at[neighbour])
        return potential


def _eliminate(pivot: Array, between: Array) -> tuple[Array, Array]:
    """`L` with `pivot = L L'`, and `W = L^-1 between`; a diagonal is a vector."""
    factor = _cholesky(pivot)
    if factor.ndim == 1:
        return factor, np.asfortranarray(between / factor[:, None])
    return factor, dtrsm(1.0, factor, np.array(between, order="F"), lower=1, overwrite_b=1)


def _cholesky(pivot: Array) -> Array:
    if pivot.ndim == 1:
        if not (pivot > 0).all():
            raise SingularSystemError
        return np.sqrt(pivot)
    factor, failed = dpotrf(pivot, lower=1, overwrite_a=1)
    if failed or not np.isfinite(factor[-1, -1]):
        raise SingularSystemError
    return factor


def _subtract_gram(pivot: Array, coupling: Array) -> Array:
    """`pivot - W' W` (lower triangle), in place where it can be."""
    matrix = np.diag(pivot).T if pivot.ndim == 1 else pivot
    return dsyrk(-1.0, coupling, beta=1.0, c=matrix, trans=1, lower=1, overwrite_c=pivot.ndim == 2)


def _forward(factor: Array, rhs: Array) -> Array:
    return rhs / factor if factor.ndim == 1 else dtrsv(factor, rhs, lower=1)


def _backward(factor: Array, rhs: Array) -> Array:
    return rhs / factor if factor.ndim == 1 else dtrsv(factor, rhs, lower=1, trans=1)
