"""The same problem by the other engine: time bins for what runs on sites, sites for what runs on time bins."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.algorithms import TimeBins
from tnthermo.configuration.conversion import with_written_step
from tnthermo.configuration.resolve import Config, build
from tnthermo.configuration.route import BINS, OF_CHAINS, ON_SITES, defaults, model_on_bins
from tnthermo.configuration.sections import Accuracy, Evolution, Record
from tnthermo.evolution.first_settings import step_on_sites
from tnthermo.evolution.suitable_step import suitable_step

KEY = "accuracy.check_route"
SITES_TOLERANCE = 1e-4  # of a chain beside time bins
SITES_BOND = 24
EXACT_INSTEAD = "auto"  # for the bath's entropy, which the other engine may not have exactly


def other_route(config: Config) -> Config:
    """The configuration by the other engine, at the same record times; physics alone is kept of it.

    Raises :class:`chains.InvalidInput` where there is no other engine: a mean-force start needs a chain.
    """
    evolution = config.evolution
    if config.system.rho() is None:
        allowed = "false: a mean-force start needs a chain, time bins cannot take it"
        raise InvalidInput([Problem(key=KEY, value=True, allowed=allowed)])
    every = evolution.record_every or evolution.step
    on_bins = evolution.method != BINS
    made: dict[str, Any] = dict(config.tables.made)
    for keys in config.baths:
        bath, density = made[keys.bath], made[keys.spectral_density]
        left = defaults(bath, ON_SITES)
        if on_bins or isinstance(bath.levels, list):
            left["levels"] = "auto"
        made[keys.bath] = bath.model_copy(update={**left, "route": BINS if on_bins else "auto"})
        made[keys.spectral_density] = density.model_copy(update=defaults(density, OF_CHAINS))
    made["record"] = _record(config.record)
    entropy = config.tables.made["thermodynamics"]
    if entropy.bath_entropy == "exact":
        made["thermodynamics"] = entropy.model_copy(update={"bath_entropy": EXACT_INSTEAD})
    made["run"] = config.run.model_copy(update={"error_bars": True, "strict": False})
    made["accuracy"] = Accuracy()
    made["evolution"] = _evolution(evolution, every, on_bins=on_bins)
    other = replace(config, tables=replace(config.tables, made=made))
    step = _bins_step(other, every) if on_bins else _sites_step(other, every)
    made["evolution"] = made["evolution"].model_copy(update={"step": step})
    return replace(config, tables=with_written_step(replace(config.tables, made=made)))


def _record(record: Record) -> Record:
    """Without what one engine alone has."""
    own = {
        name: value
        for name, value in record.observables.items()
        if not (isinstance(value, Mapping) and "boson" in value)
    }
    return record.model_copy(
        update={"observables": own, "two_time": {}, "correlations_every": Record().correlations_every}
    )


def _evolution(evolution: Evolution, every: float, *, on_bins: bool) -> Evolution:
    """Its method, with settings that suit, but for the step."""
    bins = {"method": BINS, "tolerance": TimeBins.tolerance, "max_bond": TimeBins.max_bond}
    sites = {"method": "tdvp", "tolerance": SITES_TOLERANCE, "max_bond": SITES_BOND}
    left = dict.fromkeys(("order", "taper", "bond"))
    update = {**left, **(bins if on_bins else sites), "layout": "auto", "record_every": every, "step": every}
    return evolution.model_copy(update=update)


def _bins_step(config: Config, every: float) -> float:
    model = model_on_bins(config.tables, config.folder)
    return every if model is None else suitable_step(model, config.evolution.until, every)


def _sites_step(config: Config, every: float) -> float:
    """The largest part of the record interval in which the strongest local term turns little."""
    built, problems = build(config.tables, config.folder)
    raise_if_any([replace(p, hint=p.hint or f"{KEY} asks for a chain beside the time bins") for p in problems])
    assert built.model is not None
    return step_on_sites(built.model, config.evolution.until, every, pieces=1)
