"""What a spectral density is, and the power law with its three cut-offs.

Convention: H_B = sum_k w_k a_k^dag a_k, X = sum_k g_k (a_k + a_k^dag), J(w) = sum_k g_k^2 delta(w - w_k), no pi.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import scipy

from chains.checks import array_problems, number_problems, word_problems
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray

CONVENTION = "J(w) = sum_k g_k^2 delta(w - w_k), no pi; X = sum_k g_k (a_k + a_k^dag); hbar = k_B = 1"
SHAPES = ("hard", "exponential", "gaussian")


class Element(Protocol):
    """A density on one interval with one power at each end, in the form the quadrature needs.

    J(w) = strength * amplitude(w)^2 (w - low)^p (high - w)^q on support = (low, high), end_powers = (p, q).
    """

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest frequency with J > 0; the highest may be inf."""

    @property
    def strength(self) -> float:
        """The prefactor, >= 0."""

    @property
    def end_powers(self) -> tuple[float, float]:
        """The powers (p, q) at the two ends of the support, both > -1."""

    @property
    def singular(self) -> tuple[complex, ...]:
        """Complex frequencies at which the amplitude is singular."""

    @property
    def breaks(self) -> tuple[float, ...]:
        """Frequencies inside the support where the amplitude is not smooth."""

    def amplitude(self, w: FloatArray) -> FloatArray:
        """The square root of the smooth factor, array -> array, for w inside the support."""

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies."""


@runtime_checkable
class ContinuousDensity(Protocol):
    """A continuous spectral density: the sum of its elements (mostly one, the density itself).

    The measure of a sum is the sum of the measures, so whatever integrates goes through the elements one by one, and
    each keeps the rule that fits its own ends. The strength is apart because a chain's frequencies and hoppings do not
    depend on it (it may be 0).
    """

    @property
    def support(self) -> tuple[float, float]:
        """Lowest and highest frequency with J > 0; the highest may be inf."""

    @property
    def strength(self) -> float:
        """The prefactor, >= 0: the sum of the elements' strengths."""

    @property
    def elements(self) -> tuple[Element, ...]:
        """What it is the sum of, at least one; see :func:`shares` for their prefactors."""

    @property
    def exponent_at_zero(self) -> float:
        """s in J ~ w^s at w -> 0; inf where J vanishes near 0."""

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies."""

    def reorganisation(self) -> float:
        """int J(w)/w dw, inf where it diverges."""

    def weight(self) -> float:
        """int J(w) dw = C(0) at T = 0."""

    def describe(self) -> str:
        """Convention, formula, parameters and the main integrals, as text."""

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array, 0 outside the support."""


def shares(density: ContinuousDensity) -> list[tuple[float, Element]]:
    """Return the elements, each with its share of the strength: J/strength = sum share amplitude^2 (...)^p (...)^q.

    A density of strength 0 still has a shape, to which all its elements contribute as if their strengths were equal.
    """
    total = density.strength
    return [(element.strength / total if total > 0.0 else 1.0, element) for element in density.elements]


def frequencies_from_zero(w: npt.ArrayLike) -> FloatArray:
    """Return ``w`` as an array; raises InvalidInput for what is no number, negative or nan."""
    raise_if_any(array_problems("w", w))
    array = np.asarray(w, dtype=np.float64)
    if not np.all(array >= 0.0):
        flat = array.ravel()
        worst = int(np.flatnonzero(~(flat >= 0.0))[0])
        hint = "temperature enters by the thermal map of chains.chain, not by negative frequencies"
        raise_if_any([Problem(key=f"w[{worst}]", value=float(flat[worst]), allowed="frequencies >= 0", hint=hint)])
    return array


def evaluate(density: Element, w: npt.ArrayLike) -> FloatArray:
    """Return J(w), shape of w, from the factors of ``density``; raises InvalidInput for a negative or nan w."""
    array = frequencies_from_zero(w)
    low, high = density.support
    p, q = density.end_powers
    values = np.zeros(array.shape)
    inside = (array >= low) & (array <= high)
    x = array[inside]
    factor = (x - low) ** p * ((high - x) ** q if q != 0.0 else 1.0)
    values[inside] = density.strength * density.amplitude(x) ** 2 * factor
    return values


