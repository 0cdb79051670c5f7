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

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.problems import Problem, raise_if_any
from tnthermo.model.coupling import Coupling
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.model import Model
from tnthermo.model.representation import represented
from tnthermo.types import Complex, Real

SMALL = (
    1e-3  # below it (exp(ix) - 1)/(ix) loses digits to cancellation, and three terms of the series are exact to 1e-12
)


ROUNDING = 1e-14  # elements of an operator, and differences of frequencies, that are nothing else
EVEN = 64  # of more times than these it is worth to ask whether they are equally spaced


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
class BathMemory:
    """What one bath remembers, as numbers: of every pair of its channels and every frequency that its operators have.

    channels     numbers q (c,) of its channels
    frequency    nu_m (M,) of its modes, energy
    weight       G_qm conj(G_rm) (c, c, M), energy^2
    transitions  (W,) frequencies w = E_a - E_b of elements ab of its operators that are not 0, each once
    which        (d, d) where w of an element ab stands in ``transitions``; any where no operator has that element
    whole        int_0^t C_qr(s) exp(-i w s) ds = whole_qrw - exp(-i w t) sum_m turning_qrwm exp(-i nu_m t) + near terms, (c, c, W)
    turning      (c, c, W, M), 0 for modes near resonance, |nu_m + w| until < 1, whose difference would lose digits
    near         for each w the numbers m of these modes
    """

    channels: npt.NDArray[np.int64]
    frequency: Real
    weight: Complex
    transitions: Real
    which: npt.NDArray[np.int64]
    whole: Complex
    turning: Complex
    near: tuple[npt.NDArray[np.int64], ...]

    def integrals(self, times: Real) -> tuple[Complex, Complex]:
        """int_0^t C_qr(s) exp(-i w s) ds (n, c, c, W), energy, and C_qr(t) (n, c, c), energy^2, at ``times`` (n,)."""
        c, count = self.channels.size, self.transitions.size
        rows = np.concatenate([self.turning.reshape(c * c * count, -1), self.weight.reshape(c * c, -1)])
        found = turned_sums(self.frequency, rows, times)
        turned = np.exp(-1j * np.multiply.outer(times, self.transitions))
        result = self.whole - found[:, : c * c * count].reshape(-1, c, c, count) * turned[:, None, None, :]
        for k, modes in enumerate(self.near):
            if modes.size:
                part = elapsed(self.frequency[modes] + self.transitions[k], times[:, None])
                result[..., k] += np.einsum("nm,qrm->nqr", part, self.weight[..., modes])
        result[times == 0] = 0.0  # but for rounding it is
        return result, found[:, c * c * count :].reshape(-1, c, c)


