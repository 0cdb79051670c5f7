"""How many sites the chains of a bath need, and what is said about chains of a given number: bad_inputs "chain too short"."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

import chains
from chains import LONGEST_CHAIN, cells_of
from chains.problems import InvalidInput, Problem
from tnthermo.configuration.notes import Note

EQUILIBRIUM = 0.1  # of the tolerance of a step: it is made once, and the error bars do not see it

FloatArray = npt.NDArray[np.float64]


def needed_modes(density: Any, reach: dict[str, Any], *, pair: bool) -> tuple[int, int]:
    """Lengths of the shortest chains whose end the system does not feel, and whose last site stays empty to the tolerance.

    reach  temperature, until, tolerance and, where the weight is cut, support
    pair   two chains of this length each, for J (1 + n) and J n
    """
    if pair:
        return _needed_by_pair(density, **reach)
    felt = chains.required_length(density, **reach)
    reached = chains.required_length_front(density, **{**reach, "tolerance": math.sqrt(reach["tolerance"])})
    return felt, reached


def needed_in_equilibrium(density: Any, reach: dict[str, Any]) -> int:
    """Sites with which the equilibrium of the whole is that of the bath, as far as the rest of a run is exact; 1 at T = 0."""
    if not reach["temperature"] > 0:
        return 1
    given = {key: value for key, value in reach.items() if key != "until"}
    return chains.required_length_equilibrium(density, **{**given, "tolerance": EQUILIBRIUM * reach["tolerance"]})


def _needed_by_pair(
    density: Any, *, temperature: float, until: float, tolerance: float, support: float | None = None
) -> tuple[int, int]:
    """A pair is doubled in length until its longer needs are met; its first sites are those of every shorter pair."""
    high = density.support[1] if support is None else support
    width = (density.truncation(1e-15) if math.isinf(high) else high) - density.support[0]
    length = 16
    while length <= LONGEST_CHAIN:
        # at a speed of width / 2 nothing much shorter can do
        if 8.0 * length >= until * width:
            pair = chains.thermofield_chains(density, length, temperature=temperature, support=support)
            found = [_needed_by_chain(chain, until, tolerance) for chain in pair]
            if all(need is not None for need in found):
                first, second = (need for need in found if need is not None)
                return max(first[0], second[0]), max(first[1], second[1])
        length *= 2
    hint = "a smaller support, a lower cutoff or a larger tolerance needs fewer sites"
    allowed = f"a time that chains of {LONGEST_CHAIN} sites can reach"
    raise InvalidInput([Problem(key="until", value=until, allowed=allowed, hint=hint)])


def _needed_by_chain(chain: chains.Chain, until: float, tolerance: float) -> tuple[int, int] | None:
    """(sites whose end the system does not feel, sites whose last one stays empty); None where the chain itself is too short."""
    times = until * np.concatenate([np.linspace(0.0, 0.8, 21), np.linspace(0.8, 1.0, 41)[1:]])
    found = chains.star(chain)
    largest = np.zeros(chain.length)
    for t in times:
        amplitudes = found.vectors @ (np.exp(-1j * found.frequencies * t) * found.vectors[0])
        largest = np.maximum(largest, np.abs(amplitudes))
    beyond = np.flatnonzero(largest > math.sqrt(tolerance))
    reached = int(beyond[-1]) + 2 if beyond.size else 1
    exact = chains.exact_correlation(chain, times)
    limit = tolerance * exact[0].real

    def far(length: int) -> bool:
        own = chains.chain_correlation(shortened(chain, length), times)
        return bool(np.max(np.abs(own - exact)) <= limit)

    if reached > chain.length or not far(chain.length):
        return None
    low, high = 0, chain.length  # the shortest good one is in (low, high]
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if far(middle) else (middle, high)
    return high, reached


def needed_cells(
    density: Any, *, temperature: float, until: float, tolerance: float, support: float | None = None
) -> int:
    """The least number of star cells whose C(t) is that of the bath up to ``until``, to the tolerance times C(0)."""
    exact = _exact_correlation(density, temperature=temperature, until=until, support=support)
    limit = tolerance * exact[0].real

    def bath(length: int) -> chains.Chain:
        """The chain whose first sites have the cells as their Gauss nodes."""
        if temperature > 0:
            return chains.thermofield_chains(density, length, temperature=temperature, support=support)[0]
        return chains.chain(density, length, support=support)

    def far(whole: chains.Chain, length: int) -> bool:
        own = cells_of(shortened(whole, length)).correlation(_times(until))
        return bool(np.max(np.abs(own - exact)) <= limit)

    length = 16
    while length <= LONGEST_CHAIN:
        whole = bath(length)
        if far(whole, length):
            low, high = 0, length
            while high - low > 1:
                middle = (low + high) // 2
                low, high = (low, middle) if far(whole, middle) else (middle, high)
            return high
        length *= 2
    allowed = f"a time that {LONGEST_CHAIN} modes can reach"
    hint = "a smaller support, a lower cutoff or a larger tolerance needs fewer of them"
    raise InvalidInput([Problem(key="until", value=until, allowed=allowed, hint=hint)])


def _times(until: float) -> FloatArray:
    return until * np.linspace(0.0, 1.0, 101)


def _exact_correlation(
    density: Any, *, temperature: float, until: float, support: float | None
) -> npt.NDArray[np.complex128]:
    whole = chains.chain(density, 1, temperature=temperature, support=support)
    return np.asarray(chains.exact_correlation(whole, _times(until)))


def cell_notes(
    density: Any, made: chains.StarCells, reach: dict[str, Any], *, allow_reflection: bool, key: str
) -> list[Note]:
    """Whether cells of given number are the bath; raises InvalidInput if they are not by the end of the run, unless that is allowed."""
    until, tolerance = reach["until"], reach["tolerance"]
    exact = _exact_correlation(density, temperature=reach["temperature"], until=until, support=reach.get("support"))
    wrong = np.abs(made.correlation(_times(until)) - exact) > tolerance * exact[0].real
    if not wrong.any():
        return []
    back = _times(until)[np.argmax(wrong)]
    text = f"the system feels from t = {back:.4g} on that there are {made.modes} modes only"
    if allow_reflection:
        return [Note(level="warning", key=f"{key}.modes", text=f"{text}, allowed by bath.allow_reflection")]
    hint = '"auto" finds it; bath.allow_reflection = true runs it anyway'
    allowed = f">= {needed_cells(density, **reach)}: {text}"
    raise InvalidInput([Problem(key=f"{key}.modes", value=made.modes, allowed=allowed, hint=hint)])


def shortened(chain: chains.Chain, length: int) -> chains.Chain:
    """The first ``length`` sites."""
    if length >= chain.length:
        return chain
    return replace(
        chain,
        frequencies=chain.frequencies[:length],
        hoppings=chain.hoppings[: length - 1],
        next_hopping=float(chain.hoppings[length - 1]),
    )


def light_cone_notes(
    density: Any, made: Sequence[chains.Chain], reach: dict[str, Any], *, allow_reflection: bool, key: str
) -> list[Note]:
    """Whether chains of given length are long enough; raises InvalidInput if the system feels an end, unless that is allowed.

    key  what [bath] is called
    """
    until, tolerance = reach["until"], reach["tolerance"]
    key, length = f"{key}.modes", max(chain.length for chain in made)
    end = "the end of the chain" if len(made) == 1 else "an end of the chains"
    if allow_reflection:
        back = min(chains.light_cone_time(chain, tolerance) for chain in made)
        text = f"the system feels {end} from t = {back:.4g} on, allowed by bath.allow_reflection"
        return [Note(level="warning", key=key, text=text)] if back < until else []
    felt, reached = needed_modes(density, reach, pair=len(made) == 2)
    if length < felt:
        back = min(chains.light_cone_time(chain, tolerance) for chain in made)
        allowed = f">= {felt}: the reflection from {end} is back at the system at t = {back:.4g}"
        hint = f'{max(felt, reached)} sites also keep the front off the end; "auto" finds it; bath.allow_reflection = true runs it anyway'
        raise InvalidInput([Problem(key=key, value=length, allowed=allowed, hint=hint)])
    if length < reached:
        front = min(chains.front_time(chain, math.sqrt(tolerance)) for chain in made)
        text = f"the front reaches {end} at t = {front:.4g}; the system does not feel it ({reached} sites avoid it)"
        return [Note(level="warning", key=key, text=text)]
    return []
