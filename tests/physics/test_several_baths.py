"""Several baths: they add up, an idle one is not there, the ledger of the union by definition, and currents from hot to cold."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.physics.dense import assert_within, deviations, oracle_of
from tests.physics.runs import bare

QUICK = tt.TDVP(step=0.125, tolerance=1e-5, max_bond=None)
FITTING = tt.TDVP(step=0.1, tolerance=1e-8, max_bond=None, order=4)
HAMILTONIAN = {"z": 0.3, "x": 0.2}
TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def discrete(frequencies, couplings, temperature: float, *, pair: bool = False):
    density = chains.Discrete(frequencies=list(frequencies), couplings=list(couplings))
    if pair and temperature:
        return chains.thermofield_chains(density, len(frequencies), temperature=temperature)
    return chains.chain(density, temperature=temperature)


# Two halves are one, and none is none.

ONE_BATH = (
    "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "Q_S", "Q_B", "W_S", "W_B",
    "Qdot_S", "Qdot_B", "Wdot_B", "S_S", "rho_S",
)  # fmt: skip
EACH = ("E_B_each", "Q_B_each", "W_B_each", "flux_each")


def two_modes(*scales: float, kind: str = "hermitian", temperature: float = 0.4, layout: str = "middle") -> tt.Model:
    """The same two modes once for each of ``scales``, couplings times that: J times its square."""
    operator = "sigma_minus" if kind == "exchange" else {"z": 0.5, "x": 0.2}
    couplings = [
        tt.couple(operator, discrete((0.7, 1.2), (0.3 * s, 0.25 * s), temperature, pair=kind == "exchange"), kind=kind)
        for s in scales
    ]
    return tt.assemble(hamiltonian=HAMILTONIAN, couplings=couplings, layout=layout)


def differences(one: tt.Model, other: tt.Model, algorithm: tt.Algorithm, until: float = 3.0) -> dict[str, float]:
    """Of every column that does not know how many baths there are, and of the parts of each bath added up."""
    mine, theirs = (
        tt.ledger(bare(model, algorithm, until, initial="+x", record_every=0.5, variance_every=np.inf))
        for model in (one, other)
    )
    found = {name: float(np.abs(mine[name].values - theirs[name].values).max()) for name in ONE_BATH}
    sums = {name: np.abs(mine[name].sum("bath") - theirs[name].sum("bath")) for name in EACH}
    return found | {name: float(difference.max()) for name, difference in sums.items()}


def test_two_halves_are_one_bath_roughly():
    half = 1 / np.sqrt(2)
    assert_within(differences(two_modes(1.0), two_modes(half, half), QUICK), 3e-5)
    twice = differences(two_modes(1.0), two_modes(1.0, 1.0), QUICK)
    assert min(twice[name] for name in ("E_B", "S_S", "Q_B", "flux_each")) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "temperature"), [("hermitian", 0.4), ("exchange", 0.0)])
def test_two_halves_are_one_bath(kind, temperature):
    half = 1 / np.sqrt(2)
    one = two_modes(1.0, kind=kind, temperature=temperature)
    found = differences(one, two_modes(half, half, kind=kind, temperature=temperature), FITTING)
    assert_within(found, 1e-7)


@pytest.mark.parametrize("idle", ["operator", "density"])
def test_a_second_bath_that_does_not_couple_changes_nothing(idle):
    """Neither one whose operator is 0 nor one whose J is 0."""
    one = two_modes(1.0)
    matrix = np.zeros((2, 2)) if idle == "operator" else {"x": 0.5}
    alpha = 0.0 if idle == "density" else 0.2
    density = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
    other = tt.couple(matrix, chains.chain(density, 4, temperature=1.0))
    both = tt.assemble(hamiltonian=HAMILTONIAN, couplings=[*one.couplings, other], layout="middle")
    assert_within(differences(one, both, FITTING), 1e-7)


# The ledger of the union by definition.

CASES = {
    "cold exchange, warm": (("exchange", 0.0), ("hermitian", 0.4)),
    "warm, cold exchange": (("hermitian", 0.4), ("exchange", 0.0)),
    "warm, lukewarm exchange": (("hermitian", 0.5), ("exchange", 0.25)),
    "cold, cold": (("hermitian", 0.0), ("hermitian", 0.0)),
}


def two_baths(case: str, operators=({"z": 0.5}, {"x": 0.5})) -> tt.Model:
    """One mode each, operators that do not commute; the sigma_minus of exchange stands for the second."""
    couplings = []
    for (kind, temperature), operator, w, g in zip(CASES[case], operators, (0.8, 1.2), (0.3, 0.35), strict=True):
        exchange = kind == "exchange"
        bath = discrete((w,), (g,), temperature, pair=exchange)
        couplings.append(tt.couple("sigma_minus" if exchange else operator, bath, kind=kind))
    return tt.assemble(hamiltonian=HAMILTONIAN, couplings=couplings)


def against_the_oracle(model: tt.Model, algorithm: tt.Algorithm, levels: int, oracle: tt.Model | None = None):
    run = bare(model, algorithm, 2.0, initial=TILTED_START, variance_every=np.inf)
    assert run.flags == ()
    dataset = tt.ledger(run, alpha_S=0.3)
    for name in ("energy", "heat", "work", "flux", "chi"):
        assert np.abs(dataset[f"residual_{name}"]).max() < 10 * algorithm.tolerance + 1e-7, name
    system = oracle_of(oracle or model, levels, TILTED_START)
    return deviations(dataset, system, np.linspace(0, 2, 3), nodes=7)


@pytest.mark.parametrize("case", ["cold exchange, warm", "cold, cold"])
def test_ledger_of_two_baths_roughly(case):
    assert_within(against_the_oracle(two_baths(case), QUICK, 7), 3e-5)


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_ledger_of_two_baths(case):
    assert_within(against_the_oracle(two_baths(case), FITTING, 13), 8e-8)


def test_exchanged_baths_are_noticed():
    """The operators of the two baths swapped, which leaves E_int alone at t = 0 but not the ledger."""
    found = against_the_oracle(two_baths("cold, cold"), QUICK, 7, two_baths("cold, cold", ({"x": 0.5}, {"z": 0.5})))
    assert min(found[name] for name in ("E_B_each", "Q_B_each", "W_B_each", "flux_each", "Q_S")) > 1e-3


METHODS = {"tdvp": tt.TDVP(step=0.1), "tdvp1": tt.TDVP1(step=0.1)}


def from_dense(model: tt.Model, method: str, initial: str, until: float) -> float:
    """Distance of rho_S from dense propagation."""
    run, dense = (
        bare(model, algorithm, until, initial=initial, variance_every=np.inf)
        for algorithm in (METHODS[method], tt.Exact(step=0.1))
    )
    return float(np.abs(run.rho_S - dense.rho_S).max())


@pytest.mark.parametrize("method", METHODS)
def test_a_coupling_over_a_site_in_its_vacuum(method):
    """From the ground state exchange coupling first takes from the second chain, which stands behind the first one's site."""
    bath = discrete((0.8,), (0.3,), 0.4, pair=True)
    model = tt.JaynesCummings(hamiltonian={"z": 0.4}, bath=bath, layout="interleaved")
    assert from_dense(model, method, "-z", 1.0) < 1e-5


