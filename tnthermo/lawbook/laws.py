"""Every law on one ledger."""

from __future__ import annotations

import math
from dataclasses import replace

import xarray as xr

from chains.checks import instance_problems, number_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.lawbook.books import esposito
from tnthermo.lawbook.landauer import landauer
from tnthermo.lawbook.limits import limits
from tnthermo.lawbook.mean_force import MeanForce, mean_force
from tnthermo.lawbook.paper import balances, entropies, productions
from tnthermo.lawbook.pseudo import composition, pseudo
from tnthermo.lawbook.reading import Reading
from tnthermo.lawbook.verdict import RESOLUTION, Law
from tnthermo.units.datasets import to_natural
from tnthermo.units.units import Units

NOT_GIVEN = MeanForce(state=None, reason="the mean-force state was not given")


def laws(
    ledger: xr.Dataset, *, mean_force_state: MeanForce | None = None, resolution: float = RESOLUTION
) -> tuple[Law, ...]:
    """What a ledger says of every law: value, bound, error bar, verdict. A law never fails within its error bar.

    ledger            of `tnthermo.ledger`, with error columns (without them most verdicts are "cannot tell")
    mean_force_state  pi* of the same model and temperature (`tnthermo.MeanForce`), for the book-keeping of that name
    resolution        the largest error bar, in parts of the law's own scale, with which a law is said to hold; in (0, 1)

    Books: "Alipour et al." (balances [21 - 29], entropies [31 - 35], its special cases [36, 37], and [38, 44] (`pseudo`),
    productions [33, 39, 40, 45, 48], limits [57, 61, 64, 69, 71, 73, 102, 104]),
    "Esposito et al." (`tnthermo.lawbook.books`), "Landauer" (the bound on the heat of erasure, a theorem with Delta E_B and
    with Q_B, none with the heat of weak coupling: `tnthermo.lawbook.landauer`), "mean force" (`tnthermo.lawbook.mean_force`).
    A ledger in chosen units (`tnthermo.in_units`) is judged with hbar = k_B = 1, its unit of energy for energies and temperatures; times
    are told in its own.
    Raises :class:`chains.InvalidInput` for a dataset that is no ledger, or a resolution out of range.
    """
    needed = ("t", "rho_S", "E_S", "E_B", "E_int", "S_S", "S_chi_lower", "Sigma_total")
    problems = dataset_problems("ledger", ledger, needed, "a dataset of tnthermo.ledger")
    missing = bool(problems)
    of_resolution = number_problems("resolution", resolution, above=0.0)
    if not of_resolution and not resolution < 1:
        of_resolution = [Problem(key="resolution", value=resolution, allowed="a number in (0, 1)")]
    problems += of_resolution
    if mean_force_state is not None:
        problems += instance_problems("mean_force_state", mean_force_state, MeanForce, "a tnthermo.MeanForce, or none")
    if not missing and not math.isfinite(float(ledger.attrs.get("alpha_S", math.nan))):
        problems.append(
            Problem(
                key="ledger.alpha_S", value=ledger.attrs.get("alpha_S"), allowed="a finite number among the attributes"
            )
        )
    raise_if_any(problems)
    r = Reading(ledger=to_natural(ledger))
    found = [*balances(r, resolution), *entropies(r, resolution), *pseudo(r, resolution), *composition(r, resolution)]
    found += [*productions(r, resolution), *limits(r, resolution)]
    found += [
        *esposito(r, resolution),
        *landauer(r, resolution),
        *mean_force(r, NOT_GIVEN if mean_force_state is None else mean_force_state, resolution),
    ]
    names = [(law.book, law.name) for law in found]
    assert len(set(names)) == len(names)
    return tuple(_told(law, Units.of(ledger)) for law in found)


def _told(law: Law, units: Units) -> Law:
    """The law with its times in the units of its ledger; energies, and temperatures as k_B T, are in their unit of energy."""
    if units.natural:
        return law
    time = units.shown_time(law.time) if math.isfinite(law.time) else law.time
    return replace(law, time=time, reason=units.said(law.reason), at_end=units.said(law.at_end))


__all__ = ["InvalidInput", "Law", "MeanForce", "laws"]
