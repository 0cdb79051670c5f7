"""The settings tried for each competitor, from cheap to dear, in units of the case: nothing here knows a case by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from peers.common import Problem
from scipy.stats import poisson

from tnthermo.evolution.suitable_step import KICK, MEMORY, TURN

OURS = ("tnthermo-chain", "tnthermo-bins")
PEERS = ("quimb", "yaqs", "renormalizer", "tenpy", "oqupy", "qutip", "ace", "unitempo")
COMPETITORS = (*OURS, *PEERS)


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What step, boson levels and chain length a case asks for. q is a number of digits: an accuracy of 10^-q."""

    problem: Problem
    _modes: dict[float, int] = field(default_factory=dict)

    @cached_property
    def rate(self) -> float:
        """The fastest rate that counts: of the modes that hold 99 % of the coupling, or of the system; 1/rate is a long step.

        Of a bath without an end those that hold 70 % of the reorganisation energy, as time bins have it.
        """
        p = self.problem
        if p.endless:
            return float(max(self.typical, np.ptp(np.linalg.eigvalsh(p.hamiltonian)) / 2))
        order = np.argsort(np.abs(p.nodes))
        held = np.cumsum(p.strengths[order]) / p.strengths.sum()
        fast = np.abs(p.nodes[order][min(int(np.searchsorted(held, 0.99)), held.size - 1)])
        return float(max(fast, np.ptp(np.linalg.eigvalsh(p.hamiltonian)) / 2))

    @cached_property
    def typical(self) -> float:
        """The frequency below which the bath has 70 % of its reorganisation energy int J/w."""
        p = self.problem
        order = np.argsort(np.abs(p.nodes), kind="stable")
        part = np.cumsum((p.strengths / np.where(p.nodes == 0, np.inf, p.nodes))[order])
        below = np.flatnonzero(part < 0.7 * (part[-1] + p.tail))[
            -1
        ]  # the last one: a node and its thermal partner make up for each other
        return float(np.abs(p.nodes[order][min(int(below) + 1, part.size - 1)]))

    def kick(self, x: float) -> float:
        """About x times the step that time bins choose by themselves, as `step` has it: the smallest of three."""
        p = self.problem
        slow = np.abs(p.nodes) <= self.typical
        noise = np.sqrt(p.strengths[slow].sum()) * np.linalg.norm(p.operator, 2)
        split = np.ptp(np.linalg.eigvalsh(p.hamiltonian))
        every = float(p.times[1] - p.times[0])
        h = x * min(MEMORY / self.typical, TURN / split, KICK / noise)
        return every * 2.0 ** min(round(np.log2(h / every)), 2)

    @cached_property
    def largest_occupation(self) -> float:
        """Of a chain site, were the system to stay in an eigenstate of its coupling: a coherent state of the whole chain."""
        p = self.problem
        w, v = np.linalg.eigh(np.diag(p.frequencies) + np.diag(p.hoppings, 1) + np.diag(p.hoppings, -1))
        size = np.linalg.norm(p.operator, 2) * p.kappa
        w = np.where(np.abs(w) < 1e-9, 1e-9, w)
        times = np.linspace(0.0, p.times[-1], 201)[1:]
        amplitudes = ((np.exp(-1j * np.outer(times, w)) - 1) / w * v[0]) @ v.T
        return float(size**2 * np.abs(amplitudes).max() ** 2)

    @property
    def warm(self) -> bool:
        return self.problem.temperature > 0

    def step(self, x: float) -> float:
        """About x / rate: the record interval times a power of two."""
        every = float(self.problem.times[1] - self.problem.times[0])
        return every * 2.0 ** round(np.log2(x / self.rate / every))

    def levels(self, q: float) -> int:
        """With less than 10^-q of the largest coherent state beyond; at least 4."""
        return max(4, int(poisson.isf(10.0**-q, self.largest_occupation)) + 2)

    def memory(self, q: float) -> float:
        """The time after which the integral of C from then on stays below 10^-q of its largest value."""
        p = self.problem
        times = np.linspace(0.0, p.times[-1], 2001)
        rest = np.abs(np.cumsum(p.correlation(times)[::-1])[::-1])
        return float(times[np.flatnonzero(rest > 10.0**-q * rest.max())[-1]])

    def modes(self, q: float) -> int:
        """The shortest chain with the C(t) of the whole one to 10^-q C(0); found once for each q."""
        if q not in self._modes:
            self._modes[q] = self._shortest(q)
        return self._modes[q]

    def _shortest(self, q: float) -> int:
        p = self.problem
        times = np.linspace(0.0, p.times[-1], 241)
        whole = response(p.frequencies, p.hoppings, times)
        low, high = 0, p.frequencies.size
        while high - low > 1:
            n = (low + high) // 2
            far = np.abs(response(p.frequencies[:n], p.hoppings[: n - 1], times) - whole).max() <= 10.0**-q
            low, high = (low, n) if far else (n, high)
        return max(high, min(4, p.frequencies.size))


