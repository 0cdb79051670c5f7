"""The times at which the steps of a run end: multiples of the step, the kinks and jumps of the drives, and more where a drive is fast.

A run and its rougher companion are to differ everywhere, or the difference between them says nothing. So the grid of a run is that of the
companion with every interval cut in two, and the companion takes `RESOLVED` / 2 steps where the run takes `RESOLVED`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from chains.problems import InvalidInput, Problem
from tnthermo.model.model import Model
from tnthermo.types import Real

Flags = npt.NDArray[np.bool_]

RESOLVED = 5  # steps in the shortest time over which a drive changes
MOST_STEPS = 10_000_000
NEAR = 1e-6  # of a step: a multiple of the step nearer to a break gives way to it
ROUNDED = 1e-9  # of a step, or of a time scale
LONGER = (0.01, 0.1, 0.5, 1.0, 2.0)  # steps by which a run may be made longer: what is shared is so for each of them
ULPS = 8  # spacings of doubles: a jump nearer to the start or the end is there


def _constant(start: Real, end: Real) -> Real:
    return np.full(start.shape, np.inf)


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The rule; `times` applies it to a run.

    step          > 0, of this run, 1/energy
    breaks        times at which something is not smooth, increasing: a step ends there
    jumps         those of them at which something jumps: kept even within NEAR of the start or the end
    scale_within  shortest time over which something changes in [start, end], for arrays of both; inf where nothing does
    rougher       whether this is the companion, whose step is twice that of the run
    halvings      how often every step of the run with 2^halvings times this step is cut in two: of a finer run beside a rougher one
    """

    step: float
    breaks: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()
    scale_within: Callable[[Real, Real], Real] = _constant
    rougher: bool = False
    halvings: int = 0

    @classmethod
    def of(cls, model: Model, step: float, *, rougher: bool = False, halvings: int = 0) -> Grid:
        """That of a run of ``model``."""
        return cls(
            step=step, breaks=model.breaks, jumps=model.jumps, scale_within=model.scale_within, rougher=rougher, halvings=halvings,
        )  # fmt: skip

    def times(self, until: float) -> Real:
        """Times (m,) after each step, from 0 to ``until`` to the bit.

        Multiples of the step, and between them the breaks and as many halvings as the drives ask for. The last step is shortened where
        ``until`` is no multiple. Raises `chains.InvalidInput` for more than MOST_STEPS.
        """
        fine = self.step / 2 if self.rougher else self.step * 2**self.halvings
        if until / self.step > MOST_STEPS:
            raise InvalidInput([self._too_many(until, f"{until / self.step:.3g} steps")])
        edges = self._edges(until, fine)
        points = self._followed(edges, RESOLVED / 2, fine)
        if self.rougher:
            return points
        points = self._followed(self._halved(points, edges, fine), RESOLVED, fine)
        for _ in range(self.halvings):
            fine = fine / 2
            points = self._halved(points, points, fine)
        if points.size > MOST_STEPS:
            raise InvalidInput([self._too_many(until, f"{points.size} steps")])
        return points

    def shared(self, times: Real) -> int:
        """The index of the last of the ``times`` up to which a longer run's are the same to the bit: from there a run can be extended."""
        until = float(times[-1])

        def so_far(start: Real, end: Real) -> Real:
            return np.where(start < until, self.scale_within(start, end), np.inf)

        grid = replace(self, scale_within=so_far)
        return min(_agreed(times, grid.times(until + part * self.step)) for part in LONGER)

    def _edges(self, until: float, fine: float) -> Real:
        """Even multiples of the fine step, the breaks and the end, increasing."""
        whole = int(np.floor(until / (2 * fine) * (1 + 1e-12) + ROUNDED))
        multiples = 2 * fine * np.arange(whole + 1, dtype=np.float64)
        inner = np.array(self.breaks, dtype=np.float64)
        slack = np.where(np.isin(inner, self.jumps), ULPS * np.spacing(until), NEAR * fine)
        inner = inner[(inner > slack) & (inner < until - slack)]
        multiples = multiples[(multiples > 0) & (multiples < until - ROUNDED * fine)]
        if inner.size:
            after = np.searchsorted(inner, multiples)
            left, right = inner[np.maximum(after - 1, 0)], inner[np.minimum(after, inner.size - 1)]
            near = np.minimum(np.abs(multiples - left), np.abs(multiples - right)) <= NEAR * fine
            multiples = multiples[~near]
        end = [until] if until > 0 else []
        return np.concatenate([[0.0], np.sort(np.concatenate([multiples, inner])), end])

    def _followed(self, points: Real, resolved: float, fine: float) -> Real:
        """The same with intervals cut in two until each is ``resolved`` times shorter than the time scale in it."""
        while True:
            start, end = points[:-1], points[1:]
            # written so that nan, which resolves nothing, ends in the refusal below
            long = ~(self._steps(start, end) * resolved <= 1 + ROUNDED)
            if not long.any():
                return points
            cut = _middle(start[long], end[long], fine)
            count = points.size + cut.size
            if count > MOST_STEPS or not np.all((cut > start[long]) & (cut < end[long])):
                raise InvalidInput([self._too_many(float(points[-1]), f"more than {count} steps")])
            points = np.insert(points, np.flatnonzero(long) + 1, cut)

    def _steps(self, start: Real, end: Real) -> Real:
        """Lengths of intervals in units of the time scale there."""
        with np.errstate(divide="ignore"):
            return np.asarray((end - start) / self.scale_within(start, end))

    def _halved(self, points: Real, edges: Real, fine: float) -> Real:
        """The same with every interval cut in two, but for a last one that is no longer than a step and has others before it."""
        if points.size == 1:
            return points
        start, end = points[:-1], points[1:]
        cut = _middle(start, end, fine)
        keep = (cut > start) & (cut < end)  # two breaks that are neighbours among the doubles stay as they are
        first = float(start[-1])
        short = end[-1] - first <= fine * (1 + NEAR)
        plain = first > 0 and first not in self.breaks and first == edges[-2]
        if short and plain and self._steps(start[-1:], end[-1:])[0] * RESOLVED <= 1 + ROUNDED:
            keep[-1] = False
        return np.insert(points, np.flatnonzero(keep) + 1, cut[keep])

    def _too_many(self, until: float, found: str) -> Problem:
        scale = float(self.scale_within(np.zeros(1), np.array([until]))[0])
        drive = f" (a drive changes within {scale:.3g})" if np.isfinite(scale) else ""
        hint = "a larger step, a shorter run, or a slower drive; Square(...), shape square, jumps without small steps"
        allowed = f"at most {MOST_STEPS} steps to t = {until:g}{drive}"
        return Problem(key="step", value=f"{self.step:g}: {found}", allowed=allowed, hint=hint)


def _agreed(one: Real, other: Real) -> int:
    """The index of the last time up to which both have the same to the bit."""
    least = min(one.size, other.size)
    differ = np.flatnonzero(one[:least] != other[:least])
    return int(differ[0]) - 1 if differ.size else least - 1


def _middle(start: Real, end: Real, fine: float) -> Real:
    """Where intervals between even multiples of the fine step are cut: at the odd one inside, which may be recorded, or in the middle."""
    middle = start + (end - start) / 2
    multiple = np.round(middle / fine) * fine
    inside = (multiple > start + NEAR * fine) & (multiple < end - NEAR * fine)
    return np.where(inside, multiple, middle)


def grid_problems(model: Model, step: float, until: float, *, key: str) -> list[Problem]:
    """Why there is no grid: more steps than anyone can wait for. ``key`` is how the step is called."""
    try:
        Grid.of(model, step).times(until)
    except InvalidInput as error:
        return [replace(problem, key=key) for problem in error.problems]
    return []
