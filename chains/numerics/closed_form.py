"""Chains in closed form: Jacobi (hard power law), generalised Laguerre (exponential), Chebyshev (semicircle).

All at T = 0. Chin, Rivas, Huelga and Plenio, J. Math. Phys. 51, 092109 (2010) for the first two; coefficients of the
classical polynomials as in Gautschi, Orthogonal Polynomials (Oxford 2004), section 1.5. kappa is the root of int J.
"""

from __future__ import annotations

import numpy as np

from chains.types import FloatArray


def hard_power_law(*, cutoff: float, exponent: float, length: int) -> tuple[FloatArray, FloatArray]:
    """Return e (N,) and t (N,), the last leading out of the chain, of J = 2 alpha wc (w/wc)^s on [0, wc].

    e_n = (wc/2)(1 + s^2/((s+2n)(s+2n+2)));
    t_n = wc (1+n)(1+s+n)/((s+2n+2)(s+2n+3)) sqrt((3+s+2n)/(1+s+2n)).
    """
    s = exponent
    n = np.arange(length, dtype=np.float64)
    e = 0.5 * cutoff * (1.0 + s**2 / ((s + 2 * n) * (s + 2 * n + 2)))
    fraction = (1 + n) * (1 + s + n) / ((s + 2 * n + 2) * (s + 2 * n + 3))
    t = cutoff * fraction * np.sqrt((3 + s + 2 * n) / (1 + s + 2 * n))
    return e, t


def exponential_power_law(*, cutoff: float, exponent: float, length: int) -> tuple[FloatArray, FloatArray]:
    """Return e (N,) and t (N,) of J = 2 alpha wc (w/wc)^s exp(-w/wc) on [0, inf).

    e_n = wc (2n+1+s); t_n = wc sqrt((n+1)(n+s+1)).
    """
    n = np.arange(length, dtype=np.float64)
    return cutoff * (2 * n + 1 + exponent), cutoff * np.sqrt((n + 1) * (n + exponent + 1))


def semicircle(*, centre: float, half_width: float, length: int) -> tuple[FloatArray, FloatArray]:
    """Return e (N,) and t (N,): e_n = centre, t_n = half_width/2."""
    return np.full(length, float(centre)), np.full(length, 0.5 * half_width)
