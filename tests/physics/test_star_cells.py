"""Evolution in star cells against the chain of the same modes, and against a dense vector."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from chains.maps.cells import StarCells
from tests.physics.dense import assert_within
from tests.physics.runs import bare
from tnthermo.network.automaton import automaton

MODES = chains.Discrete(frequencies=[0.15, 0.55, 0.9], couplings=[0.15, 0.3, 0.3])
TDVP = tt.TDVP(step=0.1, tolerance=1e-6, max_bond=None)


def model(bath, coupling="tunnelling"):
    if coupling == "exchange":
        return tt.JaynesCummings(hamiltonian={"z": 0.4}, bath=bath)
    return tt.SpinBoson(hamiltonian={"z": 0.1, "x": 0.1 * (coupling == "tunnelling")}, coupling={"z": 0.5}, bath=bath)


def chain_of(coupling, temperature):
    if coupling == "exchange" and temperature > 0:
        return chains.thermofield_chains(MODES, temperature=temperature)
    return chains.chain(MODES, temperature=temperature)


def differences(one, other):
    """Largest deviations of what every trajectory records."""
    names = ("rho_S", "moment_X", "moment_P", "chain_energy", "total_energy", "heat_square", "mode_occupation")
    found = {}
    for name in names:
        a, b = np.asarray(getattr(one, name)), np.asarray(getattr(other, name))
        assert a.shape == b.shape, name
        if a.size and not np.all(np.isnan(a)):
            found[name] = float(np.nanmax(np.abs(a - b)))
    return found


@pytest.mark.parametrize(
    ("temperature", "coupling"),
    [
        pytest.param(T, coupling, marks=pytest.mark.slow if (T, coupling) == (1.0, "exchange") else ())
        for T in (0.0, 0.1, 1.0)
        for coupling in ("dephasing", "tunnelling", "exchange")
    ],
)
def test_the_chain_of_the_same_modes(coupling, temperature):
    """Every recorded column; a theta that is a little wrong is noticed."""
    cells = chains.star_cells(MODES, temperature=temperature)
    every = {"record_every": 1.0, "occupation_every": 1.0, "variance_every": 1.0}
    star = bare(model(cells, coupling), TDVP, 2.0, initial="+x", **every)
    chain = bare(model(chain_of(coupling, temperature), coupling), TDVP, 2.0, initial="+x", **every)
    assert star.flags == ()
    found = differences(star, chain)
    assert len(found) == 7
    loose = {
        name: found.pop(name) for name in ("heat_square", "mode_occupation")
    }  # of the chain they are correlations of all sites
    assert_within(found, 2e-5)
    assert_within(loose, 3e-4)
    assert star.mode_energy[-1] == pytest.approx(star.chain_energy[-1], abs=2e-5)
    if coupling == "dephasing":  # two displaced branches
        assert star.bonds.max() == 2
    if temperature > 0:
        bent = StarCells(**{**vars_of(cells), "theta": cells.theta * 1.02})
        wrong = bare(model(bent, coupling), TDVP, 2.0, initial="+x", **every)
        assert differences(wrong, chain)["rho_S"] > 2e-4


def vars_of(cells):
    names = ("frequencies", "couplings", "theta", "temperature", "density", "support", "notes")
    return {name: getattr(cells, name) for name in names}


def test_the_dense_vector():
    """Two modes at T > 0 and few levels: the same Hamiltonian, line and start as the exact method's."""
    cells = chains.star_cells(chains.Discrete(frequencies=[0.5, 1.0], couplings=[0.3, 0.2]), temperature=0.3)
    for coupling in ("tunnelling", "exchange"):
        settings = tt.TDVP(step=0.05, tolerance=1e-8, max_bond=None, order=4)
        ours = bare(model(cells, coupling), settings, 2.0, initial="+x", levels=4, record_every=1.0)
        exact = bare(model(cells, coupling), tt.Exact(step=0.05), 2.0, initial="+x", levels=4, record_every=1.0)
        assert_within(differences(ours, exact), 1e-6)


@pytest.mark.parametrize("frequencies", [[0.2, 0.8, 60.0], [0.2, 30.0, 60.0], [30.0, 60.0, 0.3]])
def test_sites_that_hardly_couple_do_not_shut_off_those_behind_them(frequencies):
    """beta w > 100: b'_k stays empty, and every bond is opened across it."""
    density = chains.Discrete(frequencies=frequencies, couplings=[0.3, 0.3, 0.3])
    runs = [
        bare(model(bath), tt.TDVP(step=0.02, tolerance=1e-6, max_bond=None), 1.0, initial="+x")
        for bath in (chains.star_cells(density, temperature=0.3), chains.chain(density, temperature=0.3))
    ]
    found = differences(*runs)
    assert found["rho_S"] < 5e-5
    assert found["chain_energy"] < 5e-5


