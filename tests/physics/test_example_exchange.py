"""Example I of the paper in whole runs at weak coupling: how each deviation from second order falls with the coupling.

A qubit of splitting w0 = .5, exchange coupling, T > 0; times at fixed multiples of 1/G~: the van Hove limit lambda -> 0. J is a semicircle,
whose correlation function falls as t^-(3/2): corrections of the order G, lambda^2, and in rates of G^(3/2). Two bands: one about w0, one
twice as wide whose middle lies far above w0, at another temperature; with G = .04, .02, .01 the fitted powers of G are

                 population  coherence  dQ_B   dE_B   dU_B   dS_S
    about w0     0.91        1.01       1.38   1.35   1.34   1.12
    wide         1.02        1.17       1.45   1.42   1.39   1.27
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.physics.runs import bare
from tnthermo import closed_forms as forms

W0, T = 0.5, 0.3


@dataclass(frozen=True, kw_only=True)
class Band:
    """Middle and half width of a semicircle, the temperature, and chain sites per unit of time (less than the front's turn)."""

    centre: float
    half_width: float
    temperature: float
    sites: float


NARROW = Band(centre=W0, half_width=0.45, temperature=T, sites=1 / 3.5)
WIDE = Band(centre=0.95, half_width=0.9, temperature=0.5, sites=0.5)
START = np.array([np.sqrt(0.7), np.sqrt(0.3) * np.exp(0.4j)])


def semicircle(rate: float, band: Band) -> chains.Semicircle:
    """With 2 pi J(w0) = rate."""
    one = chains.Semicircle(coupling=1.0, centre=band.centre, half_width=band.half_width)
    weight = 2 * np.pi * float(one(np.array([W0]))[0])
    return chains.Semicircle(coupling=np.sqrt(rate / weight), centre=band.centre, half_width=band.half_width)


@cache
def run_to(rate: float, relaxations: float, band: Band = NARROW) -> tuple[tt.Trajectory, forms.GoldenRule]:
    """Until G~ t = ``relaxations``, rounded to .5; the fronts (half_width sites per unit time) do not come back."""
    density = semicircle(rate, band)
    rates = forms.golden_rule(density, splitting=W0, temperature=band.temperature)
    assert rates.rate == pytest.approx(rate)
    until = 0.5 * round(2 * relaxations / rates.relaxation)
    bath = chains.thermofield_chains(density, int(8 + band.sites * until), temperature=band.temperature)
    model = tt.JaynesCummings(hamiltonian={"z": W0 / 2}, bath=bath)
    algorithm = tt.TDVP(step=0.5, tolerance=1e-4, max_bond=16 if band is NARROW else 12, order=4)
    run = bare(model, algorithm, until, initial=START, variance_every=np.inf, bath_entropy="off")
    return run, rates


def orders(rows: list[dict[str, float]], strengths: tuple[float, ...]) -> dict[str, float]:
    logs = np.log(strengths)
    return {name: float(np.polyfit(logs, np.log([row[name] for row in rows]), 1)[0]) for name in rows[0]}


@pytest.mark.slow
@pytest.mark.parametrize("band", [NARROW, WIDE], ids=["about w0", "wide"])
def test_states_rates_and_temperatures(band: Band) -> None:
    """G~ t from .6 to 1. Rates in the window [66-68] are taken at the state that the run has."""
    strengths, rows = (0.04, 0.02, 0.01), []
    for strength in strengths:
        run, rates = run_to(strength, 1.0, band)
        late = rates.relaxation * run.t > 0.6
        times, rho = run.t[late], run.rho_S[run.recorded][late]
        dataset = tt.ledger(run, alpha_S=0.5).isel(t=late)
        second, window = forms.exchange(rates, initial=START, times=times), forms.bath_rates(rates, rho)
        without_shift = second.rho_S[:, 0, 1] * np.exp(1j * rates.lamb_shift * times)
        Udot_B = (dataset.Qdot_B + dataset.Wdot_B).values

        def off(ours: object, theirs: object) -> float:
            return float(np.abs(np.asarray(ours) / np.asarray(theirs) - 1).max())

        rows.append({
            "population": np.abs(rho[:, 0, 0] - second.rho_S[:, 0, 0]).max(),
            "coherence": np.abs(rho[:, 0, 1] - second.rho_S[:, 0, 1]).max(),
            "dQ_B": off(dataset.Qdot_B, window.Qdot_B),
            "dE_B": off(dataset.flux_each[:, 0], window.Edot_B),
            "dU_B": off(Udot_B, window.Udot_B),
            "dQ_S": off(dataset.Qdot_S, -window.Qdot_B),
            "dS_S": off(dataset.Sdot_S, second.Sdot_S),
            "Sigmadot_S": np.abs(dataset.Sigmadot_S.values - second.Sigmadot_S).max() / rates.rate,
            "Sigmadot_ext_S": np.abs(dataset.Sigmadot_ext_S.values - second.Sigmadot_ext_S).max() / rates.rate,
            "1/T_S": np.abs(1 / dataset.T_S.values - second.inverse_T_S).max(),
            "1/T_ext_S": np.abs(1 / dataset.T_ext_S.values - 1 / second.T_ext_S).max(),
            "T_B, S_B by its heat": off(Udot_B / dataset.Qdot_B * band.temperature, second.T_B),
            "no Lamb shift": np.abs(rho[:, 0, 1] - without_shift).max(),
            "dU_S for the heat": off(dataset.Qdot_S, second.Udot_S),
            "twice the rate": off(dataset.flux_each[:, 0], 2 * window.Edot_B),
        })  # fmt: skip
    found = orders(rows, strengths)
    for name, order in found.items():
        print(f"{name}: order {order:.2f}", [f"{row[name]:.2e}" for row in rows])
    for wrong in ("no Lamb shift", "dU_S for the heat", "twice the rate"):
        assert found.pop(wrong) == pytest.approx(0, abs=0.35), wrong
    # 1 of the coupling's square, at most the 3/2 of the memory beside it
    ratio = found.pop(
        "T_B, S_B by its heat"
    )  # of two rates that are off by nearly the same: memory alone, which may fall faster
    assert 0.7 < ratio < 2.4
    assert all(0.7 < order < 1.65 for order in found.values()), found
    assert rows[-1]["population"] < 1e-2


@pytest.mark.slow
def test_long_times() -> None:
    """G~ t = 4: T_S beside [61], T_ext_S beside T, the state beside its Gibbs state [57], and the nearer the weaker the coupling."""
    strengths, rows = (0.08, 0.04), []
    for strength in strengths:
        run, rates = run_to(strength, 4.0)
        dataset = tt.ledger(run, alpha_S=0.5).isel(t=slice(-9, None))
        second = forms.exchange(rates, initial=START, times=dataset.t.values)
        limit = forms.system_temperature_limit(rates, START)
        assert abs(1 / limit - 1 / T) > 1  # coherences keep T_S away from T
        rows.append({
            "1/T_S": np.abs(1 / dataset.T_S.values - second.inverse_T_S).mean(),
            "1/T_ext_S": np.abs(1 / dataset.T_ext_S.values - 1 / second.T_ext_S).mean(),
            "z": np.abs(dataset.E_S.values / W0 * 2 - second.bloch[:, 2]).mean(),
        })  # fmt: skip
        print(strength, rows[-1], 1 / dataset.T_S.values[-1], 1 / limit, dataset.T_ext_S.values[-1])
        # what is left of the approach itself, exp(-G~ t), is that of second order
        assert np.abs(second.inverse_T_S - 1 / limit).max() < 0.25
        assert np.abs(second.T_ext_S / T - 1).max() < 0.08
        assert second.bloch[-1, 2] == pytest.approx(rates.equilibrium, abs=0.03)
    assert all(rows[1][name] < 0.75 * rows[0][name] for name in rows[0]), rows
    assert rows[1]["1/T_ext_S"] < 0.3


@pytest.mark.slow
@pytest.mark.parametrize(
    ("frequencies", "shape"),
    [((0.4, 0.55, 0.8), (0.8, 1.0, 1.1)), ((0.35, 0.55, 0.9, 1.4), (0.8, 1.0, 1.0, 0.8))],
    ids=["three modes", "four modes of a wider band"],
)
def test_the_entropy_of_the_bath_follows_its_heat_at_every_time(frequencies, shape) -> None:
    """dS_B = beta dQ_B to second order [70, 71]: Sigma_B/Delta S_B and the same of the rates ~ lambda^2, S_B measured exactly."""
    few = len(frequencies) == 3
    strengths, rows = (0.04, 0.02, 0.01) if few else (0.08, 0.04, 0.02), []
    for strength in strengths:
        density = chains.Discrete(frequencies=list(frequencies), couplings=list(strength * np.array(shape)))
        model = tt.JaynesCummings(hamiltonian={"z": W0 / 2}, bath=chains.thermofield_chains(density, temperature=T))
        algorithm = tt.TDVP(step=0.1 if few else 0.15, tolerance=1e-9 if few else 1e-8, max_bond=None, order=4)
        until, every = (6.0, 2.0) if few else (2.7, 0.3)
        run = bare(
            model, algorithm, until, initial=START, record_every=every, bath_entropy="exact", bath_entropy_every=every
        )
        dataset = tt.ledger(run).isel(t=slice(1, None))
        late = dataset.isel(t=dataset.t.values > 1)  # before, Delta S_B is hardly more than the states left out
        row = {
            "Sigma_B": np.abs(late.Sigma_B.values / late.Delta_S_B.values).max(),
            "with dE_B for the heat": np.abs(1 - late.E_B.values / T / late.Delta_S_B.values).max(),
        }
        if not few:
            inner = dataset.isel(t=slice(3, -2))  # the ends of the differences of S_B are rougher
            row["dS_B"] = np.abs(inner.Sdot_B.values * T / inner.Qdot_B.values - 1).max()
        rows.append(row)
    found = orders(rows, strengths)
    print(found, rows)
    assert found["Sigma_B"] == pytest.approx(2, abs=0.15)
    if "dS_B" in found:
        assert found["dS_B"] == pytest.approx(2, abs=0.3)
    assert found["with dE_B for the heat"] == pytest.approx(0, abs=0.4)  # the coherence's part of the energy is no heat
    assert rows[-1]["with dE_B for the heat"] > 20 * rows[-1]["Sigma_B"]
