"""scripts/studies/example_*.py --quick: what the figures show is what closed forms and second order say, and files are written."""

import csv
from pathlib import Path

import numpy as np
import pytest

from tests.scripts.studies import study


@pytest.mark.slow
def test_dephasing(tmp_path: Path) -> None:
    module = study("example_dephasing")
    rows = module.main(["--quick", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {
        "table.csv", "markovian.csv", "continuum.csv", "figure.png", "alpha.png",
    }  # fmt: skip
    for row in rows:
        assert pytest.approx(row.S_S_exact, abs=1e-5) == row.S_S
        assert pytest.approx(row.Delta_S_B_exact, abs=5e-5) == row.Delta_S_B
        assert pytest.approx(row.T_S_exact, rel=1e-2) == row.T_S
    cold = [row for row in rows if row.temperature == 0]
    assert all(row.matching_alpha == pytest.approx(1 / module.M**2, abs=1e-3) for row in cold)
    warm = [row for row in rows if row.temperature == 0.2]
    alphas = [row.matching_alpha for row in warm]
    assert alphas == sorted(alphas)
    assert 1 < alphas[0] < 1.15
    assert 3 < alphas[-1] < 1 / module.M**2
    with (tmp_path / "markovian.csv").open(newline="") as file:
        markovian = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    for row in markovian:  # how far |rho_01| is from its Markovian decay, by a run and in closed form [115]
        assert row["off"] == pytest.approx(row["off_exact"], abs=1e-5)
    for T in (0.1, 0.2):
        off = [
            row["off"] for row in sorted(markovian, key=lambda row: row["lambda_squared"]) if row["temperature"] == T
        ]
        assert 0 < off[0] < off[-1]
        assert off[-1] > 1000 * abs(markovian[0]["off"] - markovian[0]["off_exact"])
    with (tmp_path / "continuum.csv").open(newline="") as file:
        continuum = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    assert len(continuum) == 4
    # the value is as far from the closed form as its bar and what the closed form may be off allow
    for row in continuum:
        own = row["Delta_S_B_exact_error"]
        assert row["Delta_S_B_lower"] - own <= row["Delta_S_B_exact"] <= row["Delta_S_B_upper"] + own
        assert abs(row["Delta_S_B"] - row["Delta_S_B_exact"]) <= row["Delta_S_B_error"] + own < 3e-3
    # negative: second order is wrong at strong coupling by far more than the run is
    assert warm[-1].Delta_S_B_second_order > 5 * warm[-1].Delta_S_B


@pytest.mark.slow
def test_exchange(tmp_path: Path) -> None:
    module = study("example_exchange")
    rows = module.main(["--quick", "--out", str(tmp_path)])
    assert {path.name for path in tmp_path.iterdir()} == {"table.csv", "figure.png"}
    for row in rows:
        if row["temperature"] == 0:
            assert row["S_S"] == pytest.approx(row["S_S_exact"], abs=1e-4)
            assert abs(row["S_S"] - row["S_S_second_order"]) > 1e-3
    for T in (0.2, 1.0):
        warm = [row for row in rows if row["temperature"] == T]
        for row in warm:
            assert 0 < row["Delta_S_B_upper"] - row["Delta_S_B_lower"] < 0.02
            assert row["Delta_S_B_error"] < 0.01
        missing = [1 - row["Delta_S_B"] / (row["Q_B"] / T) for row in warm]
        assert np.all(np.diff(missing) > 0)  # dS_B = beta dQ_B is better the weaker the coupling [71]
        assert 0 < missing[0] < 0.3
