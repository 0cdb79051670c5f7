"""Two-site TDVP: the textbook sweep, kept as a check on the one-site sweep with controlled expansion."""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.krylov import propagate
from tnthermo.kernels.svd import svd
from tnthermo.kernels.sweep import CAPPED, DISCARDED, KRYLOV, WORK, top_population


@njit(cache=True)
def merge_tables(table, values, next_table, next_values, next_levels):
    """The operator table of a pair of sites as one site with d1 d2 levels (row = row1 * d2 + row2)."""
    count = 0
    for m in range(table.shape[0]):
        for k in range(next_table.shape[0]):
            if table[m, 1] == next_table[k, 0]:
                count += 1
    pair = np.empty((count, 4), dtype=np.int64)
    pair_values = np.empty(count, dtype=np.complex128)
    count = 0
    for m in range(table.shape[0]):
        for k in range(next_table.shape[0]):
            if table[m, 1] == next_table[k, 0]:
                pair[count, 0] = table[m, 0]
                pair[count, 1] = next_table[k, 1]
                pair[count, 2] = table[m, 2] * next_levels + next_table[k, 2]
                pair[count, 3] = table[m, 3] * next_levels + next_table[k, 3]
                pair_values[count] = values[m] * next_values[k]
                count += 1
    return pair, pair_values


@njit(cache=True)
def split_pair(x, d1, d2, cutoff, most, report):
    """(left tensor, singular values, right tensor) of a pair x (l, d1 d2, r), truncated; what is dropped goes into ``report``."""
    l, _, r = x.shape
    left, s, right = svd(x.reshape(l * d1, d2 * r))
    keep = s.size
    discarded = 0.0
    while keep > 1 and discarded + s[keep - 1] ** 2 <= cutoff:
        discarded += s[keep - 1] ** 2
        keep -= 1
    while keep > most:
        discarded += s[keep - 1] ** 2
        report[CAPPED] += s[keep - 1] ** 2
        keep -= 1
    report[DISCARDED] += discarded
    return np.ascontiguousarray(left[:, :keep]), s[:keep].copy(), np.ascontiguousarray(right[:keep])


@njit(cache=True)
def two_site_sweep(net, z, krylov, cutoff, most, top, report):
    """One symmetric two-site step exp(z H) in place; arguments as in `tnthermo.kernels.sweep.sweep`, the whole chain is swept."""
    tensors, lefts, rights, tables, values, widths = (
        net.tensors,
        net.lefts,
        net.rights,
        net.tables,
        net.values,
        net.widths,
    )
    n = len(tensors)
    local = krylov / (4.0 * n)
    for i in range(n - 1):
        first, second = tensors[i], tensors[i + 1]
        l, d1, k = first.shape
        _, d2, r = second.shape
        pair = np.dot(first.reshape(l * d1, k), second.reshape(k, d2 * r)).reshape(l, d1 * d2, r)
        table, table_values = merge_tables(tables[i], values[i], tables[i + 1], values[i + 1], d2)
        last = i == n - 2
        x, bound, work = propagate(lefts[i], table, table_values, rights[i + 2], pair, z if last else 0.5 * z, local)
        report[KRYLOV] += bound
        report[WORK] += work
        left, s, right = split_pair(x, d1, d2, cutoff, most, report)
        keep = s.size
        if last:
            tensors[i] = (left * s).reshape(l, d1, keep)
            tensors[i + 1] = right.reshape(keep, d2, r)
            break
        tensors[i] = left.reshape(l, d1, keep)
        lefts[i + 1] = grow_left(lefts[i], tables[i], values[i], tensors[i], widths[i + 1])
        center = (right * s.reshape(keep, 1)).reshape(keep, d2, r)
        back, bound, work = propagate(
            lefts[i + 1], tables[i + 1], values[i + 1], rights[i + 2], center, -0.5 * z, local
        )
        report[KRYLOV] += bound
        report[WORK] += work
        tensors[i + 1] = back
    weights = np.ascontiguousarray(tensors[n - 2])
    top[n - 1] = 0.0
    top[n - 2] = top_population(weights, 2)
    last_site = tensors[n - 1]
    joined = np.dot(weights.reshape(-1, weights.shape[2]), last_site.reshape(last_site.shape[0], -1))
    top[n - 1] = top_population(
        joined.reshape(weights.shape[0] * weights.shape[1], last_site.shape[1], last_site.shape[2]), 2
    )
    for i in range(n - 2, 0, -1):
        center = tensors[i]
        rights[i + 1] = grow_right(rights[i + 2], tables[i + 1], values[i + 1], tensors[i + 1], widths[i + 1])
        back, bound, work = propagate(lefts[i], tables[i], values[i], rights[i + 1], center, -0.5 * z, local)
        report[KRYLOV] += bound
        report[WORK] += work
        first = tensors[i - 1]
        l, d1, k = first.shape
        _, d2, r = back.shape
        pair = np.dot(first.reshape(l * d1, k), back.reshape(k, d2 * r)).reshape(l, d1 * d2, r)
        table, table_values = merge_tables(tables[i - 1], values[i - 1], tables[i], values[i], d2)
        x, bound, work = propagate(lefts[i - 1], table, table_values, rights[i + 1], pair, 0.5 * z, local)
        report[KRYLOV] += bound
        report[WORK] += work
        left, s, right = split_pair(x, d1, d2, cutoff, most, report)
        keep = s.size
        tensors[i - 1] = (left * s).reshape(l, d1, keep)
        tensors[i] = right.reshape(keep, d2, r)
        top[i] = top_population((right * s.reshape(keep, 1)).reshape(keep, d2, r), 2)
    top[0] = top_population(tensors[0], 2)
    rights[1] = grow_right(rights[2], tables[1], values[1], tensors[1], widths[1])
