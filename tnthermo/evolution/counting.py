"""The characteristic function of the chains' energy in a state, <psi| exp(i u H) |psi> with H = sum_j v_j H_chain,j, by turning the state.

It is <exp(-i u' H) psi | exp(i (u - u') H) psi>: two copies are turned against each other, each through half of the largest u. H has no
system in it; whatever engine evolves the model evolves this, too. What comes back from the end of a chain is right as long as C(t) of the
chain is that of the bath up to the time of the state plus u: the heat depends on the bath through C up to there alone.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnthermo.algorithms import Algorithm
from tnthermo.engine_protocol import StepReport, Whole
from tnthermo.engines.engine import Prepared, engine_for
from tnthermo.engines.heat_moments import heat_moments, mean_and_square
from tnthermo.model.counted import counted
from tnthermo.model.model import Model
from tnthermo.network.state import State
from tnthermo.record.flag_text import COVERED
from tnthermo.types import Complex, Real

SATURATED = 10.0  # times the level weight: a fixed number of levels is too small


def fields(until: float, step: float, *, rougher: bool = False) -> Real:
    """u (m,) from 0 to ``until``, evenly spaced, by at most ``step``; ``rougher``: every other one of the run with half the step."""
    fine = 0.5 * step if rougher else step
    pairs = max(1, int(np.ceil(until / (2 * fine) * (1 - 1e-12))))
    return np.linspace(0.0, until, (pairs if rougher else 2 * pairs) + 1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Counting:
    """How states of one model are turned.

    until     the largest u
    rougher   for the companion that judges: twice the step
    judged    whether there is one
    tell      is told (the copy that was turned, u) after every step
    flags     what did not converge, added to
    """

    model: Model
    algorithm: Algorithm
    until: float
    may_grow: bool
    rougher: bool
    judged: bool
    tell: Callable[[Whole, float], None]
    flags: dict[str, str]

    @property
    def u(self) -> Real:
        """The fields (m,) at which G is known."""
        return fields(self.until, self.algorithm.step, rougher=self.rougher)

    def characteristic(self, state: State, weights: tuple[float, ...]) -> Complex:
        """G (m,) at ``u``, with the weights v_j (B,) of the baths."""
        u = self.u
        one = np.eye(state.dimension, dtype=np.complex128)
        ahead, back = (self._engine(state, tuple(side * v for v in weights)) for side in (1.0, -1.0))
        found = [ahead.whole().overlap(back.whole(), one)]
        for k in range(1, u.size):
            turned = back if k % 2 else ahead
            report = turned.step(float(u[k] - u[k - 1]))
            self._look(report, float(u[k]))
            found.append(ahead.whole().overlap(back.whole(), one))
            self.tell(turned.whole(), float(u[k]))
        return np.array(found)

    def moments(self, state: State, weights: tuple[float, ...]) -> Real:
        """<H^n> (5,) for n = 0 .. 4."""
        return heat_moments(self._engine(state, weights).whole(), counted(self.model, weights))

    def covariance(self, state: State) -> Real:
        """(B, B) of the heats of the baths, energy^2: from the variances of q_i + q_j and q_i - q_j."""
        count = len(self.model.couplings)
        one = np.eye(count)
        result = np.zeros((count, count))
        for i in range(count):
            for j in range(i + 1):
                sums = [
                    self._variance(state, tuple(one[i] + side * one[j])) for side in ((1.0, -1.0) if i != j else (0.0,))
                ]
                result[i, j] = result[j, i] = sums[0] if i == j else 0.25 * (sums[0] - sums[1])
        return result

    def _variance(self, state: State, weights: tuple[float, ...]) -> float:
        _, first, second = mean_and_square(self._engine(state, weights).whole(), counted(self.model, weights))
        return second - first**2

    def _engine(self, state: State, weights: tuple[float, ...]) -> Any:
        start = Prepared(state=state, may_grow=self.may_grow, fresh=False)
        return engine_for(counted(self.model, weights), start, self.algorithm, rougher=self.rougher)

    def _look(self, report: StepReport, u: float) -> None:
        cap, level_weight = self.algorithm.max_bond, self.algorithm.level_weight
        if report.capped > 0 or report.missed > self.algorithm.tolerance:
            self.flags.setdefault(
                "counting bond", f"bond cap {cap} reached at u = {u:g}{self.judged * f' ({COVERED})'}"
            )
        if not self.may_grow and report.top.size and report.top.max() > SATURATED * level_weight:
            self.flags.setdefault(
                "counting levels", f"boson level saturated at u = {u:g} (top population {report.top.max():.2g})"
            )
