"""Several baths, drives, displaced and global equilibrium starts: the whole ledger by definition, dense and slow on purpose.

H(t) = H_S(t) + sum_j f_j(t) H_int,j + sum_j H_B,j in the Fock space of the physical modes, hbar = k_B = 1, nats. Heat and work are
traces of d rho/dt and dH_eff/dt, no commutator has been worked out by hand. The bath B is the union of all baths. Small dimensions:
2 modes of 12 levels or 3 modes of 6.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from itertools import pairwise
from typing import Any, Literal

import numpy as np
import scipy.sparse
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.sparse import csr_array as Sparse

from tests.oracles.naive import entropy, trace_bath, trace_system

Array = np.ndarray

# What is accumulated over time, and the rate it is the integral of.
ACCUMULATED = {
    "Q_S": "Qdot_S", "Q_B": "Qdot_B", "Q_chi": "Qdot_chi", "Q_B_each": "Qdot_B_each", "flux_each": "Edot_B_each",
    "W_S": "Wdot_S", "W_B": "Wdot_B", "W_chi": "Wdot_chi", "W_B_each": "Wdot_B_each", "W_total": "Wdot_total",
    "W_hamiltonians": "Wdot_hamiltonians",
}  # fmt: skip


def derivative(function: Callable[[float], Any], t: float, step: float = 1e-2) -> Any:
    """d function/dt at t, eighth-order central difference: the function must be smooth within 4 steps of t."""
    stencil = enumerate((4 / 5, -1 / 5, 4 / 105, -1 / 280), start=1)
    return sum(c * (function(t + k * step) - function(t - k * step)) for k, c in stencil) / step


def before(t: float) -> float:
    """A time before a jump at t."""
    return t * (1 - 1e-14)


@dataclass(frozen=True, kw_only=True)
class Bath:
    """One bath of discrete modes, H_B = sum_k w_k a_k^dag a_k.

    operator      A of A (x) sum_k g_k (a_k + a_k^dag); with ``exchange`` L of L (x) C^dag + L^dag (x) C, C = sum g_k a_k
    beta          inf for the vacuum
    drive         f(t), real, multiplies H_int; None is 1
    drive_rate    df/dt; None: differences, which need f to be smooth, also at t < 0
    displacement  the start is D(alpha) Gibbs D(alpha)^dag with <a_k> = alpha_k; None is 0
    """

    operator: Array
    frequencies: tuple[float, ...]
    couplings: tuple[float, ...]
    beta: float = np.inf
    exchange: bool = False
    drive: Callable[[float], float] | None = None
    drive_rate: Callable[[float], float] | None = None
    displacement: tuple[complex, ...] | None = None

    def strength(self, t: float) -> float:
        """f(t)."""
        return 1.0 if self.drive is None else float(self.drive(t))

    def strength_rate(self, t: float) -> float:
        """df/dt."""
        if self.drive is None:
            return 0.0
        return float(derivative(self.drive, t) if self.drive_rate is None else self.drive_rate(t))


@dataclass(frozen=True, kw_only=True)
class General:
    """One system, several baths; modes are counted through the baths in their order.

    hamiltonian       H_S, a matrix or a callable of t
    levels            Fock levels of every mode, or of each
    initial           rho_S at the start, any density matrix; unused with start = "mean-force"
    start             "product": rho_S (x) the (displaced) Gibbs states of the truncated modes;
                      "mean-force": exp(-beta H(0))/Z of the total Hamiltonian, all beta equal (inf: its ground state)
    hamiltonian_rate  dH_S/dt; None: differences, which need H_S to be smooth, also at t < 0
    jumps             times > 0 at which H_S or a strength jumps, each the value after the jump there: they must be among all ``times``
    """

    hamiltonian: Array | Callable[[float], Array]
    baths: tuple[Bath, ...]
    levels: int | tuple[int, ...]
    initial: Array | None = None
    start: Literal["product", "mean-force"] = "product"
    hamiltonian_rate: Callable[[float], Array] | None = None
    jumps: tuple[float, ...] = ()

    # The system.

    def H_S(self, t: float) -> Array:
        return np.asarray(self.hamiltonian(t) if callable(self.hamiltonian) else self.hamiltonian, dtype=complex)

    def H_S_rate(self, t: float) -> Array:
        if not callable(self.hamiltonian):
            return np.zeros((self.dimension, self.dimension), dtype=complex)
        return derivative(self.H_S, t) if self.hamiltonian_rate is None else np.asarray(self.hamiltonian_rate(t))

    @property
    def dimension(self) -> int:
        return self.baths[0].operator.shape[0]

    @property
    def driven(self) -> bool:
        return callable(self.hamiltonian) or any(bath.drive is not None for bath in self.baths)

    # The modes.

    @cached_property
    def mode_levels(self) -> tuple[int, ...]:
        count = sum(len(bath.frequencies) for bath in self.baths)
        return (self.levels,) * count if isinstance(self.levels, int) else tuple(self.levels)

    @property
    def bath_dimension(self) -> int:
        return int(np.prod(self.mode_levels))

    @cached_property
    def lower(self) -> list[Sparse]:
        """a_k of every mode on the whole bath."""
        matrices = [np.diag(np.sqrt(np.arange(1.0, d)), 1) for d in self.mode_levels]
        ones = [np.eye(d) for d in self.mode_levels]
        return [
            Sparse(reduce(scipy.sparse.kron, [*ones[:k], matrices[k], *ones[k + 1 :]])) for k in range(len(matrices))
        ]

    @cached_property
    def lower_of(self) -> list[list[Sparse]]:
        """a_k of the modes of each bath."""
        modes = iter(self.lower)
        return [[next(modes) for _ in bath.frequencies] for bath in self.baths]

    @cached_property
    def energies_each(self) -> Array:
        """Diagonals of H_B,j, (baths, bath_dimension)."""
        return np.stack([
            sum(w * (a.T @ a).diagonal() for w, a in zip(bath.frequencies, lower, strict=True))
            for bath, lower in zip(self.baths, self.lower_of, strict=True)
        ])  # fmt: skip

    @cached_property
    def interactions(self) -> list[Sparse]:
        """H_int,j without its drive."""
        result = []
        for bath, lower in zip(self.baths, self.lower_of, strict=True):
            C = Sparse(sum(g * a for g, a in zip(bath.couplings, lower, strict=True)))
            if bath.exchange:
                half = scipy.sparse.kron(bath.operator, C.T)
                result.append(Sparse(half + half.conj().T))
            else:
                result.append(Sparse(scipy.sparse.kron(bath.operator, C + C.T)))
        return result

    def total(self, t: float) -> Sparse:
        """H(t) of system and baths."""
        one_S, one_B = scipy.sparse.eye_array(self.dimension), scipy.sparse.eye_array(self.bath_dimension)
        local = scipy.sparse.kron(self.H_S(t), one_B)
        local = local + scipy.sparse.kron(one_S, scipy.sparse.diags_array(self.energies_each.sum(axis=0)))
        parts = zip(self.baths, self.interactions, strict=True)
        return Sparse(local + sum(bath.strength(t) * part for bath, part in parts))

    # The start.

    @cached_property
    def gibbs(self) -> Array:
        """Populations (bath_dimension,) of the product of the baths' Gibbs states."""
        weights = np.ones(self.bath_dimension)
        for bath, energies in zip(self.baths, self.energies_each, strict=True):
            weights = weights * ((energies == 0) if np.isinf(bath.beta) else np.exp(-bath.beta * energies))
        return weights / weights.sum()

    @property
    def thermal_energies(self) -> Array:
        """Tr[Gibbs H_B,j] (baths,) of the truncated modes: ledgers count E_B, U_B and U_tot from its sum."""
        return self.energies_each @ self.gibbs

    @cached_property
    def displacement(self) -> Array:
        """D(alpha) on the whole bath, exactly unitary: <a_k> = alpha_k within the error of the Fock cut-off."""
        alphas = [alpha for bath in self.baths for alpha in bath.displacement or (0.0,) * len(bath.frequencies)]
        factors = []
        for alpha, d in zip(alphas, self.mode_levels, strict=True):
            a = np.diag(np.sqrt(np.arange(1.0, d)), 1)
            factors.append(expm(alpha * a.T - np.conj(alpha) * a))
        return reduce(np.kron, factors)

    @cached_property
    def _product(self) -> tuple[Array, Array, Array]:
        """Weights (r,), states (dim, r) and the Fock configuration (r,) of the bath that each has before it is displaced."""
        assert self.initial is not None, "a product start needs the state of the system"
        p, states = np.linalg.eigh(self.initial)
        weights = np.kron(p, self.gibbs)
        keep = weights > 1e-18
        which = np.argwhere(keep.reshape(p.size, -1))
        columns = [np.kron(states[:, i], self.displacement[:, n]) for i, n in which]
        return weights[keep], np.stack(columns, axis=1), which[:, 1]

    @cached_property
    def ensemble(self) -> tuple[Array, Array]:
        """Weights (r,) and states (dim, r) of which the initial density matrix is the mixture."""
        if self.start == "product":
            return self._product[:2]
        betas = {bath.beta for bath in self.baths}
        assert len(betas) == 1, "global equilibrium has one temperature"
        assert all(bath.displacement is None for bath in self.baths), "global equilibrium is not displaced by hand"
        beta, (energies, vectors) = betas.pop(), np.linalg.eigh(self.total(0.0).toarray())
        if np.isinf(beta):
            return np.ones(1), vectors[:, :1]
        weights = np.exp(-beta * (energies - energies[0]))
        weights = weights / weights.sum()
        keep = weights > 1e-18
        return weights[keep], vectors[:, keep]

    @property
    def psi_0(self) -> Array:
        """Psi (dim, r) with rho(0) = Psi Psi^dag."""
        weights, states = self.ensemble
        return (states * np.sqrt(weights)).astype(complex)

    # The evolution.

    @cached_property
    def modes_of_motion(self) -> tuple[Array, Array]:
        return np.linalg.eigh(self.total(0.0).toarray())

    def evolve(self, columns: Array, times: Sequence[float] | Array) -> Iterator[Array]:
        """``columns`` (dim, r), given at t = 0, at each of the ascending times."""
        if not self.driven:
            energies, vectors = self.modes_of_motion
            inside = vectors.conj().T @ columns
            for t in times:
                yield vectors @ (np.exp(-1j * energies * t)[:, None] * inside)
            return
        # In the frame that rotates with H_B; explicit Runge-Kutta of order 8.
        energies = np.tile(self.energies_each.sum(axis=0), self.dimension)[:, None]
        shape, now = columns.shape, 0.0
        assert {jump for jump in self.jumps if jump <= max(times)} <= set(times), "steps must end at jumps"

        def slope(s: float, y: Array) -> Array:
            turn = np.exp(1j * energies * s)
            psi = turn.conj() * y.reshape(shape)
            at = min(s, before(t))  # the value before a jump at the end of the interval
            out = (self.H_S(at) @ psi.reshape(self.dimension, -1)).reshape(shape)
            for bath, part in zip(self.baths, self.interactions, strict=True):
                out = out + bath.strength(at) * (part @ psi)
            return (-1j * turn * out).ravel()

        y = columns.astype(complex).ravel()
        for t in times:
            if t > now:
                y, now = solve_ivp(slope, (now, t), y, method="DOP853", rtol=1e-12, atol=1e-14).y[:, -1], t
            yield np.exp(-1j * energies * now) * y.reshape(shape)

    def states(self, times: Sequence[float] | Array) -> Iterator[Array]:
        """Psi(t) (dim, r), rho(t) = Psi Psi^dag, at each of the ascending times."""
        return self.evolve(self.psi_0, times)

    def correlation(self, later: Array, earlier: Array, times: Sequence[float] | Array) -> Array:
        """<O(t) O'(0)> = Tr[O U(t) O' rho(0) U(t)^dag] (n,) of the system matrices O = ``later``, O' = ``earlier``."""
        one_B = scipy.sparse.eye_array(self.bath_dimension)
        O, O_0 = (Sparse(scipy.sparse.kron(matrix, one_B)) for matrix in (later, earlier))
        psi = self.psi_0
        both = self.evolve(np.concatenate([psi, O_0 @ psi], axis=1), times)
        return np.array([np.vdot(pair[:, : psi.shape[1]], O @ pair[:, psi.shape[1] :]) for pair in both])

    def heat_outcomes(self, times: Sequence[float] | Array) -> Iterator[tuple[Array, Array]]:
        """At each time the changes of H_B,j (baths, K) that two measurements may find, and their probabilities (K,), by projectors.

        The first measurement finds a Fock configuration of the modes, the second another one.
        """
        assert self.start == "product"
        assert all(bath.displacement is None for bath in self.baths), "the first measurement would disturb the start"
        before = self.energies_each[:, self._product[2]]
        change = (self.energies_each[:, :, None] - before[:, None, :]).reshape(len(self.baths), -1)
        for psi in self.states(times):
            joint = np.sum(np.abs(psi.reshape(self.dimension, self.bath_dimension, -1)) ** 2, axis=0)
            yield change, joint.ravel()

    def heat_characteristic(self, times: Sequence[float] | Array, u: Array, weights: Sequence[float]) -> Array:
        """<exp(i u sum_j v_j Delta H_B,j)> (n, m) for the fields u (m,) and the weights v_j (baths,)."""
        rows = []
        for change, probability in self.heat_outcomes(times):
            heat, where = np.unique(np.round(np.asarray(weights) @ change, 12), return_inverse=True)
            rows.append(np.exp(1j * np.multiply.outer(u, heat)) @ np.bincount(where, weights=probability))
        return np.array(rows)

    def heat_cumulants(self, times: Sequence[float] | Array, weights: Sequence[float]) -> Array:
        """Cumulants (n, 4) of sum_j v_j Delta H_B,j."""
        rows = []
        for change, probability in self.heat_outcomes(times):
            heat = np.asarray(weights) @ change
            mean = probability @ heat
            second, third, fourth = (probability @ (heat - mean) ** n for n in (2, 3, 4))
            rows.append([mean, second, third, fourth - 3 * second**2])
        return np.array(rows)

    def heat_statistics(self, times: Sequence[float] | Array) -> dict[str, Array]:
        """H_B,j measured before and after: mean_each (n, baths), covariance_each (n, baths, baths) of the outcome's change.

        mean and variance (n,) are those of the union. Product starts without displacement: the first measurement finds a
        Fock configuration and does not disturb the state.
        """
        assert self.start == "product"
        assert all(bath.displacement is None for bath in self.baths), "the first measurement would disturb the start"
        before = self.energies_each[:, self._product[2]]
        change = self.energies_each[:, :, None] - before[:, None, :]  # (baths, bath_dimension, r)
        mean, second = [], []
        for psi in self.states(times):
            joint = np.sum(np.abs(psi.reshape(self.dimension, self.bath_dimension, -1)) ** 2, axis=0)
            mean.append(np.einsum("nr,jnr->j", joint, change))
            second.append(np.einsum("nr,jnr,lnr->jl", joint, change, change))
        mean_each = np.array(mean)
        covariance = np.array(second) - mean_each[:, :, None] * mean_each[:, None, :]
        return {
            "mean": mean_each.sum(axis=1), "variance": covariance.sum(axis=(1, 2)),
            "mean_each": mean_each, "covariance_each": covariance,
        }  # fmt: skip


