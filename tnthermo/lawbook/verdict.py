"""One law, one verdict: a value against a bound, with the error bar that both together have.

    fails by ...       the bound is missed by more than the error bar
    holds within error it is not, and the error bar is small enough to say so (`resolution` of the law's own scale), or the bound is
                       cleared by more than the error bar
    cannot tell        no value, no error bar, or one too large to tell

Where rigorous bounds are all that is known the value is the middle between them, the error half the width, error bars of both ends
included, and the law is marked (``bracket``): it fails, or holds, where the bounds decide. Errors are never below 1e-9 of the scale: what
rounding leaves of an identity is no failure.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from tnthermo.lawbook.digits import interval, number
from tnthermo.types import Real

Flags = npt.NDArray[np.bool_] | bool
Relation = Literal["=", ">=", "->"]
Verdict = Literal["holds", "fails", "cannot tell"]

PAPER = "Alipour et al."
RESOLUTION = 0.05  # of its scale: the largest error bar with which a law is said to hold
ROUNDING = 1e-9
NO_ERRORS = "no error bars: run with error_bars"


@dataclass(frozen=True, kw_only=True)
class Law:
    """What a run says of one law.

    name      short and unique within a book, e.g. "first_law"
    title     in words
    equation  as text, with the number in the paper
    book      whose book-keeping: "Alipour et al.", "Esposito et al.", "Landauer", "mean force"
    relation  "=", ">=", or "->" for a limit that finite coupling need not have reached
    value     at ``time``, where the law is nearest to failing (or fails most); unit as in ``unit``
    bound     what it is compared with
    error     error bar of value - bound
    scale     what error bars are measured by
    time      nan where the law is about no single time
    excess    by how much it fails beyond the bound, >= 0; 0 unless it fails; the least that the bounds allow where ``bracket``
    reason    why nothing can be told, or a remark; may be empty
    bracket   rigorous bounds, error bars included, are value - error and value + error
    at_end    of an inequality over time: its last value, in words; else empty
    """

    name: str
    title: str
    equation: str
    book: str
    relation: Relation
    unit: str
    value: float
    bound: float
    error: float
    scale: float
    time: float
    verdict: Verdict
    excess: float
    reason: str
    bracket: bool = False
    at_end: str = ""

    @property
    def deviation(self) -> float:
        """How far the value is from the bound: |value - bound|, or for ">=" the shortfall max(0, bound - value)."""
        return abs(self.value - self.bound) if self.relation != ">=" else max(0.0, self.bound - self.value)

    @property
    def bar(self) -> float:
        """The error bar that decides: ``error``, but never below what rounding leaves, 1e-9 of the scale."""
        return decisive(self.error, self.scale) if math.isfinite(self.error) else self.error

    @property
    def text(self) -> str:
        """The verdict in words, a failure with its size."""
        if self.verdict == "fails":
            inverse = " 1/energy" if self.unit == "1/energy" else ""  # not the unit of its row
            return f"fails by {number(self.deviation, self.bar, self.bracket)}{inverse}"
        return "holds within error" if self.verdict == "holds" else "cannot tell"


@dataclass(frozen=True, kw_only=True)
class Statement:
    """A law before it is judged; see `Law`."""

    name: str
    title: str
    equation: str
    relation: Relation
    unit: str
    book: str = PAPER
    bound: float = 0.0


def decisive(error: float, scale: float) -> float:
    """A finite error bar, but never below what rounding leaves."""
    return max(error, ROUNDING * scale)


def judge(relation: Relation, value: float, bound: float, error: float, scale: float, resolution: float) -> Verdict:
    """The verdict on one number; never "fails" unless the bound is missed by more than the error bar, and than doubles are apart there."""
    if not (math.isfinite(value) and math.isfinite(bound) and math.isfinite(error)):
        return "cannot tell"
    bar = decisive(error, scale)
    short = bound - value if relation == ">=" else abs(value - bound)
    if short > bar + float(np.spacing(max(abs(value), abs(bound)))):  # a double says its number no better
        return "fails"
    cleared = relation == ">=" and value - bar >= bound - ROUNDING * scale
    return "holds" if cleared or bar <= resolution * scale or bar == 0 else "cannot tell"


def single(
    statement: Statement,
    value: float,
    error: float,
    *,
    scale: float,
    resolution: float,
    time: float = math.nan,
    reason: str = "",
    bracket: bool = False,
) -> Law:
    """The law about one number, or about what lies between bounds."""
    verdict = judge(statement.relation, value, statement.bound, error, scale, resolution)
    short = statement.bound - value if statement.relation == ">=" else abs(value - statement.bound)
    if verdict == "cannot tell" and not reason:
        reason = _why(value, error, scale, resolution, bracket)
    if bracket:
        short -= decisive(error, scale)
    return Law(
        name=statement.name, title=statement.title, equation=statement.equation, book=statement.book, relation=statement.relation,
        unit=statement.unit, value=float(value), bound=float(statement.bound), error=float(error), scale=float(scale), time=float(time),
        verdict=verdict, excess=float(short) if verdict == "fails" else 0.0, reason=reason, bracket=bracket,
    )  # fmt: skip


def with_remark(law: Law, remark: str) -> Law:
    """The same law with something more to say."""
    return replace(law, reason="; ".join(part for part in (law.reason, remark) if part))


def _why(value: float, error: float, scale: float, resolution: float, bracket: bool = False) -> str:
    if math.isnan(value):
        return "no value"
    if math.isinf(value):
        return "infinite"
    if math.isnan(error):
        return NO_ERRORS
    if bracket:
        return f"the bounds {interval(value - error, value + error)} do not decide"
    return f"the error bar is larger than {resolution:g} of {scale:.3g}"


def over_time(
    statement: Statement,
    t: Real,
    value: Real,
    error: Real,
    *,
    scale: float,
    resolution: float,
    reason: str = "",
    bracket: Flags = False,
) -> Law:
    """The law at every time (n,): it fails if it fails once, and holds if it can be told at every time that has a value.

    ``reason``: of times without a value, or with bounds only (``bracket``, (n,)). The value reported is that where the law fails most,
    or is nearest to it; of an inequality not at the start, where it holds because nothing has happened yet, and with the last value.
    """
    known = np.isfinite(value)
    if not known.any():
        return single(statement, math.nan, math.nan, scale=scale, resolution=resolution, reason=reason or "no value")
    bracket = np.broadcast_to(bracket, known.shape)[known]
    t, value, error = t[known], value[known], error[known]
    at_end = ""
    if statement.relation == ">=" and t.size > 1:
        if abs(value[0] - statement.bound) + error[0] <= ROUNDING * scale:
            t, value, error, bracket = t[1:], value[1:], error[1:], bracket[1:]
        last = number(float(value[-1]), max(float(error[-1]), ROUNDING * scale), bool(bracket[-1]))
        at_end = f"{last} at t = {t[-1]:.4g}"
    short = statement.bound - value if statement.relation == ">=" else np.abs(value - statement.bound)
    bar = np.fmax(error, ROUNDING * scale)
    verdicts = [
        judge(statement.relation, float(v), statement.bound, float(e), scale, resolution)
        for v, e in zip(value, error, strict=True)
    ]
    remark = "" if known.all() else f"at {int(known.sum())} of {known.size} times"
    # what is reported: the worst failure; else the time whose error bar keeps one from telling; else the nearest to failing
    order = {"fails": short - np.nan_to_num(bar), "cannot tell": np.nan_to_num(bar, nan=np.inf), "holds": short}
    for verdict, badness in order.items():
        here = np.array([found == verdict for found in verdicts])
        if not here.any():
            continue
        i = int(np.argmax(np.where(here, badness, -np.inf)))
        only = bool(bracket[i])
        why = _why(float(value[i]), float(error[i]), scale, resolution, only) if verdict == "cannot tell" else ""
        if why and only and reason:
            remark = reason
        why = "; ".join(part for part in (why, remark) if part)
        law = single(
            statement,
            float(value[i]),
            float(error[i]),
            scale=scale,
            resolution=resolution,
            time=float(t[i]),
            reason=why,
            bracket=only,
        )
        return replace(law, at_end=at_end)
    raise AssertionError("every time has a verdict")


def rate_of(name: str) -> str:
    """The equation of a production that never falls: what `never_falls` reports of it."""
    return f"d{name}/dt >= 0, by the largest fall of {name} since the maximum before it"


def never_falls(
    statement: Statement,
    t: Real,
    value: Real,
    error: Real,
    *,
    scale: float,
    resolution: float,
    reason: str = "",
    bracket: Flags = False,
) -> Law:
    """A production whose rate is never negative: its integral (n,) does not fall from any time to a later one, value = -(largest fall).

    ``time`` is where it ends, the reason says where it begins; NaN where there is none.
    The largest fall beyond its own error bars decides; a rate at one instant would need a derivative, whose error is far larger.
    """
    known = np.isfinite(value)
    if known.sum() < 2:
        return single(statement, math.nan, math.nan, scale=scale, resolution=resolution, reason=reason or "no value")
    bracket = np.broadcast_to(bracket, known.shape)[known]
    t, value, error = t[known], value[known], error[known]
    remark = "" if known.all() else f"between {int(known.sum())} of {known.size} times"
    if np.isnan(error).all():
        return single(
            statement, -_largest_fall(value, value)[0], math.nan, scale=scale, resolution=resolution, reason=NO_ERRORS
        )
    bar = np.where(np.isnan(error), np.inf, error)
    beyond, i, j = _largest_fall(value - bar, value + bar)
    if not beyond > 0:  # no fall is beyond its error: the largest one, with the largest error bar there is
        _, i, j = _largest_fall(value, value)
        size, only = 2 * float(bar.max()), bool(bracket.any())
        remark = reason if only and reason else remark
    else:
        size, only = float(bar[i] + bar[j]), bool(bracket[i] or bracket[j])
    fall = float(min(0.0, value[j] - value[i]))
    law = single(
        statement,
        fall,
        size,
        scale=scale,
        resolution=resolution,
        time=float(t[j]) if fall < 0 else math.nan,
        bracket=only,
    )
    if law.verdict == "fails":
        law = with_remark(law, f"falls from t = {t[i]:.4g} to {t[j]:.4g}")
    return with_remark(law, remark)


def _largest_fall(high: Real, low: Real) -> tuple[float, int, int]:
    """max over i <= j of high[i] - low[j], with i and j."""
    best = np.maximum.accumulate(high)
    where = np.maximum.accumulate(np.where(high == best, np.arange(high.size), 0))
    fall = best - low
    j = int(np.argmax(np.where(np.isfinite(fall), fall, -np.inf)))
    return float(fall[j]), int(where[j]), j
