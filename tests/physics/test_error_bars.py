"""Error bars hold the truth, or are infinite: what the rougher run must vary, and what no rougher run tells."""

from dataclasses import replace

import numpy as np
import pytest

import chains
import tnthermo as tt
from tnthermo.network.blocks import start_levels
from tnthermo.record.causes import unjudged

OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")


def spin_boson(temperature: float, length: int = 20) -> tt.Model:
    bath = chains.chain(OHMIC, length, temperature=temperature)
    return tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=bath)


def few(cap: int | None = None, **settings) -> tt.Trajectory:
    """Two modes, seen through a cap."""
    density = chains.Discrete(frequencies=[0.6, 1.1], couplings=[0.3, 0.4])
    model = tt.SpinBoson(hamiltonian={"x": 0.4}, coupling={"z": 1.0}, bath=chains.chain(density, temperature=0.3))
    algorithm = tt.TDVP(step=0.1, tolerance=1e-6, max_bond=cap)
    return tt.evolve(model, algorithm=algorithm, until=2.0, bath_entropy="off", **settings)


def test_the_smallest_cap_is_judged_by_half_of_it() -> None:
    """A companion at the same cap saw nothing of what it costs: +- 1.8e-4 where .06 was missing."""
    run = tt.evolve(spin_boson(0.5), until=6.0, algorithm=tt.TDVP(step=0.1, max_bond=2), bath_entropy="off")
    assert run.rough is not None
    assert run.rough.algorithm.max_bond == 1
    ledger = tt.ledger(run)
    exact = tt.evolve(
        spin_boson(0.5), until=6.0, algorithm=tt.TDVP(step=0.1, max_bond=10), bath_entropy="off", error_bars=False
    )
    off = abs(float(ledger.E_B[-1]) - exact.chain_energy[-1, 0])
    assert off > 1e-3
    assert off < ledger.E_B_error[-1] < 30 * off


def test_a_cap_that_the_bars_hold_is_a_note_and_no_flag() -> None:
    run = few(cap=5)
    assert any("bond cap 5 reached" in flag for flag in run.flags)
    ledger = tt.ledger(run)
    assert (ledger.attrs["status"], ledger.attrs["flags"]) == ("converged", "none")
    assert "bond cap 5 reached" in ledger.attrs["doubts"]
    assert "bond cap 5 reached" in tt.ledger(replace(run, rough=None)).attrs["flags"]  # no bars hold it
    rough = tt.ledger(few(cap=2))  # bars of more than a twentieth
    assert "bond cap 2 reached" in rough.attrs["flags"]


def test_a_cap_of_one_has_no_half_and_its_errors_are_infinite_once_it_costs() -> None:
    ledger = tt.ledger(few(cap=1))
    assert "errors infinite" in ledger.attrs["flags"]
    errors = ledger.E_B_error.values
    assert errors[0] < 1e-12
    assert np.isinf(errors[-1])
    assert "cap of 1" in ledger.E_B_error.attrs["infinite"]
    assert np.isinf(ledger.rho_S_error.values[-1]).all()
    assert (ledger.bond_dimension_error == 0).all()  # a fact about the run
    assert np.isfinite(tt.ledger(few(cap=2)).E_B_error.values).all()


def test_fixed_levels_are_judged_by_fewer_and_full_ones_not_at_all() -> None:
    """Neither error bar knew of the levels: E_B off by 14.4 +- 1.4e-6."""
    exact = few().chain_energy[-1, 0]
    for levels, finite in ((7, True), (2, False)):
        run = few(levels=levels)
        ledger = tt.ledger(run)
        assert any("level saturated" in flag for flag in run.flags)
        off, error = abs(float(ledger.E_B[-1]) - exact), float(ledger.E_B_error[-1])
        assert off > 1e-6
        assert off < error
        assert np.isfinite(error) == finite, levels
    assert "levels given are full" in ledger.E_B_error.attrs["infinite"]


def test_what_the_companion_is_told() -> None:
    assert tt.TDVP(max_bond=3).coarser().max_bond == 1
    assert tt.TDVP(max_bond=None).coarser().max_bond is None
    assert tt.TDVP1(bond=3).coarser().bond == 1
    assert start_levels("auto", 2).rougher() == start_levels("auto", 2)
    assert [start_levels(d, 1).rougher().start for d in (2, 3, 4, 8)] == [(2,), (2,), (3,), (6,)]
    assert start_levels([2, 12], 2).rougher() == ((2, 9), False)


@pytest.mark.parametrize("every", [1, 3])
def test_the_first_record_time_has_the_error_of_what_comes_not_of_the_start(every: int) -> None:
    """Every odd row had the error of the row before, the first one 1e-16."""
    run = few(record_every=0.1 * every)
    ledger = tt.ledger(run)
    exact = tt.evolve(
        run.model, algorithm=tt.Exact(step=0.1, tolerance=1e-10), until=2.0, error_bars=False, bath_entropy="off"
    )
    rows = np.searchsorted(exact.times, run.t - 1e-9)
    for name in ("S_S", "E_B", "E_S"):
        off = np.abs(ledger[name].values - tt.ledger(exact)[name].values[rows])
        error = ledger[f"{name}_error"].values
        assert (error[1:] > 1e-12).all()
        assert (off <= 10 * error + 1e-12).all(), name


