"""Mean and mean square of H against the dense Hamiltonian, overlaps against dense vectors."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import (
    SEEDS,
    SHAPES,
    Problem,
    acted,
    between_empty,
    gaussian,
    problem,
    random_tensors,
    random_terms,
    typed,
    vector,
)
from tests.tolerances import DENSE
from tnthermo.engines.exact import tensors_of
from tnthermo.kernels.apply import grow_right
from tnthermo.kernels.arrays import array_list
from tnthermo.kernels.moments import grow_gram, moments, overlap, overlap_operator
from tnthermo.network.automaton import automaton

LINE = (3, 2, 4, 2, 3, 2)
PLACES = [(shape, bond) for shape, (dimensions, _) in enumerate(SHAPES) for bond in range(len(dimensions))]


def our_moments(p: Problem, operators: list | None = None) -> tuple[float, float, float]:
    tables, values = zip(*(operators or p.operators), strict=True)
    return moments(typed(p.tensors), array_list(tables), array_list(values), p.machine.widths)


def dense_moments(p: Problem) -> tuple[float, float, float]:
    """The slow twin of `moments`: H psi as a vector."""
    psi = vector(p.tensors)
    image = p.dense @ psi
    return np.vdot(psi, psi).real, np.vdot(psi, image).real, np.vdot(image, image).real


def grown_gram(p: Problem, bond: int) -> np.ndarray:
    gram = np.ones((1, 1, 1, 1), dtype=complex)
    for i in range(len(p.dimensions) - 1, bond - 1, -1):
        gram = grow_gram(gram, *p.operators[i], p.tensors[i], p.machine.widths[i])
    return gram


@pytest.mark.parametrize(("shape", "bond"), PLACES)
@settings(max_examples=4)
@given(seed=SEEDS)
def test_gram_blocks_are_the_contractions_of_every_channel(shape, bond, seed):
    """Of every bond, that before the centre included; the last row is the right block of H."""
    p = problem(seed, shape, reach=3)
    ours = grown_gram(p, bond)
    np.testing.assert_allclose(ours, p.gram_block(bond), rtol=DENSE, atol=DENSE)
    if bond > 0:
        np.testing.assert_allclose(ours[-1], p.right_block(bond), atol=DENSE)


@pytest.mark.parametrize("reach", [1, 2, 3])
@pytest.mark.parametrize("shape", [*range(len(SHAPES)), ((3,), ()), ((3, 2, 4, 2, 3), (3, 4, 5, 2))])
@settings(max_examples=4)
@given(seed=SEEDS, length=st.floats(0.1, 3))
def test_moments(shape, reach, seed, length):
    """Terms over up to three bonds, so that channels pass over sites; the state need not be normalised."""
    p = problem(seed, shape, reach=reach)
    p.tensors[0] *= length
    np.testing.assert_allclose(our_moments(p), dense_moments(p), rtol=DENSE, atol=DENSE)


@pytest.mark.parametrize("empty", [(0, 0), (1, 0), (0, 2), (2, 1), (2, 3)])
@settings(max_examples=4)
@given(seed=SEEDS)
def test_moments_between_empty_sites(empty, seed):
    rng = np.random.default_rng(seed)
    tensors = between_empty(rng, LINE, *empty)
    p = Problem(dimensions=LINE, terms=random_terms(rng, LINE), tensors=tensors, center=0)
    np.testing.assert_allclose(our_moments(p), dense_moments(p), rtol=DENSE, atol=DENSE)


@settings(max_examples=4)
@given(seed=SEEDS)
def test_mean_is_that_of_the_right_blocks(seed):
    p = problem(seed, 3)
    right = np.ones((1, 1, 1), dtype=complex)
    for i in range(len(p.dimensions) - 1, -1, -1):
        right = grow_right(right, *p.operators[i], p.tensors[i], p.machine.widths[i])
    assert our_moments(p)[1] == pytest.approx(right[0, 0, 0].real, rel=DENSE)


def test_an_eigenstate_has_no_variance():
    dimensions = (2, 3, 2, 3)
    terms = random_terms(np.random.default_rng(1), dimensions)
    p = Problem(dimensions=dimensions, terms=terms, tensors=[], center=0)
    energies, states = np.linalg.eigh(p.dense)
    eigen = Problem(
        dimensions=dimensions, terms=terms, tensors=list(tensors_of(states[:, 3].reshape(dimensions))), center=0
    )
    norm, first, second = our_moments(eigen)
    assert norm == pytest.approx(1, abs=DENSE)
    assert first == pytest.approx(energies[3], abs=DENSE)
    assert second == pytest.approx(energies[3] ** 2, rel=DENSE)


def test_a_transposed_operator_or_a_wrong_gauge_is_noticed():
    p = problem(3, 2)
    norm, first, second = dense_moments(p)
    swapped = [(np.ascontiguousarray(table[:, [0, 1, 3, 2]]), values) for table, values in p.operators]
    transposed = our_moments(p, swapped)
    assert transposed[0] == pytest.approx(norm)
    assert abs(transposed[1] - first) > 1e-3
    assert abs(transposed[2] - second) > 1e-3
    # one complex coupling without its adjoint partner: H is not Hermitian, the halves do not complete each other
    lame = automaton(p.terms[:-1], len(p.dimensions))
    tables = [lame.table(i, d) for i, d in enumerate(p.dimensions)]
    arrays = array_list([t.table for t in tables]), array_list([t.values for t in tables])
    assert abs(moments(typed(p.tensors), *arrays, lame.widths)[2] - second) > 1e-3
    off_center = problem(3, 2, center=2)
    assert abs(our_moments(off_center)[2] - dense_moments(off_center)[2]) > 1e-3


MORE, FEWER = (3, 2, 4, 3), (2, 2, 5, 2)


def embedded(tensors) -> np.ndarray:
    """The vector among max(MORE, FEWER) levels."""
    psi = vector(tensors).reshape([t.shape[1] for t in tensors])
    return np.pad(psi, [(0, max(pair) - d) for pair, d in zip(zip(MORE, FEWER, strict=True), psi.shape, strict=True)])


def pair_of_states(seed: int) -> tuple[list, list]:
    """Two states that differ in levels, bonds and gauge."""
    rng = np.random.default_rng(seed)
    return random_tensors(rng, MORE, (3, 4, 2)), random_tensors(rng, FEWER, (2, 3, 2), center=2)


@settings(max_examples=15)
@given(seed=SEEDS)
def test_overlap(seed):
    a, b = pair_of_states(seed)
    for bras, kets in itertools.product((a, b), repeat=2):
        ours = overlap(typed(bras), typed(kets))
        assert ours == pytest.approx(np.vdot(embedded(bras), embedded(kets)), abs=DENSE)


@pytest.mark.parametrize("site", range(4))
@settings(max_examples=5)
@given(seed=SEEDS)
def test_overlap_with_an_operator(site, seed):
    """The operator between the levels of the two, or between those of the larger."""
    a, b = pair_of_states(seed)
    levels = max(MORE[site], FEWER[site])
    operator = gaussian(np.random.default_rng(seed + 1), levels, levels)
    for bras, kets in itertools.product((a, b), repeat=2):
        expected = np.vdot(embedded(bras), acted(embedded(kets), (site, operator)))
        cut = np.ascontiguousarray(operator[: bras[site].shape[1], : kets[site].shape[1]])
        for matrix in (operator, cut):
            assert overlap_operator(typed(bras), typed(kets), site, matrix) == pytest.approx(expected, abs=DENSE)


def test_overlap_tells_bra_from_ket_and_the_operator_from_its_transpose():
    a, b = (typed(each) for each in pair_of_states(2))
    assert overlap(b, a) == pytest.approx(np.conj(overlap(a, b)), abs=DENSE)
    assert abs(overlap(b, a) - overlap(a, b)) > 1e-3
    operator = gaussian(np.random.default_rng(3), 5, 5)
    ours = overlap_operator(a, b, 2, operator)
    assert overlap_operator(b, a, 2, operator.conj().T.copy()) == pytest.approx(np.conj(ours), abs=DENSE)
    assert abs(overlap_operator(a, b, 2, operator.T.copy()) - ours) > 1e-3
