"""The whole ledger by definition: density matrices in the Fock space of the physical modes, partial traces, matrix logarithms.

Slow and plain on purpose, and independent of the package: no commutator has been worked out by hand, heat and work are traces of
d rho/dt and dH_eff/dt as the definitions say. One system, M modes, T >= 0, Hermitian coupling A (x) X or exchange coupling.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Protocol

import numpy as np
import scipy.sparse

Array = np.ndarray


@dataclass(frozen=True, kw_only=True)
class Naive:
    """H = H_S + H_int + sum_k w_k a_k^dag a_k, started in rho_S (x) Gibbs state of the modes (beta = inf: vacuum).

    coupling  A of H_int = A (x) sum_k g_k (a_k + a_k^dag); with ``exchange`` it is L of L (x) C^dag + h.c., C = sum g_k a_k
    levels    Fock levels of each mode; the Gibbs state is the one of the truncated modes
    """

    hamiltonian: Array
    coupling: Array
    frequencies: tuple[float, ...]
    couplings: tuple[float, ...]
    beta: float
    initial: Array
    levels: int
    exchange: bool = False

    @property
    def dimension(self) -> int:
        return self.hamiltonian.shape[0]

    @property
    def bath_dimension(self) -> int:
        return self.levels ** len(self.frequencies)

    def mode_operator(self, k: int, matrix: Array) -> scipy.sparse.csr_array:
        """``matrix`` (levels, levels) of mode k on the whole bath."""
        left, right = self.levels**k, self.levels ** (len(self.frequencies) - k - 1)
        return scipy.sparse.csr_array(
            scipy.sparse.kron(scipy.sparse.kron(scipy.sparse.eye_array(left), matrix), scipy.sparse.eye_array(right))
        )

    @cached_property
    def lower(self) -> list[scipy.sparse.csr_array]:
        """a_k on the whole bath."""
        a = np.diag(np.sqrt(np.arange(1.0, self.levels)), 1)
        return [self.mode_operator(k, a) for k in range(len(self.frequencies))]

    @cached_property
    def bath_energies(self) -> Array:
        """Diagonal of H_B (bath_dimension,)."""
        n = np.diag(np.arange(float(self.levels)))
        return sum(w * self.mode_operator(k, n).diagonal() for k, w in enumerate(self.frequencies))

    @cached_property
    def position(self) -> scipy.sparse.csr_array:
        """X = sum_k g_k (a_k + a_k^dag)."""
        return sum(g * (a + a.T) for g, a in zip(self.couplings, self.lower, strict=True))

    @cached_property
    def momentum(self) -> scipy.sparse.csr_array:
        """P = -i sum_k g_k w_k (a_k - a_k^dag)."""
        modes = zip(self.couplings, self.frequencies, self.lower, strict=True)
        return -1j * sum(g * w * (a - a.T) for g, w, a in modes)

    @cached_property
    def interaction(self) -> scipy.sparse.csr_array:
        if not self.exchange:
            return scipy.sparse.csr_array(scipy.sparse.kron(self.coupling, self.position))
        lower = sum(g * a for g, a in zip(self.couplings, self.lower, strict=True))
        half = scipy.sparse.kron(self.coupling, lower.T)
        return scipy.sparse.csr_array(half + half.conj().T)

    @cached_property
    def total(self) -> scipy.sparse.csr_array:
        one_S, one_B = scipy.sparse.eye_array(self.dimension), scipy.sparse.eye_array(self.bath_dimension)
        bath = scipy.sparse.kron(one_S, scipy.sparse.diags_array(self.bath_energies))
        return scipy.sparse.csr_array(scipy.sparse.kron(self.hamiltonian, one_B) + bath + self.interaction)

    @cached_property
    def gibbs(self) -> Array:
        """Populations of the bath's Gibbs state (bath_dimension,)."""
        if np.isinf(self.beta):
            return (self.bath_energies == 0).astype(float)
        weights = np.exp(-self.beta * self.bath_energies)
        return weights / weights.sum()

    @cached_property
    def start(self) -> tuple[Array, Array]:
        """Weights (r,) and states (dim, r) of which the initial density matrix is the mixture."""
        p, states = np.linalg.eigh(self.initial)
        weights = np.kron(p, self.gibbs)
        keep = weights > 1e-18
        columns = [np.kron(states[:, i], np.eye(1, self.bath_dimension, n)[0])
                   for i, n in np.argwhere(keep.reshape(p.size, -1))]  # fmt: skip
        return weights[keep], np.stack(columns, axis=1)

    @cached_property
    def modes_of_motion(self) -> tuple[Array, Array]:
        dense = self.total.toarray()
        return np.linalg.eigh(dense.real if np.all(dense.imag == 0) else dense)

    def amplitudes(self, t: float) -> Array:
        """Psi (dim, r) with rho(t) = Psi Psi^dag."""
        energies, vectors = self.modes_of_motion
        weights, columns = self.start
        phases = np.exp(-1j * energies * t)[:, None]
        inside = vectors.conj().T @ columns
        moved = phases * inside
        if np.isrealobj(vectors):
            return (vectors @ moved.real + 1j * (vectors @ moved.imag)) * np.sqrt(weights)
        return (vectors @ moved) * np.sqrt(weights)


