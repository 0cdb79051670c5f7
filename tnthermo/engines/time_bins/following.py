"""Modes that are faster than the system: they follow it at once, and their part of X and of the energy is known in closed form.

A mode with H_bath = w b^dag b, coupled by f A (x b + h.c.), has b = -(conj(x)/w) f A + exp(-i w t) (beta + (conj(x)/w) f_0 A_0) where A
and f change slowly against w: what follows, and what is free since the sudden start, beta what it was displaced by.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy

from tnthermo.engines.time_bins.plan import Plan
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.model.drives import jumps, just_before
from tnthermo.model.model import Model
from tnthermo.model.operators import Matrix
from tnthermo.types import Complex, Real

SAME = 1e-9  # relative: times that differ by less are the same


def arrived(z: float) -> float:
    """1 - W int_W^inf cos(w t)/w^2 dw at z = W t: how much of a tail 1/w has followed a sudden start by then, from 0 to about 1."""
    return 1.0 - math.cos(z) + z * (math.pi / 2 - float(scipy.special.sici(z)[0])) if z > 0.0 else 0.0


@dataclass(frozen=True, kw_only=True)
class _Moments:
    """f, <A> + <A^dag>, <A^dag A> and <A A^dag> at one time; A the operator of a coupling, Hermitian or not."""

    strength: float
    mean: float
    up: float
    down: float

    @classmethod
    def of(cls, operator: Matrix, rho: Matrix, strength: float) -> _Moments:
        adjoint = operator.conj().T
        mean, up, down = (
            float(np.trace(matrix @ rho).real)
            for matrix in (operator + adjoint, adjoint @ operator, operator @ adjoint)
        )
        return cls(strength=strength, mean=mean, up=up, down=down)


@dataclass(frozen=True, kw_only=True)
class Shaken:
    """A sudden change of a strength, the start included: it leaves fast modes with the energy of a displacement by it.

    bath, time, change   where, when, of f by how much
    up, down             <A^dag A> and <A A^dag> then
    """

    bath: int
    time: float
    change: float
    up: float
    down: float

    def values(self) -> list[float]:
        """All of it as numbers."""
        return [float(self.bath), self.time, self.change, self.up, self.down]

    @classmethod
    def of(cls, values: Sequence[float]) -> Shaken:
        """From `values`."""
        bath, time, change, up, down = map(float, values)
        return cls(bath=int(bath), time=time, change=change, up=up, down=down)


def start_of(model: Model, rho: Matrix) -> list[Shaken]:
    """Every coupling begins suddenly at t = 0."""
    return _shaken(model, rho, 0.0, np.zeros(len(model.channels)))


def jumps_at(model: Model, rho: Matrix, time: float) -> list[Shaken]:
    """The strengths that jump at a time."""
    sudden = [
        coupling.strength is not None and any(abs(t - time) <= SAME * max(time, 1.0) for t in jumps(coupling.strength))
        for coupling in model.couplings
    ]
    if not any(sudden):
        return []
    return [one for one in _shaken(model, rho, time, model.strengths(just_before(time))) if sudden[one.bath]]


def _shaken(model: Model, rho: Matrix, time: float, last: Real) -> list[Shaken]:
    now, found = model.strengths(time), []
    for bath, coupling in enumerate(model.couplings):
        q = _first_channel(model, bath)
        moments = _Moments.of(coupling.operator, rho, float(now[q]))
        found.append(Shaken(bath=bath, time=time, change=float(now[q] - last[q]), up=moments.up, down=moments.down))
    return found


def _first_channel(model: Model, bath: int) -> int:
    return next(q for q, channel in enumerate(model.channels) if channel.bath == bath)


def fast_energies(model: Model, plan: Plan, shaken: Sequence[Shaken], rho: Matrix, time: float) -> Real:
    """(B,) the energy of what `Plan.slow` leaves out of the energies that kicks add, and of the modes that the field leaves out."""
    field = plan.field
    found = np.zeros(len(model.couplings))
    now_f, first_f = model.strengths(time), model.strengths(0.0)
    for bath, coupling in enumerate(model.couplings):
        q = _first_channel(model, bath)
        now = _Moments.of(coupling.operator, rho, float(now_f[q]))
        where = field.of(bath)
        part = 1 - plan.slow[where]
        fast = part > 0
        w, x = field.frequencies[where][fast], field.amplitudes[q, where][fast]
        shifts = part[fast] * np.abs(x) ** 2 / w  # int J/w, negative of the partners
        for sign, name in ((1, "up"), (-1, "down")):
            mine = w * sign > 0
            free = [float(shifts[mine] @ np.cos(w[mine] * (time - one.time))) for one in shaken]
            found[bath] += _followed(bath, float(shifts[mine].sum()), free, now, shaken, name)
        if plan.displaced.size:
            first = _Moments.of(coupling.operator, plan.initial, float(first_f[q]))
            moved = x * part[fast] * plan.displaced[where][fast]
            turned = moved * np.exp(-1j * w * time)
            found[bath] += (
                float(moved.sum().real) * first.strength * first.mean
                - float(turned.sum().real) * now.strength * now.mean
            )
    return found + rest_energies(model, plan, shaken, rho, time)


def rest_energies(model: Model, plan: Plan, shaken: Sequence[Shaken], rho: Matrix, time: float) -> Real:
    """(B,) the energy of the modes that the field leaves out."""
    found = np.zeros(len(model.couplings))
    for bath, (coupling, rest) in enumerate(zip(model.couplings, plan.field.rests, strict=True)):
        if rest.reorganisation == 0.0:
            continue
        q = _first_channel(model, bath)
        now = _Moments.of(coupling.operator, rho, float(model.strengths(time)[q]))
        first = _Moments.of(coupling.operator, plan.initial, float(model.strengths(0.0)[q]))
        shift, start = rest.reorganisation, float(plan.relaxed[bath])
        still = [shift * (1 - arrived(rest.start * (time - one.time))) for one in shaken]
        found[bath] = _followed(bath, shift, still, now, shaken, "up")
        since = shift * (1 - arrived(rest.start * time))
        found[bath] += start * (shift * start - shift * first.strength * first.mean + since * now.strength * now.mean)
    return found


def _followed(
    bath: int, shift: float, free: Sequence[float], now: _Moments, shaken: Sequence[Shaken], name: str
) -> float:
    """Energy of modes with int J/w = ``shift`` of which ``free`` still turns together since each of the times at which they were shaken."""
    square = getattr(now, name)
    found = shift * now.strength**2 * square
    for one, together in zip(shaken, free, strict=True):
        if one.bath == bath:
            then = getattr(one, name)
            found += one.change * (shift * one.change * then - together * now.strength * (square + then))
    return float(found)


def add_rests(
    model: Model, plan: Plan, shaken: Sequence[Shaken], rho: Matrix, time: float, positions: Complex, momenta: Complex
) -> None:
    """Add to Tr_B[X_q rho] and Tr_B[P_q rho], both (Q, d, d), what the modes that the field leaves out have: C rho = -lambda f L rho.

    X_q = p C + h.c. is then -2 lambda f A of a Hermitian coupling, and P = dX/dt.
    """
    H = model.hamiltonian_at(time)
    for q, channel in enumerate(model.channels):
        rest = plan.field.rests[channel.bath]
        if rest.reorganisation == 0.0:
            continue
        strength = float(model.strengths(time)[q])
        for one in shaken:
            if one.bath == channel.bath:
                strength -= one.change * (1 - arrived(rest.start * (time - one.time)))
        coupling = model.couplings[channel.bath]
        p = COUPLING_KINDS[coupling.kind].phases[q - _first_channel(model, channel.bath)]
        turned = 1j * (H @ coupling.operator - coupling.operator @ H)
        for moment, L in ((positions, coupling.operator), (momenta, turned)):
            acted = p * (L @ rho)
            moment[q] -= rest.reorganisation * strength * (acted + acted.conj().T)
        still = rest.reorganisation * (1 - arrived(rest.start * time))
        positions[q] -= 2 * still * plan.relaxed[channel.bath] * np.real(p) * rho
