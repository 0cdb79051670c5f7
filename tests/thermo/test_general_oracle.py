"""The general dense oracle: against the one-bath one, printed references, closed forms, the laws, and errors it must notice."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest

from tests.oracles.driven import Rabi, alone
from tests.oracles.general import Bath, General, columns_at, derivative, ledger
from tests.oracles.naive import Naive, definitions_at, naive_ledger
from tests.oracles.one_excitation import OneExcitation
from tests.oracles.reference import COLUMNS, load, naive_of
from tests.tolerances import DENSE, INTEGRALS, ROUNDING

SIGMA_X, SIGMA_Z = np.array([[0.0, 1.0], [1.0, 0.0]]), np.diag([1.0, -1.0])
SIGMA_Y = np.array([[0, -1j], [1j, 0]])
LOWERING = np.array([[0.0, 0.0], [1.0, 0.0]])
UP = np.diag([1.0, 0.0])
TILTED_START = np.array([[0.6, 0.1 - 0.2j], [0.1 + 0.2j, 0.4]])


def general_of(system: Naive) -> General:
    """The same model, told to the general oracle."""
    bath = Bath(operator=system.coupling, frequencies=system.frequencies, couplings=system.couplings, beta=system.beta,
                exchange=system.exchange)  # fmt: skip
    return General(hamiltonian=system.hamiltonian, baths=(bath,), levels=system.levels, initial=system.initial)


def at(system: General, t: float, alpha_S: float = 0.5) -> dict[str, np.ndarray]:
    return columns_at(system, next(system.states([t])), t, alpha_S)


def differences(ours: dict[str, np.ndarray], theirs: dict[str, Any]) -> dict[str, float]:
    """Largest deviation of each column that both have; NaN equals NaN."""
    names = [name for name in ours if name in theirs and name not in ("rho_B", "H_S_eff")]
    assert len(names) > 10
    return {name: float(np.max(np.abs(np.nan_to_num(ours[name]) - np.nan_to_num(theirs[name])))) for name in names}


def one_bath(exchange: bool, levels: int = 5) -> Naive:
    return naive_of(load("jaynes_cummings_two_modes" if exchange else "tilted_coupling_mixed_start"), levels)


@pytest.mark.parametrize("exchange", [False, True])
def test_one_bath_without_drive_is_the_one_bath_oracle(exchange: bool) -> None:
    system = one_bath(exchange)
    assert max(differences(at(general_of(system), 1.7, 0.3), definitions_at(system, 1.7, 0.3)).values()) < DENSE


@pytest.mark.parametrize("exchange", [False, True])
def test_accumulated_columns_are_those_of_the_one_bath_oracle(exchange: bool) -> None:
    system, times = one_bath(exchange, levels=4), np.linspace(0, 1.5, 4)
    ours, theirs = ledger(general_of(system), times, 0.3, nodes=12), naive_ledger(system, times, 0.3)
    for name in ("E_B", "U_B", "U_tot"):  # that one counts from the thermal bath
        ours[name] = ours[name] - general_of(system).thermal_energies.sum()
    assert max(differences(ours, theirs).values()) < DENSE


def test_printed_reference_with_exchange_coupling_is_reproduced() -> None:
    reference = load("jaynes_cummings_two_modes")
    system = general_of(naive_of(reference, 16))
    chosen = slice(None, None, 4)
    rows = [columns_at(system, psi, t, reference.alpha_S)
            for t, psi in zip(reference.times[chosen], system.states(reference.times[chosen]), strict=True)]  # fmt: skip
    for name in COLUMNS:
        assert [row[name] for row in rows] == pytest.approx(reference.columns[name][chosen], abs=2e-8), name
    late = [row["E_B"] for row in rows][1:]
    assert late != pytest.approx(reference.columns["E_B"][chosen][:-1], abs=1e-3)  # a shifted time label is noticed


def test_modes_of_one_bath_may_be_called_two_baths() -> None:
    one = general_of(one_bath(exchange=False))
    (bath,) = one.baths
    halves = tuple(replace(bath, frequencies=bath.frequencies[k : k + 1], couplings=bath.couplings[k : k + 1])
                   for k in range(2))  # fmt: skip
    found, expected = at(replace(one, baths=halves), 1.7, 0.3), at(one, 1.7, 0.3)
    names = [name for name in expected if not name.endswith("_each")]
    assert max(differences({n: found[n] for n in names}, expected).values()) < DENSE


@pytest.mark.parametrize("exchange", [False, True])
def test_two_baths_of_half_the_strength_are_one_bath(exchange: bool) -> None:
    operator = LOWERING if exchange else SIGMA_Z / 2
    one = Bath(operator=operator, frequencies=(1.1,), couplings=(0.3,), beta=3.0, exchange=exchange)
    half = replace(one, couplings=(0.3 / np.sqrt(2),))  # J = sum g^2 delta is halved
    models = [General(hamiltonian=(SIGMA_X + SIGMA_Z) / 2, baths=baths, levels=9, initial=UP)
              for baths in ((one,), (half, half), (one, one))]  # fmt: skip
    expected, found, doubled = (at(model, 1.5, 0.3) for model in models)
    unknown = models[1].thermal_energies.sum() - models[0].thermal_energies.sum()  # of the mode that does not couple
    for name in ("rho_S", "E_S", "E_int", "h", "U_S", "U_chi", "Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "S_S", "S_chi"):
        assert found[name] == pytest.approx(expected[name], abs=1e-7), name
        assert doubled[name] != pytest.approx(expected[name], abs=1e-3), name
    assert found["E_B"] - unknown == pytest.approx(expected["E_B"], abs=1e-7)
    for name in ("Qdot_B", "Wdot_B", "Edot_B"):
        assert found[f"{name}_each"] == pytest.approx(np.full(2, expected[name] / 2), abs=1e-7)


def test_a_second_bath_that_does_not_couple_changes_nothing() -> None:
    one = general_of(one_bath(exchange=True, levels=4))
    idle = Bath(operator=SIGMA_X, frequencies=(0.7,), couplings=(0.0,), beta=1.0)
    found, expected = at(replace(one, baths=(*one.baths, idle)), 1.7), at(one, 1.7)
    for name in ("rho_S", "E_int", "U_S", "U_chi", "Qdot_B", "S_chi", "Wdot_S"):
        assert found[name] == pytest.approx(expected[name], abs=DENSE)
    assert found["Qdot_B_each"] == pytest.approx([expected["Qdot_B"], 0.0], abs=DENSE)


# Everything at once: driven H_S, two driven baths of different kinds and temperatures, one displaced, a mixed coherent start.
def driven() -> General:
    hermitian = Bath(
        operator=SIGMA_X / 2, frequencies=(0.8,), couplings=(0.4,), beta=2.0, displacement=(0.3 - 0.2j,),
        drive=lambda t: 1 + 0.4 * np.sin(1.3 * t),
    )  # fmt: skip
    exchange = Bath(
        operator=LOWERING, exchange=True, frequencies=(1.2,), couplings=(0.5,), beta=4.0,
        drive=lambda t: np.exp(-0.2 * t), drive_rate=lambda t: -0.2 * np.exp(-0.2 * t),
    )  # fmt: skip
    return General(
        hamiltonian=lambda t: 0.5 * SIGMA_Z + 0.3 * np.cos(0.9 * t) * SIGMA_X + 0.2 * t * SIGMA_Y,
        baths=(hermitian, exchange), levels=(6, 5), initial=TILTED_START,
    )  # fmt: skip


TIMES = np.linspace(0, 3, 13)
ALPHA_S = 0.3


@cache
def driven_ledger() -> dict[str, np.ndarray]:
    return ledger(driven(), TIMES, ALPHA_S)


def change(columns: dict[str, np.ndarray], name: str) -> np.ndarray:
    return columns[name] - columns[name][0]


def test_energy_of_a_driven_run_is_the_work_of_the_drives() -> None:
    columns = driven_ledger()
    assert np.abs(columns["W_total"][-1]) > 0.01
    residual = columns["U_S"] + columns["U_B"] + columns["U_chi"] - columns["U_tot"][0] - columns["W_total"]
    assert np.abs(residual).max() < INTEGRALS
    assert np.abs(residual + 2 * columns["W_total"]).max() > 1e-2  # a wrong sign of the work is noticed


def test_heat_and_work_of_a_driven_run_are_the_changes_of_the_energies() -> None:
    columns = driven_ledger()
    for part in ("S", "B", "chi"):
        balance = change(columns, f"U_{part}") - columns[f"Q_{part}"] - columns[f"W_{part}"]
        assert np.abs(balance).max() < INTEGRALS, part
    assert np.abs(change(columns, "U_B_each") - columns["Q_B_each"] - columns["W_B_each"]).max() < INTEGRALS
    assert np.abs(change(columns, "E_B_each") - columns["flux_each"]).max() < INTEGRALS


def test_heat_and_work_of_a_driven_run_balance() -> None:
    """dQ_S + dQ_B = -Tr[d chi H_int]; dW_S + dW_B = Tr[rho_S dH_S] + Tr[rho_S (x) rho_B dH_int]. [28, 29 corrected]"""
    columns = driven_ledger()
    assert np.abs(columns["Q_S"] + columns["Q_B"] + columns["Q_chi"]).max() < INTEGRALS
    assert np.abs(columns["W_S"] + columns["W_B"] - columns["W_hamiltonians"]).max() < INTEGRALS
    assert np.abs(columns["W_hamiltonians"] + columns["W_chi"] - columns["W_total"]).max() < INTEGRALS
    # As printed, [29] has no Tr[rho_S dH_S]: that is noticed, and so is a missing W_chi.
    assert np.abs(columns["W_hamiltonians"][-1]) > 1e-2
    assert np.abs(columns["W_chi"][-1]) > 1e-3


def test_columns_of_the_baths_add_up_and_do_not_depend_on_alpha_where_they_must_not() -> None:
    columns, other = driven_ledger(), at(driven(), TIMES[-1], 0.8)
    for name in ("E_B", "U_B", "h", "Q_B", "W_B"):
        assert np.abs(columns[f"{name}_each"].sum(axis=1) - columns[name]).max() < ROUNDING, name
        assert np.abs(change(columns, f"{name}_each")).max(axis=0).min() > 1e-3, name  # both baths take part
    for name in ("Qdot_S", "Qdot_B", "Qdot_chi", "U_chi", "Wdot_total", "Wdot_chi", "Wdot_hamiltonians"):
        assert other[name] == pytest.approx(columns[name][-1], abs=DENSE), name
    h = columns["h"][-1]
    assert columns["U_S"][-1] == pytest.approx(columns["E_S"][-1] + (1 - ALPHA_S) * h, abs=DENSE)
    assert columns["U_B_each"][-1] == pytest.approx(
        columns["E_B_each"][-1] + ALPHA_S * columns["h_each"][-1], abs=DENSE
    )
    assert other["U_S"] != pytest.approx(columns["U_S"][-1], abs=1e-3)


def test_entropies_of_a_driven_displaced_run() -> None:
    columns = driven_ledger()
    assert np.abs(columns["S_chi"][0]) < DENSE
    assert np.all(columns["S_chi"][1:] > 1e-3)
    assert np.ptp(columns["S_SB"]) < ROUNDING
    undisplaced = replace(driven(), baths=tuple(replace(bath, displacement=None) for bath in driven().baths))
    start, end = at(undisplaced, 0.0), at(undisplaced, 1.2)
    betas = np.array([2.0, 4.0])
    production = end["S_S"] - start["S_S"] + betas @ (end["E_B_each"] - start["E_B_each"])
    assert production == pytest.approx(end["S_chi"] + end["D_B"], abs=DENSE)
    swapped = end["S_S"] - start["S_S"] + betas[::-1] @ (end["E_B_each"] - start["E_B_each"])
    assert swapped != pytest.approx(production, abs=1e-2)


def test_rates_of_the_energies_are_their_differences() -> None:
    system, t, step = driven(), 0.8, 2e-3
    early, here, late = (at(system, time, ALPHA_S) for time in (t - step, t, t + step))
    for energy, rates in {"U_S": ("Qdot_S", "Wdot_S"), "U_B_each": ("Qdot_B_each", "Wdot_B_each"),
                          "E_B_each": ("Edot_B_each",), "U_tot": ("Wdot_total",),
                          "U_chi": ("Qdot_chi", "Wdot_chi")}.items():  # fmt: skip
        slope = (late[energy] - early[energy]) / (2 * step)
        assert sum(here[rate] for rate in rates) == pytest.approx(slope, abs=1e-5), energy


def test_heat_rate_of_the_system_by_commutators_needs_the_mean_field_of_the_other_baths() -> None:
    """dQ_S/dt = -i sum_j f_j (<[H', A_j] X_j> - <[H', A_j]> <X_j>) with H' = H_S + sum_j f_j A_j <X_j>.

    H_S may stand for H' only when the A_j commute: here sigma_x and sigma_y do not.
    """
    baths = tuple(
        Bath(operator=operator, frequencies=(w,), couplings=(0.4,), beta=3.0, drive=drive, displacement=(0.6,))
        for operator, w, drive in ((SIGMA_X / 2, 0.8, None), (SIGMA_Y / 2, 1.2, np.cos))
    )
    system = General(hamiltonian=0.5 * SIGMA_Z, baths=baths, levels=5, initial=UP)
    t = 1.3
    psi = next(system.states([t]))
    parts, H_S = psi.reshape(2, system.bath_dimension, -1), 0.5 * SIGMA_Z
    rho_S = np.einsum("air,bir->ab", parts, parts.conj())
    moments = []
    for bath, (a,) in zip(baths, system.lower_of, strict=True):
        X = bath.couplings[0] * (a + a.T)
        moved = np.stack([X @ part for part in parts])
        moments.append(np.einsum("air,bir->ab", moved, parts.conj()))
    means = [float(np.trace(moment).real) for moment in moments]
    f = [bath.strength(t) for bath in baths]
    mean_field = H_S + sum(f[j] * means[j] * baths[j].operator for j in range(2))

    def rate(H: np.ndarray) -> float:
        total = 0.0
        for j, bath in enumerate(baths):
            commutator = H @ bath.operator - bath.operator @ H
            total += f[j] * (np.trace(commutator @ moments[j]) - np.trace(commutator @ rho_S) * means[j])
        return float(np.real(-1j * total))

    expected = columns_at(system, psi, t, 0.5)["Qdot_S"]
    assert rate(mean_field) == pytest.approx(expected, abs=DENSE)
    assert rate(H_S) != pytest.approx(expected, abs=1e-3)


def test_a_displaced_bath_acts_on_the_system_as_a_classical_drive() -> None:
    """D(alpha) can be moved from the start into H_S: A (x) X becomes A (x) (X + sum_k 2 g_k Re(alpha_k exp(-i w_k t)))."""
    alphas, bath = (
        (0.4 + 0.3j, -0.2j),
        Bath(operator=SIGMA_X / 2, frequencies=(0.8, 1.3), couplings=(0.3, 0.25), beta=2.5),
    )
    H_S = 0.5 * SIGMA_Z

    def classical(t: float) -> np.ndarray:
        modes = zip(bath.couplings, alphas, bath.frequencies, strict=True)
        return H_S + sum(2 * g * (alpha * np.exp(-1j * w * t)).real for g, alpha, w in modes) * bath.operator

    displaced = General(hamiltonian=H_S, baths=(replace(bath, displacement=alphas),), levels=10, initial=TILTED_START)
    classically = General(hamiltonian=classical, baths=(bath,), levels=10, initial=TILTED_START)
    found, expected = at(displaced, 1.3), at(classically, 1.3)
    assert np.abs(found["rho_S"] - expected["rho_S"]).max() < 1e-6
    assert found["S_chi"] == pytest.approx(expected["S_chi"], abs=1e-5)
    turned = replace(bath, displacement=tuple(np.conj(alphas)))  # the wrong sign of a phase is noticed
    assert np.abs(at(replace(displaced, baths=(turned,)), 1.3)["rho_S"] - expected["rho_S"]).max() > 1e-3


def test_displaced_modes_start_and_turn_as_they_should() -> None:
    alphas = (0.5 - 0.3j, 0.2j)
    bath = Bath(operator=SIGMA_X, frequencies=(0.9, 1.4), couplings=(0.0, 0.0), beta=3.0, displacement=alphas)
    system = General(hamiltonian=SIGMA_Z, baths=(bath,), levels=12, initial=UP)
    thermal = at(replace(system, baths=(replace(bath, displacement=None),)), 0.0)
    for t in (0.0, 1.1):
        row = at(system, t)
        assert row["field"] == pytest.approx(np.array(alphas) * np.exp(-1j * np.array(bath.frequencies) * t), abs=1e-7)
        assert row["occupations"] - thermal["occupations"] == pytest.approx(np.abs(alphas) ** 2, abs=1e-7)
        assert row["S_B"] == pytest.approx(thermal["S_B"], abs=DENSE)
        assert row["E_B"] == pytest.approx(row["occupations"] @ bath.frequencies, abs=DENSE)


def test_a_driven_system_that_does_not_couple_is_the_system_alone() -> None:
    rabi = Rabi(splitting=1.0, strength=0.6, frequency=0.8, initial=TILTED_START)
    idle = Bath(operator=SIGMA_X, frequencies=(1.0,), couplings=(0.0,), beta=1.0)
    system = General(hamiltonian=rabi.hamiltonian, baths=(idle,), levels=3, initial=TILTED_START)
    times = np.linspace(0, 4, 9)
    columns = ledger(system, times, nodes=10)
    assert np.abs(columns["rho_S"] - alone(rabi.hamiltonian, TILTED_START, times)).max() < DENSE
    assert columns["W_total"] == pytest.approx([rabi.work(t) for t in times], abs=INTEGRALS)
    assert columns["W_S"] == pytest.approx(columns["W_total"], abs=DENSE)
    assert np.abs(columns["Q_S"]).max() < DENSE


@pytest.mark.parametrize("couplings", [(0.3,), (0.3, 0.2)])
def test_exchange_coupling_at_zero_temperature_is_the_problem_of_one_excitation(couplings: tuple[float, ...]) -> None:
    w, g = np.array([0.6, 1.1])[: len(couplings)], np.array(couplings)
    kappa = float(np.sqrt(g @ g))  # the chain of one or two modes by hand
    e_0 = g**2 @ w / kappa**2
    e, t = np.array([e_0, w.sum() - e_0])[: len(w)], np.sqrt([g**2 @ w**2 / kappa**2 - e_0**2])[: len(w) - 1]
    chain = OneExcitation(splitting=0.5, kappa=kappa, e=e, t=t, amplitude=0.8)
    start = np.array([0.8, 0.6])
    bath = Bath(operator=LOWERING, exchange=True, frequencies=tuple(w), couplings=couplings)
    system = General(hamiltonian=0.5 * UP, baths=(bath,), levels=3, initial=np.outer(start, start))
    expected, found = chain.columns([2.3]), at(system, 2.3)
    for name in ("E_S", "E_B", "E_int", "h", "U_chi", "S_S", "S_B", "S_chi"):
        assert found[name] == pytest.approx(expected[name][0], abs=DENSE), name
    assert found["rho_S"][0, 1] == pytest.approx(expected["coherence"][0], abs=DENSE)


# Global equilibrium.


def equilibrium(levels: int = 8) -> General:
    baths = (
        Bath(operator=SIGMA_X / 2, frequencies=(1.0,), couplings=(0.5,), beta=1.5),
        Bath(operator=LOWERING, exchange=True, frequencies=(1.3,), couplings=(0.4,), beta=1.5),
    )
    return General(hamiltonian=0.5 * SIGMA_Z, baths=baths, levels=levels, start="mean-force")


def test_global_equilibrium_does_not_move() -> None:
    system = equilibrium()
    start, later = at(system, 0.0), at(system, 2.0)
    assert max(differences(later, start).values()) < DENSE
    for name in ("Qdot_S", "Qdot_B_each", "Wdot_S", "Wdot_B_each", "Qdot_chi", "Edot_B_each"):
        assert np.abs(start[name]).max() < DENSE, name
    assert start["S_chi"] > 1e-2  # but it is correlated
    product = replace(system, start="product", initial=start["rho_S"])
    assert max(differences(at(product, 2.0), at(product, 0.0)).values()) > 1e-2


def test_global_equilibrium_is_the_state_of_least_free_energy_and_the_ground_state_at_zero_temperature() -> None:
    system = equilibrium(5)
    row, energies = at(system, 0.0), np.linalg.eigvalsh(system.total(0.0).toarray())
    free = -np.log(np.sum(np.exp(-1.5 * energies))) / 1.5
    assert row["U_tot"] - row["S_SB"] / 1.5 == pytest.approx(free, abs=DENSE)
    cold = replace(system, baths=tuple(replace(bath, beta=np.inf) for bath in system.baths))
    assert at(cold, 0.0)["U_tot"] == pytest.approx(energies[0], abs=DENSE)
    assert np.isnan(at(cold, 0.0)["D_B"])


def test_a_driven_run_from_global_equilibrium_balances() -> None:
    still = equilibrium(5)
    kicked = replace(still.baths[0], drive=lambda t: np.cos(0.7 * t))
    columns = ledger(replace(still, baths=(kicked, still.baths[1])), np.linspace(0, 1, 4), 0.6)
    residual = columns["U_S"] + columns["U_B"] + columns["U_chi"] - columns["U_tot"][0] - columns["W_total"]
    assert np.abs(residual).max() < INTEGRALS
    assert np.abs(columns["Q_S"] + columns["Q_B"] + columns["Q_chi"]).max() < INTEGRALS
    # Second law: work is at least the change of the free energy; the state came from equilibrium.
    H = replace(still, baths=(kicked, still.baths[1])).total(1.0).toarray()
    free = [-np.log(np.sum(np.exp(-1.5 * np.linalg.eigvalsh(M)))) / 1.5 for M in (still.total(0.0).toarray(), H)]
    assert columns["W_total"][-1] >= free[1] - free[0]


def test_a_global_equilibrium_of_two_temperatures_is_refused() -> None:
    system = equilibrium(3)
    with pytest.raises(AssertionError, match="one temperature"):
        _ = replace(system, baths=(system.baths[0], replace(system.baths[1], beta=9.0))).ensemble


# Two times.


def test_correlation_at_equal_times_is_the_product_of_the_operators() -> None:
    for system in (driven(), equilibrium(4)):
        rho_S = at(system, 0.0)["rho_S"]
        (found,) = system.correlation(SIGMA_X, SIGMA_Y, [0.0])
        assert found == pytest.approx(np.trace(SIGMA_X @ SIGMA_Y @ rho_S), abs=DENSE)
        assert found != pytest.approx(np.trace(SIGMA_Y @ SIGMA_X @ rho_S), abs=1e-2)  # the order is noticed


def test_correlation_without_a_bath_is_the_heisenberg_picture() -> None:
    idle = Bath(operator=SIGMA_X, frequencies=(1.0,), couplings=(0.0,), beta=1.0)
    system = General(hamiltonian=0.4 * SIGMA_Z, baths=(idle,), levels=3, initial=TILTED_START)
    raising = LOWERING.T  # turns as exp(+i w_0 t)
    found = system.correlation(raising, LOWERING, [0.0, 1.2])
    assert found == pytest.approx(0.6 * np.exp(1j * 0.8 * np.array([0.0, 1.2])), abs=DENSE)


def test_correlations_of_equilibrium_depend_on_the_difference_of_the_times() -> None:
    """<O(t) O'(0)> = <O'(-t) O(0)>^*, and with O' = 1 it is the mean value of O."""
    system = equilibrium(5)
    forward = system.correlation(SIGMA_Z, SIGMA_X, [1.4])
    backward = system.correlation(SIGMA_X, SIGMA_Z, [-1.4])
    assert backward == pytest.approx(forward.conj(), abs=DENSE)
    mean = system.correlation(SIGMA_Z, np.eye(2), [0.0, 1.4])
    assert mean == pytest.approx(np.full(2, np.trace(SIGMA_Z @ at(system, 0.0)["rho_S"])), abs=DENSE)


