"""Folders of interrupted runs: signals, kills, full disks, damaged and foreign checkpoints, a second process."""

import contextlib
import errno
import json
import math
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from numba import njit

import tnthermo as tt
from chains import InvalidInput
from tests import test_config
from tests.test_checkpoint_runs import physics
from tests.test_cli import call
from tests.test_files import same
from tnthermo import checkpoints, cli, files, lock, study, threads
from tnthermo.checkpoint import pack, unpack
from tnthermo.checkpoints import Checkpoints
from tnthermo.clock import Progress
from tnthermo.config_limits import Memory, cgroup_limits, memory_watch
from tnthermo.evolve import RunFailed
from tnthermo.exact import ExactEngine
from tnthermo.kernels.compiling import CompileClock
from tnthermo.lock import Held
from tnthermo.record import Measure
from tnthermo.signals import Stop, Stopped, listening
from tnthermo.study import run_study
from tnthermo.trajectory import Trajectory

ROOT = Path(__file__).parents[1]
SAVING = "[run]\ncheckpoint_every = 0\nstorage_patience = 0.3\n"
NO_ENTROPY = '[thermodynamics]\nbath_entropy = "off"\n'
GROUPS = (None, "raw", "raw/rough")


def write_config(folder: Path, *, add: str = "", **more: Any) -> Path:
    """The smallest one, without the entropy of the bath, which takes most of its time."""
    return test_config.write_config(folder, add=NO_ENTROPY + add, **more)


def columns(out: Path) -> list[xr.Dataset]:
    """All variables of a result; the attributes hold what the machine spent."""
    return [xr.load_dataset(out / files.RESULT, engine="h5netcdf", group=group) for group in GROUPS]


def assert_same(out: Path, reference: Path) -> None:
    """Columns, raw trajectory and final state, to the last bit; each row once."""
    for ours, theirs in zip(columns(out), columns(reference), strict=True):
        assert set(ours.variables) == set(theirs.variables)
        for name in ours.variables:
            a, b = ours[name].values, theirs[name].values
            assert a.dtype == b.dtype, name
            assert a.tobytes() == b.tobytes() if a.dtype.kind in "fi" else np.array_equal(a, b), name
    t = columns(out)[0]["t"].values
    assert np.all(np.diff(t) > 0)
    ours, theirs = (files.load_state(folder / files.STATE).tensors for folder in (out, reference))
    assert all(np.array_equal(a, b) for a, b in zip(ours, theirs, strict=True))
    left = [path.name for path in out.rglob("*") if path.name == lock.LOCK or path.name.endswith(".tmp")]
    assert left == []


RUNS: dict[Path, Trajectory] = {}
WRITE = files.save_result


def save_little(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: xr.Dataset | None = None) -> None:
    """What is looked at of a result when a folder is used again; the run itself stays in memory. (All columns take a second to write.)"""
    RUNS[path.parent] = run
    little = ledger[["t"]]
    path.write_bytes(little.to_netcdf(None, engine="h5netcdf"))


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files, "save_result", save_little)


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The uninterrupted run."""
    folder = tmp_path_factory.mktemp("reference")
    config, out = write_config(folder), folder / "out"
    run_study(config, out)
    resolved = study.resolve_file(config)
    RUNS[out] = tt.evolve(resolved.model, **resolved.evolve_keywords())  # and without any checkpoints
    return out


def assert_same_run(out: Path, reference: Path) -> None:
    """Everything that the runs measured, and their final states, to the last bit."""
    assert same(physics(RUNS[out]), physics(RUNS[reference]))
    left = [path.name for path in out.rglob("*") if path.name == lock.LOCK or path.name.endswith(".tmp")]
    assert left == []


def stopping(at: int, stage: str = "run") -> tuple[Stop, Callable[[Progress], None]]:
    """A `Stop` that is set after step ``at`` of a stage, and the callable that sets it."""
    stop = Stop()

    def look(progress: Progress) -> None:
        if progress.stage == stage and progress.steps == at:
            stop.request("the test")

    return stop, look


def stop_at(config: Path, out: Path, at: int, stage: str = "run", **more: Any) -> list[str]:
    """Run until a checkpoint was made there; what was said."""
    stop, look = stopping(at, stage)
    said: list[str] = []
    with pytest.raises(Stopped, match="with a checkpoint"):
        run_study(config, out, resume=True, stop=stop, progress=look, say=said.append, **more)
    return said


def test_stopped_in_either_pass_and_resumed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With all files as a user gets them."""
    monkeypatch.setattr(files, "save_result", WRITE)
    config, out = write_config(tmp_path), tmp_path / "out"
    run_study(config, tmp_path / "whole")
    for at, stage in ((0, "run"), (4, "run"), (10, "run"), (2, "error bars"), (5, "error bars")):
        stop_at(config, out, at, stage)
        assert not (out / files.RESULT).exists()
    with pytest.raises(InvalidInput, match="--resume goes on"):
        run_study(config, out)
    said: list[str] = []
    assert not run_study(config, out, resume=True, say=said.append).already_done
    assert "run: going on from t = 1" in said
    assert_same(out, tmp_path / "whole")
    assert run_study(config, out, resume=True).already_done
    kept = sorted(path.name for path in (out / checkpoints.FOLDER).iterdir())
    assert kept == ["error_bars.ckpt", "run.ckpt"]


