"""The ledger: every thermodynamic column of a run, derived from its raw columns, for any alpha_S."""

from __future__ import annotations

import json
import math
import platform
from dataclasses import fields
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from chains.problems import InvalidInput, Problem
from tnthermo.local import Matrix
from tnthermo.thermo.definitions import COLUMNS, CONVENTION
from tnthermo.thermo.energies import accumulated, energies, heat_rates, work_rates
from tnthermo.thermo.entropies import Attributes, Findings, bath_entropies, system_entropy
from tnthermo.thermo.errors import HOW, HOW_LOCAL, envelope, floors_of, with_floor
from tnthermo.thermo.expectations import expectations
from tnthermo.thermo.laws import entropy_productions, residuals
from tnthermo.thermo.temperatures import Rates, extended_temperature, pseudo_temperatures, rates, rounding
from tnthermo.trajectory import Trajectory

Real = npt.NDArray[np.float64]
Variables = dict[str, tuple[tuple[str, ...], npt.NDArray[Any], Attributes]]

NEGATIVE = -1e-10  # a smaller eigenvalue of rho_S is named among the flags
PACKAGES = ("tnthermo", "numpy", "scipy", "numba", "quimb", "xarray")


def ledger(run: Trajectory, alpha_S: float = 0.5) -> xr.Dataset:
    """Thermodynamic ledger of a run on its record times, dimension ``t``.

    alpha_S  part of h = <A><X> counted as the bath's energy; any real number, 1 - alpha_S is the system's part [15, 16]

    Columns, their units and equations: :data:`tnthermo.thermo.definitions.COLUMNS`. Further rho_S (t, row, column,
    complex) with the last axis (re, im), profiles over bonds and sites, and NAME_error for every column where
    ``run.rough`` is there to compare with. Integrals are taken at step resolution. What has no value is NaN with a
    ``reason`` in its attributes.

    Raises :class:`chains.InvalidInput` for an alpha_S that is not a finite number.
    """
    if isinstance(alpha_S, bool) or not isinstance(alpha_S, int | float | np.number) or not math.isfinite(alpha_S):
        raise InvalidInput([Problem(key="alpha_S", value=alpha_S, allowed="a finite real number")])
    alpha = float(alpha_S)
    found = _columns(run, alpha)
    variables: Variables = {}
    for column in COLUMNS:
        about: Attributes = {"units": column.units, "long_name": column.long_name, "equation": column.equation}
        attributes = about | found.attributes.get(column.name, {})
        # A copy each: some columns are one array at T = 0, and writing into one must not change another.
        variables[column.name] = (("t",), found.values[column.name].copy(), attributes)
    if run.rough is not None:
        variables |= _error_columns(run, run.rough, found, _columns(run.rough, alpha))
    return xr.Dataset(
        variables | _states_and_profiles(run),
        coords={
            "t": ("t", run.t, {"units": "1/energy", "long_name": "time"}),
            "complex": ["re", "im"],
            "site": ("site", np.arange(run.occupations.shape[1]), {"long_name": "chain site"}),
            "bond": ("bond", np.arange(run.bonds.shape[1]), {"long_name": "bond on the left of a chain site"}),
        },
        attrs=_attributes(run, alpha, smallest=float(found.attributes["S_S"]["smallest_eigenvalue"])),
    )


def _columns(run: Trajectory, alpha_S: float) -> Findings:
    """Every column of definitions.COLUMNS at the record times, without error columns."""
    e = expectations(run)
    steps = energies(e, alpha_S) | heat_rates(e) | work_rates(e, alpha_S) | accumulated(e, alpha_S)
    steps |= residuals(e, steps)
    at = {name: column[run.recorded] for name, column in steps.items()}
    found = [system_entropy(run.rho_S[run.recorded])]
    found.append(bath_entropies(run, found[0].values["S_S"]))
    rate = rates(run, e, alpha_S)
    error = _rate_errors(run, rate, alpha_S)
    effective = run.model.hamiltonian + e.position[run.recorded, None, None] * run.model.coupling
    found.append(pseudo_temperatures(run, rate, error))
    found.append(extended_temperature(run.rho_S[run.recorded], effective, rate.Qdot_S, error.Qdot_S))
    found.append(_diagnostics(run, at["E_B"]))
    undriven: Attributes = {"note": "0: nothing is driven"}
    values, attributes = at, {"W_chi": undriven, "W_total": undriven}
    for part in found:
        values = values | part.values
        attributes = attributes | part.attributes
    productions, reasons = _entropy_productions(run, values)
    return Findings(values=values | productions, attributes=attributes | reasons)


def _rate_errors(run: Trajectory, rate: Rates, alpha_S: float) -> Rates:
    """Size (n,) below which a rate counts as zero: rounding, or the difference to the rough run where that is larger."""
    energy, entropy = rounding(run.model)
    least = {field.name: entropy if field.name.startswith("Sdot") else energy for field in fields(Rates)}
    if run.rough is None:
        return Rates(**{name: np.full_like(rate.Qdot_S, size) for name, size in least.items()})
    rough = rates(run.rough, expectations(run.rough), alpha_S)
    return Rates(
        **{
            name: np.fmax(size, envelope(run.t, getattr(rate, name), run.rough.t, getattr(rough, name)))
            for name, size in least.items()
        }
    )


