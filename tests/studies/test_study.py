"""One run, one folder: idempotent, never overwriting what it was not asked to."""

import io
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

from chains import InvalidInput
from tests.support.configs import write_config
from tnthermo import errors
from tnthermo.configuration.estimate import estimate
from tnthermo.configuration.resolve import resolve_file
from tnthermo.errors import NotConverged
from tnthermo.evolution.progress import Progress
from tnthermo.machine.words import clock, duration
from tnthermo.results import result_file, run_folder
from tnthermo.studies import study
from tnthermo.studies.study import run_config
from tnthermo.terminal.plan import planned
from tnthermo.terminal.progress import ProgressDisplay
from tnthermo.terminal.show import last, number, shown


def test_a_run_is_done_once(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    said: list[str] = []
    first = run_config(config, out, say=said.append)
    assert sorted(p.name for p in out.iterdir()) == [
        "checkpoint",
        run_folder.CONFIG,
        run_folder.RESULT,
        run_folder.STATE,
    ]
    assert not first.already_done
    assert not first.flags
    written = (out / run_folder.RESULT).stat().st_mtime_ns
    for resume in (False, True):
        again = run_config(config, out, resume=resume, say=said.append)
        assert again.already_done
    assert said[-1].startswith("already done")
    assert (out / run_folder.RESULT).stat().st_mtime_ns == written
    attributes = first.ledger.attrs
    assert attributes["config_hash"] == first.resolved.hash
    # the resolved configuration is a configuration of the same run
    assert resolve_file(out / run_folder.CONFIG).hash == first.resolved.hash
    assert run_config(out / run_folder.CONFIG, out, say=said.append).already_done


def test_another_run_needs_to_be_told_to_overwrite(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run_config(write_config(tmp_path), out)
    other = write_config(tmp_path, temperature=0.7)
    with pytest.raises(InvalidInput, match=r"bath\.temperature: 0\.5 -> 0\.7"):
        run_config(other, out)
    longer = tmp_path / "longer.toml"
    longer.write_text(write_config(tmp_path).read_text().replace("until = 1.0", "until = 2.0"))
    with pytest.raises(InvalidInput, match="--resume extends it"):
        run_config(longer, out)
    assert not run_config(write_config(tmp_path, temperature=0.7), out, overwrite=True).already_done
    assert result_file.load_ledger(out).attrs["temperature"] == 0.7


def test_a_damaged_result_is_not_taken_for_another_run(tmp_path: Path) -> None:
    out = tmp_path / "out"
    out.mkdir()
    (out / run_folder.RESULT).write_bytes(b"half a file")
    with pytest.raises(errors.StorageError, match="not a readable result file"):
        run_config(write_config(tmp_path), out)


def test_an_unfinished_folder_needs_resume(tmp_path: Path) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    out.mkdir()
    (out / run_folder.CONFIG).write_text("")
    with pytest.raises(InvalidInput, match="unfinished"):
        run_config(config, out)
    said: list[str] = []
    assert not run_config(config, out, resume=True, say=said.append).already_done
    assert any("from the beginning" in line for line in said)
    assert not run_config(config, tmp_path / "nothing there", resume=True).already_done


def test_places_that_cannot_be_written_fail_before_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*args: object, **keywords: object) -> None:
        raise AssertionError("the run started")

    monkeypatch.setattr(study, "evolve", never)
    config = write_config(tmp_path)
    (tmp_path / "file").write_text("")
    with pytest.raises(InvalidInput, match="found a file"):
        run_config(config, tmp_path / "file")
    with pytest.raises(errors.StorageError, match="cannot write into"):
        run_config(config, tmp_path / "file" / "below")
    with pytest.raises(errors.StorageError, match="cannot write into"):
        run_config(config, Path("/proc/tnthermo"))
    with pytest.raises(errors.StorageError, match="cannot write into /proc/self"):  # is there, and takes no files
        run_config(config, Path("/proc/self"))
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "checkpoint").write_text("")
    with pytest.raises(errors.StorageError, match=r"cannot write into .*/checkpoint"):
        run_config(config, tmp_path / "out")


