"""kill -9 at any moment: the same run to the last bit."""

import time
from pathlib import Path

import numpy as np
import pytest

from tests.interrupted.runs import SAVING, assert_same, assert_same_run, start, wait_for, write_config
from tnthermo.results import checkpoints, run_folder
from tnthermo.results.checkpoint_file import unpack
from tnthermo.studies.study import run_config


def kill_repeatedly(config: Path, out: Path, *, kills: int, in_saves: int, seed: int) -> int:
    """kill -9 at random moments, ``in_saves`` of them while a checkpoint is being written; how many were met before the run was done.

    Of the others every second one comes after some steps, however long the process takes to start.
    """
    random = np.random.default_rng(seed)
    for kill in range(kills):
        saving = kill < in_saves
        process = start(config, out, pause=0.02, slow_save=0.05 if saving else 0.0)
        assert wait_for(process, "ready")
        if kill % 2 and not saving:
            assert process.stdout is not None
            for _ in range(random.integers(2, 10)):
                process.stdout.readline()
            time.sleep(random.uniform(0.0, 0.03))
        else:
            time.sleep(random.uniform(0.0, 0.5))
        deadline = time.monotonic() + 20
        while saving and not (out / "saving").exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.001)
        if saving:
            time.sleep(random.uniform(0.0, 0.06))
        process.kill()
        process.communicate(timeout=60)
        (out / "saving").unlink(missing_ok=True)
        if run_folder.inspect(out).state == "finished":
            return kill
    return kills


def long_config(folder: Path) -> Path:
    """Long enough for 16 kills: nothing is lost, so that each attempt gets on."""
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
    run_config(config, out, resume=True)
    assert_same_run(out, reference)


@pytest.mark.slow
def test_killed_many_times(tmp_path: Path) -> None:
    config, out = long_config(tmp_path), tmp_path / "out"
    run_config(config, tmp_path / "whole")
    assert kill_repeatedly(config, out, kills=16, in_saves=6, seed=11) == 16
    run_config(config, out, resume=True)
    assert_same_run(out, tmp_path / "whole")


@pytest.mark.slow
def test_tdvp_killed_many_times(tmp_path: Path) -> None:
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
    assert kill_repeatedly(config, out, kills=16, in_saves=6, seed=11) == 16
    kept = checkpoint_steps(out)
    assert 0 < kept < 400
    assert f"run {kept}\n" not in to_the_end(out)  # it went on behind
    assert_same(out, tmp_path / "whole")
