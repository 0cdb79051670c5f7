"""The modes K of the baths that a bound represents: which combinations of the fields, made independent in the thermal state.

Columns over the fields say what matters; their principal components, bath by bath, taken two by two, are the coordinates of the modes, and
the normal form of J. Williamson (Am. J. Math. 58, 141 (1936)) of the commutator between them makes these independent: coordinates a, b of
variance 1 and commutator 2i kappa are a mode of the occupation n = 1/(2 kappa) - 1/2.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import scipy

from tnthermo.bath_entropy.fields import Fields
from tnthermo.bath_entropy.frame import thermal_entropy
from tnthermo.types import Complex, Real

COLD = 1e-6  # sinh(theta) of a mode without a partner
FELT = 1e-3  # share of the largest component, below which the rest is not read
INDEPENDENT = 1e-10  # singular value above which a direction is one
COMMUTE = 1e-6  # kappa of two coordinates that are no mode


@dataclass(frozen=True, kw_only=True, eq=False)
class Components:
    """Directions of what matters, (m, k) orthonormal coordinates in the fields, each of one bath; shares (k,) descending in each bath."""

    vectors: Real
    shares: Real
    bath: npt.NDArray[np.int64]

    @property
    def pairs(self) -> npt.NDArray[np.int64]:
        """(k/2, 2) of the same bath, loudest first."""
        found = []
        for j in np.unique(self.bath):
            own = np.flatnonzero(self.bath == j)
            found.append(own[: own.size // 2 * 2].reshape(-1, 2))
        pairs = np.concatenate([np.zeros((0, 2), dtype=np.int64), *found])
        return pairs[np.argsort(-np.hypot(*self.shares[pairs].T), kind="stable")]


@dataclass(frozen=True, kw_only=True, eq=False)
class Chosen:
    """r modes of the baths, coldest first, and a quadrature of what is left.

    one, other   (m, r) coordinates in the fields, of variance 1 and commutator 2i kappa
    kappa        (r,) 1/(2 n + 1)
    fields, out_of   what they were chosen from
    """

    one: Real
    other: Real
    kappa: Real
    fields: Fields
    out_of: Components

    @cached_property
    def left(self) -> Real:
        """(m,) coordinates of the quadrature, which commutes with all modes and is independent of them; zero where nothing is left."""
        return _left(self.fields, self.out_of, np.hstack([self.one, self.other]))

    @property
    def modes(self) -> int:
        """Their number r."""
        return int(self.kappa.size)

    @property
    def occupations(self) -> Real:
        """(r,) n of the thermal state."""
        return np.maximum(0.5 / self.kappa - 0.5, 0.0)

    @property
    def entropies(self) -> Real:
        """(r,) thermal entropy of each, nats."""
        return thermal_entropy(self.occupations)

    @property
    def coordinates(self) -> Real:
        """(m, 2 r) one and other of each mode in turn."""
        return np.stack([self.one, self.other], axis=2).reshape(self.one.shape[0], -1)


@dataclass(frozen=True, kw_only=True, eq=False)
class Rows:
    """Modes as rows over the sites.

    cells   for each mode (2, N) of (eta, zeta), the mode being cosh(theta) eta + sinh(theta) zeta^dag, or (1, N) where it has no partner
    theta   (r,)
    read    (N,) the site mode whose quadrature is read; None: nothing is
    defect  how far the rows were from orthonormal: of images, what the chains are too short for
    """

    cells: tuple[Complex, ...]
    theta: Real
    read: Complex | None
    defect: float


def components(fields: Fields, columns: Real) -> Components:
    """The principal components of columns (m, k), bath by bath."""
    vectors, shares, numbers = [], [], []
    for j in np.unique(fields.bath):
        own = np.flatnonzero(fields.bath == j)
        turn, share, _ = np.linalg.svd(columns[own], full_matrices=False)
        whole = np.zeros((fields.bath.size, share.size))
        whole[own] = turn
        vectors.append(whole)
        shares.append(share)
        numbers.append(np.full(share.size, j))
    return Components(vectors=np.hstack(vectors), shares=np.concatenate(shares), bath=np.concatenate(numbers))


def choose_modes(fields: Fields, found: Components, modes: int) -> Chosen:
    """The r modes of the loudest pairs; fewer, where pairs are fewer or commute."""
    one, other, kappa = [], [], []
    for pairs in _by_bath(found, found.pairs[:modes]):
        basis = found.vectors[:, pairs.ravel()]
        blocks, turn = scipy.linalg.schur(basis.T @ fields.form @ basis, output="real")
        for k in range(0, basis.shape[1] - 1, 2):
            value = float(blocks[k, k + 1])
            if abs(value) < COMMUTE:
                continue
            a, b = basis @ turn[:, k], basis @ turn[:, k + 1]
            one.append(a if value > 0 else b)
            other.append(b if value > 0 else a)
            kappa.append(min(abs(value), 1.0))
    order = np.argsort(-np.array(kappa), kind="stable")
    m = fields.bath.size
    return Chosen(
        one=np.array(one).reshape(-1, m)[order].T,
        other=np.array(other).reshape(-1, m)[order].T,
        kappa=np.array(kappa)[order],
        fields=fields,
        out_of=found,
    )


def _by_bath(found: Components, pairs: npt.NDArray[np.int64]) -> list[npt.NDArray[np.int64]]:
    return [pairs[found.bath[pairs[:, 0]] == j] for j in np.unique(found.bath[pairs[:, 0]])] if len(pairs) else []


def _left(fields: Fields, found: Components, taken: Real) -> Real:
    """(m,) the direction of most share among those that commute with, and are independent of, what is taken (m, 2r)."""
    rest = found.vectors * found.shares  # whose columns are orthogonal
    basis, size, _ = np.linalg.svd(np.hstack([taken, fields.form @ taken]), full_matrices=False)
    basis = basis[:, size > INDEPENDENT]
    for _ in range(2):  # the second time for what rounding left
        rest = rest - basis @ (basis.T @ rest)
    if not rest.size:
        return np.zeros(fields.bath.size)
    wide = rest.shape[0] < rest.shape[1]
    gram = rest @ rest.T if wide else rest.T @ rest
    square, vector = scipy.linalg.eigh(gram, subset_by_index=[len(gram) - 1, len(gram) - 1])
    if square[0] <= (FELT * found.shares.max()) ** 2:
        return np.zeros(fields.bath.size)
    direction = vector[:, 0] if wide else rest @ vector[:, 0]
    return np.asarray(direction / np.linalg.norm(direction))


def rows(fields: Fields, chosen: Chosen, *, mirror: bool) -> Rows:
    """The modes over the sites, or their mirror images among the partners; those without a partner have none."""
    z = fields.image if mirror else fields.z
    found: list[Complex] = []
    shapes, theta = [], []
    for a, b, kappa, n in zip(chosen.one.T, chosen.other.T, chosen.kappa, chosen.occupations, strict=True):
        sinh = math.sqrt(n)
        if mirror and sinh <= COLD:
            continue
        v, w = z @ a, z @ b
        w = -w if mirror else w  # the mirror is antilinear
        found.append((v + 1j * w) / (2 * math.sqrt(kappa * (1 + n))))
        if sinh > COLD:
            found.append((v - 1j * w) / (2 * math.sqrt(kappa) * sinh))
        shapes.append(2 if sinh > COLD else 1)
        theta.append(math.asinh(sinh) if sinh > COLD else 0.0)
    reads = bool(np.any(chosen.left))
    if reads:
        found.append(z @ chosen.left)
    if not found:
        return Rows(cells=(), theta=np.zeros(0), read=None, defect=0.0)
    stacked = np.array(found)
    defect = float(np.abs(stacked @ stacked.conj().T - np.eye(len(stacked))).max())
    placed = fields.place(stacked)
    ends = np.cumsum([0, *shapes])
    return Rows(
        cells=tuple(placed[start:end] for start, end in pairwise(ends)),
        theta=np.array(theta),
        read=placed[-1] if reads else None,
        defect=defect,
    )
