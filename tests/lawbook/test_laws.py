"""The law report: no law fails within its error bar, every law can fail, and what cannot be told is said so."""

import json
import math
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from hypothesis import example, given
from hypothesis import strategies as st
from scipy.linalg import expm

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General, columns_at
from tests.oracles.trajectories import trajectory_of_general
from tests.second_order.test_weak_coupling import TILTED, warm_exchange
from tests.thermo.test_alpha import run_of
from tests.thermo.test_general_ledger import SIGMA_X, with_drive
from tnthermo.figures.laws import label, law_figure
from tnthermo.lawbook.digits import number
from tnthermo.lawbook.limits import (
    bath_temperature,
    exchange_limits,
    exchange_start,
    extended,
    gibbs,
    settling,
    thermalisation,
)
from tnthermo.lawbook.mean_force import (
    entropy,
    equilibrium_energy,
    internal_energy,
    mean_force_production,
    potential,
    potential_slope,
    shifts,
)
from tnthermo.lawbook.reading import Reading
from tnthermo.lawbook.report import LEGEND, Report, Run, csv_text, json_text, markdown, order
from tnthermo.lawbook.verdict import Law, Statement, judge, never_falls, over_time, single
from tnthermo.model.drives import Cosine
from tnthermo.terminal.laws import cell, law_tables

SIGN = Statement(name="sign", title="sign", equation="x >= 0", relation=">=", unit="nat")
BALANCE = Statement(name="balance", title="balance", equation="x = 0", relation="=", unit="nat")
SMALL = {"scale": 1.0, "resolution": 0.05}
numbers = st.floats(-10, 10)
bars = st.floats(0, 10)


# Verdicts.


@example(true=8.0, bound=8.0, error=1e-14, part=1.0, relation="=", scale=0.0)  # 8 + 1e-14 lies between two doubles
@example(true=8.0, bound=8.0, error=1e-14, part=-1.0, relation=">=", scale=0.0)
@given(
    true=numbers,
    bound=numbers,
    error=bars,
    part=st.floats(-1, 1),
    relation=st.sampled_from(["=", ">=", "->"]),
    scale=bars,
)
def test_a_lawful_number_measured_within_its_error_bar_never_fails(true, bound, error, part, relation, scale) -> None:
    lawful = max(true, bound) if relation == ">=" else bound
    assert judge(relation, lawful + part * error, bound, error * (1 + 1e-12), scale, 0.05) != "fails"


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(-1, 1), st.floats(0, 1)), min_size=2, max_size=20))
def test_a_production_that_never_falls_is_not_said_to_fall(steps) -> None:
    truth = np.cumsum([rise for rise, _, _ in steps])
    errors = np.array([size for _, _, size in steps])
    measured = truth + np.array([part for _, part, _ in steps]) * errors
    t = np.arange(truth.size, dtype=float)
    assert never_falls(SIGN, t, measured, errors * (1 + 1e-12) + 1e-12, **SMALL).verdict != "fails"
    assert over_time(SIGN, t, measured, errors * (1 + 1e-12) + 1e-12, **SMALL).verdict != "fails"


@given(value=numbers, bound=numbers, error=bars, relation=st.sampled_from(["=", ">=", "->"]))
def test_without_an_error_bar_nothing_is_told(value, bound, error, relation) -> None:
    for unknown in (math.nan, math.inf):
        assert judge(relation, value, bound, unknown, 1.0, 0.05) == "cannot tell"
        assert judge(relation, unknown, bound, error, 1.0, 0.05) == "cannot tell"


def test_every_verdict_is_reached() -> None:
    assert judge("=", 0.1, 0.0, 0.05, 1.0, 0.05) == "fails"
    assert judge("=", 0.01, 0.0, 0.02, 1.0, 0.05) == "holds"
    assert judge("=", 0.01, 0.0, 0.2, 1.0, 0.05) == "cannot tell"
    assert judge(">=", -0.1, 0.0, 0.05, 1.0, 0.05) == "fails"
    assert judge(">=", 0.4, 0.0, 0.3, 1.0, 0.05) == "holds"
    assert judge(">=", 0.2, 0.0, 0.3, 1.0, 0.05) == "cannot tell"
    t, error = np.arange(4.0), np.full(4, 0.01)
    fallen = never_falls(SIGN, t, np.array([0.0, 0.5, 0.4, 0.6]), error, **SMALL)
    assert (fallen.verdict, fallen.time) == ("fails", 2.0)
    assert fallen.value == pytest.approx(-0.1)
    assert fallen.error == pytest.approx(0.02)
    assert never_falls(SIGN, t, np.array([0.0, 0.5, 0.49, 0.6]), error, **SMALL).verdict == "holds"
    once = over_time(BALANCE, t, np.array([0.0, 0.02, np.nan, 0.0]), error, **SMALL)
    assert (once.verdict, once.time, once.excess) == ("fails", 1.0, 0.02)
    assert "3 of 4" in once.reason
    wide = over_time(BALANCE, t, np.zeros(4), np.array([0.0, 0.0, 0.5, 0.0]), **SMALL)
    assert (wide.verdict, wide.time) == ("cannot tell", 2.0)
    assert single(BALANCE, math.nan, 0.0, **SMALL).reason == "no value"


