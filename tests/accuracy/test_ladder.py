"""What each setting costs the finest of several runs: by its law, from two that differ in it alone."""

import math
from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.record.ladder import BOND, LEVELS, STEP, TOLERANCE, UNKNOWN, Link, companions, differing, links, rungs

MODEL = tt.SpinBoson(
    hamiltonian={"x": 0.4}, coupling={"z": 0.5}, bath=chains.chain(chains.Discrete(frequencies=[0.8], couplings=[0.2]))
)


@pytest.fixture(scope="module")
def short() -> tt.Trajectory:
    return tt.evolve(MODEL, until=0.4, algorithm=tt.TDVP(step=0.1, tolerance=1e-4), error_bars=False)


def made(short: tt.Trajectory, *settings: dict[str, object], asked: str = "{}") -> tt.Trajectory:
    """The run with other runs behind it, the roughest last; each as ``settings`` of its algorithm say."""
    found = None
    for own in reversed(settings):
        levels = own.get("levels", ())
        algorithm = replace(short.algorithm, **{key: value for key, value in own.items() if key != "levels"})
        found = replace(short, algorithm=algorithm, rough=found, asked=asked, given_levels=levels)
    assert found is not None
    return found


def test_the_finest_pair_that_differs_in_one_setting_alone_speaks_for_it(short: tt.Trajectory) -> None:
    run = made(
        short,
        {"step": 0.05, "tolerance": 2e-6, "max_bond": 16},
        {"step": 0.05, "tolerance": 4e-5, "max_bond": 16},
        {"step": 0.1, "tolerance": 4e-5, "max_bond": 16},
        {"step": 0.2, "tolerance": 4e-5, "max_bond": 16},
    )
    found = {link.cause: link for link in links(run)}
    assert list(found) == [STEP, TOLERANCE]
    members = rungs(run)
    assert (found[TOLERANCE].finer, found[TOLERANCE].coarser) == (members[0], members[1])
    assert (found[STEP].finer, found[STEP].coarser, found[STEP].before) == (members[1], members[2], members[3])
    assert [id(one) for one in companions(run)] == [id(members[2]), id(members[1])]


def test_pairs_that_differ_in_two_settings_say_nothing_of_either(short: tt.Trajectory) -> None:
    run = made(short, {"step": 0.05, "tolerance": 1e-5}, {"step": 0.1, "tolerance": 1e-4})
    assert links(run) == []
    assert differing(run, run.rough) == {STEP, TOLERANCE}  # type: ignore[arg-type]
    assert companions(run) == [run.rough]  # what there is
    assert companions(replace(run, rough=None)) == []


def test_a_tolerance_that_drops_as_much_in_a_unit_of_time_is_the_same(short: tt.Trajectory) -> None:
    """More steps drop more: a step is judged with the tolerance that belongs to it, or with one that was given."""
    run = made(short, {"step": 0.05, "tolerance": 1e-5}, {"step": 0.1, "tolerance": 2e-5})
    assert differing(run, run.rough) == {STEP}  # type: ignore[arg-type]
    assert short.algorithm.at_step(0.05).loss == pytest.approx(short.algorithm.loss)
    bins = tt.TimeBins(step=0.1, tolerance=1e-3)
    assert bins.at_step(0.05).tolerance == bins.tolerance == bins.loss  # in units of what a kick does


def test_caps_cost_by_their_law_and_levels_have_none(short: tt.Trajectory) -> None:
    run = made(
        short, {"max_bond": 24, "levels": (8,)}, {"max_bond": 16, "levels": (8,)}, {"max_bond": 24, "levels": (6,)}
    )
    assert {link.cause: link.weight() for link in links(run)} == {
        BOND: pytest.approx((1 / 24) ** 2 / ((1 / 16) ** 2 - (1 / 24) ** 2)),
        LEVELS: UNKNOWN,
    }
    (uncapped,) = links(made(short, {"max_bond": None}, {"max_bond": 16}))
    assert uncapped.weight() == 0.0  # nothing is cut off


def test_caps_of_bins_cost_no_more_than_the_weight_that_was_dropped_says(short: tt.Trajectory) -> None:
    def dropped(cap: int, weight: float, behind: tt.Trajectory | None = None) -> tt.Trajectory:
        algorithm = tt.TimeBins(step=0.1, tolerance=1e-3, max_bond=cap)
        weights = np.full(short.times.size, weight)
        return replace(short, algorithm=algorithm, discarded_weight=weights, rough=behind, asked="{}")

    by_order = (1 / 64) ** 2 / ((1 / 32) ** 2 - (1 / 64) ** 2)
    (link,) = links(dropped(64, 1e-4, dropped(32, 4e-3)))
    assert link.weight() == pytest.approx(1 / (40**0.6 - 1))
    assert link.weight() < by_order
    (even,) = links(dropped(64, 4e-3, dropped(32, 4e-3)))  # the tolerance dropped it, and says nothing of the cap
    assert even.weight() == pytest.approx(by_order)
    wider = replace(link, finest=tt.TimeBins(step=0.1, tolerance=1e-3, max_bond=128))
    assert wider.weight() == pytest.approx(link.weight() / 4)
    on_sites = replace(link, finest=tt.TDVP(step=0.1, tolerance=1e-3, max_bond=64))
    assert on_sites.weight() == pytest.approx(by_order)


def test_a_law_is_carried_on_to_the_finest_value(short: tt.Trajectory) -> None:
    fine, half, whole = (replace(short, algorithm=replace(short.algorithm, step=step)) for step in (0.05, 0.1, 0.2))
    link = Link(cause=STEP, finer=half, coarser=whole, finest=fine.algorithm)
    for p in (1.0, 2.0, 4.0):  # of C h^p the difference is C (.2^p - .1^p), the error C .05^p
        assert link.weight(p) * (0.2**p - 0.1**p) == pytest.approx(0.05**p)
    assert link.order == 2.0
    fourth = replace(link, finest=replace(short.algorithm, order=4))
    assert fourth.order == 3.0  # not trusted as far
    assert fourth.seen([16.0, 20.0]) == pytest.approx(3.0)  # 4 seen, 3 counted with
    assert fourth.seen([16.0, 2.0]) == 2.0  # one column that falls slower counts
    assert fourth.seen([1e6]) == 4.0
    assert fourth.seen([]) == 3.0
    assert link.seen([2.5, 3.0]) == pytest.approx(
        math.log2(3.0)
    )  # no column falls by 4: of a lower order than the method
    assert link.seen([1.1, 0.9]) == 0.5
    assert link.seen([0.9, 5.0]) == 2.0


def test_without_a_target_the_one_rougher_run_is_compared_as_a_whole(short: tt.Trajectory) -> None:
    run = made(short, {"step": 0.05}, {"step": 0.1}, {"step": 0.2}, asked="")
    assert companions(run) == [run.rough]
