"""Dense propagation of the whole vector, for small models: scipy's exponential of the sparse Hamiltonian on a vector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from chains.problems import InvalidInput, Problem
from tnthermo.algorithms import Exact
from tnthermo.engine_protocol import StepReport
from tnthermo.engines.measure import LineEngine
from tnthermo.model.model import Model
from tnthermo.model.terms import Term
from tnthermo.network.automaton import Automaton
from tnthermo.network.blocks import BlockState, more_levels
from tnthermo.network.state import State, Tensor
from tnthermo.types import Snapshot

MOST_PIECES = 4096  # of one step
ROUNDING = 1e-12  # what many exponentials add up to; no more pieces bring the difference below it
LARGEST_VECTOR = 2_000_000  # 32 MB a vector, of which the exponential holds a handful


def hamiltonian(terms: tuple[Term, ...], dimensions: tuple[int, ...], factors: Sequence[float] = ()) -> Any:
    """The sparse Hamiltonian (D, D), D the product of ``dimensions``, site 0 the slowest index; ``factors`` are the drives' values."""
    size = math.prod(dimensions)
    total = scipy.sparse.csr_array((size, size), dtype=np.complex128)
    for term in terms:
        weight = 1.0 if term.drive is None else factors[term.drive]
        total = total + weight * term_matrix(term, dimensions)
    return total


def term_matrix(term: Term, dimensions: tuple[int, ...]) -> Any:
    """One term, without its drive, as a sparse (D, D) matrix."""
    factors = dict(zip(term.sites, term.matrices(dimensions), strict=True))
    matrix: Any = scipy.sparse.csr_array(np.ones((1, 1), dtype=np.complex128))
    for site, d in enumerate(dimensions):
        matrix = scipy.sparse.kron(
            matrix,
            scipy.sparse.csr_array(factors[site]) if site in factors else scipy.sparse.eye_array(d),
            format="csr",
        )
    return matrix


def tensors_of(vector: Tensor, centre: int = 0) -> tuple[Tensor, ...]:
    """Tensors (left, level, right) of a dense vector (d_0, d_1, ...), centre at site ``centre``; nothing but numerical zeros is dropped."""
    dimensions = vector.shape
    right_part: list[Tensor] = []
    rest = vector.reshape(-1, 1)
    for d in reversed(dimensions[centre + 1 :]):
        r = rest.shape[1]
        left, s, right = np.linalg.svd(rest.reshape(-1, d * r), full_matrices=False)
        keep = max(1, int(np.sum(s > 1e-16 * s[0])))
        right_part.append(np.ascontiguousarray(right[:keep].reshape(keep, d, r)))
        rest = left[:, :keep] * s[:keep]
    left_part: list[Tensor] = []
    r = rest.shape[1]
    rest = rest.reshape(1, -1)
    for d in dimensions[:centre]:
        l = rest.shape[0]
        left, s, right = np.linalg.svd(rest.reshape(l * d, -1), full_matrices=False)
        keep = max(1, int(np.sum(s > 1e-16 * s[0])))
        left_part.append(np.ascontiguousarray(left[:, :keep].reshape(l, d, keep)))
        rest = s[:keep, None] * right[:keep]
    center = np.ascontiguousarray(rest.reshape(rest.shape[0], dimensions[centre], r))
    return (*left_part, center, *reversed(right_part))


def check_size(size: int) -> None:
    """Raises `chains.InvalidInput` where a dense vector of that many elements is too large."""
    if size > LARGEST_VECTOR:
        allowed = f"a vector of at most {LARGEST_VECTOR} elements, this model needs {size}"
        hint = 'use "tdvp", fewer modes or fewer levels'
        raise InvalidInput([Problem(key="evolution.method", value="exact", allowed=allowed, hint=hint)])


