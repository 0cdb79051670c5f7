"""The Hamiltonian as labelled terms, and the model built from user input."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.sparse.linalg import expm_multiply

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General
from tests.oracles.naive import Naive, trace_bath
from tests.tolerances import DENSE
from tnthermo.engines.exact import hamiltonian
from tnthermo.model.drives import just_before
from tnthermo.model.line import line
from tnthermo.model.model import Model
from tnthermo.model.operators import PAULI, boson
from tnthermo.model.terms import Term, with_role

TWO_MODES = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.2, 0.3])
ONE_MODE = chains.Discrete(frequencies=[0.7], couplings=[0.25])
TILTED = np.array([[0.3, 0.2j], [1.0, -0.1]])
LOWERING = np.array([[0.0, 0.0], [1.0, 0.0]])


def model(temperature: float = 0.0) -> tt.Model:
    bath = chains.chain(TWO_MODES, temperature=temperature)
    return tt.SpinBoson(hamiltonian={"x": 0.3, "z": 0.1}, coupling={"z": 0.5, "y": 0.2}, bath=bath)


def test_matrices_of_a_term():
    term = Term(role="bath", coefficient=0.5j, sites=(1, 2), factors=("raise", "lower"))
    first, second = term.matrices((2, 3, 4))
    np.testing.assert_array_equal(first, 0.5j * boson("raise", 3))  # the coefficient once, in the first
    np.testing.assert_array_equal(second, boson("lower", 4))
    system = Term(role="system", coefficient=2.0, sites=(0,), factors=(PAULI["y"],))
    np.testing.assert_array_equal(system.matrices((6,))[0], 2 * np.kron(PAULI["y"], np.eye(3)))  # the ancilla second
    # wherever the system stands, the coefficient goes with its factor
    left = Term(role="interaction", coefficient=3.0, sites=(0, 1), factors=("position", PAULI["y"]), drive=0)
    assert left.carrier == 1
    first, second = left.matrices((3, 2))
    np.testing.assert_array_equal(first, boson("position", 3))
    np.testing.assert_array_equal(second, 3 * PAULI["y"])


def test_roles_part_the_hamiltonian():
    m, dimensions = model(), (2, 4, 5)
    one = [np.eye(d) for d in dimensions]
    bath = m.chains[0]
    number, lower = [boson("number", d) for d in (4, 5)], [boson("lower", d) for d in (4, 5)]
    hop = np.kron(lower[0].T, lower[1])
    parts = {
        "system": np.kron(np.kron(0.3 * PAULI["x"] + 0.1 * PAULI["z"], one[1]), one[2]),
        "interaction": np.kron(np.kron(m.couplings[0].operator, bath.coupling * boson("position", 4)), one[2]),
        "bath": np.kron(
            one[0],
            bath.frequencies[0] * np.kron(number[0], one[2]) + bath.frequencies[1] * np.kron(one[1], number[1])
            + bath.hoppings[0] * (hop + hop.T),
        ),
    }  # fmt: skip
    for role, expected in parts.items():
        np.testing.assert_allclose(hamiltonian(with_role(m.terms, role), dimensions).toarray(), expected, atol=DENSE)
    np.testing.assert_allclose(hamiltonian(m.terms, dimensions).toarray(), sum(parts.values()), atol=DENSE)


def test_low_spectrum_is_that_of_the_star():
    """Chain and star differ by a rotation of the modes: the same lowest energies once levels are plenty."""
    m = model()
    star = Naive(
        hamiltonian=m.hamiltonian, coupling=m.couplings[0].operator, frequencies=(0.6, 1.1), couplings=(0.2, 0.3), beta=np.inf,
        initial=np.diag([1.0, 0.0]), levels=14,
    )  # fmt: skip
    ours = np.linalg.eigvalsh(hamiltonian(m.terms, (2, 14, 14)).toarray())[:6]
    theirs = np.linalg.eigvalsh(star.total.toarray())[:6]
    np.testing.assert_allclose(ours, theirs, atol=1e-8)
    stronger = replace(star, couplings=(0.4, 0.6))
    assert np.abs(np.linalg.eigvalsh(stronger.total.toarray())[:6] - ours).max() > 1e-2


def test_thermal_chain_has_twice_the_modes_and_their_negatives():
    (bath,) = model(0.5).chains
    matrix = np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)
    np.testing.assert_allclose(np.linalg.eigvalsh(matrix), [-1.1, -0.6, 0.6, 1.1], atol=1e-12)
    assert model(0.5).temperature == 0.5


def test_any_small_system():
    spin_one = np.diag([1.0, 0.0, -1.0])
    m = tt.SpinBoson(hamiltonian=np.zeros((3, 3)), coupling=spin_one, bath=chains.chain(TWO_MODES))
    assert m.dimension == 3


# --- exchange coupling ------------------------------------------------------------------------------------------------------------


def test_exchange_terms_by_hand():
    """L (x) C^dag + h.c. with C = kappa c_0, and with C = kappa_1 c_0 + kappa_2 d_0^dag; the d chain counts negative."""
    cold = tt.JaynesCummings(hamiltonian={"z": 0.2}, coupling=TILTED, bath=chains.chain(ONE_MODE))
    (chain,) = cold.chains
    c = boson("lower", 4)
    expected = np.kron(0.2 * PAULI["z"], np.eye(4)) + chain.frequencies[0] * np.kron(np.eye(2), c.T @ c)
    half = chain.coupling * np.kron(TILTED, c.T)
    np.testing.assert_allclose(hamiltonian(cold.terms, (2, 4)).toarray(), expected + half + half.conj().T, atol=DENSE)

    pair = chains.thermofield_chains(ONE_MODE, temperature=0.5)
    warm = tt.JaynesCummings(hamiltonian={"z": 0.2}, coupling=TILTED, bath=pair, layout="interleaved")
    c, d = np.kron(boson("lower", 4), np.eye(3)), np.kron(np.eye(4), boson("lower", 3))
    C = pair[0].coupling * c + pair[1].coupling * d.T
    n = 1 / np.expm1(0.7 / 0.5)
    assert [p.coupling for p in pair] == pytest.approx([0.25 * np.sqrt(1 + n), 0.25 * np.sqrt(n)])
    free = 0.7 * (c.T @ c - d.T @ d)
    expected = np.kron(0.2 * PAULI["z"], np.eye(12)) + np.kron(np.eye(2), free)
    half = np.kron(TILTED, C.T)
    np.testing.assert_allclose(
        hamiltonian(warm.terms, (2, 4, 3)).toarray(), expected + half + half.conj().T, atol=DENSE
    )


def test_low_spectrum_of_exchange_coupling_is_that_of_the_star():
    m = tt.JaynesCummings(hamiltonian={"x": 0.3, "z": 0.1}, coupling=TILTED, bath=chains.chain(TWO_MODES))
    star = Naive(
        hamiltonian=m.hamiltonian, coupling=TILTED, frequencies=(0.6, 1.1), couplings=(0.2, 0.3), beta=np.inf,
        initial=np.diag([1.0, 0.0]), levels=14, exchange=True,
    )  # fmt: skip
    ours = np.linalg.eigvalsh(hamiltonian(m.terms, (2, 14, 14)).toarray())[:6]
    np.testing.assert_allclose(ours, np.linalg.eigvalsh(star.total.toarray())[:6], atol=1e-8)
    swapped = replace(star, coupling=TILTED.conj().T)  # L and L^dag are not the same
    assert np.abs(np.linalg.eigvalsh(swapped.total.toarray())[:6] - ours).max() > 1e-2


def evolved(m: tt.Model, levels: int, t: float) -> np.ndarray:
    """rho_S(t) from |0> and the vacuum of the chains, by the dense terms."""
    dimensions = tuple(2 if i == m.line.system else levels for i in range(m.line.length))
    psi = np.zeros(dimensions, dtype=complex)
    psi[(0,) * len(dimensions)] = 1
    out = expm_multiply(-1j * t * hamiltonian(m.terms, dimensions), psi.reshape(-1)).reshape(dimensions)
    flat = np.moveaxis(out, m.line.system, 0).reshape(2, -1)
    return flat @ flat.conj().T


@pytest.mark.parametrize("kind", ["exchange", "hermitian"])
def test_a_pair_of_chains_is_the_thermal_bath(kind):
    """The reduced state from the chains' vacuum is that of the physical modes in their Gibbs state, for either kind of coupling."""
    beta = 4.0
    L = TILTED if kind == "exchange" else TILTED + TILTED.conj().T
    pair = chains.thermofield_chains(TWO_MODES, temperature=1 / beta)
    m = tt.assemble(hamiltonian={"x": 0.3, "z": 0.1}, couplings=[tt.couple(L, pair, kind=kind)])
    bath = Bath(
        operator=L,
        frequencies=TWO_MODES.frequencies,
        couplings=TWO_MODES.couplings,
        beta=beta,
        exchange=kind == "exchange",
    )
    dense = General(hamiltonian=m.hamiltonian, baths=(bath,), levels=(11, 9), initial=np.diag([1.0, 0.0]))

    def expected(of: General) -> np.ndarray:
        psi = next(of.states([1.5]))
        return trace_bath(of, psi @ psi.conj().T)

    found = evolved(m, 7, 1.5)
    np.testing.assert_allclose(found, expected(dense), atol=3e-6)
    cold = replace(dense, baths=(replace(bath, beta=np.inf),))
    assert np.abs(found - expected(cold)).max() > 1e-3
    if kind == "hermitian":  # one thermal chain holds the same X
        one = tt.SpinBoson(hamiltonian=m.hamiltonian, coupling=L, bath=chains.chain(TWO_MODES, temperature=1 / beta))
        np.testing.assert_allclose(found, evolved(one, 7, 1.5), atol=3e-6)


