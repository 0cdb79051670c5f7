"""A stopped run is taken up again, extended, or refused because it is another one."""

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from chains import InvalidInput
from tests.interrupted.runs import (
    RUNS,
    SAVING,
    WRITE,
    a_keeper,
    assert_same,
    assert_same_run,
    changed,
    save_little,
    stop_at,
    stopping,
    write_config,
)
from tests.support.compare import physics, same
from tnthermo.errors import Stopped
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import checkpoints, result_file, run_folder
from tnthermo.studies.study import run_config
from tnthermo.terminal.show import shown


def assert_without_errors(out: Path, whole: Path) -> None:
    """All columns and the final state, to the last bit; no error is known yet, and it is said why."""
    ours, theirs = result_file.load_ledger(out), result_file.load_ledger(whole)
    assert (run_folder.inspect(out).state, run_folder.inspect(whole).state) == ("pending", "finished")
    assert list(ours.data_vars) == list(theirs.data_vars)
    for name, column in ours.data_vars.items():
        if str(name).endswith("_error"):
            assert np.isnan(column).all()
            assert column.dims == theirs[name].dims
            assert "the rougher run" in column.attrs["reason"]
        else:
            assert column.equals(theirs[name]), name
    assert np.isfinite(theirs["E_B_error"]).all()  # the negative twin
    assert same(physics(result_file.load(out)), physics(replace(result_file.load(whole), rough=None)))
    assert "UNFINISHED: without its error bars" in shown(ours)
    assert "UNFINISHED" not in shown(theirs)


def test_stopped_in_either_pass_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all files as a user gets them."""
    monkeypatch.setattr(result_file, "save_result", WRITE)
    config, out = write_config(tmp_path), tmp_path / "out"
    run_config(config, tmp_path / "whole")
    for at, stage in ((0, "run"), (4, "run"), (10, "run"), (2, "error bars"), (5, "error bars")):
        stop_at(config, out, at, stage)
        assert (out / run_folder.RESULT).exists() == (stage == "error bars")
    assert_without_errors(out, tmp_path / "whole")
    with pytest.raises(InvalidInput, match=r"lacks its error bars.*--resume goes on"):
        run_config(config, out)
    said: list[str] = []
    assert not run_config(config, out, resume=True, say=said.append).already_done
    assert "run: going on from t = 1" in said
    assert_same(out, tmp_path / "whole")
    assert run_config(config, out, resume=True).already_done
    kept = sorted(path.name for path in (out / checkpoints.FOLDER).iterdir())
    assert kept == ["error_bars.ckpt", "run.ckpt"]


BARS_OFF = SAVING + "error_bars = false\n"


def test_error_bars_are_added_to_a_finished_run(tmp_path: Path, reference: Path) -> None:
    """Of the run itself nothing is computed again."""
    out = tmp_path / "out"
    without, config = write_config(tmp_path, name="off.toml", add=BARS_OFF), write_config(tmp_path, add=SAVING)
    run_config(without, out)
    assert RUNS[out].rough is None
    with pytest.raises(InvalidInput, match=r"run\.error_bars: false -> true.*--resume adds its error bars"):
        run_config(config, out)
    said = stop_at(config, out, 2, "error bars")
    assert "adding error bars to a finished run; its result stays until the new one is written" in said
    assert run_folder.inspect(out).state == "finished"
    steps: list[str] = []
    run_config(config, out, resume=True, progress=lambda now: steps.append(now.stage))
    assert set(steps) == {"error bars"}
    assert_same_run(out, reference)
    assert run_config(without, out).already_done  # it has more than was asked for
    for path in (out / checkpoints.FOLDER).iterdir():
        path.unlink()
    run_config(without, out, overwrite=True)
    for path in (out / checkpoints.FOLDER).iterdir():
        path.unlink()
    with pytest.raises(InvalidInput, match="its checkpoints, from which it could go on, are gone"):
        run_config(config, out, resume=True)


def test_error_bars_are_done_without(tmp_path: Path, reference: Path) -> None:
    """A run whose error bars were interrupted is finished with what is there, or started afresh where its checkpoints are gone."""
    out = tmp_path / "out"
    without, config = write_config(tmp_path, name="off.toml", add=BARS_OFF), write_config(tmp_path, add=SAVING)
    stop_at(config, out, 2, "error bars")
    with pytest.raises(InvalidInput, match="lacks its error bars"):
        run_config(without, out)
    steps: list[str] = []
    run_config(without, out, resume=True, progress=lambda now: steps.append(now.stage))
    assert steps == []
    assert run_folder.inspect(out).state == "finished"
    assert RUNS[out].rough is None
    assert same(physics(RUNS[out]), physics(replace(RUNS[reference], rough=None)))
    other = write_config(tmp_path, temperature=0.7, name="other.toml", add=SAVING)
    stop_at(config, tmp_path / "again", 2, "error bars")
    with pytest.raises(InvalidInput, match=r"holds another run \(bath\.temperature: 0\.5 -> 0\.7"):
        run_config(other, tmp_path / "again", resume=True)
    for path in (tmp_path / "again" / checkpoints.FOLDER).iterdir():
        path.unlink()
    said: list[str] = []
    run_config(config, tmp_path / "again", resume=True, say=said.append)
    assert any("starting from the beginning" in line for line in said)
    assert_same_run(tmp_path / "again", reference)


def test_a_stop_while_correlations_are_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They start again, the run does not."""
    found: dict[str, Any] = {}

    def save(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: Any) -> None:
        found[path.parent.name] = correlations
        save_little(path, ledger, run)

    monkeypatch.setattr(result_file, "save_result", save)
    pairs = '[record]\ntwo_time = { zz = ["z", "z"] }\n'
    config = write_config(tmp_path, add=pairs)
    run_config(config, tmp_path / "whole")
    stop, look = stopping(3, "correlations")
    with pytest.raises(Stopped):
        run_config(config, tmp_path / "out", stop=stop, progress=look)
    assert run_folder.inspect(tmp_path / "out").pending == "two-time correlations"
    said: list[str] = []
    run_config(config, tmp_path / "out", resume=True, say=said.append)
    assert "run: going on from t = 1" in said
    assert_same_run(tmp_path / "out", tmp_path / "whole")
    assert found["out"].identical(found["whole"])


