"""Where the way to a target begins: settings that usually come near it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from tnthermo.algorithms import TDVP, Algorithm
from tnthermo.evolution.arguments import clock_problems
from tnthermo.evolution.doubts import hardest_step
from tnthermo.model.model import Model
from tnthermo.record.target import USUAL, as_target, target_problems

SETTINGS = frozenset({"step", "tolerance", "max_bond"})  # that a target may change
BINS_TOLERANCE, SITES_TOLERANCE = 1e-3, 1e-4  # at the usual target
FIRST_BOND = 8  # cap of the bonds, for each level of the system
PHASE = 0.5  # strongest local term times the step, on sites
HIGHEST, LOWEST = 5e-3, 1e-9  # tolerances to begin with


def first_algorithm(own: Algorithm, model: object, until: object, record_every: object, accuracy: Any) -> Algorithm:
    """The algorithm that a target begins with in place of the default one, as far as the arguments are right."""
    if not isinstance(model, Model) or target_problems(accuracy) or clock_problems(until, record_every, None, {}):
        return own
    interval = float(record_every or until)  # type: ignore[arg-type]
    tolerance = first_tolerance(accuracy, bins=own.bins)
    bond = first_bond(model.dimension)
    if own.bins:
        return replace(own, step=longer_step(own.step, interval), tolerance=tolerance, max_bond=bond)
    return TDVP(step=step_on_sites(model, float(until), interval), tolerance=tolerance, max_bond=bond)  # type: ignore[arg-type]


def first_tolerance(accuracy: Any, *, bins: bool) -> float:
    """The tolerance for the finest number that is asked for, in two digits."""
    wanted = (BINS_TOLERANCE if bins else SITES_TOLERANCE) * as_target(accuracy).finest / USUAL
    return float(f"{min(max(wanted, LOWEST), HIGHEST):.2g}")


def first_bond(dimension: int) -> int:
    """The cap of the bonds for a system of so many levels: little is lost by it, and where it is too much it is widened."""
    return FIRST_BOND * dimension


def longer_step(step: float, interval: float) -> float:
    """At most twice a step that suits time bins, and about that: ``interval`` is an even multiple of it."""
    return interval / (2 * max(1, math.ceil(interval / (4 * step) * (1 - 1e-9)))) if interval > 0 else step


def step_on_sites(model: Model, until: float, interval: float, *, pieces: int = 2) -> float:
    """A step in which the strongest local term turns little; ``interval`` is a multiple of so many ``pieces`` of it."""
    if not interval > 0:
        return TDVP.step
    strongest, _ = hardest_step(model, interval, until)
    return interval / (pieces * max(1, math.ceil(interval * strongest / (pieces * PHASE) * (1 - 1e-9))))
