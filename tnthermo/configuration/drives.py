"""[drive] of the configuration file: time-dependent parts of H_S and factors of the coupling.

Keys are "hamiltonian.x|y|z|i", "hamiltonian.NAME" with an operator inside, "coupling" (all baths) and "coupling.0", "coupling.1", ...
(one of them); TOML may spell them as one quoted key or as nested tables.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from chains.problems import MISSING, InvalidInput, Problem, raise_if_any
from tnthermo.configuration.fields import Count, HermitianOperator, Number, Numbers, Section
from tnthermo.model import drives, piecewise
from tnthermo.model.drives import Drive
from tnthermo.model.operators import PAULI, Matrix, operator
from tnthermo.units.units import Units

SPELLING = '"hamiltonian.x" (y, z, i), "hamiltonian.NAME" with an operator, coupling, or "coupling.0", "coupling.1", ... for one bath'


class Entry(Section):
    """One drive: its shape, the shape's parameters, and for a "hamiltonian.NAME" the operator it multiplies."""

    name: ClassVar[str]
    shape: str
    operator: HermitianOperator | None = None

    def make(self, folder: Path) -> Drive:
        """The drive of :mod:`tnthermo.model.drives`; ``folder`` is where relative file names start."""
        values = self.model_dump(exclude={"shape", "operator"}, exclude_none=True)
        return getattr(drives, self.name)(**values)  # type: ignore[no-any-return]

    def written(self, made: Drive) -> dict[str, Any]:
        """The keys for another file, which may lie anywhere: a table's file replaced by the numbers in ``made``, read from it."""
        return self.model_dump(exclude_none=True)

    def identity(self, made: Drive) -> dict[str, Any]:
        """What decides the numbers, without the operator; a file replaced by what was read from it into ``made``."""
        return self.model_dump(exclude={"operator"}, exclude_none=True)

    def natural(self, units: Units, made: Drive, folder: Path) -> tuple[Self, Drive]:
        """The entry and the drive that it ``made``, with their times in natural units."""
        entry = self.converted(time=units.natural_time, temperature=units.natural_temperature)
        return entry, entry.make(folder)

    def matrix(self, component: str) -> Matrix:
        """The operator of "hamiltonian.``component``", (d, d)."""
        return PAULI[component] if self.operator is None else operator(self.operator, key="operator")


class Ramp(Entry):
    in_time: ClassVar[tuple[str, ...]] = ("start", "duration")
    name: ClassVar[str] = "Ramp"
    shape: Literal["ramp"]
    start: Number = 0.0
    duration: Number
    initial: Number = 0.0
    final: Number = 1.0
    profile: Literal["linear", "smooth"] = "linear"


class Pulse(Entry):
    in_time: ClassVar[tuple[str, ...]] = ("centre", "width")
    name: ClassVar[str] = "Pulse"
    shape: Literal["pulse"]
    centre: Number
    width: Number
    height: Number
    base: Number = 0.0


class Cosine(Entry):
    name: ClassVar[str] = "Cosine"
    shape: Literal["cosine"]
    amplitude: Number
    frequency: Number
    phase: Number = 0.0
    offset: Number = 0.0


class Square(Entry):
    in_time: ClassVar[tuple[str, ...]] = ("start", "stop", "duration")
    name: ClassVar[str] = "Square"
    shape: Literal["square"]
    start: Number
    stop: Number | None = None
    duration: Number | None = None
    height: Number
    base: Number = 0.0


class Table(Entry):
    in_time: ClassVar[tuple[str, ...]] = ("times",)
    name: ClassVar[str] = "TimeTable"
    shape: Literal["table"]
    interpolation: Literal["pchip", "linear", "cubic"] = "pchip"
    file: str | None = None
    times: Numbers | None = None
    values: Numbers | None = None
    source: str | None = None  # where times and values came from; changes nothing

    def make(self, folder: Path) -> Drive:
        if self.file is None:
            return super().make(folder)
        try:
            made = drives.TimeTable.from_file(folder / self.file, interpolation=self.interpolation)
            return replace(made, source=self.file)
        except InvalidInput as error:  # problems inside the file name the line
            named = [p.key if p.key == "file" else f"file ({p.key})" for p in error.problems]
            raise InvalidInput([replace(p, key=key) for p, key in zip(error.problems, named, strict=True)]) from None

    def natural(self, units: Units, made: Any, folder: Path) -> tuple[Self, Drive]:
        entry, drive = super().natural(units, made, folder) if self.file is None else (self, made)
        return entry, drive if self.file is None else replace(made, times=units.natural_time(made.times))

    def written(self, made: Any) -> dict[str, Any]:
        numbers = {"times": made.times.tolist(), "values": made.values.tolist()}
        keys = {key: value for key, value in super().written(made).items() if key != "file"}
        return keys | numbers | ({"source": made.source} if made.source else {})

    def identity(self, made: Any) -> dict[str, Any]:
        points = {"times": made.times.tolist(), "values": made.values.tolist()}
        return {"shape": "table", "interpolation": made.interpolation, **points}

    @model_validator(mode="after")
    def _one_source(self) -> Table:
        inline = [key for key in ("times", "values", "source") if getattr(self, key) is not None]
        if self.file is not None and inline:
            raise_if_any([Problem(key=inline[0], value="given", allowed="either a file, or times and values")])
        missing = [key for key in ("times", "values") if key not in inline]
        if self.file is None and missing:
            key = missing[0] if len(missing) == 1 else "file"
            raise_if_any([Problem(key=key, value=MISSING, allowed="a file, or times and values")])
        return self