# --- channels: X_q, P_q, their commutators ----------------------------------------------------------------------------------------


def several(layout: str = "auto", baths: int = 3) -> tt.Model:
    """A warm pair with exchange coupling, a warm and a cold chain with Hermitian coupling (the last ``baths``), everything driven."""
    couplings = [
        tt.couple(TILTED, chains.thermofield_chains(TWO_MODES, temperature=0.4), kind="exchange"),
        tt.couple(
            {"z": 0.5, "y": 0.2}, chains.chain(ONE_MODE, temperature=0.5), strength=tt.Ramp(start=0.5, duration=2.0)
        ),
        tt.couple({"x": 0.7}, chains.chain(ONE_MODE), strength=tt.Pulse(centre=1.0, width=0.5, height=2.0)),
    ]
    drives = [
        tt.SystemDrive(operator=PAULI["y"], drive=tt.Cosine(amplitude=0.4, frequency=1.0)),
        tt.SystemDrive(operator=PAULI["x"], drive=tt.Ramp(start=1.0, duration=1.0, final=0.3, profile="smooth")),
    ]
    return tt.assemble(hamiltonian={"x": 0.3}, couplings=couplings[-baths:], drives=drives, layout=layout)


LAYOUTS = {
    "one chain": model(),
    "one warm chain": model(0.5),
    "cold exchange": tt.JaynesCummings(hamiltonian={"z": 0.2}, coupling=TILTED, bath=chains.chain(TWO_MODES)),
    "pair": tt.JaynesCummings(
        hamiltonian={"z": 0.2},
        coupling=TILTED,
        bath=chains.thermofield_chains(TWO_MODES, temperature=0.5),
        layout="interleaved",
    ),
    "pair in the middle": tt.JaynesCummings(
        hamiltonian={"z": 0.2},
        coupling=TILTED,
        bath=chains.thermofield_chains(TWO_MODES, temperature=0.5),
        layout="middle",
    ),
}
EVERY = pytest.mark.parametrize("m", LAYOUTS.values(), ids=LAYOUTS)
LEVELS = 4


