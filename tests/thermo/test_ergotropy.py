"""Ergotropy, its parts and the free energy: closed forms, permutations, a search over unitaries, and what their error bars must hold."""

import itertools

import numpy as np
import pytest
from scipy.linalg import expm, logm
from scipy.optimize import minimize

import chains
import tnthermo as tt
from tnthermo.thermo.ergotropy import ergotropies, ergotropy_error, free_energy, free_energy_error, passive_energy
from tnthermo.thermo.system import levels

PARTS = ("ergotropy", "ergotropy_incoherent", "ergotropy_coherent")
WIDE = np.diag([0.0, 1.0, 3.0])
PAIR = np.diag([0.0, 0.0, 1.0])


def of(rho: np.ndarray, hamiltonian: np.ndarray) -> list[float]:
    found = ergotropies(rho[None].astype(complex), *levels(hamiltonian[None].astype(complex)))
    return [float(found[name][0]) for name in PARTS]


def a_state(rng: np.random.Generator, d: int) -> np.ndarray:
    root = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    rho = root @ root.conj().T
    return rho / np.trace(rho).real


def a_hamiltonian(rng: np.random.Generator, d: int) -> np.ndarray:
    root = rng.normal(size=(d, d)) + 1j * rng.normal(size=(d, d))
    return root + root.conj().T


def test_a_qubit_in_closed_form() -> None:
    """H = w sigma_z/2, Bloch vector (x, y, z): w (z + r)/2, of which w (z + |z|)/2 without the coherence."""
    w = 1.4
    for x, y, z in ((0.3, -0.4, 0.2), (0.6, 0.0, -0.5), (0.0, 0.0, 0.7), (0.0, 0.0, -0.7), (1.0, 0.0, 0.0)):
        rho = np.array([[1 + z, x - 1j * y], [x + 1j * y, 1 - z]]) / 2
        r = np.sqrt(x * x + y * y + z * z)
        expected = [w * (z + r) / 2, w * (z + abs(z)) / 2, w * (r - abs(z)) / 2]
        np.testing.assert_allclose(of(rho, np.diag([w / 2, -w / 2])), expected, atol=1e-14)
        # a constant in H is no work
        np.testing.assert_allclose(of(rho, np.diag([w / 2, -w / 2]) + 50 * np.eye(2)), expected, atol=1e-12)


def test_three_levels_by_hand() -> None:
    """Populations (.2, .3, .5) of energies 0, 1, 3: 1.8, and .9 when they have fallen in order. A pure state gives all of its energy."""
    np.testing.assert_allclose(of(np.diag([0.2, 0.3, 0.5]), WIDE), [0.9, 0.9, 0.0], atol=1e-14)
    np.testing.assert_allclose(of(np.diag([0.5, 0.3, 0.2]), WIDE), [0.0, 0.0, 0.0], atol=1e-14)
    psi = np.array([0.6, 0.0, 0.8])  # .64 of 3; dephased (.36, 0, .64) -> .64 at 0, .36 at 1
    np.testing.assert_allclose(of(np.outer(psi, psi), WIDE), [1.92, 1.92 - 0.36, 0.36], atol=1e-14)


def test_equal_energies() -> None:
    """Coherences within one energy stay, they are no work; the parts do not depend on which eigenvectors are taken."""
    psi = np.array([1.0, 1.0, 0.0]) / np.sqrt(2)
    np.testing.assert_allclose(of(np.outer(psi, psi), PAIR), 0.0, atol=1e-14)
    psi = np.array([0.5, 0.5, np.sqrt(0.5)])  # dephased: 1/2 at 0, 1/2 at 1, both pure
    expected = [0.5, 0.5, 0.0]  # rank 2 fits into the two ground states
    np.testing.assert_allclose(of(np.outer(psi, psi), PAIR), expected, atol=1e-14)
    np.testing.assert_allclose(of(np.diag([0.1, 0.2, 0.7]), np.eye(3) * 4.0), 0.0, atol=1e-14)
    rng = np.random.default_rng(3)
    rho = a_state(rng, 3)
    for _ in range(5):
        turn = np.eye(3, dtype=complex)
        turn[:2, :2] = expm(1j * a_hamiltonian(rng, 2))
        np.testing.assert_allclose(of(turn @ rho @ turn.conj().T, PAIR), of(rho, PAIR), atol=1e-13)
    # the sum is continuous where two energies become equal, its parts are not
    whole, part, _ = of(rho, PAIR)
    near, other, _ = of(rho, np.diag([0.0, 1e-6, 1.0]))
    assert abs(whole - near) < 1e-5 < abs(part - other)


