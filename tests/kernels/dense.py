"""Slow twins of the kernels: matrix product states as vectors, the Hamiltonian as a matrix, projections as isometries.

Everything here follows from the definitions with plain NumPy; nothing is imported from tnthermo.kernels but the typed list.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from hypothesis import strategies as st

from tnthermo.engines.exact import hamiltonian
from tnthermo.kernels.arrays import array_list
from tnthermo.model.line import Line
from tnthermo.model.terms import Term
from tnthermo.network.automaton import Automaton, automaton
from tnthermo.network.blocks import BlockState
from tnthermo.network.state import State

Array = np.ndarray
SEEDS = st.integers(0, 2**32 - 1)
# Site dimensions and bonds (left of sites 1, 2, ...): no two neighbours alike, so that a swapped axis has the wrong shape.
SHAPES = (((2, 3), (2,)), ((2, 3, 4), (2, 3)), ((3, 2, 4, 3), (2, 4, 3)), ((2, 3, 2, 3, 2), (2, 4, 3, 2)))


def gaussian(rng: np.random.Generator, *shape: int) -> Array:
    """Complex numbers, normally distributed."""
    return rng.normal(size=shape) + 1j * rng.normal(size=shape)


def random_terms(rng: np.random.Generator, dimensions: tuple[int, ...], reach: int = 2) -> tuple[Term, ...]:
    """Hermitian one-site terms and hermitian pairs of two-site terms over up to ``reach`` bonds, with random complex factors."""
    terms = []
    for i, d in enumerate(dimensions):
        matrix = gaussian(rng, d, d)
        terms.append(Term(role="bath", coefficient=rng.normal(), sites=(i,), factors=(matrix + matrix.conj().T,)))
    for i, j in itertools.combinations(range(len(dimensions)), 2):
        if j - i <= reach:
            a, b, c = (
                gaussian(rng, dimensions[i], dimensions[i]),
                gaussian(rng, dimensions[j], dimensions[j]),
                gaussian(rng),
            )
            pair = ((c, a, b), (c.conjugate(), a.conj().T, b.conj().T))
            terms += [Term(role="bath", coefficient=complex(z), sites=(i, j), factors=(f, g)) for z, f, g in pair]
    return tuple(terms)


def random_tensors(
    rng: np.random.Generator, dimensions: tuple[int, ...], bonds: tuple[int, ...], center: int = 0
) -> list[Array]:
    """A normalised random matrix product state, left-orthonormal before ``center`` and right-orthonormal after it."""
    edges = (1, *bonds, 1)
    tensors = [gaussian(rng, edges[i], d, edges[i + 1]) for i, d in enumerate(dimensions)]
    for i in range(center):
        l, d, r = tensors[i].shape
        q, rest = np.linalg.qr(tensors[i].reshape(l * d, r))
        tensors[i] = q.reshape(l, d, -1)
        tensors[i + 1] = np.tensordot(rest, tensors[i + 1], axes=1)
    for i in range(len(tensors) - 1, center, -1):
        l, d, r = tensors[i].shape
        q, rest = np.linalg.qr(tensors[i].reshape(l, d * r).conj().T)
        tensors[i] = np.ascontiguousarray(q.conj().T).reshape(-1, d, r)
        tensors[i - 1] = np.tensordot(tensors[i - 1], rest.conj().T, axes=1)
    tensors[center] = tensors[center] / np.linalg.norm(tensors[center])
    return [np.ascontiguousarray(t) for t in tensors]


def left_states(tensors: Any, site: int) -> Array:
    """(D_left, l): the states of the sites before ``site`` that its left bond labels."""
    states = np.ones((1, 1), dtype=complex)
    for tensor in list(tensors)[:site]:
        states = np.tensordot(states, tensor, axes=1).reshape(-1, tensor.shape[2])
    return states


def right_states(tensors: Any, site: int) -> Array:
    """(r, D_right): the states of the sites after ``site`` that its right bond labels."""
    states = np.ones((1, 1), dtype=complex)
    for tensor in reversed(list(tensors)[site + 1 :]):
        states = np.tensordot(tensor, states, axes=1).reshape(tensor.shape[0], -1)
    return states


def vector(tensors: Any) -> Array:
    """The state as a vector (D,), site 0 the slowest index."""
    return left_states(tensors, len(tensors)).reshape(-1)


def empty_sites(dimensions: tuple[int, ...]) -> list[Array]:
    """Untouched sites: bond 1, everything in the lowest level."""
    return [np.eye(1, d, dtype=complex).reshape(1, d, 1) for d in dimensions]


def between_empty(rng: np.random.Generator, dimensions: tuple[int, ...], before: int, after: int) -> list[Array]:
    """A random state, centre at site 0, whose first ``before`` and last ``after`` sites are empty."""
    stop = len(dimensions) - after
    inner = dimensions[before:stop]
    bonds = tuple(min(b, 3 + i % 3) for i, b in enumerate(full_bonds(inner)))
    return [
        *empty_sites(dimensions[:before]),
        *random_tensors(rng, inner, bonds),
        *empty_sites(dimensions[stop:]),
    ]


def acted(psi: Array, *factors: tuple[int, Array]) -> Array:
    """The product of one-site operators (site, matrix), the last one first, on psi (d_0, d_1, ...)."""
    for site, matrix in reversed(factors):
        psi = np.moveaxis(np.tensordot(matrix, psi, axes=(1, site)), 0, site)
    return psi


def reduced(psi: Array, phi: Array, site: int) -> Array:
    """Tr_rest |psi><phi| on one site."""
    d = psi.shape[site]
    return np.moveaxis(psi, site, 0).reshape(d, -1) @ np.moveaxis(phi, site, 0).reshape(d, -1).conj().T


@dataclass(frozen=True, kw_only=True)
class Problem:
    """A Hamiltonian and a state in canonical gauge with the centre at ``center``, in the kernels' form and densely."""

    dimensions: tuple[int, ...]
    terms: tuple[Term, ...]
    tensors: list[Array]
    center: int

    @cached_property
    def machine(self) -> Automaton:
        return automaton(self.terms, len(self.dimensions))

    @cached_property
    def dense(self) -> Array:
        """H (D, D)."""
        return hamiltonian(self.terms, self.dimensions).toarray()

    @cached_property
    def operators(self) -> list[tuple[Array, Array]]:
        """Table and values of each site."""
        found = [self.machine.table(i, d) for i, d in enumerate(self.dimensions)]
        return [(each.table, each.values) for each in found]

    def mpo(self, site: int) -> Array:
        """W (left channels, right channels, row, column) of a site, from its table."""
        d = self.dimensions[site]
        result = np.zeros((self.machine.widths[site], self.machine.widths[site + 1], d, d), dtype=complex)
        table, values = self.operators[site]
        for (a, b, row, column), value in zip(table, values, strict=True):
            result[a, b, row, column] += value
        return result

    def left_block(self, bond: int) -> Array:
        """(w, bra, ket) of a bond at or left of the centre, every channel contracted, the identities too."""
        block = np.ones((1, 1, 1), dtype=complex)
        for i in range(bond):
            x = self.tensors[i]
            block = np.einsum("axy,xrp,abrc,ycq->bpq", block, x.conj(), self.mpo(i), x)
        return block

    def right_block(self, bond: int) -> Array:
        """(w, ket, bra) of a bond right of the centre, every channel contracted."""
        block = np.ones((1, 1, 1), dtype=complex)
        for i in range(len(self.dimensions) - 1, bond - 1, -1):
            x = self.tensors[i]
            block = np.einsum("pcx,abrc,bxy,qry->apq", x, self.mpo(i), block, x.conj())
        return block

    def gram_block(self, bond: int) -> Array:
        """(w, w, ket, bra) of a bond right of the centre: <what channel a' does | what channel a does>, every channel contracted."""
        block = np.ones((1, 1, 1, 1), dtype=complex)
        for i in range(len(self.dimensions) - 1, bond - 1, -1):
            image = np.einsum("abrc,pcx->aprbx", self.mpo(i), self.tensors[i])
            block = np.einsum("aprbx,cbxy,dqrcy->dapq", image, block, image.conj(), optimize=True)
        return block

    def inclusion(self, sites: int = 1, site: int | None = None) -> Array:
        """The isometry (D, l d .. r) from tensors on ``sites`` sites at the centre to vectors; 0 sites: the bond before it."""
        first = self.center if site is None else site
        left = left_states(self.tensors, first)
        right = right_states(self.tensors, first + sites - 1).T
        inside = math.prod(self.dimensions[first : first + sites])
        return np.kron(np.kron(left, np.eye(inside)), right)

    def effective(self, sites: int = 1, site: int | None = None) -> Array:
        """V^dag H V."""
        inclusion = self.inclusion(sites, site)
        return inclusion.conj().T @ self.dense @ inclusion


