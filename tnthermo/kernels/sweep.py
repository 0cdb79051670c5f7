"""One-site TDVP: a symmetric sweep, forward with bond expansion and backward with truncation.

Projector splitting (J. Haegeman et al., Phys. Rev. B 94, 165116 (2016)): each site tensor goes forward in time, each bond matrix backward.
The sweep covers the active part of the chain only. To its right everything is still as it was at the start; the front moves on when
the projection error at the last active bond exceeds the threshold.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.expand import missing_directions
from tnthermo.kernels.krylov import propagate

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
def sweep(
    tensors,
    lefts,
    rights,
    tables,
    values,
    passes,
    pass_values,
    widths,
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
    """One symmetric step exp(z H) in place, centre at site 0 before and after; returns the number of active sites.

    tensors       list of (l, d, r); site 0 is the centre, the others right-orthonormal
    lefts, rights lists over bonds 0 .. n; rights[i] = right block of bond i, lefts[0] = trivial
    tables, values, passes, pass_values   operators of the sites and the pass-on tables of the bonds
    widths        channels of each bond (n + 1,)
    krylov        bound on the sum of all Krylov errors of the step
    threshold     norm of (1 - P) H psi at a bond below which it is not expanded and the front does not move
    cutoff        squared singular values that a bond may lose; negative: none
    most          cap on the bond dimension
    adaptive      expand and truncate, follow the light cone; else the bonds stay as they are and the whole chain is swept
    top           (n,) filled with the populations of the highest levels, on the way back
    report        (4,) DISCARDED, KRYLOV, MISSED, CAPPED are added to
    """
    n = len(tensors)
    local = krylov / (4.0 * active)
    i = 0
    while True:
        last = i == n - 1
        if adaptive and not last:
            missed, leak = expand_right(tensors, lefts, rights, tables, values, widths, i, threshold, most)
            report[MISSED] = max(report[MISSED], missed * abs(z))
            if i >= active - 1:
                if leak < threshold:
                    last = True
                else:
                    active = i + 2
        if last:
            break
        x, bound = propagate(lefts[i], tables[i], values[i], rights[i + 1], tensors[i], 0.5 * z, local)
        report[KRYLOV] += bound
        q, matrix = split_right(x)
        tensors[i] = q
        lefts[i + 1] = grow_left(lefts[i], tables[i], values[i], q, widths[i + 1])
        matrix3 = matrix.reshape(matrix.shape[0], 1, matrix.shape[1])
        back, bound = propagate(
            lefts[i + 1], passes[i + 1], pass_values[i + 1], rights[i + 1], matrix3, -0.5 * z, local
        )
        report[KRYLOV] += bound
        neighbour = tensors[i + 1]
        r, d, k = neighbour.shape
        joined = np.dot(back.reshape(back.shape[0], r), neighbour.reshape(r, d * k))
        tensors[i + 1] = joined.reshape(back.shape[0], d, k)
        i += 1
    x, bound = propagate(lefts[i], tables[i], values[i], rights[i + 1], tensors[i], z, local)
    report[KRYLOV] += bound
    tensors[i] = x
    top[i] = top_population(x, 2)
    while i > 0:
        matrix, q, discarded, capped = split_left(tensors[i], cutoff, most)
        report[DISCARDED] += discarded
        report[CAPPED] += capped
        tensors[i] = q
        rights[i] = grow_right(rights[i + 1], tables[i], values[i], q, widths[i])
        matrix3 = matrix.reshape(matrix.shape[0], 1, matrix.shape[1])
        back, bound = propagate(lefts[i], passes[i], pass_values[i], rights[i], matrix3, -0.5 * z, local)
        report[KRYLOV] += bound
        i -= 1
        neighbour = tensors[i]
        l, d, r = neighbour.shape
        joined = np.dot(neighbour.reshape(l * d, r), back.reshape(r, back.shape[2]))
        x, bound = propagate(
            lefts[i], tables[i], values[i], rights[i + 1], joined.reshape(l, d, back.shape[2]), 0.5 * z, local
        )
        report[KRYLOV] += bound
        tensors[i] = x
        top[i] = top_population(x, 2)
    return active
