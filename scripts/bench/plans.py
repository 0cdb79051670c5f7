"""How well `tnthermo plan` foretells: seconds and memory of runs beside what it said of them, each in a process of its own.

    python scripts/bench/plans.py [--pilot 5] [--only NAME ...]

Ten runs of different kinds: to a target and with settings by hand, on bins and chains, short and long, with and without the bath's entropy,
two baths, three levels. Seconds are those of the runs themselves (all rungs, or the companion, included), without start, loading of
kernels and figures; memory is the most that the process of `tnthermo run` held, figures included.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

from calibration_set import named_problems  # noqa: E402

import tnthermo as tt  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402

QUIET = {"thermodynamics": {"bath_entropy": "off"}}
BY_HAND = {"method": "tdvp", "tolerance": 1e-4, "max_bond": 24}
PLAN = """
import sys, json
from tnthermo.configuration.resolve import resolve_file
from tnthermo.studies.pilot import pilot
found = pilot(resolve_file(sys.argv[1]), float(sys.argv[2]))
print(json.dumps({"seconds": found.seconds, "range": found.range, "memory": found.memory, "spent": found.spent, "words": found.words}))
"""
PEAK = """
import resource, subprocess, sys
subprocess.run(sys.argv[1:], capture_output=True)
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
"""


def problems() -> dict[str, dict[str, Any]]:
    """Configurations by name."""
    own = {problem.name: problem.tables for problem in named_problems()}
    study = tomllib.loads((ROOT / "scripts" / "studies" / "strong_coupling.toml").read_text())

    def by_hand(name: str, step: float, **more: object) -> dict[str, Any]:
        tables = dict(own[name])
        tables["evolution"] = {**tables["evolution"], **BY_HAND, "step": step, **more}
        return tables

    def aimed(name: str, target: float, **more: object) -> dict[str, Any]:
        return {**own[name], "accuracy": {"target": target}, **more}

    return {
        "E, target 1e-3": aimed("case E", 1e-3, **QUIET),
        "E, target 1e-4": aimed("case E", 1e-4, **QUIET),
        "F, target 1e-3, bath entropy": aimed("case F", 1e-3),
        "dimer, target 1e-3": aimed("foreign exciton_dimer", 1e-3, **QUIET),
        "long, target 1e-4": aimed("exponential s=1 T=.1, long", 1e-4, **QUIET),
        "brownian hot, target 1e-2": aimed("foreign brownian_hot", 1e-2, **QUIET),
        "A, chain by hand": {**by_hand("case A", 0.25), **QUIET},
        "three levels, chain by hand": {**by_hand("three levels, hard T=.3", 0.1), **QUIET},
        "two baths, bins, target 1e-3": aimed("two baths, not commuting, hard", 1e-3, **QUIET),
        "the default study": study,
    }


def said(words: str, *command: str) -> dict[str, Any]:
    """What a program prints last."""
    done = subprocess.run([sys.executable, "-c", words, *command], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def measured(config: Path, out: Path) -> tuple[float, float]:
    """(seconds of the runs, bytes that the process of `tnthermo run` held at most)."""
    command = [sys.executable, "-m", "tnthermo", "run", str(config), "--out", str(out), "--quiet"]
    done = subprocess.run([sys.executable, "-c", PEAK, *command], capture_output=True, text=True, check=True)
    peak = 1024.0 * float(done.stdout.split()[-1])
    run: tt.Trajectory | None = tt.load(out)
    seconds = 0.0
    while run is not None:
        seconds += run.wall_seconds - run.compile_seconds
        run = run.rough
    return seconds, peak


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pilot", default="5")
    parser.add_argument("--only", nargs="*", default=[])
    asked = parser.parse_args()
    print(
        "| run | pilot s | said s | range | took s | said/took | said MiB | took MiB | ratio | pilot |\n"
        + "|---" * 10
        + "|"
    )
    off = []
    for name, tables in problems().items():
        if asked.only and not any(re.search(word, name) for word in asked.only):
            continue
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "problem.toml"
            config.write_text(to_toml(tables))
            plan = said(PLAN, str(config), asked.pilot)
            seconds, peak = measured(config, Path(folder) / "out")
        low, high = plan["range"]
        ratios = plan["seconds"] / seconds, plan["memory"] / peak
        off.append(ratios)
        print(
            f"| {name} | {plan['spent']:.1f} | {plan['seconds']:.1f} | {low:.1f} to {high:.1f} | {seconds:.1f} | {ratios[0]:.2f} "
            f"| {plan['memory'] / 2**20:.0f} | {peak / 2**20:.0f} | {ratios[1]:.2f} | {plan['words']} |",
            flush=True,
        )
    good = sum(0.5 <= time <= 2 for time, _ in off), sum(1 / 1.5 <= memory <= 1.5 for _, memory in off)
    print(
        f"\nwithin a factor 2 of the seconds: {good[0]} of {len(off)}; within 1.5 of the memory: {good[1]} of {len(off)}"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
