"""Names and paths stay names and paths: in scripts for Slurm, in the folder of a sweep, in result files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chains import InvalidInput
from tests.support.configs import NO_ENTROPY, SMALL, problems, text_of
from tests.support.sweeps import write_sweep
from tests.support.terminal import call
from tnthermo import errors
from tnthermo.machine import slurm
from tnthermo.studies.laws import run_laws
from tnthermo.studies.study import run_config
from tnthermo.sweeps import slurm_arrays, task
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.folder import SweepFolder, save_sweep
from tnthermo.sweeps.points import sweep_points
from tnthermo.sweeps.status import sweep_status


@pytest.fixture
def _no_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm, "largest_array", lambda: 10)


@pytest.mark.usefixtures("_no_slurm")
@pytest.mark.parametrize(
    "name", ["it's", "a; touch x", "`touch x`", "$(touch x)", "100%A & b", "-rf", "#x", "a\tb", "é ü"]
)
def test_a_script_runs_with_any_folder(tmp_path: Path, name: str) -> None:
    config, folder = write_sweep(tmp_path, '"bath.temperature" = [0.1]', name=f"{name}.toml"), tmp_path / name
    done = call("sweep", config, "--out", folder, "--emit", "slurm")
    assert done.exit_code == 0, done.output
    text = (folder / "array-1.sh").read_text()
    job = next(line for line in text.splitlines() if line.startswith("#SBATCH --job-name="))
    assert not set(job.partition("=")[2]) & set(" ;`$'\"()&#\t%")
    shown = text.replace("exec ", "printf '%s\\n' ")
    environment = {**os.environ, "SLURM_ARRAY_TASK_ID": "0"}
    ran = subprocess.run(
        ["bash", "-c", shown], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
    )
    run = sweep_points(read_axes(config)).runs[0]
    assert ran.stdout.splitlines() == [sys.executable, "-m", "tnthermo.sweeps", str(folder), run]
    assert not (tmp_path / "x").exists()


@pytest.mark.usefixtures("_no_slurm")
@pytest.mark.parametrize("name", ['a"b', "a\nb\n#SBATCH --wrap=x", "a\rb", "a\\b"])
def test_a_folder_that_a_line_for_slurm_cannot_hold_is_refused(tmp_path: Path, name: str) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1]')
    done = call("sweep", config, "--out", tmp_path / name, "--emit", "slurm")
    assert done.exit_code == errors.BAD_INPUT
    assert not list(tmp_path.rglob("*.sh"))


def test_the_name_of_a_job_is_letters_and_digits() -> None:
    assert slurm_arrays.job_name(Path("a b\n$(x).toml")) == "a-b---x-"


@pytest.mark.parametrize("run", ["../x", "/tmp/x", "a/b", "", "0123456789abcdef/.."])
def test_a_task_takes_nothing_but_runs(tmp_path: Path, run: str) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1]')
    place = SweepFolder(tmp_path / "out")
    save_sweep(place, sweep_points(read_axes(config)))
    before = sorted(tmp_path.rglob("*"))
    assert task.main([str(place.root), run]) == errors.BAD_INPUT
    assert sorted(tmp_path.rglob("*")) == before


@pytest.mark.parametrize("name", ["../x", "a/b", "/x", "a b"])
def test_names_of_columns_are_no_paths(tmp_path: Path, name: str) -> None:
    found = problems(tmp_path, text_of({"record": {"observables": f'{{ "{name}" = {{ x = 1.0 }} }}'}}))
    assert [key for key in found if key.startswith("record.observables") and key.endswith(name)]
    found = problems(tmp_path, text_of({"record": {"two_time": f'{{ "{name}" = ["z", "z"] }}'}}))
    assert [key for key in found if key.startswith("record.two_time") and key.endswith(name)]


def test_a_link_in_a_folder_is_replaced_not_followed(tmp_path: Path) -> None:
    """What a link called like one of our files points to is left as it is."""
    config, elsewhere = write_sweep(tmp_path, '"bath.temperature" = [0.1]'), tmp_path / "precious"
    elsewhere.write_text("mine")
    place = SweepFolder(tmp_path / "out")
    (place.root / "configs").mkdir(parents=True)
    run = sweep_points(read_axes(config)).runs[0]
    place.config(run).symlink_to(elsewhere)
    save_sweep(place, sweep_points(read_axes(config)))
    assert elsewhere.read_text() == "mine"
    assert not place.config(run).is_symlink()


LINKED = SMALL.replace("TEMPERATURE", "0.5") + NO_ENTROPY
UNSET = LINKED.replace("temperature = 0.5\n", "")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """What must stay as it is: files called as those that would be written, or taken away."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    for name in ("run.ckpt", "run.previous.ckpt", ".half.tmp", "lock", "result.nc.old"):
        (folder / name).write_text("mine")
    return folder


