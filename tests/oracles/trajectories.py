"""Trajectories made by hand, so that the ledger can be tested without an evolution engine."""

from __future__ import annotations

from typing import Any

import numpy as np

import chains
from tests.oracles.naive import Naive, entropy
from tnthermo.algorithms import Exact
from tnthermo.model import Model
from tnthermo.trajectory import Trajectory


def trajectory(*, model: Model, initial: np.ndarray, times: np.ndarray, every: int, **columns: Any) -> Trajectory:
    """A Trajectory from its raw columns; those that a test does not care about have the size and value of a perfect run."""
    recorded = np.arange(0, times.size, every)
    sites, n = model.bath.length, recorded.size
    perfect: dict[str, Any] = {
        "norm": np.ones(times.size),
        "discarded_weight": np.zeros(times.size),
        "krylov_residual": np.zeros(times.size),
        "cut_entropy": np.full(n, np.nan),
        "mode_energy": np.full(n, np.nan),
        "ancilla_energy": np.full(n, np.nan),
        "bonds": np.ones((n, sites), dtype=np.int64),
        "occupations": np.zeros((n, sites)),
        "levels": np.full((n, sites), 2),
        "top_populations": np.zeros((n, sites)),
        "flags": (),
        "wall_seconds": 0.0,
        "algorithm": Exact(step=float(times[1] - times[0]) if times.size > 1 else 1.0),
    }
    return Trajectory(model=model, initial=initial, times=times, recorded=recorded, **(perfect | columns))


def trajectory_of(system: Naive, times: np.ndarray, *, every: int = 1) -> Trajectory:
    """The raw columns that a faultless engine would record of ``system`` at ``times`` (from 0), every ``every``-th recorded.

    The reduced moments and the changes of energy are those of the physical modes: the chain's agree with them.
    """
    temperature = 0.0 if np.isinf(system.beta) else 1 / system.beta
    density = chains.Discrete(frequencies=list(system.frequencies), couplings=list(system.couplings))
    bath = chains.chain(density, temperature=temperature)
    model = Model(hamiltonian=system.hamiltonian.astype(complex), coupling=system.coupling.astype(complex), bath=bath)
    shape = (system.dimension, system.bath_dimension, -1)
    thermal = float(system.gibbs @ system.bath_energies)
    number = [a.T @ a for a in system.lower]
    states, chain_energy, total_energy, modes, cuts = [], [], [], [], []
    positions: list[np.ndarray] = []
    momenta: list[np.ndarray] = []
    for i, t in enumerate(times):
        psi = system.amplitudes(float(t))
        parts = psi.reshape(shape)
        rho_S = np.einsum("air,bir->ab", parts, parts.conj())
        states.append(rho_S)
        for moments, operator in ((positions, system.position), (momenta, system.momentum)):
            moved = np.stack([operator @ part for part in parts])
            moments.append(np.einsum("air,bir->ab", moved, parts.conj()))
        populations = np.sum(np.abs(parts) ** 2, axis=(0, 2))
        chain_energy.append(populations @ system.bath_energies - thermal)
        total_energy.append(np.real(np.vdot(psi, system.total @ psi)) - thermal)
        if i % every == 0:
            modes.append([n.diagonal() @ populations for n in number])
            # At T = 0 the bath is the chain; a pure start leaves the cut with the entropy of the system at any T.
            rho_B = np.einsum("air,ajr->ij", parts, parts.conj()) if temperature == 0 else rho_S
            cuts.append(entropy(rho_B))
    occupations = np.array(modes)
    return trajectory(
        model=model,
        initial=system.initial.astype(complex),
        times=np.asarray(times, dtype=float),
        every=every,
        rho_S=np.array(states),
        moment_X=np.array(positions),
        moment_P=np.array(momenta),
        chain_energy=np.array(chain_energy),
        total_energy=np.array(total_energy),
        mode_energy=(occupations - occupations[0]) @ np.array(system.frequencies),
        cut_entropy=np.array(cuts),
    )
