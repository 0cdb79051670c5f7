"""Whole sweeps against the dense propagator, against themselves backward in time, and their splittings against definitions."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

import chains
from tests.kernels.dense import SEEDS, Problem, blocks_of, full_bonds, gaussian, problem, vector
from tests.tolerances import DENSE, ROUNDING
from tnthermo.blocks import BlockState
from tnthermo.kernels.sweep import (
    CAPPED,
    DISCARDED,
    KRYLOV,
    MISSED,
    split_left,
    split_right,
    sweep,
    top_population,
)
from tnthermo.kernels.two_site import two_site_sweep
from tnthermo.model import SpinBoson
from tnthermo.network import automaton
from tnthermo.state import State, product_state
from tnthermo.tdvp import substeps

NO_CAP = 1 << 30
DIMENSIONS = (2, 3, 4, 3)
FULL = (DIMENSIONS, full_bonds(DIMENSIONS))
THIN = (DIMENSIONS, (2, 3, 2))
KRYLOV_TOLERANCE = 1e-13


def one_site(b: BlockState, dt: float, *, active: int | None = None, adaptive: bool = False, **settings) -> np.ndarray:
    """One sweep over `b`; the report."""
    n = len(b.tensors)
    chosen = {"krylov": KRYLOV_TOLERANCE, "threshold": 0.0, "cutoff": -1.0, "most": NO_CAP} | settings
    report = np.zeros(4)
    b.active = sweep(
        b.tensors, b.lefts, b.rights, b.tables, b.values, b.passes, b.pass_values, b.widths, active or n, -1j * dt,
        chosen["krylov"], chosen["threshold"], chosen["cutoff"], chosen["most"], adaptive, b.top, report,
    )  # fmt: skip
    return report


def two_site(b: BlockState, dt: float, *, cutoff: float = 0.0, most: int = NO_CAP) -> np.ndarray:
    report = np.zeros(4)
    two_site_sweep(
        b.tensors,
        b.lefts,
        b.rights,
        b.tables,
        b.values,
        b.widths,
        -1j * dt,
        KRYLOV_TOLERANCE,
        cutoff,
        most,
        b.top,
        report,
    )
    return report


SWEEPS = pytest.mark.parametrize("one", [one_site, two_site])


@SWEEPS
@settings(max_examples=8)
@given(seed=SEEDS, size=st.floats(0.01, 5))
def test_full_bonds_are_exact_at_any_step(one, seed, size):
    """Where every bond holds all it can, forward and backward parts cancel and what is left is the exact propagator."""
    p = problem(seed, FULL)
    dt = size / np.linalg.norm(p.dense, 2)
    exact = expm(-1j * dt * p.dense) @ vector(p.tensors)
    b = blocks_of(p)
    one(b, dt)
    np.testing.assert_allclose(vector(b.tensors), exact, atol=DENSE)


@SWEEPS
@settings(max_examples=8)
@given(seed=SEEDS)
def test_gauge_and_blocks_after_a_sweep(one, seed):
    """The centre is back at site 0, the others are right-orthonormal, every right block belongs to the new tensors."""
    b = blocks_of(problem(seed, THIN))
    p = problem(seed, THIN)
    one(b, 0.05)
    for tensor in list(b.tensors)[1:]:
        flat = tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(flat @ flat.conj().T, np.eye(len(flat)), atol=DENSE)
    swept = Problem(dimensions=p.dimensions, terms=p.terms, tensors=list(b.tensors), center=0)
    for bond in range(1, len(p.dimensions)):
        np.testing.assert_allclose(b.rights[bond], swept.right_block(bond), atol=1e-9)


@settings(max_examples=8)
@given(seed=SEEDS, dt=st.floats(0.01, 0.5))
def test_one_site_sweeps_run_backward(seed, dt):
    """A symmetric composition of exact flows: the sweep with -dt undoes the one with dt, on any manifold."""
    p = problem(seed, THIN)
    b = blocks_of(p)
    one_site(b, dt)
    assert np.linalg.norm(vector(b.tensors) - vector(p.tensors)) > 1e-3
    one_site(b, -dt)
    np.testing.assert_allclose(vector(b.tensors), vector(p.tensors), atol=1e-9)


@settings(max_examples=8)
@given(seed=SEEDS, dt=st.floats(0.01, 0.5))
def test_one_site_sweeps_keep_norm_and_energy(seed, dt):
    p = problem(seed, THIN)
    b = blocks_of(p)
    scale = np.linalg.norm(p.dense, 2)
    before = np.vdot(vector(p.tensors), p.dense @ vector(p.tensors)).real
    for _ in range(5):
        report = one_site(b, dt)
        assert report[DISCARDED] == report[CAPPED] == report[MISSED] == 0
        assert report[KRYLOV] <= 50 * KRYLOV_TOLERANCE  # long steps are cut: each piece has its share
    psi = vector(b.tensors)
    assert abs(np.linalg.norm(psi) - 1) < DENSE
    assert abs(np.vdot(psi, p.dense @ psi).real - before) < DENSE * scale


@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_order_of_the_splitting(seed, order):
    """On a thin manifold: halving the step divides the change by 2^order, with Suzuki's composition by 16."""
    scale = np.linalg.norm(problem(seed, THIN).dense, 2)

    def after(steps: int) -> np.ndarray:
        b = blocks_of(problem(seed, THIN))
        for _ in range(steps):
            for fraction in substeps(order):
                one_site(b, fraction * 0.25 * order / scale / steps)
        return vector(b.tensors)

    states = [after(n) for n in (8, 16, 32)]
    steps = [np.linalg.norm(a - b) for a, b in itertools.pairwise(states)]
    orders = np.log2(np.array(steps[:-1]) / np.array(steps[1:]))
    np.testing.assert_allclose(orders, order, atol=0.1 * order)


