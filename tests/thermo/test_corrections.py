"""The corrections to Alipour et al., Sci. Rep. 6, 35568 (2016), one by one: the printed form fails, the corrected one passes.

Each test evaluates both forms against something that is neither: exact diagonalisation, one excitation by linear algebra, the master
equation by its matrix exponential, derivatives of entropies by differences. gamma = 2 pi lambda^2 |f(w0)|^2 of the paper, and
gamma~ = gamma coth(beta w0/2).
"""

import numpy as np
import pytest
from scipy.linalg import expm

import chains
from tests.oracles.general import Bath, General, columns_at, derivative
from tests.oracles.naive import entropy
from tests.oracles.one_excitation import OneExcitation, hard_power_law
from tnthermo import closed_forms as forms
from tnthermo.model.qubit import extended_inverse_temperature, extended_production_rate

MIXED = np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])
LOWER = np.array([[0, 0], [1, 0]], dtype=complex)
SIGMA = (np.array([[0, 1], [1, 0]]), np.array([[0, -1j], [1j, 0]]), np.diag([1, -1]))
W0, BETA = 0.5, 1 / 0.3


def close(value: float, exact: float, within: float) -> bool:
    return bool(abs(value - exact) <= within * max(abs(exact), 1e-3))


# [51, 52, 66-68] against [56, 59, 60, 63]: sigma_pm = sigma_x +- i sigma_y gives 4 gamma.


def test_the_population_decays_with_four_gamma() -> None:
    """T = 0, exactly. In the paper's words f(w) = (J/lambda^2)^(1/2)/2: gamma = 2 pi J(w0)/4."""
    for alpha, within in ((4e-3, 0.05), (1e-3, 0.01)):
        kappa, e, t = hard_power_law(alpha=alpha, cutoff=1.0, exponent=1.0, length=120)
        gamma = 2 * np.pi * (2 * alpha * W0) / 4
        time = 0.8 / (4 * gamma)
        exact = OneExcitation(splitting=W0, kappa=kappa, e=e, t=t).columns([time])["p_e"][0]
        assert close(np.exp(-4 * gamma * time), exact, within)
        assert not close(np.exp(-gamma * time), exact, 0.5)
        J = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
        assert forms.golden_rule(J, splitting=W0, temperature=0.0).rate == pytest.approx(4 * gamma)


def test_paper_operators_are_twice_the_usual_ones() -> None:
    """lambda f (sigma_+ a + h.c.) with sigma_pm = sigma_x +- i sigma_y is our exchange with g = 2 lambda f, by diagonalisation."""
    f, w = 0.1, 0.9
    a = np.diag(np.sqrt(np.arange(1.0, 6)), 1)
    plus = SIGMA[0] + 1j * SIGMA[1]
    H = np.kron(np.diag([0.4, -0.4]), np.eye(6)) + np.kron(np.eye(2), w * a.T @ a)
    H = H + f * (np.kron(plus, a) + np.kron(plus, a).conj().T)
    psi = expm(-1j * H * 5.0)[:, 0]  # from |0, 0>
    exact = np.sum(np.abs(psi[:6]) ** 2)

    def ours(g: float) -> float:
        return float(forms.one_excitation([w], [g], splitting=0.8, initial="+z", times=[5.0]).rho_S[0, 0, 0].real)

    assert close(ours(2 * f), exact, 1e-10)
    assert not close(ours(f), exact, 0.1)


# [59] and [65], on the solution of the master equation.


def motion(t: float) -> np.ndarray:
    """rho_S(t) by the matrix exponential of the Lindblad generator with rates G (n + 1), G n."""
    n, G, one = 1 / np.expm1(BETA * W0), 0.1, np.eye(2)
    H = W0 / 2 * SIGMA[2]
    L = -1j * (np.kron(H, one) - np.kron(one, H.T))
    for operator, rate in ((LOWER, G * (n + 1)), (LOWER.T, G * n)):
        product = operator.conj().T @ operator
        L = L + rate * (np.kron(operator, operator.conj()) - (np.kron(product, one) + np.kron(one, product.T)) / 2)
    return (expm(L * t) @ MIXED.ravel()).reshape(2, 2)


def bloch(rho: np.ndarray) -> np.ndarray:
    return np.real([np.trace(s @ rho) for s in SIGMA])