def dimensions_of(m: tt.Model) -> tuple[int, ...]:
    return tuple(m.dimension if i == m.line.system else LEVELS for i in range(m.line.length))


def dense_form(form, dimensions: tuple[int, ...]) -> np.ndarray:
    """sum v c + h.c. as a matrix."""
    terms = [Term(role="bath", coefficient=v, sites=(place,), factors=("lower",)) for place, v in form]
    half = hamiltonian(tuple(terms), dimensions)
    return half + half.conj().T


def low_states(dimensions: tuple[int, ...], room: int) -> np.ndarray:
    """Indices of the basis states in which every boson site has ``room`` levels above it."""
    grid = np.indices(dimensions).reshape(len(dimensions), -1)
    fits = [
        np.ones(grid.shape[1], dtype=bool) if d == 2 else row < d - room
        for row, d in zip(grid, dimensions, strict=True)
    ]
    return np.flatnonzero(np.all(fits, axis=0))


@EVERY
def test_interaction_is_the_sum_of_its_channels(m):
    dimensions = dimensions_of(m)
    expected = hamiltonian(with_role(m.terms, "interaction"), dimensions)
    place = m.line.system
    total = 0
    for channel in m.channels:
        np.testing.assert_allclose(channel.operator, channel.operator.conj().T, atol=1e-15)
        on_system = Term(role="system", coefficient=1.0, sites=(place,), factors=(channel.operator,))
        total = total + hamiltonian((on_system,), dimensions) @ dense_form(channel.position, dimensions)
    assert abs(total - expected).max() < DENSE
    assert len(m.channels) == sum(1 if c.kind == "hermitian" else 2 for c in m.couplings)


