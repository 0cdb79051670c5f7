"""Bonds opened for terms that reach over sites: nothing changes but the room, and the room is where H leads."""

import numpy as np
import pytest

import chains
from tnthermo.kernels.measure import reduced_state
from tnthermo.kernels.moments import moments
from tnthermo.kernels.reach import carried, passing, reach_right, weighted
from tnthermo.model.coupling import couple
from tnthermo.model.model import Model, assemble
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.state import product_state

ROOM = 1 << 20


def model(count: int) -> Model:
    """A qubit with ``count`` cold chains of two sites, interleaved; sigma_z couples to all but the last, sigma_x to that one."""
    density = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.3, 0.2])
    axes = ["z"] * (count - 1) + ["x"]
    return assemble(hamiltonian={"z": 0.4}, couplings=[couple({axis: 0.5}, chains.chain(density)) for axis in axes])


def blocks_of(m: Model, levels: int = 4) -> BlockState:
    state = product_state(np.array([[1.0], [0.0]], dtype=complex), m.line, (levels,) * m.sites)
    return BlockState(state, automaton(m.terms, m.line.length), m)


def reach(b: BlockState, i: int, threshold: float = 1e-12, most: int = ROOM) -> tuple[int, float]:
    b.active, missed = reach_right(b.net, i, b.active, threshold, np.full(len(b.tensors) + 1, most))
    return b.active, missed


@pytest.mark.parametrize("count", [1, 2, 3, 4])
def test_the_far_bond_is_opened_and_the_state_stays(count):
    b = blocks_of(model(count))
    before = moments(b.tensors, b.tables, b.values, b.widths)
    rho = reduced_state(b.tensors[0])
    active, missed = reach(b, 0)
    assert missed == 0
    # the farthest first site is that of the last chain; one chain alone has nothing that reaches over a site
    assert active == (1 if count == 1 else count + 1)
    # sigma_x alone leads out of the state up: its chain's state with one boson, handed on through all bonds but the nearest.
    # The chains of sigma_z move in its mean field, without a bond.
    bonds = [tensor.shape[0] for tensor in b.tensors]
    assert bonds == [1, 1, *[2] * (count - 1), *[1] * count]
    np.testing.assert_allclose(moments(b.tensors, b.tables, b.values, b.widths), before, atol=1e-14)
    np.testing.assert_allclose(reduced_state(b.tensors[0]), rho, atol=1e-15)
    for tensor in list(b.tensors)[1:]:
        l = tensor.shape[0]
        np.testing.assert_allclose(tensor.reshape(l, -1) @ tensor.reshape(l, -1).conj().T, np.eye(l), atol=1e-14)


def test_the_new_state_is_the_one_that_the_far_operator_makes():
    b = blocks_of(model(2))
    reach(b, 0)
    boson = b.tensors[2][1, :, 0]
    np.testing.assert_allclose(np.abs(boson), [0, 1, 0, 0], atol=1e-14)
    # its block is what a fresh one would be
    fresh = BlockState(b.state(0.0), b.machine, b.model)
    np.testing.assert_allclose(b.rights[2], fresh.rights[2], atol=1e-14)
    # and the coupling, whose mean value is 0, now has an element
    assert np.abs(b.rights[2][1:-1]).max() > 0.1


def test_a_second_call_adds_nothing_and_a_high_threshold_or_no_room_neither():
    b = blocks_of(model(3))
    reach(b, 0)
    bonds = [tensor.shape for tensor in b.tensors]
    assert reach(b, 0) == (4, 0.0)
    assert [tensor.shape for tensor in b.tensors] == bonds
    b = blocks_of(model(3))
    assert reach(b, 0, threshold=10.0) == (1, 0.0)
    assert reach(b, 0, most=1)[0] == 4
    assert [tensor.shape[0] for tensor in b.tensors] == [1] * 7


def test_weights_are_what_the_state_makes_of_the_rows():
    """|sum_k column_k (x) row_k|^2 with columns carried over a site, by dense contraction."""
    rng = np.random.default_rng(3)

    def draw(*shape: int) -> np.ndarray:
        return rng.normal(size=shape) + 1j * rng.normal(size=shape)

    columns, tensor, rows = draw(3, 7, 4), draw(4, 2, 5), draw(2, 5, 9)
    gram = np.einsum("aik,bil->abkl", columns.conj(), columns)
    which = np.array([2, 0])
    moved = carried(np.ascontiguousarray(gram), which, tensor)
    dense = np.einsum("kil,lsr,krn->isn", columns[which], tensor, rows)
    found = weighted(moved, rows.reshape(10, 9))
    np.testing.assert_allclose(np.linalg.norm(found), np.linalg.norm(dense), rtol=1e-12)
    np.testing.assert_allclose(
        found.conj().T @ found, np.einsum("isn,ism->nm", dense.conj(), dense), rtol=1e-10, atol=1e-10
    )
    # negative: the other order of the channels is another state
    wrong = weighted(carried(np.ascontiguousarray(gram), which[::-1].copy(), tensor), rows.reshape(10, 9))
    assert abs(np.linalg.norm(wrong) - np.linalg.norm(dense)) > 1e-3 * np.linalg.norm(dense)


def test_passing_tells_what_goes_on():
    table = np.array([[0, 0, 0, 0], [1, 3, 0, 1], [2, 1, 0, 0], [2, 1, 1, 1], [3, 3, 0, 0]])
    count, which, onward = passing(table, np.array([1, 2]), 3)
    assert (count, list(which), list(onward)) == (1, [1], [1])
