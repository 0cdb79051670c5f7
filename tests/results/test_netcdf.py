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
