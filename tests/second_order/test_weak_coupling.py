"""Second order against the exact answer: the deviation falls as the fourth power; closed forms where second order is exact."""

import numpy as np
import pytest
from scipy.integrate import quad

import chains
import tnthermo as tt
from tests.oracles.commuting import DephasingModes
from tests.oracles.general import columns_at
from tests.physics.dense import oracle_of
from tnthermo.second_order.markov import at_zero, transform
from tnthermo.second_order.memory import bath_modes, elapsed

TIMES = np.array([0.5, 1.5, 3.0])
TILTED = np.array([[0.6, 0.15 - 0.2j], [0.15 + 0.2j, 0.4]])
ENERGIES = ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi")
RATES = ("Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B")
OHMIC = chains.PowerLaw(alpha=0.01, cutoff=2.0, exponent=1.0, shape="exponential")


def bath(scale: float, temperature: float, *, pair: bool = False, frequencies=(0.7, 1.3), couplings=(0.3, 0.25)):
    density = chains.Discrete(frequencies=list(frequencies), couplings=[g * scale for g in couplings])
    if pair and temperature:
        return chains.thermofield_chains(density, len(frequencies), temperature=temperature)
    return chains.chain(density, temperature=temperature)


def complex_of(column) -> np.ndarray:
    return column.sel(complex="re").values + 1j * column.sel(complex="im").values


def spin_boson(scale: float) -> tt.Model:
    return tt.SpinBoson(hamiltonian={"z": 0.4, "x": 0.2}, coupling={"z": 0.5, "y": 0.3}, bath=bath(scale, 0.3))


def exchange(scale: float) -> tt.Model:
    return tt.JaynesCummings(hamiltonian={"z": 0.5, "x": 0.1}, bath=bath(scale, 0.3, pair=True))


def two_baths(scale: float) -> tt.Model:
    hot = tt.couple({"x": 0.5}, bath(scale, 0.25, frequencies=(0.9,), couplings=(0.3,)))
    cold = tt.couple("sigma_minus", bath(scale, 0.0, frequencies=(0.6,), couplings=(0.2,)), kind="exchange")
    return tt.assemble(hamiltonian={"z": 0.4}, couplings=[hot, cold])


def three_levels(scale: float) -> tt.Model:
    A = [[0, 0.4, 0], [0.4, 0.1, 0.5], [0, 0.5, -0.2]]
    return tt.SpinBoson(hamiltonian=np.diag([0.0, 0.5, 1.2]), coupling=A, bath=bath(scale, 0.0))


def driven(scale: float) -> tt.Model:
    part = tt.SystemDrive(operator={"x": 1.0}, drive=tt.Cosine(amplitude=0.3, frequency=0.8))
    strength = tt.Ramp(duration=2.0, profile="smooth")
    return tt.SpinBoson(
        hamiltonian={"z": 0.4}, coupling={"z": 0.5, "x": 0.2}, bath=bath(scale, 0.0), drives=[part], strength=strength
    )


def jumping(scale: float) -> tt.Model:
    """H_S and the coupling jump, also at a time that is asked for, and at it but for rounding."""
    parts = [
        tt.SystemDrive(operator={"x": 0.3}, drive=tt.Square(start=0.5, stop=1.2, height=1.0)),
        tt.SystemDrive(operator={"y": 0.2}, drive=tt.Square(start=np.nextafter(1.5, 2), height=1.0)),
    ]
    strength = tt.Square(start=0.3, stop=2.0, height=0.7, base=0.4)
    return tt.SpinBoson(
        hamiltonian={"z": 0.4}, coupling={"z": 0.5, "x": 0.2}, bath=bath(scale, 0.0), drives=parts, strength=strength
    )


def start_of(model: tt.Model) -> np.ndarray:
    return TILTED if model.dimension == 2 else np.diag([0.2, 0.5, 0.3]).astype(complex)