@pytest.mark.parametrize("seed", range(3))
def test_adaptive_sweep_follows_the_exact_state(seed):
    """From thin bonds: bonds open where H leads, and the error is that of the step and the tolerance."""
    p = problem(seed, THIN)
    dt = 0.02 / np.linalg.norm(p.dense, 2)
    b = blocks_of(p)
    for _ in range(20):
        one_site(b, dt, adaptive=True, threshold=1e-7 / dt, cutoff=1e-16)
    exact = expm(-20j * dt * p.dense) @ vector(p.tensors)
    stuck = blocks_of(p)
    for _ in range(20):
        one_site(stuck, dt)
    error = np.linalg.norm(vector(b.tensors) - exact)
    assert error < 1e-5
    assert error < 1e-2 * np.linalg.norm(vector(stuck.tensors) - exact)


@pytest.mark.parametrize("seed", range(3))
def test_adaptive_sweep_reports_what_the_cap_leaves_out(seed):
    p = problem(seed, THIN)
    b = blocks_of(p)
    dt = 0.05 / np.linalg.norm(p.dense, 2)
    report = one_site(b, dt, adaptive=True, threshold=1e-9 / dt, cutoff=1e-18, most=2)
    assert max(t.shape[0] for t in b.tensors) == 2
    assert report[CAPPED] > 0
    assert report[DISCARDED] >= report[CAPPED]
    assert report[MISSED] > 1e-4
    # the norm lost is the weight discarded, nothing is renormalised
    assert 1 - np.linalg.norm(vector(b.tensors)) ** 2 == pytest.approx(report[DISCARDED], rel=1e-6)


