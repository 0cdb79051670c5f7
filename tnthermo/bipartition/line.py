"""The tensors of a line brought into another order or into other modes, by two-site gates with a truncation that is added up.

Tensors (left, level, right), the orthogonality centre at site 0 before and after every function here; they are never changed in place.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.kernels.modes import beam_splitter
from tnthermo.state import Tensor

Complex = npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class Line:
    """tensors of a state, and the weight (squared norm) that was dropped on the way to it."""

    tensors: tuple[Tensor, ...]
    dropped: float = 0.0


def split(matrix: Complex, weight: float) -> tuple[Complex, npt.NDArray[np.float64], Complex, float]:
    """Singular value decomposition without the smallest values of total weight <= ``weight``, and the weight left out."""
    u, s, v = np.linalg.svd(matrix, full_matrices=False)
    tail = np.cumsum(s[::-1] ** 2)[::-1]
    keep = max(1, int(np.sum(tail > weight)))
    return u[:, :keep], s[:keep], v[:keep], float(tail[keep]) if keep < s.size else 0.0


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
            u, s, v, lost = split(pair.reshape(l * one, two * r), weight)
            tensors[i], tensors[i + 1] = (u * s).reshape(l, one, -1), v.reshape(-1, two, r)
            now[i], now[i + 1], centre, dropped = now[i + 1], now[i], i, dropped + lost
    move_centre(tensors, centre, 0)
    return Line(tensors=tuple(tensors), dropped=dropped)


def collect(line: Line, vectors: Complex, *, weight: float) -> Line:
    """The last sites in other modes, of which the first m are e_j = sum_i vectors_ji c_i.

    vectors  (m, L) orthonormal rows over the last L sites of the line; the other new modes are whatever is left
    weight   that one rotation may drop
    """
    tensors, dropped = list(line.tensors), line.dropped
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
            move_centre(tensors, centre, place)
            centre = place - 1
            tensors[place - 1], tensors[place], lost = _rotate(tensors[place - 1], tensors[place], rotation, weight)
            dropped += lost
        phase = rows[j, j]  # e_j = phase c_j by now: 1 after a rotation, anything where none was needed
        if abs(phase - 1) > 1e-14:
            rows[:, j] *= np.conj(phase)
            place = first + j
            tensors[place] = tensors[place] * (phase ** np.arange(tensors[place].shape[1]))[:, None]
    move_centre(tensors, centre, 0)
    return Line(tensors=tuple(tensors), dropped=dropped)


def _rotate(one: Tensor, two: Tensor, rotation: Complex, weight: float) -> tuple[Tensor, Tensor, float]:
    """Two neighbours, one of them the centre, in the modes ``rotation`` (2, 2) of theirs; the centre is the first one then."""
    gate = beam_splitter(rotation, one.shape[1] + two.shape[1] - 1, one.shape[1], two.shape[1])
    pair = np.tensordot(gate, np.tensordot(one, two, axes=1), axes=((2, 3), (1, 2))).transpose(2, 0, 1, 3)
    before = float(np.vdot(pair, pair).real)
    populations = np.abs(pair) ** 2
    keep = [_levels(populations.sum(axis=axes), weight) for axes in ((0, 2, 3), (0, 1, 3))]
    pair = pair[:, : keep[0], : keep[1]]
    l, n, k, r = pair.shape
    lost = before - float(np.vdot(pair, pair).real)
    u, s, v, cut = split(pair.reshape(l * n, k * r), weight)
    return (u * s).reshape(l, n, -1), v.reshape(-1, k, r), lost + cut


def _levels(populations: npt.NDArray[np.float64], weight: float) -> int:
    """How many levels hold all but ``weight``."""
    return max(1, int(np.sum(np.cumsum(populations[::-1])[::-1] > weight)))
