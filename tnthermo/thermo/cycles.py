"""The record of a cycle: work, heat and entropy production of each stroke and each cycle, and how far it is from the limit cycle."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import xarray as xr

from chains.checks import instance_problems
from chains.problems import Problem, raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.model.cycle import SAME, Cycle
from tnthermo.types import Real

Variables = dict[str, tuple[tuple[str, ...], Any, dict[str, Any]]]

MODES = ("engine", "refrigerator", "heater", "accelerator")
UNDECIDED, NONE = "undecided", "none"
NEEDED = (
    "t",
    "E_S",
    "E_int",
    "E_B_each",
    "W_drive_S",
    "W_drive_each",
    "S_S",
    "residual_energy",
    "rho_S",
    "temperature_of_bath",
)
CHANGES = {
    "W_drive_S": ("W_drive_S", "energy", "work of the drives of H_S"),
    "W_drive_each": ("W_drive_each", "energy", "work of switching each coupling"),
    "Delta_E_S": ("E_S", "energy", "change of the energy of the system"),
    "Delta_E_int": ("E_int", "energy", "change of the interaction energy"),
    "Delta_E_B_each": (
        "E_B_each",
        "energy",
        "change of the energy of each bath; less it is the heat that the bath gives",
    ),
    "Delta_S_S": ("S_S", "nat", "change of the entropy of the system"),
}
ENERGIES = ("W_drive_S", "W_drive_each", "Delta_E_S", "Delta_E_int", "Delta_E_B_each")


def cycles(ledger: xr.Dataset, cycle: Cycle) -> xr.Dataset:
    """Work, heat and entropy production of each stroke and each cycle of a run, with errors; dimensions cycle, stroke, bath.

    Of each cycle k = 1, 2, ... from the record at its begin to that at its end, and of each stroke as stroke_NAME (cycle, stroke); a jump
    belongs to the stroke that it ends:

    W_drive_S       work of the drives of H_S, int Tr[rho_S dH_S]
    W_drive_each    (.., B) work of the drive of each coupling, int <A X> df: what switching it costs
    Delta_E_S, Delta_E_int, Delta_E_B_each, Delta_S_S   changes
    Sigma           entropy production Delta S_S + sum_j beta_j Delta E_Bj, nat
    balance         Delta E_S + Delta E_int + sum_j Delta E_Bj - W_drive_S - sum_j W_drive_j, or the change of the ledger's
                    residual_energy, whichever is larger: on time bins, where E_B is made by conservation, only the second says anything

    Of each cycle only:

    W           all work, W_drive_S + sum_j W_drive_j; < 0: the cycle does work
    Q_hot, Q_cold   heat given by the baths of the highest and the lowest temperature, -Delta E_B
    mode        "engine" (W < 0, Q_hot > 0), "refrigerator" (W > 0, Q_cold > 0), "accelerator" (W > 0, Q_hot > 0 > Q_cold), "heater" (W > 0,
                none gives heat), "none" of these, or "undecided" where the errors leave it open
    efficiency  -W/Q_hot of an engine; COP  Q_cold/W of a refrigerator; NaN for what is none
    efficiency_H_S, COP_H_S   the same with W_drive_S in place of W, as if switching cost nothing; where that has the sign
    distance    to the cycle before: the largest change of an energy of a stroke, in units of the largest of them, or of an entry of rho_S
                at the begin of the cycle if that is larger; NaN of the first
    remaining   distance r/(1 - r) with r the ratio to the distance before: how far the limit cycle is if it goes on like that; inf where
                distances do not fall, NaN of the first two

    Each with NAME_error, the errors of the ledger at both ends added (NaN without error columns). Attributes: limit_cycle ("reached" where
    the last distance is below ``cycle.limit``, or what is missing; nothing is extrapolated), limit, period.

    ledger  of `tnthermo.ledger` (natural units), recorded where strokes end: `Cycle.record_every`

    Raises `chains.InvalidInput` for a ledger that ends before a cycle or has no record where a stroke ends.
    """
    problems = dataset_problems("ledger", ledger, NEEDED, "a dataset of tnthermo.ledger")
    problems += instance_problems("cycle", cycle, Cycle, "tnthermo.Cycle(...)")
    raise_if_any(problems)
    at = _places(ledger["t"].values, cycle)
    count = (at.size - 1) // len(cycle.strokes)
    shape = (count, len(cycle.strokes))
    begins = at[:: shape[1]]
    variables: Variables = {}
    for name, (column, units, text) in CHANGES.items():
        bath = ("bath",) if name.endswith("_each") else ()
        for prefix, dims, marks in (("", ("cycle",), begins), ("stroke_", ("cycle", "stroke"), at)):
            value, error = _change(ledger, column, marks)
            form = shape if prefix else (count,)
            _put(variables, prefix + name, (*dims, *bath), value, error, form, units, text)
    betas = _inverse(ledger)
    for prefix in ("", "stroke_"):
        _derived(variables, prefix, betas)
        residual = _change(ledger, "residual_energy", at if prefix else begins)[0]
        _balance(variables, prefix, residual.reshape(shape if prefix else (count,)))
    _of_cycles(variables, ledger["temperature_of_bath"].values)
    found = _distances(variables, ledger, begins, cycle.limit)
    coords = {"cycle": np.arange(1, count + 1), "stroke": list(_unique(cycle.names)), "bath": ledger["bath"].values}
    coords["stroke_begin"] = (
        "stroke",
        cycle.ends[:-1],
        {"units": "1/energy", "long_name": "begin of the stroke in the cycle"},
    )
    attributes = {"period": cycle.period, "limit": float(cycle.limit), "cycle": cycle.describe(), **found}
    if "flags" in ledger.attrs:
        attributes["flags"] = ledger.attrs["flags"]
    return xr.Dataset(variables, coords=coords, attrs=attributes)


def dimensions_of(record: xr.Dataset) -> dict[str, str]:
    """What the variables of a record in natural units are, for `tnthermo.units.datasets.converted`."""
    by_unit = {"energy": "energy", "nat": "entropy", "1/energy": "time"}
    units = {str(name): variable.attrs.get("units", "1") for name, variable in record.variables.items()}
    return {name: by_unit[unit] for name, unit in units.items() if unit in by_unit}


def _unique(names: tuple[str, ...]) -> tuple[str, ...]:
    """The names, each once: with their number where one is there twice."""
    return tuple(f"{name} {i}" if names.count(name) > 1 else name for i, name in enumerate(names))


def _places(t: Real, cycle: Cycle) -> np.ndarray:
    """Indices (cycles n + 1,) of the records at the ends of strokes, from t = 0 on."""
    count = min(int(np.floor(float(t[-1]) / cycle.period * (1 + SAME) + SAME)), cycle.count)
    problems = []
    if count < 1:
        allowed = f"to one period at least, {cycle.period:g}"
        problems.append(Problem(key="ledger", value=f"until t = {float(t[-1]):g}", allowed=allowed))
    if t[0] != 0:
        problems.append(Problem(key="ledger", value=f"from t = {float(t[0]):g} on", allowed="from t = 0 on"))
    raise_if_any(problems)
    ends = np.append(np.concatenate([k * cycle.period + cycle.ends[:-1] for k in range(count)]), count * cycle.period)
    near = np.clip(np.searchsorted(t, ends), 1, t.size - 1)
    near = near - (np.abs(t[near - 1] - ends) < np.abs(t[near] - ends))
    missed = np.abs(t[near] - ends) > 1e-7 * cycle.period
    if missed.any():
        i = int(np.flatnonzero(missed)[0])
        allowed = f"records where strokes end: none at t = {ends[i]:g}, the nearest at {float(t[near[i]]):g}"
        hint = f"record_every = {cycle.record_every:g}, or what divides it" if cycle.common > 0 else ""
        raise_if_any([Problem(key="ledger", value=f"{t.size} times", allowed=allowed, hint=hint)])
    return near


def _change(ledger: xr.Dataset, column: str, at: np.ndarray) -> tuple[Real, Real]:
    """Differences (k, ...) of a column between neighbouring ones of the records ``at``, and their errors."""
    values = ledger[column].values[at]
    name = f"{column}_error"
    if name not in ledger:
        return np.diff(values, axis=0), np.full_like(np.diff(values, axis=0), np.nan)
    error = ledger[name].values[at]
    return np.diff(values, axis=0), error[1:] + error[:-1]


def _put(
    variables: Variables,
    name: str,
    dims: tuple[str, ...],
    value: Real,
    error: Real,
    form: tuple[int, ...],
    units: str,
    text: str,
) -> None:
    """A variable and its error, in the shape (*form, ...)."""
    tail = () if "bath" not in dims else value.shape[-1:]
    variables[name] = (dims, np.asarray(value).reshape(*form, *tail), {"units": units, "long_name": text})
    about = {"units": units, "long_name": f"error of {name}"}
    variables[f"{name}_error"] = (dims, np.asarray(error).reshape(*form, *tail), about)


def _inverse(ledger: xr.Dataset) -> Real:
    """(B,) inverse temperatures, inf for the vacuum."""
    with np.errstate(divide="ignore"):
        return np.asarray(1 / ledger["temperature_of_bath"].values)


def _value(variables: Mapping[str, Any], name: str) -> Real:
    return np.asarray(variables[name][1])


def _derived(variables: Variables, prefix: str, betas: Real) -> None:
    """Sigma, and of cycles W."""
    dims = variables[f"{prefix}Delta_S_S"][0]

    def both(name: str) -> tuple[Real, Real]:
        return _value(variables, prefix + name), _value(variables, f"{prefix}{name}_error")

    entropy, entropy_error = both("Delta_S_S")
    heat, heat_error = both("Delta_E_B_each")
    why: dict[str, Any] = {}
    value, error = np.full_like(entropy, np.nan), np.full_like(entropy, np.nan)
    if np.isfinite(betas).all():
        value, error = entropy + heat @ betas, entropy_error + heat_error @ betas
    else:
        why = {"reason": "beta infinite"}
    _put(variables, f"{prefix}Sigma", dims, value, error, entropy.shape, "nat", "entropy production")
    variables[f"{prefix}Sigma"][2].update(why)
    drives, drives_error = both("W_drive_S")
    switching, switching_error = both("W_drive_each")
    value, error = drives + switching.sum(axis=-1), drives_error + switching_error.sum(axis=-1)
    _put(variables, f"{prefix}W", dims, value, error, entropy.shape, "energy", "work of all drives; < 0: work is done")


def _balance(variables: Variables, prefix: str, residual: Real) -> None:
    """What is left of the energy: of the record itself, or of the ledger's residual, the larger one."""
    left = sum(_value(variables, prefix + name) for name in ("Delta_E_S", "Delta_E_int"))
    left = left + _value(variables, f"{prefix}Delta_E_B_each").sum(axis=-1) - _value(variables, f"{prefix}W")
    value = np.where(np.abs(residual) > np.abs(left), residual, left)
    about = {"units": "energy", "long_name": "residual of the energy balance", "equation": "Delta E - W"}
    variables[f"{prefix}balance"] = (variables[f"{prefix}W"][0], value, about)


