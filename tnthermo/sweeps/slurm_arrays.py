"""A sweep as Slurm job arrays: handed over through submitit, or written as plain scripts. No process stays behind to watch them.

Each task of an array is one run, dear ones first. Before its time is up it gets USR1, saves and puts itself back into the queue.
"""

from __future__ import annotations

import importlib.util
import json
import math
import os
import shlex
import stat
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from chains.problems import Problem, raise_if_any
from tnthermo.configuration.estimate import COMPILER
from tnthermo.errors import StorageError
from tnthermo.kernels.compiling import is_compiled
from tnthermo.machine import slurm
from tnthermo.machine.atomic_files import replacing, write_text
from tnthermo.sweeps.folder import Manifest, SweepFolder, read_json
from tnthermo.sweeps.task import run_task

MARGIN, START = (
    1.5,
    600,
)  # the time asked for: this factor on the higher estimate, and seconds to load and, once, to compile
WARNING = 120  # seconds before the end of its time at which a task is told to save, at most; of a short one a fifth
USUAL_LARGEST = 1000  # tasks of an array where there is no Slurm to ask
MIB = 2**20


@dataclass(frozen=True, kw_only=True)
class Request:
    """What each task of an array asks for: whole minutes, whole MiB, processors; and when it is told to save."""

    minutes: int
    memory: int
    threads: int = 1

    @property
    def clock(self) -> str:
        """The time as HH:MM:SS."""
        return f"{self.minutes // 60:02d}:{self.minutes % 60:02d}:00"

    @property
    def warning(self) -> int:
        """Seconds before the end."""
        return min(WARNING, 60 * self.minutes // 5)


def request(manifest: Manifest, runs: Sequence[str]) -> Request:
    """For an array of these runs, from their estimates: the largest of each; with what compiling takes, which another node may have to."""
    seconds = max(manifest.seconds[run] for run in runs)
    memory = max(manifest.memory[run] for run in runs) + (COMPILER if is_compiled() else 0.0)
    return Request(minutes=math.ceil((MARGIN * seconds + START) / 60), memory=math.ceil(memory / MIB / 64) * 64)


def split(runs: Sequence[str], most: int) -> list[list[str]]:
    """Arrays of no more than ``most`` tasks."""
    return [list(runs[i : i + most]) for i in range(0, len(runs), most)]


# --- what is looked at before anything is written ---------------------------------------------------------------------------------


def queue_problems() -> list[Problem]:
    """Why runs cannot be handed to Slurm from here."""
    problems = []
    if importlib.util.find_spec("submitit") is None:
        hint = 'pip install "tnthermo[slurm]"; --emit slurm writes a plain script instead'
        problems.append(Problem(key="--engine", value="slurm", allowed="an installed submitit", hint=hint))
    try:
        slurm.largest_array()
    except slurm.NoSlurm as error:
        allowed = "a machine with Slurm's commands"
        problems.append(Problem(key="--engine", value="slurm", allowed=allowed, hint=str(error)))
    return problems


def script_problems(root: Path) -> list[Problem]:
    """Why the script of an array cannot name files in the folder ``root``."""
    text = str(root.absolute())
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return [Problem(key="--out", value=text, allowed="a path in UTF-8, for #SBATCH lines")]
    if set(text) & set('"\n\r\\'):  # Slurm takes a backslash in a file name for a sign of its own
        allowed = "a path without quotes, backslashes and line breaks, for #SBATCH lines"
        return [Problem(key="--out", value=text, allowed=allowed)]
    return []


# --- through submitit -------------------------------------------------------------------------------------------------------------


def submit(
    folder: SweepFolder, manifest: Manifest, runs: Sequence[str], *, at_once: int | None, name: str
) -> list[str]:
    """Hand the runs to Slurm; the ids of the arrays. Raises InvalidInput where Slurm or submitit is missing, StorageError.

    at_once  tasks of an array that may run at the same time
    """
    raise_if_any(queue_problems())
    import submitit

    try:
        most = slurm.largest_array()
        arrays = split(runs, most)
        jobs = []
        for part in arrays:
            asked = request(manifest, part)
            executor = submitit.SlurmExecutor(folder=folder.root / "log" / "slurm")
            executor.update_parameters(
                job_name=name,
                time=asked.minutes,
                mem=f"{asked.memory}MB",
                cpus_per_task=asked.threads,
                signal_delay_s=asked.warning,
                stderr_to_stdout=True,
                array_parallelism=at_once or len(part),
                # the run's own handler takes the signal: submitit's would leave in the middle of a step
                additional_parameters={"signal": f"USR1@{asked.warning}", "requeue": True},
                setup=[f"export {line}" for line in environment(asked.threads)],
            )
            handed = executor.map_array(run_task, [str(folder.root.absolute())] * len(part), part)
            job = str(handed[0].job_id).partition("_")[0]
            jobs.append(job)
            note(folder, job, part, array=len(part) > 1)
    except (RuntimeError, OSError) as error:
        if isinstance(error, StorageError):
            raise
        raise RuntimeError(f"Slurm did not take the array: {error}") from error
    return jobs


def note(folder: SweepFolder, job: str, runs: Sequence[str], *, array: bool) -> None:
    """Remember which job has which runs."""
    known = read_json(folder.jobs) or []
    write_text(folder.jobs, json.dumps([*known, {"job": job, "array": array, "runs": list(runs)}]) + "\n")


def environment(threads: int) -> list[str]:
    """Thread counts, as NAME=VALUE."""
    return [f"{name}={threads}" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")]


# --- as plain scripts -------------------------------------------------------------------------------------------------------------

SCRIPT = """\
#!/bin/bash
# A sweep of {count} runs, written by tnthermo. Hand it over with: sbatch {quoted}
# Partition and account: sbatch --partition=... --account=..., or lines of your own below. What is asked for is what
# `tnthermo plan` expects of the dearest run, with a margin and room for the first compilation on a node.
# A task that is told to save (USR1) puts itself back into the queue.
#SBATCH --job-name={name}
#SBATCH --array=0-{last}{at_once}
#SBATCH --time={clock}
#SBATCH --mem={memory}M
#SBATCH --cpus-per-task={threads}
#SBATCH --signal=B:USR1@{warning}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --output={log}
{exports}
run=$(sed -n "$((${{SLURM_ARRAY_TASK_ID:?this is a task of an array, see sbatch}} + 1))p" {table})
[ -n "$run" ] || {{ echo "no run for task $SLURM_ARRAY_TASK_ID in "{table} >&2; exit 2; }}
# exec: the signal goes to the batch shell alone, so that Python must be it
exec {python} -m tnthermo.sweeps {root} "$run"
"""


def emit(folder: SweepFolder, manifest: Manifest, runs: Sequence[str], *, at_once: int | None, name: str) -> list[Path]:
    """Write DIR/array-N.sh and its list of runs, one for each array Slurm would take, in place of earlier ones.

    Raises InvalidInput for `script_problems`, StorageError.
    """
    raise_if_any(script_problems(folder.root))
    try:
        most = slurm.largest_array()
    except slurm.NoSlurm:
        most = USUAL_LARGEST
    root = folder.root.absolute()
    scripts = []
    for number, part in enumerate(split(runs, most), 1):
        asked = request(manifest, part)
        script, table = root / f"array-{number}.sh", root / "log" / f"array-{number}.txt"
        write_text(table, "\n".join(part) + "\n")
        text = SCRIPT.format(
            count=len(part),
            last=len(part) - 1,
            quoted=shlex.quote(str(script)),
            name=name,
            at_once=f"%{at_once}" if at_once else "",
            clock=asked.clock,
            memory=asked.memory,
            threads=asked.threads,
            warning=asked.warning,
            log='"' + str(root / "log").replace("%", "%%") + '/slurm-%A_%a.out"',
            exports="".join(f"export {line}\n" for line in environment(asked.threads)),
            table=shlex.quote(str(table)),
            python=shlex.quote(sys.executable),
            root=shlex.quote(str(root)),
        )
        with replacing(script) as temporary:
            temporary.write_text(text, encoding="utf-8")
            os.chmod(temporary, stat.S_IMODE(temporary.stat().st_mode) | 0o111)
        scripts.append(script)
    for extra in sorted(root.glob("array-*.sh")):
        if extra not in scripts:
            extra.unlink()
    return scripts


def job_name(config: Path) -> str:
    """The configuration's name, as far as a job may be called that."""
    return "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in config.stem) or "sweep"
