"""Settings of the algorithms: what they refuse, and what they say about themselves."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.tdvp import SUZUKI, substeps

EVERY = pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP1, tt.TDVP2, tt.TEBD, tt.Exact])


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


@pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP1, tt.TDVP2, tt.TEBD])
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
    algorithm = kind(step=0.3, tolerance=1e-5, max_bond=7)
    found = algorithm.settings()
    assert found["method"] == kind.__name__.lower()
    assert (found["step"], found["tolerance"], found["max_bond"]) == (0.3, 1e-5, 7)


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
