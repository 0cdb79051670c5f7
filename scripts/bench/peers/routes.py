"""A configuration file as each of this library's two engines takes it: sites of a chain, or time bins. Shared by parent and driver."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

import chains
from tnthermo.configuration.resolve import Resolved, load_config, resolve

OF_CHAINS = {
    "evolution": ("method", "step", "tolerance", "max_bond", "order", "taper", "bond", "layout"),
    "bath": ("route", "modes", "levels", "allow_reflection"),
    "spectral_density": ("support", "resolution"),
}
"""Keys that mean nothing to time bins, or something else."""
ROUGH = 1e-5
"""To which the chain of a density without an end is made: C(t) up to the end of the run."""


@cache
def routed(path: str, engine: str) -> Resolved:
    """The file on a "chain" (as it is where it asks for sites by itself) or on "bins". Raises InvalidInput where that cannot be."""
    config = load_config(path)
    tables: dict[str, Any] = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    if engine == "chain":
        resolved = resolve(config)
        if not on_bins(resolved):
            return resolved
        tables["evolution"] |= {"method": "tdvp", "step": resolved.algorithm.step, "tolerance": ROUGH}
        for bath in baths(tables):
            bath["route"] = "single-chain"
    else:
        tables["evolution"] = without(tables["evolution"], "evolution")
        for name in ("bath", "spectral_density"):
            parts = baths(tables) if name == "bath" else [tables, *baths(tables)]
            for part in parts:
                if name == "bath":
                    for key in OF_CHAINS["bath"]:
                        part.pop(key, None)
                    part["route"] = "time-bins"
                elif "spectral_density" in part:
                    part["spectral_density"] = without(part["spectral_density"], "spectral_density")
        tables["evolution"]["method"] = "time-bins"
    return resolve(load_config(path, tables))


def on_bins(resolved: Resolved) -> bool:
    """Whether a bath has no sites."""
    return any(isinstance(coupling.bath, chains.Bath) for coupling in resolved.model.couplings)


def baths(tables: dict[str, Any]) -> list[dict[str, Any]]:
    """[bath], or all [[bath]]."""
    found = tables["bath"]
    return found if isinstance(found, list) else [found]


def without(table: dict[str, Any], name: str) -> dict[str, Any]:
    """A table without the keys of chains."""
    return {key: value for key, value in table.items() if key not in OF_CHAINS[name]}
