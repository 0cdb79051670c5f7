"""What a lost tail does to entropies, entropy productions, temperatures and other ratios, from what it does to energies and to rho_S."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from tnthermo.model.qubit import bloch_vector, entropy_slope
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.expectations import Expectations
from tnthermo.types import Real


@dataclass(frozen=True, kw_only=True, eq=False)
class System:
    """rho_S at the record times (n,), and how far it may be off.

    state    trace norm of its change
    entropy  what that makes of S_S, nats
    rate     and of dS_S/dt
    levels   the spread of H_S, energy
    bloch, bloch_rate, field   (n, 3) of a qubit: r, dr/dt and the effective field; None of other systems
    turned   how far the field may be off, energy
    """

    state: Real
    entropy: Real
    rate: Real
    levels: Real
    bloch: Real | None
    bloch_rate: Real
    field: Real
    turned: Real

    @classmethod
    def at(cls, run: Trajectory, e: Expectations, state: Real, mixing: Real, amounts: Mapping[str, Real]) -> System:
        """``state`` (m,) and the part of it that changes entropies at the times of ``e``; the energies' ``amounts`` at the record times."""
        at = e.after[run.recorded]
        eigenvalues, vectors = np.linalg.eigh(e.rho_S[at])
        distance = 0.5 * mixing[at]
        floor = np.maximum(distance, 1e-300)[:, None]
        logs = np.log(np.maximum(eigenvalues, floor))
        # |dS| <= |Tr[d rho log rho]|, where rho has no eigenvalue smaller than its change; those give at most -x log x
        entropy = distance * (np.ptp(logs, axis=-1) + 1.0)
        moving = np.abs(np.einsum("nik,nij,njk->nk", vectors.conj(), e.rho_S_rate[at], vectors))
        levels = np.ptp(np.linalg.eigvalsh(e.hamiltonian[at]), axis=-1)
        # dS/dt = -sum_i dp_i/dt log p_i
        rate = entropy * levels + np.sum(moving * np.minimum(1.0, floor / np.maximum(eigenvalues, floor)), axis=-1)
        rate = np.where(distance > 0, rate, 0.0)
        qubit = e.rho_S.shape[-1] == 2
        norm = max(float(np.linalg.norm(operator, 2)) for operator in e.operators)
        return cls(
            state=state[at],
            entropy=entropy,
            rate=rate,
            levels=levels,
            bloch=bloch_vector(e.rho_S[at]) if qubit else None,
            bloch_rate=bloch_vector(e.rho_S_rate[at]) if qubit else np.zeros((at.size, 3)),
            field=bloch_vector(e.effective[at]) if qubit else np.zeros((at.size, 3)),
            turned=2 * np.sqrt(amounts["h"] * (amounts["h"] + amounts["E_int"])) * norm if norm > 0 else 0.0 * rate,
        )


def on_entropies(temperatures: tuple[float, ...], system: System, amounts: Mapping[str, Real]) -> dict[str, Real]:
    """Amounts (n,) of entropies and entropy productions, and of their rates; none at T = 0 of what has a beta."""
    S, double = system.entropy, 2 * system.entropy
    found = {"S_S": S, "S_B": S, "Delta_S_B": S, "S_chi": double, "Sdot_S": system.rate, "Sdot_B": system.rate}
    found |= {f"{name}_{side}": found[name] for name in ("Delta_S_B", "S_chi") for side in ("lower", "upper")}
    betas = 1 / np.array([T if T > 0 else np.nan for T in temperatures])
    if np.isnan(betas).any():
        return found
    energy, heat = amounts["E_B_each"] @ betas, amounts["Q_B_each"] @ betas
    found |= dict.fromkeys(("D_B", "D_B_lower", "D_B_upper"), energy + S)
    found |= dict.fromkeys(("Sigma_B", "Sigma_B_lower", "Sigma_B_upper"), heat + S)
    of_system = S + betas[0] * amounts["E_S"]
    return found | {
        "Sigma_S": S + betas[0] * amounts["Q_S"],
        "Sigma_total": S + energy,
        "D_S": of_system,
        "Sigma_Lindblad_S": of_system,
        "Sigmadot_S": system.rate + betas[0] * amounts["Qdot_S"],
        "Sigmadot_B": system.rate + betas.max() * amounts["Qdot_B"],
    }


