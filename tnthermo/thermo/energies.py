"""Energies of system, baths and correlation, and the heat and work that change them.

Everything is a sum over the channels q of the coupling, H_int = sum_q F_q A_q (x) X_q (`tnthermo.model.model`); B is the union of the
baths.
"""

from __future__ import annotations

import numpy as np

from tnthermo.thermo.expectations import Expectations, driven_work, switching_work, trace, work_of_drives
from tnthermo.timeline.integrate import cumulative_integral, cumulative_stieltjes
from tnthermo.types import Real


def energies(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Energies (m,) at every step; E_B_each (m, B). [19, 20, 21]

    h = sum_q F_q <A_q><X_q> is the interaction without correlations; alpha_S of it is counted as the bath's, 1 - alpha_S as the
    system's. U_chi = <H_int> - h is the binding energy. U_tot is <H> in one measurement; that U_S + U_B + U_chi
    equals it is for ``residual_energy`` to show. E_B, U_B and U_tot count from the uncoupled thermal bath.
    """
    h = np.sum(e.strength * e.coupling * e.position, axis=1)
    interaction = np.sum(e.strength * e.product, axis=1)
    bath = e.bath_energy.sum(axis=1)
    return {
        "E_S": e.system_energy,
        "E_B": bath,
        "E_int": interaction,
        "h": h,
        "U_S": e.system_energy + (1 - alpha_S) * h,
        "U_B": bath + alpha_S * h,
        "U_chi": interaction - h,
        "U_tot": e.total_energy,
        "E_B_each": e.bath_energy,
    }


def heat_rates(e: Expectations) -> dict[str, Real]:
    """Heat per time (m,), Tr[d rho_i/dt H_i_eff], energy^2; independent of alpha_S. Qdot_B_each (m, B). [3, 24, 25]

    dQ_S/dt = Tr[d rho_S/dt (H_S + sum_q F_q <X_q> A_q)] and dQ_B/dt = -sum_q F_q (<A_q P_q> - <A_q><P_q>). The commutators of the X_q
    among each other drop out of the second, Omega being antisymmetric.
    """
    each = -e.per_bath(e.strength * (e.product_flux - e.coupling * e.momentum))
    return {"Qdot_S": trace(e.effective, e.rho_S_rate), "Qdot_B": each.sum(axis=1), "Qdot_B_each": each}


def flux(e: Expectations) -> Real:
    """Energy current into each bath (m, B), dE_B/dt = -sum_q F_q <A_q P_q>, energy^2."""
    return -e.per_bath(e.strength * e.product_flux)


def work_rates(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Work per time (m,), Tr[rho_i d H_i_eff/dt], energy^2; at a kink of a drive the value to the right. Wdot_B_each (m, B). [4, 22, 29]

    dW_S/dt = Tr[rho_S dH_S/dt] + sum_q ((1 - alpha_S) <A> d(F <X>)/dt - alpha_S F <X> d<A>/dt), and for the bath
    sum_q (alpha_S <X> d(F <A>)/dt - (1 - alpha_S) F <A> d<X>/dt). Without drive the two cancel.
    """
    switched = e.strength_slope * e.coupling * e.position
    rising = e.strength * e.coupling_rate * e.position
    moving = e.strength * e.coupling * e.position_rate
    each = e.per_bath(alpha_S * (switched + rising) - (1 - alpha_S) * moving)
    system = (1 - alpha_S) * (switched + moving) - alpha_S * rising
    driven = trace(e.hamiltonian_slope, e.rho_S)
    return {"Wdot_S": driven + system.sum(axis=1), "Wdot_B": each.sum(axis=1), "Wdot_B_each": each}


def accumulated(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Heat and work (m,) since t = 0, energy, from the recorded values alone; Q_B_each and W_B_each (m, B). [3, 4, 27 - 29]

    Q_S, Q_B   int Tr[d rho_i H_i_eff]: int Tr[d rho_S H_S_eff] and Delta E_B + int sum_q F_q <A_q> d<X_q>
    Q_chi      int Tr[d chi H_int] = int sum_q F_q d(<A_q X_q> - <A_q><X_q>)
    W_S, W_B   int Tr[rho_i dH_i_eff]
    W_chi      int Tr[chi dH_int];  W_total  int Tr[rho dH]: both 0 without drive
    W_drive_S, W_drive_each   the parts of W_total: int Tr[rho_S dH_S], and int <A X> dF of each bath (m, B)

    No rate enters: those of a bath without a cutoff jump at the start, and with a soft one they rise within 1/w_c, which no polynomial
    through a few steps follows. `by_rates` is the independent way, which `residuals` compares these with.
    """

    def stieltjes(values: Real, increments: Real) -> Real:
        return cumulative_stieltjes(e.times, values, increments, breaks=e.breaks)

    def switching(values: Real) -> Real:
        """int values dF; 0 to the last bit where no coupling is driven."""
        return stieltjes(values, e.strength) if np.any(e.strength != e.strength[0]) else np.zeros_like(values)

    covariance = e.product - e.coupling * e.position
    moved = stieltjes(e.strength * e.coupling, e.position)
    through = stieltjes(e.strength * e.position, e.coupling)
    switched = switching(e.coupling * e.position)
    turned = stieltjes(np.swapaxes(e.hamiltonian, -1, -2), np.ascontiguousarray(e.rho_S))
    Q_B_each = e.bath_energy - e.bath_energy[0] + e.per_bath(moved)
    W_B_each = e.per_bath(alpha_S * stieltjes(e.position, e.strength * e.coupling) - (1 - alpha_S) * moved)
    return {
        "Q_S": np.real(turned.sum(axis=(-2, -1))) + through.sum(axis=1),
        "Q_B": Q_B_each.sum(axis=1),
        "Q_chi": np.sum(stieltjes(e.strength, covariance), axis=1),
        "W_S": driven_work(e) + np.sum((1 - alpha_S) * (switched + moved) - alpha_S * through, axis=1),
        "W_B": W_B_each.sum(axis=1),
        "W_chi": np.sum(switching(covariance), axis=1),
        "W_total": work_of_drives(e),
        "W_drive_S": driven_work(e),
        "Q_B_each": Q_B_each,
        "W_B_each": W_B_each,
        "W_drive_each": switching_work(e),
    }


def by_rates(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Q_S, Q_B and W_S (m,) as integrals over time of measured commutators, energy; what drives do is from the values. [22, 24, 25, 29]"""

    def integral(values: Real) -> Real:
        return cumulative_integral(e.times, values, breaks=e.breaks)

    heat = heat_rates(e)
    commutators = e.strength * ((1 - alpha_S) * e.coupling * e.position_rate - alpha_S * e.position * e.coupling_rate)
    driven = driven_work(e)
    if np.any(e.strength != e.strength[0]):
        switched = cumulative_stieltjes(e.times, e.coupling * e.position, e.strength, breaks=e.breaks)
        driven = driven + (1 - alpha_S) * switched.sum(axis=1)
    return {
        "Q_S": integral(heat["Qdot_S"]),
        "Q_B": integral(heat["Qdot_B"]),
        "W_S": driven + integral(commutators).sum(axis=1),
    }
