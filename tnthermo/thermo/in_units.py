"""A ledger in cm^-1, fs and K, or in any units: every column, coordinate and attribute that has a dimension."""

from __future__ import annotations

import xarray as xr

from chains.problems import raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.thermo.definitions import COLUMNS, MEAN_FIELD, OF_SYSTEM, OTHERS, PER_BATH
from tnthermo.units.datasets import converted, units_problems
from tnthermo.units.units import Units

DIMENSIONS = {
    f"{column.name}{end}": column.dimension
    for column in (*COLUMNS, *PER_BATH, *OF_SYSTEM, *MEAN_FIELD, *OTHERS)
    for end in ("", "_error")
}  # fmt: skip


def in_units(ledger: xr.Dataset, units: Units) -> xr.Dataset:
    """Return ``ledger`` in ``units``, with their names in the attributes "units" of its variables.

    ledger  of `tnthermo.ledger`, `tnthermo.weak_coupling` or `tnthermo.two_time`, or a result.nc; in natural units its energies are taken
            to be in ``units.energy_unit``, in other units (`Units.of` tells them) they are converted
    units   `tnthermo.Units`; those without names give natural ones again, energies in the unit that the ledger has

    Rates become energy/time, temperatures those of ``units``; entropies stay in nats. Texts that name a density or an operator stay.

    Raises :class:`chains.InvalidInput` for what is no such dataset, or no units.
    """
    wrong = dataset_problems("ledger", ledger, ("t",), "a dataset of tnthermo.ledger")
    raise_if_any(wrong + units_problems("units", units))
    return converted(ledger, units, DIMENSIONS)
