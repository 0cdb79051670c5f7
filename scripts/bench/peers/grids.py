"""The settings tried for each competitor, from cheap to dear, in units of the case: nothing here knows a case by name."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from peers.common import Problem
from scipy.stats import poisson

COMPETITORS = ("tnthermo", "quimb", "yaqs", "renormalizer", "tenpy", "oqupy")
PEERS = COMPETITORS[1:]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scale:
    """What step, boson levels and chain length a case asks for. q is a number of digits: an accuracy of 10^-q."""

    problem: Problem

    @cached_property
    def rate(self) -> float:
        """The fastest rate that counts: of the modes that hold 99 % of the coupling, or of the system; 1/rate is a long step."""
        p = self.problem
        order = np.argsort(np.abs(p.nodes))
        held = np.cumsum(p.strengths[order]) / p.strengths.sum()
        fast = np.abs(p.nodes[order][min(int(np.searchsorted(held, 0.99)), held.size - 1)])
        return float(max(fast, np.ptp(np.linalg.eigvalsh(p.hamiltonian)) / 2))

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

    def modes(self, q: float) -> int:
        """The shortest chain with the C(t) of the whole one to 10^-q C(0)."""
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


def tnthermo(s: Scale) -> list[dict[str, Any]]:
    """Step, tolerance, bond cap and its taper; levels are chosen on the way."""
    rows = [
        (1.0, 3, 6, 0, 2.5), (1.0, 3, 8, 0, 3), (0.5, 3, 8, 0.04, 3), (0.5, 3, 8, 0, 3), (0.25, 3, 10, 0.04, 3), (0.5, 4.5, 8, 0, 4),
        (0.5, 4.5, 9, 0, 4), (0.5, 4.5, 10, 0, 5), (0.25, 4, 12, 0.04, 4), (0.25, 4, 14, 0.04, 4.5), (0.25, 5, 12, 0, 5),
        (0.25, 5, 14, 0.04, 5), (0.25, 4.5, 20, 0.04, 5), (0.25, 5, 20, 0.02, 6), (0.125, 5, 18, 0.04, 6), (0.125, 6, 24, 0.02, 6),
        (0.125, 6, 32, 0, 6), (0.0625, 6, 32, 0, 6.5), (0.0625, 7, 40, 0, 6.5),
    ]  # fmt: skip
    return [
        {"step": s.step(x), "tolerance": 10.0**-p, "max_bond": bond, "taper": taper, "modes": s.modes(q)}
        for x, p, bond, taper, q in rows
    ]


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


LADDERS: dict[str, Callable[[Scale], list[dict[str, Any]]]] = {
    "tnthermo": tnthermo,
    "quimb": quimb,
    "yaqs": yaqs,
    "renormalizer": one_site,
    "tenpy": tenpy,
    "oqupy": oqupy,
}


def grid(who: str, problem: Problem, size: str) -> list[dict[str, Any]]:
    """The settings of one competitor; "quick" takes every second one."""
    found: list[dict[str, Any]] = []
    for setting in LADDERS[who](Scale(problem=problem)):
        if setting not in found:
            found.append(setting)
    return found if size == "full" else found[1::2]
