"""The ledger of a few modes by definition, from state vectors instead of density matrices: fast enough for hundreds of random models.

H(t) = H_S(t) + sum_j f_j(t) sum_m S_jm (x) B_jm + sum_j H_B,j in the Fock space of the physical modes, hbar = k_B = 1, nats.
rho = Psi Psi^dag, Psi (d_S, d_B, r) the start's ensemble, propagated by an explicit Runge-Kutta of order 8 in the frame that rotates
with H_B; heat and work are integrated with it, from Tr[d rho_i H_i_eff] and Tr[rho_i dH_i_eff]. No commutator is worked out by hand.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, reduce
from typing import Any

import numpy as np
import scipy.sparse
from scipy.integrate import solve_ivp
from scipy.linalg import expm
from scipy.sparse import csr_array as Sparse

Array = np.ndarray

LEFT_OUT = 1e-11  # weight of the start's ensemble that is not propagated
TOP = 1e-12  # population of a mode's highest level beyond which the space is too small
LARGEST = 60_000  # entries of Psi
LARGEST_DENSE = 700  # dimension of what is diagonalised for a mean-force start
NEAR = 1e-10  # times closer than this are one
FULL = 160  # states of the smaller side up to which the entropy of the bath is looked at everywhere


class TooLarge(Exception):
    """The space that the model needs is too large for this oracle."""


@dataclass(frozen=True, kw_only=True)
class Factor:
    """A drive f(t).

    value, slope  inside a piece between two breaks
    breaks        where it is not smooth; jumps: those of them where its value is not even continuous
    knots         times so close together that nothing hides between two neighbours and their halves
    """

    value: Callable[[float], float]
    slope: Callable[[float], float]
    breaks: tuple[float, ...] = ()
    jumps: tuple[float, ...] = ()
    knots: tuple[float, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Bath:
    """H_B = sum_k w_k a_k^dag a_k, coupled by A (x) sum g_k (a_k + a_k^dag), with ``exchange`` by L (x) C^dag + h.c., C = sum g_k a_k.

    alpha  <a_k> at the start, None for none
    """

    operator: Array
    frequencies: tuple[float, ...]
    couplings: tuple[float, ...]
    temperature: float
    exchange: bool = False
    strength: Factor | None = None
    alpha: tuple[complex, ...] | None = None

    @property
    def beta(self) -> float:
        return 1 / self.temperature if self.temperature > 0 else math.inf


@dataclass(frozen=True, kw_only=True)
class Dense:
    """One system, several baths, the modes counted through them in their order.

    initial  rho_S of a product start; None: exp(-beta H(0))/Z of the coupled whole
    drives   (factor, operator) of each driven part of H_S
    levels   Fock levels of each mode
    """

    hamiltonian: Array
    baths: tuple[Bath, ...]
    initial: Array | None
    levels: tuple[int, ...]
    drives: tuple[tuple[Factor, Array], ...] = ()

    @property
    def d_S(self) -> int:
        return self.hamiltonian.shape[0]

    @property
    def d_B(self) -> int:
        return math.prod(self.levels)

    @cached_property
    def owner(self) -> Array:
        """The bath of each mode."""
        return np.repeat(np.arange(len(self.baths)), [len(bath.frequencies) for bath in self.baths])

    @cached_property
    def frequencies(self) -> Array:
        return np.concatenate([bath.frequencies for bath in self.baths])

    @cached_property
    def numbers(self) -> Array:
        """a_k^dag a_k of each Fock configuration, (modes, d_B)."""
        return np.stack([n.ravel() for n in np.meshgrid(*(np.arange(float(d)) for d in self.levels), indexing="ij")])

    @cached_property
    def energies(self) -> Array:
        """Diagonals of H_B,j, (baths, d_B)."""
        each = self.frequencies[:, None] * self.numbers
        return np.stack([each[self.owner == j].sum(axis=0) for j in range(len(self.baths))])

    @cached_property
    def lower(self) -> list[Sparse]:
        """a_k of every mode on the whole bath."""
        ones = [scipy.sparse.eye_array(d) for d in self.levels]
        single = [scipy.sparse.diags_array(np.sqrt(np.arange(1.0, d)), offsets=1) for d in self.levels]
        return [Sparse(reduce(scipy.sparse.kron, [*ones[:k], single[k], *ones[k + 1 :]])) for k in range(len(single))]

    @cached_property
    def channels(self) -> list[list[tuple[Array, Sparse, int]]]:
        """Of each bath the (S, B, number of B^dag's channel) of which H_int,j is the sum."""
        found = []
        for j, bath in enumerate(self.baths):
            mine = [a for a, owner in zip(self.lower, self.owner, strict=True) if owner == j]
            C = Sparse(sum(g * a for g, a in zip(bath.couplings, mine, strict=True)))
            if bath.exchange:
                found.append([(bath.operator, Sparse(C.T), 1), (bath.operator.conj().T, C, 0)])
            else:
                found.append([(bath.operator, Sparse(C + C.T), 0)])
        return found

    @property
    def factors(self) -> list[Factor]:
        strengths = (bath.strength for bath in self.baths)
        return [factor for factor in (*strengths, *(factor for factor, _ in self.drives)) if factor is not None]

    def H_S(self, t: float) -> Array:
        return self.hamiltonian + sum(factor.value(t) * operator for factor, operator in self.drives)

    def H_S_rate(self, t: float) -> Array:
        return np.zeros_like(self.hamiltonian) + sum(factor.slope(t) * operator for factor, operator in self.drives)

    def strengths(self, t: float) -> tuple[list[float], list[float]]:
        """f_j and df_j/dt."""
        every = [bath.strength for bath in self.baths]
        return [1.0 if f is None else f.value(t) for f in every], [0.0 if f is None else f.slope(t) for f in every]

    # The start.

    @cached_property
    def gibbs(self) -> Array:
        """Populations (d_B,) of the thermal baths, those of the untruncated modes."""
        p = np.ones(self.d_B)
        for j, bath in enumerate(self.baths):
            p *= (self.energies[j] == 0) if math.isinf(bath.beta) else np.exp(-bath.beta * self.energies[j])
        return p / math.exp(sum(self.log_partitions))

    @cached_property
    def log_partitions(self) -> list[float]:
        """log Z of each uncoupled bath."""
        return [
            0.0 if math.isinf(bath.beta) else -sum(math.log(-math.expm1(-bath.beta * w)) for w in bath.frequencies)
            for bath in self.baths
        ]

    @cached_property
    def thermal_numbers(self) -> Array:
        """<a_k^dag a_k> of the uncoupled baths."""
        betas = np.array([self.baths[j].beta for j in self.owner])
        return np.where(np.isinf(betas), 0.0, 1 / np.expm1(np.minimum(betas * self.frequencies, 700)))

    @cached_property
    def start(self) -> tuple[Array, Array]:
        """(Psi (d_S, d_B, r), H_B,j (baths, r) of the Fock configuration of each column, before it is displaced; NaN for mean-force)."""
        if self.initial is None:
            return self._equilibrium(), np.full((len(self.baths), 1), np.nan)
        p, states = np.linalg.eigh(self.initial)
        weights = np.kron(np.where(p > 1e-14, p, 0.0), self.gibbs)
        order = np.argsort(weights)[::-1]
        kept = int(np.searchsorted(np.cumsum(weights[order]), 1 - LEFT_OUT)) + 1
        order = order[: min(kept, int(np.count_nonzero(weights)))]
        if self.d_S * self.d_B * order.size > LARGEST:
            raise TooLarge(f"{self.d_S} x {self.d_B} x {order.size}")
        i, n = np.divmod(order, self.d_B)
        columns = np.zeros((self.d_B, order.size), dtype=complex)
        columns[n, np.arange(order.size)] = np.sqrt(weights[order])
        shape = (*self.levels, order.size)
        for k, alpha in enumerate(a for bath in self.baths for a in bath.alpha or (0.0,) * len(bath.frequencies)):
            if alpha != 0:
                moved = np.tensordot(_displacement(alpha, self.levels[k]), columns.reshape(shape), axes=(1, k))
                columns = np.moveaxis(moved, 0, k).reshape(self.d_B, -1)
        return np.einsum("sr,br->sbr", states[:, i], columns), self.energies[:, n]

    def _equilibrium(self) -> Array:
        if self.d_S * self.d_B > LARGEST_DENSE:
            raise TooLarge(f"{self.d_S} x {self.d_B} to diagonalise")
        strengths = self.strengths(0.0)[0]
        whole = np.kron(self.H_S(0.0), np.eye(self.d_B)) + np.kron(np.eye(self.d_S), np.diag(self.energies.sum(axis=0)))
        for f, bath in zip(strengths, self.channels, strict=True):
            whole = whole + f * sum(np.kron(S, B.toarray()) for S, B, _ in bath)
        energies, vectors = np.linalg.eigh(whole)
        p = np.exp(-self.baths[0].beta * (energies - energies[0]))
        p /= p.sum()
        keep = np.cumsum(p[::-1])[::-1] > LEFT_OUT
        return (vectors[:, keep] * np.sqrt(p[keep])).reshape(self.d_S, self.d_B, -1)

    # The evolution.

    def ledger(self, times: Sequence[float], alpha_S: float) -> dict[str, Array]:
        """Every column (n, ...) at ascending ``times`` from 0, named and counted as in a ledger; what cannot be had is NaN.

        Raises `TooLarge`, also where a highest level filled.
        """
        flow, times = _Flow(self, alpha_S), [float(t) for t in times]
        breaks = sorted({b for factor in self.factors for b in factor.breaks})
        jumps = sorted({b for factor in self.factors for b in factor.jumps})
        stops = list(times)
        for t in (*breaks, *(t for factor in self.factors for t in factor.knots)):
            if 0 < t < times[-1] and min(abs(t - s) for s in stops) > NEAR:
                stops.append(t)
        stops.sort()
        psi, before = self.start
        y, accumulated = psi.astype(complex).ravel(), np.zeros(flow.size)
        rows: list[dict[str, Any]] = []
        wanted = {0, *np.linspace(1, max(1, len(times) - 1), 5).astype(int).tolist()}
        for k, t in enumerate(stops):
            if k:
                y, accumulated = flow.through(y, accumulated, stops[k - 1], t)
            here = y.reshape(psi.shape) * flow.turn(t).conj()
            later = stops[k + 1] - t if k + 1 < len(stops) else 1e-3
            broken = any(abs(t - b) <= NEAR for b in breaks)
            if k and any(abs(t - b) <= NEAR for b in jumps):
                accumulated = accumulated + flow.jump(here, t, min(later, t - stops[k - 1]))
            if t in times:
                if max(self.tops(here)) > TOP:
                    raise TooLarge(f"a highest level holds {max(self.tops(here)):.1g}")
                t = t + max(NEAR * 2, 1e-9 * later) if broken else t  # right of the break
                row = flow.columns(here, t, before, entropies=len(rows) in wanted, start=rows[0] if rows else {})
                rows.append(row | flow.named(accumulated))
        columns = {name: np.array([row[name] for row in rows]) for name in rows[0]}
        return _derived(self, columns)

    def tops(self, psi: Array) -> list[float]:
        """Population of each mode's highest level."""
        p = np.sum(np.abs(psi) ** 2, axis=(0, 2)).reshape(self.levels)
        return [float(np.take(p, -1, axis=k).sum()) for k in range(p.ndim)]


def _displacement(alpha: complex, levels: int) -> Array:
    """D(alpha) (levels, levels), from a space so much larger that the cut is not felt."""
    wide = levels + 30 + int(8 * abs(alpha) * math.sqrt(levels))
    a = np.diag(np.sqrt(np.arange(1.0, wide)), 1)
    return expm(alpha * a.T - np.conj(alpha) * a)[:levels, :levels]


def entropy(p: Array) -> float:
    """-sum p log p."""
    p = p[p > 1e-300]
    return float(-np.sum(p * np.log(p)))


class _Flow:
    """The equation of motion of Psi and of what is accumulated."""

    def __init__(self, system: Dense, alpha_S: float) -> None:
        self.system, self.alpha_S = system, alpha_S
        self.names = [
            "Q_S", "Q_chi", "W_S", "W_chi", "W_total",
            *(f"{kind}_B_each {j}" for kind in "QW" for j in range(len(system.baths))),
        ]  # fmt: skip
        self.size = len(self.names)
        self.total = system.energies.sum(axis=0)
        self.shape = system.start[0].shape

    def turn(self, t: float) -> Array:
        return np.exp(1j * self.total * t)[None, :, None]

    def through(self, y: Array, accumulated: Array, a: float, b: float) -> tuple[Array, Array]:
        """From a to b, no break between."""
        slack = 1e-12 * (b - a)

        def slope(t: float, packed: Array) -> Array:
            turn = self.turn(t)
            psi = packed[: -self.size].reshape(self.shape) * turn.conj()
            rate = self.rates(psi, min(max(t, a + slack), b - slack))
            moved = (rate["psi"] + 1j * self.total[None, :, None] * psi) * turn
            return np.concatenate([moved.ravel(), [rate[name] for name in self.names]])

        found = solve_ivp(slope, (a, b), np.concatenate([y, accumulated]), method="DOP853", rtol=1e-11, atol=1e-13)
        assert found.success, found.message
        return found.y[: -self.size, -1], found.y[-self.size :, -1].real

    def rates(self, psi: Array, t: float) -> dict[str, Any]:
        """d Psi/dt ("psi"), d rho_S/dt, and every rate of the ledger, by definition."""
        system, d_S = self.system, self.system.d_S
        H_S, H_S_rate = system.H_S(t), system.H_S_rate(t)
        f, f_rate = system.strengths(t)

        def on_S(matrix: Array, vector: Array) -> Array:
            return (matrix @ vector.reshape(d_S, -1)).reshape(vector.shape)

        def on_B(matrix: Sparse, vector: Array) -> Array:
            return np.stack([matrix @ part for part in vector])

        def mean(left: Array, right: Array) -> complex:
            return complex(np.vdot(left, right))

        moved = [[on_B(B, psi) for _, B, _ in bath] for bath in system.channels]
        parts = [
            sum(on_S(S, phi) for (S, _, _), phi in zip(bath, phis, strict=True))
            for bath, phis in zip(system.channels, moved, strict=True)
        ]
        H_psi = on_S(H_S, psi) + self.total[None, :, None] * psi
        for strength, part in zip(f, parts, strict=True):
            H_psi = H_psi + strength * part
        step = -1j * H_psi
        flat, flat_step = psi.reshape(d_S, -1), step.reshape(d_S, -1)
        rho_S = flat @ flat.conj().T
        rho_S_rate = flat_step @ flat.conj().T
        rho_S_rate = rho_S_rate + rho_S_rate.conj().T
        S_work = float(np.trace(rho_S @ H_S_rate).real)
        found: dict[str, Any] = {
            "psi": step, "rho_S": rho_S, "rho_S_rate": rho_S_rate, "H_S": H_S,
            "Q_S": float(np.trace(rho_S_rate @ H_S).real), "Q_chi": 0.0, "W_S": S_work, "W_chi": 0.0, "W_total": S_work,
            "h": 0.0, "E_int": 0.0, "E_B": [], "flux": [], "h_each": [], "field": np.zeros((d_S, d_S), dtype=complex),
        }  # fmt: skip
        for j, (bath, phis, part) in enumerate(zip(system.channels, moved, parts, strict=True)):
            s = [complex(np.trace(rho_S @ S)) for S, _, _ in bath]
            ds = [complex(np.trace(rho_S_rate @ S)) for S, _, _ in bath]
            b = [mean(psi, phi) for phi in phis]
            db = [mean(step, phi) + mean(phis[other], step) for phi, (_, _, other) in zip(phis, bath, strict=True)]
            sb, dsb, sdb = (
                float(sum(x * y for x, y in zip(xs, ys, strict=True)).real) for xs, ys in ((s, b), (ds, b), (s, db))
            )
            energy = system.energies[j][None, :, None] * psi
            flux = 2 * mean(step, energy).real
            both, both_rate = mean(psi, part).real, 2 * mean(step, part).real
            h_rate = f[j] * (dsb + sdb) + f_rate[j] * sb
            found["E_B"].append(mean(psi, energy).real)
            found["flux"].append(flux)
            found["h_each"].append(f[j] * sb)
            found["h"] += f[j] * sb
            found["E_int"] += f[j] * both
            found["field"] += f[j] * sum(y * S for y, (S, _, _) in zip(b, bath, strict=True))
            found["Q_S"] += f[j] * dsb
            found["W_S"] += f[j] * sdb + f_rate[j] * sb - self.alpha_S * h_rate
            found[f"Q_B_each {j}"] = flux + f[j] * sdb
            found[f"W_B_each {j}"] = f[j] * dsb + f_rate[j] * sb - (1 - self.alpha_S) * h_rate
            found["Q_chi"] += f[j] * (both_rate - dsb - sdb)
            found["W_chi"] += f_rate[j] * (both - sb)
            found["W_total"] += f_rate[j] * both
        return found

    def jump(self, psi: Array, t: float, later: float) -> Array:
        """What a jump of the factors at t adds to what is accumulated: works, by the same definitions at fixed rho.

        later  how far it is to the next stop
        """
        slack = max(NEAR * 2, 1e-9 * later)
        before, after = self.rates(psi, t - slack), self.rates(psi, t + slack)
        system = self.system
        change_S = float(np.trace(before["rho_S"] @ (after["H_S"] - before["H_S"])).real)
        h = np.array(after["h_each"]) - np.array(before["h_each"])
        both = after["E_int"] - before["E_int"]
        values = dict.fromkeys(self.names, 0.0)
        values["W_S"] = change_S + (1 - self.alpha_S) * float(h.sum())
        values["W_chi"] = both - float(h.sum())
        values["W_total"] = change_S + both
        values |= {f"W_B_each {j}": self.alpha_S * float(h[j]) for j in range(len(system.baths))}
        return np.array([values[name] for name in self.names])

    def named(self, accumulated: Array) -> dict[str, Any]:
        by_name = dict(zip(self.names, accumulated, strict=True))
        each = {
            f"{kind}_B_each": np.array([by_name[f"{kind}_B_each {j}"] for j in range(len(self.system.baths))])
            for kind in "QW"
        }
        plain = {name: value for name, value in by_name.items() if " " not in name}
        return plain | each | {f"{kind}_B": float(each[f"{kind}_B_each"].sum()) for kind in "QW"}

    def columns(self, psi: Array, t: float, before: Array, *, entropies: bool, start: dict[str, Any]) -> dict[str, Any]:
        """What the state at t (right of a break) gives."""
        system, r = self.system, self.rates(psi, t)
        rho_S, E_B, flux = r["rho_S"], np.array(r["E_B"]), np.array(r["flux"])
        thermal = np.array([
            (system.frequencies * system.thermal_numbers)[system.owner == j].sum() for j in range(len(system.baths))
        ])  # fmt: skip
        E_S = float(np.trace(rho_S @ r["H_S"]).real)
        joint = np.sum(np.abs(psi) ** 2, axis=0)
        numbers = system.numbers @ joint.sum(axis=1) - system.thermal_numbers
        Q_B, W_B = (sum(r[f"{kind}_B_each {j}"] for j in range(len(system.baths))) for kind in "QW")
        row: dict[str, Any] = {
            "rho_S": rho_S, "E_S": E_S, "E_int": r["E_int"], "h": r["h"], "E_B_each": E_B - thermal,
            "E_B": float((E_B - thermal).sum()), "U_S": E_S + (1 - self.alpha_S) * r["h"],
            "U_B": float((E_B - thermal).sum()) + self.alpha_S * r["h"], "U_chi": r["E_int"] - r["h"],
            "Qdot_S": r["Q_S"], "Qdot_B": Q_B, "Wdot_S": r["W_S"], "Wdot_B": W_B, "flux_each": flux, "mode_occupation": numbers,
            "Udot_chi": r["Q_chi"] + r["W_chi"], "S_S": entropy(np.linalg.eigvalsh(rho_S)),
            "Sdot_S": _entropy_rate(rho_S, r["rho_S_rate"]),
            "Qdot_B_each": np.array([r[f"Q_B_each {j}"] for j in range(len(system.baths))]),
        }  # fmt: skip
        row["U_tot"] = row["U_S"] + row["U_B"] + row["U_chi"]
        levels = np.linalg.eigvalsh(r["H_S"])
        row["log_Z_S"] = np.array([
            np.nan if math.isinf(bath.beta) else _log_sum(-bath.beta * levels) for bath in system.baths
        ])  # fmt: skip
        if system.initial is not None and all(bath.alpha is None for bath in system.baths):
            change = system.energies[:, :, None] - before[:, None, :]
            mean = np.einsum("nr,jnr->j", joint, change)
            second = np.einsum("nr,jnr,lnr->jl", joint, change, change) - np.outer(mean, mean)
            row |= {"Var_Q_B": float(second.sum()), "Var_Q_B_each": np.diag(second).copy()}
        else:
            row |= {"Var_Q_B": np.nan, "Var_Q_B_each": np.full(len(system.baths), np.nan)}
        if r["field"].shape[0] == 2:
            row |= _extended(rho_S, r["rho_S_rate"], r["H_S"] + r["field"])
        matrix, rate = (v.transpose(1, 0, 2).reshape(system.d_B, -1) for v in (psi, r["psi"]))
        if entropies or min(matrix.shape) <= FULL:
            row["S_B"], row["Sdot_B"] = _cut_entropy(matrix, rate)
            row["S_SB"] = _ensemble_entropy(psi)
            row["Delta_S_B"] = row["S_B"] - (start or row)["S_B"]
        else:
            row |= dict.fromkeys(("S_B", "Sdot_B", "S_SB", "Delta_S_B"), np.nan)
        return row


def _log_sum(exponents: Array) -> float:
    return float(exponents.max() + np.log(np.sum(np.exp(exponents - exponents.max()))))


def _ensemble_entropy(psi: Array) -> float:
    """Entropy of Psi Psi^dag whose columns are orthogonal."""
    return entropy(np.sum(np.abs(psi.reshape(-1, psi.shape[-1])) ** 2, axis=0))


def _entropy_rate(rho: Array, rate: Array) -> float:
    """-Tr[d rho/dt log rho]; NaN where an empty direction fills."""
    p, v = np.linalg.eigh(rho)
    flow = np.einsum("ji,jk,ki->i", v.conj(), rate, v).real
    if np.any((p < 1e-13) & (np.abs(flow) > 1e-9)):
        return np.nan
    return float(-np.sum(flow[p > 1e-13] * np.log(p[p > 1e-13])))


def _cut_entropy(matrix: Array, rate: Array) -> tuple[float, float]:
    """(S, dS/dt) of M M^dag, M (d_B, n) with its rate: from the singular values, whichever side is smaller."""
    if matrix.shape[0] <= matrix.shape[1]:
        p, u = np.linalg.eigh(matrix @ matrix.conj().T)
        flow = 2 * np.einsum("ji,jk,ki->i", u.conj(), rate @ matrix.conj().T, u).real
    else:
        p, v = np.linalg.eigh(matrix.conj().T @ matrix)
        flow = 2 * np.einsum("ji,jk,ki->i", v.conj(), matrix.conj().T @ rate, v).real
    good = p > 1e-15
    return entropy(p[good]), float(-np.sum(flow[good] * np.log(p[good])))


def _extended(rho: Array, rate: Array, field: Array) -> dict[str, float]:
    """T_ext_S and the rate of Sigma_ext_S of a qubit [48]; field = H_S + sum f <B> S."""
    sigma = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    r, dr, h = (np.einsum("kij,ji->k", sigma, m).real for m in (rho, rate, field))
    length, size = np.linalg.norm(r), np.linalg.norm(h)
    if length < 1e-9 or size < 1e-9 or length > 1 - 1e-12:
        return {"T_ext_S": np.nan, "Sigmadot_ext_S": np.nan}
    l = math.log((1 + length) / (1 - length))
    along = float(r @ h) / (length * size)
    perpendicular = r / length - along * h / size
    # H_S_eff = h_0 + hvec.sigma/2 and Tr[sigma H] = hvec
    T = math.inf if along == 0 else -size / (l * along)
    return {"T_ext_S": T, "Sigmadot_ext_S": float(-(l / 2) * perpendicular @ dr)}


def _derived(system: Dense, c: dict[str, Array]) -> dict[str, Array]:
    """What follows from the columns by definition."""
    betas = np.array([bath.beta for bath in system.baths])
    c["S_chi"] = c["S_S"] + c["S_B"] - c["S_SB"]
    c["Sdot_chi"] = c["Sdot_S"] + c["Sdot_B"]
    with np.errstate(divide="ignore", invalid="ignore"):
        c["T_S"] = (c["Qdot_S"] + c["Wdot_S"]) / c["Sdot_S"]
        c["T_B"] = (c["Qdot_B"] + c["Wdot_B"]) / c["Sdot_B"]
        c["T_chi"] = c["Udot_chi"] / c["Sdot_chi"]
        for part in "SB":
            c[f"Sigmadot_pseudo_{part}"] = c[f"Wdot_{part}"] / c[f"T_{part}"]
        c["Sigmadot_pseudo"] = c["Sigmadot_pseudo_S"] + c["Sigmadot_pseudo_B"]
    if np.all(np.isfinite(betas)):
        thermal = np.array([
            (system.frequencies * system.thermal_numbers)[system.owner == j].sum() for j in range(len(system.baths))
        ])  # fmt: skip
        delta = c["S_S"] - c["S_S"][0]
        c["Sigma_total"] = delta + (c["E_B_each"] - c["E_B_each"][0]) @ betas
        c["Sigma_B"] = c["Delta_S_B"] - c["Q_B_each"] @ betas
        c["Sigmadot_B"] = c["Sdot_B"] - c["Qdot_B_each"] @ betas
        c["D_B"] = -c["S_B"] + (c["E_B_each"] + thermal) @ betas + sum(system.log_partitions)
        if np.all(betas == betas[0]):
            c["Sigma_S"] = delta - betas[0] * c["Q_S"]
            c["Sigmadot_S"] = c["Sdot_S"] - betas[0] * c["Qdot_S"]
            c["D_S"] = -c["S_S"] + betas[0] * c["E_S"] + c["log_Z_S"][:, 0]
            c["Sigma_Lindblad_S"] = c["D_S"][0] - c["D_S"]
    return c