def second_order_deviations(model: tt.Model, levels) -> dict[str, float]:
    """Largest deviation of each column from its definition in the Fock space of all modes."""
    start = start_of(model)
    exact = oracle_of(model, levels, start)
    found = tt.weak_coupling(model, initial=start, times=TIMES, alpha_S=0.3)
    thermal = exact.thermal_energies.sum()
    result = dict.fromkeys(("rho_S", "S_S", *ENERGIES, *RATES), 0.0)
    stops = np.array(sorted({*TIMES, *model.jumps}))
    states = dict(zip(stops, exact.states(stops), strict=True))
    for i, t in enumerate(TIMES):
        t = max(
            stops[np.abs(stops - t) < 1e-12]
        )  # at a jump that rounding puts just after it, what comes after the jump
        psi = states[t]
        row = columns_at(exact, psi, float(t), 0.3)
        for name in (*ENERGIES, *RATES, "S_S"):
            expected = row[name] - (thermal if name in ("E_B", "U_B") else 0)
            result[name] = max(result[name], abs(float(found[name].values[i]) - expected))
        result["rho_S"] = max(result["rho_S"], np.abs(complex_of(found["rho_S"])[i] - row["rho_S"]).max())
    return result


CASES = {
    "spin-boson": (spin_boson, 8),
    "exchange": (exchange, 8),
    "two baths": (two_baths, (14, 5)),
    "three levels": (three_levels, 6),
    "driven": (driven, 6),
    "jumping": (jumping, 6),
}


@pytest.mark.parametrize("name", CASES)
def test_the_deviation_falls_as_the_fourth_power(name: str) -> None:
    make, levels = CASES[name]
    scales = np.array([0.16, 0.08])
    found = [second_order_deviations(make(s), levels) for s in scales]
    orders = {key: np.log2(found[0][key] / found[1][key]) for key in found[0] if found[0][key] > 2e-8}
    assert len(orders) >= 8
    assert all(order > 3.6 for order in orders.values()), (
        orders
    )  # more where two terms of fourth order happen to cancel
    assert 3.9 < np.median(list(orders.values())) < 4.1, orders


def test_a_wrong_temperature_or_a_factor_in_the_coupling_spoils_the_order() -> None:
    model, other = spin_boson(0.16), spin_boson(0.164)
    mine, theirs = (tt.weak_coupling(m, initial=TILTED, times=TIMES)["E_B"].values for m in (model, other))
    assert np.abs(mine - theirs).max() > 10 * second_order_deviations(model, 8)["E_B"]


def test_pure_dephasing_is_exact_at_any_coupling() -> None:
    """TCL2 is exact for it, and so are the energies: second order in an interaction linear in the bath is all there is."""
    frequencies, couplings = (0.7, 1.3), (0.4, 0.5)
    times = np.linspace(0, 8, 9)
    for temperature in (0.0, 0.8):
        exact = DephasingModes(
            energies=(0.3, -0.3), eigenvalues=(1.0, -1.0), frequencies=frequencies, couplings=couplings,
            beta=1 / temperature if temperature else np.inf, initial=TILTED,
        )  # fmt: skip
        made = bath(1.0, temperature, frequencies=frequencies, couplings=couplings)
        model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 1.0}, bath=made)
        found = tt.weak_coupling(model, initial=TILTED, times=times)
        rho = complex_of(found["rho_S"])
        for i, t in enumerate(times):
            assert np.abs(rho[i] - exact.rho_S(t)).max() < 1e-9
            assert abs(found["E_B"].values[i] - exact.bath_energy(t)) < 1e-8
            assert abs(found["U_chi"].values[i] - exact.binding_energy(t)) < 1e-9
        assert np.abs(found["Q_S"].values).max() < 1e-9
        assert np.abs(found["residual_energy"].values).max() < 1e-8
        assert np.abs(found["Q_B"].values + found["U_chi"].values).max() < 1e-8  # dQ_B = -dU_chi = 4 (1 - m^2) dDelta


def test_the_entropy_of_the_bath_to_second_order() -> None:
    """Delta S_B = 4 beta (1 - m^2) Delta [101], approached with the fourth power."""
    deviations = []
    for scale in (0.16, 0.08):
        modes = {"frequencies": (0.7, 1.3), "couplings": (0.9 * scale, 0.8 * scale)}
        exact = tt.dephasing(
            temperature=0.8, initial=TILTED, times=TIMES, hamiltonian={"z": 0.3}, missing=1e-9, **modes
        )
        model = tt.SpinBoson(hamiltonian={"z": 0.3}, coupling={"z": 1.0}, bath=bath(1.0, 0.8, **modes))
        found = tt.weak_coupling(model, initial=TILTED, times=TIMES)
        deviations.append(np.abs(found["Delta_S_B"].values - exact.Delta_S_B).max())
    assert 3.6 < np.log2(deviations[0] / deviations[1]) < 4.4
    assert np.abs(found["Sigma_B"].values).max() == 0.0


