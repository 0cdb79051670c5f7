"""Random continua by both engines, with nothing but physics in the file: how many values agree within the sum of their error bars?

    python scripts/bench/two_routes.py [--problems 40] [--first 1] [--limit 240]

Each seed is a configuration: 2 to 4 levels, a power law with a hard, exponential or Gaussian cutoff, a Drude-Lorentz or an underdamped
Brownian bath, or two of them, cold to hot, pure and mixed starts, a drive of H_S or of a coupling that jumps or not. Time bins run it with
the settings that they choose, a chain with those of `check_route`, each with error bars; entropies of the bath are left out. Printed for
each problem: seconds of both, values within one, within three and beyond three of both error bars together, the worst column.
Exit code 1: less than 95 % of the values within one, or one beyond three in a run that neither engine flags. A problem that takes longer
than --limit seconds is not counted and said.
"""

from __future__ import annotations

import argparse
import os
import signal
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

from tnthermo.accuracy.evolve import evolve  # noqa: E402
from tnthermo.configuration.other_route import other_route  # noqa: E402
from tnthermo.configuration.resolve import Config, load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402
from tnthermo.thermo.ledger import ledger  # noqa: E402
from tnthermo.thermo.other_route import OWN  # noqa: E402

ENOUGH = 0.95
ROUNDING = 1e-9  # of a column's largest value


def density(rng: np.random.Generator) -> tuple[dict[str, Any], float]:
    """(a spectral density, how fast it is)."""
    kind = rng.choice(["hard", "exponential", "gaussian", "drude", "brownian"])
    if kind == "drude":
        width = float(rng.uniform(0.5, 2.0))
        return {
            "kind": "drude-lorentz",
            "reorganisation_energy": float(rng.uniform(0.05, 0.4)),
            "width": width,
        }, 10 * width
    if kind == "brownian":
        frequency = float(rng.uniform(0.5, 1.5))
        width = float(rng.uniform(0.1, 0.5)) * frequency
        strength = float(rng.uniform(0.05, 0.3))
        return {
            "kind": "brownian",
            "reorganisation_energy": strength,
            "width": width,
            "frequency": frequency,
        }, 3 * frequency
    cutoff = float(rng.uniform(0.8, 3.0))
    found = {
        "kind": "power-law", "alpha": float(rng.uniform(0.02, 0.2)), "exponent": float(rng.choice([0.5, 1.0, 2.0, 3.0])),
        "cutoff": cutoff, "shape": str(kind),
    }  # fmt: skip
    return found, cutoff * (1.0 if kind == "hard" else 10.0)


def matrix(rng: np.random.Generator, levels: int, size: float) -> list[list[str]]:
    """A Hermitian one with this norm."""
    found = rng.normal(size=(levels, levels)) + 1j * rng.normal(size=(levels, levels))
    found = found + found.conj().T
    found *= size / np.linalg.norm(found, 2)
    return [[f"{z.real:.12g}{z.imag:+.12g}j" for z in row] for row in found]


def draw(seed: int) -> dict[str, Any]:
    """The tables of a problem."""
    rng = np.random.default_rng(seed)
    levels = int(rng.choice([2, 2, 3, 4]))
    baths, fastest = [], 0.0
    for _ in range(int(rng.choice([1, 1, 2]))):
        own, fast = density(rng)
        fastest = max(fastest, fast)
        temperature = float(rng.choice([0.0, rng.uniform(0.1, 0.6), rng.uniform(0.6, 2.0)]))
        coupling = {"operator": matrix(rng, levels, 0.5)}
        baths.append({"temperature": temperature, "spectral_density": own, "coupling": coupling})
    weights = np.zeros(levels) if rng.random() < 0.6 else rng.dirichlet(np.ones(levels))
    weights[0] += weights.sum() == 0.0
    until = float(np.clip(round(60.0 / fastest, 1), 0.5, 6.0)) / len(baths)
    tables: dict[str, Any] = {
        "bath": baths, "system": {"hamiltonian": matrix(rng, levels, 0.5), "initial": np.diag(weights).tolist()},
        "evolution": {"until": until, "record_every": until / 5, "method": "time-bins"}, "thermodynamics": {"bath_entropy": "off"},
        "record": {"occupation_every": "never", "variance_every": "never"},
    }  # fmt: skip
    driven = rng.choice(["no", "no", "coupling", "system"])
    jump = {"shape": "square", "start": 0.4 * until, "stop": 0.8 * until, "height": 0.5}
    if driven == "coupling":
        tables["drive"] = {"coupling": jump | {"base": 0.6}}
    elif driven == "system":
        tables["drive"] = {"hamiltonian.own": jump | {"operator": matrix(rng, levels, 1.0)}}
    return tables