def test_a_system_that_feels_the_end_of_its_chain_has_no_finite_error_bar() -> None:
    """The rougher run has the same chain."""
    with pytest.warns(tt.AccuracyWarning, match="feels the end of the chain from t ="):
        run = tt.evolve(spin_boson(0.0, 4), until=8.0, algorithm=tt.TDVP(step=0.2, tolerance=1e-5))
    felt = run.since("reflection")
    assert 2 < felt < 8
    assert any("feels the end of the chain" in flag for flag in run.flags)
    ledger = tt.ledger(run)
    late = run.t >= felt
    assert np.isinf(ledger.E_S_error.values[late]).all()
    assert np.isfinite(ledger.E_S_error.values[~late]).all()
    assert np.isfinite(tt.ledger(replace(run, flagged={})).E_S_error.values).all()  # and it is that alone


def test_the_modes_are_lost_where_the_front_has_reached_the_end_and_nothing_else_is() -> None:
    """mode_occupation was .078 where .042 is right; system and bath's energy were right."""
    algorithm = tt.TDVP(step=0.2, tolerance=1e-6)
    settings = {
        "until": 12.0,
        "algorithm": algorithm,
        "error_bars": False,
        "occupation_every": 2.0,
        "bath_entropy": "off",
    }
    short, long = (tt.evolve(spin_boson(0.0, n), **settings) for n in (8, 16))
    end = short.since("chain")
    assert 2 < end < 12
    assert np.isinf(long.since("chain"))
    assert "mode_occupation" in " ".join(short.flags)
    one, other = tt.ledger(short), tt.ledger(long)
    late = short.t >= end
    assert np.isnan(one.mode_occupation.values[late]).all()
    assert np.isnan(one.residual_occupation.values[late]).all()
    assert "when the front had reached the end" in one.mode_occupation.attrs["reason"]
    assert np.isfinite(one.residual_occupation.values[0])
    felt = short.t < short.since("reflection")
    assert (late & felt).any()
    for name in ("E_S", "E_B", "E_int", "S_S", "Q_B"):
        assert one[name].values[felt] == pytest.approx(other[name].values[felt], abs=2e-5), name


def test_flags_and_doubts_survive_in_words_and_times() -> None:
    run = few(cap=2)
    assert run.since("bond") == run.flagged["bond"] < 2.0
    assert run.since("levels") == np.inf
    when, why = unjudged(run)
    assert not when.any()
    assert why == ""


def test_two_levels_have_no_fewer_to_compare_with() -> None:
    """Both runs had the same two: S_S off by 1.3e-4 +- 1.3e-8."""
    density = chains.Discrete(frequencies=[0.9, 1.3], couplings=[0.6, -0.5])
    model = tt.SpinBoson(hamiltonian={"z": 0.3, "x": 0.2}, coupling={"z": 0.5}, bath=chains.chain(density))
    settings = {"until": 0.4, "initial": "+x", "algorithm": tt.TDVP(step=0.1, tolerance=1e-7), "bath_entropy": "off"}
    for levels, infinite in (([2, 30], True), ([30, 2], True), ([6, 30], False)):
        run = tt.evolve(model, levels=levels, **settings)
        assert np.isinf(tt.ledger(run).S_S_error.values[-1]) == infinite, levels


def test_a_jump_at_the_end_leaves_the_rate_of_the_entropy_of_the_bath_unknown() -> None:
    """T_B was the energy's rate after the jump over the entropy's before it: 1.5246 +- 1.3e-4 for .3049."""
    bath = chains.chain(chains.Discrete(frequencies=[1.3], couplings=[-0.3]), temperature=0.3)
    jump = tt.Square(start=1.0, stop=2.0, height=0.8, base=0.2)
    for strength, infinite in ((jump, True), (tt.Ramp(duration=1.0, initial=0.2), False)):
        model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"x": 0.5}, bath=bath, strength=strength)
        run = tt.evolve(
            model,
            initial="+x",
            until=1.0,
            algorithm=tt.TDVP(step=0.1, tolerance=1e-8),
            bath_entropy="exact",
            bath_entropy_every=0.1,
        )
        ledger = tt.ledger(run)
        assert np.isinf(ledger.Sdot_B_error.values[-1]) == infinite
        assert np.isinf(ledger.T_B_error.values[-1]) == infinite
        assert np.isfinite(ledger.Sdot_B_error.values[5])


@pytest.mark.parametrize(("frequencies", "couplings"), [([0.9, 0.9], [0.3, -0.2]), ([0.9, 1.3], [0.3, 0.0])])
def test_the_distance_of_a_displaced_bath_counts_what_does_not_couple(
    frequencies: list[float], couplings: list[float]
) -> None:
    amplitudes, temperature = [0.4, 0.2j], 0.1
    bath = chains.chain(chains.Discrete(frequencies=frequencies, couplings=couplings), temperature=temperature)
    model = tt.SpinBoson(hamiltonian={"z": 0.3, "x": 0.2}, coupling={"z": 0.5}, bath=bath)
    run = tt.evolve(
        model, initial="+x", displacement=(amplitudes,), until=0.4, algorithm=tt.TDVP(step=0.1, tolerance=1e-8), bath_entropy="exact",
        bath_entropy_every=0.2, error_bars=False,
    )  # fmt: skip
    ledger = tt.ledger(run)
    energy = sum(w * abs(a) ** 2 for w, a in zip(frequencies, amplitudes, strict=True))
    assert ledger.D_B.values[0] == pytest.approx(energy / temperature, rel=1e-9)  # D of a displaced thermal state
    assert ledger.E_B.values[0] == pytest.approx(energy, rel=1e-9)
    assert np.nanmax(np.abs(ledger.residual_entropy.values)) < 1e-7
