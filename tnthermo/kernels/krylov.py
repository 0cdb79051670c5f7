"""exp(z H_eff) on one tensor by Lanczos, with a bound on its error that is rigorous for real time."""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import apply_planned, plan, scales_of
from tnthermo.kernels.arrays import paste

LARGEST_KRYLOV = 40
USUAL_KRYLOV = 10  # room made at first
LONGEST_TAYLOR = 1.0  # |z| times the norm of the small matrix, for each piece of its exponential


@njit(cache=True)
def propagate(left, table, values, right, x, z, tolerance):
    """(exp(z H_eff) x, bound, work): x (l, d, r), z complex (-i dt for real time).

    For Hermitian H and imaginary z (real time) the Krylov error of k vectors is at most beta_1 ... beta_k |z|^k / k! times the norm of x
    (integrate the residual and bound the corner element of the exponential), so k grows until that is below ``tolerance``. Where
    LARGEST_KRYLOV vectors are not enough the step is cut into pieces. ``bound`` is the sum of the bounds reached, relative to the norm
    of x; for real z it is an estimate only, good to a factor of a few. ``work`` counts floating-point operations: those of the
    products with the blocks, 8 for each complex multiplication and addition.
    """
    l, d, r = x.shape
    size = l * d * r
    largest = min(LARGEST_KRYLOV, size)
    groups, slots = plan(table, values, right.shape[0] - 1, left.shape[0])
    scales = scales_of(values, r)
    work = np.empty((slots, l, d, r), dtype=np.complex128)
    basis = np.empty((min(USUAL_KRYLOV, largest) + 1, size), dtype=np.complex128)
    alpha = np.empty(largest)
    beta = np.empty(largest)
    y = x.copy()
    flat_y = y.reshape(size)
    done = 0.0  # fraction of z behind us
    total = 0.0
    applied = 0
    once = 8.0 * size * ((left.shape[0] - 1) * l + (slots - left.shape[0] + 1) * r)
    while done < 1.0:
        norm = np.sqrt(square(flat_y))
        if norm == 0.0:
            return y, total, applied * once
        for j in range(size):
            basis[0, j] = flat_y[j] / norm
        length = abs(z) * (1.0 - done)
        bound = 1.0
        k = 0
        while True:
            if k + 1 == basis.shape[0]:
                wider = np.empty((min(2 * k, largest) + 1, size), dtype=np.complex128)
                paste(wider, basis, 0, 0)
                basis = wider
            flat = basis[k + 1]
            apply_planned(
                left, groups, table, values, scales, right, basis[k].reshape(l, d, r), flat.reshape(l, d, r), work
            )
            applied += 1
            alpha[k] = real_overlap(basis[k], flat)
            beta[k] = np.sqrt(
                subtract(flat, basis[k], alpha[k], basis[k - 1] if k > 0 else flat, beta[k - 1] if k > 0 else 0.0)
            )
            k += 1
            bound *= beta[k - 1] * length / k
            if bound < tolerance or k == largest or beta[k - 1] < 1e-14 * (abs(alpha[0]) + 1.0):
                break
            for j in range(size):
                flat[j] /= beta[k - 1]
        if k == size or beta[k - 1] < 1e-14 * (abs(alpha[0]) + 1.0):
            bound = 0.0  # the Krylov space is invariant: no error
        part = 1.0 - done
        if bound > tolerance:
            part *= (0.5 * tolerance / bound) ** (1.0 / k)
            bound = 0.5 * tolerance
        weights = first_column(alpha[:k], beta[:k], z * part)
        for j in range(k):
            weights[j] *= norm
        np.dot(weights, basis[:k], flat_y)
        total += bound
        done += part
        if 1.0 - done < 1e-14:
            done = 1.0
    return y, total, applied * once


@njit(cache=True, fastmath=True)
def square(x):
    """Sum of the squares of the absolute values of x (n,)."""
    total = 0.0
    pairs = x.view(np.float64)
    for k in range(pairs.size):
        total += pairs[k] * pairs[k]
    return total


@njit(cache=True, fastmath=True)
def real_overlap(x, y):
    """Real part of <x|y>, both (n,)."""
    total = 0.0
    first, second = x.view(np.float64), y.view(np.float64)
    for k in range(first.size):
        total += first[k] * second[k]
    return total


@njit(cache=True, fastmath=True)
def subtract(y, first, alpha, second, beta):
    """y -= alpha first + beta second, in place; the square of what remains. All (n,); alpha and beta are real."""
    total = 0.0
    rest, one, two = y.view(np.float64), first.view(np.float64), second.view(np.float64)
    if beta == 0.0:
        for k in range(rest.size):
            rest[k] -= alpha * one[k]
            total += rest[k] * rest[k]
    else:
        for k in range(rest.size):
            rest[k] -= alpha * one[k] + beta * two[k]
            total += rest[k] * rest[k]
    return total


@njit(cache=True)
def first_column(alpha, beta, z):
    """exp(z T) on the first unit vector (k,), T tridiagonal with diagonal alpha (k,) and off-diagonals beta (k - 1, more is ignored).

    By the Taylor series, in pieces of |z| times the norm <= LONGEST_TAYLOR, with the mean of T taken out.
    """
    k = alpha.size
    mean = np.sum(alpha) / k
    largest = 0.0
    for j in range(k):
        row = abs(alpha[j] - mean)
        if j > 0:
            row += beta[j - 1]
        if j < k - 1:
            row += beta[j]
        largest = max(largest, row)
    pieces = max(1, int(np.ceil(abs(z) * largest / LONGEST_TAYLOR)))
    step = z / pieces
    phase = np.exp(step * mean)
    column = np.zeros(k, dtype=np.complex128)
    column[0] = 1.0
    term, following = np.empty_like(column), np.empty_like(column)
    for _ in range(pieces):
        for j in range(k):
            term[j] = column[j]
        order = 0
        size = 1.0
        while size > 1e-17:
            order += 1
            size *= abs(step) * largest / order
            for j in range(k):
                total = (alpha[j] - mean) * term[j]
                if j > 0:
                    total += beta[j - 1] * term[j - 1]
                if j < k - 1:
                    total += beta[j] * term[j + 1]
                following[j] = total * (step / order)
            term, following = following, term
            for j in range(k):
                column[j] += term[j]
        for j in range(k):
            column[j] *= phase
    return column
