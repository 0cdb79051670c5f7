"""Densities given as Python functions: found powers, found panels, found tails, and what is refused."""

import copy
import math
import pickle
from collections.abc import Callable
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pytest
from scipy.integrate import quad

import chains
from tests.chains.compare import largest_difference
from tests.chains.tolerances import CLOSED_FORM, CORRELATION, INSIDE_LIGHT_CONE, MODE_FUNCTIONS, VISIBLE

FloatArray = npt.NDArray[np.float64]
Function = chains.Function


def ohmic(w: FloatArray) -> FloatArray:
    return 0.2 * w


REPRODUCED = [
    *[
        (lambda w, s=s: 0.2 * w**s, (0.0, 1.0), chains.PowerLaw(alpha=0.1, exponent=s))
        for s in (0.05, 1 / 3, 0.77, 1, 3)
    ],
    *[
        (
            lambda w, s=s: 0.4 * (w / 2) ** s * np.exp(-w / 2),
            (0.0, math.inf),
            chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=s, shape="exponential"),
        )
        for s in (0.3, 1.0, 2.0)
    ],
    (
        lambda w: 0.2 * w * math.exp(-(w**2)),  # numbers only
        (0.0, math.inf),
        chains.PowerLaw(alpha=0.1, shape="gaussian"),
    ),
    (
        lambda w: 0.09 * 2 / (math.pi * 0.16) * np.sqrt((w - 0.6) * (1.4 - w)),
        (0.6, 1.4),
        chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.4),
    ),
    (
        lambda w: 2 / math.pi * 0.3 * 0.001 * w / ((w * w - 1) ** 2 + (0.001 * w) ** 2),  # a peak nobody announced
        (0.0, 20.0),
        chains.Brownian(reorganisation_energy=0.3, frequency=1.0, width=0.001),
    ),
    (
        lambda w: 0.2 * w + 0.4 * np.sqrt(w),
        (0.0, 1.0),
        chains.Sum(parts=[chains.PowerLaw(alpha=0.1), chains.PowerLaw(alpha=0.2, exponent=0.5)]),
    ),
]


@pytest.mark.parametrize(("function", "support", "density"), REPRODUCED)
def test_chains_of_known_densities(
    function: Callable[..., object], support: tuple[float, float], density: chains.ContinuousDensity
) -> None:
    found = Function(function=function, support=support)
    p, q = found.end_powers
    stated = Function(function=function, support=support, exponent=p, end_exponent=q if support[1] < 99 else None)
    assert p == pytest.approx(0.5 if support[0] > 0.0 else density.exponent_at_zero, abs=1e-9)
    assert q == (0.5 if support[0] > 0.0 else 0.0)
    cut = density.truncation(1e-12) if math.isinf(support[1]) else None
    for temperature in (0.0, 1e-3, 0.3):
        exact = chains.chain(density, 60, temperature=temperature, support=cut)
        for given in (found, stated):
            bath = chains.chain(given, 60, temperature=temperature, support=cut)
            assert largest_difference(bath, exact) < CLOSED_FORM
            assert bath.coupling**2 == pytest.approx(chains.chain_correlation(bath, 0.0)[0].real, rel=CORRELATION)
    assert found.weight() == pytest.approx(density.weight(), rel=1e-12)
    assert found.reorganisation() == pytest.approx(density.reorganisation(), rel=1e-12)
    assert found.exponent_at_zero == pytest.approx(density.exponent_at_zero)
    w = np.array([0.0, 0.01, 0.3, 0.61, 0.99, 1.5, 30.0])
    np.testing.assert_allclose(found(w), density(w), rtol=1e-12)


def test_a_wrong_function_is_seen() -> None:
    exact = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.5), 20, temperature=0.2)
    for wrong in (lambda w: 0.2 * w**0.51, lambda w: 0.201 * w**0.5):
        bath = chains.chain(Function(function=wrong, support=(0.0, 1.0)), 20, temperature=0.2)
        assert largest_difference(bath, exact) > VISIBLE


