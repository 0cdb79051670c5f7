"""States: product starts, purification, quimb in and out, and boson levels that grow without a trace."""

import numpy as np
import pytest
from hypothesis import given, settings

import chains
import tnthermo as tt
from tests.kernels.dense import SEEDS, Problem, acted, assert_gauge, random_tensors, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.engines.measure import Measure, measure_profile
from tnthermo.engines.tdvp import filled
from tnthermo.model.line import Line, line
from tnthermo.model.operators import boson, purify
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import BlockState, centred_at_origin, more_levels, start_levels
from tnthermo.network.state import State, coherent, product_state

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1},
    coupling={"z": 0.5, "x": 0.2},
    bath=chains.chain(chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3]), temperature=0.5),
)
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


# two baths of one warm mode each: two sites on either side of the system
WARM = chains.chain(chains.Discrete(frequencies=[0.6], couplings=[0.3]), temperature=0.5)
MIDDLE = tt.assemble(
    layout="middle",
    hamiltonian={"x": 0.3, "z": 0.1},
    couplings=[tt.couple({"z": 0.5, "x": 0.2}, WARM), tt.couple({"y": 0.4}, WARM)],
)


def right(sites: int) -> Line:
    """The system first, one chain on its right."""
    return line([], [(0, sites)])


def test_product_state_of_a_mixed_start():
    state = product_state(purify(MIXED), right(2), (3, 4))
    assert (state.dimension, state.ancilla, state.time, state.system) == (2, 2, 0.0, 0)
    psi = state.dense()
    assert psi.shape == (4, 3, 4)
    reduced = psi.reshape(2, -1) @ psi.reshape(2, -1).conj().T  # the ancilla is the faster index of site 0
    np.testing.assert_allclose(reduced, MIXED, atol=ROUNDING)
    assert np.abs(psi[:, 1:]).max() == np.abs(psi[:, :, 1:]).max() == 0


def test_pure_start_has_no_ancilla():
    assert product_state(purify(np.diag([1.0, 0.0]).astype(complex)), right(1), (3,)).ancilla == 1


def test_product_state_with_the_system_in_the_middle():
    """Levels and amplitudes are told chain after chain, wherever the sites stand."""
    middle = line([(1, 2)], [(0, 1), (2, 2)])  # places: chain 0 at 3, chain 1 at 1, 0, chain 2 at 4, 5
    assert (middle.system, middle.chains) == (2, ((3,), (1, 0), (4, 5)))
    amplitudes = (0.5j, 0.3, 0.0, -0.4 + 0.2j, 0.1)
    state = product_state(purify(MIXED), middle, (12, 13, 3, 14, 11), amplitudes)
    psi = state.dense()
    assert psi.shape == (3, 13, 4, 12, 14, 11)
    assert (state.system, state.dimension, state.ancilla) == (2, 2, 2)
    flat = np.moveaxis(psi, 2, 0).reshape(2, -1)
    np.testing.assert_allclose(flat @ flat.conj().T, MIXED, atol=1e-9)
    for place, amplitude in zip(middle.places, amplitudes, strict=True):
        lowered = acted(psi, (int(place), boson("lower", psi.shape[place])))
        assert np.vdot(psi, lowered) == pytest.approx(amplitude, abs=1e-7)


@pytest.mark.parametrize("amplitude", [0.0, 0.7, -0.3 + 0.9j, 3.0j, 1e-200])
def test_coherent_states(amplitude):
    """Eigenstates of the lowering operator with a Poisson distribution of levels; what is cut off is missing in the norm."""
    vector_ = coherent(amplitude, 60)
    assert vector_.dtype == np.complex128
    assert np.linalg.norm(vector_) == pytest.approx(1, abs=ROUNDING)
    lowered = boson("lower", 60) @ vector_
    np.testing.assert_allclose(lowered[:40], amplitude * vector_[:40], atol=1e-9)
    assert vector_[0] == pytest.approx(np.exp(-(abs(amplitude) ** 2) / 2))
    np.testing.assert_array_equal(coherent(amplitude, 5), vector_[:5])
    assert 1 - np.linalg.norm(coherent(3.0, 5)) ** 2 == pytest.approx(0.945, abs=1e-3)


def test_a_cut_coherent_state_keeps_the_gauge_and_loses_norm():
    """The norm that the cut leaves is that of the centre: every other tensor is normalised."""
    middle = line([(0, 1)], [(1, 1)])
    state = product_state(purify(MIXED), middle, (3, 4), (0.9j, -0.7))
    assert_gauge(state.tensors, 1, ROUNDING)
    kept = np.linalg.norm(coherent(0.9j, 3)) * np.linalg.norm(coherent(-0.7, 4))
    assert kept < 0.99
    assert np.linalg.norm(state.tensors[1]) == pytest.approx(kept, rel=ROUNDING)
    expected = np.einsum("a,s,b->asb", coherent(0.9j, 3), purify(MIXED).reshape(-1), coherent(-0.7, 4))
    np.testing.assert_allclose(state.dense(), expected, atol=ROUNDING)


