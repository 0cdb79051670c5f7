"""What a sweep costs beside its runs: 200 points one after the other, on two workers, and as a Slurm array of two at a time.

    OPENBLAS_NUM_THREADS=1 python scripts/bench/sweep.py [--points 200] [--workers 2] [--slurm] [--json FILE]

one process    a loop over `tnthermo.studies.study.run_config` with a file for each point, in a fresh process, its start included
workers        `tnthermo sweep`, its start and the check of all points included; parallel efficiency = one process / (workers x wall)
--slurm        `tnthermo sweep --engine slurm` with as many tasks at a time; needs a running Slurm (scripts/slurm/up.sh)

What `collect` makes of the sweeps must be the same file, byte by byte. Wall seconds: the machine must be idle. A run beforehand compiles
the kernels.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import timing

from tnthermo.results import result_file
from tnthermo.sweeps.axes import read_axes
from tnthermo.sweeps.collect import collect, save_collected
from tnthermo.sweeps.folder import SweepFolder, load_manifest, read_record
from tnthermo.sweeps.points import sweep_points
from tnthermo.sweeps.status import FINISHED, sweep_status

CONFIG = """
[spectral_density]
kind = "power-law"
alpha = 0.1
exponent = 1.0
cutoff = 1.0
shape = "hard"
[bath]
temperature = 0.2
modes = 24
[system]
hamiltonian = {{ x = 0.1 }}
[coupling]
operator = {{ z = 0.5 }}
[evolution]
until = 10.0
step = 0.25
tolerance = 1e-4
max_bond = 8
[run]
error_bars = false
[sweep]
"spectral_density.alpha" = {alphas}
"bath.temperature" = {temperatures}
"""
LOOP = """
import sys
from pathlib import Path
from tnthermo.studies.study import run_config
for path in sorted(Path(sys.argv[1]).glob("*.toml")):
    run_config(path, Path(sys.argv[2]) / path.stem)
"""
COUPLINGS = 20


def timed(*command: str) -> tuple[float, float]:
    """(wall, processor) seconds of a program (not of forked workers, which are no children of it); its output only where it fails."""
    before, start = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    wall, after = time.perf_counter() - start, os.times()
    if done.returncode not in (0, 3):  # 3: the bond cap, which is meant
        raise SystemExit(f"{' '.join(command)}\n{done.stdout}\n{done.stderr}")
    return wall, after.children_user + after.children_system - before.children_user - before.children_system


def tnthermo(*arguments: object) -> tuple[float, float]:
    """The same of the command line."""
    return timed(sys.executable, "-m", "tnthermo.terminal.cli", *map(str, arguments))


def under_slurm(config: Path, out: Path, at_once: int) -> float:
    """Wall seconds from handing over to the last run's end."""
    start = time.perf_counter()
    tnthermo("sweep", config, "--out", out, "--engine", "slurm", "--workers", at_once)
    while not all(one.state in FINISHED for one in sweep_status(out)):
        if time.perf_counter() - start > 7200:
            raise SystemExit("the array does not end")
        time.sleep(1.0)
    return time.perf_counter() - start


def costs(points: int, workers: int, slurm: bool, where: Path) -> dict[str, Any]:
    """All of it, in a folder."""
    alphas = np.linspace(0.02, 0.3, COUPLINGS).tolist()
    temperatures = np.linspace(0.1, 1.0, max(1, points // COUPLINGS)).tolist()
    config, singles = where / "sweep.toml", where / "singles"
    config.write_text(CONFIG.format(alphas=alphas, temperatures=temperatures))
    singles.mkdir()
    start = time.perf_counter()
    sweep = sweep_points(read_axes(config))
    examined = time.perf_counter() - start
    for one in sweep.planned:
        (singles / f"{one.run}.toml").write_text(one.text)
    (where / "first").mkdir()  # a process that compiles differs in the last bits from those that load what it compiled
    (where / "first" / "one.toml").write_text(sweep.planned[0].text)
    timed(sys.executable, "-c", LOOP, str(where / "first"), str(where / "compiled"))
    count = len(sweep.planned)
    alone, alone_processor = timed(sys.executable, "-c", LOOP, str(singles), str(where / "alone"))
    out = where / "workers"
    wall, _ = tnthermo("sweep", config, "--out", out, "--workers", workers, "--quiet")
    place = SweepFolder(out)
    runs = load_manifest(place).runs
    own = [float(read_record(place, run)["seconds"]) for run in runs]
    evolved = [float(result_file.load_ledger(place.point(run)).attrs["wall_seconds"]) for run in runs]
    memory = max(float(result_file.load_ledger(place.point(run)).attrs["peak_memory_bytes"]) for run in runs)
    start = time.perf_counter()
    save_collected(collect(out), where / "workers.nc")
    found: dict[str, Any] = {
        "points": count,
        "one process, wall (s)": alone,
        "one process, processor (s)": alone_processor,
        f"{workers} workers, wall (s)": wall,
        "runs on the workers, processor (s)": sum(float(read_record(place, run)["processor"]) for run in runs),
        "parallel efficiency (%)": 100 * alone / (workers * wall),
        "evolution of a point, wall (ms)": 1e3 * float(np.mean(evolved)),
        "a whole run, wall (ms)": 1e3 * float(np.mean(own)),
        "beside the runs, of each worker, a point (ms)": 1e3 * (workers * wall - sum(own)) / count,
        "check of all points, in them (s)": examined,
        "largest memory of a worker (MiB)": memory / 2**20,
        "collect, write (s)": time.perf_counter() - start,
    }
    if slurm:
        found[f"Slurm array of {workers} at a time, wall (s)"] = under_slurm(config, where / "slurm", workers)
        save_collected(collect(where / "slurm"), where / "slurm.nc")
        same = (where / "workers.nc").read_bytes() == (where / "slurm.nc").read_bytes()
        found["collected files are the same"] = "yes" if same else "NO"
    for run in runs:  # what was run alone is what the workers ran
        single, swept = (result_file.load_ledger(folder / run) for folder in (where / "alone", out / "points"))
        if not single.equals(swept):
            raise SystemExit(f"{run}: the sweep's numbers are not those of the single run")
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--slurm", action="store_true", help="also as a job array")
    parser.add_argument("--json", help="also write the numbers to this file")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        found = costs(arguments.points, arguments.workers, arguments.slurm, Path(folder))
    print(
        timing.table(
            ["", ""], [[name, value if isinstance(value, str) else f"{value:.4g}"] for name, value in found.items()]
        )
    )
    timing.write_json(arguments.json, found)


if __name__ == "__main__":
    main()
