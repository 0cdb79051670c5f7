"""How many number states independent modes take, before any is made."""

from __future__ import annotations

import math

import numpy as np

from tnthermo.bath_entropy.frame import thermal_entropy
from tnthermo.types import Real

COUNTED = 200.0  # nats of thermal entropy, beyond which states are too many to be counted


def configurations(occupations: Real, *, missing: float = 1e-4) -> float:
    """About how many number states of independent modes (r,) hold 1 - ``missing`` of their thermal state; inf beyond `COUNTED` nats."""
    interval = 0.05
    n = occupations[occupations > 1e-16]
    nats = float(np.sum(thermal_entropy(n)))
    if nats > COUNTED:
        return math.inf
    steps = np.maximum(1, np.round(np.log1p(1 / n) / interval).astype(int))
    size = 1 + int(np.ceil((nats + 60.0) / interval))
    number = np.zeros(size)
    number[0] = 1.0
    for step in steps:
        for at in range(step, size):  # n quanta of a mode: any number of its steps
            number[at] += number[at - step]
    energies = interval * np.arange(size)
    weights = number * np.exp(-energies)
    held = np.cumsum(weights) / np.sum(weights)
    return float(np.sum(number[: 1 + int(np.searchsorted(held, 1.0 - missing))]))
