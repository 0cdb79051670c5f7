"""Sums of densities: every part keeps its own ends, and the sum is one bath."""

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

import chains
from tests.chains.compare import all_hoppings, largest_difference
from tests.chains.high_precision import chain_from_moments, thermal_hard_moment
from tests.chains.tolerances import (
    CLOSED_FORM,
    CORRELATION,
    HIGH_PRECISION,
    INSIDE_LIGHT_CONE,
    MODE_FUNCTIONS,
    VISIBLE,
)

OHMIC = chains.PowerLaw(alpha=0.1)
SUB_OHMIC = chains.PowerLaw(alpha=0.2, exponent=0.5)
EXPONENTIAL = chains.PowerLaw(alpha=0.05, cutoff=0.3, shape="exponential")
PEAK = chains.Brownian(reorganisation_energy=0.1, frequency=0.5, width=0.01, cutoff=4.0)
BAND = chains.Semicircle(coupling=0.2, centre=6.0, half_width=0.5)
TABLE = chains.Table(frequencies=[0.0, 0.4, 1.0, 1.7, 2.0], values=[0.0, 0.3, 0.5, 0.1, 0.0])

HALVES = [
    (chains.PowerLaw(alpha=0.2, exponent=0.3), chains.PowerLaw(alpha=0.1, exponent=0.3), None),
    (chains.PowerLaw(alpha=0.2, shape="exponential"), chains.PowerLaw(alpha=0.1, shape="exponential"), 40.0),
    (
        chains.Brownian(reorganisation_energy=0.2, frequency=1.0, width=0.05),
        chains.Brownian(reorganisation_energy=0.1, frequency=1.0, width=0.05),
        None,
    ),
    (
        chains.Semicircle(coupling=math.sqrt(0.2), centre=1.0, half_width=0.4),
        chains.Semicircle(coupling=math.sqrt(0.1), centre=1.0, half_width=0.4),
        None,
    ),
]


@pytest.mark.parametrize(("whole", "half", "support"), HALVES)
@pytest.mark.parametrize("length", [10, 100])
def test_two_halves_are_the_density(
    whole: chains.ContinuousDensity, half: chains.ContinuousDensity, support: float | None, length: int
) -> None:
    both = chains.Sum(parts=[half, half])
    for temperature in (0.0, 0.2):
        one = chains.chain(whole, length, temperature=temperature, support=support)
        two = chains.chain(both, length, temperature=temperature, support=support)
        assert largest_difference(two, one) < CLOSED_FORM
    pairs = [chains.thermofield_chains(d, length, temperature=0.2, support=support) for d in (whole, both)]
    for one, two in zip(*pairs, strict=True):
        assert largest_difference(two, one) < CLOSED_FORM
    assert both.strength == pytest.approx(whole.strength, rel=CLOSED_FORM)


def test_two_unequal_parts_are_not_the_density() -> None:
    # a wrong share of one part must be seen
    right = chains.chain(chains.Sum(parts=[OHMIC, SUB_OHMIC]), 10, temperature=0.2)
    wrong = chains.chain(chains.Sum(parts=[OHMIC, chains.PowerLaw(alpha=0.21, exponent=0.5)]), 10, temperature=0.2)
    assert largest_difference(wrong, right) > VISIBLE


