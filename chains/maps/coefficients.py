"""From a spectral density and a temperature to the coefficients of its chain."""

from __future__ import annotations

import math

import numpy as np

from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity, PowerLaw
from chains.densities.semicircle import Semicircle
from chains.densities.thermal import absorption_end, discrete_measure, segments
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.sites import Chain
from chains.numerics import closed_form
from chains.numerics.quadrature import discretise
from chains.numerics.recurrence import jacobi_matrix
from chains.numerics.star_nodes import star_of
from chains.problems import InvalidInput, Problem, raise_if_any
from chains.types import FloatArray, Weight

NEGLECTED_WEIGHT = 1e-15
"""Infinite supports are cut where less than this part of int J lies beyond."""
AGREED = 1e-12
"""Refining stops when doubling the nodes changes no coefficient by more than this (relative)."""
ACCEPTED = 1e-9
"""A larger change after the last doubling is an error."""
DOUBLINGS = 3


class ChainNotConverged(RuntimeError):
    """The discretisation of the weight was refined as far as allowed, and the result is still not accurate.

    residual             what remains: the relative change of the coefficients at the last refinement, or the deviation
                         of the mode functions from orthonormality
    advised_resolution   what to pass as ``resolution``
    """

    def __init__(self, what: str, *, residual: float, nodes: int, resolution: int) -> None:
        self.residual = residual
        self.advised_resolution = resolution
        super().__init__(
            f"{what} not converged: residual {residual:.2e} at {nodes} nodes; try resolution={resolution} "
            f"(about {2 * nodes} nodes) or a shorter chain"
        )


def chain(
    density: SpectralDensity,
    length: int | None = None,
    *,
    temperature: float = 0.0,
    support: float | None = None,
    resolution: int = 1,
) -> Chain:
    """Return the chain of ``density`` at ``temperature``, to be started in its vacuum.

    length        number of sites N >= 1; may be left out for a discrete density (M sites at T = 0, 2M at T > 0)
    temperature   >= 0, an energy; T > 0 gives one chain for the weight J_beta on the whole axis (T-TEDOPA)
    support       cut the weight at this frequency (for densities without a hard end: a shorter chain, a slower front);
                  default: where less than 1e-15 of int J lies beyond, and no cut at all where a closed form exists
    resolution    multiplies the nodes of the discretisation

    Raises InvalidInput with every problem of the input; ChainNotConverged if refining does not settle the coefficients.
    """
    raise_if_any(argument_problems(density, length, temperature, support, resolution))
    weight: Weight = "thermal" if temperature > 0.0 else "vacuum"
    return chain_of_weight(
        density, length, weight=weight, temperature=temperature, support=support, resolution=resolution
    )


def thermofield_chains(
    density: SpectralDensity,
    length: int | None = None,
    *,
    temperature: float,
    support: float | None = None,
    resolution: int = 1,
) -> tuple[Chain, Chain]:
    """Return the two chains of the thermofield map: weights J (1 + n) for b and J n for b', both on w > 0.

    With kappa_1, kappa_2 their couplings: X = kappa_1 (c_0 + c_0^dag) + kappa_2 (d_0 + d_0^dag), and for exchange
    coupling C = kappa_1 c_0 + kappa_2 d_0^dag; the free Hamiltonian is that of the first minus that of the second.
    Arguments and errors as in :func:`chain`; the temperature must be > 0.
    """
    problems = argument_problems(density, length, temperature, support, resolution, whole_axis=False)
    if not any(p.key == "temperature" for p in problems) and not temperature > 0.0:
        hint = "at T = 0 the second chain decouples: use chains.chain"
        problems.append(Problem(key="temperature", value=temperature, allowed="a number > 0", hint=hint))
    raise_if_any(problems)
    emission, absorption = (
        chain_of_weight(density, length, weight=w, temperature=temperature, support=support, resolution=resolution)
        for w in ("emission", "absorption")
    )
    return emission, absorption


def chain_of_weight(
    density: SpectralDensity,
    length: int | None,
    *,
    weight: Weight,
    temperature: float,
    support: float | None = None,
    resolution: int = 1,
) -> Chain:
    """Return the chain of one of the weights of :mod:`chains.densities.thermal`; the arguments have been checked."""
    if isinstance(density, Discrete):
        return _discrete_chain(density, length, weight=weight, temperature=temperature)
    assert length is not None
    if weight == "vacuum" and (support is None or support == density.support[1]):
        exact = _closed_form(density, length)
        if exact is not None:
            return exact
    return _continuous_chain(
        density, length, weight=weight, temperature=temperature, support=support, resolution=resolution
    )


