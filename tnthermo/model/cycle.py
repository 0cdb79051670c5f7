"""Thermodynamic cycles: strokes, one after the other and over and over, as drives of H_S and of the couplings."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from fractions import Fraction
from functools import cached_property
from math import ceil, gcd, isclose, lcm
from typing import Any

import numpy as np

from chains.checks import instance_problems, integer_problems, number_problems, sequence_problems, word_problems
from chains.problems import MISSING, InvalidInput, Problem, raise_if_any
from tnthermo.model.drives import PROFILES, FloatArray
from tnthermo.model.model import SystemDrive
from tnthermo.model.operators import PAULI, operator
from tnthermo.model.piecewise import Piecewise

MOST_CYCLES = 1000
SAME = 1e-9  # parts of a period within which two times are one
COARSEST = 60  # records of a period, at least
FINEST_PART = 5_000  # of a period: what divides all strokes is no smaller part
PAIR = "a number, which it holds, or [from, to]"


@dataclass(frozen=True, kw_only=True)
class Stroke:
    """One stroke of a cycle.

    duration     > 0 (1/energy)
    name         what it is called in results; empty: its number
    hamiltonian  factor of each driven part of H_S, by its name: a number that is held, or (from, to) along ``profile``; a part that is
                 left out stays where the stroke before has left it (energies; pure numbers for operators that are energies)
    coupling     strength of each bath's coupling (B,), a factor; None: as in the stroke before. A coupling changes inside the stroke in
                 which it is stronger, in the time `Cycle.switching`: one that is off is off for the whole of its stroke
    profile      "linear", or "smooth" as in `Ramp`
    start        when it begins in the cycle, to be checked against the end of the stroke before; None: there

    Raises InvalidInput with every problem.
    """

    duration: float
    name: str = ""
    hamiltonian: Mapping[str, Any] = field(default_factory=dict)
    coupling: Sequence[float] | None = None
    profile: str = "linear"
    start: float | None = None

    def __post_init__(self) -> None:
        problems = [
            replace(p, hint=p.hint or "a stroke without duration is a jump: begin the next one with another value")
            for p in number_problems("duration", self.duration, above=0.0)
        ]
        problems += instance_problems("name", self.name, str, "a text") + word_problems(
            "profile", self.profile, PROFILES
        )
        problems += [] if self.start is None else number_problems("start", self.start)
        found = instance_problems(
            "hamiltonian", self.hamiltonian, Mapping, "a table, { z = 0.5 } or { z = [0.5, 1.0] }"
        )
        problems += found
        if not found:
            for name, given in self.hamiltonian.items():
                if isinstance(given, list | tuple | np.ndarray):
                    wrong = sequence_problems(f"hamiltonian.{name}", given)
                    if not wrong and len(given) != 2:
                        wrong = [Problem(key=f"hamiltonian.{name}", value=list(given), allowed=PAIR)]
                    problems += wrong
                else:
                    problems += number_problems(f"hamiltonian.{name}", given)
        if self.coupling is not None:
            problems += sequence_problems("coupling", self.coupling)
        raise_if_any(problems)

    def ends(self, name: str) -> tuple[float, float] | None:
        """The values of a part of H_S at begin and end; None where it is left out."""
        if name not in self.hamiltonian:
            return None
        given = self.hamiltonian[name]
        pair = given if isinstance(given, list | tuple | np.ndarray) else (given, given)
        return float(pair[0]), float(pair[1])


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Strokes that follow each other ``count`` times, as drives.

    strokes    `Stroke`, in their order
    count      how many cycles
    switching  the time in which a coupling goes from one strength to another, without kinks (`Ramp`, "smooth"), inside the stroke in
               which it is stronger; 0: it jumps where one stroke ends and the next begins (1/energy)
    operators  operator of each part of H_S that is not "x", "y", "z" or "i" (d, d)
    limit      distance of a cycle to the one before below which it counts as the limit cycle: `tnthermo.cycles`

    A jump, of H_S or a coupling, belongs to the stroke that it ends, the last one of all as well: all cycles are alike.

    ``drives`` and ``strengths`` go into `assemble` and `couple`, ``until`` and ``record_every`` into `evolve`, the cycle itself with
    the ledger into `cycles`.

    Raises InvalidInput with every problem: no stroke, strokes that overlap or leave a gap, switching that does not fit into a stroke,
    names of parts without an operator, strengths of different numbers of baths.
    """

    strokes: Sequence[Stroke]
    count: int = 3
    switching: float = 0.0
    operators: Mapping[str, Any] = field(default_factory=dict)
    limit: float = 1e-3

    def __post_init__(self) -> None:
        problems = self._own_problems()
        raise_if_any(problems)
        problems = [*self._order_problems(), *self._coupling_problems(), *self._part_problems()]
        raise_if_any(problems)
        object.__setattr__(self, "strokes", tuple(self.strokes))
        object.__setattr__(self, "count", int(self.count))

    def _own_problems(self) -> list[Problem]:
        """What is wrong with each by itself."""
        problems: list[Problem] = []
        if not isinstance(self.strokes, list | tuple) or not self.strokes:
            problems.append(Problem(key="strokes", value=self.strokes, allowed="a list of strokes, at least one"))
        else:
            for i, stroke in enumerate(self.strokes):
                problems += instance_problems(f"strokes[{i}]", stroke, Stroke, "Stroke(...)")
        found = integer_problems("count", self.count, at_least=1, at_most=MOST_CYCLES)
        problems += found + number_problems("switching", self.switching, at_least=0.0)
        problems += number_problems("limit", self.limit, above=0.0)
        return problems + instance_problems("operators", self.operators, Mapping, "a table of operators")

    def _order_problems(self) -> list[Problem]:
        """Starts that are not the ends of the strokes before."""
        problems = []
        for i, (stroke, end) in enumerate(zip(self.strokes, self.ends[:-1].tolist(), strict=True)):
            if stroke.start is None or abs(stroke.start - end) <= SAME * self.period:
                continue
            which = "overlaps" if stroke.start < end else "leaves a gap behind"
            before = "the cycle begins at 0" if i == 0 else f"{which} the one before, which ends at {end:g}"
            hint = "leave start out, or let a stroke in between hold what is there"
            problems.append(
                Problem(key=f"strokes[{i}].start", value=stroke.start, allowed=f"{end:g}: {before}", hint=hint)
            )
        return problems

    def _coupling_problems(self) -> list[Problem]:
        """Strengths that do not fit each other or into their strokes."""
        counts = {len(stroke.coupling) for stroke in self.strokes if stroke.coupling is not None}
        if not counts:
            return []
        if len(counts) > 1 or 0 in counts:
            found = ", ".join(str(None if s.coupling is None else len(s.coupling)) for s in self.strokes)
            return [
                Problem(
                    key="strokes.coupling",
                    value=f"of {found} baths",
                    allowed="one strength for each bath, the same baths in each stroke",
                )
            ]
        problems = []
        for i, stroke in enumerate(self.strokes):
            inside = max(int(on) + int(off) for on, off in self._switched(i))
            if inside * self.switching > stroke.duration * (1 + SAME):
                times = f"{inside} x " if inside > 1 else ""
                allowed = f"at least {times}switching = {inside * self.switching:g}: its coupling changes inside"
                problems.append(Problem(key=f"strokes[{i}].duration", value=stroke.duration, allowed=allowed))
        return problems

    def _part_problems(self) -> list[Problem]:
        """Names of parts of H_S without an operator, and operators without a name."""
        problems = []
        named = list(dict.fromkeys(name for stroke in self.strokes for name in stroke.hamiltonian))
        for name in named:
            if not isinstance(name, str) or not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name):
                problems.append(
                    Problem(key="strokes.hamiltonian", value=name, allowed="names of letters, digits and underscores")
                )
            elif name not in PAULI and name not in self.operators:
                hint = "x, y, z and i are Pauli matrices"
                problems.append(
                    Problem(
                        key=f"operators.{name}", value=MISSING, allowed="the operator of this part of H_S", hint=hint
                    )
                )
        for name, given in self.operators.items():
            if name in PAULI:
                problems.append(
                    Problem(key=f"operators.{name}", value=given, allowed=f"not given: {name} is a Pauli matrix")
                )
            elif name not in named:
                problems.append(
                    Problem(key=f"operators.{name}", value=given, allowed="the name of a part that a stroke drives")
                )
            else:
                try:
                    operator(given, key=f"operators.{name}")
                except InvalidInput as error:
                    problems += error.problems
        return problems

    @cached_property
    def ends(self) -> FloatArray:
        """(n + 1,) when strokes begin and end in a cycle, from 0 on (1/energy)."""
        return np.concatenate([[0.0], np.cumsum([float(stroke.duration) for stroke in self.strokes])])

    @property
    def period(self) -> float:
        """Of one cycle (1/energy)."""
        return float(self.ends[-1])

    @property
    def until(self) -> float:
        """The end of the last cycle (1/energy)."""
        return self.count * self.period

    @property
    def names(self) -> tuple[str, ...]:
        """What the strokes are called."""
        return tuple(stroke.name or str(i) for i, stroke in enumerate(self.strokes))

    @property
    def common(self) -> float:
        """The longest time that divides all strokes (1/energy); 0 where none does, or only one that is too short to record."""
        parts = [Fraction(float(s.duration) / self.period).limit_denominator(FINEST_PART) for s in self.strokes]
        whole = lcm(*(part.denominator for part in parts))
        unit = gcd(*(part.numerator * (whole // part.denominator) for part in parts))
        near = all(
            abs(float(s.duration) / self.period - float(p)) <= 0.1 * SAME
            for s, p in zip(self.strokes, parts, strict=True)
        )
        if not near or whole > FINEST_PART * unit:
            return 0.0
        return float(self.strokes[0].duration) / (parts[0].numerator * (whole // parts[0].denominator) // unit)

    @property
    def record_every(self) -> float:
        """An interval of records that has the ends of all strokes among them (1/energy).

        Raises InvalidInput where no interval divides all strokes.
        """
        if self.common <= 0:
            durations = ", ".join(f"{float(stroke.duration):.10g}" for stroke in self.strokes)
            allowed = f"durations with a common divisor, at least 1/{FINEST_PART} of the period {self.period:g}: no step divides these"
            raise InvalidInput([Problem(key="strokes.duration", value=durations, allowed=allowed)])
        return self.common / max(1, ceil(self.common * COARSEST / self.period * (1 - SAME)))

    def step_problems(self, key: str, interval: float) -> list[Problem]:
        """Strokes that do not end at a multiple of ``interval``, with the numbers."""
        problems = []
        for i, stroke in enumerate(self.strokes):
            parts = float(stroke.duration) / interval
            if not (parts >= 0.5 and isclose(parts, round(parts), rel_tol=SAME)):
                hint = f"{self.common:g} divides all strokes, and its parts do" if self.common > 0 else ""
                of = f"the period {self.period:g} is {self.period / interval:g} of them"
                allowed = f"a multiple of {key} = {interval:g}, a record where a stroke ends; {of}"
                problems.append(
                    Problem(key=f"strokes[{i}].duration", value=float(stroke.duration), allowed=allowed, hint=hint)
                )
        return problems

    @property
    def baths(self) -> int:
        """Of how many baths the couplings are driven; 0: of none."""
        return len(self._strengths[0]) if self._strengths else 0

    @cached_property
    def _strengths(self) -> list[list[float]]:
        """(n, B) strength of each bath in each stroke; [] where no stroke says any."""
        given = [None if stroke.coupling is None else [float(x) for x in stroke.coupling] for stroke in self.strokes]
        known = [one for one in given if one is not None]
        if not known:
            return []
        found, now = [], known[-1]
        for one in given:
            now = now if one is None else one
            found.append(now)
        return found

    def _switched(self, i: int) -> list[tuple[bool, bool]]:
        """Of each bath whether its coupling changes at the begin and at the end of stroke ``i``, inside it."""
        here, before = self._strengths[i], self._strengths[i - 1]
        after = self._strengths[(i + 1) % len(self.strokes)]
        return [(abs(h) > abs(b), abs(h) >= abs(a) and h != a) for h, b, a in zip(here, before, after, strict=True)]

    @cached_property
    def parts(self) -> dict[str, Piecewise]:
        """The factor of each driven part of H_S, by its name."""
        found = {}
        for name in dict.fromkeys(name for stroke in self.strokes for name in stroke.hamiltonian):
            given = [stroke.ends(name) for stroke in self.strokes]
            now = [pair for pair in given if pair is not None][-1][1]
            pairs = []
            for pair in given:
                pairs.append((now, now) if pair is None else pair)
                now = pairs[-1][1]
            found[name] = Piecewise(
                times=self.ends,
                initial=[a for a, _ in pairs],
                final=[b for _, b in pairs],
                profile=[stroke.profile for stroke in self.strokes],
                count=self.count,
            )
        return found

    @cached_property
    def drives(self) -> tuple[SystemDrive, ...]:
        """The driven parts of H_S, for ``drives`` of `assemble`."""
        return tuple(
            SystemDrive(
                operator=PAULI[name] if name in PAULI else operator(self.operators[name], key=name), drive=drive
            )
            for name, drive in self.parts.items()
        )

    @cached_property
    def strengths(self) -> tuple[Piecewise, ...]:
        """The factor of each bath's coupling, for ``strength`` of `couple`; () where no stroke says any."""
        return tuple(self._strength(bath) for bath in range(self.baths))

    def _strength(self, bath: int) -> Piecewise:
        times, initial, final = [0.0], [], []
        for i, stroke in enumerate(self.strokes):
            here, before = self._strengths[i][bath], self._strengths[i - 1][bath]
            after = self._strengths[(i + 1) % len(self.strokes)][bath]
            on, off = self._switched(i)[bath] if self.switching > 0 else (False, False)
            begin, end = float(self.ends[i]), float(self.ends[i + 1])
            pieces = [(begin + self.switching, before, here)] if on else []
            whole = (int(on) + int(off)) * self.switching >= float(stroke.duration) * (1 - SAME)
            if whole and on and off:
                pieces = [(0.5 * (begin + end), before, here)]
            elif not whole:
                pieces.append((end - self.switching if off else end, here, here))
            if off:
                pieces.append((end, here, after))
            pieces[-1] = (end, *pieces[-1][1:])
            times += [piece[0] for piece in pieces]
            initial += [piece[1] for piece in pieces]
            final += [piece[2] for piece in pieces]
        return Piecewise(times=times, initial=initial, final=final, profile="smooth", count=self.count)

    def describe(self) -> str:
        """Strokes, period and count, as text."""
        strokes = ", ".join(f"{name} {float(s.duration):g}" for name, s in zip(self.names, self.strokes, strict=True))
        return f"{self.count} cycles of {strokes}; period {self.period:g}"
