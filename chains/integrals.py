"""Integrals over a spectral density, by the quadrature that also makes the chains."""

from __future__ import annotations

import math

import numpy as np

from chains.discrete import Discrete
from chains.quadrature import Segment, discretise
from chains.spectral import ContinuousDensity
from chains.thermal import segments


def _vacuum_segments(density: ContinuousDensity) -> tuple[Segment, ...]:
    high = density.support[1]
    upper = density.truncation(1e-17) if math.isinf(high) else high
    return segments(density, weight="vacuum", temperature=0.0, upper=upper)


def shape_weight(density: ContinuousDensity) -> float:
    """Return int J dw divided by the strength of the density (which may be 0)."""
    _, amplitudes = discretise(_vacuum_segments(density))
    return float(np.sum(amplitudes**2))


def weight_of(density: ContinuousDensity) -> float:
    """Return int J dw, an energy squared."""
    return density.strength * shape_weight(density)


def reorganisation_of(density: ContinuousDensity) -> float:
    """Return int J/w dw, an energy; inf if J does not vanish at 0."""
    if density.strength == 0.0:
        return 0.0
    if density.exponent_at_zero <= 0.0:
        return math.inf
    (segment,) = _vacuum_segments(density)
    if segment.start == 0.0:  # J/w has its own power at 0
        segment = Segment(
            start=0.0,
            end=segment.end,
            start_power=segment.start_power - 1.0,
            end_power=segment.end_power,
            root=segment.root,
            singular=segment.singular,
            breaks=segment.breaks,
        )
        _, amplitudes = discretise((segment,))
        return density.strength * float(np.sum(amplitudes**2))
    nodes, amplitudes = discretise((segment,))
    return density.strength * float(np.sum(amplitudes**2 / nodes))


def divergent_integrals(density: ContinuousDensity | Discrete, temperature: float) -> tuple[str, ...]:
    """Return which common integrals over J diverge at w = 0, as text (legal, but that limit does not exist).

    With J ~ w^s: at T = 0 int J/w^2 (long-time dephasing, overlap of displaced vacua) for s <= 1; at T > 0
    int J coth(beta w/2)/w^2 (long-time dephasing) for s <= 2 and int J coth(beta w/2)/w for s <= 1.
    """
    s = density.exponent_at_zero
    if temperature == 0.0:
        return ("int J/w^2 (pure dephasing does not saturate)",) if s <= 1.0 else ()
    found = ["int J coth(beta w/2)/w^2 (pure dephasing does not saturate)"] if s <= 2.0 else []
    return (*found, "int J coth(beta w/2)/w") if s <= 1.0 else tuple(found)
