"""Comparisons of runs to the last bit."""

import dataclasses
from typing import Any

import numpy as np

import tnthermo as tt

COSTS = ("wall_seconds", "compile_seconds", "peak_memory", "bath_entropy_seconds")


def same(a: Any, b: Any) -> bool:
    """Equal to the last bit, through dataclasses and arrays."""
    if dataclasses.is_dataclass(a):
        return type(a) is type(b) and all(same(getattr(a, f.name), getattr(b, f.name)) for f in dataclasses.fields(a))
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
    if isinstance(a, tuple):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return type(a) is type(b) and (bool(a == b) or (isinstance(a, float) and np.isnan(a) and np.isnan(b)))


def physics(run: tt.Trajectory) -> tt.Trajectory:
    """Without what a machine spent on it."""
    none = dict.fromkeys(COSTS, 0.0)
    return dataclasses.replace(run, **none, rough=None if run.rough is None else dataclasses.replace(run.rough, **none))
