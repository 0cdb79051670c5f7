"""The sum of spectral densities: one bath whose continuum has several origins."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity, Element, describe, frequencies_from_zero
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class Sum:
    """J(w) = J_1(w) + J_2(w) + ..., ``parts`` the continuous densities J_i (at least one).

    All parts couple through the one X, as one bath. Every part is discretised with its own singular ends, so that parts
    with different powers at w = 0 or different cut-offs lose no accuracy. A part of strength 0 counts for nothing (not
    for the support either), unless all are 0: then the shape is that of all of them with equal strengths.
    Sums within ``parts`` are taken apart: the attribute holds a flat tuple.
    Raises InvalidInput with every problem: no part, an entry that is not a density, discrete densities.
    """

    parts: Sequence[ContinuousDensity]

    def __post_init__(self) -> None:
        raise_if_any(_part_problems(self.parts))
        flat: list[ContinuousDensity] = []
        for part in self.parts:
            flat += part.parts if isinstance(part, Sum) else [part]
        object.__setattr__(self, "parts", tuple(flat))

    @property
    def _present(self) -> list[ContinuousDensity]:
        """The parts that count."""
        return [part for part in self.parts if part.strength > 0.0] or list(self.parts)

    @property
    def support(self) -> tuple[float, float]:
        """From the lowest to the highest frequency of any part; there may be gaps between."""
        return min(p.support[0] for p in self._present), max(p.support[1] for p in self._present)

    @property
    def strength(self) -> float:
        """The sum of the parts' strengths."""
        return float(sum(part.strength for part in self.parts))

    @property
    def elements(self) -> tuple[Element, ...]:
        """The elements of all parts."""
        return tuple(element for part in self._present for element in part.elements)

    @property
    def exponent_at_zero(self) -> float:
        """The smallest exponent of the parts: it wins at w -> 0."""
        return min(part.exponent_at_zero for part in self._present)

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies: the farthest truncation of the parts."""
        return max(part.truncation(neglected) for part in self._present)

    def weight(self) -> float:
        """int J dw = C(0) at T = 0: the sum of the parts' weights."""
        return float(sum(part.weight() for part in self.parts))

    def reorganisation(self) -> float:
        """int J/w dw: the sum of the parts' reorganisation energies."""
        return float(sum(part.reorganisation() for part in self.parts))

    def describe(self) -> str:
        """Convention, the parts with their formulas and parameters, and the main integrals, as text."""
        formula = f"J(w) = sum of {len(self.parts)} densities:"
        lines = []
        for i, part in enumerate(self.parts):
            _, *rest = part.describe().splitlines()  # the first line is the convention, which is said once
            lines += [f"  [{i}] {rest[0]}", *(f"      {line}" for line in rest[1:])]
        return describe(formula, "\n".join(lines), self.reorganisation(), self.weight())

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        array = frequencies_from_zero(w)
        total = np.zeros(array.shape)
        for part in self.parts:
            total = total + part(array)
        return total


def _part_problems(parts: object) -> list[Problem]:
    """Return everything that is wrong with the parts of a sum."""
    allowed = "a non-empty list of continuous spectral densities"
    if isinstance(parts, str) or not isinstance(parts, Sequence):
        return [Problem(key="parts", value=parts, allowed=allowed, hint=f"found {type(parts).__name__}")]
    if len(parts) == 0:
        return [Problem(key="parts", value=parts, allowed=allowed)]
    if all(isinstance(part, Discrete) for part in parts):
        found = f"{len(parts)} discrete densities"
        hint = "give all modes to one Discrete, which merges equal frequencies"
        return [Problem(key="parts", value=found, allowed="continuous densities", hint=hint)]
    problems = []
    for i, part in enumerate(parts):
        if isinstance(part, Discrete):
            hint = "sharp modes and a continuum have no common measure: a mode of finite width is a Brownian"
            value = f"a discrete density of {part.modes} modes"
            problems.append(Problem(key=f"parts[{i}]", value=value, allowed="a continuous density", hint=hint))
        elif not isinstance(part, ContinuousDensity):
            hint = "PowerLaw, DrudeLorentz, Brownian, Semicircle, Table, Function or Sum"
            problems.append(Problem(key=f"parts[{i}]", value=part, allowed="a continuous density", hint=hint))
    return problems
