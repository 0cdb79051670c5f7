"""Example II of the paper, pure dephasing of a qubit: its ledger in closed form at any coupling, time and temperature.

H_S = (w0/2) sigma_z, A = sigma_z, m = <sigma_z>, J(w) = sum_k g_k^2 delta(w - w_k) with g_k = lambda f_k of the paper, so that Gamma and
Delta below hold lambda^2. <X> is that of X = sum_k g_k (a_k + a_k^dag). Numbers in brackets: Alipour et al., Sci. Rep. 6, 35568 (2016).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chains import Discrete, SpectralDensity, argument_problems
from chains.checks import flag_problems, number_problems, time_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.closed_forms.decoherence import decoherence, displacement
from tnthermo.closed_forms.finite_dephasing import dephasing
from tnthermo.model.operators import density_matrix
from tnthermo.model.qubit import bloch_vector, entropy_of_length, entropy_slope
from tnthermo.types import Complex, Real

NO_HEAT = "|dQ_S| is zero: a temperature of the heat has no meaning"
COLD = "beta infinite"


@dataclass(frozen=True, kw_only=True, eq=False)
class PureDephasing:
    """Pure dephasing at times t (n,), from rho_S (x) Gibbs; energies, nats, times in 1/energy, rates per time.

    m             <sigma_z>, which does not move
    Gamma, Delta, Gamma_rate, Delta_rate   of `decoherence` and `displacement`
    rho_S         (n, 2, 2), |rho_01(t)| = |rho_01(0)| exp(-8 Gamma)
    X, h          -4 m Delta: equation [85] needs the opposite sign of g_k* (or [93] reads +4) for this; h = m X
    E_S, E_B, E_int   w0 m/2; 4 Delta (from the thermal bath); -4 Delta
    U_S, U_B, U_chi   E_S + (1 - alpha_S) h; E_B + alpha_S h; -4 (1 - m^2) Delta [19, 20]
    Q_S, Q_B      0; 4 (1 - m^2) Delta, and the rates
    W_S, W_B      -W_B; 4 (1 - alpha_S) m^2 Delta, and the rates
    S_S, Sdot_S   from the length of the Bloch vector, dS = -(l/2) dr
    Delta_S_B_second_order, Sdot_B_second_order   4 beta (1 - m^2) Delta [101] and its rate; NaN at T = 0
    Delta_S_B     exact: at T = 0 the entropy of a mixture of two coherent states, of which the eigenvalues are
                  (1 +- (m^2 + (1 - m^2) exp(-16 Gamma))^(1/2))/2; at T > 0 by `tnthermo.dephasing` where asked for (modes only), else NaN
    T_S           dU_S/dS_S = -4 (1 - alpha_S) m^2 dDelta/dS_S. 0 for m = 0 or alpha_S = 1: dU_S = 0 with dS_S != 0, [107] as printed
    T_B_second_order     T (1 - alpha_S m^2)/(1 - m^2), which is T for alpha_S = 1 [102]; constant in time
    T_chi_second_order   dU_chi/(dS_S + dS_B), dS_B to second order
    T_ext_S       NaN: the formula [48] gives a finite number for m != 0, but dQ_S = 0 leaves it without meaning
    Sigma_S, Sigma_B_second_order   Delta S_S, no heat flowing; Delta S_B - beta Q_B, which is 0 to second order [40, 104]
    Sigma_total   Delta S_S + beta Delta E_B, = S_chi [33] + D_B
    reasons       why a column is NaN, by name
    """

    t: Real
    temperature: float
    splitting: float
    alpha_S: float
    m: float
    Gamma: Real
    Gamma_rate: Real
    Delta: Real
    Delta_rate: Real
    rho_S: Complex
    X: Real
    h: Real
    E_S: Real
    E_B: Real
    E_int: Real
    U_S: Real
    U_B: Real
    U_chi: Real
    Q_S: Real
    Q_B: Real
    Qdot_B: Real
    W_S: Real
    W_B: Real
    Wdot_B: Real
    S_S: Real
    Sdot_S: Real
    Delta_S_B_second_order: Real
    Sdot_B_second_order: Real
    Delta_S_B: Real
    T_S: Real
    T_B_second_order: Real
    T_chi_second_order: Real
    T_ext_S: Real
    Sigma_S: Real
    Sigma_B_second_order: Real
    Sigma_total: Real
    reasons: dict[str, str]


def pure_dephasing(
    density: SpectralDensity,
    *,
    temperature: float,
    initial: Any,
    times: npt.ArrayLike,
    splitting: float = 0.0,
    alpha_S: float = 0.5,
    exact_bath_entropy: bool = False,
) -> PureDephasing:
    """Closed forms of Example II, [85-116], at ``times`` (n,) >= 0.

    density             any of `chains`, the coupling in it; A = sigma_z
    temperature         >= 0
    initial             "+x", a vector or a density matrix of the qubit
    splitting           w0 of H_S = (w0/2) sigma_z, any real number
    alpha_S             part of h counted as the bath's
    exact_bath_entropy  at T > 0 also the exact Delta S_B, of a discrete density (its cost grows with exp(S_B(0)), see `tnthermo.dephasing`)

    Raises `chains.InvalidInput` with every problem.
    """
    problems = argument_problems(density, 1, temperature, None, 1) + time_problems(times)
    problems += number_problems("splitting", splitting) + number_problems("alpha_S", alpha_S)
    problems += flag_problems("exact_bath_entropy", exact_bath_entropy)
    discrete = isinstance(density, Discrete)
    wrong = {p.key for p in problems}
    if not wrong & {"density", "temperature", "exact_bath_entropy"} and exact_bath_entropy and not discrete:
        hint = "a continuum's thermal entropy is infinite; take the star of a chain (chains.star) for modes"
        if temperature > 0:
            problems.append(Problem(key="exact_bath_entropy", value=True, allowed="False for a continuum", hint=hint))
    try:
        rho = density_matrix(initial, dimension=2, key="initial")
    except InvalidInput as error:
        problems += error.problems
    raise_if_any(problems)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    T, alpha = float(temperature), float(alpha_S)
    Gamma, Gamma_rate = decoherence(density, t, temperature=T)
    Delta, Delta_rate = displacement(density, t)
    m, spread = float(np.real(rho[0, 0] - rho[1, 1])), float(4 * np.real(rho[0, 0]) * np.real(rho[1, 1]))
    coherence = rho[0, 1] * np.exp(-1j * splitting * t - 8 * Gamma)
    rho_S = np.empty((t.size, 2, 2), dtype=np.complex128)
    rho_S[:, 0, 0], rho_S[:, 1, 1] = rho[0, 0], rho[1, 1]
    rho_S[:, 0, 1], rho_S[:, 1, 0] = coherence, np.conj(coherence)
    S_S, Sdot_S = _system_entropy(rho_S, Gamma_rate)
    S_0 = entropy_of_length(np.linalg.norm(bloch_vector(rho[None]), axis=-1))
    beta = 1 / T if T > 0 else np.nan
    nan, zero = np.full(t.size, np.nan), np.zeros(t.size)
    reasons = {"T_ext_S": NO_HEAT}
    if T == 0:
        cold = ("Delta_S_B_second_order", "Sdot_B_second_order", "T_B_second_order", "T_chi_second_order")
        reasons |= dict.fromkeys((*cold, "Sigma_S", "Sigma_B_second_order", "Sigma_total"), COLD)
        # 1 + rounding where the start is pure and nothing has happened yet
        exact = entropy_of_length(np.minimum(np.sqrt(m**2 + spread * np.exp(-16 * Gamma)), 1.0))
    elif exact_bath_entropy:
        assert isinstance(density, Discrete)
        exact = dephasing(
            density.frequencies, density.couplings, temperature=T, initial=rho, times=t, missing=1e-12
        ).Delta_S_B
    else:
        exact, reasons["Delta_S_B"] = nan, "not asked for (exact_bath_entropy)"
    h, U_chi, heat = -4 * m**2 * Delta, -4 * spread * Delta, 4 * spread * Delta_rate
    work = 4 * (1 - alpha) * m**2
    Sdot_B = beta * heat
    T_S, why_S = _ratio(-work * Delta_rate, Sdot_S)
    T_B, why_B = _ratio(heat + work * Delta_rate, Sdot_B)
    T_chi, why_chi = _ratio(-heat, Sdot_S + Sdot_B)
    reasons = {"T_S": why_S, "T_B_second_order": why_B, "T_chi_second_order": why_chi} | reasons
    return PureDephasing(
        t=t, temperature=T, splitting=float(splitting), alpha_S=alpha, m=m, Gamma=Gamma, Gamma_rate=Gamma_rate, Delta=Delta,
        Delta_rate=Delta_rate, rho_S=rho_S, X=-4 * m * Delta, h=h, E_S=zero + splitting * m / 2, E_B=4 * Delta, E_int=-4 * Delta,
        U_S=splitting * m / 2 + (1 - alpha) * h, U_B=4 * Delta + alpha * h, U_chi=U_chi, Q_S=zero, Q_B=-U_chi, Qdot_B=heat,
        W_S=-work * Delta, W_B=work * Delta, Wdot_B=work * Delta_rate, S_S=S_S, Sdot_S=Sdot_S,
        Delta_S_B_second_order=-beta * U_chi, Sdot_B_second_order=Sdot_B, Delta_S_B=exact, T_S=T_S, T_B_second_order=T_B,
        T_chi_second_order=T_chi, T_ext_S=nan, Sigma_S=S_S - S_0 if T > 0 else nan,
        Sigma_B_second_order=zero if T > 0 else nan, Sigma_total=S_S - S_0 + beta * 4 * Delta,
        reasons={name: text for name, text in reasons.items() if text},
    )  # fmt: skip


def _system_entropy(rho_S: Complex, Gamma_rate: Real) -> tuple[Real, Real]:
    """(S_S, dS_S/dt) (n,): r dr = -8 dGamma (x^2 + y^2), the coherences alone move; 0 for a state that stays pure or has none."""
    vector = bloch_vector(rho_S)
    length, across = np.linalg.norm(vector, axis=-1), np.sum(vector[:, :2] ** 2, axis=-1)
    shrinking = -8 * Gamma_rate * across
    still = shrinking == 0
    safe = np.where(length > 0, length, 1.0)
    slope = np.where(still, 0.0, entropy_slope(np.minimum(length, 1.0)))
    with np.errstate(invalid="ignore"):
        rate = np.where(still, 0.0, -slope * shrinking / (2 * safe))
    return entropy_of_length(np.minimum(length, 1.0)), rate


def _ratio(energy: Real, entropy: Real) -> tuple[Real, str]:
    """dU/dS (n,), NaN with the reason where both are 0."""
    undefined = (energy == 0) & (entropy == 0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(undefined, np.nan, energy / entropy), "0/0: neither energy nor entropy changes" * bool(
            undefined.any()
        )
