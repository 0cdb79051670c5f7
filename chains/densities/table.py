"""A spectral density from measured or computed points."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import numpy.typing as npt
import scipy

from chains.checks import bracketed, frozen, instance_problems, sequence_problems, word_problems
from chains.columns import read_columns
from chains.densities.integrals import reorganisation_of, weight_of
from chains.densities.power_law import Element, describe, evaluate
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray

FEWEST_POINTS = 4
SMALL_END = 1e-3
"""A table that ends above this part of its largest value ends "while still large"."""
ENDS = ("refuse", "hard")


@dataclass(frozen=True, kw_only=True, eq=False)
class Table:
    """J(w) through given points: monotone cubic (pchip) interpolation between them, 0 outside them.

    frequencies   strictly increasing, >= 0, at least 4, energies
    values        J at these, >= 0, energies; J(0) = 0 if the table starts at 0, where J is then taken as Ohmic (~ w)
    ends          "refuse" (default): both ends of the table must be small (below 1e-3 of the largest value);
                  "hard": J is meant to be 0 outside the table although it is large at its end

    Raises InvalidInput with every problem: unsorted or doubled frequencies, nan, negative values (naming the worst).
    """

    frequencies: Sequence[float] | FloatArray
    values: Sequence[float] | FloatArray
    ends: str = "refuse"
    source: str = field(default="", kw_only=True)

    def __post_init__(self) -> None:
        problems = _table_problems(self.frequencies, self.values, self.ends, bracketed)
        raise_if_any(problems + instance_problems("source", self.source, str, "a text: where the numbers are from"))
        object.__setattr__(self, "frequencies", frozen(self.frequencies))
        object.__setattr__(self, "values", frozen(self.values))

    @classmethod
    def from_file(cls, path: str | Path, *, ends: str = "refuse") -> Table:
        """Return the table in a text file: two columns (w, J) apart by spaces, tabs or commas.

        Lines from '#' on are comments, empty lines are skipped, one line of column names may come first.
        Raises InvalidInput, naming the line of every problem, also for a file that cannot be read.
        """
        found = read_columns(
            path,
            names="w, J",
            fewest=FEWEST_POINTS,
            problems_of=lambda columns: _table_problems(columns.first, columns.second, ends, columns.where),
        )
        return cls(frequencies=found.first, values=found.second, ends=ends, source=str(path))

    @property
    def support(self) -> tuple[float, float]:
        """First and last frequency of the table."""
        return float(self.frequencies[0]), float(self.frequencies[-1])

    @property
    def strength(self) -> float:
        """1."""
        return 1.0

    @property
    def end_powers(self) -> tuple[float, float]:
        """(1, 0) if the table starts at w = 0, else (0, 0)."""
        return (1.0 if self.frequencies[0] == 0.0 else 0.0), 0.0

    @property
    def singular(self) -> tuple[complex, ...]:
        """None: the interpolant is a polynomial on every interval."""
        return ()

    @property
    def breaks(self) -> tuple[float, ...]:
        """The inner frequencies: the second derivative jumps there."""
        return tuple(float(w) for w in self.frequencies[1:-1])

    @property
    def elements(self) -> tuple[Element, ...]:
        """The density itself."""
        return (self,)

    @property
    def exponent_at_zero(self) -> float:
        """1 if the table starts at w = 0, else inf."""
        return 1.0 if self.frequencies[0] == 0.0 else math.inf

    @cached_property
    def _interpolant(self) -> Callable[[FloatArray], FloatArray]:
        return scipy.interpolate.PchipInterpolator(self.frequencies, self.values)  # type: ignore[no-any-return]

    def amplitude(self, w: FloatArray) -> FloatArray:
        """sqrt(J/w) if the table starts at w = 0 (0 at w = 0 itself), else sqrt(J)."""
        x = np.asarray(w, dtype=np.float64)
        values = np.sqrt(np.maximum(self._interpolant(x), 0.0))  # pchip of values >= 0 is >= 0 up to rounding
        if self.frequencies[0] > 0.0:
            return values
        return np.divide(values, np.sqrt(x), out=np.zeros_like(x), where=x > 0.0)

    def truncation(self, neglected: float) -> float:
        """The end of the table."""
        return self.support[1]

    def weight(self) -> float:
        """int J dw."""
        return weight_of(self)

    def reorganisation(self) -> float:
        """int J/w dw."""
        return reorganisation_of(self)

    def describe(self) -> str:
        """Convention, origin and the main integrals, as text."""
        low, high = self.support
        formula = f"J(w) by monotone cubic interpolation of {len(self.frequencies)} points {self.source}".rstrip()
        remark = "J = 0 outside the table, as asked for (ends = 'hard')" if self.ends == "hard" else ""
        return describe(formula, f"on [{low:g}, {high:g}]", self.reorganisation(), self.weight(), remark)

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        return evaluate(self, w)


def _table_problems(frequencies: object, values: object, ends: object, where: Callable[[int], str]) -> list[Problem]:
    """Return everything that is wrong with a table; ``where`` says how row i is called."""
    problems = sequence_problems("frequencies", frequencies, where) + sequence_problems("values", values, where)
    problems += word_problems("ends", ends, ENDS)
    if problems:
        return problems
    w, j = np.asarray(frequencies, dtype=np.float64), np.asarray(values, dtype=np.float64)
    if w.size != j.size:
        found = f"{w.size} frequencies, {j.size} values"
        problems.append(Problem(key="values", value=found, allowed="one value for each frequency"))
        return problems
    if w.size < FEWEST_POINTS:
        problems.append(Problem(key="frequencies", value=f"{w.size} points", allowed=f"at least {FEWEST_POINTS}"))
    for i in (np.flatnonzero(np.diff(w) <= 0.0) + 1).tolist():
        allowed = f"larger than the one before ({w[i - 1]:g})"
        problems.append(Problem(key=f"frequencies{where(i)}", value=float(w[i]), allowed=allowed))
    for i in np.flatnonzero(w < 0.0).tolist():
        hint = "temperature is handled by the thermal map, not by negative frequencies"
        problems.append(Problem(key=f"frequencies{where(i)}", value=float(w[i]), allowed=">= 0", hint=hint))
    if np.any(j < 0.0):
        worst = int(np.argmin(j))
        hint = f"the worst of {int(np.sum(j < 0.0))} negative values, at w = {w[worst]:g}"
        problems.append(Problem(key=f"values{where(worst)}", value=float(j[worst]), allowed=">= 0", hint=hint))
    elif not np.any(j > 0.0):
        problems.append(Problem(key="values", value="all zero", allowed="at least one value > 0"))
    elif not problems:
        problems += _end_problems(w, j, str(ends), where)
    return problems


def _end_problems(w: FloatArray, j: FloatArray, ends: str, where: Callable[[int], str]) -> list[Problem]:
    """Return what is wrong with the values at the two ends of the table."""
    problems: list[Problem] = []
    if w[0] == 0.0 and j[0] != 0.0:
        hint = "J(0) > 0 makes J coth(beta w/2) and the reorganisation energy diverge"
        problems.append(Problem(key=f"values{where(0)}", value=float(j[0]), allowed="0 at w = 0", hint=hint))
    if ends == "refuse":
        small = SMALL_END * float(np.max(j))
        for i, name in ((0, "starts"), (w.size - 1, "ends")):
            if j[i] > small and w[i] > 0.0:
                hint = f"the table {name} while J is still large: add points, or say ends = 'hard' for J = 0 outside it"
                problems.append(Problem(key=f"values{where(i)}", value=float(j[i]), allowed=f"<= {small:g}", hint=hint))
    return problems
