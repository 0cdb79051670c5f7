"""Residuals of the default study against step and tolerance: they must fall as both are tightened.

Run as  OPENBLAS_NUM_THREADS=1 python scripts/bench/residuals.py  after `scripts/test` has made the environment. The study is
scripts/studies/strong_coupling.toml; each residual is the largest over time, in units of the largest |E_int|.
"""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import numpy as np

import tnthermo as tt
from tnthermo.configuration.resolve import load_config, resolve

STUDY = Path(__file__).resolve().parents[1] / "studies" / "strong_coupling.toml"
RESIDUALS = ("energy", "heat", "work", "flux", "occupation", "chi")
SETTINGS = ((0.2, 1e-4), (0.1, 1e-5), (0.05, 1e-6), (0.02, 3e-7))


def main() -> None:
    resolved = resolve(load_config(STUDY))
    model, keywords = resolved.model, resolved.evolve_keywords()
    print(f"{'step':>6}{'tolerance':>11}{'wall s':>8}{'bond':>6}" + "".join(f"{name:>12}" for name in RESIDUALS))
    for step, tolerance in SETTINGS:
        algorithm = replace(keywords["algorithm"], step=step, tolerance=tolerance)
        start = time.perf_counter()
        run = tt.evolve(model, **{**keywords, "algorithm": algorithm, "record_every": None, "error_bars": False})
        wall = time.perf_counter() - start
        ledger = tt.ledger(run, alpha_S=resolved.alpha_S)
        scale = float(np.abs(ledger["E_int"]).max())
        largest = [float(np.nanmax(np.abs(ledger[f"residual_{name}"]))) / scale for name in RESIDUALS]
        print(
            f"{step:6g}{tolerance:11.0e}{wall:8.1f}{run.bonds.max():6d}" + "".join(f"{r:12.2e}" for r in largest),
            flush=True,
        )


if __name__ == "__main__":
    main()
