"""Figures that only some runs have: the currents of several baths, and what the physical modes hold."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr
from matplotlib import colormaps
from matplotlib.axes import Axes

from tnthermo.figures.style import (
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    frame,
    label_ends,
    last_finite,
    plain,
    time_label,
    units_behind,
)
from tnthermo.units.units import Units

COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
TIMES_SHOWN = 5
SOFT = 0.04  # of the highest frequency: what lies below does not choose the axis


def has_baths(dataset: xr.Dataset) -> bool:
    """Whether there is more than one bath."""
    return dataset.sizes.get("bath", 1) > 1


def has_modes(dataset: xr.Dataset) -> bool:
    """Whether the modes' occupations were evaluated after the start."""
    return "mode_occupation" in dataset and bool(np.isfinite(dataset["mode_occupation"].values[1:]).any())


def currents(upper: Axes, lower: Axes, dataset: xr.Dataset) -> None:
    """The energy current into each bath, with error bands; below it the energy of each bath."""
    t, unit = dataset["t"].values, Units.of(dataset).behind("temperature")
    for axes, name, label, dimension in (
        (upper, "flux_each", "current into bath", "energy rate"),
        (lower, "E_B_each", "$E_B$ of each bath", "energy"),
    ):
        ylabel = label + units_behind(dataset, dimension).replace(" (", "\n(")
        entries = []
        for j in range(dataset.sizes["bath"]):
            y = dataset[name].values[:, j]
            colour, style = COLOURS[j % len(COLOURS)], STYLES[j % len(STYLES)]
            axes.plot(t, y, color=colour, ls=style)
            if f"{name}_error" in dataset:
                error = dataset[f"{name}_error"].values[:, j]
                axes.fill_between(t, y - error, y + error, color=colour, alpha=0.25, lw=0)
            temperature = float(dataset["temperature_of_bath"].values[j])
            entries.append((f"$T_{j}$ = {temperature:.3g}{unit}", colour, last_finite(y)))
        frame(axes, dataset, ylabel)
        label_ends(axes, entries, gap=0.13)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(time_label(dataset))


def modes(axes: Axes, dataset: xr.Dataset) -> None:
    """Change of the occupation per unit frequency (of each mode of a discrete bath) at some of the times at which it was evaluated."""
    values, frequency = dataset["mode_occupation"].values, dataset["mode_frequency"].values
    weight, bath = dataset["mode_weight"].values, dataset["mode_bath"].values
    evaluated = [k for k in np.flatnonzero(np.isfinite(values).all(axis=1)) if dataset["t"].values[k] > 0]
    shown = [evaluated[i] for i in np.unique(np.linspace(0, len(evaluated) - 1, TIMES_SHOWN).round().astype(int))]
    discrete = bool(np.all(weight == 1))
    palette = colormaps["viridis"]
    entries: list[tuple[str, Any, float]] = []
    for place, k in enumerate(shown):
        colour = palette(0.9 * place / max(1, len(shown) - 1))
        for j in np.unique(bath):
            own = bath == j
            order = np.argsort(frequency[own])
            style = STYLES[int(j) % len(STYLES)]
            y = (values[k] / weight)[own][order]
            axes.plot(
                frequency[own][order],
                y,
                color=colour,
                ls="" if discrete else style,
                marker="o" if discrete else "",
                ms=3,
                lw=1,
            )
        entries.append((f"$t$ = {dataset['t'].values[k]:g}{Units.of(dataset).behind('time')}", colour, float(y[-1])))
    if np.unique(bath).size > 1:
        words = {"-": "solid", "--": "dashed", "-.": "dash-dotted", ":": "dotted"}
        parts = [f"bath {j} {words.get(str(STYLES[int(j) % len(STYLES)]), 'dash-dot-dotted')}" for j in np.unique(bath)]
        axes.set_title(", ".join(parts), loc="left", fontsize=7)
    axes.set_xlabel(rf"frequency $\omega$ ({plain(Units.of(dataset).name('energy'))})")
    axes.set_ylabel(r"$\Delta n_k$" if discrete else r"$\Delta n(\omega)$ per unit frequency")
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    if (
        not discrete
    ):  # the softest modes may stand far above all others (like 1/w): they are cut off, not the rest squeezed
        firm = (values[shown] / weight)[:, frequency > SOFT * frequency.max()]
        low, high = float(firm.min(initial=0.0)), float(firm.max(initial=0.0))
        margin = 0.08 * (high - low)
        if margin > 0:
            axes.set_ylim(low - margin, high + margin)
    support = frequency[np.abs(values[shown[-1]] / weight) > 1e-3 * np.nanmax(np.abs(values[shown[-1]] / weight))]
    if not discrete and support.size:
        axes.set_xlim(0, min(frequency.max(), 1.15 * support.max()))
    label_ends(axes, entries)