def test_a_stop_while_correlations_are_computed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They start again, the run does not."""
    found: dict[str, Any] = {}

    def save(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: Any) -> None:
        found[path.parent.name] = correlations
        save_little(path, ledger, run)

    monkeypatch.setattr(files, "save_result", save)
    pairs = '[record]\ntwo_time = { zz = ["z", "z"] }\n'
    config = write_config(tmp_path, add=pairs)
    run_study(config, tmp_path / "whole")
    stop, look = stopping(3, "correlations")
    with pytest.raises(Stopped):
        run_study(config, tmp_path / "out", stop=stop, progress=look)
    said: list[str] = []
    run_study(config, tmp_path / "out", resume=True, say=said.append)
    assert "run: going on from t = 1" in said
    assert_same_run(tmp_path / "out", tmp_path / "whole")
    assert found["out"].identical(found["whole"])


def changed(config: Path, name: str, old: str, new: str) -> Path:
    other = config.with_name(name)
    other.write_text(config.read_text().replace(old, new))
    return other


def test_another_model_is_refused_with_the_keys_that_differ(tmp_path: Path) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 4)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    other = write_config(tmp_path, temperature=0.7, name="other.toml", add=SAVING)
    for resume in (True, False):
        with pytest.raises(InvalidInput) as refused:
            run_study(other, out, resume=resume)
        assert ("bath.temperature: 0.5 -> 0.7" in str(refused.value)) == resume
    step = changed(config, "step.toml", "step = 0.1", "step = 0.05")
    with pytest.raises(InvalidInput, match=r"evolution\.step: 0\.1 -> 0\.05"):
        run_study(step, out, resume=True)
    assert before == {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    assert not run_study(other, out, overwrite=True).already_done
    assert files.load_ledger(out).attrs["temperature"] == 0.7


def test_what_may_change_may(tmp_path: Path) -> None:
    """A larger bond, the interval of saving, a later end; not a smaller bond, not an end before what is saved."""
    config = write_config(tmp_path, add=SAVING)
    config.write_text(config.read_text().replace('method = "exact"', 'method = "exact"\nmax_bond = 8'))
    out = tmp_path / "out"
    stop_at(config, out, 6)
    with pytest.raises(InvalidInput, match=r"evolution\.max_bond = 4: at least 8"):
        run_study(changed(config, "smaller.toml", "max_bond = 8", "max_bond = 4"), out, resume=True)
    with pytest.raises(InvalidInput, match=r"evolution\.until = 0\.4: at least 0\.6"):
        run_study(changed(config, "short.toml", "until = 1.0", "until = 0.4"), out, resume=True)
    more = changed(config, "more.toml", "max_bond = 8", "max_bond = 16")
    more.write_text(more.read_text().replace("checkpoint_every = 0", "checkpoint_every = 100"))
    result = run_study(changed(more, "longer.toml", "until = 1.0", "until = 1.4"), out, resume=True)
    assert result.ledger["t"].values[-1] == 1.4
    assert "evolution.max_bond was 8 until t = 0.6" in result.ledger.attrs["notes"]


def test_a_finished_run_is_extended(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    run_study(config, out)
    longer = changed(config, "longer.toml", "until = 1.0", "until = 1.6")
    with pytest.raises(InvalidInput, match="--resume extends it"):
        run_study(longer, out)
    stop_at(longer, out, 12)
    assert run_study(config, out).already_done  # the shorter one is still there
    assert not run_study(longer, out, resume=True).already_done
    run_study(longer, tmp_path / "whole")
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
        run_study(changed(config, "longest.toml", "until = 1.0", "until = 2.0"), out, resume=True)


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
        run_study(config, out, resume=True)
    assert not (out / files.RESULT).exists()
    newest.unlink()
    previous.write_bytes(older)
    run_study(config, out, resume=True, say=said.append)
    assert "run: going on from t = 0.5" in said
    assert_same_run(out, reference)


def a_keeper(config: Path, out: Path) -> Checkpoints:
    resolved = study.resolve_file(config)
    return Checkpoints(folder=out, identity=checkpoints.Identity(hash=resolved.hash, text=resolved.text))


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
    keeper.fits = study.fits(study.resolve_file(config))
    found = keeper.load("run")
    assert found is not None
    assert found["times"][-1] == pytest.approx(0.4)  # the newest: forging alone does no harm
    for path in kept:
        forged(path, damage)
    ended = call("run", config, "--out", out, "--resume")
    assert ended.exit_code == cli.BAD_INPUT
    assert "not what a run holds" in ended.output
    assert "--overwrite starts afresh" in ended.output
    with pytest.raises(InvalidInput, match="checkpoint that can be read"):
        run_study(config, out, resume=True)
    previous.write_bytes(kept[previous])
    said: list[str] = []
    run_study(config, out, resume=True, say=said.append)
    assert "using the previous checkpoint, run.previous.ckpt" in said
    assert "run: going on from t = 0.3" in said
    assert_same_run(out, reference)


def test_a_lost_first_stage_and_newer_formats_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 3, "error bars")
    run, previous = (out / checkpoints.FOLDER / name for name in ("run.ckpt", "run.previous.ckpt"))
    data = run.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("tnthermo.checkpoint.FORMAT", 0)
        with pytest.raises(InvalidInput, match=r"format 1, written by tnthermo.*; this version reads format 0"):
            run_study(config, out, resume=True)
    run.unlink()
    previous.unlink()
    with pytest.raises(InvalidInput, match="without which the others say nothing"):
        run_study(config, out, resume=True)
    run.write_bytes(data)
    run_study(config, out, resume=True)


def test_other_versions_are_warned_about(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr(CompileClock, "process", 1.0)
        stop_at(config, out, 6)
    now = checkpoints.versions()
    monkeypatch.setattr(checkpoints, "versions", lambda: {**now, "numpy": "99.0"})
    said: list[str] = []
    result = run_study(config, out, resume=True, say=said.append)
    assert any("numpy" in line and "not the same to the last bit" in line for line in said)
    assert any("compiled its kernels" in line for line in said)
    assert "other versions" in result.ledger.attrs["notes"]
    assert_same_run(out, reference)


# --- signals and kills ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def interrupts_are_heard() -> Iterator[None]:
    """Also where the tests themselves are a background job, whose INT is ignored, and with it that of every process they start."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def test_a_signal_sets_a_flag_and_the_second_interrupt_is_the_systems() -> None:
    before = [signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGINT", "SIGUSR1")]
    for number in (signal.SIGTERM, signal.SIGUSR1, signal.SIGINT):
        said: list[str] = []
        with listening(said.append) as stop:
            assert stop.reason == ""
            os.kill(os.getpid(), number)
            assert stop.reason == number.name
            assert number.name in said[0]
            assert (signal.getsignal(signal.SIGINT) == signal.SIG_DFL) == (number == signal.SIGINT)
    assert before == [signal.getsignal(getattr(signal, name)) for name in ("SIGTERM", "SIGINT", "SIGUSR1")]


PROGRAM = """
import sys, time
from pathlib import Path
from tnthermo import storage, study
from tnthermo.signals import Stopped, listening

config, out, pause, slow_save = sys.argv[1], sys.argv[2], float(sys.argv[3]), float(sys.argv[4])
real = storage.os.fsync
def fsync(handle):  # a save that takes long enough to be hit
    Path(out, "saving").touch()
    time.sleep(slow_save)
    real(handle)
    Path(out, "saving").unlink(missing_ok=True)
if slow_save:
    storage.os.fsync = fsync
print("ready", flush=True)
with listening() as stop:
    try:
        study.run_study(config, out, resume=True, stop=stop, progress=lambda p: (print(p.stage, p.steps, flush=True), time.sleep(pause)))
    except Stopped as error:
        print(error)
        sys.exit(75)
"""


def start(
    config: Path, out: Path, *, pause: float = 0.0, slow_save: float = 0.0, **more: str
) -> "subprocess.Popen[str]":
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **more}
    command = [sys.executable, "-c", PROGRAM, str(config), str(out), str(pause), str(slow_save)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment)


