"""Drives that are faster than the step, and drives that jump, in whole runs of every kind of engine."""

from collections.abc import Callable

import numpy as np
import pytest
from scipy.integrate import solve_ivp

import chains
import tnthermo as tt
from tests.physics.dense import assert_within, deviations, oracle_of
from tests.physics.runs import bare
from tnthermo.evolution.doubts import hardest_step, step_doubts
from tnthermo.model.drives import Drive

SIGMA_X = np.array([[0, 1], [1, 0]], dtype=complex)
SIGMA_Z = np.diag([1, -1]).astype(complex)
TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])
BALANCES = ("energy", "heat", "work", "flux", "chi")


def mode(frequency: float, coupling: float, temperature: float = 0.0) -> chains.Chain:
    return chains.chain(chains.Discrete(frequencies=[frequency], couplings=[coupling]), temperature=temperature)


# A pulse of a fiftieth of the step.

NARROW = tt.Pulse(centre=0.53, width=0.002, height=100.0)
LEVELS = 8


def struck(drive: Drive) -> tt.Model:
    part = tt.SystemDrive(operator=SIGMA_X, drive=drive)
    return tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 0.5}, bath=mode(1.0, 0.3), drives=[part])


def energies_by_hand(until: float) -> dict[str, float]:
    """<H_S> and <H_B> of the same model by a Runge-Kutta method whose steps are a quarter of the pulse or less."""
    a = np.diag(np.sqrt(np.arange(1.0, LEVELS)), 1)
    H_B = np.kron(np.eye(2), a.T @ a)
    constant = np.kron(0.3 * SIGMA_Z, np.eye(LEVELS)) + np.kron(0.15 * SIGMA_Z, a + a.T) + H_B
    field = np.kron(SIGMA_X, np.eye(LEVELS))

    def slope(t: float, y: np.ndarray) -> np.ndarray:
        return -1j * (constant @ y + 100.0 * np.exp(-((t - 0.53) ** 2) / (2 * 0.002**2)) * (field @ y))

    start = np.zeros(2 * LEVELS, dtype=complex)
    start[0] = 1.0
    y = solve_ivp(slope, (0, until), start, method="DOP853", rtol=1e-11, atol=1e-13, max_step=5e-4).y[:, -1]
    H_S = np.kron(0.3 * SIGMA_Z, np.eye(LEVELS))
    return {"E_S": float(np.real(y.conj() @ H_S @ y)), "E_B": float(np.real(y.conj() @ H_B @ y))}


@pytest.mark.parametrize(
    "algorithm", [tt.TDVP(step=0.1, tolerance=1e-8), pytest.param(tt.Exact(step=0.1), marks=pytest.mark.slow)],
    ids=["tdvp", "exact"],
)  # fmt: skip
def test_a_pulse_much_shorter_than_the_step_is_seen(algorithm: tt.Algorithm) -> None:
    run = tt.evolve(struck(NARROW), algorithm=algorithm, until=0.7, variance_every=np.inf, occupation_every=np.inf)
    dataset, expected = tt.ledger(run), energies_by_hand(0.7)
    assert len(run.t) == 8
    assert expected["E_S"] < 0.2 < 0.3  # what it is without the pulse
    for name, value in expected.items():
        error = float(dataset[f"{name}_error"][-1])
        assert abs(float(dataset[name][-1]) - value) <= 3 * error, name
        assert 1e-13 < error < 2e-4, name
    assert run.rough is not None
    assert np.diff(run.rough.times).min() > 1.9 * np.diff(run.times).min()


class Unresolved:
    """A drive that does not say how fast it is."""

    breaks: tuple[float, ...] = ()
    time_scale = np.inf

    def __init__(self, drive: Drive) -> None:
        self.value, self.slope, self.describe = drive.value, drive.slope, drive.describe


def test_without_steps_that_follow_it_the_pulse_would_be_missed() -> None:
    """Negative: this is what the test above would find if the grid did not ask the drive."""
    run = bare(struck(Unresolved(NARROW)), tt.TDVP(step=0.1, tolerance=1e-8), 0.7, variance_every=np.inf)
    assert float(tt.ledger(run).E_S[-1]) == pytest.approx(0.3, abs=1e-6)


