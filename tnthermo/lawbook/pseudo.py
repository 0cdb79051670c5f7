"""What follows from the sum rule of the pseudo-temperatures at single instants, and what an entropy is made of. [34 - 39, 44]

From dS_S + dS_B = dS_chi [32], dU_i = T_i dS_i [34] and dU_S + dU_B + dU_chi = dU_tot, the work from outside, 0 without drive:

    dU_chi = 0       dS_chi = dU_tot/T_S + (1/T_B - 1/T_S) dU_B, that is
                     dU_B = T_S T_B/(T_S - T_B) (dS_chi - dU_tot/T_S)              [36], driven [37]
    T_S = T_B = T    undriven: dS_chi = -dU_chi/T, that is T_chi = -T              from [35], no number of the paper
                     dSigma~_S + dSigma~_B = dW_S/T_S + dW_B/T_B = 0               [44]
    always           dS_i = dQ_i/T_i + dW_i/T_i                                    [38]
                     undriven: dSigma~_S + dSigma~_B = (1/T_S - 1/T_B) dW_S        [44], as dW_S + dW_B = 0

Where dU_chi = 0 what flows from the hotter to the colder pseudo-temperature is what makes S_chi grow. That dS_chi does not vanish there is
T_chi = 0; where it does (T_chi != 0) the paper concludes T_S = T_B, which has no number.

The special cases are about single instants: where 1/T_S - 1/T_B, or the slope of the recorded U_chi, passes through zero. There S_chi
moves as the rates of the entropies say and U_chi as its own recorded values do, so that the two sides are measured apart. Between the
record times the rates, which have no poles, are taken from polynomials through six points; the difference to four is part of their error.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

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
    """dU_S, dU_B, dU_chi, dU_tot (energy^2), dS_S, dS_B and dSigma~_S + dSigma~_B (nat energy) per time at some times (n,).

    dU_chi and dU_tot are slopes of the recorded U_chi and U_tot.
    """

    U_S: Series
    U_B: Series
    U_chi: Series
    U_tot: Series
    S_S: Series
    S_B: Series
    Sigma: Series

    def flow(self) -> tuple[Real, Real]:
        """(1/T_S - 1/T_B) dU_S = dS_S - dS_B dU_S/dU_B and its error bar (n,), infinite where dU_B is zero within its error."""
        back = _over(self.U_S, self.U_B)
        error = self.S_S.error + _part(self.S_B.error, back.value) + _part(self.S_B.value, back.error)
        with np.errstate(invalid="ignore"):
            return self.S_S.value - back.value * self.S_B.value, np.where(np.isnan(back.value), np.nan, error)

    def left(self) -> tuple[Real, Real]:
        """dS_chi - dU_tot/T_S - (1/T_B - 1/T_S) dU_B = dS_S (1 - (dU_tot - dU_B)/dU_S), 0 where dU_chi = 0, and its error bar. [36, 37]"""
        share = _over(self.U_tot - self.U_B, self.U_S)
        error = _part(self.S_S.error, 1 - share.value) + _part(self.S_S.value, share.error)
        error = error + _part(self.U_chi.error, _over(self.S_S, self.U_S).value)
        with np.errstate(invalid="ignore"):
            return self.S_S.value * (1 - share.value), error

    def produced(self) -> tuple[Real, Real]:
        """dSigma~_S + dSigma~_B and its error bar. [44]"""
        return self.Sigma.value, self.Sigma.error

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
    """The direction of the flow between the pseudo-temperatures, and what holds at the instants of the sum rule. [36, 37, 44]"""
    flow = Statement(
        name="hot_to_cold", title="energy goes from hot to cold pseudo-temperature",
        equation="(1/T_S - 1/T_B) dU_S >= 0, = dS_chi where dU_chi = 0 [36]", relation=">=", unit="nat energy",
    )  # fmt: skip
    balanced = Statement(
        name="no_binding_energy", title="where dU_chi = 0 the flow makes S_chi",
        equation="dU_B = T_S T_B/(T_S - T_B) dS_chi [36]", relation="=", unit="nat energy",
    )  # fmt: skip
    if r.driven:
        balanced = replace(balanced, equation="dU_B = T_S T_B/(T_S - T_B) (dS_chi - dU_tot/T_S) [37]")
    equal = Statement(
        name="equal_temperatures", title="where T_S = T_B = T, T_chi is -T", equation="T_chi/T = -1, from [35]",
        relation="=", unit="1", bound=-1.0,
    )  # fmt: skip
    silent = Statement(
        name="equal_temperatures_production", title="where T_S = T_B nothing is produced at them",
        equation="dSigma~_S + dSigma~_B = dW_S/T_S + dW_B/T_B = 0 [44]", relation="=", unit="nat energy",
    )  # fmt: skip
    T_B = r.series("T_B")
    reason = ""
    if not np.isfinite(T_B.value).any():
        reason = T_B.reason or "T_B has no value"
    if not reason and r.t.size < FINE:
        reason = f"fewer than {FINE} record times"
    if reason:
        return [
            single(s, math.nan, math.nan, scale=0.0, resolution=resolution, reason=reason)
            for s in (flow, balanced, equal, silent)
        ]
    rates = _rates(r)
    value, error = rates.flow()
    known = np.isfinite(T_B.value) & np.isfinite(r.series("T_S").value)  # not where one of them is 0/0, as at t = 0
    value = np.where(known, value, np.nan)
    scale = max(_size(value), (rates.S_S + rates.S_B).size)
    work = "driven: work comes in from outside" if r.driven else ""
    if work:
        found = [single(flow, math.nan, math.nan, scale=0.0, resolution=resolution, reason=work)]
    else:
        found = [over_time(flow, r.t, value, error, scale=scale, resolution=resolution)]
    moving = known & ~(np.abs(rates.U_chi.value) <= rates.U_chi.error)
    cross = (
        np.where(np.isfinite(rates.S_S.value), rates.S_S.value, np.nan) * rates.U_B.value
        - np.where(np.isfinite(rates.S_B.value), rates.S_B.value, np.nan) * rates.U_S.value
    )  # (1/T_S - 1/T_B) dU_S dU_B
    meeting = "T_S and T_B are equal"
    cases = (
        (balanced, rates.U_chi.value, moving, _Rates.left, scale, "dU_chi passes through 0", ""),
        (equal, cross, known, _Rates.ratio, 1.0, meeting, work),
        (silent, cross, known, _Rates.produced, max(scale, _size(rates.Sigma.value)), meeting, work),
    )
    for statement, passing, usable, of, size, what, refused in cases:
        instants = [] if refused else _instants(r.t, passing, usable)
        if not instants:
            why = refused or f"{what} at no time of the run"
            found.append(single(statement, math.nan, math.nan, scale=size, resolution=resolution, reason=why))
            continue
        here = _Rates(**{name: _at(r.t, getattr(rates, name), instants) for name in rates.__dataclass_fields__})
        found.append(over_time(statement, np.array(instants), *of(here), scale=size, resolution=resolution))
    return found


def composition(r: Reading, resolution: float) -> list[Law]:
    """dS_i = dQ_i/T_i + dW_i/T_i for S and B: the slope of the recorded entropy beside what heat and work at T_i make. [38]

    Judged at the times at which the slope, from polynomials, is resolved: that of a pure start is infinite. Of a warm bath T_B is made of
    the same slope, so that nothing is compared.
    """
    found = []
    for part, column in (("S", "S_S"), ("B", "Delta_S_B")):
        statement = Statement(
            name=f"heat_and_work_{part}", title=f"entropy of {part} from its heat and work",
            equation=f"dS_{part} = dQ_{part}/T_{part} + dW_{part}/T_{part} [38]", relation="=", unit="nat energy",
        )  # fmt: skip
        T, entropy = r.series(f"T_{part}"), r.series(column)
        reason = "T > 0: T_B is itself made of differences of S_B" if part == "B" and max(r.temperatures) > 0 else ""
        reason = reason or ("" if np.isfinite(T.value).any() else T.reason or f"T_{part} has no value")
        if reason or r.t.size < FINE or not np.isfinite(entropy.value).all():
            reason = reason or (entropy.reason if r.t.size >= FINE else f"fewer than {FINE} record times")
            found.append(single(statement, math.nan, math.nan, scale=0.0, resolution=resolution, reason=reason))
            continue
        fine, rough = (derivative(r.t, entropy.value, order) for order in (POINTS, POINTS - 2))
        energy = r.series(f"Qdot_{part}") + r.series(f"Wdot_{part}")
        with np.errstate(divide="ignore", invalid="ignore"):
            made = energy.value / T.value
            bar = energy.error / np.abs(T.value) + np.abs(made / T.value) * T.error
        scale = max(_size(fine), _size(made))
        apart = np.abs(fine - rough)
        resolved = np.isfinite(made) & (apart <= resolution * scale)
        value = np.where(resolved, fine - made, np.nan)
        error = bar + apart + r.series(f"Sdot_{part}").error
        found.append(
            over_time(statement, r.t, value, error, scale=scale, resolution=resolution, reason="slope unresolved")
        )
    return found


def _rates(r: Reading) -> _Rates:
    heat_S, heat_B = r.series("Qdot_S"), r.series("Qdot_B")
    slopes = {}
    for name in ("U_chi", "U_tot"):
        fine, rough = (derivative(r.t, r.series(name).value, order) for order in (POINTS, POINTS - 2))
        # the slope of a recorded value is as good as the rates that move it, and as the order it is taken with
        slopes[name] = Series(value=fine, error=np.abs(fine - rough) + heat_S.error + heat_B.error)
    if not r.driven:
        slopes["U_tot"] = Series(value=np.zeros(r.t.size), error=np.zeros(r.t.size))
    return _Rates(
        U_S=heat_S + r.series("Wdot_S"),
        U_B=heat_B + r.series("Wdot_B"),
        **slopes,
        S_S=r.series("Sdot_S"),
        S_B=r.series("Sdot_B"),
        Sigma=r.series("Sigmadot_pseudo"),
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
