"""Back from the chain to the physical modes: what undoes the chain and the thermofield maps."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from chains.checks import frozen, instance_problems, integer_problems
from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity
from chains.densities.thermal import discrete_measure, segments
from chains.maps.arguments import FINEST
from chains.maps.cells import StarCells
from chains.maps.coefficients import ChainNotConverged, chain_of_weight
from chains.maps.mode_grid import Grid, physical_grid
from chains.maps.sites import Chain
from chains.numerics.recurrence import polynomial_amplitudes
from chains.numerics.star_nodes import star_of
from chains.problems import Problem, raise_if_any
from chains.types import FloatArray

ORTHONORMAL = 1e-10
"""The largest accepted deviation of U^T U from the identity."""
_ENOUGH = 1e-12
_DOUBLINGS = 3


@dataclass(frozen=True, kw_only=True, eq=False)
class ModeFunctions:
    """Physical modes w_j > 0, j < M, in terms of the sites n < N of a chain.

    frequencies (M,)   quadrature nodes w_j of the physical axis (the modes themselves for a discrete bath), energies
    weights (M,)       quadrature weights dw_j, so that a density per frequency at w_j is (value of mode j)/weights_j;
                       1 for a discrete bath
    positive (M, N)    U[j, n] = sqrt(weights_j J_beta(+w_j)) p_n(+w_j):  b_j = sum_n positive[j, n] c_n
    negative (M, N)    the same at -w_j (zeros at T = 0):                 b'_j = sum_n negative[j, n] c_n
    cosh, sinh (M,)    of theta_j, tanh theta_j = exp(-beta w_j/2):       a_j = cosh_j b_j + sinh_j b'_j^dag
    error              max |positive^T positive + negative^T negative - 1|, at most 1e-10

    Then sum_j w_j (positive^T positive - negative^T negative) is the chain's tridiagonal matrix.
    Of a thermofield pair (:func:`pair_mode_functions`) the first chain fills ``positive`` (M, N1), the second
    ``negative`` (M, N2): b_j = sum_n positive[j, n] c_n, b'_j = sum_n negative[j, n] d_n. The matrices of the chains are
    then sum_j w_j positive^T positive and + sum_j w_j negative^T negative, and ``error`` is the larger deviation of the
    two from orthonormality. :func:`mode_functions` of one of the two chains leaves the other part 0.
    A sum of densities is one bath: every w_j comes from the quadrature of one of its elements, with that element's
    share of dw_j as weight, so that g_j^2 = weights_j J(w_j) with the whole J, and sums over j are integrals.
    """

    frequencies: FloatArray
    weights: FloatArray
    positive: FloatArray
    negative: FloatArray
    cosh: FloatArray
    sinh: FloatArray
    error: float

    def __post_init__(self) -> None:
        for name in ("frequencies", "weights", "positive", "negative", "cosh", "sinh"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def mode_functions(bath: Chain | StarCells, *, resolution: int = 1) -> ModeFunctions:
    """Return the physical modes behind the sites of ``bath``; of star cells the modes themselves, all with weight 1.

    resolution (>= 1) divides the quadrature further; needed for spectra of observables finer than the chain resolves.
    Raises InvalidInput for the resolution, ChainNotConverged if orthonormality to 1e-10 is not reached by refining.
    """
    problems = instance_problems("bath", bath, Chain | StarCells, "a chain, or star cells")
    raise_if_any(problems + integer_problems("resolution", resolution, at_least=1, at_most=FINEST))
    if isinstance(bath, StarCells):
        return _cells(bath)
    if isinstance(bath.density, Discrete):
        return _accepted(_discrete(bath, bath.density))
    density = bath.density
    return _refined(lambda factor: _continuous(bath, density, factor), resolution)


def pair_mode_functions(pair: tuple[Chain, Chain], *, resolution: int = 1) -> ModeFunctions:
    """Return the physical modes behind both chains of a thermofield pair, on one common grid of frequencies.

    pair         what :func:`chains.thermofield_chains` returned, emission first; the lengths may differ
    resolution   as in :func:`mode_functions`

    ``positive`` (M, N1) belongs to the first, ``negative`` (M, N2) to the second; see :class:`ModeFunctions`.
    Raises InvalidInput for anything else than the two chains of one bath, ChainNotConverged as mode_functions.
    """
    raise_if_any(_pair_problems(pair) + integer_problems("resolution", resolution, at_least=1, at_most=FINEST))
    emission, absorption = pair
    if isinstance(emission.density, Discrete):
        first, second = _discrete(emission, emission.density), _discrete(absorption, emission.density)
        error = max(first.error, second.error)
        return _accepted(replace(first, negative=second.negative, error=error))
    density = emission.density
    return _refined(lambda factor: _continuous_pair(emission, absorption, density, factor), resolution)


def _refined(at: Callable[[int], ModeFunctions], resolution: int) -> ModeFunctions:
    """Return ``at`` the first resolution at which the modes are orthonormal."""
    for doubling in range(_DOUBLINGS + 1):
        found = at(resolution * 2**doubling)
        if found.error <= _ENOUGH:
            return found
    return _accepted(found, resolution * 2 ** (_DOUBLINGS + 1))


def _accepted(found: ModeFunctions, advised: int = 1) -> ModeFunctions:
    """Return ``found``, or raise ChainNotConverged that advises a resolution."""
    if not found.error <= ORTHONORMAL:
        raise ChainNotConverged(
            "mode functions", residual=found.error, nodes=found.frequencies.size, resolution=advised
        )
    return found


def _pair_problems(pair: object) -> list[Problem]:
    """Return what keeps ``pair`` from being the two chains of one thermofield map."""
    hint = "the pair that chains.thermofield_chains returns"
    if not isinstance(pair, tuple | list) or len(pair) != 2 or not all(isinstance(bath, Chain) for bath in pair):
        return [Problem(key="pair", value=pair, allowed="two chains", hint=hint)]
    emission, absorption = pair
    problems = [
        Problem(key=f"pair[{i}].weight", value=bath.weight, allowed=wanted, hint=hint)
        for i, (bath, wanted) in enumerate(zip(pair, ("emission", "absorption"), strict=True))
        if bath.weight != wanted
    ]
    if emission.density is not absorption.density and emission.density != absorption.density:
        problems.append(Problem(key="pair[1].density", value=absorption.density, allowed="that of pair[0]", hint=hint))
    if emission.temperature != absorption.temperature:
        allowed = f"that of pair[0], {emission.temperature:g}"
        problems.append(Problem(key="pair[1].temperature", value=absorption.temperature, allowed=allowed, hint=hint))
    if not problems and not isinstance(emission.density, Discrete):
        pieces = segments(
            emission.density,
            weight="absorption",
            temperature=emission.temperature,
            upper=emission.support[1],
        )
        end = max((piece.end for piece in pieces), default=0.0)
        if end != absorption.support[1]:
            allowed = f"that of pair[0]: up to {end:g}"
            problems.append(Problem(key="pair[1].support", value=absorption.support, allowed=allowed, hint=hint))
    return problems


def _squeezing(w: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """Return cosh theta = sqrt(1 + n) and sinh theta = sqrt(n) at w > 0."""
    if temperature == 0.0:
        return np.ones_like(w), np.zeros_like(w)
    cosh = 1.0 / np.sqrt(-np.expm1(-w / temperature))
    return cosh, cosh * np.exp(-0.5 * w / temperature)


def _defect(*parts: FloatArray) -> float:
    """Return max |sum of part^T part - 1|, over all sites of one chain."""
    gram = sum(part.T @ part for part in parts)
    return float(np.max(np.abs(gram - np.eye(parts[0].shape[1]))))


def _rows(bath: Chain, density: ContinuousDensity, amplitudes: FloatArray, w: FloatArray) -> FloatArray:
    """Return amplitudes_j p_n(w_j), shape (M, N), for the polynomials of ``bath``."""
    # at strength 0 the coupling does not tell the norm of the weight
    strength = density.strength
    kappa = bath.coupling / math.sqrt(strength) if strength > 0.0 else math.sqrt(float(np.sum(amplitudes**2)))
    return polynomial_amplitudes(w, amplitudes, kappa, bath.frequencies, bath.hoppings)


def _absorbed(grid: Grid, temperature: float, end: float) -> FloatArray:
    """Return the amplitudes of J n = exp(-beta w) J (1 + n); beyond ``end`` the chain has no weight."""
    return np.where(grid.nodes < end, grid.amplitudes * np.exp(-0.5 * grid.nodes / temperature), 0.0)


def _continuous(bath: Chain, density: ContinuousDensity, resolution: int) -> ModeFunctions:
    """Return the mode functions of one chain on one quadrature of w > 0."""
    grid = physical_grid(bath, density, degree=bath.length, resolution=resolution)
    w, count = grid.nodes, grid.nodes.size
    nothing = np.zeros((count, bath.length))
    positive, negative = nothing, nothing
    if bath.thermal:
        down = _absorbed(grid, bath.temperature, -bath.support[0])
        both = _rows(bath, density, np.concatenate([grid.amplitudes, down]), np.concatenate([w, -w]))
        positive, negative = both[:count], both[count:]
    elif bath.weight == "absorption":  # counts the frequencies of b' as positive
        negative = _rows(bath, density, _absorbed(grid, bath.temperature, bath.support[1]), w)
    else:
        positive = _rows(bath, density, grid.amplitudes, w)
    return _on_grid(grid, bath.temperature, positive, negative, _defect(positive, negative))


def _continuous_pair(emission: Chain, absorption: Chain, density: ContinuousDensity, resolution: int) -> ModeFunctions:
    """Return the mode functions of a thermofield pair on one quadrature of w > 0."""
    grid = physical_grid(emission, density, degree=max(emission.length, absorption.length), resolution=resolution)
    positive = _rows(emission, density, grid.amplitudes, grid.nodes)
    down = _absorbed(grid, absorption.temperature, absorption.support[1])
    negative = _rows(absorption, density, down, grid.nodes)
    return _on_grid(grid, emission.temperature, positive, negative, max(_defect(positive), _defect(negative)))


def _on_grid(grid: Grid, temperature: float, positive: FloatArray, negative: FloatArray, error: float) -> ModeFunctions:
    cosh, sinh = _squeezing(grid.nodes, temperature)
    return ModeFunctions(
        frequencies=grid.nodes,
        weights=grid.weights,
        positive=positive,
        negative=negative,
        cosh=cosh,
        sinh=sinh,
        error=error,
    )


def _cells(bath: StarCells) -> ModeFunctions:
    """Return which site is b_k and which b'_k of every mode."""
    modes, sites = bath.modes, len(bath.chains)
    positive, negative = np.zeros((modes, sites)), np.zeros((modes, sites))
    for k in range(modes):
        first, *partner = bath.numbers(k)
        positive[k, first] = 1.0
        negative[k, partner] = 1.0
    cosh, sinh = np.cosh(bath.theta), np.sinh(bath.theta)
    return _modes_themselves(np.asarray(bath.frequencies), positive, negative, (cosh, sinh), 0.0)


