"""The ledger's columns from a second-order solution: the same definitions as for an exact run, fed with second-order expectation values."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.model.density_matrix import entropy_rate, spectrum, von_neumann
from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.model.qubit import bloch_vector, extended_production_rate, population_entropy_rate
from tnthermo.second_order.memory import motion
from tnthermo.thermo.definitions import COLUMNS, PER_BATH
from tnthermo.thermo.energies import accumulated, energies, heat_rates, work_rates
from tnthermo.thermo.entropies import Attributes
from tnthermo.thermo.expectations import Expectations, sides, trace
from tnthermo.thermo.mean_field import mean_field_values
from tnthermo.thermo.system import Variables, about, system_variables
from tnthermo.thermo.temperatures import extended_temperature, rounding
from tnthermo.timeline.integrate import cumulative_integral
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Solution:
    """A second-order solution on a grid of times (m,): rho_S and d rho_S/dt (m, d, d), Tr_B[X_q rho] and Tr_B[P_q rho] (m, Q, d, d).

    current  energy current into each bath (m, B), energy^2, where the method has its own; else None: -sum_q F_q <A_q P_q>

    d rho_S/dt at a jump of a drive is the one after it. The moments, like the state, do not jump.
    """

    times: Real
    rho_S: Complex
    rho_S_rate: Complex
    moment_X: Complex
    moment_P: Complex
    current: Real | None


def jumps_up_to(model: Model, end: float) -> list[float]:
    """Times up to ``end`` at which a drive jumps."""
    return [jump for jump in model.jumps if just_before(jump) <= end]


def expectations(model: Model, solution: Solution) -> Expectations:
    """What the ledger's definitions need. E_B is the integrated current, and the total energy the sum of its parts."""
    both = sides(solution.times, jumps_up_to(model, float(solution.times[-1])))
    t = both.times
    rho_S, moment_X, moment_P = (of[both.step] for of in (solution.rho_S, solution.moment_X, solution.moment_P))
    operators = np.stack([channel.operator for channel in model.channels])
    strength, hamiltonian = model.strengths(both.probe), model.hamiltonian_at(both.probe)
    rate = solution.rho_S_rate[both.step]
    for i in np.flatnonzero(both.probe < t):
        rate[i] = motion(hamiltonian[i], operators, strength[i], moment_X[i], rho_S[i])
    baths = np.array([channel.bath for channel in model.channels])
    count = len(model.couplings)
    coupling = np.real(np.einsum("qij,mji->mq", operators, rho_S))
    momentum = np.real(np.einsum("mqii->mq", moment_P))
    product = np.real(np.einsum("qij,mqji->mq", operators, moment_X))
    flux = np.real(np.einsum("qij,mqji->mq", operators, moment_P))
    if solution.current is not None:  # the whole of a bath's current is booked on its first channel, undriven: F = 1
        flux = np.zeros_like(flux)
        flux[:, [int(np.argmax(baths == j)) for j in range(count)]] = -solution.current[both.step]
    current = np.stack([-(strength * flux)[:, baths == j].sum(axis=1) for j in range(count)], axis=1)
    breaks = tuple(b for b in model.breaks if b < t[-1])
    bath_energy = cumulative_integral(t, current, breaks=breaks)
    system_energy = trace(hamiltonian, rho_S)
    return Expectations(
        times=t,
        step=both.step,
        after=both.after,
        breaks=breaks,
        baths=baths,
        count=count,
        strength=strength,
        strength_slope=model.strength_slopes(both.probe),
        coupling=coupling,
        position=np.real(np.einsum("mqii->mq", moment_X)),
        product=product,
        momentum=momentum,
        product_flux=flux,
        coupling_rate=np.real(np.einsum("qij,mji->mq", operators, rate)),
        position_rate=momentum + (strength * coupling) @ model.commutators.T,
        hamiltonian=hamiltonian,
        hamiltonian_slope=model.hamiltonian_slope(both.probe),
        system_energy=system_energy,
        bath_energy=bath_energy,
        total_energy=system_energy + bath_energy.sum(axis=1) + np.sum(strength * product, axis=1),
        rho_S=rho_S,
        rho_S_rate=rate,
        operators=operators,
    )