def boson_chain(length: int) -> tuple[BlockState, BlockState]:
    """Twice the start of a strongly coupled qubit."""
    bath = chains.chain(chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard"), length=length)
    model = SpinBoson(hamiltonian={"x": 0.3}, coupling={"z": 0.5}, bath=bath)
    machine = automaton(model.terms, length + 1)
    state = product_state(np.diag([1.0, 0.0]).astype(complex), (5,) * length)
    return BlockState(state, machine), BlockState(state, machine)


def test_light_cone_changes_nothing_beyond_the_tolerance():
    """Sites ahead of the front are left alone; sweeping them too gives the same state."""
    length, dt, tolerance = 10, 0.25, 1e-6
    coned, whole = boson_chain(length)
    fronts = []
    for _ in range(12):
        for b, active in ((coned, coned.active), (whole, length + 1)):
            threshold = tolerance / np.sqrt(length) / dt
            one_site(b, dt, active=active, adaptive=True, threshold=threshold, cutoff=tolerance**2 / (length + 1))
        fronts.append(coned.active)
        # untouched: bond 1 and the vacuum
        for tensor in list(coned.tensors)[coned.active :]:
            assert tensor.shape[0] == 1
            assert abs(abs(tensor[0, 0, 0]) - 1) < ROUNDING
    assert fronts[0] < length  # it started behind the end ...
    assert fronts[-1] > fronts[0]  # ... and moved on
    a = State(tensors=tuple(coned.tensors), time=0, dimension=2, ancilla=1)
    b = State(tensors=tuple(whole.tensors), time=0, dimension=2, ancilla=1)
    overlap = a.to_quimb().H @ b.to_quimb()
    assert abs(overlap - 1) < 12 * tolerance
    # negative: a front that never moves gives another state
    frozen, _ = boson_chain(length)
    for _ in range(12):
        one_site(frozen, dt, active=3, adaptive=True, threshold=1e9, cutoff=0.0)
    c = State(tensors=tuple(frozen.tensors), time=0, dimension=2, ancilla=1)
    assert abs(c.to_quimb().H @ b.to_quimb() - 1) > 1e-3


def test_two_site_truncation_is_reported():
    p = problem(8, FULL)
    b = blocks_of(p)
    report = two_site(b, 0.05, cutoff=0.0, most=2)
    assert max(t.shape[0] for t in b.tensors) == 2
    assert report[DISCARDED] == pytest.approx(report[CAPPED], rel=1e-12)
    assert 1 - np.linalg.norm(vector(b.tensors)) ** 2 == pytest.approx(report[DISCARDED], rel=1e-9)
    c = blocks_of(p)
    report = two_site(c, 0.05, cutoff=0.1)
    assert report[CAPPED] == 0
    assert 0 < report[DISCARDED] <= 0.1 * 5  # one splitting for each pair there and back
    assert 1 - np.linalg.norm(vector(c.tensors)) ** 2 == pytest.approx(report[DISCARDED], rel=1e-9)


@settings(max_examples=10)
@given(seed=SEEDS, shape=st.sampled_from([(2, 3, 4), (5, 2, 2), (1, 4, 3), (6, 2, 1)]))
def test_split_right(seed, shape):
    x = gaussian(np.random.default_rng(seed), *shape)
    q, rest = split_right(x)
    flat = q.reshape(-1, q.shape[2])
    np.testing.assert_allclose(flat.conj().T @ flat, np.eye(q.shape[2]), atol=DENSE)
    np.testing.assert_allclose(np.tensordot(q, rest, axes=1), x, atol=DENSE)


@settings(max_examples=30)
@given(
    seed=SEEDS, shape=st.sampled_from([(2, 3, 4), (5, 2, 2), (8, 4, 3), (6, 2, 1)]),
    fraction=st.sampled_from([-1.0, 0.0, 0.01, 0.3, 2.0]), most=st.sampled_from([1, 2, 3, NO_CAP]),
)  # fmt: skip
def test_split_left(seed, shape, fraction, most):
    x = gaussian(np.random.default_rng(seed), *shape)
    squares = np.linalg.svd(x.reshape(shape[0], -1), compute_uv=False) ** 2
    weight = squares.sum()
    matrix, q, discarded, capped = split_left(x, fraction * weight, most)
    keep = q.shape[0]
    flat = q.reshape(keep, -1)
    np.testing.assert_allclose(flat @ flat.conj().T, np.eye(keep), atol=DENSE)
    if fraction < 0:
        assert keep == squares.size
        assert discarded == capped == 0
    else:
        # by definition: the most that may go by weight, then what the cap takes
        tails = np.array([squares[k:].sum() for k in range(1, squares.size + 1)])
        by_weight = 1 + int(np.argmax(tails <= fraction * weight * (1 + 1e-12)))
        assert keep == min(by_weight, most)
        assert discarded == pytest.approx(squares[keep:].sum(), rel=1e-9, abs=1e-13)
        assert capped == pytest.approx(squares[keep:by_weight].sum(), rel=1e-9, abs=1e-13)
    lost = np.linalg.norm(np.tensordot(matrix, q, axes=1) - x) ** 2
    assert lost == pytest.approx(discarded, rel=1e-9, abs=1e-13)


def test_top_population():
    rng = np.random.default_rng(0)
    x = gaussian(rng, 3, 5, 2)
    populations = np.einsum("lsr,lsr->s", x, x.conj()).real
    assert top_population(x, 1) == pytest.approx(populations[-1])
    assert top_population(x, 2) == pytest.approx(populations[-2:].max())
    assert top_population(x, 9) == pytest.approx(populations.max())


def test_top_populations_of_a_sweep_are_those_of_the_state():
    for one in (one_site, two_site):
        b = blocks_of(problem(12, FULL))
        dt = 1e-7  # the populations are taken on the way back, a site at a time: at this step they are those of one state
        one(b, dt)
        psi = vector(b.tensors).reshape(DIMENSIONS)
        for site in range(1, len(DIMENSIONS)):
            populations = np.sum(np.abs(np.moveaxis(psi, site, 0)) ** 2, axis=(1, 2, 3))
            assert b.top[site] == pytest.approx(populations[-2:].max(), abs=1e-5)
