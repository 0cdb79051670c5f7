"""Small runs that are stopped, and how they are compared with uninterrupted ones."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from tests.support import configs
from tests.support.compare import physics, same
from tnthermo.configuration.resolve import resolve_file
from tnthermo.errors import Stopped
from tnthermo.evolution.progress import Progress
from tnthermo.machine import lock
from tnthermo.machine.signals import Stop
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import checkpoints, netcdf, result_file, run_folder, state_file
from tnthermo.results.checkpoints import Checkpoints
from tnthermo.studies.study import run_config

ROOT = Path(__file__).parents[2]
SAVING = "[run]\ncheckpoint_every = 0\nstorage_patience = 0.3\n"
GROUPS = (None, "raw", "raw/rough")


def write_config(folder: Path, *, add: str = "", **more: Any) -> Path:
    """The smallest one, without the entropy of the bath, which takes most of its time."""
    return configs.write_config(folder, add=configs.NO_ENTROPY + add, **more)


def columns(out: Path) -> list[xr.Dataset]:
    """All variables of a result; the attributes hold what the machine spent."""
    return [xr.load_dataset(out / run_folder.RESULT, engine="netcdf4", group=group) for group in GROUPS]


def assert_same(out: Path, reference: Path) -> None:
    """Columns, raw trajectory and final state, to the last bit; each row once."""
    for ours, theirs in zip(columns(out), columns(reference), strict=True):
        assert set(ours.variables) == set(theirs.variables)
        for name in ours.variables:
            a, b = ours[name].values, theirs[name].values
            assert a.dtype == b.dtype, name
            assert a.tobytes() == b.tobytes() if a.dtype.kind in "fi" else np.array_equal(a, b), name
    t = columns(out)[0]["t"].values
    assert np.all(np.diff(t) > 0)
    ours, theirs = (state_file.load_state(folder / run_folder.STATE).tensors for folder in (out, reference))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    left = [path.name for path in out.rglob("*") if path.name == lock.LOCK or path.name.endswith(".tmp")]
    assert left == []


RUNS: dict[Path, Trajectory] = {}
WRITE = result_file.save_result


def save_little(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: xr.Dataset | None = None) -> None:
    """What is looked at of a result when a folder is used again; the run itself stays in memory."""
    RUNS[path.parent] = run
    little = ledger[["t"]]
    path.write_bytes(netcdf.image_of({netcdf.ROOT: little}).getvalue())


def assert_same_run(out: Path, reference: Path) -> None:
    """Everything that the runs measured, and their final states, to the last bit."""
    assert same(physics(RUNS[out]), physics(RUNS[reference]))
    left = [path.name for path in out.rglob("*") if path.name == lock.LOCK or path.name.endswith(".tmp")]
    assert left == []


def stopping(at: int, stage: str = "run") -> tuple[Stop, Callable[[Progress], None]]:
    """A `Stop` that is set after step ``at`` of a stage, and the callable that sets it."""
    stop = Stop()

    def look(progress: Progress) -> None:
        if progress.stage == stage and progress.steps == at:
            stop.request("the test")

    return stop, look


def stop_at(config: Path, out: Path, at: int, stage: str = "run", **more: Any) -> list[str]:
    """Run until a checkpoint was made there; what was said."""
    stop, look = stopping(at, stage)
    said: list[str] = []
    with pytest.raises(Stopped, match="with a checkpoint"):
        run_config(config, out, resume=True, stop=stop, progress=look, say=said.append, **more)
    return said


def changed(config: Path, name: str, old: str, new: str) -> Path:
    other = config.with_name(name)
    other.write_text(config.read_text().replace(old, new))
    return other


def a_keeper(config: Path, out: Path) -> Checkpoints:
    resolved = resolve_file(config)
    return Checkpoints(folder=out, identity=checkpoints.Identity(hash=resolved.hash, text=resolved.text))


PROGRAM = """
import sys, time
from pathlib import Path
from tnthermo.machine import atomic_files
from tnthermo.studies import study
from tnthermo.errors import Stopped
from tnthermo.machine.signals import listening

config, out, pause, slow_save = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
real = atomic_files.os.fsync
def fsync(handle):  # a save that takes long enough to be hit
    Path(out, "saving").touch()
    time.sleep(slow_save)
    real(handle)
    Path(out, "saving").unlink(missing_ok=True)
if slow_save:
    atomic_files.os.fsync = fsync
print("ready", flush=True)
with listening() as stop:
    try:
        study.run_config(config, out, resume=True, stop=stop, progress=lambda p: (print(p.stage, p.steps, flush=True), time.sleep(pause)))
    except Stopped as error:
        print(error)
        sys.exit(75)
"""


def start(
    config: Path, out: Path, *, pause: float = 0.0, slow_save: float = 0.0, **more: str
) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", PROGRAM, str(config), str(out), str(pause), str(slow_save)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def wait_for(process: "subprocess.Popen[str]", line: str) -> bool:
    """Read until the line; False where the process ended before."""
    assert process.stdout is not None
    return any(found.strip() == line for found in process.stdout)
