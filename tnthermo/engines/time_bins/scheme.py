"""How one step is put together: what turns the system, which kicks, in which order, and the frame in which they are of fourth order.

With T = -i h H_S and V = -i h (sum_q A_q X_q + H_bath), exp(T/2) exp(V) exp(T/2) = exp(T + V - [T, [T, V]]/24 - [V, [T, V]]/12 + ...).
In the frame turned by exp([T, V]/12) the last term becomes + [T, [T, V]]/12, and [T, [T, V]] is linear in X: it is taken back by

    A_q -> A_q + (h^2/24) [H_S, [H_S, A_q]],    H_S -> H_S + (h^2/24) i [H_S, dH_S/dt],

so that one kick a step is of fourth order. The frame is entered once, by a kick exp(i (h^2/12) B_q (x) X_q), B_q = i [H_S, A_q], and
exp(-i (h^2/12) dH_S/dt), and left by their inverses on a copy that is measured; it is changed where the step, H_S or a strength change
suddenly. This holds where all A_q commute and belong to different baths (or one Hermitian coupling): kicks of several groups are
symmetric products. Else the fourth order is composed of five symmetric steps after Suzuki, one of them backward in time.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import scipy

from tnthermo.engines.substeps import substeps
from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.types import Real

SAME = 1e-9  # relative: steps and operators that differ by less are the same
BESIDE = 1e-6  # of a step
NOTHING = 1e-13  # of the largest entry of H_S and A: a commutator below it is 0


@dataclass(frozen=True, eq=False)
class Group:
    """Channels with the same operator A in different baths: one kick.

    channels   their numbers
    baths      the bath of each
    strengths  f(t) of each; None: 1
    """

    operator: Matrix
    channels: tuple[int, ...]
    baths: tuple[int, ...]
    strengths: tuple[Callable[[Real], Real] | None, ...]

    def bath_of(self, channel: int) -> int:
        """The bath of one of the channels."""
        return self.baths[self.channels.index(channel)]

    def strength(self, channel: int) -> Callable[[Real], Real] | None:
        """f(t) of one of the channels."""
        return self.strengths[self.channels.index(channel)]


def commutator(a: Matrix, b: Matrix) -> Matrix:
    """a b - b a."""
    return a @ b - b @ a


def groups_of(model: Model) -> tuple[Group, ...]:
    """The kicks of a model."""
    found: list[Group] = []
    for q, channel in enumerate(model.channels):
        size = float(np.abs(channel.operator).max())
        drive = model.couplings[channel.bath].strength
        strength = None if drive is None else drive.value
        if size == 0.0:
            continue
        for i, group in enumerate(found):
            if channel.bath not in group.baths and np.abs(group.operator - channel.operator).max() <= SAME * size:
                found[i] = Group(
                    group.operator, (*group.channels, q), (*group.baths, channel.bath), (*group.strengths, strength)
                )
                break
        else:
            found.append(Group(channel.operator, (q,), (channel.bath,), (strength,)))
    return tuple(found)


class Scheme:
    """The steps of one model; ``order`` 2 or 4."""

    def __init__(self, model: Model, order: int) -> None:
        self.model = model
        self.groups = groups_of(model)
        baths = [bath for group in self.groups for bath in group.baths]
        commute = all(
            np.abs(commutator(a.operator, b.operator)).max()
            <= NOTHING * np.abs(a.operator).max() * np.abs(b.operator).max()
            for a, b in combinations(self.groups, 2)
        )
        self.framed = order == 4 and commute and len(set(baths)) == len(baths) and self._turns()
        composed = order == 4 and not (commute and len(set(baths)) == len(baths))
        self.fractions = substeps(4) if composed else (1.0,)

    def _turns(self) -> bool:
        """Whether H_S, as it is or as a drive makes it, moves any A."""
        parts = [self.model.hamiltonian, *(part.operator for part in self.model.drives)]
        if self.model.drives:
            return True
        return any(
            np.abs(commutator(part, group.operator)).max() > NOTHING * np.abs(part).max() * np.abs(group.operator).max()
            for part in parts
            for group in self.groups
        )

    def pieces(self, start: float, end: float) -> list[tuple[float, float]]:
        """The symmetric steps of second order that a step is composed of, in time."""
        found, t = [], start
        for fraction in self.fractions:
            found.append((t, t + fraction * (end - start)))
            t = found[-1][1]
        found[-1] = (found[-1][0], end)
        return found

    @property
    def sequence(self) -> list[tuple[int, float]]:
        """(number of the group, part of its kick) in one piece: the last one whole in the middle, the others by halves around it."""
        last = len(self.groups) - 1
        outer = [(g, 0.5) for g in range(last)]
        return [*outer, (last, 1.0), *reversed(outer)] if last >= 0 else []

    def switches(self, times: Real, k: int) -> bool:
        """Whether the frame changes at the start of step k: it is entered, the step changes, or something is not smooth there."""
        if not self.framed:
            return False
        if k == 0:
            return True
        last, step = times[k] - times[k - 1], times[k + 1] - times[k]
        near = any(abs(b - times[k]) <= SAME * step for b in self.model.breaks)
        return bool(near or abs(last - step) > SAME * step)

    def frame_width(self, times: Real, k: int) -> float:
        """Over how long the field of the frame at the start of step k is averaged."""
        step = float(times[k + 1] - times[k])
        return step if k == 0 else min(step, float(times[k] - times[k - 1]))

    def turning(self, side: float, group: Group) -> Matrix:
        """B = i [H_S, A] with H_S at ``side``."""
        return np.asarray(1j * commutator(self.model.hamiltonian_at(side), group.operator))

    def kicked(self, start: float, end: float, group: Group) -> Matrix:
        """The operator of a step's kick."""
        if not self.framed:
            return group.operator
        h = end - start
        H = self.model.hamiltonian_at(0.5 * (start + end))
        return np.asarray(group.operator + h**2 / 24 * commutator(H, commutator(H, group.operator)))

    def drift(self, t: float, duration: float, step: float, *, left: bool) -> Matrix:
        """exp(-i duration H_S) with H_S, and what corrects it in steps of this length, at t, with ``left`` as it was before a jump
        there.
        """
        H = self.model.hamiltonian_at(just_before(t) if left else t)
        if self.framed and self.model.drives:
            H = H + step**2 / 24 * 1j * commutator(H, self._slope(t, step, left=left))
        values, vectors = np.linalg.eigh(H)
        return np.asarray((vectors * np.exp(-1j * duration * values)) @ vectors.conj().T)

    def slope(self, t: float, step: float, *, left: bool) -> Matrix:
        """exp(i (step^2/12) dH_S/dt) at t: out of the frame."""
        return np.asarray(scipy.linalg.expm(1j * step**2 / 12 * self._slope(t, step, left=left)))

    def _slope(self, t: float, step: float, *, left: bool) -> Matrix:
        """dH_S/dt: drives take times beside a kink for the kink itself, so that the side is a part of a step away."""
        return np.asarray(self.model.hamiltonian_slope(t - BESIDE * step if left else t))
