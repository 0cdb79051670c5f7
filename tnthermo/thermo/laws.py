"""The balances, each with two sides measured independently, and the entropy productions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import numpy.typing as npt

from tnthermo.thermo.expectations import Expectations
from tnthermo.thermo.integrate import cumulative_integral, cumulative_stieltjes

Real = npt.NDArray[np.float64]


def residuals(e: Expectations, steps: Mapping[str, Real]) -> dict[str, Real]:
    """What is left of each balance (m,), energy; 0 in exact arithmetic with an infinitely fine step.

    ``steps`` holds the energies and the accumulated heat and work at every step.

    residual_energy  U_S + U_B + U_chi, measured term by term, against <H>(0) + W_total, <H> as one operator [21]
    residual_heat    Q_S + Q_B, integrals of rates, against -Delta U_chi + W_chi, the change of a local value [26, 28]
    residual_work    W_S from commutators against -W_B from differences of the recorded <A> and <X> [23, 29]
    residual_flux    Delta E_B, an energy of the whole chain, against -int <A P> dt at its first sites
    residual_chi     heat from the rates of chi against heat from d rho by differences, Delta E_S + int <X> d<A> and
                     Delta E_B + int <A> d<X>; of S and B the one that is larger [24, 25]
    """
    delta_E_S = steps["E_S"] - steps["E_S"][0]
    delta_E_B = steps["E_B"] - steps["E_B"][0]
    chi_S = steps["Q_S"] - (delta_E_S + cumulative_stieltjes(e.times, e.position, e.coupling))
    chi_B = steps["Q_B"] - (delta_E_B + cumulative_stieltjes(e.times, e.coupling, e.position))
    return {
        "residual_energy": steps["U_S"] + steps["U_B"] + steps["U_chi"] - (e.total_energy[0] + steps["W_total"]),
        "residual_heat": steps["Q_S"] + steps["Q_B"] + (steps["U_chi"] - steps["U_chi"][0]) - steps["W_chi"],
        "residual_work": steps["W_S"] + steps["W_B"],
        "residual_flux": delta_E_B + cumulative_integral(e.times, e.bath_flux),
        "residual_chi": np.where(np.abs(chi_S) > np.abs(chi_B), chi_S, chi_B),
    }


def entropy_productions(at: Mapping[str, Real], beta: float) -> dict[str, Real]:
    """Entropy productions (n,) since t = 0, nat. [33, 40]

    at    the other columns at the record times
    beta  inverse temperature of the bath, finite

    Sigma_S = Delta S_S - beta Q_S, Sigma_B = Delta S_B - beta Q_B, Sigma_total = Delta S_S + beta Delta E_B. The last
    is the mutual information plus the distance of the bath from equilibrium, S_chi + D(rho_B || rho_B^beta).
    """
    delta_S_S = at["S_S"] - at["S_S"][0]
    return {
        "Sigma_S": delta_S_S - beta * at["Q_S"],
        "Sigma_B": at["Delta_S_B"] - beta * at["Q_B"],
        "Sigma_total": delta_S_S + beta * (at["E_B"] - at["E_B"][0]),
    }
