"""The physical modes behind both chains of a thermofield pair, on one grid."""

from dataclasses import replace

import numpy as np
import pytest

import chains
from tests.chains.tolerances import CORRELATION, MODE_FUNCTIONS, VISIBLE

OHMIC = chains.PowerLaw(alpha=0.1)
SUM = chains.Sum(
    parts=[OHMIC, chains.PowerLaw(alpha=0.2, exponent=0.5), chains.Semicircle(coupling=0.2, centre=3.0, half_width=0.5)]
)
CASES = [
    (chains.PowerLaw(alpha=0.1, exponent=0.5), 0.3, 60, None),
    (chains.PowerLaw(alpha=0.1, exponent=0.3), 0.01, 60, None),
    (OHMIC, 2e-4, 40, None),  # the absorption ends at 1200 T, inside the support
    (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.2, 50, None),
    (chains.PowerLaw(alpha=0.3, cutoff=5.0, shape="exponential"), 0.5, 50, 40.0),
    (chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.5), 0.1, 30, None),
    (chains.Brownian(reorganisation_energy=0.3, frequency=1.0, width=0.02), 0.2, 40, None),
    (chains.PowerLaw(alpha=0.0), 0.2, 20, None),
    (SUM, 0.3, 40, None),
    (SUM, 1e-3, 40, None),  # the band has no absorption
    (SUM, 0.3, 40, 3.1),
]


def tridiagonal(bath: chains.Chain) -> np.ndarray:
    return np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)


def check(pair: tuple[chains.Chain, chains.Chain], modes: chains.ModeFunctions) -> None:
    w = modes.frequencies[:, None]
    for bath, part in zip(pair, (modes.positive, modes.negative), strict=True):
        assert part.shape == (modes.frequencies.size, bath.length)
        np.testing.assert_allclose(part.T @ part, np.eye(bath.length), rtol=0, atol=MODE_FUNCTIONS)
        h = tridiagonal(bath)
        np.testing.assert_allclose(part.T @ (w * part), h, rtol=0, atol=MODE_FUNCTIONS * np.max(np.abs(h)))
    assert modes.error < MODE_FUNCTIONS
    assert np.all(modes.frequencies > 0.0)
    temperature = pair[0].temperature
    np.testing.assert_allclose(modes.sinh, modes.cosh * np.exp(-0.5 * modes.frequencies / temperature))


@pytest.mark.parametrize(("density", "temperature", "length", "support"), CASES)
def test_both_parts_are_orthonormal_and_give_the_chains_back(
    density: chains.ContinuousDensity, temperature: float, length: int, support: float | None
) -> None:
    pair = chains.thermofield_chains(density, length, temperature=temperature, support=support)
    modes = chains.pair_mode_functions(pair)
    check(pair, modes)
    if density.strength > 0.0:  # X in both maps: g_j^2 = weight J
        g = np.sqrt(modes.weights * density(modes.frequencies))
        expected = g * modes.cosh
        np.testing.assert_allclose(pair[0].coupling * modes.positive[:, 0], expected, rtol=1e-9, atol=1e-14)
        expected = np.where(modes.frequencies < pair[1].support[1], g * modes.sinh, 0.0)
        np.testing.assert_allclose(pair[1].coupling * modes.negative[:, 0], expected, rtol=1e-9, atol=1e-14)


def test_lengths_may_differ() -> None:
    first, _ = chains.thermofield_chains(SUM, 50, temperature=0.2)
    _, second = chains.thermofield_chains(SUM, 17, temperature=0.2)
    for pair in ((first, second), (replace_length(first, 3), second)):
        check(pair, chains.pair_mode_functions(pair))


def replace_length(bath: chains.Chain, length: int) -> chains.Chain:
    return replace(
        bath,
        frequencies=bath.frequencies[:length],
        hoppings=bath.hoppings[: length - 1],
        next_hopping=float(bath.hoppings[length - 1]),
    )


def test_the_pair_agrees_with_each_chain_alone() -> None:
    pair = chains.thermofield_chains(chains.PowerLaw(alpha=0.1, exponent=0.7), 25, temperature=0.3)
    modes = chains.pair_mode_functions(pair)
    first, second = (chains.mode_functions(bath) for bath in pair)
    np.testing.assert_array_equal(modes.frequencies, first.frequencies)
    np.testing.assert_array_equal(modes.positive, first.positive)
    np.testing.assert_array_equal(modes.negative, second.negative)


