"""What a bath remembers, to second order: the bath's correlation functions folded with the system's own motion.

H_int = sum_q F_q(t) A_q (x) X_q (`tnthermo.model.model`), C_qr(s) = <X_q(s) X_r(0)>. A chain's C is a finite sum over its own modes,

    C_qr(s) = sum_m G_qm conj(G_rm) exp(-i nu_m s),   G_qm the amplitude of mode m in X_q (nu_m < 0 for ancilla-like modes),

so that every integral over the past is elementary: nothing is discretised in time. To first order in H_int the whole is
rho_SB = rho_S (x) rho_B - i int_0^t ds [H_int(t - s) in the interaction picture, rho_S (x) rho_B], and with

    K_q(t) = sum_r int_0^t ds C_qr(s)  F_r(t-s) U(t, t-s) A_r U(t, t-s)^dag,        L_q(t) the same with dC_qr/ds,

it gives Tr_B[X_q rho] = -i (K_q rho_S - rho_S K_q^dag) and Tr_B[P_q rho] = -i (L_q rho_S - rho_S L_q^dag), P_q = i [H_B, X_q].
The first of them is the master equation (TCL2): d rho_S/dt = -i [H_S, rho_S] - i sum_q F_q [A_q, Tr_B[X_q rho]].
Breuer and Petruccione, The Theory of Open Quantum Systems, section 9.2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from chains.problems import Problem, raise_if_any
from tnthermo.model.coupling import Coupling
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.types import Complex, Real

SMALL = (
    1e-3  # below it (exp(ix) - 1)/(ix) loses digits to cancellation, and three terms of the series are exact to 1e-12
)


@dataclass(frozen=True, kw_only=True, eq=False)
class BathModes:
    """All modes m (M) of the chains of a model, as the channels q (Q) see them.

    frequency   nu_m (M,), energy; negative for modes of the ancilla
    amplitude   G_qm (Q, M), energy; 0 where mode m belongs to another bath than channel q
    """

    frequency: Real
    amplitude: Complex

    def correlation(self, times: Real) -> Complex:
        """C_qr (n, Q, Q) at ``times`` (n,), energy^2."""
        turning = np.exp(-1j * np.multiply.outer(times, self.frequency))
        return np.asarray(np.einsum("qm,rm,nm->nqr", self.amplitude, self.amplitude.conj(), turning, optimize=True))

    @property
    def fastest(self) -> float:
        """The frequency beyond which no more than 1e-8 of C(0) lies: what sets the scale of time."""
        weight = np.sum(np.abs(self.amplitude) ** 2, axis=0)
        order = np.argsort(np.abs(self.frequency))
        beyond = weight.sum() - np.cumsum(weight[order])
        return float(np.abs(self.frequency)[order][np.argmax(beyond <= 1e-8 * weight.sum())])


def bath_modes(model: Model, until: float) -> BathModes:
    """The modes of the chains as they are: the same finite bath that a run of the model has; of a bath that is not discretised the free
    modes that are as good as it up to ``until``.

    Raises :class:`chains.InvalidInput` where these leave a tail out: second order has no closed form of it here.
    """
    frequencies, columns, channels = [], [], len(model.channels)
    first = 0
    for coupling in model.couplings:
        raise_if_any(_tail_problems(coupling, until))
        phases = COUPLING_KINDS[coupling.kind].phases
        for part in represented(coupling.bath).branches(until):
            column = np.zeros((channels, part.frequencies.size), dtype=np.complex128)
            for q, phase in enumerate(phases):
                column[first + q] = part.amplitudes(phase)
            frequencies.append(part.frequencies)
            columns.append(column)
        first += len(phases)
    return BathModes(frequency=np.concatenate(frequencies), amplitude=np.concatenate(columns, axis=1))


def _tail_problems(coupling: Coupling, until: float) -> list[Problem]:
    """A tail that free modes leave out."""
    if represented(coupling.bath).rest(until).reorganisation == 0.0:
        return []
    allowed = "a density that ends, or falls off faster than a power: its tail is not in the modes"
    hint = "chains.DrudeLorentz(..., cutoff=...), cutoff = ... in a file"
    return [Problem(key="model", value=coupling.density.describe(), allowed=allowed, hint=hint)]


def elapsed(frequency: Real, times: Real | float) -> Complex:
    """int_0^t exp(-i x s) ds for frequencies x and times t (broadcast), 1/energy; t for x = 0."""
    x, t = np.broadcast_arrays(np.asarray(frequency, dtype=np.float64), np.asarray(times, dtype=np.float64))
    phase = x * t
    near = np.abs(phase) < SMALL
    safe = np.where(near, 1.0, phase)
    # (1 - exp(-i p))/(i p) = exp(-i p/2) sin(p/2)/(p/2)
    far = np.exp(-0.5j * safe) * np.sin(0.5 * safe) / (0.5 * safe)
    close = 1 - 0.5j * phase - phase**2 / 6 + 1j * phase**3 / 24
    return np.asarray(t * np.where(near, close, far))


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """K_q(t) and L_q(t) of a system that is not driven, in closed form.

    energies, vectors   eigenvalues (d,) and eigenvectors (d, d) of H_S
    operators           A_q (Q, d, d) in that basis
    modes               of the baths
    """

    energies: Real
    vectors: Complex
    operators: Complex
    modes: BathModes

    def at(self, times: Real) -> tuple[Complex, Complex]:
        """(K_q, L_q) (n, Q, d, d) at ``times`` (n,), in the eigenbasis of H_S; energy and energy^2."""
        bohr = self.energies[:, None] - self.energies[None, :]  # A_ab(-s) = A_ab exp(-i (E_a - E_b) s)
        G, nu = self.modes.amplitude, self.modes.frequency
        carried = np.einsum("rm,rab->mab", G.conj(), self.operators)
        K = np.empty((times.size, *self.operators.shape), dtype=np.complex128)
        L = np.empty_like(K)
        shape = carried.shape
        block = max(1, 400_000 // carried.size)
        for start in range(0, times.size, block):
            part = slice(start, start + block)
            weight = elapsed(nu[:, None, None] + bohr, times[part, None, None, None]) * carried
            flat = weight.reshape(-1, shape[0], shape[1] * shape[2])
            K[part] = (G @ flat).reshape(-1, *self.operators.shape)
            L[part] = ((G * (-1j * nu)) @ flat).reshape(-1, *self.operators.shape)
        return K, L


def memory(model: Model, until: float) -> Memory:
    """The memory, up to ``until``, of a model whose H_S and couplings are constant. Raises what `bath_modes` does."""
    energies, vectors = np.linalg.eigh(model.hamiltonian)
    operators = np.stack([vectors.conj().T @ channel.operator @ vectors for channel in model.channels])
    return Memory(energies=energies, vectors=vectors, operators=operators, modes=bath_modes(model, until))


def moment(kernel: Complex, rho: Complex) -> Complex:
    """-i (K_q rho - rho K_q^dag), (..., Q, d, d), for kernels (..., Q, d, d) and states (..., d, d)."""
    product = kernel @ rho[..., None, :, :]
    return np.asarray(-1j * (product - np.swapaxes(product, -1, -2).conj()))


def motion(hamiltonian: Complex, operators: Complex, strength: Real, moments: Complex, rho: Complex) -> Complex:
    """d rho_S/dt = -i [H_S, rho_S] - i sum_q F_q [A_q, Tr_B(X_q rho)], (d, d)."""
    generator = hamiltonian @ rho + np.einsum("q,qij,qjk->ik", strength, operators, moments)
    return np.asarray(-1j * (generator - generator.conj().T))
