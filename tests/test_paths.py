"""Names and paths stay names and paths: in scripts for Slurm, in the folder of a sweep, in result files."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_cli import call
from tests.test_config import problems, text_of
from tests.test_sweep_axes import write_sweep
from tnthermo import cli, cluster
from tnthermo.sweeps import arrays, task
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.folder import SweepFolder, save_sweep
from tnthermo.sweeps.points import sweep_points


@pytest.fixture
def _no_slurm(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "largest_array", lambda: 10)


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
    assert done.exit_code == cli.BAD_INPUT
    assert not list(tmp_path.rglob("*.sh"))


def test_the_name_of_a_job_is_letters_and_digits() -> None:
    assert arrays.job_name(Path("a b\n$(x).toml")) == "a-b---x-"


@pytest.mark.parametrize("run", ["../x", "/tmp/x", "a/b", "", "0123456789abcdef/.."])
def test_a_task_takes_nothing_but_runs(tmp_path: Path, run: str) -> None:
    config = write_sweep(tmp_path, '"bath.temperature" = [0.1]')
    place = SweepFolder(tmp_path / "out")
    save_sweep(place, sweep_points(read_axes(config)))
    before = sorted(tmp_path.rglob("*"))
    assert task.main([str(place.root), run]) == task.BAD_INPUT
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
