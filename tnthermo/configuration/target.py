"""[accuracy] target: the settings that the way to it begins with, where a file leaves them open."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from tnthermo.algorithms import named
from tnthermo.configuration.read import Tables
from tnthermo.configuration.toml import read_toml
from tnthermo.evolution.first_settings import (
    SETTINGS,
    SITES_BOND,
    first_tolerance,
    longer_step,
    step_on_sites,
)
from tnthermo.model.model import Model


def target_of(tables: Tables) -> Any:
    """The target as it is written; None where there is none."""
    accuracy = tables.get("accuracy")
    return None if accuracy is None else accuracy.target


def with_target(path: Path, target: Any, max_time: Any) -> dict[str, Any]:
    """The contents of a file as if [accuracy] said ``target`` and ``max_time``, where given. Raises :class:`chains.InvalidInput`."""
    raw = read_toml(path)
    own = raw.get("accuracy", {})
    if isinstance(own, dict):
        given = {key: value for key, value in (("target", target), ("max_time", max_time)) if value is not None}
        raw["accuracy"] = {**own, **given}
    return raw


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
    if "max_bond" not in given and kind.max_bond is not None and not kind.bins:
        update["max_bond"] = SITES_BOND
    if "step" not in given and kind.bins:
        update["step"] = longer_step(evolution.step, interval)
    elif "step" not in given:
        model = built(_with(tables, {**update, "step": interval}))
        if model is not None:
            update["step"] = step_on_sites(model, evolution.until, interval)
    return _with(tables, update)


def _with(tables: Tables, update: dict[str, Any]) -> Tables:
    evolution = tables.get("evolution").model_copy(update=update)
    return replace(tables, made={**tables.made, "evolution": evolution})
