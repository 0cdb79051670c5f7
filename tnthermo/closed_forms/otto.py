"""The Otto cycle of a qubit at weak coupling: populations by rates, work and heat of adiabats that leave them alone."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from chains import ContinuousDensity
from chains.checks import instance_problems, number_problems, sequence_problems
from chains.problems import Problem, raise_if_any


@dataclass(frozen=True, kw_only=True)
class Otto:
    """The limit cycle, to second order in the coupling; energies a cycle.

    hot, cold    populations of the upper level after the hot and the cold stroke
    work         on the qubit, -(w_h - w_c)(hot - cold); < 0: an engine
    Q_hot        w_h (hot - cold), given by the hot bath; Q_cold  -w_c (hot - cold), by the cold one
    efficiency   1 - w_c/w_h of an engine, COP  w_c/(w_h - w_c) of a refrigerator; NaN for what is none
    """

    hot: float
    cold: float
    work: float
    Q_hot: float
    Q_cold: float
    efficiency: float
    COP: float


def otto(
    hot_density: ContinuousDensity,
    cold_density: ContinuousDensity,
    *,
    splittings: tuple[float, float],
    temperatures: tuple[float, float],
    durations: tuple[float, float],
    element: float = 0.5,
) -> Otto:
    """`Otto` of a qubit H_S = w(t)/2 sigma_z with couplings A (x) X, |<0|A|1>| = ``element`` (A = sigma_x/2 has 0.5).

    splittings    (w_h, w_c) while in contact with the hot and the cold bath, > 0; work of adiabats needs [H_S(t), H_S(t')] = 0
    temperatures  (T_h, T_c) > 0
    durations     (t_h, t_c) of the contacts at full strength (1/energy); of a contact that is switched the integral of f(t)^2

    In contact the population of the upper level goes to its thermal value with the rate 2 pi element^2 J(w) coth(w/2T), the golden rule.

    Raises `chains.InvalidInput` with every problem.
    """
    problems: list[Problem] = []
    pairs: dict[str, Sequence[float]] = {"splittings": splittings, "temperatures": temperatures, "durations": durations}
    for name, pair in pairs.items():
        found = sequence_problems(name, pair)
        if not found and len(pair) != 2:
            found = [Problem(key=name, value=pair, allowed="two numbers, hot and cold")]
        problems += found or [p for i in (0, 1) for p in number_problems(f"{name}[{i}]", pair[i], above=0.0)]
    for name, density in (("hot_density", hot_density), ("cold_density", cold_density)):
        problems += instance_problems(name, density, ContinuousDensity, "a continuous density of chains")
    raise_if_any(problems + number_problems("element", element, above=0.0))
    stays, thermal = [], []
    for density, w, T, t in zip((hot_density, cold_density), splittings, temperatures, durations, strict=True):
        rate = 2 * math.pi * element**2 * float(density(w)) / math.tanh(w / (2 * T))
        stays.append(math.exp(-rate * t))
        thermal.append(1 / (math.exp(w / T) + 1))
    hot = (thermal[0] * (1 - stays[0]) + stays[0] * thermal[1] * (1 - stays[1])) / (1 - stays[0] * stays[1])
    cold = thermal[1] + (hot - thermal[1]) * stays[1]
    w_h, w_c = splittings
    work, Q_hot, Q_cold = -(w_h - w_c) * (hot - cold), w_h * (hot - cold), -w_c * (hot - cold)
    engine, fridge = work < 0 < Q_hot, work > 0 and Q_cold > 0
    efficiency, COP = -work / Q_hot if engine else math.nan, Q_cold / work if fridge else math.nan
    return Otto(hot=hot, cold=cold, work=work, Q_hot=Q_hot, Q_cold=Q_cold, efficiency=efficiency, COP=COP)
