"""The mutual information of a system and its physical bath, enclosed from both sides, or exact.

The whole is pure on S (and its ancilla S'), the bath B and the bath's thermofield partners B'. Hence I(S:B) + I(S:S' B') = 2 S_S, and
mutual information cannot grow under what is done to one side alone. With K some modes of B, Q what is read off the others, K' and Q' the
same of the partners,

    I(S:B_K Q)  <=  I(S:B)  <=  2 S_S - I(S:S' B'_K' Q').

The evolution acts on S and B, so that S' B' keeps its state, a product: I(S:S' B'_K' Q') = S_S + S_S(0) + S_K(0) - S(S S' B'_K' | Q'),
with S_K(0) the thermal entropy of K. With all modes in K both sides are the value. Otherwise K is made of `collective` modes, what S has
met of the bath so far, and of the modes that have no partner (which cost nothing where there is no heat); what is read is a quadrature
of what the system has felt of the others. Slow, highly occupied modes are thus never represented one by one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from tnthermo.bath_entropy.block import INSIDE, SYSTEM, Block, Enclosure, absorb, conditional, doubt, entropy, spectrum
from tnthermo.bath_entropy.collective import Collective, collective, felt_modes
from tnthermo.bath_entropy.frame import Frame, thermal_entropy
from tnthermo.bath_entropy.quadrature import average
from tnthermo.bath_entropy.reordering import Line, collect
from tnthermo.bath_entropy.squeezing import two_mode_squeezer
from tnthermo.network.state import State, Tensor
from tnthermo.types import Complex, Real

GATE = 1e-2  # of `Effort.weight`, that one rotation may drop
LEAST = 1e-6  # outcomes less likely than that are not looked at, and counted as if they said nothing
BEYOND = 1e-5  # of a thermal state, that ``most`` may leave out: with one mode more the bounds lose by projections more than they gain
MORE_LEVELS = 1.4
FEWEST = 32  # states of a bond that rotations may always keep
HIGHEST = 600  # boson levels of a physical mode
COUNTED = 200.0  # nats of thermal entropy, beyond which states are too many to be counted


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much may be spent.

    most    states kept of B_K and of B'_K, each, and twice those of a bond while sites are turned into modes: time grows as its cube,
            memory as its square
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
    modes           in K, beside those that have no partner
    rows            states kept of the larger side
    left_out        weight left out by projections, and by rotations as if they were projections of one side
    dropped         the part of it that rotations dropped, and outcomes not looked at
    loss            how much narrower the bounds would be had nothing been left out, nats
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
    loss: float = 0.0
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
    modes            that K holds beside those without a partner: all that have one (exact), or that many collective ones; None:
                     as many as `affordable` says

    Raises ValueError for a number of modes out of range.
    """
    if modes is None and configurations(frame.occupations) <= effort.most:
        modes = frame.warm
    if modes == frame.warm:
        return _exact(state, frame, effort, initial_entropy)
    K = affordable(frame, state.time, effort) if modes is None else collective(frame, state.time, modes)
    d, most = state.dimension, math.log(state.dimension * state.ancilla)

    below = _gathered(state, *_cells(frame, K, ancilla=False), effort, K.quadrature(frame, ancilla=False))
    S_S = system_entropy(state)

    def tells(tensor: Complex) -> float:  # S(B_K) - S(S B_K), unnormalised
        split = tensor.reshape(d, state.ancilla, *tensor.shape[1:])
        return conditional(spectrum(split, [2])) - conditional(spectrum(split, [0, 2]))

    known, unseen = average(below.block.tensor, below.read, tells, least=LEAST)
    nothing = tells(below.block.tensor) if below.read else known
    lost = below.missing + unseen
    cost = doubt(lost) + lost * math.log(d)
    lower = S_S + max(known - unseen * math.log(d), nothing) - cost
    dropped = below.dropped + unseen

    above = _gathered(state, *_cells(frame, K, ancilla=True), effort, K.quadrature(frame, ancilla=True))
    entropy_of_K = float(np.sum(K.entropies))
    hidden, unseen = average(
        above.block.tensor, above.read, lambda tensor: conditional(spectrum(tensor, [SYSTEM, INSIDE])), least=LEAST
    )
    hidden += unseen * (entropy_of_K - math.log(LEAST) + most)
    whole = entropy(above.block, [SYSTEM, INSIDE]).upper
    price = doubt(above.missing) + above.missing * (above.block.log_dimension + most)
    hidden = min(whole, hidden + price)
    upper = min(2 * S_S, S_S - initial_entropy - entropy_of_K + hidden)
    return Correlation(
        lower=max(0.0, lower), upper=upper, S_S=S_S, exact=False, modes=K.modes,
        rows=max(below.block.rows, above.block.rows), left_out=max(below.missing, above.missing),
        dropped=dropped + above.dropped + unseen, loss=cost + price,
    )  # fmt: skip


def affordable(frame: Frame, t: float, effort: Effort, *, missing: float = BEYOND) -> Collective:
    """The collective modes of [0, t] whose likeliest configurations, but for ``missing`` of the thermal state, are at most ``most``."""
    return [K for K in felt_modes(frame, t) if configurations(K.occupations, missing=missing) <= effort.most][-1]


