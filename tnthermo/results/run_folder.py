"""The folder of a run: the names of what lies in it, and how far it has come."""

from __future__ import annotations

import dataclasses
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chains.checks import path_problems
from chains.problems import raise_if_any
from tnthermo.errors import StorageError
from tnthermo.machine.seal import check_seal
from tnthermo.results import netcdf

RESULT, STATE, CONFIG, CYCLES = "result.nc", "state.h5", "config.toml", "cycles.nc"


PENDING = "pending"
"""Attribute of a result.nc whose run is over while something that was asked for beside it is not: what that is, in words."""


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
