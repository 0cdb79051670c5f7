"""quimb: TEBD of order 2 or 4. setting: step, order, levels, modes, cutoff (discarded weight), max_bond."""

from __future__ import annotations

from typing import Any

import numpy as np
import quimb.tensor as qtn
from common import Problem, drive, lowering, mixed, sigma_z


def hamiltonian(problem: Problem, levels: int) -> Any:
    """H as terms on neighbours; what acts on one site is shared between its two bonds."""
    b, n = lowering(levels), problem.frequencies.size
    local = [problem.hamiltonian, *(e * b.conj().T @ b for e in problem.frequencies)]
    pairs = [problem.kappa * np.kron(problem.operator, b.conj().T)] + [
        t * np.kron(b, b.conj().T) for t in problem.hoppings
    ]
    terms = {}
    for i, pair in enumerate(pairs):
        left = local[i] if i == 0 else local[i] / 2
        right = local[i + 1] if i == n - 1 else local[i + 1] / 2
        terms[i, i + 1] = pair + pair.conj().T + np.kron(left, np.eye(levels)) + np.kron(np.eye(len(left)), right)
    return qtn.LocalHam1D(n + 1, H2=terms)


def fractions(order: int) -> list[float]:
    """The second-order steps that make up one step: itself, or Suzuki's five."""
    p = 1 / (4 - 4 ** (1 / 3))
    return [1.0] if order == 2 else [p, p, 1 - 4 * p, p, p]


def evolve(problem: Problem, setting: dict[str, Any], start: Any) -> tuple[Any, Any]:
    """Half of the odd bonds, all even ones, half of the odd ones; halves that meet between measurements are merged."""
    levels, step = setting["levels"], setting["step"]
    vacuum = np.eye(levels)[0].astype(complex)
    psi = qtn.MPS_product_state([np.asarray(start, dtype=complex), *(vacuum for _ in problem.frequencies)])
    options = {"cutoff": setting["cutoff"], "cutoff_mode": "rsum2", "max_bond": setting["max_bond"]}
    engine = qtn.TEBD(psi, hamiltonian(problem, levels), dt=step, split_opts=options, progbar=False)
    every, steps = problem.every(step), problem.steps(step)
    t, z, pending = [0.0], [measure(engine)], 0.0
    for k in range(1, steps + 1):
        for fraction in fractions(setting["order"]):
            engine.sweep("left", pending + fraction / 2)
            engine.sweep("right", fraction)
            pending = fraction / 2
        if k % every == 0 or k == steps:
            engine.sweep("left", pending)
            pending = 0.0
            t.append(k * step)
            z.append(measure(engine))
    return np.array(t), np.array(z)


def measure(engine: Any) -> float:
    """After a sweep to the left the orthogonality centre is the system."""
    psi = engine.pt
    bond = psi.bond(0, 1)
    matrix = psi[0].to_dense([psi.site_ind(0)], [bond])
    return sigma_z(matrix @ matrix.conj().T)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    short = problem.shortened(setting["modes"])
    return mixed(short, lambda start: evolve(short, setting, start))


if __name__ == "__main__":
    drive("quimb", run, packages=("numpy", "numba"))
