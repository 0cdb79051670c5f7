"""Functions of a density matrix, and the entropy of a thermal mode: nothing in them knows of a bath or a run."""

from __future__ import annotations

import numpy as np

from tnthermo.types import Complex, Real


def spectrum(rho: Complex) -> Real:
    """Eigenvalues (..., d), ascending, of states (..., d, d); as they come, negative ones included."""
    return np.asarray(np.linalg.eigvalsh((rho + np.swapaxes(rho, -1, -2).conj()) / 2), dtype=np.float64)


def von_neumann(eigenvalues: Real) -> Real:
    """-sum_i p_i log p_i (...,) in nats for eigenvalues (..., d). [30]

    Eigenvalues <= 0 have no logarithm and add nothing (0 log 0 = 0). They are not hidden: the smallest one stands in
    the attributes of S_S, and one below -1e-10 among the flags. The trace is not made 1.
    """
    positive = np.where(eigenvalues > 0, eigenvalues, 1.0)
    return -np.sum(positive * np.log(positive), axis=-1)


def entropy_rate(rho: Complex, rate: Complex) -> Real:
    """dS/dt = -Tr[d rho/dt log rho] (n,), nat per time, for rho and d rho/dt (n, d, d) Hermitian.

    An empty direction (eigenvalue <= 1e-15) that stays empty to first order adds 0, the limit of p' log p for p ~ t^2;
    one that fills at a finite rate makes the rate infinite; NaN where another has a negative rate, which no state has.
    """
    weights, vectors = np.linalg.eigh((rho + np.swapaxes(rho, -1, -2).conj()) / 2)
    flow = np.real(np.einsum("nji,njk,nki->ni", vectors.conj(), rate, vectors))
    empty = weights <= 1e-15
    size = np.abs(flow).max(axis=-1, keepdims=True) + np.abs(rate).max(axis=(-2, -1))[:, None]
    logarithm = np.log(np.where(empty, 1.0, weights))
    filling = empty & (np.abs(flow) > 1e-12 * size)
    terms = np.where(filling, np.where(flow > 0, np.inf, -np.inf), -flow * logarithm)
    with np.errstate(
        invalid="ignore"
    ):  # one fills and another is emptied below 0, as second order may have it: no rate
        return np.sum(terms, axis=-1)


def gibbs_entropy(frequencies: Real, beta: float) -> float:
    """Entropy (nats) of independent bosonic modes, frequencies (M,) > 0, in equilibrium at 0 < beta < inf."""
    x = beta * np.asarray(frequencies, dtype=np.float64)
    rest = -np.expm1(-x)  # 1 - exp(-x): what is large in x stays small, exp(x) would overflow
    return float(np.sum(x * np.exp(-x) / rest - np.log(rest)))
