"""Trajectories made by hand, so that the ledger can be tested without an evolution engine."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from scipy.sparse import csr_array as Sparse

import chains
from tests.oracles.general import Bath, General
from tests.oracles.naive import Naive, entropy
from tnthermo.algorithms import Exact
from tnthermo.model.coupling import Coupling
from tnthermo.model.drives import Drive
from tnthermo.model.model import Model, SystemDrive
from tnthermo.record.trajectory import Trajectory

Array = np.ndarray


def trajectory(*, model: Model, initial: Array, times: Array, every: int, **columns: Any) -> Trajectory:
    """A Trajectory from its raw columns; those that a test does not care about have the size and value of a perfect run."""
    recorded = np.arange(0, times.size, every)
    sites, baths, n = model.sites, len(model.couplings), recorded.size
    perfect: dict[str, Any] = {
        "norm": np.ones(times.size),
        "discarded_weight": np.zeros(times.size),
        "krylov_residual": np.zeros(times.size),
        "cut_entropy": np.full(n, np.nan),
        "heat_square": np.full((n, 1 + baths), np.nan),
        "mode_occupation": np.zeros((n, 0)),
        "mode_energy": np.full((n, baths), np.nan),
        "ancilla_energy": np.full((n, baths), np.nan),
        "mode_frequency": np.zeros(0),
        "mode_weight": np.zeros(0),
        "mode_bath": np.zeros(0, dtype=np.int64),
        "bonds": np.ones((n, sites), dtype=np.int64),
        "occupations": np.zeros((n, sites)),
        "levels": np.full((n, sites), 2),
        "top_populations": np.zeros((n, sites)),
        "observables": np.zeros((n, 0), dtype=complex),
        **{
            name: np.full(n, np.nan)
            for name in ("correlation_lower", "correlation_upper", "bath_entropy", "joint_entropy", "entropy_work")
        },
        "normal": np.zeros((n, 0, 0), dtype=complex),
        "anomalous": np.zeros((n, 0, 0), dtype=complex),
        "energy_offset": np.zeros(baths),
        "flags": (),
        "wall_seconds": 0.0,
        "algorithm": Exact(step=float(times[1] - times[0]) if times.size > 1 else 1.0),
    }
    return Trajectory(model=model, initial=initial, times=times, recorded=recorded, **(perfect | columns))


def model_of(system: General, *, strengths: Sequence[Drive | None] = (), drives: Sequence[SystemDrive] = ()) -> Model:
    """The model of a dense system; its drives, which are functions there, are told again: one strength for each bath, parts of H_S."""
    couplings = []
    for bath, strength in zip(system.baths, strengths or [None] * len(system.baths), strict=True):
        density = chains.Discrete(frequencies=list(bath.frequencies), couplings=list(bath.couplings))
        temperature = 0.0 if np.isinf(bath.beta) else 1 / bath.beta
        pair = bath.exchange and temperature > 0
        make = chains.thermofield_chains if pair else chains.chain
        couplings.append(
            Coupling(
                operator=np.asarray(bath.operator, dtype=complex),
                bath=make(density, temperature=temperature),
                kind="exchange" if bath.exchange else "hermitian",
                strength=strength,
            )
        )
    driven = sum((float(part.drive.value(0.0)) * part.operator for part in drives), np.zeros(()))
    return Model(hamiltonian=system.H_S(0.0) - driven, couplings=tuple(couplings), drives=tuple(drives))


def positions(bath: Bath, lower: Sequence[Sparse]) -> list[Sparse]:
    """X_q of a bath from its a_k: C + C^dag, and with exchange coupling i (C^dag - C)."""
    C = Sparse(sum(g * a for g, a in zip(bath.couplings, lower, strict=True)))
    return [C + C.T, 1j * (C.T - C)] if bath.exchange else [C + C.T]


def trajectory_of_general(
    system: General,
    times: Array,
    *,
    every: int = 1,
    strengths: Sequence[Drive | None] = (),
    drives: Sequence[SystemDrive] = (),
    states: Iterable[Array] | None = None,
) -> Trajectory:
    """The raw columns that a faultless engine would record of ``system`` at ``times`` (from 0), every ``every``-th recorded.

    The reduced moments and the changes of energy are those of the physical modes: the chains' agree with them. ``strengths`` and
    ``drives`` as in `model_of`; ``states`` are Psi(t) where they are known already.
    """
    model = model_of(system, strengths=strengths, drives=drives)
    shape = (system.dimension, system.bath_dimension, -1)
    thermal, each = system.thermal_energies, system.energies_each
    energies = each.sum(axis=0)[:, None]
    X = [x for bath, lower in zip(system.baths, system.lower_of, strict=True) for x in positions(bath, lower)]
    P = [Sparse(1j * (x.multiply(energies) - x.multiply(energies.T))) for x in X]  # i [H_B, X]
    number = np.stack([(a.T @ a).diagonal() for a in system.lower])
    frequencies = np.concatenate([bath.frequencies for bath in system.baths])
    bath_of = np.concatenate([np.full(len(bath.frequencies), j) for j, bath in enumerate(system.baths)])
    cold = all(np.isinf(bath.beta) for bath in system.baths)
    rows: dict[str, list[Any]] = {name: [] for name in ("rho_S", "X", "P", "chain", "total", "modes", "cut")}
    for i, (t, psi) in enumerate(zip(times, system.states(times) if states is None else states, strict=True)):
        parts = psi.reshape(shape)
        rho_S = np.einsum("air,bir->ab", parts, parts.conj())
        rows["rho_S"].append(rho_S)
        for name, operators in (("X", X), ("P", P)):
            moved = [np.stack([operator @ part for part in parts]) for operator in operators]
            rows[name].append([np.einsum("air,bir->ab", m, parts.conj()) for m in moved])
        populations = np.sum(np.abs(parts) ** 2, axis=(0, 2))
        rows["chain"].append(each @ populations - thermal)
        rows["total"].append(np.real(np.vdot(psi, system.total(float(t)) @ psi)) - thermal.sum())
        if i % every == 0:
            rows["modes"].append(number @ (populations - system.gibbs))
            # At T = 0 the bath is the chain; a pure start leaves the cut with the entropy of the system at any T.
            rows["cut"].append(entropy(np.einsum("air,ajr->ij", parts, parts.conj()) if cold else rho_S))
    occupation = np.array(rows["modes"])
    recorded = times[::every]
    heat_square = np.full((recorded.size, 1 + len(system.baths)), np.nan)
    displaced = any(bath.displacement is not None for bath in system.baths)
    if system.start == "product" and not displaced and not system.driven:
        heat = system.heat_statistics(recorded)
        variance_each = np.einsum("njj->nj", heat["covariance_each"])
        heat_square[:, 0] = heat["variance"] + heat["mean"] ** 2
        heat_square[:, 1:] = variance_each + heat["mean_each"] ** 2
    rho_S = np.array(rows["rho_S"])
    return trajectory(
        model=model,
        initial=rho_S[0] if system.initial is None else system.initial.astype(complex),
        start="displaced" if displaced else system.start,
        times=np.asarray(times, dtype=float),
        every=every,
        rho_S=rho_S,
        moment_X=np.array(rows["X"]),
        moment_P=np.array(rows["P"]),
        chain_energy=np.array(rows["chain"]),
        total_energy=np.array(rows["total"]),
        heat_square=heat_square,
        mode_occupation=occupation,
        mode_energy=np.stack([(occupation * frequencies)[:, bath_of == j].sum(axis=1)
                              for j in range(len(system.baths))], axis=1),
        ancilla_energy=np.zeros((recorded.size, len(system.baths))),
        mode_frequency=frequencies,
        mode_weight=np.ones(frequencies.size),
        mode_bath=bath_of.astype(np.int64),
        cut_entropy=np.array(rows["cut"]),
    )  # fmt: skip


def general_of(system: Naive) -> General:
    """The same model, told to the general oracle."""
    bath = Bath(
        operator=system.coupling, frequencies=system.frequencies, couplings=system.couplings, beta=system.beta,
        exchange=system.exchange,
    )  # fmt: skip
    return General(hamiltonian=system.hamiltonian, baths=(bath,), levels=system.levels, initial=system.initial)


def trajectory_of(system: Naive, times: Array, *, every: int = 1) -> Trajectory:
    """`trajectory_of_general` of the oracle with one bath, from its own amplitudes."""
    states = (system.amplitudes(float(t)) for t in times)
    return trajectory_of_general(general_of(system), times, every=every, states=states)