def test_a_large_amplitude_does_not_overflow():
    vector_ = coherent(15.0, 400)
    assert np.linalg.norm(vector_) == pytest.approx(1, abs=1e-10)
    assert np.all(np.isfinite(vector_))


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


@pytest.mark.parametrize("system", range(4))
def test_through_quimb_and_back_with_the_system_anywhere(system):
    dimensions = (3, 4, 3, 2)
    tensors = random_tensors(np.random.default_rng(1), dimensions, (3, 4, 2), system)
    state = State(tensors=tuple(tensors), time=2.5, dimension=dimensions[system], ancilla=1, system=system)
    there = state.to_quimb()
    there.canonicalize_(3 - system)
    back = State.from_quimb(there, time=2.5, dimension=dimensions[system], system=system)
    np.testing.assert_allclose(back.dense(), state.dense(), atol=ROUNDING)
    assert back.system == system
    assert_gauge(back.tensors, system, ROUNDING)


LINES = [(MODEL, (2, 3, 4, 3, 2), (2, 4, 3, 2)), (MIDDLE, (3, 4, 2, 3, 4), (3, 4, 5, 3))]


@pytest.mark.parametrize(("model", "dimensions", "bonds"), LINES)
@settings(max_examples=6)
@given(seed=SEEDS)
def test_more_levels_change_no_expectation_value(model, dimensions, bonds, seed):
    system = model.line.system
    tensors = random_tensors(np.random.default_rng(seed), dimensions, bonds, system)
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1, system=system)
    machine, measure = automaton(model.terms, 5), Measure(model)
    # c^dag leads from the old highest level to an empty one: no expectation value of a state that lacks it knows
    blocks = BlockState(state, machine, model)
    for site in model.line.places:
        blocks.grow_levels(int(site), blocks.tensors[site].shape[1] + 2)
    wide = blocks.state(0.0)
    assert wide.system == system
    before = measure.local(BlockState(state, machine, model))
    after = measure.local(blocks)
    rebuilt = measure.local(BlockState(wide, machine, model))
    for name in ("rho_S", "moment_X", "moment_P", "chain_energy", "total_energy", "norm"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=DENSE)
        np.testing.assert_allclose(getattr(rebuilt, name), getattr(before, name), atol=DENSE)
    profile, wider = measure_profile(BlockState(state, machine, model)), measure_profile(blocks)
    np.testing.assert_allclose(wider.occupations, profile.occupations, atol=DENSE)
    np.testing.assert_array_equal(wider.levels, profile.levels + 2)
    assert wider.top_populations.max() == 0
    assert profile.top_populations.min() > 0
    # blocks and tables are those of the wider tensors
    p = Problem(
        dimensions=tuple(t.shape[1] for t in wide.tensors), terms=model.terms, tensors=list(wide.tensors), center=system
    )
    for bond in range(5):
        block, expected = (
            (blocks.lefts[bond], p.left_block(bond)) if bond <= system else (blocks.rights[bond], p.right_block(bond))
        )
        np.testing.assert_allclose(block, expected, atol=DENSE)
    again = BlockState(wide, machine, model)
    for name in ("tables", "values", "mirrored", "mirrored_values"):
        for ours, theirs in zip(getattr(blocks, name), getattr(again, name), strict=True):
            np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("system", range(5))
@settings(max_examples=4)
@given(seed=SEEDS)
def test_centre_moved_to_the_first_site(system, seed):
    """A copy with the centre at site 0, the vector unchanged; where it is there already, the tensors themselves."""
    dimensions = (3, 4, 2, 3, 4)
    tensors = random_tensors(np.random.default_rng(seed), dimensions, (3, 4, 5, 3), system)
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1, system=2)
    blocks = BlockState(state, automaton(MIDDLE.terms, 5), MIDDLE)
    blocks.system = system
    moved = centred_at_origin(blocks)
    np.testing.assert_allclose(vector(moved), vector(tensors), atol=ROUNDING)
    assert_gauge(moved, 0, ROUNDING)
    for ours, before in zip(blocks.tensors, tensors, strict=True):
        np.testing.assert_array_equal(ours, before)
    assert (moved is blocks.tensors) == (system == 0)


