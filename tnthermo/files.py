"""What a run leaves on disk: DIR/result.nc (ledger and raw trajectory), DIR/state.h5 (final state), DIR/config.toml (what was run).

Every file is made in memory, written beside its place, synced and moved there, so that a reader sees the old file or the new one, never
half of one; result.nc and state.h5 end with a SHA-256 that is checked whenever they are read here. Numbers and text only, no pickle.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

import chains
from chains.checks import path_problems
from chains.problems import raise_if_any
from tnthermo import netcdf
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact
from tnthermo.coupling import Coupling
from tnthermo.drive import Cosine, Pulse, Ramp, Square, TimeTable
from tnthermo.model import Model, SystemDrive
from tnthermo.observables import Observable
from tnthermo.seal import Part, check_seal, sealed
from tnthermo.state import State
from tnthermo.storage import StorageError as StorageError
from tnthermo.storage import prepare_folder as prepare_folder
from tnthermo.storage import replacing as replacing
from tnthermo.storage import write_pieces
from tnthermo.storage import write_text as write_text
from tnthermo.thermo.ledger import installed_version
from tnthermo.trajectory import Trajectory

FORMAT = 2
"""Version of the layout of result.nc's raw group and of state.h5."""
RESULT, STATE, CONFIG = "result.nc", "state.h5", "config.toml"
PENDING = "pending"
"""Attribute of a result.nc whose run is over while something that was asked for beside it is not: what that is, in words."""

# Dimensions of the trajectory's arrays in the raw group: step m, record n, site N, row and column d; re/im is a last axis of its own.
RAW: dict[str, tuple[str, ...]] = {
    "times": ("step",),
    "rho_S": ("step", "row", "column"),
    "moment_X": ("step", "channel", "row", "column"),
    "moment_P": ("step", "channel", "row", "column"),
    "chain_energy": ("step", "bath"),
    "total_energy": ("step",),
    "norm": ("step",),
    "discarded_weight": ("step",),
    "krylov_residual": ("step",),
    "recorded": ("record",),
    "cut_entropy": ("record",),
    "heat_square": ("record", "union_and_baths"),
    "mode_occupation": ("record", "mode"),
    "mode_energy": ("record", "bath"),
    "ancilla_energy": ("record", "bath"),
    "bonds": ("record", "site"),
    "occupations": ("record", "site"),
    "levels": ("record", "site"),
    "top_populations": ("record", "site"),
    "observables": ("record", "observable"),
    "correlation_lower": ("record",),
    "correlation_upper": ("record",),
    "bath_entropy": ("record",),
    "joint_entropy": ("record",),
    "normal": ("record", "one_site", "other_site"),
    "anomalous": ("record", "one_site", "other_site"),
    "mode_frequency": ("mode",),
    "mode_weight": ("mode",),
    "mode_bath": ("mode",),
    "energy_offset": ("bath",),
    "initial": ("row", "column"),
}


# Classes of ours that a result file may hold, beside the densities and chains of `chains`.
KNOWN: dict[str, type] = {
    kind.__name__: kind for kind in (Model, Coupling, SystemDrive, Observable, Ramp, Pulse, Cosine, Square, TimeTable)
}


# --- what is in a folder ----------------------------------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True, kw_only=True)
class Folder:
    """What there is of a run.

    state    "empty" (nothing of ours), "unfinished" (a config, no result), "pending" (a result that lacks its error bars) or "finished"
    hash, values  of the configuration of a run that is pending or finished
    pending  what its result lacks, in words
    """

    state: str
    pending: str = ""
    hash: str = ""
    values: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def inspect(folder: Path) -> Folder:
    """What an output folder holds. Raises StorageError when its result file cannot be read."""
    result = folder / RESULT
    if not result.exists():
        return Folder(state="unfinished" if (folder / CONFIG).exists() else "empty")
    attributes = result_attributes(result)
    pending = pending_in(attributes)
    return Folder(
        state="pending" if pending else "finished",
        pending=pending,
        hash=str(attributes.get("config_hash", "")),
        values=tomllib.loads(str(attributes.get("config", ""))),
    )


