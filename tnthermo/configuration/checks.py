"""What the tables of a configuration say about each other, and what the model says about the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from chains.problems import InvalidInput, Problem
from tnthermo.bath_entropy.choice import choice_problems
from tnthermo.configuration.baths import MadeBath
from tnthermo.configuration.conversion import in_file, step_problems
from tnthermo.configuration.drives import Drives
from tnthermo.configuration.read import BathKeys, Tables
from tnthermo.configuration.sections import Record
from tnthermo.configuration.sizes import memory_problems
from tnthermo.engines.engine import engine_problems
from tnthermo.evolution.arguments import (
    MEAN_FORCE,
    displacement_problems,
    mean_force_problems,
    name_problems,
    operator_pair,
)
from tnthermo.evolution.grid import grid_problems
from tnthermo.evolution.two_time import method_problems
from tnthermo.model.model import Model
from tnthermo.model.observables import observables
from tnthermo.model.operators import PAULI, purify
from tnthermo.record.raw_columns import RAW_COLUMNS
from tnthermo.thermo.definitions import COLUMNS, MEAN_FIELD, OF_SYSTEM, PER_BATH

# Names that result.nc has: its coordinates, the raw columns that the ledger shows as they are, and the columns of the ledger.
COORDINATES = {
    "t", "complex", "row", "column", "site", "other_site", "chain", "site_in_chain", "bath", "temperature_of_bath", "mode", "level", "pair",
    "channel", "channel_bath",
}  # fmt: skip
SHOWN = {raw.in_ledger for raw in RAW_COLUMNS if raw.in_ledger}
TAKEN = COORDINATES | SHOWN | {column.name for column in (*COLUMNS, *PER_BATH, *OF_SYSTEM, *MEAN_FIELD)}
OF_EVERY_SYSTEM = {column.name for column in OF_SYSTEM}


def mutual_problems(tables: Tables) -> list[Problem]:
    """What two tables say about each other, as far as both are right by themselves."""
    problems = []
    for keys in tables.baths:
        problems += _of_one_bath(tables, keys)
    system, record = (tables.get(key) for key in ("system", "record"))
    evolution = tables.get("evolution")
    if evolution is not None and not step_problems(tables):
        said = in_file(evolution, tables.units)
        problems += [replace(p, key=f"evolution.{p.key}") for p in said.record_problems()]
    baths = [(keys, tables.get(keys.bath)) for keys in tables.baths]
    chosen = {bath.levels == "auto" for _, bath in baths if bath is not None}
    if len(chosen) == 2:
        for keys, bath in baths:
            if bath is not None and bath.levels != "auto":
                allowed = '"auto" for all baths, or for none of them'
                problems.append(Problem(key=f"{keys.bath}.levels", value=bath.levels, allowed=allowed))
    if system is not None:
        problems += _drive_problems(tables.get("drive") or Drives(), system.matrix().shape)
    if record is not None:
        problems += observable_problems(record, None if system is None else system.matrix().shape[0])
    return problems


def _of_one_bath(tables: Tables, keys: BathKeys) -> list[Problem]:
    problems = []
    system, density, bath, coupling = (
        tables.get(name) for name in ("system", keys.spectral_density, keys.bath, keys.coupling)
    )
    if system is not None and coupling is not None and system.matrix().shape != coupling.matrix().shape:
        shapes = f"the shape of system.hamiltonian {system.matrix().shape}, found {coupling.matrix().shape}"
        problems.append(Problem(key=f"{keys.coupling}.operator", value=coupling.operator, allowed=shapes))
    if bath is None:
        return problems
    if density is not None and density.kind == "discrete" and bath.modes != "auto":
        hint = "leave it out: a discrete density has as many modes as frequencies"
        allowed = '"auto" for a discrete density'
        problems.append(Problem(key=f"{keys.bath}.modes", value=bath.modes, allowed=allowed, hint=hint))
    if coupling is None:
        return problems
    if bath.refuses(coupling.kind):
        hint = 'one thermal chain holds X only; "auto" gives exchange coupling its two chains'
        allowed = "auto | two-chains for exchange coupling at T > 0"
        problems.append(Problem(key=f"{keys.bath}.route", value=bath.route, allowed=allowed, hint=hint))
    count = bath.chains(coupling.kind)
    if isinstance(bath.levels, list) and isinstance(bath.modes, int) and len(bath.levels) != count * bath.modes:
        sites = f"{keys.bath}.modes = {bath.modes}" if count == 1 else f"the two chains of {bath.modes} sites have"
        if bath.route == "star-cells" and count == 2:
            sites = f"{bath.modes} cells of two sites have"
        allowed = f"as many entries as {sites}, found {len(bath.levels)}"
        problems.append(Problem(key=f"{keys.bath}.levels", value=bath.levels, allowed=allowed))
    return problems


def _drive_problems(drives: Drives, shape: tuple[int, ...]) -> list[Problem]:
    problems = []
    for key, (matrix, _) in drives.hamiltonian.items():
        if matrix.shape != shape:
            own = key.partition(".")[2] not in PAULI
            allowed = f"the shape of system.hamiltonian {shape}, found {matrix.shape}"
            hint = "" if own else '"hamiltonian.NAME" with an operator of this size drives any system'
            path = f"drive.{key}" + (".operator" if own else "")
            problems.append(Problem(key=path, value=drives.entries[key].operator or key, allowed=allowed, hint=hint))
    return problems


def observable_problems(record: Record, dimension: int | None, lengths: tuple[int, ...] | None = None) -> list[Problem]:
    """Names that the result file has already, and operators that are none; ``lengths`` of the chains where known."""
    problems = []
    names = set(record.observables)
    for name, value in record.observables.items():
        if name in TAKEN or name.removesuffix("_error") in TAKEN | (names - {name}):
            allowed = "a name that the result file does not have yet"
            key = f"record.observables.{name}"
            hint = f"choose another, e.g. own_{name}"
            if name in OF_EVERY_SYSTEM:
                hint = f"leave it out where it is what every ledger has as {name}, else {hint}"
            problems.append(Problem(key=key, value=value, allowed=allowed, hint=hint))
    problems += name_problems(record.two_time, key="record.two_time")
    if dimension is not None:
        for name, pair in record.two_time.items():
            try:
                operator_pair(pair, key=f"record.two_time.{name}", dimension=dimension)
            except InvalidInput as error:
                problems += error.problems
        try:
            observables(record.observables, dimension=dimension, lengths=lengths)
        except InvalidInput as error:
            problems += [replace(p, key=f"record.{p.key}") for p in error.problems]
    return problems


def displacement_of_baths(tables: Tables) -> tuple[Any, ...] | None:
    """As `tnthermo.evolve` takes them: one entry for each bath, or None for none at all."""
    found = tuple(tables.made[keys.bath].displacement for keys in tables.baths)
    return None if all(entry is None for entry in found) else found


def all_levels(tables: Tables, made: Sequence[MadeBath]) -> str | int | list[int]:
    """As `tnthermo.evolve` takes them: what all baths say, or a list over all their sites."""
    each = [tables.made[keys.bath].levels for keys in tables.baths]
    if all(not isinstance(levels, list) and levels == each[0] for levels in each):
        return each[0]  # type: ignore[no-any-return]
    lists = [
        levels if isinstance(levels, list) else [levels] * bath.sites for levels, bath in zip(each, made, strict=True)
    ]
    return [d for levels in lists for d in levels]


def model_problems(tables: Tables, model: Model, made: Sequence[MadeBath]) -> list[Problem]:
    """What only the model tells: starts it does not have, sites out of range, methods that cannot hold it, memory."""
    system, evolution = tables.made["system"], tables.made["evolution"]
    algorithm, rho = evolution.algorithm(), system.rho()
    displacement = displacement_of_baths(tables)
    problems: list[Problem] = []
    if rho is None:
        problems += [replace(p, key=f"system.{p.key}") for p in mean_force_problems(model, algorithm)]
    refused = ""
    if rho is None:
        refused = f'a product start; the "{MEAN_FORCE}" state has its own displacement'
    elif not algorithm.any_start:
        refused = f"any method but {algorithm.name}, whose spare bond directions are chosen for a vacuum"
    if displacement is not None and refused:
        for keys, entry in zip(tables.baths, displacement, strict=True):
            if entry is not None:
                problems.append(Problem(key=f"{keys.bath}.displacement", value=entry, allowed=refused))
    if displacement is not None and rho is not None:
        for problem in displacement_problems(model, displacement):
            problems.append(replace(problem, key=in_its_bath(problem.key, tables)))
    problems += [replace(problem, key="evolution.method") for problem in engine_problems(model, algorithm)]
    problems += grid_problems(model, evolution.step, evolution.until, key="evolution.step")
    entropy = tables.get("thermodynamics")
    if entropy is not None:
        problems += choice_problems(
            model,
            entropy.bath_entropy,
            correlated=rho is None,
            most=entropy.bath_entropy_max_bond,
            accuracy=entropy.bath_entropy_accuracy,
            prefix="thermodynamics.",
            bins=algorithm.bins,
        )
    record = tables.get("record")
    if record is not None:
        lengths = tuple(chain.length for chain in model.chains)
        problems += observable_problems(record, model.dimension, lengths)
        problems += method_problems(algorithm, key="evolution.method") if record.two_time else []
    ancilla = model.dimension if rho is None else purify(rho).shape[1]
    return problems + memory_problems(model, algorithm, all_levels(tables, made), ancilla)


def in_its_bath(key: str, tables: Tables) -> str:
    """``displacement[1]`` -> ``bath[1].displacement``."""
    if len(tables.baths) == 1:
        return f"{tables.baths[0].bath}.{key}"
    found = re.match(r"displacement\[(\d+)\](.*)", key)
    return f"{tables.baths[int(found[1])].bath}.displacement{found[2]}" if found else key