def test_operators_follow_the_time_and_only_those_of_the_system():
    drive = tt.Ramp(duration=2.0, final=3.0)
    model = tt.assemble(
        layout="middle",
        hamiltonian={"x": 0.3}, couplings=[tt.couple({"z": 0.5}, WARM, strength=drive), tt.couple({"y": 0.4}, WARM)],
        drives=[tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.Cosine(amplitude=1.0, frequency=1.0))],
    )  # fmt: skip
    state = product_state(purify(MIXED), model.line, (3,) * 4)
    machine = automaton(model.terms, 5)
    blocks = BlockState(state, machine, model, 0.0)
    for t in (0.5, 1.7, 0.0):
        blocks.set_time(t)
        fresh = BlockState(state, machine, model, t)
        factors = np.array([float(factor.value(t)) for factor in model.factors])
        for i in range(5):
            site = machine.table(i, state.tensors[i].shape[1])
            expected = site.values_at(factors)
            np.testing.assert_array_equal(blocks.values[i], expected)
            np.testing.assert_array_equal(blocks.mirrored_values[i], expected[site.permutation])
            np.testing.assert_array_equal(fresh.values[i], expected)
    assert np.abs(blocks.values[2] - BlockState(state, machine, model, 0.5).values[2]).max() > 0.1


def test_rule_for_levels():
    levels, top = np.array([4, 4, 40, 40]), np.array([1e-9, 1e-3, 1e-3, 0.0])
    np.testing.assert_array_equal(more_levels(levels, top, 1e-6), [4, 6, 50, 40])


def test_levels_asked_for():
    assert start_levels("auto", 2) == ((4, 4), True)
    assert start_levels(7, 3) == ((7, 7, 7), False)
    assert start_levels([5, 6], 2) == ((5, 6), False)


@pytest.mark.parametrize("bond", [1, 3, 8])
def test_filled_bonds_keep_the_state_and_hold_the_low_occupations(bond):
    start = product_state(purify(MIXED), right(3), (3, 3, 3))
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


@pytest.mark.parametrize("lengths", [(0, 3), (3, 0), (2, 3), (1, 1)])
@pytest.mark.parametrize("bond", [1, 3, 8])
def test_filled_bonds_on_both_sides(lengths, bond):
    """Left and right of the system alike: read from the system outward the tensors of the two sides are the same."""
    left, right_ = lengths
    middle = line([(0, left)] if left else [], [(1 if left else 0, right_)] if right_ else [])
    start = product_state(purify(MIXED), middle, (3,) * (left + right_))
    wide = filled(start, bond)
    assert (wide.system, len(wide.tensors)) == (left, left + right_ + 1)
    np.testing.assert_allclose(wide.dense(), start.dense(), atol=ROUNDING)
    assert_gauge(wide.tensors, left, ROUNDING)
    assert max(max(t.shape[::2]) for t in wide.tensors) == min(bond, 3 ** max(left, right_))
    if right_:
        alone = filled(product_state(purify(MIXED), right(right_), (3,) * right_), bond)
        for ours, theirs in zip(wide.tensors[left + 1 :], alone.tensors[1:], strict=True):
            np.testing.assert_array_equal(ours, theirs)
    if left:
        alone = filled(product_state(purify(MIXED), right(left), (3,) * left), bond)
        for ours, theirs in zip(wide.tensors[:left][::-1], alone.tensors[1:], strict=True):
            np.testing.assert_array_equal(ours, theirs.transpose(2, 1, 0))


def test_active_sites_end_where_the_vacuum_begins():
    start = product_state(purify(MIXED), MODEL.line, (3, 3, 3, 3))
    machine = automaton(MODEL.terms, 5)
    assert (BlockState(start, machine, MODEL).first, BlockState(start, machine, MODEL).active) == (0, 1)
    tensors = [*start.tensors]
    excited = np.zeros_like(tensors[2])
    excited[0, 1, 0] = 1
    tensors[2] = excited
    moved = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=2)
    assert BlockState(moved, machine, MODEL).active == 3


@pytest.mark.parametrize(
    ("amplitudes", "first", "active"),
    [
        ((0, 0, 0, 0), 2, 3),
        ((0.1, 0, 0, 0), 1, 3),
        ((0, 0.1, 0, 0), 0, 3),
        ((0, 0, 0.1j, 0), 2, 4),
        ((0.1, 0, 0, 1e-7), 1, 5),
    ],
)
def test_displaced_sites_are_active_on_either_side(amplitudes, first, active):
    """Places of the first chain are 1, 0, of the second 3, 4."""
    assert MIDDLE.line.chains == ((1, 0), (3, 4))
    start = product_state(purify(MIXED), MIDDLE.line, (6, 6, 6, 6), amplitudes)
    blocks = BlockState(start, automaton(MIDDLE.terms, 5), MIDDLE)
    assert (blocks.first, blocks.active) == (first, active)


def test_bonds_are_counted_on_the_side_of_the_system():
    tensors = random_tensors(np.random.default_rng(3), (3, 4, 2, 3, 4), (3, 4, 5, 2), 2)
    state = State(tensors=tuple(tensors), time=0.0, dimension=2, ancilla=1, system=2)
    blocks = BlockState(state, automaton(MIDDLE.terms, 5), MIDDLE)
    np.testing.assert_array_equal(blocks.bonds, [4, 3, 5, 2])
    np.testing.assert_array_equal(blocks.levels, [4, 3, 3, 4])
