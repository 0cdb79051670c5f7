"""The statistics of the heat of pure dephasing against two dense measurements by projectors."""

import numpy as np
import pytest

import chains
from tests.oracles.general import Bath, General
from tnthermo.closed_forms import dephasing_heat, displacement
from tnthermo.model.operators import PAULI

W, COUPLING = (0.6, 1.1), (0.25, 0.3)
MIXED = np.array([[0.7, 0.3], [0.3, 0.3]])
FIELDS = np.linspace(-5, 9, 15)
PROJECTOR = np.diag([1.0, 0.0])
LEVELS = np.diag([0.7, -0.2])


@pytest.mark.parametrize("temperature", [0.0, 0.5], ids=["cold", "warm"])
@pytest.mark.parametrize("A", [PAULI["z"], PROJECTOR, LEVELS], ids=["z", "projector", "levels"])
def test_against_two_dense_measurements(A, temperature):
    bath = Bath(operator=A, frequencies=W, couplings=COUPLING, beta=1 / temperature if temperature else np.inf)
    dense = General(hamiltonian=0.3 * PAULI["z"], baths=(bath,), levels=18, initial=MIXED)
    times = [1.0, 4.0]
    found = dephasing_heat(
        chains.Discrete(frequencies=W, couplings=COUPLING),
        times,
        FIELDS,
        temperature=temperature,
        initial=MIXED,
        operator=A,
    )
    exact = dense.heat_characteristic(times, FIELDS, [1.0])
    np.testing.assert_allclose(found.G, exact, atol=2e-6)
    np.testing.assert_allclose(found.cumulants, dense.heat_cumulants(times, [1.0]), rtol=3e-4)
    assert np.isnan(found.atom).all()  # of modes every heat has a probability
    assert np.abs(found.G.conj() - exact).max() > 0.05  # negative


def test_a_continuum_is_the_limit_of_modes():
    hard = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    x, weights = np.polynomial.legendre.leggauss(60)
    w = (x + 1) / 2
    many = chains.Discrete(frequencies=w, couplings=np.sqrt(weights / 2 * 0.2 * w))
    settings = {"temperature": 0.4, "initial": "+x", "operator": PROJECTOR}
    u = np.linspace(0, 20, 41)
    one, other = (dephasing_heat(J, [0.0, 8.0], u, **settings) for J in (hard, many))
    np.testing.assert_allclose(one.G, other.G, atol=1e-10)
    np.testing.assert_allclose(one.cumulants, other.cumulants, atol=1e-12)
    np.testing.assert_allclose(one.G[0], 1, atol=1e-14)
    np.testing.assert_allclose(one.cumulants[:, 0], 2 * displacement(hard, [0.0, 8.0])[0], atol=1e-12)  # 4 <A^2> Delta


def test_the_atom_is_the_limit_at_large_fields():
    hard = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    u = np.linspace(2000, 2010, 101)
    found = dephasing_heat(hard, [8.0], u, temperature=0.5, initial="+x", operator=PROJECTOR)
    assert np.mean(found.G[0].real) == pytest.approx(found.atom[0], abs=3e-4)
    assert found.atom[0] > 0.5  # half of the start does not couple at all
    both = dephasing_heat(hard, [8.0], u, temperature=0.5, initial="+x")
    assert both.atom[0] < 0.2


def test_all_problems_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        dephasing_heat("J", ["late"], [np.nan], temperature=-1.0, initial="+q")
    assert {p.key for p in caught.value.problems} == {"density", "times[0]", "u[0]", "temperature", "initial"}
