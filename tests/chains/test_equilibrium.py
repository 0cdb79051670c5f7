"""How long a chain has to be in imaginary time, beside quadratures of C(-i tau)."""

import numpy as np
import pytest
from scipy.integrate import quad

import chains

OHMIC = chains.PowerLaw(alpha=0.1, exponent=1.0, cutoff=1.0, shape="hard")


def own(bath: chains.Chain, tau: float) -> float:
    """kappa^2 <0| exp(-tau h) |0> of the chain."""
    h = np.diag(bath.frequencies) + np.diag(bath.hoppings, 1) + np.diag(bath.hoppings, -1)
    w, u = np.linalg.eigh(h)
    return float(bath.coupling**2 * np.exp(-tau * w) @ u[0] ** 2)


@pytest.mark.parametrize(("temperature", "tolerance"), [(0.1, 1e-3), (0.1, 1e-7), (0.5, 1e-5), (3.0, 1e-5)])
def test_the_shortest_chain_has_imaginary_time_right(temperature: float, tolerance: float) -> None:
    beta = 1 / temperature

    def exact(tau: float) -> float:
        value, _ = quad(lambda w: 0.2 * w * np.cosh(w * (beta / 2 - tau)) / np.sinh(w * beta / 2), 0, 1)
        return value

    def worst(length: int) -> float:
        bath = chains.chain(OHMIC, length, temperature=temperature)
        return max(abs(own(bath, tau) - exact(tau)) for tau in np.linspace(0, beta, 33)) / exact(0)

    found = chains.required_length_equilibrium(OHMIC, temperature=temperature, tolerance=tolerance)
    assert worst(found) <= tolerance * 1.01 + 1e-12
    assert worst(found - 1) > tolerance
    assert chains.equilibrium_error(chains.chain(OHMIC, found - 1, temperature=temperature)) == pytest.approx(
        worst(found - 1), rel=1e-3
    )


@pytest.mark.parametrize(
    "density",
    [
        chains.PowerLaw(alpha=0.1, exponent=0.5, cutoff=2.0, shape="exponential"),
        chains.Brownian(reorganisation_energy=0.1, frequency=1.0, width=0.2, cutoff=20.0),
        chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.6),
    ],
)
def test_a_tighter_tolerance_needs_no_fewer_sites_and_a_chain_of_them_keeps_it(density: chains.SpectralDensity) -> None:
    support = 30.0 if np.isinf(density.support[1]) else None  # type: ignore[union-attr]
    before = 0
    for tolerance in (1e-2, 1e-4, 1e-6):
        found = chains.required_length_equilibrium(density, temperature=0.3, tolerance=tolerance, support=support)
        assert found >= before
        assert chains.equilibrium_error(chains.chain(density, found, temperature=0.3, support=support)) <= tolerance
        before = found


def test_discrete_baths_are_complete_and_cold_ones_refused() -> None:
    modes = chains.Discrete(frequencies=[0.5, 1.0], couplings=[0.1, 0.2])
    assert chains.equilibrium_error(chains.chain(modes, temperature=0.5)) == 0.0
    assert chains.required_length_equilibrium(modes, temperature=0.5) == chains.chain(modes, temperature=0.5).length
    with pytest.raises(chains.InvalidInput, match="T > 0"):
        chains.equilibrium_error(chains.chain(OHMIC, 4))
    with pytest.raises(chains.InvalidInput, match=r"temperature[\s\S]*tolerance"):
        chains.required_length_equilibrium(OHMIC, temperature=0.0, tolerance=-1.0)
