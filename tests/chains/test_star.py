"""Between chain and star."""

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

import chains
from tests.chains.tolerances import ROUND_TRIP

EPS = float(np.finfo(np.float64).eps)
APART = 1e-7  # of the largest frequency: closer ones are one to the digits that a chain keeps


def tridiagonal(bath: chains.Chain) -> np.ndarray:
    return np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)


@pytest.mark.parametrize("length", [1, 2, 40, 300])
@pytest.mark.parametrize(
    ("density", "temperature"),
    [
        (chains.PowerLaw(alpha=0.1), 0.0),
        (chains.PowerLaw(alpha=0.1, exponent=0.3), 0.05),
        # couplings down to exp(-600): they need digits of their own
        (chains.PowerLaw(alpha=0.1, shape="exponential"), 0.0),
        (chains.PowerLaw(alpha=0.1, shape="exponential"), 0.2),
    ],
)
def test_chain_to_star_and_back(density: chains.PowerLaw, temperature: float, length: int) -> None:
    bath = chains.chain(density, length, temperature=temperature)
    star = chains.star(bath)
    back = chains.from_star(star.frequencies, star.couplings)
    scale = np.max(np.abs(bath.frequencies))
    assert back.coupling == pytest.approx(bath.coupling, rel=ROUND_TRIP)
    np.testing.assert_allclose(back.frequencies, bath.frequencies, rtol=0, atol=ROUND_TRIP * scale)
    np.testing.assert_allclose(back.hoppings, bath.hoppings, rtol=ROUND_TRIP)
    np.testing.assert_allclose(star.vectors.T @ star.vectors, np.eye(length), rtol=0, atol=ROUND_TRIP)
    rebuilt = star.vectors @ np.diag(star.frequencies) @ star.vectors.T
    np.testing.assert_allclose(rebuilt, tridiagonal(bath), rtol=0, atol=ROUND_TRIP * max(scale, 1.0))
    assert np.all(star.couplings > 0.0)


def test_star_nodes_are_gauss_nodes() -> None:
    # N nodes integrate polynomials of degree 2N - 1 with the weight J exactly: J = w on [0, 1]
    star = chains.star(chains.chain(chains.PowerLaw(alpha=0.5), 6))
    for degree in range(12):
        integral = np.sum(star.couplings**2 * star.frequencies**degree)
        assert integral == pytest.approx(1.0 / (degree + 2), rel=ROUND_TRIP)
    assert np.sum(star.couplings**2 * star.frequencies**12) != pytest.approx(1.0 / 14.0, rel=1e-9)


@given(st.lists(st.tuples(st.floats(0.01, 10.0), st.floats(0.01, 2.0)), min_size=1, max_size=12))
def test_any_discrete_bath_survives_the_round_trip(modes: list[tuple[float, float]]) -> None:
    """Weights of modes that nearly have one frequency are known to rounding over their distance."""
    density = chains.Discrete(frequencies=[w for w, _ in modes], couplings=[g for _, g in modes])
    apart = float(np.min(np.diff(density.frequencies), initial=np.inf)) / float(np.max(density.frequencies))
    assume(apart > APART)
    bath = chains.chain(density)
    assert bath.length == density.modes
    star = chains.star(bath)
    np.testing.assert_allclose(star.frequencies, density.frequencies, rtol=0, atol=1e-12)
    assert np.sum(star.couplings**2) == pytest.approx(
        np.sum(np.asarray(density.couplings) ** 2), rel=1e-12 + 8 * EPS / apart
    )
    times = np.linspace(0.0, 20.0, 11)
    assert np.max(chains.correlation_error(bath, times)) < (1e-11 + 8 * EPS / apart) * bath.coupling**2


def test_equal_frequencies_merge_and_zero_couplings_drop() -> None:
    density = chains.Discrete(frequencies=[2.0, 1.0, 2.0, 3.0], couplings=[0.3, -0.1, 0.4, 0.0])
    np.testing.assert_allclose(density.frequencies, [1.0, 2.0])
    np.testing.assert_allclose(density.couplings, [0.1, 0.5])
    assert len(density.notes) == 3  # the sign, too
    assert chains.chain(density).notes == density.notes
    assert chains.chain(density, temperature=1.0).length == 4
    cold = chains.chain(density, temperature=1e-3)  # n = exp(-2000) at w = 2: no such mode
    assert cold.length == 3
    assert "left out" in cold.notes[-1]


def test_the_modes_that_couple() -> None:
    """X = sum g_k (a_k + a_k^dag) of the modes as given is that of the modes that count, for any amplitudes; the rest keeps its energy."""
    w, g = np.array([2.0, 1.0, 2.0, 3.0]), np.array([0.3, -0.1, -0.4, 0.0])
    density = chains.Discrete(frequencies=w, couplings=g)
    np.testing.assert_allclose(density.combination, [[0, -1, 0, 0], [0.6, 0, -0.8, 0]], atol=1e-15)
    alpha = np.array([0.3 - 0.2j, 0.5, 0.1j, 0.7])
    found, idle = density.collected(alpha)
    for t in (0.0, 1.3):
        given = np.sum(g * alpha * np.exp(-1j * w * t))
        ours = np.sum(np.asarray(density.couplings) * found * np.exp(-1j * np.asarray(density.frequencies) * t))
        assert ours == pytest.approx(given, abs=1e-15)
    whole = np.sum(w * np.abs(alpha) ** 2)
    assert idle + np.sum(density.frequencies * np.abs(found) ** 2) == pytest.approx(whole, rel=1e-14)
    assert idle > 3.0 * 0.49
    assert density.collected(density.combination.T @ found)[1] < 1e-30
    with pytest.raises(chains.InvalidInput, match="4 amplitudes"):
        density.collected(found)
    assert chains.Discrete(frequencies=[1.0], couplings=[-1e-200]).couplings[0] == 1e-200


def test_from_star_reports_all_problems() -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        chains.from_star([1.0, 1.0, 2.0], [0.1, 0.0])
    assert len(caught.value.problems) == 3
