"""From a TOML file to checked tables, or to the list of everything that is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from pydantic import TypeAdapter

from chains.problems import MISSING, Problem
from tnthermo.configuration.cycle import timed, with_cycle
from tnthermo.configuration.drives import DRIVES, Drives, drive_entries, operator_problems
from tnthermo.configuration.hints import LATER, NO_JUMPS, checked_table, home, is_jump_operator, nearest
from tnthermo.configuration.sections import OF_A_BATH, REQUIRED, SECTIONS
from tnthermo.configuration.toml import huge_numbers, read_toml
from tnthermo.units.units import NATURAL, Units


@dataclass(frozen=True, kw_only=True)
class BathKeys:
    """What the three tables of one bath are called in the file: "bath", "spectral_density", "coupling", or "bath[1].coupling"."""

    bath: str
    spectral_density: str
    coupling: str


@dataclass(frozen=True, kw_only=True)
class Tables:
    """The tables that are right, by what they are called in the file, the names of the baths' tables, what their numbers are in, and
    which keys of [evolution] the file gives.
    """

    made: Mapping[str, Any] = field(default_factory=dict)
    baths: tuple[BathKeys, ...] = ()
    units: Units = NATURAL
    given: frozenset[str] = frozenset()

    def get(self, name: str) -> Any:
        """The table, None where it is missing or wrong."""
        return self.made.get(name)


def read_tables(path: Path, raw: dict[str, Any] | None = None) -> tuple[Tables, list[Problem]]:
    """All tables that are right, and every problem of those that are not. Raises InvalidInput for a file that is not TOML.

    raw  what to take for the contents of the file; it may be changed
    """
    raw = read_toml(path) if raw is None else raw
    problems = huge_numbers(raw)
    if problems:
        return Tables(), problems
    folder = path.absolute().parent
    baths, of_baths, problems = bath_tables(raw)
    problems += later(raw)
    problems += [unknown_section(name, raw[name]) for name in raw if name not in SECTIONS]
    made: dict[str, Any] = {}
    for keys in baths:
        for section in OF_A_BATH:
            name = getattr(keys, section)
            if name in of_baths:
                made[name], found = read_table(section, name, of_baths[name], folder)
                problems += found
            else:
                where = f"[bath.{section}] below its [[bath]]" if len(baths) > 1 else f"a section [{section}]"
                problems.append(Problem(key=name, value=MISSING, allowed=f"required: {where}"))
    if "cycle" in raw:
        made["cycle"], found = read_table("cycle", "cycle", raw["cycle"], folder)
        problems += found
        if made["cycle"] is not None and isinstance(raw.get("evolution"), dict):
            raw["evolution"], found = timed(made["cycle"], raw["evolution"])
            problems += found
    for section in SECTIONS:
        if section in OF_A_BATH or section in ("drive", "cycle"):
            continue
        if section in raw:
            made[section], found = read_table(section, section, raw[section], folder)
            problems += found
        elif section in REQUIRED:
            problems.append(Problem(key=section, value=MISSING, allowed=f"required: a section [{section}]"))
    if "drive" in raw:
        made["drive"], found = read_drives(raw["drive"], folder, len(baths))
        problems += found
    if made.get("cycle") is not None:
        known = made.get("drive") or Drives()
        made["drive"], found = with_cycle(known, made["cycle"], len(baths), folder)
        problems += found
    units = made["units"].made() if made.get("units") is not None else NATURAL
    right = {name: table for name, table in made.items() if table is not None}
    given = frozenset(right["evolution"].model_fields_set) if "evolution" in right else frozenset()
    return Tables(made=right, baths=baths, units=units, given=given), problems


class OfBath(NamedTuple):
    """Where the tables of one bath stand: its own keys, and the table that has its [spectral_density] and [coupling]."""

    bath: dict[str, Any]
    parts: dict[str, Any]


def has_several_baths(values: Mapping[str, Any]) -> bool:
    """Whether the baths are [[bath]], each with its own tables inside, and not one [bath] beside them."""
    return isinstance(values.get("bath"), list)


def tables_of_bath(values: dict[str, Any], number: int) -> OfBath:
    """The tables of a bath in a configuration that is all right, of one bath or of many; they may be changed in place."""
    if has_several_baths(values):
        return OfBath(values["bath"][number], values["bath"][number])
    return OfBath(values["bath"], values)


def bath_tables(raw: Mapping[str, Any]) -> tuple[tuple[BathKeys, ...], dict[str, Any], list[Problem]]:
    """(names of the tables of each bath, raw tables by these names, problems): one [bath], or several [[bath]]."""
    bath = raw.get("bath", MISSING)
    inside = ("spectral_density", "coupling")
    tables: dict[str, Any] = {}
    problems: list[Problem] = []
    if isinstance(bath, list) and bath and all(isinstance(entry, dict) for entry in bath):
        keys = tuple(
            BathKeys(bath=name, **{part: f"{name}.{part}" for part in inside})
            for name in (f"bath[{i}]" for i in range(len(bath)))
        )
        for entry, names in zip(bath, keys, strict=True):
            tables[names.bath] = {key: value for key, value in entry.items() if key not in inside}
            tables |= {getattr(names, part): entry[part] for part in inside if part in entry}
        for part in inside:
            if part in raw:
                hint = f"move it below its [[bath]], as [bath.{part}]"
                allowed = "inside each of the [[bath]]"
                problems.append(Problem(key=part, value=f"[{part}] at the top", allowed=allowed, hint=hint))
        return keys, tables, problems
    places = {}
    for part in inside:
        within = isinstance(bath, dict) and part in bath
        places[part] = f"bath.{part}" if within else part
        if within:
            tables[places[part]] = bath[part]
            if part in raw:
                allowed = f"given once, as [{part}] or as [bath.{part}]"
                problems.append(Problem(key=part, value=f"[{part}] and [bath.{part}]", allowed=allowed))
        elif part in raw:
            tables[part] = raw[part]
    if isinstance(bath, dict):
        tables["bath"] = {key: value for key, value in bath.items() if key not in inside}
    elif bath is not MISSING:
        tables["bath"] = bath
    return (BathKeys(bath="bath", **places),), tables, problems


def later(raw: dict[str, Any]) -> list[Problem]:
    """Takes what the format has but this version cannot do yet out of the tables and returns one problem for each."""
    problems = []

    def refuse(key: str, value: object, instead: str) -> None:
        problems.append(Problem(key=key, value=value, allowed=LATER, hint=instead))

    if "sweep" in raw:
        allowed = "must not be in the configuration of one run: it makes many"
        problems.append(Problem(key="sweep", value="[sweep]", allowed=allowed, hint="tnthermo sweep CONFIG runs them"))
        del raw["sweep"]
    return problems


def unknown_section(name: str, value: Any) -> Problem:
    """A section that does not exist."""
    hint = NO_JUMPS if is_jump_operator(name) else nearest(name, list(SECTIONS)) or home(name)
    return Problem(key=name, value=value, allowed=f"one of the sections {', '.join(SECTIONS)}", hint=hint)


def read_table(section: str, name: str, raw: Any, folder: Path) -> tuple[Any, list[Problem]]:
    """One table of the kind ``section``, or None and what is wrong with it. A spectral density is made once, to check its ranges."""
    model = SECTIONS[section]

    def validate(table: Any) -> Any:
        if isinstance(model, TypeAdapter):
            density = model.validate_python(table)
            density.make(folder)
            return density
        assert model is not None
        return model.model_validate(table)

    return checked_table(validate, section, name, raw)


def read_drives(raw: Any, folder: Path, baths: int) -> tuple[Drives | None, list[Problem]]:
    """The section [drive], every drive of it made."""
    if not isinstance(raw, dict):
        return None, [Problem(key="drive", value=raw, allowed="a section [drive]", hint=f"found {type(raw).__name__}")]
    entries, problems = drive_entries(raw, baths)
    found, made = {}, {}

    def validate(table: Any) -> Any:
        entry = DRIVES.validate_python(table)
        return entry, entry.make(folder)

    for key, table in entries.items():
        both, wrong = checked_table(validate, "drive", f"drive.{key}", table)
        problems += wrong + operator_problems(key, table)
        if both is not None:
            found[key], made[key] = both
    return (None if problems else Drives(entries=found, made=made)), problems
