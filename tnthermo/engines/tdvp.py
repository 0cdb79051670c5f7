"""TDVP engines: the settings of `tnthermo.algorithms` turned into sweeps, and the rules by which boson levels grow.

One symmetric sweep is second order in the step; the error a step may add (``tolerance``) is shared among the active bonds.
"""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import NO_CAP, TDVP, TDVP1, TDVP2
from tnthermo.engine_protocol import StepReport
from tnthermo.engines.measure import LineEngine
from tnthermo.engines.substeps import substeps
from tnthermo.kernels.arrays import Limits
from tnthermo.kernels.sweep import CAPPED, DISCARDED, KRYLOV, MISSED, REPORT, WORK, shift, sweep
from tnthermo.kernels.two_site import two_site_sweep
from tnthermo.model.line import distances
from tnthermo.model.model import Model
from tnthermo.network.automaton import Automaton
from tnthermo.network.blocks import BlockState, more_levels
from tnthermo.network.state import State, Tensor
from tnthermo.types import Snapshot

# Of the weight that bonds at the cap lose in a step: what the highest levels hold below that is noise, and levels for it would only be
# filled with more of it. (Three times slower and no more accurate without, at strong coupling and high temperature.)
LEVEL_NOISE = 0.1
FULL = 1 - 1e-9  # of a step: less is a part of one
LOOKS = 8  # bonds at the cap are asked every so many sweeps what they miss
SHORTEST = 2**-6  # of the first step, its shortest piece: from a product state bonds open one order of H at a time


def part_of_step(dt: float, step: float) -> float:
    """The part of the tolerance that ``dt`` may add, at most 1: steps that are cut, for a drive say, add no more than a whole one."""
    part = abs(dt) / step
    return part if part < FULL else 1.0


def first_pieces(ratio: int) -> list[float]:
    """Fractions of the first step, the shortest first: after each of them ``ratio`` times as much is done as before.

    The rougher companion takes 4 where the run takes 2: with 2, its first step of twice the length would be the run's first two, piece
    by piece, and their error would be the same.
    """
    done = [SHORTEST]
    while done[-1] < 1:
        done.append(min(1.0, ratio * done[-1]))
    return [done[0], *(late - early for early, late in itertools.pairwise(done))]


