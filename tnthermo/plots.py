"""Figures of a ledger: energies; heat and work; entropies; residuals and bond dimensions.

Single-column width, fonts of at least 7 points, colours after Okabe and Ito with a line style each, so that they are told apart in
print and without colour vision; labels stand beside the curves, in the margin. Bands are NAME +- NAME_error, shaded areas are bounds.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tnthermo.files import replacing

NAMES = ("energies", "heat_and_work", "entropies", "residuals")
FORMATS = ("png", "pdf")
WIDTH, HEIGHT = 3.5, 2.7  # inches, one column
STYLE: Any = {
    "font.size": 8,
    "axes.labelsize": 8,
    "xtick.labelsize": 7,
    "ytick.labelsize": 7,
    "axes.linewidth": 0.6,
    "lines.linewidth": 1.2,
    "xtick.direction": "in",
    "ytick.direction": "in",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "hatch.linewidth": 0.4,
    "pdf.fonttype": 42,
    "savefig.dpi": 300,
    "mathtext.fontset": "dejavusans",
}
BLACK, ORANGE, SKY, GREEN, BLUE, RED, PURPLE = (
    "#000000",
    "#E69F00",
    "#56B4E9",
    "#009E73",
    "#0072B2",
    "#D55E00",
    "#CC79A7",
)
TIME = "time $t$ (1/energy)"


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A column and how it is drawn."""

    name: str
    label: str
    colour: str
    style: str | tuple[int, tuple[float, ...]] = "-"


ENERGIES = (
    Curve(name="E_S", label="$E_S$", colour=BLUE),
    Curve(name="E_B", label="$E_B$", colour=RED, style="--"),
    Curve(name="E_int", label=r"$\langle H_\mathrm{int}\rangle$", colour=GREEN, style="-."),
    Curve(name="U_chi", label=r"$U_\chi$ binding", colour=PURPLE, style=":"),
    Curve(name="U_tot", label=r"$\langle H\rangle$ total", colour=BLACK, style=(0, (1, 3))),
)
HEAT_AND_WORK = (
    Curve(name="Q_S", label="$Q_S$", colour=BLUE),
    Curve(name="Q_B", label="$Q_B$", colour=RED, style="--"),
    Curve(name="Q_chi", label=r"$Q_\chi$", colour=PURPLE, style=":"),
    Curve(name="W_S", label="$W_S$", colour=SKY, style="-."),
    Curve(name="W_B", label="$W_B$", colour=ORANGE, style=(0, (5, 1, 1, 1, 1, 1))),
)
ENTROPIES = (
    Curve(name="S_S", label="$S_S$", colour=BLUE),
    Curve(name="Delta_S_B", label=r"$\Delta S_B$", colour=RED, style="--"),
    Curve(name="S_chi", label=r"$S_\chi$", colour=PURPLE, style=":"),
    Curve(name="Sigma_S", label=r"$\Sigma_S$", colour=SKY, style="-."),
    Curve(name="Sigma_total", label=r"$\Sigma$ total", colour=BLACK, style=(0, (4, 1))),
)
BOUNDED = (
    Curve(name="S_chi", label=r"$S_\chi$ bounds", colour=PURPLE, style=":"),
    Curve(name="Delta_S_B", label=r"$\Delta S_B$ bounds", colour=ORANGE, style="--"),
)
RESIDUALS = (
    Curve(name="residual_energy", label="energy", colour=BLACK),
    Curve(name="residual_heat", label="heat", colour=RED, style="--"),
    Curve(name="residual_work", label="work", colour=SKY, style="-."),
    Curve(name="residual_flux", label="flux", colour=BLUE, style=":"),
    Curve(name="residual_chi", label=r"$\chi$", colour=PURPLE, style=(0, (5, 1, 1, 1, 1, 1))),
    Curve(name="residual_occupation", label="occupation", colour=GREEN),
)


def spread(wanted: list[float], gap: float) -> list[float]:
    """Positions in [0, 1], in the order of ``wanted``, at least ``gap`` apart and as near to it as a simple sweep brings them."""
    order = np.argsort(wanted, kind="stable")
    placed = np.clip(np.asarray(wanted, dtype=float)[order], 0.0, 1.0)
    for _ in range(200):
        for i in range(1, placed.size):
            short = gap - (placed[i] - placed[i - 1])
            if short > 0:
                placed[i - 1] -= short / 2
                placed[i] += short / 2
        placed = np.clip(placed, 0.0, 1.0)
    result = np.empty_like(placed)
    result[order] = placed
    return [float(x) for x in result]


