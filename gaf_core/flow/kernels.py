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
def advance(part, work):
    """Take a step in place, and make the next Newton system ready.

    `p` is moved from `potential` to `moved_potential`, of which the caller sees to the copy. Writes
    the sums of the new flow into `balance`, what is new of `theta` with its sums in `degree`, into
    `through` the sums of `f + theta push` of the next predictor, and into `moved` the largest
    |f z - mu| / mu or |s w - mu| / mu, and the sum of f z + s w. Lengths of 0 only make ready.
    """
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, dp, aim, mu = work.potential, work.change, work.aim, work.mu[0]
    new_p = work.moved_potential
    primal, dual = work.length
    flow_in, flow_out = work.balance
    degree_in, degree_out = work.degree
    through_in, through_out = work.through
    furthest, gap = 0.0, 0.0
    lanes = np.empty((5, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        arriving, into, passing = flow_in[head:tail], degree_in[head:tail], through_in[head:tail]
        below, change, aimed = p[head:tail], dp[head:tail], aim[head:tail]
        new_below = new_p[head:tail]
        lanes[:, :] = 0.0
        arriving[:], into[:], passing[:] = 0.0, 0.0, 0.0
        df, inverse, q = lanes[0, :n], lanes[1, :n], lanes[2, :n]
        off, products = lanes[3, :n], lanes[4, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, here, moved, aims, new_here = theta[e : e + n], p[i], dp[i], aim[i], new_p[i]
            for j in range(n):
                inverse[j] = 1.0 / ((fr[j] * zr[j]) * (sr[j] * wr[j]))
            for j in range(n):
                d = tr[j] * (aims - aimed[j])
                by_f, by_s = _reciprocals(inverse[j], fr[j], sr[j], zr[j], wr[j])
                push = _push(here - below[j], by_f, by_s, zr[j], wr[j], d, mu)
                df[j] = tr[j] * (moved - change[j] + push) if fr[j] > 0.0 else 0.0
            for j in range(n):
                d = tr[j] * (aims - aimed[j])
                by_fz = inverse[j] * (sr[j] * wr[j])
                q[j] = zr[j] * (1.0 + dual * _below_step(by_fz, zr[j], d, mu, df[j]))
            for j in range(n):
                d = tr[j] * (aims - aimed[j])
                by_sw = inverse[j] * (fr[j] * zr[j])
                new = wr[j] * (1.0 + dual * _above_step(by_sw, wr[j], d, mu, df[j]))
                wr[j] = new if fr[j] > 0.0 else 0.0
            for j in range(n):
                zr[j] = q[j] if fr[j] > 0.0 else 0.0
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
            for j in range(n):
                both = zr[j] * sr[j] + wr[j] * fr[j]
                tr[j] = fr[j] * sr[j] / both if fr[j] > 0.0 else 0.0
            for j in range(n):
                q[j] = fr[j] + tr[j] * (new_here - new_below[j])
            for j in range(n):
                into[j] += tr[j]
            for j in range(n):
                passing[j] += q[j]
            flow_out[i], degree_out[i], through_out[i] = _total(fr), _total(tr), _total(q)
        furthest, gap = max(furthest, _largest(off)), gap + _total(products)
    work.moved[part, 0], work.moved[part, 1] = furthest / mu, gap


@_compiled
def predict(part, work):
    """The predictor's step `d`: how far it may go, and the right-hand side of its corrector.

    Writes into `predicted` the largest relative decrease of f or s, the same of z or w, sum of
    d (z - w), sum of d^2 / theta; into `through` the sums of `f + theta push` but for what mu does,
    and into `barrier` the sums of `theta (1/f - 1/s)`, which mu multiplies.
    """
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, aim = work.potential, work.aim
    through_in, through_out = work.through
    barrier_in, barrier_out = work.barrier
    shrink_p, shrink_d, slope, bend = 1e-300, 1e-300, 0.0, 0.0
    lanes = np.empty((9, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        below, aimed = p[head:tail], aim[head:tail]
        passing, pressing = through_in[head:tail], barrier_in[head:tail]
        lanes[:, :] = 0.0
        passing[:], pressing[:] = 0.0, 0.0
        primal, dual, sloping, bending = lanes[0, :n], lanes[1, :n], lanes[2, :n], lanes[3, :n]
        d, q, inverse, a, b = lanes[4, :n], lanes[5, :n], lanes[6, :n], lanes[7, :n], lanes[8, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, here, aims = theta[e : e + n], p[i], aim[i]
            for j in range(n):
                inverse[j] = 1.0 / (fr[j] * sr[j]) if fr[j] > 0.0 else 0.0
            for j in range(n):
                d[j] = tr[j] * (aims - aimed[j])
            for j in range(n):
                a[j] = d[j] * (inverse[j] * sr[j])
            for j in range(n):
                b[j] = d[j] * (inverse[j] * fr[j])
            for j in range(n):
                primal[j] = _larger(primal[j], _larger(-a[j], b[j]))
            for j in range(n):
                worst = _larger(1.0 + a[j], 1.0 - b[j])
                dual[j] = _larger(dual[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                sloping[j] += d[j] * (zr[j] - wr[j])
            for j in range(n):
                bending[j] += d[j] * (aims - aimed[j])
            for j in range(n):
                bent = a[j] * (1.0 + a[j]) * zr[j] + b[j] * (1.0 - b[j]) * wr[j]
                q[j] = fr[j] + tr[j] * (here - below[j] + bent)
            for j in range(n):
                passing[j] += q[j]
            through_out[i] = _total(q)
            for j in range(n):
                q[j] = tr[j] * (inverse[j] * (sr[j] - fr[j]))
            for j in range(n):
                pressing[j] += q[j]
            barrier_out[i] = _total(q)
        shrink_p, shrink_d = max(shrink_p, _largest(primal)), max(shrink_d, _largest(dual))
        slope, bend = slope + _total(sloping), bend + _total(bending)
    found = work.predicted[part]
    found[0], found[1], found[2], found[3] = shrink_p, shrink_d, slope, bend


@_compiled
def lengths(part, work):
    """Into `shrinks`: largest relative decrease of f or s, and of z or w, in the full step."""
    edge_start, node_start = work.edge_start, work.node_start
    f, s, z, w, theta = work.flow, work.slack, work.below, work.above, work.theta
    p, dp, aim, mu = work.potential, work.change, work.aim, work.mu[0]
    shrink_p, shrink_d = 1e-300, 1e-300
    lanes = np.empty((5, work.widest))
    for k in range(work.part_start[part], work.part_start[part + 1]):
        head, tail, end = node_start[k], node_start[k + 1], node_start[k + 2]
        n = tail - head
        below, change, aimed = p[head:tail], dp[head:tail], aim[head:tail]
        lanes[:, :] = 0.0
        df, inverse, d = lanes[0, :n], lanes[1, :n], lanes[2, :n]
        primal, dual = lanes[3, :n], lanes[4, :n]
        for i in range(tail, end):
            e = edge_start[k] + (i - tail) * n
            fr, sr, zr, wr = f[e : e + n], s[e : e + n], z[e : e + n], w[e : e + n]
            tr, here, moved, aims = theta[e : e + n], p[i], dp[i], aim[i]
            for j in range(n):
                inverse[j] = 1.0 / ((fr[j] * zr[j]) * (sr[j] * wr[j]))
            for j in range(n):
                d[j] = tr[j] * (aims - aimed[j])
            for j in range(n):
                by_f, by_s = _reciprocals(inverse[j], fr[j], sr[j], zr[j], wr[j])
                push = _push(here - below[j], by_f, by_s, zr[j], wr[j], d[j], mu)
                df[j] = tr[j] * (moved - change[j] + push)
            for j in range(n):
                by_f, by_s = _reciprocals(inverse[j], fr[j], sr[j], zr[j], wr[j])
                worst = _larger(-df[j] * by_f, df[j] * by_s)
                primal[j] = _larger(primal[j], worst if fr[j] > 0.0 else 0.0)
            for j in range(n):
                by_fz, by_sw = inverse[j] * (sr[j] * wr[j]), inverse[j] * (fr[j] * zr[j])
                worst = _larger(
                    -_below_step(by_fz, zr[j], d[j], mu, df[j]),
                    -_above_step(by_sw, wr[j], d[j], mu, df[j]),
                )
                dual[j] = _larger(dual[j], worst if fr[j] > 0.0 else 0.0)
        shrink_p, shrink_d = max(shrink_p, _largest(primal)), max(shrink_d, _largest(dual))
    work.shrinks[part, 0], work.shrinks[part, 1] = shrink_p, shrink_d


@_inlined
def _larger(x, y):
    return x if x > y else y


@_inlined
def _reciprocals(inverse, f, s, z, w):
    """`1/f` and `1/s`, from `1 / (f z s w)`: one division for all."""
    return inverse * (s * w) * z, inverse * (f * z) * w


@_inlined
def _push(fall, by_f, by_s, z, w, d, mu):
    a, b = d * by_f, d * by_s
    return fall + a * (1.0 + a) * z + b * (1.0 - b) * w + mu * (by_f - by_s)


@_inlined
def _below_step(by_fz, z, d, mu, df):
    """Relative step of `z`, the dual of `f >= 0`."""
    by_f = z * by_fz
    a = d * by_f
    return mu * by_fz + a * (1.0 + a) - 1.0 - df * by_f


@_inlined
def _above_step(by_sw, w, d, mu, df):
    """Relative step of `w`, the dual of `f <= u`."""
    by_s = w * by_sw
    b = d * by_s
    return mu * by_sw - b * (1.0 - b) - 1.0 + df * by_s
