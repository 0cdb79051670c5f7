"""H on one site, in the basis of a matrix product state: the inner loop of every sweep.

Conventions of all kernels
--------------------------
tensor       (l, d, r) complex: left bond, local level, right bond
left block   (w, l, l): left[a] = <bra| operators of channel a to the left |ket>, indices (bra, ket)
right block  (w, r, r): right[b] likewise to the right, indices (ket, bra)
channels     of a bond of width w: 0 = "no term has started yet", w - 1 = "a term is finished", in between the terms that straddle the
             bond. In canonical gauge left[0] and right[w - 1] are identities and are never multiplied.
table        (m, 4) integers (a, b, row, column) sorted by a, with values (m,): the local operator that leads from channel a of the left
             bond to channel b of the right bond has the element value at (row, column)

A bond is a site with one level whose table passes each channel on, and a pair of sites is a site with d1 d2 levels: the same kernel serves
the site step, the backward bond step (in which the coupling of the bond so counts once) and the two-site step.

Entries of the table that follow each other with the same channels make a group: one local operator. Boson operators have one element a
row, next to the one of the row before: such a group is a scaled shift of whole rows of the tensor, and costs nothing beside the products
with the blocks.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.arrays import adjoint, identity, paste

# columns of a plan: channels, range of entries, where the source is kept (X: the tensor itself), first row and column of a shift
LEFT, RIGHT, FIRST, LAST, SLOT, ROW, COLUMN = range(7)
X = -1
SCATTERED = -1  # in place of a first row: no shift, the entries are taken one by one


@njit(cache=True)
def plan(table, values, finished, width):
    """(groups (g, 7), slots): the groups of a table as `apply_planned` reads them, and how many products with blocks they need.

    finished   channel of the right bond in which terms are complete
    width      channels of the left bond; its products come first, channel a in slot a - 1
    """
    count = 0
    for m in range(table.shape[0]):
        if m == 0 or table[m, 0] != table[m - 1, 0] or table[m, 1] != table[m - 1, 1]:
            count += 1
    groups = np.empty((count, 7), dtype=np.int64)
    slots = width - 1
    m = 0
    for g in range(count):
        a, b, row, column = table[m, 0], table[m, 1], table[m, 2], table[m, 3]
        start = m
        shift = True
        while m < table.shape[0] and table[m, 0] == a and table[m, 1] == b:
            here = table[m, 2] == row + m - start and table[m, 3] == column + m - start
            shift = shift and here and values[m].imag == 0.0
            m += 1
        groups[g, LEFT], groups[g, RIGHT], groups[g, FIRST], groups[g, LAST] = a, b, start, m
        groups[g, ROW], groups[g, COLUMN] = row if shift else SCATTERED, column
        if b != finished:
            groups[g, SLOT] = slots
            slots += 1
        else:
            groups[g, SLOT] = a - 1  # X for a = 0
    return groups, slots


@njit(cache=True)
def scales_of(values, r):
    """(e, 2 r) the values of all entries, each repeated for the real and imaginary parts of a row."""
    scales = np.empty((values.size, 2 * r))
    for m in range(values.size):
        for k in range(2 * r):
            scales[m, k] = values[m].real
    return scales


@njit(cache=True)
def apply_planned(left, groups, table, values, scales, right, x, out, work):
    """out = H_eff x. Shapes: x, out (l, d, r); work (slots, l, d, r) scratch space; the rest as `plan` and `scales_of` give them."""
    l, d, r = x.shape
    width = left.shape[0]
    if width > 1:
        np.dot(
            left[1:].reshape((width - 1) * l, l), x.reshape(l, d * r), work[: width - 1].reshape((width - 1) * l, d * r)
        )
    for g in range(groups.shape[0]):
        slot = groups[g, SLOT]
        if slot >= width - 1:
            a, b = groups[g, LEFT], groups[g, RIGHT]
            source = x if a == 0 else work[a - 1]
            np.dot(source.reshape(l * d, r), right[b], work[slot].reshape(l * d, r))
    out.fill(0.0)
    # real and imaginary parts as one row of numbers
    x_row = x.view(np.float64).reshape(l, 2 * d * r)
    out_row = out.view(np.float64).reshape(l, 2 * d * r)
    work_row = work.view(np.float64).reshape(work.shape[0], l, 2 * d * r)
    flat = scales.reshape(scales.size)
    for i in range(l):
        for g in range(groups.shape[0]):
            slot, row, column = groups[g, SLOT], groups[g, ROW], groups[g, COLUMN]
            source = x_row[i] if slot == X else work_row[slot, i]
            if row != SCATTERED:
                length = 2 * r * (groups[g, LAST] - groups[g, FIRST])
                add_scaled(
                    out_row[i, 2 * r * row : 2 * r * row + length],
                    source[2 * r * column : 2 * r * column + length],
                    flat[2 * r * groups[g, FIRST] : 2 * r * groups[g, FIRST] + length],
                )
                continue
            for m in range(groups[g, FIRST], groups[g, LAST]):
                row, column = table[m, 2], table[m, 3]
                add_multiple(
                    out_row[i, 2 * r * row : 2 * r * (row + 1)],
                    source[2 * r * column : 2 * r * (column + 1)],
                    values[m],
                )


@njit(cache=True)
def add_scaled(target, source, scale):
    """target += scale * source, element by element."""
    for k in range(target.size):
        target[k] += scale[k] * source[k]


@njit(cache=True)
def add_multiple(target, source, value):
    """target += value * source for complex numbers stored as pairs of real ones."""
    if value.imag == 0.0:
        for k in range(target.size):
            target[k] += value.real * source[k]
    else:
        for k in range(0, target.size, 2):
            target[k] += value.real * source[k] - value.imag * source[k + 1]
            target[k + 1] += value.real * source[k + 1] + value.imag * source[k]


@njit(cache=True)
def apply_site(left, table, values, right, x):
    """H_eff x (l, d, r), once; a solver makes the plan itself and calls `apply_planned`."""
    groups, slots = plan(table, values, right.shape[0] - 1, left.shape[0])
    out = np.empty_like(x)
    apply_planned(
        left,
        groups,
        table,
        values,
        scales_of(values, x.shape[2]),
        right,
        x,
        out,
        np.empty((slots, *x.shape), dtype=np.complex128),
    )
    return out


@njit(cache=True)
def add_entries(table, values, first, last, source, target):
    """target += the operator of the entries first .. last - 1 on the levels of source; both (l, d, r), contiguous."""
    l, d, r = source.shape
    from_row = source.view(np.float64).reshape(l, d, 2 * r)
    to_row = target.view(np.float64).reshape(l, d, 2 * r)
    for i in range(l):
        for m in range(first, last):
            add_multiple(to_row[i, table[m, 2]], from_row[i, table[m, 3]], values[m])


@njit(cache=True)
def start_channels(left, table, values, x, low, high):
    """u (high - low, l, d, r): (left block and site operators) on x, for the channels low .. high - 1 of the right bond."""
    l, d, r = x.shape
    u = np.zeros((high - low, l, d, r), dtype=np.complex128)
    t = np.empty_like(x)
    made = 0  # channel of which t holds the product
    m = 0
    while m < table.shape[0]:
        a, b = table[m, 0], table[m, 1]
        first = m
        while m < table.shape[0] and table[m, 0] == a and table[m, 1] == b:
            m += 1
        if low <= b < high:
            if a != made and a > 0:
                np.dot(left[a], x.reshape(l, d * r), t.reshape(l, d * r))
                made = a
            add_entries(table, values, first, m, x if a == 0 else t, u[b - low])
    return u


@njit(cache=True)
def finish_channels(right, table, values, x, low, high):
    """v (high - low, l, d, r): (site operators and right block) on x, for the channels low .. high - 1 of the left bond."""
    l, d, r = x.shape
    v = np.zeros((high - low, l, d, r), dtype=np.complex128)
    finished = right.shape[0] - 1
    t = np.empty_like(x)
    for b in range(right.shape[0]):
        made = b == finished  # whether the product with the right block is there
        m = 0
        while m < table.shape[0]:
            a = table[m, 0]
            first = m
            while m < table.shape[0] and table[m, 0] == a and table[m, 1] == table[first, 1]:
                m += 1
            if table[first, 1] != b or not low <= a < high:
                continue
            if not made:
                np.dot(x.reshape(l * d, r), right[b], t.reshape(l * d, r))
                made = True
            add_entries(table, values, first, m, x if b == finished else t, v[a - low])
    return v


@njit(cache=True)
def grow_left(left, table, values, x, width):
    """Left block of the next bond (width, r, r) from that of this one and the left-orthonormal tensor x (l, d, r)."""
    l, d, r = x.shape
    low = 1 if width > 1 else 0  # where no term has started: the identity
    u = start_channels(left, table, values, x, low, width)
    bra = adjoint(x.reshape(l * d, r))
    block = np.empty((width, r, r), dtype=np.complex128)
    if low:
        paste(block[0], identity(r), 0, 0)
    for b in range(low, width):
        np.dot(bra, u[b - low].reshape(l * d, r), block[b])
    return block


@njit(cache=True)
def grow_right(right, table, values, x, width):
    """Right block of the bond to the left (width, l, l) from that of this one and the right-orthonormal tensor x (l, d, r)."""
    l, d, r = x.shape
    high = width - 1 if width > 1 else 1  # where all terms are finished: the identity
    v = finish_channels(right, table, values, x, 0, high)
    bra = adjoint(x.reshape(l, d * r))
    block = np.empty((width, l, l), dtype=np.complex128)
    np.dot(v.reshape(high * l, d * r), bra, block[:high].reshape(high * l, l))
    if high < width:
        paste(block[high], identity(l), 0, 0)
    return block
