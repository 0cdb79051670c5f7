"""scripts/bench: what is handed to the peers' drivers and made of their answers, without any peer; what the guard calls slower."""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.interpolate import CubicSpline

import chains
from tnthermo.configuration.resolve import load_config, resolve

BENCH = Path(__file__).parents[2] / "scripts" / "bench"
sys.path.insert(0, str(BENCH))
bench = importlib.import_module("time_to_accuracy")
grids = importlib.import_module("peers.grids")
common = importlib.import_module("peers.common")
routes = importlib.import_module("peers.routes")
guard = importlib.import_module("guard")
sys.path.append(str(BENCH / "peers"))  # as a driver finds what it shares with the others
unitempo = importlib.import_module("run_unitempo")

CASES = BENCH / "cases"
STORED = Path(__file__).parents[1] / "oracles" / "reference"
CASE = """
[spectral_density]
kind = "power-law"
alpha = 0.1
exponent = 1.0
cutoff = 1.0
shape = "hard"

[bath]
temperature = {temperature}
modes = 12
{bath}

[system]
hamiltonian = {{ z = 0.1, x = 0.2 }}
initial = {initial}

[coupling]
operator = {operator}

[evolution]
until = 5.0
step = 0.25
record_every = 0.5
tolerance = 1e-4
"""
TWO_BATHS = """
[system]
hamiltonian = { z = 0.1 }

[[bath]]
temperature = 0.5
[bath.spectral_density]
kind = "discrete"
frequencies = [0.5, 1.0]
couplings = [0.1, 0.1]
[bath.coupling]
operator = { x = 1.0 }

[[bath]]
temperature = 0.0
[bath.spectral_density]
kind = "discrete"
frequencies = [0.7]
couplings = [0.2]
[bath.coupling]
operator = { z = 1.0 }

[evolution]
until = 5.0
step = 0.25
record_every = 0.5
"""


def made(tmp_path, text=None, *, temperature=0.2, bath="", initial='"+x"', operator="{ z = 1.0 }"):
    """(path, resolved) of a small case."""
    path = tmp_path / "case.toml"
    values = {"temperature": temperature, "bath": bath, "initial": initial, "operator": operator}
    path.write_text(text or CASE.format(**values))
    return path, resolve(load_config(path))


def stored(tmp_path, times):
    """A reference file with sigma_z = cos t."""
    path = tmp_path / "reference.npz"
    np.savez(path, t=times, sigma_z=np.cos(times), error="about 2e-6")
    return path


def test_the_problem_comes_back_from_its_files(tmp_path):
    problem = bench.problem_of(*made(tmp_path))
    problem.write(tmp_path)
    back = common.Problem.read(tmp_path)
    for name, value in vars(problem).items():
        assert np.array_equal(getattr(back, name), value), name
        assert type(getattr(back, name)) is type(value), name


def test_chain_measure_and_start_are_those_of_the_model(tmp_path):
    path, resolved = made(tmp_path, initial="[[0.75, 0.1], [0.1, 0.25]]")
    problem = bench.problem_of(path, resolved)
    t = np.linspace(0.0, 5.0, 21)
    exact = chains.exact_correlation(resolved.model.chains[0], t)
    measure = np.exp(-1j * np.outer(t, problem.nodes)) @ problem.strengths
    chain = problem.kappa**2 * grids.response(problem.frequencies, problem.hoppings, t)
    np.testing.assert_allclose(measure, exact, atol=1e-10)
    np.testing.assert_allclose(chain, exact, atol=1e-10)
    rho = np.einsum("k,ki,kj->ij", problem.weights, problem.starts, problem.starts.conj())
    np.testing.assert_allclose(rho, resolved.initial, atol=1e-14)
    np.testing.assert_allclose(problem.times, np.arange(11) * 0.5)


def test_a_pair_of_chains_is_handed_over_as_one(tmp_path):
    path, resolved = made(tmp_path, bath='route = "two-chains"')
    assert len(resolved.model.chains) == 2
    single = bench.problem_of(*made(tmp_path))
    pair = bench.problem_of(path, resolved)
    assert pair.kappa == pytest.approx(single.kappa)
    np.testing.assert_allclose(pair.frequencies, single.frequencies, atol=1e-10)