def test_a_constant_drive_is_no_drive() -> None:
    """The memory from differential equations is that in closed form."""
    for scale, make in ((0.7, spin_boson), (0.7, exchange)):
        model = make(scale)
        constant = tt.Ramp(duration=1.0, initial=1.0, final=1.0)
        coupling = model.couplings[0]
        same = tt.assemble(
            hamiltonian=model.hamiltonian,
            couplings=[tt.couple(coupling.operator, coupling.bath, kind=coupling.kind, strength=constant)],
        )
        one, other = (tt.weak_coupling(m, initial=TILTED, times=TIMES) for m in (model, same))
        for name in (*ENERGIES, "rho_S", "Q_S", "Q_B", "W_S", "W_B", "S_chi"):
            np.testing.assert_allclose(other[name].values, one[name].values, atol=2e-8, rtol=0)


def test_elapsed_has_no_cancellation() -> None:
    for x in (0.0, 1e-9, 1e-4, 0.999e-3, 1.001e-3, 2.0, -3.0):
        expected = 2.0 if x == 0 else (1 - np.exp(-2j * x)) / (1j * x) if abs(x) > 1e-2 else None
        series = 2 * (1 - 1j * x - (2 * x) ** 2 / 6 + 1j * (2 * x) ** 3 / 24 + (2 * x) ** 4 / 120)
        assert abs(elapsed(np.array(x), 2.0) - (series if expected is None else expected)) < 2e-12


def test_the_modes_have_the_correlation_function_of_the_chain() -> None:
    made = chains.chain(OHMIC, 20, temperature=0.5, support=30.0)
    model = tt.SpinBoson(hamiltonian={"z": 0.4}, coupling={"x": 0.5}, bath=made)
    times = np.linspace(0, 2, 5)
    found = bath_modes(model, 1.0).correlation(times)[:, 0, 0]
    np.testing.assert_allclose(found, chains.chain_correlation(made, times), atol=1e-12)


# The Markov limits.

G0 = 2 * np.pi * float(OHMIC(np.array([1.0]))[0])


def warm_exchange(temperature: float = 0.5, hamiltonian=None) -> tt.Model:
    pair = chains.thermofield_chains(OHMIC, 30, temperature=temperature, support=50.0)
    return tt.JaynesCummings(hamiltonian=hamiltonian or {"z": 0.5}, bath=pair)


def test_the_golden_rule_and_the_lamb_shift() -> None:
    """z(t) = z0 exp(-Gt t) + tanh(beta w0/2)(exp(-Gt t) - 1), coherences at Gt/2, turning at w0 + Omega. [50 - 56]"""
    T, times = 0.5, np.linspace(0, 60, 25)
    found = tt.weak_coupling(warm_exchange(T), initial=TILTED, times=times, method="lindblad")
    rho = complex_of(found["rho_S"])
    rate = G0 / np.tanh(0.5 / T)
    z = 0.2 * np.exp(-rate * times) + np.tanh(0.5 / T) * (np.exp(-rate * times) - 1)
    np.testing.assert_allclose(rho[:, 0, 0].real - rho[:, 1, 1].real, z, atol=1e-9)
    np.testing.assert_allclose(np.abs(rho[:, 0, 1]), np.exp(-rate * times / 2) * 0.25, atol=1e-9)

    def integrand(w: float) -> float:
        return -float(OHMIC(np.array([w]))[0]) / np.tanh(max(w, 1e-12) / (2 * T))

    # P int J coth/(1 - w), the integral beyond 2 (where it is not singular) apart
    shift = quad(integrand, 0, 2, weight="cauchy", wvar=1.0)[0]
    shift += quad(lambda w: integrand(w) / (w - 1), 2, 50)[0]
    turned = np.unwrap(np.angle(rho[:, 0, 1]))
    np.testing.assert_allclose((turned - turned[0]) / -(1 + shift), times, atol=1e-5)
    assert abs(shift) > 1e-3


