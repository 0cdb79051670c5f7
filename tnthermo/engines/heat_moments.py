"""Moments of the energy of chains to order four: |phi> = H |psi> as a matrix product state, and mean and mean square of H in both."""

from __future__ import annotations

from typing import Any

import numpy as np

from tnthermo.engines.measure import OnLine
from tnthermo.kernels.arrays import array_list
from tnthermo.kernels.moments import moments
from tnthermo.model.counted import Counted
from tnthermo.network.automaton import Automaton, automaton
from tnthermo.network.blocks import centred_at_origin
from tnthermo.types import Complex, Real

DROPPED = 1e-13  # singular values of H |psi>, of the largest: its bonds are exact but for rounding


def heat_moments(whole: OnLine, model: Counted) -> Real:
    """<H^n> (5,), n = 0 .. 4, of H = sum_j v_j H_chain,j in the state: <psi|psi>, then energy^n."""
    machine = automaton(model.terms, model.line.length)
    tensors = centred_at_origin(whole.blocks)
    norm, first, second = _moments(tensors, machine)
    image = applied(list(tensors), machine)
    _, third, fourth = _moments(array_list(image), machine)
    return np.array([norm, first, second, third, fourth])


def mean_and_square(whole: OnLine, model: Counted) -> tuple[float, float, float]:
    """(<psi|psi>, <H>, <H^2>) of the same H."""
    return _moments(centred_at_origin(whole.blocks), automaton(model.terms, model.line.length))


def _moments(tensors: Any, machine: Automaton) -> tuple[float, float, float]:
    sites = [machine.table(i, tensor.shape[1]) for i, tensor in enumerate(tensors)]
    found = moments(
        tensors, array_list([s.table for s in sites]), array_list([s.values for s in sites]), machine.widths
    )
    return float(found[0]), float(found[1]), float(found[2])


def applied(tensors: list[Complex], machine: Automaton) -> list[Complex]:
    """H |psi> as tensors (left, level, right), centre at site 0, all others right-orthonormal."""
    result: list[Complex] = []
    carried: Complex = np.ones((1, 1), dtype=np.complex128)
    for i, tensor in enumerate(tensors):  # from the left: orthonormal, what is left of it carried on
        product = _product(tensor, machine, i)
        product = np.tensordot(carried, product, axes=(1, 0))
        l, d, r = product.shape
        if i == len(tensors) - 1:
            result.append(product)
            break
        q, carried = np.linalg.qr(product.reshape(l * d, r))
        result.append(q.reshape(l, d, -1))
    for i in range(len(result) - 1, 0, -1):  # and back, without what is nothing but rounding
        l, d, r = result[i].shape
        left, values, right = np.linalg.svd(result[i].reshape(l, d * r), full_matrices=False)
        kept = max(1, int(np.sum(values > DROPPED * values[0])))
        result[i] = np.ascontiguousarray(right[:kept].reshape(kept, d, r))
        result[i - 1] = np.ascontiguousarray(np.tensordot(result[i - 1], left[:, :kept] * values[:kept], axes=(2, 0)))
    return result


def _product(tensor: Complex, machine: Automaton, site: int) -> Complex:
    """The site's part of H times the tensor (l, d, r): (w l, d, w' r)."""
    l, d, r = tensor.shape
    left, right = int(machine.widths[site]), int(machine.widths[site + 1])
    found = machine.table(site, d)
    result = np.zeros((left, l, d, right, r), dtype=np.complex128)
    for (a, b, row, column), value in zip(found.table, found.values, strict=True):
        result[a, :, row, b, :] += value * tensor[:, column, :]
    return result.reshape(left * l, d, right * r)
