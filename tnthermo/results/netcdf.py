"""The one door to netCDF-4 files: datasets in groups, written in memory and read as a whole.

The C library, several times faster than reading and writing the same through HDF5's Python, works for one thread at a time:
every use of it in this project is in here, under one lock. Errors are those of the library (OSError, ValueError, KeyError, RuntimeError).
"""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import netCDF4
import numpy as np
import xarray as xr
from xarray.backends import NetCDF4DataStore

from tnthermo.machine.seal import hdf5_size

FIRST_SIZE = 2**20  # bytes that a file in memory begins with; it grows
ROOT = "/"
LARGE = 2**20  # bytes of an array, from which on it is compressed

_one_at_a_time = threading.RLock()


def image_of(groups: Mapping[str, xr.Dataset]) -> io.BytesIO:
    """A file with a dataset in each of its groups (`ROOT`: the file's own), up to where it ends."""
    with _one_at_a_time:
        file = netCDF4.Dataset("in memory", "w", memory=FIRST_SIZE)
        file.set_ncstring_attrs(True)  # texts without a length, of any length and language
        for name, dataset in groups.items():
            group = NetCDF4DataStore(file if name == ROOT else file.createGroup(name))
            _packed(_with_plain_texts(dataset)).dump_to_store(group)
        image = io.BytesIO(file.close())
    image.truncate(hdf5_size(image, image.getbuffer().nbytes))
    return image


def _with_plain_texts(dataset: xr.Dataset) -> xr.Dataset:
    """Texts as numpy's own and no longer as objects, which the oldest xarray that is allowed does not write."""
    objects = {
        name: variable.astype(np.str_) for name, variable in dataset.variables.items() if variable.dtype == object
    }
    return dataset.assign(objects) if objects else dataset


def _packed(dataset: xr.Dataset) -> xr.Dataset:
    """Large arrays compressed, without loss: most rows of the modes' occupations have no value."""
    large = {name: array.copy(deep=False) for name, array in dataset.variables.items() if array.nbytes >= LARGE}
    for array in large.values():
        array.encoding = {"zlib": True, "complevel": 1, "shuffle": True}
    return dataset.assign(large) if large else dataset


def read(file: Path, group: str = ROOT) -> xr.Dataset:
    """The dataset of a group, in memory."""
    with _one_at_a_time:
        return xr.load_dataset(file, engine="netcdf4", group=group)


def contents(file: Path, wanted: Callable[[str], object]) -> tuple[dict[str, Any], dict[str, xr.Dataset]]:
    """The file's own attributes, and the datasets of the groups that are ``wanted``, by their paths: it is opened once."""
    with _one_at_a_time, netCDF4.Dataset(file) as handle:
        names = [name for name in _paths(handle, "") if wanted(name)]
        # closing the dataset of a group would close the file
        found = {name: xr.open_dataset(NetCDF4DataStore(handle[name])).load() for name in names}
        return _own(handle), found


def attributes(file: Path) -> dict[str, Any]:
    """Those of the file itself: texts and numbers."""
    with _one_at_a_time, netCDF4.Dataset(file) as handle:
        return _own(handle)


def _own(handle: Any) -> dict[str, Any]:
    return {name: handle.getncattr(name) for name in handle.ncattrs()}


def groups_in(file: Path) -> set[str]:
    """Paths of all groups, such as "raw/rough"."""
    with _one_at_a_time, netCDF4.Dataset(file) as handle:
        return set(_paths(handle, ""))


def _paths(group: Any, path: str) -> list[str]:
    return [found for name, inner in group.groups.items() for found in (path + name, *_paths(inner, f"{path}{name}/"))]