def test_an_inequality_is_reported_after_the_start_and_at_the_end() -> None:
    """At t = 0 nothing has happened: 0 >= 0 says nothing of a production."""
    t, value, error = np.arange(4.0), np.array([0.0, 0.3, 0.2, 0.5]), np.array([0.0, 0.01, 0.01, 0.02])
    law = over_time(SIGN, t, value, error, **SMALL)
    assert (law.verdict, law.time, law.value) == ("holds", 2.0, 0.2)
    assert law.at_end == "0.5 +- 2e-02 at t = 3"
    assert str(cell(law, {})) == "holds by 0.2 +- 1e-02, 0.5 +- 2e-02 at t = 3"
    low = over_time(SIGN, t, value - 0.4, error, **SMALL)  # a start that is not trivial counts
    assert (low.verdict, low.time) == ("fails", 0.0)
    assert over_time(BALANCE, t, 0 * value, error, **SMALL).at_end == ""
    bounded = over_time(SIGN, t, value, value, bracket=True, **SMALL)  # from 0 to twice the value
    assert str(cell(bounded, {})) == "holds: 0 .. 1 at t = 3"


def test_a_rate_says_over_which_times_its_integral_falls() -> None:
    t, error = np.arange(5.0), np.full(5, 0.01)
    law = never_falls(SIGN, t, np.array([0.0, 0.5, 0.45, 0.3, 0.6]), error, **SMALL)
    assert (law.verdict, law.time) == ("fails", 3.0)
    assert law.reason == "falls from t = 1 to 3"
    rising = never_falls(SIGN, t, np.array([0.0, 0.5, 0.6, 0.7, 0.8]), error, **SMALL)
    assert (rising.verdict, rising.value, rising.reason) == ("holds", 0.0, "")
    assert math.isnan(rising.time)


def test_rates_have_equations_of_their_own(ledger) -> None:
    found = {(law.book, law.name): law for law in tt.laws(ledger)}
    for (book, name), law in found.items():
        if name.endswith("_rate"):
            assert "/dt >= 0, by the largest fall" in law.equation
            assert law.equation != found[book, name.replace("_rate", "_integral")].equation
    assert found["Esposito et al.", "second_law_rate"].equation.startswith("dSigma/dt >= 0")
    assert found["mean force", "second_law_rate"].equation.startswith("dSigma*/dt >= 0")


# A faultless run, and the same with one column spoiled.


@pytest.fixture(scope="module")
def ledger() -> xr.Dataset:
    """A strongly coupled qubit and one warm mode, its bath's entropy exact, error columns from half of the times."""

    def known(run):
        S_S = -np.sum(p * np.log(p), axis=-1) if (p := np.linalg.eigvalsh(run.rho_S[run.recorded])).size else None
        S_chi = S_S + run.bath_entropy - run.joint_entropy
        return replace(run, correlation_lower=S_chi, correlation_upper=S_chi)

    settings = {"hamiltonian": np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex), "scale": 1.5}
    return tt.ledger(replace(known(run_of(**settings)), rough=known(run_of(**settings, count=13))))


def named(found: tuple[Law, ...], book: str = "Alipour et al.") -> dict[str, Law]:
    return {law.name: law for law in found if law.book == book}


def test_a_faultless_run_keeps_its_identities_and_says_by_how_much_the_rest_fails(ledger) -> None:
    found = named(tt.laws(ledger))
    identities = (
        "first_law",
        "work_balance",
        "heat_balance",
        "heat_from_chi",
        "correlation_entropy",
        "entropy_sum",
        "sum_rule",
    )
    for name in (*identities, "clausius"):
        assert found[name].text == "holds within error", found[name]
    # what [71] has only to second order
    bath = found["bath_production"]
    assert bath.verdict == "fails"
    assert bath.excess == pytest.approx(np.abs(ledger["Sigma_B"].values).max(), rel=1e-6)
    temperature = found["bath_temperature"]
    expected = (ledger["U_B"].values[-1] - ledger["U_B"].values[0]) / ledger["Delta_S_B"].values[-1]
    assert temperature.value == pytest.approx(expected)
    assert temperature.bound == 0.5
    esposito = named(tt.laws(ledger), "Esposito et al.")
    assert {law.verdict for law in esposito.values()} <= {"holds", "cannot tell"}
    assert esposito["second_law_integral"].verdict == "holds"


