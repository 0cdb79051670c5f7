"""What a run leaves on disk: DIR/result.nc (ledger and raw trajectory), DIR/state.h5 (final state), DIR/config.toml (what was run).

Every file is made in memory, written beside its place, synced and moved there, so that a reader sees the old file or the new one, never
half of one; result.nc and state.h5 end with a SHA-256 that is checked whenever they are read here. Numbers and text only, no pickle.
"""

from __future__ import annotations

import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from tnthermo.errors import StorageError
from tnthermo.machine.atomic_files import write_pieces
from tnthermo.machine.seal import check_seal, parts_of, sealed
from tnthermo.network.state import State
from tnthermo.record.ladder import rungs
from tnthermo.record.raw_columns import RAW_COLUMNS
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import netcdf
from tnthermo.results.codec import FORMAT, algorithm_from, decode, encode
from tnthermo.results.ledger_file import load_ledger as load_ledger
from tnthermo.results.run_folder import STATE, result_path
from tnthermo.results.state_file import load_state

RAW = re.compile("raw(/rough)*")  # groups of a run and of the rougher ones behind it

# --- the result file --------------------------------------------------------------------------------------------------------------


def save_result(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: xr.Dataset | None = None) -> None:
    """Write the ledger as one netCDF-4 file, with the raw trajectory in the group "raw" and two-time correlations, if any, in "two_time".

    Raises StorageError.
    """
    groups = {netcdf.ROOT: ledger, "raw": raw_dataset(run)}
    if correlations is not None:
        groups["two_time"] = correlations
    for depth, one in enumerate(rungs(run)[1:], 1):
        groups["/".join(["raw", *["rough"] * depth])] = raw_dataset(one)
    image = netcdf.image_of(groups)
    write_pieces(path, sealed(image.getbuffer(), parts_of(image)))


def save_cycles(path: Path, record: xr.Dataset) -> None:
    """Write what `tnthermo.cycles` found as one netCDF-4 file. Raises StorageError."""
    image = netcdf.image_of({netcdf.ROOT: record})
    write_pieces(path, sealed(image.getbuffer(), parts_of(image)))


def replace_ledger(file: Path, ledger: xr.Dataset) -> None:
    """Put another ledger into a result file, all its groups staying as they are. Raises StorageError."""
    check_seal(file)
    try:
        _, groups = netcdf.contents(file, lambda path: True)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error
    image = netcdf.image_of({netcdf.ROOT: ledger, **groups})
    write_pieces(file, sealed(image.getbuffer(), parts_of(image)))


def raw_dataset(run: Trajectory) -> xr.Dataset:
    """The trajectory without its state, as arrays and JSON; `from_raw` is the inverse, to the last bit."""
    arrays = {column.name: (column.dims, np.asarray(getattr(run, column.name))) for column in RAW_COLUMNS}
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
        "given_levels": json.dumps(run.given_levels),
        "asked": run.asked,
        "limited": run.limited,
        **{name: getattr(run, name) for name in NUMBERS},
        "description": "raw trajectory, see tnthermo.trajectory.Trajectory; complex numbers as a last axis (re, im)",
    }
    texts = {name: ((), value) for name, value in attributes.items() if isinstance(value, str)}
    numbers = {name: value for name, value in attributes.items() if not isinstance(value, str)}
    return xr.Dataset({**variables, **texts}, attrs=numbers)


# some files know only the first
NUMBERS = ("wall_seconds", "compile_seconds", "peak_memory", "work", "bath_entropy_seconds", "bath_entropy_accuracy")


def from_raw(raw: xr.Dataset, *, rough: Trajectory | None = None, state: State | None = None) -> Trajectory:
    """The trajectory of a raw group. Raises StorageError for a newer format."""
    written = int(raw.attrs["format"])
    if written != FORMAT:
        which = "update tnthermo" if written > FORMAT else "written before the first release, run it again"
        raise StorageError(f"raw data of format {written}; this version reads format {FORMAT}: {which}")
    arrays: dict[str, Any] = {}
    for column in RAW_COLUMNS:
        if column.added_later and column.name not in raw:
            arrays[column.name] = np.full([raw.sizes[name] for name in column.dims], np.nan)
            continue
        variable = raw[column.name]
        values = np.ascontiguousarray(variable.values)
        arrays[column.name] = values[..., 0] + 1j * values[..., 1] if variable.dims[-1:] == ("complex",) else values
    settings = json.loads(str(raw["algorithm"].values))
    numbers: dict[str, Any] = {name: float(raw.attrs[name]) for name in NUMBERS if name in raw.attrs}
    texts: dict[str, Any] = {
        name: str(raw[name].values) for name in ("bath_entropy_how", "asked", "limited") if name in raw
    }
    return Trajectory(
        model=decode(json.loads(str(raw["model"].values))),
        observed=tuple(decode(json.loads(str(raw["observed"].values)))),
        start=str(raw["start"].values),  # type: ignore[arg-type]
        free_energy=float(raw.attrs["free_energy"]),
        algorithm=algorithm_from(settings),
        flags=tuple(json.loads(str(raw["flags"].values))),
        flagged=json.loads(str(raw["flagged"].values)) if "flagged" in raw else {},
        doubts=tuple(json.loads(str(raw["doubts"].values))) if "doubts" in raw else (),
        given_levels=tuple(json.loads(str(raw["given_levels"].values))) if "given_levels" in raw else (),
        **texts,
        **numbers,
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
        own, groups = netcdf.contents(file, RAW.fullmatch)
        if "raw" not in groups:
            raise StorageError(f"{file.absolute()} holds a ledger without the raw trajectory")
        state = _state_beside(file, str(own.get("config_hash", "")))
        rough = None
        for name in sorted(groups, key=len, reverse=True)[:-1]:  # the roughest first
            rough = from_raw(groups[name], rough=rough)
        run = from_raw(groups["raw"], rough=rough, state=state)
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


# --- the final state --------------------------------------------------------------------------------------------------------------
