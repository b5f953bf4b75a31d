"""The passes over the edges that a barrier step makes, compiled.

For edge `e` the state is the flow `f`, the slack `s = u - f`, and the duals `z` of `f >= 0` and `w`
of `f <= u`; `f == 0` marks an edge that does not exist. With the conductance

    theta = 1 / (z/f + w/s),      fall = p_tail - p_head of the potentials p,

a Newton step `dp` of the perturbed optimality conditions moves the flow by

    df    = theta * (dp_tail - dp_head + push)
    push  = fall                                                        predictor (mu = 0)
    push  = fall + a (1 + a) z + b (1 - b) w + mu (1/f - 1/s)           corrector
    dz/z  = mu / (f z) + a (1 + a) - 1 - df/f
    dw/w  = mu / (s w) - b (1 - b) - 1 + df/s

with `a = d/f`, `b = d/s` for `d` the flow step of the predictor (0 for plain centring), Mehrotra's
second-order correction (Mehrotra, SIAM J. Optim. 2, 1992). Taking `fall` from the potentials,
rather than as `w - z`, lets each step repair what rounding did to dual feasibility.

A kernel reads every edge of blocks `first` to `last - 1` once, row by row (the edges that leave one
node); what two ranges of blocks write is disjoint. The inner loops each
write one array, select instead of branching, keep their sums and maxima a lane a column, and leave
row sums to `_total`: that is what a compiler turns into vector instructions. No other sum is
reordered, because that would cost the conservation of the flow its last eight digits; all orders
are fixed, so the same input gives the same bits.
"""

from __future__ import annotations

import numpy as np
from numba import njit

_STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}
_compiled = njit(cache=True, nogil=True, error_model="numpy", fastmath=_STRICT)
_inlined = njit(cache=True, error_model="numpy", fastmath=_STRICT, inline="always")


@njit(cache=True, nogil=True, fastmath=True)
def _total(row):
    total = 0.0
    for j in range(row.size):
        total += row[j]
    return total


@_compiled
def predictor_pass(first, last, edge_start, node_start, p, f, s, z, w, theta, degree, through):
    """Conductances, their sum at each node, and the predictor's right-hand side.

    Writes `theta [edges]`, `degree [2, nodes]`, the sums of `theta` over the edges into and out of
    each node, and `through [2, nodes]`, those of `f + theta push`.
    """
    degree_in, degree_out = degree
    flow_in, flow_out = through
    flow = np.empty(np.diff(node_start).max())
    for k in range(first, last):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        into, arriving, below = degree_in[head:tail], flow_in[head:tail], p[head:tail]
        into[:] = 0.0
        arriving[:] = 0.0
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, q, here = theta[e : e + n], flow[:n], p[i]
            for j in range(n):
                both = zr[j] * sr[j] + wr[j] * fr[j]
                tr[j] = fr[j] * sr[j] / both if fr[j] > 0.0 else 0.0
            for j in range(n):
                q[j] = fr[j] + tr[j] * (here - below[j])
            for j in range(n):
                into[j] += tr[j]
            for j in range(n):
                arriving[j] += q[j]
            degree_out[i] = _total(tr)
            flow_out[i] = _total(q)


