"""What a user asks of a study: which knobs with which values, which columns; and everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from chains.checks import plain_number
from chains.problems import Problem
from tnthermo.configuration.resolve import Resolved
from tnthermo.thermo.definitions import BOUNDS, BY_BATH_RATE, SPARSE
from tnthermo.thermo.validity import every_column
from tnthermo.types import Real

USUAL = ("E_B", "S_S", "sigma_z", "S_chi")
FIRST = "population[0]"  # of a system that is no qubit, instead of sigma_z
ENTRY = re.compile(r"([A-Za-z]\w*)(?:\[(\d{1,4})\])?", re.ASCII)
HOW_OVER = "names such as step or max_bond, or NAME=VALUES such as max_bond=8,16,32"

Over = Mapping[str, Sequence[float] | None]


@dataclass(frozen=True, kw_only=True)
class ColumnName:
    """A column, of one that has several values a time one entry: ``E_B_each[1]``."""

    name: str
    entry: int | None = None

    def __str__(self) -> str:
        return self.name if self.entry is None else f"{self.name}[{self.entry}]"

    @property
    def has_poles(self) -> bool:
        """Whether it is a ratio that may grow without bound, whose errors are local."""
        found = every_column().get(self.name)
        return found is not None and found.poles

    def of(self, ledger: xr.Dataset, suffix: str = "") -> Real | None:
        """Its values over time; None where a ledger does not have it, or not with that entry."""
        name = self.name + suffix
        if name not in ledger:
            return None
        column = ledger[name]
        if column.dims[:1] != ("t",) or column.ndim != (1 if self.entry is None else 2):
            return None
        if self.entry is None:
            return np.asarray(column.values, dtype=np.float64)
        return None if self.entry >= column.shape[1] else np.asarray(column.values[:, self.entry], dtype=np.float64)


def read_over(over: Any, key: str) -> tuple[dict[str, Sequence[float] | None], list[Problem]]:
    """({knob: its values, None for those that suit}, problems) of texts as on the command line, or of a mapping."""
    found: dict[str, Sequence[float] | None] = {}
    problems: list[Problem] = []
    if isinstance(over, Mapping):
        for name, values in over.items():
            if not isinstance(name, str) or not (values is None or isinstance(values, list | tuple)):
                allowed = "a name with a list of values, or none for those that suit"
                problems.append(Problem(key=key, value={name: values}, allowed=allowed))
            else:
                found[name] = values
        if not over:
            problems.append(Problem(key=key, value=over, allowed=f"at least one setting: {HOW_OVER}"))
        return found, problems
    texts = [over] if isinstance(over, str) else over
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        return {}, [Problem(key=key, value=over, allowed=HOW_OVER, hint=f"found {type(over).__name__}")]
    for text in texts:
        for name, values, wrong in _parts(text, key):
            problems += wrong
            if name in found:
                problems.append(Problem(key=key, value=name, allowed="each setting once"))
            elif not wrong:
                found[name] = values
    return found, problems


def _parts(text: str, key: str) -> list[tuple[str, Sequence[float] | None, list[Problem]]]:
    """What one text names."""
    name, equals, rest = text.partition("=")
    if not equals:
        return [
            (one.strip(), None, [] if one.strip() else [Problem(key=key, value=text, allowed=HOW_OVER)])
            for one in text.split(",")
        ]
    name = name.strip()
    hint = f"{key} once for each setting that has values" if "=" in rest or "," in name else ""
    numbers = [_number(part.strip()) for part in rest.split(",")]
    values = [number for number in numbers if number is not None]
    if hint or len(values) < len(numbers) or not name:
        return [(name, None, [Problem(key=key, value=text, allowed=f"numbers with commas: {HOW_OVER}", hint=hint)])]
    return [(name, values, [])]


def _number(text: str) -> float | None:
    """A whole number as such."""
    if re.fullmatch(r"[+-]?\d{1,15}", text, re.ASCII):
        return int(text)
    return plain_number(text)


def read_columns(columns: Any, resolved: Resolved | None, key: str) -> tuple[list[ColumnName], list[Problem]]:
    """(columns, problems) of names with commas or a sequence of names; none of a run that is wrong are looked up."""
    texts = columns.split(",") if isinstance(columns, str) else columns
    if not isinstance(texts, list | tuple) or not texts or not all(isinstance(text, str) for text in texts):
        allowed = "names of columns such as E_B or population[0]"
        return [], [Problem(key=key, value=columns, allowed=allowed, hint=f"found {type(columns).__name__}")]
    found: list[ColumnName] = []
    problems = []
    own = list(resolved.recording.observables or {}) if resolved is not None else []
    for text in (text.strip() for text in texts):
        match = ENTRY.fullmatch(text)
        problem = _problem(text, match[1] if match else "", bool(match and match[2]), own, key)
        if problem is not None:
            problems.append(problem)
            continue
        assert match is not None
        column = ColumnName(name=match[1], entry=None if match[2] is None else int(match[2]))
        if column in found:
            problems.append(Problem(key=key, value=text, allowed="each column once"))
        found.append(column)
    return found, problems


def _problem(text: str, name: str, entry: bool, own: Sequence[str], key: str) -> Problem | None:
    """What is wrong with the name of a column, as far as can be told before the run."""
    every = every_column()
    if name in own:
        return None
    if name not in every:
        lower = {known.lower(): known for known in (*every, *own)}
        close = difflib.get_close_matches(text.lower(), lower, n=1, cutoff=0.6)
        hint = f"did you mean {lower[close[0]]}?" if close else "tnthermo explain lists all"
        return Problem(key=key, value=text, allowed="a column of a ledger", hint=hint)
    dims = every[name].dims
    if len(dims) > 1 or (bool(dims) != entry):
        allowed = "one number a time"
        hint = f"{name}[0] is the first of its {dims[0]}s" if len(dims) == 1 else ""
        hint = f"{name} has one value a time: leave out the [...]" if not dims else hint
        return Problem(key=key, value=text, allowed=allowed, hint=hint)
    return None


def need_the_bath(columns: Sequence[ColumnName] | None) -> bool:
    """Whether some of the columns are made of the entropy of the bath, which can take most of the time of a run."""
    return columns is None or any(one.name in SPARSE | BOUNDS | BY_BATH_RATE for one in columns)


def usual_columns(ledger: xr.Dataset) -> list[ColumnName]:
    """Those of `USUAL` that have values, with a population where there is no sigma_z."""
    names = [ColumnName(name=name) for name in USUAL]
    if names[2].of(ledger) is None:
        names[2] = ColumnName(name="population", entry=0)
    return [name for name in names if has_values(name, ledger)]


def has_values(name: ColumnName, ledger: xr.Dataset) -> bool:
    values = name.of(ledger)
    return values is not None and bool(np.isfinite(values).any())


def missing_problems(columns: Sequence[ColumnName], ledger: xr.Dataset, key: str) -> list[Problem]:
    """Columns without a value in the reference."""
    problems = []
    for name in columns:
        if not has_values(name, ledger):
            reason = str(ledger[name.name].attrs.get("reason", "")) if name.name in ledger else ""
            allowed = "a column that has values in this run"
            problems.append(Problem(key=key, value=str(name), allowed=allowed, hint=reason))
    return problems
