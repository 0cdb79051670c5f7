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
guard = importlib.import_module("guard")

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


@pytest.mark.parametrize("name", "ABCD")
def test_ladders_fit_the_record_times(name):
    path = BENCH / "cases" / f"{name}.toml"
    problem = bench.problem_of(path, resolve(load_config(path)))
    scale = grids.Scale(problem=problem)
    assert scale.modes(3) <= scale.modes(6) <= problem.frequencies.size
    assert scale.levels(3) <= scale.levels(6)
    for who in grids.COMPETITORS:
        for size in ("quick", "full"):
            settings = grids.grid(who, problem, size)
            assert settings
            for setting in settings:
                ratio = setting["step"] / 0.5
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
    keys = {"case", "who", "accuracy", "wall_s", "error", "settings", "version", "compile_s"}
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
    assert len(found) == 15
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
    assert "exchange" in bench.own_obstacle("oqupy", problem)
    assert bench.own_obstacle("quimb", problem) == ""
    path, resolved = made(tmp_path, temperature=0.2, operator='"sigma_minus"\nkind = "exchange"')
    assert "two chains" in bench.obstacle(resolved)


def test_a_short_reference_is_refused(tmp_path):
    path, _ = made(tmp_path)
    with pytest.raises(SystemExit, match="before the last record time"):
        bench.read_case(str(path), stored(tmp_path, np.linspace(0, 4, 81)), 1e-5, 1.0)


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
