"""What can be found out about a density that is only known as a function: powers at its ends, tail, rough places."""

from __future__ import annotations

import heapq
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from numpy.polynomial import chebyshev

from chains.types import FloatArray

Values = Callable[[FloatArray], FloatArray]

RESOLVED = 1e-4
"""A power is found if its estimates agree to this."""
_HALVINGS = 46
"""The power at an end is looked for at distances down to 2^-46 of the interval, 1e-14."""
_DECADES = 15
_PER_DECADE = 20
_SCAN = 10.0 ** np.linspace(-_DECADES, _DECADES, 2 * _DECADES * _PER_DECADE + 1)
_DEGREE = 22
_PANELS = 200
_ROUGH = 1e-14
"""Panels are halved until what a polynomial misses of J is this part of the whole (or the cap is reached)."""
_LEAST_SHARE = 1e-4
"""A panel of hardly any weight is resolved all the same, to _ROUGH/_LEAST_SHARE of itself: long chains look there."""


@dataclass(frozen=True, kw_only=True)
class Power:
    """The power with which a function vanishes at an end: value, and how far its estimates are apart.

    value is inf where the function is 0, or falls faster than any power; nan where nothing was found.
    """

    value: float
    spread: float

    @property
    def certain(self) -> bool:
        """Whether ``value`` can be relied on."""
        return math.isinf(self.value) or self.spread <= RESOLVED


def end_power(values: Values, end: float, inward: float) -> Power:
    """Return the power p of J ~ |w - end|^p, looked for between ``end`` and ``end`` + ``inward`` (of any sign).

    The slopes of log J over halved distances, extrapolated (Aitken): the estimate is where six in a row agree best.
    """
    steps = inward * 0.5 ** np.arange(1, _HALVINGS + 1)
    distances = np.abs(end + steps - end)  # what is left of them in floating point
    usable = distances > max(1e-14 * abs(inward), 2e-12 * abs(end))
    distances, w = distances[usable], (end + steps)[usable]
    j = values(w)
    vanished = np.flatnonzero(~(j > 1e-290))
    if vanished.size:
        if np.all(j[vanished[0] :] <= 1e-290):  # not nan
            return Power(value=math.inf, spread=0.0)
        j, distances = j[: vanished[0]], distances[: vanished[0]]
    if j.size < 12:  # slopes twice extrapolated are five fewer, and six are compared
        return Power(value=math.nan, spread=math.inf)
    slopes = np.diff(np.log(j)) / np.diff(np.log(distances))
    if slopes[-1] > 40.0:
        return Power(value=math.inf, spread=0.0)
    once = _aitken(slopes)
    candidates = [found for sequence in (slopes, once, _aitken(once)) for found in _windows(sequence)]
    best = min(candidates, key=lambda found: found[1])
    return _rounded(*best)


def _aitken(sequence: FloatArray) -> FloatArray:
    """Return the sequence with its leading geometric error removed."""
    first, second = np.diff(sequence)[1:], np.diff(sequence, 2)
    with np.errstate(all="ignore"):
        change = np.where(np.abs(second) > 1e-15, first**2 / second, 0.0)
    # a correction larger than the last step by much is noise divided by noise
    return np.where(np.abs(change) <= 20.0 * np.abs(first), sequence[2:] - change, sequence[2:])


def _windows(sequence: FloatArray) -> list[tuple[float, float]]:
    """Return the mean and the spread of every six neighbours: so many do not agree by chance in noise."""
    six = np.lib.stride_tricks.sliding_window_view(sequence, 6)
    return list(zip(np.mean(six, axis=1).tolist(), np.maximum(np.ptp(six, axis=1), 1e-12).tolist(), strict=True))


def _rounded(value: float, spread: float) -> Power:
    """Return the simple fraction that cannot be told from ``value``, or as many digits as can be resolved."""
    simple = float(Fraction(value).limit_denominator(20))
    if abs(value - simple) <= 5.0 * spread:
        return Power(value=simple, spread=spread)
    return Power(value=round(value, max(0, math.floor(-math.log10(5.0 * spread)))), spread=spread)


@dataclass(frozen=True, kw_only=True)
class Tail:
    """How a function on [low, inf) ends.

    last        beyond it the function is 0 or below 1e-280 of its peak: nothing to be integrated
    steepness   how much faster (in powers of w) it falls at 1e-60 than at 1e-20 of the peak of w J: 1 for a power law
    power       p of J ~ w^p over the last decades
    """

    last: float
    steepness: float
    power: float


