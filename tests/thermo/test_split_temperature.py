"""1/T_S of a qubit as the sum of what populations and coherences along and across its effective field make. [72 - 76]"""

import json

import numpy as np
import pytest
import xarray as xr

import tnthermo as tt
from tests.oracles.general import Bath, General
from tests.oracles.trajectories import trajectory_of_general
from tests.second_order.test_weak_coupling import TILTED, warm_exchange
from tnthermo.closed_forms.exchange import exchange
from tnthermo.closed_forms.golden_rule import golden_rule
from tnthermo.lawbook.limits import population_part
from tnthermo.lawbook.reading import Reading
from tnthermo.model.qubit import bloch_vector, entropy_of_length, extended_production_rate, population_entropy_rate
from tnthermo.thermo.ledger import ledger

NAMES = ("inverse_T_S_populations", "inverse_T_S_coherences")


@pytest.fixture(scope="module")
def run() -> tuple[xr.Dataset, np.ndarray]:
    """(ledger, dr/dt (n, 3) by differences of dense states) of a qubit with a tilted field and one warm mode."""
    bath = Bath(operator=np.diag([1.0, -1.0]).astype(complex), frequencies=(1.1,), couplings=(0.3,), beta=2.0)
    H = np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex)
    system = General(hamiltonian=H, baths=(bath,), levels=12, initial=TILTED)
    times, small = np.linspace(0, 3, 25), 1e-4
    around = [bloch_vector(trajectory_of_general(system, np.abs(times + s)).rho_S) for s in (-small, small)]
    moved = (around[1] - around[0]) / (2 * small)
    return ledger(trajectory_of_general(system, times), 0.3), moved


def complex_of(column: xr.DataArray) -> np.ndarray:
    return column.values[..., 0] + 1j * column.values[..., 1]


def test_each_part_is_a_derivative_with_the_other_direction_held(run) -> None:
    """dS along the field at fixed coherence and across it, by differences of the entropy itself, over dU_S."""
    dataset, moved = run
    r, field = bloch_vector(complex_of(dataset.rho_S)), bloch_vector(complex_of(dataset.H_S_eff))
    axis = field / np.linalg.norm(field, axis=1, keepdims=True)
    along = np.sum(axis * moved, axis=1, keepdims=True) * axis
    energy = (dataset.Qdot_S + dataset.Wdot_S).values
    for name, way in zip(NAMES, (along, moved - along), strict=True):
        ahead, behind = (entropy_of_length(np.linalg.norm(r + s * way, axis=1)) for s in (1e-5, -1e-5))
        expected = (ahead - behind) / 2e-5 / energy
        np.testing.assert_allclose(dataset[name][1:], expected[1:], rtol=1e-4, atol=1e-5)
        swapped = dataset[NAMES[1 - NAMES.index(name)]].values  # the negative twin
        assert np.abs(swapped - expected)[1:].max() > 0.1


def test_both_parts_are_the_whole_and_the_first_is_the_heat_at_the_extended_temperature(run) -> None:
    dataset, _ = run
    both = dataset[NAMES[0]] + dataset[NAMES[1]]
    np.testing.assert_allclose((both * dataset.T_S)[1:], 1, rtol=1e-9)
    share = dataset.Qdot_S / (dataset.Qdot_S + dataset.Wdot_S)
    np.testing.assert_allclose((share / dataset.T_ext_S)[1:], dataset[NAMES[0]][1:], rtol=1e-9)
    assert np.abs(share - 1)[1:].max() > 0.1  # work is done: it is not 1/T_ext alone


def test_a_larger_system_has_none_and_says_so() -> None:
    bath = Bath(operator=np.diag([1.0, 0.0, -1.0]).astype(complex), frequencies=(1.1,), couplings=(0.3,), beta=2.0)
    rho = np.diag([0.5, 0.3, 0.2]).astype(complex)
    system = General(hamiltonian=np.diag([0.4, 0.0, -0.3]).astype(complex), baths=(bath,), levels=6, initial=rho)
    dataset = ledger(trajectory_of_general(system, np.linspace(0, 1, 5)))
    for name in NAMES:
        assert np.isnan(dataset[name]).all()
        assert dataset[name].attrs["reason"] == "defined for qubits only"