def columns_at(system: General, psi: Array, t: float, alpha_S: float, *, entropies: bool = True) -> dict[str, Any]:
    """All columns that the state alone gives, at one time, by definition; energies are absolute. [3, 4, 15, 16, 19, 20, 27-31]

    h, E_B, U_B and the rates of bath energy, heat and work have a column for each bath, NAME_each, that adds up to NAME.
    """
    d_S, d_B = system.dimension, system.bath_dimension
    rho = psi @ psi.conj().T
    step = -1j * (system.total(t) @ rho)
    step = step + step.conj().T  # d rho/dt = -i [H, rho]
    rho_S, rho_B = trace_bath(system, rho), trace_system(system, rho)
    step_S, step_B = trace_bath(system, step), trace_system(system, step)
    chi = rho - np.kron(rho_S, rho_B)
    chi_step = step - np.kron(step_S, rho_B) - np.kron(rho_S, step_B)

    def tr(a: Array, b: Array) -> float:
        return float(np.real(np.sum(a * b.T)))

    bare = [part.toarray() for part in system.interactions]
    parts = [bath.strength(t) * part for bath, part in zip(system.baths, bare, strict=True)]
    rates = [bath.strength_rate(t) * part for bath, part in zip(system.baths, bare, strict=True)]
    H_int, H_int_rate = sum(parts), sum(rates)
    H_S, H_S_rate, alpha_B = system.H_S(t), system.H_S_rate(t), 1 - alpha_S

    def on_system(bath: Array, matrix: Array) -> Array:  # Tr_B[bath matrix]
        return np.einsum("aibj,ji->ab", matrix.reshape(d_S, d_B, d_S, d_B), bath)

    def on_bath(state: Array, matrix: Array) -> Array:  # Tr_S[state matrix]
        return np.einsum("aibj,ba->ij", matrix.reshape(d_S, d_B, d_S, d_B), state)

    # System: H_S_eff = H_S + Tr_B[rho_B H_int] - alpha_S h, with h = Tr[rho_S (x) rho_B H_int].
    h = tr(rho_S, on_system(rho_B, H_int))
    h_rate = tr(step_S, on_system(rho_B, H_int)) + tr(rho_S, on_system(step_B, H_int) + on_system(rho_B, H_int_rate))
    H_S_eff = H_S + on_system(rho_B, H_int) - alpha_S * h * np.eye(d_S)
    H_S_eff_rate = H_S_rate + on_system(step_B, H_int) + on_system(rho_B, H_int_rate) - alpha_S * h_rate * np.eye(d_S)
    row: dict[str, Any] = {
        "rho_S": rho_S, "E_S": tr(rho_S, H_S), "h": h, "U_S": tr(rho_S, H_S_eff),
        "Qdot_S": tr(step_S, H_S_eff), "Wdot_S": tr(rho_S, H_S_eff_rate),
    }  # fmt: skip

    # Baths: H_B,j_eff = H_B,j + Tr_S[rho_S f_j H_int,j] - alpha_B h_j.
    each: dict[str, list[float]] = {name: [] for name in ("h", "E_B", "U_B", "Qdot_B", "Wdot_B", "Edot_B")}
    for energies, part, rate in zip(system.energies_each, parts, rates, strict=True):
        H_B, mean_field = np.diag(energies), on_bath(rho_S, part)
        mean_field_rate = on_bath(step_S, part) + on_bath(rho_S, rate)
        h_j = tr(rho_B, mean_field)
        h_j_rate = tr(step_B, mean_field) + tr(rho_B, mean_field_rate)
        each["h"].append(h_j)
        each["E_B"].append(tr(rho_B, H_B))
        each["U_B"].append(tr(rho_B, H_B + mean_field - alpha_B * h_j * np.eye(d_B)))
        each["Edot_B"].append(tr(step_B, H_B))
        each["Qdot_B"].append(tr(step_B, H_B + mean_field - alpha_B * h_j * np.eye(d_B)))
        each["Wdot_B"].append(tr(rho_B, mean_field_rate - alpha_B * h_j_rate * np.eye(d_B)))
    row |= {f"{name}_each": np.array(values) for name, values in each.items()}
    row |= {name: float(np.sum(values)) for name, values in each.items() if name != "h"}

    # Correlations, and the work done on everything.
    row |= {
        "E_int": tr(rho, H_int), "U_chi": tr(chi, H_int), "U_tot": tr(rho, system.total(t).toarray()),
        "Qdot_chi": tr(chi_step, H_int), "Wdot_chi": tr(chi, H_int_rate),
        "Wdot_hamiltonians": tr(rho_S, H_S_rate) + tr(np.kron(rho_S, rho_B), H_int_rate),
        "Wdot_total": tr(rho_S, H_S_rate) + tr(rho, H_int_rate),
        "field": np.array([np.sum((a.T.toarray()) * rho_B) for a in system.lower]),
        "occupations": np.array([(a.T @ a).diagonal() @ rho_B.diagonal().real for a in system.lower]),
    }  # fmt: skip
    if entropies:
        weights = system.ensemble[0]
        S_S, S_B, S_SB = entropy(rho_S), entropy(rho_B), float(-np.sum(weights * np.log(weights)))
        log_gibbs = np.log(np.where(system.gibbs > 0, system.gibbs, 1.0))
        finite = not any(np.isinf(bath.beta) for bath in system.baths)
        D_B = float(-S_B - rho_B.diagonal().real @ log_gibbs) if finite else np.nan
        row |= {"S_S": S_S, "S_B": S_B, "S_SB": S_SB, "S_chi": S_S + S_B - S_SB, "D_B": D_B}
    return row


