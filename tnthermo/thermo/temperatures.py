"""Pseudo-temperatures T_i = dU_i/dS_i and the extended temperature of a qubit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.model.density_matrix import entropy_rate
from tnthermo.model.model import Model
from tnthermo.model.qubit import (
    bloch_vector,
    extended_inverse_temperature,
    extended_production_rate,
    population_entropy_rate,
)
from tnthermo.record.ladder import companions
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.bath_rate import BathRate, with_reason
from tnthermo.thermo.energies import heat_rates, work_rates
from tnthermo.thermo.entropies import Attributes, Findings
from tnthermo.thermo.expectations import Expectations, expectations
from tnthermo.timeline.differences import envelope
from tnthermo.types import Complex, Real

QUBITS: Attributes = {"reason": "defined for qubits only"}
ROUNDING = 1e-12  # of the largest term: what a difference of terms cannot resolve


@dataclass(frozen=True, kw_only=True, eq=False)
class Rates:
    """Rates (n,) at the record times: of energy, heat and work (Udot, Qdot, Wdot, energy^2), entropy (Sdot, nat energy).

    Used for the rates themselves and for their errors. Sdot_B and Sdot_chi are NaN where the bath's entropy is unknown.
    """

    Udot_S: Real
    Udot_B: Real
    Udot_chi: Real
    Qdot_S: Real
    Wdot_S: Real
    Wdot_B: Real
    Sdot_S: Real
    Sdot_B: Real
    Sdot_chi: Real


def rates(run: Trajectory, e: Expectations, alpha_S: float, of_bath: BathRate | None) -> Rates:
    """Rates at the record times, from measured commutators; Sdot_B where ``of_bath`` has it by differences, else as Sdot_S."""
    heat, work = heat_rates(e), work_rates(e, alpha_S)
    at = e.after[run.recorded]
    Sdot_S = entropy_rate(e.rho_S[at], e.rho_S_rate[at])
    chi_work = np.sum(e.strength_slope * (e.product - e.coupling * e.position), axis=1)  # Tr[chi dH_int/dt]
    Sdot_B = Sdot_S if of_bath is None else of_bath.rate
    return Rates(
        Udot_S=(heat["Qdot_S"] + work["Wdot_S"])[at],
        Udot_B=(heat["Qdot_B"] + work["Wdot_B"])[at],
        Udot_chi=(chi_work - heat["Qdot_S"] - heat["Qdot_B"])[at],
        Qdot_S=heat["Qdot_S"][at],
        Wdot_S=work["Wdot_S"][at],
        Wdot_B=work["Wdot_B"][at],
        Sdot_S=Sdot_S,
        Sdot_B=Sdot_B,
        Sdot_chi=Sdot_S + Sdot_B,
    )


def rounding(model: Model) -> tuple[float, float]:
    """Sizes below which a rate of energy (energy^2) and one of entropy (nat energy) are only rounding.

    1e-12 of kappa |A| (|H_S| + kappa |A|) and of kappa |A|, the scales that coupling and commutators give these rates (drives at their
    factor 1).
    """
    strength = sum(
        kappa * float(np.abs(part.operator).max()) for part in model.couplings for kappa in part.local_strengths
    )
    return ROUNDING * strength * (float(np.abs(model.hamiltonian).max()) + strength), ROUNDING * strength


def _because(undefined: npt.NDArray[np.bool_], why: str) -> Attributes:
    return {"reason": why, "undefined_points": int(undefined.sum())} if undefined.any() else {}


def _ratio(energy: Real, entropy: Real, energy_error: Real, entropy_error: Real) -> tuple[Real, Attributes]:
    """energy/entropy, or the inverse, NaN where both are zero within their errors; a denominator of 0 alone gives an infinity."""
    undefined = (np.abs(energy) <= energy_error) & (np.abs(entropy) <= entropy_error)
    with np.errstate(divide="ignore", invalid="ignore"):
        value = np.where(undefined, np.nan, energy / entropy)
    return value, _because(undefined, "0/0: neither energy nor entropy changes, within error")


def _width(value: Real, entropy: Real, energy_error: Real, entropy_error: Real) -> Real:
    """(|dU error| + |T| |dS error|)/(|dS| - |dS error|) (n,): how wrong T = dU/dS may be; inf where dS is zero within error."""
    with np.errstate(divide="ignore", invalid="ignore"):
        width = (energy_error + np.abs(value) * entropy_error) / (np.abs(entropy) - entropy_error)
    return np.where(np.abs(entropy) <= entropy_error, np.inf, width)


def pseudo_temperatures(run: Trajectory, rate: Rates, error: Rates) -> Findings:
    """T_i = dU_i/dS_i (n,), energy, for S, B and chi. [34]

    error  of each rate; where dU and dS are both zero within it T_i is NaN (0/0), with a count in the attributes

    dU_S = 0 with dS_S != 0 is a temperature 0 [107]; dS_i = 0 alone is an infinite one. T_i_width (n,) is what the rates' errors make of
    the ratio's, infinite where dS_i is zero within error: near a pole the error column cannot be below it.
    """
    values: dict[str, Real] = {}
    attributes: dict[str, Attributes] = {}
    for part in ("S", "B", "chi"):
        U, S, of_U, of_S = (getattr(of, f"{name}dot_{part}") for of in (rate, error) for name in "US")
        values[f"T_{part}"], attributes[f"T_{part}"] = _ratio(U, S, of_U, of_S)
        values[f"T_{part}_width"] = _width(values[f"T_{part}"], S, of_U, of_S)
    if np.isnan(rate.Sdot_B).any():
        for name in ("T_B", "T_chi"):
            attributes[name] = with_reason(attributes[name])
    return Findings(values=values, attributes=attributes)


def split_inverse_temperature(
    rho: Complex, rho_rate: Complex, effective: Complex, rate: Rates, error: Rates
) -> Findings:
    """inverse_T_S_populations and inverse_T_S_coherences (n,), 1/energy, of a qubit: 1/T_S along and across its field. [72 - 76]

    rho, rho_rate  (n, d, d) reduced state and its rate, Bloch vectors r, dr/dt
    effective      (n, d, d) H_S_eff but for a multiple of 1: h_0 + hvec.sigma/2

    dS_S = -(l/2) rhat . dr has a part along hvec, (dQ_S)/T_ext_S, and one across it. NAME_width as of the pseudo-temperatures; NaN where
    dU_S is zero within error as the part is, |hvec| = 0, or the system is no qubit.
    """
    names = ("inverse_T_S_populations", "inverse_T_S_coherences")
    nan = np.full(rate.Udot_S.shape, np.nan)
    if rho.shape[-1] != 2:
        values = dict.fromkeys((*names, *(f"{name}_width" for name in names)), nan)
        return Findings(values=values, attributes=dict.fromkeys(names, QUBITS))
    r, moved, h = bloch_vector(rho), bloch_vector(rho_rate), bloch_vector(effective)
    values, attributes = {}, {}
    parts = (population_entropy_rate(r, moved, h), extended_production_rate(r, moved, h))
    for name, part in zip(names, parts, strict=True):
        values[name], attributes[name] = _ratio(part, rate.Udot_S, error.Sdot_S, error.Udot_S)
        values[f"{name}_width"] = _width(values[name], rate.Udot_S, error.Sdot_S, error.Udot_S)
        if np.isnan(part).any():
            attributes[name] = _because(np.isnan(values[name]), "0/0 within error, or |hvec| = 0")
    return Findings(values=values, attributes=attributes)


def extended_temperature(rho: Complex, effective: Complex, Qdot_S: Real, Qdot_error: Real) -> Findings:
    """T_ext_S (n,), energy, of a qubit. [48]

    rho        (n, d, d) reduced state of the system, Bloch vector r
    effective  (n, d, d) H_S + <X> A, the effective Hamiltonian but for a multiple of 1: h_0 + hvec.sigma/2
    Qdot_S     (n,) heat rate and its error: where no heat flows a temperature of the heat has no meaning

    1/T_ext = -log((1 + r)/(1 - r)) (rhat . hhat)/|hvec|. NaN with the reason where |dQ_S| is zero within error, r = 0,
    |hvec| = 0, or the system is not a qubit; a pure state (r = 1) has T_ext = 0, rhat normal to hhat an infinite one.
    """
    nan = np.full(Qdot_S.shape, np.nan)
    if rho.shape[-1] != 2:
        return Findings(values={"T_ext_S": nan}, attributes={"T_ext_S": {"reason": "defined for qubits only"}})
    r, h = bloch_vector(rho), bloch_vector(effective)
    length, field = np.linalg.norm(r, axis=1), np.linalg.norm(h, axis=1)
    still, mixed, free = np.abs(Qdot_S) <= Qdot_error, length <= ROUNDING, field <= ROUNDING
    undefined = still | mixed | free
    with np.errstate(divide="ignore"):
        value = np.where(undefined, np.nan, 1 / extended_inverse_temperature(r, h))
    reasons = [
        f"{text} ({int(where.sum())} points)"
        for where, text in ((still, "|dQ_S| is zero within error"), (mixed, "r = 0"), (free, "|hvec| = 0"))
        if where.any()
    ]
    return Findings(values={"T_ext_S": value}, attributes={"T_ext_S": _because(undefined, "; ".join(reasons))})


def extended_width(run: Trajectory, e: Expectations) -> Findings:
    """T_ext_S_width (n,): the error that the difference of 1/T_ext to the rough run makes in T_ext, inf where 1/T_ext is zero within it.

    Without a rough run there is nothing to compare with: NaN.
    """
    nan = np.full(run.t.size, np.nan)
    rougher = companions(run)
    if not rougher or run.rho_S.shape[-1] != 2:
        return Findings(values={"T_ext_S_width": nan})

    def beta(one: Trajectory, of: Expectations) -> Real:
        return extended_inverse_temperature(
            bloch_vector(one.rho_S[one.recorded]), bloch_vector(of.effective[of.after[one.recorded]])
        )

    inverse = beta(run, e)
    every = (envelope(run.t, inverse, one.t, beta(one, expectations(one)), local=True) for one in rougher)
    off = np.asarray(np.fmax.reduce(list(every)))
    with np.errstate(divide="ignore", invalid="ignore"):
        width = off / (np.abs(inverse) * (np.abs(inverse) - off))
        # a pure state: 1/T infinite in both, T = 0
        width = np.where(np.isinf(inverse), 0.0, np.where(np.abs(inverse) <= off, np.inf, width))
    return Findings(values={"T_ext_S_width": width})
