"""The closed forms of the library against high-precision integrals, dense diagonalisation, master equations and wrong factors."""

from collections.abc import Callable
from dataclasses import replace

import mpmath
import numpy as np
import pytest
from scipy.linalg import expm

import chains
from tests.oracles.general import Bath, General, columns_at, derivative
from tests.oracles.one_excitation import PRINTED_DIGITS, PRINTED_TIMES, printed_case
from tests.tolerances import DENSE, PRINTED, ROUNDING
from tnthermo import closed_forms as forms
from tnthermo.closed_forms.finite_dephasing import decoherence_function, displacement_function
from tnthermo.model.density_matrix import entropy_rate, spectrum, von_neumann
from tnthermo.model.qubit import (
    bloch_matrix,
    bloch_vector,
    entropy_of_length,
    extended_inverse_temperature,
    extended_production_rate,
    relative_entropy_to_gibbs,
)

MIXED = np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])
FREQUENCIES, COUPLINGS = (0.9, 1.4), (0.12, 0.15)
MODES = chains.Discrete(frequencies=list(FREQUENCIES), couplings=list(COUPLINGS))
OHMIC = chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=1.0, shape="exponential")
HARD = chains.PowerLaw(alpha=0.02, cutoff=1.0, exponent=1.0, shape="hard")

# Independent integrals: in u = w^(1/2), where sub-Ohmic thermal weights are smooth, with 25 digits.


def shape_of(J: chains.PowerLaw) -> tuple[Callable[[mpmath.mpf], mpmath.mpf], float]:
    """f(x) of a power law, and where it ends."""
    if J.shape == "hard":
        return lambda x: mpmath.mpf(1), 1.0
    return (lambda x: mpmath.exp(-x), 60.0) if J.shape == "exponential" else (lambda x: mpmath.exp(-(x**2)), 8.0)


def integral(J: chains.PowerLaw, temperature: float, function: Callable[[mpmath.mpf], mpmath.mpf]) -> float:
    """int J(w) function(w) dw, or of J coth(beta w/2) at temperature > 0."""
    f, end = shape_of(J)
    wc, s = mpmath.mpf(J.cutoff), mpmath.mpf(J.exponent)

    def term(u: mpmath.mpf) -> mpmath.mpf:
        w = u**2
        coth = mpmath.coth(w / (2 * mpmath.mpf(temperature))) if temperature > 0 else 1
        return 2 * u * 2 * J.alpha * wc * (w / wc) ** s * f(w / wc) * coth * function(w)

    with mpmath.workdps(25):
        return float(mpmath.quad(term, mpmath.linspace(0, mpmath.sqrt(end * wc), 25)))


DENSITIES = [
    (OHMIC, 0.4),
    (chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=1.0, shape="hard"), 0.4),
    (chains.PowerLaw(alpha=0.1, cutoff=2.0, exponent=0.5, shape="exponential"), 0.3),
    (chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=2.0, shape="gaussian"), 0.0),
]


@pytest.mark.parametrize(("J", "temperature"), DENSITIES)
def test_decoherence_and_displacement_are_their_integrals(J: chains.PowerLaw, temperature: float) -> None:
    t = 3.0
    Gamma, Gamma_rate = (float(v[0]) for v in forms.decoherence(J, [t], temperature=temperature))
    Delta, Delta_rate = (float(v[0]) for v in forms.displacement(J, [t]))
    expected = {
        "Gamma": (Gamma, integral(J, temperature, lambda w: mpmath.sin(w * t / 2) ** 2 / w**2)),
        "Gamma rate": (Gamma_rate, integral(J, temperature, lambda w: mpmath.sin(w * t) / (2 * w))),
        "Delta": (Delta, integral(J, 0.0, lambda w: mpmath.sin(w * t / 2) ** 2 / w)),
        "Delta rate": (Delta_rate, integral(J, 0.0, lambda w: mpmath.sin(w * t) / 2)),
    }
    for name, (ours, theirs) in expected.items():
        assert ours == pytest.approx(theirs, rel=1e-10, abs=ROUNDING), name
    # J with a pi in it, a late label, another temperature.
    assert forms.decoherence(replace(J, alpha=np.pi * J.alpha), [t], temperature=temperature)[0][0] > 2 * Gamma
    assert forms.decoherence(J, [t + 0.05], temperature=temperature)[0][0] != pytest.approx(Gamma, rel=1e-5)
    assert forms.decoherence(J, [t], temperature=temperature + 0.1)[0][0] != pytest.approx(Gamma, rel=1e-5)


