"""What compiled sweeps work on: lists of arrays whose shapes may differ and change, the number of dimensions not."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
from numba import njit, types
from numba.extending import typeof_impl
from numba.typed import List


class Network(NamedTuple):
    """A matrix product state with the operators and the blocks of H, all lists changed in place; conventions in `tnthermo.kernels.apply`.

    tensors         n tensors (l, d, r), the orthogonality centre at one of them
    lefts, rights   n + 1 blocks each, over bonds 0 .. n: lefts[i] for i <= centre and rights[i] for i > centre are those of bond i
    tables, values  operators of the n sites
    mirrored, mirrored_values   the same for the line read from right to left
    passes, pass_values         for each bond what hands its channels on
    widths          channels of each bond (n + 1,)
    """

    tensors: Any
    lefts: Any
    rights: Any
    tables: Any
    values: Any
    mirrored: Any
    mirrored_values: Any
    passes: Any
    pass_values: Any
    widths: Any


class Limits(NamedTuple):
    """How far one sweep goes.

    krylov     bound on the sum of all Krylov errors of the step
    threshold  norm of (1 - P) H psi at a bond below which it is not expanded and the front does not move
    cutoff     squared singular values that a bond may lose; negative: none
    caps       (n + 1,) caps on the dimensions of the bonds
    adaptive   expand and truncate, follow the light cone; else the bonds stay as they are and the whole line is swept
    look       find out what bonds at the cap miss
    """

    krylov: float
    threshold: float
    cutoff: float
    caps: Any
    adaptive: bool
    look: bool


_TYPES: dict[tuple[int, ...], types.Type] = {}


@typeof_impl.register(Network)
def _network_type(net: Network, context: Any) -> types.Type:
    """numba's type of a network, looked up by those of its lists: numba would take longer to find it than a small sweep takes."""
    members = [typeof_impl(member, context) for member in net]
    key = tuple(map(id, members))
    if key not in _TYPES:
        _TYPES[key] = types.NamedTuple(members, Network)
    return _TYPES[key]


def array_list(arrays: Iterable[Any]) -> Any:
    """A typed list of the arrays, which kernels read and write in place."""
    return List(list(arrays))


@njit(cache=True)
def paste(target, source, row, column):
    """Write the matrix ``source`` into the matrix ``target``, its corner at (row, column). (Loops compile faster than slices.)"""
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[row + i, column + j] = source[i, j]


@njit(cache=True)
def adjoint(matrix):
    """The adjoint of a matrix, stored row by row."""
    result = np.empty((matrix.shape[1], matrix.shape[0]), dtype=np.complex128)
    for i in range(matrix.shape[0]):
        for j in range(matrix.shape[1]):
            result[j, i] = np.conj(matrix[i, j])
    return result


@njit(cache=True)
def take_away(target, source):
    """target -= source, both matrices of one shape."""
    for i in range(target.shape[0]):
        for j in range(target.shape[1]):
            target[i, j] -= source[i, j]


@njit(cache=True)
def identity(n):
    """(n, n)."""
    result = np.zeros((n, n), dtype=np.complex128)
    for i in range(n):
        result[i, i] = 1.0
    return result
