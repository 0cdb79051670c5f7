"""What rho_S(t) says by itself: Bloch vector of a qubit, populations, coherences, populations of the levels of H_S, the work that it
can give (`ergotropy`); any expectation value.

Nothing is renormalised: populations add up to the norm. A level of H_S(t) is the k-th from the lowest up *at that time*, so that its
population depends on rho_S(t) and H_S(t) alone. Levels of equal energy are told apart by nothing: each has the mean of their populations.
Where levels cross, or a drive jumps, the k-th level is another state from then on; the attribute ``turns`` names the times.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.model.operators import PAULI
from tnthermo.record.trajectory import Trajectory
from tnthermo.thermo.definitions import OF_SYSTEM, QUBIT, Column
from tnthermo.thermo.entropies import Attributes
from tnthermo.thermo.ergotropy import (
    HOW_FREE,
    NO_TEMPERATURE,
    ergotropies,
    ergotropy_error,
    free_energy,
    free_energy_error,
)
from tnthermo.thermo.expectations import sides
from tnthermo.types import Complex, Real

Variables = dict[str, tuple[tuple[str, ...], npt.NDArray[Any], Attributes]]
EQUAL = 1e-9  # of the largest |H_S|: energies closer than that are equal, what rounding leaves of their eigenvectors tells nothing
FEW = 4  # times that an attribute names
HOW = "what an error of rho_S_error in each entry of rho_S makes of it at most, and what |1 - Tr rho_S| does"


def about(column: Column) -> Attributes:
    """The attributes that every ledger has of a column."""
    return {"units": column.units, "long_name": column.long_name, "equation": column.equation}


def pairs(dimension: int) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """j and k of each pair j < k of states: (0, 1), (0, 2), (1, 2), (0, 3), ...; those of a smaller system come first."""
    k, j = np.tril_indices(dimension, -1)
    return j, k


def system_coordinates(dimension: int) -> dict[str, Any]:
    """Coordinates of the dimensions ``level`` and ``pair``."""
    level: Attributes = {
        "long_name": "number of the basis state; of population_H that of the level of H_S, from the lowest up"
    }
    names = np.array([f"{j},{k}" for j, k in zip(*pairs(dimension), strict=True)], dtype=object)
    return {
        "level": ("level", np.arange(dimension), level),
        "pair": ("pair", names, {"long_name": "pair of basis states, j < k"}),
    }


def hamiltonians(run: Trajectory) -> Complex:
    """H_S at the record times (n, d, d), where a drive jumps after the jump; (1, d, d) where it is constant."""
    if not run.model.drives:
        return run.model.hamiltonian[None]
    both = sides(run.times, run.jumps)
    return run.model.hamiltonian_at(both.probe[both.after[run.recorded]])


def expectation_values(operator: Complex, rho: Complex) -> Complex:
    """Tr[O rho] (n,), O (d, d) or (n, d, d), rho (n, d, d)."""
    return np.asarray(np.einsum("...ij,...ji->...", operator, rho))


def expectation_error(operator: Complex, rho: Complex, bar: Real) -> Real:
    """Error (n,) of Tr[O rho] for Hermitian O, where real and imaginary parts of the entries of rho are known up to ``bar`` (n,).

    O = c + O', c the median of its diagonal: the entries of O' add up with their moduli, c with |1 - Tr rho|.
    """
    diagonal = np.real(np.einsum("...ii->...i", operator))
    middle = np.median(diagonal, axis=-1)
    above = np.triu(operator, 1)
    gain = np.abs(diagonal - middle[..., None]).sum(axis=-1) + 2 * (np.abs(above.real) + np.abs(above.imag)).sum(
        axis=(-2, -1)
    )
    lost = np.abs(1 - np.real(np.einsum("...ii->...", rho)))
    with np.errstate(invalid="ignore"):  # what does not depend on rho is known where rho is not
        return np.asarray(np.where(gain > 0, gain * bar, np.where(np.isnan(bar), np.nan, 0.0)) + np.abs(middle) * lost)


def levels(hamiltonian: Complex) -> tuple[Real, Complex, npt.NDArray[np.int64]]:
    """(energies (n, d) from the lowest up, eigenvectors (n, d, d) as columns, number of the eigenspace of each level (n, d)) of H_S."""
    energies, vectors = np.linalg.eigh(hamiltonian)
    least = EQUAL * np.abs(energies).max(axis=-1, keepdims=True)
    return energies, vectors, np.cumsum(np.diff(energies, axis=-1, prepend=energies[:, :1]) > least, axis=-1)


def level_projectors(vectors: Complex, spaces: npt.NDArray[np.int64]) -> list[Complex]:
    """The operator (n, d, d) of each level's population: its projector, or the mean of those of its eigenspace."""
    found = [vectors[:, :, None, k] * vectors[:, None, :, k].conj() for k in range(vectors.shape[-1])]
    if not (spaces[:, -1] < spaces.shape[1] - 1).any():
        return found
    each = np.stack(found, axis=1)
    equal = spaces[:, :, None] == spaces[:, None, :]
    return list(np.moveaxis(np.einsum("nkl,nlij->nkij", equal / equal.sum(axis=-1, keepdims=True), each), 1, 0))


