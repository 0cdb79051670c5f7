"""I(S:B) enclosed and exact: against density matrices of the physical modes and against dephasing in closed form."""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from scipy.sparse.linalg import expm_multiply

import chains
import tnthermo as tt
from tests.bath_entropy.states import ROUTES, Case, bath_of, displaced_branches, ohmic_nodes, propagated
from tests.oracles.general import Bath, General
from tests.oracles.naive import Naive, entropy, trace_bath, trace_system
from tests.oracles.reference import load, naive_of
from tests.physics.runs import bare
from tnthermo.bath_entropy import choice
from tnthermo.bath_entropy.bracket import Correlation, Effort, affordable, configurations, correlation
from tnthermo.bath_entropy.collective import Collective
from tnthermo.bath_entropy.frame import Frame, Unphysical, frame
from tnthermo.engines.exact import hamiltonian, tensors_of
from tnthermo.network.state import State

FINE = Effort(most=600, weight=1e-10)
QUICK = Effort(most=400, weight=1e-9)
ROUNDING = 5e-7  # quadratures complete to 4e-7, states dropped by rotations
SIGMA = {"x": np.array([[0, 1], [1, 0]]), "z": np.diag([1.0, -1.0])}
LOWER = np.array([[0.0, 0.0], [1.0, 0.0]])
STARTS = {"up": np.diag([1.0, 0.0]), "down": np.diag([0.0, 1.0]), "mixed": np.array([[0.6, 0.1], [0.1, 0.4]])}


def of(case: Case, modes: int | None = None, effort: Effort = FINE, seen: Frame | None = None) -> Correlation:
    return correlation(
        case.state, seen or frame(case.model), initial_entropy=case.initial_entropy, effort=effort, modes=modes
    )


# V4: one mode ---------------------------------------------------------------------------------------------------------------------------

PRINTED = {"S_B": 0.6404178049, "S_B0": 0.4584487434, "S_chi": 0.5539777704}


@pytest.mark.parametrize("route", ROUTES)
def test_one_mode(route):
    """H = sigma_x/2 + a^dag a + 0.5 (sigma_z/2)(a + a^dag), start up, t = 3, T = 0.5, by the engine for dense vectors."""
    bath = bath_of(chains.Discrete(frequencies=[1.0], couplings=[0.5]), 0.5, route)
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
    run = bare(model, tt.Exact(step=0.1, tolerance=1e-9), 3.0, initial="+z", record_every=3.0)
    seen = frame(model)
    assert run.state is not None
    found = correlation(run.state, seen, initial_entropy=0.0, effort=Effort(weight=1e-11))
    assert found.exact
    assert float(seen.entropies.sum()) == pytest.approx(PRINTED["S_B0"], abs=1e-10)
    for value in (found.lower, found.upper):
        assert value == pytest.approx(PRINTED["S_chi"], abs=1e-8)
        S_B = value - found.S_S + float(seen.entropies.sum())
        assert abs(S_B - PRINTED["S_B"]) < 1e-8
    none = correlation(run.state, seen, initial_entropy=0.0, effort=QUICK, modes=0)
    assert none.lower + 0.1 < PRINTED["S_chi"] < none.upper - 0.05


# Reference ledgers ----------------------------------------------------------------------------------------------------------------------

LEVELS = {"dephasing_two_modes": (13, 8), "spin_boson_warm_two_modes": (12, 6)}


@cache
def reference(name: str, route: str) -> Case:
    return propagated(naive_of(load(name)), 3.0, route=route, levels=LEVELS.get(name, (11, 6)))


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
    """S_B, S_SB and S_chi with all modes; brackets of fewer contain it and shrink."""
    known, case = load(name), reference(name, route)
    at = list(known.times).index(3.0)
    S_chi = known.columns["S_chi"][at]
    seen, limit = frame(case.model), known.tolerance
    exact = of(case, seen.warm)
    assert exact.exact
    assert exact.width < limit
    assert abs(exact.S_S - known.columns["S_S"][at]) < limit
    assert case.initial_entropy + seen.entropies.sum() == pytest.approx(known.columns["S_SB"][at], abs=limit)
    for value in (exact.lower, exact.upper):
        assert value == pytest.approx(S_chi, abs=limit)
        S_B = value - exact.S_S + case.initial_entropy + seen.entropies.sum()
        assert abs(S_B - known.columns["S_B"][at]) < 2 * limit
    found = [of(case, K, QUICK) for K in range(seen.warm + 1)]
    for each in found:
        assert each.lower - limit <= S_chi <= each.upper + limit
    widths = [each.width for each in found]
    assert widths == sorted(widths, reverse=True)
    assert [each.exact for each in found] == [False] * seen.warm + [True]