def problem(seed: int, shape: int | tuple[Any, Any], center: int = 0, reach: int = 2) -> Problem:
    """A random one; ``shape`` is an index into SHAPES or a pair (dimensions, bonds)."""
    rng = np.random.default_rng(seed)
    dimensions, bonds = SHAPES[shape] if isinstance(shape, int) else shape
    return Problem(
        dimensions=dimensions,
        terms=random_terms(rng, dimensions, reach),
        tensors=random_tensors(rng, dimensions, bonds, center),
        center=center,
    )


@dataclass(frozen=True, kw_only=True)
class Stand:
    """What a `BlockState` asks of a model: where things stand, and that nothing is driven."""

    line: Line
    factors: tuple[Any, ...] = ()


def blocks_of(p: Problem) -> BlockState:
    """The working form of a problem whose centre is called the system; every site counts as active."""
    n, system = len(p.dimensions), p.center
    arms = (tuple(range(system + 1, n)), tuple(range(system - 1, -1, -1)))
    line = Line(system=system, chains=tuple(arm for arm in arms if arm))
    state = State(tensors=tuple(p.tensors), time=0.0, dimension=p.dimensions[system], ancilla=1, system=system)
    return BlockState(state, p.machine, Stand(line=line))  # type: ignore[arg-type]