@pytest.mark.parametrize(
    ("column", "shift", "law", "book"),
    [
        ("residual_energy", 1e-3, "first_law", "Alipour et al."),
        ("residual_work", -1e-3, "work_balance", "Alipour et al."),
        ("residual_heat", 1e-3, "heat_balance", "Alipour et al."),
        ("residual_chi", 1e-3, "heat_from_chi", "Alipour et al."),
        ("residual_entropy", 1e-2, "production_split", "Alipour et al."),
        ("S_chi", -2.0, "correlation_entropy", "Alipour et al."),
        ("Delta_S_B", 0.05, "entropy_sum", "Alipour et al."),
        ("Sigma_total", -3.0, "clausius", "Alipour et al."),
        ("Sigma_S", -3.0, "Sigma_S_integral", "Alipour et al."),
        ("E_B", 0.01, "first_law", "Esposito et al."),
        ("Sigma_total", -3.0, "second_law_rate", "Esposito et al."),
    ],
)  # fmt: skip
def test_a_spoiled_column_fails_its_law_and_its_error_bar_saves_it(ledger, column, shift, law, book) -> None:
    """The shift grows from nothing at t = 0; with an error bar as large as the shift nothing can be said to fail any more."""
    grown = shift * np.linspace(0, 1, ledger["t"].size)
    spoiled = ledger.copy(deep=True)
    spoiled[column] = ledger[column] + grown
    assert named(tt.laws(spoiled), book)[law].verdict == "fails"
    for name in list(spoiled.data_vars):
        if str(name).endswith("_error") and spoiled[name].dims == ("t",):
            spoiled[name] = spoiled[name] + np.abs(grown)
    assert named(tt.laws(spoiled), book)[law].verdict != "fails"


def test_without_error_columns_and_without_the_baths_entropy_it_cannot_tell(ledger) -> None:
    bare = ledger.drop_vars([name for name in ledger.data_vars if str(name).endswith("_error")])
    assert {law.verdict for law in tt.laws(bare)} == {"cannot tell"}
    unknown = tt.ledger(replace(run_of(entropy=False), rough=run_of(entropy=False, count=13)))
    found = named(tt.laws(unknown))
    for name in ("entropy_sum", "Sigma_pseudo_B_integral", "sum_rule"):
        assert found[name].verdict == "cannot tell"
        assert found[name].reason
    assert found["first_law"].verdict == "holds"
    positive = found["correlation_entropy"]  # by subadditivity
    assert (positive.verdict, positive.bracket) == ("holds", True)
    assert "not measured" in positive.reason


def test_the_bounds_that_always_hold_decide_a_law_where_they_can() -> None:
    """Delta S_B <= S_S is always known: a bath that takes up more heat than T S_S has Sigma_B < 0, by [40], whatever else it does."""

    def unmeasured(**settings) -> xr.Dataset:
        runs = (run_of(entropy=False, count=count, **settings) for count in (25, 13))
        return tt.ledger(replace(next(runs), rough=next(runs)))

    settings = {"hamiltonian": np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex), "scale": 2.0}
    ledger, exact = unmeasured(**settings), tt.ledger(run_of(**settings))
    high = float((ledger["Sigma_B_upper"] + ledger["Sigma_B_upper_error"]).min())
    assert high < 0
    found = named(tt.laws(ledger))
    for name in ("Sigma_B_integral", "Sigma_B_rate", "bath_production"):
        law = found[name]
        assert (law.verdict, law.bracket) == ("fails", True), law
        assert law.excess == pytest.approx(-high, rel=1e-6)  # the least by which it fails
        assert ".." in law.text
        true = float(exact["Sigma_B"].sel(t=law.time))
        assert law.value - law.error <= true <= law.value + law.error
    weak = named(tt.laws(unmeasured(scale=0.05)))["Sigma_B_integral"]
    assert weak.verdict == "cannot tell"
    assert "do not decide" in weak.reason


def test_bounds_across_zero_decide_a_temperature_by_its_inverse() -> None:
    """Delta S_B in [-.3, .3] and Delta U_B = .4 bound no T_B, but 1/T_B, away from 1/T = 5; with Delta U_B = .1 nothing is decided."""

    def law(energy: float) -> Law:
        t = np.array([0.0, 1.0, 2.0])
        up = np.array([0.0, 1.0, 1.0])
        columns = {
            "E_B": energy * up, "h": 0 * up, "S_S": 0.3 * up, "S_chi": np.nan * up, "S_chi_lower": 0 * up, "S_chi_upper": 0.6 * up,
            "Delta_S_B": np.nan * up, "Delta_S_B_lower": -0.3 * up, "Delta_S_B_upper": 0.3 * up,
        }  # fmt: skip
        data = {name: ("t", values) for name, values in columns.items()}
        data |= {f"{name}_error": ("t", 1e-4 * up) for name in columns}
        r = Reading(ledger=xr.Dataset(data, coords={"t": t}, attrs={"temperatures": "[0.2]"}))
        return bath_temperature(r, 0.05, 0.5)

    far = law(0.4)
    assert (far.verdict, far.unit, far.bound) == ("fails", "1/energy", 5.0)
    assert far.excess == pytest.approx(5 - 0.3 / 0.4, rel=2e-3)
    assert far.excess < 5 - 0.3 / 0.4
    near = law(0.05)
    assert near.verdict == "cannot tell"


def test_numbers_and_bounds_are_rounded_outward() -> None:
    assert number(-1.43, 0.5314, True) == "-1.97 .. -0.89"
    assert number(-1.43, 0.5314) == "-1.43 +- 6e-01"
    assert number(2.8543, 1.02e-3) == "2.8543 +- 1.1e-03"
    assert number(0.5, 0.0) == "0.5 +- 0"
    assert number(0.0, 0.0, True) == "0 .. 0"
    assert number(1.0, math.nan) == "1 +- ?"


