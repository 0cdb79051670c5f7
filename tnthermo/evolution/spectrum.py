"""Spectra: the Fourier transform of a two-time correlation over its window."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from chains.checks import time_problems, word_problems
from chains.problems import Problem, raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.timeline.integrate import cumulative_integral
from tnthermo.types import Complex, Real
from tnthermo.units.datasets import to_natural

WINDOWS = ("none", "hann")


def spectrum(correlations: xr.Dataset, frequencies: npt.ArrayLike, *, window: str = "hann") -> xr.Dataset:
    """S(w) = 2 Re int_0^until f(t) exp(i w t) C(t) dt (frequency,) of every connected correlation function C of `two_time`.

    frequencies  (k,), energies of any sign
    window       "hann": f = cos^2(pi t / (2 until)), which resolves about 4/until and has no ringing; "none": f = 1

    In equilibrium this is int exp(i w t) <O(t) O'(0)> dt for O' = O^dag, and S(-w) = exp(-beta w) S(w). NAME_spectrum_error is the
    error of C carried through, 2 int f |error| dt, and the difference to the spectrum of the first half of the time: what a run of finite
    length cannot tell. See also the attribute ``resolution``.

    Raises `chains.InvalidInput` for an unknown window or frequencies that are no list of finite numbers.
    """
    problems = dataset_problems("correlations", correlations, ("t",), "a dataset of tnthermo.two_time")
    if not problems and "pairs" not in correlations.attrs:
        problems.append(
            Problem(key="correlations", value="no attribute pairs", allowed="a dataset of tnthermo.two_time")
        )
    raise_if_any(problems + word_problems("window", window, WINDOWS) + time_problems(frequencies, "frequencies"))
    w = np.atleast_1d(np.asarray(frequencies, dtype=np.float64))
    correlations = to_natural(correlations)
    t = correlations["t"].values
    end = float(t[-1])
    half = t <= 0.5 * end * (1 + 1e-9)
    variables: dict[str, Any] = {}
    for name in str(correlations.attrs["pairs"]).split(", "):
        values = correlations[f"{name}_connected"].values @ np.array([1, 1j])
        whole = _transform(t, values, w, window)
        about = {"units": "1/energy", "long_name": f"spectrum of {name}", "equation": "2 Re int f exp(i w t) C(t) dt"}
        variables[f"{name}_spectrum"] = (("frequency",), whole, about)
        error = np.abs(whole - _transform(t[half], values[half], w, window))
        if f"{name}_error" in correlations:
            size = np.nan_to_num(np.linalg.norm(correlations[f"{name}_error"].values, axis=1))
            error = error + 2 * float(np.trapezoid(_shape(t, window) * size, t))
        text = {"units": "1/energy", "long_name": f"error of {name}_spectrum, what half the time would change included"}
        variables[f"{name}_spectrum_error"] = (("frequency",), error, text)
    return xr.Dataset(
        variables,
        coords={"frequency": ("frequency", w, {"units": "energy", "long_name": "frequency"})},
        attrs={"window": window, "resolution": 4 / end if end > 0 else float("inf")},
    )


def _shape(t: Real, window: str) -> Real:
    """The window f (n,) that ends with the last of the times t (n,)."""
    return np.cos(0.5 * np.pi * t / t[-1]) ** 2 if window == "hann" and t[-1] > 0 else np.ones(t.size)


def _transform(t: Real, values: Complex, w: Real, window: str) -> Real:
    """2 Re int f exp(i w t) C dt (k,) of samples C (n,) at t (n,) for frequencies w (k,)."""
    integrand = np.exp(1j * np.outer(t, w)) * (_shape(t, window) * values)[:, None]
    return np.asarray(2 * cumulative_integral(t, integrand)[-1].real)
