"""C(t): exact against independent quadrature and closed forms, and as chains of finite length have it."""

import math

import mpmath as mp
import numpy as np
import pytest

import chains
from tests.chains.tolerances import CORRELATION, INSIDE_LIGHT_CONE, VISIBLE


def defined(density: chains.PowerLaw, t: float, temperature: float) -> complex:
    """C(t) from its definition by mpmath: w = u^10 tames the power at 0."""

    def integrand(u: mp.mpf) -> mp.mpc:
        w = u**10
        x = w / density.cutoff
        j = 2 * density.alpha * density.cutoff * x**density.exponent
        j *= mp.exp(-x) if density.shape == "exponential" else 1
        coth = mp.coth(w / (2 * temperature)) if temperature > 0.0 else 1
        return 10 * u**9 * j * (coth * mp.cos(w * t) - 1j * mp.sin(w * t))

    end = density.cutoff * (60 if density.shape == "exponential" else 1)
    with mp.workdps(20):
        return complex(mp.quad(integrand, [(end * mp.mpf(i) / 12) ** mp.mpf("0.1") for i in range(13)]))


@pytest.mark.parametrize(
    ("density", "temperature"),
    [
        (chains.PowerLaw(alpha=0.1, exponent=0.3), 0.1),
        (chains.PowerLaw(alpha=0.1), 0.0),
        (chains.PowerLaw(alpha=0.1, cutoff=2.0, shape="exponential"), 0.3),
        (chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=0.4, shape="exponential"), 0.0),
    ],
)
def test_exact_correlation_agrees_with_its_definition(density: chains.PowerLaw, temperature: float) -> None:
    for t in (0.0, 1.7, 9.0):
        difference = chains.correlation(density, times=t, temperature=temperature)[0] - defined(density, t, temperature)
        assert abs(difference) < CORRELATION * density.weight()


def test_negative_times_conjugate_and_the_temperature_changes_the_real_part_only() -> None:
    density = chains.DrudeLorentz(reorganisation_energy=0.3, width=0.5)
    times = np.linspace(0.0, 12.0, 25)
    warm, cold = chains.correlation(density, times=times, temperature=0.4), chains.correlation(density, times=times)
    np.testing.assert_allclose(
        chains.correlation(density, times=-times, temperature=0.4), warm.conj(), rtol=0, atol=CORRELATION
    )
    np.testing.assert_allclose(warm.imag, cold.imag, rtol=0, atol=CORRELATION)


@pytest.mark.parametrize(
    ("density", "temperature"),
    [
        (chains.PowerLaw(alpha=0.1, exponent=0.3), 0.1),
        (chains.PowerLaw(alpha=0.1, shape="gaussian"), 0.4),
        (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.0),
        (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.2),
        (chains.DrudeLorentz(reorganisation_energy=0.3, width=0.5), 0.2),
        (chains.Brownian(reorganisation_energy=0.3, frequency=1.0, width=0.05), 0.2),
        (chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.6), 0.3),
        (chains.Table(frequencies=[0.0, 0.4, 1.0, 1.7, 2.0], values=[0.0, 0.3, 0.5, 0.1, 0.0]), 0.3),
    ],
)
def test_chain_follows_the_exact_correlation_inside_its_light_cone_and_not_beyond(
    density: chains.ContinuousDensity, temperature: float
) -> None:
    bath = chains.chain(density, 80, temperature=temperature)
    felt = chains.light_cone_time(bath, 1e-9)
    inside = np.linspace(0.0, 0.8 * felt, 50)
    size = bath.coupling**2
    assert np.max(chains.correlation_error(bath, inside)) < INSIDE_LIGHT_CONE * size
    beyond = np.linspace(felt, 2.0 * felt, 400)
    assert np.max(chains.correlation_error(bath, beyond)) > VISIBLE * size
    assert chains.chain_correlation(bath, 0.0)[0] == pytest.approx(size, rel=CORRELATION)


def test_the_error_measure_sees_a_factor_two_and_a_wrong_temperature() -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.2), 60, temperature=0.2)
    times = np.linspace(0.0, 10.0, 21)
    own = chains.chain_correlation(bath, times)
    for wrong in (
        chains.correlation(chains.PowerLaw(alpha=0.1), times=times, temperature=0.2),
        chains.correlation(chains.PowerLaw(alpha=0.2), times=times, temperature=0.22),
    ):
        assert np.max(np.abs(own - wrong)) > VISIBLE * bath.coupling**2


def test_thermofield_chains_add_up_to_the_thermal_correlation() -> None:
    density = chains.PowerLaw(alpha=0.1, exponent=0.6)
    first, second = chains.thermofield_chains(density, 80, temperature=0.3)
    times = np.linspace(0.0, 30.0, 31)
    both = chains.chain_correlation(first, times) + chains.chain_correlation(second, times).conj()
    assert np.max(np.abs(both - chains.correlation(density, times=times, temperature=0.3))) < INSIDE_LIGHT_CONE
    assert np.max(chains.correlation_error(second, times)) < INSIDE_LIGHT_CONE


@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_discrete_baths_are_exact_at_all_times(temperature: float) -> None:
    w, g = np.array([0.5, 1.2, 2.0]), np.array([0.35, 0.5, 0.1])
    density = chains.Discrete(frequencies=w, couplings=g)
    bath = chains.chain(density, temperature=temperature)
    assert bath.length == (3 if temperature == 0.0 else 6)
    assert bath.next_hopping == 0.0
    assert bath.complete
    times = np.linspace(0.0, 500.0, 101)
    coth = np.ones(3) if temperature == 0.0 else 1.0 / np.tanh(0.5 * w / temperature)
    phase = np.outer(times, w)
    exact = np.cos(phase) @ (g**2 * coth) - 1j * np.sin(phase) @ g**2
    np.testing.assert_allclose(chains.chain_correlation(bath, times), exact, rtol=0, atol=INSIDE_LIGHT_CONE)
    assert np.max(chains.correlation_error(bath, times)) < INSIDE_LIGHT_CONE
    assert bath.error < CORRELATION
    short = chains.chain(density, 2, temperature=temperature)
    assert not short.complete
    assert math.isfinite(chains.light_cone_time(short))
