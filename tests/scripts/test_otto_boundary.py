"""scripts/studies/otto_boundary.py --quick: the work of a cycle changes sign between two couplings, and where is within its error."""

import csv
import math
from dataclasses import replace

import pytest

from tests.scripts import studies


@pytest.mark.slow
def test_beyond_the_boundary_it_is_no_engine(tmp_path):
    study = studies.study("otto_boundary")
    runs, (found,) = study.main(["--quick", "--out", str(tmp_path)])
    with (tmp_path / "boundary.csv").open(encoding="utf-8") as file:
        assert float(next(csv.DictReader(file))["alpha"]) == found.alpha
    assert found.below < found.alpha < found.above
    assert 0 < found.error < 0.5 * found.alpha
    for one in runs:
        assert (one.W < 0) == (one.alpha < found.alpha)
        assert pytest.approx(one.W_drive_S + one.W_switching, abs=1e-12) == one.W
        if one.alpha > found.alpha + found.error:
            assert one.mode != "engine"


def test_the_crossing_of_a_straight_line_is_found_and_no_crossing_is_refused(monkeypatch):
    study = studies.study("otto_boundary")

    def straight(alpha, T, plan, zero=0.1):
        names = dict.fromkeys(study.Point.__dataclass_fields__, 0.0) | {
            "mode": "engine",
            "alpha": alpha,
            "temperature": T,
        }
        return study.Point(**names | {"W": math.log(alpha / zero), "W_bar": 0.02})

    monkeypatch.setattr(study, "point", straight)
    for first in (0.03, 0.3):
        runs, found = study.boundary(3.0, replace(study.QUICK, first=first))
        assert found.alpha == pytest.approx(0.1, rel=1e-12)
        assert found.error == pytest.approx(0.02 * 0.1, rel=1e-9)
        assert runs[0].alpha == first
    monkeypatch.setattr(study, "point", lambda alpha, T, plan: straight(alpha, T, plan, zero=1e9))
    with pytest.raises(RuntimeError, match="keeps its sign"):
        study.boundary(3.0, study.QUICK)
