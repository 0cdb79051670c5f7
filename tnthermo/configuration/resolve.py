"""A run as one TOML file: read and checked as a whole, then resolved into a model, an algorithm and the keywords of `evolve`.

`load_config` looks at every key; `resolve` makes the chains and looks at what the keys mean together. Both raise
:class:`chains.InvalidInput` with all problems at once; what is legal but doubtful comes back as notes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import Algorithm
from tnthermo.configuration.baths import MadeBath, make_bath
from tnthermo.configuration.checks import all_levels, displacement_of_baths, model_problems, mutual_problems
from tnthermo.configuration.conversion import (
    in_file,
    natural_tables,
    notes_in_file,
    problems_in_file,
    step_problems,
    values_in_file,
    with_written_step,
)
from tnthermo.configuration.drives import Drives
from tnthermo.configuration.notes import Note, drive_doubts, evolution_notes, model_doubts, rounding_notes
from tnthermo.configuration.read import BathKeys, Tables, read_tables
from tnthermo.configuration.route import route_problems, routed
from tnthermo.configuration.sections import Accuracy, Evolution, LawScan, Record, Run, System, Thermodynamics
from tnthermo.configuration.start_values import start_problems
from tnthermo.configuration.target import aimed, kept_settings, with_usual_target
from tnthermo.configuration.values import bath_values, physics_values, resolved_values
from tnthermo.configuration.written import Values, fingerprint, to_toml
from tnthermo.evolution.arguments import MEAN_FORCE, displacements
from tnthermo.evolution.recording import Recording
from tnthermo.model.coupling import couple
from tnthermo.model.cycle import Cycle
from tnthermo.model.model import Model, SystemDrive, assemble
from tnthermo.model.observables import observables
from tnthermo.model.operators import Matrix
from tnthermo.network.blocks import start_levels
from tnthermo.units.units import NATURAL, Units

__all__ = ["Config", "Note", "Resolved", "load_config", "resolve"]

SCHEMA = 2
"""Version of the configuration's meaning; part of the fingerprint."""


@dataclass(frozen=True, kw_only=True)
class Config:
    """A configuration whose keys are all right, each table by itself and in what two of them say about each other."""

    path: Path
    tables: Tables

    @property
    def folder(self) -> Path:
        """Where relative file names start."""
        return self.path.absolute().parent

    @property
    def baths(self) -> tuple[BathKeys, ...]:
        return self.tables.baths

    @property
    def system(self) -> System:
        return self.tables.made["system"]  # type: ignore[no-any-return]

    @property
    def evolution(self) -> Evolution:
        return self.tables.made["evolution"]  # type: ignore[no-any-return]

    @property
    def record(self) -> Record:
        return self.tables.made["record"]  # type: ignore[no-any-return]

    @property
    def run(self) -> Run:
        return self.tables.made["run"]  # type: ignore[no-any-return]

    @property
    def accuracy(self) -> Accuracy:
        return self.tables.made["accuracy"]  # type: ignore[no-any-return]

    @property
    def laws(self) -> LawScan:
        return self.tables.made["laws"]  # type: ignore[no-any-return]

    @property
    def drive(self) -> Drives:
        return self.tables.made["drive"]  # type: ignore[no-any-return]

    def strictly(self) -> Config:
        """As if it said ``[run] strict = true``."""
        run = self.run.model_copy(update={"strict": True})
        return replace(self, tables=replace(self.tables, made={**self.tables.made, "run": run}))

    def by_both_routes(self) -> Config:
        """As if it said ``[accuracy] check_route = true``."""
        accuracy = self.accuracy.model_copy(update={"check_route": True})
        return replace(self, tables=replace(self.tables, made={**self.tables.made, "accuracy": accuracy}))


@dataclass(frozen=True, kw_only=True, eq=False)
class Resolved:
    """Everything a run needs, nothing left open.

    rho           density matrix (d, d) of the system at t = 0, None for the mean-force state
    displacement  of the baths, one entry for each; None for none
    recording     what is recorded and how often, from [record], [evolution] and [thermodynamics]
    values        every key with its value, defaults and "auto" filled in
    text          the same as a TOML file that can be run again
    hash          SHA-256 of what decides the numbers (physics and numerics, not the keys of `config_text.MAY_CHANGE`)
    units         of ``values`` and of the result; all else is in natural ones
    cycle         that of [cycle]; None without
    """

    model: Model
    algorithm: Algorithm
    rho: Matrix | None
    displacement: tuple[Any, ...] | None
    until: float
    record_every: float
    recording: Recording
    two_time: dict[str, Any]
    levels: str | int | list[int]
    alpha_S: float
    error_bars: bool
    check_route: bool
    target: Any
    max_time: float | None
    kept: frozenset[str]
    strict: bool
    checkpoint_every: float | None
    storage_patience: float
    notes: tuple[Note, ...]
    values: Values
    text: str
    hash: str
    units: Units = NATURAL
    cycle: Cycle | None = None

    @property
    def initial(self) -> Matrix | str:
        """The initial state as `tnthermo.evolve` takes it."""
        return MEAN_FORCE if self.rho is None else self.rho

    def evolve_keywords(self) -> dict[str, Any]:
        """Keywords of :func:`tnthermo.evolve` after the model."""
        return {
            "initial": self.initial,
            "displacement": self.displacement,
            "algorithm": self.algorithm,
            "until": self.until,
            "levels": self.levels,
            "error_bars": self.error_bars,
            **({} if self.target is None else {"accuracy": self.target, "max_time": self.max_time, "kept": self.kept}),
            **self.recording.keywords(),
        }

    def two_time_keywords(self) -> dict[str, Any]:
        """Keywords of :func:`tnthermo.two_time` after the model."""
        names = ("initial", "displacement", "algorithm", "until", "record_every", "levels", "error_bars")
        return {"pairs": self.two_time, **{name: getattr(self, name) for name in names}}


