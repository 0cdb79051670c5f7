"""What follows from the sum rule of the pseudo-temperatures when no work comes in from outside. [32, 34, 35, 39]

All of it is derived here, from dS_S + dS_B = dS_chi [32], dU_i = T_i dS_i [34] and, nothing being driven, dU_S + dU_B + dU_chi = 0:

    dS_chi + dU_chi/T_B = (1/T_S - 1/T_B) dU_S                                     the sum rule [35] with dU_B taken out of it

    T_S = T_B = T    dS_chi = -dU_chi/T, that is T_chi = -T                        special case [36], as derived from [35]
    dU_chi = 0       dS_chi = (1/T_S - 1/T_B) dU_S: what flows from the hotter     special case [37], as derived from [35]
                     to the colder pseudo-temperature is what makes S_chi grow
    always           dSigma~_S + dSigma~_B = dS_chi - dQ_S/T_S - dQ_B/T_B          [39] summed
                     = (1/T_S - 1/T_B) dW_S, as dW_S + dW_B = 0

The special cases are about single instants: where 1/T_S - 1/T_B, or the slope of the recorded U_chi, passes through zero. There S_chi
moves as the rates of the entropies say and U_chi as its own recorded values do, so that the two sides are measured apart. Between the
record times the rates, which have no poles, are taken from polynomials through six points; the difference to four is part of their error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import brentq

from tnthermo.lawbook.reading import Reading, Series
from tnthermo.lawbook.verdict import Law, Statement, over_time, single
from tnthermo.timeline.integrate import POINTS, derivative
from tnthermo.types import Real

FINE, COARSE = 6, 4  # points of the polynomials between record times


@dataclass(frozen=True, kw_only=True, eq=False)
class _Rates:
    """dU_S, dU_B, dU_chi (energy^2) and dS_S, dS_B (nat energy) per time at some times (n,); dU_chi is the slope of the recorded U_chi."""

    U_S: Series
    U_B: Series
    U_chi: Series
    S_S: Series
    S_B: Series

    def flow(self) -> tuple[Real, Real]:
        """(1/T_S - 1/T_B) dU_S = dS_S - dS_B dU_S/dU_B and its error bar (n,), infinite where dU_B is zero within its error."""
        back = _over(self.U_S, self.U_B)
        error = self.S_S.error + _part(self.S_B.error, back.value) + _part(self.S_B.value, back.error)
        with np.errstate(invalid="ignore"):
            return self.S_S.value - back.value * self.S_B.value, np.where(np.isnan(back.value), np.nan, error)

    def left(self) -> tuple[Real, Real]:
        """dS_chi - (1/T_S - 1/T_B) dU_S = dS_B + dS_B dU_S/dU_B and its error bar, with that of dU_chi's zero."""
        back = _over(self.U_S, self.U_B)
        error = _part(self.S_B.error, 1 + back.value) + _part(self.S_B.value, back.error)
        error = error + _part(self.U_chi.error, _over(self.S_B, self.U_B).value)
        with np.errstate(invalid="ignore"):
            return self.S_B.value * (1 + back.value), error

    def ratio(self) -> tuple[Real, Real]:
        """T_chi/T with 1/T the mean of 1/T_S and 1/T_B, and its error bar."""
        inverse = 0.5 * (_over(self.S_S, self.U_S) + _over(self.S_B, self.U_B))
        T_chi = _over(self.U_chi, self.S_S + self.S_B)
        with np.errstate(invalid="ignore"):
            value = T_chi.value * inverse.value
        return value, _part(T_chi.value, inverse.error) + _part(inverse.value, T_chi.error)


def _over(one: Series, other: Series) -> Series:
    """one/other, the error infinite where the denominator is zero within its own."""
    with np.errstate(divide="ignore", invalid="ignore"):
        value = one.value / other.value
        error = (one.error + _part(value, other.error)) / (np.abs(other.value) - other.error)
    return Series(value=value, error=np.where(np.abs(other.value) <= other.error, np.inf, error))


def _part(one: Real, other: Real) -> Real:
    """|one other| (n,); infinite where one of them is, whatever the other."""
    return np.abs(
        np.where(
            np.isinf(one) | np.isinf(other),
            np.inf,
            np.where(np.isinf(one), 0.0, one) * np.where(np.isinf(other), 0.0, other),
        )
    )


