"""The arithmetic of ladders, on curves whose law is known: orders 2 and 4, a noise floor, a plateau; and what must not be believed."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tnthermo.convergence.analysis import (
    Verdict,
    extrapolated,
    lacking,
    largest,
    observed_order,
    plateau,
    statement,
    verdict,
)

T = np.linspace(0.0, 5.0, 41)
EXACT = np.cos(T)
STEPS = [0.4, 0.2, 0.1, 0.05]


def law(sizes: list[float], p: float, more: float = 0.0, amplitude: float = 0.3) -> np.ndarray:
    """Curves with an error of order p, and ``more`` of the next one."""
    return np.array([EXACT + amplitude * np.sin(2 * T) * (h**p + more * h ** (p + 1)) for h in sizes])


def judged(sizes: list[float], curves: np.ndarray, reference: int = 2, **keywords: object) -> Verdict:
    options = {"powers": True, "whole": False, "floor": 1e-4, **keywords}
    return verdict(sizes, curves, reference, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("p", [1.0, 2.0, 4.0])
@pytest.mark.parametrize("sizes", [STEPS, [0.1, 0.05, 0.02, 0.01], [0.3, 0.1, 0.05]])
def test_known_orders_are_found_and_lead_to_the_limit(p: float, sizes: list[float]) -> None:
    curves = law(sizes, p)
    found = judged(sizes, curves, len(sizes) - 2)
    assert found.order.value == pytest.approx(p, abs=1e-4)
    assert largest(found.limit - EXACT) < 1e-5 * largest(curves[-1] - EXACT) + 1e-12
    true = largest(curves[len(sizes) - 2] - EXACT)
    assert true <= found.size * (1 + 1e-6) + 1e-12
    assert found.size < 1.5 * true


@given(p=st.sampled_from([2.0, 4.0]), more=st.floats(-1.0, 1.0), amplitude=st.floats(1e-4, 1.0))
def test_what_is_stated_covers_the_true_error(p: float, more: float, amplitude: float) -> None:
    """Also with a part of the next order, which the extrapolation must have in its uncertainty."""
    curves = law(STEPS, p, more, amplitude)
    found = judged(STEPS, curves)
    true = largest(curves[2] - EXACT)
    assert true <= found.size * (1 + 1e-6) + 1e-12
    if found.order.clean:
        assert (
            largest(np.maximum(np.abs(found.limit - EXACT) - found.uncertainty, 0))
            <= 0.3 * largest(curves[3] - EXACT) + 1e-12
        )


@pytest.mark.parametrize("seed", range(5))
def test_noise_has_no_order(seed: int) -> None:
    """The negative twin: the same law below a noise floor; and noise that happens to shrink."""
    random = np.random.default_rng(seed)
    noise = random.normal(size=(4, T.size))
    below = law(STEPS, 2, amplitude=1e-5) + 1e-5 * noise
    found = judged(STEPS, below)
    assert not found.order.clean
    assert "copy" in found.order.why or "order between" in found.order.why
    assert np.isnan(found.limit).all()
    assert not judged(STEPS, EXACT + noise * np.array(STEPS)[:, None] ** 2).order.clean
    assert judged(STEPS, law(STEPS, 2) + 1e-6 * noise).order.clean


def test_what_grows_has_no_order() -> None:
    assert "order between" in judged(STEPS, law(STEPS[::-1], 2)).order.why
    assert judged(STEPS, np.array([EXACT] * 4)).order.why == "no difference"
    assert judged(STEPS[:2], law(STEPS[:2], 2), 0).order.why == "fewer than three values"
    assert not judged(STEPS, law(STEPS, 2), powers=False).order.clean


def test_an_uneven_order_widens_the_uncertainty() -> None:
    clean, uneven = (observed_order(STEPS, law(STEPS, p)) for p in (2.0, 2.5))
    wide, narrow = (
        largest(extrapolated(STEPS, law(STEPS, p), order)[1]) / largest(law(STEPS, p)[-1] - law(STEPS, p)[-2])
        for p, order in ((2.5, uneven), (2.0, clean))
    )
    assert wide > 20 * narrow


def test_plateau() -> None:
    bonds = [4.0, 8.0, 16.0, 32.0]
    curves = np.array([EXACT + a * np.sin(T) for a in (1e-1, 2e-3, 1e-7, 0.0)])
    found = judged(bonds, curves, powers=False)
    assert found.plateau == 2
    assert plateau(found.difference, 1e-9) == -1
    assert plateau(found.difference, 1.0) == 0
    assert found.size >= 1e-7
    assert largest(curves[0] - EXACT) <= judged(bonds, curves, 0, powers=False).size
    assert judged(bonds, curves, powers=False, whole=True).remaining[0] == 0


def test_a_slow_ladder_is_given_more() -> None:
    slow = np.array([EXACT + a for a in (1.0, 0.5, 0.25)])
    fast = np.array([EXACT + a for a in (1.0, 0.1, 0.01)])
    assert lacking(slow, whole=False) == pytest.approx(0.25)
    assert lacking(fast, whole=False) == pytest.approx(0.09 * 0.25)
    assert lacking(slow[::-1], whole=False) == pytest.approx(1.0)


def test_the_statement_names_what_limits() -> None:
    """The setting that alone, made finer, comes nearest to all finer at once; and a bound that holds the distance from there."""
    wave, slope = np.sin(T), 0.2 * T
    reference = EXACT + 0.01 * wave + 1e-3 * slope
    steps = judged(STEPS, reference + law(STEPS, 2, amplitude=0.01) - law(STEPS, 2, amplitude=0.01)[2])
    bonds = judged(
        [4.0, 8.0, 16.0], np.array([reference + 0.1 * wave, reference, EXACT + 1e-3 * slope]), 1, powers=False
    )
    both = {"step": steps, "max_bond": bonds}
    finest = {"step": EXACT + 0.01 * wave, "max_bond": EXACT + 1e-3 * slope}
    found = statement(reference, EXACT, both, finest)
    assert (found.limited_by, found.together) == ("max_bond", False)
    assert found.size >= largest(reference - EXACT)
    swapped = {"step": finest["max_bond"], "max_bond": finest["step"]}
    assert statement(reference, EXACT, both, swapped).limited_by == "step"
    assert statement(reference, EXACT + wave, both, finest).together
    assert statement(reference, None, both, finest).limited_by == "max_bond"
    assert statement(reference, EXACT, {"step": steps}, finest).limited_by == "step"
    assert np.isnan(statement(reference, None, {}, {}).error).all()
    silent = judged(STEPS, np.array([EXACT] * 4))
    assert statement(EXACT, EXACT, {"step": silent}, {"step": EXACT}).limited_by == ""


def test_a_ladder_that_shows_the_errors_of_another_setting() -> None:
    """Beside a bond that is far too small the result gets worse as the step gets finer: it is the bond all the same."""
    wave = np.sin(T)
    reference = EXACT + 0.01 * wave
    steps = judged([0.4, 0.2, 0.1], np.array([EXACT, reference, EXACT + 0.04 * wave]), 1)
    bonds = judged([2.0, 4.0], np.array([reference, EXACT + 1e-4]), 0, powers=False)
    assert steps.size > bonds.size
    finest = {"step": EXACT + 0.04 * wave, "max_bond": EXACT + 1e-4}
    found = statement(reference, EXACT, {"step": steps, "max_bond": bonds}, finest)
    assert found.size >= largest(reference - EXACT)
    lacks = largest(steps.remaining) + largest(bonds.remaining)
    assert found.limited_by == ("max_bond" if largest(reference - EXACT) > lacks else "step")
    assert statement(reference, None, {"step": steps, "max_bond": bonds}, finest).limited_by == "step"


def test_at_poles_errors_are_local() -> None:
    """A difference that is large at one time only is carried on, but for a ratio with poles."""
    pole = np.where(np.arange(T.size) == 20, 5.0, 0.0)
    curves = np.array([EXACT + 1e-2 + pole, EXACT + 1e-3 * np.sin(T) + pole, EXACT])
    sizes = [2.0, 4.0, 8.0]
    carried, local = (judged(sizes, curves, 1, powers=False, local=flag) for flag in (False, True))
    assert carried.error[-1] > 5
    assert local.error[-1] < 4e-3
    for flag in (False, True):
        found = statement(curves[1], curves[2], {"max_bond": local if flag else carried}, {}, local=flag)
        assert (found.error[-1] > 5) == (not flag)
        assert found.size > 5


def test_values_that_are_missing() -> None:
    """A run without a column, and times that only some have."""
    curves = law(STEPS, 2)
    curves[0] = np.nan
    curves[1, ::2] = np.nan
    found = judged(STEPS, curves)
    assert np.isnan(found.difference[0])
    assert found.order.value == pytest.approx(2.0, abs=1e-4)
    assert np.isfinite(found.limit).all()  # the two finest have all times
    assert found.difference[2] == largest(curves[2] - curves[3])
    curves[2] = np.nan
    assert np.isnan(judged(STEPS, curves).error).all()
