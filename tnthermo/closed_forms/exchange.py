"""Example I of the paper, a qubit that exchanges quanta with its bath, to second order: its ledger for any start [51-71].

H_S = (w0/2) sigma_z, L = sigma_minus; rates of `golden_rule`, the one convention G = 4 gamma everywhere (a correction to [56], [59],
[60], [63]). Valid for 1/w0, 1/(bandwidth of J) << t, to leading order of the coupling. The rates of h and of U_chi are of higher order,
the mean field's work is not: a coherence turns at w0 beside the field <C> that it drives, so that heat and energy of S differ by
G w0 |rho_01|^2, as those of B do in [66-68], and dQ_S = -dQ_B [26]. Numbers in brackets: Alipour et al., Sci. Rep. 6, 35568 (2016).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chains.checks import instance_problems, time_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.closed_forms.golden_rule import GoldenRule
from tnthermo.model.operators import density_matrix
from tnthermo.model.qubit import (
    bloch_matrix,
    bloch_vector,
    entropy_of_length,
    entropy_slope,
    extended_inverse_temperature,
    extended_production_rate,
    relative_entropy_to_gibbs,
)
from tnthermo.types import Complex, Real

ROUNDING = 1e-13  # of gamma~: smaller rates of z and of the entropy are the rounding of zero


@dataclass(frozen=True, kw_only=True, eq=False)
class Exchange:
    """Example I at times t (n,), to second order; energies, nats, times in 1/energy; rates per time. gamma~ = G coth(beta w0/2).

    bloch, rho_S     (n, 3), (n, 2, 2): z = z0 e^(-gamma~ t) + tanh(beta w0/2) (e^(-gamma~ t) - 1), coherences fall at gamma~/2 and turn
                     with w0 + Omega [56]
    U_S, Udot_S      w0 z/2; (w0/2) dz/dt, which is [63]: the heat of a Lindblad equation, without the mean field
    Qdot_S, Wdot_S   the ledger's: dU_S + G w0 |rho_01|^2 = -dQ_B; -G w0 |rho_01|^2
    S_S, Sdot_S      dS_S = -(dr/2) log((1 + r)/(1 - r)) [58]
    inverse_T_S      dS_S/dU_S, T_S its inverse [59, 60], with the numerator of [59] as corrected,
                     -(gamma~ (x^2 + y^2) + 2 G z + 2 gamma~ z^2)
    T_ext_S          1/T = -(1/w0) (z/r) log((1 + r)/(1 - r)) [64]
    Sigmadot_ext_S_along_z   dS_S - dU_S/T_ext = -(1/2) ((x dx + y dy)/r) log((1 + r)/(1 - r)), [65] as corrected: printed with dr in the
                     place of (x dx + y dy)/r
    Sigmadot_ext_S   the ledger's: dS_S - dQ_S/T_ext. The mean field tilts H_S_eff by O(lambda^2) and the coherence turns across it at w0
    Sigmadot_Lindblad_S   dS_S - beta dU_S = -dD(rho_S || rho_S^beta)/dt >= 0 [41-43]; NaN at T = 0
    Sigmadot_S       the ledger's: dS_S - beta dQ_S [40], smaller by beta G w0 |rho_01|^2: it may be negative; NaN at T = 0
    D_S              D(rho_S || rho_S^beta); NaN at T = 0
    Edot_B, Qdot_B   G w0 ((n + 1) rho_00 - n rho_11), the same - G w0 |rho_01|^2, into the bath [66-68]; dU_B = dE_B there
    Sdot_B           beta Qdot_B, so that dSigma_B = dS_B - beta dQ_B = 0 [70, 71]; NaN at T = 0
    inverse_T_B      dS_B/dU_B, the same at all times, = its limit [69]; NaN at T = 0
    reasons          why a column is NaN where it is, by name
    """

    t: Real
    rates: GoldenRule
    bloch: Real
    rho_S: Complex
    U_S: Real
    Udot_S: Real
    Qdot_S: Real
    Wdot_S: Real
    S_S: Real
    Sdot_S: Real
    inverse_T_S: Real
    T_S: Real
    T_ext_S: Real
    Sigmadot_ext_S_along_z: Real
    Sigmadot_ext_S: Real
    Sigmadot_Lindblad_S: Real
    Sigmadot_S: Real
    D_S: Real
    Edot_B: Real
    Qdot_B: Real
    Sdot_B: Real
    inverse_T_B: Real
    T_B: Real
    reasons: dict[str, str]


@dataclass(frozen=True, kw_only=True, eq=False)
class BathRates:
    """Rates (n,) of the bath in the window 1/w0 << t << 1/G [66-68]: energy^2, and nat energy for Sdot_B (NaN at T = 0).

    Edot_B, Qdot_B, Udot_B   Udot_B = Edot_B + alpha_S dh, where dh is of higher order
    Sdot_B                   beta Qdot_B
    """

    Edot_B: Real
    Qdot_B: Real
    Udot_B: Real
    Sdot_B: Real


def exchange(rates: GoldenRule, *, initial: Any, times: npt.ArrayLike) -> Exchange:
    """`Exchange` from the state ``initial`` of the qubit ("+x", a vector, a density matrix) at ``times`` (n,) >= 0, 1/energy.

    Raises `chains.InvalidInput` with every problem.
    """
    problems = _rates_problems(rates) + time_problems(times)
    try:
        rho = density_matrix(initial, dimension=2, key="initial")
    except InvalidInput as error:
        problems += error.problems
    raise_if_any(problems)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    w, T = rates.splitting, rates.temperature
    vector, change = _motion(rates, bloch_vector(rho), t)
    length = np.minimum(np.linalg.norm(vector, axis=-1), 1.0)  # 1 + rounding for a pure start
    field = np.broadcast_to(np.array([0.0, 0.0, w]), vector.shape)
    Sdot_S = _entropy_rate(vector, change, length)
    Udot = w * change[:, 2] / 2
    bath = bath_rates(rates, bloch_matrix(vector))
    beta = 1 / T if T > 0 else math.nan
    nan = np.full(t.size, np.nan)
    least = ROUNDING * rates.relaxation
    ended = (np.abs(Udot) <= least * w) & ((np.abs(Sdot_S) <= least) | (np.abs(bath.Sdot_B) <= least))
    reasons: dict[str, str] = {}
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse_S, inverse_B = (np.where(ended, np.nan, s / u) for s, u in ((Sdot_S, Udot), (bath.Sdot_B, bath.Udot_B)))
        T_S, T_B = 1 / inverse_S, 1 / inverse_B
        inverse_ext = extended_inverse_temperature(vector, field)
        T_ext = 1 / inverse_ext
    if ended.any():
        reasons |= dict.fromkeys(("T_S", "inverse_T_S", "T_B", "inverse_T_B"), "0/0: nothing changes, within rounding")
    if T == 0:
        reasons |= dict.fromkeys(
            ("Sigmadot_S", "Sigmadot_Lindblad_S", "D_S", "Sdot_B", "T_B", "inverse_T_B"), "beta infinite"
        )
    if np.isnan(T_ext).any():
        reasons["T_ext_S"] = "r = 0"
    mean_field = bath.Udot_B - bath.Qdot_B
    Qdot = Udot + mean_field
    with np.errstate(invalid="ignore"):
        ext = np.where(mean_field == 0, 0.0, mean_field * inverse_ext)
    along_z = extended_production_rate(vector, change, field)
    return Exchange(
        t=t, rates=rates, bloch=vector, rho_S=bloch_matrix(vector), U_S=w * vector[:, 2] / 2, Udot_S=Udot, Qdot_S=Qdot,
        Wdot_S=-mean_field, S_S=entropy_of_length(length), Sdot_S=Sdot_S, inverse_T_S=inverse_S, T_S=T_S, T_ext_S=T_ext,
        Sigmadot_ext_S_along_z=along_z, Sigmadot_ext_S=along_z - ext, Sigmadot_Lindblad_S=Sdot_S - beta * Udot,
        Sigmadot_S=Sdot_S - beta * Qdot, D_S=relative_entropy_to_gibbs(vector, w, T) if T > 0 else nan, Edot_B=bath.Edot_B,
        Qdot_B=bath.Qdot_B, Sdot_B=bath.Sdot_B, inverse_T_B=inverse_B, T_B=T_B, reasons=reasons,
    )  # fmt: skip


def bath_rates(rates: GoldenRule, rho_S: Complex) -> BathRates:
    """`BathRates` for states (n, 2, 2) of the qubit at the time in question. [66-68] Raises `chains.InvalidInput`."""
    problems = _rates_problems(rates)
    if not isinstance(rho_S, np.ndarray) or rho_S.shape[-2:] != (2, 2) or rho_S.dtype.kind not in "iufc":
        found = f"an array of shape {rho_S.shape}" if isinstance(rho_S, np.ndarray) else rho_S
        problems.append(Problem(key="rho_S", value=found, allowed="an array (..., 2, 2) of numbers"))
    raise_if_any(problems)
    up, down = np.real(rho_S[..., 0, 0]), np.real(rho_S[..., 1, 1])
    energy = rates.splitting * (rates.down * up - rates.up * down)
    heat = energy - rates.splitting * rates.rate * np.abs(rho_S[..., 0, 1]) ** 2
    beta = 1 / rates.temperature if rates.temperature > 0 else math.nan
    return BathRates(Edot_B=energy, Qdot_B=heat, Udot_B=energy, Sdot_B=beta * heat)


def system_temperature_limit(rates: GoldenRule, initial: Any) -> float:
    """T_S for t -> infinity [61], energy: 1/T_S -> beta [1 - (x0^2 + y0^2)/(2 tau (z0 + tau))], tau = tanh(beta w0/2).

    Not T for a start with coherences: they vanish as fast as the deviation of z when squared. Only [59] as corrected gives this limit.
    NaN at T = 0 (S is pure at the end: no limit of this form), and for z0 = -tau, where dU_S = 0. Raises `chains.InvalidInput`.
    """
    return _limit(rates, initial, lambda across, tau, above: 1 - across / (2 * tau * above))


def bath_temperature_limit(rates: GoldenRule, initial: Any) -> float:
    """T_B for t -> infinity [69], energy: 1/T_B -> beta [1 - tau (x0^2 + y0^2)/(2 (z0 + tau))], the value at all t in the window.

    NaN at T = 0 and for z0 = -tau, where dU_B = 0. Raises `chains.InvalidInput`.
    """
    return _limit(rates, initial, lambda across, tau, above: 1 - tau * across / (2 * above))


def _rates_problems(rates: object) -> list[Problem]:
    return instance_problems("rates", rates, GoldenRule, "what golden_rule(...) returns")


def _limit(rates: GoldenRule, initial: Any, factor: Any) -> float:
    raise_if_any(_rates_problems(rates))
    x, y, z = bloch_vector(density_matrix(initial, dimension=2, key="initial"))
    tau, T = -rates.equilibrium, rates.temperature
    if T == 0 or z + tau == 0:
        return math.nan
    inverse = float(factor(x**2 + y**2, tau, z + tau)) / T
    return 1 / inverse if inverse != 0 else math.inf


def _motion(rates: GoldenRule, start: Real, t: Real) -> tuple[Real, Real]:
    """Bloch vector and its rate (n, 3) each: dz = -gamma~ z - G, dc = -(gamma~/2 + i (w0 + Omega)) c for c = x - i y = 2 rho_01."""
    decay, turn = rates.relaxation, rates.splitting + rates.lamb_shift
    z = start[2] * np.exp(-decay * t) - rates.equilibrium * np.expm1(-decay * t)
    c = (start[0] - 1j * start[1]) * np.exp(-(decay / 2 + 1j * turn) * t)
    dc = -(decay / 2 + 1j * turn) * c
    vector = np.stack([np.real(c), -np.imag(c), z], axis=-1)
    return vector, np.stack([np.real(dc), -np.imag(dc), -decay * z - rates.rate], axis=-1)


def _entropy_rate(vector: Real, change: Real, length: Real) -> Real:
    """dS = -(l/2) dr, (n,); a pure state that loses length at once has an infinite rate, r = 0 none."""
    flow = np.sum(vector * change, axis=-1)
    still = np.abs(flow) <= 1e-15 * np.linalg.norm(change, axis=-1)
    slope = np.where(still, 0.0, entropy_slope(length))
    return np.asarray(-slope * np.where(still, 0.0, flow) / (2 * np.where(length > 0, length, 1.0)))
