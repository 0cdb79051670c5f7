"""A run that was stopped and taken up again is the uninterrupted run, to the last bit."""

from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.support.compare import physics, same
from tnthermo.errors import Stopped
from tnthermo.evolution.grid import Grid
from tnthermo.evolution.progress import Progress
from tnthermo.machine.signals import Stop
from tnthermo.results.checkpoints import Checkpoints, Identity
from tnthermo.results.snapshots import check_snapshot

IDENTITY = Identity(hash="abc", text="[evolution]\nuntil = 1\n")
OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
TWO = chains.Discrete(frequencies=[0.7, 1.1], couplings=[0.4, 0.3])
RAMP = tt.SystemDrive(operator=np.diag([1.0, -1.0]).astype(complex), drive=tt.Ramp(duration=0.7, final=0.4))


def warm(length: int = 8) -> tt.Model:
    bath = chains.chain(OHMIC, length=length, temperature=0.3)
    return tt.SpinBoson(hamiltonian={"x": 0.1, "z": 0.1}, coupling={"z": 0.5}, bath=bath)


def few(**more: Any) -> tt.Model:
    bath = chains.chain(TWO, temperature=0.3)
    return tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath, **more)


def interleaved() -> tt.Model:
    baths = [chains.chain(OHMIC, length=5, temperature=T) for T in (0.2, 0.0)]
    couplings = [tt.couple({"z": 0.5}, baths[0]), tt.couple({"x": 0.3}, baths[1])]
    return tt.assemble(hamiltonian={"x": 0.5}, couplings=couplings, layout="interleaved", drives=[RAMP])


def star() -> tt.Model:
    bath = chains.star_cells(OHMIC, 2, temperature=0.2)
    return tt.SpinBoson(hamiltonian={"x": 0.3}, coupling={"z": 0.5}, bath=bath)


Case = tuple[Callable[[], tt.Model], dict[str, Any]]
CASES: dict[str, Case] = {
    "tdvp, levels and bonds grow, last step shortened": (
        warm,
        {"algorithm": tt.TDVP(step=0.25, tolerance=1e-4, max_bond=8), "until": 1.6, "correlations_every": 0.5, "variance_every": 0.5},
    ),
    "tdvp1": (warm, {"algorithm": tt.TDVP1(step=0.25, tolerance=1e-4, bond=5), "until": 1.0, "bath_entropy": "off"}),
    "tdvp2": (warm, {"algorithm": tt.TDVP2(step=0.25, tolerance=1e-3, max_bond=5), "until": 1.0, "bath_entropy": "off"}),
    "tebd": (few, {"algorithm": tt.TEBD(step=0.2, tolerance=1e-3, max_bond=6), "until": 0.6}),
    "tebd, driven": (
        lambda: few(drives=[RAMP]),
        {"algorithm": tt.TEBD(step=0.2, tolerance=1e-3, max_bond=6), "until": 0.6, "error_bars": False},
    ),
    "exact, displaced": (few, {"algorithm": tt.Exact(step=0.2, tolerance=1e-2), "until": 0.8, "displacement": 0.3}),
    "exact, driven": (lambda: few(drives=[RAMP]), {"algorithm": tt.Exact(step=0.2, tolerance=1e-3), "until": 0.6}),
    "two baths interleaved, driven, observables": (
        interleaved,
        {
            "algorithm": tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6),
            "until": 1.0,
            "observables": {"n": {"boson": "number", "site": 2}, "sx": {"x": 1.0}},
        },
    ),
    "the bath's entropy on a star": (
        star,
        {"algorithm": tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6), "until": 1.0, "bath_entropy_max_bond": 20, "error_bars": False},
    ),
    "mean-force": (few, {"algorithm": tt.TDVP(step=0.25, tolerance=1e-2, max_bond=6), "until": 0.75, "initial": "mean-force"}),
}  # fmt: skip


def interrupted(model: tt.Model, keywords: dict[str, Any], folder: Path, every: int) -> tuple[tt.Trajectory, int]:
    """(the run, how often it stopped), stopped after each ``every`` steps of a process and taken up again."""
    own = len(keywords.get("observables", {}))
    fits = partial(check_snapshot, model=model, algorithm=keywords["algorithm"], observables=own)
    for stops in range(30):
        stop, steps = Stop(), [0]

        def count(progress: Progress, stop: Stop = stop, steps: list[int] = steps) -> None:
            steps[0] += 1
            if steps[0] == every:
                stop.request("the test")

        keeper = Checkpoints(folder=folder, identity=IDENTITY, stop=stop, fits=fits)
        try:
            return tt.evolve(model, **keywords, progress=count, keeper=keeper), stops
        except Stopped:
            continue
    raise AssertionError("it does not get on")


@pytest.mark.parametrize("name", CASES)
def test_resumed_is_uninterrupted(name: str, tmp_path: Path) -> None:
    made, keywords = CASES[name]
    model = made()
    whole = physics(tt.evolve(model, **keywords))
    counts = []
    for every in (2, 3) if name.startswith("tdvp,") else (2,):
        found, stops = interrupted(model, keywords, tmp_path / str(every), every)
        counts.append(stops)
        assert same(physics(found), whole), f"stopped every {every} steps"
    assert counts[0] >= 1


