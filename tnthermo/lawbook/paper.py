"""The laws of the source paper on one ledger: balances, entropies, productions. [21 - 45]"""

from __future__ import annotations

import numpy as np

from tnthermo.lawbook.reading import Reading, Series, judged_with_bounds
from tnthermo.lawbook.verdict import Law, Statement, never_falls, over_time, rate_of, with_remark


def balances(r: Reading, resolution: float) -> list[Law]:
    """Identities, each from two sides measured on their own; the error bar is that of the terms. [21, 23, 24, 25, 26]

    That they fail would be a fault of the run, not of physics.
    """
    scale = r.energy_scale
    rows = [
        ("first_law", "first law", "U_S + U_B + U_chi = <H_tot>(0) + W_total [21]", "residual_energy", ("U_S", "U_B", "U_chi")),
        ("work_balance", "work of S and B", "dW_S + dW_B = Tr[rho_S (x) rho_B dH] [23, 29]", "residual_work", ("W_S", "W_B")),
        ("heat_balance", "heat of S, B and chi", "dQ_S + dQ_B = dW_chi - dU_chi [26, 28]", "residual_heat", ("Q_S", "Q_B", "U_chi")),
        ("heat_from_chi", "heat from correlations", "Q_i from chi = Q_i from d rho_i [24, 25]", "residual_chi", ("Q_S", "Q_B")),
    ]  # fmt: skip
    found = []
    for name, title, equation, column, terms in rows:
        residual = r.series(column)
        error = sum((r.series(term).error for term in terms), np.zeros(r.t.size))
        statement = Statement(name=name, title=title, equation=equation, relation="=", unit="energy")
        found.append(
            over_time(statement, r.t, residual.value, error, scale=scale, resolution=resolution, reason=residual.reason)
        )
    return found


def entropies(r: Reading, resolution: float) -> list[Law]:
    """S_chi >= 0 and what it is the sum of; the sum rule of the pseudo-temperatures. [31 - 35]"""
    S_chi, S_S, S_B = r.series("S_chi"), r.series("S_S"), r.series("Delta_S_B")
    unmeasured = "the entropy of the physical bath was not measured"
    scale = max(S_S.size, S_chi.size)
    positive = Statement(
        name="correlation_entropy",
        title="correlations have entropy",
        equation="S_chi >= 0 [31]",
        relation=">=",
        unit="nat",
    )
    law = judged_with_bounds(over_time, positive, r, S_chi, scale, resolution)
    if not r.measured.any() and law.verdict == "holds":
        law = with_remark(law, f"{unmeasured}: 0 <= S_chi <= 2 S_S (subadditivity) is all that is known")
    found = [law]
    exact = np.isfinite(r.ledger["S_chi"].values)
    start = S_chi.value[0] if exact[0] else 0.0
    rest = S_S.change + S_B
    difference = np.where(exact, rest.value - (S_chi.value - start), np.nan)
    added = Statement(
        name="entropy_sum", title="entropies add up to the correlation's", equation="Delta S_S + Delta S_B = Delta S_chi [32, 33]",
        relation="=", unit="nat",
    )  # fmt: skip
    why = unmeasured if not exact.any() else ""
    found.append(
        over_time(
            added,
            r.t,
            difference,
            rest.error + S_chi.error,
            scale=scale,
            resolution=resolution,
            reason=S_chi.reason or why,
        )
    )
    if r.has("residual_entropy"):
        residual = r.series("residual_entropy")
        error = r.series("Sigma_total").error + S_chi.error + r.series("D_B").error
        split = Statement(
            name="production_split", title="production = correlation + bath's distance",
            equation="Delta S_S + sum_j beta_j Delta E_Bj = S_chi [33] + D_B", relation="=", unit="nat",
        )  # fmt: skip
        size = max(r.series("Sigma_total").size, scale)
        found.append(
            over_time(split, r.t, residual.value, error, scale=size, resolution=resolution, reason=residual.reason)
        )
    found.append(sum_rule(r, resolution))
    return found


