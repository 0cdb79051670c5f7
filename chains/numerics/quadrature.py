"""Turn a weight on an interval into nodes and amplitudes: composite Gauss-Jacobi rules with the right ends.

A weight such as |w|^(s-1) near 0 (a sub-Ohmic bath at finite temperature) has an integrable singularity there; ordinary
Gauss-Legendre nodes converge like a power of their number and give wrong chains without any sign of it. Here the known
power is taken into the rule of the panel that touches the end, and what is left is smooth on every panel.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import numpy as np
import scipy

from chains.numerics import closed_form
from chains.numerics.star_nodes import star_of
from chains.types import FloatArray

_BASE_NODES = 20
"""Nodes a panel has before oscillations are counted: enough for 16 digits with singularities half a panel away."""
_NODES_PER_ZERO = 1.7
"""Gauss rules need pi/2 nodes for each full oscillation of the square of a polynomial; a little more."""
_ZEROS_PER_PANEL = 10.0
"""More and the panel is halved: rules of few nodes only, because large ones lose digits beside a singular end."""
_PHASE_PER_PANEL = 40.0
"""exp(-i w t) turns by at most this on one panel."""


@dataclass(frozen=True, kw_only=True)
class Segment:
    """One interval of a weight: weight(w) = root(w)^2 (w - start)^start_power (end - w)^end_power.

    start, end      finite frequencies, start < end
    start_power, end_power   > -1
    root            square root of the remaining factor, array -> array, smooth except at ``breaks``
    singular        complex frequencies where root has poles or branch points: panels stay short beside them
    breaks          frequencies inside the interval where root is continuous but not smooth
    """

    start: float
    end: float
    start_power: float
    end_power: float
    root: Callable[[FloatArray], FloatArray]
    singular: tuple[complex, ...] = ()
    breaks: tuple[float, ...] = ()


@lru_cache(maxsize=512)
def _gauss(count: int, power: float) -> tuple[FloatArray, FloatArray]:
    """Return nodes and weights on [0, 1] for the weight x^power.

    From the closed-form chain of x^power (Golub and Welsch, Math. Comp. 23, 221 (1969)): that keeps 15 digits of the
    weights, where formulas with derivatives of the polynomials lose count^2 rounding errors next to x = 0.
    """
    if power == 0.0:
        nodes, weights = scipy.special.roots_legendre(count)
        return 0.5 * (1.0 + nodes), 0.5 * weights
    e, t = closed_form.hard_power_law(cutoff=1.0, exponent=power, length=count)
    nodes, roots, _ = star_of(math.sqrt(1.0 / (power + 1.0)), e, t[:-1])
    return nodes, roots**2


@dataclass(frozen=True, kw_only=True)
class Demand:
    """What a rule must integrate.

    degree, hull   products of two polynomials of at most this degree with all their zeros in the interval ``hull``
    longest_time   factors exp(-i w t) up to this |t|
    resolution     divides all panels further (an integer >= 1); for checks by refinement
    """

    hull: tuple[float, float]
    degree: int = 0
    longest_time: float = 0.0
    resolution: int = 1

    def zeros(self, left: float, right: float) -> float:
        """Return how many zeros such a polynomial typically has in [left, right] (arcsine law)."""
        low, high = self.hull

        def angle(w: float) -> float:
            return math.acos(min(1.0, max(-1.0, (2.0 * w - low - high) / (high - low))))

        return self.degree * (angle(left) - angle(right)) / math.pi

    def too_much_for(self, left: float, right: float) -> bool:
        """Return whether one panel [left, right] should be halved."""
        if self.resolution * self.zeros(left, right) > _ZEROS_PER_PANEL:
            return True
        return self.resolution * self.longest_time * (right - left) > _PHASE_PER_PANEL


def _distance(point: complex, start: float, end: float) -> float:
    """Return the distance of a complex point from the real interval [start, end]."""
    nearest = min(max(point.real, start), end)
    return abs(point - nearest)


def panel_edges(segment: Segment, demand: Demand) -> list[float]:
    """Return the ends of the panels: halved until no singularity is nearer than half a panel's length.

    A power at an end of the segment is a singularity for every panel that does not touch this end, and no panel may
    touch two such ends.
    """
    ends = [p for p, power in ((segment.start, segment.start_power), (segment.end, segment.end_power)) if power % 1.0]
    points = [segment.start, *sorted(segment.breaks), segment.end]
    if len(points) == 2 and segment.start_power != 0.0 and segment.end_power != 0.0:
        points.insert(1, 0.5 * (segment.start + segment.end))
    pending = list(pairwise(points))[::-1]
    edges = [segment.start]
    while pending:
        left, right = pending.pop()
        width = right - left
        singular = [z for z in (*segment.singular, *ends) if z not in (left, right)]
        close = any(_distance(z, left, right) < 0.5 * demand.resolution * width for z in singular)
        if (close or demand.too_much_for(left, right)) and width > 1e-13 * (segment.end - segment.start):
            middle = 0.5 * (left + right)
            pending += [(middle, right), (left, middle)]
        else:
            edges.append(right)
    return edges


def rule(segment: Segment, demand: Demand) -> tuple[FloatArray, FloatArray]:
    """Return nodes w_j (M,) and r_j (M,) so that int weight f = sum_j (r_j root(w_j))^2 f(w_j) for the f in demand."""
    edges = panel_edges(segment, demand)
    all_nodes: list[FloatArray] = []
    all_roots: list[FloatArray] = []
    for left, right in pairwise(edges):
        width = right - left
        wanted = _BASE_NODES + _NODES_PER_ZERO * demand.zeros(left, right) + 0.25 * demand.longest_time * width
        # few distinct sizes, because the rules are kept; never the same rule at another resolution
        count = 4 * (math.ceil(wanted / 4) + demand.resolution - 1)
        start_power = segment.start_power if left == segment.start else 0.0
        end_power = segment.end_power if right == segment.end else 0.0
        if end_power != 0.0:
            x, weights = _gauss(count, end_power)
            nodes = right - width * x
        else:
            x, weights = _gauss(count, start_power)
            nodes = left + width * x
        roots = np.sqrt(weights) * width ** (0.5 * (1.0 + start_power + end_power))
        if start_power != segment.start_power:
            roots = roots * (nodes - segment.start) ** (0.5 * segment.start_power)
        if end_power != segment.end_power:
            roots = roots * (segment.end - nodes) ** (0.5 * segment.end_power)
        all_nodes.append(nodes)
        all_roots.append(roots)
    return np.concatenate(all_nodes), np.concatenate(all_roots)


def hulls(segments: Sequence[Segment]) -> list[tuple[float, float]]:
    """Return, for each of the segments, the whole interval without gaps that it belongs to.

    Zeros of orthogonal polynomials crowd at the ends of every such interval, also at those beside a gap.
    """
    joined: list[tuple[float, float]] = []
    for start, end in sorted((s.start, s.end) for s in segments):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return [next(hull for hull in joined if hull[0] <= s.start <= hull[1]) for s in segments]


def discretise(
    segments: Sequence[Segment], *, degree: int = 0, resolution: int = 1, longest_time: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Return ascending nodes (M,) and amplitudes (M,) of a discrete measure that stands for the weight on ``segments``.

    int weight(w) f(w) dw = sum_j amplitude_j^2 f(node_j) for the f described in :class:`Demand`.
    """
    rules = []
    for segment, hull in zip(segments, hulls(segments), strict=True):
        demand = Demand(hull=hull, degree=degree, resolution=resolution, longest_time=longest_time)
        rules.append((segment, *rule(segment, demand)))
    nodes = np.concatenate([w for _, w, _ in rules])
    amplitudes = np.concatenate([roots * segment.root(w) for segment, w, roots in rules])
    order = np.argsort(nodes, kind="stable")  # the nodes of segments that overlap are shuffled together
    return nodes[order], amplitudes[order]
