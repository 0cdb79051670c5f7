"""The state of the whole: a frozen view of a matrix product state, with quimb as its public form."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.local import Matrix, purify
from tnthermo.network import from_quimb_mps, to_quimb_mps

Tensor = npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A pure state of system, ancilla and chain at one time.

    tensors    (left, level, right) each; site 0 is the system (level = system index * ancilla + ancilla index) and the orthogonality
               centre, sites 1 .. N the chain, right-orthonormal
    time       the time it belongs to
    dimension  of the system
    ancilla    dimension of the purifying ancilla S' (1 for a pure start)
    """

    tensors: tuple[Tensor, ...]
    time: float
    dimension: int
    ancilla: int

    def to_quimb(self) -> Any:
        """quimb MatrixProductState with sites 0 .. N (a copy)."""
        return to_quimb_mps(self.tensors)

    @classmethod
    def from_quimb(cls, state: Any, *, time: float = 0.0, dimension: int, ancilla: int = 1) -> State:
        """The view of a quimb MatrixProductState whose site 0 has ``dimension * ancilla`` levels; the argument is not changed."""
        return cls(tensors=from_quimb_mps(state), time=time, dimension=dimension, ancilla=ancilla)

    def dense(self) -> Tensor:
        """The vector as an array (site 0 levels, site 1 levels, ...); for small models."""
        vector = self.tensors[0].reshape(self.tensors[0].shape[1:])
        for tensor in self.tensors[1:]:
            vector = np.tensordot(vector, tensor, axes=(-1, 0))
        return np.ascontiguousarray(vector[..., 0])


def product_state(rho: Matrix, levels: tuple[int, ...]) -> State:
    """System state ``rho`` (purified), chain in its vacuum, with ``levels`` boson levels on the chain sites."""
    psi = purify(rho)
    tensors = [psi.reshape(1, psi.size, 1).astype(np.complex128)]
    for d in levels:
        vacuum = np.zeros((1, d, 1), dtype=np.complex128)
        vacuum[0, 0, 0] = 1
        tensors.append(vacuum)
    return State(tensors=tuple(tensors), time=0.0, dimension=psi.shape[0], ancilla=psi.shape[1])
