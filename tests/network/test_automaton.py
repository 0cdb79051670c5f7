"""Operator tables and the door to quimb, against dense matrices."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chains
import tnthermo as tt
from tests.kernels.dense import (
    SEEDS,
    SHAPES,
    assert_gauge,
    gaussian,
    mirrored,
    problem,
    random_tensors,
    random_terms,
    read_backward,
    vector,
)
from tests.tolerances import DENSE, ROUNDING
from tnthermo.engines.exact import hamiltonian, tensors_of
from tnthermo.engines.measure import Measure
from tnthermo.model.terms import Term
from tnthermo.network.automaton import CONSTANT, automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.quimb_door import from_quimb_mps, to_quimb_hamiltonian, to_quimb_mpo, to_quimb_mps
from tnthermo.network.state import State

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.3, "z": 0.1},
    coupling={"z": 0.5, "x": 0.2},
    bath=chains.chain(chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3]), temperature=0.5),
)


COLD = chains.Discrete(frequencies=[0.5], couplings=[0.3])
# two baths, the system between them: the first of one warm mode (two sites, on the left), the second of one cold mode
MIDDLE = tt.assemble(
    layout="middle",
    hamiltonian={"x": 0.3, "z": 0.1},
    couplings=[
        tt.couple({"z": 0.5, "y": 0.2}, chains.chain(COLD, temperature=0.5), strength=tt.Ramp(duration=2.0)),
        tt.couple([[0.3, "0.2j"], [1.0, -0.1]], chains.chain(COLD), kind="exchange"),
    ],
    drives=[tt.SystemDrive(operator=np.array([[0, -1j], [1j, 0]]), drive=tt.Cosine(amplitude=0.4, frequency=1.0))],
)
MIDDLE_DIMENSIONS = (3, 4, 2, 3)


def dense_of(machine, dimensions: tuple[int, ...], factors=None, *, backward: bool = False) -> np.ndarray:
    """Contract the tables: sum over all walks through the channels of the product of local matrices.

    backward  the mirrored tables, the last site first
    """
    partial = {0: np.ones((1, 1), dtype=complex)}
    sites = range(len(dimensions))
    for site in reversed(sites) if backward else sites:
        d = dimensions[site]
        steps: dict[int, np.ndarray] = {}
        found = machine.table(site, d)
        values = found.values if factors is None else found.values_at(np.asarray(factors))
        table, values = (found.mirrored, values[found.permutation]) if backward else (found.table, values)
        assert np.all(np.diff(table[:, 0]) >= 0)  # sorted by the channel they come from
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


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("place", [0, 2, 4])
@pytest.mark.parametrize("driven", [False, True])
def test_terms_with_a_common_end_share_a_channel(place, driven, backward):
    """A star about one site: a channel to its right, one to its left, whatever the number of terms; a different factor has its own."""
    rng = np.random.default_rng(place)
    dimensions = [3, 2, 3, 2, 3]
    dimensions[place] = 2
    one, other = gaussian(rng, 2, 2), gaussian(rng, 2, 2)
    drive = 0 if driven else None

    def pair(matrix, site, name, coefficient, drive):
        sites, factors = ((place, site), (matrix, name)) if place < site else ((site, place), (name, matrix))
        return Term(role="interaction", coefficient=coefficient, sites=sites, factors=factors, drive=drive)

    others = [site for site in range(5) if site != place]
    terms = [pair(one.copy(), site, "position", 0.3 + site, drive) for site in others]
    terms += [Term(role="bath", coefficient=0.7j + site, sites=(site,), factors=("number",)) for site in others]
    terms.append(Term(role="system", coefficient=1.0, sites=(place,), factors=(other,)))
    factors = np.array([0.6] if driven else [])
    unlike = pair(other, others[-1], "raise", -0.4, drive)
    undriven = pair(one, others[0], "lower", 0.2, None)
    for extra, more in (([], 0), ([unlike], 1), ([undriven], int(driven))):
        machine = automaton([*terms, *extra], 5)
        exact = hamiltonian(tuple([*terms, *extra]), tuple(dimensions), factors).toarray()
        if backward:
            shape, axes = tuple(dimensions) * 2, (*range(5)[::-1], *range(5, 10)[::-1])
            exact = exact.reshape(shape).transpose(axes).reshape(exact.shape)
        found = dense_of(machine, tuple(dimensions), factors, backward=backward)
        np.testing.assert_allclose(found, exact, atol=DENSE)
        assert max(machine.widths[1:-1]) == 3 + more
        wrong = dense_of(automaton([*terms[1:], *extra], 5), tuple(dimensions), factors, backward=backward)
        assert np.abs(wrong - exact).max() > 1e-2
    if not driven:
        mpo = to_quimb_mpo(terms, dimensions).to_dense()
        np.testing.assert_allclose(mpo, hamiltonian(tuple(terms), tuple(dimensions)).toarray(), atol=DENSE)


@settings(max_examples=15)
@given(seed=SEEDS, reach=st.integers(1, 3), size=st.integers(1, 5))
def test_mirrored_tables_are_the_hamiltonian_read_backward(seed, reach, size):
    """The same matrix with the order of the sites reversed, and the tables that the mirrored terms would give."""
    p = problem(seed, ((2, 3, 2, 2, 3)[:size], (1,) * (size - 1)), reach=reach)
    ours = dense_of(p.machine, p.dimensions, backward=True)
    shape = p.dimensions * 2
    axes = (*range(size)[::-1], *range(size, 2 * size)[::-1])
    expected = p.dense.reshape(shape).transpose(axes).reshape(p.dense.shape)
    np.testing.assert_allclose(ours, expected, atol=DENSE)
    other = mirrored(p)
    np.testing.assert_allclose(dense_of(other.machine, other.dimensions), expected, atol=DENSE)
    np.testing.assert_array_equal(other.machine.widths, p.machine.widths[::-1])
    psi = gaussian(np.random.default_rng(seed), expected.shape[0])
    np.testing.assert_allclose(
        expected @ read_backward(psi, p.dimensions), read_backward(p.dense @ psi, p.dimensions), atol=DENSE
    )
    if size > 2:
        assert np.abs(dense_of(p.machine, p.dimensions) - expected).max() > 1e-3 or p.dimensions != p.dimensions[::-1]


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("backward", [False, True])
def test_drives_multiply_the_values_of_their_terms(place, backward):
    """Two factors, one on a one-site and one on a two-site term; the rest is constant."""
    rng = np.random.default_rng(place)
    dimensions = (2, 3, 2, 3)
    terms = random_terms(rng, dimensions, 2)
    d, other = dimensions[place], (place + 2) % 4
    one, two = gaussian(rng, d, d), gaussian(rng, d, d)
    pair = ((place, other), (two, "raise")) if place < other else ((other, place), ("raise", two))
    driven = (
        Term(role="system", coefficient=1.5, sites=(place,), factors=(one,), drive=1),
        Term(role="interaction", coefficient=0.5j, sites=pair[0], factors=pair[1], drive=0),
    )
    machine = automaton((*terms, *driven), 4)
    for factors in ([1.0, 1.0], [0.3, -2.0], [0.0, 0.0]):
        parts = [replace(term, coefficient=factors[term.drive] * term.coefficient, drive=None) for term in driven]
        exact = hamiltonian((*terms, *parts), dimensions).toarray()
        np.testing.assert_allclose(hamiltonian((*terms, *driven), dimensions, factors).toarray(), exact, atol=DENSE)
        ours = dense_of(machine, dimensions, factors, backward=backward)
        if backward:
            shape = dimensions * 2
            exact = exact.reshape(shape).transpose(3, 2, 1, 0, 7, 6, 5, 4).reshape(exact.shape)
        np.testing.assert_allclose(ours, exact, atol=DENSE)
    tables = [machine.table(i, size) for i, size in enumerate(dimensions)]
    assert [found.driven for found in tables] == [i == place for i in range(4)]
    assert set(tables[place].drives) == {CONSTANT, 0, 1}
    # without drives the values are those at factors 1, and a wrong order of the factors is another matrix
    np.testing.assert_array_equal(tables[place].values_at(np.ones(2)), tables[place].values)
    swapped = dense_of(machine, dimensions, [-2.0, 0.3])
    assert np.abs(swapped - hamiltonian((*terms, *driven), dimensions, [0.3, -2.0]).toarray()).max() > 1e-3


def test_the_line_with_the_system_between_two_baths():
    """Tables, mirrored tables, MPO and local gates of a driven model, all the same H(t)."""
    machine = automaton(MIDDLE.terms, 4)
    assert MIDDLE.line.system == 2
    for t in (0.0, 0.7, 3.0):
        factors = [float(factor.value(t)) for factor in MIDDLE.factors]
        exact = hamiltonian(MIDDLE.terms, MIDDLE_DIMENSIONS, factors).toarray()
        np.testing.assert_allclose(exact, exact.conj().T, atol=DENSE)
        np.testing.assert_allclose(dense_of(machine, MIDDLE_DIMENSIONS, factors), exact, atol=DENSE)
        mpo = np.asarray(to_quimb_mpo(MIDDLE.terms, MIDDLE_DIMENSIONS, factors).to_dense())
        np.testing.assert_allclose(mpo, exact, atol=DENSE)
        gates = summed_gates(to_quimb_hamiltonian(MIDDLE.terms, MIDDLE_DIMENSIONS, factors), MIDDLE_DIMENSIONS)
        np.testing.assert_allclose(gates, exact, atol=DENSE)
    assert [machine.table(i, d).driven for i, d in enumerate(MIDDLE_DIMENSIONS)] == [False, False, True, False]


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
        found = machine.table(site, 3 if site else 2)
        assert np.all(np.diff(found.table[:, 0]) >= 0)
        assert np.all(np.diff(found.mirrored[:, 0]) >= 0)
        assert len(found.values) == len(found.table) == len(found.mirrored) == len(found.drives)
        assert sorted(found.permutation) == list(range(len(found.values)))
        assert found.mirrored.flags.c_contiguous
        assert not found.driven
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


@pytest.mark.parametrize("centre", range(4))
def test_a_state_of_any_gauge_and_axis_order_comes_back_with_its_centre_where_wanted(centre):
    p = problem(1, 2, 2)
    there = to_quimb_mps(p.tensors)
    there.permute_arrays("rpl")
    back = from_quimb_mps(there, centre=centre)
    np.testing.assert_allclose(vector(back), vector(p.tensors), atol=ROUNDING)
    assert_gauge(back, centre, ROUNDING)
    if centre == 0:
        np.testing.assert_allclose(vector(from_quimb_mps(there)), vector(back), atol=ROUNDING)


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
    local = Measure(MODEL).local(BlockState(state, automaton(MODEL.terms, 5), MODEL))
    mpo = to_quimb_mpo(MODEL.terms, dimensions)
    assert local.total_energy == pytest.approx(np.real(psi.H @ mpo.apply(psi)), abs=DENSE)
    bath_only = to_quimb_mpo([t for t in MODEL.terms if t.role == "bath"], dimensions)
    assert local.chain_energy == pytest.approx([np.real(psi.H @ bath_only.apply(psi))], abs=DENSE)
    assert abs(local.total_energy - local.chain_energy[0]) > 1e-6


def summed_gates(local, dimensions: tuple[int, ...]) -> np.ndarray:
    total = np.zeros((np.prod(dimensions),) * 2, dtype=complex)
    for i, j in itertools.pairwise(range(len(dimensions))):
        before, after = np.prod(dimensions[:i]), np.prod(dimensions[j + 1 :])
        total += np.kron(np.kron(np.eye(int(before)), local.get_gate((i, j))), np.eye(int(after)))
    return total


def test_local_hamiltonian_sums_to_the_whole():
    dimensions = (2, 3, 4, 2, 3)
    total = summed_gates(to_quimb_hamiltonian(MODEL.terms, dimensions), dimensions)
    np.testing.assert_allclose(total, hamiltonian(MODEL.terms, dimensions).toarray(), atol=DENSE)


@pytest.mark.parametrize("centre", range(4))
@settings(max_examples=4)
@given(seed=SEEDS)
def test_dense_vectors_become_tensors(seed, centre):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=(2, 3, 4, 2)) + 1j * rng.normal(size=(2, 3, 4, 2))
    tensors = tensors_of(psi, centre)
    np.testing.assert_allclose(vector(tensors), psi.reshape(-1), atol=DENSE)
    assert [t.shape[1] for t in tensors] == [2, 3, 4, 2]
    assert_gauge(tensors, centre, DENSE)
    assert np.linalg.norm(tensors[centre]) == pytest.approx(np.linalg.norm(psi))
