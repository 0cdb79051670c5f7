"""The driver: its clock, its arguments, its flags, and what it hands on."""

import tracemalloc

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.tolerances import ROUNDING
from tnthermo.evolve import _guard, rough, step_times
from tnthermo.record import Local

ONE_MODE = chains.Discrete(frequencies=[1.0], couplings=[0.5])
MODEL = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(ONE_MODE, temperature=0.5))
OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
FAST = tt.TDVP(step=0.25, tolerance=1e-5)


def quick(**settings):
    return tt.evolve(MODEL, **({"algorithm": FAST, "until": 1.0, "error_bars": False} | settings))


@pytest.mark.parametrize(
    ("until", "step", "expected"),
    [(0.0, 0.1, [0.0]), (0.3, 0.1, [0.0, 0.1, 0.2, 0.3]), (0.25, 0.1, [0.0, 0.1, 0.2, 0.25]), (0.05, 0.1, [0.0, 0.05])],
)
def test_clock(until, step, expected):
    np.testing.assert_allclose(step_times(until, step), expected, atol=1e-15)
    assert step_times(until, step)[-1] == until  # to the last bit


def test_clock_does_not_drift():
    times = step_times(1000.0, 0.1)
    assert times.size == 10001
    np.testing.assert_allclose(np.diff(times), 0.1, rtol=1e-10)


def test_start_is_recorded_as_given():
    run = quick(initial="+y", until=0.0)
    assert run.times.tolist() == [0.0]
    np.testing.assert_allclose(run.rho_S[0], [[0.5, -0.5j], [0.5j, 0.5]], atol=ROUNDING)
    assert run.chain_energy[0] == 0


def test_measured_after_the_step_and_labelled_with_the_time_after_it():
    """Free precession about z with the bath uncoupled: the phase tells the time. A stale label would be a step off."""
    free = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 0.0}, bath=chains.chain(ONE_MODE))
    run = tt.evolve(free, initial="+x", algorithm=FAST, until=1.1, error_bars=False)
    np.testing.assert_allclose(run.rho_S[:, 0, 1], 0.5 * np.exp(-1j * run.times), atol=1e-9)
    assert np.abs(run.rho_S[1:, 0, 1] - 0.5 * np.exp(-1j * run.times[:-1])).min() > 0.04


def test_record_every():
    run = quick(until=1.1, record_every=0.5)
    np.testing.assert_allclose(run.t, [0, 0.5, 1.0, 1.1])
    assert run.times.size == 6
    assert run.cut_entropy.shape == (4,)
    assert run.bonds.shape == run.levels.shape == run.occupations.shape == (4, 2)


def test_occupations_of_modes_at_their_own_interval():
    run = quick(occupation_every=0.5)
    assert np.flatnonzero(np.isfinite(run.mode_energy)).tolist() == [0, 2, 4]
    run = quick(occupation_every=np.inf)
    assert np.isnan(run.mode_energy[1:]).all()


def test_companion_run_is_rougher_in_step_tolerance_and_bonds():
    run = quick(error_bars=True)
    assert run.rough is not None
    assert (run.rough.algorithm.step, run.rough.algorithm.tolerance) == (0.5, pytest.approx(1e-4))
    assert run.rough.rough is None
    assert run.rough.times[-1] == run.times[-1]
    assert rough(tt.TDVP2(max_bond=7, step=0.1, tolerance=0.5)) == tt.TDVP2(max_bond=3, step=0.2, tolerance=1.0)
    assert rough(tt.TDVP1(bond=9)).bond == 4
    assert quick().rough is None


def test_progress_after_every_step():
    seen = []
    quick(progress=seen.append, error_bars=True)
    assert [p.time for p in seen if p.stage == "run"] == [0, 0.25, 0.5, 0.75, 1.0]
    assert [p.time for p in seen if p.stage == "error bars"] == [0, 0.5, 1.0]
    assert all(p.until == 1.0 and p.largest_bond >= 1 and p.largest_level >= 2 for p in seen)


@pytest.mark.parametrize(
    ("key", "settings"),
    [
        ("initial", {"initial": "up"}), ("initial", {"initial": [1, 1]}), ("until", {"until": -1.0}), ("until", {"until": np.inf}),
        ("until", {"until": np.nan}), ("record_every", {"record_every": 0.3}), ("record_every", {"record_every": 0.0}),
        ("record_every", {"record_every": np.nan}), ("occupation_every", {"occupation_every": 0.0}), ("levels", {"levels": 1}),
        ("levels", {"levels": [4]}), ("levels", {"levels": [4, 1]}), ("levels", {"levels": True}), ("levels", {"levels": "many"}),
        ("levels", {"levels": 4.5}),
    ],
    ids=repr,
)  # fmt: skip
def test_refusals_name_the_argument(key, settings):
    with pytest.raises(chains.InvalidInput) as caught:
        quick(**settings)
    assert [p.key for p in caught.value.problems] == [key]


