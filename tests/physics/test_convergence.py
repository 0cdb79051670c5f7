"""Convergence to published-quality reference curves of the spin-boson model: sigma_z(t) of a cold, strong and of a warm problem.

H = (eps/2) sigma_z + (Delta/2) sigma_x + sigma_z X + H_B, J = (alpha/2) w on [0, 1], start +z.
"""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.reference import FOLDER
from tests.physics.runs import bare, sigma_z

pytestmark = pytest.mark.slow

COLD = (
    tt.TDVP(step=0.5, tolerance=1e-3),
    tt.TDVP(step=0.25, tolerance=3e-4),
    tt.TDVP(step=0.125, tolerance=3e-5),
)
WARM = (
    tt.TDVP(step=1.0, tolerance=1e-3, max_bond=12),
    tt.TDVP(step=0.5, tolerance=1e-3, max_bond=16),
    tt.TDVP(step=0.25, tolerance=1e-4, max_bond=16),
)


def ohmic(alpha: float) -> chains.PowerLaw:
    """J = (alpha/2) w on [0, 1], which is 2 (alpha/4) w."""
    return chains.PowerLaw(alpha=alpha / 4, cutoff=1.0, exponent=1.0, shape="hard")


def cold(alpha: float = 0.5) -> tt.Model:
    """alpha = .5, eps = 0, Delta = .2, T = 0."""
    return tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 1.0}, bath=chains.chain(ohmic(alpha), length=40))


def warm() -> tt.Model:
    """alpha = .2, eps = .1, Delta = .2, beta = 5."""
    bath = chains.chain(ohmic(0.2), length=60, temperature=0.2)
    return tt.SpinBoson(hamiltonian={"z": 0.05, "x": 0.1}, coupling={"z": 1.0}, bath=bath)


def error(model: tt.Model, algorithm: tt.Algorithm, name: str) -> float:
    """Largest deviation of sigma_z from the reference over all steps, 0 <= t <= 30."""
    reference = np.load(FOLDER / f"{name}.npz")
    run = bare(model, algorithm, 30.0)
    nearest = np.abs(reference["t"][None, :] - run.t[:, None]).argmin(axis=1)
    shared = np.abs(reference["t"][nearest] - run.t) < 1e-9
    assert shared.sum() > 30
    assert shared[-1]
    return float(np.abs(sigma_z(run)[shared] - reference["sigma_z"][nearest[shared]]).max())


def test_cold_and_strong():
    errors = [error(cold(), algorithm, "perf_A") for algorithm in COLD]
    assert errors[0] > errors[1] > errors[2], errors
    assert errors[-1] < 1e-4
    assert error(cold(alpha=0.505), COLD[1], "perf_A") > 3 * errors[1]  # one per cent more coupling is seen


def test_warm():
    errors = [error(warm(), algorithm, "perf_B") for algorithm in WARM]
    assert errors[0] > errors[1] > errors[2], errors
    assert errors[-1] < 1e-4


def test_a_tapered_cap_keeps_system_and_energies():
    """What leaves the system does not come back: bonds far away may be thin, if not too thin."""
    capped = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=16)
    whole = bare(warm(), capped, 30.0)
    tapered = bare(warm(), replace(capped, taper=0.05), 30.0)
    assert tapered.work < 0.7 * whole.work
    assert np.abs(sigma_z(tapered) - sigma_z(whole)).max() < 6e-5
    assert np.abs(tapered.chain_energy - whole.chain_energy).max() < 1e-4
    thin = bare(warm(), replace(capped, max_bond=4, taper=0.05), 30.0)
    assert np.abs(sigma_z(thin) - sigma_z(whole)).max() > 1e-3
