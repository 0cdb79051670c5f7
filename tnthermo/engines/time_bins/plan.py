"""What every step of a run asks of the field, known before the run: kicks as rows over the bins, and the forms that are measured.

The steps' fields int X_q over a step do not commute among each other, but their commutators are numbers. In the order of the steps they
are made orthonormal (Gram-Schmidt, twice): every one is a row over the bins of the earlier steps and at most one new bin. A bin is made
where what is left is worth it; band-limited noise needs about one for every pi/w_max, whatever the step.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnthermo.engines.time_bins.field import Field
from tnthermo.engines.time_bins.scheme import Group, Scheme
from tnthermo.engines.time_bins.strengths import integral, mean_square, ordered
from tnthermo.model.drives import just_before
from tnthermo.model.operators import Matrix
from tnthermo.types import Complex, Real

ROUNDING = 1e-6  # of a form: a rest that is less may be rounding of its square
SURE = 0.6  # of pi/step, up to which the energy of modes is what kicks add to it
BLOCK = 16  # intervals whose forms are made orthonormal together


@dataclass(frozen=True, kw_only=True, eq=False)
class Row:
    """A form f = sum_j row_j c_j over the bins, as exp(-i O (x) (f + f^dag)) needs it.

    row      (n,) over the bins that are there, the last one new where ``new``
    new      whether it brings a bin
    number   what is added to f + f^dag by a displacement of the field
    phi      of the time order of a step; 0 for a field at one time
    gains    (B, n') the form of each bath whose moment with O is the change of that bath's energy, over the bins after the step: those that
             are not there yet when it is used are empty
    shifts   (B,) numbers added to these by a displacement
    squares  (B,) what <O^2> adds to each of these energies
    """

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
    forms    (2 Q, n + extra) X_q, then P_q
    numbers  (2 Q,) added to these by a displacement
    """

    frames: tuple[Row, ...]
    extra: int
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


class Bins:
    """Orthonormal forms q_j, rows (n, K); a form v has the components <q_j|v>.

    least  norm below which what is left of a form makes no bin
    """

    def __init__(self, modes: int, least: float) -> None:
        self.least = least
        self.count = 0
        self._room = np.empty((64, modes), dtype=np.complex128)
        self._adjoint = np.empty((64, modes), dtype=np.complex128)

    @property
    def forms(self) -> Complex:
        """(n, K)."""
        return self._room[: self.count]

    def components(self, vectors: Complex, count: int) -> Complex:
        """(b, count): of forms (b, K) on the first bins."""
        return np.asarray(vectors @ self._adjoint[:count].T)

    def _append(self, vector: Complex) -> None:
        if self.count == len(self._room):
            self._room = np.concatenate([self._room, np.empty_like(self._room)])
            self._adjoint = np.concatenate([self._adjoint, np.empty_like(self._adjoint)])
        self._room[self.count], self._adjoint[self.count] = vector, vector.conj()
        self.count += 1

    def add(self, vectors: Complex) -> list[tuple[Complex, bool]]:
        """For each of the forms (b, K), in this order, its row over the bins so far, and whether the last one is new."""
        before = self.count
        rest = vectors.copy()
        found = np.zeros((len(vectors), before), dtype=np.complex128)
        for _ in range(2):
            part = self.components(rest, before)
            rest -= part @ self._room[:before]
            found += part
        rows = []
        for row, vector in zip(found, rest, strict=True):
            own = np.zeros(self.count - before, dtype=np.complex128)
            for _ in range(2):
                fresh = self._room[before : self.count]
                part = self._adjoint[before : self.count] @ vector
                vector = vector - part @ fresh
                own += part
            size = float(np.linalg.norm(vector))
            new = size > self.least
            if new:
                self._append(vector / size)
                own = np.append(own, size)
            rows.append((np.concatenate([row, own]), new))
        return rows


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
        # kicks move modes as the system does up to pi/step; beyond they also radiate, near 2 pi/step
        fastest = np.pi / float(np.max(np.diff(times), initial=1e-300))
        self.slow = falling((np.abs(field.frequencies) / fastest - SURE) / (1 - SURE))
        size = 1.0
        if times.size > 1:
            steps = float(times[1] - times[0])
            fields = [self.vector(group, 0.0, steps) for group in scheme.groups]
            size = max(
                (
                    float(np.linalg.norm(v) * np.linalg.norm(g.operator, 2))
                    for v, g in zip(fields, scheme.groups, strict=True)
                ),
                default=1.0,
            )
        self.bins = Bins(field.frequencies.size, least * min(1.0, size) if size > 0.0 else least)
        self.counts: list[int] = [0]  # bins after each step
        self.intervals: list[Interval] = []
        forms, frames = self._measured(0)
        self.start = self._record(forms, frames, self.bins.components(forms, 0))
        while len(self.intervals) < times.size - 1:
            self._block(len(self.intervals), min(len(self.intervals) + BLOCK, times.size - 1))

    def _number(self, form: Complex) -> float:
        return float(2 * (form @ self.displaced).real) if self.displaced.size else 0.0

    def vector(self, group: Group, start: float, end: float) -> Complex:
        """int_start^end X over a group."""
        total = np.zeros(self.field.frequencies.size, dtype=np.complex128)
        for q in group.channels:
            where = self.field.of(group.bath_of(q))
            turned = integral(self.field.frequencies[where], start, end, group.strength(q))
            total[where] += self.field.amplitudes[q, where] * turned
        return total

    def _phi(self, group: Group, start: float, end: float) -> float:
        found = 0.0
        for q in group.channels:
            where = self.field.of(group.bath_of(q))
            squares = np.abs(self.field.amplitudes[q, where]) ** 2
            found += ordered(self.field.frequencies[where], squares, start, end, group.strength(q))
            # what is faster than all modes follows at once: exp(i A^2 lambda int f^2)
            found -= self.field.rests[group.bath_of(q)].reorganisation * mean_square(start, end, group.strength(q))
        return found

    def frame(self, group: Group, time: float, width: float, side: float) -> Complex:
        """X of a group about ``time``: the mean over ``width``, which changes nothing at the order that counts and keeps the energy of what
        is fast in the field finite; times the strengths at ``side``, that time from the left or from the right."""
        total = np.zeros(self.field.frequencies.size, dtype=np.complex128)
        for q in group.channels:
            where = self.field.of(group.bath_of(q))
            w = self.field.frequencies[where]
            strength = group.strength(q)
            f = 1.0 if strength is None else float(strength(np.array([side]))[0])
            total[where] += (
                f * self.field.amplitudes[q, where] * np.sinc(w * width / (2 * np.pi)) * np.exp(-1j * w * time)
            )
        return total

    def _gains(self, vector: Complex) -> tuple[Complex, Real]:
        """((B, K) the forms by which a kick changes the energy of each bath, (B,) what <O^2> adds)."""
        gains = self.field.energy(vector) * self.slow
        each = np.zeros((len(self.field.rests), gains.size), dtype=np.complex128)
        squares = np.zeros(len(each))
        for bath in range(len(each)):
            where = self.field.of(bath)
            each[bath, where] = gains[where]
            squares[bath] = float((self.field.frequencies * self.slow)[where] @ np.abs(vector[where]) ** 2)
        return each, squares

    def _row(self, vector: Complex, row: Complex, gains: Complex, *, new: bool, phi: float) -> Row:
        """``gains`` (B, n) over the bins after the step."""
        forms, squares = self._gains(vector)
        shifts = np.array([self._number(form) for form in forms])
        return Row(row=row, new=new, number=self._number(vector), phi=phi, gains=gains, shifts=shifts, squares=squares)

    def _block(self, first: int, end: int) -> None:
        """Intervals first .. end - 1: their forms are made orthonormal together, and what is measured is put on the bins at once."""
        vectors, phases, sizes = [], [], []
        for k in range(first, end):
            t0, t1 = float(self.times[k]), float(self.times[k + 1])
            groups, width = self.scheme.groups, self.scheme.frame_width(self.times, k)
            switch = self.scheme.switches(self.times, k)
            leave = [self.frame(group, t0, width, just_before(t0)) for group in groups if switch and k]
            enter = [self.frame(group, t0, width, t0) for group in groups if switch]
            kicks = [(a, b, group) for a, b in self.scheme.pieces(t0, t1) for group in groups]
            vectors += [*leave, *enter, *(self.vector(group, a, b) for a, b, group in kicks)]
            phases += [0.0] * (len(leave) + len(enter)) + [self._phi(group, a, b) for a, b, group in kicks]
            sizes.append((len(leave), len(enter), len(kicks)))
        rows = self.bins.add(np.array(vectors, dtype=np.complex128).reshape(len(vectors), -1)) if vectors else []
        measured = [self._measured(k + 1) for k in range(first, end)]
        gains = [self._gains(vector)[0] for vector in vectors]
        stacked = np.concatenate([*gains, *(forms for forms, _ in measured)])
        parts = self.bins.components(stacked, self.bins.count)
        baths, done, count = len(self.field.rests), 0, self.counts[-1]
        at = baths * len(vectors)
        for (left, entered, kicked), k in zip(sizes, range(first, end), strict=True):
            mine = range(done, done + left + entered + kicked)
            count += sum(rows[i][1] for i in mine)
            found = [
                self._row(
                    vectors[i], rows[i][0], parts[baths * i : baths * (i + 1), :count], new=rows[i][1], phi=phases[i]
                )
                for i in mine
            ]
            done = mine.stop
            self.counts.append(count)
            forms, frames = measured[k - first]
            record = self._record(forms, frames, parts[at : at + len(forms), :count])
            at += len(forms)
            first_kick = left + entered
            self.intervals.append(
                Interval(
                    leave=tuple(found[:left]), enter=tuple(found[left:first_kick]), kicks=tuple(found[first_kick:]), record=record
                )
            )  # fmt: skip

    def _frames(self, k: int) -> list[Complex]:
        """The fields of the frame at the end of step k, one for each group."""
        if not (self.scheme.framed and k):
            return []
        t, width = float(self.times[k]), float(self.times[k] - self.times[k - 1])
        return [self.frame(group, t, width, just_before(t)) for group in self.scheme.groups]

    def _measured(self, k: int) -> tuple[Complex, list[Complex]]:
        """(the forms that are measured at the end of step k, those of the frame): 2 Q, G, and G B rows; the last G of them."""
        t = float(self.times[k])
        edges = np.array([self.field.edge(q, t) for q in range(len(self.field.amplitudes))])
        frames = self._frames(k)
        forms = [edges, -1j * self.field.frequencies * edges, *(vector[None] for vector in frames)]
        return np.concatenate([*forms, *(self._gains(vector)[0] for vector in frames)]), frames

    def _record(self, forms: Complex, frames: list[Complex], parts: Complex) -> Record:
        """What is measured where these ``forms`` have the components ``parts`` on the bins that are there."""
        count, baths = 2 * len(self.field.amplitudes), len(self.field.rests)
        rows, found, extra = parts[:count], [], 0
        for g, vector in enumerate(frames):
            row = parts[count + g]
            size, new = self._left(vector, row)
            row = np.concatenate([row, np.zeros(extra), [size] if new else []])
            start = count + len(frames) + g * baths
            found.append(self._row(vector, row, parts[start : start + baths], new=new, phi=0.0))
            if new:  # what is left of the field of the frame is a bin: <rest|v> = <field|v> - sum_j conj(row_j) v_j
                own = (forms[:count] @ vector.conj() - parts[:count] @ parts[count + g].conj()) / size
                rows = np.hstack([rows, own[:, None]])
                extra += 1
        numbers = np.array([self._number(form) for form in forms[:count]])
        return Record(frames=tuple(found), extra=extra, forms=rows, numbers=numbers)

    def _left(self, vector: Complex, row: Complex) -> tuple[float, bool]:
        """(norm of what the bins leave of a form with these components, whether it is more than rounding and worth a bin)."""
        whole = float(np.vdot(vector, vector).real)
        size = float(np.sqrt(max(0.0, whole - float(np.vdot(row, row).real))))
        return size, size > max(self.bins.least, ROUNDING * np.sqrt(whole))

    def extra(self, k: int) -> Complex:
        """(e, K): the bins that leaving the frame at the end of step k needs beside those that are there, as forms."""
        count, found = self.counts[k], []
        for vector in self._frames(k):
            row = self.bins.components(vector[None], count)[0]
            if not self._left(vector, row)[1]:
                continue
            rest = vector - row @ self.bins.forms[:count]
            rest = rest - self.bins.components(rest[None], count)[0] @ self.bins.forms[:count]
            found.append(rest / np.linalg.norm(rest))
        return np.array(found, dtype=np.complex128).reshape(len(found), self.field.frequencies.size)


def falling(x: Real) -> Real:
    """From 1 at x <= 0 to 0 at x >= 1, smoothly."""
    u = np.clip(x, 0.0, 1.0)
    return np.asarray(1 - u**3 * (10 - 15 * u + 6 * u**2))


def padded(row: Complex, count: int) -> Complex:
    """The row over ``count`` bins, 0 on those that it does not have."""
    return np.concatenate([row, np.zeros(count - row.size, dtype=np.complex128)])


def first_of(row: Complex, least: float) -> int:
    """The first bin that matters: all before it together have a norm of at most ``least``."""
    reached = np.flatnonzero(np.cumsum(np.abs(row) ** 2) > least**2)
    return int(reached[0]) if reached.size else row.size


def first_of_all(rows: Sequence[Complex] | Complex, least: float) -> int:
    """The first bin that matters to any of the rows (F, n)."""
    return min((first_of(row, least) for row in rows), default=0)
