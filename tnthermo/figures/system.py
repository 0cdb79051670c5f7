"""The figure of the system: Bloch vector of a qubit, populations as H_S is written and of its levels."""

from __future__ import annotations

import numpy as np
import xarray as xr
from matplotlib.axes import Axes

from tnthermo.figures.style import (
    BLACK,
    BLUE,
    GREEN,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    Curve,
    band,
    draw,
    frame,
    label_ends,
    last_finite,
    time_label,
)

SIGMAS = (
    Curve(name="sigma_x", label=r"$\langle\sigma_x\rangle$", colour=RED, style="--"),
    Curve(name="sigma_y", label=r"$\langle\sigma_y\rangle$", colour=GREEN, style="-."),
    Curve(name="sigma_z", label=r"$\langle\sigma_z\rangle$", colour=BLUE),
)
COLOURS = (BLUE, RED, GREEN, PURPLE, SKY, ORANGE, BLACK)
MOST = 7  # levels that are drawn, those that hold most
SAME = 2e-3  # populations that never differ by more are one curve
GAP = 0.085 * 2  # between labels beside axes of half the height


def has_system(dataset: xr.Dataset) -> bool:
    """Whether a ledger has the populations; files of before do not, nor those whose owner calls another column so."""
    return all(name in dataset and dataset[name].dims == ("t", "level") for name in ("population", "population_H"))


def is_qubit(dataset: xr.Dataset) -> bool:
    """Whether a ledger has the Bloch vector."""
    return all(curve.name in dataset and dataset[curve.name].dims == ("t",) for curve in SIGMAS)


def system(upper: Axes, lower: Axes, dataset: xr.Dataset) -> None:
    """Of a qubit <sigma> above and all populations below; of more levels populations as H_S is written above, of its levels below."""
    if is_qubit(dataset):
        entries = draw(upper, dataset, SIGMAS)
        frame(upper, dataset, r"$\langle\sigma\rangle$")
        label_ends(upper, entries, gap=GAP)
        entries = populations(lower, dataset, "population", "{}", "-")
        if differ(dataset):
            entries += populations(lower, dataset, "population_H", "E_{{{}}}", "--")
        label = "population"
    else:
        entries = populations(upper, dataset, "population", "{}", "-")
        frame(upper, dataset, "population\nas written" + some(dataset))
        label_ends(upper, entries, gap=GAP * 0.75)
        entries = populations(lower, dataset, "population_H", "E_{{{}}}", "--")
        label = "population\nof $H_S$" + some(dataset)
    frame(lower, dataset, label)
    label_ends(lower, entries, gap=GAP * 0.75)
    upper.tick_params(labelbottom=False)
    lower.set_xlabel(time_label(dataset))
    lower.figure.align_ylabels([upper, lower])


def some(dataset: xr.Dataset) -> str:
    """ " (7 of 9)" where not all levels are drawn."""
    count = dataset.sizes["level"]
    return f" ({MOST} of {count})" if count > MOST else ""


def differ(dataset: xr.Dataset) -> bool:
    """Whether the levels of H_S are others than the states of the basis in which it is written, whatever their order."""
    written, levels = (np.sort(dataset[name].values, axis=1) for name in ("population", "population_H"))
    return bool(np.abs(written - levels).max() > SAME)


def populations(axes: Axes, dataset: xr.Dataset, name: str, state: str, style: str) -> list[tuple[str, str, float]]:
    """Curves with error bands, of those levels that ever hold most; returns what to label."""
    t, values = dataset["t"].values, dataset[name].values
    most = np.sort(np.argsort(-values.max(axis=0), kind="stable")[:MOST])
    entries = []
    for k in most.tolist():
        colour = COLOURS[k % len(COLOURS)]
        label = rf"$|{state.format(k)}\rangle$"
        axes.plot(t, values[:, k], color=colour, ls=style, label=label, gid=f"{name}:{k}")
        if f"{name}_error" in dataset:
            error = dataset[f"{name}_error"].values[:, k]
            band(axes, t, values[:, k] - error, values[:, k] + error, colour, label, f"{name}:{k}")
        entries.append((label, colour, last_finite(values[:, k])))
    return entries
