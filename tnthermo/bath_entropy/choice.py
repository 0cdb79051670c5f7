"""Whether and how a run measures the entropy of its physical bath: exactly, from both sides, or not at all."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from chains.checks import integer_problems, number_problems, word_problems
from chains.problems import Problem
from tnthermo.bath_entropy.block import entropy_of
from tnthermo.bath_entropy.correlation import Correlation
from tnthermo.bath_entropy.counting import COUNTED, configurations
from tnthermo.bath_entropy.enclose import MOST_MODES, enclose
from tnthermo.bath_entropy.frame import Frame, frame, why_not
from tnthermo.bath_entropy.sides import Effort, at_origin
from tnthermo.bath_entropy.whole import effort_of, whole
from tnthermo.engine_protocol import Held
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.network.state import State

Wanted = Literal["auto", "exact", "bracket", "off"]
WANTED: tuple[Wanted, ...] = ("auto", "exact", "bracket", "off")
ACCURACY = 2e-3  # nats: half of the distance of the bounds, up to which their middle is a value
# states kept of all modes of a bath unless the user says how many, and of those modes that bounds are read from
WHOLE = {"auto": 150, "bracket": 400, "exact": 2000}
PART = {"auto": 250, "bracket": 400, "exact": 400}
# products of numbers of one evaluation
BUDGET = {"auto": 1e11, "bracket": 3e12, "exact": 3e12}
RATE = 3e10  # a second, measured, one thread
WEIGHT = 1e-7  # that one projection may leave out where all modes are represented,
FINER = (1e-12, 1e-11, 1e-10, 1e-9, 1e-8)  # and less, where that costs next to nothing:
FEW = 200  # states that cost a second
CLOSER = 0.5  # of the accuracy, at which bounds are close enough,
SHARE = 2e-3  # or this of 2 S_S, where that is less
SECONDS_PER_CUBE = 6e-7  # of the states kept: measured, one thread
SECONDS = 0.5


@dataclass(frozen=True, kw_only=True, eq=False)
class BathEntropy:
    """How I(S:B) is measured in a run.

    frame            all modes of the bath, where these are finitely many; else None
    exact            whether every one is represented; else it is enclosed
    most             states kept of the larger side
    weight           that one projection may leave out, where every mode is represented
    budget           products of numbers that an evaluation may take where it is enclosed
    accuracy         half of the distance of the bounds, nats, up to which their middle is a value
    initial_entropy  S_S at t = 0
    thrifty          whether evaluations are left out where all of them would take longer than the run itself
    """

    model: Model
    frame: Frame | None
    exact: bool
    most: int
    weight: float
    budget: float
    accuracy: float
    initial_entropy: float
    thrifty: bool = True

    @property
    def effort(self) -> Effort:
        """What may be spent where every mode is represented."""
        return effort_of(self.weight, self.most)

    def seconds(self) -> tuple[float, float]:
        """(low, high) of one evaluation, at the beginning of a run and at its end, where the bonds between the modes are full."""
        if not self.exact or self.frame is None:
            return 0.1, self.budget / RATE
        states = min(self.most, 3 * configurations(self.frame.occupations))
        usual = SECONDS + SECONDS_PER_CUBE * states**3
        return 0.3 * usual, 3 * usual

    def describe(self) -> str:
        """In words."""
        if self.exact and self.frame is not None:
            return f"exact: all {self.frame.modes} modes of the bath, at most {self.most} states kept of it"
        return (
            f"enclosed: I(S:B_K Q) <= S_chi <= 2 S_S - I(S:S' B'_K' Q'), K up to {MOST_MODES} modes, or more where it pays, of what the "
            f"system has felt or the state says of its correlations, in at most {self.most} states; Q reads a quadrature of the rest; "
            "primes: what purifies; S_chi <= Delta S_S + the entropy change of the Gaussian state of the same moments, less what K lacks "
            "of being Gaussian"
        )

    def measure(self, state: State, held: Held | None = None, budget: float = math.inf) -> Correlation:
        """I(S:B) of a state of the run; ``held``: what sites that are no chains hold of the baths.

        Raises `tnthermo.bath_entropy.correlation.Unphysical` for bounds that contradict each other.
        """
        if self.exact and self.frame is not None:
            return whole(at_origin(state), self.frame, initial_entropy=self.initial_entropy, effort=self.effort)
        return enclose(
            state,
            self.model,
            initial_entropy=self.initial_entropy,
            held=held,
            target=CLOSER * self.accuracy,
            share=SHARE,
            most=self.most,
            budget=min(budget, self.budget),
        )


def choose(
    model: Model,
    wanted: Wanted,
    *,
    rho: Matrix | None,
    most: int | None,
    accuracy: float | None = None,
    thrifty: bool = True,
    bins: bool = False,
) -> BathEntropy | None:
    """What to do; None where nothing is to be measured: it is known at T = 0, was not wanted, or the start is a correlated one.

    rho       (d, d) of a product start, None for the mean-force state
    most      states kept of a side; None: `WHOLE`, `PART`
    accuracy  half of the distance of the bounds, nats, up to which their middle is a value; None: `ACCURACY`
    bins      whether the sites are those of time bins, which mix the modes
    """
    if wanted == "off" or rho is None or model.temperature == 0:
        return None
    found = None if bins or why_not(model) else frame(model)
    limit, weight = most or WHOLE[wanted], WEIGHT
    exact = found is not None and (wanted == "exact" or configurations(found.occupations) <= limit)
    if exact and found is not None:  # as finely as costs next to nothing
        fine = [w for w in FINER if 2 * configurations(found.occupations, missing=w) <= min(limit, FEW)]
        weight = min([weight, *fine])
    weights = np.asarray(np.linalg.eigvalsh(rho), dtype=np.float64)
    return BathEntropy(
        model=model, frame=found, exact=exact, most=limit if exact else most or PART[wanted], weight=weight, budget=BUDGET[wanted],
        accuracy=accuracy or ACCURACY, initial_entropy=entropy_of(weights), thrifty=thrifty and not exact,
    )  # fmt: skip


def states_of_exact(frame: Frame, most: int | None) -> tuple[str, int, bool]:
    """(How many states of the bath the exact route takes, in words; how many it may; whether these are enough)."""
    needed, limit = configurations(frame.occupations), most or WHOLE["exact"]
    count = f"about {needed:.2g}" if math.isfinite(needed) else f"more than {math.exp(COUNTED):.0e}"
    return f"{count} states of the bath", limit, needed <= limit


def choice_problems(
    model: Model,
    wanted: object,
    *,
    correlated: bool,
    most: object,
    accuracy: object = None,
    prefix: str = "",
    bins: bool = False,
) -> list[Problem]:
    """Why that cannot be had: names, "exact" where the bath is no finite set of modes, or too hot to be represented.

    correlated  whether the start is the mean-force state
    """
    key, cap = f"{prefix}bath_entropy", f"{prefix}bath_entropy_max_bond"
    problems = word_problems(key, wanted, WANTED)
    if most is not None:
        problems += [replace(p, allowed=f"{p.allowed}, or left out") for p in integer_problems(cap, most, at_least=2)]
    if accuracy is not None:
        named = number_problems(f"{prefix}bath_entropy_accuracy", accuracy, above=0.0)
        problems += [replace(p, allowed=f"{p.allowed}, or left out") for p in named]
    if not problems and bins and wanted == "exact":
        allowed = "auto | bracket | off on time bins, which mix the modes"
        return [Problem(key=key, value=wanted, allowed=allowed)]
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
