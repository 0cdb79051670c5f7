"""The clock of a run: which of the times after its steps are recorded, when sparse things are due, and where a run is."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt


def record_indices(times: npt.NDArray[np.float64], every: float, step: float) -> list[int]:
    """Indices of the record times among the ``times`` after each step: the multiples of the interval ``every``, and the end.

    A multiple is the time nearest to it within 1e-6 of a step.
    """
    number = np.round(times / every)
    off = np.abs(times - number * every)
    close = np.flatnonzero(off <= 1e-6 * step)
    # of several times near one multiple (a narrow pulse has such steps) the nearest comes first
    order = close[np.lexsort((off[close], number[close]))]
    _, first = np.unique(number[order], return_index=True)
    return sorted({0, *order[first].tolist(), times.size - 1})


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