def describe(formula: str, parameters: str, reorganisation: float, weight: float, remarks: str = "") -> str:
    """Return the text that every density's describe() gives."""
    reorganisation_text = f"{reorganisation:.10g}" if math.isfinite(reorganisation) else "infinite: J(0) > 0"
    lines = [
        CONVENTION,
        formula,
        parameters,
        f"reorganisation energy int J/w dw = {reorganisation_text}",
        f"C(0) = int J dw = {weight:.10g} at T = 0",
    ]
    return "\n".join([*lines, remarks] if remarks else lines)


@dataclass(frozen=True, kw_only=True)
class PowerLaw:
    """J(w) = 2 alpha wc (w/wc)^s f(w/wc), s = exponent, wc = cutoff.

    shape "hard": f(x) = theta(1 - x); "exponential": f(x) = exp(-x); "gaussian": f(x) = exp(-x^2).
    alpha >= 0 without unit, cutoff > 0 an energy, exponent > 0 (1 Ohmic, < 1 sub-Ohmic, > 1 super-Ohmic).
    With A = sigma_z/2 in A (x) X, alpha is the Kondo parameter of Leggett et al., Rev. Mod. Phys. 59, 1 (1987); with
    A = sigma_z the same physics needs alpha/4.

    Raises InvalidInput with every problem: exponent <= 0 makes J coth(beta w/2) not integrable at 0.
    """

    alpha: float
    cutoff: float = 1.0
    exponent: float = 1.0
    shape: str = "hard"

    def __post_init__(self) -> None:
        problems = number_problems("alpha", self.alpha, at_least=0.0)
        problems += number_problems("cutoff", self.cutoff, above=0.0)
        problems += number_problems("exponent", self.exponent, above=0.0)
        hint = "a density needs a cut-off at high frequencies"
        problems += [replace(p, hint=p.hint or hint) for p in word_problems("shape", self.shape, SHAPES)]
        raise_if_any(problems)

    @classmethod
    def with_pi(cls, *, prefactor: float, cutoff: float = 1.0, exponent: float = 1.0, shape: str = "hard") -> PowerLaw:
        """Return the density given in the convention J_pi(w) = pi sum_k g_k^2 delta(w - w_k) = prefactor wc (w/wc)^s f.

        Also Caldeira and Leggett's (pi/2) sum_k c_k^2/(m_k w_k) delta(w - w_k), because g_k^2 = c_k^2/(2 m_k w_k).
        Leggett's 2 pi alpha w is prefactor = 2 pi alpha.
        """
        raise_if_any(number_problems("prefactor", prefactor, at_least=0.0))
        return cls(alpha=prefactor / (2.0 * math.pi), cutoff=cutoff, exponent=exponent, shape=shape)

    @classmethod
    def with_half_pi(
        cls, *, prefactor: float, cutoff: float = 1.0, exponent: float = 1.0, shape: str = "hard"
    ) -> PowerLaw:
        """Return the density given as (pi/2) sum_k g_k^2 delta(w - w_k) = prefactor wc (w/wc)^s f, g_k those of X."""
        raise_if_any(number_problems("prefactor", prefactor, at_least=0.0))
        return cls(alpha=prefactor / math.pi, cutoff=cutoff, exponent=exponent, shape=shape)

    @classmethod
    def with_half_alpha(
        cls, *, alpha: float, cutoff: float = 1.0, exponent: float = 1.0, shape: str = "hard"
    ) -> PowerLaw:
        """Return the density given as sum_k g_k^2 delta(w - w_k) = (alpha/2) wc (w/wc)^s f (usual with A = sigma_z)."""
        raise_if_any(number_problems("alpha", alpha, at_least=0.0))
        return cls(alpha=0.25 * alpha, cutoff=cutoff, exponent=exponent, shape=shape)

    @classmethod
    def with_reorganisation(
        cls, *, reorganisation_energy: float, cutoff: float = 1.0, exponent: float = 1.0, shape: str = "hard"
    ) -> PowerLaw:
        """Return the density of a reorganisation energy int J/w dw = lambda >= 0, that of H_int = A (x) X for A^2 = 1.

        alpha = lambda/(2 wc M), M = 1/s (hard), Gamma(s) (exponential), Gamma(s/2)/2 (gaussian).
        """
        raise_if_any(number_problems("reorganisation_energy", reorganisation_energy, at_least=0.0))
        of_one = cls(alpha=1.0, cutoff=cutoff, exponent=exponent, shape=shape).reorganisation()
        return cls(alpha=reorganisation_energy / of_one, cutoff=cutoff, exponent=exponent, shape=shape)

    @property
    def support(self) -> tuple[float, float]:
        """(0, cutoff) for the hard shape, (0, inf) otherwise."""
        return 0.0, float(self.cutoff) if self.shape == "hard" else math.inf

    @property
    def strength(self) -> float:
        """2 alpha."""
        return 2.0 * self.alpha

    @property
    def end_powers(self) -> tuple[float, float]:
        """(exponent, 0)."""
        return float(self.exponent), 0.0

    @property
    def singular(self) -> tuple[complex, ...]:
        """None for the hard shape; i wc otherwise: not a singularity, but the scale on which exp(-x) or exp(-x^2) falls."""
        return () if self.shape == "hard" else (1j * self.cutoff,)

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
        """The exponent s."""
        return float(self.exponent)

    def amplitude(self, w: FloatArray) -> FloatArray:
        """sqrt(wc^(1-s) f(w/wc))."""
        x = np.asarray(w, dtype=np.float64) / self.cutoff
        scale = self.cutoff ** (0.5 * (1.0 - self.exponent))
        if self.shape == "exponential":
            return scale * np.exp(-0.5 * x)
        if self.shape == "gaussian":
            return scale * np.exp(-0.5 * x**2)
        return np.full(x.shape, scale)

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies; the cutoff for the hard shape."""
        s = self.exponent
        if self.shape == "exponential":
            return float(self.cutoff * scipy.special.gammainccinv(s + 1.0, neglected))
        if self.shape == "gaussian":
            return float(self.cutoff * math.sqrt(scipy.special.gammainccinv(0.5 * (s + 1.0), neglected)))
        return float(self.cutoff)

    def _moment(self, power: float) -> float:
        """Return int x^(power-1) f(x) dx, power > 0."""
        if self.shape == "exponential":
            return float(scipy.special.gamma(power))
        return float(0.5 * scipy.special.gamma(0.5 * power)) if self.shape == "gaussian" else 1.0 / power

    def reorganisation(self) -> float:
        """2 alpha wc times 1/s (hard), Gamma(s) (exponential), Gamma(s/2)/2 (gaussian); finite for every s > 0."""
        return self.strength * self.cutoff * self._moment(self.exponent)

    def weight(self) -> float:
        """int J dw = C(0) at T = 0: 2 alpha wc^2 times 1/(s+1), Gamma(s+1), Gamma((s+1)/2)/2."""
        return self.strength * self.cutoff**2 * self._moment(self.exponent + 1.0)

    def describe(self) -> str:
        """Convention, formula, parameters and the main integrals, as text."""
        f = {"hard": "theta(1 - x)", "exponential": "exp(-x)", "gaussian": "exp(-x^2)"}[self.shape]
        formula = f"J(w) = 2 alpha wc (w/wc)^s f(w/wc), f(x) = {f}"
        parameters = f"alpha = {self.alpha:g}, wc = {self.cutoff:g}, s = {self.exponent:g}"
        return describe(formula, parameters, self.reorganisation(), self.weight())

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array."""
        return evaluate(self, w)