@given(value=numbers, error=st.floats(1e-12, 10), bracket=st.booleans())
def test_what_is_printed_covers_what_is_known(value, error, bracket) -> None:
    text = number(value, error, bracket)
    if bracket:
        low, high = (float(part) for part in text.split(" .. "))
    else:
        middle, half = (float(part) for part in text.split(" +- "))
        low, high = middle - half, middle + half
    slack = 1e-8 * (error + abs(value))
    assert low <= value - error + slack
    assert high >= value + error - slack
    assert high - low <= 4 * error + 0.02 * max(abs(low), abs(high))


def test_bounds_are_enough_where_they_are_narrow(ledger) -> None:
    """S_chi in an interval above 0 holds; an interval for Sigma_B that excludes 0 fails by its middle."""
    narrow = ledger.copy(deep=True)
    for name in ("S_chi", "Delta_S_B", "Sigma_B"):
        middle = ledger[name].values
        narrow[name] = ("t", np.full(middle.size, np.nan))
        for end, sign in (("lower", -1), ("upper", 1)):
            narrow[f"{name}_{end}"] = ("t", middle + sign * 0.005 * np.linspace(0, 1, middle.size))
            narrow[f"{name}_{end}_error"] = ("t", np.zeros(middle.size))
    found = named(tt.laws(narrow))
    assert found["correlation_entropy"].verdict == "holds"
    assert found["bath_production"].verdict == "fails"
    assert found["bath_production"].error == pytest.approx(0.005, rel=0.3)


def test_dephasing_has_its_own_limit() -> None:
    """[102]: (Delta E_B + Delta h)/Delta S_B -> T, whatever alpha_S the ledger has; here to 5 per cent."""
    start = np.array([[0.8, 0.2], [0.2, 0.2]])
    found = named(tt.laws(tt.ledger(run_of(scale=0.3, initial=start))))
    assert found["dephasing_bath_temperature"].value == pytest.approx(0.5, rel=0.05)
    assert abs(found["bath_temperature"].value - 0.5) > 2 * abs(found["dephasing_bath_temperature"].value - 0.5)


# Pseudo-temperatures: the special cases of the sum rule.


@pytest.fixture(scope="module")
def longer() -> xr.Dataset:
    """A run whose binding energy turns and whose pseudo-temperatures meet, beside a rougher one at half of the times."""

    return ledger_of_one_mode()


def ledger_of_one_mode(drive: Cosine | None = None, beta: float = 2.0, levels: int = 14) -> xr.Dataset:
    """A strongly coupled qubit and one mode, H_S + drive(t) sigma_x, the bath's entropy exact, with a rougher run at half of the times."""

    def run(count: int):
        bath = Bath(operator=np.diag([1.0, -1.0]).astype(complex), frequencies=(1.1,), couplings=(0.45,), beta=beta)
        H = np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex)
        system, drives = General(hamiltonian=H, baths=(bath,), levels=levels, initial=TILTED), ()
        if drive is not None:
            system, drives = with_drive(system, drive, SIGMA_X)
        times = np.linspace(0, 5, count)
        states = list(system.states(times))
        rows = [columns_at(system, psi, float(t), 0.5) for t, psi in zip(times, states, strict=True)]
        S_B, S_SB = (np.array([row[name] for row in rows]) for name in ("S_B", "S_SB"))
        run = trajectory_of_general(system, times, drives=drives, states=states)
        return replace(run, bath_entropy=S_B, joint_entropy=S_SB)

    return tt.ledger(replace(run(81), rough=run(41)))


def test_a_driven_run_has_the_special_case_with_the_work_from_outside() -> None:
    """[37]: where dU_chi = 0, dU_B = T_S T_B/(T_S - T_B) (dS_chi - dU_tot/T_S); without dU_tot, as [36], it fails."""
    driven = ledger_of_one_mode(Cosine(amplitude=0.3, frequency=0.9))
    law = named(tt.laws(driven))["no_binding_energy"]
    assert "[37]" in law.equation
    assert law.verdict == "holds", law
    assert 0 < law.time < 5
    unpaid = driven.assign(U_tot=driven.U_tot * 0 + float(driven.U_tot[0]))
    assert named(tt.laws(unpaid))["no_binding_energy"].verdict == "fails"


def test_the_entropy_is_what_heat_and_work_make_at_the_pseudo_temperature(longer) -> None:
    """[38] of the system, its recorded entropy beside its rates; a recorded entropy that is off, or work left out, is noticed."""
    found = named(tt.laws(longer))["heat_and_work_S"]
    assert found.verdict == "holds", found
    assert found.error < 0.05 * found.scale
    spoiled = longer.assign(S_S=longer.S_S * (1 + 0.05 * longer.t))
    assert named(tt.laws(spoiled))["heat_and_work_S"].verdict == "fails"
    idle = longer.assign(Wdot_S=0 * longer.Wdot_S)
    assert named(tt.laws(idle))["heat_and_work_S"].verdict == "fails"
    warm = named(tt.laws(longer))["heat_and_work_B"]
    assert (warm.verdict, "differences of S_B" in warm.reason) == ("cannot tell", True)


