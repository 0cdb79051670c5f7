"""Integrals over a spectral density: weight, reorganisation energy, and the part of each that a cut keeps."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from chains.densities.power_law import Element
from chains.densities.thermal import element_segments
from chains.numerics.quadrature import Segment, discretise

_TRUNCATION = 1e-17
"""Infinite supports are cut where less than this part of int J lies beyond."""


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