def _of_cycles(variables: Variables, temperatures: Real) -> None:
    """Heats of hot and cold baths, what the cycle is, and how good it is at that."""
    W, W_error = _value(variables, "W"), _value(variables, "W_error")
    shape, dims = W.shape, ("cycle",)
    each, each_error = -_value(variables, "Delta_E_B_each"), _value(variables, "Delta_E_B_each_error")
    heats = {}
    for name, at in (("Q_hot", temperatures == temperatures.max()), ("Q_cold", temperatures == temperatures.min())):
        heats[name] = each[:, at].sum(axis=1), each_error[:, at].sum(axis=1)
        _put(variables, name, dims, *heats[name], shape, "energy", f"heat that the {name[2:]} bath gives")
    two = np.unique(temperatures).size == 2
    signs = [_sign(value, error) for value, error in ((W, W_error), *heats.values())]
    modes = [_mode(*(int(s[k]) if s[k] == s[k] else None for s in signs)) for k in range(W.size)]
    modes = modes if two else [NONE] * W.size
    about = {"long_name": "what the cycle is", "units": "1"}
    why = "" if two else "baths of one temperature, or of more than two: neither efficiency nor COP is defined"
    variables["mode"] = (dims, np.array(modes, dtype=object).astype("U12"), about | ({"reason": why} if why else {}))
    W_S = _value(variables, "W_drive_S"), _value(variables, "W_drive_S_error")
    for suffix, (work, work_error) in {"": (W, W_error), "_H_S": W_S}.items():
        of = "" if not suffix else " with the work of the drives of H_S alone, as if switching cost nothing"
        engine = two & (work < -_known(work_error)) & (heats["Q_hot"][0] > _known(heats["Q_hot"][1]))
        fridge = two & (work > _known(work_error)) & (heats["Q_cold"][0] > _known(heats["Q_cold"][1]))
        ratios = (
            (
                f"efficiency{suffix}",
                f"efficiency of an engine, -W/Q_hot{of}",
                engine,
                (-work, work_error),
                heats["Q_hot"],
            ),
            (
                f"COP{suffix}",
                f"coefficient of performance of a refrigerator, Q_cold/W{of}",
                fridge,
                heats["Q_cold"],
                (work, work_error),
            ),
        )
        for name, text, where, above, below in ratios:
            _put(variables, name, dims, *_ratio(where, above, below), shape, "1", text)
            if not where.all():
                variables[name][2]["reason"] = (
                    why or "NaN where signs of work and heat, within errors, are not those of one: mode says what it is"
                )


