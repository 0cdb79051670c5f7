"""Operator tables and the door to quimb, against dense matrices."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chains
import tnthermo as tt
from tests.kernels.dense import SEEDS, SHAPES, problem, random_tensors, random_terms, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.blocks import BlockState
from tnthermo.exact import hamiltonian, tensors_of
from tnthermo.network import automaton, from_quimb_mps, to_quimb_hamiltonian, to_quimb_mpo, to_quimb_mps
from tnthermo.record import measure_local
from tnthermo.state import State

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1},
    coupling={"z": 0.5, "x": 0.2},
    bath=chains.chain(chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3]), temperature=0.5),
)


def dense_of(machine, dimensions: tuple[int, ...]) -> np.ndarray:
    """Contract the tables: sum over all walks through the channels of the product of local matrices."""
    partial = {0: np.ones((1, 1), dtype=complex)}
    for site, d in enumerate(dimensions):
        steps: dict[int, np.ndarray] = {}
        table, values = machine.table(site, d)
        for (a, b, row, column), value in zip(table, values, strict=True):
            unit = np.zeros((d, d))
            unit[row, column] = 1
            steps[b] = steps.get(b, 0) + value * np.kron(partial[a], unit)
        partial = steps
    return partial[0]


@settings(max_examples=15)
@given(seed=SEEDS, reach=st.integers(1, 3), size=st.integers(2, 5))
def test_automaton_is_the_hamiltonian(seed, reach, size):
    """Also with terms that skip sites: identities carry their channel."""
    dimensions = (2, 3, 2, 2, 3)[:size]
    terms = random_terms(np.random.default_rng(seed), dimensions, reach)
    machine = automaton(terms, size)
    exact = hamiltonian(terms, dimensions).toarray()
    np.testing.assert_allclose(dense_of(machine, dimensions), exact, atol=DENSE)
    np.testing.assert_allclose(exact, exact.conj().T, atol=DENSE)
    # one channel per straddling term, and the two for "not begun" and "finished"
    for bond in range(1, size):
        assert machine.widths[bond] == 2 + sum(t.sites[0] < bond <= t.sites[-1] for t in terms)


@settings(max_examples=10)
@given(seed=SEEDS, reach=st.integers(1, 3))
def test_mpo(seed, reach):
    dimensions = (2, 3, 2, 3)
    terms = random_terms(np.random.default_rng(seed), dimensions, reach)
    exact = hamiltonian(terms, dimensions).toarray()
    ours = np.asarray(to_quimb_mpo(terms, dimensions).to_dense())
    np.testing.assert_allclose(ours, exact, atol=DENSE)
    fewer = np.asarray(to_quimb_mpo(terms[:-1], dimensions).to_dense())
    assert np.abs(fewer - exact).max() > 1e-6  # a term left out would be noticed


def test_tables_are_sorted_and_a_bond_passes_its_channels_on():
    machine = automaton(MODEL.terms, 5)
    for site in range(5):
        table, values = machine.table(site, 3 if site else 2)
        assert np.all(np.diff(table[:, 0]) >= 0)
        assert len(values) == len(table)
    table, values = machine.pass_on(2)
    np.testing.assert_array_equal(table, [(a, a, 0, 0) for a in range(machine.widths[2])])
    np.testing.assert_array_equal(values, 1)


@pytest.mark.parametrize("shape", range(len(SHAPES)))
def test_round_trip_through_quimb(shape):
    p = problem(shape, shape)
    there = to_quimb_mps(p.tensors)
    np.testing.assert_allclose(np.asarray(there.to_dense()).reshape(-1), vector(p.tensors), atol=ROUNDING)
    before = [np.array(a) for a in there.arrays]
    back = from_quimb_mps(there)
    np.testing.assert_allclose(vector(back), vector(p.tensors), atol=ROUNDING)
    assert [t.shape for t in back] == [t.shape for t in p.tensors]
    for ours, theirs in zip(there.arrays, before, strict=True):
        np.testing.assert_array_equal(ours, theirs)


def test_a_state_of_any_gauge_and_axis_order_comes_back_with_its_centre_first():
    p = problem(1, 2, 2)
    there = to_quimb_mps(p.tensors)
    there.permute_arrays("rpl")
    back = from_quimb_mps(there)
    np.testing.assert_allclose(vector(back), vector(p.tensors), atol=ROUNDING)
    for tensor in back[1:]:
        flat = tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(flat @ flat.conj().T, np.eye(len(flat)), atol=ROUNDING)


def test_one_site_alone():
    tensor = np.array([0.6, 0.8j]).reshape(1, 2, 1)
    np.testing.assert_allclose(np.asarray(to_quimb_mps([tensor]).to_dense()).reshape(-1), [0.6, 0.8j])


@settings(max_examples=5)
@given(seed=SEEDS)
def test_energy_by_quimb_is_the_recorded_energy(seed):
    dimensions = (2, 3, 4, 3, 2)
    tensors = random_tensors(np.random.default_rng(seed), dimensions, (2, 4, 3, 2))
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1)
    psi = to_quimb_mps(tensors)
    local = measure_local(BlockState(state, automaton(MODEL.terms, 5)), MODEL)
    mpo = to_quimb_mpo(MODEL.terms, dimensions)
    assert local.total_energy == pytest.approx(np.real(psi.H @ mpo.apply(psi)), abs=DENSE)
    bath_only = to_quimb_mpo([t for t in MODEL.terms if t.role == "bath"], dimensions)
    assert local.chain_energy == pytest.approx(np.real(psi.H @ bath_only.apply(psi)), abs=DENSE)
    assert abs(local.total_energy - local.chain_energy) > 1e-6


def test_local_hamiltonian_sums_to_the_whole():
    dimensions = (2, 3, 4, 2, 3)
    local = to_quimb_hamiltonian(MODEL.terms, dimensions)
    total = np.zeros((np.prod(dimensions),) * 2, dtype=complex)
    for i, j in itertools.pairwise(range(5)):
        before, after = np.prod(dimensions[:i]), np.prod(dimensions[j + 1 :])
        total += np.kron(np.kron(np.eye(int(before)), local.get_gate((i, j))), np.eye(int(after)))
    np.testing.assert_allclose(total, hamiltonian(MODEL.terms, dimensions).toarray(), atol=DENSE)


@settings(max_examples=5)
@given(seed=SEEDS)
def test_dense_vectors_become_tensors(seed):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=(2, 3, 4, 2)) + 1j * rng.normal(size=(2, 3, 4, 2))
    tensors = tensors_of(psi)
    np.testing.assert_allclose(vector(tensors), psi.reshape(-1), atol=DENSE)
    for tensor in tensors[1:]:
        flat = tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(flat @ flat.conj().T, np.eye(len(flat)), atol=DENSE)
