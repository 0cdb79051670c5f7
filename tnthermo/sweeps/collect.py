"""All runs of a sweep as one dataset: the ledger's columns with the sweep's axes as further dimensions.

What a run costs (wall time, memory) and how it came about is left out: the same runs give the same bits, wherever they were done.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from chains.checks import path_problems
from chains.deprecated import formerly
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.configuration.conversion import unit_of
from tnthermo.configuration.written import toml_value
from tnthermo.errors import StorageError
from tnthermo.machine.atomic_files import write_pieces
from tnthermo.machine.memory import available_memory
from tnthermo.machine.words import readable
from tnthermo.results import netcdf
from tnthermo.results.ledger_file import load_cycles, load_ledger
from tnthermo.results.run_folder import RESULT
from tnthermo.sweeps.axes import long_name, short_names
from tnthermo.sweeps.folder import Manifest, SweepFolder, load_manifest
from tnthermo.sweeps.status import FINISHED, standings
from tnthermo.units.units import Units

COLLECTED = "table.nc"
SAME_TIME = 1e-9  # times that differ by less than this part of the last one are one: 3 x 0.1 and 0.3
COPIES = 2  # of the table in memory while it is written
POINT = "point"
# Attributes that tell runs of one configuration apart.
OWN = ("wall_", "compile_seconds", "peak_memory", "config", "notes", "status", "flags", "versions")


@dataclass(frozen=True, kw_only=True)
class Layout:
    """The sweep's dimensions, and the variables that say where a point is: name, dimensions, values, the key in full."""

    dimensions: tuple[str, ...]
    shape: tuple[int, ...]
    coordinates: tuple[tuple[str, tuple[str, ...], npt.NDArray[Any], str], ...]


@formerly(renamed={"root": "folder"})
def collect(folder: str | Path, *, columns: Sequence[str] = ()) -> xr.Dataset:
    """One dataset of the sweep in ``folder``.

    columns  those of the ledger to take; all by default

    Of a product each axis is a dimension, else there is one, "point", with the axes as coordinates; an axis is called by the last
    part of its key where that is free, by the whole key with _ otherwise (attribute "key"). Runs that are not done are NaN and
    named, with how they stand, in the attribute "missing". Where records are at different times the times are joined: NaN where a
    run has none. Likewise a dimension (site, mode) is as long as the longest. Numbers are double precision, whole ones too.
    Of runs with cycles the numbers of cycles.nc are taken too, on the dimensions cycle, stroke and bath: W of a cycle as cycle_W.
    Two-time correlations are left out: they are in the group two_time of each DIR/points/RUN/result.nc.

    Raises `tnthermo.errors.StorageError`, and :class:`chains.InvalidInput` for a column that no run has or where nothing is done yet.
    """
    problems = path_problems("folder", folder)
    if not isinstance(columns, list | tuple) or not all(isinstance(name, str) for name in columns):
        problems.append(Problem(key="columns", value=columns, allowed="a list of names of columns"))
    raise_if_any(problems)
    place = SweepFolder(Path(folder))
    manifest = load_manifest(place)
    ledgers, missing = loaded(place, manifest)
    if not ledgers:
        raise InvalidInput(
            [
                Problem(
                    key=str(place.root),
                    value=f"0 of {len(set(manifest.runs))} runs",
                    allowed="a sweep with at least one finished run",
                )
            ]
        )
    names = chosen(ledgers.values(), columns)
    first = next(iter(ledgers.values()))
    times, places, differ = joined_times(list(ledgers.values()))
    where = dict(zip(ledgers, places, strict=True))
    layout = layout_of(manifest, taken={*names, *(str(dim) for ledger in ledgers.values() for dim in ledger.dims)})
    check_memory(ledgers.values(), names, times.size, len(manifest.runs))
    variables = {name: stacked(name, manifest, ledgers, where, times.size, layout) for name in names}
    data = xr.Dataset(variables, coords={"t": ("t", times, first["t"].attrs)})
    of_axes = {key: unit_of(key, Units.of(first)) for *_, key in layout.coordinates}
    data = data.assign_coords(
        {
            name: (dims, values, {"key": key} | ({"units": of_axes[key]} if of_axes[key] else {}))
            for name, dims, values, key in layout.coordinates
        }
    )
    for dim in first.indexes:
        if dim != "t" and dim in data.dims:
            data = data.assign_coords({dim: labels(str(dim), ledgers.values(), data.sizes[dim])})
    flags = [str(ledgers[run].attrs["flags"]) if run in ledgers else "missing" for run in manifest.runs]
    for name, values, meaning in (
        ("run", manifest.runs, "folder of the run below points/"),
        ("flags", flags, "what did not converge in the run"),
    ):
        data[name] = (layout.dimensions, np.array(values, dtype=object).reshape(layout.shape), {"long_name": meaning})
    joint = (
        "none: all runs have the same times"
        if not differ
        else "runs have different times: joined, NaN where a run has no record"
    )
    return data.assign_attrs(
        {**common(ledgers.values()), "sweep": manifest.mode, "times_joined": joint, "missing": missing or "none"}
    )