@pytest.mark.parametrize("temperature", [0.0, 0.05, 3.0])
def test_ohmic_closed_form_is_the_quadrature(temperature: float) -> None:
    """A sum of one density is integrated, the density itself is not."""
    times = [0.0, 1e-3, 0.7, 40.0]
    for closed, integrated in zip(
        forms.decoherence(OHMIC, times, temperature=temperature),
        forms.decoherence(chains.Sum(parts=[OHMIC]), times, temperature=temperature),
        strict=True,
    ):
        assert closed == pytest.approx(integrated, rel=1e-11, abs=ROUNDING)
    for J in (OHMIC, replace(OHMIC, exponent=0.5)):
        for closed, integrated in zip(
            forms.displacement(J, times), forms.displacement(chains.Sum(parts=[J]), times), strict=True
        ):
            assert closed == pytest.approx(integrated, rel=1e-11, abs=ROUNDING)
    # Delta = lambda^2 t^2/(2 eps (eps^2 + t^2)), lambda^2 = 2 alpha, eps = 1/wc
    assert forms.displacement(OHMIC, [0.7])[0][0] == pytest.approx(0.2 * 0.49 / (1 * (0.25 + 0.49)), rel=ROUNDING)


def test_modes_are_summed() -> None:
    times = [0.3, 5.0]
    for T in (0.0, 0.8):
        Gamma = decoherence_function(FREQUENCIES, COUPLINGS, temperature=T, times=times)
        assert forms.decoherence(MODES, times, temperature=T)[0] == pytest.approx(Gamma, rel=ROUNDING)
    assert forms.displacement(MODES, times)[0] == pytest.approx(
        displacement_function(FREQUENCIES, COUPLINGS, times=times), rel=ROUNDING
    )


def test_rates_are_derivatives() -> None:
    for J, T in [*DENSITIES, (MODES, 0.6)]:
        for function in (
            lambda t, J=J, T=T: forms.decoherence(J, [t], temperature=T),
            lambda t, J=J: forms.displacement(J, [t]),
        ):
            slope = derivative(lambda t, f=function: np.array(f(t)[0]), 1.7)
            assert function(1.7)[1] == pytest.approx(slope, rel=1e-8)


def test_long_times_are_approached_with_a_rate_of_the_order_given() -> None:
    """d Gamma/dt - pi lambda^2/(2 beta) = -lambda^2 eps/(beta t), and the constant of [115] to (eps/beta) log(t/beta)."""
    sharp = replace(OHMIC, cutoff=200.0)
    T, strength, eps = 0.3, 0.2, 1 / 200.0
    for t in (200.0, 2000.0):
        Gamma, rate = (float(v[0]) for v in forms.decoherence(sharp, [t], temperature=T))
        assert rate - np.pi * strength * T / 2 == pytest.approx(-strength * eps * T / t, rel=0.01)
        left = Gamma - float(forms.ohmic_long_time(sharp, [t], temperature=T)[0])
        assert left == pytest.approx(-strength * eps * T * np.log(t * T), abs=2 * strength * eps * T)
    assert forms.dephasing_rate(sharp, temperature=T) == pytest.approx(8 * np.pi * strength * T / 2)
    assert forms.dephasing_rate(chains.Sum(parts=[sharp, HARD]), temperature=T) == pytest.approx(4 * np.pi * T * 0.24)
    assert forms.dephasing_rate(replace(OHMIC, exponent=2.0), temperature=T) == 0
    assert forms.dephasing_rate(replace(OHMIC, exponent=0.5), temperature=T) == np.inf
    assert forms.dephasing_rate(MODES, temperature=T) == forms.dephasing_rate(OHMIC, temperature=0.0) == 0


# Example II against the whole ledger by definition.


