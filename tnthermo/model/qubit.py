"""A qubit as its Bloch vector: rho = (1 + r.sigma)/2, effective Hamiltonian h_0 + h.sigma/2; entropies in nats."""

from __future__ import annotations

import numpy as np

from tnthermo.model.operators import PAULI
from tnthermo.types import Complex, Real

ROUNDING = 1e-12  # a direction or a change smaller than this part of its scale is none


def bloch_vector(matrices: Complex) -> Real:
    """Components (..., 3) of Hermitian matrices (..., 2, 2) on sigma_x, sigma_y, sigma_z: Re Tr[sigma M]."""
    return np.stack([np.real(np.einsum("ij,...ji->...", PAULI[k], matrices)) for k in "xyz"], axis=-1)


def bloch_matrix(vector: Real) -> Complex:
    """(1 + r.sigma)/2, (..., 2, 2), for Bloch vectors (..., 3)."""
    sigma = np.stack([PAULI[k] for k in "xyz"])
    return np.asarray((PAULI["i"] + np.einsum("...k,kij->...ij", vector, sigma)) / 2)


def entropy_of_length(length: Real) -> Real:
    """S = -sum_+- (1 +- r)/2 log((1 +- r)/2) (...) for lengths 0 <= r <= 1 (...), nats."""
    p = np.stack([(1 + np.asarray(length)) / 2, (1 - np.asarray(length)) / 2])
    return np.asarray(-np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1.0)), 0.0), axis=0))


def entropy_slope(length: Real) -> Real:
    """l = log((1 + r)/(1 - r)) (...), so that dS = -(l/2) dr [58]; inf for a pure state."""
    r = np.asarray(length, dtype=np.float64)
    pure = r >= 1
    safe = np.where(pure, 0.0, r)
    return np.where(pure, np.inf, np.log1p(safe) - np.log1p(-safe))


def extended_inverse_temperature(vector: Real, field: Real) -> Real:
    """1/T_ext = -(l/|h|) (rhat . hhat) (n,), 1/energy, for Bloch vectors and fields (n, 3). [48]

    For a field along z it is -(1/w) (z/r) log((1 + r)/(1 - r)) [64]; for a Gibbs state of the field, its beta. NaN where r = 0 or
    h = 0 (relative 1e-12), +-inf for a pure state that is not normal to the field.
    """
    r, h = np.linalg.norm(vector, axis=-1), np.linalg.norm(field, axis=-1)
    defined = (r > ROUNDING) & (h > ROUNDING)
    with np.errstate(divide="ignore", invalid="ignore"):
        cosine = np.sum(vector * field, axis=-1) / (r * h)
        return np.where(defined, -entropy_slope(r) * cosine / h, np.nan)


def extended_production_rate(vector: Real, rate: Real, field: Real) -> Real:
    """dSigma/dt = -(l/2) rhat_perp . dr/dt (n,), nat energy, perp to the field; vectors, their rates and fields (n, 3). [48]

    What no heat at the extended temperature carries: dS - dQ/T_ext. For a field along z it is
    -(1/2) ((x dx + y dy)/r) log((1 + r)/(1 - r)): equation [65] as corrected; printed with dr in the place of (x dx + y dy)/r it
    would be the whole of dS [58] and leave nothing for the heat [63].

    A pure state whose rhat_perp does not move (relative 1e-12) adds 0, the limit for 1 - r ~ t^2; r = 0 adds 0, l being 2 r there;
    NaN where h = 0.
    """
    r, h = np.linalg.norm(vector, axis=-1), np.linalg.norm(field, axis=-1)
    safe_r, safe_h = np.where(r > 0, r, 1.0), np.where(h > ROUNDING, h, 1.0)
    direction, axis = vector / safe_r[..., None], field / safe_h[..., None]
    across = direction - np.sum(direction * axis, axis=-1)[..., None] * axis
    flow = np.sum(across * rate, axis=-1)
    still = np.abs(flow) <= ROUNDING * np.linalg.norm(rate, axis=-1)
    slope = np.where(still & (r >= 1), 0.0, entropy_slope(r))
    with np.errstate(invalid="ignore"):
        return np.where(h > ROUNDING, -slope * np.where(still, 0.0, flow) / 2, np.nan)


def population_entropy_rate(vector: Real, rate: Real, field: Real) -> Real:
    """-(l/2) (rhat . hhat) (hhat . dr/dt) (n,), nat energy: the part of dS/dt along the field; vectors, their rates, fields (n, 3). [72]

    The rest of dS/dt, across the field, is `extended_production_rate`. 0 for r = 0 and where nothing moves along the field (relative
    1e-12); infinite for a pure state that mixes; NaN where h = 0.
    """
    r, h = np.linalg.norm(vector, axis=-1), np.linalg.norm(field, axis=-1)
    safe_r, axis = np.where(r > 0, r, 1.0), field / np.where(h > ROUNDING, h, 1.0)[..., None]
    flow = np.sum(vector * axis, axis=-1) / safe_r * np.sum(rate * axis, axis=-1)
    still = np.abs(flow) <= ROUNDING * np.linalg.norm(rate, axis=-1)
    slope = np.where(still & (r >= 1), 0.0, entropy_slope(r))
    with np.errstate(invalid="ignore"):
        return np.where(h > ROUNDING, -slope * np.where(still, 0.0, flow) / 2, np.nan)


def relative_entropy_to_gibbs(vector: Real, splitting: float, temperature: float) -> Real:
    """D(rho || rho^beta) = -S + beta w z/2 + log(2 cosh(beta w/2)) (n,), nats, H = (w/2) sigma_z, T > 0. [43]"""
    x = splitting / (2 * temperature)
    log_partition = abs(x) + np.log1p(np.exp(-2 * abs(x)))
    return np.asarray(-entropy_of_length(np.linalg.norm(vector, axis=-1)) + x * vector[..., 2] + log_partition)
