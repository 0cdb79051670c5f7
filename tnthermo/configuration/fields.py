"""What a key of the configuration file may hold: numbers in a range, lists, operators. The base of all tables.

The checks of single values are those of ``chains.checks`` and ``tnthermo.model.operators``, so that a file and the Python interface
refuse the same things with the same words.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict

from chains import LONGEST_CHAIN
from chains.checks import integer_problems, number_problems, plain_number, sequence_problems
from chains.problems import Problem, raise_if_any
from tnthermo.model.operators import HIGHEST_LEVEL, as_array, operator

UNITS = "numbers carry no unit: hbar = k_B = 1, one energy unit for everything (often the cutoff); convert first, or name them in [units]"
NEVER = "never"
Convert = Callable[[float], float]


def text_hint(text: str) -> str:
    """Why a text is not accepted where a number is wanted."""
    bare = text.strip()
    if plain_number(bare) is not None:
        return f"found a text: write {bare} without quotes"
    if "," in bare and plain_number(bare.replace(",", ".", 1)) is not None:
        return f"found a text with a decimal comma: write {bare.replace(',', '.')} without quotes"
    return f"found a text; {UNITS}"


def _raise(problems: list[Problem]) -> None:
    raise_if_any([replace(p, hint=text_hint(p.value)) if isinstance(p.value, str) else p for p in problems])


def number(*, above: float | None = None, at_least: float | None = None) -> BeforeValidator:
    """A finite real number in range; no boolean, no text."""

    def check(value: Any) -> Any:
        _raise(number_problems("", value, above=above, at_least=at_least))
        return value

    return BeforeValidator(check)


def integer(*, at_least: int) -> BeforeValidator:
    """An integer in range; no boolean, no 2.0."""

    def check(value: Any) -> Any:
        _raise(integer_problems("", value, at_least=at_least))
        return value

    return BeforeValidator(check)


def _modes(value: Any) -> Any:
    if value != "auto":
        problems = integer_problems("", value, at_least=1)
        if not problems and value > LONGEST_CHAIN:
            problems = [Problem(key="", value=value, allowed=f"at most {LONGEST_CHAIN}")]
        raise_if_any([replace(p, allowed=f'"auto" or {p.allowed}') for p in problems])
    return value


def _levels(value: Any) -> Any:
    if value == "auto":
        return value
    entries = value if isinstance(value, list) else [value]
    names = [f"[{i}]" for i in range(len(entries))] if isinstance(value, list) else [""]
    problems = [
        p
        for name, entry in zip(names, entries, strict=True)
        for p in integer_problems(name, entry, at_least=2, at_most=HIGHEST_LEVEL)
    ]
    if not entries:
        problems = [Problem(key="", value=value, allowed="an integer >= 2 for each chain site")]
    raise_if_any(
        [replace(p, allowed=f'"auto", or {p.allowed}, or a list of these, one for each chain site') for p in problems]
    )
    return value


def _numbers(value: Any) -> Any:
    raise_if_any([replace(p, key=p.key.removeprefix("_")) for p in sequence_problems("_", value)])
    return value


def _displacement(value: Any) -> Any:
    allowed = (
        'a finite number x (relaxed to <A> = x), or for a discrete density a list of amplitudes such as "0.1-0.2j"'
    )
    if isinstance(value, list):
        array = as_array(value, key="")
        if array.ndim != 1 or not array.size:
            raise_if_any([Problem(key="", value=value, allowed=allowed)])
    else:
        _raise([replace(p, allowed=allowed) for p in number_problems("", value)])
    return value


def _interval(value: Any) -> Any:
    if value != NEVER:
        problems = number_problems("", value, above=0.0)
        raise_if_any([replace(p, allowed=f'"{NEVER}" or {p.allowed}') for p in problems])
    return value


def _hermitian(value: Any) -> Any:
    operator(value, key="")
    return value


def _any_operator(value: Any) -> Any:
    operator(value, key="", hermitian=False)
    return value


Number = Annotated[float, number()]
Positive = Annotated[float, number(above=0.0)]
NotNegative = Annotated[float, number(at_least=0.0)]
Count = Annotated[int, integer(at_least=1)]
Numbers = Annotated[list[float], BeforeValidator(_numbers)]
Modes = Annotated[Any, BeforeValidator(_modes)]
Levels = Annotated[Any, BeforeValidator(_levels)]
Displacement = Annotated[Any, BeforeValidator(_displacement)]
Interval = Annotated[Any, BeforeValidator(_interval)]
HermitianOperator = Annotated[Any, BeforeValidator(_hermitian)]
AnyOperator = Annotated[Any, BeforeValidator(_any_operator)]


def each(way: Convert, value: Any) -> Any:
    """A number, or those of a list, as ``way`` makes them; anything else (none, "never") as it is."""
    if isinstance(value, list):
        return [each(way, entry) for entry in value]
    return way(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else value


class Section(BaseModel):
    """A table of the configuration file: frozen, no other keys, no conversion of types."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True)
    # The keys that hold times, and temperatures: other numbers than natural ones where the file has a section [units].
    in_time: ClassVar[tuple[str, ...]] = ()
    in_temperature: ClassVar[tuple[str, ...]] = ()

    def converted(self, *, time: Convert, temperature: Convert) -> Self:
        """The same with those times and temperatures that were given as these functions make them."""
        own = type(self)
        ways = dict.fromkeys(own.in_time, time) | dict.fromkeys(own.in_temperature, temperature)
        given = {key: way for key, way in ways.items() if key in self.model_fields_set}
        return self.model_copy(update={key: each(way, getattr(self, key)) for key, way in given.items()})
