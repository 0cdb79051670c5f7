"""What the start of a mean-force run has wrong, which runs that differ in their settings share in part."""

from __future__ import annotations

import numpy as np

from tnthermo.record.trajectory import Trajectory

# of the energy, or of it over T: two to six times what was off where it is known
OF_ENERGIES, OF_ENTROPY, OF_STATE = 0.25, 0.25, 1 / 16
ENERGIES = frozenset({"E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot"})


def apart(run: Trajectory) -> float:
    """How far the energies of bath and ancilla differ at the start: mirror images of each other in an equilibrium; 0 of other starts."""
    if run.start != "mean-force":
        return 0.0
    return float(np.abs(run.chain_energy[0]).max())


def start_floor(run: Trajectory, name: str) -> float:
    """What the error of a column cannot be below."""
    if name in ENERGIES:
        return OF_ENERGIES * apart(run)
    return OF_ENTROPY * _in_kT(run) if name == "S_S" else 0.0


def state_floor(run: Trajectory) -> float:
    """What the error of rho_S cannot be below."""
    return OF_STATE * _in_kT(run)


def _in_kT(run: Trajectory) -> float:
    found = apart(run)
    return found / float(run.model.temperature) if found and run.model.temperature else 0.0
