"""Statistics of the heat against two dense measurements by projectors, against the closed form of dephasing, and against the ledger."""

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General
from tnthermo.closed_forms import dephasing_heat
from tnthermo.model.operators import PAULI
from tnthermo.timeline.characteristic import density

FREQUENCIES, COUPLINGS, TEMPERATURE = (0.7, 1.2), (0.3, 0.25), 0.6
SYSTEM = 0.3 * PAULI["x"] + 0.2 * PAULI["z"]
QUICK = tt.TDVP(step=0.1, tolerance=1e-7, order=4, max_bond=None)
MIXED = np.array([[0.7, 0.2j], [-0.2j, 0.3]])


def model(**others) -> tt.Model:
    few = chains.Discrete(frequencies=FREQUENCIES, couplings=COUPLINGS)
    bath = chains.chain(few, temperature=TEMPERATURE)
    return tt.SpinBoson(hamiltonian=SYSTEM, coupling={"z": 1.0}, bath=bath, **others)


def oracle(levels: int = 14, **others) -> General:
    bath = Bath(operator=PAULI["z"], frequencies=FREQUENCIES, couplings=COUPLINGS, beta=1 / TEMPERATURE)
    return General(**{"hamiltonian": SYSTEM, "baths": (bath,), "levels": levels, "initial": MIXED} | others)


def characteristic(found: xr.Dataset, name: str = "B") -> np.ndarray:
    return found["G"].sel(counted=name).values @ np.array([1, 1j])


def test_against_two_dense_measurements():
    times = [1.5]
    found = tt.heat_statistics(model(), times=times, until_u=3.0, initial=MIXED, algorithm=QUICK, error_bars=False)
    exact = oracle().heat_characteristic(times, found["u"].values, [1.0])
    assert np.abs(characteristic(found) - exact).max() < 3e-6  # fourteen levels of the oracle are good to 1e-6
    assert (
        np.abs(characteristic(found) - exact.conj()).max() > 0.3
    )  # negative: heat out of the bath is not heat into it
    cumulants = oracle().heat_cumulants(times, [1.0])
    np.testing.assert_allclose(found["cumulant"].sel(counted="B").values, cumulants, rtol=2e-4)
    np.testing.assert_allclose(found["covariance"].values[:, 0, 0], cumulants[:, 1], rtol=2e-5)
    cold = oracle(baths=(Bath(operator=PAULI["z"], frequencies=FREQUENCIES, couplings=COUPLINGS),))
    assert (
        np.abs(cold.heat_characteristic(times, found["u"].values, [1.0]) - exact).max() > 0.1
    )  # negative: temperature
    # and what three inverse units of energy cannot tell is not told
    assert np.isnan(found["atom"]).all()
    assert "has not settled" in found["atom"].attrs["reason"]


def test_with_a_drive_and_error_bars():
    drive = tt.SystemDrive(operator=PAULI["x"], drive=tt.Cosine(amplitude=0.4, frequency=1.5))
    rough = tt.TDVP(step=0.1, tolerance=1e-5, max_bond=None)
    found = tt.heat_statistics(model(drives=[drive]), times=[1.5], until_u=4.0, initial=MIXED, algorithm=rough)
    driven = oracle(hamiltonian=lambda t: SYSTEM + 0.4 * np.cos(1.5 * t) * PAULI["x"], levels=12)
    exact = driven.heat_characteristic([1.5], found["u"].values, [1.0])
    error = np.linalg.norm(found["G_error"].sel(counted="B").values, axis=-1)
    assert np.all(np.abs(characteristic(found) - exact) <= error + 5e-6)
    assert error.max() < 1e-2
    off = np.abs(found["cumulant"].sel(counted="B").values - driven.heat_cumulants([1.5], [1.0]))
    assert np.all(off <= 2 * found["cumulant_error"].sel(counted="B").values + 1e-4)
    assert (
        np.abs(oracle(levels=12).heat_characteristic([1.5], found["u"].values, [1.0]) - exact).max() > 3e-3
    )  # negative


