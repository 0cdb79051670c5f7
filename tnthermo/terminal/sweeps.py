"""What a user sees of a sweep: a table while it runs (plain lines in a log file), failures with their reasons, how everything stands."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from typing import IO, Any

from rich.console import Console, Group
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from tnthermo.errors import ACCURACY
from tnthermo.machine.lasting import lasting
from tnthermo.machine.words import clock
from tnthermo.sweeps.here import Failure, SweepProgress
from tnthermo.sweeps.status import Standing
from tnthermo.sweeps.status import summary as how_all_stand
from tnthermo.terminal.progress import Display

LAST = 5  # runs that ended, in the live table
WIDE = 160  # columns of a table that is not on a terminal


class SweepDisplay(Display):
    """A callable for ``run_sweep(progress=...)``, used as a context manager; on a terminal a table, else a line for each run that ends."""

    def __init__(self, stream: IO[str] | None = None, *, quiet: bool = False) -> None:
        self.stream = lasting(sys.stderr if stream is None else stream)
        self.quiet = quiet
        self.said = 0
        self.of: SweepProgress | None = None

    def __call__(self, state: SweepProgress) -> None:
        """Show what is new; a sweep after another begins anew."""
        if self.quiet:
            return
        if state is not self.of:
            self.of, self.said = state, 0
        if self.live is not None:
            self.live.update(Group(*self.screen(state)))
            return
        for number in range(self.said, len(state.outcomes)):
            print(line(state, number), file=self.stream, flush=True)
        self.said = len(state.outcomes)

    def screen(self, state: SweepProgress) -> Iterable[Table | Text | ProgressBar]:
        """The live table: what runs, what ended last, how far the whole is."""
        table = Table(box=None, pad_edge=False)
        for head in ("run", "", "time", "point"):
            table.add_column(head)
        now = time.monotonic()
        for one in state.outcomes[-LAST:]:
            table.add_row(
                one["run"], ending(one), clock(one["seconds"]), Text(state.manifest.label(one["run"], short=True))
            )
        for run, since in state.running.items():
            table.add_row(run, state.state(run), clock(now - since), Text(state.manifest.label(run, short=True)))
        yield table
        yield Text(summary(state), no_wrap=True, overflow="ellipsis")
        yield ProgressBar(total=max(1, len(state.todo)), completed=state.over - state.before, width=60)


def summary(state: SweepProgress) -> str:
    """``12 of 200 runs, 1 failed, ETA 2:10``."""
    failed = sum(one["state"] == "failed" for one in state.outcomes)
    text = f"{state.over} of {len(state.manifest.costs)} runs" + (f", {failed} failed" if failed else "")
    return f"{text}, {clock(time.monotonic() - state.started)}, ETA {clock(state.seconds_left())}"


def line(state: SweepProgress, number: int) -> str:
    """A line of a log file for the run that ended as number ``number``."""
    one = state.outcomes[number]
    why = f": {one['reason']}" if one["reason"] else ""
    over = state.before + sum(other["state"] in ("done", "failed") for other in state.outcomes[: number + 1])
    place = f"[{over}/{len(state.manifest.costs)}]"
    how = f"{ending(one)} in {clock(one['seconds'])}{why}, ETA {clock(state.seconds_left())}"
    return f"{place} {one['run']} {state.manifest.label(one['run'])}: {how}"


def ending(outcome: Mapping[str, Any]) -> str:
    """How a run ended, as `tnthermo status` calls it."""
    return "not converged" if outcome["code"] == ACCURACY else str(outcome["state"])


def failure_table(failures: Sequence[Failure], stream: IO[str]) -> None:
    """The runs that failed, and why."""
    table = Table(title=f"{len(failures)} failed", title_justify="left", box=None, pad_edge=False)
    for head in ("run", "point", "exit", "reason"):
        table.add_column(head, overflow="fold")
    for one in failures:
        table.add_row(one.run, Text(one.label), str(one.code), Text(one.reason))
    console(stream).print(table)


def status_table(found: Sequence[Standing], stream: IO[str]) -> None:
    """Every run with how it stands, and a summary."""
    table = Table(box=None, pad_edge=False)
    for head in ("run", "point", "state", "time", ""):
        table.add_column(head, overflow="fold")
    for one in found:
        table.add_row(
            one.run,
            Text(one.short or one.label),
            one.state,
            clock(one.seconds) if one.seconds >= 0 else "",
            Text(one.detail),
        )
    console(stream).print(table)
    print(how_all_stand(found), file=stream)


def console(stream: IO[str]) -> Console:
    """As wide as the terminal; in a file wide enough that a row is a line."""
    return Console(file=stream, highlight=False, width=None if stream.isatty() else WIDE)