@EVERY
def test_momenta_are_the_commutators_with_the_free_bath(m):
    """P_q = i [H_chain, X_q] on states that the cut of the levels does not touch."""
    dimensions = dimensions_of(m)
    free, low = hamiltonian(with_role(m.terms, "bath"), dimensions), low_states(dimensions, 2)
    for channel in m.channels:
        X, P = dense_form(channel.position, dimensions), dense_form(channel.momentum, dimensions)
        commutator = 1j * (free @ X - X @ free)
        assert abs((commutator - P)[:, low]).max() < DENSE
        assert abs((commutator + P)[:, low]).max() > 1e-2


@EVERY
def test_commutators_of_the_positions(m):
    """[X_q, X_q'] = i Omega_qq': 2 int J between the two of an exchange coupling at any temperature, else 0."""
    dimensions = dimensions_of(m)
    low = low_states(dimensions, 2)
    X = [dense_form(channel.position, dimensions) for channel in m.channels]
    one = np.eye(int(np.prod(dimensions)))[:, low]
    for (q, a), (r, b) in itertools.product(enumerate(X), repeat=2):
        commutator = ((a @ b - b @ a) @ one).real + 1j * ((a @ b - b @ a) @ one).imag
        np.testing.assert_allclose(commutator, 1j * m.commutators[q, r] * one, atol=DENSE)
    if m.couplings[0].kind == "exchange":
        density = m.couplings[0].density
        weight = sum(g**2 for g in density.couplings)
        np.testing.assert_allclose(m.commutators, 2 * weight * np.array([[0, 1], [-1, 0]]), rtol=1e-12)
        assert m.couplings[0].weight == pytest.approx(weight)
    else:
        assert np.all(m.commutators == 0)


def test_one_thermal_chain_has_no_weight_of_its_own():
    with pytest.raises(ValueError, match="no \\[C, C\\^dag\\]"):
        _ = model(0.5).couplings[0].weight
    assert model().couplings[0].weight == pytest.approx(0.13)


