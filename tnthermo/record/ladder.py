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
CAUTIOUS = 2.0  # order where columns differ in theirs
BOND_ORDER = 2.0  # power of one over a cap with which errors fall at least, measured at caps of 10 to 50
WEIGHT_ORDER = 0.6  # power of the dropped weight with which errors fall: 0.55 to 1, on time bins at caps of 6 to 64
SLOWEST = 0.5  # order of errors that hardly fall
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
        known = {STEP: least_order(self.finest), TOLERANCE: self.finest.tolerance_order, BOND: BOND_ORDER}
        return known.get(self.cause, 0.0)

    def weight(self, order: float | None = None) -> float:
        """Error of the finest run in units of the difference of the two: C f^p out of C (b^p - a^p), p the order; `UNKNOWN` without one."""
        p = self.order if order is None else order
        if not p:
            return UNKNOWN
        f, a, b = (_coarseness(one, self.cause) for one in (self.finest, self.finer.algorithm, self.coarser.algorithm))
        found = float(f**p / (b**p - a**p))
        if self.cause == BOND and self.finest.bins:  # the caps of sites move little weight: they keep it from arising
            found = min(found, _by_weight(self.finer, self.coarser) * (f / a) ** p)
        return found

    def seen(self, ratios: Sequence[float]) -> float:
        """The order to be expected: ``ratios`` of differences of columns, of `before` to these.

        One less than the least that is seen, at least `order`; `CAUTIOUS` where a column falls slower than by that, and where all of them
        fall slower still, the most that is seen.
        """
        known = [math.log2(ratio) for ratio in ratios if ratio > 0]
        if self.cause != STEP or not known:
            return self.order
        if min(known) >= self.order:
            nominal = float(getattr(self.finest, "order", 2))
            return min(max(min(known) - MARGIN, self.order), nominal)
        return max(min(max(known), self.order, CAUTIOUS), SLOWEST)


def _by_weight(finer: Trajectory, coarser: Trajectory) -> float:
    """Error of the finer of two runs in units of their difference, by what each of them dropped in all.

    What the tolerance drops is the same in both and makes the ratio of the two worse.
    """
    fine, coarse = (max(float(run.discarded_weight[-1]), 0.0) ** WEIGHT_ORDER for run in (finer, coarser))
    return fine / (coarse - fine) if coarse > fine else math.inf


def _coarseness(algorithm: Algorithm, cause: str) -> float:
    """What errors grow with: the step, what is dropped in a unit of time, one over the bond dimension."""
    if cause == BOND:
        bond = algorithm.fixed_bond or algorithm.max_bond
        return 0.0 if bond is None else 1.0 / bond
    return algorithm.loss if cause == TOLERANCE else algorithm.step


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
    """A power of the step with which errors fall at least: one less than the order beyond 2, drives and fast baths in mind.

    That of the calibration set is 2 or more on sites and 3 or more on time bins in all that is not lost in what the tolerance drops.
    """
    order = float(getattr(algorithm, "order", 2))
    return max(min(order, 2.0), order - MARGIN)


def companions(run: Trajectory) -> list[Trajectory]:
    """The rougher runs that it is compared with, one for each setting, the nearest first; of a run without a target the one behind it."""
    if not run.asked:
        return [] if run.rough is None else [run.rough]
    found: list[Trajectory] = []
    for link in links(run):
        if all(link.coarser is not one for one in found):
            found.append(link.coarser)
    return found or ([] if run.rough is None else [run.rough])
