"""A sweep from beginning to end on an executor: worker processes of this machine unless another one is given."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Executor, Future, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from chains.checks import instance_problems, integer_problems, path_problems
from chains.problems import Problem, raise_if_any
from tnthermo.evolution.arguments import switch_problems
from tnthermo.kernels.compiling import is_compiled
from tnthermo.machine.threads import allocated_threads
from tnthermo.sweeps.axes import Axes, read_axes
from tnthermo.sweeps.folder import Manifest, SweepFolder, is_claimed, save_sweep, write_record
from tnthermo.sweeps.points import Sweep, memory_problems, sweep_points
from tnthermo.sweeps.status import FINISHED, Standing, counts, standings
from tnthermo.sweeps.task import run_point
from tnthermo.sweeps.workers import Killed, Workers

MOST_WORKERS = 1000
AT_LEAST_EVERY = 1.0  # seconds between two looks at what has happened
EARLY = 20  # points from which on the workers' libraries are loaded while the points are looked at


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A run that did not end well: which, the exit code it would have had, and why."""

    run: str
    label: str
    code: int
    reason: str


@dataclass(frozen=True, kw_only=True)
class SweepOutcome:
    """What `run_sweep` did.

    done      runs that are finished now, those that were before and those that did not converge included
    failures  runs that failed in this call, that another process or the queue has, or in whose folder is another run's result
    flags     what did not converge, by run
    stopped   whether it was asked to stop before the end; the same call goes on
    by        the signal that asked, "" for none or where a run of its own accord stopped (memory)
    """

    folder: Path
    manifest: Manifest
    done: int
    failures: tuple[Failure, ...]
    flags: dict[str, str]
    stopped: bool = False
    by: str = ""

    def __repr__(self) -> str:
        """Without the sweep's axes and runs."""
        counts = f"{self.done} of {len(self.manifest.costs)} finished, {len(self.flags)} not converged, {len(self.failures)} failed"
        return f"<SweepOutcome of {self.folder}: {counts}{', stopped' if self.stopped else ''}>"


@dataclass(kw_only=True)
class SweepProgress:
    """Where a sweep is: handed to ``progress`` whenever a run ends, and at least every second.

    outcomes  of the runs that ended, as `tnthermo.sweeps.task.run_point` returns them
    running   since when (`time.monotonic`) which runs are on
    begun     those of them whose process has begun
    compiles  whether kernels are compiled first
    """

    manifest: Manifest
    todo: tuple[str, ...]
    before: int
    workers: int
    started: float = field(default_factory=time.monotonic)
    outcomes: list[dict[str, Any]] = field(default_factory=list)
    running: dict[str, float] = field(default_factory=dict)
    begun: set[str] = field(default_factory=set)
    compiles: bool = False

    @property
    def over(self) -> int:
        """Runs that are finished or failed; not those that were stopped."""
        return self.before + sum(one["state"] in ("done", "failed") for one in self.outcomes)

    def state(self, run: str) -> str:
        """Of one that is on: "running", "compiling", "starting" (its process is not there yet)."""
        return "compiling" if self.compiles else "running" if run in self.begun else "starting"

    def seconds_left(self) -> float:
        """Wall seconds to the end: the costs that were estimated, at the rate at which they were met so far; nan at the start."""
        costs = self.manifest.costs
        ended = [one for one in self.outcomes if one["state"] == "done" and one["seconds"] > 0]
        expected = sum(costs[one["run"]] for one in ended)
        if expected <= 0:
            return float("nan")
        rate = sum(one["seconds"] for one in ended) / expected
        over = {one["run"] for one in self.outcomes}
        now = time.monotonic()
        left = [
            max(0.0, rate * costs[run] - (now - self.running.get(run, now))) for run in self.todo if run not in over
        ]
        return max([sum(left) / self.workers, *left]) if left else 0.0


def announced(axes: Axes, *, many: bool, say: Callable[[str], None], cheap_first: bool = False) -> Sweep:
    """The sweep of these axes, checked as a whole, its notes said; nothing is written. Raises InvalidInput."""
    sweep = sweep_points(axes, many=many, cheap_first=cheap_first)
    for note in sweep.notes:
        say(note)
    return sweep


def needs_kernels(axes: Axes) -> bool:
    """Whether the compiled sweeps are what most points will use."""
    evolution = axes.base.get("evolution")
    return not isinstance(evolution, Mapping) or evolution.get("method") not in ("exact", "tebd")