@pytest.mark.parametrize("d", [2, 3, 4])
def test_permutations_and_a_search_over_unitaries(d: int) -> None:
    """No unitary takes out more, the best one found takes out as much; of a dephased state a permutation does."""
    rng = np.random.default_rng(d)
    for attempt in range(3):
        rho, H = a_state(rng, d), a_hamiltonian(rng, d)
        whole, part, rest = of(rho, H)
        assert rest >= 0
        assert whole == pytest.approx(part + rest, abs=1e-13)
        energies, vectors = np.linalg.eigh(H)
        held = np.real(np.diag(vectors.conj().T @ rho @ vectors))
        best = max(held @ energies - np.array(order) @ energies for order in itertools.permutations(held))
        assert part == pytest.approx(best, abs=1e-12)

        def taken(x: np.ndarray, rho: np.ndarray = rho, H: np.ndarray = H) -> float:
            real, imag = x.reshape(2, d, d)
            U = expm(1j * (real + real.T + 1j * (imag - imag.T)))
            return float(np.trace(rho @ H - U @ rho @ U.conj().T @ H).real)

        if d < 4 and attempt == 0:  # a search of 2 d^2 angles
            found = max(-minimize(lambda x: -taken(x), rng.normal(size=2 * d * d)).fun for _ in range(2))
            assert found == pytest.approx(whole, abs=1e-5)
        assert all(taken(rng.normal(size=2 * d * d)) <= whole + 1e-12 for _ in range(20))
        # the negative twin: eigenvalues in the other order are seen
        wrong = np.trace(H @ rho).real - np.linalg.eigvalsh(rho) @ energies
        assert abs(wrong - whole) > 1e-2


def test_free_energy_is_that_of_equilibrium_and_the_distance() -> None:
    """F = -T log Z + T D(rho || exp(-H/T)/Z); E at T = 0, NaN without one T."""
    rng = np.random.default_rng(11)
    rho, H, T = a_state(rng, 3), a_hamiltonian(rng, 3), 0.7
    Z = np.exp(-np.linalg.eigvalsh(H) / T).sum()
    gibbs = expm(-H / T) / Z
    D = np.trace(rho @ (logm(rho) - logm(gibbs))).real
    assert free_energy(rho[None], H[None], T)[0] == pytest.approx(-T * np.log(Z) + T * D, abs=1e-12)
    assert free_energy(rho[None], H[None], 0.0)[0] == pytest.approx(np.trace(rho @ H).real, abs=1e-14)
    assert np.isnan(free_energy(rho[None], H[None], None)[0])
    energy, entropy = np.array([0.1]), np.array([np.inf])
    assert free_energy_error(energy, entropy, 0.0)[0] == 0.1
    assert np.isinf(free_energy_error(energy, entropy, T)[0])
    assert np.isnan(free_energy_error(energy, entropy, None)[0])


@pytest.mark.parametrize("d", [2, 3, 4])
def test_errors_hold_every_state_within_the_bar(d: int) -> None:
    """Hermitian changes of no trace, real and imaginary parts up to the bar; a half of the error is not enough for all of them."""
    rng = np.random.default_rng(20 + d)
    bar, largest = 1e-3, 0.0
    for _ in range(300):
        rho, H = a_state(rng, d), a_hamiltonian(rng, d)
        change = np.triu(rng.choice([-1, 1], size=(d, d)) + 1j * rng.choice([-1, 1], size=(d, d)), 1).astype(complex)
        change = bar * (change + change.conj().T)
        change += bar * np.diag(np.resize([1.0, -1.0], d) if d % 2 == 0 else [1.0, -1.0, 0.0])
        error = ergotropy_error(rho[None], np.linalg.eigvalsh(H)[None], np.array([bar]))[0]
        moved = np.abs(np.array(of(rho + change, H)) - of(rho, H))
        assert np.all(moved <= error)
        largest = max(largest, float(moved.max() / error))
    assert largest > (0.5 if d == 2 else 0.25)
    lost = ergotropy_error(0.9 * np.eye(d)[None] / d, np.array([np.linspace(0, 2, d)]), np.zeros(1))[0]
    assert lost == pytest.approx(0.2)


def test_passive_states_have_least_energy() -> None:
    rng = np.random.default_rng(1)
    rho = a_state(rng, 3)
    assert passive_energy(rho[None], np.array([[0.0, 1.0, 3.0]]))[0] <= np.trace(WIDE @ rho).real


def test_columns_of_baths_at_two_temperatures() -> None:
    """Without one T there is no F_S, and the reason is said; the ergotropy needs none."""
    density = chains.Discrete(frequencies=[0.7], couplings=[0.2])
    baths = [tt.couple({"x": 0.5}, chains.chain(density, temperature=T)) for T in (0.2, 0.5)]
    model = tt.assemble(hamiltonian={"z": 0.5}, couplings=baths)
    run = tt.evolve(model, initial="+z", until=0.5, algorithm=tt.TDVP(step=0.25, max_bond=4), bath_entropy="off")
    found = tt.ledger(run)
    assert np.isnan(found["F_S"].values).all()
    assert np.isnan(found["F_S_error"].values).all()
    assert "different temperatures" in found["F_S"].attrs["reason"]
    assert "different temperatures" in found["F_S_error"].attrs["reason"]
    assert found["ergotropy"].values[0] == pytest.approx(1.0, abs=1e-9)
    assert (found["ergotropy_error"].values[1:] > 0).all()
