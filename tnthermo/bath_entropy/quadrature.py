"""Reading a quadrature of one site: a fine grid of outcomes, complete on the levels that the site has."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from tnthermo.kernels.modes import hermite_functions
from tnthermo.network.state import Tensor
from tnthermo.types import Complex, Real

BEYOND = 2.2  # how far a grid reaches past the turning point of the highest level, and how far its wave numbers do


def outcomes(levels: int) -> tuple[Real, Real]:
    """(q (Q,), <q|n> sqrt(dq) (levels, Q)) of the quadrature (c + c^dag)/sqrt(2): sum_q |q><q| dq = 1 on the levels to 4e-7.

    Number states n < levels live within |q| < sqrt(2 levels + 1) and have no wave numbers above that, but for tails that are the same in
    both: products of two are resolved at intervals below pi over that edge.
    """
    edge = np.sqrt(2.0 * levels + 1.0) + BEYOND
    interval = np.pi / edge
    half = int(np.ceil(edge / interval))
    q = interval * np.arange(-half, half + 1)
    return q, hermite_functions(q, levels) * np.sqrt(interval)


def average(
    tensor: Complex, sites: Sequence[Tensor], of: Callable[[Complex], float], *, least: float
) -> tuple[float, float]:
    """(sum over outcomes of ``of``, probability of those left out) for the quadratures of consecutive sites, read one by one.

    tensor  (..., r), a pure state with its last axis on the bond towards the sites, which are orthonormal
    of      of the state (..., r') after an outcome, whose squared norm is the outcome's probability
    least   outcomes less likely than that are left out
    """
    if not sites:
        return of(tensor), 0.0
    _, functions = outcomes(sites[0].shape[1])
    total = left_out = 0.0
    for column in functions.T:
        after = tensor @ np.tensordot(column, sites[0], axes=(0, 1))
        probability = float(np.vdot(after, after).real)
        if probability < least:
            left_out += probability
            continue
        part, without = average(after, sites[1:], of, least=least)
        total += part
        left_out += without
    return total, left_out
