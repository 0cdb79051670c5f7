"""States: product starts, purification, quimb in and out, and boson levels that grow without a trace."""

import numpy as np
import pytest
from hypothesis import given, settings

import chains
import tnthermo as tt
from tests.kernels.dense import SEEDS, Problem, random_tensors, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.blocks import BlockState, more_levels, start_levels
from tnthermo.network import automaton
from tnthermo.record import measure_local, measure_profile
from tnthermo.state import State, product_state
from tnthermo.tdvp import filled

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1},
    coupling={"z": 0.5, "x": 0.2},
    bath=chains.chain(chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3]), temperature=0.5),
)
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def test_product_state_of_a_mixed_start():
    state = product_state(MIXED, (3, 4))
    assert (state.dimension, state.ancilla, state.time) == (2, 2, 0.0)
    psi = state.dense()
    assert psi.shape == (4, 3, 4)
    reduced = psi.reshape(2, -1) @ psi.reshape(2, -1).conj().T  # the ancilla is the faster index of site 0
    np.testing.assert_allclose(reduced, MIXED, atol=ROUNDING)
    assert np.abs(psi[:, 1:]).max() == np.abs(psi[:, :, 1:]).max() == 0


def test_pure_start_has_no_ancilla():
    assert product_state(np.diag([1.0, 0.0]).astype(complex), (3,)).ancilla == 1


def test_dense_vector():
    tensors = random_tensors(np.random.default_rng(0), (2, 3, 4), (2, 3))
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1)
    np.testing.assert_allclose(state.dense().reshape(-1), vector(tensors), atol=ROUNDING)


def test_through_quimb_and_back():
    tensors = random_tensors(np.random.default_rng(1), (4, 3, 4), (4, 3))
    state = State(tensors=tuple(tensors), time=2.5, dimension=2, ancilla=2)
    back = State.from_quimb(state.to_quimb(), time=2.5, dimension=2, ancilla=2)
    np.testing.assert_allclose(back.dense(), state.dense(), atol=ROUNDING)
    assert (back.time, back.dimension, back.ancilla) == (2.5, 2, 2)


@settings(max_examples=8)
@given(seed=SEEDS)
def test_more_levels_change_no_expectation_value(seed):
    tensors = random_tensors(np.random.default_rng(seed), (2, 3, 4, 3, 2), (2, 4, 3, 2))
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1)
    # c^dag leads from the old highest level to an empty one: no expectation value of a state that lacks it knows
    blocks = BlockState(state, automaton(MODEL.terms, 5))
    for site in range(1, 5):
        blocks.grow_levels(site, blocks.tensors[site].shape[1] + 2)
    wide = blocks.state(0.0)
    before = measure_local(BlockState(state, automaton(MODEL.terms, 5)), MODEL)
    after = measure_local(blocks, MODEL)
    rebuilt = measure_local(BlockState(wide, automaton(MODEL.terms, 5)), MODEL)
    for name in ("rho_S", "moment_X", "moment_P", "chain_energy", "total_energy", "norm"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=DENSE)
        np.testing.assert_allclose(getattr(rebuilt, name), getattr(before, name), atol=DENSE)
    profile, wider = measure_profile(BlockState(state, automaton(MODEL.terms, 5))), measure_profile(blocks)
    np.testing.assert_allclose(wider.occupations, profile.occupations, atol=DENSE)
    np.testing.assert_array_equal(wider.levels, profile.levels + 2)
    assert wider.top_populations.max() == 0
    assert profile.top_populations.min() > 0
    # blocks are those of the wider tensors
    dimensions = tuple(t.shape[1] for t in wide.tensors)
    p = Problem(dimensions=dimensions, terms=MODEL.terms, tensors=list(wide.tensors), center=0)
    for bond in range(1, 5):
        np.testing.assert_allclose(blocks.rights[bond], p.right_block(bond), atol=DENSE)


def test_rule_for_levels():
    levels, top = np.array([4, 4, 40, 40]), np.array([1e-9, 1e-3, 1e-3, 0.0])
    np.testing.assert_array_equal(more_levels(levels, top, 1e-6), [4, 6, 50, 40])


def test_levels_asked_for():
    assert start_levels("auto", 2) == ((4, 4), True)
    assert start_levels(7, 3) == ((7, 7, 7), False)
    assert start_levels([5, 6], 2) == ((5, 6), False)


@pytest.mark.parametrize("bond", [1, 3, 8])
def test_filled_bonds_keep_the_state_and_hold_the_low_occupations(bond):
    start = product_state(MIXED, (3, 3, 3))
    wide = filled(start, bond)
    np.testing.assert_allclose(wide.dense(), start.dense(), atol=ROUNDING)
    for tensor in wide.tensors[1:]:
        flat = tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(flat @ flat.conj().T, np.eye(len(flat)), atol=ROUNDING)
        assert tensor.shape[0] <= bond
    if bond == 3:
        # first the vacuum, then what one boson on the next site and one hop make of it
        rows = np.eye(1, 27, 0), np.eye(1, 27, 9), np.eye(1, 27, 3)
        space = np.tensordot(np.tensordot(wide.tensors[1], wide.tensors[2], axes=1), wide.tensors[3], axes=1).reshape(
            3, 27
        )
        np.testing.assert_array_equal(space, np.concatenate(rows))


def test_active_sites_end_where_the_vacuum_begins():
    start = product_state(MIXED, (3, 3, 3, 3))
    assert BlockState(start, automaton(MODEL.terms, 5)).active == 1
    tensors = [*start.tensors]
    excited = np.zeros_like(tensors[2])
    excited[0, 1, 0] = 1
    tensors[2] = excited
    moved = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=2)
    assert BlockState(moved, automaton(MODEL.terms, 5)).active == 3
