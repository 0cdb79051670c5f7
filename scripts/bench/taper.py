"""What a taper costs, by time: sigma_z and E_B of a warm bath on a chain with caps that fall away from the system, beside the other engine.

    python scripts/bench/taper.py [--case B] [--until 120] [--bond 16] [--tapers 0,.01,.02,.04] [--reference 1e-3]

The reference is a run on time bins to a target of its own. Printed for each taper: the largest deviations up to 30, 60, ... beside taper
times the sites that the front of the bath's response has passed by then, and seconds. scripts/docs/settings.md has what it printed.
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import warnings
from pathlib import Path

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402
from calibration_set import file_case, resolved  # noqa: E402

import tnthermo as tt  # noqa: E402
from tnthermo.evolution.doubts import reached_sites  # noqa: E402

QUIET = {"bath_entropy": "off", "occupation_every": np.inf, "variance_every": np.inf, "error_bars": False}
MARKS = (30.0, 60.0, 120.0, 200.0, 300.0)


def columns(ledger: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    return ledger["sigma_z"].values, ledger["E_B"].values


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", default="B")
    parser.add_argument("--until", type=float, default=120.0)
    parser.add_argument("--bond", type=int, default=16)
    parser.add_argument("--tapers", default="0,.01,.02,.04")
    parser.add_argument("--reference", type=float, default=1e-3)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    tables = file_case(ROOT / "scripts" / "bench" / "cases" / f"{asked.case}.toml", 1.0, asked.until)
    found = resolved({**tables, "accuracy": {"target": asked.reference}})
    begun = time.perf_counter()
    keywords = found.evolve_keywords() | QUIET | {"error_bars": True}
    run = tt.evolve(found.model, **keywords, say=print)
    right = tt.ledger(run)
    print(f"bins: {time.perf_counter() - begun:.1f} s, {right.attrs['target_worst']}, {right.attrs['flags']}")
    warm = dict(
        tables,
        evolution={**tables["evolution"], "method": "tdvp", "step": 0.25, "tolerance": 1e-4, "max_bond": asked.bond},
    )
    chain = resolved(warm)
    for taper in map(float, asked.tapers.split(",")):
        algorithm = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=asked.bond, taper=taper)
        begun = time.perf_counter()
        ledger = tt.ledger(tt.evolve(chain.model, **chain.evolve_keywords() | QUIET | {"algorithm": algorithm}))
        seconds = time.perf_counter() - begun
        t = ledger["t"].values
        for until in (mark for mark in MARKS if mark <= asked.until):
            off = [
                np.abs(mine - truth)[t <= until + 1e-9].max()
                for mine, truth in zip(columns(ledger), columns(right), strict=True)
            ]
            sites = reached_sites(chain.model, until)
            print(
                f"| {taper:g} | {until:g} | {taper * sites:.2f} | {off[0]:.1e} | {off[1]:.1e} | {seconds:.1f} |",
                flush=True,
            )
    return 0


if __name__ == "__main__":
    sys.exit(main())
