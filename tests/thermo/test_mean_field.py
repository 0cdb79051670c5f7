"""H_S_eff, <A_q> and <X_q> of the ledger beside their definitions on dense matrices. [11, 15, 16]"""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import chains
import tnthermo as tt
from tests.oracles.general import General, trace_bath, trace_system
from tests.oracles.trajectories import trajectory_of_general
from tests.thermo.test_general_ledger import SIGMA_X, SIGMA_Y, strong, two_baths, with_drive
from tnthermo.closed_forms import pure_dephasing
from tnthermo.model.drives import Cosine
from tnthermo.second_order.weak_coupling import weak_coupling
from tnthermo.thermo.expectations import expectations
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.tail import position_errors

ALPHA_S = 0.3
TIMES = np.linspace(0, 1.5, 13)
OHMIC = chains.PowerLaw(alpha=0.02, cutoff=2.0)
SLOW = Cosine(amplitude=0.2, frequency=0.7)


def driven() -> tuple[General, dict]:
    """A Hermitian and an exchange coupling, the first and H_S driven."""
    baths = tuple(strong(bath, SLOW) if k == 0 else bath for k, bath in enumerate(two_baths().baths))
    system, drives = with_drive(replace(two_baths(), baths=baths), Cosine(amplitude=0.3, frequency=0.9), SIGMA_Y)
    return system, {"strengths": (SLOW, None), "drives": drives}


def effective(system: General, psi: np.ndarray, t: float) -> tuple[np.ndarray, np.ndarray, float]:
    """(H_S_eff, H_B_eff - H_B, h), from partial traces of H_int alone."""
    d_S, d_B = system.dimension, system.bath_dimension
    rho = psi @ psi.conj().T
    rho_S, rho_B = trace_bath(system, rho), trace_system(system, rho)
    H_int = sum(bath.strength(t) * part.toarray() for bath, part in zip(system.baths, system.interactions, strict=True))
    parts = H_int.reshape(d_S, d_B, d_S, d_B)
    on_S, on_B = np.einsum("aibj,ji->ab", parts, rho_B), np.einsum("aibj,ba->ij", parts, rho_S)
    h = float(np.real(np.trace(rho_S @ on_S)))
    return system.H_S(t) + on_S - ALPHA_S * h * np.eye(d_S), on_B - (1 - ALPHA_S) * h * np.eye(d_B), h


def bath_operators(system: General) -> list[np.ndarray]:
    """X of the Hermitian coupling, then C + C^dag and i (C^dag - C) of the exchange coupling."""
    found = []
    for bath, lower in zip(system.baths, system.lower_of, strict=True):
        C = sum(g * a.toarray() for g, a in zip(bath.couplings, lower, strict=True))
        found += [C + C.conj().T, 1j * (C.conj().T - C)] if bath.exchange else [C + C.conj().T]
    return found


def of_complex(column: xr.DataArray) -> np.ndarray:
    return column.values[..., 0] + 1j * column.values[..., 1]


@pytest.mark.parametrize("with_drives", [False, True])
def test_both_effective_hamiltonians_are_their_partial_traces(with_drives: bool) -> None:
    system, told = driven() if with_drives else (two_baths(), {})
    dataset = ledger(trajectory_of_general(system, TIMES, **told), ALPHA_S)
    X = bath_operators(system)
    assert dataset.A_q.dims == dataset.X_q.dims == ("t", "channel")
    assert dataset.channel_bath.values.tolist() == [0, 1, 1]
    for i, (t, psi) in enumerate(zip(TIMES, system.states(TIMES), strict=True)):
        H_S_eff, on_B, h = effective(system, psi, float(t))
        np.testing.assert_allclose(of_complex(dataset.H_S_eff)[i], H_S_eff, atol=1e-9)
        rho_B = trace_system(system, psi @ psi.conj().T)
        np.testing.assert_allclose(dataset.X_q[i], [np.real(np.trace(x @ rho_B)) for x in X], atol=1e-9)
        strength = [system.baths[bath].strength(float(t)) for bath in dataset.channel_bath.values]
        ours = sum(f * A * x for f, A, x in zip(strength, dataset.A_q.values[i], X, strict=True))
        np.testing.assert_allclose(ours - (1 - ALPHA_S) * h * np.eye(len(rho_B)), on_B, atol=1e-9)
        if i == 6:  # the negative twin: alpha_S on the wrong side, or the channels exchanged
            other = of_complex(ledger(trajectory_of_general(system, TIMES, **told), 1 - ALPHA_S).H_S_eff)[i]
            assert np.abs(other - H_S_eff).max() > 1e-3
            swapped = sum(f * A * x for f, A, x in zip(strength, dataset.A_q.values[i][::-1], X, strict=True))
            assert np.abs(swapped - ours).max() > 1e-3


