"""Collective modes of a thermal bath: independent, those the system has felt, and where they are among the sites."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.bath_entropy.states import ROUTES, bath_of, ohmic_nodes
from tests.tolerances import DENSE
from tnthermo.bath_entropy.collective import Collective, _of, collective, felt_modes, principal
from tnthermo.bath_entropy.frame import Frame, Unphysical, frame


def seen(temperature: float, route: str = "chain", modes: int = 7) -> Frame:
    density = ohmic_nodes(modes, 0.3)
    return frame(tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=bath_of(density, temperature, route)))


def two_baths() -> Frame:
    couplings = [
        tt.couple({"x": 0.5}, bath_of(ohmic_nodes(4, 0.2), 0.8, "star")),
        tt.couple({"z": 0.5}, bath_of(ohmic_nodes(5, 0.4), 0.2, "chain")),
    ]
    return frame(tt.assemble(hamiltonian={"z": 0.3}, couplings=couplings))


def phase_space(found: Collective) -> np.ndarray:
    """(2r, 2M): x and p of each A_j over (x_k, p_k), from A = sum u a + w a^dag."""
    q, p = (found.u + found.w).T, 1j * (found.u - found.w).T  # A = (x coefficient, p coefficient)/sqrt 2 of x_k, p_k
    A = np.hstack([q, p])
    return np.vstack([A.real, A.imag])


def covariance(f: Frame) -> np.ndarray:
    return np.diag(np.tile(f.occupations + 0.5, 2))


def form(count: int) -> np.ndarray:
    return np.kron([[0, 1], [-1, 0]], np.eye(count))


@pytest.mark.parametrize("temperature", [0.05, 0.4, 5.0])
@pytest.mark.parametrize("modes", [1, 3, 5])
@pytest.mark.parametrize("time", [0.0, 3.0, 20.0])
def test_independent_modes(temperature, modes, time):
    """Canonical commutators, and the covariance of a product of thermal states."""
    f = seen(temperature)
    found = collective(f, time, modes)
    X = phase_space(found)
    np.testing.assert_allclose(X @ form(f.modes) @ X.T, form(modes), atol=1e-9)
    expected = np.diag(np.tile(found.occupations + 0.5, 2))
    np.testing.assert_allclose(X @ covariance(f) @ X.T, expected, atol=1e-9 * expected.max())
    assert np.all(np.diff(found.occupations) >= 0)


def test_two_baths_stay_apart():
    f = two_baths()
    found = collective(f, 12.0, 4)
    shares = np.array([np.sum(np.abs(found.u[f.bath == j]) ** 2, axis=0) for j in (0, 1)])
    assert np.all(shares.min(axis=0) < 1e-9 * shares.max(axis=0))
    X = phase_space(found)
    np.testing.assert_allclose(X @ form(f.modes) @ X.T, form(4), atol=1e-9)


@pytest.mark.parametrize("ancilla", [False, True])
@pytest.mark.parametrize("route", ROUTES)
def test_rows(route, ancilla):
    """Orthonormal sites eta, zeta with A = cosh eta + sinh zeta^dag: multiplied out by b_k and b'_k."""
    f = seen(0.4, route)
    found = collective(f, 9.0, 3)
    cells, theta = found.rows(f, ancilla=ancilla)
    rows = np.concatenate(cells)
    left = found.quadrature(f, ancilla=ancilla)
    np.testing.assert_allclose(rows @ rows.conj().T, np.eye(len(rows)), atol=1e-9)
    np.testing.assert_allclose(np.sinh(theta) ** 2, found.occupations, atol=1e-9)
    if np.any(left):
        np.testing.assert_allclose(rows.conj() @ left, 0, atol=1e-8)
    one, other = (f.partner, f.own) if ancilla else (f.own, f.partner)
    for j, cell in enumerate(cells):
        u, w = (x[:, j].conj() if ancilla else x[:, j] for x in (found.u, found.w))
        # a_k = cosh c_k + sinh d_k^dag in the sites' annihilators c (one) and d (other)
        lowers = sum(
            u[k] * np.cosh(f.theta[k]) * one[k] + w[k] * np.sinh(f.theta[k]) * other[k] for k in range(f.modes)
        )
        raises = sum(
            u[k] * np.sinh(f.theta[k]) * other[k].conj() + w[k] * np.cosh(f.theta[k]) * one[k].conj()
            for k in range(f.modes)
        )
        np.testing.assert_allclose(np.cosh(theta[j]) * cell[0], lowers, atol=1e-9)
        np.testing.assert_allclose(np.sinh(theta[j]) * cell[1].conj(), raises, atol=1e-9)


