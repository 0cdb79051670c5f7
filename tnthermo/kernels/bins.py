"""Kicks of a line of time bins: exp(-i O (x) (f + f^dag)) on the system and the bins, and the linear forms that are measured on it.

The line is bin 0 ... bin n - 1, system. Every bin (l, d, r) is left-orthonormal, the centre (D, s m) is the system's, s its level and m
that of the ancilla. A form f = sum_j row_j c_j; O is diagonal in a basis of the system, with values a, so that a kick is for each a a
displacement of every bin: exp(-i a (row_j c_j + h.c.)) = phase^dag V exp(-i a |row_j| x) V^T phase, with x V = V diag(x) the truncated c
+ c^dag and phase_n = exp(i n arg row_j).
"""

from __future__ import annotations

import numpy as np
from numba import njit, types
from numba.typed import List

from tnthermo.kernels.arrays import adjoint, array_list, identity
from tnthermo.kernels.svd import svd

DISCARDED, CAPPED, TOP, REPORT = 0, 1, 2, 3
TABLE = 48  # quadratures of so many levels are kept, those of more are found when they are needed
ROUNDING = 1e-15  # of the largest eigenvalue of a density matrix: below it there is nothing
SPARED = 1e-12  # squared norm that a kick may lose from which on a difference of norms is accurate enough to spare bins
GRAM = 1e-6  # relative singular values down to which squares are accurate enough


def bin_list(tensors=()):
    """A typed list of the bins' tensors, which may be empty."""
    found = List.empty_list(types.complex128[:, :, ::1])
    for tensor in tensors:
        found.append(tensor)
    return found


@njit(cache=True)
def bin_shapes(bins):
    """(n, 3): l, d and r of each bin."""
    found = np.empty((len(bins), 3), dtype=np.int64)
    for j in range(len(bins)):
        found[j, 0], found[j, 1], found[j, 2] = bins[j].shape
    return found


@njit(cache=True)
def from_the_system(bins, centre):
    """The line read from the system to the oldest bin: the centre (1, s m, D) and the bins (r, d, l), a list for other kernels."""
    D, s, m = centre.shape
    found = List.empty_list(types.complex128[:, :, ::1])
    first = np.empty((1, s * m, D), dtype=np.complex128)
    first[0] = centre.reshape(D, s * m).T
    found.append(first)
    for j in range(len(bins) - 1, -1, -1):
        found.append(np.ascontiguousarray(bins[j].transpose(2, 1, 0)))
    return found


def quadrature(levels):
    """(x (d,), V (d, d)): eigenvalues and eigenvectors of the truncated c + c^dag."""
    roots = np.sqrt(np.arange(1.0, levels))
    return np.linalg.eigh(np.diag(roots, 1) + np.diag(roots, -1))


def quadrature_table():
    """Those of 1 .. TABLE levels, as two lists for kernels (entry d for d levels)."""
    found = [quadrature(max(d, 1)) for d in range(TABLE + 1)]
    return array_list([x for x, _ in found]), array_list([v.astype(np.complex128) for _, v in found])


@njit(cache=True)
def _quadrature(d, nodes, vectors):
    if d < len(nodes):
        return nodes[d], vectors[d]
    x = np.zeros((d, d))
    for n in range(1, d):
        x[n - 1, n] = x[n, n - 1] = np.sqrt(n)
    values, found = np.linalg.eigh(x)
    return values, found.astype(np.complex128)


@njit(cache=True)
def _on_levels(matrix, tensor):
    """(l, rows, r): a matrix (rows, d) on the level of a tensor (l, d, r)."""
    l, _, r = tensor.shape
    result = np.empty((l, matrix.shape[0], r), dtype=np.complex128)
    for i in range(l):
        result[i] = np.dot(matrix, tensor[i])
    return result


@njit(cache=True)
def _by_right(tensor):
    """(d r, l): the transpose of a tensor (l, d, r) as a matrix."""
    l = tensor.shape[0]
    return np.ascontiguousarray(tensor.reshape(l, -1).T)


