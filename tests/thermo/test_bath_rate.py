"""dS_B/dt, and what is made with it, from an entropy that is known now and then, between bounds: beside the same run with all of it."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo import bath_rate as module
from tnthermo.thermo.alpha import matching_alpha
from tnthermo.thermo.bath_rate import SEE, bath_rate
from tnthermo.thermo.definitions import BY_BATH_RATE
from tnthermo.thermo.ledger import ledger

SIGMA_X, SIGMA_Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
SPIN_X = np.sqrt(0.5) * np.array([[0.0, 1, 0], [1, 0, 1], [0, 1, 0]])
SPIN_Z = np.diag([1.0, 0.0, -1.0])
MODELS = {
    "qubit": (0.3 * SIGMA_X + 0.1 * SIGMA_Z, 0.5 * SIGMA_Z, [(0.5, 0.3), (1.1, 0.4)], 0.4, None),
    "three levels, mixed": (0.4 * SPIN_X, 0.5 * SPIN_Z, [(0.7, 0.4)], 0.6, np.diag([0.7, 0.2, 0.1])),
    "hot": (0.5 * SIGMA_X, 0.5 * SIGMA_Z, [(0.9, 0.4)], 1.2, None),
}


@cache
def exact(name: str) -> Trajectory:
    """A run whose bath entropy is exact at each of its 81 record times."""
    H, A, modes, T, initial = MODELS[name]
    frequencies, couplings = np.array(modes).T
    density = chains.Discrete(frequencies=frequencies, couplings=couplings)
    model = tt.SpinBoson(hamiltonian=H, coupling=A, bath=chains.chain(density, 2 * len(modes), temperature=T))
    start = {} if initial is None else {"initial": initial}
    return tt.evolve(
        model,
        algorithm=tt.TDVP(step=0.1, tolerance=1e-6),
        until=8.0,
        record_every=0.1,
        bath_entropy="exact",
        bath_entropy_every=0.1,
        **start,
    )


def enclosed(run: Trajectory, every: int, half: float, seed: int) -> Trajectory:
    """The run, had its entropy been evaluated at every so many times, and enclosed: the exact one somewhere within the bounds."""
    generator = np.random.default_rng(seed)
    at = np.zeros(run.t.size, bool)
    at[::every] = True
    S_S = ledger(replace(run, rough=None)).S_S.values
    S_chi = S_S + run.bath_entropy - run.joint_entropy
    least = S_chi - 2 * half * generator.uniform(size=run.t.size)
    nothing = np.full(run.t.size, np.nan)
    return replace(
        run,
        bath_entropy=nothing,
        joint_entropy=nothing,
        bath_entropy_how="enclosed",
        bath_entropy_accuracy=2e-3,
        correlation_lower=np.where(at, np.fmax(least, 0.0), np.nan),
        correlation_upper=np.where(at, least + 2 * half, np.nan),
    )


def deviations(found: xr.Dataset, truth: xr.Dataset, name: str) -> np.ndarray:
    """|value - true value| / (both errors), where all are finite and there is a value."""
    off = np.abs(found[name].values - truth[name].values)
    bar = found[f"{name}_error"].values + truth[f"{name}_error"].values + 1e-9
    return off[np.isfinite(off) & np.isfinite(bar)] / bar[np.isfinite(off) & np.isfinite(bar)]


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("every", "half"), [(4, 0.0), (4, 3e-4), (1, 3e-4), (8, 1e-3)])
def test_what_is_made_of_a_sparse_entropy_lies_within_its_bars(name: str, every: int, half: float) -> None:
    run = exact(name)
    truth, found = ledger(run), ledger(enclosed(run, every, half, seed=every))
    for column in sorted(BY_BATH_RATE):
        assert np.all(deviations(found, truth, column) <= 1.0), column
    told = np.isfinite(found.Sdot_B.values)
    assert np.array_equal(told, np.arange(told.size) % every == 0)
    if every < 8:  # .8 apart the derivative is hardly known
        assert np.nanmedian(found.Sdot_B_error.values) < 0.06 * np.abs(truth.Sdot_B.values).max()
    assert found.Sdot_B.attrs.get("reason", SEE) == SEE
    assert np.isfinite(found.T_B_error.values).sum() >= (told.sum() // 4 if every < 8 else 0)


def test_bars_that_are_not_told_are_missed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Negative twin: without the weights of the derivative a bar of the entropy is none of its rate."""
    run = exact("qubit")
    truth, jittered = ledger(run), enclosed(run, 1, 1e-3, seed=5)
    assert np.all(deviations(ledger(jittered), truth, "Sdot_B") <= 1.0)
    monkeypatch.setattr(module, "_noise", lambda t, bars, points: np.zeros(t.size))
    monkeypatch.setattr(module, "STRIDES", (1,))
    monkeypatch.setattr(module, "ORDERS", (4,))
    assert np.any(deviations(ledger(jittered), truth, "Sdot_B") > 1.0)


@pytest.mark.parametrize("points", [4, 6, 8])
def test_the_noise_of_a_derivative_is_that_of_its_weights(points: int) -> None:
    t = np.cumsum(np.random.default_rng(points).uniform(0.5, 1.5, size=41))
    bars = np.random.default_rng(points + 1).uniform(size=t.size)
    weights = np.stack([module.derivative(t, one, points) for one in np.eye(t.size)], axis=1)
    assert module._noise(t, bars, points) == pytest.approx(np.abs(weights) @ bars, rel=1e-12)


def test_an_exact_entropy_at_every_record_time_is_differentiated_as_ever() -> None:
    run = exact("qubit")
    found = bath_rate(run)
    assert found is not None
    assert found.bars is None


def test_too_few_times_tell_nothing() -> None:
    """Three of them have no derivative whose error could be told."""
    run = exact("qubit")
    found = ledger(enclosed(run, 40, 1e-4, seed=1))
    for column in ("Sdot_B", "T_B", "T_chi", "Sigmadot_B"):
        assert np.isnan(found[column].values).all()
        assert found[column].attrs["reason"].endswith(SEE)


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("every", "half"), [(4, 0.0), (4, 3e-4), (1, 1e-3)])
def test_the_alpha_that_makes_T_B_the_temperature_lies_within_its_bars(name: str, every: int, half: float) -> None:
    run = exact(name)
    truth, found = matching_alpha(run), matching_alpha(enclosed(run, every, half, seed=every))
    for column in ("alpha_S", "alpha_S_since_start"):
        off = deviations(found, truth, column)
        assert off.size > 5
        assert np.all(off <= 1.0), column
