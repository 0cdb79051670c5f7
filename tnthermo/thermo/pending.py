"""The ledger of a run that is over while its rougher companion is not: every column, its error not known yet."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr

from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.ledger import ledger

REASON = "the rougher run, from which errors come, was not over when this was written"


def ledger_without_errors(run: Trajectory, alpha_S: float = 0.5) -> xr.Dataset:
    """`tnthermo.ledger` of a run without a companion, with the error columns that it will have: NaN, and the reason in their attributes.

    Raises :class:`chains.InvalidInput` for an alpha_S that is not a finite number.
    """
    without = ledger(run, alpha_S)
    found = ledger(replace(run, rough=run), alpha_S)  # with itself: which columns will have errors, of which shape
    unknown = {
        name: column.copy(data=np.full(column.shape, np.nan)).assign_attrs(reason=REASON)
        for name, column in found.data_vars.items()
        if name not in without
    }
    return found.assign(unknown).assign_attrs(errors=f"none yet: {REASON}")
