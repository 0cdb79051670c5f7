"""The figures of a ledger as charts for a browser (plotly): what `tnthermo.figures` draws, with its colours, dashes, labels and bands."""

from __future__ import annotations

import importlib.util
from typing import Any

import numpy as np
import xarray as xr

from chains.problems import InvalidInput, Problem
from tnthermo.figures import panels
from tnthermo.figures.contents import Area, Bars, Box, Dash, Line, contents
from tnthermo.pages.labels import html_of
from tnthermo.types import Real

INSTALL = "pip install 'tnthermo[report]' installs it"
HEIGHT = 350  # pixels, of a figure of relative height 1
DASHES = {"-": "solid", "--": "dash", "-.": "dashdot", ":": "dot"}
LONGER = 2.0  # pixels of a dash for each of matplotlib's lengths, which are in widths of the line
BAR = 34  # pixels above a chart, for the bar of buttons: it must not lie on the legend
DIGITS = 10  # significant ones of what is drawn
INK, GRID = "#111111", "#dddddd"


def raise_without_plotly() -> None:
    """Raises `chains.InvalidInput` where plotly is not installed, with how to install it."""
    if importlib.util.find_spec("plotly") is None:
        raise InvalidInput([Problem(key="report", value="no plotly", allowed="needs plotly", hint=INSTALL)])


def script() -> str:
    """Plotly's own script, which a page holds once."""
    from plotly.offline import get_plotlyjs

    return str(get_plotlyjs())


def charts(dataset: xr.Dataset) -> dict[str, str]:
    """Each figure of a ledger (`panels.names`) as the HTML of a chart, by its name. The page has `script` before them."""
    from plotly.io import to_html

    found = {}
    config = {"displaylogo": False, "responsive": True}
    for name in panels.names(dataset):
        chart = figure(dataset, name)
        found[name] = to_html(
            chart, include_plotlyjs=False, full_html=False, div_id=f"chart-{name}", config=config, validate=True
        )
    return found


def figure(dataset: xr.Dataset, name: str) -> Any:
    """One of `panels.names` as a plotly Figure."""
    from plotly.graph_objects import Figure

    boxes = contents(panels.single(dataset, name))
    bottom, top = min(box.bottom for box in boxes), max(box.top for box in boxes)
    layout: dict[str, Any] = {
        "template": "none",
        "height": round(HEIGHT * panels.panel(name).height),
        "margin": {"l": 75, "r": 10, "t": BAR, "b": 48},
        "paper_bgcolor": "white",
        "plot_bgcolor": "white",
        "font": {"color": INK, "size": 13},
        "hovermode": "x" if boxes[0].xlabel.startswith("time") or len(boxes) > 1 else "closest",
    }
    if boxes[0].title:
        layout["title"] = {"text": html_of(boxes[0].title), "x": 0, "xref": "paper", "font": {"size": 13}}
    traces: list[dict[str, Any]] = []
    for k, box in enumerate(boxes):
        count = "" if k == 0 else str(k + 1)
        domain = [(box.bottom - bottom) / (top - bottom), (box.top - bottom) / (top - bottom)]
        layout[f"xaxis{count}"] = x_axis(box, count, last=k == len(boxes) - 1)
        layout[f"yaxis{count}"] = y_axis(box, count, domain)
        layout[f"legend{count}"] = {"x": 1.01, "y": domain[1], "yanchor": "top", "bgcolor": "rgba(0,0,0,0)"}
        traces += box_traces(dataset, box, k)
    return Figure(data=traces, layout=layout)


def x_axis(box: Box, count: str, *, last: bool) -> dict[str, Any]:
    """The lower axis; only the last of a figure has numbers and a label, the others move with it."""
    axis = {"range": list(box.xrange), "anchor": f"y{count}", "zeroline": False, "showgrid": False, "showline": True}
    axis |= {"linecolor": INK, "ticks": "inside", "showticklabels": last}
    axis |= {"title": {"text": html_of(box.xlabel)}} if last else {}
    return axis | ({"matches": "x"} if count else {})


def y_axis(box: Box, count: str, domain: list[float]) -> dict[str, Any]:
    """The axis on the left, in its part of the figure."""
    axis: dict[str, Any] = {"domain": domain, "anchor": f"x{count}", "showgrid": False, "showline": True}
    axis |= {"linecolor": INK, "ticks": "inside", "exponentformat": "power", "automargin": True}
    axis["title"] = {"text": html_of(box.ylabel), "standoff": 8}
    if box.logarithmic:
        return axis | {"type": "log", "range": np.log10(box.yrange).tolist(), "dtick": 2}
    return axis | {"range": list(box.yrange), "zeroline": True, "zerolinecolor": GRID, "zerolinewidth": 1}


