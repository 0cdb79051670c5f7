"""Columns that grow: what a run measures, kept as arrays from the first row on, so that a checkpoint writes them as they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

FIRST_ROOM = 16


class Columns:
    """Named arrays with one row for each `append`; the shapes and types are those of the first row."""

    def __init__(self, saved: Mapping[str, Any] | None = None) -> None:
        self.room: dict[str, Any] = dict(saved or {})
        self.length = next((len(array) for array in self.room.values()), 0)

    def __len__(self) -> int:
        return self.length

    def append(self, row: Mapping[str, Any]) -> None:
        """Add a row with an entry for each column."""
        if not self.room:
            entries = {name: np.asarray(entry) for name, entry in row.items()}
            self.room = {name: np.empty((FIRST_ROOM, *entry.shape), entry.dtype) for name, entry in entries.items()}
        elif self.length == len(next(iter(self.room.values()))):
            self.room = {name: np.concatenate([array, np.empty_like(array)]) for name, array in self.room.items()}
        for name, array in self.room.items():
            array[self.length] = row[name]
        self.length += 1

    def arrays(self) -> dict[str, Any]:
        """The rows so far (views, good until the next `append`)."""
        return {name: array[: self.length] for name, array in self.room.items()}

    def __getitem__(self, name: str) -> Any:
        return self.room[name][: self.length]

    def get(self, name: str) -> Any:
        """A copy of a column, as a result keeps it; no rows: an empty array."""
        return np.array(self[name]) if self.room else np.zeros(0)

    def keep(self, wanted: Any) -> None:
        """Only the rows where ``wanted`` (n,) is true."""
        self.room = {name: array[: self.length][wanted] for name, array in self.room.items()}
        self.length = int(np.count_nonzero(wanted))
