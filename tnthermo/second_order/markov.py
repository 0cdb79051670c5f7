"""The Markov limit of a continuous bath: C(t) integrated over all times, with its principal values.

Gamma(w) = int_0^inf ds C(s) exp(i w s) = pi W(w) + i P int dw' W(w')/(w - w'), for C(s) = int dw' W(w') exp(-i w' s).
The real part is half a rate, the imaginary part a Lamb shift. Breuer and Petruccione, The Theory of Open Quantum Systems, section 3.3.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np
from scipy.integrate import quad

from chains import ContinuousDensity, Discrete
from chains.problems import InvalidInput, Problem
from tnthermo.model.coupling import Coupling
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.model import Model
from tnthermo.types import Complex, Real

TAIL = 1e-17  # infinite supports end where less than this part of int J lies beyond, as in chains.correlation
SUBDIVISIONS = 400
NEAR = 1e-9  # of the end of the support: a break that is that near to a pole is no break
EQUAL = 1e-9  # Bohr frequencies closer than this part of the largest are one


def transform(coupling: Coupling, frequency: float) -> tuple[complex, complex]:
    """(Gamma_1, Gamma_2) at ``frequency`` w, any sign: of J (1 + n) at +w' and of J n at -w', energy.

    For a Hermitian coupling Gamma = Gamma_1 + Gamma_2. Infinite where the integral is: w at a step of J; w = 0 at T > 0 unless J falls
    faster than w (there the sum may exist all the same, see `at_zero`).
    """
    density, T, end = coupling.density, coupling.temperature, _end(coupling)
    assert not isinstance(density, Discrete)

    def value(w: float) -> float:
        return float(density(np.array([w]))[0])

    def emission(w: float) -> float:
        return value(w) * (1.0 if T == 0 else -1.0 / math.expm1(-w / T) if w > 0 else 0.0)

    def absorption(w: float) -> float:
        return 0.0 if T == 0 or w > 700 * T or w <= 0 else value(w) / math.expm1(w / T)

    points = _breaks(density, T, end)
    if frequency == 0.0 and T > 0 and not density.exponent_at_zero > 1:
        return complex(math.inf, -math.inf), complex(math.inf, math.inf)

    def half_rate(weight: Callable[[float], float], w: float) -> float:
        return math.pi * weight(w) if 0 < w <= end else 0.0

    up = complex(half_rate(emission, frequency), -_principal(emission, frequency, points))
    if T == 0:
        return up, 0.0j
    # P int J n/(w + w') dw': the pole of 1/(w' - (-w))
    return up, complex(half_rate(absorption, -frequency), _principal(absorption, -frequency, points))


def at_zero(coupling: Coupling) -> complex:
    """Gamma(0) of a Hermitian coupling, energy: pi T lim J/w - i int J/w (reorganisation); infinite for J ~ w^s, s < 1, at T > 0."""
    density, T, end = coupling.density, coupling.temperature, _end(coupling)
    assert not isinstance(density, Discrete)
    s, rate = density.exponent_at_zero, 0.0
    if T > 0 and s <= 1:
        w = 1e-9 * end
        rate = math.pi * T * float(density(np.array([w]))[0]) / w if s == 1 else math.inf
    return complex(rate, -_principal(lambda w: float(density(np.array([w]))[0]), 0.0, _breaks(density, 0.0, end)))


def _end(coupling: Coupling) -> float:
    """Where the weight ends: the support that chains were made with, of a bath without chains that of the density."""
    density = coupling.density
    assert not isinstance(density, Discrete)
    end = density.truncation(TAIL) if math.isinf(density.support[1]) else density.support[1]
    return min(end, max((chain.support[1] for chain in coupling.chains), default=end))


def _breaks(density: ContinuousDensity, temperature: float, end: float) -> list[float]:
    """Ends and breaks of the density, and the scale of its temperature, ascending."""
    found = {density.support[0], end}
    for element in density.elements:
        found |= {w for w in (*element.support, *element.breaks) if density.support[0] < w < end}
    if temperature > 0:
        found |= {w for w in (temperature, 10 * temperature) if density.support[0] < w < end}
    return sorted(found)


def _principal(function: Callable[[float], float], pole: float, points: list[float]) -> float:
    """P int function(w)/(w - pole) dw over the intervals between ``points``."""
    if any(pole == edge and function(edge) != 0.0 for edge in (points[0], points[-1])):
        return math.inf

    def ordinary(low: float, high: float) -> float:
        return float(
            quad(lambda w: function(w) / (w - pole), low, high, limit=SUBDIVISIONS, epsabs=1e-14, epsrel=1e-11)[0]
        )

    total = 0.0
    near = NEAR * abs(points[-1])  # a pole that is a break but for rounding would leave a window of no width
    for a, b in pairwise([p for p in points if abs(p - pole) > near or p in (points[0], points[-1])]):
        if not a < pole < b:
            total += ordinary(a, b)
            continue
        reach = min(pole - a, b - pole) / 2  # the ends may be singular: they are left to the ordinary rule
        total += quad(function, pole - reach, pole + reach, weight="cauchy", wvar=pole, limit=SUBDIVISIONS)[0]
        total += ordinary(a, pole - reach) + ordinary(pole + reach, b)
    return float(total)


def markov_problems(model: Model, method: str) -> list[Problem]:
    """Why a model has no Markov limit: it is driven, or a bath has finitely many modes."""
    problems = []
    if model.driven:
        allowed = f'"tcl2" for a driven model; {method} would need its own limit at every value of the drive'
        problems.append(Problem(key="method", value=method, allowed=allowed))
    for j, coupling in enumerate(model.couplings):
        if isinstance(coupling.density, Discrete):
            allowed = '"tcl2" for a bath of finitely many modes, whose memory never ends'
            problems.append(Problem(key="method", value=f"{method}, bath {j}", allowed=allowed))
    return problems


def refuse_infinite(gamma: Complex, method: str) -> None:
    """Raise `chains.InvalidInput` where a memory integral does not exist."""
    if not np.isfinite(gamma).all():
        allowed = (
            "a memory that can be integrated to infinity; at w = 0, T > 0 this needs J ~ w or faster (exchange: faster)"
        )
        raise InvalidInput([Problem(key="method", value=method, allowed=allowed, hint='use "tcl2"')])


def gammas(model: Model, energies: Real, operators: Complex) -> Complex:
    """Gamma_qr(w_ba) (Q, Q, d, d) with w_ba = E_b - E_a, energy; 0 between baths, and where no A_r has an element ab.

    ``operators`` A_r (Q, d, d) in the eigenbasis of H_S, eigenvalues ``energies`` (d,).
    """
    d, count = energies.size, len(model.channels)
    scale = max(float(np.ptp(energies)), np.finfo(float).tiny)
    result = np.zeros((count, count, d, d), dtype=np.complex128)
    first = 0
    for coupling in model.couplings:
        size = len(coupling.operators)
        known: dict[float, Complex] = {}
        for a in range(d):
            for b in range(d):
                own = operators[first : first + size, a, b]
                if np.abs(own).max() <= 1e-14 * np.abs(operators).max():
                    continue
                w = float(energies[b] - energies[a])
                w = 0.0 if abs(w) <= EQUAL * scale else w
                key = next((found for found in known if abs(found - w) <= EQUAL * scale), w)
                if key not in known:
                    known[key] = _matrix(coupling, key)
                result[first : first + size, first : first + size, a, b] = known[key]
        first += size
    return result


def _matrix(coupling: Coupling, w: float) -> Complex:
    """Gamma_qr(w) between the channels of one bath: (1, 1), or (2, 2) of X and Y for exchange."""
    if COUPLING_KINDS[coupling.kind].hermitian:
        return np.array([[at_zero(coupling) if w == 0.0 else sum(transform(coupling, w))]])
    return _exchange(*transform(coupling, w))


def _exchange(up: complex, down: complex) -> Complex:
    """<X X> = <Y Y> = <C C^dag> + <C^dag C>, <X Y> = i (<C C^dag> - <C^dag C>), transformed."""
    both, difference = up + down, 1j * (up - down)
    return np.array([[both, difference], [-difference, both]])
