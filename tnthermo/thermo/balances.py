"""The balances, each with two sides measured independently, and the entropy productions."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from tnthermo.thermo.energies import by_rates, flux
from tnthermo.thermo.expectations import Expectations, driven_work
from tnthermo.timeline.integrate import cumulative_integral, cumulative_stieltjes
from tnthermo.types import Real


def residuals(e: Expectations, steps: Mapping[str, Real], alpha_S: float) -> dict[str, Real]:
    """What is left of each balance (m,), energy; 0 in exact arithmetic with an infinitely fine step.

    ``steps`` holds the energies and the accumulated heat and work at every step. Three of them have the integrals of rates on one side,
    which are less exact than heat and work are, above all where a bath is fast.

    residual_energy  U_S + U_B + U_chi, measured term by term, against <H>(0) + W_total, <H> as one operator [21]; on time bins with what
                     their E_B leaves out
    residual_heat    Q_S + Q_B, as integrals of rates, against -Delta U_chi + W_chi, the change of a local value [26, 28]
    residual_work    W_S, as an integral of commutators, and W_B, from differences of the recorded <A> and <X>, against what the drive
                     does, int (Tr[rho_S dH_S] + Tr[rho_S (x) rho_B dH_int]) [23, 29]
    residual_flux    Delta E_B, an energy of the whole chain, against -int sum_q F_q <A_q P_q> dt at its first sites
    residual_chi     heat from the rates against heat from rho by differences, int Tr[d rho_S H_S_eff] and
                     Delta E_B + int F <A> d<X>; of S and B the one that is larger [24, 25]
    """
    delta_E_B = steps["E_B"] - steps["E_B"][0]
    rates = by_rates(e, alpha_S)
    chi_S, chi_B = (rates[name] - steps[name] for name in ("Q_S", "Q_B"))
    switched = cumulative_stieltjes(e.times, e.coupling * e.position, e.strength, breaks=e.breaks).sum(axis=1)
    current = cumulative_integral(e.times, flux(e).sum(axis=1), breaks=e.breaks)
    return {
        "residual_energy": steps["U_S"]
        + steps["U_B"]
        + steps["U_chi"]
        + e.radiated
        - (e.total_energy[0] + steps["W_total"]),
        "residual_heat": rates["Q_S"] + rates["Q_B"] + (steps["U_chi"] - steps["U_chi"][0]) - steps["W_chi"],
        "residual_work": rates["W_S"] + steps["W_B"] - (driven_work(e) + switched),
        "residual_flux": delta_E_B - current,
        "residual_chi": np.where(np.abs(chi_S) > np.abs(chi_B), chi_S, chi_B),
    }


def entropy_productions(at: Mapping[str, Real], betas: Real, excess: float) -> dict[str, Real]:
    """Entropy productions (n,) since t = 0, nat. [33, 40, 48]

    at     the other columns at the record times
    betas  (B,) inverse temperatures of the baths, finite
    excess S_SB less the entropy of the thermal baths, nat: `tnthermo.thermo.entropies.excess_entropy`

    Sigma_S = Delta S_S - beta Q_S (one temperature only, else NaN), Sigma_B = Delta S_B - sum_j beta_j Q_Bj,
    Sigma_total = Delta S_S + sum_j beta_j Delta E_Bj. From a product start with thermal baths the last is the mutual information
    plus the distance of the baths from equilibrium, S_chi + D(rho_B || rho_B^beta). From any start that sum is
    S_S - excess + sum_j beta_j E_Bj, the energies counted from the thermal baths; what is left of it, with S_chi from three entropies and D
    from the occupations of the modes, is residual_entropy.
    """
    delta_S_S = at["S_S"] - at["S_S"][0]
    one = bool(np.all(betas == betas[0]))
    heat = at["Q_B_each"] @ betas
    total = delta_S_S + (at["E_B_each"] - at["E_B_each"][0]) @ betas
    bounds = [name for name in at if name.startswith(("Delta_S_B_lower", "Delta_S_B_upper"))]
    return {
        "Sigma_S": delta_S_S - betas[0] * at["Q_S"] if one else np.full_like(delta_S_S, np.nan),
        "Sigma_B": at["Delta_S_B"] - heat,
        **{name.replace("Delta_S_B", "Sigma_B"): at[name] - heat for name in bounds},
        "Sigma_total": total,
        "residual_entropy": at["S_S"] - excess + at["E_B_each"] @ betas - at["S_chi"] - at["D_B"],
    }