def on_ratios(t: Real, at: Mapping[str, Real], system: System, amounts: Mapping[str, Real]) -> dict[str, Real]:
    """Amounts (n,) of temperatures and of what is made with them; infinite where a denominator is zero within its own amount."""
    found: dict[str, Real] = {}
    energy_rates, entropy_rates = {}, {"S": (at["Sdot_S"], system.rate), "B": (at["Sdot_B"], system.rate)}
    for part in "SB":
        energy_rates[part] = amounts[f"Qdot_{part}"] + amounts[f"Wdot_{part}"]
    energy_rates["chi"] = energy_rates["S"] + energy_rates["B"]
    entropy_rates["chi"] = (at["Sdot_S"] + at["Sdot_B"], 2 * system.rate)
    for part, (rate, doubt) in entropy_rates.items():
        found[f"T_{part}"] = _quotient(energy_rates[part], at[f"T_{part}"], rate, doubt)
    for name in ("inverse_T_S_populations", "inverse_T_S_coherences"):
        energy = at["Qdot_S"] + at["Wdot_S"]
        found[name] = _quotient(system.rate, at[name], energy, energy_rates["S"])
    for part in "SB":
        energy = at[f"Qdot_{part}"] + at[f"Wdot_{part}"]
        rate, doubt = entropy_rates[part]
        with np.errstate(divide="ignore", invalid="ignore"):
            share = at[f"Wdot_{part}"] / energy
            of_share = _quotient(amounts[f"Wdot_{part}"], share, energy, energy_rates[part])
            found[f"Sigmadot_pseudo_{part}"] = np.abs(rate) * of_share + np.abs(share) * doubt
        found[f"Sigma_pseudo_{part}"] = _accumulated(t, found[f"Sigmadot_pseudo_{part}"])
    for name in ("Sigma_pseudo", "Sigmadot_pseudo"):
        found[name] = found[f"{name}_S"] + found[f"{name}_B"]
    found |= _extended(t, at, system)
    return {name: np.where(np.isnan(amount), np.inf, amount) for name, amount in found.items()}  # 0/0: anything


def _extended(t: Real, at: Mapping[str, Real], system: System) -> dict[str, Real]:
    """T_ext_S, Sigmadot_ext_S and Sigma_ext_S of a qubit: direction and length of the field and of the Bloch vector r."""
    if system.bloch is None:
        return {}
    r, field = np.linalg.norm(system.bloch, axis=-1), np.linalg.norm(system.field, axis=-1)
    speed = np.linalg.norm(system.bloch_rate, axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        slope = entropy_slope(np.minimum(r, 1 - 1e-15))
        direction = system.turned / field + 2 * system.state / r
        steeper = 2 * system.state / np.maximum(1 - r**2, system.state)
        inverse = (slope * (direction + system.turned / field) + steeper) / field
        T = np.abs(at["T_ext_S"])
        of_T = np.where(inverse * T < 1, T**2 * inverse / (1 - inverse * T), np.inf)
        rate = 0.5 * (speed * (slope * direction + steeper) + slope * system.levels * system.state)
    none = system.state + system.turned == 0
    of_T, rate = np.where(none, 0.0, of_T), np.where(none, 0.0, rate)
    return {"T_ext_S": of_T, "Sigmadot_ext_S": rate, "Sigma_ext_S": _accumulated(t, rate)}


def _quotient(of_numerator: Real, value: Real, denominator: Real, of_denominator: Real) -> Real:
    """How far ``value`` = numerator / denominator may be off (n,)."""
    room = np.abs(denominator) - of_denominator
    with np.errstate(divide="ignore", invalid="ignore"):
        found = (of_numerator + np.abs(value) * of_denominator) / room
    exact = (of_numerator == 0) & (of_denominator == 0)
    return np.where(exact, 0.0, np.where(room > 0, found, np.inf))


def _accumulated(t: Real, rates: Real) -> Real:
    """int dt (n,); what is infinite at t = 0 alone, where rates are 0/0, does not count."""
    rates = np.array(rates)
    if rates.size > 1 and not np.isfinite(rates[0]):
        rates[0] = rates[1]
    rates = np.where(np.isnan(rates), np.inf, rates)
    return np.append(0.0, np.cumsum(0.5 * np.diff(t) * (rates[1:] + rates[:-1])))
