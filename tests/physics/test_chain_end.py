"""What the end of a chain harms, and when: a short chain beside one whose end is out of reach."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains.numerics.recurrence import polynomial_amplitudes
from tests.physics.runs import bare
from tnthermo.model.model import end_times

DENSITY = chains.PowerLaw(alpha=0.15, shape="hard")
UNHARMED = ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "S_S", "Var_Q_B",
            "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "Sdot_S", "residual_flux")  # fmt: skip
TOLERANCE = 1e-6
FREQUENCIES = np.linspace(0.05, 0.95, 31)


def beside(until: float, lengths: tuple[int, int], *, temperature: float) -> tuple[tt.Model, list]:
    """(The model with the short chain, the ledgers of both)."""
    found, models = [], []
    for length in lengths:
        bath = chains.chain(DENSITY, length, temperature=temperature)
        if temperature:
            models.append(tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=bath))
        else:
            models.append(tt.JaynesCummings(hamiltonian={"z": 0.2}, coupling="sigma_minus", bath=bath))
        run = bare(
            models[-1], tt.TDVP(step=0.2, tolerance=1e-6, max_bond=16), until, initial="+z", record_every=1.0,
            occupation_every=1.0, correlations_every=1.0, variance_every=1.0,
        )  # fmt: skip
        found.append(tt.ledger(replace(run, flagged={})))  # what would stand where it says NaN
    return models[0], found


def spectrum(chain: chains.Chain, dataset) -> np.ndarray:
    """n(w) (n, w) at T = 0 from <c_m^dag c_n>: the same frequencies for chains of any length."""
    rows = polynomial_amplitudes(
        FREQUENCIES, np.sqrt(DENSITY(FREQUENCIES)), chain.coupling, chain.frequencies, chain.hoppings
    )
    normal = dataset.chain_normal.sel(complex="re").values + 1j * dataset.chain_normal.sel(complex="im").values
    return np.einsum("jm,tmn,jn->tj", rows, normal, rows, optimize=True).real


def difference(found: list, name: str) -> np.ndarray:
    return np.abs(found[0][name].values - found[1][name].values)


def test_cold():
    """Until the end is felt nothing but occupations of modes (and of the sites near the end) is harmed; those are from the front on."""
    short, found = beside(12.0, (8, 18), temperature=0.0)
    ends = end_times(short, TOLERANCE)
    assert 5 < ends.front < 6
    assert 11.9 < ends.felt < 12.1
    for name in UNHARMED:
        assert difference(found, name).max() < 2e-6, name  # measured: 2e-7
    assert np.abs(found[0].residual_occupation).max() < 1e-12  # sums over modes are those over sites
    apart = np.abs(spectrum(short.chains[0], found[0]) - spectrum(chains.chain(DENSITY, 18), found[1])).max(axis=1)
    t, last = found[0].t.values, found[0].occupation_profile.values[:, -1]
    assert apart[t <= ends.front].max() < 2e-4
    assert apart[-1] > 0.05
    # by the root of the last site's occupation, times what a mode has
    late = t > ends.front
    assert np.all(apart[late] < 10 * np.sqrt(last[late]))
    reached = last > 1e-5
    assert np.all(apart[reached] > 0.5 * np.sqrt(last[reached]))


@pytest.mark.slow
def test_warm():
    """At T > 0 the energy from the modes' occupations is harmed, too, and with it what is made of it; E_B is not."""
    short, found = beside(9.0, (10, 16), temperature=0.3)
    ends = end_times(short, TOLERANCE)
    assert 4 < ends.front < 4.1
    assert 8.6 < ends.felt < 8.8
    t = found[0].t.values
    for name in UNHARMED:
        assert difference(found, name)[t <= ends.felt].max() < 5e-6, name  # measured: 2e-7
    residual = np.abs(found[0].residual_occupation.values)
    assert residual[t <= ends.front].max() < 1e-5
    assert residual[-1] > 1e-4
    assert np.abs(found[1].residual_occupation.values).max() < 1e-5
    last = found[0].occupation_profile.values[:, -1]
    assert np.all(residual[t > ends.front] < last[t > ends.front] + 1e-5)


def test_beyond_the_time_it_is_felt_nothing_is_right():
    """The twin: that time is no caution."""
    short, found = beside(22.0, (8, 18), temperature=0.0)
    assert end_times(short, TOLERANCE).felt < 12.1
    assert difference(found, "E_B")[-1] > 1e-5
    assert difference(found, "S_S")[-1] > 1e-4


@pytest.mark.parametrize("temperature", [0.0, 0.3])
def test_times_of_all_kinds_of_baths(temperature):
    chain = chains.chain(DENSITY, 20, temperature=temperature)
    found = chains.end_times(chain, TOLERANCE)
    assert found.front == chains.front_time(chain, 1e-3)
    assert found.felt == chains.light_cone_time(chain, TOLERANCE)
    cells = chains.end_times(chains.star_cells(DENSITY, 8, temperature=temperature), TOLERANCE)
    assert cells.front == cells.felt
    if temperature:
        pair = chains.thermofield_chains(DENSITY, 20, temperature=temperature)
        assert chains.end_times(pair).felt == min(chains.light_cone_time(one) for one in pair)
        t = np.array([0.97, 1.0]) * cells.felt
        exact = chains.exact_correlation(chain, t)
        off = np.abs(chains.star_cells(DENSITY, 8, temperature=temperature).correlation(t) - exact)
        assert off[0] < TOLERANCE * chain.coupling**2 < 1.2 * off[1]
    else:  # the nodes of J are the modes of its chain
        assert cells.felt == pytest.approx(chains.light_cone_time(chains.chain(DENSITY, 8), TOLERANCE), rel=0.02)
    modes = chains.Discrete(frequencies=[0.5, 1.2], couplings=[0.3, 0.2])
    for bath in (chains.chain(modes, temperature=temperature), chains.star_cells(modes, temperature=temperature)):
        assert chains.end_times(bath) == chains.EndTimes(front=np.inf, felt=np.inf)
    with pytest.raises(chains.InvalidInput, match="tolerance"):
        chains.end_times(chain, 2.0)
