"""Running integrals and derivatives of samples on a grid of times that need not be uniform.

Every interval [t_i, t_i+1] gets its own interpolating polynomial, through the points nearest to it. Points that crowd
together on the scale of the interval are thinned out: a polynomial through them would use their differences, and divide
the noise of the samples by tiny spacings.

Where the samples have a kink (the start of a ramp), no polynomial follows them. The time of it is named in `breaks`, and
the stretches on either side are interpolated each by itself: the point at the break belongs to both.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

Real = npt.NDArray[np.float64]
Array = npt.NDArray[Any]

POINTS = 8  # points of one interpolating polynomial (degree 7): integrals are of order 8 in the step
# Least distance between neighbours in a stencil, in lengths of its interval. The first is the aim; where the grid has
# too few points left after thinning, crowded ones are better than a lower degree.
SPACINGS = (0.5, 0.05, 0.0)
ON_GRID = 1e-9  # how far a break may lie from its grid point, in units of the largest time


@dataclass(frozen=True, kw_only=True, eq=False)
class _Stencils:
    """Interpolation on the m - 1 intervals of one grid, q points each, G Gauss nodes in each interval.

    points          (m-1, q) indices into the grid
    interpolation   (m-1, G, q) values at the Gauss nodes of the Lagrange polynomials of the q points
    slopes          (m-1, G, q) their derivatives at the Gauss nodes
    differentiation (m-1, q, q) their derivatives at the q points
    weights         (m-1, G) Gauss weights, lengths of the intervals included
    """

    points: npt.NDArray[np.int64]
    interpolation: Real
    slopes: Real
    differentiation: Real
    weights: Real


def _nearest(t: Real, count: int) -> npt.NDArray[np.int64]:
    """Indices (m-1, count), increasing along the last axis, of the points that interpolate on each interval."""
    result = np.empty((t.size - 1, count), dtype=np.int64)
    todo = np.arange(t.size - 1)
    for spacing in SPACINGS:
        left, right = todo.copy(), todo + 1
        least = spacing * (t[right] - t[left])
        middle = (t[right] + t[left]) / 2
        chosen = [left, right]
        full = np.ones(todo.size, dtype=bool)
        for _ in range(count - 2):
            # At spacing 0 the neighbour must still be another point: bounds by index, too.
            lower = np.minimum(np.searchsorted(t, t[left] - least, side="right") - 1, left - 1)
            upper = np.maximum(np.searchsorted(t, t[right] + least, side="left"), right + 1)
            far_left = np.where(lower >= 0, middle - t[np.maximum(lower, 0)], np.inf)
            far_right = np.where(upper < t.size, t[np.minimum(upper, t.size - 1)] - middle, np.inf)
            full &= np.isfinite(np.minimum(far_left, far_right))
            go_left = far_left < far_right
            left = np.where(go_left & full, lower, left)
            right = np.where(~go_left & full, upper, right)
            chosen.append(np.where(go_left, left, right))
        result[todo] = np.sort(np.stack(chosen, axis=1), axis=1)
        todo = todo[~full]
        if not todo.size:
            break
    return result


def _stencils(t: Real, order: int) -> _Stencils:
    count = min(order, t.size)
    points = _nearest(t, count)
    width = np.diff(t)[:, None]
    # Local variable u = (time - start of the interval) / length of the interval: no powers of times.
    u = (t[points] - t[:-1, None]) / width
    # Exact to degree 2 order - 1, so for the product of an interpolant and the derivative of another, too.
    nodes, gauss = np.polynomial.legendre.leggauss(order)
    v = (nodes + 1) / 2
    distance = u[:, :, None] - u[:, None, :] + np.eye(count)
    denominator = np.prod(distance, axis=2)  # of the j-th Lagrange polynomial
    numerator = v[None, :, None] - u[:, None, :]
    interpolation = np.empty((t.size - 1, order, count))
    for j in range(count):
        interpolation[:, :, j] = np.prod(np.delete(numerator, j, axis=2), axis=2) / denominator[:, None, j]
    # The Gauss nodes lie inside the interval and no grid point does: nothing here is divided by zero.
    inverse = 1 / numerator
    slopes = interpolation * (inverse.sum(axis=2, keepdims=True) - inverse)
    differentiation = denominator[:, :, None] / denominator[:, None, :] / distance
    diagonal = np.arange(count)
    differentiation[:, diagonal, diagonal] = 0.0
    differentiation[:, diagonal, diagonal] = -differentiation.sum(axis=2)  # the derivative of a constant is 0
    return _Stencils(
        points=points,
        interpolation=interpolation,
        slopes=slopes / width[:, :, None],
        differentiation=differentiation / width[:, :, None],
        weights=gauss / 2 * width,
    )


@lru_cache(maxsize=4)
def _stretches(grid: bytes, order: int, edges: tuple[int, ...]) -> tuple[tuple[slice, _Stencils], ...]:
    """(its part of the grid, its stencils) of each stretch from one of the edges, indices into the grid, to the next."""
    if order < 2:
        raise ValueError(f"an interpolating polynomial needs at least 2 points, found order = {order}")
    t = np.frombuffer(grid, dtype=np.float64)
    parts = [slice(first, last + 1) for first, last in pairwise(edges)]
    return tuple((part, _stencils(t[part], order)) for part in parts)


def _edges(t: Real, breaks: tuple[float, ...]) -> tuple[int, ...]:
    """Indices of the first and the last time and of the breaks between them, increasing."""
    inner = [time for time in breaks if not (time <= t[0] or time >= t[-1])]  # nan is no time outside: refused below
    indices = [int(np.argmin(np.abs(t - time))) for time in inner]
    slack = ON_GRID * np.abs(t[[0, -1]]).max()
    astray = [time for time, i in zip(inner, indices, strict=True) if not abs(t[i] - time) <= slack]
    if astray:
        raise ValueError(f"breaks must be among the times of the grid, found {', '.join(map(str, astray))}")
    return tuple(sorted({0, *indices, t.size - 1}))


def _checked(t: Array, *samples: Array) -> Real:
    t = np.ascontiguousarray(t, dtype=np.float64)
    if t.ndim != 1 or t.size == 0 or not np.isfinite(t).all() or (np.diff(t) <= 0).any():
        raise ValueError("the times must be one row of finite, strictly increasing numbers")
    for f in samples:
        if f.shape[:1] != t.shape:
            raise ValueError(f"{t.size} times, but samples of shape {f.shape}")
    return t


def _running(increments: Array) -> Array:
    return np.concatenate([np.zeros_like(increments[:1]), np.cumsum(increments, axis=0)])


def cumulative_integral(t: Array, f: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """Running integral of f from t[0], shape (m, ...) like f; the first entry is 0.

    t      (m,) strictly increasing times, any spacing
    f      (m, ...) samples, real or complex
    order  points of the interpolating polynomials (all there are where a stretch between breaks has fewer): the error
           falls with this power of the step
    breaks times of t (to 1e-9 of the largest) across which nothing is interpolated: f is continuous there but has a
           kink. Those outside of t[0] < time < t[-1] do not matter. A jump of f is beyond help: it has two values there.

    Raises ValueError for times that do not increase, shapes that do not fit, or a break between two times.
    """
    f = np.asarray(f)
    t = _checked(t, f)
    edges = _edges(t, breaks)
    if t.size == 1:
        return np.zeros_like(f, dtype=np.result_type(f, np.float64))
    increments = []
    for part, s in _stretches(t.tobytes(), order, edges):
        weights = np.einsum("ig,igj->ij", s.weights, s.interpolation)
        increments.append(np.einsum("ij,ij...->i...", weights, f[part][s.points]))
    return _running(np.concatenate(increments))


def cumulative_stieltjes(t: Array, f: Array, g: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """Running integral  int f dg  from t[0], shape (m, ...), from the values of f and g alone; the first entry is 0.

    Both are interpolated and their product f dg/dt is integrated exactly, so that  int f dg + int g df = f g  holds to
    rounding. No measured derivative of g enters: compared with the integral of one, it is an independent check, and at a
    kink of g it does not ask for the slope, which jumps there.

    t      (m,) strictly increasing times, any spacing
    f, g   (m, ...) samples of the same shape, real or complex (nothing is conjugated), taken entry by entry: the caller
           sums, e.g. a trace over the products of entries
    breaks times of t across which neither is interpolated; order and breaks as for cumulative_integral

    Raises ValueError for times that do not increase, shapes that do not fit, or a break between two times.
    """
    f, g = np.asarray(f), np.asarray(g)
    t = _checked(t, f, g)
    if f.shape != g.shape:
        raise ValueError(f"samples of shape {f.shape} integrated over samples of another shape, {g.shape}")
    edges = _edges(t, breaks)
    if t.size == 1:
        return np.zeros_like(f, dtype=np.result_type(f, g, np.float64))
    increments = []
    for part, s in _stretches(t.tobytes(), order, edges):
        values = np.einsum("igj,ij...->ig...", s.interpolation, f[part][s.points])
        slopes = np.einsum("igj,ij...->ig...", s.slopes, g[part][s.points])
        increments.append(np.einsum("ig,ig...,ig...->i...", s.weights, values, slopes))
    return _running(np.concatenate(increments))


def derivative(t: Array, f: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """df/dt at the times t, shape (m,): mean slope of the polynomials on either side; NaN for a single sample.

    At a break (order and breaks as for cumulative_integral) it is the slope to the right, from the points to the right.
    The noise of the samples comes out divided by the step, and several times larger at the ends and next to breaks, where
    the points lie on one side.
    Raises ValueError for times that do not increase, shapes that do not fit, or a break between two times.
    """
    f = np.asarray(f)
    t = _checked(t, f)
    edges = _edges(t, breaks)
    if t.size == 1:
        return np.full(1, np.nan)
    result = []
    for part, s in _stretches(t.tobytes(), order, edges):
        slopes = np.einsum("ijk,ik->ij", s.differentiation, f[part][s.points])
        rows = np.arange(slopes.shape[0])
        start = slopes[rows, np.argmax(s.points == rows[:, None], axis=1)]
        end = slopes[rows, np.argmax(s.points == rows[:, None] + 1, axis=1)]
        result += [start[:1], (start[1:] + end[:-1]) / 2]  # the last time belongs to the next stretch
    return np.concatenate([*result, end[-1:]])
