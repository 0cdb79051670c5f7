"""Where a strongly coupled Otto cycle stops being an engine: the coupling at which the work of a cycle changes sign, at three temperatures.

A qubit H_S = w/2 sigma_z with w = 1.5 and 1, both couplings sigma_x/2, J = 2 alpha w to a hard cutoff 3, the hot bath with alpha, the cold
one, T = .4, with 5 alpha; contacts of 14, in which a coupling goes on and off within 4 each, between them adiabats of 1; the third cycle.

At weak coupling the work of a cycle is -(w_h - w_c) times what the populations differ by, however short the contacts are: an engine at any
alpha. What switching the couplings costs grows with alpha, and goes on growing where populations are thermal already.

    python scripts/studies/otto_boundary.py [--quick] [--out results/otto_boundary]

writes table.csv, all runs, and boundary.csv: six minutes on one core that is shared, two with --quick.
"""

from __future__ import annotations

import math
import time
from dataclasses import asdict, dataclass, replace

from shared import asked, write_table

import chains
import tnthermo as tt

SPLITTINGS, COLD, RATIO, CUTOFF = (1.5, 1.0), 0.4, 5.0, 3.0
CONTACT, SWITCHING, ADIABAT = 14.0, 4.0, 1.0
MOST_DOUBLINGS = 6
# of what a run with twice the step and ten times the tolerance changes, by the slower of both laws
CARRIED = 1 / (10**0.8 - 1)


@dataclass(frozen=True, kw_only=True)
class Point:
    """The last cycle of one run.

    W_bar: the error bar of W, carried on to the finer run by its law, with what the cycle still is from the limit cycle and what is left of
    its energy balance: hot and strong, the cap of the bonds is seen there first.
    """

    temperature: float
    alpha: float
    W: float
    W_bar: float
    W_drive_S: float
    W_switching: float
    Q_hot: float
    Q_hot_error: float
    mode: str
    distance: float
    remaining: float
    balance: float
    seconds: float


@dataclass(frozen=True, kw_only=True)
class Boundary:
    """The alpha of the hot bath at which the work vanishes, from the runs on both sides of it.

    of_bars  what the error bars of these runs make of its error, of_curve what the last refinement has changed
    """

    temperature: float
    alpha: float
    error: float
    of_bars: float
    of_curve: float
    below: float
    above: float


@dataclass(frozen=True, kw_only=True)
class Plan:
    """How much is computed, and how exactly."""

    temperatures: tuple[float, ...]
    first: float
    refinements: int
    count: int
    algorithm: tt.TimeBins


FULL = Plan(
    temperatures=(1.5, 2.0, 3.0),
    first=0.012,
    refinements=1,
    count=3,
    algorithm=tt.TimeBins(step=0.5, tolerance=1e-3, max_bond=20),
)
QUICK = replace(FULL, temperatures=FULL.temperatures[:1])


def point(alpha: float, T: float, plan: Plan) -> Point:
    """What one run says."""
    start = time.perf_counter()
    up, down = (w / 2 for w in SPLITTINGS)
    cycle = tt.Cycle(
        strokes=[
            tt.Stroke(name="heating", duration=CONTACT, hamiltonian={"z": up}, coupling=[1.0, 0.0]),
            tt.Stroke(name="expansion", duration=ADIABAT, hamiltonian={"z": [up, down]}, coupling=[0.0, 0.0]),
            tt.Stroke(name="cooling", duration=CONTACT, coupling=[0.0, 1.0]),
            tt.Stroke(name="compression", duration=ADIABAT, hamiltonian={"z": [down, up]}, coupling=[0.0, 0.0]),
        ],
        count=plan.count,
        switching=SWITCHING,
    )
    densities = [chains.PowerLaw(alpha=a, cutoff=CUTOFF, exponent=1.0, shape="hard") for a in (alpha, RATIO * alpha)]
    baths = [chains.Bath(density=J, temperature=each) for J, each in zip(densities, (T, COLD), strict=True)]
    couplings = [tt.couple({"x": 0.5}, bath, strength=f) for bath, f in zip(baths, cycle.strengths, strict=True)]
    model = tt.assemble(hamiltonian={"z": 0.0}, couplings=couplings, drives=list(cycle.drives))
    run = tt.evolve(
        model, initial="-z", algorithm=plan.algorithm, until=cycle.until, record_every=1.0, bath_entropy="off"
    )
    last = tt.cycles(tt.ledger(run), cycle).isel(cycle=-1)
    distance, remaining = float(last.distance), float(last.remaining)
    left = remaining if math.isfinite(remaining) else distance  # of two cycles nothing is known but the distance
    largest = max(abs(float(last[name])) for name in ("W_drive_S", "Q_hot", "Q_cold"))
    return Point(
        temperature=T,
        alpha=alpha,
        W=float(last.W),
        W_bar=CARRIED * float(last.W_error) + left * largest + abs(float(last.balance)),
        W_drive_S=float(last.W_drive_S),
        W_switching=float(last.W_drive_each.sum()),
        Q_hot=float(last.Q_hot),
        Q_hot_error=float(last.Q_hot_error),
        mode=str(last["mode"].item()),
        distance=distance,
        remaining=remaining,
        balance=float(last.balance),
        seconds=time.perf_counter() - start,
    )


