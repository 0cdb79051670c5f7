"""Landauer's bound: what it costs to lower the entropy of the system, with three heats.

From a product start with thermal baths of one temperature T (Reeb and Wolf, New J. Phys. 16, 103011 (2014)), whatever is driven and
however strong the coupling, at every time

    Delta E_B + T Delta S_S = T (I(S:B) + D(rho_B || rho_B^beta)) >= 0

with Delta E_B of bare H_B: no part of the interaction energy is in it. At T = 0 it says that a bath in its ground state can only gain
energy. `tnthermo.lawbook.paper.productions` judges the same as an entropy production, at T > 0.

The paper's Q_B = int Tr[d rho_B H_B_eff] obeys it as well, more closely: with linear coupling <a_k> moves under H_B_eff alone, so that
int sum_q f <A_q> d<X_q> = -Delta sum_k w_k |<a_k>|^2, and Q_B is Delta E_B without the energy of the mean displacement. With rho'_B, the
state of the bath moved back to <a_k> = 0, which has its entropy,

    Q_B + T Delta S_S = T (I(S:B) + D(rho'_B || rho_B^beta)) >= 0.

From a thermal bath that was displaced it is this one that holds, that with Delta E_B need not: its displacement can do work.

The heat of weak coupling, what the system gives away of its bare energy, -int Tr[d rho_S H_S] = W - Delta E_S = Delta E_B + Delta E_int,
leaves the interaction out of the balance. With it the bound says that no less work is done than the free energy F_S = E_S - T S_S gains,
and nothing guarantees that: from exp(-H_S/T)/Z, where F_S is least, any move without work breaks it.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tnthermo.lawbook.reading import Reading, Series
from tnthermo.lawbook.verdict import Law, Statement, over_time, with_remark

LANDAUER = "Landauer"
SWITCHED = "the coupling is driven: int Tr[rho_S dH_S] is no column of its own"
NEED_NOT = "need not hold"
CORRELATED = "the baths do not start thermal: no law says so"
DISPLACED = "displaced"


def landauer(r: Reading, resolution: float) -> list[Law]:
    """Heat + T Delta S_S >= 0 at all times: theorems with Delta E_B and with the paper's Q_B, none with the heat of weak coupling."""
    displaced = str(r.ledger.attrs.get("start", "product")) == DISPLACED
    rows = (
        ("landauer", "Landauer's bound, heat Delta E_B", "Delta E_B + T Delta S_S = T (I(S:B) + D_B) >= 0", r.series("E_B").change,
         "" if r.product_start else CORRELATED),
        ("landauer_Q_B", "Landauer's bound, heat Q_B", "Q_B + T Delta S_S >= 0, Q_B = int Tr[d rho_B H_B_eff]", r.series("Q_B"),
         "" if r.product_start or displaced else CORRELATED),
        ("landauer_weak", "Landauer's bound, heat of weak coupling", "W - Delta E_S + T Delta S_S >= 0, W = int Tr[rho_S dH_S]",
         weak_heat(r), NEED_NOT),
    )  # fmt: skip
    erased = entropy_term(r)
    found = []
    for name, title, equation, heat, remark in rows:
        statement = Statement(name=name, title=title, equation=equation, relation=">=", unit="energy", book=LANDAUER)
        total = heat + erased
        # its own terms set the scale: a small bound is no reason to call a large error bar small
        scale = max(heat.size, erased.size)
        law = over_time(
            statement, r.t, total.value, total.error, scale=scale, resolution=resolution, reason=total.reason
        )
        found.append(with_remark(law, remark))
    return found


def entropy_term(r: Reading) -> Series:
    """T Delta S_S (n,), energy; 0 at T = 0, NaN with the reason where baths differ in temperature."""
    if math.isnan(r.temperature):
        nan = np.full(r.t.size, np.nan)
        return Series(value=nan, error=nan, reason="baths of different temperatures")
    if r.temperature == 0:
        return Series(value=np.zeros(r.t.size), error=np.zeros(r.t.size))
    return r.temperature * r.series("S_S").change


def weak_heat(r: Reading) -> Series:
    """W - Delta E_S (n,), energy: the heat into the baths that a master equation of weak coupling has; NaN where the coupling is driven.

    W_total is int Tr[rho_S dH_S] there.
    """
    if "coupling of bath" in str(r.ledger.attrs.get("drive", "none")):
        nan = np.full(r.t.size, np.nan)
        return Series(value=nan, error=nan, reason=SWITCHED)
    given = r.series("E_S").change
    return r.series("W_total") - given if r.driven else replace(given, value=-given.value)
