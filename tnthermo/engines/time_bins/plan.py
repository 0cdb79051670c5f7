"""What every step of a run asks of the field, known before the run: kicks as rows over the bins, and the forms that are measured.

The steps' fields int X_q over a step do not commute among each other, but their commutators are numbers. In the order of the steps they
are made orthonormal: every one is a row over the bins of the earlier steps and at most one new bin. A bin is made where what is left is
worth it; band-limited noise needs about one for every pi/w_max, whatever the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnthermo.engines.time_bins.field import Field
from tnthermo.engines.time_bins.forms import Form, Forms, Kind, Numbers
from tnthermo.engines.time_bins.gram_schmidt import OverModes
from tnthermo.engines.time_bins.scheme import Scheme
from tnthermo.engines.time_bins.stationary import ByCorrelations, DependentForms
from tnthermo.model.operators import Matrix
from tnthermo.types import Complex, Real

ROUNDING = 1e-6  # of a form: a rest that is less may be rounding of its square
BLOCK = 16  # intervals whose forms are made orthonormal together


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A form f = sum_j row_j c_j over the bins, as exp(-i O (x) (f + f^dag)) needs it.

    start    the first bin that ``row`` and ``gains`` are of: those before it are nothing
    row      (n,) over the bins that are there, the last one new where ``new``
    new      whether it brings a bin
    number   what is added to f + f^dag by a displacement of the field
    phi      of the time order of a step; 0 for a field at one time
    gains    (B, n') the form of each bath whose moment with O is the change of that bath's energy, over the bins after the step: those that
             are not there yet when it is used are empty
    shifts   (B,) numbers added to these by a displacement
    squares  (B,) what <O^2> adds to each of these energies
    """

    start: int
    row: Complex
    new: bool
    number: float
    phi: float
    gains: Complex
    shifts: Real
    squares: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Record:
    """What is measured at one time.

    frames   for each group the kick that takes the state out of the frame of the scheme
    extra    how many bins these need beside the n that are there: `Plan.extra`
    start    the first bin that ``forms`` are of: those before it are nothing
    forms    (2 Q, n - start + extra) X_q, then P_q
    numbers  (2 Q,) added to these by a displacement
    """

    frames: tuple[Row, ...]
    extra: int
    start: int
    forms: Complex
    numbers: Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Interval:
    """One step: the kicks that leave the frame of the step before it and those that enter its own, for each group (none where the frame
    stays, and none is left at t = 0), those of the step for each piece and group, and what is measured at its end.
    """

    leave: tuple[Row, ...]
    enter: tuple[Row, ...]
    kicks: tuple[Row, ...]
    record: Record


