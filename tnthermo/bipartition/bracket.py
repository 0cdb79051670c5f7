"""The mutual information of a system and its physical bath, enclosed from both sides, or exact.

The whole is pure on S (and its ancilla S'), the bath B and the bath's thermofield partners B'. Hence I(S:B) + I(S:S' B') = 2 S_S, and
mutual information cannot grow under what is done to one side alone. With K some of the modes, Q what is read off the others in B
and Q' off their partners in B',

    I(S:B_K Q)  <=  I(S:B)  <=  2 S_S - I(S:S' B'_K Q').

The evolution acts on S and B, so that S' B' keeps its state, a product: I(S:S' B'_K Q') = S_S + S_S(0) + S_K(0) - S(S S' B'_K | Q'), S_K(0)
the thermal entropy of K. With all modes in K both sides are the value. What is read is one quadrature of a common mode of the
others: the part of the field sum_k g_k x_k on the system that does not average out over the run. It tells the noise that slow, highly
occupied modes are, without representing them. (For dephasing that is all there is to know: the lower bound is S_S + S(B_K) - S_K(0).)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.bipartition.block import (
    INSIDE,
    OUTSIDE,
    SYSTEM,
    Block,
    Enclosure,
    absorb,
    conditional,
    doubt,
    entropy,
    spectrum,
)
from tnthermo.bipartition.frame import Frame
from tnthermo.bipartition.line import Line, collect
from tnthermo.bipartition.measurement import average
from tnthermo.bipartition.squeezing import two_mode_squeezer
from tnthermo.state import State, Tensor

Complex = npt.NDArray[np.complex128]
Real = npt.NDArray[np.float64]

GATE = 1e-2  # of `Effort.weight`, that one rotation may drop
LEAST = 1e-6  # outcomes less likely than that are not looked at, and counted as if they said nothing
MORE_LEVELS = 1.4
HIGHEST = 600  # boson levels of a physical mode


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much may be spent.

    most    states kept of B_K and of B'_K, each: time grows as its cube, memory as its square
    weight  that one projection may leave out (four for each mode)
    """

    most: int = 400
    weight: float = 1e-7


@dataclass(frozen=True, kw_only=True)
class Correlation:
    """I(S:B) of one state, nats.

    lower, upper    rigorous bounds for the state given
    S_S             entropy of the system
    exact           whether all modes are in K: then the bounds differ by what was left out only
    modes           in K
    rows            states kept of the larger side
    left_out        weight left out by projections
    dropped         weight dropped by rotations and outcomes not looked at
    S_B             entropy of the bath, where exact; else NaN
    S_SB            entropy of system and bath together, likewise: measured, though it is S_S(0) + S_B(0)
    """

    lower: float
    upper: float
    S_S: float
    exact: bool
    modes: int
    rows: int
    left_out: float
    dropped: float
    S_B: float = math.nan
    S_SB: float = math.nan

    @property
    def width(self) -> float:
        """upper - lower."""
        return self.upper - self.lower