def bond_of(effort: Effort) -> int:
    """States that rotations keep of a bond."""
    return max(FEWEST, effort.most // 2)


def configurations(occupations: Real, *, missing: float = 1e-4) -> float:
    """About how many number states of independent modes (r,) hold 1 - ``missing`` of their thermal state; inf beyond `COUNTED` nats."""
    interval = 0.05
    n = occupations[occupations > 1e-16]
    nats = float(np.sum(thermal_entropy(n)))
    if nats > COUNTED:
        return math.inf
    steps = np.maximum(1, np.round(np.log1p(1 / n) / interval).astype(int))
    size = 1 + int(np.ceil((nats + 60.0) / interval))
    number = np.zeros(size)
    number[0] = 1.0
    for step in steps:
        for at in range(step, size):  # n quanta of a mode: any number of its steps
            number[at] += number[at - step]
    energies = interval * np.arange(size)
    weights = number * np.exp(-energies)
    held = np.cumsum(weights) / np.sum(weights)
    return float(np.sum(number[: 1 + int(np.searchsorted(held, 1.0 - missing))]))


def system_entropy(state: State) -> float:
    """S_S of a state whose system is at site 0, nothing left out."""
    return conditional(spectrum(state.tensors[0].reshape(state.dimension, state.ancilla, -1), [0]))


def _system_entropy(block: Block, state: State) -> Enclosure:
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    known = conditional(spectrum(tensor, [0]))
    missing = max(0.0, 1.0 - block.norm)
    return Enclosure(lower=known, upper=known + doubt(missing) + missing * math.log(state.dimension))


def _exact(state: State, frame: Frame, effort: Effort, initial_entropy: float) -> Correlation:
    """I(S:B) = S_S + S(B) - S_S(0) - S_B(0) with the spectrum of the whole bath."""
    found = _gathered(state, [frame.rows(k) for k in range(frame.modes)], frame.theta, effort, None)
    block = found.block
    S_S = entropy(block, [SYSTEM]) if state.ancilla == 1 else _system_entropy(block, state)
    S_B = entropy(block, [INSIDE])
    start = initial_entropy + float(np.sum(frame.entropies))
    lower, upper = S_S.lower + S_B.lower - start, S_S.upper + S_B.upper - start
    return Correlation(
        lower=lower,
        upper=upper,
        S_S=S_S.lower,
        exact=True,
        modes=frame.warm,
        rows=block.rows,
        left_out=found.missing,
        dropped=found.dropped,
        loss=upper - lower,
        S_B=S_B.lower,
        S_SB=_with_bath(block, state),
    )


def _with_bath(block: Block, state: State) -> float:
    """S(S B) of a block that holds all modes."""
    tensor = block.tensor.reshape(state.dimension, state.ancilla, *block.tensor.shape[1:])
    return conditional(spectrum(tensor, [0, 2]))


@dataclass(frozen=True, kw_only=True, eq=False)
class _Gathered:
    """block of the modes of K inside, what purifies them outside; the site whose quadrature is read, if any; weight dropped on the way."""

    block: Block
    read: list[Tensor]
    dropped: float

    @property
    def missing(self) -> float:
        """Weight that projections left out."""
        return max(0.0, 1.0 - self.block.norm)


def _cells(frame: Frame, K: Collective, *, ancilla: bool) -> tuple[list[Complex], Real]:
    """(rows of each mode of K, theta); without partner first. Those have no mirror image."""
    rows, theta = K.rows(frame, ancilla=ancilla)
    cold = [] if ancilla else [frame.own[k][None] for k in range(frame.modes - frame.warm)]
    return cold + rows, np.concatenate([np.zeros(len(cold)), theta])


def _gathered(state: State, cells: Sequence[Complex], theta: Real, effort: Effort, read: Complex | None) -> _Gathered:
    """Modes brought to the front and read one by one; ``read`` (N,) is the site mode after them, None or zero where there is none."""
    rows = [row for cell in cells for row in cell]
    reads = read is not None and bool(np.any(read))
    vectors = np.reshape([*rows, read] if reads else rows, (-1, len(state.tensors) - 1))
    line = collect(Line(tensors=state.tensors), vectors, weight=GATE * effort.weight, most=bond_of(effort))
    block, at = Block.of(line.tensors[0]), 1
    for cell, angle in zip(cells, theta, strict=True):
        tensors = line.tensors[at : at + len(cell)]
        block, at = _absorbed(tensors, block, float(angle), effort), at + len(cell)
    return _Gathered(block=block, read=[line.tensors[at]] if reads else [], dropped=line.dropped)


def _absorbed(tensors: Sequence[Tensor], block: Block, theta: float, effort: Effort) -> Block:
    """The block with one more mode, given the site or the pair of sites it is made of: the mode inside, what purifies it outside."""
    if len(tensors) == 1:
        return absorb(block, tensors[0][:, :, None, :], weight=effort.weight, most=effort.most)
    cell = np.tensordot(tensors[0], tensors[1], axes=1)
    unread = block.density_of_rest()
    x = -2.0 * math.log(math.tanh(theta))
    levels = 6 + cell.shape[1] + int(-math.log(effort.weight) / x)
    while True:
        levels = min(levels, HIGHEST)
        site = _unsqueezed(cell, theta, levels)
        kept = np.einsum("rt,rnmk,tnmk->", unread, site, site.conj(), optimize=True).real
        if block.norm - kept <= effort.weight or levels == HIGHEST:
            return absorb(block, site, weight=effort.weight, most=effort.most)
        levels = int(MORE_LEVELS * levels)


def _unsqueezed(cell: Complex, theta: float, levels: int) -> Complex:
    """(r, n, n', r') of a cell (r, m, m', r') in the number states of the physical mode and its partner."""
    r, m, k, s = cell.shape
    matrix = two_mode_squeezer(theta, levels, m, k).reshape(levels * levels, m * k)
    moved = cell.transpose(1, 2, 0, 3).reshape(m * k, r * s)
    return np.ascontiguousarray((matrix @ moved).reshape(levels, levels, r, s).transpose(2, 0, 1, 3))
