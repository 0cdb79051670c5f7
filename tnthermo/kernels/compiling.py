"""How long compilation took, and a way to end it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from numba.core import event


class CompileClock(event.Listener):
    """Context that adds up, in ``seconds``, the time numba compiles in it; kernels found in the cache cost nothing.

    ``process`` is the sum over all clocks of this process.

    look  called before each kernel that is compiled; what it raises ends the compilation, and comes out where the kernel was called.
          Kernels that were done are in the cache, the one that was not is compiled when it is called again.
    """

    process = 0.0

    def __init__(self, look: Callable[[], None] | None = None) -> None:
        self.look = look
        self.seconds = 0.0
        self._depth = 0
        self._since = 0.0

    def __enter__(self) -> CompileClock:
        event.register("numba:compile", self)
        return self

    def __exit__(self, *_: object) -> None:
        event.unregister("numba:compile", self)

    def on_start(self, event: Any) -> None:
        """A kernel, or one that it calls, begins to compile."""
        if self._depth == 0:
            self._since = time.perf_counter()
        self._depth += 1
        if self.look is not None:
            self.look()

    def on_end(self, event: Any) -> None:
        """It is done."""
        self._depth -= 1
        if self._depth == 0:
            seconds = time.perf_counter() - self._since
            self.seconds += seconds
            CompileClock.process += seconds