def _known(error: Real) -> Real:
    """Errors, 0 where there are none: without error columns values are taken as they are."""
    return np.nan_to_num(error, nan=0.0, posinf=np.inf)


def _sign(value: Real, error: Real) -> Real:
    """-1 or 1; NaN where the error leaves it open."""
    return np.where(np.abs(value) > _known(error), np.sign(value), np.nan)


def _mode(W: int | None, Q_hot: int | None, Q_cold: int | None) -> str:
    """What a cycle is by the signs of its work and of the heats that the baths give; None: not known."""
    if W is None:
        return UNDECIDED
    if W < 0:
        return UNDECIDED if Q_hot is None else "engine" if Q_hot > 0 else NONE
    if Q_cold is None:
        return UNDECIDED
    if Q_cold > 0:
        return "refrigerator"
    return UNDECIDED if Q_hot is None else "accelerator" if Q_hot > 0 else "heater"


def _ratio(where: Any, above: tuple[Real, Real], below: tuple[Real, Real]) -> tuple[Real, Real]:
    """Quotients of (value, error) and their errors; NaN elsewhere."""
    (a, a_error), (b, b_error) = above, below
    value, error = np.full_like(a, np.nan), np.full_like(a, np.nan)
    value[where] = a[where] / b[where]
    worst = (np.abs(a[where]) + a_error[where]) / np.maximum(np.abs(b[where]) - b_error[where], 0.0)
    error[where] = worst - np.abs(value[where])
    return value, error


