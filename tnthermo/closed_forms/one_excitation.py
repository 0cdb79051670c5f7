"""Exchange coupling at T = 0: at most one quantum, exact at any coupling by linear algebra of size M + 1.

H = (w0/2) sigma_z + sigma_minus C^dag + sigma_plus C + sum_k w_k a_k^dag a_k, C = sum_k g_k a_k, on the vacuum: |1, 0> does not move, and
|0, 0> (excited) goes to A(t)|0, 0> + sum_k c_k(t)|1, k>. Every start of the qubit follows from A and c by linearity. Energies count from
that of |1, 0>; H_S = (w0/2) sigma_z. This is Example I of Alipour et al., Sci. Rep. 6, 35568 (2016), with 2 lambda f_k = g_k, at T = 0.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chains import Discrete
from chains.checks import number_problems, time_problems
from chains.problems import InvalidInput, raise_if_any
from tnthermo.model.operators import density_matrix
from tnthermo.model.qubit import bloch_vector, entropy_of_length
from tnthermo.types import Complex, Real


@dataclass(frozen=True, kw_only=True, eq=False)
class OneExcitation:
    """Exchange from a vacuum at times t (n,); energies, energy^2 for rates, nats.

    amplitude      A(t), so that rho_00 = rho_00(0) |A|^2, rho_01 = rho_01(0) A
    rho_S          (n, 2, 2)
    E_S, E_B, E_int, h, U_chi     w0 z/2; <H_B>; <H_int>; 2 Re <L><C>^*; E_int - h [20]
    U_S, U_B       E_S + (1 - alpha_S) h; E_B + alpha_S h [19]
    Edot_B, Qdot_S, Qdot_B        Qdot_S = Tr[d rho_S (H_S + L <C>^* + h.c.)], Qdot_B = dE_B + 2 Re <L> d<C>^* [3]
    S_S, S_B, S_chi    the bath holds |0> and one packet: rho_B is 2 x 2. S_chi = S_S + S_B - S_S(0) [31]
    occupations    (n, M) of the modes
    """

    t: Real
    splitting: float
    alpha_S: float
    amplitude: Complex
    rho_S: Complex
    E_S: Real
    E_B: Real
    E_int: Real
    h: Real
    U_chi: Real
    U_S: Real
    U_B: Real
    Edot_B: Real
    Qdot_S: Real
    Qdot_B: Real
    S_S: Real
    S_B: Real
    S_chi: Real
    occupations: Real


def one_excitation(
    frequencies: npt.ArrayLike,
    couplings: npt.ArrayLike,
    *,
    splitting: float,
    initial: Any,
    times: npt.ArrayLike,
    alpha_S: float = 0.5,
) -> OneExcitation:
    """The exact solution from rho_S (x) vacuum.

    frequencies, couplings  (M,) w_k > 0 and real g_k, as of `chains.Discrete`, or of the star of a T = 0 chain (`chains.maps.star`) for a
                            continuum up to the time at which the end of that chain is felt
    splitting    w0, any real number
    initial      "+z" (excited), a vector or a density matrix of the qubit
    times        (n,), 1/energy

    Raises `chains.InvalidInput` with every problem.
    """
    problems = time_problems(times) + number_problems("splitting", splitting) + number_problems("alpha_S", alpha_S)
    modes = rho = None
    try:
        modes = Discrete(frequencies=frequencies, couplings=couplings)  # type: ignore[arg-type]
    except InvalidInput as error:
        problems += error.problems
    try:
        rho = density_matrix(initial, dimension=2, key="initial")
    except InvalidInput as error:
        problems += error.problems
    raise_if_any(problems)
    assert modes is not None
    assert rho is not None
    w, g = np.asarray(modes.frequencies), np.asarray(modes.couplings)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    A, c = _packet(w, g, float(splitting), t)
    excited, coherence = float(np.real(rho[0, 0])), complex(rho[0, 1])
    field, momentum = c @ g, -1j * (c @ (g * w) + A * float(g @ g))  # <C>/rho_01(0) and its rate
    A_rate = -1j * (splitting * A + field)
    rho_S = np.empty((t.size, 2, 2), dtype=np.complex128)
    rho_S[:, 0, 0], rho_S[:, 1, 1] = excited * np.abs(A) ** 2, 1 - excited * np.abs(A) ** 2
    rho_S[:, 0, 1], rho_S[:, 1, 0] = coherence * A, np.conj(coherence * A)
    overlap, both = np.real(np.conj(A) * field), abs(coherence) ** 2
    z = np.real(rho_S[:, 0, 0] - rho_S[:, 1, 1])
    E_S, E_B, h = splitting * z / 2, excited * (np.abs(c) ** 2 @ w), 2 * both * overlap
    flow = 2 * excited * np.imag(np.conj(c) @ (w * g) * A)
    fall = 2 * excited * np.real(np.conj(A) * A_rate)  # d rho_00/dt
    S_S, S_B = _entropy(rho_S), _packet_entropy(c, excited, coherence)
    return OneExcitation(
        t=t, splitting=float(splitting), alpha_S=float(alpha_S), amplitude=A, rho_S=rho_S, E_S=E_S, E_B=E_B,
        E_int=2 * excited * overlap, h=h, U_chi=2 * (excited - both) * overlap, U_S=E_S + (1 - alpha_S) * h,
        U_B=E_B + alpha_S * h, Edot_B=flow, Qdot_S=splitting * fall + 2 * both * np.real(A_rate * np.conj(field)),
        Qdot_B=flow + 2 * both * np.real(A * np.conj(momentum)), S_S=S_S, S_B=S_B, S_chi=S_S + S_B - _entropy(rho[None])[0],
        occupations=excited * np.abs(c) ** 2,
    )  # fmt: skip


def _packet(w: Real, g: Real, splitting: float, t: Real) -> tuple[Complex, Complex]:
    """A (n,) and c (n, M) from the arrow matrix of the sector of one quantum."""
    H = np.diag(np.concatenate([[splitting], w]))
    H[0, 1:] = H[1:, 0] = g
    energies, vectors = np.linalg.eigh(H)
    moved = (np.exp(-1j * np.multiply.outer(t, energies)) * vectors[0]) @ vectors.T
    return moved[:, 0], moved[:, 1:]


def _entropy(rho: Complex) -> Real:
    return entropy_of_length(np.minimum(np.linalg.norm(bloch_vector(rho), axis=-1), 1.0))  # 1 + rounding: pure


def _packet_entropy(c: Complex, excited: float, coherence: complex) -> Real:
    """S_B (n,): rho_B = [[1 - p q, conj(k) q^(1/2)], [k q^(1/2), p q]] on |0> and the normalised packet, q = sum |c_k|^2."""
    q = np.sum(np.abs(c) ** 2, axis=1)
    length = np.sqrt((1 - 2 * excited * q) ** 2 + 4 * abs(coherence) ** 2 * q)
    return entropy_of_length(np.minimum(length, 1.0))