def test_the_comparison_sees_the_last_bit(tmp_path: Path) -> None:
    """The negative of the above: a resumed engine that lost its count of sweeps, or one bit of a tensor, gives another run."""
    made, keywords = CASES["tdvp, levels and bonds grow, last step shortened"]
    keywords = {**keywords, "error_bars": False}
    model = made()
    whole = physics(tt.evolve(model, **keywords))

    class Forgetful(Checkpoints):
        def load(self, stage: str) -> Any:
            saved = super().load(stage)
            if saved is not None:
                centre = saved["engine"]["tensors"][model.line.system]
                centre.view(np.int64)[0, 0, 0] ^= 1
            return saved

    stop = Stop()
    stop.request("at once")
    with pytest.raises(Stopped):
        tt.evolve(model, **keywords, keeper=Checkpoints(folder=tmp_path, identity=IDENTITY, stop=stop))
    found = tt.evolve(model, **keywords, keeper=Forgetful(folder=tmp_path, identity=IDENTITY))
    assert not same(physics(found), whole)


LONGER: dict[str, Any] = {
    "algorithm": tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6), "bath_entropy": "off", "occupation_every": 0.5, "variance_every": 0.5,
}  # fmt: skip


@cache
def longer() -> tt.Trajectory:
    return tt.evolve(warm(6), **LONGER, until=1.5)


@pytest.mark.parametrize("until", [0.75, 0.8])
def test_a_longer_run_goes_on_from_a_finished_one(until: float, tmp_path: Path) -> None:
    """Columns of every step are those of the longer run; sparse ones keep the times of the shorter one in its part."""
    model, whole = warm(6), physics(longer())
    keeper = Checkpoints(folder=tmp_path, identity=IDENTITY)
    tt.evolve(model, **LONGER, until=until, keeper=keeper)
    found = physics(tt.evolve(model, **LONGER, until=1.5, keeper=Checkpoints(folder=tmp_path, identity=IDENTITY)))
    for name in (
        "times",
        "rho_S",
        "norm",
        "total_energy",
        "discarded_weight",
        "recorded",
        "occupations",
        "bonds",
        "flags",
    ):
        for ours, theirs in ((found, whole), (found.rough, whole.rough)):
            assert same(getattr(ours, name), getattr(theirs, name)), name
    assert same(found.state, whole.state)
    both = np.isfinite(found.heat_square[:, 0]) & np.isfinite(whole.heat_square[:, 0])
    assert np.count_nonzero(both) >= 3
    assert same(found.heat_square[both], whole.heat_square[both])


def test_from_where_a_run_can_be_extended() -> None:
    for until, step, breaks, expected in (
        (1.0, 0.25, (), 4), (1.1, 0.25, (), 4), (0.1, 0.25, (), 0), (0.0, 0.25, (), 0), (1.0, 0.25, (0.6,), 6), (0.25, 0.25, (), 0),
    ):  # fmt: skip
        grid = Grid(step=step, breaks=breaks)
        assert grid.shared(grid.times(until)) == expected
    grid = Grid(step=0.1)
    times = grid.times(0.3)
    assert times[3] == 0.3 != grid.times(0.5)[3]  # the last bit of 3 times 0.1
    assert grid.shared(times) == 2


@pytest.mark.parametrize(("until", "at_least"), [(0.4, 5), (0.6, 0)])
def test_a_run_with_fast_drives_and_jumps_is_taken_up_where_its_steps_are_those_of_the_whole(
    until: float, at_least: int, tmp_path: Path
) -> None:
    """Extended from the middle of a pulse and from a jump, and stopped on the way."""
    operator = np.diag([1.0, -1.0]).astype(complex)
    shapes = tt.Pulse(centre=0.43, width=0.02, height=5.0), tt.Square(start=0.2, stop=0.6, height=0.5)
    model = few(drives=[tt.SystemDrive(operator=operator, drive=shape) for shape in shapes])
    keywords: dict[str, Any] = {"algorithm": tt.TDVP(step=0.25, tolerance=1e-3, max_bond=6), "occupation_every": np.inf}
    whole = physics(tt.evolve(model, **keywords, until=1.0))
    assert whole.rough is not None
    assert whole.times.size > 100 > whole.rough.times.size
    tt.evolve(model, **keywords, until=until, keeper=Checkpoints(folder=tmp_path, identity=IDENTITY))
    found, stops = interrupted(model, {**keywords, "until": 1.0}, tmp_path, 15)
    assert stops >= at_least
    for ours, theirs in ((physics(found), whole), (physics(found).rough, whole.rough)):
        for name in ("times", "rho_S", "moment_X", "total_energy", "recorded", "flags"):
            assert same(getattr(ours, name), getattr(theirs, name)), name
    assert same(found.state, whole.state)
