"""Where a run is, as told to whoever watches it."""

from __future__ import annotations

import time
from dataclasses import dataclass

from tnthermo.engine_protocol import Whole


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
    whole: Whole, t: float, until: float, steps: int, started: float, discarded: float, stage: str
) -> Progress:
    """What there is to say after a step; ``started`` is the `time.perf_counter` at the start of the pass."""
    return Progress(
        time=t,
        until=until,
        steps=steps,
        wall_seconds=time.perf_counter() - started,
        largest_bond=int(whole.bonds.max()),
        largest_level=int(whole.levels.max()),
        active_sites=whole.active_sites,
        discarded_weight=discarded,
        stage=stage,
    )
