"""What a lost tail adds to the errors: against the closed form of the uncut density, and against runs that have more of the tail."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.commuting import DephasingModes
from tests.physics.runs import bare
from tnthermo.evolution.doubts import tail_doubts
from tnthermo.thermo.columns import columns
from tnthermo.thermo.dataset import error_variables, errors_of
from tnthermo.thermo.tail import rho_S_error, tail_errors

WIDTHS = 6.0  # where the weight is cut
DENSITY = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0, cutoff=3000.0)
LOST = 0.5 - 0.5 * 2 / np.pi * np.arctan(WIDTHS)
ENERGIES, EIGENVALUES = (0.4, 0.1, -0.5), (0.6, 0.1, -0.5)
AMPLITUDES = np.array([0.6, 0.5, np.sqrt(1 - 0.61)])
TIMES = (0.3, 0.6, 1.2)


def dephasing(temperature: float) -> tt.Trajectory:
    """d = 3 and A^2 no multiple of 1: the tail shifts the levels."""
    bath = chains.chain(DENSITY, 22 if temperature else 14, temperature=temperature, support=WIDTHS)
    model = tt.SpinBoson(hamiltonian=np.diag(ENERGIES), coupling=np.diag(EIGENVALUES), bath=bath)
    algorithm = tt.TDVP(step=0.05, tolerance=3e-6, max_bond=16)
    return bare(model, algorithm, 1.2, initial=AMPLITUDES, record_every=0.3, variance_every=np.inf)


def uncut(temperature: float) -> DephasingModes:
    w, weights = chains.measure(DENSITY, longest_time=1.2)
    return DephasingModes(
        energies=ENERGIES, eigenvalues=EIGENVALUES, frequencies=tuple(w), couplings=tuple(np.sqrt(weights)),
        beta=1 / temperature if temperature else np.inf, initial=np.outer(AMPLITUDES, AMPLITUDES),
    )  # fmt: skip


def right(system: DephasingModes, t: float, alpha_S: float) -> dict[str, float]:
    E_B, A = system.bath_energy(t), system.average(system.a)
    h = A * system.position(t)
    p = np.linalg.eigvalsh(system.rho_S(t))
    found = {
        "E_B": E_B, "E_int": -E_B, "h": h, "U_chi": -E_B - h, "U_B": E_B + alpha_S * h, "Q_B": E_B + h, "Q_chi": -E_B - h,
        "W_B": -(1 - alpha_S) * h, "W_S": (1 - alpha_S) * h, "S_S": float(-np.sum(p * np.log(np.maximum(p, 1e-300)))),
        "E_S": system.average(np.array(ENERGIES)), "Q_S": 0.0,
    }  # fmt: skip
    if np.isfinite(system.beta):
        found["Sigma_total"] = found["S_S"] + system.beta * E_B
    return found


@pytest.mark.parametrize("temperature", [0.0, pytest.param(0.5, marks=pytest.mark.slow)])
def test_errors_hold_what_the_tail_does(temperature):
    """The truth is inside, and no column's error is more than ten times what is missing: measured 1.2 to 1.8, S_S 4."""
    run, system = dephasing(temperature), uncut(temperature)
    found = columns(run, 0.3)
    amounts = tail_errors(run, found)
    numerical = 2e-4
    for t in TIMES:
        k = int(np.argmin(np.abs(run.t - t)))
        for name, value in right(system, t, 0.3).items():
            missing, amount = abs(value - found.values[name][k]), amounts[name][k]
            assert missing < amount + numerical, name
            assert amount < 10 * missing + numerical, name
        rho_S = run.rho_S[run.recorded[k]]
        assert np.abs(rho_S - system.rho_S(t)).max() < rho_S_error(run)[k] + numerical
        assert rho_S_error(run)[k] < 10 * np.abs(rho_S - system.rho_S(t)).max()
    # the twin: half of it would not do
    assert 0.5 * amounts["E_B"][-1] < abs(system.bath_energy(1.2) - found.values["E_B"][-1])
    assert amounts["E_B"][-1] == pytest.approx(1.2 * 2 * LOST * system.average(system.a**2), rel=0.15)
    assert np.all([amounts[name][0] == 0 for name in ("E_B", "E_int", "h", "Q_B", "S_S")])
    assert np.isinf(amounts["Var_Q_B"][-1])


def larger(model_of, until: float, initial, *, ends: tuple[float, float]) -> tuple[tt.Trajectory, list]:
    """(The run whose weight ends first, the columns of both)."""
    runs = []
    for end in ends:
        algorithm = tt.TDVP(step=0.25 / max(5, round(0.4 * end)), tolerance=3e-6, max_bond=16)
        runs.append(bare(model_of(end), algorithm, until, initial=initial, record_every=0.25))
    return runs[0], [columns(run, 0.5) for run in runs]


def qubit(end: float) -> tt.Model:
    bath = chains.chain(DENSITY, int(0.62 * end) + 14, support=end)
    return tt.SpinBoson(hamiltonian={"x": 0.5, "z": 0.2}, coupling={"z": 0.5}, bath=bath)


def exchanging(end: float) -> tt.Model:
    bath = chains.chain(DENSITY, int(0.62 * end) + 14, support=end)
    return tt.JaynesCummings(hamiltonian={"z": 0.5}, coupling="sigma_minus", bath=bath)