def response(e: Any, t: Any, times: Any) -> Any:
    """<0| exp(-i h t) |0> of a chain."""
    w, v = np.linalg.eigh(np.diag(e) + np.diag(t, 1) + np.diag(t, -1))
    return np.exp(-1j * np.outer(times, w)) @ v[0] ** 2


def chain(s: Scale) -> list[dict[str, Any]]:
    """This library on a chain: step, tolerance, bond cap and its taper; levels are chosen on the way."""
    rows = [
        (1.0, 3, 6, 0, 2.5), (1.0, 3, 8, 0, 3), (0.5, 3, 8, 0.04, 3), (0.5, 3, 8, 0, 3), (0.25, 3, 10, 0.04, 3), (0.5, 4.5, 8, 0, 4),
        (0.5, 4.5, 9, 0, 4), (0.5, 4.5, 10, 0, 5), (0.25, 4, 12, 0.04, 4), (0.25, 4, 14, 0.04, 4.5), (0.25, 5, 12, 0, 5),
        (0.25, 5, 14, 0.04, 5), (0.25, 4.5, 20, 0.04, 5), (0.25, 5, 20, 0.02, 6), (0.125, 5, 18, 0.04, 6), (0.125, 6, 24, 0.02, 6),
        (0.125, 6, 32, 0, 6), (0.0625, 6, 32, 0, 6.5), (0.0625, 7, 40, 0, 6.5),
    ]  # fmt: skip
    return [
        {
            "engine": "chain",
            "step": s.step(x),
            "tolerance": 10.0**-p,
            "max_bond": bond,
            "taper": taper,
            "modes": s.modes(q),
        }
        for x, p, bond, taper, q in rows
    ]


def bins(s: Scale) -> list[dict[str, Any]]:
    """This library on time bins: step, tolerance and bond cap."""
    rows = [
        (4.0, 2, 8), (4.0, 2.5, 8), (2.0, 2, 8), (2.0, 2.5, 8), (2.0, 2.5, 12), (2.0, 3, 16), (1.0, 2.5, 8), (1.0, 2.5, 12), (1.0, 3, 12),
        (1.0, 3, 16), (1.0, 3, 24), (1.0, 3.5, 48), (0.5, 3, 12), (0.5, 3, 16), (0.5, 3, 24), (0.5, 3.5, 32), (0.5, 4, 48),
        (0.25, 3.5, 32), (0.25, 4, 48), (0.25, 4.5, 64),
    ]  # fmt: skip
    return [{"engine": "bins", "step": s.kick(x), "tolerance": 10.0**-p, "max_bond": bond} for x, p, bond in rows]


def quimb(s: Scale) -> list[dict[str, Any]]:
    """Step, order, cutoff of the discarded weight, and a cap, without which warm chains come to a halt."""
    rows = [
        (0.5, 2, 6, 16, 2.5), (0.25, 2, 6, 24, 3), (0.25, 2, 7, 16, 3), (0.25, 2, 7, 24, 3.5), (0.125, 2, 8, 24, 4),
        (0.5, 4, 7, 24, 3.5), (0.5, 4, 8, 24, 4), (0.5, 4, 9, 24, 4), (0.5, 4, 9, 32, 4.5), (0.5, 4, 10, 32, 5.5), (0.5, 4, 10, 48, 6.5),
        (0.25, 4, 11, 48, 6.5),
    ]  # fmt: skip
    return [
        {
            "step": s.step(x),
            "order": order,
            "cutoff": 10.0**-c,
            "max_bond": bond,
            "levels": s.levels(q),
            "modes": s.modes(q),
        }
        for x, order, c, bond, q in rows
    ]


def yaqs(s: Scale) -> list[dict[str, Any]]:
    """Step, bond cap and truncation; sites at the cap are updated alone, others in pairs."""
    rows = [
        (1.0, 8, 6, 2.5), (1.0, 12, 7, 3), (0.5, 8, 6, 3), (0.5, 12, 7, 3), (0.5, 12, 8, 3.5), (0.5, 16, 8, 3.5), (0.5, 24, 8, 4),
        (0.5, 24, 9, 4.5), (0.25, 16, 9, 4.5), (0.25, 20, 10, 5.5), (0.25, 28, 10, 6.5), (0.25, 40, 11, 6.5),
    ]  # fmt: skip
    return [
        {"step": s.step(x), "max_bond": bond, "svd": 10.0**-c, "krylov": 10.0 ** (-q - 1.5), "geometry": "dynamic"}
        | {"levels": s.levels(q), "modes": s.modes(q)}
        for x, bond, c, q in rows
    ]


def one_site(s: Scale) -> list[dict[str, Any]]:
    """One-site TDVP at a fixed bond."""
    rows = [
        (1.0, 8, 3), (0.5, 8, 3), (0.5, 12, 4), (0.25, 12, 4), (0.25, 14, 4), (0.25, 16, 5.5), (0.25, 20, 5), (0.25, 24, 6.5),
        (0.125, 24, 6.5),
    ]  # fmt: skip
    return [
        {"step": s.step(x), "max_bond": bond, "sites": 1, "levels": s.levels(q), "modes": s.modes(q)}
        for x, bond, q in rows
    ]


