"""Where a run starts: system and thermal baths as a product, the baths displaced, or the whole in equilibrium.

Displaced   each bath is D(alpha) rho^beta D(alpha)^dag with D(alpha) = exp(sum_k alpha_k a_k^dag - h.c.). With the thermofield map
            D(alpha_k) = D_b(alpha_k cosh) D_b'(-alpha_k^* sinh): a product of coherent states of the chain sites.
Mean-force  exp(-beta H)/Z of the coupled whole. exp(-beta (H_S + H_int + H_chain)/2) on (S maximally entangled with S') (x) the thermofield
            vacuum purifies it, because H_B' commutes with all the rest (scripts/docs/models.md: a mean-force start).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import scipy

import chains
from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import FINEST, TDVP, Algorithm
from tnthermo.engines.engine import Prepared
from tnthermo.engines.tdvp import TDVPEngine
from tnthermo.evolution.displacement import Displacements, chain_amplitudes, largest_amplitudes
from tnthermo.model.model import Model
from tnthermo.model.modes import mode_functions
from tnthermo.model.operators import Matrix, purify
from tnthermo.model.representation import represented
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import LOWEST_LEVELS, Levels
from tnthermo.network.state import State, product_state
from tnthermo.types import Complex

PHASE = 0.15  # imaginary-time steps times the strongest local term: a fourth-order step is then good to about 1e-7
# of the energies in play: how far bath and ancilla of an equilibrium may differ; less is in the error bars
MIRROR = 1e-2
FEWEST = 4  # imaginary-time steps
MOST_LEVELS = 400
MOST_LOST = 0.5  # of a displaced start, that may be cut off: what is left is no such state
MOST_IMAGINARY = 100_000  # steps of imaginary time


def prepare(
    model: Model,
    rho: Matrix | None,
    algorithm: Algorithm,
    levels: Levels,
    displacements: Displacements,
    until: float,
    look: Callable[[], None] = lambda: None,
    *,
    rougher: bool = False,
) -> Prepared:
    """The start of a run: rho (d, d) times the (displaced) baths, or with None the mean-force state.

    look     called between the steps of imaginary time; what it raises ends them
    rougher  for the companion that judges a run: with fewer such steps
    """
    if rho is None:
        return _mean_force(model, algorithm, levels, look=look, rougher=rougher)
    if algorithm.bins:
        return _on_bins(model, rho, levels, displacements, until)
    amplitudes = np.zeros(model.sites, dtype=np.complex128)
    flags = []
    displaced: tuple[Complex, ...] = ()
    numbers = levels.start
    if displacements.any:
        parts = []
        found = mode_functions(model)
        displaced = displacements.of_modes(model, found)
        for coupling, alpha, modes in zip(model.couplings, displaced, found, strict=True):
            part, missing = chain_amplitudes(coupling, alpha, modes, until)
            parts.append(part)
            if missing > algorithm.tolerance:
                flags.append(
                    f"displacement: the chain's <X>(t) is off by {missing:.2g} of its largest value (take more modes)"
                )
        amplitudes = np.concatenate(parts)
        if levels.may_grow:
            # what is cut off of a coherent state looks like correlations between sites: to the sweep it must be nothing at all
            nothing = max(algorithm.level_weight**2, 1e-22)
            reached = largest_amplitudes(model, amplitudes, until)
            numbers = tuple(_enough(a, d, nothing) for a, d in zip(reached, numbers, strict=True))
    beyond = [_beyond(a, d) for a, d in zip(amplitudes, numbers, strict=True)]
    lost = -math.expm1(sum(math.log1p(-b) for b in beyond)) if max(beyond) < 1 else 1.0
    if lost > MOST_LOST:
        raise InvalidInput([_too_far(displacements.written, amplitudes, numbers, lost, may_grow=levels.may_grow)])
    if lost > max(model.sites * algorithm.level_weight, 1e-12):
        flags.append(f"displacement: {lost:.2g} of the coherent states does not fit into the boson levels given")
    state = product_state(purify(rho), model.line, numbers, tuple(amplitudes))
    return Prepared(state=state, may_grow=levels.may_grow, displaced=displaced, flags=tuple(flags))


def system_alone(rho: Matrix) -> State:
    """The system in rho (d, d), purified: a line of one site, before any bin."""
    psi = purify(rho)
    return State(
        tensors=(psi.reshape(1, psi.size, 1).astype(np.complex128),), time=0.0, dimension=len(psi), ancilla=psi.shape[1]
    )


def _on_bins(model: Model, rho: Matrix, levels: Levels, displacements: Displacements, until: float) -> Prepared:
    """Displaced baths are numbers added to their fields, exact whatever the levels of the bins."""
    displaced: tuple[Complex, ...] = ()
    if displacements.any:
        found = [represented(coupling.bath).physical(until) for coupling in model.couplings]
        displaced = displacements.of_modes(model, found)
    number = levels.start[0] if levels.start else LOWEST_LEVELS
    return Prepared(state=system_alone(rho), may_grow=levels.may_grow, displaced=displaced, levels=number)


def _too_far(
    displacement: object, amplitudes: Complex, numbers: Sequence[int], lost: float, *, may_grow: bool
) -> Problem:
    """The problem of a displacement of which next to nothing fits into the boson levels."""
    worst = int(np.argmax(np.abs(amplitudes)))
    quanta = float(np.abs(amplitudes[worst])) ** 2
    allowed = (
        f"coherent states that fit into the boson levels: {lost:.3g} of this one does not, "
        f"{quanta:.3g} quanta on site {worst} in {numbers[worst]} levels"
    )
    hint = f"at most {MOST_LEVELS} levels a site" if may_grow else 'levels = "auto" takes what is needed'
    return Problem(key="displacement", value=displacement, allowed=allowed, hint=f"{hint}; or a smaller displacement")


def _beyond(amplitude: complex, levels: int) -> float:
    """Weight of a coherent state in the levels from ``levels`` on: the tail of a Poisson distribution."""
    return float(scipy.special.gammainc(levels, abs(amplitude) ** 2))


def _enough(amplitude: complex, least: int, weight: float) -> int:
    """Levels of which the highest two, and all beyond, hold less than ``weight`` of a coherent state: the rule by which levels grow."""
    levels = least
    while levels < MOST_LEVELS and _beyond(amplitude, levels - 2) > weight:
        levels += max(2, levels // 4)
    return levels


def imaginary_steps(model: Model, algorithm: Algorithm) -> float:
    """Steps of imaginary time to 1/(2 T), before rounding; inf where they have no double."""
    scale = max(
        float(np.abs(model.hamiltonian_at(0.0)).max()),
        *(kappa * float(np.linalg.norm(c.operator, 2)) for c in model.couplings for kappa in c.local_strengths),
        *(float(np.abs(chain.hoppings).max(initial=0.0)) for chain in model.chains),
    )
    # the rougher run for the error bars prepares its start with the longer steps, too
    phase = PHASE * min(1.0, (algorithm.tolerance / 1e-7) ** 0.25)
    assert model.temperature is not None
    return float(np.float64(0.5) / model.temperature * scale / phase)


def _mean_force(
    model: Model,
    algorithm: Algorithm,
    levels: Levels,
    *,
    look: Callable[[], None],
    rougher: bool,
) -> Prepared:
    """Imaginary time beta/2 by fourth-order TDVP."""
    temperature = model.temperature
    assert temperature is not None
    d = model.dimension
    state = product_state(np.eye(d, dtype=np.complex128) / math.sqrt(d), model.line, levels.start)
    duration = 0.5 / temperature
    steps = max(FEWEST, math.ceil(imaginary_steps(model, algorithm)))
    if rougher:  # two thirds of the run's own, which has a tenth of the tolerance: the rule may give both the same
        finer = replace(algorithm, tolerance=max(FINEST, 0.1 * algorithm.tolerance))
        steps = min(steps, 2 * max(FEWEST, math.ceil(imaginary_steps(model, finer))) // 3)
    tolerance = min(1e-4, max(FINEST, 0.1 * algorithm.tolerance))
    settings = TDVP(step=duration / steps, tolerance=tolerance, max_bond=algorithm.max_bond, order=4)
    machine = automaton(model.terms, model.line.length)
    engine = TDVPEngine(settings, state, machine, model, may_grow=levels.may_grow, imaginary=True, rougher=rougher)
    capped = 0.0
    for _ in range(steps):
        look()
        report = engine.step(duration / steps)
        capped = max(capped, report.capped, report.missed)
    whole = engine.whole()
    local = whole.local()
    flags = [f"bond cap {algorithm.max_bond} reached in the mean-force start"] if capped > 0 else []
    short = max((chains.equilibrium_error(chain) for chain in model.chains), default=0.0)
    if short > algorithm.tolerance:
        flags.append(f"mean-force start: C(-i tau) of the chain is off by {short:.2g} of C(0) (take more modes)")
    # <H_chain> = <H_B> - <H_B'> vanishes: bath and ancilla are each other's mirror image. Imaginary time lowers H_chain without a bound,
    # so rounding in directions that carry no weight may grow beyond all others; then this is what shows it.
    apart = float(np.abs(local.chain_energy).max())
    if apart > MIRROR * max(temperature, abs(local.total_energy)):
        flags.append(
            f"mean-force start: the energies of bath and ancilla differ by {apart:.2g} (another max_bond, fewer modes or a lower support)"
        )
    return Prepared(
        state=replace(whole.state(0.0), time=0.0),
        may_grow=levels.may_grow,
        free_energy=-temperature * (2 * engine.log_norm + math.log(d)),
        flags=tuple(flags),
    )
