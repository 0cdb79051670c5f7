"""One run of a sweep, in whatever process: a worker, a task of a Slurm array, any executor's.

As a program: python -m tnthermo.sweeps DIR RUN.
"""

from __future__ import annotations

import multiprocessing
import os
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput
from tnthermo.errors import ACCURACY, BAD_INPUT, DONE, FAILED, STOPPED, Outcome, outcome_of
from tnthermo.machine import slurm
from tnthermo.machine.atomic_files import refuse_links
from tnthermo.machine.lasting import lasting_screen, outlasting_the_terminal
from tnthermo.machine.signals import listening
from tnthermo.machine.slurm import job_id
from tnthermo.studies.study import run_config
from tnthermo.sweeps.folder import RUN, SweepFolder, Taken, claimed, read_record, write_record


def run_point(root: str, run: str) -> dict[str, Any]:
    """Run one point of the sweep in the folder ``root``, or go on with it; everything that may go wrong is in what it returns.

    state    "done", "failed", "stopped" (it goes on when it is called again) or "taken" (another process is at it)
    code     as the exit code of `tnthermo run`
    reason   why it failed, or what did not converge
    seconds  of wall time, with those of earlier attempts that stopped or failed; "processor": of this process, where the run got that far
    """
    folder, started, processor = SweepFolder(Path(root)), time.time(), time.process_time()
    who = {"host": socket.gethostname(), "pid": os.getpid(), "job": job_id(), "started": started}
    try:
        refuse_links(folder.root, folder.log(run).parent)
        folder.log(run).parent.mkdir(parents=True, exist_ok=True)
        with claimed(folder.log(run)) as log:

            def say(text: str) -> None:
                with suppress(OSError):  # a full disk: a line less in the log
                    os.write(log.fileno(), f"{text}\n".encode())

            say(
                f"--- {time.strftime('%Y-%m-%d %H:%M:%S')} on {who['host']}, pid {who['pid']}"
                + (f", job {who['job']}" if who["job"] else "")
            )
            earlier = seconds_so_far(read_record(folder, run))
            write_record(folder, run, state="running", earlier=earlier, **who)
            try:
                refuse_links(folder.root, folder.point(run))
                with stopping(say) as stop:
                    outcome = run_config(folder.config(run), folder.point(run), resume=True, say=say, **stop)
                found = Outcome(code=ACCURACY if outcome.flags else DONE, reasons=outcome.flags)
            except BaseException as error:
                found = judged(error)
                if not found.known:
                    say(traceback.format_exc())
            reason = "; ".join(found.reasons)
            how = "not converged" if found.code == ACCURACY else found.state
            say(f"{how}, exit code {found.code}" + (f": {reason}" if reason else ""))
            ended: dict[str, Any] = {"state": found.state, "code": found.code, "reason": reason}
            ended["seconds"] = earlier + time.time() - started
            ended["processor"] = time.process_time() - processor
            write_record(folder, run, **who, **ended)
            return {"run": run, **ended}
    except Taken:
        other = read_record(folder, run)
        reason = f"another process is at it: pid {other.get('pid', '?')} on {other.get('host', '?')}"
        return {"run": run, "state": "taken", "code": FAILED, "reason": reason, "seconds": 0.0}
    except (InvalidInput, OSError) as error:
        found, seconds = judged(error), time.time() - started
        return {
            "run": run,
            "state": "failed",
            "code": found.code,
            "reason": "; ".join(found.reasons),
            "seconds": seconds,
        }


def seconds_so_far(record: Mapping[str, Any]) -> float:
    """Wall time of the attempts that this one goes on from; one that was killed did not say."""
    name = {"stopped": "seconds", "failed": "seconds", "running": "earlier"}.get(str(record.get("state")), "")
    try:
        return max(0.0, float(record.get(name, 0.0)))
    except (TypeError, ValueError):
        return 0.0


@contextmanager
def stopping(say: Callable[[str], None]) -> Iterator[dict[str, Any]]:
    """Keywords of `run_config` with which TERM, INT and USR1 let it save and stop.

    None outside of a process's main thread, where signals cannot be caught.
    """
    if threading.current_thread() is not threading.main_thread():
        yield {}
        return
    with listening(say) as stop:
        yield {"stop": stop}


def judged(error: BaseException) -> Outcome:
    """How a run that raised ``error`` has ended, seen from a worker."""
    if isinstance(error, KeyboardInterrupt | SystemExit):
        return Outcome(code=STOPPED, reasons=("stopped",))
    found = outcome_of(error)
    if found.code == STOPPED and multiprocessing.parent_process() is not None:
        # whose signal it was that a worker got is known where the sweep was told to stop
        return replace(
            found, reasons=tuple(reason.removeprefix("stopped (SIGTERM)").strip() for reason in found.reasons)
        )
    return found


class TaskFailed(RuntimeError):
    """A run of a job array failed; raised so that its job fails as well."""


def queued_again(outcome: Mapping[str, Any]) -> bool:
    """Put this process's job back into the queue if its run was stopped and can go on; whether it was."""
    return outcome["state"] == "stopped" and slurm.requeue()


def run_task(root: str, run: str) -> dict[str, Any]:
    """`run_point` as a job. Raises `TaskFailed` where it failed."""
    outcome = run_point(root, run)
    queued_again(outcome)
    if outcome["state"] in ("failed", "taken"):
        raise TaskFailed(outcome["reason"])
    return outcome


def main(arguments: Sequence[str]) -> int:
    """DIR and RUN; the exit code is that of the run."""
    root, run = arguments
    if not RUN.fullmatch(run):
        print(f"error: {run!r} is no run of a sweep", file=sys.stderr)
        return BAD_INPUT
    with lasting_screen(), outlasting_the_terminal():
        outcome = run_point(root, run)
        again = "; back in the queue" if queued_again(outcome) else ""
        why = f": {outcome['reason']}" if outcome["reason"] else ""
        print(f"{run}: {outcome['state']}{why}{again}", file=sys.stderr, flush=True)
    return int(outcome["code"])
