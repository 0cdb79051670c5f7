"""Two columns of numbers from a text file, each problem with its line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from chains.checks import instance_problems, plain_number
from chains.problems import InvalidInput, Problem, raise_if_any
from chains.text_file import MIB, NotText, decoded, regular_bytes

LARGEST = 64 * MIB
"""bytes of a table that is read: more than a million rows."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """What :func:`read_columns` found: the two columns, and the line of the file that each row stands on."""

    first: list[float]
    second: list[float]
    lines: list[int]

    def where(self, row: int) -> str:
        """Return how a row is called in the key of a problem."""
        return f" on line {self.lines[row]}"


def read_columns(
    path: str | Path, *, names: str, fewest: int, problems_of: Callable[[Columns], list[Problem]]
) -> Columns:
    """Return two columns of a text file, apart by spaces, tabs or commas.

    Lines from '#' on are comments, empty lines are skipped, one line of column names may come first. A regular file in UTF-8
    of at most 64 MiB.

    names        of the columns, for messages
    fewest       rows that are wanted, for messages
    problems_of  what is wrong with the numbers; its problems get the file's name in front

    Raises InvalidInput, naming the line of every problem, also for a file that cannot be read.
    """
    raise_if_any(instance_problems("file", path, str | Path, "the name of a text file"))
    place = Path(path)
    allowed = f"a readable text file: a regular one in UTF-8, of at most {LARGEST // MIB} MiB"
    try:
        text = decoded(regular_bytes(place, largest=LARGEST))
    except NotText as error:
        problem = Problem(key="file", value=str(place.absolute()), allowed=allowed, hint=f"{error}: save it as UTF-8")
        raise InvalidInput([problem]) from error
    except (OSError, ValueError) as error:  # a name with a zero byte is a ValueError
        problem = Problem(key="file", value=str(place.absolute()), allowed=allowed, hint=str(error))
        raise InvalidInput([problem]) from error
    found, problems = _read(text, names, fewest)
    if not problems:
        problems = problems_of(found)
    raise_if_any([replace(problem, key=f"{place.name}: {problem.key}") for problem in problems])
    return found


def _read(text: str, names: str, fewest: int) -> tuple[Columns, list[Problem]]:
    """Return the rows and what could not be read."""
    found = Columns(first=[], second=[], lines=[])
    problems: list[Problem] = []
    header_possible = True
    for number, line in enumerate(text.splitlines(), start=1):
        entries = line.split("#")[0].replace(",", " ").split()
        if not entries:
            continue
        numbers = [plain_number(entry) for entry in entries]
        if header_possible and all(n is None and _is_name(entry) for n, entry in zip(numbers, entries, strict=True)):
            header_possible = False
            continue
        header_possible = False
        first, second = numbers if len(numbers) == 2 else (None, None)
        if first is None or second is None:
            hint = "decimal points, no units; columns apart by spaces, tabs or commas"
            allowed = f"two numbers: {names}"
            problems.append(Problem(key=f"line {number}", value=line.strip(), allowed=allowed, hint=hint))
            continue
        found.first.append(first)
        found.second.append(second)
        found.lines.append(number)
    if not found.lines and not problems:
        problems.append(Problem(key="file", value="no rows", allowed=f"at least {fewest} rows: {names}"))
    return found, problems


def _is_name(entry: str) -> bool:
    """Whether it may be the name of a column: a row whose numbers cannot be read is no heading."""
    return entry[0] not in "+-." and not entry[0].isnumeric()