@pytest.mark.parametrize("name", [*"ABCD", *(pytest.param(name, marks=pytest.mark.slow) for name in "EFGH")])
def test_ladders_fit_the_record_times(name):
    path = BENCH / "cases" / f"{name}.toml"
    problem = bench.problem_of(path, resolve(load_config(path)))
    scale = grids.Scale(problem=problem)
    every = problem.times[1]
    assert scale.modes(3) <= scale.modes(6) <= problem.frequencies.size
    assert scale.levels(3) <= scale.levels(6)
    for who in grids.COMPETITORS:
        for size in ("quick", "full"):
            settings = grids.grid(who, problem, size)
            assert settings
            for setting in settings:
                ratio = setting["step"] / every
                assert ratio == 2.0 ** round(np.log2(ratio))
                assert ratio <= 4


def test_the_error_is_taken_at_the_record_times_that_a_run_hits():
    times = np.arange(0.0, 10.01, 0.5)
    fine = np.linspace(0.0, 10.0, 401)
    reference = CubicSpline(fine, np.cos(fine))
    t = np.arange(0.0, 10.01, 0.25)
    z = np.cos(t)
    z[1] += 1.0  # t = 0.25 is no record time
    z[8] += 1e-3  # t = 2 is one
    assert bench.error_of(t, z, times, reference) == pytest.approx(1e-3, rel=1e-3)
    assert bench.error_of(t[::4], np.cos(t[::4]), times, reference) < 1e-6  # every second of them
    assert bench.error_of(t[::16], np.cos(t[::16]), times, reference) == np.inf  # too few
    assert bench.error_of(t, np.where(t == 5.0, np.nan, z), times, reference) == np.inf


def test_each_accuracy_has_its_cheapest_run():
    runs = [
        bench.Attempt(who="quimb", settings={"k": k}, error=error, walls=walls, version="1", compile_s=0.1)
        for k, (error, walls) in enumerate([(5e-2, (1.0,)), (5e-4, (3.0, 2.5)), (8e-4, (4.0,)), (6e-5, (9.0,))])
    ]
    assert bench.cheapest(runs, 1e-3) is runs[1]
    assert bench.cheapest(runs, 1e-4) is runs[3]
    assert bench.cheapest(runs, 1e-5) is None
    keys = {"case", "who", "accuracy", "wall_s", "error", "energies", "settings", "version", "compile_s"}
    found = json.loads(json.dumps(bench.entries("A", "quimb", runs, [1e-3, 1e-4, 1e-5])))
    assert [entry["wall_s"] for entry in found] == [2.5, 9.0, None]
    assert [entry["error"] for entry in found] == [5e-4, 6e-5, 6e-5]
    assert set(found[0]) == keys
    assert set(found[2]) == keys | {"reason"}


def test_a_case_beyond_the_drivers_has_reasons(tmp_path):
    path, resolved = made(tmp_path, TWO_BATHS)
    assert "2 baths" in bench.obstacle(resolved)
    args = bench.arguments(["--case", str(path), "--reference", str(stored(tmp_path, np.linspace(0, 5, 101)))])
    case = bench.read_case(args.case[0], args.reference, 1e-5, 1.0)
    assert case.floor == 2e-6
    attempts = {who: bench.climb(case, who, args) for who in args.peers}
    found = [entry for who, runs in attempts.items() for entry in bench.entries(case.name, who, runs, args.accuracy)]
    assert len(found) == 3 * len(grids.PEERS)
    assert all(entry["wall_s"] is None and "2 baths" in entry["reason"] for entry in found)
    text = bench.table(case, attempts, args.accuracy)
    assert "2 baths" in text
    bench.figure(case, attempts, tmp_path / "case.png")
    assert (tmp_path / "case.png").stat().st_size > 0
    json.dumps(found, allow_nan=False)


def test_exchange_is_no_case_for_path_integrals(tmp_path):
    path, resolved = made(tmp_path, temperature=0.0, operator='"sigma_minus"\nkind = "exchange"')
    assert bench.obstacle(resolved) == ""
    problem = bench.problem_of(path, resolved)
    assert all("exchange" in bench.own_obstacle(who, problem) for who in ("oqupy", "qutip", "ace", "unitempo"))
    assert bench.own_obstacle("quimb", problem) == ""
    path, resolved = made(tmp_path, temperature=0.2, operator='"sigma_minus"\nkind = "exchange"')
    assert "two chains" in bench.obstacle(resolved)