def dense(beta: float, *, exchange: bool = False, levels: int = 13, hamiltonian: float = 0.8) -> General:
    A = np.array([[0, 0], [1.0, 0]]) if exchange else np.diag([1.0, -1.0])
    bath = Bath(operator=A, frequencies=FREQUENCIES, couplings=COUPLINGS, beta=beta, exchange=exchange)
    return General(hamiltonian=np.diag([hamiltonian, -hamiltonian]) / 2, baths=(bath,), levels=levels, initial=MIXED)


@pytest.mark.parametrize("temperature", [0.0, 0.35])
def test_pure_dephasing_is_the_ledger_of_a_dense_run(temperature: float) -> None:
    alpha, times = 0.3, [0.0, 0.9, 2.3]
    system = dense(np.inf if temperature == 0 else 1 / temperature)
    found = forms.pure_dephasing(MODES, temperature=temperature, initial=MIXED, times=times, splitting=0.8, alpha_S=alpha,
                                 exact_bath_entropy=True)  # fmt: skip
    rows = [columns_at(system, psi, t, alpha) for t, psi in zip(times, system.states(times), strict=True)]
    cutoff = 1e-7  # 13 levels
    for i, row in enumerate(rows):
        changes = {"E_B": row["E_B"] - rows[0]["E_B"], "Delta_S_B": row["S_B"] - rows[0]["S_B"],
                   "U_B": row["U_B"] - rows[0]["U_B"]}  # fmt: skip
        for name in ("E_S", "E_int", "h", "U_S", "U_chi", "Qdot_B", "Wdot_B", "S_S"):
            changes[name] = row[name]
        for name, value in changes.items():
            assert getattr(found, name)[i] == pytest.approx(value, abs=cutoff), (name, i)
        assert np.abs(found.rho_S[i] - row["rho_S"]).max() < cutoff
        assert abs(row["Qdot_S"]) < 1e-12

    # T_S = dU_S/dS_S by differences of the definitions
    def slope(t: float) -> np.ndarray:
        row = columns_at(system, next(system.states([t])), t, alpha)
        return np.array([row["U_S"], row["S_S"]])

    energy, entropy = derivative(slope, 2.3)
    assert found.T_S[2] == pytest.approx(energy / entropy, rel=1e-5)
    assert found.Sdot_S[2] == pytest.approx(entropy, rel=1e-5)
    assert np.isnan(found.T_ext_S).all()
    assert "dQ_S" in found.reasons["T_ext_S"]
    wrong = forms.pure_dephasing(MODES, temperature=temperature + 0.4, initial=MIXED, times=times, splitting=0.8)
    assert abs(wrong.S_S[2] - rows[2]["S_S"]) > 1e-5


def test_work_and_heat_are_the_integrals_of_their_rates_and_add_up() -> None:
    t = np.linspace(0, 4, 401)
    found = forms.pure_dephasing(HARD, temperature=0.3, initial=MIXED, times=t, alpha_S=0.2)
    for total, rate in ((found.Q_B, found.Qdot_B), (found.W_B, found.Wdot_B)):
        assert np.abs(np.concatenate([[0], np.cumsum((rate[1:] + rate[:-1]) / 2 * 0.01)]) - total).max() < 1e-6
    assert np.abs(found.U_S + found.U_B + found.U_chi - (found.E_S + found.E_B + found.E_int)).max() < ROUNDING
    assert np.abs(found.Q_B + found.W_B - (found.U_B - found.U_B[0])).max() < ROUNDING
    assert np.abs(found.W_S + found.W_B).max() == 0


def test_second_order_of_the_baths_entropy_is_approached_as_the_coupling_squared() -> None:
    """Delta S_B/[101] - 1 and T_B/[102] - 1 fall as lambda^2."""
    T, t, alpha = 0.8, 2.0, 0.4
    ratios, temperatures, strengths = [], [], np.array([0.1, 0.05, 0.025])
    step = 1e-3
    for strength in strengths:
        modes = chains.Discrete(frequencies=list(FREQUENCIES), couplings=list(strength * np.array(COUPLINGS) / 0.15))
        found = forms.pure_dephasing(modes, temperature=T, initial=MIXED, times=[t - step, t, t + step], alpha_S=alpha,
                                     exact_bath_entropy=True)  # fmt: skip
        ratios.append(found.Delta_S_B[1] / found.Delta_S_B_second_order[1] - 1)
        slope = (found.Delta_S_B[2] - found.Delta_S_B[0]) / (2 * step)
        rate = found.Qdot_B[1] + found.Wdot_B[1]
        temperatures.append(rate / slope / found.T_B_second_order[1] - 1)
    for values in (np.array(ratios), np.array(temperatures)):
        assert np.polyfit(np.log(strengths), np.log(np.abs(values)), 1)[0] == pytest.approx(2, abs=0.1)
    m = 0.4
    assert found.T_B_second_order[1] == pytest.approx(T * (1 - alpha * m**2) / (1 - m**2))
    one = forms.pure_dephasing(MODES, temperature=T, initial=MIXED, times=[t], alpha_S=1.0)
    assert one.T_B_second_order[0] == pytest.approx(T)
    assert one.T_S[0] == 0


