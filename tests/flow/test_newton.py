"""One Newton system against its dense matrix, and the refusal of a singular one."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gaf_core.flow import newton
from gaf_core.flow.layout import Layout
from tests.support.tolerance import assert_close, summed

WIDEST = 6


def random_problem(widths, seed):
    random = np.random.default_rng(seed)
    widths = [1, *widths, 1]
    sizes = [above * below for below, above in pairwise(widths)]
    layout = Layout(np.cumsum([0, *sizes]), np.cumsum([0, *widths]))
    conductance = random.uniform(0.1, 2.0, sum(sizes)) * 10.0 ** random.integers(-3, 3)
    return layout, conductance, random.normal(size=sum(widths))


def dense_laplacian(layout, conductance):
    nodes = int(layout.node_start[-1])
    matrix = np.zeros((nodes, nodes))
    for k in range(layout.blocks):
        heads = range(layout.node_start[k], layout.node_start[k + 1])
        tails = range(layout.node_start[k + 1], layout.node_start[k + 2])
        for (i, tail), (j, head) in (
            (one, other) for one in enumerate(tails) for other in enumerate(heads)
        ):
            theta = layout.block(conductance, k)[i, j]
            matrix[[tail, head], [tail, head]] += theta
            matrix[[tail, head], [head, tail]] -= theta
    return matrix


def laplacian_for(layout):
    nodes = int(layout.node_start[-1])
    return newton.laplacian_of(
        layout, np.zeros(int(layout.edge_start[-1])), np.zeros(nodes), np.zeros(nodes)
    )


def factorise(laplacian, conductance, degree):
    laplacian.conductance[:], laplacian.degree[:] = conductance, degree
    for part in (0, 1, newton.MIDDLE):
        newton.eliminate(part, laplacian)
    return laplacian.fine[newton.MIDDLE]


def solved(laplacian, rhs):
    laplacian.vector[:] = rhs
    for part in (0, 1, newton.MIDDLE):
        newton.reduce(part, laplacian)
    for part in (0, 1):
        newton.expand(part, laplacian)
    return laplacian.vector


def assert_solves(matrix, potential, rhs):
    """The dense matrix turns the potentials back into the right-hand side.

    This is the backward error, which no conditioning amplifies (Higham 2002, section 9.3). A row
    of the matrix has at most the nodes of two layers and its own.
    """
    assert potential[0] == potential[-1] == 0.0
    matrix, exact = matrix[1:-1, 1:-1], potential[1:-1].astype(float)
    how = {"roundings": summed(2 * WIDEST + 1), "precision": potential.dtype.type}
    size = (np.abs(matrix) @ np.abs(exact)).max()
    assert_close(matrix @ exact, rhs[1:-1], size=size, **how)


@given(st.lists(st.integers(1, WIDEST), min_size=1, max_size=7), st.integers(0, 10**6))
@settings(max_examples=100, deadline=None)
def test_the_layered_solve_is_the_dense_solve(widths, seed):
    layout, conductance, rhs = random_problem(widths, seed)
    matrix = dense_laplacian(layout, conductance)
    laplacian = laplacian_for(layout)
    for factor in (3.0, 1.0):  # the second factorisation must not see the first
        assert factorise(laplacian, factor * conductance, factor * np.diag(matrix))
    assert_solves(matrix, solved(laplacian, rhs), rhs)


@given(st.lists(st.integers(1, WIDEST), min_size=1, max_size=7), st.integers(0, 10**6))
@settings(max_examples=50, deadline=None)
def test_in_single_precision_it_is_nearly_the_dense_solve(widths, seed):
    layout, conductance, rhs = random_problem(widths, seed)
    matrix = dense_laplacian(layout, conductance)
    double = laplacian_for(layout)
    single = newton.in_single(double, np.zeros(rhs.size, dtype=np.float32))
    # they share their memory: each must be as good after the other
    for laplacian in (single, double, single):
        assert factorise(laplacian, conductance, np.diag(matrix))
        assert_solves(matrix, solved(laplacian, rhs), rhs)


@pytest.mark.parametrize("widths", [[1], [3], [2, 3], [3, 4, 2, 5]])
def test_a_network_cut_off_from_its_ends_is_singular(widths):
    layout, conductance, _ = random_problem(widths, seed=0)
    conductance[:] = 0.0
    degree = np.zeros(int(layout.node_start[-1]))
    laplacian = laplacian_for(layout)
    assert not factorise(laplacian, conductance, degree)
