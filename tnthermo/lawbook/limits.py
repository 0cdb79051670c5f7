"""Limits that weak coupling has and strong coupling need not have: T_B -> T, dSigma_B -> 0, thermalisation, those of the two examples.

A value at long times is known as far as the run has settled. What it may still move is taken from how rho_S has moved: as a geometric
series, from the second half of the run and its ratio to the first. A run that has not begun to slow down says nothing about its limit.
What rings on, as behind a hard cutoff, is no geometric series: all that the last quarter of the run holds is in the error bar. A state is
judged by its mean over that quarter.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tnthermo.lawbook.reading import Reading, Series, judged_with_bounds
from tnthermo.lawbook.verdict import Law, Statement, over_time, single, with_remark
from tnthermo.types import Complex

UNSETTLED = "the run is too short to see the system settle"
LAST = 0.25  # of the run: the window over which ringing is seen
COLD = "beta infinite"


def limits(r: Reading, resolution: float) -> list[Law]:
    """Every limit that the model of the ledger has. [57, 61, 64, 69, 71, 73, 102, 104]"""
    found = [bath_production(r, resolution), bath_temperature(r, resolution, r.alpha_S), extended(r, resolution)]
    found += [population_part(r, resolution), thermalisation(r, resolution)]
    if is_dephasing(r):
        found.append(bath_temperature(r, resolution, 1.0, name="dephasing_bath_temperature"))
    exchange = exchange_start(r)
    if exchange is not None:
        found += exchange_limits(r, resolution, *exchange)
    return found


def bath_production(r: Reading, resolution: float) -> Law:
    """Sigma_B = 0 at every time: to second order the bath produces no entropy of its own. [71, 104]"""
    statement = Statement(
        name="bath_production",
        title="the bath produces no entropy",
        equation="dSigma_B -> 0 [71, 104]",
        relation="->",
        unit="nat",
    )
    scale = r.series("Delta_S_B").size if r.measured.any() else r.series("S_S").change.size
    return judged_with_bounds(over_time, statement, r, r.series("Sigma_B"), scale, resolution)


def bath_temperature(r: Reading, resolution: float, alpha_S: float, *, name: str = "bath_temperature") -> Law:
    """Delta U_B/Delta S_B since t = 0 at the last time at which the bath's entropy is known, against T. [34, 69, 102]

    Bounds on Delta S_B that reach across 0 bound no temperature, but its inverse: then that is judged, if it decides.
    """
    statement = Statement(
        name=name,
        title=f"T_B is T, alpha_S = {alpha_S:g}",
        equation="Delta U_B/Delta S_B -> T" + (" [102]" if alpha_S == 1.0 else " [34, 69]"),
        relation="->",
        unit="energy",
        bound=r.temperature,
    )
    S_B = r.series("Delta_S_B")
    bounded = np.isfinite(S_B.value) & (r.t > 0)
    known = np.flatnonzero(bounded & r.measured if (bounded & r.measured).any() else bounded)
    scale = abs(r.temperature)
    if not r.temperature > 0 or not known.size:
        reason = (
            "baths of different temperatures"
            if math.isnan(r.temperature)
            else COLD
            if r.temperature == 0
            else S_B.reason
        )
        return single(statement, math.nan, math.nan, scale=scale, resolution=resolution, reason=reason)
    i = int(known[-1])
    energy = r.series("E_B").change + alpha_S * r.series("h").change
    only, time = bool(np.broadcast_to(S_B.bracket, r.t.shape)[i]), float(r.t[i])
    value, error = quotient(energy, S_B, i)
    law = single(
        statement, value, error, scale=scale, resolution=resolution, time=time, bracket=only and math.isfinite(error)
    )
    if law.verdict == "cannot tell":
        value, error = quotient(S_B, energy, i)
        turned = replace(
            statement,
            equation=f"Delta S_B/Delta U_B -> 1/T{statement.equation.split('T')[-1]}",
            unit="1/energy",
            bound=1 / scale,
        )
        other = single(turned, value, error, scale=1 / scale, resolution=resolution, time=time, bracket=only)
        if other.verdict != "cannot tell":
            return with_remark(other, "judged by its inverse")
        law = replace(law, reason="; ".join(part for part in (other.reason, S_B.reason) if part))
    return law


def quotient(over: Series, under: Series, i: int) -> tuple[float, float]:
    """over/under at time i and its error bar; infinite where the denominator is not known to differ from 0."""
    U, S, U_error, S_error = (float(x[i]) for x in (over.value, under.value, over.error, under.error))
    if S == 0 or not S_error < abs(S):
        return (U / S if S != 0 else math.nan), math.nan if math.isnan(S_error) else math.inf
    return U / S, (U_error + abs(U / S) * S_error) / (abs(S) - S_error)


def extended(r: Reading, resolution: float) -> Law:
    """T_ext_S at the end of the run against T. [48, 64]"""
    statement = Statement(
        name="extended_temperature", title="T_ext_S is T", equation="T_ext_S -> T [48, 64]",
        relation="->", unit="energy", bound=r.temperature,
    )  # fmt: skip
    return _at_the_end(statement, r, r.series("T_ext_S"), resolution)


def population_part(r: Reading, resolution: float) -> Law:
    """The part of 1/T_S that populations make at the end of the run against beta. [72, 73]

    It is (dQ_S/dU_S)/T_ext_S: the limit is that of a system on which no work is done, the remark says which part of dU_S is work.
    """
    beta = 1 / r.temperature if r.temperature > 0 else math.nan
    statement = Statement(
        name="population_part", title="populations' part of 1/T_S is 1/T",
        equation="(dS_S/dU_S) of populations = (dQ_S/dU_S)/T_ext_S -> beta [73]", relation="->", unit="1/energy", bound=beta,
    )  # fmt: skip
    if math.isnan(beta):
        reason = COLD if r.temperature == 0 else "baths of different temperatures"
        return single(statement, math.nan, math.nan, scale=0.0, resolution=resolution, reason=reason)
    series = r.series("inverse_T_S_populations")
    law = _at_the_end(statement, r, series, resolution)
    known = np.flatnonzero(np.isfinite(series.value) & (r.t > 0))
    if not known.size:
        return law
    work, heat = (float(r.series(name).value[known[-1]]) for name in ("Wdot_S", "Qdot_S"))
    return with_remark(law, f"dW_S/dU_S = {work / (work + heat):.3g}") if work + heat != 0 else law


def _at_the_end(statement: Statement, r: Reading, series: Series, resolution: float) -> Law:
    """A long-time value: its last one; to its error is added what it may still change (`settling`) and how far it rings."""
    scale = abs(statement.bound)
    known = np.flatnonzero(np.isfinite(series.value) & (r.t > 0))
    if not known.size or not math.isfinite(statement.bound):
        reason = series.reason or ("baths of different temperatures" if math.isnan(statement.bound) else "no value")
        return single(statement, math.nan, math.nan, scale=scale, resolution=resolution, reason=reason)
    i = int(known[-1])
    middle = int(known[np.argmin(np.abs(r.t[known] - r.t[i] / 2))])
    value, ahead = float(series.value[i]), settling(r)[1]
    moved = abs(value - float(series.value[middle]))
    rest = 0.0 if moved == 0 else moved * ahead
    late = known[late_times(r)[known]]
    rest += float(np.abs(series.value[late] - value).max(initial=0.0))
    error, reason = float(series.error[i]) + rest, "" if math.isfinite(rest) else UNSETTLED
    return single(statement, value, error, scale=scale, resolution=resolution, time=float(r.t[i]), reason=reason)


def settling(r: Reading) -> tuple[float, float]:
    """(what rho_S may still move, the same in units of its motion over the second half of the run).

    Motion is measured by populations and moduli of coherences in the eigenbasis of H_S, so that free rotation is none: M_1 is the largest
    distance to the middle of the run over its first half, M_2 that to its end over the second half. With q = M_2/M_1 the rest is
    M_2 q/(1 - q): infinite for q >= 1, or where nothing has moved beyond the error of rho_S.
    """
    rho, t = r.rho_S, r.t
    _, vectors = np.linalg.eigh(r.hamiltonian)
    moduli = np.abs(vectors.conj().T @ rho @ vectors)
    middle = int(np.argmin(np.abs(t - t[-1] / 2)))
    halves = ((moduli[: middle + 1], moduli[middle]), (moduli[middle:], moduli[-1]))
    first, second = (float(np.abs(half - end).sum(axis=(1, 2)).max() / 2) for half, end in halves)
    if not first > float(np.nan_to_num(r.rho_S_error[-1])) or second >= first:
        return math.inf, math.inf
    ahead = second / first / (1 - second / first)
    return second * ahead, ahead


def gibbs(hamiltonian: Complex, temperature: float) -> Complex:
    """exp(-H/T)/Z (d, d); at T = 0 the projector on the ground states, divided by their number."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    x = energies - energies[0]
    weights = (
        (x <= 1e-12 * max(1.0, np.abs(energies).max())).astype(float) if temperature == 0 else np.exp(-x / temperature)
    )
    return np.asarray((vectors * (weights / weights.sum())) @ vectors.conj().T)