def box_traces(dataset: xr.Dataset, box: Box, k: int) -> list[dict[str, Any]]:
    """Areas below bars below curves, as traces of plotly; a label stands in the legend once."""
    count = "" if k == 0 else str(k + 1)
    traces = [area_trace(area) for area in box.areas] + [bars_trace(bars) for bars in box.bars]
    traces += [line_trace(dataset, line) for line in box.lines]
    shown: set[str] = set()
    for trace in sorted(traces, key=lambda one: "fill" in one):
        named = trace["mode"] != "none" and not trace["name"].startswith("_") and trace["name"] not in shown
        shown |= {trace["name"]} if named else set()
        trace |= {"showlegend": named, "legendgroup": f"{k}: {trace['name']}"}
        trace |= {"xaxis": f"x{count}", "yaxis": f"y{count}", "legend": f"legend{count}"}
    return traces


def line_trace(dataset: xr.Dataset, line: Line) -> dict[str, Any]:
    """A curve; where it shows a column as it is, its error bar is told beside a value."""
    name = html_of(line.label)
    trace: dict[str, Any] = {"type": "scatter", "name": name, "x": plain(line.x), "y": plain(line.y)}
    trace["mode"] = "+".join(["lines"] * bool(line.dash) + ["markers"] * line.marked) or "lines"
    trace["line"] = {"color": line.colour, "width": 1.8, "dash": dashes(line.dash)}
    trace["line"] |= {"shape": "hv"} if line.steps else {}
    trace["marker"] = {"color": line.colour, "size": 5}
    bar = errors(dataset, line)
    trace["hovertemplate"] = f"{name} %{{y:.7g}}<extra></extra>"
    if bar is not None:
        known = ["no error known" if np.isnan(error) else f"± {error:.1g}" for error in bar.tolist()]
        trace |= {"customdata": known, "hovertemplate": f"{name} %{{y:.7g}} %{{customdata}}<extra></extra>"}
    return trace


def errors(dataset: xr.Dataset, line: Line) -> Real | None:
    """The errors (n,) of what a curve shows; None where it shows no column as it is, or one without errors."""
    name, _, place = line.column.partition(":")
    if name not in dataset or f"{name}_error" not in dataset:
        return None
    at = np.isin(dataset["t"].values, line.x)
    values, found = (
        dataset[one].values[at] if not place else dataset[one].values[at, int(place)] for one in (name, f"{name}_error")
    )
    same = values.shape == line.y.shape and np.array_equal(values, line.y, equal_nan=True)
    return np.asarray(found, dtype=float) if same else None


def area_trace(area: Area) -> dict[str, Any]:
    """A filled outline without an edge."""
    x, y = joined(area.outlines)
    red, green, blue = (int(area.colour[k : k + 2], 16) for k in (1, 3, 5))
    fill = f"rgba({red},{green},{blue},{area.opacity:g})"
    trace = {"type": "scatter", "name": html_of(area.label), "x": x, "y": y, "mode": "none", "fill": "toself"}
    return trace | {"fillcolor": fill, "hoverinfo": "skip", "line": {"width": 0}}


def bars_trace(bars: Bars) -> dict[str, Any]:
    """Upright bars."""
    x, y = joined(bars.segments)
    trace = {"type": "scatter", "name": html_of(bars.label), "x": x, "y": y, "mode": "lines", "hoverinfo": "skip"}
    return trace | {"line": {"color": bars.colour, "width": 3}, "opacity": 0.8}


def joined(pieces: tuple[Real, ...]) -> tuple[list[float | None], list[float | None]]:
    """Points (m, 2) of several pieces as two lists, with a gap between the pieces."""
    x: list[float | None] = []
    y: list[float | None] = []
    for piece in pieces:
        x += [*plain(piece[:, 0]), None]
        y += [*plain(piece[:, 1]), None]
    return x[:-1], y[:-1]


def plain(values: Real) -> list[float | None]:
    """Numbers in 10 digits; None, a gap, where one is not finite."""
    return [float(f"{value:.{DIGITS}g}") if np.isfinite(value) else None for value in values.tolist()]


def dashes(dash: Dash) -> str:
    """A style of matplotlib's as plotly has it."""
    if isinstance(dash, str):
        return DASHES.get(dash, "solid")
    return ",".join(f"{LONGER * length:g}px" for length in dash)
