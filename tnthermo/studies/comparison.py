"""An exact run beside the master equations of weak coupling: the energy current into each bath, its error and its direction."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import numpy as np
import xarray as xr

from chains.checks import instance_problems, number_problems, path_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.configuration.resolve import Resolved, resolve_file
from tnthermo.evolution.arguments import MEAN_FORCE, callable_problems, switch_problems
from tnthermo.evolution.progress import Progress
from tnthermo.machine import atomic_files
from tnthermo.second_order.local import local_hamiltonians, parts_problems
from tnthermo.second_order.weak_coupling import METHODS, Method, weak_coupling
from tnthermo.studies import study
from tnthermo.thermo.currents import FEWEST, steady_currents
from tnthermo.units.datasets import to_natural

EXACT, CSV = "exact", "currents.csv"
NO_PARTS = "the parts of the system were not named: their dimensions, as (2, 2) for two qubits, say what each bath sees"
ORDER = ("local", "lindblad", "redfield", "tcl2")


@dataclass(frozen=True, kw_only=True, eq=False)
class Comparison:
    """A run and the master equations beside it.

    ledgers   by name, "exact" first: those of the master equations at the times of the run, in natural units
    currents  dimensions ``equation`` and ``bath``: current, error, drift of `tnthermo.steady_currents`, NaN where a method does not exist
              for the model, and ``reason`` (equation,); ``direction`` (equation,) in words; coordinate temperature (bath,)
    flags     what did not converge in the run
    """

    ledgers: dict[str, xr.Dataset]
    currents: xr.Dataset
    flags: tuple[str, ...]


def compare_weak_coupling(
    config: str | Path,
    folder: str | Path,
    *,
    since: float | None = None,
    parts: Sequence[int] | None = None,
    methods: Sequence[str] = ORDER,
    overwrite: bool = False,
    strict: bool = False,
    progress: Callable[[Progress], None] | None = None,
    say: Callable[[str], None] = lambda text: None,
) -> Comparison:
    """Run a configuration and solve the master equations of its model; the steady energy current into each bath of all of them.

    config   a file, as for `tnthermo.run_config`; the run is in ``folder`` and found done when it is there
    since    the currents are means from this time on, in the time of the file; default half of the run
    parts    dimensions of the parts of the system, for "local" (`tnthermo.local_hamiltonians`); without them it is left NaN
    methods  of `tnthermo.weak_coupling`: "local", "lindblad" (global), "redfield", "tcl2"

    Writes currents.csv into ``folder``. Positive is into the bath. An error of a master equation is drift and imbalance alone: what the
    order leaves out is what the comparison shows. A method that does not exist for the model is NaN with the reason.

    Raises as `tnthermo.run_config`, and `chains.InvalidInput` for a mean-force start, a window with fewer than 5 record times, or
    dimensions that are none of the system.
    """
    wrong = path_problems("config", config) + path_problems("folder", folder)
    wrong += switch_problems(overwrite=overwrite, strict=strict) + callable_problems(progress=progress)
    wrong += instance_problems("say", say, Callable, "a function")
    wrong += [] if since is None else number_problems("since", since, at_least=0.0)
    wrong += [] if parts is None else parts_problems(parts)
    raise_if_any(wrong + _methods_problems(methods))
    resolved = resolve_file(config, strict=strict)
    model, end = resolved.model, resolved.until
    start = end / 2 if since is None else float(resolved.units.natural_time(since))
    problems = _start_problems(resolved)
    local = None
    if parts is not None:
        try:
            local = local_hamiltonians(model, parts)
        except InvalidInput as error:
            problems += list(error.problems)
    if math.floor((end - start) / resolved.record_every * (1 + 1e-9)) + 1 < FEWEST:
        allowed = f"a time at which {FEWEST} record times are still to come"
        shown, unit = resolved.units.shown_time, resolved.units.behind("time")
        hint = f"the run has one every {shown(resolved.record_every):g}{unit} up to t = {shown(end):g}{unit}"
        problems.append(Problem(key="since", value=since, allowed=allowed, hint=hint))
    raise_if_any(problems)
    outcome = study.run_config(
        config, folder, resume=True, overwrite=overwrite, strict=strict, progress=progress, say=say
    )
    run = to_natural(outcome.ledger)
    ledgers, reasons = {EXACT: run}, {}
    for method in methods:
        say(f"{method}: its master equation")
        if method == "local" and local is None:
            reasons[method] = NO_PARTS
            continue
        keywords: dict[str, Any] = {"local": local} if method == "local" else {}
        try:
            ledgers[method] = weak_coupling(
                model,
                initial=resolved.rho,
                times=run["t"].values,
                method=cast(Method, method),
                alpha_S=resolved.alpha_S,
                **keywords,
            )
        except InvalidInput as refused:
            reasons[method] = "; ".join(problem.allowed for problem in refused.problems)
    found = _currents(ledgers, reasons, (EXACT, *methods), start, model.temperatures)
    atomic_files.write_text(Path(folder) / CSV, _csv(found))
    return Comparison(ledgers=ledgers, currents=found, flags=outcome.flags)


def _methods_problems(methods: Any) -> list[Problem]:
    """Why ``methods`` are no names of master equations, each once."""
    named = isinstance(methods, Sequence) and not isinstance(methods, str | bytes)
    if (
        named
        and methods
        and all(isinstance(one, str) and one in METHODS for one in methods)
        and len(set(methods)) == len(methods)
    ):
        return []
    return [Problem(key="methods", value=methods, allowed=f"some of {', '.join(ORDER)}, each once")]


def _start_problems(resolved: Resolved) -> list[Problem]:
    if resolved.rho is None:
        allowed = "a product start: master equations of second order have no other"
        return [Problem(key="system.initial", value=MEAN_FORCE, allowed=allowed)]
    if resolved.displacement is not None and any(
        np.any(np.asarray(one)) for one in resolved.displacement if one is not None
    ):
        return [Problem(key="bath.displacement", value="displaced", allowed="thermal baths at the start")]
    return []


def _currents(
    ledgers: dict[str, xr.Dataset],
    reasons: dict[str, str],
    methods: Sequence[str],
    since: float,
    temperatures: Sequence[float],
) -> xr.Dataset:
    """What `steady_currents` says of each."""
    shape = (len(methods), len(temperatures))
    columns = {name: np.full(shape, math.nan) for name in ("current", "error", "drift")}
    for i, method in enumerate(methods):
        if method in ledgers:
            steady = steady_currents(ledgers[method], since=since)
            for name, values in columns.items():
                values[i] = steady[name].values
    directions = [
        direction(current, error, temperatures)
        for current, error in zip(columns["current"], columns["error"], strict=True)
    ]
    text = {
        "current": "mean energy current into each bath",
        "error": "error of current",
        "drift": "what it still changes by",
    }
    return xr.Dataset(
        {
            name: (("equation", "bath"), values, {"units": "energy^2", "long_name": text[name]})
            for name, values in columns.items()
        }
        | {
            "direction": ("equation", np.array(directions, dtype=object)),
            "reason": ("equation", np.array([reasons.get(method, "") for method in methods], dtype=object)),
        },
        coords={
            "equation": list(methods),
            "bath": np.arange(shape[1]),
            "temperature": ("bath", np.array(temperatures)),
        },
        attrs={"since": since},
    )


def direction(current: Any, error: Any, temperatures: Sequence[float]) -> str:
    """Which way the energy flows between the hottest and the coldest bath, where that is more than the errors; both must agree."""
    if not np.isfinite(current).all():
        return "no value"
    hot, cold = int(np.argmax(temperatures)), int(np.argmin(temperatures))
    bar = np.where(np.isfinite(error), error, math.inf)
    if temperatures[hot] == temperatures[cold]:
        return "flows at equal temperatures" if np.any(np.abs(current) > bar) else "none within error"
    if current[cold] > bar[cold] and -current[hot] > bar[hot]:
        return "hot to cold"
    if -current[cold] > bar[cold] and current[hot] > bar[hot]:
        return "cold to hot"
    return "not resolved"


def _csv(found: xr.Dataset) -> str:
    """One line for each method and bath, full precision."""
    lines = ["equation,bath,temperature,current,error,drift,direction"]
    for i, method in enumerate(found["equation"].values):
        for j in range(found.sizes["bath"]):
            numbers = [repr(float(found[name].values[i, j])) for name in ("current", "error", "drift")]
            T = repr(float(found["temperature"].values[j]))
            lines.append(",".join([str(method), str(j), T, *numbers, str(found["direction"].values[i])]))
    return "\n".join(lines) + "\n"