class TDVPEngine(LineEngine):
    """Propagates a `BlockState` by one of the TDVP algorithms; a driven H is taken at the middle of every sweep.

    state      for TDVP1 a `filled` one
    rougher    for the companion that judges a run: its first step is cut into fewer pieces
    imaginary  exp(-dt H) instead of exp(-i dt H), the norm kept at 1 after every sweep; ``log_norm`` adds up what it was
    """

    def __init__(
        self,
        algorithm: TDVP | TDVP1 | TDVP2,
        state: State,
        machine: Automaton,
        model: Model,
        *,
        may_grow: bool,
        rougher: bool = False,
        imaginary: bool = False,
    ) -> None:
        self.algorithm = algorithm
        self.model = model
        self.may_grow = may_grow
        self.rougher = rougher
        self.imaginary = imaginary
        self.log_norm = 0.0
        self.sweeps = 0
        self.missed = 0.0
        self.time = state.time
        self.blocks = BlockState(state, machine, model, self.time)
        self.started = state.time > 0
        self.caps = algorithm.caps(distances(model.line))

    def snapshot(self) -> Snapshot:
        """What `restore` needs, as plain arrays and numbers."""
        own = ("time", "started", "sweeps", "missed", "log_norm")
        return {**self.blocks.snapshot(), **{name: getattr(self, name) for name in own}}

    def restore(self, saved: Snapshot) -> None:
        """Be as when the snapshot was taken; the engine was made from its tensors."""
        self.blocks.restore(saved)
        for name in ("time", "started", "sweeps", "missed", "log_norm"):
            setattr(self, name, saved[name])

    def step(self, dt: float, end: float | None = None) -> StepReport:
        """Advance by ``dt``, to the time ``end`` where that is known to the bit; levels grow afterwards where the highest ones filled."""
        pieces = [dt * f for f in substeps(self.algorithm.order)]
        if not self.started:
            pieces = [r * piece for r in first_pieces(4 if self.rougher else 2) for piece in pieces]
            self.started = True
        report = np.zeros(REPORT)
        part = 1.0 if self.imaginary else part_of_step(dt, self.algorithm.step)
        share = self.algorithm.tolerance * part / len(pieces)
        b = self.blocks
        top = np.zeros(b.places.size)
        end = self.time + dt if end is None else end
        for piece in pieces:
            if not self.imaginary:
                b.set_time(self.time + 0.5 * piece)
                self.time += piece
            self._sweep(piece, share, report)
            if self.imaginary:
                self._normalise()
            top = b.top[b.places]
            if self.may_grow:
                self._grow(top)
        if not self.imaginary:
            self.time = end
            b.set_time(end)
        return StepReport(
            discarded=report[DISCARDED],
            krylov=report[KRYLOV],
            missed=report[MISSED],
            capped=report[CAPPED],
            work=report[WORK],
            top=top,
        )

    def network(self) -> BlockState:
        """The state with its blocks, centre at the system."""
        return self.blocks

    def _sweep(self, dt: float, tolerance: float, report: npt.NDArray[np.float64]) -> None:
        b = self.blocks
        n = len(b.tensors)
        z = complex(-dt) if self.imaginary else -1j * dt
        cap = self.algorithm.max_bond or NO_CAP
        if isinstance(self.algorithm, TDVP2):
            shift(b.net, b.system, 0)
            two_site_sweep(b.net, z, tolerance, tolerance**2 / (2 * n), cap, b.top, report)
            shift(b.net, 0, b.system)
            b.first, b.active = 0, n
            return
        adaptive = self.algorithm.adaptive
        if not adaptive:
            b.first, b.active = 0, n
        active = b.active - b.first
        limits = Limits(
            krylov=float(tolerance),
            threshold=float(tolerance / np.sqrt(active) / abs(dt)),
            cutoff=float(tolerance**2 / active) if adaptive else -1.0,
            caps=self.caps,
            adaptive=adaptive,
            look=self.sweeps % LOOKS == 0,
        )
        self.sweeps += 1
        over = None if b.model.neighbours_only else True
        left = True if b.system > 0 else None
        b.first, b.active = sweep(b.net, b.system, b.first, b.active, z, limits, b.top, report, over, left)
        if limits.look:
            self.missed = float(report[MISSED])

    def _normalise(self) -> None:
        center = self.blocks.tensors[self.blocks.system]
        norm = float(np.linalg.norm(center))
        self.log_norm += float(np.log(norm))
        self.blocks.tensors[self.blocks.system] = center / norm

    def _grow(self, top: npt.NDArray[np.float64]) -> None:
        limit = max(self.algorithm.level_weight, LEVEL_NOISE * self.missed**2)
        if not np.any(top > limit):
            return
        levels = self.blocks.levels
        wanted = more_levels(levels, top, limit)
        for n in np.nonzero(wanted > levels)[0]:
            self.blocks.grow_levels(int(self.blocks.places[n]), int(wanted[n]))


def filled(state: State, bond: int, *, may_grow: bool = False) -> State:
    """The product state ``state`` with every bond widened to ``bond``, the spare directions being the states that H reaches first.

    At each bond these are the occupation strings of the sites beyond it in the order of the number of hops it takes to make them,
    sum_m n_m (m + 1) with m the distance from the bond: the system's neighbours are filled first.

    may_grow  the outermost sites get the levels that so wide a bond needs: bonds are filled but once, and those that grow later do not
              widen them
    """
    system = state.system
    levels = [t.shape[1] for t in state.tensors]
    if may_grow:
        for end in {0, len(levels) - 1} - {system}:
            levels[end] = max(levels[end], bond)
    right = _arm(levels[system + 1 :], bond)
    left = [np.ascontiguousarray(t.transpose(2, 1, 0)) for t in reversed(_arm(levels[:system][::-1], bond))]
    widths = (left[-1].shape[2] if left else 1, right[0].shape[0] if right else 1)
    center = np.zeros((widths[0], levels[system], widths[1]), dtype=np.complex128)
    center[0, :, 0] = state.tensors[system][0, :, 0]
    return replace(state, tensors=(*left, center, *right))


def _arm(levels: list[int], bond: int) -> list[Tensor]:
    """Right-orthonormal tensors of the sites with ``levels``, from the system outward; state 0 of every bond is the vacuum."""
    tensors: list[Tensor] = []
    # (hops, bosons) of each basis state of the bond on the right; first the vacuum
    right: list[tuple[int, int]] = [(0, 0)]
    for d in reversed(levels):
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
    return tensors[::-1]
