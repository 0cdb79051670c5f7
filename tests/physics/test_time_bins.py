"""Time bins against dense propagation, closed forms and chains: the same ledgers, at fourth order, whatever the bath."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.oracles.reference import Reference, assert_ledger_matches, load
from tests.physics.runs import bare, model_of, sigma_z

DENSITY = chains.Discrete(frequencies=[0.6, 1.3], couplings=[0.3, 0.25])
TILTED = {"z": 0.5, "x": 0.2}
H = {"z": 0.4, "x": 0.5}
WARM = 0.5
EXACT = tt.Exact(step=0.25, tolerance=1e-9)
UNTIL = 2.0
EVERY = 0.5
COMPARED = (
    "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "Q_S", "Q_B", "W_S", "W_B", "W_total", "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "S_S",
)  # fmt: skip


def on_bins(model: tt.Model) -> tt.Model:
    """The same model with baths that are not discretised."""
    couplings = tuple(
        tt.couple(
            one.operator,
            chains.Bath(density=one.density, temperature=one.temperature),
            kind=one.kind,
            strength=one.strength,
        )
        for one in model.couplings
    )
    return tt.Model(hamiltonian=model.hamiltonian, couplings=couplings, drives=model.drives)


def a_model(
    coupling: Any = TILTED, *, kind: Any = "hermitian", temperature: float = WARM, hamiltonian: Any = H, **more: Any
) -> tt.Model:
    strength = more.pop("strength", None)
    bath: Any = chains.star_cells(DENSITY, temperature=temperature)
    return tt.assemble(
        hamiltonian=hamiltonian, couplings=[tt.couple(coupling, bath, kind=kind, strength=strength)], **more
    )


RAMP = tt.Ramp(start=0.5, duration=1.0, initial=0.0, final=0.6)
SWITCH = tt.Square(start=0.75, duration=0.5, base=1.0, height=-0.6)
PUSH = tt.SystemDrive(operator={"x": 1.0}, drive=RAMP)
JUMP = tt.SystemDrive(operator={"y": 1.0}, drive=tt.Square(start=0.75, duration=0.5, base=0.0, height=0.5))
HOT_AND_COLD = tt.assemble(
    hamiltonian=H,
    couplings=[
        tt.couple({"z": 0.5}, chains.star_cells(chains.Discrete(frequencies=[0.9], couplings=[0.3]), temperature=0.8)),
        tt.couple({"x": 0.4}, chains.star_cells(chains.Discrete(frequencies=[1.2], couplings=[0.25]), temperature=0.0)),
    ],
)
ONE_OPERATOR = tt.assemble(
    hamiltonian=H,
    couplings=[
        tt.couple({"z": 0.5}, chains.star_cells(chains.Discrete(frequencies=[w], couplings=[0.3]), temperature=T))
        for w, T in ((0.9, 0.8), (1.3, 0.2))
    ],
)
THREE = a_model(np.diag([0.0, 0.4, 1.0]), hamiltonian=np.array([[0, 0.4, 0], [0.4, 0.5, 0.3j], [0, -0.3j, 1.0]]))
CASES: dict[str, tuple[tt.Model, dict[str, Any]]] = {
    "warm": (a_model(), {}),
    "cold": (a_model(temperature=0.0), {}),
    "mixed start": (a_model(), {"initial": [[0.7, 0.1], [0.1, 0.3]]}),
    "displaced": (a_model(), {"displacement": 0.7}),
    "ramped H_S": (a_model(drives=[PUSH]), {}),
    "H_S that jumps": (a_model(drives=[JUMP]), {}),
    "ramped coupling": (a_model(strength=RAMP), {}),
    "coupling that jumps": (a_model(strength=SWITCH), {}),
    "exchange": (a_model("sigma_minus", kind="exchange"), {}),
    "three levels": (THREE, {"initial": [1, 0, 0]}),
    "hot and cold, not commuting": (HOT_AND_COLD, {}),
    "two baths, one operator": (ONE_OPERATOR, {}),
}


def raw_deviation(ours: tt.Trajectory, theirs: tt.Trajectory) -> float:
    """The largest deviation of what the ledger is made of, at the record times."""
    names = ("rho_S", "moment_X", "moment_P", "chain_energy")
    return max(
        float(np.abs(getattr(ours, name)[ours.recorded] - getattr(theirs, name)[theirs.recorded]).max())
        for name in names
    )


@pytest.mark.parametrize("case", CASES)
def test_fourth_order_in_everything(case: str) -> None:
    """Half the step, a sixteenth of the error of states, moments and energies; and all columns are those of dense propagation."""
    model, settings = CASES[case]
    settings = {"initial": "+z", "record_every": EVERY} | settings
    exact = bare(model, EXACT, UNTIL, **settings)
    errors = []
    for step in (0.125, 0.0625):  # coarser ones are cut where a drive is fast
        run = bare(on_bins(model), tt.TimeBins(step=step, tolerance=1e-7), UNTIL, **settings)
        errors.append(raw_deviation(run, exact))
    assert errors[1] < 2e-6
    assert errors[0] / errors[1] > 13 or errors[1] < 3e-8
    ledger, reference = tt.ledger(run), tt.ledger(exact)
    for name in COMPARED:
        assert np.abs(ledger[name].values - reference[name].values).max() < 1e-4, name


def test_a_chain_is_a_bath_of_its_own_modes() -> None:
    """Time bins take the free modes of a chain as they are: an independent engine for the same finite bath."""
    density = chains.PowerLaw(alpha=0.2, cutoff=1.0, exponent=1.0, shape="hard")
    model = tt.SpinBoson(hamiltonian=H, coupling=TILTED, bath=chains.chain(density, 3, temperature=0.0))
    settings = {"initial": "+z", "record_every": EVERY}
    exact = bare(model, EXACT, UNTIL, **settings)
    run = bare(model, tt.TimeBins(step=0.125, tolerance=1e-7), UNTIL, **settings)
    assert raw_deviation(run, exact) < 1e-5


def test_second_order_is_second_order() -> None:
    model, _ = CASES["warm"]
    exact = bare(model, EXACT, UNTIL, record_every=EVERY)
    errors = [
        raw_deviation(
            bare(on_bins(model), tt.TimeBins(step=h, tolerance=1e-7, order=2), UNTIL, record_every=EVERY), exact
        )
        for h in (0.25, 0.125)
    ]
    assert 3.5 < errors[0] / errors[1] < 4.5
    assert errors[1] > 5e-5  # the frame of fourth order is worth something


def test_a_slightly_different_coupling_is_noticed() -> None:
    """The negative twin of the comparisons above."""
    exact = bare(CASES["warm"][0], EXACT, UNTIL, record_every=EVERY)
    run = bare(
        on_bins(a_model({"z": 0.505, "x": 0.2})), tt.TimeBins(step=0.125, tolerance=1e-7), UNTIL, record_every=EVERY
    )
    assert raw_deviation(run, exact) > 1e-4


@pytest.mark.parametrize("step", [0.25, 2.0])
@pytest.mark.parametrize("temperature", [0.0, 0.7])
def test_pure_dephasing_is_exact_at_any_step(step: float, temperature: float) -> None:
    """rho_01 = exp(-8 Gamma)/2 for A = sigma_z, Gamma = int J coth (1 - cos w t)/(2 w^2), and E_B = 2 int J/w (1 - cos w t)."""
    density = chains.PowerLaw(alpha=0.1, cutoff=3.0, exponent=1.0, shape="exponential")
    bath = chains.Bath(density=density, temperature=temperature)
    model = tt.SpinBoson(hamiltonian={"z": 0.0}, coupling={"z": 0.5}, bath=bath)
    run = bare(model, tt.TimeBins(step=step, tolerance=1e-8), 4.0, initial="+x", record_every=2.0)
    free = chains.free_modes(bath, longest_time=4.0)
    w, g = np.array(free.frequencies), np.array(free.couplings)
    thermal = np.array(free.cosh) ** 2 + np.array(free.sinh) ** 2
    for t, rho, E_B in zip(run.t, run.rho_S[run.recorded], tt.ledger(run)["E_B"].values, strict=True):
        gamma = np.sum(g**2 * thermal * (1 - np.cos(w * t)) / w**2)
        assert abs(abs(rho[0, 1]) - 0.5 * np.exp(-gamma)) < 1e-9
        assert abs(E_B - 0.5 * np.sum(g**2 / w * (1 - np.cos(w * t)))) < 1e-8


def exchanging(reference: Reference) -> tt.Model:
    """The model of a reference with an exchange coupling."""
    density = chains.Discrete(frequencies=list(reference.frequencies), couplings=list(reference.couplings))
    pair = chains.thermofield_chains(density, len(reference.frequencies), temperature=1 / reference.beta)
    return tt.JaynesCummings(hamiltonian=reference.hamiltonian, bath=pair)


@pytest.mark.parametrize(
    "name",
    [
        "spin_boson_cold_two_modes",
        pytest.param("spin_boson_warm_two_modes", marks=pytest.mark.slow),
        pytest.param("tilted_coupling_mixed_start", marks=pytest.mark.slow),
        "jaynes_cummings_two_modes",
        "dephasing_two_modes",
    ],
)
def test_whole_ledgers(name: str) -> None:
    """Every column of exact diagonalisation from the definitions; the entropies of the bath are enclosed."""
    reference = load(name)
    model = on_bins(model_of(reference) if reference.coupling is not None else exchanging(reference))
    until = float(reference.times[-1])
    step = 0.025 if reference.coupling is not None else 0.1  # which is composed of five
    run = bare(model, tt.TimeBins(step=step, tolerance=1e-7), until, initial=reference.initial, bath_entropy="off")
    ledger = tt.ledger(run, alpha_S=reference.alpha_S)
    assert_ledger_matches(ledger, reference, tolerance=1e-6)


def test_a_continuum_on_bins_is_the_continuum_on_a_chain() -> None:
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    settings = {"initial": "+z", "record_every": 1.0}
    chain = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.chain(density, 16, temperature=0.2))
    swept = bare(chain, tt.TDVP(step=0.125, tolerance=1e-6, order=4, max_bond=24), 6.0, **settings)
    bins = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=density, temperature=0.2))
    run = bare(bins, tt.TimeBins(step=0.25, tolerance=1e-5), 6.0, **settings)
    assert np.abs(sigma_z(run) - sigma_z(swept)).max() < 1e-4
    ours, theirs = tt.ledger(run), tt.ledger(swept)
    for name in ("E_B", "E_int", "Q_B", "S_S", "Qdot_B"):
        assert np.abs(ours[name].values - theirs[name].values).max() < 2e-4, name


def test_the_modes_of_the_bath_hold_its_energy() -> None:
    """E_B from what every kick adds, and the sum over the occupations of the free modes, from all pairs of bins."""
    bath = chains.Bath(density=chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard"), temperature=0.3)
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=bath)
    run = bare(model, tt.TimeBins(step=0.25, tolerance=1e-6), 4.0, occupation_every=2.0, record_every=1.0)
    ledger = tt.ledger(run)
    at = np.isfinite(run.mode_energy[:, 0])
    assert at.sum() == 3  # the start is one of them
    assert np.abs(run.mode_energy[at, 0] - ledger["E_B"].values[at]).max() < 1e-5
    assert np.abs(run.ancilla_energy[at]).max() < 1e-5  # H_B' does not move


def test_without_a_cutoff_what_diverges_is_said_and_energies_are_finite() -> None:
    """A Drude-Lorentz bath, its tail in closed form: energies do not depend on where its modes end."""
    density = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=density, temperature=0.5))
    cut = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0, cutoff=60.0)
    short = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.Bath(density=cut, temperature=0.5))
    algorithm = tt.TimeBins(step=0.125, tolerance=1e-5)
    whole, less = (tt.ledger(bare(m, algorithm, 2.0, record_every=0.5)) for m in (model, short))
    lost = 0.5 * (1 - 2 / np.pi * np.arctan(60.0)) * 0.25  # lambda_t <A^2>
    assert np.abs(whole["residual_flux"].values).max() < 2e-2  # the flux is all but singular at the start
    assert np.abs(whole["E_int"].values[1:] - less["E_int"].values[1:] + 2 * lost).max() < 1e-4
    assert np.abs(whole["E_B"].values[1:] - less["E_B"].values[1:] - 2 * lost).max() < 1e-4


@pytest.mark.parametrize("temperature", [0.0, 0.5])
def test_a_bath_that_is_relaxed_to_the_system_stays_as_it_is(temperature: float) -> None:
    """Displaced by <A> = x where A is a constant: nothing moves, E_B = lambda x^2 and E_int = -2 lambda x^2 to the last of the tail."""
    density = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
    bath = chains.Bath(density=density, temperature=temperature)
    model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 0.5}, bath=bath)
    algorithm = tt.TimeBins(step=0.25, tolerance=1e-7)
    relaxed = tt.ledger(bare(model, algorithm, 1.0, initial="+z", displacement=0.5))
    assert np.abs(relaxed["E_B"].values - 0.125).max() < 1e-8
    assert np.abs(relaxed["E_int"].values + 0.25).max() < 1e-8
    other = tt.ledger(bare(model, algorithm, 1.0, initial="+z", displacement=0.4))
    assert np.ptp(other["E_int"].values) > 1e-2  # the negative twin


def test_a_coupling_that_is_switched_on_and_off_leaves_what_it_radiates() -> None:
    """Pure dephasing with a Drude-Lorentz bath for one unit of time: E_B = 2 lambda <A^2> (1 - exp(-gamma)) afterwards, all of it work."""
    density = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
    strength = tt.Square(start=1.0, stop=2.0, height=1.0)
    bath = chains.Bath(density=density, temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 0.5}, bath=bath, strength=strength)
    ledger = tt.ledger(bare(model, tt.TimeBins(step=0.25, tolerance=1e-6), 3.0, initial="+x", record_every=0.5))
    left = 0.25 * (1 - np.exp(-1.0))
    assert np.abs(ledger["E_B"].values[:3]).max() < 1e-9
    assert np.abs(ledger["E_B"].values[-3:] - left).max() < 1e-7
    assert abs(float(ledger["W_total"][-1]) - left) < 1e-7
    assert abs(float(ledger["E_int"][2])) < 1e-9  # at the instant of the switch


def test_what_a_weak_coupling_does_is_not_dropped() -> None:
    """Tolerances are relative to what a kick does: energies of the order of 1e-9 to three digits."""
    weak = chains.Discrete(frequencies=[1.0, 2.3], couplings=[4e-5, 5e-5])
    model = tt.SpinBoson(hamiltonian=H, coupling={"z": 0.5}, bath=chains.star_cells(weak, temperature=0.3))
    exact = tt.ledger(bare(model, tt.Exact(step=0.25, tolerance=1e-12), UNTIL, record_every=EVERY))
    found = tt.ledger(bare(on_bins(model), tt.TimeBins(step=0.125), UNTIL, record_every=EVERY))
    largest = np.abs(exact["E_B"].values).max()
    assert 1e-10 < largest < 1e-8
    assert np.abs(found["E_B"].values - exact["E_B"].values).max() < 1e-3 * largest


def test_a_tolerance_that_drops_everything_is_flagged() -> None:
    with pytest.warns(tt.AccuracyWarning, match="too large for time bins"):
        run = bare(on_bins(CASES["warm"][0]), tt.TimeBins(step=0.25, tolerance=0.2), 0.5, initial="+z")
    assert any("tolerance" in flag for flag in run.flags)


def test_two_time_functions() -> None:
    model, _ = CASES["warm"]
    pairs = {"zz": ("z", "z"), "xy": ("x", "y")}
    exact = tt.two_time(model, pairs=pairs, initial="+z", algorithm=EXACT, until=1.0, record_every=0.5)
    found = tt.two_time(
        on_bins(model),
        pairs=pairs,
        initial="+z",
        algorithm=tt.TimeBins(step=0.125, tolerance=1e-7),
        until=1.0,
        record_every=0.5,
    )
    for name in pairs:
        assert np.abs(found[name].values - exact[name].values).max() < 2e-6
        assert np.abs(found[name].values).max() > 0.1


def test_it_is_the_default_for_a_bath_that_is_not_discretised() -> None:
    model = on_bins(CASES["warm"][0])
    run = tt.evolve(model, until=1.0, error_bars=False, bath_entropy="off")
    assert isinstance(run.algorithm, tt.TimeBins)
    steps = run.times.size - 1
    assert steps % 2 == 0  # twice the step fits as well
    with pytest.raises(chains.InvalidInput, match="not discretised"):
        tt.evolve(model, until=1.0, algorithm=tt.TDVP())
    with pytest.raises(chains.InvalidInput, match="product start"):
        tt.evolve(model, until=1.0, initial="mean-force")
