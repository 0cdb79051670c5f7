"""Collective modes: the few modes of a thermal bath that a system has met in a time t, independent of each other in the thermal state.

What the system feels of a bath is its field X(s) = sum_k g_k (a_k exp(-i w_k s) + h.c.), 0 <= s <= t. Within t these are about w_max t/pi
different operators, however many modes there are: the principal components of the noise (Karhunen and Loeve), the directions q of
phase space in which sum_k (q_k x_k + q_(M+k) p_k) carries most of <X(s) X(s')>. The first 2r of them are 2r coordinates of r modes,

    A_j = sum_k (u_kj a_k + w_kj a_k^dag),    <A_i^dag A_j> = n_j delta_ij,    <A_i A_j> = 0    in the thermal state

(J. Williamson, Am. J. Math. 58, 141 (1936)). At high temperature the velocity of the field is, but for a factor, what is conjugate to it
in the thermal state (the fluctuation-dissipation theorem), so that the field and its past close among themselves: what is left
out is independent of what is kept and has never been felt. Their thermal entropy is a fraction of that of the modes a_k.

As a_k = cosh b_k + sinh b'_k^dag with a vacuum of b and b', A_j = cosh(theta_j) eta_j + sinh(theta_j) zeta_j^dag with two orthonormal site
modes eta_j, zeta_j: a collective mode is read off the sites as a single one is. The same for the partners, by symmetry.

Baths are independent of each other: a coordinate of one commutes with all of another, and none of them makes a mode with it. So each
bath's components are paired among themselves, the first with the second and so on, and whole pairs are taken, the loudest first.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from tnthermo.bath_entropy.frame import Frame, Unphysical, thermal_entropy
from tnthermo.types import Complex, Real

FELT = 1e-3  # of the largest principal component, below which what is left is not worth reading
LEAST = 1e-7  # of the largest one, that a component of the noise must have to be looked for
NODES = 24  # of the time axis, and what a period of the fastest mode asks for in addition
COLD = 1e-6  # sinh(theta) of a collective mode that is as good as in its ground state
PAIRED = 1e6  # times the occupation of the hottest single mode (and 1): what is above has no conjugate coordinate and is no mode
ROUNDING = 1e-9  # below 0, that an occupation of 0 may come out as


@dataclass(frozen=True, kw_only=True, eq=False)
class Collective:
    """r independent modes of a thermal bath of M, and a quadrature of what is left.

    u, w        (M, r): A_j = sum_k (u_kj a_k + w_kj a_k^dag)
    occupations (r,) <A_j^dag A_j> in the thermal state, ascending
    left        (M,) amplitudes v of a quadrature sum_k v_k a_k + h.c. that commutes with all A_j and is independent of them; zero where
                nothing is left that the system has felt
    """

    u: Complex
    w: Complex
    occupations: Real
    left: Complex

    @property
    def modes(self) -> int:
        """Their number r."""
        return int(self.occupations.size)

    @property
    def entropies(self) -> Real:
        """(r,) thermal entropy of each, nats."""
        return thermal_entropy(self.occupations)

    def rows(self, frame: Frame, *, ancilla: bool) -> tuple[list[Complex], Real]:
        """For each mode (2, N) of (eta, zeta) over the sites, or (1, N) where it has no partner; and theta (r,).

        ancilla  of the mirror images among the partners a'_k: A'_j = sum_k (u_kj^* a'_k + w_kj^* a'_k^dag)
        """
        cells, theta = [], []
        for u, w in zip(self.u.T, self.w.T, strict=True):
            if ancilla:
                u, w = u.conj(), w.conj()
            eta, zeta = frame.mode(u, w, ancilla=ancilla), frame.mode(w.conj(), u.conj(), ancilla=ancilla)
            sinh = float(np.linalg.norm(zeta))
            eta = eta / np.linalg.norm(eta)
            cells.append(np.stack([eta, zeta / sinh]) if sinh > COLD else eta[None])
            theta.append(np.arcsinh(sinh) if sinh > COLD else 0.0)
        return cells, np.array(theta)

    def quadrature(self, frame: Frame, *, ancilla: bool) -> Complex:
        """(N,) normalised row of the site mode whose quadrature is what is left, or its mirror image; zero where nothing is."""
        row = frame.quadrature(self.left.conj() if ancilla else self.left, ancilla=ancilla)
        size = np.linalg.norm(row)
        return np.asarray(row / size if size > 0 else row)


@dataclass(frozen=True, kw_only=True, eq=False)
class Noise:
    """The principal components of the noise in [0, t], each of one bath.

    vectors  (2M, K) orthonormal columns z, in units of the thermal state: sum_k (q_k x_k + q_(M+k) p_k), q = z / sqrt(2 n + 1)
    shares   (K,) of each, descending: square roots of variances
    bath     (K,) number of the bath that each belongs to
    """

    vectors: Real
    shares: Real
    bath: npt.NDArray[np.int64]

    @property
    def pairs(self) -> npt.NDArray[np.int64]:
        """(K/2, 2) columns of the same bath that are coordinates of one mode, first and second, third and fourth; loudest pairs first."""
        found = [np.flatnonzero(self.bath == j).reshape(-1, 2) for j in np.unique(self.bath)]
        pairs = np.concatenate([np.zeros((0, 2), dtype=np.int64), *found])
        return pairs[np.argsort(-np.hypot(*self.shares[pairs].T), kind="stable")]


def principal(frame: Frame, t: float) -> Noise:
    """The components, two for each mode that has a partner. A time that is shorter than the fastest mode's is taken as that."""
    warm = np.flatnonzero(frame.theta > 0)
    if warm.size == 0:
        return Noise(vectors=np.zeros((2 * frame.modes, 0)), shares=np.zeros(0), bath=np.zeros(0, dtype=np.int64))
    fastest = frame.frequencies[warm].max()
    t = max(t, 1.0 / fastest)
    x, weights = np.polynomial.legendre.leggauss(NODES + int(fastest * t))
    numbers = np.unique(frame.bath[warm])
    parts = [_of_bath(frame, warm[frame.bath[warm] == j], 0.5 * t * (x + 1), 0.5 * t * weights) for j in numbers]
    shares = np.concatenate([share for _, share in parts])
    bath = np.concatenate([np.full(share.size, j) for j, (_, share) in zip(numbers, parts, strict=True)])
    order = np.argsort(-shares, kind="stable")
    return Noise(vectors=np.hstack([vectors for vectors, _ in parts])[:, order], shares=shares[order], bath=bath[order])


