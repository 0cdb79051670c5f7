"""Figures: they are written, they show what there is, and their labels do not overlap."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.figure import Figure

import tnthermo as tt
from tests.test_config import write_config
from tnthermo import plots
from tnthermo.config import load_config, resolve


@pytest.fixture(scope="module", params=[0.0, 0.5])
def dataset(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("plots"), temperature=request.param)))
    return tt.ledger(tt.evolve(resolved.model, **resolved.evolve_keywords()))


def texts(figure: Figure) -> list[str]:
    return [text.get_text() for axes in figure.axes for text in axes.texts]


def test_four_figures_in_two_formats(dataset: xr.Dataset, tmp_path: Path) -> None:
    assert not plots.complete(tmp_path)
    written = plots.figures(dataset, tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(written)
    assert len(written) == 8
    assert plots.complete(tmp_path)
    assert all(path.stat().st_size > 5000 for path in written)


def test_the_notebook_figure_shows_bounds_as_bounds(dataset: xr.Dataset) -> None:
    figure = tt.plot(dataset)
    assert len(figure.axes) == 5
    labels = texts(figure)
    bounded = r"$S_\chi$ bounds" in labels
    assert bounded == (dataset.attrs["temperature"] > 0)
    assert (r"$S_\chi$" in labels) != bounded
    assert (r"$\Sigma$ total" in labels) == (dataset.attrs["temperature"] > 0)
    sizes = [
        text.get_fontsize()
        for axes in figure.axes
        for text in [*axes.texts, axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels()]
    ]
    assert min(sizes) >= 7


def test_a_single_time_can_be_drawn(dataset: xr.Dataset) -> None:
    tt.plot(dataset.isel(t=[0]))


@given(st.lists(st.floats(-1, 2), max_size=7))
def test_labels_stay_inside_and_apart(wanted: list[float]) -> None:
    placed = plots.spread(wanted, 0.1)
    assert len(placed) == len(wanted)
    assert all(0 <= x <= 1 for x in placed)
    assert np.all(np.diff(sorted(placed)) > 0.08)
    order = np.argsort(wanted, kind="stable")
    assert np.all(np.diff(np.array(placed)[order]) > 0)
