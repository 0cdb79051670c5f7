"""What a run says it cost: memory, compilation, operations."""

import math
import subprocess
import sys

import numpy as np
import pytest
from numba import njit, types
from numba.typed import List

import tnthermo as tt
from tests.physics.runs import bare, few_modes
from tnthermo.errors import Stopped
from tnthermo.kernels.compiling import CompileClock
from tnthermo.machine.memory import peak_memory
from tnthermo.machine.words import readable
from tnthermo.terminal.show import cost

MODEL = few_modes((0.6, 1.1), (0.2, 0.3), 0.0, {"z": 0.2, "x": 0.3}, {"z": 1.0})


def test_peak_memory_knows_a_large_array():
    before = peak_memory()
    held = np.ones(40_000_000)  # 320 MB, written
    after = peak_memory()
    assert held[-1] == 1
    assert after >= before > 1e7
    assert after >= held.nbytes


@pytest.mark.parametrize(("size", "text"), [(500, "500 B"), (123456789, "118 MiB"), (2.0**40, "1 TiB")])
def test_sizes_in_words(size, text):
    assert readable(size) == text


def test_clock_counts_compilation_once_and_nothing_else():
    @njit
    def inner(x):
        return x + 1

    @njit
    def outer(x):
        return inner(x) * 2

    with CompileClock() as clock:
        assert outer(3) == 8
    assert 0.001 < clock.seconds < 60
    with CompileClock() as again:
        assert outer(4) == 10
    assert again.seconds == 0.0


def test_only_kernels_of_ours_count_as_compiled_by_the_process(monkeypatch: pytest.MonkeyPatch):
    """numba's typed lists are compiled in every process, also where all kernels come from the cache."""
    monkeypatch.setattr(CompileClock, "process", 0.0)
    with CompileClock() as clock:
        lists = List.empty_list(types.complex64[:, ::1])
        lists.append(np.zeros((1, 1), dtype=np.complex64))
    assert clock.seconds > 0
    assert CompileClock.process == 0

    def plain(x):
        return x + 2

    plain.__module__ = "tnthermo.kernels.sweep"
    own = njit(plain)
    with CompileClock() as clock:
        assert own(1) == 3
    assert CompileClock.process == clock.seconds > 0


def test_compilation_ends_where_it_is_told_to_and_begins_again():
    @njit
    def inner(x):
        return x + 1

    @njit
    def middle(x):
        return inner(x) - 1

    @njit
    def outer(x):
        return middle(x) * 2

    for kernels in range(3):
        looks = [0]

        def look(looks=looks, kernels=kernels):
            looks[0] += 1
            if looks[0] > kernels:
                raise Stopped("now")

        with CompileClock(look) as clock, pytest.raises(Stopped, match="now"):
            outer(3)
        assert clock._depth == 0
    with CompileClock(lambda: None) as clock:
        assert outer(3) == 6
    assert clock.seconds > 0


def test_a_run_knows_its_costs():
    run = bare(MODEL, tt.TDVP(step=0.25, tolerance=1e-4), 1.0)
    assert run.work > 1e4
    assert run.peak_memory > 1e7
    assert 0 <= run.compile_seconds <= run.wall_seconds
    twice = bare(MODEL, tt.TDVP(step=0.125, tolerance=1e-4), 1.0)
    assert twice.work > 1.3 * run.work  # half the step: more solves, each with fewer Krylov vectors
    dense = bare(MODEL, tt.Exact(step=0.25), 1.0)
    assert math.isnan(dense.work)


def test_costs_on_the_screen():
    attributes = {"wall_seconds": 75.0, "compile_seconds": 40.2, "peak_memory_bytes": 2.0**28}
    assert cost(attributes) == " in 1:15 (0:40 loading or compiling kernels), peak memory 256 MiB"
    assert cost({"wall_seconds": 3.0, "compile_seconds": 0.2}) == " in 0:03"
    assert cost({}) == ""


def test_peak_memory_is_not_that_of_the_parent():
    held = np.ones(60_000_000)  # 480 MB
    assert peak_memory() > held.nbytes
    command = [sys.executable, "-c", "from tnthermo.machine.memory import peak_memory; print(peak_memory())"]
    child = float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert 1e7 < child < held.nbytes
