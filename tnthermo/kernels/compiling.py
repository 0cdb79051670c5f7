"""How long compilation took."""

from __future__ import annotations

import time
from typing import Any

from numba.core import event


class CompileClock(event.Listener):
    """Context that adds up, in ``seconds``, the time numba compiles in it; kernels found in the cache cost nothing.

    ``process`` is the sum over all clocks of this process.
    """

    process = 0.0

    def __init__(self) -> None:
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

    def on_end(self, event: Any) -> None:
        """It is done."""
        self._depth -= 1
        if self._depth == 0:
            seconds = time.perf_counter() - self._since
            self.seconds += seconds
            CompileClock.process += seconds