def test_a_run_of_one_step_has_an_error_bar() -> None:
    """The companion of a single step was the same step, and its error bar 1e-16."""
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=mode(1.0, 0.4))
    run = tt.evolve(model, algorithm=tt.TDVP(step=0.2, tolerance=1e-9), until=0.2, variance_every=np.inf)
    right = tt.ledger(bare(model, tt.Exact(step=0.2), 0.2, variance_every=np.inf)).E_B[-1]
    dataset = tt.ledger(run)
    assert run.rough is not None
    assert (run.times.size, run.rough.times.size) == (3, 2)
    off, error = abs(float(dataset.E_B[-1] - right)), float(dataset.E_B_error[-1])
    assert 1e-10 < off <= 3 * error < 1e-3


# Jumps.

RECTANGLE = tt.Square(start=0.5, stop=1.3, height=0.8, base=0.2)
QUENCH = tt.SystemDrive(operator=SIGMA_X, drive=tt.Square(start=0.7, height=0.5))
JUMPS = (0.5, 0.7, 1.3)


def one_bath(strength: Drive = RECTANGLE) -> tt.Model:
    return tt.SpinBoson(
        hamiltonian={"z": 0.3, "x": 0.2}, coupling={"z": 0.5, "x": 0.3}, bath=mode(0.9, 0.4, 0.4), strength=strength,
        drives=[QUENCH],
    )  # fmt: skip


def two_baths() -> tt.Model:
    cold = tt.couple("sigma_minus", mode(0.8, 0.4), kind="exchange", strength=RECTANGLE)
    warm = tt.couple({"x": 0.5}, mode(1.2, 0.3, 0.4), strength=tt.Square(start=0.0, stop=1.3, height=1.0))
    return tt.assemble(hamiltonian={"z": 0.3, "x": 0.2}, couplings=[cold, warm], drives=[QUENCH])


def compared(model: tt.Model, algorithm: tt.Algorithm, levels, oracle: tt.Model | None = None) -> dict[str, float]:
    run = bare(model, algorithm, 2.0, initial=TILTED_START, variance_every=np.inf)
    dataset = tt.ledger(run, alpha_S=0.3)
    times = np.array([0.0, *JUMPS, 2.0])
    found = deviations(dataset, oracle_of(oracle or model, levels, TILTED_START), times)
    return found | {f"residual_{name}": float(np.abs(dataset[f"residual_{name}"]).max()) for name in BALANCES}


CASES: dict[str, tuple[Callable[[], tt.Model], tt.Algorithm, object, float]] = {
    "one bath": (one_bath, tt.TDVP(step=0.1, tolerance=1e-6, order=4), 10, 1e-5),
    "two baths": (two_baths, tt.TDVP(step=0.1, tolerance=1e-6, order=4), (7, 8), 1e-5),
}


@pytest.mark.parametrize("name", CASES)
def test_the_ledger_of_drives_that_jump(name: str) -> None:
    """At the jumps as well, whose values are those after them, in rates and works as in energies."""
    make, algorithm, levels, limit = CASES[name]
    assert_within(compared(make(), algorithm, levels), limit)


def test_a_jump_elsewhere_is_noticed() -> None:
    """Negative: a rectangle of the same area that jumps a tenth later."""
    make, algorithm, levels, _ = CASES["one bath"]
    late = one_bath(tt.Square(start=0.7, stop=1.5, height=0.8, base=0.2))
    run = bare(late, algorithm, 2.0, initial=TILTED_START, variance_every=np.inf)
    system = oracle_of(make(), levels, TILTED_START)
    found = deviations(tt.ledger(run, alpha_S=0.3), system, [0.0, *JUMPS, 1.5, 2.0])
    assert min(found[name] for name in ("W_total", "E_int", "Q_S", "W_S")) > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize("name", ["exact", "tdvp2", "tebd"])
