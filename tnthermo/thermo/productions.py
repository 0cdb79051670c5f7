"""Entropy productions beyond heat at one beta: with pseudo-temperatures, extended temperature, in Lindblad's form; and rates."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tnthermo.model.density_matrix import spectrum, von_neumann
from tnthermo.model.qubit import bloch_vector, extended_production_rate
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.bath_rate import FEWEST, BathRate, with_reason
from tnthermo.thermo.entropies import Attributes, Findings
from tnthermo.thermo.expectations import Expectations
from tnthermo.thermo.temperatures import Rates
from tnthermo.timeline.differences import at_next
from tnthermo.timeline.integrate import cumulative_integral, cumulative_stieltjes, every_second
from tnthermo.types import Real

LONGEST_HOLE = 2  # points at which dW/dU is 0/0 in a row; a longer stretch is not bridged
COLD: Attributes = {"reason": "beta infinite"}
SEVERAL: Attributes = {"reason": "baths of different temperatures: no one beta for the system"}


def production_rates(run: Trajectory, rate: Rates, error: Rates, of_bath: BathRate | None, heat_each: Real) -> Findings:
    """Sdot_S, Sdot_B, Sigmadot_S [40], Sigmadot_B [48], Sigmadot_pseudo_S and _B [39], Sigmadot_pseudo [44] (n,), nat energy.

    rate, error   at the record times, with the size below which each rate is zero
    of_bath       dS_B/dt where it is found by differences
    heat_each     (n, B) heat rates into the baths

    dSigma~_i = dW_i/T_i = dW_i dS_i/dU_i: NaN where that is 0/0, and NAME_width, which its error cannot be below, infinite where
    dU_i is zero within error: there T_i passes through 0. Their sum is dS_chi - dQ_S/T_S - dQ_B/T_B, by [32, 39]: each is
    dS_i - dQ_i/T_i. Without drive dW_B = -dW_S makes it (1/T_S - 1/T_B) dW_S [44].
    """
    width = np.zeros(run.t.size) if of_bath is None else of_bath.width
    values = {"Sdot_S": rate.Sdot_S, "Sdot_B": rate.Sdot_B, "Sdot_B_width": width, "Sigmadot_B_width": width}
    attributes: dict[str, Attributes] = {}
    temperatures = np.array(run.model.temperatures)
    nan = np.full_like(rate.Sdot_S, np.nan)
    if np.any(temperatures == 0):
        values |= dict.fromkeys(("Sigmadot_S", "Sigmadot_B"), nan)
        attributes |= dict.fromkeys(("Sigmadot_S", "Sigmadot_B"), COLD)
    else:
        one = run.model.temperature is not None
        values["Sigmadot_S"] = rate.Sdot_S - rate.Qdot_S / temperatures[0] if one else nan
        values["Sigmadot_B"] = rate.Sdot_B - heat_each @ (1 / temperatures)
        attributes["Sigmadot_S"] = {} if one else SEVERAL
        if of_bath is not None and of_bath.bars is not None:
            # the rougher run says nothing of the whole: the error of the heat is added here
            values["Sigmadot_B_width"] = width + (error.Udot_B + error.Wdot_B) * (1 / temperatures).max()
    for part in "SB":
        work, energy, entropy = (getattr(rate, f"{name}dot_{part}") for name in "WUS")
        of_work, of_energy, of_entropy = (getattr(error, f"{name}dot_{part}") for name in "WUS")
        hole = (np.abs(work) <= of_work) & (np.abs(energy) <= of_energy)
        with np.errstate(divide="ignore", invalid="ignore"):
            share = work / energy
            width = (of_work + np.abs(share) * of_energy) / (np.abs(energy) - of_energy)
            width = np.where(np.abs(energy) <= of_energy, np.inf, np.abs(entropy) * width + np.abs(share) * of_entropy)
            values[f"Sigmadot_pseudo_{part}"] = np.where(hole, np.nan, share * entropy)
        values[f"Sigmadot_pseudo_{part}_width"] = width
        if hole.any():
            why = "0/0: neither work is done nor energy changes, within error"
            attributes[f"Sigmadot_pseudo_{part}"] = {"reason": why, "undefined_points": int(hole.sum())}
    if np.isnan(rate.Sdot_B).any():
        for name in ("Sdot_B", "Sigmadot_B", "Sigmadot_pseudo_B"):
            attributes[name] = with_reason(attributes.get(name, {}))
    _add_up(values, attributes, "Sigmadot_pseudo")
    return Findings(values=values, attributes=attributes)


def pseudo_productions(
    run: Trajectory,
    e: Expectations,
    steps: dict[str, Real],
    rate: Rates,
    error: Rates,
    of_bath: BathRate | None,
    Delta_S_B: Real,
) -> Findings:
    """Sigma_pseudo_S, Sigma_pseudo_B, their sum Sigma_pseudo (n,), nat, since t = 0. [39, 45]

    int dW_i/T_i = int (dW_i/dU_i) dS_i, by the entropies' own differences.

    steps       heat and work rates (m,) at the steps of the run: S is integrated on them, B on the record times, where S_B is
    of_bath     dS_B/dt where it is found by differences, with the error bars of the entropy
    Delta_S_B   (n,), NaN where the entropy of the bath has no value: the integral goes through the times that have one

    Where dU_i changes its sign and dW_i does not, 1/T_i is not integrable: NaN from there on, with the time in the reason. Also from a
    stretch of more than 2 points on at which dW_i/dU_i is 0/0; shorter ones (t = 0 is one) are bridged. NAME_width, which its error
    cannot be below: the difference to the integral over every second point.
    """
    values: dict[str, Real] = {}
    attributes: dict[str, Attributes] = {}
    later = np.minimum(np.searchsorted(run.recorded, e.step), run.recorded.size - 1)
    energy = steps["Qdot_S"] + steps["Wdot_S"]
    S = _Share(e.times, steps["Wdot_S"], energy, error.Wdot_S[later], error.Udot_S[later])
    total, width, reason = _integral(S, von_neumann(spectrum(e.rho_S)), e.breaks)
    recorded = e.after[run.recorded]
    values["Sigma_pseudo_S"], values["Sigma_pseudo_S_width"] = total[recorded], width[recorded]
    attributes["Sigma_pseudo_S"] = reason
    bars = None if of_bath is None else of_bath.bars
    known = np.isfinite(Delta_S_B) if bars is None else np.isfinite(Delta_S_B) & np.isfinite(bars)
    total, width = np.full(run.t.size, np.nan), np.full(run.t.size, np.nan)
    if not known[0] or known.sum() < (3 if bars is None else FEWEST) or run.jumps:
        why = "the entropy of the physical bath has no value at these times, see Delta_S_B"
        if run.jumps:
            why = "a drive jumps: T_B does, and the record times have it on one side only"
        attributes["Sigma_pseudo_B"] = {"reason": why}
    else:
        t = run.t[known]
        breaks = tuple(b for b in e.breaks if np.any(np.abs(t - b) <= 1e-9 * run.t[-1]))
        B = _Share(t, *(rates[known] for rates in (rate.Wdot_B, rate.Udot_B, error.Wdot_B, error.Udot_B)))
        total[known], width[known], reason = _integral(B, Delta_S_B[known], breaks)
        if bars is not None:
            width[known] += _by_bars(B, Delta_S_B[known], bars[known])
        attributes["Sigma_pseudo_B"] = reason | {
            "note": "integrated over the record times that have an entropy of the bath"
        }
        if not known.all():
            attributes["Sigma_pseudo_B"] = with_reason(attributes["Sigma_pseudo_B"])
    values["Sigma_pseudo_B"], values["Sigma_pseudo_B_width"] = total, width
    _add_up(values, attributes, "Sigma_pseudo")
    return Findings(values=values, attributes=attributes)


def _add_up(values: dict[str, Real], attributes: dict[str, Attributes], name: str) -> None:
    """Puts NAME = NAME_S + NAME_B and NAME_width likewise there, with the reason of the one that has no value."""
    for end in ("", "_width"):
        values[name + end] = values[f"{name}_S{end}"] + values[f"{name}_B{end}"]
    reasons = (str(attributes.get(f"{name}_{part}", {}).get("reason", "")) for part in "SB")
    reason = "; ".join(f"{part}: {text}" for part, text in zip("SB", reasons, strict=True) if text)
    attributes[name] = {"reason": reason} if reason else {}


@dataclass(frozen=True)
class _Share:
    """dW/dU at times t (n,), with the sizes below which the two rates are zero."""

    t: Real
    work: Real
    energy: Real
    work_error: Real
    energy_error: Real

    def usable(self) -> tuple[Real, int, str]:
        """(dW/dU (n,) with holes bridged, number of points up to where it can be integrated, why no further)."""
        work, energy = np.abs(self.work) <= self.work_error, np.abs(self.energy) <= self.energy_error
        hole, stop, why = work & energy, self.t.size, ""
        # A zero of dU at which dW does not vanish: a point of it, or between two points.
        pole = energy & ~work
        crossing = (
            ~(hole[1:] | hole[:-1]) & (self.energy[1:] * self.energy[:-1] < 0) & (self.work[1:] * self.work[:-1] > 0)
        )
        crossing &= ~(work[1:] | work[:-1]) & (self.t[1:] > self.t[:-1])  # a jump of the rates is no pole
        for places, shift in ((np.flatnonzero(pole), 0), (np.flatnonzero(crossing), 1)):
            if places.size and places[0] + shift < stop:
                stop = int(places[0] + shift)
                why = f"dU passes through 0 near t = {self.t[places[0]]:.6g} while work is done: 1/T is not integrable there"
        start = 0
        for i in range(stop + 1):  # runs of holes before the stop
            if i < stop and hole[i]:
                continue
            if i - start > LONGEST_HOLE:
                stop, why = (
                    start,
                    f"0/0: neither work is done nor energy changes, within error, from t = {self.t[start]:.6g} on",
                )
                break
            start = i + 1
        good = np.flatnonzero(~hole[:stop])
        if good.size < 2:
            return np.zeros(self.t.size), min(stop, 1) if not hole[:1].all() else 0, why or "0/0 at every time"
        share = np.zeros(self.t.size)
        with np.errstate(divide="ignore", invalid="ignore"):
            share[:stop] = np.interp(self.t[:stop], self.t[good], self.work[good] / self.energy[good])
            share[good] = self.work[good] / self.energy[good]  # both values where the rates jump
        if good[0] > 0:  # before the first good point: straight on
            a, b = good[:2]
            slope = (share[b] - share[a]) / (self.t[b] - self.t[a]) if self.t[b] > self.t[a] else 0.0
            share[:a] = share[a] + slope * (self.t[:a] - self.t[a])
        return share, stop, why


def _integral(part: _Share, entropy: Real, breaks: tuple[float, ...]) -> tuple[Real, Real, Attributes]:
    """(int (dW/dU) dS, its difference to the one over every second point, attributes), NaN from where it does not exist."""
    share, stop, why = part.usable()
    total, width = np.full(part.t.size, np.nan), np.full(part.t.size, np.nan)

    def inside(times: Real) -> tuple[float, ...]:
        return tuple(b for b in breaks if np.any(np.abs(times - b) <= 1e-9 * part.t[-1]) and b < times[-1])

    if stop:
        t = part.t[:stop]
        total[:stop] = cumulative_stieltjes(t, share[:stop], entropy[:stop], breaks=inside(t))
        half = every_second(t, breaks=inside(t))
        coarse = cumulative_stieltjes(t[half], share[half], entropy[half], breaks=inside(t[half]))
        width[half] = np.abs(total[half] - coarse)
    return total, _up_to_next(width), {"reason": why} if why else {}


def _by_bars(part: _Share, entropy: Real, bars: Real) -> Real:
    """(n,) what errors of the entropy up to ``bars`` (n,), and those of the two rates, make of int (dW/dU) dS.

    Those of the entropy by parts: they meet the share's ends and its variation.
    """
    signed, _, _ = part.usable()
    share, variation = np.abs(signed), np.concatenate([[0.0], np.cumsum(np.abs(np.diff(signed)))])
    energy = np.abs(part.energy) - part.energy_error
    with np.errstate(divide="ignore", invalid="ignore"):
        off = np.where(energy > 0, (part.work_error + share * part.energy_error) / energy, np.nan)
    known = np.isfinite(off)
    off = np.interp(part.t, part.t[known], off[known]) if known.any() else np.full(part.t.size, np.inf)
    steps, change = np.maximum(off[1:], off[:-1]), np.abs(np.diff(entropy))
    of_share = np.concatenate(
        [[0.0], np.cumsum(np.multiply(steps, change, out=np.zeros_like(steps), where=change > 0))]
    )
    return np.asarray(np.maximum.accumulate(bars) * (share + variation) + bars[0] * share[0] + of_share)


def _up_to_next(width: Real) -> Real:
    """The largest width so far (n,), at a point that has none up to the next that has one."""
    known = np.flatnonzero(np.isfinite(width))
    return at_next(known, np.maximum.accumulate(width[known]), width.size)


def extended_production(run: Trajectory, e: Expectations) -> Findings:
    """Sigma_ext_S (n,), nat, with its width, and Sigmadot_ext_S (n,), nat energy, of a qubit: -(l/2) rhat_perp . dr. [48]

    perp is to the effective field.
    What is left of dS_S when the heat leaves at the extended temperature; integrated at step resolution. NaN for other systems, and
    from where the effective field vanishes on.
    """
    names = ("Sigma_ext_S", "Sigmadot_ext_S")
    if run.rho_S.shape[-1] != 2:
        qubits: Attributes = {"reason": "defined for qubits only"}
        nan = np.full(run.t.size, np.nan)
        return Findings(
            values=dict.fromkeys((*names, "Sigma_ext_S_width"), nan), attributes=dict.fromkeys(names, qubits)
        )
    rate = extended_production_rate(bloch_vector(e.rho_S), bloch_vector(e.rho_S_rate), bloch_vector(e.effective))
    lost = np.isnan(rate) | np.isinf(rate)
    stop = int(np.argmax(lost)) if lost.any() else rate.size
    total, width = np.full(rate.size, np.nan), np.full(rate.size, np.nan)
    if stop:
        t = e.times[:stop]
        breaks = tuple(b for b in e.breaks if b < t[-1])
        total[:stop] = cumulative_integral(t, rate[:stop], breaks=breaks)
        half = every_second(t, breaks=breaks)
        inside = tuple(b for b in breaks if b < t[half[-1]])
        width[half] = np.abs(total[half] - cumulative_integral(t[half], rate[half], breaks=inside))
    at = e.after[run.recorded]
    values = {"Sigma_ext_S": total[at], "Sigma_ext_S_width": _up_to_next(width)[at], "Sigmadot_ext_S": rate[at]}
    reason: Attributes = {"reason": "the effective field vanishes, or a pure state mixes at once"} if lost.any() else {}
    return Findings(values=values, attributes=dict.fromkeys(names, reason))


def lindblad_production(run: Trajectory, e: Expectations, S_S: Real) -> Findings:
    """D_S (n,) = D(rho_S || rho_S^beta) >= 0 and Sigma_Lindblad_S (n,) = D_S(0) - D_S(t), nat. [41-43]

    rho_S^beta is the Gibbs state of H_S. For a Lindblad generator that keeps it the latter grows, and it is Sigma_S where the heat is
    dE_S; beyond, the two differ. With a driven H_S the state of reference moves: only D_S is given.
    """
    names, nan = ("D_S", "Sigma_Lindblad_S"), np.full(run.t.size, np.nan)
    if any(T == 0 for T in run.model.temperatures):
        return Findings(values=dict.fromkeys(names, nan), attributes=dict.fromkeys(names, COLD))
    T = run.model.temperature
    if T is None:
        return Findings(values=dict.fromkeys(names, nan), attributes=dict.fromkeys(names, SEVERAL))
    recorded = e.after[run.recorded]
    hamiltonian = e.hamiltonian[recorded]
    exponents = -np.linalg.eigvalsh(hamiltonian) / T
    largest = exponents.max(axis=1)
    log_partition = largest + np.log(np.sum(np.exp(exponents - largest[:, None]), axis=1))
    D_S = -S_S + e.system_energy[recorded] / T + log_partition
    moved = bool(np.any(e.hamiltonian != e.hamiltonian[0]))
    reason: Attributes = {"reason": "H_S is driven: its Gibbs state moves"} if moved else {}
    return Findings(
        values={"D_S": D_S, "Sigma_Lindblad_S": nan if moved else D_S[0] - D_S}, attributes={"Sigma_Lindblad_S": reason}
    )
