"""tnthermo: the thermodynamic ledger of a quantum system strongly coupled to a bosonic bath."""

from __future__ import annotations

from typing import Any

from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact
from tnthermo.coupling import Coupling, couple
from tnthermo.doubts import AccuracyWarning
from tnthermo.drive import Cosine, Drive, Pulse, Ramp, Square, TimeTable
from tnthermo.evolve import NotConverged, Progress, RunFailed, evolve
from tnthermo.files import load
from tnthermo.lawbook.laws import Law, MeanForce, laws
from tnthermo.model import JaynesCummings, Model, SpinBoson, SystemDrive, assemble
from tnthermo.state import State
from tnthermo.sweeps.collect import collect
from tnthermo.sweeps.local import run_sweep
from tnthermo.sweeps.status import sweep_status
from tnthermo.thermo import closed_forms
from tnthermo.thermo.alpha import alpha_scan, matching_alpha
from tnthermo.thermo.currents import steady_currents
from tnthermo.thermo.dephasing import Dephasing, dephasing
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.weak_coupling import weak_coupling
from tnthermo.trajectory import Trajectory
from tnthermo.two_time import spectrum, two_time


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
    "Coupling",
    "JaynesCummings",
    "Model",
    "SpinBoson",
    "SystemDrive",
    "assemble",
    "couple",
    "Cosine",
    "Drive",
    "Pulse",
    "Ramp",
    "Square",
    "TimeTable",
    "AccuracyWarning",
    "NotConverged",
    "Progress",
    "RunFailed",
    "State",
    "Trajectory",
    "evolve",
    "alpha_scan",
    "matching_alpha",
    "collect",
    "run_sweep",
    "sweep_status",
    "Dephasing",
    "closed_forms",
    "dephasing",
    "ledger",
    "Law",
    "MeanForce",
    "laws",
    "load",
    "plot",
    "spectrum",
    "steady_currents",
    "two_time",
    "weak_coupling",
]
