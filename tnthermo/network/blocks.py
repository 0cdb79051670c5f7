"""A matrix product state together with its blocks of H: what the sweeps work on and what measurements read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from tnthermo.kernels.apply import grow_left, grow_right
from tnthermo.kernels.arrays import Network, array_list
from tnthermo.kernels.measure import reduced_moment, shapes
from tnthermo.kernels.sweep import absorb_right, split_left
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.network.automaton import Automaton
from tnthermo.network.state import State
from tnthermo.types import Snapshot

LOWEST_LEVELS = 4  # boson levels an "auto" site starts with


class BlockState:
    """Mutable tensors, blocks and operator tables of the line at one time; the system is the orthogonality centre between steps.

    system, places   where the system and the chain sites stand on the line
    tensors, lefts, rights, tables, values, mirrored, mirrored_values, passes, pass_values, widths
                     as in `tnthermo.kernels.arrays.Network`
    first, active    as `tnthermo.kernels.sweep.sweep` takes them
    """

    def __init__(self, state: State, machine: Automaton, model: Model, time: float = 0.0) -> None:
        self.machine = machine
        self.model = model
        self.system = model.line.system
        self.places = model.line.places
        self.widths = machine.widths
        self.dimension, self.ancilla = state.dimension, state.ancilla
        self.tensors: Any = array_list([np.ascontiguousarray(t) for t in state.tensors])
        n = len(self.tensors)
        self.sites = [machine.table(i, self.tensors[i].shape[1]) for i in range(n)]
        passes = [machine.pass_on(i) for i in range(n + 1)]
        self.tables: Any = array_list([site.table for site in self.sites])
        self.values: Any = array_list([site.values for site in self.sites])
        self.mirrored: Any = array_list([site.mirrored for site in self.sites])
        self.mirrored_values: Any = array_list([site.values[site.permutation] for site in self.sites])
        self.passes: Any = array_list([table for table, _ in passes])
        self.pass_values: Any = array_list([values for _, values in passes])
        self.set_time(time)
        edge = np.ones((1, 1, 1), dtype=np.complex128)
        self.lefts: Any = array_list([edge for _ in range(n + 1)])
        self.rights: Any = array_list([edge for _ in range(n + 1)])
        for i in range(n - 1, self.system, -1):
            self.rights[i] = grow_right(
                self.rights[i + 1], self.tables[i], self.values[i], self.tensors[i], self.widths[i]
            )
        for i in range(self.system):
            self.lefts[i + 1] = grow_left(
                self.lefts[i], self.tables[i], self.values[i], self.tensors[i], self.widths[i + 1]
            )
        self.top = np.zeros(n)
        # an untouched site has bond 1 on either side and is in its lowest level
        touched = [i for i, t in enumerate(self.tensors) if max(t.shape[::2]) > 1 or abs(t[0, 0, 0]) < 1 - 1e-15]
        self.first = min([self.system, *touched])
        self.active = max([self.system, *touched]) + 1

    @property
    def net(self) -> Network:
        """All lists together, as the kernels take them."""
        return Network(
            self.tensors, self.lefts, self.rights, self.tables, self.values, self.mirrored, self.mirrored_values, self.passes,
            self.pass_values, self.widths,
        )  # fmt: skip

    def set_time(self, time: float) -> None:
        """Let the operators be those of ``time``; only the system's change, no block does."""
        site = self.sites[self.system]
        if site.driven:
            factors = np.array([float(factor.value(time)) for factor in self.model.factors])
            values = site.values_at(factors)
            self.values[self.system] = values
            self.mirrored_values[self.system] = values[site.permutation]

    @property
    def levels(self) -> npt.NDArray[np.int64]:
        """Boson levels in use on the chain sites (N,)."""
        return np.asarray(shapes(self.tensors)[self.places, 1])

    @property
    def bonds(self) -> npt.NDArray[np.int64]:
        """Dimension of the bond of each chain site (N,) on the side of the system."""
        inner = np.where(self.places < self.system, 2, 0)
        return np.asarray(shapes(self.tensors)[self.places, inner])

    def grow_levels(self, place: int, levels: int) -> None:
        """Give the boson site at ``place`` more levels; the new ones are empty, so that no block changes."""
        old = self.tensors[place]
        wider = np.zeros((old.shape[0], levels, old.shape[2]), dtype=np.complex128)
        wider[:, : old.shape[1]] = old
        self.tensors[place] = wider
        site = self.sites[place] = self.machine.table(place, levels)
        self.tables[place], self.values[place] = site.table, site.values
        self.mirrored[place], self.mirrored_values[place] = site.mirrored, site.values[site.permutation]

    def snapshot(self) -> Snapshot:
        """All that a restored copy needs to be swept on to the same bits; arrays are not copied.

        The blocks are saved and not made anew: levels may have grown since they were made, and a sum over more numbers, be the new ones
        zero, is rounded otherwise. Blocks that the next sweep makes before it reads them are left out.
        """
        n = len(self.tensors)
        return {
            "tensors": list(self.tensors),
            "lefts": [self.lefts[i] for i in range(self.system + 1)],
            "rights": [self.rights[i] for i in range(self.system + 1, n + 1)],
            "top": self.top,
            "first": self.first,
            "active": self.active,
            "dimension": self.dimension,
            "ancilla": self.ancilla,
        }

    def restore(self, saved: Snapshot) -> None:
        """Be as when `snapshot` was taken; made from the saved tensors (see `saved_state`)."""
        n = len(self.tensors)
        for i, block in enumerate(saved["lefts"]):
            self.lefts[i] = block
        for i, block in zip(range(self.system + 1, n + 1), saved["rights"], strict=True):
            self.rights[i] = block
        self.top = saved["top"]
        self.first, self.active = saved["first"], saved["active"]

    def state(self, time: float) -> State:
        """A frozen copy."""
        tensors = tuple(np.array(t) for t in self.tensors)
        return State(tensors=tensors, time=time, dimension=self.dimension, ancilla=self.ancilla, system=self.system)


