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

A kernel reads every edge of one part of the blocks once, row by row (the edges that leave one
node); what the two parts write is disjoint (`team`). The inner loops each write one array, select
instead of branching, keep their sums and maxima a lane a column, and leave row sums to `_total`:
that is what a compiler turns into vector instructions. No other sum is reordered, because that
would cost the conservation of the flow its last eight digits; all orders are fixed, so the same
input gives the same bits.
"""

from __future__ import annotations

import numpy as np

from gaf_core.flow.compiled import njit

_STRICT = {"nnan", "ninf", "nsz", "arcp", "contract"}
_compiled = njit(fastmath=_STRICT)
_inlined = njit(fastmath=_STRICT, inline="always")


@njit(fastmath=True)
def _total(row):
    total = 0.0
    for j in range(row.size):
        total += row[j]
    return total


@_compiled
def _largest(row):
    largest = row[0]
    for j in range(row.size):
        largest = _larger(largest, row[j])
    return largest


@_compiled
def predictor_pass(part, work):
    """`theta`, its sums in `degree`, and in `through` those of `f + theta push`."""
    edge_start, node_start, p = work.edge_start, work.node_start, work.potential
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    degree_in, degree_out = work.degree
    flow_in, flow_out = work.through
    flow = np.empty(work.widest)
    for k in range(work.part_start[part], work.part_start[part + 1]):
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
def predictor_step(part, work):
    """The predictor's flow step, and what its longest step lengths and the gap then follow from.

    Writes `step` and into `predicted`: largest relative decrease of f or s, the same of z or w, sum
    of d (z - w), sum of d^2 / theta.
    """
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, dp, step = work.potential, work.change, work.step
    shrink_p, shrink_d, slope, bend = 1e-300, 1e-300, 0.0, 0.0
    lanes = np.empty((4, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
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
        shrink_p, shrink_d = max(shrink_p, _largest(primal)), max(shrink_d, _largest(dual))
        slope, bend = slope + _total(sloping), bend + _total(bending)
    found = work.predicted[part]
    found[0], found[1], found[2], found[3] = shrink_p, shrink_d, slope, bend


@_compiled
def corrector_pass(part, work):
    """The corrector's right-hand side: in `through` the sums of `f + theta push`."""
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, step, mu = work.potential, work.step, work.mu[0]
    flow_in, flow_out = work.through
    flow = np.empty(work.widest)
    for k in range(work.part_start[part], work.part_start[part + 1]):
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
def corrector_lengths(part, work):
    """Into `shrinks`: largest relative decrease of f or s, and of z or w, in the full step."""
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, dp, step, mu = work.potential, work.change, work.step, work.mu[0]
    shrink_p, shrink_d = 1e-300, 1e-300
    lanes = np.empty((3, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
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
        shrink_p, shrink_d = max(shrink_p, _largest(primal)), max(shrink_d, _largest(dual))
    work.shrinks[part, 0], work.shrinks[part, 1] = shrink_p, shrink_d


@_compiled
def update(part, work):
    """Take the step in place; `p` is moved by the caller.

    Writes the sums of the new flow into `through`, and into `moved` the largest |f z - mu| / mu or
    |s w - mu| / mu, and the sum of f z + s w.
    """
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, dp, step, mu = work.potential, work.change, work.step, work.mu[0]
    primal, dual = work.length
    flow_in, flow_out = work.through
    furthest, gap = 0.0, 0.0
    lanes = np.empty((3, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
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
        furthest, gap = max(furthest, _largest(off)), gap + _total(products)
    work.moved[part, 0], work.moved[part, 1] = furthest / mu, gap


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