def test_a_run_does_not_write_through_a_link_in_its_folder(tmp_path: Path, elsewhere: Path) -> None:
    config, out, before = tmp_path / "run.toml", tmp_path / "out", contents(elsewhere)
    config.write_text(LINKED)
    out.mkdir()
    (out / "checkpoint").symlink_to(elsewhere)
    for more in ((), ("--resume",), ("--overwrite",)):
        done = call("run", config, "--out", out, *more)
        assert done.exit_code == errors.BAD_INPUT
        assert f"found a link to {elsewhere}" in done.output
    assert [path.name for path in out.iterdir()] == ["checkpoint"]
    (out / "checkpoint").unlink()
    (out / "lock").symlink_to(elsewhere / "lock")
    assert call("run", config, "--out", out).exit_code == errors.STORAGE
    assert contents(elsewhere) == before
    (out / "lock").unlink()
    for name in (f".config.toml.{os.getpid()}.tmp", f".probe.{os.getpid()}.tmp", "config.toml", "state.h5"):
        (out / name).symlink_to(elsewhere / "result.nc.old")
    run_config(config, out, overwrite=True)
    assert contents(elsewhere) == before
    assert not [path for path in out.rglob("*") if path.is_symlink()]


def test_the_folder_that_is_named_may_be_a_link(tmp_path: Path) -> None:
    config, real, out = tmp_path / "run.toml", tmp_path / "real", tmp_path / "out"
    config.write_text(LINKED)
    real.mkdir()
    out.symlink_to(real)
    run_config(config, out)
    assert (real / "result.nc").is_file()
    assert (real / "checkpoint" / "run.ckpt").is_file()
    swept = write_sweep(tmp_path, '"bath.temperature" = [0.1]', base=UNSET)
    save_sweep(SweepFolder(out), sweep_points(read_axes(swept)))
    assert (real / "sweep.json").is_file()


def test_a_scan_of_strengths_does_not_write_through_a_link(tmp_path: Path, elsewhere: Path) -> None:
    config, out, before = tmp_path / "run.toml", tmp_path / "out", contents(elsewhere)
    config.write_text(LINKED)
    out.mkdir()
    (out / "coupling_1").symlink_to(elsewhere)
    with pytest.raises(InvalidInput, match="found a link"):
        run_laws(config, out, couplings=[1.0])
    assert contents(elsewhere) == before


@pytest.mark.parametrize("part", ["points", "configs", "log"])
def test_a_sweep_does_not_write_through_a_link_in_its_folder(tmp_path: Path, elsewhere: Path, part: str) -> None:
    config, out, before = write_sweep(tmp_path, '"bath.temperature" = [0.1]'), tmp_path / "out", contents(elsewhere)
    out.mkdir()
    (out / part).symlink_to(elsewhere)
    done = call("sweep", config, "--out", out, "--workers", 1)
    assert done.exit_code == errors.BAD_INPUT
    assert f"found a link to {elsewhere}" in done.output
    assert contents(elsewhere) == before


@pytest.mark.parametrize("part", ["points", "points/RUN", "log", "log/RUN.log"])
def test_a_task_does_not_write_through_a_link(tmp_path: Path, elsewhere: Path, part: str) -> None:
    """Put there after the sweep was laid out."""
    config, before = write_sweep(tmp_path, '"bath.temperature" = [0.1]', base=UNSET), contents(elsewhere)
    place, sweep = SweepFolder(tmp_path / "out"), sweep_points(read_axes(config))
    save_sweep(place, sweep)
    run = sweep.runs[0]
    link = place.root / part.replace("RUN", run)
    if link.is_dir():
        link.rmdir()
    link.symlink_to(elsewhere / "lock" if part.endswith(".log") else elsewhere)
    outcome = task.run_point(str(place.root), run)
    assert (outcome["state"], outcome["code"]) == (
        "failed",
        errors.STORAGE if part.endswith(".log") else errors.BAD_INPUT,
    )
    assert contents(elsewhere) == before
    if part.startswith("points"):
        assert "found a link" in sweep_status(place.root)[0].detail
    if part == "points/RUN":
        link.unlink()
        assert task.run_point(str(place.root), run)["state"] == "done"
