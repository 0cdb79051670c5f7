"""What a column misses because the weight of a bath is cut: the modes beyond, which follow the system without delay.

Modes much faster than all else sit where the system puts them, a_k = -(g_k/w_k) [F(t) L(t) - exp(-i w_k t) F(0) L(0)] for
F (L (x) C^dag + h.c.), L = A for A (x) X: a part that follows, and one that the start (or a jump of F) has shaken off and that
dephases within 1/w_max. With lambda = int J/w, mu = int J/w^2 over the frequencies that the cut took (`chains.lost_tail`),
<M> = F^2 [(1 + n) <L^dag L> + n <L L^dag>] (n thermal at the cut; F^2 <A^2> for Hermitian coupling) and u = F |<L>| they add

    to E_B     lambda (<M>(t) + <M>(0))         to E_int   -2 lambda <M>
    to h       -2 lambda u^2                    to Q_B     lambda ((<M> - u^2)(t) + (<M> - u^2)(0))

and so on, and act on the system as delta H = -lambda M and as the dressing of what does not commute with L,
-(mu/2) F^2 [L^dag, [L, H_S]]. All of it is an estimate in leading order of the frequencies of the system over w_max, times `SAFE`; it is
what `NAME_error` is enlarged by. Amounts are triangle inequalities: they add up what may partly cancel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

import chains
from tnthermo.model.coupling_kinds import COUPLING_KINDS
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.entropies import Findings
from tnthermo.thermo.expectations import Expectations, expectations, trace
from tnthermo.thermo.tail_ratios import System, on_entropies, on_ratios
from tnthermo.types import Complex, Real

SAFE = 1.2  # for the next order in frequencies over the cut
DRESSED = 1e-9  # int J/w^2 of the modes beyond: a dressing that is not worth a word
FIRST_SWING = 1.6  # times J at the cut and the cut itself: the largest rate at which a tail 1/w takes up energy, pi/2


@dataclass(frozen=True, kw_only=True, eq=False)
class _Following:
    """The modes beyond the cut of one bath, at the times of `Expectations` (m,): those of the steps, jumps of a drive twice.

    lost      `chains.lost_tail`
    held      M = F^2 [(1 + n) L^dag L + n L L^dag] (m, d, d)
    second    <M>
    mean      u^2 = F^2 |<L>|^2
    shaken    <M> of what start and jumps of F have shaken off so far
    shaken_mean   u^2 of that: what is common to all branches of the state
    moved     |x|: the start has <a_k> = -x g_k/w_k
    rings     int (J/w) cos(w t)/lambda (m,) at most, 0 to 1, t since the start or the last jump of F: what was shaken off then
              still swings with the system
    swing     int J sin(w t) (m,), the rate at which it gives energy back, at most
    operator  L
    strength  F (m,)
    hot       coth(w_max/(2 T))
    """

    lost: chains.Tail
    held: Complex
    second: Real
    mean: Real
    shaken: Real
    shaken_mean: Real
    moved: float
    rings: Real
    swing: Real
    operator: Complex
    strength: Real
    hot: float

    @property
    def apart(self) -> Real:
        """<M> - u^2 (m,) >= 0."""
        return np.maximum(self.second - self.mean, 0.0)

    @property
    def shaken_apart(self) -> Real:
        """The same of what was shaken off."""
        return np.maximum(self.shaken - self.shaken_mean, 0.0)


def tail_errors(run: Trajectory, found: Findings) -> dict[str, Real]:
    """Amounts >= 0, shapes of the columns in ``found``, to be added to NAME_error; none where no bath has lost a tail.

    Infinite for Var_Q_B where the tail's int J is, and for ratios where the denominator is zero within them.
    """
    lost = lost_tails(run)
    if not lost:
        return {}
    e = expectations(run)
    tails = [_following(run, e, j, one) for j, one in enumerate(lost)]
    state = state_change(run, e, tails)
    at_steps = _on_energies(run, e, tails, state, share_of_h(found))
    at = e.after[run.recorded]
    amounts = {name: SAFE * amount[at] for name, amount in at_steps.items()}
    of_system = System.at(run, e, SAFE * state.whole, SAFE * state.mixing, amounts)
    amounts |= on_entropies(run.model.temperatures, of_system, amounts)
    amounts |= on_ratios(run.t, found.values, of_system, amounts)
    return {name: amount for name, amount in amounts.items() if name in found.values}


def lost_tails(run: Trajectory) -> list[chains.Tail]:
    """What the cut of each bath's density has lost, on time bins the dressing alone; empty where none of it counts."""
    lost = [chains.lost_tail(coupling.bath) for coupling in run.model.couplings]
    return lost if any(one.noticeable or one.dressing > DRESSED for one in lost) else []


