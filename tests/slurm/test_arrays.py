"""Sweeps as job arrays under a real Slurm without accounting."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import tnthermo as tt
from tests.slurm.jobs import gone, ids, long_sweep, sbatch, states, wait_for
from tests.support.sweeps import write_sweep
from tests.support.terminal import call
from tests.sweeps.test_sweeps import plain
from tnthermo.machine.slurm import field
from tnthermo.results import run_folder
from tnthermo.sweeps.folder import SweepFolder, read_record
from tnthermo.sweeps.status import sweep_status

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("slurm")]
AXES = 'mode = "zip"\n"bath.temperature" = [0.5, 0.5, 0.25]\n"evolution.until" = [1.0, 0.4, 1.0]'
SHORT = '"bath.temperature" = [0.5]\n"evolution.until" = [60.0]\n"run.checkpoint_every" = [0.5]'  # some seconds


def emitted(config: Path, out: Path) -> Path:
    done = call("sweep", config, "--out", out, "--emit", "slurm")
    assert done.exit_code == 0, done.output
    return Path(done.stdout.splitlines()[0])


@pytest.fixture(scope="module")
def timed_out(slurm: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, SweepFolder, str]]:
    """A job that will meet its time limit of a minute unwarned; made first, because that is how long it takes."""
    where = tmp_path_factory.mktemp("limit")
    config = long_sweep(where)
    os.environ["PYTHONPATH"] = str(Path(__file__).parents[2])
    job = sbatch(emitted(config, where / "out"), "--time=1", "--signal=B:CONT@5")
    yield job, SweepFolder(where / "out"), ids(config)[0]
    subprocess.run(["scancel", job], check=False)


def test_an_array_with_one_failing_point_beside_the_same_sweep_here(timed_out: object, tmp_path: Path) -> None:
    config, out = write_sweep(tmp_path, AXES), tmp_path / "a folder"
    script = emitted(config, out)
    place, runs = SweepFolder(out), ids(config)
    place.point(runs[2]).mkdir(parents=True)
    (place.point(runs[2]) / run_folder.RESULT).write_bytes(b"half a file")
    job = sbatch(script)
    wait_for(lambda: gone(job), "the array ends")
    assert states(out) == ["done", "done", "failed"]
    assert read_record(place, runs[2])["code"] == 4
    assert {read_record(place, run)["job"].partition("_")[0] for run in runs} == {job}
    # only the point that failed, through submitit
    (place.point(runs[2]) / run_folder.RESULT).unlink()
    pytest.importorskip("submitit")
    again = call("sweep", config, "--out", out, "--engine", "slurm", "--only-failed")
    assert again.exit_code == 0, again.output
    assert "handed over: 1 runs" in again.output
    second = again.stdout.split()[0]
    wait_for(lambda: gone(second), "the second one ends")
    assert states(out) == ["done"] * 3
    outcome = tt.run_sweep(config, tmp_path / "here", workers=1)
    assert outcome.done == 3
    assert plain(tt.collect(out)) == plain(tt.collect(tmp_path / "here"))
    assert str(tt.collect(out).attrs) == str(tt.collect(tmp_path / "here").attrs)


def test_submitit_hands_over_an_array_and_leaves(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    config, out = write_sweep(tmp_path, '"bath.temperature" = [0.5, 0.25]'), tmp_path / "out"
    done = call("sweep", config, "--out", out, "--engine", "slurm", "--workers", 1)
    assert done.exit_code == 0, done.output
    job = done.stdout.split()[0]
    assert states(out).count("queued") >= 1
    assert f"job {job}_1" in [one.detail for one in sweep_status(out)][ids(config).index(submitted(out)[1])]
    # what is queued is not handed over twice
    again = call("sweep", config, "--out", out, "--engine", "slurm")
    assert "left alone" in again.output
    wait_for(lambda: gone(job), "the array ends")
    assert states(out) == ["done"] * 2
    assert "nothing to do" in call("sweep", config, "--out", out, "--engine", "slurm").output


def submitted(out: Path) -> list[str]:
    """The runs of the last array, in the order of its tasks."""
    runs: list[str] = json.loads(SweepFolder(out).jobs.read_text())[-1]["runs"]
    return runs


def test_a_cancelled_task_does_not_come_back_and_its_sibling_goes_on(tmp_path: Path) -> None:
    config, out = long_sweep(tmp_path, '"bath.temperature" = [0.5]\n"evolution.until" = [1e5, 1.0]'), tmp_path / "out"
    job = sbatch(emitted(config, out))
    wait_for(lambda: states(out)[0] == "running", "the long task runs")
    subprocess.run(["scancel", f"{job}_0"], check=True)
    wait_for(lambda: gone(job), "both end")
    # up.sh leaves a job five seconds to save, which a busy machine may not make before the first step
    assert states(out) in (["stopped", "done"], ["killed", "done"])
    assert int(field(f"{job}_0", "Restarts")) == 0


def test_two_jobs_on_one_output(tmp_path: Path) -> None:
    config, out = long_sweep(tmp_path), tmp_path / "out"
    script, place, run = emitted(config, out), SweepFolder(out), ids(config)[0]
    first = sbatch(script)
    wait_for(lambda: states(out) == ["running"], "the first one runs")
    second = sbatch(script)
    wait_for(lambda: gone(second), "the second one gives up")
    said = (out / "log" / f"slurm-{second}_0.out").read_text()
    assert "another process is at it" in said
    assert field(f"{second}_0", "JobState") == "FAILED"
    assert states(out) == ["running"]
    subprocess.run(["scancel", first], check=True)
    wait_for(lambda: gone(first), "the first one ends")
    assert states(out) in (["stopped"], ["killed"])
    assert place.log(run).read_text().count("--- ") == 1


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, object]:
    """What is collected of the same run without a signal."""
    where = tmp_path_factory.mktemp("here")
    tt.run_sweep(long_sweep(where, SHORT), where / "out", workers=1)
    return dict(plain(tt.collect(where / "out")))


@pytest.mark.parametrize("engine", ["script", "submitit"])
def test_usr1_saves_requeues_and_resumes_to_the_same_bits(
    engine: str, tmp_path: Path, uninterrupted: dict[str, object]
) -> None:
    config, out = long_sweep(tmp_path, SHORT), tmp_path / "out"
    place, run = SweepFolder(out), ids(config)[0]
    if engine == "script":
        job = f"{sbatch(emitted(config, out))}_0"
        told = ["scancel", "--batch", "--signal=USR1", job]
    else:
        pytest.importorskip("submitit")
        job = call("sweep", config, "--out", out, "--engine", "slurm").stdout.split()[0]
        told = ["scancel", "--signal=USR1", job]
    wait_for(lambda: states(out) == ["running"], "it runs")
    wait_for((place.point(run) / "checkpoint").exists, "it has saved once")
    subprocess.run(told, check=True)
    wait_for(lambda: field(job, "Restarts") == "1", "it is back in the queue")
    assert states(out) in (["queued"], ["stopped"])
    wait_for(lambda: states(out) == ["done"], "it goes on to the end")
    assert place.log(run).read_text().count("--- ") == 2
    going_on = next(line for line in place.log(run).read_text().splitlines() if "going on from t = " in line)
    assert float(going_on.rpartition("= ")[2]) > 0
    assert plain(tt.collect(out)) == uninterrupted


def test_the_time_limit(timed_out: tuple[str, SweepFolder, str]) -> None:
    """The job from the beginning of this file; accounting is not asked, there is none."""
    job, place, run = timed_out
    wait_for(lambda: gone(job), "the limit ends it", seconds=150)
    assert field(f"{job}_0", "JobState") == "TIMEOUT"
    assert states(place.root) == ["stopped"]
    assert subprocess.run(["sacct", "-j", job], capture_output=True, check=False).returncode != 0
    # the same call goes on
    done = call("sweep", place.root.parent / "long.toml", "--out", place.root, "--emit", "slurm")
    assert (done.exit_code, bool(done.stdout)) == (0, True)
    assert read_record(place, run)["job"] == f"{job}_0"
