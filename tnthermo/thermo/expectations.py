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
    """Expectation values at the step times (m,) of a run of H = H_S(t) + sum_q F_q(t) A_q (x) X_q + H_B; P_q = i[H_B, X_q].

    times           t, 1/energy
    breaks          kinks of the drives, across which nothing is interpolated
    baths           (Q,) the bath of each channel q
    count           number of baths B
    strength, strength_slope   (m, Q) F_q and dF_q/dt (to the right of a kink)
    coupling        (m, Q) <A_q>
    position        (m, Q) <X_q>, energy (X holds the couplings g_k)
    product         (m, Q) <A_q X_q>, energy: <H_int> = sum_q F_q <A_q X_q>
    momentum        (m, Q) <P_q>, energy^2
    product_flux    (m, Q) <A_q P_q>, energy^2: dE_B/dt = -sum_q F_q <A_q P_q>
    coupling_rate   (m, Q) d<A_q>/dt = Tr[A_q d rho_S/dt], energy
    position_rate   (m, Q) d<X_q>/dt = <P_q> + sum_q' F_q' Omega_qq' <A_q'>, [X_q, X_q'] = i Omega_qq', energy^2
    hamiltonian, hamiltonian_slope   (m, d, d) H_S and dH_S/dt (to the right of a kink)
    system_energy   <H_S>, energy
    bath_energy     (m, B) E_B of each bath, from the uncoupled thermal bath, energy
    total_energy    <H>, energy, one measurement of its own
    rho_S           (m, d, d)
    rho_S_rate      (m, d, d) d rho_S/dt = -i[H_S, rho_S] - i sum_q F_q [A_q, Tr_B(X_q rho)], energy
    operators       (Q, d, d) A_q
    """

    times: Real
    breaks: tuple[float, ...]
    baths: npt.NDArray[np.int64]
    count: int
    strength: Real
    strength_slope: Real
    coupling: Real
    position: Real
    product: Real
    momentum: Real
    product_flux: Real
    coupling_rate: Real
    position_rate: Real
    hamiltonian: Complex
    hamiltonian_slope: Complex
    system_energy: Real
    bath_energy: Real
    total_energy: Real
    rho_S: Complex
    rho_S_rate: Complex
    operators: Complex

    @property
    def effective(self) -> Complex:
        """H_S + sum_q F_q <X_q> A_q (m, d, d): the effective Hamiltonian of the system but for a multiple of 1. [15]"""
        return self.hamiltonian + np.einsum("mq,mq,qij->mij", self.strength, self.position, self.operators)

    def per_bath(self, channels: Real) -> Real:
        """(m, B) sums of (m, Q) over the channels of each bath."""
        return np.stack([channels[:, self.baths == j].sum(axis=1) for j in range(self.count)], axis=1)


def trace(operator: Complex, states: Complex) -> Real:
    """Re Tr[operator states] (m,) for states (m, d, d) and operators (d, d) or (m, d, d)."""
    return np.real(np.einsum("...ij,...ji->...", operator, states))


def expectations(run: Trajectory) -> Expectations:
    """Local expectation values of ``run`` at its step times, nothing renormalised. [19, 20, 22]

    rho_S (m, d, d), moment_X = Tr_B(X_q rho) and moment_P = Tr_B(P_q rho), (m, Q, d, d), give them all.
    """
    model, t = run.model, run.times
    operators = np.stack([channel.operator for channel in model.channels])
    strength = model.strengths(t)
    hamiltonian = model.hamiltonian_at(t)
    driven = np.einsum("mq,qij,mqjk->mik", strength, operators, run.moment_X)
    generator = hamiltonian @ run.rho_S + driven
    rate = -1j * (generator - np.swapaxes(generator, -1, -2).conj())
    coupling = np.real(np.einsum("qij,mji->mq", operators, run.rho_S))
    momentum = np.real(np.einsum("mqii->mq", run.moment_P))
    return Expectations(
        times=t,
        breaks=run.breaks,
        baths=np.array([channel.bath for channel in model.channels]),
        count=len(model.couplings),
        strength=strength,
        strength_slope=model.strength_slopes(t),
        coupling=coupling,
        position=np.real(np.einsum("mqii->mq", run.moment_X)),
        product=np.real(np.einsum("qij,mqji->mq", operators, run.moment_X)),
        momentum=momentum,
        product_flux=np.real(np.einsum("qij,mqji->mq", operators, run.moment_P)),
        coupling_rate=np.real(np.einsum("qij,mji->mq", operators, rate)),
        position_rate=momentum + (strength * coupling) @ model.commutators.T,
        hamiltonian=hamiltonian,
        hamiltonian_slope=model.hamiltonian_slope(t),
        system_energy=trace(hamiltonian, run.rho_S),
        bath_energy=run.chain_energy + run.energy_offset,
        total_energy=run.total_energy + run.energy_offset.sum(),
        rho_S=run.rho_S,
        rho_S_rate=rate,
        operators=operators,
    )
