"""What units numbers are in, and the factors between them and natural ones.

Natural numbers count energy in the chosen unit of energy, E, time in hbar/E and temperature in E/k_B: energies are the same number in
both, times and temperatures differ by one factor each. A frequency f as unit (GHz, THz) stands for the energy h f, with the 2 pi.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, cached_property, lru_cache
from typing import Any, Literal, get_args

import numpy as np

from chains.checks import time_problems, word_problems
from chains.problems import MISSING, Problem, raise_if_any

Energy = Literal[
    "cm^-1", "meV", "ueV", "eV", "hartree", "kJ/mol", "kcal/mol", "MHz", "GHz", "THz", "mK", "K"
]  # fmt: skip
Time = Literal["fs", "ps", "ns", "us"]
ENERGIES: tuple[str, ...] = get_args(Energy)
TIMES: tuple[str, ...] = get_args(Time)
# Each as pint reads it, so that what is no energy by itself becomes one.
EXPRESSIONS = {
    "cm^-1": "planck_constant * speed_of_light / centimeter",
    "meV": "millielectron_volt",
    "ueV": "microelectron_volt",
    "eV": "electron_volt",
    "hartree": "hartree",
    "kJ/mol": "kilojoule / mole / avogadro_constant",
    "kcal/mol": "kilocalorie / mole / avogadro_constant",
    "MHz": "planck_constant * megahertz",
    "GHz": "planck_constant * gigahertz",
    "THz": "planck_constant * terahertz",
    "mK": "boltzmann_constant * millikelvin",
    "K": "boltzmann_constant * kelvin",
    "fs": "femtosecond",
    "ps": "picosecond",
    "ns": "nanosecond",
    "us": "microsecond",
}
Dimension = Literal[
    "number", "energy", "energy rate", "energy squared", "temperature", "entropy", "entropy rate", "time", "1/energy"
]  # fmt: skip
NATURAL_NAMES: Mapping[str, str] = {
    "number": "1",
    "energy": "energy",
    "energy rate": "energy^2",
    "energy squared": "energy^2",
    "temperature": "energy",
    "entropy": "nat",
    "entropy rate": "nat energy",
    "time": "1/energy",
    "1/energy": "1/energy",
}
# Powers of energy in natural units, where a time is an inverse energy.
POWERS: Mapping[str, int] = {
    "number": 0, "energy": 1, "energy rate": 2, "energy squared": 2, "temperature": 1, "entropy": 0, "entropy rate": 1,
    "time": -1, "1/energy": -1,
}  # fmt: skip
MEASURED = (
    "hartree",
)  # whose size is not exact by the definition of the SI: newer values differ in the thirteenth digit
DIGITS = 14  # of a time that was made of steps: 30.000000000000004 fs is 30 fs
ATTRIBUTE = "units_of"
"""Attribute of a dataset that is in chosen units: which, as JSON."""
_NUMBER = r"[-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?)"
_LIST = rf"{_NUMBER}(?:(?:, |/| of ){_NUMBER})*"


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()


@cache
def in_si(unit: str) -> float:
    """One of a unit in joules or seconds, to as many digits as another version of the library gives as well."""
    found = _registry().Quantity(1.0, EXPRESSIONS[unit]).to("second" if unit in TIMES else "joule").magnitude
    return float(f"{found:.{12 if unit in MEASURED else 15}g}")


@cache
def ratio(unit: str, other: str) -> float:
    """How many of the ``other`` unit one unit is."""
    return 1.0 if unit == other else float(f"{in_si(unit) / in_si(other):.15g}")


@cache
def hbar(energy: str, time: str) -> float:
    """hbar, in units of energy times time."""
    action = _registry().Quantity(1.0, "planck_constant").to("joule * second").magnitude / (2 * np.pi)
    return float(f"{action / in_si(energy) / in_si(time):.15g}")


@dataclass(frozen=True)
class Units:
    """Units of energy, time and temperature; without any: natural ones, hbar = k_B = 1.

    energy       "cm^-1", "meV", "ueV", "eV", "hartree", "kJ/mol", "kcal/mol", "K", "mK", or "MHz", "GHz", "THz", which stand for h f
    time         "fs", "ps", "ns", "us"; given with the energy, because hbar turns the one into the other
    temperature  "K", "mK" or any unit of energy (then it is k_B T); default that of the energy

    ``Units("cm^-1", "fs", "K").time(100.0)`` is what the library calls 100 fs where energies are in cm^-1.

    Raises :class:`chains.InvalidInput` with all problems.
    """

    energy_unit: str | None = None
    time_unit: str | None = None
    temperature_unit: str | None = None

    def __init__(self, energy: str | None = None, time: str | None = None, temperature: str | None = None) -> None:
        raise_if_any(unit_problems(energy, time, temperature))
        object.__setattr__(self, "energy_unit", energy)
        object.__setattr__(self, "time_unit", time)
        object.__setattr__(self, "temperature_unit", temperature or energy)

    def __repr__(self) -> str:
        return f"Units({', '.join(f'{key}={unit!r}' for key, unit in self.table().items())})"

    @classmethod
    def of(cls, dataset: Any) -> Units:
        """Those that a dataset, or one with these attributes, is in; natural ones where it does not say."""
        found = getattr(dataset, "attrs", dataset).get(ATTRIBUTE, "")
        return cls(**json.loads(found)) if found else NATURAL

    @property
    def natural(self) -> bool:
        """Whether numbers are in hbar = k_B = 1 and one unit of energy that has no name."""
        return self.energy_unit is None

    @cached_property
    def hbar(self) -> float:
        """The unit of natural time in ``time``: 5308.84 cm^-1 fs."""
        return 1.0 if self.energy_unit is None else hbar(self.energy_unit, str(self.time_unit))

    @cached_property
    def k_B(self) -> float:
        """One unit of temperature as an energy: 0.695035 cm^-1/K."""
        return 1.0 if self.energy_unit is None else ratio(str(self.temperature_unit), self.energy_unit)

    def energy(self, value: Any, unit: str | None = None) -> Any:
        """A natural number for an energy (or the frequency that hbar makes one) in ``unit``, default that of these units."""
        return _times(checked(value), self._ratio(unit, self.energy_unit, ENERGIES))

    def time(self, value: Any, unit: str | None = None) -> Any:
        """A natural number for a time in ``unit``, default that of these units."""
        return self.natural_time(_times(checked(value), self._ratio(unit, self.time_unit, TIMES)))

    def temperature(self, value: Any, unit: str | None = None) -> Any:
        """A natural number, k_B T, for a temperature in ``unit``, default that of these units."""
        return self.natural_temperature(_times(checked(value), self._ratio(unit, self.temperature_unit, ENERGIES)))

    def natural_time(self, value: Any) -> Any:
        """The same of a number, or array, that is right."""
        return _times(value, 1.0 / self.hbar)

    def natural_temperature(self, value: Any) -> Any:
        """The same of a number, or array, that is right."""
        return _times(value, self.k_B)

    def _ratio(self, unit: str | None, own: str | None, known: tuple[str, ...]) -> float:
        if unit is None:
            return 1.0
        raise_if_any(word_problems("unit", unit, known))
        allowed = "not given with natural units, whose energy has no name"
        raise_if_any([] if own is not None else [Problem(key="unit", value=unit, allowed=allowed)])
        return ratio(unit, str(own))

    def scale(self, dimension: str) -> float:
        """What a natural number of this dimension is multiplied with to be in these units."""
        if dimension in ("energy rate", "entropy rate"):
            return 1.0 / self.hbar
        return {"time": self.hbar, "temperature": 1.0 / self.k_B}.get(dimension, 1.0)

    def shown_time(self, natural: float) -> float:
        """The time in these units that `time` makes this number, to the bit where there is one: the shortest of them."""
        return natural if self.natural else inverse(self.natural_time, float(natural), self.hbar)

    def shown_temperature(self, natural: float) -> float:
        """The temperature in these units that `temperature` makes this number, to the bit where there is one: the shortest of them."""
        return natural if self.k_B == 1.0 else inverse(self.natural_temperature, float(natural), 1.0 / self.k_B)

    def name(self, dimension: str) -> str:
        """The unit of a dimension as text: "cm^-1/fs"."""
        if self.natural:
            return NATURAL_NAMES[dimension]
        E, t = str(self.energy_unit), str(self.time_unit)
        return {
            "number": "1", "energy": E, "energy rate": f"{E}/{t}", "energy squared": f"({E})^2" if re.search(r"\W", E) else f"{E}^2",
            "temperature": str(self.temperature_unit), "entropy": "nat", "entropy rate": f"nat/{t}", "time": t, "1/energy": f"1/({E})",
        }[dimension]  # fmt: skip

    def behind(self, dimension: str) -> str:
        """The unit as it stands behind a number, " fs"; nothing in natural ones."""
        return "" if self.natural else f" {self.name(dimension)}"

    @property
    def attribute(self) -> str:
        """These units as a dataset keeps them (`ATTRIBUTE`)."""
        return json.dumps(self.table())

    def table(self) -> dict[str, str]:
        """The keys of a section [units]."""
        if self.natural:
            return {}
        return {"energy": str(self.energy_unit), "time": str(self.time_unit), "temperature": str(self.temperature_unit)}

    def describe(self) -> str:
        """Units and constants, in words."""
        if self.natural:
            return "hbar = k_B = 1"
        E, t, T = self.energy_unit, self.time_unit, self.temperature_unit
        kelvin = f", k_B = {self.k_B:.10g} {E}/{T}" if T != E else ""
        return f"energies in {E}, times in {t}, temperatures in {T} (hbar = {self.hbar:.10g} {E} {t}{kelvin})"

    def said(self, text: str) -> str:
        """A text of the library with its natural times ("t = 0.02") and temperatures ("T = 208.5") in these units; twice is as once."""
        if self.natural:
            return text
        time, temperature = str(self.time_unit), str(self.temperature_unit)
        text = _replaced(text, r"\bt = ", self.hbar, time)
        text = _replaced(text, r"\ba step near ", self.hbar, time)
        text = _replaced(text, r"\bstep (?=\d)", self.hbar, time)
        text = _replaced(text, r"\blimited by step = ", self.hbar, time)
        text = _replaced(text, r"\bchanges within ", self.hbar, time)
        text = _replaced(text, r"(?<=there; )take at most ", self.hbar, time)
        return _replaced(text, r"\bT = ", 1.0 / self.k_B, temperature)


def checked(value: Any) -> Any:
    """A number, or the array of several. Raises :class:`chains.InvalidInput` for anything else."""
    raise_if_any(time_problems(value, "value"))
    return np.asarray(value, dtype=np.float64) if isinstance(value, list | tuple) else value


def _times(value: Any, factor: float) -> Any:
    return value if factor == 1.0 else value * factor


def _replaced(text: str, before: str, factor: float, unit: str) -> str:
    """The numbers after ``before`` times ``factor``, with their unit behind them; those that have it stay."""

    def one(found: re.Match[str]) -> str:
        numbers = re.sub(_NUMBER, lambda n: f"{float(n[0]) * factor:.{_digits(n[0])}g}", found[2])
        return f"{found[1]}{numbers} {unit}"

    return re.sub(rf"({before})({_LIST})(?!\.?\d|[eE][-+\d]|(?:, |/| of )\d| {re.escape(unit)}(?!\w))", one, text)


def _digits(number: str) -> int:
    """How many digits of a converted number its text is good for."""
    return min(5, max(2, len(re.sub(r"[eE].*|[-+.]", "", number).lstrip("0")) - 1))


def inverse(forward: Any, value: float, factor: float) -> float:
    """What ``forward`` takes to ``value``: the number of fewest digits near value times ``factor``; that product where there is none."""
    near = value * factor
    if not np.isfinite(near):
        return near
    for digits in (DIGITS, 15, 16, 17):
        found = float(f"{near:.{digits}g}")
        if forward(found) == value:
            return found
    for found in (np.nextafter(near, -np.inf), np.nextafter(near, np.inf)):
        if forward(float(found)) == value:
            return float(found)
    return float(f"{near:.{DIGITS}g}")


def tidy(values: Any) -> Any:
    """Times (n,) to `DIGITS` digits."""
    return np.array([float(f"{value:.{DIGITS}g}") for value in np.asarray(values).ravel()]).reshape(np.shape(values))


def unit_problems(energy: Any, time: Any, temperature: Any) -> list[Problem]:
    """What is wrong with names of units."""
    problems = []
    if (energy is None) != (time is None):
        missing = "time" if time is None else "energy"
        allowed = "given with the other one: hbar turns energy into time, and needs both"
        problems.append(Problem(key=missing, value=MISSING, allowed=allowed))
    if energy is None and time is None and temperature is not None:
        allowed = "given with energy and time"
        problems.append(Problem(key="temperature", value=temperature, allowed=allowed))
    for key, value, known in (("energy", energy, ENERGIES), ("time", time, TIMES), ("temperature", temperature, ENERGIES)):  # fmt: skip
        problems += [] if value is None else word_problems(key, value, known)
    return problems


NATURAL = Units()
