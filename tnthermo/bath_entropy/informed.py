"""What a state says about where its correlations are: the columns by which modes are chosen, from moments of the sites."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from tnthermo.bath_entropy.fields import Fields
from tnthermo.bath_entropy.gaussian_bounds import Moments, moments
from tnthermo.kernels.measure import lowered
from tnthermo.network.state import State
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Knowledge:
    """Moments of a state in the fields' coordinates.

    of_system  (m, d^2 - 1) <P_a X_i> - <P_a><X_i>, P_a an orthogonal basis of the Hermitian operators of no trace
    excess     (m, m) covariance of the X_i less that of the thermal state, which is 1
    means      (m,) <X_i>
    """

    of_system: Real
    excess: Real
    means: Real

    @property
    def columns(self) -> Real:
        """(m, k) what is known of the fields: what tells of the system, and what is no longer as in the thermal state."""
        values, vectors = np.linalg.eigh(self.excess)
        return np.hstack([self.of_system, vectors * np.abs(values)])


def knowledge(state: State, fields: Fields) -> Knowledge:
    """The moments of a state of norm 1 whose system is at site 0; time O(N^2 bond^3)."""
    found = moments(state)
    with_system = system_moments(state)
    rho = np.einsum("lsr,ltr->st", state.tensors[0], state.tensors[0].conj())
    rho = np.trace(rho.reshape(state.dimension, state.ancilla, state.dimension, state.ancilla), axis1=1, axis2=3)
    centred = with_system - np.multiply.outer(found.means, rho)
    basis, z = _hermitian_basis(state.dimension), fields.over_sites
    crossed = np.einsum("ast,nts->na", basis, centred)  # <P_a c_n>
    return Knowledge(
        of_system=2 * (z.T @ crossed).real,
        excess=excess(found, z),
        means=2 * (z.T @ found.means).real,
    )


def excess(found: Moments, z: Complex) -> Real:
    """(k, k) covariance of the quadratures X_z less that of the vacuum, of forms z (N, k)."""
    matrix = 2 * (z.conj().T @ found.normal @ z + z.T @ found.anomalous @ z).real
    return np.asarray(0.5 * (matrix + matrix.T))


def system_moments(state: State) -> Complex:
    """(N, d, d) Tr[c_n rho] over all but the system, which is at site 0."""
    d, a = state.dimension, state.ancilla
    centre = state.tensors[0][0].reshape(d, a, -1)
    block = np.einsum("sar,tau->stru", centre, centre.conj())  # (s, s*, r, r*)
    found = []
    for tensor in state.tensors[1:]:
        l, _, r = tensor.shape
        flat = block.reshape(d * d, l, l)
        ket = np.tensordot(flat, tensor, axes=(1, 0))  # (ss*, l*, n, r)
        bra = tensor.conj()
        lower = np.tensordot(flat, lowered(tensor), axes=(1, 0))
        found.append(np.tensordot(lower, bra, axes=([1, 2, 3], [0, 1, 2])).reshape(d, d))
        block = np.tensordot(ket, bra, axes=([1, 2], [0, 1])).reshape(d, d, r, r)
    return np.array(found, dtype=np.complex128).reshape(-1, d, d)


@lru_cache(maxsize=8)
def _hermitian_basis(d: int) -> Complex:
    """(d^2 - 1, d, d) generalized Gell-Mann matrices, Tr P_a P_b = 2 delta_ab."""
    found = []
    for i in range(d):
        for j in range(i):
            one, other = np.zeros((2, d, d), dtype=np.complex128)
            one[i, j] = one[j, i] = 1
            other[j, i], other[i, j] = -1j, 1j
            found += [one, other]
    for k in range(1, d):
        diagonal = np.zeros(d)
        diagonal[:k], diagonal[k] = 1, -k
        found.append(np.diag(diagonal * np.sqrt(2 / (k * (k + 1)))).astype(np.complex128))
    return np.array(found, dtype=np.complex128).reshape(-1, d, d)
