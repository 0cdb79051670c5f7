"""The Otto cycle at weak coupling: against its rate equation stepped through many cycles, and its limits."""

from __future__ import annotations

import math

import numpy as np
import pytest
import scipy.linalg

import chains
import tnthermo as tt

J = chains.PowerLaw(alpha=0.02, cutoff=3.0, exponent=1.0, shape="exponential")


@pytest.mark.parametrize("T_hot", [2.0, 0.5])  # an engine, and where T_c/T_h > w_c/w_h a refrigerator
def test_against_the_rate_equation(T_hot: float) -> None:
    splittings, temperatures, durations = (1.0, 0.6), (T_hot, 0.4), (5.0, 9.0)
    found = tt.closed_forms.otto(
        J, J, splittings=splittings, temperatures=temperatures, durations=durations, element=0.4
    )
    upper, heats = 1.0, [0.0, 0.0]
    for _ in range(60):
        for k, (w, T, t) in enumerate(zip(splittings, temperatures, durations, strict=True)):
            n, rate = 1 / math.expm1(w / T), 2 * math.pi * 0.4**2 * 0.04 * w * math.exp(-w / 3)
            generator = rate * np.array([[-(n + 1), n], [n + 1, -n]])
            after = float((scipy.linalg.expm(t * generator) @ [upper, 1 - upper])[0])
            heats[k], upper = w * (after - upper), after
    assert (found.Q_hot, found.Q_cold) == pytest.approx(tuple(heats), abs=1e-12)
    assert found.work == pytest.approx(-sum(heats), abs=1e-12)
    if T_hot > 1:
        assert found.efficiency == pytest.approx(1 - 0.6)
        assert math.isnan(found.COP)
    else:
        assert pytest.approx(0.6 / 0.4) == found.COP
        assert math.isnan(found.efficiency)


def test_long_contacts_are_thermal_and_wrong_numbers_refused() -> None:
    found = tt.closed_forms.otto(J, J, splittings=(1.0, 0.6), temperatures=(2.0, 0.4), durations=(1e4, 1e4))
    assert (found.hot, found.cold) == pytest.approx((1 / (math.exp(0.5) + 1), 1 / (math.exp(1.5) + 1)), rel=1e-12)
    with pytest.raises(tt.InvalidInput, match=r"temperatures\[1\].*\n?.*"):
        tt.closed_forms.otto(J, J, splittings=(1.0, 0.6), temperatures=(2.0, -0.4), durations=(1.0, 1.0))
