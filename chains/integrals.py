"""Integrals over a spectral density, by the quadrature that also makes the chains."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from chains.arguments import SpectralDensity, argument_problems, density_problems
from chains.checks import number_problems, temperature_problems
from chains.discrete import Discrete
from chains.problems import raise_if_any
from chains.quadrature import Segment, discretise
from chains.sites import Weight
from chains.spectral import ContinuousDensity, Element
from chains.thermal import discrete_measure, element_segments

FloatArray = npt.NDArray[np.float64]

_TRUNCATION = 1e-17
"""Infinite supports are cut where less than this part of int J lies beyond."""


def measure(
    density: SpectralDensity, *, temperature: float = 0.0, longest_time: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return nodes (M,), frequencies, and weights (M,), energy squared, that stand for J at this temperature.

    T = 0: int J(w) f(w) dw = sum_j weight_j f(node_j), nodes > 0. T > 0: the nodes lie on both sides of 0, and
    int J(w) [coth(beta w/2) f_even(w) + f_odd(w)] dw = sum_j weight_j f(node_j).
    For smooth f, and for f with factors exp(-i w t) up to |t| = longest_time, to about 14 digits. The modes themselves for a
    discrete density.

    Raises InvalidInput with every problem of the arguments.
    """
    problems = argument_problems(density, 1, temperature, None, 1)
    raise_if_any(problems + number_problems("longest_time", longest_time, at_least=0.0))
    weight: Weight = "thermal" if temperature > 0.0 else "vacuum"
    if isinstance(density, Discrete):
        nodes, amplitudes = discrete_measure(density, weight=weight, temperature=temperature)
        return nodes, amplitudes**2
    found = []
    for element in density.elements:
        high = element.support[1]
        upper = element.truncation(_TRUNCATION) if math.isinf(high) else high
        pieces = element_segments(element, weight=weight, temperature=temperature, upper=upper)
        nodes, amplitudes = discretise(pieces, longest_time=longest_time)
        found.append((nodes, element.strength * amplitudes**2))
    return np.concatenate([nodes for nodes, _ in found]), np.concatenate([weights for _, weights in found])


def _vacuum_segment(element: Element) -> Segment:
    high = element.support[1]
    upper = element.truncation(_TRUNCATION) if math.isinf(high) else high
    (segment,) = element_segments(element, weight="vacuum", temperature=0.0, upper=upper)
    return segment


def shape_weight(element: Element) -> float:
    """Return int J dw divided by the strength of the element (which may be 0)."""
    _, amplitudes = discretise((_vacuum_segment(element),))
    return float(np.sum(amplitudes**2))


def weight_of(element: Element) -> float:
    """Return int J dw, an energy squared."""
    return element.strength * shape_weight(element)


def reorganisation_of(element: Element) -> float:
    """Return int J/w dw, an energy; inf if J does not vanish at 0."""
    if element.strength == 0.0:
        return 0.0
    if element.support[0] == 0.0 and element.end_powers[0] <= 0.0:
        return math.inf
    segment = _vacuum_segment(element)
    if segment.start == 0.0:  # J/w has its own power at 0
        segment = replace(segment, start_power=segment.start_power - 1.0)
        _, amplitudes = discretise((segment,))
        return element.strength * float(np.sum(amplitudes**2))
    nodes, amplitudes = discretise((segment,))
    return element.strength * float(np.sum(amplitudes**2 / nodes))


def divergent_integrals(density: ContinuousDensity | Discrete, temperature: float) -> tuple[str, ...]:
    """Return which common integrals over J diverge at w = 0, as text (legal, but that limit does not exist).

    With J ~ w^s: at T = 0 int J/w^2 (long-time dephasing, overlap of displaced vacua) for s <= 1; at T > 0
    int J coth(beta w/2)/w^2 (long-time dephasing) for s <= 2 and int J coth(beta w/2)/w for s <= 1.
    Raises InvalidInput for what is no density or no temperature.
    """
    raise_if_any(density_problems(density) + temperature_problems(temperature))
    s = density.exponent_at_zero
    if temperature == 0.0:
        return ("int J/w^2 (pure dephasing does not saturate)",) if s <= 1.0 else ()
    found = ["int J coth(beta w/2)/w^2 (pure dephasing does not saturate)"] if s <= 2.0 else []
    return (*found, "int J coth(beta w/2)/w") if s <= 1.0 else tuple(found)
