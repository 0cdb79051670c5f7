"""The grid of steps: multiples, kinks, jumps, drives that are faster than the step, and a companion that is rougher everywhere."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

import chains
import tnthermo as tt
from chains.problems import InvalidInput
from tnthermo.evolution.grid import MOST_STEPS, RESOLVED, Grid
from tnthermo.model.drives import BEYOND, Drive
from tnthermo.timeline.clock import record_indices

ONE_MODE = chains.chain(chains.Discrete(frequencies=[1.0], couplings=[0.1]), temperature=0.0)


def grid_of(*drives: Drive, step: float, rougher: bool = False) -> Grid:
    parts = [tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=drive) for drive in drives]
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=ONE_MODE, drives=parts)
    return Grid.of(model, step, rougher=rougher)


def companion(grid: Grid) -> Grid:
    return replace(grid, step=2 * grid.step, rougher=True)


@pytest.mark.parametrize(
    ("until", "step", "expected"),
    [
        (0.0, 0.1, [0.0]),
        (0.3, 0.1, [0.0, 0.1, 0.2, 0.3]),
        (0.25, 0.1, [0.0, 0.1, 0.2, 0.25]),
        # one step alone would be that of the companion, too
        (0.1, 0.1, [0.0, 0.05, 0.1]),
        (0.05, 0.1, [0.0, 0.025, 0.05]),
    ],
)
def test_multiples_of_the_step(until: float, step: float, expected: list[float]) -> None:
    times = Grid(step=step).times(until)
    np.testing.assert_allclose(times, expected, atol=1e-15)
    assert times[-1] == until  # to the last bit


def test_the_grid_does_not_drift() -> None:
    times = Grid(step=0.1).times(1000.0)
    assert times.size == 10001
    np.testing.assert_array_equal(times[:-1], 0.1 * np.arange(10000))
    np.testing.assert_array_equal(companion(Grid(step=0.1)).times(1000.0), times[::2])


def test_steps_end_at_kinks() -> None:
    """Kinks are step times to the last bit, and what they leave of an interval of the companion is cut in two."""
    times = Grid(step=0.25, breaks=(0.1, 0.6, 0.61)).times(1.0)
    np.testing.assert_allclose(times, [0.0, 0.05, 0.1, 0.25, 0.5, 0.55, 0.6, 0.605, 0.61, 0.75, 1.0])
    assert {0.1, 0.6, 0.61, 0.25, 0.75} <= set(times.tolist())
    # outside the run, at its ends, at a multiple: nothing to add
    plain = Grid(step=0.25).times(1.0)
    for breaks in ((-1.0,), (0.0,), (1.0,), (7.0,), (0.5,), (1e-9, 1 - 1e-9)):
        np.testing.assert_array_equal(Grid(step=0.25, breaks=breaks).times(1.0), plain)
    # a kink within rounding of a multiple is that step time: no step of length 1e-17
    kink = 0.1 + 0.2
    assert kink != 0.3
    for breaks in ((kink,), (0.2, 0.2 + 1e-8)):
        times = Grid(step=0.1, breaks=breaks).times(1.0)
        assert set(breaks) <= set(times.tolist())
        assert len(record_indices(times, 0.1, 0.1)) == 11


def test_a_jump_is_never_taken_for_the_start_or_the_end() -> None:
    for time in (1e-9, 1 - 1e-9):
        assert time in Grid(step=0.25, breaks=(time,), jumps=(time,)).times(1.0)


NARROW = tt.Pulse(centre=0.53, width=0.002, height=100.0)
DRIVES: list[tuple[Drive, float, tuple[float, float]]] = [
    (NARROW, 0.002, (0.53 - BEYOND * 0.002, 0.53 + BEYOND * 0.002)),
    (tt.Ramp(start=0.41, duration=0.003), 0.003, (0.41, 0.413)),
    (tt.Cosine(amplitude=1.0, frequency=80.0), 1 / 80, (0.0, 1.0)),
    (tt.TimeTable(times=[0, 0.5, 0.504, 0.9], values=[0, 0, 1, 1]), 0.004, (0.5, 0.504)),
]


@pytest.mark.parametrize(("drive", "scale", "where"), DRIVES, ids=lambda drive: type(drive).__name__)
def test_steps_follow_a_drive_where_it_changes(drive: Drive, scale: float, where: tuple[float, float]) -> None:
    grid = grid_of(drive, step=0.1)
    times = grid.times(1.0)
    starts, lengths = times[:-1], np.diff(times)
    inside = (starts >= where[0] - 1e-12) & (starts < where[1] - 1e-12)
    assert lengths[inside].max() <= scale / RESOLVED * (1 + 1e-9)
    assert lengths[inside].min() > scale / RESOLVED / 4  # and no finer than halving makes them
    if where != (0.0, 1.0):
        assert lengths[~inside].max() > 0.04
        assert times.size < 250
    # every multiple is still there, and recorded once
    assert len(record_indices(times, 0.1, 0.1)) == 11
    slow = grid_of(tt.Pulse(centre=0.5, width=3.0, height=1.0), step=0.1)
    np.testing.assert_array_equal(slow.times(1.0), Grid(step=0.1).times(1.0))


class Unlocated:
    """A drive of a user that says how fast it is, and not where."""

    breaks: tuple[float, ...] = ()

    def __init__(self, time_scale: float) -> None:
        self.time_scale = time_scale

    def value(self, t: float) -> np.ndarray:
        return np.cos(np.asarray(t) / self.time_scale)

    def slope(self, t: float) -> np.ndarray:
        return -np.sin(np.asarray(t) / self.time_scale) / self.time_scale

    def describe(self) -> str:
        return "a drive of one's own"


def test_a_drive_that_does_not_say_where_it_is_fast_is_followed_everywhere() -> None:
    assert np.diff(grid_of(Unlocated(0.02), step=0.1).times(1.0)).max() <= 0.02 / RESOLVED * (1 + 1e-9)


@settings(max_examples=60)
@example(
    step=0.03, until=2.0, breaks=[], centre=2.0, width=0.003
)  # at the end a pulse that a longer run need not follow there
@example(
    step=0.1875, until=0.1875, breaks=[], centre=0.0, width=0.75
)  # cut in a much longer run, not in one that is hardly longer
@given(
    step=st.floats(0.03, 0.5),
    until=st.floats(0.01, 3.0),
    breaks=st.lists(st.floats(0.0, 3.0), max_size=5),
    centre=st.floats(-0.5, 3.5),
    width=st.floats(0.003, 1.0),
)
def test_the_companion_is_rougher_everywhere(
    step: float, until: float, breaks: list[float], centre: float, width: float
) -> None:
    """Each of its intervals is two or more of the run's, but for a last one of a step or less that has others before it."""
    pulse = tt.Pulse(centre=centre, width=width, height=1.0)
    kinks = tuple(sorted({*breaks, *pulse.breaks}))
    grid = Grid(step=step, breaks=kinks, scale_within=pulse.scale_within)
    fine, coarse = grid.times(until), companion(grid).times(until)
    assert np.all(np.diff(fine) > 0)
    assert set(coarse.tolist()) <= set(fine.tolist())
    inside = np.diff(np.searchsorted(fine, coarse))
    tiny = np.diff(coarse) <= 1e-14
    assert np.all((inside[:-1] >= 2) | tiny[:-1])
    assert inside[-1] >= 2 or tiny[-1] or (coarse.size > 2 and coarse[-1] - coarse[-2] <= step * (1 + 1e-6))
    assert np.all(np.diff(fine) <= step * (1 + 1e-6))
    # a longer run has the same times as far as it says so
    for one, times in ((grid, fine), (companion(grid), coarse)):
        last = one.shared(times)
        for more in (0.37 * step, step, 7 * step):
            np.testing.assert_array_equal(one.times(until + more)[: last + 1], times[: last + 1])


