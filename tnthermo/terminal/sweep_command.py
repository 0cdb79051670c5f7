"""What `tnthermo sweep` does: run a sweep here, hand it to Slurm, or write the script of its array. Returns exit codes."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

from chains.problems import InvalidInput, raise_if_any
from tnthermo.errors import ACCURACY, DONE, FAILED, STOPPED
from tnthermo.sweeps import slurm_arrays
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.folder import SweepFolder, save_sweep
from tnthermo.sweeps.here import announced, left_to_do, run_sweep
from tnthermo.sweeps.status import standings, summary
from tnthermo.terminal.sweeps import SweepDisplay, failure_table


def run(
    config: Path,
    folder: Path,
    *,
    workers: int | None,
    only_failed: bool,
    many: bool,
    quiet: bool,
    say: Callable[[str], None],
) -> int:
    """On worker processes of this machine, with a table of how it goes and one of what failed."""
    with SweepDisplay(quiet=quiet) as progress:
        outcome = run_sweep(
            config, folder, workers=workers, only_failed=only_failed, many=many, progress=progress, say=say
        )
    for one, flags in outcome.flags.items():
        say(f"not converged: {outcome.manifest.label(one)}: {flags}")
    if outcome.failures:
        failure_table(outcome.failures, sys.stderr)
    flagged = f", {len(outcome.flags)} not converged" if outcome.flags else ""
    say(f"{outcome.done} of {len(outcome.manifest.costs)} runs finished{flagged}: {folder}")
    if outcome.stopped:
        by = {"": "", "SIGINT": " by Ctrl-C"}.get(outcome.by, f" by {outcome.by}")
        say(f"stopped{by}; the same command goes on")
        return STOPPED
    if outcome.failures:
        say("--only-failed runs what failed again")
        return FAILED
    return ACCURACY if outcome.flags else DONE


def hand_over(
    config: Path,
    folder: Path,
    *,
    at_once: int | None,
    only_failed: bool,
    many: bool,
    write: bool,
    say: Callable[[str], None],
) -> int:
    """To Slurm, or as a script; what there is to run but nothing that is done, queued or running."""
    problems = slurm_arrays.script_problems(folder) if write else slurm_arrays.queue_problems()
    try:
        sweep = announced(read_axes(config), many=many, say=say)
    except InvalidInput as error:
        raise InvalidInput([*error.problems, *problems]) from None
    raise_if_any(problems)
    place = SweepFolder(folder)
    manifest = save_sweep(place, sweep)  # the first that is written
    found = standings(place, manifest)
    todo, _ = left_to_do(found, manifest, only_failed=only_failed, say=say)
    name = slurm_arrays.job_name(config)
    if not todo:
        say(f"{summary(found)}: {folder}")
    elif write:
        for script in slurm_arrays.emit(place, manifest, todo, at_once=at_once, name=name):
            print(script)
    else:
        for job in slurm_arrays.submit(place, manifest, todo, at_once=at_once, name=name):
            print(job)
        say(f"handed over: {len(todo)} runs; tnthermo status {folder} shows how they stand")
    return DONE
