"""Mean and mean square of H, and overlaps of two matrix product states.

Gram blocks
-----------
gram         (w, w, r, r): gram[a', a] = <what channel a' does from here on | what channel a does from here on>, indices (ket, bra)

gram[w - 1] is the right block of H and gram[w - 1, w - 1] the identity (right-orthonormal tensors), which is never multiplied;
gram[a, a'] = gram[a', a]^dag. |H psi> is never written as a matrix product state: its bonds would be w times as large.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import finish_channels
from tnthermo.kernels.measure import operate


@njit(cache=True)
def _add_channel(table, values, channel, source, weight, y):
    """y[a] += weight times the operator from a to ``channel`` on source, for the first len(y) channels a."""
    l, r = source.shape[0], source.shape[2]
    for m in range(table.shape[0]):
        a = table[m, 0]
        if table[m, 1] == channel and a < y.shape[0]:
            row, column, value = table[m, 2], table[m, 3], weight * values[m]
            for i in range(l):
                for k in range(r):
                    y[a, i, row, k] += value * source[i, column, k]


@njit(cache=True)
def _add_bra(value, row, column, source, target):
    """target += (value |row><column|)^dag on source."""
    l, r = source.shape[0], source.shape[2]
    for i in range(l):
        for k in range(r):
            target[i, column, k] += np.conj(value) * source[i, row, k]


@njit(cache=True)
def grow_gram(gram, table, values, x, width):
    """Gram blocks of the bond to the left (width, width, l, l) from those of this one and the right-orthonormal tensor x (l, d, r).

    The pairs a' >= a are summed over all pairs of channels (b', b) they lead to; on the diagonal a' = a the pairs b' > b stand for their
    adjoints too. With width 1 (the bond before site 0) x may be any tensor.
    """
    l, d, r = x.shape
    inner = gram.shape[0]
    pairs = width * (width + 1) // 2
    lowest, highest = np.full(inner, width), np.full(inner, -1)
    for m in range(table.shape[0]):
        a, b = table[m, 0], table[m, 1]
        lowest[b], highest[b] = min(lowest[b], a), max(highest[b], a)
    z = np.zeros((pairs, l, d, r), dtype=np.complex128)  # pair (a', a) at a' (a' + 1) / 2 + a
    y = np.empty((width, l, d, r), dtype=np.complex128)
    t = np.empty_like(x)
    flat, flat_t = x.reshape(l * d, r), t.reshape(l * d, r)
    for bra in range(inner):
        if highest[bra] < 0:
            continue
        needed = min(highest[bra] + 1, max(1, width - 1))
        part = y[:needed]
        part[:] = 0
        for ket in range(bra):
            if lowest[ket] < needed:
                np.dot(flat, gram[bra, ket], flat_t)
                _add_channel(table, values, ket, t, 1.0, part)
        if bra == inner - 1:
            t[:] = x
        else:
            np.dot(flat, gram[bra, bra], flat_t)
        _add_channel(table, values, bra, t, 0.5, part)
        for m in range(table.shape[0]):
            a = table[m, 0]
            if table[m, 1] == bra and a < needed:
                _add_bra(values[m], table[m, 2], table[m, 3], y[a], z[a * (a + 1) // 2 + a])
        if highest[bra] == 0:
            continue
        _add_channel(table, values, bra, t, 0.5, part)
        for ket in range(bra + 1, inner):
            if lowest[ket] < highest[bra]:
                np.dot(flat, gram[bra, ket], flat_t)
                _add_channel(table, values, ket, t, 1.0, part)
        for m in range(table.shape[0]):
            if table[m, 1] == bra:
                above = table[m, 0]
                for a in range(above):
                    _add_bra(values[m], table[m, 2], table[m, 3], y[a], z[above * (above + 1) // 2 + a])
    result = np.empty((width, width, l, l), dtype=np.complex128)
    adjoint = x.reshape(l, d * r).conj().T
    for above in range(width):
        for a in range(above + 1):
            if a == above and a == width - 1 and width > 1:
                result[a, a] = np.eye(l, dtype=np.complex128)
                continue
            block = np.dot(z[above * (above + 1) // 2 + a].reshape(l, d * r), adjoint)
            if a == above:
                result[a, a] = block + block.conj().T
            else:
                result[above, a] = block
                result[a, above] = block.conj().T
    return result


@njit(cache=True)
def moments(tensors, tables, values, widths):
    """(<psi|psi>, <psi|H|psi>, <psi|H^2|psi>) for a Hermitian H; centre at site 0, all others right-orthonormal.

    Memory: w (w + 1) / 2 tensors beside the Gram blocks, w the widest bond's channels.
    """
    gram = np.ones((1, 1, 1, 1), dtype=np.complex128)
    for i in range(len(tensors) - 1, 0, -1):
        gram = grow_gram(gram, tables[i], values[i], tensors[i], widths[i])
    center = tensors[0]
    flat = center.reshape(center.size)
    image = finish_channels(gram[gram.shape[0] - 1], tables[0], values[0], center, 0, 1)
    square = grow_gram(gram, tables[0], values[0], center, 1)
    norm = np.vdot(flat, flat).real
    return norm, np.vdot(flat, image.reshape(center.size)).real, square[0, 0, 0, 0].real


@njit(cache=True)
def _lowest_levels(tensor, levels):
    """The tensor with its first ``levels`` levels (itself where it has no more)."""
    if tensor.shape[1] == levels:
        return tensor
    result = np.empty((tensor.shape[0], levels, tensor.shape[2]), dtype=np.complex128)
    result[:] = tensor[:, :levels]
    return result


@njit(cache=True)
def _pass_pair(block, bra, ket):
    """(r', r): block (l', l), indices (bra, ket), carried over a site; levels that one of the two lacks are empty."""
    levels = min(bra.shape[1], ket.shape[1])
    upper, lower = _lowest_levels(bra, levels), _lowest_levels(ket, levels)
    l, d, r = lower.shape
    inside = np.dot(block, lower.reshape(l, d * r))
    rows = upper.shape[0] * d
    return np.dot(upper.reshape(rows, upper.shape[2]).conj().T, inside.reshape(rows, r))


@njit(cache=True)
def overlap(bras, kets):
    """<bra|ket> of two states on the same sites, in any gauge; bonds and numbers of levels may differ, missing levels are empty."""
    block = np.ones((1, 1), dtype=np.complex128)
    for i in range(len(kets)):
        block = _pass_pair(block, bras[i], kets[i])
    return block[0, 0]


@njit(cache=True)
def overlap_operator(bras, kets, site, operator):
    """<bra| O_site |ket>, otherwise as `overlap`; operator (d', d), d' at least the bra's levels there, d at least the ket's."""
    block = np.ones((1, 1), dtype=np.complex128)
    for i in range(len(kets)):
        ket = operate(kets[i], operator) if i == site else kets[i]
        block = _pass_pair(block, bras[i], ket)
    return block[0, 0]