def test_where_the_direction_or_the_motion_is_none() -> None:
    h, still = np.array([[0.0, 0.0, 2.0]]), np.zeros((1, 3))
    pure, mixed, up = np.array([[1.0, 0.0, 0.0]]), still, np.array([[0.0, 0.0, 1.0]])
    assert population_entropy_rate(pure, up, h)[0] == 0  # normal to the field
    assert population_entropy_rate(mixed, up, h)[0] == 0
    assert np.isinf(population_entropy_rate(up, -up, h)[0])
    assert np.isnan(population_entropy_rate(up, up, still)[0])


def test_the_limits_of_the_thermalising_qubit() -> None:
    """[73]: at fixed coherence beta, whatever the start; [74 - 76]: the coherences' part does not vanish, and both give [61]."""
    rates = golden_rule(warm_exchange().couplings[0].density, splitting=1.0, temperature=0.5)
    when = 12 / rates.relaxation
    late = exchange(rates, initial=TILTED, times=[0.0, when])
    r, field = late.bloch[1:], np.array([[0.0, 0.0, 1.0]])
    h = 1e-5 * when
    ahead, behind = (exchange(rates, initial=TILTED, times=[when + s]).bloch for s in (h, -h))
    moved = (ahead - behind) / (2 * h)
    energy = late.Udot_S[1:]
    populations, coherences = (
        of(r, moved, field)[0] / energy[0] for of in (population_entropy_rate, extended_production_rate)
    )
    assert populations == pytest.approx(2.0, rel=1e-3)
    assert populations == pytest.approx(1 / late.T_ext_S[1], rel=1e-3)
    x0, y0, z0 = late.bloch[0]
    tau = np.tanh(1.0)
    # [76] in units w0/2 = 1: x dx/dU + y dy/dU; dS_S/dU_S = -(l/2 r)(U + x dx/dU + y dy/dU), l/r = 2 (w0/2) beta/tau there
    moving = (x0**2 + y0**2) / (2 * (z0 + tau))
    assert coherences == pytest.approx(-2.0 / tau * moving, rel=1e-3)
    assert populations + coherences == pytest.approx(late.inverse_T_S[1], rel=1e-3)
    assert abs(coherences) > 0.05


def test_the_law_of_the_populations_part() -> None:
    """It holds at beta, says which part of dU_S is work, fails elsewhere, and has no value at T = 0."""
    t = np.linspace(0, 40, 81)
    rho = np.zeros((81, 2, 2, 2))
    rho[:, 0, 0, 0] = 0.1 + 0.9 * np.exp(-0.5 * t)
    rho[:, 1, 1, 0] = 1 - rho[:, 0, 0, 0]
    dims = ("t", "row", "column", "complex")
    value = 2.5 + np.exp(-0.5 * t)
    data = {
        "rho_S": (dims, rho), "rho_S_error": (dims, np.full(rho.shape, 1e-6)), "Wdot_S": ("t", 0.01 * np.exp(-0.5 * t)),
        "Qdot_S": ("t", np.exp(-0.5 * t)), NAMES[0]: ("t", value), f"{NAMES[0]}_error": ("t", np.full(81, 1e-6)),
    }  # fmt: skip
    attributes = {
        "temperatures": json.dumps([0.4]),
        "hamiltonian": "[[0.5, 0.0], [0.0, -0.5]]",
        "coupling": "[[0, 1], [1, 0]]",
    }
    quiet = xr.Dataset(data, coords={"t": t}, attrs=attributes)
    law = population_part(Reading(ledger=quiet), 0.05)
    assert (law.verdict, law.bound) == ("holds", 2.5)
    assert "dW_S/dU_S = 0.0099" in law.reason
    off = quiet.assign({NAMES[0]: quiet[NAMES[0]] + 0.3})
    assert population_part(Reading(ledger=off), 0.05).verdict == "fails"
    cold = quiet.assign_attrs(temperatures=json.dumps([0.0]))
    assert population_part(Reading(ledger=cold), 0.05).reason == "beta infinite"


def test_second_order_has_both_parts() -> None:
    weak = tt.weak_coupling(warm_exchange(), initial=TILTED, times=np.linspace(0, 4, 9), method="tcl2")
    both = weak[NAMES[0]] + weak[NAMES[1]]
    np.testing.assert_allclose((both * weak.T_S)[1:], 1, rtol=1e-8)