def label_ends(axes: Axes, entries: list[tuple[str, str, float]], *, gap: float = 0.085) -> None:
    """(label, colour, y) written in the right margin beside y (data units), moved apart, joined to it by a line of its colour."""
    fractions = []
    for _, _, y in entries:
        pixel = axes.transData.transform((axes.get_xlim()[1], y))
        fractions.append(float(axes.transAxes.inverted().transform(pixel)[1]))
    for (label, colour, _), origin, place in zip(entries, fractions, spread(fractions, gap), strict=True):
        axes.plot([1.005, 1.05], [origin, place], transform=axes.transAxes, color=colour, lw=0.9, clip_on=False)
        axes.text(1.06, place, label, transform=axes.transAxes, va="center", ha="left", fontsize=7.5)


def last_finite(values: np.ndarray) -> float:
    """The last finite entry; nan if there is none."""
    finite = values[np.isfinite(values)]
    return float(finite[-1]) if finite.size else float("nan")


def draw(axes: Axes, dataset: xr.Dataset, curves: tuple[Curve, ...]) -> list[tuple[str, str, float]]:
    """Curves with error bands; a column without a finite value is left out. Returns what to label."""
    t = dataset["t"].values
    entries = []
    for curve in curves:
        if curve.name not in dataset or not np.isfinite(dataset[curve.name].values).any():
            continue
        y = dataset[curve.name].values
        axes.plot(t, y, color=curve.colour, ls=curve.style)
        if f"{curve.name}_error" in dataset:
            error = dataset[f"{curve.name}_error"].values
            axes.fill_between(t, y - error, y + error, color=curve.colour, alpha=0.25, lw=0)
        entries.append((curve.label, curve.colour, last_finite(y)))
    return entries


def frame(axes: Axes, dataset: xr.Dataset, ylabel: str) -> None:
    """Time axis from the first to the last time, zero line, label of the y axis."""
    t = dataset["t"].values
    axes.set_xlim(t[0], t[-1] if t[-1] > t[0] else t[0] + 1)
    axes.set_ylabel(ylabel)
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)


def energies(axes: Axes, dataset: xr.Dataset) -> None:
    """E_S, E_B, the interaction and binding energy, and their conserved total."""
    entries = draw(axes, dataset, ENERGIES)
    frame(axes, dataset, "energy")
    axes.set_xlabel(TIME)
    label_ends(axes, entries)


def heat_and_work(axes: Axes, dataset: xr.Dataset) -> None:
    """Heat and work accumulated by the system, the bath and the correlations."""
    entries = draw(axes, dataset, HEAT_AND_WORK)
    alpha = dataset.attrs.get("alpha_S")
    frame(axes, dataset, "heat, work" + (rf" ($\alpha_S$ = {alpha:g})" if alpha is not None else ""))
    axes.set_xlabel(TIME)
    label_ends(axes, entries)


def entropies(axes: Axes, dataset: xr.Dataset) -> None:
    """Entropies and entropy production; where only bounds are known the area between them."""
    t = dataset["t"].values
    entries = []
    for curve in BOUNDED:
        bounds = [f"{curve.name}_lower", f"{curve.name}_upper"]
        if np.isfinite(dataset[curve.name].values).any() or not all(bound in dataset for bound in bounds):
            continue
        low, high = (dataset[bound].values for bound in bounds)
        if curve.name == "S_chi":  # hatched and filled: the two areas overlap
            axes.fill_between(t, low, high, facecolor="none", edgecolor=curve.colour, hatch="////", alpha=0.45, lw=0)
        else:
            axes.fill_between(t, low, high, color=curve.colour, alpha=0.2, lw=0)
        for edge in (low, high):
            axes.plot(t, edge, color=curve.colour, ls=curve.style, lw=0.7)
        outer = high if curve.name == "S_chi" else low
        entries.append((curve.label, curve.colour, last_finite(outer)))
    entries += draw(axes, dataset, ENTROPIES)
    frame(axes, dataset, "entropy (nat)")
    axes.set_xlabel(TIME)
    label_ends(axes, entries)