def test_strict_writes_the_result_and_then_raises(tmp_path: Path) -> None:
    config, out = write_config(tmp_path, temperature=5.0, add="[run]\nstrict = true\n"), tmp_path / "out"
    config.write_text(config.read_text().replace("levels = 10", "levels = 2"))
    with pytest.raises(NotConverged, match="level"):
        run_config(config, out)
    text = shown(result_file.load_ledger(out))
    assert "NOT CONVERGED" in text
    assert len(text.splitlines()) <= 24


def test_the_screen_of_a_result(tmp_path: Path) -> None:
    for temperature in (0.0, 0.5):
        text = shown(run_config(write_config(tmp_path, temperature=temperature), tmp_path / str(temperature)).ledger)
        assert len(text.splitlines()) <= 24
        assert max(map(len, text.splitlines())) <= 120
        assert "converged in" in text
        assert "S_chi       in [" not in text  # one mode: its entropy is exact
    assert number(0.123456789, 2e-5) == "0.123457 +- 2e-05"
    assert number(0.123456789, float("inf")) == "0.123 +- inf"
    assert number(0.123456789, float("nan")) == "0.123457"
    assert number(float("nan"), 0.0) == "-"
    assert number(float("inf"), 0.0) == "inf"


def test_the_plan_gives_ranges(tmp_path: Path) -> None:
    for method in ("tdvp", "tdvp1", "tdvp2", "tebd", "exact"):
        path = write_config(tmp_path)
        path.write_text(path.read_text().replace('"exact"', f'"{method}"'))
        resolved = resolve_file(path)
        found = estimate(resolved)
        assert 0 < found.seconds[0] <= found.seconds[1]
        assert 0 < found.memory[0] <= found.memory[1]
        assert "result.nc" in planned(resolved, tmp_path)
    assert [duration(s) for s in (0.1, 20, 600, 7200)] == ["under 1 s", "20 s", "10 min", "2 h"]


def progress(time: float, *, steps: int, stage: str = "run") -> Progress:
    return Progress(
        time=time, until=10.0, steps=steps, wall_seconds=0.0, largest_bond=5, largest_level=7,
        active_sites=3, discarded_weight=1e-12, stage=stage,
    )  # fmt: skip


def test_progress_in_a_log_file_is_sparse_and_plain() -> None:
    stream, wall = io.StringIO(), [0.0]
    with ProgressDisplay(stream, now=lambda: wall[0]) as display:
        for k in range(1001):
            display(progress(k * 0.01, steps=k))
            wall[0] += 0.1
    lines = stream.getvalue().splitlines()
    assert 5 <= len(lines) <= 12  # 100 s: at most one in ten seconds, and the first and the last
    assert "\x1b" not in stream.getvalue()
    assert "\r" not in stream.getvalue()
    assert "0.1 t per s" in lines[3]
    assert "t = 10/10 (100%)" in lines[-1]
    assert "bond 5" in lines[-1]


def test_progress_on_a_terminal_is_live_and_quiet_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.StringIO):
        def isatty(self) -> bool:
            return True

    monkeypatch.setenv("TERM", "xterm")
    terminal = Terminal()
    with ProgressDisplay(terminal) as display:
        display(progress(5.0, steps=1))
    assert "\x1b" in terminal.getvalue()
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")
    dumb, silent = Terminal(), Terminal()
    with ProgressDisplay(dumb) as display:
        display(progress(5.0, steps=1))
    with ProgressDisplay(silent, quiet=True) as display:
        display(progress(5.0, steps=1))
    assert "\x1b" not in dumb.getvalue()
    assert silent.getvalue() == ""
    assert [clock(s) for s in (5, 65, 3725, float("nan"))] == ["0:05", "1:05", "1:02:05", "?"]


def test_bounds_stand_with_the_larger_of_their_errors() -> None:
    bounds = {"S_chi": np.nan, "S_chi_lower": 0.382028, "S_chi_upper": 0.382424}
    dataset = xr.Dataset({name: ("t", [value]) for name, value in bounds.items()})
    assert last(dataset, "S_chi") == "in [0.382, 0.3824]"
    known = dataset.assign(S_chi_lower_error=("t", [2e-5]), S_chi_upper_error=("t", [3e-4]))
    assert last(known, "S_chi") == "in [0.382028, 0.382424] +- 3e-04"
