"""Forms made orthonormal by their correlations alone: where these depend on the time between them, and no form is nearly in the span of
those before it. The cost does not know how many modes there are, and memory that ends bounds what is looked back at.
"""

from __future__ import annotations

from itertools import product

import numpy as np
import scipy

from tnthermo.engines.time_bins.forms import Form, Forms, Kind, at_start, phase_sums
from tnthermo.types import Complex, Real

INDEPENDENT = 0.02  # of the norm of a form: what must be left of it, for its square to be known to ten digits
FORGOTTEN = (
    0.1  # of the least norm that makes a bin: what forms have on bins that are longer ago, relative to their own norms
)


class DependentForms(Exception):
    """A form is nearly in the span of those before it: only the modes themselves tell it apart."""


class ByCorrelations:
    """Orthonormal forms as `OverModes` has them, by a Cholesky factor of their Gram matrix.

    start  the first bin that components are given of: those on the bins before it are nothing
    """

    def __init__(self, forms: Forms, least: float) -> None:
        self.forms, self.least = forms, least
        self.count = 0
        self.start = 0
        scheme, field = forms.scheme, forms.field
        groups, channels, baths = len(scheme.groups), len(field.amplitudes), len(field.rests)
        pieces = len(scheme.fractions)
        makers = [Form(kind=Kind.KICK, step=0, which=g, piece=p) for p, g in product(range(pieces), range(groups))]
        if scheme.framed:
            makers += [Form(kind=Kind.FRAME, step=0, which=g) for g in range(groups)]
        gains = [
            Form(kind=one.kind, step=0, which=one.which, piece=one.piece, bath=b)
            for one, b in product(makers, range(baths))
        ]
        measured = [Form(kind=kind, step=0, which=q) for kind, q in product((Kind.X, Kind.P), range(channels))]
        kinds = [*makers, *gains, *measured]
        self._number = {one: i for i, one in enumerate(kinds)}
        vectors = forms.vectors(kinds)
        pairs = [(i, j) for i, j in product(range(len(kinds)), range(len(makers)))]
        weights = np.array([vectors[i] * vectors[j].conj() for i, j in pairs])
        step = float(forms.times[1])
        sums = phase_sums(weights, field.frequencies, step, forms.times.size + 1)
        self._table = sums.reshape(len(kinds), len(makers), -1)
        self._sizes = np.sqrt(self._table[np.arange(len(makers)), np.arange(len(makers)), 0].real)
        self._memory = self._reach(np.linalg.norm(vectors, axis=1))
        self._kinds = np.zeros(0, dtype=np.int64)  # of the forms that made the bins, and their steps
        self._steps = np.zeros(0, dtype=np.int64)
        self._lower = np.zeros((0, 0), dtype=np.complex128)  # the factor over the bins from ``start`` on
        self._rows: list[tuple[int, Complex, Form]] = []

    def _reach(self, norms: Real) -> int:
        """Over how many steps forms with these norms are correlated."""
        scales = np.maximum(norms[:, None, None] * self._sizes[:, None], 1e-300)
        beyond = np.cumsum(np.max(np.abs(self._table / scales) ** 2, axis=(0, 1))[::-1])[::-1]
        far = np.flatnonzero(beyond <= (FORGOTTEN * self.least / self._sizes.max()) ** 2)
        return int(far[0]) if far.size else self._table.shape[2]

    def _labels(self, forms: list[Form]) -> tuple[np.ndarray, np.ndarray]:
        kinds = np.array([self._number[at_start(form)] for form in forms], dtype=np.int64)
        return kinds, np.array([form.step for form in forms], dtype=np.int64)

    def _covariances(self, kinds: np.ndarray, steps: np.ndarray, of: np.ndarray, at: np.ndarray) -> Complex:
        """(b, c) <a|f>; of pairs in which f is the earlier one, anything."""
        lags = np.maximum(steps[:, None] - at[None, :], 0)
        return np.asarray(self._table[kinds[:, None], of[None, :], lags])

    def _look_back_from(self, step: int) -> None:
        """Forget the bins that are too long ago for a step."""
        while self.start < self.count and self._steps[self.start] < step - self._memory:
            kept = int(np.searchsorted(self._steps[self.start :], step - self._memory))
            self._lower = self._lower[kept:, kept:].copy()
            self.start += kept

    def components(self, forms: list[Form]) -> Complex:
        """(b, count - start): of forms on the bins."""
        kinds, steps = self._labels(forms)
        known = self._covariances(kinds, steps, self._kinds[self.start :], self._steps[self.start :])
        if not self._lower.size:
            return known
        return np.asarray(scipy.linalg.solve_triangular(self._lower.conj(), known.T, lower=True, check_finite=False).T)

    def add(self, forms: list[Form]) -> list[tuple[Complex, bool]]:
        """For each of the forms, in this order, its row over the bins from ``start`` on, and whether the last one is new: it is,
        but for a form that is there already. Raises DependentForms.
        """
        same = [(at_start(form), form.step) for form in forms]
        first = [same.index(one) for one in same]
        made = dict(zip(sorted(set(first)), self._add([forms[i] for i in sorted(set(first))]), strict=True))
        return [(made[i], i == k) for k, i in enumerate(first)]

    def _add(self, forms: list[Form]) -> list[Complex]:
        kinds, steps = self._labels(forms)
        self._look_back_from(int(steps.min()))
        rows = self.components(forms)
        square = self._covariances(kinds, steps, kinds, steps)
        square = np.tril(square) + np.tril(square, -1).conj().T - rows @ rows.conj().T
        try:
            own = np.linalg.cholesky(square)
        except np.linalg.LinAlgError as problem:
            raise DependentForms from problem
        left = np.diag(own).real
        if (left < np.maximum(INDEPENDENT * self._sizes[kinds], self.least)).any():
            raise DependentForms
        before = len(self._lower)
        found = np.zeros((before + len(forms), before + len(forms)), dtype=np.complex128)
        found[:before, :before], found[before:, :before], found[before:, before:] = self._lower, rows, own
        self._lower = found
        self._kinds, self._steps = np.append(self._kinds, kinds), np.append(self._steps, steps)
        self.count += len(forms)
        whole = [found[before + i, : before + i + 1].copy() for i in range(len(forms))]
        self._rows += [(self.start, row, form) for row, form in zip(whole, forms, strict=True)]
        return whole

    def basis(self, count: int) -> Complex:
        """(count, K): the first bins as forms."""
        found = np.empty((count, self.forms.field.frequencies.size), dtype=np.complex128)
        for i, (start, row, form) in enumerate(self._rows[:count]):
            found[i] = (self.forms.vector(form) - row[:-1] @ found[start:i]) / row[-1]
        return found

    def products(self, forms: list[Form], other: Form) -> Complex:
        """(b,) <other|f> of forms that are measured at the same time."""
        kinds, _ = self._labels(forms)
        return np.asarray(self._table[kinds, self._number[at_start(other)], 0])