# Two measurements of the heat.


def test_mean_of_the_measured_heat_is_the_change_of_the_bath_energies() -> None:
    undisplaced = replace(driven(), baths=tuple(replace(bath, displacement=None) for bath in driven().baths))
    found = undisplaced.heat_statistics([0.0, 1.2])
    energies = [at(undisplaced, t)["E_B_each"] for t in (0.0, 1.2)]
    assert found["mean_each"][1] == pytest.approx(energies[1] - energies[0], abs=DENSE)
    assert np.abs(found["variance"][0]) < ROUNDING
    assert found["covariance_each"][1] == pytest.approx(found["covariance_each"][1].T)
    assert abs(found["covariance_each"][1, 0, 1]) > 1e-4


def test_measured_heat_of_a_cold_bath_is_its_energy() -> None:
    """T = 0: the first result is 0, the statistics are those of H_B: variance = <H_B^2> - <H_B>^2."""
    bath = Bath(operator=SIGMA_X, frequencies=(1.0, 1.5), couplings=(0.4, 0.3))
    system = General(hamiltonian=0.5 * SIGMA_Z, baths=(bath,), levels=7, initial=UP)
    psi = next(system.states([1.0])).reshape(2, system.bath_dimension, -1)
    p, energies = np.sum(np.abs(psi) ** 2, axis=(0, 2)), system.energies_each[0]
    assert system.heat_statistics([1.0])["variance"][0] == pytest.approx(
        p @ energies**2 - (p @ energies) ** 2, abs=DENSE
    )


def test_differences_are_derivatives() -> None:
    assert derivative(np.sin, 0.7) == pytest.approx(np.cos(0.7), abs=1e-12)
