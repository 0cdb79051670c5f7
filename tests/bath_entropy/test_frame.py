"""The physical modes among the sites, whatever the route."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.bath_entropy.states import ROUTES, bath_of
from tests.tolerances import DENSE
from tnthermo.bath_entropy.frame import Frame, frame, why_not
from tnthermo.model.model import Model

MODES = chains.Discrete(frequencies=[0.15, 0.55, 0.9, 1.4], couplings=[0.15, 0.3, 0.25, 0.1])


def model_of(temperature: float, route: str, density: chains.Discrete = MODES) -> Model:
    return tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=bath_of(density, temperature, route))


def exchange(temperature: float, route: str) -> Model:
    return tt.JaynesCummings(hamiltonian={"z": 0.5}, bath=bath_of(MODES, temperature, route))


def assert_orthonormal(found: Frame) -> None:
    rows = np.concatenate([found.rows(k) for k in range(found.modes)])
    np.testing.assert_allclose(rows @ rows.conj().T, np.eye(len(rows)), atol=DENSE)


@pytest.mark.parametrize("temperature", [0.1, 1.0])
@pytest.mark.parametrize("route", ROUTES)
def test_the_modes_themselves(temperature, route):
    found = frame(model_of(temperature, route))
    w = np.array(MODES.frequencies)
    order = np.argsort(-w)  # of one temperature the fastest has the least entropy
    np.testing.assert_allclose(found.frequencies, w[order], atol=DENSE)
    np.testing.assert_allclose(found.couplings, np.array(MODES.couplings)[order], atol=DENSE)
    np.testing.assert_allclose(np.tanh(found.theta), np.exp(-w[order] / (2 * temperature)), atol=DENSE)
    x = w[order] / temperature
    gibbs = x / np.expm1(x) - np.log1p(-np.exp(-x))
    np.testing.assert_allclose(found.entropies, gibbs, atol=DENSE)
    assert np.all(np.diff(found.entropies) > 0)
    assert_orthonormal(found)


@pytest.mark.parametrize("temperature", [0.0, 0.3])
@pytest.mark.parametrize("route", ["star", "chain", "pair"])
def test_the_coupling_in_the_modes(temperature, route):
    """kappa c_0 (+ the pair's second) is sum_k g_k (cosh b_k + sinh b'_k): relative signs of own and partner."""
    if temperature == 0 and route == "pair":
        return
    m = model_of(temperature, route)
    found = frame(m)
    form = np.zeros(m.sites, dtype=complex)
    for place, value in m.channels[0].position:
        form[place - 1] += value
    modes = (found.couplings * np.cosh(found.theta)) @ found.own
    modes = modes + (found.couplings * np.sinh(found.theta)) @ found.partner
    np.testing.assert_allclose(form, modes, atol=DENSE)
    np.testing.assert_allclose(found.quadrature(found.couplings.astype(complex), ancilla=False), form, atol=DENSE)


@pytest.mark.parametrize("route", ["star", "pair"])
def test_exchange_coupling(route):
    one, other = frame(exchange(0.4, route)), frame(model_of(0.4, "chain"))
    for name in ("frequencies", "couplings", "theta", "entropies"):
        np.testing.assert_allclose(getattr(one, name), getattr(other, name), atol=DENSE)
    assert_orthonormal(one)


def test_two_baths():
    """Of different temperatures: one order of all modes, each over the sites of its own bath."""
    couplings = [
        tt.couple({"x": 0.5}, bath_of(MODES, 0.8, "star")),
        tt.couple({"z": 0.5}, bath_of(MODES, 0.2, "chain")),
    ]
    found = frame(tt.assemble(hamiltonian={"z": 0.3}, couplings=couplings))
    assert sorted(found.bath.tolist()) == [0] * 4 + [1] * 4
    assert np.all(np.diff(found.entropies) >= 0)
    x = found.frequencies / np.where(found.bath == 0, 0.8, 0.2)
    np.testing.assert_allclose(np.tanh(found.theta), np.exp(-x / 2), atol=DENSE)
    assert_orthonormal(found)


@pytest.mark.parametrize("route", ["star", "chain"])
def test_no_temperature(route):
    found = frame(model_of(0.0, route))
    assert np.all(found.theta == 0)
    assert np.all(found.entropies == 0)
    assert np.all(found.partner == 0)
    assert all(found.rows(k).shape == (1, 4) for k in range(4))
    assert_orthonormal(found)


@pytest.mark.parametrize("route", ROUTES)
def test_a_mode_that_is_never_excited_by_heat(route):
    """beta w = 200: the chain has nothing to hold b'_k with, and needs nothing."""
    density = chains.Discrete(frequencies=[0.2, 0.8, 60.0], couplings=[0.3, 0.3, 0.3])
    m = model_of(0.3, route, density)
    assert why_not(m) == ""
    found = frame(m)
    assert found.frequencies[0] == pytest.approx(60.0)
    assert found.theta[0] == 0
    assert found.rows(0).shape[0] == 1
    assert np.all(found.theta[1:] > 0.1)
    assert_orthonormal(found)


def test_quadratures_of_complex_rows():
    """sum_k u_k a_k + h.c. written out by b_k and b'_k."""
    rng = np.random.default_rng(1)
    U = np.linalg.qr(rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4)))[0]
    theta, u = np.array([0.3, 0.8]), rng.normal(size=2) + 1j * rng.normal(size=2)
    found = Frame(
        frequencies=np.ones(2), couplings=np.ones(2), theta=theta, entropies=np.ones(2),
        bath=np.zeros(2, dtype=np.int64), own=U[:2], partner=U[2:],
    )  # fmt: skip
    for ancilla, one, other in ((False, U[:2], U[2:]), (True, U[2:], U[:2])):
        # u a = u cosh c + u sinh d^dag; what multiplies annihilators is u cosh and conj(u) sinh
        expected = sum(u[k] * np.cosh(theta[k]) * one[k] + u[k].conj() * np.sinh(theta[k]) * other[k] for k in range(2))
        np.testing.assert_allclose(found.quadrature(u, ancilla=ancilla), expected, atol=DENSE)


def test_why_not():
    continuum = tt.SpinBoson(
        hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=chains.chain(chains.PowerLaw(alpha=0.1), length=8)
    )
    assert "continuum" in why_not(continuum)
    with pytest.raises(ValueError, match="continuum"):
        frame(continuum)
    for temperature in (0.0, 0.3):
        short = tt.SpinBoson(
            hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=chains.chain(MODES, length=3, temperature=temperature)
        )
        assert "too short" in why_not(short)
    middle = tt.SpinBoson(
        hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=bath_of(MODES, 0.3, "pair"), layout="middle"
    )
    assert "interleaved" in why_not(middle)
    for route in ROUTES:
        assert why_not(model_of(0.3, route)) == ""
    nodes = chains.star_cells(chains.PowerLaw(alpha=0.1), 4, temperature=0.3)
    assert why_not(tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=nodes)) == ""
