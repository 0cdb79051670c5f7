"""A matrix product state together with its blocks of H: what the sweeps work on and what measurements read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.kernels.apply import grow_right
from tnthermo.kernels.arrays import array_list
from tnthermo.network import Automaton
from tnthermo.state import State

LOWEST_LEVELS = 4  # boson levels an "auto" site starts with


class BlockState:
    """Mutable tensors, blocks and operator tables; site 0 is the orthogonality centre between steps.

    tensors, lefts, rights, tables, values, passes, pass_values, widths, active   as `tnthermo.kernels.sweep.sweep` takes them
    """

    def __init__(self, state: State, machine: Automaton) -> None:
        self.machine = machine
        self.widths = machine.widths
        self.dimension, self.ancilla = state.dimension, state.ancilla
        self.tensors: Any = array_list([np.ascontiguousarray(t) for t in state.tensors])
        n = len(self.tensors)
        tables = [machine.table(i, self.tensors[i].shape[1]) for i in range(n)]
        passes = [machine.pass_on(i) for i in range(n + 1)]
        self.tables: Any = array_list([table for table, _ in tables])
        self.values: Any = array_list([values for _, values in tables])
        self.passes: Any = array_list([table for table, _ in passes])
        self.pass_values: Any = array_list([values for _, values in passes])
        edge = np.ones((1, 1, 1), dtype=np.complex128)
        self.lefts: Any = array_list([edge for _ in range(n + 1)])
        self.rights: Any = array_list([edge for _ in range(n + 1)])
        for i in range(n - 1, 0, -1):
            self.rights[i] = grow_right(
                self.rights[i + 1], self.tables[i], self.values[i], self.tensors[i], self.widths[i]
            )
        self.top = np.zeros(n)
        # the right end of what differs from the vacuum: an untouched site has bond 1 on its left and is in its lowest level
        touched = [i for i, t in enumerate(self.tensors) if t.shape[0] > 1 or abs(t[0, 0]).max() < 1 - 1e-15]
        self.active = max([1, *[i + 1 for i in touched]])

    @property
    def levels(self) -> npt.NDArray[np.int64]:
        """Boson levels in use on the chain sites (N,)."""
        return np.array([t.shape[1] for t in self.tensors][1:], dtype=np.int64)

    @property
    def bonds(self) -> npt.NDArray[np.int64]:
        """Bond dimension left of each chain site (N,)."""
        return np.array([t.shape[0] for t in self.tensors][1:], dtype=np.int64)

    def grow_levels(self, site: int, levels: int) -> None:
        """Give tensor ``site`` more boson levels; the new ones are empty, so that no block changes."""
        old = self.tensors[site]
        wider = np.zeros((old.shape[0], levels, old.shape[2]), dtype=np.complex128)
        wider[:, : old.shape[1]] = old
        self.tensors[site] = wider
        self.tables[site], self.values[site] = self.machine.table(site, levels)

    def state(self, time: float) -> State:
        """A frozen copy."""
        tensors = tuple(np.array(t) for t in self.tensors)
        return State(tensors=tensors, time=time, dimension=self.dimension, ancilla=self.ancilla)


def more_levels(levels: npt.NDArray[np.int64], top: npt.NDArray[np.float64], limit: float) -> npt.NDArray[np.int64]:
    """The rule for boson levels: where the highest two hold more than ``limit``, a quarter more of them, at least two."""
    return np.where(top > limit, levels + np.maximum(2, levels // 4), levels)


def start_levels(levels: str | int | Sequence[int], sites: int) -> tuple[tuple[int, ...], bool]:
    """(levels of each chain site, whether they may grow) from the user's "auto", integer or list."""
    if isinstance(levels, str):
        return (LOWEST_LEVELS,) * sites, True
    if isinstance(levels, int):
        return (levels,) * sites, False
    return tuple(int(d) for d in levels), False