def test_another_model_is_refused_with_the_keys_that_differ(tmp_path: Path) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 4)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    other = write_config(tmp_path, temperature=0.7, name="other.toml", add=SAVING)
    for resume in (True, False):
        with pytest.raises(InvalidInput) as refused:
            run_config(other, out, resume=resume)
        assert ("bath.temperature: 0.5 -> 0.7" in str(refused.value)) == resume
    step = changed(config, "step.toml", "step = 0.1", "step = 0.05")
    with pytest.raises(InvalidInput, match=r"evolution\.step: 0\.1 -> 0\.05"):
        run_config(step, out, resume=True)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert not run_config(other, out, overwrite=True).already_done
    assert result_file.load_ledger(out).attrs["temperature"] == 0.7


def test_what_may_change_may(tmp_path: Path) -> None:
    """A larger bond, the interval of saving, a later end; not a smaller bond, not an end before what is saved."""
    config = write_config(tmp_path, add=SAVING)
    config.write_text(config.read_text().replace('method = "exact"', 'method = "tdvp"\nmax_bond = 8'))
    out = tmp_path / "out"
    stop_at(config, out, 6)
    with pytest.raises(InvalidInput, match=r"evolution\.max_bond = 4: at least 8"):
        run_config(changed(config, "smaller.toml", "max_bond = 8", "max_bond = 4"), out, resume=True)
    with pytest.raises(InvalidInput, match=r"evolution\.until = 0\.4: at least 0\.6"):
        run_config(changed(config, "short.toml", "until = 1.0", "until = 0.4"), out, resume=True)
    more = changed(config, "more.toml", "max_bond = 8", "max_bond = 16")
    more.write_text(more.read_text().replace("checkpoint_every = 0", "checkpoint_every = 100"))
    result = run_config(changed(more, "longer.toml", "until = 1.0", "until = 1.4"), out, resume=True)
    assert result.ledger["t"].values[-1] == 1.4
    assert "evolution.max_bond was 8 until t = 0.6" in result.ledger.attrs["notes"]


def test_a_finished_run_is_extended(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    run_config(config, out)
    longer = changed(config, "longer.toml", "until = 1.0", "until = 1.6")
    with pytest.raises(InvalidInput, match="--resume extends it"):
        run_config(longer, out)
    stop_at(longer, out, 12)
    assert run_config(config, out).already_done  # the shorter one is still there
    assert not run_config(longer, out, resume=True).already_done
    run_config(longer, tmp_path / "whole")
    ours, whole = RUNS[out], RUNS[tmp_path / "whole"]
    for name in (
        "times",
        "rho_S",
        "moment_X",
        "moment_P",
        "chain_energy",
        "total_energy",
        "norm",
        "recorded",
        "cut_entropy",
    ):
        assert same(getattr(ours, name), getattr(whole, name)), name
    assert same(ours.state, whole.state)
    for path in (out / checkpoints.FOLDER).iterdir():
        path.unlink()
    with pytest.raises(InvalidInput, match="are gone"):
        run_config(changed(config, "longest.toml", "until = 1.0", "until = 2.0"), out, resume=True)


def test_saving_is_rare_where_it_is_dear(tmp_path: Path) -> None:
    keeper = a_keeper(write_config(tmp_path), tmp_path)
    now = time.monotonic()
    keeper.saved_at = now - checkpoints.USUAL - 1
    assert keeper.due()
    keeper.last_cost = 2 * checkpoints.PART * checkpoints.USUAL
    assert not keeper.due()
    keeper.every = 5.0
    assert keeper.due()
    keeper.saved_at = now
    assert not keeper.due()
