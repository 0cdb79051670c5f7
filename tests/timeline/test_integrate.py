from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.tolerances import ROUNDING
from tnthermo.timeline.integrate import cumulative_integral, cumulative_stieltjes, derivative, every_second

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


@example(gaps=[0.96875, 0.015625, 0.015625, 0.015625, 0.015625, 0.0625], seed=0)
@given(gaps=st.lists(st.floats(1e-2, 1.0), min_size=1, max_size=40), seed=st.integers(0, 2**32 - 1))
def test_integration_by_parts_holds_to_rounding(gaps: list[float], seed: int) -> None:
    """Gaps of 1 to 100 make weights that take rounding to some 1e-9."""
    t = np.concatenate([[0.0], np.cumsum(gaps)])
    f, g = np.cos(t + seed % 7), np.sin(2 * t)
    total = cumulative_stieltjes(t, f, g) + cumulative_stieltjes(t, g, f)
    assert np.abs(total - (f * g - f[0] * g[0])).max() < 1e-8


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
        ([0.0, 1.0, 1.0, 1.0], [1.0, 2.0, 3.0, 4.0]),
        ([0.0, 2.0, 1.0], [1.0, 2.0, 3.0]),
        ([0.0, 1.0], [1.0]),
        ([0.0, np.nan], [1, 2]),
    ],
)
def test_bad_grids_are_refused(t: list[float], f: list[float]) -> None:
    with pytest.raises(ValueError, match="time"):
        cumulative_integral(np.array(t), np.array(f))


KINKS = (2.0, 5.0)


def kinked(t: np.ndarray) -> np.ndarray:
    """Continuous; 1, sin(t - 2) and cos(t - 5) are joined to it at the two kinks."""
    rising, falling = np.sin(np.maximum(t - 2, 0)), np.cos(np.maximum(t - 5, 0) * 1.2) - 1 - 0.5 * np.maximum(t - 5, 0)
    return np.cos(1.3 * t) + rising + falling