def wait_for(process: "subprocess.Popen[str]", line: str) -> bool:
    """Read until the line; False where the process ended before."""
    assert process.stdout is not None
    return any(found.strip() == line for found in process.stdout)


QUICK = [(signal.SIGUSR1, "run 6")]
SLOW = [(signal.SIGTERM, "run 3"), (signal.SIGUSR1, "run 6"), (signal.SIGINT, "error bars 1")]


@pytest.mark.parametrize("asked", [QUICK, pytest.param(SLOW, marks=pytest.mark.slow)], ids=["one", "each"])
def test_signals_save_and_leave_with_75(
    asked: list[tuple[signal.Signals, str]], tmp_path: Path, reference: Path
) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    for number, at in asked:
        process = start(config, out, pause=0.2)
        assert wait_for(process, at)
        process.send_signal(number)
        text = process.communicate(timeout=60)[0]
        assert process.returncode == 75, text
        assert f"stopped ({number.name}) with a checkpoint" in text
    run_study(config, out, resume=True)
    assert_same_run(out, reference)


@pytest.mark.parametrize("at", [1, 2])
def test_a_signal_while_kernels_are_compiled(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """In the first step it leaves at once, nothing being lost; later the step is finished and saved."""
    config, out, stop, steps = write_config(tmp_path), tmp_path / "out", Stop(), [0]
    real = ExactEngine.step

    def step(self: ExactEngine, dt: float) -> Any:
        steps[0] += 1
        if steps[0] == at:
            stop.request("SIGTERM")
        fresh = njit(lambda x: x + 1)  # compiled in every step
        assert fresh(1) == 2
        return real(self, dt)

    with monkeypatch.context() as patch:
        patch.setattr(ExactEngine, "step", step)
        words = r"^stopped \(SIGTERM\)$" if at == 1 else r"with a checkpoint at t = 0\.2 of the run"
        with pytest.raises(Stopped, match=words):
            run_study(config, out, stop=stop)
    assert steps[0] == at
    assert a_keeper(config, out).any() == (at == 2)
    run_study(config, out, resume=True)
    assert RUNS[out].times[-1] == RUNS[reference].times[-1]
    assert_same_run(out, reference)


@pytest.mark.slow
def test_a_process_that_compiles_hears_a_signal(tmp_path: Path) -> None:
    """With an empty cache of kernels: it leaves between two of them, long before all are compiled."""
    config, out, cache = write_config(tmp_path), tmp_path / "out", tmp_path / "kernels"
    config.write_text(config.read_text().replace('method = "exact"', 'method = "tdvp"\nmax_bond = 4'))
    process = start(config, out, NUMBA_CACHE_DIR=str(cache))
    assert wait_for(process, "ready")
    while not list(cache.rglob("*.nbc")) and process.poll() is None:
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    text = process.communicate(timeout=300)[0]
    assert process.returncode == 75, text
    assert "run 1" not in text
    assert not list(cache.rglob("sweep.sweep-*.nbc"))


@pytest.mark.slow
def test_the_second_interrupt_leaves_at_once(tmp_path: Path, reference: Path) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    process = start(config, out, pause=0.5)
    assert wait_for(process, "run 2")
    process.send_signal(signal.SIGINT)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGINT
    said: list[str] = []
    run_study(config, out, resume=True, say=said.append)
    assert any("stale lock" in line and "no process" in line for line in said)
    assert_same_run(out, reference)


def kill_repeatedly(config: Path, out: Path, *, kills: int, in_saves: int, seed: int) -> int:
    """kill -9 at random moments, ``in_saves`` of them while a checkpoint is being written; how many were met before the run was done.

    Of the others every second one comes when the process has got on.
    """
    random = np.random.default_rng(seed)
    for kill in range(kills):
        saving = kill < in_saves
        process = start(config, out, pause=0.02, slow_save=0.05 if saving else 0.0)
        assert wait_for(process, "ready")
        if kill % 2 and not saving:
            assert process.stdout is not None
            process.stdout.readline()
        time.sleep(random.uniform(0.0, 0.5))
        deadline = time.monotonic() + 20
        while saving and not (out / "saving").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        if saving:
            time.sleep(random.uniform(0.0, 0.06))
        process.kill()
        process.communicate(timeout=60)
        (out / "saving").unlink(missing_ok=True)
        if (out / files.RESULT).exists():
            return kill
    return kills


def long_config(folder: Path) -> Path:
    """Long enough for 30 kills: nothing is lost, so that each attempt gets on."""
    config = write_config(folder, add=SAVING)
    text = config.read_text().replace("until = 1.0", "until = 20.0").replace("step = 0.1", "step = 0.05")
    config.write_text(text)
    return config


def checkpoint_steps(out: Path) -> int:
    """Steps of the run that its checkpoint holds."""
    return int(unpack((out / checkpoints.FOLDER / "run.ckpt").read_bytes())["state"]["times"].size) - 1


def test_killed_at_any_moment(tmp_path: Path, reference: Path) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    assert kill_repeatedly(config, out, kills=2, in_saves=1, seed=7) == 2
    run_study(config, out, resume=True)
    assert_same_run(out, reference)


@pytest.mark.slow
def test_killed_thirty_times(tmp_path: Path) -> None:
    config, out = long_config(tmp_path), tmp_path / "out"
    run_study(config, tmp_path / "whole")
    assert kill_repeatedly(config, out, kills=30, in_saves=10, seed=11) == 30
    run_study(config, out, resume=True)
    assert_same_run(out, tmp_path / "whole")


@pytest.mark.slow
def test_tdvp_killed_thirty_times(tmp_path: Path) -> None:
    """Bonds and their blocks too. No process here has compiled a kernel (the first may): those that did round otherwise."""
    config, out = long_config(tmp_path), tmp_path / "out"
    config.write_text(config.read_text().replace('method = "exact"', 'method = "tdvp"\nmax_bond = 8'))

    def to_the_end(folder: Path) -> str:
        process = start(config, folder)
        text = process.communicate(timeout=600)[0]
        assert process.returncode == 0, text
        return text

    for name in ("warm", "whole"):
        to_the_end(tmp_path / name)
    assert kill_repeatedly(config, out, kills=30, in_saves=10, seed=11) == 30
    kept = checkpoint_steps(out)
    assert 30 < kept < 400
    assert f"run {kept}\n" not in to_the_end(out)  # it went on behind
    assert_same(out, tmp_path / "whole")


# --- one process at a time -----------------------------------------------------------------------------------------------------------


def test_a_folder_in_use_is_left_alone(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    out.mkdir()
    with (
        lock.locked(out),
        pytest.raises(Held, match=f"in use: host {socket.gethostname()}, pid {os.getpid()}, for 0 s"),
    ):
        run_study(config, out, overwrite=True)
    assert list(out.iterdir()) == []


@pytest.mark.slow
def test_a_second_process_stops_and_names_the_first(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    process = start(config, out, pause=0.2)
    assert wait_for(process, "run 1")
    with pytest.raises(Held, match=f"in use: host {socket.gethostname()}, pid {process.pid}, for "):
        run_study(config, out, resume=True)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 75


def test_stale_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path, here = tmp_path / lock.LOCK, socket.gethostname()
    dead = subprocess.Popen(["true"])
    dead.wait()

    def taken(**found: Any) -> list[str]:
        said: list[str] = []
        path.write_text(
            json.dumps({"host": here, "pid": dead.pid, "job": "", "process": "", "since": time.time() - 60} | found)
        )
        with lock.locked(tmp_path, said.append):
            assert json.loads(path.read_text())["pid"] == os.getpid()
        assert not path.exists()
        return said

    assert "no process" in taken()[0]
    assert "another process by now" in taken(pid=os.getpid(), process="another boot 123")[0]
    for found in ({"pid": os.getpid(), "process": lock.started_at(os.getpid())}, {"host": "elsewhere"}):
        with pytest.raises(Held, match="says: host"):
            taken(**found)
    monkeypatch.setattr(lock, "queued", lambda job: job == "41")
    assert "job 42 is not in the queue" in taken(host="elsewhere", job="42")[0]
    with pytest.raises(Held, match=r"pid \d+, job 41, since a time in the future"):
        taken(host="elsewhere", job="41", since=time.time() + 1000)
    path.write_text('{"host": "no')  # killed while it wrote its name
    with lock.locked(tmp_path), pytest.raises(Held):
        lock.locked(tmp_path).__enter__()
    monkeypatch.setenv("SLURM_JOB_ID", "9")
    assert lock.job_id() == "9"
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "8")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    assert lock.job_id() == "8_3"


# --- disk, memory, runaway numbers ---------------------------------------------------------------------------------------------------


def test_a_full_disk_is_waited_for_and_then_exit_4(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    stop_at(config, out, 3)
    kept = (out / checkpoints.FOLDER / "run.ckpt").read_bytes()
    real, failures = os.fsync, [10**6]

    def full(handle: int) -> None:
        failures[0] -= 1
        if failures[0] >= 0:
            raise OSError(28, "No space left on device")
        real(handle)

    monkeypatch.setattr(os, "fsync", full)
    said: list[str] = []
    keeper = a_keeper(config, out)
    keeper.patience, keeper.first_pause, keeper.say = 0.2, 0.02, said.append
    with pytest.raises(files.StorageError, match=r"No space left.*the checkpoint before it is kept") as failed:
        keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert failed.value.errno == 28
    assert [float(line.split()[-2]) for line in said][:2] == [0.02, 0.04]
    assert (out / checkpoints.FOLDER / "run.ckpt").read_bytes() == kept
    assert not list((out / checkpoints.FOLDER).glob(".*"))
    failures[0] = 2
    keeper.patience = 5.0
    keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert keeper.saves == 1
    keeper.stop.request("SIGUSR1")  # no time to wait
    failures[0] = 10
    with pytest.raises(files.StorageError):
        keeper.save("run", 0.5, lambda: {"x": np.zeros(3)})
    assert failures[0] == 9


def test_a_result_that_cannot_be_replaced_is_written_when_resumed(
    tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a network file system a file that another program holds may be busy. The run is not lost: its end is a checkpoint."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    busy = [True]

    def save(path: Path, ledger: xr.Dataset, run: Trajectory, correlations: Any = None) -> None:
        if busy[0]:
            failed = files.StorageError(f"cannot write {path}: Device or resource busy")
            failed.errno = errno.EBUSY
            raise failed
        save_little(path, ledger, run, correlations)

    monkeypatch.setattr(files, "save_result", save)
    said: list[str] = []
    with pytest.raises(files.StorageError, match="busy"):
        run_study(config, out, say=said.append)
    assert any("busy; trying again in" in line for line in said)
    assert not (out / files.RESULT).exists()
    busy[0] = False
    run_study(config, out, resume=True, say=said.append)
    assert "run: going on from t = 1" in said
    assert_same_run(out, reference)


def test_room_is_looked_for_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(study, "evolve", lambda *args, **keywords: pytest.fail("the run started"))
    monkeypatch.setattr(study, "checkpoint_bytes", lambda resolved: (1e18, 1e18))
    with pytest.raises(files.StorageError, match="of free space, 2 checkpoints take"):
        run_study(write_config(tmp_path), tmp_path / "out")


@pytest.mark.slow
def test_a_small_disk_that_fills_up(tmp_path: Path) -> None:
    """At ten points of a run a real file system is full: exit 4, the last good state there, the same numbers afterwards."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m", "none", str(disk)], capture_output=True, text=True, check=False
    )
    if mounted.returncode != 0:
        pytest.skip(f"no tmpfs can be mounted: {mounted.stderr.strip()}")
    try:
        config, out, ballast = write_config(tmp_path, add=SAVING), disk / "out", disk / "ballast"
        run_study(config, tmp_path / "whole")
        random, stored = np.random.default_rng(3), 0
        for _ in range(10):
            at = int(random.integers(0, 11))

            def fill(progress: Progress, at: int = at) -> None:
                if progress.steps == at and not ballast.exists():
                    with contextlib.suppress(OSError), ballast.open("wb", buffering=0) as handle:
                        while handle.write(b"\0" * 4096) == 4096:
                            pass

            try:
                run_study(config, out, resume=True, progress=fill)
            except files.StorageError:
                stored += 1
            ballast.unlink(missing_ok=True)
            if (out / files.RESULT).exists():
                for path in (out / files.RESULT, *(out / checkpoints.FOLDER).iterdir()):
                    path.unlink()
        assert stored >= 8
        run_study(config, out, resume=True)
        assert_same_run(out, tmp_path / "whole")
    finally:
        subprocess.run(["umount", str(disk)], check=False)


def test_memory_that_runs_out_saves_and_stops(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    looks = [0]

    def nearly_full() -> str:
        looks[0] += 1
        return "memory: 9 GiB of 9 GiB in use" if looks[0] == 4 else ""

    with monkeypatch.context() as patch:
        patch.setattr(study, "memory_watch", lambda: nearly_full)
        with pytest.raises(Stopped, match=r"memory: 9 GiB.*with a checkpoint at t = 0\.3"):
            run_study(config, out)
        looks[0] = 3  # full from the first step on: it would stop like this for ever
        with pytest.raises(RunFailed, match="takes more memory"):
            run_study(config, out, resume=True)
    run_study(config, out, resume=True)
    assert_same_run(out, reference)


def test_what_limits_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_watch([Memory(size=2**50, source="this machine")])() == ""
    assert "(SLURM_MEM_PER_NODE) in use" in memory_watch([Memory(size=2**20, source="SLURM_MEM_PER_NODE")])()
    inner = tmp_path / "user" / "job"
    inner.mkdir(parents=True)
    groups = tmp_path / "cgroup"
    groups.write_text("0::/user/job\n")
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text("1048576\n")
    assert cgroup_limits(groups, tmp_path) == [1048576]
    groups.write_text("5:cpu,memory:/job\n")
    (tmp_path / "memory" / "job").mkdir(parents=True)
    (tmp_path / "memory" / "job" / "memory.limit_in_bytes").write_text("2097152\n")
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert cgroup_limits(groups, tmp_path) == [2097152]
    assert cgroup_limits(tmp_path / "nothing", tmp_path) == []


@pytest.mark.parametrize(
    ("quantity", "value", "words"),
    [
        ("norm", 1.5, r"norm drifted from 1 to 1\.5 at t = 0\.4"),
        ("total_energy", 1e6, r"total_energy drifted .* at t = 0\.4"),
        ("moment_X", np.nan, r"moment_X is not finite at t = 0\.4"),
    ],
)
def test_runaway_numbers_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantity: str, value: float, words: str
) -> None:
    """The last good checkpoint is kept."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    real, calls = Measure.local, [0]

    def local(self: Measure, blocks: Any) -> Any:
        calls[0] += 1
        found = real(self, blocks)
        return replace(found, **{quantity: getattr(found, quantity) * 0 + value}) if calls[0] == 5 else found

    monkeypatch.setattr(Measure, "local", local)
    with pytest.raises(RunFailed, match=words + r".*; the last checkpoint before it is kept"):
        run_study(config, out)
    kept = a_keeper(config, out).load("run")
    assert kept is not None
    assert kept["times"][-1] == pytest.approx(0.3)


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


def test_threads_stay_within_the_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert threads.allocated_threads()[0] == 1
    pools = [{"num_threads": 64}]
    monkeypatch.setattr(threads, "threadpool_info", lambda: pools)
    seen: list[int] = []

    @contextlib.contextmanager
    def limited(*, limits: int) -> Iterator[None]:
        seen.append(limits)
        yield

    monkeypatch.setattr(threads, "threadpool_limits", limited)
    said: list[str] = []
    with threads.threads_within_allocation(said.append):
        assert seen == [1]
    assert said[0].startswith("threads: 64 -> 1 (")
    pools[0]["num_threads"] = 1
    with threads.threads_within_allocation(said.append):
        assert len(said) == 1


def test_python_catches_no_signals_unless_asked(tmp_path: Path) -> None:
    before = signal.getsignal(signal.SIGTERM)
    handlers = []
    run_study(
        write_config(tmp_path), tmp_path / "out", progress=lambda p: handlers.append(signal.getsignal(signal.SIGTERM))
    )
    assert set(handlers) == {before}
