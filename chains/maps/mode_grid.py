"""The quadrature of the physical frequencies on which a chain's sites are written as modes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from chains.densities.integrals import shape_weight
from chains.densities.power_law import ContinuousDensity, Element
from chains.densities.thermal import mirrored, segments
from chains.maps.sites import Chain
from chains.numerics.quadrature import Demand, Segment, hulls, rule
from chains.types import FloatArray, Weight


def _upper(bath: Chain, density: ContinuousDensity) -> float:
    """Return where polynomials times the weight have become negligible: the support, if it is finite."""
    if math.isfinite(bath.support[1]):
        return bath.support[1]
    return max(_negligible_beyond(bath, element) for element in density.elements)


def _negligible_beyond(bath: Chain, element: Element) -> float:
    """Return where p_(N-1)^2 J has become negligible.

    Beyond all zeros p_n(w) <= w^n/(kappa t_0 ... t_(n-1)), so that p_(N-1)(w)^2 J(w) is bounded there.
    """
    logs = float(np.sum(np.log(bath.hoppings))) + 0.5 * math.log(shape_weight(element))
    power = element.end_powers[0]
    # the bound holds beyond all zeros, which Gershgorin's circles contain
    t = np.concatenate([[0.0], bath.hoppings, [0.0]])
    w = max(element.truncation(1e-17), float(np.max(bath.frequencies + t[1:] + t[:-1])))
    while True:
        amplitude = float(element.amplitude(np.array([w]))[0])
        if amplitude == 0.0:  # what lies beyond cannot be represented; the check of orthonormality decides
            return w
        if (bath.length - 1 + 0.5 * (power + 1.0)) * math.log(w) + math.log(amplitude) - logs < math.log(1e-18):
            return w
        w *= 1.05


@dataclass(frozen=True, kw_only=True, eq=False)
class Grid:
    """A quadrature of w > 0: nodes w_j, dw_j, and the roots of dw_j times the shape of J (of J (1 + n) at T > 0)."""

    nodes: FloatArray
    weights: FloatArray
    amplitudes: FloatArray


def physical_grid(bath: Chain, density: ContinuousDensity, *, degree: int, resolution: int) -> Grid:
    """Return the quadrature for polynomials of at most ``degree`` on the support of ``bath``, nodes ascending."""
    upper, temperature = _upper(bath, density), bath.temperature
    weight: Weight = "emission" if temperature > 0.0 else "vacuum"
    pieces = segments(density, weight=weight, temperature=temperature, upper=upper)
    below: tuple[Segment, ...] = ()
    if bath.thermal:  # the polynomials live on both sides of 0
        absorption = segments(density, weight="absorption", temperature=temperature, upper=upper)
        below = tuple(mirrored(piece) for piece in absorption)
    nodes, weights, amplitudes = [], [], []
    for i, (piece, hull) in enumerate(zip(pieces, hulls((*pieces, *below)), strict=False)):
        w, roots = rule(piece, Demand(hull=hull, degree=degree, resolution=resolution))
        plain = roots**2 / ((w - piece.start) ** piece.start_power * (piece.end - w) ** piece.end_power)
        others = [other for k, other in enumerate(pieces) if k != i]
        nodes.append(w)
        weights.append(plain * _fraction(piece, others, w))
        amplitudes.append(roots * piece.root(w))
    w = np.concatenate(nodes)
    order = np.argsort(w, kind="stable")
    return Grid(nodes=w[order], weights=np.concatenate(weights)[order], amplitudes=np.concatenate(amplitudes)[order])


def _fraction(piece: Segment, others: Sequence[Segment], w: FloatArray) -> FloatArray:
    """Return the part that ``piece`` has in the whole weight at the frequencies w inside it."""
    if not others:
        return np.ones_like(w)
    own = _root_of_weight(piece, w)
    whole = own
    for other in others:
        inside = (w > other.start) & (w < other.end)
        root = np.zeros_like(w)
        root[inside] = _root_of_weight(other, w[inside])
        whole = np.hypot(whole, root)
    return np.divide(own, whole, out=np.zeros_like(w), where=whole > 0.0) ** 2


def _root_of_weight(piece: Segment, w: FloatArray) -> FloatArray:
    return piece.root(w) * (w - piece.start) ** (0.5 * piece.start_power) * (piece.end - w) ** (0.5 * piece.end_power)
