"""The keys of a configuration with nothing left open, and what of them decides the numbers of a run."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from tnthermo.algorithms import Algorithm
from tnthermo.configuration.baths import MadeBath
from tnthermo.configuration.densities import Density
from tnthermo.configuration.drives import Drives
from tnthermo.configuration.sections import Bath, Coupling, System
from tnthermo.configuration.written import Values
from tnthermo.evolution.arguments import MEAN_FORCE, operator_pair
from tnthermo.evolution.first_settings import SETTINGS
from tnthermo.model.model import Model
from tnthermo.model.observables import Observable
from tnthermo.model.operators import Matrix, as_array
from tnthermo.units.units import NATURAL, Units


def bath_values(density: Density, bath: Bath, coupling: Coupling, made: MadeBath) -> Values:
    """The three tables of one bath as they are used."""
    if made.cut is not None:
        density = density.model_copy(update={"support": made.cut})  # chosen together with the number of modes
    keys = bath.model_dump()
    if density.kind == "discrete":
        del keys["modes"]
    else:
        keys["modes"] = made.modes or "auto"
    keys["route"] = made.representation.route
    return {"spectral_density": density.written(made.density), "bath": keys, "coupling": coupling.model_dump()}


def resolved_values(
    baths: Sequence[Values],
    drives: Drives,
    sections: Mapping[str, Any],
    algorithm: Algorithm,
    record_every: float | None,
    given: frozenset[str] = frozenset(),
) -> Values:
    """All keys as they are used; the result of `load_config` on them resolves to the same run. One bath has its tables at the top."""
    evolution = sections["evolution"].model_dump()
    evolution |= {
        "record_every": record_every,
        "order": getattr(algorithm, "order", None),
        "bond": getattr(algorithm, "bond", None),
        "taper": getattr(algorithm, "taper", None),
    }
    if sections["accuracy"].target is not None:  # what the way to it begins with is no part of what was asked for
        evolution |= dict.fromkeys(SETTINGS - given)
    system = sections["system"].model_dump()
    if len(baths) == 1:
        own = baths[0]
        first = {"spectral_density": own["spectral_density"], "bath": own["bath"]}
        values = {**first, "system": system, "coupling": own["coupling"]}
    else:
        inner = ("spectral_density", "coupling")
        values = {"bath": [{**own["bath"], **{key: own[key] for key in inner}} for own in baths], "system": system}
    return {
        **values,
        "drive": {
            key: entry.written(drives.made[key]) for key, entry in drives.entries.items() if key not in drives.of_cycle
        },
        **({} if sections.get("cycle") is None else {"cycle": sections["cycle"].written()}),
        "evolution": evolution,
        "thermodynamics": sections["thermodynamics"].model_dump(exclude_none=True),
        "record": _without_empty(sections["record"].model_dump()),
        "run": sections["run"].model_dump(),
        "accuracy": sections["accuracy"].model_dump(exclude_none=True),
    }


def _without_empty(values: Values) -> Values:
    return {key: None if value == {} else value for key, value in values.items()}


def physics_values(
    *,
    version: int,
    baths: Sequence[Values],
    densities: Sequence[Density],
    drives: Drives,
    system: System,
    model: Model,
    values: Values,
    observed: Sequence[Observable],
    two_time: Mapping[str, Any],
    units: Units = NATURAL,
) -> Values:
    """The same with operators and states as matrices and files as their data: two spellings of one run are one run."""
    own_baths = []
    for own, density, coupling in zip(baths, densities, model.couplings, strict=True):
        identity = density.identity(coupling.density)
        if "support" in own["spectral_density"]:
            identity["support"] = own["spectral_density"]["support"]
        displacement = own["bath"]["displacement"]
        if isinstance(displacement, list):
            displacement = entries(as_array(displacement, key="displacement"))
        own_baths.append(
            {
                "spectral_density": identity,
                "bath": {**own["bath"], "displacement": displacement},
                "coupling": {"kind": coupling.kind, "operator": entries(coupling.operator)},
            }
        )
    rho = system.rho()
    parts = [
        {"operator": entries(matrix), **drives.entries[key].identity(drive)}
        for key, (matrix, drive) in drives.hamiltonian.items()
    ]
    strengths = [_strength(drives, j) for j in range(len(baths))]
    correlated = {
        name: [entries(matrix) for matrix in operator_pair(pair, key=name, dimension=model.dimension)]
        for name, pair in two_time.items()
    }
    line = model.line
    return {
        **({} if units.natural else {"units": units.table()}),
        **{key: values[key] for key in ("thermodynamics", "run")},
        "schema": {"version": version},
        "baths": own_baths,
        "system": {
            "hamiltonian": entries(model.hamiltonian),
            "initial": MEAN_FORCE if rho is None else entries(rho),
        },
        "drive": {"hamiltonian": sorted(parts, key=json.dumps), "couplings": strengths},
        **({"accuracy": {"target": target}} if (target := values["accuracy"].get("target")) is not None else {}),
        "evolution": {**values["evolution"], "layout": [line.system, *(list(places) for places in line.chains)]},
        "record": {**values["record"], "observables": [_observable(one) for one in observed], "two_time": correlated},
    }


def _strength(drives: Drives, bath: int) -> Values | str:
    for key in ("coupling", f"coupling.{bath}"):
        if key in drives.entries:
            return drives.entries[key].identity(drives.made[key])
    return "constant"


def _observable(one: Observable) -> list[Any]:
    return [one.name, None if one.operator is None else entries(one.operator), one.boson, one.site, one.chain]


def entries(array: Matrix) -> list[Any]:
    """Real and imaginary parts in nested lists, without negative zeros."""
    parts = np.stack([array.real, array.imag], axis=-1) + 0.0
    return list(parts.tolist())