@_compiled
def predictor_step(first, last, edge_start, node_start, p, f, s, z, w, theta, dp, step):
    """The predictor's flow step, and what its longest step lengths and the gap then follow from.

    Writes `step [edges]`. Returns (largest relative decrease of f or s, the same of z or w, sum of
    d (z - w), sum of d^2 / theta).
    """
    shrink_p, shrink_d, slope, bend = 1e-300, 1e-300, 0.0, 0.0
    width = np.diff(node_start).max()
    lanes = np.empty((4, width))
    for k in range(first, last):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        below = dp[head:tail] + p[head:tail]
        lanes[:, :] = 0.0
        primal, dual, sloping, bending = lanes[0, :n], lanes[1, :n], lanes[2, :n], lanes[3, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, dr, here = theta[e : e + n], step[e : e + n], dp[i] + p[i]
            for j in range(n):
                dr[j] = tr[j] * (here - below[j])
            for j in range(n):
                worst = _larger(-dr[j] / fr[j], dr[j] / sr[j])
                primal[j] = _larger(primal[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                worst = _larger(1.0 + dr[j] / fr[j], 1.0 - dr[j] / sr[j])
                dual[j] = _larger(dual[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                sloping[j] += dr[j] * (zr[j] - wr[j])
            for j in range(n):
                bending[j] += dr[j] * (here - below[j])
        shrink_p, shrink_d = max(shrink_p, primal.max()), max(shrink_d, dual.max())
        slope, bend = slope + sloping.sum(), bend + bending.sum()
    return shrink_p, shrink_d, slope, bend


@_compiled
def corrector_pass(first, last, edge_start, node_start, p, f, s, z, w, theta, step, mu, through):
    """The corrector's right-hand side: `through [2, nodes]`, in and out of `f + theta push`."""
    flow_in, flow_out = through
    flow = np.empty(np.diff(node_start).max())
    for k in range(first, last):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        arriving, below = flow_in[head:tail], p[head:tail]
        arriving[:] = 0.0
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, dr, q, here = theta[e : e + n], step[e : e + n], flow[:n], p[i]
            for j in range(n):
                push = _push(here - below[j], fr[j], sr[j], zr[j], wr[j], dr[j], mu)
                q[j] = fr[j] + tr[j] * push if fr[j] > 0.0 else 0.0
            for j in range(n):
                arriving[j] += q[j]
            flow_out[i] = _total(q)


@_compiled
def corrector_lengths(first, last, edge_start, node_start, p, f, s, z, w, theta, step, mu, dp):
    """Largest relative decrease of f or s, and of z or w, in a full step of the corrector."""
    shrink_p, shrink_d = 1e-300, 1e-300
    lanes = np.empty((3, np.diff(node_start).max()))
    for k in range(first, last):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        below, change = p[head:tail], dp[head:tail]
        lanes[:, :] = 0.0
        df, primal, dual = lanes[0, :n], lanes[1, :n], lanes[2, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, dr, here, moved = theta[e : e + n], step[e : e + n], p[i], dp[i]
            for j in range(n):
                push = _push(here - below[j], fr[j], sr[j], zr[j], wr[j], dr[j], mu)
                df[j] = tr[j] * (moved - change[j] + push)
            for j in range(n):
                worst = _larger(-df[j] / fr[j], df[j] / sr[j])
                primal[j] = _larger(primal[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                worst = -_below_step(fr[j], zr[j], dr[j], mu, df[j])
                dual[j] = _larger(dual[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                worst = -_above_step(sr[j], wr[j], dr[j], mu, df[j])
                dual[j] = _larger(dual[j], worst if fr[j] > 0.0 else 0.0)
        shrink_p, shrink_d = max(shrink_p, primal.max()), max(shrink_d, dual.max())
    return shrink_p, shrink_d


@_compiled
def update(
    first, last, edge_start, node_start, p, f, s, z, w, theta, step, mu, dp, primal, dual, through
):
    """Take the step in place; `p` is moved by the caller.

    Writes `through [2, nodes]`, in and out of the new flow. Returns the largest |f z - mu| / mu or
    |s w - mu| / mu, and the sum of f z + s w.
    """
    flow_in, flow_out = through
    furthest, gap = 0.0, 0.0
    lanes = np.empty((3, np.diff(node_start).max()))
    for k in range(first, last):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        arriving, below, change = flow_in[head:tail], p[head:tail], dp[head:tail]
        lanes[:, :] = 0.0
        arriving[:] = 0.0
        df, off, products = lanes[0, :n], lanes[1, :n], lanes[2, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, dr, here, moved = theta[e : e + n], step[e : e + n], p[i], dp[i]
            for j in range(n):
                push = _push(here - below[j], fr[j], sr[j], zr[j], wr[j], dr[j], mu)
                df[j] = tr[j] * (moved - change[j] + push) if fr[j] > 0.0 else 0.0
            for j in range(n):
                new = zr[j] * (1.0 + dual * _below_step(fr[j], zr[j], dr[j], mu, df[j]))
                zr[j] = new if fr[j] > 0.0 else 0.0
            for j in range(n):
                new = wr[j] * (1.0 + dual * _above_step(sr[j], wr[j], dr[j], mu, df[j]))
                wr[j] = new if fr[j] > 0.0 else 0.0
            for j in range(n):
                fr[j] += primal * df[j]
            for j in range(n):
                sr[j] -= primal * df[j]
            for j in range(n):
                arriving[j] += fr[j]
            for j in range(n):
                worst = _larger(abs(fr[j] * zr[j] - mu), abs(sr[j] * wr[j] - mu))
                off[j] = _larger(off[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                products[j] += fr[j] * zr[j] + sr[j] * wr[j]
            flow_out[i] = _total(fr)
        furthest, gap = max(furthest, off.max()), gap + products.sum()
    return furthest / mu, gap


@_inlined
def _larger(x, y):
    return x if x > y else y


@_inlined
def _push(fall, f, s, z, w, d, mu):
    by_f, by_s = 1.0 / f, 1.0 / s
    a, b = d * by_f, d * by_s
    return fall + a * (1.0 + a) * z + b * (1.0 - b) * w + mu * (by_f - by_s)


@_inlined
def _below_step(f, z, d, mu, df):
    """Relative step of `z`, the dual of `f >= 0`."""
    by_fz = 1.0 / (f * z)
    by_f = z * by_fz
    a = d * by_f
    return mu * by_fz + a * (1.0 + a) - 1.0 - df * by_f


@_inlined
def _above_step(s, w, d, mu, df):
    """Relative step of `w`, the dual of `f <= u`."""
    by_sw = 1.0 / (s * w)
    by_s = w * by_sw
    b = d * by_s
    return mu * by_sw - b * (1.0 - b) - 1.0 + df * by_s