def tenpy(s: Scale) -> list[dict[str, Any]]:
    """The same, with the tolerance of its Krylov solver."""
    tolerances = (1e-4, 1e-4, 1e-5, 1e-5, 1e-5, 1e-6, 1e-6, 1e-6, 1e-6)
    return [{**setting, "krylov": krylov} for setting, krylov in zip(one_site(s), tolerances, strict=True)]


def oqupy(s: Scale) -> list[dict[str, Any]]:
    """Step and relative cutoff, with the whole memory."""
    rows = [(0.5, 5), (0.5, 6), (0.25, 6), (0.25, 7), (0.125, 7), (0.125, 8), (0.0625, 8), (0.0625, 9), (0.03125, 9)]
    return [{"step": s.step(x), "epsrel": 10.0**-p} for x, p in rows]


def qutip(s: Scale) -> list[dict[str, Any]]:
    """Depth of the hierarchy and number of exponentials: Pade or Matsubara where these are known, a fit of C(t) where not."""
    every = float(s.problem.times[1] - s.problem.times[0])
    rows = {
        "drude-lorentz": [
            ("pade", 1, 3, 4), ("pade", 2, 4, 4), ("pade", 2, 6, 5), ("pade", 3, 6, 5), ("pade", 3, 8, 6), ("pade", 3, 10, 6),
            ("pade", 4, 9, 7), ("pade", 5, 10, 7),
        ],
        "brownian": [
            ("matsubara", 0, 8, 4), ("matsubara", 1, 10, 4), ("matsubara", 1, 12, 5), ("matsubara", 1, 14, 5), ("matsubara", 1, 16, 5),
            ("matsubara", 1, 20, 6), ("matsubara", 2, 16, 5), ("matsubara", 2, 20, 6),
        ],
    }.get(s.problem.density["kind"]) or [
        ("espira-I", 3, 3, 4), ("espira-I", 4, 3, 4), ("espira-I", 4, 4, 5), ("espira-I", 5, 4, 5), ("espira-I", 6, 4, 5),
        ("espira-I", 6, 5, 6), ("espira-I", 6, 6, 6), ("espira-I", 8, 5, 6),
    ]  # fmt: skip
    return [
        {"step": every, "method": method, "exponents": count, "depth": depth, "rtol": 10.0**-p}
        | ({"points": 1001, "window": s.memory(4)} if method == "espira-I" else {})
        for method, count, depth, p in rows
    ]


def ace(s: Scale) -> list[dict[str, Any]]:
    """Step and relative threshold of its divide-and-conquer scheme, or of its infinite one with the memory of `unitempo`."""
    rows = [
        (1.0, 6, "divide_and_conquer"), (0.5, 6, "divide_and_conquer"), (0.5, 7, "divide_and_conquer"),
        (0.25, 7, "divide_and_conquer"), (0.25, 8, "divide_and_conquer"), (0.125, 8, "divide_and_conquer"),
        (0.125, 9, "divide_and_conquer"), (0.5, 7, "infinite"), (0.25, 8, "infinite"),
    ]  # fmt: skip
    length = min(s.memory(4 if s.problem.endless else 1.5), float(s.problem.times[-1]))
    return [
        {"step": s.step(x), "threshold": 10.0**-p, "scheme": scheme}
        | ({"memory": length} if scheme == "infinite" else {})
        for x, p, scheme in rows
    ]


def unitempo(s: Scale) -> list[dict[str, Any]]:
    """Step, relative tolerance of the singular values, weight of the paths that differ, and the length of the memory."""
    rows = [
        (1.0, 5, 0.3), (0.5, 4.5, 0.5), (0.5, 5, 0.3), (0.5, 5.5, 0.3), (0.5, 6, 1.0), (0.5, 7, 1.0), (0.25, 6, 1.0), (0.25, 7, 1.0),
        (0.125, 8, 1.0), (0.125, 9, 1.0), (0.0625, 10, 1.0),
    ]  # fmt: skip
    length = min(s.memory(4 if s.problem.endless else 1.5), float(s.problem.times[-1]))
    return [{"step": s.step(x), "svd": 10.0**-p, "quiet": quiet, "memory": length} for x, p, quiet in rows]


LADDERS: dict[str, Callable[[Scale], list[dict[str, Any]]]] = {
    "tnthermo-chain": chain,
    "tnthermo-bins": bins,
    "quimb": quimb,
    "yaqs": yaqs,
    "renormalizer": one_site,
    "tenpy": tenpy,
    "oqupy": oqupy,
    "qutip": qutip,
    "ace": ace,
    "unitempo": unitempo,
}


def grid(who: str, problem: Problem, size: str) -> list[dict[str, Any]]:
    """The settings of one competitor; "quick" takes every second one."""
    found: list[dict[str, Any]] = []
    for setting in LADDERS[who](Scale(problem=problem)):
        if setting not in found:
            found.append(setting)
    return found if size == "full" else found[1::2]
