"""Whether a run is as exact as it was asked to be, and what it lacks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from chains.problems import Problem
from tnthermo.record.flag_text import flags_of, flags_text, one_flag
from tnthermo.record.target import Target
from tnthermo.thermo.definitions import COLUMNS, OF_SYSTEM, PER_BATH
from tnthermo.types import Real

if TYPE_CHECKING:
    import xarray as xr

ENERGIES = (
    "E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "Q_S", "Q_B", "Q_chi", "W_S", "W_B", "W_chi", "W_total",
    "W_drive_S", "E_B_each", "Q_B_each", "W_B_each", "W_drive_each",
)  # fmt: skip
STATE, ENTROPY = "rho_S", "S_S"
MOST_DIGITS = 9  # of a ratio that is barely beyond 1
ROUNDED = 1e-11  # of a column's largest value: what no setting improves


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """How far a run is from its target.

    ratios   largest error over all times in units of what is accepted, by column
    allowed  what is accepted
    causes   what makes most of each error, where that is known
    costs    the largest part of each cause in any column, in units of what is accepted there
    blank    columns that have no value at any time
    """

    ratios: Mapping[str, float]
    allowed: Mapping[str, float]
    causes: Mapping[str, str] = field(default_factory=dict)
    costs: Mapping[str, float] = field(default_factory=dict)
    blank: tuple[str, ...] = ()

    @property
    def worst(self) -> str:
        """The column that is farthest from what is asked."""
        return max(self.ratios, key=lambda name: self.ratios[name])

    @property
    def met(self) -> bool:
        return not self.ratios or self.ratios[self.worst] <= 1

    def describe(self) -> str:
        """The worst column in words, which hold in any units."""
        name = self.worst
        cause = f" ({self.causes[name]})" if self.causes.get(name) else ""
        return f"error of {name} {_ratio(self.ratios[name])} x what is accepted{cause}"


def _ratio(value: float) -> str:
    """With two digits, or as many as show that it is beyond 1."""
    digits = 2
    while value > 1 >= float(f"{value:.{digits}g}") and digits < MOST_DIGITS:
        digits += 1
    return f"{value:.{digits}g}"


def known_columns(dimension: int | None = None) -> tuple[str, ...]:
    """Columns that a target may name."""
    names = [column.name for column in (*COLUMNS, *PER_BATH) if not column.exact]
    of_system = [column.name for column in OF_SYSTEM if dimension in (None, 2) or not column.name.startswith("sigma_")]
    return (STATE, *names, *of_system)


def column_problems(
    columns: Mapping[str, object], *, key: str = "accuracy", own: tuple[str, ...] = ()
) -> list[Problem]:
    """Which of the names of a target are no columns with an error; ``own`` are those of the run's observables."""
    known = (*known_columns(), *own)
    return [
        Problem(key=f"{key}.{name}", value=name, allowed="a column that has an error", hint=_nearest(name, known))
        for name in columns
        if name not in known
    ]


def _nearest(name: str, known: tuple[str, ...]) -> str:
    same = [one for one in known if one.lower() == name.lower()]
    return f"did you mean {same[0]}?" if same else "tnthermo explain lists the columns"


def judgement(dataset: xr.Dataset, target: Target) -> Judgement:
    """How far a ledger with error columns is from ``target``."""
    allowed = _allowed(dataset, target)
    costs: dict[str, float] = {}
    for name, size in allowed.items():
        for cause, part in _parts(dataset, name).items():
            costs[cause] = max(costs.get(cause, 0.0), part / size)
    return Judgement(
        ratios={name: _error(dataset, name) / size for name, size in allowed.items()},
        allowed=allowed,
        causes={
            name: str(dataset[f"{name}_error"].attrs.get("cause", "")) for name in allowed if f"{name}_error" in dataset
        },
        costs=costs,
        blank=tuple(name for name in allowed if not np.isfinite(dataset[name].values).any()),
    )


def _parts(dataset: xr.Dataset, name: str) -> dict[str, float]:
    """The largest part of each cause in the error of a column; what is made of rho_S alone has those of rho_S."""
    error = (
        f"{name}_error"
        if f"{name}_error" in dataset and "parts" in dataset[f"{name}_error"].attrs
        else f"{STATE}_error"
    )
    text = str(dataset[error].attrs.get("parts", "{}")) if error in dataset else "{}"
    return {cause: float(size) for cause, size in json.loads(text).items()}


def exchanged(dataset: xr.Dataset) -> float:
    """The largest energy that is exchanged: of |E_S - E_S(0)|, |E_int|, |E_B| over the run."""
    E_S = dataset["E_S"].values
    return max(_size(E_S - E_S[0]), _size(dataset["E_int"].values), _size(dataset["E_B"].values))


def with_verdict(dataset: xr.Dataset, target: Target, limited: str = "") -> xr.Dataset:
    """The ledger with what it was to reach, whether it did, and a flag where it did not.

    limited  why it was not pursued further
    """
    judged = judgement(dataset, target)
    met = judged.met and not limited
    found = {
        "target": target.describe(),
        "target_met": "yes" if met else "no",
        "target_worst": judged.describe(),
    }
    if met:
        return dataset.assign_attrs(found)
    flag = one_flag(f"target {target.describe()} missed: {judged.describe()}{'; ' if limited else ''}{limited}")
    flags = flags_text((*flags_of(dataset.attrs), flag))
    return dataset.assign_attrs(found, flags=flags, status="not converged")


def _allowed(dataset: xr.Dataset, target: Target) -> dict[str, float]:
    if target.overall is None:
        return {
            name: size * _size(dataset[name].values) + ROUNDED if relative else size
            for name, (size, relative) in target.columns.items()
            if name in dataset
        }
    scale = exchanged(dataset)
    of_energies = {
        name: target.overall * scale + ROUNDED * max(1.0, _size(dataset[name].values))
        for name in ENERGIES
        if name in dataset
    }
    return {STATE: target.overall, **of_energies, ENTROPY: target.overall}


def _size(values: Real) -> float:
    known = values[np.isfinite(values)]
    return float(np.abs(known).max()) if known.size else 0.0


def _error(dataset: xr.Dataset, name: str) -> float:
    """The largest error of a column where it has a value; inf where none of it is known."""
    if f"{name}_error" not in dataset:
        return float("inf")
    values, errors = dataset[name].values, dataset[f"{name}_error"].values
    there = np.isfinite(values)
    wanted = errors[there]
    if not wanted.size:
        return float("inf")
    return float(np.nanmax(np.where(np.isnan(wanted), np.inf, wanted)))