def numerators(r: np.ndarray) -> tuple[float, float]:
    """2 r dr/dt: as printed in [59], and as corrected; G for gamma in both."""
    G, tilde = 0.1, 0.1 / np.tanh(BETA * W0 / 2)
    x, y, z = r
    printed = tilde * (x**2 + y**2) - 2 * G * z - 2 * tilde * z**2
    return printed, -(tilde * (x**2 + y**2) + 2 * G * z + 2 * tilde * z**2)


@pytest.mark.parametrize("t", [2.0, 10.0, 40.0])
def test_numerator_of_the_entropy_rate(t: float) -> None:
    r = bloch(motion(t))
    length = np.linalg.norm(r)
    exact = derivative(lambda time: np.array([entropy(motion(time))]), t)[0]
    printed, corrected = (-np.arctanh(length) * value / (2 * length) for value in numerators(r))
    assert close(corrected, exact, 1e-6)
    assert not close(printed, exact, 0.1)


def test_only_the_corrected_numerator_gives_the_long_time_limit() -> None:
    """1/T_S = dS_S/dU_S for t -> infinity against [61]."""
    G, tilde = 0.1, 0.1 / np.tanh(BETA * W0 / 2)
    J = chains.PowerLaw(alpha=G / (4 * np.pi * W0), cutoff=1.0, exponent=1.0, shape="hard")
    limit = 1 / forms.system_temperature_limit(forms.golden_rule(J, splitting=W0, temperature=1 / BETA), MIXED)
    t = 80.0
    r = bloch(motion(t))
    length, heat = np.linalg.norm(r), -W0 / 2 * (tilde * r[2] + G)
    printed, corrected = (-np.arctanh(length) * value / (2 * length) / heat for value in numerators(r))
    assert close(corrected, limit, 1e-3)
    assert not close(printed, limit, 1.0)
    # by differences of entropy and energy alone
    first, last = motion(60.0), motion(60.1)
    energy = W0 / 2 * (bloch(last)[2] - bloch(first)[2])
    assert close((entropy(last) - entropy(first)) / energy, limit, 5e-3)


@pytest.mark.parametrize("t", [2.0, 10.0, 40.0])
def test_extended_production(t: float) -> None:
    """dSigma_S = dS_S - dQ_S/T_ext, [58] minus [63]/[64]: the coherences' part alone."""
    r = bloch(motion(t))
    dr = derivative(lambda time: bloch(motion(time)), t)
    dS = derivative(lambda time: np.array([entropy(motion(time))]), t)[0]
    length = np.linalg.norm(r)
    logarithm = np.log((1 + length) / (1 - length))
    exact = dS - (W0 / 2 * dr[2]) * (-(r[2] / length) * logarithm / W0)
    printed = -(r @ dr) / length / 2 * logarithm  # dr in the place of (x dx + y dy)/r
    corrected = -(r[0] * dr[0] + r[1] * dr[1]) / length / 2 * logarithm
    assert close(corrected, exact, 1e-6)
    assert not close(printed, exact, 0.1)
    field = np.array([[0.0, 0.0, W0]])
    assert close(float(extended_production_rate(r[None], dr[None], field)[0]), exact, 1e-6)
    rates = forms.golden_rule(
        chains.PowerLaw(alpha=0.1 / (4 * np.pi * W0), shape="hard"), splitting=W0, temperature=1 / BETA
    )
    assert close(forms.exchange(rates, initial=MIXED, times=[t]).Sigmadot_ext_S_along_z[0], exact, 1e-6)


# [29]: a driven H_S does work that Tr[rho_S (x) rho_B dH_int] does not see.


def test_work_of_a_driven_system() -> None:
    def hamiltonian(t: float) -> np.ndarray:
        return np.array([[0.3 + 0.2 * np.sin(t), 0.4], [0.4, -0.3 - 0.2 * np.sin(t)]])

    bath = Bath(operator=np.diag([1.0, -0.5]), frequencies=(0.8, 1.3), couplings=(0.3, 0.2), beta=2.0,
                drive=lambda t: 1 + 0.3 * np.cos(2 * t))  # fmt: skip
    system = General(hamiltonian=hamiltonian, baths=(bath,), levels=7, initial=MIXED)
    t = 1.4
    row = columns_at(system, next(system.states([t])), t, 0.3, entropies=False)
    exact = row["Wdot_S"] + row["Wdot_B"]  # Tr[rho_i dH_i_eff] of both
    own = float(np.real(np.trace(row["rho_S"] @ np.diag([1, -1])))) * 0.2 * np.cos(t)  # Tr[rho_S dH_S]
    printed = row["Wdot_hamiltonians"] - own  # Tr[rho_S (x) rho_B dH_int]
    assert close(printed + own, exact, 1e-9)
    assert not close(printed, exact, 0.2)


