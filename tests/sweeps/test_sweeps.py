"""Sweeps that run: what they leave, what happens to points that fail and to workers that are killed, what is collected."""

import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from chains import InvalidInput
from tests.support.configs import SMALL
from tests.support.sweeps import write_sweep
from tests.support.terminal import call
from tests.sweeps import tasks as sweep_tasks
from tnthermo import errors
from tnthermo.machine import slurm
from tnthermo.machine.memory import Memory
from tnthermo.results import netcdf, run_folder
from tnthermo.studies.study import run_config
from tnthermo.sweeps import points
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.collect import collect, joined_times
from tnthermo.sweeps.folder import (
    SweepFolder,
    claimed,
    is_claimed,
    load_manifest,
    read_record,
    save_sweep,
    write_record,
)
from tnthermo.sweeps.here import SweepProgress, idle, run_sweep
from tnthermo.sweeps.points import sweep_points
from tnthermo.sweeps.slurm_arrays import Request, request
from tnthermo.sweeps.status import Standing, sweep_status, why_foreign
from tnthermo.sweeps.task import run_point
from tnthermo.sweeps.workers import Killed, Workers
from tnthermo.terminal.sweeps import SweepDisplay

AXES = '"bath.temperature" = [0.5, 0.25]\n"evolution.until" = [1.0, 0.4]'


LONG = '"bath.temperature" = [0.5]\n"evolution.until" = [1e5]'


def ids(config: Path) -> tuple[str, ...]:
    return sweep_points(read_axes(config)).runs


def states(folder: Path) -> list[str]:
    return [one.state for one in sweep_status(folder)]


def plain(data: xr.Dataset) -> dict[str, tuple[tuple[object, ...], object, str]]:
    """Every variable to the last bit."""

    def bits(values: np.ndarray) -> object:
        return values.tolist() if values.dtype == object else values.tobytes()

    return {str(name): (one.dims, bits(one.values), str(one.attrs)) for name, one in data.variables.items()}


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, str, int]:
    """A sweep of two by two points one of which failed, because its result file cannot be read: (config, folder, output, exit code)."""
    where = tmp_path_factory.mktemp("swept")
    config = write_sweep(where, AXES)
    out = where / "out"
    point = SweepFolder(out).point(ids(config)[3])
    point.mkdir(parents=True)
    (point / run_folder.RESULT).write_bytes(b"half a file")
    done = call("sweep", config, "--out", out, "--workers", 2)
    return config, out, done.output, done.exit_code


def test_a_point_that_fails_is_named_and_the_others_go_on(swept: tuple[Path, Path, str, int]) -> None:
    config, out, output, code = swept
    assert code == errors.FAILED
    assert "Traceback" not in output
    runs = ids(config)
    assert states(out) == ["done", "done", "done", "failed"]
    assert "1 failed" in output
    assert "not a readable result file" in output
    assert "bath.temperature = 0.25, evolution.until = 0.4" in output
    place = SweepFolder(out)
    for run in runs[:3]:
        assert {p.name for p in place.point(run).iterdir()} >= {run_folder.CONFIG, run_folder.RESULT, run_folder.STATE}
    log = place.log(runs[3]).read_text()
    assert "not a readable result file" in log
    assert "Traceback" not in log
    shown = call("status", out)
    assert "temperature = 0.25, until = 0.4" in shown.stdout
    assert "bath.temperature" not in shown.stdout
    assert shown.exit_code == 0
    assert "3 done, 1 failed of 4 runs" in shown.stdout
    assert not list(out.rglob("*.tmp"))