@pytest.mark.parametrize("beta", [math.inf, 30.0, 2.0])
def test_powers_one_and_one_half_agree_with_moments_in_60_digits(beta: float) -> None:
    length = 8

    def moment(k: int) -> mp.mpf:
        if math.isinf(beta):
            return sum(2 * mp.mpf(p.alpha) / (k + 1 + mp.mpf(p.exponent)) for p in (OHMIC, SUB_OHMIC))
        parts = [(p.alpha, p.exponent) for p in (OHMIC, SUB_OHMIC)]
        return sum(thermal_hard_moment(k, alpha=a, exponent=s, beta=beta) for a, s in parts)

    kappa, e, t = chain_from_moments(moment, length)
    temperature = 0.0 if math.isinf(beta) else 1.0 / beta
    bath = chains.chain(chains.Sum(parts=[OHMIC, SUB_OHMIC]), length, temperature=temperature)
    assert bath.coupling == pytest.approx(kappa, rel=HIGH_PRECISION)
    np.testing.assert_allclose(bath.frequencies, e, rtol=0, atol=HIGH_PRECISION)
    np.testing.assert_allclose(all_hoppings(bath), t, rtol=HIGH_PRECISION)
    # and the comparison sees one wrong exponent
    wrong = chains.Sum(parts=[OHMIC, chains.PowerLaw(alpha=0.2, exponent=0.51)])
    assert abs(chains.chain(wrong, length, temperature=temperature).coupling / kappa - 1.0) > VISIBLE


MIXTURES = [
    chains.Sum(parts=[OHMIC, SUB_OHMIC]),
    chains.Sum(parts=[OHMIC, EXPONENTIAL]),
    chains.Sum(parts=[PEAK, OHMIC]),
    chains.Sum(parts=[BAND, OHMIC]),
    chains.Sum(parts=[TABLE, SUB_OHMIC, BAND]),
    chains.Sum(parts=[OHMIC, chains.Sum(parts=[EXPONENTIAL, PEAK])]),
]


@pytest.mark.parametrize("density", MIXTURES)
def test_values_integrals_and_ends_are_those_of_the_parts(density: chains.Sum) -> None:
    w = np.linspace(0.0, 9.0, 1001)
    np.testing.assert_allclose(density(w), sum(part(w) for part in density.parts), rtol=1e-14)
    low, high = density.support
    end = 40.0 if math.isinf(high) else high
    points = [p for p in (0.4, 0.49, 0.5, 0.51, 1.0, 1.7, 2.0, 4.0, 5.5, 6.5) if low < p < end]
    weight = quad(lambda x: float(density(x)), low, end, points=points, limit=1000)[0]
    reorganisation = quad(lambda x: float(density(x)) / x, low, end, points=points, limit=1000)[0]
    assert density.weight() == pytest.approx(weight, rel=1e-7)
    assert density.reorganisation() == pytest.approx(reorganisation, rel=1e-7)
    assert density.exponent_at_zero == min(part.exponent_at_zero for part in density.parts)
    text = density.describe()
    assert text.count("no pi") == 1
    assert f"sum of {len(density.parts)}" in text
    if math.isinf(high):
        cut = density.truncation(1e-10)
        beyond = quad(lambda x: float(density(x)), cut, 3.0 * cut)[0]
        assert beyond <= 1e-10 * weight


@pytest.mark.parametrize("density", MIXTURES)
@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_the_chain_of_a_sum_follows_the_sum_of_the_correlation_functions(
    density: chains.Sum, temperature: float
) -> None:
    bath = chains.chain(density, 120, temperature=temperature)
    assert bath.error < CLOSED_FORM
    size = bath.coupling**2
    assert chains.chain_correlation(bath, 0.0)[0] == pytest.approx(size, rel=CORRELATION)
    felt = chains.light_cone_time(bath, 1e-9)
    times = np.linspace(0.0, 0.8 * felt, 30)
    parts = sum(chains.correlation(part, times=times, temperature=temperature) for part in density.parts)
    assert (
        np.max(np.abs(chains.correlation(density, times=times, temperature=temperature) - parts)) < CORRELATION * size
    )
    assert np.max(np.abs(chains.chain_correlation(bath, times) - parts)) < INSIDE_LIGHT_CONE * size
    assert np.max(chains.correlation_error(bath, times)) < INSIDE_LIGHT_CONE * size
    missing = sum(chains.correlation(part, times=times, temperature=temperature) for part in density.parts[1:])
    assert np.max(np.abs(chains.chain_correlation(bath, times) - missing)) > VISIBLE * size
    needed = chains.required_length(density, temperature=temperature, until=0.999 * felt, tolerance=1e-9)
    assert abs(needed - 120) <= 1
    assert chains.diagnose(bath, 1.0).largest_error < INSIDE_LIGHT_CONE * size