def test_width_does_not_depend_on_the_number_of_modes():
    density = chains.PowerLaw(alpha=0.3)
    for modes in (2, 7):
        cells = chains.star_cells(density, modes, temperature=0.3)
        for coupling, width in (("tunnelling", 3), ("exchange", 4)):
            m = model(cells, coupling)
            assert automaton(m.terms, m.line.length).widths[1:-1].tolist() == [width] * (2 * modes)


def test_places_of_the_cells():
    """b_k and b'_k are neighbours, all cells beyond the system; other baths have none."""
    m = model(chains.star_cells(MODES, temperature=0.3))
    cells = [m.cell(k) for k in range(3)]
    assert m.line.system == 0
    assert sorted(place for cell in cells for place in cell) == list(range(1, 7))
    assert all(b + 1 == partner for b, partner in cells)
    for k, (b, partner) in enumerate(cells):
        number = next(term for term in m.terms if term.role == "bath" and term.sites == (b,))
        assert number.coefficient == MODES.frequencies[k]
        number = next(term for term in m.terms if term.role == "bath" and term.sites == (partner,))
        assert number.coefficient == -MODES.frequencies[k]
    with pytest.raises(TypeError, match="cells"):
        model(chain_of("tunnelling", 0.3)).cell(0)


def test_cells_beside_another_bath():
    """A driven coupling, two baths on one line; the second a chain."""
    first = tt.couple(
        {"z": 0.5}, chains.star_cells(MODES, temperature=0.4), strength=tt.Ramp(duration=2.0, initial=0.4)
    )
    same = tt.couple({"z": 0.5}, chains.chain(MODES, temperature=0.4), strength=tt.Ramp(duration=2.0, initial=0.4))
    second = tt.couple({"x": 0.5}, chains.chain(MODES))
    models = [tt.assemble(hamiltonian={"z": 0.3}, couplings=[one, second]) for one in (first, same)]
    assert models[0].cell(2) == (1, 2)
    runs = [bare(m, tt.TDVP(step=0.05, tolerance=1e-5, max_bond=None), 0.5, initial="+x") for m in models]
    found = differences(*runs)
    assert_within(found, 5e-5)


def test_displaced_cells():
    """The bath relaxed to <A> = x, and amplitudes mode by mode."""
    baths = chains.star_cells(MODES, temperature=0.4), chains.chain(MODES, temperature=0.4)
    for displacement in (-0.7, [0.2, 0.1 - 0.3j, 0.0]):
        runs = [bare(model(b), TDVP, 0.5, initial="+x", displacement=displacement) for b in baths]
        assert_within(differences(*runs), 2e-5)


def test_equilibrium_of_the_whole():
    """Imaginary time in cells: the free energy and the system's state are those of the chain."""
    baths = chains.star_cells(MODES, temperature=0.5), chains.chain(MODES, temperature=0.5)
    runs = [bare(model(b), TDVP, 0.1, initial="mean-force") for b in baths]
    assert runs[0].free_energy == pytest.approx(runs[1].free_energy, abs=1e-6)
    np.testing.assert_allclose(runs[0].rho_S[0], runs[1].rho_S[0], atol=1e-6)
    assert runs[0].flags == ()


def test_layout():
    with pytest.raises(chains.InvalidInput, match="star cells"):
        tt.SpinBoson(
            hamiltonian={"z": 1.0}, coupling={"x": 1.0}, bath=chains.star_cells(MODES, temperature=0.3), layout="middle"
        )


def test_amplitudes_of_the_cells_of_a_continuum():
    """One for each mode they represent; of a chain of the continuum there are none to name."""
    cells = chains.star_cells(chains.PowerLaw(alpha=0.1, shape="hard"), 2, temperature=0.3)
    same = chains.star_cells(
        chains.Discrete(frequencies=list(cells.frequencies), couplings=list(cells.couplings)), temperature=0.3
    )
    runs = [bare(model(b), TDVP, 0.3, initial="+x", displacement=[0.2, 0.1 - 0.3j]) for b in (cells, same)]
    assert_within(differences(*runs), 1e-9)
    with pytest.raises(chains.InvalidInput, match="2 amplitudes"):
        bare(model(cells), TDVP, 0.3, displacement=[0.2])
    chain = chains.chain(chains.PowerLaw(alpha=0.1, shape="hard"), 4, temperature=0.3)
    with pytest.raises(chains.InvalidInput, match="finitely many modes"):
        bare(model(chain), TDVP, 0.3, displacement=[0.2])