@dataclass(frozen=True, kw_only=True, eq=False)
class Built:
    """What the tables make: the chains of each bath (None where its tables are wrong), and the model where all is right."""

    baths: tuple[MadeBath | None, ...]
    model: Model | None = None


def load_config(path: str | Path, raw: dict[str, Any] | None = None) -> Config:
    """Read and check a configuration file. Raises :class:`chains.InvalidInput` with every problem of it.

    raw  tables to take for the contents of the file (a point of a sweep); relative names start at the file all the same
    """
    path = Path(path)
    tables, problems = read_tables(path, raw)
    if any(p.key.partition(".")[0] == "units" for p in problems):  # what the other numbers are is not known
        raise InvalidInput(problems)
    folder = path.absolute().parent
    tables = with_usual_target(routed(natural_tables(tables, folder), folder))
    tables = with_written_step(tables if problems else aimed(tables, lambda some: _model(some, folder)))
    problems += mutual_problems(tables) + route_problems(tables) + step_problems(tables)
    if problems:  # the chains' own problems belong to the list; without others `resolve` finds them
        problems += build(tables, path.absolute().parent)[1]
    raise_if_any(problems)
    optional = {
        "thermodynamics": Thermodynamics(),
        "record": Record(),
        "run": Run(),
        "accuracy": Accuracy(),
        "drive": Drives(),
        "laws": LawScan(),
    }
    return Config(path=path, tables=replace(tables, made={**optional, **tables.made}))


def _model(tables: Tables, folder: Path) -> Model | None:
    """The model of tables that may be wrong: None then."""
    if mutual_problems(tables) or route_problems(tables):
        return None
    try:
        built, problems = build(tables, folder)
    except InvalidInput:
        return None
    return None if problems else built.model


def build(tables: Tables, folder: Path) -> tuple[Built, list[Problem]]:
    """Make the chains and the model, as far as the tables are right; what they refuse is in the list."""
    problems: list[Problem] = []
    made = []
    for keys in tables.baths:
        bath, found = made_bath(tables, keys, folder)
        made.append(bath)
        problems += found
    model = assembled(tables, made)
    if model is not None:
        problems += model_problems(tables, model, [bath for bath in made if bath is not None])
    problems = problems_in_file(problems, tables.units)
    return Built(baths=tuple(made), model=model), problems


def made_bath(tables: Tables, keys: BathKeys, folder: Path) -> tuple[MadeBath | None, list[Problem]]:
    """The chains of one bath; None where its tables are wrong, or refused now."""
    evolution = tables.get("evolution")
    density, bath, coupling = (tables.get(name) for name in (keys.spectral_density, keys.bath, keys.coupling))
    if density is None or bath is None or evolution is None:
        return None, []
    pair = bath.chains("hermitian" if coupling is None else coupling.kind) == 2
    system = tables.get("system")
    equilibrium = system is not None and system.rho() is None
    try:
        return make_bath(density, bath, evolution, pair=pair, keys=keys, folder=folder, equilibrium=equilibrium), []
    except InvalidInput as error:
        return None, list(error.problems)


def assembled(tables: Tables, made: Sequence[MadeBath | None]) -> Model | None:
    """The model; None as long as a table or two of them together are wrong, which has been said."""
    system, evolution, drives = tables.get("system"), tables.get("evolution"), tables.get("drive") or Drives()
    couplings = [tables.get(keys.coupling) for keys in tables.baths]
    found = [bath for bath in made if bath is not None]
    if None in (system, evolution, *couplings) or len(found) < len(made) or mutual_problems(tables):
        return None
    parts = [
        couple(coupling.matrix(), bath.bath, kind=coupling.kind, strength=drives.strength(j))
        for j, (coupling, bath) in enumerate(zip(couplings, found, strict=True))
    ]
    driven = [SystemDrive(operator=matrix, drive=drive) for matrix, drive in drives.hamiltonian.values()]
    try:
        return assemble(hamiltonian=system.matrix(), couplings=parts, drives=driven, layout=evolution.layout)
    except InvalidInput as error:
        named = {"layout": "evolution.layout"}
        raise InvalidInput([replace(p, key=named.get(p.key, p.key)) for p in error.problems]) from None


