"""TEBD through quimb: Trotter gates on nearest neighbours, the independent check on TDVP.

Each second-order step is gates of dt/2 on even bonds, dt on odd bonds, dt/2 on even bonds, applied one by one with
`MatrixProductState.gate_split_`, so that a measurement never meets half-merged sweeps and the discarded weight is known:
nothing is renormalised, the loss of norm is the weight dropped.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.algorithms import TEBD
from tnthermo.engine_protocol import StepReport
from tnthermo.engines.measure import LineEngine
from tnthermo.engines.substeps import substeps
from tnthermo.engines.tdvp import part_of_step
from tnthermo.model.model import Model
from tnthermo.network.automaton import Automaton
from tnthermo.network.blocks import BlockState, more_levels, site_moment
from tnthermo.network.quimb_door import mps_tensors, to_quimb_hamiltonian, to_quimb_mps
from tnthermo.network.state import State
from tnthermo.types import Snapshot


class TEBDEngine(LineEngine):
    """Propagates a quimb MatrixProductState by Trotter gates; a ``rougher`` companion differs by its settings alone."""

    def __init__(
        self, algorithm: TEBD, state: State, machine: Automaton, model: Model, *, may_grow: bool, rougher: bool = False
    ) -> None:
        self.algorithm = algorithm
        self.machine = machine
        self.model = model
        self.may_grow = may_grow
        self.start = state
        self.time = state.time
        self.psi: Any = to_quimb_mps(state.tensors)
        self._set_gates(self.time)

    def _set_gates(self, time: float) -> None:
        factors = [float(factor.value(time)) for factor in self.model.factors]
        self.gates = to_quimb_hamiltonian(self.model.terms, self._dimensions(), factors)

    def snapshot(self) -> Snapshot:
        """What `restore` needs: the tensors as they are, no centre moved."""
        tensors = mps_tensors(self.psi)
        return {
            "tensors": list(tensors), "time": self.time, "dimension": self.start.dimension, "ancilla": self.start.ancilla,
        }  # fmt: skip

    def restore(self, saved: Snapshot) -> None:
        """Be as when the snapshot was taken; the engine was made from its tensors."""
        self.time = saved["time"]

    def step(self, dt: float, end: float | None = None) -> StepReport:
        """Advance by ``dt``, to the time ``end`` where that is known to the bit."""
        start = self.psi.copy()
        report = self._step(dt)
        while self.may_grow and self._grow(start, report.top):
            start = self.psi.copy()
            report = self._step(dt)
        self.time = self.time + dt if end is None else end
        # the same arrays in the same order whether the run goes on here or from a snapshot
        self.psi = to_quimb_mps(mps_tensors(self.psi))
        return report

    def _step(self, dt: float) -> StepReport:
        before = self._weight()
        pairs = [(i, i + 1) for i in range(self.psi.L - 1)]
        even, odd = pairs[0::2], pairs[1::2]
        behind = 0.0
        tolerance = self.algorithm.tolerance * part_of_step(dt, self.algorithm.step)
        cutoff = tolerance**2 / (3 * self.psi.L)
        for fraction in substeps(self.algorithm.order):
            if self.model.driven:
                self._set_gates(self.time + (behind + 0.5 * fraction) * dt)
                behind += fraction
            self._layer(even, 0.5 * fraction * dt, cutoff)
            self._layer(odd, fraction * dt, cutoff)
            self._layer(even, 0.5 * fraction * dt, cutoff)
        discarded = before - self._weight()
        blocks = self.network()
        top = np.array([self._top(blocks, place) for place in blocks.places])
        capped = discarded if self._cap_reached() else 0.0
        return StepReport(discarded=discarded, krylov=0.0, missed=0.0, capped=capped, top=top)

    def network(self) -> BlockState:
        """The state with its blocks, centre at the system (a copy)."""
        return self._blocks(self.psi)

    def _blocks(self, psi: Any) -> BlockState:
        old = self.start
        state = State.from_quimb(psi, dimension=old.dimension, ancilla=old.ancilla, system=old.system)
        return BlockState(state, self.machine, self.model, self.time)

    def _weight(self) -> float:
        return float(abs(self.psi.norm()) ** 2)

    def _dimensions(self) -> list[int]:
        return [int(self.psi.phys_dim(i)) for i in range(self.psi.L)]

    def _layer(self, pairs: list[tuple[int, int]], dt: float, cutoff: float) -> None:
        for pair in pairs:
            self.psi.canonicalize_(pair)
            gate = self.gates.get_gate_expm(pair, -1j * dt)
            self.psi.gate_split_(
                gate,
                pair,
                cutoff=cutoff,
                cutoff_mode="sum2",
                max_bond=self.algorithm.max_bond,
                renorm=False,
                absorb="right",
            )

    def _cap_reached(self) -> bool:
        return self.algorithm.max_bond is not None and self.psi.max_bond() >= self.algorithm.max_bond

    @staticmethod
    def _top(blocks: BlockState, place: int) -> float:
        """Population of the higher-filled of the two highest levels of a site."""
        levels = blocks.tensors[place].shape[1]
        operators = [np.diag(np.eye(levels)[s]).astype(np.complex128) for s in (levels - 2, levels - 1)]
        return max(float(np.trace(site_moment(blocks, place, operator)).real) for operator in operators)

    def _grow(self, start: Any, top: npt.NDArray[np.float64]) -> bool:
        """Where the step filled the highest levels: go back to ``start``, with more of them, and say so."""
        places = self.model.line.places
        old = np.array([self.psi.phys_dim(int(place)) for place in places], dtype=np.int64)
        wanted = more_levels(old, top, self.algorithm.level_weight)
        if np.all(wanted == old):
            return False
        blocks = self._blocks(start)
        for n in np.nonzero(wanted > old)[0]:
            blocks.grow_levels(int(places[n]), int(wanted[n]))
        self.psi = to_quimb_mps(list(blocks.tensors))
        self._set_gates(self.time)
        return True
