"""TERM, INT and USR1: save and leave with 75, at once where nothing is lost."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest
from numba import njit

from tests.interrupted.runs import RUNS, SAVING, a_keeper, assert_same_run, start, wait_for, write_config
from tnthermo.engines.exact import ExactEngine
from tnthermo.errors import Stopped
from tnthermo.machine.signals import Stop, listening
from tnthermo.studies.study import run_config


def test_a_signal_sets_a_flag_and_the_second_interrupt_is_the_systems() -> None:
    before = [signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGINT", "SIGUSR1")]
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        said: list[str] = []
        with listening(said.append) as stop:
            assert stop.reason == ""
            os.kill(os.getpid(), number)
            assert stop.reason == number.name
            assert number.name in said[0]
            assert (signal.getsignal(signal.SIGINT) == signal.SIG_DFL) == (number == signal.SIGINT)
    assert before == [signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGINT", "SIGUSR1")]


QUICK = [(signal.SIGUSR1, "run 6")]
SLOW = [(signal.SIGTERM, "run 3"), (signal.SIGUSR1, "run 6"), (signal.SIGINT, "error bars 1")]


@pytest.mark.parametrize("asked", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)], ids=["one", "each"])
def test_signals_save_and_leave_with_75(
    asked: list[tuple[signal.Signals, str]], tmp_path: Path, reference: Path
) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    for number, at in asked:
        process = start(config, out, pause=0.2)
        assert wait_for(process, at)
        process.send_signal(number)
        text = process.communicate(timeout=60)[0]
        assert process.returncode == 75, text
        assert f"stopped ({number.name}) with a checkpoint" in text
    run_config(config, out, resume=True)
    assert_same_run(out, reference)


@pytest.mark.parametrize("at", [1, 2])
def test_a_signal_while_kernels_are_compiled(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """In the first step it leaves at once, nothing being lost; later the step is finished and saved."""
    config, out, stop, steps = write_config(tmp_path), tmp_path / "out", Stop(), [0]
    real = ExactEngine.step

    def step(self: ExactEngine, dt: float, end: float | None = None) -> Any:
        steps[0] += 1
        if steps[0] == at:
            stop.request("SIGTERM")
        fresh = njit(lambda x: x + 1)  # compiled in every step
        assert fresh(1) == 2
        return real(self, dt, end)

    with monkeypatch.context() as patch:
        patch.setattr(ExactEngine, "step", step)
        words = r"^stopped \(SIGTERM\)$" if at == 1 else r"with a checkpoint at t = 0\.2 of the run"
        with pytest.raises(Stopped, match=words):
            run_config(config, out, stop=stop)
    assert steps[0] == at
    assert a_keeper(config, out).any() == (at == 2)
    run_config(config, out, resume=True)
    assert RUNS[out].times[-1] == RUNS[reference].times[-1]
    assert_same_run(out, reference)


@pytest.mark.slow
def test_a_process_that_compiles_hears_a_signal(tmp_path: Path) -> None:
    """With an empty cache of kernels: it leaves between two of them, long before all are compiled."""
    config, out, cache = write_config(tmp_path), tmp_path / "out", tmp_path / "kernels"
    config.write_text(config.read_text().replace('method = "exact"', 'method = "tdvp"\nmax_bond = 4'))
    process = start(config, out, NUMBA_CACHE_DIR=str(cache))
    assert wait_for(process, "ready")
    while not list(cache.rglob("*.nbc")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 75, text
    assert "run 1" not in text
    assert not list(cache.rglob("sweep.sweep-*.nbc"))


@pytest.mark.slow
def test_the_second_interrupt_leaves_at_once(tmp_path: Path, reference: Path) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    process = start(config, out, pause=0.5)
    assert wait_for(process, "run 2")
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    said: list[str] = []
    run_config(config, out, resume=True, say=said.append)
    assert any("stale lock" in line and "no process" in line for line in said)
    assert_same_run(out, reference)


def test_python_catches_no_signals_unless_asked(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    handlers = []
    run_config(
        write_config(tmp_path), tmp_path / "out", progress=lambda p: handlers.append(signal.getsignal(signal.SIGTERM))
    )
    assert set(handlers) == {before}
