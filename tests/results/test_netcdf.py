"""The door to netCDF-4 files: what goes in comes out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import xarray as xr

from tnthermo.results import netcdf


def test_texts_as_objects_are_written_with_their_names_and_attributes(tmp_path: Path) -> None:
    # As the names of pairs of states are, and what a sweep collects; the lowest xarray refused them.
    texts = np.array(["0,1", "größer", ""], dtype=object)
    dataset = xr.Dataset(
        {"flags": ("pair", texts, {"long_name": "what did not converge"}), "x": ("pair", np.arange(3.0))},
        coords={"pair": ("pair", texts[[1, 0, 2]], {"long_name": "pair of states"})},
    )
    file = tmp_path / "texts.nc"
    file.write_bytes(netcdf.image_of({netcdf.ROOT: dataset, "inner": dataset}).getbuffer())
    for group in (netcdf.ROOT, "inner"):
        back = netcdf.read(file, group)
        assert set(back.variables) == set(dataset.variables)
        assert set(back.coords) == {"pair"}
        assert back["flags"].values.tolist() == texts.tolist()
        assert back["pair"].values.tolist() == ["größer", "0,1", ""]
        assert back["pair"].attrs == dataset["pair"].attrs
        assert back["flags"].attrs == dataset["flags"].attrs
    assert dataset["flags"].dtype == object  # the dataset given is left as it is


def test_large_arrays_are_packed_and_come_back_to_the_bit(tmp_path: Path) -> None:
    values = np.full((40, 8000), np.nan)
    values[::10] = np.random.default_rng(1).normal(size=(4, 8000))
    small = np.arange(40.0)
    dataset = xr.Dataset(
        {"occupation": (("t", "mode"), values, {"units": "1"}), "S": ("t", small)}, coords={"mode": np.arange(8000.0)}
    )
    image = netcdf.image_of({netcdf.ROOT: dataset, "inner": dataset}).getvalue()
    assert len(image) < 0.4 * 2 * values.nbytes  # a tenth of it is no NaN
    file = tmp_path / "packed.nc"
    file.write_bytes(image)
    for group in (netcdf.ROOT, "inner"):
        xr.testing.assert_identical(netcdf.read(file, group), dataset)
    assert not dataset["occupation"].encoding
