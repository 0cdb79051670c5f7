"""The currents of a run and of master equations as a table."""

from __future__ import annotations

import math

import xarray as xr

from tnthermo.lawbook.digits import number


def comparison_table(currents: xr.Dataset) -> str:
    """One line for each method: the mean current into each bath with its error, and which way the energy flows."""
    heads = [f"into bath {j} (T = {T:g})" for j, T in enumerate(currents["temperature"].values)]
    rows = [["", *heads, "direction"]]
    notes = []
    for i, method in enumerate(currents["equation"].values):
        pairs = zip(currents["current"].values[i], currents["error"].values[i], strict=True)
        rows.append(
            [
                str(method),
                *(number(float(value), float(error)) for value, error in pairs),
                str(currents["direction"].values[i]),
            ]
        )
        reason = str(currents["reason"].values[i])
        if reason:
            notes.append(f"{method}: {reason}")
        elif any(math.isinf(error) for error in currents["error"].values[i]):
            notes.append(f"{method}: the error is not known")
    widths = [max(len(row[k]) for row in rows) for k in range(len(rows[0]))]
    lines = ["  ".join(entry.ljust(width) for entry, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    head = f"steady energy currents, means from t = {float(currents.attrs['since']):g} on (hbar = k_B = 1)"
    return "\n".join([head, *lines, *notes])
