"""This library. setting: step, tolerance, max_bond, taper, modes; method and order are those of the configuration file."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
from common import Problem, drive, sigma_z

import tnthermo as tt
from tnthermo.configuration.light_cone import shortened
from tnthermo.configuration.resolve import Resolved, load_config, resolve


def shorter(model: tt.Model, modes: int) -> tt.Model:
    """With the first ``modes`` sites of each chain."""
    couplings = []
    for coupling in model.couplings:
        chains = tuple(shortened(chain, modes) for chain in coupling.chains)
        couplings.append(replace(coupling, bath=chains if len(chains) > 1 else chains[0]))
    return replace(model, couplings=tuple(couplings))


@cache
def resolved_file(path: str) -> Resolved:
    """The chains are an input of the peers too: made once, outside of the time measured."""
    return resolve(load_config(path))


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    resolved = resolved_file(problem.config)
    step = setting["step"]
    keys = ("tolerance", "max_bond", *(["taper"] if resolved.algorithm.name == "tdvp" else []))
    algorithm = replace(resolved.algorithm, step=step, **{key: setting[key] for key in keys if key in setting})
    found = tt.evolve(
        shorter(resolved.model, setting["modes"]),
        initial=resolved.initial,
        displacement=resolved.displacement,
        algorithm=algorithm,
        until=problem.steps(step) * step,
        record_every=problem.every(step) * step,
        levels=setting.get("levels", resolved.levels),
        occupation_every=np.inf,
        variance_every=np.inf,
        error_bars=False,
    )
    return found.times, np.array([sigma_z(rho) for rho in found.rho_S])


if __name__ == "__main__":
    drive("tnthermo", run, packages=("numpy", "numba"))
