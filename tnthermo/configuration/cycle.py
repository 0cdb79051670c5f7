"""[cycle] of the configuration file: strokes, and the drives of H_S and of the couplings that they make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.drives import Drives, Piecewise
from tnthermo.configuration.fields import Count, HermitianOperator, NotNegative, Number, Numbers, Positive, Section
from tnthermo.model.cycle import Cycle, Stroke
from tnthermo.model.piecewise import Piecewise as Pieces

Convert = Callable[[float], float]
NICE = 0.05  # records at multiples of it, where they may be
NEAR = 1e-9


def _values(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise InvalidInput([Problem(key="", value=value, allowed="a table, { z = 0.5 } or { z = [0.5, 1.0] }")])
    return value


class StrokeTable(Section):
    """[[cycle.stroke]]."""

    in_time: ClassVar[tuple[str, ...]] = ("duration", "start")
    duration: Number
    name: str = ""
    hamiltonian: Annotated[dict[str, Any], BeforeValidator(_values)] = Field(default_factory=dict)
    coupling: Numbers | None = None
    profile: Literal["linear", "smooth"] = "linear"
    start: Number | None = None


class CycleTable(Section):
    """[cycle]."""

    in_time: ClassVar[tuple[str, ...]] = ("switching",)
    count: Count = 3
    switching: NotNegative = 0.0
    stretch: Positive = 1.0
    limit: Positive = 1e-3
    operators: dict[str, HermitianOperator] = Field(default_factory=dict)
    stroke: list[StrokeTable]

    def made(self) -> Cycle:
        """The cycle of `tnthermo.model.cycle`. Raises InvalidInput with keys of the file."""
        problems, strokes = [], []
        for i, table in enumerate(self.stroke):
            given = table.model_dump(exclude_none=True)
            given["duration"] *= self.stretch
            given |= {"start": given["start"] * self.stretch} if "start" in given else {}
            try:
                strokes.append(Stroke(**given))
            except InvalidInput as error:
                problems += [replace(p, key=f"stroke[{i}].{p.key}") for p in error.problems]
        if problems:
            raise InvalidInput(problems)
        own = {"count": self.count, "switching": self.switching, "operators": self.operators, "limit": self.limit}
        try:
            return Cycle(strokes=strokes, **own)  # type: ignore[arg-type]
        except InvalidInput as error:
            raise InvalidInput([_in_file(p) for p in error.problems]) from None

    def converted(self, *, time: Convert, temperature: Convert) -> Self:
        """The same with its times, those of the strokes as well, as ``time`` makes them."""
        own = super().converted(time=time, temperature=temperature)
        return own.model_copy(
            update={"stroke": [one.converted(time=time, temperature=temperature) for one in self.stroke]}
        )

    def written(self) -> dict[str, Any]:
        """The keys for another file."""
        return self.model_dump(exclude_none=True, exclude={"operators"} if not self.operators else set())

    @model_validator(mode="after")
    def _makes_a_cycle(self) -> CycleTable:
        self.made()
        return self


def _in_file(problem: Problem) -> Problem:
    return replace(problem, key=problem.key.replace("strokes", "stroke"))


def recorded_every(cycle: Cycle) -> float:
    """An interval of records that divides all strokes, a multiple of `NICE` where there is one. Raises InvalidInput where nothing does."""
    coarse = cycle.record_every
    parts = round(cycle.common / coarse)
    for n in range(parts, 2 * parts + 1):
        if abs(cycle.common / n / NICE - round(cycle.common / n / NICE)) < NEAR * cycle.common / n / NICE:
            return round(cycle.common / n / NICE) * NICE
    return coarse


def timed(table: CycleTable, evolution: dict[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The raw table [evolution] with until and record_every as the cycle has them, in the file's units, and what contradicts it."""
    cycle = table.made()
    found, problems = dict(evolution), []
    until = found.setdefault("until", cycle.until)
    if _number(until) and abs(until - cycle.until) > NEAR * cycle.until:
        of = f"{cycle.count} cycles with the period {cycle.period:g}"
        problems.append(
            Problem(key="evolution.until", value=until, allowed=f"left out beside [cycle], or {cycle.until:g}: {of}")
        )
    interval = next(((key, found[key]) for key in ("record_every", "step") if _number(found.get(key))), None)
    if interval is not None and interval[1] > 0:
        wrong = cycle.step_problems(f"evolution.{interval[0]}", float(interval[1]))
        problems += [replace(p, key=f"cycle.{_in_file(p).key}") for p in wrong]
    elif interval is None:
        try:
            found["record_every"] = recorded_every(cycle)
        except InvalidInput as error:
            problems += [replace(_in_file(p), key=f"cycle.{_in_file(p).key}") for p in error.problems]
    return found, problems


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def with_cycle(drives: Drives, table: CycleTable, baths: int, folder: Path) -> tuple[Drives, list[Problem]]:
    """The drives with those that the cycle makes, and what of [drive] drives the same."""
    cycle = table.made()
    entries: dict[str, Piecewise] = {}
    problems = []
    for name, pieces in cycle.parts.items():
        matrix = table.operators.get(name)
        entries[f"hamiltonian.{name}"] = _entry(pieces, {} if matrix is None else {"operator": matrix})
    for j, pieces in enumerate(cycle.strengths):
        entries[f"coupling.{j}"] = _entry(pieces, {})
    if cycle.baths not in (0, baths):
        allowed = f"one strength for each of the {baths} baths"
        problems.append(Problem(key="cycle.stroke.coupling", value=f"of {cycle.baths} baths", allowed=allowed))
    for key in drives.entries:
        both = (
            key in entries
            or (key == "coupling" and cycle.baths > 0)
            or (key.startswith("coupling") and f"{key}.0" in entries)
        )
        if both:
            problems.append(
                Problem(key=f"drive.{key}", value="beside [cycle]", allowed="driven by one of them, [drive] or [cycle]")
            )
    if problems:
        return drives, problems
    made = {key: entry.make(folder) for key, entry in entries.items()}
    return Drives(entries={**drives.entries, **entries}, made={**drives.made, **made}, of_cycle=frozenset(entries)), []


def _entry(pieces: Pieces, more: Mapping[str, Any]) -> Piecewise:
    values = {name: getattr(pieces, name).tolist() for name in ("times", "initial", "final")}  # type: ignore[union-attr]
    return Piecewise.model_validate(
        {"shape": "piecewise", **values, "profile": list(pieces.profiles), "count": pieces.count, **more}
    )
