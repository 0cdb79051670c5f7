"""What is read from a figure is what its ledger has."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.support.configs import NO_ENTROPY, write_config
from tnthermo.configuration.resolve import load_config, resolve
from tnthermo.figures import panels
from tnthermo.figures.contents import Box, contents
from tnthermo.figures.style import BLUE, RED


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> xr.Dataset:
    resolved = resolve(load_config(write_config(tmp_path_factory.mktemp("contents"), add=NO_ENTROPY)))
    return tt.ledger(tt.evolve(resolved.model, **resolved.evolve_keywords()))


def boxes(dataset: xr.Dataset, name: str) -> tuple[Box, ...]:
    return contents(panels.single(dataset, name))


def test_curves_are_columns_with_their_colours(dataset: xr.Dataset) -> None:
    (box,) = boxes(dataset, "energies")
    assert [line.column for line in box.lines] == [curve.name for curve in panels.ENERGIES]
    assert [line.label for line in box.lines] == [curve.label for curve in panels.ENERGIES]
    assert [line.colour for line in box.lines[:2]] == [BLUE.lower(), RED.lower()]
    assert [line.dash for line in box.lines] == ["-", "--", "-.", ":", (1, 3)]
    for line in box.lines:
        assert np.array_equal(line.y, dataset[line.column].values)
    assert (box.xrange, box.logarithmic) == ((0.0, 1.0), False)
    assert box.yrange[0] < min(line.y.min() for line in box.lines)


def test_bands_are_as_wide_as_the_errors(dataset: xr.Dataset) -> None:
    (box,) = boxes(dataset, "energies")
    (band,) = [area for area in box.areas if area.label == "$E_B$"]
    y = np.concatenate([outline[:, 1] for outline in band.outlines])
    value, error = dataset["E_B"].values, dataset["E_B_error"].values
    assert y.max() == pytest.approx((value + error).max(), rel=1e-12)
    assert 0 < band.opacity < 1
    wider = dataset.assign(E_B_error=10 * dataset["E_B_error"])
    assert boxes(wider, "energies")[0].areas[1].outlines[0][:, 1].max() > y.max()


def test_several_axes_levels_and_a_logarithm(dataset: xr.Dataset) -> None:
    upper, lower = boxes(dataset, "system")
    assert upper.bottom > lower.top
    assert [line.column for line in lower.lines[:2]] == ["population:0", "population:1"]
    assert np.array_equal(lower.lines[1].y, dataset["population"].values[:, 1])
    upper, lower = boxes(dataset, "residuals")
    assert (upper.logarithmic, lower.logarithmic) == (True, False)
    assert [line.steps for line in lower.lines] == [True]
    assert {line.column for line in upper.lines} <= {curve.name for curve in panels.RESIDUALS}


def test_bounds_are_bars_and_what_has_no_value_is_not_there(dataset: xr.Dataset, tmp_path: Path) -> None:
    assert "S_chi" not in [line.column for line in boxes(dataset, "entropies")[0].lines]
    bounded = dataset.copy(deep=True)
    bounded["S_chi_lower"][-1], bounded["S_chi_upper"][-1] = 0.1, 0.9 * bounded["S_S"][-1]
    bars = [bar for bar in boxes(bounded, "entropies")[0].bars if bar.label == r"$S_\chi$ bounds"]
    assert len(bars) == 1
    assert bars[0].segments[-1][:, 1].tolist() == [0.1, pytest.approx(float(bounded["S_chi_upper"][-1]))]