class ExactEngine(LineEngine):
    """Propagates the dense vector; boson levels grow by the same rule as elsewhere.

    A driven H is propagated by the commutator-free Magnus integrator of fourth order, in pieces as small as the tolerance asks for.

    rougher  for the companion that judges a run: of the two numbers of pieces that it compares it keeps the smaller
    """

    def __init__(
        self,
        algorithm: Exact,
        state: State,
        machine: Automaton,
        model: Model,
        *,
        may_grow: bool,
        rougher: bool = False,
    ) -> None:
        self.algorithm = algorithm
        self.rougher = rougher
        self.machine = machine
        self.model = model
        self.may_grow = may_grow
        self.start = state
        self.time = state.time
        check_size(math.prod(t.shape[1] for t in state.tensors))
        self.vector = state.dense()
        self.pieces = 1
        self._assemble()

    def _assemble(self) -> None:
        """H of the constant terms, and of those that each drive multiplies, for the levels in use."""
        dimensions = self.vector.shape
        terms = self.model.terms
        self.constant = hamiltonian(tuple(t for t in terms if t.drive is None), dimensions)
        self.driven: list[Any] = []
        for k in range(len(self.model.factors)):
            parts = [term_matrix(t, dimensions) for t in terms if t.drive == k]
            self.driven.append(sum(parts[1:], start=parts[0]))

    def snapshot(self) -> Snapshot:
        """What `restore` needs, as plain arrays and numbers; the tensors are those of a product with the levels in use."""
        shape = self.vector.shape
        return {
            "tensors": [np.ones((1, d, 1), dtype=np.complex128) for d in shape], "vector": self.vector, "time": self.time,
            "pieces": self.pieces, "dimension": self.start.dimension, "ancilla": self.start.ancilla,
        }  # fmt: skip

    def restore(self, saved: Snapshot) -> None:
        """Be as when the snapshot was taken."""
        self.vector, self.time, self.pieces = saved["vector"], saved["time"], saved["pieces"]

    def step(self, dt: float, end: float | None = None) -> StepReport:
        """Advance by ``dt``, to the time ``end`` where that is known to the bit.

        Where the highest levels fill, the step starts again with more of them.
        """
        start = self.vector
        self.vector = self._propagated(start, dt)
        top = self._top()
        while self.may_grow:
            old = np.array([start.shape[p] for p in self.model.line.places])
            wanted = more_levels(old, top, self.algorithm.level_weight)
            if np.all(wanted == old):
                break
            shape = list(start.shape)
            for place, d in zip(self.model.line.places, wanted, strict=True):
                shape[place] = int(d)
            check_size(math.prod(shape))
            wider = np.zeros(shape, dtype=np.complex128)
            wider[tuple(slice(0, d) for d in start.shape)] = start
            start = self.vector = wider
            self._assemble()
            self.vector = self._propagated(start, dt)
            top = self._top()
        self.time = self.time + dt if end is None else end
        return StepReport(discarded=0.0, krylov=0.0, missed=0.0, capped=0.0, top=top)

    def _propagated(self, vector: Tensor, dt: float) -> Tensor:
        flat = vector.reshape(-1)
        if not self.driven:
            return np.asarray(self._exponential(self.constant, flat, dt).reshape(vector.shape))
        fine = coarse = self._magnus(flat, dt, self.pieces)
        while self.pieces < MOST_PIECES:
            fine = self._magnus(flat, dt, 2 * self.pieces)
            # the finer one is 16 times as good
            if np.linalg.norm(fine - coarse) < max(self.algorithm.tolerance, ROUNDING):
                break
            self.pieces *= 2
            coarse = fine
        # Two runs that control themselves may cut the time into the same pieces; the companion keeps the half as many it compared with.
        return np.asarray((coarse if self.rougher else fine).reshape(vector.shape))

    def _magnus(self, flat: Tensor, dt: float, pieces: int) -> Tensor:
        """exp(..) exp(..) at two Gauss points a piece; S. Blanes and P. C. Moan, Appl. Numer. Math. 56, 1519 (2006), eq. (43)."""
        h, root = dt / pieces, math.sqrt(3) / 6
        for k in range(pieces):
            early, late = (self._weights(self.time + (k + 0.5 + side * root) * h) for side in (-1, 1))
            for a, b in ((0.25 + root, 0.25 - root), (0.25 - root, 0.25 + root)):
                generator = 0.5 * self.constant
                for matrix, first, second in zip(self.driven, early, late, strict=True):
                    generator = generator + (a * first + b * second) * matrix
                flat = self._exponential(generator, flat, h)
        return flat

    def _weights(self, time: float) -> list[float]:
        return [float(factor.value(time)) for factor in self.model.factors]

    @staticmethod
    def _exponential(matrix: Any, flat: Tensor, dt: float) -> Tensor:
        generator = -1j * dt * matrix
        # scipy estimates norms with random vectors and chooses the number of its terms by them: the same ones, so that a run
        # that is done again, or resumed, is the same to the last bit
        before = np.random.get_state()  # noqa: NPY002
        np.random.seed(0)  # noqa: NPY002
        try:
            return np.asarray(scipy.sparse.linalg.expm_multiply(generator, flat, traceA=generator.trace()))
        finally:
            np.random.set_state(before)  # noqa: NPY002

    def _top(self) -> npt.NDArray[np.float64]:
        top = []
        for place in self.model.line.places:
            levels = np.moveaxis(self.vector, place, 0)
            top.append(max(float(np.sum(np.abs(levels[s]) ** 2)) for s in (-2, -1)))
        return np.array(top)

    def network(self) -> BlockState:
        """The state as a matrix product state with its blocks."""
        system = self.model.line.system
        state = replace(self.start, tensors=tensors_of(self.vector, system))
        return BlockState(state, self.machine, self.model, self.time)
