"""Star cells: the modes themselves, their thermofield angles, and the C(t) they give."""

import numpy as np
import pytest

import chains
from chains.maps.cells import cells_of
from tests.chains.tolerances import CORRELATION
from tests.tolerances import ROUNDING

OHMIC = chains.PowerLaw(alpha=0.3)
MODES = chains.Discrete(frequencies=[0.4, 0.9, 1.3], couplings=[0.2, 0.3, 0.1])
TIMES = np.linspace(0.0, 12.0, 49)


@pytest.mark.parametrize("temperature", [0.0, 0.02, 0.7])
def test_discrete_modes_are_taken_as_they_are(temperature):
    """C(t) is that of the chain of the same bath; theta is the angle of the thermofield map."""
    cells = chains.star_cells(MODES, temperature=temperature)
    np.testing.assert_array_equal(cells.frequencies, MODES.frequencies)
    np.testing.assert_array_equal(cells.couplings, MODES.couplings)
    expected = np.exp(-0.5 * cells.frequencies / temperature) if temperature > 0 else np.zeros(3)
    np.testing.assert_allclose(np.tanh(cells.theta), expected, rtol=ROUNDING)
    exact = chains.exact_correlation(chains.chain(MODES, temperature=temperature), TIMES)
    np.testing.assert_allclose(cells.correlation(TIMES), exact, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("temperature", [0.0, 0.4])
def test_sites_are_the_cells(temperature):
    """b_k with J (1 + n) beside b'_k with J n; the sum over all sites is C(0), and the sites of a cell carry one frequency."""
    cells = chains.star_cells(MODES, temperature=temperature)
    assert len(cells.chains) == 3 * cells.sites_of_cell
    assert all(chain.length == 1 and chain.complete for chain in cells.chains)
    assert sum(chain.coupling**2 for chain in cells.chains) == pytest.approx(cells.correlation(0.0).real, rel=ROUNDING)
    seen = []
    for mode, frequency in enumerate(cells.frequencies):
        numbers = cells.numbers(mode)
        seen += numbers
        assert all(cells.chains[n].frequencies[0] == frequency for n in numbers)
        weights = tuple(cells.chains[n].weight for n in numbers)
        assert weights == (("emission", "absorption") if temperature > 0 else ("vacuum",))
    assert sorted(seen) == list(range(len(cells.chains)))


def test_mode_functions_are_the_cells():
    cells = chains.star_cells(MODES, temperature=0.4)
    found = chains.mode_functions(cells)
    np.testing.assert_allclose(found.cosh**2 - found.sinh**2, 1.0, rtol=ROUNDING)
    for mode in range(3):
        b, partner = cells.numbers(mode)
        np.testing.assert_array_equal(np.flatnonzero(found.positive[mode]), [b])
        np.testing.assert_array_equal(np.flatnonzero(found.negative[mode]), [partner])
    assert np.all(chains.mode_functions(chains.star_cells(MODES)).negative == 0)


@pytest.mark.parametrize("exponent", [0.5, 1.0])
@pytest.mark.parametrize("temperature", [0.0, 0.1, 1.0])
def test_a_continuum_is_met_exponentially(exponent, temperature):
    """The nodes of J (1 + n); those of J, warm, are a per cent off."""
    density = chains.PowerLaw(alpha=0.3, exponent=exponent)
    cells = chains.star_cells(density, 16, temperature=temperature)
    exact = chains.exact_correlation(chains.chain(density, 4, temperature=temperature), TIMES)
    np.testing.assert_allclose(cells.correlation(TIMES), exact, rtol=0, atol=CORRELATION * exact[0].real)
    star = chains.star(chains.chain(density, 16))
    nodes = chains.Discrete(frequencies=star.frequencies, couplings=star.couplings)
    of_nodes = chains.star_cells(nodes, temperature=temperature).correlation(TIMES)
    if temperature == 0.0:
        np.testing.assert_allclose(of_nodes, exact, rtol=0, atol=CORRELATION * exact[0].real)
    else:
        assert np.abs(of_nodes - exact).max() > 1e-3 * exact[0].real


def test_a_shorter_chain_gives_fewer_cells():
    emission, _ = chains.thermofield_chains(OHMIC, 5, temperature=0.2)
    found, expected = cells_of(emission), chains.star_cells(OHMIC, 5, temperature=0.2)
    np.testing.assert_allclose(found.couplings, expected.couplings, rtol=ROUNDING)


@pytest.mark.parametrize(
    ("arguments", "key"),
    [
        ({"density": OHMIC}, "modes"),
        ({"density": OHMIC, "modes": 0}, "modes"),
        ({"density": MODES, "modes": 2}, "modes"),
        ({"density": MODES, "modes": 4}, "modes"),
        ({"density": OHMIC, "modes": 4, "temperature": -1.0}, "temperature"),
        ({"density": 3.0, "modes": 4}, "density"),
    ],
)
def test_bad_input(arguments, key):
    with pytest.raises(chains.InvalidInput) as error:
        chains.star_cells(**arguments)
    assert key in {problem.key for problem in error.value.problems}
