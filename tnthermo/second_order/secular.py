"""The secular (Lindblad) master equation with its Lamb shift: only pairs of transitions of the same frequency.

d rho/dt = -i [H_S + H_LS, rho] + sum_j D_j(rho), D_j(rho) = sum_w sum_qr gamma_qr(w) (A_r(w) rho A_q(w)^dag - {A_q(w)^dag A_r(w), rho}/2),
A_q(w) = sum_(E_b - E_a = w) |a><a| A_q |b><b|, gamma = Gamma + Gamma^dag,
H_LS = sum_w sum_qr S_qr(w) A_q(w)^dag A_r(w), S = (Gamma - Gamma^dag)/2i.
Breuer and Petruccione, The Theory of Open Quantum Systems, section 3.3; for exchange coupling and a qubit these are [50 - 52, 56] with the
rates G = 2 pi J(w_0) (n + 1), 2 pi J n.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from tnthermo.model.model import Model
from tnthermo.second_order.markov import EQUAL, gammas, refuse_infinite
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class Secular:
    """A Lindblad generator in the eigenbasis of H_S.

    energies     (d,) of H_S
    lamb_shift   H_LS (d, d), energy
    dissipators  (B, d^2, d^2) D_j of each bath, on row-major vectors of rho
    """

    energies: Real
    lamb_shift: Complex
    dissipators: Complex

    def rate(self, rho: Complex) -> Complex:
        """d rho/dt (d, d), energy."""
        turning = (np.diag(self.energies) + self.lamb_shift) @ rho
        jumps = (self.dissipators.sum(axis=0) @ rho.ravel()).reshape(rho.shape)
        return np.asarray(-1j * (turning - turning.conj().T) + jumps)

    def currents(self, rho: Complex) -> Real:
        """Energy current into each bath (n, B), -Tr[H_S D_j(rho)], energy^2, for states (n, d, d): every jump brings its frequency."""
        d = self.energies.size
        flows = np.einsum("jab,nb->nja", self.dissipators, rho.reshape(-1, d * d)).reshape(rho.shape[0], -1, d, d)
        return -np.real(np.einsum("a,njaa->nj", self.energies, flows))


def secular(model: Model, energies: Real, operators: Complex) -> Secular:
    """The generator of a model; operators A_q (Q, d, d) in the eigenbasis of H_S, eigenvalues ``energies`` (d,).

    Raises `chains.InvalidInput` where a memory integral does not exist.
    """
    d = energies.size
    gamma = gammas(model, energies, operators)
    refuse_infinite(gamma, "lindblad")
    w = energies[None, :] - energies[:, None]
    lamb_shift = np.zeros((d, d), dtype=np.complex128)
    dissipators = np.zeros((len(model.couplings), d * d, d * d), dtype=np.complex128)
    one, baths = np.eye(d), np.array([channel.bath for channel in model.channels])
    for transition in _distinct(w.ravel()):
        here = np.abs(w - transition) <= EQUAL * max(float(np.ptp(energies)), np.finfo(float).tiny)
        parts = np.where(here, operators, 0.0)
        if not parts.any():
            continue
        for q in range(parts.shape[0]):
            for r in range(parts.shape[0]):
                if baths[q] != baths[r]:
                    continue
                # Gamma_qr(w) is stored element by element; the elements of one frequency are equal where A_r has any
                forward, backward = _value(gamma[q, r], here), _value(gamma[r, q], here)
                rate, shift = forward + np.conj(backward), (forward - np.conj(backward)) / 2j
                product = parts[q].conj().T @ parts[r]
                lamb_shift += shift * product
                dissipators[baths[q]] += rate * (
                    np.kron(parts[r], parts[q].conj()) - (np.kron(product, one) + np.kron(one, product.T)) / 2
                )
    return Secular(energies=energies, lamb_shift=lamb_shift, dissipators=dissipators)


def _distinct(frequencies: Real) -> list[float]:
    """The Bohr frequencies, equal ones once."""
    scale = max(float(np.abs(frequencies).max()), np.finfo(float).tiny)
    found: list[float] = []
    for w in np.sort(frequencies):
        if not found or w - found[-1] > EQUAL * scale:
            found.append(float(w))
    return found


def _value(gamma: Complex, here: npt.NDArray[np.bool_]) -> complex:
    """The one value of Gamma at this frequency; 0 where no operator has an element there."""
    values = gamma[here]
    found = values[values != 0]
    return complex(found[0]) if found.size else 0.0j
