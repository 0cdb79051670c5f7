"""A ledger in words: what is said of entropies that are bounded only, and of values that are none."""

import numpy as np
import pytest
import xarray as xr

from tnthermo.thermo.in_words import enclosed, last

NAN = float("nan")


def entropies(value: list[float], width: list[float], note: str = "enclosed: a measurement") -> xr.Dataset:
    lower = np.array([0.1, 0.2, 0.3, 0.4])
    return xr.Dataset(
        {
            "S_chi": ("t", value, {"note": note}),
            "S_chi_lower": ("t", lower),
            "S_chi_upper": ("t", lower + np.array(width)),
        },
        coords={"t": np.arange(4.0)},
    )


def test_how_many_are_values_and_how_wide_the_others() -> None:
    """Of three evaluated times one is a value; the widest bounds among the other two count, not those of the value."""
    dataset = entropies([0.1, NAN, NAN, NAN], [0.9, 0.25, NAN, 0.125])
    (line,) = enclosed(dataset)
    assert line.startswith("S_chi: a value at 1 of 3 evaluated times, else bounds up to 0.25 apart")
    assert 'bath_entropy = "bracket"' in line
    (done,) = enclosed(dataset.assign_attrs(config='[thermodynamics]\nbath_entropy = "bracket"\n'))
    assert done == line.partition(" (")[0]  # what was done already is not advised


@pytest.mark.parametrize(
    "dataset",
    [
        entropies([0.1, 0.2, NAN, 0.4], [0.0, 0.0, NAN, 0.0]),
        entropies([NAN] * 4, [1.0] * 4, "bounds of Araki and Lieb"),
        entropies([NAN] * 4, [NAN] * 4),
        entropies([0.1] * 4, [0.1] * 4).drop_vars(["S_chi_lower", "S_chi_upper"]),
        xr.Dataset({"S_S": ("t", [0.0])}),
    ],
    ids=["all are values", "not measured", "no bounds", "exact", "no such column"],
)
def test_nothing_is_said_where_nothing_is_left_open(dataset: xr.Dataset) -> None:
    assert enclosed(dataset) == []


def test_a_reason_ends_with_a_word() -> None:
    reason = "0/0: neither energy nor entropy changes, within error"
    dataset = xr.Dataset({"T_S": ("t", [1.0, NAN], {"reason": reason})})
    assert last(dataset, "T_S") == "- (0/0: neither energy nor entropy ...)"
    assert last(dataset, "T_S", longest=64) == f"- ({reason})"
    assert last(dataset, "T_S", longest=0) == "-"
