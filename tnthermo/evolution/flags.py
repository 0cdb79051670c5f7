"""What did not converge in a run: each with a name and the time it was first seen."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from tnthermo.algorithms import Algorithm
from tnthermo.engine_protocol import Local, StepReport, Whole
from tnthermo.errors import RunFailed
from tnthermo.evolution.doubts import COARSEST, FINEST, Doubt
from tnthermo.model.line import distances
from tnthermo.model.model import end_times
from tnthermo.record.flag_text import COVERED, one_flag
from tnthermo.record.growing import Columns
from tnthermo.types import Snapshot

SATURATED = 10.0  # times the level weight: a fixed number of levels is too small
CHAIN_END = 10.0  # times the tolerance: change of the occupation of the last site of a chain that should go on
EARLY = 0.8  # of the time at which the front reaches the end: what is there before it came another way
NORM_DRIFT = 100.0  # times the accumulated discarded weight and Krylov bound (and 1e-9)
RUNAWAY_NORM = 0.01  # of the norm, beyond what is accounted for as above: what goes on from there is no state
RUNAWAY_ENERGY = 10.0  # times the energies in play, without a drive: the same


END_REACHED = (
    "from then on what is made of the modes' occupations (mode_occupation, residual_occupation) is NaN, "
    "system and energies are as they were; more modes avoid it"
)
UNTIL_FELT = " (until the system feels the end)"


def guard(local: Local, t: float) -> None:
    """Stop at the first non-finite number, naming it."""
    for name in ("norm", "total_energy", "chain_energy", "rho_S", "moment_X", "moment_P"):
        if not np.all(np.isfinite(getattr(local, name))):
            raise RunFailed(f"{name} is not finite at t = {t:g}")


def accounted(discarded: float, krylov: float) -> float:
    """The loss of norm that the weight discarded so far and the Krylov bounds so far account for."""
    return discarded + krylov**2


def guard_drift(local: Local, steps: Columns, discarded: float, krylov: float, *, scale: float, t: float) -> None:
    """Stop where norm or energy run away from those of the first of the ``steps``; less is flagged at the end and shows in the residuals.

    discarded, krylov  summed so far
    scale              of the energies in play; inf where a drive changes the energy
    """
    norm, energy = float(steps["norm"][0]), float(steps["total_energy"][0])
    if abs(local.norm - norm) > max(RUNAWAY_NORM * norm, NORM_DRIFT * accounted(discarded, krylov)):
        raise RunFailed(f"norm drifted from {norm:.6g} to {local.norm:.6g} at t = {t:g} (take a smaller step)")
    if abs(local.total_energy - energy) > RUNAWAY_ENERGY * (scale + abs(energy)):
        raise RunFailed(
            f"total_energy drifted from {energy:.6g} to {local.total_energy:.6g} at t = {t:g} (take a smaller step)"
        )


class Flags:
    """Collects, in ``found``, a text for each kind of thing that did not converge, and ``since`` when; what was known before comes first.

    whole      the start: the last site of a chain that should go on is watched for changes from it
    displaced  whether the baths started displaced: then the end of a chain moves by itself, and only what is not coherent is watched
    doubts     what could be told beforehand: of these, those about accuracy
    judged     whether a rougher run gives error columns
    """

    def __init__(
        self,
        start: Sequence[str],
        algorithm: Algorithm,
        whole: Whole,
        *,
        levels_may_grow: bool,
        displaced: bool = False,
        doubts: Sequence[Doubt] = (),
        judged: bool = False,
    ) -> None:
        self.found = {f"start {n}": text for n, text in enumerate(start)}
        self.since = dict.fromkeys(self.found, 0.0)
        for n, doubt in enumerate(doubt for doubt in doubts if doubt.about_accuracy):
            self._add(f"{doubt.kind} {n}", doubt.since, f"step {doubt.text}" if doubt.kind == "step" else doubt.text)
        self.judged = judged
        self.algorithm = algorithm
        self.levels_may_grow = levels_may_grow
        self.displaced = displaced
        model = whole.model
        self.model = model
        self.caps = algorithm.caps(distances(model.line))
        self.ends = {
            number: places[-1]
            for number, (chain, places) in enumerate(zip(model.chains, model.line.chains, strict=True))
            if chain.next_hopping > 0 and not algorithm.bins  # bins have no end
        }
        self.before = {number: self._occupation(whole, place) for number, place in self.ends.items()}

    def snapshot(self) -> Snapshot:
        """What `restore` needs."""
        return {
            "found": list(self.found.items()), "since": list(self.since.items()), "before": list(self.before.items())
        }  # fmt: skip

    def restore(self, saved: Snapshot) -> None:
        """Know what was found, and what the start was."""
        self.found = {name: text for name, text in saved["found"]}
        self.since = {name: float(t) for name, t in saved["since"]}
        self.before = {number: value for number, value in saved["before"]}

    def _add(self, kind: str, t: float, text: str) -> None:
        self.found[kind], self.since[kind] = one_flag(text), t

    def look(self, report: StepReport, whole: Whole, t: float) -> None:
        """After a step."""
        a = self.algorithm
        if "bond" not in self.found and self._capped(report, whole):
            lost = report.capped + report.missed**2
            what = f"no room for a weight of {lost:.1g} in that step"
            if self.judged:
                what += f", {COVERED}" if (a.max_bond or 0) > 1 else ", errors infinite"
            self._add("bond", t, f"bond cap {a.max_bond} reached at t = {t:g} ({what})")
        if (
            "levels" not in self.found
            and not self.levels_may_grow
            and report.top.size
            and report.top.max() > SATURATED * a.level_weight
        ):
            site = int(np.argmax(report.top))
            where = "in a time bin" if self.algorithm.bins else f"on chain site {site}"
            text = f"boson level saturated {where} at t = {t:g} (top population {report.top[site]:.2g})"
            self._add("levels", t, text)
        if "krylov" not in self.found and report.krylov > a.tolerance:
            self._add("krylov", t, f"Krylov not converged at t = {t:g}")
        if "chain" not in self.found and "noise" not in self.found:
            self._look_at_ends(whole, t)

    def _capped(self, report: StepReport, whole: Whole) -> bool:
        """Whether the cap alone cost weight.

        A bond that meets it within a step, and has fewer dimensions again once that step truncated it, lost what any truncation
        may lose, unless that is more than the tolerance.
        """
        if report.capped > 0 or report.missed > self.algorithm.tolerance:
            return True
        return report.missed > 0 and bool(np.any(whole.cuts >= self.caps))

    def _look_at_ends(self, whole: Whole, t: float) -> None:
        for number, place in self.ends.items():
            if not whole.is_active(place):
                continue
            change = abs(self._occupation(whole, place) - self.before[number])
            if change > CHAIN_END * self.algorithm.tolerance:
                which = "" if len(self.ends) == 1 else f" of chain {number}"
                occupied = f"occupation of the last site{which} {change:.2g}"
                least = min(max(self.algorithm.tolerance, FINEST), COARSEST)
                front = 0.0 if self.displaced else end_times(self.model, least).front
                if t >= EARLY * front:
                    felt = any(kind.split()[0] == "reflection" for kind in self.found)
                    self._add(
                        "chain", t, f"chain end reached at t = {t:g} ({occupied}): {END_REACHED}{UNTIL_FELT * felt}"
                    )
                    return
                # Nothing can have come here yet: what made it is the fault, and where that is named it is enough.
                if not {kind.split()[0] for kind in self.found} & {"step", "bond", "levels", "krylov"}:
                    comes = "" if math.isinf(front) else f", where the front comes at t = {front:.4g}"
                    text = (
                        f"noise at the end of the chain at t = {t:g} ({occupied}{comes}): a smaller step or tolerance"
                    )
                    self._add("noise", t, text)
                return

    def look_at_norm(self, norm: float, start: float, expected: float, t: float) -> None:
        """At the end; ``start`` is the norm then, ``expected`` the loss of norm that is accounted for."""
        drift = abs(norm - start)
        if drift > NORM_DRIFT * (expected + 1e-9):
            self._add("norm", t, f"norm drifted by {drift:.2g} at t = {t:g}")

    def _occupation(self, whole: Whole, place: int) -> float:
        """<c^dag c>, for displaced baths less |<c>|^2."""
        return whole.occupation(place, coherent=not self.displaced)
