"""How long a chain is long enough: when its end is reached, and when the system feels it."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import scipy

from chains.accuracy.correlation import shape_correlation
from chains.checks import number_problems
from chains.densities.discrete import Discrete
from chains.densities.power_law import ContinuousDensity
from chains.densities.thermal import segments
from chains.deprecated import formerly
from chains.maps.arguments import SpectralDensity, argument_problems
from chains.maps.bath import Bath
from chains.maps.cells import StarCells, bath_problems
from chains.maps.coefficients import chain
from chains.maps.sites import Chain, chain_problems
from chains.numerics.quadrature import hulls
from chains.numerics.star_nodes import star_of
from chains.problems import InvalidInput, Problem, raise_if_any
from chains.types import FloatArray, Weight

LONGEST_CHAIN = 2048
SMALLEST_TOLERANCE = 1e-12
_SAMPLES = 240
_HORIZONS = 5


def tolerance_problems(tolerance: object) -> list[Problem]:
    """Why ``tolerance`` is none of C(t)."""
    problems = number_problems("tolerance", tolerance, above=0.0)
    if not problems and not SMALLEST_TOLERANCE <= tolerance < 1.0:  # type: ignore[operator]
        hint = "C(t) itself is known to about 1e-13"
        problems = [Problem(key="tolerance", value=tolerance, allowed=f"in [{SMALLEST_TOLERANCE:g}, 1)", hint=hint)]
    return problems


def _chain_error(bath: Chain) -> Callable[[FloatArray], FloatArray]:
    """Return the function t -> |C_N(t) - C(t)|/C(0) of a chain; it does not depend on the coupling strength."""
    frequencies, couplings, _ = star_of(1.0, bath.frequencies, bath.hoppings)
    support = bath.support[1]

    def error(times: FloatArray) -> FloatArray:
        exact = shape_correlation(
            bath.density, np.append(0.0, times), weight=bath.weight, temperature=bath.temperature, support=support
        )
        own = np.exp(-1j * np.outer(times, frequencies)) @ couplings**2
        return np.asarray(np.abs(own - exact[1:] / exact[0].real))

    return error


def _last_site(bath: Chain) -> Callable[[FloatArray], FloatArray]:
    """Return the function t -> |<N-1| exp(-i h t) |0>|."""
    values, vectors = scipy.linalg.eigh_tridiagonal(bath.frequencies, bath.hoppings)
    overlaps = vectors[0] * vectors[-1]

    def amplitude(times: FloatArray) -> FloatArray:
        return np.asarray(np.abs(np.exp(-1j * np.outer(times, values)) @ overlaps))

    return amplitude


def _first_crossing(size: Callable[[FloatArray], FloatArray], tolerance: float, guess: float) -> float:
    """Return the first time at which ``size`` exceeds ``tolerance``, inf if it does not up to many times ``guess``."""
    start, end = 0.0, guess
    for _ in range(_HORIZONS):
        times = np.linspace(start, end, _SAMPLES + 1)[1:]
        beyond = np.flatnonzero(size(times) > tolerance)
        if beyond.size == 0:
            start, end = end, 2.0 * end
            continue
        for _ in range(2):  # two refinements of the step in which it happens
            first = int(beyond[0])
            left = times[first - 1] if first > 0 else start
            times = np.linspace(left, times[first], 17)[1:]
            beyond = np.append(np.flatnonzero(size(times) > tolerance), 15)  # the last was beyond, up to rounding
            start = left
        return float(times[beyond[0]])
    return math.inf


def _travel_time(bath: Chain) -> float:
    """Return about the time a signal needs to the end, at the local speed of 2 t_n sites per unit time."""
    hoppings = np.append(bath.hoppings, bath.next_hopping)
    # a discrete bath may hardly couple to its last sites: for a first guess of times, not slower than this
    return float(np.sum(0.5 / np.maximum(hoppings, 1e-4 * np.max(hoppings))))


def light_cone_time(bath: Chain, tolerance: float = 1e-6) -> float:
    """Return the time at which the system feels the end of the chain: |C_N(t) - C(t)| > tolerance C(0).

    An excitation has gone to the end and back by then. inf for a complete discrete bath (its recurrences are physics).
    C(t) is the exact one of the same (cut) weight. Raises InvalidInput unless 1e-12 <= tolerance < 1.
    """
    raise_if_any(chain_problems("bath", bath) + tolerance_problems(tolerance))
    if bath.complete:
        return math.inf
    return _first_crossing(_chain_error(bath), tolerance, 1.5 * _travel_time(bath))


def front_time(bath: Chain, tolerance: float = 1e-6) -> float:
    """Return the time at which the front reaches the end: |<N-1| exp(-i h t) |0>| > tolerance.

    The system notices nothing yet, and the bath's energy is right, but occupations of its modes go wrong: by about the
    square root of the last site's occupation, and sums over modes at T > 0 by about that itself. inf for a complete
    discrete bath. Raises InvalidInput unless 1e-12 <= tolerance < 1.
    """
    raise_if_any(chain_problems("bath", bath) + tolerance_problems(tolerance))
    if bath.complete:
        return math.inf
    if bath.length == 1:
        return 0.0
    return _first_crossing(_last_site(bath), tolerance, 0.75 * _travel_time(bath))


@dataclass(frozen=True, kw_only=True)
class EndTimes:
    """Until when a bath is as good as the endless one.

    front  the front reaches an end; from then on occupations of the physical modes, what is made of them, and the sites near
           that end are not those of the bath
    felt   the system feels it: from then on nothing is
    """

    front: float
    felt: float


def end_times(bath: Chain | StarCells | tuple[Chain, Chain] | Bath, tolerance: float = 1e-6) -> EndTimes:
    """Return when the front reaches an end, to sqrt(tolerance) in amplitude, and when the system feels it, to tolerance C(0).

    Of a pair the earlier of its two chains. Star cells of a continuum have no end: both are the time from which C(t) shows
    that there are M modes only. inf for complete discrete baths, whose recurrences are physics, and for `Bath`.
    Raises InvalidInput for what is no bath, and unless 1e-12 <= tolerance < 1.
    """
    raise_if_any(bath_problems("bath", bath) + tolerance_problems(tolerance))
    if isinstance(bath, Bath):
        return EndTimes(front=math.inf, felt=math.inf)
    if isinstance(bath, StarCells):
        felt = _cells_felt(bath, tolerance)
        return EndTimes(front=felt, felt=felt)
    members = bath if isinstance(bath, tuple) else (bath,)
    felt = min(light_cone_time(chain, tolerance) for chain in members)
    front = min(front_time(chain, math.sqrt(tolerance)) for chain in members)
    return EndTimes(front=min(front, felt), felt=felt)


def _cells_felt(bath: StarCells, tolerance: float) -> float:
    density = bath.density
    if isinstance(density, Discrete) or density.strength == 0.0:
        return math.inf
    weight: Weight = "thermal" if bath.temperature > 0.0 else "vacuum"

    def error(times: FloatArray) -> FloatArray:
        exact = density.strength * shape_correlation(
            density, np.append(0.0, times), weight=weight, temperature=bath.temperature, support=bath.support[1]
        )
        return np.asarray(np.abs(bath.correlation(times) - exact[1:]) / exact[0].real)

    return _first_crossing(error, tolerance, 2.0 * bath.modes / float(np.max(bath.frequencies)))


def shortest(length: int, good: Callable[[int], bool]) -> int:
    """Return the shortest length that is ``good``, by halving: ``length`` is, 0 is not, and longer ones are no worse."""
    low, high = 0, length  # it is in (low, high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if good(middle) else (middle, high)
    return high


def _length_problems(
    density: object, temperature: object, until: object, tolerance: object, support: object
) -> list[Problem]:
    problems = argument_problems(density, 1, temperature, support, 1)
    return problems + number_problems("until", until, at_least=0.0) + tolerance_problems(tolerance)


@formerly(positional=("temperature", "until", "tolerance"))
def required_length(
    density: SpectralDensity,
    *,
    temperature: float,
    until: float,
    tolerance: float = 1e-8,
    support: float | None = None,
) -> int:
    """Return the length of the shortest chain whose end the system does not feel.

    That is |C_N(t) - C(t)| <= tolerance C(0) for t <= until, C(t) that of the same (cut) weight. A discrete bath never
    needs more than all its sites. An exponential cut-off has an infinite support at T = 0, on which the front
    accelerates: a ``support`` of 15 to 40 cut-offs makes the chain much shorter.
    Raises InvalidInput with every problem, also where more than 2048 sites would be needed.
    """
    raise_if_any(_length_problems(density, temperature, until, tolerance, support))
    times = _times(until)
    longest = _long_chain(density, temperature, support, lambda bath: _good(bath, times, tolerance), until)
    exact = _normalised_exact(longest, times)
    return shortest(longest.length, lambda length: _distance(longest, length, times, exact) <= tolerance)


@formerly(positional=("temperature", "until", "tolerance"))
def required_length_front(
    density: SpectralDensity,
    *,
    temperature: float,
    until: float,
    tolerance: float = 1e-8,
    support: float | None = None,
) -> int:
    """Return the length of the shortest chain whose last site stays empty to ``until``.

    That is |<N-1| exp(-i h t) |0>| <= tolerance for t <= until. About twice :func:`required_length`; arguments and
    errors as there.
    """
    raise_if_any(_length_problems(density, temperature, until, tolerance, support))
    times = _times(until)

    def settled(bath: Chain) -> bool:
        return bool(np.max(_last_site(bath)(times)) <= tolerance)

    longest = _long_chain(density, temperature, support, settled, until)
    if longest.complete and not settled(longest):
        return longest.length
    values, vectors = scipy.linalg.eigh_tridiagonal(longest.frequencies, longest.hoppings)
    largest = np.zeros(longest.length)
    for t in times:
        largest = np.maximum(largest, np.abs(vectors @ (np.exp(-1j * values * t) * vectors[0])))
    reached = np.flatnonzero(largest > tolerance)
    return min(int(reached[-1]) + 2 if reached.size else 1, longest.length)


def _times(until: float) -> FloatArray:
    """Return sample times up to ``until``, denser towards the end, where the errors are largest."""
    return until * np.concatenate([np.linspace(0.0, 0.8, 21)[1:], np.linspace(0.8, 1.0, 41)[1:]])


def _normalised_exact(bath: Chain, times: FloatArray) -> npt.NDArray[np.complex128]:
    exact = shape_correlation(
        bath.density,
        np.append(0.0, times),
        weight=bath.weight,
        temperature=bath.temperature,
        support=bath.support[1],
    )
    return exact[1:] / exact[0].real


def _distance(bath: Chain, length: int, times: FloatArray, exact: npt.NDArray[np.complex128]) -> float:
    """Return max_t |C_n(t) - C(t)|/C(0) of the chain of the first ``length`` sites of ``bath``."""
    frequencies, couplings, _ = star_of(1.0, bath.frequencies[:length], bath.hoppings[: length - 1])
    own = np.exp(-1j * np.outer(times, frequencies)) @ couplings**2
    return float(np.max(np.abs(own - exact)))


def _good(bath: Chain, times: FloatArray, tolerance: float) -> bool:
    return _distance(bath, bath.length, times, _normalised_exact(bath, times)) <= tolerance


def _long_chain(
    density: SpectralDensity,
    temperature: float,
    support: float | None,
    settled: Callable[[Chain], bool],
    until: float,
) -> Chain:
    """Return a chain that satisfies ``settled``, by doubling its length; the complete one of a discrete bath."""
    if isinstance(density, Discrete):
        return chain(density, temperature=temperature)
    length = 16
    while length <= LONGEST_CHAIN:
        # cheap refusals first: at speed 2 t_n (width/2 in the end) nothing that short can be long enough
        if 2.0 * length >= 0.25 * until * _width(density, temperature, support):
            bath = chain(density, length, temperature=temperature, support=support)
            if 4.0 * _travel_time(bath) >= until and settled(bath):
                return bath
        length *= 2
    hint = "a smaller `support`, a lower cut-off or a larger tolerance needs fewer sites"
    allowed = f"a time that a chain of {LONGEST_CHAIN} sites can reach"
    raise InvalidInput([Problem(key="until", value=until, allowed=allowed, hint=hint)])


def _width(density: ContinuousDensity, temperature: float, support: float | None) -> float:
    """Return a lower bound of the width of the weight's support; 0 where it is infinite and the front accelerates."""
    high = density.support[1] if support is None else min(support, density.support[1])
    if math.isinf(high):
        return 0.0
    weight: Weight = "thermal" if temperature > 0.0 else "vacuum"
    return max(
        end - start for start, end in hulls(segments(density, weight=weight, temperature=temperature, upper=high))
    )