def test_channels_of_different_baths_commute():
    m = several()
    assert [c.bath for c in m.channels] == [0, 0, 1, 2]
    expected = np.zeros((4, 4))
    expected[0, 1], expected[1, 0] = 0.26, -0.26
    np.testing.assert_allclose(m.commutators, expected, atol=1e-14)


# --- where things stand -----------------------------------------------------------------------------------------------------------


def test_lines():
    assert (line([], [(0, 3)]).system, line([], [(0, 3)]).chains) == (0, ((1, 2, 3),))
    both = line([(0, 2)], [(1, 3)])
    assert (both.system, both.chains, both.length) == (2, ((1, 0), (3, 4, 5)), 6)
    interleaved = line([], [(0, 3), (1, 1), (2, 2)])  # outward 0 1 2 0 2 0
    assert interleaved.chains == ((1, 4, 6), (2,), (3, 5))
    np.testing.assert_array_equal(interleaved.places, [1, 4, 6, 2, 3, 5])
    order = line([(2, 2), (0, 1)], [(1, 1)])  # outward on the left 2 0 2
    assert (order.system, order.chains) == (3, ((1,), (4,), (2, 0)))


@given(lengths=st.lists(st.integers(1, 5), min_size=1, max_size=4), split=st.integers(0, 4))
def test_every_place_is_taken_once_and_chains_run_outward(lengths, split):
    numbered = list(enumerate(lengths))
    found = line(numbered[:split], numbered[split:])
    assert sorted([found.system, *found.places]) == list(range(found.length)) == list(range(sum(lengths) + 1))
    for number, places in enumerate(found.chains):
        distances = [abs(place - found.system) for place in places]
        assert distances == sorted(distances)
        assert len(places) == lengths[number]
        assert all((place < found.system) == (number < split) for place in places)


def test_layouts():
    cold, pair = chains.chain(TWO_MODES), chains.thermofield_chains(TWO_MODES, temperature=0.5)

    def places(layout: str, *baths) -> tuple[int, tuple[tuple[int, ...], ...]]:
        couplings = [tt.couple({"z": 1.0}, bath) for bath in baths]
        found = tt.assemble(hamiltonian={"x": 1.0}, couplings=couplings, layout=layout).line
        return found.system, found.chains

    # one chain: always on the right
    for layout in ("auto", "middle", "interleaved"):
        assert places(layout, cold) == (0, ((1, 2),))
    # one bath of two chains
    assert places("interleaved", pair) == (0, ((1, 3), (2, 4)))
    assert places("auto", pair) == places("interleaved", pair)
    assert places("middle", pair) == (2, ((1, 0), (3, 4)))
    # two baths: one on either side
    assert places("middle", cold, cold) == (2, ((1, 0), (3, 4)))
    assert places("auto", cold, cold) == places("interleaved", cold, cold) == (0, ((1, 3), (2, 4)))
    assert places("auto", pair, cold) == (0, ((1, 4), (2, 5), (3, 6)))
    # a chain on either side, and no more: what reaches over a site is opened on the right only
    for baths in ((pair, cold), (cold, pair, cold)):
        with pytest.raises(chains.InvalidInput, match="interleaved for more than two chains"):
            places("middle", *baths)


def test_the_hamiltonian_does_not_depend_on_the_layout():
    """The same matrix once the sites are put into one order."""

    def ordered(m: tt.Model) -> np.ndarray:
        order = [m.line.system, *m.line.places]
        # levels belong to chain sites, not to places
        sizes = (2, 3, 4, 2)
        dimensions = tuple(sizes[order.index(i)] for i in range(len(order)))
        factors = [float(factor.value(0.8)) for factor in m.factors]
        dense = hamiltonian(m.terms, dimensions, factors).toarray()
        n = len(order)
        axes = (*order, *(n + i for i in order))
        return dense.reshape(dimensions * 2).transpose(axes).reshape(dense.shape)

    reference, other = (ordered(several(which, baths=2)) for which in ("interleaved", "middle"))
    np.testing.assert_allclose(other, reference, atol=DENSE)
    np.testing.assert_allclose(reference, reference.conj().T, atol=DENSE)


