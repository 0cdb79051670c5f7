"""How far apart the bounds of I(S:B) are, what they cost, and how they narrow with effort.

    python scripts/bench/bath_bounds.py [--beta 10] [--modes 20] [--bond 24] [--times 4,8,12] [--most 150,300] [--weight 1e-7] [--exact]

J Ohmic, alpha = .3, hard cutoff 1, on its Gauss nodes; H_S = .1 sigma_z + .1 sigma_x, A = sigma_z/2, start +z. One line for each time and
each number of states kept, as a run with bath_entropy = "bracket" has it; --exact adds the exact route. Seconds of one evaluation, one
thread, without the run.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import chains
import tnthermo as tt
from tnthermo.bipartition.bracket import Effort
from tnthermo.bipartition.choice import BathEntropy
from tnthermo.bipartition.frame import frame
from tnthermo.threads import one_blas_thread
from tnthermo.usage import peak_memory


def model(modes: int, beta: float) -> tt.Model:
    """The biased, tunnelling spin-boson model on so many Gauss nodes."""
    density = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
    star = chains.star(chains.chain(density, modes))
    nodes = chains.Discrete(frequencies=list(star.frequencies), couplings=list(np.abs(star.couplings)))
    bath = chains.chain(nodes, temperature=1 / beta)
    return tt.SpinBoson(hamiltonian={"z": 0.1, "x": 0.1}, coupling={"z": 0.5}, bath=bath)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--beta", type=float, default=10.0)
    parser.add_argument("--modes", type=int, default=20)
    parser.add_argument("--bond", type=int, default=24, help="of the run")
    parser.add_argument("--times", default="4,8,12,16,20")
    parser.add_argument("--most", default="150,300", help="states kept of a side")
    parser.add_argument(
        "--weight", type=float, default=1e-7, help="the least that a projection may leave out; coarser ones come first"
    )
    parser.add_argument("--exact", action="store_true")
    options = parser.parse_args()
    whole = model(options.modes, options.beta)
    seen = frame(whole)
    print(f"S_B(0) = {seen.entropies.sum():.2f} nats of {options.modes} modes, beta = {options.beta:g}")
    print("| t | states allowed | modes | lower | upper | gap | states | left out | dropped | seconds | peak MiB |")
    print("| --- " * 11 + "|")
    for until in (float(t) for t in options.times.split(",")):
        run = tt.evolve(
            whole, initial="+z", algorithm=tt.TDVP(step=0.2, tolerance=1e-5, max_bond=options.bond), until=until,
            record_every=until, error_bars=False, occupation_every=np.inf, variance_every=np.inf, bath_entropy="off",
        )  # fmt: skip
        assert run.state is not None
        efforts = [(int(most), False) for most in options.most.split(",")]
        if options.exact:
            efforts.append((2000, True))
        for most, exact in efforts:
            effort = Effort(most=most, weight=options.weight)
            how = BathEntropy(frame=seen, exact=exact, effort=effort, initial_entropy=0.0)
            started = time.perf_counter()
            with one_blas_thread():
                found = how.measure(run.state)
            seconds, kind = time.perf_counter() - started, f"all {found.modes}" if found.exact else str(found.modes)
            print(
                f"| {until:g} | {most} | {kind} | {found.lower:.4f} | {found.upper:.4f} | {found.width:.4f} | {found.rows} "
                f"| {found.left_out:.0e} | {found.dropped:.0e} | {seconds:.1f} | {peak_memory() / 2**20:.0f} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