def resolve(config: Config) -> Resolved:
    """Make model and algorithm, fill in what was left to "auto". Raises :class:`chains.InvalidInput`."""
    tables, system, evolution = config.tables, config.system, config.evolution
    built, problems = build(tables, config.folder)
    raise_if_any(problems)
    model, made = built.model, [bath for bath in built.baths if bath is not None]
    assert model is not None
    algorithm = evolution.algorithm()
    raise_if_any(_target_problems(config))
    levels, displacement, rho = all_levels(tables, made), displacement_of_baths(tables), system.rho()
    start, displaced = start_levels(levels, model.sites), displacements(model, displacement)
    found = start_problems(tables, model, algorithm, rho=rho, levels=start, displaced=displaced)
    raise_if_any(problems_in_file(found, tables.units))
    notes = notes_in_file([note for bath in made for note in bath.notes] + doubts(config, model), tables.units)
    if config.run.strict:
        warnings = [note for note in notes if note.level == "warning"]
        hint = "run.strict = true refuses it"
        raise_if_any([Problem(key=n.key, value="doubtful", allowed=n.text, hint=hint) for n in warnings])
    record_every = evolution.record_every or evolution.step
    densities = [tables.get(keys.spectral_density) for keys in config.baths]
    baths = [
        bath_values(density, tables.get(keys.bath), tables.get(keys.coupling), own)
        for keys, density, own in zip(config.baths, densities, made, strict=True)
    ]
    # where nothing is said each run on the way to a target records its own steps
    open_end = config.accuracy.target is not None and evolution.record_every is None
    recorded = None if open_end else record_every
    values = resolved_values(baths, config.drive, tables.made, algorithm, recorded, tables.given)
    own_columns = observables(config.record.observables, dimension=model.dimension)
    digest = fingerprint(
        physics_values(
            version=SCHEMA, baths=baths, densities=densities, drives=config.drive, system=system, model=model,
            values=values, observed=own_columns, two_time=config.record.two_time, units=tables.units,
        )
    )  # fmt: skip
    values = values_in_file(values, tables.units)
    comments = (
        "tnthermo: the resolved configuration of this folder's run",
        f"sha256 {digest}",
        *(str(note) for note in notes),
    )
    thermodynamics: Thermodynamics = tables.made["thermodynamics"]
    return Resolved(
        model=model,
        algorithm=algorithm,
        rho=rho,
        displacement=displacement,
        until=evolution.until,
        record_every=record_every,
        recording=config.record.recording(recorded, thermodynamics),
        two_time=dict(config.record.two_time),
        levels=levels,
        alpha_S=thermodynamics.alpha_S,
        error_bars=config.run.error_bars,
        check_route=config.accuracy.check_route,
        target=config.accuracy.target,
        max_time=config.accuracy.max_time,
        kept=kept_settings(tables),
        strict=config.run.strict,
        checkpoint_every=config.run.checkpoint_every,
        storage_patience=config.run.storage_patience,
        notes=tuple(notes),
        values=values,
        text=to_toml(values, comments=comments),
        hash=digest,
        units=tables.units,
        cycle=None if tables.get("cycle") is None else tables.get("cycle").made(),
    )


def _target_problems(config: Config) -> list[Problem]:
    """What cannot go with a target, or needs one."""
    accuracy = config.accuracy
    if accuracy.target is None:
        allowed = "left out: there is no accuracy.target to reach"
        return (
            []
            if accuracy.max_time is None
            else [Problem(key="accuracy.max_time", value=accuracy.max_time, allowed=allowed)]
        )
    if not config.run.error_bars:
        return [
            Problem(
                key="run.error_bars", value=False, allowed="true with accuracy.target: nothing is known without them"
            )
        ]
    return []


def doubts(config: Config, model: Model) -> list[Note]:
    """What is legal but doubtful, and what is done about steps that do not fit."""
    evolution = config.evolution
    notes = rounding_notes(config.system)
    notes += model_doubts(evolution.algorithm(), model, evolution.until, config.baths)
    units = config.tables.units
    notes += drive_doubts(config.drive, evolution, units)
    return notes + evolution_notes(in_file(evolution, units), units.behind("time"))


def resolve_file(path: str | Path, *, strict: bool = False) -> Resolved:
    """The configuration file, resolved; ``strict`` as if it said ``[run] strict = true``. Raises :class:`chains.InvalidInput`."""
    config = load_config(path)
    if strict:
        config = config.strictly()
    return resolve(config)
