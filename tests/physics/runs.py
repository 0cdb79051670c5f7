"""Models and readings shared by the tests of whole runs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

import chains
import tnthermo as tt
from tests.oracles.reference import Reference


def few_modes(
    frequencies: Sequence[float], couplings: Sequence[float], temperature: float, hamiltonian, coupling
) -> tt.Model:
    """A system and a discrete bath: the chain is the whole bath, M sites at T = 0 and 2 M at T > 0."""
    density = chains.Discrete(frequencies=list(frequencies), couplings=list(couplings))
    return tt.SpinBoson(hamiltonian=hamiltonian, coupling=coupling, bath=chains.chain(density, temperature=temperature))


def model_of(reference: Reference) -> tt.Model:
    temperature = 0.0 if np.isinf(reference.beta) else 1 / reference.beta
    return few_modes(reference.frequencies, reference.couplings, temperature, reference.hamiltonian, reference.coupling)


def sigma_z(run: tt.Trajectory) -> np.ndarray:
    """<sigma_z> at the record times."""
    rho = run.rho_S[run.recorded]
    return np.real(rho[:, 0, 0] - rho[:, 1, 1])


def bare(model: tt.Model, algorithm: tt.Algorithm, until: float, **settings) -> tt.Trajectory:
    """`tnthermo.evolve` without companion run, mode occupations and, of a continuum, the bath's entropy."""
    bare_ones = {"error_bars": False, "occupation_every": np.inf}
    if any(coupling.frequencies is None for coupling in model.couplings):
        bare_ones["bath_entropy"] = "off"
    return tt.evolve(model, algorithm=algorithm, until=until, **(bare_ones | settings))