def rho_S_error(run: Trajectory) -> Real:
    """Amount (n,) by which an entry of rho_S may be off for want of the tail: half of the trace norm of the change; 0 without a tail."""
    lost = lost_tails(run)
    if not lost:
        return np.zeros(run.recorded.size)
    e = expectations(run)
    change = state_change(run, e, [_following(run, e, j, one) for j, one in enumerate(lost)])
    return np.asarray(0.5 * SAFE * change.whole[e.after[run.recorded]])


def position_errors(run: Trajectory, e: Expectations) -> Real:
    """Amounts (m, Q), energy, by which <X_q> may be off for want of the tail; 0 without one.

    What lies beyond the cut follows the system, -2 lambda F <L>, and swings with what start and jumps have shaken off; the modes below the
    cut follow another <L>.
    """
    lost = lost_tails(run)
    if not lost:
        return np.zeros_like(e.position)
    tails = [_following(run, e, j, one) for j, one in enumerate(lost)]
    acting = state_change(run, e, tails).acting
    each = []
    for one in tails:
        held = np.sqrt(one.mean) + one.rings * np.sqrt(one.shaken_mean) + (1 + one.rings) * one.moved
        if run.start == "product":
            held[0] = 0.0
        below = acting * one.lost.whole * np.abs(one.strength) * float(np.linalg.norm(one.operator, 2))
        each.append(SAFE * (2 * one.lost.reorganisation * held + below))
    return np.stack([each[j] for j in e.baths], axis=1)


def share_of_h(found: Findings) -> float:
    """alpha_S of the columns: U_B = E_B + alpha_S h. Where h vanishes throughout nothing tells it: 1/2."""
    h = found.values["h"]
    size = float(h @ h)
    return float((found.values["U_B"] - found.values["E_B"]) @ h) / size if size > 0.0 else 0.5


def _following(run: Trajectory, e: Expectations, bath: int, lost: chains.Tail) -> _Following:
    coupling, t = run.model.couplings[bath], e.times
    L = coupling.operator
    own = np.flatnonzero(e.baths == bath)
    F = e.strength[:, own[0]]
    n = 0.0
    if coupling.temperature > 0.0 and np.isfinite(lost.start):
        n = float(1.0 / np.expm1(min(lost.start / coupling.temperature, 700.0)))
    M = COUPLING_KINDS[coupling.kind].square(L, n)
    moment, mean = trace(M, e.rho_S), np.abs(np.einsum("ij,mji->m", L, e.rho_S)) ** 2
    moved = 0.0
    if run.start == "displaced" and lost.whole > lost.reorganisation:
        moved = float(np.hypot.reduce(e.position[0, own])) / (2 * (lost.whole - lost.reorganisation))
    jumps = np.append(0.0, np.diff(F) ** 2)
    shaken, shaken_mean = np.cumsum(jumps * moment), np.cumsum(jumps * mean)
    if run.start != "mean-force":
        shaken += (abs(F[0]) * np.sqrt(moment[0]) + moved) ** 2
        shaken_mean += (abs(F[0]) * np.sqrt(mean[0]) + moved) ** 2
    jumped = np.append(False, np.diff(t) == 0) & (jumps > 0)
    since = t - np.maximum.accumulate(np.where(jumped, t, 0.0))
    rings = np.zeros(t.size)
    with np.errstate(divide="ignore"):
        if lost.reorganisation > 0.0:
            rings = np.minimum(1.0, lost.edge / (lost.start * lost.reorganisation) / since)
        swing = lost.edge * np.minimum(1 / since, FIRST_SWING * lost.start) if lost.edge > 0.0 else 0.0 * t
    return _Following(
        lost=lost, held=F[:, None, None] ** 2 * M, second=F**2 * moment, mean=F**2 * mean, shaken=shaken,
        shaken_mean=shaken_mean, moved=moved, rings=rings, swing=swing, operator=L, strength=F, hot=1 + 2 * n,
    )  # fmt: skip


@dataclass(frozen=True, kw_only=True, eq=False)
class StateChange:
    """Trace norms (m,) of what changes in rho_S. No bounds, estimates.

    whole   dressed coherences, phases, and populations
    mixing  without phases that nothing but rho_S itself can tell: the part that changes entropies
    acting  without coherences that nothing else can tell either: the part that changes energies, heat and work
    """

    whole: Real
    mixing: Real
    acting: Real