def test_no_temperature_needs_no_modes_above():
    """T = 0, pure start: I = 2 S_S, and every mode is represented at no cost."""
    case = reference("spin_boson_cold_two_modes", "star")
    found = of(case)
    assert found.exact
    assert found.lower == pytest.approx(2 * found.S_S, abs=1e-6)
    assert found.upper == pytest.approx(2 * found.S_S, abs=1e-6)


def test_no_temperature_and_a_mixed_start():
    naive = replace(naive_of(load("spin_boson_cold_two_modes")), initial=STARTS["mixed"], levels=14)
    case = propagated(naive, 2.0, levels=(14, 1))
    exact, found = case.exact()["S_chi"], of(case)
    assert found.exact
    assert found.lower - ROUNDING <= exact <= found.upper + ROUNDING
    assert found.upper == pytest.approx(exact, abs=1e-6)


def test_modes_without_a_partner_are_represented():
    """beta w = 60 beside beta w = 1.2: the fast one costs nothing and is in K whatever its number of modes."""
    naive = Naive(
        hamiltonian=0.4 * SIGMA["x"], coupling=SIGMA["z"], frequencies=(0.4, 20.0), couplings=(0.2, 8.0), beta=3.0,
        initial=STARTS["up"], levels=14,
    )  # fmt: skip
    case = propagated(naive, 1.5, levels=(14, 7))
    seen = frame(case.model)
    assert seen.warm == 1
    exact = case.exact()["S_chi"]
    found = [of(case, K, QUICK) for K in (0, 1)]
    for each in found:
        assert each.lower - 1e-5 <= exact <= each.upper + 1e-5
    assert found[0].width > 1e-3 > found[1].width
    with pytest.raises(ValueError, match="0 to 1"):
        of(case, 2)


# Dephasing ------------------------------------------------------------------------------------------------------------------------------


def dephased(
    modes: int, slope: float, beta: float, route: str = "star", time: float = 8.0
) -> tuple[State, Frame, chains.Discrete]:
    density = ohmic_nodes(modes, slope)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 1.0}, bath=bath_of(density, 1 / beta, route))
    return displaced_branches(model, density, time, route), frame(model), density


def closed_form(density: chains.Discrete, beta: float, missing: float) -> tt.Dephasing:
    return tt.dephasing(
        density.frequencies, density.couplings, temperature=1 / beta, initial="+x", times=[8.0], missing=missing,
        limit=9000,
    )  # fmt: skip


def brackets(state: State, seen: Frame, numbers: Sequence[int], effort: Effort = QUICK) -> list[Correlation]:
    return [correlation(state, seen, initial_entropy=0.0, effort=effort, modes=K) for K in numbers]


@pytest.mark.parametrize("route", ROUTES)
def test_dephasing(route):
    """J = w/4, beta = 20: Delta S_B = .68791; brackets shrink with every mode but the first few, which carry nothing."""
    state, seen, density = dephased(6, 0.25, 20, route)
    exact = closed_form(density, 20, 1e-7 if route == "star" else 1e-5)
    assert exact.Delta_S_B[0] == pytest.approx(0.68791, abs=2e-5)
    low = exact.S_S[0] + exact.Delta_S_B_lower[0]
    high = exact.S_S[0] + exact.Delta_S_B_upper[0]
    found = brackets(state, seen, range(7))
    for each in found:
        assert each.lower <= high
        assert each.upper >= low
        assert abs(each.S_S - exact.S_S[0]) < 1e-7
    widths = [each.width for each in found]
    assert widths[3:] == sorted(widths[3:], reverse=True)
    assert all(np.diff(widths) < 1e-5)
    assert found[-1].width < 1e-6
    assert found[5].width < 2e-3
    assert found[-1].lower == pytest.approx(exact.S_chi[0], abs=exact.S_B_error[0])


def test_few_collective_modes_of_many():
    """20 modes with 6.1 nats: five collective ones, of .6 nats, enclose what 12 and more single ones would be needed for."""
    state, seen, _ = dephased(20, 0.25, 20)
    assert seen.entropies.sum() == pytest.approx(6.1, abs=0.1)
    for modes, width in ((2, 0.04), (5, 0.004)):
        found = brackets(state, seen, [modes], Effort(weight=1e-7))[0]
        assert found.lower - found.S_S <= 0.6879 <= found.upper - found.S_S
        assert found.width < width


