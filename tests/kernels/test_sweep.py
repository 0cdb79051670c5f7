"""Whole sweeps against the dense propagator, against themselves backward in time, and their splittings against definitions.

The system, from which a sweep starts and to which it returns, may be any site of the line.
"""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import expm

import chains
from tests.kernels.dense import (
    SEEDS,
    Problem,
    assert_gauge,
    blocks_of,
    full_bonds,
    gaussian,
    mirrored,
    problem,
    read_backward,
    vector,
)
from tests.tolerances import DENSE, ROUNDING
from tnthermo.engines.substeps import substeps
from tnthermo.kernels.arrays import Limits
from tnthermo.kernels.sweep import (
    CAPPED,
    DISCARDED,
    KRYLOV,
    MISSED,
    REPORT,
    shift,
    split_left,
    split_right,
    sweep,
    top_population,
)
from tnthermo.kernels.two_site import two_site_sweep
from tnthermo.model.coupling import couple
from tnthermo.model.model import SpinBoson, assemble
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.state import State, product_state

NO_CAP = 1 << 30
DIMENSIONS = (2, 3, 4, 3)
FULL = (DIMENSIONS, full_bonds(DIMENSIONS))
THIN = (DIMENSIONS, (2, 3, 2))
KRYLOV_TOLERANCE = 1e-13


def one_site(
    b: BlockState, dt: float, *, first: int | None = None, active: int | None = None, adaptive: bool = False, **settings
) -> np.ndarray:
    """One sweep over `b`, over all of it unless told otherwise; the report."""
    n = len(b.tensors)
    chosen = {"krylov": KRYLOV_TOLERANCE, "threshold": 0.0, "cutoff": -1.0, "most": NO_CAP} | settings
    report = np.zeros(REPORT)
    chosen["caps"] = np.full(n + 1, chosen.pop("most"))
    limits = Limits(**chosen, adaptive=adaptive, look=True)
    b.first, b.active = sweep(b.net, b.system, first or 0, active or n, -1j * dt, limits, b.top, report, True, True)
    return report


def move(b: BlockState, start: int, end: int) -> None:
    shift(b.net, start, end)


def two_site(b: BlockState, dt: float, *, cutoff: float = 0.0, most: int = NO_CAP) -> np.ndarray:
    """One sweep from site 0; the centre comes from the system and goes back there."""
    report = np.zeros(REPORT)
    move(b, b.system, 0)
    two_site_sweep(b.net, -1j * dt, KRYLOV_TOLERANCE, cutoff, most, b.top, report)
    move(b, 0, b.system)
    return report


SWEEPS = pytest.mark.parametrize("one", [one_site, two_site])
SYSTEMS = pytest.mark.parametrize("system", range(len(DIMENSIONS)))


def assert_blocks(b: BlockState, p: Problem, center: int, atol: float) -> None:
    """The left blocks up to the centre and the right blocks after it belong to the tensors."""
    now = Problem(dimensions=p.dimensions, terms=p.terms, tensors=list(b.tensors), center=center)
    for bond in range(center + 1):
        np.testing.assert_allclose(b.lefts[bond], now.left_block(bond), atol=atol)
    for bond in range(center + 1, len(p.dimensions) + 1):
        np.testing.assert_allclose(b.rights[bond], now.right_block(bond), atol=atol)


@SWEEPS
@SYSTEMS
@settings(max_examples=6)
@given(seed=SEEDS, size=st.floats(0.01, 5))
def test_full_bonds_are_exact_at_any_step(one, system, seed, size):
    """Where every bond holds all it can, forward and backward parts cancel and what is left is the exact propagator."""
    p = problem(seed, FULL, system)
    dt = size / np.linalg.norm(p.dense, 2)
    exact = expm(-1j * dt * p.dense) @ vector(p.tensors)
    b = blocks_of(p)
    one(b, dt)
    np.testing.assert_allclose(vector(b.tensors), exact, atol=DENSE)


INNER = ((2, 2, 3, 2, 2), (2, 4, 4, 2))  # between sites 1 and 3 every bond is full; bonds 1 and 4 keep two states