def ledger(
    system: General, times: Sequence[float] | Array, alpha_S: float = 0.5, *, nodes: int = 8
) -> dict[str, Array]:
    """Every column (n, ...) at ascending ``times`` from 0: those of ``columns_at``, and those accumulated since t = 0.

    Q_S, Q_B, W_S, W_B        int Tr[d rho_i H_i_eff], int Tr[rho_i dH_i_eff]
    Q_chi, W_chi              int Tr[d chi H_int], int Tr[chi dH_int]
    W_total, W_hamiltonians   int Tr[rho dH], int (Tr[rho_S dH_S] + Tr[rho_S (x) rho_B dH_int]) [29]
    Q_B_each, W_B_each        the parts of Q_B and W_B of each bath; flux_each = int dE_B,j = Delta E_B_each

    ``nodes`` points of Gauss quadrature between neighbouring times: kinks and jumps of a drive must be among the times. What stands
    at a jump is what comes after it, its work included: the state stays, so Tr[rho_i dH_i_eff] is the whole change of U_i.
    """
    times = np.asarray(times, dtype=float)
    x, w = np.polynomial.legendre.leggauss(nodes)
    inside = np.array([a + (b - a) * (x + 1) / 2 for a, b in pairwise(times)]).reshape(times.size - 1, nodes)
    every = np.concatenate([times[:1], np.hstack([inside, times[1:, None]]).ravel()])
    rows, jumping = [], {}
    for i, (t, psi) in enumerate(zip(every, system.states(every), strict=True)):
        rows.append(columns_at(system, psi, float(t), alpha_S, entropies=i % (nodes + 1) == 0))
        if t in system.jumps:
            jumping[float(t)] = psi
    columns = {name: np.array([row[name] for row in rows[:: nodes + 1]]) for name in rows[0]}
    steps = np.diff(times) / 2
    for name, rate in ACCUMULATED.items():
        values = np.array([row[rate] for row in rows[1:]])
        values = values.reshape(times.size - 1, nodes + 1, *values.shape[1:])[:, :nodes]
        pieces = np.einsum("k,ik...->i...", w, values) * steps.reshape(-1, *(1,) * (values.ndim - 2))
        columns[name] = np.concatenate([np.zeros_like(pieces[:1]), np.cumsum(pieces, axis=0)])
    for i in np.flatnonzero(np.isin(times, system.jumps)):
        row, psi = rows[i * (nodes + 1)], jumping[float(times[i])]
        old = columns_at(system, psi, before(float(times[i])), alpha_S, entropies=False)
        works = {"W_S": "U_S", "W_B": "U_B", "W_B_each": "U_B_each", "W_chi": "U_chi", "W_total": "U_tot"}
        for work, energy in works.items():
            columns[work][i:] += row[energy] - old[energy]
        columns["W_hamiltonians"][i:] += row["E_S"] + row["h"] - old["E_S"] - old["h"]
    return columns
