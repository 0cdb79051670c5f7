"""Checks of a density given as a Python function: its interval, how it may be called, what it returns."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from chains.checks import number_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from chains.types import FloatArray

Values = Callable[[FloatArray], FloatArray]
_REAL = "real numbers, one for each frequency"


@dataclass(frozen=True, kw_only=True)
class Interval:
    """Where J lives, and what the user said about its ends."""

    low: float
    high: float
    exponent: float | None
    end_exponent: float | None
    breaks: tuple[float, ...]

    def trial(self) -> FloatArray:
        """Return a few frequencies inside, in no special order."""
        parts = np.array([0.31, 0.05, 0.77, 0.5, 0.93])
        return self.low + parts * (self.high - self.low if math.isfinite(self.high) else max(self.low, 1.0))


def callable_problems(function: object, name: object) -> list[Problem]:
    """Return what is wrong with the function itself, before it is called, and with its name."""
    problems = []
    if not callable(function):
        allowed = "a Python callable: frequencies -> J"
        problems.append(
            Problem(key="function", value=function, allowed=allowed, hint=f"found {type(function).__name__}")
        )
    if not isinstance(name, str):
        problems.append(Problem(key="name", value=name, allowed="a text"))
    return problems


def read_interval(
    support: object, exponent: object, end_exponent: object, breaks: object
) -> tuple[Interval | None, list[Problem]]:
    """Return the interval, or None and everything that is wrong with it."""
    problems: list[Problem] = []
    allowed = "(low, high) with 0 <= low < high; high may be math.inf"
    low, high = 0.0, math.inf
    if isinstance(support, str) or not isinstance(support, Sequence) or len(support) != 2:
        problems.append(Problem(key="support", value=support, allowed=allowed))
    else:
        found = number_problems("support[0]", support[0], at_least=0.0)
        endless = isinstance(support[1], float) and support[1] == math.inf
        found += [] if endless else number_problems("support[1]", support[1], above=0.0)
        if not found and not float(support[0]) < float(support[1]):
            found.append(Problem(key="support", value=support, allowed=allowed))
        if not found:
            low, high = float(support[0]), float(support[1])
        problems += found
    known = not problems
    for key, power, end in (("exponent", exponent, low), ("end_exponent", end_exponent, 1.0)):
        if power is not None:
            problems += number_problems(key, power, above=0.0 if end == 0.0 else -1.0)
    if known and end_exponent is not None and math.isinf(high):
        problems.append(Problem(key="end_exponent", value=end_exponent, allowed="not given where support ends at inf"))
    if isinstance(breaks, str) or not isinstance(breaks, Sequence | np.ndarray):
        problems.append(Problem(key="breaks", value=breaks, allowed="a list of frequencies"))
        return None, problems
    for i, place in enumerate(breaks):
        wrong = number_problems(f"breaks[{i}]", place)
        if not wrong and known and not low < float(place) < high:
            wrong = [Problem(key=f"breaks[{i}]", value=place, allowed=f"inside the support ({low:g}, {high:g})")]
        problems += wrong
    if problems:
        return None, problems
    p, q = (None if power is None else float(power) for power in (exponent, end_exponent))  # type: ignore[arg-type]
    places = tuple(sorted({float(place) for place in breaks}))
    return Interval(low=low, high=high, exponent=p, end_exponent=q, breaks=places), []


def values_of(function: Callable[..., object], interval: Interval) -> Values:
    """Return ``function`` as array -> array, values unchecked; raises InvalidInput if it cannot be called."""
    w = interval.trial()
    if _takes_arrays(function, w):
        return lambda x: _quiet(function, x)

    def one(x: float) -> float:
        value = function(float(x))
        if np.ndim(value) != 0 or isinstance(value, complex | np.complexfloating):  # type: ignore[arg-type]
            raise TypeError(f"returned {value!r}")
        return float(value)  # type: ignore[arg-type]

    scalar = np.vectorize(one, otypes=[np.float64])
    try:
        _quiet(scalar, w)
    except Exception as error:  # whatever the user's function raises is a problem of the input
        hint = f"called with the number {w[0]:g} it raised {type(error).__name__}: {error}"
        raise InvalidInput([Problem(key="function", value=function, allowed=_REAL, hint=hint)]) from error
    return lambda x: _quiet(scalar, x)


def _quiet(function: Callable[..., object], w: FloatArray) -> FloatArray:
    """Return the values at a copy of ``w``; what is not finite is looked for afterwards, not warned of."""
    if w.size == 0:
        return np.zeros(w.shape)
    with np.errstate(all="ignore"):
        return np.asarray(function(w.copy()), dtype=np.float64)


def _takes_arrays(function: Callable[..., object], w: FloatArray) -> bool:
    """Return whether the function treats an array entry by entry."""
    try:
        with np.errstate(all="ignore"):
            together = np.asarray(function(w.copy()))
            apart = [np.asarray(function(w[i : i + 1].copy())) for i in range(w.size)]
    except Exception:  # it may take numbers only; if it takes nothing, the error appears there
        return False
    if together.shape != w.shape or together.dtype.kind not in "iuf" or any(a.shape != (1,) for a in apart):
        return False
    return bool(np.allclose(together, np.concatenate(apart), rtol=1e-12, atol=0.0, equal_nan=True))


def value_problems(w: FloatArray, j: FloatArray) -> list[Problem]:
    """Return a problem for values that are not finite, and one for negative values."""
    problems = []
    strange = np.flatnonzero(~np.isfinite(j))
    if strange.size:
        i = int(strange[0])
        hint = f"the first of {strange.size} such values; an infinite density has to be at an end of the support"
        problems.append(
            Problem(key=f"function({w[i]:.10g})", value=float(j[i]), allowed="a finite number >= 0", hint=hint)
        )
    negative = np.flatnonzero(j < 0.0)
    if negative.size:
        i = int(negative[np.argmin(j[negative])])
        hint = f"the worst of {negative.size} negative values"
        problems.append(Problem(key=f"function({w[i]:.10g})", value=float(j[i]), allowed=">= 0", hint=hint))
    return problems


def checked(values: Values) -> Values:
    """Return ``values`` with a check: raises InvalidInput for nan, infinite and negative values."""

    def safe(w: FloatArray) -> FloatArray:
        j = values(w)
        raise_if_any(value_problems(w, j))
        return j

    return safe
