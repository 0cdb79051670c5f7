"""Columns as variables of an xarray.Dataset: with their errors, states, profiles, modes and the user's own observables."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.record.causes import unjudged, without_lost_modes
from tnthermo.record.ladder import BROKEN, Link, companions, links
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.bath_rate import through_bars
from tnthermo.thermo.columns import columns
from tnthermo.thermo.definitions import BOUNDS, BY_BATH_RATE, COLUMNS, OF_RATES, OTHERS, PER_BATH, SPARSE, Column
from tnthermo.thermo.entropies import Attributes, Findings, half_width, modes_missing
from tnthermo.thermo.equilibrium_start import start_floor, state_floor
from tnthermo.thermo.judged import STATE
from tnthermo.thermo.kin import SHARE, kin_floors, observable_floor, occupation_floor, state_difference
from tnthermo.thermo.mean_field import channel_coordinates, mean_field_variables
from tnthermo.thermo.system import Variables, about, hamiltonians, system_coordinates, system_variables
from tnthermo.thermo.tail import lost_tails, rho_S_error, tail_errors
from tnthermo.timeline.differences import (
    HOW,
    HOW_BARS,
    HOW_LADDER,
    HOW_LOCAL,
    HOW_SPARSE,
    at_next,
    envelope,
    floors_of,
    sparse_envelope,
    unexplained,
    with_floor,
)
from tnthermo.types import Real

OF_THIS_CHAIN = "of the density as it is cut: what the modes beyond would do is not in it"
ENCLOSED = ("S_chi", "Delta_S_B", "D_B", "Sigma_B")  # whose values may be the middle of bounds
BRACKET = "bracket"  # of one that is half of the distance of bounds
TAIL = "tail"  # and of one that the modes beyond the cut of a density make
OF_ORDER = ("E_S", "E_B", "E_int", "Q_S", "Q_B", "W_S", "S_S")  # columns by which the order of the step is seen
SEEN = 1e-10  # a difference below which it is rounding
BALANCE = "balance"  # the cause of an error that a residual names
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
    parts    of a run with a target the largest part of the error over all times by its cause, then by column; "rho_S" is ``state``
    """

    values: dict[str, Real]
    how: dict[str, str]
    state: Real
    blind: npt.NDArray[np.bool_]
    why: str
    parts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


def errors_of(run: Trajectory, found: Findings, alpha_S: float) -> Errors:
    """What is known of the error of each column; ``run`` has a rougher one behind it.

    Of a run with a target what each setting still costs, by its law from the two runs that differ in it alone
    (`tnthermo.record.ladder`), all together; else the difference to the rougher run as a whole.
    """
    assert run.rough is not None
    by_setting = links(run) if run.asked else []
    if not by_setting:
        return _between(run, run.rough, found, columns(run.rough, alpha_S))
    every = {id(run): found}
    for one in (each for link in by_setting for each in (link.finer, link.coarser)):
        if id(one) not in every:
            every[id(one)] = columns(one, alpha_S)
    pairs = {
        link.cause: _between(
            link.finer, link.coarser, every[id(link.finer)], every[id(link.coarser)], difference_alone=True
        )
        for link in by_setting
    }
    weights = {link.cause: _weight(link, pairs[link.cause], every, alpha_S) for link in by_setting}
    least = _all_floors(run, by_setting[0].coarser, found, every[id(by_setting[0].coarser)])
    values, how = {}, {}
    parts: dict[str, dict[str, float]] = {cause: {} for cause in pairs}
    at = {link.cause: _next(run.t, link.finer.t) for link in by_setting}
    for name, floor in least.items():
        sizes = {cause: weights[cause] * _filled(pair.values[name])[at[cause]] for cause, pair in pairs.items()}
        together = _combined(list(sizes.values()))
        if name in ENCLOSED:
            half = np.nan_to_num(half_width(run, found), nan=0.0)
            together, parts.setdefault(BRACKET, {})[name] = together + half, _largest(half)
        values[name] = np.where(np.isnan(together) | np.isnan(found.values[name]), np.nan, np.fmax(together, floor))
        how[name] = HOW_LADDER
        for cause, size in sizes.items():
            parts[cause][name] = _largest(size)
        parts.setdefault(BALANCE, {})[name] = _largest(floor)
    states = {cause: weights[cause] * pair.state[at[cause]] for cause, pair in pairs.items()}
    state = np.fmax(_combined(list(states.values())), state_floor(run))
    for cause, size in states.items():
        parts[cause][STATE] = _largest(size)
    if state_floor(run) > 0:
        parts.setdefault(BALANCE, {})[STATE] = state_floor(run)
    blind, why = unjudged(run)
    return Errors(values=values, how=how, state=np.asarray(state), blind=blind, why=why, parts=parts)


