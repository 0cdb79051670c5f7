"""The ledger of a result file, without the run behind it: what a screen, a figure or a table needs, and quick to import."""

from __future__ import annotations

from pathlib import Path

import xarray as xr

import tnthermo.thermo.accessor  # noqa: F401  so that datasets have .tnthermo
from tnthermo.errors import StorageError
from tnthermo.machine.seal import check_seal
from tnthermo.results import netcdf
from tnthermo.results.run_folder import result_path


def load_ledger(path: str | Path) -> xr.Dataset:
    """The ledger of DIR or DIR/result.nc, read as a whole. Raises StorageError."""
    file = result_path(path)
    check_seal(file)
    try:
        return netcdf.read(file)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error
