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
DIGITS = 12  # to which the length of a step is known where its table is looked up
TABLES = 12  # kept at once: of a kick and of its time order, for each bath, and for some lengths of steps

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
    """int_{-half}^{half} p(s) exp(-i w s) ds, (K,), of the polynomial of this degree through p, or of p itself where nothing oscillates."""
    half = float(f"{half:.{DIGITS}g}")  # steps of one length have one table, however their ends are rounded
    nodes, table = _table(frequencies.tobytes(), half, degree)
    return np.asarray(values(half * nodes) @ table)


@lru_cache(maxsize=TABLES)
def _table(frequencies: bytes, half: float, degree: int) -> tuple[Real, Complex]:
    """(nodes on [-1, 1] (n,), what the values there are multiplied with (n, K)): most steps of a run have the same length, and Bessel
    functions of all modes would be the dearest part of a run with driven couplings. int P_n exp(-i z x) dx = 2 (-i)^n j_n(z).
    """
    w = np.frombuffer(frequencies, dtype=np.float64)
    z = np.abs(w) * abs(half)
    if z.max(initial=0.0) <= PHASE:
        x, weights = _rule(NODES)
        return x, np.asarray(half * weights[:, None] * np.exp(-1j * half * np.outer(x, w)))
    turn = np.where(w * half < 0, 1j, -1j)
    orders = [2 * half * turn**n * scipy.special.spherical_jn(n, z) for n in range(degree + 1)]
    return _rule(degree + 1)[0], np.asarray(_to_legendre(degree + 1).T @ np.array(orders))


def _held(strength: Callable[[Real], Real], start: float, end: float) -> float | None:
    """The value of a drive that is constant over a step, None of one that is not: what is seen of it is its values at the nodes."""
    values = strength(0.5 * (start + end) + 0.5 * (end - start) * _rule(2 * DEGREE + 2)[0])
    return float(values[0]) if (values == values[0]).all() else None


def integral(frequencies: Real, start: float, end: float, strength: Strength) -> Complex:
    """int_start^end f(s) exp(-i w s) ds, (K,); strength None: f = 1. ``end`` may be before ``start``."""
    half, middle = 0.5 * (end - start), 0.5 * (start + end)
    held = 1.0 if strength is None else _held(strength, start, end)
    if held == 0.0:
        return np.zeros(frequencies.size, dtype=np.complex128)
    if held is not None:
        found = (2 * half * held * np.sinc(frequencies * half / np.pi)).astype(np.complex128)
    else:
        assert strength is not None
        found = _transform(lambda s: strength(middle + s), DEGREE, half, frequencies)
    return np.asarray(found * np.exp(-1j * frequencies * middle))


def ordered(frequencies: Real, squares: Real, start: float, end: float, strength: Strength) -> float:
    """phi = int int_{s > s'} f(s) f(s') Im C(s - s'), C(u) = sum_k |x_k|^2 exp(-i w_k u): the time order of a step is exp(-i A^2 phi)."""
    h = end - start
    held = 1.0 if strength is None else _held(strength, start, end)
    if held == 0.0:
        return 0.0
    if held is not None:
        z = frequencies * h
        large = np.abs(z) > SMALL
        safe = np.where(large, frequencies, 1.0)
        # (z - sin z)/w^2 = h^2 (z/6 - z^3/120 + z^5/5040)
        series = h * h * z * (1 / 6 - z * z / 120 * (1 - z * z / 42))
        return -float(held**2 * squares @ np.where(large, (z - np.sin(z)) / safe**2, series))
    assert strength is not None
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