def pseudo(r: Reading, resolution: float) -> list[Law]:
    """The direction of the flow between the pseudo-temperatures, and the two special cases of [35]."""
    flow = Statement(
        name="hot_to_cold", title="energy goes from hot to cold pseudo-temperature",
        equation="(1/T_S - 1/T_B) dU_S >= 0, = dS_chi where dU_chi = 0 [37]", relation=">=", unit="nat energy",
    )  # fmt: skip
    balanced = Statement(
        name="no_binding_energy", title="where dU_chi = 0 the flow makes S_chi",
        equation="dS_chi = (1/T_S - 1/T_B) dU_S [37 from 35]", relation="=", unit="nat energy",
    )  # fmt: skip
    equal = Statement(
        name="equal_temperatures", title="where T_S = T_B = T, T_chi is -T", equation="T_chi/T = -1 [36 from 35]",
        relation="=", unit="1", bound=-1.0,
    )  # fmt: skip
    T_B = r.series("T_B")
    reason = "driven: work comes in from outside" if r.driven else ""
    if not reason and not np.isfinite(T_B.value).any():
        reason = T_B.reason or "T_B has no value"
    if not reason and r.t.size < FINE:
        reason = f"fewer than {FINE} record times"
    if reason:
        return [
            single(s, math.nan, math.nan, scale=0.0, resolution=resolution, reason=reason)
            for s in (flow, balanced, equal)
        ]
    rates = _rates(r)
    value, error = rates.flow()
    known = np.isfinite(T_B.value) & np.isfinite(r.series("T_S").value)  # not where one of them is 0/0, as at t = 0
    value = np.where(known, value, np.nan)
    scale = max(_size(value), (rates.S_S + rates.S_B).size)
    found = [over_time(flow, r.t, value, error, scale=scale, resolution=resolution)]
    moving = known & ~(np.abs(rates.U_chi.value) <= rates.U_chi.error)
    cross = (
        np.where(np.isfinite(rates.S_S.value), rates.S_S.value, np.nan) * rates.U_B.value
        - np.where(np.isfinite(rates.S_B.value), rates.S_B.value, np.nan) * rates.U_S.value
    )  # (1/T_S - 1/T_B) dU_S dU_B
    cases = (
        (balanced, _instants(r.t, rates.U_chi.value, moving), _Rates.left, scale, "dU_chi passes through 0"),
        (equal, _instants(r.t, cross, known), _Rates.ratio, 1.0, "T_S and T_B are equal"),
    )
    for statement, instants, of, size, what in cases:
        if not instants:
            why = f"{what} at no time of the run"
            found.append(single(statement, math.nan, math.nan, scale=size, resolution=resolution, reason=why))
            continue
        here = _Rates(**{name: _at(r.t, getattr(rates, name), instants) for name in rates.__dataclass_fields__})
        found.append(over_time(statement, np.array(instants), *of(here), scale=size, resolution=resolution))
    return found


def _rates(r: Reading) -> _Rates:
    heat_S, heat_B = r.series("Qdot_S"), r.series("Qdot_B")
    binding = r.series("U_chi").value
    fine, rough = (derivative(r.t, binding, order) for order in (POINTS, POINTS - 2))
    # the slope of a recorded value is as good as the rates that move it, and as the order it is taken with
    return _Rates(
        U_S=heat_S + r.series("Wdot_S"),
        U_B=heat_B + r.series("Wdot_B"),
        U_chi=Series(value=fine, error=np.abs(fine - rough) + heat_S.error + heat_B.error),
        S_S=r.series("Sdot_S"),
        S_B=r.series("Sdot_B"),
    )


def _size(values: Real) -> float:
    return float(np.abs(values[np.isfinite(values)]).max(initial=0.0))


def _instants(t: Real, f: Real, usable: npt.NDArray[np.bool_]) -> list[float]:
    """Times at which f (n,) changes its sign between two usable record times."""
    good = np.isfinite(f) & usable
    found = []
    for i in np.flatnonzero(good[1:] & good[:-1] & (f[1:] * f[:-1] < 0)):
        a, b = float(t[i]), float(t[i + 1])
        through = _through(t, f, (a + b) / 2, FINE)
        found.append(float(brentq(through, a, b)))  # through the samples at both ends
    return found


def _through(t: Real, f: Real, near: float, points: int) -> Callable[[float], float]:
    """The polynomial through the ``points`` finite samples nearest to a time."""
    known = np.flatnonzero(np.isfinite(f))
    chosen = np.sort(known[np.argsort(np.abs(t[known] - near), kind="stable")[:points]])
    nodes, values = t[chosen], f[chosen]

    def at(x: float) -> float:
        weights = [np.prod((x - np.delete(nodes, j)) / (nodes[j] - np.delete(nodes, j))) for j in range(nodes.size)]
        return float(np.dot(weights, values))

    return at


def _at(t: Real, series: Series, instants: list[float]) -> Series:
    """A series at instants between record times; its error there is the larger one of the record times on either side, and more."""
    after = np.clip(np.searchsorted(t, instants), 1, t.size - 1)
    fine, coarse = (np.array([_through(t, series.value, x, points)(x) for x in instants]) for points in (FINE, COARSE))
    return Series(value=fine, error=np.abs(fine - coarse) + np.fmax(series.error[after - 1], series.error[after]))
