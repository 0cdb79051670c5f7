"""The one machine for entropies of sets of sites: the sites of a line gathered, one by one, on two sides of a partition.

A pure matrix product state with its centre at site 0 is read from there on. Sites that were read go to one of two sides, "inside" and
"outside", each kept in as many of its own states as its weight asks for, so that at every moment the state is

    sum T[s, i, o, r] |s> |i> |o> |r>,

s of site 0, i and o of the two sides, r of the sites not read yet, which are orthonormal. The entropy of any union of s, i, o, r is
that of a matrix made of T. A set of sites thus meets a cut, as by swaps, but each site is moved once.

What is left out is left out by projections on one side. With P on one side, weight e outside of it, rho' the normalised rest:

    (1 - e) S(rho') <= S(rho) <= (1 - e) S(rho') + h(e) + e log D,

h(e) = -e log e - (1 - e) log(1 - e), D the dimension of the union; it holds for every union that has or lacks the side as a whole.
(To read P without looking raises an entropy, by h(e) at most; M. A. Nielsen and I. L. Chuang, Quantum Computation and Quantum
Information, section 11.3.) So every entropy here is a pair of bounds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from tnthermo.network.state import Tensor
from tnthermo.types import Complex, Real

SYSTEM, INSIDE, OUTSIDE, REST = range(4)
FEW_ROWS = 200  # of a matrix whose eigenvectors are found all at once
PART = 0.5  # of the rows of a larger one, that is tried as the dimension of a part that holds all but little,
SPARE = 1.1  # or this times the number of states that may be kept
LIKELY = 0.25  # of a side's weight, that is left out before the states of a site are put beside those of the side


@dataclass(frozen=True, kw_only=True)
class Cut:
    """What a projection of either side may leave out.

    inside, outside            weight
    most_inside, most_outside  states kept whatever the weight; None: as many as it asks for
    """

    inside: float = 5e-5
    outside: float = 2e-6
    most_inside: int | None = 200
    most_outside: int | None = 400

    @classmethod
    def even(cls, weight: float, most: int | None = None) -> Cut:
        """The same for both sides."""
        return cls(inside=weight, outside=weight, most_inside=most, most_outside=most)


@dataclass(frozen=True, kw_only=True)
class Enclosure:
    """lower <= entropy <= upper, nats."""

    lower: float
    upper: float


@dataclass(frozen=True, kw_only=True)
class Loss:
    """A weight that was left out of a state, of whose inside, sites read ``before`` included, the logarithm of the dimension is known.

    before  number of sites or cells read by then; those after are not bounded
    """

    weight: float
    log_dimension: float
    before: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Block:
    """The state while its sites are being gathered.

    tensor         (s, i, o, r)
    inside, outside  weights (i,), (o,) of the states kept of either side
    log_dimension  of both sides together, before anything was left out
    lost           weight that projections of the outside took, each after those of the inside
    losses         all that was left out, part by part
    work           about how many products of numbers it took so far
    read           sites or cells read so far

    The squared norm of ``tensor`` is 1 - what was left out.
    """

    tensor: Complex
    inside: Real
    outside: Real
    log_dimension: float = 0.0
    lost: float = 0.0
    losses: tuple[Loss, ...] = ()
    work: float = 0.0
    read: int = 0

    @classmethod
    def of(cls, centre: Tensor) -> Block:
        """Nothing read but the centre (1, d, r)."""
        one = np.ones(1)
        return cls(tensor=np.ascontiguousarray(centre[0][:, None, None, :]), inside=one, outside=one)

    @property
    def norm(self) -> float:
        """Squared norm."""
        return float(np.vdot(self.tensor, self.tensor).real)

    @property
    def rows(self) -> int:
        """States kept of the larger side."""
        return max(self.tensor.shape[INSIDE], self.tensor.shape[OUTSIDE])

    def density_of_rest(self) -> Complex:
        """(r, r): the density matrix of the sites not read, in the basis of the bond."""
        s, i, o, r = self.tensor.shape
        flat = self.tensor.reshape(s * i * o, r)
        return np.asarray(flat.T @ flat.conj())


def absorb(block: Block, site: Tensor, cut: Cut) -> Block:
    """Read a site or cell (r, n, n', r'): n goes inside, n' outside; either may have one level."""
    left = np.tensordot(block.density_of_rest(), site, axes=(0, 0))  # (r*, n, n', r')
    joint = np.einsum("rnmk,rnmk->nm", left, site.conj(), optimize=True).real
    levels, weight = (joint.sum(axis=1), joint.sum(axis=0)), LIKELY * cut.outside
    inside = _likely(block.inside, levels[0], weight, cut.most_inside)
    outside = _likely(block.outside, levels[1], weight, cut.most_outside)
    new = np.zeros(
        (block.tensor.shape[0], sum(len(x) for x in inside), sum(len(x) for x in outside), site.shape[3]),
        dtype=np.complex128,
    )
    at = 0
    for n, rows in enumerate(inside):
        if not len(rows):
            continue
        part, beside = block.tensor[:, rows], 0
        for m, columns in enumerate(outside):
            if len(columns) and np.any(site[:, n, m]):
                new[:, at : at + len(rows), beside : beside + len(columns)] = part[:, :, columns] @ site[:, n, m]
            beside += len(columns)
        at += len(rows)
    found = Block(
        tensor=new,
        inside=np.concatenate([block.inside[rows] * p for rows, p in zip(inside, levels[0], strict=True)]),
        outside=np.concatenate([block.outside[rows] * p for rows, p in zip(outside, levels[1], strict=True)]),
        log_dimension=block.log_dimension + math.log(site.shape[1]) + math.log(site.shape[2]),
    )
    at, norms, sizes = 1 + block.read, [block.norm, found.norm], [math.inf, math.log(new.shape[INSIDE])]
    found = _compressed(found, INSIDE, cut.inside, cut.most_inside)
    norms.append(found.norm)
    sizes.append(math.log(found.tensor.shape[INSIDE]))
    found = _compressed(found, OUTSIDE, cut.outside, cut.most_outside)
    norms.append(found.norm)
    weights = [max(0.0, one - other) for one, other in pairwise(norms)]
    losses = tuple(
        Loss(weight=weight, log_dimension=dimension, before=at)
        for weight, dimension in zip(weights, sizes, strict=True)
        if weight > 0
    )
    _, i, o, _ = new.shape
    work = block.work + 8.0 * new.size * (block.tensor.shape[REST] + i + o) + 20.0 * (i**3 + o**3)
    return replace(found, lost=block.lost + weights[0] + weights[2], losses=block.losses + losses, work=work, read=at)


