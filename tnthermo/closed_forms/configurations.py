"""The most probable Fock configurations of independent thermal modes.

A configuration (n_1, ..., n_M) has p_n = exp(-beta sum_k w_k n_k)/Z. About exp(S_B0) of them matter, S_B0 being the entropy of the modes.
"""

from __future__ import annotations

import heapq
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.types import Real

Integers = npt.NDArray[np.int64]

TIE = 1e-12  # energies this close, relative to the larger one, are equal
ROUNDING = 1e-15  # of a sum of probabilities
FINEST = 2_000_000  # points of the energy axis on which configurations are counted


@dataclass(frozen=True, kw_only=True, eq=False)
class Configurations:
    """The N most probable configurations: all up to some energy.

    occupations    (N, M), by ascending energy
    probabilities  (N,), of the untruncated Gibbs state: their sum is 1 - missing
    missing        weight of all the others; 0 at T = 0, else no less than the rounding of the sum
    complete       False if ``at_most`` was reached before ``missing`` was small enough
    """

    occupations: Integers
    probabilities: Real
    missing: float
    complete: bool

    @property
    def size(self) -> int:
        """N."""
        return self.probabilities.size

    @property
    def entropy(self) -> float:
        """Entropy (nats) of the probabilities divided by their sum."""
        p = self.probabilities / self.probabilities.sum()
        return float(-np.sum(p * np.log(p)))


def most_probable(frequencies: Real, beta: float, *, missing: float, at_most: int) -> Configurations:
    """The configurations of modes, frequencies (M,) > 0, at 0 < beta <= inf that weigh at least 1 - ``missing`` together.

    Best first: from a heap comes the lowest energy; its successors add a quantum to the mode last filled or to a later one, so each
    configuration has one predecessor, of lower energy. Those degenerate with the last one are all taken, unless more than ``at_most``.
    """
    modes = frequencies.size
    if math.isinf(beta):
        return Configurations(
            occupations=np.zeros((1, modes), dtype=np.int64), probabilities=np.ones(1), missing=0.0, complete=True
        )
    w = [float(value) for value in frequencies]
    log_Z = -float(np.sum(np.log(-np.expm1(-beta * frequencies))))
    heap: list[tuple[float, tuple[int, ...], int]] = [(0.0, (0,) * modes, 0)]
    chosen: list[tuple[int, ...]] = []
    probabilities: list[float] = []
    left, edge = 1.0, math.inf
    while len(chosen) < at_most and heap[0][0] <= edge:
        energy, n, first = heapq.heappop(heap)
        chosen.append(n)
        probabilities.append(math.exp(-beta * energy - log_Z))
        left -= probabilities[-1]
        if left <= missing and math.isinf(edge):
            edge = energy * (1 + TIE)
        for k in range(first, modes):
            heapq.heappush(heap, (energy + w[k], (*n[:k], n[k] + 1, *n[k + 1 :]), k))
    left = max(1.0 - math.fsum(probabilities), ROUNDING)
    return Configurations(
        occupations=np.array(chosen, dtype=np.int64),
        probabilities=np.array(probabilities),
        missing=left,
        complete=heap[0][0] > edge,
    )


def count(frequencies: Real, beta: float, missing: float) -> float:
    """About how many configurations `most_probable` would need (inf: more than can be counted); arguments as there, beta < inf.

    Energies are put on a grid, twenty points to the lowest frequency where that is affordable, and the number of configurations at each
    is found mode by mode, c(E) += c(E - w_k).
    """
    log_Z = -float(np.sum(np.log(-np.expm1(-beta * frequencies))))
    mean = float(np.sum(frequencies / np.expm1(beta * frequencies)))
    top = 4 * mean + 4 * float(np.max(frequencies)) - 2 * math.log(missing) / beta
    for _ in range(6):
        step = max(float(frequencies.min()) / 20, top / FINEST)
        grid = np.zeros(int(top / step) + 1)
        grid[0] = 1.0
        with np.errstate(over="ignore", invalid="ignore"):
            for w in frequencies:
                stride = max(1, round(float(w) / step))
                padded = np.zeros(-(-grid.size // stride) * stride)
                padded[: grid.size] = grid
                grid = np.cumsum(padded.reshape(-1, stride), axis=0).reshape(-1)[: grid.size]
            weights = grid * np.exp(-beta * step * np.arange(grid.size) - log_Z)
        if not np.all(np.isfinite(grid)):
            return math.inf
        covered = np.cumsum(weights)
        # The grid's rounding of the frequencies changes the total: what counts is the share of it.
        enough = np.flatnonzero(covered >= (1 - missing) * covered[-1])[0]
        if enough < 0.9 * grid.size:
            return float(np.sum(grid[: enough + 1]))
        top *= 2
    return math.inf
