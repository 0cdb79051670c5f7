"""The free number alpha_S after the fact: the columns that depend on it, and the value for which the bath's pseudo-temperature is T.

alpha_S of h = Tr[rho_S (x) rho_B H_int] is counted as the bath's energy [15, 16, 19]. dU_B is linear in it, so that T_B = dU_B/dS_B = T
has one solution wherever h changes,

    alpha_S = (T dS_B - dE_B)/dh.

At second order T dS_B = dQ_B = dE_B + sum_q F_q <A_q> d<X_q>, hence alpha_S = sum_q F_q <A_q> d<X_q>/dh: 1 where <A> and F are constant,
as for pure dephasing [102], and another number where they move.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
import numpy.typing as npt
import xarray as xr

from chains.checks import sequence_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.record.ladder import companions
from tnthermo.record.trajectory import Trajectory, run_problems
from tnthermo.thermo.bath_rate import BathRate, bath_rate
from tnthermo.thermo.energies import energies
from tnthermo.thermo.entropies import Attributes, bath_entropies, system_entropy
from tnthermo.thermo.expectations import expectations
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.temperatures import rates, rounding
from tnthermo.timeline.differences import envelope
from tnthermo.timeline.integrate import derivative
from tnthermo.types import Real

DEPENDENT = (
    "U_S", "U_B", "W_S", "W_B", "Wdot_S", "Wdot_B", "T_S", "T_B", "W_B_each", "Sigma_pseudo_S", "Sigma_pseudo_B",
    "Sigma_pseudo", "Sigmadot_pseudo_S", "Sigmadot_pseudo_B", "Sigmadot_pseudo", "inverse_T_S_populations", "inverse_T_S_coherences",
    "H_S_eff", "residual_work",
)  # fmt: skip
LOWER_ORDER = 6  # of the polynomials with which the derivative of a measured S_B is compared


def alpha_scan(run: Trajectory, alphas: Sequence[float] | Real) -> xr.Dataset:
    """The ledger's columns that depend on alpha_S, with their errors, on dimensions ``alpha_S`` and ``t``; the others do not change.

    alphas  (n,) different real numbers

    Raises `chains.InvalidInput` for an empty or repeated list, or an entry that is not a finite number.
    """
    problems = run_problems(run) + sequence_problems("alphas", alphas)
    if not problems and len({float(v) for v in alphas}) < len(alphas):
        problems.append(Problem(key="alphas", value=list(alphas), allowed="different numbers"))
    raise_if_any(problems)
    values = list(alphas)
    parts = []
    for value in values:
        whole = ledger(run, alpha_S=float(value))
        names = [name for base in DEPENDENT for name in (base, f"{base}_error") if name in whole]
        part = whole[names]
        part.attrs = {key: text for key, text in whole.attrs.items() if key != "alpha_S"}
        parts.append(part)
    about = {"units": "1", "long_name": "part of h counted as the bath's energy"}
    axis = xr.DataArray(np.array(values, dtype=np.float64), dims="alpha_S", name="alpha_S", attrs=about)
    return xr.concat(parts, dim=axis, combine_attrs="override", coords="minimal", compat="override")


@dataclass(frozen=True, kw_only=True, eq=False)
class _Terms:
    """T dS_B, dE_B (of alpha_S = 0) and dh, as rates and since t = 0, all (n,): energy^2 and energy."""

    heat_rate: Real
    energy_rate: Real
    h_rate: Real
    heat: Real
    heat_lower: Real
    heat_upper: Real
    energy: Real
    h: Real


def _terms(run: Trajectory, temperature: float, of_bath: BathRate | None) -> _Terms:
    e = expectations(run)
    without, whole = rates(run, e, 0.0, of_bath), rates(run, e, 1.0, of_bath)
    found = bath_entropies(run, system_entropy(run.rho_S[run.recorded]).values["S_S"]).values
    at = {name: column[e.after[run.recorded]] for name, column in energies(e, 0.0).items()}
    # At T = 0, T dS_B is 0 where S_B is known, whatever its size.
    entropy = {name: found[name] for name in ("Delta_S_B", "Delta_S_B_lower", "Delta_S_B_upper")}
    return _Terms(
        heat_rate=temperature * without.Sdot_B if temperature > 0 else np.zeros_like(without.Sdot_B),
        energy_rate=without.Udot_B,
        h_rate=whole.Udot_B - without.Udot_B,
        heat=temperature * entropy["Delta_S_B"],
        heat_lower=temperature * entropy["Delta_S_B_lower"],
        heat_upper=temperature * entropy["Delta_S_B_upper"],
        energy=at["E_B"] - at["E_B"][0],
        h=at["h"] - at["h"][0],
    )


def matching_alpha(run: Trajectory) -> xr.Dataset:
    """alpha_S for which the bath's pseudo-temperature is its temperature, on the record times, dimension ``t``.

    alpha_S             (n,) of the rates: T_B(t) = T; NaN where h does not change within error (T_B does not depend on alpha_S there), or
                        where dS_B is unknown
    alpha_S_error       (n,) its error bar, from the errors of the three rates; NaN without a rougher run
    alpha_S_since_start (n,) of the changes since t = 0: beta Delta U_B = Delta S_B; with its error
    alpha_S_since_start_lower, _upper   the same where the bath's entropy is only bounded

    At T = 0, T_B = 0 means dU_B = 0, alpha_S = -dE_B/dh. Raises `chains.InvalidInput` for baths of different temperatures.
    """
    raise_if_any(run_problems(run))
    temperature = run.model.temperature
    if temperature is None:
        allowed = "baths of one temperature: T_B = T has no meaning otherwise"
        raise InvalidInput([Problem(key="run", value=list(run.model.temperatures), allowed=allowed)])
    of_bath = bath_rate(run)
    terms = _terms(run, temperature, of_bath)
    errors = _errors(run, terms, temperature, of_bath)
    size, _ = rounding(run.model)
    moving, changed = np.abs(terms.h_rate) > np.fmax(size, errors.h_rate), _changed(terms.h, errors.h)
    still = "h does not change within error: T_B does not depend on alpha_S"
    unknown = "the entropy of the physical bath is not known exactly: see alpha_S_since_start_lower and _upper"
    if np.isfinite(run.bath_entropy).any():
        unknown = "the entropy of the physical bath was not measured at these times, or not at every one for a rate (bath_entropy_every)"

    def column(top: Real, bottom: Real, usable: npt.NDArray[np.bool_], long_name: str) -> tuple[str, Real, Attributes]:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = np.where(usable, top / bottom, np.nan)
        reasons = [text for text, where in ((still, ~usable), (unknown, np.isnan(top) & usable)) if where.any()]
        about: Attributes = {"units": "1", "long_name": long_name, "equation": "(T dS_B - dE_B)/dh [102]"}
        return "t", values, about | ({"reason": "; ".join(reasons)} if reasons else {})

    def error(
        of: tuple[str, Real, Attributes], top: Real, bottom: Real, slope: Real, name: str
    ) -> tuple[str, Real, Attributes]:
        with np.errstate(divide="ignore", invalid="ignore"):
            values = (top + np.abs(of[1]) * slope) / np.abs(bottom)
        about: Attributes = {
            "units": "1",
            "long_name": f"error of {name}",
            "how": "errors of T dS_B, dE_B and dh, propagated",
        }
        if run.rough is None:
            about["reason"] = "no rougher run to compare with"
        return "t", np.where(np.isnan(of[1]), np.nan, values), about

    rate = column(terms.heat_rate - terms.energy_rate, terms.h_rate, moving, "alpha_S with T_B = T")
    total = column(terms.heat - terms.energy, terms.h, changed, "alpha_S with beta Delta U_B = Delta S_B since t = 0")
    ends = [
        column(heat - terms.energy, terms.h, changed, "bound on alpha_S_since_start")
        for heat in (terms.heat_lower, terms.heat_upper)
    ]
    for _, _, about in ends:
        about["note"] = (
            "bounds on T Delta S_B - Delta E_B over Delta h: they grow without limit where h passes its value at t = 0"
        )
    low, high = np.fmin(ends[0][1], ends[1][1]), np.fmax(ends[0][1], ends[1][1])
    names = ("alpha_S", "alpha_S_since_start")
    return xr.Dataset(
        {
            "alpha_S": rate,
            "alpha_S_error": error(rate, errors.heat_rate + errors.energy_rate, terms.h_rate, errors.h_rate, names[0]),
            "alpha_S_since_start": total,
            "alpha_S_since_start_error": error(total, errors.heat + errors.energy, terms.h, errors.h, names[1]),
            "alpha_S_since_start_lower": (ends[0][0], low, ends[0][2]),
            "alpha_S_since_start_upper": (ends[0][0], high, ends[0][2]),
        },
        coords={"t": ("t", run.t, {"units": "1/energy", "long_name": "time"})},
        attrs={"temperature": float(temperature)},
    )


def _changed(h: Real, error: Real) -> npt.NDArray[np.bool_]:
    return np.abs(h) > np.fmax(1e-12 * np.abs(h).max(initial=0.0), np.where(np.isnan(error), 0.0, error))


def _errors(run: Trajectory, terms: _Terms, temperature: float, of_bath: BathRate | None) -> _Terms:
    """Size (n,) of the error of each term: its difference to the rougher run, and of dS_B what a lower order of the derivative makes.

    Of an entropy of the bath with error bars these are the error, and what they make of its derivative.
    """
    others = companions(run)
    if not others:
        return _Terms(**{field.name: np.full_like(terms.h, np.nan) for field in fields(_Terms)})
    sizes: dict[str, Real] = {}
    for one in others:
        rough = _terms(one, temperature, bath_rate(one))
        for name in (field.name for field in fields(_Terms)):
            apart = envelope(run.t, getattr(terms, name), one.t, getattr(rough, name))
            sizes[name] = np.fmax(sizes.get(name, apart), apart)
    if of_bath is not None and of_bath.bars is not None:
        sizes |= {"heat": temperature * of_bath.bars, "heat_rate": temperature * of_bath.width}
    elif temperature > 0:
        inside = tuple(b for b in run.breaks if np.any(np.abs(run.t - b) <= 1e-9 * run.t[-1]))
        rougher = temperature * derivative(run.t, run.bath_entropy, LOWER_ORDER, breaks=inside)
        sizes["heat_rate"] = sizes["heat_rate"] + np.abs(rougher - terms.heat_rate)
    return _Terms(**sizes)