def case_problem(name):
    """The problem of one of the stored cases."""
    path = CASES / f"{name}.toml"
    return bench.problem_of(path, resolve(load_config(path)))


@pytest.mark.parametrize(("name", "tail"), [("E", False), ("F", True), ("G", True)])
def test_a_bath_without_an_end_is_handed_over_whole(name, tail):
    """The nodes and the tail have its reorganisation energy, its C(t), and the formula its J(w); the chain has what it is cut to."""
    problem = case_problem(name)
    density = resolve(load_config(CASES / f"{name}.toml")).model.couplings[0].bath.density
    assert problem.endless
    assert (problem.tail > 0.0) == tail
    uncut = getattr(density, "reorganisation_energy", None) or density.reorganisation()
    assert problem.tail + (problem.strengths / problem.nodes).sum() == pytest.approx(uncut, rel=1e-6)
    w = np.linspace(0.01, 3.0, 7)
    np.testing.assert_allclose(problem.J(w), density(w), rtol=1e-12)
    assert problem.twice(0.0) == 0.0
    assert problem.twice(0.3) == pytest.approx(
        np.trapezoid((0.3 - (u := np.linspace(0, 0.3, 3001))) * problem.correlation(u), u) - 0.3j * problem.tail,
        rel=1e-3,
    )
    chain = routes.routed(str(CASES / f"{name}.toml"), "chain").model.chains[0]
    assert problem.frequencies.size == chain.length


def test_a_file_for_a_chain_can_be_run_on_bins():
    for name in "AEH":
        path = str(CASES / f"{name}.toml")
        assert not routes.on_bins(routes.routed(path, "chain"))
        bins = routes.routed(path, "bins")
        assert routes.on_bins(bins)
        assert bins.algorithm.name == "time-bins"


@pytest.mark.parametrize("name", "EFG")
def test_the_files_have_physics_only_and_their_references_energies(name):
    """And conserve energy to what they say of themselves."""
    resolved = resolve(load_config(CASES / f"{name}.toml"))
    assert resolved.algorithm.name == "time-bins"
    with np.load(STORED / f"perf_{name}.npz") as data:
        total = sum(data[column] for column in bench.ENERGIES)
        assert np.abs(total - total[0]).max() < sum(data[f"err_{column}"] for column in bench.ENERGIES)
        assert np.abs(data["E_S"] - total[0])[0] < 1e-5


def limited(error_at_the_end):
    """A case with a limit, and the errors of a run that ends off it."""
    times = np.arange(0.0, 40.01, 1.0)
    fine = np.linspace(0.0, 20.0, 401)
    problem = common.replace(case_problem("A"), times=times)
    reference = {"sigma_z": CubicSpline(fine, np.exp(-fine))}
    case = bench.Case(
        name="",
        problem=problem,
        reference=reference,
        floor=None,
        source="",
        obstacle="",
        limits={"sigma_z": 0.0, "E_S": -2.0},
    )
    z, energy = np.exp(-times), -2.0 * np.ones_like(times)
    z[-1], energy[-1] = z[-1] + error_at_the_end, -2.0 + error_at_the_end
    return case, bench.errors_of(case, times, {"sigma_z": z, "E_S": energy})


def test_where_a_run_arrives_counts():
    assert limited(1e-3)[1] == (pytest.approx(1e-3, rel=1e-2), {"E_S": pytest.approx(5e-4, rel=1e-2)})
    case, (error, energies) = limited(0.0)
    assert error < 1e-6
    assert energies == {"E_S": 0.0}
    half = case.problem.times[:21]
    assert bench.errors_of(case, half, {"sigma_z": np.exp(-half)})[0] == np.inf  # never got there


