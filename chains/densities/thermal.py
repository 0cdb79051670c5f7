"""Temperature as a change of the weight: from J(w) and T to the measures whose chains start in the vacuum.

"vacuum"      J(w) on w > 0                                        T = 0
"thermal"     J_beta(w) = sign(w) J(|w|)/2 (1 + coth(beta w/2))    on the whole axis, T > 0; Tamascelli et al.,
              Phys. Rev. Lett. 123, 090402 (2019)
"emission"    J(w) (1 + n(w)) on w > 0   } thermofield, n = 1/(exp(beta w) - 1);
"absorption"  J(w) n(w)       on w > 0   } de Vega and Banuls, Phys. Rev. A 92, 052116 (2015)
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity, Element, shares
from chains.numerics.quadrature import Segment
from chains.types import FloatArray, Weight

Root = Callable[[FloatArray], FloatArray]
LARGEST_EXPONENT = 1200.0
"""J n is cut where exp(-beta w) has fallen to exp(-1200): its root is still a normal double there, not much further."""


def root_thermal_factor(w: FloatArray, beta: float, sign: int) -> FloatArray:
    """Return sqrt(phi(sign w)) for w >= 0, phi(x) = x/(1 - exp(-beta x)): smooth, positive, 1/beta at 0.

    J_beta(+-w) = (J(w)/w) phi(+-w). phi(-w) = exp(-beta w) phi(w), so that nothing overflows.
    """
    small = beta * w < 1e-300  # expm1 of a denormal: the limit instead of 0/0
    safe = np.where(small, 1.0, w)
    root = np.where(small, math.sqrt(1.0 / beta), np.sqrt(safe / -np.expm1(-beta * safe)))
    return root if sign > 0 else root * np.exp(-0.5 * beta * w)


def _half(element: Element, *, share: float, upper: float, beta: float, sign: int) -> Segment | None:
    """Return the segment on w > 0 with weight share J/strength (sign 0), times 1 + n (sign +1), times n (sign -1).

    None if the element begins at ``upper`` or above.
    """
    low, high = element.support
    upper = min(upper, high)
    if not low < upper:
        return None
    start_power, end_power = element.end_powers
    singular = element.singular
    scale = math.sqrt(share)
    factors: list[Root] = [element.amplitude]
    if upper < high and end_power != 0.0:  # cut below the end: its power is an ordinary factor now
        power = 0.5 * end_power
        factors.append(lambda w: (high - w) ** power)
        end_power = 0.0
        singular = (*singular, high)
    if sign != 0:
        factors.append(lambda w: root_thermal_factor(w, beta, sign))
        singular = (*singular, 2j * math.pi / beta)
        if low == 0.0:
            start_power -= 1.0  # J coth ~ w^(s-1)
        else:
            factors.append(lambda w: 1.0 / np.sqrt(w))
            singular = (*singular, 0.0)

    def root(w: FloatArray) -> FloatArray:
        value = np.full_like(w, scale)
        for factor in factors:
            value = value * factor(w)
        return value

    cut = LARGEST_EXPONENT / beta if sign != 0 else math.inf
    breaks = tuple(sorted(b for b in {*element.breaks, cut} if low < b < upper))
    return Segment(
        start=low, end=upper, start_power=start_power, end_power=end_power, root=root, singular=singular, breaks=breaks
    )


def mirrored(segment: Segment) -> Segment:
    """Return the segment reflected at w = 0."""
    return Segment(
        start=-segment.end,
        end=-segment.start,
        start_power=segment.end_power,
        end_power=segment.start_power,
        root=lambda w: segment.root(-w),
        singular=tuple(-z for z in segment.singular),
        breaks=tuple(-b for b in reversed(segment.breaks)),
    )


def absorption_end(temperature: float, upper: float) -> float:
    """Return the frequency at which J n is cut: ``upper``, or where exp(-beta w) would underflow."""
    return min(upper, LARGEST_EXPONENT * temperature)


def element_segments(
    element: Element, *, weight: Weight, temperature: float, upper: float, share: float = 1.0
) -> tuple[Segment, ...]:
    """Return share J/strength of one element, with the factors of ``weight``, as segments below ``upper``.

    None at all where the element begins at ``upper``, or for "absorption" where exp(-beta w) underflows.
    """

    def half(sign: int, end: float) -> tuple[Segment, ...]:
        beta = 1.0 / temperature if sign != 0 else math.inf
        found = _half(element, share=share, upper=end, beta=beta, sign=sign)
        return () if found is None else (found,)

    if weight == "vacuum":
        return half(0, upper)
    if weight == "emission":
        return half(1, upper)
    minus = half(-1, absorption_end(temperature, upper))
    return minus if weight == "absorption" else (*(mirrored(s) for s in minus), *half(1, upper))


def segments(density: ContinuousDensity, *, weight: Weight, temperature: float, upper: float) -> tuple[Segment, ...]:
    """Return the measure (without the density's strength) as segments: those of all its elements, which may overlap."""
    return tuple(
        segment
        for share, element in shares(density)
        for segment in element_segments(element, weight=weight, temperature=temperature, upper=upper, share=share)
    )


def discrete_measure(density: Discrete, *, weight: Weight, temperature: float) -> tuple[FloatArray, FloatArray]:
    """Return frequencies and amplitudes g sqrt(1 + n) at +w, g sqrt(n) at -w (or +w for "absorption"), sorted.

    Amplitudes that underflow to 0 (beta w > 1400) stay in the list: the caller decides.
    """
    w = np.asarray(density.frequencies, dtype=np.float64)
    g = np.asarray(density.couplings, dtype=np.float64)
    if weight == "vacuum":
        return w, g
    beta = 1.0 / temperature
    up = g * root_thermal_factor(w, beta, 1) / np.sqrt(w)
    down = g * root_thermal_factor(w, beta, -1) / np.sqrt(w)
    if weight == "emission":
        return w, up
    if weight == "absorption":
        return w, down
    return np.concatenate([-w[::-1], w]), np.concatenate([down[::-1], up])
