"""The state on time bins: bin 0 ... bin n - 1, system, and what kicks and rotations do to it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from tnthermo.algorithms import NO_CAP, TimeBins
from tnthermo.engines.time_bins.plan import Row, first_of, first_of_all, placed
from tnthermo.kernels.bins import (
    CAPPED,
    DISCARDED,
    REPORT,
    TOP,
    bin_list,
    kick,
    linear_moments,
    quadrature_table,
    vacuum_bin,
)
from tnthermo.model.operators import Matrix
from tnthermo.types import Complex, Real

FEWEST, MOST = 3, 400  # levels of a bin
EQUAL = 1e-12  # of the largest eigenvalue of an operator: those that differ by less are one
NEGLECTED = 0.03  # of the tolerance: the part of a kick's form on bins that are too far for it
MEASURED = 1e-2  # of the tolerance: the same of a form that is measured, of its norm


class Operator:
    """O (d, d), Hermitian, on the system, by its eigenvalues: what a kick exp(-i O (x) (f + f^dag)) needs of it.

    values  (a,) the distinct ones
    labels  (d,) which of them each eigenvector has
    basis   (d, d) the eigenvectors as columns
    """

    def __init__(self, matrix: Matrix) -> None:
        self.matrix = matrix
        values, basis = np.linalg.eigh(matrix)
        self.basis = np.ascontiguousarray(basis.astype(np.complex128))
        self.size = float(np.abs(values).max())
        steps = np.diff(values) > EQUAL * self.size
        self.labels = np.concatenate([[0], np.cumsum(steps)]).astype(np.int64)
        self.values = values[np.concatenate([[True], steps])]
        self.square = matrix @ matrix


@lru_cache(maxsize=1)
def _quadratures() -> tuple[Any, Any]:
    return quadrature_table()


@dataclass(kw_only=True, eq=False)
class Told:
    """What kicks did, summed over those of a step; top: the largest population of two highest levels."""

    discarded: float = 0.0
    capped: float = 0.0
    top: float = 0.0


@dataclass(kw_only=True, eq=False)
class BinLine:
    """Bins (l, d, r), left-orthonormal, and the centre (D, d, m) of the system with its ancilla m.

    energies  (B,) <H_bath> of each bath, from what every kick adds to it
    levels    of a new bin, and with ``may_grow`` as many more as it takes
    """

    algorithm: TimeBins
    bins: Any
    centre: Complex
    energies: Real
    levels: int = FEWEST
    may_grow: bool = True

    @property
    def count(self) -> int:
        """Bins that are there."""
        return len(self.bins)

    def copy(self) -> BinLine:
        """Another one of the same tensors: kicks replace tensors, they do not change them."""
        return BinLine(
            algorithm=self.algorithm, bins=self.bins.copy(), centre=self.centre, energies=self.energies, levels=self.levels,
            may_grow=self.may_grow,
        )  # fmt: skip

    def turn(self, unitary: Matrix) -> None:
        """A unitary (d, d) on the system."""
        self.centre = np.ascontiguousarray(np.einsum("st,ltm->lsm", unitary, self.centre))

    def reduced(self) -> Matrix:
        """rho_S (d, d), as is."""
        return np.asarray(np.einsum("lsm,ltm->st", self.centre, self.centre.conj(), optimize=True))

    def moments(self, rows: Complex, start: int = 0) -> Complex:
        """(F, d, d) Tr_rest[(f + f^dag) rho] of forms (F, n) over the bins from ``start`` on; what they have on bins that are not there
        yet is nothing.
        """
        d, m = self.centre.shape[1:]
        fitted = np.array([placed(row, start, self.count) for row in rows]).reshape(len(rows), self.count)
        first = first_of_all(fitted, MEASURED * self.algorithm.tolerance)
        if first >= self.count:
            return np.zeros((len(rows), d, d), dtype=np.complex128)
        found = np.asarray(linear_moments(self.bins, self.centre, fitted, first)).reshape(len(rows), d, m, d, m)
        traced = np.einsum("fsmtm->fst", found)
        return np.asarray(traced + traced.conj().transpose(0, 2, 1))

    def kick(self, row: Row, operator: Operator, part: float, kicks: int, told: Told) -> None:
        """exp(-i part O (x) (f + f^dag)) and as much of its time order, with what it does to the energies.

        kicks  how many share the tolerance of a step
        """
        if operator.size > 0.0:
            self.energies = self.energies + self._gain(row, operator, part)
        if row.new and self.count < row.start + row.row.size:
            self.bins.append(vacuum_bin(self.centre.shape[0], self._first_levels()))
        if operator.size == 0.0:
            return
        a, count = self.algorithm, self.count
        values = part * operator.values
        phases = np.exp(-1j * (part * operator.values**2 * row.phi + values * row.number))
        # what is left out is a part of what a weak kick does, not of the state
        tolerance = a.tolerance * min(1.0, part * operator.size * float(np.linalg.norm(row.row)))
        first = row.start + first_of(row.row, NEGLECTED * tolerance / (part * operator.size))
        report = np.zeros(REPORT)
        self.centre = kick(
            self.bins, self.centre, operator.basis, operator.labels, values, phases, placed(row.row, row.start, count), first,
            *_quadratures(), tolerance**2 / kicks, a.max_bond or NO_CAP, a.level_weight, MOST if self.may_grow else 0, report,
        )  # fmt: skip
        told.discarded += float(report[DISCARDED])
        told.capped += float(report[CAPPED])
        told.top = max(told.top, float(report[TOP]))

    def _gain(self, row: Row, operator: Operator, part: float) -> Real:
        """(B,) the change of the energy of each bath by a kick, on the state before it: exact, see `Field.energy`."""
        rho = self.reduced()
        linear = np.einsum("st,bts->b", part * operator.matrix, self.moments(row.gains, row.start)).real
        linear = linear + row.shifts * part * float(np.trace(operator.matrix @ rho).real)
        return np.asarray(linear + part**2 * row.squares * float(np.trace(operator.square @ rho).real))

    def _first_levels(self) -> int:
        """Of a new bin: nearly as many as the last one has."""
        if not self.may_grow or not self.count:
            return self.levels
        return max(FEWEST, int(self.bins[self.count - 1].shape[1]) - 1)


def product(psi: Matrix, algorithm: TimeBins, energies: Real, *, levels: int, may_grow: bool) -> BinLine:
    """The system in ``psi`` (d, m), m its ancilla, before any bin."""
    centre = np.ascontiguousarray(psi[None].astype(np.complex128))
    return BinLine(
        algorithm=algorithm, bins=bin_list(), centre=centre, energies=energies, levels=levels, may_grow=may_grow
    )


def restored(
    algorithm: TimeBins, tensors: Sequence[Complex], energies: Real, *, levels: int, may_grow: bool
) -> BinLine:
    """From the tensors of bins, oldest first, and the centre, as `BinLine` has them."""
    return BinLine(
        algorithm=algorithm, bins=bin_list(tensors[:-1]), centre=tensors[-1], energies=energies, levels=levels, may_grow=may_grow,
    )  # fmt: skip