def thermalisation(r: Reading, resolution: float) -> Law:
    """Trace distance of rho_S at the end of the run from exp(-beta H_S)/Z. [57]"""
    statement = Statement(
        name="thermalisation", title="the system relaxes to its Gibbs state", equation="rho_S -> exp(-beta H_S)/Z [57]",
        relation="->", unit="1",
    )  # fmt: skip
    if r.driven or math.isnan(r.temperature):
        reason = "driven" if r.driven else "baths of different temperatures"
        return single(statement, math.nan, math.nan, scale=1.0, resolution=resolution, reason=reason)
    return distance_at_the_end(statement, r, gibbs(r.hamiltonian, r.temperature), 0.0, resolution)


def late_times(r: Reading) -> npt.NDArray[np.bool_]:
    """The times (n,) of the last quarter of the run."""
    start, end = float(r.t[0]), float(r.t[-1])
    return np.asarray(r.t >= end - LAST * (end - start) * (1 + 1e-12))


def distance_at_the_end(statement: Statement, r: Reading, state: Complex, state_error: float, resolution: float) -> Law:
    """Trace distance of rho_S, its mean over the last quarter of the run, from a state.

    Its error: of both states, how far any rho_S of that quarter is from their mean, and what it may still move (`settling`). By the
    triangle inequality it covers the distance of the limit, wherever in its ringing the run ends.
    """
    late = late_times(r)
    mean = r.rho_S[late].mean(axis=0)
    rings = max(trace_distance(rho, mean) for rho in r.rho_S[late])
    rest = settling(r)[0]
    error = float(r.rho_S_error[late].max()) / 2 + state_error + rings + rest
    reason = "" if math.isfinite(rest) else UNSETTLED
    law = single(
        statement, trace_distance(mean, state), error, scale=1.0, resolution=resolution, time=float(r.t[-1]), reason=reason,
    )  # fmt: skip
    return law if reason else with_remark(law, f"mean from t = {r.t[late][0]:.4g} on")


