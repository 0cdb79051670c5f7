"""Driven runs: a qubit alone, whole ledgers with kinks inside, a coupling that is switched on and off, balances of a continuum."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.commuting import driven_displacement
from tests.oracles.driven import Rabi
from tests.physics.dense import assert_within, deviations, oracle_of
from tests.physics.runs import bare

SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
SIGMA_Y = np.array([[0, -1j], [1j, 0]])
SIGMA_Z = np.diag([1, -1]).astype(complex)
TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def discrete(frequencies, couplings, temperature: float) -> chains.Chain:
    return chains.chain(
        chains.Discrete(frequencies=list(frequencies), couplings=list(couplings)), temperature=temperature
    )


# A qubit alone: all energy comes from the drive.

RABI = Rabi(splitting=1.0, strength=0.6, frequency=0.8, initial=TILTED_START)


def turning_field(alpha: float = 0.0, phase: float = -np.pi / 2) -> tt.Model:
    """The Hamiltonian of RABI by two cosines; no bath unless ``alpha`` is given."""
    density = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
    drives = (
        tt.SystemDrive(operator=SIGMA_X, drive=tt.Cosine(amplitude=0.3, frequency=0.8)),
        tt.SystemDrive(operator=SIGMA_Y, drive=tt.Cosine(amplitude=0.3, frequency=0.8, phase=phase)),
    )
    return tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 0.5}, bath=chains.chain(density, 4), drives=drives)


def from_rabi(model: tt.Model, algorithm: tt.Algorithm) -> dict[str, float]:
    run = bare(model, algorithm, 5.0, initial=TILTED_START, variance_every=np.inf)
    dataset = tt.ledger(run)
    work = np.array([RABI.work(t) for t in run.t])
    assert np.ptp(work) > 0.1
    return {
        "rho_S": max(np.abs(rho - RABI.rho_S(t)).max() for rho, t in zip(run.rho_S, run.times, strict=True)),
        "W_total": np.abs(dataset["W_total"].values - work).max(),
        "W_S": np.abs(dataset["W_S"].values - work).max(),
        "Wdot_S": max(abs(float(p) - RABI.power(t)) for p, t in zip(dataset["Wdot_S"], run.t, strict=True)),
        "Q_S": np.abs(dataset["Q_S"].values).max(),
        "W_total against Delta E_S": np.abs(dataset["E_S"] - dataset["E_S"][0] - dataset["W_total"]).max(),
        "W_chi": np.abs(dataset["W_chi"].values).max(),
        "E_B": np.abs(dataset["E_B"].values).max(),
    }


def test_a_driven_qubit_without_bath():
    found = from_rabi(turning_field(), tt.TDVP(step=0.05, tolerance=1e-10, order=4))
    assert_within({name: float(value) for name, value in found.items()}, 1e-9)
    wrong = from_rabi(turning_field(phase=np.pi / 2), tt.TDVP(step=0.05, tolerance=1e-10, order=4))
    assert wrong["W_total"] > 0.1  # a field that turns the other way


def test_order_of_the_steps_of_a_driven_qubit():
    """H is taken at the middle of every sweep: second order, and fourth as a composition."""
    errors = {
        order: [from_rabi(turning_field(), tt.TDVP(step=h, tolerance=1e-12, order=order))["rho_S"] for h in (0.1, 0.05)]
        for order in (2, 4)
    }
    for order, (coarse, fine) in errors.items():
        assert np.log2(coarse / fine) == pytest.approx(order, abs=0.2)


# Whole ledgers by definition, with kinks of the drives inside the run.

KINKS = (0.5, 1.5)
HALF_ON = tt.Ramp(start=0.5, duration=1.0, initial=0.2, final=1.0)
FADING = tt.Ramp(start=0.0, duration=2.0, initial=1.0, final=0.3, profile="smooth")
DRIVES = (
    tt.SystemDrive(operator=SIGMA_Z, drive=tt.Pulse(centre=1.0, width=0.4, height=0.5)),
    tt.SystemDrive(operator=SIGMA_X, drive=tt.Cosine(amplitude=0.3, frequency=1.5)),
)


def one_bath(**changes) -> tt.Model:
    settings = {"strength": HALF_ON, "drives": DRIVES} | changes
    return tt.SpinBoson(
        hamiltonian={"z": 0.3, "x": 0.2}, coupling={"z": 0.5, "x": 0.3}, bath=discrete([0.9], [0.4], 0.4), **settings
    )


def two_baths() -> tt.Model:
    cold = tt.couple("sigma_minus", discrete([0.8], [0.4], 0.0), kind="exchange", strength=HALF_ON)
    warm = tt.couple({"x": 0.5}, discrete([1.2], [0.3], 0.4), strength=FADING)
    return tt.assemble(hamiltonian={"z": 0.3, "x": 0.2}, couplings=[cold, warm], drives=DRIVES, layout="middle")


def against_the_oracle(model: tt.Model, algorithm: tt.Algorithm, levels, oracle: tt.Model | None = None, **settings):
    run = bare(model, algorithm, 2.0, initial=TILTED_START, variance_every=np.inf, **settings)
    assert run.flags == ()
    dataset = tt.ledger(run, alpha_S=0.3)
    found = deviations(dataset, oracle_of(oracle or model, levels, TILTED_START), np.linspace(0, 2, 5), kinks=KINKS)
    balances = ("energy", "heat", "work", "flux", "chi")
    return found | {f"residual_{name}": float(np.abs(dataset[f"residual_{name}"]).max()) for name in balances}


def test_driven_ledger_roughly():
    algorithm = tt.TDVP(step=0.125, tolerance=1e-6, order=4)
    assert_within(against_the_oracle(one_bath(), algorithm, 10), 1e-5)


def test_kinks_need_not_be_multiples_of_the_step():
    """Steps of 0.15 meet neither kink, and the end is no multiple: extra steps are put in."""
    algorithm = tt.TDVP(step=0.15, tolerance=1e-6, order=4)
    run = bare(one_bath(), algorithm, 2.0, initial=TILTED_START, variance_every=np.inf)
    assert {0.5, 1.5, 2.0} <= set(run.times)
    usual = tt.TDVP(step=0.125, tolerance=1e-6, order=4)
    other = tt.ledger(bare(one_bath(), usual, 2.0, initial=TILTED_START, variance_every=np.inf), alpha_S=0.3).isel(t=-1)
    end = tt.ledger(run, alpha_S=0.3).isel(t=-1)
    for name in ("E_S", "E_B", "W_S", "W_total", "W_chi", "Q_S", "Q_B"):
        assert float(end[name]) == pytest.approx(float(other[name]), abs=5e-6), name


CASES = {"one bath": (one_bath(), 15), "two baths": (two_baths(), (8, 12))}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_driven_ledger(case):
    model, levels = CASES[case]
    found = against_the_oracle(model, tt.TDVP(step=0.05, tolerance=1e-8, max_bond=None, order=4), levels)
    assert_within(found, 3e-8)


OTHERS = {
    "tdvp2": (tt.TDVP2(step=0.05, tolerance=1e-7, order=4), 6e-8),
    "exact": (tt.Exact(step=0.05, tolerance=1e-8), 2e-9),
    "tebd": (tt.TEBD(step=0.05, tolerance=1e-6, order=4), 1e-6),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", OTHERS)
def test_driven_ledger_by_other_methods(name):
    method, limit = OTHERS[name]
    assert_within(against_the_oracle(one_bath(), method, 15), limit)


def test_wrong_drives_are_noticed():
    """A ramp that ends later, a pulse of the other sign: work and heat are not those of the model."""
    algorithm = tt.TDVP(step=0.125, tolerance=1e-6, order=4)
    late = one_bath(strength=tt.Ramp(start=0.5, duration=1.2, initial=0.2, final=1.0))
    turned = one_bath(drives=(tt.SystemDrive(operator=-SIGMA_Z, drive=DRIVES[0].drive), DRIVES[1]))
    for oracle in (late, turned):
        found = against_the_oracle(one_bath(), algorithm, 8, oracle)
        assert min(found[name] for name in ("W_total", "E_int", "Q_S", "W_S")) > 3e-4


# A coupling that comes and goes: in pure dephasing every mode is displaced by a known integral.

PULSE = tt.Pulse(centre=2.5, width=0.5, height=1.0)
MODES = ((0.5, 0.9, 1.4), (0.2, 0.3, 0.25))


def displacements(pulse: tt.Drive, t: float) -> np.ndarray:
    """|alpha_k|^2, the same in both branches."""
    return np.array([abs(driven_displacement(w, g, 0.5, pulse.value, t)) ** 2 for w, g in zip(*MODES, strict=True)])


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_a_coupling_that_is_switched_on_and_off(temperature):
    """Afterwards nothing is left of H_int, and all the work is in the bath: W_total = Delta E_B = sum_k w_k |alpha_k|^2."""
    model = tt.SpinBoson(
        hamiltonian={"z": 0.4}, coupling={"z": 0.5}, bath=discrete(*MODES, temperature), strength=PULSE
    )
    run = bare(
        model, tt.TDVP(step=0.0625, tolerance=1e-6, order=4), 5.5, initial="+x", record_every=0.5,
        occupation_every=0.5, variance_every=np.inf,
    )  # fmt: skip
    dataset = tt.ledger(run)
    displaced = np.array([displacements(PULSE, float(t)) for t in run.t])
    energy = displaced @ np.array(MODES[0])
    found = {
        "E_B": float(np.abs(dataset["E_B"].values - energy).max()),
        "occupations": float(np.abs(dataset["mode_occupation"].values - displaced).max()),
        "residual_energy": float(np.abs(dataset["residual_energy"]).max()),
        "W_total": abs(float(dataset["W_total"][-1]) - energy[-1]),
        "E_int": abs(float(dataset["E_int"][-1])),
        "U_chi": abs(float(dataset["U_chi"][-1])),
        "Q_S": float(np.abs(dataset["Q_S"]).max()),
    }
    assert energy[-1] > 0.05
    assert np.abs(dataset["E_int"]).max() > 0.02
    assert_within(found, 1.5e-6)
    longer = displacements(tt.Pulse(centre=2.5, width=0.6, height=1.0), 5.5)
    assert abs(longer @ MODES[0] - energy[-1]) > 1e-2


# A continuum: nothing to compare with but the balances, all of them.


def continuum(algorithm: tt.Algorithm, length: int) -> dict[str, float]:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    model = tt.SpinBoson(
        hamiltonian={"z": 0.2}, coupling={"x": 0.5}, bath=chains.chain(density, length, temperature=0.2),
        strength=tt.Ramp(start=0.5, duration=1.5, profile="smooth"),
        drives=(tt.SystemDrive(operator=SIGMA_Z, drive=tt.Cosine(amplitude=0.2, frequency=1.0, phase=-np.pi / 2)),),
    )  # fmt: skip
    dataset = tt.ledger(bare(model, algorithm, 5.0, record_every=0.5, variance_every=np.inf))
    assert abs(float(dataset["W_total"][-1])) > 0.01
    assert np.abs(dataset["W_chi"]).max() > 1e-4
    return {
        name: float(np.abs(dataset[f"residual_{name}"]).max()) for name in ("energy", "heat", "work", "flux", "chi")
    }


def test_balances_of_a_driven_continuum_roughly():
    assert_within(continuum(tt.TDVP(step=0.125, tolerance=1e-5, max_bond=8, order=4), 12), 5e-7)


@pytest.mark.slow
def test_balances_of_a_driven_continuum():
    assert_within(continuum(tt.TDVP(step=0.0625, tolerance=3e-8, max_bond=24, order=4), 14), 2e-8)
