"""The semicircle: the density whose chain is uniform."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.checks import number_problems
from chains.densities.power_law import Element, describe, evaluate
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray


@dataclass(frozen=True, kw_only=True)
class Semicircle:
    """J(w) = g^2 2/(pi h^2) sqrt(h^2 - (w - c)^2) on [c - h, c + h], g = coupling, c = centre, h = half_width.

    All are energies; coupling >= 0, half_width > 0, centre >= half_width (the support must lie in w >= 0). Its chain at
    T = 0 has kappa = g, e_n = c, t_n = h/2. Raises InvalidInput with every problem.
    """

    coupling: float
    centre: float
    half_width: float

    def __post_init__(self) -> None:
        problems = number_problems("coupling", self.coupling, at_least=0.0)
        problems += number_problems("centre", self.centre, above=0.0)
        problems += number_problems("half_width", self.half_width, above=0.0)
        if not problems and self.half_width > self.centre:
            hint = "the support [centre - half_width, centre + half_width] must not reach negative frequencies"
            problems.append(Problem(key="half_width", value=self.half_width, allowed=f"<= {self.centre:g}", hint=hint))
        raise_if_any(problems)

    @property
    def support(self) -> tuple[float, float]:
        """(centre - half_width, centre + half_width)."""
        return float(self.centre - self.half_width), float(self.centre + self.half_width)

    @property
    def strength(self) -> float:
        """coupling^2."""
        return float(self.coupling**2)

    @property
    def end_powers(self) -> tuple[float, float]:
        """(1/2, 1/2)."""
        return 0.5, 0.5

    @property
    def singular(self) -> tuple[complex, ...]:
        """None."""
        return ()

    @property
    def breaks(self) -> tuple[float, ...]:
        """None."""
        return ()

    @property
    def elements(self) -> tuple[Element, ...]:
        """The density itself."""
        return (self,)

    @property
    def exponent_at_zero(self) -> float:
        """1/2 if the support starts at 0, else inf."""
        return 0.5 if self.support[0] == 0.0 else math.inf

    def amplitude(self, w: FloatArray) -> FloatArray:
        """sqrt(2/(pi h^2))."""
        return np.full(np.shape(w), math.sqrt(2.0 / math.pi) / self.half_width)

    def truncation(self, neglected: float) -> float:
        """The end of the support."""
        return self.support[1]

    def weight(self) -> float:
        """int J dw = coupling^2."""
        return self.strength

    def reorganisation(self) -> float:
        """2 g^2/h^2 (c - sqrt(c^2 - h^2))."""
        c, h = self.centre, self.half_width
        return 2.0 * self.strength * (c - math.sqrt((c - h) * (c + h))) / h**2

    def describe(self) -> str:
        """Convention, formula, parameters and the main integrals, as text."""
        formula = "J(w) = g^2 2/(pi h^2) sqrt(h^2 - (w - c)^2) on [c - h, c + h]"
        parameters = f"g = {self.coupling:g}, c = {self.centre:g}, h = {self.half_width:g}"
        return describe(formula, parameters, self.reorganisation(), self.weight())

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        return evaluate(self, w)
