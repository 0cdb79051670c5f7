"""Checkpoints that are damaged, forged, lost, or of another version."""

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from chains import InvalidInput
from tests.interrupted.runs import SAVING, a_keeper, assert_same_run, stop_at, write_config
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.configuration.resolve import resolve_file
from tnthermo.kernels.compiling import CompileClock
from tnthermo.results import checkpoints, run_folder
from tnthermo.results.checkpoint_file import pack, unpack
from tnthermo.studies import study
from tnthermo.studies.study import run_config


def test_damaged_checkpoints(tmp_path: Path, reference: Path) -> None:
    """The previous one is used, and said; without a good one nothing is started and nothing touched."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 6)
    newest, previous = (out / checkpoints.FOLDER / name for name in ("run.ckpt", "run.previous.ckpt"))
    good, older = newest.read_bytes(), previous.read_bytes()
    for twentieth in range(20):
        at = len(good) * twentieth // 20
        flipped = bytearray(good)
        flipped[at] ^= 1 << twentieth % 8
        for bad in (good[:at], bytes(flipped)):
            newest.write_bytes(bad)
            keeper = a_keeper(config, out)
            found = keeper.load("run")
            assert found is not None
            assert found["times"][-1] == 0.5  # the previous one
    said: list[str] = []
    newest.write_bytes(b"")
    previous.write_bytes(b"")
    with pytest.raises(InvalidInput, match=r"(?s)checkpoint that can be read.*--overwrite starts afresh"):
        run_config(config, out, resume=True)
    assert not (out / run_folder.RESULT).exists()
    newest.unlink()
    previous.write_bytes(older)
    run_config(config, out, resume=True, say=said.append)
    assert "run: going on from t = 0.5" in said
    assert_same_run(out, reference)


def no_rows(state: Any) -> None:
    state["rows"] = {}


def no_sites(state: Any) -> None:
    del state["engine"]["tensors"][1]


def no_engine(state: Any) -> None:
    state["engine"] = 3


def not_finite(state: Any) -> None:
    state["engine"]["vector"][0] = math.nan


def forged(path: Path, damage: Callable[[Any], None]) -> None:
    """Let the state of a checkpoint be damaged and its SHA-256 fit."""
    tree = unpack(path.read_bytes())
    state = tree.pop("state")
    damage(state)
    path.write_bytes(b"".join(bytes(piece) for piece in pack(tree, state)))


@pytest.mark.parametrize("damage", [no_rows, no_sites, no_engine, not_finite])
def test_a_forged_state_is_passed_over_or_refused_in_words(
    tmp_path: Path, reference: Path, damage: Callable[[Any], None]
) -> None:
    """It ended in exit code 1."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 4)
    newest, previous = (out / checkpoints.FOLDER / name for name in ("run.ckpt", "run.previous.ckpt"))
    kept = {path: path.read_bytes() for path in (newest, previous)}
    forged(newest, lambda state: None)
    keeper = a_keeper(config, out)
    keeper.fits = study.fits(resolve_file(config))
    found = keeper.load("run")
    assert found is not None
    assert found["times"][-1] == pytest.approx(0.4)  # the newest: forging alone does no harm
    for path in kept:
        forged(path, damage)
    ended = call("run", config, "--out", out, "--resume")
    assert ended.exit_code == errors.BAD_INPUT
    assert "not what a run holds" in ended.output
    assert "--overwrite starts afresh" in ended.output
    with pytest.raises(InvalidInput, match="checkpoint that can be read"):
        run_config(config, out, resume=True)
    previous.write_bytes(kept[previous])
    said: list[str] = []
    run_config(config, out, resume=True, say=said.append)
    assert "using the previous checkpoint, run.previous.ckpt" in said
    assert "run: going on from t = 0.3" in said
    assert_same_run(out, reference)


def test_a_lost_first_stage_and_newer_formats_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 3, "error bars")
    run, previous = (out / checkpoints.FOLDER / name for name in ("run.ckpt", "run.previous.ckpt"))
    data = run.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("tnthermo.results.checkpoint_file.FORMAT", 1)
        patch.setattr("tnthermo.results.checkpoint_file.MIGRATIONS", {})
        with pytest.raises(InvalidInput, match=r"format 2, written by tnthermo.*; this version reads format 1"):
            run_config(config, out, resume=True)
    run.unlink()
    previous.unlink()
    with pytest.raises(InvalidInput, match="without which the others say nothing"):
        run_config(config, out, resume=True)
    run.write_bytes(data)
    run_config(config, out, resume=True)


def test_other_versions_are_warned_about(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(CompileClock, "process", 1.0)
        stop_at(config, out, 6)
    now = checkpoints.versions()
    monkeypatch.setattr(checkpoints, "versions", lambda: {**now, "numpy": "99.0"})
    said: list[str] = []
    result = run_config(config, out, resume=True, say=said.append)
    assert any("numpy" in line and "not the same to the last bit" in line for line in said)
    assert any("compiled its kernels" in line for line in said)
    assert "other versions" in result.ledger.attrs["notes"]
    assert_same_run(out, reference)
