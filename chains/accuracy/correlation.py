"""The bath correlation function, exactly and as a chain of finite length has it."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from chains.checks import real_times, time_problems
from chains.densities.discrete import Discrete
from chains.densities.power_law import Element, PowerLaw, shares
from chains.densities.thermal import discrete_measure, element_segments
from chains.deprecated import formerly
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.sites import Chain, chain_problems
from chains.numerics.quadrature import discretise
from chains.numerics.star_nodes import star_of
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray, Weight

ComplexArray = npt.NDArray[np.complex128]

_TRUNCATION = 1e-17
"""Infinite supports are cut for C(t) where less than this part of int J lies beyond."""
MOST_TURNS = 2e5
"""Phase w t beyond which C(t) of a continuum is not integrated: that takes minutes at each time."""
_ENTRIES_AT_ONCE = 2_000_000


@formerly(positional=("temperature",))
def correlation(
    density: SpectralDensity, times: npt.ArrayLike, *, temperature: float = 0.0, support: float | None = None
) -> ComplexArray:
    """Return C(t) = int dw J(w) [coth(beta w/2) cos wt - i sin wt], shape (n,), energy squared.

    times: shape (n,), any sign. Accurate to about 1e-12 C(0). support: J is cut at this frequency (as in chains.chain).
    Raises InvalidInput with every problem of the arguments.
    """
    raise_if_any(argument_problems(density, 1, temperature, support, 1) + time_problems(times))
    raise_if_any(turn_problems(density, real_times(times), support))
    weight: Weight = "thermal" if temperature > 0.0 else "vacuum"
    strength = 1.0 if isinstance(density, Discrete) else density.strength
    return strength * shape_correlation(
        density, real_times(times), weight=weight, temperature=temperature, support=support
    )


def turn_problems(
    density: SpectralDensity, times: FloatArray, support: float | None, *, key: str = "times"
) -> list[Problem]:
    """Return what keeps C(t) of a continuum from being integrated at ``times``: oscillations without number."""
    longest = float(np.max(np.abs(times), initial=0.0))
    if isinstance(density, Discrete) or longest == 0.0:
        return []
    high = density.support[1] if support is None else support
    upper = density.truncation(_TRUNCATION) if math.isinf(high) else high
    if longest * upper <= MOST_TURNS:
        return []
    allowed = f"times of at most {MOST_TURNS / upper:.3g}, in which the fastest mode, w = {upper:.3g}, turns by {MOST_TURNS:g}"
    return [Problem(key=key, value=longest, allowed=allowed, hint="a lower support, or are the units the same?")]


def shape_correlation(
    density: SpectralDensity, times: FloatArray, *, weight: Weight, temperature: float, support: float | None = None
) -> ComplexArray:
    """Return int weight(w) exp(-i w t) dw, shape (n,), without the strength of a continuous density."""
    if isinstance(density, Discrete):
        nodes, amplitudes = discrete_measure(density, weight=weight, temperature=temperature)
        return _fourier(nodes, amplitudes**2, times)
    total = np.zeros(times.size, dtype=np.complex128)
    for share, element in shares(density):
        total += share * _of_element(element, times, weight=weight, temperature=temperature, support=support)
    return total


def _of_element(
    element: Element, times: FloatArray, *, weight: Weight, temperature: float, support: float | None
) -> ComplexArray:
    """Return int weight(w) exp(-i w t) dw, shape (n,), of one element without its strength."""
    high = element.support[1] if support is None else min(support, element.support[1])
    if weight == "vacuum" and math.isinf(high) and isinstance(element, PowerLaw) and element.shape == "exponential":
        wc, s = element.cutoff, element.exponent
        return np.asarray(wc**2 * math.gamma(s + 1.0) * (1.0 + 1j * wc * times) ** (-s - 1.0))
    longest = float(np.max(np.abs(times), initial=0.0))
    nodes, weights = element_measure(
        element, weight=weight, temperature=temperature, support=support, longest_time=longest
    )
    return _fourier(nodes, weights, times) if nodes.size else np.zeros(times.size, dtype=np.complex128)


def element_measure(
    element: Element, *, weight: Weight, temperature: float, support: float | None, longest_time: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights (M,) with int weight(w) f(w) dw = sum_j weights_j f(nodes_j), of one element without its strength.

    longest_time  |t| up to which exp(-i w t) is among the f
    """
    high = element.support[1] if support is None else min(support, element.support[1])
    upper = element.truncation(_TRUNCATION) if math.isinf(high) else high
    pieces = element_segments(element, weight=weight, temperature=temperature, upper=upper)
    if not pieces:
        return np.zeros(0), np.zeros(0)
    nodes, amplitudes = discretise(pieces, longest_time=longest_time)
    return nodes, amplitudes**2


def _fourier(nodes: FloatArray, weights: FloatArray, times: FloatArray) -> ComplexArray:
    """Return sum_j weights_j exp(-i nodes_j t), shape (n,), in blocks of times that fit into memory."""
    block = max(1, _ENTRIES_AT_ONCE // nodes.size)
    parts = [np.exp(-1j * np.outer(times[i : i + block], nodes)) @ weights for i in range(0, times.size, block)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.complex128)


def chain_correlation(chain: Chain, times: npt.ArrayLike) -> ComplexArray:
    """Return the chain's own C(t) = kappa^2 <0| exp(-i h t) |0>, shape (n,), h its tridiagonal matrix.

    It agrees with :func:`correlation` until the far end of the chain is felt. Raises InvalidInput for bad times.
    """
    raise_if_any(chain_problems("chain", chain) + time_problems(times))
    frequencies, couplings, _ = star_of(chain.coupling, chain.frequencies, chain.hoppings)
    return _fourier(frequencies, couplings**2, real_times(times))


def exact_correlation(chain: Chain, times: npt.ArrayLike) -> ComplexArray:
    """Return the C(t), shape (n,), of the weight that the chain was made from, as if the chain had no end. Raises InvalidInput."""
    raise_if_any(chain_problems("chain", chain) + time_problems(times))
    density = chain.density
    raise_if_any(turn_problems(density, real_times(times), chain.support[1]))
    strength = 1.0 if isinstance(density, Discrete) else density.strength
    return strength * shape_correlation(
        density, real_times(times), weight=chain.weight, temperature=chain.temperature, support=chain.support[1]
    )


def correlation_error(chain: Chain, times: npt.ArrayLike) -> FloatArray:
    """Return |C_chain(t) - C(t)|, shape (n,), energy squared, C(t) without any truncation of an infinite support.

    The error measure that matters to users: the system sees the bath through C(t) only. A support cut by hand counts
    as an error here. Raises InvalidInput for bad times.
    """
    raise_if_any(chain_problems("chain", chain) + time_problems(times))
    moments = real_times(times)
    density = chain.density
    raise_if_any(turn_problems(density, moments, None))
    strength = 1.0 if isinstance(density, Discrete) else density.strength
    exact = strength * shape_correlation(density, moments, weight=chain.weight, temperature=chain.temperature)
    return np.asarray(np.abs(chain_correlation(chain, moments) - exact))
