"""Which settings of a run a study turns, and the ladder of values of each, coarse to fine, around the reference's own."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr

from chains.checks import integer_problems, number_problems
from chains.problems import Problem
from tnthermo.algorithms import FINEST, is_multiple
from tnthermo.configuration.hints import nearest
from tnthermo.configuration.read import has_several_baths, tables_of_bath
from tnthermo.configuration.resolve import Resolved
from tnthermo.configuration.written import Values
from tnthermo.convergence.analysis import LEAST

KNOBS = ("step", "max_bond", "bond", "tolerance", "levels", "modes")
# What the finest value of a ladder lacks at least, in parts of its last difference: a third of a tolerance that errors are linear in leaves
# a half of it, half a step of second order a third.
LACKING = {"tolerance": 0.5, "step": 0.34}
POWERS = frozenset({"step"})  # whose error falls as a power
FALLING = frozenset({"step", "tolerance"})  # finer is smaller
SMALL = 8  # bonds up to this one, and
FEW = 4  # levels up to this one, are tried at up to four and three times as many: they may be far too small
NARROW = 64  # record intervals that a coarse step may have together
FEWEST_STEPS = 4  # of a run

Settings = Mapping[str, Any]
"""Dotted keys of the configuration with their values."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    """One value of a knob, in the units of the file, and what of the reference's configuration is different for it."""

    value: float
    settings: Settings


@dataclass(frozen=True, kw_only=True)
class Knob:
    """A ladder.

    rungs      coarse to fine, the reference among them
    reference  its place
    key        what the file calls it
    whole      whether nothing is finer than the last rung: bonds that nothing caps
    note       what there is to say of the ladder
    finer      settings of the run in which every knob is finer; {} where this one cannot be
    """

    name: str
    key: str
    rungs: tuple[Rung, ...]
    reference: int
    whole: bool = False
    note: str = ""
    finer: Settings

    @property
    def powers(self) -> bool:
        return self.name in POWERS

    @property
    def lacking(self) -> float:
        return LACKING.get(self.name, LEAST)

    @property
    def values(self) -> list[float]:
        return [rung.value for rung in self.rungs]


def possible(resolved: Resolved) -> tuple[dict[str, str], dict[str, str]]:
    """({name: key in the file} of the knobs that the run has, {name: why not} of the others)."""
    own = {name: f"evolution.{name}" for name in resolved.algorithm.knobs}
    method = resolved.algorithm.name
    bonds = {"max_bond", "bond"} & set(resolved.algorithm.knobs)
    instead = f"; its bond is {bonds.copy().pop()}" if bonds else ""
    without = {name: f"method {method} does not have it{instead}" for name in ("step", "max_bond", "bond", "tolerance")}
    own["levels"] = "bath.levels"
    lengths, listed = _modes(resolved.values), any(isinstance(n, list) for n in _levels(resolved))
    if not lengths:
        by = "time bins have all modes of a density" if resolved.algorithm.bins else "the modes of the bath are given"
        without["modes"] = f"there is no chain to be longer: {by}"
    elif listed:
        without["modes"] = "levels is a list, one for each site: one number can be kept for any chain"
    else:
        own["modes"] = "bath.modes"
    return own, {name: why for name, why in without.items() if name not in own}


def unasked(resolved: Resolved) -> dict[str, str]:
    """Knobs that the run has and that are left alone unless they are named, each with the reason."""
    if all(levels == "auto" for levels in _levels(resolved)):
        return {"levels": "they are added where they fill, as the tolerance asks: its ladder has them"}
    return {}


def left_alone(found: Iterable[str], resolved: Resolved) -> list[str]:
    """Knobs that the run has and that a study of those that are ``found`` does not turn, so that nothing is seen of what they cost."""
    own, _ = possible(resolved)
    return [name for name in own if name not in {*found, *unasked(resolved)}]


def asked_problems(asked: Mapping[str, Sequence[float] | None], resolved: Resolved, key: str) -> list[Problem]:
    """What is wrong with the knobs and values that a user names."""
    own, without = possible(resolved)
    problems = []
    for name, values in asked.items():
        if name not in own:
            allowed = ", ".join(own)
            hint = without.get(name, "") or nearest(name, list(own))
            problems.append(Problem(key=key, value=name, allowed=f"settings that this run has: {allowed}", hint=hint))
        elif values is not None:
            problems += value_problems(f"{key} {name}", name, values, resolved)
    return problems


def unknown_problems(asked: Iterable[str], key: str) -> list[Problem]:
    """Names that no run has, where it is not known what this one has."""
    return [
        Problem(key=key, value=name, allowed=", ".join(KNOBS), hint=nearest(name, list(KNOBS)))
        for name in asked
        if name not in KNOBS
    ]


