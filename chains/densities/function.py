"""A spectral density given as a Python function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt

from chains.densities.callables import callable_problems, read_interval, values_of
from chains.densities.power_law import Element, describe, frequencies_from_zero
from chains.densities.sampled import Sampled
from chains.densities.table import Table
from chains.problems import raise_if_any
from chains.types import FloatArray

_POINTS = 1500
"""About how many a table gets."""


@dataclass(frozen=True, kw_only=True)
class Function:
    """J(w) = function(w) on ``support`` = (low, high), 0 outside.

    function       array -> array or number -> number, real and >= 0: J itself, sum_k g_k^2 delta(w - w_k), no pi
    support        low >= 0 finite, high > low, math.inf allowed if J falls faster than every power there
    exponent       p of J ~ (w - low)^p at the lower end: > 0 if low = 0, else > -1; None: found from the values
    end_exponent   q of J ~ (high - w)^q at a finite upper end, > -1; None: found from the values
    breaks         frequencies inside where J has a kink, a jump or a narrow peak: it is looked at more closely there
    name           what describe() calls it; default the name of the Python function

    The function is called in the constructor: J is divided into panels on which it is smooth, once.
    Raises InvalidInput with every problem: values that are negative, nan or infinite (naming the worst), J = 0
    everywhere, not integrable at an end, a power that cannot be found or that the values contradict, and for high = inf
    an algebraic tail. The same error later if a negative or nan value turns up at a frequency not looked at before.
    """

    function: Callable[..., object]
    support: tuple[float, float]
    exponent: float | None = None
    end_exponent: float | None = None
    breaks: Sequence[float] = ()
    name: str = ""

    def __post_init__(self) -> None:
        problems = callable_problems(self.function, self.name)
        interval, wrong = read_interval(self.support, self.exponent, self.end_exponent, self.breaks)
        raise_if_any(problems + wrong)
        assert interval is not None
        object.__setattr__(self, "support", (interval.low, interval.high))
        object.__setattr__(self, "breaks", interval.breaks)
        _ = self._sampled  # now, so that the constructor is where a bad function is refused

    @cached_property
    def _sampled(self) -> Sampled:
        interval, _ = read_interval(self.support, self.exponent, self.end_exponent, self.breaks)
        assert interval is not None
        return Sampled.of(values_of(self.function, interval), interval)

    def __getstate__(self) -> dict[str, object]:
        """What a copy in another process needs: what was found is found again there."""
        return {key: value for key, value in self.__dict__.items() if key != "_sampled"}

    @property
    def strength(self) -> float:
        """1."""
        return 1.0

    @property
    def elements(self) -> tuple[Element, ...]:
        """The function with the powers at its ends taken out, on panels where it is smooth."""
        return (self._sampled,)

    @property
    def end_powers(self) -> tuple[float, float]:
        """The powers (p, q) at the two ends, as stated or as found."""
        return self._sampled.end_powers

    @property
    def exponent_at_zero(self) -> float:
        """p if the support starts at 0 (inf if J vanishes there faster than every power), else inf."""
        return self._sampled.exponent_at_zero

    def truncation(self, neglected: float) -> float:
        """The frequency beyond which less than this part of int J lies."""
        return self._sampled.truncation(neglected)

    def weight(self) -> float:
        """int J dw, by quadrature."""
        return self._sampled.weight()

    def reorganisation(self) -> float:
        """int J/w dw, by quadrature."""
        return self._sampled.reorganisation()

    @property
    def _called(self) -> str:
        return self.name or getattr(self.function, "__qualname__", type(self.function).__name__)

    def describe(self) -> str:
        """Convention, name, ends and the main integrals, as text."""
        low, high = self.support
        p, q = self.end_powers
        how = ["found" if given is None else "stated" for given in (self.exponent, self.end_exponent)]
        powers = f"J ~ (w - {low:g})^{p:.6g} at the lower end ({how[0]})"
        if math.isfinite(high):
            powers += f", ({high:g} - w)^{q:.6g} at the upper end ({how[1]})"
        formula = f"J(w) = Python callable {self._called}(w) on [{low:g}, {high:g}]"
        return describe(formula, powers, self.reorganisation(), self.weight())

    def tabulated(self) -> Table:
        """Return a table of J on a dense grid: a record for a file, to a few digits, not a replacement for the function.

        A Table is Ohmic at w = 0 and has no singular ends, whatever J has: its chain is close to that of J, no more.
        """
        low = self.support[0]
        edges = np.asarray(self._sampled.edges)
        if math.isinf(self.support[1]):
            end = self.truncation(1e-14)
            edges = np.append(edges[edges < end], end)
        count = max(8, _POINTS // edges.size)
        steps = 0.5 - 0.5 * np.cos(math.pi * np.arange(count) / count)
        inner = (edges[:-1, None] + np.diff(edges)[:, None] * steps).ravel()[1:]
        width, end_width = inner[0] - low, edges[-1] - inner[-1]
        towards = 0.5 ** np.arange(1, 21)
        w = np.unique(np.concatenate([low + width * towards, inner, edges[-1] - end_width * towards]))
        w = w[(w > low) & (w < edges[-1])]
        j = self(w)
        if low == 0.0:
            w, j = np.append(0.0, w), np.append(0.0, j)
        return Table(frequencies=w, values=j, ends="hard", source=f"of {self._called}")

    def __call__(self, w: npt.ArrayLike) -> FloatArray:
        """J(w) for w >= 0, array -> array; at an end of the support the limit."""
        array = frequencies_from_zero(w)
        low, high = self.support
        values = np.zeros(array.shape)
        inside = (array > low) & (array < high)
        values[inside] = self._sampled.values(array[inside])
        for end, power, other in ((low, self.end_powers[0], high), (high, self.end_powers[1], low)):
            if power <= 0.0 and math.isfinite(end):
                limit = float(self._sampled.values(np.array([np.nextafter(end, other)]))[0])
                values[array == end] = limit if power == 0.0 else math.inf
        return values
