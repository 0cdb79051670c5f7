"""What a user's input got wrong: every problem at once, each with key, value, what is allowed, and a hint."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

FEW = 3  # problems of one kind that are written out
LONGEST = 400  # characters of a value that are written out
_NUMBER = re.compile(r"[-+]?\d[\d.]*(e[-+]?\d+)?")


@dataclass(frozen=True, kw_only=True)
class Problem:
    """One thing that is wrong with an input.

    key      dotted path of the offending entry, e.g. ``"spectral_density.alpha"`` or ``"alpha"``
    value    the value found, as the user would recognise it
    allowed  what would have been accepted, in words
    hint     what to do about it (may be empty)
    """

    key: str
    value: object
    allowed: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.key} = {_shown(self.value)}: {self.allowed}"
        return f"{text} ({self.hint})" if self.hint else text

    @property
    def kind(self) -> tuple[str, str]:
        """Key and words without their numbers: the same for two entries of a list that break the same rule."""
        return _NUMBER.sub("#", self.key), _NUMBER.sub("#", self.allowed)


class Missing:
    """The value of an entry that is not there; prints as "(missing)"."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING = Missing()


class InvalidInput(ValueError):
    """Raised before anything is computed; ``problems`` holds every :class:`Problem` found, the message the first few of each kind."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(lines(self.problems)))


def lines(problems: Sequence[Problem], *, few: int = FEW) -> list[str]:
    """Return ``problems`` as one line each, in their order: the first ``few`` of a kind, then how many more of it there are."""
    count: dict[tuple[str, str], int] = {}
    for problem in problems:
        count[problem.kind] = count.get(problem.kind, 0) + 1
    seen: dict[tuple[str, str], int] = {}
    found = []
    for problem in problems:
        kind = problem.kind
        seen[kind] = seen.get(kind, 0) + 1
        if seen[kind] <= few or count[kind] == few + 1:  # a line that says "1 more" could as well say which
            found.append(str(problem))
        elif seen[kind] == few + 1:
            found.append(f"{problem.key} ...: and {count[kind] - few} more of this kind")
    return found


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise :class:`InvalidInput` holding all of ``problems`` unless there are none."""
    if problems:
        raise InvalidInput(problems)


def _shown(value: object) -> str:
    """Return the value as Python writes it, the middle of a long one left out; a value may be anything, so this never raises."""
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > 4000:
        return f"an integer of about {math.floor(value.bit_length() * math.log10(2)) + 1} digits"  # Python refuses to write it
    try:
        text = repr(value)
    except Exception as error:  # of an object of the user's own, or a list with an integer as above in it
        return f"{type(value).__name__}, which cannot be written ({type(error).__name__})"
    if len(text) <= LONGEST:
        return text
    return f"{text[: LONGEST // 2]} ... {text[-LONGEST // 4 :]} ({len(text)} characters)"
