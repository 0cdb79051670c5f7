"""What a run will take, from runs: its roughest settings, and the beginning of its own, for some seconds.

Counting operations needs bonds and levels, which nobody knows beforehand (`tnthermo.configuration.estimate` guesses them). A pilot measures
them: on the way to a target the first rungs are made as the run itself makes them, and what is left of the way is foretold by the laws that
lead it; without a target the rougher companion of the error bars goes all the way, and the run beside it as far as it gets. What
ends before its time is carried on by the power of t with which its steps became dearer.
"""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass, field, replace

import numpy as np

from tnthermo.accuracy.evolve import evolve
from tnthermo.accuracy.staircase import BESIDE, COST, ENOUGH, LAST
from tnthermo.configuration.estimate import LIBRARIES, count_steps, entropy_evaluations
from tnthermo.configuration.resolve import Resolved
from tnthermo.configuration.sizes import COMPLEX, COPIES, site_dimensions, state_bytes
from tnthermo.evolution.progress import Progress
from tnthermo.machine.memory import memory_in_use
from tnthermo.network.state import State
from tnthermo.record.ladder import BOND, STEP, TOLERANCE, least_order, rungs
from tnthermo.record.target import as_target
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.judged import Judgement, judgement
from tnthermo.thermo.ledger import ledger

STEEPEST = 4.0  # power of t with which steps become dearer, at most
FIGURES = 90 * 2.0**20  # bytes of the libraries that draw and write, which a pilot does not load
SURE, UNSURE = 1.5, 3.0  # range of a time that is carried on from most of a run, and from a beginning
FEWEST = 2  # steps from which a rest can be foretold at all
PART = 0.3  # of a run, from which on what is left of it is foretold well


class _Enough(Exception):
    """The seconds of a pilot are over."""


class _LastPass(Exception):
    """All settings are found; what is left is the last run once more, with the bath's entropy."""


@dataclass
class _Stage:
    """One run of a pilot: times reached and seconds spent in it."""

    times: list[float] = field(default_factory=lambda: [0.0])
    seconds: list[float] = field(default_factory=lambda: [0.0])
    bond: int = 1

    def at(self, t: float) -> float:
        """Seconds until t."""
        return float(np.interp(t, self.times, self.seconds))

    def whole(self, until: float) -> float:
        """Seconds until the end, carried on by the power with which the second half of what is there became dearer."""
        t, s = self.times[-1], self.seconds[-1]
        if t >= until * (1 - 1e-9):
            return s
        if t <= 0:
            return math.inf
        middle = self.at(t / 2)
        power = min(max(math.log2(max(s, 1e-9) / max(middle, 1e-9)), 1.0), 1 + STEEPEST)
        return float(s * (until / t) ** power)


@dataclass
class _Watch:
    """Follows the runs of a pilot and ends them when their seconds are over; ``left``: how many."""

    left: float
    begun: float = field(default_factory=time.perf_counter)
    stages: dict[str, _Stage] = field(default_factory=dict)

    def __call__(self, now: Progress) -> None:
        if now.stage.endswith(LAST):
            raise _LastPass
        stage = self.stages.setdefault(now.stage, _Stage())
        stage.times.append(now.time)
        stage.seconds.append(now.wall_seconds)
        stage.bond = max(stage.bond, now.largest_bond)
        if now.steps >= FEWEST and time.perf_counter() - self.begun > self.left:
            raise _Enough


@dataclass(frozen=True, kw_only=True)
class Pilot:
    """What a pilot says of a run.

    seconds  that it will take, compilation apart: the most likely number, and the range
    memory   bytes that it will hold at most
    bond     the largest that was seen
    words    how far it came
    spent    seconds of the pilot itself
    error    how exact the numbers will be, in words; "" where nothing is known of it
    """

    seconds: float
    range: tuple[float, float]
    memory: float
    bond: int
    words: str
    spent: float = 0.0
    error: str = ""


def pilot(resolved: Resolved, seconds: float) -> Pilot:
    """Run for about so many seconds and foretell the rest; nothing is written. It takes up to three times as long where a step is long.

    Raises what `tnthermo.evolve` raises.
    """
    begun = time.perf_counter()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _one_step(resolved)
        found = _to_target(resolved, seconds) if resolved.target is not None else _with_companion(resolved, seconds)
    return replace(found, spent=time.perf_counter() - begun)


