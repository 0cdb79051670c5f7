"""Exchange coupling L (x) C^dag + h.c.: one excitation, a printed ledger, and the pair of thermofield chains for Hermitian coupling."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.one_excitation import PRINTED_DIGITS, PRINTED_TIMES, printed_case
from tests.oracles.reference import COLUMNS, Reference, assert_ledger_matches, load
from tests.physics.dense import assert_within
from tests.physics.runs import bare
from tnthermo.thermo.expectations import expectations
from tnthermo.timeline.integrate import cumulative_integral

# One excitation, T = 0: hard Ohmic J, alpha = .1, wc = 1, w0 = .5, start excited.
OHMIC = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
ONE_EXCITATION = ("E_B", "E_int", "h", "U_chi", "S_S", "S_B", "S_chi")


def one_excitation(algorithm: tt.Algorithm, until: float, *, length: int, alpha: float = 0.1) -> dict[str, float]:
    """Largest deviation of each column from linear algebra at the record times."""
    model = tt.JaynesCummings(hamiltonian=np.array([[0.5, 0], [0, 0]]), bath=chains.chain(OHMIC, length=length))
    run = bare(model, algorithm, until, initial="+z", record_every=1.0, variance_every=np.inf)
    assert run.flags == ()
    assert run.bonds.max() == 2
    dataset, expected = tt.ledger(run), printed_case(alpha=alpha, length=length).columns(run.t)
    found = {name: float(np.abs(dataset[name].values - expected[name]).max()) for name in ONE_EXCITATION}
    found["p_e"] = float(np.abs(run.rho_S[run.recorded, 0, 0].real - expected["p_e"]).max())
    if alpha == 0.1:
        at = dataset.sel(t=[t for t in PRINTED_TIMES if t <= until])
        for name in ("E_B", "E_int", "S_S"):
            printed = PRINTED_DIGITS[name][: at.sizes["t"]]
            assert at[name].values == pytest.approx(printed, abs=max(2 * found[name], 1e-9)), name
    assert np.abs(dataset["S_chi"].values - 2 * dataset["S_S"].values).max() < 1e-12
    assert np.abs(dataset["residual_energy"]).max() < 1e-10
    return found


def test_one_excitation():
    """Twice as strong a coupling is noticed."""
    algorithm = tt.TDVP(step=0.25, tolerance=1e-8, max_bond=4, order=4)
    found = one_excitation(algorithm, 5.0, length=20)
    assert_within(found, 3e-7)
    wrong = one_excitation(algorithm, 5.0, length=20, alpha=0.11)
    assert min(wrong[name] for name in ("p_e", "E_B", "E_int", "S_S")) > 1e-3


@pytest.mark.slow
def test_one_excitation_to_late_times():
    """t = 5, 20 and 50, far beyond the decay; the front runs half a site per unit time."""
    found = one_excitation(tt.TDVP(step=0.125, tolerance=1e-9, max_bond=4, order=4), 50.0, length=40)
    assert_within(found, 8e-8)


# A qubit and two warm modes, a coherent start, by exact diagonalisation; at T > 0 the chains are a thermofield pair.
REFERENCE = load("jaynes_cummings_two_modes")
QUICK = tt.TDVP(step=0.125, tolerance=1e-5, max_bond=None)
METHODS = {
    "tdvp": (tt.TDVP(step=0.1, tolerance=1e-8, max_bond=None, order=4), 3e-8),
    "tdvp2": (tt.TDVP2(step=0.1, tolerance=1e-7, max_bond=None, order=4), 3e-7),
    "exact": (tt.Exact(step=0.1, tolerance=1e-7), 1e-10),
    "tebd": (tt.TEBD(step=0.125, tolerance=1e-4, max_bond=None), 2.5e-4),
}
NEIGHBOURS = ("tdvp2", "tebd")  # gates and pairs of sites
CASES = [(method, "middle") for method in METHODS] + [(m, "interleaved") for m in METHODS if m not in NEIGHBOURS]


def early(until: float) -> Reference:
    """The reference up to a time."""
    n = int(np.sum(REFERENCE.times <= until))
    return replace(
        REFERENCE,
        times=REFERENCE.times[:n],
        rho_S=REFERENCE.rho_S[:n],
        columns={name: values[:n] for name, values in REFERENCE.columns.items()},
    )


def two_modes(layout: str = "auto", coupling="sigma_minus") -> tt.Model:
    density = chains.Discrete(frequencies=list(REFERENCE.frequencies), couplings=list(REFERENCE.couplings))
    pair = chains.thermofield_chains(density, 2, temperature=1 / REFERENCE.beta)
    return tt.JaynesCummings(hamiltonian=REFERENCE.hamiltonian, coupling=coupling, bath=pair, layout=layout)


def against_the_reference(
    model: tt.Model, algorithm: tt.Algorithm, tolerance: float, until: float = 6.0
) -> dict[str, float]:
    run = bare(model, algorithm, until, initial=REFERENCE.initial, variance_every=np.inf)
    assert run.flags == ()
    dataset = tt.ledger(run, alpha_S=REFERENCE.alpha_S)
    found = assert_ledger_matches(dataset, early(until), tolerance=tolerance)
    assert set(COLUMNS) - set(found) == {"S_SB", "S_B", "S_chi"}
    for name in ("heat", "work", "flux", "energy", "chi"):
        assert np.abs(dataset[f"residual_{name}"]).max() < 3 * tolerance, name
    return found


@pytest.mark.parametrize("layout", ["middle", "interleaved"])
def test_printed_ledger_roughly(layout):
    against_the_reference(two_modes(layout), QUICK, 2e-5, until=3.0)


def test_printed_ledger_by_pairs_of_sites():
    against_the_reference(two_modes("middle"), tt.TDVP2(step=0.125, tolerance=1e-5, max_bond=None), 6e-5)


@pytest.mark.slow
@pytest.mark.parametrize(("method", "layout"), CASES)
def test_printed_ledger(method, layout):
    algorithm, limit = METHODS[method]
    against_the_reference(two_modes(layout), algorithm, limit)


@pytest.mark.parametrize("method", NEIGHBOURS)
def test_methods_that_see_neighbours_only_are_refused_for_interleaved_chains(method):
    """Hoppings of two interleaved chains reach over a site."""
    with pytest.raises(ValueError, match="interact across each other"):
        bare(two_modes("interleaved"), METHODS[method][0], 0.125, initial=REFERENCE.initial)


# Errors that must be noticed.


def test_a_dropped_commutator_is_noticed(monkeypatch):
    """[X, Y] = 2i int J: without it d<X>/dt and d<Y>/dt are not the slopes of the recorded <X> and <Y>.

    In the sums over a bath, from which the ledger is made, it cancels: sum_qq' A_q Omega_qq' A_q' = 0.
    """
    run = bare(two_modes(), QUICK, 3.0, initial=REFERENCE.initial, variance_every=np.inf)
    weight = sum(g**2 for g in REFERENCE.couplings)
    np.testing.assert_allclose(run.model.commutators, [[0, 2 * weight], [-2 * weight, 0]], atol=1e-12)

    def off() -> float:
        e = expectations(run)
        return float(np.abs(cumulative_integral(e.times, e.position_rate) - (e.position - e.position[0])).max())

    assert off() < 2e-5
    right = tt.ledger(run)
    monkeypatch.setitem(vars(run.model), "commutators", np.zeros((2, 2)))
    assert off() > 0.1
    np.testing.assert_allclose(tt.ledger(run)["W_S"], right["W_S"], atol=1e-12)


def test_the_sign_of_the_second_channel_is_noticed(monkeypatch):
    """A_2 = (L - L^dag)/(2i) with the other sign: the evolution is right, what is derived from it is not."""
    run = bare(two_modes(), QUICK, 3.0, initial=REFERENCE.initial, variance_every=np.inf)
    turned = tuple(
        replace(channel, operator=(-1) ** q * channel.operator) for q, channel in enumerate(run.model.channels)
    )
    monkeypatch.setitem(vars(run.model), "channels", turned)
    wrong = tt.ledger(run, alpha_S=REFERENCE.alpha_S)
    for name in ("E_int", "Qdot_S", "U_chi"):
        with pytest.raises(AssertionError, match=name):
            assert_ledger_matches(wrong, early(3.0), tolerance=1e-2)
    assert np.abs(wrong["residual_energy"]).max() > 1e-2


def test_a_wrong_partner_is_noticed():
    """L^dag for L counter-rotates: L^dag (x) C^dag + L (x) C. At most two quanta apart, but another ledger."""
    with pytest.raises(AssertionError, match="E_B"):
        against_the_reference(two_modes(coupling="sigma_plus"), QUICK, 1e-2, until=3.0)


def test_the_rotating_wave_is_noticed():
    """Hermitian coupling with A = sigma_x, which contains both, is not exchange."""
    density = chains.Discrete(frequencies=list(REFERENCE.frequencies), couplings=list(REFERENCE.couplings))
    bath = chains.chain(density, temperature=1 / REFERENCE.beta)
    model = tt.SpinBoson(hamiltonian=REFERENCE.hamiltonian, coupling={"x": 1.0}, bath=bath)
    with pytest.raises(AssertionError, match="E_B"):
        against_the_reference(model, QUICK, 1e-2, until=3.0)


# Hermitian coupling by two chains is Hermitian coupling by one.

COMPARED = (
    "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "Q_S", "Q_B", "Q_chi", "W_S", "W_B",
    "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "S_S", "Var_Q_B", "rho_S", "mode_occupation", "Sigma_total",
)  # fmt: skip


def two_routes(baths, algorithm: tt.Algorithm, until: float, layout: str, every: float) -> dict[str, float]:
    """Largest difference of each column between the ledgers of two baths."""
    datasets = []
    for bath in baths:
        model = tt.SpinBoson(hamiltonian={"z": 0.2, "x": 0.3}, coupling={"z": 0.5}, bath=bath, layout=layout)
        run = bare(
            model, algorithm, until, record_every=every, occupation_every=until, variance_every=every, initial="+z"
        )
        datasets.append(tt.ledger(run))
    one, two = datasets
    names = [name for name in COMPARED if one[name].shape == two[name].shape]  # modes may be on different grids
    return {name: float(np.nanmax(np.abs(one[name].values - two[name].values))) for name in names}


def few_modes_either_way(temperature: float = 0.4):
    density = chains.Discrete(frequencies=[0.7, 1.2], couplings=[0.3, 0.25])
    return (
        chains.chain(density, temperature=0.4),
        chains.thermofield_chains(density, 2, temperature=temperature),
    )


@pytest.mark.parametrize("layout", ["middle", "interleaved"])
def test_two_chains_of_few_modes_are_one_roughly(layout):
    algorithm = tt.TDVP(step=0.125, tolerance=1e-5, max_bond=None)
    found = two_routes(few_modes_either_way(), algorithm, 3.0, layout, 0.5)
    assert_within(found, 2.5e-5)
    wrong = two_routes(few_modes_either_way(0.42), algorithm, 3.0, layout, 0.5)
    assert min(wrong[name] for name in ("E_B", "S_S", "Qdot_B")) > 1e-4


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["middle", "interleaved"])
def test_two_chains_of_few_modes_are_one(layout):
    algorithm = tt.TDVP(step=1 / 16, tolerance=2e-9, max_bond=None, order=4)
    found = two_routes(few_modes_either_way(), algorithm, 3.0, layout, 0.5)
    assert_within(found, 1e-7)


@pytest.mark.slow
@pytest.mark.parametrize("layout", ["middle", "interleaved"])
def test_two_chains_of_a_continuum_are_one(layout):
    """The two routes cut the bath in different ways: fronts of chains with different hoppings, which do not reach the end."""
    baths = (chains.chain(OHMIC, 14, temperature=0.2), chains.thermofield_chains(OHMIC, 14, temperature=0.2))
    found = two_routes(baths, tt.TDVP(step=0.1, tolerance=3e-8, max_bond=14, order=4), 5.0, layout, 0.5)
    assert_within(found, 8e-7)
