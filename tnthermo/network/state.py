"""The state of the whole: a frozen view of a matrix product state, with quimb as its public form."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import scipy

from tnthermo.model.line import Line
from tnthermo.model.operators import Matrix
from tnthermo.network.quimb_door import from_quimb_mps, to_quimb_mps

Tensor = npt.NDArray[np.complex128]


@dataclass(frozen=True, kw_only=True, eq=False)
class State:
    """A pure state of system, ancilla and chains at one time.

    tensors    (left, level, right) each, along the line of `Model.line`; the system (level = system index * ancilla + ancilla index) is the
               orthogonality centre, what is left of it is left-orthonormal, what is right of it right-orthonormal
    time       the time it belongs to
    dimension  of the system
    ancilla    dimension of the purifying ancilla S' (1 for a pure start)
    system     the system's site
    """

    tensors: tuple[Tensor, ...]
    time: float
    dimension: int
    ancilla: int
    system: int = 0

    def to_quimb(self) -> Any:
        """quimb MatrixProductState along the line (a copy)."""
        return to_quimb_mps(self.tensors)

    @classmethod
    def from_quimb(cls, state: Any, *, time: float = 0.0, dimension: int, ancilla: int = 1, system: int = 0) -> State:
        """The view of a quimb MatrixProductState whose site ``system`` has ``dimension * ancilla`` levels; the argument is not changed."""
        tensors = from_quimb_mps(state, centre=system)
        return cls(tensors=tensors, time=time, dimension=dimension, ancilla=ancilla, system=system)

    def dense(self) -> Tensor:
        """The vector as an array (site 0 levels, site 1 levels, ...); for small models."""
        vector = self.tensors[0].reshape(self.tensors[0].shape[1:])
        for tensor in self.tensors[1:]:
            vector = np.tensordot(vector, tensor, axes=(-1, 0))
        return np.ascontiguousarray(vector[..., 0])


def product_state(psi: Matrix, line: Line, levels: tuple[int, ...], amplitudes: Sequence[complex] = ()) -> State:
    """System in ``psi`` (d, r), S' its second index, and every chain site in a coherent state.

    levels      (N,) boson levels of the chain sites, chain after chain
    amplitudes  (N,) of the coherent states, in the same order; none: the vacuum

    What a cut of the levels leaves out shows in the norm of the state, which is that of the system's tensor.
    """
    tensors: list[Tensor] = [psi.reshape(1, psi.size, 1).astype(np.complex128)] * line.length
    displaced = amplitudes if len(amplitudes) else [0.0] * len(levels)
    for place, d, amplitude in zip(line.places, levels, displaced, strict=True):
        vector = coherent(amplitude, d)
        size = np.linalg.norm(vector)
        tensors[place] = (vector / size).reshape(1, d, 1)
        tensors[line.system] = size * tensors[line.system]
    return State(tensors=tuple(tensors), time=0.0, dimension=psi.shape[0], ancilla=psi.shape[1], system=line.system)


def coherent(amplitude: complex, levels: int) -> Tensor:
    """exp(-|a|^2/2) a^n/sqrt(n!) for n < ``levels``; not renormalised: what is cut off shows in the norm."""
    n = np.arange(levels)
    size = abs(amplitude)
    if size == 0:
        return (n == 0).astype(np.complex128)
    logarithm = n * np.log(size) - scipy.special.gammaln(n + 1) / 2 - size**2 / 2
    return np.asarray(np.exp(logarithm + 1j * n * np.angle(amplitude)))
