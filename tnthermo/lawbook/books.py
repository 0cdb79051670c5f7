"""The same run in another common book-keeping; the one with the Hamiltonian of mean force: `tnthermo.lawbook.mean_force`.

Esposito, Lindenberg and Van den Broeck, New J. Phys. 12, 013013 (2010): the heat is what the baths lose, Q = -sum_j Delta E_Bj; the
system's energy is E_S + <H_int>; the entropy production Delta S_S - sum_j beta_j Q_j is S_chi + D_B >= 0 from a product start with thermal
baths.
"""

from __future__ import annotations

from tnthermo.lawbook.reading import Reading, Series
from tnthermo.lawbook.verdict import Law, Statement, never_falls, over_time, rate_of

ESPOSITO, MEAN_FORCE = "Esposito et al.", "mean force"


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
            equation=equation if kind == "integral" else rate_of(equation.split(" = ")[0]),
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
