"""How narrowly the mutual information of a system and a continuum is enclosed, case by case, and what an evaluation costs.

    OMP_NUM_THREADS=1 python scripts/bench/continuum_bounds.py [CASE ...] [--bath-entropy bracket] [--accuracy 1e-3]

Prints for each evaluated time the bounds on S_chi = I(S:B), half of their distance, 2 S_S, and the seconds of all evaluations of the run.
The tables of scripts/docs/bath_entropy.md are made by it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np

import chains
import tnthermo as tt

OHMIC = chains.PowerLaw(alpha=0.3, cutoff=1.0, exponent=1.0, shape="hard")
STRAIGHT = chains.PowerLaw(alpha=0.125, cutoff=1.0, exponent=1.0, shape="hard")  # J = w/4
WEAK = chains.PowerLaw(alpha=0.0125, cutoff=1.0, exponent=1.0, shape="hard")  # J = w/40
OHMIC_SOFT = chains.PowerLaw(alpha=0.3, cutoff=5.0, exponent=1.0, shape="exponential")
SUB_OHMIC = chains.PowerLaw(alpha=0.1, cutoff=5.0, exponent=0.5, shape="exponential")
DRUDE = chains.DrudeLorentz(reorganisation_energy=0.5, width=1.0)
EXCHANGE = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")

Run = dict[str, Any]


def one_bath(
    density: Any, temperature: float, H: Any, A: Any, until: float, *, support: float | None = None
) -> tt.Model:
    """A model with one bath on a chain as long as its light cone."""
    sites = chains.required_length(density, temperature=temperature, until=until, support=support)
    bath = chains.chain(density, sites, temperature=temperature, support=support)
    return tt.SpinBoson(hamiltonian=H, coupling=A, bath=bath)


def exchange(temperature: float, until: float) -> tt.Model:
    """Exchange with a thermofield pair of chains."""
    sites = chains.required_length(EXCHANGE, temperature=temperature, until=until)
    return tt.JaynesCummings(
        hamiltonian={"z": 0.25}, bath=chains.thermofield_chains(EXCHANGE, sites, temperature=temperature)
    )


def two_baths(until: float) -> tt.Model:
    """A hot and a cold bath at one qubit."""
    density = chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=1.0, shape="hard")
    parts = [("z", 1.0), ("x", 0.2)]
    baths = [
        chains.chain(density, chains.required_length(density, temperature=T, until=until), temperature=T)
        for _, T in parts
    ]
    couplings = [tt.couple({axis: 0.5}, bath) for (axis, _), bath in zip(parts, baths, strict=True)]
    return tt.Model(hamiltonian=np.diag([0.25, -0.25]).astype(complex), couplings=tuple(couplings))


def settings(step: float, tolerance: float = 1e-6, bond: int = 40) -> tt.TDVP:
    """TDVP as the cases take it."""
    return tt.TDVP(step=step, tolerance=tolerance, max_bond=bond)


def dephasing(density: chains.PowerLaw, beta: float) -> tuple[tt.Model, Run]:
    """Pure dephasing from +x."""
    model = one_bath(density, 1 / beta, {"z": 0.0}, {"z": 1.0}, 8.0)
    return model, {"until": 8.0, "bath_entropy_every": 8.0, "initial": "+x", "algorithm": settings(0.1)}


def exchanging(T: float) -> tuple[tt.Model, Run]:
    """Exchange from +x."""
    return exchange(T, 6.0), {"until": 6.0, "bath_entropy_every": 2.0, "initial": "+x", "algorithm": settings(0.05)}


CASES: dict[str, Callable[[], tuple[tt.Model, Run]]] = {
    "default": lambda: (
        one_bath(OHMIC, 0.2, {"z": 0.1, "x": 0.3}, {"z": 0.5}, 12.0),
        {"until": 12.0, "bath_entropy_every": 2.0, "algorithm": settings(0.05, bond=64)},
    ),
    **{
        f"dephasing {name} beta {beta}": partial(dephasing, density, beta)
        for name, density in (("w/4", STRAIGHT), ("w/40", WEAK))
        for beta in (20, 10, 5)
    },
    "hot": lambda: (
        one_bath(OHMIC, 1.0, {"z": 0.1, "x": 0.1}, {"z": 0.5}, 20.0),
        {"until": 20.0, "bath_entropy_every": 4.0, "algorithm": settings(0.05, bond=24)},
    ),
    "Ohmic, exponential": lambda: (
        one_bath(OHMIC_SOFT, 0.2, {"x": 0.5}, {"z": 0.5}, 4.0, support=40.0),
        {"until": 4.0, "bath_entropy_every": 2.0, "algorithm": settings(0.02, bond=24)},
    ),
    "sub-Ohmic, exponential": lambda: (
        one_bath(SUB_OHMIC, 0.5, {"x": 0.5}, {"z": 0.5}, 2.0, support=40.0),
        {"until": 2.0, "bath_entropy_every": 1.0, "algorithm": settings(0.02, bond=24)},
    ),
    "Drude-Lorentz": lambda: (
        one_bath(DRUDE, 0.5, {"z": 0.25, "x": 0.5}, {"z": 0.5}, 4.0, support=18.0),
        {"until": 4.0, "bath_entropy_every": 2.0, "algorithm": settings(0.02, bond=24)},
    ),
    **{f"exchange T {T}": partial(exchanging, T) for T in (0.2, 1.0)},
    "hot and cold": lambda: (
        two_baths(6.0),
        {"until": 6.0, "bath_entropy_every": 2.0, "algorithm": settings(0.05)},
    ),
    "driven": lambda: (
        tt.SpinBoson(
            hamiltonian={"z": 0.1, "x": 0.3},
            coupling={"z": 0.5},
            bath=chains.chain(OHMIC, 12, temperature=0.2),
            strength=tt.Square(start=0.0, stop=4.0, height=1.0),
        ),
        {"until": 8.0, "bath_entropy_every": 2.0, "algorithm": settings(0.05)},
    ),
}


def main() -> None:
    """Run the cases that are asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)}; all of them if left out")
    parser.add_argument("--bath-entropy", default="auto", choices=["auto", "bracket"])
    parser.add_argument("--accuracy", type=float)
    asked = parser.parse_args()
    for name in asked.cases or CASES:
        model, how = CASES[name]()
        run = tt.evolve(
            model, bath_entropy=asked.bath_entropy, bath_entropy_accuracy=asked.accuracy, error_bars=False,
            record_every=how["algorithm"].step * 10, **how,
        )  # fmt: skip
        ledger = tt.ledger(run)
        print(f"{name}: {model.sites} sites, evaluations {run.bath_entropy_seconds:.1f} s of {run.wall_seconds:.1f} s")
        for t, low, high, S in zip(
            run.t, run.correlation_lower, run.correlation_upper, ledger["S_S"].values, strict=True
        ):
            if np.isfinite(high) and t > 0:
                change = (
                    f"Delta_S_B in [{low - S + ledger['S_S'].values[0]:.5f}, {high - S + ledger['S_S'].values[0]:.5f}]"
                )
                print(
                    f"  t = {t:5.2f}  S_chi in [{low:.5f}, {high:.5f}]  half {0.5 * (high - low):.5f}  2 S_S {2 * S:.4f}  {change}"
                )


if __name__ == "__main__":
    main()
