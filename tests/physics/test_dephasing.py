"""Pure dephasing of a continuum against its closed form: alpha = .3, wc = 5, T = .2, A = sigma_z/2, start +x, t <= 5.

Exponential cutoff: the weight is cut at 75, where exp(-15) of J is left; the chain is long, its hoppings (up to 37) ask for
small steps, of fourth order. Exactly two branches: bond 2 holds the state. The fronts reach the end of 140 sites at t = 2.9
with about 1e-5 bosons, which is flagged and does not come back to the system before t = 5.
"""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.dephasing import Dephasing
from tests.physics.runs import bare

EXACT = Dephasing(alpha=0.3, cutoff=5.0, temperature=0.2)
DENSITY = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")
EVERY = 0.125


def deviations(run: tt.Trajectory, exact: Dephasing) -> dict[str, float]:
    dataset = tt.ledger(run, alpha_S=0.5)
    times = [float(t) for t in run.t]
    curves = {
        "coherence": (np.abs(run.rho_S[run.recorded, 0, 1]), exact.coherence),
        "E_B": (dataset["E_B"].values, exact.bath_energy),
        "U_chi": (-dataset["U_chi"].values, exact.bath_energy),
        "S_S": (dataset["S_S"].values, exact.system_entropy),
        "Sigma_total": (dataset["Sigma_total"].values, exact.entropy_production),
    }
    return {
        name: max(abs(v - f(t)) for v, t in zip(values, times, strict=True)) for name, (values, f) in curves.items()
    }


def model(length: int) -> tt.Model:
    bath = chains.chain(DENSITY, length=length, temperature=0.2, support=75.0)
    return tt.SpinBoson(hamiltonian={"z": 0.0}, coupling={"z": 0.5}, bath=bath)


def test_early_times():
    run = bare(
        model(60), tt.TDVP(step=1 / 64, tolerance=1e-6, max_bond=2, order=4), 0.5, initial="+x", record_every=EVERY
    )
    found = deviations(run, EXACT)
    assert found["coherence"] < 5e-6
    assert found["S_S"] < 5e-6
    assert found["E_B"] < 3e-5
    assert found["Sigma_total"] < 2e-4
    hotter = deviations(run, Dephasing(alpha=0.3, cutoff=5.0, temperature=0.22))
    assert hotter["coherence"] > 10 * found["coherence"]


@pytest.mark.slow
def test_to_the_accuracy_promised():
    run = bare(
        model(140), tt.TDVP(step=1 / 128, tolerance=1e-6, max_bond=2, order=4), 5.0, initial="+x", record_every=EVERY
    )
    found = deviations(run, EXACT)
    limits = {"coherence": 1e-6, "S_S": 1e-6, "E_B": 1e-5, "U_chi": 1e-5, "Sigma_total": 1e-4}
    assert all(found[name] < limit for name, limit in limits.items()), found
    assert not any("boson level" in flag or "Krylov" in flag for flag in run.flags)
