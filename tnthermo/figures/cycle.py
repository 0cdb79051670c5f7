"""The figure of a record of cycles: what each stroke of the last cycle does, what each cycle does, and how near the limit cycle is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, NullFormatter

from chains.problems import raise_if_any
from tnthermo.checks import dataset_problems
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
    energy_label,
    label_ends,
    write_figure,
)
from tnthermo.record.flag_text import flags_of
from tnthermo.types import Real

NAME = "cycle"
NEEDED = ("stroke_Delta_E_S", "stroke_W_drive_S", "stroke_W_drive_each", "stroke_Delta_E_B_each", "W", "distance")
OF_BATHS = (RED, SKY, PURPLE)
FITS = 32  # letters that stand side by side below the axis; of longer names every second one has a line of its own
TALL = 2.1
POWERS = (-2, 3)  # numbers beyond have their power of ten at the end of the axis: ticks stay narrow
SMALLEST = 1e-12  # a distance below it is shown as this one: a logarithmic axis has no 0


@dataclass(frozen=True, kw_only=True, eq=False)
class _Energy:
    """One energy of strokes (cycle, stroke) and of cycles (cycle,), with errors that are 0 where none is known.

    strokes is None where it is of cycles alone
    """

    name: str
    label: str
    colour: str
    marker: str
    strokes: tuple[Real, Real] | None
    cycles: tuple[Real, Real]


def plot_cycles(record: xr.Dataset) -> Figure:
    """What `tnthermo.cycles` found as one figure, energies with error bars.

    Above, of the strokes of the last cycle the change of E_S, the work of the drives of H_S, the work of switching all couplings and the
    heat that each bath gives; then the same of each cycle, with all work; below the distance of each cycle to the one before, and the
    limit below which it counts as the limit cycle.

    Of more than three baths the heat of all is one curve. Raises `chains.InvalidInput` for what is no such record.
    """
    raise_if_any(dataset_problems("record", record, NEEDED, "a dataset of tnthermo.cycles"))
    found = _energies(record)
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(WIDTH, TALL * HEIGHT))
        places = figure.add_gridspec(
            3, 1, height_ratios=(1.2, 1.2, 0.8), left=0.17, right=0.765, top=0.94, bottom=0.07, hspace=0.4
        )
        upper, middle, lower = (figure.add_subplot(places[k]) for k in range(3))
        _strokes(upper, record, found)
        _cycles(middle, record, found)
        _distances(lower, record)
        figure.text(0.985, 0.995, _said(record), fontsize=7, ha="right", va="top")
    return figure


def paths(folder: Path) -> list[Path]:
    """Where `save_cycle_figure` writes."""
    return [folder / f"{NAME}.{form}" for form in FORMATS]


def complete(folder: Path) -> bool:
    """Whether the figure is there."""
    return all(path.is_file() for path in paths(folder))


def save_cycle_figure(record: xr.Dataset, directory: str | Path) -> list[Path]:
    """cycle.png and cycle.pdf in ``directory``, which exists; returns the paths. Raises `errors.StorageError`."""
    with mpl.rc_context(STYLE):
        return write_figure(plot_cycles(record), Path(directory), NAME)


def _energies(record: xr.Dataset) -> list[_Energy]:
    def of(name: str, baths: Any = None, sign: float = 1.0) -> tuple[Real, Real]:
        values, errors = record[name].values, np.nan_to_num(record[f"{name}_error"].values, nan=0.0)
        if baths is None:
            return sign * values, errors
        return sign * values[..., baths].sum(axis=-1), errors[..., baths].sum(axis=-1)

    def both(name: str, baths: Any = None, sign: float = 1.0) -> dict[str, tuple[Real, Real]]:
        return {"strokes": of(f"stroke_{name}", baths, sign), "cycles": of(name, baths, sign)}

    every = list(range(record.sizes["bath"]))
    groups = [[j] for j in every] if len(every) <= len(OF_BATHS) else [every]
    return [
        _Energy(name="Delta_E_S", label=r"$\Delta E_S$", colour=GREEN, marker="v", **both("Delta_E_S")),
        _Energy(name="W_drive_S", label="$W$ of $H_S$", colour=BLUE, marker="s", **both("W_drive_S")),
        _Energy(name="W_drive_each", label="$W$ switching", colour=ORANGE, marker="D", **both("W_drive_each", every)),
        *(
            _Energy(
                name=f"Q:{group[0]}" if len(group) == 1 else "Q",
                label=f"$Q$, bath {group[0]}" if len(group) == 1 else "$Q$, baths",
                colour=colour,
                marker="^",
                **both("Delta_E_B_each", group, -1.0),
            )
            for group, colour in zip(groups, OF_BATHS, strict=False)
        ),
        _Energy(name="W", label="$W$, all", colour=BLACK, marker="o", strokes=None, cycles=of("W")),
    ]


def _strokes(axes: Axes, record: xr.Dataset, found: list[_Energy]) -> None:
    shown = [one for one in found if one.strokes is not None]
    names = [str(name) for name in record["stroke"].values]
    where, width = np.arange(len(names)), 0.8 / len(shown)
    for number, one in enumerate(shown):
        assert one.strokes is not None
        values, errors = (of[-1] for of in one.strokes)
        at = where + width * (number - 0.5 * (len(shown) - 1))
        axes.bar(at, values, 0.9 * width, color=one.colour, gid=f"stroke_{one.name}", label=one.label)
        axes.errorbar(
            at, values, yerr=errors, fmt="none", ecolor=BLACK, elinewidth=0.6, capsize=1.2, capthick=0.6, gid=f"stroke_{one.name}_error"
        )  # fmt: skip
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    longest = len(names) * max(map(len, names))
    fit = longest <= 2 * FITS
    lines = [name if longest <= FITS or k % 2 == 0 else f"\n{name}" for k, name in enumerate(names)]
    axes.set_xticks(where, lines if fit else [str(k) for k in where])
    axes.tick_params(axis="x", length=0)
    axes.set_xlim(-0.5, len(names) - 0.5)
    if not fit:
        axes.set_xlabel("stroke")
    axes.ticklabel_format(axis="y", scilimits=POWERS)
    axes.set_ylabel(energy_label(record, f"energy, cycle {int(record['cycle'][-1])}"))
    axes.margins(y=0.08)


def _cycles(axes: Axes, record: xr.Dataset, found: list[_Energy]) -> None:
    number = record["cycle"].values
    for one in found:
        values, errors = one.cycles
        axes.errorbar(
            number, values, yerr=errors, color=one.colour, marker=one.marker, ms=3, lw=0.8, capsize=1.5, gid=one.name, label=one.label
        )  # fmt: skip
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)
    axes.ticklabel_format(axis="y", scilimits=POWERS)
    axes.set_ylabel(energy_label(record, "energy a cycle"))
    _of_cycles(axes, number)
    label_ends(axes, [(one.label, one.colour, float(one.cycles[0][-1])) for one in found], gap=0.11)


def _distances(axes: Axes, record: xr.Dataset) -> None:
    number, distance = record["cycle"].values, record["distance"].values
    known = np.isfinite(distance)
    limit = float(record.attrs["limit"])
    if known.any():
        values = np.maximum(distance[known], SMALLEST)
        errors = np.nan_to_num(record["distance_error"].values[known], nan=0.0)
        below = np.minimum(errors, values * (1 - 1e-3))  # what reaches to 0 has no place on this axis
        axes.errorbar(
            number[known], values, yerr=[below, errors], color=BLACK, marker="o", ms=3, lw=0.8, capsize=1.5, gid="distance",
            label="distance",
        )  # fmt: skip
        axes.set_yscale("log")
        low, high = 0.7 * min(limit, *values), 1.4 * max(limit, *(values + errors))
        axes.set_ylim(10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high)))
        axes.yaxis.set_minor_formatter(NullFormatter())  # within one decade they would be wider than the margin
    else:
        axes.set_ylim(0, 2 * limit)
        axes.text(0.5, 0.8, "two cycles are needed", transform=axes.transAxes, ha="center", va="center", fontsize=7)
    _of_cycles(axes, number)
    axes.plot(axes.get_xlim(), [limit, limit], color=RED, lw=0.8, ls="--", gid="limit")
    axes.set_xlabel("cycle")
    axes.set_ylabel("distance of cycles")
    entries = [("limit", RED, limit)]
    label_ends(axes, entries + ([("distance", BLACK, float(values[-1]))] if known.any() else []), gap=0.16)


def _of_cycles(axes: Axes, number: Any) -> None:
    axes.set_xlim(float(number[0]) - 0.3, float(number[-1]) + 0.3)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, nbins=8, min_n_ticks=1))


def _said(record: xr.Dataset) -> str:
    """What the last cycle is, and whether it is the limit cycle, in few words."""
    mode = str(record["mode"].values[-1])
    reached = str(record.attrs["limit_cycle"]).split(":")[0]
    flagged = "; not converged" if flags_of(record.attrs) else ""
    return f"last cycle: {mode}; limit cycle {reached}{flagged}"
