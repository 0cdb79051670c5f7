"""A run on time bins is taken up again to the last bit, and made longer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

import tnthermo as tt
from tests.interrupted.runs import RUNS, assert_same_run, save_little, stop_at
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import result_file
from tnthermo.studies.study import run_config

TEXT = """
[spectral_density]
kind = "power-law"
alpha = 0.2
exponent = 1.0
cutoff = 3.0
shape = "exponential"
[bath]
temperature = 0.4
route = "time-bins"
[system]
hamiltonian = { x = 0.5 }
initial = [[0.8, 0.1], [0.1, 0.2]]
[coupling]
operator = { z = 0.5 }
[drive]
"hamiltonian.z" = { shape = "square", start = 0.3, stop = 0.7, height = 0.4 }
[evolution]
until = UNTIL
step = 0.2
[record]
occupation_every = 0.4
[thermodynamics]
bath_entropy_every = 0.6
bath_entropy_max_bond = 12
"""


def config(folder: Path, until: float) -> Path:
    path = folder / f"{until}.toml"
    path.write_text(TEXT.replace("UNTIL", str(until)))
    return path


@pytest.fixture(autouse=True, scope="module")
def only_a_little_is_written() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(result_file, "save_result", save_little)
        yield


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    run_config(config(folder, 1.2), folder / "out")
    return folder / "out"


def test_stopped_and_resumed(tmp_path: Path, whole: Path) -> None:
    file, out = config(tmp_path, 1.2), tmp_path / "out"
    for at, stage in ((1, "run"), (4, "run"), (2, "error bars")):
        stop_at(file, out, at, stage)
    run_config(file, out, resume=True)
    assert_same_run(out, whole)


def test_a_longer_run_goes_on_from_a_shorter_one(tmp_path: Path, whole: Path) -> None:
    """The bins of a longer run are made of modes that are told apart for longer: equal to the accuracy of these, not to the bit."""
    out = tmp_path / "out"
    run_config(config(tmp_path, 0.6), out)
    run_config(config(tmp_path, 1.2), out, resume=True)
    ours, theirs = RUNS[out], RUNS[whole]
    assert isinstance(ours, Trajectory)
    np.testing.assert_array_equal(ours.times, theirs.times)
    assert np.abs(ours.rho_S - theirs.rho_S).max() < 1e-8
    assert np.abs(ours.moment_P - theirs.moment_P).max() < 1e-8
    assert np.abs(tt.ledger(ours)["E_B"].values - tt.ledger(theirs)["E_B"].values).max() < 1e-8
