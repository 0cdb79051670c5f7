"""The spectrum of a mixture of displaced thermal states, from the Gram matrix of their Fock configurations.

rho_B = sum_j q_j D_j rho^beta D_j^dag has the nonzero eigenvalues of M_(j n),(i m) = sqrt(q_j q_i p_n p_m) <n| D_j^dag D_i |m>, the Gram
matrix of the vectors sqrt(q_j p_n) D_j |n>. Branch j displaces mode k by a_j s_k up to a phase that is the same in all branches and turns
Fock states into themselves, so M is real.
"""

from __future__ import annotations

import numpy as np
from scipy.linalg import eigvalsh
from scipy.special import gammaln

from tnthermo.closed_forms.configurations import Configurations, Integers
from tnthermo.types import Real

ROWS = 256  # of the Gram matrix, worked on at a time
LARGE = 1e100  # a recursion is scaled down beyond this
SYMMETRY = 1e-13  # of weights and eigenvalues that mirror each other; the spectrum changes by no more than this


def displacement(x: float, levels: int) -> Real:
    """<m| exp(x (a^dag - a)) |n> (levels, levels) of one mode, real x of any size, exact to rounding (no cut-off).

    On the diagonal m - n = r >= 0 the elements are d_n = sqrt(n!/(n+r)!) x^r exp(-x^2/2) L_n^(r)(x^2), and the recurrence of the
    Laguerre polynomials [DLMF 18.9.1], stable forwards, reads
        sqrt((n+1)(n+1+r)) d_(n+1) = (2n + 1 + r - x^2) d_n - sqrt(n (n+r)) d_(n-1);
    d_0 is started from its logarithm, and the size of d is kept apart, so that nothing over- or underflows on the way.
    <n|D|m> = (-1)^(m-n) <m|D|n>.
    """
    result = np.zeros((levels, levels))
    if x == 0.0:
        np.fill_diagonal(result, 1.0)
        return result
    y, r = x * x, np.arange(levels, dtype=np.float64)
    size = r * np.log(abs(x)) - y / 2 - gammaln(r + 1) / 2
    signs = np.where(r % 2 == 0, 1.0, -1.0)
    now, before = np.where(r % 2 == 0, 1.0, np.sign(x)), np.zeros(levels)
    for n in range(levels):
        r, size, now, before, signs = (values[: levels - n] for values in (r, size, now, before, signs))
        elements = np.sign(now) * np.exp(np.log(np.maximum(np.abs(now), 1e-300)) + size)
        result[n:, n], result[n, n:] = elements, signs * elements
        after = ((2 * n + 1 + r - y) * now - np.sqrt(n * (n + r)) * before) / np.sqrt((n + 1) * (n + 1 + r))
        scale = np.where(np.abs(after) > LARGE, np.abs(after), 1.0)
        now, before, size = after / scale, now / scale, size + np.log(scale)
    return result


def overlaps(configurations: Configurations, shifts: Real) -> Real:
    """sqrt(p_n p_m) prod_k <n_k| D(shifts_k) |m_k> (N, N); p divided by its sum, shifts (M,) real."""
    n = configurations.occupations
    root = np.sqrt(configurations.probabilities / configurations.probabilities.sum())
    tables = [displacement(float(x), int(column.max()) + 1)[:, column] for x, column in zip(shifts, n.T, strict=True)]
    result = np.multiply.outer(root, root)
    for first in range(0, root.size, ROWS):
        block = result[first : first + ROWS]
        for table, column in zip(tables, n.T, strict=True):
            block *= table[column[first : first + ROWS]]
    return result


def mixture_spectrum(configurations: Configurations, eigenvalues: Real, weights: Real, shifts: Real) -> Real:
    """Nonzero eigenvalues of rho_B, ascending, with rounding: (branches N,) for a_j (b,) distinct, q_j (b,) > 0, s_k (M,).

    Mirrored branches (a_j -> c - a_j with the same weights; a qubit with equal populations) halve the matrix: with the parity
    Pi = (-1)^(sum_k n_k), <n|D(-x)|m> = <n|Pi D(x) Pi|m>, so W: (j, n) -> Pi_n (j', n) commutes with M, and M is one block on the vectors
    with W = +1 and one on those with W = -1.
    """
    order = np.argsort(eigenvalues)
    a, q = eigenvalues[order], weights[order]
    if a.size == 1 or not np.any(shifts):
        p = configurations.probabilities / configurations.probabilities.sum()
        return np.sort(np.concatenate([q.sum() * p, np.zeros((a.size - 1) * p.size)]))
    centred = a + a[::-1]
    mirrored = np.ptp(centred) <= SYMMETRY * np.ptp(a) and np.abs(q - q[::-1]).max() <= SYMMETRY
    if not mirrored:
        return _eigenvalues(_whole(configurations, a, q, shifts))
    parity = np.where(configurations.occupations.sum(axis=1) % 2 == 0, 1.0, -1.0)
    halves = [_eigenvalues(_sector(configurations, a, q, shifts, parity, sign)) for sign in (1.0, -1.0)]
    return np.sort(np.concatenate(halves))


def _eigenvalues(matrix: Real) -> Real:
    # LAPACK wants columns: the transpose of a symmetric matrix is no copy.
    return np.asarray(eigvalsh(matrix.T, overwrite_a=True, check_finite=False))


def _whole(configurations: Configurations, a: Real, q: Real, shifts: Real) -> Real:
    """M (b N, b N)."""
    N = configurations.size
    matrix = np.empty((a.size * N, a.size * N))
    for j in range(a.size):
        for i in range(j, a.size):
            block = np.sqrt(q[j] * q[i]) * overlaps(configurations, (a[i] - a[j]) * shifts)
            matrix[j * N : (j + 1) * N, i * N : (i + 1) * N] = block
            matrix[i * N : (i + 1) * N, j * N : (j + 1) * N] = block.T
    return matrix


def _sector(configurations: Configurations, a: Real, q: Real, shifts: Real, parity: Real, sign: float) -> Real:
    """M on the vectors with W = ``sign``: (v_j + sign Pi v_j')/sqrt 2 of the pairs, and in the middle branch those with Pi = sign."""
    N, pairs = configurations.size, a.size // 2
    middle: Integers = np.flatnonzero(parity == sign) if a.size % 2 else np.zeros(0, dtype=np.int64)
    matrix = np.zeros((pairs * N + middle.size, pairs * N + middle.size))
    end = pairs * N
    for j in range(pairs):
        rows = slice(j * N, (j + 1) * N)
        for i in range(pairs):
            mirror = a.size - 1 - i
            block = matrix[rows, i * N : (i + 1) * N]
            block += overlaps(configurations, (a[mirror] - a[j]) * shifts)
            block *= sign * parity
            block += overlaps(configurations, (a[i] - a[j]) * shifts)
            block *= np.sqrt(q[j] * q[i])
        if middle.size:
            side = np.sqrt(2 * q[j] * q[pairs]) * overlaps(configurations, (a[pairs] - a[j]) * shifts)[:, middle]
            matrix[rows, end:], matrix[end:, rows] = side, side.T
    if middle.size:
        p = configurations.probabilities / configurations.probabilities.sum()
        matrix[end:, end:] = np.diag(q[pairs] * p[middle])
    return matrix
