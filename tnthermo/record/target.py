"""What a run was asked to reach: how well each column is to be known."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chains.checks import number_problems
from chains.problems import Problem

RELATIVE = "relative"
USUAL, USUAL_TIME = 1e-3, 600.0  # what is asked for where nothing numerical is given, and the seconds that may take
AUTO, OFF = "auto", "off"
FORMS = f'"{OFF}", a number > 0 and <= 1, or a table of columns, {{ E_B = 1e-3, S_S = {{ relative = 0.01 }} }}'


@dataclass(frozen=True, kw_only=True)
class Target:
    """Largest errors that are accepted.

    overall   of what is judged where nothing is named: rho_S absolute, energies, heat and work in units of the largest energy that is
              exchanged, S_S in nats; None where columns are named
    columns   NAME -> (largest error, whether it is in units of the column's largest value)
    max_time  seconds for all runs together; inf for as long as it takes
    """

    overall: float | None = None
    columns: Mapping[str, tuple[float, bool]] = field(default_factory=dict)
    max_time: float = math.inf

    @property
    def finest(self) -> float:
        """The smallest number that is asked for."""
        return min([size for size, _ in self.columns.values()] + ([] if self.overall is None else [self.overall]))

    def written(self) -> Any:
        """As in a file: a number or a table."""
        if self.overall is not None:
            return self.overall
        return {name: {RELATIVE: size} if relative else size for name, (size, relative) in self.columns.items()}

    def describe(self) -> str:
        """In words, for attributes and messages."""
        if self.overall is not None:
            return f"{self.overall:g}"
        return ", ".join(
            f"{name} {size:g}{' of its largest value' if relative else ''}"
            for name, (size, relative) in self.columns.items()
        )

    def json(self) -> str:
        """The whole as text, for files; `target_from` reads it."""
        return json.dumps({"target": self.written(), "max_time": None if math.isinf(self.max_time) else self.max_time})


def target_problems(value: object, *, key: str = "accuracy") -> list[Problem]:
    """What is wrong with a target as it is written; whether its columns exist is said by `tnthermo.thermo.judged`."""
    if isinstance(value, Mapping):
        if not value:
            return [Problem(key=key, value=value, allowed=FORMS)]
        problems = []
        for name, wanted in value.items():
            inner = f"{key}.{name}"
            if isinstance(wanted, Mapping) and set(wanted) == {RELATIVE}:
                problems += _size_problems(wanted[RELATIVE], f"{inner}.{RELATIVE}", most=1.0)
            elif isinstance(wanted, Mapping):
                problems.append(
                    Problem(key=inner, value=dict(wanted), allowed=f"a number > 0, or {{ {RELATIVE} = 0.01 }}")
                )
            else:
                problems += _size_problems(wanted, inner, most=math.inf)
        return problems
    return _size_problems(value, key, most=1.0)


def _size_problems(value: object, key: str, *, most: float) -> list[Problem]:
    problems = number_problems(key, value, above=0.0)
    if not problems and not float(value) <= most:  # type: ignore[arg-type]
        problems = [Problem(key=key, value=value, allowed="a number > 0 and <= 1")]
    return problems


def as_target(value: Any, max_time: float | None = None) -> Target:
    """The target that `target_problems` has nothing against."""
    limit = math.inf if max_time is None else float(max_time)
    if not isinstance(value, Mapping):
        return Target(overall=float(value), max_time=limit)
    columns = {
        str(name): (float(wanted[RELATIVE]), True) if isinstance(wanted, Mapping) else (float(wanted), False)
        for name, wanted in value.items()
    }
    return Target(columns=columns, max_time=limit)


def target_from(text: str) -> Target:
    """The inverse of `Target.json`."""
    found = json.loads(text)
    return as_target(found["target"], found["max_time"])