def entropy(rho: Array) -> float:
    """-Tr rho log rho in nats."""
    p = np.linalg.eigvalsh(rho)
    p = p[p > 1e-300]
    return float(-np.sum(p * np.log(p)))


class Split(Protocol):
    """Anything that says how the whole space splits into system and bath, in this order."""

    @property
    def dimension(self) -> int: ...

    @property
    def bath_dimension(self) -> int: ...


def trace_bath(system: Split, matrix: Array) -> Array:
    return np.einsum("aibi->ab", matrix.reshape(system.dimension, system.bath_dimension, system.dimension, -1))


def trace_system(system: Split, matrix: Array) -> Array:
    return np.einsum("aiaj->ij", matrix.reshape(system.dimension, system.bath_dimension, system.dimension, -1))


def definitions_at(system: Naive, t: float, alpha_S: float) -> dict[str, float]:
    """Energies, rates, entropies and matrices at one time, from rho(t), by definition. [3, 4, 15, 16, 19, 20, 30]

    E_B, U_B, U_tot and S_B are absolute.
    """
    psi = system.amplitudes(t)
    rho = psi @ psi.conj().T
    step = -1j * (system.total @ rho)
    step = step + step.conj().T  # d rho/dt = -i [H, rho]
    rho_S, rho_B = trace_bath(system, rho), trace_system(system, rho)
    step_S, step_B = trace_bath(system, step), trace_system(system, step)
    interaction = system.interaction.toarray().reshape(system.dimension, system.bath_dimension, system.dimension, -1)

    def on_system(bath: Array) -> Array:  # Tr_B[bath H_int]
        return np.einsum("aibj,ji->ab", interaction, bath)

    def on_bath(state: Array) -> Array:  # Tr_S[state H_int]
        return np.einsum("aibj,ba->ij", interaction, state)

    def tr(a: Array, b: Array) -> float:
        return float(np.real(np.sum(a * b.T)))

    H_B = np.diag(system.bath_energies)
    h = tr(rho_S, on_system(rho_B))
    h_step = tr(step_S, on_system(rho_B)) + tr(rho_S, on_system(step_B))
    alpha_B = 1 - alpha_S
    H_S_eff = system.hamiltonian + on_system(rho_B) - alpha_S * h * np.eye(system.dimension)
    H_B_eff = H_B + on_bath(rho_S) - alpha_B * h * np.eye(system.bath_dimension)
    chi = rho - np.kron(rho_S, rho_B)
    flat = system.interaction
    S_S, S_B = entropy(rho_S), entropy(rho_B)
    weights = system.start[0]
    S_SB = float(-np.sum(weights * np.log(weights)))
    occupied = system.gibbs > 0
    log_gibbs = np.log(np.where(occupied, system.gibbs, 1.0))
    finite = not np.isinf(system.beta)
    return {
        "rho_S": rho_S, "rho_B": rho_B, "H_S_eff": H_S_eff,
        "E_S": tr(rho_S, system.hamiltonian), "E_B": tr(rho_B, H_B), "E_int": float(np.real((flat @ rho).trace())), "h": h,
        "U_S": tr(rho_S, H_S_eff), "U_B": tr(rho_B, H_B_eff), "U_chi": float(np.real((flat @ chi).trace())),
        "U_tot": float(np.real((system.total @ rho).trace())),
        "Qdot_S": tr(step_S, H_S_eff), "Qdot_B": tr(step_B, H_B_eff),
        "Wdot_S": tr(rho_S, on_system(step_B)) - alpha_S * h_step,
        "Wdot_B": tr(rho_B, on_bath(step_S)) - alpha_B * h_step,
        "Qdot_chi": float(np.real((flat @ (step - np.kron(step_S, rho_B) - np.kron(rho_S, step_B))).trace())),
        "S_S": S_S, "S_B": S_B, "S_SB": S_SB, "S_chi": S_S + S_B - S_SB,
        "D_B": float(-S_B - np.sum(np.real(np.diagonal(rho_B)) * log_gibbs)) if finite else np.nan,
    }  # fmt: skip