def _one_step(resolved: Resolved) -> None:
    """Kernels are compiled, or loaded."""
    step = min(resolved.algorithm.step, resolved.until)
    quiet = {"until": step, "record_every": None, "bath_entropy": "off", "error_bars": False}
    left_out = {"accuracy": "off", "max_time": None, "kept": None, "correlations_every": None}
    evolve(resolved.model, **resolved.evolve_keywords() | quiet | left_out)


# --- on the way to a target -------------------------------------------------------------------------------------------------------


def _to_target(resolved: Resolved, seconds: float) -> Pilot:
    watch = _Watch(left=3 * seconds)
    kept: list[Trajectory] = []
    keywords = resolved.evolve_keywords() | {"max_time": seconds, "progress": watch, "on_main": kept.append}
    limit, last = math.inf if resolved.max_time is None else resolved.max_time, 0.0
    try:
        run = evolve(resolved.model, **keywords)
    except _Enough:
        return _from_a_beginning(resolved, watch)
    except _LastPass:
        run = kept[-1]
        last = _last_pass(resolved, run)
    judged = judgement(ledger(run), as_target(resolved.target))
    spent = sum(one.wall_seconds - one.compile_seconds for one in rungs(run)) + last
    bond = max(stage.bond for stage in watch.stages.values())
    memory = _memory(resolved, run.state, bond)
    if not _stopped(run):
        met = "met" if judged.met and not run.limited else "not met"
        return Pilot(
            seconds=spent, range=(spent / SURE, spent * SURE), memory=memory, bond=bond,
            words=f"the whole way, {len(rungs(run))} runs", error=f"target {met}: {judged.describe()}",
        )  # fmt: skip
    rest = _rest_of_the_way(run, judged)
    likely = spent + rest
    low, high = spent + rest / UNSURE, spent + rest * UNSURE
    return Pilot(
        seconds=min(likely, limit),
        range=(min(low, limit), min(high, 1.2 * limit)),
        memory=memory,
        bond=bond,
        words=f"{len(rungs(run))} runs on the way",
        error=f"so far {judged.describe()}; {_expected(resolved, likely, limit)}",
    )


def _stopped(run: Trajectory) -> bool:
    """Whether it was the pilot's own time that ended the way."""
    return "max_time" in run.limited


def _last_pass(resolved: Resolved, run: Trajectory) -> float:
    """Seconds of the last run with all evaluations of the bath's entropy, of which it had two."""
    measured = max(1, int(np.isfinite(run.entropy_work[1:]).sum()))
    steps = run.wall_seconds - run.compile_seconds - run.bath_entropy_seconds
    return float(steps + entropy_evaluations(resolved) * run.bath_entropy_seconds / measured)


def _rest_of_the_way(run: Trajectory, judged: Judgement) -> float:
    """Seconds of the runs that are still to come."""
    now, total = run.wall_seconds - run.compile_seconds, 0.0
    costs = judged.costs
    order = least_order(run.algorithm)
    halvings = max(0, math.ceil(math.log2(max(costs.get(STEP, 0.0), 1e-9) / ENOUGH) / order))
    for _ in range(halvings):
        now *= COST[STEP]
        total += now
    if costs.get(TOLERANCE, 0.0) > ENOUGH:
        now *= COST[TOLERANCE] / SURE
        total += now
    if math.isfinite(run.since("bond")):
        total += (BESIDE[BOND] + COST[BOND] * (costs.get(BOND, 1.0) > ENOUGH)) * now
    return total


