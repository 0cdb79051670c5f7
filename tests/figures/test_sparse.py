"""Columns that are evaluated at some of the record times only."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
import xarray as xr

from tnthermo.figures.style import BLUE, Curve, draw, far_apart


@pytest.mark.parametrize(("every", "joined"), [(3, True), (5, False), (10, False), (1, True)])
def test_marks_that_are_far_apart_are_joined_by_dots(every: int, joined: bool) -> None:
    t = np.linspace(0.0, 8.0, 41)
    values = np.full(t.size, np.nan)
    values[::every] = np.sin(t[::every])
    dataset = xr.Dataset({"S_chi": ("t", values)}, coords={"t": t})
    figure, axes = plt.subplots()
    draw(axes, dataset, (Curve(name="S_chi", label="S", colour=BLUE),))
    (line,) = axes.get_lines()
    plt.close(figure)
    assert (line.get_linestyle() == "-") == joined
    assert far_apart(t[::every], t) != joined
    assert line.get_marker() == ("" if every == 1 else "o")
    assert len(line.get_xdata()) == values[np.isfinite(values)].size  # type: ignore[arg-type]
