"""A Slurm on this machine for the tests marked `slurm`: scripts/slurm/up.sh brings it up, down.sh takes it down again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SCRIPTS = ROOT / "scripts" / "slurm"
SECONDS = 180  # for packages, daemons and, with accounting, a database
CPUS = 4  # offered, however many there are: no test waits in the queue behind the job of another one


def is_up() -> bool:
    """Whether a controller answers."""
    try:
        done = subprocess.run(["scontrol", "ping"], capture_output=True, text=True, check=False, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return "is UP" in done.stdout


def up(*options: str) -> str:
    """Bring it up; "" or why it cannot be had."""
    if os.geteuid() != 0 and not is_up():
        return "no Slurm is running and bringing one up needs root"
    env = os.environ | {"SLURM_CPUS": str(CPUS)}
    try:
        done = subprocess.run(
            [SCRIPTS / "up.sh", *options], capture_output=True, text=True, check=False, timeout=SECONDS, env=env
        )
    except subprocess.TimeoutExpired:
        return f"scripts/slurm/up.sh took more than {SECONDS} s"
    lines = (done.stderr or done.stdout).strip().splitlines()
    return "" if done.returncode == 0 and is_up() else f"scripts/slurm/up.sh: {lines[-1] if lines else done.returncode}"


def down() -> None:
    subprocess.run([SCRIPTS / "down.sh", "--purge"], capture_output=True, check=False, timeout=SECONDS)


def brought_up(*options: str) -> Iterator[None]:
    """For a fixture: Slurm while it lasts, or a skip that says why not."""
    before = is_up()
    if before and options:
        pytest.skip("a Slurm is running already; one with accounting would replace it")
    if not before and (reason := up(*options)):
        down()
        pytest.skip(reason)
    yield
    if not before:
        down()


@pytest.fixture(scope="module")
def slurm() -> Iterator[None]:
    """Without accounting: sacct does not work."""
    yield from brought_up()


@pytest.fixture(scope="module")
def slurm_with_accounting() -> Iterator[None]:
    """With slurmdbd and MariaDB."""
    yield from brought_up("--dbd")


@pytest.fixture(autouse=True)
def checkout_for_jobs(monkeypatch: pytest.MonkeyPatch) -> None:
    """Jobs import what is tested: sbatch hands on the environment."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
