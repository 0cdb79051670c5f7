"""The memory of a driven system: one small differential equation for each mode of the baths, solved together with the state.

K_q(t) = sum_m G_qm k_m(t) with k_m(t) = int_0^t ds exp(-i nu_m s) sum_r conj(G_rm) F_r(t-s) U(t, t-s) A_r U(t, t-s)^dag, hence

    d k_m/dt = sum_r conj(G_rm) F_r(t) A_r - i nu_m k_m - i [H_S(t), k_m],   k_m(0) = 0.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np

from tnthermo.model.drives import just_before
from tnthermo.model.model import Model
from tnthermo.second_order.columns import Solution, jumps_up_to
from tnthermo.second_order.memory import bath_modes, moment, motion
from tnthermo.thermo.expectations import sides
from tnthermo.types import Complex, Real

Integrator = Callable[[Callable[[float, Complex], Complex], Complex, Real], Complex]


def driven_solution(model: Model, rho: Complex, grid: Real, integrate: Integrator) -> Solution:
    """TCL2 of a driven model from rho (d, d) on ``grid`` (m,); between two kinks or jumps of the drives the solver starts anew."""
    modes = bath_modes(model, float(grid[-1]))
    operators = np.stack([channel.operator for channel in model.channels])
    carried = np.einsum("rm,rab->mrab", modes.amplitude.conj(), operators)
    turning = 1j * modes.frequency[:, None, None]

    def rate(t: float, together: Complex) -> Complex:
        state, parts = together[0], together[1:]
        hamiltonian, strength = model.hamiltonian_at(t), model.strengths(t)
        kernel = np.tensordot(modes.amplitude, parts, axes=1)
        result = np.empty_like(together)
        result[0] = motion(hamiltonian, operators, strength, moment(kernel, state), state)
        pushed = np.einsum("r,mrab->mab", strength, carried)
        result[1:] = pushed - turning * parts - 1j * (hamiltonian @ parts - parts @ hamiltonian)
        return result

    start = np.concatenate([rho[None], np.zeros((modes.frequency.size, *rho.shape), dtype=np.complex128)])
    found = start[None]
    both = sides(grid, jumps_up_to(model, float(grid[-1])))
    right = both.probe[both.after]
    inside = [just_before(b) for b in model.breaks if b < grid[-1]]
    edges = [0, *np.searchsorted(grid, inside).tolist(), grid.size - 1]
    for first, last in pairwise(edges):
        if last > first:
            low, high = float(right[first]), just_before(float(grid[last]))

            def between(t: float, together: Complex, low: float = low, high: float = high) -> Complex:
                """The rate after the jump at the beginning and before the one at the end."""
                return rate(min(max(t, low), high), together)

            found = np.concatenate([found, integrate(between, found[-1], grid[first : last + 1])[1:]])
    states, parts = found[:, 0], found[:, 1:]
    kernels = [
        np.einsum("qm,nmab->nqab", G, parts) for G in (modes.amplitude, modes.amplitude * (-1j * modes.frequency))
    ]
    rates = np.stack([rate(t, together)[0] for t, together in zip(right, found, strict=True)])
    return Solution(
        times=grid, rho_S=states, rho_S_rate=rates, moment_X=moment(kernels[0], states), moment_P=moment(kernels[1], states), current=None
    )  # fmt: skip
