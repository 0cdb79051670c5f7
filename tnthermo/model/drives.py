"""Time-dependent scalar factors, e.g. of a term of the Hamiltonian: energies, or pure numbers.

What a drive does to the energy is an integral over its value. Where it is not smooth (a kink), or jumps, it says so, so that
steps end there and nobody interpolates across; and it says how fast it changes, so that steps follow it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import scipy

from chains.checks import (
    LARGEST,
    SMALLEST,
    array_problems,
    bracketed,
    frozen,
    instance_problems,
    number_problems,
    sequence_problems,
    word_problems,
)
from chains.columns import read_columns
from chains.problems import Problem, raise_if_any

FloatArray = npt.NDArray[np.float64]
PROFILES = ("linear", "smooth")
INTERPOLATIONS = ("pchip", "linear", "cubic")
FEWEST_POINTS = {"pchip": 2, "linear": 2, "cubic": 4}
AT_A_KINK = 1e-9
"""A time closer than this part of the time scale counts as the kink: n * step is rarely the same double as the kink."""
ROUNDED_ULPS = 4
"""Times of jumps and kinks of several drives within so many spacings of doubles are one time."""
BEYOND = 7.5
"""Widths from its centre beyond which a Gaussian pulse is below 1e-12 of its height."""
_SUDDEN = "a ramp does not jump: Square(...), shape square, does, and a sudden switch-on at t = 0 is what happens without a drive"


@runtime_checkable
class Drive(Protocol):
    """A real function of time, smooth between its breaks.

    A drive may have more: ``jumps``, those of the breaks at which the value jumps (none if it lacks them), and
    ``scale_within(start, end)``, the time scale in intervals (`scale_within`; if it lacks it, the steps are as fine everywhere as
    its ``time_scale`` asks for).
    """

    @property
    def breaks(self) -> tuple[float, ...]:
        """The kinks and jumps, increasing: times at which the value is not smooth, or begins to change on another time scale."""

    @property
    def time_scale(self) -> float:
        """The shortest time over which the value changes; inf for a constant."""

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; at a jump the one to the right. Raises InvalidInput for a time that is no finite number."""

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at a kink the one to the right. Raises InvalidInput like value."""

    def describe(self) -> str:
        """Formula and parameters, as text."""


def shortest_time(drive: Drive) -> float:
    """Return the shortest time over which ``drive`` changes: a step that is not well below does not resolve it.

    The duration of a ramp, the width of a pulse, 1/frequency of a cosine, the least spacing of a table where it is not constant; inf for
    a constant, and for a square, which is constant between its jumps.
    """
    return drive.time_scale


def scale_within(drive: Drive, start: FloatArray, end: FloatArray) -> FloatArray:
    """Return the shortest time over which ``drive`` changes in [start, end], (n,) for arrays of both; inf where it is constant."""
    own = getattr(drive, "scale_within", None)
    return np.full(start.shape, drive.time_scale) if own is None else np.asarray(own(start, end))


def jumps(drive: Drive) -> tuple[float, ...]:
    """Return the times at which ``drive`` jumps."""
    return tuple(getattr(drive, "jumps", ()))


def just_before(t: float) -> float:
    """Return a time before the jump at t, and before all that rounding has made of it: where drives have their left limits."""
    return t - 2 * ROUNDED_ULPS * float(np.spacing(abs(t)))


@dataclass(frozen=True, kw_only=True)
class Ramp:
    """From one value to another: ``initial`` before ``start``, ``final`` after ``start + duration``.

    start           when it begins (1/energy)
    duration        > 0 (1/energy)
    initial, final  values (energies or pure numbers)
    profile         "linear", or "smooth": a polynomial of degree 7 whose first three derivatives vanish at both ends

    Raises InvalidInput with every problem; a duration of 0 would be a jump.
    """

    start: float = 0.0
    duration: float
    initial: float = 0.0
    final: float = 1.0
    profile: str = "linear"

    def __post_init__(self) -> None:
        problems = number_problems("start", self.start)
        for p in number_problems("duration", self.duration, above=0.0):
            # Without a hint it is a number; nan and inf are no jumps.
            jump = not p.hint and -LARGEST < self.duration < SMALLEST
            problems.append(replace(p, hint=_SUDDEN) if jump else p)
        if not problems and not self.start + self.duration > self.start:
            allowed = f"long enough to be seen next to start = {self.start:g} in double precision"
            problems.append(Problem(key="duration", value=self.duration, allowed=allowed, hint=_SUDDEN))
        problems += number_problems("initial", self.initial) + number_problems("final", self.final)
        problems += word_problems("profile", self.profile, PROFILES)
        raise_if_any(problems)
        _to_floats(self, "start", "duration", "initial", "final")

    @property
    def breaks(self) -> tuple[float, ...]:
        """Begin and end, for both profiles; none if initial = final."""
        return () if self.initial == self.final else (self.start, self.start + self.duration)

    @property
    def time_scale(self) -> float:
        """The duration; inf if initial = final."""
        return math.inf if self.initial == self.final else self.duration

    def scale_within(self, start: FloatArray, end: FloatArray) -> FloatArray:
        """Time scale in [start, end]: the duration where the ramp is, else inf."""
        return np.where((end > self.start) & (start < self.start + self.duration), self.time_scale, np.inf)

    def _part(self, t: FloatArray) -> FloatArray:
        """How much of the duration has passed, from 0 to 1."""
        return np.clip((t - self.start) / self.duration, 0.0, 1.0)

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; exactly ``initial`` before and ``final`` after the ramp."""
        x = _times(t)
        u = self._part(x)
        done = u
        if self.profile == "smooth":
            # The two ends mirror each other: computed from the nearer one there is no rounding beyond [0, 1].
            near = np.minimum(u, 1.0 - u)
            low = near**4 * (35.0 + near * (-84.0 + near * (70.0 - 20.0 * near)))
            done = np.where(u > 0.5, 1.0 - low, low)
        done = np.where(x >= self.start + self.duration, 1.0, done)
        return np.asarray((1.0 - done) * self.initial + done * self.final)

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at both ends the one to the right."""
        x = _times(t)
        u = self._part(x)
        rate = 140.0 * (u * (1.0 - u)) ** 3 if self.profile == "smooth" else np.ones_like(u)
        inside = _inside(x, self.start, self.start + self.duration, self.duration)
        return np.where(inside, (self.final - self.initial) / self.duration * rate, 0.0)

    def describe(self) -> str:
        """Formula and parameters, as text."""
        u = f"u = (t - {self.start:g}) / {self.duration:g} in [0, 1]"
        s = "u" if self.profile == "linear" else "u^4 (35 - 84 u + 70 u^2 - 20 u^3)"
        formula = f"{self.profile} ramp from {self.initial:g} to {self.final:g}: initial + (final - initial) {s}"
        return f"{formula}, {u}; constant before and after{_between(self.initial, self.final)}"


@dataclass(frozen=True, kw_only=True)
class Pulse:
    """A Gaussian pulse, base + height exp(-(t - centre)^2 / (2 width^2)).

    centre, width  times (1/energy), width > 0
    height, base   energies or pure numbers

    It has no beginning: at t = 0 it is at base only if the centre lies several widths later.
    Raises InvalidInput with every problem.
    """

    centre: float
    width: float
    height: float
    base: float = 0.0

    def __post_init__(self) -> None:
        problems = number_problems("centre", self.centre) + number_problems("width", self.width, above=0.0)
        problems += number_problems("height", self.height) + number_problems("base", self.base)
        raise_if_any(problems)
        _to_floats(self, "centre", "width", "height", "base")

    @property
    def breaks(self) -> tuple[float, ...]:
        """BEYOND widths before and after the centre, where it begins and ends to the eye of a step; none if height = 0."""
        reach = BEYOND * self.width
        return () if self.height == 0.0 else (self.centre - reach, self.centre + reach)

    @property
    def time_scale(self) -> float:
        """The width; inf if height = 0."""
        return math.inf if self.height == 0.0 else self.width

    def scale_within(self, start: FloatArray, end: FloatArray) -> FloatArray:
        """Time scale in [start, end]: the width within BEYOND widths of the centre, else inf."""
        reach = BEYOND * self.width
        inside = (end > self.centre - reach) & (start < self.centre + reach)
        return np.where(inside, self.time_scale, np.inf)

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t."""
        x = (_times(t) - self.centre) / self.width
        return np.asarray(self.base + self.height * np.exp(-(x**2) / 2))

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t."""
        x = (_times(t) - self.centre) / self.width
        return np.asarray(-self.height / self.width * x * np.exp(-(x**2) / 2))

    def describe(self) -> str:
        """Formula and parameters, as text."""
        formula = f"{self.base:g} + {self.height:g} exp(-(t - {self.centre:g})^2 / (2 {self.width:g}^2))"
        return f"Gaussian pulse: {formula}{_between(self.base, self.base + self.height)}"


@dataclass(frozen=True, kw_only=True)
class Cosine:
    """A harmonic drive, offset + amplitude cos(frequency t + phase).

    amplitude, offset  energies or pure numbers
    frequency          angular, >= 0 (an energy)
    phase              radians; -pi/2 makes it a sine, which is 0 at t = 0

    Raises InvalidInput with every problem.
    """

    amplitude: float
    frequency: float
    phase: float = 0.0
    offset: float = 0.0

    def __post_init__(self) -> None:
        problems = number_problems("amplitude", self.amplitude)
        for p in number_problems("frequency", self.frequency, at_least=0.0):
            problems.append(p if p.hint else replace(p, hint="angular; the sign belongs into the phase"))
        problems += number_problems("phase", self.phase) + number_problems("offset", self.offset)
        raise_if_any(problems)
        _to_floats(self, "amplitude", "frequency", "phase", "offset")

    @property
    def breaks(self) -> tuple[float, ...]:
        """None."""
        return ()

    @property
    def time_scale(self) -> float:
        """1/frequency; inf if the amplitude or the frequency is 0."""
        return math.inf if self.amplitude == 0.0 or self.frequency == 0.0 else 1.0 / self.frequency

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t."""
        return np.asarray(self.offset + self.amplitude * np.cos(self.frequency * _times(t) + self.phase))

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t."""
        return np.asarray(-self.amplitude * self.frequency * np.sin(self.frequency * _times(t) + self.phase))

    def describe(self) -> str:
        """Formula and parameters, as text."""
        formula = f"{self.offset:g} + {self.amplitude:g} cos({self.frequency:g} t + {self.phase:g})"
        return f"cosine: {formula}{_between(self.offset - self.amplitude, self.offset + self.amplitude)}"


@dataclass(frozen=True, kw_only=True)
class Square:
    """A rectangular pulse that jumps: ``base`` before ``start``, base + height from then on, ``base`` again from its end on.

    start           when it jumps up (1/energy); at or before t = 0 it is up from the beginning
    stop, duration  its end (1/energy), one of the two; neither: it stays up
    height, base    energies or pure numbers

    Raises InvalidInput with every problem.
    """

    start: float
    stop: float | None = None
    duration: float | None = None
    height: float
    base: float = 0.0

    def __post_init__(self) -> None:
        problems = number_problems("start", self.start)
        if self.stop is not None and self.duration is not None:
            problems.append(Problem(key="stop", value=self.stop, allowed="either stop or duration, not both"))
        after = None if problems else float(self.start)
        if self.stop is not None:
            problems += number_problems("stop", self.stop, above=after)
        if self.duration is not None:
            problems += number_problems("duration", self.duration, above=0.0)
        problems += number_problems("height", self.height) + number_problems("base", self.base)
        if not problems and math.isfinite(self.end) and not just_before(self.end) > self.start:
            key = "stop" if self.duration is None else "duration"
            allowed = f"an end that double precision can tell from start = {self.start:g}"
            problems.append(Problem(key=key, value=getattr(self, key), allowed=allowed))
        raise_if_any(problems)
        given = (key for key in ("stop", "duration") if getattr(self, key) is not None)
        _to_floats(self, "start", *given, "height", "base")

    @property
    def end(self) -> float:
        """When it jumps down; inf: never."""
        if self.stop is not None:
            return self.stop
        return math.inf if self.duration is None else self.start + self.duration

    @property
    def jumps(self) -> tuple[float, ...]:
        """Start and end; none if height = 0."""
        return () if self.height == 0.0 else tuple(t for t in (self.start, self.end) if math.isfinite(t))

    @property
    def breaks(self) -> tuple[float, ...]:
        """The jumps."""
        return self.jumps

    @property
    def time_scale(self) -> float:
        """Inf: constant between the jumps."""
        return math.inf

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; at a jump the one after it."""
        x = _times(t)
        return np.where((x >= self.start) & (x < self.end), self.base + self.height, self.base)

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """0 at all times t, shape of t: what the jumps do is no matter of a rate."""
        return np.zeros_like(_times(t))

    def describe(self) -> str:
        """Formula and parameters, as text."""
        end = f" to t = {self.end:g}" if math.isfinite(self.end) else " on"
        top = self.base + self.height
        return f"square: {top:g} from t = {self.start:g}{end}, else {self.base:g}, with jumps{_between(self.base, top)}"


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeTable:
    """Through given points, constant outside them.

    times          strictly increasing (1/energy), at least 2, for "cubic" 4
    values         at these times (energies or pure numbers)
    interpolation  "pchip"   piecewise cubic with continuous slope that never leaves the range of two neighbouring points [1]
                   "linear"  straight lines
                   "cubic"   a spline with continuous second derivative, which overshoots where the points turn sharply

    All are smooth between the points only: a step ends at each of them, and the steps resolve their spacing.
    Raises InvalidInput with every problem: unsorted or doubled times, nan, lengths that do not fit.

    [1] F. N. Fritsch and J. Butland, SIAM J. Sci. Stat. Comput. 5, 300 (1984), as in `scipy.interpolate.PchipInterpolator`.
    """

    times: Sequence[float] | FloatArray
    values: Sequence[float] | FloatArray
    interpolation: str = "pchip"
    source: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        problems = _interpolation_problems(self.interpolation)
        problems += _table_problems(self.times, self.values, bracketed, self.interpolation)
        raise_if_any(problems + instance_problems("source", self.source, str, "a text: where the numbers are from"))
        object.__setattr__(self, "times", frozen(self.times))
        object.__setattr__(self, "values", frozen(self.values))

    @classmethod
    def from_file(cls, path: str | Path, *, interpolation: str = "pchip") -> TimeTable:
        """Return the table in a text file: two columns (t, value) apart by spaces, tabs or commas.

        Lines from '#' on are comments, empty lines are skipped, one line of column names may come first.
        Raises InvalidInput, naming the line of every problem, also for a file that cannot be read.
        """
        raise_if_any(_interpolation_problems(interpolation))
        found = read_columns(
            path,
            names="t, value",
            fewest=FEWEST_POINTS[interpolation],
            problems_of=lambda columns: _table_problems(columns.first, columns.second, columns.where, interpolation),
        )
        return cls(times=found.first, values=found.second, interpolation=interpolation, source=str(path))

    @property
    def breaks(self) -> tuple[float, ...]:
        """The times of the table, whether the slope jumps there or not; none if all values are the same."""
        return () if np.ptp(self.values) == 0.0 else tuple(np.asarray(self.times).tolist())

    @property
    def time_scale(self) -> float:
        """The least distance of two neighbouring times between which the value changes; inf if all values are the same."""
        return float(self._spacings.min())

    def scale_within(self, start: FloatArray, end: FloatArray) -> FloatArray:
        """Time scale in [start, end]: the least distance of neighbouring times there between which the value changes, else inf."""
        count = self._spacings.size
        first = np.clip(np.searchsorted(self.times, start, side="right") - 1, 0, count)
        last = np.clip(np.searchsorted(self.times, end, side="left"), 0, count)
        pairs = np.stack([first, last], axis=-1).ravel()
        least = np.minimum.reduceat(np.append(self._spacings, np.inf), pairs)[::2] if pairs.size else np.zeros(0)
        return np.where(last > first, least, np.inf)

    @cached_property
    def _spacings(self) -> FloatArray:
        """Distances of neighbouring times, inf where the interpolation is constant between them."""
        flat = np.diff(self.values) == 0.0
        if self.interpolation == "cubic":
            flat[:] = flat.all()
        return np.where(flat, np.inf, np.diff(self.times))

    @cached_property
    def _curve(self) -> Callable[..., FloatArray]:
        match self.interpolation:
            case "linear":
                slopes = np.diff(self.values) / np.diff(self.times)
                return scipy.interpolate.PPoly(np.stack([slopes, self.values[:-1]]), self.times)  # type: ignore[no-any-return]
            case "cubic":
                return scipy.interpolate.CubicSpline(self.times, self.values)  # type: ignore[no-any-return]
        return scipy.interpolate.PchipInterpolator(self.times, self.values)  # type: ignore[no-any-return]

    @cached_property
    def span(self) -> tuple[float, float]:
        """Lowest and highest value at any time, between the points as well."""
        values = np.asarray(self.values)
        if self.interpolation == "cubic" and np.isfinite(
            self.time_scale
        ):  # the others stay between neighbouring points
            turns = self._curve.derivative().roots(extrapolate=False)  # type: ignore[attr-defined]
            values = np.concatenate([values, self._curve(turns[np.isfinite(turns)])])
        return float(values.min()), float(values.max())

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; exactly the first and the last value before and after the table."""
        x, last = _times(t), self.times[-1]
        inside = np.asarray(self._curve(np.clip(x, self.times[0], last)))
        return np.where(x >= last, self.values[-1], inside)  # the curve meets its last point to rounding only

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at a time of the table the one to the right."""
        x, first, last = _times(t), float(self.times[0]), float(self.times[-1])
        least = float(np.diff(self.times).min())
        after = np.asarray(self.times)[np.minimum(np.searchsorted(self.times, x), len(self.times) - 1)]
        # a time that misses a point of the table by rounding counts as the point
        at = np.where((after > x) & (after - x <= AT_A_KINK * least), after, np.clip(x, first, last))
        return np.where(_inside(x, first, last, least), self._curve(at, 1), 0.0)

    def describe(self) -> str:
        """Origin, extent and range, as text."""
        names = {"pchip": "monotone cubic (pchip)", "linear": "straight lines", "cubic": "cubic spline"}
        formula = f"{names[self.interpolation]} through {len(self.times)} points {self.source}".rstrip()
        ends = f"from {self.values[0]:g} at t = {self.times[0]:g} to {self.values[-1]:g} at t = {self.times[-1]:g}"
        return f"{formula} {ends}{_between(*self.span)}; constant before and after"


