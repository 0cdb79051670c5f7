"""What a run cost the machine."""

from __future__ import annotations

import resource
import sys


def peak_memory() -> float:
    """The most memory this process has held so far (bytes)."""
    largest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(largest if sys.platform == "darwin" else 1024 * largest)


def readable(size: float) -> str:
    """123456789 -> 118 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB", "TiB", "PiB"):
        if size < 1024 or unit == "PiB":
            break
        size /= 1024
    return f"{size:.3g} {unit}"
