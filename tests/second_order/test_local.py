"""The local and the global Lindblad equation of two coupled qubits between two baths, against their closed forms."""

from functools import cache

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains import InvalidInput
from tests.support.two_qubits import ONE, X, Z, model_of

SPLITTINGS, EPS, ALPHA = (1.0, 0.4), 0.3, 0.15
HOT, COLD = 0.5, 0.4


def J(w: float) -> float:
    return float(chains.PowerLaw(alpha=ALPHA, cutoff=3.0, exponent=1.0, shape="exponential")(np.array([w]))[0])


def rate(w: float, T: float) -> tuple[float, float]:
    """(down, up) of A = sigma_x/2: 2 pi J (n + 1)/4, 2 pi J n/4."""
    n = 1 / np.expm1(w / T)
    return 2 * np.pi * J(w) * (n + 1) / 4, 2 * np.pi * J(w) * n / 4


@cache
def steady(method: str, temperatures: tuple[float, float]) -> tuple[np.ndarray, np.ndarray]:
    """(currents into the baths, rho_S) after a long time."""
    model = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=temperatures)
    local = tt.local_hamiltonians(model, (2, 2)) if method == "local" else None
    found = tt.weak_coupling(model, initial=np.eye(4) / 4, times=[200.0], method=method, local=local)
    rho = found["rho_S"].values[0]
    return found["flux_each"].values[0], rho[..., 0] + 1j * rho[..., 1]


def levy_kosloff(temperatures: tuple[float, float]) -> float:
    """Energy from the first bath into the second: excitations and coherence close by themselves, as of free fermions.

    0 = G_1 (f_1 - n_1) - I = G_2 (f_2 - n_2) + I, I = k (n_1 - n_2), k = 2 e^2 g/(g^2 + d^2), g = (G_1 + G_2)/2, d = w_1 - w_2,
    G = down + up, f = up/G = 1/(exp(w/T) + 1), and every excitation carries (w_1 G_2 + w_2 G_1)/(G_1 + G_2), coherence included.
    """
    (d1, u1), (d2, u2) = (rate(w, T) for w, T in zip(SPLITTINGS, temperatures, strict=True))
    G1, G2 = d1 + u1, d2 + u2
    g, d = (G1 + G2) / 2, SPLITTINGS[0] - SPLITTINGS[1]
    k = 2 * EPS**2 * g / (g**2 + d**2)
    excitations = (u1 / G1 - u2 / G2) / (1 / k + 1 / G1 + 1 / G2)
    return excitations * (SPLITTINGS[0] * G2 + SPLITTINGS[1] * G1) / (G1 + G2)


def davies(temperatures: tuple[float, float]) -> tuple[float, np.ndarray]:
    """(energy from the first bath into the second, populations) of the rate equation between the eigenstates of H_S."""
    model = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=temperatures)
    energies, vectors = np.linalg.eigh(model.hamiltonian)
    each = []
    for A, T in zip((np.kron(X, ONE) / 2, np.kron(ONE, X) / 2), temperatures, strict=True):
        W = np.zeros((4, 4))
        for a in range(4):
            for b in range(4):
                w = energies[b] - energies[a]
                size = abs(vectors[:, a].conj() @ A @ vectors[:, b]) ** 2
                if size > 1e-14 and a != b:
                    n = 1 / np.expm1(abs(w) / T)
                    W[a, b] = 2 * np.pi * J(abs(w)) * size * (n + 1 if w > 0 else n)
        assert np.allclose(W, W.T * np.exp((energies[None, :] - energies[:, None]) / T))  # detailed balance
        each.append(W - np.diag(W.sum(axis=0)))
    _, _, null = np.linalg.svd(sum(each))
    p = null[-1] / null[-1].sum()
    return float(energies @ each[0] @ p), p