def test_dephasing_without_coherence_changes_nothing_of_the_system() -> None:
    for initial in ("+z", np.diag([0.7, 0.3])):
        found = forms.pure_dephasing(MODES, temperature=0.5, initial=initial, times=[0.0, 1.0], alpha_S=1.0)
        assert np.abs(found.Sdot_S).max() == 0
        assert np.isnan(found.T_S).all()
        assert "0/0" in found.reasons["T_S"]
    cold = forms.pure_dephasing(HARD, temperature=0.0, initial="+x", times=[0.0, 1.0])
    assert cold.Delta_S_B == pytest.approx(cold.S_S, abs=ROUNDING)
    assert np.isnan(cold.T_B_second_order).all()
    assert cold.reasons["T_B_second_order"] == "beta infinite"


def test_what_dephasing_refuses() -> None:
    with pytest.raises(chains.InvalidInput) as caught:
        forms.pure_dephasing("J", temperature=-1, initial="+q", times=[np.nan], splitting="a", alpha_S=None)  # type: ignore[arg-type]
    assert {p.key for p in caught.value.problems} == {
        "density",
        "temperature",
        "initial",
        "times[0]",
        "splitting",
        "alpha_S",
    }
    with pytest.raises(chains.InvalidInput, match="exact_bath_entropy"):
        forms.pure_dephasing(HARD, temperature=0.1, initial="+x", times=[1.0], exact_bath_entropy=True)
    with pytest.raises(chains.InvalidInput, match="exponential"):
        forms.ohmic_decoherence(HARD, [1.0], temperature=0.1)
    with pytest.raises(chains.InvalidInput, match="no linear growth"):
        forms.ohmic_long_time(OHMIC, [1.0], temperature=0.0)


# The principal value.


@pytest.mark.parametrize(
    ("J", "temperature", "splitting"),
    [
        (HARD, 0.2, 0.5),
        (replace(HARD, exponent=0.5), 0.3, 0.7),
        (replace(HARD, exponent=3.0), 0.0, 0.05),
        (replace(OHMIC, alpha=0.02), 0.2, 0.5),
        (replace(HARD, exponent=2.0, shape="gaussian"), 0.0, 0.9),
        (HARD, 0.2, 1.5),  # above the cut-off: an ordinary integral
    ],
)
def test_lamb_shift_is_the_principal_value(J: chains.PowerLaw, temperature: float, splitting: float) -> None:
    """The pole subtracted: int (F(w) - F(w0))/(w0 - w) dw + F(w0) log(w0/(W - w0)), with 25 digits, in u = w^(1/2)."""
    f, end = shape_of(J)
    wc, W, w0 = mpmath.mpf(J.cutoff), mpmath.mpf(end) * J.cutoff, mpmath.mpf(splitting)

    def F(w: mpmath.mpf) -> mpmath.mpf:
        coth = mpmath.coth(w / (2 * mpmath.mpf(temperature))) if temperature > 0 else 1
        return 2 * J.alpha * wc * (w / wc) ** mpmath.mpf(J.exponent) * f(w / wc) * coth

    with mpmath.workdps(25):
        at = F(w0) if w0 < W else mpmath.mpf(0)
        points = sorted(
            {mpmath.mpf(0), *([mpmath.sqrt(w0)] if w0 < W else []), *mpmath.linspace(0, mpmath.sqrt(W), 20)}
        )
        expected = mpmath.quad(lambda u: 2 * u * (F(u**2) - at) / (w0 - u**2), points)
        expected += at * mpmath.log(w0 / (W - w0)) if at else 0
    value, error = forms.lamb_shift(J, splitting=splitting, temperature=temperature)
    assert value == pytest.approx(float(expected), rel=1e-10)
    assert error < 1e-9 * abs(value)
    assert abs(value - float(expected)) <= error + ROUNDING * abs(value)
    for wrong in (replace(J, alpha=2 * J.alpha), replace(J, cutoff=1.1 * J.cutoff)):
        assert forms.lamb_shift(wrong, splitting=splitting, temperature=temperature)[0] != pytest.approx(
            value, rel=1e-3
        )


