"""Couplings of any sign, modes of equal frequency and modes that are not coupled, with the phases that a displaced bath gives them.

Against the dense oracle, which has the modes as they are given.
"""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General, columns_at
from tests.physics.runs import bare

H_S, A, L = np.array([[0.1, 0.5], [0.5, -0.1]]), np.diag([0.5, -0.5]), np.array([[0.0, 0.0], [1.0, 0.3]])
TDVP = tt.TDVP(step=0.1, tolerance=1e-7, max_bond=None, order=4)
COLUMNS = ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "Qdot_B", "Wdot_B")
GIVEN = {  # frequencies, couplings, <a_k>; measured: all columns to 2e-7
    "signs": ((1.3, 0.8), (-0.4, 0.3), (0.5 + 0.2j, -0.3)),
    "equal": ((0.9, 0.9), (0.3, -0.2), (0.4, 0.1 - 0.2j)),
    "lone": ((1.2, 0.7), (0.0, -0.3), (0.3j, 0.5)),
}


def model_of(given: str, kind: str, route: str, temperature: float) -> tt.Model:
    w, g, _ = GIVEN[given]
    density = chains.Discrete(frequencies=list(w), couplings=list(g))
    make = {"star": chains.star_cells, "chain": chains.chain, "pair": chains.thermofield_chains}[route]
    bath = make(density, temperature=temperature)
    return tt.assemble(hamiltonian=H_S, couplings=[tt.couple(L if kind == "exchange" else A, bath, kind=kind)])


def oracle(given: str, kind: str, temperature: float, alphas: tuple[complex, ...]) -> General:
    w, g, _ = GIVEN[given]
    bath = Bath(
        operator=L if kind == "exchange" else A, frequencies=w, couplings=g, exchange=kind == "exchange",
        beta=1 / temperature if temperature else np.inf, displacement=alphas,
    )  # fmt: skip
    return General(hamiltonian=H_S, baths=(bath,), levels=13 if temperature else 9, initial=np.diag([1.0, 0.0]))


def largest_difference(dataset, system: General, *, t: float = 1.0) -> float:
    psi = list(system.states([0.0, t]))
    found = []
    for time, at in zip((0.0, t), psi, strict=True):
        expected = columns_at(system, at, time, float(dataset.attrs["alpha_S"]))
        ours = dataset.sel(t=time, method="nearest", tolerance=1e-9)
        for name in COLUMNS:
            counted = system.thermal_energies.sum() if name in ("E_B", "U_B", "U_tot") else 0.0
            found.append(abs(float(ours[name]) - (float(expected[name]) - counted)))
    return max(found)


@pytest.mark.parametrize(
    ("given", "kind", "route", "temperature"),
    [
        ("signs", "hermitian", "chain", 0.0),
        ("signs", "hermitian", "star", 0.3),
        ("signs", "hermitian", "pair", 0.3),
        ("signs", "exchange", "chain", 0.0),
        ("signs", "exchange", "pair", 0.3),
        ("equal", "hermitian", "chain", 0.3),
        ("equal", "exchange", "star", 0.3),
        ("lone", "hermitian", "chain", 0.3),
        ("lone", "exchange", "star", 0.0),
    ],
)
def test_displaced_modes(given, kind, route, temperature):
    alphas = GIVEN[given][2]
    run = bare(model_of(given, kind, route, temperature), TDVP, 1.0, initial="+z", displacement=list(alphas))
    assert run.flags == ()
    dataset = tt.ledger(run, alpha_S=0.3)
    assert largest_difference(dataset, oracle(given, kind, temperature, alphas)) < 2e-6
    assert float(np.abs(dataset.residual_energy).max()) < 1e-6
    assert float(np.nanmax(np.abs(dataset.residual_occupation))) < 1e-5
    # the twin: one phase turned round, which dropping the signs amounts to
    turned = (alphas[0], -alphas[1])
    assert largest_difference(dataset, oracle(given, kind, temperature, turned)) > 1e-2


def test_the_case_that_was_wrong():
    density = chains.Discrete(frequencies=[1.0], couplings=[-0.4])
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(density))
    dataset = tt.ledger(bare(model, TDVP, 1.0, displacement=[0.8]))
    assert float(dataset.E_S[-1]) == pytest.approx(-0.111883, abs=1e-6)


def test_relaxed_baths_do_not_see_the_sign():
    """-x g_k/w_k turns round with g_k: the same bath but for the names of its modes."""
    runs = []
    for sign in (1.0, -1.0):
        density = chains.Discrete(frequencies=[1.3, 0.8], couplings=[0.4 * sign, 0.3])
        model = tt.SpinBoson(hamiltonian=H_S, coupling=A, bath=chains.chain(density, temperature=0.3))
        runs.append(tt.ledger(bare(model, TDVP, 0.5, displacement=0.6)))
    for name in COLUMNS:
        np.testing.assert_array_equal(runs[0][name], runs[1][name])


def test_two_baths():
    """Signs of either, the amplitudes in the order in which the frequencies are given."""
    made = chains.Discrete(frequencies=[1.3], couplings=[-0.4]), chains.Discrete(frequencies=[0.9], couplings=[-0.3])
    couplings = [
        tt.couple(A, chains.chain(made[0], temperature=0.3)),
        tt.couple(L, chains.star_cells(made[1]), kind="exchange"),
    ]
    alphas = ((0.4 - 0.3j,), (0.5,))
    model = tt.assemble(hamiltonian=H_S, couplings=couplings)
    dataset = tt.ledger(bare(model, TDVP, 1.0, initial="+z", displacement=([*alphas[0]], [*alphas[1]])), alpha_S=0.3)
    baths = (
        Bath(operator=A, frequencies=(1.3,), couplings=(-0.4,), beta=1 / 0.3, displacement=alphas[0]),
        Bath(operator=L, frequencies=(0.9,), couplings=(-0.3,), exchange=True, displacement=alphas[1]),
    )
    system = General(hamiltonian=H_S, baths=baths, levels=(13, 9), initial=np.diag([1.0, 0.0]))
    assert largest_difference(dataset, system) < 2e-6


def test_amplitudes_of_another_number_are_refused():
    model = model_of("equal", "hermitian", "chain", 0.0)
    with pytest.raises(
        chains.InvalidInput, match="2 amplitudes <a_k>, one for each mode in the order of the frequencies given"
    ):
        bare(model, TDVP, 1.0, displacement=[0.2])
