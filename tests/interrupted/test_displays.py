"""The program itself with a display that goes away: result and exit code are those that it has with one."""

import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest

from tests.interrupted.runs import ROOT, write_config
from tnthermo import errors
from tnthermo.figures import panels
from tnthermo.results import result_file, run_folder

pytestmark = pytest.mark.slow


def shell(line: str, *arguments: object, **more: object) -> "subprocess.CompletedProcess[str]":
    """``line`` in bash, in which $P is the program and $1, $2, ... are the arguments."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "P": f"{sys.executable} -m tnthermo"}
    command = ["bash", "-o", "pipefail", "-c", line, "bash", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, env=environment, timeout=120, check=False, **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize("ending", ["2>&1 | head -1", ">&- 2>&-"])
def test_a_run_ends_as_with_a_display(ending: str, tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    done = shell(f"$P run $1 --out $2 {ending}", config, out)
    assert done.returncode == 0, done.stderr
    assert run_folder.inspect(out).state == "finished"
    assert panels.complete(out)
    assert not list(out.glob(".*"))


def test_a_run_outlives_its_terminal(tmp_path: Path) -> None:
    """The terminal closes in the middle: HUP to the whole session, then EIO for what is written."""
    config, out = write_config(tmp_path), tmp_path / "out"
    # four lines a second are drawn: the run must take several of them, on a fast machine too
    config.write_text(config.read_text().replace("until = 1.0", "until = 100.0"))
    child, terminal = pty.fork()
    if child == 0:
        os.environ |= {"PYTHONPATH": str(ROOT), "TERM": "xterm"}
        os.execv(sys.executable, [sys.executable, "-m", "tnthermo", "run", str(config), "--out", str(out)])
    seen = b""
    while b"run:" not in seen:
        seen += os.read(terminal, 1000)
    os.close(terminal)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert code == (errors.ACCURACY if result_file.load_ledger(out).attrs["flags"] != "none" else 0)
    assert run_folder.inspect(out).state == "finished"


def test_output_that_nobody_reads_to_its_end(tmp_path: Path) -> None:
    config = write_config(tmp_path)
    for line in ("$P check $1 | head -1", "$P plan $1 | true", "$P check $1 >&-"):
        done = shell(line, config)
        assert (done.returncode, done.stderr) == (0, ""), line
    full = shell("$P check $1 > /dev/full", config)
    assert full.returncode == errors.STORAGE
    assert "standard output could not be written" in full.stderr