def test_correlation_of_a_sum_agrees_with_an_independent_quadrature() -> None:
    density = chains.Sum(parts=[OHMIC, EXPONENTIAL, PEAK])
    temperature = 0.3
    points = [0.4, 0.49, 0.5, 0.51, 0.6, 1.0, 4.0]

    def real(w: float, t: float) -> float:
        return float(density(w)) / math.tanh(0.5 * w / temperature) * math.cos(w * t)

    def imaginary(w: float, t: float) -> float:
        return -float(density(w)) * math.sin(w * t)

    for t in (0.0, 1.3, 7.0):
        found = chains.correlation(density, times=t, temperature=temperature)[0]
        defined = [quad(f, 1e-14, 15.0, args=(t,), points=points, limit=2000)[0] for f in (real, imaginary)]
        assert abs(found - complex(*defined)) < 1e-8 * density.weight()


@pytest.mark.parametrize("density", MIXTURES)
@pytest.mark.parametrize("temperature", [0.0, 0.02, 0.3])
def test_physical_modes_of_a_sum_are_those_of_one_bath(density: chains.Sum, temperature: float) -> None:
    bath = chains.chain(density, 40, temperature=temperature)
    modes = chains.mode_functions(bath)
    plus, minus, w = modes.positive, modes.negative, modes.frequencies
    np.testing.assert_allclose(plus.T @ plus + minus.T @ minus, np.eye(40), rtol=0, atol=MODE_FUNCTIONS)
    h = np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)
    matrix = plus.T @ (w[:, None] * plus) - minus.T @ (w[:, None] * minus)
    np.testing.assert_allclose(matrix, h, rtol=0, atol=MODE_FUNCTIONS * np.max(np.abs(h)))
    assert np.all(np.diff(w) >= 0.0)
    g = np.sqrt(modes.weights * density(w))
    np.testing.assert_allclose(bath.coupling * plus[:, 0], g * modes.cosh, rtol=1e-9, atol=1e-14)
    np.testing.assert_allclose(bath.coupling * minus[:, 0], g * modes.sinh, rtol=1e-9, atol=1e-14)
    assert np.sum(g**2) == pytest.approx(density.weight(), rel=1e-12)


def test_parts_of_strength_zero_count_for_nothing() -> None:
    nothing = chains.PowerLaw(alpha=0.0, cutoff=20.0, exponent=0.4, shape="exponential")
    density = chains.Sum(parts=[nothing, OHMIC])
    assert density.support == (0.0, 1.0)
    assert density.exponent_at_zero == 1.0
    for temperature in (0.0, 0.2):
        one = chains.chain(OHMIC, 20, temperature=temperature)
        assert largest_difference(chains.chain(density, 20, temperature=temperature), one) == 0.0
    assert chains.chain(density, 20).method == "jacobi"


def test_a_sum_of_nothing_has_a_chain_and_no_coupling() -> None:
    free = chains.Sum(parts=[chains.PowerLaw(alpha=0.0), chains.PowerLaw(alpha=0.0, exponent=0.5)])
    assert free.strength == free.weight() == free.reorganisation() == 0.0
    equal = chains.Sum(parts=[chains.PowerLaw(alpha=0.1), chains.PowerLaw(alpha=0.1, exponent=0.5)])
    for temperature in (0.0, 0.3):
        bath, coupled = (chains.chain(d, 12, temperature=temperature) for d in (free, equal))
        assert bath.coupling == 0.0
        np.testing.assert_allclose(bath.frequencies, coupled.frequencies, rtol=0, atol=CLOSED_FORM)
        np.testing.assert_allclose(bath.hoppings, coupled.hoppings, rtol=CLOSED_FORM)
        assert chains.mode_functions(bath).error < MODE_FUNCTIONS
        assert math.isfinite(chains.light_cone_time(bath))
    np.testing.assert_array_equal(chains.correlation(free, times=[0.0, 1.0], temperature=0.3), 0.0)


