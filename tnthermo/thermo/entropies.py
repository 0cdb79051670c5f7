"""Entropies of the system and, where a run determines them, of the physical bath and of the correlations, in nats.

The chain of a thermal run holds the bath together with its purifying ancilla: the entropy of the cut between system and
chain is S_S, not S_B. Only at T = 0 is the chain the bath.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from tnthermo.model.density_matrix import gibbs_entropy, spectrum, von_neumann
from tnthermo.record.causes import MODES_LOST
from tnthermo.record.trajectory import Trajectory
from tnthermo.types import Complex, Real

Attributes = dict[str, str | float | int]

EXACT = "exact at T = 0: the start is pure on S, its ancilla S' (none for a pure start) and the bath"
BOUND = "rigorous bound"
MIDDLE = (
    "the middle of two bounds that are close enough (bath_entropy_accuracy), half of their distance in its error; {}"
)
SHARE = 0.01  # of 2 S_S: bounds that are twice as far apart are close enough in any case
BETWEEN = "not evaluated at the times that are NaN (bath_entropy_every)"
COUPLED = "of the distinct coupled modes"


@dataclass(frozen=True, kw_only=True, eq=False)
class Findings:
    """Columns (n,) by name, and attributes that belong to some of them: a reason for NaN, a note on the meaning.

    steps  those of the columns that are known after every step, (m,): what two runs differ by is not only seen at record times
    """

    values: dict[str, Real]
    attributes: dict[str, Attributes] = field(default_factory=dict)
    steps: dict[str, Real] = field(default_factory=dict)


def system_entropy(rho: Complex) -> Findings:
    """S_S (n,) in nats from rho_S (n, d, d)."""
    eigenvalues = spectrum(rho)
    rule = "eigenvalues <= 0 add nothing"
    note: Attributes = {"smallest_eigenvalue": float(eigenvalues.min()), "rule": rule}
    return Findings(values={"S_S": von_neumann(eigenvalues)}, attributes={"S_S": note})


def bath_entropies(run: Trajectory, S_S: Real) -> Findings:
    """What a run says about the entropy of the physical bath (the union of the baths): columns (n,) in nats. [30 - 33]

    T = 0, pure start: S_B = S_S. T = 0, mixed start: S_B is the entropy of the cut S S' | chains. Both are exact and the
    bounds equal the values. T > 0: where the run measured it (`tnthermo.bath_entropy`), S_B or bounds on it; elsewhere S_B is NaN, and
    0 <= S_chi <= 2 S_S holds at every time. From a product start (displaced or not) S_chi(0) = 0, hence -Delta S_S <= Delta S_B
    <= 2 S_S - Delta S_S; from a correlated one 0 <= S_chi(0) <= 2 S_S(0) moves the lower bound down by 2 S_S(0).

    Columns: S_B0 S_B S_SB Delta_S_B S_chi D_B, and NAME_lower and NAME_upper of the last three: where the run evaluated them, NaN between;
    where it never did, those that need no measurement, at every time.
    """
    return _cold(run, S_S) if run.model.temperature == 0 else _warm(run, S_S)


def _cold(run: Trajectory, S_S: Real) -> Findings:
    S_B = S_S if run.pure_start else run.cut_entropy
    S_chi = S_S - S_S[0] + S_B
    names = ["S_B", "Delta_S_B", "Delta_S_B_lower", "Delta_S_B_upper"]
    values = dict.fromkeys(names, S_B) | dict.fromkeys(["S_chi", "S_chi_lower", "S_chi_upper"], S_chi)
    exact: Attributes = {"note": EXACT}
    attributes = dict.fromkeys(values, exact)
    distances = ("D_B", "D_B_lower", "D_B_upper")
    constant: Attributes = {"note": "constant, S_S(0): the whole is pure but for the ancilla of the start"}
    return Findings(
        values=values
        | {"S_B0": np.zeros_like(S_S), "S_chi_width": np.zeros_like(S_S), "S_SB": np.full_like(S_S, S_S[0])}
        | dict.fromkeys(distances, np.full_like(S_S, np.nan)),
        attributes={**attributes, "S_SB": constant} | {name: {"reason": "beta infinite"} for name in distances},
    )


def _warm(run: Trajectory, S_S: Real) -> Findings:
    """At T > 0: what was measured of the physical bath where it was, else the bounds that hold always."""
    nan = np.full_like(S_S, np.nan)
    unknown: Attributes = {"reason": _unknown(run)}
    thermal, gibbs, of_bath = _thermal_entropy(run, nan, unknown)
    start = 2 * S_S[0] if run.start == "mean-force" else 0.0
    between = np.isnan(run.correlation_lower) if np.isfinite(run.correlation_lower).any() else np.zeros(S_S.shape, bool)
    least = np.where(between, np.nan, np.fmax(0.0, run.correlation_lower))
    most = np.where(between, np.nan, np.fmin(2 * S_S, run.correlation_upper))
    S_chi = S_S + run.bath_entropy - run.joint_entropy
    delta_S_B = run.bath_entropy - thermal
    half = 0.5 * (most - least)
    middle = (
        np.isnan(S_chi)
        & (half <= np.fmax(run.bath_entropy_accuracy, SHARE * 2 * S_S))
        & np.isfinite(run.correlation_upper)
    )
    S_chi = np.where(middle, 0.5 * (least + most), S_chi)
    delta_S_B = np.where(middle, S_chi - (S_S - S_S[0]), delta_S_B)
    energy = _thermal_share(run)
    # D(rho_B || rho_B^beta) is counted from the thermal bath, whatever the start: a displaced or correlated one has D_B(0) > 0
    distance = energy - excess_entropy(run, S_S)
    values = {
        "S_B0": thermal,
        "S_B": run.bath_entropy,
        "S_SB": run.joint_entropy,
        "S_chi": S_chi,
        "Delta_S_B": delta_S_B,
        "D_B": np.where(middle, distance + S_S - S_chi, energy - (run.bath_entropy - modes_entropy(run))),
        **_bounds(least, most, S_S, distance, start),
        "S_chi_width": np.fmax(np.where(middle, half, _apart(S_chi, least, most)), _crossed(run, S_S)),
    }
    measured = run.bath_entropy_how
    free = "S_chi <= 2 S_S", "S_chi >= 0" + ("" if start == 0 else ", S_chi(0) <= 2 S_S(0)")
    upper, lower = (
        {"note": f"{BOUND}: {text}" + (f"; where evaluated {measured}" if measured else "")} for text in free
    )
    single: Attributes = {"note": measured} if np.isfinite(S_chi).any() else unknown
    if middle.any():
        single = {"note": MIDDLE.format(measured)}
    if "note" in single and np.isnan(S_chi).any():
        single |= unknown
    absolute = unknown
    if np.isfinite(run.bath_entropy).any():
        absolute = {**single, "note": f"{measured}; {COUPLED}"} if "note" in gibbs else single
    distances = {"D_B": dict(single)}
    bounds: dict[str, Attributes] = {name: dict(lower) for name in ("S_chi_lower", "Delta_S_B_lower", "D_B_upper")}
    bounds |= {name: dict(upper) for name in ("S_chi_upper", "Delta_S_B_upper", "D_B_lower")}
    if between.any():
        for name in bounds:
            bounds[name]["reason"] = BETWEEN
    if np.isnan(energy).any():
        cold = np.any(np.array(run.model.temperatures) == 0)
        for about in (distances["D_B"], bounds["D_B_lower"], bounds["D_B_upper"]):
            reasons = filter(None, (str(about.get("reason", "")), modes_missing(run)))
            about["reason"] = "a bath has T = 0: beta infinite" if cold else "; ".join(reasons)
    return Findings(
        values=values,
        attributes={"S_B0": gibbs, "S_B": absolute if "note" in single else of_bath, "S_SB": absolute}
        | dict.fromkeys(["Delta_S_B", "S_chi"], single)
        | distances
        | bounds,
    )


def half_width(run: Trajectory, found: Findings) -> Real:
    """How wrong (n,) Delta_S_B and S_chi may be as the middle of bounds, nats: 0 where the entropy is exact, NaN where there is none.

    found  with what `bath_entropies` says of the run
    """
    return np.where(np.isnan(run.bath_entropy), found.values["S_chi_width"], 0.0)


def _apart(S_chi: Real, least: Real, most: Real) -> Real:
    """How far (n,) S_chi and its bounds are apart, NaN where S_chi is: where it is known they close in on it, but for states left out."""
    return np.asarray(np.abs([most - least, S_chi - least, most - S_chi]).max(axis=0))


def _crossed(run: Trajectory, S_S: Real) -> Real:
    """By how much (n,) the bounds as evaluated contradict each other, 0 or 2 S_S: by their numerical error alone. NaN where they do not."""
    lower, upper = run.correlation_lower, run.correlation_upper
    most = np.fmax.reduce([lower - upper, -upper, lower - 2 * S_S])
    return np.where(most > 0, most, np.nan)


def _bounds(least: Real, most: Real, S_S: Real, distance: Real, start: float) -> dict[str, Real]:
    """Bounds (n,) on S_chi, Delta S_B and D_B from ``least`` <= S_chi <= ``most``, for 0 <= S_chi(0) <= ``start``.

    distance  D_B + S_chi - S_S, which needs no entropy of the bath
    """
    delta_S_S = S_S - S_S[0]
    lower = np.maximum(0.0, distance + S_S - most)
    return {
        "S_chi_lower": least,
        "S_chi_upper": most,
        "Delta_S_B_lower": least - delta_S_S - start,
        "Delta_S_B_upper": most - delta_S_S,
        "D_B_lower": lower,
        "D_B_upper": distance + S_S - least,
    }


def excess_entropy(run: Trajectory, S_S: Real) -> float:
    """S_SB less the entropy of the thermal baths, nats, a constant: S_S(0) of a product start, displaced or not.

    Of a mean-force start beta (<H> - F) of the whole less that of its baths, beta (U_tot(0) + T log(Z/Z_B)), U_tot counted from the thermal
    baths: known for a continuum as well.
    """
    if run.start != "mean-force":
        return float(S_S[0])
    temperature = run.model.temperature
    assert temperature is not None  # `start.mean_force_problems`
    return float((run.total_energy[0] + run.energy_offset.sum() - run.free_energy) / temperature)


def _unknown(run: Trajectory) -> str:
    """Why an entropy of the physical bath has no value at T > 0."""
    if np.isfinite(run.bath_entropy).any():
        return BETWEEN
    if run.bath_entropy_how:
        return (
            f"only bounded, where bounds are wider than bath_entropy_accuracy: see NAME_lower and NAME_upper; {BETWEEN}"
        )
    return "T > 0: the chains hold the bath and its ancilla; the entropy of the physical bath was not measured (bath_entropy)"


def modes_missing(run: Trajectory) -> str:
    """Why something made of the modes' occupations is NaN."""
    never = "not evaluated at the times that are NaN (occupation_every)"
    lost = ", or lost: warm soft modes displaced beyond what a chain holds" if run.start == "displaced" else ""
    end = run.since("chain")
    beyond = f"; {MODES_LOST.format(end)}" if np.isfinite(end) else ""
    return f"the modes' occupations were {never}{lost}{beyond}"


