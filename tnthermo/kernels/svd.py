"""The thin singular value decomposition by LAPACK, and by rotations where that gives up.

Its divide-and-conquer routine now and then fails on finite matrices ("failed to converge"): which ones depends on the library.
"""

from __future__ import annotations

import numpy as np
from numba import njit

ENOUGH = 1e-15  # cosine of the angle between two columns that counts as orthogonal
SWEEPS = 60


@njit(cache=True)
def svd(matrix):
    """(u (p, n), s (n,), v (n, q)) with matrix (p, q) = u s v, n the smaller of the two, s falling."""
    n = min(matrix.shape)
    u = np.zeros((matrix.shape[0], n), dtype=np.complex128)
    s = np.zeros(n)
    v = np.zeros((n, matrix.shape[1]), dtype=np.complex128)
    found = False
    try:
        u, s, v = np.linalg.svd(matrix, full_matrices=False)
        found = True
    except Exception:
        found = False
    if not found:
        u, s, v = by_rotations(matrix)
    return u, s, v


@njit(cache=True)
def by_rotations(matrix):
    """The same by one-sided Jacobi rotations: columns are turned in pairs until all of them are orthogonal. Slower, and always ends."""
    p, q = matrix.shape
    wide = p < q
    columns = np.conj(matrix.T).copy() if wide else matrix.astype(np.complex128).copy()
    n = columns.shape[1]
    turned = np.eye(n).astype(np.complex128)
    for _ in range(SWEEPS):
        largest = 0.0
        for i in range(n - 1):
            for j in range(i + 1, n):
                largest = max(largest, _turn(columns, turned, i, j))
        if largest <= ENOUGH:
            break
    sizes = np.sqrt(np.sum(np.abs(columns) ** 2, axis=0))
    order = np.argsort(-sizes)
    s = sizes[order]
    left, right = np.empty_like(columns), np.empty_like(turned)
    for k in range(n):
        left[:, k] = columns[:, order[k]] / max(s[k], 1e-300)
        right[:, k] = turned[:, order[k]]
    if wide:
        return right, s, np.ascontiguousarray(np.conj(left.T))
    return left, s, np.ascontiguousarray(np.conj(right.T))


@njit(cache=True)
def _turn(columns, turned, i, j):
    """Make two columns orthogonal, in place, and turn those of ``turned`` with them; returns the cosine of their angle before."""
    a, b, between = 0.0, 0.0, 0.0 + 0.0j
    for k in range(columns.shape[0]):
        x, y = columns[k, i], columns[k, j]
        a += x.real**2 + x.imag**2
        b += y.real**2 + y.imag**2
        between += np.conj(x) * y
    size = np.abs(between)
    if a == 0.0 or b == 0.0 or size <= ENOUGH * np.sqrt(a) * np.sqrt(b):
        return 0.0
    phase = np.conj(between) / size
    zeta = (b - a) / (2.0 * size)
    t = 1.0 / (np.abs(zeta) + np.sqrt(1.0 + zeta**2))
    if zeta < 0.0:
        t = -t
    c = 1.0 / np.sqrt(1.0 + t**2)
    s = c * t
    for matrix in (columns, turned):
        for k in range(matrix.shape[0]):
            x, y = matrix[k, i], matrix[k, j] * phase
            matrix[k, i] = c * x - s * y
            matrix[k, j] = s * x + c * y
    return size / (np.sqrt(a) * np.sqrt(b))
