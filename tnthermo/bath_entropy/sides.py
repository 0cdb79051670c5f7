"""Bounds on the mutual information from a part of a side, and what leaving things out costs them.

rho is pure on the system S (dimension d), a part K of what purifies it, and the rest. For what is read of a quadrature Q of the rest,
outcomes o of probability p_o,

    I(S:K Q) = S_S - sum_o p_o S(S|K)_o.

S(S|K) is estimated from a state with parts left out, by projections of two kinds:

- of K (outcomes that are not kept are a measurement on the side of K, under which S(S|K) grows: S(S|K) <= p S(S|K)_kept + (1 - p) log d),
- of the rest (rho_SK is the mixture of both outcomes m: S(S|K) <= S(S|K m) + H(m)).

They commute. With e all the weight that is not kept, outcomes that are not looked at included, and e_out what the projections of the rest
took (after those of K; any earlier projection of K holds more than the last one, so that the sum over the steps is not less),

    I(S:K Q) >= S_S + sum_o p_o [S(K|o) - S(S K|o)]_kept - e log d - h(e_out),        h(e) = -e log e - (1 - e) log(1 - e).

I does not grow under what is done to one side; hence that is a lower bound of S_chi = I(S:B) where K and Q are the bath's. The whole being
pure on S, S', B and B', I(S:B) = 2 S_S - I(S:S' B'), and K = S' B'_K' with the quadrature Q' of the partners gives an upper one. What the
rotations of sites into modes drop is no projection of one side; it is counted as if it were one of the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from tnthermo.bath_entropy.block import Block, Cut, absorb, conditional, doubt, spectrum, work_of_spectrum
from tnthermo.bath_entropy.components import Chosen, Rows, rows
from tnthermo.bath_entropy.fields import Fields
from tnthermo.bath_entropy.quadrature import average
from tnthermo.bath_entropy.reordering import Line, collect
from tnthermo.bath_entropy.squeezing import two_mode_squeezer
from tnthermo.network.state import State, Tensor
from tnthermo.types import Complex, Real

LEAST = 1e-6  # outcomes less likely than that are not looked at
MORE_LEVELS = 1.4
HIGHEST = 600  # boson levels of a physical mode


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How much may be spent on one side.

    cut   what its projections leave out
    gate  weight that one rotation may drop
    bond  states that rotations keep of a bond
    """

    cut: Cut
    gate: float
    bond: int


@dataclass(frozen=True, kw_only=True, eq=False)
class Gathered:
    """The modes of K inside a block, the rest outside.

    front    the system and the sites that the modes are made of, before they were read
    angles   thermofield angle of each mode; 0: it is one site, else two
    read     the site whose quadrature is read, if any
    dropped  weight that rotations dropped
    defect   how far the rows of the modes were from orthonormal
    work     about how many products of numbers it took
    """

    block: Block
    front: State
    angles: Real
    read: tuple[Tensor, ...]
    dropped: float
    defect: float
    work: float = 0.0

    @property
    def missing(self) -> float:
        """Weight not kept."""
        return max(0.0, 1.0 - self.block.norm)


@dataclass(frozen=True, kw_only=True, eq=False)
class Side:
    """A lower bound of I(S:K Q).

    bound     nats, rigorous but for what rotations drop
    cost      what leaving things out takes from it
    gathered  the state it was read from
    modes     number of modes of K
    work      about how many products of numbers it took
    """

    bound: float
    cost: float
    gathered: Gathered
    modes: int
    work: float


def side(state: State, fields: Fields, chosen: Chosen, effort: Effort, *, mirror: bool) -> Side:
    """I(S:B_K Q) from below, or I(S:S' B'_K' Q'), for a state of norm 1 whose system is at site 0."""
    found = gather(state, rows(fields, chosen, mirror=mirror), effort)
    d, a = state.dimension, state.ancilla
    own, joint = ([1, 2], [0, 1, 2]) if mirror else ([2], [0, 2])
    work = found.work

    def tells(tensor: Complex) -> float:  # S(K) - S(S K), unnormalised
        nonlocal work
        inside = tensor.shape[1] * (a if mirror else 1)
        work += work_of_spectrum(tensor.size, inside) + work_of_spectrum(tensor.size, d * inside)
        split = tensor.reshape(d, a, *tensor.shape[1:])
        return conditional(spectrum(split, own)) - conditional(spectrum(split, joint))

    known, unseen = average(found.block.tensor, found.read, tells, least=LEAST)
    if found.read:
        nothing = tells(found.block.tensor)
        if nothing >= known - unseen * math.log(d):
            known, unseen = nothing, 0.0
    cost = (found.missing + unseen) * math.log(d) + doubt(found.block.lost + found.dropped)
    return Side(bound=entropy_of_system(state) + known - cost, cost=cost, gathered=found, modes=chosen.modes, work=work)