def _likely(states: Real, levels: Real, weight: float, most: int | None) -> list[npt.NDArray[np.int64]]:
    """For each level the states that are kept beside it: the pairs of the largest product of weights."""
    products = np.outer(states, np.clip(levels, 0.0, None))
    flat = np.sort(products, axis=None)
    leave = int(np.searchsorted(np.cumsum(flat), weight))
    if most is not None:
        leave = max(
            leave, flat.size - 4 * most
        )  # what is unlikely as a product may be likely together: `_compressed` decides
    least = flat[min(leave, flat.size - 1)]
    return [np.flatnonzero(products[:, n] >= least) for n in range(levels.size)]


def _compressed(block: Block, axis: int, weight: float, most: int | None) -> Block:
    """One side in the eigenvectors of its own density matrix, without the least of them."""
    moved = np.moveaxis(block.tensor, axis, 0)
    flat = np.ascontiguousarray(moved).reshape(moved.shape[0], -1)
    whole = float(np.vdot(flat, flat).real)
    weights, vectors = _largest(flat @ flat.conj().T, weight, most)
    kept_by = np.cumsum(np.clip(weights[::-1], 0.0, None))  # by the largest 1, 2, ...
    keep = min(weights.size, most or weights.size, 1 + int(np.searchsorted(kept_by, whole - weight)))
    leave = weights.size - keep
    kept = (vectors[:, leave:].conj().T @ flat).reshape(-1, *moved.shape[1:])
    tensor = np.ascontiguousarray(np.moveaxis(kept, 0, axis))
    if axis == INSIDE:
        return replace(block, tensor=tensor, inside=weights[leave:])
    return replace(block, tensor=tensor, outside=weights[leave:])


