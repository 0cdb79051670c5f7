"""Starts that are no product of thermal baths: displaced baths, baths relaxed to a fixed <A>, and the equilibrium of the whole."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.commuting import CommutingEquilibrium, equilibrium_of_a_projector
from tests.physics.dense import assert_within, columns_at, deviations, oracle_of
from tests.physics.runs import bare

TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
QUICK = tt.TDVP(step=0.125, tolerance=1e-5, max_bond=None)
FITTING = tt.TDVP(step=0.05, tolerance=1e-8, max_bond=None, order=4)


def discrete(frequencies, couplings, temperature: float, *, pair: bool = False):
    density = chains.Discrete(frequencies=list(frequencies), couplings=list(couplings))
    if pair and temperature:
        return chains.thermofield_chains(density, len(frequencies), temperature=temperature)
    return chains.chain(density, temperature=temperature)


# Displaced baths.

MODES = ((0.8, 1.3), (0.3, 0.25))
ALPHAS = (0.4 + 0.3j, -0.2j)


def two_modes(temperature: float, kind: str = "hermitian", *, pair: bool = False, **others) -> tt.Model:
    operator = "sigma_minus" if kind == "exchange" else {"x": 0.5}
    coupling = tt.couple(operator, discrete(*MODES, temperature, pair=pair or kind == "exchange"), kind=kind)
    return tt.assemble(hamiltonian={"z": 0.5}, couplings=[coupling], layout="middle", **others)


CASES = {
    "cold": (two_modes(0.0), (10, 8)),
    "warm": (two_modes(0.35), (13, 10)),
    "warm pair": (two_modes(0.35, pair=True), (13, 10)),
    "warm exchange": (two_modes(0.35, "exchange"), (12, 9)),
}


def displaced(case: str, algorithm: tt.Algorithm, alphas=ALPHAS, *, oracle=ALPHAS) -> dict[str, float]:
    model, levels = CASES[case]
    run = bare(model, algorithm, 2.0, initial=TILTED_START, displacement=list(alphas), variance_every=np.inf)
    assert run.flags == ()
    dataset = tt.ledger(run, alpha_S=0.3)
    assert dataset.attrs["start"] == "displaced"
    system = oracle_of(model, levels, TILTED_START, [oracle])
    return deviations(dataset, system, [0.0, 1.0, 2.0], nodes=10)


def test_displaced_bath_roughly():
    assert_within(displaced("cold", QUICK), 3e-5)
    conjugate = displaced("cold", QUICK, oracle=tuple(np.conj(ALPHAS)))
    assert min(conjugate[name] for name in ("rho_S", "h", "Q_S", "W_B")) > 1e-3  # a phase of the wrong sign


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_displaced_bath(case):
    assert_within(displaced(case, FITTING), 2e-7)  # measured: 6e-8 (warm)


class Field:
    """sum_k 2 g_k Re(alpha_k exp(-i w_k t)): what displaced modes do to <X>, as a drive."""

    breaks = ()
    time_scale = 1 / 1.3

    def value(self, t):
        return sum(2 * g * np.real(a * np.exp(-1j * w * np.asarray(t))) for w, g, a in zip(*MODES, ALPHAS, strict=True))

    def slope(self, t):
        return sum(
            2 * g * np.real(-1j * w * a * np.exp(-1j * w * np.asarray(t)))
            for w, g, a in zip(*MODES, ALPHAS, strict=True)
        )

    def describe(self):
        return "field of displaced modes"


@pytest.mark.parametrize("temperature", [0.0, 0.35])
def test_a_displaced_bath_is_a_classical_field(temperature):
    """The displacement moved into H_S: the same rho_S, entropies and binding energy; E_S, h and work are shared out differently."""
    algorithm = tt.TDVP(step=0.0625, tolerance=1e-7, max_bond=None, order=4)
    field = (tt.SystemDrive(operator=np.array([[0, 0.5], [0.5, 0]], dtype=complex), drive=Field()),)
    moved = bare(two_modes(temperature, drives=field), algorithm, 2.0, initial=TILTED_START, variance_every=np.inf)
    start = bare(
        two_modes(temperature), algorithm, 2.0, initial=TILTED_START, displacement=list(ALPHAS), variance_every=np.inf
    )
    one, other = tt.ledger(start), tt.ledger(moved)
    found = {name: float(np.abs(one[name].values - other[name].values).max()) for name in ("rho_S", "S_S", "U_chi")}
    found["Qdot_S"] = float(np.abs(one["Qdot_S"] - other["Qdot_S"]).max())
    assert np.abs(one["E_S"] + one["E_int"] - other["E_S"] - other["E_int"]).max() < 3e-7
    assert np.abs(one["E_B"] - other["E_B"]).max() > 0.1
    assert_within(found, 3e-7)


# A bath relaxed to <A> = x: alpha_k = -x g_k/w_k.

OHMIC = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")  # int J/w = 2 alpha wc
SUPER_OHMIC = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=2.0, shape="hard")  # int J/w = alpha wc


def relaxed(bath, x: float = 0.5, until: float = 3.0) -> tt.Trajectory:
    """A = sigma_z/2 commutes with H_S = sigma_z/4; the system is up, <A> = 1/2."""
    model = tt.SpinBoson(hamiltonian={"z": 0.25}, coupling={"z": 0.5}, bath=bath)
    algorithm = tt.TDVP(step=0.125, tolerance=1e-6, order=4)
    return bare(model, algorithm, until, initial="+z", displacement=x, record_every=min(0.5, until), variance_every=np.inf)


def movement(run: tt.Trajectory) -> dict[str, float]:
    """How much each energy and <X> changes."""
    dataset = tt.ledger(run)
    found = {name: float(np.ptp(dataset[name].values)) for name in ("E_B", "E_int", "h", "U_B", "U_S")}
    return found | {"<X>": float(np.ptp(np.trace(run.moment_X[:, 0], axis1=1, axis2=2).real))}


@pytest.mark.parametrize("route", ["cold", "one chain", "two chains"])
def test_a_relaxed_bath_stays_and_one_of_the_other_sign_does_not(route):
    bath = {
        "cold": lambda: chains.chain(OHMIC, 30),
        "one chain": lambda: chains.chain(OHMIC, 30, temperature=0.2),
        "two chains": lambda: chains.thermofield_chains(OHMIC, 30, temperature=0.2),
    }[route]()
    run = relaxed(bath)
    assert_within(movement(run), 1e-10)
    # <X> = -2 lambda x; a cold chain of N sites misses a part of it that falls as 1/N^2
    assert float(np.trace(run.moment_X[0, 0]).real) == pytest.approx(-0.2, abs=1e-4)
    turned = movement(relaxed(bath, x=-0.5))
    assert min(turned.values()) > 0.05


@pytest.mark.parametrize("temperature", [0.0, 0.2])
def test_energy_of_a_relaxed_bath(temperature):
    """E_B = x^2 lambda above the thermal bath, E_int = -2 x^2 lambda."""
    bath = (
        chains.thermofield_chains(SUPER_OHMIC, 40, temperature=temperature)
        if temperature
        else chains.chain(SUPER_OHMIC, 40)
    )
    start = tt.ledger(relaxed(bath, until=0.25)).isel(t=0)
    assert float(start["E_B"]) == pytest.approx(0.025, abs=2e-5)
    assert float(start["E_int"]) == pytest.approx(-0.05, abs=1e-6)


@pytest.mark.parametrize("route", ["one chain", "two chains"])
def test_energy_of_a_relaxed_ohmic_bath(route):
    bath = (
        chains.chain(OHMIC, 40, temperature=0.2)
        if route == "one chain"
        else chains.thermofield_chains(OHMIC, 40, temperature=0.2)
    )
    start = tt.ledger(relaxed(bath, until=0.25)).isel(t=0)
    assert float(start["E_B"]) == pytest.approx(0.05, abs=1e-3)


def test_modes_that_a_chain_does_not_hold_are_not_guessed():
    """Displaced soft modes of a warm Ohmic bath: known at the start, NaN with the reason later; a cold bath's are all there."""
    for temperature, held in ((0.0, True), (0.2, False)):
        run = relaxed(chains.chain(OHMIC, 20, temperature=temperature), until=0.5)
        model = run.model
        again = tt.evolve(
            model, initial="+z", displacement=0.5, until=0.5, algorithm=run.algorithm, error_bars=False, occupation_every=0.25
        )  # fmt: skip
        dataset = tt.ledger(again)
        assert np.isfinite(dataset["mode_occupation"].values[0]).all()
        assert float(again.mode_energy[0, 0]) == pytest.approx(0.05, abs=1e-3)
        assert np.isfinite(dataset["mode_occupation"].values[-1]).all() == held
        assert np.isfinite(float(dataset["residual_occupation"][-1])) == held
        assert "not thermal" in dataset["Sigma_total"].attrs.get("note", "") or temperature == 0


