"""What system and baths are to each other in the mean: H_S_eff and, of every channel of the coupling, <A_q> and <X_q>.

With H_int = sum_q F_q A_q (x) X_q the effective Hamiltonians of the paper are

    H_S_eff = H_S + sum_q F_q <X_q> A_q - alpha_S h             [11, 15]
    H_B_eff = H_B + sum_q F_q <A_q> X_q - (1 - alpha_S) h       [11, 16]

with h = sum_q F_q <A_q><X_q>: H_S_eff is a matrix, H_B_eff has the numbers <A_q> that turn it into one. A Hermitian coupling A (x) X is
one channel; an exchange coupling L (x) C^dag + h.c. is two, of A_1 = (L + L^dag)/2 with X_1 = C + C^dag, and of A_2 = (L - L^dag)/(2i) with
X_2 = i (C^dag - C). Where a drive jumps the value is the one after the jump.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tnthermo.record.ladder import companions
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.definitions import MEAN_FIELD
from tnthermo.thermo.entropies import Attributes
from tnthermo.thermo.expectations import Expectations, expectations
from tnthermo.thermo.kin import SHARE
from tnthermo.thermo.system import HOW, Variables, about, expectation_error
from tnthermo.thermo.tail import position_errors
from tnthermo.timeline.differences import HOW as HOW_DIFFERENCE
from tnthermo.timeline.differences import envelope
from tnthermo.types import Complex, Real

HOW_EFFECTIVE = "what the errors of <X_q> and of h make of it, their moduli added"


def channel_coordinates(baths: Any) -> dict[str, Any]:
    """The coordinate of the channels, and the bath (Q,) that each belongs to."""
    about_channel: Attributes = {
        "long_name": "channel A_q (x) X_q of the coupling, bath after bath: one of a Hermitian coupling, two of an exchange coupling"
    }
    return {
        "channel": ("channel", np.arange(len(baths)), about_channel),
        "channel_bath": ("channel", np.asarray(baths), {"long_name": "bath of the channel"}),
    }


def effective_hamiltonian(e: Expectations, alpha_S: float) -> Complex:
    """H_S_eff (m, d, d), energy: H_S + sum_q F_q <X_q> A_q - alpha_S h. [15]"""
    h = np.sum(e.strength * e.coupling * e.position, axis=1)
    return np.asarray(e.effective - alpha_S * h[:, None, None] * np.eye(e.operators.shape[-1]))


def mean_field_values(e: Expectations, at: Any, alpha_S: float) -> Variables:
    """The variables of `definitions.MEAN_FIELD` at the points ``at`` (n,) of the expectation values."""
    effective = effective_hamiltonian(e, alpha_S)[at]
    values = {
        "A_q": e.coupling[at],
        "X_q": e.position[at],
        "H_S_eff": np.stack([effective.real, effective.imag], axis=-1),
    }
    return {column.name: (("t", *column.dims), values[column.name], about(column)) for column in MEAN_FIELD}


def mean_field_variables(
    run: Trajectory, alpha_S: float, bar: Real | None, h_error: Real | None, why: str
) -> Variables:
    """The variables of `definitions.MEAN_FIELD` at the record times, and their errors where ``bar`` is given.

    bar      (n,) error of every entry of rho_S; infinite where nothing is known
    h_error  (n,) that of h
    why      of an infinite error

    <X_q> is a difference to the rougher runs, and no better known than a half of what the other channels differ by; the modes that a cut
    density has lost are added.
    """
    e = expectations(run)
    at = e.after[run.recorded]
    variables = mean_field_values(e, at, alpha_S)
    if bar is None or h_error is None:
        return variables
    rho = e.rho_S[at]
    of_A = np.stack([expectation_error(operator, rho, bar) for operator in e.operators], axis=-1)
    ours = e.position[at]
    apart = []
    for one in companions(run):
        other = expectations(one)
        theirs = other.position[other.after[one.recorded]]
        apart.append(envelope(run.t, ours, one.t, theirs))
    of_X = np.asarray(np.fmax.reduce(apart))
    of_X = np.fmax(of_X, SHARE * of_X.max(axis=1, keepdims=True)) + position_errors(run, e)[at]
    of_X = np.fmax(of_X, np.abs(1 - run.norm[run.recorded])[:, None] * np.abs(ours))
    of_X = np.where(np.isinf(bar)[:, None], np.inf, of_X)
    sizes = np.stack([np.abs(operator) for operator in e.operators])
    entries = np.einsum("nq,qij->nij", np.nan_to_num(np.abs(e.strength[at]) * of_X, posinf=1e300), sizes)
    with np.errstate(invalid="ignore"):
        entries = entries + np.nan_to_num(abs(alpha_S) * h_error, posinf=1e300)[:, None, None] * np.eye(rho.shape[-1])
    of_H = np.where(entries >= 1e299, np.inf, entries)
    errors = {
        "A_q": (of_A, HOW),
        "X_q": (of_X, HOW_DIFFERENCE.split(";")[0]),
        "H_S_eff": (np.repeat(of_H[..., None], 2, axis=-1), HOW_EFFECTIVE),
    }
    for column in MEAN_FIELD:
        error, how = errors[column.name]
        text: Attributes = {
            "units": column.units,
            "long_name": f"error of {column.name}",
            "equation": "none",
            "how": how,
        }
        text |= {"infinite": why} if why else {}
        variables[f"{column.name}_error"] = (("t", *column.dims), error, text)
    return variables
