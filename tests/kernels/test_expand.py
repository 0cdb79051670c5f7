"""Directions that a one-site step would miss, against the dense projection (1 - P_left) H psi (1 - P_right)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.kernels.dense import SEEDS, Problem, blocks_of, gaussian, left_states, mirrored, problem, vector
from tests.tolerances import DENSE
from tnthermo.engines.exact import hamiltonian
from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.expand import missing_directions, pick_rows, product_norm
from tnthermo.kernels.sweep import expand_left, expand_right, turned, turned_block, turned_matrix

SHAPE = ((3, 4, 4, 5), (2, 4, 3))
MANY = 1000


def directions(p: Problem, threshold: float, most: int):
    i = p.center
    left = np.ones((1, 1, 1), dtype=complex)
    for n in range(i):
        left = grow_left(left, *p.operators[n], p.tensors[n], p.machine.widths[n + 1])
    right = np.ones((1, 1, 1), dtype=complex)
    for n in range(len(p.dimensions) - 1, i + 1, -1):
        right = grow_right(right, *p.operators[n], p.tensors[n], p.machine.widths[n])
    return missing_directions(
        left, *p.operators[i], p.tensors[i], right, *p.operators[i + 1], p.tensors[i + 1], p.machine.widths[i + 1],
        threshold, most, True,
    )  # fmt: skip


def matrix(rows: np.ndarray) -> np.ndarray:
    """(n, d r), for no rows too."""
    return rows.reshape(rows.shape[0], rows.shape[1] * rows.shape[2])


def two_site_error(p: Problem, site: int | None = None) -> np.ndarray:
    """(l d1, d2 r): (1 - P_left) H psi (1 - P_right), H of all terms, in the basis of the pair that begins at ``site``.

    The centre is one of the two; without a site it is the first.
    """
    site = p.center if site is None else site
    first, second = p.tensors[site : site + 2]
    pair = np.tensordot(first, second, axes=1)
    moved = (p.effective(2, site) @ pair.reshape(-1)).reshape(first[:, :, 0].size, -1)
    left, s, _ = np.linalg.svd(first.reshape(-1, first.shape[2]), full_matrices=False)
    left = left[:, s > 1e-12 * s[0]]
    _, s, right = np.linalg.svd(second.reshape(second.shape[0], -1), full_matrices=False)
    right = right[s > 1e-12 * s[0]]
    moved = moved - left @ (left.conj().T @ moved)
    return moved - (moved @ right.conj().T) @ right


@settings(max_examples=20)
@given(seed=SEEDS, center=st.integers(0, 2), fraction=st.floats(1e-9, 0.9))
def test_rows_are_the_row_space_down_to_the_threshold(seed, center, fraction):
    p = problem(seed, SHAPE, center)
    dense = two_site_error(p)
    threshold = fraction * np.linalg.norm(dense) + 1e-10
    rows, missed, _ = directions(p, threshold, MANY)
    flat = matrix(rows)
    kept = p.tensors[center + 1].reshape(p.tensors[center + 1].shape[0], -1)
    np.testing.assert_allclose(flat @ flat.conj().T, np.eye(len(flat)), atol=DENSE)
    np.testing.assert_allclose(flat @ kept.conj().T, 0, atol=DENSE)
    rest = np.linalg.norm(dense - (dense @ flat.conj().T) @ flat)
    assert rest < threshold
    assert missed == 0.0
    # not one direction more than needed: without the last of them the rest is not below the threshold
    if len(flat):
        fewer = flat[:-1]
        assert np.linalg.norm(dense - (dense @ fewer.conj().T) @ fewer) >= threshold
    else:
        assert np.linalg.norm(dense) < threshold


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(0, 2), most=st.integers(0, 2))
def test_what_the_cap_leaves_out_is_reported(seed, center, most):
    p = problem(seed, SHAPE, center)
    dense = two_site_error(p)
    rows, missed, _ = directions(p, 1e-8, most)
    flat = matrix(rows)
    assert len(flat) <= most
    rest = np.linalg.norm(dense - (dense @ flat.conj().T) @ flat)
    assert missed == pytest.approx(rest if rest > 1e-8 else 0.0, rel=1e-8, abs=1e-10)


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(0, 2))
def test_leak_is_what_the_straddling_terms_move_out_of_the_kept_right_states(seed, center):
    p = problem(seed, SHAPE, center)
    straddling = tuple(t for t in p.terms if t.sites[0] <= center < t.sites[-1])
    moved = (hamiltonian(straddling, p.dimensions) @ vector(p.tensors)).reshape(
        left_states(p.tensors, center + 1).shape[0], -1
    )
    kept = right_basis(p)
    leak = np.linalg.norm(moved - (moved @ kept.conj().T) @ kept)
    _, _, ours = directions(p, 1e-9, MANY)
    # H may also leave what bonds further left and right keep; the kernel sees what stays inside them
    inside = inner(p, moved)
    assert ours <= leak + DENSE
    assert ours == pytest.approx(np.linalg.norm(inside - (inside @ kept.conj().T) @ kept), abs=DENSE)


def right_basis(p: Problem) -> np.ndarray:
    states = np.ones((1, 1), dtype=complex)
    for tensor in reversed(p.tensors[p.center + 1 :]):
        states = np.tensordot(tensor, states, axes=1).reshape(tensor.shape[0], -1)
    return states


def inner(p: Problem, moved: np.ndarray) -> np.ndarray:
    """Projected on the kept states left of the centre and right of its neighbour."""
    inclusion = p.inclusion(sites=2)
    return (inclusion @ (inclusion.conj().T @ moved.reshape(-1))).reshape(moved.shape)


def test_nothing_to_add_without_straddling_terms():
    p = problem(1, SHAPE, 1)
    local = Problem(dimensions=p.dimensions, terms=p.terms[:4], tensors=p.tensors, center=1)
    rows, missed, leak = directions(local, 0.0, MANY)
    assert rows.shape[0] == 0
    assert missed == leak == 0.0


@settings(max_examples=10)
@given(seed=SEEDS)
def test_norm_of_a_product(seed):
    rng = np.random.default_rng(seed)
    a, b = gaussian(rng, 7, 5), gaussian(rng, 5, 9)
    assert product_norm(a, b) == pytest.approx(np.linalg.norm(a @ b), rel=1e-12)


@settings(max_examples=20)
@given(seed=SEEDS, rank=st.integers(0, 5), threshold=st.sampled_from([1e-10, 0.5, 4.0]), room=st.integers(1, 12))
def test_picked_rows(seed, rank, threshold, room):
    rng = np.random.default_rng(seed)
    kept = np.linalg.qr(gaussian(rng, 16, 3))[0].conj().T.copy()
    rows = gaussian(rng, 6, rank) @ gaussian(rng, rank, 16)
    rows = rows - (rows @ kept.conj().T) @ kept
    picked, rest = pick_rows(rows.copy(), kept, threshold, room)
    np.testing.assert_allclose(picked @ picked.conj().T, np.eye(len(picked)), atol=DENSE)
    np.testing.assert_allclose(picked @ kept.conj().T, 0, atol=DENSE)
    assert len(picked) <= min(room, rank)
    left = np.linalg.norm(rows - (rows @ picked.conj().T) @ picked)
    if rest == 0.0:
        assert left < max(threshold, 1e-9)
    else:
        assert len(picked) == room
        assert rest == pytest.approx(left, rel=1e-9)


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(0, 2))
def test_expanding_a_bond_leaves_state_and_blocks_consistent(seed, center):
    p = problem(seed, SHAPE, center)
    b = blocks_of(p)
    before = vector(b.tensors)
    expand_right(b.net, center, 1e-8, MANY, True)
    # at this bond the neighbour may keep at most 3 states that the other side can hold, or all that H reaches
    assert b.tensors[center + 1].shape[0] > p.tensors[center + 1].shape[0]
    np.testing.assert_allclose(vector(b.tensors), before, atol=1e-14)
    wider = Problem(dimensions=p.dimensions, terms=p.terms, tensors=list(b.tensors), center=center)
    np.testing.assert_allclose(b.rights[center + 1], wider.right_block(center + 1), atol=DENSE)
    # and one-site steps now reach all of H psi at this bond
    assert np.linalg.norm(two_site_error(wider)) < 1e-7


# Read from the left: the bonds before a centre at site 1, 2 or 3 have room.
LEFT_SHAPE = (SHAPE[0][::-1], SHAPE[1][::-1])


def expanded_left(p: Problem, threshold: float, most: int = MANY):
    b = blocks_of(p)
    found = expand_left(b.net, p.center, threshold, most, True)
    return b, *found


@settings(max_examples=20)
@given(seed=SEEDS, center=st.integers(1, 3), fraction=st.floats(1e-9, 0.9))
def test_expanding_to_the_left(seed, center, fraction):
    """State and blocks stay consistent, the new columns are orthonormal, what one-site steps still miss is below the threshold."""
    p = problem(seed, LEFT_SHAPE, center)
    dense = two_site_error(p, center - 1)
    threshold = fraction * np.linalg.norm(dense) + 1e-8
    b, missed, _ = expanded_left(p, threshold)
    assert missed == 0.0
    np.testing.assert_allclose(vector(b.tensors), vector(p.tensors), atol=1e-14)
    wider = Problem(dimensions=p.dimensions, terms=p.terms, tensors=list(b.tensors), center=center)
    for bond in range(center + 1):
        np.testing.assert_allclose(b.lefts[bond], wider.left_block(bond), atol=DENSE)
    columns = b.tensors[center - 1].reshape(-1, b.tensors[center - 1].shape[2])
    np.testing.assert_allclose(columns.conj().T @ columns, np.eye(columns.shape[1]), atol=DENSE)
    old = p.tensors[center - 1].shape[2]
    new = columns[:, old:]
    # the kept columns are those there were, in the first place
    np.testing.assert_array_equal(columns[:, :old], p.tensors[center - 1].reshape(-1, old))
    assert np.linalg.norm(dense - new @ (new.conj().T @ dense)) < threshold
    if new.shape[1]:
        fewer = new[:, :-1]
        assert np.linalg.norm(dense - fewer @ (fewer.conj().T @ dense)) >= threshold
        # and H psi was reached by way of the new states: the pair misses nothing more than that
        assert np.linalg.norm(two_site_error(wider, center - 1)) < threshold
    else:
        assert np.linalg.norm(dense) < threshold


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(1, 3), room=st.integers(0, 2))
def test_what_the_cap_leaves_out_to_the_left_is_reported(seed, center, room):
    p = problem(seed, LEFT_SHAPE, center)
    dense = two_site_error(p, center - 1)
    old = p.tensors[center].shape[0]
    b, missed, _ = expanded_left(p, 1e-8, old + room)
    columns = b.tensors[center - 1].reshape(-1, b.tensors[center - 1].shape[2])
    assert columns.shape[1] <= old + room
    new = columns[:, old:]
    rest = np.linalg.norm(dense - new @ (new.conj().T @ dense))
    assert missed == pytest.approx(rest if rest > 1e-8 else 0.0, rel=1e-8, abs=1e-10)


@settings(max_examples=10)
@given(seed=SEEDS, center=st.integers(1, 3))
def test_left_is_right_on_the_line_read_backward(seed, center):
    """The same bond, the same error and leak as of the mirrored problem, whose tables its own automaton makes."""
    p = problem(seed, LEFT_SHAPE, center)
    other = mirrored(p)
    b, missed, leak = expanded_left(p, 1e-8)
    c = blocks_of(other)
    there = expand_right(c.net, other.center, 1e-8, MANY, True)
    assert (missed, leak) == pytest.approx(there, rel=1e-9)
    assert leak > 1e-3
    for ours, theirs in zip(b.tensors, reversed(list(c.tensors)), strict=True):
        assert ours.shape == theirs.shape[::-1]


def test_turning_twice_is_nothing():
    rng = np.random.default_rng(0)
    x, matrix, block = gaussian(rng, 2, 3, 4), gaussian(rng, 2, 3), gaussian(rng, 5, 3, 3)
    np.testing.assert_array_equal(turned(turned(x)), x)
    np.testing.assert_array_equal(turned(x)[1, 2, 0], x[0, 2, 1])
    np.testing.assert_array_equal(turned_matrix(matrix), matrix.T)
    np.testing.assert_array_equal(turned_block(turned_block(block)), block)
    np.testing.assert_array_equal(turned_block(block)[0], block[4].T)
    assert all(a.flags.c_contiguous for a in (turned(x), turned_matrix(matrix), turned_block(block)))


def test_dense_projection_notices_a_wrong_projector():
    """Negative: leaving out either projector changes the norm that the kernel must reproduce."""
    p = problem(11, SHAPE, 1)
    dense = two_site_error(p)
    first, second = p.tensors[1:3]
    pair = np.tensordot(first, second, axes=1)
    moved = (p.effective(sites=2) @ pair.reshape(-1)).reshape(dense.shape)
    right = second.reshape(second.shape[0], -1)
    only_right = moved - (moved @ right.conj().T) @ right
    _, missed, _ = directions(p, 1e-8, 0)
    assert missed == pytest.approx(np.linalg.norm(dense), rel=1e-9)
    assert np.linalg.norm(only_right) > 1.01 * missed
