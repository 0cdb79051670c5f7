"""What a user sees of a run: its progress (a live line on a terminal, plain lines in a log file) and the screen of its result."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import IO, Self

from rich.console import Console
from rich.live import Live
from rich.text import Text

from tnthermo.evolution.progress import Progress
from tnthermo.machine.lasting import lasting
from tnthermo.machine.words import clock

SECONDS_BETWEEN = 10.0  # log lines are at least this far apart,
PART_BETWEEN = 0.05  # and a line is due only after this part of the run, or after SECONDS_AT_MOST
SECONDS_AT_MOST = 300.0
WINDOW = 5.0  # seconds of wall time over which the speed is averaged


def live_on(stream: IO[str]) -> Live | None:
    """A display that is redrawn in place, started; None where the stream is no terminal that can."""
    if not stream.isatty() or os.environ.get("TERM", "") in ("", "dumb"):
        return None
    live = Live(console=Console(file=stream), refresh_per_second=4, transient=True)
    live.start()
    return live


class Display:
    """What is shown while something runs: live on a screen that can, nothing where it is ``quiet``; used as a context manager."""

    stream: IO[str]
    quiet: bool
    live: Live | None = None

    def __enter__(self) -> Self:
        self.live = None if self.quiet else live_on(self.stream)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.live is not None:
            self.live.stop()


class ProgressDisplay(Display):
    """A callable for ``tnthermo.evolve(progress=...)``, used as a context manager.

    stream   where to write (standard error); a terminal gets a line that is redrawn, anything else plain lines without escape codes
    quiet    write nothing
    now      the wall clock, for tests
    """

    def __init__(
        self, stream: IO[str] | None = None, *, quiet: bool = False, now: Callable[[], float] = time.monotonic
    ) -> None:
        self.stream = lasting(sys.stderr if stream is None else stream)
        self.quiet = quiet
        self.now = now
        self.stage = ""
        self.samples: list[tuple[float, float]] = []  # (wall, simulated) of the last WINDOW seconds
        self.last_wall = float("-inf")
        self.last_time = 0.0

    def __call__(self, progress: Progress) -> None:
        """Show the state after a step, if it is time to."""
        if self.quiet:
            return
        wall = self.now()
        if progress.stage != self.stage:
            self.stage, self.samples = progress.stage, []
            self.last_wall, self.last_time = float("-inf"), progress.time
        if progress.steps > 0:  # the first step may compile: it says nothing about the speed
            self.samples = [(w, t) for w, t in self.samples if w > wall - WINDOW][-200:] or self.samples[-1:]
            self.samples.append((wall, progress.time))
        if self.live is not None:
            self.live.update(Text(self.line(progress), no_wrap=True, overflow="ellipsis"))
        elif self._due(progress, wall):
            self.last_wall, self.last_time = wall, progress.time
            print(self.line(progress), file=self.stream, flush=True)

    def _due(self, progress: Progress, wall: float) -> bool:
        first, last = self.last_wall == float("-inf"), progress.time >= progress.until
        waited, moved = wall - self.last_wall, progress.time - self.last_time
        return (
            first
            or last
            or (waited >= SECONDS_BETWEEN and (moved >= PART_BETWEEN * progress.until or waited >= SECONDS_AT_MOST))
        )

    def speed(self) -> float:
        """Simulated time per wall second over the last seconds; nan at the start."""
        if not self.samples:
            return float("nan")
        (w0, t0), (w1, t1) = self.samples[0], self.samples[-1]
        return (t1 - t0) / (w1 - w0) if w1 > w0 else float("nan")

    def line(self, progress: Progress) -> str:
        """One line, the same on a terminal and in a file."""
        part = progress.time / progress.until if progress.until > 0 else 1.0
        speed = self.speed()
        left = clock((progress.until - progress.time) / speed) if speed > 0 else "?"
        pace = f"{speed:.3g} t per s" if speed > 0 else "?"
        return (
            f"{progress.stage}: t = {progress.time:.4g}/{progress.until:g} ({part:.0%})  {pace}  ETA {left}  bond {progress.largest_bond}  "
            f"levels {progress.largest_level}  sites {progress.active_sites}  discarded {progress.discarded_weight:.1e}"
        )


# --- the screen of a result -------------------------------------------------------------------------------------------------------
