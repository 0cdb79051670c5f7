"""The statistics of the heat as a figure: the density with its atom at the times, and the characteristic function they come from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from chains.checks import word_problems
from chains.problems import raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.figures.style import BLACK, BLUE, GREEN, HEIGHT, ORANGE, PURPLE, RED, STYLE, WIDTH, band, write_figure

COLOURS = (BLUE, ORANGE, GREEN, RED, PURPLE, BLACK)
STYLES: tuple[Any, ...] = ("-", "--", "-.", ":", (0, (5, 1, 1, 1, 1, 1)), (0, (1, 1)))
SEEN = 2e-3  # of the largest density: what is less is not shown at the sides
MOST = len(COLOURS)  # times


def plot_heat_statistics(data: xr.Dataset, counted: str = "B") -> Figure:
    """What `tnthermo.heat_statistics` found of the heat ``counted``, one of its names, as one figure: the density of the heat with error
    bands, the atom as a bar at q = 0 (right axis), the resolution as a bar; below it Re G(u) and |G(u)|, which tends to the atom.

    Of more than six times the first, the last and some between them. Raises `chains.InvalidInput`.
    """
    problems = dataset_problems("data", data, ("G", "density", "atom"), "a dataset of tnthermo.heat_statistics")
    raise_if_any(problems or word_problems("counted", counted, tuple(map(str, data["counted"].values))))
    one = data.sel(counted=counted)
    shown = np.unique(np.linspace(0, one.sizes["t"] - 1, min(MOST, one.sizes["t"])).round().astype(int))
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, 2 * HEIGHT))
        places = figure.add_gridspec(2, 1, left=0.16, right=0.86, top=0.92, bottom=0.08, hspace=0.3)
        upper = figure.add_subplot(places[0])
        _density(upper, one, shown)
        _characteristic(figure.add_subplot(places[1]), one, shown)
        figure.text(0.16, 0.945, f"heat into {counted}; {_reasons(one)}".rstrip("; "), fontsize=7, va="bottom")
    return figure


def heat_statistics_figures(data: xr.Dataset, directory: str | Path) -> list[Path]:
    """heat_statistics.png and .pdf in ``directory``, which exists, of several heats heat_statistics_NAME; returns the paths.

    Raises `errors.StorageError`.
    """
    names = [str(name) for name in data["counted"].values]
    paths: list[Path] = []
    with mpl.rc_context(STYLE):
        for name in names:
            suffix = "" if len(names) == 1 else f"_{name}"
            paths += write_figure(plot_heat_statistics(data, name), Path(directory), f"heat_statistics{suffix}")
    return paths


def _density(axes: Axes, one: xr.Dataset, shown: Any) -> None:
    q = one["q"].values
    inside = np.flatnonzero(
        (np.abs(one["density"].values[shown]) > SEEN * np.nanmax(one["density"].values[shown], initial=0.0)).any(axis=0)
    )
    first, last = (0, q.size - 1) if not inside.size else (int(inside[0]), int(inside[-1]))
    right = axes.twinx()
    right.spines["right"].set_visible(True)
    width = float(one.attrs["resolution"])
    for number, k in enumerate(shown):
        colour, label = COLOURS[number], f"$t$ = {float(one['t'][k]):g}"
        y = one["density"].values[k]
        axes.plot(q, y, color=colour, ls=STYLES[number], label=label, gid=f"density:{k}")
        if "density_error" in one:
            error = one["density_error"].values[k]
            band(axes, q, y - error, y + error, colour, "_nolegend_", f"density:{k}")
        atom = float(one["atom"].values[k])
        if np.isfinite(atom):  # side by side: the position within the resolution means nothing
            at = width * (number - (len(shown) - 1) / 2) / (2 * len(shown))
            right.errorbar(
                at, atom, yerr=float(one["atom_error"].values[k]), color=colour, marker="o", ms=3, lw=0.8, capsize=1.5, clip_on=False,
                gid=f"atom:{k}",
            )  # fmt: skip
            right.plot([at, at], [0, atom], color=colour, lw=1.2)
    right.set_ylim(-0.04, 1)  # the zero lines of both axes are one
    right.set_ylabel("probability of the atom at $q = 0$ (dots)")
    top = float(np.nanmax(one["density"].values[shown], initial=0.0))
    axes.set_ylim(-0.05 * top if top > 0 else -0.05, 1.25 * top if top > 0 else 1.0)
    axes.set_xlim(min(float(q[first]), -width), max(float(q[last]), width))
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    axes.set_xlabel("heat $q$")
    axes.set_ylabel("density of the rest $p(q)$ (lines)")
    end, high = axes.get_xlim()[1], 1.15 * top if top > 0 else 0.9
    axes.plot([end - 1.1 * width, end - 0.1 * width], [high, high], color=BLACK, lw=1.5, solid_capstyle="butt")
    axes.annotate(
        f"resolution {width:.2g}",
        (end - 1.2 * width, high),
        (-2, 0),
        textcoords="offset points",
        ha="right",
        va="center",
        fontsize=7,
    )
    axes.legend(frameon=False, fontsize=7, loc="center right")


def _characteristic(axes: Axes, one: xr.Dataset, shown: Any) -> None:
    u = one["u"].values
    for number, k in enumerate(shown):
        G = one["G"].values[k]
        colour = COLOURS[number]
        axes.plot(u, G[:, 0], color=colour, ls=STYLES[number], gid=f"G:{k}")
        if "G_error" in one:
            error = one["G_error"].values[k, :, 0]
            band(axes, u, G[:, 0] - error, G[:, 0] + error, colour, "_nolegend_", f"G:{k}")
        axes.plot(u, np.hypot(G[:, 0], G[:, 1]), color=colour, lw=0.5, gid=f"abs_G:{k}")
        atom = float(one["atom"].values[k])
        if np.isfinite(atom):
            axes.plot([0.9 * u[-1], u[-1]], [atom, atom], color=BLACK, lw=0.8)
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    axes.set_xlim(0, float(u[-1]))
    axes.set_xlabel("counting field $u$")
    axes.set_ylabel(r"Re $G(u)$, thin: $|G|$; black: atom")


def _reasons(one: xr.Dataset) -> str:
    """What is missing, in few words."""
    if not np.isfinite(one["G"].values).any():
        return f"no value: {one['G'].attrs.get('reason', '')}"[:80]
    return "an atom is NaN: not settled" if np.isnan(one["atom"].values).any() else ""
