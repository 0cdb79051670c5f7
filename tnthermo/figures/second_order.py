"""A run beside its second-order companion: the figures of a qubit, energies, heat and work, and entropies with both in them."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.figure import Figure

from chains.problems import InvalidInput, Problem
from tnthermo.figures.panels import BOUNDED, ENTROPIES, FIGURES, caution, has_no_value, panel
from tnthermo.figures.style import HEIGHT, STYLE, WIDTH, write_figure
from tnthermo.record.trajectory import Trajectory
from tnthermo.second_order.weak_coupling import Method, weak_coupling

MARKS = 16  # on each curve
COMPARED = tuple(found.name for found in FIGURES if found.compared)


def companion(run: Trajectory, method: Method, *, alpha_S: float) -> xr.Dataset:
    """`tnthermo.weak_coupling` for the model, start and times of a run. Raises `chains.InvalidInput`: no product start."""
    if run.start != "product":
        hint = "second order starts from the product of a state and thermal baths"
        raise InvalidInput(
            [Problem(key="--weak-coupling", value=method, allowed=f"not after a {run.start} start", hint=hint)]
        )
    return weak_coupling(run.model, initial=run.initial, times=run.t, method=method, alpha_S=alpha_S)


def compared(dataset: xr.Dataset, second: xr.Dataset, name: str) -> Figure:
    """One of `COMPARED`: lines with bands are the run, open circles second order in their colours, of the columns that it has."""
    lines = [f"lines: run; circles: second order ({second.attrs['method']})"]
    if ENTROPIES in panel(name).compared:
        lines += beyond(dataset, second)
    drawn = panel(name)
    tall = drawn.height
    figure = Figure(figsize=(WIDTH, HEIGHT * tall))
    top = 0.88 - 0.04 / tall * (len(lines) - 1)
    place = figure.add_gridspec(1, 1, left=0.17, right=0.78, top=top, bottom=0.15 / tall)[0]
    axes = drawn.axes(figure, place, dataset, None)
    shown = np.unique(np.linspace(0, second.sizes["t"] - 1, MARKS).round().astype(int))
    instead = {curve.name: curve.colour for curve in BOUNDED if has_no_value(dataset, curve)}
    for where, curves in zip(axes, drawn.compared, strict=False):
        for curve in curves:  # before the run's, so that its labels know the limits of both
            if curve.name in second and np.isfinite(second[curve.name].values).any():
                t, y = second["t"].values[shown], second[curve.name].values[shown]
                colour = instead.get(curve.name, curve.colour)
                where.plot(t, y, color=colour, marker="o", mfc="none", ls="", ms=3, mew=0.7, clip_on=False)
    drawn.draw(axes, dataset)
    figure.text(0.17, top + 0.025, "\n".join(lines), fontsize=7, va="bottom", linespacing=1.1)
    caution(figure, dataset)
    return figure


def comparable(dataset: xr.Dataset) -> list[str]:
    """Those of `COMPARED` that this ledger has, with at least one of the curves that second order may have."""
    found = [one for one in FIGURES if one.compared and (one.exists is None or one.exists(dataset))]
    return [one.name for one in found if any(curve.name in dataset for curves in one.compared for curve in curves)]


def beyond(dataset: xr.Dataset, second: xr.Dataset) -> list[str]:
    """A line to say that second order has left what a state can have, S_chi <= 2 S_S; none where it has not."""
    most = 2 * np.maximum(dataset["S_S"].values, second["S_S"].values)
    over = second["S_chi"].values > most + 1e-6
    return [r"$S_\chi > 2 S_S$ of circles: no state, second order fails"] if over.any() else []


def companion_figures(dataset: xr.Dataset, second: xr.Dataset, directory: str | Path) -> list[Path]:
    """NAME_METHOD.png and .pdf for each that is `comparable` in ``directory``, which exists; returns the paths.

    Raises `errors.StorageError`.
    """
    paths: list[Path] = []
    with mpl.rc_context(STYLE):
        for name in comparable(dataset):
            paths += write_figure(compared(dataset, second, name), Path(directory), f"{name}_{second.attrs['method']}")
    return paths
