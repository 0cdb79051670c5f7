"""I(S:B) where every mode is represented: against density matrices of the physical modes and against dephasing in closed form."""

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.bath_entropy.states import (
    LOWER,
    ROUTES,
    SIGMA,
    STARTS,
    Case,
    bath_of,
    displaced_branches,
    ohmic_nodes,
    propagated,
    propagated_general,
)
from tests.oracles.general import Bath, General
from tests.oracles.naive import Naive
from tests.oracles.reference import load, naive_of
from tests.physics.runs import bare
from tnthermo.bath_entropy.correlation import Correlation
from tnthermo.bath_entropy.counting import configurations
from tnthermo.bath_entropy.frame import Frame, frame
from tnthermo.bath_entropy.sides import Effort
from tnthermo.bath_entropy.whole import effort_of, whole
from tnthermo.network.state import State

FINE = effort_of(1e-10, 600)
QUICK = effort_of(1e-9, 400)
ROUNDING = 5e-7  # states dropped by rotations, levels of the dense vector
LEVELS_OF_BOTH = 1e-4  # two modes of ten levels in the state, of sixteen and fourteen in the oracle


def of(case: Case, effort: Effort = FINE, seen: Frame | None = None) -> Correlation:
    return whole(case.state, seen or frame(case.model), initial_entropy=case.initial_entropy, effort=effort)


# One mode -------------------------------------------------------------------------------------------------------------------------------

PRINTED = {"S_B": 0.6404178049, "S_B0": 0.4584487434, "S_chi": 0.5539777704}


@pytest.mark.parametrize("route", ROUTES)
def test_one_mode(route):
    """H = sigma_x/2 + a^dag a + 0.5 (sigma_z/2)(a + a^dag), start up, t = 3, T = 0.5, by the engine for dense vectors."""
    bath = bath_of(chains.Discrete(frequencies=[1.0], couplings=[0.5]), 0.5, route)
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
    run = bare(model, tt.Exact(step=0.1, tolerance=1e-9), 3.0, initial="+z", record_every=3.0, bath_entropy="off")
    seen = frame(model)
    assert run.state is not None
    found = whole(run.state, seen, initial_entropy=0.0, effort=effort_of(1e-11, 300))
    assert found.exact
    assert float(seen.entropies.sum()) == pytest.approx(PRINTED["S_B0"], abs=1e-10)
    assert abs(found.S_B - PRINTED["S_B"]) < 1e-8
    for value in (found.lower, found.upper):
        assert value == pytest.approx(PRINTED["S_chi"], abs=1e-8)


# Reference ledgers ----------------------------------------------------------------------------------------------------------------------

LEVELS = {"dephasing_two_modes": (13, 8), "spin_boson_warm_two_modes": (12, 6)}


@pytest.mark.parametrize(
    ("name", "route"),
    [
        ("dephasing_two_modes", "star"),
        ("jaynes_cummings_two_modes", "star"),
        ("jaynes_cummings_two_modes", "pair"),
        ("spin_boson_cold_two_modes", "star"),
        ("spin_boson_cold_two_modes", "chain"),
        ("spin_boson_warm_two_modes", "star"),
        ("tilted_coupling_mixed_start", "star"),
        pytest.param("spin_boson_warm_two_modes", "chain", marks=pytest.mark.slow),
        pytest.param("tilted_coupling_mixed_start", "chain", marks=pytest.mark.slow),
    ],
)
def test_reference(name, route):
    """S_S, S_B, S_SB and S_chi with all modes."""
    known = load(name)
    case = propagated(naive_of(known), 3.0, route=route, levels=LEVELS.get(name, (11, 6)))
    at, limit, found = list(known.times).index(3.0), known.tolerance, of(case)
    assert found.exact
    assert found.upper - found.lower < limit
    expected = {column: known.columns[column][at] for column in ("S_S", "S_B", "S_SB", "S_chi")}
    assert abs(found.S_S - expected["S_S"]) < limit
    assert abs(found.S_B - expected["S_B"]) < limit
    assert abs(found.S_SB - expected["S_SB"]) < limit
    for value in (found.lower, found.upper):
        assert value == pytest.approx(expected["S_chi"], abs=limit)


