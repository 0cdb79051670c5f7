"""What there is to pay beside the sweeps: chains, files, the ledger, start-up. (Sweeps over parameters: sweep.py.)

    OPENBLAS_NUM_THREADS=1 python scripts/bench/costs.py [chains] [files] [ledger] [startup] [--json FILE]

Prints one table for each part that is named (all without a name):

chains   processor seconds for the coefficients of 1000 sites, for densities and temperatures (to be below 1 s each)
files    seconds to write and to read result.nc and state.h5 of a typical run, and their sizes
ledger   processor seconds of runs that measure everything at every step, beside the same runs recorded at the end only (to cost < 15 %)
startup  seconds of importing, and of a first short run with an empty cache of compiled kernels and with a full one, in fresh processes

Processor seconds of one thread; wall seconds, for which the machine must be idle, for start-up.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import convergence
import numpy as np
import timing

import chains
import tnthermo as tt
from tnthermo.results import result_file, run_folder, state_file

# --- chains -----------------------------------------------------------------------------------------------------------------------


def densities() -> dict[str, chains.SpectralDensity]:
    """One of each kind."""
    w = np.linspace(0.0, 10.0, 400)
    peak = chains.Brownian(reorganisation_energy=0.1, frequency=1.0, width=0.05)
    ohmic = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="exponential")
    return {
        "Ohmic, hard": chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard"),
        "sub-Ohmic s = .5, hard": chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=0.5, shape="hard"),
        "Ohmic, exponential": ohmic,
        "s = 3, Gaussian": chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=3.0, shape="gaussian"),
        "Drude-Lorentz": chains.DrudeLorentz(reorganisation_energy=0.1, width=0.5),
        "Brownian, width .05": peak,
        "semicircle": chains.Semicircle(coupling=0.2, centre=1.0, half_width=0.5),
        "sum": chains.Sum(parts=[ohmic, peak]),
        "table of 400": chains.Table(frequencies=w, values=w * np.exp(-3 * w)),
        "function": chains.Function(function=lambda w: w * np.exp(-w), support=(0.0, np.inf)),
    }


def chain_costs(sites: int = 1000) -> dict[str, Any]:
    """Processor seconds for every density and temperature; the last column: two thermofield chains."""
    temperatures = (0.0, 0.01, 0.2, 2.0)
    chains.chain(densities()["Ohmic, hard"], 2, temperature=0.5)  # compiles
    found: dict[str, list[float]] = {}
    for name, density in densities().items():
        found[name] = [timing.seconds(partial(chains.chain, density, sites, temperature=T)) for T in temperatures]
        found[name].append(timing.seconds(partial(chains.thermofield_chains, density, sites, temperature=0.2)))
    head = ["density", *(f"T = {T:g}" for T in temperatures), "two chains, T = 0.2"]
    rows = [[name, *(f"{s:.2f}" for s in taken)] for name, taken in found.items()]
    print(f"\n### Coefficients of {sites} sites, processor seconds\n\n{timing.table(head, rows)}", flush=True)
    return found


# --- files ------------------------------------------------------------------------------------------------------------------------


def file_costs() -> dict[str, float]:
    """Of case B, recorded at every step, with error bars."""
    algorithm = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=24)
    run = tt.evolve(convergence.case_b(), algorithm=algorithm, until=convergence.UNTIL)
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        result, state = folder / run_folder.RESULT, folder / run_folder.STATE
        dataset = tt.ledger(run)
        final = run.state
        assert final is not None
        found = {
            "ledger": timing.seconds(lambda: tt.ledger(run), 3),
            "write result.nc": timing.seconds(lambda: result_file.save_result(result, dataset, run), 3),
            "write state.h5": timing.seconds(lambda: state_file.save_state(state, final, config_hash="-"), 3),
            "read the ledger": timing.seconds(lambda: result_file.load_ledger(folder), 3),
            "read the run": timing.seconds(lambda: result_file.load(folder), 3),
            "read state.h5": timing.seconds(lambda: state_file.load_state(state), 3),
        }
        sizes = f"result.nc {result.stat().st_size / 2**20:.2f} MiB, state.h5 {state.stat().st_size / 2**20:.2f} MiB"
    print(
        f"\n### Files of a run of {run.times.size} records, {run.model.sites} sites, bond {run.bonds.max()} ({sizes})\n"
    )
    print(timing.table(["", "processor seconds"], [[name, f"{s:.3f}"] for name, s in found.items()]), flush=True)
    return found


# --- ledger -----------------------------------------------------------------------------------------------------------------------


def two_baths() -> tt.Model:
    """A hot and a cold bath on one qubit, interleaved."""
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
    contacts = [tt.couple({"x": 0.5}, chains.chain(density, 40, temperature=T)) for T in (0.8, 0.2)]
    return tt.assemble(hamiltonian={"z": 0.25, "x": 0.1}, couplings=contacts)


Problem = tuple[Callable[[], tt.Model], tt.TDVP, float]
PROBLEMS: dict[str, Problem] = {
    "A, tolerance 1e-3": (convergence.case_a, tt.TDVP(step=0.25, tolerance=1e-3), 30.0),
    "A, tolerance 1e-5": (convergence.case_a, tt.TDVP(step=0.25, tolerance=1e-5), 30.0),
    "B, bond 12": (convergence.case_b, tt.TDVP(step=0.25, tolerance=1e-4, max_bond=12), 30.0),
    "B, bond 24": (convergence.case_b, tt.TDVP(step=0.25, tolerance=1e-5, max_bond=24), 30.0),
    "two baths, bond 12": (two_baths, tt.TDVP(step=0.4, tolerance=1e-4, max_bond=12), 16.0),
    "two baths, bond 24": (two_baths, tt.TDVP(step=0.2, tolerance=1e-5, max_bond=24), 16.0),
}


def ledger_cost(problem: Problem) -> dict[str, float]:
    """Processor seconds: the sweeps alone, the run recorded at its end, the run recorded at every step, and the ledger of that."""
    make, algorithm, until = problem
    model = make()
    timing.bare(model, algorithm, 2 * algorithm.step)
    taken: dict[str, list[tuple[float, float, float]]] = {"end only": [], "every step": []}
    for _ in range(3):  # in turns, so that both see the same machine
        for name, every in (("end only", until), ("every step", algorithm.step)):
            with timing.split() as parts:
                start = time.process_time()
                run = timing.bare(model, algorithm, until, record_every=every)
                taken[name].append((time.process_time() - start, parts["sweeps"], parts["measurements"]))
    whole, sweeps, measurements = min(taken["every step"])
    return {
        "sweeps": sweeps,
        "end only": min(taken["end only"])[0],
        "every step": whole,
        "measurements": measurements,
        "ledger": timing.seconds(lambda: tt.ledger(run), 2),
    }


def ledger_costs() -> dict[str, dict[str, float]]:
    """All problems; what is measured is everything but occupations and <H_chain^2>."""
    found = {name: ledger_cost(problem) for name, problem in PROBLEMS.items()}
    head = ["problem", "sweeps", "end only", "every step", "ledger", "records cost", "measured in all, of the run"]
    rows = [
        [
            name, *(f"{row[key]:.2f}" for key in ("sweeps", "end only", "every step", "ledger")),
            f"{100 * (row['every step'] + row['ledger'] - row['end only']) / row['end only']:.0f} %",
            f"{100 * (row['measurements'] + row['ledger']) / (row['every step'] + row['ledger']):.0f} %",
        ]
        for name, row in found.items()
    ]  # fmt: skip
    print(f"\n### The ledger, processor seconds\n\n{timing.table(head, rows)}", flush=True)
    return found


# --- start-up ---------------------------------------------------------------------------------------------------------------------

IMPORT = "import time; a = time.perf_counter(); import tnthermo; print(time.perf_counter() - a)"
FIRST = """
import time
a = time.perf_counter()
import chains, tnthermo as tt
J = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="hard")
model = tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 0.5}, bath=chains.chain(J, 20, temperature=0.2))
run = tt.evolve(model, algorithm=tt.TDVP(step=0.25, tolerance=1e-4, max_bond=8), until=1.0, error_bars=False)
tt.ledger(run)
print(time.perf_counter() - a)
"""


def fresh(code: str, cache: str | None = None) -> float:
    """Seconds that the code prints, in a process of its own."""
    environment = {**os.environ, **({"NUMBA_CACHE_DIR": cache} if cache else {})}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=environment)
    return float(json.loads(done.stdout.split()[-1]))


def startup_costs() -> dict[str, float]:
    """Import, and import with a short run and its ledger."""
    fresh(IMPORT)
    found = {"import tnthermo": min(fresh(IMPORT) for _ in range(3))}
    with tempfile.TemporaryDirectory() as cache:
        found["import, short run, ledger: nothing compiled yet"] = fresh(FIRST, cache)
        found["the same again"] = min(fresh(FIRST, cache) for _ in range(3))
        sizes = [file.stat().st_size for file in Path(cache).rglob("*") if file.is_file()]
    print("\n### Start-up, wall seconds\n")
    print(timing.table(["", "seconds"], [[name, f"{s:.1f}"] for name, s in found.items()]))
    print(f"\nThe compiled kernels of this run: {len(sizes)} files, {sum(sizes) / 2**20:.1f} MiB", flush=True)
    return found


PARTS: dict[str, Callable[[], Any]] = {
    "chains": chain_costs,
    "files": file_costs,
    "ledger": ledger_costs,
    "startup": startup_costs,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("parts", nargs="*", help=" ".join(PARTS))
    parser.add_argument("--json", help="also write the numbers to this file")
    arguments = parser.parse_args()
    if wrong := sorted(set(arguments.parts) - set(PARTS)):
        parser.error(f"no part {', '.join(wrong)}: {' '.join(PARTS)}")
    timing.write_json(arguments.json, {name: PARTS[name]() for name in arguments.parts or PARTS})


if __name__ == "__main__":
    main()
