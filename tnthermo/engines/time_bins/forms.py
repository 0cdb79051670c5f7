"""The linear forms of the field that a run meets: what kicks, what frames, what is measured."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum, auto
from functools import cached_property
from typing import TypeVar

import numpy as np

from tnthermo.engines.time_bins.field import Field
from tnthermo.engines.time_bins.scheme import Group, Scheme
from tnthermo.engines.time_bins.strengths import integral, mean_square, ordered
from tnthermo.model.drives import just_before
from tnthermo.types import Complex, Real

T = TypeVar("T")
SAME = 1e-9  # of a step: times that differ by less are the same
SURE = 0.6  # of pi/step, up to which the energy of modes is what kicks add to it
CHUNK = 4096  # modes whose phases are made together
LAGS = 32  # lags that one product of matrices gives


class Kind(Enum):
    """What a form is: int X over a part of a step, X about a time, X or P = dX/dt at a time."""

    KICK = auto()
    FRAME = auto()
    X = auto()
    P = auto()


@dataclass(frozen=True, kw_only=True)
class Form:
    """A form f = sum_k v_k b_k, by where it belongs.

    step   the step of a kick; the number of the time of all others
    which  group of a kick or a frame, channel of X and P
    piece  which of the symmetric steps of second order of its step
    left   whether a frame has the strengths from before its time
    bath   where it is not f but the form by which a kick with f changes the energy of this bath: `Field.energy`
    """

    kind: Kind
    step: int
    which: int
    piece: int = 0
    left: bool = False
    bath: int | None = None


class Forms:
    """The forms of one run as vectors over the modes, with the numbers that go with them.

    slow  (K,) the part of the energy of each mode that is what kicks add to it: they move modes as the system does up to pi/step, beyond
          they also radiate, near 2 pi/step
    """

    def __init__(self, field: Field, scheme: Scheme, times: Real, displaced: Complex) -> None:
        self.field, self.scheme, self.times, self.displaced = field, scheme, times, displaced
        fastest = np.pi / float(np.max(np.diff(times), initial=1e-300))
        self.slow = falling((np.abs(field.frequencies) / fastest - SURE) / (1 - SURE))

    @cached_property
    def stationary(self) -> bool:
        """Whether forms of one kind at two times differ by the free motion alone: equal steps, and no strength changes."""
        if self.times.size < 2 or any(s is not None for group in self.scheme.groups for s in group.strengths):
            return False
        step = float(self.times[1])
        return bool(np.abs(self.times - step * np.arange(self.times.size)).max() <= SAME * step)

    def strongest(self, which: int) -> int:
        """The step in which the kick of a group is about the largest: couplings may begin at nothing."""
        group = self.scheme.groups[which]
        middle, length = 0.5 * (self.times[:-1] + self.times[1:]), np.diff(self.times)
        squares = sum(np.ones(middle.size) if f is None else f(middle) ** 2 for f in group.strengths)
        return int(np.argmax(length**2 * squares))

    def span(self, form: Form) -> tuple[float, float]:
        """From when to when a kick is."""
        return self.scheme.pieces(float(self.times[form.step]), float(self.times[form.step + 1]))[form.piece]

    def vector(self, form: Form) -> Complex:
        """v (K,)."""
        if form.bath is not None:
            return self._gain(self.vector(replace(form, bath=None)), form.bath)
        if form.kind is Kind.KICK:
            return self._kick(self.scheme.groups[form.which], *self.span(form))
        time = float(self.times[form.step])
        if form.kind is Kind.FRAME:
            group, side = self.scheme.groups[form.which], just_before(time) if form.left else time
            return self._frame(group, time, self._width(form), side)
        edge = self.field.edge(form.which, time)
        return edge if form.kind is Kind.X else np.asarray(-1j * self.field.frequencies * edge)

    def vectors(self, forms: list[Form]) -> Complex:
        """(b, K)."""
        found = np.empty((len(forms), self.field.frequencies.size), dtype=np.complex128)
        known: dict[Form, Complex] = {}
        for i, form in enumerate(forms):
            plain = replace(form, bath=None)
            if plain not in known:
                known[plain] = self.vector(plain)
            found[i] = known[plain] if form.bath is None else self._gain(known[plain], form.bath)
        return found

    def _gain(self, vector: Complex, bath: int) -> Complex:
        """The form (K,) by which a kick with this vector changes the energy of a bath."""
        found = np.zeros(vector.size, dtype=np.complex128)
        where = self.field.of(bath)
        found[where] = (self.field.energy(vector) * self.slow)[where]
        return found

    def _kick(self, group: Group, start: float, end: float) -> Complex:
        """int_start^end X over a group."""
        total = np.zeros(self.field.frequencies.size, dtype=np.complex128)
        for q in group.channels:
            where = self.field.of(group.bath_of(q))
            turned = integral(self.field.frequencies[where], start, end, group.strength(q))
            total[where] += self.field.amplitudes[q, where] * turned
        return total

    def _width(self, form: Form) -> float:
        """Over how long the X of a frame is averaged: the step that it begins, or that it ends."""
        if form.left:
            return float(self.times[form.step] - self.times[form.step - 1])
        return self.scheme.frame_width(self.times, form.step)

    def _frame(self, group: Group, time: float, width: float, side: float) -> Complex:
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

    def phase(self, form: Form) -> float:
        """phi of a kick: its time order is exp(-i A^2 phi)."""
        group, (start, end), found = self.scheme.groups[form.which], self.span(form), 0.0
        for q in group.channels:
            where = self.field.of(group.bath_of(q))
            squares = np.abs(self.field.amplitudes[q, where]) ** 2
            found += ordered(self.field.frequencies[where], squares, start, end, group.strength(q))
            # what is faster than all modes follows at once: exp(i A^2 lambda int f^2)
            found -= self.field.rests[group.bath_of(q)].reorganisation * mean_square(start, end, group.strength(q))
        return found

    def squares(self, form: Form) -> Real:
        """(B,) what <O^2> of a kick with this form adds to the energy of each bath."""
        parts = self.field.frequencies * self.slow * np.abs(self.vector(form)) ** 2
        return np.array([parts[self.field.of(bath)].sum() for bath in range(len(self.field.rests))])

    def number(self, form: Form) -> float:
        """What a displacement of the field adds to f + f^dag."""
        return float(2 * (self.vector(form) @ self.displaced).real) if self.displaced.size else 0.0


class Numbers:
    """`Forms.phase`, `Forms.squares` and `Forms.number`, each found once where it is the same for all steps, or turns with the modes."""

    def __init__(self, forms: Forms) -> None:
        self.forms = forms
        self._phases: dict[Form, float] = {}
        self._squares: dict[Form, Real] = {}
        self._numbers: dict[Form, Real] = {}

    def phase(self, form: Form) -> float:
        """phi of a kick."""
        return self._once(self._phases, form, self.forms.phase)

    def squares(self, form: Form) -> Real:
        """(B,) what <O^2> of a kick with this form adds to the energy of each bath."""
        return self._once(self._squares, form, self.forms.squares)

    def number(self, form: Form) -> float:
        """What a displacement of the field adds to f + f^dag."""
        if not self.forms.stationary or not self.forms.displaced.size:
            return self.forms.number(form)
        return float(self._once(self._numbers, form, self._at_all_times)[form.step])

    def _once(self, known: dict[Form, T], form: Form, find: Callable[[Form], T]) -> T:
        if not self.forms.stationary:
            return find(form)
        first = at_start(form)
        if first not in known:
            known[first] = find(first)
        return known[first]

    def _at_all_times(self, form: Form) -> Real:
        """`Forms.number` at each of the times (n,)."""
        forms = self.forms
        weights = (forms.vector(form) * forms.displaced)[None]
        return 2 * phase_sums(weights, forms.field.frequencies, float(forms.times[1]), forms.times.size)[0].real


def at_start(form: Form) -> Form:
    """The same form at t = 0, where all forms of its kind are the same but for the free motion."""
    return replace(form, step=0, left=False)


def phase_sums(weights: Complex, frequencies: Real, step: float, count: int) -> Complex:
    """(P, count): sum_k weights_pk exp(-i w_k m step) for m = 0 ... count - 1."""
    blocks = -(-count // LAGS)
    found = np.zeros((blocks, len(weights), LAGS), dtype=np.complex128)
    for first in range(0, frequencies.size, CHUNK):
        w = frequencies[first : first + CHUNK] * step
        near = np.exp(-1j * np.outer(w, np.arange(LAGS)))
        part = weights[:, first : first + CHUNK]
        for block in range(blocks):
            found[block] += (part * np.exp(-1j * (LAGS * block) * w)) @ near
    return found.transpose(1, 0, 2).reshape(len(weights), -1)[:, :count]


def falling(x: Real) -> Real:
    """From 1 at x <= 0 to 0 at x >= 1, smoothly."""
    u = np.clip(x, 0.0, 1.0)
    return np.asarray(1 - u**3 * (10 - 15 * u + 6 * u**2))
