"""Entropy productions of every kind and their rates, against definitions by dense quadrature; poles, holes and their error bars."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr

from tests.oracles.naive import Naive, definitions_at, slope
from tests.oracles.trajectories import trajectory_of
from tests.thermo.test_ledger import MIXED, PURE, TIMES, small
from tests.thermo.test_oracles import OHMIC
from tests.tolerances import DENSE, DIFFERENCES, ROUNDING
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.ledger import ledger

WARM, HALF = small(1.5, MIXED), 0.3
RATES = ("Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "Udot_S", "Udot_B", "Sdot_S", "Sdot_B")


def with_bath_entropy(system: Naive, times: np.ndarray, *, every: int = 1) -> Trajectory:
    """A faultless run that measured the entropy of the bath at each record time."""
    run = trajectory_of(system, times, every=every)
    rows = [definitions_at(system, float(t), HALF) for t in run.t]
    return replace(
        run, bath_entropy=np.array([row["S_B"] for row in rows]), joint_entropy=np.array([row["S_SB"] for row in rows])
    )


@cache
def warm() -> Trajectory:
    return with_bath_entropy(WARM, TIMES)


def rates_by_definition(system: Naive, t: float, alpha_S: float) -> dict[str, float]:
    rate = slope(system, t, alpha_S, ("U_S", "U_B", "S_S", "S_B"))
    return {name.replace("_", "dot_"): value for name, value in rate.items()} | {
        name: value for name, value in definitions_at(system, t, alpha_S).items() if name[1:4] == "dot"
    }


def beside_definitions(beta: float) -> tuple[xr.Dataset, list[tuple[int, dict[str, float], xr.Dataset]]]:
    """The ledger of a run at that beta; at some of its times (index, rates by definition, its columns)."""
    run = warm() if np.isfinite(beta) else trajectory_of(small(np.inf, PURE), TIMES)
    system = WARM if np.isfinite(beta) else small(np.inf, PURE)
    dataset = ledger(run, HALF)
    return dataset, [
        (i, rates_by_definition(system, float(dataset.t[i]), HALF), dataset.isel(t=i)) for i in (12, 31, 50)
    ]


@pytest.mark.parametrize("beta", [1.5, np.inf])
def test_rates_are_those_of_the_definitions(beta: float) -> None:
    dataset, times = beside_definitions(beta)
    for i, exact, at in times:
        expected = {
            "Sdot_S": exact["Sdot_S"],
            "Sdot_B": exact["Sdot_B"],
            "Sigmadot_pseudo_S": exact["Wdot_S"] * exact["Sdot_S"] / exact["Udot_S"],
            "Sigmadot_pseudo_B": exact["Wdot_B"] * exact["Sdot_B"] / exact["Udot_B"],
        }
        if np.isfinite(beta):
            expected["Sigmadot_S"] = exact["Sdot_S"] - beta * exact["Qdot_S"]
            expected["Sigmadot_B"] = exact["Sdot_B"] - beta * exact["Qdot_B"]
        for name, value in expected.items():
            assert float(at[name]) == pytest.approx(value, rel=1e-5, abs=1e-7), (name, i)
    if np.isinf(beta):
        assert dataset.Sigmadot_S.attrs["reason"] == "beta infinite"


@pytest.mark.parametrize(("part", "alpha_S", "until"), [("S", 1.7, 1.4), ("B", HALF, 2.2), ("B", 1.7, 2.2)])
def test_production_at_the_pseudo_temperature(part: str, alpha_S: float, until: float) -> None:
    """int dW_i/T_i between two times by Gauss quadrature of the definitions. [39]"""
    dataset = ledger(warm(), alpha_S)
    a, b = 0.2, until
    nodes, weights = np.polynomial.legendre.leggauss(16)
    total = 0.0
    for x, w in zip(nodes, weights, strict=True):
        exact = rates_by_definition(WARM, float(a + (b - a) * (x + 1) / 2), alpha_S)
        total += w * (b - a) / 2 * exact[f"Wdot_{part}"] * exact[f"Sdot_{part}"] / exact[f"Udot_{part}"]
    column = dataset[f"Sigma_pseudo_{part}"]
    found = float(column.sel(t=b, method="nearest") - column.sel(t=a, method="nearest"))
    assert found == pytest.approx(total, abs=2e-7)
    assert float(column[0]) == 0
    # dS - dQ/T, the other way to say it
    other = ledger(warm(), alpha_S - 0.1)[f"Sigma_pseudo_{part}"]
    assert abs(float(other.sel(t=b, method="nearest") - other.sel(t=a, method="nearest")) - total) > 1e-4


@pytest.mark.parametrize("beta", [1.5, np.inf])
def test_the_sum_of_both_productions_is_what_the_work_does_between_two_temperatures(beta: float) -> None:
    """dSigma~_S + dSigma~_B = dS_chi - dQ_S/T_S - dQ_B/T_B = (1/T_S - 1/T_B) dW_S, each side from the definitions. [44]"""
    dataset, times = beside_definitions(beta)
    for _, exact, at in times:
        T_S, T_B = (exact[f"Udot_{part}"] / exact[f"Sdot_{part}"] for part in "SB")
        by_work = (1 / T_S - 1 / T_B) * exact["Wdot_S"]
        by_heat = exact["Sdot_S"] + exact["Sdot_B"] - exact["Qdot_S"] / T_S - exact["Qdot_B"] / T_B
        assert by_heat == pytest.approx(by_work, rel=1e-5)
        assert float(at["Sigmadot_pseudo"]) == pytest.approx(by_work, rel=1e-5, abs=1e-7)
        wrong = (1 / T_S + 1 / T_B) * exact["Wdot_S"]  # as if the same work were done on both
        assert abs(by_work - wrong) > 0.1 * abs(by_work)
    both = dataset.Sigma_pseudo_S + dataset.Sigma_pseudo_B
    np.testing.assert_array_equal(dataset.Sigma_pseudo.values, both.values)
    assert "passes through 0" in dataset.Sigma_pseudo.attrs["reason"]


def test_beyond_a_zero_of_the_energy_rate_there_is_no_integral() -> None:
    dataset = ledger(warm(), HALF)
    values = dataset.Sigma_pseudo_S.values
    first = int(np.argmax(np.isnan(values)))
    assert 5 < first < 15
    assert np.isnan(values[first:]).all()
    assert "passes through 0 near t = 0.45" in dataset.Sigma_pseudo_S.attrs["reason"]
    energy, work = (dataset["Qdot_S"] + dataset["Wdot_S"]).values, dataset.Wdot_S.values
    assert energy[first - 1] * energy[first] < 0 < work[first - 1] * work[first]
    # the rate itself goes to infinity there, on both sides
    near = np.abs(dataset.Sigmadot_pseudo_S.values[[first - 1, first]])
    assert near.min() > 3 * np.nanmedian(np.abs(dataset.Sigmadot_pseudo_S.values))


def test_a_common_zero_of_work_and_energy_is_no_pole() -> None:
    """Dephasing with <A> != 0: dU_S = dW_S, so that Sigma_pseudo_S = Delta S_S, also where both turn."""
    system = Naive(hamiltonian=np.diag([0.3, -0.3]), coupling=np.diag([1.0, -1.0]), frequencies=(0.9, 1.7),
                   couplings=(0.2, 0.1), beta=2.0, initial=MIXED, levels=8)  # fmt: skip
    times = np.linspace(0, 6, 121)
    dataset = ledger(trajectory_of(system, times), HALF)
    assert (np.diff(np.sign(dataset.Wdot_S.values[1:])) != 0).any()
    change = dataset.S_S.values - dataset.S_S.values[0]
    assert np.abs(dataset.Sigma_pseudo_S.values - change).max() < 1e-9
    assert np.abs(dataset.Sigma_ext_S.values - change).max() < 1e-7  # no heat flows
    assert np.abs(change).max() > 0.05
    nothing = ledger(OHMIC.trajectory(np.linspace(0, 2, 41)), HALF)  # <A> = 0: 0/0 throughout
    assert np.isnan(nothing.Sigma_pseudo_S.values).all()
    assert "0/0" in nothing.Sigma_pseudo_S.attrs["reason"]


def test_production_at_the_extended_temperature() -> None:
    """int (dS_S - dQ_S/T_ext) by Gauss quadrature, T_ext from the definition. [48]"""
    dataset = ledger(warm(), HALF)
    nodes, weights = np.polynomial.legendre.leggauss(20)
    total, b = 0.0, 2.0
    sigma = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]))
    for x, w in zip(nodes, weights, strict=True):
        t = float(b * (x + 1) / 2)
        here = definitions_at(WARM, t, HALF)
        r, h = (np.real([np.trace(s @ here[name]) for s in sigma]) for name in ("rho_S", "H_S_eff"))
        inverse = -2 * np.arctanh(np.linalg.norm(r)) * (r @ h) / (np.linalg.norm(r) * (h @ h))
        total += w * b / 2 * (slope(WARM, t, HALF, ("S_S",))["S_S"] - here["Qdot_S"] * inverse)
    found = dataset.Sigma_ext_S.sel(t=b, method="nearest")
    assert float(found) == pytest.approx(total, abs=1e-7)
    other = ledger(warm(), 1.7).Sigma_ext_S
    assert other.values == pytest.approx(
        dataset.Sigma_ext_S.values, abs=ROUNDING
    )  # alpha_S is a multiple of 1 in H_S_eff
    assert abs(float(found) - float(dataset.S_S.sel(t=b, method="nearest") - dataset.S_S[0])) > 1e-3


def test_lindblad_form_is_a_difference_of_relative_entropies() -> None:
    dataset = ledger(warm(), HALF)
    p, v = np.linalg.eigh(-1.5 * np.asarray(WARM.hamiltonian))
    log_gibbs = v @ np.diag(p - np.log(np.exp(p).sum())) @ v.conj().T
    for i in (0, 20, 60):
        rho = definitions_at(WARM, float(dataset.t[i]), HALF)["rho_S"]
        q, u = np.linalg.eigh(rho)
        D = float(np.real(np.trace(rho @ (u @ np.diag(np.log(q)) @ u.conj().T - log_gibbs))))
        assert float(dataset.D_S[i]) == pytest.approx(D, abs=DENSE)
    assert dataset.Sigma_Lindblad_S.values == pytest.approx(dataset.D_S.values[0] - dataset.D_S.values, abs=ROUNDING)
    by_energy = dataset.S_S - dataset.S_S[0] - 1.5 * (dataset.E_S - dataset.E_S[0])
    assert dataset.Sigma_Lindblad_S.values == pytest.approx(by_energy.values, abs=DENSE)
    assert np.abs(dataset.Sigma_Lindblad_S - dataset.Sigma_S).max() > 1e-2  # strong coupling: heat is not dE_S


def compared(strength: float, *, every: int = 1) -> xr.Dataset:
    """A ledger with errors from a run of a slightly different coupling, so that dS_S = 0 at some time lies within error."""
    rough = with_bath_entropy(replace(WARM, couplings=(0.35 + strength, 0.5)), TIMES[::2])
    run = with_bath_entropy(WARM, TIMES, every=every) if every > 1 else warm()
    return ledger(replace(run, rough=rough), HALF)


def test_near_a_pole_the_error_bar_says_so() -> None:
    """T_B = dU_B/dS_B has a pole where dS_B changes its sign; within the errors of the rates it may be anything."""
    coarse, fine = compared(3e-2), compared(1e-7)
    crossing = int(np.flatnonzero(np.diff(np.sign(fine.Sdot_B.values[2:])) != 0)[0]) + 2
    at = slice(crossing - 1, crossing + 3)
    assert np.isinf(coarse.T_B_error.values[at]).any()
    assert np.isfinite(fine.T_B_error.values[at]).all()
    assert np.isfinite(coarse.T_B_error.values[20])  # not carried on, nor blown up far away
    assert float(fine.T_B_error[20]) < 1e-3 * float(fine.T_B[20])
    assert "infinite where" in coarse.T_B_error.attrs["how"]
    # and the bar is a bar: the exact ratio lies within it
    for i in [*range(4, 58, 6), crossing, crossing + 1]:
        exact = rates_by_definition(WARM, float(coarse.t[i]), HALF)
        for dataset in (coarse, fine):
            for part in "SB":
                off = abs(float(dataset[f"T_{part}"][i]) - exact[f"Udot_{part}"] / exact[f"Sdot_{part}"])
                assert off <= float(dataset[f"T_{part}_error"][i]) + 1e-6, (part, i)


def test_differences_on_a_coarse_record_grid_are_known_to_be_so() -> None:
    """S_B at every tenth step only: T_B and dS_B/dt are off, and their errors cover it, although both runs share the grid."""
    sparse = compared(1e-7, every=10)
    assert sparse.sizes["t"] == 7
    covered = []
    for i in range(1, 6):
        exact = rates_by_definition(WARM, float(sparse.t[i]), HALF)["Sdot_B"]
        off = abs(float(sparse.Sdot_B[i]) - exact)
        covered.append(off <= float(sparse.Sdot_B_error[i]))
        assert off > DIFFERENCES
    assert sum(covered) >= 4
    dense = compared(1e-7)
    assert float(dense.Sdot_B_error[30]) < 1e-2 * float(sparse.Sdot_B_error[3])


def test_other_systems_and_temperatures_have_reasons() -> None:
    three = small(1.5, np.diag([0.5, 0.3, 0.2]), hamiltonian=np.diag([0.2, 0.0, -0.3]), coupling=np.ones((3, 3)) / 3)
    dataset = ledger(trajectory_of(three, TIMES[:21]), HALF)
    assert "qubits" in dataset.Sigma_ext_S.attrs["reason"]
    assert np.isfinite(dataset.D_S).all()
    assert np.isnan(dataset.Sigma_pseudo_B.values).all()
    assert "Delta_S_B" in dataset.Sigma_pseudo_B.attrs["reason"]
    assert np.isnan(dataset.Sdot_B.values).all()
    cold = ledger(trajectory_of(small(np.inf, PURE), TIMES[:21]), HALF)
    assert cold.D_S.attrs["reason"] == "beta infinite"
    assert np.isfinite(cold.Sigma_pseudo_B.values).all()