def _diagnostics(run: Trajectory, E_B: Real) -> Findings:
    """What the run says about its own accuracy, one number a record time."""
    attributes: dict[str, Attributes] = {}
    if np.isnan(run.mode_energy).any():
        attributes["residual_occupation"] = {"reason": "the modes' occupations were not evaluated at these times"}
    return Findings(
        values={
            "residual_occupation": E_B - E_B[0] - run.mode_energy,
            "bond_dimension": run.bonds.max(axis=1),
            "occupation": run.occupations.sum(axis=1),
            "top_level_population": run.top_populations.max(axis=1),
            "discarded_weight": run.discarded_weight[run.recorded],
            "norm": run.norm[run.recorded],
        },
        attributes=attributes,
    )


def _entropy_productions(run: Trajectory, at: dict[str, Real]) -> tuple[dict[str, Real], dict[str, Attributes]]:
    names = ("Sigma_S", "Sigma_B", "Sigma_total")
    if run.model.temperature == 0:
        infinite: Attributes = {"reason": "beta infinite"}
        return dict.fromkeys(names, np.full_like(at["S_S"], np.nan)), dict.fromkeys(names, infinite)
    unknown: Attributes = {"reason": "the entropy of the physical bath was not measured"}
    return entropy_productions(at, 1 / run.model.temperature), {"Sigma_B": unknown}


def _error_columns(run: Trajectory, rough: Trajectory, found: Findings, other: Findings) -> Variables:
    variables: Variables = {}
    for column in COLUMNS:
        value = found.values[column.name]
        attributes: Attributes = {"units": column.units, "long_name": f"error of {column.name}", "equation": "none"}
        if column.exact:
            attributes["how"] = "a fact about this run"
            error = np.zeros(value.shape)
        else:
            attributes |= {"how": HOW_LOCAL if column.poles else HOW, "floor": ", ".join(column.floors) or "none"}
            difference = envelope(run.t, value, rough.t, other.values[column.name], local=column.poles)
            error = with_floor(difference, value, floors_of(column.floors, found.values), found.values["norm"])
            if np.isnan(error).any():
                attributes["reason"] = f"{column.name} is NaN, in this run or in the rougher one"
        variables[f"{column.name}_error"] = (("t",), error, attributes)
    state = envelope(run.t, _re_im(run.rho_S[run.recorded]), rough.t, _re_im(rough.rho_S[rough.recorded]))
    how: Attributes = {"units": "1", "long_name": "error of rho_S", "equation": "none", "how": HOW.split(";")[0]}
    variables["rho_S_error"] = (("t", "row", "column", "complex"), state, how)
    return variables


def _re_im(array: npt.NDArray[np.complex128]) -> Real:
    return np.stack([array.real, array.imag], axis=-1)


def _states_and_profiles(run: Trajectory) -> Variables:
    def about(long_name: str, equation: str) -> Attributes:
        return {"units": "1", "long_name": long_name, "equation": equation}

    return {
        "rho_S": (
            ("t", "row", "column", "complex"),
            _re_im(run.rho_S[run.recorded]),
            about("reduced state of the system, not renormalised", "Tr_B rho"),
        ),
        "bond_profile": (
            ("t", "bond"),
            run.bonds.copy(),
            about("bond dimension on the left of each chain site", "none"),
        ),
        "occupation_profile": (
            ("t", "site"),
            run.occupations.copy(),
            about("bosons on each chain site", "<c_n^dag c_n>"),
        ),
        "level_profile": (("t", "site"), run.levels.copy(), about("boson levels in use on each chain site", "none")),
    }


def _text(matrix: Matrix) -> str:
    """A matrix as nested lists of numbers, complex ones as strings: what a configuration file would hold."""
    real = bool(np.all(matrix.imag == 0))
    return json.dumps([[float(z.real) if real else f"{z:.15g}" for z in row] for row in matrix])


def installed_version(package: str) -> str:
    """Version of an installed package, "not installed" without one."""
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


def _attributes(run: Trajectory, alpha_S: float, *, smallest: float) -> Attributes:
    """Attributes of the dataset; text and numbers only, so that netCDF can hold them."""
    bath, temperature = run.model.bath, run.model.temperature
    flags = [*run.flags]
    if smallest < NEGATIVE:
        flags.append(f"rho_S has a negative eigenvalue, {smallest:.3g}")
    versions = [f"{name} {installed_version(name)}" for name in PACKAGES]
    return {
        "convention": CONVENTION,
        "alpha_S": alpha_S,
        "temperature": float(temperature),
        "beta": 1 / float(temperature) if temperature > 0 else math.inf,
        "hamiltonian": _text(run.model.hamiltonian),
        "coupling": _text(run.model.coupling),
        "initial": _text(run.initial),
        "spectral_density": bath.density.describe(),
        "chain_sites": len(bath.frequencies),
        "algorithm": json.dumps(run.algorithm.settings()),
        "status": "not converged" if flags else "converged",
        "flags": "; ".join(flags) or "none",
        "drive": "none: W_chi = W_total = 0",
        "errors": HOW if run.rough is not None else "none: no rougher run to compare with",
        "versions": ", ".join([f"python {platform.python_version()}", *versions]),
        "wall_seconds": float(run.wall_seconds),
    }
