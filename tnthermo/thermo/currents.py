"""Steady currents between baths."""

from __future__ import annotations

import numpy as np
import xarray as xr

from chains.checks import number_problems
from chains.problems import Problem, raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.units.units import Units

FEWEST = 5  # record times in the window


def steady_currents(ledger: xr.Dataset, *, since: float) -> xr.Dataset:
    """Energy current into each bath, averaged over the record times from ``since`` to the end; dimension ``bath``.

    current   (B,) mean of dE_Bj/dt, energy^2
    drift     (B,) difference of the means of the second and the first half of the window: what is not steady yet
    error     (B,) the largest NAME_error of the flux in the window, and |drift|, and |imbalance|/B, added: not a statistical error but
              what is known to be wrong
    imbalance attribute: the sum of the currents, which a steady state without drive must not have

    ledger    of `tnthermo.ledger`; without error columns (error_bars = False) drift and imbalance alone make the error

    Raises `chains.InvalidInput` for a window with fewer than 5 record times, and for what is no ledger.
    """
    allowed = "a dataset of tnthermo.ledger"
    problems = dataset_problems("ledger", ledger, ("t", "flux_each"), allowed)
    problems += number_problems("since", since, at_least=0.0)
    if any(problem.key == "ledger" for problem in problems):
        raise_if_any(problems)
    times = ledger["t"].values
    inside = times >= (since if not problems else 0.0) - 1e-9 * max(1.0, float(times[-1]))
    if not problems and inside.sum() < FEWEST:
        hint = f"the ledger has {times.size} record times up to t = {times[-1]:g}"
        problems.append(Problem(key="since", value=since, allowed=f"at least {FEWEST} record times later", hint=hint))
    raise_if_any(problems)
    flux, t = ledger["flux_each"].values[inside], times[inside]
    middle = t.size // 2
    current = _mean(t, flux)
    drift = _mean(t[middle:], flux[middle:]) - _mean(t[: middle + 1], flux[: middle + 1])
    imbalance = float(current.sum())
    known = np.zeros_like(current)
    if "flux_each_error" in ledger:
        known = np.nanmax(ledger["flux_each_error"].values[inside], axis=0)
    error = known + np.abs(drift) + abs(imbalance) / current.size

    def variable(values: np.ndarray, text: str) -> tuple[tuple[str], np.ndarray, dict[str, str]]:
        return ("bath",), values, {"units": str(ledger["flux_each"].attrs.get("units", "energy^2")), "long_name": text}

    return xr.Dataset(
        {
            "current": variable(current, "steady energy current into each bath"),
            "drift": variable(drift, "difference between the two halves of the window"),
            "error": variable(error, "error of current: of the flux, drift and imbalance added"),
        },
        coords={"bath": ledger["bath"]},
        attrs={"since": float(since), "until": float(times[-1]), "imbalance": imbalance} | _named(Units.of(ledger)),
    )


def _named(units: Units) -> dict[str, str]:
    """How the screen names the units; nothing of natural ones."""
    if units.natural:
        return {}
    return {"time_unit": units.behind("time"), "rate_unit": f" ({units.name('energy rate')})"}


def _mean(t: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Time averages (B,) of values (n, B) at times t (n,), trapezoidal."""
    return np.asarray(np.trapezoid(values, t, axis=0) / (t[-1] - t[0]))
