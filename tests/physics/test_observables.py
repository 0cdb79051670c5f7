"""What is measured beside the ledger: the variance of the heat, occupations of the physical modes, the user's own observables."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.commuting import DephasingModes
from tests.oracles.dephasing import Dephasing
from tests.oracles.general import Bath, General
from tests.physics.dense import assert_within, oracle_of
from tests.physics.runs import bare

FITTING = tt.TDVP(step=0.1, tolerance=1e-8, max_bond=None, order=4)
TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def discrete(frequencies, couplings, temperature: float, *, pair: bool = False):
    density = chains.Discrete(frequencies=list(frequencies), couplings=list(couplings))
    if pair:
        return chains.thermofield_chains(density, len(frequencies), temperature=temperature)
    return chains.chain(density, temperature=temperature)


# Variance of the heat: of the change of H_B, measured before and after.


def heat(temperature: float, algorithm: tt.Algorithm, levels: int) -> dict[str, float]:
    """Mean and variance against two projective measurements, one mode in each of two baths, the second one cold."""
    baths = [
        tt.couple({"x": 0.5}, discrete([0.8], [0.4], temperature)),
        tt.couple("sigma_minus", discrete([1.2], [0.3], 0.0), kind="exchange"),
    ]
    model = tt.assemble(hamiltonian={"z": 0.3}, couplings=baths, layout="middle")
    run = bare(model, algorithm, 2.0, initial=TILTED_START, record_every=0.5, variance_every=0.5)
    dataset = tt.ledger(run)
    expected = oracle_of(model, levels, TILTED_START).heat_statistics(run.t)
    each = np.einsum("njj->nj", expected["covariance_each"])
    assert np.abs(expected["variance"] - each.sum(axis=1)).max() > 1e-4  # the baths are correlated
    return {
        "mean": float(np.abs(dataset["E_B"].values - expected["mean"]).max()),
        "variance": float(np.abs(dataset["Var_Q_B"].values - expected["variance"]).max()),
        "variance of each": float(np.abs(dataset["Var_Q_B_each"].values - each).max()),
    }


def test_variance_of_two_baths_roughly():
    assert_within(heat(0.0, tt.TDVP(step=0.125, tolerance=1e-5), 8), 3e-6)


@pytest.mark.slow
def test_variance_of_two_baths():
    assert_within(heat(0.4, FITTING, 13), 1e-7)


COLD = Dephasing(alpha=0.3, cutoff=5.0, temperature=0.2)


def exponential(alpha: float, temperature: float, length: int, hamiltonian) -> tt.Model:
    """Exponential Ohmic J, wc = 5, cut at 75; A = sigma_z/2."""
    density = chains.PowerLaw(alpha=alpha, cutoff=5.0, exponent=1.0, shape="exponential")
    bath = chains.chain(density, length=length, temperature=temperature, support=75.0)
    return tt.SpinBoson(hamiltonian=hamiltonian, coupling={"z": 0.5}, bath=bath)


def relative_variance(length: int, step: float, until: float) -> dict[str, float]:
    """Relative deviation from the closed form of pure dephasing; bond 2 holds the state."""
    algorithm = tt.TDVP(step=step, tolerance=1e-6, max_bond=2, order=4)
    run = bare(
        exponential(0.3, 0.2, length, {"z": 0.0}), algorithm, until, initial="+x", record_every=0.5, variance_every=0.5
    )
    dataset = tt.ledger(run)
    return {
        f"t = {t:g}": float(abs(dataset["Var_Q_B"].sel(t=t) / COLD.heat_variance(float(t)) - 1)) for t in run.t if t > 0
    }


def test_variance_of_dephasing_early():
    assert_within(relative_variance(40, 1 / 64, 0.5), 5e-6)
    hotter = Dephasing(alpha=0.3, cutoff=5.0, temperature=0.5)
    assert abs(hotter.heat_variance(0.5) / COLD.heat_variance(0.5) - 1) > 1e-3


@pytest.mark.slow
def test_variance_of_dephasing():
    """Up to t = 5; the fronts meet the end of the chain at 2.9, which does not come back before."""
    assert_within(relative_variance(140, 1 / 128, 5.0), 4e-5)


@pytest.mark.slow
def test_heat_of_the_spin_boson_model():
    """Mean and variance of a case with an answer from two other methods, good to 1e-4 and 2e-3."""
    run = bare(
        exponential(0.1, 1.0, 140, {"x": 0.5}), tt.TDVP(step=1 / 128, tolerance=1e-6, max_bond=20), 2.0, initial="+z",
        record_every=0.5, variance_every=0.5,
    )  # fmt: skip
    at = tt.ledger(run).sel(t=[0.5, 1.0, 2.0])
    np.testing.assert_allclose(at["E_B"].values, [0.43854, 0.5166, 0.5854], atol=2e-4)
    np.testing.assert_allclose(at["Var_Q_B"].values, [2.8884, 2.897, 2.956], atol=3e-3)


# Occupations of the physical modes.

MODES = ((0.5, 0.9, 1.4), (0.2, 0.3, 0.25))


@pytest.mark.parametrize(("temperature", "pair"), [(0.0, False), (0.4, False), (0.4, True)])
def test_occupations_of_discrete_modes(temperature, pair):
    """Eigenvalues 0.7 and -0.2 of A, populations 0.6 and 0.4."""
    bath = discrete(*MODES, temperature, pair=pair)
    model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling=np.diag([0.7, -0.2]), bath=bath, layout="middle")
    algorithm = tt.TDVP(step=0.0625, tolerance=1e-8, max_bond=None, order=4)
    run = bare(model, algorithm, 2.0, initial=TILTED_START, record_every=0.5, occupation_every=0.5, variance_every=0.5)
    dataset = tt.ledger(run)
    exact = DephasingModes(
        energies=(0.3, -0.3), eigenvalues=(0.7, -0.2), frequencies=MODES[0], couplings=MODES[1],
        beta=1 / temperature if temperature else np.inf, initial=TILTED_START,
    )  # fmt: skip
    occupations = np.array([exact.occupations(float(t)) for t in run.t])
    np.testing.assert_array_equal(dataset["mode_frequency"], MODES[0])
    np.testing.assert_array_equal(dataset["mode_weight"], 1)
    found = {
        "occupations": float(np.abs(dataset["mode_occupation"].values - occupations).max()),
        "residual_occupation": float(np.abs(dataset["residual_occupation"]).max()),
        "variance": max(abs(float(v) - exact.heat_variance(float(t))) for v, t in zip(dataset["Var_Q_B"], run.t, strict=True)),
        "E_B": max(abs(float(v) - exact.bath_energy(float(t))) for v, t in zip(dataset["E_B"], run.t, strict=True)),
    }  # fmt: skip
    assert_within(found, 5e-7)
    assert np.abs(dataset["mode_occupation"].values[:, ::-1] - occupations).max() > 5e-3  # the order is noticed


def occupations_per_frequency(length: int, step: float, until: float) -> float:
    """Deviation of the change per unit frequency from the closed form, as a part of its largest value."""
    algorithm = tt.TDVP(step=step, tolerance=1e-6, max_bond=2, order=4)
    run = bare(
        exponential(0.3, 0.2, length, {"z": 0.0}), algorithm, until, initial="+x", record_every=0.5,
        occupation_every=0.5, variance_every=np.inf,
    )  # fmt: skip
    dataset = tt.ledger(run)
    w, largest = run.mode_frequency, 0.0
    assert np.sum(dataset["mode_weight"].values) == pytest.approx(75.0, rel=1e-2)
    for t in run.t[1:]:
        exact = np.array([COLD.occupation_density(x, float(t)) for x in w])
        ours = (dataset["mode_occupation"] / dataset["mode_weight"]).sel(t=t).values
        largest = max(largest, float(np.abs(ours - exact).max() / exact.max()))
    return largest


def test_occupations_of_a_continuum_early():
    assert_within({"occupations": occupations_per_frequency(40, 1 / 64, 0.5)}, 4e-5)


@pytest.mark.slow
def test_occupations_of_a_continuum():
    """While the chain is longer than the fronts have run: t = 2.5."""
    assert_within({"occupations": occupations_per_frequency(140, 1 / 128, 2.5)}, 6e-5)


def test_occupations_under_exchange_coupling_warm():
    """Both chains and the thermofield map undone, against dense propagation of the physical modes."""
    w, g, T = (0.8, 1.3), (0.3, 0.25), 0.35
    model = tt.JaynesCummings(hamiltonian={"z": 0.4, "x": 0.1}, bath=discrete(w, g, T, pair=True), layout="middle")
    algorithm = tt.TDVP(step=0.125, tolerance=1e-7, max_bond=None, order=4)
    run = bare(model, algorithm, 1.0, initial="+x", record_every=0.5, occupation_every=0.5, variance_every=np.inf)
    L = np.array([[0.0, 0.0], [1.0, 0.0]])
    system = General(
        hamiltonian=model.hamiltonian, initial=np.full((2, 2), 0.5), levels=(12, 9),
        baths=(Bath(operator=L, exchange=True, frequencies=w, couplings=g, beta=1 / T),),
    )  # fmt: skip
    found = []
    for psi in system.states(run.t):
        weights = np.sum(np.abs(psi.reshape(2, system.bath_dimension, -1)) ** 2, axis=(0, 2))
        found.append([(a.T @ a).diagonal() @ weights for a in system.lower])
    change = np.array(found) - found[0]
    assert np.abs(change).max() > 0.01
    assert_within({"occupations": float(np.abs(run.mode_occupation - change).max())}, 1e-8)


# The user's own observables.


@pytest.mark.parametrize("layout", ["middle", "interleaved"])
def test_own_observables(layout):
    """Site occupations are those of the profile, <X> and <P> are sums of <c>, a system operator is Tr[O rho_S], energies add up."""
    bath = discrete((0.8, 1.3), (0.3, 0.25), 0.35, pair=True)
    model = tt.SpinBoson(hamiltonian={"z": 0.3, "x": 0.2}, coupling={"x": 0.5, "z": 0.3}, bath=bath, layout=layout)
    operator = np.array([[0.3, 0.2 - 0.5j], [0.1, -0.7]])
    own = {
        "any": operator, "sy": "y", "s_minus": "sigma_minus",
        **{f"n{k}{n}": {"boson": "number", "chain": k, "site": n} for k in (0, 1) for n in (0, 1)},
        **{f"c{k}{n}": {"boson": "lower", "chain": k, "site": n} for k in (0, 1) for n in (0, 1)},
        **{f"A_c{k}": {"boson": "lower", "chain": k, "site": 0, "operator": {"x": 0.5, "z": 0.3}} for k in (0, 1)},
        "x0": {"boson": "position"},
        "up0": {"boson": "raise"},
    }  # fmt: skip
    algorithm = tt.TDVP(step=0.125, tolerance=1e-6)
    run = bare(model, algorithm, 1.5, initial=TILTED_START, record_every=0.25, variance_every=np.inf, observables=own)
    dataset = tt.ledger(run)

    def value(name: str) -> np.ndarray:
        array = dataset[name].values
        return array if array.ndim == 1 else array @ np.array([1, 1j])

    rho, X = run.rho_S[run.recorded], run.moment_X[run.recorded, 0]
    kappa = [chain.coupling for chain in bath]
    position = 2 * sum(k * value(f"c{n}0").real for n, k in enumerate(kappa))
    interaction = 2 * sum(k * value(f"A_c{n}").real for n, k in enumerate(kappa))
    np.testing.assert_allclose(value("any"), np.einsum("ij,tji->t", operator, rho), atol=1e-12)
    np.testing.assert_allclose(value("sy"), -2 * rho[:, 0, 1].imag, atol=1e-12)
    np.testing.assert_allclose(value("s_minus"), rho[:, 0, 1], atol=1e-12)
    for k in (0, 1):
        sites = np.flatnonzero(dataset["chain"].values == k)
        for n, site in enumerate(sites):
            np.testing.assert_allclose(value(f"n{k}{n}"), dataset["occupation_profile"].values[:, site], atol=1e-12)
    np.testing.assert_allclose(position, np.trace(X, axis1=1, axis2=2).real, atol=1e-12)
    np.testing.assert_allclose(interaction, dataset["E_int"], atol=1e-12)
    np.testing.assert_allclose(value("x0"), 2 * value("c00").real, atol=1e-12)
    np.testing.assert_allclose(value("up0"), value("c00").conj(), atol=1e-12)
    assert np.abs(position).max() > 0.02
    assert np.abs(value("n10") - value("n00")).max() > 1e-3  # one chain is not the other
    assert np.abs(value("c00").imag).max() > 1e-3
