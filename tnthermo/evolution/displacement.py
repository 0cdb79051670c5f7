"""A displaced start: what a bath is displaced to, and the amplitudes of its modes on the sites of the chains."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

import chains
from tnthermo.model.coupling import Coupling
from tnthermo.model.coupling_kinds import sign
from tnthermo.model.model import Model
from tnthermo.model.representation import PhysicalModes, represented
from tnthermo.types import Complex

Grid = chains.ModeFunctions | PhysicalModes


@dataclass(frozen=True, eq=False)
class Relaxed:
    """The bath relaxed to a system with <A> = x: alpha_k = -x g_k/w_k."""

    x: float

    def of_modes(self, coupling: Coupling, modes: Grid) -> Complex:
        """<a_k> (M,) of the modes of the bath that couple."""
        if isinstance(modes, PhysicalModes):
            couplings = modes.couplings
        else:
            couplings = represented(coupling.bath).mode_couplings(modes)
        return (-self.x * couplings / modes.frequencies).astype(np.complex128)

    def idle_energy(self, coupling: Coupling) -> float:
        """Energy of displaced modes that do not couple: none are displaced."""
        return 0.0


@dataclass(frozen=True, eq=False)
class Amplitudes:
    """<a_k> of each mode of a bath of finitely many, in the order in which the user named them."""

    given: Complex

    def of_modes(self, coupling: Coupling, modes: Grid) -> Complex:
        """<a_k> (M,) of the modes of the bath that couple."""
        if isinstance(coupling.density, chains.Discrete):
            return coupling.density.collected(self.given)[0]
        return self.given

    def idle_energy(self, coupling: Coupling) -> float:
        """Energy of displaced modes that do not couple: g = 0, or a combination of modes of equal frequency."""
        if isinstance(coupling.density, chains.Discrete):
            return float(coupling.density.collected(self.given)[1])
        return 0.0


Displacement = Relaxed | Amplitudes


@dataclass(frozen=True, eq=False)
class Displacements:
    """The displacement of each bath (B,), None for none, and the whole as the user wrote it, which only words quote."""

    each: tuple[Displacement | None, ...]
    written: object = None

    @property
    def any(self) -> bool:
        """Whether a bath is displaced."""
        return any(one is not None for one in self.each)

    def of_modes(self, model: Model, functions: Sequence[Grid]) -> tuple[Complex, ...]:
        """<a_k> (M,) of the modes of each bath that couple."""
        return tuple(
            np.zeros(modes.frequencies.size, dtype=np.complex128) if one is None else one.of_modes(coupling, modes)
            for one, coupling, modes in zip(self.each, model.couplings, functions, strict=True)
        )

    def idle_energies(self, model: Model) -> npt.NDArray[np.float64]:
        """Energy (B,) of displaced modes that do not couple; a constant of each bath."""
        pairs = zip(self.each, model.couplings, strict=True)
        return np.array([0.0 if one is None else one.idle_energy(coupling) for one, coupling in pairs])


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


def chain_amplitudes(
    coupling: Coupling, alpha: Complex, modes: chains.ModeFunctions, until: float
) -> tuple[Complex, float]:
    """(<c_n> over the bath's chain sites, largest error of <X>(t) on [0, until] relative to its largest value), alpha = <a_k> (M,).

    The second is 0 for a complete chain: modes that the chain does not reach are not displaced, and soft ones among them may come back.
    """
    ordinary = modes.positive.T @ (modes.cosh * alpha)
    partner = -modes.negative.T @ (modes.sinh * alpha.conj())
    amplitudes = represented(coupling.bath).joined(ordinary, partner)
    times = np.linspace(0.0, until, 64)
    exact = (
        2
        * (
            np.exp(-1j * np.outer(times, modes.frequencies))
            @ (represented(coupling.bath).mode_couplings(modes) * alpha)
        ).real
    )
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