def left_out(root: str | Path) -> str:
    """What of the finished runs `collect` leaves out, in words; "" for nothing. Raises `tnthermo.errors.StorageError`."""
    folder = SweepFolder(Path(root))
    for run in dict.fromkeys(load_manifest(folder).runs):
        result = folder.point(run) / RESULT
        try:
            if "two_time" in netcdf.groups_in(result):
                return (
                    f"two-time correlations are not collected: group two_time of each {folder.root}/points/RUN/{RESULT}"
                )
        except (OSError, RuntimeError):
            continue  # not there yet, or damaged, which `collect` says
    return ""


def contents(data: xr.Dataset) -> str:
    """What a collected table holds, in a line: axes and sizes, how many runs are missing or did not converge."""
    flags = [str(flag) for flag in data["flags"].values.ravel()]
    missing, doubtful = flags.count("missing"), sum(flag not in ("none", "missing") for flag in flags)
    dims = " x ".join(f"{dim} ({data.sizes[dim]})" for dim in data["flags"].dims)
    return (
        f"{dims}, {data.sizes['t']} times, {len(data.data_vars)} variables; "
        f"{missing} of {len(flags)} points missing, {doubtful} not converged"
    )


def save_collected(data: xr.Dataset, path: Path) -> None:
    """Write it as one netCDF-4 file. Raises StorageError."""
    write_pieces(path, [netcdf.image_of({netcdf.ROOT: data}).getbuffer()])


def loaded(folder: SweepFolder, manifest: Manifest) -> tuple[dict[str, xr.Dataset], str]:
    """(ledgers of the runs that are done, in the order of the points; the others in words)."""
    found, missing = {}, []
    for one in standings(folder, manifest):
        if one.state in FINISHED:
            place = folder.point(one.run)
            found[one.run] = with_cycles(load_ledger(place), load_cycles(place))
        else:
            how = f"{one.state}, {one.detail}" if one.detail else one.state
            missing.append(f"{one.run} ({one.label}): {how}")
    return found, "; ".join(missing)


def with_cycles(ledger: xr.Dataset, record: xr.Dataset | None) -> xr.Dataset:
    """The ledger with the record of the cycles of its run, where there is one: ``W`` of a cycle is ``cycle_W``, ``stroke_W`` stays."""
    if record is None:
        return ledger
    own = {
        name if str(name).startswith("stroke") else f"cycle_{name}": variable
        for name, variable in record.variables.items()
        if name not in record.indexes
    }
    indexes = {name: record.variables[name] for name in record.indexes if name not in ledger.variables}
    reached = xr.Variable((), str(record.attrs["limit_cycle"]), {"long_name": "whether the limit cycle was reached"})
    return ledger.assign(own | {"limit_cycle": reached}).assign_coords(indexes)


def chosen(ledgers: Iterable[xr.Dataset], columns: Sequence[str]) -> list[str]:
    """The variables to take: all but the labels of dimensions, or those asked for. Raises InvalidInput for one that is nowhere."""
    every: dict[str, None] = {}
    for ledger in ledgers:
        dimensions = set(ledger.indexes)
        every |= dict.fromkeys(str(name) for name in ledger.variables if name not in dimensions)
    wrong = [name for name in columns if name not in every]
    if wrong:
        raise InvalidInput([Problem(key="--columns", value=name, allowed="a column of result.nc") for name in wrong])
    return list(columns) or list(every)


def joined_times(ledgers: Sequence[xr.Dataset]) -> tuple[npt.NDArray[np.float64], list[npt.NDArray[np.int64]], bool]:
    """(all times, where those of each run are among them, whether runs have different ones); rounding makes no other time."""
    each = [np.asarray(ledger["t"].values, dtype=np.float64) for ledger in ledgers]
    if all(np.array_equal(times, each[0]) for times in each):
        return each[0], [np.arange(each[0].size)] * len(each), False
    every = np.unique(np.concatenate(each))
    fresh = np.diff(every, prepend=-np.inf) > SAME_TIME * abs(every[-1])
    number = np.cumsum(fresh) - 1
    return every[fresh], [number[np.searchsorted(every, times)] for times in each], True


