"""Integrals over one step of a field that a drive multiplies: int f(s) X(s) ds, and the phase of its time order."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import scipy

from tnthermo.types import Complex, Real

DEGREE = 9  # of the polynomial that stands for a drive within one step: steps resolve drives
SMALL = 1e-2  # w h below which (w h - sin w h)/w^2 is taken from its series
PHASE = 8.0  # |w h|/2 up to which oscillations are integrated by a rule of NODES points
NODES = 32

Strength = Callable[[Real], Real] | None


@lru_cache(maxsize=8)
def _rule(count: int) -> tuple[Real, Real]:
    """Gauss-Legendre nodes and weights on [-1, 1]."""
    return np.polynomial.legendre.leggauss(count)


@lru_cache(maxsize=8)
def _to_legendre(count: int) -> Real:
    """(n, n): from values at Gauss-Legendre nodes to the coefficients of the polynomial through them."""
    x, weights = _rule(count)
    return np.asarray((np.arange(count) + 0.5)[:, None] * np.polynomial.legendre.legvander(x, count - 1).T * weights)


def _transform(values: Callable[[Real], Real], degree: int, half: float, frequencies: Real) -> Complex:
    """int_{-half}^{half} p(s) exp(-i w s) ds, (K,), of the polynomial of this degree through p: int P_n exp(-i z x) dx = 2 (-i)^n
    j_n(z).
    """
    z = np.abs(frequencies) * abs(half)
    if z.max(initial=0.0) <= PHASE:
        x, weights = _rule(NODES)
        return np.asarray(np.exp(-1j * np.outer(frequencies, half * x)) @ (half * weights * values(half * x)))
    coefficients = _to_legendre(degree + 1) @ values(half * _rule(degree + 1)[0])
    total = np.zeros(frequencies.size, dtype=np.complex128)
    for n, c in enumerate(coefficients):
        if c != 0.0:
            turned = np.where(frequencies * half < 0, 1j, -1j) ** n
            total += 2 * c * turned * scipy.special.spherical_jn(n, z)
    return half * total


def integral(frequencies: Real, start: float, end: float, strength: Strength) -> Complex:
    """int_start^end f(s) exp(-i w s) ds, (K,); strength None: f = 1. ``end`` may be before ``start``."""
    half, middle = 0.5 * (end - start), 0.5 * (start + end)
    if strength is None:
        found = (2 * half * np.sinc(frequencies * half / np.pi)).astype(np.complex128)
    else:
        found = _transform(lambda s: strength(middle + s), DEGREE, half, frequencies)
    return np.asarray(found * np.exp(-1j * frequencies * middle))


def ordered(frequencies: Real, squares: Real, start: float, end: float, strength: Strength) -> float:
    """phi = int int_{s > s'} f(s) f(s') Im C(s - s'), C(u) = sum_k |x_k|^2 exp(-i w_k u): the time order of a step is exp(-i A^2 phi)."""
    h = end - start
    if strength is None:
        z = frequencies * h
        large = np.abs(z) > SMALL
        safe = np.where(large, frequencies, 1.0)
        # (z - sin z)/w^2 = h^2 (z/6 - z^3/120 + z^5/5040)
        series = h * h * z * (1 / 6 - z * z / 120 * (1 - z * z / 42))
        return -float(squares @ np.where(large, (z - np.sin(z)) / safe**2, series))
    x, weights = _rule(2 * DEGREE + 2)

    def mean(u: Real) -> Real:
        """int_u^h f(s) f(s - u) ds at the lags u - h/2 (n,)."""
        lag = (u + 0.5 * h)[:, None]
        half = 0.5 * (h - lag)
        s = start + lag + half * (1 + x)
        return np.asarray((half * strength(s) * strength(s - lag)) @ weights)

    # int_0^h F(u) sin(w u) du
    turned = _transform(mean, 2 * DEGREE + 1, 0.5 * h, frequencies) * np.exp(-0.5j * frequencies * h)
    return float(squares @ turned.imag)


def mean_square(start: float, end: float, strength: Strength) -> float:
    """int_start^end f(s)^2 ds, negative backward in time."""
    if strength is None:
        return end - start
    x, weights = _rule(DEGREE + 1)
    half = 0.5 * (end - start)
    return half * float(weights @ strength(0.5 * (start + end) + half * x) ** 2)