def value_problems(key: str, name: str, values: Sequence[float], resolved: Resolved) -> list[Problem]:
    """What is wrong with the values of one knob."""
    problems = []
    for value in values:
        if name == "step":
            found = number_problems(key, value, above=0.0)
            every, until = (resolved.units.shown_time(time) for time in (resolved.record_every, resolved.until))
            if not found and not record_interval(every, until, value):
                unit = resolved.units.behind("time")
                allowed = f"steps of which record_every = {every:g}{unit}, or a multiple of it, is one"
                found = [Problem(key=key, value=value, allowed=allowed)]
        elif name == "tolerance":
            found = number_problems(key, value)
            if not found and not FINEST <= value <= 1:
                found = [Problem(key=key, value=value, allowed=f"between {FINEST:g} and 1")]
        else:
            found = integer_problems(key, value, at_least=2 if name == "levels" else 1)
        problems += found
    if not values:
        problems.append(Problem(key=key, value=list(values), allowed="at least one value"))
    if not problems and len(set(values)) < len(values):
        problems.append(Problem(key=key, value=list(values), allowed="each value once"))
    return problems


def knob(name: str, values: Sequence[float] | None, resolved: Resolved, ledger: xr.Dataset | None) -> Knob:
    """The ladder of one knob.

    values  those that the user names; None: chosen around the reference
    ledger  of the reference: the bond and the levels that it reached; None before it has run, for a ladder that stands for it
    """
    make: Callable[..., Knob] = {"levels": _of_levels, "modes": _of_modes}.get(name, _of_evolution)
    return make(name, values, resolved, ledger)


def unfinished(found: Knob, key: str) -> list[Problem]:
    """A ladder that has no value finer than the reference, though there could be one."""
    if found.whole or found.reference < len(found.rungs) - 1:
        return []
    more = "below" if found.name in FALLING else "above"
    value = found.rungs[found.reference].value
    allowed = f"at least one value {more} the reference's own, {value:g}"
    return [Problem(key=f"{key} {found.name}", value=[v for v in found.values if v != value] or value, allowed=allowed)]


def _ladder(name: str, key: str, own: float, others: Iterable[tuple[float, Settings]], **more: Any) -> Knob:
    """Sorted coarse to fine, each value once, the reference's with settings of its own: none."""
    rungs = {own: Rung(value=own, settings={})}
    for value, settings in others:
        if not any(math.isclose(value, there, rel_tol=1e-9) for there in rungs):
            rungs[value] = Rung(value=value, settings=settings)
    ordered = sorted(rungs, reverse=name in FALLING)
    place = ordered.index(own)
    finer = {} if place == len(ordered) - 1 else rungs[ordered[-1]].settings
    made = Knob(
        name=name, key=key, rungs=tuple(rungs[v] for v in ordered), reference=place, **({"finer": finer} | more)
    )
    return made


def _of_evolution(name: str, values: Sequence[float] | None, resolved: Resolved, ledger: xr.Dataset | None) -> Knob:
    if name == "step":
        return _of_steps(values, resolved)
    key = f"evolution.{name}"
    if name == "tolerance":
        own = resolved.algorithm.tolerance
        wanted = [10 * own, 3 * own, own / 3] if values is None else values
        return _ladder(name, key, own, [(v, {key: v}) for v in map(_rounded, wanted) if FINEST <= v <= 1])
    return _of_bonds(name, key, values, resolved, ledger)


def _of_bonds(
    name: str, key: str, values: Sequence[float] | None, resolved: Resolved, ledger: xr.Dataset | None
) -> Knob:
    fixed = resolved.algorithm.fixed_bond
    cap = resolved.algorithm.max_bond if fixed is None else fixed
    reached = cap or 2 * SMALL
    if fixed is None and ledger is not None:
        reached = int(ledger["bond_dimension"].max())
    if cap is not None and reached >= cap:
        factors = (0.5, 2, 4) if cap <= SMALL else (0.25, 0.5, 2)
        wanted = [max(1, int(f * cap)) for f in factors] if values is None else [int(v) for v in values]
        return _ladder(name, key, cap, [(v, {key: v}) for v in wanted])
    capped = "no cap" if cap is None else f"a cap of {cap}"
    note = f"the bonds of the reference reach {reached}, with {capped}: there is nothing finer than it"
    wanted = [max(1, int(f * reached)) for f in (0.25, 0.5)] if values is None else [int(v) for v in values]
    below = [(v, {key: v}) for v in wanted if v < reached]
    return _ladder(name, key, reached, below, whole=True, note=note, finer={} if cap is None else {key: 2 * cap})


