"""Models and settings as JSON and back: by the names of their classes and fields, never by pickle."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

import chains
from tnthermo.algorithms import ALGORITHMS, TDVP1, Algorithm, Exact
from tnthermo.errors import StorageError
from tnthermo.model.coupling import Coupling
from tnthermo.model.drives import Cosine, Pulse, Ramp, Square, TimeTable
from tnthermo.model.model import Model, SystemDrive
from tnthermo.model.observables import Observable

FORMAT = 2
"""Version of the layout of result.nc's raw group and of state.h5."""


# Classes of ours that a result file may hold, beside the densities and chains of `chains`.
KNOWN: dict[str, type] = {
    kind.__name__: kind for kind in (Model, Coupling, SystemDrive, Observable, Ramp, Pulse, Cosine, Square, TimeTable)
}


def algorithm_from(settings: Mapping[str, Any]) -> Algorithm:
    """The algorithm whose `settings()` these are."""
    for kind in ALGORITHMS:
        if kind.name == settings["method"]:
            # max_bond: files of versions that let Exact and TDVP1 have one, which did nothing
            dropped = {"method", "max_bond"} if kind in (TDVP1, Exact) else {"method"}
            return kind(**{key: value for key, value in settings.items() if key not in dropped})
    raise StorageError(f"the method {settings['method']!r} is not known to this version")


def encode(value: Any) -> Any:
    """A frozen dataclass of ours (model, chain, density, drive, observable) as JSON values; floats keep all digits.

    A density that is a Python function is written as its table, which is what a file can hold of it.
    """
    if isinstance(value, chains.Function):
        return encode(value.tabulated())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        fields = {field.name: encode(getattr(value, field.name)) for field in dataclasses.fields(value) if field.init}
        return {"class": type(value).__name__, "fields": fields}
    if isinstance(value, np.ndarray) and np.iscomplexobj(value):
        return {"complex": [value.real.tolist(), value.imag.tolist()]}
    if isinstance(value, np.ndarray):
        return {"array": value.tolist()}
    if isinstance(value, list | tuple):
        return [encode(entry) for entry in value]
    if isinstance(value, np.generic):
        return value.item()
    return value


def decode(value: Any) -> Any:
    """The inverse of `encode`; a class is one of those in ``KNOWN`` or a dataclass that `chains` exports, nothing else is made."""
    if isinstance(value, dict) and "array" in value:
        return np.array(value["array"], dtype=np.float64)
    if isinstance(value, dict) and "complex" in value:
        real, imaginary = (np.array(part, dtype=np.float64) for part in value["complex"])
        return np.asarray(real + 1j * imaginary, dtype=np.complex128)
    if isinstance(value, dict):
        name = value["class"]
        kind = KNOWN.get(name) or (getattr(chains, name, None) if name in chains.__all__ else None)
        if not (isinstance(kind, type) and dataclasses.is_dataclass(kind)):
            raise StorageError(f"{name!r} is not known to this version")
        given = {key: decode(entry) for key, entry in value["fields"].items()}
        if kind is TimeTable and "interpolation" not in given:
            given["interpolation"] = "cubic"  # what a table was when there was no choice
        return kind(**given)
    if isinstance(value, list):
        return tuple(decode(entry) for entry in value)
    return value
