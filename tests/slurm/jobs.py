"""What the Slurm tests ask of Slurm."""

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.configs import SMALL
from tests.support.sweeps import write_sweep
from tnthermo.machine import slurm
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.points import sweep_points
from tnthermo.sweeps.status import sweep_status

BASE = SMALL.replace("TEMPERATURE", "0.5").replace("levels = 10", "levels = 20")
LONG = '"evolution.until" = [1e5]'  # hours
SECONDS = 90


def wait_for(condition: Callable[[], bool], what: str, seconds: float = SECONDS) -> None:
    """Look every quarter of a second. Raises AssertionError."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, f"{what}: not within {seconds} s; queue: {slurm.queue()}"
        time.sleep(0.25)


def sbatch(script: Path, *options: str) -> str:
    """The id of the array."""
    done = subprocess.run(["sbatch", "--parsable", *options, script], capture_output=True, text=True, check=True)
    return done.stdout.strip().partition(";")[0]


def gone(job: str) -> bool:
    """Whether nothing of a job is in the queue any more."""
    queue = slurm.queue()
    return queue is not None and not any(name.partition("_")[0] == job for name in queue)


def ids(config: Path) -> tuple[str, ...]:
    return sweep_points(read_axes(config)).runs


def states(folder: Path) -> list[str]:
    return [one.state for one in sweep_status(folder)]


def long_sweep(folder: Path, axes: str = LONG) -> Path:
    return write_sweep(folder, axes, base=BASE, name="long.toml")
