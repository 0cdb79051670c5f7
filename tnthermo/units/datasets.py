"""Datasets in chosen units: every variable that has a dimension is converted, attributes say what it is in."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.units.units import ATTRIBUTE, NATURAL, NATURAL_NAMES, POWERS, Units, ratio, tidy

DIMENSION = "dimension"
"""Attribute of a variable that is in chosen units: what its unit is made of."""
COORDINATES: Mapping[str, str] = {
    "t": "time",
    "temperature_of_bath": "temperature",
    "mode_frequency": "energy",
    "mode_weight": "energy",
}
WEIGHT = "mode_weight"
OF_DATASET: Mapping[str, str] = {
    "temperature": "temperature",
    "free_energy": "energy",
    "beta": "1/energy",
    "period": "time",
}
SAID = ("flags", "doubts", "check_route", "reason", "infinite", "tail", "cycle")  # attributes that may name times


def factor(dimension: str, source: Units, target: Units) -> float:
    """What a number in the units of ``source`` is multiplied with to be in those of ``target``."""
    if source.natural or target.natural:
        same_energy = 1.0
    else:
        same_energy = ratio(str(source.energy_unit), str(target.energy_unit)) ** POWERS[dimension]
    return same_energy / source.scale(dimension) * target.scale(dimension)


def converted(dataset: xr.Dataset, target: Units, dimensions: Mapping[str, str]) -> xr.Dataset:
    """A copy of ``dataset`` in other units.

    dimensions  of variables that do not say it themselves, by name; a variable whose unit is "1", or that has none, needs none

    Raises :class:`chains.InvalidInput` for variables whose dimension is not known.
    """
    source = Units.of(dataset)
    if source == target:
        return dataset.copy()
    unknown, found = [], {}
    for name, variable in dataset.variables.items():
        dimension = dimension_of(str(name), variable.attrs, dimensions, source)
        if dimension is None:
            unknown.append(f"{name} ({variable.attrs['units']})")
        else:
            found[name] = _in_units(str(name), variable, dimension, source, target)
    if unknown:
        allowed = "a dataset of this library, whose dimensions are known"
        raise InvalidInput([Problem(key="ledger", value=", ".join(unknown), allowed=allowed)])
    coordinates = {name: found[name] for name in dataset.coords}
    variables = {name: found[name] for name in dataset.data_vars}
    return xr.Dataset(variables, coords=coordinates, attrs=_attributes(dataset.attrs, source, target))


def dimension_of(name: str, attributes: Mapping[Any, Any], dimensions: Mapping[str, str], source: Units) -> str | None:
    """The dimension of a variable: what it says itself, else by its name; None where it has a unit and neither knows it."""
    if DIMENSION in attributes:
        return str(attributes[DIMENSION])
    unit = str(attributes.get("units", "1"))
    known = {**dimensions, **COORDINATES}.get(name, "number")
    if source.natural and unit == NATURAL_NAMES[known]:
        return known
    return "number" if unit == "1" else None


def _in_units(name: str, variable: xr.Variable, dimension: str, source: Units, target: Units) -> xr.Variable:
    attributes = _said(variable.attrs, source, target)
    attributes.pop(DIMENSION, None)
    copy = variable.copy()
    if dimension != "number":
        values = np.asarray(variable.values)
        times = factor(dimension, source, target)
        if times != 1.0:  # a weight of 1 is that of a mode of a discrete bath, a number
            values = np.where(values == 1.0, 1.0, values * times) if name == WEIGHT else values * times
        if dimension == "time" and not target.natural:
            values = tidy(values)
        copy = xr.Variable(variable.dims, values, encoding=variable.encoding)
        attributes["units"] = target.name(dimension)
        if not target.natural:
            attributes[DIMENSION] = dimension
    copy.attrs = attributes
    return copy


def _attributes(attributes: Mapping[Any, Any], source: Units, target: Units) -> dict[Any, Any]:
    found = _said(attributes, source, target)
    for key, dimension in OF_DATASET.items():
        if key in found:
            found[key] = float(found[key]) * factor(dimension, source, target)
    if "period" in found and not target.natural:
        found["period"] = float(tidy(found["period"]))
    if "temperature" in found:
        found["temperature"] = _kept(found["temperature"], target)
    energy = factor("energy", source, target)
    if "temperatures" in found:
        found["temperatures"] = _temperatures(str(found["temperatures"]), source, target)
    if "hamiltonian" in found and energy != 1.0:
        found["hamiltonian"] = json.dumps(_scaled(json.loads(str(found["hamiltonian"])), energy))
    if "algorithm" in found:
        found["algorithm"] = _algorithm(str(found["algorithm"]), source, target)
    if "convention" in found:
        found["convention"] = str(found["convention"]).replace(source.describe(), target.describe(), 1)
    if source.natural and not str(found.get("drive", "none")).startswith("none"):
        found["drive"] = f"{found['drive']} (t in hbar/{target.energy_unit} = {target.hbar:.10g} {target.time_unit})"
    if not source.natural and energy != 1.0 and "spectral_density" in found:
        found["spectral_density"] = f"{found['spectral_density']} (energies in {source.energy_unit})"
    found.pop(ATTRIBUTE, None)
    if not target.natural:
        found[ATTRIBUTE] = target.attribute
    return found


def _said(attributes: Mapping[Any, Any], source: Units, target: Units) -> dict[Any, Any]:
    """Attributes whose natural times are in the target's units; those that have a unit already keep it."""
    if not source.natural:
        return dict(attributes)
    return {key: target.said(str(text)) if key in SAID else text for key, text in attributes.items()}


def _kept(value: float, target: Units) -> float:
    """A temperature without the last digits of a conversion."""
    return value if target.natural else float(f"{value:.14g}")


def _temperatures(text: str, source: Units, target: Units) -> str:
    """The temperatures of the baths, as JSON or with commas between them."""
    times = factor("temperature", source, target)
    if text.startswith("["):
        return json.dumps([_kept(T * times, target) for T in json.loads(text)])
    return ", ".join(f"{float(T) * times:g}" for T in text.split(", "))


def _algorithm(text: str, source: Units, target: Units) -> str:
    settings = json.loads(text)
    if isinstance(settings, dict) and isinstance(settings.get("step"), float):
        step = settings["step"] * factor("time", source, target)
        settings["step"] = step if target.natural else float(tidy(step))
    return json.dumps(settings)


def _scaled(entry: Any, times: float) -> Any:
    """Numbers, and texts of complex ones, in nested lists."""
    if isinstance(entry, list):
        return [_scaled(one, times) for one in entry]
    return f"{complex(entry) * times:.15g}" if isinstance(entry, str) else entry * times


def to_natural(dataset: xr.Dataset) -> xr.Dataset:
    """The dataset with hbar = k_B = 1, energies as they are."""
    return dataset if Units.of(dataset).natural else converted(dataset, NATURAL, {})


def units_problems(key: str, value: object) -> list[Problem]:
    """What keeps ``value`` from being units."""
    return instance_problems(key, value, Units, 'tnthermo.Units, such as Units(energy="cm^-1", time="fs")')


def check_units(value: object) -> None:
    """Raises :class:`chains.InvalidInput` for what is no `Units`."""
    raise_if_any(units_problems("units", value))