def test_no_temperature_needs_no_modes_above():
    """T = 0, pure start: I = 2 S_S."""
    case = propagated(naive_of(load("spin_boson_cold_two_modes")), 2.0, levels=(12, 1))
    found = of(case)
    assert found.exact
    assert found.lower == pytest.approx(2 * found.S_S, abs=ROUNDING)
    assert pytest.approx(found.S_S, abs=ROUNDING) == found.S_B


def test_no_temperature_and_a_mixed_start():
    naive = replace(naive_of(load("spin_boson_cold_two_modes")), initial=STARTS["mixed"], levels=14)
    case = propagated(naive, 2.0, levels=(14, 1))
    exact, found = case.exact["S_chi"], of(case)
    assert found.lower - ROUNDING <= exact <= found.upper + ROUNDING
    assert found.upper == pytest.approx(exact, abs=1e-6)
    assert found.lower < 2 * found.S_S - 0.1  # a mixed start is not pure


def test_a_mode_without_a_partner():
    """beta w = 60 beside beta w = 1.2: one site holds the fast one."""
    naive = Naive(
        hamiltonian=0.4 * SIGMA["x"], coupling=SIGMA["z"], frequencies=(0.4, 20.0), couplings=(0.2, 8.0), beta=3.0,
        initial=STARTS["up"], levels=14,
    )  # fmt: skip
    case = propagated(naive, 1.5, levels=(14, 7))
    assert frame(case.model).warm == 1
    exact, found = case.exact["S_chi"], of(case)
    assert found.lower - 1e-5 <= exact <= found.upper + 1e-5
    assert found.upper - found.lower < 1e-3


# Anything -------------------------------------------------------------------------------------------------------------------------------


@cache
def tunnelling(start: str) -> Case:
    naive = Naive(
        hamiltonian=0.2 * SIGMA["z"] + 0.4 * SIGMA["x"], coupling=SIGMA["z"], frequencies=(0.5, 1.2),
        couplings=(0.25, 0.3), beta=2.5, initial=STARTS[start], levels=18,
    )  # fmt: skip
    return propagated(naive, 2.5, levels=(11, 6))


@pytest.mark.parametrize("start", ["up", "mixed"])
def test_tunnelling(start):
    case, found = tunnelling(start), of(tunnelling(start), QUICK)
    for value in (found.lower, found.upper):
        assert value == pytest.approx(case.exact["S_chi"], abs=3e-6)
    assert pytest.approx(case.exact["S_SB"], abs=3e-6) == found.S_SB


@pytest.mark.parametrize("tilt", [0.0, 0.3])
def test_exchange(tilt):
    """From the ground state, whose bath loses entropy; and with a tunnelling H_S."""
    naive = Naive(
        hamiltonian=0.5 * SIGMA["z"] + tilt * SIGMA["x"], coupling=LOWER, frequencies=(0.7, 1.1),
        couplings=(0.25, 0.3), beta=1.2, initial=STARTS["down"], levels=18, exchange=True,
    )  # fmt: skip
    case = propagated(naive, 4.0, levels=(12, 9))
    found, exact = of(case, QUICK), case.exact
    assert found.lower == pytest.approx(exact["S_chi"], abs=3e-6)
    if tilt == 0:
        assert frame(case.model).entropies.sum() - 0.01 > found.S_B


@pytest.mark.parametrize(
    "effort", [effort_of(1e-3, 600), effort_of(1e-5, 600), effort_of(1e-7, 8), effort_of(1e-7, 20)]
)
def test_coarse_efforts_are_wider_and_still_right(effort):
    case = tunnelling("mixed")
    exact, coarse, fine = case.exact["S_chi"], of(case, effort), of(case)
    assert coarse.lower - ROUNDING <= exact <= coarse.upper + ROUNDING
    assert coarse.upper - coarse.lower > fine.upper - fine.lower
    assert coarse.rows <= fine.rows


@pytest.mark.parametrize("time", [1.0, 3.0])
def test_two_baths(time):
    """Of one mode each, of different temperature, operator and route."""
    baths = (
        Bath(operator=0.5 * SIGMA["z"], frequencies=(0.8,), couplings=(0.4,), beta=2.5),
        Bath(operator=0.5 * SIGMA["y"], frequencies=(1.0,), couplings=(0.5,), beta=4.0),
    )
    oracle = General(hamiltonian=0.5 * SIGMA["x"], baths=baths, levels=(16, 14), initial=STARTS["up"])
    case = propagated_general(oracle, time, routes=("star", "chain"))
    assert of(case).lower == pytest.approx(case.exact["S_chi"], abs=LEVELS_OF_BOTH)


