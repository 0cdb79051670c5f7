"""I(S:B) between bounds: the exact value of density matrices is inside, whatever the route, the start and what may be spent."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.bath_entropy.states import (
    LOWER,
    ROUTES,
    SIGMA,
    STARTS,
    Case,
    bath_of,
    displaced_branches,
    ohmic_nodes,
    propagated,
    propagated_general,
)
from tests.oracles.general import Bath, General
from tests.oracles.naive import Naive
from tests.oracles.reference import load, naive_of
from tests.tolerances import ROUNDING
from tnthermo.bath_entropy import enclose as module
from tnthermo.bath_entropy import sides
from tnthermo.bath_entropy.components import rows
from tnthermo.bath_entropy.correlation import Correlation, Unphysical
from tnthermo.bath_entropy.enclose import enclose
from tnthermo.bath_entropy.fields import fields
from tnthermo.model.model import Model

LEVELS = 1e-6  # of the dense vectors' sites and of the oracles' modes; references are as good
CLOSE = 1e-3  # nats, of both bounds where all modes of the bath are represented: what 200 states and the weights left out are worth
FEW_LEVELS = 1e-4  # the same of three levels of a system coupled to hot modes


def of(case: Case, modes: int | None = None, *, target: float = 1e-4, most: int = 200, **more) -> Correlation:
    return enclose(
        case.state, case.model, initial_entropy=case.initial_entropy, target=target, most=most, modes=modes, **more
    )


def encloses(found: Correlation, exact: float, tolerance: float = LEVELS) -> bool:
    return found.lower - tolerance <= exact <= found.upper + tolerance


def width(found: Correlation) -> float:
    return found.upper - found.lower


def one_mode(*, route: str, levels: tuple[int, int], time: float = 2.0, layout: str = "auto", **changed) -> Case:
    bath = {"operator": 0.5 * SIGMA["z"], "frequencies": (1.0,), "couplings": (0.5,), "beta": 2.0}
    whole = {"hamiltonian": 0.5 * SIGMA["x"], "initial": STARTS["up"], "levels": 30}
    for key, value in changed.items():
        (bath if key in Bath.__dataclass_fields__ else whole)[key] = value
    oracle = General(baths=(Bath(**bath),), **whole)
    return propagated_general(oracle, time, routes=(route,), levels=levels, layout=layout)


@cache
def tunnelling(start: str = "up") -> Case:
    naive = Naive(
        hamiltonian=0.2 * SIGMA["z"] + 0.4 * SIGMA["x"], coupling=SIGMA["z"], frequencies=(0.5, 1.2),
        couplings=(0.25, 0.3), beta=2.5, initial=STARTS[start], levels=18,
    )  # fmt: skip
    return propagated(naive, 2.5, levels=(13, 7))


@cache
def two_baths(routes: tuple[str, str] = ("star", "chain")) -> Case:
    """One mode each, of different temperature and operator."""
    baths = (
        Bath(operator=0.5 * SIGMA["z"], frequencies=(0.8,), couplings=(0.4,), beta=2.5),
        Bath(operator=0.5 * SIGMA["y"], frequencies=(1.0,), couplings=(0.5,), beta=4.0),
    )
    oracle = General(hamiltonian=0.5 * SIGMA["x"], baths=baths, levels=(16, 14), initial=STARTS["up"])
    return propagated_general(oracle, 3.0, routes=routes)


# What is enclosed -----------------------------------------------------------------------------------------------------------------------

SITES = {"dephasing_two_modes": (13, 8), "spin_boson_warm_two_modes": (12, 6)}


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("dephasing_two_modes", "star"),
        ("jaynes_cummings_two_modes", "star"),
        ("jaynes_cummings_two_modes", "pair"),
        ("spin_boson_cold_two_modes", "star"),
        ("spin_boson_cold_two_modes", "chain"),
        ("spin_boson_warm_two_modes", "star"),
        ("tilted_coupling_mixed_start", "star"),
        pytest.param("spin_boson_warm_two_modes", "chain", marks=pytest.mark.slow),
        pytest.param("tilted_coupling_mixed_start", "chain", marks=pytest.mark.slow),
    ],
)
def test_reference(name, route):
    """The bounds of any number of modes contain S_chi, and shrink with it."""
    known = load(name)
    case = propagated(naive_of(known), 3.0, route=route, levels=SITES.get(name, (11, 6)))
    S_chi = known.columns["S_chi"][list(known.times).index(3.0)]
    found = [of(case, modes) for modes in (0, 1, 2)]
    assert [each.modes for each in found] == [0, 1, 2]
    for each in [*found, of(case)]:
        assert encloses(each, S_chi, known.tolerance)
        assert not each.exact
    widths = [width(each) for each in found]
    assert widths == sorted(widths, reverse=True)
    assert widths[0] > 4 * widths[1]
    assert widths[1] > CLOSE
    assert widths[2] < CLOSE


CASES = {
    "tunnelling, mixed start": lambda: tunnelling("mixed"),
    "two baths": two_baths,
    "two baths, pairs": lambda: two_baths(("pair", "star")),
    "displaced": lambda: one_mode(route="star", levels=(20, 16), displacement=(0.6 + 0.4j,)),
    "displaced, mixed": lambda: one_mode(
        route="pair", levels=(20, 16), displacement=(0.6 + 0.4j,), initial=STARTS["mixed"]
    ),
    "cold": lambda: one_mode(route="star", levels=(16, 5), beta=30.0),
    "middle": lambda: one_mode(route="pair", levels=(16, 12), layout="middle"),
    "middle, mixed": lambda: one_mode(route="pair", levels=(16, 12), layout="middle", initial=STARTS["mixed"]),
}


def hot() -> Case:
    """beta w = 1/2: one and a half quanta before anything happens."""
    oracle = General(
        hamiltonian=0.5 * SIGMA["x"], initial=STARTS["up"], levels=60,
        baths=(Bath(operator=0.5 * SIGMA["z"], frequencies=(1.0,), couplings=(0.5,), beta=0.5),),
    )  # fmt: skip
    return propagated_general(oracle, 2.0, routes=("star",), levels=(26, 26))


CASES["hot"] = hot


@pytest.mark.parametrize("name", CASES)
def test_the_exact_value_is_inside(name):
    case = CASES[name]()
    exact = case.exact
    found = [of(case, modes) for modes in (0, len(case.model.couplings) if name != "tunnelling, mixed start" else 2)]
    for each in [*found, of(case)]:
        assert encloses(each, exact["S_chi"])
        assert pytest.approx(exact["S_S"], abs=LEVELS) == each.S_S
    assert width(found[0]) > 0.05
    assert width(found[1]) < CLOSE


def test_three_levels():
    Z = np.diag([1.0, 0.0, -1.0])
    X = np.array([[0, 1, 0], [1, 0, 1], [0, 1, 0]]) / np.sqrt(2)
    case = one_mode(
        route="chain", levels=(18, 18), hamiltonian=0.3 * X + 0.2 * Z, operator=Z, initial=np.diag([0.7, 0.2, 0.1])
    )
    exact = case.exact["S_chi"]
    for modes in (0, 1, None):
        assert encloses(of(case, modes), exact, FEW_LEVELS)
    assert width(of(case, 1)) < CLOSE


@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_exchange(tilt):
    """From the ground state, and with a tunnelling H_S: two channels of a bath."""
    naive = Naive(
        hamiltonian=0.5 * SIGMA["z"] + tilt * SIGMA["x"], coupling=LOWER, frequencies=(0.7, 1.1),
        couplings=(0.25, 0.3), beta=1.2, initial=STARTS["down"], levels=18, exchange=True,
    )  # fmt: skip
    case = propagated(naive, 4.0, levels=(12, 9))
    exact, found = case.exact["S_chi"], [of(case, modes) for modes in range(3)]
    assert all(encloses(each, exact, 3 * LEVELS) for each in found)
    assert width(found[0]) > width(found[1]) > CLOSE > width(found[2])


def test_before_anything_happened():
    """t = 0, where the fields are those of the shortest time: nothing is known."""
    for start, displacement in (("up", None), ("mixed", (0.5,))):
        case = one_mode(route="star", levels=(16, 12), time=0.0, initial=STARTS[start], displacement=displacement)
        for modes in (None, 0, 1):
            found = of(case, modes)
            assert found.lower == 0.0
            assert abs(found.upper) < 10 * ROUNDING
    soon = one_mode(route="pair", levels=(16, 12), time=0.05)
    for modes in (None, 0, 1):
        assert encloses(of(soon, modes), soon.exact["S_chi"], 10 * ROUNDING)


@pytest.mark.parametrize("route", ROUTES)
def test_dephasing(route):
    """J = w/4, beta = 20, six modes, t = 8: Delta S_B = .68791; what the system has felt takes fewer modes than there are."""
    density = ohmic_nodes(6, 0.25)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 1.0}, bath=bath_of(density, 0.05, route))
    state = displaced_branches(model, density, 8.0, route)
    found = [
        enclose(state, model, initial_entropy=0.0, target=1e-4, most=150, modes=modes) for modes in (0, 1, 2, 4, None)
    ]
    for each in found:
        assert each.lower - each.S_S - 2e-5 < 0.68791 < each.upper - each.S_S + 2e-5  # printed with five digits
    assert width(found[3]) < 0.1 * width(found[0])
    assert width(found[4]) < 3e-3


def test_few_modes_of_many():
    """20 modes with 6.1 nats: five that matter, of .6 nats, enclose what 12 and more single ones would be needed for."""
    density = ohmic_nodes(20, 0.25)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 1.0}, bath=bath_of(density, 0.05, "star"))
    state = displaced_branches(model, density, 8.0, "star")
    for modes, limit in ((2, 0.04), (5, 0.004)):
        found = enclose(state, model, initial_entropy=0.0, target=1e-4, most=200, modes=modes)
        assert found.lower - found.S_S <= 0.6879 <= found.upper - found.S_S
        assert width(found) < limit


# What may be spent ----------------------------------------------------------------------------------------------------------------------


def test_wide_targets_are_cheap():
    case = tunnelling()
    wide, close = of(case, target=0.05), of(case, target=1e-3)
    assert wide.half <= 0.05
    assert close.half <= 1e-3
    assert wide.work < 0.5 * close.work
    share = of(case, target=1.0, share=1e-3)  # of 2 S_S, where that is less
    assert share.half <= 1e-3 * 2 * share.S_S
    assert of(case, target=10.0).modes == 0
    assert encloses(wide, case.exact["S_chi"])


@pytest.mark.parametrize("most", [3, 8, 30])
def test_few_states_are_wider_and_still_right(most):
    case = tunnelling("mixed")
    exact = case.exact["S_chi"]
    for modes in (1, 2):
        few, many = of(case, modes, most=most), of(case, modes)
        assert encloses(few, exact)
        assert few.rows <= max(2 * most, 1)
        assert width(few) >= width(many)
        assert few.work <= many.work


def test_the_budget_ends_it():
    case = tunnelling()
    unlimited = of(case, target=1e-9)
    nothing, some = (of(case, target=1e-9, budget=share * unlimited.work) for share in (1e-6, 0.5))
    assert nothing.work < some.work < unlimited.work
    assert some.work < 0.8 * unlimited.work  # what is begun is finished
    for each in (nothing, some):
        assert encloses(each, case.exact["S_chi"])
    assert width(nothing) > width(unlimited)


def test_more_modes_than_there_are():
    case = tunnelling()
    assert of(case, 5).modes == 2
    assert width(of(case, 5)) == pytest.approx(width(of(case, 2)), abs=1e-9)


# Negative tests -------------------------------------------------------------------------------------------------------------------------


def without_the_minus(found, chosen, *, mirror):
    """Images as if the mirror were linear."""
    return rows(found, replace(chosen, other=-chosen.other) if mirror else chosen, mirror=mirror)


def at_another_angle(power: float):
    """The fields of the temperature T/power."""

    def wrong(model: Model, t: float):
        found = fields(model, t)
        theta = np.arctanh(np.tanh(np.concatenate([nodes.theta for nodes in found.nodes])) ** power)
        size = 1 / np.sqrt(np.cosh(2 * theta))
        cosh, sinh = np.diag(np.cosh(theta) * size), np.diag(np.sinh(theta) * size)
        z = np.block([[cosh, 1j * cosh], [sinh, -1j * sinh]])
        form = (z.T @ z.conj()).imag
        image = np.block([[sinh, 1j * sinh], [cosh, -1j * cosh]])
        return replace(found, z=z, image=image, form=0.5 * (form - form.T))

    return wrong


def images_the_wrong_way(model: Model, t: float):
    """exp(+h/2T) in place of exp(-h/2T)."""
    found = fields(model, t)
    tanh = np.tanh(np.concatenate([nodes.theta for nodes in found.nodes]))[:, None]
    half = len(tanh)
    return replace(found, image=np.vstack([found.z[:half] / tanh, found.z[half:] * tanh]))


@pytest.mark.parametrize("case", [tunnelling, two_baths])
@pytest.mark.parametrize("modes", [1, 2, None])
def test_a_linear_mirror_contradicts(monkeypatch, case, modes):
    monkeypatch.setattr(sides, "rows", without_the_minus)
    with pytest.raises(Unphysical, match=r"the lower bound of S_chi, 0\.\d+, is above the upper one"):
        of(case(), modes)


@pytest.mark.parametrize("power", [1.2, 2.0])
def test_images_of_a_colder_bath_contradict(monkeypatch, power):
    monkeypatch.setattr(module, "fields", at_another_angle(power))
    with pytest.raises(Unphysical, match="is above the upper one"):
        of(tunnelling(), 2)


def test_fields_of_a_hotter_bath_miss_the_value(monkeypatch):
    """Here the bounds agree with one another: only the oracle tells."""
    monkeypatch.setattr(module, "fields", at_another_angle(0.5))
    for case in (tunnelling(), two_baths()):
        assert of(case, 2).upper < case.exact["S_chi"] - 0.05


def test_images_the_wrong_way_miss_the_value(monkeypatch):
    """Of all modes they would be made right by being made orthonormal; of one of two they are not."""
    monkeypatch.setattr(module, "fields", images_the_wrong_way)
    with pytest.raises(Unphysical, match="is above the upper one"):
        of(tunnelling(), 1)
    assert of(two_baths(), 1).upper < two_baths().exact["S_chi"] - 0.01


def test_a_mixed_start_that_is_called_pure_is_noticed():
    """The Gaussian bound counts from S_S(0), the partners' does not: too much of it shows where the former is the better one."""
    case = tunnelling("mixed")
    with pytest.raises(Unphysical, match="is above the upper one"):
        of(replace(case, initial_entropy=case.initial_entropy + 0.8), 2)


