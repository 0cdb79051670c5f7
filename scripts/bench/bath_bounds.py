"""How far apart the bounds of I(S:B) are, what they cost, and how they narrow with effort.

    python scripts/bench/bath_bounds.py [--beta 10] [--modes 20] [--bond 24] [--times 4,8,12] [--most 150,300] [--weight 1e-7]
                                        [--exact [2000]]
    python scripts/bench/bath_bounds.py --dephasing

J Ohmic, alpha = .3, hard cutoff 1, on its Gauss nodes; H_S = .1 sigma_z + .1 sigma_x, A = sigma_z/2, start +z. One line for each time and
each number of states kept, as a run with bath_entropy = "bracket" has it; --exact adds the exact route. Seconds of one evaluation, one
thread, without the run.

--dephasing: bounds on Delta S_B at t = 8 of A = sigma_z, start +x, J = slope w on [0, 1], by the route that suits each.
"""

from __future__ import annotations

import argparse
import time

import numpy as np

import chains
import tnthermo as tt
from tnthermo.bath_entropy.bracket import Effort
from tnthermo.bath_entropy.choice import BathEntropy, Wanted, choose
from tnthermo.bath_entropy.frame import frame
from tnthermo.machine.memory import peak_memory
from tnthermo.machine.threads import one_blas_thread

DEPHASING: tuple[tuple[float, float, int, Wanted], ...] = (
    (0.25, 20, 6, "exact"), (0.25, 20, 8, "exact"), (0.025, 20, 8, "exact"), (0.25, 20, 12, "bracket"), (0.025, 10, 8, "bracket"),
    (0.25, 20, 20, "bracket"), (0.25, 5, 6, "bracket"),
)  # fmt: skip
"""(slope of J, beta, modes, route)"""


def nodes(alpha: float, modes: int, beta: float) -> chains.Chain:
    """J = 2 alpha w on [0, 1], on so many Gauss nodes."""
    density = chains.PowerLaw(alpha=alpha, cutoff=1.0, exponent=1.0, shape="hard")
    star = chains.star(chains.chain(density, modes))
    found = chains.Discrete(frequencies=list(star.frequencies), couplings=list(np.abs(star.couplings)))
    return chains.chain(found, temperature=1 / beta)


def model(modes: int, beta: float) -> tt.Model:
    """The biased, tunnelling spin-boson model."""
    return tt.SpinBoson(hamiltonian={"z": 0.1, "x": 0.1}, coupling={"z": 0.5}, bath=nodes(0.3, modes, beta))


def dephasing() -> None:
    """One line for each of `DEPHASING`: two branches of displaced states, which a bond of two holds."""
    print("| J | beta | modes | S_B(0) | route | Delta S_B between | gap | seconds |")
    print("| --- " * 8 + "|")
    for slope, beta, modes, wanted in DEPHASING:
        whole = tt.SpinBoson(hamiltonian={"z": 0.5}, coupling={"z": 1.0}, bath=nodes(slope / 2, modes, beta))
        run = tt.evolve(
            whole, initial="+x", algorithm=tt.TDVP(step=0.1, tolerance=1e-9, max_bond=2, order=4), until=8.0, record_every=8.0,
            error_bars=False, occupation_every=np.inf, variance_every=np.inf, bath_entropy="off",
        )  # fmt: skip
        how = choose(whole, wanted, rho=run.initial, most=None)
        assert run.state is not None
        assert how is not None
        started = time.perf_counter()
        with one_blas_thread():
            found = how.measure(run.state)
        seconds, kind = time.perf_counter() - started, "exact" if found.exact else f"{found.modes} modes"
        print(
            f"| {slope:g} w | {beta:g} | {modes} | {how.frame.entropies.sum():.2f} | {kind} | {found.lower - found.S_S:.5f} and "
            f"{found.upper - found.S_S:.5f} | {found.width:.5f} | {seconds:.1f} |",
            flush=True,
        )


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
    parser.add_argument("--exact", nargs="?", type=int, const=2000, metavar="STATES", help="the exact route as well")
    parser.add_argument("--dephasing", action="store_true", help="bounds of pure dephasing instead")
    options = parser.parse_args()
    if options.dephasing:
        dephasing()
        return
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
            efforts.append((options.exact, True))
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
