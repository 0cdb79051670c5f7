"""What a run cost the machine."""

from __future__ import annotations

import resource
import sys
from pathlib import Path


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


def readable(size: float) -> str:
    """123456789 -> 118 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024 or unit == "PiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}"
