"""The section [sweep] of a configuration: which keys take which values, and the tables of each point."""

from __future__ import annotations

import copy
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chains.problems import MISSING, InvalidInput, Problem
from tnthermo.configuration.hints import nearest
from tnthermo.configuration.read import has_several_baths
from tnthermo.configuration.resolve import load_config
from tnthermo.configuration.toml import read_toml

MODES = ("product", "zip", "list")
KEY = re.compile(r"[\w-]+(\[\d{1,6}\]|\.[\w-]+)*", re.ASCII)
PART = re.compile(r"\[(\d+)\]|([\w-]+)", re.ASCII)
INDEX = re.compile(r"\d{1,6}", re.ASCII)
EXAMPLE = 'e.g. "spectral_density.alpha" = [0.1, 0.2], the key in quotes'

KeyPath = tuple[str | int, ...]


@dataclass(frozen=True, kw_only=True)
class Axes:
    """A sweep as the file says it.

    mode    "product": every value with every other, the last axis fastest; "zip": one value of each; "list": one table for each point
    values  the values of each axis, by its dotted key; of a list those of each point
    base    the file's other sections
    """

    path: Path
    mode: str
    values: Mapping[str, Sequence[Any]]
    base: Mapping[str, Any]

    @property
    def shape(self) -> tuple[int, ...]:
        """Points along each dimension: one for each axis of a product, one in all otherwise."""
        lengths = tuple(len(values) for values in self.values.values())
        return lengths if self.mode == "product" else lengths[:1]

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def settings(self, number: int) -> dict[str, Any]:
        """What point ``number`` sets, by dotted key."""
        places: list[int] = []
        rest = number
        for length in reversed(self.shape):
            rest, place = divmod(rest, length)
            places.insert(0, place)
        if self.mode != "product":
            places = places * len(self.values)
        return {key: values[place] for (key, values), place in zip(self.values.items(), places, strict=True)}

    def tables(self, number: int) -> dict[str, Any]:
        """The sections of point ``number``, as they would be read from a file of its own. Raises InvalidInput."""
        found: Any = copy.deepcopy(dict(self.base))
        for key, value in self.settings(number).items():
            found = placed(found, parts(key), value, key)
        return found  # type: ignore[no-any-return]

    def label(self, number: int) -> str:
        """``alpha = 0.1, temperature = 0.2``, each key in full."""
        return ", ".join(f"{key} = {value!r}" for key, value in self.settings(number).items())


def read_axes(path: str | Path) -> Axes:
    """The sweep of a configuration file. Raises :class:`chains.InvalidInput` with all that is wrong with it and with the other sections."""
    path = Path(path)
    raw = read_toml(path)
    base = {name: table for name, table in raw.items() if name != "sweep"}
    found, problems = axes_of(raw.get("sweep", MISSING), base)
    if problems:
        problems += elsewhere(path, base, found)
        raise InvalidInput(problems)
    mode, values = found
    return Axes(path=path, mode=mode, values=values, base=base)


def has_sweep(path: str | Path) -> bool:
    """Whether the file has a section [sweep]. Raises InvalidInput where it cannot be read."""
    return "sweep" in read_toml(Path(path))


def elsewhere(path: Path, base: Mapping[str, Any], found: tuple[str, Mapping[str, Sequence[Any]]]) -> list[Problem]:
    """What is wrong with the sections beside [sweep], but for the keys that the sweep sets."""
    swept = [_spelled(key) for key in found[1] if KEY.fullmatch(key)]
    try:
        load_config(path, dict(base))
    except InvalidInput as error:
        return [p for p in error.problems if not any(key.startswith(p.key) or p.key.startswith(key) for key in swept)]
    return []


def axes_of(raw: Any, base: Mapping[str, Any]) -> tuple[tuple[str, dict[str, Sequence[Any]]], list[Problem]]:
    """((mode, values of each axis), problems)."""
    if not isinstance(raw, dict):
        hint = "" if raw is MISSING else f"found {type(raw).__name__}"
        return ("product", {}), [
            Problem(key="sweep", value=raw, allowed=f"a section [sweep] with axes, {EXAMPLE}", hint=hint)
        ]
    rest = dict(raw)
    mode = rest.pop("mode", "product")
    if mode not in MODES:
        allowed = " | ".join(MODES)
        hint = nearest(mode, list(MODES)) if isinstance(mode, str) else "a text"
        return ("product", {}), [Problem(key="sweep.mode", value=mode, allowed=allowed, hint=hint)]
    values, problems = listed(rest, base) if mode == "list" else columns(rest)
    problems += key_problems(values, base)
    if mode == "product":
        problems += [problem for key, entries in values.items() for problem in twice(key, entries)]
    lengths = {key: len(entries) for key, entries in values.items()}
    if mode == "zip" and len(set(lengths.values())) > 1:
        problems.append(
            Problem(
                key="sweep",
                value=lengths,
                allowed="as many values for each axis",
                hint='mode = "product" takes every pair',
            )
        )
    return (mode, values), problems


