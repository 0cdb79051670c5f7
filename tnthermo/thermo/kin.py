"""What the error of a column cannot be below, because of columns that are made of the same expectation values.

A difference of two runs changes its sign now and then: that they agree in one column and not in its kin is chance. So is the agreement of
two truncated runs in one number, where their states differ.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.entropies import Findings
from tnthermo.timeline.clock import common_times
from tnthermo.timeline.differences import at_next, envelope
from tnthermo.types import Complex, Real

SHARE = 0.5  # of the largest difference among its kin
# by the power of an energy that their difference is made of rho_S with
KIN = {
    "energies": ("E_S", "E_B", "E_int", "h", "U_S", "U_B", "U_chi", "U_tot", "E_B_each"),
    "heat and work": (
        "Q_S",
        "Q_B",
        "Q_chi",
        "W_S",
        "W_B",
        "W_chi",
        "W_total",
        "W_drive_S",
        "Q_B_each",
        "W_B_each",
        "W_drive_each",
    ),
    "rates": ("Qdot_S", "Qdot_B", "Wdot_S", "Wdot_B", "flux_each"),
}
KEPT = frozenset(
    {"U_tot", "W_chi", "W_total", "W_drive_S", "W_drive_each"}
)  # constants without a drive, and known as well as the norm
BATH_ENTROPIES = ("S_B", "Delta_S_B", "S_chi")
PRODUCTIONS = ("D_S", "Sigma_S", "Sigma_total", "Sigma_Lindblad_S")  # sums of entropies and energies over T
VARIANCES = {"Var_Q_B": "E_B", "Var_Q_B_each": "E_B_each"}


def kin_floors(
    run: Trajectory,
    rough: Trajectory,
    found: Findings,
    *,
    every: Mapping[str, Real],
    state: Real,
    errors: Mapping[str, Real],
) -> dict[str, Real]:
    """Floors by name, at the record times, shapes (n,) or those of the columns.

    every   differences of what is known at every step, shapes (m, ...)
    state   `state_difference` (m,)
    errors  those of all columns without these floors

    Where the runs were compared at one time only since the start it is all of the largest difference, at two a half.
    """
    both, _ = common_times(run.times, rough.times)
    compared = np.arange(both.size, dtype=np.float64)
    share = np.maximum(SHARE, 1 / np.maximum(at_next(both, compared, run.times.size), 1))
    spread = np.ptp(np.linalg.eigvalsh(run.model.hamiltonian_at(run.times)), axis=-1)
    floors: dict[str, Real] = {}
    for kind, group in KIN.items():
        names = [name for name in group if run.model.driven or name not in KEPT]
        largest = state * spread ** (2 if kind == "rates" else 1)
        for name in names:
            largest = np.fmax(largest, every[name].reshape(run.times.size, -1).max(axis=1))
        floors |= dict.fromkeys(names, (share * largest)[run.recorded])
    # not the other way round: an entropy of the bath may be badly known for reasons of its own
    of_bath: Real = np.asarray(np.fmax.reduce([truncation(run), *(errors[name] for name in ("S_S", *BATH_ENTROPIES))]))
    floors |= dict.fromkeys(BATH_ENTROPIES, of_bath)
    for bound, value in ((f"{name}_{side}", name) for name in ("Delta_S_B", "S_chi") for side in ("lower", "upper")):
        known = np.isfinite(found.values[value])  # then they are the value itself
        floors[bound] = np.where(known, of_bath, 0.0)
    betas = [1 / T for T in run.model.temperatures if T > 0]
    if len(betas) == len(run.model.temperatures):
        energy = np.fmax.reduce([errors[name] for name in ("E_S", "E_B", "Q_S", "Q_B")])
        floors |= dict.fromkeys(PRODUCTIONS, SHARE * (errors["S_S"] + max(betas) * energy))
    quanta = np.array([one.quantum for one in run.model.couplings])
    for name, energy in VARIANCES.items():
        # d<Q^2> = 2 <Q dQ>, or w d<Q> of few quanta w
        size = 2 * np.fmax.accumulate(np.sqrt(np.abs(found.values[name])), axis=0)
        floors[name] = np.fmax(size, quanta if size.ndim > 1 else quanta.max()) * errors[energy]
    return floors


def observable_floor(state: Real, operator: Complex) -> Real:
    """What the error of <O>, O (d, d) on the system, cannot be below (n,): a share of what rho_S differs by (n,), times the size of O."""
    size = float(np.linalg.norm(operator - np.trace(operator) / len(operator) * np.eye(len(operator)), 2))
    return np.asarray(SHARE * size * state)


def state_difference(run: Trajectory, rough: Trajectory) -> Real:
    """Largest difference (m,) of an entry of rho_S so far."""
    ours, theirs = (np.stack([one.rho_S.real, one.rho_S.imag], axis=-1) for one in (run, rough))
    return np.asarray(envelope(run.times, ours, rough.times, theirs).max(axis=(1, 2, 3)))


def truncation(run: Trajectory) -> Real:
    """What dropped weight does to the bath's entropy (n,), nats, alike in both runs: what every step drops anew adds up as amplitudes.

    A part e = (sum of sqrt(w))^2 of the whole, w the weights of the steps, would be spread over other states: e (1 - log e).
    """
    dropped = np.diff(run.discarded_weight, prepend=0.0)
    e = np.minimum(np.cumsum(np.sqrt(np.maximum(dropped, 0.0))) ** 2, 1.0)[run.recorded]
    return np.asarray(e * (1 - np.log(np.maximum(e, 1e-300))))


def occupation_floor(run: Trajectory, of_energy: Real) -> Real:
    """(n, modes) what the error of mode_occupation cannot be below: a share of that of its bath's energy (n, B), in its quanta."""
    return np.asarray(SHARE * of_energy[:, run.mode_bath] / run.mode_frequency)
