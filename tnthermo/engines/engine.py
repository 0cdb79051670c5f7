"""How an engine is prepared, and which one a method has."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from chains.problems import Problem, raise_if_any
from tnthermo.algorithms import ALGORITHMS, TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact, TimeBins
from tnthermo.engine_protocol import Engine
from tnthermo.engines.exact import ExactEngine
from tnthermo.engines.tdvp import TDVPEngine, filled
from tnthermo.engines.tebd import TEBDEngine
from tnthermo.engines.time_bins.engine import TimeBinEngine
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import LOWEST_LEVELS
from tnthermo.network.state import State
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Prepared:
    """The state at t = 0, and what is known of it.

    may_grow     whether boson levels may grow ("auto")
    displaced    for each bath the <a_k> of its physical modes; none where nothing is displaced
    levels       of a time bin: the state has none yet
    free_energy  -T log(Z/Z_B) of a mean-force start; else NaN
    flags        what did not converge
    fresh        False for the state of a later time, from which a run goes on
    """

    state: State
    may_grow: bool
    displaced: tuple[Complex, ...] = ()
    levels: int = LOWEST_LEVELS
    free_energy: float = math.nan
    flags: tuple[str, ...] = ()
    fresh: bool = True


ENGINES: dict[type[Algorithm], Callable[..., Engine]] = {
    TDVP: TDVPEngine, TDVP1: TDVPEngine, TDVP2: TDVPEngine, TEBD: TEBDEngine, Exact: ExactEngine, TimeBins: TimeBinEngine,
}  # fmt: skip
"""Who carries out each of `tnthermo.algorithms.ALGORITHMS`: made from it, a state, the automaton of H, the model, may_grow and rougher; on
time bins from it, the system's state, the model, the times of the run, may_grow and what is known of the start."""


def engine_problems(model: Model, algorithm: Algorithm) -> list[Problem]:
    """Why a method cannot evolve a model: gates and pairs of sites see neighbours on the line only."""
    if algorithm.bins:
        return []
    without = [j for j, coupling in enumerate(model.couplings) if not coupling.chains]
    if without:
        which = "its bath is" if len(model.couplings) == 1 else f"bath {', '.join(map(str, without))} is"
        hint = "or a bath on sites: chains.chain(...), chains.thermofield_chains(...), chains.star_cells(...)"
        return [
            Problem(
                key="algorithm", value=algorithm.name, allowed=f"{TimeBins.name}: {which} not discretised", hint=hint
            )
        ]
    if model.neighbours_only or not algorithm.neighbours_only:
        return []
    star = any(represented(coupling.bath).separate for coupling in model.couplings)
    which = "star cells and the system" if star else "sites of interleaved chains"
    allowed = f"{' | '.join(kind.name for kind in ALGORITHMS if not kind.neighbours_only)}: {which} interact across each other"
    helps = len(model.chains) == 2 and not star
    hint = 'or layout = "middle", the system between the two chains' if helps else ""
    return [Problem(key="algorithm", value=algorithm.name, allowed=allowed, hint=hint)]


def engine_for(
    model: Model, start: Prepared, algorithm: Algorithm, *, times: Real | None = None, rougher: bool = False
) -> Engine:
    """The engine that carries out ``algorithm`` from the prepared state; ``rougher``: as the companion from which error bars come.

    times  (m,) of the run, from 0: time bins are laid out for them, other engines do not ask

    Raises `chains.InvalidInput` for `engine_problems`.
    """
    raise_if_any(engine_problems(model, algorithm))
    state = start.state
    engine = ENGINES[type(algorithm)]
    if algorithm.bins:
        if times is None:
            raise TypeError("time bins are laid out for the times of a run")
        psi = state.tensors[state.system].reshape(state.dimension, -1)[:, : state.ancilla]
        return engine(
            algorithm, psi, model, times=times, levels=start.levels, may_grow=start.may_grow, displaced=start.displaced
        )
    if algorithm.fixed_bond is not None and start.fresh:
        state = filled(state, algorithm.fixed_bond, may_grow=start.may_grow)
    machine = automaton(model.terms, model.line.length)
    return engine(algorithm, state, machine, model, may_grow=start.may_grow, rougher=rougher)
