"""Every column of the ledger at the record times, as plain arrays."""

from __future__ import annotations

from dataclasses import fields

import numpy as np

from tnthermo.record.causes import without_lost_modes
from tnthermo.record.ladder import companions
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.balances import entropy_productions, residuals
from tnthermo.thermo.bath_rate import BathRate, bath_rate
from tnthermo.thermo.definitions import needed
from tnthermo.thermo.energies import accumulated, energies, flux, heat_rates, work_rates
from tnthermo.thermo.entropies import (
    BETWEEN,
    Attributes,
    Findings,
    bath_entropies,
    excess_entropy,
    modes_missing,
    system_entropy,
)
from tnthermo.thermo.expectations import expectations
from tnthermo.thermo.productions import extended_production, lindblad_production, production_rates, pseudo_productions
from tnthermo.thermo.temperatures import (
    Rates,
    extended_temperature,
    extended_width,
    pseudo_temperatures,
    rates,
    rounding,
    split_inverse_temperature,
)
from tnthermo.timeline.differences import envelope
from tnthermo.types import Real


def columns(run: Trajectory, alpha_S: float) -> Findings:
    """Every column of definitions.COLUMNS and PER_BATH at the record times, and their widths, without error columns.

    Raises LookupError where a part of the ledger does not give what the definitions promise.
    """
    run = without_lost_modes(run)
    e = expectations(run)
    steps = energies(e, alpha_S) | heat_rates(e) | work_rates(e, alpha_S) | accumulated(e, alpha_S)
    steps |= residuals(e, steps, alpha_S) | {"flux_each": flux(e)}
    recorded = e.after[run.recorded]
    at = {name: column[recorded] for name, column in steps.items()}
    found = [system_entropy(run.rho_S[run.recorded])]
    found.append(bath_entropies(run, found[0].values["S_S"]))
    of_bath = bath_rate(run)
    rate = rates(run, e, alpha_S, of_bath)
    error = _rate_errors(run, rate, of_bath, alpha_S)
    found.append(pseudo_temperatures(run, rate, error))
    found.append(extended_temperature(e.rho_S[recorded], e.effective[recorded], rate.Qdot_S, error.Qdot_S))
    found.append(extended_width(run, e))
    moved = e.rho_S_rate[recorded]
    found.append(split_inverse_temperature(e.rho_S[recorded], moved, e.effective[recorded], rate, error))
    found.append(production_rates(run, rate, error, of_bath, at["Qdot_B_each"]))
    found.append(pseudo_productions(run, e, steps, rate, error, of_bath, found[1].values["Delta_S_B"]))
    found.append(extended_production(run, e))
    found.append(lindblad_production(run, e, found[0].values["S_S"]))
    found.append(heat_variance(run))
    found.append(_diagnostics(run, at["E_B"]))
    values: dict[str, Real] = at
    attributes: dict[str, Attributes] = {}
    if not run.model.driven:
        undriven: Attributes = {"note": "0: nothing is driven"}
        attributes = dict.fromkeys(("W_chi", "W_total", "W_drive_S", "W_drive_each"), undriven)
    if run.algorithm.bins:
        radiated: Attributes = {
            "note": "the energy that kicks at discrete times radiate, which E_B, by conservation, leaves out"
        }
        attributes["residual_energy"] = radiated
    for part in found:
        values = values | part.values
        attributes = attributes | part.attributes
    productions, reasons = _entropy_productions(run, values)
    every = {name: column[e.after] for name, column in steps.items()} | system_entropy(run.rho_S).values
    whole = Findings(values=values | productions, attributes=attributes | reasons, steps=every)
    return complete(whole, run)


def complete(found: Findings, run: Trajectory) -> Findings:
    """``found``, with every name of `definitions.needed` in its shape.

    Raises LookupError naming what is missing: here, for every kind of run, not where one column is first asked for.
    """
    times = run.recorded.size
    wrong = [
        f"{name} {'is missing' if name not in found.values else f'has shape {found.values[name].shape}'}, not {(times, *shape)}"
        for name, shape in needed(len(run.model.couplings)).items()
        if name not in found.values or found.values[name].shape != (times, *shape)
    ]
    if wrong:
        raise LookupError(f"columns of the ledger: {'; '.join(wrong)}")
    return found


