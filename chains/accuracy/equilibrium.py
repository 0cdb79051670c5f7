"""How long a chain is long enough in imaginary time: for the equilibrium of a coupled system."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from chains.accuracy.correlation import element_measure
from chains.accuracy.light_cone import LONGEST_CHAIN, shortest, tolerance_problems
from chains.checks import number_problems
from chains.densities.discrete import Discrete
from chains.densities.power_law import shares
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.coefficients import chain
from chains.maps.sites import Chain, chain_problems
from chains.numerics.star_nodes import star_of
from chains.problems import InvalidInput, Problem, raise_if_any
from chains.types import FloatArray

SAMPLES = 33
GROWTH = 46.0  # exponent beyond which exp(-tau w) lifts the rounding of a chain's weights to 1e-12


def equilibrium_error(bath: Chain) -> float:
    """Return max |C_N(-i tau) - C(-i tau)|/C(0) over 0 <= tau <= 1/T of a thermal chain of N sites: what its equilibrium does not see.

    C(-i tau) = int J cosh(w (beta/2 - tau))/sinh(beta w/2) dw is all that the state exp(-beta H)/Z of system and bath knows of
    the bath. As far as double precision has the chain's, up to tau = 46 over its highest frequency. 0 for a complete discrete bath.
    Raises InvalidInput for what is no chain, or not at T > 0.
    """
    problems = chain_problems("bath", bath)
    if not problems and not bath.temperature > 0.0:
        problems = [Problem(key="bath", value=bath.temperature, allowed="a chain at T > 0: at T = 0 there is no 1/T")]
    raise_if_any(problems)
    if bath.complete or isinstance(bath.density, Discrete):
        return 0.0
    return _distance(bath, bath.length, *_exact(bath))


def required_length_equilibrium(
    density: SpectralDensity, *, temperature: float, tolerance: float = 1e-8, support: float | None = None
) -> int:
    """Return the length of the shortest chain with `equilibrium_error` <= tolerance; all sites of a discrete bath.

    Raises InvalidInput with every problem of the arguments, and where more than 2048 sites would be needed.
    """
    raise_if_any(
        argument_problems(density, 1, temperature, support, 1)
        + number_problems("temperature", temperature, above=0.0)
        + tolerance_problems(tolerance)
    )
    if isinstance(density, Discrete):
        return chain(density, temperature=temperature).length
    length = 16
    while length <= LONGEST_CHAIN:
        whole = chain(density, length, temperature=temperature, support=support)
        good = _good(whole, tolerance)
        if good(length):
            return shortest(length, good)
        length *= 2
    hint = "a smaller `support`, a lower cut-off or a larger tolerance needs fewer sites"
    allowed = f"a temperature that a chain of {LONGEST_CHAIN} sites can reach"
    raise InvalidInput([Problem(key="temperature", value=temperature, allowed=allowed, hint=hint)])


def _exact(bath: Chain) -> tuple[FloatArray, FloatArray]:
    """(tau, C(-i tau)/C(0)), each (SAMPLES,), of the weight that the chain was made from."""
    nodes, weights = _measure(bath)
    highest = float(np.max(np.abs(nodes)))
    tau = np.linspace(0.0, min(1.0 / bath.temperature, GROWTH / highest), SAMPLES)
    exact = np.exp(-np.outer(tau, nodes)) @ weights
    return tau, exact / exact[0]


def _measure(bath: Chain) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of int weight(w) f(w) dw; the weight without the strength of the density."""
    assert not isinstance(bath.density, Discrete)
    found = []
    for share, element in shares(bath.density):
        nodes, weights = element_measure(
            element, weight=bath.weight, temperature=bath.temperature, support=bath.support[1]
        )
        found.append((nodes, share * weights))
    nodes, weights = (np.concatenate(part) for part in zip(*found, strict=True))
    return nodes, weights


def _good(bath: Chain, tolerance: float) -> Callable[[int], bool]:
    """Whether the chain of so many of its first sites has imaginary time right."""
    tau, exact = _exact(bath)
    return lambda length: _distance(bath, length, tau, exact) <= tolerance


def _distance(bath: Chain, length: int, tau: FloatArray, exact: FloatArray) -> float:
    """What the chain of the first ``length`` sites has wrong."""
    frequencies, couplings, _ = star_of(1.0, bath.frequencies[:length], bath.hoppings[: length - 1])
    own = np.exp(-np.outer(tau, frequencies)) @ couplings**2
    return float(np.max(np.abs(own - exact)))
