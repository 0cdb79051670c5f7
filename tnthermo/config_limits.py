"""How much memory there is, and how much a run can need at worst."""

from __future__ import annotations

import math
import os
import resource
from dataclasses import dataclass

import chains
from chains.problems import Problem
from tnthermo.algorithms import TDVP1, Algorithm, Exact
from tnthermo.model import Model

COMPLEX = 16  # bytes of a complex double
COPIES = 5  # state, environments from both sides, Krylov work space, a spare copy of the state while it is written


@dataclass(frozen=True, kw_only=True)
class Memory:
    """bytes that may be used, and who says so."""

    size: int
    source: str


def available_memory() -> Memory:
    """The smallest of the machine's memory, RLIMIT_AS and what Slurm allotted to the job on this node (bytes)."""
    found = [Memory(size=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), source="this machine")]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        found.append(Memory(size=soft, source="RLIMIT_AS"))
    slurm = os.environ.get("SLURM_MEM_PER_NODE", "")
    if slurm.isdigit() and int(slurm) > 0:
        found.append(Memory(size=int(slurm) * 2**20, source="SLURM_MEM_PER_NODE"))
    return min(found, key=lambda memory: memory.size)


def readable(size: float) -> str:
    """123456789 -> 118 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024 or unit == "PiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}"


def state_bytes(*, dimension: int, bond: int, levels: list[int]) -> float:
    """Memory of a matrix product state with ``levels`` boson levels on the sites and bonds that the site dimensions allow, <= ``bond``."""
    total, left = 0.0, min(dimension, bond)
    right = [1.0] * (len(levels) + 1)
    for n in range(len(levels) - 1, -1, -1):
        right[n] = min(right[n + 1] * levels[n], float(bond))
    for n, d in enumerate(levels):
        new = min(left * d, right[n + 1], float(bond))
        total += left * d * new
        left = int(new)
    return COMPLEX * (total + dimension**2)


def memory_problems(model: Model, algorithm: Algorithm, levels: str | int | list[int], ancilla: int) -> list[Problem]:
    """A run whose least memory is known beforehand (dense vectors, a bond that is fixed) and more than there is."""
    if isinstance(levels, str):
        return []
    each = levels if isinstance(levels, list) else [levels] * model.bath.length
    dimension = model.dimension * ancilla
    if isinstance(algorithm, Exact):
        need = COMPLEX * COPIES * float(dimension)
        for d in each:
            need *= d
        hint, key, value = "fewer modes or levels, or another method", "evolution.method", "exact"
    elif isinstance(algorithm, TDVP1):
        need = COPIES * state_bytes(dimension=dimension, bond=algorithm.bond, levels=each)
        hint, key, value = "lower evolution.bond or bath.levels", "evolution.bond", str(algorithm.bond)
    else:
        return []
    limit = available_memory()
    if need <= limit.size:
        return []
    allowed = f"a run that fits {readable(limit.size)} ({limit.source}), this one needs about {readable(need)}"
    return [Problem(key=key, value=value, allowed=allowed, hint=hint)]


def adapted_bond(chain: chains.Chain, *, tolerance: float, until: float) -> int:
    """The bond an uncapped adaptive run ends with: 32 at T = 0, 5 exp(.04 (log10(1/tolerance) - 2) W t) at T > 0, W the bath's cutoff.

    The second is a fit to warm Ohmic baths (alpha .2 to .3, T = .2 cutoff, tolerances 1e-3 to 2e-8, t up to 30): an order of magnitude.
    """
    if not chain.thermal:
        return 32
    # a chain on [-W, W] has hoppings W / 2 far out
    width = 2 * float(chain.hoppings[-1]) if chain.length > 1 else float(abs(chain.frequencies[0]))
    exponent = 0.04 * max(1.0, -math.log10(tolerance) - 2) * width * until
    return int(min(1e5, max(32.0, 5 * math.exp(min(exponent, 50.0)))))
