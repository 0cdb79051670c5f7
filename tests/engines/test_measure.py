"""What the record holds against the dense vector: reduced state, moments with X and P, energies, profiles, mode energies."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings

import chains
import tnthermo as tt
from tests.kernels.dense import SEEDS, acted, random_tensors, vector
from tests.tolerances import DENSE
from tnthermo.engines.exact import hamiltonian
from tnthermo.engines.measure import Measure, measure_profile, observe
from tnthermo.model.modes import mode_functions
from tnthermo.model.observables import observables
from tnthermo.model.operators import boson
from tnthermo.model.terms import with_role
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.state import State

TWO_MODES = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3])
ONE_MODE = chains.Discrete(frequencies=[0.7], couplings=[0.25])
HERMITIAN = {"z": 0.5, "y": 0.2}
TILTED = np.array([[0.3, 0.2j], [1.0, -0.1]])
MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1}, coupling=HERMITIAN, bath=chains.chain(TWO_MODES, temperature=0.5)
)


def several(layout: str = "auto") -> tt.Model:
    """Driven; two chain sites each of a warm pair with exchange coupling, of a warm chain and of a cold one."""
    couplings = [
        tt.couple(TILTED, chains.thermofield_chains(ONE_MODE, temperature=0.4), kind="exchange"),
        tt.couple(HERMITIAN, chains.chain(ONE_MODE, temperature=0.5), strength=tt.Ramp(duration=2.0, initial=0.6)),
        tt.couple({"x": 0.7}, chains.chain(TWO_MODES)),
    ]
    drives = [tt.SystemDrive(operator=np.array([[0, -1j], [1j, 0]]), drive=tt.Cosine(amplitude=0.4, frequency=1.0))]
    return tt.assemble(hamiltonian={"x": 0.3}, couplings=couplings, drives=drives, layout=layout)


# The system alone on the left, between its baths, all baths interleaved on one side, the two chains of one bath on either side.
MODELS = {
    "one": MODEL,
    "several": several(),
    "interleaved": several("interleaved"),
    "pair in the middle": tt.JaynesCummings(
        hamiltonian={"z": 0.4}, coupling=TILTED, bath=chains.thermofield_chains(TWO_MODES, temperature=0.5), layout="middle"
    ),
    "star cells": tt.SpinBoson(hamiltonian={"x": 0.3}, coupling=HERMITIAN, bath=chains.star_cells(TWO_MODES, temperature=0.5)),
    "star cells, exchange": tt.JaynesCummings(
        hamiltonian={"z": 0.4}, coupling=TILTED, bath=chains.star_cells(TWO_MODES, temperature=0.5)
    ),
}  # fmt: skip
EVERY = pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
ANCILLA = 2
TIME = 0.6


def dimensions_of(model: tt.Model) -> tuple[int, ...]:
    """System and ancilla, and boson sites with 3, 2, 3, 2 ... levels."""
    return tuple(2 * ANCILLA if i == model.line.system else 3 - i % 2 for i in range(model.line.length))


def blocks(model: tt.Model, seed: int) -> tuple[BlockState, np.ndarray]:
    """A random state of system, ancilla and chain sites, and its vector (d_0, d_1, ...)."""
    dimensions, system = dimensions_of(model), model.line.system
    bonds = tuple(
        min(3 + i % 2, np.prod(dimensions[: i + 1]), np.prod(dimensions[i + 1 :])) for i in range(len(dimensions) - 1)
    )
    tensors = random_tensors(np.random.default_rng(seed), dimensions, bonds, system)
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=ANCILLA, system=system)
    return BlockState(state, automaton(model.terms, len(dimensions)), model, TIME), vector(tensors).reshape(dimensions)


def reduced_2(phi: np.ndarray, psi: np.ndarray, system: int) -> np.ndarray:
    """Tr |phi><psi| over everything but the first factor of the system's site."""
    rows = [np.moveaxis(x, system, 0).reshape(2, -1) for x in (phi, psi)]
    return rows[0] @ rows[1].conj().T


def lowering(model: tt.Model) -> list[list[tuple[int, np.ndarray]]]:
    """(place, matrix) of c_n for each site of each chain."""
    dimensions = dimensions_of(model)
    return [[(place, boson("lower", dimensions[place])) for place in places] for places in model.line.chains]


def form(psi: np.ndarray, parts: list[tuple[complex, tuple[int, np.ndarray]]]) -> np.ndarray:
    """(sum v c + h.c.) psi."""
    return sum(v * acted(psi, (i, c)) + np.conj(v) * acted(psi, (i, c.conj().T)) for v, (i, c) in parts)


