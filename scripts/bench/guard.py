"""Whether the library has become slower: ratios, never seconds, against those kept in guard.json.

    OPENBLAS_NUM_THREADS=1 python scripts/bench/guard.py [--update] [--json FILE]

Prints a table of what was measured, what was kept, and the verdict; exit code 1 when something exceeds its bound. Processor times are
divided by that of a fixed loop of zgemm, or of another run, in the same process. Ratios of runs and counts of operations are those of any
machine; a ratio to zgemm is not (1.3 to 1.7 between two models of processor): guard.json keeps it for each model, and on a new one
it is not judged until --update has kept it. --update keeps what is measured now (do it on purpose, with the reason in the commit). One
minute.

An entry of guard.json is {values, most}: the measured number may be `most` times the value kept for this model; {value, within}: it may
differ by that fraction either way; {value, limit}: it may not exceed that number, whatever was measured before.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import convergence
import numpy as np
import timing

import chains
import tnthermo as tt
from tnthermo.machine.threads import one_blas_thread

KEPT = Path(__file__).with_name("guard.json")
SETTINGS = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=12)
UNTIL = 15.0

Entry = dict[str, Any]


def warm(length: int = 60) -> tt.Model:
    """Case B of convergence.py with another number of sites."""
    density = chains.PowerLaw(alpha=0.05, cutoff=1.0, exponent=1.0, shape="hard")
    bath = chains.chain(density, length, temperature=0.2)
    return tt.SpinBoson(hamiltonian={"z": 0.05, "x": 0.1}, coupling={"z": 1.0}, bath=bath)


def yardstick() -> None:
    """A fixed number of complex products of 96 rows."""
    a = np.random.default_rng(1).normal(size=(96, 96)) + 0j
    with one_blas_thread():
        timing.products(a, a, np.empty_like(a), 1500)


def run(model: tt.Model, algorithm: tt.Algorithm = SETTINGS, until: float = UNTIL) -> Callable[[], Any]:
    """A run that is recorded at its end only, to be called."""
    return lambda: timing.bare(model, algorithm, until, record_every=until)


def recorded(model: tt.Model, algorithm: tt.Algorithm, until: float) -> Callable[[], Any]:
    """The same recorded at every step, with its ledger."""
    return lambda: tt.ledger(timing.bare(model, algorithm, until))


def work_of(model: tt.Model, algorithm: tt.TDVP, until: float) -> float:
    """Millions of floating-point operations of the products with the blocks."""
    return timing.bare(model, algorithm, until, record_every=until).work / 1e6


def measures() -> dict[str, Callable[[], float]]:
    """What is measured, by name."""
    small, cold = warm(), convergence.case_a()
    larger, fine = replace(SETTINGS, max_bond=32, tolerance=1e-6), replace(SETTINGS, max_bond=None, tolerance=1e-5)
    usual = replace(SETTINGS, max_bond=16)
    density = chains.PowerLaw(alpha=0.1, cutoff=1.0, exponent=1.0, shape="exponential")
    return {
        "small warm run / zgemm": lambda: timing.ratio(run(small), yardstick),
        "larger bonds / zgemm": lambda: timing.ratio(run(small, larger, 12.0), yardstick),
        "cold run / zgemm": lambda: timing.ratio(run(cold, fine, 20.0), yardstick),
        "chain of 1000 sites / zgemm": lambda: timing.ratio(
            lambda: chains.chain(density, 1000, temperature=0.2), yardstick
        ),
        "recorded with its ledger / recorded at the end": lambda: timing.ratio(
            recorded(small, usual, 30.0), run(small, usual, 30.0)
        ),
        "120 sites / 60 sites": lambda: timing.ratio(run(warm(120), usual, 20.0), run(small, usual, 20.0)),
        "operations of the warm run (millions)": lambda: work_of(small, SETTINGS, UNTIL),
        "operations of the cold run (millions)": lambda: work_of(cold, fine, 20.0),
    }


BOUNDS: dict[str, Entry] = {
    "small warm run / zgemm": {"most": 1.3},
    "larger bonds / zgemm": {"most": 1.3},
    "cold run / zgemm": {"most": 1.3},
    "chain of 1000 sites / zgemm": {"most": 1.5},
    "recorded with its ledger / recorded at the end": {"limit": 1.15},
    "120 sites / 60 sites": {"limit": 1.1},
    "operations of the warm run (millions)": {"within": 0.02},
    "operations of the cold run (millions)": {"within": 0.02},
}


def processor() -> str:
    """The model of this machine's processor, as the system names it."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor() or platform.machine()
    said = dict(reversed([[part.strip() for part in line.split(":", 1)] for line in lines if ":" in line]))
    numbers = "/".join(said.get(name, "?") for name in ("cpu family", "model", "stepping"))
    return f"{said.get('model name', platform.machine())} {numbers}"


def kept_value(entry: Entry, machine: str) -> float | None:
    """What was measured before, on this ``machine`` where that matters."""
    value = entry["values"].get(machine) if "values" in entry else entry["value"]
    return None if value is None else float(value)


def verdict(value: float, entry: Entry, machine: str) -> str:
    """ "" where the measured ``value`` is within the bound of its entry, or has nothing to be compared with; else what is wrong."""
    if "limit" in entry:
        return "" if value <= entry["limit"] else f"above the limit {entry['limit']:g}"
    before = kept_value(entry, machine)
    if before is None:
        return ""
    ratio = value / before
    if "within" in entry:
        return (
            ""
            if abs(ratio - 1) <= entry["within"]
            else f"{100 * (ratio - 1):+.1f} %, allowed {100 * entry['within']:g} %"
        )
    return "" if ratio <= entry["most"] else f"{ratio:.2f} times the value kept, allowed {entry['most']:g}"


def updated(found: dict[str, float], kept: dict[str, Entry], machine: str) -> dict[str, Entry]:
    """The file with what was measured, other machines' values as they were; numbers with a limit are kept for information."""
    new: dict[str, Entry] = {}
    for name, number in found.items():
        value, bound = float(f"{number:.4g}"), BOUNDS[name]
        if "most" in bound:
            new[name] = {"values": {**kept.get(name, {}).get("values", {}), machine: value}, **bound}
        else:
            new[name] = {"value": value, **bound}
    return new


def line(name: str, value: float, entry: Entry, machine: str) -> list[str]:
    """One row of the table."""
    before = kept_value(entry, machine)
    if before is None:
        return [name, f"{value:.4g}", "", "not judged: nothing kept for this processor"]
    return [name, f"{value:.4g}", f"{before:.4g}", verdict(value, entry, machine) or "good"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--update", action="store_true", help="keep what is measured now in guard.json")
    parser.add_argument("--json", help="also write the numbers to this file")
    arguments = parser.parse_args()
    timing.bare(warm(), SETTINGS, 1.0)  # loads or compiles
    found = {name: measure() for name, measure in measures().items()}
    timing.write_json(arguments.json, found)
    machine = processor()
    kept: dict[str, Entry] = json.loads(KEPT.read_text(encoding="utf-8"))
    if arguments.update:
        kept = updated(found, kept, machine)
        timing.write_json(str(KEPT), kept)
    print(machine)
    rows = [line(name, value, kept[name], machine) for name, value in found.items()]
    print(timing.table(["measured", "now", "kept", "verdict"], rows))
    slower = [f"{name}: {text}" for name, value in found.items() if (text := verdict(value, kept[name], machine))]
    if slower:
        print("\nThe library got slower, or does other work than before:\n" + "\n".join(slower), file=sys.stderr)
    return 1 if slower else 0


if __name__ == "__main__":
    sys.exit(main())
