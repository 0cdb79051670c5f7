"""Matrix elements of two-mode transformations in number states: squeezing and passive rotation."""

from __future__ import annotations

import numpy as np
from numba import njit


@njit(cache=True)
def two_mode_squeezer(theta, physical, first, second):
    """<n, n'| S(theta) |m, m'> (physical, physical, first, second), real; 0 unless n - n' = m - m'.

    S = exp(theta (a^dag a'^dag - a a')) = exp(tau a^dag a'^dag) cosh^-(N + N' + 1) exp(-tau a a'), tau = tanh(theta). It takes the number
    states of b = cosh a - sinh a'^dag and b' = cosh a' - sinh a^dag to those of a and a'. Column by column from |0, 0> by
    b^dag and b'^dag, on one more level each time: columns are exact up to the level at which they are cut off.
    """
    cosh, sinh = np.cosh(theta), np.sinh(theta)
    top = physical + first + second
    roots = np.sqrt(np.arange(top + 1.0))
    result = np.zeros((physical, physical, first, second))
    edge = np.zeros((top, top))
    for n in range(top):
        edge[n, n] = (sinh / cosh) ** n / cosh
    for m in range(first):
        column = edge.copy()
        for k in range(second):
            result[:, :, m, k] = column[:physical, :physical]
            column = _raise(column.T, cosh, sinh, roots).T / roots[k + 1]
        edge = _raise(edge, cosh, sinh, roots) / roots[m + 1]
    return result


@njit(cache=True)
def _raise(state, cosh, sinh, roots):
    """b^dag = cosh a^dag - sinh a' on a state (n, n'); what leaves the highest level is lost."""
    top = state.shape[0]
    result = np.zeros((top, top))
    for n in range(top):
        for k in range(top):
            if n > 0:
                result[n, k] += cosh * roots[n] * state[n - 1, k]
            if k < top - 1:
                result[n, k] -= sinh * roots[k + 1] * state[n, k + 1]
    return result


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
