"""Runs interrupted by a real Slurm, counted: each goes on until it is done and is then compared, bit for bit, with an undisturbed one.

    python scripts/bench/kills_under_slurm.py [--signals 10] [--limits 5] [--method exact] [--seed 1] [--folder DIR]

--signals  jobs that are told to save (USR1) at a random moment, put themselves back into the queue and go on there
--limits   jobs that meet a time limit of one minute; every second one of them does not listen when it is told to end, and is killed
--method   of the runs: exact takes no compilation

Jobs are arrays of one run as `tnthermo sweep --emit slurm` writes them, with a pause after every step that makes the moments as many as
there are steps. A Slurm that answers is used; else scripts/slurm/up.sh brings one up, and it is taken down at the end. Exit code 1 where
a run is not the undisturbed one.
"""

from __future__ import annotations

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

from tnthermo.machine import signals, slurm
from tnthermo.results import run_folder, state_file
from tnthermo.results.checkpoints import Checkpoints
from tnthermo.sweeps import task
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.folder import SweepFolder
from tnthermo.sweeps.here import run_sweep
from tnthermo.sweeps.points import sweep_points
from tnthermo.terminal import sweep_command

ROOT = Path(__file__).parents[2]
SLURM = ROOT / "scripts" / "slurm"
SECONDS = 900.0  # for one step of a job's way, the wait in the queue included
STEPS = 200
PAUSES = {"signal": 0.1, "limit": 0.6, "rest": 0.05}  # after each step
GROUPS = (None, "raw", "raw/rough")
CONFIG = """[spectral_density]
kind = "discrete"
frequencies = [1.0, 1.4]
couplings = [0.4, 0.3]
[bath]
temperature = 0.3
levels = 8
[system]
hamiltonian = {{ x = 0.5 }}
[coupling]
operator = {{ z = 0.5 }}
[evolution]
method = "{method}"
tolerance = 1e-4
until = {until}
step = 0.1
max_bond = 8
[thermodynamics]
bath_entropy = "off"
[run]
checkpoint_every = 0.5
[sweep]
"bath.temperature" = [0.3]
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One run and what happens to it: its folder, how long after its start, whether it listens to TERM."""

    name: str
    out: Path
    kind: str
    delay: float
    deaf: bool = False


def wait_for(condition: Callable[[], bool], what: str) -> None:
    """Look every half second. Raises TimeoutError."""
    end = time.monotonic() + SECONDS
    while not condition():
        if time.monotonic() > end:
            raise TimeoutError(f"{what}: not within {SECONDS:g} s")
        time.sleep(0.5)


def submit(out: Path, pause: float, *options: str, deaf: bool = False, delay: float = 0.0) -> str:
    """Hand over the array of the sweep in ``out``, its run slowed; JOB_TASK."""
    text = (out / "array-1.sh").read_text()
    slowed = f"{Path(__file__).resolve()} --task {pause} {int(deaf)}"
    script = out / "slowed.sh"
    script.write_text(text.replace("exec ", f"sleep {delay:.1f}\nexec ").replace("-m tnthermo.sweeps", slowed))
    return slurm.ask("sbatch", "--parsable", *options, str(script)).strip().partition(";")[0] + "_0"


def over(job: str) -> bool:
    """Whether the job is in the queue no more."""
    queue = slurm.queue()
    return queue is not None and job not in queue


def carried_through(job: Job, run: str) -> str:
    """What happened, in words. Raises RuntimeError where it was not what should have."""
    place = SweepFolder(job.out)
    result, kept = place.point(run) / run_folder.RESULT, place.point(run) / "checkpoint" / "run.ckpt"
    if job.kind == "signal":
        number = submit(job.out, PAUSES["signal"])
        wait_for(kept.exists, f"{job.name} has saved once")
        time.sleep(job.delay)
        slurm.ask("scancel", "--batch", "--signal=USR1", number)
        wait_for(
            lambda: int(slurm.field(number, "Restarts") or 0) > 0 or over(number), f"{job.name} is back in the queue"
        )
        state = f"requeued {slurm.field(number, 'Restarts')} time"
    else:
        number = submit(job.out, PAUSES["limit"], "--time=1", "--signal=B:CONT@5", deaf=job.deaf, delay=job.delay)
        wait_for(lambda: over(number), f"{job.name} meets its limit")
        state = slurm.field(number, "JobState")
        if state != "TIMEOUT" or result.exists():
            raise RuntimeError(f"{job.name}: the job ended as {state}, before its limit")
        number = submit(job.out, PAUSES["rest"])
    wait_for(lambda: result.exists() or (over(number) and not result.exists()), f"{job.name} ends")
    wait_for(lambda: over(number), f"{job.name} leaves the queue")
    lines = place.log(run).read_text().splitlines()
    went_on = [line.rpartition("= ")[2] for line in lines if "going on from t = " in line]
    attempts = sum(line.startswith("--- ") for line in lines)
    if attempts != 2 or not went_on or not float(went_on[0]) > 0:
        raise RuntimeError(f"{job.name}: {attempts} attempts, going on from {went_on}")
    return f"{state}, {'deaf, ' if job.deaf else ''}went on from t = {', '.join(went_on)}"