def tail(values: Values, low: float, points: Sequence[float]) -> Tail | None:
    """Return how the function ends at infinity; None if it is 0 wherever it was looked at (1e-15 to 1e15, ``points``)."""
    w = np.unique(low + np.concatenate([_SCAN, np.asarray([p - low for p in points])]))
    w = w[w > low]
    j = values(w)
    good = np.isfinite(j)
    height = np.where(good & (j > 0.0), j * w, 0.0)
    if not np.any(height > 0.0):
        return None
    top = int(np.argmax(height))
    bad = np.flatnonzero(~good[top:])
    end = top + int(bad[0]) if bad.size else w.size  # what overflows far out is asked for no more
    with np.errstate(divide="ignore"):
        levels = np.log10(height[top:end] / height[top])
    places = [_crossing(levels, np.log10(w[top:end]), level) for level in (-20.0, -40.0, -60.0, -280.0)]
    near, middle, far, last = places
    edge = float(10.0**last) if math.isfinite(last) else float(w[end - 1])
    if not math.isfinite(near):  # still large at the end of the scan, or no number from there on
        return Tail(last=edge, steepness=1.0, power=_last_power(w[:end], j[:end]))
    if not math.isfinite(far):  # either too slow a fall, or numbers end (overflow) shortly after
        steepness = math.inf if end < w.size else 1.0
        return Tail(last=edge, steepness=steepness, power=_last_power(w[:end], j[:end]))
    steepness = (middle - near) / (far - middle) if far - middle > 1e-9 else math.inf
    return Tail(last=edge, steepness=steepness, power=-1.0 - 20.0 / max(far - middle, 1e-9))


def _crossing(levels: FloatArray, positions: FloatArray, level: float) -> float:
    """Return the position from which on ``levels`` stays below ``level``, inf if it does not."""
    above = np.flatnonzero(levels >= level)
    i = int(above[-1])
    if i + 1 >= levels.size:
        return math.inf
    if math.isinf(levels[i + 1]):
        return float(positions[i + 1])
    part = (levels[i] - level) / (levels[i] - levels[i + 1])
    return float(positions[i] + part * (positions[i + 1] - positions[i]))


def _last_power(w: FloatArray, j: FloatArray) -> float:
    """Return the mean power of J over the last three decades of what is known and positive."""
    positive = np.flatnonzero(j > 0.0)
    last = int(positive[-1])
    first = int(positive[np.searchsorted(w[positive], 1e-3 * w[last])])
    return float(np.log(j[last] / j[first]) / np.log(w[last] / w[first])) if last > first else -math.inf


def panel_edges(smooth: Values, mass: Values, edges: Sequence[float]) -> list[float]:
    """Return ``edges`` with more between them, so that a polynomial stands for ``smooth`` on every panel.

    mass: a positive function that weighs the panels (J, or J/w where it matters more); worst panels are halved first.
    """
    known = [_Panel.of(smooth, mass, a, b) for a, b in pairwise(edges)]
    total = sum(panel.mass for panel in known) or 1.0
    span = edges[-1] - edges[0]
    heap = [(-panel.error(total), panel.start, panel) for panel in known]
    heapq.heapify(heap)
    done: list[float] = []
    while heap and len(heap) + len(done) < _PANELS:
        error, start, panel = heapq.heappop(heap)
        if -error <= _ROUGH:
            heapq.heappush(heap, (error, start, panel))
            break
        if panel.end - panel.start <= 1e-13 * span:
            done.append(panel.end)
            continue
        middle = 0.5 * (panel.start + panel.end)
        for half in (_Panel.of(smooth, mass, panel.start, middle), _Panel.of(smooth, mass, middle, panel.end)):
            heapq.heappush(heap, (-half.error(total), half.start, half))
    return sorted({edges[0], *done, *(panel.end for _, _, panel in heap)})


@dataclass(frozen=True, kw_only=True, order=True)
class _Panel:
    start: float
    end: float
    missed: float
    mass: float

    @classmethod
    def of(cls, smooth: Values, mass: Values, start: float, end: float) -> _Panel:
        x = chebyshev.chebpts1(2 * _DEGREE)
        w = 0.5 * (start + end) + 0.5 * (end - start) * x
        coefficients = np.abs(chebyshev.chebfit(x, smooth(w), 2 * _DEGREE - 1))
        largest = float(np.max(coefficients))
        missed = float(np.max(coefficients[_DEGREE:])) / largest if largest > 0.0 else 0.0
        return cls(start=start, end=end, missed=missed, mass=float(np.mean(mass(w))) * (end - start))

    def error(self, total: float) -> float:
        return self.missed * max(self.mass / total, _LEAST_SHARE)