def correlation(
    state: State, frame: Frame, *, initial_entropy: float, effort: Effort, modes: int | None = None
) -> Correlation:
    """I(S:B) of a state of a line whose system is at site 0.

    initial_entropy  S_S at t = 0, from a product of the system with thermal baths (displaced or not)
    modes            that K holds, those of the least thermal entropy first; None: `affordable`

    Raises ValueError for a number of modes out of range.
    """
    count = affordable(frame, effort) if modes is None else modes
    if not 0 <= count <= frame.modes:
        raise ValueError(f"modes = {count}: 0 to {frame.modes}")
    if count == frame.modes:
        return _exact(state, frame, effort, initial_entropy)
    K = range(count)
    (below, others), (above, partners) = (_read(state, frame, K, ancilla, effort) for ancilla in (False, True))
    d = state.dimension
    block, at = _gathered(below, frame, K, effort)
    S_S = entropy(block, [SYSTEM]) if state.ancilla == 1 else _system_entropy(block, state)
    missing = max(0.0, 1.0 - block.norm)

    def tells(tensor: Complex) -> float:  # S(B_K) - S(S B_K), unnormalised
        split = tensor.reshape(d, state.ancilla, *tensor.shape[1:])
        return conditional(spectrum(split, [2])) - conditional(spectrum(split, [0, 2]))

    known, unseen = average(block.tensor, [below.tensors[at]] if others else [], tells, least=LEAST)
    nothing = tells(block.tensor)
    lost = missing + unseen
    lower = S_S.lower + max(known - unseen * math.log(d), nothing) - doubt(lost) - lost * math.log(d)
    dropped = below.dropped + above.dropped + unseen

    block, at = _gathered(above, frame, K, effort)
    missing = max(0.0, 1.0 - block.norm)
    entropy_of_K = float(np.sum(frame.entropies[:count]))
    hidden, unseen = average(
        block.tensor,
        [above.tensors[at]] if partners else [],
        lambda tensor: conditional(spectrum(tensor, [SYSTEM, OUTSIDE])),
        least=LEAST,
    )
    hidden += unseen * (entropy_of_K - math.log(LEAST) + math.log(d * state.ancilla))
    whole = entropy(block, [SYSTEM, OUTSIDE]).upper
    hidden = min(whole, hidden + doubt(missing) + missing * (block.log_dimension + math.log(d * state.ancilla)))
    upper = min(2 * S_S.upper, S_S.upper - initial_entropy - entropy_of_K + hidden)
    return Correlation(
        lower=max(0.0, lower), upper=upper, S_S=S_S.lower, exact=False, modes=count, rows=block.rows,
        left_out=missing, dropped=dropped + unseen,
    )  # fmt: skip


def affordable(frame: Frame, effort: Effort) -> int:
    """How many modes K may hold: as long as the likeliest configurations of the thermal state, but for 1e-4, are fewer than ``most``."""
    for count in range(frame.modes, 0, -1):
        if configurations(frame, count) <= effort.most:
            return count
    return 0


def configurations(frame: Frame, modes: int, *, missing: float = 1e-4) -> float:
    """About how many number states of the first modes hold 1 - ``missing`` of their thermal state."""
    interval = 0.05
    x = -2 * np.log(np.tanh(frame.theta[:modes][frame.theta[:modes] > 1e-8]))
    steps = np.maximum(1, np.round(x / interval).astype(int))
    size = 1 + int(np.ceil((float(np.sum(frame.entropies[:modes])) + 60.0) / interval))
    number = np.zeros(size)
    number[0] = 1.0
    for step in steps:
        for at in range(step, size):  # n quanta of a mode: any number of its steps
            number[at] += number[at - step]
    energies = interval * np.arange(size)
    weights = number * np.exp(-energies)
    held = np.cumsum(weights) / np.sum(weights)
    return float(np.sum(number[: 1 + int(np.searchsorted(held, 1.0 - missing))]))


def _system_entropy(block: Block, state: State) -> Enclosure:
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    known = conditional(spectrum(tensor, [0]))
    missing = max(0.0, 1.0 - block.norm)
    return Enclosure(lower=known, upper=known + doubt(missing) + missing * math.log(state.dimension))


def _exact(state: State, frame: Frame, effort: Effort, initial_entropy: float) -> Correlation:
    """I(S:B) = S_S + S(B) - S_S(0) - S_B(0) with the spectrum of the whole bath."""
    line = _whole(state, frame, effort)
    block, _ = _gathered(line, frame, range(frame.modes), effort)
    S_S = entropy(block, [SYSTEM]) if state.ancilla == 1 else _system_entropy(block, state)
    S_B = entropy(block, [INSIDE])
    start = initial_entropy + float(np.sum(frame.entropies))
    return Correlation(
        lower=S_S.lower + S_B.lower - start,
        upper=S_S.upper + S_B.upper - start,
        S_S=S_S.lower,
        exact=True,
        modes=frame.modes,
        rows=block.rows,
        left_out=max(0.0, 1.0 - block.norm),
        dropped=line.dropped,
        S_B=S_B.lower,
        S_SB=_with_bath(block, state),
    )


