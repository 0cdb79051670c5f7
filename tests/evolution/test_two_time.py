"""Two-time correlation functions against dense propagation, and their spectra against closed forms."""

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tests.oracles.general import Bath, General
from tnthermo.model.operators import NAMED, PAULI

FREQUENCIES, COUPLINGS, TEMPERATURE = (0.7, 1.2), (0.3, 0.25), 0.6
SYSTEM = 0.3 * PAULI["x"] + 0.2 * PAULI["z"]
QUICK = tt.TDVP(step=0.1, tolerance=1e-6, order=4, max_bond=None)
PAIRS = {"zz": ("z", "z"), "mp": ("sigma_minus", "sigma_plus"), "xy": ({"x": 1.0}, PAULI["y"])}


def model(**others) -> tt.Model:
    density = chains.Discrete(frequencies=FREQUENCIES, couplings=COUPLINGS)
    bath = chains.chain(density, temperature=TEMPERATURE)
    return tt.SpinBoson(hamiltonian=SYSTEM, coupling={"z": 1.0}, bath=bath, **others)


def oracle(**others) -> General:
    bath = Bath(operator=PAULI["z"], frequencies=FREQUENCIES, couplings=COUPLINGS, beta=1 / TEMPERATURE)
    return General(hamiltonian=SYSTEM, baths=[bath], levels=12, **others)


def complex_of(found: xr.Dataset, name: str) -> np.ndarray:
    return found[name].values @ np.array([1, 1j])


@pytest.mark.parametrize(
    ("initial", "dense"),
    [("+x", {"initial": np.full((2, 2), 0.5)}), ("mean-force", {"start": "mean-force"})],
    ids=["product", "mean-force"],
)
def test_against_dense_propagation(initial, dense):
    found = tt.two_time(model(), PAIRS, initial=initial, algorithm=QUICK, until=2.0, record_every=0.5, error_bars=False)
    times = found["t"].values
    matrices = {
        "zz": (PAULI["z"], PAULI["z"]),
        "mp": (NAMED["sigma_minus"], NAMED["sigma_plus"]),
        "xy": (PAULI["x"], PAULI["y"]),
    }
    system = oracle(**dense)
    for name, (later, earlier) in matrices.items():
        exact = system.correlation(later, earlier, times)
        ours = complex_of(found, name)
        assert np.abs(ours - exact).max() < 2e-5  # twelve levels of the oracle are good to 4e-6 here
        # negative: neither the conjugate nor the operators in the other order will do
        if name != "zz":
            assert np.abs(ours - exact.conj()).max() > 1e-2
            assert np.abs(ours - system.correlation(earlier, later, times)).max() > 1e-2


def test_at_time_zero_it_is_the_mean_of_the_product():
    found = tt.two_time(model(), PAIRS, initial="+y", algorithm=QUICK, until=0.0, error_bars=False)
    assert complex_of(found, "zz")[0] == pytest.approx(1, abs=1e-12)
    assert complex_of(found, "mp")[0] == pytest.approx(0.5, abs=1e-12)  # |1><1|
    assert complex_of(found, "xy")[0] == pytest.approx(0, abs=1e-12)  # i sigma_z in a state along y
    assert complex_of(found, "xy_connected")[0] == pytest.approx(0, abs=1e-12)


def test_an_operator_that_annihilates_the_start_gives_zero():
    found = tt.two_time(
        model(), {"mp": ("sigma_minus", "sigma_plus")}, initial="+z", algorithm=QUICK, until=0.2, error_bars=False
    )
    assert np.all(found["mp"].values == 0)


def test_driven_and_with_error_bars():
    drive = tt.SystemDrive(operator=PAULI["x"], drive=tt.Cosine(amplitude=0.2, frequency=1.5))
    settings = tt.TDVP(step=0.05, tolerance=1e-5, max_bond=None)
    found = tt.two_time(model(drives=[drive]), {"zz": ("z", "z")}, algorithm=settings, until=1.0, record_every=0.2)
    system = oracle(initial=np.diag([1.0, 0.0]))
    driven = General(
        hamiltonian=lambda t: SYSTEM + 0.2 * np.cos(1.5 * t) * PAULI["x"], baths=system.baths, levels=12,
        initial=np.diag([1.0, 0.0]),
    )  # fmt: skip
    exact = driven.correlation(PAULI["z"], PAULI["z"], found["t"].values)
    error = np.linalg.norm(found["zz_error"].values, axis=1)
    assert np.all(np.abs(complex_of(found, "zz") - exact) <= error + 1e-6)
    assert np.abs(exact - system.correlation(PAULI["z"], PAULI["z"], found["t"].values)).max() > 1e-3


def sampled(signal: np.ndarray, t: np.ndarray) -> xr.Dataset:
    values = np.stack([signal.real, signal.imag], axis=-1)
    return xr.Dataset(
        {"c_connected": (("t", "complex"), values), "c_error": (("t", "complex"), np.full(values.shape, 1e-3))},
        coords={"t": t}, attrs={"pairs": "c"},
    )  # fmt: skip


