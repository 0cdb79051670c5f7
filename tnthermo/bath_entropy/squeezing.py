"""Two-mode squeezing in number states: what takes a cell (b, b') to the physical mode a and its partner a'."""

from __future__ import annotations

import math

import numpy as np

from tnthermo.types import Real

LARGE = 1e100
FAR, SPREAD = 40.0, 4.0  # exp(-FAR) is beyond the levels of a column; more of them for every level of the cell


def two_mode_squeezer(theta: float, physical: int, own: int, partner: int) -> Real:
    """<n, n'| S(theta) |m, m'> (physical, physical, own, partner), 0 unless n - n' = m - m'.

    S = exp(theta (a^dag a'^dag - a a')) takes the number states of b = cosh a - sinh a'^dag and b' = cosh a' - sinh a^dag to those of a
    and a'. What reaches past the physical levels is left out.
    """
    size = abs(theta)
    enough = physical
    if size > 0.0:
        enough = max(
            physical, math.ceil((FAR + SPREAD * (own + partner)) / (-2.0 * math.log(math.tanh(size)))), own + partner
        )
    band = squeezed(size, enough, own, partner)
    result = np.zeros((physical, physical, own, partner))
    for m in range(own):
        for k in range(partner):
            n = np.arange(max(0, m - k), min(physical, physical + m - k))
            signs = 1.0 if theta >= 0.0 else (-1.0) ** np.abs(n - m)
            result[n, n - m + k, m, k] = signs * band[n, m, k]
    return result


def squeezed(theta: float, levels: int, own: int, partner: int) -> Real:
    """<n, n - m + m'| S |m, m'> (levels, own, partner) for theta >= 0, 0 where n < m - m', each to its own relative precision.

    S|m, m'> has the eigenvalue m + m' + 1 of cosh(2 theta) (N + N' + 1) - sinh(2 theta) (a a' + h.c.): three terms in i = min(n, n'), run
    upwards to where the solution oscillates and downwards from its tail. (By powers of b^dag rounding grows as (cosh + sinh)^(m + m').)
    """
    result = np.zeros((levels, own, partner))
    if theta == 0.0:
        for m in range(min(own, levels)):
            result[m, m] = 1.0
        return result
    C, S = math.cosh(2 * theta), math.sinh(2 * theta)
    low, apart = (grid.reshape(-1) for grid in np.indices((min(own, partner), max(own, partner))))
    i = np.arange(levels)[:, None]
    diagonal = C * (2 * i + apart + 1) - (2 * low + apart + 1)
    beside = S * np.sqrt(i * (i + apart))  # between i - 1 and i
    above = S * np.sqrt((i + 1.0) * (i + 1 + apart))
    inside = np.abs(diagonal) / (beside + above)
    meet = np.where(np.any(inside <= 1, axis=0), np.argmax(inside <= 1, axis=0), np.argmin(inside, axis=0))
    meet = np.minimum(meet, levels - 2)
    up, down = np.zeros((levels, low.size)), np.zeros((levels, low.size))
    up[0], down[-1] = 1.0, 1.0
    for k in range(levels - 1):
        before = up[k - 1] if k > 0 else 0.0
        up[k + 1] = np.where(k <= meet, (diagonal[k] * up[k] - beside[k] * before) / above[k], 0.0)
        _rescale(up, k + 1)
    for k in range(levels - 1, 0, -1):
        before = down[k + 1] if k < levels - 1 else 0.0
        down[k - 1] = np.where(k > meet, (diagonal[k] * down[k] - above[k] * before) / beside[k], 0.0)
        _rescale(down, k - 1)
    columns = np.arange(low.size)
    pair = [np.stack([f[meet, columns], f[meet + 1, columns]]) for f in (up, down)]
    ratio = np.sum(pair[0] * pair[1], axis=0) / np.sum(pair[1] ** 2, axis=0)
    both = np.where(i <= meet, up, ratio * down)
    both *= np.where(low % 2 == 0, 1.0, -1.0) / np.linalg.norm(both, axis=0)
    table = both.reshape(levels, min(own, partner), -1)
    for m in range(own):
        for k in range(partner):
            first = max(0, m - k)
            result[first:, m, k] = table[: levels - first, min(m, k), abs(m - k)]
    return result


def _rescale(f: Real, at: int) -> None:
    """Solutions that grew beyond bounds, made smaller as a whole."""
    large = np.abs(f[at]) > LARGE
    f[:, large] /= np.abs(f[at, large])