def _of_bath(frame: Frame, modes: npt.NDArray[np.int64], times: Real, weights: Real) -> tuple[Real, Real]:
    """((2M, 2m) components by decreasing share, (2m,) their shares) of the noise of ``modes`` (m,), a quadrature over time given."""
    count = modes.size
    phase = np.outer(frame.frequencies[modes], times)
    noise = np.outer(frame.couplings[modes] * np.sqrt(np.cosh(2 * frame.theta[modes])), np.sqrt(weights))
    felt = np.vstack([noise * np.cos(phase), -noise * np.sin(phase)])
    vectors, found, _ = np.linalg.svd(felt, full_matrices=True)
    shares = np.zeros(2 * count)
    shares[: found.size] = found[: 2 * count]
    whole = np.zeros((2, frame.modes, 2 * count))
    whole[:, modes] = vectors.reshape(2, count, 2 * count)
    return whole.reshape(2 * frame.modes, 2 * count), shares


def collective(frame: Frame, t: float, modes: int) -> Collective:
    """The r modes of the loudest pairs of principal components of the noise in [0, t].

    Raises ValueError for r out of range: 0 to the number of modes that have a partner; `Unphysical`.
    """
    if not 0 <= modes <= frame.warm:
        raise ValueError(f"modes = {modes}: 0 to {frame.warm}")
    return _of(frame, principal(frame, t), modes)


