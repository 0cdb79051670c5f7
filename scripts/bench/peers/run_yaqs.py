"""mqt-yaqs: two-site (or dynamic) TDVP. setting: step, levels, modes, max_bond, svd, krylov, geometry."""

from __future__ import annotations

from typing import Any

import numpy as np
from common import Problem, drive, lowering, mixed
from mqt.yaqs import AnalogSimParams, Hamiltonian, Observable, Simulator, State
from mqt.yaqs.core.data_structures.mpo import MPO


def operator(problem: Problem, levels: int) -> Any:
    """H as a matrix product operator; bond states: done, c^dag to come, c to come, nothing yet."""
    b, n = lowering(levels), problem.frequencies.size
    up, one = b.conj().T, np.eye(levels)
    first = np.zeros((1, 4, 2, 2), dtype=complex)
    first[0] = (
        problem.hamiltonian,
        problem.kappa * problem.operator,
        problem.kappa * problem.operator.conj().T,
        np.eye(2),
    )
    tensors = [first]
    for i in range(n):
        core = np.zeros((4, 4, levels, levels), dtype=complex)
        core[0, 0] = core[3, 3] = one
        core[1, 0], core[2, 0], core[3, 0] = up, b, problem.frequencies[i] * up @ b
        if i == n - 1:
            core = core[:, :1]
        else:
            core[3, 1], core[3, 2] = problem.hoppings[i] * b, problem.hoppings[i] * up
        tensors.append(core)
    mpo = MPO()
    mpo.custom(tensors)
    return Hamiltonian.from_mpo(mpo)


def evolve(problem: Problem, setting: dict[str, Any], start: Any) -> tuple[Any, Any]:
    """One noiseless trajectory."""
    levels, step, n = setting["levels"], setting["step"], problem.frequencies.size
    vacuum = np.eye(levels, dtype=complex)[0].reshape(levels, 1, 1)
    tensors = [np.asarray(start, dtype=complex).reshape(2, 1, 1), *(vacuum for _ in range(n))]
    state = State(tensors=tensors, physical_dimensions=[2, *(levels for _ in range(n))])
    parameters = AnalogSimParams(
        observables=[Observable("z", 0)],
        elapsed_time=problem.steps(step) * step,
        dt=step,
        num_traj=1,
        max_bond_dim=setting["max_bond"],
        svd_threshold=setting["svd"],
        krylov_tol=setting["krylov"],
        tdvp_mode=setting["geometry"],
    )
    result = Simulator(parallel=False, show_progress=False).run(state, operator(problem, levels), parameters)
    return np.asarray(parameters.times), np.asarray(result.expectation_values[0]).real


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    short = problem.shortened(setting["modes"])
    return mixed(short, lambda start: evolve(short, setting, start))


if __name__ == "__main__":
    drive("mqt-yaqs", run, packages=("numpy", "numba"))