def said(one: Point) -> Point:
    """Prints it as a row of a table."""
    cells = [f"{one.temperature:g}", f"{one.alpha:.4f}", f"{one.W:.4f} +- {one.W_bar:.0e}", f"{one.W_drive_S:.4f}"]
    cells += [f"{one.W_switching:.4f}", f"{one.Q_hot:.4f}", one.mode, f"{one.distance:.0e}", f"{one.seconds:.0f}"]
    print("| " + " | ".join(cells) + " |", flush=True)
    return one


def crossing(below: Point, above: Point) -> float:
    """The alpha at which the work of two runs, one of each sign, vanishes: W over log alpha is taken for straight between them."""
    part = below.W / (below.W - above.W)
    return below.alpha * (above.alpha / below.alpha) ** part


def boundary(T: float, plan: Plan) -> tuple[list[Point], Boundary]:
    """All runs at one temperature, and where the work vanishes. Raises RuntimeError where it does not, or changes sign the other way."""
    runs = [said(point(plan.first, T, plan))]
    for _ in range(MOST_DOUBLINGS + 1):
        if runs[0].W * runs[-1].W < 0:
            break
        runs.append(said(point(runs[-1].alpha * (2.0 if runs[0].W < 0 else 0.5), T, plan)))
    else:
        raise RuntimeError(f"T = {T:g}: the work keeps its sign from alpha = {runs[0].alpha:g} to {runs[-1].alpha:g}")
    below, above = sorted(runs[-2:], key=lambda one: one.alpha)
    if not below.W < 0 < above.W:
        raise RuntimeError(f"T = {T:g}: an engine at alpha = {above.alpha:g}, and none at {below.alpha:g}")
    found = [crossing(below, above)]
    for _ in range(plan.refinements):
        runs.append(said(point(found[-1], T, plan)))
        below, above = (runs[-1], above) if runs[-1].W < 0 else (below, runs[-1])
        found.append(crossing(below, above))
    slope = (above.W - below.W) / math.log(above.alpha / below.alpha)
    part = below.W / (below.W - above.W)  # each bar counts as much as its run does in the interpolation
    of_bars = found[-1] * ((1 - part) * below.W_bar + part * above.W_bar) / slope
    of_curve = abs(found[-1] - found[-2])
    return runs, Boundary(
        temperature=T, alpha=found[-1], error=of_bars + of_curve, of_bars=of_bars, of_curve=of_curve, below=below.alpha, above=above.alpha
    )  # fmt: skip


def main(arguments: list[str] | None = None) -> tuple[list[Point], list[Boundary]]:
    options = asked("otto_boundary", "where an Otto cycle stops being an engine", "one temperature", arguments)
    start = time.perf_counter()
    plan = QUICK if options.quick else FULL
    head = ("T_h", "alpha", "W", "work of H_S", "of switching", "Q_hot", "mode", "distance", "s")
    print("| " + " | ".join(head) + " |\n" + "|---" * len(head) + "|")
    runs: list[Point] = []
    found: list[Boundary] = []
    for T in plan.temperatures:
        mine, one = boundary(T, plan)
        runs += mine
        found.append(one)
        print(f"T_h = {T:g}: no engine beyond alpha = {one.alpha:.4f} +- {one.error:.4f}", flush=True)
    write_table([asdict(one) for one in runs], options.out)
    write_table([asdict(one) for one in found], options.out, "boundary.csv")
    print(f"{time.perf_counter() - start:.0f} s; {options.out / 'table.csv'}, {options.out / 'boundary.csv'}")
    return runs, found


if __name__ == "__main__":
    main()