def _largest(density: Complex, weight: float, most: int | None) -> tuple[Real, Complex]:
    """Eigenvalues of a density matrix, ascending, with their vectors: all, or those of a part that lacks less than half of ``weight``.

    The part is what random vectors become under the density: the large eigenvalues come out, and few of the small ones (N. Halko,
    P. G. Martinsson and J. A. Tropp, SIAM Review 53, 217, 2011). What it lacks is counted by whoever projects on it, as anything left out.
    A part of ``most`` vectors and some more need not lack so little.
    """
    n = len(density)
    enough = SPARE * (most or n)
    if n <= FEW_ROWS or enough >= n:
        return np.linalg.eigh(density)
    drawn = np.random.default_rng(n).normal(size=(n, int(min(enough, PART * n))))
    part, _ = np.linalg.qr(density @ drawn)
    weights, vectors = np.linalg.eigh(part.conj().T @ (density @ part))
    if enough <= PART * n or float(np.trace(density).real - weights.sum()) <= 0.5 * weight:
        return weights, part @ vectors
    return np.linalg.eigh(density)


def spectrum(tensor: Complex, axes: Sequence[int]) -> Real:
    """Eigenvalues of the density matrix of some axes of a pure state, not normalised."""
    others = [axis for axis in range(tensor.ndim) if axis not in axes]
    matrix = tensor.transpose(*axes, *others).reshape(math.prod(tensor.shape[axis] for axis in axes), -1)
    if matrix.shape[0] > matrix.shape[1]:
        matrix = matrix.T
    return np.asarray(np.linalg.eigvalsh(matrix @ matrix.conj().T))


def work_of_spectrum(size: int, rows: int) -> float:
    """About how many products of numbers `spectrum` takes of a tensor of that ``size`` whose chosen axes have so many dimensions."""
    n = min(rows, size / rows)
    return 8.0 * size * n + 20.0 * n**3


def entropy_of(weights: Real) -> float:
    """-sum p log p, nats; weights <= 0 add nothing."""
    positive = weights[weights > 0]
    return float(-np.sum(positive * np.log(positive)))


def conditional(weights: Real) -> float:
    """p S(rho/p) of weights that add up to p."""
    total = float(np.sum(weights[weights > 0]))
    return entropy_of(weights) + total * math.log(total) if total > 0 else 0.0


def doubt(missing: float) -> float:
    """h(e) for 0 <= e <= 1, and 0 for what is negative by rounding."""
    e = min(max(missing, 0.0), 1.0)
    return 0.0 if e in (0.0, 1.0) else -e * math.log(e) - (1 - e) * math.log1p(-e)


def entropy(block: Block, axes: Sequence[int]) -> Enclosure:
    """Of the union of some of SYSTEM, INSIDE, OUTSIDE, REST, for the state before anything was left out."""
    known = conditional(spectrum(block.tensor, axes))
    missing = max(0.0, 1.0 - block.norm)
    most = block.log_dimension + math.log(block.tensor.shape[SYSTEM])
    return Enclosure(lower=known, upper=known + doubt(missing) + missing * most)


def entropy_of_sites(
    tensors: Sequence[Tensor], chosen: Sequence[int], *, weight: float = 1e-12, most: int | None = None
) -> Enclosure:
    """Entropy (nats) of a set of sites of a pure matrix product state of norm 1 with its centre at site 0.

    weight  that one projection may leave out, two for each site
    most    states kept of either side
    """
    members = set(chosen)
    block = Block.of(tensors[0])
    for place in range(1, len(tensors)):
        tensor = tensors[place]
        site = tensor[:, :, None, :] if place in members else tensor[:, None, :, :]
        block = absorb(block, site, Cut.even(weight, most))
    return entropy(block, [SYSTEM, INSIDE] if 0 in members else [INSIDE])
