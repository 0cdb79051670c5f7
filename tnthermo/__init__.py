"""tnthermo: the thermodynamic ledger of a quantum system strongly coupled to a bosonic bath."""

from __future__ import annotations

from typing import Any

from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact
from tnthermo.evolve import NotConverged, Progress, RunFailed, evolve
from tnthermo.files import load
from tnthermo.model import Model, SpinBoson
from tnthermo.state import State
from tnthermo.thermo.ledger import ledger
from tnthermo.trajectory import Trajectory


def plot(dataset: Any) -> Any:
    """The four panels of a ledger as one matplotlib Figure; see `tnthermo.plots.plot` (matplotlib is imported on the first call)."""
    from tnthermo.plots import plot as draw

    return draw(dataset)


__all__ = [
    "TDVP",
    "TDVP1",
    "TDVP2",
    "TEBD",
    "Algorithm",
    "Exact",
    "Model",
    "NotConverged",
    "Progress",
    "RunFailed",
    "SpinBoson",
    "State",
    "Trajectory",
    "evolve",
    "ledger",
    "load",
    "plot",
]
