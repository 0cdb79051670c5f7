"""Compiled kernels on awkward machines: nothing can be written, several processes at once, an update, files cut short."""

import os
import shutil
import stat
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from chains import cache_folder
from chains.cache_folder import Entries, last_resort, stamp

ROOT = Path(__file__).parents[2]
# A thermal chain compiles one kernel; how often it was found in the cache is printed.
CHAIN = """
import chains
from chains.numerics.recurrence import jacobi_matrix
J = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
print(round(chains.chain(J, 4, temperature=0.5).coupling, 6), sum(jacobi_matrix.stats.cache_hits.values()))
"""
COUPLING = "0.47052"


def started(code: str, folder: Path, packages: str | Path = ROOT, cache: Path | None = None) -> subprocess.Popen[str]:
    """A process of its own in ``folder``, with no home that it could write to; ``cache`` is its NUMBA_CACHE_DIR."""
    blocked = folder / "a file"
    blocked.touch()
    nowhere = str(blocked / "below")
    environment = {
        "PATH": os.environ.get("PATH", ""), "HOME": nowhere, "XDG_CACHE_HOME": nowhere, "TMPDIR": str(folder), "PYTHONPATH": str(packages),
        "MPLCONFIGDIR": str(folder),
    } | ({} if cache is None else {"NUMBA_CACHE_DIR": str(cache)})  # fmt: skip
    return subprocess.Popen(
        [sys.executable, "-B", "-c", code], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )  # fmt: skip


def outcome(process: subprocess.Popen[str]) -> tuple[list[str], str]:
    """(words printed, standard error) of a process that ended well."""
    out, err = process.communicate(timeout=300)
    assert process.returncode == 0, err
    return out.split(), err


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    """A copy of the packages in which no __pycache__ can be made: in its place stands a file."""
    packages = tmp_path / "packages"
    for name in ("chains", "tnthermo"):
        shutil.copytree(ROOT / name, packages / name, ignore=shutil.ignore_patterns("__pycache__"))
    for folder in {file.parent for file in packages.rglob("*.py")}:
        (folder / "__pycache__").touch()
    return packages


def test_a_sealed_install_without_a_home_caches_in_the_temporary_folder(sealed: Path, tmp_path: Path) -> None:
    words, warned = outcome(started("import tnthermo\n" + CHAIN, tmp_path, sealed))
    folder = tmp_path / f"numba-cache-{os.getuid()}"
    assert words == [COUPLING, "0"]
    assert len(warned.splitlines()) == 1
    assert str(folder) in warned
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(folder.rglob("recurrence.jacobi_matrix*.nbc"))
    words, warned = outcome(started(CHAIN, tmp_path, sealed))
    assert words == [COUPLING, "1"]


def test_numba_cache_dir_is_obeyed(sealed: Path, tmp_path: Path) -> None:
    chosen = tmp_path / "chosen"
    assert outcome(started(CHAIN, tmp_path, sealed, cache=chosen)) == ([COUPLING, "0"], "")
    assert list(chosen.rglob("recurrence.jacobi_matrix*.nbc"))


def test_a_numba_cache_dir_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    chosen = tmp_path / "a file" / "cache"
    _, warned = outcome(started("import chains.numerics.recurrence", tmp_path, cache=chosen))
    assert len(warned.splitlines()) == 1
    assert f"NUMBA_CACHE_DIR = {chosen} cannot be written (Not a directory)" in warned


def test_two_processes_fill_one_folder_and_a_third_reads_it(tmp_path: Path) -> None:
    shared = tmp_path / "shared"
    both = [started(CHAIN, tmp_path, cache=shared) for _ in range(2)]
    assert [outcome(process)[0][0] for process in both] == [COUPLING, COUPLING]
    assert outcome(started(CHAIN, tmp_path, cache=shared)) == ([COUPLING, "1"], "")


