"""What a user's type checker sees of the packages as they are installed: the ten lines of the README pass `mypy --strict`."""

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tomllib
import venv
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
WRONG = """
tt.evolve(model, until=[30.0])
chains.chain(J, "40", temperature=0.2)
run.no_such_attribute
"""


def ten_lines() -> str:
    """The block of the README under "Ten lines"."""
    found = re.search(r"## Ten lines\n\n```python\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    assert found is not None
    return found[1]


def installed(folder: Path) -> Path:
    """The Python of an environment that has the packages as a wheel puts them there, and what they need from this one."""
    venv.create(folder, with_pip=False)
    python = folder / "bin" / "python"
    line = "import sysconfig; print(sysconfig.get_path('purelib'))"
    place = Path(subprocess.run([python, "-c", line], capture_output=True, text=True, check=True).stdout.strip())
    for package in ("chains", "tnthermo"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))
    (place / "theirs.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return python


@pytest.mark.slow
def test_the_ten_lines_are_typed(tmp_path: Path) -> None:
    """Nothing is wrong with them; a wrong argument or attribute is seen, which it would not be were the packages without types."""
    pytest.importorskip("mypy", reason="no mypy: the extra dev")
    python = installed(tmp_path / "environment")
    work = tmp_path / "work"
    work.mkdir()
    (work / "right.py").write_text(ten_lines())
    (work / "wrong.py").write_text(ten_lines() + WRONG)
    command = [sys.executable, "-m", "mypy", "--strict", "--no-pretty", "--python-executable", str(python)]
    environment = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "MYPYPATH")}
    done = subprocess.run(
        [*command, "right.py", "wrong.py"], cwd=work, env=environment, capture_output=True, text=True, check=False
    )
    complaints = [line for line in done.stdout.splitlines() if ": error: " in line]
    assert not [line for line in complaints if not line.startswith("wrong.py:")], done.stdout
    last = ten_lines().count("\n")
    assert sorted({int(line.split(":")[1]) - last for line in complaints}) == [2, 3, 4], done.stdout + done.stderr


def test_the_citation_is_of_this_version() -> None:
    """And of this licence: what must be said twice is the same."""
    citation = (ROOT / "CITATION.cff").read_text("utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    found = dict(re.findall(r"^(version|license|title): (.*)$", citation, re.MULTILINE))
    assert found == {"version": project["version"], "license": project["license"], "title": project["name"]}
