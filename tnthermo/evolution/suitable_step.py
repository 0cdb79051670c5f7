"""The step that time bins take where none is given: by the time in which the bath forgets, the splitting of H_S, and the coupling."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

import chains
from tnthermo.algorithms import TDVP, Algorithm, TimeBins
from tnthermo.evolution.arguments import clock_problems
from tnthermo.evolution.doubts import largest_splitting
from tnthermo.model.coupling import Coupling
from tnthermo.model.model import Model

MEMORY = 0.5  # steps in units of the time 1/w in which the bath forgets
TURN = 0.28  # in units of that in which H_S turns
KICK = 0.25  # and of that in which the field of the bath alone makes a phase of 1
QUANTILE = 0.7  # of the reorganisation energy: how fast the bath is


def default_algorithm(model: object, until: object, record_every: object) -> Algorithm:
    """TDVP on sites; time bins where a bath has none, with a step that suits, as far as the arguments are right."""
    if not isinstance(model, Model) or all(coupling.chains for coupling in model.couplings):
        return TDVP()
    known = clock_problems(until, record_every, None, {})
    if known or not float(until) > 0:  # type: ignore[arg-type]
        return TimeBins()
    every = None if record_every is None else float(record_every)  # type: ignore[arg-type]
    return TimeBins(step=suitable_step(model, float(until), every))  # type: ignore[arg-type]


def suitable_step(model: Model, until: float, record_every: float | None = None) -> float:
    """The step, at most ``until``, of which ``record_every``, or else ``until``, is an even multiple: a run with twice the step fits too.

    Errors of time bins are of fourth order in it where h w < 1, w the frequency below which the bath has `QUANTILE` of its reorganisation
    energy, and of no order beyond; the companion at twice the step tells how large they are.
    """
    longest = record_every or until
    splitting = largest_splitting(model, until)
    wanted = [TURN / splitting if splitting > 0 else math.inf]
    for coupling in model.couplings:
        wanted += [MEMORY / w for w in (fastness(coupling),) if w > 0]
        strength = noise(coupling)
        wanted += [KICK / strength] if strength > 0 else []
    step = min(wanted)
    if not 0 < step < math.inf or not longest > 0:
        return longest or 1.0
    pieces = 2 * math.ceil(longest / (2 * step) * (1 - 1e-9))
    return longest / pieces


def fastness(coupling: Coupling) -> float:
    """The frequency below which a bath has `QUANTILE` of its reorganisation energy; 0 where it has none."""
    w, g = _modes(coupling)
    parts = np.cumsum(g**2 / w)
    return float(w[np.searchsorted(parts, QUANTILE * parts[-1])]) if parts.size and parts[-1] > 0 else 0.0


def noise(coupling: Coupling) -> float:
    """How fast the bath alone makes a phase between two values of A, an energy: their distance times the root of int J coth below
    `fastness`.
    """
    w, g = _modes(coupling)
    slow = w <= fastness(coupling)
    T = coupling.temperature
    warm = 1 / np.tanh(np.maximum(w[slow] / (2 * T), 1e-300)) if T > 0 else np.ones(int(slow.sum()))
    spread = max(float(np.ptp(np.linalg.eigvalsh(A))) for A in coupling.operators)
    return spread * math.sqrt(float(np.sum(g[slow] ** 2 * warm)))


@lru_cache(maxsize=32)
def _modes(coupling: Coupling) -> tuple[np.ndarray, np.ndarray]:
    """Frequencies and couplings that stand for the density at short times."""
    found = chains.free_modes(chains.Bath(density=coupling.density, temperature=coupling.temperature), longest_time=0.0)
    return np.asarray(found.frequencies), np.asarray(found.couplings)
