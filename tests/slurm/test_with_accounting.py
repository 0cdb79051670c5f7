"""The same where sacct works: nothing depends on it, and what it says agrees."""

import subprocess
from pathlib import Path

import pytest

from tests.slurm.jobs import gone, ids, states, wait_for
from tests.support.sweeps import write_sweep
from tests.support.terminal import call
from tnthermo.results import run_folder
from tnthermo.sweeps.folder import SweepFolder

pytestmark = [pytest.mark.slurm, pytest.mark.usefixtures("slurm_with_accounting")]


def test_an_array_through_submitit_agrees_with_sacct(tmp_path: Path) -> None:
    pytest.importorskip("submitit")
    config, out = write_sweep(tmp_path, '"bath.temperature" = [0.5, 0.25]'), tmp_path / "out"
    place, runs = SweepFolder(out), ids(config)
    place.point(runs[1]).mkdir(parents=True)
    (place.point(runs[1]) / run_folder.RESULT).write_bytes(b"half a file")
    done = call("sweep", config, "--out", out, "--engine", "slurm")
    assert done.exit_code == 0, done.output
    job = done.stdout.split()[0]
    wait_for(lambda: gone(job), "the array ends")
    assert states(out) == ["done", "failed"]
    told = subprocess.run(
        ["sacct", "-n", "-X", "-j", job, "-o", "JobID,State"], capture_output=True, text=True, check=True
    )
    assert (told.stdout.count("COMPLETED"), told.stdout.count("FAILED")) == (1, 1)
    assert "2 runs" in call("status", out).stdout