def test_a_kernel_is_renewed_with_the_kernels_it_calls(tmp_path: Path) -> None:
    folder = tmp_path / "own"
    folder.mkdir()
    (folder / "__init__.py").write_text(
        "from pathlib import Path\nfrom chains.cache_folder import look_after\nlook_after(Path(__file__).parent)\n"
    )
    kernel = "from numba import njit\n{}\n@njit(cache=True)\ndef {}(x):\n    return {}\n"
    (folder / "inner.py").write_text(kernel.format("", "inner", "x + 1"))
    (folder / "middle.py").write_text(kernel.format("from own.inner import inner", "middle", "inner(x)"))
    (folder / "outer.py").write_text(kernel.format("from own.middle import middle", "outer", "10 * middle(x)"))
    code = "from own.outer import outer\nprint(outer(1), sum(outer.stats.cache_hits.values()))"

    def found() -> list[str]:
        return outcome(started(code, tmp_path, f"{ROOT}:{tmp_path}"))[0]

    assert (found(), found()) == (["20", "0"], ["20", "1"])
    (folder / "inner.py").write_text(kernel.format("", "inner", "x + 5"))
    assert found() == ["60", "0"]


def test_the_stamp_follows_imports(tmp_path: Path) -> None:
    one, two, other = (tmp_path / f"{name}.py" for name in ("one", "two", "other"))
    one.write_text("import math\nfrom package.two import f\n")
    two.write_text("x = 1\n")
    other.write_text("x = 1\n")
    before = stamp(one)
    other.write_text("x = 2\n")
    stamp.cache_clear()
    assert stamp(one) == before
    two.write_text("x = 2\n")
    stamp.cache_clear()
    assert stamp(one) != before


class Late(Entries):
    """Another process saves an entry after this one has read the index."""

    other: Any = None

    def _load_index(self) -> dict[Any, str]:
        found = super()._load_index()
        if self.other is not None:
            other, self.other = self.other, None
            other()
        return found


def test_entries_written_at_once_are_not_mixed_up(tmp_path: Path) -> None:
    place = {"cache_path": str(tmp_path), "filename_base": "kernel", "source_stamp": "s"}
    first, second, reader = Late(**place), Entries(**place), Entries(**place)
    first.other = lambda: second.save("two", "code of two")
    first.save("one", "code of one")
    assert (reader.load("one"), reader.load("two")) == ("code of one", None)
    second.save("two", "code of two")
    assert (reader.load("one"), reader.load("two")) == ("code of one", "code of two")


def test_files_cut_short_are_as_good_as_none(tmp_path: Path) -> None:
    entries = Entries(cache_path=str(tmp_path), filename_base="kernel", source_stamp="s")
    for pattern, rest in (("*.nbi", 0), ("*.nbi", 30), ("*.nbc", 0), ("*.nbc", 10)):
        entries.save("one", "code of one")
        assert entries.load("one") == "code of one"
        for file in tmp_path.glob(pattern):
            file.write_bytes(file.read_bytes()[:rest])
        assert entries.load("one") is None


def test_a_full_disk_is_named_and_no_error(tmp_path: Path, recwarn: pytest.WarningsRecorder) -> None:
    cache_folder._say.cache_clear()
    entries = Entries(cache_path=str(tmp_path / "gone"), filename_base="kernel", source_stamp="s")
    entries.save("one", "code of one")
    assert f"cannot be kept in {tmp_path / 'gone'}" in str(recwarn.pop().message)
    assert entries.load("one") is None


def test_a_temporary_folder_that_others_may_write_to_is_not_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recwarn: pytest.WarningsRecorder
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    usual = tmp_path / f"numba-cache-{os.getuid()}"
    last_resort.cache_clear()
    assert last_resort() == usual
    usual.chmod(0o777)
    last_resort.cache_clear()
    other = last_resort()
    assert other.parent == tmp_path
    assert other != usual
    assert stat.S_IMODE(other.stat().st_mode) == 0o700
    last_resort.cache_clear()
    assert len(recwarn) == 2
