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
    band,
    frame,
    label_ends,
    last_finite,
    plain,
    time_label,
    units_behind,
)
from tnthermo.types import Real
from tnthermo.units.units import Units

COLOURS = (BLUE, RED, GREEN, ORANGE, PURPLE)
STYLES = ("-", "--", "-.", ":", (0, (5, 1, 1, 1)))
TIMES_SHOWN = 5
SOFT = 0.04  # of the highest frequency that is drawn: modes below are soft,
FAR = 1.5  # and cut off where they make the range larger than this times that of the others


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
            label = f"$T_{j}$ = {float(dataset['temperature_of_bath'].values[j]):.3g}{unit}"
            axes.plot(t, y, color=colour, ls=style, label=label, gid=f"{name}:{j}")
            if f"{name}_error" in dataset:
                error = dataset[f"{name}_error"].values[:, j]
                band(axes, t, y - error, y + error, colour, label, f"{name}:{j}")
            entries.append((label, colour, last_finite(y)))
        frame(axes, dataset, ylabel)
        label_ends(axes, entries, gap=0.13)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(time_label(dataset))


def heights(frequency: Real, drawn: Real, right: float) -> tuple[float, float, bool]:
    """The range of curves (times, modes) below the frequency ``right``, and whether the softest modes are cut off.

    These may stand far above all others (like 1/w): then they are, so that the rest is not squeezed.
    """
    inside = frequency <= right
    firm = inside & (frequency > SOFT * right)
    ranges = []
    for of in (inside, firm):
        ranges.append((float(drawn[:, of].min(initial=0.0)), float(drawn[:, of].max(initial=0.0))))
    (low, high), (low_firm, high_firm) = ranges
    cut = high_firm > low_firm and high - low > FAR * (high_firm - low_firm)
    return (low_firm, high_firm, True) if cut else (low, high, False)


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
        label = f"$t$ = {dataset['t'].values[k]:g}{Units.of(dataset).behind('time')}"
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
                label=label,
            )
        entries.append((label, colour, float(y[-1])))
    if np.unique(bath).size > 1:
        words = {"-": "solid", "--": "dashed", "-.": "dash-dotted", ":": "dotted"}
        parts = [f"bath {j} {words.get(str(STYLES[int(j) % len(STYLES)]), 'dash-dot-dotted')}" for j in np.unique(bath)]
        axes.set_title(", ".join(parts), loc="right", fontsize=7)  # on the left stands the power of ten
    axes.ticklabel_format(axis="y", style="sci", scilimits=(-2, 4), useMathText=True)
    axes.yaxis.get_offset_text().set_fontsize(6)
    axes.set_xlabel(rf"frequency $\omega$ ({plain(Units.of(dataset).name('energy'))})")
    axes.set_ylabel(r"$\Delta n_k$" if discrete else r"$\Delta n(\omega)$ per unit frequency")
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    if not discrete:
        drawn = values[shown] / weight
        support = frequency[np.abs(drawn[-1]) > 1e-3 * np.abs(drawn[-1]).max()]
        right = min(frequency.max(), 1.15 * support.max()) if support.size else frequency.max()
        low, high, cut = heights(frequency, drawn, right)
        if high > low:
            axes.set_ylim(low - 0.08 * (high - low), high + 0.08 * (high - low))
        if cut:
            axes.text(
                0.98, 0.98, "softest modes cut off", transform=axes.transAxes, ha="right", va="top", fontsize=6
            )  # fmt: skip
        axes.set_xlim(0, right)
    label_ends(axes, entries)