@pytest.mark.slow
def test_dephasing_hot_and_weak():
    """J = w/40, beta = 10, 8 modes: .2712."""
    state, seen, density = dephased(8, 0.025, 10)
    exact = closed_form(density, 10, 1e-4)
    value = exact.S_S[0] + 0.2712
    assert exact.Delta_S_B[0] == pytest.approx(0.2712, abs=exact.S_B_error[0] + 1e-4)
    found = brackets(state, seen, [4, 5, 6, 7], Effort())
    for each in found:
        assert each.lower <= value + 1e-4
        assert each.upper >= value - 1e-4
    assert found[-1].width < 4e-3


# Anything ------------------------------------------------------------------------------------------------------------------------------


@cache
def tunnelling(modes: int, start: str, beta: float = 2.5) -> Case:
    frequencies, couplings = ((0.5, 1.2), (0.25, 0.3)) if modes == 2 else ((0.6, 1.0, 1.7), (0.2, 0.2, 0.2))
    naive = Naive(
        hamiltonian=0.2 * SIGMA["z"] + 0.4 * SIGMA["x"], coupling=SIGMA["z"], frequencies=frequencies,
        couplings=couplings, beta=beta if modes == 2 else 3.0, initial=STARTS[start], levels=18 if modes == 2 else 7,
    )  # fmt: skip
    return propagated(naive, 2.5, levels=(11, 6) if modes == 2 else (7, 3))


@cache
def exchanging(start: str) -> Case:
    naive = Naive(
        hamiltonian=0.5 * SIGMA["z"] + (0.3 * SIGMA["x"] if start == "tilted" else 0), coupling=LOWER,
        frequencies=(0.7, 1.1), couplings=(0.25, 0.3), beta=1.2, initial=STARTS["down"], levels=18, exchange=True,
    )  # fmt: skip
    return propagated(naive, 4.0, levels=(12, 9))


@pytest.mark.parametrize("start", ["ground", "tilted"])
def test_exchange(start):
    """From the ground state, whose bath loses entropy; and with a tunnelling H_S."""
    case = exchanging(start)
    exact = case.exact()
    found = [of(case, K, QUICK) for K in range(3)]
    for each in found:
        assert each.lower - ROUNDING <= exact["S_chi"] <= each.upper + ROUNDING
    assert found[0].width > found[1].width > 1e-3 > found[2].width
    assert found[2].lower == pytest.approx(exact["S_chi"], abs=3e-6)


@pytest.mark.parametrize("start", ["up", "mixed"])
def test_tunnelling(start):
    case = tunnelling(2, start)
    exact = case.exact()["S_chi"]
    found = [of(case, K, QUICK) for K in range(3)]
    for each in found:
        assert each.lower - ROUNDING <= exact <= each.upper + ROUNDING
    assert found[0].width > found[1].width > 1e-3
    assert found[2].lower == pytest.approx(exact, abs=3e-6)
    assert found[2].upper == pytest.approx(exact, abs=3e-6)


@pytest.mark.slow
def test_tunnelling_three_modes():
    """7 levels are few: compared within what the oracle's cut of the levels is worth."""
    case = tunnelling(3, "up")
    exact = case.exact()["S_chi"]
    found = [of(case, K, QUICK) for K in range(4)]
    for each in found:
        assert each.lower - 2e-3 <= exact <= each.upper + 2e-3
    assert found[1].width > found[2].width > found[3].width


@pytest.mark.parametrize("effort", [Effort(weight=1e-3), Effort(weight=1e-5), Effort(most=3), Effort(most=8)])
def test_coarse_efforts_are_wider_and_still_right(effort):
    case = tunnelling(2, "mixed")
    exact = case.exact()["S_chi"]
    for K in range(1, 3):
        coarse, fine = of(case, K, effort), of(case, K, FINE)
        assert coarse.lower - ROUNDING <= exact <= coarse.upper + ROUNDING
        assert coarse.width > fine.width
        assert coarse.rows <= fine.rows
        assert coarse.left_out > fine.left_out


def measured(
    state: State, seen: Frame, effort: Effort, tried: list[tuple[int, float]], monkeypatch: pytest.MonkeyPatch
) -> Correlation:
    """As a run does where it wants bounds; ``tried`` gets numbers of modes and weights."""

    def noted(*arguments, effort, modes, **more):
        tried.append((modes, effort.weight))
        return correlation(*arguments, effort=effort, modes=modes, **more)

    monkeypatch.setattr(choice, "correlation", noted)
    how = choice.BathEntropy(frame=seen, exact=False, effort=effort, initial_entropy=0.0)
    return how.measure(state)


