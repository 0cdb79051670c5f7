"""The figure of cycles shows the numbers of its record, with errors; its labels do not overlap; what is missing is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

import chains
import tnthermo as tt
from tnthermo.figures.cycle import complete, save_cycle_figure

NAMES = ("heating", "expansion", "cooling", "compression")


def record_of(*, cycles: int = 3, baths: int = 2, names: tuple[str, ...] = NAMES, scale: float = 0.1) -> xr.Dataset:
    """The record of a ledger of random numbers that settle, with errors."""
    rng = np.random.default_rng(4)
    strokes = len(names)
    cycle = tt.Cycle(strokes=[tt.Stroke(duration=1.0, name=name) for name in names], count=cycles)
    t = np.arange(strokes * cycles + 1.0)
    settled = 0.1 ** np.arange(cycles).repeat(strokes)[:, None]

    def column(width: int) -> np.ndarray:
        steps = scale * (
            np.tile(rng.normal(size=(strokes, width)), (cycles, 1)) + settled * rng.normal(size=(t.size - 1, width))
        )
        return np.concatenate([np.zeros((1, width)), np.cumsum(steps, axis=0)])

    each = {name: (("t", "bath"), column(baths)) for name in ("E_B_each", "W_drive_each")}
    plain = {name: ("t", column(1)[:, 0]) for name in ("E_S", "E_int", "W_drive_S", "S_S", "residual_energy")}
    data = each | plain | {"rho_S": (("t", "row", "column", "complex"), np.zeros((t.size, 2, 2, 2)))}
    data |= {f"{name}_error": (dims, np.full(np.shape(y), 0.05 * scale)) for name, (dims, y) in data.items()}
    temperatures = ("bath", np.linspace(2.0, 0.5, baths))
    coords = {"t": t, "bath": np.arange(baths), "temperature_of_bath": temperatures}
    return tt.cycles(xr.Dataset(data, coords=coords), cycle)


def written(figure: Figure) -> list[tuple[str, object]]:
    """All texts of a drawn figure with what they cover."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    found = [*figure.texts]
    for axes in figure.axes:
        found += [*axes.texts, axes.xaxis.label, axes.yaxis.label, axes.yaxis.get_offset_text()]
        found += [label for label in axes.get_yticklabels(minor=True)]
        for axis, (low, high) in ((axes.xaxis, axes.get_xlim()), (axes.yaxis, axes.get_ylim())):
            ticks = zip(axis.get_majorticklocs(), axis.get_majorticklabels(), strict=True)
            found += [label for place, label in ticks if low <= place <= high]
    boxes = [(text.get_text(), text.get_window_extent(renderer)) for text in found if text.get_text()]
    ends = figure.bbox
    return [(text, box) for text, box in boxes if ends.overlaps(box)]


def overlaps(figure: Figure) -> list[tuple[str, str]]:
    boxes = written(figure)
    return [(a, b) for i, (a, one) in enumerate(boxes) for b, other in boxes[:i] if one.overlaps(other)]  # type: ignore[attr-defined]


def outside(figure: Figure) -> list[str]:
    edge = figure.bbox
    return [
        text
        for text, box in written(figure)
        if box.x0 < edge.x0 or box.y0 < edge.y0 or box.x1 > edge.x1 or box.y1 > edge.y1  # type: ignore[attr-defined]
    ]


def test_it_shows_the_numbers_of_the_record() -> None:
    record = record_of()
    upper, middle, lower = tt.plot_cycles(record).axes
    bars = {one.get_gid(): one for one in upper.patches}
    heights = [[bar.get_height() for bar in upper.patches if bar.get_gid() == name] for name in dict.fromkeys(bars)]
    last = record.isel(cycle=-1)
    expected = [
        last.stroke_Delta_E_S.values, last.stroke_W_drive_S.values, last.stroke_W_drive_each.sum("bath").values,
        *(-last.stroke_Delta_E_B_each.values.T),
    ]  # fmt: skip
    assert np.allclose(heights, expected, rtol=0, atol=1e-15)
    curves = {container.get_label(): container for container in middle.containers}
    assert np.array_equal(curves["$W$, all"].lines[0].get_ydata(), record.W.values)
    assert np.array_equal(curves["$Q$, bath 0"].lines[0].get_ydata(), -record.Delta_E_B_each.values[:, 0])
    ends = np.array([segment[:, 1] for segment in curves["$W$, all"].lines[2][0].get_segments()])
    assert np.allclose(ends, record.W.values[:, None] + record.W_error.values[:, None] * [-1, 1])
    shown = next(line for line in lower.lines if line.get_gid() == "limit")
    assert shown.get_ydata()[0] == record.attrs["limit"]
    (distance,) = lower.containers
    assert np.array_equal(distance.lines[0].get_ydata(), record.distance.values[1:])
    assert lower.get_yscale() == "log"


def test_a_figure_of_other_numbers_is_seen() -> None:
    """Negative."""
    _, middle, _ = tt.plot_cycles(record_of().assign(W=record_of().W * 2)).axes
    curves = {container.get_label(): container for container in middle.containers}
    assert not np.array_equal(curves["$W$, all"].lines[0].get_ydata(), record_of().W.values)


@pytest.mark.parametrize("scale", [0.1, 1e-7, 3e4])
@pytest.mark.parametrize(
    ("cycles", "baths", "names"),
    [
        (1, 1, ("one",)), (3, 2, NAMES), (2, 3, ("a very long name of a stroke", "b", "another one of these", "d")),
        (20, 5, tuple("abcdefghijkl")),
    ],
)  # fmt: skip
def test_labels_neither_overlap_nor_leave_the_figure(
    cycles: int, baths: int, names: tuple[str, ...], scale: float
) -> None:
    figure = tt.plot_cycles(record_of(cycles=cycles, baths=baths, names=names, scale=scale))
    assert not overlaps(figure)
    assert not outside(figure)
    said = " ".join(text for text, _ in written(figure))
    assert ("two cycles are needed" in said) == (cycles == 1)
    assert "limit cycle" in said
    assert ("heating" in said) == (names == NAMES)
    figure.axes[0].set_ylabel("before\n\nit was\n\nseen")
    assert outside(figure) or overlaps(figure)


def test_distances_and_limit_within_a_decade_leave_the_label_in_the_figure() -> None:
    record = record_of(cycles=2)
    figure = tt.plot_cycles(record.assign_attrs(limit=0.5 * float(record.distance[1])))
    assert not outside(figure)
    assert not overlaps(figure)
    low, high = figure.axes[2].get_ylim()
    assert low < 0.5 * float(record.distance[1]) < float(record.distance[1]) < high


def test_a_record_without_errors_is_drawn_without_bars() -> None:
    bare = record_of()
    bare = bare.assign({name: bare[name] * np.nan for name in bare.data_vars if str(name).endswith("_error")})
    _, middle, _ = tt.plot_cycles(bare).axes
    curves = {container.get_label(): container for container in middle.containers}
    ends = np.array([segment[:, 1] for segment in curves["$W$, all"].lines[2][0].get_segments()])
    assert np.array_equal(ends[:, 0], ends[:, 1])


def test_files(tmp_path: Path) -> None:
    assert not complete(tmp_path)
    paths = save_cycle_figure(record_of(), tmp_path)
    assert [path.name for path in paths] == ["cycle.png", "cycle.pdf"]
    assert all(path.stat().st_size > 5000 for path in paths)
    assert complete(tmp_path)


def test_what_is_no_record_is_refused() -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        tt.plot_cycles(record_of().drop_vars("W"))
    assert [problem.key for problem in caught.value.problems] == ["record"]