def state_change(run: Trajectory, e: Expectations, tails: list[_Following]) -> StateChange:
    """What the dressing and delta H do to rho_S.

    What delta H does in a time is forgotten as the system relaxes: it counts for (int |d rho_S|)^2 / int |d rho_S/dt|^2 dt, which is t
    while rho_S moves evenly, and no longer grows once it rests. Phases act on the rest as far as delta H commutes neither with H_S
    nor with L; coherences in the basis of L, and populations, as far as L does not commute with H_S.
    """
    shift, dressed = np.zeros_like(e.rho_S), np.zeros_like(e.rho_S)
    for one in tails:
        factor = one.strength[:, None, None] ** 2 * one.lost.dressing * one.hot
        shift = shift - one.lost.reorganisation * one.held - 0.5 * factor * _twice(one.operator, e.hamiltonian)
        dressed = dressed + (1 + one.rings)[:, None, None] * factor * _twice(one.operator, e.rho_S)
    coherences = _trace_norm(dressed)
    if run.start == "product":
        coherences[0] = 0.0
    turning, speed = _trace_norm(1j * (shift @ e.rho_S - e.rho_S @ shift)), _trace_norm(e.rho_S_rate)
    way, squares = _integral(e.times, speed), _integral(e.times, speed**2)
    felt = np.divide(way**2, squares, out=e.times.copy(), where=squares > 0)
    phases = np.minimum(_integral(e.times, turning), np.maximum.accumulate(turning) * felt)
    spread, levels = (np.ptp(np.linalg.eigvalsh(matrices), axis=-1) for matrices in (shift, e.hamiltonian))
    scale = max(*run.model.temperatures, float(levels.max()))
    relaxed = np.maximum.accumulate(_trace_norm(e.rho_S - e.rho_S[0]))
    relaxed = np.ones_like(relaxed) if run.start == "mean-force" else np.minimum(1.0, relaxed)
    populations = relaxed * spread / (2 * scale) if scale > 0.0 else np.zeros_like(relaxed)
    couplings = [one.operator for one in tails]
    exchanged = max(_clash(L, e.hamiltonian) for L in couplings)
    told = min(
        1.0, max(_clash(shift[k], e.hamiltonian[k : k + 1]) for k in (0, -1)) + max(_clash(L, shift) for L in couplings)
    )
    both = told * phases + exchanged * populations
    # turning a state leaves its entropy; what follows differs in as much as the baths have mixed it
    mixed = np.maximum.accumulate(np.minimum(1.0, 4 * (1 - np.linalg.eigvalsh(e.rho_S)[:, -1])))
    return StateChange(
        whole=np.minimum(2.0, coherences + phases + exchanged * populations),
        mixing=np.minimum(2.0, coherences + both * mixed),
        acting=np.minimum(2.0, exchanged * coherences + both),
    )


