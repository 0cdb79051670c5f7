"""What a user may catch, in one place, and how a run that ended with it is judged: `outcome_of`.

Bad input is `chains.InvalidInput`, of which one error names every problem.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from chains.problems import InvalidInput, lines

DONE, FAILED, BAD_INPUT, ACCURACY, STORAGE, STOPPED = 0, 1, 2, 3, 4, 75
"""Exit codes, of commands and of the points of a sweep."""


class Damaged(ValueError):
    """Not a checkpoint, or not as it was written; the message says what is wrong with it."""


class Unreadable(ValueError):
    """A checkpoint as it was written, of a format that this version does not read."""


class RunFailed(RuntimeError):
    """The run met a number it cannot go on with; the message names the time and the quantity."""


class Held(RuntimeError):
    """Another process is at work in the folder; the message names it."""


class NotConverged(RuntimeError):
    """Raised instead of flagging, where strict mode was asked for; ``flags`` names what did not converge."""

    def __init__(self, flags: Sequence[str]) -> None:
        self.flags = tuple(flags)
        super().__init__("not converged: " + "; ".join(self.flags))


class Stopped(RuntimeError):
    """The run was asked to stop and did; what it saved is good. The message says how to go on."""


class StorageError(OSError):
    """A file or folder could not be read or written; the message names it, ``errno`` says why where the system told."""


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How something that raised an error has ended.

    code     one of the exit codes
    reasons  what to say: a text for each problem, or one
    known    whether they explain it; False for an error of Python, whose traceback says more
    """

    code: int
    reasons: tuple[str, ...]
    known: bool = True

    @property
    def state(self) -> Literal["done", "stopped", "failed"]:
        """Of a point of a sweep: one that did not converge has a result."""
        return "done" if self.code in (DONE, ACCURACY) else "stopped" if self.code == STOPPED else "failed"


def outcome_of(error: BaseException) -> Outcome:
    """The one place where errors become exit codes and words."""
    text = str(error)
    match error:
        case InvalidInput():
            return Outcome(code=BAD_INPUT, reasons=tuple(lines(error.problems)))
        case NotConverged():
            return Outcome(code=ACCURACY, reasons=error.flags)
        case Stopped():
            return Outcome(code=STOPPED, reasons=(text,))
        case Held() | RunFailed():
            return Outcome(code=FAILED, reasons=(text,))
        case OSError():
            return Outcome(code=STORAGE, reasons=(text,))
        case MemoryError():
            return Outcome(code=FAILED, reasons=(text or "out of memory",))
        case KeyboardInterrupt() | SystemExit():
            return Outcome(code=FAILED, reasons=("interrupted",))
    return Outcome(code=FAILED, reasons=(f"{type(error).__name__}: {text}",), known=False)