def _distances(variables: Variables, ledger: xr.Dataset, begins: np.ndarray, limit: float) -> dict[str, Any]:
    """Puts in ``distance`` and ``remaining``, and returns what is said of the limit cycle."""
    parts = [_value(variables, f"stroke_{name}").reshape(begins.size - 1, -1) for name in ENERGIES]
    errors = [_value(variables, f"stroke_{name}_error").reshape(begins.size - 1, -1) for name in ENERGIES]
    energies, energy_errors = np.concatenate(parts, axis=1), np.concatenate(errors, axis=1)
    rho = ledger["rho_S"].values[begins]
    scale = float(np.abs(energies).max()) or 1.0
    count = begins.size - 1
    distance, error, remaining = np.full(count, np.nan), np.full(count, np.nan), np.full(count, np.nan)
    state_error = ledger["rho_S_error"].values[begins] if "rho_S_error" in ledger else np.full_like(rho, np.nan)
    for k in range(1, count):
        moved = np.abs(energies[k] - energies[k - 1]).max() / scale
        turned = np.hypot(*np.moveaxis(rho[k] - rho[k - 1], -1, 0)).max()
        distance[k] = max(moved, turned)
        of_energy = (energy_errors[k] + energy_errors[k - 1]).max() / scale
        error[k] = np.maximum(of_energy, (state_error[k] + state_error[k - 1]).max())
    for k in range(2, count):
        ratio = distance[k] / distance[k - 1] if distance[k - 1] > 0 else 0.0
        remaining[k] = distance[k] * ratio / (1 - ratio) if ratio < 1 else np.inf
    _put(variables, "distance", ("cycle",), distance, error, (count,), "1", "distance to the cycle before")
    variables["distance"][2]["reason"] = "the first cycle has none before it"
    about = {"units": "1", "long_name": "distance to the limit cycle if distances go on falling as they do"}
    variables["remaining"] = (("cycle",), remaining, about | {"reason": "two distances are needed"})
    if count < 2:
        return {"limit_cycle": "not known: one cycle has none before it"}
    last = float(distance[-1])
    if last <= limit:
        return {"limit_cycle": "reached"}
    return {"limit_cycle": f"not reached: the last cycle differs from the one before by {last:.2g}, limit {limit:g}"}