def test_heat_and_energy_are_made_of_them() -> None:
    """U_S = Tr[rho_S H_S_eff] [19], h = sum_q f <A_q><X_q>."""
    system, told = driven()
    dataset = ledger(trajectory_of_general(system, TIMES, **told), ALPHA_S)
    U_S = np.real(np.einsum("nij,nji->n", of_complex(dataset.rho_S), of_complex(dataset.H_S_eff)))
    np.testing.assert_allclose(U_S, dataset.U_S, atol=1e-12)
    strength = np.stack([[bath.strength(float(t)) for t in TIMES] for bath in system.baths])[
        dataset.channel_bath.values
    ].T
    np.testing.assert_allclose((strength * dataset.A_q * dataset.X_q).sum("channel"), dataset.h, atol=1e-12)


@pytest.mark.slow
def test_error_bars_cover_the_distance_to_a_better_run() -> None:
    def run(step: float):
        couplings = [tt.couple(SIGMA_X / 2, chains.chain(chains.PowerLaw(alpha=0.1, cutoff=2.0), 8, temperature=0.3))]
        model = tt.assemble(hamiltonian=np.diag([0.5, -0.5]), couplings=couplings)
        return tt.evolve(
            model,
            initial="+x",
            until=1.0,
            record_every=0.5,
            algorithm=tt.TDVP2(step=step, max_bond=8),
            error_bars=step > 0.2,
        )

    rough, fine = ledger(run(0.25), ALPHA_S), ledger(run(0.1), ALPHA_S)
    for name in ("A_q", "X_q", "H_S_eff"):
        apart = np.abs(rough[name].values - fine[name].values)
        assert np.all(apart <= rough[f"{name}_error"].values + 1e-9), name
        assert f"{name}_error" not in fine
        assert np.nanmax(rough[f"{name}_error"].values) < 0.3 * np.abs(fine[name].values).max(), name


def test_time_bins_have_them() -> None:
    """Beside the dense propagation of the same modes, for two baths and an exchange coupling."""
    modes = chains.Discrete(frequencies=[0.7, 1.3], couplings=[0.2, 0.15])
    kinds = (({"x": 1.0}, "hermitian"), ("sigma_minus", "exchange"))
    found = {}
    for name, algorithm in (("bins", tt.TimeBins(step=0.1, tolerance=1e-7)), ("dense", tt.Exact(step=0.1))):
        bath = chains.Bath(density=modes, temperature=0.0) if name == "bins" else chains.chain(modes, 2)
        model = tt.assemble(
            hamiltonian=np.diag([0.5, -0.5]),
            couplings=[tt.couple(operator, bath, kind=kind) for operator, kind in kinds],
        )
        run = tt.evolve(
            model, initial=[0.96, 0.28], until=0.8, record_every=0.4, algorithm=algorithm, error_bars=False, levels=6
        )
        found[name] = ledger(run, ALPHA_S)
    for name in ("A_q", "X_q", "H_S_eff"):
        np.testing.assert_allclose(found["bins"][name], found["dense"][name], atol=1e-4)
        assert np.abs(found["dense"][name]).max() > 1e-2


@pytest.mark.filterwarnings("ignore::tnthermo.evolution.doubts.AccuracyWarning")
def test_what_a_cut_has_lost_is_in_the_error_of_the_bath_operator() -> None:
    """A tail of reorganisation energy lambda_t follows the system: it adds -2 lambda_t <A> to <X>. Not at a product start."""
    J = chains.DrudeLorentz(reorganisation_energy=0.2, width=1.0, cutoff=20.0)
    model = tt.assemble(
        hamiltonian=np.diag([0.5, -0.5]), couplings=[tt.couple({"z": 1.0}, chains.chain(J, 10, temperature=1.0))]
    )
    run = tt.evolve(model, initial=[0.96, 0.28], until=0.5, algorithm=tt.TDVP2(step=0.25, max_bond=6), error_bars=False)
    e = expectations(run)
    tail = chains.lost_tail(model.couplings[0].bath).reorganisation
    assert np.all(position_errors(run, e)[1:, 0] >= 2 * tail * np.abs(e.coupling[1:, 0]))
    assert position_errors(run, e)[0, 0] < 1e-12


