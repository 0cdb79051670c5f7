"""H on a site, on a bond and on a pair against the dense Hamiltonian between the states that the bonds label."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import SEEDS, SHAPES, Problem, gaussian, problem
from tests.tolerances import DENSE
from tnthermo.kernels.apply import apply_site, finish_channels, grow_left, grow_right, start_channels
from tnthermo.kernels.two_site import merge_tables

PLACES = [(shape, center) for shape, (dimensions, _) in enumerate(SHAPES) for center in range(len(dimensions))]


def grown_left(p: Problem, bond: int) -> np.ndarray:
    block = np.ones((1, 1, 1), dtype=complex)
    for i in range(bond):
        block = grow_left(block, *p.operators[i], p.tensors[i], p.machine.widths[i + 1])
    return block


def grown_right(p: Problem, bond: int) -> np.ndarray:
    block = np.ones((1, 1, 1), dtype=complex)
    for i in range(len(p.dimensions) - 1, bond - 1, -1):
        block = grow_right(block, *p.operators[i], p.tensors[i], p.machine.widths[i])
    return block


@pytest.mark.parametrize(("shape", "center"), PLACES)
@settings(max_examples=5)
@given(seed=SEEDS)
def test_blocks_are_the_contractions_of_every_channel(shape, center, seed):
    p = problem(seed, shape, center)
    np.testing.assert_allclose(grown_left(p, center), p.left_block(center), atol=DENSE)
    np.testing.assert_allclose(grown_right(p, center + 1), p.right_block(center + 1), atol=DENSE)


@pytest.mark.parametrize(("shape", "center"), PLACES)
@settings(max_examples=5)
@given(seed=SEEDS)
def test_site(shape, center, seed):
    p = problem(seed, shape, center)
    x = gaussian(np.random.default_rng(seed + 1), *p.tensors[center].shape)
    ours = apply_site(grown_left(p, center), *p.operators[center], grown_right(p, center + 1), x)
    np.testing.assert_allclose(ours.reshape(-1), p.effective() @ x.reshape(-1), atol=DENSE)


@pytest.mark.parametrize(("shape", "center"), [place for place in PLACES if place[1] > 0])
@settings(max_examples=5)
@given(seed=SEEDS)
def test_bond_counts_the_coupling_once(shape, center, seed):
    """The bond left of the centre, after the centre's tensor has been made right-orthonormal."""
    p = problem(seed, shape, center)
    l, d, r = p.tensors[center].shape
    q, _ = np.linalg.qr(p.tensors[center].reshape(l, d * r).conj().T)
    tensors = [*p.tensors]
    tensors[center] = np.ascontiguousarray(q.conj().T).reshape(-1, d, r)
    p = Problem(dimensions=p.dimensions, terms=p.terms, tensors=tensors, center=center)
    x = gaussian(np.random.default_rng(seed + 1), l, 1, tensors[center].shape[0])
    ours = apply_site(grown_left(p, center), *p.machine.pass_on(center), grown_right(p, center), x)
    np.testing.assert_allclose(ours.reshape(-1), p.effective(sites=0) @ x.reshape(-1), atol=DENSE)


@pytest.mark.parametrize(("shape", "center"), [place for place in PLACES if place[1] < len(SHAPES[place[0]][0]) - 1])
@settings(max_examples=5)
@given(seed=SEEDS)
def test_pair_of_sites(shape, center, seed):
    p = problem(seed, shape, center)
    d1, d2 = p.dimensions[center : center + 2]
    table, values = merge_tables(*p.operators[center], *p.operators[center + 1], d2)
    x = gaussian(np.random.default_rng(seed + 1), p.tensors[center].shape[0], d1 * d2, p.tensors[center + 1].shape[2])
    ours = apply_site(grown_left(p, center), table, values, grown_right(p, center + 2), x)
    np.testing.assert_allclose(ours.reshape(-1), p.effective(sites=2) @ x.reshape(-1), atol=DENSE)


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(0, 2))
def test_channels_started_and_finished_meet_in_the_pair(seed, center):
    """Sum over the channels of a bond of what starts left of it times what finishes right of it: the pair's H_eff on the state."""
    p = problem(seed, 2, center)
    first, second = p.tensors[center : center + 2]
    width = int(p.machine.widths[center + 1])
    u = start_channels(grown_left(p, center), *p.operators[center], first, 0, width)
    v = finish_channels(grown_right(p, center + 2), *p.operators[center + 1], second, 0, width)
    pair = np.einsum("blsk,bkty->lsty", u, v)
    state = np.einsum("lsk,kty->lsty", first, second)
    np.testing.assert_allclose(pair.reshape(-1), p.effective(sites=2) @ state.reshape(-1), atol=DENSE)


def test_a_wrong_channel_or_a_wrong_gauge_is_noticed():
    """The twin tells: a table whose coupling goes through one channel twice, and blocks of a tensor that is not orthonormal."""
    p = problem(3, 1, 1)
    x = p.tensors[1]
    left, right = grown_left(p, 1), grown_right(p, 2)
    table, values = p.operators[1]
    middle = np.flatnonzero((table[:, 0] > 0) & (table[:, 0] < p.machine.widths[1] - 1))
    twice = values.copy()
    twice[middle] *= 2
    assert np.abs(apply_site(left, table, twice, right, x).reshape(-1) - p.effective() @ x.reshape(-1)).max() > 1e-3
    stretched = grow_left(np.ones((1, 1, 1), dtype=complex), *p.operators[0], 2 * p.tensors[0], p.machine.widths[1])
    assert (
        np.abs(apply_site(stretched, table, values, right, x).reshape(-1) - p.effective() @ x.reshape(-1)).max() > 1e-3
    )
