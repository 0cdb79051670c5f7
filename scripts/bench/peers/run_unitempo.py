"""Uniform TEMPO: the influence functional of a stationary bath by infinite TEBD, as a tensor that is the same at every step.

After V. Link, H.-H. Tu and W. T. Strunz, Phys. Rev. Lett. 132, 200403 (2024); an own driver. setting: step, svd (singular values relative
to the largest one), memory (a time), quiet (weight, in what an SVD compares, of paths whose two sides differ; below 1 keeps fewer values).

The path index of step i meets those of later steps j through b_(j - i). Earlier legs move to the left and later legs to the right through a
line that repeats itself, and cross in the order j - i = n_c ... 0; every crossing is a gate and an SVD. What is left is one matrix for
each path index, with which a system evolves for as long as one likes. A leg that couples to nothing stands for what was before t = 0.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from common import Problem, columns, drive

SIDES = [(0, 0), (0, 1), (1, 0), (1, 1)]
"""Path indices: eigenvalue of the coupling on the ket and on the bra."""


def coefficients(problem: Problem, step: float, count: int) -> Any:
    """eta_0 ... eta_count: integrals of C over pairs of steps; the last one has those of all longer delays of the run added."""
    eta = np.concatenate([[problem.twice(step)], problem.between(step, np.arange(1, count + 1))])
    beyond = np.arange(count + 1, problem.steps(step) + 1)
    eta[-1] += problem.between(step, beyond).sum()
    return eta


def gates(values: Any, eta: Any) -> tuple[Any, list[int]]:
    """b_k (k, later, earlier), later legs by the difference of two eigenvalues; and the difference that belongs to each earlier leg.

    The last earlier leg couples to nothing.
    """
    differences = np.array([0.0, values[0] - values[1], values[1] - values[0]])
    of = [0 if s == r else (1 if s < r else 2) for s, r in SIDES]
    earlier = np.stack([eta * values[s] - eta.conj() * values[r] for s, r in SIDES] + [0.0 * eta], axis=-1)
    return np.exp(-differences[:, None] * earlier[:, None, :]), [*of, 0]


def influence(found: Any, of: list[int], tolerance: float, quiet: float) -> Any:
    """(legs, chi, chi): what a step does to the memory, for each path index, the last one that of no coupling."""
    scale = np.array([1.0, quiet, quiet])
    later, earlier = scale.astype(complex).reshape(1, 3, 1), np.ones((1, 5, 1), dtype=complex)
    weight = np.ones(1)
    for k in range(len(found) - 1, 0, -1):
        block = np.einsum("xly,yez->xelz", later, earlier, optimize=True) * found[k].T[None, :, :, None]
        left, right = block.shape[0], block.shape[3]
        flat = block.reshape(left * 5, 3 * right)
        matrix = np.repeat(weight, 5)[:, None] * flat
        _, s, v = np.linalg.svd(matrix, full_matrices=False)
        kept = max(1, int(np.sum(s > tolerance * s[0])))
        size = np.linalg.norm(s[:kept])
        weight, v = s[:kept] / size, v[:kept]
        later = v.reshape(kept, 3, right)
        earlier = (flat @ v.conj().T).reshape(left, 5, kept) / size
    block = np.einsum("xly,yez->xelz", later, earlier, optimize=True) * found[0].T[None, :, :, None]
    return np.stack([block[:, e, l] / scale[l] for e, l in enumerate(of)])


def ends(still: Any) -> tuple[Any, Any, complex]:
    """What was before and what comes after: vectors of the matrix of no coupling with its largest eigenvalue, and that."""
    w, v = np.linalg.eig(still)
    top = int(np.argmax(np.abs(w)))
    after = v[:, top]
    w_left, v_left = np.linalg.eig(still.T)
    before = v_left[:, int(np.argmin(np.abs(w_left - w[top])))]
    return before, after / (before @ after), w[top]


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    step = setting["step"]
    values, vectors = np.linalg.eigh(problem.operator)
    count = min(max(1, math.ceil(setting["memory"] / step)), problem.steps(step))
    matrices = influence(*gates(values, coefficients(problem, step, count)), setting["svd"], setting["quiet"])
    before, after, size = ends(matrices[4])
    matrices = matrices[:4] / size
    energy, states = np.linalg.eigh(problem.hamiltonian)
    half = vectors.conj().T @ (states * np.exp(-0.5j * step * energy)) @ states.conj().T @ vectors
    turn = np.kron(half, half.conj())
    state = np.outer((vectors.conj().T @ problem.rho @ vectors).ravel(), before)
    every, steps = problem.every(step), problem.steps(step)
    t, rho = [0.0], [problem.rho]
    for k in range(1, steps + 1):
        state = turn @ np.einsum("ax,axz->az", turn @ state, matrices, optimize=True)
        if k % every == 0 or k == steps:
            t.append(k * step)
            rho.append(vectors @ (state @ after).reshape(2, 2) @ vectors.conj().T)
    return np.array(t), columns(problem, np.array(rho))


if __name__ == "__main__":
    drive("numpy", run)
