"""The same run in the two other common book-keepings.

Esposito, Lindenberg and Van den Broeck, New J. Phys. 12, 013013 (2010): the heat is what the baths lose, Q = -sum_j Delta E_Bj; the
system's energy is E_S + <H_int>; the entropy production Delta S_S - sum_j beta_j Q_j is S_chi + D_B >= 0 from a product start with thermal
baths.

Hamiltonian of mean force (Seifert, Phys. Rev. Lett. 116, 020601 (2016); Strasberg and Esposito, Phys. Rev. E 95, 062101 (2017)):
H* = -T log(Tr_B exp(-beta H)/Z_B), pi* = exp(-beta H*)/Z* = Tr_B exp(-beta H)/Z the mean-force state. The free energy is
F*(rho_S) = Tr[rho_S H*] + T Tr[rho_S log rho_S] = F*_eq + T D(rho_S || pi*), the entropy production Sigma* = beta (W - Delta F*). Without
drive W = 0, so Sigma*(t) = D(rho_S(0) || pi*) - D(rho_S(t) || pi*): it needs pi* only. Internal energy, entropy and heat, whose split takes
d H*/d beta, drop out of it and are not evaluated. Nothing guarantees its sign from a product start.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from tnthermo.lawbook.limits import distance_at_the_end
from tnthermo.lawbook.reading import Complex, Reading, Series
from tnthermo.lawbook.verdict import Law, Statement, never_falls, over_time, single

ESPOSITO, MEAN_FORCE = "Esposito et al.", "mean force"


@dataclass(frozen=True, kw_only=True, eq=False)
class MeanForce:
    """The mean-force state pi* (d, d), a bound on the trace norm of its error, and -T log(Z/Z_B), energy.

    reason  why there is none: then state is None
    """

    state: Complex | None
    error: float = math.nan
    free_energy: float = math.nan
    reason: str = ""


def esposito(r: Reading, resolution: float) -> list[Law]:
    """First and second law with the heat that the baths lose."""
    energy = r.series("E_S").change + r.series("E_int").change + r.series("E_B").change - r.series("W_total")
    first = Statement(
        name="first_law", title="first law", equation="Delta (E_S + E_int) = W + Q, Q = -Delta E_B", relation="=", unit="energy",
        book=ESPOSITO,
    )  # fmt: skip
    found = [over_time(first, r.t, energy.value, energy.error, scale=r.energy_scale, resolution=resolution)]
    return found + second_law(
        r, r.series("Sigma_total"), "Sigma = Delta S_S - sum_j beta_j Q_j >= 0", ESPOSITO, resolution
    )


def second_law(r: Reading, production: Series, equation: str, book: str, resolution: float) -> list[Law]:
    """An entropy production (nat) that is never negative, and never falls."""
    scale = max(production.size, r.series("S_S").change.size)
    found = []
    for kind, judged in (("integral", over_time), ("rate", never_falls)):
        law = Statement(
            name=f"second_law_{kind}",
            title=f"second law, {kind}",
            equation=equation,
            relation=">=",
            unit="nat",
            book=book,
        )
        found.append(
            judged(
                law,
                r.t,
                production.value,
                production.error,
                scale=scale,
                resolution=resolution,
                reason=production.reason,
            )
        )
    return found


def mean_force_production(r: Reading, mean_force: MeanForce) -> Series:
    """Sigma* = Delta S_S + Tr[(rho_S(t) - rho_S(0)) log pi*] (n,), nat; NaN with the reason where pi* or an undriven run is missing."""
    nan = np.full(r.t.size, np.nan)
    if mean_force.state is None:
        return Series(value=nan, error=nan, reason=mean_force.reason)
    if r.driven:
        return Series(value=nan, error=nan, reason="driven: pi* would be needed at every value of the drive")
    weights, vectors = np.linalg.eigh(mean_force.state)
    if weights[0] <= 0:
        return Series(value=nan, error=nan, reason="the mean-force state has an empty direction")
    logarithm = (vectors * np.log(weights)) @ vectors.conj().T
    rho, S_S = r.rho_S, r.series("S_S").change
    moved = np.real(np.einsum("ij,nji->n", logarithm, rho - rho[0]))
    error = S_S.error + float(-np.log(weights[0])) * r.rho_S_error + 2 * mean_force.error / float(weights[0])
    error = np.where(r.t == r.t[0], S_S.error, error)  # at the start it is 0, whatever pi* is
    return Series(value=S_S.value + moved, error=error)


def mean_force(r: Reading, state: MeanForce, resolution: float) -> list[Law]:
    """Second law and relaxation with the Hamiltonian of mean force."""
    equation = "Sigma* = D(rho_S(0)||pi*) - D(rho_S||pi*) >= 0"
    found = second_law(r, mean_force_production(r, state), equation, MEAN_FORCE, resolution)
    statement = Statement(
        name="relaxation", title="the system relaxes to the mean-force state", equation="rho_S -> pi* = Tr_B exp(-beta H)/Z",
        relation="->", unit="1", book=MEAN_FORCE,
    )  # fmt: skip
    if state.state is None or r.driven:
        reason = state.reason or "driven"
        found.append(single(statement, math.nan, math.nan, scale=1.0, resolution=resolution, reason=reason))
    else:
        found.append(distance_at_the_end(statement, r, state.state, state.error / 2, resolution))
    return found
