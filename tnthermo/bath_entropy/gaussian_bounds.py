"""Cheap companions of the bracket: bounds on the entropy change of the whole physical bath that need no spectrum.

From above, by the maximum entropy of Gaussian states: S_B <= S(G), G the Gaussian state with the first and second moments of the modes a_k.
As log rho_B^beta is quadratic, that is D(rho_B||rho_B^beta) >= D(G||rho_B^beta). It needs two-point functions of the sites only.

From below, by a relative entropy of order 2 (M. Muller-Lennert et al., J. Math. Phys. 54, 122203 (2013): it grows with the order):

    D(rho_B||tau) <= log Tr[rho_B tau^-1/2 rho_B tau^-1/2] <= log Tr[rho_B^2 tau^-1],   tau = rho_B^beta,

so that Delta S_B >= sum_k beta w_k Delta n_k - that. It is the logarithm of the squared norm of tau^-1/4 rho_B tau^-1/4, an operator
whose bond is the square of the state's.

Both are for the state given, divided by its norm, and for baths that were thermal, displaced or not, at the start.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.bath_entropy.frame import Frame, thermal_entropy
from tnthermo.bath_entropy.reordering import Line, collect
from tnthermo.bath_entropy.squeezing import FAR, SPREAD, squeezed
from tnthermo.kernels.arrays import array_list
from tnthermo.kernels.measure import correlations, lowered, pass_right
from tnthermo.network.state import State, Tensor
from tnthermo.types import Complex, Real

UNPHYSICAL = 1e-6  # how far below 1/2 a symplectic eigenvalue may be by rounding, relative
NOTHING = 1e-14  # of an operator's squared norm, where 1 is that of equilibrium
GROWTH = 0.05  # of the divergence, when the two highest levels of every site are left out: more is not converged
LEAST_ROWS = 256  # for the time that a cell's own operator takes


@dataclass(frozen=True, kw_only=True, eq=False)
class Moments:
    """Of the N sites of a line but the system's, for the state divided by its norm.

    means      <c_n> (N,)
    normal     <c_m^dag c_n> - <c_m>^* <c_n> (N, N)
    anomalous  <c_m c_n> - <c_m> <c_n> (N, N)
    """

    means: Complex
    normal: Complex
    anomalous: Complex


@dataclass(frozen=True, kw_only=True, eq=False)
class Gaussian:
    """The Gaussian state with the moments of all physical modes, in the order of the frame.

    entropy_change  S(G) - S_B(0), nats: Delta S_B <= it, S_chi <= Delta S_S + it
    quanta          (M,) <a_k^dag a_k> - n_k^beta, the squares of the means included
    """

    entropy_change: float
    quanta: Real

    def divergence(self, frame: Frame, betas: Sequence[float]) -> float:
        """D(G||rho_B^beta) <= D(rho_B||rho_B^beta), nats, ``betas`` (B,) finite."""
        return float(exponents(frame, betas) @ self.quanta) - self.entropy_change


@dataclass(frozen=True, kw_only=True)
class Renyi:
    """log Tr[rho_B tau^-1/2 rho_B tau^-1/2] >= D(rho_B||rho_B^beta).

    divergence  nats; inf where it is infinite or does not settle with the levels, NaN where it was too dear
    reason      for inf and NaN
    rank        largest rank of the operator that was needed at a bond
    """

    divergence: float
    reason: str = ""
    rank: int = 0


def exponents(frame: Frame, betas: Sequence[float]) -> Real:
    """beta w_k (M,), ``betas`` (B,) of the baths."""
    return np.asarray(np.asarray(betas, dtype=np.float64)[frame.bath] * frame.frequencies)


def means(tensors: Sequence[Tensor]) -> Complex:
    """<c_n> (N,) of the sites 1 .. N, not divided by the norm; centre at site 0, all others right-orthonormal."""
    block = np.ones((1, 1), dtype=np.complex128)
    found = []
    for place, tensor in enumerate(tensors):
        if place > 0:
            inside = np.tensordot(block.T, tensor, axes=1)
            found.append(np.vdot(tensor, lowered(np.ascontiguousarray(inside))))
        block = pass_right(tensor, block)
    return np.array(found, dtype=np.complex128)


def moments(state: State) -> Moments:
    """First and second moments of a state whose system is at site 0; time O(N^2 bond^3)."""
    _at_origin(state)
    count = len(state.tensors) - 1
    normal, anomalous = (np.zeros((count, count), dtype=np.complex128) for _ in range(2))
    correlations(array_list(list(state.tensors)), np.arange(1, count + 1), normal, anomalous)
    weight = float(np.vdot(state.tensors[0], state.tensors[0]).real)
    c = means(state.tensors) / weight
    return Moments(
        means=c,
        normal=normal / weight - np.multiply.outer(c.conj(), c),
        anomalous=anomalous / weight - np.multiply.outer(c, c),
    )


def gaussian_bound(state: State, frame: Frame) -> Gaussian:
    """The upper bound on Delta S_B. Raises ValueError for a system that is not at site 0 or a frame of another line."""
    return gaussian(moments(state), frame)


def gaussian(found: Moments, frame: Frame) -> Gaussian:
    """The Gaussian state of all modes of a frame.

    Everything is counted from the thermal state: the frame's vacuum has no moments, and what a thermal mode has of its own, sinh(theta)^2,
    is never subtracted. The covariance matrix is V = D (1 + E) D, D^2 that of the thermal state, 1 + E = K K^T, and the inverses of its
    symplectic eigenvalues are the eigenvalues of i K^-1 D^-1 Omega D^-1 K^-T: the smallest, of modes near a pure state, come
    out to rounding however hot the others are.

    Raises ValueError for moments of no state, and for sizes that differ.
    """
    if found.means.size != frame.own.shape[1]:
        raise ValueError(f"{found.means.size} sites, the frame has {frame.own.shape[1]}")
    normal, anomalous, quanta = _physical(found, frame)
    M = frame.modes
    excess = np.block(
        [
            [(normal + anomalous).real, (anomalous + normal).imag],
            [(anomalous + normal).imag.T, (normal - anomalous).real],
        ]
    )
    n0 = np.sinh(frame.theta) ** 2
    inverse = 1 / np.sqrt(np.tile(n0 + 0.5, 2))
    relative = np.eye(2 * M) + 0.5 * (excess + excess.T) * np.multiply.outer(inverse, inverse)
    try:
        K = np.linalg.cholesky(relative)
    except np.linalg.LinAlgError:
        raise ValueError("the second moments belong to no state") from None
    form = np.zeros((2 * M, 2 * M))
    form[:M, M:], form[M:, :M] = np.diag(inverse[:M] ** 2), np.diag(-(inverse[:M] ** 2))
    half = np.linalg.solve(K, form)
    t = np.linalg.eigvalsh(1j * np.linalg.solve(K, half.T).T)[M:]  # 1/nu, 0 < t <= 2
    if M and t.max() > 2 * (1 + UNPHYSICAL):
        raise ValueError(f"a symplectic eigenvalue of {1 / t.max():.9g} < 1/2: the second moments belong to no state")
    n = np.maximum(1 / t - 0.5, 0.0)
    change = np.sum(np.sort(thermal_entropy(n)) - np.sort(thermal_entropy(n0)))
    return Gaussian(entropy_change=float(change), quanta=quanta)


def _physical(found: Moments, frame: Frame) -> tuple[Complex, Complex, Real]:
    """Centred <a_j^dag a_k> and <a_j a_k> (M, M) without the thermal ones, and all quanta (M,) beyond them."""
    u, v = np.cosh(frame.theta)[:, None] * frame.own, np.sinh(frame.theta)[:, None] * frame.partner

    def of(left: Complex, matrix: Complex, right: Complex) -> Complex:
        return np.asarray(left @ matrix @ right.T)

    N, A = found.normal, found.anomalous
    pairs = of(v, A, u)  # <b'_j b_k>
    crossed = of(v.conj(), N, u)  # <b'_j^dag b_k>
    normal = of(u.conj(), N, u) + of(v.conj(), N, v).T + pairs + pairs.conj().T
    anomalous = of(u, A, u) + of(v, A, v).conj() + crossed + crossed.T
    mean = u @ found.means + (v @ found.means).conj()
    return normal, anomalous, np.diagonal(normal).real + np.abs(mean) ** 2


def renyi_bound(
    state: State, frame: Frame, betas: Sequence[float], *, weight: float = 1e-10, limit: int = 5_000_000
) -> Renyi:
    """The lower bound on Delta S_B, by way of D.

    betas   (B,) of the baths
    weight  of the operator's squared norm, that one bond may leave out; what one rotation of the sites may drop as well. Below the
            noise of the run the operator makes noise large: at 1e-12 a dense run's bound changes by percents from machine to machine
    limit   elements of the largest array (16 bytes each), about bond^2 rank levels^4, rank <= bond^2 that of the operator

    A state of finitely many levels has a finite value. It is called infinite where it still grows with the levels: so it is if a mode is
    hotter than twice its T, and it may be if the levels are too few to tell.

    Raises ValueError for a system that is not at site 0 or sizes that differ.
    """
    _at_origin(state)
    if len(state.tensors) - 1 != frame.own.shape[1]:
        raise ValueError(f"{len(state.tensors) - 1} sites, the frame has {frame.own.shape[1]}")
    x = exponents(frame, betas)
    if np.any(np.isinf(x)):
        return Renyi(divergence=math.inf, reason="T = 0: any change of the bath makes it infinite")
    order = np.argsort((np.abs(frame.own) ** 2) @ np.arange(frame.own.shape[1]), kind="stable")
    rows = np.concatenate([frame.rows(int(k)) for k in order])
    line = _occupied(collect(Line(tensors=state.tensors), rows, weight=weight).tensors, weight)
    found = [_divergence(line, frame, x, order, weight, limit, cut) for cut in (2, 0)]
    for one in found:
        if math.isnan(one.divergence):
            return one
    few, all_levels = found[0].divergence, found[1].divergence
    if not abs(all_levels - few) <= GROWTH * all_levels + 1e-9:
        reason = f"grows with the levels: {few:.3g} without the two highest of each site, {all_levels:.3g} with them"
        return Renyi(divergence=math.inf, reason=reason, rank=found[1].rank)
    return found[1]


def _divergence(
    line: Sequence[Tensor], frame: Frame, x: Real, order: npt.NDArray[np.int64], weight: float, limit: int, cut: int
) -> Renyi:
    """With the ``cut`` highest levels of every site left out, from the last cell to the first."""
    cells, at = [], 1
    for k in order:
        sites = 2 if frame.theta[k] > 0 else 1
        one, *other = (_lower(t, cut) for t in line[at : at + sites])
        cells.append(np.tensordot(one, other[0], axes=1) if other else one[:, :, None, :])
        at += sites
    density, norm = _densities(line[0], cells)
    rest = cells[-1].shape[3] if cells else line[0].shape[2]
    right = np.eye(rest, dtype=np.complex128)[:, :, None]  # (ket, bra, rank): what no mode owns is traced out
    rank = 1
    for j in reversed(range(len(cells))):
        cell, k = cells[j], int(order[j])
        r, d, e, _ = cell.shape
        size = max(r * r * right.shape[2], LEAST_ROWS) * (d * e) ** 2
        if size > limit:
            reason = f"too dear: an array of {size:.2g} elements, bond {r}, rank {right.shape[2]}, {d} x {e} levels"
            return Renyi(divergence=math.nan, reason=reason, rank=rank)
        weights = _weights(float(frame.theta[k]), float(x[k]), d, e)
        ket = np.tensordot(cell, right, axes=(3, 0))  # (r, m, m', bra, rank)
        both = np.tensordot(ket, cell.conj(), axes=(3, 3))  # (r, m, m', rank, r*, k, k')
        flat = both.transpose(0, 4, 3, 1, 2, 5, 6).reshape(-1, (d * e) ** 2)
        right = _fewer((flat @ weights).reshape(r, r, -1), density[j], weight)
        rank = max(rank, right.shape[2])
    centre = line[0][0]
    whole = np.tensordot(np.tensordot(centre, right, axes=(1, 0)), centre.conj(), axes=([0, 1], [0, 1]))
    return Renyi(divergence=math.log(float(np.vdot(whole, whole).real)) - 2 * math.log(norm), rank=rank)


def _occupied(tensors: Sequence[Tensor], weight: float) -> list[Tensor]:
    """Every site without its highest levels of total population <= ``weight``: more of them are noise that the operator makes large."""
    found, block = [tensors[0]], pass_right(tensors[0], np.ones((1, 1), dtype=np.complex128))
    for tensor in tensors[1:]:
        held = np.einsum("lm,lnr,mnr->n", block, tensor, tensor.conj(), optimize=True).real
        block = pass_right(tensor, block)
        found.append(_lower(tensor, tensor.shape[1] - int(np.sum(np.cumsum(held[::-1])[::-1] > weight))))
    return found


def _lower(tensor: Tensor, cut: int) -> Tensor:
    return np.ascontiguousarray(tensor[:, : max(1, tensor.shape[1] - cut)])


def _densities(centre: Tensor, cells: Sequence[Complex]) -> tuple[list[Complex], float]:
    """(r, r) of the bond before each cell, and the squared norm of the whole."""
    block = np.tensordot(centre[0], centre[0].conj(), axes=(0, 0))
    found = []
    for cell in cells:
        found.append(block)
        half = np.tensordot(block, cell, axes=(0, 0))
        block = np.tensordot(half, cell.conj(), axes=([0, 1, 2], [0, 1, 2]))
    return found, float(np.trace(block).real)


def _fewer(right: Complex, density: Complex, weight: float) -> Complex:
    """The operators right of a bond in fewer orthonormal ones, by their weight in what is left of it."""
    r, _, count = right.shape
    values, vectors = np.linalg.eigh(density)
    root = (vectors * np.sqrt(np.clip(values, 0.0, None))).T
    seen = np.tensordot(np.tensordot(root, right, axes=1), root.conj(), axes=(1, 1))  # (r, rank, r*)
    flat = seen.transpose(0, 2, 1).reshape(r * r, count)
    if count <= r * r:
        weights, kept = np.linalg.eigh(flat.conj().T @ flat)
        keep = np.cumsum(np.clip(weights, 0.0, None)) > weight * np.sum(weights)
        chosen = kept[:, keep]
    else:
        weights, kept = np.linalg.eigh(flat @ flat.conj().T)
        keep = np.cumsum(np.clip(weights, 0.0, None)) > weight * np.sum(weights)
        chosen, _ = np.linalg.qr(flat.conj().T @ kept[:, keep])
    return np.asarray(right @ chosen)


def _weights(theta: float, x: float, own: int, partner: int) -> Real:
    """(m m' k k', rank): |m, m'><k, k'| of a cell, its partner traced out, as tau^-1/4 (.) tau^-1/4 in an orthonormal set of operators.

    <n| that |l> = (1 - exp(-x))^-1/2 exp(x (n + l)/4) sum_n' <n, n'|S|m, m'> <l, n'|S|k, k'>, and n - n' = m - m': one term.
    """
    levels = 2 + own + partner + (int(2 * (FAR + SPREAD * (own + partner)) / x) if theta > 0 else 0)
    f = squeezed(theta, levels, own, partner)
    f *= np.exp(0.25 * x * np.arange(levels))[:, None, None] * (-np.expm1(-x)) ** -0.25
    difference = np.subtract.outer(np.arange(own), np.arange(partner)).reshape(-1)
    f = f.reshape(levels, -1)
    shift = np.subtract.outer(difference, difference)  # n - l
    columns = []
    for s in np.unique(shift):
        first, second = np.nonzero(shift == s)
        n = np.arange(max(0, s), levels + min(0, s))
        elements = f[n][:, first] * f[n - s][:, second]
        values, vectors = np.linalg.eigh(elements.T @ elements)
        keep = values > NOTHING
        column = np.zeros((shift.size, int(keep.sum())))
        column[first * difference.size + second] = vectors[:, keep] * np.sqrt(values[keep])
        columns.append(column)
    return np.concatenate(columns, axis=1)


def _at_origin(state: State) -> None:
    if state.system != 0:
        raise ValueError(f"the system stands at site {state.system}; this takes it at site 0")