def level_notes(vectors: Complex, spaces: npt.NDArray[np.int64], times: Real) -> Attributes:
    """What is to be known of the levels: which are of equal energy, and between which times one turns into another state.

    A turn: a level, of no equal energy at both times, keeps less than half of itself.
    """
    notes: Attributes = {}
    equal = spaces[:, 1:] == spaces[:, :-1]
    for k in np.flatnonzero(equal.any(axis=0)):
        text = f"levels {k} and {k + 1} have equal energies"
        if not equal[:, k].all():
            text += f" at t = {_few(times[equal[:, k]])}"
        notes["degenerate"] = f"{notes['degenerate']}; {text}" if "degenerate" in notes else text
    kept = np.abs(np.einsum("nij,nij->nj", vectors[1:].conj(), vectors[:-1])) ** 2
    alone = np.stack([(spaces == spaces[:, k : k + 1]).sum(axis=-1) == 1 for k in range(spaces.shape[1])], axis=-1)
    turned = ((kept < 0.5) & alone[1:] & alone[:-1]).any(axis=-1)
    if turned.any():
        notes["turns"] = (
            f"levels cross, or H_S turns them into other states, within one record interval before t = {_few(times[1:][turned])}"
        )
    return notes


def _few(times: Real) -> str:
    more = f" and {times.size - FEW} more times" if times.size > FEW else ""
    return ", ".join(f"{t:g}" for t in times[:FEW]) + more


def system_variables(
    rho: Complex,
    hamiltonian: Complex,
    *,
    times: Real,
    temperature: float | None,
    bar: Real | None = None,
    column_errors: Mapping[str, Real] | None = None,
    doubt: Attributes | None = None,
) -> Variables:
    """The variables of `definitions.OF_SYSTEM` of rho_S (n, d, d), and with ``bar`` their errors.

    hamiltonian    H_S at the same times (n, d, d), or (1, d, d) where it is constant
    times          (n,)
    temperature    the one of all baths; None where they differ
    bar            (n,) error of real and imaginary part of every entry of rho_S
    column_errors  (n,) those of E_S and S_S, there with ``bar``
    doubt          further attributes of the errors: why they are infinite
    """
    dimension = rho.shape[-1]
    j, k = pairs(dimension)
    energies, vectors, spaces = levels(hamiltonian)
    basis = [np.diag(row).astype(np.complex128) for row in np.eye(dimension)]
    operators: dict[str, list[Complex]] = {
        "population": basis,
        "population_H": level_projectors(vectors, spaces),
    }
    if dimension == 2:
        operators |= {f"sigma_{axis}": [PAULI[axis]] for axis in "xyz"}
    entries = rho[:, j, k]
    values: dict[str, Real] = {"coherence": np.stack([entries.real, entries.imag], axis=-1)}
    errors: dict[str, Real] = {}
    for name, each in operators.items():
        values[name] = np.stack([expectation_values(operator, rho).real for operator in each], axis=-1)
    values |= ergotropies(rho, energies, vectors, spaces)
    values["F_S"] = free_energy(rho, hamiltonian, temperature)
    if bar is not None:
        assert column_errors is not None
        of_work = ergotropy_error(rho, energies, bar)
        errors |= {name: of_work.copy() for name in ("ergotropy", "ergotropy_incoherent", "ergotropy_coherent")}
        errors["F_S"] = free_energy_error(column_errors["E_S"], column_errors["S_S"], temperature)
        errors["coherence"] = np.broadcast_to(bar[:, None, None], values["coherence"].shape).copy()
        for name, each in operators.items():
            errors[name] = np.stack([expectation_error(operator, rho, bar) for operator in each], axis=-1)
    notes = {"population_H": level_notes(vectors, spaces, times)}
    unknown: Attributes = {"reason": NO_TEMPERATURE} if temperature is None else {}
    if "degenerate" in notes["population_H"]:
        equal = notes["population_H"]["degenerate"]
        for name in ("ergotropy_incoherent", "ergotropy_coherent"):
            notes[name] = {"degenerate": f"{equal}: coherences between them stay"}
    notes["F_S"] = unknown
    variables: Variables = {}
    for column in OF_SYSTEM:
        if column.name in QUBIT and dimension != 2:
            continue
        shape = values[column.name].shape if column.dims else rho.shape[:1]
        text = about(column) | notes.get(column.name, {})
        variables[column.name] = (("t", *column.dims), values[column.name].reshape(shape), text)
        if bar is not None:
            how = HOW_FREE if column.name == "F_S" else HOW
            text = {"units": column.units, "long_name": f"error of {column.name}", "equation": "none", "how": how}
            text |= unknown if column.name == "F_S" else {}
            variables[f"{column.name}_error"] = (
                ("t", *column.dims),
                errors[column.name].reshape(shape),
                text | (doubt or {}),
            )
    return variables
