"""A virtual environment for each peer, from its requirements file; made once, and again when that file changes."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
FOLDER = "TNTHERMO_BENCH"
"""Environment variable that names the folder of the environments; default .bench in the checkout."""


def folder() -> Path:
    return Path(os.environ.get(FOLDER) or HERE.parents[2] / ".bench")


def interpreter(who: str) -> Path:
    """The Python that runs a driver; makes its environment where needed. Raises RuntimeError with pip's last words."""
    if who.startswith("tnthermo"):
        return Path(sys.executable)
    home = folder() / who
    python = home / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    wanted = (HERE / f"requirements_{who}.txt").read_text()
    marker = home / "installed.txt"
    if marker.exists() and marker.read_text() == wanted and python.exists():
        return python
    print(f"{who}: making its environment in {home}", file=sys.stderr)
    if not python.exists():
        venv.create(home, with_pip=True)
    command = [str(python), "-m", "pip", "install", "-q", "-r", str(HERE / f"requirements_{who}.txt")]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise RuntimeError(f"pip could not install {who}: {done.stderr.strip().splitlines()[-1:]}")
    marker.write_text(wanted)
    return python
