"""Controlled bond expansion: the directions that H reaches and that a one-site step would miss.

The part of H psi outside the tangent space of the matrix product state, at a bond, is sum_k (1 - P_left) U_k  (1 - P_right) V_k over
the terms k that straddle the bond (every other term keeps one side inside the kept space). Its norm is the two-site projection error; its
row space holds the directions worth adding. (A. Gleis, J.-W. Li, J. von Delft, Phys. Rev. Lett. 130, 246402 (2023); here the projected
product is of small rank, so that no two-site tensor and no singular-value decomposition are needed: rows are picked with pivoting until
what is left falls below the threshold.)
"""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import finish_channels, start_channels
from tnthermo.kernels.arrays import adjoint, paste, take_away
from tnthermo.kernels.krylov import square


@njit(cache=True)
def straddling(left, table, values, center, next_right, next_table, next_values, neighbour, width):
    """(columns, rows): U_k side by side (l d, m r), V_k below each other (m r, d2 r2) and outside the row space of ``neighbour``."""
    l, d, r = center.shape
    _, d2, r2 = neighbour.shape
    middle = width - 2
    u = start_channels(left, table, values, center, 1, width - 1)
    columns = np.empty((l * d, middle * r), dtype=np.complex128)
    for k in range(middle):
        paste(columns, u[k].reshape(l * d, r), 0, k * r)
    v = finish_channels(next_right, next_table, next_values, neighbour, 1, width - 1)
    rows = v.reshape(middle * r, d2 * r2)
    kept = neighbour.reshape(r, d2 * r2)
    take_away(rows, np.dot(np.dot(rows, adjoint(kept)), kept))
    return columns, rows


@njit(cache=True)
def product_norm(columns, rows):
    """Frobenius norm of columns times rows, without forming the product."""
    overlap = np.dot(adjoint(columns), columns)
    weight = np.dot(rows, adjoint(rows))
    total = 0.0
    for i in range(overlap.shape[0]):
        for j in range(overlap.shape[0]):
            total += (overlap[i, j] * weight[j, i]).real
    return np.sqrt(max(total, 0.0))


@njit(cache=True)
def pick_rows(rows, kept, threshold, room):
    """(picked (n, m), rest): orthonormal rows, orthogonal to ``kept``, that span ``rows`` but for a rest below the threshold; n <= room.

    The largest row is taken first and projected out of the others (QR with pivoting, stopped early). ``rows`` is overwritten.
    """
    kept_dagger = adjoint(kept)
    number, length = rows.shape
    picked = np.empty((room, length), dtype=np.complex128)
    n = 0
    while True:
        best = -1
        largest = 0.0
        rest = 0.0
        for i in range(number):
            size = square(rows[i])
            rest += size
            if size > largest:
                largest, best = size, i
        if np.sqrt(rest) < threshold or best < 0:
            return picked[:n].copy(), 0.0
        if n == room:
            return picked, np.sqrt(rest)
        direction = rows[best : best + 1].copy()
        scale(direction[0], 1.0 / np.sqrt(largest))
        for _ in range(2):  # twice is enough
            take_away(direction, np.dot(np.dot(direction, kept_dagger), kept))
            for j in range(n):
                subtract_multiple(direction[0], np.vdot(picked[j], direction[0]), picked[j])
            scale(direction[0], 1.0 / np.sqrt(square(direction[0])))
        paste(picked, direction, n, 0)
        for i in range(number):
            subtract_multiple(rows[i], np.vdot(direction[0], rows[i]), direction[0])
        n += 1


@njit(cache=True)
def scale(vector, factor):
    """vector *= factor."""
    for k in range(vector.size):
        vector[k] *= factor


@njit(cache=True)
def subtract_multiple(target, factor, vector):
    """target -= factor * vector."""
    for k in range(target.size):
        target[k] -= factor * vector[k]


@njit(cache=True)
def missing_directions(
    left, table, values, center, next_right, next_table, next_values, neighbour, width, threshold, most, front
):
    """(rows (n, d2, r2), missed, leak): orthonormal directions to add to the right neighbour's left bond, n <= most.

    center      (l, d, r) the orthogonality centre; left its left block; table, values its operators
    neighbour   (r, d2, r2) right-orthonormal; next_right, next_table, next_values its right block and operators
    width       channels of the bond between them
    threshold   norm of the projection error below which nothing is added
    front       whether ``leak`` is wanted; it is 0 otherwise
    missed      norm of what stays outside because of ``most`` (0 where all that exceeds the threshold was added)
    leak        norm of all that the straddling terms move from the kept states of the neighbour and its right to others, mean-field
                motion included; where what lies to the right is stationary by itself (a vacuum), 0 means that it stays as it is
    """
    l, d, r = center.shape
    _, d2, r2 = neighbour.shape
    none = np.empty((0, d2, r2), dtype=np.complex128)
    room = d2 * r2 - r
    if width <= 2 or (room <= 0 and not front):
        return none, 0.0, 0.0
    columns, rows = straddling(left, table, values, center, next_right, next_table, next_values, neighbour, width)
    leak = 0.0
    if front:
        leak = product_norm(columns, rows)
        if leak < threshold or room <= 0:
            return none, 0.0, leak
    basis = np.ascontiguousarray(np.linalg.qr(center.reshape(l * d, r))[0])
    take_away(columns, np.dot(basis, np.dot(adjoint(basis), columns)))
    missed = product_norm(columns, rows)
    if missed < threshold:
        return none, 0.0, leak
    if most <= 0:
        return none, missed, leak
    factor = np.ascontiguousarray(np.linalg.qr(columns)[1])
    picked, rest = pick_rows(np.dot(factor, rows), neighbour.reshape(r, d2 * r2), threshold, min(most, room))
    return picked.reshape(picked.shape[0], d2, r2), rest if most < room else 0.0, leak
