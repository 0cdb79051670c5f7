"""A long, hot and strong run, and how far it is from runs with bond, levels, step and length refined one at a time. Takes an hour.

    python scripts/bench/long_run.py [--json FILE] [--only base,bond,levels,step,length]

J = (alpha/2) w on [0, 1] with alpha = 1, A = sigma_z, H_S = .1 sigma_x, beta = 2, t <= 100. Printed: processor seconds of one thread,
bonds and levels in use, the largest residuals relative to max |E_int|, and the largest deviations of sigma_z, E_B and E_int from the
base run.
scripts/docs/long_run.md holds what it printed.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import chains
import tnthermo as tt

UNTIL, EVERY = 100.0, 1.0
COLUMNS = ("sigma_z", "E_B", "E_int")
RESIDUALS = ("energy", "heat", "work", "flux", "chi")


@dataclass(frozen=True, kw_only=True)
class Settings:
    """sites of the chain; ``levels`` "auto" or a number for every site."""

    algorithm: tt.TDVP = tt.TDVP(step=0.25, tolerance=1e-4, max_bond=32, taper=0.01)  # noqa: RUF009 - frozen
    sites: int = 120
    levels: str | int = "auto"


BASE = Settings()
REFINED = {
    "base": BASE,
    "bond": replace(BASE, algorithm=replace(BASE.algorithm, max_bond=44)),
    "levels": replace(BASE, levels=44),
    "bond and levels": replace(BASE, algorithm=replace(BASE.algorithm, max_bond=44), levels=44),
    "step": replace(
        BASE, algorithm=replace(BASE.algorithm, step=0.125, tolerance=5e-5)
    ),  # the same tolerance per unit of time
    "length": replace(BASE, sites=140),
}


def run(settings: Settings) -> tuple[xr.Dataset, tt.Trajectory, float]:
    """(ledger, trajectory, processor seconds)."""
    density = chains.PowerLaw(alpha=0.25, cutoff=1.0, exponent=1.0, shape="hard")
    bath = chains.chain(density, length=settings.sites, temperature=0.5)
    model = tt.SpinBoson(hamiltonian={"x": 0.1}, coupling={"z": 1.0}, bath=bath)
    start = time.process_time()
    found = tt.evolve(
        model, algorithm=settings.algorithm, until=UNTIL, record_every=EVERY, levels=settings.levels, error_bars=False,
        occupation_every=float("inf"), variance_every=float("inf"),
    )  # fmt: skip
    return tt.ledger(found), found, time.process_time() - start


def columns(ledger: xr.Dataset) -> dict[str, Any]:
    """The columns compared, at the record times; E_int = <H_int> = h + U_chi."""
    rho = ledger["rho_S"].values[..., 0]
    found = {"sigma_z": rho[:, 0, 0] - rho[:, 1, 1], "E_B": ledger["E_B"].values, "E_int": ledger["E_int"].values}
    return {name: np.asarray(values, dtype=float) for name, values in found.items()}


def row(name: str, base: dict[str, Any] | None) -> tuple[dict[str, Any], dict[str, Any]]:
    """One line of the table, and the columns it was made from."""
    ledger, found, seconds = run(REFINED[name])
    here = columns(ledger)
    scale = np.abs(here["E_int"]).max()
    result: dict[str, Any] = {
        "run": name, "seconds": seconds, "bond": int(found.bonds.max()), "levels": int(found.levels.max()),
        "peak_MiB": found.peak_memory / 2**20, "flags": list(found.flags),
    }  # fmt: skip
    result |= {key: float(np.nanmax(np.abs(ledger[f"residual_{key}"].values)) / scale) for key in RESIDUALS}
    if base is not None:
        result |= {key: float(np.abs(here[key] - base[key]).max()) for key in COLUMNS}
    return result, here


def main() -> None:
    """Run, print a line for each run as it ends, write the JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--only", default=",".join(REFINED))
    options = parser.parse_args()
    names = ["base", *(name for name in options.only.split(",") if name != "base")]
    heads = ["run", "seconds", "bond", "levels", "peak_MiB", *RESIDUALS, *COLUMNS]
    print("| " + " | ".join(heads) + " |\n|" + "---|" * len(heads))
    rows: list[dict[str, Any]] = []
    base: dict[str, Any] | None = None
    for name in names:
        found, here = row(name, base)
        base = base or here
        rows.append(found)
        cells = [f"{found[h]:.3g}" if isinstance(found.get(h), float) else str(found.get(h, "")) for h in heads]
        print("| " + " | ".join(cells) + " |", flush=True)
    if options.json:
        options.json.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