def test_nothing_is_produced_where_the_pseudo_temperatures_meet(longer) -> None:
    """[44]: dW_S/T_S + dW_B/T_B = 0 where T_S = T_B; not where work is done on both."""
    law = named(tt.laws(longer))["equal_temperatures_production"]
    assert law.verdict == "holds", law
    gap, after = (1 / longer.T_S - 1 / longer.T_B).values, int(np.searchsorted(longer.t, law.time))
    assert gap[after - 1] * gap[after] < 0
    twice = longer.assign(Sigmadot_pseudo=longer.Sigmadot_pseudo_S - longer.Sigmadot_pseudo_B)
    assert named(tt.laws(twice))["equal_temperatures_production"].verdict == "fails"


def test_the_special_cases_of_the_sum_rule(longer) -> None:
    """Where T_S = T_B = T, T_chi = -T; where dU_chi = 0, dS_chi = (1/T_S - 1/T_B) dU_S [36]: at instants between the record times."""
    found = named(tt.laws(longer))
    equal, balanced, flow = (found[name] for name in ("equal_temperatures", "no_binding_energy", "hot_to_cold"))
    for law in (equal, balanced):
        assert law.verdict == "holds", law
        assert 0 < law.time < 5
    assert equal.value == pytest.approx(-1, abs=1e-3)
    before = int(np.searchsorted(longer.t, equal.time)) - 1
    gap = (1 / longer.T_S - 1 / longer.T_B).values
    assert gap[before] * gap[before + 1] < 0
    slope = np.diff(longer.U_chi.values)
    turn = int(np.searchsorted(longer.t, balanced.time))
    assert (np.diff(np.sign(slope[turn - 2 : turn + 2])) != 0).any()
    # the direction of the flow is no identity: it holds where it makes S_chi grow, and fails elsewhere
    value = ((1 / longer.T_S - 1 / longer.T_B) * (longer.Qdot_S + longer.Wdot_S)).values
    assert flow.verdict == "fails"
    assert flow.value == pytest.approx(np.nanmin(value), rel=1e-9)
    assert np.nanmax(value) > 0


def test_the_special_cases_of_the_sum_rule_can_fail(longer) -> None:
    """A recorded U_chi that does not turn when the rates say, and a heat rate that is a little off."""
    spoiled = longer.assign(U_chi=longer.U_chi * (1 + 0.05 * longer.t))
    found = named(tt.laws(spoiled))
    assert found["no_binding_energy"].verdict == "fails"
    assert found["equal_temperatures"].verdict == "fails"
    hot = longer.assign(Qdot_B=1.1 * longer.Qdot_B)
    assert {named(tt.laws(hot))[name].verdict for name in ("no_binding_energy", "equal_temperatures")} == {"fails"}
    short = named(tt.laws(longer.isel(t=slice(0, 4))))
    assert "record times" in short["equal_temperatures"].reason
    driven = named(tt.laws(longer.assign_attrs(drive="H_S")))
    assert "driven" in driven["equal_temperatures"].reason
    assert "driven" in driven["equal_temperatures_production"].reason
    never = named(tt.laws(longer.isel(t=slice(0, 12))))["equal_temperatures"]
    assert (never.verdict, never.reason) == ("cannot tell", "T_S and T_B are equal at no time of the run")


# Limits at long times.


def relaxing(rate: float, until: float, *, end: np.ndarray, temperature: float = 0.4) -> Reading:
    """rho_S going exponentially from the excited state of H_S = sigma_z/2 to ``end``."""
    t = np.linspace(0, until, 51)
    start = np.diag([1.0, 0.0]).astype(complex)
    rho = end + np.exp(-rate * t)[:, None, None] * (start - end)
    parts = np.stack([rho.real, rho.imag], axis=-1)
    dims = ("t", "row", "column", "complex")
    data = {"rho_S": (dims, parts), "rho_S_error": (dims, np.full(parts.shape, 1e-6))}
    attributes = {
        "temperatures": json.dumps([temperature]), "hamiltonian": "[[0.5, 0.0], [0.0, -0.5]]", "coupling": "[[0.0, 0.0], [1.0, 0.0]]",
        "coupling_kind": "exchange", "alpha_S": 0.5,
    }  # fmt: skip
    return Reading(ledger=xr.Dataset(data, coords={"t": t}, attrs=attributes))


def test_a_run_that_has_not_settled_says_nothing_about_its_limit() -> None:
    thermal = gibbs(np.diag([0.5, -0.5]).astype(complex), 0.4)
    other = np.diag([0.3, 0.7]).astype(complex)
    assert thermalisation(relaxing(1.0, 40.0, end=thermal), 0.05).verdict == "holds"
    elsewhere = thermalisation(relaxing(1.0, 40.0, end=other), 0.05)
    assert elsewhere.verdict == "fails"
    assert elsewhere.value == pytest.approx(0.3 - thermal[0, 0].real, abs=1e-6)
    for rate in (1e-4, 1e-3, 1e-2):
        slow = thermalisation(relaxing(rate, 40.0, end=thermal), 0.05)
        assert slow.verdict == "cannot tell"
    assert "too short" in thermalisation(relaxing(1e-9, 40.0, end=thermal), 0.05).reason
    rest, _ = settling(relaxing(0.1, 40.0, end=thermal))
    assert rest == pytest.approx(np.exp(-4.0) * (1 - thermal[0, 0].real), rel=1e-6)  # exact for an exponential


