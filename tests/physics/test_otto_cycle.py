"""A run of an Otto engine through its cycles to the limit cycle, against the closed form of weak coupling; the balance of each cycle."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt

SPLITTINGS, TEMPERATURES = (1.5, 1.0), (3.0, 0.4)
ALPHAS = (0.006, 0.03)  # of the hot and the cold bath, at the weaker coupling half of it in contacts twice as long
CONTACT, SWITCHING = 14.0, 4.0
# of what one rougher run changes, by the slower of the laws of step and tolerance (scripts/docs/accuracy.md)
CARRIED = 1 / (10**0.8 - 1)
ALLOWED = 0.15  # of the deviation at the stronger coupling: what is not linear in alpha of it


def weak_density(alpha: float) -> chains.PowerLaw:
    return chains.PowerLaw(alpha=alpha, cutoff=3.0, exponent=1.0, shape="hard")


def soft_density(alpha: float) -> chains.PowerLaw:
    return chains.PowerLaw(alpha=alpha, cutoff=2.0, exponent=1.0, shape="exponential")


def engine(
    densities: Sequence[chains.PowerLaw], *, contact: float, switching: float, count: int
) -> tuple[tt.Cycle, tt.Model]:
    up, down = (w / 2 for w in SPLITTINGS)
    cycle = tt.Cycle(
        strokes=[
            tt.Stroke(name="heating", duration=contact, hamiltonian={"z": up}, coupling=[1.0, 0.0]),
            tt.Stroke(name="expansion", duration=1.0, hamiltonian={"z": [up, down]}, coupling=[0.0, 0.0]),
            tt.Stroke(name="cooling", duration=contact, coupling=[0.0, 1.0]),
            tt.Stroke(name="compression", duration=1.0, hamiltonian={"z": [down, up]}, coupling=[0.0, 0.0]),
        ],
        switching=switching,
        count=count,
        limit=0.05,
    )
    baths = [chains.Bath(density=J, temperature=T) for J, T in zip(densities, TEMPERATURES, strict=True)]
    couplings = [tt.couple({"x": 0.5}, bath, strength=f) for bath, f in zip(baths, cycle.strengths, strict=True)]
    return cycle, tt.assemble(hamiltonian={"z": 0.0}, couplings=couplings, drives=list(cycle.drives))


@cache
def run_of(weaker: float) -> xr.Dataset:
    densities = [weak_density(alpha / weaker) for alpha in ALPHAS]
    cycle, model = engine(densities, contact=CONTACT * weaker, switching=SWITCHING, count=3)
    settings = tt.TimeBins(step=0.5, tolerance=1e-3, max_bond=16)
    run = tt.evolve(
        model, initial="-z", algorithm=settings, until=cycle.until, record_every=1.0, bath_entropy="off"
    )  # fmt: skip
    return tt.cycles(tt.ledger(run), cycle)


def closed(weaker: float, splittings: tuple[float, float] = SPLITTINGS) -> dict[str, float]:
    """Of the limit cycle; contacts at full strength have the length int f^2 dt."""
    s = np.linspace(0, SWITCHING, 20_001)
    f = tt.Ramp(duration=SWITCHING, initial=0.0, final=1.0, profile="smooth").value(s)
    contact = CONTACT * weaker - 2 * SWITCHING + 2 * float(np.trapezoid(f**2, s))
    hot, cold = (weak_density(alpha / weaker) for alpha in ALPHAS)
    found = tt.closed_forms.otto(
        hot, cold, splittings=splittings, temperatures=TEMPERATURES, durations=(contact, contact)
    )
    return {"W": found.work, "W_drive_S": found.work, "Q_hot": found.Q_hot, "Q_cold": found.Q_cold}


def extrapolated(name: str, splittings: tuple[float, float] = SPLITTINGS) -> tuple[float, float]:
    """(deviation from the closed form carried on to no coupling by its law, linear in alpha; the error of that).

    The error is what the runs state, carried on by its law, what the last cycle still is from the limit cycle, and `ALLOWED` of the
    stronger deviation.
    """
    deviations, errors = [], []
    for weaker in (1.0, 2.0):
        last = run_of(weaker).isel(cycle=-1)
        deviations.append(float(last[name]) - closed(weaker, splittings)[name])
        largest = float(np.abs(last.Q_hot))
        errors.append(CARRIED * float(last[f"{name}_error"]) + float(last.remaining) * largest)
    error = 2 * errors[1] + errors[0] + ALLOWED * abs(deviations[0])
    return 2 * deviations[1] - deviations[0], error


@pytest.mark.slow
def test_the_limit_cycle_at_weak_coupling_is_that_of_the_closed_form() -> None:
    for weaker in (1.0, 2.0):
        record = run_of(weaker)
        assert record.attrs["limit_cycle"] == "reached"
        assert record["mode"].values[-1] == "engine"
    for name in ("W", "W_drive_S", "Q_hot", "Q_cold"):
        left, error = extrapolated(name)
        assert abs(left) <= error, (name, left, error)
        assert error < 0.3 * abs(closed(2.0)[name]), (name, error)
    strong, weak = (float(run_of(k).W[-1]) - closed(k)["W"] for k in (1.0, 2.0))
    assert 0.35 < weak / strong < 0.65  # as alpha, the square of the couplings
    best = 1 - SPLITTINGS[1] / SPLITTINGS[0]
    last = run_of(2.0).isel(cycle=-1)
    assert float(last.efficiency_H_S) == pytest.approx(best, abs=3e-3)
    assert float(last.efficiency) < 0.9 * best  # switching costs


@pytest.mark.slow
def test_the_closed_form_of_another_ratio_of_gaps_is_told_apart() -> None:
    """Negative."""
    wrong = (SPLITTINGS[0], 1.3 * SPLITTINGS[1])
    names = ("W", "W_drive_S", "Q_hot", "Q_cold")
    assert [name for name in names if np.greater(*np.abs(extrapolated(name, wrong)))] == list(names)


def balance_of(step: float, *, switching: float) -> float:
    """Largest of a cycle and its strokes, of one cycle on time bins."""
    densities = [soft_density(alpha) for alpha in (0.016, 0.064)]
    cycle, model = engine(densities, contact=10.0, switching=switching, count=1)
    run = tt.evolve(
        model, initial="-z", algorithm=tt.TimeBins(step=step, tolerance=1e-4, max_bond=32), until=cycle.until, record_every=1.0,
        error_bars=False, bath_entropy="off",
    )  # fmt: skip
    record = tt.cycles(tt.ledger(run), cycle)
    return float(max(np.abs(record.balance).max(), np.abs(record.stroke_balance).max()))


@pytest.mark.parametrize("switching", [2.0, pytest.param(0.0, marks=pytest.mark.slow)])
def test_the_energy_balance_of_a_cycle_on_time_bins(switching: float) -> None:
    """What is left of it is of the fourth order of the step, whether couplings are switched slowly or jump; a coarse step is seen."""
    coarse, fine = (balance_of(step, switching=switching) for step in (0.5, 0.1))
    assert fine < 1e-5
    assert coarse > 1e-4
    assert coarse / fine > 5**3
