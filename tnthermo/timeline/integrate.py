"""Running integrals and derivatives of samples on a grid of times that need not be uniform.

Every interval [t_i, t_i+1] gets its own interpolating polynomial, through the points nearest to it. Points that crowd
together on the scale of the interval are thinned out: a polynomial through them would use their differences, and divide
the noise of the samples by tiny spacings.

Where the samples have a kink (the start of a ramp), no polynomial follows them. The time of it is named in `breaks`, and
the stretches on either side are interpolated each by itself: the point at the break belongs to both.

Where they jump, the time is there twice: first with the values before the jump, then with those after it. Between the two
no time passes, so an integral over time gains nothing; an integral over dg gains the mean of f times the jump of g.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from tnthermo.types import Real

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
def _stretches(grid: bytes, order: int, edges: tuple[int, ...]) -> tuple[tuple[slice, _Stencils | None], ...]:
    """(its part of the grid, its stencils) of each stretch from one of the edges, indices into the grid, to the next; a jump has none."""
    if order < 2:
        raise ValueError(f"an interpolating polynomial needs at least 2 points, found order = {order}")
    t = np.frombuffer(grid, dtype=np.float64)
    parts = [slice(first, last + 1) for first, last in pairwise(edges)]
    return tuple((part, None if t[part.start] == t[part.stop - 1] else _stencils(t[part], order)) for part in parts)


def _edges(t: Real, breaks: tuple[float, ...]) -> tuple[int, ...]:
    """Indices of the first and the last time, of the breaks between them and of both times of each jump, increasing."""
    inner = np.array(
        [time for time in breaks if not (time <= t[0] or time >= t[-1])]
    )  # nan is no time outside: refused below
    after = np.minimum(np.searchsorted(t, inner), t.size - 1)
    before = np.maximum(after - 1, 0)
    indices = np.where(np.abs(t[before] - inner) < np.abs(t[after] - inner), before, after)
    astray = inner[~(np.abs(t[indices] - inner) <= ON_GRID * np.abs(t[[0, -1]]).max())]
    if astray.size:
        raise ValueError(f"breaks must be among the times of the grid, found {', '.join(map(str, astray.tolist()))}")
    first = np.flatnonzero(np.diff(t) == 0)
    return tuple(sorted({0, *indices.tolist(), *first.tolist(), *(first + 1).tolist(), t.size - 1}))


def every_second(t: Array, *, breaks: tuple[float, ...] = ()) -> npt.NDArray[np.int64]:
    """Indices of every second time of each stretch between breaks and jumps, which are among them: a grid that is half as fine."""
    edges = _edges(_checked(t), breaks)
    ends = [*edges[1:-1], len(t)]
    return np.concatenate([np.arange(first, end, 2) for first, end in zip(edges[:-1] or (0,), ends, strict=True)])


def _checked(t: Array, *samples: Array) -> Real:
    t = np.ascontiguousarray(t, dtype=np.float64)
    steps = np.diff(t)
    if t.ndim != 1 or t.size == 0 or not np.isfinite(t).all() or (steps < 0).any():
        raise ValueError("the times must be one row of finite, increasing numbers")
    if t.size > 2 and np.any(t[2:] == t[:-2]):
        raise ValueError("a time may be there once, or twice for a jump")
    for f in samples:
        if f.shape[:1] != t.shape:
            raise ValueError(f"{t.size} times, but samples of shape {f.shape}")
    return t


def _running(increments: Array) -> Array:
    return np.concatenate([np.zeros_like(increments[:1]), np.cumsum(increments, axis=0)])


def cumulative_integral(t: Array, f: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """Running integral of f from t[0], shape (m, ...) like f; the first entry is 0.

    t      (m,) increasing times, any spacing, twice where f jumps
    f      (m, ...) samples, real or complex
    order  points of the interpolating polynomials (all there are where a stretch between breaks has fewer): the error
           falls with this power of the step
    breaks times of t (to 1e-9 of the largest) across which nothing is interpolated: f is continuous there but has a
           kink. Those outside of t[0] < time < t[-1] do not matter, those that are jumps need not be named.

    Raises ValueError for times that do not increase, shapes that do not fit, or a break between two times.
    """
    f = np.asarray(f)
    t = _checked(t, f)
    edges = _edges(t, breaks)
    if t.size == 1:
        return np.zeros_like(f, dtype=np.result_type(f, np.float64))
    increments = []
    for part, s in _stretches(t.tobytes(), order, edges):
        if s is None:
            increments.append(np.zeros_like(f[:1], dtype=np.result_type(f, np.float64)))
            continue
        weights = np.einsum("ig,igj->ij", s.weights, s.interpolation)
        increments.append(np.einsum("ij,ij...->i...", weights, f[part][s.points]))
    return _running(np.concatenate(increments))


def cumulative_stieltjes(t: Array, f: Array, g: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """Running integral  int f dg  from t[0], shape (m, ...), from the values of f and g alone; the first entry is 0.

    Both are interpolated and their product f dg/dt is integrated exactly, so that  int f dg + int g df = f g  holds to
    rounding. No measured derivative of g enters: compared with the integral of one, it is an independent check, and at a
    kink of g it does not ask for the slope, which jumps there.

    t      (m,) increasing times, any spacing, twice where f or g jumps
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
        if s is None:
            increments.append(f[part].mean(axis=0, keepdims=True) * np.diff(g[part], axis=0))
            continue
        values = np.einsum("igj,ij...->ig...", s.interpolation, f[part][s.points])
        slopes = np.einsum("igj,ij...->ig...", s.slopes, g[part][s.points])
        increments.append(np.einsum("ig,ig...,ig...->i...", s.weights, values, slopes))
    return _running(np.concatenate(increments))


def derivative(t: Array, f: Array, order: int = POINTS, *, breaks: tuple[float, ...] = ()) -> Array:
    """df/dt at the times t, shape (m,): mean slope of the polynomials on either side; NaN for a single sample.

    At a break (order and breaks as for cumulative_integral) it is the slope to the right, from the points to the right.
    The noise of the samples comes out divided by the step, and several times larger at the ends and next to breaks, where
    the points lie on one side.
    Raises ValueError for times that do not increase strictly, shapes that do not fit, or a break between two times.
    """
    f = np.asarray(f)
    t = _checked(t, f)
    if np.any(np.diff(t) == 0):
        raise ValueError("what jumps has no derivative: the times must increase strictly")
    edges = _edges(t, breaks)
    if t.size == 1:
        return np.full(1, np.nan)
    result = []
    for part, s in _stretches(t.tobytes(), order, edges):
        assert s is not None  # no time is there twice
        slopes = np.einsum("ijk,ik->ij", s.differentiation, f[part][s.points])
        rows = np.arange(slopes.shape[0])
        start = slopes[rows, np.argmax(s.points == rows[:, None], axis=1)]
        end = slopes[rows, np.argmax(s.points == rows[:, None] + 1, axis=1)]
        result += [start[:1], (start[1:] + end[:-1]) / 2]  # the last time belongs to the next stretch
    return np.concatenate([*result, end[-1:]])