# Global equilibrium.

PROJECTOR = np.diag([1.0, 0.0])
EXPONENTIAL = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")
CLOSED = CommutingEquilibrium(energies=(0.5, -0.5), eigenvalues=(1.0, 0.0), reorganisation=2 * 0.3 * 5.0, beta=1 / 2.1)


def commuting_equilibrium(
    algorithm: tt.Algorithm, length: int, until: float
) -> tuple[dict[str, float], dict[str, float]]:
    """(deviations from the closed form at t = 0, how far each moves); two branches: bond 2 holds the state."""
    bath = chains.chain(EXPONENTIAL, length=length, temperature=2.1, support=75.0)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling=PROJECTOR, bath=bath)
    run = bare(model, algorithm, until, initial="mean-force", variance_every=np.inf, occupation_every=until)
    dataset = tt.ledger(run)
    T, lambda_ = 2.1, CLOSED.reorganisation
    free = -T * np.log(np.exp(-(0.5 - lambda_) / T) + np.exp(0.5 / T))
    X = float(np.trace(run.moment_X[0, 0]).real)
    found = {
        "rho_S": float(np.abs(run.rho_S[0] - equilibrium_of_a_projector(alpha=0.3, cutoff=5.0, temperature=T)).max()),
        "E_B": abs(float(dataset["E_B"][0]) - CLOSED.bath_energy),
        "E_int": abs(float(dataset["E_int"][0]) - CLOSED.interaction_energy),
        "<X>": abs(X - CLOSED.position),
        "U_chi": abs(float(dataset["U_chi"][0]) - CLOSED.interaction_energy + CLOSED.populations[0] * CLOSED.position),
        "free energy": abs(run.free_energy - free),
    }
    moved = {name: float(np.ptp(dataset[name].values)) for name in ("E_B", "E_int", "h", "S_S")}
    return found, moved | {"rho_S": float(np.abs(run.rho_S - run.rho_S[0]).max())}


