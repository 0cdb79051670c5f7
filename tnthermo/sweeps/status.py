"""How each run of a sweep stands, judged from its folder, from who holds its log, and from the queue where there is one."""

from __future__ import annotations

import socket
import time
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chains.checks import path_problems
from chains.deprecated import formerly
from chains.problems import raise_if_any
from tnthermo.errors import StorageError
from tnthermo.machine import slurm
from tnthermo.results.run_folder import RESULT, pending_in, result_attributes
from tnthermo.sweeps.folder import Manifest, SweepFolder, is_claimed, load_manifest, read_json, read_record
from tnthermo.sweeps.run_ids import id_of

STATES = ("done", "not converged", "running", "stopped", "failed", "foreign", "killed", "queued", "waiting")
"""In the order of the summary. "not converged" is done; "stopped" and "killed" go on when the sweep does; the result.nc of one that is
"foreign" is another run's, which is not taken and not replaced."""
FINISHED = ("done", "not converged")
WAITING = ("PENDING", "REQUEUED", "REQUEUE_HOLD", "SUSPENDED")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How a run stands: one of `STATES`, and more about it in words; ``short`` is its label with the short names of the axes."""

    run: str
    label: str
    state: str
    short: str = ""
    detail: str = ""
    seconds: float = float("nan")


@formerly(renamed={"root": "folder"})
def sweep_status(folder: str | Path) -> list[Standing]:
    """All runs of the sweep in ``folder``, in the order of their points. Raises InvalidInput where there is no sweep, StorageError."""
    raise_if_any(path_problems("folder", folder))
    place = SweepFolder(Path(folder))
    return standings(place, load_manifest(place))


def standings(folder: SweepFolder, manifest: Manifest) -> list[Standing]:
    """All runs of a manifest, each once."""
    jobs, queue = handed_over(folder), slurm.queue()
    found = []
    for run in dict.fromkeys(manifest.runs):
        record = read_record(folder, run)
        state, detail = standing(folder, run, record, queue, jobs.get(run, ""))
        seconds = float(record.get("seconds", "nan"))
        label, short = manifest.label(run), manifest.label(run, short=True)
        found.append(Standing(run=run, label=label, short=short, state=state, detail=detail, seconds=seconds))
    return found


def standing(
    folder: SweepFolder, run: str, record: Mapping[str, Any], queue: Mapping[str, str] | None, job: str
) -> tuple[str, str]:
    """(state, detail). ``queue`` as `slurm.queue` gives it, ``job`` the one this run was last handed to."""
    result = folder.point(run) / RESULT
    if result.exists():
        try:
            attributes = result_attributes(result)
        except StorageError as error:
            return "failed", f"{result} cannot be read: {error}"
        if why := why_foreign(run, attributes):
            return "foreign", f"{result} {why}"
        if not pending_in(attributes):
            flags = str(attributes.get("flags", "none"))
            return ("done", "") if flags == "none" else ("not converged", flags)
    state, own = record.get("state", ""), str(record.get("job", ""))
    waits = next((known for known in (job, own) if known and (queue or {}).get(known, "RUNNING") in WAITING), "")
    where = f"{record.get('host', '?')}, " + (f"job {own}" if own else f"pid {record.get('pid', '?')}")
    if is_claimed(folder.log(run)):
        return "running", f"{where}, since {ago(record.get('started'))}"
    if waits:
        return "queued", f"job {waits}" + (", goes on from its checkpoint" if state == "stopped" else "")
    if state == "running":
        if elsewhere_alive(record, queue):
            return "running", f"{where}, since {ago(record.get('started'))}"
        return "killed", f"was at it: {where}"
    if state == "stopped":
        return "stopped", str(record.get("reason", ""))
    if state == "failed":
        return "failed", f"exit code {record.get('code', '?')}: {record.get('reason', '')}"
    return "waiting", ""


def elsewhere_alive(record: Mapping[str, Any], queue: Mapping[str, str] | None) -> bool:
    """Whether what is noted as running may still run on another machine, whose locks are not seen here.

    With a job id the queue tells; without one there is no telling, and nothing is taken for dead.
    """
    if record.get("host") == socket.gethostname():
        return False
    job = str(record.get("job", ""))
    return queue[job] == "RUNNING" if job and queue is not None and job in queue else not (job and queue is not None)


def handed_over(folder: SweepFolder) -> dict[str, str]:
    """The Slurm job, JOB_TASK, that each run was last handed to."""
    found: dict[str, str] = {}
    for entry in read_json(folder.jobs) or []:
        runs: Sequence[str] = entry["runs"]
        found |= {run: f"{entry['job']}_{i}" if entry["array"] else str(entry["job"]) for i, run in enumerate(runs)}
    return found


def why_foreign(run: str, attributes: Mapping[str, Any]) -> str:
    """Why a result file with these attributes is not that of ``run``; "" where it is."""
    try:
        values = tomllib.loads(str(attributes["config"]))
        found = id_of(str(attributes["config_hash"]), values)
    except (KeyError, ValueError):
        return "does not say of which run it is (no config_hash and config)"
    return "" if found == run else f"is that of another run, {found} (config_hash {attributes['config_hash'][:16]})"


def ago(started: Any) -> str:
    """A moment in words, without trusting the clock to run forward."""
    try:
        return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(float(started)))
    except (TypeError, ValueError, OverflowError, OSError):
        return "?"


def summary(found: Sequence[Standing]) -> str:
    """``3 done, 1 failed of 4 runs``."""
    return ", ".join(f"{number} {state}" for state, number in counts(found).items()) + f" of {len(found)} runs"


def counts(found: Sequence[Standing]) -> dict[str, int]:
    """How many runs are in each state, those with any."""
    return {state: n for state in STATES if (n := sum(one.state == state for one in found))}