def _closed_form(density: ContinuousDensity, length: int) -> Chain | None:
    """Return the vacuum chain where a formula exists."""
    element = density.elements[0] if len(density.elements) == 1 else None
    if isinstance(element, PowerLaw) and element.shape == "hard":
        method = "jacobi"
        e, t = closed_form.hard_power_law(cutoff=element.cutoff, exponent=element.exponent, length=length)
    elif isinstance(element, PowerLaw) and element.shape == "exponential":
        method = "laguerre"
        e, t = closed_form.exponential_power_law(cutoff=element.cutoff, exponent=element.exponent, length=length)
    elif isinstance(element, Semicircle):
        method = "chebyshev"
        e, t = closed_form.semicircle(centre=element.centre, half_width=element.half_width, length=length)
    else:
        return None
    return Chain(
        coupling=math.sqrt(density.weight()),
        frequencies=e,
        hoppings=t[:-1],
        next_hopping=float(t[-1]),
        temperature=0.0,
        density=density,
        weight="vacuum",
        support=density.support,
        method=method,
        error=0.0,
    )


def upper_end(density: ContinuousDensity, support: float | None) -> tuple[float, tuple[str, ...]]:
    """Return where the weight is cut, and the notes that say so."""
    high = density.support[1]
    if support is not None and support < high:
        return float(support), (f"weight cut at w = {support:.6g} as asked for",)
    if math.isinf(high):
        upper = density.truncation(NEGLECTED_WEIGHT)
        note = f"infinite support cut at w = {upper:.6g}, beyond which less than {NEGLECTED_WEIGHT:g} of int J lies"
        return upper, (note,)
    return high, ()


def _continuous_chain(
    density: ContinuousDensity,
    length: int,
    *,
    weight: Weight,
    temperature: float,
    support: float | None,
    resolution: int,
) -> Chain:
    """Return the chain of a discretised weight, refined until two discretisations agree."""
    upper, notes = upper_end(density, support)
    pieces = segments(density, weight=weight, temperature=temperature, upper=upper)
    if not pieces:
        raise InvalidInput([_too_cold(temperature)])
    if weight in ("thermal", "absorption") and absorption_end(temperature, upper) < upper:
        notes = (*notes, f"J n cut at w = {absorption_end(temperature, upper):.6g}, where exp(-beta w) underflows")
    before: tuple[FloatArray, FloatArray] | None = None
    residual = math.inf
    nodes = np.empty(0)
    for doubling in range(DOUBLINGS + 1):
        factor = resolution * 2**doubling
        nodes, amplitudes = discretise(pieces, degree=length + 1, resolution=factor)
        now = jacobi_matrix(nodes, amplitudes, length)
        if before is not None:
            residual = _relative_change(before, now)
            if residual <= AGREED:
                break
        before = now
    if not residual <= ACCEPTED:
        raise ChainNotConverged(
            "chain coefficients", residual=residual, nodes=nodes.size, resolution=resolution * 2 ** (DOUBLINGS + 1)
        )
    diagonal, off = now
    return Chain(
        coupling=float(off[0]) * math.sqrt(density.strength),
        frequencies=diagonal,
        hoppings=off[1:-1],
        next_hopping=float(off[-1]),
        temperature=temperature,
        density=density,
        weight=weight,
        support=(min(p.start for p in pieces), max(p.end for p in pieces)),
        method="gragg-harwood",
        error=residual,
        notes=notes,
    )


def _too_cold(temperature: float) -> Problem:
    hint = "the weight J n is below 1e-300 everywhere; use temperature = 0"
    return Problem(key="temperature", value=temperature, allowed="larger", hint=hint)


def _relative_change(before: tuple[FloatArray, FloatArray], now: tuple[FloatArray, FloatArray]) -> float:
    """Return the largest change, hoppings relative to themselves, frequencies relative to |e_n| + t_n."""
    hoppings = np.abs(now[1] - before[1]) / now[1]
    frequencies = np.abs(now[0] - before[0]) / (np.abs(now[0]) + now[1][1:])
    return float(max(np.max(hoppings), np.max(frequencies)))


def _discrete_chain(density: Discrete, length: int | None, *, weight: Weight, temperature: float) -> Chain:
    """Return the chain of finitely many modes: exact, so that the recurrences of its C(t) are physics."""
    nodes, amplitudes = discrete_measure(density, weight=weight, temperature=temperature)
    notes = list(density.notes)
    present = amplitudes > 0.0
    if not np.all(present):
        if not np.any(present):
            raise InvalidInput([_too_cold(temperature)])
        notes.append(f"thermal copies with a coupling below 1e-308 left out: {int(np.sum(~present))}")
        nodes, amplitudes = nodes[present], amplitudes[present]
    sites = nodes.size if length is None else min(length, nodes.size)
    diagonal, off = jacobi_matrix(nodes, amplitudes, nodes.size)
    found, couplings, _ = star_of(float(off[0]), diagonal, off[1:-1])
    scale = float(np.max(np.abs(nodes)))
    distance = max(np.max(np.abs(found - nodes)) / scale, np.max(np.abs(couplings - amplitudes)) / off[0])
    return Chain(
        coupling=float(off[0]),
        frequencies=diagonal[:sites],
        hoppings=off[1:sites],
        next_hopping=0.0 if sites == nodes.size else float(off[sites]),
        temperature=temperature,
        density=density,
        weight=weight,
        support=(float(nodes[0]), float(nodes[-1])),
        method="gragg-harwood",
        error=float(distance),
        notes=tuple(notes),
    )