def test_joint_statistics_of_two_baths():
    one, other = (chains.Discrete(frequencies=[w], couplings=[g]) for w, g in ((0.8, 0.3), (1.1, 0.25)))
    couplings = [
        tt.couple({"z": 1.0}, chains.chain(one, temperature=0.5)), tt.couple({"x": 1.0}, chains.chain(other, temperature=0.3)),
    ]  # fmt: skip
    both = tt.assemble(hamiltonian=SYSTEM, couplings=couplings)
    counting = {"both": (1, 1), "cold": (0, 1), "against": (1.0, -0.5)}
    found = tt.heat_statistics(
        both,
        times=[2.0],
        until_u=5.0,
        initial="+x",
        algorithm=tt.Exact(step=0.25),
        counting=counting,
        levels=9,
        error_bars=False,
    )
    baths = (
        Bath(operator=PAULI["z"], frequencies=(0.8,), couplings=(0.3,), beta=2.0),
        Bath(operator=PAULI["x"], frequencies=(1.1,), couplings=(0.25,), beta=1 / 0.3),
    )
    dense = oracle(baths=baths, initial=np.full((2, 2), 0.5))
    for name, weights in counting.items():
        exact = dense.heat_characteristic([2.0], found["u"].values, weights)
        assert np.abs(characteristic(found, name) - exact).max() < 2e-5
        np.testing.assert_allclose(
            found["cumulant"].sel(counted=name).values, dense.heat_cumulants([2.0], weights), rtol=2e-3
        )
    covariance = dense.heat_statistics([2.0])["covariance_each"]
    np.testing.assert_allclose(found["covariance"].values, covariance, rtol=2e-4, atol=1e-6)
    assert abs(covariance[0, 0, 1]) > 1e-3
    # negative: the baths are not independent, nor is one the other
    alone = [dense.heat_characteristic([2.0], found["u"].values, v) for v in ((1, 0), (0, -0.5))]
    assert np.abs(characteristic(found, "against") - alone[0] * alone[1]).max() > 3e-3


def test_mean_and_variance_are_those_of_the_ledger():
    settings = tt.TDVP(step=0.25, tolerance=1e-6, max_bond=8)
    bath = chains.chain(chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=1.0, shape="hard"), 12, temperature=0.3)
    spin = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 1.0}, bath=bath)
    found = tt.heat_statistics(spin, times=[2.0, 4.0], until_u=1.0, algorithm=settings, error_bars=False)
    ledger = tt.ledger(tt.evolve(spin, algorithm=settings, until=4.0, record_every=2.0, error_bars=False), alpha_S=0.5)
    np.testing.assert_allclose(found["cumulant"].values[:, 0, 0], ledger["E_B"].values[1:], rtol=1e-9)
    np.testing.assert_allclose(found["cumulant"].values[:, 0, 1], ledger["Var_Q_B"].values[1:], rtol=1e-9)
    np.testing.assert_allclose(found["covariance"].values[:, 0, 0], ledger["Var_Q_B_each"].values[1:, 0], rtol=1e-9)


def dephasing(
    alpha: float, A: object, temperature: float, **settings
) -> tuple[xr.Dataset, tt.closed_forms.DephasingHeat]:
    """A chain that is too short on purpose, and the closed form at the same fields."""
    hard = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
    bath = chains.chain(hard, 4, temperature=temperature)
    spin = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling=A, bath=bath)
    found = tt.heat_statistics(spin, initial="+x", **settings)
    exact = dephasing_heat(
        hard, found["t"].values, found["u"].values, temperature=temperature, initial="+x", operator=A
    )
    return found, exact


def distance(found: xr.Dataset, exact: tt.closed_forms.DephasingHeat) -> dict[str, float]:
    """Of G; of the atom; of the density, of its largest value; of the cumulants, relative."""
    law = density(exact.u, exact.G[0] - exact.atom[0], found["q"].values)
    return {
        "G": float(np.abs(characteristic(found)[0] - exact.G[0]).max()),
        "atom": abs(float(found["atom"][0, 0]) - float(exact.atom[0])),
        "density": float(np.abs(found["density"].values[0, 0] - law).max() / law.max()),
        "cumulants": float(np.abs(found["cumulant"].values[0, 0] / exact.cumulants[0] - 1).max()),
    }


def test_pure_dephasing_has_its_closed_form():
    settings = tt.TDVP(step=0.25, tolerance=1e-6, max_bond=4)
    found, exact = dephasing(0.0125, np.diag([1.0, 0.0]), 0.0, times=[4.0], until_u=60.0, algorithm=settings)
    off = distance(found, exact)
    assert int(found.attrs["chain_sites"]) > 20  # made longer: of 4 sites the end is felt at once
    error = np.linalg.norm(found["G_error"].values[0, 0], axis=-1)
    assert np.all(np.abs(characteristic(found)[0] - exact.G[0]) <= error + 1e-6)
    assert off["G"] < 3e-5
    assert off["atom"] < min(1e-3, float(found["atom_error"][0, 0]))
    assert off["cumulants"] < 1e-3
    assert off["density"] < 5e-3
    law = density(exact.u, exact.G[0] - exact.atom[0], found["q"].values)
    assert np.all(np.abs(found["density"].values[0, 0] - law) <= found["density_error"].values[0, 0])
    assert found["density"].min() > -2e-2 * found["density"].max()
    # with the atom it is a probability
    total = float(found["density"][0, 0].integrate("q")) + float(found["atom"][0, 0])
    assert total == pytest.approx(1, abs=2e-2)
    assert found.attrs["resolution"] == pytest.approx(7.470486 / 60)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("alpha", "A", "temperature", "settings"),
    [
        (0.0125, {"z": 1.0}, 0.0, {"step": 0.125, "tolerance": 1e-8, "max_bond": 4, "order": 4}),
        (0.125, np.diag([1.0, 0.0]), 0.5, {"step": 0.125, "tolerance": 1e-8, "max_bond": 4, "order": 4}),
    ],
    ids=["weak-cold", "strong-warm-projector"],
)
def test_pure_dephasing_to_its_accuracy(alpha, A, temperature, settings):
    found, exact = dephasing(
        alpha, A, temperature, times=[8.0], until_u=80.0, algorithm=tt.TDVP(**settings), error_bars=False
    )
    off = distance(found, exact)
    assert off["G"] < 1e-5
    assert off["atom"] < 1e-3
    assert off["cumulants"] < 1e-3
    assert off["density"] < 1e-3


