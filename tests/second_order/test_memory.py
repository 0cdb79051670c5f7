"""The memory's integrals against the sum over all modes, term by term, with and without resonances, and against the definition."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.second_order.memory import Memory, elapsed, memory, turned_sums

UNTIL = 12.0
EVENLY = np.linspace(0, UNTIL, 101)
UNEVENLY = np.array([0.0, 1e-9, 0.3, 1.7, 1.8, 11.99, UNTIL])
H = np.array([[0.5, 0.1, 0.0], [0.1, -0.2, 0.3j], [0.0, -0.3j, 0.9]])
HERMITIAN = np.array([[0.1, 0.4, 0.0], [0.4, 0.0, 0.2 - 0.1j], [0.0, 0.2 + 0.1j, -0.3]])
LOWERING = np.array([[0.0, 0.0, 0.0], [0.7, 0.0, 0.2j], [0.0, 0.0, 0.1]])


def soft(temperature: float) -> chains.Bath:
    J = chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=1.0, shape="exponential")
    return chains.Bath(density=J, temperature=temperature)


def two_baths() -> Memory:
    couplings = [tt.couple(HERMITIAN, soft(0.7)), tt.couple(LOWERING, soft(0.3), kind="exchange")]
    return memory(tt.assemble(hamiltonian=H, couplings=couplings), UNTIL)


def resonant() -> Memory:
    """Discrete modes of which one has a frequency of the system, one nearly; a diagonal element as well."""
    energies = np.linalg.eigvalsh(H)
    w = np.array([energies[2] - energies[0], energies[1] - energies[0] + 1e-9, 0.37])
    bath = chains.chain(chains.Discrete(frequencies=w, couplings=[0.2, 0.3, 0.1]), temperature=0.4)
    return memory(tt.assemble(hamiltonian=H, couplings=[tt.couple(HERMITIAN, bath)]), UNTIL)


def by_terms(known: Memory, times: np.ndarray, *, near: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """sum_m G_qm conj(G_rm) A_r,ab int_0^t exp(-i (nu_m + w_ab) s) ds, and the same times -i nu_m; without resonances the negative twin."""
    G, nu = known.modes.amplitude, known.modes.frequency
    bohr = known.energies[:, None] - known.energies[None, :]
    carried = np.einsum("rm,rab->mab", G.conj(), known.operators)
    apart = nu[:, None, None] + bohr
    weight = elapsed(apart, times[:, None, None, None]) * carried
    weight = weight if near else np.where(np.abs(apart) < 1e-6, 0.0, weight)
    return np.einsum("qm,nmab->nqab", G, weight), np.einsum("qm,nmab->nqab", G * (-1j * nu), weight)


@pytest.mark.parametrize("times", [EVENLY, UNEVENLY, EVENLY[:1]], ids=["evenly", "unevenly", "once"])
@pytest.mark.parametrize("known", [two_baths, resonant])
def test_the_integrals_are_the_sum_over_all_modes(known, times: np.ndarray) -> None:
    of = known()
    for found, wanted in zip(of.at(times), by_terms(of, times), strict=True):
        np.testing.assert_allclose(found, wanted, rtol=0, atol=1e-12)


def test_modes_in_resonance_are_not_left_out() -> None:
    of = resonant()
    assert any(modes.size for modes in of.baths[0].near)
    assert np.abs(of.at(EVENLY)[0] - by_terms(of, EVENLY, near=False)[0]).max() > 0.01


def test_every_frequency_of_an_operator_stands_once() -> None:
    """Two equal levels: nine elements, of which no more than three frequencies differ."""
    couplings = [tt.couple(np.ones((3, 3)), soft(0.5))]
    known = memory(tt.assemble(hamiltonian=np.diag([0.0, 0.6, 0.6]), couplings=couplings), UNTIL)
    assert known.baths[0].transitions.size == 3
    np.testing.assert_allclose(known.at(UNEVENLY)[0], by_terms(known, UNEVENLY)[0], rtol=0, atol=1e-12)


def test_sums_at_equal_steps_are_those_one_by_one() -> None:
    rng = np.random.default_rng(5)
    nu, rows = rng.uniform(-50, 50, 30), rng.normal(size=(2, 30)) + 0j
    times = np.linspace(0.3, 9.0, 131)
    one_by_one = np.concatenate([turned_sums(nu, rows, times[i : i + 1]) for i in range(times.size)])
    np.testing.assert_allclose(turned_sums(nu, rows, times), one_by_one, rtol=0, atol=1e-11)
    moved = times + 1e-4 * np.arange(times.size) ** 2 / times.size  # not equal steps: another way, other numbers
    assert np.abs(turned_sums(nu, rows, moved) - one_by_one).max() > 1e-2
    direct = np.exp(-1j * np.multiply.outer(moved, nu)) @ rows.T
    np.testing.assert_allclose(turned_sums(nu, rows, moved), direct, rtol=0, atol=1e-11)