def test_commuting_equilibrium():
    found, moved = commuting_equilibrium(tt.TDVP(step=1 / 128, tolerance=1e-6, max_bond=2, order=4), 20, 1 / 16)
    assert_within(found, 1e-5)
    assert_within(moved, 1e-6)
    unshifted = np.exp(-np.array([0.5, -0.5]) / 2.1)
    assert np.abs(CLOSED.populations - unshifted / unshifted.sum()).max() > 0.3  # far from the system's own equilibrium


@pytest.mark.slow
def test_commuting_equilibrium_stays():
    found, moved = commuting_equilibrium(tt.TDVP(step=1 / 128, tolerance=1e-7, max_bond=2, order=4), 60, 0.375)
    assert_within(found, 8e-6)
    assert_within(moved, 1e-5)


@pytest.mark.slow
def test_an_equilibrium_spoiled_by_rounding_is_named():
    """Imaginary time lowers the ancilla's energy without a bound; with this bond rounding runs away, and the start says so."""
    settings = tt.TDVP(step=1 / 64, tolerance=1e-7, max_bond=4, order=4)
    bath = chains.chain(EXPONENTIAL, 40, temperature=2.1, support=75.0)
    model = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling=PROJECTOR, bath=bath)
    run = bare(model, settings, 0.0, initial="mean-force")
    far = abs(run.rho_S[0, 0, 0].real - CLOSED.populations[0]) > 1e-3
    named = any("bath and ancilla" in flag for flag in run.flags)
    assert named == far


