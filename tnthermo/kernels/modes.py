"""Number states: passive rotations of two modes, and wave functions."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def beam_splitter(rotation, first, second, totals):
    """<n, N - n| of the modes e = rotation c in number states |m, N - m> of the modes c: (N, n, m), for the totals N < ``totals``.

    rotation  (2, 2) unitary, e_i = sum_j rotation_ij c_j; the total is kept. m < ``first`` and N - m < ``second``, else 0.
    """
    roots = np.sqrt(np.arange(totals + 1.0))
    result = np.zeros((totals, totals, first), dtype=np.complex128)
    result[0, 0, 0] = 1.0
    for total in range(1, totals):
        for m in range(max(0, total - second + 1), min(first, total + 1)):
            # one quantum more in c_1, or, where it has none, in c_2
            column, before, root = (0, m - 1, roots[m]) if m > 0 else (1, 0, roots[total])
            one, two = rotation[0, column] / root, rotation[1, column] / root
            for n in range(total + 1):
                if n > 0:
                    result[total, n, m] += one * roots[n] * result[total - 1, n - 1, before]
                if n < total:
                    result[total, n, m] += two * roots[total - n] * result[total - 1, n, before]
    return result


@njit(cache=True)
def hermite_functions(x, levels):
    """<x|n> (levels, points) of the number states n < ``levels`` at x of the quadrature (c + c^dag)/sqrt(2)."""
    result = np.zeros((levels, x.size))
    result[0] = np.pi**-0.25 * np.exp(-0.5 * x * x)
    if levels > 1:
        result[1] = np.sqrt(2.0) * x * result[0]
    for n in range(2, levels):
        result[n] = np.sqrt(2.0 / n) * x * result[n - 1] - np.sqrt((n - 1.0) / n) * result[n - 2]
    return result