def test_drives_take_components_and_refuse_what_is_none():
    couplings = [tt.couple({"z": 0.5}, chains.chain(ONE_MODE))]
    ramp = tt.Ramp(duration=1.0)
    made = tt.assemble(
        hamiltonian={"x": 1.0}, couplings=couplings, drives=[tt.SystemDrive(operator={"y": 2.0}, drive=ramp)]
    )
    np.testing.assert_array_equal(made.drives[0].operator, 2 * PAULI["y"])
    for wrong, key in (
        (ramp, "drives[0]"),
        ([ramp], "drives[0]"),
    ):
        with pytest.raises(chains.InvalidInput) as caught:
            tt.assemble(hamiltonian={"x": 1.0}, couplings=couplings, drives=wrong)
        assert [problem.key for problem in caught.value.problems] == [key]
    with pytest.raises(chains.InvalidInput) as caught:
        tt.SystemDrive(operator=[[0, 1], [0, 0]], drive=1.0)
    assert [problem.key for problem in caught.value.problems] == ["operator", "drive"]


def test_numbers_of_baths_and_chains():
    m = several()
    assert [chain.length for chain in m.chains] == [2, 2, 2, 1]
    assert m.chain_baths == (0, 0, 1, 2)
    assert m.sites == 7
    assert m.line.length == 8
    assert m.temperatures == (0.4, 0.5, 0.0)
    assert m.temperature is None
    assert model(0.5).temperature == 0.5
    same = tt.assemble(
        hamiltonian={"x": 1.0}, couplings=[tt.couple({"z": 1.0}, chains.chain(ONE_MODE, temperature=0.3))] * 2
    )
    assert same.temperature == 0.3
    roles = {(t.role, t.bath) for t in m.terms}
    assert roles == {("system", None), *((role, j) for role in ("interaction", "bath") for j in range(3))}


# --- drives -----------------------------------------------------------------------------------------------------------------------


def test_driven_hamiltonian_at_any_time():
    """Terms with their factors are H_S(t) + sum_q F_q(t) A_q X_q + H_chain, and slopes are derivatives."""
    m = several()
    dimensions = tuple(2 for _ in range(m.line.length))
    place = m.line.system
    bath = hamiltonian(with_role(m.terms, "bath"), dimensions)

    def on_system(matrix: np.ndarray):
        return hamiltonian((Term(role="system", coefficient=1.0, sites=(place,), factors=(matrix,)),), dimensions)

    times = np.array([0.0, 0.7, 1.3, 4.0])
    assert m.hamiltonian_at(times).shape == (4, 2, 2)
    assert m.strengths(times).shape == (4, 4)
    for t in times:
        factors = [float(factor.value(t)) for factor in m.factors]
        expected = bath + on_system(m.hamiltonian_at(t))
        for strength, channel in zip(m.strengths(t), m.channels, strict=True):
            expected = expected + strength * on_system(channel.operator) @ dense_form(channel.position, dimensions)
        assert abs(hamiltonian(m.terms, dimensions, factors) - expected).max() < DENSE
        by_hand = 0.3 * PAULI["x"] + 0.4 * np.cos(t) * PAULI["y"] + float(m.drives[1].drive.value(t)) * PAULI["x"]
        np.testing.assert_allclose(m.hamiltonian_at(t), by_hand, atol=1e-14)
    np.testing.assert_array_equal(m.strengths(times)[:, :2], 1)
    h = 1e-5
    for t in (0.3, 1.2, 3.5):
        slope = (m.hamiltonian_at(t + h) - m.hamiltonian_at(t - h)) / (2 * h)
        np.testing.assert_allclose(m.hamiltonian_slope(t), slope, atol=1e-8)
        slope = (m.strengths(t + h) - m.strengths(t - h)) / (2 * h)
        np.testing.assert_allclose(m.strength_slopes(t), slope, atol=1e-8)


