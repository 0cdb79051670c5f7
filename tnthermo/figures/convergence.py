"""The figure of a study of convergence: a panel for each setting, distance from the finest value over it, a line for each column."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FixedLocator, NullLocator

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.figures.panels import ENERGIES, ENTROPIES, HEAT_AND_WORK
from tnthermo.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    HEIGHT,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    STYLE,
    WIDTH,
    label_ends,
    write_figure,
)
from tnthermo.figures.system import SIGMAS

NAME = "convergence"
COLOURS = (RED, BLUE, GREEN, PURPLE, ORANGE, SKY, BLACK)
MARKERS = "osD^v<>"
STYLES: Any = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 3)), (0, (4, 1)))
LABELS = {curve.name: curve.label for curve in (*ENERGIES, *HEAT_AND_WORK, *ENTROPIES, *SIGMAS)}
AXES = {
    "step": "step $h$ (1/energy)",
    "max_bond": "largest bond",
    "bond": "bond",
    "tolerance": "tolerance",
    "levels": "boson levels",
    "modes": "sites of the chain",
}
KEY = "dotted: the reference;   dashed: what is asked for;   bands: stated errors;   thin curves: observed order"
FOOT = 0.25  # inches, for the key
GAP = 0.1  # between labels beside an axis
LOWEST, HIGHEST = 1e-11, 10.0  # relative: what is below is not drawn, what is beyond (at poles) at the edge
PART = re.compile(r"([A-Z])_(S|B|chi|SB)")  # a quantity of one part of the whole
LONGEST = 12  # characters of a name that fit beside a panel
BAND = 1.25  # factor by which the band of a stated error reaches above and below it


def plot_convergence(data: xr.Dataset) -> Figure:
    """What `tnthermo.converge` found, as a figure of double-column width: a panel for each setting.

    Distances are the largest over the time, in parts of the column's largest value. A thin line has the observed order, where there is
    one; a band is the stated error of the reference, which stands at the dotted line; the dashed line is what was asked for.
    Raises :class:`chains.InvalidInput` for anything else.
    """
    raise_if_any(instance_problems("data", data, xr.Dataset, "what tnthermo.converge returns"))
    if "converged_to" not in data or "knob" not in data.dims:
        found = ", ".join(map(str, list(data.variables)[:4])) or "an empty dataset"
        raise InvalidInput([Problem(key="data", value=found, allowed="what tnthermo.converge returns")])
    count = data.sizes["knob"]
    across = min(2, count)
    down = math.ceil(count / across)
    with mpl.rc_context(STYLE):
        width, height = (2 * WIDTH + 0.3 if across == 2 else WIDTH), HEIGHT * down * 0.95 + FOOT
        figure = Figure(figsize=(width, height))
        left, right = (0.1, 0.885) if across == 2 else (0.2, 0.78)
        grid = figure.add_gridspec(
            down,
            across,
            left=left,
            right=right,
            top=1 - 0.2 / height,
            bottom=(0.4 + FOOT) / height,
            wspace=0.6,
            hspace=0.42,
        )
        bottom, top = limits(data)
        for k in range(count):
            axes = figure.add_subplot(grid[k // across, k % across])
            panel(axes, data, k)
            axes.set_ylim(bottom, top)
            names(axes, data, k)
            letter = f"({'abcdefg'[k]}) " if count > 1 else ""
            axes.set_title(f"{letter}{title(data, k)}", loc="left", fontsize=8)
            if k % across == 0:
                axes.set_ylabel("distance from the finest,\nin parts of the largest value")
        lines = KEY if across == 2 else KEY.replace(";   bands", "\nbands")
        figure.text(0.5, 0.04 / height, lines, ha="center", va="bottom", fontsize=6.5)
    return figure


def title(data: xr.Dataset, k: int) -> str:
    """What the panel shows, where nothing is finer than the reference."""
    last = int(np.isfinite(data["value"].values[k]).sum()) - 1
    return "no cap reached" if int(data["reference_rung"].values[k]) == last else ""


def symbol(column: str) -> str:
    """The column as a label; one of several baths or levels with its number, a long name cut short."""
    name, _, entry = column.partition("[")
    if name == "population":
        return rf"$p_{{{entry.rstrip(']')}}}$"
    base = name.removesuffix("_each")
    short = base if len(base) <= LONGEST else base[: LONGEST - 1] + "\u2026"
    part = PART.fullmatch(base)
    usual = rf"${part[1]}_{{{part[2]}}}$".replace("chi", r"\chi") if part else short
    text = LABELS.get(base, "").replace(" binding", "").replace(" total", "") or usual
    return f"{text} [{entry}" if entry else text


def relative(data: xr.Dataset, k: int) -> np.ndarray:
    """(rung, column): largest distance from the finest over the largest value; NaN where it is 0 or next to it."""
    found = np.asarray(data["difference"].values[k] / data["scale"].values)
    return np.where(found > LOWEST, np.minimum(found, HIGHEST), np.nan)


def limits(data: xr.Dataset) -> tuple[float, float]:
    """One range for all panels, whole decades, of at least two."""
    values = [float(data.attrs["within"])]
    for k in range(data.sizes["knob"]):
        found = relative(data, k)
        values += found[np.isfinite(found)].tolist()
    low, high = math.floor(math.log10(min(values)) - 0.1), math.ceil(math.log10(max(values)) + 0.1)
    return 10.0**low, 10.0 ** max(high, low + 2)


def panel(axes: Axes, data: xr.Dataset, k: int) -> None:
    """The lines of one setting, the observed order, the stated errors, the reference, what was asked for."""
    x, y = data["value"].values[k], relative(data, k)
    place = int(data["reference_rung"].values[k])
    axes.set_xscale("log")
    axes.set_yscale("log")
    ends = x[np.isfinite(x)]
    spread = max(ends.max() / ends.min(), 1.5) ** 0.08
    axes.set_xlim(ends.min() / spread, ends.max() * spread)
    axes.axvline(x[place], color="0.6", lw=0.7, ls=":", zorder=0)
    axes.axhline(float(data.attrs["within"]), color="0.6", lw=0.7, ls="--", zorder=0)
    for c in range(data.sizes["column"]):
        look = {"color": COLOURS[c % len(COLOURS)], "ls": STYLES[c % len(STYLES)], "marker": MARKERS[c % len(MARKERS)]}
        shown = np.isfinite(y[:, c])
        axes.plot(x[shown], y[shown, c], ms=3.5, **look)
        order_line(axes, data, k, c)
        stated = data["stated_error"].values[c]
        stated = stated[np.isfinite(stated)]
        if stated.size and stated.max() > 0:
            bar = float(stated.max() / data["scale"].values[c])
            axes.axhspan(bar / BAND, bar * BAND, color=COLOURS[c % len(COLOURS)], alpha=0.16, lw=0, zorder=0)
    axes.xaxis.set_major_locator(FixedLocator(ticks(ends)))
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(lambda value, _: written(value))
    axes.set_xlabel(AXES.get(str(data["knob"].values[k]), str(data["knob"].values[k])))


def order_line(axes: Axes, data: xr.Dataset, k: int, c: int) -> None:
    """x^p through the last values, with what is left at the finest."""
    order = float(data["order"].values[k, c])
    if not math.isfinite(order):
        return
    x, y = data["value"].values[k], relative(data, k)[:, c]
    known = np.flatnonzero(np.isfinite(y))
    finest = x[np.isfinite(x)][-1]
    last = known[-1]
    line = finest + np.geomspace(x[known[0]] - finest, 0.01 * finest, 100)
    height = y[last] * (line**order - finest**order) / (x[last] ** order - finest**order)
    axes.plot(line, height, color=COLOURS[c % len(COLOURS)], lw=0.5, alpha=0.8, zorder=1)


def ticks(values: np.ndarray) -> list[float]:
    """The values themselves, those left out that would be written into each other."""
    ordered = sorted(values.tolist())
    room = 0.13 * math.log(ordered[-1] / ordered[0]) if ordered[-1] > ordered[0] else 0.0
    kept: list[float] = []
    for value in ordered:
        if not kept or math.log(value / kept[-1]) > room:
            kept.append(value)
    return kept


def written(value: float) -> str:
    """A value as a tick: 0.05, 16, $3\\times10^{-7}$."""
    if 1e-3 <= value < 1e5:
        return f"{value:.3g}"
    power = math.floor(math.log10(value) + 1e-9)
    digits = f"{value / 10.0**power:.2g}"
    return rf"$10^{{{power}}}$" if digits == "1" else rf"${digits}{{\times}}10^{{{power}}}$"


def names(axes: Axes, data: xr.Dataset, k: int) -> None:
    """The columns beside their lines, with the observed order."""
    y = relative(data, k)
    x = data["value"].values[k]
    entries: list[tuple[str, Any, float]] = []
    for c, column in enumerate(data["column"].values):
        known = np.flatnonzero(np.isfinite(y[:, c]))
        if not known.size:
            continue
        right = known[np.argmax(x[known])]
        order = float(data["order"].values[k, c])
        text = symbol(str(column)) + (f", $h^{{{order:.1f}}}$" if math.isfinite(order) else "")
        colour = COLOURS[c % len(COLOURS)]
        edge = axes.get_xlim()[1]
        axes.plot([x[right], edge], [y[right, c]] * 2, color=colour, lw=0.4, alpha=0.6, zorder=1)  # to its label
        entries.append((text, colour, float(y[right, c])))
    if entries:
        label_ends(axes, entries, gap=GAP)
    else:
        axes.text(0.5, 0.5, "no difference", transform=axes.transAxes, ha="center", va="center", fontsize=7.5)


def save_convergence_figure(data: xr.Dataset, folder: Path) -> list[Path]:
    """convergence.png and convergence.pdf in ``folder``, which exists; returns the paths. Raises `tnthermo.errors.StorageError`."""
    figure = plot_convergence(data)
    with mpl.rc_context(STYLE):
        return write_figure(figure, folder, NAME)