def felt_modes(frame: Frame, t: float) -> list[Collective]:
    """`collective` for r = 0, 1, ... as long as more of the noise is to be had. Raises `Unphysical`."""
    noise = principal(frame, t)
    most = int(np.sum(noise.shares[noise.pairs[:, 0]] > LEAST * noise.shares[0])) if frame.warm else 0
    return [_of(frame, noise, modes) for modes in range(most + 1)]


def _of(frame: Frame, noise: Noise, modes: int) -> Collective:
    size = np.tile(np.sqrt(np.cosh(2 * frame.theta)), 2)  # sqrt(2 n + 1)
    M, taken = frame.modes, noise.pairs[:modes]
    z = noise.vectors[:, taken.ravel()]

    def conjugate(columns: Real) -> Real:
        """The symplectic form between columns in units of the thermal state."""
        q = columns / size[:, None]
        return np.asarray(np.vstack([q[M:], -q[:M]]) / size[:, None])

    u, w = (np.zeros((M, modes), dtype=np.complex128) for _ in range(2))
    n, j = np.zeros(modes), 0
    for bath in np.unique(noise.bath[taken[:, 0]]):
        own = noise.vectors[:, taken[noise.bath[taken[:, 0]] == bath].ravel()]
        blocks, turn = scipy.linalg.schur(own.T @ conjugate(own), output="real")
        for k in range(0, own.shape[1], 2):
            kappa = float(blocks[k, k + 1])
            one, other = turn[:, k], turn[:, k + 1]
            if kappa < 0:
                one, other, kappa = other, one, -kappa
            n[j] = _occupation(frame, kappa, int(bath))
            # coordinates of commutator i and equal variance n + 1/2; A = (x + i p)/sqrt 2
            c = (own @ (one + 1j * other)) / size / np.sqrt(2 * kappa)
            u[:, j], w[:, j] = (c[:M] - 1j * c[M:]) / np.sqrt(2), (c[:M] + 1j * c[M:]) / np.sqrt(2)
            j += 1
    order = np.argsort(n, kind="stable")
    return Collective(
        u=u[:, order],
        w=w[:, order],
        occupations=n[order],
        left=_left(np.hstack([z, conjugate(z)]), noise.vectors * noise.shares, size),
    )


def _occupation(frame: Frame, kappa: float, bath: int) -> float:
    """n of two coordinates of the thermal state with variance 1 and commutator 2 i kappa, kappa = 1/(2 n + 1)."""
    most = PAIRED * (1 + float(frame.occupations.max()))
    if not kappa * (2 * most + 1) > 1:
        raise Unphysical(
            f"collective modes of bath {bath}: two coordinates of the noise commute (kappa = {kappa:.2g}), so that one has no "
            "partner to make a mode with"
        )
    n = 0.5 / kappa - 0.5
    if n < -ROUNDING:
        raise Unphysical(f"collective modes of bath {bath}: occupation {n:.2g} < 0, colder than a ground state")
    return max(0.0, n)  # within rounding


def _left(taken: Real, components: Real, size: Real) -> Complex:
    """The direction of most noise among those that commute with, and are independent of, what is taken."""
    M = size.size // 2
    if components.size == 0:
        return np.zeros(M, dtype=np.complex128)
    basis, kept, _ = np.linalg.svd(taken, full_matrices=False)
    basis = basis[:, kept > 1e-10]
    rest = components
    for _ in range(2):  # the second time for what rounding left
        rest = rest - basis @ (basis.T @ rest)
    direction, shares, _ = np.linalg.svd(rest)
    if shares[0] <= FELT * np.linalg.norm(components, 2):
        return np.zeros(M, dtype=np.complex128)
    q = direction[:, 0] / size
    return np.asarray((q[:M] - 1j * q[M:]) / np.sqrt(2))