def _clash(one: Complex, others: Complex) -> float:
    """How far a matrix (d, d) is from commuting with any of ``others`` (m, d, d): 0 to 1, independent of their sizes."""
    most = 0.0
    for other in others[:: max(1, len(others) // 16)]:
        commutator = one @ other - other @ one
        size = _size(one) * _size(other)
        if size > 0.0:
            most = max(most, float(np.linalg.norm(commutator, 2)) / size)
    return min(1.0, most)


def _size(matrix: Complex) -> float:
    """The norm of what is no multiple of 1; 0 where that is rounding."""
    apart = matrix - np.trace(matrix) / len(matrix) * np.eye(len(matrix))
    size = float(np.linalg.norm(apart, 2))
    return size if size > 1e-14 * float(np.linalg.norm(matrix, 2)) else 0.0


def _on_energies(
    run: Trajectory, e: Expectations, tails: list[_Following], state: StateChange, alpha_S: float
) -> dict[str, Real]:
    """Amounts (m,), with ``_each`` (m, B), of energies, heat, work and their rates, at the step times."""
    levels = np.ptp(np.linalg.eigvalsh(e.hamiltonian), axis=-1)
    scale = np.maximum.accumulate(levels + np.abs(e.strength * e.product).sum(axis=1))
    kept = 0.5 * state.acting * scale  # what a different rho_S makes the modes below the cut do
    also = kept[:, None]
    rings = np.stack([one.rings for one in tails], axis=1)
    bare = np.array([one.lost.reorganisation for one in tails])
    of_lambda = bare * (1 + rings)
    started = np.ones((e.times.size, 1))
    if run.start == "product":
        started[0] = 0.0

    def each(name: str) -> Real:
        return np.stack([getattr(one, name) for one in tails], axis=1)

    second, mean, apart, shaken, shaken_mean, shaken_apart, swing = map(
        each, ("second", "mean", "apart", "shaken", "shaken_mean", "shaken_apart", "swing")
    )
    moved = np.array([one.moved for one in tails])
    switched = np.abs(np.diff(each("strength") ** 2, axis=0, prepend=each("strength")[:1] ** 2))
    own, system = abs(alpha_S), abs(1 - alpha_S)

    def driven(of: Real) -> Real:
        """lambda int |of/F^2 d(F^2)| (m, B), ``of`` with its F^2."""
        squares = each("strength") ** 2
        without = np.divide(of, squares, out=np.zeros_like(of), where=squares > 0)
        return np.asarray(of_lambda * np.cumsum(switched * without, axis=0))

    def felt(held: Real, off: Real) -> Real:
        """2 lambda times what the system feels (m, B): of what it holds, and of what it has shaken off and still swings with it."""
        return np.asarray(started * 2 * bare * (held + rings * np.sqrt(held * off)))

    E_B = started * of_lambda * (second + shaken) + also
    E_int = (felt(second, shaken) + started * 2 * of_lambda * np.sqrt(second) * moved).sum(axis=1) + kept
    h = (felt(mean, shaken_mean) + started * 2 * of_lambda * np.sqrt(mean) * moved).sum(axis=1) + kept
    U_chi = felt(apart, shaken_apart).sum(axis=1) + kept
    Q_B = started * of_lambda * (apart + shaken_apart) + also
    swept = np.maximum.accumulate(np.abs(mean - mean[0]), axis=0)
    W_B = started * of_lambda * (own * swept + system * (mean + shaken_mean)) + (own + system) * also
    W_chi = driven(apart).sum(axis=1)
    moving = np.ptp(np.linalg.eigvalsh(np.diff(e.hamiltonian, axis=0, prepend=e.hamiltonian[:1])), axis=-1)
    on_system = np.cumsum(0.5 * state.acting * moving)
    E_S = 0.5 * state.acting * levels
    at_start = E_B[0].sum() + E_int[0]
    slopes = {"second": _slope(e, second), "apart": _slope(e, apart), "mean": _slope(e, mean)}
    rate = (kept * np.maximum.accumulate(levels))[:, None]
    flux = of_lambda * slopes["second"] + 2 * swing * np.sqrt(second * shaken) + rate
    Qdot_B = of_lambda * slopes["apart"] + 2 * swing * np.sqrt(apart * shaken_apart) + rate
    turned = 2 * of_lambda * slopes["mean"]
    Wdot_B = own * turned + system * (turned + 2 * swing * np.sqrt(mean * shaken_mean)) + rate
    return {
        "E_S": E_S, "E_B": E_B.sum(axis=1), "E_int": E_int, "h": h, "U_chi": U_chi,
        "U_S": E_S + system * h, "U_B": E_B.sum(axis=1) + own * h,
        "U_tot": driven(second).sum(axis=1) + on_system + (0.0 if run.start == "product" else at_start),
        "Q_S": (of_lambda * np.abs(apart - shaken_apart) * started).sum(axis=1) + W_chi + kept,
        "Q_B": Q_B.sum(axis=1), "Q_chi": U_chi + W_chi,
        "W_S": W_B.sum(axis=1) + driven(mean).sum(axis=1) + on_system, "W_B": W_B.sum(axis=1),
        "W_chi": W_chi, "W_total": driven(second).sum(axis=1) + on_system,
        "W_drive_S": on_system, "W_drive_each": driven(second),
        "Qdot_S": (turned + rate).sum(axis=1), "Qdot_B": Qdot_B.sum(axis=1),
        "Wdot_S": Wdot_B.sum(axis=1), "Wdot_B": Wdot_B.sum(axis=1),
        "E_B_each": E_B, "Q_B_each": Q_B, "W_B_each": W_B, "flux_each": flux,
        **_variance(tails, started),
    }  # fmt: skip


def _variance(tails: list[_Following], started: Real) -> dict[str, Real]:
    """Of the heat: 2 <M> int J coth (1 - cos wt) of each bath, infinite where int J is."""
    each = []
    for one in tails:
        size = one.second + one.shaken
        with np.errstate(invalid="ignore"):
            each.append(np.where(size * started[:, 0] > 0, 2 * one.lost.weight * one.hot * size, 0.0))
    return {"Var_Q_B": np.sum(each, axis=0), "Var_Q_B_each": np.stack(each, axis=1)}


def _twice(L: Complex, matrices: Complex) -> Complex:
    """([L^dag, [L, M]] + [L, [L^dag, M]])/2 (m, d, d)."""

    def inside(one: Complex, M: Complex) -> Complex:
        return one @ M - M @ one

    other = L.conj().T
    return np.asarray((inside(other, inside(L, matrices)) + inside(L, inside(other, matrices))) / 2)


def _trace_norm(matrices: Complex) -> Real:
    """(m,) of (m, d, d)."""
    return np.asarray(np.linalg.svd(matrices, compute_uv=False).sum(axis=-1))


def _integral(t: Real, values: Real) -> Real:
    """From the first time on (m,), by trapezoids."""
    return np.append(0.0, np.cumsum(0.5 * np.diff(t) * (values[1:] + values[:-1])))


def _slope(e: Expectations, values: Real) -> Real:
    """|d/dt| (m, B), from the values after each step, where a drive jumps those after the jump."""
    if e.after.size == 1:
        return np.zeros_like(values)
    return np.asarray(np.abs(np.gradient(values[e.after], e.times[e.after], axis=0))[e.step])
