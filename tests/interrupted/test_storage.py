"""Full disks, busy files, too little room."""

import contextlib
import errno
import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.interrupted.runs import SAVING, a_keeper, assert_same_run, save_little, stop_at, write_config
from tnthermo import errors
from tnthermo.evolution.progress import Progress
from tnthermo.machine import lock
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import checkpoints, result_file, run_folder
from tnthermo.studies import study
from tnthermo.studies.study import run_config


def test_a_full_disk_is_waited_for_and_then_exit_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 3)
    kept = (out / checkpoints.FOLDER / "run.ckpt").read_bytes()
    real, failures = os.fsync, [10**6]

    def full(handle: int) -> None:
        failures[0] -= 1
        if failures[0] >= 0:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    said: list[str] = []
    keeper = a_keeper(config, out)
    keeper.patience, keeper.first_pause, keeper.say = 0.2, 0.02, said.append
    with pytest.raises(errors.StorageError, match=r"No space left.*the checkpoint before it is kept") as failed:
        keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert failed.value.errno == 28
    assert [float(line.split()[-2]) for line in said][:2] == [0.02, 0.04]
    assert (out / checkpoints.FOLDER / "run.ckpt").read_bytes() == kept
    assert not list((out / checkpoints.FOLDER).glob(".*"))
    failures[0] = 2
    keeper.patience = 5.0
    keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert keeper.saves == 1
    keeper.stop.request("SIGUSR1")  # no time to wait
    failures[0] = 10
    with pytest.raises(errors.StorageError):
        keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert failures[0] == 9


def test_a_result_that_cannot_be_replaced_is_written_when_resumed(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network file system a file that another program holds may be busy. The run is not lost: its end is a checkpoint."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    busy = [True]

    def save(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: Any = None) -> None:
        if busy[0]:
            failed = errors.StorageError(f"cannot write {path}: Device or resource busy")
            failed.errno = errno.EBUSY
            raise failed
        save_little(path, ledger, run, correlations)

    monkeypatch.setattr(result_file, "save_result", save)
    said: list[str] = []
    with pytest.raises(errors.StorageError, match="busy"):
        run_config(config, out, say=said.append)
    assert any("busy; trying again in" in line for line in said)
    assert not (out / run_folder.RESULT).exists()
    busy[0] = False
    run_config(config, out, resume=True, say=said.append)
    assert "run: going on from t = 1" in said
    assert_same_run(out, reference)


def test_a_full_disk_met_by_the_probe_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The probe is there, what should be in it is not: it goes, and the folder is tried again, or left as it was."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    real, met = Path.open, [0]

    def full(path: Path, *arguments: Any, **keywords: Any) -> Any:
        handle = real(path, *arguments, **keywords)
        if path.name.startswith(".probe."):
            met[0] += 1
            if met[0] <= limit:
                handle.close()
                assert path.exists()
                raise OSError(errno.ENOSPC, "No space left on device")
        return handle

    monkeypatch.setattr(Path, "open", full)
    said: list[str] = []
    limit = 1_000_000
    with pytest.raises(errors.StorageError, match=r"cannot write into .*No space left on device") as failed:
        run_config(config, out, say=said.append)
    assert failed.value.errno == errno.ENOSPC
    assert met[0] == 2  # again after the 0.3 s of its patience
    assert list(out.iterdir()) == []
    met[0], limit = 0, 1
    run_config(config, out, say=said.append)
    assert any("No space left on device; trying again in" in line for line in said)
    assert run_folder.inspect(out).state == "finished"
    assert not list(out.glob(".*"))


def test_a_lock_that_finds_no_room_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    real, met = os.pwrite, [0]

    def full(*arguments: Any) -> int:
        met[0] += 1
        if met[0] == 1:
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    monkeypatch.setattr(os, "pwrite", full)
    with pytest.raises(errors.StorageError, match="cannot lock"), lock.locked(tmp_path):
        pass
    assert not (tmp_path / lock.LOCK).exists()
    met[0] = 0
    said: list[str] = []
    run_config(config, out, say=said.append)
    assert any("cannot lock" in line and "trying again" in line for line in said)


def test_room_is_looked_for_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "evolve", lambda *args, **keywords: pytest.fail("the run started"))
    monkeypatch.setattr(study, "checkpoint_bytes", lambda resolved: (1e18, 1e18))
    with pytest.raises(errors.StorageError, match="of free space, 2 checkpoints take"):
        run_config(write_config(tmp_path), tmp_path / "out")


@pytest.mark.slow
def test_a_small_disk_that_fills_up(tmp_path: Path) -> None:
    """At ten points of a run a real file system is full: exit 4, the last good state there, the same numbers afterwards."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    try:
        config, out, ballast = write_config(tmp_path, add=SAVING), disk / "out", disk / "ballast"
        run_config(config, tmp_path / "whole")
        random, stored = np.random.default_rng(3), 0
        for _ in range(10):
            at = int(random.integers(0, 11))

            def fill(progress: Progress, at: int = at) -> None:
                if progress.steps == at and not ballast.exists():
                    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as handle:
                        while handle.write(b"\0" * 4096) == 4096:
                            pass

            try:
                run_config(config, out, resume=True, progress=fill)
            except errors.StorageError:
                stored += 1
            ballast.unlink(missing_ok=True)
            if run_folder.inspect(out).state == "finished":
                for path in (out / run_folder.RESULT, *(out / checkpoints.FOLDER).iterdir()):
                    path.unlink()
        assert stored >= 8
        run_config(config, out, resume=True)
        assert_same_run(out, tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=False)
