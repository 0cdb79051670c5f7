"""The handful of local expectation values from which every energy, heat and work follows, at every step of a run."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.trajectory import Trajectory

Real = npt.NDArray[np.float64]
Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectations:
    """Expectation values (m,) at the step times of a run of H = H_S + A (x) X + H_B; P = i[H_B, X].

    times           t, 1/energy
    coupling        <A>
    position        <X>, energy (X holds the couplings g_k)
    interaction     <A X> = <H_int>, energy
    momentum        <P> = d<X>/dt, energy^2
    bath_flux       <A P> = -dE_B/dt, energy^2
    coupling_rate   <i[H_S, A]> = d<A>/dt, energy
    system_flux     <i[H_S, A] X> = -dE_S/dt, energy^2
    system_energy   <H_S>, energy
    chain_energy    <H_chain>, energy from the uncoupled thermal bath
    total_energy    <H>, energy, one measurement of its own
    rho_S           (m, d, d)
    rho_S_rate      (m, d, d) d rho_S/dt = -i[H_S, rho_S] - i[A, Tr_B(X rho)], energy
    """

    times: Real
    coupling: Real
    position: Real
    interaction: Real
    momentum: Real
    bath_flux: Real
    coupling_rate: Real
    system_flux: Real
    system_energy: Real
    chain_energy: Real
    total_energy: Real
    rho_S: Complex
    rho_S_rate: Complex


def _trace(operator: Complex, states: Complex) -> Real:
    """Re Tr[operator states] for states (m, d, d)."""
    return np.real(np.einsum("ij,mji->m", operator, states))


def expectations(run: Trajectory) -> Expectations:
    """Local expectation values of ``run`` at its step times, nothing renormalised. [19, 20, 22]

    rho_S (m, d, d), moment_X = Tr_B(X rho) and moment_P = Tr_B(P rho) give them all: [A, X] = [X, H_int] = 0.
    """
    hamiltonian, coupling = run.model.hamiltonian, run.model.coupling
    one = np.eye(hamiltonian.shape[0], dtype=np.complex128)
    coupling_rate = 1j * (hamiltonian @ coupling - coupling @ hamiltonian)
    generator = hamiltonian @ run.rho_S - run.rho_S @ hamiltonian + coupling @ run.moment_X - run.moment_X @ coupling
    return Expectations(
        times=run.times,
        coupling=_trace(coupling, run.rho_S),
        position=_trace(one, run.moment_X),
        interaction=_trace(coupling, run.moment_X),
        momentum=_trace(one, run.moment_P),
        bath_flux=_trace(coupling, run.moment_P),
        coupling_rate=_trace(coupling_rate, run.rho_S),
        system_flux=_trace(coupling_rate, run.moment_X),
        system_energy=_trace(hamiltonian, run.rho_S),
        chain_energy=run.chain_energy,
        total_energy=run.total_energy,
        rho_S=run.rho_S,
        rho_S_rate=-1j * generator,
    )
