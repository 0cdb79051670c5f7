"""Energy currents of a run and of master equations over time, one panel a bath."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import xarray as xr
from matplotlib.figure import Figure

from tnthermo.figures.style import BLACK, BLUE, GREEN, ORANGE, RED, STYLE, WIDTH, write_figure

NAME = "comparison"
LOOKS = {
    "exact": (BLACK, "-", "exact"),
    "local": (RED, "--", "local Lindblad"),
    "lindblad": (BLUE, "-.", "global Lindblad"),
    "redfield": (GREEN, ":", "Redfield"),
    "tcl2": (ORANGE, "--", "TCL2"),
}


def comparison_figure(ledgers: Mapping[str, xr.Dataset], currents: xr.Dataset) -> Figure:
    """The current into each bath over time, the run with its error band; marked at the right the mean from ``since`` on."""
    count, since = currents.sizes["bath"], float(currents.attrs["since"])
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH * count + 0.3, 2.7), layout="constrained")
        axes = figure.subplots(1, count, sharey=True, squeeze=False)[0]
        span = 1.6 * float(abs(currents["current"]).max())
        for j, where in enumerate(axes):
            where.axhline(0, color="0.6", lw=0.8)
            where.axvline(since, color="0.75", lw=0.8, ls=":")
            for method, ledger in ledgers.items():
                colour, style, label = LOOKS[method]
                t, flux = ledger["t"].values, ledger["flux_each"].values[:, j]
                where.plot(t, flux, color=colour, ls=style, lw=1.2, label=label)
                if "flux_each_error" in ledger:
                    bar = ledger["flux_each_error"].values[:, j]
                    where.fill_between(t, flux - bar, flux + bar, color=colour, alpha=0.2, lw=0)
            T = float(currents["temperature"].values[j])
            where.set_title(f"into bath {j}, $T={T:g}$", loc="left", fontsize=8, pad=3)
            where.set_xlabel("$t$")
            if span > 0:
                where.set_ylim(-span, span)
        axes[0].set_ylabel("energy current")
        axes[-1].legend(fontsize=6.5, frameon=False, loc="lower right", labelspacing=0.3)
    return figure


def save_comparison_figure(
    ledgers: Mapping[str, xr.Dataset], currents: xr.Dataset, directory: str | Path
) -> list[Path]:
    """comparison.png and .pdf in ``directory``, which exists; returns the paths. Raises `errors.StorageError`."""
    with mpl.rc_context(STYLE):
        return write_figure(comparison_figure(ledgers, currents), Path(directory), NAME)
