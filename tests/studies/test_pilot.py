"""What a pilot foretells of a run: measured where it comes to its end, carried on by laws where it does not."""

import math
from dataclasses import replace
from pathlib import Path

import pytest

import tnthermo as tt
from tests.support.configs import few_modes
from tests.support.terminal import call
from tnthermo.configuration.resolve import resolve_file
from tnthermo.record.ladder import rungs
from tnthermo.studies.pilot import _ratio, _Stage, pilot


def written(folder: Path, *, evolution: str = "", temperature: float = 0.0) -> Path:
    path = folder / "few.toml"
    path.write_text(few_modes(temperature=temperature, add=evolution))
    return path


@pytest.mark.parametrize("power", [1.0, 2.0, 3.5])
def test_a_beginning_is_carried_on_by_its_power(power: float) -> None:
    times = [0.1 * n for n in range(31)]
    stage = _Stage(times=times, seconds=[t**power for t in times])
    assert stage.whole(3.0) == pytest.approx(3.0**power)
    assert stage.whole(9.0) == pytest.approx(9.0**power, rel=0.02)
    assert math.isinf(_Stage().whole(1.0))  # nothing is known of it


def test_a_run_becomes_dearer_than_its_companion_as_it_did_so_far() -> None:
    times = [0.1 * n for n in range(51)]
    rough = _Stage(times=times, seconds=list(times))
    mine = _Stage(times=times[:21], seconds=[3 * t**1.5 for t in times[:21]])
    assert _ratio(mine, rough, 5.0) * rough.whole(5.0) == pytest.approx(3 * 5.0**1.5, rel=0.05)


def test_a_short_run_is_known_as_a_whole(tmp_path: Path) -> None:
    resolved = resolve_file(written(tmp_path))
    found = pilot(resolved, 30.0)
    run = tt.evolve(resolved.model, **resolved.evolve_keywords())
    took = sum(one.wall_seconds for one in rungs(run))
    assert found.words.startswith("the whole way")
    assert f"target met: {tt.ledger(run).attrs['target_worst']}" == found.error
    assert 0.2 * took < found.seconds < 5 * took  # the same runs twice, on a machine that is shared
    assert found.bond == int(max(one.bonds.max() for one in rungs(run)))


def test_without_time_it_is_a_beginning(tmp_path: Path) -> None:
    resolved = resolve_file(written(tmp_path))
    found = pilot(resolved, 1e-9)
    assert "of run 1 on the way to the target" in found.words
    assert found.error == "0.001 is expected to be reached"
    short = replace(resolved, max_time=1e-6)
    assert "not expected to be reached in max_time" in pilot(short, 1e-9).error
    low, high = found.range
    assert low <= found.seconds <= high


def test_settings_by_hand(tmp_path: Path) -> None:
    resolved = resolve_file(
        written(tmp_path, evolution="step = 0.125\ntolerance = 1e-5\nmax_bond = 8", temperature=0.3)
    )
    assert resolved.target is None
    found = pilot(resolved, 30.0)
    assert found.words == "the whole run and its rougher companion"
    begun = pilot(resolved, 1e-9)
    assert "% of the run" in begun.words
    assert begun.range[1] / begun.range[0] > found.range[1] / found.range[0]  # less is known


def test_plan_says_it_and_counts_where_it_is_not_to_run(tmp_path: Path) -> None:
    config = written(tmp_path)
    text = call("plan", config, "--pilot", "20").stdout
    assert "a pilot of" in text
    assert "target met" in text
    assert "operations counted" not in text
    counted = call("plan", config, "--pilot", "0").stdout
    assert "operations counted" in counted
    assert "refined until the target 0.001 is met, in 10 min" in " ".join(counted.split())
    assert call("plan", config, "--pilot", "-1").exit_code == 2
    asked = call("plan", config, "--pilot", "0", "--accuracy", "1e-4", "--max-time", "2h").stdout
    assert "refined until the target 0.0001 is met, in 2 h" in " ".join(asked.split())
    refused = call("plan", config, "--pilot", "0", "--accuracy", "2")
    assert refused.exit_code == 2
    assert "accuracy.target" in refused.stderr
    sweep = tmp_path / "sweep.toml"
    sweep.write_text(config.read_text() + '\n[sweep]\n"bath.temperature" = [0.1, 0.2]\n')
    refused = call("plan", sweep, "--accuracy", "1e-4", "--max-time", "1h")
    assert refused.exit_code == 2
    assert "--accuracy" in refused.stderr
    assert "--max-time" in refused.stderr
