"""What a figure shows, read from its axes: curves, areas and bars in the units of the data, with labels, colours and ranges.

So another medium shows what the figures show, without drawing a ledger a second time. Labels are matplotlib's ($E_S$).
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from tnthermo.figures import panels, system
from tnthermo.figures.style import Curve
from tnthermo.types import Real

HATCHED = 0.12  # the opacity that stands for a hatched area
Dash = str | tuple[float, ...]


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """A curve.

    column  that it shows, COLUMN:k for one of several; "" where it is none
    x, y    (n,); y is NaN where it has no value
    colour  "#rrggbb"
    dash    "-", "--", "-.", ":", lengths of dashes and gaps, or "" for marks only
    marked  whether there are marks at the points
    steps   whether a value stays until the next
    """

    label: str
    column: str
    x: Real
    y: Real
    colour: str
    dash: Dash
    marked: bool
    steps: bool


@dataclass(frozen=True, kw_only=True, eq=False)
class Area:
    """A band or what lies between bounds: closed outlines, each (m, 2), filled with an opacity."""

    label: str
    outlines: tuple[Real, ...]
    colour: str
    opacity: float


@dataclass(frozen=True, kw_only=True, eq=False)
class Bars:
    """Upright bars, each (2, 2)."""

    label: str
    segments: tuple[Real, ...]
    colour: str


@dataclass(frozen=True, kw_only=True, eq=False)
class Box:
    """One pair of axes: labels, ranges, whether y is logarithmic, its lower and upper edge in parts of the figure's height."""

    title: str
    xlabel: str
    ylabel: str
    xrange: tuple[float, float]
    yrange: tuple[float, float]
    logarithmic: bool
    bottom: float
    top: float
    lines: tuple[Line, ...]
    areas: tuple[Area, ...]
    bars: tuple[Bars, ...]


def contents(figure: Figure) -> tuple[Box, ...]:
    """What the axes of a figure of `tnthermo.figures` show, from the top down. Frames, zero lines and labels in the margin are left out."""
    return tuple(_box(axes) for axes in figure.axes)


def _box(axes: Axes) -> Box:
    place = axes.get_position()
    own = [line for line in axes.lines if line.get_transform() == axes.transData]
    (left, right), (low, high) = axes.get_xlim(), axes.get_ylim()
    return Box(
        title=axes.get_title(loc="right"),
        xlabel=axes.get_xlabel(),
        ylabel=axes.get_ylabel(),
        xrange=(float(left), float(right)),
        yrange=(float(low), float(high)),
        logarithmic=axes.get_yscale() == "log",
        bottom=float(place.y0),
        top=float(place.y1),
        lines=tuple(_line(line) for line in own if np.size(line.get_xdata())),
        areas=tuple(_area(one) for one in axes.collections if isinstance(one, PolyCollection)),
        bars=tuple(_bars(one) for one in axes.collections if isinstance(one, LineCollection)),
    )


def _line(line: Line2D) -> Line:
    column = str(line.get_gid() or "")
    style = str(line.get_linestyle())
    return Line(
        label=str(line.get_label()),
        column=column,
        x=np.asarray(line.get_xdata(), dtype=float),
        y=np.asarray(line.get_ydata(), dtype=float),
        colour=to_hex(line.get_color()),  # type: ignore[arg-type]
        dash="" if style == "None" else _dashes(column, style),
        marked=line.get_marker() not in ("", "None", None),
        steps=line.get_drawstyle() == "steps-post",
    )


def _area(area: PolyCollection) -> Area:
    face, edge = (np.asarray(colour, dtype=float) for colour in (area.get_facecolor(), area.get_edgecolor()))
    hatched = face.size == 0 or face[0, 3] == 0  # it has the colour of its edge
    shade = (edge if hatched else face)[0]
    return Area(
        label=str(area.get_label()),
        outlines=tuple(np.asarray(path.vertices, dtype=float) for path in area.get_paths()),
        colour=to_hex(tuple(shade[:3].tolist())),
        opacity=HATCHED if hatched else float(shade[3]),
    )


def _bars(bars: LineCollection) -> Bars:
    segments = tuple(np.asarray(one, dtype=float) for one in bars.get_segments() if np.shape(one) == (2, 2))
    colour = np.asarray(bars.get_colors(), dtype=float)[0]
    return Bars(label=str(bars.get_label()), segments=segments, colour=to_hex(tuple(colour[:3].tolist())))


@cache
def _curves() -> dict[str, Curve]:
    compared = (curve for one in panels.FIGURES for curves in one.compared for curve in curves)
    return {curve.name: curve for curve in (*compared, *panels.DRIVEN, *panels.RESIDUALS, *system.SIGMAS)}


def _dashes(column: str, style: str) -> Dash:
    """The style of a curve: artists keep only the name of one that was given by its lengths."""
    curve = _curves().get(column)
    given = style if curve is None else curve.style
    return given if isinstance(given, str) else given[1]
