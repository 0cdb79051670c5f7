"""A screen that goes away: writing to it never fails, and what was to be read later is not lost in silence."""

import io
import os
import signal
import sys
from collections.abc import Iterator
from typing import IO

import pytest

from tests.studies.test_study import progress
from tnthermo.machine.lasting import Lasting, lasting_screen, outlasting_the_terminal
from tnthermo.terminal.progress import ProgressDisplay
from tnthermo.terminal.sweeps import SweepDisplay


@pytest.fixture
def broken() -> Iterator[IO[str]]:
    """A pipe that nobody reads any more."""
    reading, writing = os.pipe()
    os.close(reading)
    with open(writing, "w", encoding="utf-8") as stream:
        yield stream


def test_a_plain_stream_does_fail(broken: IO[str]) -> None:
    """The negative twin."""
    with pytest.raises(BrokenPipeError):
        print("x", file=broken, flush=True)
    Lasting(broken).flush()  # what it still holds goes nowhere: closing it does not fail


def test_a_pipe_that_nobody_reads_is_silent_for_good(broken: IO[str]) -> None:
    screen = Lasting(broken)
    for _ in range(3):
        print("x" * 100_000, file=screen, flush=True)
    assert (screen.stream, screen.lost) == (None, None)
    assert not screen.isatty()
    broken.flush()  # nor does the interpreter stumble over it at its end
    with pytest.raises(io.UnsupportedOperation):
        screen.fileno()


def test_streams_that_were_closed(broken: IO[str]) -> None:
    closed = io.StringIO()
    closed.close()
    for stream in (None, closed):
        screen = Lasting(stream)
        print("x", file=screen, flush=True)
        assert not screen.isatty()
        assert screen.stream is None


def test_progress_goes_on_without_its_display(broken: IO[str], monkeypatch: pytest.MonkeyPatch) -> None:
    with ProgressDisplay(broken) as display:
        for k in range(3):
            display(progress(k * 5.0, steps=k))
    monkeypatch.setattr(sys, "stderr", None)
    for kind in (ProgressDisplay, SweepDisplay):
        with kind() as display:
            assert display.live is None


def test_output_lost_to_a_full_disk_is_known() -> None:
    with open("/dev/full", "w", encoding="utf-8") as stream:
        screen = Lasting(stream)
        print("x", file=screen, flush=True)
        assert isinstance(screen.lost, OSError)
        assert "No space left" in str(screen.lost)


def test_letters_that_a_terminal_lacks() -> None:
    image = io.BytesIO()
    stream = io.TextIOWrapper(image, encoding="ascii")
    screen = Lasting(stream)
    print("\u03b1 = 1", file=screen, flush=True)
    assert image.getvalue() == b"\\u03b1 = 1\n"
    assert screen.stream is stream


def test_the_standard_streams_come_back() -> None:
    before = sys.stdout, sys.stderr
    with lasting_screen() as output:
        assert sys.stdout is output
        assert isinstance(sys.stderr, Lasting)
    assert before == (sys.stdout, sys.stderr)


def test_a_terminal_that_closes_ends_nothing() -> None:
    before = signal.signal(
        signal.SIGHUP, signal.SIG_DFL
    )  # which would end this process; the tests' own may be ignored, as under nohup
    try:
        with outlasting_the_terminal():
            os.kill(os.getpid(), signal.SIGHUP)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_DFL
    finally:
        signal.signal(signal.SIGHUP, before)