def test_collect_is_the_single_runs_bit_by_bit_and_names_what_is_missing(
    swept: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    config, out, _, _ = swept
    collecting = call("collect", out)
    assert collecting.exit_code == 0
    assert "temperature (2) x until (2), 6 times, " in collecting.output
    assert "1 of 4 points missing, 0 not converged" in collecting.output
    data = xr.load_dataset(out / "table.nc", engine="netcdf4")
    assert dict(data.sizes)["temperature"] == dict(data.sizes)["until"] == 2
    assert data["temperature"].attrs["key"] == "bath.temperature"
    assert ids(config)[3] in data.attrs["missing"]
    assert "failed" in data.attrs["missing"]
    assert "different times" in data.attrs["times_joined"]
    # the shorter point from a file of its own, without a sweep
    own = tmp_path / "own.toml"
    own.write_text(SMALL.replace("TEMPERATURE", "0.5").replace("until = 1.0", "until = 0.4"))
    single = run_config(own, tmp_path / "own").ledger
    here = data.sel(temperature=0.5, until=0.4)
    times = single.sizes["t"]
    for name, column in single.data_vars.items():
        found = here[name].values
        if "t" in column.dims:
            assert np.isnan(found[times:].astype(float)).all()
            found = found[:times]
        assert np.array_equal(found, column.values.astype(float), equal_nan=True), name
    # the negative: the other temperature is another run
    assert not np.array_equal(data["E_B"].sel(temperature=0.25, until=1.0), data["E_B"].sel(temperature=0.5, until=1.0))
    assert np.isnan(data["E_B"].sel(temperature=0.25, until=0.4).values).all()
    one = collect(out, columns=["E_B"])
    assert set(one.data_vars) == {"E_B", "run", "flags"}
    assert call("collect", out, "--columns", "E_C").exit_code == errors.BAD_INPUT


def test_only_failed_again_and_any_executor_gives_the_same_bits(
    swept: tuple[Path, Path, str, int], tmp_path: Path
) -> None:
    config, out, _, _ = swept
    place, runs = SweepFolder(out), ids(config)
    (place.point(runs[3]) / run_folder.RESULT).unlink(missing_ok=True)
    before = {run: (place.point(run) / run_folder.RESULT).stat().st_mtime_ns for run in runs[:3]}
    again = call("sweep", config, "--out", out, "--only-failed", "--workers", 1)
    assert again.exit_code == 0, again.output
    assert states(out) == ["done"] * 4
    assert {run: (place.point(run) / run_folder.RESULT).stat().st_mtime_ns for run in runs[:3]} == before
    third = call("sweep", config, "--out", out)
    assert third.exit_code == 0
    assert "4 of 4 runs finished: " in third.output
    assert "nothing to do" in third.output
    with ThreadPoolExecutor(2) as executor:
        outcome = tt.run_sweep(config, tmp_path / "other", executor=executor)
    assert (outcome.done, outcome.failures, outcome.stopped) == (4, (), False)
    ours, theirs = tt.collect(out), tt.collect(tmp_path / "other")
    assert str(ours.attrs) == str(theirs.attrs)
    assert ours.attrs["missing"] == "none"
    assert plain(ours) == plain(theirs)
    # and the same bits are in the files
    for folder, file in ((out, "a.nc"), (tmp_path / "other", "b.nc")):
        assert call("collect", folder, "--out", tmp_path / file, "--columns", "E_B,rho_S").exit_code == 0
    one, other = (netcdf.read(tmp_path / name) for name in ("a.nc", "b.nc"))
    assert one.identical(other)
    assert all(
        one[name].values.tobytes() == other[name].values.tobytes() for name in one if one[name].dtype.kind in "fi"
    )


def test_a_worker_that_is_killed_loses_one_attempt_of_one_point(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.5, 0.25]\n"evolution.until" = [20.0]')
    killed: list[int] = []

    def kill_one(state: SweepProgress) -> None:
        for run in state.running:
            record = read_record(place, run)
            if not killed and record.get("state") == "running":
                killed.append(record["pid"])
                os.kill(record["pid"], signal.SIGKILL)

    place = SweepFolder(tmp_path / "out")
    outcome = run_sweep(config, place.root, workers=2, progress=kill_one)
    assert len(killed) == 1
    assert (outcome.done, outcome.failures) == (2, ())
    logs = [place.log(run).read_text() for run in ids(config)]
    assert sorted(text.count("--- ") for text in logs) == [1, 2]


def test_a_sweep_that_is_told_to_stop_leaves_the_rest_for_the_same_call(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, LONG.replace("[0.5]", "[0.5, 0.25]"))

    def stop(state: SweepProgress) -> None:
        if any(read_record(place, run).get("state") == "running" for run in state.running):
            os.kill(os.getpid(), signal.SIGTERM)

    place = SweepFolder(tmp_path / "out")
    outcome = run_sweep(config, place.root, workers=1, progress=stop)
    assert outcome.stopped
    assert (outcome.done, outcome.failures) == (0, ())
    assert sorted(states(place.root)) == ["stopped", "waiting"]
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert outcome.by == "SIGTERM"
    (stopped,) = [one for one in sweep_status(place.root) if one.state == "stopped"]
    assert "SIGTERM" not in stopped.detail  # which this process sent on, whatever it was told itself
    spent = read_record(place, stopped.run)["seconds"]
    again = run_sweep(config, place.root, workers=1, progress=stop)
    assert (again.done, again.failures) == (0, ())
    assert read_record(place, stopped.run)["seconds"] > spent  # of both attempts
    assert repr(again) == f"<SweepOutcome of {place.root}: 0 of 2 finished, 0 not converged, 0 failed, stopped>"


def test_workers_do_a_lost_call_once_more_and_share_the_threads(tmp_path: Path) -> None:
    workers = Workers(2, kernels=False)
    try:
        assert workers.submit(sweep_tasks.killed_at_first, str(tmp_path / "marker")).result() != os.getpid()
        lost = [workers.submit(sweep_tasks.killed_always), workers.submit(sweep_tasks.threads)]
        with pytest.raises(Killed, match="killed 2 times"):
            lost[0].result()
        assert lost[1].result()[0] == str(max(1, len(os.sched_getaffinity(0)) // 2))
        # a process is kept for what comes next
        assert len({workers.submit(sweep_tasks.threads).result()[1] for _ in range(6)}) <= 2
    finally:
        workers.shutdown()


def test_two_processes_at_one_point(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.5]')
    place = SweepFolder(tmp_path / "out")
    save_sweep(place, sweep_points(read_axes(config)))
    run = ids(config)[0]
    with claimed(place.log(run)):
        write_record(place, run, state="running", host="there", pid=12, job="", started=0.0)
        assert run_point(str(place.root), run)["reason"] == "another process is at it: pid 12 on there"
        assert states(place.root) == ["running"]
        outcome = run_sweep(config, place.root, workers=1)
        assert outcome.done == 0
        assert outcome.failures[0].reason.startswith("running: there, pid 12")
    assert not place.point(run).exists()


def test_how_a_run_stands_is_judged_from_what_is_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7]')
    place = SweepFolder(tmp_path / "out")
    save_sweep(place, sweep_points(read_axes(config)))
    runs = ids(config)
    ours = {"host": socket.gethostname(), "pid": 1, "started": 0.0}
    write_record(place, runs[0], state="running", job="", **ours)  # nobody holds its log
    write_record(place, runs[1], state="stopped", job="7_1", reason="time is up", **ours)
    write_record(place, runs[2], state="failed", job="7_2", code=4, reason="disk full", **ours)
    write_record(place, runs[3], state="running", job="7_3", **{**ours, "host": "elsewhere"})
    write_record(place, runs[4], state="running", job="7_4", **{**ours, "host": "elsewhere"})
    place.record(runs[6]).write_text("{half")
    place.jobs.write_text(json.dumps([{"job": "7", "array": True, "runs": list(runs[:6])}]))
    monkeypatch.setattr(slurm, "queue", lambda: {"7_3": "RUNNING", "7_5": "PENDING"})
    assert states(place.root) == ["killed", "stopped", "failed", "running", "killed", "queued", "waiting"]
    assert "disk full" in sweep_status(place.root)[2].detail
    monkeypatch.setattr(slurm, "queue", lambda: None)  # no telling about other machines
    assert states(place.root) == ["killed", "stopped", "failed", "running", "running", "waiting", "waiting"]


def test_a_folder_keeps_its_sweep(tmp_path: Path) -> None:
    place = SweepFolder(tmp_path / "out")
    first = sweep_points(read_axes(write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]')))
    more = sweep_points(read_axes(write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.15, 0.2]')))
    save_sweep(place, first)
    assert set(load_manifest(place).runs) == set(first.runs)
    save_sweep(place, more)  # points may be added
    with pytest.raises(InvalidInput, match="another sweep"):
        save_sweep(place, first)
    with pytest.raises(InvalidInput, match="at least one finished run"):
        collect(place.root)
    content = json.loads(place.manifest.read_text())
    for damaged in (
        {**content, "runs": ["../../x"] * 3},
        {**content, "format": 99},
        {"format": 1},
        [],
        {**content, "axes": 3},
    ):
        place.manifest.write_text(json.dumps(damaged))
        assert call("status", place.root).exit_code == errors.STORAGE
        assert call("collect", place.root).exit_code == errors.STORAGE
    for command in ("status", "collect"):
        wrong = call(command, tmp_path)
        assert wrong.exit_code == errors.BAD_INPUT
        assert "must be the folder of a sweep" in wrong.output


def test_bad_input_writes_nothing(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, -0.2]')
    for more in ([], ["--emit", "slurm"], ["--engine", "slurm"]):
        refused = call("sweep", config, "--out", tmp_path / "out", *more)
        assert refused.exit_code == errors.BAD_INPUT
        assert "point 1 (bath.temperature = -0.2)" in refused.output
    assert not (tmp_path / "out").exists()
    assert "tnthermo sweep CONFIG" in call("run", config, "--out", tmp_path / "out").output


@pytest.mark.parametrize(
    ("name", "more", "key"),
    [
        ('a"b', ["--emit", "slurm"], "--out"),
        ("a\\b", ["--emit", "slurm"], "--out"),
        ("out", ["--engine", "slurm"], "--engine"),
        ("out", ["--workers", "2"], "--workers"),
    ],
)
def test_what_cannot_be_handed_over_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, more: list[str], key: str
) -> None:
    def no_slurm() -> int:
        raise slurm.NoSlurm("no controller")

    monkeypatch.setattr(slurm, "largest_array", no_slurm)
    monkeypatch.setattr(points, "available_memory", lambda: Memory(size=1, source="a test"))
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]')
    refused = call("sweep", config, "--out", tmp_path / name, *more)
    assert refused.exit_code == errors.BAD_INPUT
    assert f"error: {key} = " in refused.output
    assert not (tmp_path / name).exists()
    # the twin: nothing is wrong with a plain path, and then the folder is there
    assert call("sweep", config, "--out", tmp_path / "plain", "--emit", "slurm").exit_code == 0
    assert (tmp_path / "plain" / "sweep.json").exists()


def test_what_is_not_collected_is_said(tmp_path: Path) -> None:
    two_time = SMALL.replace("TEMPERATURE", "0.5").replace("until = 1.0", "until = 0.2")
    two_time += '[record]\ntwo_time = { zz = ["z", "z"] }\n'
    for base, said in ((two_time, True), (two_time.partition("[record]")[0], False)):
        config, out = write_sweep(tmp_path, '"bath.temperature" = [0.5]', base=base), tmp_path / f"out{said}"
        run = save_sweep(SweepFolder(out), sweep_points(read_axes(config))).runs[0]
        assert run_point(str(out), run)["state"] == "done"
        done = call("collect", out)
        assert done.exit_code == 0, done.output
        assert ("two-time correlations are not collected" in done.output) == said


def test_times_that_rounding_moved_are_one_time() -> None:
    def at(*times: float) -> xr.Dataset:
        return xr.Dataset(coords={"t": ("t", np.array(times))})

    times, places, differ = joined_times([at(0.0, 0.1 * 3, 0.6), at(0.0, 0.3, 0.45, 0.6)])
    assert differ
    assert times.tolist() == [0.0, 0.3, 0.45, 0.6]
    assert [place.tolist() for place in places] == [[0, 1, 3], [0, 1, 2, 3]]
    times, _, differ = joined_times([at(0.0, 0.3), at(0.0, 0.3)])
    assert not differ
    assert times.tolist() == [0.0, 0.3]


def test_the_script_of_an_array(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "a b $(touch x)"
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2, 0.3]')
    monkeypatch.setattr(slurm, "largest_array", lambda: 2)
    done = call("sweep", config, "--out", folder, "--emit", "slurm", "--workers", 4)
    assert done.exit_code == 0, done.output
    first, second = (folder / f"array-{n}.sh" for n in (1, 2))
    assert done.stdout.split("\n")[:2] == [str(first), str(second)]
    text = first.read_text()
    for line in (
        "#SBATCH --array=0-1%4",
        "#SBATCH --signal=B:USR1@",
        "#SBATCH --open-mode=append",
        "#SBATCH --requeue",
        "exec ",
    ):
        assert line in text
    assert subprocess.run(["bash", "-n", str(first)], check=False).returncode == 0
    # what it would start: python -m tnthermo.sweeps DIR RUN
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "1"}
    shown = text.replace("exec ", "printf '%s\\n' ")
    ran = subprocess.run(
        ["bash", "-c", shown], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    table = (folder / "log" / "array-1.txt").read_text().split()
    assert ran.stdout.splitlines() == [sys.executable, "-m", "tnthermo.sweeps", str(folder), table[1]]
    for number, said in (("7", "no run for task 7"), (None, "a task of an array")):
        given = {key: value for key, value in environment.items() if key != "SLURM_ARRAY_TASK_ID"}
        given |= {} if number is None else {"SLURM_ARRAY_TASK_ID": number}
        bad = subprocess.run(
            ["bash", "-c", shown], capture_output=True, text=True, check=False, env=given, cwd=tmp_path
        )
        assert bad.returncode != 0
        assert said in bad.stderr
        assert bad.stdout == ""
    assert sorted(table + (folder / "log" / "array-2.txt").read_text().split()) == sorted(set(ids(config)))
    assert not (tmp_path / "x").exists()


def test_what_an_array_asks_for_leaves_room_to_compile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1]')
    asked = []
    for compiled in (True, False):
        monkeypatch.setattr("tnthermo.configuration.estimate.is_compiled", lambda there=compiled, **_: there)
        monkeypatch.setattr("tnthermo.sweeps.slurm_arrays.is_compiled", lambda there=compiled, **_: there)
        manifest = save_sweep(SweepFolder(tmp_path / "out"), sweep_points(read_axes(config)))
        asked.append(request(manifest, manifest.runs))
    assert asked[0] == asked[1]
    assert asked[0].memory > 500 + 256  # MiB: the libraries at most, and most of the compiler
    assert Request(minutes=1505, memory=1).clock == "25:05:00"
    assert Request(minutes=12, memory=1).clock == "00:12:00"


def test_lines_of_a_log_file(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]')
    place = SweepFolder(tmp_path / "out")
    manifest = save_sweep(place, sweep_points(read_axes(config)))
    state = SweepProgress(manifest=manifest, todo=tuple(manifest.costs), before=0, workers=1)
    stream = io.StringIO()
    with SweepDisplay(stream) as display:
        display(state)
        state.outcomes.append(
            {"run": manifest.runs[0], "state": "failed", "code": 1, "reason": "no [reason]", "seconds": 3.0}
        )
        display(state)
        display(state)
        assert len(list(display.screen(state))) == 3
    assert stream.getvalue().splitlines() == [
        f"[1/2] {manifest.runs[0]} bath.temperature = 0.1: failed in 0:03: no [reason], ETA ?"
    ]
    state.outcomes.append({"run": manifest.runs[1], "state": "done", "code": 0, "reason": "", "seconds": 3.0})
    assert state.seconds_left() == 0.0


def test_a_stopped_run_is_not_over_and_one_that_did_not_converge_is_called_that(tmp_path: Path) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1, 0.2]')
    place = SweepFolder(tmp_path / "out")
    manifest = save_sweep(place, sweep_points(read_axes(config)))
    state = SweepProgress(manifest=manifest, todo=tuple(manifest.costs), before=0, workers=1, compiles=True)
    state.running[manifest.runs[0]] = 0.0
    assert state.state(manifest.runs[0]) == "compiling"
    state.compiles = False
    assert state.state(manifest.runs[0]) == "starting"
    state.begun.add(manifest.runs[0])
    assert state.state(manifest.runs[0]) == "running"
    state.outcomes += [
        {"run": manifest.runs[0], "state": "stopped", "code": 75, "reason": "", "seconds": 3.0},
        {"run": manifest.runs[1], "state": "done", "code": 3, "reason": "bond cap", "seconds": 3.0},
    ]
    stream = io.StringIO()
    with SweepDisplay(stream) as display:
        display(state)
    first, second = stream.getvalue().splitlines()
    assert first.startswith("[0/2] ")
    assert ": stopped in 0:03" in first
    assert second.startswith("[1/2] ")
    assert ": not converged in 0:03: bond cap" in second
    assert state.over == 1


