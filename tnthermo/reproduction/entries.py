"""What there is to reproduce: NAME.toml, a configuration of physics, and NAME.published, the numbers with their source, in one folder.

NAME.published is TOML as well::

    title = "what it is, in a few words"
    source = "who published the numbers, and where"
    error_of = "what their own error is: digits printed, a memory cut"
    convention = "how their parameters become ours"

    [[number]]
    what = "rho_00"
    column = "population[0]"    # of the ledger, or "NAME.re", "NAME.im" of a two-time correlation function of the configuration
    at = 2.0                    # time
    factor = 1.0                # ours times this is theirs
    value = 0.21526
    error = 1e-2
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from chains.checks import number_problems, path_problems
from chains.problems import MISSING, InvalidInput, Problem, raise_if_any
from tnthermo.configuration.hints import nearest
from tnthermo.convergence.asked import ColumnName, read_columns
from tnthermo.errors import StorageError

CASES = Path(__file__).parent / "cases"
CONFIG, PUBLISHED = ".toml", ".published"
CORRELATION = re.compile(r"([A-Za-z]\w*)\.(re|im)", re.ASCII)
TEXTS = ("title", "source", "error_of", "convention")
KEYS = ("what", "column", "at", "factor", "value", "error")


@dataclass(frozen=True, kw_only=True)
class Number:
    """A published number.

    what    in the words of whoever published it
    column  of the ledger that is the same, times ``factor``; with a ``part``, "re" or "im", a two-time correlation function
    at      its time, in the units of the configuration
    error   their own
    """

    what: str
    column: ColumnName
    part: str = ""
    at: float
    factor: float
    value: float
    error: float


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A known result.

    config      the configuration, of physics and perhaps a target
    source      who published the numbers, and where
    error_of    what their own error is
    convention  how their parameters become ours
    """

    name: str
    config: Path
    title: str
    source: str
    error_of: str
    convention: str
    numbers: tuple[Number, ...]


def names_in(folder: Path) -> list[str]:
    """Names of the entries of a folder, in order. Raises InvalidInput where there is none."""
    found = sorted(path.stem for path in folder.glob(f"*{PUBLISHED}"))
    if not found:
        allowed = f"a folder with files NAME{CONFIG} and NAME{PUBLISHED}"
        raise InvalidInput([Problem(key="cases", value=str(folder), allowed=allowed)])
    return found


def entries(names: Sequence[str] | None = None, folder: str | Path | None = None, *, key: str = "names") -> list[Entry]:
    """The entries that are asked for, in that order; all for None. Raises InvalidInput, with the nearest, for names that are none.

    folder  another one than that of the package
    key     what the names are called by whoever gave them
    """
    raise_if_any([] if folder is None else path_problems("cases", folder))
    place = CASES if folder is None else Path(folder)
    known = names_in(place)
    if names is None:
        return [read(place, name) for name in known]
    if not isinstance(names, list | tuple) or not names or not all(isinstance(name, str) for name in names):
        allowed = f"a list of names, or none for all: {', '.join(known)}"
        raise InvalidInput([Problem(key=key, value=names, allowed=allowed, hint=f"found {type(names).__name__}")])
    problems = [
        Problem(key=key, value=name, allowed=f"one of {', '.join(known)}", hint=nearest(name, known))
        for name in names
        if name not in known
    ]
    problems += [
        Problem(key=key, value=name, allowed="each name once") for name in set(names) if list(names).count(name) > 1
    ]
    raise_if_any(problems)
    return [read(place, name) for name in names]


def read(folder: Path, name: str) -> Entry:
    """One entry. Raises InvalidInput with all that is wrong with its file of numbers, and `tnthermo.errors.StorageError`."""
    path = folder / f"{name}{PUBLISHED}"
    try:
        found = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise StorageError(error.errno, f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise InvalidInput([Problem(key=path.name, value=str(error), allowed="a TOML file in UTF-8")]) from None
    problems = [
        Problem(key=f"{path.name}: {key}", value=found.get(key, MISSING), allowed="a text")
        for key in TEXTS
        if not (isinstance(found.get(key), str) and found[key].strip())
    ]
    config = folder / f"{name}{CONFIG}"
    if not config.is_file():
        problems.append(Problem(key=path.name, value=MISSING, allowed=f"a configuration {config.name} beside it"))
    rows = found.get("number")
    numbers: list[Number] = []
    if not isinstance(rows, list) or not rows or not all(isinstance(row, dict) for row in rows):
        problems.append(Problem(key=f"{path.name}: number", value=rows or MISSING, allowed="at least one [[number]]"))
    else:
        for i, row in enumerate(rows):
            number, wrong = _number(row, f"{path.name}: number[{i}]")
            problems += wrong
            numbers += [] if number is None else [number]
    raise_if_any(problems)
    texts = {key: " ".join(found[key].split()) for key in TEXTS}
    return Entry(name=name, config=config, numbers=tuple(numbers), **texts)


def _number(row: Mapping[str, Any], key: str) -> tuple[Number | None, list[Problem]]:
    """(number, problems) of one [[number]]."""
    problems = [
        Problem(key=f"{key}.{one}", value=row[one], allowed=f"one of {', '.join(KEYS)}", hint=nearest(one, list(KEYS)))
        for one in row
        if one not in KEYS
    ]
    what, column = row.get("what", MISSING), row.get("column", MISSING)
    if not isinstance(what, str):
        problems.append(Problem(key=f"{key}.what", value=what, allowed="a text"))
    for name in ("value", "at", "factor"):
        problems += number_problems(f"{key}.{name}", row.get(name, 1.0 if name == "factor" else MISSING))
    problems += number_problems(f"{key}.error", row.get("error", MISSING), at_least=0.0)
    match = CORRELATION.fullmatch(column) if isinstance(column, str) else None
    found = [] if match is None else [ColumnName(name=match[1])]
    if match is None:
        found, wrong = read_columns([column] if isinstance(column, str) else column, None, f"{key}.column")
        problems += wrong
    if problems:
        return None, problems
    numbers = {name: float(row.get(name, 1.0)) for name in ("at", "factor", "value", "error")}
    return Number(what=str(what), column=found[0], part="" if match is None else match[2], **numbers), []