def test_lamb_shift_of_a_semicircle_is_its_hilbert_transform() -> None:
    """P int J/(w0 - w) of the semicircle of weight W on [c - R, c + R] is 2 W (w0 - c)/R^2 inside."""
    J = chains.Semicircle(coupling=0.1, centre=0.6, half_width=0.5)
    low, high = J.support
    centre, radius = (low + high) / 2, (high - low) / 2
    for w0 in (0.2, 0.6, 0.95):
        expected = 2 * J.weight() * (w0 - centre) / radius**2
        assert forms.lamb_shift(J, splitting=w0, temperature=0.0)[0] == pytest.approx(expected, abs=1e-11)


def test_densities_with_kinks_peaks_and_parts() -> None:
    table = chains.Table(frequencies=[0.0, 0.2, 0.5, 1.0], values=[0.0, 0.02, 0.03, 0.0])
    peak = chains.Brownian(reorganisation_energy=0.05, frequency=0.5, width=0.02)
    for J, w0 in (
        (table, 0.5),
        (table, 0.5001),
        (table, 0.37),
        (peak, 0.5),
        (peak, 0.52),
        (chains.Sum(parts=[table, peak]), 0.45),
    ):
        value, error = forms.lamb_shift(J, splitting=w0, temperature=0.1)

        # The same by a symmetric gap around the pole, extrapolated from two gaps.
        def gap(d: float, J: chains.ContinuousDensity = J, w0: float = w0) -> float:
            u = np.concatenate([np.geomspace(d, 1e-2, 4001)])
            middle = (np.log(u[1:] / u[:-1])) * (lambda v: F(J, w0 - v) - F(J, w0 + v))(np.sqrt(u[1:] * u[:-1]))
            rest = [np.linspace(1e-9, w0 - 1e-2, 400001), np.linspace(w0 + 1e-2, J.support[1], 400001)]
            return float(middle.sum() + sum(np.trapezoid(F(J, w) / (w0 - w), w) for w in rest))

        assert value == pytest.approx(gap(1e-8), abs=3e-5 * max(1.0, abs(value)))
        assert error < 1e-7


def F(J: chains.ContinuousDensity, w: np.ndarray) -> np.ndarray:
    return J(w) / np.tanh(w / 0.2)


def test_what_has_no_rate_is_refused() -> None:
    with pytest.raises(chains.InvalidInput, match="finitely many modes"):
        forms.golden_rule(MODES, splitting=1.0, temperature=0.1)  # type: ignore[arg-type]
    with pytest.raises(chains.InvalidInput, match="jump"):
        forms.golden_rule(HARD, splitting=1.0, temperature=0.1)
    with pytest.raises(chains.InvalidInput) as caught:
        forms.golden_rule(HARD, splitting=0.0, temperature=-0.1)
    assert {p.key for p in caught.value.problems} == {"splitting", "temperature"}
    assert forms.golden_rule(HARD, splitting=2.0, temperature=0.0).rate == 0


# Example I: the master equation by matrix exponentials.

RATES = forms.golden_rule(HARD, splitting=0.5, temperature=0.3)
COLD = forms.golden_rule(HARD, splitting=0.5, temperature=0.0)


def generator(rates: forms.GoldenRule) -> np.ndarray:
    """The Lindblad generator on row-stacked matrices."""
    lower, one = np.array([[0, 0], [1, 0]], dtype=complex), np.eye(2)
    H = (rates.splitting + rates.lamb_shift) / 2 * np.diag([1.0, -1.0])
    total = -1j * (np.kron(H, one) - np.kron(one, H.T))
    n = 1 / np.expm1(rates.splitting / rates.temperature) if rates.temperature > 0 else 0.0
    G = 2 * np.pi * 2 * 0.02 * rates.splitting
    for L, rate in ((lower, G * (n + 1)), (lower.T, G * n)):
        product = L.conj().T @ L
        total = total + rate * (np.kron(L, L.conj()) - (np.kron(product, one) + np.kron(one, product.T)) / 2)
    return total