def test_for_exchange_coupling_redfield_is_lindblad() -> None:
    times = np.linspace(0, 30, 4)
    one, other = (
        tt.weak_coupling(warm_exchange(), initial=TILTED, times=times, method=method)["rho_S"].values
        for method in ("redfield", "lindblad")
    )
    np.testing.assert_allclose(one, other, atol=1e-9)


def test_bath_rates_in_the_markov_window() -> None:
    """dQ_B = G w0 ((n+1) rho_00 - n rho_11 - |rho_01|^2), dE_B without the last, dU_B -> dE_B. [66 - 68]"""
    T = 0.5
    found = tt.weak_coupling(warm_exchange(T), initial=TILTED, times=np.array([0.0, 5.0]), method="lindblad")
    n = 1 / np.expm1(1 / T)
    rho = complex_of(found["rho_S"])[1]
    flux = G0 * ((n + 1) * rho[0, 0].real - n * rho[1, 1].real)
    assert float(found["flux_each"].values[1, 0]) == pytest.approx(flux, rel=1e-8)
    assert float(found["Qdot_B"].values[1]) == pytest.approx(flux - G0 * abs(rho[0, 1]) ** 2, rel=1e-8)


def test_lindblad_relaxes_to_gibbs_and_produces_entropy() -> None:
    """Spohn: Sigma_total never falls, whatever the coupling operator; and every state on the way is positive. [43]"""
    made = chains.chain(OHMIC, 30, temperature=0.4, support=50.0)
    model = tt.SpinBoson(
        hamiltonian=np.diag([0.0, 0.6, 1.5]), coupling=[[0, 1, 0.3], [1, 0.2, 0.8], [0.3, 0.8, 0]], bath=made
    )
    start = np.full((3, 3), 1 / 3)
    found = tt.weak_coupling(model, initial=start, times=np.linspace(0, 400, 41), method="lindblad")
    rho = complex_of(found["rho_S"])
    gibbs = np.exp(-np.diag(model.hamiltonian).real / 0.4)
    np.testing.assert_allclose(rho[-1], np.diag(gibbs / gibbs.sum()), atol=1e-5)
    assert np.diff(found["Sigma_total"].values).min() > -1e-10
    assert found["Sigma_total"].values[-1] > 0.1
    assert np.linalg.eigvalsh(rho).min() > -1e-12


def test_tcl2_becomes_redfield() -> None:
    """Once C(t) has died away the generators are one: the states differ by the slip alone, the rates of change not at all."""
    made = chains.chain(OHMIC, 60, temperature=0.5, support=40.0)
    model = tt.SpinBoson(hamiltonian={"z": 0.5, "x": 0.1}, coupling={"x": 0.5, "z": 0.3}, bath=made)
    markov = tt.weak_coupling(model, initial=TILTED, times=np.array([0.0, 3.0]), method="redfield")
    tcl = tt.weak_coupling(model, initial=TILTED, times=np.array([0.0, 3.0]))
    assert float(tcl["E_int"].values[0]) == 0.0
    assert abs(float(markov["E_int"].values[0])) > 1e-3
    assert float(tcl["E_int"].values[1]) == pytest.approx(float(markov["E_int"].values[1]), rel=0.05)


@pytest.mark.parametrize("T", [0.0, 0.7])
def test_the_one_sided_transform_against_time(T: float) -> None:
    """Gamma(w) = int_0^inf C(s) exp(iws) ds for a C that decays fast (super-Ohmic, exponential): Gauss-Legendre in time."""
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=3.0, shape="exponential")
    coupling = tt.couple({"x": 1.0}, chains.chain(density, 10, temperature=T))
    x, weights = np.polynomial.legendre.leggauss(20)
    s = (1.5 * np.arange(40)[:, None] + 0.75 * (x + 1)).ravel()
    memory = np.tile(0.75 * weights, 40) * chains.correlation(density, times=s, temperature=T)
    for w in (0.3, 1.0, -1.0, 7.0, -0.05, 0.0):
        expected = np.sum(memory * np.exp(1j * w * s))
        assert abs(sum(transform(coupling, w)) - expected) < 1e-5
        assert abs(sum(transform(coupling, w + 0.02)) - expected) > 1e-4 or w == 7.0
    assert abs(at_zero(coupling) - np.sum(memory)) < 1e-5


