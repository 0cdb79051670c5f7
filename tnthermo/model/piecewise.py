"""A drive of straight and smooth pieces that may jump between them, once or over and over: what the strokes of a cycle make."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chains.checks import bracketed, frozen, integer_problems, sequence_problems, word_problems
from chains.problems import Problem, raise_if_any
from tnthermo.model.drives import AT_A_KINK, PROFILES, ROUNDED_ULPS, FloatArray, Ramp, _between, _times

MOST_PERIODS = 10_000


@dataclass(frozen=True, kw_only=True, eq=False)
class Piecewise:
    """Pieces one after the other, each from one value to another, ``count`` times; where one begins elsewhere than the last ended, a jump.

    times           (n + 1,) where pieces begin and end, strictly increasing (1/energy); the period is last - first
    initial, final  (n,) values at the begin and the end of each piece (energies or pure numbers)
    profile         "linear" or "smooth" (as in `Ramp`), for every piece or one for each
    count           how many times; then, from the last end on, the value with which the next time would begin

    Before the first time it has the first value. Raises InvalidInput with every problem.
    """

    times: Sequence[float] | FloatArray
    initial: Sequence[float] | FloatArray
    final: Sequence[float] | FloatArray
    profile: str | Sequence[str] = "linear"
    count: int = 1

    def __post_init__(self) -> None:
        problems = [
            p for name in ("times", "initial", "final") for p in sequence_problems(name, getattr(self, name), bracketed)
        ]
        problems += integer_problems("count", self.count, at_least=1, at_most=MOST_PERIODS)
        if not problems:
            t = np.asarray(self.times, dtype=np.float64)
            if t.size < 2:
                problems.append(
                    Problem(key="times", value=f"{t.size} times", allowed="at least 2, the ends of one piece")
                )
            for i in (np.flatnonzero(np.diff(t) <= 0.0) + 1).tolist():
                problems.append(
                    Problem(key=f"times[{i}]", value=float(t[i]), allowed=f"larger than the one before ({t[i - 1]:g})")
                )
            for name in ("initial", "final"):
                size = len(getattr(self, name))
                if size != t.size - 1:
                    allowed = f"one value for each of the {t.size - 1} pieces"
                    problems.append(Problem(key=name, value=f"{size} values", allowed=allowed))
        words = (self.profile,) if isinstance(self.profile, str) else self.profile
        if not isinstance(words, list | tuple):
            problems.append(Problem(key="profile", value=self.profile, allowed=" | ".join(PROFILES)))
        else:
            problems += [p for word in words for p in word_problems("profile", word, PROFILES)]
            if not problems and not isinstance(self.profile, str) and len(words) != len(self.initial):
                allowed = f"one word, or one for each of the {len(self.initial)} pieces"
                problems.append(Problem(key="profile", value=f"{len(words)} words", allowed=allowed))
        raise_if_any(problems)
        for name in ("times", "initial", "final"):
            object.__setattr__(self, name, frozen(getattr(self, name)))
        object.__setattr__(self, "count", int(self.count))

    @property
    def period(self) -> float:
        """Last time less the first."""
        return float(self.times[-1]) - float(self.times[0])

    @cached_property
    def profiles(self) -> tuple[str, ...]:
        """The profile of each piece."""
        return (self.profile,) * len(self.initial) if isinstance(self.profile, str) else tuple(self.profile)

    @cached_property
    def _starts(self) -> FloatArray:
        """(count n + 1,) the ends of all pieces of all periods, each computed once and in one way."""
        first = np.asarray(self.times[:-1], dtype=np.float64)
        every = np.arange(self.count)[:, None] * self.period + first
        return np.append(every.ravel(), float(self.times[0]) + self.count * self.period)

    @cached_property
    def _pieces(self) -> tuple[Ramp, ...]:
        """One period as ramps that begin at 0."""
        lengths = np.diff(self.times).tolist()
        values = zip(self.initial, self.final, lengths, self.profiles, strict=True)
        return tuple(Ramp(duration=d, initial=float(a), final=float(b), profile=p) for a, b, d, p in values)

    @cached_property
    def jumps(self) -> tuple[float, ...]:
        """Where a piece begins with another value than that with which the one before it has ended, the last end included."""
        apart = np.asarray(self.final) != np.roll(np.asarray(self.initial), -1)
        return tuple(self._starts[1:][np.tile(apart, self.count)].tolist())

    @cached_property
    def breaks(self) -> tuple[float, ...]:
        """Jumps, begins and ends of pieces that are not constant."""
        moving = np.asarray(self.initial) != np.asarray(self.final)
        apart = np.asarray(self.final) != np.roll(np.asarray(self.initial), -1)
        ends = np.tile(moving | apart | np.roll(moving, -1), self.count)
        ends[-1] = moving[-1] or apart[-1]
        return tuple(self._starts[np.append(moving[0], ends)].tolist())

    @cached_property
    def time_scale(self) -> float:
        """The shortest duration of a piece that is not constant; inf if none is."""
        return min(piece.time_scale for piece in self._pieces)

    def scale_within(self, start: FloatArray, end: FloatArray) -> FloatArray:
        """Time scale in [start, end]: the shortest duration of the pieces there that are not constant, else inf."""
        scales = np.tile([piece.time_scale for piece in self._pieces], self.count)
        slack = ROUNDED_ULPS * np.spacing(np.abs(self._starts[-1]))
        first = np.clip(np.searchsorted(self._starts, start + slack, side="right") - 1, 0, scales.size)
        last = np.clip(np.searchsorted(self._starts, end - slack, side="left"), 0, scales.size)
        pairs = np.stack([first, last], axis=-1).ravel()
        least = np.minimum.reduceat(np.append(scales, np.inf), pairs)[::2] if pairs.size else np.zeros(0)
        return np.where(last > first, least, np.inf)

    def _where(self, x: FloatArray, slack: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        """(index over all periods, index of the piece) of the piece that holds each time."""
        index = np.searchsorted(self._starts, x + slack, side="right") - 1
        return index, np.clip(index, 0, self._starts.size - 2) % len(self._pieces)

    def value(self, t: npt.ArrayLike) -> FloatArray:
        """Value at the times t, shape of t; at a jump the one after it."""
        x = _times(t)
        index, piece = self._where(x, 0.0)
        begin = self._starts[np.clip(index, 0, self._starts.size - 2)]
        found = np.zeros(x.shape)
        for k, ramp in enumerate(self._pieces):
            found = np.where(piece == k, ramp.value(x - begin), found)
        return np.where((index < 0) | (index > self._starts.size - 2), self.initial[0], found)

    def slope(self, t: npt.ArrayLike) -> FloatArray:
        """Derivative at the times t, shape of t; at an end of a piece the one to the right, of a jump nothing."""
        x = _times(t)
        index, piece = self._where(x, AT_A_KINK * float(np.diff(self.times).min()))
        begin = self._starts[np.clip(index, 0, self._starts.size - 2)]
        found = np.zeros(x.shape)
        for k, ramp in enumerate(self._pieces):
            found = np.where(piece == k, ramp.slope(np.maximum(x - begin, 0.0)), found)
        return np.where((index < 0) | (index > self._starts.size - 2), 0.0, found)

    def describe(self) -> str:
        """Pieces and range, as text."""
        ends = ", ".join(f"{a:g} to {b:g}" for a, b in zip(self.initial, self.final, strict=True))
        values = np.concatenate([self.initial, self.final])
        again = f", {self.count} times with the period {self.period:g}" if self.count > 1 else ""
        times = ", ".join(f"{time:g}" for time in self.times)
        return f"pieces {ends}, apart at t = {times}{again}{_between(float(values.min()), float(values.max()))}"
