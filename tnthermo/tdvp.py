"""TDVP engines: the settings of `tnthermo.algorithms` turned into sweeps, and the rules by which boson levels grow.

One symmetric sweep is second order in the step; the error a step may add (``tolerance``) is shared among the active bonds.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import TDVP, TDVP1, TDVP2
from tnthermo.blocks import BlockState, more_levels
from tnthermo.kernels.sweep import sweep
from tnthermo.kernels.two_site import two_site_sweep
from tnthermo.network import Automaton
from tnthermo.state import State, Tensor

NO_CAP = 1 << 30
SUZUKI = 1 / (4 - 4 ** (1 / 3))
RAMP = 6  # the first step is cut into 2^-6, 2^-6, 2^-5 ... 2^-1 of itself: from a product state bonds open one order of H at a time


def is_compiled() -> bool:
    """Whether an earlier run left the compiled sweep in the cache (of any version of its file)."""
    return any(Path(str(sweep.stats.cache_path)).glob("sweep.sweep-*.nbc"))


def substeps(order: int) -> tuple[float, ...]:
    """Fractions of a step whose second-order steps compose to ``order`` 2 or 4 (M. Suzuki, Phys. Lett. A 146, 319 (1990))."""
    return (1.0,) if order == 2 else (SUZUKI, SUZUKI, 1 - 4 * SUZUKI, SUZUKI, SUZUKI)


@dataclass(frozen=True, kw_only=True)
class StepReport:
    """What one step did to the state.

    discarded  sum of squared singular values dropped
    krylov     bound on the sum of the local Krylov errors
    missed     norm that H moved out of reach because of the bond cap, times the step
    capped     weight dropped because of the bond cap alone
    top        (N,) population of the highest levels
    """

    discarded: float
    krylov: float
    missed: float
    capped: float
    top: npt.NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))


class TDVPEngine:
    """Propagates a `BlockState` by one of the TDVP algorithms."""

    def __init__(self, algorithm: TDVP | TDVP1 | TDVP2, state: State, machine: Automaton, *, may_grow: bool) -> None:
        self.algorithm = algorithm
        self.may_grow = may_grow
        if isinstance(algorithm, TDVP1):
            state = filled(state, algorithm.bond)
        self.blocks = BlockState(state, machine)
        self.started = state.time > 0

    def step(self, dt: float) -> StepReport:
        """Advance by ``dt``; levels grow afterwards where the highest ones filled."""
        pieces = [dt * f for f in substeps(self.algorithm.order)]
        if not self.started:
            ramp = [2.0**-RAMP, *[2.0**-k for k in range(RAMP, 0, -1)]]
            pieces = [r * piece for r in ramp for piece in pieces]
            self.started = True
        report = np.zeros(4)
        share = self.algorithm.tolerance / len(pieces)
        top = np.zeros(len(self.blocks.tensors) - 1)
        for piece in pieces:
            self._sweep(piece, share, report)
            top = self.blocks.top[1:].copy()
            if self.may_grow:
                self._grow(top)
        return StepReport(discarded=report[0], krylov=report[1], missed=report[2], capped=report[3], top=top)

    def network(self) -> BlockState:
        """The state with its blocks, centre at site 0."""
        return self.blocks

    def _sweep(self, dt: float, tolerance: float, report: npt.NDArray[np.float64]) -> None:
        b = self.blocks
        cap = self.algorithm.max_bond or NO_CAP
        if isinstance(self.algorithm, TDVP2):
            n = len(b.tensors)
            two_site_sweep(
                b.tensors,
                b.lefts,
                b.rights,
                b.tables,
                b.values,
                b.widths,
                -1j * dt,
                tolerance,
                tolerance**2 / (2 * n),
                cap,
                b.top,
                report,
            )
            b.active = n
            return
        adaptive = isinstance(self.algorithm, TDVP)
        active = b.active if adaptive else len(b.tensors)
        threshold = tolerance / np.sqrt(active) / abs(dt)
        cutoff = tolerance**2 / active if adaptive else -1.0
        b.active = sweep(
            b.tensors, b.lefts, b.rights, b.tables, b.values, b.passes, b.pass_values, b.widths, active, -1j * dt, tolerance, threshold,
            cutoff, cap, adaptive, b.top, report,
        )  # fmt: skip

    def _grow(self, top: npt.NDArray[np.float64]) -> None:
        levels = self.blocks.levels
        wanted = more_levels(levels, top, self.algorithm.level_weight)
        for n in np.nonzero(wanted > levels)[0]:
            self.blocks.grow_levels(int(n) + 1, int(wanted[n]))


def filled(state: State, bond: int) -> State:
    """The product state ``state`` with every bond widened to ``bond``, the spare directions being the states that H reaches first.

    At each bond these are the occupation strings of the sites to its right in the order of the number of hops it takes to make them,
    sum_m n_m (m + 1) with m the distance from the bond: the system's neighbour is filled first.
    """
    levels = [t.shape[1] for t in state.tensors]
    # (hops, bosons) of each basis state of the bond on the right; first the vacuum
    right: list[tuple[int, int]] = [(0, 0)]
    tensors: list[Tensor] = []
    for d in reversed(levels[1:]):
        strings = [
            (hops + bosons + s, bosons + s, s, k)
            for s, (k, (hops, bosons)) in itertools.product(range(d), enumerate(right))
        ]
        chosen = sorted(strings)[:bond]
        tensor = np.zeros((len(chosen), d, len(right)), dtype=np.complex128)
        for row, (_, _, s, k) in enumerate(chosen):
            tensor[row, s, k] = 1
        tensors.append(tensor)
        right = [(hops, bosons) for hops, bosons, _, _ in chosen]
    system = np.zeros((1, levels[0], len(right)), dtype=np.complex128)
    system[:, :, 0] = state.tensors[0][:, :, 0]
    return State(
        tensors=(system, *reversed(tensors)), time=state.time, dimension=state.dimension, ancilla=state.ancilla
    )
