"""One-site TDVP: a symmetric sweep, with bond expansion on the way out from the system and truncation on the way back to it.

Projector splitting (J. Haegeman et al., Phys. Rev. B 94, 165116 (2016)): each site tensor goes forward in time, each bond matrix backward.
The sweep covers the active part of the line only. Beyond it everything is still as it was at the start; the front moves on when
the projection error at the last active bond, on either side, exceeds the threshold.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.arrays import adjoint, paste
from tnthermo.kernels.expand import missing_directions
from tnthermo.kernels.krylov import propagate
from tnthermo.kernels.reach import reach_right
from tnthermo.kernels.svd import svd

# what a sweep reports, as indices into its `report` array
DISCARDED, KRYLOV, MISSED, CAPPED, WORK = 0, 1, 2, 3, 4
REPORT = 5  # its length


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
    q, factor = np.linalg.qr(adjoint(x.reshape(l, d * r)))
    k = q.shape[1]
    matrix = adjoint(factor)
    rows = adjoint(q)
    discarded = 0.0
    capped = 0.0
    if cutoff >= 0.0 and k > 1:
        left, values, right = svd(matrix)
        keep = k
        while keep > 1 and discarded + values[keep - 1] ** 2 <= cutoff:
            discarded += values[keep - 1] ** 2
            keep -= 1
        while keep > most:
            capped += values[keep - 1] ** 2
            keep -= 1
        if keep < k:
            matrix = np.empty((l, keep), dtype=np.complex128)
            for i in range(l):
                for j in range(keep):
                    matrix[i, j] = left[i, j] * values[j]
            rows = np.dot(np.ascontiguousarray(right[:keep]), rows)
            k = keep
    return matrix, rows.reshape(k, d, r), discarded + capped, capped


@njit(cache=True)
def top_population(x, levels):
    """Population of the highest level (the larger of the two highest) of a centre tensor x (l, d, r)."""
    l, d, r = x.shape
    largest = 0.0
    for s in range(max(d - levels, 0), d):
        total = 0.0
        for i in range(l):
            for k in range(r):
                total += x[i, s, k].real ** 2 + x[i, s, k].imag ** 2
        largest = max(largest, total)
    return largest


@njit(cache=True)
def expand_right(net, i, threshold, most, front):
    """Add to bond i + 1 the directions that H reaches; (missed, leak). The centre is at site i and keeps its value.

    front  whether ``leak`` is wanted, see `tnthermo.kernels.expand.missing_directions`
    """
    center, neighbour = net.tensors[i], net.tensors[i + 1]
    l, d, r = center.shape
    rows, missed, leak = missing_directions(
        net.lefts[i], net.tables[i], net.values[i], center, net.rights[i + 2], net.tables[i + 1], net.values[i + 1], neighbour,
        net.widths[i + 1], threshold, most - r, front,
    )  # fmt: skip
    n = rows.shape[0]
    if n > 0:
        wider = np.zeros((l, d, r + n), dtype=np.complex128)
        paste(wider.reshape(l * d, r + n), center.reshape(l * d, r), 0, 0)
        taller = np.empty((r + n, neighbour.shape[1], neighbour.shape[2]), dtype=np.complex128)
        size = neighbour.shape[1] * neighbour.shape[2]
        paste(taller.reshape(r + n, size), neighbour.reshape(r, size), 0, 0)
        paste(taller.reshape(r + n, size), rows.reshape(n, size), r, 0)
        net.tensors[i], net.tensors[i + 1] = wider, taller
        renew_right(net, i + 1)
    return missed, leak


@njit(cache=True)
def expand_left(net, i, threshold, most, front):
    """Add to bond i the directions that H reaches on its left: `expand_right` of the line read from right to left."""
    center, neighbour = net.tensors[i], net.tensors[i - 1]
    l, d, r = center.shape
    columns, missed, leak = missing_directions(
        turned_block(net.rights[i + 1]), net.mirrored[i], net.mirrored_values[i], turned(center), turned_block(net.lefts[i - 1]),
        net.mirrored[i - 1], net.mirrored_values[i - 1], turned(neighbour), net.widths[i], threshold, most - l, front,
    )  # fmt: skip
    n = columns.shape[0]
    if n > 0:
        taller = np.zeros((l + n, d, r), dtype=np.complex128)
        taller[:l] = center
        wider = np.empty((neighbour.shape[0], neighbour.shape[1], l + n), dtype=np.complex128)
        wider[:, :, :l] = neighbour
        wider[:, :, l:] = columns.transpose(2, 1, 0)
        net.tensors[i], net.tensors[i - 1] = taller, wider
        renew_left(net, i - 1)
    return missed, leak


@njit(cache=True)
def renew_left(net, i):
    """The left block of bond i + 1 from the left-orthonormal tensor at site i."""
    net.lefts[i + 1] = grow_left(net.lefts[i], net.tables[i], net.values[i], net.tensors[i], net.widths[i + 1])


@njit(cache=True)
def renew_right(net, i):
    """The right block of bond i from the right-orthonormal tensor at site i."""
    net.rights[i] = grow_right(net.rights[i + 1], net.tables[i], net.values[i], net.tensors[i], net.widths[i])


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
def shift(net, start, end):
    """Move the orthogonality centre from site ``start`` to site ``end``, blocks included; the state stays as it is."""
    for i in range(start, end):
        net.tensors[i], matrix = split_right(net.tensors[i])
        renew_left(net, i)
        net.tensors[i + 1] = absorb_left(matrix, net.tensors[i + 1])
    for i in range(start, end, -1):
        matrix, net.tensors[i], _, _ = split_left(net.tensors[i], -1.0, 0)
        renew_right(net, i)
        net.tensors[i - 1] = absorb_right(net.tensors[i - 1], matrix)


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
def sweep(net, system, first, active, z, limits, top, report, over, left):
    """One symmetric step exp(z H) in place, centre at the system before and after; returns the new (first, active).

    From the system to the left end, to the right end, back to the left end and to the system again; the first and the last stretch
    only move the centre. Bonds are expanded ahead of the centre where the sweep goes to the right, and on the way out to the left;
    they are truncated on every last way back to the system. On either side the sweep turns where the light cone ends.

    net           the `Network`, the centre at ``system``
    system        the system's site, first <= system < active
    first, active the sites first .. active - 1 are swept; the others are still as they were at the start
    limits        `Limits`
    top           (n,) filled with the populations of the highest levels, on the way back
    report        (REPORT,) DISCARDED, KRYLOV, MISSED, CAPPED, WORK are added to
    over          True where terms reach over sites, None where all of them join neighbours (what is not needed is not compiled)
    left          True where there are sites left of the system, else None
    """
    n = len(net.tensors)
    threshold, caps = limits.threshold, limits.caps
    if left is not None:
        shift(net, system, first)
        if limits.adaptive and first > 0:  # a site ahead of the front, so that the way in finds the bond to open
            front = True
            _, leak = expand_left(net, first, threshold, net.tensors[first].shape[0], front)
            if leak >= threshold:
                shift(net, first, first - 1)
                first -= 1
    local = limits.krylov / (4.0 * (active - first))
    i = first
    back_to_left = False
    while True:
        if limits.adaptive and i < n - 1 and not back_to_left:
            if over is not None:
                active, missed = reach_right(net, i, active, threshold, caps)
                report[MISSED] = max(report[MISSED], missed * abs(z))
            front = i >= active - 1
            if front or limits.look or net.tensors[i].shape[2] < caps[i + 1]:
                missed, leak = expand_right(net, i, threshold, caps[i + 1], front)
                report[MISSED] = max(report[MISSED], missed * abs(z))
                if front and leak >= threshold:
                    active = i + 2
        turning = i == active - 1 and not back_to_left
        if left is not None:  # noqa: SIM102 - a branch that is not needed is left out only where it is alone
            if limits.adaptive and 0 < i <= system and (turning or back_to_left):
                front = i == first
                if front or limits.look or net.tensors[i].shape[0] < caps[i]:
                    missed, leak = expand_left(net, i, threshold, caps[i], front)
                    report[MISSED] = max(report[MISSED], missed * abs(z))
                    if front and leak >= threshold:
                        first -= 1
        net.tensors[i], bound, work = propagate(
            net.lefts[i],
            net.tables[i],
            net.values[i],
            net.rights[i + 1],
            net.tensors[i],
            z if turning else 0.5 * z,
            local,
        )
        report[KRYLOV] += bound
        report[WORK] += work
        back_to_left = back_to_left or turning
        if back_to_left:
            top[i] = top_population(net.tensors[i], 2)
            if i == first:
                break
            matrix, net.tensors[i], discarded, capped = split_left(
                net.tensors[i], limits.cutoff if i > system else -1.0, caps[i]
            )
            report[DISCARDED] += discarded
            report[CAPPED] += capped
            renew_right(net, i)
            matrix, bound, work = bond_backward(net, i, matrix, -0.5 * z, local)
            i -= 1
            net.tensors[i] = absorb_right(net.tensors[i], matrix)
        else:
            net.tensors[i], matrix = split_right(net.tensors[i])
            renew_left(net, i)
            i += 1
            matrix, bound, work = bond_backward(net, i, matrix, -0.5 * z, local)
            net.tensors[i] = absorb_left(matrix, net.tensors[i])
        report[KRYLOV] += bound
        report[WORK] += work
    if left is not None:
        while i < system:
            matrix, q, discarded, capped = split_left(turned(net.tensors[i]), limits.cutoff, caps[i + 1])
            report[DISCARDED] += discarded
            report[CAPPED] += capped
            net.tensors[i] = turned(q)
            renew_left(net, i)
            net.tensors[i + 1] = absorb_left(turned_matrix(matrix), net.tensors[i + 1])
            i += 1
    return first, active


@njit(cache=True)
def bond_backward(net, bond, matrix, z, tolerance):
    """(exp(z H) on the matrix (k, r) at a bond, bound, work), see `tnthermo.kernels.krylov.propagate`."""
    k, r = matrix.shape
    moved, bound, work = propagate(
        net.lefts[bond],
        net.passes[bond],
        net.pass_values[bond],
        net.rights[bond],
        matrix.reshape(k, 1, r),
        z,
        tolerance,
    )
    return moved.reshape(k, r), bound, work
