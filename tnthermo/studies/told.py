"""What a run tells while it is on, in the units of its file: lines, progress, and the words of what ends it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace

from tnthermo.errors import RunFailed, Stopped
from tnthermo.evolution.progress import Progress
from tnthermo.units.units import Units

Watch = Callable[[Progress], None]


@dataclass(frozen=True)
class Told:
    """Functions of the caller, called with times in ``units``."""

    units: Units

    def say(self, say: Callable[[str], None]) -> Callable[[str], None]:
        """A function that receives lines."""
        return say if self.units.natural else lambda text: say(self.units.said(text))

    def progress(self, progress: Watch | None) -> Watch | None:
        """A function that receives a `Progress`."""
        if progress is None or self.units.natural:
            return progress
        shown, watch = self.units.shown_time, progress
        said = self.units.said  # a run on the way to a target is named by its step
        return lambda now: watch(replace(now, time=shown(now.time), until=shown(now.until), stage=said(now.stage)))


@contextmanager
def told_in(units: Units) -> Iterator[Told]:
    """What is told inside, and the errors that leave it, speak of times in ``units``."""
    try:
        yield Told(units)
    except (Stopped, RunFailed) as error:
        if not units.natural and error.args:
            error.args = (units.said(str(error.args[0])), *error.args[1:])
        raise
