"""tnthermo compare: which way energy flows, by master equations and by the run; the table, the figure, what is refused."""

from pathlib import Path

import numpy as np
import pytest

import tnthermo as tt
from chains import InvalidInput
from tests.support.terminal import call
from tnthermo.configuration.examples import text_of
from tnthermo.studies.comparison import direction


def settings(*, until: float, step: float, record_every: float) -> str:
    """The file of two qubits until another time, with settings in place of a target: what takes how long is then known."""
    text = text_of("two-qubits").replace("[accuracy]\ntarget = 0.005 ", "")
    named = f'until = {until}\nmethod = "time-bins"\nstep = {step}\ntolerance = 0.01\nrecord_every = {record_every}'
    assert "target" not in text
    return text.replace("until = 20.0", named)


def short(path: Path) -> Path:
    path.write_text(settings(until=2.5, step=0.25, record_every=0.25), encoding="utf-8")
    return path


def test_a_direction_is_what_both_currents_say_beyond_their_errors() -> None:
    T, error = (1.0, 0.5), np.array([0.1, 0.1])
    assert direction(np.array([-1.0, 1.0]), error, T) == "hot to cold"
    assert direction(np.array([-1.0, 1.0]), error, T[::-1]) == "cold to hot"
    assert direction(np.array([1.0, -1.0]), error, T) == "cold to hot"
    assert direction(np.array([-1.0, 0.05]), error, T) == "not resolved"
    assert direction(np.array([-1.0, 1.0]), np.array([np.inf, 0.1]), T) == "not resolved"
    assert direction(np.array([-1.0, 1.0]), np.full(2, np.nan), T) == "not resolved"
    assert direction(np.full(2, np.nan), error, T) == "no value"
    assert direction(np.array([0.05, -0.05]), error, (0.5, 0.5)) == "none within error"
    assert direction(np.array([-1.0, 1.0]), error, (0.5, 0.5)) == "flows at equal temperatures"


def test_the_command(tmp_path: Path) -> None:
    config, out = short(tmp_path / "two.toml"), tmp_path / "out"
    done = call("compare", config, "--out", out, "--methods", "local,lindblad", "--quiet")
    assert done.exit_code in (0, 3), done.output
    assert {"comparison.png", "comparison.pdf", "currents.csv", "result.nc"} <= {path.name for path in out.iterdir()}
    assert "the parts of the system were not named" in done.output  # local, NaN with the reason
    again = call("compare", config, "--out", out, "--methods", "local,lindblad", "--parts", "2,2", "--quiet")
    assert again.exit_code == done.exit_code
    lines = (out / "currents.csv").read_text(encoding="utf-8").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == ["exact", "exact", "local", "local", "lindblad", "lindblad"]
    found = tt.compare_weak_coupling(config, out, parts=(2, 2), methods=("local", "lindblad"))
    np.testing.assert_array_equal(
        [float(line.split(",")[3]) for line in lines[1:]], found.currents["current"].values.ravel()
    )
    exact = tt.steady_currents(found.ledgers["exact"], since=1.25)
    np.testing.assert_array_equal(found.currents["current"].sel(equation="exact"), exact["current"])
    assert np.isfinite(found.currents["error"].sel(equation="exact")).all()


def test_what_is_wrong_is_refused_before_anything_runs(tmp_path: Path) -> None:
    config, out = short(tmp_path / "two.toml"), tmp_path / "out"
    for options in (
        ["--parts", "2,3"],
        ["--parts", "two"],
        ["--methods", "davies"],
        ["--since", "9"],
        ["--since", "2"],
    ):
        done = call("compare", config, "--out", out, *options)
        assert done.exit_code == 2, done.output
        assert not out.exists()
    with pytest.raises(InvalidInput) as caught:
        tt.compare_weak_coupling(config, out, methods="local", since=-1.0)
    assert [problem.key for problem in caught.value.problems] == ["since", "methods"]


def steady(path: Path, hot: str) -> tt.Comparison:
    """The whole file of two qubits but for its end, with the first bath at ``hot``."""
    text = settings(until=16.0, step=0.2, record_every=0.4)
    path.write_text(text.replace("temperature = 1.0", f"temperature = {hot}"), encoding="utf-8")
    found = tt.compare_weak_coupling(path, path.parent / "out", since=9.6, parts=(2, 2), methods=("local", "lindblad"))
    assert found.flags == ()
    return found


@pytest.mark.slow
def test_exact_heat_runs_from_hot_to_cold_where_that_of_the_local_equation_does_not(tmp_path: Path) -> None:
    found = steady(tmp_path / "two.toml", "1.0")
    assert list(found.currents["direction"].values) == ["hot to cold", "cold to hot", "hot to cold"]
    current, error = (found.currents[name].sel(equation="exact").values for name in ("current", "error"))
    local = found.currents["current"].sel(equation="local").values
    assert np.all(np.abs(current - local) > 2 * error)
    assert np.all(np.abs(current - found.currents["current"].sel(equation="lindblad").values) < error)


@pytest.mark.slow
def test_at_equal_temperatures_the_exact_current_vanishes_and_the_local_one_does_not(tmp_path: Path) -> None:
    found = steady(tmp_path / "two.toml", "0.5")
    assert list(found.currents["direction"].values) == [
        "none within error",
        "flows at equal temperatures",
        "none within error",
    ]
    current, error = (found.currents[name].sel(equation="exact").values for name in ("current", "error"))
    local = found.currents["current"].sel(equation="local").values
    assert np.all(np.abs(current) < error)
    assert np.all(np.abs(current - local) > error)