@pytest.mark.parametrize("rates", [RATES, COLD])
@pytest.mark.parametrize("initial", [MIXED, np.array([[0.64, 0.48j], [-0.48j, 0.36]])])
def test_exchange_solves_the_master_equation(rates: forms.GoldenRule, initial: np.ndarray) -> None:
    times = np.array([0.5, 6.0, 40.0])
    found, L = forms.exchange(rates, initial=initial, times=times), generator(rates)
    states = np.array([(expm(L * t) @ initial.ravel()).reshape(2, 2) for t in times])
    slopes = np.array([(L @ state.ravel()).reshape(2, 2) for state in states])
    assert np.abs(found.rho_S - states).max() < DENSE
    assert pytest.approx(von_neumann(spectrum(states)), abs=DENSE) == found.S_S
    assert found.Sdot_S == pytest.approx(entropy_rate(states, slopes), rel=1e-8)
    H = np.diag([0.25, -0.25])
    heat = np.real(np.einsum("ij,nji->n", H, slopes))
    assert found.Udot_S == pytest.approx(heat, abs=ROUNDING)
    assert found.Edot_B == pytest.approx(-heat, abs=ROUNDING)  # what the qubit loses
    assert pytest.approx(heat / entropy_rate(states, slopes), rel=1e-8) == found.T_S
    if rates.temperature > 0:
        gibbs = np.diag(np.exp([-0.25 / 0.3, 0.25 / 0.3]))
        gibbs = gibbs / np.trace(gibbs)
        logs = [vectors @ np.diag(np.log(p)) @ vectors.conj().T for p, vectors in map(np.linalg.eigh, states)]
        D = [
            np.real(np.trace(rho @ (log - np.diag(np.log(np.diag(gibbs))))))
            for rho, log in zip(states, logs, strict=True)
        ]
        assert pytest.approx(D, abs=DENSE) == found.D_S
        # -dD/dt = -Tr[L(rho) (log rho - log rho^beta)], [41-43]
        fall = [
            -np.real(np.trace(d @ (log - np.diag(np.log(np.diag(gibbs)))))) for d, log in zip(slopes, logs, strict=True)
        ]
        assert found.Sigmadot_Lindblad_S == pytest.approx(fall, rel=1e-7)
        assert (found.Sigmadot_Lindblad_S > 0).all()
    else:
        assert np.isnan(found.Sigmadot_S).all()
        assert found.reasons["D_S"] == "beta infinite"


def test_bath_rates_by_their_definition() -> None:
    """dQ_B = dE_B + 2 Re <L> d<C>^*, where <C> follows the coherence: d<C> = -(pi J(w0) + ...) -> -G w0 |rho_01|^2 of heat."""
    found = forms.exchange(RATES, initial=MIXED, times=[3.0])
    n, G, w0 = RATES.occupation, RATES.rate, 0.5
    up, down, both = found.rho_S[0, 0, 0].real, found.rho_S[0, 1, 1].real, abs(found.rho_S[0, 0, 1]) ** 2
    assert found.Edot_B[0] == pytest.approx(G * w0 * ((n + 1) * up - n * down))
    assert found.Qdot_B[0] == pytest.approx(G * w0 * ((n + 1) * up - n * down - both))
    assert found.Sdot_B[0] == pytest.approx(found.Qdot_B[0] / 0.3)
    # [26] with dU_chi of higher order; what is no heat is work of the mean field
    assert found.Qdot_S[0] == pytest.approx(-found.Qdot_B[0])
    assert found.Wdot_S[0] == pytest.approx(-G * w0 * both)
    assert found.Sigmadot_S[0] == pytest.approx(found.Sdot_S[0] - found.Qdot_S[0] / 0.3)
    assert found.Sigmadot_ext_S[0] == pytest.approx(found.Sdot_S[0] - found.Qdot_S[0] / found.T_ext_S[0])


