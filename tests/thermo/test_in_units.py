"""A ledger in cm^-1, fs and K: every column that has a dimension is converted, there and back."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tnthermo.thermo.definitions import COLUMNS, PER_BATH
from tnthermo.thermo.in_units import DIMENSIONS
from tnthermo.units.datasets import converted

HBAR, K_B = 5308.837458876, 0.695034800486  # cm^-1 fs, cm^-1/K
UNITS = tt.Units("cm^-1", "fs", "K")
# By hand, from what each column is: a rate of energy, a variance, a temperature, a rate of entropy. All other columns keep their numbers.
RATES = {"Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "flux_each"}
SQUARES = {"Var_Q_B", "Var_Q_B_each"}
TEMPERATURES = {"T_S", "T_B", "T_chi", "T_ext_S", "temperature_of_bath"}
ENTROPY_RATES = {
    "Sdot_S", "Sdot_B", "Sigmadot_S", "Sigmadot_B", "Sigmadot_pseudo_S", "Sigmadot_pseudo_B", "Sigmadot_pseudo", "Sigmadot_ext_S",
}  # fmt: skip
ENERGIES = {
    "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "W_chi", "W_total", "E_B_each",
    "Q_B_each", "W_B_each", "residual_energy", "residual_heat", "residual_work", "residual_flux", "residual_occupation", "residual_chi",
    "mode_frequency", "mode_weight", "X_q", "H_S_eff", "ergotropy", "ergotropy_incoherent", "ergotropy_coherent", "F_S",
    "W_drive_S", "W_drive_each",
}  # fmt: skip


@pytest.fixture(scope="module")
def ledger() -> xr.Dataset:
    """Of a driven qubit beside two warm baths of few modes, in numbers of cm^-1."""
    couplings = [
        tt.couple(operator, chains.star_cells(chains.Discrete(frequencies=w, couplings=g), None, temperature=T))
        for operator, w, g, T in (({"z": 0.5}, [80.0], [20.0], 60.0), ({"x": 0.5}, [150.0], [25.0], 90.0))
    ]
    drive = tt.SystemDrive(operator={"x": 1.0}, drive=tt.Square(start=0.004, height=10.0))
    model = tt.assemble(hamiltonian=np.diag([50.0, -50.0]), couplings=couplings, drives=[drive])
    run = tt.evolve(
        model,
        initial="+x",
        until=0.01,
        record_every=0.002,
        algorithm=tt.Exact(step=0.001),
        levels=5,
        variance_every=0.002,
    )
    return tt.ledger(run)


def factor_and_unit(name: str) -> tuple[float, str] | None:
    """What a natural number of this column is multiplied with, and the unit of the product; None for no dimension."""
    name = name.removesuffix("_error")
    if name == "t":
        return HBAR, "fs"
    if name in RATES:
        return 1 / HBAR, "cm^-1/fs"
    if name.startswith("inverse_T_S_"):
        return 1.0, "1/(cm^-1)"
    if name in SQUARES:
        return 1.0, "(cm^-1)^2"
    if name in TEMPERATURES:
        return 1 / K_B, "K"
    if name in ENTROPY_RATES:
        return 1 / HBAR, "nat/fs"
    return (1.0, "cm^-1") if name in ENERGIES else None


def not_converted(natural: xr.Dataset, shown: xr.Dataset) -> list[str]:
    """The variables that are not what they must be."""
    wrong = []
    for name, variable in natural.variables.items():
        found = shown[name]
        expected = factor_and_unit(str(name))
        if expected is None:
            same = found.dtype.kind in "OU" or np.array_equal(found.values, variable.values, equal_nan=True)
            if not same or found.attrs.get("units", "1") not in ("1", "nat"):
                wrong.append(str(name))
            continue
        factor, unit = expected
        values = np.asarray(variable.values, dtype=float)
        if (
            not np.allclose(found.values, values * factor, rtol=1e-10, atol=0, equal_nan=True)
            or found.attrs["units"] != unit
        ):
            wrong.append(str(name))
    return wrong


def test_every_column_is_converted(ledger: xr.Dataset) -> None:
    assert not_converted(ledger, tt.in_units(ledger, UNITS)) == []
    assert {column.name for column in (*COLUMNS, *PER_BATH)} <= {str(name) for name in ledger.variables}


@pytest.mark.parametrize(
    "name", ["t", "E_S", "Qdot_S", "flux_each_error", "Var_Q_B", "T_S", "Sdot_S", "temperature_of_bath", "H_S_eff"]
)
def test_a_column_that_is_left_out_is_noticed(ledger: xr.Dataset, name: str) -> None:
    """The negative twin."""
    shown = tt.in_units(ledger, UNITS)
    shown[name].attrs = dict(ledger[name].attrs)
    assert not_converted(ledger, shown) == [name]
    whole = tt.in_units(ledger, UNITS)
    shown = whole.assign({name: (ledger[name].dims, ledger[name].values, whole[name].attrs)})
    moved = factor_and_unit(name)
    assert moved is not None
    assert not_converted(ledger, shown) == ([name] if moved[0] != 1.0 else [])


def test_a_column_of_unknown_dimension_is_refused(ledger: xr.Dataset) -> None:
    with pytest.raises(tt.InvalidInput, match="E_S"):
        converted(ledger, UNITS, {name: what for name, what in DIMENSIONS.items() if name != "E_S"})


def test_times_are_those_that_were_asked_for(ledger: xr.Dataset) -> None:
    natural = ledger.assign_coords(
        t=("t", [UNITS.time(10.0 * n) * (1 + 3e-16 * n) for n in range(ledger.sizes["t"])], ledger.t.attrs)
    )
    assert tt.in_units(natural, UNITS).t.values.tolist() == [10.0 * n for n in range(ledger.sizes["t"])]


def test_attributes(ledger: xr.Dataset) -> None:
    shown = ledger.tnthermo.to_units(UNITS)
    assert tt.Units.of(shown) == UNITS
    assert tt.Units.of(ledger) == tt.Units()
    assert shown.attrs["convention"].startswith(
        "energies in cm^-1, times in fs, temperatures in K (hbar = 5308.837459 cm^-1 fs"
    )
    assert json.loads(shown.attrs["temperatures"]) == pytest.approx([60 / K_B, 90 / K_B])
    assert shown.attrs["hamiltonian"] == ledger.attrs["hamiltonian"]
    assert json.loads(shown.attrs["algorithm"])["step"] == pytest.approx(0.001 * HBAR)
    assert "5308.837459 fs" in shown.attrs["drive"]


def test_there_and_back(ledger: xr.Dataset) -> None:
    back = tt.in_units(tt.in_units(ledger, UNITS), tt.Units())
    for name, variable in ledger.variables.items():
        if variable.dtype.kind == "f":
            np.testing.assert_allclose(back[name].values, variable.values, rtol=1e-12, err_msg=str(name))
        assert back[name].attrs.get("units") == variable.attrs.get("units")
    assert back.attrs["convention"] == ledger.attrs["convention"]


def test_from_one_unit_to_another(ledger: xr.Dataset) -> None:
    meV = 8.065543937349  # cm^-1
    shown = tt.in_units(tt.in_units(ledger, UNITS), tt.Units("meV", "ps", "mK"))
    direct = tt.in_units(ledger, UNITS)
    for name, factor in (
        ("E_S", 1 / meV),
        ("Qdot_S", 1e3 / meV),
        ("Var_Q_B", meV**-2),
        ("t", 1e-3),
        ("T_S", 1e3),
        ("Sdot_S", 1e3),
        ("S_S", 1.0),
    ):
        np.testing.assert_allclose(shown[name].values, factor * direct[name].values, rtol=1e-9, err_msg=name)
    assert np.all(shown["mode_weight"].values == ledger["mode_weight"].values)  # one for each mode of a discrete bath
    assert float(np.array(json.loads(shown.attrs["hamiltonian"]))[0, 0]) == pytest.approx(50 / meV)


def test_laws_are_the_same_in_any_units(ledger: xr.Dataset) -> None:
    mine, theirs = tt.laws(ledger), tt.laws(tt.in_units(ledger, UNITS))
    assert [(law.name, law.verdict) for law in mine] == [(law.name, law.verdict) for law in theirs]


def test_steady_currents(ledger: xr.Dataset) -> None:
    current, shown = (tt.steady_currents(one, since=0.0) for one in (ledger, tt.in_units(ledger, UNITS)))
    np.testing.assert_allclose(shown["current"].values, current["current"].values / HBAR, rtol=1e-10)
    assert shown["current"].attrs["units"] == "cm^-1/fs"
