"""When a bond cap is said to have been reached."""

import numpy as np
import pytest

import tnthermo as tt
from tests.physics.runs import few_modes
from tnthermo.engine_protocol import StepReport
from tnthermo.engines.engine import engine_for
from tnthermo.evolution.arguments import displacements
from tnthermo.evolution.flags import Flags
from tnthermo.evolution.start import prepare
from tnthermo.network.blocks import start_levels

MODEL = few_modes((0.6, 1.1), (0.2, 0.3), 0.0, {"z": 0.2, "x": 0.3}, {"z": 1.0})
TOLERANCE = 1e-4


@pytest.mark.parametrize(
    ("cap", "missed", "capped", "flagged"),
    [
        (8, 0.0, 0.0, False),
        (
            8,
            0.5 * TOLERANCE,
            0.0,
            False,
        ),  # within the step only: truncated again below the cap, as any truncation may lose
        (8, 2.0 * TOLERANCE, 0.0, True),
        (8, 0.0, 1e-12, True),
        (1, 0.5 * TOLERANCE, 0.0, True),  # the product state's bonds are at it
        (1, 0.0, 0.0, False),
    ],
)
def test_a_cap_is_flagged_where_it_cost_weight(cap: int, missed: float, capped: float, flagged: bool) -> None:
    algorithm = tt.TDVP(step=0.1, tolerance=TOLERANCE, max_bond=cap)
    levels, none = start_levels("auto", MODEL.sites), displacements(MODEL, None)
    start = prepare(MODEL, np.diag([1.0, 0.0]).astype(complex), algorithm, levels, none, 1.0, lambda: None)
    whole = engine_for(MODEL, start, algorithm).whole()
    flags = Flags((), algorithm, whole, levels_may_grow=True)
    flags.look(StepReport(discarded=0.0, krylov=0.0, missed=missed, capped=capped), whole, 0.3)
    found = flags.found.get("bond", "")
    assert bool(found) == flagged
    if flagged:
        assert found.startswith(f"bond cap {cap} reached at t = 0.3 (no room for a weight of {capped + missed**2:.1g} ")