def residuals(upper: Axes, lower: Axes, dataset: xr.Dataset) -> None:
    """|residuals| relative to the largest |E_int| on a log scale; below it the largest bond dimension."""
    t = dataset["t"].values
    scale = float(np.nanmax(np.abs(dataset["E_int"].values)))
    entries = []
    for curve in RESIDUALS:
        y = np.abs(dataset[curve.name].values) / (scale if scale > 0 else 1.0)
        shown = np.isfinite(y) & (y > 0)
        if not shown.any():
            continue
        sparse = shown.sum() < 0.5 * t.size
        upper.plot(t[shown], y[shown], color=curve.colour, ls=curve.style, marker="o" if sparse else "", ms=2.5, lw=0.9)
        entries.append((curve.label, curve.colour, float(y[shown][-1])))
    upper.set_yscale("log")
    frame(upper, dataset, r"|residual| / max$|E_\mathrm{int}|$" if scale > 0 else "|residual|")
    label_ends(upper, entries, gap=0.13)
    upper.tick_params(labelbottom=False)
    lower.step(t, dataset["bond_dimension"].values, where="post", color=BLACK)
    lower.set_ylim(0, 1.15 * float(dataset["bond_dimension"].max()))
    frame(lower, dataset, "largest\nbond")
    lower.set_xlabel(TIME)


PANELS: tuple[Callable[[Axes, xr.Dataset], None], ...] = (energies, heat_and_work, entropies)


def plot(dataset: xr.Dataset) -> Figure:
    """All four panels of a ledger as one figure of double-column width, for a notebook or ``figure.savefig(...)``."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * WIDTH + 0.3, 2 * HEIGHT))
        grid = figure.add_gridspec(2, 2, left=0.08, right=0.875, top=0.955, bottom=0.08, wspace=0.62, hspace=0.3)
        for place, panel, letter in zip((grid[0, 0], grid[0, 1], grid[1, 0]), PANELS, "abc", strict=True):
            axes = figure.add_subplot(place)
            panel(axes, dataset)
            axes.set_title(f"({letter})", loc="left", fontsize=8)
        parts = grid[1, 1].subgridspec(2, 1, height_ratios=(2.2, 1), hspace=0.12)
        upper, lower = figure.add_subplot(parts[0]), figure.add_subplot(parts[1])
        residuals(upper, lower, dataset)
        upper.set_title("(d)", loc="left", fontsize=8)
        caution(figure, dataset)
    return figure


def caution(figure: Figure, dataset: xr.Dataset) -> None:
    """A line at the top of a figure of a run that did not converge; nothing otherwise."""
    flags = str(dataset.attrs.get("flags", "none"))
    if flags != "none":
        text = f"not converged: {flags.split(';')[0].split(' (')[0]}"
        figure.text(0.995, 0.998, text, ha="right", va="top", fontsize=6, color=BLACK)


def single(dataset: xr.Dataset, name: str) -> Figure:
    """One of NAMES as a figure of single-column width."""
    figure = Figure(figsize=(WIDTH, HEIGHT))
    grid = figure.add_gridspec(2 if name == "residuals" else 1, 1, left=0.17, right=0.78, top=0.96, bottom=0.15)
    if name == "residuals":
        grid.set_height_ratios([2.2, 1])
        residuals(figure.add_subplot(grid[0]), figure.add_subplot(grid[1]), dataset)
    else:
        PANELS[NAMES.index(name)](figure.add_subplot(grid[0]), dataset)
    caution(figure, dataset)
    return figure


def paths(folder: Path) -> list[Path]:
    """Where `figures` writes."""
    return [folder / f"{name}.{form}" for name in NAMES for form in FORMATS]


def complete(folder: Path) -> bool:
    """Whether all figures are there."""
    return all(path.is_file() for path in paths(folder))


def figures(dataset: xr.Dataset, directory: str | Path) -> list[Path]:
    """Write the four figures as PNG and PDF into ``directory`` (which exists); returns the paths. Raises `files.StorageError`."""
    folder = Path(directory)
    with mpl.rc_context(STYLE):
        for name in NAMES:
            figure = single(dataset, name)
            for form in FORMATS:
                metadata = {"CreationDate": None} if form == "pdf" else None  # the same ledger gives the same file
                with replacing(folder / f"{name}.{form}") as temporary:
                    figure.savefig(temporary, format=form, metadata=metadata)
    return paths(folder)
