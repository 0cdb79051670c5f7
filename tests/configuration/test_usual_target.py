"""A file with nothing but physics in it is run to the usual target; any knob of its own, or "off", and it is run as it is."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import tnthermo as tt
from tests.support.configs import few_modes
from tests.support.terminal import call
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.configuration.target import without_target
from tnthermo.record.flag_text import NOT_MEASURED, covered

PHYSICS = few_modes(temperature=0.3)


def resolved(folder: Path, text: str) -> Resolved:
    path = folder / "few.toml"
    path.write_text(text)
    return resolve(load_config(path))


def test_physics_alone_is_the_usual_target(tmp_path: Path) -> None:
    found = resolved(tmp_path, PHYSICS)
    assert (found.target, found.max_time) == (1e-3, 600.0)
    again = resolved(tmp_path, found.text)
    assert (again.hash, again.target) == (found.hash, found.target)
    own_time = resolved(tmp_path, PHYSICS + '[accuracy]\nmax_time = "2 min"\n')
    assert (own_time.target, own_time.max_time) == (1e-3, 120.0)
    text = " ".join(call("check", tmp_path / "few.toml").stdout.split())
    assert "refined until the target 0.001 is met, for 2 min at most" in text


@pytest.mark.parametrize(
    "more",
    [
        "step = 0.125",
        "tolerance = 1e-5",
        "max_bond = 12",
        'method = "tebd"',
        "[bath]levels = 8",
        "[run]\nerror_bars = false",
        '[accuracy]\ntarget = "off"',
    ],
)
def test_a_knob_of_its_own_is_not(tmp_path: Path, more: str) -> None:
    text = PHYSICS.replace("[bath]\n", "[bath]\nlevels = 8\n") if more.startswith("[bath]") else f"{PHYSICS}{more}\n"
    found = resolved(tmp_path, text)
    assert found.target is None
    assert found.max_time is None
    assert resolved(tmp_path, found.text).hash == found.hash


def test_without_a_target_a_file_has_the_settings_that_suit(tmp_path: Path) -> None:
    path = tmp_path / "few.toml"
    path.write_text(PHYSICS)
    for extra in ({}, {"accuracy": {"target": 1e-2, "max_time": "1 min", "check_route": True}}):
        found = resolve(load_config(path, without_target(tomllib.loads(PHYSICS) | extra)))
        assert found.target is None
        assert found.check_route == bool(extra)


def test_a_study_of_convergence_of_such_a_file(tmp_path: Path) -> None:
    """It was refused: each of its runs had the usual target and no error bars."""
    path = tmp_path / "few.toml"
    path.write_text(PHYSICS)
    for text in (PHYSICS, PHYSICS + "[accuracy]\ntarget = 1e-2\n"):
        path.write_text(text)
        done = call("converge", path, "--out", tmp_path / "study", "--over", "tolerance", "--quiet")
        assert done.exit_code in (0, 3), done.output
        assert "sigma_z at t = 2" in done.stdout


@pytest.mark.parametrize("text", ["2 weeks", "0 s", "soon"])
def test_a_time_that_is_none_is_shown_as_it_was_written(tmp_path: Path, text: str) -> None:
    with pytest.raises(tt.InvalidInput) as refused:
        resolved(tmp_path, f'{PHYSICS}[accuracy]\nmax_time = "{text}"\n')
    assert [problem.value for problem in refused.value.problems] == [text]


def test_what_could_not_be_measured_is_a_note() -> None:
    assert covered(f"{NOT_MEASURED} at t = 1: the correlation function of the bath takes more than 400 modes")
    assert not covered("the bath's entropy is NaN at t = 1: bounds that contradict each other")
