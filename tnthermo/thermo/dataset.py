"""Columns as variables of an xarray.Dataset: with their errors, states, profiles, modes and the user's own observables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.record.causes import unjudged, without_lost_modes
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.bath_rate import through_bars
from tnthermo.thermo.definitions import BOUNDS, BY_BATH_RATE, COLUMNS, OF_RATES, OTHERS, PER_BATH, SPARSE, Column
from tnthermo.thermo.entropies import Attributes, Findings, half_width, modes_missing
from tnthermo.thermo.kin import SHARE, kin_floors, observable_floor, occupation_floor, state_difference
from tnthermo.thermo.system import Variables, about, hamiltonians, system_coordinates, system_variables
from tnthermo.thermo.tail import lost_tails, rho_S_error, tail_errors
from tnthermo.timeline.differences import (
    HOW,
    HOW_BARS,
    HOW_LOCAL,
    HOW_SPARSE,
    envelope,
    floors_of,
    sparse_envelope,
    unexplained,
    with_floor,
)
from tnthermo.types import Real

OF_THIS_CHAIN = "of the density as it is cut: what the modes beyond would do is not in it"
ENCLOSED = ("S_chi", "Delta_S_B", "D_B", "Sigma_B")  # whose values may be the middle of bounds
NOT_BY_BOTH = "{} was not evaluated at these times, or not by the rougher run from then on"


def ledger_variables(found: Findings) -> Variables:
    """The columns of `tnthermo.thermo.definitions`, without errors."""
    variables: Variables = {}
    for column in (*COLUMNS, *PER_BATH):
        attributes = about(column) | found.attributes.get(column.name, {})
        # A copy each: some columns are one array at T = 0, and writing into one must not change another.
        variables[column.name] = (("t", *column.dims), found.values[column.name].copy(), attributes)
    return variables


@dataclass(frozen=True, kw_only=True, eq=False)
class Errors:
    """What the rougher run says of each column that is not exact, by name, without what a lost tail adds.

    values   errors, shapes of the columns
    how      how each was found
    state    (n,) the largest difference of an entry of rho_S so far
    blind    (n,) times at which the rougher run says nothing, ``why`` in words
    """

    values: dict[str, Real]
    how: dict[str, str]
    state: Real
    blind: npt.NDArray[np.bool_]
    why: str


def errors_of(run: Trajectory, rough: Trajectory, found: Findings, other: Findings) -> Errors:
    """From the differences to the rougher run, the residuals named as floors, and what kin columns differ by."""
    values: dict[str, Real] = {}
    how: dict[str, str] = {}
    every = {name: envelope(run.times, value, rough.times, other.steps[name]) for name, value in found.steps.items()}
    state = state_difference(run, rough)
    by_bars = BY_BATH_RATE if through_bars(run) else frozenset()
    for column in (*COLUMNS, *PER_BATH):
        if column.name in by_bars:  # the rougher run's own derivative says nothing: it has a few of the times
            value, floors = found.values[column.name], floors_of(column.floors, found.values)
            own, how[column.name] = np.zeros(value.shape), HOW_BARS
            if column.name == "Sigma_pseudo":
                own = values["Sigma_pseudo_S"]
            values[column.name] = with_floor(own, value, floors, found.values["norm"], local=True)
        elif not column.exact:
            difference, how[column.name] = _difference(column, run, rough, found, other, every)
            if column.name in ENCLOSED:
                difference = difference + np.nan_to_num(half_width(run, found), nan=0.0)
            value, floors = found.values[column.name], _floors(column, run, rough, found, other)
            values[column.name] = with_floor(difference, value, floors, found.values["norm"], local=column.poles)
    for name, least in kin_floors(run, rough, found, every=every, state=state, errors=values).items():
        error = values[name]
        least = least.reshape(least.shape + (1,) * (error.ndim - least.ndim))
        values[name] = np.where(np.isnan(error), error, np.fmax(error, least))
    blind, why = unjudged(run)
    return Errors(values=values, how=how, state=state[run.recorded], blind=blind, why=why)


def _floors(column: Column, run: Trajectory, rough: Trajectory, found: Findings, other: Findings) -> tuple[Real, ...]:
    """What the error of a column cannot be below; of a balance with integrals of rates what their own error does not explain."""
    floors = dict(zip(column.floors, (found.values[name] for name in column.floors), strict=True))
    for name in OF_RATES & floors.keys():
        apart = envelope(run.t, floors[name], rough.t, other.values[name])
        floors[name] = unexplained(floors[name], apart)
    return floors_of(column.floors, floors)


def error_variables(run: Trajectory, found: Findings, errors: Errors) -> Variables:
    """NAME_error for every column: what is known of its numerical error, and what a lost tail adds."""
    variables: Variables = {}
    beyond = tail_errors(run, found)
    for column in (*COLUMNS, *PER_BATH):
        value = found.values[column.name]
        attributes: Attributes = {"units": column.units, "long_name": f"error of {column.name}", "equation": "none"}
        if column.exact:
            attributes["how"] = "a fact about this run"
            error = np.zeros(value.shape)
        else:
            error, how = errors.values[column.name], errors.how[column.name]
            attributes |= {"how": how, "floor": ", ".join(column.floors) or "none"}
            if column.name in beyond:
                error = error + beyond[column.name]
                attributes["tail"] = "enlarged by what the modes beyond the cut of a density would do"
            elif column.name == "occupation" and lost_tails(run):
                attributes["tail"] = OF_THIS_CHAIN
            error = _infinite(error, value, errors.blind)
            attributes |= {"infinite": errors.why} if errors.why else {}
            if np.isnan(error).any():
                attributes["reason"] = f"{column.name} is NaN, in this run or in the rougher one"
                if how == HOW_SPARSE:
                    attributes["reason"] = NOT_BY_BOTH.format(column.name)
        variables[f"{column.name}_error"] = (("t", *column.dims), error, attributes)
    return variables


def _infinite(error: Real, value: Real, where: npt.NDArray[np.bool_]) -> Real:
    """``error`` (n, ...), infinite ``where`` (n,) nothing is known of it and there is a value."""
    return np.where(where.reshape((-1,) + (1,) * (value.ndim - 1)) & ~np.isnan(value), np.inf, error)


def _difference(
    column: Column, run: Trajectory, rough: Trajectory, found: Findings, other: Findings, every: dict[str, Real]
) -> tuple[Real, str]:
    """(how far a column is from the rough run's, how that was found)."""
    value, their_value = found.values[column.name], other.values[column.name]
    finite = _finite(value)
    if column.name in SPARSE | BOUNDS and not finite.all():
        return _where_both(run, value, rough, their_value), HOW_SPARSE
    if column.name in found.steps:
        return every[column.name][run.recorded], HOW
    how = HOW_LOCAL if column.poles else HOW
    return envelope(run.t, value, rough.t, their_value, local=column.poles), how


def _where_both(run: Trajectory, ours: Real, rough: Trajectory, theirs: Real) -> Real:
    """The envelope of the differences; where ours has holes, from the times at which both have a value."""
    mine = _finite(ours)
    if mine.all():
        return envelope(run.t, ours, rough.t, theirs)
    return sparse_envelope(run.t, ours, mine, rough.t, theirs, _finite(theirs))


def _finite(values: Real) -> npt.NDArray[np.bool_]:
    """Times (n,) at which every entry of ``values`` (n, ...) is finite."""
    return np.asarray(np.isfinite(values).all(axis=tuple(range(1, values.ndim))))


def _re_im(array: npt.NDArray[np.complex128]) -> Real:
    return np.stack([array.real, array.imag], axis=-1)


def state_variables(run: Trajectory, errors: Errors | None = None) -> Variables:
    """rho_S and what it says by itself, the profiles over sites and bonds, the physical modes, the user's observables and, where asked for,
    correlation matrices.

    errors  those of the columns, where there is a rougher run
    """
    run = without_lost_modes(run)
    rho_S = run.rho_S[run.recorded]
    values: dict[str, npt.NDArray[Any]] = {
        "rho_S": _re_im(rho_S),
        "bond_profile": run.bonds.copy(),
        "occupation_profile": run.occupations.copy(),
        "level_profile": run.levels.copy(),
    }
    if run.mode_frequency.size:
        values["mode_occupation"] = run.mode_occupation.copy()
    if run.normal.shape[-1]:
        values |= {"chain_normal": _re_im(run.normal), "chain_anomalous": _re_im(run.anomalous)}
    variables: Variables = {
        column.name: (("t", *column.dims), values[column.name], about(column)) for column in OTHERS if column.name in values
    }  # fmt: skip
    if np.isnan(run.mode_occupation).any():
        variables["mode_occupation"][2]["reason"] = modes_missing(run)
    bar, doubt = None, Attributes()
    if run.rough is not None and errors is not None:
        # one bar for the whole matrix: an entry that both runs agree on by chance is no better known than the others
        bar = _infinite(errors.state + rho_S_error(run), errors.state, errors.blind)
        doubt = {"infinite": errors.why} if errors.why else {}
    variables |= system_variables(rho_S, hamiltonians(run), times=run.t, bar=bar, doubt=doubt)
    variables |= _observables(run, errors)
    if run.rough is not None and errors is not None and bar is not None:
        how: Attributes = {"units": "1", "equation": "none", "how": HOW.split(";")[0], **doubt}
        error = np.broadcast_to(bar[:, None, None, None], values["rho_S"].shape).copy()
        variables["rho_S_error"] = (("t", "row", "column", "complex"), error, {"long_name": "error of rho_S", **how})
        if run.mode_frequency.size and run.rough.mode_occupation.shape[1] == run.mode_frequency.size:
            ours, theirs = run.mode_occupation, run.rough.mode_occupation
            error = sparse_envelope(run.t, ours, _finite(ours), run.rough.t, theirs, _finite(theirs))
            error = np.maximum(error, SHARE * error.max(axis=1, keepdims=True))  # the modes are each other's kin
            error = np.where(np.isnan(error), error, np.fmax(error, occupation_floor(run, errors.values["E_B_each"])))
            error = _infinite(error, ours, errors.blind)
            own: Attributes = {"long_name": "error of mode_occupation", "how": HOW_SPARSE}
            if np.isnan(error).any():
                own["reason"] = NOT_BY_BOTH.format("mode_occupation")
            variables["mode_occupation_error"] = (("t", "mode"), error, how | own)
    return variables


def _observables(run: Trajectory, errors: Errors | None) -> Variables:
    """A column for each of the user's observables, complex ones with the last axis (re, im), and their errors."""
    variables: Variables = {}
    tail: Attributes = {"tail": OF_THIS_CHAIN} if run.observed and lost_tails(run) else {}
    for k, observable in enumerate(run.observed):
        values = run.observables[:, k]
        own: Attributes = {"units": "1", "long_name": observable.describe(), "equation": "Tr[O rho]"}
        real = observable.hermitian
        dims = ("t",) if real else ("t", "complex")
        variables[observable.name] = (dims, values.real.copy() if real else _re_im(values), own)
        if run.rough is not None and errors is not None:
            other = run.rough.observables[:, k]
            pair = (values.real, other.real) if real else (_re_im(values), _re_im(other))
            error = envelope(run.t, pair[0], run.rough.t, pair[1])
            if observable.boson is None and observable.operator is not None:
                least = observable_floor(errors.state, observable.operator)
                error = np.fmax(error, least.reshape(least.shape + (1,) * (error.ndim - 1)))
            error = _infinite(error, pair[0], errors.blind)
            text: Attributes = {"units": "1", "long_name": f"error of {observable.name}", "how": HOW.split(";")[0]}
            text |= ({"infinite": errors.why} if errors.why else {}) | tail
            variables[f"{observable.name}_error"] = (dims, error, text)
    return variables


def _sites(run: Trajectory) -> dict[str, Any]:
    """The coordinates of the sites: those of chains, or bins of time."""
    numbers = np.arange(run.occupations.shape[1])
    if run.algorithm.bins:
        return {"site": ("site", numbers, {"long_name": "time bin, oldest first"})}
    within = [n for chain in run.model.chains for n in range(chain.length)]
    chain_of = [k for k, chain in enumerate(run.model.chains) for _ in range(chain.length)]
    return {
        "site": ("site", numbers, {"long_name": "chain site, chain after chain"}),
        "chain": ("site", np.array(chain_of), {"long_name": "chain of the site"}),
        "site_in_chain": ("site", np.array(within), {"long_name": "place in its chain, 0 next to the system"}),
    }


def coordinates(run: Trajectory) -> dict[str, Any]:
    """Coordinates of the dataset."""
    found: dict[str, Any] = {
        "t": ("t", run.t, {"units": "1/energy", "long_name": "time"}),
        "complex": ["re", "im"],
        **_sites(run),
        **system_coordinates(run.model.dimension),
        "bath": ("bath", np.arange(len(run.model.couplings)), {"long_name": "bath"}),
        "temperature_of_bath": (
            "bath", np.array(run.model.temperatures, dtype=np.float64), {"units": "energy", "long_name": "temperature of each bath"},
        ),
    }  # fmt: skip
    if run.mode_frequency.size:
        weight = {"units": "energy", "long_name": "quadrature weight dw of the mode; 1 for a discrete bath"}
        found |= {
            "mode_frequency": ("mode", run.mode_frequency, {"units": "energy", "long_name": "frequency of the mode"}),
            "mode_weight": ("mode", run.mode_weight, weight),
            "mode_bath": ("mode", run.mode_bath, {"long_name": "bath of the mode"}),
        }
    return found