def channels_by_hand(model: tt.Model) -> list[tuple[list, list]]:
    """X_q and P_q as (v, (place, c)): of one chain kappa c_0; of a pair C = kappa_1 c_0 + kappa_2 d_0^dag, X = C + h.c., Y = -i C + h.c.

    P from c_0' = -i (e_0 c_0 + t_0 c_1) with H_c, and the opposite sign with -H_d.
    """
    result, lower = [], lowering(model)
    for coupling in model.couplings:
        mine, lower = lower[: len(coupling.chains)], lower[len(coupling.chains) :]
        for q in range(1 if coupling.kind == "hermitian" else 2):
            position, momentum = [], []
            for chain, sites in zip(coupling.chains, mine, strict=True):
                partner = chain.weight == "absorption"
                v = chain.coupling * (1 if q == 0 else 1j if partner else -1j)
                turn = 1j if partner else -1j
                position.append((v, sites[0]))
                momentum.append((turn * v * chain.frequencies[0], sites[0]))
                if chain.length > 1:
                    momentum.append((turn * v * chain.hoppings[0], sites[1]))
            result.append((position, momentum))
    return result


@EVERY
@settings(max_examples=4)
@given(seed=SEEDS)
def test_local_measurements(model, seed):
    b, psi = blocks(model, seed)
    local = Measure(model).local(b)
    system, dimensions = model.line.system, dimensions_of(model)
    np.testing.assert_allclose(local.rho_S, reduced_2(psi, psi, system), atol=DENSE)
    by_hand = channels_by_hand(model)
    assert local.moment_X.shape == local.moment_P.shape == (len(by_hand), 2, 2)
    for q, (position, momentum) in enumerate(by_hand):
        np.testing.assert_allclose(local.moment_X[q], reduced_2(form(psi, position), psi, system), atol=DENSE)
        np.testing.assert_allclose(local.moment_P[q], reduced_2(form(psi, momentum), psi, system), atol=DENSE)
    factors = [float(factor.value(TIME)) for factor in model.factors]
    flat = psi.reshape(-1)
    total = hamiltonian(model.terms, dimensions, factors)
    assert local.total_energy == pytest.approx(np.vdot(flat, total @ flat).real, abs=DENSE)
    baths = with_role(model.terms, "bath")
    each = [hamiltonian(tuple(t for t in baths if t.bath == j), dimensions) for j in range(len(model.couplings))]
    expected = [np.vdot(flat, part @ flat).real for part in each]
    np.testing.assert_allclose(local.chain_energy, expected, atol=DENSE)
    assert local.norm == pytest.approx(1, abs=DENSE)
    # H_int from the moments: what the ledger makes of them
    driven = np.einsum("q,qij,qji->", model.strengths(TIME), [c.operator for c in model.channels], local.moment_X).real
    interaction = hamiltonian(with_role(model.terms, "interaction"), dimensions, factors)
    assert driven == pytest.approx(np.vdot(flat, interaction @ flat).real, abs=DENSE)


@EVERY
@settings(max_examples=3)
@given(seed=SEEDS)
def test_mean_squares_of_the_baths(model, seed):
    """<H_chain^2> of their union, then of each: not the sum of the parts."""
    b, psi = blocks(model, seed)
    found, dimensions, flat = Measure(model).heat_squares(b), dimensions_of(model), psi.reshape(-1)
    baths = with_role(model.terms, "bath")
    parts = [baths, *(tuple(t for t in baths if t.bath == j) for j in range(len(model.couplings)))]
    expected = [np.linalg.norm(hamiltonian(terms, dimensions) @ flat) ** 2 for terms in parts]
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    if len(model.couplings) > 1:
        assert abs(found[0] - found[1:].sum()) > 1e-6


@EVERY
@settings(max_examples=3)
@given(seed=SEEDS)
def test_correlation_matrices(model, seed):
    """Chain after chain, whatever the order on the line."""
    b, psi = blocks(model, seed)
    normal, anomalous = Measure(model).correlation_matrices(b)
    sites = [site for chain in lowering(model) for site in chain]
    for m, (i, c) in enumerate(sites):
        for n, (j, d) in enumerate(sites):
            lowered = acted(psi, (j, d))
            assert normal[m, n] == pytest.approx(np.vdot(acted(psi, (i, c)), lowered), abs=DENSE)
            assert anomalous[m, n] == pytest.approx(np.vdot(psi, acted(lowered, (i, c))), abs=DENSE)


