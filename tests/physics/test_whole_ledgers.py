"""Whole ledgers of a qubit and two modes against exact diagonalisation from the definitions."""

import numpy as np
import pytest

import tnthermo as tt
from tests.oracles.reference import assert_ledger_matches, load
from tests.physics.runs import bare, model_of

HERMITIAN = (
    "dephasing_two_modes",
    "spin_boson_cold_two_modes",
    "spin_boson_warm_two_modes",
    "tilted_coupling_mixed_start",
)
FITTING = tt.TDVP(step=0.1, tolerance=1e-8, order=4, max_bond=None)
QUICK = tt.TDVP(step=0.125, tolerance=3e-6, order=4, max_bond=None)
ROUGH = 3e-5  # measured: below 8e-6


def ledger_of(name: str, algorithm: tt.Algorithm, **settings):
    reference = load(name)
    run = bare(model_of(reference), algorithm, float(reference.times[-1]), initial=reference.initial, **settings)
    assert run.flags == ()
    return reference, tt.ledger(run, alpha_S=reference.alpha_S)


def test_cold_model_exactly():
    """Every column, the entropies of the bath and of the correlation included: at T = 0 the chain is the bath."""
    reference, dataset = ledger_of("spin_boson_cold_two_modes", tt.Exact(step=0.1, tolerance=1e-7))
    found = assert_ledger_matches(dataset, reference)
    assert {"S_B", "S_chi"} <= set(found)


def test_cold_model_by_sweeps():
    reference, dataset = ledger_of("spin_boson_cold_two_modes", FITTING)
    assert {"S_B", "S_chi"} <= set(assert_ledger_matches(dataset, reference))


@pytest.mark.parametrize("name", [name for name in HERMITIAN if "cold" not in name])
def test_warm_models_roughly(name):
    reference, dataset = ledger_of(name, QUICK)
    assert_ledger_matches(dataset, reference, tolerance=ROUGH)
    # at T > 0 the entropy of the physical bath is measured now and then, and the reference lies within the bounds
    change = reference.columns["S_B"] - reference.columns["S_B"][0]
    at = dataset.sel(t=reference.times, method="nearest", tolerance=1e-9)
    measured = np.isfinite(at["S_B"].values)
    assert 2 < measured.sum() < measured.size
    assert np.abs(at["Delta_S_B"].values - change)[measured].max() < ROUGH
    assert np.all((at["Delta_S_B_lower"].values - ROUGH <= change)[measured])
    assert np.all((change <= at["Delta_S_B_upper"].values + ROUGH)[measured])


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in HERMITIAN if "cold" not in name])
def test_warm_models(name):
    reference, dataset = ledger_of(name, FITTING)
    assert_ledger_matches(dataset, reference)


@pytest.mark.slow
def test_warm_model_exactly():
    reference, dataset = ledger_of("dephasing_two_modes", tt.Exact(step=0.1, tolerance=1e-7))
    assert_ledger_matches(dataset, reference)


def test_wrong_partition_and_wrong_coupling_are_noticed():
    """Negative: another alpha_S shifts U_S and U_B, a factor 2 in J shifts everything."""
    reference, dataset = ledger_of("spin_boson_cold_two_modes", QUICK)
    assert_ledger_matches(dataset, reference, tolerance=ROUGH)
    run = bare(model_of(reference), QUICK, 6.0, initial=reference.initial)
    with pytest.raises(AssertionError, match="U_S"):
        assert_ledger_matches(tt.ledger(run, alpha_S=0.6), reference, tolerance=ROUGH)
    stronger = tt.SpinBoson(
        hamiltonian=reference.hamiltonian, coupling=np.sqrt(2) * reference.coupling, bath=model_of(reference).chains[0]
    )
    run = bare(stronger, QUICK, 6.0, initial=reference.initial)
    with pytest.raises(AssertionError, match="Qdot_B"):
        assert_ledger_matches(tt.ledger(run, alpha_S=reference.alpha_S), reference, tolerance=100 * ROUGH)
