"""Back from the chain to the physical modes: what undoes the chain and the thermofield maps."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from chains.checks import frozen, integer_problems
from chains.coefficients import ChainNotConverged, chain_of_weight
from chains.discrete import Discrete
from chains.integrals import shape_weight
from chains.problems import raise_if_any
from chains.quadrature import Demand, rule
from chains.recurrence import polynomial_amplitudes
from chains.sites import Chain
from chains.spectral import ContinuousDensity
from chains.star import star_of
from chains.thermal import absorption_end, discrete_measure, half_segments

FloatArray = npt.NDArray[np.float64]

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
    For a thermofield pair make one from each chain: the first fills ``positive`` (b_j = sum_n positive[j, n] c_n), the
    second ``negative`` (b'_j = sum_n negative[j, n] d_n; there the matrix is + sum_j w_j negative^T negative).
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


def mode_functions(bath: Chain, *, resolution: int = 1) -> ModeFunctions:
    """Return the physical modes behind the sites of ``bath``.

    resolution (>= 1) divides the quadrature further; needed for spectra of observables finer than the chain resolves.
    Raises InvalidInput for the resolution, ChainNotConverged if orthonormality to 1e-10 is not reached by refining.
    """
    raise_if_any(integer_problems("resolution", resolution, at_least=1))
    if isinstance(bath.density, Discrete):
        return _discrete(bath, bath.density)
    error, nodes = math.inf, 0
    for doubling in range(_DOUBLINGS + 1):
        found = _continuous(bath, bath.density, resolution * 2**doubling)
        error, nodes = found.error, found.frequencies.size
        if error <= _ENOUGH:
            return found
    if error <= ORTHONORMAL:
        return found
    raise ChainNotConverged(
        "mode functions", residual=error, nodes=nodes, resolution=resolution * 2 ** (_DOUBLINGS + 1)
    )


def _squeezing(w: FloatArray, temperature: float) -> tuple[FloatArray, FloatArray]:
    """Return cosh theta = sqrt(1 + n) and sinh theta = sqrt(n) at w > 0."""
    if temperature == 0.0:
        return np.ones_like(w), np.zeros_like(w)
    cosh = 1.0 / np.sqrt(-np.expm1(-w / temperature))
    return cosh, cosh * np.exp(-0.5 * w / temperature)


def _defect(positive: FloatArray, negative: FloatArray) -> float:
    """Return max |positive^T positive + negative^T negative - 1|."""
    gram = positive.T @ positive + negative.T @ negative
    return float(np.max(np.abs(gram - np.eye(gram.shape[0]))))


def _upper(bath: Chain, density: ContinuousDensity) -> float:
    """Return where polynomials times the weight have become negligible: the support, if it is finite.

    Beyond all zeros p_n(w) <= w^n/(kappa t_0 ... t_(n-1)), so that p_(N-1)(w)^2 J(w) is bounded there.
    """
    if math.isfinite(bath.support[1]):
        return bath.support[1]
    logs = float(np.sum(np.log(bath.hoppings))) + 0.5 * math.log(shape_weight(density))
    power = density.end_powers[0]
    # the bound holds beyond all zeros, which Gershgorin's circles contain
    t = np.concatenate([[0.0], bath.hoppings, [0.0]])
    w = max(density.truncation(1e-17), float(np.max(bath.frequencies + t[1:] + t[:-1])))
    while True:
        amplitude = float(density.amplitude(np.array([w]))[0])
        if amplitude == 0.0:  # what lies beyond cannot be represented; the check of orthonormality decides
            return w
        if (bath.length - 1 + 0.5 * (power + 1.0)) * math.log(w) + math.log(amplitude) - logs < math.log(1e-18):
            return w
        w *= 1.05


def _continuous(bath: Chain, density: ContinuousDensity, resolution: int) -> ModeFunctions:
    """Return the mode functions on one quadrature of w > 0."""
    upper, temperature = _upper(bath, density), bath.temperature
    low = density.support[0]
    cut = absorption_end(temperature, upper) if bath.thermal else low
    segment, _ = half_segments(
        density, weight="emission" if temperature > 0.0 else "vacuum", temperature=temperature, upper=upper
    )
    assert segment is not None
    hull = (-cut if low == 0.0 else low, upper)
    w, roots = rule(segment, Demand(hull=hull, degree=bath.length, resolution=resolution))
    amplitudes = roots * segment.root(w)
    cosh, sinh = _squeezing(w, temperature)
    up = amplitudes if bath.weight != "absorption" else np.zeros_like(w)
    down = np.zeros_like(w)
    if bath.thermal:  # J n = exp(-beta w) J (1 + n); beyond the cut the chain has no weight
        down = np.where(w < cut, amplitudes * np.exp(-0.5 * w / temperature), 0.0)
    elif bath.weight == "absorption":
        down = amplitudes * np.exp(-0.5 * w / temperature)
    kappa = math.sqrt(float(np.sum(up**2 + down**2)))
    if density.strength > 0.0:
        kappa = bath.coupling / math.sqrt(density.strength)
    positive = polynomial_amplitudes(w, up, kappa, bath.frequencies, bath.hoppings)
    # the second chain of a thermofield pair counts the frequencies of b' as positive
    below = w if bath.weight == "absorption" else -w
    negative = polynomial_amplitudes(below, down, kappa, bath.frequencies, bath.hoppings)
    plain = roots**2 / ((w - low) ** segment.start_power * (upper - w) ** segment.end_power)
    return ModeFunctions(
        frequencies=w,
        weights=plain,
        positive=positive,
        negative=negative,
        cosh=cosh,
        sinh=sinh,
        error=_defect(positive, negative),
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
    cosh, sinh = _squeezing(w, bath.temperature)
    error = _defect(positive, negative)
    if error > ORTHONORMAL:
        raise ChainNotConverged("mode functions", residual=error, nodes=nodes.size, resolution=1)
    return ModeFunctions(
        frequencies=w,
        weights=np.ones_like(w),
        positive=positive,
        negative=negative,
        cosh=cosh,
        sinh=sinh,
        error=error,
    )