def _weight(link: Link, pair: Errors, every: Mapping[int, Findings], alpha_S: float) -> float:
    """What part of a difference is left as an error: by the order that is seen beside the pair before, 1 where the runs are too rough."""
    order = link.order
    if link.before is not None:
        rougher = _between(
            link.coarser, link.before, every[id(link.coarser)], columns(link.before, alpha_S), difference_alone=True
        )
        sizes = [(_largest(rougher.state), _largest(pair.state))]
        sizes += [(_largest(rougher.values[name]), _largest(pair.values[name])) for name in OF_ORDER]
        order = link.seen([before / now for before, now in sizes if now > SEEN])
    weight = link.weight(order)
    return max(weight, 1.0) if _largest(pair.state) > BROKEN else weight


def _next(t: Real, others: Real) -> npt.NDArray[np.int64]:
    """For each of the times ``t`` the index of the first of ``others`` that is not before it; of the last one behind all."""
    return np.minimum(np.searchsorted(others, t * (1 - 1e-9)), others.size - 1)


def _combined(sizes: list[Real]) -> Real:
    """Independent causes together: the root of the sum of squares of those that are known at all; NaN where none is."""
    known = [size for size in sizes if not np.isnan(size).all()]
    return np.asarray(np.sqrt(np.sum(np.square(known), axis=0))) if known else np.full(sizes[0].shape, np.nan)


def _filled(size: Real) -> Real:
    """With what is known at the next time, at the end at the last one, where nothing is known (n, ...): a coarser run evaluates less."""
    known = np.flatnonzero(_known(size))
    return at_next(known, size[known], len(size)) if known.size else size


def _known(values: Real) -> npt.NDArray[np.bool_]:
    return np.asarray(~np.isnan(values).any(axis=tuple(range(1, values.ndim))))


def _largest(values: Real) -> float:
    known = values[np.isfinite(values)]
    return float(np.abs(known).max()) if known.size else 0.0


def _all_floors(run: Trajectory, rough: Trajectory, found: Findings, other: Findings) -> dict[str, Real]:
    """What the error of each column that is not exact cannot be below, whatever other runs say; shapes of the columns."""
    floors = {}
    for column in (*COLUMNS, *PER_BATH):
        if not column.exact:
            value = found.values[column.name]
            least = _floors(column, run, rough, found, other)
            local = column.poles or column.name in BY_BATH_RATE
            floors[column.name] = with_floor(np.zeros(value.shape), value, least, found.values["norm"], local=local)
    return floors


def _between(
    run: Trajectory, rough: Trajectory, found: Findings, other: Findings, *, difference_alone: bool = False
) -> Errors:
    """From the differences to the rougher run, the residuals named as floors, and what kin columns differ by.

    difference_alone  without what is known of the run by itself: residuals, norm, half the distance of bounds
    """
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
            if column.name in ENCLOSED and not difference_alone:
                difference = difference + np.nan_to_num(half_width(run, found), nan=0.0)
            value, norm = found.values[column.name], found.values["norm"]
            floors = () if difference_alone else _floors(column, run, rough, found, other)
            norm = np.ones_like(norm) if difference_alone else norm
            values[column.name] = with_floor(difference, value, floors, norm, local=column.poles)
    for name, least in kin_floors(run, rough, found, every=every, state=state, errors=values).items():
        error = values[name]
        least = least.reshape(least.shape + (1,) * (error.ndim - least.ndim))
        values[name] = np.where(np.isnan(error), error, np.fmax(error, least))
    blind, why = unjudged(run)
    state = state[run.recorded]
    if not difference_alone:
        state = np.fmax(state, state_floor(run))
    return Errors(values=values, how=how, state=state, blind=blind, why=why)


