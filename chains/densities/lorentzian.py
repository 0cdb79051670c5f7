"""Densities from damped motion: Drude-Lorentz (overdamped) and the Brownian oscillator (a broadened mode)."""

from __future__ import annotations

import cmath
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.checks import number_problems
from chains.densities.integrals import reorganisation_of, weight_of
from chains.densities.power_law import Element, describe, evaluate
from chains.problems import raise_if_any
from chains.types import FloatArray

DEFAULT_WIDTHS = 20.0
"""Where the algebraic tails are cut by default, in widths."""


@dataclass(frozen=True, kw_only=True)
class DrudeLorentz:
    """J(w) = (2/pi) lambda gamma w/(w^2 + gamma^2) on [0, cutoff]: lambda = reorganisation_energy, gamma = width.

    No-pi convention: the literature's J_pi(w) = 2 lambda gamma w/(w^2 + gamma^2) is pi times this one. All are
    energies; reorganisation_energy >= 0 is that of the uncut density, :meth:`reorganisation` that of the cut one:
    lambda (2/pi) atan(cutoff/gamma), 0.968 lambda by default.
    The tail 1/w has an infinite C(0) = int J, so there is no chain without a cutoff; default 20 width.
    Raises InvalidInput with every problem.
    """

    reorganisation_energy: float
    width: float
    cutoff: float | None = None

    def __post_init__(self) -> None:
        problems = number_problems("reorganisation_energy", self.reorganisation_energy, at_least=0.0)
        problems += number_problems("width", self.width, above=0.0)
        if self.cutoff is not None:
            problems += number_problems("cutoff", self.cutoff, above=0.0)
        raise_if_any(problems)

    @property
    def support(self) -> tuple[float, float]:
        """(0, cutoff)."""
        return 0.0, float(DEFAULT_WIDTHS * self.width if self.cutoff is None else self.cutoff)

    @property
    def strength(self) -> float:
        """2 lambda/pi."""
        return 2.0 * self.reorganisation_energy / math.pi

    @property
    def end_powers(self) -> tuple[float, float]:
        """(1, 0)."""
        return 1.0, 0.0

    @property
    def singular(self) -> tuple[complex, ...]:
        """The pole i gamma."""
        return (1j * self.width,)

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
        """1: Ohmic."""
        return 1.0

    def amplitude(self, w: FloatArray) -> FloatArray:
        """sqrt(gamma/(w^2 + gamma^2))."""
        return math.sqrt(self.width) / np.hypot(w, self.width)

    def truncation(self, neglected: float) -> float:
        """The cutoff."""
        return self.support[1]

    def weight(self) -> float:
        """int J dw = (lambda gamma/pi) log(1 + (cutoff/gamma)^2)."""
        return 0.5 * self.strength * self.width * math.log1p((self.support[1] / self.width) ** 2)

    def reorganisation(self) -> float:
        """int J/w dw = lambda (2/pi) atan(cutoff/gamma)."""
        return self.strength * math.atan(self.support[1] / self.width)

    def describe(self) -> str:
        """Convention, formula, parameters and the main integrals, as text."""
        formula = "J(w) = (2/pi) lambda gamma w/(w^2 + gamma^2) on [0, cutoff] (J_pi = pi J)"
        parameters = f"lambda = {self.reorganisation_energy:g}, gamma = {self.width:g}, cutoff = {self.support[1]:g}"
        remark = "cut off because the tail 1/w has an infinite C(0)"
        return describe(formula, parameters, self.reorganisation(), self.weight(), remark)

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        return evaluate(self, w)


@dataclass(frozen=True, kw_only=True)
class Brownian:
    """J(w) = (2/pi) lambda gamma w0^2 w/((w^2 - w0^2)^2 + gamma^2 w^2) on [0, cutoff].

    lambda = reorganisation_energy (>= 0, of the uncut density), w0 = frequency > 0, gamma = width > 0, energies. No-pi
    convention: the literature's J_pi is pi times this one. For gamma -> 0 it is one mode at w0 with g^2 = lambda w0.
    The tail 1/w^3 has no higher moments, so there is no chain without a cutoff; default 20 times the larger of w0 and
    gamma, which neglects about (gamma/w0)/800 of int J. Raises InvalidInput with every problem.
    """

    reorganisation_energy: float
    frequency: float
    width: float
    cutoff: float | None = None

    def __post_init__(self) -> None:
        problems = number_problems("reorganisation_energy", self.reorganisation_energy, at_least=0.0)
        problems += number_problems("frequency", self.frequency, above=0.0)
        problems += number_problems("width", self.width, above=0.0)
        if self.cutoff is not None:
            problems += number_problems("cutoff", self.cutoff, above=0.0)
        raise_if_any(problems)

    @property
    def support(self) -> tuple[float, float]:
        """(0, cutoff)."""
        default = DEFAULT_WIDTHS * max(self.frequency, self.width)
        return 0.0, float(default if self.cutoff is None else self.cutoff)

    @property
    def strength(self) -> float:
        """2 lambda/pi."""
        return 2.0 * self.reorganisation_energy / math.pi

    @property
    def end_powers(self) -> tuple[float, float]:
        """(1, 0)."""
        return 1.0, 0.0

    @property
    def singular(self) -> tuple[complex, ...]:
        """The poles in the upper half plane: i gamma/2 +- sqrt(w0^2 - gamma^2/4)."""
        root = cmath.sqrt(self.frequency**2 - 0.25 * self.width**2)
        return 0.5j * self.width + root, 0.5j * self.width - root

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
        """1: Ohmic."""
        return 1.0

    def amplitude(self, w: FloatArray) -> FloatArray:
        """sqrt(gamma w0^2/((w^2 - w0^2)^2 + gamma^2 w^2))."""
        detuning = (w - self.frequency) * (w + self.frequency)
        return math.sqrt(self.width) * self.frequency / np.hypot(detuning, self.width * w)

    def truncation(self, neglected: float) -> float:
        """The cutoff."""
        return self.support[1]

    def weight(self) -> float:
        """int J dw, by quadrature."""
        return weight_of(self)

    def reorganisation(self) -> float:
        """int J/w dw of the cut density, by quadrature (lambda without the cut)."""
        return reorganisation_of(self)

    def describe(self) -> str:
        """Convention, formula, parameters and the main integrals, as text."""
        formula = "J(w) = (2/pi) lambda gamma w0^2 w/((w^2 - w0^2)^2 + gamma^2 w^2) on [0, cutoff] (J_pi = pi J)"
        parameters = f"lambda = {self.reorganisation_energy:g}, w0 = {self.frequency:g}, gamma = {self.width:g}"
        parameters += f", cutoff = {self.support[1]:g}"
        remark = "cut off because the tail 1/w^3 has no higher moments"
        return describe(formula, parameters, self.reorganisation(), self.weight(), remark)

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        return evaluate(self, w)