def twice(key: str, entries: Sequence[Any]) -> list[Problem]:
    """An axis of a product on which a value stands more than once: its label would name no one place."""
    seen, again = set(), []
    for value in entries:
        # numbers by value, but true is not 1
        own = value if isinstance(value, int | float) and not isinstance(value, bool) else repr(value)
        again += [value] if (type(own) is str, own) in seen else []
        seen.add((type(own) is str, own))
    if not again:
        return []
    allowed = f"must have each value once; {', '.join(repr(_short(value)) for value in again[:3])} is there again"
    return [Problem(key=f"sweep.{key}", value=_short(list(entries)), allowed=allowed)]


def columns(raw: Mapping[str, Any]) -> tuple[dict[str, Sequence[Any]], list[Problem]]:
    """Axes as lists of values."""
    values: dict[str, Sequence[Any]] = {}
    problems = []
    for key, entries in raw.items():
        name = f"sweep.{key}"
        if key == "points":
            problems.append(Problem(key=name, value=_short(entries), allowed='mode = "list" only'))
        elif isinstance(entries, dict):
            problems.append(
                Problem(
                    key=name,
                    value=_short(entries),
                    allowed="a list of values",
                    hint=f"the dotted key in quotes: {_quoted(key, entries)}",
                )
            )
        elif not isinstance(entries, list):
            problems.append(
                Problem(key=name, value=entries, allowed="a list of values", hint=f"[{entries!r}] for one value")
            )
        elif not entries:
            problems.append(Problem(key=name, value=entries, allowed="at least one value"))
        else:
            values[key] = entries
    if not raw:
        problems.append(Problem(key="sweep", value="[sweep]", allowed=f"at least one axis, {EXAMPLE}"))
    return values, problems


def listed(raw: Mapping[str, Any], base: Mapping[str, Any]) -> tuple[dict[str, Sequence[Any]], list[Problem]]:
    """Axes from a list of tables, one for each point; what only other points name is as in the file."""
    problems = [
        Problem(
            key=f"sweep.{key}",
            value=_short(value),
            allowed='with mode = "list" the points alone',
            hint="[[sweep.points]], one for each",
        )
        for key, value in raw.items()
        if key != "points"
    ]
    points = raw.get("points", MISSING)
    if not isinstance(points, list) or not points or not all(isinstance(point, dict) and point for point in points):
        allowed = f"a table for each point, [[sweep.points]] with {EXAMPLE.replace('[0.1, 0.2]', '0.1')}"
        return {}, [*problems, Problem(key="sweep.points", value=_short(points), allowed=allowed)]
    keys = list(dict.fromkeys(key for point in points for key in point))
    usual = {key: value_at(base, parts(key)) for key in keys}
    for i, point in enumerate(points):
        if lacking := [key for key in keys if key not in point and usual[key] is MISSING]:
            allowed = f"must set {', '.join(lacking)} as well, which other points do and the rest of the file does not"
            problems.append(Problem(key=f"sweep.points[{i}]", value=list(point), allowed=allowed))
    if problems:
        return {}, problems
    return {key: [point.get(key, usual[key]) for point in points] for key in keys}, problems


