"""The user's own observables: a system operator, a boson operator on a chain site, or their product."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.model.operators import NAMED, PAULI, Matrix, operator

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
BOSON = ("number", "lower", "raise", "position")
KEYS = ("operator", "boson", "site", "chain")


@dataclass(frozen=True, kw_only=True, eq=False)
class Observable:
    """``operator`` on the system times ``boson`` on a site of a chain; recorded as the column ``name``, complex where not Hermitian.

    operator  (d, d), any matrix; None: the identity
    boson     "number", "lower", "raise" or "position" (c + c^dag); None: a system operator
    site      number n of the chain site, 0 next to the system
    chain     number of the chain: bath after bath, of a pair first that of weight J (1 + n)
    """

    name: str
    operator: Matrix | None = None
    boson: str | None = None
    site: int = 0
    chain: int = 0

    @property
    def hermitian(self) -> bool:
        """Whether the expectation value is real."""
        own = self.operator is None or bool(np.allclose(self.operator, self.operator.conj().T, atol=1e-14, rtol=0))
        return own and self.boson not in ("lower", "raise")

    def describe(self) -> str:
        """<A b_n> in words."""
        where = f"{self.boson} on site {self.site} of chain {self.chain}" if self.boson else ""
        parts = [part for part in ("" if self.operator is None else "system operator", where) if part]
        return "expectation value of " + " times ".join(parts)


def observables(
    given: Mapping[str, Any], *, dimension: int | None, lengths: tuple[int, ...] | None = None
) -> tuple[Observable, ...]:
    """Observables from user input: a system operator as in `tnthermo.model.operators.operator`, or a table with the keys of `Observable`.

    given      {"sx": {"x": 1.0}, "n3": {"boson": "number", "site": 3}, "s-": "sigma_minus", ...}
    dimension  d of the system; None: not known yet, sizes are not checked
    lengths    of the chains; None: not known yet, sites are not checked

    Raises InvalidInput with every problem: unknown names with near matches, sites out of range with the range.
    """
    allowed = "a table of names, {name: operator, ...}"
    problems = instance_problems("observables", given, Mapping, allowed)
    raise_if_any(problems)
    found = []
    for name, value in given.items():
        key = f"observables.{name}"
        if not isinstance(name, str) or not NAME.fullmatch(name):
            problems.append(Problem(key=key, value=name, allowed="a name of letters, digits and underscores"))
            continue
        try:
            found.append(_observable(name, value, key, dimension, lengths))
        except InvalidInput as error:
            problems += error.problems
    raise_if_any(problems)
    return tuple(found)


def _observable(name: str, value: Any, key: str, dimension: int | None, lengths: tuple[int, ...] | None) -> Observable:
    if isinstance(value, str):
        if value in PAULI:
            return Observable(name=name, operator=_sized(PAULI[value], value, key, dimension))
        if value not in NAMED:
            near = difflib.get_close_matches(value, [*PAULI, *NAMED], n=2, cutoff=0.4)
            hint = f"did you mean {' or '.join(near)}?" if near else ""
            allowed = f"one of {', '.join([*PAULI, *NAMED])}, Pauli components, a matrix, or a table"
            raise InvalidInput([Problem(key=key, value=value, allowed=allowed, hint=hint)])
    if not isinstance(value, Mapping) or set(value) <= set(PAULI):
        return Observable(name=name, operator=_sized(operator(value, key=key, hermitian=False), value, key, dimension))
    problems = []
    for entry in value:
        if entry not in KEYS:
            near = difflib.get_close_matches(str(entry), KEYS, n=1)
            hint = f"did you mean {near[0]}?" if near else ""
            problems.append(Problem(key=f"{key}.{entry}", value=value[entry], allowed=" | ".join(KEYS), hint=hint))
    raise_if_any(problems)
    matrix = None
    if "operator" in value:
        matrix = _sized(
            operator(value["operator"], key=f"{key}.operator", hermitian=False), value["operator"], key, dimension
        )
    boson = value.get("boson")
    if boson is None:
        if matrix is None or {"site", "chain"} & set(value):
            problems.append(
                Problem(key=key, value=dict(value), allowed=f"boson = {' | '.join(BOSON)} for a chain site")
            )
        raise_if_any(problems)
        return Observable(name=name, operator=matrix)
    if not isinstance(boson, str) or boson not in BOSON:
        near = difflib.get_close_matches(str(boson), BOSON, n=1, cutoff=0.4)
        hint = f"did you mean {near[0]}?" if near else ""
        problems.append(Problem(key=f"{key}.boson", value=boson, allowed=" | ".join(BOSON), hint=hint))
    site, chain = value.get("site", 0), value.get("chain", 0)
    count = None if lengths is None else len(lengths)
    problems += _index(f"{key}.chain", chain, count)
    reach = None if lengths is None or problems else lengths[chain]
    problems += _index(f"{key}.site", site, reach)
    raise_if_any(problems)
    return replace(Observable(name=name, operator=matrix, boson=boson), site=site, chain=chain)


def _sized(matrix: Matrix, value: Any, key: str, dimension: int | None) -> Matrix:
    if dimension is not None and matrix.shape[0] != dimension:
        allowed = f"the size of the system {(dimension, dimension)}, found {matrix.shape}"
        raise InvalidInput([Problem(key=key, value=value, allowed=allowed)])
    return matrix


def _index(key: str, value: Any, count: int | None) -> list[Problem]:
    allowed = "an integer >= 0" if count is None else f"0 to {count - 1}"
    fits = isinstance(value, int) and not isinstance(value, bool) and value >= 0 and (count is None or value < count)
    return [] if fits else [Problem(key=key, value=value, allowed=allowed)]
