"""Error in sigma_z against wall time, three settings each, on the two problems with stored references.

A  cold and strong   J = (alpha/2) w on [0, 1], alpha = .5, A = sigma_z, H_S = .1 sigma_x, T = 0, 40 sites
B  warm              the same with alpha = .2, H_S = .05 sigma_z + .1 sigma_x, T = .2, 60 sites

Run as  OPENBLAS_NUM_THREADS=1 python scripts/bench/convergence.py [A|B]  after `scripts/test` has made the environment.
Wall times leave out imports and compilation (a short run comes first). The references are tests/oracles/reference/perf_{A,B}.npz.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

import numpy as np
from scipy.interpolate import CubicSpline

import chains
import tnthermo as tt

REFERENCE = Path(__file__).resolve().parents[2] / "tests" / "oracles" / "reference"
UNTIL = 30.0


def case_a() -> tt.Model:
    bath = chains.chain(
        chains.PowerLaw(alpha=0.125, cutoff=1.0, exponent=1.0, shape="hard"), length=40, temperature=0.0
    )
    return tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 1.0}, bath=bath)


def case_b() -> tt.Model:
    bath = chains.chain(chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=1.0, shape="hard"), length=60, temperature=0.2)
    return tt.SpinBoson(hamiltonian={"z": 0.05, "x": 0.1}, coupling={"z": 1.0}, bath=bath)


SETTINGS_A = (
    tt.TDVP(step=0.25, tolerance=1e-3),
    tt.TDVP(step=0.125, tolerance=1e-4),
    tt.TDVP(step=0.1, tolerance=2e-6, max_bond=20),
)
SETTINGS_B = (
    tt.TDVP(step=0.5, tolerance=1e-3, max_bond=12),
    tt.TDVP(step=0.25, tolerance=1e-4, max_bond=16),
    tt.TDVP(step=0.1, tolerance=1e-5, max_bond=16),
)
CASES = {"A": (case_a, SETTINGS_A), "B": (case_b, SETTINGS_B)}


def main(names: list[str]) -> None:
    for name in names or list(CASES):
        make, settings = CASES[name]
        model = make()
        stored = np.load(REFERENCE / f"perf_{name}.npz")
        reference = CubicSpline(stored["t"], stored["sigma_z"])
        tt.evolve(model, algorithm=settings[0], until=1.0, error_bars=False)
        print(f"case {name}: reference error {stored['error']}")
        print(f"{'step':>7}{'tolerance':>11}{'max_bond':>10}{'wall s':>9}{'error':>11}{'bond':>6}{'levels':>8}  flags")
        for algorithm in settings:
            start = time.perf_counter()
            run = tt.evolve(model, algorithm=algorithm, until=UNTIL, error_bars=False, occupation_every=np.inf)
            wall = time.perf_counter() - start
            sigma_z = (run.rho_S[:, 0, 0] - run.rho_S[:, 1, 1]).real
            error = np.abs(sigma_z - reference(run.times)).max()
            print(
                f"{algorithm.step:7g}{algorithm.tolerance:11.0e}{algorithm.max_bond or '-':>10}{wall:9.2f}{error:11.2e}"
                f"{run.bonds.max():6d}{run.levels.max():8d}  {'; '.join(run.flags) or 'none'}",
                flush=True,
            )


if __name__ == "__main__":
    main(sys.argv[1:])
