"""alpha_S after the fact: what depends on it does so linearly; the value that makes T_B = T."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General, columns_at
from tests.oracles.trajectories import trajectory_of_general
from tests.second_order.test_weak_coupling import TILTED
from tnthermo.record.trajectory import Trajectory

SIGMA_Z = np.diag([1.0, -1.0]).astype(complex)
SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)


def run_of(
    *,
    scale: float = 1.0,
    hamiltonian=0.3 * SIGMA_Z,
    operator=SIGMA_Z,
    beta: float = 2.0,
    entropy: bool = True,
    count: int = 25,
    initial=TILTED,
) -> Trajectory:
    """A faultless run of one mode, with the bath's entropy by definition at every record time."""
    bath = Bath(operator=operator, frequencies=(1.1,), couplings=(0.3 * scale,), beta=beta)
    system = General(hamiltonian=hamiltonian, baths=(bath,), levels=12, initial=initial)
    times = np.linspace(0, 2, count)
    run = trajectory_of_general(system, times)
    if not entropy or np.isinf(beta):
        return run
    rows = [columns_at(system, psi, float(t), 0.5) for t, psi in zip(times, system.states(times), strict=True)]
    return replace(
        run, bath_entropy=np.array([row["S_B"] for row in rows]), joint_entropy=np.array([row["S_SB"] for row in rows])
    )


def test_a_scan_is_the_ledger_for_each_value_and_linear() -> None:
    run = run_of(entropy=False)
    found = tt.alpha_scan(run, [-1.0, 0.5, 2.0])
    assert dict(found["U_B"].sizes) == {"alpha_S": 3, "t": 25}
    for value in (-1.0, 0.5, 2.0):
        one = tt.ledger(run, alpha_S=value)
        for name in ("U_S", "U_B", "W_S", "W_B", "T_S"):
            np.testing.assert_array_equal(found[name].sel(alpha_S=value).values, one[name].values)
    np.testing.assert_allclose(2 * found["U_B"][1], found["U_B"][0] + found["U_B"][2], atol=1e-14)
    assert "Q_B" not in found


def test_a_scan_has_every_column_that_depends_on_alpha() -> None:
    run = run_of(hamiltonian=np.array([[0.3, 0.2], [0.2, -0.3]], dtype=complex))
    found, one, other = tt.alpha_scan(run, [0.2, 0.7]), tt.ledger(run, alpha_S=0.2), tt.ledger(run, alpha_S=0.7)
    assert found["H_S_eff"].dims == ("alpha_S", "t", "row", "column", "complex")

    def moved(name: str) -> bool:
        return not np.allclose(one[name].values, other[name].values, rtol=1e-9, atol=1e-11, equal_nan=True)

    names = {str(name) for name in one.data_vars if one[name].dtype.kind == "f" and moved(str(name))}
    assert {"T_S", "H_S_eff", "inverse_T_S_populations", "Sigmadot_pseudo_S"} <= names
    assert names <= set(map(str, found.data_vars))


def test_dephasing_at_weak_coupling_asks_for_one() -> None:
    """[102]: T_B -> T for alpha_S = 1; the deviation falls with the square of the coupling."""
    deviations = []
    for scale in (0.4, 0.2):
        found = tt.matching_alpha(run_of(scale=scale, initial=np.array([[0.8, 0.2], [0.2, 0.2]])))
        deviations.append(np.abs(found["alpha_S"].values[4:] - 1).max())
    assert deviations[1] < 0.06
    assert 1.6 < np.log2(deviations[0] / deviations[1]) < 2.3


def test_at_the_matching_alpha_the_bath_has_its_temperature() -> None:
    run = run_of(scale=1.5, hamiltonian=0.3 * SIGMA_Z + 0.2 * SIGMA_X)
    found = tt.matching_alpha(run)
    for i in (6, 12, 20):
        alpha = float(found["alpha_S"].values[i])
        assert tt.ledger(run, alpha_S=alpha)["T_B"].values[i] == pytest.approx(0.5, rel=1e-9)
        total = float(found["alpha_S_since_start"].values[i])
        ledger = tt.ledger(run, alpha_S=total)
        assert ledger["U_B"].values[i] - ledger["U_B"].values[0] == pytest.approx(
            0.5 * ledger["Delta_S_B"].values[i], rel=1e-9
        )
    assert abs(float(found["alpha_S"].values[12]) - 1) > 0.05


def test_where_h_does_not_change_it_is_nan_with_the_reason() -> None:
    """<sigma_x> = 0 at all times of a start along z with H_S along z: h = 0."""
    bath = Bath(operator=SIGMA_X, frequencies=(0.8,), couplings=(0.3,))
    system = General(hamiltonian=0.3 * SIGMA_Z, baths=(bath,), levels=9, initial=np.diag([1.0, 0.0]))
    found = tt.matching_alpha(trajectory_of_general(system, np.linspace(0, 2, 9)))
    assert np.isnan(found["alpha_S"].values).all()
    assert "does not depend on alpha_S" in found["alpha_S"].attrs["reason"]


def test_an_unknown_entropy_of_the_bath_leaves_bounds() -> None:
    exact, unknown = tt.matching_alpha(run_of()), tt.matching_alpha(run_of(entropy=False))
    assert np.isnan(unknown["alpha_S"].values).all()
    assert "alpha_S_since_start_lower" in unknown["alpha_S"].attrs["reason"]
    assert "without limit" in unknown["alpha_S_since_start_upper"].attrs["note"]
    inside = slice(4, None)
    low, value, high = (
        dataset[name].values[inside]
        for dataset, name in (
            (unknown, "alpha_S_since_start_lower"), (exact, "alpha_S_since_start"), (unknown, "alpha_S_since_start_upper"),
        )
    )  # fmt: skip
    assert (low <= value).all()
    assert (value <= high).all()


def test_the_error_bar_holds_what_a_rougher_run_moves() -> None:
    run, other = run_of(scale=1.0), run_of(scale=1.01, count=13)
    found = tt.matching_alpha(replace(run, rough=other))
    error = found["alpha_S_error"].values[4:]
    moved = np.abs(found["alpha_S"].values[4::2] - tt.matching_alpha(other)["alpha_S"].values[2:])
    assert (error[::2] >= moved).all()
    assert np.isnan(tt.matching_alpha(run)["alpha_S_error"].values).all()


def test_bad_alphas_are_refused() -> None:
    run = run_of(entropy=False)
    with pytest.raises(chains.InvalidInput, match="a non-empty list"):
        tt.alpha_scan(run, [])
    with pytest.raises(chains.InvalidInput, match="finite"):
        tt.alpha_scan(run, [0.5, np.inf])
    with pytest.raises(chains.InvalidInput, match="different"):
        tt.alpha_scan(run, [0.5, 0.5])