@pytest.mark.parametrize(
    ("first", "active", "system"),
    [(1, 4, 1), (1, 4, 2), (1, 4, 3), (1, 3, 1), (1, 3, 2), (0, 2, 1), (2, 5, 2), (3, 5, 4), (2, 3, 2)],
)
@settings(max_examples=5)
@given(seed=SEEDS, size=st.floats(0.01, 3))
def test_part_of_the_line_moves_in_the_states_that_the_rest_keeps(first, active, system, seed, size):
    """Sites first .. active - 1 with full bonds: exp(-i dt V^dag H V), V the states that the two outer bonds label."""
    dimensions, bonds = INNER
    inner = dimensions[first:active]
    edges = (1, *bonds, 1)
    sizes = (edges[first] * inner[0], *inner[1:-1], inner[-1] * edges[active]) if len(inner) > 1 else ()
    bonds = (*bonds[:first], *full_bonds(sizes), *bonds[active - 1 :]) if sizes else bonds
    p = problem(seed, (dimensions, bonds), system)
    inclusion, effective = p.inclusion(len(inner), first), p.effective(len(inner), first)
    dt = size / np.linalg.norm(p.dense, 2)
    b = blocks_of(p)
    one_site(b, dt, first=first, active=active)
    psi = vector(p.tensors)
    exact = inclusion @ (expm(-1j * dt * effective) @ (inclusion.conj().T @ psi))
    np.testing.assert_allclose(vector(b.tensors), exact, atol=DENSE)
    assert (b.first, b.active) == (first, active)
    for i in (*range(first), *range(active, len(dimensions))):
        np.testing.assert_array_equal(b.tensors[i], p.tensors[i])
    if math.prod(inclusion.shape[1:]) < inclusion.shape[0]:  # negative: the rest is held fast
        assert np.linalg.norm(vector(b.tensors) - expm(-1j * dt * p.dense) @ psi) > 1e-6


@SWEEPS
@SYSTEMS
@settings(max_examples=5)
@given(seed=SEEDS)
def test_gauge_and_blocks_after_a_sweep(one, system, seed):
    """The centre is back at the system, the others are orthonormal, every block belongs to the new tensors."""
    p = problem(seed, THIN, system)
    b = blocks_of(p)
    one(b, 0.05)
    assert_gauge(b.tensors, system, DENSE)
    assert_blocks(b, p, system, 1e-9)


@SYSTEMS
@settings(max_examples=5)
@given(seed=SEEDS, end=st.integers(0, 3))
def test_moving_the_centre_changes_the_gauge_and_nothing_else(system, seed, end):
    p = problem(seed, THIN, system)
    b = blocks_of(p)
    move(b, system, end)
    np.testing.assert_allclose(vector(b.tensors), vector(p.tensors), atol=ROUNDING)
    assert_gauge(b.tensors, end, ROUNDING)
    assert_blocks(b, p, end, DENSE)
    assert abs(np.linalg.norm(b.tensors[end]) - 1) < ROUNDING


@SYSTEMS
@settings(max_examples=6)
@given(seed=SEEDS, dt=st.floats(0.01, 0.5))
def test_one_site_sweeps_run_backward(system, seed, dt):
    """A symmetric composition of exact flows: the sweep with -dt undoes the one with dt, on any manifold."""
    p = problem(seed, THIN, system)
    b = blocks_of(p)
    one_site(b, dt)
    assert np.linalg.norm(vector(b.tensors) - vector(p.tensors)) > 1e-3
    one_site(b, -dt)
    np.testing.assert_allclose(vector(b.tensors), vector(p.tensors), atol=1e-9)


