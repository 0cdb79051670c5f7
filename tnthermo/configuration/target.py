"""[accuracy] target: the settings that the way to it begins with, where a file leaves them open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tnthermo.algorithms import named
from tnthermo.configuration.read import Tables
from tnthermo.configuration.sections import Accuracy
from tnthermo.configuration.toml import read_toml
from tnthermo.evolution.first_settings import (
    SETTINGS,
    first_bond,
    first_tolerance,
    longer_step,
    step_on_sites,
)
from tnthermo.model.model import Model
from tnthermo.record.target import OFF, USUAL, USUAL_TIME

# what of [evolution] is a choice between numbers and time: where a file has none of them, nor levels, it has a target
KNOBS = frozenset({"method", "step", "tolerance", "max_bond", "order", "taper", "bond"})


def target_of(tables: Tables) -> Any:
    """The target as it is written; None where there is none."""
    accuracy = tables.get("accuracy")
    return None if accuracy is None else accuracy.target


def with_target(path: Path, target: Any, max_time: Any) -> dict[str, Any] | None:
    """The contents of a file as if [accuracy] said ``target`` and ``max_time``, where given; None, as it is, where neither is.

    Raises :class:`chains.InvalidInput`.
    """
    given = {key: value for key, value in (("target", target), ("max_time", max_time)) if value is not None}
    if not given:
        return None
    raw = read_toml(path)
    own = raw.get("accuracy", {})
    if isinstance(own, dict):
        raw["accuracy"] = {**own, **given}
    return raw


def with_usual_target(tables: Tables) -> Tables:
    """The tables with the usual target where a file has no number but physics, and without one where it is "off"."""
    evolution, accuracy, run = (tables.get(name) for name in ("evolution", "accuracy", "run"))
    if evolution is None:
        return tables
    accuracy = Accuracy() if accuracy is None else accuracy
    if accuracy.target == OFF:
        return _replaced(tables, "accuracy", accuracy.model_copy(update={"target": None}))
    if not evolution.until > 0 or (run is not None and not run.error_bars):
        return tables
    levels = [bath.levels for keys in tables.baths if (bath := tables.get(keys.bath)) is not None]
    if accuracy.target is not None or tables.given & KNOBS or any(given != "auto" for given in levels):
        return tables
    update = {"target": USUAL, "max_time": USUAL_TIME if accuracy.max_time is None else accuracy.max_time}
    return _replaced(tables, "accuracy", accuracy.model_copy(update=update))


def without_target(raw: dict[str, Any]) -> dict[str, Any]:
    """The contents of a file as if its target, or the usual one, were off: the settings are its own, or those that suit."""
    own = raw.get("accuracy", {})
    if not isinstance(own, dict):
        return raw
    left = {key: value for key, value in own.items() if key not in ("target", "max_time")}
    return {**raw, "accuracy": {**left, "target": OFF}}


def kept_settings(tables: Tables) -> frozenset[str]:
    """Settings that a file gives: a target leaves them as they are."""
    return tables.given & SETTINGS


def aimed(tables: Tables, built: Callable[[Tables], Model | None]) -> Tables:
    """The tables with settings to begin with in place of those that are left open; as they are without a target.

    built  makes the model of tables, None where something is wrong with them
    """
    target, evolution = target_of(tables), tables.get("evolution")
    if target is None or evolution is None or not evolution.until > 0:
        return tables
    kind, given = named(evolution.method), tables.given
    interval = evolution.record_every or evolution.until
    update: dict[str, Any] = {}
    if "tolerance" not in given:
        update["tolerance"] = first_tolerance(target, bins=kind.bins)
    system = tables.get("system")
    if "max_bond" not in given and kind.max_bond is not None and system is not None:
        update["max_bond"] = first_bond(len(system.matrix()))
    if "step" not in given and kind.bins:
        update["step"] = longer_step(evolution.step, interval)
    elif "step" not in given:
        model = built(_with(tables, {**update, "step": interval}))
        if model is not None:
            update["step"] = step_on_sites(model, evolution.until, interval)
    return _with(tables, update)


def _with(tables: Tables, update: dict[str, Any]) -> Tables:
    return _replaced(tables, "evolution", tables.get("evolution").model_copy(update=update))


def _replaced(tables: Tables, name: str, table: Any) -> Tables:
    return replace(tables, made={**tables.made, name: table})