def _of_steps(values: Sequence[float] | None, resolved: Resolved) -> Knob:
    own = (resolved.algorithm.step, resolved.record_every, resolved.until)
    h, every, until = (resolved.units.shown_time(time) for time in own)  # as the files of the points have them
    wanted = [_fitting(f * h, h, every, until) for f in (4, 2, 0.5)] if values is None else list(values)
    others = []
    for step in wanted:
        interval = record_interval(every, until, step)
        enough = values is not None or step <= until / FEWEST_STEPS
        if interval and enough:
            others.append((step, {"evolution.step": step, "evolution.record_every": interval}))
    return _ladder("step", "evolution.step", h, others)


def _fitting(step: float, h: float, every: float, until: float) -> float:
    """A step near ``step`` that divides the record interval, so that a coarse run is recorded as often; itself where none does."""
    if step < h or is_multiple(every, step):
        return step
    parts = round(every / step)
    return every / parts if parts >= 1 and every / parts > 1.2 * h else step


def record_interval(every: float, until: float, step: float) -> float:
    """The shortest multiple of ``every`` that is one of ``step``, 0 where there is none in ``until``."""
    for n in range(1, NARROW + 1):
        if n > 1 and n * every > until * (1 + 1e-9):
            break
        if is_multiple(n * every, step):
            return n * every
    return 0.0


def _of_levels(name: str, values: Sequence[float] | None, resolved: Resolved, ledger: xr.Dataset | None) -> Knob:
    levels = _levels(resolved)
    note = ""
    if all(own == "auto" for own in levels):
        largest = 2 * FEW if ledger is None else int(np.nanmax(ledger["level_profile"].values))
        note = f"the levels of the reference are added where they fill, up to {largest}"
    else:
        largest = max(_most(own) for own in levels if own != "auto")
    factors = (0.5, 2, 3) if largest <= FEW else (0.5, 0.75, 1.5)
    wanted = [max(2, round(f * largest)) for f in factors] if values is None else [int(v) for v in values]

    def of(value: float) -> Settings:
        scaled = {
            f"{place}.levels": _scaled(own, value, largest) for place, own in zip(places(resolved), levels, strict=True)
        }
        return {key: found for key, found in scaled.items() if found != "auto" or note == ""}

    return _ladder(name, "bath.levels", largest, [(v, of(v)) for v in wanted], note=note)


def _scaled(own: Any, value: float, largest: int) -> Any:
    """The levels of one bath where those of the bath that has most are ``value``."""
    if isinstance(own, list):
        return [max(2, round(n * value / largest)) for n in own]
    return int(value) if own == "auto" else max(2, round(own * value / largest))


def _most(own: Any) -> int:
    return int(max(own)) if isinstance(own, list) else int(own)


def _of_modes(name: str, values: Sequence[float] | None, resolved: Resolved, ledger: xr.Dataset | None) -> Knob:
    lengths = _modes(resolved.values)
    largest = max(lengths.values())
    wanted = [max(1, round(f * largest)) for f in (0.5, 0.75, 1.5)] if values is None else [int(v) for v in values]

    def of(value: float) -> Settings:
        return {f"{place}.modes": max(1, round(n * value / largest)) for place, n in lengths.items()}

    return _ladder(name, "bath.modes", largest, [(v, of(v)) for v in wanted])


def places(resolved: Resolved) -> list[str]:
    """What the baths' tables are called: "bath", or "bath[0]" and so on."""
    several = has_several_baths(resolved.values)
    return [f"bath[{j}]" for j in range(len(resolved.model.couplings))] if several else ["bath"]


def _levels(resolved: Resolved) -> list[Any]:
    """The key of each bath."""
    return [tables_of_bath(resolved.values, j).bath.get("levels", "auto") for j in range(len(resolved.model.couplings))]


def _modes(values: Values) -> dict[str, int]:
    """The length of the chains of each bath that has some of a chosen length."""
    several = has_several_baths(values)
    tables = values["bath"] if several else [values["bath"]]
    names = [f"bath[{j}]" if several else "bath" for j in range(len(tables))]
    return {name: n for name, table in zip(names, tables, strict=True) if isinstance(n := table.get("modes"), int)}


def _rounded(value: float) -> float:
    """To 12 digits: 3 x 1e-7 is 3e-7."""
    return float(f"{value:.12g}")


def beside(resolved: Resolved) -> Settings:
    """What every run but the reference has: no error bars, and no end of a chain that is refused because the tolerance got finer."""
    open_ended = {f"{place}.allow_reflection": True for place in _modes(resolved.values)}
    return {"run.error_bars": False, **open_ended}


def corner(knobs: Sequence[Knob]) -> Settings:
    """All knobs finer at once."""
    found: dict[str, Any] = {}
    for one in knobs:
        found |= one.finer
    return found
