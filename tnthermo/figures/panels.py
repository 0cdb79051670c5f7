"""Figures of a ledger: the system; energies; heat and work; entropies; residuals and bond dimensions; where there are any, baths and modes.

Bands are NAME +- NAME_error, shaded areas are bounds (`tnthermo.figures.style`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import matplotlib as mpl
import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.gridspec import SubplotSpec

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.figures.baths import currents, has_baths, has_modes, modes
from tnthermo.figures.style import (
    BLACK,
    BLUE,
    FORMATS,
    GREEN,
    HEIGHT,
    ORANGE,
    PURPLE,
    RED,
    SKY,
    STYLE,
    WIDTH,
    Curve,
    draw,
    energy_label,
    frame,
    is_sparse,
    label_ends,
    last_finite,
    time_label,
    write_figure,
)
from tnthermo.figures.system import SIGMAS, has_system, system
from tnthermo.record.flag_text import flags_of
from tnthermo.types import Real

BELOW_CAUTION = 0.925  # upper edge of the axes of a figure with a caution: labels beside it reach above it
TALLER = 1.25  # of the figure of entropies
NARROW = 0.03  # of an axis: bars shorter than that are drawn as marks
Layout = Callable[[Figure, SubplotSpec, xr.Dataset, float | None], list[Axes]]
CAUTION = 72  # characters that fit above a figure of one column
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
DRIVEN = (
    Curve(name="W_total", label=r"$W$ total", colour=BLACK, style=(0, (4, 1))),
    Curve(name="W_chi", label=r"$W_\chi$", colour=GREEN, style=":"),
)
ENTROPIES = (
    Curve(name="S_S", label="$S_S$", colour=BLUE),
    Curve(name="Delta_S_B", label=r"$\Delta S_B$", colour=RED, style="--"),
    Curve(name="S_chi", label=r"$S_\chi$", colour=PURPLE, style=":"),
)
PRODUCTIONS = (
    Curve(name="Sigma_B", label=r"$\Sigma_B$", colour=RED, style="--"),
    Curve(name="Sigma_S", label=r"$\Sigma_S$", colour=SKY, style="-."),
    Curve(name="Sigma_total", label=r"$\Sigma$ total", colour=BLACK, style=(0, (4, 1))),
)
BOUNDED = (
    Curve(name="S_chi", label=r"$S_\chi$ bounds", colour=PURPLE, style=":"),
    Curve(name="Delta_S_B", label=r"$\Delta S_B$ bounds", colour=ORANGE, style="--"),
    Curve(name="Sigma_B", label=r"$\Sigma_B$ bounds", colour=ORANGE, style="--"),
)
RESIDUALS = (
    Curve(name="residual_energy", label="energy", colour=BLACK),
    Curve(name="residual_heat", label="heat", colour=RED, style="--"),
    Curve(name="residual_work", label="work", colour=SKY, style="-."),
    Curve(name="residual_flux", label="flux", colour=BLUE, style=":"),
    Curve(name="residual_chi", label=r"$\chi$", colour=PURPLE, style=(0, (5, 1, 1, 1, 1, 1))),
    Curve(name="residual_occupation", label="occupation", colour=GREEN),
)
ROUNDING = float(np.finfo(float).eps)


def energies(axes: Axes, dataset: xr.Dataset) -> None:
    """E_S, E_B, the interaction and binding energy, and their conserved total."""
    entries = draw(axes, dataset, ENERGIES)
    frame(axes, dataset, energy_label(dataset, "energy"))
    axes.set_xlabel(time_label(dataset))
    label_ends(axes, entries)


def heat_and_work(axes: Axes, dataset: xr.Dataset) -> None:
    """Heat and work accumulated by the system, the bath and the correlations; of a driven run also the total work."""
    driven = "W_total" in dataset and bool(np.any(dataset["W_total"].values != 0))
    entries = draw(axes, dataset, HEAT_AND_WORK + (DRIVEN if driven else ()))
    alpha = dataset.attrs.get("alpha_S")
    frame(
        axes,
        dataset,
        energy_label(dataset, "heat, work") + (rf" ($\alpha_S$ = {alpha:g})" if alpha is not None else ""),
    )
    axes.set_xlabel(time_label(dataset))
    label_ends(axes, entries)


def measured(dataset: xr.Dataset) -> npt.NDArray[np.bool_]:
    """The times at which the bounds on S_chi are better than 0 and 2 S_S; all of them where there is no such time."""
    if "S_chi_upper" not in dataset or "S_chi_lower" not in dataset:
        return np.ones(dataset["t"].size, dtype=bool)
    free = 2 * dataset["S_S"].values
    found = (dataset["S_chi_upper"].values < free * (1 - 1e-9)) | (dataset["S_chi_lower"].values > 0)
    found[0] = True
    return found if found[1:].any() else np.ones(found.size, dtype=bool)


def only_bounded(dataset: xr.Dataset, curve: Curve) -> npt.NDArray[np.bool_]:
    """The times (n,) at which there are bounds on a column and no value."""
    bounds = [f"{curve.name}_lower", f"{curve.name}_upper"]
    if curve.name not in dataset or any(bound not in dataset for bound in bounds):
        return np.zeros(dataset["t"].size, dtype=bool)
    known = [np.isfinite(dataset[bound].values) for bound in bounds]
    return np.asarray(known[0] & known[1] & ~np.isfinite(dataset[curve.name].values))


def has_no_value(dataset: xr.Dataset, curve: Curve) -> bool:
    """Whether there are bounds on a column, and no value at any time."""
    return bool(only_bounded(dataset, curve).any()) and not np.isfinite(dataset[curve.name].values).any()


def bounds_of(
    dataset: xr.Dataset, curves: tuple[Curve, ...], at: npt.NDArray[np.bool_]
) -> list[tuple[Curve, Real, Real]]:
    """(curve, lower, upper) at the times ``at`` (n,), NaN where there is a value, of the columns that are only bounded somewhere."""
    found = []
    for curve in curves:
        bounded = only_bounded(dataset, curve) & at
        if bounded.any():
            low, high = (
                np.where(bounded, dataset[f"{curve.name}_{side}"].values, np.nan)[at] for side in ("lower", "upper")
            )
            found.append((curve, low, high))
    return found


def outer(curve: Curve, low: Real, high: Real) -> tuple[str, str, float]:
    """What to label of a pair of bounds: the one that is farther from the other columns."""
    return curve.label, curve.colour, last_finite(high if curve.name == "S_chi" else low)


def areas(axes: Axes, t: Real, found: list[tuple[Curve, Real, Real]]) -> None:
    """The area between bounds."""
    for curve, low, high in found:
        if curve.name == "S_chi":  # hatched and filled: the two areas overlap
            axes.fill_between(
                t,
                low,
                high,
                facecolor="none",
                edgecolor=curve.colour,
                hatch="////",
                alpha=0.45,
                lw=0,
                label=curve.label,
            )
        else:
            axes.fill_between(t, low, high, color=curve.colour, alpha=0.2, lw=0, label=curve.label)
        for side, edge in (("lower", low), ("upper", high)):
            axes.plot(
                t, edge, color=curve.colour, ls=curve.style, lw=0.7, label=curve.label, gid=f"{curve.name}_{side}"
            )


def bars(axes: Axes, t: Real, found: list[tuple[Curve, Real, Real]]) -> None:
    """Bars between bounds at the times ``t``; marks where they are narrower than these.

    Call it when everything else is drawn: what is narrow depends on the range of the axis.
    """
    for curve, low, high in found:
        axes.vlines(t, low, high, color=curve.colour, lw=1.6, alpha=0.8, label=curve.label)
    bottom, top = axes.get_ylim()
    for curve, low, high in found:
        narrow = high - low < NARROW * (top - bottom)
        for side, end in (("lower", low), ("upper", high)):
            axes.plot(
                t[~narrow], end[~narrow], color=curve.colour, ls="", marker="_", ms=5,
                label=curve.label, gid=f"{curve.name}_{side}",
            )  # fmt: skip
        axes.plot(
            t[narrow], (low + high)[narrow] / 2, color=curve.colour, ls="", marker="D", ms=3.5, clip_on=False, zorder=3,
            label=curve.label,
        )  # fmt: skip


def entropy_axes(figure: Figure, place: SubplotSpec, dataset: xr.Dataset, hspace: float | None = None) -> list[Axes]:
    """The axes of `entropies` at a place of a figure: two, one above the other, where there are entropy productions, else one."""
    if not any(name in dataset and np.isfinite(dataset[name].values).any() for name in ("Sigma_total", "Sigma_S")):
        return [figure.add_subplot(place)]
    parts = place.subgridspec(2, 1, hspace=0.14)
    pair = [figure.add_subplot(parts[0]), figure.add_subplot(parts[1])]
    figure.align_ylabels(pair)
    return pair


def entropies(axes: list[Axes], dataset: xr.Dataset) -> None:
    """Entropies, and below them entropy productions, which are larger at strong coupling; on ``axes`` of `entropy_axes`.

    Where only bounds are known: the area between them, or bars at the times they were evaluated.
    """
    better = measured(dataset)
    for where, curves, label in zip(
        axes, (ENTROPIES, PRODUCTIONS), ("entropy (nat)", "production (nat)"), strict=False
    ):
        bounded = tuple(curve for curve in BOUNDED if curve.name in [of.name for of in curves])
        found, t = bounds_of(dataset, bounded, better), dataset["t"].values[better]
        if better.all():
            areas(where, t, found)
        entries = draw(where, dataset, curves)
        entries += [outer(*one) for one in found if has_no_value(dataset, one[0])]
        frame(where, dataset, label)
        if not better.all():  # nothing is known between the times of evaluation but the free bounds
            bars(where, t, found)
        label_ends(where, entries, gap=0.085 * (2 if len(axes) > 1 else 1))
        where.tick_params(labelbottom=where is axes[-1])
    axes[-1].set_xlabel(time_label(dataset))


def residuals(upper: Axes, lower: Axes, dataset: xr.Dataset) -> None:
    """|residuals| relative to the largest |E_int| on a log scale, as far as they exceed rounding; below it the largest bond dimension."""
    t = dataset["t"].values
    scale = float(np.nanmax(np.abs(dataset["E_int"].values)))
    entries = []
    for curve in RESIDUALS:
        y = np.abs(dataset[curve.name].values) / (scale if scale > 0 else 1.0)
        shown = np.isfinite(y) & (y > ROUNDING)  # a work of 1e-27 would leave the others no room
        if not shown.any():
            continue
        mark = "o" if is_sparse(dataset[curve.name].values) else ""
        upper.plot(
            t[shown], y[shown], color=curve.colour, ls=curve.style, marker=mark, ms=2.5, lw=0.9,
            label=curve.label, gid=curve.name,
        )  # fmt: skip
        entries.append((curve.label, curve.colour, float(y[shown][-1])))
    if entries:
        upper.set_yscale("log")
    frame(upper, dataset, r"|residual| / max$|E_\mathrm{int}|$" if scale > 0 else "|residual|")
    label_ends(upper, entries, gap=0.13)
    upper.tick_params(labelbottom=False)
    lower.step(t, dataset["bond_dimension"].values, where="post", color=BLACK, label="bond", gid="bond_dimension")
    lower.set_ylim(0, 1.15 * float(dataset["bond_dimension"].max()))
    frame(lower, dataset, "largest\nbond")
    lower.set_xlabel(time_label(dataset))


def undivided(figure: Figure, place: SubplotSpec, dataset: xr.Dataset, hspace: float | None = None) -> list[Axes]:
    """All of a place of a figure."""
    return [figure.add_subplot(place)]


def stacked(*heights: float) -> Layout:
    """Axes one above the other, of relative ``heights``."""

    def axes(figure: Figure, place: SubplotSpec, dataset: xr.Dataset, hspace: float | None = None) -> list[Axes]:
        parts = place.subgridspec(len(heights), 1, height_ratios=heights, hspace=hspace)
        return [figure.add_subplot(parts[k]) for k in range(len(heights))]

    return axes


@dataclass(frozen=True, kw_only=True, eq=False)
class Panel:
    """One figure of a ledger, alone or as a panel of `plot`.

    name      of its files
    draw      draws a ledger on the axes
    axes      makes them at a place of a figure
    height    of the figure, relative
    above     part of the height that is left for what stands above its axes
    exists    whether a ledger has it; None: every ledger
    compared  for each of its axes the curves that second order may have as well; none: not drawn beside it
    overview  whether it is one of the four of `plot`; every ledger must have it
    """

    name: str
    draw: Callable[[list[Axes], xr.Dataset], None]
    axes: Layout = undivided
    height: float = 1.0
    above: float = 0.0
    exists: Callable[[xr.Dataset], bool] | None = None
    compared: tuple[tuple[Curve, ...], ...] = ()
    overview: bool = False


FIGURES = (
    Panel(
        name="system",
        draw=lambda axes, dataset: system(axes[0], axes[1], dataset),
        axes=stacked(1, 1),
        height=TALLER,
        exists=has_system,
        compared=(SIGMAS,),
    ),
    Panel(
        name="energies",
        draw=lambda axes, dataset: energies(axes[0], dataset),
        compared=(ENERGIES,),
        overview=True,
    ),
    Panel(
        name="heat_and_work",
        draw=lambda axes, dataset: heat_and_work(axes[0], dataset),
        compared=(HEAT_AND_WORK,),
        overview=True,
    ),
    Panel(
        name="entropies",
        draw=entropies,
        axes=entropy_axes,
        height=TALLER,
        compared=(ENTROPIES, PRODUCTIONS),
        overview=True,
    ),
    Panel(
        name="residuals",
        draw=lambda axes, dataset: residuals(axes[0], axes[1], dataset),
        axes=stacked(2.2, 1),
        overview=True,
    ),
    Panel(
        name="baths",
        draw=lambda axes, dataset: currents(axes[0], axes[1], dataset),
        axes=stacked(1, 1),
        exists=has_baths,
    ),
    Panel(name="modes", draw=lambda axes, dataset: modes(axes[0], dataset), above=0.05, exists=has_modes),
)
"""All figures of a ledger, in order. A new one is an entry here and a function that draws it."""


def panel(name: str) -> Panel:
    """The entry of `FIGURES`."""
    return next(found for found in FIGURES if found.name == name)


def raise_if_second_order(dataset: xr.Dataset) -> None:
    """Raises `chains.InvalidInput` for a dataset of `tnthermo.weak_coupling`, which has no residuals or bonds to draw."""
    raise_if_any(instance_problems("dataset", dataset, xr.Dataset, "the ledger of a run"))
    if "bond_dimension" not in dataset:
        method = str(dataset.attrs.get("method", "no ledger"))
        hint = "second order is drawn beside a run: `tnthermo plot DIR --weak-coupling tcl2`"
        raise InvalidInput([Problem(key="dataset", value=method, allowed="the ledger of a run", hint=hint)])


def plot(dataset: xr.Dataset) -> Figure:
    """All four panels of a ledger as one figure of double-column width, for a notebook or ``figure.savefig(...)``.

    Raises `chains.InvalidInput` for what `tnthermo.weak_coupling` gives.
    """
    raise_if_second_order(dataset)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(2 * WIDTH + 0.3, 2 * HEIGHT))
        grid = figure.add_gridspec(2, 2, left=0.08, right=0.875, top=0.955, bottom=0.08, wspace=0.62, hspace=0.3)
        for k, each in enumerate(found for found in FIGURES if found.overview):
            axes = each.axes(figure, grid[k], dataset, 0.12)
            each.draw(axes, dataset)
            axes[0].set_title(f"({'abcd'[k]})", loc="left", fontsize=8)
        caution(figure, dataset)
    return figure


def caution(figure: Figure, dataset: xr.Dataset) -> None:
    """A line at the top of a figure of a run that did not converge; nothing otherwise."""
    flags = flags_of(dataset.attrs)
    if flags:
        first, *others = flags
        text = f"not converged: {first.split(' (')[0]}" + (f" (+{len(others)})" if others else "")
        text = text if len(text) <= CAUTION else text[: CAUTION - 1] + "\u2026"
        figure.text(0.995, 0.998, text, ha="right", va="top", fontsize=6, color=BLACK)


def single(dataset: xr.Dataset, name: str) -> Figure:
    """One of `names` as a figure of single-column width."""
    drawn = panel(name)
    figure = Figure(figsize=(WIDTH, HEIGHT * drawn.height))
    top = (BELOW_CAUTION if flags_of(dataset.attrs) else 0.96) - drawn.above
    grid = figure.add_gridspec(1, 1, left=0.17, right=0.78, top=top, bottom=0.15 / drawn.height)
    drawn.draw(drawn.axes(figure, grid[0], dataset, None), dataset)
    caution(figure, dataset)
    return figure


def names(dataset: xr.Dataset | None = None) -> tuple[str, ...]:
    """The figures that a ledger has; without one those that every ledger has."""
    return tuple(
        found.name for found in FIGURES if found.exists is None or (dataset is not None and found.exists(dataset))
    )


def paths(folder: Path, dataset: xr.Dataset | None = None) -> list[Path]:
    """Where `figures` writes; without a dataset those that every ledger has."""
    return [folder / f"{name}.{form}" for name in names(dataset) for form in FORMATS]


def complete(folder: Path) -> bool:
    """Whether the figures that every ledger has are there."""
    return all(path.is_file() for path in paths(folder))


def figures(dataset: xr.Dataset, directory: str | Path) -> list[Path]:
    """Write the figures as PNG and PDF into ``directory`` (which exists); returns the paths.

    Raises `errors.StorageError`, and `chains.InvalidInput` for what `tnthermo.weak_coupling` gives.
    """
    raise_if_second_order(dataset)
    folder = Path(directory)
    with mpl.rc_context(STYLE):
        for name in names(dataset):
            write_figure(single(dataset, name), folder, name)
    return paths(folder, dataset)
