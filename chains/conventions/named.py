"""Densities by the parameters that another package has for them, called as they are called there.

Ours is J(w) = sum_k g_k^2 delta(w - w_k) beside H_int = A (x) sum_k g_k (a_k + a_k^dag), so that
C(t) = int_0^inf dw J(w) [coth(w/2T) cos wt - i sin wt]. J_pi = pi sum_k g_k^2 delta(w - w_k), with C = (1/pi) int J_pi [...], is that of
QuTiP and of most of quantum chemistry. A stays as it is there; energies are in one unit, hbar = k_B = 1. Each function raises InvalidInput
with every problem.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from chains.checks import number_problems, sequence_problems, word_problems
from chains.densities.discrete import Discrete
from chains.densities.lorentzian import Brownian, DrudeLorentz
from chains.densities.power_law import SHAPES, PowerLaw
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


def qutip_ohmic(*, alpha: float, wc: float, s: float) -> PowerLaw:
    """Return QuTiP 5's OhmicEnvironment: J_pi = alpha w^s/wc^(s-1) exp(-w/wc), whose alpha is 2 pi times ours.

    alpha >= 0 without unit, wc > 0 an energy, s > 0. For A = sigma_z/2 the Kondo parameter is alpha/(2 pi).
    """
    raise_if_any(_all(number_problems("alpha", alpha, at_least=0.0), _positive(wc=wc, s=s)))
    return PowerLaw(alpha=alpha / (2.0 * math.pi), cutoff=wc, exponent=s, shape="exponential")


def qutip_drude_lorentz(*, lam: float, gamma: float, cutoff: float | None = None) -> DrudeLorentz:
    """Return QuTiP 5's DrudeLorentzEnvironment: J_pi = 2 lam gamma w/(w^2 + gamma^2), lam the reorganisation energy as here.

    lam >= 0, gamma > 0, energies; cutoff as in DrudeLorentz, QuTiP has none. Also HierarchicalEOM.jl's Boson_DrudeLorentz with lam = Delta
    and gamma = W: 4 Delta W w/(w^2 + W^2) = 2 pi sum_k g_k^2 delta(w - w_k).
    """
    raise_if_any(_all(number_problems("lam", lam, at_least=0.0), _positive(gamma=gamma), _cutoff(cutoff)))
    return DrudeLorentz(reorganisation_energy=lam, width=gamma, cutoff=cutoff)


def qutip_underdamped(*, lam: float, gamma: float, w0: float, cutoff: float | None = None) -> Brownian:
    """Return QuTiP 5's UnderDampedEnvironment: J_pi = lam^2 gamma w/((w^2 - w0^2)^2 + gamma^2 w^2).

    lam is a coupling, of unit energy^(3/2) and any sign: the reorganisation energy is lam^2/(2 w0^2). gamma, w0 > 0, energies. Also
    HierarchicalEOM.jl's Boson_Underdamped with lam = Delta, gamma = W. cutoff as in Brownian; QuTiP has none.
    """
    raise_if_any(_all(number_problems("lam", lam), _positive(gamma=gamma, w0=w0), _cutoff(cutoff)))
    return Brownian(reorganisation_energy=0.5 * (lam / w0) ** 2, frequency=w0, width=gamma, cutoff=cutoff)


def oqupy_power_law(*, alpha: float, zeta: float, cutoff: float, cutoff_type: str = "exponential") -> PowerLaw:
    """Return OQuPy's PowerLawSD: J = 2 alpha w^zeta/cutoff^(zeta-1) X(w/cutoff), ours number for number.

    alpha >= 0 without unit, cutoff > 0 an energy, zeta > 0; cutoff_type "hard", "exponential" or "gaussian".
    """
    words = word_problems("cutoff_type", cutoff_type, SHAPES)
    raise_if_any(_all(number_problems("alpha", alpha, at_least=0.0), _positive(zeta=zeta, cutoff=cutoff), words))
    return PowerLaw(alpha=alpha, cutoff=cutoff, exponent=zeta, shape=cutoff_type)


def quantumdynamics_exponential(*, xi: float, wc: float, n: float = 1.0, delta_s: float = 2.0) -> PowerLaw:
    """Return QuantumDynamics.jl's ExponentialCutoff: J_pi = (2 pi/delta_s^2) xi w^n/wc^(n-1) exp(-w/wc), alpha = xi/delta_s^2.

    xi >= 0, the Kondo parameter, without unit; wc > 0 an energy; n > 0; delta_s > 0 the distance of the two eigenvalues of A: 2 for
    A = sigma_z, which is the default there and here. Its influence functional has A^2 int dw J(w)/w in it: add this to H_S where A^2
    is not a multiple of 1.
    """
    raise_if_any(_all(number_problems("xi", xi, at_least=0.0), _positive(wc=wc, n=n, delta_s=delta_s)))
    return PowerLaw(alpha=xi / delta_s**2, cutoff=wc, exponent=n, shape="exponential")


def quantumdynamics_drude_lorentz(
    *, lam: float, gamma: float, delta_s: float = 2.0, cutoff: float | None = None
) -> DrudeLorentz:
    """Return QuantumDynamics.jl's DrudeLorentz: J_pi = (2 lam/delta_s^2) gamma w/(w^2 + gamma^2), our lambda being lam/delta_s^2.

    lam >= 0, gamma > 0, energies; delta_s and A^2 int dw J(w)/w as in :func:`quantumdynamics_exponential`; cutoff as in DrudeLorentz.
    """
    positive = _positive(gamma=gamma, delta_s=delta_s)
    raise_if_any(_all(number_problems("lam", lam, at_least=0.0), positive, _cutoff(cutoff)))
    return DrudeLorentz(reorganisation_energy=lam / delta_s**2, width=gamma, cutoff=cutoff)


def huang_rhys(*, frequencies: Sequence[float] | FloatArray, factors: Sequence[float] | FloatArray) -> Discrete:
    """Return modes by their Huang-Rhys factors S_k = (g_k/w_k)^2 >= 0, without unit: g_k = w_k sqrt(S_k).

    frequencies > 0, energies. The reorganisation energy is sum_k S_k w_k, for an excited state displaced against the ground state with
    A = |e><e|.
    """
    raise_if_any(_lists(frequencies, "factors", factors, at_least=0.0))
    w = np.asarray(frequencies, dtype=np.float64)
    return Discrete(frequencies=w, couplings=w * np.sqrt(np.asarray(factors, dtype=np.float64)))


def caldeira_leggett(
    *, frequencies: Sequence[float] | FloatArray, couplings: Sequence[float] | FloatArray, mass: float = 1.0
) -> Discrete:
    """Return oscillators with H_int = A (x) sum_k c_k x_k: g_k = c_k/sqrt(2 m w_k), J_pi = (pi/2) sum_k c_k^2/(m w_k) delta(w - w_k).

    couplings c_k of any sign, frequencies > 0, one mass m > 0 of all (mass-weighted coordinates: 1), hbar = 1. The counter-term
    A^2 sum_k c_k^2/(2 m w_k^2) = A^2 int dw J(w)/w is not in H_int here: where the model has it, add it to H_S.
    """
    raise_if_any(_all(_lists(frequencies, "couplings", couplings), _positive(mass=mass)))
    w = np.asarray(frequencies, dtype=np.float64)
    return Discrete(frequencies=w, couplings=np.asarray(couplings, dtype=np.float64) / np.sqrt(2.0 * mass * w))


def _all(*problems: list[Problem]) -> list[Problem]:
    return [problem for some in problems for problem in some]


def _positive(**values: Any) -> list[Problem]:
    return _all(*(number_problems(key, value, above=0.0) for key, value in values.items()))


def _cutoff(cutoff: float | None) -> list[Problem]:
    return [] if cutoff is None else number_problems("cutoff", cutoff, above=0.0)


def _lists(frequencies: Any, name: str, values: Any, *, at_least: float | None = None) -> list[Problem]:
    """Everything that is wrong with frequencies > 0 and as many values beside them."""
    problems = _all(sequence_problems("frequencies", frequencies), sequence_problems(name, values))
    if problems:
        return problems
    problems = _all(*(number_problems(f"frequencies[{i}]", w, above=0.0) for i, w in enumerate(frequencies)))
    if at_least is not None:
        problems += _all(*(number_problems(f"{name}[{i}]", v, at_least=at_least) for i, v in enumerate(values)))
    if len(frequencies) != len(values):
        found = f"{len(frequencies)} frequencies, {len(values)} {name}"
        problems.append(Problem(key=name, value=found, allowed="one for each frequency"))
    return problems