def test_wide_bounds_cost_no_fine_state(monkeypatch):
    """Twelve states hold one collective mode of two: the coarsest weight does, and then both modes are tried with what they lose."""
    case = tunnelling(2, "up")
    seen, exact = frame(case.model), case.exact()["S_chi"]
    few, tried = Effort(most=12, weight=1e-7), []
    found = measured(case.state, seen, few, tried, monkeypatch)
    assert tried == [(1, 1e-4), (2, 1e-4)]
    assert found.lower - ROUNDING <= exact <= found.upper + ROUNDING
    assert found.width < correlation(case.state, seen, initial_entropy=0.0, effort=few, modes=1).width
    monkeypatch.setattr(choice, "WIDE", 10.0)  # negative: without the second try the bounds stay
    assert measured(case.state, seen, few, [], monkeypatch).width > found.width + 0.01


def test_narrow_bounds_ask_for_finer_weights(monkeypatch):
    state, seen, _ = dephased(6, 0.25, 20)
    effort, tried = Effort(most=400, weight=1e-8), []
    found = measured(state, seen, effort, tried, monkeypatch)
    weights = [weight for _, weight in tried]
    assert weights == sorted(weights, reverse=True)
    assert len(weights) > 1
    assert found.loss <= max(choice.ENOUGH, choice.SHARE * found.width)
    monkeypatch.setattr(choice, "ENOUGH", 0.0)  # negative: without a floor it goes on to the finest weight
    tried.clear()
    finest = measured(state, seen, effort, tried, monkeypatch)
    assert tried[-1][1] == 1e-8
    assert finest.width < found.width


def test_arguments():
    case = tunnelling(2, "up")
    for modes in (-1, 3):
        with pytest.raises(ValueError, match="0 to 2"):
            of(case, modes)
    seen = frame(case.model)
    assert of(case, None, QUICK).exact
    some = of(case, None, Effort(most=12))
    assert not some.exact
    assert some.modes == affordable(seen, case.state.time, Effort(most=12)).modes == 1
    counts = [affordable(seen, case.state.time, Effort(most=most)).modes for most in (1, 5, 30, 2000)]
    assert counts == sorted(counts)
    assert counts[0] == 0
    assert counts[-1] == 2


def test_configurations_are_counted():
    """Against the number states themselves."""
    seen = frame(tunnelling(2, "up").model)
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
    density = chains.Discrete(frequencies=list(np.linspace(0.01, 1.0, 300)), couplings=[0.01] * 300)
    model = tt.SpinBoson(
        hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.star_cells(density, 300, temperature=10.0)
    )
    how = choice.choose(model, "auto", rho=STARTS["up"], most=None)
    assert how is not None
    assert not how.exact
    (problem,) = choice.choice_problems(model, "exact", correlated=False, most=None)
    assert "more than 7e+86 states of the bath, 2000 are allowed" in problem.allowed


# Negative tests ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["rows", "quadrature"])
def test_a_wrong_conjugate_is_noticed(monkeypatch, name):
    """b'_k turns the other way: modes or a quadrature of another phase have seen little, and the bound widens on its side."""
    state, seen, _ = dephased(6, 0.025, 10)
    number = 2 if name == "rows" else 1
    right = brackets(state, seen, [number])[0]
    method = getattr(Collective, name)
    for side in (True, False):

        def wrong(self, frame, *, ancilla, side=side):
            turned = replace(self, u=self.u.conj(), w=self.w.conj(), left=self.left.conj())
            return method(turned if ancilla is side else self, frame, ancilla=ancilla)

        monkeypatch.setattr(Collective, name, wrong)
        other = brackets(state, seen, [number])[0]
        changed = (right.lower - other.lower, other.upper - right.upper)
        assert changed[side] > 1e-2
        assert abs(changed[not side]) < 1e-5


@pytest.mark.parametrize("factor", [0.9, 1.1])
def test_a_wrong_angle_is_noticed(factor):
    case = tunnelling(2, "up")
    seen = frame(case.model)
    bent = of(case, 2, QUICK, replace(seen, theta=factor * seen.theta))
    exact = case.exact()["S_chi"]
    assert not bent.lower - 1e-3 <= exact <= bent.upper + 1e-3


