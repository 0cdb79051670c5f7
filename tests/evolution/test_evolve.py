"""The driver: its clock, its arguments, its flags, and what it hands on."""

import tracemalloc

import numpy as np
import pytest

import chains
import tnthermo as tt
from tests.tolerances import ROUNDING
from tnthermo.engine_protocol import Local
from tnthermo.evolution.flags import guard
from tnthermo.model.operators import boson
from tnthermo.timeline.clock import indices_due

ONE_MODE = chains.Discrete(frequencies=[1.0], couplings=[0.5])
MODEL = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(ONE_MODE, temperature=0.5))
TWO_MODES = chains.Discrete(frequencies=[1.0, 1.4], couplings=[0.5, 0.2])
# a displaced cold bath of two modes and a warm one
BATHS = tt.assemble(
    hamiltonian={"x": 0.5},
    couplings=[
        tt.couple({"z": 0.5}, chains.chain(TWO_MODES)), tt.couple({"x": 0.2}, chains.chain(ONE_MODE, temperature=0.5)),
    ],
)  # fmt: skip
OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
FAST = tt.TDVP(step=0.25, tolerance=1e-5)


def quick(**settings):
    return tt.evolve(MODEL, **({"algorithm": FAST, "until": 1.0, "error_bars": False} | settings))


def test_a_driven_run_is_recorded_at_the_multiples_all_the_same():
    """Kinks at 0.3 and 0.7: stepped to, integrated piecewise, not recorded."""
    ramp = tt.Ramp(start=0.3, duration=0.4)
    model = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(ONE_MODE), strength=ramp)
    run = tt.evolve(model, algorithm=FAST, until=1.1, record_every=0.5, error_bars=False)
    np.testing.assert_allclose(
        run.times[np.isin(run.times, [0.3, 0.5, 0.7, 0.75, 1.0, 1.1])], [0.3, 0.5, 0.7, 0.75, 1.0, 1.1]
    )
    # inside the ramp, a fifth of its duration or less
    assert np.diff(run.times[(run.times > 0.29) & (run.times < 0.71)]).max() < 0.4 / 5 + 1e-12
    np.testing.assert_allclose(run.t, [0, 0.5, 1.0, 1.1])
    assert run.breaks == model.breaks == (0.3, 0.7)
    # nothing is coupled before the ramp starts
    assert np.abs(run.chain_energy[run.times <= 0.3]).max() < 1e-14
    assert run.chain_energy[-1, 0] > 1e-4
    late = tt.evolve(model, algorithm=FAST, until=0.5, error_bars=False)
    assert late.breaks == (0.3,)


def test_when_sparse_measurements_are_due():
    t = np.linspace(0, 1, 11)
    assert indices_due(t, 0.3, first=False) == {0, 3, 6, 9, 10}
    assert indices_due(t, 0.1, first=False) == set(range(11))
    assert indices_due(t, 5.0, first=False) == {0, 10}
    assert indices_due(t, np.inf, first=False) == set()
    assert indices_due(t, np.inf, first=True) == {0}
    assert indices_due(t[:1], 0.3, first=False) == {0}


def test_start_is_recorded_as_given():
    run = quick(initial="+y", until=0.0)
    assert run.times.tolist() == [0.0]
    np.testing.assert_allclose(run.rho_S[0], [[0.5, -0.5j], [0.5j, 0.5]], atol=ROUNDING)
    assert run.chain_energy[0] == 0
    assert run.start == "product"
    assert run.pure_start
    assert np.isnan(run.free_energy)
    assert run.energy_offset.tolist() == [0.0]


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
    run = quick(occupation_every=0.5, bath_entropy="off")
    assert np.flatnonzero(np.isfinite(run.mode_energy)).tolist() == [0, 2, 4]
    run = quick(occupation_every=np.inf, bath_entropy="off")
    assert np.isnan(run.mode_energy[1:]).all()
    assert run.mode_frequency.size == run.mode_occupation.shape[1] == 0


