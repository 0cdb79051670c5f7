"""Where a run starts: system and thermal baths as a product, the baths displaced, or the whole in equilibrium.

Displaced   each bath is D(alpha) rho^beta D(alpha)^dag with D(alpha) = exp(sum_k alpha_k a_k^dag - h.c.). With the thermofield map
            D(alpha_k) = D_b(alpha_k cosh) D_b'(-alpha_k^* sinh): a product of coherent states of the chain sites.
Mean-force  exp(-beta H)/Z of the coupled whole. exp(-beta (H_S + H_int + H_chain)/2) on (S maximally entangled with S') (x) the thermofield
            vacuum purifies it, because H_B' commutes with all the rest (README: correlated starts).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.special import gammainc

import chains
from chains.checks import number_problems
from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import FINEST, TDVP, Algorithm
from tnthermo.blocks import start_levels
from tnthermo.coupling import Coupling, sign
from tnthermo.local import Matrix, as_array, purify
from tnthermo.model import Model
from tnthermo.network import automaton
from tnthermo.record import Measure, mode_functions, total_energy
from tnthermo.state import State, product_state
from tnthermo.tdvp import TDVPEngine

Complex = npt.NDArray[np.complex128]
MEAN_FORCE = "mean-force"
PHASE = 0.15  # imaginary-time steps times the strongest local term: a fourth-order step is then good to about 1e-7
MIRROR = 1e-4  # of the energies in play: how far bath and ancilla of an equilibrium may differ
FEWEST = 4  # imaginary-time steps
MOST_LEVELS = 400
MOST_LOST = 0.5  # of a displaced start, that may be cut off: what is left is no such state
MOST_IMAGINARY = 100_000  # steps of imaginary time


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


def displacement_problems(model: Model, displacement: Any, *, key: str = "displacement") -> list[Problem]:
    """What is wrong with the displacements: one entry for each bath; None, a number, or amplitudes for a bath of finitely many modes."""
    entries = per_bath(model, displacement)
    if len(entries) != len(model.couplings):
        allowed = f"a tuple of {len(model.couplings)} entries, one for each bath"
        return [Problem(key=key, value=displacement, allowed=allowed)]
    problems = []
    for j, (entry, coupling) in enumerate(zip(entries, model.couplings, strict=True)):
        name = key if len(entries) == 1 else f"{key}[{j}]"
        if entry is None:
            continue
        if not isinstance(entry, Sequence | np.ndarray) or isinstance(entry, str | bytes | bytearray):
            amplitudes_too = "" if coupling.frequencies is None else ", or a list of amplitudes <a_k>"
            wrong = number_problems(name, entry)
            problems += [
                replace(p, allowed=f"{p.allowed} x: the bath relaxed to <A> = x{amplitudes_too}") for p in wrong
            ]
            continue
        if coupling.frequencies is None:
            allowed = "a number x: the bath relaxed to the system's <A> = x, alpha_k = -x g_k/w_k"
            problems.append(
                Problem(
                    key=name,
                    value=entry,
                    allowed=allowed,
                    hint="amplitudes are for baths of finitely many modes, mode by mode: discrete densities, star cells",
                )
            )
            continue
        try:
            amplitudes = as_array(entry, key=name)
        except ValueError as error:
            problems += getattr(error, "problems", [])
            continue
        count, order = _modes_named(coupling)
        if amplitudes.shape != (count,):
            allowed = f"{count} amplitudes <a_k>, {order}"
            problems.append(Problem(key=name, value=entry, allowed=allowed))
    return problems


def _modes_named(coupling: Coupling) -> tuple[int, str]:
    """How many modes of a bath of finitely many the user may name, and in which order."""
    density = coupling.density
    if isinstance(density, chains.Discrete):
        return density.modes_given, "one for each mode in the order of the frequencies given"
    assert coupling.frequencies is not None
    return coupling.frequencies.size, "modes in ascending order of their frequency"


def per_bath(model: Model, displacement: Any) -> tuple[Any, ...]:
    """A tuple is one entry for each bath; anything else belongs to the only one."""
    if displacement is None:
        return (None,) * len(model.couplings)
    return displacement if isinstance(displacement, tuple) else (displacement,)


def prepare(
    model: Model,
    rho: Matrix | None,
    algorithm: Algorithm,
    levels: str | int | Sequence[int],
    displacement: Any,
    until: float,
    look: Callable[[], None] = lambda: None,
    *,
    rougher: bool = False,
) -> Prepared:
    """The start of a run: rho (d, d) times the (displaced) baths, or with None the mean-force state.

    look     called between the steps of imaginary time; what it raises ends them
    rougher  for the companion that judges a run: with fewer such steps
    """
    numbers, may_grow = start_levels(levels, model.sites)
    if rho is None:
        return _mean_force(model, algorithm, numbers, may_grow=may_grow, look=look, rougher=rougher)
    amplitudes = np.zeros(model.sites, dtype=np.complex128)
    flags = []
    displaced: tuple[Complex, ...] = ()
    entries = per_bath(model, displacement)
    if any(entry is not None for entry in entries):
        parts = []
        found = mode_functions(model)
        displaced = tuple(
            mode_amplitudes(coupling, entry, modes)
            for coupling, entry, modes in zip(model.couplings, entries, found, strict=True)
        )
        for coupling, alpha, modes in zip(model.couplings, displaced, found, strict=True):
            part, missing = chain_amplitudes(coupling, alpha, modes, until)
            parts.append(part)
            if missing > algorithm.tolerance:
                flags.append(
                    f"displacement: the chain's <X>(t) is off by {missing:.2g} of its largest value (take more modes)"
                )
        amplitudes = np.concatenate(parts)
        if may_grow:
            # what is cut off of a coherent state looks like correlations between sites: to the sweep it must be nothing at all
            nothing = max(algorithm.level_weight**2, 1e-22)
            reached = largest_amplitudes(model, amplitudes, until)
            numbers = tuple(_enough(a, d, nothing) for a, d in zip(reached, numbers, strict=True))
    beyond = [_beyond(a, d) for a, d in zip(amplitudes, numbers, strict=True)]
    lost = -math.expm1(sum(math.log1p(-b) for b in beyond)) if max(beyond) < 1 else 1.0
    if lost > MOST_LOST:
        raise InvalidInput([_too_far(displacement, amplitudes, numbers, lost, levels)])
    if lost > max(model.sites * algorithm.level_weight, 1e-12):
        flags.append(f"displacement: {lost:.2g} of the coherent states does not fit into the boson levels given")
    state = product_state(purify(rho), model.line, numbers, tuple(amplitudes))
    return Prepared(state=state, may_grow=may_grow, displaced=displaced, flags=tuple(flags))


def _too_far(displacement: Any, amplitudes: Complex, numbers: Sequence[int], lost: float, levels: Any) -> Problem:
    """The problem of a displacement of which next to nothing fits into the boson levels."""
    worst = int(np.argmax(np.abs(amplitudes)))
    quanta = float(np.abs(amplitudes[worst])) ** 2
    allowed = (
        f"coherent states that fit into the boson levels: {lost:.3g} of this one does not, "
        f"{quanta:.3g} quanta on site {worst} in {numbers[worst]} levels"
    )
    hint = f"at most {MOST_LEVELS} levels a site" if isinstance(levels, str) else 'levels = "auto" takes what is needed'
    return Problem(key="displacement", value=displacement, allowed=allowed, hint=f"{hint}; or a smaller displacement")


def largest_amplitudes(model: Model, amplitudes: Complex, until: float) -> npt.NDArray[np.float64]:
    """The largest |<c_n>| (N,) of each chain site in [0, until] while the chains move freely from ``amplitudes`` (N,)."""
    times = np.linspace(0.0, until, 256)
    largest, start = [], 0
    for chain in model.chains:
        part = amplitudes[start : start + chain.length]
        start += chain.length
        found = chains.star(chain)
        phases = np.exp(-1j * sign(chain) * np.outer(times, found.frequencies))
        moved = (phases * (found.vectors.T @ part)) @ found.vectors.T
        largest.append(np.abs(moved).max(axis=0))
    return np.concatenate(largest)


def _beyond(amplitude: complex, levels: int) -> float:
    """Weight of a coherent state in the levels from ``levels`` on: the tail of a Poisson distribution."""
    return float(gammainc(levels, abs(amplitude) ** 2))


def _enough(amplitude: complex, least: int, weight: float) -> int:
    """Levels of which the highest two, and all beyond, hold less than ``weight`` of a coherent state: the rule by which levels grow."""
    levels = least
    while levels < MOST_LEVELS and _beyond(amplitude, levels - 2) > weight:
        levels += max(2, levels // 4)
    return levels


def mode_amplitudes(coupling: Coupling, displacement: Any, modes: chains.ModeFunctions) -> Complex:
    """<A_j> (M,) of the modes of one bath that couple: 0 for None, -x g_j/w_j for a number x, else from the <a_k> given."""
    if displacement is None:
        return np.zeros(modes.frequencies.size, dtype=np.complex128)
    if isinstance(displacement, int | float | np.number):
        return (-float(displacement) * mode_couplings(coupling, modes) / modes.frequencies).astype(np.complex128)
    given = as_array(displacement, key="displacement")
    if isinstance(coupling.density, chains.Discrete):
        return coupling.density.collected(given)[0]
    return given


def idle_energies(model: Model, displacement: Any) -> npt.NDArray[np.float64]:
    """Energy (B,) of displaced modes that do not couple: g = 0, or a combination of modes of equal frequency. A constant of each bath."""
    found = np.zeros(len(model.couplings))
    for j, (coupling, entry) in enumerate(zip(model.couplings, per_bath(model, displacement), strict=True)):
        if isinstance(coupling.density, chains.Discrete) and entry is not None and np.ndim(entry) == 1:
            found[j] = coupling.density.collected(as_array(entry, key="displacement"))[1]
    return found


def mode_couplings(coupling: Coupling, modes: chains.ModeFunctions) -> npt.NDArray[np.float64]:
    """g_k (M,) of the physical modes, energies."""
    if isinstance(coupling.bath, chains.StarCells):
        return np.asarray(coupling.bath.couplings)
    return np.asarray(coupling.chains[0].coupling * modes.positive[:, 0] / modes.cosh)


def chain_amplitudes(
    coupling: Coupling, alpha: Complex, modes: chains.ModeFunctions, until: float
) -> tuple[Complex, float]:
    """(<c_n> over the bath's chain sites, largest error of <X>(t) on [0, until] relative to its largest value), alpha = <a_k> (M,).

    The second is 0 for a complete chain: modes that the chain does not reach are not displaced, and soft ones among them may come back.
    """
    ordinary = modes.positive.T @ (modes.cosh * alpha)
    partner = -modes.negative.T @ (modes.sinh * alpha.conj())
    amplitudes = np.concatenate([ordinary, partner]) if isinstance(coupling.bath, tuple) else ordinary + partner
    times = np.linspace(0.0, until, 64)
    exact = 2 * (np.exp(-1j * np.outer(times, modes.frequencies)) @ (mode_couplings(coupling, modes) * alpha)).real
    ours, start = np.zeros(times.size), 0
    for chain in coupling.chains:
        found = chains.star(chain)
        part = amplitudes[start : start + chain.length]
        start += chain.length
        phases = np.exp(-1j * sign(chain) * np.outer(times, found.frequencies))
        ours += 2 * (phases @ (found.couplings * (found.vectors.T @ part))).real
    largest = float(np.abs(exact).max())
    error = float(np.abs(ours - exact).max()) / largest if largest > 0 else 0.0
    return np.asarray(amplitudes, dtype=np.complex128), error


def mean_force_problems(model: Model, algorithm: Algorithm) -> list[Problem]:
    """Why a model has no equilibrium to start from, or none that is prepared here."""
    key, problems = "initial", []
    if model.temperature is None:
        allowed = f"baths of one temperature, found {', '.join(f'{T:g}' for T in model.temperatures)}"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed=allowed))
    elif model.temperature == 0:
        hint = "imaginary time reaches temperatures > 0"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed="T > 0", hint=hint))
    if algorithm.name == "tdvp1":
        hint = "its spare bond directions are chosen for a vacuum"
        problems.append(Problem(key=key, value=MEAN_FORCE, allowed="any method but tdvp1", hint=hint))
    return problems


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
    levels: tuple[int, ...],
    *,
    may_grow: bool,
    look: Callable[[], None],
    rougher: bool,
) -> Prepared:
    """Imaginary time beta/2 by fourth-order TDVP."""
    temperature = model.temperature
    assert temperature is not None
    d = model.dimension
    state = product_state(np.eye(d, dtype=np.complex128) / math.sqrt(d), model.line, levels)
    duration = 0.5 / temperature
    steps = max(FEWEST, math.ceil(imaginary_steps(model, algorithm)))
    if rougher:  # two thirds of the run's own, which has a tenth of the tolerance: the rule may give both the same
        finer = replace(algorithm, tolerance=max(FINEST, 0.1 * algorithm.tolerance))
        steps = min(steps, 2 * max(FEWEST, math.ceil(imaginary_steps(model, finer))) // 3)
    tolerance = min(1e-4, max(FINEST, 0.1 * algorithm.tolerance))
    settings = TDVP(step=duration / steps, tolerance=tolerance, max_bond=algorithm.max_bond, order=4)
    machine = automaton(model.terms, model.line.length)
    engine = TDVPEngine(settings, state, machine, model, may_grow=may_grow, imaginary=True, rougher=rougher)
    capped = 0.0
    for _ in range(steps):
        look()
        report = engine.step(duration / steps)
        capped = max(capped, report.capped, report.missed)
    blocks = engine.network()
    flags = [f"bond cap {algorithm.max_bond} reached in the mean-force start"] if capped > 0 else []
    # <H_chain> = <H_B> - <H_B'> vanishes: bath and ancilla are each other's mirror image. Imaginary time lowers H_chain without a bound,
    # so rounding in directions that carry no weight may grow beyond all others; then this is what shows it.
    apart = float(np.abs(Measure(model).chain_energies(blocks)).max())
    if apart > MIRROR * max(temperature, abs(total_energy(blocks))):
        flags.append(
            f"mean-force start: the energies of bath and ancilla differ by {apart:.2g} (another max_bond, fewer modes or a lower support)"
        )
    return Prepared(
        state=replace(blocks.state(0.0), time=0.0),
        may_grow=may_grow,
        free_energy=-temperature * (2 * engine.log_norm + math.log(d)),
        flags=tuple(flags),
    )
