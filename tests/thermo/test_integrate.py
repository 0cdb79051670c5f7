from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tolerances import ROUNDING
from tnthermo.thermo.integrate import cumulative_integral, cumulative_stieltjes, derivative

FREQUENCIES = (1.0, 1.3)


def exact_stieltjes(t: np.ndarray) -> np.ndarray:
    """int cos(a t) d sin(b t)."""
    a, b = FREQUENCIES
    return b / 2 * (np.sin((b - a) * t) / (b - a) + np.sin((b + a) * t) / (b + a))


def ramp(step: float, until: float) -> np.ndarray:
    """What a run's clock may look like: a start in ever larger steps, then equal ones, and a shortened last step."""
    start = step * np.array([0, 1, 2, 4, 8, 16, 32, 64]) / 64
    return np.concatenate([start, np.arange(2 * step, until - step / 3, step), [until]])


def worst(t: np.ndarray) -> tuple[float, float, float]:
    a, b = FREQUENCIES
    f, g = np.cos(a * t), np.sin(b * t)
    return (
        np.abs(cumulative_integral(t, f) - np.sin(a * t) / a).max(),
        np.abs(cumulative_stieltjes(t, f, g) - exact_stieltjes(t)).max(),
        np.abs(derivative(t, g) - b * np.cos(b * t)).max(),
    )


@pytest.mark.parametrize("grid", [lambda h: np.arange(0, 8 + h / 2, h), lambda h: ramp(h, 8.0 + 0.3 * h)])
def test_the_error_falls_with_the_eighth_power_of_the_step(grid: Callable[[float], np.ndarray]) -> None:
    coarse, fine = worst(grid(0.5)), worst(grid(0.25))
    for order, a, b in zip((8, 8, 7), coarse, fine, strict=True):
        assert np.log2(a / b) > order - 1.0, (a, b)


def test_the_steps_of_a_run_integrate_to_better_than_1e_6() -> None:
    integral, stieltjes, _ = worst(ramp(0.25, 10.1))
    assert integral < 1e-7
    assert stieltjes < 1e-6


@given(
    gaps=st.lists(st.floats(0.01, 1.0), min_size=1, max_size=30),
    coefficients=st.lists(st.floats(-1, 1), min_size=8, max_size=8),
)
def test_polynomials_of_degree_seven_are_integrated_exactly_on_any_grid(
    gaps: list[float], coefficients: list[float]
) -> None:
    t = np.concatenate([[0.0], np.cumsum(gaps)]) / sum(gaps)
    degree = min(7, t.size - 1)
    f = np.polynomial.Polynomial(coefficients[: degree + 1])
    scale = np.abs(f(t)).max() + 1
    assert np.abs(cumulative_integral(t, f(t)) - (f.integ()(t) - f.integ()(0))).max() < 1e-9 * scale
    g = np.polynomial.Polynomial([0.3, -0.7] if t.size == 2 else [0.3, -0.7, 0.4])
    exact = (f * g.deriv()).integ()
    assert np.abs(cumulative_stieltjes(t, f(t), g(t)) - (exact(t) - exact(0))).max() < 1e-9 * scale


@given(gaps=st.lists(st.floats(1e-2, 1.0), min_size=1, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_integration_by_parts_holds_to_rounding(gaps: list[float], seed: int) -> None:
    t = np.concatenate([[0.0], np.cumsum(gaps)])
    f, g = np.cos(t + seed % 7), np.sin(2 * t)
    total = cumulative_stieltjes(t, f, g) + cumulative_stieltjes(t, g, f)
    assert np.abs(total - (f * g - f[0] * g[0])).max() < 1e-9


def test_points_that_crowd_together_do_not_amplify_noise() -> None:
    t = np.concatenate([np.arange(9) * 1e-6, 0.25 * np.arange(1, 41)])
    noise = 1e-8 * np.random.default_rng(1).normal(size=t.size)
    assert np.abs(cumulative_integral(t, np.cos(t) + noise) - np.sin(t)).max() < 1e-6


def test_one_two_and_three_samples_give_what_they_can() -> None:
    assert cumulative_integral(np.array([0.0]), np.array([5.0])).tolist() == [0.0]
    assert cumulative_stieltjes(np.array([0.0]), np.array([5.0]), np.array([1.0])).tolist() == [0.0]
    assert np.isnan(derivative(np.array([0.0]), np.array([5.0]))).all()
    assert np.allclose(cumulative_integral(np.array([0.0, 0.5]), np.array([1.0, 3.0])), [0, 1.0])
    t = np.array([0.0, 0.1, 1.0])
    assert np.allclose(cumulative_integral(t, 3 * t**2), t**3, atol=ROUNDING)
    assert np.allclose(derivative(t, t**2), 2 * t, atol=ROUNDING)


def test_complex_matrices_are_integrated_entry_by_entry() -> None:
    t = np.linspace(0, 3, 31)
    f = np.exp(1j * t)[:, None, None] * np.array([[1, 2], [3, 4]])
    exact = ((np.exp(1j * t) - 1) / 1j)[:, None, None] * np.array([[1, 2], [3, 4]])
    assert np.abs(cumulative_integral(t, f) - exact).max() < 1e-10


def test_one_point_is_no_polynomial() -> None:
    with pytest.raises(ValueError, match="at least 2"):
        cumulative_integral(np.array([0.0, 1.0]), np.array([1.0, 1.0]), order=1)


@pytest.mark.parametrize(
    ("t", "f"),
    [
        ([0.0, 1.0, 1.0], [1.0, 2.0, 3.0]),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
        ([0.0, 1.0], [1.0]),
        ([0.0, np.nan], [1, 2]),
    ],
)
def test_bad_grids_are_refused(t: list[float], f: list[float]) -> None:
    with pytest.raises(ValueError, match="times"):
        cumulative_integral(np.array(t), np.array(f))
