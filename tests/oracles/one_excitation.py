"""Exchange coupling at T = 0 with at most one excitation: exact at any strength by linear algebra of size N + 1.

H = w0 sigma_plus sigma_minus + kappa (sigma_plus b_0 + h.c.) + sum_n e_n b_n^dag b_n + sum_n t_n (b_n^dag b_{n+1} + h.c.)
conserves the number of excitations. The ground state (no excitation) has energy 0 and does not move; in the sector of one
excitation H is the tridiagonal matrix with diagonal (w0, e_0, e_1, ...) and off-diagonal (kappa, t_0, t_1, ...).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy.linalg import eigh_tridiagonal

Array = np.ndarray


def hard_power_law(*, alpha: float, cutoff: float, exponent: float, length: int) -> tuple[float, Array, Array]:
    """kappa, e (length,), t (length - 1,) of J(w) = 2 alpha wc (w/wc)^s on [0, wc], in closed form (Jacobi polynomials)."""
    n, s = np.arange(length), exponent
    with np.errstate(invalid="ignore"):
        asymmetry = s**2 / ((s + 2 * n) * (s + 2 * n + 2)) if s > 0 else np.zeros(length)
    e = cutoff / 2 * (1 + asymmetry)
    ratio = (1 + n) * (1 + s + n) / ((s + 2 * n + 2) * (s + 2 * n + 3)) * np.sqrt((3 + s + 2 * n) / (1 + s + 2 * n))
    return cutoff * np.sqrt(2 * alpha / (s + 1)), e, cutoff * ratio[:-1]


@dataclass(frozen=True, kw_only=True)
class OneExcitation:
    """Start (amplitude |e> + sqrt(1 - |amplitude|^2) |g>) (x) vacuum of the chain; e is sigma_z = +1. Nats.

    splitting          w0
    kappa, e, t        chain coefficients: coupling to site 0, energies (N,), hoppings (N - 1,)
    """

    splitting: float
    kappa: float
    e: Array
    t: Array
    amplitude: complex = 1.0

    @cached_property
    def motion(self) -> tuple[Array, Array]:
        diagonal = np.concatenate([[self.splitting], self.e])
        return eigh_tridiagonal(diagonal, np.concatenate([[self.kappa], self.t]))

    def amplitudes(self, times: Sequence[float] | Array) -> Array:
        """(n, 1 + N): those of the excited qubit and of one quantum on each site."""
        energies, vectors = self.motion
        phases = np.exp(-1j * np.multiply.outer(np.asarray(times, dtype=float), energies))
        return self.amplitude * (phases * vectors[0]) @ vectors.T

    def columns(self, times: Sequence[float] | Array) -> dict[str, Array]:
        """Columns (n,); H_S = w0 sigma_plus sigma_minus, so E_S = w0 p_e. The whole is pure: S_B = S_S, S_chi = 2 S_S.

        p_e, coherence = <e|rho_S|g>, E_S, E_B = <H_chain>, E_int, h = 2 Re(<sigma_plus><C>) with C = kappa b_0,
        U_chi = E_int - h, occupations (n, N) of the sites, S_S, S_B, S_chi.
        """
        c = self.amplitudes(times)
        qubit, chain = c[:, 0], c[:, 1:]
        ground = np.sqrt(max(0.0, 1 - abs(self.amplitude) ** 2))
        p_e, coherence = np.abs(qubit) ** 2, qubit * ground
        occupations = np.abs(chain) ** 2
        E_B = occupations @ self.e + 2 * np.real(np.sum(self.t * chain[:, :-1].conj() * chain[:, 1:], axis=1))
        E_int = 2 * self.kappa * np.real(qubit.conj() * chain[:, 0])
        h = 2 * self.kappa * np.real(coherence.conj() * ground * chain[:, 0])
        radius = np.sqrt((p_e - 0.5) ** 2 + np.abs(coherence) ** 2)
        p = np.clip(np.stack([0.5 + radius, 0.5 - radius]), 1e-300, 1)
        S_S = -np.sum(p * np.log(p), axis=0)
        return {
            "p_e": p_e, "coherence": coherence, "E_S": self.splitting * p_e, "E_B": E_B, "E_int": E_int, "h": h,
            "U_chi": E_int - h, "occupations": occupations, "S_S": S_S, "S_B": S_S, "S_chi": 2 * S_S,
        }  # fmt: skip


# Hard Ohmic J, wc = 1, alpha = .1, w0 = .5, start excited; the chain is long enough for both times. Ten printed digits.
PRINTED_TIMES = (5.0, 20.0)
PRINTED_DIGITS = {
    "p_e": (0.0695116496, 0.0055410224),
    "E_B": (0.5845775777, 0.4923130342),
    "E_int": (-0.1193334025, 0.0049164546),
    "S_S": (0.2523739006, 0.0343144469),
}


def printed_case(*, alpha: float = 0.1, length: int = 60) -> OneExcitation:
    """The model of ``PRINTED_DIGITS``."""
    kappa, e, t = hard_power_law(alpha=alpha, cutoff=1.0, exponent=1.0, length=length)
    return OneExcitation(splitting=0.5, kappa=kappa, e=e, t=t)