def test_default_truncation_of_an_endless_function() -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=3.0, shape="exponential")
    function = Function(function=lambda w: 0.2 * w * np.exp(-w / 3), support=(0.0, math.inf))
    for neglected in (1e-3, 1e-8, 1e-15):
        assert function.truncation(neglected) == pytest.approx(density.truncation(neglected), rel=1e-8)
    bath, exact = (chains.chain(d, 30, temperature=0.5) for d in (function, density))
    assert largest_difference(bath, exact) < 1e-10
    # a long chain reaches far beyond where int J ends
    bath, exact = (chains.chain(d, 150, support=1800.0) for d in (function, density))
    assert largest_difference(bath, exact) < CLOSED_FORM


@pytest.mark.parametrize(
    ("function", "support", "points"),
    [
        (lambda w: w**3 / np.expm1(w), (0.0, math.inf), [1.0, 5.0, 20.0]),
        (lambda w: w**3 / (np.exp(w) - 1.0), (0.0, math.inf), [1.0, 5.0, 20.0]),  # overflows far out
        (lambda w: w * np.exp(w) / (np.exp(w) + 1.0) ** 2, (0.0, math.inf), [1.0, 5.0, 20.0]),  # nan far out
        (lambda w: w * np.minimum(1.0, 2.0 - w), (0.0, 2.0), [1.0]),  # an unannounced kink
        (lambda w: w * (w < 1.1), (0.0, 2.0), [1.1]),  # a jump
        (lambda w: np.exp(-1.0 / w), (0.0, 2.0), [0.1, 1.0]),  # no power at 0
        (lambda w: np.where(w > 1.0, (w - 1.0) * (2.0 - w), 0.0), (0.0, 2.0), [1.0]),  # a gap
        (lambda w: (w - 1.0) ** -0.5, (1.0, 2.0), [1.001, 1.1]),
        (lambda w: w * (1.0 - w) ** -0.25, (0.0, 1.0), [0.9, 0.999]),
    ],
)
def test_rough_functions(function: Callable[..., object], support: tuple[float, float], points: list[float]) -> None:
    density = Function(function=function, support=support)
    end = 60.0 if math.isinf(support[1]) else support[1]
    edges = [support[0], *points, end]
    temperature = 0.3
    bath = chains.chain(density, 30, temperature=temperature)
    assert bath.error < CLOSED_FORM
    assert chains.mode_functions(bath).error < MODE_FUNCTIONS
    for t in (0.0, 2.0):
        c = chains.correlation(density, times=t, temperature=temperature)[0]

        def real(w: float, t: float = t) -> float:
            return float(density(w)) / math.tanh(0.5 * w / temperature) * math.cos(w * t)

        defined = sum(quad(real, a, b, limit=400, epsabs=1e-12)[0] for a, b in pairwise(edges))
        assert c.real == pytest.approx(defined, abs=1e-7 * bath.coupling**2)
    felt = chains.light_cone_time(bath, 1e-9)
    assert np.max(chains.correlation_error(bath, np.linspace(0, 0.8 * felt, 9))) < INSIDE_LIGHT_CONE * bath.coupling**2


def test_powers_are_found_with_corrections_and_noise() -> None:
    for low in (0.0, 2.0):
        for s in (0.5, 1.0, 0.77):
            for noise in (0.0, 1e-8):

                def function(w: FloatArray, low: float = low, s: float = s, noise: float = noise) -> FloatArray:
                    x = w - low
                    return x**s * (1.0 + 3.0 * np.sqrt(x) + x) * (1.0 + noise * np.sin(1e9 * w))

                assert Function(function=function, support=(low, low + 1.0)).end_powers[0] == pytest.approx(s, abs=1e-5)


