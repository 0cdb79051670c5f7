"""Undoing the chain and thermofield maps."""

import numpy as np
import pytest

import chains
from tests.chains.tolerances import MODE_FUNCTIONS

CASES = [
    (chains.PowerLaw(alpha=0.1), 0.0, 100),
    (chains.PowerLaw(alpha=0.1), 0.2, 150),
    (chains.PowerLaw(alpha=0.1, exponent=0.3), 0.1, 150),
    (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.0, 100),
    (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.2, 60),
    (chains.PowerLaw(alpha=0.1, shape="gaussian"), 0.0, 40),
    (chains.PowerLaw(alpha=0.1), 2e-4, 60),
    (chains.PowerLaw(alpha=0.0), 0.2, 20),
    (chains.DrudeLorentz(reorganisation_energy=0.3, width=0.5), 0.2, 60),
    (chains.Brownian(reorganisation_energy=0.3, frequency=1.0, width=0.02), 0.2, 60),
    (chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.5), 0.1, 30),
    (chains.Table(frequencies=[0.0, 0.4, 1.0, 1.7, 2.0], values=[0.0, 0.3, 0.5, 0.1, 0.0]), 0.3, 30),
    (chains.Discrete(frequencies=[0.5, 1.2, 2.0], couplings=[0.35, 0.5, 0.1]), 0.0, 3),
    (chains.Discrete(frequencies=[0.5, 1.2, 2.0], couplings=[0.35, 0.5, 0.1]), 0.5, 6),
    (chains.Discrete(frequencies=[0.5, 1.2, 2.0], couplings=[0.35, 0.5, 0.1]), 0.5, 4),
]


def tridiagonal(bath: chains.Chain) -> np.ndarray:
    return np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)


@pytest.mark.parametrize(("density", "temperature", "length"), CASES)
def test_orthonormal_and_gives_the_tridiagonal_matrix_back(
    density: chains.SpectralDensity, temperature: float, length: int
) -> None:
    bath = chains.chain(density, length, temperature=temperature)
    modes = chains.mode_functions(bath)
    plus, minus, w = modes.positive, modes.negative, modes.frequencies[:, None]
    np.testing.assert_allclose(plus.T @ plus + minus.T @ minus, np.eye(length), rtol=0, atol=MODE_FUNCTIONS)
    matrix = plus.T @ (w * plus) - minus.T @ (w * minus)
    h = tridiagonal(bath)
    np.testing.assert_allclose(matrix, h, rtol=0, atol=MODE_FUNCTIONS * np.max(np.abs(h)))
    assert np.all(modes.frequencies > 0.0)
    np.testing.assert_allclose(modes.cosh**2 - modes.sinh**2, 1.0, rtol=0, atol=1e-9 * np.max(modes.cosh) ** 2)
    if temperature == 0.0:
        assert not np.any(modes.sinh)
        assert not np.any(minus)
    else:
        np.testing.assert_allclose(modes.sinh, modes.cosh * np.exp(-0.5 * modes.frequencies / temperature))


def test_coupling_of_the_physical_modes_is_the_spectral_density() -> None:
    # kappa U[j, 0] = sqrt(weight J_beta), and X = sum_j g_j (a_j + a_j^dag) needs cosh and sinh of it: g_j^2 = weight J
    density = chains.PowerLaw(alpha=0.1, exponent=0.7)
    bath = chains.chain(density, 30, temperature=0.3)
    modes = chains.mode_functions(bath)
    g = np.sqrt(modes.weights * density(modes.frequencies))
    np.testing.assert_allclose(bath.coupling * modes.positive[:, 0], g * modes.cosh, rtol=1e-10)
    np.testing.assert_allclose(bath.coupling * modes.negative[:, 0], g * modes.sinh, rtol=1e-10)


def test_thermofield_pair_uses_one_grid() -> None:
    density = chains.PowerLaw(alpha=0.1, exponent=0.7)
    pair = chains.thermofield_chains(density, 25, temperature=0.3)
    first, second = (chains.mode_functions(bath) for bath in pair)
    np.testing.assert_array_equal(first.frequencies, second.frequencies)
    assert not np.any(first.negative)
    assert not np.any(second.positive)
    assert max(first.error, second.error) < MODE_FUNCTIONS
    matrix = second.negative.T @ (second.frequencies[:, None] * second.negative)
    np.testing.assert_allclose(matrix, tridiagonal(pair[1]), rtol=0, atol=MODE_FUNCTIONS)


def test_a_chain_of_another_density_is_refused() -> None:
    # the check of orthonormality is a real one: coefficients that do not belong to the weight fail it
    right = chains.chain(chains.PowerLaw(alpha=0.1), 20, temperature=0.2)
    wrong = chains.Chain(
        coupling=right.coupling,
        frequencies=1.01 * right.frequencies,
        hoppings=right.hoppings,
        next_hopping=right.next_hopping,
        temperature=right.temperature,
        density=right.density,
        weight=right.weight,
        support=right.support,
        method=right.method,
        error=right.error,
    )
    with pytest.raises(chains.ChainNotConverged, match="mode functions"):
        chains.mode_functions(wrong)
