"""Checks of the arguments that most functions here share: a density, a length, a temperature, a support."""

from __future__ import annotations

from typing import SupportsFloat, SupportsInt, cast

from chains.checks import integer_problems, number_problems, temperature_problems
from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity
from chains.problems import Problem

SpectralDensity = ContinuousDensity | Discrete
MOST_SITES = 100_000
"""Sites of a chain that can be made: its coefficients take a time that grows with the square."""
FINEST = 1000
"""The largest resolution: by so much finer than usual a quadrature has no more digits to find."""


def density_problems(density: object) -> list[Problem]:
    """Return what keeps ``density`` from being a spectral density."""
    if isinstance(density, Discrete | ContinuousDensity) and not isinstance(density, type):
        return []
    hint = "PowerLaw, DrudeLorentz, Brownian, Semicircle, Table, Function, Sum or Discrete"
    return [Problem(key="density", value=density, allowed="a spectral density", hint=hint)]


def argument_problems(
    density: object,
    length: object,
    temperature: object,
    support: object,
    resolution: object,
    *,
    whole_axis: bool = True,
    length_key: str = "length",
) -> list[Problem]:
    """Return everything that is wrong with the arguments of :func:`chains.chain`.

    whole_axis: a discrete bath at T > 0 gives one chain of 2M sites; otherwise one of at most M.
    length_key: what the caller calls the length.
    """
    problems = temperature_problems(temperature)
    wrong_density = density_problems(density)
    known = not wrong_density
    problems += wrong_density
    if length is None and known and not isinstance(density, Discrete):
        hint = "chains.required_length gives the one a run needs"
        problems.append(Problem(key=length_key, value=None, allowed="an integer >= 1", hint=hint))
    if length is not None:
        problems += integer_problems(length_key, length, at_least=1, at_most=MOST_SITES)
    problems += integer_problems("resolution", resolution, at_least=1, at_most=FINEST)
    if support is not None:
        problems += number_problems("support", support, above=0.0)
    wrong = {problem.key for problem in problems}
    if isinstance(density, Discrete):
        if support is not None and "support" not in wrong:
            problems.append(Problem(key="support", value=support, allowed="not given for a discrete density"))
        if length is not None and not wrong & {length_key, "temperature"}:
            copies = 2 if whole_axis and float(cast(SupportsFloat, temperature)) > 0.0 else 1
            if int(cast(SupportsInt, length)) > copies * density.modes:
                allowed = f"at most {copies * density.modes} (= {copies} x {density.modes} modes)"
                problems.append(Problem(key=length_key, value=length, allowed=allowed, hint="may be left out"))
    elif isinstance(density, ContinuousDensity) and support is not None and "support" not in wrong:
        low, high = density.support
        if not low < float(cast(SupportsFloat, support)) <= high:
            allowed = f"in the support ({low:g}, {high:g}] of the density"
            problems.append(Problem(key="support", value=support, allowed=allowed))
    return problems