def differing(out: Path, reference: Path) -> list[str]:
    """The variables, and tensors, of two finished runs that differ in any bit; a row that is missing, or twice, differs."""
    found = []
    for group in GROUPS:
        ours, theirs = (
            xr.load_dataset(one / run_folder.RESULT, engine="netcdf4", group=group) for one in (out, reference)
        )
        found += [f"{group}: {name}" for name in set(ours.variables) ^ set(theirs.variables)]
        for name in set(ours.variables) & set(theirs.variables):
            a, b = ours[name].values, theirs[name].values
            same = a.tobytes() == b.tobytes() if a.dtype.kind in "fi" else np.array_equal(a, b)
            if a.dtype != b.dtype or a.shape != b.shape or not same:
                found.append(f"{group}: {name}")
        if group is None and not np.all(np.diff(ours["t"].values) > 0):
            found.append("t: a row twice")
    ours_state, their_state = (state_file.load_state(one).tensors for one in (out, reference))
    if len(ours_state) != len(their_state):
        return [*found, "the number of tensors"]
    pairs = zip(ours_state, their_state, strict=True)
    return found + [f"tensor {i}" for i, (a, b) in enumerate(pairs) if a.tobytes() != b.tobytes()]


def slowed_task(pause: float, deaf: bool, root: str, run: str) -> int:
    """`python -m tnthermo.sweeps`, with a pause after every step; a deaf one does not hear TERM."""
    after_step = Checkpoints.after_step

    def paused(self: Checkpoints, *arguments: object, **keywords: object) -> None:
        time.sleep(pause)
        after_step(self, *arguments, **keywords)  # type: ignore[arg-type]

    Checkpoints.after_step = paused  # type: ignore[method-assign, assignment]
    if deaf:
        signals.STOPPING = ("SIGINT", "SIGUSR1")  # type: ignore[assignment]
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
    return task.main([root, run])


def campaign(folder: Path, asked: argparse.Namespace) -> int:
    """All jobs side by side, as many as Slurm has processors for; the number of those that went wrong."""
    config = folder / "run.toml"
    config.write_text(CONFIG.format(method=asked.method, until=STEPS * 0.1))
    run = sweep_points(read_axes(config)).runs[0]
    for name in ("warm", "reference"):  # the first one compiles, where there is something to compile
        outcome = run_sweep(config, folder / name, workers=1)
        if outcome.done != 1:
            raise RuntimeError(f"the undisturbed run failed: {outcome.failures}")
    rng = random.Random(asked.seed)
    jobs = [
        Job(name=f"limit {n}", out=folder / f"limit{n}", kind="limit", delay=rng.uniform(0, 20), deaf=n % 2 == 1)
        for n in range(asked.limits)
    ]
    jobs += [
        Job(name=f"signal {n}", out=folder / f"signal{n}", kind="signal", delay=rng.uniform(0, 14))
        for n in range(asked.signals)
    ]
    for job in jobs:
        with open(os.devnull, "w") as nowhere:
            before, sys.stdout = sys.stdout, nowhere
            try:
                sweep_command.hand_over(
                    config, job.out, at_once=None, only_failed=False, many=False, write=True, say=lambda text: None
                )
            finally:
                sys.stdout = before
    wrong = 0
    with ThreadPoolExecutor(max(1, len(jobs))) as threads:
        for job, future in [(job, threads.submit(carried_through, job, run)) for job in jobs]:
            try:
                words = future.result()
                differ = differing(SweepFolder(job.out).point(run), SweepFolder(folder / "reference").point(run))
            except (RuntimeError, OSError) as error:
                words, differ = "", [f"{type(error).__name__}: {error}"]
            wrong += bool(differ)
            print(
                f"{job.name:<10} {words}: {'the same to the last bit' if not differ else '; '.join(differ)}", flush=True
            )
    print(f"{len(jobs)} runs interrupted, {len(jobs) - wrong} the same to the last bit, {wrong} not")
    return wrong


def main() -> int:
    """The campaign, with a Slurm of its own where none answers; or, with --task, one slowed run."""
    if sys.argv[1:2] == ["--task"]:
        return slowed_task(float(sys.argv[2]), sys.argv[3] == "1", sys.argv[4], sys.argv[5])
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--signals", type=int, default=10)
    parser.add_argument("--limits", type=int, default=5)
    parser.add_argument("--method", choices=("exact", "tdvp"), default="exact")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", type=Path, default=None)
    asked = parser.parse_args()
    os.environ["PYTHONPATH"] = str(ROOT)
    ours = slurm.queue() is None
    if ours:
        subprocess.run([SLURM / "up.sh"], check=True, env={"SLURM_CPUS": "4", **os.environ})
    try:
        if asked.folder is not None:
            asked.folder.mkdir(parents=True)
            return min(1, campaign(asked.folder, asked))
        with tempfile.TemporaryDirectory() as folder:
            return min(1, campaign(Path(folder), asked))
    finally:
        if ours:
            subprocess.run([SLURM / "down.sh"], check=True)


if __name__ == "__main__":
    sys.exit(main())