def test_all_refusals_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        quick(initial="up", until=-1, levels=1)
    assert {p.key for p in caught.value.problems} == {"initial", "until", "levels"}


def test_too_large_for_dense_vectors():
    """Refused before anything of that size exists."""
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(OHMIC, length=11))
    tracemalloc.start()
    try:
        with pytest.raises(chains.InvalidInput, match="exact"):
            tt.evolve(model, algorithm=tt.Exact(), until=1.0)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 16 * 2_000_000


@pytest.mark.parametrize("name", ["norm", "total_energy", "chain_energy", "rho_S", "moment_X", "moment_P"])
def test_numbers_that_are_not_finite_stop_the_run(name):
    matrix = np.zeros((2, 2), dtype=complex)
    fine = {
        "rho_S": matrix,
        "moment_X": matrix,
        "moment_P": matrix,
        "chain_energy": 0.0,
        "total_energy": 0.0,
        "norm": 1.0,
    }
    _guard(Local(**fine), 1.0)
    with pytest.raises(tt.RunFailed, match=f"{name} is not finite at t = 1.5"):
        _guard(Local(**(fine | {name: fine[name] * np.nan})), 1.5)


def test_levels_given_are_kept():
    run = quick(levels=[9, 7])
    assert np.all(run.levels == [9, 7])
    assert np.all(quick(levels=8).levels == 8)


def test_mixed_start_is_carried_by_an_ancilla():
    rho = np.array([[0.6, 0.1j], [-0.1j, 0.4]])
    run = quick(initial=rho)
    np.testing.assert_allclose(run.rho_S[0], rho, atol=ROUNDING)
    assert not run.pure_start
    assert (run.state.dimension, run.state.ancilla) == (2, 2)
    np.testing.assert_allclose(np.trace(run.rho_S, axis1=1, axis2=2), 1, atol=1e-8)
    pure = [quick(initial=psi) for psi in np.linalg.eigh(rho)[1].T]
    weights = np.linalg.eigvalsh(rho)
    mixture = sum(p * r.rho_S for p, r in zip(weights, pure, strict=True))
    np.testing.assert_allclose(run.rho_S, mixture, atol=1e-5)  # the dynamics is linear


class TestFlags:
    """What did not converge has a name; strict mode raises it; a converged run has none."""

    def test_none(self):
        assert quick(strict=True).flags == ()

    def bath(self, length: int) -> tt.Model:
        return tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=chains.chain(OHMIC, length=length))

    @pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP2, tt.TDVP1])
    def test_end_of_the_chain(self, kind):
        settings = {
            "algorithm": kind(step=0.25, tolerance=1e-4),
            "until": 8.0,
            "error_bars": False,
            "occupation_every": np.inf,
        }
        short = tt.evolve(self.bath(3), **settings)
        assert any("chain end reached" in flag for flag in short.flags)
        assert not any("chain end reached" in flag for flag in tt.evolve(self.bath(14), **settings).flags)
        with pytest.raises(tt.NotConverged, match="chain end reached") as caught:
            tt.evolve(self.bath(3), strict=True, **settings)
        assert caught.value.flags == short.flags

    def test_a_bath_of_few_modes_has_no_end_to_reach(self):
        assert not any("chain end" in flag for flag in quick(until=6.0).flags)

    def test_highest_boson_level(self):
        run = quick(levels=3, until=2.0)
        assert [flag for flag in run.flags if "boson level saturated on chain site" in flag]
        with pytest.raises(tt.NotConverged, match="boson level saturated"):
            quick(levels=3, until=2.0, strict=True)
        assert quick(levels=14, until=2.0).flags == ()

    @pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP2])
    def test_bond_cap(self, kind):
        settings = {"until": 8.0, "error_bars": False, "occupation_every": np.inf}
        algorithm = kind(step=0.25, tolerance=1e-6, max_bond=3)
        run = tt.evolve(self.bath(14), algorithm=algorithm, **settings)
        assert any("bond cap 3 reached" in flag for flag in run.flags)
        assert run.bonds.max() == 3
        with pytest.raises(tt.NotConverged, match="bond cap 3 reached"):
            tt.evolve(self.bath(14), algorithm=algorithm, strict=True, **settings)
