"""Rates and Lamb shift of a qubit that exchanges quanta with a bath, to second order in the coupling [51, 52].

H_S = (w0/2) sigma_z, H_int = sigma_minus C^dag + sigma_plus C, C = sum_k g_k a_k, J(w) = sum_k g_k^2 delta(w - w_k), sigma_z = +1 excited.

Correction to the paper: it writes sigma_pm = sigma_x +- i sigma_y, twice the usual operators, so that g_k = 2 lambda f_k here and the rate
is G = 2 pi J(w0) = 4 gamma with its gamma = 2 pi lambda^2 |f(w0)|^2. [51], [52] and [66-68] have 4 gamma; [56], [59], [60] and [63] are
printed with gamma. G is used everywhere here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.integrate import quad

from chains import ContinuousDensity, Discrete, Element, argument_problems
from chains.checks import number_problems
from chains.problems import Problem, raise_if_any

RELATIVE = 1e-11  # asked of each piece of the principal value,
ABSOLUTE = 1e-13  # or this part of J coth(beta w/2) where it is large: pieces that hardly count need no digits
TRUNCATION = 1e-17
NEAR = 0.5  # part of the way to the next end or break that the symmetric window around the pole takes


@dataclass(frozen=True, kw_only=True)
class GoldenRule:
    """Second-order rates at one splitting w0 and one temperature; energies.

    occupation    n = 1/(exp(beta w0) - 1), 0 at T = 0
    rate          G = 2 pi J(w0), = 4 gamma of the paper
    down, up      G (n + 1), G n
    relaxation    G coth(beta w0/2) = down + up, of z; coherences fall at half of it
    equilibrium   -tanh(beta w0/2), of z: the Gibbs state [57]
    lamb_shift    Omega = P int dw J(w) coth(beta w/2)/(w0 - w), of the splitting
    lamb_shift_error   of the quadrature, as it estimates it
    """

    splitting: float
    temperature: float
    occupation: float
    rate: float
    down: float
    up: float
    relaxation: float
    equilibrium: float
    lamb_shift: float
    lamb_shift_error: float


def golden_rule(density: ContinuousDensity, *, splitting: float, temperature: float) -> GoldenRule:
    """`GoldenRule` of a continuous density of `chains`, splitting w0 > 0, temperature >= 0.

    Raises `chains.InvalidInput`: for modes, which have no rate, and where the principal value does not exist (w0 at a jump of J).
    """
    _check(density, splitting, temperature)
    w, T = float(splitting), float(temperature)
    n = _occupation(w, T)
    rate = 2 * math.pi * float(density(np.array([w]))[0])
    shift, error = lamb_shift(density, splitting=w, temperature=T)
    return GoldenRule(
        splitting=w, temperature=T, occupation=n, rate=rate, down=rate * (n + 1), up=rate * n, relaxation=rate * (2 * n + 1),
        equilibrium=-math.tanh(w / (2 * T)) if T > 0 else -1.0, lamb_shift=shift, lamb_shift_error=error,
    )  # fmt: skip


def lamb_shift(density: ContinuousDensity, *, splitting: float, temperature: float) -> tuple[float, float]:
    """(Omega, its estimated error), energies: Omega = P int_0^inf dw J(w) coth(beta w/2)/(w0 - w), a shift (Omega/2) sigma_z.

    Adaptive: a symmetric window around w0 by the rule for Cauchy principal values of QUADPACK (QAWC), the rest by QAGS, each
    element of the density for itself, split where it is not smooth. Arguments and errors as `golden_rule`.
    """
    _check(density, splitting, temperature)
    total = error = 0.0
    for element in density.elements:
        if element.strength > 0:
            value, size = _principal_value(element, float(splitting), float(temperature))
            total, error = total + value, error + size
    return total, error


def _occupation(w: float, T: float) -> float:
    return 1 / math.expm1(w / T) if T > 0 and w / T < 700 else 0.0


def _principal_value(element: Element, w0: float, T: float) -> tuple[float, float]:
    (low, high), (p, q) = element.support, element.end_powers
    upper = element.truncation(TRUNCATION) if math.isinf(high) else high

    def weight(w: float) -> float:
        coth = 1 / math.tanh(w / (2 * T)) if T > 0 else 1.0
        ends = (w - low) ** p * ((high - w) ** q if q != 0 else 1.0)
        return float(element.strength * element.amplitude(np.array([w]))[0] ** 2 * ends * coth)

    # Poles of the amplitude are peaks of J beside them; far up, the scales of an exponential tail.
    scales = [abs(z) for z in element.singular] + [z.real for z in element.singular] + ([2 * T] if T > 0 else [])
    marks = sorted({b for b in (*element.breaks, *scales) if low < b < upper})
    points = [low, *marks, upper]
    middles = [(left + right) / 2 for left, right in pairwise(points)]
    enough = ABSOLUTE * max(weight(w) for w in (*middles, *marks, *([w0] if low < w0 < upper else [])))

    def piece(left: float, right: float, *, pole: bool = False) -> tuple[float, float]:
        # full_output: that rounding keeps a piece from its tolerance is told by its error, not by a warning
        how: dict[str, Any] = {"epsrel": RELATIVE, "epsabs": enough, "limit": 400, "full_output": True}
        if pole:
            value, error = quad(weight, left, right, weight="cauchy", wvar=w0, **how)[:2]
            return -value, error
        return quad(lambda w: weight(w) / (w0 - w), left, right, **how)[:2]

    if not low < w0 < upper:
        pieces = [piece(left, right) for left, right in pairwise(points)]
    else:
        breaks = [low, *(b for b in element.breaks if low < b < upper), upper]
        # w0 at a kink: J is continuous there, the logarithms of the two sides cancel in any symmetric window
        window = NEAR * min(abs(w0 - b) for b in breaks if b != w0)
        below = [b for b in points if b < w0 - window] + [w0 - window]
        above = [w0 + window] + [b for b in points if b > w0 + window]
        pieces = [piece(left, right) for side in (below, above) for left, right in pairwise(side)]
        pieces.append(piece(w0 - window, w0 + window, pole=True))
    return sum(value for value, _ in pieces), sum(error for _, error in pieces)


def _check(density: object, splitting: object, temperature: object) -> None:
    problems = argument_problems(density, 1, temperature, None, 1)
    problems += number_problems("splitting", splitting, above=0.0)
    if isinstance(density, Discrete):
        hint = "finitely many modes have no rate; take the density that they stand for"
        problems.append(Problem(key="density", value="a discrete density", allowed="a continuous density", hint=hint))
    raise_if_any(problems)
    assert isinstance(density, ContinuousDensity)
    assert isinstance(splitting, int | float | np.number)
    for element in density.elements:
        (low, high), (p, q) = element.support, element.end_powers
        if (splitting == low and p <= 0) or (splitting == high and q <= 0):
            allowed = "not at a jump of J, where the principal value is infinite"
            raise_if_any([Problem(key="splitting", value=splitting, allowed=allowed)])
