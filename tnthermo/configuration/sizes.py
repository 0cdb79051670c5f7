"""How much memory there is, and how much a run can need at worst."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from chains.problems import Problem
from tnthermo.algorithms import Algorithm
from tnthermo.machine.memory import available_memory
from tnthermo.machine.words import readable
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.network.blocks import start_levels

COMPLEX = 16  # bytes of a complex double
COPIES = 5  # state, environments from both sides, Krylov work space, a spare copy of the state while it is written


def state_bytes(dimensions: Sequence[int], bond: int | npt.NDArray[np.int64]) -> float:
    """Memory of a matrix product state of these site dimensions (L along the line) and bonds that they allow, <= ``bond``.

    ``bond`` is one for all, or (L + 1,).
    """
    count = len(dimensions)
    caps = [float(cap) for cap in np.broadcast_to(bond, count + 1)]
    right = [1.0] * (count + 1)
    for n in range(count - 1, -1, -1):
        right[n] = min(right[n + 1] * dimensions[n], caps[n])
    total, left = 0.0, 1.0
    for n, d in enumerate(dimensions):
        new = min(left * d, right[n + 1], caps[n + 1])
        total += left * d * new
        left = new
    return COMPLEX * total


def site_dimensions(model: Model, levels: Sequence[int], ancilla: int = 1) -> list[int]:
    """Dimensions along the line: the system (with its ancilla) among the boson sites; ``levels`` chain after chain."""
    dimensions = [model.dimension * ancilla] * model.line.length
    for place, d in zip(model.line.places, levels, strict=True):
        dimensions[place] = int(d)
    return dimensions


def memory_problems(model: Model, algorithm: Algorithm, levels: str | int | list[int], ancilla: int) -> list[Problem]:
    """A run whose least memory is known beforehand (dense vectors, a bond that is fixed) and more than there is."""
    fixed = start_levels(levels, model.sites)
    if fixed.may_grow or algorithm.bins:
        return []
    dimensions = site_dimensions(model, fixed.start, ancilla)
    if algorithm.dense:
        need = COMPLEX * COPIES * math.prod(float(d) for d in dimensions)
        hint, key, value = "fewer modes or levels, or another method", "evolution.method", algorithm.name
    elif algorithm.fixed_bond is not None:
        need = COPIES * state_bytes(dimensions, algorithm.fixed_bond)
        hint, key, value = "lower evolution.bond or bath.levels", "evolution.bond", str(algorithm.fixed_bond)
    else:
        return []
    limit = available_memory()
    if need <= limit.size:
        return []
    allowed = f"a run that fits {readable(limit.size)} ({limit.source}), this one needs about {readable(need)}"
    return [Problem(key=key, value=value, allowed=allowed, hint=hint)]


def adapted_levels(model: Model, until: float) -> int:
    """The boson levels that an adaptive run ends with on the sites that take most, at least 12; an order of magnitude.

    The first site of a chain is displaced by about the coupling over the rate at which bosons leave it: a coherent state of n bosons has
    all but 1e-6 of its weight below 6 + n + 6 sqrt(n). A mode of a star is displaced for half its period, or to the end of the run.
    """
    found = 12.0
    for coupling in model.couplings:
        size = float(np.linalg.norm(coupling.operator, 2))
        for chain in coupling.chains:
            rate = chain.hoppings[0] if chain.length > 1 else max(abs(chain.frequencies[0]), 1e-12)
            if represented(coupling.bath).separate:
                rate = max(0.5 * rate, 1 / max(until, 1e-12))
            bosons = min(size * chain.coupling / float(rate), 20.0) ** 2  # more are beyond the 200 levels below
            found = max(found, 6 + bosons + 6 * math.sqrt(bosons))
    return math.ceil(min(found, 200.0))
