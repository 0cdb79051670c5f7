"""Layouts of several chains on the line, compared by cost at equal error: python scripts/bench/layouts.py [--json FILE]

Three problems: exchange coupling to a warm bath (two thermofield chains), Hermitian coupling to a warm bath (the same two chains, and the
one thermal chain), and two baths of different temperature (one chain each). The error is the largest deviation of rho_S and of the baths'
energy from a finer run of the first layout; processor time of one thread, without compilation. scripts/docs/layouts.md holds a table that
this script printed.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

import numpy as np

import chains
import tnthermo as tt
from tnthermo.model.line import Layout

DENSITY = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
SPLITTING = {"z": 0.25, "x": 0.1}


@dataclass(frozen=True, kw_only=True)
class Case:
    """A problem, and for each way to lay it out a model."""

    name: str
    models: dict[str, Callable[[], tt.Model]]
    initial: str
    until: float


def exchange(layout: Layout) -> tt.Model:
    pair = chains.thermofield_chains(DENSITY, 24, temperature=0.5)
    return tt.JaynesCummings(hamiltonian={"z": 0.25}, bath=pair, layout=layout)


def hermitian(layout: Layout | Literal["single chain"]) -> tt.Model:
    if layout == "single chain":
        return tt.SpinBoson(hamiltonian=SPLITTING, coupling={"x": 0.5}, bath=chains.chain(DENSITY, 40, temperature=0.5))
    pair = chains.thermofield_chains(DENSITY, 24, temperature=0.5)
    return tt.SpinBoson(hamiltonian=SPLITTING, coupling={"x": 0.5}, bath=pair, layout=layout)


def two_baths(layout: Layout) -> tt.Model:
    contacts = [tt.couple({"x": 0.5}, chains.chain(DENSITY, 40, temperature=T)) for T in (0.8, 0.2)]
    return tt.assemble(hamiltonian=SPLITTING, couplings=contacts, layout=layout)


BOTH: tuple[Layout, ...] = ("interleaved", "middle")
ALL: tuple[Layout | Literal["single chain"], ...] = (*BOTH, "single chain")
UNTIL = 16.0
CASES = (
    Case(name="exchange, T = .5", models={k: partial(exchange, k) for k in BOTH}, initial="+x", until=UNTIL),
    Case(
        name="Hermitian, T = .5",
        models={k: partial(hermitian, k) for k in ALL},
        initial="+z",
        until=UNTIL,
    ),
    Case(name="two baths, T = .8 and .2", models={k: partial(two_baths, k) for k in BOTH}, initial="+z", until=UNTIL),
)
SETTINGS = [
    tt.TDVP(step=step, tolerance=tolerance, max_bond=bond)
    for step, tolerance, bond in ((0.4, 1e-4, 12), (0.2, 1e-5, 16), (0.2, 1e-5, 24), (0.2, 1e-5, 32))
]
FINEST = tt.TDVP(step=0.1, tolerance=1e-6, max_bond=44)


def run(
    model: tt.Model, case: Case, algorithm: tt.Algorithm, until: float | None = None
) -> tuple[float, tt.Trajectory]:
    """(processor seconds, trajectory)."""
    start = time.process_time()
    found = tt.evolve(
        model, initial=case.initial, algorithm=algorithm, until=until or case.until, record_every=0.4, error_bars=False,
        occupation_every=np.inf, variance_every=np.inf,
    )  # fmt: skip
    return time.process_time() - start, found


def deviation(one: tt.Trajectory, other: tt.Trajectory) -> float:
    """Largest difference of rho_S, and of E_B over max E_B, at the record times."""
    a, b = one.recorded, other.recorded
    states = float(np.abs(one.rho_S[a] - other.rho_S[b]).max())
    ours, theirs = one.chain_energy[a].sum(axis=1), other.chain_energy[b].sum(axis=1)
    return max(states, float(np.abs(ours - theirs).max() / np.abs(theirs).max()))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="also write the numbers to this file")
    parser.add_argument("--quick", action="store_true", help="to t = 4")
    arguments = parser.parse_args()
    rows = []
    for case in CASES:
        case = replace(case, until=4.0) if arguments.quick else case
        for build in case.models.values():
            run(build(), case, SETTINGS[0], until=0.8)  # compiles
        first = next(iter(case.models.values()))
        seconds, reference = run(first(), case, FINEST)
        print(f"\n{case.name}, t <= {case.until:g}   (reference {seconds:.0f} s)", flush=True)
        print("| layout | bond | step | seconds | error |\n|---|---|---|---|---|")
        for layout, build in case.models.items():
            for algorithm in SETTINGS:
                seconds, found = run(build(), case, algorithm)
                row = {
                    "case": case.name, "layout": layout, "bond": algorithm.max_bond, "step": algorithm.step, "seconds": seconds,
                    "error": deviation(found, reference),
                }  # fmt: skip
                rows.append(row)
                print(f"| {layout} | {row['bond']} | {row['step']} | {seconds:.1f} | {row['error']:.1e} |", flush=True)
    if arguments.json:
        with open(arguments.json, "w", encoding="utf-8") as handle:
            json.dump(rows, handle, indent=1)


if __name__ == "__main__":
    main()
