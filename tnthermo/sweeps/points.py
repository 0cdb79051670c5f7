"""The points of a sweep, all of them looked at before the first one runs: run ids, costs, and everything that is wrong with any."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.configuration.estimate import estimate
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.machine.memory import available_memory
from tnthermo.machine.words import duration, readable
from tnthermo.sweeps.axes import Axes
from tnthermo.sweeps.run_ids import id_of

MOST_POINTS = 1000
"""Sweeps of more points must be asked for twice."""
RECORDS = 24  # record times of a run on the way to a target, where none are given
SAMPLES = 5  # points whose cost is looked at before a large sweep is refused


@dataclass(frozen=True, kw_only=True)
class Planned:
    """One run of a sweep: its id, its resolved configuration as TOML, and what it will take, as (low, high)."""

    run: str
    text: str
    seconds: tuple[float, float]
    memory: tuple[float, float]

    @property
    def cost(self) -> float:
        """Seconds, between the two estimates."""
        return math.sqrt(self.seconds[0] * self.seconds[1])


@dataclass(frozen=True, kw_only=True)
class Sweep:
    """A sweep all of whose points are right.

    runs     the run id of each point, in the order of the file
    planned  the runs, dear ones first unless the other way was asked for; points that resolve to the same are one run
    notes    what is doubtful, and which points are doubles
    """

    axes: Axes
    runs: tuple[str, ...]
    planned: tuple[Planned, ...]
    notes: tuple[str, ...]

    def label(self, run: str) -> str:
        """The first point that is this run, as keys and values."""
        return self.axes.label(self.runs.index(run))


def run_id(resolved: Resolved) -> str:
    """What decides the numbers of a run, at full precision, as a short name: `tnthermo.sweeps.run_ids.id_of` of its configuration."""
    return id_of(resolved.hash, resolved.values)


def sweep_points(axes: Axes, *, many: bool = False, cheap_first: bool = False) -> Sweep:
    """Resolve every point. Raises :class:`chains.InvalidInput` with the problems of all of them, what they share said once.

    many         go on with more than `MOST_POINTS`
    cheap_first  the order of the runs; dear ones first keeps all workers busy to the end
    """
    if axes.count > MOST_POINTS and not many:
        raise_if_any([too_many(axes)])
    planned: dict[str, Planned] = {}
    runs: list[str] = []
    problems: list[list[Problem]] = []
    notes: list[list[str]] = []
    for number in range(axes.count):
        try:
            resolved = resolved_point(axes, number)
        except InvalidInput as error:
            problems.append(list(error.problems))
            continue
        problems.append([])
        run = run_id(resolved)
        runs.append(run)
        notes.append([str(note) for note in resolved.notes])
        if run not in planned:
            found = estimate(resolved)
            planned[run] = Planned(run=run, text=resolved.text, seconds=found.seconds, memory=found.memory)
    raise_if_any(shared(axes, problems))
    ordered = sorted(planned.values(), key=lambda one: one.cost if cheap_first else -one.cost)
    said = [f"{where}{text}" for text, _, where in grouped(axes, notes, key=str)]
    return Sweep(axes=axes, runs=tuple(runs), planned=tuple(ordered), notes=(*doubles(axes, runs), *said))


def resolved_point(axes: Axes, number: int) -> Resolved:
    """A point as its run takes it; on the way to a target with the same record times as the others where the file leaves them open.

    Each run would record its own steps, and a table over the axes have a value of some points at each time.
    Raises :class:`chains.InvalidInput`.
    """
    tables = axes.tables(number)
    config = load_config(axes.path, tables)
    if config.accuracy.target is None or config.evolution.record_every is not None:
        return resolve(config)  # a cycle has its record times without saying so
    own = tables["evolution"]
    if "step" in own:
        return resolve(config)
    return resolve(load_config(axes.path, {**tables, "evolution": {**own, "record_every": own["until"] / RECORDS}}))


def too_many(axes: Axes) -> Problem:
    """The problem of a sweep that is large, with what it may cost."""
    costs = []
    for sample in range(SAMPLES):
        try:
            found = estimate(resolved_point(axes, sample * (axes.count - 1) // (SAMPLES - 1)))
            costs.append(found.seconds)
        except InvalidInput:
            continue
    cost = ""
    if costs:
        low, high = (axes.count * sum(one[end] for one in costs) / len(costs) for end in (0, 1))
        cost = f", about {duration(low)} to {duration(high)} of processor time"
    return Problem(
        key="sweep",
        value=f"{axes.count} points{cost}",
        allowed=f"at most {MOST_POINTS} points unasked",
        hint="tnthermo sweep --yes goes on",
    )


def shared(axes: Axes, problems: Sequence[Sequence[Problem]]) -> list[Problem]:
    """Each problem once, whatever the values: as it is where all points have it, else with the points that do."""
    found: dict[str, Values] = {}
    for one in (problem for own in problems for problem in own):
        found.setdefault(said(one), Values()).add(one.value)
    return [
        replace(one, key=where + one.key, value=found[text].value)
        for text, one, where in grouped(axes, problems, key=said)
    ]


def said(problem: Problem) -> str:
    """A problem but for the value that has it."""
    return json.dumps([problem.key, problem.allowed, problem.hint])


class Values:
    """Values that have the same problem, each once, in the order in which they came."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}

    def add(self, value: Any) -> None:
        self.known.setdefault(repr(value), value)

    @property
    def value(self) -> Any:
        """The only one itself; several together, as they print."""
        return next(iter(self.known.values())) if len(self.known) == 1 else self

    def __repr__(self) -> str:
        return few(list(self.known))