# Dephasing ------------------------------------------------------------------------------------------------------------------------------


def dephased(modes: int, slope: float, beta: float, route: str = "star") -> tuple[State, Frame, chains.Discrete]:
    density = ohmic_nodes(modes, slope)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 1.0}, bath=bath_of(density, 1 / beta, route))
    return displaced_branches(model, density, 8.0, route), frame(model), density


@pytest.mark.parametrize("route", ROUTES)
def test_dephasing(route):
    """J = w/4, beta = 20: Delta S_B = .68791, two coherent branches in the state and a Gram matrix in the closed form."""
    state, seen, density = dephased(6, 0.25, 20, route)
    exact = tt.dephasing(
        density.frequencies, density.couplings, temperature=1 / 20, initial="+x", times=[8.0],
        missing=1e-7 if route == "star" else 1e-5, limit=9000,
    )  # fmt: skip
    assert exact.Delta_S_B[0] == pytest.approx(0.68791, abs=2e-5)
    found = whole(state, seen, initial_entropy=0.0, effort=QUICK)
    assert found.lower <= exact.S_S[0] + exact.Delta_S_B_upper[0]
    assert found.upper >= exact.S_S[0] + exact.Delta_S_B_lower[0]
    assert abs(found.S_S - exact.S_S[0]) < 1e-7
    assert found.upper - found.lower < 1e-6
    assert found.lower == pytest.approx(exact.S_chi[0], abs=exact.S_B_error[0])


# Negative tests -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_wrong_angle_is_noticed(factor):
    case = tunnelling("up")
    seen = frame(case.model)
    bent = of(case, QUICK, replace(seen, theta=factor * seen.theta))
    assert not bent.lower - 1e-3 <= case.exact["S_chi"] <= bent.upper + 1e-3


def test_the_entropy_of_another_temperature_is_noticed():
    case = tunnelling("up")
    density = chains.Discrete(frequencies=case.oracle.frequencies, couplings=case.oracle.couplings)
    other = tt.SpinBoson(hamiltonian={"z": 0.2}, coupling={"z": 1.0}, bath=bath_of(density, 0.5, "star"))
    wrong = of(case, QUICK, replace(frame(case.model), entropies=frame(other).entropies))
    assert not wrong.lower - 1e-2 <= case.exact["S_chi"] <= wrong.upper + 1e-2


def test_a_mode_without_its_sign_is_noticed():
    """b'_k of a chain with the sign of its row reversed is not the partner of b_k."""
    state, seen, _ = dephased(6, 0.25, 20, "chain")
    right = whole(state, seen, initial_entropy=0.0, effort=QUICK)
    wrong = whole(state, replace(seen, partner=-seen.partner), initial_entropy=0.0, effort=effort_of(1e-7, 400))
    assert wrong.lower > right.upper + 1e-3


def test_a_mixed_start_that_is_called_pure_is_noticed():
    case = tunnelling("mixed")
    assert of(replace(case, initial_entropy=0.0)).lower > case.exact["S_chi"] + 0.1


# Counting -------------------------------------------------------------------------------------------------------------------------------


def test_configurations_are_counted():
    """Against the number states themselves."""
    seen = frame(tunnelling("up").model)
    p = [(1 - np.tanh(t) ** 2) * np.tanh(t) ** (2 * np.arange(200)) for t in seen.theta]
    for modes in (1, 2):
        flat = np.sort((p[0] if modes == 1 else np.outer(*p)).ravel())[::-1]
        needed = 1 + int(np.searchsorted(np.cumsum(flat), 1 - 1e-4))
        assert configurations(seen.occupations[:modes]) == pytest.approx(needed, rel=0.15)


def test_too_many_configurations_are_not_counted():
    """As many as overflow a double were none, and a bath of hundreds of hot modes was taken for one that is exact."""
    hot = np.full(600, 3.0)
    assert np.isinf(configurations(hot))
    assert 1e50 < configurations(hot[:50]) < np.inf