def left_to_do(
    found: Sequence[Standing], manifest: Manifest, *, only_failed: bool, say: Callable[[str], None]
) -> tuple[list[str], list[Standing]]:
    """(runs to take on, those that another process or the queue has, or whose folder holds another run).

    In the order of the manifest: all that are not done, or of these only those that failed or were killed.
    """
    left = [one for one in found if one.state in ("running", "queued", "foreign")]
    for one in left:
        say(f"left alone: {one.label} ({one.state}: {one.detail})")
    states = ("failed", "killed") if only_failed else ("failed", "killed", "stopped", "waiting")
    wanted = {one.run for one in found if one.state in states}
    if not wanted and not left:
        say(idle(found, only_failed=only_failed))
    return [run for run in manifest.costs if run in wanted], left


def idle(found: Sequence[Standing], *, only_failed: bool) -> str:
    """That there is nothing to run, and why."""
    number = counts(found)
    rest = {state: n for state, n in number.items() if state != "done"}
    text = "nothing failed" if only_failed else "nothing to do"
    if only_failed and rest:
        text += "; " + ", ".join(f"{n} {state}" for state, n in rest.items())
    if number.get("not converged"):
        text += " (what did not converge takes other settings, in another folder)"
    if only_failed and any(state in number for state in ("stopped", "waiting")):
        text += "; the same command without --only-failed goes on"
    return text


def run_sweep(
    config: str | Path,
    folder: str | Path,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    only_failed: bool = False,
    many: bool = False,
    progress: Callable[[SweepProgress], None] = lambda state: None,
    say: Callable[[str], None] = lambda text: None,
) -> SweepOutcome:
    """Run every point of a configuration with a section [sweep] that is not done yet; see `tnthermo.sweeps.folder` for what it leaves.

    workers      processes on this machine; one for each processor by default
    executor     any `concurrent.futures.Executor` instead of them: what it is given is ``run_point(folder, run)``, two texts, so that its
                 workers need no more than this library and the folder
    only_failed  only what failed or was killed before
    many         go on with more than 1000 points

    All points are checked before the first one runs: raises :class:`chains.InvalidInput` (nothing was written), `errors.StorageError`.
    A run that fails is in the outcome and the others go on; a worker that is killed loses one attempt of one run, of two.
    TERM, INT and USR1 let the runs save and stop; the same call goes on. Processes are started: a script needs ``if __name__ ==
    "__main__":``.
    """
    problems = path_problems("config", config) + path_problems("folder", folder)
    problems += worker_problems(workers, executor) + switch_problems(only_failed=only_failed, many=many)
    for key, function in {"progress": progress, "say": say}.items():
        problems += instance_problems(key, function, Callable, "a function")
    raise_if_any(problems)
    return run_axes(
        read_axes(config), folder, workers=workers, executor=executor, only_failed=only_failed, many=many, progress=progress, say=say
    )  # fmt: skip


def worker_problems(workers: int | None, executor: Executor | None) -> list[Problem]:
    """What is wrong with who is to do the work."""
    problems = [] if workers is None else integer_problems("workers", workers, at_least=1, at_most=MOST_WORKERS)
    if executor is not None:
        problems += instance_problems("executor", executor, Executor, "a concurrent.futures.Executor, or none")
    return problems