def grouped(axes: Axes, entries: Sequence[Sequence[Any]], *, key: Callable[[Any], str]) -> list[tuple[str, Any, str]]:
    """(text, entry, where): "" where all points have it, else "point 3 (...): " or "points 3, 4, ...: "; in the order of the points."""
    found: dict[str, tuple[Any, list[int]]] = {}
    for number, own in enumerate(entries):
        for entry in own:
            numbers = found.setdefault(key(entry), (entry, []))[1]
            if numbers[-1:] != [number]:
                numbers.append(number)
    return [(text, entry, where(axes, numbers)) for text, (entry, numbers) in found.items()]


def where(axes: Axes, numbers: Sequence[int]) -> str:
    """Which points, as the beginning of a sentence."""
    if len(numbers) == axes.count:
        return ""
    if len(numbers) == 1:
        return f"point {numbers[0]} ({axes.label(numbers[0])}): "
    return f"points {few(numbers)} of {axes.count}: "


def few(numbers: Sequence[object], most: int = 6) -> str:
    """``0, 1, 2 and 7 more``."""
    text = ", ".join(map(str, numbers[:most]))
    return text if len(numbers) <= most else f"{text} and {len(numbers) - most} more"


def doubles(axes: Axes, runs: Sequence[str]) -> list[str]:
    """A note for each run that several points are."""
    points: dict[str, list[int]] = {}
    for number, run in enumerate(runs):
        points.setdefault(run, []).append(number)
    return [
        f"note: points {few(numbers)} are the same run ({axes.label(numbers[0])}), which is done once"
        for numbers in points.values()
        if len(numbers) > 1
    ]


def memory_problems(planned: Iterable[Planned], workers: int) -> list[Problem]:
    """More workers than the memory can hold, going by the least that the dearest runs need."""
    need = sum(sorted((one.memory[0] for one in planned), reverse=True)[:workers])
    limit = available_memory()
    if need <= limit.size:
        return []
    allowed = (
        f"workers whose runs fit {readable(limit.size)} ({limit.source}) together; these need about {readable(need)}"
    )
    return [Problem(key="--workers", value=workers, allowed=allowed, hint="fewer workers")]