def interacting(name: str, **others) -> tt.Model:
    """Couplings that do not commute with H_S, two modes at T = 0.5, or one each for two baths."""
    T = 0.5
    couplings = {
        "one chain": lambda: [tt.couple({"z": 0.4, "x": 0.2}, discrete((0.9, 1.4), (0.4, 0.3), T))],
        "two chains": lambda: [tt.couple({"z": 0.4, "x": 0.2}, discrete((0.9, 1.4), (0.4, 0.3), T, pair=True))],
        "exchange": lambda: [
            tt.couple("sigma_minus", discrete((0.9, 1.4), (0.3, 0.25), T, pair=True), kind="exchange")
        ],
        "two baths": lambda: [
            tt.couple({"x": 0.5}, discrete((0.9,), (0.4,), T)),
            tt.couple({"z": 0.5}, discrete((1.4,), (0.5,), T)),
        ],
    }[name]()
    return tt.assemble(hamiltonian={"z": 0.3, "x": 0.2}, couplings=couplings, layout="middle", **others)


def equilibrium(model: tt.Model, algorithm: tt.Algorithm, levels, until: float = 1.0) -> dict[str, float]:
    run = bare(model, algorithm, until, initial="mean-force", variance_every=np.inf)
    dataset = tt.ledger(run, alpha_S=0.3)
    assert dataset.attrs["start"] == "mean-force"
    system = oracle_of(model, levels)
    found = deviations(dataset, system, [0.0, until], nodes=4)
    T = model.temperature
    whole = np.linalg.eigvalsh(system.total(0.0).toarray())
    bath = system.energies_each.sum(axis=0)
    free = -T * (np.log(np.sum(np.exp(-(whole - whole[0]) / T))) - whole[0] / T - np.log(np.sum(np.exp(-bath / T))))
    found["free energy"] = abs(run.free_energy - free)
    assert abs(free) > 0.1
    assert abs(float(columns_at(system, next(system.states([0.0])), 0.0, 0.3)["U_chi"])) > 1e-2
    return found


def test_equilibrium_roughly():
    assert_within(equilibrium(interacting("two baths"), tt.TDVP(step=0.125, tolerance=1e-6, order=4), 10, 0.25), 3e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["one chain", "two chains", "exchange", "two baths"])
def test_equilibrium(name):
    algorithm = tt.TDVP(step=0.1, tolerance=1e-8, max_bond=None, order=4)
    assert_within(equilibrium(interacting(name), algorithm, (15, 11)), 1.2e-7)


def test_without_coupling_equilibrium_is_that_of_the_parts():
    model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"x": 0.0}, bath=discrete((0.9,), (0.4,), 0.5))
    run = bare(model, QUICK, 0.25, initial="mean-force", variance_every=np.inf)
    p = 1 / (1 + np.exp(0.6 / 0.5))
    np.testing.assert_allclose(run.rho_S[0], np.diag([p, 1 - p]), atol=1e-7)
    assert run.free_energy == pytest.approx(-0.5 * np.log(2 * np.cosh(0.3 / 0.5)), abs=1e-7)
    assert abs(float(tt.ledger(run)["E_B"][0])) < 1e-7
