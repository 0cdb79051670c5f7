"""What the record holds against the dense vector: reduced state, moments with X and P, energies, profiles, mode energies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import chains
import tnthermo as tt
from tests.kernels.dense import SEEDS, random_tensors, vector
from tests.tolerances import DENSE
from tnthermo.blocks import BlockState
from tnthermo.exact import hamiltonian
from tnthermo.local import boson
from tnthermo.network import automaton
from tnthermo.record import measure_local, measure_modes, measure_profile
from tnthermo.state import State
from tnthermo.terms import with_role

TWO_MODES = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3])
MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1}, coupling={"z": 0.5, "y": 0.2}, bath=chains.chain(TWO_MODES, temperature=0.5)
)
ANCILLA = 2
DIMENSIONS = (2 * ANCILLA, 3, 4, 3, 2)


def blocks(seed: int) -> tuple[BlockState, np.ndarray]:
    """A random state of system, ancilla and four chain sites, and its vector."""
    tensors = random_tensors(np.random.default_rng(seed), DIMENSIONS, (4, 4, 3, 2))
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=ANCILLA)
    return BlockState(state, automaton(MODEL.terms, 5)), vector(tensors)


def on_site(matrix: np.ndarray, site: int) -> np.ndarray:
    before, after = int(np.prod(DIMENSIONS[:site])), int(np.prod(DIMENSIONS[site + 1 :]))
    return np.kron(np.kron(np.eye(before), matrix), np.eye(after))


@settings(max_examples=6)
@given(seed=SEEDS)
def test_local_measurements(seed):
    b, psi = blocks(seed)
    local = measure_local(b, MODEL)
    flat = psi.reshape(2, -1)
    kappa, frequencies, hoppings = MODEL.bath.coupling, MODEL.bath.frequencies, MODEL.bath.hoppings
    lower = [on_site(boson("lower", d), n + 1) for n, d in enumerate(DIMENSIONS[1:])]
    X = kappa * (lower[0] + lower[0].T)
    P = -1j * kappa * (frequencies[0] * (lower[0] - lower[0].T) + hoppings[0] * (lower[1] - lower[1].T))
    np.testing.assert_allclose(local.rho_S, flat @ flat.conj().T, atol=DENSE)
    np.testing.assert_allclose(local.moment_X, (X @ psi).reshape(2, -1) @ flat.conj().T, atol=DENSE)
    np.testing.assert_allclose(local.moment_P, (P @ psi).reshape(2, -1) @ flat.conj().T, atol=DENSE)
    total, bath = (hamiltonian(terms, DIMENSIONS) for terms in (MODEL.terms, with_role(MODEL.terms, "bath")))
    assert local.total_energy == pytest.approx(np.vdot(psi, total @ psi).real, abs=DENSE)
    assert local.chain_energy == pytest.approx(np.vdot(psi, bath @ psi).real, abs=DENSE)
    assert local.norm == pytest.approx(1, abs=DENSE)


@settings(max_examples=6)
@given(seed=SEEDS)
def test_norm_is_not_repaired(seed):
    b, _ = blocks(seed)
    b.tensors[0] = 0.9 * b.tensors[0]
    local = measure_local(b, MODEL)
    assert local.norm == pytest.approx(0.81, abs=DENSE)
    assert np.trace(local.rho_S).real == pytest.approx(0.81, abs=DENSE)


@settings(max_examples=6)
@given(seed=SEEDS)
def test_profile(seed):
    b, psi = blocks(seed)
    profile = measure_profile(b)
    p = np.linalg.svd(psi.reshape(DIMENSIONS[0], -1), compute_uv=False) ** 2
    assert profile.cut_entropy == pytest.approx(-np.sum(p * np.log(p)), abs=1e-9)
    cube = np.abs(psi.reshape(DIMENSIONS)) ** 2
    for n, d in enumerate(DIMENSIONS[1:]):
        populations = np.moveaxis(cube, n + 1, 0).reshape(d, -1).sum(axis=1)
        assert profile.occupations[n] == pytest.approx(np.arange(d) @ populations, abs=DENSE)
        assert profile.top_populations[n] == pytest.approx(populations[-1], abs=DENSE)
    np.testing.assert_array_equal(profile.levels, DIMENSIONS[1:])
    np.testing.assert_array_equal(profile.bonds, (4, 4, 3, 2))


def test_mode_energies_undo_the_maps():
    """Ancilla unchanged, physical modes gained what the chain gained; a wrong temperature in the maps breaks both."""
    run = tt.evolve(MODEL, initial="+z", algorithm=tt.TDVP(step=0.1, tolerance=1e-7), until=1.0, error_bars=False)
    b = BlockState(run.state, automaton(MODEL.terms, 5))
    modes = chains.mode_functions(MODEL.bath)
    found = measure_modes(b, modes)
    assert run.chain_energy[-1] > 0.01
    assert found.physical == pytest.approx(run.chain_energy[-1], abs=2e-6)  # seventeen sweeps of 1e-7 each in amplitude
    assert found.ancilla == pytest.approx(0, abs=2e-6)
    assert found.physical == pytest.approx(run.mode_energy[-1], abs=DENSE)
    wrong = replace(modes, sinh=1.1 * modes.sinh)
    assert abs(measure_modes(b, wrong).physical - run.chain_energy[-1]) > 1e-4