@EVERY
def test_own_observables(model):
    """System operators, boson operators and their products, on any chain; complex where they are not Hermitian."""
    b, psi = blocks(model, 5)
    system, flat = model.line.system, psi.reshape(-1)
    last = len(model.chains) - 1
    end = model.chains[last].length - 1
    given_ = {
        "sx": {"x": 1.0}, "tilted": TILTED, "n": {"boson": "number"}, "c": {"boson": "lower", "chain": last, "site": end},
        "both": {"operator": TILTED, "boson": "raise", "chain": last, "site": end},
        "position": {"operator": {"y": 1.0}, "boson": "position", "chain": last},
    }  # fmt: skip
    own = observables(given_, dimension=2, lengths=tuple(chain.length for chain in model.chains))
    profile = measure_profile(b, own)
    assert profile.observables.dtype == np.complex128
    for found, o in zip(profile.observables, own, strict=True):
        moved = psi
        if o.boson is not None:
            place = model.line.chains[o.chain][o.site]
            moved = acted(moved, (place, boson(o.boson, psi.shape[place])))
        if o.operator is not None:
            moved = acted(moved, (system, np.kron(o.operator, np.eye(ANCILLA))))
        assert found == pytest.approx(np.vdot(flat, moved.reshape(-1)), abs=DENSE)
        assert observe(b, o) == found
        if o.hermitian:
            assert abs(found.imag) < DENSE
    assert [o.hermitian for o in own] == [True, False, True, False, False, True]
    assert abs(profile.observables[4].imag) > 1e-4


@EVERY
@settings(max_examples=3)
@given(seed=SEEDS)
def test_norm_is_not_repaired(model, seed):
    b, _ = blocks(model, seed)
    b.tensors[b.system] = 0.9 * b.tensors[b.system]
    local = Measure(model).local(b)
    assert local.norm == pytest.approx(0.81, abs=DENSE)
    assert np.trace(local.rho_S).real == pytest.approx(0.81, abs=DENSE)


@EVERY
@settings(max_examples=4)
@given(seed=SEEDS)
def test_profile(model, seed):
    b, psi = blocks(model, seed)
    profile = measure_profile(b)
    system, dimensions = model.line.system, dimensions_of(model)
    p = np.linalg.svd(np.moveaxis(psi, system, 0).reshape(dimensions[system], -1), compute_uv=False) ** 2
    p = p[p > 1e-30]
    assert profile.cut_entropy == pytest.approx(-np.sum(p * np.log(p)), abs=1e-9)
    cube = np.abs(psi) ** 2
    for n, place in enumerate(model.line.places):
        d = dimensions[place]
        populations = np.moveaxis(cube, place, 0).reshape(d, -1).sum(axis=1)
        assert profile.occupations[n] == pytest.approx(np.arange(d) @ populations, abs=DENSE)
        assert profile.top_populations[n] == pytest.approx(populations[-1], abs=DENSE)
    np.testing.assert_array_equal(profile.levels, [dimensions[place] for place in model.line.places])
    toward = [b.tensors[i].shape[0 if i > system else 2] for i in model.line.places]
    np.testing.assert_array_equal(profile.bonds, toward)
    assert profile.observables.shape == (0,)


def test_mode_energies_undo_the_maps():
    """Ancilla unchanged, physical modes gained what the chain gained; a wrong temperature in the maps breaks both."""
    run = tt.evolve(MODEL, initial="+z", algorithm=tt.TDVP(step=0.1, tolerance=1e-7), until=1.0, error_bars=False)
    b = BlockState(run.state, automaton(MODEL.terms, 5), MODEL)
    (modes,) = mode_functions(MODEL)
    measure = Measure(MODEL)
    matrices = measure.correlation_matrices(b)
    found = measure.modes(*matrices, [modes])
    gained = run.chain_energy[-1, 0]
    assert gained > 0.01
    assert found.energy == pytest.approx([gained], abs=2e-6)  # seventeen sweeps of 1e-7 each in amplitude
    assert found.ancilla == pytest.approx([0], abs=2e-6)
    assert found.energy == pytest.approx(run.mode_energy[-1], abs=DENSE)
    np.testing.assert_allclose(found.occupation, run.mode_occupation[-1], atol=DENSE)
    assert modes.frequencies @ found.occupation == pytest.approx(found.energy[0], rel=1e-12)
    np.testing.assert_allclose(run.mode_frequency, [0.6, 1.1])
    wrong = replace(modes, sinh=1.1 * modes.sinh)
    assert abs(measure.modes(*matrices, [wrong]).energy[0] - gained) > 1e-4


def test_mode_energies_of_a_pair_and_of_several_baths():
    """Exchange with a pair, a warm and a cold bath at once: each bath's modes gained what its chains gained."""
    model = several()
    run = tt.evolve(model, initial="+z", algorithm=tt.TDVP(step=0.1, tolerance=1e-7), until=0.8, error_bars=False)
    np.testing.assert_allclose(run.mode_frequency, [0.7, 0.7, 0.6, 1.1])
    np.testing.assert_array_equal(run.mode_bath, [0, 1, 2, 2])
    np.testing.assert_allclose(run.mode_weight, 1)
    assert np.all(run.chain_energy[-1] > 1e-3)
    np.testing.assert_allclose(run.mode_energy[-1], run.chain_energy[-1], atol=2e-6)
    np.testing.assert_allclose(run.ancilla_energy[-1], 0, atol=2e-6)
    np.testing.assert_allclose(run.mode_occupation[0], 0, atol=DENSE)