def test_spectrum_of_a_damped_oscillation():
    t = np.arange(0, 60.01, 0.1)
    found = tt.spectrum(sampled(np.exp(-0.5 * t - 1j * t), t), [-1.0, 0.5, 1.0], window="none")
    lorentz = 2 * 0.5 / (0.25 + (np.array([-1.0, 0.5, 1.0]) - 1) ** 2)
    np.testing.assert_allclose(found["c_spectrum"].values, lorentz, atol=1e-9)
    assert found["c_spectrum_error"].values[0] == pytest.approx(2 * np.sqrt(2) * 1e-3 * 60, rel=1e-3)
    # a signal that has not died out: what the other half of the time would change is in the error
    long, short = np.arange(0, 60.01, 0.1), np.arange(0, 12.01, 0.1)
    full, part = (tt.spectrum(sampled(np.exp(-0.2 * t - 1j * t), t), [1.0]) for t in (long, short))
    difference = abs(float(full["c_spectrum"][0]) - float(part["c_spectrum"][0]))
    assert difference > 0.5
    assert difference < float(part["c_spectrum_error"][0]) * 1.5
    # negative: the sign of the frequency matters
    assert abs(found["c_spectrum"].values[0] - lorentz[2]) > 1


def test_hann_window_has_no_negative_ringing():
    t = np.arange(0, 20.01, 0.1)
    signal = np.exp(-1j * t)
    w = np.linspace(-3, 5, 81)
    windowed = tt.spectrum(sampled(signal, t), w)["c_spectrum"].values
    plain = tt.spectrum(sampled(signal, t), w, window="none")["c_spectrum"].values
    assert w[np.argmax(windowed)] == pytest.approx(1.0)
    assert plain.min() < -0.15 * plain.max()
    assert windowed.min() > -0.03 * windowed.max()


@pytest.mark.slow
def test_equilibrium_obeys_detailed_balance():
    """S(-w) = exp(-beta w) S(w) in the mean-force state of a continuum, once the correlations have died out."""
    density = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    bath = chains.chain(density, 36, temperature=0.5)
    continuum = tt.SpinBoson(hamiltonian={"x": 0.2}, coupling={"z": 0.5}, bath=bath)
    algorithm = tt.TDVP(step=0.2, tolerance=1e-5, max_bond=20)
    settings = {"algorithm": algorithm, "until": 25.0, "error_bars": False}
    w = np.array([0.2, 0.4, 0.6])

    def ratio(initial: str) -> np.ndarray:
        found = tt.two_time(continuum, {"zz": ("z", "z")}, initial=initial, **settings)
        up, down = (tt.spectrum(found, side * w, window="none")["zz_spectrum"].values for side in (1, -1))
        return down / up

    np.testing.assert_allclose(ratio("mean-force"), np.exp(-w / 0.5), rtol=0.02)  # measured: 0.8 %
    assert np.abs(ratio("+x") / np.exp(-w / 0.5) - 1).max() > 0.1  # negative: not from another start


@pytest.mark.parametrize(
    ("pairs", "others", "named"),
    [
        ({}, {}, "pairs"),
        ({"a": ("z",)}, {}, "pairs.a"),
        ({"a": ("z", "sigma_mynus")}, {}, "pairs.a[1]"),
        ({"a": (np.eye(3), "z")}, {}, "pairs.a[0]"),
        ({"a": ("z", "z")}, {"algorithm": tt.TDVP1()}, "algorithm"),
        ({"a": ("z", "z")}, {"initial": "+q"}, "initial"),
        ({"t": ("z", "z")}, {}, "pairs.t"),
        ({"a b": ("z", "z")}, {}, "pairs.a b"),
        ({"a": ("z", "z"), "a_error": ("x", "x")}, {}, "pairs.a_error"),
        ({"a_connected": ("z", "z"), "a": ("x", "x")}, {}, "pairs.a"),
    ],
)
def test_bad_input(pairs, others, named):
    with pytest.raises(chains.InvalidInput) as caught:
        tt.two_time(model(), pairs, until=1.0, **others)
    assert named in [problem.key for problem in caught.value.problems]


def test_all_problems_at_once():
    with pytest.raises(chains.InvalidInput) as caught:
        tt.two_time(model(), {"a": ("q", "z"), "b": (1, 2, 3)}, initial="+q", until=-1.0)
    assert {p.key for p in caught.value.problems} == {"pairs.a[0]", "pairs.b", "initial", "until"}


def test_spectrum_refuses_unknown_windows_and_frequencies():
    t = np.arange(0, 1.01, 0.1)
    with pytest.raises(chains.InvalidInput) as caught:
        tt.spectrum(sampled(np.exp(-t) + 0j, t), [np.nan], window="hanning")
    assert [p.key for p in caught.value.problems] == ["window", "frequencies[0]"]
