"""What is written with h5py alone is what xarray would have written."""

import io
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from tnthermo.netcdf import netcdf_image


def everything() -> xr.Dataset:
    """Every kind of variable, coordinate and attribute that results have."""
    t, rows = np.linspace(0.0, 1.0, 5), np.arange(15.0).reshape(5, 3)
    rows[1, 2] = np.nan
    return xr.Dataset(
        {
            "b": (("t", "site"), rows, {"units": "1", "empty": "", "number": 0.5, "count": 3}),
            "a": (("t", "t2"), np.full((5, 5), np.inf)),
            "whole": ("site", np.array([3, 2, 1])),
            "text": ((), "h\u00e9 " * 50_000),
            "words": ("site", np.array(["", "x", "two"], dtype=object)),
            "single": ((), 2.5),
            "none": (("t", "nothing"), np.zeros((5, 0))),
        },
        coords={"t": ("t", t, {"units": "1/energy"}), "complex": ["re", "im"], "chain": ("site", [0, 0, 1])},
        attrs={"alpha": 0.5, "long": "x" * 100_000, "sites": 3, "nan": float("nan")},
    )


@pytest.mark.parametrize("group", ["/", "raw", "raw/rough"])
def test_the_same_as_xarray_writes(group: str, tmp_path: Path) -> None:
    data = everything()
    ours, theirs = tmp_path / "ours.nc", io.BytesIO()
    ours.write_bytes(netcdf_image({"/": xr.Dataset(attrs={"x": 1}), "raw": data[["t"]]} | {group: data}).getbuffer())
    data.to_netcdf(theirs, engine="h5netcdf")
    found, expected = xr.load_dataset(ours, group=group), xr.load_dataset(theirs, engine="h5netcdf")
    xr.testing.assert_identical(found, expected)
    xr.testing.assert_identical(found, data.astype(found.dtypes))
    assert (list(found.variables), list(found.coords)) == (list(expected.variables), list(expected.coords))
    assert found.dtypes == expected.dtypes
    for mine, other in [(found.attrs, expected.attrs), *((found[n].attrs, expected[n].attrs) for n in found.variables)]:
        assert {key: type(value) for key, value in mine.items()} == {key: type(value) for key, value in other.items()}