def made(config: Config) -> tuple[xr.Dataset, float]:
    """(the ledger, processor seconds)."""
    found = resolve(config)
    before = time.process_time()
    run = evolve(found.model, **found.evolve_keywords())
    return ledger(run, alpha_S=found.alpha_S), time.process_time() - before


@contextmanager
def at_most(seconds: int) -> Iterator[None]:
    """Raises TimeoutError where the work inside takes longer."""

    def late(number: int, frame: object) -> None:
        raise TimeoutError

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def counted(mine: xr.Dataset, theirs: xr.Dataset) -> tuple[np.ndarray, str]:
    """(values within one, within three, beyond three of both bars together; the worst column)."""
    counts, worst, name = np.zeros(3, dtype=int), 0.0, "-"
    for column in map(str, mine.data_vars):
        error = f"{column}_error"
        if column in OWN or error not in mine or error not in theirs or mine[column].shape != theirs[column].shape:
            continue
        apart = np.abs(mine[column].values - theirs[column].values)[1:]
        bars = (mine[error].values + theirs[error].values)[1:]
        size = float(np.nanmax(np.abs(mine[column].values), initial=0.0))
        known = np.isfinite(apart) & np.isfinite(bars)
        ratio = apart[known] / np.maximum(bars[known], ROUNDING * max(size, 1e-300))
        counts += [(ratio <= 1).sum(), ((ratio > 1) & (ratio <= 3)).sum(), (ratio > 3).sum()]
        if ratio.size and ratio.max() > worst:
            worst, name = float(ratio.max()), column
    return counts, f"{name} {worst:.2g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", type=int, default=40)
    parser.add_argument("--first", type=int, default=1)
    parser.add_argument("--limit", type=int, default=240)
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    total, unflagged, late = np.zeros(3, dtype=int), 0, 0
    print(
        "| seed | d | baths | until | bins s | chain s | within | to three | beyond | worst | flags |\n"
        + "|---" * 11
        + "|"
    )
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(asked.first, asked.first + asked.problems):
            tables = draw(seed)
            file = Path(folder) / f"{seed}.toml"
            file.write_text(to_toml(tables))
            config = load_config(file)
            try:
                with at_most(asked.limit):
                    (mine, one), (theirs, other) = made(config), made(other_route(config))
            except TimeoutError:
                late += 1
                print(f"| {seed} | longer than {asked.limit} s |", flush=True)
                continue
            counts, worst = counted(mine, theirs)
            flags = [name for name, found in (("bins", mine), ("chain", theirs)) if found.attrs["flags"] != "none"]
            total += counts
            unflagged += counts[2] if not flags else 0
            what = f"{seed} | {len(mine.row)} | {len(tables['bath'])} | {tables['evolution']['until']:.2g} | {one:.1f} | {other:.1f}"
            print(f"| {what} | {' | '.join(map(str, counts))} | {worst} | {', '.join(flags) or '-'} |", flush=True)
    share = total[0] / max(1, total.sum())
    print(f"\n{share:.2%} of {total.sum()} values within both bars together, {total[2]} beyond three")
    print(f"{unflagged} of them without a flag; {late} problems took too long")
    sys.exit(int(share < ENOUGH or unflagged > 0))


if __name__ == "__main__":
    main()