@pytest.mark.parametrize("adaptive", [False, True])
@SYSTEMS
@settings(max_examples=4)
@given(seed=SEEDS)
def test_the_line_read_backward_moves_alike(system, adaptive, seed):
    """Sweeps start at the left: on the mirrored line the composition is another one, the flow up to its error the same."""
    p = problem(seed, THIN, system)
    other = mirrored(p)
    np.testing.assert_allclose(read_backward(vector(p.tensors), p.dimensions), vector(other.tensors), atol=ROUNDING)
    dt = 0.01 / np.linalg.norm(p.dense, 2)
    settings_ = {"adaptive": True, "threshold": 1e-7 / dt, "cutoff": 1e-16} if adaptive else {}
    states = []
    for each in (p, other):
        b = blocks_of(each)
        for _ in range(5):
            one_site(b, dt, **settings_)
        states.append(vector(b.tensors))
    there = read_backward(states[0], p.dimensions)
    assert np.linalg.norm(there - states[1]) < 1e-5
    assert np.linalg.norm(there - vector(other.tensors)) > 1e-3


@SYSTEMS
@settings(max_examples=5)
@given(seed=SEEDS, dt=st.floats(0.01, 0.5))
def test_one_site_sweeps_keep_norm_and_energy(system, seed, dt):
    p = problem(seed, THIN, system)
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


@pytest.mark.parametrize("system", [0, 2])
@pytest.mark.parametrize("order", [2, 4])
@pytest.mark.parametrize("seed", range(3))
def test_order_of_the_splitting(seed, order, system):
    """On a thin manifold: halving the step divides the change by 2^order, with Suzuki's composition by 16."""
    scale = np.linalg.norm(problem(seed, THIN, system).dense, 2)

    def after(steps: int) -> np.ndarray:
        b = blocks_of(problem(seed, THIN, system))
        for _ in range(steps):
            for fraction in substeps(order):
                one_site(b, fraction * 0.25 * order / scale / steps)
        return vector(b.tensors)

    states = [after(n) for n in (8, 16, 32)]
    steps = [np.linalg.norm(a - b) for a, b in itertools.pairwise(states)]
    orders = np.log2(np.array(steps[:-1]) / np.array(steps[1:]))
    np.testing.assert_allclose(orders, order, atol=0.1 * order)


@SYSTEMS
@pytest.mark.parametrize("seed", range(3))
def test_adaptive_sweep_follows_the_exact_state(seed, system):
    """From thin bonds: bonds open where H leads, on either side, and the error is that of the step and the tolerance."""
    p = problem(seed, THIN, system)
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


@SYSTEMS
@pytest.mark.parametrize("seed", range(3))
def test_adaptive_sweep_reports_what_the_cap_leaves_out(seed, system):
    p = problem(seed, THIN, system)
    b = blocks_of(p)
    dt = 0.05 / np.linalg.norm(p.dense, 2)
    report = one_site(b, dt, adaptive=True, threshold=1e-9 / dt, cutoff=1e-18, most=2)
    assert max(t.shape[0] for t in b.tensors) == 2
    assert report[CAPPED] > 0
    assert report[DISCARDED] >= report[CAPPED]
    assert report[MISSED] > 1e-4
    # the norm lost is the weight discarded, nothing is renormalised
    assert 1 - np.linalg.norm(vector(b.tensors)) ** 2 == pytest.approx(report[DISCARDED], rel=1e-6)


OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")


def boson_line(*lengths: int) -> tuple[BlockState, BlockState]:
    """Twice the start of a strongly coupled qubit: one bath on its right, of two baths the first on its left."""
    if len(lengths) == 1:
        model = SpinBoson(hamiltonian={"x": 0.3}, coupling={"z": 0.5}, bath=chains.chain(OHMIC, length=lengths[0]))
    else:
        baths = [couple({axis: 0.5}, chains.chain(OHMIC, length=n)) for axis, n in zip("xz", lengths, strict=True)]
        model = assemble(hamiltonian={"x": 0.3, "z": 0.1}, couplings=baths, layout="middle")
    machine = automaton(model.terms, model.line.length)
    state = product_state(np.array([[1.0], [0.0]], dtype=complex), model.line, (5,) * model.sites)
    return BlockState(state, machine, model), BlockState(state, machine, model)


