"""Sites in another order and in other modes, against vectors."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from scipy.stats import unitary_group

from tests.kernels.dense import SEEDS, assert_gauge, full_bonds, random_tensors, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.bath_entropy import reordering as line_module
from tnthermo.bath_entropy.reordering import Line, collect, reorder

DIMENSIONS = (2, 3, 2, 4, 3)
ORDERS = [(0, 1, 2, 3, 4), (0, 4, 3, 2, 1), (0, 2, 4, 1, 3), (0, 3, 1, 2, 4)]


def line_of(seed: int, dimensions: tuple[int, ...] = DIMENSIONS, bonds: tuple[int, ...] | None = None) -> Line:
    rng = np.random.default_rng(seed)
    return Line(tensors=tuple(random_tensors(rng, dimensions, bonds or full_bonds(dimensions))))


def amplitudes(line: Line) -> np.ndarray:
    return vector(line.tensors).reshape([t.shape[1] for t in line.tensors])


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=3)
@given(seed=SEEDS)
def test_reorder(order, seed):
    line = line_of(seed)
    before = [t.copy() for t in line.tensors]
    found = reorder(line, order, weight=0.0)
    np.testing.assert_allclose(amplitudes(found), amplitudes(line).transpose(order), atol=DENSE)
    assert_gauge(found.tensors, 0, DENSE)
    assert found.dropped < ROUNDING
    assert all(np.array_equal(a, b) for a, b in zip(before, line.tensors, strict=True))


@pytest.mark.parametrize("weight", [1e-3, 1e-2, 0.1])
def test_dropped_is_what_the_norm_lost(weight):
    for seed in range(4):
        line = line_of(seed)
        found = reorder(line, ORDERS[2], weight=weight)
        lost = 1 - float(np.linalg.norm(amplitudes(found))) ** 2
        assert found.dropped == pytest.approx(lost, abs=DENSE)
        assert_gauge(found.tensors, 0, DENSE)
        exact = amplitudes(line).transpose(ORDERS[2])
        assert np.linalg.norm(amplitudes(found) - exact) ** 2 >= lost - DENSE
        again = reorder(found, np.argsort(ORDERS[2]), weight=0.0)
        assert again.dropped >= found.dropped  # added to what was dropped before
    assert found.dropped > weight / 10


def in_modes(psi: np.ndarray, V: np.ndarray, first: int) -> np.ndarray:
    """The slow twin of `collect` with all modes: c_j^dag = sum_i V_ij e_i^dag in every number state, from the vacuum."""
    old = psi.shape[first:]
    levels = sum(d - 1 for d in old) + 1
    result = np.zeros((*psi.shape[:first], *[levels] * len(old)), dtype=complex)
    for numbers in itertools.product(*[range(d) for d in old]):
        state = np.zeros([levels] * len(old), dtype=complex)
        state[(0,) * len(old)] = 1 / math.sqrt(math.prod(math.factorial(n) for n in numbers))
        for j, n in enumerate(numbers):
            for _ in range(n):
                raised = np.zeros_like(state)
                for i in range(len(old)):
                    roots = np.sqrt(np.arange(1.0, levels))
                    moved, target = np.moveaxis(state, i, -1), np.moveaxis(raised, i, -1)
                    target[..., 1:] += V[i, j] * moved[..., :-1] * roots
                state = raised
        result += np.multiply.outer(psi[(..., *numbers)], state)
    return result


def alike(one: np.ndarray, other: np.ndarray, axes: int) -> tuple[np.ndarray, np.ndarray]:
    """Both with zeros on the levels that only the other one has, on the first axes."""
    shape = np.maximum(one.shape[:axes], other.shape[:axes])
    return tuple(
        np.pad(x, [*[(0, most - d) for d, most in zip(x.shape, shape, strict=False)], *[(0, 0)] * (x.ndim - axes)])
        for x in (one, other)
    )


@pytest.mark.parametrize("dimensions", [(2, 3, 2, 2), (2, 2, 3), (2, 3), (3, 2, 2, 3, 2)])
@pytest.mark.parametrize("kind", ["complex", "real", "permutation", "phases"])
def test_collect_all_modes(dimensions, kind):
    """All amplitudes, signs and phases of every mode included: the last one has no neighbour to be rotated with."""
    length = min(3, len(dimensions) - 1)
    V = unitary_group.rvs(length, random_state=7) if length > 1 else np.array([[np.exp(0.4j)]])
    if kind == "real":
        V = np.linalg.qr(np.random.default_rng(2).normal(size=(length, length)))[0]
        V = V * (1.0 if np.linalg.det(V) < 0 else np.where(np.arange(length) == 0, -1, 1))
    elif kind == "permutation":
        V = np.eye(length)[::-1]
    elif kind == "phases":
        V = np.diag(np.exp(1j * np.arange(1, length + 1)))
    line = line_of(3, dimensions, tuple(min(3, b) for b in full_bonds(dimensions)))
    found = collect(line, V.astype(complex), weight=0.0)
    expected = in_modes(amplitudes(line), V, len(dimensions) - length)
    np.testing.assert_allclose(*alike(amplitudes(found), expected, expected.ndim), atol=DENSE)
    assert_gauge(found.tensors, 0, DENSE)
    if kind != "permutation":
        wrong = collect(line, (V.conj() if kind != "real" else -V).astype(complex), weight=0.0)
        one, other = alike(amplitudes(wrong), expected, expected.ndim)
        assert np.abs(one - other).max() > 1e-3


@pytest.mark.parametrize("count", [1, 2])
def test_collect_some_modes(count):
    """Their reduced state does not know what became of the others."""
    line = line_of(5, (2, 3, 2, 2), (2, 3, 2))
    V = unitary_group.rvs(3, random_state=11)
    found = amplitudes(collect(line, V[:count], weight=0.0))
    expected = in_modes(amplitudes(line), V, 1)
    both = alike(found, expected, 1 + count)
    ours, theirs = (x.reshape(math.prod(x.shape[: 1 + count]), -1) for x in both)
    ours, theirs = ours @ ours.conj().T, theirs @ theirs.conj().T
    np.testing.assert_allclose(ours, theirs, atol=DENSE)


@pytest.mark.parametrize("weight", [1e-4, 1e-2])
def test_collect_drops_what_it_says(weight):
    line = line_of(6, (2, 3, 3, 3), (2, 6, 3))
    found = collect(line, unitary_group.rvs(3, random_state=1), weight=weight)
    assert found.dropped == pytest.approx(1 - float(np.linalg.norm(amplitudes(found))) ** 2, abs=DENSE)
    assert found.dropped > weight / 100
    assert_gauge(found.tensors, 0, DENSE)


def decaying(rows: int, columns: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """A matrix of norm 1 and its singular values, which fall by a factor exp(-rate) each."""
    count = min(rows, columns)
    s = np.exp(-rate * np.arange(count))
    s /= np.linalg.norm(s)
    left, right = (unitary_group.rvs(n, random_state=n)[:, :count] for n in (rows, columns))
    return (left * s) @ right.T, s


@pytest.mark.parametrize(("rows", "columns"), [(200, 260), (260, 200), (40, 50)])
@pytest.mark.parametrize("most", [5, 20])
def test_split_keeps_the_largest(rows, columns, most):
    """By random sampling where the matrix is much larger than what is kept, and as good as by all singular values."""
    matrix, s = decaying(rows, columns, 0.1)
    left, right, lost = line_module.split(matrix, 0.0, most)
    assert left.shape[1] == most
    np.testing.assert_allclose(right @ right.conj().T, np.eye(most), atol=DENSE)
    assert lost == pytest.approx(np.linalg.norm(matrix - left @ right) ** 2, abs=DENSE)
    assert lost == pytest.approx(np.sum(s[most:] ** 2), rel=0.01)
    again = line_module.split(matrix, 0.0, most)
    assert np.array_equal(left, again[0])  # a run that goes on has the same numbers


def test_split_by_random_sampling_obeys_the_weight():
    matrix, s = decaying(200, 260, 0.5)
    left, right, lost = line_module.split(matrix, 1e-4, 40)
    wanted = int(np.sum(np.cumsum((s**2)[::-1])[::-1] > 1e-4))
    assert left.shape[1] == wanted < 40
    assert lost == pytest.approx(np.sum(s[wanted:] ** 2), rel=1e-6)
    assert np.linalg.norm(matrix - left @ right) ** 2 == pytest.approx(lost, rel=1e-6)


def test_sampling_once_loses_more(monkeypatch):
    """Negative: without power iterations and spare columns the range of a slowly decaying matrix is missed, and said."""
    matrix, s = decaying(200, 260, 0.02)
    good = line_module.split(matrix, 0.0, 20)[2]
    monkeypatch.setattr(line_module, "AGAIN", 0)
    monkeypatch.setattr(line_module, "MORE", 0)
    left, right, lost = line_module.split(matrix, 0.0, 20)
    assert lost == pytest.approx(np.linalg.norm(matrix - left @ right) ** 2, abs=DENSE)
    assert good < 1.05 * np.sum(s[20:] ** 2) < lost


@pytest.mark.parametrize("most", [2, 3])
def test_collect_within_a_bond(most):
    line = line_of(6, (2, 3, 3, 3), (2, 6, 3))
    free = collect(line, unitary_group.rvs(3, random_state=1), weight=0.0)
    found = collect(line, unitary_group.rvs(3, random_state=1), weight=0.0, most=most)
    assert max(t.shape[2] for t in found.tensors[1:]) <= most < max(t.shape[2] for t in free.tensors[1:])
    assert found.dropped == pytest.approx(1 - float(np.linalg.norm(amplitudes(found))) ** 2, abs=DENSE)
    assert_gauge(found.tensors, 0, DENSE)