def test_that_nothing_is_to_be_done_is_said_with_what_did_not_converge() -> None:
    def all_of(**states: int) -> list[Standing]:
        return [Standing(run="", label="", state=s.replace("_", " ")) for s, n in states.items() for _ in range(n)]

    assert idle(all_of(done=3), only_failed=False) == "nothing to do"
    other = "what did not converge takes other settings, in another folder"
    assert idle(all_of(done=1, not_converged=2), only_failed=False) == f"nothing to do ({other})"
    assert idle(all_of(done=1, not_converged=2), only_failed=True) == f"nothing failed; 2 not converged ({other})"
    assert idle(all_of(done=1, waiting=2), only_failed=True) == (
        "nothing failed; 2 waiting; the same command without --only-failed goes on"
    )


@pytest.mark.slow
def test_the_study_of_two_axes(tmp_path: Path) -> None:
    """scripts/studies/coupling_and_temperature.toml: stronger coupling and a warmer bath relax the qubit faster."""
    study = Path(__file__).parents[2] / "scripts" / "studies" / "coupling_and_temperature.toml"
    done = call("sweep", study, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    data = tt.collect(tmp_path / "out")
    last = data["E_S"].isel(t=-1)
    assert last.dims == ("alpha", "temperature")
    assert (np.diff(last.values, axis=0) < 0).all()
    assert set(data["flags"].values.ravel()) == {"none"}


@pytest.mark.slow
def test_workers_do_not_outlive_a_sweep_that_is_killed(tmp_path: Path) -> None:
    config, place = write_sweep(tmp_path, LONG), SweepFolder(tmp_path / "out")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    command = [
        sys.executable,
        "-m",
        "tnthermo.terminal.cli",
        "sweep",
        str(config),
        "--out",
        str(place.root),
        "--workers",
        "1",
    ]
    run = ids(config)[0]

    def wait_for(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 120
        while not condition():
            assert time.monotonic() < end
            time.sleep(0.2)

    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE) as sweep:
        wait_for(lambda: read_record(place, run).get("state") == "running")
        assert states(place.root) == ["running"]
        sweep.kill()
        wait_for(lambda: not is_claimed(place.log(run)))
    worker = read_record(place, run)["pid"]
    wait_for(lambda: not Path(f"/proc/{worker}").exists())
    assert states(place.root) == ["stopped"]


def test_a_result_of_another_run_is_foreign(swept: tuple[Path, Path, str, int], tmp_path: Path) -> None:
    """It is named and left alone; its numbers are in no table."""
    config, out, _, _ = swept
    copied = SweepFolder(shutil.copytree(out, tmp_path / "out"))
    first, second, *_ = ids(config)
    for name in (run_folder.RESULT, run_folder.STATE, run_folder.CONFIG):
        shutil.copy(copied.point(first) / name, copied.point(second) / name)
    standing = sweep_status(copied.root)[1]
    assert standing.state == "foreign"
    assert f"is that of another run, {first}" in standing.detail
    data = collect(copied.root, columns=["E_B"])
    assert f"{second} (bath.temperature = 0.5, evolution.until = 0.4): foreign" in data.attrs["missing"]
    assert np.isnan(data["E_B"].sel(temperature=0.5, until=0.4)).all()
    assert np.isfinite(data["E_B"].sel(temperature=0.5, until=1.0)).all()
    done = call("sweep", config, "--out", copied.root, "--only-failed", "--workers", 1)
    assert done.exit_code == errors.FAILED
    assert "left alone: bath.temperature = 0.5, evolution.until = 0.4 (foreign: " in done.output
    # without a name it is nobody's; with its own, its own
    assert why_foreign(first, {"flags": "none"}).startswith("does not say")
    assert why_foreign(first, run_folder.result_attributes(copied.point(first) / run_folder.RESULT)) == ""


def test_a_point_without_its_error_bars_is_not_done(swept: tuple[Path, Path, str, int], tmp_path: Path) -> None:
    config, out, _, _ = swept
    copied = SweepFolder(shutil.copytree(out, tmp_path / "out"))
    run = ids(config)[0]
    with h5py.File(copied.point(run) / run_folder.RESULT, "a") as handle:
        handle.attrs[run_folder.PENDING] = "error bars"
    write_record(copied, run, state="stopped", reason="by the test")
    assert states(copied.root)[:2] == ["stopped", "done"]
    assert f"{run} (bath.temperature = 0.5, evolution.until = 1.0): stopped" in collect(copied.root).attrs["missing"]