def _modes_themselves(
    w: FloatArray, positive: FloatArray, negative: FloatArray, squeezing: tuple[FloatArray, FloatArray], error: float
) -> ModeFunctions:
    """Return functions of modes that are no quadrature nodes: all weights 1."""
    cosh, sinh = squeezing
    return ModeFunctions(
        frequencies=w,
        weights=np.ones_like(w),
        positive=positive,
        negative=negative,
        cosh=cosh,
        sinh=sinh,
        error=error,
    )


def _discrete(bath: Chain, density: Discrete) -> ModeFunctions:
    """Return the modes themselves: the eigenvectors of the complete chain, cut to the sites of ``bath``."""
    whole = chain_of_weight(density, None, weight=bath.weight, temperature=bath.temperature)
    nodes, amplitudes = discrete_measure(density, weight=bath.weight, temperature=bath.temperature)
    _, _, vectors = star_of(1.0, whole.frequencies, whole.hoppings)
    rows = np.zeros((nodes.size, bath.length))
    rows[amplitudes > 0.0] = vectors[: bath.length].T  # both in ascending order of the frequency
    w = np.asarray(density.frequencies, dtype=np.float64)
    positive = rows[-w.size :] if bath.weight != "absorption" else np.zeros((w.size, bath.length))
    negative = np.zeros((w.size, bath.length))
    if bath.thermal:
        negative = rows[: w.size][::-1]
    elif bath.weight == "absorption":
        negative = rows
    return _modes_themselves(w, positive, negative, _squeezing(w, bath.temperature), _defect(positive, negative))
