"""The mutual information of a system and all modes of its bath, where these are few and cold enough to be represented.

The state is pure on S (and its ancilla S'), the bath B and its thermofield partners B': I(S:B) = S_S + S_B - S_S(0) - S_B(0), the evolution
being unitary on S and B.
"""

from __future__ import annotations

import numpy as np

from tnthermo.bath_entropy.block import INSIDE, SYSTEM, Block, Cut, Enclosure, conditional, doubt, entropy, spectrum
from tnthermo.bath_entropy.components import Rows
from tnthermo.bath_entropy.correlation import Correlation
from tnthermo.bath_entropy.frame import Frame
from tnthermo.bath_entropy.sides import Effort, gather
from tnthermo.network.state import State

GATE = 1e-2  # of the weight that a projection may leave out, that one rotation may drop
FEWEST = 32  # states of a bond that rotations may always keep


def effort_of(weight: float, most: int) -> Effort:
    """What may be spent: states kept of B and of B', each, and the weight that one projection may leave out (four for each mode)."""
    return Effort(cut=Cut.even(weight, most), gate=GATE * weight, bond=max(FEWEST, most // 2))


def whole(state: State, frame: Frame, *, initial_entropy: float, effort: Effort) -> Correlation:
    """I(S:B) with the spectrum of the whole bath, of a state of a line whose system is at site 0.

    initial_entropy  S_S at t = 0, from a product of the system with thermal baths (displaced or not)
    """
    cells = tuple(frame.rows(k) for k in range(frame.modes))
    found = gather(state, Rows(cells=cells, theta=frame.theta, read=None, defect=0.0), effort)
    block = found.block
    S_S = entropy(block, [SYSTEM]) if state.ancilla == 1 else _system_entropy(block, state)
    S_B = entropy(block, [INSIDE])
    start = initial_entropy + float(np.sum(frame.entropies))
    lower, upper = S_S.lower + S_B.lower - start, S_S.upper + S_B.upper - start
    return Correlation(
        lower=lower, upper=upper, S_S=S_S.lower, modes=frame.modes, rows=block.rows, cost=upper - lower, work=found.work,
        how=("all modes", "all modes"), S_B=S_B.lower, S_SB=_with_bath(block, state),
    )  # fmt: skip


def _system_entropy(block: Block, state: State) -> Enclosure:
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    known = conditional(spectrum(tensor, [0]))
    missing = max(0.0, 1.0 - block.norm)
    return Enclosure(lower=known, upper=known + doubt(missing) + missing * np.log(state.dimension))


def _with_bath(block: Block, state: State) -> float:
    """S(S B) of a block that holds all modes."""
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    return conditional(spectrum(tensor, [0, 2]))