def test_a_cut_may_remove_a_part() -> None:
    density = chains.Sum(parts=[OHMIC, BAND])
    cut = chains.chain(density, 20, temperature=0.2, support=3.0)
    assert largest_difference(cut, chains.chain(OHMIC, 20, temperature=0.2)) < CLOSED_FORM
    assert any("cut" in note for note in cut.notes)
    # so cold that the band has no absorption
    emission, absorption = chains.thermofield_chains(density, 20, temperature=1e-3)
    assert emission.support == (0.0, 6.5)
    assert absorption.support == (0.0, 1.0)


def test_nested_sums_are_flat() -> None:
    density = chains.Sum(parts=[OHMIC, chains.Sum(parts=[SUB_OHMIC, chains.Sum(parts=[BAND])])])
    assert density.parts == (OHMIC, SUB_OHMIC, BAND)
    assert density == chains.Sum(parts=(OHMIC, SUB_OHMIC, BAND))


@pytest.mark.parametrize(
    ("parts", "keys", "hint"),
    [
        ([], {"parts"}, "non-empty"),
        ("J", {"parts"}, "found str"),
        (OHMIC, {"parts"}, "found PowerLaw"),
        ([OHMIC, 1.0, "J"], {"parts[1]", "parts[2]"}, "PowerLaw, DrudeLorentz"),
        ([OHMIC, chains.Discrete(frequencies=[1.0], couplings=[0.1])], {"parts[1]"}, "Brownian"),
        ([chains.Discrete(frequencies=[1.0], couplings=[0.1])] * 2, {"parts"}, "one Discrete"),
    ],
)
def test_bad_parts(parts: object, keys: set[str], hint: str) -> None:
    with pytest.raises(chains.InvalidInput, match=hint) as caught:
        chains.Sum(parts=parts)  # type: ignore[arg-type]
    assert {problem.key for problem in caught.value.problems} == keys


def test_arguments_are_checked_for_sums_too() -> None:
    density = chains.Sum(parts=[OHMIC, BAND])
    calls: list[Callable[[], object]] = [
        lambda: chains.chain(density, 4, support=7.0),
        lambda: chains.chain(density),
        lambda: density(-1.0),
        lambda: chains.thermofield_chains(chains.Sum(parts=[BAND, BAND]), 4, temperature=1e-4),
    ]
    for call, key in zip(calls, ("support", "length", "w[0]", "temperature"), strict=True):
        with pytest.raises(chains.InvalidInput) as caught:
            call()
        assert [problem.key for problem in caught.value.problems] == [key]


@given(
    exponents=st.tuples(st.floats(0.1, 3.0), st.floats(0.1, 3.0)),
    cutoff=st.floats(0.2, 5.0),
    weight=st.floats(1e-3, 1e3),
    beta=st.floats(0.05, 200.0),
)
def test_coupling_is_the_correlation_at_zero(
    exponents: tuple[float, float], cutoff: float, weight: float, beta: float
) -> None:
    first = chains.PowerLaw(alpha=0.1, exponent=exponents[0])
    second = chains.PowerLaw(alpha=0.1 * weight, exponent=exponents[1], cutoff=cutoff, shape="gaussian")
    density, temperature = chains.Sum(parts=[first, second]), 1.0 / beta
    bath = chains.chain(density, 10, temperature=temperature)
    alone = sum(chains.chain(part, 10, temperature=temperature).coupling ** 2 for part in (first, second))
    assert bath.coupling**2 == pytest.approx(alone, rel=1e-12)
    assert bath.coupling**2 == pytest.approx(
        chains.correlation(density, times=0.0, temperature=temperature)[0].real, rel=1e-12
    )