def test_a_finer_grid_has_more_modes_and_the_same_integrals() -> None:
    pair = chains.thermofield_chains(SUM, 20, temperature=0.3)
    coarse, fine = chains.pair_mode_functions(pair), chains.pair_mode_functions(pair, resolution=3)
    assert fine.frequencies.size > 2 * coarse.frequencies.size
    check(pair, fine)
    for part in ("positive", "negative"):
        a, b = getattr(coarse, part), getattr(fine, part)
        energy = [p.T @ (m.frequencies[:, None] * p) for p, m in ((a, coarse), (b, fine))]
        np.testing.assert_allclose(energy[0], energy[1], rtol=0, atol=MODE_FUNCTIONS)


def test_thermal_occupation_of_the_physical_modes() -> None:
    # the vacuum of both chains is the thermal state: sum_j weight g^2 (cosh^2 + sinh^2) is C(0)
    pair = chains.thermofield_chains(SUM, 20, temperature=0.3)
    modes = chains.pair_mode_functions(pair)
    g2 = modes.weights * SUM(modes.frequencies)
    coth = modes.cosh**2 + modes.sinh**2
    assert np.sum(g2 * coth) == pytest.approx(pair[0].coupling ** 2 + pair[1].coupling ** 2, rel=CORRELATION)


@pytest.mark.parametrize("temperature", [0.5, 0.02, 1e-3])
def test_discrete_baths(temperature: float) -> None:
    density = chains.Discrete(frequencies=[0.5, 1.2, 2.0], couplings=[0.35, 0.5, 0.1])
    pair = chains.thermofield_chains(density, temperature=temperature)
    modes = chains.pair_mode_functions(pair)
    assert pair[1].length == (2 if temperature == 1e-3 else 3)  # thermal copies below 1e-308 are left out
    check(pair, modes)
    np.testing.assert_array_equal(modes.frequencies, density.frequencies)
    np.testing.assert_array_equal(modes.weights, 1.0)
    g = np.asarray(density.couplings)
    np.testing.assert_allclose(pair[0].coupling * modes.positive[:, 0], g * modes.cosh, rtol=1e-10)
    np.testing.assert_allclose(
        pair[1].coupling * modes.negative[: pair[1].length, 0], (g * modes.sinh)[: pair[1].length]
    )
    assert not np.any(modes.negative[pair[1].length :])
    short = chains.thermofield_chains(density, 2, temperature=temperature)
    first, second = chains.pair_mode_functions(short).positive, chains.pair_mode_functions(short).negative
    assert first.shape == (3, 2)
    assert second.shape == (3, 2)


def test_chains_that_do_not_belong_together_are_refused() -> None:
    pair = chains.thermofield_chains(OHMIC, 10, temperature=0.2)
    other = chains.thermofield_chains(chains.PowerLaw(alpha=0.1, exponent=0.9), 10, temperature=0.3)
    cut = chains.thermofield_chains(OHMIC, 10, temperature=0.2, support=0.5)
    single = chains.chain(OHMIC, 10, temperature=0.2)
    for wrong, keys in (
        ((pair[1], pair[0]), {"pair[0].weight", "pair[1].weight"}),
        ((single, pair[1]), {"pair[0].weight"}),
        ((pair[0], other[1]), {"pair[1].density", "pair[1].temperature"}),
        ((pair[0], cut[1]), {"pair[1].support"}),
        (pair[0], {"pair"}),
        ((pair[0],), {"pair"}),
        ((pair[0], "J"), {"pair"}),
    ):
        with pytest.raises(chains.InvalidInput) as caught:
            chains.pair_mode_functions(wrong)  # type: ignore[arg-type]
        assert {problem.key for problem in caught.value.problems} == keys
    with pytest.raises(chains.InvalidInput, match="resolution"):
        chains.pair_mode_functions(pair, resolution=0)


@pytest.mark.parametrize("which", [0, 1])
def test_coefficients_that_do_not_belong_to_the_weight_are_refused(which: int) -> None:
    pair = list(chains.thermofield_chains(OHMIC, 20, temperature=0.2))
    pair[which] = replace(pair[which], frequencies=1.01 * pair[which].frequencies)
    with pytest.raises(chains.ChainNotConverged, match="mode functions") as caught:
        chains.pair_mode_functions((pair[0], pair[1]))
    assert caught.value.residual > VISIBLE
