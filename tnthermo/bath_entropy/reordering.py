"""The tensors of a line brought into another order or into other modes, by two-site gates with a truncation that is added up.

Tensors (left, level, right), the orthogonality centre at site 0 before and after every function here; they are never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.kernels.modes import beam_splitter
from tnthermo.network.state import Tensor
from tnthermo.types import Complex

SMALL = 64  # size of a matrix whose singular values cost nothing
MORE = 10  # columns beyond the rank that random sampling takes
AGAIN = 2  # times it applies the matrix and its adjoint to sharpen them
PAYS = 3  # times the rank, that a matrix must have for random sampling to be the shorter way
FINE = 1e-13  # weight that asks for them anyway


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """tensors of a state, the weight (squared norm) that was dropped on the way to it, and about how many products of numbers that took."""

    tensors: tuple[Tensor, ...]
    dropped: float = 0.0
    work: float = 0.0


def split(matrix: Complex, weight: float, most: int | None = None) -> tuple[Complex, Complex, float]:
    """matrix = left @ right but for the smallest singular values of total weight <= ``weight``; rows of ``right`` orthonormal; weight lost.

    most  singular values kept, whatever they weigh; None: as many as ``weight`` asks for

    Where it pays, by the eigenvectors of matrix matrix^dag, which know weights to 1e-16 of the whole: enough to leave some out. A matrix
    much larger than ``most`` is reduced to its dominant range first, found by random sampling with power iterations (N. Halko,
    P.-G. Martinsson and J. A. Tropp, SIAM Rev. 53, 217 (2011)), the same sample every time; what lies outside is lost, and counted.
    """
    if most is not None and min(matrix.shape) > PAYS * (most + MORE):
        basis = _range(matrix, most + MORE)
        inside = basis.conj().T @ matrix
        outside = max(0.0, float(np.vdot(matrix, matrix).real - np.vdot(inside, inside).real))
        left, right, lost = split(inside, max(0.0, weight - outside), most)
        return basis @ left, right, lost + outside
    if min(matrix.shape) <= SMALL or weight < FINE:
        u, s, v = np.linalg.svd(matrix, full_matrices=False)
        tail = np.cumsum(s[::-1] ** 2)[::-1]
        keep = max(1, min(int(np.sum(tail > weight)), most or s.size))
        return u[:, :keep] * s[:keep], v[:keep], float(tail[keep]) if keep < s.size else 0.0
    if matrix.shape[0] <= matrix.shape[1]:
        u, lost = _largest(matrix @ matrix.conj().T, weight, most)
        q, rest = np.linalg.qr((u.conj().T @ matrix).conj().T)
        return u @ rest.conj().T, np.ascontiguousarray(q.conj().T), lost
    v, lost = _largest(matrix.conj().T @ matrix, weight, most)
    return matrix @ v, np.ascontiguousarray(v.conj().T), lost


def _range(matrix: Complex, rank: int) -> Complex:
    """(n, rank) orthonormal columns that hold most of what the columns of a matrix (n, m) span."""
    sample = np.random.default_rng(0).normal(size=(2, matrix.shape[1], rank))
    basis, _ = np.linalg.qr(matrix @ (sample[0] + 1j * sample[1]))
    for _ in range(AGAIN):
        other, _ = np.linalg.qr(matrix.conj().T @ basis)
        basis, _ = np.linalg.qr(matrix @ other)
    return np.asarray(basis)


def _largest(square: Complex, weight: float, most: int | None) -> tuple[Complex, float]:
    """Eigenvectors (n, kept) without those of the smallest eigenvalues of total <= ``weight``, nor beyond ``most``; and that total."""
    values, vectors = np.linalg.eigh(square)
    below = np.cumsum(np.clip(values, 0.0, None))
    leave = max(int(np.sum(below <= weight)), values.size - (most or values.size))
    leave = min(leave, values.size - 1)
    return vectors[:, leave:], float(below[leave - 1]) if leave else 0.0


def move_centre(tensors: list[Tensor], start: int, end: int) -> None:
    """Move the orthogonality centre along a list of tensors, in place, without truncation."""
    for i in range(start, end):
        l, d, r = tensors[i].shape
        q, rest = np.linalg.qr(tensors[i].reshape(l * d, r))
        tensors[i] = q.reshape(l, d, -1)
        tensors[i + 1] = np.tensordot(rest, tensors[i + 1], axes=1)
    for i in range(start, end, -1):
        l, d, r = tensors[i].shape
        q, rest = np.linalg.qr(tensors[i].reshape(l, d * r).conj().T)
        tensors[i] = np.ascontiguousarray(q.conj().T).reshape(-1, d, r)
        tensors[i - 1] = np.tensordot(tensors[i - 1], rest.conj().T, axes=1)


def reorder(line: Line, order: Sequence[int], *, weight: float) -> Line:
    """The state with its sites in another order, by swaps of neighbours.

    order   site that comes to each place; order[0] is 0: the system stays where it is
    weight  that one swap may drop
    """
    tensors, dropped = list(line.tensors), line.dropped
    wanted = {site: place for place, site in enumerate(order)}
    now = [wanted[site] for site in range(len(order))]
    centre = 0
    for place in range(1, len(order)):
        found = now.index(place)
        for i in range(found - 1, place - 1, -1):  # the site wanted here comes forward
            move_centre(tensors, centre, i)
            pair = np.tensordot(tensors[i], tensors[i + 1], axes=1).transpose(0, 2, 1, 3)
            l, one, two, r = pair.shape
            left, right, lost = split(pair.reshape(l * one, two * r), weight)
            tensors[i], tensors[i + 1] = left.reshape(l, one, -1), right.reshape(-1, two, r)
            now[i], now[i + 1], centre, dropped = now[i + 1], now[i], i, dropped + lost
    move_centre(tensors, centre, 0)
    return Line(tensors=tuple(tensors), dropped=dropped)


def collect(line: Line, vectors: Complex, *, weight: float, most: int | None = None) -> Line:
    """The last sites in other modes, of which the first m are e_j = sum_i vectors_ji c_i.

    vectors  (m, L) orthonormal rows over the last L sites of the line; the other new modes are whatever is left
    weight   that one rotation may drop
    most     bond that one may leave, whatever it drops then; None: as large as ``weight`` asks for
    """
    tensors, dropped, work = list(line.tensors), line.dropped, line.work
    count, length = vectors.shape
    first = len(tensors) - length
    rows = np.array(vectors, dtype=np.complex128)
    centre = 0
    for j in range(count):
        for i in range(length - 1, j, -1):
            one, two = rows[j, i - 1], rows[j, i]
            size = np.hypot(abs(one), abs(two))
            if abs(two) <= 1e-14 * max(size, 1e-300):
                continue
            rotation = np.array([[one, two], [-np.conj(two), np.conj(one)]]) / size
            rows[:, i - 1 : i + 1] = rows[:, i - 1 : i + 1] @ rotation.conj().T
            place = first + i
            l, n, _ = tensors[place - 1].shape
            _, k, r = tensors[place].shape
            work += 4.0 * l * n * k * r * min(l * n, k * r)
            move_centre(tensors, centre, place)
            centre = place - 1
            tensors[place - 1], tensors[place], lost = _rotate(
                tensors[place - 1], tensors[place], rotation, weight, most
            )
            dropped += lost
        phase = rows[j, j] / abs(rows[j, j])  # 1 but where there was nothing to rotate, as of the last site
        rows[:, j] *= np.conj(phase)
        here = tensors[first + j]
        tensors[first + j] = here * phase ** np.arange(here.shape[1])[:, None]
    move_centre(tensors, centre, 0)
    return Line(tensors=tuple(tensors), dropped=dropped, work=work)


def _rotate(
    one: Tensor, two: Tensor, rotation: Complex, weight: float, most: int | None
) -> tuple[Tensor, Tensor, float]:
    """Two neighbours, one of them the centre, in the modes ``rotation`` (2, 2) of theirs; the centre is the first one then."""
    pair = np.tensordot(one, two, axes=1).transpose(1, 2, 0, 3)  # (m, k, l, r)
    before = float(np.vdot(pair, pair).real)
    populations = np.sum(np.abs(pair) ** 2, axis=(2, 3))
    total_of = np.add.outer(np.arange(one.shape[1]), np.arange(two.shape[1]))
    totals = _levels(np.bincount(total_of.ravel(), populations.ravel()).astype(np.float64), weight)
    gate = beam_splitter(rotation, one.shape[1], two.shape[1], totals)
    turned = np.zeros((totals, totals, *pair.shape[2:]), dtype=np.complex128)
    for total in range(totals):
        m = np.arange(max(0, total - two.shape[1] + 1), min(one.shape[1], total + 1))
        n = np.arange(total + 1)
        turned[n, total - n] = np.tensordot(gate[total][: total + 1, m], pair[m, total - m], axes=1)
    populations = np.sum(np.abs(turned) ** 2, axis=(2, 3))
    turned = turned[: _levels(populations.sum(axis=1), weight), : _levels(populations.sum(axis=0), weight)]
    n, k, l, r = turned.shape
    lost = before - float(np.vdot(turned, turned).real)
    left, right, cut = split(turned.transpose(2, 0, 1, 3).reshape(l * n, k * r), weight, most)
    return left.reshape(l, n, -1), right.reshape(-1, k, r), lost + cut


def _levels(populations: npt.NDArray[np.float64], weight: float) -> int:
    """How many levels hold all but ``weight``."""
    return max(1, int(np.sum(np.cumsum(populations[::-1])[::-1] > weight)))