def _thermal_share(run: Trajectory) -> Real:
    """sum_j beta_j (E_Bj - its thermal value) (n,); NaN where a bath has T = 0.

    From the modes' occupations, independent of <H_chain>, where a bath has finitely many. A continuum on a chain has none of its own: there
    from <H_chain>.
    """
    temperatures = np.array(run.model.temperatures)
    if np.any(temperatures == 0):
        return np.full(run.recorded.size, np.nan)
    energies = run.mode_energy + _idle_energy(run)
    for j, coupling in enumerate(run.model.couplings):
        if coupling.frequencies is None:
            energies[:, j] = run.chain_energy[run.recorded, j] + run.energy_offset[j]
    return np.asarray(energies @ (1 / temperatures))


def _idle_energy(run: Trajectory) -> Real:
    """Energy (B,) of displaced modes that do not couple, or combinations of modes of one frequency that do not: theirs for good.

    E_B has it, the modes of the chain have not.
    """
    if run.start != "displaced":
        return np.zeros(run.mode_energy.shape[1])
    idle = run.energy_offset - (run.mode_energy[0] - run.chain_energy[0])
    return np.where(np.isfinite(idle), idle, 0.0)


def modes_entropy(run: Trajectory) -> float:
    """Entropy (nats) of the thermal baths; inf where one is a continuum."""
    modes = [coupling.frequencies for coupling in run.model.couplings]
    return sum(
        np.inf if frequencies is None else gibbs_entropy(frequencies, 1 / T)
        for frequencies, T in zip(modes, run.model.temperatures, strict=True)
        if T > 0
    )


def _thermal_entropy(run: Trajectory, nan: Real, unknown: Attributes) -> tuple[Real, Attributes, Attributes]:
    """(S_B0, its attributes, those of S_B): known where every bath has finitely many modes and the start has thermal baths."""
    total = modes_entropy(run)
    if np.isinf(total):
        reason: Attributes = {"reason": "T > 0: the entropy of infinitely many thermal modes is infinite"}
        return nan, reason, reason
    if run.start == "mean-force":
        return nan, {"reason": "correlated start: the bath is not in its own equilibrium"}, unknown
    return np.full_like(nan, total), {"note": f"{COUPLED}, in equilibrium"}, unknown
