"""The one door to quimb: states and operators as its matrix product states and operators, and back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from tnthermo.model.terms import Term
from tnthermo.network.automaton import Values, automaton


def to_quimb_mps(tensors: Sequence[Values]) -> Any:
    """quimb MatrixProductState of tensors (left, level, right); sites 0 (system, with its ancilla) .. N."""
    import quimb.tensor as qtn

    arrays = [np.transpose(a, (0, 2, 1)) for a in tensors]
    if len(arrays) == 1:
        return qtn.MatrixProductState.from_dense(arrays[0][0, 0], dims=[arrays[0].shape[-1]])
    arrays[0], arrays[-1] = arrays[0][0], arrays[-1][:, 0, :]
    return qtn.MatrixProductState(arrays, shape="lrp")


def from_quimb_mps(state: Any, *, centre: int = 0) -> tuple[Values, ...]:
    """Tensors (left, level, right), centre at site ``centre``, of a quimb MatrixProductState; the argument is not changed."""
    state = state.copy()
    state.canonicalize_(centre)
    return mps_tensors(state)


def mps_tensors(state: Any) -> tuple[Values, ...]:
    """Tensors (left, level, right) of a quimb MatrixProductState as they are, in arrays of their own; the argument is not changed."""
    state = state.copy()
    state.permute_arrays("lpr")
    arrays = [np.asarray(array, dtype=np.complex128) for array in state.arrays]
    arrays[0], arrays[-1] = arrays[0][None], arrays[-1][..., None]
    return tuple(np.array(array, order="C") for array in arrays)


def to_quimb_mpo(terms: Sequence[Term], dimensions: Sequence[int], factors: Sequence[float] = ()) -> Any:
    """The Hamiltonian (or the part given) as a quimb MatrixProductOperator; ``factors`` are the drives' values at the time wanted."""
    import quimb.tensor as qtn

    machine = automaton(terms, len(dimensions))
    arrays = []
    for site, d in enumerate(dimensions):
        array = np.zeros((machine.widths[site], machine.widths[site + 1], d, d), dtype=np.complex128)
        found = machine.table(site, d)
        values = found.values_at(np.asarray(factors, dtype=np.float64))
        for (a, b, row, column), value in zip(found.table, values, strict=True):
            array[a, b, row, column] += value
        arrays.append(array)
    arrays[0], arrays[-1] = arrays[0][0], arrays[-1][:, 0]
    return qtn.MatrixProductOperator(arrays, shape="lrud")


def to_quimb_hamiltonian(terms: Sequence[Term], dimensions: Sequence[int], factors: Sequence[float] = ()) -> Any:
    """quimb LocalHam1D of nearest-neighbour terms, from which TEBD makes its gates; ``factors`` are the drives' values.

    One-site terms are shared evenly among the bonds that touch the site; quimb would do that only where all sites have one dimension.
    """
    import quimb.tensor as qtn

    sites = tuple(int(d) for d in dimensions)
    pairs = [(i, i + 1) for i in range(len(sites) - 1)]
    total = {(i, j): np.zeros((sites[i] * sites[j],) * 2, dtype=np.complex128) for i, j in pairs}
    for term in terms:
        matrices = term.matrices(sites)
        if term.drive is not None:
            matrices[term.carrier] = factors[term.drive] * matrices[term.carrier]
        if len(matrices) == 2:
            total[term.sites[0], term.sites[1]] += np.kron(matrices[0], matrices[1])
            continue
        touching = [pair for pair in pairs if term.sites[0] in pair]
        for i, j in touching:
            left = matrices[0] if i == term.sites[0] else np.eye(sites[i])
            right = matrices[0] if j == term.sites[0] else np.eye(sites[j])
            total[i, j] += np.kron(left, right) / len(touching)
    return qtn.LocalHam1D(L=len(sites), H2=total)
