"""The ledger of a result file without a detour: for hundreds of files, which take xarray a second each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

from tnthermo.files import StorageError, result_path
from tnthermo.seal import check_seal

# What netCDF-4 notes for itself.
BOOKKEEPING = ("CLASS", "NAME", "DIMENSION_LIST", "REFERENCE_LIST", "_FillValue", "coordinates")
BARE = b"This is a netCDF dimension but not a netCDF variable"


def quick_ledger(path: str | Path) -> xr.Dataset:
    """The same as `tnthermo.files.load_ledger`, twenty times faster. Raises StorageError."""
    file = result_path(path)
    check_seal(file)
    try:
        with h5py.File(file, "r") as handle:
            found = {name: entry for name, entry in handle.items() if isinstance(entry, h5py.Dataset)}
            bare = {name for name, entry in found.items() if bytes(entry.attrs.get("NAME", b"")).startswith(BARE)}
            addresses = {h5py.h5o.get_info(entry.id).addr: name for name, entry in found.items()}
            variables = {
                name: _variable(name, entry, handle, addresses) for name, entry in found.items() if name not in bare
            }
            named = " ".join(_text(entry.attrs.get("coordinates", "")) for entry in found.values()).split()
            attributes = _attributes(handle)
    except (OSError, ValueError, KeyError, RuntimeError) as error:
        raise StorageError(f"{file.absolute()} is not a readable result file: {error}") from error
    coordinates = {name for name, one in variables.items() if one.dims == (name,)} | (set(named) & set(variables))
    data = {name: one for name, one in variables.items() if name not in coordinates}
    return xr.Dataset(data, coords={name: variables[name] for name in coordinates}, attrs=attributes)


def _variable(name: str, entry: h5py.Dataset, handle: h5py.File, addresses: dict[int, str]) -> xr.Variable:
    if entry.attrs.get("CLASS", b"") == b"DIMENSION_SCALE":
        dims: tuple[str, ...] = (name,)
    else:
        scales = entry.attrs.get("DIMENSION_LIST", ())
        dims = tuple(addresses[h5py.h5o.get_info(handle[scale[0]].id).addr] for scale in scales)
    values: Any = entry.asstr()[()] if h5py.check_string_dtype(entry.dtype) else entry[()]
    return xr.Variable(dims, np.asarray(values), _attributes(entry))


def _attributes(thing: Any) -> dict[str, Any]:
    """Attributes of a file or variable; a single number is a number."""
    return {name: _single(thing.attrs[name]) for name in thing.attrs if name not in BOOKKEEPING and name[:2] != "_N"}


def _single(value: Any) -> Any:
    return value[0] if isinstance(value, np.ndarray) and value.shape == (1,) else _text(value)


def _text(value: Any) -> Any:
    return value.decode("utf-8") if isinstance(value, bytes) else value
