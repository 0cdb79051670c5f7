"""Nodes and weights that stand for a spectral density at a temperature: against moments in closed form and C(t)."""

import numpy as np
import pytest

import chains

OHMIC = chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=1.0, shape="exponential")
SUB = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=0.5, shape="hard")
MODES = chains.Discrete(frequencies=[0.5, 1.3], couplings=[0.2, 0.4])
DENSITIES = [OHMIC, SUB, MODES, chains.Sum(parts=[OHMIC, SUB])]


@pytest.mark.parametrize("density", DENSITIES)
def test_moments(density: chains.SpectralDensity) -> None:
    nodes, weights = chains.measure(density)
    assert (nodes > 0).all()
    assert weights.sum() == pytest.approx(density.weight(), rel=1e-12)
    # odd moments do not know the temperature, and J coth (beta w/2) > J
    hot, more = chains.measure(density, temperature=0.7)
    assert (more * hot).sum() == pytest.approx((weights * nodes).sum(), rel=1e-12)
    assert more.sum() > 1.05 * weights.sum()


@pytest.mark.parametrize("temperature", [0.0, 0.3])
@pytest.mark.parametrize("density", DENSITIES)
def test_correlation_function(density: chains.SpectralDensity, temperature: float) -> None:
    nodes, weights = chains.measure(density, temperature=temperature, longest_time=30.0)
    times = np.array([0.0, 2.0, 30.0])
    C = np.exp(-1j * np.outer(times, nodes)) @ weights
    assert pytest.approx(chains.correlation(density, times=times, temperature=temperature), abs=1e-12) == C
    assert chains.correlation(density, times=times, temperature=temperature + 0.1)[1] != pytest.approx(C[1], abs=1e-6)


def test_nothing_couples() -> None:
    nodes, weights = chains.measure(chains.PowerLaw(alpha=0.0), temperature=0.1)
    assert nodes.size == weights.size > 0
    assert (weights == 0).all()


def test_what_is_refused() -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        chains.measure("J", temperature=-1.0, longest_time=np.inf)  # type: ignore[arg-type]
    assert {p.key for p in caught.value.problems} == {"density", "temperature", "longest_time"}
