"""What a ladder of values of one setting says of one column: differences, observed order, limit, plateau, and what is still missing.

Pure arithmetic on curves over time, coarse to fine; it knows nothing of runs and files.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from tnthermo.types import Real

ALIGNED = 0.97  # cosine between the differences of two neighbouring pairs that count as copies of each other
ORDERS = (0.4, 9.0)  # between which an order is believed
FEWEST_TIMES = 4  # at which curves differ, for an order
ROUNDING = 1e-13  # of the largest value: differences below are those of double precision
CLEARLY = 0.75  # of the way to all finer that may be left where one setting is said to limit
LEAST, MOST = 0.25, 2.0  # of the last difference: what the finest value of a ladder without an order may still lack


@dataclass(frozen=True, kw_only=True)
class Order:
    """How differences fall with the setting.

    value   the exponent; NaN where none is clean
    why     the reason then
    misfit  largest part of the last difference that does not follow it
    """

    value: float
    why: str = ""
    misfit: float = 0.0

    @property
    def clean(self) -> bool:
        return math.isfinite(self.value)


@dataclass(frozen=True, kw_only=True, eq=False)
class Verdict:
    """What a ladder of n values says of a column at m times.

    difference   (n,) largest distance from the finest value, at times that both have; NaN for one without values
    order        see `Order`
    limit        (m,) extrapolated with that order, and its own ``uncertainty`` (m,); NaN without one
    plateau      index of the first value from which on nothing moves by more than the floor; -1 for none
    error        (m,) bound on what the reference lacks: its distance from the finest, and ``remaining``
    remaining    (m,) what the finest itself may lack
    """

    difference: Real
    order: Order
    limit: Real
    uncertainty: Real
    plateau: int
    error: Real
    remaining: Real

    @property
    def size(self) -> float:
        """The largest error."""
        return largest(self.error)


def largest(values: Real) -> float:
    """The largest finite entry in size; NaN where there is none."""
    finite = np.abs(values[np.isfinite(values)])
    return float(finite.max()) if finite.size else math.nan


def so_far(values: Real, *, local: bool = False) -> Real:
    """The largest entry up to each time, or of a ``local`` error the entry itself; NaN counts as nothing."""
    known = np.where(np.isfinite(values), values, 0.0)
    return known if local else np.asarray(np.fmax.accumulate(known))


def verdict(
    sizes: Sequence[float],
    curves: Real,
    reference: int,
    *,
    powers: bool,
    whole: bool,
    floor: float,
    least: float = LEAST,
    local: bool = False,
) -> Verdict:
    """Judge a ladder.

    sizes      (n,) values of the setting, coarse to fine
    curves     (n, m) the column at each; NaN where it has no value
    reference  which of them is the reference
    powers     whether differences are expected to fall as a power of the value, as for a step
    whole      whether nothing is finer than the last value: a bond that nothing caps
    floor      differences that are as small as that are a plateau
    least      what the finest lacks at least, in parts of the last difference, where no order is clean
    local      whether errors are those of each time: of a ratio with poles, where they are large and are not carried on
    """
    n, m = curves.shape
    having = compared(curves, reference)
    nothing = np.full(m, math.nan)
    if reference not in having or len(having) < 2:
        none = Order(value=math.nan, why="fewer than two values")
        return Verdict(
            difference=np.full(n, math.nan), order=none, limit=nothing, uncertainty=nothing, plateau=-1,
            error=nothing, remaining=nothing,
        )  # fmt: skip
    known = np.where(np.isfinite(curves), curves, math.nan)
    finest = having[-1]
    difference = np.array([largest(known[i] - known[finest]) if i in having else math.nan for i in range(n)])
    order = Order(value=math.nan, why="no power law is expected")
    limit, uncertainty = nothing, nothing
    if powers:
        order = observed_order([sizes[i] for i in having], known[having])
    if order.clean:
        limit, uncertainty = extrapolated([sizes[i] for i in having], known[having], order)
    distance = np.abs(known[reference] - known[finest])
    shared = np.isfinite(distance)
    lacks: Any = lacking(known[having], whole=whole, least=least)
    if local and largest(known[finest] - known[having[-2]]) > 0:
        last = np.abs(known[finest] - known[having[-2]])
        lacks = lacks * last / largest(last)
    remaining = np.where(shared, lacks, math.nan)
    if order.clean:
        remaining = np.abs(limit - known[finest]) + uncertainty
    error = np.where(shared, so_far(distance, local=local) + so_far(remaining, local=local), math.nan)
    return Verdict(
        difference=difference, order=order, limit=limit, uncertainty=uncertainty,
        plateau=plateau(difference, floor), error=error, remaining=remaining,
    )  # fmt: skip


def compared(curves: Real, reference: int) -> list[int]:
    """The values that can be compared: those with the column at two of the reference's times at least. At the first all runs agree."""
    own = np.isfinite(curves[reference])
    fewest = min(2, curves.shape[1])
    return [i for i in range(len(curves)) if int((own & np.isfinite(curves[i])).sum()) >= fewest]


