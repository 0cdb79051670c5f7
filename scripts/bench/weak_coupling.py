"""With which power of the coupling does the bath's entropy production vanish, and down to where can it be told from its error?

    OMP_NUM_THREADS=1 python scripts/bench/weak_coupling.py [--temperature 0.2] [--factors 0.1 0.03 0.01 0.003 0.001]

The default study at t = 8 with J times each factor (lambda is its root): Sigma_B with its error, half of the distance of the bounds on
S_chi, and the power of lambda between neighbours. Second order has none: |Sigma_B| begins with lambda^4.
"""

from __future__ import annotations

import argparse
import math
import time
from itertools import pairwise

import chains
import tnthermo as tt

UNTIL = 8.0


def production(factor: float, temperature: float) -> tuple[float, float]:
    """Sigma_B and its error at the end of a run, printed."""
    began = time.process_time()
    density = chains.PowerLaw(alpha=0.3 * factor, cutoff=1.0, exponent=1.0, shape="hard")
    sites = chains.required_length(density, temperature=temperature, until=UNTIL)
    model = tt.SpinBoson(
        hamiltonian={"z": 0.1, "x": 0.3},
        coupling={"z": 0.5},
        bath=chains.chain(density, sites, temperature=temperature),
    )
    run = tt.evolve(
        model, initial="+z", algorithm=tt.TDVP(step=0.05, tolerance=1e-8), until=UNTIL, record_every=0.5,
        bath_entropy_every=UNTIL, occupation_every=math.inf,
    )  # fmt: skip
    last = tt.ledger(run).isel(t=-1)
    value, error = float(last.Sigma_B), float(last.Sigma_B_error)
    half = 0.5 * float(last.S_chi_upper - last.S_chi_lower)
    print(
        f"J x {factor:<6g} Sigma_B {value:.3e} +- {error:.1e}  half {half:.1e}  2 S_S {2 * float(last.S_S):.3f}  "
        f"{time.process_time() - began:.0f} s",
        flush=True,
    )
    return value, error


def main() -> None:
    """Print the table and the powers."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--temperature", type=float, default=0.2)
    parser.add_argument("--factors", type=float, nargs="+", default=[0.1, 0.03, 0.01, 0.003, 0.001])
    asked = parser.parse_args()
    found = [(factor, *production(factor, asked.temperature)) for factor in asked.factors]
    for (f, a, of_a), (g, b, of_b) in pairwise(found):
        per = 2 / math.log(f / g)
        print(f"{f:g} to {g:g}: lambda^{per * math.log(a / b):.2f} +- {per * (of_a / abs(a) + of_b / abs(b)):.2f}")


if __name__ == "__main__":
    main()
