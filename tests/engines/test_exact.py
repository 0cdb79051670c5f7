"""Dense propagation: the sparse Hamiltonian, the integrator for driven ones, and levels that grow."""

import itertools

import numpy as np
import pytest
from scipy.integrate import solve_ivp
from scipy.linalg import expm

import chains
import tnthermo as tt
from tests.kernels.dense import random_terms
from tests.tolerances import DENSE
from tnthermo.engines.exact import ExactEngine, hamiltonian, term_matrix
from tnthermo.engines.measure import total_energy
from tnthermo.model.operators import operator, purify
from tnthermo.network.automaton import automaton
from tnthermo.network.state import product_state

ONE_MODE = chains.Discrete(frequencies=[1.0], couplings=[0.4])
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def model(*, driven: bool) -> tt.Model:
    """A qubit between a cold bath and a warm one (two sites) with exchange coupling."""
    strength = tt.Pulse(centre=0.5, width=0.3, height=2.0) if driven else None
    drives = [
        tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.Cosine(amplitude=1.0, frequency=2.0))
    ]
    return tt.assemble(
        hamiltonian={"x": 0.5},
        couplings=[
            tt.couple({"z": 0.5}, chains.chain(ONE_MODE), strength=strength),
            tt.couple("sigma_minus", chains.thermofield_chains(ONE_MODE, temperature=0.5), kind="exchange"),
        ],
        drives=drives if driven else [],
    )


def engine(m: tt.Model, levels: int = 3, *, may_grow: bool = False, tolerance: float = 1e-6, start: float = 0.0):
    state = product_state(purify(MIXED), m.line, (levels,) * m.sites, (0.2, 0.1j, 0.0)[: m.sites])
    algorithm = tt.Exact(step=0.1, tolerance=tolerance)
    made = ExactEngine(algorithm, state, automaton(m.terms, m.line.length), m, may_grow=may_grow)
    made.time = start
    return made


def dense(m: tt.Model, dimensions: tuple[int, ...], t: float = 0.0, factors: list[float] | None = None) -> np.ndarray:
    """H at a time, or for given factors."""
    factors = [float(factor.value(t)) for factor in m.factors] if factors is None else factors
    return hamiltonian(m.terms, dimensions, factors).toarray()


@pytest.mark.parametrize("reach", [1, 3])
def test_hamiltonian_is_the_sum_of_products(reach):
    dimensions = (2, 3, 2, 3)
    terms = random_terms(np.random.default_rng(reach), dimensions, reach)
    total = np.zeros((36, 36), dtype=complex)
    for term in terms:
        product = np.ones((1, 1))
        factors = dict(zip(term.sites, term.matrices(dimensions), strict=True))
        for site, d in enumerate(dimensions):
            product = np.kron(product, factors.get(site, np.eye(d)))
        np.testing.assert_allclose(term_matrix(term, dimensions).toarray(), product, atol=DENSE)
        total += product
    np.testing.assert_allclose(hamiltonian(terms, dimensions).toarray(), total, atol=DENSE)


def test_without_drive_a_step_is_the_exponential():
    m = model(driven=False)
    e = engine(m)
    before = e.vector.reshape(-1)
    e.step(0.7)
    np.testing.assert_allclose(e.vector.reshape(-1), expm(-0.7j * dense(m, e.vector.shape, 0.0)) @ before, atol=DENSE)
    assert e.time == 0.7


def exact(m: tt.Model, e: ExactEngine, start: float, end: float) -> np.ndarray:
    dimensions, count = e.vector.shape, len(m.factors)
    constant = dense(m, dimensions, factors=[0.0] * count)
    parts = [dense(m, dimensions, factors=list(row)) - constant for row in np.eye(count)]

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        driven = sum(float(f.value(t)) * (part @ y) for f, part in zip(m.factors, parts, strict=True))
        return -1j * (constant @ y + driven)

    y = e.vector.reshape(-1)
    return solve_ivp(slope, (start, end), y, method="DOP853", rtol=1e-11, atol=1e-12).y[:, -1]


