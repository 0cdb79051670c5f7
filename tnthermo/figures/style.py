"""How figures look: single-column width, fonts of at least 7 points, colours after Okabe and Ito with a line style each, so that they are
told apart in print and without colour vision; labels stand beside the curves, in the margin. Bands are NAME +- NAME_error.

What is drawn has the label of its curve, and its column as its id (``gid``; of one of several COLUMN:k, of a band COLUMN_error): so a
figure can be read again, by `tnthermo.pages.charts`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from tnthermo.machine.atomic_files import replacing
from tnthermo.units.units import Units

FORMATS = ("png", "pdf")
FAR = 0.1  # of the time axis, beyond which marks are not joined by a line
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


def time_label(dataset: xr.Dataset) -> str:
    """The label of the time axis."""
    return f"time $t$ ({Units.of(dataset).name('time')})"


def energy_label(dataset: xr.Dataset, label: str, dimension: str = "energy") -> str:
    """The label of an axis of energies, with the unit where it has a name."""
    return label + units_behind(dataset, dimension)


def units_behind(dataset: xr.Dataset, dimension: str) -> str:
    """ " (cm^-1)", nothing in natural units."""
    units = Units.of(dataset)
    return "" if units.natural else f" ({plain(units.name(dimension))})"


def plain(unit: str) -> str:
    """A unit with its powers raised, as figures write them: cm$^{-1}$/fs."""
    return re.sub(r"\^(-?\d+)", r"$^{\1}$", unit)


@dataclass(frozen=True, kw_only=True)
class Curve:
    """A column and how it is drawn."""

    name: str
    label: str
    colour: str
    style: str | tuple[int, tuple[float, ...]] = "-"


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


def label_ends(axes: Axes, entries: list[tuple[str, Any, float]], *, gap: float = 0.085) -> None:
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


def is_sparse(y: npt.NDArray[np.float64]) -> bool:
    """Whether a column was evaluated at less than half of the times."""
    return bool(np.isfinite(y).sum() < 0.5 * y.size)


def draw(axes: Axes, dataset: xr.Dataset, curves: tuple[Curve, ...]) -> list[tuple[str, str, float]]:
    """Curves with error bands; a column without a finite value is left out, one that is sparse has marks. Returns what to label.

    Marks that are far apart are joined by dots: what lies between is not known.
    """
    t = dataset["t"].values
    entries = []
    for curve in curves:
        if curve.name not in dataset or not np.isfinite(dataset[curve.name].values).any():
            continue
        y = dataset[curve.name].values
        shown = np.isfinite(y) if is_sparse(y) else np.ones(y.size, dtype=bool)
        guide = is_sparse(y) and far_apart(t[shown], t)
        axes.plot(
            t[shown], y[shown], color=curve.colour, ls=":" if guide else curve.style, lw=0.7 if guide else None,
            marker="o" if is_sparse(y) else "", ms=2.5, label=curve.label, gid=curve.name,
        )  # fmt: skip
        if f"{curve.name}_error" in dataset:
            error = dataset[f"{curve.name}_error"].values
            band(axes, t[shown], (y - error)[shown], (y + error)[shown], curve.colour, curve.label, curve.name)
        entries.append((curve.label, curve.colour, last_finite(y)))
    return entries


def far_apart(some: Any, t: Any) -> bool:
    """Whether a gap between neighbours of ``some`` of the times ``t`` is more than a tenth of all."""
    return bool(np.diff(some).max(initial=0.0) > FAR * (t[-1] - t[0]))


def band(axes: Axes, t: Any, low: Any, high: Any, colour: Any, label: str, column: str) -> None:
    """The area that an error leaves, NAME +- NAME_error."""
    axes.fill_between(t, low, high, color=colour, alpha=0.25, lw=0, label=label, gid=f"{column}_error")


def frame(axes: Axes, dataset: xr.Dataset, ylabel: str) -> None:
    """Time axis from the first to the last time, zero line, label of the y axis."""
    t = dataset["t"].values
    axes.set_xlim(t[0], t[-1] if t[-1] > t[0] else t[0] + 1)
    axes.set_ylabel(ylabel)
    axes.axhline(0, color="0.7", lw=0.5, zorder=0)


def write_figure(figure: Figure, folder: Path, name: str) -> list[Path]:
    """The figure in each of FORMATS in ``folder``, which exists; returns the paths. Raises `tnthermo.errors.StorageError`."""
    paths = []
    for form in FORMATS:
        path = folder / f"{name}.{form}"
        metadata = {"CreationDate": None} if form == "pdf" else None  # the same figure gives the same file
        with replacing(path) as temporary:
            figure.savefig(temporary, format=form, metadata=metadata)
        paths.append(path)
    return paths
