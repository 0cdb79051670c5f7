"""Chain coefficients against closed forms, printed digits, an independent calculation in 60 digits, and identities."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import roots_legendre

import chains
from chains.maps.coefficients import _continuous_chain
from chains.numerics.recurrence import jacobi_matrix
from tests.chains.compare import all_hoppings, largest_difference
from tests.chains.high_precision import chain_from_moments, thermal_hard_moment
from tests.chains.tolerances import CLOSED_FORM, HIGH_PRECISION, PRINTED, VISIBLE


def general_route(density: chains.ContinuousDensity, length: int, support: float | None = None) -> chains.Chain:
    """The T = 0 chain by quadrature, also where there is a closed form."""
    return _continuous_chain(density, length, weight="vacuum", temperature=0.0, support=support, resolution=1)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.0, 3.0])
def test_hard_cutoff_general_route_agrees_with_jacobi_up_to_300(exponent: float) -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.3, exponent=exponent)
    exact = chains.chain(density, 300)
    assert exact.method == "jacobi"
    assert largest_difference(general_route(density, 300), exact) < CLOSED_FORM


@pytest.mark.parametrize("exponent", [0.3, 0.5, 1.0, 2.0, 3.0])
def test_exponential_cutoff_general_route_agrees_with_laguerre_up_to_300(exponent: float) -> None:
    # the polynomials of 300 sites reach w = 1200 wc and a little beyond, where the weight is exp(-1400)
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=exponent, shape="exponential")
    exact = chains.chain(density, 300)
    assert exact.method == "laguerre"
    assert largest_difference(general_route(density, 300, support=1400.0), exact) < CLOSED_FORM


def test_semicircle_general_route_agrees_with_chebyshev_up_to_300() -> None:
    density = chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.4)
    exact = chains.chain(density, 300)
    assert exact.method == "chebyshev"
    np.testing.assert_allclose(exact.frequencies, 1.0)
    np.testing.assert_allclose(all_hoppings(exact), 0.2)
    assert largest_difference(general_route(density, 300), exact) < CLOSED_FORM


def test_closed_forms_give_the_known_digits_and_formulas() -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.5), 4)
    np.testing.assert_allclose(bath.frequencies, [0.6, 0.511111111, 0.504273504, 0.502262443], rtol=2e-9)
    np.testing.assert_allclose(all_hoppings(bath), [0.261861468, 0.253245725, 0.251515043, 0.250877172], rtol=2e-9)
    assert bath.coupling == pytest.approx(math.sqrt(0.2 / 1.5), rel=CLOSED_FORM)
    bath = chains.chain(chains.PowerLaw(alpha=0.1, cutoff=5.0, exponent=1.5, shape="exponential"), 3)
    assert bath.coupling == pytest.approx(5.0 * math.sqrt(0.2 * math.gamma(2.5)), rel=CLOSED_FORM)
    np.testing.assert_allclose(bath.frequencies, [12.5, 22.5, 32.5])
    np.testing.assert_allclose(all_hoppings(bath), 5.0 * np.sqrt([2.5, 7.0, 13.5]))


def test_first_coefficients_are_the_mean_and_the_variance_of_the_weight() -> None:
    # J = w on [0, 1] by hand: mean 2/3, variance 1/2 - 4/9
    bath = chains.chain(chains.PowerLaw(alpha=0.5), 2)
    assert bath.frequencies[0] == pytest.approx(2.0 / 3.0, rel=CLOSED_FORM)
    assert bath.hoppings[0] == pytest.approx(math.sqrt(1.0 / 18.0), rel=CLOSED_FORM)


THERMAL_DIGITS = [
    (
        2.0,
        0.470520410739,
        [0.301128462003, -0.0299854153977, -0.0130612641445, -0.003832453761],
        [0.51769135082, 0.522863063104, 0.508778891799, 0.504411017613],
    ),
    (
        20.0,
        0.318818026503,
        [0.655877907808, 0.487884567074, 0.417002287712, 0.34637042568],
        [0.248781674586, 0.279883388216, 0.311630170823, 0.347106217334],
    ),
]


@pytest.mark.parametrize(("beta", "coupling", "frequencies", "hoppings"), THERMAL_DIGITS)
def test_thermal_ohmic_digits(beta: float, coupling: float, frequencies: list[float], hoppings: list[float]) -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1), 4, temperature=1.0 / beta)
    assert bath.coupling == pytest.approx(coupling, rel=PRINTED)
    np.testing.assert_allclose(bath.frequencies, frequencies, rtol=0, atol=PRINTED)
    np.testing.assert_allclose(all_hoppings(bath), hoppings, rtol=PRINTED)
    assert bath.thermal
    assert bath.support == (-1.0, 1.0)


def test_thermofield_digits() -> None:
    density = chains.PowerLaw(alpha=0.25, cutoff=5.0, shape="exponential")
    emission, absorption = chains.thermofield_chains(density, 3, temperature=1.0, support=160.0)
    assert emission.coupling == pytest.approx(3.62404312926, rel=PRINTED)
    np.testing.assert_allclose(emission.frequencies, [9.57377792789, 19.4660725452, 29.4830898651], rtol=PRINTED)
    np.testing.assert_allclose(all_hoppings(emission), [7.15744010404, 12.3110826413, 17.3493206274], rtol=PRINTED)
    assert absorption.coupling == pytest.approx(0.796045603412, rel=PRINTED)
    np.testing.assert_allclose(absorption.frequencies, [1.16621643, 3.05924573824, 4.78952631355], rtol=5e-9)
    np.testing.assert_allclose(all_hoppings(absorption), [1.09560076583, 1.9725686531, 2.82468963116], rtol=PRINTED)
    assert not emission.thermal
    assert not absorption.thermal


@pytest.mark.parametrize(("exponent", "beta"), [(0.3, 10.0), (0.3, 0.5), (0.05, 4.0), (1.0, 30.0), (2.5, 7.0)])
def test_thermal_chains_agree_with_moments_in_60_digits(exponent: float, beta: float) -> None:
    length = 8
    kappa, e, t = chain_from_moments(lambda k: thermal_hard_moment(k, alpha=0.1, exponent=exponent, beta=beta), length)
    bath = chains.chain(chains.PowerLaw(alpha=0.1, exponent=exponent), length, temperature=1.0 / beta)
    assert bath.coupling == pytest.approx(kappa, rel=HIGH_PRECISION)
    np.testing.assert_allclose(bath.frequencies, e, rtol=0, atol=HIGH_PRECISION)
    np.testing.assert_allclose(all_hoppings(bath), t, rtol=HIGH_PRECISION)


@pytest.mark.slow
def test_longer_sub_ohmic_thermal_chain_agrees_with_moments_in_60_digits() -> None:
    length = 24
    kappa, e, t = chain_from_moments(lambda k: thermal_hard_moment(k, alpha=0.1, exponent=0.3, beta=10.0), length)
    bath = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.3), length, temperature=0.1)
    assert bath.coupling == pytest.approx(kappa, rel=HIGH_PRECISION)
    np.testing.assert_allclose(bath.frequencies, e, rtol=0, atol=HIGH_PRECISION)
    np.testing.assert_allclose(all_hoppings(bath), t, rtol=HIGH_PRECISION)


def test_plain_gauss_legendre_nodes_are_visibly_wrong_for_a_sub_ohmic_thermal_bath() -> None:
    # why the panels at 0 carry the power: 400 ordinary nodes on each side look innocent and are not
    x, weights = roots_legendre(400)
    w = 0.5 * (1.0 + x)
    bose = 1.0 / np.expm1(10.0 * w)
    root = np.sqrt(0.5 * weights * 0.2 * w**0.3)
    nodes = np.concatenate([-w, w])
    _, naive = jacobi_matrix(nodes, np.concatenate([root * np.sqrt(bose), root * np.sqrt(1.0 + bose)]), 8)
    right = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.3), 8, temperature=0.1)
    assert abs(naive[0] / right.coupling - 1.0) > VISIBLE


def test_digits_do_not_hide_a_factor_two_or_a_wrong_temperature() -> None:
    right = chains.chain(chains.PowerLaw(alpha=0.1), 4, temperature=0.5)
    doubled = chains.chain(chains.PowerLaw(alpha=0.2), 4, temperature=0.5)
    warmer = chains.chain(chains.PowerLaw(alpha=0.1), 4, temperature=0.51)
    assert abs(doubled.coupling / right.coupling - 1.0) > VISIBLE
    assert abs(warmer.coupling / right.coupling - 1.0) > VISIBLE
    assert np.max(np.abs(warmer.frequencies - right.frequencies)) > VISIBLE


@pytest.mark.parametrize("exponent", [0.3, 1.0, 3.0])
@pytest.mark.parametrize("temperature", [0.0, 0.1, 2.0])
def test_coefficients_tend_to_those_of_the_interval(exponent: float, temperature: float) -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=exponent), 400, temperature=temperature)
    middle, quarter = (1.0, 0.5) if temperature == 0.0 else (0.0, 1.0)
    assert bath.frequencies[-1] == pytest.approx(middle, abs=3e-3)
    assert bath.hoppings[-1] == pytest.approx(quarter, abs=3e-3)


def test_a_thousand_sites() -> None:
    bath = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.3), 1000, temperature=0.1)
    assert bath.length == 1000
    assert bath.error < CLOSED_FORM
    assert not bath.frequencies.flags.writeable


def test_a_support_cut_by_hand_is_noted_and_slows_the_front() -> None:
    density = chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential")
    whole, cut = chains.chain(density, 100), chains.chain(density, 100, support=75.0)
    assert cut.support == (0.0, 75.0)
    assert "75" in cut.notes[0]
    assert cut.hoppings[-1] == pytest.approx(75.0 / 4.0, rel=1e-3)
    assert whole.hoppings[-1] > 10 * cut.hoppings[-1]
    thermal = chains.chain(density, 100, temperature=0.2)
    assert thermal.notes  # the default truncation of an infinite support is stated


def test_a_bath_decoupled_has_the_chain_of_the_coupled_one() -> None:
    for temperature in (0.0, 0.3):
        free = chains.chain(chains.PowerLaw(alpha=0.0), 12, temperature=temperature)
        coupled = chains.chain(chains.PowerLaw(alpha=0.2), 12, temperature=temperature)
        assert free.coupling == 0.0
        np.testing.assert_allclose(free.frequencies, coupled.frequencies, atol=CLOSED_FORM)
        np.testing.assert_allclose(free.hoppings, coupled.hoppings, rtol=CLOSED_FORM)


@pytest.mark.parametrize("temperature", [1e-149, 1e-6, 2e-4])
def test_very_low_temperatures_tend_to_the_vacuum(temperature: float) -> None:
    cold = chains.chain(chains.PowerLaw(alpha=0.1, exponent=2.0), 10, temperature=temperature)
    vacuum = chains.chain(chains.PowerLaw(alpha=0.1, exponent=2.0), 10)
    assert cold.coupling == pytest.approx(vacuum.coupling, rel=1e-6)
    assert any("underflow" in note for note in cold.notes)
    assert cold.support[0] > -1.0


def test_two_bands_with_a_gap_converge() -> None:
    bath = chains.chain(chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.5), 200, temperature=0.1)
    assert bath.support == (-1.5, 1.5)
    assert bath.error < CLOSED_FORM


def test_not_converged_is_an_error_that_says_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chains.maps.coefficients.AGREED", 0.0)
    monkeypatch.setattr("chains.maps.coefficients.ACCEPTED", 1e-20)
    with pytest.raises(chains.ChainNotConverged, match=r"residual .* nodes; try resolution=16") as caught:
        chains.chain(chains.PowerLaw(alpha=0.1), 30, temperature=0.1)
    assert caught.value.residual > 0.0
    assert caught.value.advised_resolution == 16


@given(
    exponent=st.floats(0.05, 4.0),
    beta=st.floats(0.01, 300.0),
    cutoff=st.floats(0.1, 20.0),
    shape=st.sampled_from(["hard", "exponential", "gaussian"]),
)
def test_thermal_chains_converge_and_scale_with_the_cutoff(
    exponent: float, beta: float, cutoff: float, shape: str
) -> None:
    one = chains.chain(chains.PowerLaw(alpha=0.1, exponent=exponent, shape=shape), 12, temperature=1.0 / beta)
    scaled = chains.PowerLaw(alpha=0.1, cutoff=cutoff, exponent=exponent, shape=shape)
    other = chains.chain(scaled, 12, temperature=cutoff / beta)
    assert one.error < 1e-11
    assert other.coupling == pytest.approx(cutoff * one.coupling, rel=1e-11)
    np.testing.assert_allclose(other.frequencies / cutoff, one.frequencies, rtol=0, atol=1e-10 * one.support[1])
    np.testing.assert_allclose(other.hoppings / cutoff, one.hoppings, rtol=1e-10)
