"""Time-dependent scalar factors, e.g. of a term of the Hamiltonian: energies, or pure numbers.

A drive is continuous: what it does to the energy is an integral over its value, and a jump has none that a sampled run
could find. Where it is not smooth (a kink), it says so, so that nobody interpolates across.
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
from scipy.interpolate import CubicSpline

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
FEWEST_POINTS = 4
AT_A_KINK = 1e-9
"""A time closer than this part of the time scale counts as the kink: n * step is rarely the same double as the kink."""
_SUDDEN = (
    "a drive does not jump: a sudden switch-on at t = 0 is what happens without a drive, "
    "and a short duration with a small step approximates a jump"
)


@runtime_checkable
class Drive(Protocol):
    """A continuous real function of time."""

    @property
    def breaks(self) -> tuple[float, ...]:
        """The kinks, increasing: times at which the value is continuous but not smooth."""

    @property
    def time_scale(self) -> float:
        """The shortest time over which the value changes; inf for a constant."""

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t. Raises InvalidInput for a time that is no finite number."""

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at a kink the one to the right. Raises InvalidInput like value."""

    def describe(self) -> str:
        """Formula and parameters, as text."""


def shortest_time(drive: Drive) -> float:
    """Return the shortest time over which ``drive`` changes: a step that is not well below does not resolve it.

    The duration of a ramp, the width of a pulse, 1/frequency of a cosine, the least spacing of a table; inf for a constant.
    """
    return drive.time_scale


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
        return f"{formula}, {u}; constant before and after"


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
        """None."""
        return ()

    @property
    def time_scale(self) -> float:
        """The width; inf if height = 0."""
        return math.inf if self.height == 0.0 else self.width

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
        return f"Gaussian pulse: {self.base:g} + {self.height:g} exp(-(t - {self.centre:g})^2 / (2 {self.width:g}^2))"


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
        return f"cosine: {self.offset:g} + {self.amplitude:g} cos({self.frequency:g} t + {self.phase:g})"


@dataclass(frozen=True, kw_only=True, eq=False)
class TimeTable:
    """Through given points: a cubic spline (continuous second derivative) between them, constant outside them.

    times   strictly increasing, at least 4 (1/energy)
    values  at these times (energies or pure numbers)

    A spline may overshoot between points that turn sharply. Its third derivative jumps at every time of the table, so that
    integrals over samples of it are of order 4 in the step (and the step must resolve the spacing of the table).
    Raises InvalidInput with every problem: unsorted or doubled times, nan, lengths that do not fit.
    """

    times: Sequence[float] | FloatArray
    values: Sequence[float] | FloatArray
    source: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        problems = _table_problems(self.times, self.values, bracketed)
        raise_if_any(problems + instance_problems("source", self.source, str, "a text: where the numbers are from"))
        object.__setattr__(self, "times", frozen(self.times))
        object.__setattr__(self, "values", frozen(self.values))

    @classmethod
    def from_file(cls, path: str | Path) -> TimeTable:
        """Return the table in a text file: two columns (t, value) apart by spaces, tabs or commas.

        Lines from '#' on are comments, empty lines are skipped, one line of column names may come first.
        Raises InvalidInput, naming the line of every problem, also for a file that cannot be read.
        """
        found = read_columns(
            path,
            names="t, value",
            fewest=FEWEST_POINTS,
            problems_of=lambda columns: _table_problems(columns.first, columns.second, columns.where),
        )
        return cls(times=found.first, values=found.second, source=str(path))

    @property
    def breaks(self) -> tuple[float, ...]:
        """The first and the last time, whether the slope jumps there or not; none if all values are the same."""
        return () if np.ptp(self.values) == 0.0 else (float(self.times[0]), float(self.times[-1]))

    @property
    def time_scale(self) -> float:
        """The least distance of two times; inf if all values are the same."""
        return math.inf if np.ptp(self.values) == 0.0 else float(np.diff(self.times).min())

    @cached_property
    def _spline(self) -> Callable[[FloatArray], FloatArray]:
        return CubicSpline(self.times, self.values)  # type: ignore[no-any-return]

    @cached_property
    def _spline_slope(self) -> Callable[[FloatArray], FloatArray]:
        return CubicSpline(self.times, self.values).derivative()  # type: ignore[no-any-return]

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; exactly the first and the last value before and after the table."""
        x, last = _times(t), self.times[-1]
        inside = np.asarray(self._spline(np.clip(x, self.times[0], last)))
        return np.where(x >= last, self.values[-1], inside)  # the spline meets its last point to rounding only

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at the first and the last time the one to the right."""
        x, first, last = _times(t), float(self.times[0]), float(self.times[-1])
        inside = _inside(x, first, last, float(np.diff(self.times).min()))
        return np.where(inside, self._spline_slope(np.clip(x, first, last)), 0.0)

    def describe(self) -> str:
        """Origin and extent, as text."""
        formula = f"cubic spline through {len(self.times)} points {self.source}".rstrip()
        return (
            f"{formula} from {self.values[0]:g} at t = {self.times[0]:g} to {self.values[-1]:g} at t = {self.times[-1]:g}"
            f", between {np.min(self.values):g} and {np.max(self.values):g}; constant before and after"
        )


def _to_floats(drive: object, *names: str) -> None:
    """Store checked numbers (int, numpy scalars) as plain floats."""
    for name in names:
        object.__setattr__(drive, name, float(getattr(drive, name)))


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


def _table_problems(times: object, values: object, where: Callable[[int], str]) -> list[Problem]:
    """Return everything that is wrong with a table; ``where`` says how row i is called."""
    problems = sequence_problems("times", times, where) + sequence_problems("values", values, where)
    if problems:
        return problems
    t, v = np.asarray(times, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if t.size != v.size:
        found = f"{t.size} times, {v.size} values"
        problems.append(Problem(key="values", value=found, allowed="one value for each time"))
    if t.size < FEWEST_POINTS:
        hint = "a cubic needs 4; a straight line is Ramp(...)"
        problems.append(Problem(key="times", value=f"{t.size} points", allowed=f"at least {FEWEST_POINTS}", hint=hint))
    for i in (np.flatnonzero(np.diff(t) <= 0.0) + 1).tolist():
        hint = "a drive does not jump" if t[i] == t[i - 1] else ""
        allowed = f"larger than the one before ({t[i - 1]:g})"
        problems.append(Problem(key=f"times{where(i)}", value=float(t[i]), allowed=allowed, hint=hint))
    return problems
