"""What is legal but doubtful about a run and can be told before it starts: the same for a file (`check`) and from Python (`evolve`)."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np

import chains
from tnthermo.algorithms import Algorithm
from tnthermo.evolution.grid import Grid
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.types import Real

Kind = Literal["step", "reflection", "modes", "cutoff", "temperature", "bond", "taper", "tail"]
TAIL = 1e-3  # of the reorganisation energy
LARGE_BOND = 150  # beyond it an uncapped run takes hours
TAPERED = 1.0  # a taper times the sites that are reached up to which nothing was seen of it
SAMPLES = 65  # times at which a driven Hamiltonian is looked at for its splitting
BLOCK = 65536  # steps that are looked at together
LOOSE = 0.02  # tolerance of time bins
HOT = 10.0  # times the cutoff: a temperature beyond looks like another unit
FINEST, COARSEST = 1e-12, 0.1  # tolerances of C(t) that `chains` takes: C(t) itself is known to about 1e-13


class AccuracyWarning(UserWarning):
    """A run was begun with settings that `tnthermo check` warns about; the same text is among the flags or doubts of its result."""


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """One remark.

    kind   "step": too large; "reflection": the system feels the end of a chain; "modes": it feels that star cells are few;
           "cutoff", "temperature": parameters that look like a mistake; "bond": nothing but memory limits it;
           "taper": caps that fall below what has gone out by then; "tail": what the cut of a density takes
    text   what is doubtful and what would not be
    since  the time from which on numbers suffer
    bath   number of the bath it is about; None: the run
    """

    kind: Kind
    text: str
    since: float = 0.0
    bath: int | None = field(default=None)

    def __str__(self) -> str:
        where = "" if self.bath is None else f" of bath {self.bath}"
        return f"{self.kind}{where}: {self.text}"

    @property
    def about_accuracy(self) -> bool:
        """Whether the numbers are not what was asked for, so that the run counts as not converged."""
        return self.kind in ("step", "reflection", "modes")


def doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """All there is to say about a run: its step, its chains, its parameters."""
    splitting = largest_splitting(model, until)
    found = setting_doubts(model, algorithm, until)
    for j, coupling in enumerate(model.couplings):
        found += parameter_doubts(coupling, splitting, j) + tail_doubts(coupling, j)
        found += end_doubts(coupling, algorithm.tolerance, until, j)
    return found


def setting_doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """What there is to say about the settings of an algorithm."""
    return [doubt for of_one in (step_doubts, bond_doubts, taper_doubts) for doubt in of_one(model, algorithm, until)]


def largest_splitting(model: Model, until: float) -> float:
    """Of H_S(t) in [0, until], at times that follow the drives."""
    times = Grid.of(model, until / SAMPLES).times(until) if model.driven and until > 0 else np.zeros(1)
    blocks = (model.hamiltonian_at(times[i : i + BLOCK]) for i in range(0, times.size, BLOCK))
    return max(float(np.ptp(np.linalg.eigvalsh(block), axis=-1).max()) for block in blocks)


def local_terms(model: Model, times: Real) -> Real:
    """The largest local energy (n,) at ``times`` (n,): entries of H_S, couplings, hoppings."""
    largest = np.abs(model.hamiltonian_at(times)).max(axis=(-2, -1))
    factors = dict(zip((channel.bath for channel in model.channels), np.abs(model.strengths(times)).T, strict=True))
    for j, coupling in enumerate(model.couplings):
        norm = float(np.linalg.norm(coupling.operator, 2))
        largest = np.maximum(largest, factors[j] * norm * max(coupling.local_strengths, default=0.0))
    hoppings = max((float(np.abs(chain.hoppings).max(initial=0.0)) for chain in model.chains), default=0.0)
    return np.asarray(np.maximum(largest, hoppings))


def hardest_step(model: Model, step: float, until: float) -> tuple[float, float]:
    """(largest local energy in its middle, length) of the step of a run that has the largest product of the two, drives followed."""
    if not model.driven:
        return float(local_terms(model, np.zeros(1))[0]), min(step, until)
    times = Grid.of(model, step).times(until)
    starts, lengths = times[:-1], np.diff(times)
    blocks = range(0, lengths.size, BLOCK)
    terms = np.concatenate([local_terms(model, (starts + lengths / 2)[i : i + BLOCK]) for i in blocks])
    hardest = int(np.argmax(terms * lengths))
    return float(terms[hardest]), float(lengths[hardest])


def step_doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """A step that is too large for the strongest local term; `Exact` controls its own."""
    order = getattr(algorithm, "order", None)
    if order is None or until == 0:
        return []
    if algorithm.bins:
        return _turning_doubts(model, algorithm, until)
    scale, step = hardest_step(model, algorithm.step, until)
    if scale * step <= 1:
        return []
    phase = min(scale * step, 1e50)
    text = (
        f"too large: strongest local term {scale:.3g} x step = {phase:.3g} > 1, no order of the method holds there; "
        f"a step near {0.5 / scale:.2g} is more accurate and often faster, because bonds and levels stay small"
    )
    return [Doubt(kind="step", text=text)]


def _turning_doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """A step in which the system turns too far between two kicks; how strong and how fast the bath is does not matter for that."""
    if algorithm.tolerance > LOOSE:
        text = f"tolerance {algorithm.tolerance:g} too large for time bins: they drop what they should tell; take at most {LOOSE:g}"
        return [Doubt(kind="step", text=text)]
    step = algorithm.step
    splitting = largest_splitting(model, until)
    phase = min(splitting * min(step, until), 1e50)
    if phase <= 1:
        return []
    text = (
        f"too large: largest splitting of H_S {splitting:.3g} x step = {phase:.3g} > 1, no order of the method holds there; "
        f"take at most {0.5 / splitting:.2g}"
    )
    return [Doubt(kind="step", text=text)]


def parameter_doubts(coupling: Coupling, splitting: float, bath: int) -> list[Doubt]:
    """A cutoff below the system's splitting, a temperature that looks like kelvin."""
    cutoff, temperature = highest(coupling.density), coupling.temperature
    found = []
    if cutoff is not None and cutoff < splitting:
        text = (
            f"{cutoff:g} is below the system's largest splitting {splitting:.4g}: the bath cannot absorb such a quantum"
        )
        found.append(Doubt(kind="cutoff", text=text, bath=bath))
    if cutoff is not None and temperature > HOT * cutoff:
        quanta = temperature / cutoff
        need = f"a mode at the cutoff holds {quanta:.3g} quanta, about {16 * quanta:.3g} levels for 1e-7"
        text = f"T/cutoff = {quanta:.4g}: is T in kelvin? If not, {need}"
        found.append(Doubt(kind="temperature", text=text, bath=bath))
    return found


