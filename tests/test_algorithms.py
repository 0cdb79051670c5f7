"""Settings of the algorithms: what they refuse, and what they say about themselves."""

import re
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.algorithms import ALGORITHMS, TDVP1, named
from tnthermo.configuration.sections import Evolution
from tnthermo.engines.engine import ENGINES
from tnthermo.engines.substeps import SUZUKI, substeps
from tnthermo.model.line import distances, line
from tnthermo.results.codec import algorithm_from

EVERY = pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP1, tt.TDVP2, tt.TEBD, tt.Exact, tt.TimeBins])


@EVERY
@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("step", 0.0), ("step", -0.1), ("step", np.inf), ("step", np.nan), ("tolerance", 0.0), ("tolerance", 2.0),
        ("tolerance", np.nan), ("max_bond", 0), ("max_bond", 2.5), ("max_bond", True),
    ],
)  # fmt: skip
def test_refusals_name_the_setting(kind, key, value):
    with pytest.raises(chains.InvalidInput) as caught:
        kind(**{key: value})
    assert [problem.key for problem in caught.value.problems] == [key]


@pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP1, tt.TDVP2, tt.TEBD, tt.TimeBins])
def test_only_orders_two_and_four(kind):
    assert kind(order=4).order == 4
    with pytest.raises(chains.InvalidInput, match="order"):
        kind(order=3)


def test_all_problems_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        tt.TDVP(step=-1, tolerance=7, order=1)
    assert {problem.key for problem in caught.value.problems} == {"step", "tolerance", "order"}


@EVERY
def test_settings_tell_name_and_values(kind):
    cap = None if kind in (tt.Exact, tt.TDVP1) else 7  # there a cap would do nothing, and is refused
    algorithm = kind(step=0.3, tolerance=1e-5, max_bond=cap)
    found = algorithm.settings()
    assert str(found["method"]).replace("-", "") == kind.__name__.lower()
    assert (found["step"], found["tolerance"], found["max_bond"]) == (0.3, 1e-5, cap)


def test_level_weight_follows_the_tolerance():
    assert tt.TDVP(tolerance=1e-4).level_weight == pytest.approx(1e-6)
    assert tt.TDVP(tolerance=1e-8).level_weight < tt.TDVP(tolerance=1e-4).level_weight


def test_fourth_order_composition():
    """Suzuki: the pieces add up to one and their cubes to nothing; quimb's constant 1/(4 4^(1/3)) does not do that."""

    def cubes(s: float) -> float:
        return 4 * s**3 + (1 - 4 * s) ** 3

    assert substeps(2) == (1.0,)
    assert sum(substeps(4)) == pytest.approx(1, abs=1e-15)
    assert sum(f**3 for f in substeps(4)) == pytest.approx(0, abs=1e-15)
    assert cubes(SUZUKI) == pytest.approx(0, abs=1e-15)
    assert abs(cubes(1 / (4 * 4 ** (1 / 3)))) > 1e-2


def test_tapered_caps():
    tapered = tt.TDVP(max_bond=20, taper=0.1)
    distance = np.array([1, 5, 6, 10, 14, 40])
    assert tapered.caps(distance).tolist() == [20, 20, 18, 10, 4, 4]
    assert tt.TDVP(max_bond=20).caps(distance).tolist() == [20] * 6
    assert tt.TDVP(max_bond=3, taper=0.1).caps(distance).tolist() == [3] * 6
    assert tt.TDVP(max_bond=None).caps(distance).min() > 1e9


@pytest.mark.parametrize(("taper", "max_bond"), [(-0.1, 8), (1.0, 8), (float("nan"), 8), (0.1, None)])
def test_tapers_that_make_no_sense(taper, max_bond):
    with pytest.raises(chains.InvalidInput) as caught:
        tt.TDVP(taper=taper, max_bond=max_bond, step=-1)
    assert {problem.key for problem in caught.value.problems} == {"step", "taper"}


def test_distances_count_interleaved_chains_together():
    assert distances(line([], [(0, 3)])).tolist() == [1, 1, 2, 3, 4]
    assert distances(line([(0, 2)], [(1, 3)])).tolist() == [3, 2, 1, 1, 2, 3, 4]
    assert distances(line([], [(0, 2), (1, 2)])).tolist() == [1, 1, 1, 2, 2, 3]


def test_one_table_tells_all_of_them() -> None:
    """What files may name, what has an engine, and what result files are read back to."""
    assert set(ENGINES) == set(ALGORITHMS)
    assert get_args(Evolution.model_fields["method"].annotation) == tuple(kind.name for kind in ALGORITHMS)
    for kind in ALGORITHMS:
        assert algorithm_from(kind().settings()) == kind()
        assert type(kind().coarser()) is kind
        assert kind().coarser().step == 2 * kind().step
    assert named("tdvp1") is TDVP1
    with pytest.raises(KeyError):
        named("tdvp3")


def test_no_other_file_asks_which_algorithm_it_has() -> None:
    """But the engine of the three TDVP methods, which are one file."""
    asks = re.compile(
        r"isinstance\([^()]*\b(TDVP|TDVP1|TDVP2|TEBD|Exact|TimeBins)\b|\.name (==|in|!=) |method (==|!=|in|not in) "
    )
    root = Path(__file__).parents[1] / "tnthermo"
    found = [
        path.relative_to(root).as_posix()
        for path in sorted(root.rglob("*.py"))
        if path.name != "algorithms.py"
        and any("lgorithm" in line and asks.search(line) for line in path.read_text().splitlines())
    ]
    assert found == ["engines/tdvp.py"]
    assert asks.search("if isinstance(algorithm, TDVP1):")