def test_energies_are_relative_to_their_largest_value_and_shown():
    times = np.arange(0.0, 10.01, 0.5)
    fine = np.linspace(0.0, 10.0, 401)
    reference = {"sigma_z": CubicSpline(fine, np.cos(fine)), "E_B": CubicSpline(fine, 4 * np.sin(fine))}
    problem = common.replace(case_problem("A"), times=times)
    case = bench.Case(name="X", problem=problem, reference=reference, floor=1e-5, source="here", obstacle="")
    found = {"sigma_z": np.cos(times) + 1e-4, "E_B": 4 * np.sin(times) + 4e-3, "E_int": times}
    error, energies = bench.errors_of(case, times, found)
    assert error == pytest.approx(1e-4, rel=1e-3)
    assert energies == {"E_B": pytest.approx(1e-3, rel=2e-2)}
    runs = {
        who: [
            bench.Attempt(
                who=who, settings={"engine": who[9:]}, error=error, energies=energies, walls=(wall,), version="1"
            )
        ]
        for who, wall in (("tnthermo-chain", 2.0), ("tnthermo-bins", 1.0))
    }
    lines = bench.table(case, runs, [1e-3, 1e-5]).splitlines()
    assert lines[2].split() == ["tnthermo", "1", "-"]
    assert lines[3].split() == ["engine", "bins"]
    assert sum("E_B 1e-03" in line for line in lines) == 2


def test_uniform_tempo_dephases_as_the_closed_form_says(tmp_path):
    """H_S = 0: |rho_01| = exp(-4 Re int (t - u) C(u)) / 2, whatever the step; and a memory that is too short is noticed."""
    path, resolved = made(tmp_path, initial='"+x"')
    problem = common.replace(bench.problem_of(path, resolved), hamiltonian=np.zeros((2, 2)), times=0.5 * np.arange(8))
    exact = np.array([np.exp(-4 * problem.twice(t).real) for t in problem.times])
    settings = {"step": 0.5, "svd": 1e-6, "memory": 3.5, "quiet": 1.0}
    t, found = unitempo.run(problem, settings)
    np.testing.assert_allclose(t, problem.times)
    np.testing.assert_allclose(np.hypot(found["sigma_x"], found["sigma_y"]), exact, atol=1e-4)
    np.testing.assert_allclose(found["sigma_z"], 0.0, atol=1e-7)
    short = unitempo.run(problem, settings | {"memory": 0.5})[1]
    assert np.abs(np.hypot(short["sigma_x"], short["sigma_y"]) - exact).max() > 1e-3


def test_a_short_reference_is_refused(tmp_path):
    path, _ = made(tmp_path)
    with pytest.raises(SystemExit, match="before the last record time"):
        bench.read_case(str(path), stored(tmp_path, np.linspace(0, 4, 81)), 1e-5, 1.0)


@pytest.mark.parametrize(("name", "own"), [("tutorial", True), ("newcomer", True), ("A", False)])
def test_a_named_case_without_a_stored_reference_makes_its_own(name, own, monkeypatch):
    made_here = []

    def stand_in(problem, tightest, limit):
        made_here.append(problem)
        times = problem.times
        return {bench.JUDGED: bench.CubicSpline(times, np.zeros(times.size))}, 1e-6

    monkeypatch.setattr(bench, "self_reference", stand_in)
    case = bench.read_case(name, None, 1e-3, 1.0)
    assert case.name == name
    assert bool(made_here) == own == ("self-reference" in case.source)


@pytest.mark.parametrize(("text", "number"), [("about 2e-6", 2e-6), (3e-5, 3e-5), ("unknown", None)])
def test_stated_errors(text, number):
    assert bench.stated_error(np.array(text)) == number


@pytest.mark.parametrize(
    ("value", "entry", "wrong"),
    [
        (1.25, {"values": {"here": 1.0}, "most": 1.3}, ""),
        (1.35, {"values": {"here": 1.0}, "most": 1.3}, "1.35 times the value kept, allowed 1.3"),
        (1.35, {"values": {"there": 1.0}, "most": 1.3}, ""),  # another processor's value judges nothing here
        (1.2, {"value": 1.0, "limit": 1.15}, "above the limit 1.15"),
        (97.0, {"value": 100.0, "within": 0.02}, "-3.0 %, allowed 2 %"),
    ],
)
def test_what_the_guard_calls_slower(value, entry, wrong):
    assert guard.verdict(value, entry, "here") == wrong


def test_the_guard_keeps_the_values_of_other_processors():
    kept = json.loads(guard.KEPT.read_text(encoding="utf-8"))
    assert set(kept) == set(guard.BOUNDS)
    found = guard.updated(dict.fromkeys(guard.BOUNDS, 2.0), kept, "new")
    of_zgemm = found["cold run / zgemm"]["values"]
    assert of_zgemm == {**kept["cold run / zgemm"]["values"], "new": 2.0}
    assert found["120 sites / 60 sites"] == {"value": 2.0, "limit": 1.1}
