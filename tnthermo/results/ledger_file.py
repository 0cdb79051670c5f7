"""The ledger of a result file, and the record of cycles beside it: what a screen, a figure or a table needs, and quick to import.

The run behind them is left alone.
"""

from __future__ import annotations

from pathlib import Path

import xarray as xr

import tnthermo.thermo.accessor  # noqa: F401  so that datasets have .tnthermo
from tnthermo.errors import StorageError
from tnthermo.machine.seal import check_seal
from tnthermo.results import netcdf
from tnthermo.results.run_folder import CYCLES, result_path


def load_ledger(path: str | Path) -> xr.Dataset:
    """The ledger of DIR or DIR/result.nc, read as a whole. Raises StorageError."""
    return _whole(result_path(path), "result file")


def load_cycles(folder: Path) -> xr.Dataset | None:
    """What `tnthermo.cycles` found of the run in a folder; None where it has no cycles. Raises StorageError."""
    file = folder / CYCLES
    return _whole(file, "record of cycles") if file.is_file() else None


def _whole(file: Path, what: str) -> xr.Dataset:
    check_seal(file)
    try:
        return netcdf.read(file)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable {what}: {error}") from error
