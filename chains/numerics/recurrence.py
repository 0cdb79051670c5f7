"""The numba kernels: measure -> recurrence coefficients, and recurrence coefficients -> polynomial values.

Everything works with amplitudes (square roots of weights), never with weights or moments: an exponential tail then
stays representable down to exp(-1400), and no digits are lost to squaring.
"""

from __future__ import annotations

import math
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt

from chains.cache_folder import look_after
from chains.types import FloatArray

look_after(Path(__file__).parent)


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def jacobi_matrix(nodes: FloatArray, amplitudes: FloatArray, length: int) -> tuple[FloatArray, FloatArray]:
    """Return the leading recurrence coefficients of the discrete measure sum_j amplitudes_j^2 delta(x - nodes_j).

    nodes, amplitudes: shape (M,); length: N <= M. Returns diagonal (N,) and off-diagonal (N+1,): off[0] is the norm of
    the measure (kappa), off[n+1] couples site n to n+1, and off[N] leads to the first site left out (0 if N = M).

    Gragg and Harwood's update (Numer. Math. 44, 317 (1984), section 3, the algorithm they call RKPW), written for
    amplitudes: the nodes enter one by one, and each is chased down the tridiagonal matrix by plane rotations. Being
    orthogonal transformations, they lose no orthogonality, unlike Lanczos, and need no moments. The chase runs from the
    top down, so sites beyond N never act back and are not computed: cost M * N.
    """
    diagonal = np.zeros(length)
    off = np.zeros(length + 1)
    for j in range(nodes.shape[0]):
        node = nodes[j]
        incoming = amplitudes[j]
        cosine_before = 1.0
        sine_before = 0.0
        shift_before = 0.0
        for k in range(min(j, length) + 1):
            # a square root of a sum of squares that neither over- nor underflows
            size = abs(off[k])
            if abs(incoming) <= size:
                ratio = incoming / size if size > 0.0 else 0.0
                root = math.sqrt(1.0 + ratio * ratio)
                norm = size * root
                cosine = 1.0 / root
                sine = ratio / root
            else:
                ratio = size / incoming
                root = math.sqrt(1.0 + ratio * ratio)
                norm = abs(incoming) * root
                cosine = abs(ratio) / root
                sine = 1.0 / root if incoming > 0.0 else -1.0 / root
            if k == length:
                off[k] = cosine_before * norm
                break
            outgoing = sine * (diagonal[k] - node) - cosine * sine_before * off[k]
            shift = sine * outgoing
            off[k] = cosine_before * norm
            diagonal[k] -= shift - shift_before
            incoming = outgoing
            cosine_before = cosine
            sine_before = sine
            shift_before = shift
    return diagonal, off


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def polynomial_amplitudes(
    points: FloatArray, amplitudes: FloatArray, coupling: float, frequencies: FloatArray, hoppings: FloatArray
) -> FloatArray:
    """Return amplitudes_j p_n(points_j), shape (M, N), p_0 = 1/coupling, x p_n = t_n p_(n+1) + e_n p_n + t_(n-1) p_(n-1).

    points, amplitudes: shape (M,); frequencies: (N,); hoppings: (N-1,). The amplitude goes along from the start, so
    that a tiny weight times a huge polynomial is never formed.
    """
    length = frequencies.shape[0]
    values = np.empty((points.shape[0], length))
    for j in range(points.shape[0]):
        values[j, 0] = amplitudes[j] / coupling
        for n in range(length - 1):
            value = (points[j] - frequencies[n]) * values[j, n]
            if n > 0:
                value -= hoppings[n - 1] * values[j, n - 1]
            values[j, n + 1] = value / hoppings[n]
    return values


@numba.njit(cache=True)  # type: ignore[untyped-decorator]
def twisted_vectors(
    frequencies: FloatArray, hoppings: FloatArray, eigenvalues: FloatArray, peaks: npt.NDArray[np.int64]
) -> FloatArray:
    """Return eigenvectors (N, N) of the tridiagonal matrix, column j to eigenvalues_j, also their tiny entries exact.

    The recurrence is run from both ends towards peaks_j, where the vector is large: in that direction it grows and is
    stable. A library eigenvector is right only relative to its largest entry, but the coupling of a star mode is the
    first entry and may be as small as exp(-600). First entries are positive.
    """
    length = frequencies.shape[0]
    vectors = np.empty((length, length))
    for j in range(length):
        x = eigenvalues[j]
        peak = peaks[j]
        vectors[0, j] = 1.0
        for n in range(peak):
            value = (x - frequencies[n]) * vectors[n, j]
            if n > 0:
                value -= hoppings[n - 1] * vectors[n - 1, j]
            vectors[n + 1, j] = value / hoppings[n]
        top = vectors[peak, j]
        if peak < length - 1:
            vectors[length - 1, j] = 1.0
            for n in range(length - 1, peak, -1):
                value = (x - frequencies[n]) * vectors[n, j]
                if n < length - 1:
                    value -= hoppings[n] * vectors[n + 1, j]
                vectors[n - 1, j] = value / hoppings[n - 1]
            scale = top / vectors[peak, j]
            for n in range(peak + 1, length):
                vectors[n, j] *= scale
        vectors[peak, j] = top
        largest = 0.0
        for n in range(length):
            largest = max(largest, abs(vectors[n, j]))
        norm = 0.0
        for n in range(length):
            vectors[n, j] /= largest
            norm += vectors[n, j] * vectors[n, j]
        norm = math.sqrt(norm)
        for n in range(length):
            vectors[n, j] /= norm
    return vectors