def run_axes(
    axes: Axes,
    folder: str | Path,
    *,
    workers: int | None = None,
    executor: Executor | None = None,
    only_failed: bool = False,
    many: bool = False,
    purpose: str = "",
    progress: Callable[[SweepProgress], None] = lambda state: None,
    say: Callable[[str], None] = lambda text: None,
) -> SweepOutcome:
    """`run_sweep` of axes that no file has; ``purpose`` as in `tnthermo.sweeps.folder.save_sweep`: then cheap runs come first."""
    own = None
    if executor is None:
        count = workers or allocated_threads()[0]
        own = Workers(count, kernels=needs_kernels(axes))
        if axes.count > EARLY:
            own.start()
    else:
        count = workers or int(getattr(executor, "_max_workers", 1) or 1)
    try:
        sweep, place = announced(axes, many=many, say=say, cheap_first=bool(purpose)), SweepFolder(Path(folder))
        if own is not None:  # before anything is written
            raise_if_any(memory_problems(sweep.planned, count))
        manifest = save_sweep(place, sweep, purpose=purpose)
        found = standings(place, manifest)
        todo, others = left_to_do(found, manifest, only_failed=only_failed, say=say)
        compiles = bool(todo) and own is not None and needs_kernels(axes) and not is_compiled()
        if compiles:
            say("compiling the kernels: once on a machine, one to two minutes")
        state = SweepProgress(
            manifest=manifest,
            todo=tuple(todo),
            before=sum(one.state in FINISHED for one in found),
            workers=min(count, max(1, len(todo))),
            compiles=compiles,
        )
        by = carried_out(state, place, own or executor, own, progress, say)  # type: ignore[arg-type]
    finally:
        if own is not None:
            own.shutdown(wait=True, cancel_futures=True)
    failures = [
        Failure(run=one["run"], label=manifest.label(one["run"]), code=one["code"], reason=one["reason"])
        for one in state.outcomes
        if one["state"] in ("failed", "taken")
    ]
    failures += [Failure(run=one.run, label=one.label, code=1, reason=f"{one.state}: {one.detail}") for one in others]
    after = standings(place, manifest)
    return SweepOutcome(
        folder=place.root,
        manifest=manifest,
        done=sum(one.state in FINISHED for one in after),
        failures=tuple(failures),
        flags={one.run: one.detail for one in after if one.state == "not converged"},
        stopped=bool(by) or any(one["state"] == "stopped" for one in state.outcomes),
        by=by,
    )


def carried_out(
    state: SweepProgress,
    folder: SweepFolder,
    executor: Executor,
    own: Workers | None,
    progress: Callable[[SweepProgress], None],
    say: Callable[[str], None],
) -> str:
    """Let the executor do ``state.todo``; the signal that asked to stop, "" for none."""
    with stop_signals() as asked:
        futures: dict[Future[dict[str, Any]], str] = {
            executor.submit(run_point, str(folder.root), run): run for run in state.todo
        }
        pending, told = set(futures), False
        while pending:
            done, pending = wait(pending, timeout=AT_LEAST_EVERY, return_when=FIRST_COMPLETED)
            for future in done:
                if not future.cancelled():
                    state.outcomes.append(ended(future, folder, futures[future], bool(asked)))
                state.running.pop(futures[future], None)
            for future in pending:
                if future.running():
                    state.running.setdefault(futures[future], time.monotonic())
            state.compiles = state.compiles and not is_compiled()
            state.begun |= {run for run in state.running if run not in state.begun and is_claimed(folder.log(run))}
            if asked and not told:
                told = True
                for future in pending:
                    future.cancel()
                if own is not None:
                    own.stop()
                if count := sum(not future.cancelled() for future in pending):
                    say(f"{asked[0]}: {waiting_for(count, told=own is not None)}")
            progress(state)
        return asked[0] if asked else ""


def waiting_for(count: int, *, told: bool) -> str:
    """What a sweep that was asked to stop waits for, in words.

    count  runs at work
    told   whether they were asked to stop, too; an executor of somebody else's has no way to
    """
    those = "the run at work" if count == 1 else f"the {count} runs at work"
    if not told:
        return f"waiting for {those} to finish, whose executor cannot stop them; the same call goes on from there"
    ends = "saves and ends" if count == 1 else "save and end"
    return f"{those} {ends} after the step, or the entropy of the bath, in progress; the same call goes on from there"


def ended(future: Future[dict[str, Any]], folder: SweepFolder, run: str, asked: bool) -> dict[str, Any]:
    """The outcome of a run, also where its process or the executor could not give one.

    asked  whether the sweep is to stop: what has no outcome then did not fail
    """
    error = future.exception()
    if error is None:
        return future.result()
    found = {
        "state": "stopped" if asked else "failed",
        "code": 75 if asked else 1,
        "reason": "" if asked and isinstance(error, Killed) else f"{error or type(error).__name__}",
        "seconds": 0.0,
    }
    if not asked:
        write_record(folder, run, **found)
    return {"run": run, **found}


@contextmanager
def stop_signals() -> Iterator[list[str]]:
    """A list to which TERM, INT and USR1 add their names; an INT after one leaves at once. Outside of the main thread it stays empty."""
    asked: list[str] = []

    def told(number: int, _: Any) -> None:
        if number == signal.SIGINT and asked:
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            os.kill(os.getpid(), signal.SIGINT)
        asked.append(signal.Signals(number).name)

    before: dict[int, Any] = {}
    try:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT, signal.SIGUSR1):
                before[number] = signal.signal(number, told)
        yield asked
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)
