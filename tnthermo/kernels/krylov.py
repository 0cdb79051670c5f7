"""exp(z H_eff) on one tensor by Lanczos, with a bound on its error that is rigorous for real time."""

from __future__ import annotations

import numpy as np
from numba import njit

from tnthermo.kernels.apply import apply_site

LARGEST_KRYLOV = 40


@njit(cache=True)
def propagate(left, table, values, right, x, z, tolerance):
    """(exp(z H_eff) x, bound): x (l, d, r), z complex (-i dt for real time).

    For Hermitian H and imaginary z (real time) the Krylov error of k vectors is at most beta_1 ... beta_k |z|^k / k! times the norm of x
    (integrate the residual and bound the corner element of the exponential), so k grows until that is below ``tolerance``. Where
    LARGEST_KRYLOV vectors are not enough the step is cut into pieces. ``bound`` is the sum of the bounds reached, relative to the norm
    of x; for real z it is an estimate only, good to a factor of a few.
    """
    l, d, r = x.shape
    size = l * d * r
    largest = min(LARGEST_KRYLOV, size)
    basis = np.empty((largest + 1, size), dtype=np.complex128)
    t = np.empty((l, d, r), dtype=np.complex128)
    u = np.empty((right.shape[0], l, d, r), dtype=np.complex128)
    alpha = np.empty(largest)
    beta = np.empty(largest)
    y = x.copy()
    done = 0.0  # fraction of z behind us
    total = 0.0
    while done < 1.0:
        norm = np.sqrt(np.sum(y.real**2 + y.imag**2))
        if norm == 0.0:
            return y, total
        basis[0] = y.reshape(size) / norm
        length = abs(z) * (1.0 - done)
        bound = 1.0
        k = 0
        while True:
            w = basis[k + 1].reshape(l, d, r)
            apply_site(left, table, values, right, basis[k].reshape(l, d, r), w, t, u)
            flat = basis[k + 1]
            alpha[k] = np.vdot(basis[k], flat).real
            flat -= alpha[k] * basis[k]
            if k > 0:
                flat -= beta[k - 1] * basis[k - 1]
            beta[k] = np.sqrt(np.sum(flat.real**2 + flat.imag**2))
            k += 1
            bound *= beta[k - 1] * length / k
            if bound < tolerance or k == largest or beta[k - 1] < 1e-14 * (abs(alpha[0]) + 1.0):
                break
            flat /= beta[k - 1]
        if k == size or beta[k - 1] < 1e-14 * (abs(alpha[0]) + 1.0):
            bound = 0.0  # the Krylov space is invariant: no error
        part = 1.0 - done
        if bound > tolerance:
            part *= (0.5 * tolerance / bound) ** (1.0 / k)
            bound = 0.5 * tolerance
        tridiagonal = np.zeros((k, k))
        for j in range(k):
            tridiagonal[j, j] = alpha[j]
            if j > 0:
                tridiagonal[j, j - 1] = beta[j - 1]
                tridiagonal[j - 1, j] = beta[j - 1]
        energies, vectors = np.linalg.eigh(tridiagonal)
        weights = np.zeros(k, dtype=np.complex128)
        for e in range(k):
            phase = norm * np.exp(z * part * energies[e]) * vectors[0, e]
            for j in range(k):
                weights[j] += phase * vectors[j, e]
        flat_y = y.reshape(size)
        flat_y[:] = 0
        for j in range(k):
            flat_y += weights[j] * basis[j]
        total += bound
        done += part
        if 1.0 - done < 1e-14:
            done = 1.0
    return y, total