def test_squares_and_correlations_at_their_own_intervals():
    run = quick(variance_every=0.5, occupation_every=0.25, correlations_every=np.inf)
    assert np.flatnonzero(np.isfinite(run.heat_square[:, 0])).tolist() == [0, 2, 4]
    assert np.isfinite(run.mode_energy).all()
    assert run.heat_square.shape == (5, 2)
    assert run.normal.shape == run.anomalous.shape == (5, 0, 0)
    run = quick(correlations_every=0.5, occupation_every=np.inf, variance_every=np.inf)
    assert run.normal.shape == run.anomalous.shape == (5, 2, 2)
    assert np.flatnonzero(np.isfinite(run.normal[:, 0, 0])).tolist() == [0, 2, 4]
    np.testing.assert_allclose(np.einsum("tnn->tn", run.normal).real[::2], run.occupations[::2], atol=1e-12)
    assert np.isnan(run.heat_square).all()
    # the sparse default: a tenth of the run
    run = quick(until=5.0)
    assert np.flatnonzero(np.isfinite(run.heat_square[:, 0])).tolist() == list(range(0, 21, 2))


def test_own_observables_are_recorded():
    run = quick(
        observables={
            "sz": {"z": 1.0}, "flip": "sigma_minus", "n0": {"boson": "number"},
            "A": {"operator": {"z": 1.0}, "boson": "lower", "site": 1},
        },
        error_bars=True,
    )  # fmt: skip
    assert [o.name for o in run.observed] == ["sz", "flip", "n0", "A"]
    rho = run.rho_S[run.recorded]
    assert run.observables.shape == (5, 4)
    np.testing.assert_allclose(run.observables[:, 0], rho[:, 0, 0] - rho[:, 1, 1], atol=ROUNDING)
    np.testing.assert_allclose(run.observables[:, 1], rho[:, 0, 1], atol=ROUNDING)
    np.testing.assert_allclose(run.observables[:, 2], run.occupations[:, 0], atol=ROUNDING)
    assert np.abs(run.observables[-1, 3]) > 1e-4
    dataset = tt.ledger(run)
    assert dataset.sz.dims == dataset.n0.dims == ("t",)
    assert dataset.flip.dims == dataset.A.dims == ("t", "complex")
    np.testing.assert_array_equal(dataset.flip.sel(complex="im"), run.observables[:, 1].imag)
    assert float(dataset.sz_error.max()) > 0
    assert "site 1 of chain 0" in dataset.A.attrs["long_name"]


def test_companion_run_is_rougher_in_step_tolerance_and_bonds():
    run = quick(error_bars=True)
    assert run.rough is not None
    assert (run.rough.algorithm.step, run.rough.algorithm.tolerance) == (0.5, pytest.approx(1e-4))
    assert run.rough.rough is None
    assert run.rough.times[-1] == run.times[-1]
    assert tt.TDVP2(max_bond=7, step=0.1, tolerance=0.5).coarser() == tt.TDVP2(max_bond=3, step=0.2, tolerance=1.0)
    assert tt.TDVP1(bond=9).coarser().bond == 4
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
        ("until", {"until": np.nan}), ("record_every", {"record_every": 0.3}), ("record_every", {"record_every": 1.25}),
        ("record_every", {"record_every": 0.0}),
        ("record_every", {"record_every": np.nan}), ("occupation_every", {"occupation_every": 0.0}),
        ("variance_every", {"variance_every": -1.0}), ("correlations_every", {"correlations_every": np.nan}),
        ("initial", {"initial": "mean_force"}), ("displacement", {"displacement": np.nan}), ("displacement", {"displacement": [0.1, 0.2]}),
        ("displacement", {"displacement": (None, 0.1)}), ("displacement", {"displacement": "left"}),
        ("displacement", {"displacement": 0.1, "algorithm": tt.TDVP1(step=0.25)}),
        ("displacement", {"displacement": 0.1, "initial": "mean-force"}),
        ("initial", {"initial": "mean-force", "algorithm": tt.TDVP1(step=0.25)}),
        ("observables.n.site", {"observables": {"n": {"boson": "number", "site": 2}}}),
        ("observables.s", {"observables": {"s": "sigma_mins"}}),
        ("levels", {"levels": 1}),
        ("levels", {"levels": [4]}), ("levels[1]", {"levels": [4, 1]}), ("levels", {"levels": True}), ("levels", {"levels": "many"}),
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
        quick(
            initial="up", until=-1, levels=1, displacement=np.inf, record_every=0.3, occupation_every=-1, variance_every=0,
            correlations_every=-1, observables={"n": {"boson": "numbr"}, "1x": {"z": 1.0}},
        )  # fmt: skip
    assert {p.key for p in caught.value.problems} == {
        "initial", "until", "levels", "displacement", "record_every", "occupation_every", "variance_every", "correlations_every",
        "observables.n.boson", "observables.1x",
    }  # fmt: skip