def test_second_order_has_them() -> None:
    couplings = [tt.couple({"z": 1.0}, chains.chain(OHMIC, 30, temperature=0.5))]
    model = tt.assemble(hamiltonian=np.diag([0.5, -0.5]), couplings=couplings)
    weak = weak_coupling(model, initial=[0.96, 0.28], times=np.linspace(0, 2, 5), method="tcl2")
    A, X, h = weak.A_q.values[:, 0], weak.X_q.values[:, 0], weak.h.values
    np.testing.assert_allclose(A, weak.sigma_z, atol=1e-12)
    np.testing.assert_allclose(A * X, h, atol=1e-12)
    exact = pure_dephasing(OHMIC, temperature=0.5, splitting=1.0, initial=[0.96, 0.28], times=weak.t.values)
    np.testing.assert_allclose(X, exact.X, rtol=1e-5, atol=1e-8)
    assert np.abs(X).max() > 1e-3


def test_what_is_left_of_the_interaction_is_locally_inaccessible() -> None:
    """H_int_eff = H_tot - H_S_eff - H_B_eff [12, 17]: both partial averages vanish [18], Tr[chi H_int_eff] is U_chi [20].

    With H', without the scalar of [15, 16], each is the scalar -h [13, 14].
    """
    system, told = driven()
    dataset = ledger(trajectory_of_general(system, TIMES, **told), ALPHA_S)
    d_S, d_B, i = system.dimension, system.bath_dimension, 7
    t, psi = float(TIMES[i]), list(system.states(TIMES))[i]
    rho = psi @ psi.conj().T
    rho_S, rho_B = trace_bath(system, rho), trace_system(system, rho)
    H_S_eff, on_B, h = of_complex(dataset.H_S_eff)[i], effective(system, psi, t)[1], float(dataset.h[i])
    H_int = sum(bath.strength(t) * part.toarray() for bath, part in zip(system.baths, system.interactions, strict=True))
    left = H_int - np.kron(H_S_eff - system.H_S(t), np.eye(d_B)) - np.kron(np.eye(d_S), on_B)
    bare = left - h * np.eye(d_S * d_B)  # alpha_S h + alpha_B h given back
    for matrix, scalar in ((left, 0.0), (bare, -h)):
        parts = matrix.reshape(d_S, d_B, d_S, d_B)
        for partial in (np.einsum("aibj,ba->ij", parts, rho_S), np.einsum("aibj,ji->ab", parts, rho_B)):
            np.testing.assert_allclose(partial, scalar * np.eye(len(partial)), atol=1e-9)
    assert abs(h) > 1e-3
    chi = rho - np.kron(rho_S, rho_B)
    assert np.real(np.trace(chi @ left)) == pytest.approx(float(dataset.U_chi[i]), abs=1e-9)


def test_the_effective_hamiltonian_of_the_dephasing_qubit() -> None:
    """[92]: (w0/2 - 4 lambda^2 m Delta) sigma_z + 4 lambda^2 alpha_S m^2 Delta; <sigma_z> = m is all that [94] needs."""
    model = tt.assemble(
        hamiltonian=np.diag([0.5, -0.5]), couplings=[tt.couple({"z": 1.0}, chains.chain(OHMIC, 30, temperature=0.5))]
    )
    weak = weak_coupling(model, initial=[0.96, 0.28], times=np.linspace(0, 2, 5), method="tcl2", alpha_S=ALPHA_S)
    exact = pure_dephasing(OHMIC, temperature=0.5, splitting=1.0, initial=[0.96, 0.28], times=weak.t.values)
    m, Delta = exact.m, exact.Delta[:, None, None]
    expected = (0.5 - 4 * m * Delta) * np.diag([1, -1]) + 4 * ALPHA_S * m**2 * Delta * np.eye(2)
    np.testing.assert_allclose(of_complex(weak.H_S_eff), expected, rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(weak.A_q[:, 0], m, atol=1e-12)
    other = (0.5 - 4 * m * Delta) * np.diag([1, -1]) - 4 * ALPHA_S * m**2 * Delta * np.eye(2)
    assert np.abs(other - expected).max() > 1e-2