def entropy_of_system(state: State) -> float:
    """S_S of a state of norm 1 whose system is at site 0."""
    return conditional(spectrum(state.tensors[0].reshape(state.dimension, state.ancilla, -1), [0]))


def gather(state: State, found: Rows, effort: Effort) -> Gathered:
    """The modes brought to the front of the line and read one by one."""
    vectors = [row for cell in found.cells for row in cell] + ([found.read] if found.read is not None else [])
    line = Line(tensors=state.tensors)
    if vectors:
        extra = len(vectors[0]) - (len(state.tensors) - 1)
        line = Line(tensors=(*state.tensors, *[np.ones((1, 1, 1), dtype=np.complex128)] * extra))
        line = collect(line, np.array(vectors), weight=effort.gate, most=effort.bond)
    block, at = Block.of(line.tensors[0]), 1
    for cell, angle in zip(found.cells, found.theta, strict=True):
        tensors = line.tensors[at : at + len(cell)]
        block, at = _read(block, tensors, float(angle), effort.cut), at + len(cell)
    read = (line.tensors[at],) if found.read is not None else ()
    return Gathered(
        block=block, front=replace(state, tensors=line.tensors[:at]), angles=found.theta, read=read, dropped=line.dropped,
        defect=found.defect, work=line.work + block.work,
    )  # fmt: skip


def _read(block: Block, tensors: Sequence[Tensor], theta: float, cut: Cut) -> Block:
    """The block with one more mode, given the site or the pair of sites it is made of: the mode inside, what purifies it outside."""
    if len(tensors) == 1:
        return absorb(block, tensors[0][:, :, None, :], cut)
    pair = np.tensordot(tensors[0], tensors[1], axes=1)
    unread = block.density_of_rest()
    weight = 0.3 * cut.outside
    levels = 6 + pair.shape[1] + int(-math.log(weight) / (-2.0 * math.log(math.tanh(theta))))
    while True:
        levels = min(levels, HIGHEST)
        site = _unsqueezed(pair, theta, levels)
        kept = np.einsum("rt,rnmk,tnmk->", unread, site, site.conj(), optimize=True).real
        if block.norm - kept <= weight or levels == HIGHEST:
            return absorb(block, site, cut)
        levels = int(MORE_LEVELS * levels)


def _unsqueezed(cell: Complex, theta: float, levels: int) -> Complex:
    """(r, n, n', r') of a cell (r, m, m', r') in the number states of the physical mode and its partner."""
    r, m, k, s = cell.shape
    matrix = two_mode_squeezer(theta, levels, m, k).reshape(levels * levels, m * k)
    moved = cell.transpose(1, 2, 0, 3).reshape(m * k, r * s)
    return np.ascontiguousarray((matrix @ moved).reshape(levels, levels, r, s).transpose(2, 0, 1, 3))


def at_origin(state: State) -> State:
    """The state of norm 1, its system brought to site 0 of the line by swaps; the other sites keep their order."""
    tensors = list(state.tensors)
    for place in range(state.system, 0, -1):
        pair = np.tensordot(tensors[place - 1], tensors[place], axes=1)  # (l, n, s, r)
        l, n, s, r = pair.shape
        q, rest = np.linalg.qr(pair.transpose(0, 2, 1, 3).reshape(l * s, n * r).conj().T)
        tensors[place] = np.ascontiguousarray(q.conj().T).reshape(-1, n, r)
        tensors[place - 1] = np.ascontiguousarray(rest.conj().T).reshape(l, s, -1)
    size = float(np.linalg.norm(tensors[0]))
    return replace(state, tensors=(tensors[0] / size, *tensors[1:]), system=0)
