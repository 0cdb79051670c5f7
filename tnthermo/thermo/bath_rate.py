"""How fast the entropy of the physical bath changes, by differences, where no commutator tells.

Of a bath that is exact at every record time the derivative is that of the record, and its error what the rougher run and a derivative of
two points less say. Where the entropy is evaluated now and then, or is the middle of two bounds, the derivative goes through the times that
have a value: its error is what any curve within the error bars can do to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnthermo.record.ladder import companions
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.entropies import Attributes, bath_entropies, half_width, system_entropy
from tnthermo.timeline.differences import sparse_envelope
from tnthermo.timeline.integrate import POINTS, derivative
from tnthermo.types import Real

FEWEST = 4  # points whose derivative can be told from that of two points less
ORDERS = (4, 6, POINTS)  # points of a derivative through values with error bars
SAFETY = 2.0  # times the difference to the order below
STRIDES = (1, 2, 4, 8, 16)  # of the times it goes through: the wider, the less do the bars weigh
SEE = "known where Delta_S_B is (bath_entropy_every), at four of the times between two jumps at least"


@dataclass(frozen=True, kw_only=True, eq=False)
class BathRate:
    """dS_B/dt at the record times, nat energy.

    rate      (n,), NaN where it is not known
    width     (n,) what its error cannot be below
    bars      (n,) how wrong the entropy that it is made of may be, nats, NaN where that is unknown; None where the rougher run says it
              of the rate itself
    """

    rate: Real
    width: Real
    bars: Real | None = None


def bath_rate(run: Trajectory) -> BathRate | None:
    """dS_B/dt by differences; None at T = 0 from a pure start, where it is dS_S/dt."""
    if run.model.temperature == 0 and run.pure_start:
        return None
    if through_bars(run):
        found = _through_bars(run)
    else:
        entropy = _recorded(run)
        found = BathRate(rate=_slope(run, entropy), width=_difference_error(run, entropy))
    if any(abs(jump - run.t[-1]) <= 1e-9 * run.t[-1] for jump in run.model.jumps):
        found.width[-1] = np.inf  # the other rates are those after it, and there is no entropy after it
    return found


def through_bars(run: Trajectory) -> bool:
    """Whether the entropy that gives dS_B/dt is evaluated now and then, or enclosed: its errors are bars, not what the rougher run says."""
    if run.model.temperature == 0 and run.pure_start:
        return False
    return run.t.size < FEWEST - 1 or not np.isfinite(_recorded(run)).all()


def with_reason(about: Attributes) -> Attributes:
    """Attributes of what is NaN where dS_B/dt is, with the reason beside their own."""
    own = about.get("reason")
    return about | {"reason": f"{own}; {SEE}" if own else SEE}


def _recorded(run: Trajectory) -> Real:
    """The entropy of the bath (n,) as the run knows it exactly, nats, NaN elsewhere."""
    return run.cut_entropy if run.model.temperature == 0 else run.bath_entropy


def smooth_parts(t: Real, breaks: Sequence[float]) -> list[slice]:
    """Stretches of the times t (n,) between breaks. One at which there is a break belongs to both sides of it, or to the only one."""
    near = 1e-9 * t[-1]
    parts, first, shared = [], 0, False
    for moment in sorted(breaks):
        last = int(np.searchsorted(t, moment + near)) - 1  # the last time up to the break
        at = last >= 0 and abs(t[last] - moment) <= near
        if last > first or (last == first and not at and not shared):
            parts.append(slice(first, last + 1))
        if last >= first:
            shared = at and bool(parts) and parts[-1].stop == last + 1
            first = last if at else last + 1
    if first < t.size - (1 if shared else 0):
        parts.append(slice(first, t.size))
    return parts


def _parts(run: Trajectory, t: Real) -> list[slice]:
    """The `smooth_parts` of some of a run's times (n,); an interval within which a drive comes and goes unseen counts as a break."""
    unseen = np.diff(t) > run.model.scale_within(t[:-1], t[1:])
    return smooth_parts(t, [*run.breaks, *(0.5 * (t[:-1] + t[1:]))[unseen]])


def _slope(run: Trajectory, values: Real) -> Real:
    """Derivative (n,) of ``values`` (n,) at the record times, to the right of a break, from the points of its own smooth part.

    A time that is alone in its part has that through all points: no more than a guess, of which the error is infinite.
    """
    result = derivative(run.t, values)
    for part in _parts(run, run.t):
        if part.stop - part.start > 1:
            result[part] = derivative(run.t[part], values[part])
    return result


