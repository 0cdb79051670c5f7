"""Where system and chains stand on the one line of a matrix product state."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import numpy.typing as npt

Layout = Literal["auto", "middle", "interleaved"]
LAYOUTS = ("auto", "middle", "interleaved")


@dataclass(frozen=True, kw_only=True)
class Line:
    """Places 0 .. L - 1 of a line of L sites.

    system   place of the system
    chains   for each chain the places of its sites n = 0, 1, ..., away from the system on one side of it
    """

    system: int
    chains: tuple[tuple[int, ...], ...]

    @property
    def length(self) -> int:
        """Sites on the line, the system included."""
        return 1 + sum(len(places) for places in self.chains)

    @property
    def places(self) -> npt.NDArray[np.int64]:
        """Places of all boson sites, chain after chain: the order of every column over chain sites."""
        return np.array([place for places in self.chains for place in places], dtype=np.int64)


def line(left: Sequence[tuple[int, int]], right: Sequence[tuple[int, int]]) -> Line:
    """The line with chains on both sides of the system, those of one side interleaved.

    left, right   (number of the chain, its length) of the chains on that side; the numbers are 0, 1, 2 ... over both
    """
    outward = [_round_robin(left), _round_robin(right)]
    system = len(outward[0])
    places: dict[int, list[int]] = {number: [] for number, _ in (*left, *right)}
    for distance, number in enumerate(outward[0]):
        places[number].append(system - 1 - distance)
    for distance, number in enumerate(outward[1]):
        places[number].append(system + 1 + distance)
    return Line(system=system, chains=tuple(tuple(places[number]) for number in sorted(places)))


def _round_robin(chains: Sequence[tuple[int, int]]) -> list[int]:
    """Chain numbers outward from the system: one site of each in turn, as long as it has any."""
    longest = max((length for _, length in chains), default=0)
    return [number for n in range(longest) for number, length in chains if n < length]


def distances(line: Line) -> npt.NDArray[np.int64]:
    """Distance (L + 1,) of the bonds of a line from the system, in sites of a chain; the system's own bonds have 1."""
    steps = np.arange(line.length + 1) - line.system
    found = np.zeros(line.length + 1, dtype=np.int64)
    for side, away in ((steps > 0, steps), (steps <= 0, 1 - steps)):
        chains = sum(bool(side[places[0] + 1]) for places in line.chains)
        found[side] = -(-away[side] // max(chains, 1))
    return found