def heat_variance(run: Trajectory) -> Findings:
    """Var_Q_B (n,) and Var_Q_B_each (n, B), energy^2: variance of the two-point measured change of H_B.

    The thermofield vacuum is an eigenvector of H_chain with eigenvalue 0, so its n-th moment is <H_chain^n>. Other starts are not
    eigenvectors, and the first of the two measurements would change them.
    """
    names, shape = ("Var_Q_B", "Var_Q_B_each"), run.heat_square.shape
    if run.start != "product":
        reason: Attributes = {
            "reason": f"{run.start} start: it does not commute with H_B, the first measurement would change it"
        }
        nan = {"Var_Q_B": np.full(shape[0], np.nan), "Var_Q_B_each": np.full((shape[0], shape[1] - 1), np.nan)}
        return Findings(values=nan, attributes=dict.fromkeys(names, reason))
    each = run.chain_energy[run.recorded]
    values = {
        "Var_Q_B": run.heat_square[:, 0] - each.sum(axis=1) ** 2,
        "Var_Q_B_each": run.heat_square[:, 1:] - each**2,
    }
    sparse: Attributes = {"reason": "<H_chain^2> was not evaluated at the times that are NaN (variance_every)"}
    if run.algorithm.bins:
        sparse = {"reason": "<H_B^2> is not measured on time bins: a chain has it"}
    return Findings(values=values, attributes=dict.fromkeys(names, sparse) if np.isnan(run.heat_square).any() else {})


def _rate_errors(run: Trajectory, rate: Rates, of_bath: BathRate | None, alpha_S: float) -> Rates:
    """Size (n,) below which a rate counts as zero: rounding, or the difference to the rough run where that is larger.

    That of an entropy of the bath with error bars is in its width.
    """
    energy, entropy = rounding(run.model)
    least = {
        field.name: np.full_like(rate.Qdot_S, entropy if field.name.startswith("Sdot") else energy)
        for field in fields(Rates)
    }
    width = 0.0 if of_bath is None else of_bath.width
    for name in ("Sdot_B", "Sdot_chi"):
        least[name] = np.fmax(least[name], width)
    rougher = companions(run)
    if not rougher:
        return Rates(**least)
    found = dict(least)
    for one in rougher:
        rough = rates(one, expectations(one), alpha_S, bath_rate(one))
        for name in least:
            found[name] = np.fmax(found[name], envelope(run.t, getattr(rate, name), one.t, getattr(rough, name)))
    if of_bath is not None and of_bath.bars is not None:
        found |= {"Sdot_B": least["Sdot_B"], "Sdot_chi": found["Sdot_S"] + least["Sdot_B"]}
    return Rates(**found)


def _diagnostics(run: Trajectory, E_B: Real) -> Findings:
    """What the run says about its own accuracy, one number a record time."""
    attributes: dict[str, Attributes] = {}
    if np.isnan(run.mode_energy).any():
        attributes["residual_occupation"] = {"reason": modes_missing(run)}
    return Findings(
        values={
            "residual_occupation": E_B - E_B[0] - (run.mode_energy - _start_energy(run)).sum(axis=1),
            "bond_dimension": run.bonds.max(axis=1),
            "occupation": run.occupations.sum(axis=1),
            "top_level_population": run.top_populations.max(axis=1),
            "discarded_weight": run.discarded_weight[run.recorded],
            "norm": run.norm[run.recorded],
        },
        attributes=attributes,
    )


def _start_energy(run: Trajectory) -> Real:
    """sum_k w_k (n_k - n_k^beta) (B,) at t = 0; a product start has thermal baths whether that was evaluated or not."""
    return np.zeros(run.mode_energy.shape[1]) if run.start == "product" else run.mode_energy[0]


def _entropy_productions(run: Trajectory, at: dict[str, Real]) -> tuple[dict[str, Real], dict[str, Attributes]]:
    names = ("Sigma_S", "Sigma_B", "Sigma_B_lower", "Sigma_B_upper", "Sigma_total", "residual_entropy")
    temperatures = np.array(run.model.temperatures)
    if np.any(temperatures == 0):
        infinite: Attributes = {"reason": "beta infinite"}
        return dict.fromkeys(names, np.full_like(at["S_S"], np.nan)), dict.fromkeys(names, infinite)
    reasons: dict[str, Attributes] = {}
    if np.isnan(at["Delta_S_B"]).any():
        unknown: Attributes = {"reason": "the entropy of the physical bath has no value at these times, see Delta_S_B"}
        reasons = {"Sigma_B": unknown, "residual_entropy": unknown}
    if np.isnan(at["Delta_S_B_lower"]).any():
        reasons |= {name: {"reason": BETWEEN} for name in ("Sigma_B_lower", "Sigma_B_upper")}
    if run.start != "product":
        reasons["Sigma_total"] = {
            "note": f"no entropy production, may be negative: the baths of a {run.start} start are not thermal"
        }
    if run.model.temperature is None:
        reasons["Sigma_S"] = {"reason": "baths of different temperatures: no one beta for the heat of the system"}
    return entropy_productions(at, 1 / temperatures, excess_entropy(run, at["S_S"])), reasons
