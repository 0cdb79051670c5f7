"""From labelled terms to networks: operator tables for the sweeps, and the door to quimb (MPS, MPO, LocalHam1D, TEBD)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.model.terms import Factor, Term, local_matrix

Table = npt.NDArray[np.int64]
Values = npt.NDArray[np.complex128]


CONSTANT = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """``coefficient`` times ``factor`` (times a drive) leads from channel a to channel b."""

    a: int
    b: int
    coefficient: complex
    factor: Factor
    drive: int | None = None


@dataclass(frozen=True, kw_only=True, eq=False)
class SiteTable:
    """The operators of one site as the kernels read them.

    table, values   (m, 4) and (m,), see `tnthermo.kernels.apply`; the values at drive factors 1
    drives          (m,) which time-dependent factor multiplies each value, CONSTANT for none
    mirrored        the table of the line read from right to left, its values being ``values[permutation]``
    """

    table: Table
    values: Values
    drives: npt.NDArray[np.int64]
    mirrored: Table
    permutation: npt.NDArray[np.int64]

    @cached_property
    def driven(self) -> bool:
        """Whether any value changes in time."""
        return bool(np.any(self.drives != CONSTANT))

    def values_at(self, factors: npt.NDArray[np.float64]) -> Values:
        """The values (m,) for the drive factors (k,) of one time."""
        return self.values * np.append(factors, 1.0)[self.drives]


@dataclass(frozen=True, kw_only=True, eq=False)
class Automaton:
    """The Hamiltonian as a matrix product operator in symbols: which channel each local factor leads to.

    entries  per site, what leads from channel a of the left bond to channel b of the right bond
    widths   channels of each bond (n + 1,); 0 = nothing started, last = finished; both outer bonds have the one channel 0
    """

    entries: tuple[tuple[Entry, ...], ...]
    widths: npt.NDArray[np.int64]

    def table(self, site: int, dimension: int) -> SiteTable:
        """Numeric operator table of a site with ``dimension`` levels."""
        entries = self.entries[site]
        channels = tuple((entry.a, entry.b) for entry in entries)
        widths = (int(self.widths[site]), int(self.widths[site + 1]))
        names = tuple(entry.factor for entry in entries if isinstance(entry.factor, str))
        if len(names) == len(entries):
            pattern = boson_pattern(channels, names, widths, dimension)
        else:
            pattern = _pattern(channels, [elements_of(entry.factor, dimension) for entry in entries], widths)
        coefficients = np.array([entry.coefficient for entry in entries], dtype=np.complex128)
        drives = np.array([CONSTANT if entry.drive is None else entry.drive for entry in entries], dtype=np.int64)
        return SiteTable(
            table=pattern.table,
            values=coefficients[pattern.entry] * pattern.elements,
            drives=drives[pattern.entry],
            mirrored=pattern.mirrored,
            permutation=pattern.permutation,
        )

    def pass_on(self, bond: int) -> tuple[Table, Values]:
        """The table that hands each channel of a bond on: the bond seen as a site with one level."""
        width = int(self.widths[bond])
        table = np.array([(a, a, 0, 0) for a in range(width)], dtype=np.int64)
        return table, np.ones(width, dtype=np.complex128)


@dataclass(frozen=True, kw_only=True, eq=False)
class Pattern:
    """A `SiteTable` but for its coefficients: element m belongs to entry ``entry[m]`` and is ``elements[m]`` times its coefficient."""

    table: Table
    entry: npt.NDArray[np.int64]
    elements: Values
    mirrored: Table
    permutation: npt.NDArray[np.int64]


@cache
def boson_pattern(
    channels: tuple[tuple[int, int], ...], names: tuple[str, ...], widths: tuple[int, int], dimension: int
) -> Pattern:
    """The pattern of a chain site; the sites of a chain share it."""
    return _pattern(channels, [elements_of(name, dimension) for name in names], widths)


def _pattern(
    channels: Sequence[tuple[int, int]], factors: Sequence[tuple[Table, Table, Values]], widths: tuple[int, int]
) -> Pattern:
    counts = [row.size for row, _, _ in factors]
    entry = np.repeat(np.arange(len(factors)), counts)
    rows, columns = (np.concatenate([factor[axis] for factor in factors]) for axis in (0, 1))
    table = np.column_stack([np.array(channels, dtype=np.int64)[entry], rows, columns])
    order = np.lexsort(table.T[::-1])
    table = np.ascontiguousarray(table[order])
    left, right = widths
    mirrored = np.column_stack([right - 1 - table[:, 1], left - 1 - table[:, 0], table[:, 2], table[:, 3]])
    permutation = np.argsort(mirrored[:, 0], kind="stable")
    return Pattern(
        table=table,
        entry=entry[order],
        elements=np.concatenate([elements for _, _, elements in factors])[order],
        mirrored=np.ascontiguousarray(mirrored[permutation]),
        permutation=permutation,
    )


def elements_of(factor: Factor, dimension: int) -> tuple[Table, Table, Values]:
    """Rows, columns and values (m,) of the elements of a local factor that are not 0."""
    matrix = local_matrix(factor, dimension)
    row, column = np.nonzero(matrix)
    return row, column, matrix[row, column]


@dataclass(frozen=True, kw_only=True, eq=False)
class Strand:
    """Two-site terms that share one channel, because all begin (or all end) with the same factor on the same site.

    shared   the end that all have in common: 0 = the first factor, 1 = the last one
    terms    the members; a strand of one member is a term by itself
    """

    shared: int
    terms: tuple[Term, ...]

    @property
    def bonds(self) -> range:
        """The bonds that the channel straddles."""
        return range(min(t.sites[0] for t in self.terms) + 1, max(t.sites[1] for t in self.terms) + 1)


def strands(terms: Sequence[Term]) -> list[Strand]:
    """The two-site terms in strands: those with a common beginning first, of the rest those with a common end."""
    rest = [term for term in terms if len(term.sites) == 2]
    found = []
    for shared in (0, 1):
        groups: dict[Any, list[Term]] = {}
        for term in rest:
            groups.setdefault(_end(term, shared), []).append(term)
        found += [Strand(shared=shared, terms=tuple(group)) for group in groups.values() if len(group) > 1]
        rest = [term for group in groups.values() if len(group) == 1 for term in group]
    return found + [Strand(shared=0, terms=(term,)) for term in rest]


def _end(term: Term, shared: int) -> Any:
    """What must be equal for terms to share the factor at one end, its drive included."""
    factor = term.factors[shared]
    name = factor if isinstance(factor, str) else (factor.shape, factor.tobytes())
    return term.sites[shared], name, term.drive if term.carrier == shared else None


def automaton(terms: Sequence[Term], sites: int) -> Automaton:
    """Assemble the channels of one- and two-site terms on ``sites`` sites; a term that spans several bonds is passed on by identities.

    Terms that begin with the same factor on the same site share one channel (as those of a star do: its width does not depend on the
    number of modes), those that end so likewise; the shared factor then has coefficient 1 and the others carry theirs.
    """
    straddling: list[list[Strand]] = [[] for _ in range(sites + 1)]
    found = strands(terms)
    for strand in found:
        for bond in strand.bonds:
            straddling[bond].append(strand)
    inner = [len(members) + 2 for members in straddling]
    widths = np.array([1, *inner[1:sites], 1], dtype=np.int64)

    def channel(bond: int, strand: Strand) -> int:
        return straddling[bond].index(strand) + 1

    def finished(bond: int) -> int:
        return int(widths[bond]) - 1

    entries: list[list[Entry]] = [[] for _ in range(sites)]
    for site in range(sites):
        if site < sites - 1:
            entries[site].append(Entry(a=0, b=0, coefficient=1.0, factor="identity"))
        if site > 0:
            entries[site].append(Entry(a=finished(site), b=finished(site + 1), coefficient=1.0, factor="identity"))
    for term in terms:
        if len(term.sites) == 1:
            site = term.sites[0]
            entries[site].append(_entry(term, 0, 0, finished(site + 1), term.coefficient))
    for strand in found:
        for site in strand.bonds[:-1]:
            a, b = channel(site, strand), channel(site + 1, strand)
            entries[site].append(Entry(a=a, b=b, coefficient=1.0, factor="identity"))
        alone = len(strand.terms) == 1
        for number, term in enumerate(strand.terms):
            first, second = term.sites
            steps = ((0, channel(first + 1, strand)), (channel(second, strand), finished(second + 1)))
            for j, (a, b) in enumerate(steps):
                if j == strand.shared and number > 0:
                    continue
                carries = j == term.carrier if alone else j != strand.shared
                entries[term.sites[j]].append(_entry(term, j, a, b, term.coefficient if carries else 1.0))
    return Automaton(entries=tuple(tuple(e) for e in entries), widths=widths)


def _entry(term: Term, j: int, a: int, b: int, coefficient: complex) -> Entry:
    drive = term.drive if j == term.carrier else None
    return Entry(a=a, b=b, coefficient=coefficient, factor=term.factors[j], drive=drive)