def test_limits_of_the_pseudo_temperatures() -> None:
    times = np.array([40.0, 60.0, 80.0])
    found = forms.exchange(RATES, initial=MIXED, times=times)
    expected = forms.system_temperature_limit(RATES, MIXED)
    assert abs(expected - 0.3) > 0.05  # coherences leave it off T
    off = np.abs(found.T_S - expected)
    slope = np.diff(np.log(off)) / np.diff(times)
    assert slope == pytest.approx(-RATES.relaxation, rel=0.05)  # corrections of the next power of exp(-gamma~ t)
    assert pytest.approx(forms.bath_temperature_limit(RATES, MIXED), rel=1e-5) == found.T_B
    diagonal = np.diag([0.8, 0.2])
    assert forms.system_temperature_limit(RATES, diagonal) == pytest.approx(0.3)
    assert forms.bath_temperature_limit(RATES, diagonal) == pytest.approx(0.3)
    assert found.T_ext_S[-1] == pytest.approx(0.3, rel=1e-5)
    assert (
        np.abs(forms.exchange(RATES, initial=MIXED, times=[500.0]).rho_S - np.diag(_gibbs())).max() < ROUNDING
    )  # [57]
    assert np.isnan(forms.system_temperature_limit(COLD, MIXED))
    late = forms.exchange(RATES, initial=MIXED, times=[500.0])
    assert np.isnan(late.T_S).all()
    assert "0/0" in late.reasons["T_S"]


def _gibbs() -> np.ndarray:
    p = np.exp([-0.25 / 0.3, 0.25 / 0.3])
    return p / p.sum()


# T = 0, one quantum.


def test_one_excitation_has_the_printed_digits() -> None:
    J = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    star = chains.star(chains.chain(J, length=60))
    found = forms.one_excitation(star.frequencies, star.couplings, splitting=0.5, initial="+z", times=PRINTED_TIMES)
    assert found.rho_S[:, 0, 0].real == pytest.approx(PRINTED_DIGITS["p_e"], abs=PRINTED)
    for name in ("E_B", "E_int", "S_S"):
        assert getattr(found, name) == pytest.approx(PRINTED_DIGITS[name], abs=PRINTED), name
    psi = np.array([0.6 - 0.3j, np.sqrt(1 - 0.45)])
    other = replace(printed_case(), amplitude=psi[0]).columns(PRINTED_TIMES)
    found = forms.one_excitation(star.frequencies, star.couplings, splitting=0.5, initial=psi, times=PRINTED_TIMES)
    for name in ("E_B", "E_int", "h", "U_chi", "S_S", "S_B", "S_chi"):
        assert getattr(found, name) == pytest.approx(other[name], abs=DENSE), name


def test_one_excitation_of_a_mixed_start_is_that_of_a_dense_run() -> None:
    system = dense(np.inf, exchange=True, levels=3)
    times = [0.0, 1.3, 4.0]
    found = forms.one_excitation(FREQUENCIES, COUPLINGS, splitting=0.8, initial=MIXED, times=times, alpha_S=0.3)
    for i, (t, psi) in enumerate(zip(times, system.states(times), strict=True)):
        row = columns_at(system, psi, t, 0.3)
        for name in ("rho_S", "E_S", "E_B", "E_int", "h", "U_chi", "U_S", "U_B", "Edot_B", "Qdot_S", "Qdot_B", "S_S",
                     "S_B", "S_chi", "occupations"):  # fmt: skip
            assert np.abs(getattr(found, name)[i] - row[name]).max() < DENSE, name
    with pytest.raises(chains.InvalidInput) as caught:
        forms.one_excitation([1.0, -1.0], [0.1], splitting=np.inf, initial="up", times=["a"])
    assert len(caught.value.problems) >= 4