def _difference_error(run: Trajectory, entropy: Real) -> Real:
    """How far (n,) the derivative of an entropy (n,), of order 8 in the record interval, is from that of order 6.

    Between two breaks, or in a run, of fewer than 8 record times the orders are their number and two less; where less than 4 points
    remain there is nothing to compare with, and it is infinite.
    """
    width = np.zeros(run.t.size)
    for part in _parts(run, run.t):
        width[part] = np.maximum(width[part], _order_error(run.t[part], entropy[part]))
    return width


def _order_error(t: Real, values: Real) -> Real:
    """|derivative - that of two orders less| (n,) of smooth samples ``values`` (n,), the largest of a time and its neighbours.

    Where all polynomials go through the same few points it is the largest of all: one alone may vanish by chance.
    """
    order = min(POINTS, t.size)
    if order < FEWEST:
        return np.full(t.size, np.inf)
    fine, rough = (derivative(t, values, points) for points in (order, order - 2))
    width = np.abs(fine - rough)
    if t.size < POINTS:
        return np.full(t.size, width.max())
    return _around(width, 1)


def _through_bars(run: Trajectory) -> BathRate:
    """From the times at which the entropy has a value."""
    entropy, bars = _with_bars(run)
    known = np.flatnonzero(np.isfinite(entropy))
    rate, width = np.full(run.t.size, np.nan), np.full(run.t.size, np.nan)
    t = run.t[known]
    for part in _parts(run, t) if known.size else []:
        here = known[part]
        slope, error = _best_slope(run.t[here], entropy[here], bars[here])
        good = np.isfinite(slope)
        rate[here[good]], width[here[good]] = slope[good], error[good]
    return BathRate(rate=rate, width=width, bars=bars)


def _best_slope(t: Real, values: Real, bars: Real) -> tuple[Real, Real]:
    """(derivative, its error) (n,) of smooth samples with error bars: by more or fewer points, near or wide apart, what errs least.

    What the bars make of a derivative is a bound. What is beyond that of a finer one is what a coarser one lacks in resolution; so is the
    difference to the order below, the largest of all where all go through the same few points. (O. V. Lepskii, Theory
    Probab. Appl. 35, 454, 1991.)
    """
    finer: list[tuple[Real, Real]] = []
    best, error = np.full(t.size, np.nan), np.full(t.size, np.inf)
    for stride in STRIDES:
        for points in ORDERS[::-1]:
            slope, noise, off = np.full(t.size, np.nan), np.full(t.size, np.inf), np.full(t.size, np.inf)
            for first in range(stride):
                some = np.arange(t.size)[first::stride]
                if some.size >= points:
                    slope[some] = derivative(t[some], values[some], points)
                    noise[some] = _noise(t[some], bars[some], points)
                    below = np.abs(slope[some] - derivative(t[some], values[some], points - 2))
                    off[some] = SAFETY * _around(below, 2 if some.size >= 2 * POINTS else some.size)
            for other, its in finer:
                off = np.fmax(off, _around(np.abs(slope - other) - its, stride))
            finer.append((slope, noise))
            better = off + noise < error
            best[better], error[better] = slope[better], (off + noise)[better]
    return best, error


def _around(off: Real, reach: int) -> Real:
    """The largest (n,) of a time and so many neighbours on either side: one alone may vanish by chance."""
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(off, reach, constant_values=-np.inf), 2 * reach + 1)
    return np.asarray(np.fmax.reduce(windows, axis=1))


def _noise(t: Real, bars: Real, points: int) -> Real:
    """(n,) how wrong a derivative may be for values that are wrong by up to ``bars`` (n,): its weights are linear, and none reaches far."""
    apart = 2 * points  # of two samples no derivative takes both
    combs = (np.where(np.arange(t.size) % apart == first, bars, 0.0) for first in range(min(apart, t.size)))
    return np.asarray(sum(np.abs(derivative(t, comb, points)) for comb in combs))


def _with_bars(run: Trajectory) -> tuple[Real, Real]:
    """(Delta S_B, how wrong it may be) (n,), nats: half the distance of its bounds, and what the rougher run says."""

    def values(one: Trajectory) -> tuple[Real, Real]:
        found = bath_entropies(one, system_entropy(one.rho_S[one.recorded]).values["S_S"])
        return found.values["Delta_S_B"], half_width(one, found)

    entropy, bars = values(run)
    rougher = companions(run)
    if rougher:
        apart = np.full(run.t.size, np.nan)
        for one in rougher:
            theirs, _ = values(one)
            apart = np.fmax(
                apart, sparse_envelope(run.t, entropy, np.isfinite(entropy), one.t, theirs, np.isfinite(theirs))
            )
        bars = bars + apart
        # after the last time that both evaluated there is nothing to compare with
        entropy = np.where(np.isnan(bars), np.nan, entropy)
    return entropy, np.where(np.isnan(entropy), np.nan, bars)
