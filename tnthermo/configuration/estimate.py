"""What a run will take, before it runs: time and memory as honest ranges, and the files it leaves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains import lost_tail
from tnthermo.bath_entropy.choice import BathEntropy
from tnthermo.configuration.resolve import Resolved
from tnthermo.configuration.sizes import COMPLEX, COPIES, adapted_levels, site_dimensions, state_bytes
from tnthermo.evolution.doubts import adapted_bond
from tnthermo.evolution.grid import Grid
from tnthermo.kernels.compiling import is_compiled
from tnthermo.machine.memory import available_memory
from tnthermo.machine.words import readable
from tnthermo.model.line import distances
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import start_levels

# applications of the Hamiltonian in one local solve: up to ten where a bond is full, few where it is not yet
KRYLOV = 5
PRODUCTS = 6  # chi x chi d products in one application, for Hamiltonian bonds of
CHANNELS = 4  # channels
RATE = (2.5e10, 1e10)  # floating-point operations a second on small matrices, one thread
VISIT = (3e-5, 1.5e-4)  # seconds for a site in a sweep beside the products: decompositions, scaled shifts, calls
STEP = (1e-3, 4e-3)  # seconds for what is measured in a step
KEPT = 4  # checkpoints at once: two of the run, two of its rougher companion
START = (1.0, 6.0)  # seconds to load the libraries and the compiled kernels
ERROR_BARS = (1.1, 1.5)  # a run with its rougher companion, relative to the run
QUIMB = 10  # TEBD gates in Python against compiled sweeps
# bytes of Python, the libraries and the kernels: without figures and with them
LIBRARIES = (200 * 2.0**20, 500 * 2.0**20)
COMPILER = 300 * 2.0**20  # bytes more where the kernels are compiled first
WITH_BLOCKS = 2  # bytes of a state with its blocks, relative to it
STEP_BYTES, SITE_BYTES = 300, 50  # that a step, and a site at a record time, leave in the rows
HELD = 2  # copies of the state, at least: itself, and the blocks


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """Ranges (low, high) of what a run needs; bonds and levels are guesses where the run chooses them itself.

    bath_entropy  how the entropy of the bath is measured and what that takes beside the rest, in words; "" where it is not
    """

    steps: int
    sites: int
    bonds: tuple[int, int]
    levels: tuple[int, int]
    seconds: tuple[float, float]
    memory: tuple[float, float]
    available: str
    bath_entropy: str = ""


# of time bins: bonds, the fewest bins that a kick moves, seconds for each of them, and more for a large bond: measured
BINS_BOND, BINS_WINDOW, BIN_VISIT, BIN_CUBE = (6, 40), 12, 6e-5, 1e-7


def estimate(resolved: Resolved) -> Estimate:
    """Count operations: one-site solves over the sites behind the front, second-order sweeps, at RATE; and what there is beside them.

    Where bonds and levels adapt they are guessed: see `guessed_bonds` and `guessed_levels`. Good to a factor of a few.
    """
    model = resolved.model
    steps = count_steps(resolved)
    bonds, levels = guessed_bonds(resolved), guessed_levels(resolved)
    memory = guessed_state(resolved)
    compiler = 0.0 if is_compiled(bins=resolved.algorithm.bins) else COMPILER
    low, high = guessed_seconds(resolved, steps, bonds, levels)
    limit = available_memory()
    entropy, words = bath_entropy(resolved)
    low, high = low + entropy[0], high + entropy[1]
    return Estimate(
        steps=steps,
        sites=model.sites,
        bonds=bonds,
        levels=levels,
        seconds=(low, high),
        memory=(LIBRARIES[0] + HELD * memory[0], LIBRARIES[1] + compiler + COPIES * memory[1]),
        available=f"{readable(limit.size)} ({limit.source})",
        bath_entropy=words,
    )


def count_steps(resolved: Resolved) -> int:
    """Steps of the run, those with which it follows the drives included."""
    return Grid.of(resolved.model, resolved.algorithm.step).times(resolved.until).size - 1


def guessed_state(resolved: Resolved) -> tuple[float, float]:
    """(low, high) bytes of the state at its largest."""
    model = resolved.model
    if resolved.algorithm.bins:
        bins = count_steps(resolved)
        pairs = zip(guessed_bonds(resolved), guessed_levels(resolved), (0.2 * bins, float(bins)), strict=True)
        low, high = (COMPLEX * n * chi**2 * d for chi, d, n in pairs)
        return low, high
    low, high = (
        state_bytes(site_dimensions(model, [d] * model.sites), tapered(resolved, chi))
        for chi, d in zip(guessed_bonds(resolved), guessed_levels(resolved), strict=True)
    )
    return low, high


def checkpoint_bytes(resolved: Resolved) -> tuple[float, float]:
    """(low, high) bytes of one checkpoint: the state with its blocks, and the rows."""
    rows: float = STEP_BYTES * count_steps(resolved)
    rows += SITE_BYTES * resolved.model.sites * resolved.until / resolved.record_every
    low, high = guessed_state(resolved)
    return low + rows, WITH_BLOCKS * high + rows


def _of_bath(resolved: Resolved) -> tuple[BathEntropy | None, float]:
    """How the entropy of the physical bath is measured, if it ever is, and how often."""
    how = of_bath(resolved)
    every = resolved.recording.entropy_every(resolved.until, resolved.algorithm.step, how)
    return (None if math.isinf(every) else how), every


def untold_laws(resolved: Resolved) -> str:
    """What the laws on the bath's entropy will lack, in words, and what would give it; "" where nothing is lacking."""
    if resolved.model.temperature == 0:
        return ""
    how, every = _of_bath(resolved)
    if how is None:
        remedy = (
            'thermodynamics.bath_entropy = "auto"'
            if resolved.rho is not None
            else "a start that is a product of system and bath"
        )
        return f"T > 0 and the bath's entropy not measured: of S_chi, Sigma_B, T_B only what 0 <= S_chi <= 2 S_S decides; it takes {remedy}"
    if 3 * every > resolved.until * (1 + 1e-9):
        what = "T_B, T_chi, the sum rule and Clausius with T_B"
        return f"{what} take the bath's entropy at four times at least: a smaller thermodynamics.bath_entropy_every"
    return ""