def overlap_of(a: BlockState, b: BlockState) -> complex:
    first, second = (State(tensors=tuple(x.tensors), time=0, dimension=2, ancilla=1) for x in (a, b))
    return first.to_quimb().H @ second.to_quimb()


@pytest.mark.parametrize("lengths", [(10,), (7, 7), (3, 8)])
def test_light_cone_changes_nothing_beyond_the_tolerance(lengths):
    """Sites ahead of the fronts are left alone; sweeping them too gives the same state."""
    sites, dt, tolerance = sum(lengths), 0.25, 1e-6
    coned, whole = boson_line(*lengths)
    system = coned.system
    assert system == (0 if len(lengths) == 1 else lengths[0])
    fronts = []
    for _ in range(12):
        for b, first, active in ((coned, coned.first, coned.active), (whole, 0, sites + 1)):
            threshold = tolerance / np.sqrt(sites) / dt
            one_site(
                b, dt, first=first, active=active, adaptive=True, threshold=threshold, cutoff=tolerance**2 / (sites + 1)
            )
        fronts.append((coned.first, coned.active))
        assert 0 <= coned.first <= system < coned.active <= sites + 1
        # untouched: bond 1 and the vacuum
        for tensor, bond in [(t, 2) for t in list(coned.tensors)[: coned.first]] + [
            (t, 0) for t in list(coned.tensors)[coned.active :]
        ]:
            assert tensor.shape[bond] == 1
            assert abs(abs(tensor[0, 0, 0]) - 1) < ROUNDING
    steps = np.diff(np.array(fronts), axis=0)
    assert np.all(steps[:, 0] <= 0)  # fronts run outward
    assert np.all(steps[:, 1] >= 0)
    if max(lengths) > 3:
        assert fronts[0][1] < sites + 1  # it started behind the end ...
        assert fronts[-1][1] > fronts[0][1]  # ... and moved on
    if len(lengths) == 2 and lengths[0] > 3:
        assert 0 < fronts[0][0] < system
        assert fronts[-1][0] < fronts[0][0]
    if lengths == (3, 8):
        assert fronts[-1][0] == 0  # the end of the line stops it
    assert abs(overlap_of(coned, whole) - 1) < 12 * tolerance
    # negative: fronts that never move give another state
    frozen, _ = boson_line(*lengths)
    for _ in range(12):
        one_site(frozen, dt, first=max(system - 2, 0), active=system + 3, adaptive=True, threshold=1e9, cutoff=0.0)
    assert abs(overlap_of(frozen, whole) - 1) > 1e-3


def test_fronts_of_a_symmetric_line_move_alike():
    """Two equal baths on either side: the sweep starts at the left, the light cone does not know."""
    baths = [couple({"z": 0.5}, chains.chain(OHMIC, length=8)) for _ in range(2)]
    model = assemble(hamiltonian={"x": 0.3}, couplings=baths, layout="middle")
    state = product_state(np.array([[1.0], [0.0]], dtype=complex), model.line, (5,) * model.sites)
    b = BlockState(state, automaton(model.terms, model.line.length), model)
    for _ in range(8):
        one_site(b, 0.25, first=b.first, active=b.active, adaptive=True, threshold=1e-6, cutoff=1e-14)
        left, right = b.system - b.first, b.active - 1 - b.system
        assert abs(left - right) <= 2  # the left end is looked at twice a sweep
    assert left > 3
    assert b.first > 0
    assert np.abs(b.bonds[:8] - b.bonds[8:]).max() <= 1
    assert b.bonds.max() > 4


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
    for one, system in itertools.product((one_site, two_site), range(len(DIMENSIONS))):
        b = blocks_of(problem(12, FULL, system))
        dt = 1e-7  # the populations are taken on the way back, a site at a time: at this step they are those of one state
        one(b, dt)
        psi = vector(b.tensors).reshape(DIMENSIONS)
        for site in range(len(DIMENSIONS)):
            populations = np.sum(np.abs(np.moveaxis(psi, site, 0)) ** 2, axis=(1, 2, 3))
            assert b.top[site] == pytest.approx(populations[-2:].max(), abs=1e-5)
