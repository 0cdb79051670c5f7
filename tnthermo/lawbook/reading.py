"""A ledger's columns with their error bars, and its model as far as its attributes tell."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
import numpy.typing as npt
import xarray as xr

from tnthermo.lawbook.verdict import Law, Statement
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Series:
    """A quantity over time (n,) with its error bar.

    reason   of what is NaN
    bracket  (n,) where rigorous bounds are all that is known: ``value`` is their middle and ``error`` half their width, both ends moved
             outward by their error bars
    """

    value: Real
    error: Real
    reason: str = ""
    bracket: npt.NDArray[np.bool_] | bool = False

    def __add__(self, other: Series) -> Series:
        return Series(
            value=self.value + other.value, error=self.error + other.error, reason=self.reason or other.reason,
            bracket=np.logical_or(self.bracket, other.bracket),
        )  # fmt: skip

    def __sub__(self, other: Series) -> Series:
        return self + (-1.0) * other

    def __rmul__(self, factor: float) -> Series:
        return replace(self, value=factor * self.value, error=abs(factor) * self.error)

    @property
    def change(self) -> Series:
        """Since the first time."""
        first = self.error[0] if np.isfinite(self.error[0]) else 0.0
        return replace(self, value=self.value - self.value[0], error=self.error + first)

    @property
    def size(self) -> float:
        """Largest finite |value|; 0 where there is none."""
        finite = np.abs(self.value[np.isfinite(self.value)])
        return float(finite.max(initial=0.0))


@dataclass(frozen=True, kw_only=True, eq=False)
class Reading:
    """A ledger to be judged."""

    ledger: xr.Dataset

    @property
    def t(self) -> Real:
        return np.asarray(self.ledger["t"].values, dtype=np.float64)

    def has(self, name: str) -> bool:
        return name in self.ledger

    def series(self, name: str) -> Series:
        """A column with dimension ``t``; bounds instead where it has no value; NaN with a reason where the ledger lacks it."""
        if name not in self.ledger:
            nan = np.full(self.t.size, np.nan)
            return Series(value=nan, error=nan, reason=f"this ledger has no column {name}")
        column = self.ledger[name]
        value = np.array(column.values, dtype=np.float64)
        error = self._error(name, value.shape)
        reason = str(column.attrs.get("reason", ""))
        ends = (f"{name}_lower", f"{name}_upper")
        if np.isnan(value).any() and all(end in self.ledger for end in ends):
            low, high = (np.asarray(self.ledger[end].values, dtype=np.float64) for end in ends)
            below, above = (self._error(end, low.shape) for end in ends)
            bounded = np.isnan(value) & np.isfinite(low) & np.isfinite(high)
            blind = np.isinf(below) | np.isinf(above)
            below, above = (np.where(blind, 0.0, size) for size in (below, above))
            value = np.where(bounded, (low - below + high + above) / 2, value)
            error = np.where(bounded, np.where(blind, np.inf, (high + above - low + below) / 2), error)
            return Series(value=value, error=error, reason=reason, bracket=bounded & (error > 0))
        return Series(value=value, error=error, reason=reason)

    def _error(self, name: str, shape: tuple[int, ...]) -> Real:
        column = f"{name}_error"
        return (
            np.array(self.ledger[column].values, dtype=np.float64) if column in self.ledger else np.full(shape, np.nan)
        )

    @cached_property
    def measured(self) -> npt.NDArray[np.bool_]:
        """The times (n,) at which the bath's entropy is known better than 0 <= S_chi <= 2 S_S."""
        exact = np.isfinite(self.ledger["S_chi"].values)
        low, high = self.ledger["S_chi_lower"].values, self.ledger["S_chi_upper"].values
        return np.asarray(exact | (low > 0) | (high < 2 * self.ledger["S_S"].values * (1 - 1e-9)))

    @property
    def rho_S(self) -> Complex:
        """(n, d, d)"""
        column = self.ledger["rho_S"]
        return np.asarray(column.values[..., 0] + 1j * column.values[..., 1])

    @property
    def rho_S_error(self) -> Real:
        """(n,) largest sum over a row of the errors of the entries: it bounds the trace norm up to the dimension."""
        shape = self.ledger["rho_S"].values.shape
        error = self._error("rho_S", shape)
        return np.asarray(np.hypot(error[..., 0], error[..., 1]).sum(axis=(1, 2)))

    @property
    def temperatures(self) -> tuple[float, ...]:
        return tuple(float(T) for T in json.loads(str(self.ledger.attrs["temperatures"])))

    @property
    def temperature(self) -> float:
        """The one temperature of all baths; NaN where they differ."""
        found = set(self.temperatures)
        return found.pop() if len(found) == 1 else math.nan

    @property
    def alpha_S(self) -> float:
        return float(self.ledger.attrs["alpha_S"])

    @property
    def driven(self) -> bool:
        return not str(self.ledger.attrs.get("drive", "none")).startswith("none")

    @property
    def product_start(self) -> bool:
        return str(self.ledger.attrs.get("start", "product")) == "product"

    @property
    def hamiltonian(self) -> Complex:
        """H_S (d, d), its constant part."""
        return matrix(str(self.ledger.attrs["hamiltonian"]))

    @property
    def couplings(self) -> tuple[Complex, ...]:
        return tuple(matrix(text) for text in str(self.ledger.attrs["coupling"]).split("; "))

    @property
    def kinds(self) -> tuple[str, ...]:
        return tuple(str(self.ledger.attrs["coupling_kind"]).split("; "))

    @cached_property
    def energy_scale(self) -> float:
        """The largest of |E_int|, |Delta E_S| and |Delta E_B|: what error bars of energies are measured by."""
        return max(self.series("E_int").size, self.series("E_S").change.size, self.series("E_B").change.size)


def judged_with_bounds(
    judged: Callable[..., Law], statement: Statement, r: Reading, series: Series, scale: float, resolution: float
) -> Law:
    """A law on the bath's entropy: at all times, with 0 <= S_chi <= 2 S_S, if those bounds decide; else where more is known.

    judged  `over_time` or `never_falls`
    """
    keywords = {"scale": scale, "resolution": resolution, "reason": series.reason, "bracket": series.bracket}
    law = judged(statement, r.t, series.value, series.error, **keywords)
    if law.verdict == "cannot tell" and r.measured.any():
        law = judged(statement, r.t, np.where(r.measured, series.value, np.nan), series.error, **keywords)
    return law


def matrix(text: str) -> Complex:
    """A matrix as the ledger's attributes write it: nested lists of numbers, complex ones as strings."""
    rows = json.loads(text)
    return np.array(
        [
            [complex(entry.replace(" ", "")) if isinstance(entry, str) else complex(entry) for entry in row]
            for row in rows
        ]
    )