def test_displacements_are_one_for_each_bath():
    def keys(displacement) -> list[str]:
        with pytest.raises(chains.InvalidInput) as caught:
            tt.evolve(BATHS, displacement=displacement, algorithm=FAST, until=1.0)
        return [p.key for p in caught.value.problems]

    assert keys(0.1) == keys((0.1,)) == keys((None, None, None)) == ["displacement"]
    assert keys(([0.1], 0.2)) == ["displacement[0]"]  # two modes
    assert keys(([0.1, 0.2j], "x")) == ["displacement[1]"]
    assert keys(("y", np.nan)) == ["displacement[0]", "displacement[1]"]
    ohmic = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(OHMIC, length=4))
    with pytest.raises(chains.InvalidInput, match="a number x") as caught:
        tt.evolve(ohmic, displacement=[0.1, 0.2], algorithm=FAST, until=1.0)
    assert "discrete" in caught.value.problems[0].hint


def test_displaced_baths_start_where_they_were_put():
    """<a_k> = alpha_k, seen as <X> = 2 sum g_k Re alpha_k at once and as that of free modes without coupling."""
    alpha = np.array([0.3 - 0.2j, -0.1j])
    free = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 1e-9}, bath=chains.chain(TWO_MODES, temperature=0.3))
    # a product of coherent states stays one, so that sweeps at bond 1 have the whole error of their splitting
    algorithm = tt.TDVP(step=0.25, tolerance=1e-5, order=4)
    run = tt.evolve(free, displacement=alpha, algorithm=algorithm, until=1.0, error_bars=False)
    assert run.start == "displaced"
    assert run.bonds.max() == 1
    assert run.pure_start
    w, g = np.array([1.0, 1.4]), np.array([0.5, 0.2])
    expected = 2 * np.real(np.exp(-1j * np.outer(run.times, w)) @ (g * alpha))
    found = np.einsum("tii->t", run.moment_X[:, 0]).real
    np.testing.assert_allclose(found, expected, atol=1e-5)
    np.testing.assert_allclose(run.chain_energy[:, 0], w @ np.abs(alpha) ** 2, atol=1e-5)
    np.testing.assert_allclose(run.mode_occupation[0], np.abs(alpha) ** 2, atol=1e-6)
    # x: the bath relaxed to <A> = x, alpha_k = -x g_k/w_k
    relaxed = tt.evolve(free, displacement=0.4, algorithm=FAST, until=0.0, error_bars=False)
    assert np.trace(relaxed.moment_X[0, 0]).real == pytest.approx(-2 * 0.4 * np.sum(g**2 / w), abs=1e-6)
    product = tt.evolve(free, algorithm=FAST, until=0.0, error_bars=False)
    assert (product.start, float(product.chain_energy[0, 0])) == ("product", 0.0)


def test_each_of_several_baths_is_displaced_by_its_own_entry():
    run = tt.evolve(BATHS, displacement=([0.3, -0.2j], None), algorithm=FAST, until=0.0, error_bars=False)
    np.testing.assert_allclose(run.chain_energy[0], [0.09 + 1.4 * 0.04, 0], atol=1e-5)
    run = tt.evolve(BATHS, displacement=(None, 0.5), algorithm=FAST, until=0.0, error_bars=False)
    np.testing.assert_allclose(run.chain_energy[0], [0, (0.5 * 0.5) ** 2], atol=1e-5)
    untouched = tt.evolve(BATHS, displacement=(None, None), algorithm=FAST, until=0.0, error_bars=False)
    assert untouched.start == "product"


@pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP2, tt.TEBD, tt.Exact])
def test_displaced_start_by_every_method_that_takes_one(kind):
    run = quick(algorithm=kind(step=0.25, tolerance=1e-5), displacement=0.2, until=0.5, initial="+x")
    reference = quick(algorithm=tt.TDVP(step=0.05, tolerance=1e-8), displacement=0.2, until=0.5, initial="+x")
    np.testing.assert_allclose(run.rho_S[-1], reference.rho_S[-1], atol=3e-3 if kind is tt.TEBD else 3e-4)
    assert np.abs(quick(until=0.5, initial="+x").rho_S[-1] - reference.rho_S[-1]).max() > 5e-3


class TestMeanForce:
    """What equilibrium of the whole asks for, and that it is one."""

    def refused(self, model: tt.Model, **settings) -> list[chains.Problem]:
        with pytest.raises(chains.InvalidInput) as caught:
            tt.evolve(model, initial="mean-force", **({"algorithm": FAST, "until": 1.0} | settings))
        return caught.value.problems

    def test_one_temperature_above_zero(self):
        (problem,) = self.refused(BATHS)
        assert problem.key == "initial"
        assert "0, 0.5" in problem.allowed
        cold = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=chains.chain(ONE_MODE))
        (problem,) = self.refused(cold)
        assert "T > 0" in problem.allowed
        found = self.refused(BATHS, algorithm=tt.TDVP1(step=0.25), until=-1.0, displacement=(0.1, None))
        assert sorted(p.key for p in found) == ["displacement", "initial", "initial", "until"]

    def test_it_stays_and_is_the_gibbs_state(self):
        run = tt.evolve(MODEL, initial="mean-force", algorithm=FAST, until=0.5, error_bars=False)
        assert (run.start, run.state.ancilla, run.pure_start) == ("mean-force", 2, False)
        np.testing.assert_allclose(run.rho_S, np.broadcast_to(run.rho_S[0], run.rho_S.shape), atol=2e-5)
        np.testing.assert_array_equal(run.initial, run.rho_S[0])
        d = 30
        x = np.array([[0, 1], [1, 0]])
        H = 0.5 * np.kron(x, np.eye(d)) + np.kron(np.eye(2), boson("number", d))
        H = H + 0.25 * np.kron(np.diag([1.0, -1.0]), boson("position", d))
        energies, vectors = np.linalg.eigh(H)
        weights = np.exp(-2 * energies)
        flat = (vectors * np.sqrt(weights / weights.sum())).reshape(2, -1)
        np.testing.assert_allclose(run.rho_S[0], flat @ flat.conj().T, atol=2e-5)
        bath = np.log(np.sum(np.exp(-2 * np.arange(d))))
        assert run.free_energy == pytest.approx(-0.5 * (np.log(weights.sum()) - bath), abs=1e-5)
        # E_B from the occupations: that of the physical modes, not of the chain
        full = (vectors * np.sqrt(weights / weights.sum())).reshape(2, d, -1)
        occupation = np.einsum("air,i,air->", full.conj(), np.arange(d), full).real
        thermal = 1 / np.expm1(2.0)
        assert run.chain_energy[0, 0] + run.energy_offset[0] == pytest.approx(occupation - thermal, abs=5e-5)
        assert abs(run.chain_energy[0, 0] - (occupation - thermal)) > 1e-3


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
        "moment_X": matrix[None],
        "moment_P": matrix[None],
        "chain_energy": np.zeros(2),
        "total_energy": 0.0,
        "norm": 1.0,
    }
    guard(Local(**fine), 1.0)
    with pytest.raises(tt.RunFailed, match=f"{name} is not finite at t = 1.5"):
        guard(Local(**(fine | {name: fine[name] * np.nan})), 1.5)


def test_levels_given_are_kept():
    run = quick(levels=[9, 7])
    assert np.all(run.levels == [9, 7])
    assert np.all(quick(levels=8).levels == 8)


