"""Dense propagation of the whole vector, for small models: scipy's exponential of the sparse Hamiltonian on a vector."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy.sparse as sparse
from scipy.sparse.linalg import expm_multiply

from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import Exact
from tnthermo.blocks import BlockState, more_levels
from tnthermo.network import Automaton
from tnthermo.state import State, Tensor
from tnthermo.tdvp import StepReport
from tnthermo.terms import Term

LARGEST_VECTOR = 2_000_000  # 32 MB a vector, of which the exponential holds a handful


def hamiltonian(terms: tuple[Term, ...], dimensions: tuple[int, ...]) -> Any:
    """The sparse Hamiltonian (D, D), D the product of ``dimensions``, site 0 the slowest index."""
    size = math.prod(dimensions)
    total = sparse.csr_array((size, size), dtype=np.complex128)
    for term in terms:
        factors = dict(zip(term.sites, term.matrices(dimensions), strict=True))
        matrix: Any = sparse.csr_array(np.ones((1, 1), dtype=np.complex128))
        for site, d in enumerate(dimensions):
            matrix = sparse.kron(
                matrix, sparse.csr_array(factors[site]) if site in factors else sparse.eye_array(d), format="csr"
            )
        total = total + matrix
    return total


def tensors_of(vector: Tensor) -> tuple[Tensor, ...]:
    """Tensors (left, level, right) of a dense vector (d_0, d_1, ...), centre at site 0; nothing but numerical zeros is dropped."""
    dimensions = vector.shape
    tensors: list[Tensor] = []
    rest = vector.reshape(-1, 1)
    for d in reversed(dimensions[1:]):
        r = rest.shape[1]
        left, s, right = np.linalg.svd(rest.reshape(-1, d * r), full_matrices=False)
        keep = max(1, int(np.sum(s > 1e-16 * s[0])))
        tensors.append(np.ascontiguousarray(right[:keep].reshape(keep, d, r)))
        rest = left[:, :keep] * s[:keep]
    tensors.append(np.ascontiguousarray(rest.reshape(1, dimensions[0], -1)))
    return tuple(reversed(tensors))


def _check_size(size: int) -> None:
    if size > LARGEST_VECTOR:
        allowed = f"a vector of at most {LARGEST_VECTOR} elements, this model needs {size}"
        hint = 'use "tdvp", fewer modes or fewer levels'
        raise InvalidInput([Problem(key="evolution.method", value="exact", allowed=allowed, hint=hint)])


class ExactEngine:
    """Propagates the dense vector; boson levels grow by the same rule as elsewhere."""

    def __init__(
        self, algorithm: Exact, state: State, machine: Automaton, terms: tuple[Term, ...], *, may_grow: bool
    ) -> None:
        self.algorithm = algorithm
        self.machine = machine
        self.terms = terms
        self.may_grow = may_grow
        self.start = state
        _check_size(math.prod(t.shape[1] for t in state.tensors))
        self.vector = state.dense()
        self._assemble()

    def _assemble(self) -> None:
        self.generator = -1j * hamiltonian(self.terms, self.vector.shape)
        self.trace = complex(self.generator.trace())

    def step(self, dt: float) -> StepReport:
        """Advance by ``dt``; where the highest levels filled, the step is taken again with more of them."""
        start = self.vector
        self.vector = self._propagated(start, dt)
        top = self._top()
        while self.may_grow:
            old = np.array(self.vector.shape[1:], dtype=np.int64)
            wanted = more_levels(old, top, self.algorithm.level_weight)
            if np.all(wanted == old):
                break
            _check_size(start.shape[0] * math.prod(int(d) for d in wanted))
            wider = np.zeros((start.shape[0], *wanted), dtype=np.complex128)
            wider[tuple(slice(0, d) for d in start.shape)] = start
            start = self.vector = wider
            self._assemble()
            self.vector = self._propagated(start, dt)
            top = self._top()
        return StepReport(discarded=0.0, krylov=0.0, missed=0.0, capped=0.0, top=top)

    def _propagated(self, vector: Tensor, dt: float) -> Tensor:
        flat = expm_multiply(dt * self.generator, vector.reshape(-1), traceA=dt * self.trace)
        result: Tensor = flat.reshape(vector.shape)
        return result

    def _top(self) -> npt.NDArray[np.float64]:
        top = np.zeros(self.vector.ndim - 1)
        for n in range(top.size):
            levels = np.moveaxis(self.vector, n + 1, 0)
            top[n] = max(float(np.sum(np.abs(levels[s]) ** 2)) for s in (-2, -1))
        return top

    def network(self) -> BlockState:
        """The state as a matrix product state with its blocks."""
        tensors = tensors_of(self.vector)
        state = State(tensors=tensors, time=0.0, dimension=self.start.dimension, ancilla=self.start.ancilla)
        return BlockState(state, self.machine)