def test_the_entropy_of_another_temperature_is_noticed(monkeypatch):
    case = tunnelling(2, "up")
    seen, exact = frame(case.model), case.exact()["S_chi"]
    other = frame(tunnelling_at(2.0))
    wrong = of(case, 2, QUICK, replace(seen, entropies=other.entropies))
    assert not wrong.lower - 1e-2 <= exact <= wrong.upper + 1e-2
    # With one mode in K a start that was hotter than it is puts the upper bound below the value.
    right, entropies = of(case, 1, QUICK), Collective.entropies
    monkeypatch.setattr(Collective, "entropies", property(lambda self: 2 * entropies.fget(self)))
    one = of(case, 1, QUICK)
    assert one.upper < right.upper - 0.1
    assert one.upper < exact


def tunnelling_at(beta: float) -> tt.Model:
    case = tunnelling(2, "up")
    density = chains.Discrete(frequencies=case.naive.frequencies, couplings=case.naive.couplings)
    return tt.SpinBoson(hamiltonian={"z": 0.2}, coupling={"z": 1.0}, bath=bath_of(density, 1 / beta, "star"))


def test_a_mode_without_its_sign_is_noticed():
    """b'_k of a chain with the sign of its row reversed is not the partner of b_k."""
    state, seen, _ = dephased(6, 0.25, 20, "chain")
    right = brackets(state, seen, [6], Effort())[0]
    wrong = brackets(state, replace(seen, partner=-seen.partner), [6], Effort())[0]
    assert wrong.lower > right.upper + 1e-3


# Two baths ------------------------------------------------------------------------------------------------------------------------------


def two_warm_baths(time: float) -> tuple[State, Frame, float]:
    """(state, modes, I(S:B) by density matrices) of a qubit between baths of one mode each, of different temperature and operator."""
    H, A, B = 0.5 * SIGMA["x"], 0.5 * SIGMA["z"], np.array([[0, -0.5j], [0.5j, 0]])
    left, right = (
        chains.Discrete(frequencies=[0.8], couplings=[0.4]),
        chains.Discrete(frequencies=[1.0], couplings=[0.5]),
    )
    couplings = [tt.couple(A, bath_of(left, 0.4, "star")), tt.couple(B, bath_of(right, 0.25, "chain"))]
    model = tt.assemble(hamiltonian=H, couplings=couplings)
    dimensions = (2, 10, 10, 8, 8)
    psi = np.zeros(np.prod(dimensions), dtype=complex)
    psi[0] = 1.0
    moved = expm_multiply(-1j * time * hamiltonian(model.terms, dimensions).tocsr(), psi)
    state = State(tensors=tensors_of(moved.reshape(dimensions)), time=time, dimension=2, ancilla=1)
    baths = (
        Bath(operator=A, frequencies=(0.8,), couplings=(0.4,), beta=1 / 0.4),
        Bath(operator=B, frequencies=(1.0,), couplings=(0.5,), beta=1 / 0.25),
    )
    oracle = General(hamiltonian=H, baths=baths, levels=(16, 14), initial=np.diag([1.0, 0.0]))
    rho = (Psi := next(oracle.states([time]))) @ Psi.conj().T
    weights = oracle.ensemble[0]
    start = -float(np.sum(weights * np.log(weights)))
    return state, frame(model), entropy(trace_bath(oracle, rho)) + entropy(trace_system(oracle, rho)) - start


@pytest.mark.parametrize("time", [1.0, 3.0])
def test_bounds_of_two_baths(time):
    """One mode for two baths of one each, which used to be made of a coordinate of either: the exact value is inside."""
    state, seen, exact = two_warm_baths(time)
    bounds = [correlation(state, seen, initial_entropy=0.0, effort=QUICK, modes=modes) for modes in range(3)]
    for found in bounds:
        assert found.lower - 1e-4 < exact < found.upper + 1e-4
    assert bounds[1].width < 0.6 * bounds[0].width
    assert bounds[2].exact
    assert bounds[2].lower == pytest.approx(exact, abs=1e-4)


def test_bounds_that_contradict_each_other_are_an_error():
    found = correlation(*two_warm_baths(1.0)[:2], initial_entropy=0.0, effort=QUICK, modes=0)
    assert choice._enclosing(found) is found
    with pytest.raises(Unphysical, match=r"lower bound of S_chi, 0\.9, is above the upper one, 0\.8"):
        choice._enclosing(replace(found, lower=0.9, upper=0.8))
