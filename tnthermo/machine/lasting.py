"""A calculation never depends on who is looking: a screen that goes away is written to no more, and a terminal that closes ends nothing."""

from __future__ import annotations

import contextlib
import errno
import io
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO, Any, cast

GONE = (errno.EPIPE, errno.EIO, errno.EBADF)  # nobody reads any longer


class Lasting(io.TextIOBase):
    """A text stream on which writing never fails: what went wrong once (EPIPE, EIO, a closed file) makes it silent for good.

    stream  the real one; None, which Python puts in the place of a standard stream that was closed before it started: silent
    lost    why what was to be read later is not there (a full disk); None where all was written, or nobody is there to read it
    """

    def __init__(self, stream: IO[str] | None) -> None:
        self.stream = stream
        self.lost: OSError | None = None

    def _try(self, what: str, *arguments: Any) -> Any:
        if self.stream is None:
            return None
        try:
            return getattr(self.stream, what)(*arguments)
        except UnicodeEncodeError:
            raise
        except (OSError, ValueError) as error:  # ValueError: of a closed file
            if isinstance(error, OSError) and error.errno not in GONE:
                self.lost = error
            _into_nowhere(self.stream)
            self.stream = None
            return None

    def write(self, text: str) -> int:
        """As any stream."""
        try:
            self._try("write", text)
        except UnicodeEncodeError:
            self._try("write", text.encode(self.encoding, "backslashreplace").decode(self.encoding))
        return len(text)

    def flush(self) -> None:
        """As any stream."""
        self._try("flush")

    def isatty(self) -> bool:
        """Whether there is still a terminal."""
        return bool(self._try("isatty"))

    def fileno(self) -> int:
        """As any stream. Raises `io.UnsupportedOperation` where there is none."""
        if self.stream is None:
            raise io.UnsupportedOperation("fileno")
        return self.stream.fileno()

    def writable(self) -> bool:
        """True."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """Of the real stream."""
        return getattr(self.stream, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """How the real stream writes what its encoding does not have."""
        return getattr(self.stream, "errors", None)


def lasting(stream: IO[str] | None) -> IO[str]:
    """The stream as one that never fails."""
    return cast(IO[str], Lasting(stream))


def _into_nowhere(stream: IO[str]) -> None:
    """Lead what a stream still holds to the null device, so that the interpreter does not stumble over it at its end."""
    with contextlib.suppress(OSError, ValueError):
        number = stream.fileno()
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, number)
        os.close(nowhere)


@contextlib.contextmanager
def lasting_screen() -> Iterator[Lasting]:
    """Standard output and error as `Lasting` streams; flushed at the end, while a failure can still be swallowed. Gives that of output.

    A descriptor that was closed is opened on the null device: the next file would get its number, and with it what a library prints.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # gets the lowest free number
    before = sys.stdout, sys.stderr
    screens = Lasting(sys.stdout), Lasting(sys.stderr)
    sys.stdout, sys.stderr = screens  # type: ignore[assignment]
    try:
        yield screens[0]
    finally:
        for screen in screens:
            screen.flush()
        sys.stdout, sys.stderr = before


@contextlib.contextmanager
def outlasting_the_terminal() -> Iterator[None]:
    """Go on when the terminal closes (HUP), as under nohup; processes that are started inherit it. Only in the main thread."""
    number = getattr(signal, "SIGHUP", None)
    if number is None:
        yield
        return
    before = signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(number, before)
