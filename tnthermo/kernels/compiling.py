"""How long kernels took to get ready, whether any of ours was compiled for it, and a way to end that."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from numba.core import event

from tnthermo.kernels.bins import kick
from tnthermo.kernels.sweep import sweep

OURS = ("tnthermo.", "chains.")  # modules


class CompileClock(event.Listener):
    """Context that adds up, in ``seconds``, the time numba compiles in it.

    Kernels found in the cache take none of it, but numba's own lists are compiled in every process, so that it is never nothing.
    ``process`` is the sum over all clocks of this process of what our own kernels took: 0 where all were in the cache.

    look  called before each kernel that is compiled; what it raises ends the compilation, and comes out where the kernel was called.
          Kernels that were done are in the cache, the one that was not is compiled when it is called again.
    """

    process = 0.0

    def __init__(self, look: Callable[[], None] | None = None) -> None:
        self.look = look
        self.seconds = 0.0
        self._depth = 0
        self._ours = False
        self._since = 0.0

    def __enter__(self) -> CompileClock:
        event.register("numba:compile", self)
        return self

    def __exit__(self, *_: object) -> None:
        event.unregister("numba:compile", self)

    def on_start(self, event: Any) -> None:
        """A kernel, or one that it calls, begins to compile."""
        if self._depth == 0:
            self._since, self._ours = time.perf_counter(), False
        self._depth += 1
        self._ours |= event.data["dispatcher"].py_func.__module__.startswith(OURS)
        if self.look is not None:
            self.look()

    def on_end(self, event: Any) -> None:
        """It is done."""
        self._depth -= 1
        if self._depth == 0:
            seconds = time.perf_counter() - self._since
            self.seconds += seconds
            CompileClock.process += seconds if self._ours else 0.0


def is_compiled(*, bins: bool = False) -> bool:
    """Whether an earlier run left the compiled sweep, or the kick of time bins, in the cache (of any version of its file)."""
    kernel, name = (kick, "bins.kick") if bins else (sweep, "sweep.sweep")
    return any(Path(str(kernel.stats.cache_path)).glob(f"{name}-*.nbc"))