def test_a_logarithm_is_no_power_until_it_is_said_to_be_one() -> None:
    def function(w: FloatArray) -> FloatArray:
        return -w * np.log(w / 2.0)

    with pytest.raises(chains.InvalidInput, match="state exponent"):
        Function(function=function, support=(0.0, 1.0))
    density = Function(function=function, support=(0.0, 1.0), exponent=1.0)
    assert density.weight() == pytest.approx(0.25 + 0.5 * math.log(2.0), rel=1e-12)
    assert chains.chain(density, 30, temperature=0.05).error < CLOSED_FORM


def test_noise_is_judged_by_the_doubling_check() -> None:
    density = Function(function=lambda w: w * (1.0 + 1e-4 * np.sin(1e8 * w)), support=(0.0, 1.0))
    with pytest.raises(chains.ChainNotConverged, match="chain coefficients"):
        chains.chain(density, 20)


def test_how_the_function_may_be_called() -> None:
    def numbers_only(w: float) -> float:
        return 0.2 * w if w < 2.0 else 0.0

    def branches_on_all(w: FloatArray) -> FloatArray:
        return np.where(np.max(w) < 0.5, 0.2 * w, 0.2 * np.asarray(w) + 0.0 * np.max(w))

    def edits_its_argument(w: FloatArray) -> FloatArray:
        w *= 0.2
        return w

    exact = chains.chain(chains.PowerLaw(alpha=0.1), 10, temperature=0.2)
    for function in (ohmic, numbers_only, branches_on_all, edits_its_argument, chains.PowerLaw(alpha=0.1)):
        bath = chains.chain(Function(function=function, support=(0, 1)), 10, temperature=0.2)
        assert largest_difference(bath, exact) < CLOSED_FORM
    constant = Function(function=lambda w: 0.5, support=(1.0, 2.0))
    assert constant.weight() == pytest.approx(0.5, rel=1e-13)
    np.testing.assert_allclose(constant([0.9, 1.0, 1.5, 2.0, 2.1]), [0.0, 0.5, 0.5, 0.5, 0.0])


def test_in_a_sum() -> None:
    density = chains.Sum(parts=[Function(function=ohmic, support=(0.0, 1.0)), chains.PowerLaw(alpha=0.2, exponent=0.5)])
    exact = chains.Sum(parts=[chains.PowerLaw(alpha=0.1), chains.PowerLaw(alpha=0.2, exponent=0.5)])
    for temperature in (0.0, 0.2):
        bath, other = (chains.chain(d, 30, temperature=temperature) for d in (density, exact))
        assert largest_difference(bath, other) < CLOSED_FORM
    assert "Python callable ohmic" in density.describe()


def test_description_copies_and_the_record() -> None:
    density = Function(function=ohmic, support=(0.0, 1.0))
    assert "Python callable ohmic(w)" in density.describe()
    assert "no pi" in density.describe()
    named = Function(function=lambda w: 0.2 * w * np.exp(-w), support=(0.0, math.inf), exponent=1.0, name="mine")
    assert "Python callable mine(w)" in named.describe()
    assert "(stated)" in named.describe()
    for again in (pickle.loads(pickle.dumps(density)), copy.deepcopy(density)):
        assert again == density
        assert again.end_powers == (1.0, 0.0)
    for original in (density, named, Function(function=lambda w: (w - 1.0) ** 0.5, support=(1.0, 2.0))):
        table = original.tabulated()
        assert isinstance(table, chains.Table)
        assert table.weight() == pytest.approx(original.weight(), rel=1e-6)
        w = np.linspace(*(original.support[0], min(original.support[1], 9.0)), 999)[1:-1]
        np.testing.assert_allclose(table(w), original(w), rtol=1e-3, atol=1e-6)
    assert "of mine" in named.tabulated().describe()