@pytest.mark.parametrize("phase", np.arange(8) * np.pi / 4)
def test_a_run_that_rings_about_its_limit_does_not_fail_it(phase: float) -> None:
    """As behind a hard cutoff: an algebraic tail 0.4 cos(t + phase)/t about the Gibbs state, seen from wherever the run ends."""
    thermal = gibbs(np.diag([0.5, -0.5]).astype(complex), 0.4)
    for end, verdict in ((thermal, "holds"), (np.diag([0.25, 0.75]).astype(complex), "fails")):
        quiet = relaxing(0.5, 40.0, end=end)
        t, ledger = quiet.t, quiet.ledger.copy(deep=True)
        ringing = 0.4 * np.cos(t + phase) / (t + 2)
        ledger["rho_S"].values[:, 0, 0, 0] += ringing
        ledger["rho_S"].values[:, 1, 1, 0] -= ringing
        law = thermalisation(Reading(ledger=ledger), 0.05)
        assert law.verdict == verdict, law
        truth = abs(end[0, 0] - thermal[0, 0])
        assert abs(law.value - truth) < law.error < 0.03
        assert "mean from t = 30" in law.reason


def test_a_temperature_that_rings_about_its_limit_does_not_fail_it() -> None:
    quiet = relaxing(0.5, 40.0, end=gibbs(np.diag([0.5, -0.5]).astype(complex), 0.4))
    for phase in np.arange(8) * np.pi / 4:
        rings = 0.4 + 0.006 * np.cos(quiet.t + phase)
        ledger = quiet.ledger.assign(T_ext_S=("t", rings), T_ext_S_error=("t", np.full(rings.size, 1e-6)))
        assert extended(Reading(ledger=ledger), 0.05).verdict == "holds"
        off = ledger.assign(T_ext_S=ledger["T_ext_S"] + 0.05)
        assert extended(Reading(ledger=off), 0.05).verdict == "fails"


def test_the_limits_of_the_exchange_example() -> None:
    """[61] and [69] as the secular master equation has them, from a start with coherence."""
    times = np.linspace(0, 160, 161)
    weak = tt.weak_coupling(warm_exchange(), initial=TILTED, times=times, method="lindblad")
    attributes = {
        "hamiltonian": "[[0.5, 0.0], [0.0, -0.5]]",
        "coupling": "[[0.0, 0.0], [1.0, 0.0]]",
        "coupling_kind": "exchange",
    }
    r = Reading(ledger=weak.assign_attrs(attributes))
    start = exchange_start(r)
    assert start is not None
    T_S, T_B = exchange_limits(r, 0.05, *start)
    assert T_S.value == pytest.approx(T_S.bound, rel=1e-2)
    assert T_B.value == pytest.approx(T_B.bound, rel=1e-2)
    assert abs(T_S.bound - 0.5) > 0.02
    assert abs(T_B.bound - 0.5) > 0.005
    assert exchange_start(Reading(ledger=r.ledger.assign_attrs(coupling_kind="hermitian"))) is None


# Mean force.


def test_the_mean_force_production_is_a_difference_of_distances(ledger) -> None:
    """Sigma*(t) = D(rho_S(0) || pi*) - D(rho_S(t) || pi*), pi* by definition."""
    H = np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex)
    bath = Bath(operator=np.diag([1.0, -1.0]).astype(complex), frequencies=(1.1,), couplings=(0.45,), beta=2.0)
    whole = expm(-2.0 * General(hamiltonian=H, baths=(bath,), levels=16, initial=TILTED).total(0.0).toarray())
    pi = np.einsum("aibi->ab", whole.reshape(2, 16, 2, 16)) / np.trace(whole)
    state = tt.MeanForce(state=pi, error=1e-9)
    found = named(tt.laws(ledger, mean_force_state=state), "mean force")

    def distance(rho) -> float:
        p, v = np.linalg.eigh(pi)
        q = np.linalg.eigvalsh(rho)
        return float(np.sum(q * np.log(q)) - np.real(np.trace(rho @ (v * np.log(p)) @ v.conj().T)))

    rho = ledger["rho_S"].values[..., 0] + 1j * ledger["rho_S"].values[..., 1]
    expected = np.array([distance(rho[0]) - distance(r) for r in rho])
    fall = float(np.max(np.maximum.accumulate(expected) - expected))
    assert found["second_law_rate"].value == pytest.approx(-fall, abs=1e-9)
    assert found["second_law_integral"].value == pytest.approx(expected.min(), abs=1e-9)
    wrong = named(tt.laws(ledger, mean_force_state=replace(state, state=np.eye(2) / 2)), "mean force")
    assert abs(wrong["second_law_rate"].value + fall) > 1e-4
    missing = named(tt.laws(ledger), "mean force")
    assert all("not given" in law.reason for law in missing.values())


