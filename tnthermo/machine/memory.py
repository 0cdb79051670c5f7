"""What a run cost the machine."""

from __future__ import annotations

import os
import resource
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tnthermo.machine.words import readable


def peak_memory() -> float:
    """The most memory this process has held so far (bytes).

    Linux keeps it in /proc/self/status; what getrusage says there includes the process that started this one.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    found = [int(line.split()[1]) for line in lines if line.startswith("VmHWM:")]
    if found:
        return float(1024 * found[0])
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(largest if sys.platform == "darwin" else 1024 * largest)


def memory_in_use() -> tuple[float, float]:
    """(address space, memory held) of this process now (bytes); elsewhere than on Linux what it held at most counts for both."""
    try:
        pages = Path("/proc/self/statm").read_text(encoding="utf-8").split()
    except OSError:
        return peak_memory(), peak_memory()
    size = resource.getpagesize()
    return float(size * int(pages[0])), float(size * int(pages[1]))


ADDRESSES = "RLIMIT_AS"  # limits the address space, not what is held


NEARLY = 0.95  # of a limit: time to save and leave


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