def test_factors_and_kinks():
    m = several()
    assert m.driven
    assert len(m.factors) == 4
    assert m.breaks == (0.5, 1.0, 2.0, 2.5, 4.75)  # of ramps and pulse, 0 left out, in order
    assert m.jumps == ()
    assert [t.drive for t in m.terms if t.role == "system"] == [None, 0, 1]
    assert {t.bath: t.drive for t in m.terms if t.role == "interaction"} == {0: None, 1: 2, 2: 3}
    assert all(t.drive is None for t in m.terms if t.role == "bath")
    still = model()
    assert not still.driven
    assert still.factors == still.breaks == ()
    np.testing.assert_array_equal(still.hamiltonian_at([0.0, 1.0]), [still.hamiltonian] * 2)
    np.testing.assert_array_equal(still.hamiltonian_slope([0.0, 1.0]), np.zeros((2, 2, 2)))
    np.testing.assert_array_equal(still.strengths([0.0, 1.0]), [[1.0], [1.0]])
    np.testing.assert_array_equal(still.strength_slopes([0.0, 1.0]), [[0.0], [0.0]])
    at_zero = tt.assemble(
        hamiltonian={"x": 1.0},
        couplings=[tt.couple({"z": 1.0}, chains.chain(ONE_MODE), strength=tt.Ramp(duration=1.0))],
    )
    assert at_zero.breaks == (1.0,)


def test_jumps_that_are_one_but_for_rounding_are_one_and_have_both_limits():
    drives = [
        tt.SystemDrive(operator=PAULI["z"], drive=shape)
        for shape in (
            tt.Square(start=0.1 + 0.2, stop=1.0, height=2.0),
            tt.Square(start=0.3, height=5.0),
            tt.Ramp(start=0.7, duration=0.1),
        )
    ]
    m = tt.assemble(hamiltonian={"x": 1.0}, couplings=[tt.couple({"z": 1.0}, chains.chain(ONE_MODE))], drives=drives)
    assert 0.1 + 0.2 > 0.3
    assert m.jumps == (0.1 + 0.2, 1.0)
    np.testing.assert_allclose(m.breaks, [0.3, 0.7, 0.8, 1.0])
    before, after = m.hamiltonian_at([just_before(m.jumps[0]), m.jumps[0]])
    np.testing.assert_array_equal(after - before, 7.0 * PAULI["z"])


# --- bad inputs -------------------------------------------------------------------------------------------------------------------


def test_all_problems_of_the_input_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        tt.SpinBoson(hamiltonian={"q": 1.0}, coupling=[[0, 1], [0, 0]], bath=chains.chain(TWO_MODES))
    assert {p.key for p in caught.value.problems} == {"hamiltonian.q", "coupling"}
    with pytest.raises(chains.InvalidInput) as caught:
        tt.SpinBoson(hamiltonian={"x": 1.0}, coupling=np.eye(3), bath=chains.chain(TWO_MODES))
    assert [p.key for p in caught.value.problems] == ["coupling"]


def problems_of(call) -> list[chains.Problem]:
    with pytest.raises(chains.InvalidInput) as caught:
        call()
    return caught.value.problems


WARM, COLD = chains.chain(TWO_MODES, temperature=0.5), chains.chain(TWO_MODES)
PAIR = chains.thermofield_chains(TWO_MODES, temperature=0.5)