def highest(density: Any) -> float | None:
    """The cutoff of a density where it has one by name; of a sum the highest, where all parts have one."""
    parts = getattr(density, "parts", None)
    if parts is None:
        return getattr(density, "cutoff", None)
    cutoffs = [highest(part) for part in parts]
    return None if None in cutoffs or not cutoffs else max(c for c in cutoffs if c is not None)


def end_doubts(coupling: Coupling, tolerance: float, until: float, bath: int) -> list[Doubt]:
    """Whether the system feels within [0, until] that chains, or star cells, are finite where the bath is not."""
    least = min(max(tolerance, FINEST), COARSEST)
    if until == 0 or isinstance(coupling.density, chains.Discrete):
        return []
    back = chains.end_times(coupling.bath, least).felt
    if back >= until:
        return []
    if represented(coupling.bath).separate:
        text = f"the system feels from t = {back:.4g} on that there are {represented(coupling.bath).modes} modes only"
        return [Doubt(kind="modes", text=text, since=back, bath=bath)]
    end = "the end of the chain" if len(coupling.chains) == 1 else "an end of the chains"
    text = f"the system feels {end} from t = {back:.4g} on"
    return [Doubt(kind="reflection", text=text, since=back, bath=bath)]


def tail_doubts(coupling: Coupling, bath: int) -> list[Doubt]:
    """What the cut of a density takes from it, and which columns that affects; none below `TAIL` of the reorganisation energy."""
    lost = chains.lost_tail(coupling.bath)
    if not lost.share > TAIL:
        return []
    L = coupling.operator
    shifts = (
        np.ptp(np.linalg.eigvalsh(L.conj().T @ L)) > 1e-12 * np.linalg.norm(L) ** 2
    )  # lambda L^dag L is no constant
    system = " and, by a shift of the levels of H_S, those of the system" if shifts else ""
    endless = "; Var_Q_B is that of the cut density, with an infinite error: without the cut it has no limit"
    heat = endless if np.isinf(lost.weight) else ""
    text = f"{lost.describe()}: in the errors of the bath's and the interaction's columns{system}{heat}"
    return [Doubt(kind="tail", text=text, bath=bath)]


def bond_doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """Bonds that will grow without a limit."""
    if not algorithm.adaptive or algorithm.max_bond is not None:
        return []
    expected = adapted_bond(model, tolerance=algorithm.tolerance, until=until)
    if expected <= LARGE_BOND:
        return []
    text = f"without a cap the bond may grow to about {expected} by t = {until:g}; 16 to 48 is enough for most ledgers"
    return [Doubt(kind="bond", text=text)]


def taper_doubts(model: Model, algorithm: Algorithm, until: float) -> list[Doubt]:
    """Caps that fall to their floor before the front of the bath's response is at the end of its way."""
    taper = getattr(algorithm, "taper", 0.0)
    sites = reached_sites(model, until)
    if not taper * sites > TAPERED:
        return []
    text = (
        f"taper {taper:g} x {sites:.0f} sites that are reached by t = {until:g} = {taper * sites:.2g} > {TAPERED:g}: late times suffer "
        f"(3e-3 at 2 to 5, where it was measured); take at most {TAPERED / sites:.2g}"
    )
    return [Doubt(kind="taper", text=text)]


def adapted_bond(model: Model, *, tolerance: float, until: float) -> int:
    """The bond an uncapped adaptive run ends with: that of the bath that asks for most; of several chains a side, one bond holds all.

    32 at T = 0, 5 exp(.04 (log10(1/tolerance) - 2) W t) at T > 0, W the bath's cutoff: a fit to warm Ohmic baths on single chains
    (alpha .2 to .3, T = .2 cutoff, tolerances 1e-3 to 2e-8, t up to 30), an order of magnitude.
    """
    found = 32.0
    for chain in model.chains:
        if chain.temperature > 0:
            exponent = 0.04 * max(1.0, -math.log10(tolerance) - 2) * _width(chain) * until
            found = max(found, 5 * math.exp(min(exponent, 50.0)))
    return int(min(1e5, found))


def reached_sites(model: Model, until: float) -> float:
    """How many sites of the longest reach the front of a response has passed by ``until``: it goes at twice the hopping."""
    long = [chain for chain in model.chains if chain.length > 1]
    return max((min(2 * float(np.abs(one.hoppings).mean()) * until, float(one.length)) for one in long), default=0.0)


def _width(chain: chains.Chain) -> float:
    """W of a chain on [-W, W] (thermal) or [0, W]: the hoppings far out are W / 2 or W / 4."""
    if chain.length == 1:
        return float(abs(chain.frequencies[0]))
    return (2 if chain.thermal else 4) * float(chain.hoppings[-1])