def equilibrium(beta: float, hamiltonian: np.ndarray, operator: np.ndarray, modes, levels: int) -> tt.MeanForce:
    """pi*, F* and <H> - <H_B>_beta by dense diagonalisation."""
    bath = Bath(operator=operator, frequencies=modes[0], couplings=modes[1], beta=beta)
    system = General(hamiltonian=hamiltonian, baths=(bath,), levels=levels, initial=TILTED)
    E, v = np.linalg.eigh(system.total(0.0).toarray())
    weights = np.exp(-beta * (E - E[0]))
    size = system.bath_dimension
    rho = ((v * (weights / weights.sum())) @ v.conj().T).reshape(2, size, 2, size)
    log_Z_B = np.log(np.sum(np.exp(-beta * system.energies_each.sum(axis=0))))
    free = E[0] - (np.log(weights.sum()) - log_Z_B) / beta
    energy = float(np.sum(E * weights) / weights.sum() - system.thermal_energies.sum())
    return tt.MeanForce(
        state=np.einsum("aibi->ab", rho), error=1e-9, free_energy=float(free), energy=energy, energy_error=1e-9
    )


def with_slope(beta: float, *model) -> tt.MeanForce:
    others = {factor: equilibrium(factor * beta, *model) for factor in shifts()}
    return potential_slope(equilibrium(beta, *model), beta, others)


TUNNELLING = (
    np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex), np.diag([1.0, -1.0]).astype(complex), ((0.9, 1.6), (0.4, 0.3)), 12,
)  # fmt: skip


def test_internal_energy_and_entropy_of_mean_force_by_exact_diagonalisation(ledger) -> None:
    """d(beta H*)/d beta against a far finer difference; U* of the equilibrium against its energy; the sums of the book."""
    beta = 2.0
    found = with_slope(beta, *TUNNELLING)
    h = 1e-4
    ends = [equilibrium(beta + sign * h, *TUNNELLING) for sign in (-1, 1)]
    low, high = (potential(e.state, e.free_energy, beta + s * h) for e, s in zip(ends, (-1, 1), strict=True))
    assert np.linalg.norm(found.slope - (high - low) / (2 * h), 2) < found.slope_error < 1e-3
    law = equilibrium_energy(found, 0.05)
    assert law.verdict == "holds"
    assert law.value == pytest.approx(found.energy, abs=1e-5)
    for wrong in (
        replace(
            found, slope=potential(found.state, found.free_energy, beta) / beta
        ),  # H* itself: as if it did not depend on beta
        replace(found, slope=found.slope - found.free_energy * np.eye(2)),
    ):
        assert equilibrium_energy(wrong, 0.05).verdict == "fails"
    r = Reading(ledger=ledger)
    U, S, production = (f(r, found) for f in (internal_energy, entropy, mean_force_production))
    H = potential(found.state, found.free_energy, beta) / beta
    moved = r.rho_S - r.rho_S[0]
    F = np.real(np.einsum("ij,nji->n", H, moved)) - r.series("S_S").change.value / beta
    np.testing.assert_allclose(F, U.value - S.value / beta, atol=1e-12)  # F* = U* - T S*
    np.testing.assert_allclose(production.value, -beta * F, atol=1e-12)
    by_slope = beta * np.real(np.einsum("ij,nji->n", found.slope - H, moved))  # beta^2 d H*/d beta
    np.testing.assert_allclose(S.value, r.series("S_S").change.value + by_slope, atol=1e-12)
    assert np.abs(by_slope).max() > 1e-3
    bare = replace(found, slope=None)
    assert "neighbouring temperatures" in internal_energy(r, bare).reason
    assert np.isnan(entropy(r, bare).value).all()


def test_the_hamiltonian_of_mean_force_of_pure_dephasing() -> None:
    """H* = H_S - lambda_r A^2, lambda_r = sum g^2/w, at every temperature: no derivative is left, U* is <H_S> - lambda_r <A^2>."""
    H, A, modes = np.diag([0.25, -0.25]).astype(complex), np.diag([1.0, 0.4]).astype(complex), ((0.9,), (0.3,))
    reorganisation = sum(g**2 / w for w, g in zip(*modes, strict=True))
    expected = H - reorganisation * A @ A
    for beta in (1.0, 3.0):
        found = with_slope(beta, H, A, modes, 45)
        np.testing.assert_allclose(potential(found.state, found.free_energy, beta), beta * expected, atol=1e-9)
        np.testing.assert_allclose(found.slope, expected, atol=1e-8)
        assert np.abs(found.slope - H).max() > 0.05
        assert equilibrium_energy(found, 0.05).verdict == "holds"
    broken = replace(found, state=np.diag([1.0, 0.0]), slope=None)
    assert potential_slope(broken, 1.0, dict.fromkeys(shifts(), broken)).slope is None


# The report.


