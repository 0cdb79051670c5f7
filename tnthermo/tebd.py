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
from tnthermo.blocks import BlockState, more_levels
from tnthermo.network import Automaton, to_quimb_hamiltonian, to_quimb_mps
from tnthermo.state import State
from tnthermo.tdvp import StepReport, substeps
from tnthermo.terms import Term


class TEBDEngine:
    """Propagates a quimb MatrixProductState by Trotter gates."""

    def __init__(
        self, algorithm: TEBD, state: State, machine: Automaton, terms: tuple[Term, ...], *, may_grow: bool
    ) -> None:
        self.algorithm = algorithm
        self.machine = machine
        self.terms = terms
        self.may_grow = may_grow
        self.start = state
        self.psi: Any = to_quimb_mps(state.tensors)
        self.gates = to_quimb_hamiltonian(terms, self._dimensions())

    def step(self, dt: float) -> StepReport:
        """Advance by ``dt``."""
        start = self.psi.copy()
        report = self._step(dt)
        while self.may_grow and self._grow(start, report.top):
            start = self.psi.copy()
            report = self._step(dt)
        return report

    def _step(self, dt: float) -> StepReport:
        before = self._weight()
        pairs = [(i, i + 1) for i in range(self.psi.L - 1)]
        even, odd = pairs[0::2], pairs[1::2]
        for fraction in substeps(self.algorithm.order):
            self._layer(even, 0.5 * fraction * dt)
            self._layer(odd, fraction * dt)
            self._layer(even, 0.5 * fraction * dt)
        discarded = before - self._weight()
        blocks = self.network()
        top = np.array([self._top(blocks, n) for n in range(1, self.psi.L)])
        capped = discarded if self._cap_reached() else 0.0
        return StepReport(discarded=discarded, krylov=0.0, missed=0.0, capped=capped, top=top)

    def network(self) -> BlockState:
        """The state with its blocks, centre at site 0 (a copy)."""
        state = State.from_quimb(self.psi, dimension=self.start.dimension, ancilla=self.start.ancilla)
        return BlockState(state, self.machine)

    def _weight(self) -> float:
        return float(abs(self.psi.norm()) ** 2)

    def _dimensions(self) -> list[int]:
        return [int(self.psi.phys_dim(i)) for i in range(self.psi.L)]

    def _layer(self, pairs: list[tuple[int, int]], dt: float) -> None:
        cutoff = self.algorithm.tolerance**2 / (3 * self.psi.L)
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
    def _top(blocks: BlockState, site: int) -> float:
        """Population of the higher-filled of the two highest levels of a site."""
        block = np.ones((1, 1), dtype=np.complex128)
        for tensor in list(blocks.tensors)[:site]:
            block = np.einsum("ab,asc,bsd->cd", block, tensor, tensor.conj(), optimize=True)
        tensor = blocks.tensors[site]
        populations = np.einsum("ab,asc,bsc->s", block, tensor, tensor.conj(), optimize=True).real
        return float(populations[-2:].max())

    def _grow(self, start: Any, top: npt.NDArray[np.float64]) -> bool:
        """Where the step filled the highest levels: go back to ``start``, with more of them, and say so."""
        old = np.array(self._dimensions()[1:], dtype=np.int64)
        wanted = more_levels(old, top, self.algorithm.level_weight)
        if np.all(wanted == old):
            return False
        blocks = BlockState(
            State.from_quimb(start, dimension=self.start.dimension, ancilla=self.start.ancilla), self.machine
        )
        for n in np.nonzero(wanted > old)[0]:
            blocks.grow_levels(int(n) + 1, int(wanted[n]))
        self.psi = to_quimb_mps(list(blocks.tensors))
        self.gates = to_quimb_hamiltonian(self.terms, self._dimensions())
        return True
