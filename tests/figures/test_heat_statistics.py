"""The figure of the statistics of the heat shows the numbers of its dataset, and says what is missing."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tnthermo.figures.heat_statistics import heat_statistics_figures


@pytest.fixture(scope="module")
def data() -> xr.Dataset:
    hard = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    spin = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 0.5}, bath=chains.chain(hard, 8))
    settings = tt.TDVP(step=0.25, tolerance=1e-6, max_bond=4)
    return tt.heat_statistics(spin, times=[1.0, 2.0], until_u=30.0, initial="+x", algorithm=settings)


def lines(axes) -> dict[str, np.ndarray]:
    return {line.get_gid(): line.get_ydata() for line in axes.lines if line.get_gid()}


def test_it_shows_the_numbers(data: xr.Dataset) -> None:
    figure = tt.plot_heat_statistics(data)
    upper, lower = (axes for axes in figure.axes if axes.get_xlabel())
    for k in range(2):
        np.testing.assert_array_equal(lines(upper)[f"density:{k}"], data["density"].values[k, 0])
        np.testing.assert_array_equal(lines(lower)[f"G:{k}"], data["G"].values[k, 0, :, 0])
    (right,) = (axes for axes in figure.axes if "probability" in axes.get_ylabel())
    dots = [line for line in right.lines if line.get_marker() == "o"]
    assert [float(dot.get_ydata()[0]) for dot in dots] == list(data["atom"].values[:, 0])
    assert len(dots) == 2
    said = [text.get_text() for axes in figure.axes for text in axes.texts]
    assert f"resolution {data.attrs['resolution']:.2g}" in said


def test_what_is_missing_is_said(data: xr.Dataset) -> None:
    unsettled = data.assign(atom=data["atom"] * np.nan)
    figure = tt.plot_heat_statistics(unsettled)
    assert any("not settled" in text.get_text() for text in figure.texts)
    (right,) = (axes for axes in figure.axes if "probability" in axes.get_ylabel())
    assert not [line for line in right.lines if line.get_marker() == "o"]
    nothing = data.assign({name: data[name] * np.nan for name in ("G", "atom", "density")})
    nothing["G"].attrs["reason"] = "displaced start"
    assert any("displaced start" in text.get_text() for text in tt.plot_heat_statistics(nothing).texts)


def test_files(data: xr.Dataset, tmp_path: Path) -> None:
    paths = heat_statistics_figures(data, tmp_path)
    assert [path.name for path in paths] == ["heat_statistics.png", "heat_statistics.pdf"]
    assert all(path.stat().st_size > 1000 for path in paths)


def test_what_cannot_be_drawn_is_refused(data: xr.Dataset) -> None:
    for bad, key in (((data, "C"), "counted"), ((data.drop_vars("atom"),), "data")):
        with pytest.raises(chains.InvalidInput) as caught:
            tt.plot_heat_statistics(*bad)
        assert [problem.key for problem in caught.value.problems] == [key]
