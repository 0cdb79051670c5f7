"""How much memory there is, and how much a run can need at worst."""

from __future__ import annotations

import math
import os
import resource
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

import chains
from chains.problems import Problem
from tnthermo.algorithms import TDVP1, Algorithm, Exact
from tnthermo.model import Model
from tnthermo.usage import memory_in_use, readable

COMPLEX = 16  # bytes of a complex double
ADDRESSES = "RLIMIT_AS"  # limits the address space, not what is held
NEARLY = 0.95  # of a limit: time to save and leave
COPIES = 5  # state, environments from both sides, Krylov work space, a spare copy of the state while it is written


@dataclass(frozen=True, kw_only=True)
class Memory:
    """bytes that may be used, and who says so."""

    size: int
    source: str


def available_memory() -> Memory:
    """The smallest of the machine's memory, RLIMIT_AS, the cgroup's and what Slurm allotted to the job on this node (bytes)."""
    return min(memory_limits(), key=lambda memory: memory.size)


def memory_limits() -> list[Memory]:
    """All that limits this process."""
    found = [Memory(size=os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), source="this machine")]
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        found.append(Memory(size=soft, source=ADDRESSES))
    for name, times in (("SLURM_MEM_PER_NODE", ""), ("SLURM_MEM_PER_CPU", "SLURM_CPUS_ON_NODE")):
        slurm, count = os.environ.get(name, ""), os.environ.get(times, "1") if times else "1"
        if slurm.isdigit() and int(slurm) > 0 and count.isdigit():
            found.append(Memory(size=int(slurm) * int(count) * 2**20, source=name))
    return found + [Memory(size=size, source="cgroup") for size in cgroup_limits()]


def cgroup_limits(groups: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> list[int]:
    """What the control groups around this process allow (bytes), version 2 or 1; none where nothing is said."""
    found = []
    try:
        lines = groups.read_text(encoding="utf-8").splitlines()
    except OSError:
        return []
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers == "":
            base, name = root, "memory.max"
        elif "memory" in controllers.split(","):
            base, name = root / "memory", "memory.limit_in_bytes"
        else:
            continue
        inner = base / path.lstrip("/")
        for folder in (inner, *inner.parents):
            if base not in (folder, *folder.parents):
                break
            try:
                text = (folder / name).read_text(encoding="utf-8").strip()
            except OSError:
                continue
            if text.isdigit() and int(text) < 2**60:  # version 1 says a huge number for none
                found.append(int(text))
    return found


def memory_watch(limits: Sequence[Memory] | None = None) -> Callable[[], str]:
    """A function that says in words when memory is about to run out, and "" before."""
    limits = memory_limits() if limits is None else limits

    def full() -> str:
        addresses, resident = memory_in_use()
        for limit in limits:
            used = addresses if limit.source == ADDRESSES else resident
            if used > NEARLY * limit.size:
                return f"memory: {readable(used)} of {readable(limit.size)} ({limit.source}) in use"
        return ""

    return full


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
    if isinstance(levels, str):
        return []
    each = levels if isinstance(levels, list) else [levels] * model.sites
    dimensions = site_dimensions(model, each, ancilla)
    if isinstance(algorithm, Exact):
        need = COMPLEX * COPIES * math.prod(float(d) for d in dimensions)
        hint, key, value = "fewer modes or levels, or another method", "evolution.method", "exact"
    elif isinstance(algorithm, TDVP1):
        need = COPIES * state_bytes(dimensions, algorithm.bond)
        hint, key, value = "lower evolution.bond or bath.levels", "evolution.bond", str(algorithm.bond)
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
        star = isinstance(coupling.bath, chains.StarCells)
        for chain in coupling.chains:
            rate = chain.hoppings[0] if chain.length > 1 else max(abs(chain.frequencies[0]), 1e-12)
            if star:
                rate = max(0.5 * rate, 1 / max(until, 1e-12))
            bosons = min(size * chain.coupling / float(rate), 20.0) ** 2  # more are beyond the 200 levels below
            found = max(found, 6 + bosons + 6 * math.sqrt(bosons))
    return math.ceil(min(found, 200.0))
