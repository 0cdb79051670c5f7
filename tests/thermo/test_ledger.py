"""The ledger against definitions, references and closed forms, from trajectories that a faultless engine would leave."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import chains
from tests.oracles.dephasing import Dephasing
from tests.oracles.naive import Naive, definitions_at, entropy, naive_ledger, slope
from tests.oracles.reference import NAMES, assert_ledger_matches, load, naive_of
from tests.oracles.trajectories import trajectory_of
from tests.thermo.test_oracles import OHMIC, PRINTED_DIGITS, PRINTED_TIMES, one_mode
from tests.tolerances import DENSE, DIFFERENCES, INTEGRALS, PRINTED, ROUNDING
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.definitions import COLUMNS
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.temperatures import extended_temperature

TILT = np.array([[1.0, 1.0 - 0.4j], [1.0 + 0.4j, -1.0]]) / np.sqrt(2.16)
MIXED = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
PURE = np.array([[0.8, -0.4j], [0.4j, 0.2]])
TIMES = np.linspace(0, 3, 61)


def small(beta: float, initial: np.ndarray, **changes: Any) -> Naive:
    """A qubit with a complex, tilted coupling and two truncated modes: nothing commutes, nothing vanishes by symmetry."""
    hamiltonian = np.array([[0.3, 0.4], [0.4, -0.3]])
    system = Naive(
        hamiltonian=hamiltonian, coupling=TILT, frequencies=(0.6, 1.3), couplings=(0.35, 0.5), beta=beta,
        initial=initial, levels=4,
    )  # fmt: skip
    return replace(system, **changes)


def columns_of(dataset: xr.Dataset) -> list[str]:
    return [column.name for column in COLUMNS if not np.isnan(dataset[column.name].values).all()]


@pytest.mark.parametrize("alpha_S", [0.0, 0.3, 1.7])
@pytest.mark.parametrize("beta", [np.inf, 1.5])
@pytest.mark.parametrize("initial", [PURE, MIXED])
def test_every_column_is_what_its_definition_says(alpha_S: float, beta: float, initial: np.ndarray) -> None:
    check_every_column(small(beta, initial), alpha_S)


@pytest.mark.parametrize("beta", [np.inf, 3.0])
@pytest.mark.parametrize("initial", [PURE, MIXED])
def test_every_column_of_exchange_coupling_is_what_its_definition_says(beta: float, initial: np.ndarray) -> None:
    """L is neither Hermitian nor a lowering operator: nothing is conserved. [C, C^dag] = int J but for the highest level: many levels."""
    tilted = np.array([[0.3, 0.2j], [1.0, -0.1]])
    system = small(
        beta, initial, coupling=tilted, exchange=True, frequencies=(0.9, 1.3), couplings=(0.15, 0.2), levels=12
    )
    check_every_column(system, 0.3)


def check_every_column(system: Naive, alpha_S: float) -> None:
    beta = system.beta
    dataset = ledger(trajectory_of(system, TIMES, every=10), alpha_S)
    expected = naive_ledger(system, TIMES[::10], alpha_S)
    names = set(columns_of(dataset)) & set(expected) - ({"S_B0"} if np.isfinite(beta) else set())
    assert len(names) >= (22 if np.isinf(beta) else 20)
    for name in names:
        limit = INTEGRALS if name[:2] in ("Q_", "W_", "Si") else DENSE
        assert np.abs(dataset[name].values - expected[name]).max() < limit, name
    for name in columns_of(dataset):
        if name.startswith("residual_"):
            assert np.abs(dataset[name].values).max() < INTEGRALS, name
    if np.isfinite(beta):
        assert (dataset.S_chi_lower <= expected["S_chi"] + ROUNDING).all()
        assert (dataset.S_chi_upper >= expected["S_chi"] - ROUNDING).all()
        assert (dataset.Delta_S_B_lower <= expected["Delta_S_B"] + ROUNDING).all()
        assert (dataset.Delta_S_B_upper >= expected["Delta_S_B"] - ROUNDING).all()
        # the pair is the stated one: wider than the quantity ever is, no wider than 2 S_S
        width = dataset.Delta_S_B_upper - dataset.Delta_S_B_lower
        np.testing.assert_allclose(width, 2 * dataset.S_S, atol=ROUNDING)


def test_the_system_may_have_three_levels() -> None:
    rng = np.random.default_rng(3)
    hamiltonian, coupling = (m + m.conj().T for m in rng.normal(size=(2, 3, 3)) + 1j * rng.normal(size=(2, 3, 3)))
    system = small(1.5, np.diag([0.5, 0.3, 0.2]), hamiltonian=hamiltonian / 4, coupling=coupling / 4)
    dataset = ledger(trajectory_of(system, TIMES, every=20), 0.3)
    expected = naive_ledger(system, TIMES[::20], 0.3)
    for name in ("Q_S", "Q_B", "Q_chi", "W_S", "W_B", "Qdot_S", "Wdot_S", "U_S", "U_B", "U_chi", "S_S", "Sigma_S"):
        assert np.abs(dataset[name].values - expected[name]).max() < INTEGRALS, name
    assert np.isnan(dataset.T_ext_S.values).all()
    assert "qubits" in dataset.T_ext_S.attrs["reason"]


@pytest.mark.parametrize("initial", [PURE, MIXED])
@pytest.mark.parametrize("beta", [np.inf, 1.5])
def test_pseudo_temperatures_are_slopes_of_energy_against_entropy(beta: float, initial: np.ndarray) -> None:
    system = small(beta, initial)
    dataset = ledger(trajectory_of(system, TIMES, every=2), 0.3).isel(t=slice(5, 30, 5))
    for i, t in enumerate(dataset.t.values):
        rate = slope(system, float(t), 0.3, ("U_S", "S_S", "U_B", "S_B", "U_chi", "S_chi"))
        for part in ("S", "B", "chi") if np.isinf(beta) else ("S",):
            # For a mixed start S_B is differentiated on the record times, 0.1 apart.
            limit = DIFFERENCES if part == "S" or initial is PURE else 1e-4
            inverse = 1 / dataset[f"T_{part}"].values[i]
            assert inverse == pytest.approx(rate[f"S_{part}"] / rate[f"U_{part}"], rel=limit), (part, t)


def test_extended_temperature_leaves_the_entropy_that_no_heat_can_carry() -> None:
    """dS_S - dQ_S/T_ext = -(l/2) rhat_perp . dr, perp to the effective field: its change of direction only. [48]"""
    system = small(1.5, MIXED)
    dataset = ledger(trajectory_of(system, TIMES, every=10), 0.3)
    for i, t in enumerate(dataset.t.values[1:], start=1):
        here = definitions_at(system, float(t), 0.3)
        rate = slope(system, float(t), 0.3, ("S_S", "rho_S"))
        sigma = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]))
        r, h, dr = (np.real([np.trace(s @ m) for s in sigma]) for m in (here["rho_S"], here["H_S_eff"], rate["rho_S"]))
        length, direction = np.linalg.norm(r), h / np.linalg.norm(h)
        perpendicular = r / length - (r @ direction) / length * direction
        expected = -np.arctanh(length) * (perpendicular @ dr)
        found = rate["S_S"] - here["Qdot_S"] / dataset.T_ext_S.values[i]
        assert found == pytest.approx(expected, abs=DIFFERENCES)


def test_extended_temperature_of_a_gibbs_state_is_its_temperature() -> None:
    effective = 0.3 * np.eye(2) + 0.4 * TILT
    p, states = np.linalg.eigh(effective)
    rho = (states * np.exp(-p / 0.7)) @ states.conj().T
    found = extended_temperature((rho / np.trace(rho))[None], effective[None], np.ones(1), np.zeros(1))
    assert found.values["T_ext_S"] == pytest.approx(0.7, rel=DENSE)


@pytest.mark.parametrize(
    "name",
    [
        "spin_boson_cold_two_modes",
        "spin_boson_warm_two_modes",
        "tilted_coupling_mixed_start",
        "jaynes_cummings_two_modes",
    ],
)
def test_ledger_matches_the_reference(name: str) -> None:
    reference = load(name)
    run = trajectory_of(naive_of(reference, 16), reference.times)
    assert_ledger_matches(ledger(run, reference.alpha_S), reference)


@pytest.mark.slow
@pytest.mark.parametrize(
    "name",
    NAMES,
)
def test_ledger_matches_the_reference_at_its_own_cutoff(name: str) -> None:
    reference = load(name)
    run = trajectory_of(naive_of(reference), reference.times)
    assert_ledger_matches(ledger(run, reference.alpha_S), reference, tolerance=DENSE)


def test_ledger_matches_the_dephasing_reference_as_far_as_sixteen_levels_go() -> None:
    reference = load("dephasing_two_modes")
    run = trajectory_of(naive_of(reference, 16), reference.times)
    assert_ledger_matches(ledger(run, reference.alpha_S), reference, tolerance=3e-5)


def wrong_density(run: Trajectory) -> Trajectory:
    return replace(run, moment_X=run.moment_X * np.sqrt(2), moment_P=run.moment_P * np.sqrt(2))


def stale_label(run: Trajectory) -> Trajectory:
    late = {name: np.roll(getattr(run, name), 1, axis=0) for name in ("rho_S", "moment_X", "moment_P", "chain_energy")}
    return replace(run, **late)


@pytest.mark.parametrize("spoil", [wrong_density, stale_label])
def test_a_spoilt_run_does_not_match_the_reference(spoil: Callable[[Trajectory], Trajectory]) -> None:
    reference = load("spin_boson_warm_two_modes")
    run = trajectory_of(naive_of(reference, 12), reference.times)
    with pytest.raises(AssertionError, match="further than"):
        assert_ledger_matches(ledger(spoil(run), reference.alpha_S), reference, tolerance=1e-3)


def test_a_wrong_alpha_or_bits_do_not_match_the_reference() -> None:
    reference = load("spin_boson_warm_two_modes")
    dataset = ledger(trajectory_of(naive_of(reference, 12), reference.times), reference.alpha_S)
    assert_ledger_matches(dataset, reference, tolerance=1e-5)
    with pytest.raises(AssertionError, match="further than"):
        assert_ledger_matches(ledger(trajectory_of(naive_of(reference, 12), reference.times), 0.5), reference)
    with pytest.raises(AssertionError, match="S_S"):
        assert_ledger_matches(dataset.assign(S_S=dataset.S_S / np.log(2)), reference, tolerance=1e-3)
    with pytest.raises(AssertionError, match="S_B"):
        assert_ledger_matches(dataset, reference, columns=("S_B",), tolerance=1.0)  # NaN is not a match
    with pytest.raises(KeyError):
        assert_ledger_matches(dataset.isel(t=slice(0, 5)), reference, tolerance=1.0)


@pytest.mark.parametrize("beta", [np.inf, 2.0])
def test_one_mode_has_the_printed_thermodynamics(beta: float) -> None:
    dataset = ledger(trajectory_of(one_mode(beta), np.linspace(0, 3, 61), every=60), 0.5).isel(t=-1)
    cold = {"E_B": 0.2534579327, "E_int": -0.0387865900, "S_S": 0.3006819404, "Delta_S_B": 0.3006819404,
            "S_chi": 0.6013638808, "U_chi": -0.0679352824}  # fmt: skip
    warm = {"E_B": 0.2468326154, "E_int": -0.0468701478, "S_S": 0.3720087089, "S_B0": 0.4584487434,
            "U_chi": -0.0760037168, "Sigma_total": 0.8656739396}  # fmt: skip
    expected = cold if np.isinf(beta) else warm
    assert {name: float(dataset[name]) for name in expected} == pytest.approx(expected, abs=PRINTED)


def test_dephasing_in_a_continuum_has_the_printed_digits() -> None:
    times = np.linspace(0, 5, 501)
    dataset = ledger(OHMIC.trajectory(times, every=50), 0.3)
    at = dataset.sel(t=list(PRINTED_TIMES), method="nearest")
    coherence = np.hypot(*np.moveaxis(at.rho_S.values[:, 0, 1], -1, 0))
    assert coherence == pytest.approx(PRINTED_DIGITS["coherence"], abs=PRINTED)
    for name, column in (("bath_energy", "E_B"), ("system_entropy", "S_S"), ("entropy_production", "Sigma_total")):
        assert at[column].values == pytest.approx(PRINTED_DIGITS[name], abs=PRINTED)
    assert at.U_chi.values == pytest.approx(-np.array(PRINTED_DIGITS["bath_energy"]), abs=PRINTED)
    assert at.Q_B.values == pytest.approx(PRINTED_DIGITS["bath_energy"], abs=1e-6)  # <sigma_z> = 0: all heat, no work
    assert np.abs(dataset.residual_flux).max() < 1e-6
    assert np.isnan(dataset.S_B0.values).all()
    assert "infinite" in dataset.S_B0.attrs["reason"]


def test_dephasing_carries_no_heat_so_no_extended_temperature() -> None:
    dataset = ledger(OHMIC.trajectory(np.linspace(0, 2, 41)), 0.3)
    assert np.isnan(dataset.T_ext_S.values).all()
    assert "|dQ_S| is zero within error (41 points)" in dataset.T_ext_S.attrs["reason"]
    # dU_S = 0 with dS_S != 0 is a pseudo-temperature 0, not a missing one [107].
    assert np.abs(dataset.T_S.values[1:]).max() < ROUNDING


def test_the_entropy_rate_follows_the_coherence() -> None:
    cold = Dephasing(alpha=0.2, cutoff=1.0, temperature=0.0)
    dataset = ledger(cold.trajectory(np.linspace(0, 4, 161)), 0.5)
    slope_of_entropy = np.gradient(dataset.S_S.values, dataset.t.values, edge_order=2)[20:]
    temperature = dataset.T_chi.values[20:]  # dU_chi/(2 dS_S)
    expected = np.gradient(dataset.U_chi.values, dataset.t.values, edge_order=2)[20:] / (2 * slope_of_entropy)
    assert temperature == pytest.approx(expected, rel=2e-3)


def test_zero_temperature_has_exact_entropies_and_no_beta() -> None:
    dataset = ledger(trajectory_of(small(np.inf, PURE), TIMES, every=10))
    assert np.array_equal(dataset.Delta_S_B, dataset.S_S)
    for name in ("Delta_S_B", "S_chi"):
        assert np.array_equal(dataset[name], dataset[f"{name}_lower"])
        assert np.array_equal(dataset[name], dataset[f"{name}_upper"])
    for name in ("Sigma_S", "Sigma_B", "Sigma_total", "D_B"):
        assert np.isnan(dataset[name].values).all()
        assert dataset[name].attrs["reason"] == "beta infinite"
    assert dataset.attrs["beta"] == np.inf


def test_every_missing_number_has_a_reason() -> None:
    warm, cold = trajectory_of(small(1.5, MIXED), TIMES), trajectory_of(small(np.inf, PURE), TIMES)
    for run in (warm, cold, OHMIC.trajectory(TIMES), replace(cold, rough=cold)):
        dataset = ledger(run)
        for name, column in dataset.data_vars.items():
            if np.isnan(column.values).any():
                assert column.attrs.get("reason"), name
            assert {"units", "long_name", "equation"} <= set(column.attrs), name


def test_the_file_holds_what_the_ledger_holds(tmp_path: Path) -> None:
    run = trajectory_of(small(np.inf, PURE), TIMES, every=2)
    run = replace(run, rough=trajectory_of(small(np.inf, PURE), TIMES[::2], every=1), flags=("norm drifted at t = 1",))
    dataset = ledger(run, 0.25)
    dataset.to_netcdf(tmp_path / "run.nc")
    with xr.open_dataset(tmp_path / "run.nc") as again:
        xr.testing.assert_identical(again.load(), dataset)
    assert dataset.attrs["status"] == "not converged"
    assert "norm drifted" in dataset.attrs["flags"]
    assert dataset.attrs["alpha_S"] == 0.25
    assert set(dataset["t"].dims) == {"t"}
    assert all(dataset[column.name].dims == ("t",) for column in COLUMNS)


def test_errors_are_envelopes_of_the_difference_to_the_rough_run() -> None:
    system = small(1.5, MIXED)
    run = trajectory_of(system, TIMES, every=2)
    rough = trajectory_of(replace(system, couplings=(0.3501, 0.5)), TIMES[::2], every=1)
    fine, coarse = ledger(run), ledger(rough)
    dataset = ledger(replace(run, rough=rough))
    for column in COLUMNS:
        error = dataset[f"{column.name}_error"].values
        assert np.array_equal(np.isnan(error), np.isnan(dataset[column.name].values)), column.name
        if column.exact:
            assert (error == 0).all()
    for name in ("E_B", "Q_S", "S_S", "Sigma_total"):
        error = dataset[f"{name}_error"].values
        difference = np.abs(fine[name].values - coarse[name].values)
        assert (np.diff(error) >= 0).all()
        assert (error >= difference).all()
        assert error[-1] >= difference.max() * (1 - 1e-3)
        assert error[-1] < 10 * difference.max()
    # a column in which two runs agree by chance is no better known than a quarter of its kin; the largest of them has its own difference
    kin = {
        name: np.abs(fine[name].values - coarse[name].values).max() for name in ("E_S", "E_B", "E_int", "U_S", "U_B")
    }
    largest = max(kin, key=lambda name: kin[name])
    assert dataset[f"{largest}_error"].values[-1] == pytest.approx(kin[largest], rel=1e-2)
    for name in kin:
        assert dataset[f"{name}_error"].values[-1] >= 0.25 * kin[largest] * (1 - 1e-3)
    at_records = (
        "recorded", "cut_entropy", "heat_square", "mode_occupation", "mode_energy", "ancilla_energy", "bonds", "occupations",
        "levels", "top_populations", "observables", "normal", "anomalous",
        "correlation_lower", "correlation_upper", "bath_entropy", "joint_entropy",
    )  # fmt: skip
    sparse = replace(rough, **{name: getattr(rough, name)[::4] for name in at_records})
    carried = ledger(replace(run, rough=sparse)).E_B_error.values
    # what is measured after every step is compared there, whatever the rougher run recorded
    assert carried == pytest.approx(dataset.E_B_error.values, rel=1e-9)
    # what is recorded only has what differs at the next time that both recorded; after the last of them there is only that
    thin = ledger(replace(run, rough=sparse)).occupation_error.values
    assert (np.diff(thin) >= 0).all()
    assert thin[1] == thin[4]
    assert thin[-1] == thin[28]


def test_errors_are_not_smaller_than_the_balances_allow() -> None:
    run = trajectory_of(small(1.5, MIXED), TIMES, every=2)
    leaky = replace(run, chain_energy=run.chain_energy + 1e-3 * run.times[:, None], norm=run.norm - 1e-4)
    dataset = ledger(replace(leaky, rough=leaky))
    assert np.abs(dataset.residual_flux.values[-1]) == pytest.approx(3e-3, rel=1e-6)
    assert dataset.E_B_error.values[-1] >= 3e-3 - ROUNDING
    assert dataset.S_S_error.values == pytest.approx(1e-4 * dataset.S_S.values, rel=1e-6)


def test_a_temperature_whose_rates_are_within_error_of_zero_is_undefined() -> None:
    system = small(1.5, MIXED)
    run = trajectory_of(system, TIMES, every=2)
    rough = trajectory_of(replace(system, couplings=(0.9, 1.2)), TIMES[::2], every=1)
    alone, compared = ledger(run), ledger(replace(run, rough=rough))
    assert np.isnan(compared.T_S.values).sum() > np.isnan(alone.T_S.values).sum()
    assert compared.T_S.attrs["undefined_points"] == np.isnan(compared.T_S.values).sum()


def test_negative_eigenvalues_and_lost_norm_are_shown() -> None:
    run = trajectory_of(small(np.inf, PURE), TIMES, every=10)
    spoilt = run.rho_S.copy()
    spoilt[0] = np.diag([1 + 1e-6, -1e-6])
    dataset = ledger(replace(run, rho_S=spoilt, norm=run.norm - 1e-5))
    assert dataset.S_S.attrs["smallest_eigenvalue"] == pytest.approx(-1e-6)
    assert dataset.S_S.values[0] == pytest.approx(-(1 + 1e-6) * np.log1p(1e-6))
    assert "negative eigenvalue" in dataset.attrs["flags"]
    assert dataset.attrs["status"] == "not converged"
    assert dataset.norm.values == pytest.approx(1 - 1e-5)


@pytest.mark.parametrize("alpha_S", [np.nan, np.inf, "0.5", True, None, 1j])
def test_alpha_must_be_a_finite_number(alpha_S: object) -> None:
    run = trajectory_of(small(np.inf, PURE), TIMES[:3])
    with pytest.raises(chains.InvalidInput, match="alpha_S"):
        ledger(run, alpha_S)  # type: ignore[arg-type]


def test_a_run_of_no_time_has_a_ledger() -> None:
    dataset = ledger(trajectory_of(small(1.5, MIXED), TIMES[:1]))
    assert dataset.sizes["t"] == 1
    assert float(dataset.Q_S[0]) == 0.0
    assert np.isnan(float(dataset.T_S[0]))
    assert float(dataset.S_S[0]) == pytest.approx(entropy(MIXED))


def test_no_two_columns_share_their_numbers() -> None:
    run = trajectory_of(small(np.inf, PURE), TIMES[:3])
    dataset = ledger(run)
    dataset.S_B.values[:] = 7.0
    dataset.E_B.values[:] = 7.0
    assert (dataset.S_S.values < 1).all()
    assert (run.chain_energy < 1).all()
