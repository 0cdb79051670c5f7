"""Pure dephasing solved exactly: [H_S, A] = 0, finitely many modes, any coupling, any temperature, the entropy of the bath included.

H = H_S + A (x) X + H_B with X = sum_k g_k (a_k + a_k^dag). Branch l of the common eigenbasis of H_S and A displaces mode k by
-(g_k a_l/w_k)(1 - exp(-i w_k t)). This is Example II of Alipour et al., Sci. Rep. 6, 35568 (2016), for any A and with rho_B in full;
g_k here is their lambda f_k.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from chains import Discrete
from chains.checks import frozen, integer_problems, number_problems, temperature_problems, time_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.closed_forms.configurations import Configurations, count, most_probable
from tnthermo.closed_forms.gram import mixture_spectrum
from tnthermo.model.density_matrix import gibbs_entropy, spectrum, von_neumann
from tnthermo.model.operators import Matrix, density_matrix, operator
from tnthermo.types import Complex, Real

COMMUTING = 1e-12  # of [H_S, A], relative to the product of the norms
DEGENERATE = 1e-12  # eigenvalues of A this close, relative to the largest one, are one branch
LEAST_MISSING = 1e-12  # the sum of the probabilities is not known better
D_B_NOTE = "from the identity Delta S_B = beta Delta E_B - D(rho_B || rho_B^beta), not measured on its own"


@dataclass(frozen=True, kw_only=True, eq=False)
class Dephasing:
    """Pure dephasing at times t (n,); energies in one unit, times in its inverse, entropies in nats, hbar = k_B = 1.

    rho_S         (n, d, d)
    E_B, E_int    (n,) Delta <H_B> from the thermal bath; <H_int> = -E_B
    X, h, U_chi   (n,) <X>; <A><X>; <H_int> - h, the binding energy
    S_S           (n,)
    S_B0          entropy of the distinct coupled modes at the start, all configurations
    Delta_S_B     (n,) S_B - S_B0, from the configurations kept, renormalised at both times; S_B = S_B0 + Delta_S_B
    Delta_S_B_lower, Delta_S_B_upper  (n,) rigorous, apart from rounding; Delta_S_B lies between
    S_B_error     (n,) the larger distance of the two: a bound on the error of S_B, Delta_S_B, S_chi and D_B
    S_chi         (n,) Delta S_S + Delta S_B, the mutual information (product start) [33]
    Sigma_total   (n,) Delta S_S + beta Delta E_B; NaN at T = 0
    D_B           (n,) beta Delta E_B - Delta S_B; NaN at T = 0. By the identity, so Sigma_total = S_chi + D_B tests nothing
    Gamma, Delta  (n,) `decoherence_function`, `displacement_function`
    configurations, missing   how many were kept, and the weight of the others
    smallest_eigenvalue       (n,) of rho_B as computed; below 0 it is rounding, and eigenvalues <= 0 add nothing to S_B
    notes         what was merged or dropped among the modes, how D_B was found
    """

    t: Real
    temperature: float
    rho_S: Complex
    E_B: Real
    E_int: Real
    X: Real
    h: Real
    U_chi: Real
    S_S: Real
    S_B0: float
    Delta_S_B: Real
    Delta_S_B_lower: Real
    Delta_S_B_upper: Real
    S_B_error: Real
    S_chi: Real
    Sigma_total: Real
    D_B: Real
    Gamma: Real
    Delta: Real
    configurations: int
    missing: float
    smallest_eigenvalue: Real
    notes: tuple[str, ...]

    @property
    def S_B(self) -> Real:
        """S_B0 + Delta S_B (n,)."""
        return self.S_B0 + self.Delta_S_B


def decoherence_function(
    frequencies: npt.ArrayLike, couplings: npt.ArrayLike, *, temperature: float, times: npt.ArrayLike
) -> Real:
    """sum_k g_k^2/w_k^2 coth(beta w_k/2) sin^2(w_k t/2) (n,), lambda^2 Gamma(t) of the paper with g = lambda f.

    A coherence between branches decays as exp(-2 (a_l - a_m)^2 Gamma): exp(-8 Gamma) for sigma_z. Frequencies > 0 and couplings (M,), times
    (n,), temperature >= 0. Raises `chains.InvalidInput`.
    """
    w, g, t = _modes(frequencies, couplings, temperature, times)
    return _decoherence(w, g, temperature, t)


def displacement_function(frequencies: npt.ArrayLike, couplings: npt.ArrayLike, *, times: npt.ArrayLike) -> Real:
    """sum_k g_k^2/w_k sin^2(w_k t/2) (n,), an energy: lambda^2 Delta(t) of the paper with g = lambda f.

    <X> = -4 <A> Delta, Delta E_B = 4 <A^2> Delta, U_chi = -4 (<A^2> - <A>^2) Delta. Arguments as in `decoherence_function`.
    """
    w, g, t = _modes(frequencies, couplings, 0.0, times)
    return _displacement(w, g, t)


def dephasing(
    frequencies: npt.ArrayLike,
    couplings: npt.ArrayLike,
    *,
    temperature: float,
    initial: Any,
    times: npt.ArrayLike,
    operator: Any = None,
    hamiltonian: Any = None,
    missing: float = 1e-6,
    limit: int = 8000,
) -> Dephasing:
    """The exact solution from rho_S (x) Gibbs under H = H_S + A (x) sum_k g_k (a_k + a_k^dag) + sum_k w_k a_k^dag a_k, [H_S, A] = 0.

    frequencies, couplings  (M,) w_k > 0 and real g_k, as of `chains.Discrete` or of the star of a T = 0 chain (`chains.maps.star`)
    temperature  >= 0
    initial      "+x", a vector, or a density matrix
    times        (n,), any order
    operator     A: Pauli components or a Hermitian (d, d) matrix, sigma_z unless given; eigenvalues may be degenerate
    hamiltonian  H_S, the same kinds; 0 unless given
    missing      weight of the Fock configurations of the bath that may be left out, 1e-12 to < 1
    limit        largest Gram matrix: branches (distinct eigenvalues of A with a population) times configurations. Time grows with its cube,
                 memory with its square (8000: .8 GB; mirrored branches, as of "+x", are two problems of half the size)

    The entropy of the bath: rho_B = (1 - m) s + m r, where s comes from the configurations kept, r from the others, of weight m, both
    with the branches' displacements. Concavity and its converse, S(x) <= sum_i p_i S(x_i) + H(p), for this split, for the branches in r,
    and with equality for the start (its parts are orthogonal) give, K being the start's part that was kept,
        -h(m) <= Delta S_B - (1 - m)(S(s) - S(K)) <= m H(q),
    h the binary entropy and H(q) that of the branches' populations q. The value given is S(s) - S(K), which lies between.

    Raises `chains.InvalidInput` with all problems: bad numbers, sizes that differ, [H_S, A] != 0; and, alone, for more configurations than
    ``limit`` allows, with their number and S_B(0).
    """
    problems: list[Problem] = []
    modes: Discrete | None = None
    A = H = rho = None
    try:
        modes = _density(frequencies, couplings)
    except InvalidInput as error:
        problems += error.problems
    problems += temperature_problems(temperature) + time_problems(times)
    of_missing = number_problems("missing", missing, at_least=LEAST_MISSING)
    if not of_missing and missing >= 1:
        of_missing.append(Problem(key="missing", value=missing, allowed="< 1"))
    problems += of_missing
    problems += integer_problems("limit", limit, at_least=1)
    try:
        A = _operator(operator, "operator")
        H = np.zeros_like(A) if hamiltonian is None else _operator(hamiltonian, "hamiltonian")
        problems += _pair_problems(A, H)
    except InvalidInput as error:
        problems += error.problems
    if A is not None:
        try:
            rho = density_matrix(initial, dimension=A.shape[0], key="initial")
        except InvalidInput as error:
            problems += error.problems
    raise_if_any(problems)
    assert modes is not None
    assert A is not None
    assert H is not None
    assert rho is not None
    w, g = np.asarray(modes.frequencies), np.asarray(modes.couplings)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    branches = _branches(A, H, rho)
    kept = _kept(w, temperature, branches, missing=missing, limit=limit)
    return _solve(branches, w, g, float(temperature), t, kept, modes.notes)


@dataclass(frozen=True, kw_only=True, eq=False)
class _Branches:
    """Common eigenbasis: vectors (d, d), energies E_l and eigenvalues a_l (d,), initial (d, d) in it; distinct a_j with q_j > 0 (b,)."""

    vectors: Complex
    energies: Real
    eigenvalues: Real
    initial: Complex
    distinct: Real
    weights: Real


def _branches(A: Matrix, H: Matrix, rho: Matrix) -> _Branches:
    a, vectors = np.linalg.eigh(A)
    # One branch: a run of eigenvalues without a gap; H_S is made diagonal inside it.
    starts = np.flatnonzero(np.diff(a, prepend=-np.inf) > DEGENERATE * max(float(np.abs(a).max()), 1e-300))
    groups = np.split(np.arange(a.size), starts[1:])
    for group in groups:
        a[group] = a[group].mean()
        inside = vectors[:, group]
        vectors[:, group] = inside @ np.linalg.eigh(inside.conj().T @ H @ inside)[1]
    energies = np.real(np.einsum("il,ij,jl->l", vectors.conj(), H, vectors))
    initial = vectors.conj().T @ rho @ vectors
    q = np.array([np.real(np.diagonal(initial))[group].sum() for group in groups])
    distinct = np.array([a[group[0]] for group in groups])
    populated = q > np.finfo(float).eps  # the rounding of an empty branch adds nothing
    return _Branches(
        vectors=vectors, energies=energies, eigenvalues=a, initial=initial, distinct=distinct[populated],
        weights=q[populated],
    )  # fmt: skip


def _kept(w: Real, temperature: float, branches: _Branches, *, missing: float, limit: int) -> Configurations:
    count_of_branches = branches.weights.size
    most = limit // count_of_branches
    beta = 1 / temperature if temperature > 0 else math.inf
    kept = most_probable(w, beta, missing=missing, at_most=most) if most else None
    if kept is not None and kept.complete:
        return kept
    needed = 1.0 if math.isinf(beta) else count(w, beta, missing)
    entropy = 0.0 if math.isinf(beta) else gibbs_entropy(w, beta)
    value = f"{limit} for {count_of_branches} branches"
    allowed = f"about {count_of_branches} x {needed:.3g} configurations of the bath for missing = {missing:g}"
    hint = f"S_B(0) = {entropy:.3g} nats: the number grows as exp(S_B(0)); fewer or faster modes, a lower temperature, a larger missing"
    raise InvalidInput([Problem(key="limit", value=value, allowed=allowed, hint=hint)])


def _solve(
    branches: _Branches, w: Real, g: Real, T: float, t: Real, kept: Configurations, notes: tuple[str, ...]
) -> Dephasing:
    Gamma, Delta = _decoherence(w, g, T, t), _displacement(w, g, t)
    rho_S = _system(branches, w, g, t, Gamma)
    a, populations = branches.eigenvalues, np.real(np.diagonal(branches.initial))
    mean, square = float(populations @ a), float(populations @ a**2)
    S_S = von_neumann(spectrum(rho_S))
    start = float(von_neumann(spectrum((branches.vectors @ branches.initial @ branches.vectors.conj().T)[None]))[0])
    change, smallest = _bath_change(branches, w, g, t, kept)
    m, S_branches = kept.missing, float(von_neumann(branches.weights))
    lower, upper = (1 - m) * change - _binary(m), (1 - m) * change + m * S_branches
    beta = 1 / T if T > 0 else math.nan
    E_B = 4 * square * Delta
    return Dephasing(
        t=frozen(t), temperature=T, rho_S=rho_S, E_B=E_B, E_int=-E_B, X=-4 * mean * Delta, h=-4 * mean**2 * Delta,
        U_chi=-4 * (square - mean**2) * Delta, S_S=S_S, S_B0=gibbs_entropy(w, 1 / T) if T > 0 else 0.0,
        Delta_S_B=change, Delta_S_B_lower=lower, Delta_S_B_upper=upper,
        S_B_error=np.maximum(change - lower, upper - change), S_chi=S_S - start + change,
        Sigma_total=S_S - start + beta * E_B, D_B=beta * E_B - change, Gamma=Gamma, Delta=Delta,
        configurations=kept.size, missing=m, smallest_eigenvalue=smallest,
        notes=(*notes, f"D_B: {D_B_NOTE}" if T > 0 else "D_B, Sigma_total: beta infinite"),
    )  # fmt: skip


def _bath_change(branches: _Branches, w: Real, g: Real, t: Real, kept: Configurations) -> tuple[Real, Real]:
    """(S(s) - S(K), smallest eigenvalue of s), (n,) each."""
    change, smallest = np.empty(t.size), np.empty(t.size)
    for i, time in enumerate(t):
        shifts = 2 * g / w * np.sin(w * time / 2)  # of mode k for a_l = 1, up to a phase
        values = mixture_spectrum(kept, branches.distinct, branches.weights, shifts)
        change[i], smallest[i] = float(von_neumann(values)) - kept.entropy, values[0]
    return change, smallest


def _system(branches: _Branches, w: Real, g: Real, t: Real, Gamma: Real) -> Complex:
    """rho_lm(0) exp(-i (E_l - E_m) t + i (a_l^2 - a_m^2) sum_k g_k^2/w_k^2 (w_k t - sin w_k t) - 2 (a_l - a_m)^2 Gamma), (n, d, d)."""
    E, a = branches.energies, branches.eigenvalues
    angles = np.multiply.outer(t, w)
    phase = (angles - np.sin(angles)) @ (g / w) ** 2
    turn = -1j * np.subtract.outer(E, E) * t[:, None, None] + 1j * np.subtract.outer(a**2, a**2) * phase[:, None, None]
    decay = 2 * np.subtract.outer(a, a) ** 2 * Gamma[:, None, None]
    rho = branches.initial * np.exp(turn - decay)
    return np.asarray(branches.vectors @ rho @ branches.vectors.conj().T)


def _decoherence(w: Real, g: Real, T: float, t: Real) -> Real:
    coth = 1 / np.tanh(w / (2 * T)) if T > 0 else np.ones_like(w)
    return np.asarray(np.sin(np.multiply.outer(t, w) / 2) ** 2 @ ((g / w) ** 2 * coth))


def _displacement(w: Real, g: Real, t: Real) -> Real:
    return np.asarray(np.sin(np.multiply.outer(t, w) / 2) ** 2 @ (g**2 / w))


def _binary(m: float) -> float:
    """h(m) = -m log m - (1 - m) log(1 - m)."""
    return 0.0 if m <= 0 or m >= 1 else -m * math.log(m) - (1 - m) * math.log1p(-m)


def _density(frequencies: Any, couplings: Any) -> Discrete:
    return Discrete(frequencies=frequencies, couplings=couplings)


def _operator(value: Any, key: str) -> Matrix:
    return operator({"z": 1.0} if value is None else value, key=key)


def _pair_problems(A: Matrix, H: Matrix) -> list[Problem]:
    if A.shape != H.shape:
        return [Problem(key="hamiltonian", value=f"shape {H.shape}", allowed=f"{A.shape}, as the operator")]
    size = float(np.abs(A @ H - H @ A).max())
    if size > COMMUTING * float(np.linalg.norm(A)) * float(np.linalg.norm(H)):
        allowed = "H_S that commutes with the operator"
        return [Problem(key="hamiltonian", value=f"max |[H_S, A]| = {size:.3g}", allowed=allowed)]
    return []


def _modes(frequencies: Any, couplings: Any, temperature: Any, times: Any) -> tuple[Real, Real, Real]:
    problems = temperature_problems(temperature) + time_problems(times)
    try:
        density = _density(frequencies, couplings)
    except InvalidInput as error:
        raise InvalidInput([*error.problems, *problems]) from None
    raise_if_any(problems)
    t = np.atleast_1d(np.asarray(times, dtype=np.float64))
    return np.asarray(density.frequencies), np.asarray(density.couplings), t
