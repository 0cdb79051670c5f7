"""One-site TDVP: a symmetric sweep, with bond expansion on the way out from the system and truncation on the way back to it.

Projector splitting (J. Haegeman et al., Phys. Rev. B 94, 165116 (2016)): each site tensor goes forward in time, each bond matrix backward.
The sweep covers the active part of the line only. Beyond it everything is still as it was at the start; the front moves on when
the projection error at the last active bond, on either side, exceeds the threshold.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.expand import missing_directions
from tnthermo.kernels.krylov import propagate
from tnthermo.kernels.reach import reach_right

# what a sweep reports, as indices into its `report` array
DISCARDED, KRYLOV, MISSED, CAPPED = 0, 1, 2, 3


@njit(cache=True)
def split_right(x):
    """x (l, d, r) = q (l, d, k) left-orthonormal times matrix (k, r)."""
    l, d, r = x.shape
    q, matrix = np.linalg.qr(x.reshape(l * d, r))
    return np.ascontiguousarray(q).reshape(l, d, q.shape[1]), np.ascontiguousarray(matrix)


@njit(cache=True)
def split_left(x, cutoff, most):
    """x (l, d, r) = matrix (l, k) times q (k, d, r) right-orthonormal; (matrix, q, discarded, capped).

    The smallest singular values are dropped while their squares add up to at most ``cutoff``, and beyond ``most`` of them; the sum of
    squares dropped is ``discarded``, the part of it that the cap alone dropped is ``capped``. A negative cutoff drops nothing.
    """
    l, d, r = x.shape
    q, factor = np.linalg.qr(np.ascontiguousarray(x.reshape(l, d * r).conj().T))
    k = q.shape[1]
    matrix = np.ascontiguousarray(factor.conj().T)
    rows = np.ascontiguousarray(q.conj().T)
    discarded = 0.0
    capped = 0.0
    if cutoff >= 0.0 and k > 1:
        left, values, right = np.linalg.svd(matrix, full_matrices=False)
        keep = k
        while keep > 1 and discarded + values[keep - 1] ** 2 <= cutoff:
            discarded += values[keep - 1] ** 2
            keep -= 1
        while keep > most:
            capped += values[keep - 1] ** 2
            keep -= 1
        if keep < k:
            matrix = np.ascontiguousarray(left[:, :keep]) * values[:keep]
            rows = np.dot(np.ascontiguousarray(right[:keep]), rows)
            k = keep
    return matrix, rows.reshape(k, d, r), discarded + capped, capped


@njit(cache=True)
def top_population(x, levels):
    """Population of the highest level (the larger of the two highest) of a centre tensor x (l, d, r)."""
    d = x.shape[1]
    largest = 0.0
    for s in range(max(d - levels, 0), d):
        largest = max(largest, np.sum(x[:, s, :].real ** 2 + x[:, s, :].imag ** 2))
    return largest


@njit(cache=True)
def expand_right(tensors, lefts, rights, tables, values, widths, i, threshold, most):
    """Add to bond i + 1 the directions that H reaches; (missed, leak). The centre is at site i and keeps its value."""
    center, neighbour = tensors[i], tensors[i + 1]
    l, d, r = center.shape
    rows, missed, leak = missing_directions(
        lefts[i], tables[i], values[i], center, rights[i + 2], tables[i + 1], values[i + 1], neighbour, widths[i + 1],
        threshold, most - r,
    )  # fmt: skip
    n = rows.shape[0]
    if n > 0:
        wider = np.zeros((l, d, r + n), dtype=np.complex128)
        wider[:, :, :r] = center
        taller = np.empty((r + n, neighbour.shape[1], neighbour.shape[2]), dtype=np.complex128)
        taller[:r] = neighbour
        taller[r:] = rows
        tensors[i], tensors[i + 1] = wider, taller
        rights[i + 1] = grow_right(rights[i + 2], tables[i + 1], values[i + 1], taller, widths[i + 1])
    return missed, leak


@njit(cache=True)
def expand_left(tensors, lefts, rights, mirrored, mirrored_values, widths, i, threshold, most):
    """Add to bond i the directions that H reaches on its left: `expand_right` of the line read from right to left."""
    center, neighbour = tensors[i], tensors[i - 1]
    l, d, r = center.shape
    columns, missed, leak = missing_directions(
        turned_block(rights[i + 1]), mirrored[i], mirrored_values[i], turned(center), turned_block(lefts[i - 1]),
        mirrored[i - 1], mirrored_values[i - 1], turned(neighbour), widths[i], threshold, most - l,
    )  # fmt: skip
    n = columns.shape[0]
    if n > 0:
        taller = np.zeros((l + n, d, r), dtype=np.complex128)
        taller[:l] = center
        wider = np.empty((neighbour.shape[0], neighbour.shape[1], l + n), dtype=np.complex128)
        wider[:, :, :l] = neighbour
        wider[:, :, l:] = columns.transpose(2, 1, 0)
        tensors[i], tensors[i - 1] = taller, wider
        lefts[i] = turned_block(
            grow_right(turned_block(lefts[i - 1]), mirrored[i - 1], mirrored_values[i - 1], turned(wider), widths[i])
        )
    return missed, leak


@njit(cache=True)
def turned(tensor):
    """A tensor of the line read from right to left."""
    return np.ascontiguousarray(tensor.transpose(2, 1, 0))


@njit(cache=True)
def turned_matrix(matrix):
    """The transpose, stored row by row."""
    return np.ascontiguousarray(matrix.transpose())


@njit(cache=True)
def turned_block(block):
    """A left block as a right block of the line read from right to left, and the other way round: channel a becomes w - 1 - a."""
    return np.ascontiguousarray(block[::-1].transpose(0, 2, 1))


@njit(cache=True)
def shift(tensors, lefts, rights, tables, values, widths, start, end):
    """Move the orthogonality centre from site ``start`` to site ``end``, blocks included; the state stays as it is."""
    for i in range(start, end):
        q, matrix = split_right(tensors[i])
        tensors[i] = q
        lefts[i + 1] = grow_left(lefts[i], tables[i], values[i], q, widths[i + 1])
        tensors[i + 1] = absorb_left(matrix, tensors[i + 1])
    for i in range(start, end, -1):
        matrix, q, _, _ = split_left(tensors[i], -1.0, 0)
        tensors[i] = q
        rights[i] = grow_right(rights[i + 1], tables[i], values[i], q, widths[i])
        tensors[i - 1] = absorb_right(tensors[i - 1], matrix)


@njit(cache=True)
def absorb_left(matrix, tensor):
    """matrix (k, l) times tensor (l, d, r)."""
    l, d, r = tensor.shape
    return np.dot(matrix, tensor.reshape(l, d * r)).reshape(matrix.shape[0], d, r)


@njit(cache=True)
def absorb_right(tensor, matrix):
    """tensor (l, d, r) times matrix (r, k)."""
    l, d, r = tensor.shape
    return np.dot(tensor.reshape(l * d, r), matrix).reshape(l, d, matrix.shape[1])


@njit(cache=True)
def sweep(
    tensors,
    lefts,
    rights,
    tables,
    values,
    mirrored,
    mirrored_values,
    passes,
    pass_values,
    widths,
    system,
    first,
    active,
    z,
    krylov,
    threshold,
    cutoff,
    most,
    adaptive,
    top,
    report,
):
    """One symmetric step exp(z H) in place, centre at the system before and after; returns the new (first, active).

    From the system to the left end, to the right end, back to the left end and to the system again; the first and the last stretch
    only move the centre. Bonds are expanded ahead of the centre where the sweep goes to the right, and on the way out to the left;
    they are truncated on every last way back to the system. On either side the sweep turns where the light cone ends.

    tensors       list of (l, d, r); the centre is at ``system``, left of it left-orthonormal, right of it right-orthonormal
    lefts, rights lists over bonds 0 .. n; lefts[i] for i <= system and rights[i] for i > system are the blocks of bond i
    tables, values, mirrored, mirrored_values, passes, pass_values   operators of the sites, the same for the line read from right to left,
                  and the pass-on tables of the bonds
    widths        channels of each bond (n + 1,)
    system        the system's site, first <= system < active
    first, active the sites first .. active - 1 are swept; the others are still as they were at the start
    krylov        bound on the sum of all Krylov errors of the step
    threshold     norm of (1 - P) H psi at a bond below which it is not expanded and the front does not move
    cutoff        squared singular values that a bond may lose; negative: none
    most          cap on the bond dimension
    adaptive      expand and truncate, follow the light cone; else the bonds stay as they are and the whole line is swept
    top           (n,) filled with the populations of the highest levels, on the way back
    report        (4,) DISCARDED, KRYLOV, MISSED, CAPPED are added to
    """
    n = len(tensors)
    shift(tensors, lefts, rights, tables, values, widths, system, first)
    if adaptive and first > 0:  # a site ahead of the front, so that the way in finds the bond to open
        room = tensors[first].shape[0]
        _, leak = expand_left(tensors, lefts, rights, mirrored, mirrored_values, widths, first, threshold, room)
        if leak >= threshold:
            shift(tensors, lefts, rights, tables, values, widths, first, first - 1)
            first -= 1
    local = krylov / (4.0 * (active - first))
    i = first
    back_to_left = False
    while True:
        if adaptive and i < n - 1 and not back_to_left:
            active, missed = reach_right(tensors, lefts, rights, tables, values, widths, i, active, threshold, most)
            report[MISSED] = max(report[MISSED], missed * abs(z))
            missed, leak = expand_right(tensors, lefts, rights, tables, values, widths, i, threshold, most)
            report[MISSED] = max(report[MISSED], missed * abs(z))
            if i >= active - 1 and leak >= threshold:
                active = i + 2
        turning = i == active - 1 and not back_to_left
        if adaptive and 0 < i <= system and (turning or back_to_left):
            missed, leak = expand_left(tensors, lefts, rights, mirrored, mirrored_values, widths, i, threshold, most)
            report[MISSED] = max(report[MISSED], missed * abs(z))
            if i == first and leak >= threshold:
                first -= 1
        x, bound = propagate(
            lefts[i], tables[i], values[i], rights[i + 1], tensors[i], z if turning else 0.5 * z, local
        )
        report[KRYLOV] += bound
        tensors[i] = x
        back_to_left = back_to_left or turning
        if back_to_left:
            top[i] = top_population(x, 2)
            if i == first:
                break
            matrix, q, discarded, capped = split_left(x, cutoff if i > system else -1.0, most)
            report[DISCARDED] += discarded
            report[CAPPED] += capped
            tensors[i] = q
            rights[i] = grow_right(rights[i + 1], tables[i], values[i], q, widths[i])
            bond = i
        else:
            q, matrix = split_right(x)
            tensors[i] = q
            lefts[i + 1] = grow_left(lefts[i], tables[i], values[i], q, widths[i + 1])
            bond = i + 1
        matrix3 = matrix.reshape(matrix.shape[0], 1, matrix.shape[1])
        back3, bound = propagate(lefts[bond], passes[bond], pass_values[bond], rights[bond], matrix3, -0.5 * z, local)
        report[KRYLOV] += bound
        back = back3.reshape(matrix.shape)
        if back_to_left:
            i -= 1
            tensors[i] = absorb_right(tensors[i], back)
        else:
            i += 1
            tensors[i] = absorb_left(back, tensors[i])
    while i < system:
        matrix, q, discarded, capped = split_left(turned(tensors[i]), cutoff, most)
        report[DISCARDED] += discarded
        report[CAPPED] += capped
        tensors[i] = turned(q)
        lefts[i + 1] = grow_left(lefts[i], tables[i], values[i], tensors[i], widths[i + 1])
        tensors[i + 1] = absorb_left(turned_matrix(matrix), tensors[i + 1])
        i += 1
    return first, active