def _to_floats(drive: object, *names: str) -> None:
    """Store checked numbers (int, numpy scalars) as plain floats."""
    for name in names:
        object.__setattr__(drive, name, float(getattr(drive, name)))


def _between(one: float, other: float) -> str:
    """The range of a drive, as text."""
    return f", between {min(one, other):g} and {max(one, other):g}"


def _times(t: npt.ArrayLike) -> FloatArray:
    raise_if_any(array_problems("t", t))
    array = np.asarray(t, dtype=np.float64)
    if not np.isfinite(array).all():
        raise_if_any([Problem(key="t", value=t, allowed="finite times: a drive has no value where t is not finite")])
    return array


def _inside(t: FloatArray, first: float, last: float, scale: float) -> npt.NDArray[np.bool_]:
    """Where the slope is the one between first and last: to the right of the first kink, not of the last."""
    slack = AT_A_KINK * scale
    return (t >= first - slack) & (t < last - slack)


def _interpolation_problems(interpolation: object) -> list[Problem]:
    if interpolation in INTERPOLATIONS:
        return []
    return [Problem(key="interpolation", value=interpolation, allowed=" | ".join(INTERPOLATIONS))]


def _table_problems(
    times: object, values: object, where: Callable[[int], str], interpolation: str = "pchip"
) -> list[Problem]:
    """Return everything that is wrong with a table; ``where`` says how row i is called."""
    problems = sequence_problems("times", times, where) + sequence_problems("values", values, where)
    if problems:
        return problems
    t, v = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if t.size != v.size:
        found = f"{t.size} times, {v.size} values"
        problems.append(Problem(key="values", value=found, allowed="one value for each time"))
    fewest = FEWEST_POINTS.get(interpolation, 2)
    if t.size < fewest:
        hint = 'a cubic spline needs 4, "pchip" and "linear" two' if fewest > 2 else ""
        problems.append(Problem(key="times", value=f"{t.size} points", allowed=f"at least {fewest}", hint=hint))
    for i in (np.flatnonzero(np.diff(t) <= 0.0) + 1).tolist():
        hint = "a table does not jump: Square(...), shape square, does" if t[i] == t[i - 1] else ""
        allowed = f"larger than the one before ({t[i - 1]:g})"
        problems.append(Problem(key=f"times{where(i)}", value=float(t[i]), allowed=allowed, hint=hint))
    return problems