@pytest.mark.parametrize("temperatures", [(HOT, COLD), (COLD, HOT), (0.5, 0.5)])
def test_both_against_their_closed_forms(temperatures: tuple[float, float]) -> None:
    local, _ = steady("local", temperatures)
    np.testing.assert_allclose(local, levy_kosloff(temperatures) * np.array([-1, 1]), atol=1e-9)
    current, populations = davies(temperatures)
    found, rho = steady("lindblad", temperatures)
    np.testing.assert_allclose(found, current * np.array([-1, 1]), atol=1e-9)
    H = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=temperatures).hamiltonian
    vectors = np.linalg.eigh(H)[1]
    np.testing.assert_allclose(np.diag(vectors.conj().T @ rho @ vectors).real, populations, atol=1e-9)
    assert np.abs(local - found).max() > 1e-4  # the negative twin: they are not each other


def test_the_local_current_runs_from_cold_to_hot_and_the_global_does_not() -> None:
    """w_c/T_c = 1 < w_h/T_h = 2: published condition; the other way round both run from hot to cold."""
    assert SPLITTINGS[1] / COLD < SPLITTINGS[0] / HOT
    assert steady("local", (HOT, COLD))[0][0] > 1e-4  # into the hot bath
    assert steady("lindblad", (HOT, COLD))[0][0] < -1e-5
    assert steady("local", (COLD, HOT))[0][0] > 1e-4  # the first bath is the cold one now
    assert steady("lindblad", (COLD, HOT))[0][0] > 1e-5


def test_at_equal_temperatures_the_global_current_vanishes_the_local_does_not() -> None:
    found, rho = steady("lindblad", (0.5, 0.5))
    assert np.abs(found).max() < 1e-10
    H = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=(0.5, 0.5)).hamiltonian
    energies, vectors = np.linalg.eigh(H)
    gibbs = (vectors * np.exp(-energies / 0.5)) @ vectors.conj().T
    np.testing.assert_allclose(rho, gibbs / np.trace(gibbs), atol=1e-9)
    assert np.abs(steady("local", (0.5, 0.5))[0]).max() > 1e-3


def test_local_is_global_where_the_parts_are_not_coupled_and_the_hamiltonian_is_all_local() -> None:
    model = model_of(splittings=SPLITTINGS, coupling=0.0, alpha=ALPHA, temperatures=(HOT, COLD))
    parts = tt.local_hamiltonians(model, (2, 2))
    np.testing.assert_allclose(parts[0], np.kron(Z, ONE) * SPLITTINGS[0] / 2, atol=1e-15)
    np.testing.assert_allclose(parts[1], np.kron(ONE, Z) * SPLITTINGS[1] / 2, atol=1e-15)
    coupled = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=(HOT, COLD))
    np.testing.assert_allclose(tt.local_hamiltonians(coupled, (2, 2)), parts, atol=1e-15)
    np.testing.assert_allclose(tt.local_hamiltonians(coupled, (4,))[0], coupled.hamiltonian, atol=1e-15)
    start = np.kron([[0.7, 0], [0, 0.3]], [[0.5, 0], [0, 0.5]])  # diagonal: the Lamb shift turns nothing
    states = [
        tt.weak_coupling(model, initial=start, times=[1.0, 5.0], method=method, local=local)["rho_S"].values
        for method, local in (("local", parts), ("lindblad", None))
    ]
    np.testing.assert_allclose(states[0], states[1], atol=1e-9)


def test_what_is_wrong_comes_together() -> None:
    model = model_of(splittings=SPLITTINGS, coupling=EPS, alpha=ALPHA, temperatures=(HOT, COLD))
    with pytest.raises(InvalidInput) as caught:
        tt.weak_coupling(model, initial=np.eye(4) / 4, times=[-1.0], method="local")
    assert [problem.key for problem in caught.value.problems] == ["times", "local"]
    with pytest.raises(InvalidInput, match="with method"):
        tt.weak_coupling(model, initial=np.eye(4) / 4, times=[1.0], local=[np.eye(4)] * 2)
    for wrong in ([np.eye(4)], [np.eye(4), np.eye(3)], [np.eye(4), np.triu(np.ones((4, 4)))]):
        with pytest.raises(InvalidInput):
            tt.weak_coupling(model, initial=np.eye(4) / 4, times=[1.0], method="local", local=wrong)
    for parts in ((2, 3), (), "22", (2, 2.5), 4):
        with pytest.raises(InvalidInput):
            tt.local_hamiltonians(model, parts)
