"""A density times a number: the conventions that differ by a factor."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from chains.checks import number_problems
from chains.densities.discrete import Discrete
from chains.densities.function import Function
from chains.densities.lorentzian import Brownian, DrudeLorentz
from chains.densities.power_law import PowerLaw
from chains.densities.semicircle import Semicircle
from chains.densities.sums import Sum
from chains.densities.table import Table
from chains.maps.arguments import SpectralDensity, density_problems
from chains.problems import Problem, raise_if_any


def scaled(density: SpectralDensity, *, factor: float) -> SpectralDensity:
    """Return factor J(w), of the same kind as ``density``; factor > 0, without unit.

    A density typed as it stands in a text comes to be ours with this factor:

        1/pi       where J is pi sum_k g_k^2 delta(w - w_k), or (pi/2) sum_k c_k^2/(m w_k) delta(w - w_k) with c_k x_k in H_int: the same
        2/pi       where it is (pi/2) sum_k g_k^2 delta(w - w_k)
        1/(2 pi)   where it is 2 pi sum_k g_k^2 delta(w - w_k)
        c^2        where A there is c times A here

    Raises InvalidInput with every problem, also for a density of a class of the user's own.
    """
    raise_if_any(density_problems(density) + number_problems("factor", factor, above=0.0))
    return _scaled(density, float(factor))


def _scaled(density: SpectralDensity, factor: float) -> SpectralDensity:
    if isinstance(density, PowerLaw):
        return replace(density, alpha=factor * density.alpha)
    if isinstance(density, DrudeLorentz | Brownian):
        return replace(density, reorganisation_energy=factor * density.reorganisation_energy)
    if isinstance(density, Semicircle):
        return replace(density, coupling=math.sqrt(factor) * density.coupling)
    if isinstance(density, Table):
        return replace(density, values=factor * np.asarray(density.values))
    if isinstance(density, Function):
        name = density.name or getattr(density.function, "__qualname__", "")
        return replace(density, function=Times(density.function, factor), name=name and f"{factor:g} {name}")
    if isinstance(density, Sum):
        return Sum(parts=[_scaled(part, factor) for part in density.parts])  # type: ignore[misc]
    if isinstance(density, Discrete):
        given = density.combination.T @ np.asarray(
            density.couplings
        )  # as they were given, so that amplitudes keep their order
        return Discrete(frequencies=density.frequencies_given, couplings=math.sqrt(factor) * given)
    hint = "PowerLaw, DrudeLorentz, Brownian, Semicircle, Table, Function, Sum or Discrete"
    raise_if_any([Problem(key="density", value=density, allowed="a density of one of our kinds", hint=hint)])
    return density


@dataclass(frozen=True)
class Times:
    """w -> factor function(w), a class so that a density can be sent to another process where ``function`` can."""

    function: Callable[..., object]
    factor: float

    def __call__(self, w: object) -> object:
        """Factor times the function's value, number or array."""
        return self.factor * np.asarray(self.function(w))
