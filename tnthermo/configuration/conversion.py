"""Between the numbers of a file with a section [units] and natural ones: tables going in; values, problems and notes coming out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from chains.problems import MISSING, Problem
from tnthermo.algorithms import named
from tnthermo.configuration.cycle import CycleTable
from tnthermo.configuration.drives import DRIVE_SHAPES, Drives
from tnthermo.configuration.fields import Section, each
from tnthermo.configuration.notes import Note
from tnthermo.configuration.read import Tables
from tnthermo.configuration.sections import Bath, Evolution, Record, Thermodynamics
from tnthermo.configuration.written import Values
from tnthermo.units.units import Units

SECTIONS: Mapping[str, type[Section]] = {"evolution": Evolution, "thermodynamics": Thermodynamics, "record": Record}
IN_TIME = {key for section in (*SECTIONS.values(), *DRIVE_SHAPES.values()) for key in section.in_time}
IN_TEMPERATURE = set(Bath.in_temperature)
# Of a density; the same names mean times in a drive.
IN_ENERGY = {
    "reorganisation_energy", "width", "frequency", "cutoff", "centre", "half_width", "coupling", "support", "wc", "gamma", "w0",
}  # fmt: skip
KELVIN = "is T in kelvin? If not, "  # what a temperature far above the cutoff makes one ask, where its unit is not said
LEADING = re.compile(r"[-+]?\d+\.?\d*(?:[eE][-+]?\d+)?")


def natural_tables(tables: Tables, folder: Path) -> Tables:
    """The tables with times and temperatures in natural units; as they are without a section [units]."""
    units = tables.units
    if units.natural:
        return tables
    made = {name: _natural(table, units, folder) for name, table in tables.made.items()}
    return replace(tables, made=made)


def _natural(table: Any, units: Units, folder: Path) -> Any:
    if isinstance(table, Drives):
        return table.converted(units, folder)
    return (
        table.converted(time=units.natural_time, temperature=units.natural_temperature)
        if isinstance(table, Section)
        else table
    )


def in_file(table: Section, units: Units) -> Any:
    """A table in natural units as the file says it."""
    return table if units.natural else table.converted(time=units.shown_time, temperature=units.shown_temperature)


def with_written_step(tables: Tables) -> Tables:
    """The tables with a step that the file can say: one found by rule is moved by its last digits, so that it is read again as it was."""
    evolution = tables.get("evolution")
    if tables.units.natural or evolution is None or step_problems(tables):
        return tables
    step = tables.units.natural_time(tables.units.shown_time(evolution.step))
    return replace(tables, made={**tables.made, "evolution": evolution.model_copy(update={"step": step})})


def step_problems(tables: Tables) -> list[Problem]:
    """A step that is left out where it has no rule: the default is a number of natural units."""
    evolution = tables.get("evolution")
    if (
        tables.units.natural
        or evolution is None
        or "step" in evolution.model_fields_set
        or named(evolution.method).bins
    ):
        return []
    allowed = f"required beside [units] with the method {evolution.method}: the default is a number without a unit"
    hint = f"a step in {tables.units.name('time')}; tnthermo check says whether it is too large"
    return [Problem(key="evolution.step", value=MISSING, allowed=allowed, hint=hint)]


def values_in_file(values: Values, units: Units) -> Values:
    """Resolved values with times and temperatures as the file says them, and the section [units] first."""
    if units.natural:
        return values
    found = dict(values)
    for name, section in SECTIONS.items():
        found[name] = _shown(values[name], section, units)
    bath = values["bath"]
    found["bath"] = [_shown(one, Bath, units) for one in bath] if isinstance(bath, list) else _shown(bath, Bath, units)
    found["drive"] = {key: _shown(one, DRIVE_SHAPES[one["shape"]], units) for key, one in values["drive"].items()}
    if "cycle" in values:
        table = CycleTable.model_validate(values["cycle"])
        found["cycle"] = table.converted(time=units.shown_time, temperature=units.shown_temperature).written()
    return {"units": units.table(), **found}


def _shown(table: Mapping[str, Any], section: type[Section], units: Units) -> dict[str, Any]:
    ways = dict.fromkeys(section.in_time, units.shown_time) | dict.fromkeys(
        section.in_temperature, units.shown_temperature
    )
    return {key: each(ways[key], value) if key in ways else value for key, value in table.items()}


def unit_of(key: str, units: Units) -> str:
    """The unit of a key of the file, "bath[0].temperature"; "" where it has none, or none that is known."""
    path = re.sub(r"\[\d+\]", "", key).split(".")
    last = path[-1]
    if units.natural:
        return ""
    if "spectral_density" in path:
        return units.name("energy") if last in IN_ENERGY else ""
    if (path[0] == "system" and "hamiltonian" in path) or (path[0] == "drive" and last == "frequency"):
        return units.name("energy")
    return units.name("time") if last in IN_TIME else units.name("temperature") if last in IN_TEMPERATURE else ""


def problems_in_file(problems: Sequence[Problem], units: Units) -> list[Problem]:
    """Problems that were found with natural numbers, in the units of the file."""
    if units.natural:
        return list(problems)
    return [
        replace(p, value=_value(p, units), allowed=units.said(p.allowed), hint=units.said(p.hint)) for p in problems
    ]


def _value(problem: Problem, units: Units) -> Any:
    """The value of a problem, a number or the table of a drive; one that begins with a number ("0.1: 2e+08 steps") likewise."""
    path = re.sub(r"\[\d+\]", "", problem.key).split(".")
    if path[0] == "drive" and isinstance(problem.value, Mapping) and problem.value.get("shape") in DRIVE_SHAPES:
        return _shown(problem.value, DRIVE_SHAPES[problem.value["shape"]], units)
    way = None
    if path[0] in (*SECTIONS, "drive") and path[-1] in IN_TIME:  # the width of a density is none
        way = units.shown_time
    elif path[0] == "bath" and path[-1] in IN_TEMPERATURE:
        way = units.shown_temperature
    if way is None:
        return problem.value
    if isinstance(problem.value, str) and (found := LEADING.match(problem.value)):
        return f"{way(float(found[0])):.5g}{problem.value[found.end() :]}"
    return each(way, problem.value)


def notes_in_file(notes: Sequence[Note], units: Units) -> list[Note]:
    """Notes in the units of the file."""
    if units.natural:
        return list(notes)
    return [replace(note, text=units.said(note.text.replace(KELVIN, ""))) for note in notes]