@pytest.mark.parametrize("method", METHODS)
def test_a_bath_behind_one_that_only_displaces(method):
    """sigma_z leaves the state up alone: its bath is displaced, without a bond to it; sigma_x acts beyond."""
    baths = [tt.couple({axis: 0.5}, discrete((0.8,), (0.3,), 0.0)) for axis in ("z", "x")]
    model = tt.assemble(hamiltonian={"z": 0.5}, couplings=baths, layout="interleaved")
    assert from_dense(model, method, "+z", 1.0) < 1e-5


def test_a_hop_over_a_site_in_its_vacuum():
    """Cold, the second chain holds next to nothing, but its sites stand between those of the first."""
    bath = discrete((0.6, 1.1), (0.3, 0.3), 0.03, pair=True)
    model = tt.JaynesCummings(hamiltonian={"z": 0.4}, bath=bath, layout="interleaved")
    assert from_dense(model, "tdvp", "+z", 3.0) < 1e-5


# From hot to cold.


SINCE = 20.0  # by then the start is forgotten, but for about 1e-4


def two_temperatures(alphas, temperatures, *, until: float = 28.0):
    """The ledger of a qubit between two hard Ohmic baths, both coupled by sigma_x/2."""
    couplings = []
    for alpha, temperature in zip(alphas, temperatures, strict=True):
        density = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
        couplings.append(tt.couple({"x": 0.5}, chains.chain(density, 36, temperature=temperature)))
    model = tt.assemble(hamiltonian={"z": SPLITTING / 2}, couplings=couplings)
    run = tt.evolve(
        model, initial="-z", algorithm=tt.TDVP(step=0.25, tolerance=1e-6, max_bond=16), until=until,
        record_every=0.5, occupation_every=np.inf, variance_every=np.inf, bath_entropy="off",
    )  # fmt: skip
    assert not any("chain" in flag for flag in run.flags)
    dataset = tt.ledger(run)
    assert np.abs(dataset["residual_flux"]).max() < 1e-4
    return dataset


SPLITTING = 0.6


def weak_current(alpha: float, temperatures: tuple[float, float]) -> float:
    """Golden rule of two baths coupled by sigma_x/2, rates (pi/2) J(w0) n and (pi/2) J(w0) (n + 1)."""
    hot, cold = (1 / np.expm1(SPLITTING / T) for T in temperatures)
    rate = np.pi / 2 * 2 * alpha * SPLITTING
    excited = (hot + cold) / (2 + 2 * hot + 2 * cold)
    return SPLITTING * rate * ((1 - excited) * hot - excited * (hot + 1))


@pytest.mark.slow
def test_the_hot_bath_feeds_the_cold_one():
    """What one gives the other gets: equal and opposite within the declared errors, which are small against the current."""
    temperatures = (0.5, 0.1)
    dataset = two_temperatures((0.05, 0.05), temperatures)
    late = dataset.sel(t=slice(SINCE, None))
    mean, error = late["flux_each"].mean("t").values, late["flux_each_error"].mean("t").values
    assert mean[0] < 0 < mean[1]
    assert np.abs(mean).min() > 20 * error.max()
    assert abs(mean.sum()) < error.sum()
    assert 0.7 < mean[1] / weak_current(0.05, temperatures) < 1.0
    steady = tt.steady_currents(dataset, since=SINCE)
    assert np.abs(steady["current"].values - mean).max() < 2e-5  # the same mean but for the ends of the window
    assert np.all(steady["error"].values >= error)
    assert np.abs(steady["drift"].values).max() < 1e-4


@pytest.mark.slow
def test_no_current_at_equal_temperatures():
    """Of two baths of different strength: no symmetry says so. What is left of the start is in the drift."""
    steady = tt.steady_currents(two_temperatures((0.05, 0.03), (0.3, 0.3)), since=SINCE)
    assert np.all(np.abs(steady["current"].values) < steady["error"].values)
    assert steady["error"].values.max() < 3e-4
