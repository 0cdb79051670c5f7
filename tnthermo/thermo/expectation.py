"""Expectation values of the user's own operators from a ledger that is there already."""

from __future__ import annotations

from typing import Any

import numpy as np
import xarray as xr

from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.checks import dataset_problems
from tnthermo.model.operators import HERMITICITY, PAULI, Matrix, operator
from tnthermo.thermo.system import HOW, expectation_error, expectation_values

AXES = ("row", "column", "complex")


def expectation(ledger: xr.Dataset, operator: Any) -> xr.DataArray:
    """<O> = Tr[O rho_S] over ``t``, of any operator on the system, in the basis in which H_S is written.

    ledger    of `tnthermo.ledger`, `tnthermo.weak_coupling` or `tnthermo.collect` (further dimensions stay), or a result.nc opened by
              xarray; ``ledger.tnthermo.expect(operator)`` is the same
    operator  a (d, d) matrix, Pauli components {"x": 0.5, "z": 1.0}, or a name: "x", "y", "z", "sigma_minus", "sigma_plus"

    Real for a Hermitian operator, else complex. Nothing is renormalised: the expectation value of 1 is the norm. Where the ledger has
    rho_S_error the result has a coordinate ``error``, real: what that error in every entry of rho_S makes of <O> at most (of a complex
    value its modulus), so that it is infinite where that is, and NaN where it is not known yet.

    Raises `chains.InvalidInput` for what is no ledger, no operator, or an operator of another size than the system.
    """
    problems = dataset_problems("ledger", ledger, ("rho_S",), "a dataset of tnthermo.ledger")
    if not problems and not set(AXES) <= set(ledger["rho_S"].dims):
        shape = f"rho_S {tuple(map(str, ledger['rho_S'].dims))}"
        problems.append(Problem(key="ledger", value=shape, allowed=f"rho_S with dimensions {', '.join(AXES)}"))
    dimension = None if problems else ledger.sizes["row"]
    try:
        matrix = _matrix(operator, dimension)
    except InvalidInput as error:
        raise InvalidInput([*problems, *error.problems]) from None
    raise_if_any(problems)
    state = ledger["rho_S"].transpose(..., *AXES)
    rho = state.values[..., 0] + 1j * state.values[..., 1]
    dims = state.dims[: -len(AXES)]
    values, hermitian = expectation_values(matrix, rho), _is_hermitian(matrix)
    coordinates = {name: own for name, own in ledger.coords.items() if set(own.dims) <= set(dims)}
    found = xr.DataArray(
        values.real if hermitian else values,
        dims=dims,
        coords=coordinates,
        name="expectation",
        attrs={"units": "1", "long_name": "expectation value of a system operator", "equation": "Tr[O rho_S]"},
    )
    if "rho_S_error" not in ledger:
        return found
    bar = ledger["rho_S_error"].transpose(..., *AXES).values.max(axis=(-3, -2, -1))
    parts = [(matrix + matrix.conj().T) / 2] + ([] if hermitian else [(matrix - matrix.conj().T) / 2j])
    size = np.hypot.reduce([expectation_error(part, rho, bar) for part in parts])
    about = {"units": "1", "long_name": "error of the expectation value", "how": HOW}
    return found.assign_coords(error=(dims, size, about))


def _matrix(value: Any, dimension: int | None) -> Matrix:
    """O (d, d). Raises InvalidInput, also where it is not of the system's ``dimension``, if that is known."""
    named = isinstance(value, str) and value in PAULI
    matrix = PAULI[value] if named else operator(value, key="operator", hermitian=False)
    if dimension is not None and matrix.shape[0] != dimension:
        allowed = f"the size of the system {(dimension, dimension)}, found {matrix.shape}"
        raise InvalidInput([Problem(key="operator", value=value, allowed=allowed)])
    return matrix


def _is_hermitian(matrix: Matrix) -> bool:
    return float(np.abs(matrix - matrix.conj().T).max()) <= HERMITICITY * max(1.0, float(np.abs(matrix).max()))