@pytest.mark.parametrize("kind", [tt.TDVP, tt.TDVP2, tt.TEBD, tt.Exact])
def test_levels_grow_on_both_sides_of_the_system(kind):
    """Two equal cold baths of one mode on either side: the first and the last site of the line fill alike."""
    bath = chains.chain(chains.Discrete(frequencies=[0.5], couplings=[0.8]))
    model = tt.assemble(hamiltonian={"x": 0.3}, couplings=[tt.couple({"z": 1.0}, bath)] * 2, layout="middle")
    assert model.line.chains == ((0,), (2,))
    run = tt.evolve(model, algorithm=kind(step=0.1, tolerance=1e-4), until=1.5, error_bars=False)
    first, second = run.levels[-1]
    assert first > 6
    assert second > 6
    assert run.top_populations.max() < 1e-4
    np.testing.assert_allclose(run.occupations[:, 0], run.occupations[:, 1], rtol=5e-3, atol=1e-6)


@pytest.mark.parametrize("kind", [tt.TEBD, tt.TDVP2])
def test_gates_and_pairs_of_sites_need_neighbours(kind):
    pair = chains.thermofield_chains(ONE_MODE, temperature=0.5)

    def run(layout: str) -> tt.Trajectory:
        model = tt.JaynesCummings(hamiltonian={"x": 0.5}, bath=pair, layout=layout)
        return tt.evolve(model, algorithm=kind(step=0.1, tolerance=1e-4), until=0.2, error_bars=False)

    assert run("middle").flags == ()
    with pytest.raises(chains.InvalidInput, match="middle") as caught:
        run("interleaved")
    assert caught.value.problems[0].key == "algorithm"


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

    def test_the_chain_whose_end_is_reached_is_named(self):
        long, short = (chains.chain(OHMIC, length=n) for n in (14, 3))
        for baths, number in (((short, long), 0), ((long, short), 1)):
            model = tt.assemble(hamiltonian={"x": 0.2}, couplings=[tt.couple({"z": 0.5}, bath) for bath in baths])
            run = tt.evolve(
                model,
                algorithm=tt.TDVP(step=0.25, tolerance=1e-4),
                until=5.0,
                error_bars=False,
                occupation_every=np.inf,
            )
            (flag,) = [flag for flag in run.flags if "chain end reached" in flag]
            assert f"of chain {number}" in flag

    def test_a_displaced_chain_has_not_reached_its_end(self):
        """The last site holds bosons from the start: a change is what counts, not the number. Nor did the norm drift."""
        settings = {"algorithm": tt.TDVP(step=0.25, tolerance=1e-4), "error_bars": False, "occupation_every": np.inf}
        run = tt.evolve(self.bath(6), displacement=2.0, until=0.01, **settings)
        assert run.occupations[0, -1] > 0.1
        assert run.flags == ()

    def test_coherent_states_that_the_levels_given_cannot_hold(self):
        settings = {"displacement": [0.9], "initial": "+x", "until": 0.25}
        assert quick(**settings).flags == ()
        assert quick(**settings).norm[0] == pytest.approx(1, abs=2 * FAST.level_weight)
        run = quick(levels=4, **settings)
        assert any("does not fit into the boson levels given" in flag for flag in run.flags)
        assert 1 - run.norm[0] > 1e-3
        assert quick(levels=16, **settings).flags == ()
        # nor do rounding errors ask for more and more levels at the tightest tolerances
        fine = quick(**settings | {"algorithm": tt.TDVP(step=0.25, tolerance=1e-12), "until": 0.0})
        assert fine.levels.max() < 30

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
        (flag,) = [flag for flag in run.flags if "bond cap 3 reached at t = " in flag]
        since = float(flag.partition("t = ")[2].split()[0])
        assert 0 < since < 8.0
        assert run.bonds.max() == 3
        assert run.bonds[run.recorded.tolist().index(int(since / 0.25))].max() == 3
        if kind is tt.TDVP2:  # one site at a time nothing is dropped: what the cap costs is in the error columns
            assert run.discarded_weight[-1] > run.discarded_weight[int(since / 0.25) - 1]
        with pytest.raises(tt.NotConverged, match="bond cap 3 reached"):
            tt.evolve(self.bath(14), algorithm=algorithm, strict=True, **settings)
