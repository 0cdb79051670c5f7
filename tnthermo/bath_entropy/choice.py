"""Whether and how a run measures the entropy of its physical bath: exactly, from both sides, or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chains.checks import integer_problems, word_problems
from chains.problems import Problem
from tnthermo.bath_entropy.block import entropy_of
from tnthermo.bath_entropy.bracket import (
    BEYOND,
    COUNTED,
    Correlation,
    Effort,
    affordable,
    bond_of,
    configurations,
    correlation,
)
from tnthermo.bath_entropy.collective import felt_modes
from tnthermo.bath_entropy.frame import Frame, Unphysical, frame, why_not
from tnthermo.bath_entropy.gaussian_bounds import gaussian_bound
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.network.state import State

Wanted = Literal["auto", "exact", "bracket", "off"]
WANTED: tuple[Wanted, ...] = ("auto", "exact", "bracket", "off")
# states kept of a side unless the user says how many: what "auto" takes costs about a second, "bracket" half a minute, "exact" minutes
USUAL = {"auto": 150, "bracket": 400, "exact": 2000}
FINER = (1e-12, 1e-11, 1e-10, 1e-9, 1e-8)  # weights that a projection may leave out, where they can be had
FEW = 200  # states that cost a second
COARSER = (1e-4, 1e-5, 1e-6)  # tried first where there are only bounds: rotations of a hot bath take minutes at 1e-7
SHARE = 0.2  # of the distance of the bounds, that what was left out may cost before a smaller weight is tried
ENOUGH = 1e-3  # nats, that it may cost in any case
CROSSED = 0.01  # nats by which the truncation of a run may make its lower bound larger than the upper one
WIDE = 0.05  # nats between the bounds, above which one collective mode more is worth what it loses by projections
LOOSE = 1e-2  # of its thermal state, that ``most`` states may then leave out
SECONDS_PER_CUBE = 6e-7  # of the states kept: measured, one thread
SECONDS = 0.5
ROTATION = 7e-6  # seconds of one rotation with its share of the rest, times bond^-2.3: measured between 64 and 150 at the end of a hot run


@dataclass(frozen=True, kw_only=True, eq=False)
class BathEntropy:
    """How I(S:B) is measured in a run.

    exact            whether every mode is represented, or as many collective ones as ``effort`` affords
    initial_entropy  S_S at t = 0
    """

    frame: Frame
    exact: bool
    effort: Effort
    initial_entropy: float

    def seconds(self, until: float) -> tuple[float, float]:
        """(low, high) of one evaluation, at the beginning of a run and at its end, where the bonds between the modes are full."""
        most = self.effort.most
        states = min(most, 3 * configurations(self.frame.occupations)) if self.exact else most
        usual = SECONDS + SECONDS_PER_CUBE * states**3
        if self.exact:
            return 0.3 * usual, 3 * usual
        modes = affordable(self.frame, until, self.effort, missing=LOOSE).modes
        rotations = 4 * modes * self.frame.own.shape[1]  # of a mode and its partner, for either bound
        return 0.3 * usual, usual + rotations * ROTATION * bond_of(self.effort) ** 2.3

    def describe(self, until: float) -> str:
        """In words, for a run to that time: what is represented at its end, and what one mode more would take."""
        count, most = self.frame.modes, self.effort.most
        if self.exact:
            return f"exact: all {count} modes of the bath, at most {most} states kept of it"
        felt = [K.occupations for K in felt_modes(self.frame, until)]
        modes = affordable(self.frame, until, self.effort).modes
        text = (
            f"I(S:B_K Q) <= S_chi <= 2 S_S - I(S:S' B'_K' Q'): K is {modes} of the {len(felt) - 1} collective modes of the bath's {count} "
            f"that the system has met by t = {until:g}, in at most {most} states; Q reads a quadrature of the rest; primes: "
            "what purifies; S_chi <= Delta S_S + the entropy change of the Gaussian state of the same moments as well"
        )
        if modes + 1 < len(felt):
            text += f"; one mode more takes about {configurations(felt[modes + 1], missing=BEYOND):.2g} states"
        return text

    def measure(self, state: State) -> Correlation:
        """I(S:B) of a state of the run.

        Where it is only bounded, from above by the Gaussian companion too, and with weights that get smaller, down to that of ``effort``,
        until what is left out no longer matters: wide bounds do not deserve a fine and dear state. Bounds that stay wide are tried with
        more modes than the states hold well. All bounds hold, the best count. Raises `Unphysical` where they contradict each other.
        """
        if self.exact:
            return self._at(state, self.frame.warm, self.effort.weight)
        gaussian = gaussian_bound(state, self.frame).entropy_change
        modes = affordable(self.frame, state.time, self.effort).modes
        weights = [weight for weight in COARSER if weight > self.effort.weight] + [self.effort.weight]
        lower, upper = 0.0, np.inf
        for weight in weights:
            found = self._at(state, modes, weight)
            lower = max(lower, found.lower)
            upper = min(upper, found.upper, found.S_S - self.initial_entropy + gaussian)
            if found.loss <= max(ENOUGH, SHARE * (upper - lower)):
                break
        if upper - lower <= WIDE:
            return _enclosing(replace(found, lower=lower, upper=upper))
        more = affordable(self.frame, state.time, self.effort, missing=LOOSE).modes
        if more > modes:
            other = self._at(state, more, weights[0])
            found = other if other.lower > lower else found
            lower, upper = max(lower, other.lower), min(upper, other.upper)
        return _enclosing(replace(found, lower=lower, upper=upper))

    def _at(self, state: State, modes: int, weight: float) -> Correlation:
        effort = replace(self.effort, weight=weight)
        return correlation(state, self.frame, initial_entropy=self.initial_entropy, effort=effort, modes=modes)


def _enclosing(found: Correlation) -> Correlation:
    """The bounds, unless the lower one is above the upper one by more than the truncation of a run accounts for."""
    if not found.lower <= found.upper + CROSSED:
        raise Unphysical(f"the lower bound of S_chi, {found.lower:.6g}, is above the upper one, {found.upper:.6g}")
    return found


def choose(model: Model, wanted: Wanted, *, rho: Matrix | None, most: int | None) -> BathEntropy | None:
    """What to do; None where nothing is to be measured: it is known at T = 0, was not wanted, or "auto" and "bracket" cannot.

    rho   (d, d) of a product start, None for the mean-force state
    most  states kept of a side; None: `USUAL`
    """
    if wanted == "off" or rho is None or model.temperature == 0 or why_not(model):
        return None
    found = frame(model)
    effort = Effort(most=most or USUAL[wanted])
    exact = wanted == "exact" or configurations(found.occupations) <= effort.most
    if exact:  # as finely as costs next to nothing
        few = min(effort.most, FEW)
        fine = [weight for weight in FINER if 2 * configurations(found.occupations, missing=weight) <= few]
        effort = replace(effort, weight=min([effort.weight, *fine]))
    weights = np.asarray(np.linalg.eigvalsh(rho), dtype=np.float64)
    return BathEntropy(frame=found, exact=exact, effort=effort, initial_entropy=entropy_of(weights))


def states_of_exact(frame: Frame, most: int | None) -> tuple[str, int, bool]:
    """(How many states of the bath the exact route takes, in words; how many it may; whether these are enough)."""
    needed, limit = configurations(frame.occupations), most or USUAL["exact"]
    count = f"about {needed:.2g}" if math.isfinite(needed) else f"more than {math.exp(COUNTED):.0e}"
    return f"{count} states of the bath", limit, needed <= limit


def choice_problems(model: Model, wanted: object, *, correlated: bool, most: object, prefix: str = "") -> list[Problem]:
    """Why that cannot be had: names, "exact" where the bath is no finite set of modes, or too hot to be represented.

    correlated  whether the start is the mean-force state
    """
    key, cap = f"{prefix}bath_entropy", f"{prefix}bath_entropy_max_bond"
    problems = word_problems(key, wanted, WANTED)
    if most is not None:
        problems += [replace(p, allowed=f"{p.allowed}, or left out") for p in integer_problems(cap, most, at_least=2)]
    if problems or wanted != "exact" or model.temperature == 0:
        return problems
    reason = "a mean-force start: the bath is not thermal" if correlated else why_not(model)
    if reason:
        hint = 'route = "star-cells" makes the bath one of finitely many modes; "auto" takes what can be had'
        return [Problem(key=key, value=wanted, allowed=f"auto | bracket | off here: {reason}", hint=hint)]
    found = frame(model)
    assert most is None or isinstance(most, int)
    states, limit, fits = states_of_exact(found, most)
    if not fits:
        allowed = (
            f"auto | bracket | off here: S_B(0) = {found.entropies.sum():.3g} nats take {states}, {limit} are allowed"
        )
        return [
            Problem(key=key, value=wanted, allowed=allowed, hint=f"or a larger {cap.rpartition('.')[2]}, fewer modes")
        ]
    return []