@pytest.mark.parametrize(
    ("start", "words"),
    [({"initial": "mean-force"}, "mean-force start"), ({"initial": "+x", "displacement": 1.0}, "displaced start")],
)
def test_starts_that_the_first_measurement_disturbs(start, words):
    found = tt.heat_statistics(model(), times=[1.0], until_u=2.0, algorithm=QUICK, **start)
    for name in ("G", "cumulant", "atom", "density", "covariance"):
        assert np.isnan(found[name]).all()
        assert words in found[name].attrs["reason"]


def test_cumulants_that_diverge_are_not_numbers():
    drude = chains.DrudeLorentz(reorganisation_energy=0.05, width=0.5, cutoff=10.0)
    spin = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 1.0}, bath=chains.chain(drude, 8, temperature=0.5))
    settings = tt.TDVP(step=0.1, tolerance=1e-4, max_bond=8)
    found = tt.heat_statistics(spin, times=[0.2], until_u=0.4, algorithm=settings)
    assert np.isfinite(found["cumulant"].values[0, 0, 0])
    assert np.isnan(found["cumulant"].values[0, 0, 1:]).all()
    assert np.isnan(found["covariance"].values).all()
    assert "cutoff" in found["cumulant"].attrs["reason"]
    assert np.isfinite(found["G"]).all()
    # the tail's share of the mean, and what it may do to G, are in their errors
    tail = chains.lost_tail(spin.couplings[0].bath)
    assert found["cumulant_error"].values[0, 0, 0] >= 2 * tail.reorganisation
    assert found["G_error"].values.min() >= 4 * tail.dressing


@pytest.mark.parametrize(
    ("others", "named"),
    [
        ({"resolution": 1.0}, "resolution"),
        ({"until_u": None}, "until_u"),
        ({"until_u": -1.0}, "until_u"),
        ({"until_u": 1e9}, "until_u"),
        ({"times": []}, "times"),
        ({"times": [2.0, 1.0]}, "times"),
        ({"times": [-1.0]}, "times"),
        ({"times": "late"}, "times"),
        ({"heat": [np.nan]}, "heat[0]"),
        ({"levels": [4, 4]}, "levels"),
        ({"counting": {"a": (1.0, 2.0)}}, "counting.a"),
        ({"counting": {"a": (0.0,)}}, "counting.a"),
        ({"counting": {"a b": (1.0,)}}, "counting.a b"),
        ({"counting": {}}, "counting"),
        ({"algorithm": tt.TDVP1()}, "algorithm"),
        ({"algorithm": tt.TimeBins()}, "algorithm"),
        ({"initial": "+q"}, "initial"),
        ({"error_bars": "yes"}, "error_bars"),
        ({"model": "spin"}, "model"),
    ],
)
def test_bad_input(others, named):
    arguments = {"model": model(), "times": [1.0], "until_u": 2.0} | others
    with pytest.raises(chains.InvalidInput) as caught:
        tt.heat_statistics(arguments.pop("model"), **arguments)
    assert named in [problem.key for problem in caught.value.problems]


def test_baths_without_a_chain_are_refused_with_a_hint():
    bath = chains.Bath(
        density=chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="exponential"), temperature=0.2
    )
    spin = tt.SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 1.0}, bath=bath)
    with pytest.raises(chains.InvalidInput) as caught:
        tt.heat_statistics(spin, times=[1.0], until_u=2.0)
    (problem,) = caught.value.problems
    assert problem.key == "model"
    assert 'route = "chain"' in problem.hint


def test_all_problems_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        tt.heat_statistics(model(), times=[-1.0], until_u=0.0, counting={"a": (0.0,)}, initial="+q")
    assert {p.key for p in caught.value.problems} == {"times", "until_u", "counting.a", "initial"}