def test_second_order_is_approached_from_one_excitation_as_the_coupling_squared() -> None:
    """T = 0, G t from .6 to 1, exact at any coupling: every deviation from Example I falls as alpha, that is lambda^2."""
    strengths = np.array([4e-3, 2e-3, 1e-3])
    found = []
    for alpha in strengths:
        J = replace(HARD, alpha=alpha)
        rates = forms.golden_rule(J, splitting=0.5, temperature=0.0)
        star = chains.star(chains.chain(J, length=140))
        times = np.linspace(0.6, 1.0, 20) / rates.rate
        exact = forms.one_excitation(star.frequencies, star.couplings, splitting=0.5, initial=MIXED, times=times)
        second = forms.exchange(rates, initial=MIXED, times=times)
        window = forms.bath_rates(rates, exact.rho_S)
        without_shift = second.rho_S[:, 0, 1] * np.exp(1j * rates.lamb_shift * times)
        found.append({
            "population": np.abs(exact.rho_S[:, 0, 0] - second.rho_S[:, 0, 0]).max(),
            "coherence": np.abs(exact.rho_S[:, 0, 1] - second.rho_S[:, 0, 1]).max(),
            "dE_B": np.abs(exact.Edot_B / window.Edot_B - 1).max(),
            "dQ_B": np.abs(exact.Qdot_B / window.Qdot_B - 1).max(),
            "dQ_S": np.abs(exact.Qdot_S / second.Qdot_S - 1).max(),
            "dU_S for dQ_S": np.abs(exact.Qdot_S / second.Udot_S - 1).max(),
            "without the Lamb shift": np.abs(exact.rho_S[:, 0, 1] - without_shift).max(),
            "twice the rate": np.abs(exact.Edot_B / (2 * window.Edot_B) - 1).max(),
        })  # fmt: skip

    def order(name: str) -> float:
        return float(np.polyfit(np.log(strengths), np.log([row[name] for row in found]), 1)[0])

    for name in ("population", "coherence", "dE_B", "dQ_B", "dQ_S"):
        assert order(name) == pytest.approx(1, abs=0.15), name
        assert found[-1][name] < 0.05
    assert order("dU_S for dQ_S") == pytest.approx(0, abs=0.15)  # the mean field's heat is of the same order
    assert order("without the Lamb shift") == pytest.approx(0, abs=0.12)
    assert order("twice the rate") == pytest.approx(0, abs=0.12)


# A qubit in any field.


def test_functions_of_the_bloch_vector() -> None:
    rng = np.random.default_rng(7)
    r, h, dr = rng.normal(size=(3, 5, 3))
    r = 0.8 * r / np.linalg.norm(r, axis=1)[:, None] * rng.uniform(0.1, 1, size=5)[:, None]
    rho = bloch_matrix(r)
    assert bloch_vector(rho) == pytest.approx(r, abs=ROUNDING)
    assert entropy_of_length(np.linalg.norm(r, axis=1)) == pytest.approx(von_neumann(spectrum(rho)), abs=ROUNDING)
    assert entropy_of_length(np.array([0.0, 1.0])) == pytest.approx([np.log(2), 0.0])
    # [48]: production = dS - dQ/T_ext with dQ = h.dr/2
    rate = entropy_rate(rho, bloch_matrix(dr) - np.eye(2) / 2)
    heat = np.sum(h * dr, axis=1) / 2
    assert extended_production_rate(r, dr, h) == pytest.approx(
        rate - heat * extended_inverse_temperature(r, h), abs=1e-11
    )
    along = np.tile([0.0, 0.0, 0.7], (5, 1))
    length = np.linalg.norm(r, axis=1)
    logarithm = np.log((1 + length) / (1 - length))
    assert extended_inverse_temperature(r, along) == pytest.approx(-r[:, 2] / length * logarithm / 0.7)
    across = (r[:, 0] * dr[:, 0] + r[:, 1] * dr[:, 1]) / length
    assert extended_production_rate(r, dr, along) == pytest.approx(-across * logarithm / 2)
    assert np.isnan(extended_inverse_temperature(np.zeros((1, 3)), along[:1])).all()
    assert extended_production_rate(np.zeros((1, 3)), dr[:1], along[:1]) == 0
    assert np.isnan(extended_production_rate(r[:1], dr[:1], np.zeros((1, 3)))).all()
    turning = np.array([[0.0, 1.0, 0.0]])
    assert (
        extended_production_rate(np.array([[1.0, 0.0, 0.0]]), turning, along[:1]) == 0
    )  # a pure state that only turns
    p = np.array([[0.0, 0.0, -np.tanh(0.7 / 0.6)]])
    assert relative_entropy_to_gibbs(p, 0.7, 0.3) == pytest.approx([0.0], abs=ROUNDING)