def test_the_report_in_its_three_forms(ledger) -> None:
    whole = tt.laws(ledger)
    weaker = tuple(
        replace(law, value=law.bound + 0.01 * (law.value - law.bound), error=0.01 * law.error) for law in whole
    )
    runs = (
        Run(factor=0.1, laws=weaker, numbers={"Q": (1.0, 0.1)}),
        Run(factor=1.0, laws=whole, numbers={}, flags=("bond cap",)),
    )
    report = Report(title="case", runs=runs)
    assert order(report.factors, report.at("Alipour et al.", "bath_production")) == pytest.approx(2.0)
    text = markdown(report)
    for words in (
        "# Laws: case",
        "## Esposito et al.",
        "## mean force",
        "fails by",
        "Not converged",
        "bond cap",
        "2.00",
        *LEGEND,
    ):
        assert words in text
    first, _ = text.split("## Values")
    failures = [line for line in first.splitlines() if line.startswith("|") and "fails by" in line]
    assert failures
    assert all(" +- " in line for line in failures)  # no failure without its error bar
    lines = csv_text(report).splitlines()
    assert len(lines) == 1 + 2 * len(whole)
    read = json.loads(json_text(report))
    assert len(read["runs"]) == 2
    values = {law["name"]: law["value"] for law in read["runs"][1]["laws"] if law["book"] == "Alipour et al."}
    assert values["bath_production"] == named(whole)["bath_production"].value
    with pytest.raises(KeyError):
        report.at("Alipour et al.", "nonsense")


def test_laws_that_say_the_same_at_two_strengths_keep_their_strengths() -> None:
    """Equal in every field, as where nothing was measured: each row of values still has its own factor of J."""
    unknown = single(BALANCE, math.nan, math.nan, **SMALL)
    other = single(SIGN, 0.5, 0.01, **SMALL)
    runs = (Run(factor=0.02, laws=(unknown,), numbers={}), Run(factor=0.2, laws=(unknown, other), numbers={}))
    text = markdown(Report(title="twice", runs=runs))
    for name, factor in (("balance", "0.02"), ("balance", "0.2"), ("sign", "0.2")):
        assert text.count(f"| {name} | {factor} |") == 1
    assert "| sign | 0.02 |" not in text


def test_every_reason_is_told_in_full_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    long = "the entropy of the physical bath was not measured " + "and that is a long story " * 8 + "with an end"
    laws = tuple(
        single(replace(BALANCE, name=name), math.nan, math.nan, reason=reason, **SMALL)
        for name, reason in (("a", long), ("b", "short"), ("c", long))
    )
    text = law_tables(Report(title="x", runs=(Run(factor=1.0, laws=laws, numbers={}),)), colour=False)
    assert " ".join(text.split()).count(" ".join(long.split())) == 1
    assert text.count("? (1)") == 2
    assert text.count("? (2)") == 1
    assert "(2) short" in text


def test_names_in_the_figure_are_typeset_and_equal_lines_lie_side_by_side() -> None:
    title = "T_ext_S is T, T_chi is -T, alpha_S = 0.5"
    assert label(replace(single(BALANCE, 0, 0, **SMALL), title=title)) == (
        r"$T^{\mathrm{ext}}_S$ is $T$, $T_\chi$ is $-T$, $\alpha_S$ = 0.5"
    )
    assert label(single(replace(BALANCE, title="the bath produces no entropy"), 0, 0, **SMALL)).count("$") == 0
    laws = tuple(single(replace(BALANCE, name=name), 0.5, 0.01, **SMALL) for name in ("a", "b"))
    runs = tuple(Run(factor=factor, laws=laws, numbers={}) for factor in (0.1, 1.0))
    figure = law_figure(Report(title="x", runs=runs))
    one, other = (container.lines[0].get_xdata() for container in figure.axes[1].containers)
    assert np.all(np.asarray(other) > 1.05 * np.asarray(one))
    np.testing.assert_allclose(np.sqrt(np.asarray(one, float) * np.asarray(other, float)), [0.1, 1.0])


def test_what_is_no_ledger_is_refused(ledger) -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        tt.laws(ledger.drop_vars("E_B"), resolution=2.0)
    assert {problem.key for problem in caught.value.problems} == {"ledger", "resolution"}


def test_a_verdict_says_by_how_much_it_holds() -> None:
    """Never "0 +- 0": rounding is the least error bar, beside the scale; a cleared inequality has its margin."""
    exact = single(BALANCE, 0.0, 0.0, **(SMALL | {"scale": 0.4}))
    assert (exact.error, exact.bar) == (0.0, pytest.approx(4e-10))
    assert str(cell(exact, {})) == "holds (0 +- 4e-10 of 0.4)"
    assert str(cell(single(BALANCE, 2e-3, 1e-2, **SMALL), {})) == "holds (0.002 +- 1e-02 of 1)"
    assert str(cell(single(SIGN, 0.25, 0.01, **SMALL), {})) == "holds by 0.25 +- 1e-02"
    assert str(cell(single(SIGN, 0.0, 0.01, **SMALL), {})) == "holds (0 +- 1e-02 of 1)"
    assert math.isnan(single(BALANCE, 0.0, math.nan, **SMALL).bar)
    assert str(cell(single(BALANCE, 0.25, 0.01, **SMALL), {})).startswith("fails by 0.25 +-")  # and it can fail