def test_bounds_that_contradict_each_other_are_an_error(monkeypatch):
    """What truncation may account for is none."""
    monkeypatch.setattr(module, "gaussian_change", lambda *_: 0.1)
    case = tunnelling()
    with pytest.raises(Unphysical, match=r"lower bound of S_chi, 0\.9\d+, is above the upper one, 0\.6"):
        of(case, 1)


@pytest.mark.slow
def test_the_same_continuum_on_other_sites():
    """The same bounds from twelve and sixteen sites, which are enough at t = 2, and from star cells of the same bath."""
    density = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    found = []
    for bath in (
        chains.chain(density, 12, temperature=0.4),
        chains.chain(density, 16, temperature=0.4),
        chains.star_cells(density, 8, temperature=0.4),
    ):
        model = tt.SpinBoson(hamiltonian={"z": 0.1, "x": 0.1}, coupling={"z": 0.5}, bath=bath)
        run = tt.evolve(
            model, initial="+z", algorithm=tt.TDVP(step=0.2, tolerance=1e-7, max_bond=16), until=2.0, record_every=2.0,
            error_bars=False, occupation_every=np.inf, variance_every=np.inf, bath_entropy="off",
        )  # fmt: skip
        assert run.state is not None
        found.append(enclose(run.state, model, initial_entropy=0.0, target=1e-4, most=150, modes=3))
    for each in found:
        assert width(each) < 2e-3
        for other in found:
            assert each.lower < other.upper
            assert pytest.approx(other.S_S, abs=1e-5) == each.S_S  # the runs' tolerances


