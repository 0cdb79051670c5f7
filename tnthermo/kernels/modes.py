"""Number states: passive rotations of two modes, and wave functions."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def beam_splitter(rotation, levels, first, second):
    """<n1, n2| of the modes e = rotation c in number states |m1, m2> of the modes c: (levels, levels, first, second).

    rotation  (2, 2) unitary, e_i = sum_j rotation_ij c_j; the number n1 + n2 = m1 + m2 is kept, so that
              levels >= first + second - 1 loses nothing
    """
    roots = np.sqrt(np.arange(first + second + 1.0))
    result = np.zeros((levels, levels, first, second), dtype=np.complex128)
    edge = np.zeros((levels, levels), dtype=np.complex128)
    edge[0, 0] = 1.0
    for m in range(first):
        column = edge.copy()
        for k in range(second):
            result[:, :, m, k] = column
            column = _create(column, rotation[0, 1], rotation[1, 1], roots) / roots[k + 1]
        edge = _create(edge, rotation[0, 0], rotation[1, 0], roots) / roots[m + 1]
    return result


@njit(cache=True)
def _create(state, one, two, roots):
    """(one e_1^dag + two e_2^dag) on a state (n1, n2)."""
    levels = state.shape[0]
    result = np.zeros((levels, levels), dtype=np.complex128)
    for n in range(levels):
        for k in range(levels):
            if n > 0:
                result[n, k] += one * roots[n] * state[n - 1, k]
            if k > 0:
                result[n, k] += two * roots[k] * state[n, k - 1]
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
