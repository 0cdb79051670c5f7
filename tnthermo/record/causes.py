"""Where the rougher run says nothing about the error, and where a column itself is no longer valid."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tnthermo.record.trajectory import Trajectory
from tnthermo.types import Real

LEAST = 2  # boson levels, of the run and of its companion
LOST = 1e-2  # population of a highest level: what is cut off is no correction any more
MODES_LOST = "lost from t = {:.6g} on, when the front had reached the end of a chain: its last site mixes all modes"


def unjudged(run: Trajectory) -> tuple[npt.NDArray[np.bool_], str]:
    """(when (n,) True where the difference to the rougher run says nothing of the error, why in words; "" where it says something always).

    A rougher run vouches only for what it varies. Not rougher are: a bond cap or a fixed bond of 1, a tolerance of 1, two boson
    levels; and neither run knows of a chain that is too short, or of what levels that are full have cut off.
    """
    reasons: list[tuple[float, str]] = []
    rough = run.rough
    if rough is not None:
        own = run.algorithm
        if own.max_bond == 1:
            reasons.append((run.since("bond"), "a bond cap of 1 has no half to compare with"))
        if own.fixed_bond == 1:
            reasons.append((0.0, "a bond of 1 has no half to compare with"))
        if own.tolerance >= 1:
            reasons.append((0.0, f"a tolerance of {own.tolerance:g} has no rougher one to compare with"))
        if run.levels.size and run.levels[0].min() == LEAST:
            reasons.append((run.since("levels"), "two boson levels have no fewer to compare with"))
        full = np.maximum(run.top_populations.max(axis=1), _at(rough, run.t)) > LOST
        if math.isfinite(run.since("levels")) and full.any():
            reasons.append(
                (float(run.t[np.argmax(full)]), "the boson levels given are full, what they cut off is unknown")
            )
    reasons.append(
        (run.since("reflection"), "the system feels the end of the chain, which the rougher run has as well")
    )
    found = [(since, why) for since, why in reasons if since <= run.t[-1]]
    when = np.zeros(run.t.size, dtype=bool)
    for since, _ in found:
        when |= (run.t >= since) & (run.t > 0)
    return when, "; ".join(f"from t = {since:.6g} on {why}" for since, why in found)


def _at(rough: Trajectory, t: Real) -> Real:
    """The largest top population (n,) of the rougher run up to the record times ``t``."""
    largest = np.maximum.accumulate(rough.top_populations.max(axis=1))
    return np.asarray(largest[np.maximum(np.searchsorted(rough.t, t * (1 + 1e-9), side="right") - 1, 0)])


def without_lost_modes(run: Trajectory) -> Trajectory:
    """``run`` with NaN for what is made of the modes' occupations from where the front has reached the end of a chain on.

    The modes are told from one another by all sites of the chain and those beyond; system, <H_chain> and <X> know nothing of the end until
    it is felt.
    """
    lost = run.t >= run.since("chain")
    if not lost.any():
        return run

    def kept(values: Real) -> Real:
        return np.where(lost[:, None], np.nan, values)

    return replace(
        run,
        mode_occupation=kept(run.mode_occupation),
        mode_energy=kept(run.mode_energy),
        ancilla_energy=kept(run.ancilla_energy),
    )