@pytest.mark.parametrize("start", [0.0, 0.4])
def test_a_driven_step_is_as_good_as_the_tolerance_says(start):
    """In as many pieces as that needs, from any time on."""
    m = model(driven=True)
    pieces = []
    for tolerance in (1e-3, 1e-5, 1e-7):
        e = engine(m, tolerance=tolerance, start=start)
        expected = exact(m, e, start, start + 0.5)
        e.step(0.5)
        assert np.linalg.norm(e.vector.reshape(-1) - expected) < tolerance
        assert np.linalg.norm(e.vector) == pytest.approx(np.linalg.norm(expected), abs=1e-9)
        pieces.append(e.pieces)
    assert pieces[0] < pieces[1] < pieces[2]
    later = engine(m, start=start + 0.1)
    expected = exact(m, later, start, start + 0.5)
    later.step(0.5)
    assert np.linalg.norm(later.vector.reshape(-1) - expected) > 1e-3  # a stale time is noticed


def test_a_tolerance_below_rounding_ends_all_the_same(monkeypatch):
    """Nor is it an error where the pieces run out."""
    m = model(driven=True)
    e = engine(m, 2, tolerance=1e-14)
    expected = exact(m, e, 0.0, 0.02)
    e.step(0.02)
    assert np.linalg.norm(e.vector.reshape(-1) - expected) < 1e-9
    monkeypatch.setattr("tnthermo.engines.exact.MOST_PIECES", 1)
    rough = engine(m, 2)
    rough.step(0.02)
    rough.step(0.02)
    assert rough.pieces == 1


def test_the_integrator_is_of_fourth_order():
    m = model(driven=True)
    e = engine(m)
    expected = exact(m, e, 0.0, 1.0)
    errors = [np.linalg.norm(e._magnus(e.vector.reshape(-1), 1.0, n) - expected) for n in (4, 8, 16)]
    orders = [np.log2(a / b) for a, b in itertools.pairwise(errors)]
    np.testing.assert_allclose(orders, 4, atol=0.4)


@pytest.mark.parametrize("driven", [False, True])
def test_a_step_that_fills_the_levels_is_taken_again_with_more_of_them(driven):
    """The result is that of a start with so many levels."""
    m = model(driven=driven)
    small, large = engine(m, 4, may_grow=True, tolerance=1e-5), engine(m, 14, tolerance=1e-7)
    report = small.step(1.0)
    large.step(1.0)
    levels = [small.vector.shape[place] for place in m.line.places]
    assert min(levels) > 4
    assert report.top.max() <= small.algorithm.level_weight
    cut = tuple(slice(0, d) for d in small.vector.shape)
    # the start was cut at 4 levels: what was beyond is not there
    lost = 1 - np.linalg.norm(small.start.dense()) ** 2
    assert np.linalg.norm(small.vector - large.vector[cut]) < 3 * np.sqrt(lost) + 1e-4
    assert small.vector.shape[m.line.system] == 4  # system and ancilla stay


def test_the_network_of_the_vector_has_its_centre_at_the_system():
    bath = chains.chain(ONE_MODE)
    m = tt.assemble(hamiltonian={"x": 0.5}, couplings=[tt.couple({"z": 0.5}, bath)] * 2, layout="middle")
    e = engine(m)
    e.step(0.3)
    blocks = e.network()
    assert blocks.system == m.line.system == 1
    np.testing.assert_allclose(blocks.state(0.3).dense(), e.vector, atol=DENSE)
    energy = np.vdot(e.vector.reshape(-1), dense(m, e.vector.shape, 0.3) @ e.vector.reshape(-1)).real
    assert total_energy(blocks) == pytest.approx(energy, abs=DENSE)


def test_the_companion_of_a_driven_run_is_cut_into_other_pieces() -> None:
    """Both chose their pieces by themselves, and might choose the same: an error of 3e-9 with a bar of 1e-15."""
    drive = tt.SystemDrive(operator=operator({"x": 1.0}, key="x"), drive=tt.Cosine(amplitude=0.4, frequency=1.6))
    bath = chains.chain(chains.Discrete(frequencies=[0.6], couplings=[0.1]))
    model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"x": 0.7}, bath=bath, drives=[drive])
    settings = {"until": 2.0, "levels": 6, "bath_entropy": "off"}
    fine = tt.evolve(model, algorithm=tt.Exact(step=0.02, tolerance=1e-13), error_bars=False, **settings)
    for step, tolerance in ((0.2, 2e-8), (0.2, 1e-6), (0.1, 1e-9)):
        run = tt.evolve(model, algorithm=tt.Exact(step=step, tolerance=tolerance), **settings)
        off = np.abs(run.rho_S[-1] - fine.rho_S[-1]).max()
        error = tt.ledger(run).rho_S_error.values[-1].max()
        assert off < error < 1e3 * tolerance
        assert error > 1e-12