def test_what_is_left_commutes_and_is_independent():
    f = seen(0.4)
    for modes in range(4):
        found = collective(f, 9.0, modes)
        if not np.any(found.left):
            assert modes >= 3
            continue
        X = phase_space(found)
        v = np.concatenate([2 * found.left.real, -2 * found.left.imag]) / np.sqrt(2)
        np.testing.assert_allclose(X @ form(f.modes) @ v, 0, atol=1e-9)
        np.testing.assert_allclose(X @ covariance(f) @ v, 0, atol=1e-9)


def test_principal_components_of_the_noise():
    """Their squared shares are the eigenvalues of the symmetrised correlation function on [0, t]."""
    f, t = seen(0.4), 6.0
    shares = principal(f, t).shares
    s = (np.arange(400) + 0.5) * t / 400
    lag = np.subtract.outer(s, s)
    C = np.einsum("k,kij->ij", f.couplings**2 * (2 * f.occupations + 1), np.cos(f.frequencies[:, None, None] * lag))
    eigenvalues = np.linalg.eigvalsh(C * t / 400)[::-1]
    np.testing.assert_allclose(shares[:6] ** 2, eigenvalues[:6], rtol=1e-3)
    assert shares[0] ** 2 != pytest.approx(principal(f, 5.0).shares[0] ** 2, rel=1e-2)


def test_they_are_cooler_than_single_modes():
    """All that is felt within t takes a small part of the entropy, and more modes in the bath do not change it."""
    many = [sum(found.entropies) for found in felt_modes(seen(0.1, modes=20), 8.0)[:6]]
    few = [sum(found.entropies) for found in felt_modes(seen(0.1, modes=14), 8.0)[:6]]
    np.testing.assert_allclose(many[:5], few[:5], rtol=0.02)
    assert many[4] < 0.2 * seen(0.1, modes=20).entropies.sum()
    assert many == sorted(many)


def test_no_temperature_and_numbers_out_of_range():
    cold = seen(0.0)
    assert [found.modes for found in felt_modes(cold, 3.0)] == [0]
    assert not np.any(collective(cold, 3.0, 0).left)
    for modes in (-1, 1):
        with pytest.raises(ValueError, match="0 to 0"):
            collective(cold, 3.0, modes)


def test_a_fast_mode_is_not_among_them():
    density = chains.Discrete(frequencies=[0.2, 0.8, 60.0], couplings=[0.3, 0.3, 0.3])
    f = frame(tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=bath_of(density, 0.3, "chain")))
    found = collective(f, 4.0, 1)
    assert f.warm == 2
    assert np.all(found.u[f.theta == 0] == 0)
    np.testing.assert_allclose(phase_space(found) @ form(3) @ phase_space(found).T, form(1), atol=DENSE * 100)


# Two baths: a coordinate of one has no conjugate in the other. ------------------------------------------------------------------------


@pytest.mark.parametrize("modes", range(8))
@pytest.mark.parametrize("time", [3.0, 12.0])
def test_any_number_of_modes_of_two_baths(time, modes):
    """At t = 3 every odd number cut a pair in two (occupations to 5e16), at t = 12 the numbers 2, 5 and 7."""
    f = two_baths()
    found = collective(f, time, modes)
    X = phase_space(found)
    np.testing.assert_allclose(X @ form(f.modes) @ X.T, form(modes), atol=1e-9)
    np.testing.assert_allclose(X @ covariance(f) @ X.T, np.diag(np.tile(found.occupations + 0.5, 2)), atol=1e-8)
    for j in range(modes):
        of = [np.sum(np.abs(found.u[f.bath == b, j]) ** 2) for b in (0, 1)]
        assert min(of) < 1e-18 * max(of)
    assert np.all(found.occupations <= 2 * f.occupations.max())


def test_the_loudest_pairs_come_first():
    f = two_baths()
    noise = principal(f, 12.0)
    assert np.all(np.diff(noise.shares) <= 0)
    assert np.array_equal(np.sort(noise.pairs.ravel()), np.arange(18))
    assert np.all(noise.bath[noise.pairs[:, 0]] == noise.bath[noise.pairs[:, 1]])
    for pair, share in zip(noise.pairs, noise.shares[noise.pairs], strict=True):
        assert np.all(noise.bath[pair[0] + 1 : pair[1]] != noise.bath[pair[0]])  # nothing of the bath between the two
        assert share[0] >= share[1]
    # one bath: the pairs of the components in order
    assert np.array_equal(principal(seen(0.4), 9.0).pairs, np.arange(14).reshape(7, 2))


def test_coordinates_that_commute_are_no_mode():
    """The twin of the above: told that all is one bath, the pairs are mixed, and this is an error and no occupation of 1e16."""
    f = two_baths()
    noise = principal(f, 3.0)
    _of(f, noise, 1)
    with pytest.raises(Unphysical, match="bath 0: two coordinates of the noise commute"):
        _of(f, replace(noise, bath=np.zeros_like(noise.bath)), 1)
