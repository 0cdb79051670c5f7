"""Which engine for which problem: seconds and errors of time bins and of a chain on files with nothing but physics in them.

    python scripts/bench/routes.py [--limit 60] [--only WORDS]

Time bins take the settings that they choose, a chain those of `check_route` (sites and support by rule, tolerance 1e-4, bond 24), each
without error bars and entropies. Errors are the largest of rho_S and of E_int and E_B over their largest value, against time bins at half
the step and a tenth of the tolerance with a cap of 96. "-": longer than --limit seconds. The last column is what `route = "auto"` takes.
One thread, processor seconds. scripts/docs/time_bins.md holds what it printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

import numpy as np  # noqa: E402
from two_routes import at_most  # noqa: E402

import tnthermo as tt  # noqa: E402
from tnthermo.configuration.other_route import other_route  # noqa: E402
from tnthermo.configuration.resolve import Config, Resolved, load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402

Tables = dict[str, Any]
QUBIT = {"z": 0.1, "x": 0.4}
THREE = [[0.5, 0.2, 0.0], [0.2, 0.0, 0.3], [0.0, 0.3, -0.4]]
LADDER = [[0.5, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, -0.5]]


def power(alpha: float, exponent: float, shape: str, cutoff: float = 1.0) -> Tables:
    """A power law."""
    return {"kind": "power-law", "alpha": alpha, "exponent": exponent, "cutoff": cutoff, "shape": shape}


def drude(reorganisation: float, width: float) -> Tables:
    """A Drude-Lorentz density."""
    return {"kind": "drude-lorentz", "reorganisation_energy": reorganisation, "width": width}


def one(density: Tables, temperature: float, until: float, *, hamiltonian: Any = None, **coupling: Any) -> Tables:
    """A problem of one bath; A = sigma_z/2 unless ``coupling`` says otherwise."""
    initial = [1, 0, 0] if hamiltonian is THREE else "+z"
    return {
        "spectral_density": density, "bath": {"temperature": temperature}, "coupling": coupling or {"operator": {"z": 0.5}},
        "system": {"hamiltonian": hamiltonian or QUBIT, "initial": initial}, "evolution": {"until": until, "record_every": until / 20},
    }  # fmt: skip


def two(first: Tables, second: Tables, operators: tuple[Any, Any], until: float) -> Tables:
    """A hot bath (T = 1) and a cold one (T = .2)."""
    baths = [
        {"temperature": T, "spectral_density": density, "coupling": {"operator": operator}}
        for T, density, operator in zip((1.0, 0.2), (first, second), operators, strict=True)
    ]
    return {"bath": baths, "system": {"hamiltonian": QUBIT}, "evolution": {"until": until, "record_every": until / 20}}


SEMICIRCLE = {"kind": "semicircle", "coupling": 0.3, "centre": 1.0, "half_width": 0.6}
WIDE = {"z": 0.05, "x": 0.1}
PROBLEMS: dict[str, Tables] = {
    "hard, T = 0, weak (case A's length)": one(power(0.05, 1, "hard"), 0.0, 30.0, hamiltonian=WIDE),
    "hard, T = .2 (case B)": one(power(0.05, 1, "hard"), 0.2, 30.0, hamiltonian=WIDE, operator={"z": 1.0}),
    "hard, T = .2, short": one(power(0.1, 1, "hard"), 0.2, 8.0),
    "hard, sub-Ohmic, T = 0": one(power(0.1, 0.5, "hard"), 0.0, 15.0),
    "hard, super-Ohmic, T = .5": one(power(0.2, 3, "hard"), 0.5, 15.0),
    "hard, three levels, T = .3": one(power(0.1, 1, "hard"), 0.3, 10.0, hamiltonian=THREE, operator=LADDER),
    "hard, exchange, T = 0": one(power(0.05, 1, "hard"), 0.0, 10.0, operator="sigma_minus", kind="exchange"),
    "hard, exchange, T = .3": one(power(0.05, 1, "hard"), 0.3, 8.0, operator="sigma_minus", kind="exchange"),
    "semicircle, T = .2": one(SEMICIRCLE, 0.2, 15.0),
    "exponential, wc = 1, T = 0": one(power(0.1, 1, "exponential"), 0.0, 10.0),
    "exponential, wc = 1, T = 1": one(power(0.1, 1, "exponential"), 1.0, 10.0),
    "exponential, wc = 5, T = .2 (case E)": one(power(0.3, 1, "exponential", 5.0), 0.2, 10.0, hamiltonian={"x": 0.5}),
    "exponential, sub-Ohmic, wc = 5, T = .5": one(power(0.1, 0.5, "exponential", 5.0), 0.5, 4.0, hamiltonian={"x": 0.5}),
    "Gaussian, super-Ohmic, three levels": one(power(0.1, 3, "gaussian", 2.0), 0.3, 8.0, hamiltonian=THREE, operator=LADDER),
    "exponential, exchange, T = .3": one(power(0.05, 1, "exponential"), 0.3, 5.0, operator="sigma_minus", kind="exchange"),
    "Drude, T = .5 (case F)": one(drude(0.5, 1.0), 0.5, 10.0, hamiltonian={"z": 0.25, "x": 0.5}),
    "Drude, slow and hot": one(drude(0.3, 0.2), 2.0, 10.0),
    "two baths, one operator, hard": two(power(0.05, 1, "hard"), power(0.05, 1, "hard"), ({"z": 0.5}, {"z": 0.5}), 10.0),
    "two baths, not commuting, hard": two(power(0.05, 1, "hard"), power(0.05, 1, "hard"), ({"z": 0.5}, {"x": 0.5}), 8.0),
    "two baths, not commuting, Drude": two(drude(0.1, 1.0), drude(0.1, 1.0), ({"z": 0.5}, {"x": 0.5}), 5.0),
    "hard, T = 1, ultra-strong (case C)": one(power(0.375, 1, "hard"), 1.0, 15.0, hamiltonian={"x": 0.1}, operator={"z": 1.0}),
}  # fmt: skip


def bare(found: Resolved) -> tuple[dict[str, np.ndarray], float, int]:
    """(rho_S, E_int and E_B at the record times, processor seconds, largest bond)."""
    keywords = found.evolve_keywords() | {"error_bars": False, "bath_entropy": "off", "occupation_every": np.inf}
    before = time.process_time()
    run = tt.evolve(found.model, **{**keywords, "variance_every": np.inf})
    seconds = time.process_time() - before
    ledger = tt.ledger(run)
    return {name: ledger[name].values for name in ("rho_S", "E_int", "E_B")}, seconds, int(run.bonds.max())


def error(found: dict[str, np.ndarray], right: dict[str, np.ndarray]) -> float:
    """The largest difference, of energies over their largest value."""
    sizes = {name: 1.0 if name == "rho_S" else float(np.abs(right[name]).max()) for name in right}
    return max(float(np.abs(found[name] - right[name]).max()) / sizes[name] for name in right)


def tried(config: Config, limit: int, right: dict[str, np.ndarray]) -> str:
    """Seconds, bond and error of one engine as cells of the table."""
    try:
        with at_most(limit):
            found, seconds, bond = bare(resolve(config))
    except TimeoutError:
        return "- | | "
    return f"{seconds:.1f} | {bond} | {error(found, right):.0e}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--limit", type=int, default=60)
    parser.add_argument("--only", default="")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    print("| problem | bins s | bond | error | chain s | bond | error | auto |\n" + "|---" * 8 + "|")
    with tempfile.TemporaryDirectory() as folder:
        for number, (name, tables) in enumerate(PROBLEMS.items()):
            if asked.only not in name:
                continue
            by_itself, on_bins = Path(folder) / f"{number}.toml", Path(folder) / f"{number}_bins.toml"
            by_itself.write_text(to_toml(tables))
            on_bins.write_text(to_toml({**tables, "evolution": {**tables["evolution"], "method": "time-bins"}}))
            config = load_config(on_bins)
            chosen = resolve(config)
            assert isinstance(chosen.algorithm, tt.TimeBins)
            fine = replace(
                chosen.algorithm,
                step=0.5 * chosen.algorithm.step,
                tolerance=0.1 * chosen.algorithm.tolerance,
                max_bond=96,
            )
            try:
                with at_most(5 * asked.limit):
                    right = bare(replace(chosen, algorithm=fine))[0]
            except TimeoutError:
                print(f"| {name} | no reference within {5 * asked.limit} s |", flush=True)
                continue
            auto = resolve(load_config(by_itself)).algorithm.name
            cells = [tried(one_of, asked.limit, right) for one_of in (config, other_route(config))]
            print(f"| {name} | {cells[0]} | {cells[1]} | {auto} |", flush=True)


if __name__ == "__main__":
    main()