def result_attributes(file: Path) -> dict[str, Any]:
    """The attributes of a result file: config_hash, config, flags, ... Raises StorageError where any bit of the file is damaged."""
    check_seal(file)
    try:
        return netcdf.attributes(file)
    except (OSError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error


def pending_in(attributes: Mapping[Any, Any]) -> str:
    """What a result with these attributes lacks, in words; "" for nothing."""
    return str(attributes.get(PENDING, ""))


def result_path(path: str | Path) -> Path:
    """DIR or DIR/result.nc -> the result file. Raises StorageError when there is none, InvalidInput for what is no name."""
    raise_if_any(path_problems("path", path))
    path = Path(path)
    file = path / RESULT if path.is_dir() else path
    if not file.is_file():
        raise StorageError(f"no result file {file.absolute()}")
    return file


def load_ledger(path: str | Path) -> xr.Dataset:
    """The ledger of DIR or DIR/result.nc, read as a whole. Raises StorageError."""
    file = result_path(path)
    check_seal(file)
    try:
        return netcdf.read(file)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error


# --- the result file --------------------------------------------------------------------------------------------------------------


def save_result(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: xr.Dataset | None = None) -> None:
    """Write the ledger as one netCDF-4 file, with the raw trajectory in the group "raw" and two-time correlations, if any, in "two_time".

    Raises StorageError.
    """
    groups = {netcdf.ROOT: ledger, "raw": raw_dataset(run)}
    if correlations is not None:
        groups["two_time"] = correlations
    if run.rough is not None:
        groups["raw/rough"] = raw_dataset(run.rough)
    image = netcdf.image_of(groups)
    write_pieces(path, sealed(image.getbuffer(), parts_of(image)))


def parts_of(image: io.BytesIO) -> list[Part]:
    """Where the numbers of each dataset lie in an HDF5 file; texts and attributes have no place of their own."""
    parts: list[Part] = []

    def look(name: str, entry: Any) -> None:
        if isinstance(entry, h5py.Dataset) and (offset := entry.id.get_offset()) is not None:
            parts.append((name, offset, entry.id.get_storage_size()))

    with h5py.File(image, "r") as handle:
        handle.visititems(look)
    return parts


def raw_dataset(run: Trajectory) -> xr.Dataset:
    """The trajectory without its state, as arrays and JSON; `from_raw` is the inverse, to the last bit."""
    arrays = {name: (dims, np.asarray(getattr(run, name))) for name, dims in RAW.items()}
    variables = {
        name: ((*dims, "complex"), np.stack([array.real, array.imag], axis=-1))
        if np.iscomplexobj(array)
        else (dims, array)
        for name, (dims, array) in arrays.items()
    }
    attributes = {
        "format": FORMAT,
        "model": json.dumps(encode(run.model)),
        "observed": json.dumps(encode(run.observed)),
        "start": run.start,
        "free_energy": run.free_energy,
        "algorithm": json.dumps(run.algorithm.settings()),
        "flags": json.dumps(run.flags),
        "flagged": json.dumps(dict(run.flagged)),
        "doubts": json.dumps(run.doubts),
        "bath_entropy_how": run.bath_entropy_how,
        **{name: getattr(run, name) for name in COSTS},
        "description": "raw trajectory, see tnthermo.trajectory.Trajectory; complex numbers as a last axis (re, im)",
    }
    texts = {name: ((), value) for name, value in attributes.items() if isinstance(value, str)}
    numbers = {name: value for name, value in attributes.items() if not isinstance(value, str)}
    return xr.Dataset({**variables, **texts}, attrs=numbers)


# some files know only the first
COSTS = ("wall_seconds", "compile_seconds", "peak_memory", "work", "bath_entropy_seconds")
# files written before these were measured have none
OF_BATH = ("correlation_lower", "correlation_upper", "bath_entropy", "joint_entropy")


def from_raw(raw: xr.Dataset, *, rough: Trajectory | None = None, state: State | None = None) -> Trajectory:
    """The trajectory of a raw group. Raises StorageError for a newer format."""
    written = int(raw.attrs["format"])
    if written != FORMAT:
        which = "update tnthermo" if written > FORMAT else "written before the first release, run it again"
        raise StorageError(f"raw data of format {written}; this version reads format {FORMAT}: {which}")
    arrays: dict[str, Any] = {name: np.full(raw["recorded"].shape, np.nan) for name in OF_BATH}
    for name in RAW:
        if name in OF_BATH and name not in raw:
            continue
        variable = raw[name]
        values = np.ascontiguousarray(variable.values)
        arrays[name] = values[..., 0] + 1j * values[..., 1] if variable.dims[-1:] == ("complex",) else values
    settings = json.loads(str(raw["algorithm"].values))
    costs: dict[str, Any] = {name: float(raw.attrs[name]) for name in COSTS if name in raw.attrs}
    return Trajectory(
        model=decode(json.loads(str(raw["model"].values))),
        observed=tuple(decode(json.loads(str(raw["observed"].values)))),
        start=str(raw["start"].values),  # type: ignore[arg-type]
        free_energy=float(raw.attrs["free_energy"]),
        algorithm=algorithm_from(settings),
        flags=tuple(json.loads(str(raw["flags"].values))),
        flagged=json.loads(str(raw["flagged"].values)) if "flagged" in raw else {},
        doubts=tuple(json.loads(str(raw["doubts"].values))) if "doubts" in raw else (),
        bath_entropy_how=str(raw["bath_entropy_how"].values) if "bath_entropy_how" in raw else "",
        **costs,
        state=state,
        rough=rough,
        **arrays,
    )


def load(path: str | Path) -> Trajectory:
    """The trajectory of a finished run, from DIR or DIR/result.nc: ``tt.ledger(tt.load(DIR), alpha_S=1.0)``.

    Its ``state`` is that of DIR/state.h5, None where there is no such file, or where it is of another time than the end of the run
    (which is being made longer). Raises StorageError, also for a state.h5 of another run.
    """
    file = result_path(path)
    check_seal(file)
    try:
        groups, own = netcdf.groups_in(file), str(netcdf.attributes(file).get("config_hash", ""))
        if "raw" not in groups:
            raise StorageError(f"{file.absolute()} holds a ledger without the raw trajectory")
        state = _state_beside(file, own)
        rough = None
        if "raw/rough" in groups:
            rough = from_raw(netcdf.read(file, "raw/rough"))
        run = from_raw(netcdf.read(file, "raw"), rough=rough, state=state)
        late = state is not None and state.time != run.times[-1]
        return dataclasses.replace(run, state=None) if late else run
    except StorageError:
        raise
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error


def _state_beside(file: Path, config_hash: str) -> State | None:
    """The state in the folder of a result file, if any. Raises StorageError where it belongs to another run."""
    path = file.parent / STATE
    if not path.is_file():
        return None
    state = load_state(path)
    with h5py.File(path, "r") as handle:
        found = str(handle.attrs.get("config_hash", ""))
    if config_hash and found != config_hash:
        raise StorageError(
            f"{path.absolute()} belongs to another run than {file.name}: config_hash {found[:16]}, expected {config_hash[:16]}"
        )
    return state


def algorithm_from(settings: Mapping[str, Any]) -> Algorithm:
    """The algorithm whose `settings()` these are."""
    for kind in (TDVP, TDVP1, TDVP2, TEBD, Exact):
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


# --- the final state --------------------------------------------------------------------------------------------------------------


def save_state(path: Path, state: State, *, config_hash: str) -> None:
    """Write the matrix product state as HDF5: dataset tensor_NNNN (left, level, right) for each site. Raises StorageError."""
    image = io.BytesIO()
    with h5py.File(image, "w") as handle:
        for site, tensor in enumerate(state.tensors):
            handle.create_dataset(f"tensor_{site:04d}", data=tensor)
        handle.attrs.update(
            {
                "format": FORMAT,
                "sites": len(state.tensors),
                "time": state.time,
                "dimension": state.dimension,
                "ancilla": state.ancilla,
                "system": state.system,
                "config_hash": config_hash,
                "written_by": f"tnthermo {installed_version('tnthermo')}",
            }
        )
    write_pieces(path, sealed(image.getbuffer(), parts_of(image)))


def load_state(path: str | Path) -> State:
    """Read DIR/state.h5. Raises StorageError when it is missing, damaged, or of a newer format."""
    file = Path(path) / STATE if Path(path).is_dir() else Path(path)
    if not file.is_file():  # a pipe would be waited for
        raise StorageError(f"no state file {file.absolute()}")
    check_seal(file)
    try:
        with h5py.File(file, "r") as handle:
            attributes = dict(handle.attrs)
            if int(attributes["format"]) != FORMAT:
                raise StorageError(
                    f"{file.absolute()}: format {attributes['format']} by {attributes['written_by']}; this version reads format {FORMAT}"
                )
            tensors = tuple(
                np.asarray(handle[f"tensor_{site:04d}"][()], dtype=np.complex128)
                for site in range(int(attributes["sites"]))
            )
    except StorageError:
        raise
    except (OSError, KeyError, ValueError, RuntimeError) as error:
        raise StorageError(f"cannot read the state {file.absolute()}: {error}") from error
    return State(
        tensors=tensors,
        time=float(attributes["time"]),
        dimension=int(attributes["dimension"]),
        ancilla=int(attributes["ancilla"]),
        system=int(attributes["system"]),
    )
