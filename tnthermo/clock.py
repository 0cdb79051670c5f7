"""The clock of a run: the times after each step, which of them are recorded, when sparse things are due, and where a run is."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.blocks import BlockState


@dataclass(frozen=True, kw_only=True)
class Progress:
    """Where a run is; handed to the ``progress`` callable after every step.

    stage  "run", or "error bars" while the rougher companion runs
    """

    time: float
    until: float
    steps: int
    wall_seconds: float
    largest_bond: int
    largest_level: int
    active_sites: int
    discarded_weight: float
    stage: str


def progress_at(
    blocks: BlockState, t: float, until: float, steps: int, started: float, discarded: float, stage: str
) -> Progress:
    """What there is to say after a step; ``started`` is the `time.perf_counter` at the start of the pass."""
    return Progress(
        time=t,
        until=until,
        steps=steps,
        wall_seconds=time.perf_counter() - started,
        largest_bond=int(blocks.bonds.max()),
        largest_level=int(blocks.levels.max()),
        active_sites=blocks.active - blocks.first - 1,
        discarded_weight=discarded,
        stage=stage,
    )


def step_times(until: float, step: float, breaks: Sequence[float] = ()) -> npt.NDArray[np.float64]:
    """Times (m,) after each step: multiples of ``step`` and the ``breaks``; the last step is shortened where ``until`` is no multiple.

    A break nearer than 1e-6 of a step to a multiple is taken as that multiple.
    """
    whole = int(np.floor(until / step * (1 + 1e-12) + 1e-9))
    times: npt.NDArray[np.float64] = step * np.arange(whole + 1, dtype=np.float64)
    if until - times[-1] > 1e-9 * step:
        times = np.concatenate([times, [until]])
    else:
        times[-1] = until if whole else 0.0
    for t in breaks:
        if 0 < t < until:
            nearest = int(np.argmin(np.abs(times - t)))
            if abs(times[nearest] - t) > 1e-6 * step:
                times = np.sort(np.append(times, t))
            elif 0 < nearest < times.size - 1:
                times[nearest] = t
    return times


def on_grid(times: npt.NDArray[np.float64], step: float, breaks: Sequence[float] = ()) -> int:
    """The index of the last of the ``times`` up to which a longer run's are the same to the bit: from there a run can be extended."""
    longer = step_times(float(times[-1]) + 2 * step, step, breaks)
    differ = np.flatnonzero(longer[: times.size] != times)
    return int(differ[0]) - 1 if differ.size else times.size - 1


def record_indices(times: npt.NDArray[np.float64], every: float, step: float) -> list[int]:
    """Indices of the record times among the ``times`` after each step: the multiples of the interval ``every``, and the end."""
    ratio = times / every
    on = np.abs(ratio - np.round(ratio)) * every <= 1e-6 * step
    return sorted({0, *np.flatnonzero(on).tolist(), times.size - 1})


def indices_due(t: npt.NDArray[np.float64], interval: float, *, first: bool) -> frozenset[int]:
    """Indices into the record times ``t`` at which something sparse is evaluated: the start, then every ``interval``, and the end."""
    if not np.isfinite(interval):
        return frozenset({0} if first else ())
    chosen, due = {0, t.size - 1}, interval
    for k, time_ in enumerate(t):
        if time_ >= due - 1e-9 * interval:
            chosen.add(k)
            due += interval
    return frozenset(chosen)


def common_times(
    t: npt.NDArray[np.float64], other: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Indices into the increasing ``t`` (n,) and ``other`` of the times both have, equal to 1e-9 of the last."""
    after = np.minimum(np.searchsorted(other, t), other.size - 1)
    before = np.maximum(after - 1, 0)
    nearest = np.where(np.abs(other[before] - t) < np.abs(other[after] - t), before, after)
    same = np.abs(other[nearest] - t) <= 1e-9 * max(1.0, float(np.abs(t).max()))
    return np.flatnonzero(same), nearest[same]