@pytest.mark.parametrize(
    ("function", "support", "complaint"),
    [
        (lambda w: w - 0.1, (0.0, 1.0), r"function\(1e-08\) = -0.0999.*the worst of"),
        (lambda w: np.sqrt(w - 0.5), (0.0, 1.0), r"function\(1e-08\) = nan"),
        (lambda w: 1.0 / np.abs(np.round(w - 0.5, 2)), (0.0, 1.0), r"= inf.*end of the support"),
        (lambda w: 0.0 * w, (0.0, 1.0), "0 everywhere"),
        (lambda w: 0.0 * w, (0.0, math.inf), "0 everywhere.*breaks"),
        (lambda w: 1.0 + 0.0 * w, (0.0, 1.0), r"exponent = 0.0: > 0 .*coth.*not integrable"),
        (lambda w: w**-0.5, (0.0, 1.0), r"exponent = -0.5: > 0"),
        (lambda w: (w - 1.0) ** -1.5, (1.0, 2.0), r"exponent = -1.5: > -1 .*J is not integrable"),
        (lambda w: w / (1.0 - w), (0.0, 1.0), r"end_exponent = -1.0: > -1"),
        (lambda w: w / (1.0 + w**2) ** 2, (0.0, math.inf), r"support = .*J ~ w\^-3.*say where"),
        (lambda w: w / (1.0 + w**2) ** 20, (0.0, math.inf), "support"),
        (lambda w: w, (0.0, math.inf), r"support = .*J ~ w\^1 "),
        (lambda w: w + 0j, (0.0, 1.0), r"function = .*TypeError"),
        (lambda w: "J", (0.0, 1.0), r"function = .*ValueError"),
        (lambda w: 1 / 0, (0.0, 1.0), r"function = .*ZeroDivisionError"),
        (lambda: 1.0, (0.0, 1.0), r"function = .*TypeError"),
    ],
)
def test_bad_functions(function: Callable[..., object], support: tuple[float, float], complaint: str) -> None:
    with pytest.raises(chains.InvalidInput, match=complaint):
        Function(function=function, support=support)


@pytest.mark.parametrize("exponent", [0.99, 1.0001, 2.0, 0.5])
def test_a_stated_power_that_the_values_contradict(exponent: float) -> None:
    with pytest.raises(chains.InvalidInput, match=r"exponent = .*found 1 "):
        Function(function=ohmic, support=(0.0, 1.0), exponent=exponent)
    with pytest.raises(chains.InvalidInput, match=r"end_exponent = .*found 0 "):
        Function(function=ohmic, support=(0.0, 1.0), end_exponent=exponent)


def test_all_problems_of_the_arguments_come_together() -> None:
    def keys(**arguments: object) -> set[str]:
        with pytest.raises(chains.InvalidInput) as caught:
            Function(**arguments)  # type: ignore[arg-type]
        return {problem.key for problem in caught.value.problems}

    found = keys(function=1.0, support=(-1.0, "x"), exponent="x", end_exponent=-2.0, breaks=["x"], name=3)
    assert found == {"function", "name", "support[0]", "support[1]", "exponent", "end_exponent", "breaks[0]"}
    assert keys(function=ohmic, support=(1.0, 0.5)) == {"support"}
    assert keys(function=ohmic, support=1.0) == {"support"}
    assert keys(function=ohmic, support=(0.0, math.nan)) == {"support[1]"}
    assert keys(function=ohmic, support=(0.0, 1.0), breaks=[0.5, 1.5]) == {"breaks[1]"}
    assert keys(function=ohmic, support=(0.0, 1.0), breaks=0.5) == {"breaks"}
    assert keys(function=ohmic, support=(0.0, 1.0), exponent=0.0) == {"exponent"}
    assert keys(function=ohmic, support=(0.0, math.inf), end_exponent=1.0) == {"end_exponent"}


def test_a_bad_value_found_later_is_named() -> None:
    def spike(w: FloatArray) -> FloatArray:
        return np.where((w > 0.1234567) & (w < 0.1234568), -1.0, 0.2 * w)

    density = Function(function=spike, support=(0.0, 1.0))
    with pytest.raises(chains.InvalidInput, match=r"function\(0.12345675\) = -1"):
        density(0.12345675)
