"""Runs of one model that differ in one setting after the other: what each setting still costs the finest of them.

A run that was asked to reach a target has rougher ones behind it (`Trajectory.rough`, of which each has its own). Two of them that differ
in one setting alone say what this setting does; by its law that is carried on to the finest value.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from tnthermo.algorithms import Algorithm
from tnthermo.record.trajectory import Trajectory

STEP, TOLERANCE, BOND, LEVELS = "step", "tolerance", "max_bond", "levels"
UNKNOWN = 1.0  # weight of a difference of which no law is known: the finer of the two is no worse than that
MARGIN = 1.0  # orders that are not trusted of what is seen
BROKEN = 0.1  # of an entry of rho_S: runs that differ by more are too rough for a law


@dataclass(frozen=True, kw_only=True, eq=False)
class Link:
    """Two runs whose difference is one setting's doing.

    cause    the setting
    finest   the settings of the finest run of all
    before   a run that differs from the coarser one in that setting alone, by the same factor; None where there is none
    """

    cause: str
    finer: Trajectory
    coarser: Trajectory
    finest: Algorithm
    before: Trajectory | None = None

    @property
    def order(self) -> float:
        """The least power of the setting with which errors fall; 0 where none is known."""
        return {STEP: least_order(self.finest), TOLERANCE: self.finest.tolerance_order}.get(self.cause, 0.0)

    def weight(self, order: float | None = None) -> float:
        """Error of the finest run in units of the difference of the two: C f^p out of C (b^p - a^p), p the order; `UNKNOWN` without one."""
        p = self.order if order is None else order
        if not p:
            return UNKNOWN
        name = "loss" if self.cause == TOLERANCE else self.cause
        f, a, b = (float(getattr(one, name)) for one in (self.finest, self.finer.algorithm, self.coarser.algorithm))
        return float(f**p / (b**p - a**p))

    def seen(self, ratios: Sequence[float]) -> float:
        """The order to be expected, one less than the least that is seen: ``ratios`` of differences of columns, of `before` to these."""
        nominal = float(getattr(self.finest, "order", 2))
        if self.cause != STEP or not ratios:
            return self.order
        return min(max(math.log2(min(ratios)) - MARGIN if min(ratios) > 0 else 0.0, self.order), nominal)


def rungs(run: Trajectory) -> list[Trajectory]:
    """The run and those behind it, the run first."""
    found = [run]
    while found[-1].rough is not None:
        found.append(found[-1].rough)
    return found


def links(run: Trajectory) -> list[Link]:
    """One for each setting that a pair of the rungs differs in alone: the finest such pair."""
    members = rungs(run)
    found = []
    for cause in (STEP, TOLERANCE, BOND, LEVELS):
        pairs = [
            (one, other)
            for n, one in enumerate(members)
            for other in members[n + 1 :]
            if differing(one, other) == {cause}
        ]
        if pairs:
            finer, coarser = pairs[0]
            before = next((other for one, other in pairs[1:] if one is coarser), None)
            found.append(Link(cause=cause, finer=finer, coarser=coarser, finest=run.algorithm, before=before))
    return found


def differing(one: Trajectory, other: Trajectory) -> set[str]:
    """Names of the settings in which two runs differ; a tolerance that drops as much in a unit of time is the same."""
    a, b = one.algorithm, other.algorithm
    found = set()
    if not math.isclose(a.step, b.step, rel_tol=1e-9):
        found.add(STEP)
    same = (math.isclose(getattr(a, name), getattr(b, name), rel_tol=1e-9) for name in ("tolerance", "loss"))
    if not any(same):
        found.add(TOLERANCE)
    if (a.max_bond, a.fixed_bond) != (b.max_bond, b.fixed_bond):
        found.add(BOND)
    if one.given_levels != other.given_levels:
        found.add(LEVELS)
    return found


def least_order(algorithm: Algorithm) -> float:
    """A power of the step with which errors fall at least: half of the order, drives and fast baths in mind."""
    return max(1.0, float(getattr(algorithm, "order", 2)) / 2)


def companions(run: Trajectory) -> list[Trajectory]:
    """The rougher runs that it is compared with, one for each setting, the nearest first; of a run without a target the one behind it."""
    if not run.asked:
        return [] if run.rough is None else [run.rough]
    found: list[Trajectory] = []
    for link in links(run):
        if all(link.coarser is not one for one in found):
            found.append(link.coarser)
    return found or ([] if run.rough is None else [run.rough])
