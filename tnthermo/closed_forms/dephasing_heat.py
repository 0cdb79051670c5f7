"""Statistics of the heat of pure dephasing, [H_S, A] = 0: a compound Poisson law for each eigenvalue of A, at any coupling and temperature.

Where the system is in an eigenstate of A with eigenvalue a, mode k is displaced by alpha_k(t) = -(a g_k/w_k)(1 - exp(-i w_k t)). H_B of a
displaced Fock state |n> has <exp(i u H_B)> = exp(i u w n) exp(|alpha|^2 (exp(i u w) - 1)) L_n(|alpha|^2 |exp(i u w) - 1|^2), so that
between two measurements of a thermal mode, by the generating function of the Laguerre polynomials L_n,
    <exp(i u Delta H_B)> = exp(|alpha|^2 [(n + 1)(exp(i u w) - 1) + n (exp(-i u w) - 1)]),   n = 1/(exp(beta w) - 1):
quanta are emitted and absorbed independently, as many as a Poisson law says. The eigenvalues of A are mixed with their populations.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

import chains
from chains import Discrete, SpectralDensity, argument_problems
from chains.checks import frozen, temperature_problems, time_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.model import operators
from tnthermo.model.operators import Matrix, density_matrix
from tnthermo.types import Complex, Real

ORDERS = 4
_ENTRIES_AT_ONCE = 4_000_000
_SAME = 1e-12  # eigenvalues of A this close, relative to the largest, are one


@dataclass(frozen=True, kw_only=True, eq=False)
class DephasingHeat:
    """Two-point measured heat q of the bath at times t (n,), hbar = k_B = 1.

    u            (m,) counting field, 1/energy
    G            (n, m) <exp(i u q)>
    cumulants    (n, 4) of q, energy^order
    atom         (n,) probability that q = 0, apart from a density: the limit of G at large u. NaN for finitely many modes, where every q
                 has a probability, and 0 where the bath takes up or gives away infinitely many quanta
    """

    t: Real
    u: Real
    G: Complex
    cumulants: Real
    atom: Real

    def __post_init__(self) -> None:
        for name in ("t", "u", "cumulants", "atom"):
            object.__setattr__(self, name, frozen(getattr(self, name)))


def dephasing_heat(
    density: SpectralDensity,
    times: npt.ArrayLike,
    u: npt.ArrayLike,
    *,
    temperature: float,
    initial: Any,
    operator: Any = None,
) -> DephasingHeat:
    """Characteristic function, cumulants and atom of the heat under H = H_S + A (x) sum_k g_k (a_k + a_k^dag) + H_B with [H_S, A] = 0.

    density      of `chains`; modes by their sum, continua by a quadrature that is good to about 12 digits up to times + u
    times, u     (n,), (m,) of any sign, 1/energy
    temperature  >= 0
    initial      "+x", a vector, or a density matrix; only the populations of the eigenstates of A matter
    operator     A: Pauli components or a Hermitian (d, d) matrix, sigma_z unless given

    Raises `chains.InvalidInput` with all problems.
    """
    problems = argument_problems(density, 1, 0.0, None, 1)
    problems += temperature_problems(temperature) + time_problems(times) + time_problems(u, "u")
    A: Matrix | None = None
    rho: Matrix | None = None
    try:
        A = _operator({"z": 1.0} if operator is None else operator)
        rho = density_matrix(initial, dimension=A.shape[0], key="initial")
    except InvalidInput as error:
        problems += error.problems
    if not problems and not isinstance(density, Discrete) and not density.exponent_at_zero > -1:
        allowed = "one whose J/w can be integrated at w = 0"
        problems.append(Problem(key="density", value=density, allowed=allowed))
    raise_if_any(problems)
    assert A is not None
    assert rho is not None
    t, fields = (np.atleast_1d(np.asarray(values, dtype=np.float64)) for values in (times, u))
    longest = float(np.max(np.abs(t), initial=0.0) + np.max(np.abs(fields), initial=0.0))
    modes = chains.free_modes(chains.Bath(density=density, temperature=float(temperature)), longest_time=longest)
    squares, weights = _branches(A, rho)
    w = np.asarray(modes.frequencies)
    moved = (2 * np.sin(np.multiply.outer(t, w) / 2) * modes.couplings / w) ** 2  # |alpha_k|^2 for a = 1, (n, M)
    emitted, absorbed = moved * modes.cosh**2, moved * modes.sinh**2
    exponent = np.empty((t.size, fields.size), dtype=np.complex128)
    block = max(1, _ENTRIES_AT_ONCE // max(1, w.size))
    for i in range(0, fields.size, block):
        turned = np.expm1(1j * np.multiply.outer(w, fields[i : i + block]))
        exponent[:, i : i + block] = emitted @ turned + absorbed @ turned.conj()
    quanta = (emitted + absorbed).sum(axis=1)
    plain = np.stack([(emitted + (-1) ** n * absorbed) @ w**n for n in range(1, ORDERS + 1)], axis=1)
    atom = np.full(t.size, np.nan)
    if not isinstance(density, Discrete):
        atom = np.exp(-np.multiply.outer(quanta, squares)) @ weights
    G = np.asarray(np.exp(exponent[..., None] * squares) @ weights, dtype=np.complex128)
    return DephasingHeat(t=t, u=fields, G=G, cumulants=_mixed(plain, squares, weights), atom=atom)


def _operator(value: Any) -> Matrix:
    return operators.operator(value, key="operator")


def _branches(A: Matrix, rho: Matrix) -> tuple[Real, Real]:
    """The different squares of the eigenvalues of A (b,), and the populations of each."""
    values, vectors = np.linalg.eigh(A)
    populations = np.real(np.einsum("il,ij,jl->l", vectors.conj(), rho, vectors))
    squares = values**2
    order = np.argsort(squares)
    squares, populations = squares[order], populations[order]
    starts = np.flatnonzero(np.diff(squares, prepend=-np.inf) > _SAME * max(float(squares[-1]), 1e-300))
    return np.array([group.mean() for group in np.split(squares, starts[1:])]), np.add.reduceat(populations, starts)


def _mixed(plain: Real, squares: Real, weights: Real) -> Real:
    """Cumulants (n, 4) of a mixture of laws with the cumulants squares_j * plain (n, 4)."""
    each = plain[:, None, :] * squares[:, None]  # (n, b, 4)
    mean = each[..., 0] @ weights
    c1 = each[..., 0] - mean[:, None]
    c2, c3, c4 = (each[..., k] for k in (1, 2, 3))
    second = (c2 + c1**2) @ weights
    third = (c3 + 3 * c1 * c2 + c1**3) @ weights
    fourth = (c4 + 4 * c1 * c3 + 3 * c2**2 + 6 * c1**2 * c2 + c1**4) @ weights
    return np.stack([mean, second, third, fourth - 3 * second**2], axis=1)