def test_absurdly_many_steps_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MOST_STEPS == 10_000_000
    monkeypatch.setattr("tnthermo.evolution.grid.MOST_STEPS", 20_000)
    for grid, until in (
        (Grid(step=1e-9), 1.0),
        (grid_of(tt.Cosine(amplitude=1.0, frequency=1e8), step=0.1), 1.0),
        (grid_of(tt.Pulse(centre=0.5, width=1e-17, height=1.0), step=0.1), 1.0),
        (grid_of(Unlocated(0.0), step=0.1), 1.0),
        (grid_of(Unlocated(math.nan), step=0.1), 1.0),
    ):
        with pytest.raises(InvalidInput, match="at most 20000 steps to t = 1") as caught:
            grid.times(until)
        assert "Square" in caught.value.problems[0].hint
    # a fast drive later on is no business of a run that ends before
    late = grid_of(tt.Pulse(centre=5.0, width=1e-12, height=1.0), step=0.1)
    assert late.shared(late.times(1.0)) == 10


def test_a_refused_grid_is_told_beside_the_other_problems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tnthermo.evolution.grid.MOST_STEPS", 20_000)
    drive = tt.SystemDrive(operator=np.eye(2, dtype=complex), drive=tt.Cosine(amplitude=1.0, frequency=1e9))
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"x": 0.5}, bath=ONE_MODE, drives=[drive])
    with pytest.raises(InvalidInput) as caught:
        tt.evolve(model, until=1.0, levels=1)
    assert sorted(problem.key for problem in caught.value.problems) == ["algorithm.step", "levels"]
