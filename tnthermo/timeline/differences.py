"""Error columns: how far a run is from a rougher run of the same model, and from its own balances."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tnthermo.timeline.clock import common_times
from tnthermo.types import Real

SLOWEST = 4.0  # a residual that falls by a quarter of itself from the rougher run to this one is on its way to zero

FLOORS = "at least the residuals named in `floor` (on time bins those with an integral of rates as far as they do not fall with the step)"
HOW = (
    "largest difference, up to the record time after, to the same run at twice the step, ten times the tolerance, half the bond cap and "
    f"three quarters of fixed levels; {FLOORS}, |1 - norm| of the value and half of what columns of the same kind differ by"
)
HOW_LOCAL = (
    "as for the other columns, but the largest difference at this record time and its two neighbours, and at least what the errors of "
    "the rates make of the ratio's: infinite where the denominator is zero within its error"
)
HOW_SPARSE = (
    "as for the other columns, from the times at which both runs evaluated it: the largest difference up to the second of these at or "
    "after a time"
)

HOW_LADDER = (
    "what each setting still costs, by its law, from two runs that differ in it alone (largest difference up to the record time after), "
    f"all together; {FLOORS} and |1 - norm| of the value"
)

HOW_BARS = (
    "what the error bars of the bath's entropy make of its derivative or integral through the times that have a value, what one of fewer "
    "points differs by, and the errors of the other rates: infinite where a denominator is zero within its error"
)


def at_next(here: npt.NDArray[np.int64], values: Real, count: int) -> Real:
    """``values`` (k, ...) known at the increasing indices ``here`` (k,), for all of ``count`` indices: each has that of the next known one.

    What is known at an earlier time says nothing of what happened since; after the last known one there is only that.
    """
    if not here.size:
        return np.full((count, *values.shape[1:]), np.nan)
    return np.asarray(values[np.minimum(np.searchsorted(here, np.arange(count)), here.size - 1)])


def envelope(t: Real, values: Real, other_t: Real, others: Real, *, local: bool = False) -> Real:
    """Running maximum over time of |values - others|, shape of ``values`` (n, ...), at the times ``t``: up to the common time after each.

    A difference passes through zero: of the first few one alone may be a hundred times smaller than what it estimates. At the start it is
    its own.

    local  only over a time and its two neighbours: for columns with poles, beyond which the error is small again

    Times that the rough run lacks have the maximum up to the next one that both have: the agreement at an earlier one, of two equal
    starts say, vouches for nothing. NaN where one of the two is NaN at that time. Two equal infinities do not differ.
    """
    here, there = common_times(t, other_t)
    a, b = values[here], others[there]
    with np.errstate(invalid="ignore"):
        difference = np.where(a == b, 0.0, np.abs(a - b))
    largest = difference.copy()
    if local:
        largest[1:] = np.fmax(largest[1:], difference[:-1])
        largest[:-1] = np.fmax(largest[:-1], difference[1:])
    else:
        largest = _up_to_next(difference)
    # Measured by one of the two only: what they agreed on at other times vouches for nothing here.
    return at_next(here, np.where(np.isnan(difference), np.nan, largest), t.size)


def sparse_envelope(
    t: Real, values: Real, mine: npt.NDArray[np.bool_], other_t: Real, others: Real, theirs: npt.NDArray[np.bool_]
) -> Real:
    """`envelope` of what is evaluated now and then, shape of ``values`` (n, ...).

    mine, theirs  (n,), (m,) where each of the two runs evaluated it

    Only a time at which both did is compared: that of each of ``mine`` is the first such time at or after it, so that the agreement of
    two equal starts vouches for nothing. NaN after the last one, and elsewhere.
    """
    here, there = common_times(t, other_t)
    both = mine[here] & theirs[there]
    here, there = here[both], there[both]
    result = np.full(values.shape, np.nan)
    if not here.size:
        return result
    a, b = values[here], others[there]
    with np.errstate(invalid="ignore"):
        largest = _up_to_next(np.where(a == b, 0.0, np.abs(a - b)))
    next_ = np.searchsorted(here, np.arange(t.size))
    known = mine & (next_ < here.size)
    result[known] = largest[next_[known]]
    return result


def _up_to_next(difference: Real) -> Real:
    """The largest of the differences (k, ...) up to the one after each; the first, of two starts, stands by itself."""
    near = difference.copy()
    near[1:-1] = np.fmax(near[1:-1], difference[2:])
    return np.asarray(np.fmax.accumulate(near, axis=0))


def with_floor(error: Real, value: Real, floors: tuple[Real, ...], norm: Real, *, local: bool = False) -> Real:
    """``error`` (n, ...), at least the largest of the ``floors`` (n,) so far (at the time itself with ``local``) and |1 - norm| |value|.

    NaN where the value is NaN. An infinite value gets no floor from the norm, its size being no scale.
    """
    each = (-1,) + (1,) * (value.ndim - 1)
    least = np.abs(1 - norm.reshape(each)) * np.where(np.isfinite(value), np.abs(value), 0.0)
    for floor in floors:
        least = np.fmax(least, (np.abs(floor) if local else np.fmax.accumulate(np.abs(floor))).reshape(each))
    return np.where(np.isnan(value) | np.isnan(error), np.nan, np.fmax(error, least))


def unexplained(residual: Real, apart: Real) -> Real:
    """What is left (n,) of a residual that falls as the run gets finer, ``apart`` (n,) how far it was from that of the rougher run so far.

    One that was at least five quarters as large there is the error of its own quadrature, and says nothing of what it balances;
    one that stays as it is counts as a whole.
    """
    return np.asarray(np.maximum(np.fmax.accumulate(np.abs(residual)) - SLOWEST * np.nan_to_num(apart, nan=0.0), 0.0))


def floors_of(names: tuple[str, ...], columns: Mapping[str, Real]) -> tuple[Real, ...]:
    """The columns called ``names``, those that were not evaluated left out."""
    return tuple(columns[name] for name in names if not np.isnan(columns[name]).all())
