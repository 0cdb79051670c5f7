"""The handful of local expectation values from which every energy, heat and work follows, at every step of a run.

The state does not jump, but a drive may, and with it every expectation value of the Hamiltonian. The time of a jump is there twice
then, with the values before and after it: so that energies know how far they jump, and integrals between jumps stay smooth.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.record.trajectory import Trajectory
from tnthermo.timeline.integrate import cumulative_stieltjes
from tnthermo.types import Complex, Real

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Sides:
    """A grid of times on which every jump of the drives is twice. Its entries are named as in `Expectations`.

    probe  (m,) where drives are asked for their values: just before each jump for the first of its two, at it for the second
    """

    times: Real
    step: Indices
    after: Indices
    probe: Real


def sides(times: Real, jumps: Sequence[float]) -> Sides:
    """That of ``times``, strictly increasing, for ``jumps`` that are among them. Raises ValueError where one is not."""
    at = np.searchsorted(times, [just_before(jump) for jump in jumps]).astype(np.int64)
    if np.any(np.abs(times[np.minimum(at, times.size - 1)] - np.array(jumps)) > 1e-9 * times[-1]):
        raise ValueError(f"jumps must be among the times, found {', '.join(map(str, jumps))}")
    step = np.sort(np.concatenate([np.arange(times.size), at]))
    after = np.searchsorted(step, np.arange(times.size), side="right") - 1
    probe = times[step]
    probe[after[at] - 1] = [just_before(jump) for jump in jumps]
    probe[after[at]] = np.maximum(times[at], jumps)  # which rounding may have put just after its time
    return Sides(times=times[step], step=step, after=after, probe=probe)


@dataclass(frozen=True, kw_only=True, eq=False)
class Expectations:
    """Expectation values at the step times of a run of H = H_S(t) + sum_q F_q(t) A_q (x) X_q + H_B; P_q = i[H_B, X_q].

    times           t (m,), those of the jumps of a drive twice, 1/energy
    step            (m,) the step of the run that each time is the end of
    after           the index of each step's end in ``times``; at a jump of the values after it
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
    radiated        (m,) what ``bath_energy`` leaves out of the energies as they were measured, energy: see `conserving`; else 0
    """

    times: Real
    step: Indices
    after: Indices
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
    radiated: Real | float = 0.0

    @property
    def effective(self) -> Complex:
        """H_S + sum_q F_q <X_q> A_q (m, d, d): the effective Hamiltonian of the system but for a multiple of 1. [11, 15]"""
        return self.hamiltonian + np.einsum("mq,mq,qij->mij", self.strength, self.position, self.operators)

    def per_bath(self, channels: Real) -> Real:
        """(m, B) sums of (m, Q) over the channels of each bath."""
        return np.stack([channels[:, self.baths == j].sum(axis=1) for j in range(self.count)], axis=1)


def trace(operator: Complex, states: Complex) -> Real:
    """Re Tr[operator states] (m,) for states (m, d, d) and operators (d, d) or (m, d, d)."""
    return np.real(np.einsum("...ij,...ji->...", operator, states))


def expectations(run: Trajectory) -> Expectations:
    """Local expectation values of ``run`` at its step times, nothing renormalised. [3, 4, 19, 20]

    rho_S (m, d, d), moment_X = Tr_B(X_q rho) and moment_P = Tr_B(P_q rho), (m, Q, d, d), give them all.
    """
    model, both = run.model, sides(run.times, run.jumps)
    rho_S, moment_X, moment_P = (of[both.step] for of in (run.rho_S, run.moment_X, run.moment_P))
    operators = np.stack([channel.operator for channel in model.channels])
    strength = model.strengths(both.probe)
    hamiltonian = model.hamiltonian_at(both.probe)
    driven = np.einsum("mq,qij,mqjk->mik", strength, operators, moment_X)
    generator = hamiltonian @ rho_S + driven
    rate = -1j * (generator - np.swapaxes(generator, -1, -2).conj())
    coupling = np.real(np.einsum("qij,mji->mq", operators, rho_S))
    momentum = np.real(np.einsum("mqii->mq", moment_P))
    product = np.real(np.einsum("qij,mqji->mq", operators, moment_X))
    system_energy = trace(hamiltonian, rho_S)
    # <H> is measured after a jump; before it, it was less by what the jump has done
    known = system_energy + np.sum(strength * product, axis=1)
    total_energy = run.total_energy[both.step] + known - known[both.after[both.step]]
    found = Expectations(
        times=both.times,
        step=both.step,
        after=both.after,
        breaks=run.breaks,
        baths=np.array([channel.bath for channel in model.channels]),
        count=len(model.couplings),
        strength=strength,
        strength_slope=model.strength_slopes(both.probe),
        coupling=coupling,
        position=np.real(np.einsum("mqii->mq", moment_X)),
        product=product,
        momentum=momentum,
        product_flux=np.real(np.einsum("qij,mqji->mq", operators, moment_P)),
        coupling_rate=np.real(np.einsum("qij,mji->mq", operators, rate)),
        position_rate=momentum + (strength * coupling) @ model.commutators.T,
        hamiltonian=hamiltonian,
        hamiltonian_slope=model.hamiltonian_slope(both.probe),
        system_energy=system_energy,
        bath_energy=(run.chain_energy + run.energy_offset)[both.step],
        total_energy=total_energy + run.energy_offset.sum(),
        rho_S=rho_S,
        rho_S_rate=rate,
        operators=operators,
    )
    return conserving(found, model) if run.algorithm.bins else found


def driven_work(e: Expectations) -> Real:
    """int Tr[rho_S dH_S] (m,) from the values of rho_S and H_S alone, energy. [29] as corrected"""
    if not np.any(e.hamiltonian != e.hamiltonian[0]):
        return np.zeros_like(e.times)
    entries = cumulative_stieltjes(e.times, np.swapaxes(e.rho_S, -1, -2), e.hamiltonian, breaks=e.breaks)
    return np.real(entries.sum(axis=(-2, -1)))


def switching_work(e: Expectations) -> Real:
    """int Tr[rho dH_int] of each bath (m, B), sum_q int <A_q X_q> dF_q, energy: what drives of the couplings do. [27]"""
    if not np.any(e.strength != e.strength[0]):
        return np.zeros((e.times.size, e.count))
    return e.per_bath(cumulative_stieltjes(e.times, e.product, e.strength, breaks=e.breaks))


def work_of_drives(e: Expectations) -> Real:
    """int Tr[rho dH] (m,) from the recorded values, energy: what drives of H_S and of couplings do. [27]"""
    total = driven_work(e)
    if np.any(e.strength != e.strength[0]):
        total = total + cumulative_stieltjes(e.times, e.product, e.strength, breaks=e.breaks).sum(axis=1)
    return total


def conserving(e: Expectations, model: Model) -> Expectations:
    """With E_B from the conservation of energy.

    Kicks at discrete times radiate at frequencies near 2 pi/step: an energy in modes that nothing else feels, and that no error of the
    system shows. It is what the energies, measured one by one, have gained beyond <H>(0) and the work, and is shown as
    ``residual_energy``. Of several baths each is given a part of it in proportion to its strength.
    """
    measured = e.system_energy + np.sum(e.strength * e.product, axis=1) + e.bath_energy.sum(axis=1)
    extra = measured - (e.total_energy[0] + work_of_drives(e))
    norms = [float(np.linalg.norm(one.operator, 2)) ** 2 * max(one.local_strengths) ** 2 for one in model.couplings]
    shares = np.array(norms) / sum(norms) if sum(norms) > 0 else np.full(len(norms), 1 / len(norms))
    return replace(e, bath_energy=e.bath_energy - extra[:, None] * shares, radiated=extra)