def test_jumps_by_other_methods(name: str) -> None:
    """The balances to 1e-8 by the method that has no error of its own, to the others' tolerance by them."""
    make, _, levels, _ = CASES["one bath"]
    methods = {
        "exact": (tt.Exact(step=0.05, tolerance=1e-9), 1e-8),
        "tdvp2": (tt.TDVP2(step=0.1, tolerance=1e-6, order=4), 1e-5),
        "tebd": (tt.TEBD(step=0.1, tolerance=1e-6, order=4), 1e-5),
    }
    algorithm, limit = methods[name]
    assert_within(compared(make(), algorithm, 15 if name == "exact" else levels), limit)


def test_a_coupling_that_is_on_for_a_while() -> None:
    """Pure dephasing: the mode is displaced by g (exp(i w b) - exp(i w a))/(2 w), and all the work is in the bath when it is off again."""
    a, b, w, g = 0.4, 1.9, 0.9, 0.5
    model = tt.SpinBoson(
        hamiltonian={"z": 0.4}, coupling={"z": 0.5}, bath=mode(w, g), strength=tt.Square(start=a, stop=b, height=1.0)
    )
    dataset = tt.ledger(
        bare(model, tt.TDVP(step=0.1, tolerance=1e-7, order=4), 2.5, initial="+x", variance_every=np.inf)
    )
    energy = w * abs(0.5 * g * (np.exp(1j * w * b) - np.exp(1j * w * a)) / w) ** 2
    at = dataset.sel(t=b, method="nearest")
    assert_within(
        {
            "E_B": abs(float(dataset.E_B[-1]) - energy),
            "W_total": float(np.abs(dataset.W_total.sel(t=slice(b, None)) - energy).max()),
            "E_int at the end of it": abs(float(at.E_int)),
            "E_int": float(np.abs(dataset.E_int.sel(t=slice(b, None))).max()),
            "Q_S": float(np.abs(dataset.Q_S).max()),
            # on: <H_int> = 0 in the vacuum, no work; off: -<H_int>
            "work before": float(np.abs(dataset.W_total.sel(t=slice(None, b - 0.05))).max()),
            **{name: float(np.abs(dataset[f"residual_{name}"]).max()) for name in BALANCES},
        },
        1e-6,
    )
    assert energy > 0.03


def test_a_step_is_too_large_only_where_it_is_not_cut() -> None:
    """The narrow pulse is strong for steps of 0.1 and not for those with which it is followed; a field that lasts is too strong."""
    for drive, doubtful in ((NARROW, False), (tt.Square(start=0.52, stop=0.61, height=100.0), True)):
        found = step_doubts(struck(drive), tt.TDVP(step=0.1), 0.7)
        assert [doubt.kind for doubt in found] == ["step"] * doubtful
    assert hardest_step(struck(tt.Cosine(amplitude=2.0, frequency=0.1)), 0.1, 0.7) == pytest.approx(
        (2.0, 0.1), abs=2e-2
    )


def test_steps_that_are_cut_add_their_part_of_the_tolerance(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pulse that cuts a step into many added the tolerance as many times: W_S off by 2e-4 +- 1.7e-5 at a tolerance of 3e-5."""
    pulse = tt.Pulse(centre=0.55, width=0.004, height=60.0, base=1.0)
    bath = chains.chain(chains.Discrete(frequencies=[0.8, 1.8], couplings=[0.2, 0.3]))
    model = tt.SpinBoson(hamiltonian={"z": 0.3, "x": 0.2}, coupling={"x": 0.5, "z": 0.3}, bath=bath, strength=pulse)
    settings = {"initial": "+x", "until": 1.0, "error_bars": False, "bath_entropy": "off"}
    exact = tt.evolve(model, algorithm=tt.Exact(step=0.1, tolerance=1e-9), **settings)
    coarse = tt.TDVP(step=0.1, tolerance=3e-4, max_bond=None)

    def off() -> float:
        run = tt.evolve(model, algorithm=coarse, **settings)
        return float(
            np.abs(run.rho_S[-1] - exact.rho_S[-1]).max() + np.abs(run.chain_energy[-1] - exact.chain_energy[-1]).max()
        )

    own = off()
    monkeypatch.setattr("tnthermo.engines.tdvp.FULL", 0.0)
    assert own < coarse.tolerance
    assert own < 0.6 * off()
