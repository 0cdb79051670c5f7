"""Spectral densities: values, integrals, conventions, tables."""

import math
from pathlib import Path

import numpy as np
import pytest
from scipy.integrate import quad

import chains

DENSITIES = [
    chains.PowerLaw(alpha=0.3, cutoff=2.0, exponent=0.5),
    chains.PowerLaw(alpha=0.3, cutoff=2.0, exponent=1.5, shape="exponential"),
    chains.PowerLaw(alpha=0.3, cutoff=2.0, exponent=1.0, shape="gaussian"),
    chains.DrudeLorentz(reorganisation_energy=0.3, width=0.5),
    chains.Brownian(reorganisation_energy=0.3, frequency=1.0, width=0.2),
    chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.6),
    chains.Table(frequencies=[0.0, 0.4, 1.0, 1.7, 2.0], values=[0.0, 0.3, 0.5, 0.1, 0.0]),
]


@pytest.mark.parametrize("density", DENSITIES)
def test_weight_and_reorganisation_are_the_integrals_of_the_values(density: chains.ContinuousDensity) -> None:
    low, high = density.support
    end = 120.0 if math.isinf(high) else high
    points = sorted({p for p in (0.1, 0.4, 0.9, 1.0, 1.1, 1.7, 3.0) if low < p < end})
    weight = quad(lambda w: float(density(w)), low, end, points=points, limit=400)[0]
    reorganisation = quad(lambda w: float(density(w)) / w, low, end, points=points, limit=400)[0]
    assert density.weight() == pytest.approx(weight, rel=1e-6)
    assert density.reorganisation() == pytest.approx(reorganisation, rel=1e-6)
    assert "no pi" in density.describe()
    assert chains.chain(density, 5, support=None).coupling ** 2 == pytest.approx(weight, rel=1e-6)


def test_formulas_by_hand() -> None:
    assert chains.PowerLaw(alpha=0.3, cutoff=2.0, exponent=3.0)(1.0) == pytest.approx(0.15)
    assert chains.DrudeLorentz(reorganisation_energy=0.3, width=0.5)(0.5) == pytest.approx(0.3 / math.pi)
    brownian = chains.Brownian(reorganisation_energy=0.3, frequency=2.0, width=0.5)
    assert brownian(2.0) == pytest.approx(2 / math.pi * 0.3 * 2.0 / 0.5)
    semicircle = chains.Semicircle(coupling=0.3, centre=1.0, half_width=0.5)
    assert semicircle(1.0) == pytest.approx(0.09 * 2 / (math.pi * 0.5))
    np.testing.assert_allclose(semicircle([0.2, 1.7]), 0.0)


def test_a_narrow_brownian_oscillator_is_one_mode() -> None:
    density = chains.Brownian(reorganisation_energy=0.3, frequency=2.0, width=1e-6)
    bath = chains.chain(density, 3)
    assert bath.coupling**2 == pytest.approx(0.3 * 2.0, rel=1e-5)
    assert bath.frequencies[0] == pytest.approx(2.0, rel=1e-5)


def test_other_conventions_are_named() -> None:
    ours = chains.PowerLaw(alpha=0.3, cutoff=2.0)
    assert chains.PowerLaw.with_pi(prefactor=2 * math.pi * 0.3, cutoff=2.0).alpha == pytest.approx(ours.alpha)
    assert chains.PowerLaw.with_half_pi(prefactor=math.pi * 0.3, cutoff=2.0).alpha == pytest.approx(ours.alpha)
    assert chains.PowerLaw.with_half_alpha(alpha=1.2, cutoff=2.0).alpha == pytest.approx(ours.alpha)


def test_which_integrals_diverge_is_said() -> None:
    assert chains.divergent_integrals(chains.PowerLaw(alpha=0.1, exponent=3.0), temperature=0.2) == ()
    assert len(chains.divergent_integrals(chains.PowerLaw(alpha=0.1, exponent=2.0), temperature=0.2)) == 1
    assert len(chains.divergent_integrals(chains.PowerLaw(alpha=0.1, exponent=0.5), temperature=0.2)) == 2
    assert len(chains.divergent_integrals(chains.PowerLaw(alpha=0.1, exponent=1.0), temperature=0.0)) == 1
    assert chains.divergent_integrals(chains.Discrete(frequencies=[1.0], couplings=[1.0]), temperature=0.2) == ()


def test_a_fine_table_of_a_smooth_density_gives_its_chain(tmp_path: Path) -> None:
    w = np.linspace(0.0, 8.0, 801)
    file = tmp_path / "J.csv"
    rows = "\n".join(f"{x:.17g}, {0.6 * x * math.exp(-x * x):.17g}" for x in w)
    file.write_text(f"# an Ohmic bath\nw, J\n\n{rows}\n")
    table = chains.chain(chains.Table.from_file(file), 8, temperature=0.3)
    smooth = chains.chain(chains.PowerLaw(alpha=0.3, shape="gaussian"), 8, temperature=0.3, support=None)
    assert table.coupling == pytest.approx(smooth.coupling, rel=1e-5)
    np.testing.assert_allclose(table.hoppings[:4], smooth.hoppings[:4], rtol=1e-3)
    assert str(file) in chains.Table.from_file(str(file)).describe()


def test_a_table_may_end_hard_if_asked() -> None:
    w = np.linspace(0.0, 1.0, 5)
    table = chains.Table(frequencies=w, values=0.2 * w, ends="hard")
    exact = chains.chain(chains.PowerLaw(alpha=0.1), 10, temperature=0.2)
    np.testing.assert_allclose(chains.chain(table, 10, temperature=0.2).hoppings, exact.hoppings, rtol=1e-11)