def key_problems(values: Mapping[str, Sequence[Any]], base: Mapping[str, Any]) -> list[Problem]:
    """Keys that are no keys of a configuration, or that set the same thing twice."""
    problems = []
    seen: dict[KeyPath, str] = {}
    several = has_several_baths(base)
    for key, entries in values.items():
        problem = None
        if not KEY.fullmatch(key):
            problem = Problem(
                key="sweep", value=key, allowed="a dotted key such as spectral_density.alpha or bath[0].temperature"
            )
        else:
            path = parts(key)
            if path[0] == "sweep":
                problem = Problem(key="sweep", value=key, allowed="a key of another section")
            elif path[0] == "units":
                allowed = "not swept: one table of all runs is in one set of units"
                problem = Problem(key=f"sweep.{key}", value=_short(entries), allowed=allowed)
            elif several and path[0] == "bath" and (len(path) == 1 or not is_index(path[1])):
                hint = "bath[0]" + "".join(f".{part}" for part in path[1:])
                problem = Problem(
                    key=f"sweep.{key}", value=_short(entries), allowed="the key of one of the [[bath]]", hint=hint
                )
            own = tuple(int(part) if is_index(part) else part for part in path)
            for other, name in seen.items():
                shorter = min(len(own), len(other))
                if own[:shorter] == other[:shorter]:
                    problem = Problem(
                        key=f"sweep.{key}", value=_short(entries), allowed=f"given once; {name} sets it as well"
                    )
            seen[own] = key
        if problem is not None:
            problems.append(problem)
    return problems


def parts(key: str) -> KeyPath:
    """``bath[1].levels`` -> ("bath", 1, "levels")."""
    return tuple(int(index) if index else name for index, name in PART.findall(key))


def is_index(part: str | int) -> bool:
    """Whether a part of a key may be a number in a list: "bath.1" as well as "bath[1]"."""
    return INDEX.fullmatch(str(part)) is not None


def value_at(tree: Any, path: KeyPath) -> Any:
    """What nested tables have at ``path``, see `placed`; MISSING where they have nothing."""
    if not path:
        return tree
    if isinstance(tree, list):
        there = is_index(path[0]) and int(path[0]) < len(tree)
        return value_at(tree[int(path[0])], path[1:]) if there else MISSING
    if isinstance(tree, Mapping):
        for length in range(len(path), 0, -1):
            name = ".".join(map(str, path[:length]))
            if name in tree:
                return value_at(tree[name], path[length:])
    return MISSING


def short_names(keys: Iterable[str]) -> dict[str, str]:
    """The last part of each dotted key where no other key ends like it, the whole key with _ otherwise."""
    last = {key: key.replace("[", ".").replace("]", "").rpartition(".")[2] for key in keys}
    ends = list(last.values())
    return {key: name if ends.count(name) == 1 and not name.isdigit() else long_name(key) for key, name in last.items()}


def long_name(key: str) -> str:
    """``bath[0].temperature`` -> bath_0_temperature."""
    return key.replace("[", "_").replace("]", "").replace(".", "_")


def placed(tree: Any, path: KeyPath, value: Any, key: str) -> Any:
    """A copy of nested tables with ``value`` at ``path``; ``key`` is what the file calls it. Raises InvalidInput.

    A name with points in it, as in [drive], is found as a whole.
    """
    if not path:
        return value
    if isinstance(tree, list):
        if not is_index(path[0]) or int(path[0]) >= len(tree):
            allowed = (
                f"a number from 0 to {len(tree) - 1}, of the entries that the file has"
                if tree
                else "an entry; the list is empty"
            )
            raise InvalidInput([Problem(key=f"sweep.{key}", value=path[0], allowed=allowed)])
        place = int(path[0])
        return [*tree[:place], placed(tree[place], path[1:], value, key), *tree[place + 1 :]]
    if not isinstance(tree, Mapping):
        allowed = "a table or a list, which the file does not have there"
        raise InvalidInput([Problem(key=f"sweep.{key}", value=_short(tree), allowed=allowed)])
    for length in range(len(path), 0, -1):
        name = ".".join(map(str, path[:length]))
        if name in tree:
            return {**tree, name: placed(tree[name], path[length:], value, key)}
    if key.startswith("drive.") and len(path) < len(parts(key)):
        return {**tree, ".".join(map(str, path)): value}
    name = str(path[0])
    return {**tree, name: placed({}, path[1:], value, key)}


def _spelled(key: str) -> str:
    """As problems name it: ``bath.1.levels`` -> ``bath[1].levels``."""
    return re.sub(r"^bath\.(\d+)", r"bath[\1]", key)


def _quoted(key: str, value: Any) -> str:
    """``"spectral_density.alpha" = ...`` for a key that was written without quotes."""
    while isinstance(value, dict) and len(value) == 1:
        inner, value = next(iter(value.items()))
        key = f"{key}.{inner}"
    return f'"{key}" = ...'


def _short(value: Any) -> Any:
    text = repr(value)
    return value if len(text) <= 60 else text[:57] + "..."
