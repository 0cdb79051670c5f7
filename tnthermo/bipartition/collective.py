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
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.linalg import schur

from tnthermo.bipartition.frame import Frame, thermal_entropy

Complex = npt.NDArray[np.complex128]
Real = npt.NDArray[np.float64]

FELT = 1e-3  # of the largest principal component, below which what is left is not worth reading
LEAST = 1e-7  # of the largest one, that a component of the noise must have to be looked for
NODES = 24  # of the time axis, and what a period of the fastest mode asks for in addition
COLD = 1e-6  # sinh(theta) of a collective mode that is as good as in its ground state


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


def principal(frame: Frame, t: float) -> tuple[Real, Real]:
    """(2M, 2 warm) orthonormal columns z by decreasing share of the noise in [0, t], and their shares, square roots of variances.

    z is in units of the thermal state: the operator is sum_k (q_k x_k + q_(M+k) p_k), q = z / sqrt(2 n + 1). Modes without a partner
    make no part of it. A time that is shorter than the fastest mode's is taken as that.
    """
    warm = np.flatnonzero(frame.theta > 0)
    w, count = frame.frequencies[warm], warm.size
    if count == 0:
        return np.zeros((2 * frame.modes, 0)), np.zeros(0)
    t = max(t, 1.0 / w.max())
    x, weights = np.polynomial.legendre.leggauss(NODES + int(w.max() * t))
    phase = 0.5 * t * np.outer(w, x + 1)
    noise = np.outer(frame.couplings[warm] * np.sqrt(np.cosh(2 * frame.theta[warm])), np.sqrt(0.5 * t * weights))
    of_baths = [np.where((frame.bath[warm] == j)[:, None], noise, 0.0) for j in np.unique(frame.bath[warm])]
    felt = np.hstack([np.vstack([one * np.cos(phase), -one * np.sin(phase)]) for one in of_baths])
    vectors, found, _ = np.linalg.svd(felt, full_matrices=True)
    shares = np.zeros(2 * count)
    shares[: found.size] = found[: 2 * count]
    whole = np.zeros((2, frame.modes, 2 * count))
    whole[:, warm] = vectors.reshape(2, count, 2 * count)
    return whole.reshape(2 * frame.modes, 2 * count), shares


def collective(frame: Frame, t: float, modes: int) -> Collective:
    """The r modes that hold the 2r largest principal components of the noise in [0, t].

    Raises ValueError for r out of range: 0 to the number of modes that have a partner.
    """
    if not 0 <= modes <= frame.warm:
        raise ValueError(f"modes = {modes}: 0 to {frame.warm}")
    vectors, shares = principal(frame, t)
    return _of(frame, vectors, shares, modes)


def felt_modes(frame: Frame, t: float) -> list[Collective]:
    """`collective` for r = 0, 1, ... as long as more of the noise is to be had."""
    vectors, shares = principal(frame, t)
    most = (int(np.sum(shares > LEAST * shares[0])) + 1) // 2 if frame.warm else 0
    return [_of(frame, vectors, shares, modes) for modes in range(most + 1)]


def _of(frame: Frame, vectors: Real, shares: Real, modes: int) -> Collective:
    size = np.tile(np.sqrt(np.cosh(2 * frame.theta)), 2)  # sqrt(2 n + 1)
    M, z = frame.modes, vectors[:, : 2 * modes]

    def conjugate(columns: Real) -> Real:
        """The symplectic form between columns in units of the thermal state."""
        q = columns / size[:, None]
        return np.asarray(np.vstack([q[M:], -q[:M]]) / size[:, None])

    blocks, turn = schur(z.T @ conjugate(z), output="real")
    u, w = (np.zeros((M, modes), dtype=np.complex128) for _ in range(2))
    n = np.zeros(modes)
    for j in range(modes):
        kappa = float(blocks[2 * j, 2 * j + 1])
        one, other = turn[:, 2 * j], turn[:, 2 * j + 1]
        if kappa < 0:
            one, other, kappa = other, one, -kappa
        # coordinates of commutator i and equal variance n + 1/2; A = (x + i p)/sqrt 2
        c = (z @ (one + 1j * other)) / size / np.sqrt(2 * kappa)
        u[:, j], w[:, j] = (c[:M] - 1j * c[M:]) / np.sqrt(2), (c[:M] + 1j * c[M:]) / np.sqrt(2)
        n[j] = max(0.0, 0.5 / kappa - 0.5)
    order = np.argsort(n, kind="stable")
    return Collective(
        u=u[:, order],
        w=w[:, order],
        occupations=n[order],
        left=_left(np.hstack([z, conjugate(z)]), vectors * shares, size),
    )


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
