"""This library. setting: engine, step, tolerance, max_bond; of a chain also taper and modes. Method and order are those of the file."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from common import Problem, columns, drive
from routes import routed

import tnthermo as tt
from tnthermo.configuration.light_cone import shortened

ENERGIES = ("E_int", "E_B")


def shorter(model: tt.Model, modes: int) -> tt.Model:
    """With the first ``modes`` sites of each chain."""
    couplings = []
    for coupling in model.couplings:
        chains = tuple(shortened(chain, modes) for chain in coupling.chains)
        couplings.append(replace(coupling, bath=chains if len(chains) > 1 else chains[0]))
    return replace(model, couplings=tuple(couplings))


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    """The chains are an input of the peers too: made once, outside of the time measured. Bins are laid out within it."""
    resolved = routed(problem.config, setting["engine"])
    step, on_bins = setting["step"], setting["engine"] == "bins"
    keys = ("tolerance", "max_bond", *(["taper"] if resolved.algorithm.name == "tdvp" else []))
    algorithm = replace(resolved.algorithm, step=step, **{key: setting[key] for key in keys if key in setting})
    found = tt.evolve(
        resolved.model if on_bins else shorter(resolved.model, setting["modes"]),
        initial=resolved.initial,
        displacement=resolved.displacement,
        algorithm=algorithm,
        until=problem.steps(step) * step,
        record_every=problem.every(step) * step,
        levels=setting.get("levels", resolved.levels),
        occupation_every=np.inf,
        variance_every=np.inf,
        bath_entropy="off",
        error_bars=False,
    )
    return found.t, lambda: looked_at(problem, found)


def looked_at(problem: Problem, found: tt.Trajectory) -> dict[str, Any]:
    """State and energies; what they are made of was measured on the way."""
    ledger = tt.ledger(found)
    return columns(problem, found.rho_S[found.recorded]) | {name: ledger[name].values for name in ENERGIES}


if __name__ == "__main__":
    drive("tnthermo", run, packages=("numpy", "numba"))
