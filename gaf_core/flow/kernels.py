"""The passes over the edges that a barrier step makes, compiled.

Each kernel reads every edge once. For edge `e` the state is the flow `f`, the slack `s = u - f`, and
the duals `z` of `f >= 0` and `w` of `f <= u`; `f == 0` marks an edge that does not exist. Sums over
nodes are kept in arrays and added in a fixed order, so the same input gives the same bits.

With conductance `theta = 1 / (z/f + w/s)` and `fall = p_tail - p_head` of the potentials `p`, a
Newton step `dp` of the perturbed optimality conditions moves the flow by

    df    = theta * (dp_tail - dp_head + push)
    push  = fall                                                        predictor (mu = 0)
    push  = fall + a (1 + a) z + b (1 - b) w + mu (1/f - 1/s)           corrector
    dz/z  = mu / (f z) + a (1 + a) - 1 - df/f
    dw/w  = mu / (s w) - b (1 - b) - 1 + df/s

with `a = d/f`, `b = d/s` for `d` the flow step of the predictor (0 for plain centring), Mehrotra's
second-order correction (Mehrotra, SIAM J. Optim. 2, 1992). Taking `fall` from the potentials, rather
than as `w - z`, lets each step repair what rounding did to dual feasibility.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

Array = NDArray[np.float64]

# No reassociation of sums: it would cost the conservation of the flow its last eight digits.
_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath={"nnan", "ninf", "contract"})


@_compiled
def predictor_pass(edge_start, node_start, p, f, s, z, w, theta, degree, excess):
    """Conductances, their sum at each node, and the predictor's right-hand side.

    Writes `theta [edges]`, `degree [nodes]`, and `excess [nodes]` = in - out of `f + theta push`.
    """
    degree[:] = 0.0
    excess[:] = 0.0
    for k in range(edge_start.size - 1):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        e = edge_start[k]
        for i in range(tail, end):
            row_degree = 0.0
            row_flow = 0.0
            for j in range(head, tail):
                if f[e] > 0.0:
                    conductance = f[e] * s[e] / (z[e] * s[e] + w[e] * f[e])
                    flow = f[e] + conductance * (p[i] - p[j])
                    theta[e] = conductance
                    degree[j] += conductance
                    excess[j] += flow
                    row_degree += conductance
                    row_flow += flow
                e += 1
            degree[i] += row_degree
            excess[i] -= row_flow


@_compiled
def predictor_step(edge_start, node_start, p, f, s, z, w, theta, dp, step):
    """The predictor's flow step, its longest step lengths, and the gap they would leave.

    Writes `step [edges]`. Returns the sum of f z + s w after those steps.
    """
    shrink_p = 0.0  # largest relative decrease of f or s, and below of z or w
    shrink_d = 0.0
    c0 = 0.0  # sum of f z + s w after steps (x, y) is c0 + x c1 + y c2 + x y c3
    c1 = 0.0
    c2 = 0.0
    c3 = 0.0
    for k in range(edge_start.size - 1):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        e = edge_start[k]
        for i in range(tail, end):
            for j in range(head, tail):
                if f[e] > 0.0:
                    d = theta[e] * (dp[i] - dp[j] + p[i] - p[j])
                    a = d / f[e]
                    b = d / s[e]
                    step[e] = d
                    shrink_p = max(shrink_p, max(-a, b))
                    shrink_d = max(shrink_d, max(1.0 + a, 1.0 - b))
                    fz = f[e] * z[e]
                    sw = s[e] * w[e]
                    c0 += fz + sw
                    c1 += a * fz - b * sw
                    c2 -= (1.0 + a) * fz + (1.0 - b) * sw
                    c3 += b * (1.0 - b) * sw - a * (1.0 + a) * fz
                e += 1
    x = min(1.0, 1.0 / max(shrink_p, 1e-300))
    y = min(1.0, 1.0 / max(shrink_d, 1e-300))
    return c0 + x * c1 + y * c2 + x * y * c3


@_compiled
def corrector_pass(edge_start, node_start, p, f, s, z, w, theta, step, mu, excess):
    """The corrector's right-hand side; writes `excess [nodes]` = in - out of `f + theta push`."""
    excess[:] = 0.0
    for k in range(edge_start.size - 1):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        e = edge_start[k]
        for i in range(tail, end):
            row_flow = 0.0
            for j in range(head, tail):
                if f[e] > 0.0:
                    push = _push(p[i] - p[j], f[e], s[e], z[e], w[e], step[e], mu)
                    flow = f[e] + theta[e] * push
                    excess[j] += flow
                    row_flow += flow
                e += 1
            excess[i] -= row_flow


@_compiled
def corrector_lengths(edge_start, node_start, p, f, s, z, w, theta, step, mu, dp):
    """Longest primal and dual step lengths that keep the state positive, each at most 1e300."""
    shrink_p = 1e-300
    shrink_d = 1e-300
    for k in range(edge_start.size - 1):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        e = edge_start[k]
        for i in range(tail, end):
            for j in range(head, tail):
                if f[e] > 0.0:
                    push = _push(p[i] - p[j], f[e], s[e], z[e], w[e], step[e], mu)
                    df = theta[e] * (dp[i] - dp[j] + push)
                    dz, dw = _dual_steps(f[e], s[e], z[e], w[e], step[e], mu, df)
                    shrink_p = max(shrink_p, max(-df / f[e], df / s[e]))
                    shrink_d = max(shrink_d, max(-dz, -dw))
                e += 1
    return 1.0 / shrink_p, 1.0 / shrink_d


@_compiled
def update(edge_start, node_start, p, f, s, z, w, theta, step, mu, dp, primal, dual, excess):
    """Take the step in place. Returns (max, sum) of complementarity: |f z - mu| / mu, f z + s w.

    Writes `excess [nodes]` = in - out of the new flow.
    """
    excess[:] = 0.0
    furthest = 0.0
    total = 0.0
    for k in range(edge_start.size - 1):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        e = edge_start[k]
        for i in range(tail, end):
            row_flow = 0.0
            for j in range(head, tail):
                if f[e] > 0.0:
                    push = _push(p[i] - p[j], f[e], s[e], z[e], w[e], step[e], mu)
                    df = theta[e] * (dp[i] - dp[j] + push)
                    dz, dw = _dual_steps(f[e], s[e], z[e], w[e], step[e], mu, df)
                    f[e] += primal * df
                    s[e] -= primal * df
                    z[e] *= 1.0 + dual * dz
                    w[e] *= 1.0 + dual * dw
                    fz = f[e] * z[e]
                    sw = s[e] * w[e]
                    furthest = max(furthest, max(abs(fz - mu), abs(sw - mu)))
                    total += fz + sw
                    excess[j] += f[e]
                    row_flow += f[e]
                e += 1
            excess[i] -= row_flow
    return furthest / mu, total


@njit(cache=True, inline="always")
def _push(fall, f, s, z, w, d, mu):
    a = d / f
    b = d / s
    return fall + a * (1.0 + a) * z + b * (1.0 - b) * w + mu * (1.0 / f - 1.0 / s)


@njit(cache=True, inline="always")
def _dual_steps(f, s, z, w, d, mu, df):
    """Relative steps of `z` and `w`."""
    a = d / f
    b = d / s
    dz = mu / (f * z) + a * (1.0 + a) - 1.0 - df / f
    dw = mu / (s * w) - b * (1.0 - b) - 1.0 + df / s
    return dz, dw