class Piecewise(Entry):
    in_time: ClassVar[tuple[str, ...]] = ("times",)
    name: ClassVar[str] = "Piecewise"
    shape: Literal["piecewise"]
    times: Numbers
    initial: Numbers
    final: Numbers
    profile: Literal["linear", "smooth"] | list[Literal["linear", "smooth"]] = "linear"
    count: Count = 1

    def make(self, folder: Path) -> Drive:
        return piecewise.Piecewise(**self.model_dump(exclude={"shape", "operator"}))


DRIVES: TypeAdapter[Entry] = TypeAdapter(
    Annotated[Ramp | Pulse | Cosine | Square | Table | Piecewise, Field(discriminator="shape")]
)
DRIVE_SHAPES: dict[str, type[Entry]] = {
    "ramp": Ramp, "pulse": Pulse, "cosine": Cosine, "square": Square, "table": Table, "piecewise": Piecewise,
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Drives:
    """The section [drive] and what it makes.

    entries   by their full keys: "hamiltonian.x", "coupling", "coupling.1"
    made      the drive of each
    of_cycle  keys of those that [cycle] makes, and [drive] does not hold
    """

    entries: Mapping[str, Entry] = field(default_factory=dict)
    made: Mapping[str, Drive] = field(default_factory=dict)
    of_cycle: frozenset[str] = frozenset()

    @property
    def hamiltonian(self) -> dict[str, tuple[Matrix, Drive]]:
        """(operator, drive) of each time-dependent part of H_S, by key."""
        parts = {key: key.partition(".")[2] for key in self.entries if key.startswith("hamiltonian.")}
        return {key: (self.entries[key].matrix(component), self.made[key]) for key, component in parts.items()}

    def converted(self, units: Units, folder: Path) -> Drives:
        """The same with all times in natural units."""
        both = {key: entry.natural(units, self.made[key], folder) for key, entry in self.entries.items()}
        return Drives(
            entries={key: entry for key, (entry, _) in both.items()},
            made={key: made for key, (_, made) in both.items()},
            of_cycle=self.of_cycle,
        )

    def strength(self, bath: int) -> Drive | None:
        """The factor of the coupling of bath number ``bath``; None: 1."""
        return self.made.get("coupling", self.made.get(f"coupling.{bath}"))


def drive_entries(raw: Mapping[str, Any], baths: int) -> tuple[dict[str, Any], list[Problem]]:
    """The tables of [drive] by their full keys, whichever way they were spelled, and the keys that are wrong."""
    found: dict[str, Any] = {}
    problems: list[Problem] = []

    def add(key: str, table: Any) -> None:
        if key in found:
            problems.append(Problem(key=f"drive.{key}", value=table, allowed="given once"))
        found[key] = table

    for key, value in raw.items():
        head, _, rest = key.partition(".")
        nested = isinstance(value, dict) and bool(value) and all(isinstance(entry, dict) for entry in value.values())
        if head not in ("hamiltonian", "coupling"):
            close = {"h": "hamiltonian", "system": "hamiltonian", "bath": "coupling"}.get(head.lower(), "")
            hint = f"did you mean {close}?" if close else ""
            problems.append(
                Problem(key=f"drive.{key}", value=value, allowed=f"no such key; [drive] has {SPELLING}", hint=hint)
            )
        elif rest:
            add(key, value)
        elif nested and not (head == "coupling" and "shape" in value):
            for name, table in value.items():
                add(f"{head}.{name}", table)
        elif head == "coupling":
            add(key, value)
        else:
            hint = 'which component? { x = { shape = "ramp", ... } }'
            problems.append(Problem(key="drive.hamiltonian", value=value, allowed=SPELLING, hint=hint))
    problems += _name_problems(found, baths)
    return found, problems


def _name_problems(found: dict[str, Any], baths: int) -> list[Problem]:
    """Names of parts and numbers of baths that cannot be; takes the wrong ones out of ``found``."""
    problems = []
    for key in list(found):
        head, _, rest = key.partition(".")
        if not rest:
            continue
        if head == "coupling" and not (re.fullmatch(r"\d{1,6}", rest) and int(rest) < baths):
            allowed = f"the number of a bath, 0 to {baths - 1}"
            problems.append(Problem(key=f"drive.{key}", value=rest, allowed=allowed))
            del found[key]
        elif head == "hamiltonian" and not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", rest):
            problems.append(
                Problem(key=f"drive.{key}", value=rest, allowed="a name of letters, digits and underscores")
            )
            del found[key]
    single = [key for key in found if key.startswith("coupling.")]
    if "coupling" in found and single:
        allowed = 'either coupling, for all baths, or "coupling.0", "coupling.1", ...'
        problems.append(Problem(key=f"drive.{single[0]}", value="beside coupling", allowed=allowed))
    return problems


def operator_problems(key: str, table: Any) -> list[Problem]:
    """Whether the drive ``key`` has an operator where it needs one, and only there."""
    given = isinstance(table, Mapping) and "operator" in table
    head, _, name = key.partition(".")
    path = f"drive.{key}.operator"
    if head == "coupling" and given:
        hint = "the operator is that of [coupling]"
        return [Problem(key=path, value=table["operator"], allowed="not for a factor of the coupling", hint=hint)]
    if head == "hamiltonian" and name in PAULI and given:
        hint = 'another name, "hamiltonian.NAME", may have an operator'
        return [Problem(key=path, value=table["operator"], allowed=f"not given: {name} is a Pauli matrix", hint=hint)]
    if head == "hamiltonian" and name not in PAULI and not given and isinstance(table, Mapping):
        hint = '"hamiltonian.x" (y, z, i) needs none'
        return [Problem(key=path, value=MISSING, allowed="required: Pauli components or a matrix", hint=hint)]
    return []
