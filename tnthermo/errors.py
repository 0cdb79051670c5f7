"""What a user may catch, in one place: each error that is raised here and is not one of bad input (`chains.InvalidInput`)."""

from __future__ import annotations

from collections.abc import Sequence


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