def test_bad_input_is_refused_in_words() -> None:
    model = spin_boson(1.0)
    with pytest.raises(chains.InvalidInput) as error:
        tt.weak_coupling(model, initial="mean-force", times=[2.0, 1.0], method="redfield", alpha_S=np.nan)
    text = str(error.value)
    assert "second order starts from a product" in text
    assert "strictly increasing" in text
    assert "whose memory never ends" in text
    assert "alpha_S" in text
    with pytest.raises(chains.InvalidInput, match="driven"):
        tt.weak_coupling(driven(0.1), initial="+z", times=[1.0], method="lindblad")
    with pytest.raises(chains.InvalidInput, match="tcl2"):
        tt.weak_coupling(model, initial="+z", times=[1.0], method="tcl4")  # type: ignore[arg-type]
    sub = chains.chain(chains.PowerLaw(alpha=0.1, exponent=0.5), 10, temperature=0.5)
    with pytest.raises(chains.InvalidInput, match="integrated to infinity"):
        tt.weak_coupling(
            tt.SpinBoson(hamiltonian={"x": 0.3}, coupling={"x": 0.5}, bath=sub),
            initial="+z",
            times=[1.0],
            method="redfield",
        )
    with pytest.raises(chains.InvalidInput, match="times up to about"):
        tt.weak_coupling(model, initial="+z", times=[1e6])


def test_at_zero_temperature_what_needs_beta_is_nan_with_its_reason() -> None:
    found = tt.weak_coupling(three_levels(0.3), initial=np.diag([0.0, 1.0, 0.0]), times=TIMES)
    for name in ("Delta_S_B", "Sigma_total", "T_B"):
        assert np.isnan(found[name].values).all()
        assert "beta infinite" in found[name].attrs["reason"]
    assert found["E_B"].values[-1] > 0


def of_a_bath(bath: object, kind: str = "hermitian") -> tt.Model:
    operator = {"z": 0.5, "y": 0.3} if kind == "hermitian" else "sigma_minus"
    return tt.assemble(hamiltonian={"z": 0.4, "x": 0.2}, couplings=[tt.couple(operator, bath, kind=kind)])


@pytest.mark.parametrize("kind", ["hermitian", "exchange"])
@pytest.mark.parametrize("method", ["tcl2", "redfield", "lindblad"])
def test_a_bath_that_is_not_discretised(kind, method):
    """It is that of a long chain of the same density, and not that of another temperature."""
    density = chains.PowerLaw(alpha=0.05, cutoff=0.5, exponent=3.0, shape="exponential")
    make = chains.chain if kind == "hermitian" else chains.thermofield_chains
    on_chain = of_a_bath(make(density, 60, temperature=0.3), kind)
    both = [
        tt.weak_coupling(model, initial=TILTED, times=TIMES, method=method)
        for model in (on_chain, of_a_bath(chains.Bath(density=density, temperature=0.3), kind))
    ]
    for name in ("rho_S", "E_S", "E_int", "E_B", "Q_B", "S_chi"):
        np.testing.assert_allclose(both[1][name], both[0][name], atol=1e-8)
    warmer = of_a_bath(chains.Bath(density=density, temperature=0.4), kind)
    other = tt.weak_coupling(warmer, initial=TILTED, times=TIMES, method=method)
    assert np.abs(other.E_B - both[0].E_B).max() > 1e-4


def test_a_tail_without_an_end_is_refused():
    density = chains.DrudeLorentz(reorganisation_energy=0.1, width=1.0)
    endless = of_a_bath(chains.Bath(density=density, temperature=0.3))
    with pytest.raises(chains.InvalidInput, match="tail is not in the modes"):
        tt.weak_coupling(endless, initial=TILTED, times=TIMES)
    ends = chains.Bath(density=chains.DrudeLorentz(reorganisation_energy=0.1, width=1.0, cutoff=10.0), temperature=0.3)
    assert np.isfinite(tt.weak_coupling(of_a_bath(ends), initial=TILTED, times=TIMES).E_B).all()
