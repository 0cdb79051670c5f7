"""Energies of system, bath and correlation, and the heat and work that change them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from tnthermo.thermo.expectations import Expectations
from tnthermo.thermo.integrate import cumulative_integral, cumulative_stieltjes

Real = npt.NDArray[np.float64]


def energies(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Energies (m,) at every step. [19, 20, 21]

    h = <A><X> is the interaction without correlations; alpha_S of it is counted as the bath's, 1 - alpha_S as the
    system's. U_chi = <H_int> - h is the binding energy. U_tot is <H> in one measurement; that U_S + U_B + U_chi
    equals it is for ``residual_energy`` to show. E_B, U_B and U_tot count from the uncoupled thermal bath.
    """
    h = e.coupling * e.position
    return {
        "E_S": e.system_energy,
        "E_B": e.chain_energy,
        "E_int": e.interaction,
        "h": h,
        "U_S": e.system_energy + (1 - alpha_S) * h,
        "U_B": e.chain_energy + alpha_S * h,
        "U_chi": e.interaction - h,
        "U_tot": e.total_energy,
    }


def heat_rates(e: Expectations) -> dict[str, Real]:
    """Heat per time (m,), Tr[d rho_i/dt H_i_eff], energy^2; independent of alpha_S. [22, 24, 25]

    dQ_S/dt = -(<i[H_S, A] X> - d<A>/dt <X>) and dQ_B/dt = -(<A P> - <A><P>): covariances, carried by chi alone.
    """
    return {
        "Qdot_S": -(e.system_flux - e.coupling_rate * e.position),
        "Qdot_B": -(e.bath_flux - e.coupling * e.momentum),
    }


def work_rates(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Work per time (m,), Tr[rho_i d H_i_eff/dt], energy^2. [22, 23]

    dW_S/dt = (1 - alpha_S) <A> d<X>/dt - alpha_S d<A>/dt <X> = -dW_B/dt, without drive. At one instant both are made of
    the same numbers; the accumulated W_S and W_B are not, see :func:`accumulated`.
    """
    rate = (1 - alpha_S) * e.coupling * e.momentum - alpha_S * e.coupling_rate * e.position
    return {"Wdot_S": rate, "Wdot_B": -rate}


def accumulated(e: Expectations, alpha_S: float) -> dict[str, Real]:
    """Heat and work (m,) since t = 0, energy. [22 - 26, 28, 29]

    Q_S, Q_B   integrals of the heat rates
    Q_chi      int Tr[d chi H_int], with H_int constant the change of Tr[chi H_int] = U_chi
    W_S        integral of the work rate, whose d<A>/dt and d<X>/dt are measured commutators
    W_B        int alpha_S <X> d<A> - (1 - alpha_S) <A> d<X> of the recorded <A> and <X> alone: W_S + W_B = 0 is a test
    W_chi, W_total  int Tr[chi dH_int] and int Tr[rho dH]: 0, nothing is driven
    """
    rates = heat_rates(e) | work_rates(e, alpha_S)
    chi_energy = e.interaction - e.coupling * e.position
    rising = cumulative_stieltjes(e.times, e.position, e.coupling)
    falling = cumulative_stieltjes(e.times, e.coupling, e.position)
    return {
        "Q_S": cumulative_integral(e.times, rates["Qdot_S"]),
        "Q_B": cumulative_integral(e.times, rates["Qdot_B"]),
        "Q_chi": chi_energy - chi_energy[0],
        "W_S": cumulative_integral(e.times, rates["Wdot_S"]),
        "W_B": alpha_S * rising - (1 - alpha_S) * falling,
        "W_chi": np.zeros_like(e.times),
        "W_total": np.zeros_like(e.times),
    }