@njit(cache=True)
def _passed(tensor, density):
    """(l, l): tensor (1 (x) density) tensor^dag."""
    l, d, r = tensor.shape
    inside = np.dot(tensor.reshape(l * d, r), density).reshape(l, d * r)
    return np.dot(inside, adjoint(tensor.reshape(l, d * r)))


@njit(cache=True)
def _roots(densities):
    """(a, r, r): for each density matrix (r, r) a root W = R R^dag; of two that add up to 1 with the same eigenvectors."""
    count, r, _ = densities.shape
    result = np.empty((count, r, r), dtype=np.complex128)
    for a in range(1 if count == 2 else count):
        values, vectors = np.linalg.eigh(densities[a])
        least = ROUNDING * max(values[-1], 1e-300)
        for k in range(r):
            result[a, :, k] = vectors[:, k] * (np.sqrt(values[k]) if values[k] > least else 0.0)
            if count == 2:
                result[1, :, k] = vectors[:, k] * np.sqrt(max(0.0, 1.0 - values[k]))
    return result


@njit(cache=True)
def _left_vectors(matrix, allowed, cap):
    """(U (p, chi), weight dropped, weight dropped because of the cap alone): the best left vectors of a matrix (p, q).

    As many as it takes to leave a squared norm of at most ``allowed`` out; by the smaller of the two Gram matrices where that is
    accurate enough.
    """
    p, q = matrix.shape
    total = np.sum(np.abs(matrix) ** 2)
    fine = allowed < GRAM**2 * total
    if fine:
        u, s, _ = svd(matrix)
        squares = s**2
    elif p <= q:
        values, vectors = np.linalg.eigh(np.dot(matrix, adjoint(matrix)))
        squares = np.maximum(values[::-1], 0.0)
        u = np.ascontiguousarray(vectors[:, ::-1])
    else:
        values, vectors = np.linalg.eigh(np.dot(adjoint(matrix), matrix))
        squares = np.maximum(values[::-1], 0.0)
        u = np.ascontiguousarray(vectors[:, ::-1])
    keep, left = squares.size, 0.0
    while keep > 1 and left + squares[keep - 1] <= allowed:
        keep -= 1
        left += squares[keep]
    over = 0.0
    while keep > cap:
        keep -= 1
        over += squares[keep]
    if fine or p <= q:
        return np.ascontiguousarray(u[:, :keep]), left + over, over
    columns = np.dot(matrix, np.ascontiguousarray(u[:, :keep]))
    for k in range(keep):
        columns[:, k] /= max(np.sqrt(squares[k]), 1e-300)
    orthonormal, _ = np.linalg.qr(columns)
    return np.ascontiguousarray(orthonormal), left + over, over


@njit(cache=True)
def _widened(tensor, levels):
    """The same tensor with more levels, empty ones."""
    l, d, r = tensor.shape
    result = np.zeros((l, levels, r), dtype=np.complex128)
    result[:, :d] = tensor
    return result


@njit(cache=True)
def vacuum_bin(bond, levels):
    """(D, d, D): a bin that nothing has met, beside the centre."""
    result = np.zeros((bond, levels, bond), dtype=np.complex128)
    for k in range(bond):
        result[k, 0, k] = 1.0
    return result


@njit(cache=True)
def _turned(v, angle):
    """V^T phase (d, d), phase_n = exp(i n angle)."""
    d = v.shape[0]
    result = np.empty((d, d), dtype=np.complex128)
    for a in range(d):
        for b in range(d):
            result[a, b] = v[b, a] * np.exp(1j * angle * b)
    return result


@njit(cache=True)
def _moved(carry, seen, shift, x):
    """(rows d, r): carry (rows, l) on a tensor ``seen`` (l, d r) in the quadrature x (d,), turned by exp(-i shift x)."""
    d = x.size
    result = np.dot(carry, seen).reshape(carry.shape[0], d, -1)
    for b in range(d):
        result[:, b] *= np.exp(-1j * shift * x[b])
    return result.reshape(carry.shape[0] * d, -1)


