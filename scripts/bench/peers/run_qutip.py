"""QuTiP: hierarchical equations of motion. setting: method and exponents (of C(t)), depth, rtol; of a fit points and window (a time).

"pade" with a terminator of a Drude-Lorentz bath and "matsubara" of a Brownian one are QuTiP's own expansions of the uncut density; for
every other one C(t) is fitted by QuTiP ("espira-I" and its kin), which is part of the time measured. E_int is that of the auxiliary density
operators of the first tier, E_B what conservation of energy leaves.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import qutip
from common import Problem, columns, drive
from qutip.solver.heom import HEOMSolver


def exponentials(problem: Problem, setting: dict[str, Any]) -> tuple[Any, complex]:
    """The bath as exponentials, and what its terminator holds."""
    p, method, count = problem.density, setting["method"], setting["exponents"]
    if method == "pade":
        bath = qutip.DrudeLorentzEnvironment(T=problem.temperature, lam=p["reorganisation_energy"], gamma=p["width"])
        return bath.approximate("pade", Nk=count, compute_delta=True)  # type: ignore[no-any-return]
    if method == "matsubara":
        lam = np.sqrt(2 * p["reorganisation_energy"]) * p["frequency"]
        bath = qutip.UnderDampedEnvironment(T=problem.temperature, lam=lam, gamma=p["width"], w0=p["frequency"])
        return bath.approximate("matsubara", Nk=count, compute_delta=True)  # type: ignore[no-any-return]
    t = np.linspace(0.0, min(setting["window"], problem.times[-1]), setting["points"])
    bath = qutip.BosonicEnvironment.from_correlation_function(problem.correlation(t), t, T=problem.temperature)
    found, _ = bath.approximate(method, t, Nr=count)
    return found, 0.0


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    warnings.simplefilter("ignore")
    coupling = qutip.Qobj(problem.operator)
    bath, delta = exponentials(problem, setting)
    generator = qutip.liouvillian(qutip.Qobj(problem.hamiltonian))
    if delta:
        generator = generator + qutip.core.environment.system_terminator(coupling, delta)
    options = {"nsteps": 10**6, "store_ados": True, "store_states": True, "progress_bar": "", "rtol": setting["rtol"]}
    options |= {"atol": 1e-2 * setting["rtol"], "method": setting.get("solver", "adams")}
    solver = HEOMSolver(generator, (bath, coupling), max_depth=setting["depth"], options=options)
    found = solver.run(qutip.Qobj(problem.rho), problem.times)
    return problem.times, lambda: looked_at(problem, solver, found)


def looked_at(problem: Problem, solver: HEOMSolver, found: Any) -> dict[str, Any]:
    """State and energies."""
    values = columns(problem, np.array([state.full() for state in found.states]))
    first = [k for k, label in enumerate(solver.ados.labels) if sum(label) == 1]
    held = np.array([sum(np.asarray(state.extract(k).full()) for k in first) for state in found.ado_states])
    values["E_int"] = np.einsum("ij,tji->t", problem.operator, held).real
    total = values["E_S"] + values["E_int"]
    values["E_B"] = total[0] - total
    return values


if __name__ == "__main__":
    drive("qutip", run, packages=("numpy", "scipy"))
