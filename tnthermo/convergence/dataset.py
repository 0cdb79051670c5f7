"""The dataset of a study: every run's columns, what they differ by, and what that says (`tnthermo.convergence.analysis`)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import xarray as xr

from tnthermo.convergence.analysis import Verdict, largest, statement, verdict
from tnthermo.convergence.asked import ColumnName
from tnthermo.convergence.knobs import Knob
from tnthermo.record.flag_text import flags_of, flags_text
from tnthermo.types import Real
from tnthermo.units.units import Units

SAME_TIME = 1e-9  # of the last one: times that differ by less are one
PLATEAU = 0.1  # of what is wanted: differences below are a plateau


@dataclass(frozen=True, kw_only=True, eq=False)
class Runs:
    """The runs of a study.

    ledgers  by run; those that did not finish are not there
    knobs    the ladders, and ``of`` the run of each rung
    corner   the run with all knobs finer
    """

    ledgers: Mapping[str, xr.Dataset]
    knobs: Sequence[Knob]
    of: Sequence[Sequence[str]]
    reference: str
    corner: str


def at_times(times: Real, values: Real, wanted: Real) -> Real:
    """Values at those of the ``wanted`` times that there are, NaN at the others."""
    near = np.clip(np.searchsorted(times, wanted - SAME_TIME * abs(wanted[-1])), 0, times.size - 1)
    there = np.abs(times[near] - wanted) <= SAME_TIME * abs(wanted[-1])
    return np.where(there, values[near], math.nan)


def built(runs: Runs, columns: Sequence[ColumnName], *, at: float | None, within: float) -> xr.Dataset:
    """Everything that is known.

    at      the time at which values are told; None: the last one that all runs have
    within  what a column is to be converged to, in parts of its largest value
    """
    own = runs.ledgers[runs.reference]
    t = np.asarray(own["t"].values, dtype=np.float64)
    names, count = [str(name) for name in columns], max(len(one.rungs) for one in runs.knobs)

    def of(run: str) -> Real:
        """(column, t); NaN where the run has nothing."""
        ledger = runs.ledgers.get(run)
        if ledger is None:
            return np.full((len(columns), t.size), math.nan)
        found = [name.of(ledger) for name in columns]
        times = np.asarray(ledger["t"].values, dtype=np.float64)
        return np.array([np.full(t.size, math.nan) if one is None else at_times(times, one, t) for one in found])

    reference, corner = of(runs.reference), of(runs.corner)
    stated = np.array([stated_error(name, own, t.size) for name in columns])
    scale = np.array([largest(row) or 1.0 for row in reference])
    wanted = within * scale
    local = [name.has_poles for name in columns]
    shape = (len(runs.knobs), count)
    curves = np.full((*shape, len(columns), t.size), math.nan)
    for k, ladder in enumerate(runs.of):
        for i, run in enumerate(ladder):
            curves[k, i] = of(run)
    when = moment(t, curves, runs, at)
    tables: dict[str, Any] = {
        "difference": np.full((*shape, len(columns)), math.nan),
        "difference_at": np.full((*shape, len(columns)), math.nan),
        "order": np.full((len(runs.knobs), len(columns)), math.nan),
        "plateau": np.full((len(runs.knobs), len(columns)), math.nan),
        "knob_error": np.full((len(runs.knobs), len(columns)), math.nan),
        "limit": np.full((len(runs.knobs), len(columns), t.size), math.nan),
        "limit_error": np.full((len(runs.knobs), len(columns), t.size), math.nan),
    }
    reasons = np.full((len(runs.knobs), len(columns)), "", dtype=object)
    verdicts: list[dict[str, Verdict]] = [{} for _ in columns]
    finest: list[dict[str, Real]] = [{} for _ in columns]
    for k, knob in enumerate(runs.knobs):
        n = len(knob.rungs)
        for c in range(len(columns)):
            found = verdict(
                knob.values,
                curves[k, :n, c],
                knob.reference,
                powers=knob.powers,
                whole=knob.whole,
                floor=PLATEAU * wanted[c],
                least=knob.lacking,
                local=local[c],
            )
            verdicts[c][knob.name] = found
            if knob.reference < n - 1:
                finest[c][knob.name] = curves[k, n - 1, c]
            tables["difference"][k, :n, c] = found.difference
            tables["difference_at"][k, :n, c] = from_finest(curves[k, :n, c, when])
            tables["order"][k, c], reasons[k, c] = found.order.value, found.order.why
            tables["plateau"][k, c] = math.nan if found.plateau < 0 else knob.values[found.plateau]
            tables["knob_error"][k, c] = found.size
            tables["limit"][k, c], tables["limit_error"][k, c] = found.limit, found.uncertainty
    said = [
        statement(
            reference[c], corner[c] if np.isfinite(corner[c]).any() else None, verdicts[c], finest[c], local=local[c]
        )
        for c in range(len(columns))
    ]
    error = np.array([one.error for one in said])
    size = np.array([one.size for one in said])
    bonds = any(one.name in ("max_bond", "bond") for one in runs.knobs)
    ladder, cell, row = ("knob", "rung"), ("knob", "column"), ("column", "t")
    data = xr.Dataset(
        {
            "value": (ladder, _filled(shape, [one.values for one in runs.knobs])),
            "run": (ladder, _texts(shape, runs.of)),
            "seconds": (ladder, _filled(shape, [[seconds(runs.ledgers.get(r)) for r in ids] for ids in runs.of])),
            "flags": (
                ladder,
                _texts(shape, [[flags(runs.ledgers.get(r), bonds=bonds) for r in ids] for ids in runs.of]),
            ),
            "reference_rung": ("knob", [one.reference for one in runs.knobs]),
            "key": ("knob", _text([one.key for one in runs.knobs])),
            "note": ("knob", _text([one.note for one in runs.knobs])),
            "curve": ((*ladder, *row), curves),
            "difference": ((*ladder, "column"), tables["difference"]),
            "difference_at": ((*ladder, "column"), tables["difference_at"]),
            "order": (cell, tables["order"]),
            "no_order": (cell, reasons),
            "plateau": (cell, tables["plateau"]),
            "knob_error": (cell, tables["knob_error"]),
            "limit": ((*cell, "t"), tables["limit"]),
            "limit_error": ((*cell, "t"), tables["limit_error"]),
            "reference": (row, reference),
            "stated_error": (row, stated),
            "corner": (row, corner),
            "error": (row, error),
            "converged_to": ("column", size),
            "wanted": ("column", wanted),
            "scale": ("column", scale),
            "converged": ("column", np.asarray(size <= wanted, dtype=np.int8)),
            "limited_by": ("column", _text([one.limited_by for one in said])),
            "together": ("column", np.asarray([one.together for one in said], dtype=np.int8)),
            "coverage": ("column", np.array([coverage(*one) for one in zip(reference, corner, stated, strict=True)])),
            "units": ("column", _text([str(own[name.name].attrs.get("units", "")) for name in columns])),
        },
        coords={
            "knob": _text([one.name for one in runs.knobs]),
            "rung": np.arange(count),
            "column": _text(names),
            "t": ("t", t, own["t"].attrs),
        },
    )
    for name, meaning in MEANINGS.items():
        data[name].attrs["long_name"] = meaning
    return data.assign_attrs(
        at=float(t[when]),
        within=within,
        reference_run=runs.reference,
        corner_run=runs.corner,
        reference_seconds=seconds(own),
        corner_seconds=seconds(runs.ledgers.get(runs.corner)),
        reference_flags=flags(own),
        corner_flags=flags(runs.ledgers.get(runs.corner), bonds=bonds),
        time_unit=Units.of(own).behind("time"),
        method=str(own.attrs.get("method", "")),
        config=str(own.attrs.get("config", "")),
        config_hash=str(own.attrs.get("config_hash", "")),
    )


MEANINGS = {
    "value": "value of the setting, coarse to fine",
    "run": "folder of the run below points/",
    "seconds": "wall time of the run",
    "flags": "what did not converge in the run",
    "reference_rung": "which value is the reference's",
    "key": "key of the configuration file",
    "note": "what there is to say of the ladder",
    "curve": "the column in each run, at the times of the reference",
    "difference": "largest distance from the finest value",
    "difference_at": "distance from the finest value at the time `at`",
    "order": "observed order, where it is clean",
    "no_order": "why there is no order",
    "plateau": "value from which on nothing moves by more than a tenth of what is wanted",
    "knob_error": "what this setting alone costs the reference, at most",
    "limit": "extrapolated with the observed order",
    "limit_error": "uncertainty of the limit",
    "reference": "the column in the reference",
    "stated_error": "NAME_error of the reference",
    "corner": "the column in the run with all settings finer",
    "error": "bound on what the reference lacks, up to each time",
    "converged_to": "its largest value",
    "wanted": "what was asked for",
    "scale": "largest value of the column",
    "converged": "whether it is converged to what was asked for",
    "limited_by": "the setting that costs most",
    "together": "whether no setting alone brings it half of the way to all finer at once",
    "coverage": "largest distance from the corner in units of the stated error; inf where that is 0 and the distance is not",
    "units": "units of the column",
}


def moment(t: Real, curves: Real, runs: Runs, at: float | None) -> int:
    """The index of the time at which values are told: the nearest to ``at`` that all runs have, the last one by default."""
    there = np.ones(t.size, dtype=bool)
    for k, knob in enumerate(runs.knobs):
        for i in range(len(knob.rungs)):
            own = np.isfinite(curves[k, i]).any(axis=0)
            there &= own | (not own.any())
    shared = np.flatnonzero(there)
    wanted = float(t[-1]) if at is None else at
    return int(shared[np.argmin(np.abs(t[shared] - wanted))]) if shared.size else int(np.argmin(np.abs(t - wanted)))


def from_finest(values: Real) -> Real:
    """|value - that of the finest that has one|."""
    known = np.flatnonzero(np.isfinite(values))
    return np.abs(values - values[known[-1]]) if known.size else values


def coverage(reference: Real, corner: Real, stated: Real) -> float:
    """The largest |reference - corner| / stated error; NaN where nothing is known."""
    distance = np.abs(reference - corner)
    known = np.isfinite(distance) & ~np.isnan(stated)
    known[0] = False  # all runs start alike
    if not known.any():
        return math.nan
    faint = 1e-13 * (largest(reference) or 1.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(distance[known] <= faint, 0.0, distance[known] / stated[known])
    return float(np.nanmax(ratio))


def seconds(ledger: xr.Dataset | None) -> float:
    return math.nan if ledger is None else float(ledger.attrs.get("wall_seconds", math.nan))


def flags(ledger: xr.Dataset | None, *, bonds: bool = False) -> str:
    """Those of a run; not that its bond cap was reached where ``bonds`` are among what the study turns: it says what that costs."""
    if ledger is None:
        return "missing"
    return flags_text(flag for flag in flags_of(ledger.attrs) if not (bonds and flag.startswith("bond cap")))


def stated_error(name: ColumnName, ledger: xr.Dataset, size: int) -> Real:
    """NAME_error; NaN where there is none, or only where all runs start."""
    found = name.of(ledger, "_error")
    return np.full(size, math.nan) if found is None or np.isnan(found[1:]).all() else found


def _filled(shape: tuple[int, int], rows: Sequence[Sequence[float]]) -> Real:
    """Ragged rows as a table, NaN where a row is shorter."""
    found = np.full(shape, math.nan)
    for k, row in enumerate(rows):
        found[k, : len(row)] = row
    return found


def _texts(shape: tuple[int, int], rows: Sequence[Sequence[str]]) -> npt.NDArray[Any]:
    found = np.full(shape, "", dtype=object)
    for k, row in enumerate(rows):
        found[k, : len(row)] = row
    return found


def _text(values: Sequence[str]) -> npt.NDArray[Any]:
    return np.array(values, dtype=object)