@njit(cache=True)
def _stays(old, tensor, densities, carries, values, entry, cap, nodes, vectors, parts):
    """The squared norm that a kick loses where this bin keeps its tensor ``old``, -1 where that does not fit what comes before, or the cap;
    ``parts`` become the carries behind it.
    """
    l, d, r = tensor.shape
    if old.shape[0] != carries[0].shape[0] or old.shape[2] > cap:
        return -1.0
    x, v = _quadrature(d, nodes, vectors)
    size, inner = abs(entry), _turned(v, np.angle(entry))
    seen = _on_levels(inner, tensor).reshape(l, d * r)
    rows, kept = old.shape[0], old.shape[2]
    bra = adjoint(_on_levels(inner, old).reshape(rows * d, kept))
    lost = 0.0
    for a in range(values.size):
        moved = _moved(carries[a], seen, values[a] * size, x)
        parts[a] = np.dot(bra, moved)
        lost += np.sum((np.dot(moved, densities[a]) * moved.conj()).real)
        lost -= np.sum((np.dot(parts[a], densities[a]) * parts[a].conj()).real)
    return max(lost, 0.0)


@njit(cache=True)
def kick(bins, centre, basis, labels, values, phases, row, first, nodes, vectors, allowed, cap, top, most, report):
    """The centre (D, s, m) after exp(-i O (x) (f + f^dag)) and a phase for each value of O; ``bins`` change in place.

    basis    (s, s) columns: eigenvectors of O; labels (s,) which of the ``values`` (a,) each has; phases (a,)
    row      (n,) of f over the bins; those before ``first`` are left alone
    allowed  squared norm that all bonds may lose together: each its part of what those before it have left; cap: on the bonds; top:
             population of the two highest levels beyond which levels are added, at most ``most`` (0: none are)
    report   its entries grow by what was dropped, and to the largest population of two highest levels
    """
    _, s, m = centre.shape
    n, count = len(bins), values.size
    moved = _on_levels(adjoint(basis), centre)
    if first >= n:
        for i in range(s):
            moved[:, i] *= phases[labels[i]]
        return _on_levels(basis, moved)
    q, factor = np.linalg.qr(_by_right(moved))
    right = np.ascontiguousarray(q.T).reshape(-1, s, m)
    carried = np.ascontiguousarray(factor.T)
    k = right.shape[0]
    densities = np.zeros((count, k, k), dtype=np.complex128)
    for i in range(s):
        part = np.ascontiguousarray(right[:, i])
        densities[labels[i]] += np.dot(part, adjoint(part))
    weights = [densities]
    rights = [right]
    for j in range(n - 1, first - 1, -1):
        tensor = bins[j]
        l, d, _ = tensor.shape
        inside = np.dot(tensor.reshape(l * d, -1), carried).reshape(l, d, -1)
        if j == first:
            rights.append(inside)
            break
        q, factor = np.linalg.qr(_by_right(inside))
        inside = np.ascontiguousarray(q.T).reshape(-1, d, inside.shape[2])
        carried = np.ascontiguousarray(factor.T)
        rights.append(inside)
        x = inside.shape[0]
        further = np.empty((count, x, x), dtype=np.complex128)
        if count == 2:
            further[0] = _passed(inside, densities[0])
            further[1] = identity(x) - further[0]
        else:
            for a in range(count):
                further[a] = _passed(inside, densities[a])
        densities = further
        weights.append(densities)
    left = rights[-1].shape[0]
    carries = [identity(left) for _ in range(count)]
    parts = [identity(left) for _ in range(count)]
    spared = allowed > SPARED
    for j in range(first, n):
        tensor = rights[n - j]
        share = allowed / (n - j)
        if spared:
            lost = _stays(bins[j], tensor, weights[n - 1 - j], carries, values, row[j], cap, nodes, vectors, parts)
            if 0.0 <= lost <= share:
                allowed -= lost
                report[DISCARDED] += lost
                for a in range(count):
                    carries[a] = parts[a]
                continue
            spared = False
        roots = _roots(weights[n - 1 - j])
        angle = np.angle(row[j])
        size = abs(row[j])
        while True:
            l, d, r = tensor.shape
            x, v = _quadrature(d, nodes, vectors)
            inner = _turned(v, angle)
            seen = _on_levels(inner, tensor).reshape(l, d * r)
            rows = carries[0].shape[0]
            theta = np.empty((rows * d, count * r), dtype=np.complex128)
            for a in range(count):
                parts[a] = _moved(carries[a], seen, values[a] * size, x)
                theta[:, a * r : (a + 1) * r] = np.dot(parts[a], roots[a])
            filled = 0.0
            for level in range(max(d - 2, 0), d):
                shown = np.zeros((rows, count * r), dtype=np.complex128)
                for b in range(d):
                    shown += v[level, b] * theta.reshape(rows, d, count * r)[:, b]
                filled = max(filled, np.sum(np.abs(shown) ** 2))
            if filled <= top or d >= most:
                break
            tensor = _widened(tensor, min(most, d + max(2, d // 4)))
        report[TOP] = max(report[TOP], filled)
        kept, dropped, over = _left_vectors(theta, share, cap)
        allowed = max(allowed - dropped, 0.0)
        report[DISCARDED] += dropped
        report[CAPPED] += over
        back = adjoint(inner)
        bins[j] = _on_levels(back, kept.reshape(rows, d, kept.shape[1]))
        for a in range(count):
            carries[a] = np.dot(adjoint(kept), parts[a])
    right = rights[0]
    after = np.empty((carries[0].shape[0], s, m), dtype=np.complex128)
    for i in range(s):
        after[:, i] = phases[labels[i]] * np.dot(carries[labels[i]], np.ascontiguousarray(right[:, i]))
    return _on_levels(basis, after)


@njit(cache=True)
def linear_moments(bins, centre, rows, first):
    """(F, s m, s m): Tr_bins[f rho] of forms f = sum_j row_j c_j, rows (F, n); bins before ``first`` have no part in any. Not Hermitian."""
    count, n = rows.shape
    size = bins[first].shape[0] if first < n else centre.shape[0]
    blocks = np.zeros((count, size, size), dtype=np.complex128)
    for j in range(first, n):
        tensor = bins[j]
        l, d, r = tensor.shape
        matrix = tensor.reshape(l * d, r)
        bra = adjoint(matrix)
        lowered = np.zeros((l, d, r), dtype=np.complex128)
        for level in range(1, d):
            lowered[:, level - 1] = np.sqrt(level) * tensor[:, level]
        own = np.dot(bra, lowered.reshape(l * d, r))
        further = np.empty((count, r, r), dtype=np.complex128)
        for f in range(count):
            further[f] = rows[f, j] * own
            if j > first:
                further[f] += np.dot(bra, np.dot(blocks[f], tensor.reshape(l, d * r)).reshape(l * d, r))
        blocks = further
    D = centre.shape[0]
    matrix = centre.reshape(D, -1)
    result = np.zeros((count, matrix.shape[1], matrix.shape[1]), dtype=np.complex128)
    for f in range(count):
        # <b|f|k> = blocks[b, k]: Tr f |k sigma><b sigma'|
        result[f] = np.dot(np.dot(blocks[f], matrix).T, matrix.conj())
    return result


@njit(cache=True)
def bin_means(tensors, means):
    """Fill means (n,) with <c> of the sites, 0 for site 0, which is the centre; all others are right-orthonormal."""
    block = np.ones((1, 1), dtype=np.complex128)
    for i in range(len(tensors)):
        tensor = tensors[i]
        l, d, r = tensor.shape
        inside = np.dot(block.T, tensor.reshape(l, d * r)).reshape(l, d, r)
        total = 0.0j
        if i > 0:
            for s in range(1, d):
                for a in range(l):
                    for b in range(r):
                        total += np.sqrt(s) * inside[a, s, b] * np.conj(tensor[a, s - 1, b])
        means[i] = total
        block = np.dot(inside.reshape(l * d, r).T, tensor.reshape(l * d, r).conj())
