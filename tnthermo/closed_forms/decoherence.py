"""Gamma(t) and Delta(t) of pure dephasing [Example II], for modes and for continua, at any temperature.

Both are given with the coupling in them: J(w) = sum_k g_k^2 delta(w - w_k), g_k = lambda f_k, so that "Gamma" here is lambda^2 Gamma
of the paper, "Delta" lambda^2 Delta. Times in 1/energy, hbar = k_B = 1.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
from scipy.special import digamma, loggamma

import chains
from chains import Discrete, PowerLaw, SpectralDensity, argument_problems
from chains.checks import temperature_problems, time_problems
from chains.problems import Problem, raise_if_any
from tnthermo.types import Real

_ENTRIES_AT_ONCE = 2_000_000


def decoherence(density: SpectralDensity, times: npt.ArrayLike, *, temperature: float) -> tuple[Real, Real]:
    """(Gamma, dGamma/dt), (n,) each; 1 and energy. Gamma = int J/w^2 coth(beta w/2) sin^2(wt/2) dw.

    With A = sigma_z a coherence falls as exp(-8 Gamma). Exponential Ohmic densities in closed form (`ohmic_decoherence`), modes by
    their sum, everything else by the quadrature of `chains.measure` (about 12 digits of Gamma for the times up to the largest).
    density of `chains`, times (n,) of any sign, temperature >= 0. Raises `chains.InvalidInput`.
    """
    t = _times(density, times, temperature)
    if isinstance(density, PowerLaw) and _is_ohmic(density):
        return ohmic_decoherence(density, t, temperature=temperature)
    nodes, weights = _measure(density, t, temperature)
    return _over(nodes, weights, t, squares=True, power=2), _over(nodes, weights, t, squares=False, power=1)


def displacement(density: SpectralDensity, times: npt.ArrayLike) -> tuple[Real, Real]:
    """(Delta, dDelta/dt), (n,) each; energy and energy^2. Delta = int J/w sin^2(wt/2) dw, the same at every temperature.

    With A = sigma_z: <X> = -4 <sigma_z> Delta, Delta E_B = 4 Delta. Exponential power laws in closed form,
    alpha wc G(s) (1 - Re (1 + i wc t)^-s), else as in `decoherence`. Raises `chains.InvalidInput`.
    """
    t = _times(density, times, 0.0)
    if isinstance(density, PowerLaw) and density.shape == "exponential":
        z, s = 1 + 1j * density.cutoff * t, float(density.exponent)
        size = density.alpha * density.cutoff * math.gamma(s)
        return size * np.real(1 - z**-s), size * s * density.cutoff * np.real(1j * z ** (-s - 1))
    nodes, weights = _measure(density, t, 0.0)
    return _over(nodes, weights, t, squares=True, power=1), _over(nodes, weights, t, squares=False, power=0)


def ohmic_decoherence(density: PowerLaw, times: npt.ArrayLike, *, temperature: float) -> tuple[Real, Real]:
    """(Gamma, dGamma/dt), (n,) each, of J = 2 alpha w exp(-w eps), eps = 1/wc, by gamma functions; lambda^2 = 2 alpha.

    Gamma/lambda^2 = (1/4) log(1 + (t/eps)^2) + log[G(1 + eps/beta)/|G(1 + (eps + i t)/beta)|], without the second term at T = 0.
    Raises `chains.InvalidInput` for another density.
    """
    t = _times(density, times, temperature)
    raise_if_any(_ohmic_problems(density))
    strength, eps = density.strength, 1 / density.cutoff
    value = np.log1p((t / eps) ** 2) / 4
    rate = t / (2 * (eps**2 + t**2))
    if temperature > 0:
        z = 1 + (eps + 1j * t) * temperature
        value = value + np.real(loggamma(1 + eps * temperature) - loggamma(z))
        rate = rate + temperature * np.imag(digamma(z))
    return strength * value, strength * rate


def ohmic_long_time(density: PowerLaw, times: npt.ArrayLike, *, temperature: float) -> Real:
    """lambda^2 [pi t/(2 beta) + (1/2) log(beta/(2 pi eps))] (n,), what Gamma tends to for t >> beta >> eps. [115]

    What is neglected grows as lambda^2 (eps/beta) log(t/beta): a rate eps/(beta t). Raises `chains.InvalidInput` for a density that is
    not exponential Ohmic, and for T = 0.
    """
    t = _times(density, times, temperature)
    problems = _ohmic_problems(density)
    if temperature == 0:
        problems.append(Problem(key="temperature", value=temperature, allowed="> 0: the vacuum has no linear growth"))
    raise_if_any(problems)
    constant = math.log(density.cutoff / (2 * math.pi * temperature)) / 2
    return density.strength * (math.pi * temperature * t / 2 + constant)


def dephasing_rate(density: SpectralDensity, *, temperature: float) -> float:
    """Rate gamma of the Markovian coherence exp(-gamma t), A = sigma_z: 4 pi T dJ/dw(0), = 4 pi lambda^2/beta if Ohmic. [116]

    0 at T = 0 and for densities with J = o(w) at 0 (modes among them); inf for a sub-Ohmic one at T > 0.
    Raises `chains.InvalidInput`.
    """
    raise_if_any(argument_problems(density, 1, temperature, None, 1))
    s = density.exponent_at_zero
    if temperature == 0 or isinstance(density, Discrete) or s > 1:
        return 0.0
    if s < 1:
        return math.inf
    slope = 0.0
    for element in density.elements:
        (low, high), (p, q) = element.support, element.end_powers
        if low == 0 and p == 1:
            end = high**q if q != 0 else 1.0
            slope += element.strength * float(element.amplitude(np.zeros(1))[0]) ** 2 * end
    return 4 * math.pi * temperature * slope


def _is_ohmic(density: object) -> bool:
    return isinstance(density, PowerLaw) and density.shape == "exponential" and density.exponent == 1


def _ohmic_problems(density: object) -> list[Problem]:
    if isinstance(density, PowerLaw) and _is_ohmic(density):
        return []
    return [Problem(key="density", value=density, allowed="a PowerLaw of exponent 1 and exponential shape")]


def _times(density: object, times: npt.ArrayLike, temperature: object) -> Real:
    problems = argument_problems(density, 1, 0.0, None, 1)
    raise_if_any([*problems, *temperature_problems(temperature), *time_problems(times)])
    return np.atleast_1d(np.asarray(times, dtype=np.float64))


def _measure(density: SpectralDensity, t: Real, temperature: float) -> tuple[Real, Real]:
    return chains.measure(density, temperature=temperature, longest_time=float(np.max(np.abs(t), initial=0.0)))


def _over(nodes: Real, weights: Real, t: Real, *, squares: bool, power: int) -> Real:
    """sum_j weight_j sin^2(w_j t/2)/w_j^power, or of sin(w_j t)/(2 w_j^power), (n,), in blocks of times that fit into memory."""
    factors = weights / nodes**power
    block = max(1, _ENTRIES_AT_ONCE // max(1, nodes.size))
    parts = []
    for i in range(0, t.size, block):
        angles = np.multiply.outer(t[i : i + block], nodes)
        parts.append((np.sin(angles / 2) ** 2 if squares else np.sin(angles) / 2) @ factors)
    return np.concatenate(parts) if parts else np.zeros(0)
