"""What is found of the correlations of a system and its bath at one time."""

from __future__ import annotations

import math
from dataclasses import dataclass


class Unphysical(ArithmeticError):
    """What was found is no mode of a bath, or no pair of bounds; the message says what it is."""


class OutOfReach(Unphysical):
    """A bath whose entropy takes more than is ever spent; nothing is wrong with the numbers."""


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """I(S:B) of one state, nats.

    lower, upper    bounds for the state given, rigorous but for what rotations of sites drop (`tnthermo.bath_entropy.sides`)
    S_S             entropy of the system
    modes           most modes that a bound was read from
    rows            states kept of the larger side
    cost            how much narrower the bounds would be had nothing been left out
    work            about how many products of numbers it took; 0 where they are not counted
    how             where the lower and the upper bound come from, in words
    S_B             entropy of the bath, where every mode is represented; else NaN
    S_SB            entropy of system and bath together, likewise: measured, though it is S_S(0) + S_B(0)
    """

    lower: float
    upper: float
    S_S: float
    modes: int
    rows: int
    cost: float = 0.0
    work: float = 0.0
    how: tuple[str, str] = ("", "")
    S_B: float = math.nan
    S_SB: float = math.nan

    @property
    def exact(self) -> bool:
        """Whether all modes are represented: then the bounds differ by what was left out only."""
        return math.isfinite(self.S_B)

    @property
    def half(self) -> float:
        """Half of the distance of the bounds."""
        return 0.5 * (self.upper - self.lower)
