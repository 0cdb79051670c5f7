"""Checks of single input values; each returns the problems found, so that a caller can report all of them at once."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from chains.problems import Problem, raise_if_any

LARGEST_INTEGER = 10**15
LARGEST, SMALLEST = 1e150, 1e-150  # of a number, and of a positive one: its square and its inverse have doubles
_UNIT_HINT = "numbers carry no unit here: hbar = k_B = 1, one energy unit for all; convert first"


def number_problems(
    key: str, value: object, *, above: float | None = None, at_least: float | None = None
) -> list[Problem]:
    """Return what keeps ``value`` from being a finite real number > ``above`` and >= ``at_least``, of at most `LARGEST` in size.

    One that is to be positive, or 0, is at least `SMALLEST`, or 0.

    Booleans, text and complex numbers (also with imaginary part 0j) are problems, never converted.
    """
    allowed = "a finite real number"
    if above is not None:
        allowed += f" > {above:g}"
    if at_least is not None:
        allowed += f" >= {at_least:g}"
    if isinstance(value, bool | np.bool_):
        return [Problem(key=key, value=value, allowed=allowed, hint="a boolean is not a number")]
    if isinstance(value, str):
        return [Problem(key=key, value=value, allowed=allowed, hint=f"found a text; {_UNIT_HINT}")]
    if isinstance(value, complex | np.complexfloating):
        return [Problem(key=key, value=value, allowed=allowed, hint="found a complex number; this one is real")]
    if isinstance(value, np.timedelta64) or not isinstance(value, Real):  # the first is an integer to numpy
        return [Problem(key=key, value=value, allowed=allowed, hint=f"found {type(value).__name__}")]
    try:
        number = float(value)
    except OverflowError:  # an integer without a double
        number = math.inf
    inside = math.isfinite(number)
    inside = inside and (above is None or number > above) and (at_least is None or number >= at_least)
    if inside and abs(number) > LARGEST:
        return [Problem(key=key, value=value, allowed=f"{allowed}, at most {LARGEST:g} in size")]
    if inside and 0.0 in (above, at_least) and 0.0 < number < SMALLEST:
        zero = "0 or " if at_least == 0.0 else ""
        return [Problem(key=key, value=value, allowed=f"{allowed}, {zero}at least {SMALLEST:g}")]
    return [] if inside else [Problem(key=key, value=value, allowed=allowed)]


def plain_number(text: str) -> float | None:
    """Return the number that a text is, None where it is none: ASCII, no digits of other scripts and no underscores as float() takes."""
    if not text.isascii() or "_" in text:
        return None
    try:
        return float(text)
    except ValueError:
        return None


def integer_problems(key: str, value: object, *, at_least: int, at_most: int = LARGEST_INTEGER) -> list[Problem]:
    """Return what keeps ``value`` from being an integer >= ``at_least`` and <= ``at_most`` (booleans and 2.0 are not)."""
    allowed = f"an integer >= {at_least}"
    if isinstance(value, bool | np.bool_ | np.timedelta64) or not isinstance(value, Integral):
        return [Problem(key=key, value=value, allowed=allowed, hint=f"found {type(value).__name__}")]
    if int(value) > at_most:
        return [Problem(key=key, value=value, allowed=f"{allowed} and <= {at_most}")]
    return [] if int(value) >= at_least else [Problem(key=key, value=value, allowed=allowed)]


def flag_problems(key: str, value: object) -> list[Problem]:
    """Return what keeps ``value`` from being True or False: what only counts as one of them does not say which was meant."""
    if isinstance(value, bool | np.bool_):
        return []
    return [Problem(key=key, value=value, allowed="True or False", hint=f"found {type(value).__name__}")]


def word_problems(key: str, value: object, words: Sequence[str]) -> list[Problem]:
    """Return what keeps ``value`` from being one of ``words``."""
    if isinstance(value, str) and value in words:
        return []
    hint = "" if isinstance(value, str) else f"found {type(value).__name__}"
    return [Problem(key=key, value=value, allowed=" | ".join(words), hint=hint)]


def path_problems(key: str, value: object) -> list[Problem]:
    """Return what keeps ``value`` from being the name of a file or folder; whether it is there is seen when it is opened."""
    problems = instance_problems(key, value, str | Path, "the name of a file or folder, a text or a Path")
    if not problems and "\0" in str(value):
        problems.append(Problem(key=key, value=value, allowed="a name without a zero byte"))
    return problems


def instance_problems(key: str, value: object, kind: Any, allowed: str) -> list[Problem]:
    """Return what keeps ``value`` from being an instance of ``kind`` (a class, a union of them), in words ``allowed``."""
    if isinstance(value, kind) and not isinstance(value, type):
        return []
    hint = f"the class {value.__name__}, not one of it" if isinstance(value, type) else f"found {type(value).__name__}"
    return [Problem(key=key, value=value, allowed=allowed, hint=hint)]


def temperature_problems(value: object) -> list[Problem]:
    """Return what is wrong with a temperature: real, finite, >= 0; 0 is the vacuum."""
    problems = number_problems("temperature", value, at_least=0.0)
    return [
        Problem(key=p.key, value=p.value, allowed=p.allowed, hint=p.hint or "zero temperature is 0.0; k_B = 1")
        for p in problems
    ]


def bracketed(i: int) -> str:
    """Return how entry i of a list is called in the key of a problem."""
    return f"[{i}]"


def sequence_problems(key: str, values: object, where: Callable[[int], str] = bracketed) -> list[Problem]:
    """Return what keeps ``values`` from being a non-empty one-dimensional list of finite real numbers.

    ``where`` says how entry i is called, for lists that the user knows as lines of a file.
    """
    allowed = "a non-empty list of finite real numbers"
    if isinstance(values, str | bytes | bytearray) or not isinstance(values, Sequence | np.ndarray):
        return [Problem(key=key, value=values, allowed=allowed, hint=f"found {type(values).__name__}")]
    if isinstance(values, np.ndarray) and values.ndim != 1:
        return [Problem(key=key, value=f"array of shape {values.shape}", allowed="one dimension")]
    if len(values) == 0:
        return [Problem(key=key, value=values, allowed=allowed)]
    return [problem for i, value in enumerate(values) for problem in number_problems(key + where(i), value)]


def array_problems(key: str, values: object) -> list[Problem]:
    """Return what keeps ``values`` from being real numbers in an array of any shape, nested lists of them, or one; they may be nan."""
    allowed = "real numbers: one, a list, or an array"
    if isinstance(values, type) or (
        isinstance(values, Sequence) and any(isinstance(v, bool | np.bool_) for v in values)
    ):
        return [Problem(key=key, value=values, allowed=allowed, hint="a boolean is not a number")]
    try:
        array = np.asarray(values)
    except (ValueError, TypeError) as error:  # lists of different lengths
        return [Problem(key=key, value=values, allowed=allowed, hint=str(error))]
    if array.dtype.kind not in "iuf":
        return [Problem(key=key, value=values, allowed=allowed, hint=f"found {_kind_of(values)}")]
    return []


def _kind_of(values: object) -> str:
    return f"an array of {values.dtype}" if isinstance(values, np.ndarray) else type(values).__name__


def time_problems(times: object, key: str = "times") -> list[Problem]:
    """Return what keeps ``times`` from being a finite real number or a list of such."""
    allowed = "a number or a list of real numbers"
    if isinstance(times, Sequence) and not isinstance(times, str | bytes | bytearray):
        return sequence_problems(key, times) if len(times) else []
    if not hasattr(times, "__array__") or isinstance(times, np.generic | type):
        return [replace(p, allowed=f"{p.allowed}, or a list of them") for p in number_problems(key, times)]
    array = np.atleast_1d(np.asarray(times))
    if array.ndim != 1 or array.dtype.kind not in "iuf":
        found = f"found an array of {array.dtype} and shape {array.shape}"
        return [Problem(key=key, value=times, allowed=allowed, hint=found)]
    return [
        Problem(
            key=f"{key}[{i}]", value=float(array[i]), allowed=f"a finite real number of at most {LARGEST:g} in size"
        )
        for i in np.flatnonzero(~(np.abs(array.astype(np.float64)) <= LARGEST)).tolist()
    ]


def real_times(times: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return ``times`` as a one-dimensional float array, or raise :class:`InvalidInput`."""
    raise_if_any(time_problems(times))
    return np.atleast_1d(np.asarray(times, dtype=np.float64))


def frozen(values: npt.ArrayLike) -> npt.NDArray[np.float64]:
    """Return a read-only float copy of ``values``: results are values, nobody edits them in place."""
    array = np.array(values, dtype=np.float64)
    array.setflags(write=False)
    return array
