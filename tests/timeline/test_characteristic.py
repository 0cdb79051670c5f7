"""Atom and density from characteristic functions that are known."""

import numpy as np
import pytest
import scipy

import chains
from tnthermo.closed_forms import dephasing_heat
from tnthermo.timeline.characteristic import WIDTH, atom, density, density_error, kernel, window

U = np.linspace(0, 60, 601)


def compound(u: np.ndarray, rate: float = 0.8) -> np.ndarray:
    """A Poisson number of quanta, their energies spread evenly over [0, 1]: no kink, a jump at q = 0 and q = 1."""
    one = np.where(u == 0, 1.0, np.expm1(1j * u) / np.where(u == 0, 1.0, 1j * u))
    return np.exp(rate * (one - 1))


def test_the_atom_of_a_compound_poisson_law():
    found, error = atom(U, compound(U))
    assert found == pytest.approx(np.exp(-0.8), abs=1e-3)
    assert abs(found - np.exp(-0.8)) <= error < 2e-2
    assert abs(compound(U)[-1].real - np.exp(-0.8)) > 10 * abs(
        found - np.exp(-0.8)
    )  # negative: the last value is not the limit


def test_a_kink_at_no_heat_is_taken_into_account():
    kinked = 0.4 + 0.6 / (1 - 1j * U) ** 2  # q exp(-q) theta(q)
    found, error = atom(U, kinked)
    assert found == pytest.approx(0.4, abs=1e-5)
    assert abs(found - 0.4) <= error < 1e-3


@pytest.mark.parametrize("power", [0.5, 1.0, 3.0])
def test_the_error_covers_slow_powers(power):
    found, error = atom(U, 0.4 + 0.3 * (1 + U) ** -power + 0j)
    assert abs(found - 0.4) <= error


def test_too_few_samples_have_no_atom():
    found, error = atom(U[:8], compound(U[:8]))
    assert np.isnan(found)
    assert error == np.inf


def test_the_kernel_is_the_transform_of_the_window():
    q = np.array([0.0, 0.1, np.pi / 60, 0.2, 1.0])
    exact = [scipy.integrate.quad(lambda u, w=w: window(np.array(u / 60)) * np.cos(w * u) / np.pi, 0, 60)[0] for w in q]
    np.testing.assert_allclose(kernel(q, 60.0), exact, atol=1e-10)
    assert np.all(kernel(np.linspace(-3, 3, 1001), 60.0) >= 0)
    half = kernel(np.array([WIDTH / 120]), 60.0)[0] / kernel(np.zeros(1), 60.0)[0]
    assert half == pytest.approx(0.5, abs=1e-6)


def test_the_density_is_the_law_seen_through_the_kernel():
    q = np.array([-1.0, 0.0, 0.5, 2.0])
    law = 1 / (1 - 1j * U) ** 2
    grid = np.linspace(-30, 60, 90001)
    values = np.where(grid > 0, grid * np.exp(-grid), 0.0)
    exact = [np.trapezoid(values * kernel(w - grid, 60.0), grid) for w in q]
    np.testing.assert_allclose(density(U, law, q), exact, atol=2e-5)
    assert abs(density(U, law.conj(), q)[2] - exact[2]) > 0.1  # negative: the sign of u
    # an error of G that is in phase with exp(i q u) is carried through as a whole
    moved = density(U, law + 1e-3 * np.exp(1j * 0.5 * U), np.array([0.5])) - density(U, law, np.array([0.5]))
    assert moved[0] == pytest.approx(density_error(U, np.full(U.size, 1e-3)), rel=1e-9)


@pytest.mark.parametrize("largest", [20.0, 30.0, 50.0])
@pytest.mark.parametrize("temperature", [0.0, 0.1, 0.5])
@pytest.mark.parametrize("exponent", [0.5, 0.8, 1.0, 3.0])
def test_the_error_covers_baths_of_any_exponent(exponent, temperature, largest):
    hard = chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=exponent, shape="hard")
    u = np.linspace(0, largest, int(8 * largest) + 1)
    exact = dephasing_heat(hard, [1.0, 4.0, 16.0], u, temperature=temperature, initial="+x")
    for G, limit in zip(exact.G, exact.atom, strict=True):
        found, error = atom(u, G)
        assert abs(found - limit) <= error + 1e-6
