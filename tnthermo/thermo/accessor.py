"""``ledger.tnthermo``: what this library does with a dataset, as xarray's users are used to call it."""

from __future__ import annotations

from typing import Any

import xarray as xr


@xr.register_dataset_accessor("tnthermo")
class LedgerAccessor:
    """``ledger.tnthermo``. There as soon as the library has made or read a ledger, or where xarray was imported before it."""

    def __init__(self, dataset: xr.Dataset) -> None:
        self._dataset = dataset

    def expect(self, operator: Any) -> xr.DataArray:
        """`tnthermo.expectation` of this dataset."""
        from tnthermo.thermo.expectation import expectation

        return expectation(self._dataset, operator)

    def to_units(self, units: Any) -> xr.Dataset:
        """`tnthermo.in_units` of this dataset."""
        from tnthermo.thermo.in_units import in_units

        return in_units(self._dataset, units)