def ramped(end: float) -> tt.Model:
    bath = chains.chain(DENSITY, int(0.62 * end) + 14, support=end)
    return tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath, strength=tt.Ramp(duration=0.8))


def jumping(end: float) -> tt.Model:
    """The coupling jumps twice, the splitting once."""
    bath = chains.chain(DENSITY, int(0.62 * end) + 14, support=end)
    strength, field = tt.Square(start=0.25, stop=0.75, height=0.6, base=0.4), tt.Square(start=0.5, height=0.3)
    drives = [tt.SystemDrive(operator={"z": 1.0}, drive=field)]
    return tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath, strength=strength, drives=drives)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("model_of", "initial"),
    [(qubit, "+z"), (exchanging, np.array([0.8, 0.6])), (ramped, "+z"), (jumping, "+z")],
    ids=lambda v: getattr(v, "__name__", ""),
)
def test_errors_hold_the_tail_of_a_system_that_moves(model_of, initial):
    """A weight to 5 widths beside one to 30. Energies, heat and work within ten times; entropies and rates inside."""
    run, (found, better) = larger(model_of, 1.0, initial, ends=(5.0, 30.0))
    amounts = tail_errors(run, found)
    later = run.t > 0
    for name in ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "W_chi", "W_total", "S_S",
                 "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "Sdot_S", "E_B_each", "Q_B_each", "W_B_each"):  # fmt: skip
        missing = np.abs(found.values[name] - better.values[name])
        # a tail to 30 widths instead of one without an end lacks a sixth of what is lost; that of a rate is an estimate
        room = 1.5 if name == "Sdot_S" and model_of is jumping else 1.1
        assert np.all(missing[later] <= room * amounts[name][later] + 1e-4), name
    for name in ("E_B", "E_int", "U_chi", "Q_B"):
        missing = np.abs(found.values[name] - better.values[name])
        settled = run.t > 0.3 if model_of is jumping else later
        assert np.all(amounts[name][settled] <= 10 * missing[settled] + 1e-4), name


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_a_drive_that_jumps_within_the_run_and_at_a_record_time(temperature):
    """Columns with two sides of a jump beside a tail: amounts of every column at every record time, larger where the coupling is."""
    bath = chains.chain(DENSITY, 10, temperature=temperature, support=5.0)
    model = tt.SpinBoson(
        hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath,
        strength=tt.Square(start=0.1, stop=0.33, height=0.9, base=0.1),
    )  # fmt: skip
    run = bare(model, tt.TDVP(step=0.05, tolerance=1e-4, max_bond=8), 0.4, record_every=0.1)
    found = columns(run, 0.5)
    amounts = tail_errors(run, found)
    for name, amount in amounts.items():
        assert amount.shape == found.values[name].shape, name
        assert not np.isnan(amount).any(), name
        assert np.all(amount >= 0), name
    # 2 lambda_lost <M> of what is held, M = F^2/4, F = 1 from the jump at t = 0.1 on, and at first as much of what was shaken off
    held = 1.2 * 2 * chains.lost_tail(bath).reorganisation / 4
    assert amounts["E_int"][1] == pytest.approx(1.9 * held, rel=0.1)
    assert held < amounts["E_int"][3] < 2.0 * held
    assert amounts["E_int"][4] < 0.3 * amounts["E_int"][3]


def test_only_where_something_is_lost():
    density = chains.PowerLaw(alpha=0.1, shape="hard")
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(density, 6))
    run = bare(model, tt.TDVP(step=0.1, tolerance=1e-5), 0.2)
    assert tail_errors(run, columns(run, 0.5)) == {}
    assert not tail_doubts(model.couplings[0], 0)
    cut = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(density, 6, support=0.5))
    run = bare(cut, tt.TDVP(step=0.1, tolerance=1e-5), 0.2)
    amounts = tail_errors(run, columns(run, 0.5))
    assert np.isfinite(amounts["Var_Q_B"]).all()  # int J of what is lost is finite
    assert {name for name, amount in amounts.items() if np.any(amount < 0) or np.any(np.isnan(amount))} == set()
    assert "50 % of the whole" in str(tail_doubts(cut.couplings[0], 0)[0])


def test_the_error_columns_have_it():
    model = qubit(5.0)
    run = bare(model, tt.TDVP(step=0.05, tolerance=1e-5, max_bond=8), 0.5, record_every=0.25)
    found = columns(run, 0.5)
    own = tail_errors(run, found)
    errors = error_variables(
        run, found, errors_of(replace(run, rough=run), found, 0.5)
    )  # a companion that is the run itself: only floors and the tail
    for name in ("E_B", "E_int", "h", "Q_B", "E_S", "S_S", "E_B_each"):
        assert np.all(errors[f"{name}_error"][1] >= own[name])
        assert np.all(own[name][1:] > 0)
    dataset = tt.ledger(replace(run, rough=run))
    assert float(dataset.rho_S_error[-1].max()) >= rho_S_error(run)[-1] > 0


def test_what_is_affected_is_said():
    text = str(tail_doubts(qubit(5.0).couplings[0], 0)[0])
    assert "beyond w = 5: reorganisation energy" in text
    assert "Var_Q_B" in text
    assert "levels" not in text  # A^2 = 1/4
    assert "levels" in str(tail_doubts(exchanging(5.0).couplings[0], 0)[0])
