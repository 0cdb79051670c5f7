"""Structure: reversibility, conservation, how the partition depends on alpha_S, baths that add up or are not coupled."""

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.physics.runs import bare, few_modes
from tnthermo.engines.measure import Measure
from tnthermo.engines.tdvp import TDVPEngine, filled
from tnthermo.network.automaton import automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.state import State, product_state

MODEL = few_modes((0.6, 1.1), (0.2, 0.3), 0.5, {"z": 0.2, "x": 0.3}, {"z": 1.0})
# driven, the system between a cold and a warm bath of one mode each
ONE_MODE = chains.Discrete(frequencies=[0.8], couplings=[0.3])
TWO_BATHS = tt.assemble(
    hamiltonian={"z": 0.2, "x": 0.3},
    couplings=[
        tt.couple({"z": 1.0}, chains.chain(ONE_MODE), strength=tt.Pulse(centre=0.5, width=0.5, height=1.0, base=0.2)),
        tt.couple({"x": 0.7}, chains.chain(ONE_MODE, temperature=0.5)),
    ],
    drives=[tt.SystemDrive(operator=np.array([[0, -1j], [1j, 0]]), drive=tt.Cosine(amplitude=0.4, frequency=1.0))],
)
TIGHT = tt.TDVP(step=0.125, tolerance=1e-7, max_bond=None)


@pytest.fixture(scope="module")
def run() -> tt.Trajectory:
    return bare(MODEL, TIGHT, 3.0)


@pytest.mark.parametrize(
    "algorithm",
    [tt.TDVP(step=0.125, tolerance=1e-6), tt.TDVP1(step=0.125, tolerance=1e-8, bond=8)],
    ids=lambda a: a.name,
)
def test_forward_then_backward_is_the_start(algorithm):
    for model in (MODEL, TWO_BATHS):
        start = product_state(np.array([[1.0], [0.0]], dtype=complex), model.line, (12,) * model.sites)
        full = filled(start, 8) if isinstance(algorithm, tt.TDVP1) else start
        engine = TDVPEngine(algorithm, full, automaton(model.terms, model.line.length), model, may_grow=False)
        for _ in range(8):
            engine.step(0.125)
        there = engine.network().state(1.0).to_quimb().H @ start.to_quimb()
        assert abs(there) < 0.99
        for _ in range(8):
            engine.step(-0.125)
        back = engine.network().state(0.0).to_quimb().H @ start.to_quimb()
        assert abs(abs(back) - 1) < 1e-5


def test_energy_and_norm(run):
    assert np.abs(run.total_energy - run.total_energy[0]).max() < 1e-6
    assert np.abs(run.norm - 1).max() < 1e-9
    assert np.ptp(run.chain_energy) > 0.05  # while energy did flow


def test_alpha_S_moves_energy_between_system_and_bath_only(run):
    ledgers = {alpha: tt.ledger(run, alpha_S=alpha) for alpha in (-0.5, 0.0, 0.3, 1.0)}
    h = ledgers[0.0]["h"].values
    assert np.abs(h).max() > 0.05
    total = [(d["U_S"] + d["U_B"] + d["U_chi"]).values for d in ledgers.values()]
    for other in total[1:]:
        np.testing.assert_allclose(other, total[0], atol=1e-12)
    for alpha, d in ledgers.items():
        np.testing.assert_allclose(d["U_S"].values - ledgers[0.0]["U_S"].values, -alpha * h, atol=1e-12)
        np.testing.assert_allclose(d["U_B"].values - ledgers[0.0]["U_B"].values, alpha * h, atol=1e-12)
        for name in ("Q_S", "Q_B", "U_chi", "S_S", "E_B", "Sigma_total"):
            np.testing.assert_array_equal(d[name].values, ledgers[0.0][name].values)
        np.testing.assert_allclose(d["W_S"].values, -d["W_B"].values, atol=1e-7)
    assert np.abs(ledgers[1.0]["W_S"].values - ledgers[0.0]["W_S"].values).max() > 0.01


def test_moving_the_centre_changes_no_column(run):
    """Through quimb with the centre elsewhere and back: the same measurements."""
    psi = run.state.to_quimb()
    psi.canonicalize_(3)
    back = State.from_quimb(psi, dimension=2)
    machine, measure = automaton(MODEL.terms, 5), Measure(MODEL)
    before, after = (measure.local(BlockState(s, machine, MODEL)) for s in (run.state, back))
    for name in ("rho_S", "moment_X", "moment_P", "chain_energy", "total_energy", "norm"):
        np.testing.assert_allclose(getattr(after, name), getattr(before, name), atol=1e-12)


def test_equal_frequencies_are_one_mode(run):
    """Two modes of one frequency and half the weight each are one mode: g^2 adds."""
    halves = few_modes(
        (0.6, 1.1, 1.1), (0.2, 0.3 / np.sqrt(2), 0.3 / np.sqrt(2)), 0.5, {"z": 0.2, "x": 0.3}, {"z": 1.0}
    )
    np.testing.assert_allclose(bare(halves, TIGHT, 3.0).rho_S, run.rho_S, atol=1e-9)


def test_without_coupling_the_system_is_free_and_the_bath_at_rest():
    free = tt.SpinBoson(hamiltonian={"x": 0.3}, coupling={"z": 0.0}, bath=MODEL.chains[0])
    run = bare(free, TIGHT, 3.0)
    z = np.real(run.rho_S[:, 0, 0] - run.rho_S[:, 1, 1])
    np.testing.assert_allclose(z, np.cos(0.6 * run.times), atol=1e-7)
    assert np.abs(run.chain_energy).max() < 1e-14
    assert run.bonds.max() == 1


def test_hot_and_cold_baths_differ(run):
    cold = few_modes((0.6, 1.1), (0.2, 0.3), 0.0, {"z": 0.2, "x": 0.3}, {"z": 1.0})
    assert np.abs(bare(cold, TIGHT, 3.0).rho_S - run.rho_S).max() > 0.01
    barely = few_modes((0.6, 1.1), (0.2, 0.3), 0.01, {"z": 0.2, "x": 0.3}, {"z": 1.0})
    np.testing.assert_allclose(bare(barely, TIGHT, 3.0).rho_S, bare(cold, TIGHT, 3.0).rho_S, atol=1e-6)


def test_end_of_a_short_chain_is_named_before_it_matters():
    """The flag is there when the short chain differs from the long one, and not before."""
    J = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    algorithm = tt.TDVP(step=0.25, tolerance=1e-5)

    def after(length: int, until: float) -> tt.Trajectory:
        bath = chains.chain(J, length=length)
        return bare(tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=bath), algorithm, until)

    long, short = after(24, 16.0), after(6, 16.0)
    (flag,) = [flag for flag in short.flags if "chain end reached" in flag]
    named = float(flag.split("t = ")[1].split()[0])
    assert long.flags == ()
    apart = np.abs(short.rho_S - long.rho_S).max(axis=(1, 2))
    assert apart.max() > 1e-3
    assert short.times[np.argmax(apart > 1e-3)] >= named