def observed_order(sizes: Sequence[float], curves: Real) -> Order:
    """The exponent p of y = y_0 + C size^p, with the same p at all times, from the three finest values; none where they do not follow one.

    The differences of the finer pair have to be a smaller copy of those of the coarser one over the whole time: noise is not.
    """
    if len(sizes) < 3:
        return Order(value=math.nan, why="fewer than three values")
    x, y = np.asarray(sizes, dtype=float)[-3:], curves[-3:]
    known = np.isfinite(y).all(axis=0)
    first, second = y[0, known] - y[1, known], y[1, known] - y[2, known]
    scale = largest(y)
    if int((np.abs(first) > ROUNDING * scale).sum()) < FEWEST_TIMES:
        return Order(value=math.nan, why="no difference")
    if largest(second) <= ROUNDING * scale:
        return Order(value=math.nan, why="differences are those of rounding")
    cosine = float(first @ second / math.sqrt((first @ first) * (second @ second)))
    if cosine < ALIGNED:
        why = f"finer differences are no smaller copy of coarser ones (cosine {cosine:.2f})"
        return Order(value=math.nan, why=why)
    ratio = float(first @ second / (second @ second))

    def beyond(p: float) -> float:
        return float((x[0] ** p - x[1] ** p) / (x[1] ** p - x[2] ** p)) - ratio

    if beyond(ORDERS[0]) > 0 or beyond(ORDERS[1]) < 0:
        return Order(
            value=math.nan, why=f"differences fall by {ratio:.2g}: no order between {ORDERS[0]:g} and {ORDERS[1]:g}"
        )
    return Order(value=_root(beyond, *ORDERS), misfit=largest(first / ratio - second))


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    """Where a growing function is 0, by halving."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (low, middle) if function(middle) > 0 else (middle, high)
    return (low + high) / 2


def extrapolated(sizes: Sequence[float], curves: Real, order: Order) -> tuple[Real, Real]:
    """(limit (m,), its uncertainty (m,)): with the observed order, and what the next whole order and the misfit would change."""
    x, last = np.asarray(sizes, dtype=float)[-2:], curves[-1] - curves[-2]

    def part(p: float) -> float:
        return float(x[1] ** p / (x[0] ** p - x[1] ** p))

    own = part(order.value)
    other = max(abs(part(max(1.0, float(f(order.value)))) - own) for f in (math.floor, round, math.ceil))
    nearest = abs(part(max(1.0, float(round(order.value)))) - own)
    spread = nearest if abs(order.value - round(order.value)) < 0.25 else other
    return curves[-1] + own * last, np.abs(last) * spread + own * order.misfit


def lacking(curves: Real, *, whole: bool, least: float = LEAST) -> float:
    """What the finest of a ladder may still lack: the last difference, continued as the last two fall, ``least`` to `MOST` of it."""
    if whole:
        return 0.0
    last = largest(curves[-1] - curves[-2])
    if len(curves) < 3:
        return last
    before = largest(curves[-2] - curves[-3])
    ratio = last / before if before > 0 else 1.0
    more = ratio / (1 - ratio) if ratio < 1 else MOST
    return last * min(MOST, max(least, more))


def plateau(difference: Real, floor: float) -> int:
    """The first value from which on, but for the finest, no difference is beyond ``floor``; -1 where there is none before the finest."""
    known = np.flatnonzero(np.isfinite(difference))
    found = -1
    for i in known[:-1][::-1]:
        if difference[i] > floor:
            break
        found = int(i)
    return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Statement:
    """How far a column of the reference is converged.

    error       (m,) bound on what it lacks, up to each time
    limited_by  the setting that costs most; "" where nothing costs anything
    together    whether no setting alone, made finer, brings the reference half of the way to the run with all of them finer
    """

    error: Real
    limited_by: str
    together: bool

    @property
    def size(self) -> float:
        return largest(self.error)


def statement(
    reference: Real, corner: Real | None, verdicts: dict[str, Verdict], finest: dict[str, Real], *, local: bool = False
) -> Statement:
    """From the reference (m,), the run with all settings finer (m,), what each ladder says, and the column at its finest value (m,).

    The bound is the distance from the run with all settings finer (without one, the largest from the finest of a ladder), and on top what
    the finest value of each ladder may still lack. What limits is the setting that alone brings it nearest to all finer: a ladder
    beside another setting that is far too coarse shows that one's errors as well, which may even grow as its own setting gets finer.
    """
    known = {name: found for name, found in verdicts.items() if np.isfinite(found.error).any()}
    lacks = sum((so_far(found.remaining, local=local) for found in known.values()), start=np.zeros(reference.shape))
    there = corner is not None and bool(np.isfinite(reference - corner)[1:].any() or reference.size == 1)
    if corner is not None and there:
        distance = np.abs(reference - corner)
    elif known:
        distance = np.fmax.reduce([found.error - so_far(found.remaining, local=local) for found in known.values()])
    else:
        return Statement(error=np.full(reference.shape, math.nan), limited_by="", together=False)
    error = np.where(np.isfinite(reference), so_far(distance, local=local) + lacks, math.nan)
    sizes = {name: found.size for name, found in known.items()}
    rounding = ROUNDING * (largest(reference) or 1.0)
    if not any(size > rounding for size in sizes.values()):
        return Statement(error=error, limited_by="", together=False)
    worst, far = max(sizes, key=lambda name: sizes[name]), largest(distance)
    if corner is None or not there:
        return Statement(error=error, limited_by=worst, together=False)
    left = {name: largest(finest[name] - corner) for name in known if name in finest}
    left = {name: distance for name, distance in left.items() if math.isfinite(distance)}
    nearest = min(left, key=lambda name: left[name], default=worst)
    told = far > largest(lacks)  # else what is left is not what the corner has
    if told and left and left[nearest] < CLEARLY * far:
        return Statement(error=error, limited_by=nearest, together=left[nearest] > far / 2)
    return Statement(error=error, limited_by=worst, together=told)