def exact_kinked(t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """int kinked dt, int cos(t) dkinked, and the slope of kinked, at a kink the one to the right; all from t = 0."""
    late, later = np.maximum(t - 2, 0), np.maximum(t - 5, 0)
    integral = np.sin(1.3 * t) / 1.3 + 1 - np.cos(late) + np.sin(1.2 * later) / 1.2 - later - later**2 / 4
    # int sin(1.3 t) cos(t), int cos(t - 2) cos(t), int (1.2 sin(1.2 (t - 5)) + 0.5) cos(t), each where it is on
    first = 1.3 / 2 * ((1 - np.cos(0.3 * t)) / 0.3 + (1 - np.cos(2.3 * t)) / 2.3)
    second = late * np.cos(2) / 2 + (np.sin(2 * late + 2) - np.sin(2)) / 4
    third = 0.6 * ((np.cos(5) - np.cos(2.2 * later + 5)) / 2.2 + (np.cos(5) - np.cos(0.2 * later - 5)) / 0.2)
    stieltjes = -first + second - third - 0.5 * (np.sin(later + 5) - np.sin(5))
    slope = -1.3 * np.sin(1.3 * t) + np.cos(late) * (t >= 2) - (1.2 * np.sin(1.2 * later) + 0.5) * (t >= 5)
    return integral, stieltjes, slope


def worst_kinked(h: float, breaks: tuple[float, ...]) -> list[float]:
    t = h * np.arange(round(9 / h) + 1)
    found = (
        cumulative_integral(t, kinked(t), breaks=breaks),
        cumulative_stieltjes(t, np.cos(t), kinked(t), breaks=breaks),
        derivative(t, kinked(t), breaks=breaks),
    )
    return [float(np.abs(a - b).max()) for a, b in zip(found, exact_kinked(t), strict=True)]


def test_with_its_kinks_named_a_function_is_integrated_with_the_full_order() -> None:
    coarse, fine = worst_kinked(0.25, KINKS), worst_kinked(0.125, KINKS)
    for order, a, b in zip((8, 8, 7), coarse, fine, strict=True):
        assert np.log2(a / b) > order - 1.0, (a, b)


def test_without_the_names_kinks_cost_the_order() -> None:
    coarse, fine = worst_kinked(0.25, ()), worst_kinked(0.125, ())
    for order, a, b in zip((2, 2, 0), coarse, fine, strict=True):
        assert np.log2(a / b) < order + 0.5, (a, b)
    for a, b in zip(fine, worst_kinked(0.125, KINKS), strict=True):
        assert a > 1000 * b


def test_at_a_break_the_derivative_is_the_one_to_the_right() -> None:
    t = np.linspace(0, 4, 41)
    found = derivative(t, np.abs(t - 2), breaks=(2.0,))
    assert np.abs(found - np.where(t < 2, -1.0, 1.0)).max() < 100 * ROUNDING
    assert found[20] == pytest.approx(1.0)


def test_breaks_outside_and_at_the_ends_change_nothing() -> None:
    t, far = np.linspace(1, 4, 31), (-3.0, 0.0, 1.0, 4.0, 9.0, np.inf)
    f, g = np.cos(t), np.sin(2 * t)
    assert (cumulative_integral(t, f, breaks=far) == cumulative_integral(t, f)).all()
    assert (cumulative_stieltjes(t, f, g, breaks=far) == cumulative_stieltjes(t, f, g)).all()
    assert (derivative(t, f, breaks=far) == derivative(t, f)).all()


def test_a_break_is_found_to_rounding_and_counts_once() -> None:
    t = 0.1 * np.arange(41)
    assert t[3] != 0.3
    f = np.abs(t - 0.3)
    expected = cumulative_integral(t, f, breaks=(t[3],))
    assert (cumulative_integral(t, f, breaks=(0.3, 0.3, t[3])) == expected).all()


@pytest.mark.parametrize("astray", [0.35, 0.3 + 1e-7, np.nan])
def test_a_break_between_two_times_is_refused(astray: float) -> None:
    t = 0.1 * np.arange(41)
    f = np.cos(t)
    for call in (
        lambda: cumulative_integral(t, f, breaks=(0.3, astray)),
        lambda: cumulative_stieltjes(t, f, f, breaks=(0.3, astray)),
        lambda: derivative(t, f, breaks=(0.3, astray)),
    ):
        with pytest.raises(ValueError, match="breaks must be among the times") as caught:
            call()
        assert "0.3," not in str(caught.value)


@given(
    gaps=st.lists(st.floats(1e-2, 1.0), min_size=2, max_size=40),
    where=st.lists(st.integers(0, 40), max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_integration_by_parts_holds_to_rounding_across_breaks_for_complex_matrices(
    gaps: list[float], where: list[int], seed: int
) -> None:
    t = np.concatenate([[0.0], np.cumsum(gaps)])
    breaks = tuple(float(t[i % t.size]) for i in where)
    rng = np.random.default_rng(seed)
    f = np.exp(1j * t)[:, None, None] * rng.uniform(-1, 1, (2, 3))
    g = np.cos(2 * t)[:, None, None] * rng.uniform(-1, 1, (2, 3)) + 1j * np.sin(t + 1)[:, None, None]
    for time in breaks:
        g = g + rng.uniform(-1, 1) * np.abs(t - time)[:, None, None]
    total = cumulative_stieltjes(t, f, g, breaks=breaks) + cumulative_stieltjes(t, g, f, breaks=breaks)
    assert np.abs(total - (f * g - f[0] * g[0])).max() < 1e-9 * (1 + np.abs(f * g).max())


def test_matrices_of_samples_are_taken_entry_by_entry() -> None:
    t = np.linspace(0, 4, 41)
    rng = np.random.default_rng(3)
    f = np.exp(1j * t)[:, None, None] * rng.normal(size=(2, 2))
    g = np.cos(1.3 * t)[:, None, None] * rng.normal(size=(2, 2))
    found = cumulative_stieltjes(t, f, g, breaks=(2.0,))
    assert found.shape == f.shape
    for i, j in np.ndindex(2, 2):
        alone = cumulative_stieltjes(t, f[:, i, j], g[:, i, j], breaks=(2.0,))
        assert np.abs(found[:, i, j] - alone).max() < ROUNDING
    # nothing is conjugated: int exp(i t) d cos(1.3 t) in closed form
    scale = f[0] * g[0]
    phase = (np.exp(2.3j * t) - 1) / 2.3 + (np.exp(-0.3j * t) - 1) / 0.3
    assert np.abs(found - 0.65 * phase[:, None, None] * scale).max() < 1e-8


def test_a_stretch_of_few_points_gives_what_it_can() -> None:
    t = np.array([0.0, 0.5, 1.0, 1.2, 2.0])
    f = np.abs(t - 0.5)
    exact = np.where(t < 0.5, 0.125 - f * f / 2, 0.125 + f * f / 2)
    exact[0] = 0.0
    assert np.abs(cumulative_integral(t, f, breaks=(0.5,)) - exact).max() < ROUNDING
    assert np.abs(derivative(t, f, breaks=(0.5,)) - [-1, 1, 1, 1, 1]).max() < ROUNDING


def test_samples_of_different_shapes_are_refused() -> None:
    t = np.linspace(0, 1, 5)
    with pytest.raises(ValueError, match="another shape"):
        cumulative_stieltjes(t, np.zeros((5, 2)), np.zeros(5))
    assert cumulative_stieltjes(t[:1], np.zeros((1, 2, 2)), np.zeros((1, 2, 2))).shape == (1, 2, 2)


# Jumps: a time is there twice.

JUMPING = np.sort(np.concatenate([np.linspace(0, 6, 61), [2.0, 6.0]]))
LATER = np.searchsorted(JUMPING, 2.0) + 1  # the first sample after the jump at 2


def jumping(late: np.ndarray) -> np.ndarray:
    """cos(1.3 t), and sin(t) + 3 from the jump at t = 2 on; at the end it jumps by 1."""
    values = np.where(late, np.sin(JUMPING) + 3, np.cos(1.3 * JUMPING))
    values[-1] += 1.0
    return values


def test_a_jump_has_two_values_and_no_length() -> None:
    """int f dt and int g df in closed form, the jumps of f included; a kink beside them is still named."""
    late = np.arange(JUMPING.size) >= LATER
    f, t = jumping(late), JUMPING
    integral = np.where(late, np.sin(2.6) / 1.3 + 3 * (t - 2) + np.cos(2) - np.cos(t), np.sin(1.3 * t) / 1.3)
    assert np.abs(cumulative_integral(t, f) - integral).max() < 1e-9
    # int exp(-t) df: before, the jumps of f times exp(-2) and exp(-6), after
    before = -1.3 * (1.3 - np.exp(-t) * (np.sin(1.3 * t) + 1.3 * np.cos(1.3 * t))) / (1 + 1.69)
    at_2 = before[LATER - 1] + np.exp(-2) * (np.sin(2) + 3 - np.cos(2.6))
    after = at_2 + 0.5 * (np.exp(-t) * (np.sin(t) - np.cos(t)) - np.exp(-2) * (np.sin(2) - np.cos(2)))
    expected = np.where(late, after, before)
    expected[-1] += np.exp(-6)
    g = np.exp(-t)
    assert np.abs(cumulative_stieltjes(t, g, f) - expected).max() < 1e-9
    by_parts = cumulative_stieltjes(t, g, f, breaks=(1.0,)) + cumulative_stieltjes(t, f, g, breaks=(1.0,))
    assert np.abs(by_parts - (f * g - f[0] * g[0])).max() < 1e-12
    # negative: with one of the two values only, neither is right
    one = np.delete(np.arange(t.size), [LATER - 1, t.size - 2])
    assert np.abs(cumulative_integral(t[one], f[one]) - integral[one]).max() > 1e-2
    assert np.abs(cumulative_stieltjes(t[one], g[one], f[one]) - expected[one]).max() > 1e-3


def test_what_jumps_has_no_derivative() -> None:
    with pytest.raises(ValueError, match="what jumps has no derivative"):
        derivative(JUMPING, JUMPING)


def test_every_second_time_keeps_breaks_and_both_sides_of_jumps() -> None:
    t = np.array([0.0, 1.0, 2.0, 3.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    assert t[every_second(t)].tolist() == [0.0, 2.0, 3.0, 3.0, 5.0, 7.0]
    assert t[every_second(t, breaks=(4.0,))].tolist() == [0.0, 2.0, 3.0, 3.0, 4.0, 6.0]
    assert every_second(np.linspace(0, 1, 6)).tolist() == [0, 2, 4]
    assert every_second(np.zeros(1)).tolist() == [0]
