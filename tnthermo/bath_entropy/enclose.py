"""I(S:B) enclosed: which modes are tried, how many, and when it is enough.

Modes are chosen in several ways: by what the system has felt, recently or at all, or by what the state itself says of its correlations.
Every bound holds, the best count. A look with few states tells which ways are worth more; the number of modes then grows until the bounds
are as close as they should be, the states too many, or what one mode more wins is little, twice in a row.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from tnthermo.bath_entropy.block import Cut
from tnthermo.bath_entropy.components import Chosen, Components, choose_modes, components
from tnthermo.bath_entropy.correlation import Correlation, Unphysical
from tnthermo.bath_entropy.counting import configurations
from tnthermo.bath_entropy.fields import Fields, Window, fields, held_fields
from tnthermo.bath_entropy.informed import Knowledge, knowledge
from tnthermo.bath_entropy.partnerless import gaussian_change, non_gaussian
from tnthermo.bath_entropy.sides import Effort, Side, at_origin, entropy_of_system, side
from tnthermo.engine_protocol import Held
from tnthermo.model.model import Model
from tnthermo.network.state import State

RECENT = 4.0  # radians of the fastest mode that are recent at least; else a third of the time
SMALLEST = 1e-6  # nats of 2 S_S, for which weights are scaled no further
# weights left out of K, of the rest and by a rotation, per nat of 2 S_S up to one
INSIDE, OUTSIDE, GATE = 5e-5, 2e-6, 1e-7
LOOSE = 2.0  # INSIDE and OUTSIDE up to so many times, where a half width may be larger than
FAIR = 6e-4  # nats
BOND, WIDEST = 2 / 3, 100  # states of a bond that rotations keep, per state of K, and at most
COARSER = 20.0  # times these, where it is only seen which way is worth more
FEWEST = 32  # states of a bond that rotations may always keep
SCREEN_MOST = 60
SCREEN_STATES, FIRST_LOOK = 30, 2  # of the look: number states that its modes may have, and how many modes at most
TRIED = 3  # ways that are followed up
MOST_MODES = 8
COUNTED = 1e-3  # of the thermal state of the modes, whose configurations outside of the rest are not counted as states
ROWS = 3.0  # states kept of K for each number state of its modes, up to the most that may be
DEARER = 3.0  # power of these with which a look gets dearer: measured
CLOSE_LOOK = 10.0  # what a look takes in units of one with few states, for as many of them: measured, 5 to 30
GAIN = 0.25  # of the target, that one mode more should win
CROSSED = 1e-3  # nats, and
CROSSED_SHARE = 1e-2  # of 2 S_S, by which a run's truncation may make its lower bound larger than the upper one


@dataclass(kw_only=True)
class _Best:
    """The best bounds so far."""

    lower: float = 0.0
    upper: float = np.inf
    ways: list[str] = field(default_factory=lambda: ["zero", "2 S_S"])
    costs: list[float] = field(default_factory=lambda: [0.0, 0.0])
    rows: int = 1
    modes: int = 0
    work: float = 0.0

    @property
    def half(self) -> float:
        return 0.5 * (self.upper - self.lower)

    def raise_lower(self, value: float, way: str, cost: float) -> None:
        if value > self.lower:
            self.lower, self.ways[0], self.costs[0] = value, way, cost

    def reduce_upper(self, value: float, way: str, cost: float) -> None:
        if value < self.upper:
            self.upper, self.ways[1], self.costs[1] = value, way, cost


def enclose(
    state: State,
    model: Model,
    *,
    initial_entropy: float,
    held: Held | None = None,
    target: float,
    share: float = math.inf,
    most: int,
    budget: float = math.inf,
    modes: int | None = None,
) -> Correlation:
    """I(S:B) of a state of a run from a product of the system with thermal baths, displaced or not.

    initial_entropy  S_S at t = 0, nats
    held             what the sites hold of the baths, where these are no chains
    target           half of the distance of the bounds, nats, at which it is enough
    share            of 2 S_S, at which it is, where that is less
    most             states kept of K, and twice those of what purifies it: time grows as their cube
    budget           products of numbers that it may take, as far as can be foretold: within a factor 2; what is begun is finished
    modes            exactly that many; None: as many as pay

    Raises `Unphysical` where the bounds contradict each other by more than truncation accounts for, or the moments are those of no state.
    """
    state = at_origin(state)
    S = entropy_of_system(state)
    found = fields(model, state.time) if held is None else held_fields(model, state.time, held)
    moments = knowledge(state, found)
    best, target = _Best(), min(target, share * 2 * S)
    best.reduce_upper(2 * S, "2 S_S", 0.0)
    gaussian = S - initial_entropy + gaussian_change(found, moments)
    best.reduce_upper(gaussian, "Gaussian", 0.0)
    scale = min(max(2 * S, SMALLEST), 1.0)

    def count(one: Side) -> None:
        best.modes, best.rows = max(best.modes, one.modes), max(best.rows, one.gathered.block.rows)
        best.work += one.work

    def look_below(chosen: Chosen, way: str, how: Effort) -> tuple[float, float]:
        """(lower bound, upper bound without partners)."""
        below = side(state, found, chosen, how, mirror=False)
        upper = gaussian - non_gaussian(found, chosen, below.gathered)
        best.raise_lower(below.bound, way, below.cost)
        best.reduce_upper(upper, f"{way}, no partners", 0.0)
        count(below)
        return below.bound, upper

    def look(chosen: Chosen, way: str, how: Effort, partners: bool = True) -> bool:
        """Whether the upper bound by partners is the better one; it is not asked for without ``partners``."""
        _, alone = look_below(chosen, way, how)
        if not partners:
            return False
        above = side(state, found, chosen, how, mirror=True)
        best.reduce_upper(2 * S - above.bound, way, above.cost)
        count(above)
        return 2 * S - above.bound < alone

    ways = _ways(found, moments, state.time)
    if modes is not None:
        for way, parts in ways.items():
            look(choose_modes(found, parts, modes), way, _effort(scale, most, target))
    elif best.half > target:
        _grow(ways, found, most, scale, target, budget, best, look_below, look)
    if not best.lower <= best.upper + CROSSED + CROSSED_SHARE * 2 * S:
        raise Unphysical(f"the lower bound of S_chi, {best.lower:.6g}, is above the upper one, {best.upper:.6g}")
    return Correlation(
        lower=best.lower, upper=best.upper, S_S=S, modes=best.modes, rows=best.rows, cost=sum(best.costs), work=best.work,
        how=(best.ways[0], best.ways[1]),
    )  # fmt: skip


def _grow(
    ways: dict[str, Components],
    found: Fields,
    most: int,
    scale: float,
    target: float,
    budget: float,
    best: _Best,
    look_below: Callable[[Chosen, str, Effort], tuple[float, float]],
    look: Callable[[Chosen, str, Effort, bool], bool],
) -> None:
    """More and more modes in the best ways, which a look with few states finds."""
    effort, missing = _effort(scale, most, target), COUNTED * scale
    bounds: dict[str, float] = {}
    prices: dict[str, float] = {}  # of a close look, for each of its `cubes`
    dearest = 0.0

    def cubes(chosen: Chosen) -> float:
        return float(min(ROWS * _states(chosen, missing), most) ** DEARER)

    def too_dear(chosen: Chosen, price: float) -> bool:
        return best.work + price * cubes(chosen) > budget

    for way, parts in ways.items():
        if bounds and best.work + dearest > budget:
            break
        spent, few = best.work, _largest(found, parts, SCREEN_STATES, FIRST_LOOK, missing)
        bounds[way] = look_below(few, way, _effort(scale * COARSER, SCREEN_MOST, target))[0]
        prices[way], dearest = CLOSE_LOOK * (best.work - spent) / cubes(few), max(dearest, best.work - spent)
    for way in sorted(bounds, key=bounds.__getitem__, reverse=True)[:TRIED]:
        if best.half <= target or best.work > 0.5 * budget:
            return
        chosen, weak = _largest(found, ways[way], most // 3, MOST_MODES, missing), 0
        while chosen.modes > 1 and too_dear(chosen, prices[way]):
            chosen = choose_modes(found, ways[way], chosen.modes - 1)
        if too_dear(chosen, prices[way]):
            continue
        partners = True
        while chosen.modes and weak < 2 and best.half > target:
            half, spent = best.half, best.work
            partners = look(chosen, way, effort, partners)
            weak = weak + 1 if half - best.half < GAIN * target else 0
            more = choose_modes(found, ways[way], chosen.modes + 1)
            price = (best.work - spent) / cubes(chosen)
            if more.modes == chosen.modes or _states(more, missing) > most or too_dear(more, price):
                break
            chosen = more


def _effort(scale: float, most: int, target: float) -> Effort:
    """What may be left out, for 2 S_S = ``scale``: less where a closer target is to be met."""
    loose = scale * min(max(target / FAIR, 1.0), LOOSE)
    return Effort(
        cut=Cut(inside=INSIDE * loose, outside=OUTSIDE * loose, most_inside=most, most_outside=2 * most),
        gate=GATE * scale,
        bond=max(FEWEST, min(WIDEST, int(BOND * most))),
    )


def _largest(found: Fields, parts: Components, states: int, limit: int, missing: float) -> Chosen:
    """As many modes as that many states hold, at most ``limit``, at least one if there is any."""
    chosen = choose_modes(found, parts, 1)
    while chosen.modes < limit:
        more = choose_modes(found, parts, chosen.modes + 1)
        if more.modes == chosen.modes or _states(more, missing) > states:
            break
        chosen = more
    return chosen


def _states(chosen: Chosen, missing: float) -> float:
    """About how many number states the modes take but for a weight that is missing."""
    return configurations(chosen.occupations, missing=missing)


def _ways(found: Fields, moments: Knowledge, t: float) -> dict[str, Components]:
    """Components by which modes are chosen."""
    fastest = max(nodes.fastest for nodes in found.nodes)
    after = 1 / fastest
    known = moments.columns
    moved = found.form @ known
    columns = {
        "felt recently": found.seen(t, Window(forget=max(RECENT / fastest, t / 3), after=after)),
        "felt": found.seen(t, Window(forget=max(t, RECENT / fastest), after=after)),
        "informed": known,
        "informed and what it moves": np.hstack([known, 0.3 * moved]),
        "what it moves, informed": np.hstack([0.5 * known, moved]),
    }
    return {way: components(found, part) for way, part in columns.items()}
