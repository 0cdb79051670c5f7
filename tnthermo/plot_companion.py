"""A run beside its second-order companion: the figures of energies, heat and work, and entropies with both in them."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from chains.problems import InvalidInput, Problem
from tnthermo.plot_style import HEIGHT, STYLE, WIDTH, write_figure
from tnthermo.plots import ENERGIES, ENTROPIES, HEAT_AND_WORK, NAMES, PANELS, caution
from tnthermo.thermo.weak_coupling import Method, weak_coupling
from tnthermo.trajectory import Trajectory

MARKS = 16  # on each curve
COMPARED = dict(zip(NAMES, (ENERGIES, HEAT_AND_WORK, ENTROPIES), strict=False))


def companion(run: Trajectory, method: Method, *, alpha_S: float) -> xr.Dataset:
    """`tnthermo.weak_coupling` for the model, start and times of a run. Raises `chains.InvalidInput`: no product start."""
    if run.start != "product":
        hint = "second order starts from the product of a state and thermal baths"
        raise InvalidInput(
            [Problem(key="--weak-coupling", value=method, allowed=f"not after a {run.start} start", hint=hint)]
        )
    return weak_coupling(run.model, run.initial, run.t, method, alpha_S=alpha_S)


def compared(dataset: xr.Dataset, second: xr.Dataset, name: str) -> Figure:
    """One of `COMPARED`: lines with bands are the run, open circles second order in their colours, of the columns that it has."""
    figure = Figure(figsize=(WIDTH, HEIGHT))
    axes = figure.add_axes((0.17, 0.15, 0.61, 0.77))
    shown = np.unique(np.linspace(0, second.sizes["t"] - 1, MARKS).round().astype(int))
    for curve in COMPARED[name]:  # before the run's, so that its labels know the limits of both
        if curve.name in second and np.isfinite(second[curve.name].values).any():
            t, y = second["t"].values[shown], second[curve.name].values[shown]
            axes.plot(t, y, color=curve.colour, marker="o", mfc="none", ls="", ms=3, mew=0.7)
    PANELS[NAMES.index(name)](axes, dataset)
    figure.text(0.17, 0.95, f"lines: run; circles: second order ({second.attrs['method']})", fontsize=7, va="bottom")
    caution(figure, dataset)
    return figure


def companion_figures(dataset: xr.Dataset, second: xr.Dataset, directory: str | Path) -> list[Path]:
    """NAME_METHOD.png and .pdf for each of `COMPARED` in ``directory``, which exists; returns the paths. Raises `files.StorageError`."""
    paths: list[Path] = []
    with mpl.rc_context(STYLE):
        for name in COMPARED:
            paths += write_figure(compared(dataset, second, name), Path(directory), f"{name}_{second.attrs['method']}")
    return paths
