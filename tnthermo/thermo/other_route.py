"""A ledger beside that of the same problem by another engine: what they differ by belongs into the error bars."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import xarray as xr

from chains.checks import instance_problems
from chains.problems import Problem, raise_if_any
from tnthermo.record.flag_text import flags_of, flags_text
from tnthermo.thermo.dataset import ENCLOSED
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, PER_BATH
from tnthermo.types import Real
from tnthermo.units.units import Units

SAME = 1e-9  # relative: times that differ by less are the same
BEYOND = 3.0  # bars: a difference that is larger is flagged
FAINT = 1e-12  # of the largest value of a column: what differs by less is the same
# of sites and bins, or of how many modes stand for a continuum
OF_ITS_SITES = frozenset({"occupation", "top_level_population", "S_B", "S_B0", "S_SB"})
# facts about a run, and figures of its own accuracy, which another engine has no reason to share; bounds hold each by itself
OWN = (
    OF_ITS_SITES
    | frozenset(c.name for c in (*COLUMNS, *PER_BATH) if c.exact or c.name.startswith("residual_"))
    | BOUNDS
)
POLES = frozenset(column.name for column in (*COLUMNS, *PER_BATH) if column.poles)
ROUTE = "check_route"


def compared(ledger: xr.Dataset, other: xr.Dataset) -> xr.Dataset:
    """Return ``ledger`` with error bars that are at least as large as its distance from ``other``, the same problem by another engine.

    ledger, other  of `tnthermo.ledger`, at the same times; ``ledger`` has error columns (error_bars = True), ``other`` should

    Every column NAME that has a NAME_error and a value in both gets the larger one of its error and the largest difference so far (at its
    poles: the difference there). Columns whose values are the middle of bounds differ by what is beyond the half width of the other.
    Residuals, facts about a run or its sites and bounds are left alone. The attribute ``check_route`` says by what, and the largest
    difference in units of the error bars of both together; one of more than three is a flag.

    Raises :class:`chains.InvalidInput` for what is no ledger, for other times, and where there are no error bars.
    """
    problems = [
        *instance_problems("ledger", ledger, xr.Dataset, "of tnthermo.ledger"),
        *instance_problems("other", other, xr.Dataset, "of tnthermo.ledger"),
    ]
    raise_if_any(problems or _problems(ledger, other))
    found, worst = {}, ("", 0.0, 0.0)
    for name in map(str, ledger.data_vars):
        error = f"{name}_error"
        if name in OWN or error not in ledger or name not in other or ledger[name].shape != other[name].shape:
            continue
        before = ledger[error].values
        apart = _difference(name, ledger[name].values, other)
        apart = apart if name in POLES else _so_far(apart)
        if not np.isfinite(apart).any():
            continue
        both = before + np.nan_to_num(other[error].values, nan=np.inf) if error in other else before
        size = float(np.nanmax(np.abs(ledger[name].values), initial=0.0))
        bars, t = _in_bars(apart, both, size, ledger["t"].values)
        if bars > worst[1]:
            worst = (name, bars, t)
        # an error that is not known stays so
        larger = np.where(np.isnan(before), np.nan, np.fmax(before, apart))
        text = f"at least the difference to {other.attrs.get('algorithm', 'another engine')}"
        found[error] = ledger[error].copy(data=larger).assign_attrs({ROUTE: text})
    name, bars, t = worst
    unit = Units.of(ledger).behind("time")
    said = (
        f"largest difference {bars:.2g} of both error bars together, {name} at t = {t:g}{unit}"
        if name
        else "no column differs"
    )
    attributes = {ROUTE: f"{other.attrs.get('algorithm', '')}: {said}"}
    if bars > BEYOND:
        flag = f"two routes: {name} differs by {bars:.3g} of both error bars together at t = {t:g}{unit}, its own is widened"
        attributes |= {"flags": flags_text((*flags_of(ledger.attrs), flag)), "status": "not converged"}
    return ledger.assign(found).assign_attrs(attributes)


def _problems(ledger: xr.Dataset, other: xr.Dataset) -> list[Problem]:
    for name, dataset in (("ledger", ledger), ("other", other)):
        if "t" not in dataset.coords or "rho_S" not in dataset:
            return [Problem(key=name, value="a dataset without t and rho_S", allowed="of tnthermo.ledger")]
    if "rho_S_error" not in ledger:
        hint = "run with error_bars = True"
        return [Problem(key="ledger", value="without error columns", allowed="a ledger with error bars", hint=hint)]
    mine, theirs = ledger["t"].values, other["t"].values
    scale = max(1.0, float(np.abs(mine).max(initial=0.0)))
    if mine.size != theirs.size or np.abs(mine - theirs).max(initial=0.0) > SAME * scale:
        value = f"{theirs.size} times to {theirs.max(initial=0.0):g}"
        allowed = f"the times of the ledger, {mine.size} to {mine.max(initial=0.0):g}"
        return [Problem(key="other", value=value, allowed=allowed, hint="the same until and record_every")]
    if ledger["rho_S"].shape != other["rho_S"].shape:
        return [Problem(key="other", value="another number of levels", allowed="the same problem by another engine")]
    return []


def _difference(name: str, mine: Real, other: xr.Dataset) -> Real:
    theirs = other[name].values
    apart = np.abs(mine - theirs)
    if name in ENCLOSED and f"{name}_lower" in other:
        half = 0.5 * (other[f"{name}_upper"].values - other[f"{name}_lower"].values)
        apart = np.maximum(apart - np.nan_to_num(half, nan=0.0), 0.0)
    if name == "rho_S":  # one bar for the whole matrix
        apart = np.broadcast_to(apart.max(axis=(1, 2, 3), keepdims=True), apart.shape)
    return np.asarray(apart)


def _so_far(apart: Real) -> Real:
    """The largest difference up to each time, NaN before the first."""
    return np.asarray(np.fmax.accumulate(apart, axis=0))


def _in_bars(apart: Real, bars: Real, size: float, t: npt.NDArray[np.float64]) -> tuple[float, float]:
    """(the largest difference in units of the error bars, when)."""
    known = np.isfinite(apart) & np.isfinite(bars) & (apart > FAINT * size)
    ratio = np.zeros(apart.shape)
    ratio[known] = apart[known] / np.maximum(bars[known], FAINT * size)
    each = ratio.reshape(t.size, -1).max(axis=1, initial=0.0)
    at = int(np.argmax(each)) if each.size else 0
    return (float(each[at]), float(t[at])) if each.size else (0.0, 0.0)
