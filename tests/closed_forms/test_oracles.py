"""Closed forms: dephasing with its equilibrium, one excitation, driven qubits; against integrals, dense runs and wrong factors."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.integrate import quad

from tests.oracles.commuting import (
    CommutingEquilibrium,
    DephasingModes,
    driven_displacement,
    equilibrium_of_a_projector,
    occupation_change,
    occupation_density,
    reorganisation,
)
from tests.oracles.dephasing import Dephasing
from tests.oracles.driven import SIGMA_X, SIGMA_Y, SIGMA_Z, Rabi, alone, energies
from tests.oracles.general import Bath, General, columns_at, derivative
from tests.oracles.one_excitation import PRINTED_DIGITS, PRINTED_TIMES, hard_power_law, printed_case
from tests.tolerances import DENSE, PRINTED, ROUNDING

# Closed forms against 14 Fock levels of modes that stay near their ground state.
CUTOFF = 1e-7
MIXED = np.array([[0.7, 0.2 - 0.3j], [0.2 + 0.3j, 0.3]])
OHMIC = Dephasing(alpha=0.3, cutoff=5.0, temperature=0.2)

# Dephasing.


def three_levels() -> DephasingModes:
    """A system of three levels, so that neither A^2 nor A is a constant."""
    psi = np.array([0.6, 0.48 + 0.36j, 0.4 - 0.34641016j])
    psi = psi / np.linalg.norm(psi)
    return DephasingModes(
        energies=(0.5, -0.1, 0.2), eigenvalues=(1.0, -0.6, 0.2), frequencies=(1.2, 1.7), couplings=(0.3, 0.25), beta=2.5,
        initial=0.8 * np.outer(psi, psi.conj()) + 0.2 * np.diag([0.2, 0.3, 0.5]),
    )  # fmt: skip


def dense(modes: DephasingModes, *, levels: int = 14) -> General:
    bath = Bath(operator=np.diag(modes.eigenvalues), frequencies=modes.frequencies, couplings=modes.couplings,
                beta=modes.beta)  # fmt: skip
    return General(hamiltonian=np.diag(modes.energies), baths=(bath,), levels=levels, initial=modes.initial)


def test_dephasing_of_any_diagonal_coupling_is_that_of_a_dense_run() -> None:
    modes, t = three_levels(), 1.9
    system = dense(modes)
    start, end = (columns_at(system, psi, t, 0.5) for psi in system.states([0.0, t]))
    assert np.abs(end["rho_S"] - modes.rho_S(t)).max() < CUTOFF
    assert end["E_B"] - start["E_B"] == pytest.approx(modes.bath_energy(t), abs=CUTOFF)
    assert end["E_int"] == pytest.approx(-modes.bath_energy(t), abs=CUTOFF)
    assert end["U_chi"] == pytest.approx(modes.binding_energy(t), abs=CUTOFF)
    mean_A = np.real(np.diagonal(end["rho_S"])) @ modes.a
    assert end["h"] == pytest.approx(mean_A * modes.position(t), abs=CUTOFF)
    assert end["occupations"] - start["occupations"] == pytest.approx(modes.occupations(t), abs=CUTOFF)
    assert system.heat_statistics([t])["variance"][0] == pytest.approx(modes.heat_variance(t), abs=10 * CUTOFF)
    # A factor 2 in J, a late time label, a wrong sign of the phase.
    doubled = replace(modes, couplings=tuple(np.sqrt(2) * np.array(modes.couplings)))
    for other in (doubled.rho_S(t), modes.rho_S(t + 0.05), modes.rho_S(t).conj()):
        assert np.abs(end["rho_S"] - other).max() > 1e-3
    assert doubled.heat_variance(t) != pytest.approx(modes.heat_variance(t), rel=1e-2)
    assert doubled.bath_energy(t) == pytest.approx(2 * modes.bath_energy(t))


def test_correlation_of_a_dephasing_system_is_a_start_of_its_own() -> None:
    """<O(t) O'(0)> = Tr[O rho'(t)] with rho' started as O' rho_S."""
    modes, t = three_levels(), 1.1
    later, earlier = np.array([[0, 1j, 0], [-1j, 0, 1], [0, 1, 0]]), np.array([[0, -1j, 0], [1j, 0, 0], [0, 0, 1]])
    found = dense(modes).correlation(later, earlier, [t])[0]
    assert found == pytest.approx(
        np.trace(later @ replace(modes, initial=earlier @ modes.initial).rho_S(t)), abs=CUTOFF
    )
    assert found != pytest.approx(np.trace(later @ replace(modes, initial=modes.initial @ earlier).rho_S(t)), abs=1e-2)


def test_coherence_of_the_qubit_is_the_published_exponent() -> None:
    """A = sigma_z: |rho_01| = |rho_01(0)| exp(-8 sum g^2/w^2 coth(beta w/2) sin^2(wt/2)), no phase but exp(-i w_0 t)."""
    modes = DephasingModes(energies=(0.4, -0.4), eigenvalues=(1.0, -1.0), frequencies=(0.9, 1.6), couplings=(0.2, 0.3), beta=1.5,
                           initial=MIXED)  # fmt: skip
    t, w, g = 1.3, np.array([0.9, 1.6]), np.array([0.2, 0.3])
    exponent = 8 * np.sum(g**2 / w**2 / np.tanh(1.5 * w / 2) * np.sin(w * t / 2) ** 2)
    assert modes.rho_S(t)[0, 1] == pytest.approx(MIXED[0, 1] * np.exp(-0.8j * t - exponent), abs=ROUNDING)
    # U_chi = -4 lambda^2 (1 - m^2) Delta
    delta, m = np.sum(g**2 / w * np.sin(w * t / 2) ** 2), 0.4
    assert modes.binding_energy(t) == pytest.approx(-4 * (1 - m**2) * delta, abs=ROUNDING)
    assert modes.position(t) == pytest.approx(-4 * m * delta, abs=ROUNDING)


def test_many_modes_are_the_continuum() -> None:
    x, weights = np.polynomial.legendre.leggauss(300)
    w = 40 * OHMIC.cutoff / 2 * (x + 1)
    g = np.sqrt(2 * OHMIC.alpha * w * np.exp(-w / OHMIC.cutoff) * weights * 20 * OHMIC.cutoff)
    modes = DephasingModes(energies=(0.0, 0.0), eigenvalues=(0.5, -0.5), frequencies=tuple(w), couplings=tuple(g),
                           beta=1 / OHMIC.temperature, initial=np.full((2, 2), 0.5))  # fmt: skip
    for t in (0.3, 1.0):
        assert abs(modes.rho_S(t)[0, 1]) == pytest.approx(OHMIC.coherence(t), abs=PRINTED)
        assert modes.bath_energy(t) == pytest.approx(OHMIC.bath_energy(t), abs=PRINTED)
        assert modes.heat_variance(t) == pytest.approx(OHMIC.heat_variance(t), abs=1e-8)


def test_occupations_per_frequency_carry_the_energy_of_the_bath() -> None:
    t = 0.8
    energy = quad(lambda w: w * OHMIC.occupation_density(w, t), 0, 200, limit=500)[0]
    assert energy == pytest.approx(OHMIC.bath_energy(t), rel=1e-8)
    doubled = replace(OHMIC, alpha=2 * OHMIC.alpha)
    assert quad(lambda w: w * doubled.occupation_density(w, t), 0, 200, limit=500)[0] != pytest.approx(energy, rel=1e-2)
    # a mode that stands for a narrow band of J
    w, width = 1.3, 1e-3
    band = occupation_density(0.7, w, -0.5, t) * width
    assert occupation_change(w, np.sqrt(0.7 * width), 0.5, t) == pytest.approx(band, rel=ROUNDING)


@pytest.mark.parametrize("sign", [1, -1])
def test_driven_dephasing_displaces_each_branch(sign: int) -> None:
    def drive(t: float) -> float:
        return np.cos(1.4 * t) * np.exp(-0.3 * t)

    w, g, a, t = 1.1, 0.4, 0.5 * sign, 2.2
    bath = Bath(operator=np.diag([0.5, -0.5]), frequencies=(w,), couplings=(g,), beta=3.0, drive=drive)
    system = General(
        hamiltonian=0.5 * SIGMA_Z, baths=(bath,), levels=14, initial=np.diag([sign == 1, sign == -1]) * 1.0
    )
    start, end = (columns_at(system, psi, time, 0.5) for time, psi in zip((0, t), system.states([0.0, t]), strict=True))
    shift = driven_displacement(w, g, a, drive, t)
    assert end["field"][0] == pytest.approx(shift, abs=CUTOFF)
    assert end["E_B"] - start["E_B"] == pytest.approx(w * abs(shift) ** 2, abs=CUTOFF)
    assert end["E_int"] == pytest.approx(drive(t) * a * 2 * g * shift.real, abs=CUTOFF)
    constant = driven_displacement(w, g, a, lambda t: 1.0, t)
    assert abs(constant) ** 2 == pytest.approx(occupation_change(w, g, a, t), abs=ROUNDING)
    for wrong in (constant, -shift, driven_displacement(w, g, a, drive, t + 0.05)):
        assert abs(end["field"][0] - wrong) > 1e-3


# Equilibrium of a commuting coupling.


@pytest.mark.parametrize("frequencies", [(1.3,), (1.3, 2.0)])
def test_marginal_of_global_equilibrium_is_the_closed_form(frequencies: tuple[float, ...]) -> None:
    couplings = (0.6, 0.4)[: len(frequencies)]
    shift = reorganisation(frequencies=frequencies, couplings=couplings)
    form = CommutingEquilibrium(energies=(0.5, -0.5, 0.1), eigenvalues=(1.0, 0.3, -0.5), reorganisation=shift, beta=2.0)
    bath = Bath(operator=np.diag(form.eigenvalues), frequencies=frequencies, couplings=couplings, beta=2.0)
    system = General(hamiltonian=np.diag(form.energies), baths=(bath,), levels=16, start="mean-force")
    row = columns_at(system, next(system.states([0.0])), 0.0, 0.5)
    assert np.abs(row["rho_S"] - form.rho_S).max() < CUTOFF
    assert row["E_int"] == pytest.approx(form.interaction_energy, abs=10 * CUTOFF)
    assert row["E_B"] - system.thermal_energies.sum() == pytest.approx(form.bath_energy, abs=10 * CUTOFF)
    assert row["h"] == pytest.approx(form.populations @ form.eigenvalues * form.position, abs=10 * CUTOFF)
    for wrong in (2 * shift, -shift, 0.0):
        assert np.abs(row["rho_S"] - replace(form, reorganisation=wrong).rho_S).max() > 1e-2


@pytest.mark.parametrize("temperature", [0.1, 0.5, 3.0])
def test_equilibrium_of_a_projector(temperature: float) -> None:
    alpha, cutoff = 0.05, 4.0
    shift = quad(lambda w: 2 * alpha * np.exp(-w / cutoff), 0, np.inf)[0]  # J/w
    assert shift == pytest.approx(2 * alpha * cutoff, rel=1e-10)
    form = CommutingEquilibrium(
        energies=(0.5, -0.5), eigenvalues=(1.0, 0.0), reorganisation=shift, beta=1 / temperature
    )
    closed = equilibrium_of_a_projector(alpha=alpha, cutoff=cutoff, temperature=temperature)
    assert np.abs(closed - form.rho_S).max() < 1e-10
    bare = equilibrium_of_a_projector(alpha=0.0, cutoff=cutoff, temperature=temperature)
    assert bare[1, 1] / bare[0, 0] == pytest.approx(np.exp(1 / temperature))
    doubled = equilibrium_of_a_projector(alpha=2 * alpha, cutoff=cutoff, temperature=temperature)
    assert np.abs(doubled - form.rho_S).max() > 1e-2


# One excitation.


@pytest.mark.parametrize("name", list(PRINTED_DIGITS))
def test_one_excitation_has_the_printed_digits(name: str) -> None:
    expected = np.array(PRINTED_DIGITS[name])
    assert printed_case().columns(PRINTED_TIMES)[name] == pytest.approx(expected, abs=PRINTED)
    wrong = {
        "twice J": printed_case(alpha=0.2).columns(PRINTED_TIMES)[name],
        "a late label": printed_case().columns(np.array(PRINTED_TIMES) + 0.05)[name],
        "bits": expected / np.log(2),
        "a short chain": printed_case(length=4).columns(PRINTED_TIMES)[name],
    }
    for what, values in wrong.items():
        assert np.abs(values - expected).max() > 1e-5, what


def test_one_excitation_conserves_energy_and_the_excitation() -> None:
    case = replace(printed_case(), amplitude=0.6 - 0.3j)
    columns = case.columns(np.linspace(0, 20, 9))
    energy = columns["E_S"] + columns["E_B"] + columns["E_int"]
    assert np.ptp(energy) < ROUNDING
    assert np.ptp(columns["p_e"] + columns["occupations"].sum(axis=1)) < ROUNDING
    assert np.abs(columns["S_S"][0]) < 1e-9
    assert np.abs(columns["h"][1:]).max() > 1e-3  # a coherent start has a mean field, an excited one has none
    assert np.abs(printed_case().columns([5.0])["h"]).max() == 0


@pytest.mark.parametrize("exponent", [0.0, 0.5, 1.0, 3.0])
def test_chain_of_the_power_law_has_the_moments_of_its_spectral_density(exponent: float) -> None:
    """Moments of the first site: <w^n> = int J w^n / int J = (s + 1)/(s + n + 1) wc^n."""
    kappa, e, t = hard_power_law(alpha=0.1, cutoff=2.0, exponent=exponent, length=5)
    assert kappa**2 == pytest.approx(0.2 * 2.0**2 / (exponent + 1))
    H = np.diag(e) + np.diag(t, 1) + np.diag(t, -1)
    for n in range(1, 9):
        moment = np.linalg.matrix_power(H, n)[0, 0]
        assert moment == pytest.approx((exponent + 1) / (exponent + n + 1) * 2.0**n, rel=1e-12)


# Driven qubit.


RABI = Rabi(splitting=1.0, strength=0.7, frequency=1.3, initial=MIXED)
TIMES = np.linspace(0, 12, 7)


def test_turning_field_is_solved_by_the_closed_form() -> None:
    states = alone(RABI.hamiltonian, MIXED, TIMES)
    closed = np.array([RABI.rho_S(t) for t in TIMES])
    assert np.abs(states - closed).max() < 1e-12
    work = energies(RABI.hamiltonian, states, TIMES)
    assert work - work[0] == pytest.approx([RABI.work(t) for t in TIMES], abs=1e-12)
    assert quad(RABI.power, 0, 5.0, epsabs=1e-12)[0] == pytest.approx(RABI.work(5.0), abs=1e-11)
    assert RABI.work(5.0) != pytest.approx(0, abs=1e-2)
    for wrong in (replace(RABI, frequency=-1.3), replace(RABI, strength=1.4), replace(RABI, splitting=-1.0)):
        assert np.abs(states - np.array([wrong.rho_S(t) for t in TIMES])).max() > 1e-2
    assert np.abs(states - np.array([RABI.rho_S(t + 0.05) for t in TIMES])).max() > 1e-3


def test_closed_form_obeys_the_equation_of_motion_and_its_drive_is_two_cosines() -> None:
    t = 2.1
    rho, H = RABI.rho_S(t), RABI.hamiltonian(t)
    assert np.abs(derivative(RABI.rho_S, t) + 1j * (H @ rho - rho @ H)).max() < 1e-11
    cosines = np.cos(1.3 * t) * SIGMA_X + np.cos(1.3 * t - np.pi / 2) * SIGMA_Y
    assert pytest.approx(0.5 * SIGMA_Z + 0.35 * cosines) == H


def test_resonant_field_flips_the_qubit() -> None:
    resonant = replace(RABI, frequency=1.0, initial=np.diag([0.0, 1.0]))
    for t in (0.4, 3.0, np.pi / 0.7):
        assert resonant.rho_S(t)[0, 0].real == pytest.approx(np.sin(0.7 * t / 2) ** 2, abs=ROUNDING)
    assert resonant.work(np.pi / 0.7) == pytest.approx(
        1.0, abs=1e-12
    )  # -1/2 to 1/2, <H> of the field is 0 at both ends


def test_any_driven_system_is_solved_to_its_claimed_accuracy() -> None:
    """A field along z alone: rho_01 turns by int w_0(t) dt. And a longer way to the same time."""

    def along_z(t: float) -> np.ndarray:
        return (0.5 + 0.4 * np.cos(2 * t)) * SIGMA_Z

    (state,) = alone(along_z, MIXED, [7.0])
    angle = 2 * (0.5 * 7.0 + 0.2 * np.sin(14.0))
    assert state[0, 1] == pytest.approx(MIXED[0, 1] * np.exp(-1j * angle), abs=1e-12)

    def three(t: float) -> np.ndarray:
        return np.array([[0.5, np.sin(t), 0], [np.sin(t), 0, 0.3j * t], [0, -0.3j * t, -0.4]])

    start = np.diag([0.5, 0.3, 0.2])
    direct, by_steps = alone(three, start, [5.0])[-1], alone(three, start, np.linspace(0, 5, 41))[-1]
    assert np.abs(direct - by_steps).max() < 1e-12
    assert np.linalg.eigvalsh(direct) == pytest.approx([0.2, 0.3, 0.5], abs=1e-12)


def test_a_driven_splitting_does_not_touch_the_bath_of_a_dephasing_system() -> None:
    """H_S(t) diag in the basis of A: bath columns are those of the run without drive, coherences turn by the integral."""
    modes, t = three_levels(), 1.5
    still = dense(modes, levels=10)
    moved = replace(still, hamiltonian=lambda t: np.diag(modes.energies) * (1 + t))
    rows = [columns_at(system, next(system.states([t])), t, 0.5) for system in (still, moved)]
    for name in ("E_B", "E_int", "U_chi", "S_B", "Qdot_B", "S_S"):
        assert rows[1][name] == pytest.approx(rows[0][name], abs=DENSE), name
    E = np.array(modes.energies)
    turn = np.exp(-1j * np.subtract.outer(E, E) * t**2 / 2)
    assert np.abs(rows[1]["rho_S"] - rows[0]["rho_S"] * turn).max() < DENSE
