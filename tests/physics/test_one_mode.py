"""One mode, all of the thermodynamics: H = sigma_x/2 + a^dag a + 0.5 (sigma_z/2)(a + a^dag), start |up> (x) thermal, t = 3."""

import numpy as np
import pytest

import tnthermo as tt
from tests.oracles.naive import Naive, naive_ledger
from tests.physics.runs import bare, few_modes, sigma_z

UNTIL = 3.0
REQUIRED = 1e-7
ALGORITHMS = {"exact": tt.Exact(step=0.1, tolerance=1e-7), "tdvp": tt.TDVP(step=0.05, tolerance=1e-9)}


def oracle(temperature: float, coupling: float = 0.5) -> dict[str, float]:
    """The same by density matrices; changes since t = 0."""
    system = Naive(
        hamiltonian=np.array([[0, 0.5], [0.5, 0]]), coupling=np.diag([0.5, -0.5]), frequencies=(1.0,),
        couplings=(coupling,), beta=1 / temperature if temperature else np.inf, initial=np.diag([1.0, 0.0]), levels=40,
    )  # fmt: skip
    columns = naive_ledger(system, np.array([0.0, UNTIL]), 0.5)
    values = {name: float(columns[name][-1]) for name in ("E_int", "S_S", "S_chi", "U_chi", "U_S", "Q_S", "Q_B", "W_S")}
    values |= {name: float(columns[name][-1] - columns[name][0]) for name in ("E_B", "U_B")}
    if temperature:
        values["Sigma_total"] = values["S_S"] + values["E_B"] / temperature
    return values


@pytest.mark.parametrize("method", ALGORITHMS)
@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_every_column(method, temperature):
    model = few_modes([1.0], [0.5], temperature, {"x": 0.5}, {"z": 0.5})
    run = bare(model, ALGORITHMS[method], UNTIL, initial="+z")
    assert run.flags == ()
    at = tt.ledger(run, alpha_S=0.5).isel(t=-1)
    expected = oracle(temperature)
    if temperature:
        # at T > 0 the chain is not the bath: these come from the physical mode, undone from chain and thermofield
        assert float(at["S_chi_lower"]) - 1e-6 <= expected["S_chi"] <= float(at["S_chi_upper"]) + 1e-6
    else:
        expected["S_B"] = expected["S_S"]
    found = {name: abs(float(at[name]) - value) for name, value in expected.items()}
    assert max(found.values()) < REQUIRED, found


@pytest.mark.parametrize(("temperature", "printed"), [(0.0, -0.7001922581), (0.5, -0.6392703671)])
def test_inversion(temperature, printed):
    model = few_modes([1.0], [0.5], temperature, {"x": 0.5}, {"z": 0.5})
    for algorithm in ALGORITHMS.values():
        assert abs(sigma_z(bare(model, algorithm, UNTIL))[-1] - printed) < REQUIRED


def test_a_wrong_convention_is_noticed():
    """Negative: a factor 2 in J, a stale time and bits for nats are each far outside the tolerance."""
    right = oracle(0.5)
    doubled = oracle(0.5, coupling=0.5 * np.sqrt(2))
    assert all(abs(right[name] - doubled[name]) > 1e3 * REQUIRED for name in right)
    run = bare(few_modes([1.0], [0.5], 0.5, {"x": 0.5}, {"z": 0.5}), ALGORITHMS["exact"], UNTIL)
    stale = tt.ledger(run, alpha_S=0.5).isel(t=-2)
    assert all(abs(right[name] - float(stale[name])) > 1e3 * REQUIRED for name in ("E_B", "S_S", "U_chi"))
    assert abs(right["S_S"] / np.log(2) - right["S_S"]) > 0.1
