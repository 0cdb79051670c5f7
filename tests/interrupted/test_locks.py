"""One process at a time in a folder."""

import json
import os
import socket
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from chains import InvalidInput
from tests.interrupted.runs import start, wait_for, write_config
from tests.support.terminal import call
from tnthermo.errors import Held
from tnthermo.machine import lock, slurm
from tnthermo.results import run_folder
from tnthermo.studies.study import run_config


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    out.mkdir()
    with (
        lock.locked(out),
        pytest.raises(Held, match=f"in use: host {socket.gethostname()}, pid {os.getpid()}, for 0 s"),
    ):
        run_config(config, out, overwrite=True)
    assert list(out.iterdir()) == []


def test_a_folder_in_use_is_in_use_before_it_is_anything_else(tmp_path: Path) -> None:
    """Not "holds an unfinished run": a plain second command is told who is at work."""
    config, out = write_config(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / run_folder.CONFIG).write_text(config.read_text())
    with lock.locked(out):
        for options in ({}, {"resume": True}, {"overwrite": True}):
            with pytest.raises(Held, match=f"in use: host {socket.gethostname()}, pid {os.getpid()}"):
                run_config(config, out, **options)  # type: ignore[arg-type]
        done = call("run", config, "--out", out)
    assert done.exit_code == 1
    assert f"in use: host {socket.gethostname()}, pid {os.getpid()}" in done.output
    with pytest.raises(InvalidInput, match="holds an unfinished run"):  # nobody is at work: the negative twin
        run_config(config, out)


@pytest.mark.slow
def test_a_second_process_stops_and_names_the_first(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    process = start(config, out, pause=0.2)
    assert wait_for(process, "run 1")
    with pytest.raises(Held, match=f"in use: host {socket.gethostname()}, pid {process.pid}, for "):
        run_config(config, out, resume=True)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 75


def test_stale_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, here = tmp_path / lock.LOCK, socket.gethostname()
    dead = subprocess.Popen(["true"])
    dead.wait()

    def taken(**found: Any) -> list[str]:
        said: list[str] = []
        path.write_text(
            json.dumps({"host": here, "pid": dead.pid, "job": "", "process": "", "since": time.time() - 60} | found)
        )
        with lock.locked(tmp_path, said.append):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        assert not path.exists()
        return said

    assert "no process" in taken()[0]
    assert "another process by now" in taken(pid=os.getpid(), process="another boot 123")[0]
    for found in ({"pid": os.getpid(), "process": lock.started_at(os.getpid())}, {"host": "elsewhere"}):
        with pytest.raises(Held, match="says: host"):
            taken(**found)
    monkeypatch.setattr(lock, "queued", lambda job: job == "41")
    assert "job 42 is not in the queue" in taken(host="elsewhere", job="42")[0]
    with pytest.raises(Held, match=r"pid \d+, job 41, since a time in the future"):
        taken(host="elsewhere", job="41", since=time.time() + 1000)
    path.write_text('{"host": "no')  # killed while it wrote its name
    with lock.locked(tmp_path), pytest.raises(Held):
        lock.locked(tmp_path).__enter__()
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    assert slurm.job_id() == "9"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "8")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert slurm.job_id() == "8_3"
