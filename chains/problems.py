"""What a user's input got wrong: every problem at once, each with key, value, what is allowed, and a hint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


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
        text = f"{self.key} = {self.value!r}: {self.allowed}"
        return f"{text} ({self.hint})" if self.hint else text


class Missing:
    """The value of an entry that is not there; prints as "(missing)"."""

    def __repr__(self) -> str:
        return "(missing)"


MISSING = Missing()


class InvalidInput(ValueError):
    """Raised before anything is computed; ``problems`` holds every :class:`Problem` found."""

    def __init__(self, problems: Sequence[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


def raise_if_any(problems: Sequence[Problem]) -> None:
    """Raise :class:`InvalidInput` holding all of ``problems`` unless there are none."""
    if problems:
        raise InvalidInput(problems)
