"""Steady currents: a mean, what is not steady, and what does not balance."""

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt


def ledger(flux: np.ndarray, t: np.ndarray, error: float = 0.0) -> xr.Dataset:
    return xr.Dataset(
        {"flux_each": (("t", "bath"), flux), "flux_each_error": (("t", "bath"), np.full(flux.shape, error))},
        coords={"t": t, "bath": np.arange(flux.shape[1])},
    )


def test_a_steady_state():
    t = np.arange(0, 20.01, 0.5)
    transient = np.exp(-2 * t)
    flux = np.stack([-0.3 + transient, 0.3 - transient], axis=1)
    found = tt.steady_currents(ledger(flux, t, error=1e-4), since=10.0)
    np.testing.assert_allclose(found["current"], [-0.3, 0.3], atol=1e-8)
    np.testing.assert_allclose(found["error"], 1e-4, atol=1e-8)
    assert abs(found.attrs["imbalance"]) < 1e-12


def test_drift_and_imbalance_widen_the_error():
    t = np.arange(0, 20.01, 0.5)
    slope = 0.01
    flux = np.stack([-0.3 + slope * t, 0.3 - slope * t + 0.02], axis=1)
    found = tt.steady_currents(ledger(flux, t), since=10.0)
    np.testing.assert_allclose(found["drift"], [5 * slope, -5 * slope], atol=1e-12)
    assert found.attrs["imbalance"] == pytest.approx(0.02)
    np.testing.assert_allclose(found["error"], 5 * slope + 0.01, atol=1e-12)


@pytest.mark.parametrize("since", [-1.0, np.nan, "late", 19.0, 100.0])
def test_a_window_that_is_none(since):
    t = np.arange(0, 20.01, 0.5)
    with pytest.raises(chains.InvalidInput, match="since"):
        tt.steady_currents(ledger(np.zeros((t.size, 2)), t), since=since)