def sum_rule(r: Reading, resolution: float) -> Law:
    """dU_S/T_S + dU_B/T_B = dU_chi/T_chi, which is dS_S + dS_B = dS_chi. [35]"""
    statement = Statement(
        name="sum_rule", title="sum rule of the pseudo-temperatures", equation="dU_S/T_S + dU_B/T_B = dU_chi/T_chi [35]",
        relation="=", unit="nat energy",
    )  # fmt: skip
    rates = {name: r.series(name) for name in ("Qdot_S", "Wdot_S", "Qdot_B", "Wdot_B")}
    temperatures = {name: r.series(name) for name in ("T_S", "T_B", "T_chi")}
    if r.driven:
        nan = np.full(r.t.size, np.nan)
        return over_time(
            statement, r.t, nan, nan, scale=0.0, resolution=resolution, reason="driven: dU_chi is no column"
        )
    energy = {"T_S": rates["Qdot_S"] + rates["Wdot_S"], "T_B": rates["Qdot_B"] + rates["Wdot_B"]}
    energy["T_chi"] = (-1.0) * (rates["Qdot_S"] + rates["Qdot_B"])
    total, error, scale = np.zeros(r.t.size), np.zeros(r.t.size), 0.0
    with np.errstate(divide="ignore", invalid="ignore"):
        for name, T in temperatures.items():
            part = energy[name].value / T.value
            total = total + (-part if name == "T_chi" else part)
            error = error + energy[name].error / np.abs(T.value) + np.abs(part / T.value) * T.error
            scale = max(scale, float(np.abs(part[np.isfinite(part)]).max(initial=0.0)))
    reason = temperatures["T_B"].reason or temperatures["T_S"].reason
    return over_time(statement, r.t, total, error, scale=scale, resolution=resolution, reason=reason)


PRODUCTIONS = (
    ("Sigma_S", "entropy production of the system", "dS_S - beta dQ_S", "", "[40]"),
    ("Sigma_B", "entropy production of the bath", "dS_B - sum_j beta_j dQ_Bj", "", "[48]"),
    ("Sigma_pseudo_S", "Clausius with T_S", "dS_S - dQ_S/T_S", " = int dW_S/T_S", "[39]"),
    ("Sigma_pseudo_B", "Clausius with T_B", "dS_B - dQ_B/T_B", " = int dW_B/T_B", "[39]"),
    ("Sigma_pseudo", "Clausius with T_S and T_B", "dS_chi - dQ_S/T_S - dQ_B/T_B", "", "[45]"),
)


def productions(r: Reading, resolution: float) -> list[Law]:
    """Clausius with T, and the sign of each production, as integral since t = 0 and as rate. [33, 39, 40, 44, 45, 48]"""
    total = r.series("Sigma_total")
    note = "" if r.product_start else "the baths do not start thermal: no law says so"
    clausius = Statement(
        name="clausius", title="Clausius with the bath's temperature",
        equation="Delta S_S + sum_j beta_j Delta E_Bj = S_chi [33] + D_B >= 0", relation=">=", unit="nat",
    )  # fmt: skip
    found = [_production(clausius, r, total, resolution, note)]
    for name, title, rate, same, number in PRODUCTIONS:
        series = r.series(name)
        integral = f"{name} = int ({rate}){same} >= 0"
        for kind, equation in (("integral", integral), ("rate", rate_of(name))):
            statement = Statement(
                name=f"{name}_{kind}",
                title=f"{title}, {kind}",
                equation=f"{equation} {'[44]' if kind == 'rate' and number == '[45]' else number}",
                relation=">=",
                unit="nat",
            )
            found.append(_production(statement, r, series, resolution, "", rate=kind == "rate"))
    return found


def _production(
    statement: Statement, r: Reading, series: Series, resolution: float, note: str, *, rate: bool = False
) -> Law:
    scale = max(series.size, r.series("S_S").change.size)
    judged = never_falls if rate else over_time
    law = judged_with_bounds(judged, statement, r, series, scale, resolution)
    return law if not note else with_remark(law, note)