def test_a_run_has_a_value_with_an_error_bar():
    """Default settings of a continuum: a value where the bounds are close, its half in the error, none between the evaluations."""
    density = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    model = tt.SpinBoson(
        hamiltonian={"z": 0.1, "x": 0.3}, coupling={"z": 0.5}, bath=chains.chain(density, 6, temperature=0.2)
    )
    run = tt.evolve(
        model,
        algorithm=tt.TDVP(step=0.1, tolerance=1e-5, max_bond=16),
        until=1.2,
        record_every=0.2,
        bath_entropy_every=0.6,
    )
    ledger = tt.ledger(run)
    at = np.isfinite(ledger.S_chi_lower.values)
    assert list(at) == [True, False, False, True, False, False, True]
    low, high, value = (ledger[name].values[at] for name in ("S_chi_lower", "S_chi_upper", "S_chi"))
    np.testing.assert_allclose(value, 0.5 * (low + high), atol=1e-12)
    assert np.all(ledger.S_chi_error.values[at] >= 0.5 * (high - low) - 1e-12)
    assert np.isnan(ledger.S_chi.values[~at]).all()
    assert "bath_entropy_accuracy" in ledger.S_chi.attrs["note"]
    S_S = ledger.S_S.values[at]
    np.testing.assert_allclose(ledger.Delta_S_B.values[at], value - S_S, atol=1e-12)
    total = ledger.Sigma_total.values[at]
    np.testing.assert_allclose(ledger.D_B.values[at], total - value, atol=1e-6)  # Sigma_total integrates the heat
    strict = tt.ledger(
        tt.evolve(
            model, algorithm=tt.TDVP(step=0.1, tolerance=1e-5, max_bond=16), until=1.2, record_every=0.6, error_bars=False,
            bath_entropy_every=0.6, bath_entropy_max_bond=4, bath_entropy_accuracy=1e-7,
        )
    )  # fmt: skip
    assert np.isnan(strict.S_chi.values[-1]) == (
        0.5 * float(strict.S_chi_upper[-1] - strict.S_chi_lower[-1]) > 0.01 * 2 * float(strict.S_S[-1])
    )
