"""tnthermo: the thermodynamic ledger of a quantum system strongly coupled to a bosonic bath."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from chains.on_demand import on_demand

if TYPE_CHECKING:
    from chains.problems import InvalidInput
    from tnthermo import closed_forms
    from tnthermo.accuracy.evolve import evolve
    from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Algorithm, Exact, TimeBins
    from tnthermo.closed_forms.finite_dephasing import Dephasing, dephasing
    from tnthermo.convergence.study import converge
    from tnthermo.convergence.text import convergence_table
    from tnthermo.errors import Held, NotConverged, RunFailed, Stopped, StorageError
    from tnthermo.evolution.doubts import AccuracyWarning
    from tnthermo.evolution.heat_statistics import heat_statistics
    from tnthermo.evolution.progress import Progress
    from tnthermo.evolution.spectrum import spectrum
    from tnthermo.evolution.two_time import two_time
    from tnthermo.lawbook.laws import laws
    from tnthermo.lawbook.mean_force import MeanForce
    from tnthermo.lawbook.verdict import Law
    from tnthermo.machine.signals import listening
    from tnthermo.model.coupling import Coupling, couple
    from tnthermo.model.cycle import Cycle, Stroke
    from tnthermo.model.drives import Cosine, Drive, Pulse, Ramp, Square, TimeTable
    from tnthermo.model.model import JaynesCummings, Model, SpinBoson, SystemDrive, assemble
    from tnthermo.model.piecewise import Piecewise
    from tnthermo.network.state import State
    from tnthermo.pages.report import report
    from tnthermo.record.trajectory import Trajectory
    from tnthermo.reproduction.reproduce import Reproduced, reproduce
    from tnthermo.reproduction.text import reproduction_table
    from tnthermo.results.checkpoints import Checkpoints
    from tnthermo.results.result_file import load
    from tnthermo.second_order.local import local_hamiltonians
    from tnthermo.second_order.weak_coupling import weak_coupling
    from tnthermo.studies.comparison import Comparison, compare_weak_coupling
    from tnthermo.studies.laws import run_laws
    from tnthermo.studies.study import run_config
    from tnthermo.sweeps.collect import collect
    from tnthermo.sweeps.here import run_sweep
    from tnthermo.sweeps.status import sweep_status
    from tnthermo.thermo.alpha import alpha_scan, matching_alpha
    from tnthermo.thermo.currents import steady_currents
    from tnthermo.thermo.cycles import cycles
    from tnthermo.thermo.expectation import expectation
    from tnthermo.thermo.in_units import in_units
    from tnthermo.thermo.ledger import ledger
    from tnthermo.thermo.other_route import compared
    from tnthermo.units.units import Units

# Which module a public name lives in: what is imported when it is first asked for. A test compares it with the imports above.
HOMES = {
    "chains.problems": ("InvalidInput",),
    "tnthermo": ("closed_forms",),
    "tnthermo.algorithms": ("TDVP", "TDVP1", "TDVP2", "TEBD", "Algorithm", "Exact", "TimeBins"),
    "tnthermo.closed_forms.finite_dephasing": ("Dephasing", "dephasing"),
    "tnthermo.convergence.study": ("converge",),
    "tnthermo.convergence.text": ("convergence_table",),
    "tnthermo.errors": ("Held", "NotConverged", "RunFailed", "Stopped", "StorageError"),
    "tnthermo.evolution.doubts": ("AccuracyWarning",),
    "tnthermo.evolution.heat_statistics": ("heat_statistics",),
    "tnthermo.accuracy.evolve": ("evolve",),
    "tnthermo.evolution.progress": ("Progress",),
    "tnthermo.evolution.spectrum": ("spectrum",),
    "tnthermo.evolution.two_time": ("two_time",),
    "tnthermo.lawbook.laws": ("laws",),
    "tnthermo.lawbook.mean_force": ("MeanForce",),
    "tnthermo.lawbook.verdict": ("Law",),
    "tnthermo.machine.signals": ("listening",),
    "tnthermo.model.coupling": ("Coupling", "couple"),
    "tnthermo.model.cycle": ("Cycle", "Stroke"),
    "tnthermo.model.drives": ("Cosine", "Drive", "Pulse", "Ramp", "Square", "TimeTable"),
    "tnthermo.model.model": ("JaynesCummings", "Model", "SpinBoson", "SystemDrive", "assemble"),
    "tnthermo.model.piecewise": ("Piecewise",),
    "tnthermo.network.state": ("State",),
    "tnthermo.pages.report": ("report",),
    "tnthermo.record.trajectory": ("Trajectory",),
    "tnthermo.reproduction.reproduce": ("Reproduced", "reproduce"),
    "tnthermo.reproduction.text": ("reproduction_table",),
    "tnthermo.results.checkpoints": ("Checkpoints",),
    "tnthermo.results.result_file": ("load",),
    "tnthermo.second_order.local": ("local_hamiltonians",),
    "tnthermo.second_order.weak_coupling": ("weak_coupling",),
    "tnthermo.studies.comparison": ("Comparison", "compare_weak_coupling"),
    "tnthermo.studies.laws": ("run_laws",),
    "tnthermo.studies.study": ("run_config",),
    "tnthermo.sweeps.collect": ("collect",),
    "tnthermo.sweeps.here": ("run_sweep",),
    "tnthermo.sweeps.status": ("sweep_status",),
    "tnthermo.thermo.alpha": ("alpha_scan", "matching_alpha"),
    "tnthermo.thermo.currents": ("steady_currents",),
    "tnthermo.thermo.cycles": ("cycles",),
    "tnthermo.thermo.expectation": ("expectation",),
    "tnthermo.thermo.in_units": ("in_units",),
    "tnthermo.thermo.ledger": ("ledger",),
    "tnthermo.thermo.other_route": ("compared",),
    "tnthermo.units.units": ("Units",),
}
if not TYPE_CHECKING:
    __getattr__ = on_demand(__name__, HOMES)
if "xarray" in sys.modules:  # then it costs nothing: ledgers that xarray itself opens have .tnthermo as well
    import tnthermo.thermo.accessor  # noqa: F401


def plot(dataset: Any) -> Any:
    """The four panels of a ledger as one matplotlib Figure, which is imported on the first call; see `tnthermo.figures.panels.plot`."""
    from tnthermo.figures.panels import plot as draw

    return draw(dataset)


def plot_convergence(data: Any) -> Any:
    """What `tnthermo.converge` found as one matplotlib Figure; see `tnthermo.figures.convergence.plot_convergence`."""
    from tnthermo.figures.convergence import plot_convergence as draw

    return draw(data)


def plot_cycles(record: Any) -> Any:
    """What `tnthermo.cycles` found as one matplotlib Figure; see `tnthermo.figures.cycle.plot_cycles`."""
    from tnthermo.figures.cycle import plot_cycles as draw

    return draw(record)


def plot_heat_statistics(data: Any, counted: str = "B") -> Any:
    """What `tnthermo.heat_statistics` found as one matplotlib Figure; see `tnthermo.figures.heat_statistics.plot_heat_statistics`."""
    from tnthermo.figures.heat_statistics import plot_heat_statistics as draw

    return draw(data, counted)


__all__ = [
    "TDVP",
    "TDVP1",
    "TDVP2",
    "TEBD",
    "Algorithm",
    "Exact",
    "TimeBins",
    "Coupling",
    "JaynesCummings",
    "Model",
    "SpinBoson",
    "SystemDrive",
    "assemble",
    "couple",
    "Cosine",
    "Cycle",
    "Drive",
    "Piecewise",
    "Pulse",
    "Ramp",
    "Square",
    "Stroke",
    "TimeTable",
    "AccuracyWarning",
    "Held",
    "InvalidInput",
    "NotConverged",
    "Progress",
    "RunFailed",
    "Stopped",
    "StorageError",
    "Checkpoints",
    "listening",
    "State",
    "Trajectory",
    "evolve",
    "alpha_scan",
    "compared",
    "matching_alpha",
    "collect",
    "cycles",
    "converge",
    "convergence_table",
    "plot_convergence",
    "Reproduced",
    "reproduce",
    "reproduction_table",
    "run_config",
    "Comparison",
    "compare_weak_coupling",
    "run_laws",
    "run_sweep",
    "sweep_status",
    "Dephasing",
    "closed_forms",
    "dephasing",
    "Units",
    "expectation",
    "heat_statistics",
    "plot_cycles",
    "plot_heat_statistics",
    "in_units",
    "ledger",
    "Law",
    "MeanForce",
    "laws",
    "load",
    "local_hamiltonians",
    "plot",
    "report",
    "spectrum",
    "steady_currents",
    "two_time",
    "weak_coupling",
]


def __dir__() -> list[str]:
    """The public names only."""
    return sorted(__all__)