def _with_bath(block: Block, state: State) -> float:
    """S(S B) of a block that holds all modes."""
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    return conditional(spectrum(tensor, [0, 2]))


def _whole(state: State, frame: Frame, effort: Effort) -> Line:
    """All cells in the order of the frame, what is left after them."""
    return collect(
        Line(tensors=state.tensors),
        np.concatenate([frame.rows(k) for k in range(frame.modes)]),
        weight=GATE * effort.weight,
    )


def _read(state: State, frame: Frame, K: Sequence[int], ancilla: bool, effort: Effort) -> tuple[Line, bool]:
    """The cells of K, then the mode whose quadrature is read, then all others; whether there is one (not if no other has a partner)."""
    rows = [row for k in K for row in frame.rows(k)]
    wanted = frame.quadrature(felt(frame, state.time, K, ancilla=ancilla), ancilla=ancilla)
    size = np.linalg.norm(wanted)
    if size > 0:
        rows.append(wanted / size)
    vectors = np.reshape(rows, (-1, frame.own.shape[1]))
    return collect(Line(tensors=state.tensors), vectors, weight=GATE * effort.weight), bool(size > 0)


def felt(frame: Frame, t: float, K: Sequence[int], *, ancilla: bool) -> Complex:
    """Amplitudes u_k (M,), 0 in K, of the quadrature sum_k u_k a_k + h.c. that tells most of the field on the system in [0, t].

    a_k turns by exp(-i w_k s): int_0^t ds g_k (a_k(s) + h.c.) = g_k t sinc(w_k t/2) (exp(i w_k t/2) a_k(t) + h.c.). In the thermofield
    state a'_k is correlated with a_k^dag, hence the conjugate.
    """
    half = 0.5 * frame.frequencies * t
    u = frame.couplings * np.exp(1j * half) * np.sinc(half / np.pi)
    u[list(K)] = 0.0
    return np.asarray(u.conj() if ancilla else u)


def _gathered(line: Line, frame: Frame, K: Sequence[int], effort: Effort) -> tuple[Block, int]:
    """The block of the modes K, and the place after them."""
    block, at = Block.of(line.tensors[0]), 1
    for k in K:
        at, block = _absorbed(line.tensors, at, block, frame, k, effort)
    return block, at


def _absorbed(
    tensors: Sequence[Tensor], at: int, block: Block, frame: Frame, k: int, effort: Effort
) -> tuple[int, Block]:
    """(place after it, block) with mode k read: a_k inside, a'_k outside."""
    if frame.theta[k] == 0.0:
        site = tensors[at][:, :, None, :]
        return at + 1, absorb(block, site, weight=effort.weight, most=effort.most)
    cell = np.tensordot(tensors[at], tensors[at + 1], axes=1)
    unread = block.density_of_rest()
    x = -2.0 * math.log(math.tanh(float(frame.theta[k])))
    levels = 6 + cell.shape[1] + int(-math.log(effort.weight) / x)
    while True:
        levels = min(levels, HIGHEST)
        site = _unsqueezed(cell, float(frame.theta[k]), levels)
        kept = np.einsum("rt,rnmk,tnmk->", unread, site, site.conj(), optimize=True).real
        if block.norm - kept <= effort.weight or levels == HIGHEST:
            return at + 2, absorb(block, site, weight=effort.weight, most=effort.most)
        levels = int(MORE_LEVELS * levels)


def _unsqueezed(cell: Complex, theta: float, levels: int) -> Complex:
    """(r, n, n', r') of a cell (r, m, m', r') in the number states of the physical mode and its partner."""
    r, m, k, s = cell.shape
    matrix = two_mode_squeezer(theta, levels, m, k).reshape(levels * levels, m * k)
    moved = cell.transpose(1, 2, 0, 3).reshape(m * k, r * s)
    return np.ascontiguousarray((matrix @ moved).reshape(levels, levels, r, s).transpose(2, 0, 1, 3))