@pytest.mark.parametrize(
    ("operator", "bath", "settings", "key", "word"),
    [
        ([[0, 1], [0, 0]], COLD, {}, "coupling", "Hermitian"),
        ("sigma_minus", COLD, {}, "coupling", "Hermitian"),
        ("sigma_x", COLD, {"kind": "exchange"}, "coupling", "sigma_minus"),
        ({"z": 1.0}, COLD, {"kind": "jaynes-cummings"}, "coupling.kind", "exchange"),
        ("sigma_minus", WARM, {"kind": "exchange"}, "coupling.bath", "thermofield_chains"),
        ({"z": 1.0}, PAIR[0], {}, "coupling.bath", "both chains"),
        ({"z": 1.0}, PAIR[::-1], {}, "coupling.bath", "the pair"),
        ({"z": 1.0}, (COLD, COLD), {}, "coupling.bath", "the pair"),
        ({"z": 1.0}, TWO_MODES, {}, "coupling.bath", "chains.chain"),
        ({"z": 1.0}, (*PAIR, COLD), {}, "coupling.bath", "the pair"),
        ({"z": 1.0}, None, {}, "coupling.bath", "chains.chain"),
        ({"z": 1.0}, COLD, {"strength": 0.5}, "coupling.strength", "drive"),
        ({"z": 1.0}, COLD, {"strength": np.sin}, "coupling.strength", "drive"),
    ],
)
def test_couple_refuses(operator, bath, settings, key, word):
    (problem,) = problems_of(lambda: tt.couple(operator, bath, **settings))
    assert problem.key == key
    assert word in f"{problem.allowed} {problem.hint}"


def test_couple_points_to_exchange_coupling():
    (problem,) = problems_of(lambda: tt.couple([[0, 1], [0, 0]], COLD))
    assert 'kind = "exchange"' in f"{problem.hint}"


def test_couple_names_all_problems_at_once():
    found = problems_of(lambda: tt.couple([[0, 1], [0, 0]], 3, strength="on"))
    assert {p.key for p in found} == {"coupling", "coupling.bath", "coupling.strength"}


def test_assemble_refuses():
    fine, three = tt.couple({"z": 1.0}, COLD), tt.couple(np.eye(3), COLD)
    drive = tt.SystemDrive(operator=np.eye(3), drive=tt.Cosine(amplitude=1.0, frequency=1.0))

    def keys(**settings) -> set[str]:
        found = problems_of(lambda: tt.assemble(**({"hamiltonian": {"x": 1.0}, "couplings": [fine]} | settings)))
        return {p.key for p in found}

    assert keys(couplings=[]) == {"couplings"}
    assert keys(layout="left") == {"layout"}
    assert keys(hamiltonian=[[0, 1], [0, 0]], layout="left") == {"hamiltonian", "layout"}
    assert keys(couplings=[three]) == {"coupling"}
    assert keys(couplings=[fine, three]) == {"couplings[1]"}
    assert keys(drives=[drive], couplings=[three, fine]) == {"couplings[0]", "drives[0].operator"}


def test_models_of_one_bath_hand_everything_on():
    ramp, drive = (
        tt.Ramp(duration=1.0),
        tt.SystemDrive(operator=PAULI["y"], drive=tt.Cosine(amplitude=1.0, frequency=1.0)),
    )
    for make, coupling in ((tt.SpinBoson, {"z": 0.5}), (tt.JaynesCummings, TILTED)):
        m = make(hamiltonian={"x": 1.0}, coupling=coupling, bath=PAIR, strength=ramp, drives=[drive], layout="middle")
        assert isinstance(m, Model)
        assert m.couplings[0].strength is ramp
        assert (m.drives, m.layout) == ((drive,), "middle")
    assert tt.SpinBoson(hamiltonian={"x": 1.0}, coupling={"z": 0.5}, bath=PAIR).couplings[0].kind == "hermitian"
    jaynes = tt.JaynesCummings(hamiltonian={"x": 1.0}, bath=PAIR)
    assert jaynes.couplings[0].kind == "exchange"
    np.testing.assert_array_equal(jaynes.couplings[0].operator, LOWERING)
    found = problems_of(lambda: tt.JaynesCummings(hamiltonian={"q": 1.0}, coupling="up", bath=WARM, strength=1))
    assert {p.key for p in found} == {"hamiltonian.q", "coupling", "coupling.bath", "coupling.strength"}
    with pytest.raises(TypeError, match="colour"):
        tt.SpinBoson(hamiltonian={"x": 1.0}, coupling={"z": 0.5}, bath=COLD, colour="red")