def entropy_evaluations(resolved: Resolved) -> int:
    """How often the entropy of the physical bath is due after the start; 0 where it is not measured."""
    how, every = _of_bath(resolved)
    return 0 if how is None else math.ceil(resolved.until / max(every, resolved.record_every) - 1e-9)


def bath_entropy(resolved: Resolved) -> tuple[tuple[float, float], str]:
    """((low, high) seconds, in words) of measuring the entropy of the physical bath; good to a factor of a few."""
    how, _ = _of_bath(resolved)
    if how is None:
        return (0.0, 0.0), ""
    times = 1 + entropy_evaluations(resolved)
    low, high = how.seconds()
    runs = 2 if resolved.error_bars else 1
    words = f"{how.describe()}; {times} times, about {low:.2g} to {high:.2g} s each"
    if how.thrifty:
        words += ", fewer where all of them take longer than the run"
    return (times * low, runs * times * high), words


def guessed_bonds(resolved: Resolved) -> tuple[int, int]:
    """(low, high): a bond that is fixed; else from 8, for warm runs from half of what they end with, to the cap or `adapted_bond`."""
    algorithm, model = resolved.algorithm, resolved.model
    if algorithm.bins:  # constant where the bath forgets; hot or hard it grows to the cap
        return BINS_BOND[0], max(BINS_BOND[0], min(algorithm.max_bond or BINS_BOND[1], BINS_BOND[1]))
    fixed = algorithm.fixed_bond
    if fixed is not None:
        return fixed, fixed
    adapted = adapted_bond(model, tolerance=algorithm.tolerance, until=resolved.until)
    if algorithm.max_bond is None:
        return 8, max(8, adapted)
    warm = any(chain.temperature > 0 for chain in model.chains)
    least = max(8, min(algorithm.max_bond, adapted) // 2 if warm else 8)
    return min(algorithm.max_bond, least), algorithm.max_bond


def tapered(resolved: Resolved, bond: int) -> npt.NDArray[np.int64]:
    """Bonds (L + 1,) along the line where those next to the system have ``bond``: the caps fall away from it, if they were asked to."""
    line = resolved.model.line
    full = np.full(line.length + 1, bond, dtype=np.int64)
    return np.minimum(full, resolved.algorithm.caps(distances(line)))


def remaining(resolved: Resolved, bond: int) -> float:
    """Part of the products that a taper leaves: mean cube of `tapered` bonds over ``bond``^3, 1 without a taper.

    Each bond weighs as long as it is behind a front that reaches the chain's end with the run's.
    """
    distance = distances(resolved.model.line)
    behind = 1 - (distance - 1) / distance.max()
    return float(np.average((tapered(resolved, bond) / bond) ** 3, weights=behind))


def guessed_levels(resolved: Resolved) -> tuple[int, int]:
    """(low, high) over the chain sites: as given, or 6 to `adapted_levels`."""
    levels = start_levels(resolved.levels, resolved.model.sites)
    if not levels.may_grow:
        return min(levels.start), max(levels.start)
    # the last sites get the levels that a fixed bond needs
    own = resolved.algorithm.fixed_bond or 0
    return 6, max(own, adapted_levels(resolved.model, resolved.until))


def guessed_seconds(
    resolved: Resolved, steps: int, bonds: tuple[int, int], levels: tuple[int, int]
) -> tuple[float, float]:
    """(low, high) for a run of so many steps."""
    algorithm, model = resolved.algorithm, resolved.model
    if algorithm.bins:
        kicks = 2.0 * steps * (5 if len(model.couplings) > 1 or model.couplings[0].kind == "exchange" else 1)
        window = (min(steps, BINS_WINDOW), 0.5 * steps)
        each = [n * (BIN_VISIT + BIN_CUBE * chi**3) for n, chi in zip(window, bonds, strict=True)]
        low, high = (START[i] + (ERROR_BARS[i] if resolved.error_bars else 1.0) * kicks * each[i] for i in (0, 1))
        return low, high
    sweeps = steps * (5 if getattr(algorithm, "order", 2) == 4 else 1)
    slower = 1.0 if algorithm.compiled or algorithm.dense else QUIMB
    behind_front = swept_sites(model) if algorithm.adaptive else float(model.sites)
    # a bond that grows exponentially from 5 has a mean cube that is this much below the last one's
    grows = algorithm.max_bond is None and algorithm.fixed_bond is None
    growing = max(1.0, 3 * math.log(max(bonds[1], 5) / 5)) if grows else 1.0
    products = PRODUCTS * channels(resolved) / CHANNELS
    found = []
    for end in (0, 1):
        chi, d = bonds[end], levels[end]
        work = 8.0 * products * KRYLOV * 2 * chi**3 * d / (growing if end else 1.0) * remaining(resolved, chi)
        if algorithm.pairwise:
            work *= d
        swept = sweeps * slower * behind_front * (work / RATE[end] + VISIT[end])
        runs = ERROR_BARS[end] if resolved.error_bars else 1.0
        found.append(START[end] + runs * (swept + steps * STEP[end]))
    return found[0], found[1]


def swept_sites(model: Model) -> float:
    """Sites behind the front in the mean over a run: half of those of a chain, all of star cells."""
    each = ((coupling, sum(chain.length for chain in coupling.chains)) for coupling in model.couplings)
    return sum(sites * (1.0 if represented(coupling.bath).separate else 0.5) for coupling, sites in each)


def channels(resolved: Resolved) -> float:
    """Mean width of the Hamiltonian's bonds: 4 along one chain, 6 where two are interleaved, 3 along star cells."""
    widths = automaton(resolved.model.terms, resolved.model.line.length).widths
    return float(widths[1:-1].mean())


def _tail_lines(model: Model) -> list[str]:
    """What the cut of each density takes."""
    lost = [lost_tail(coupling.bath) for coupling in model.couplings]
    heads = ["tail"] if len(lost) == 1 else [f"tail {j}" for j in range(len(lost))]
    return [f"{head:<13}{one.describe()}" for head, one in zip(heads, lost, strict=True) if one.noticeable]


def of_bath(resolved: Resolved) -> BathEntropy | None:
    """How the entropy of the physical bath is measured; None where it is not."""
    return resolved.recording.how(resolved.model, resolved.rho, bins=resolved.algorithm.bins)
