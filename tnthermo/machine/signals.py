"""Being asked to stop: a signal only sets a flag, the run saves at the end of its step and leaves by itself."""

from __future__ import annotations

import contextlib
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

STOPPING = ("SIGTERM", "SIGINT", "SIGUSR1")


class Stop:
    """Whether to stop, and why; ``reason`` is empty as long as there is none. ``first`` says what will be done before, in words."""

    def __init__(self) -> None:
        self.reason = ""
        self.first = "this step and saving"

    def request(self, reason: str) -> None:
        """Ask for it; the first reason stays."""
        self.reason = self.reason or reason


@contextmanager
def listening(say: Callable[[str], None] = lambda text: None) -> Iterator[Stop]:
    """A `Stop` that TERM, INT and USR1 set; what they did before comes back at the end. Only in the main thread.

    After the first INT a second one has the system's own effect: it ends the process at once, inside a compiled kernel too.
    An INT that was ignored (a background job of a shell, nohup) stays ignored.
    """
    stop = Stop()
    before: dict[int, Any] = {}

    def asked(number: int, _: FrameType | None) -> None:
        name = signal.Signals(number).name
        stop.request(name)
        say(f"{name}: finishing {stop.first}" + ("; again: leave at once" if number == signal.SIGINT else ""))
        if number == signal.SIGINT:
            signal.signal(number, signal.SIG_DFL)
            with contextlib.suppress(OSError, ValueError, AttributeError):  # no such stream, or gone
                if sys.stderr.isatty():
                    # the progress line hides the cursor; whoever is ended at once cannot show it again
                    sys.stderr.write("\x1b[?25h")

    try:
        for name in STOPPING:
            number = getattr(signal, name, None)
            if number is None or (number == signal.SIGINT and signal.getsignal(number) == signal.SIG_IGN):
                continue
            before[number] = signal.signal(number, asked)
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