def saved_state(saved: Snapshot, model: Model, time: float) -> State:
    """The state in a snapshot that has "tensors", "dimension" and "ancilla"."""
    return State(
        tensors=tuple(saved["tensors"]),
        time=time,
        dimension=saved["dimension"],
        ancilla=saved["ancilla"],
        system=model.line.system,
    )


def site_moment(blocks: BlockState, place: int, operator: Matrix) -> Matrix:
    """(D, D) matrix Tr_rest[O rho] on the system site (with its ancilla) of an operator O (d, d) on the boson site at ``place``."""
    return np.asarray(reduced_moment(blocks.tensors, blocks.system, place, operator))


def centred_at_origin(blocks: BlockState) -> Any:
    """The tensors with their orthogonality centre at site 0 instead of the system, as a list for kernels (a copy where they differ)."""
    if blocks.system == 0:
        return blocks.tensors
    tensors = array_list(list(blocks.tensors))
    for i in range(blocks.system, 0, -1):
        matrix, q, _, _ = split_left(tensors[i], -1.0, 0)
        tensors[i] = q
        tensors[i - 1] = absorb_right(tensors[i - 1], matrix)
    return tensors


def more_levels(levels: npt.NDArray[np.int64], top: npt.NDArray[np.float64], limit: float) -> npt.NDArray[np.int64]:
    """The rule for boson levels: where the highest two hold more than ``limit``, a quarter more of them, at least two."""
    return np.where(top > limit, levels + np.maximum(2, levels // 4), levels)


class Levels(NamedTuple):
    """Boson levels of each chain site (N,) at the start, and whether they may grow."""

    start: tuple[int, ...]
    may_grow: bool

    def rougher(self) -> Levels:
        """Three quarters of them, where they are fixed: at least one less, at least 2."""
        if self.may_grow:
            return self
        return Levels(tuple(max(2, min(d - 1, 3 * d // 4)) for d in self.start), may_grow=False)


def start_levels(levels: str | int | Sequence[int], sites: int) -> Levels:
    """Levels from the user's "auto", integer or list; one entry where there are no sites, for those to come."""
    sites = max(sites, 1)
    if isinstance(levels, str):
        return Levels((LOWEST_LEVELS,) * sites, may_grow=True)
    if isinstance(levels, Sequence | np.ndarray):
        return Levels(tuple(int(d) for d in levels), may_grow=False)
    return Levels((int(levels),) * sites, may_grow=False)
