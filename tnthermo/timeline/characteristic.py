"""From a characteristic function G(u) = <exp(i u q)>, known up to a largest u, to the atom at q = 0 and to a density at a resolution.

G of a law with an atom and a density tends to the atom at large u. What is left there oscillates, with the frequencies at which the density
has edges, and falls as a power of u, where it has a kink at q = 0: the fit is blind to the one and has a term for the other.
"""

from __future__ import annotations

import numpy as np

from tnthermo.types import Complex, Real

WIDTH = 7.470486  # full width at half maximum of the kernel of `window`, in units of 1/(largest u)
BEGINS = (0.25, 0.4)  # of the largest u: where what is fitted begins
POWER = 2  # of 1/u in the fit: a kink of the density at q = 0
SHORTER = (
    (0.7, 6.0),
    (0.8, 9.5),
    (0.9, 20.0),
)  # parts of the range, and what remains after a change since them, of u^-1/2
LEAST_SAMPLES = 16
UNSETTLED = 0.05  # an atom that is not known to this is none


def window(x: Real) -> Real:
    """The window of Bohman (n,), 1 at x = 0, 0 at |x| = 1: the autocorrelation of half a cosine, its kernel is nowhere negative."""
    y = np.minimum(np.abs(x), 1.0)
    return np.asarray((1 - y) * np.cos(np.pi * y) + np.sin(np.pi * y) / np.pi)


def kernel(q: Real, largest: float) -> Real:
    """The shape (n,) that an atom of weight 1 has in a density at the resolution `WIDTH` / ``largest``; its integral is 1."""
    half = 0.5 * q * largest
    with np.errstate(invalid="ignore", divide="ignore"):
        root = np.cos(half) / (1 - (2 * half / np.pi) ** 2)  # of half a cosine, but for a factor
    near = np.abs(np.abs(half) - 0.5 * np.pi) < 1e-6
    return np.asarray(4 * largest / np.pi**3 * np.where(near, 0.25 * np.pi, root) ** 2)


def atom(u: Real, G: Complex) -> tuple[float, float]:
    """(limit of Re G at large u, its error) from samples (n,) at evenly spaced u from 0 on; (nan, inf) for too few of them.

    The error is what remains, if it falls no slower than u^-1/2, of the changes between shorter ranges and the whole. A fit that begins
    early is blind to slower oscillations, one that begins late to more of what comes first: the one with the smaller error is taken.
    """
    return min((_judged(u, G.real, begin) for begin in BEGINS), key=lambda pair: pair[1])


def _judged(u: Real, values: Real, begin: float) -> tuple[float, float]:
    """The same of fits that begin at this part of the largest u."""
    found = _fitted(u, values, float(u[-1]), begin)
    if found is None:
        return float("nan"), float("inf")
    error = 0.0
    for part, factor in SHORTER:
        other = _fitted(u, values, part * float(u[-1]), begin)
        error = float("inf") if other is None else max(error, factor * abs(found - other))
    return found, error


def _fitted(u: Real, values: Real, largest: float, begin: float) -> float | None:
    """A of A + B u^-2 (`POWER`), fitted with a smooth weight between ``begin`` times the ``largest`` u and that."""
    start = begin * largest
    inside = (u > start) & (u < largest)
    if int(inside.sum()) < LEAST_SAMPLES:
        return None
    root = np.sin(np.pi * (u[inside] - start) / (largest - start)) ** 2
    columns = np.stack([np.ones(root.size), (largest / u[inside]) ** POWER], axis=1)
    return float(np.linalg.lstsq(columns * root[:, None], values[inside] * root, rcond=None)[0][0])


def density(u: Real, G: Complex, q: Real) -> Real:
    """(k,) density at q of the law of G, seen through `kernel`: (1/2 pi) int window(u/u_max) G(u) exp(-i q u) du over both signs of u.

    u (n,) evenly spaced from 0 on; q repeats itself after 2 pi over the spacing.
    """
    weights = _weights(u)
    return np.asarray((np.exp(-1j * np.multiply.outer(q, u)) @ (weights * G)).real / np.pi)


def density_error(u: Real, error: Real) -> float:
    """What errors (n,) of |G| make of a density, at most."""
    return float(_weights(u) @ error) / np.pi


def _weights(u: Real) -> Real:
    """Of the trapezoidal rule, times the window; G(-u) = G(u)^* is the other half."""
    weights = np.full(u.size, float(u[1] - u[0]) if u.size > 1 else 0.0)
    weights[0] *= 0.5
    return weights * window(u / float(u[-1]) if u.size > 1 else u)
