"""Signals while figures are drawn: the run is finished, so they are too; what an earlier death left half-drawn goes."""

import os
import signal
from pathlib import Path

import pytest
import xarray as xr

from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration import resolve
from tnthermo.figures import panels
from tnthermo.machine import lock
from tnthermo.results import ledger_file, run_folder
from tnthermo.studies import finished, study
from tnthermo.studies.study import Outcome
from tnthermo.terminal import cli


@pytest.fixture
def told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A run that is finished at once; while its figures are drawn the process gets a signal. What was drawn."""
    drawn: list[str] = []

    def run_config(config: Path, folder: Path, **keywords: object) -> Outcome:
        resolved: resolve.Resolved = None  # type: ignore[assignment]
        return Outcome(
            folder=folder, resolved=resolved, ledger=xr.Dataset(), flags=("a flag",), already_done=bool(drawn)
        )

    def figures(dataset: xr.Dataset, folder: Path) -> list[Path]:
        assert (folder / lock.LOCK).exists()
        os.kill(os.getpid(), signal.SIGTERM if drawn else signal.SIGUSR1)
        for path in panels.paths(folder):
            path.write_text("drawn")
        drawn.append(folder.name)
        return panels.paths(folder)

    monkeypatch.setattr(study, "run_config", run_config)
    monkeypatch.setattr(panels, "figures", figures)
    return drawn


def test_they_are_finished_first(tmp_path: Path, told: list[str]) -> None:
    left = tmp_path / f".energies.png.{os.getpid() + 1}.tmp"
    left.write_text("half a figure")
    done = call("run", "any.toml", "--out", tmp_path)
    assert done.exit_code == errors.ACCURACY
    assert "SIGUSR1: finishing the figures" in done.output
    assert "saving" not in done.output
    assert panels.complete(tmp_path)
    assert sorted(tmp_path.glob(".*")) == []
    assert not (tmp_path / lock.LOCK).exists()
    # the run is found done: nothing is drawn again, but what a death left goes, and what is missing is drawn
    left.write_text("half a figure")
    assert call("run", "any.toml", "--out", tmp_path).exit_code == errors.ACCURACY
    assert (len(told), left.exists()) == (1, False)
    panels.paths(tmp_path)[0].unlink()
    assert "SIGTERM: finishing the figures" in call("run", "any.toml", "--out", tmp_path).output
    assert len(told) == 2


def test_outside_of_it_a_signal_has_its_own_effect(told: list[str]) -> None:
    """The negative twin: what is seen above is not what every signal does here."""
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    with cli.drawing():
        assert signal.getsignal(signal.SIGTERM) != signal.SIG_DFL
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL


def test_another_process_draws_its_own(tmp_path: Path, told: list[str]) -> None:
    with lock.locked(tmp_path):
        done = call("run", "any.toml", "--out", tmp_path)
    assert done.exit_code == errors.ACCURACY
    assert "no figures drawn: " in done.output
    assert "in use" in done.output
    assert told == []


def test_plot_finishes_too(tmp_path: Path, told: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finished, "finished", lambda place: place)
    monkeypatch.setattr(ledger_file, "load_ledger", lambda place: xr.Dataset())
    monkeypatch.setattr(run_folder, "result_path", lambda place: place / run_folder.RESULT)
    (tmp_path / lock.LOCK).write_text("")  # `figures` above wants one
    done = call("plot", tmp_path)
    assert done.exit_code == 0
    assert "SIGUSR1: finishing the figures" in done.output
    assert told