def snapshots(system: Naive, times: Array, alpha_S: float) -> Iterator[dict[str, float]]:
    for t in times:
        yield definitions_at(system, float(t), alpha_S)


def slope(system: Naive, t: float, alpha_S: float, names: tuple[str, ...], step: float = 2e-3) -> dict[str, float]:
    """d/dt of columns at one time, fourth-order central difference of their definitions."""
    stencil = {-2: 1 / 12, -1: -8 / 12, 1: 8 / 12, 2: -1 / 12}
    at = {k: definitions_at(system, t + k * step, alpha_S) for k in stencil}
    return {name: sum(c * at[k][name] for k, c in stencil.items()) / step for name in names}


def naive_ledger(system: Naive, times: Array, alpha_S: float) -> dict[str, Array]:
    """The columns of a ledger (n,) at ``times`` (from 0), named and counted as there: E_B, U_B, U_tot from the thermal bath.

    Heat and work since t = 0 by Gauss quadrature of the rates, 12 nodes between neighbouring times.
    """
    rows = list(snapshots(system, times, alpha_S))
    names = [name for name in rows[0] if name not in ("rho_S", "rho_B", "H_S_eff")]
    columns = {name: np.array([row[name] for row in rows]) for name in names}
    nodes, weights = np.polynomial.legendre.leggauss(12)
    for kind in ("Q_S", "Q_B", "Q_chi", "W_S", "W_B"):
        columns[kind] = np.zeros(len(times))
    for i, (a, b) in enumerate(pairwise(times)):
        inside = [definitions_at(system, float(a + (b - a) * (x + 1) / 2), alpha_S) for x in nodes]
        for kind in ("Q_S", "Q_B", "Q_chi", "W_S", "W_B"):
            rate = kind.replace("_", "dot_")
            part = sum(w * row[rate] for w, row in zip(weights, inside, strict=True)) * (b - a) / 2
            columns[kind][i + 1] = columns[kind][i] + part
    thermal = float(system.gibbs @ system.bath_energies)
    for name in ("E_B", "U_B", "U_tot"):
        columns[name] = columns[name] - thermal
    S_B0 = float(-np.sum(system.gibbs[system.gibbs > 0] * np.log(system.gibbs[system.gibbs > 0])))
    columns["S_B0"] = np.full(len(times), S_B0)
    columns["Delta_S_B"] = columns["S_B"] - S_B0
    columns["rho_S"] = np.stack([row["rho_S"] for row in rows])
    if not np.isinf(system.beta):
        delta = columns["S_S"] - columns["S_S"][0]
        columns["Sigma_S"] = delta - system.beta * columns["Q_S"]
        columns["Sigma_B"] = columns["Delta_S_B"] - system.beta * columns["Q_B"]
        columns["Sigma_total"] = delta + system.beta * (columns["E_B"] - columns["E_B"][0])
    return columns
