"""Flags as the attribute of a dataset: the one place where they become a text, and the one where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NONE = "none"
BETWEEN = "; "
CAPPED = "bond cap"  # how the flag of a cap that was reached begins,
COVERED = "the error columns hold what it costs"  # and what it says where a run with another cap follows


def one_flag(text: str) -> str:
    """A text that can be told from the flags beside it."""
    return text.replace(BETWEEN, ", ")


NOT_MEASURED = (
    "the bath's entropy was not measured"  # how the flag of what cannot be had begins, which is no fault of the numbers
)


def covered(text: str, *, asked: bool = False) -> bool:
    """Whether a flag is of a cap that the error columns hold, or of what could not be measured; ``asked``: of a run with a target, which
    judges every cap.
    """
    if text.startswith(NOT_MEASURED):
        return True
    return text.startswith(CAPPED) and (asked or COVERED in text)


def flags_text(flags: Iterable[str]) -> str:
    """The attribute "flags" (or "doubts") of a dataset."""
    return BETWEEN.join(flags) or NONE


def flags_of(attributes: Mapping[Any, Any]) -> tuple[str, ...]:
    """The flags of a dataset with these attributes; () where there are none."""
    text = str(attributes.get("flags", NONE))
    return () if text in ("", NONE) else tuple(text.split(BETWEEN))