def mirrored(p: Problem) -> Problem:
    """The same problem read from right to left."""
    n = len(p.dimensions)
    terms = tuple(
        replace(t, sites=tuple(n - 1 - i for i in reversed(t.sites)), factors=tuple(reversed(t.factors)))
        for t in p.terms
    )
    tensors = [np.ascontiguousarray(t.transpose(2, 1, 0)) for t in reversed(p.tensors)]
    return Problem(dimensions=p.dimensions[::-1], terms=terms, tensors=tensors, center=n - 1 - p.center)


def read_backward(psi: Array, dimensions: tuple[int, ...]) -> Array:
    """A vector (D,) over sites ``dimensions`` with the order of the sites reversed."""
    return psi.reshape(dimensions).transpose().reshape(-1)


def assert_gauge(tensors: Any, center: int, atol: float) -> None:
    """Left-orthonormal before ``center``, right-orthonormal after it."""
    for i, tensor in enumerate(tensors):
        if i == center:
            continue
        flat = tensor.reshape(-1, tensor.shape[2]).T if i < center else tensor.reshape(tensor.shape[0], -1)
        np.testing.assert_allclose(flat.conj() @ flat.T, np.eye(len(flat)), atol=atol)


def typed(tensors: Any) -> Any:
    return array_list([np.ascontiguousarray(t, dtype=np.complex128) for t in tensors])


def full_bonds(dimensions: tuple[int, ...]) -> tuple[int, ...]:
    """Bond dimensions with which every vector is a matrix product state."""
    cuts = range(1, len(dimensions))
    return tuple(min(math.prod(dimensions[:i]), math.prod(dimensions[i:])) for i in cuts)
