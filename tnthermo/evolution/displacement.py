"""A displaced start: amplitudes of the given modes on the sites of the chains."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

import chains
from tnthermo.evolution.arguments import per_bath
from tnthermo.model.coupling import Coupling, sign
from tnthermo.model.model import Model
from tnthermo.model.operators import as_array
from tnthermo.types import Complex


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