def layout_of(manifest: Manifest, taken: set[str]) -> Layout:
    """Dimensions and coordinates of the sweep; ``taken`` are names that the ledgers have."""
    names = {
        key: name if name not in taken | {"run", "flags", "t", POINT} else long_name(key)
        for key, name in short_names(manifest.axes).items()
    }
    product = manifest.mode == "product"
    dimensions = tuple(names.values()) if product else (POINT,)
    coordinates = [
        (names[key], (names[key],) if product else (POINT,), as_labels(values), key)
        for key, values in manifest.axes.items()
    ]
    return Layout(dimensions=dimensions, shape=manifest.shape, coordinates=tuple(coordinates))


def as_labels(values: Sequence[Any]) -> npt.NDArray[Any]:
    """Numbers as numbers, anything else as the file would say it."""
    if all(isinstance(value, int | float) and not isinstance(value, bool) for value in values):
        return np.array(values, dtype=np.float64)
    return np.array([value if isinstance(value, str) else toml_value(value) for value in values], dtype=object)


def stacked(
    name: str,
    manifest: Manifest,
    ledgers: Mapping[str, xr.Dataset],
    places: Mapping[str, npt.NDArray[np.int64]],
    times: int,
    layout: Layout,
) -> tuple[tuple[str, ...], npt.NDArray[Any], dict[str, Any]]:
    """One variable over all points: (dimensions, values, attributes)."""
    having = {run: ledger.variables[name] for run, ledger in ledgers.items() if name in ledger.variables}
    first = next(iter(having.values()))
    inner = tuple(str(dim) for dim in first.dims)
    if any(variable.dims != first.dims for variable in having.values()):
        raise StorageError(
            f"the runs of this sweep do not agree on what {name} is: collect their columns one by one (--columns)"
        )
    sizes = tuple(times if dim == "t" else max(variable.sizes[dim] for variable in having.values()) for dim in inner)
    text = first.dtype.kind in "OUS"
    whole = np.full((len(manifest.runs), *sizes), "" if text else math.nan, dtype=object if text else np.float64)
    for number, run in enumerate(manifest.runs):
        if run in having:
            variable = having[run]
            where = [places[run] if dim == "t" else np.arange(variable.sizes[dim]) for dim in inner]
            whole[number, ...][np.ix_(*where)] = variable.values
    attributes = {
        key: value
        for key, value in first.attrs.items()
        if all(same(value, other.attrs.get(key)) for other in having.values())
    }
    return (*layout.dimensions, *inner), whole.reshape(*layout.shape, *sizes), attributes


def labels(dim: str, ledgers: Iterable[xr.Dataset], size: int) -> Any:
    """The labels of a dimension: those of the run that has most of it."""
    for ledger in ledgers:
        if dim in ledger.variables and ledger.sizes[dim] == size:
            return ledger.variables[dim]
    return np.arange(size)


def common(ledgers: Iterable[xr.Dataset]) -> dict[str, Any]:
    """The attributes that all runs share, without those that only say how a run came about."""
    first, *others = (ledger.attrs for ledger in ledgers)
    return {
        key: value
        for key, value in first.items()
        if not str(key).startswith(OWN) and all(same(value, other.get(key)) for other in others)
    }


def same(one: Any, other: Any) -> bool:
    """Equal, NaN to NaN as well."""
    return json.dumps(one, default=str) == json.dumps(other, default=str)


def check_memory(ledgers: Iterable[xr.Dataset], names: Sequence[str], times: int, points: int) -> None:
    """Raises InvalidInput where the table does not fit."""
    largest: dict[str, int] = {}
    for ledger in ledgers:
        for name in names:
            if name in ledger.variables:
                sizes = [times if dim == "t" else ledger.sizes[dim] for dim in ledger.variables[name].dims]
                largest[name] = max(largest.get(name, 0), math.prod(sizes))
    need, limit = 8.0 * COPIES * points * sum(largest.values()), available_memory()
    if need > limit.size:
        allowed = f"a table that fits {readable(limit.size)} ({limit.source}); all columns need {readable(need)}"
        raise InvalidInput(
            [
                Problem(
                    key="--columns",
                    value="all" if len(names) > 5 else list(names),
                    allowed=allowed,
                    hint="name those you want",
                )
            ]
        )
