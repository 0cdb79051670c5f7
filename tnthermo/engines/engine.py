"""How an engine is prepared, and which one a method has."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chains.problems import Problem, raise_if_any
from tnthermo.algorithms import ALGORITHMS, TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact
from tnthermo.engine_protocol import Engine
from tnthermo.engines.exact import ExactEngine
from tnthermo.engines.tdvp import TDVPEngine, filled
from tnthermo.engines.tebd import TEBDEngine
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.network.automaton import automaton
from tnthermo.network.state import State
from tnthermo.types import Complex


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The state at t = 0, and what is known of it.

    may_grow     whether boson levels may grow ("auto")
    displaced    for each bath the <a_k> of its physical modes; none where nothing is displaced
    free_energy  -T log(Z/Z_B) of a mean-force start; else NaN
    flags        what did not converge
    fresh        False for the state of a later time, from which a run goes on
    """

    state: State
    may_grow: bool
    displaced: tuple[Complex, ...] = ()
    free_energy: float = math.nan
    flags: tuple[str, ...] = ()
    fresh: bool = True


ENGINES: dict[type[Algorithm], Callable[..., Engine]] = {
    TDVP: TDVPEngine, TDVP1: TDVPEngine, TDVP2: TDVPEngine, TEBD: TEBDEngine, Exact: ExactEngine,
}  # fmt: skip
"""Who carries out each of `tnthermo.algorithms.ALGORITHMS`: made from it, a state, the automaton of H, the model, may_grow and rougher."""


def engine_problems(model: Model, algorithm: Algorithm) -> list[Problem]:
    """Why a method cannot evolve a model: gates and pairs of sites see neighbours on the line only."""
    if model.neighbours_only or not algorithm.neighbours_only:
        return []
    star = any(represented(coupling.bath).separate for coupling in model.couplings)
    which = "star cells and the system" if star else "sites of interleaved chains"
    allowed = f"{' | '.join(kind.name for kind in ALGORITHMS if not kind.neighbours_only)}: {which} interact across each other"
    helps = len(model.chains) == 2 and not star
    hint = 'or layout = "middle", the system between the two chains' if helps else ""
    return [Problem(key="algorithm", value=algorithm.name, allowed=allowed, hint=hint)]


def engine_for(model: Model, start: Prepared, algorithm: Algorithm, *, rougher: bool = False) -> Engine:
    """The engine that carries out ``algorithm`` from the prepared state; ``rougher``: as the companion from which error bars come.

    Raises `chains.InvalidInput` for `engine_problems`.
    """
    raise_if_any(engine_problems(model, algorithm))
    state = start.state
    if algorithm.fixed_bond is not None and start.fresh:
        state = filled(state, algorithm.fixed_bond, may_grow=start.may_grow)
    machine = automaton(model.terms, model.line.length)
    engine = ENGINES[type(algorithm)]
    return engine(algorithm, state, machine, model, may_grow=start.may_grow, rougher=rougher)
