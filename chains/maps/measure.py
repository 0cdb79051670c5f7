"""Integrals over a spectral density, by the quadrature that also makes the chains."""

from __future__ import annotations

import math

import numpy as np

from chains.checks import number_problems, temperature_problems
from chains.densities.discrete import Discrete
from chains.densities.integrals import _TRUNCATION
from chains.densities.power_law import ContinuousDensity
from chains.densities.thermal import discrete_measure, element_segments
from chains.deprecated import formerly
from chains.maps.arguments import SpectralDensity, argument_problems, density_problems
from chains.numerics.quadrature import discretise
from chains.problems import raise_if_any
from chains.types import FloatArray, Weight


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


@formerly(positional=("temperature",))
def divergent_integrals(density: ContinuousDensity | Discrete, *, temperature: float) -> tuple[str, ...]:
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
