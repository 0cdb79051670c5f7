"""The ledger: every thermodynamic column of a run, derived from its raw columns, for any alpha_S."""

from __future__ import annotations

import json
import math
import platform

import numpy as np
import xarray as xr

import tnthermo.thermo.accessor  # noqa: F401  so that datasets have .tnthermo
from chains.problems import raise_if_any
from tnthermo.checks import alpha_problems
from tnthermo.machine.versions import installed_version
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.record.flag_text import NOT_MEASURED, covered, flags_of, flags_text
from tnthermo.record.target import Target, target_from
from tnthermo.record.trajectory import Trajectory, run_problems
from tnthermo.thermo.columns import columns
from tnthermo.thermo.dataset import coordinates, error_variables, errors_of, ledger_variables, state_variables
from tnthermo.thermo.definitions import CONVENTION
from tnthermo.thermo.entropies import Attributes
from tnthermo.thermo.judged import judgement, with_verdict
from tnthermo.timeline.differences import HOW, HOW_LADDER

LAX = Target(overall=0.05)  # what a cap may cost at most without being flagged where no target is set
NEGATIVE = -1e-10  # a smaller eigenvalue of rho_S is named among the flags
PACKAGES = ("tnthermo", "numpy", "scipy", "numba", "quimb", "xarray")


def ledger(run: Trajectory, alpha_S: float = 0.5) -> xr.Dataset:
    """Thermodynamic ledger of a run on its record times, dimension ``t``.

    alpha_S  part of h = Tr[rho_S (x) rho_B H_int] counted as the bath's energy; any real number, 1 - alpha_S is the system's
             part [15, 16]

    Columns, their units and equations: :data:`tnthermo.thermo.definitions.COLUMNS`, and ``PER_BATH`` with a dimension ``bath``.
    Further rho_S (t, row, column, complex) with the last axis (re, im), H_S_eff likewise [15], <A_q> and <X_q> of every channel of the
    coupling [16] (``MEAN_FIELD``), what rho_S says by itself (``OF_SYSTEM``: sigma_x, sigma_y, sigma_z of a qubit, population, coherence,
    population_H, ergotropy and its parts, F_S; any other operator: `tnthermo.expectation`), profiles over sites, the physical modes, the
    run's own observables, and NAME_error where ``run.rough`` is there to compare with. Integrals are taken at step resolution. What has no
    value is NaN with a ``reason`` in its attributes. An own observable takes the place of a column of its name.

    Raises :class:`chains.InvalidInput` for what is no run, or an alpha_S that is not a finite number.
    """
    raise_if_any(run_problems(run) + alpha_problems(alpha_S))
    alpha = float(alpha_S)
    found = columns(run, alpha)
    variables, errors, column_errors = ledger_variables(found), None, None
    if run.rough is not None:
        errors = errors_of(run, found, alpha)
        variables |= error_variables(run, found, errors)
        column_errors = {name: variables[f"{name}_error"][1] for name in ("h", "E_S", "S_S")}
    dataset = xr.Dataset(
        variables | state_variables(run, alpha, errors, column_errors),
        coords=coordinates(run),
        attrs=_attributes(run, alpha, smallest=float(found.attributes["S_S"]["smallest_eigenvalue"])),
    )
    if errors is None:
        return dataset
    dataset = _with_caps_noted(dataset, run)
    return with_verdict(dataset, target_from(run.asked), run.limited) if run.asked else dataset


def _with_caps_noted(dataset: xr.Dataset, run: Trajectory) -> xr.Dataset:
    """The ledger with the caps that its error columns hold, and what was not to be had, among the doubts, no longer among the flags."""
    caps = [text for text in run.flags if covered(text, asked=bool(run.asked))]
    if not (run.asked or judgement(dataset, LAX).met):
        caps = [text for text in caps if text.startswith(NOT_MEASURED)]
    if not caps:
        return dataset
    flags = [text for text in flags_of(dataset.attrs) if text not in caps]
    status = "not converged" if flags else "converged"
    return dataset.assign_attrs(flags=flags_text(flags), status=status, doubts=flags_text([*run.doubts, *caps]))


def _text(matrix: Matrix) -> str:
    """A matrix as nested lists of numbers, complex ones as strings: what a configuration file would hold."""
    real = bool(np.all(matrix.imag == 0))
    return json.dumps([[float(z.real) if real else f"{z:.15g}" for z in row] for row in matrix])


def _attributes(run: Trajectory, alpha_S: float, *, smallest: float) -> Attributes:
    """Attributes of the dataset; text and numbers only, so that netCDF can hold them."""
    model, temperature = run.model, run.model.temperature
    flags = [*run.flags]
    if smallest < NEGATIVE:
        flags.append(f"rho_S has a negative eigenvalue, {smallest:.3g}")
    versions = [f"{name} {installed_version(name)}" for name in PACKAGES]
    return {
        "convention": CONVENTION,
        "alpha_S": alpha_S,
        "temperature": math.nan if temperature is None else float(temperature),
        "temperatures": json.dumps(list(model.temperatures)),
        "beta": math.nan if temperature is None else 1 / temperature if temperature > 0 else math.inf,
        "hamiltonian": _text(model.hamiltonian),
        "coupling": "; ".join(_text(coupling.operator) for coupling in model.couplings),
        "coupling_kind": "; ".join(coupling.kind for coupling in model.couplings),
        "initial": _text(run.initial),
        "start": run.start,
        "free_energy": run.free_energy,
        "free_energy_meaning": "-T log(Z/Z_B) of a mean-force start, Z of the coupled whole, Z_B of the bath alone; energy; else NaN",
        "spectral_density": "\n".join(coupling.density.describe() for coupling in model.couplings),
        "chain_sites": model.sites,
        "layout": json.dumps({"system": model.line.system, "chains": model.line.chains}),
        "algorithm": json.dumps(run.algorithm.settings()),
        "status": "not converged" if flags else "converged",
        "flags": flags_text(flags),
        "doubts": flags_text(run.doubts),
        "drive": _drives(run.model),
        "errors": (HOW_LADDER if run.asked else HOW)
        if run.rough is not None
        else "none: no rougher run to compare with",
        "versions": ", ".join([f"python {platform.python_version()}", *versions]),
        "wall_seconds": float(run.wall_seconds),
        "compile_seconds": float(run.compile_seconds),
        "peak_memory_bytes": float(run.peak_memory),
    }


def _drives(model: Model) -> str:
    """What is driven, in words."""
    parts = [f"H_S + ({part.drive.describe()}) {_text(part.operator)}" for part in model.drives]
    parts += [
        f"coupling of bath {j} times ({coupling.strength.describe()})"
        for j, coupling in enumerate(model.couplings)
        if coupling.strength is not None
    ]
    return "; ".join(parts) or "none: W_chi = W_total = 0"