# [85]: the sign of the displacement.


@pytest.mark.parametrize("beta", [np.inf, 2.0])
def test_sign_of_the_displaced_field(beta: float) -> None:
    """In the frame that turns with H_B branch l is displaced by l lambda g_k, <X> = 2 Re sum f_k g_k exp(-i w_k t) m lambda."""
    f, w, lam, t = np.array([0.3, 0.5]), np.array([0.9, 1.4]), 0.4, 1.9
    bath = Bath(operator=np.diag([1.0, -1.0]), frequencies=tuple(w), couplings=tuple(lam * f), beta=beta)
    system = General(hamiltonian=np.zeros((2, 2)), baths=(bath,), levels=12, initial=MIXED)
    row = columns_at(system, next(system.states([t])), t, 0.5, entropies=False)
    exact = 2 * float(np.real(row["field"]) @ f)  # without lambda
    m = 0.4
    conjugate = f * (np.exp(-1j * w * t) - 1) / w  # g_k^* as printed
    printed, corrected = (
        2 * m * lam * float(np.real(np.sum(f * g * np.exp(-1j * w * t)))) for g in (conjugate.conj(), -conjugate.conj())
    )
    Delta = float(np.sum(f**2 / w * np.sin(w * t / 2) ** 2))
    assert close(corrected, exact, 1e-5)
    assert close(-4 * lam * m * Delta, exact, 1e-5)
    assert not close(printed, exact, 1.0)
    assert printed == pytest.approx(4 * lam * m * Delta)
    modes = chains.Discrete(frequencies=list(w), couplings=list(lam * f))
    found = forms.pure_dephasing(modes, temperature=0.0 if np.isinf(beta) else 1 / beta, initial=MIXED, times=[t])
    assert close(found.X[0] / lam, exact, 1e-5)


# [107] is right as printed; the extended temperature of that model is not to be had.


def test_a_pseudo_temperature_of_zero() -> None:
    """m = 0: dU_S = 0 exactly while dS_S != 0, by definition."""
    bath = Bath(operator=np.diag([1.0, -1.0]), frequencies=(0.9,), couplings=(0.3,), beta=2.0)
    system = General(hamiltonian=np.diag([0.4, -0.4]), baths=(bath,), levels=14, initial=np.full((2, 2), 0.5) * 1.0)

    def both(t: float) -> np.ndarray:
        row = columns_at(system, next(system.states([t])), t, 0.3)
        return np.array([row["U_S"], row["S_S"]])

    energy, change = derivative(both, 1.5)
    assert abs(energy) < 1e-9
    assert abs(change) > 0.1
    modes = chains.Discrete(frequencies=[0.9], couplings=[0.3])
    found = forms.pure_dephasing(modes, temperature=0.5, initial="+x", times=[1.5], splitting=0.8, alpha_S=0.3)
    assert found.T_S[0] == 0
    assert found.Sdot_S[0] == pytest.approx(change, rel=1e-6)


def test_the_extended_temperature_of_dephasing_is_withheld() -> None:
    """The formula [48] gives a finite number for m != 0 and an infinite one for m = 0, but no heat flows."""
    modes = chains.Discrete(frequencies=[0.9], couplings=[0.3])
    for initial, finite in ((MIXED, True), ("+x", False)):
        found = forms.pure_dephasing(modes, temperature=0.5, initial=initial, times=[1.5], splitting=0.8)
        field = np.array([[0.0, 0.0, 0.8 + 2 * found.X[0]]])
        by_formula = extended_inverse_temperature(np.array([bloch(found.rho_S[0])]), field)[0]
        assert (abs(by_formula) > 0.1) == finite
        assert abs(by_formula) > 0.1 or abs(by_formula) < 1e-12
        assert np.isnan(found.T_ext_S).all()
        assert "dQ_S" in found.reasons["T_ext_S"]