class Plan:
    """The rows of all steps of a run.

    times      of the run, from 0
    least      norm below which what is left of a form makes no bin
    displaced  (K,) <b_k> at t = 0; of no size where nothing is displaced
    relaxed    (B,) the x of baths that are relaxed to <A> = x at t = 0, for the modes that the field leaves out
    initial    rho_S at t = 0 (d, d)
    """

    def __init__(
        self,
        field: Field,
        scheme: Scheme,
        times: Real,
        *,
        least: float,
        displaced: Complex,
        relaxed: Real,
        initial: Matrix,
    ) -> None:
        self.field, self.scheme, self.times = field, scheme, times
        self.displaced, self.relaxed, self.initial = displaced, relaxed, initial
        self.forms = Forms(field, scheme, times, displaced)
        self._numbers = Numbers(self.forms)
        size = 1.0
        if times.size > 1:
            largest = [
                replace(kick, step=self.forms.strongest(kick.which)) for kick in self._kicks(0) if kick.piece == 0
            ]
            sizes = [
                np.linalg.norm(self.forms.vector(kick)) * np.linalg.norm(g.operator, 2)
                for kick, g in zip(largest, scheme.groups, strict=True)
            ]
            size = float(max(sizes, default=1.0))
        least = least * min(1.0, size) if size > 0.0 else least
        if self.forms.stationary and scheme.groups and size > 0.0:
            try:
                self._lay(ByCorrelations(self.forms, least))
                return
            except DependentForms:
                pass
        self._lay(OverModes(self.forms, least))

    def _lay(self, bins: OverModes | ByCorrelations) -> None:
        """Make all rows."""
        self.bins = bins
        self.counts: list[int] = [0]  # bins after each step
        self.intervals: list[Interval] = []
        forms, frames = self._measured(0)
        self.start = self._record(forms, frames, bins.components(forms))
        while len(self.intervals) < self.times.size - 1:
            self._block(len(self.intervals), min(len(self.intervals) + BLOCK, self.times.size - 1))

    @property
    def slow(self) -> Real:
        """(K,) `Forms.slow`."""
        return self.forms.slow

    def _kicks(self, k: int) -> list[Form]:
        """Those of step k, piece after piece."""
        pieces, groups = range(len(self.scheme.fractions)), range(len(self.scheme.groups))
        return [Form(kind=Kind.KICK, step=k, which=g, piece=p) for p in pieces for g in groups]

    def kicks(self, steps: int) -> list[Form]:
        """Those of the first steps."""
        return [kick for k in range(steps) for kick in self._kicks(k)]

    def rows(self, steps: int, count: int) -> Complex:
        """(F, count): the rows of `kicks` over the first bins."""
        found = [row for interval in self.intervals[:steps] for row in interval.kicks]
        return np.array([placed(row.row, row.start, count) for row in found], dtype=np.complex128).reshape(
            len(found), count
        )

    def _gains(self, form: Form) -> list[Form]:
        """For each bath the form by which a kick changes its energy."""
        return [replace(form, bath=bath) for bath in range(len(self.field.rests))]

    def _row(self, form: Form, row: Complex, gains: Complex, *, new: bool) -> Row:
        """``gains`` (B, n) over the bins after the step."""
        numbers = self._numbers
        return Row(
            start=self.bins.start, row=row, new=new, number=numbers.number(form),
            phi=numbers.phase(form) if form.kind is Kind.KICK else 0.0, gains=gains,
            shifts=np.array([numbers.number(gain) for gain in self._gains(form)]), squares=numbers.squares(form),
        )  # fmt: skip

    def _block(self, first: int, end: int) -> None:
        """Intervals first .. end - 1: their forms are made orthonormal together, and what is measured is put on the bins at once."""
        forms, sizes = [], []
        for k in range(first, end):
            groups = range(len(self.scheme.groups))
            switch = self.scheme.switches(self.times, k)
            leave = [Form(kind=Kind.FRAME, step=k, which=g, left=True) for g in groups if switch and k]
            enter = [Form(kind=Kind.FRAME, step=k, which=g) for g in groups if switch]
            kicks = self._kicks(k)
            forms += [*leave, *enter, *kicks]
            sizes.append((len(leave), len(enter), len(kicks)))
        rows = self.bins.add(forms) if forms else []
        measured = [self._measured(k + 1) for k in range(first, end)]
        stacked = [gain for form in forms for gain in self._gains(form)]
        parts = self.bins.components([*stacked, *(form for mine, _ in measured for form in mine)])
        baths, done, count = len(self.field.rests), 0, self.counts[-1] - self.bins.start
        at = len(stacked)
        for (left, entered, kicked), k in zip(sizes, range(first, end), strict=True):
            mine = range(done, done + left + entered + kicked)
            count += sum(rows[i][1] for i in mine)
            found = [
                self._row(forms[i], rows[i][0], parts[baths * i : baths * (i + 1), :count], new=rows[i][1])
                for i in mine
            ]
            done = mine.stop
            self.counts.append(count + self.bins.start)
            asked, frames = measured[k - first]
            record = self._record(asked, frames, parts[at : at + len(asked), :count])
            at += len(asked)
            first_kick = left + entered
            self.intervals.append(
                Interval(
                    leave=tuple(found[:left]), enter=tuple(found[left:first_kick]), kicks=tuple(found[first_kick:]), record=record
                )
            )  # fmt: skip

    def _frames(self, k: int) -> list[Form]:
        """Those that leave the frame at the end of step k, one for each group."""
        if not (self.scheme.framed and k):
            return []
        return [Form(kind=Kind.FRAME, step=k, which=g, left=True) for g in range(len(self.scheme.groups))]

    def _measured(self, k: int) -> tuple[list[Form], list[Form]]:
        """(the forms that are measured at the end of step k, those of the frame): 2 Q, G, and G B; the last G of them."""
        channels, frames = range(len(self.field.amplitudes)), self._frames(k)
        edges = [Form(kind=kind, step=k, which=q) for kind in (Kind.X, Kind.P) for q in channels]
        return [*edges, *frames, *(gain for frame in frames for gain in self._gains(frame))], frames

    def _record(self, forms: list[Form], frames: list[Form], parts: Complex) -> Record:
        """What is measured where these ``forms`` have the components ``parts`` on the bins that are there."""
        count, baths = 2 * len(self.field.amplitudes), len(self.field.rests)
        rows, found, extra = parts[:count], [], 0
        for g, frame in enumerate(frames):
            row = parts[count + g]
            size, new = self._left(frame, row)
            row = np.concatenate([row, np.zeros(extra), [size] if new else []])
            start = count + len(frames) + g * baths
            found.append(self._row(frame, row, parts[start : start + baths], new=new))
            if new:  # what is left of the field of the frame is a bin: <rest|v> = <field|v> - sum_j conj(row_j) v_j
                own = (self.bins.products(forms[:count], frame) - parts[:count] @ parts[count + g].conj()) / size
                rows = np.hstack([rows, own[:, None]])
                extra += 1
        numbers = np.array([self._numbers.number(form) for form in forms[:count]])
        return Record(frames=tuple(found), extra=extra, start=self.bins.start, forms=rows, numbers=numbers)

    def _left(self, form: Form, row: Complex) -> tuple[float, bool]:
        """(norm of what the bins leave of a form with these components, whether it is more than rounding and worth a bin)."""
        whole = float(self.bins.products([form], form)[0].real)
        size = float(np.sqrt(max(0.0, whole - float(np.vdot(row, row).real))))
        return size, size > max(self.bins.least, ROUNDING * np.sqrt(whole))

    def basis(self, steps: int, extra: int) -> Complex:
        """(n + extra, K): the bins after so many steps as forms, then those that leaving the frame there needs beside them."""
        bins = self.bins.basis(self.counts[steps])
        return np.concatenate([bins, self.extra(steps, bins)[:extra]])

    def extra(self, k: int, bins: Complex) -> Complex:
        """(e, K): the bins that leaving the frame at the end of step k needs beside those that are there, ``bins``, as forms."""
        found = []
        for frame in self._frames(k):
            vector = self.forms.vector(frame)
            if not self._left(frame, bins.conj() @ vector)[1]:
                continue
            rest = vector
            for _ in range(2):
                rest = rest - (bins.conj() @ rest) @ bins
            found.append(rest / np.linalg.norm(rest))
        return np.array(found, dtype=np.complex128).reshape(len(found), self.field.frequencies.size)


def placed(row: Complex, start: int, count: int) -> Complex:
    """A row that begins at bin ``start``, over ``count`` bins: 0 on those that it does not have, cut where there are fewer."""
    found = np.zeros(count, dtype=np.complex128)
    mine = row[: max(count - start, 0)]
    found[start : start + mine.size] = mine
    return found


def first_of(row: Complex, least: float) -> int:
    """The first bin that matters: all before it together have a norm of at most ``least``."""
    reached = np.flatnonzero(np.cumsum(np.abs(row) ** 2) > least**2)
    return int(reached[0]) if reached.size else row.size


def first_of_all(rows: Sequence[Complex] | Complex, least: float) -> int:
    """The first bin that matters to any of the rows (F, n), each by its own norm."""
    return min((first_of(row, least * float(np.linalg.norm(row))) for row in rows), default=0)
