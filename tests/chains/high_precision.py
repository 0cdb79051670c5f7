"""An independent and slow way to chain coefficients: moments in 60 digits.

Plain moments lose a digit or more per site, which 60 digits can afford for a dozen sites. The integrals are done by
mpmath's tanh-sinh rule, which neither knows the power at 0 nor shares a node with the library's quadrature.
"""

from collections.abc import Callable

import mpmath as mp
import numpy as np
import numpy.typing as npt

DIGITS = 60


def thermal_hard_moment(k: int, *, alpha: float, exponent: float, beta: float) -> mp.mpf:
    """int w^k J_beta dw for J = 2 alpha w^s on [0, 1], from the definition of the thermal weight."""

    s = mp.mpf(exponent)

    def both_sides(u: mp.mpf) -> mp.mpf:
        # w = u^(1/s) turns the w^(s-1) dw of the thermal weight into du/s: nothing piles up at 0, however small s is
        w = u ** (1 / s)
        bose = 1 / mp.expm1(beta * w)
        return w ** (k + 1) * ((1 + bose) + (-1) ** k * bose) / s

    return 2 * mp.mpf(alpha) * mp.quad(both_sides, [0, mp.mpf(1) / 8, 1])


def chain_from_moments(
    moment: Callable[[int], mp.mpf], length: int
) -> tuple[float, npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """kappa, e (N,) and t (N,), the last leading out of the chain: Cholesky factor of the Hankel matrix of moments."""
    with mp.workdps(DIGITS):
        moments = [moment(k) for k in range(2 * length + 1)]
        hankel = mp.matrix(length + 1, length + 1)
        for i in range(length + 1):
            for j in range(length + 1):
                hankel[i, j] = moments[i + j]
        lower = mp.cholesky(hankel)
        ratio = [lower[n + 1, n] / lower[n, n] for n in range(length)]
        e = [ratio[n] - (ratio[n - 1] if n > 0 else 0) for n in range(length)]
        t = [lower[n + 1, n + 1] / lower[n, n] for n in range(length)]
        return float(lower[0, 0]), np.array([float(x) for x in e]), np.array([float(x) for x in t])