def trace_distance(a: Complex, b: Complex) -> float:
    """Half the trace norm of a - b."""
    return float(np.abs(np.linalg.eigvalsh(a - b)).sum() / 2)


def is_dephasing(r: Reading) -> bool:
    """Whether every coupling is Hermitian and commutes with H_S, undriven, at one temperature."""
    commute = all(np.abs(A @ r.hamiltonian - r.hamiltonian @ A).max() <= 1e-12 * np.abs(A).max() for A in r.couplings)
    return commute and not r.driven and set(r.kinds) == {"hermitian"} and not math.isnan(r.temperature)


def exchange_start(r: Reading) -> tuple[float, float, float] | None:
    """(w_0, z(0), |x + i y|^2(0)) of a qubit with H_S = w_0 sigma_z/2, one bath, L proportional to sigma_minus; None for other models."""
    H, T = r.hamiltonian, r.temperature
    if (
        H.shape != (2, 2)
        or len(r.kinds) != 1
        or r.kinds[0] != "exchange"
        or r.driven
        or not T > 0
        or not r.product_start
    ):
        return None
    L = r.couplings[0]
    w0 = float((H[0, 0] - H[1, 1]).real)
    aligned = H[0, 1] == 0 and w0 > 0 and np.abs(L[[0, 0, 1], [0, 1, 1]]).max() == 0
    if not aligned:
        return None
    rho = r.rho_S[0]
    return w0, float((rho[0, 0] - rho[1, 1]).real), 4 * float(abs(rho[0, 1]) ** 2)


def exchange_limits(r: Reading, resolution: float, w0: float, z0: float, transverse: float) -> list[Law]:
    """Long-time pseudo-temperatures of the secular master equation. [61, 69]

    z and x^2 + y^2 approach z_eq = -tanh(beta w_0/2) and 0 at the same rate, so coherence never drops out of the ratios:
    T_S -> T/(1 + c/(2 z_eq)), T_B -> T/(1 + c z_eq/2), c = (x^2 + y^2)(0)/(z(0) - z_eq).
    """
    T = r.temperature
    z = -math.tanh(w0 / (2 * T))
    found = []
    c = transverse / (z0 - z) if z0 != z else math.inf
    for name, who, number, factor in (("T_S", "system", "[61]", 1 / (2 * z)), ("T_B", "bath", "[69]", z / 2)):
        denominator = 1 + c * factor
        bound = T / denominator if denominator != 0 and math.isfinite(denominator) else math.inf
        statement = Statement(
            name=f"long_time_{name}", title=f"long-time {name} of the {who}",
            equation=f"{name} -> its limit of second order {number}", relation="->", unit="energy", bound=bound,
        )  # fmt: skip
        found.append(_at_the_end(statement, r, r.series(name), resolution))
    return found
