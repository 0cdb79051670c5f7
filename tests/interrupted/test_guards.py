"""Memory that runs out, numbers that run away, more threads than there are processors."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.interrupted.runs import SAVING, a_keeper, assert_same_run, write_config
from tnthermo.engines.measure import Measure
from tnthermo.errors import RunFailed, Stopped
from tnthermo.machine import threads
from tnthermo.machine.memory import Memory, cgroup_limits, memory_watch
from tnthermo.studies import study
from tnthermo.studies.study import run_config


def test_memory_that_runs_out_saves_and_stops(tmp_path: Path, reference: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config, out = write_config(tmp_path), tmp_path / "out"
    looks = [0]

    def nearly_full() -> str:
        looks[0] += 1
        return "memory: 9 GiB of 9 GiB in use" if looks[0] == 4 else ""

    with monkeypatch.context() as patch:
        patch.setattr(study, "memory_watch", lambda: nearly_full)
        with pytest.raises(Stopped, match=r"memory: 9 GiB.*with a checkpoint at t = 0\.3"):
            run_config(config, out)
        looks[0] = 3  # full from the first step on: it would stop like this for ever
        with pytest.raises(RunFailed, match="takes more memory"):
            run_config(config, out, resume=True)
    run_config(config, out, resume=True)
    assert_same_run(out, reference)


def test_what_limits_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert memory_watch([Memory(size=2**50, source="this machine")])() == ""
    assert "(SLURM_MEM_PER_NODE) in use" in memory_watch([Memory(size=2**20, source="SLURM_MEM_PER_NODE")])()
    inner = tmp_path / "user" / "job"
    inner.mkdir(parents=True)
    groups = tmp_path / "cgroup"
    groups.write_text("0::/user/job\n")
    (inner / "memory.max").write_text("max\n")
    (inner.parent / "memory.max").write_text("1048576\n")
    assert cgroup_limits(groups, tmp_path) == [1048576]
    groups.write_text("5:cpu,memory:/job\n")
    (tmp_path / "memory" / "job").mkdir(parents=True)
    (tmp_path / "memory" / "job" / "memory.limit_in_bytes").write_text("2097152\n")
    (tmp_path / "memory" / "memory.limit_in_bytes").write_text("9223372036854771712\n")
    assert cgroup_limits(groups, tmp_path) == [2097152]
    assert cgroup_limits(tmp_path / "nothing", tmp_path) == []


@pytest.mark.parametrize(
    ("quantity", "value", "words"),
    [
        ("norm", 1.5, r"norm drifted from 1 to 1\.5 at t = 0\.4"),
        ("total_energy", 1e6, r"total_energy drifted .* at t = 0\.4"),
        ("moment_X", np.nan, r"moment_X is not finite at t = 0\.4"),
    ],
)
def test_runaway_numbers_end_the_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quantity: str, value: float, words: str
) -> None:
    """The last good checkpoint is kept."""
    config, out = write_config(tmp_path, add=SAVING), tmp_path / "out"
    real, calls = Measure.local, [0]

    def local(self: Measure, blocks: Any) -> Any:
        calls[0] += 1
        found = real(self, blocks)
        return replace(found, **{quantity: getattr(found, quantity) * 0 + value}) if calls[0] == 5 else found

    monkeypatch.setattr(Measure, "local", local)
    with pytest.raises(RunFailed, match=words + r".*; the last checkpoint before it is kept"):
        run_config(config, out)
    kept = a_keeper(config, out).load("run")
    assert kept is not None
    assert kept["times"][-1] == pytest.approx(0.3)


def test_threads_stay_within_the_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_CPUS_PER_TASK", "1")
    assert threads.allocated_threads()[0] == 1
    pools = [{"num_threads": 64}]
    monkeypatch.setattr(threads, "threadpool_info", lambda: pools)
    seen: list[int] = []

    @contextlib.contextmanager
    def limited(*, limits: int) -> Iterator[None]:
        seen.append(limits)
        yield

    monkeypatch.setattr(threads, "threadpool_limits", limited)
    said: list[str] = []
    with threads.threads_within_allocation(said.append):
        assert seen == [1]
    assert said[0].startswith("threads: 64 -> 1 (")
    pools[0]["num_threads"] = 1
    with threads.threads_within_allocation(said.append):
        assert len(said) == 1
