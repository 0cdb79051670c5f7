"""Forms made orthonormal over the modes themselves: right for every noise, at a cost that grows with the number of modes."""

from __future__ import annotations

import numpy as np

from tnthermo.engines.time_bins.forms import Form, Forms
from tnthermo.types import Complex

LITTLE = 1e-3  # of a form: rounding, 1e-16 of it, is then 1e-13 of what is left


class OverModes:
    """Orthonormal forms q_j, rows (n, K); a form v has the components <q_j|v>.

    least  norm below which what is left of a form makes no bin
    """

    start = 0
    """The first bin that components are given of."""

    def __init__(self, forms: Forms, least: float) -> None:
        self.forms, self.least = forms, least
        self.count = 0
        modes = forms.field.frequencies.size
        self._room = np.empty((64, modes), dtype=np.complex128)
        self._adjoint = np.empty((64, modes), dtype=np.complex128)

    def basis(self, count: int) -> Complex:
        """(count, K): the first bins as forms."""
        return self._room[:count]

    def components(self, forms: list[Form]) -> Complex:
        """(b, count): of forms on all bins."""
        return self._components(self.forms.vectors(forms))

    def _components(self, vectors: Complex) -> Complex:
        return np.asarray(vectors @ self._adjoint[: self.count].T)

    def _append(self, vector: Complex) -> None:
        if self.count == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
            self._adjoint = np.concatenate([self._adjoint, np.empty_like(self._adjoint)])
        self._room[self.count], self._adjoint[self.count] = vector, vector.conj()
        self.count += 1

    def add(self, forms: list[Form]) -> list[tuple[Complex, bool]]:
        """For each of the forms, in this order, its row over the bins so far, and whether the last one is new."""
        before = self.count
        rest = self.forms.vectors(forms)
        found = np.zeros((len(forms), before), dtype=np.complex128)
        for _ in range(2):
            part = self._components(rest)
            rest -= part @ self._room[:before]
            found += part
        rows = []
        for row, vector in zip(found, rest, strict=True):
            whole = np.concatenate([row, np.zeros(self.count - before, dtype=np.complex128)])
            for _ in range(2):
                vector = self._less(vector, before, whole)
            size = float(np.linalg.norm(vector))
            whole_size = float(np.hypot(size, np.linalg.norm(whole)))
            if self.least < size < LITTLE * whole_size:
                # what little is left must be orthogonal to the bins before the block too, or errors grow from bin to bin; what is more than
                # a little is so to rounding, and the pass over all modes of all bins would be the dearest part of a long plan
                for _ in range(2):
                    vector = self._less(vector, 0, whole)
                size = float(np.linalg.norm(vector))
            new = size > self.least
            if new:
                self._append(vector / size)
                whole = np.append(whole, size)
            rows.append((whole, new))
        return rows

    def _less(self, vector: Complex, first: int, row: Complex) -> Complex:
        """What is left of a vector without its parts on the bins from ``first`` on, which are added to ``row`` (n,)."""
        part = self._adjoint[first : self.count] @ vector
        row[first:] += part
        return np.asarray(vector - part @ self._room[first : self.count])

    def products(self, forms: list[Form], other: Form) -> Complex:
        """(b,) <other|f> of forms that are measured at the same time."""
        return np.asarray(self.forms.vectors(forms) @ self.forms.vector(other).conj())
