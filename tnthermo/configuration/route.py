"""Which engine a file asks for: the route of each bath and the method, with the step that time bins take, where they are left open."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import chains
from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import TimeBins
from tnthermo.configuration.drives import Drives
from tnthermo.configuration.read import BathKeys, Tables
from tnthermo.evolution.suitable_step import suitable_step
from tnthermo.model.coupling import couple
from tnthermo.model.model import Model, SystemDrive, assemble

BINS = "time-bins"
NUMERICAL = ("method", "step", "tolerance", "max_bond", "order", "taper", "bond", "layout")  # keys of [evolution]
ON_SITES = ("modes", "allow_reflection")  # keys of [bath] that mean something on the sites of a chain only
OF_CHAINS = ("support", "resolution")  # keys of [spectral_density] likewise


def routed(tables: Tables, folder: Path) -> Tables:
    """The tables with routes, method and step filled in for time bins; as they are where chains are asked for, or something is wrong."""
    evolution = tables.get("evolution")
    parts = [
        tuple(tables.get(name) for name in (keys.bath, keys.spectral_density, keys.coupling)) for keys in tables.baths
    ]
    if evolution is None or tables.get("system") is None or any(part is None for of_bath in parts for part in of_bath):
        return tables
    asked = evolution.method == BINS or any(bath.route == BINS for bath, _, _ in parts)
    if not asked and not (_left_open(tables) and any(_continuous(density.make(folder)) for _, density, _ in parts)):
        return tables
    made: dict[str, Any] = dict(tables.made)
    for keys, (bath, _, _) in zip(tables.baths, parts, strict=True):
        if bath.route == "auto":
            made[keys.bath] = bath.model_copy(update={"route": BINS})
    update: dict[str, Any] = {} if "method" in evolution.model_fields_set else {"method": BINS}
    if update.get("method", evolution.method) == BINS:
        given = evolution.model_fields_set
        update |= {key: getattr(TimeBins, key) for key in ("tolerance", "max_bond") if key not in given}
        model = model_on_bins(replace(tables, made=made), folder) if "step" not in given else None
        if model is not None and evolution.until > 0:
            update["step"] = suitable_step(model, evolution.until, evolution.record_every)
    made["evolution"] = evolution.model_copy(update=update)
    return replace(tables, made=made)


def route_problems(tables: Tables) -> list[Problem]:
    """What is given beside time bins and means nothing there."""
    problems = []
    for keys in tables.baths:
        bath, density = tables.get(keys.bath), tables.get(keys.spectral_density)
        if bath is None or bath.route != BINS:
            continue
        problems += _refused(bath, keys.bath, ON_SITES, "time bins have all modes of a density and no end")
        if density is not None:
            problems += _refused(density, keys.spectral_density, OF_CHAINS, "time bins take the whole density")
        if isinstance(bath.levels, list):
            allowed = '"auto" or one number: a list is for the sites of a chain, and bins come as time goes on'
            problems.append(Problem(key=f"{keys.bath}.levels", value=bath.levels, allowed=allowed))
    evolution = tables.get("evolution")
    if evolution is not None and evolution.method == BINS and any(_has_bins(tables, keys) for keys in tables.baths):
        problems += _refused(evolution, "evolution", ("layout",), "there are no chains to be laid out")
    return problems


def _has_bins(tables: Tables, keys: BathKeys) -> bool:
    bath = tables.get(keys.bath)
    return bath is not None and bath.route == BINS


def _refused(table: Any, name: str, keys: tuple[str, ...], why: str) -> list[Problem]:
    """Keys that were given a value of their own."""
    return [
        Problem(key=f"{name}.{key}", value=getattr(table, key), allowed=f'left out with route = "{BINS}": {why}')
        for key, default in defaults(table, keys).items()
        if getattr(table, key) != default
    ]


def defaults(table: Any, keys: tuple[str, ...]) -> dict[str, Any]:
    """The defaults of those of the keys that a table has."""
    fields: Mapping[str, Any] = type(table).model_fields
    return {key: fields[key].get_default(call_default_factory=True) for key in keys if key in fields}


def _left_open(tables: Tables) -> bool:
    """Whether nothing numerical is given, and nothing that time bins do not have."""
    evolution, record, system = (tables.get(name) for name in ("evolution", "record", "system"))
    given = set(evolution.model_fields_set) & set(NUMERICAL)
    for keys in tables.baths:
        bath, density = tables.get(keys.bath), tables.get(keys.spectral_density)
        given |= set(bath.model_fields_set) & {*ON_SITES, "levels"}
        given |= set(density.model_fields_set) & set(OF_CHAINS)
        given |= {"route"} if bath.route != "auto" else set()
    on_sites = record is not None and (
        record.two_time or any(isinstance(value, Mapping) and "boson" in value for value in record.observables.values())
    )
    entropy = tables.get("thermodynamics")
    needs_chain = entropy is not None and entropy.bath_entropy == "exact"
    return not given and not on_sites and not needs_chain and system.rho() is not None


def _continuous(density: Any) -> bool:
    """Whether a density has no modes of its own, of which a chain has as many and no more."""
    return not isinstance(density, chains.Discrete)


def model_on_bins(tables: Tables, folder: Path) -> Model | None:
    """The model on time bins; None where something is wrong with it, which is said elsewhere."""
    drives = tables.get("drive") or Drives()
    try:
        couplings = []
        for j, keys in enumerate(tables.baths):
            bath, density, coupling = (tables.get(name) for name in (keys.bath, keys.spectral_density, keys.coupling))
            own = chains.Bath(density=density.make(folder), temperature=bath.temperature)
            couplings.append(couple(coupling.matrix(), own, kind=coupling.kind, strength=drives.strength(j)))
        driven = [SystemDrive(operator=matrix, drive=drive) for matrix, drive in drives.hamiltonian.values()]
        return assemble(hamiltonian=tables.get("system").matrix(), couplings=couplings, drives=driven)
    except InvalidInput:
        return None