def _floors(column: Column, run: Trajectory, rough: Trajectory, found: Findings, other: Findings) -> tuple[Real, ...]:
    """What the error of a column cannot be below; on time bins of a balance with integrals of rates what their own error does not explain.

    On sites the rates are measured as well as the energies, and a balance that falls with step and tolerance is one of both.
    """
    floors = dict(zip(column.floors, (found.values[name] for name in column.floors), strict=True))
    for name in OF_RATES & floors.keys() if run.algorithm.bins else ():
        apart = envelope(run.t, floors[name], rough.t, other.values[name])
        floors[name] = unexplained(floors[name], apart)
    return (*floors_of(column.floors, floors), np.full(run.t.size, start_floor(run, column.name)))


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
            attributes |= _by_cause(
                errors, column.name, _largest(beyond[column.name]) if column.name in beyond else 0.0
            )
            if np.isnan(error).any():
                attributes["reason"] = f"{column.name} is NaN, in this run or in the rougher one"
                if how == HOW_SPARSE:
                    attributes["reason"] = NOT_BY_BOTH.format(column.name)
        variables[f"{column.name}_error"] = (("t", *column.dims), error, attributes)
    return variables


def _by_cause(errors: Errors, name: str, tail: float = 0.0) -> Attributes:
    """Attributes of an error: what makes most of it, and the largest part of each cause over all times, as JSON; none where unknown."""
    sizes = {cause: part[name] for cause, part in errors.parts.items() if part.get(name, 0.0) > 0}
    sizes |= {TAIL: tail} if errors.parts and tail > 0 else {}
    if not sizes:
        return {}
    return {
        "cause": max(sizes, key=lambda cause: sizes[cause]),
        "parts": json.dumps({c: float(f"{x:.3g}") for c, x in sizes.items()}),
    }


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


def state_variables(
    run: Trajectory, alpha_S: float, errors: Errors | None = None, column_errors: Mapping[str, Real] | None = None
) -> Variables:
    """rho_S and what it says by itself, the profiles over sites and bonds, the physical modes, the user's observables,
    H_S_eff with <A_q> and <X_q> and, where asked for, correlation matrices.

    errors         those of the columns, where there is a rougher run
    column_errors  (n,) those of h, E_S and S_S, lost tails included, there with ``errors``
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
    variables |= system_variables(
        rho_S, hamiltonians(run), times=run.t, temperature=run.model.temperature, bar=bar, column_errors=column_errors, doubt=doubt,
    )  # fmt: skip
    h_error = None if column_errors is None else column_errors["h"]
    variables |= mean_field_variables(run, alpha_S, bar, h_error, "" if errors is None else errors.why)
    variables |= _observables(run, errors)
    if run.rough is not None and errors is not None and bar is not None:
        how: Attributes = {
            "units": "1",
            "equation": "none",
            "how": (HOW_LADDER if errors.parts else HOW).split(";")[0],
            **doubt,
        }
        error = np.broadcast_to(bar[:, None, None, None], values["rho_S"].shape).copy()
        own_parts = _by_cause(errors, "rho_S", _largest(rho_S_error(run)))
        variables["rho_S_error"] = (
            ("t", "row", "column", "complex"),
            error,
            {"long_name": "error of rho_S", **how, **own_parts},
        )
        if run.mode_frequency.size and all(
            one.mode_occupation.shape[1] == run.mode_frequency.size for one in companions(run)
        ):
            ours = run.mode_occupation
            error = _apart(
                run,
                lambda one: sparse_envelope(
                    run.t, ours, _finite(ours), one.t, one.mode_occupation, _finite(one.mode_occupation)
                ),
            )
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
            mine = values.real if real else _re_im(values)
            error = _apart(run, partial(_observed_apart, run, mine, k))
            if observable.boson is None and observable.operator is not None:
                least = observable_floor(errors.state, observable.operator)
                error = np.fmax(error, least.reshape(least.shape + (1,) * (error.ndim - 1)))
            error = _infinite(error, mine, errors.blind)
            text: Attributes = {"units": "1", "long_name": f"error of {observable.name}", "how": HOW.split(";")[0]}
            text |= ({"infinite": errors.why} if errors.why else {}) | tail
            variables[f"{observable.name}_error"] = (dims, error, text)
    return variables


def _observed_apart(run: Trajectory, mine: Real, k: int, one: Trajectory) -> Real:
    """How far an own observable is from that of another run; ``mine`` real, or (re, im) along the last axis."""
    theirs = one.observables[:, k]
    return envelope(run.t, mine, one.t, theirs.real if mine.ndim == 1 else _re_im(theirs))


def _apart(run: Trajectory, difference: Callable[[Trajectory], Real]) -> Real:
    """The largest of the differences to the rougher runs; NaN where none of them has one."""
    return np.asarray(np.fmax.reduce([difference(one) for one in companions(run)]))


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
        **channel_coordinates([channel.bath for channel in run.model.channels]),
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
