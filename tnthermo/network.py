"""From labelled terms to networks: operator tables for the sweeps, and the door to quimb (MPS, MPO, LocalHam1D, TEBD)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.terms import Factor, Term

Table = npt.NDArray[np.int64]
Values = npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class Automaton:
    """The Hamiltonian as a matrix product operator in symbols: which channel each local factor leads to.

    entries  per site, tuples (a, b, coefficient, factor): channel a of the left bond to channel b of the right bond
    widths   channels of each bond (n + 1,); 0 = nothing started, last = finished; both outer bonds have the one channel 0
    """

    entries: tuple[tuple[tuple[int, int, complex, Factor], ...], ...]
    widths: npt.NDArray[np.int64]

    def table(self, site: int, dimension: int) -> tuple[Table, Values]:
        """Numeric operator table of a site with ``dimension`` levels, in the form the kernels read."""
        rows: list[tuple[int, int, int, int]] = []
        values: list[complex] = []
        for a, b, coefficient, factor in self.entries[site]:
            term = Term(role="bath", coefficient=coefficient, sites=(0,), factors=(factor,))
            (matrix,) = term.matrices((dimension,))
            for row, column in np.argwhere(matrix != 0):
                rows.append((a, b, int(row), int(column)))
                values.append(complex(matrix[row, column]))
        order = sorted(range(len(rows)), key=lambda m: rows[m])
        table = np.array([rows[m] for m in order], dtype=np.int64).reshape(-1, 4)
        return table, np.array([values[m] for m in order], dtype=np.complex128)

    def pass_on(self, bond: int) -> tuple[Table, Values]:
        """The table that hands each channel of a bond on: the bond seen as a site with one level."""
        width = int(self.widths[bond])
        table = np.array([(a, a, 0, 0) for a in range(width)], dtype=np.int64)
        return table, np.ones(width, dtype=np.complex128)


def automaton(terms: Sequence[Term], sites: int) -> Automaton:
    """Assemble the channels of one- and two-site terms on ``sites`` sites; a term that spans several bonds is passed on by identities."""
    straddling: list[list[int]] = [[] for _ in range(sites + 1)]
    for number, term in enumerate(terms):
        if len(term.sites) == 2:
            for bond in range(term.sites[0] + 1, term.sites[1] + 1):
                straddling[bond].append(number)
    inner = [len(members) + 2 for members in straddling]
    widths = np.array([1, *inner[1:sites], 1], dtype=np.int64)

    def channel(bond: int, number: int) -> int:
        return straddling[bond].index(number) + 1

    entries: list[list[tuple[int, int, complex, Factor]]] = [[] for _ in range(sites)]
    for site in range(sites):
        end = int(widths[site + 1]) - 1
        if site < sites - 1:
            entries[site].append((0, 0, 1.0, "identity"))
        if site > 0:
            entries[site].append((int(widths[site]) - 1, end, 1.0, "identity"))
    for number, term in enumerate(terms):
        first = term.sites[0]
        if len(term.sites) == 1:
            entries[first].append((0, int(widths[first + 1]) - 1, term.coefficient, term.factors[0]))
            continue
        second = term.sites[1]
        entries[first].append((0, channel(first + 1, number), term.coefficient, term.factors[0]))
        for site in range(first + 1, second):
            entries[site].append((channel(site, number), channel(site + 1, number), 1.0, "identity"))
        entries[second].append((channel(second, number), int(widths[second + 1]) - 1, 1.0, term.factors[1]))
    return Automaton(entries=tuple(tuple(e) for e in entries), widths=widths)


def to_quimb_mps(tensors: Sequence[Values]) -> Any:
    """quimb MatrixProductState of tensors (left, level, right); sites 0 (system, with its ancilla) .. N."""
    import quimb.tensor as qtn

    arrays = [np.transpose(a, (0, 2, 1)) for a in tensors]
    if len(arrays) == 1:
        return qtn.MatrixProductState([arrays[0][0, 0]])
    arrays[0], arrays[-1] = arrays[0][0], arrays[-1][:, 0, :]
    return qtn.MatrixProductState(arrays, shape="lrp")


def from_quimb_mps(state: Any) -> tuple[Values, ...]:
    """Tensors (left, level, right), right-orthonormal but for site 0, of a quimb MatrixProductState; the argument is not changed."""
    state = state.copy()
    state.canonicalize_(0)
    state.permute_arrays("lpr")
    arrays = [np.asarray(array, dtype=np.complex128) for array in state.arrays]
    arrays[0], arrays[-1] = arrays[0][None], arrays[-1][..., None]
    return tuple(np.ascontiguousarray(array) for array in arrays)


def to_quimb_mpo(terms: Sequence[Term], dimensions: Sequence[int]) -> Any:
    """The Hamiltonian (or the part given) as a quimb MatrixProductOperator."""
    import quimb.tensor as qtn

    machine = automaton(terms, len(dimensions))
    arrays = []
    for site, d in enumerate(dimensions):
        array = np.zeros((machine.widths[site], machine.widths[site + 1], d, d), dtype=np.complex128)
        table, values = machine.table(site, d)
        for (a, b, row, column), value in zip(table, values, strict=True):
            array[a, b, row, column] += value
        arrays.append(array)
    arrays[0], arrays[-1] = arrays[0][0], arrays[-1][:, 0]
    return qtn.MatrixProductOperator(arrays, shape="lrud")


def to_quimb_hamiltonian(terms: Sequence[Term], dimensions: Sequence[int]) -> Any:
    """quimb LocalHam1D of nearest-neighbour terms, from which TEBD makes its gates.

    One-site terms are shared evenly among the bonds that touch the site; quimb would do that only where all sites have one dimension.
    """
    import quimb.tensor as qtn

    sites = tuple(int(d) for d in dimensions)
    pairs = [(i, i + 1) for i in range(len(sites) - 1)]
    total = {(i, j): np.zeros((sites[i] * sites[j],) * 2, dtype=np.complex128) for i, j in pairs}
    for term in terms:
        matrices = term.matrices(sites)
        if len(matrices) == 2:
            total[term.sites[0], term.sites[1]] += np.kron(matrices[0], matrices[1])
            continue
        touching = [pair for pair in pairs if term.sites[0] in pair]
        for i, j in touching:
            left = matrices[0] if i == term.sites[0] else np.eye(sites[i])
            right = matrices[0] if j == term.sites[0] else np.eye(sites[j])
            total[i, j] += np.kron(left, right) / len(touching)
    return qtn.LocalHam1D(L=len(sites), H2=total)
