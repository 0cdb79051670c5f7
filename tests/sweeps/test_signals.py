"""A sweep that is told to stop together with all its processes, as `timeout`, a terminal or a batch system do it."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.sweeps import write_sweep
from tnthermo import errors
from tnthermo.sweeps.folder import SweepFolder, is_claimed, read_record
from tnthermo.sweeps.here import waiting_for
from tnthermo.sweeps.status import sweep_status
from tnthermo.sweeps.workers import Killed, Workers

GROUP = """
import os, signal, sys, time
from tnthermo.sweeps.workers import Workers

if __name__ == "__main__":
    os.setpgid(0, 0)
    signal.signal(signal.SIGTERM, lambda *_: None)
    workers = Workers(1, kernels=False)
    workers.start()
    print("started", flush=True)  # its server still loads the libraries
    os.killpg(0, signal.SIGTERM)
    print(workers.submit(abs, -1).result(), flush=True)
    os.killpg(0, signal.SIGTERM)
    workers.stop()
    try:
        workers.submit(abs, -1).result()
    except Exception as error:
        print(type(error).__name__, error, flush=True)
    workers.shutdown()
"""


def wait_for(condition: Callable[[], bool], seconds: float = 120) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.1)


def test_the_server_of_workers_outlives_a_signal_to_the_whole_group(tmp_path: Path) -> None:
    script = tmp_path / "group.py"
    script.write_text(GROUP)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split("\n")[:3] == ["started", "1", "Killed stopped"]


def test_a_process_that_cannot_be_started_is_named_and_while_stopping_it_is_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def gone(self: Workers) -> None:
        raise EOFError("unexpected EOF")

    monkeypatch.setattr(Workers, "start", gone)
    workers = Workers(1, kernels=False)
    try:
        with pytest.raises(Killed, match="no process could be started: unexpected EOF"):
            workers.submit(abs, -1).result()
        workers.stop()
        with pytest.raises(Killed, match=r"^stopped$"):
            workers.submit(abs, -1).result()
    finally:
        workers.shutdown()


def test_what_is_waited_for() -> None:
    """Only runs that were told to stop are said to: an executor of somebody else's goes on to the end of what it has begun."""
    assert waiting_for(2, told=True).startswith("the 2 runs at work save and end after the step")
    assert waiting_for(1, told=True).startswith("the run at work saves and ends after the step")
    assert waiting_for(2, told=False).startswith("waiting for the 2 runs at work to finish")


@pytest.mark.slow
def test_a_signal_to_the_whole_group_fails_no_point(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.5, 0.25, 0.2, 0.3]\n"evolution.until" = [1e5]')
    place = SweepFolder(tmp_path / "out")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [
        sys.executable,
        "-m",
        "tnthermo.terminal.cli",
        "sweep",
        str(config),
        "--out",
        str(place.root),
        "--workers",
        "2",
    ]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, process_group=0) as sweep:
        wait_for(lambda: len([1 for one in place.root.glob("log/*.log") if is_claimed(one)]) == 2)
        os.killpg(sweep.pid, signal.SIGTERM)
        assert sweep.wait(timeout=120) == errors.STOPPED
        assert sweep.stderr is not None
        assert b"SIGTERM: the 2 runs at work save and end after the step" in sweep.stderr.read()
    found = sweep_status(place.root)
    assert sorted(one.state for one in found) == ["stopped", "stopped", "waiting", "waiting"]
    assert not any(read_record(place, one.run).get("state") == "failed" for one in found)
