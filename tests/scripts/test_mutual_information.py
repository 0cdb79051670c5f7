"""scripts/studies/mutual_information.py --quick: the limits, and that what is shown as a bracket is one."""

import csv
import math

import pytest

import chains
import tnthermo as tt
from tests.scripts import studies

PROJECTION = 1e-3  # weights that the projections of the bath leave out, relative to S_S


@pytest.fixture(scope="module")
def study():
    return studies.study("mutual_information")


@pytest.fixture(scope="module")
def quick(study, tmp_path_factory):
    out = tmp_path_factory.mktemp("mutual_information")
    return study.main(["--quick", "--out", str(out)]), out


def test_a_point_that_is_no_bracket_is_refused(study):
    good = {"coupling": "exchange", "bath": "1 mode", "strength": 0.1, "temperature": 1.0, "S_S": 0.5, "close": True}
    study.Point(**good, lower=0.4, upper=0.5, evolution=0.0, seconds=0.0)
    for lower, upper in ((0.6, 0.5), (-0.1, 0.5), (0.4, 2.1), (math.nan, 1.0)):
        with pytest.raises(ArithmeticError):
            study.Point(**good, lower=lower, upper=upper, evolution=0.0, seconds=0.0)


def test_the_resonant_mode_in_closed_form(study):
    """Cold: every quantum that is taken was one that the bath's entropy knew; hot: the ratio comes back to 1 from below."""
    ratios = [study.resonant_exchange(0.25, T, 4.0)[1] for T in (0.03, 0.1, 1.0, 30.0)]
    assert ratios == sorted(ratios)
    assert 0 < ratios[0] < 0.1
    assert 0.9 < ratios[-1] < 1


@pytest.mark.slow
def test_files(quick):
    found, out = quick
    with (out / "table.csv").open(encoding="utf-8") as file:
        assert len(list(csv.DictReader(file))) == len(found)
    assert (out / "figure.png").stat().st_size > 10_000


@pytest.mark.slow
def test_brackets(quick, study):
    found, _ = quick
    assert {point.coupling for point in found} == {"dephasing", "tunnelling", "exchange"}
    continua = [point for point in found if point.bath == "continuum" and point.temperature > 0]
    assert {point.coupling for point in continua} == {"dephasing", "tunnelling", "exchange"}
    for point in found:
        assert -PROJECTION <= point.lower <= point.upper + PROJECTION <= 2 + 2 * PROJECTION
        assert point.close == (point.upper - point.lower < study.NARROW)
    for point in continua:  # bounds, not the free ones
        assert 0 < point.upper - point.lower < 0.1


@pytest.mark.slow
def test_dephasing_by_a_continuum_is_that_by_its_nodes(quick, study):
    """Few nodes of J (1 + n) have its C(t) up to t, and a rho_B that is known."""
    found, _ = quick
    mine = [p for p in found if (p.coupling, p.bath) == ("dephasing", "continuum") and 0 < p.temperature < 0.3]
    assert mine
    for point in mine:
        nodes = chains.star_cells(study.straight(point.strength), 6, temperature=point.temperature)
        exact = tt.dephasing(
            nodes.frequencies, nodes.couplings, temperature=point.temperature, initial="+x", times=[study.AT],
            operator={"z": 0.5}, missing=1e-5,
        )  # fmt: skip
        ratio, own = 1 + exact.Delta_S_B[0] / exact.S_S[0], exact.S_B_error[0] / exact.S_S[0]
        assert point.lower - own <= ratio <= point.upper + own


@pytest.mark.slow
def test_dephasing_only_mixes_the_bath(quick):
    found, _ = quick
    bounded = [point for point in found if point.coupling == "dephasing"]
    assert all(point.lower >= 1 for point in bounded)
    assert any(point.lower < 1 for point in found if point.coupling != "dephasing")


@pytest.mark.slow
def test_limits(quick, study):
    found, _ = quick
    cold = [point for point in found if point.temperature == 0]
    assert {point.coupling for point in cold} == {"dephasing", "tunnelling"}
    for point in cold:
        assert (point.lower, point.upper) == pytest.approx((2, 2), abs=PROJECTION)
    hottest = max((p for p in found if p.coupling == "dephasing" and p.bath == "1 mode"), key=lambda p: p.temperature)
    assert hottest.temperature == 30
    assert 1 - PROJECTION < hottest.lower <= hottest.upper < 1.02
    single = [point for point in found if point.coupling == "exchange" and point.bath == "1 mode"]
    assert len(single) == 2
    for point in single:
        assert point.upper < 1
        S, ratio = study.resonant_exchange(point.strength, point.temperature, study.AT)
        assert pytest.approx(S, abs=1e-4) == point.S_S
        assert point.lower == pytest.approx(ratio, abs=2e-3)
        assert point.upper == pytest.approx(ratio, abs=2e-3)