def _from_a_beginning(resolved: Resolved, watch: _Watch) -> Pilot:
    """From the first run alone, as far as it came, and the usual way beyond."""
    stages = list(watch.stages.values())
    whole = [stage.whole(resolved.until) for stage in stages]
    reached = stages[-1].times[-1] / resolved.until
    rest, now = 0.0, whole[-1]
    if len(stages) == 1:
        now *= COST[STEP]
        rest += now
    rest += now * (BESIDE[TOLERANCE] + BESIDE[BOND] + 0.5 * COST[STEP])
    likely = sum(whole) + rest
    limit = math.inf if resolved.max_time is None else max(resolved.max_time, sum(whole[:2]))
    bond = max(stage.bond for stage in stages)
    return Pilot(
        seconds=min(likely, limit),
        range=(min(likely / UNSURE, limit), min(likely * UNSURE, limit)),
        memory=_memory(resolved, None, bond),
        bond=bond,
        words=f"{reached:.0%} of run {len(stages)} on the way to the target",
        error=_expected(resolved, likely, limit),
    )


def _expected(resolved: Resolved, likely: float, limit: float) -> str:
    """Whether the target is expected to be reached in the time that it may take."""
    target = as_target(resolved.target).describe()
    if likely <= limit:
        return f"{target} is expected to be reached"
    return f"{target} is not expected to be reached in max_time = {limit:.0f} s"


# --- without a target -------------------------------------------------------------------------------------------------------------


def _with_companion(resolved: Resolved, seconds: float) -> Pilot:
    keywords = resolved.evolve_keywords() | {"error_bars": False}
    own, times, done = resolved.algorithm, [], []
    bond, state, entropies = 1, None, 0.0
    tries = [(own.coarser(), 0.5), (own, 1.0)] if resolved.error_bars else [(own, 1.0)]
    left = seconds
    for algorithm, part in tries:
        watch = _Watch(left=left * part)
        before = time.perf_counter()
        try:
            every = {} if algorithm is own else {"record_every": 2 * resolved.record_every, "bath_entropy": "off"}
            run = evolve(resolved.model, **keywords | every | {"algorithm": algorithm, "progress": watch})
            state, entropies = run.state, run.bath_entropy_seconds
        except _Enough:
            pass
        left = max(left - (time.perf_counter() - before), 0.2 * seconds)
        stage = next(iter(watch.stages.values()), _Stage())
        times.append(stage)
        done.append(stage.times[-1] >= resolved.until * (1 - 1e-9))
        bond = max(bond, stage.bond)
    mine = times[-1]
    whole = mine.whole(resolved.until)
    if len(times) == 2 and done[0] and not done[1] and mine.times[-1] > 0:  # as much dearer as it is so far
        whole = max(mine.seconds[-1], times[0].seconds[-1] * _ratio(mine, times[0], resolved.until))
    likely = whole + (times[0].whole(resolved.until) if len(times) == 2 else 0.0)
    reached = mine.times[-1] / resolved.until if resolved.until else 1.0
    sure = SURE if done[-1] or reached > PART else UNSURE
    if entropies == 0 and resolved.recording.bath_entropy != "off" and resolved.rho is not None:
        likely += 0.0 if done[-1] or resolved.model.temperature == 0 else whole
    return Pilot(
        seconds=likely,
        range=(likely / sure, likely * sure),
        memory=_memory(resolved, state, bond),
        bond=bond,
        words=("the whole run" if done[-1] else f"{reached:.0%} of the run")
        + (f" and {'its' if done[0] else 'a part of its'} rougher companion" if len(times) == 2 else ""),
    )


def _ratio(mine: _Stage, rough: _Stage, until: float) -> float:
    """How much dearer a run is than its companion at the end: as it is now, with what it gained since half of that carried on."""
    t = mine.times[-1]
    now, before = (mine.at(x) / max(rough.at(x), 1e-9) for x in (t, t / 2))
    power = min(max(math.log2(now / before) if before > 0 else 0.0, 0.0), 2.0)
    return float(now * (until / t) ** power)


def _memory(resolved: Resolved, state: State | None, bond: int) -> float:
    """Bytes: what this process holds, what writing and drawing loads, and the state with its work space as large as it was seen."""
    held = max(memory_in_use()[1] + FIGURES, LIBRARIES[0])
    if state is not None:
        size = float(sum(tensor.nbytes for tensor in state.tensors))
    elif resolved.algorithm.bins:
        size = COMPLEX * count_steps(resolved) * bond**2 * 4.0
    else:
        size = state_bytes(site_dimensions(resolved.model, [6] * resolved.model.sites), bond)
    return held + COPIES * size
