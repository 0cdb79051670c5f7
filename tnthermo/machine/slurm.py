"""What is asked of Slurm: which jobs it has, how large an array may be, which task this process is, and to start it again.

Accounting (sacct) is never needed: what is not in the queue any more is judged by what it left in its folder.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

SECONDS = 60  # for an answer of the controller


class NoSlurm(RuntimeError):
    """Slurm's commands are not there, or its controller does not answer; the message says which."""


def ask(*command: str) -> str:
    """What a Slurm command prints. Raises NoSlurm."""
    if shutil.which(command[0]) is None:
        raise NoSlurm(f"{command[0]} is not on this machine")
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=SECONDS)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NoSlurm(f"{' '.join(command)}: {error}") from error
    if done.returncode != 0:
        raise NoSlurm(f"{' '.join(command)}: {done.stderr.strip() or f'exit code {done.returncode}'}")
    return done.stdout


def queue() -> dict[str, str] | None:
    """State of each job in the queue that is this user's, "PENDING", "RUNNING" ..., by job id or JOB_TASK; None where there is no Slurm."""
    try:
        text = ask("squeue", "--noheader", "--array", "--me", "--format=%F %K %A %T")
    except NoSlurm:
        return None
    found = {}
    for line in text.splitlines():
        array, task, job, state = line.split()
        found[f"{array}_{task}" if task.isdigit() else job] = state
    return found


def field(job: str, name: str) -> str:
    """A field of `scontrol show job`, e.g. JobState or Restarts; "" for one that is not there. Raises NoSlurm."""
    text = ask("scontrol", "--oneliner", "show", "job", job)
    return next((part.partition("=")[2] for part in text.split() if part.startswith(f"{name}=")), "")


def largest_array() -> int:
    """The most tasks an array may have (MaxArraySize). Raises NoSlurm."""
    found = re.search(r"^MaxArraySize\s*=\s*(\d+)", ask("scontrol", "show", "config"), re.MULTILINE)
    return max(1, int(found[1])) if found else 1000


def requeue() -> bool:
    """Put this process's job back into the queue, if it is one that nobody has ended; Slurm then ends the process.

    A job that was cancelled or has met its time limit is not RUNNING any more when it is told to stop, and stays ended. Within an array
    the task's own id must be named: $SLURM_JOB_ID of one task is the whole array's.
    """
    job = job_id()
    if not job:
        return False
    try:
        if ask("squeue", "--noheader", "--jobs", job, "--format=%T").split() != ["RUNNING"]:
            return False
        ask("scontrol", "requeue", job)
    except NoSlurm:
        return False
    return True


def job_id() -> str:
    """Of this process, as squeue takes it: "123", "123_4" in an array, "" outside Slurm."""
    array, task = (os.environ.get(f"SLURM_ARRAY_{name}", "") for name in ("JOB_ID", "TASK_ID"))
    return f"{array}_{task}" if array and task else os.environ.get("SLURM_JOB_ID", "")
