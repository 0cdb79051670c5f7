"""scripts/studies/erasure.py --quick: Landauer's bound with three heats, as the page says it of longer runs."""

import csv

import pytest

from tests.scripts import studies


@pytest.mark.slow
def test_theorems_hold_and_the_heat_of_weak_coupling_fails_by_more_at_stronger_coupling(tmp_path):
    found = studies.study("erasure").main(["--quick", "--out", str(tmp_path)])
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(found) == 2
    assert (tmp_path / "figure.png").stat().st_size > 10_000
    for one in found:
        assert one.landauer == one.landauer_Q_B == "holds within error"
        assert one.landauer_end > one.landauer_Q_B_end > one.landauer_weak_end
    weak, strong = (one.landauer_weak_least for one in found)
    assert strong < weak < 0
    assert found[1].landauer_weak.startswith("fails by")