def turned_sums(frequency: Real, rows: Complex, times: Real) -> Complex:
    """sum_m rows_km exp(-i nu_m t) (n, k) for nu (M,), rows (k, M), times (n,).

    Equal steps: exp(-i nu (a + b)) = exp(-i nu a) exp(-i nu b) with sqrt(n) of each, and the sum is a product of matrices.
    """
    result = np.empty((times.size, rows.shape[0]), dtype=np.complex128)
    step = (times[-1] - times[0]) / max(1, times.size - 1)
    even = times[0] + step * np.arange(times.size)
    if times.size > EVEN and np.abs(times - even).max() <= 8 * np.finfo(float).eps * np.abs(times).max():
        fine = math.isqrt(times.size - 1) + 1
        coarse = np.exp(-1j * np.multiply.outer(times[::fine], frequency))
        inner = np.ascontiguousarray(np.exp(-1j * np.multiply.outer(frequency, step * np.arange(fine))))
        for k, row in enumerate(rows):
            result[:, k] = ((coarse * row) @ inner).ravel()[: times.size]
        return result
    block = max(1, 400_000 // max(1, frequency.size))
    columns = np.ascontiguousarray(rows.T)
    for start in range(0, times.size, block):
        part = slice(start, start + block)
        result[part] = np.exp(-1j * np.multiply.outer(times[part], frequency)) @ columns
    return result


@dataclass(frozen=True, kw_only=True, eq=False)
class Memory:
    """K_q(t) and L_q(t) of a system that is not driven, in closed form.

    energies, vectors   eigenvalues (d,) and eigenvectors (d, d) of H_S
    operators           A_q (Q, d, d) in that basis
    modes               of the baths
    baths               what each remembers
    """

    energies: Real
    vectors: Complex
    operators: Complex
    modes: BathModes
    baths: tuple[BathMemory, ...]

    def at(self, times: Real) -> tuple[Complex, Complex]:
        """(K_q, L_q) (n, Q, d, d) at ``times`` (n,), in the eigenbasis of H_S; energy and energy^2.

        By parts, int_0^t (dC/ds) exp(-i w s) ds = C(t) exp(-i w t) - C(0) + i w int_0^t C exp(-i w s) ds.
        """
        K = np.zeros((times.size, *self.operators.shape), dtype=np.complex128)
        L = np.zeros_like(K)
        for bath in self.baths:
            own = self.operators[bath.channels]
            first, correlation = bath.integrals(times)
            w = bath.transitions
            turned = np.exp(-1j * np.multiply.outer(times, w))[:, None, None, :]
            second = correlation[..., None] * turned - bath.weight.sum(axis=-1)[..., None] + 1j * w * first
            second[times == 0] = 0.0
            K[:, bath.channels] = np.einsum("nqrab,rab->nqab", first[..., bath.which], own)
            L[:, bath.channels] = np.einsum("nqrab,rab->nqab", second[..., bath.which], own)
        return K, L


def memory(model: Model, until: float) -> Memory:
    """The memory, up to ``until``, of a model whose H_S and couplings are constant. Raises what `bath_modes` does."""
    energies, vectors = np.linalg.eigh(model.hamiltonian)
    operators = np.stack([vectors.conj().T @ channel.operator @ vectors for channel in model.channels])
    modes = bath_modes(model, until)
    owner = np.array([channel.bath for channel in model.channels])
    baths = tuple(bath_memory(modes, np.flatnonzero(owner == j), energies, operators, until) for j in np.unique(owner))
    return Memory(energies=energies, vectors=vectors, operators=operators, modes=modes, baths=baths)


def bath_memory(
    modes: BathModes, channels: npt.NDArray[np.int64], energies: Real, operators: Complex, until: float
) -> BathMemory:
    """Of the bath that ``channels`` (c,) belong to, for times up to ``until``; operators A_q (Q, d, d) in the eigenbasis of H_S."""
    own = np.flatnonzero(np.abs(modes.amplitude[channels]).sum(axis=0) > 0)
    G, frequency = modes.amplitude[np.ix_(channels, own)], modes.frequency[own]
    weight = G[:, None, :] * G.conj()[None, :, :]
    bohr = energies[:, None] - energies[None, :]
    size = np.abs(operators[channels]).max(axis=0)
    used = size >= max(ROUNDING * size.max(), np.finfo(float).tiny)
    used[0, 0] |= not used.any()  # an operator that is 0 has one frequency too
    unit = ROUNDING * max(float(np.ptp(energies)), np.finfo(float).tiny)
    _, first, place = np.unique(np.round(bohr[used] / unit), return_index=True, return_inverse=True)
    transitions = bohr[used][first]
    which = np.zeros(bohr.shape, dtype=np.int64)
    which[used] = place
    apart = frequency + transitions[:, None]
    near = np.abs(apart) * until < 1
    inverse = np.where(near, 0.0, 1 / np.where(near, 1.0, 1j * apart))
    turning = weight[:, :, None, :] * inverse
    return BathMemory(
        channels=channels,
        frequency=frequency,
        weight=weight,
        transitions=transitions,
        which=which,
        whole=turning.sum(axis=-1),
        turning=turning,
        near=tuple(np.flatnonzero(row) for row in near),
    )


def moment(kernel: Complex, rho: Complex) -> Complex:
    """-i (K_q rho - rho K_q^dag), (..., Q, d, d), for kernels (..., Q, d, d) and states (..., d, d)."""
    product = kernel @ rho[..., None, :, :]
    return np.asarray(-1j * (product - np.swapaxes(product, -1, -2).conj()))


def motion(hamiltonian: Complex, operators: Complex, strength: Real, moments: Complex, rho: Complex) -> Complex:
    """d rho_S/dt = -i [H_S, rho_S] - i sum_q F_q [A_q, Tr_B(X_q rho)], (..., d, d), for moments (..., Q, d, d) and rho (..., d, d)."""
    generator = hamiltonian @ rho + np.einsum("q,qij,...qjk->...ik", strength, operators, moments)
    return np.asarray(-1j * (generator - np.swapaxes(generator, -1, -2).conj()))
