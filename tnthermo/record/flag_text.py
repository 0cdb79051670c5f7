"""Flags as the attribute of a dataset: the one place where they become a text, and the one where it is read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

NONE = "none"
BETWEEN = "; "


def one_flag(text: str) -> str:
    """A text that can be told from the flags beside it."""
    return text.replace(BETWEEN, ", ")


def flags_text(flags: Iterable[str]) -> str:
    """The attribute "flags" (or "doubts") of a dataset."""
    return BETWEEN.join(flags) or NONE


def flags_of(attributes: Mapping[Any, Any]) -> tuple[str, ...]:
    """The flags of a dataset with these attributes; () where there are none."""
    text = str(attributes.get("flags", NONE))
    return () if text in ("", NONE) else tuple(text.split(BETWEEN))
