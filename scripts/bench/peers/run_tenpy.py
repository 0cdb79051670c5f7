"""TeNPy: one-site TDVP after one random expansion of the bonds, or two-site TDVP. setting: step, levels, modes, max_bond, sites, svd."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from common import Problem, drive, lowering, mixed, sigma_z
from tenpy.algorithms.tdvp import SingleSiteTDVPEngine, TwoSiteTDVPEngine
from tenpy.linalg.np_conserved import LegCharge
from tenpy.models.lattice import TrivialLattice
from tenpy.models.model import CouplingModel, MPOModel
from tenpy.networks.mps import MPS
from tenpy.networks.site import Site


class Chain(CouplingModel, MPOModel):
    """The system and its chain, without conserved quantities."""

    def __init__(self, problem: Problem, levels: int) -> None:
        b, n = lowering(levels), problem.frequencies.size
        system = Site(
            LegCharge.from_trivial(2), H=problem.hamiltonian, L=problem.operator, Ld=problem.operator.conj().T
        )
        boson = Site(LegCharge.from_trivial(levels), B=b, Bd=b.conj().T, N=b.conj().T @ b)
        CouplingModel.__init__(self, TrivialLattice([system, *(boson for _ in range(n))]))
        self.add_onsite_term(1.0, 0, "H")
        for names in (("L", "Bd"), ("Ld", "B")):
            self.add_coupling_term(problem.kappa, 0, 1, *names)
        for i, e in enumerate(problem.frequencies):
            self.add_onsite_term(e, i + 1, "N")
        for i, t in enumerate(problem.hoppings):
            for names in (("Bd", "B"), ("B", "Bd")):
                self.add_coupling_term(t, i + 1, i + 2, *names)
        MPOModel.__init__(self, self.lat, self.calc_H_MPO())


def evolve(problem: Problem, setting: dict[str, Any], start: Any) -> tuple[Any, Any]:
    levels, step, bond = setting["levels"], setting["step"], setting["max_bond"]
    model = Chain(problem, levels)
    vacuum = np.eye(levels, dtype=complex)[0]
    psi = MPS.from_product_state(model.lat.mps_sites(), [start, *(vacuum for _ in problem.frequencies)], dtype=complex)
    engines = {1: SingleSiteTDVPEngine, 2: TwoSiteTDVPEngine}
    if setting["sites"] == 1:
        np.random.seed(1)  # noqa: NPY002  (what the library draws from)
        psi.subspace_expansion(trunc_par={"chi_max": bond, "svd_min": 1e-14})
    options = {
        "dt": step,
        "N_steps": 1,
        "trunc_params": {"chi_max": bond, "svd_min": setting.get("svd", 1e-10)},
        "lanczos_params": {"P_tol": setting["krylov"], "N_max": 40},
        "max_dt": None,
        "max_N_sites_per_ring": None,
    }
    engine = engines[setting["sites"]](psi, model, options)
    t, z = [0.0], [measure(psi)]
    for k in range(1, problem.steps(step) + 1):
        engine.run()
        t.append(k * step)
        z.append(measure(psi))
    return np.array(t), np.array(z)


def measure(psi: Any) -> float:
    rho = psi.get_rho_segment([0]).to_ndarray()
    return sigma_z(rho) / float(np.trace(rho).real)


def run(problem: Problem, setting: dict[str, Any]) -> tuple[Any, Any]:
    warnings.simplefilter("ignore")
    short = problem.shortened(setting["modes"])
    return mixed(short, lambda start: evolve(short, setting, start))


if __name__ == "__main__":
    drive("physics-tenpy", run, packages=("numpy",))
