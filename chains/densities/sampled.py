"""A function made into an element of a density: its powers, its truncation and its panels are found here."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import scipy

from chains.densities.callables import Interval, Values, checked, value_problems
from chains.densities.integrals import reorganisation_of, weight_of
from chains.densities.probe import Power, end_power, panel_edges, tail
from chains.numerics.quadrature import Segment, discretise
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray

_SAMPLES = 400
_ALGEBRAIC = 1.15
"""A tail that steepens by less than this factor between 1e-20 and 1e-60 of the peak is a power law (exp(-x): 1.7)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Sampled:
    """The element of a :class:`chains.Function`.

    support, end_powers   as in chains.spectral.Element
    values                array -> array, J inside the support; raises InvalidInput for values < 0 or not finite
    edges                 ends of the panels on which the smooth factor of J is smooth, from low to high (or to where J
                          has become 0 for all purposes)
    vanishes              whether J is 0, or falls faster than any power, at the lower end
    """

    support: tuple[float, float]
    end_powers: tuple[float, float]
    values: Values
    edges: tuple[float, ...]
    vanishes: bool

    @classmethod
    def of(cls, raw: Values, interval: Interval) -> Sampled:
        """Return the element of the function ``raw`` on ``interval``; raises InvalidInput as chains.Function does."""
        low, high = interval.low, interval.high
        last = _last(raw, interval) if math.isinf(high) else high
        w = _samples(low, last, interval.breaks, hard=math.isfinite(high))
        j = raw(w)
        problems = value_problems(w, j)
        if not problems and not np.any(j > 0.0):
            hint = "to decouple the bath, scale the system's coupling operator to 0"
            problems.append(Problem(key="function", value="0 everywhere", allowed="a value > 0 somewhere", hint=hint))
        raise_if_any(problems)
        reach = (
            min([*interval.breaks, low + 0.5 * (float(w[np.argmax(j * (w - low) ** 3)]) - low), 0.5 * (low + last)])
            - low
        )
        start = end_power(raw, low, reach)
        problems = _power_problems("exponent", interval.exponent, start, least=0.0 if low == 0.0 else -1.0)
        p, q = _chosen(interval.exponent, start, flat=1.0 if low == 0.0 else 0.0), 0.0
        if math.isfinite(high):
            end = end_power(raw, high, 0.5 * (max([*interval.breaks, 0.5 * (low + high)]) - high))
            problems += _power_problems("end_exponent", interval.end_exponent, end, least=-1.0)
            q = _chosen(interval.end_exponent, end, flat=0.0)
        raise_if_any(problems)
        values = checked(raw)
        bare = cls(support=(low, high), end_powers=(p, q), values=values, edges=(), vanishes=math.isinf(start.value))

        def mass(x: FloatArray) -> FloatArray:
            # at T > 0 the weight is J/w near w = 0
            j = values(x)
            return j * (1.0 + reach / x) if low == 0.0 else j

        inner = {*interval.breaks, low + reach}
        start_edges = [low, *sorted(edge for edge in inner if low < edge < last), last]
        edges = panel_edges(bare.smooth, mass, start_edges)
        return cls(
            support=(low, high), end_powers=(p, q), values=values, edges=tuple(edges), vanishes=math.isinf(start.value)
        )

    def smooth(self, w: FloatArray) -> FloatArray:
        """J without the powers at the ends."""
        low, high = self.support
        (p, q), j = self.end_powers, self.values(w)
        factor = (w - low) ** p * ((high - w) ** q if q != 0.0 else 1.0)
        # where the power underflows J does too: no weight
        return np.divide(j, factor, out=np.zeros_like(j), where=factor > 1e-300)

    @property
    def strength(self) -> float:
        """1."""
        return 1.0

    @property
    def singular(self) -> tuple[complex, ...]:
        """None: panels are short where they have to be."""
        return ()

    @property
    def breaks(self) -> tuple[float, ...]:
        """The inner ends of the panels."""
        return self.edges[1:-1] if math.isfinite(self.support[1]) else self.edges[1:]

    @property
    def exponent_at_zero(self) -> float:
        """The power at w = 0, inf where J vanishes there."""
        return self.end_powers[0] if self.support[0] == 0.0 and not self.vanishes else math.inf

    def amplitude(self, w: FloatArray) -> FloatArray:
        """The square root of the smooth factor."""
        return np.asarray(np.sqrt(self.smooth(np.asarray(w, dtype=np.float64))))

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies; the end of a finite support."""
        if math.isfinite(self.support[1]):
            return self.support[1]
        masses = np.array([self._mass(start, end) for start, end in pairwise(self.edges)])
        beyond = np.append(np.cumsum(masses[::-1])[::-1], 0.0)  # of every edge
        wanted = neglected * beyond[0]
        i = int(np.flatnonzero(beyond > wanted)[-1])
        left, right, rest = self.edges[i], self.edges[i + 1], beyond[i + 1]
        if i == 0:  # the first panel has the power at its other end
            return right

        def excess(w: float) -> float:
            return math.log((self._mass(w, right) + rest) / wanted) if w < right else math.log(max(rest / wanted, 1e-9))

        return float(scipy.optimize.brentq(excess, left, right, rtol=1e-10))

    def _mass(self, start: float, end: float) -> float:
        """Return int J between two neighbouring edges, or from between them to the second."""
        low, p = self.support[0], self.end_powers[0]
        if start == low:
            segment = Segment(start=start, end=end, start_power=p, end_power=0.0, root=self.amplitude)
        else:

            def root(w: FloatArray) -> FloatArray:
                return np.asarray(self.amplitude(w) * (w - low) ** (0.5 * p))

            segment = Segment(start=start, end=end, start_power=0.0, end_power=0.0, root=root)
        return float(np.sum(discretise((segment,))[1] ** 2))

    def weight(self) -> float:
        """int J dw."""
        return weight_of(self)

    def reorganisation(self) -> float:
        """int J/w dw."""
        return reorganisation_of(self)


def _last(raw: Values, interval: Interval) -> float:
    """Return where a function on an infinite support has become 0 for all purposes; raises for an algebraic tail."""
    found = tail(raw, interval.low, interval.breaks)
    if found is None:
        hint = "looked for between 1e-15 and 1e15 and at the breaks; name a narrow peak by `breaks`"
        raise_if_any([Problem(key="function", value="0 everywhere", allowed="a value > 0 somewhere", hint=hint)])
        return math.inf
    if found.steepness < _ALGEBRAIC:
        value = (interval.low, interval.high)
        hint = f"far out J ~ w^{found.power:.3g} or so: its chain would depend on where it is cut, so say where"
        allowed = "a finite upper end, unless J falls faster than every power"
        raise_if_any([Problem(key="support", value=value, allowed=allowed, hint=hint)])
    return found.last


def _samples(low: float, last: float, breaks: tuple[float, ...], *, hard: bool) -> FloatArray:
    """Return frequencies inside at which the values are checked: uniform, and crowded at the ends and the breaks."""
    width = last - low
    near = width * 10.0 ** np.linspace(-8.0, -0.5, 61)
    parts = [low + width * (np.arange(_SAMPLES) + 0.5) / _SAMPLES, low + near]
    if hard:
        parts.append(last - near)
    for place in breaks:
        parts += [place - near, place + near]
    w = np.unique(np.concatenate(parts))
    return w[(w > low) & (w < last)]


def _power_problems(key: str, stated: float | None, found: Power, *, least: float) -> list[Problem]:
    """Return what is wrong with the power at an end, stated or found."""
    if math.isinf(found.value):  # J is as good as 0 at this end: every power does
        return []
    if math.isnan(found.value):
        hint = f"the values near this end tell none; state {key}"
        return [Problem(key=key, value=None, allowed="a stated power", hint=hint)] if stated is None else []
    estimate = f"found {found.value:.6g} (+- {found.spread:.1g}) from the values near this end"
    if stated is None:
        if not found.certain:
            hint = f"{estimate}; state {key}"
            return [Problem(key=key, value=None, allowed="a power that can be found, or a stated one", hint=hint)]
        if not found.value > least:
            hint = f"{estimate}; " + ("J coth(beta w/2)" if least == 0.0 else "J") + " is not integrable there"
            return [Problem(key=key, value=found.value, allowed=f"> {least:g}", hint=hint)]
        return []
    doubt = max(10.0 * found.spread, 1e-6) if found.certain else max(10.0 * found.spread, 0.2)
    if abs(stated - found.value) > doubt:
        return [Problem(key=key, value=stated, allowed="the power that J has at this end", hint=estimate)]
    return []


def _chosen(stated: float | None, found: Power, *, flat: float) -> float:
    if stated is not None:
        return stated
    return found.value if math.isfinite(found.value) else flat