def second_order_variables(
    model: Model, solution: Solution, recorded: npt.NDArray[np.int64], alpha_S: float
) -> Variables:
    """Variables of the dataset at the ``recorded`` points (n,) of the solution's grid."""
    e = expectations(model, solution)
    at_steps, recorded = recorded, e.after[recorded]
    steps = energies(e, alpha_S) | heat_rates(e) | work_rates(e, alpha_S) | accumulated(e, alpha_S)
    steps["flux_each"] = -e.per_bath(e.strength * e.product_flux)
    steps["residual_energy"] = steps["U_tot"] - steps["U_tot"][0] - steps["W_total"]
    all_S_S = von_neumann(spectrum(e.rho_S))
    at = {name: column[recorded] for name, column in steps.items()}
    at["S_S"] = all_S_S[recorded]
    attributes: dict[str, Attributes] = {
        "residual_energy": {"note": "what second order leaves of energy conservation; no error of the solution"},
        "U_tot": {"note": "the sum of its parts"},
    }
    if solution.current is not None:
        attributes["flux_each"] = {"note": "of the jumps, -Tr[H_S D_j rho_S]"}
    entropic, reasons = _entropies(model, e, at, all_S_S[0], recorded, alpha_S)
    at |= entropic
    attributes |= reasons
    variables: Variables = {}
    for column in (*COLUMNS, *PER_BATH):
        if column.name in at:
            text = about(column) | attributes.get(column.name, {})
            variables[column.name] = (("t", *column.dims), at[column.name].copy(), text)
    rho = solution.rho_S[at_steps]
    text = {"units": "1", "long_name": "reduced state of the system", "equation": "second order"}
    variables["rho_S"] = (("t", "row", "column", "complex"), np.stack([rho.real, rho.imag], axis=-1), text)
    variables |= mean_field_values(e, recorded, alpha_S)
    return variables | system_variables(
        rho, e.hamiltonian[recorded], times=e.times[recorded], temperature=model.temperature
    )


def _entropies(
    model: Model, e: Expectations, at: dict[str, Real], start: float, recorded: npt.NDArray[np.int64], alpha_S: float
) -> tuple[dict[str, Real], dict[str, Attributes]]:
    """Entropies, temperatures and productions (n,) and the reasons for what is NaN. [34, 40, 48, 70, 71, 103, 104]"""
    size, entropy_size = rounding(model)
    rho, effective = e.rho_S[recorded], e.effective[recorded]
    Sdot_S = entropy_rate(rho, e.rho_S_rate[recorded])
    quiet = np.full_like(Sdot_S, size)
    found = extended_temperature(rho, effective, at["Qdot_S"], quiet)
    values, attributes = dict(found.values), dict(found.attributes)
    Udot_S, Udot_B = at["Qdot_S"] + at["Wdot_S"], at["Qdot_B"] + at["Wdot_B"]
    values["T_S"], attributes["T_S"] = _quotient(Udot_S, Sdot_S, size, entropy_size)
    if rho.shape[-1] == 2:
        r, moved, h = (bloch_vector(of) for of in (rho, e.rho_S_rate[recorded], effective))
        for name, part in (("populations", population_entropy_rate), ("coherences", extended_production_rate)):
            split = f"inverse_T_S_{name}"
            values[split], attributes[split] = _quotient(part(r, moved, h), Udot_S, entropy_size, size)
    names = ("Delta_S_B", "S_chi", "D_B", "Sigma_S", "Sigma_B", "Sigma_total", "T_B", "T_chi")
    temperatures = np.array(model.temperatures)
    if np.any(temperatures == 0):
        reason: Attributes = {"reason": "beta infinite; the bath's entropy is not analytic in the coupling at T = 0"}
        return values | dict.fromkeys(names, np.full_like(Sdot_S, np.nan)), attributes | dict.fromkeys(names, reason)
    betas = 1 / temperatures
    delta_S_S = at["S_S"] - start
    delta_S_B = at["Q_B_each"] @ betas
    Sdot_B = at["Qdot_B_each"] @ betas
    chi_work = np.sum(e.strength_slope * (e.product - e.coupling * e.position), axis=1)[recorded]
    values |= {
        "Delta_S_B": delta_S_B,
        "S_chi": delta_S_S + delta_S_B,
        "Sigma_B": np.zeros_like(delta_S_B),
        "Sigma_total": delta_S_S + at["E_B_each"] @ betas,
        "Sigma_S": delta_S_S - betas[0] * at["Q_S"],
    }
    values["D_B"] = values["Sigma_total"] - values["S_chi"]
    second: Attributes = {"note": "to second order, sum_j beta_j Q_Bj [70, 103]"}
    attributes |= dict.fromkeys(("Delta_S_B", "S_chi", "D_B"), second)
    attributes["Sigma_B"] = {"note": "0 to second order [71, 104]"}
    if model.temperature is None:
        values["Sigma_S"] = np.full_like(delta_S_B, np.nan)
        attributes["Sigma_S"] = {"reason": "baths of different temperatures: no one beta for the heat of the system"}
    values["T_B"], attributes["T_B"] = _quotient(Udot_B, Sdot_B, size, entropy_size)
    Udot_chi = chi_work - at["Qdot_S"] - at["Qdot_B"]
    values["T_chi"], attributes["T_chi"] = _quotient(Udot_chi, Sdot_S + Sdot_B, size, entropy_size)
    return values, attributes


def _quotient(energy: Real, entropy: Real, energy_size: float, entropy_size: float) -> tuple[Real, Attributes]:
    """dU/dS (n,), NaN where both are only rounding; dS = 0 alone gives an infinite temperature. [34]"""
    undefined = (np.abs(energy) <= energy_size) & (np.abs(entropy) <= entropy_size)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(undefined, np.nan, energy / entropy)
    why = "0/0: neither energy nor entropy changes"
    return value, {"reason": why, "undefined_points": int(undefined.sum())} if undefined.any() else {}
