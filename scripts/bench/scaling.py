"""How the cost of a run grows, one parameter at a time, and how much of the core's peak it uses.

    OPENBLAS_NUM_THREADS=1 python scripts/bench/scaling.py [--json FILE] [--figure FILE] [--quick]

Prints, for time, chain length, coupling, temperature and accuracy, a table of processor seconds, peak memory and operations, with fitted
exponents, and at the end where the time of the base run goes. Every point is a process of its own, so that its peak memory is its own;
the seconds leave out imports and the loading of kernels (a short run comes first). Six minutes on one core.

Base: spin-boson, H_S = .05 sigma_z + .1 sigma_x, A = sigma_z / 2, J = 2 alpha w on [0, 1] with alpha = .2, T = .2, 60 sites, t <= 30 (as in
case B of convergence.py), step .25, tolerance 1e-4, bonds up to 12. Series with free bonds end earlier. One thread.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from os import getpid
from typing import Any

import matplotlib
import numpy as np
import timing
from matplotlib.figure import Figure
from matplotlib.ticker import NullFormatter

import chains
import tnthermo as tt
from tnthermo.machine.memory import peak_memory

matplotlib.use("Agg")

CAP = 12
REPEAT, LONG = 3, 3.0  # a run that takes less than so many seconds is repeated, the least time counts
MEBI = 2**20


@dataclass(frozen=True, kw_only=True)
class Point:
    """One run."""

    alpha: float = 0.2
    temperature: float = 0.2
    sites: int = 60
    until: float = 30.0
    step: float = 0.25
    tolerance: float = 1e-4
    max_bond: int | None = CAP

    def model(self) -> tt.Model:
        density = chains.PowerLaw(alpha=self.alpha, cutoff=1.0, exponent=1.0, shape="hard")
        bath = chains.chain(density, self.sites, temperature=self.temperature)
        return tt.SpinBoson(hamiltonian={"z": 0.05, "x": 0.1}, coupling={"z": 0.5}, bath=bath)

    def algorithm(self) -> tt.TDVP:
        return tt.TDVP(step=self.step, tolerance=self.tolerance, max_bond=self.max_bond)


BASE = Point()
FREE = Point(max_bond=None, until=16.0)
ACCURACIES = ((1.0, 1e-2), (0.5, 1e-3), (0.25, 1e-4), (0.125, 1e-5), (0.0625, 1e-6))


@dataclass(frozen=True, kw_only=True)
class Series:
    """Points that differ in one parameter.

    law   "power": fitted to x^p; "exponential": to exp(p x)
    """

    panel: str
    label: str
    x: tuple[float, ...]
    points: tuple[Point, ...]
    law: str = "power"


def series(panel: str, label: str, name: str, values: Sequence[Any], base: Point, law: str = "power") -> Series:
    points = tuple(replace(base, **{name: value}) for value in values)
    return Series(panel=panel, label=label, x=tuple(map(float, values)), points=points, law=law)


def all_series() -> list[Series]:
    capped, free = f"bond <= {CAP}", "bond free"
    accuracy = [replace(FREE, until=10.0, step=step, tolerance=tolerance) for step, tolerance in ACCURACIES]
    alphas, temperatures = (0.05, 0.1, 0.2, 0.4, 0.8), (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)
    fewer = (0.05, 0.1, 0.2, 0.3, 0.4)  # bonds grow too far beyond
    return [
        series("time t", capped, "until", (7.5, 15.0, 30.0, 60.0, 90.0), replace(BASE, sites=180)),
        series("time t", free, "until", (8.0, 12.0, 16.0, 20.0, 24.0), FREE, "exponential"),
        series("sites N", f"{capped}, t <= 15", "sites", (30, 60, 120, 240, 480), replace(BASE, until=15.0)),
        series("coupling alpha", capped, "alpha", alphas, BASE),
        series("coupling alpha", f"{free}, t <= 16", "alpha", fewer, FREE),
        series("temperature T", capped, "temperature", temperatures, BASE),
        series("temperature T", f"{free}, t <= 16", "temperature", fewer, FREE),
        Series(panel="error of sigma_z", label=f"{free}, t <= 10", x=(), points=tuple(accuracy)),
    ]


def measured(point: Point) -> dict[str, Any]:
    """The run of a point, in this process."""
    model, algorithm = point.model(), point.algorithm()
    timing.bare(model, algorithm, 2 * point.step)
    before = peak_memory()
    taken: list[float] = []
    while not taken or (len(taken) < REPEAT and sum(taken) < LONG):
        start = time.process_time()
        run = timing.bare(model, algorithm, point.until)
        taken.append(time.process_time() - start)
    return {
        **asdict(point),
        "seconds": min(taken),
        "memory": run.peak_memory,
        "memory_before": before,
        "work": run.work,
        "bond": int(run.bonds.max()),
        "levels": int(run.levels.max()),
        "t": run.times.tolist(),
        "sigma_z": (run.rho_S[:, 0, 0] - run.rho_S[:, 1, 1]).real.tolist(),
    }


def in_a_process(point: Point) -> dict[str, Any]:
    """`measured` in a fresh one."""
    command = [sys.executable, __file__, "--point", json.dumps(asdict(point))]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@dataclass(frozen=True, kw_only=True)
class Fit:
    """y = scale x^rate or scale exp(rate x), with the standard error of the rate."""

    law: str
    scale: float
    rate: float
    error: float

    def at(self, x: Any) -> Any:
        return self.scale * (x**self.rate if self.law == "power" else np.exp(self.rate * x))

    def __str__(self) -> str:
        return (
            f"x^({self.rate:.2f} +- {self.error:.2f})"
            if self.law == "power"
            else f"exp(({self.rate:.3f} +- {self.error:.3f}) x)"
        )


def fitted(x: Any, y: Any, law: str) -> Fit:
    """Least squares of log y on log x or x."""
    u, v = np.log(x) if law == "power" else np.asarray(x), np.log(y)
    (rate, offset), covariance = np.polyfit(u, v, 1, cov=True)
    return Fit(law=law, scale=float(np.exp(offset)), rate=float(rate), error=float(np.sqrt(covariance[0, 0])))


def with_errors(rows: list[dict[str, Any]]) -> list[float]:
    """Largest deviation of sigma_z from the last, finest run, of all the others."""
    finest = rows[-1]
    return [
        float(np.abs(np.interp(row["t"], finest["t"], finest["sigma_z"]) - row["sigma_z"]).max()) for row in rows[:-1]
    ]


def run_series(chosen: Series) -> dict[str, Any]:
    """The points of a series, its fits, and what is printed of it."""
    rows = [in_a_process(point) for point in chosen.points]
    x = list(chosen.x)
    if not x:
        x, rows = with_errors(rows), rows[:-1]
    fits = {name: fitted(x, [row[name] for row in rows], chosen.law) for name in ("seconds", "work")}
    head = [
        chosen.panel,
        "step",
        "tolerance",
        "seconds",
        "GFlop",
        "GFlop/s",
        "peak MiB",
        "of it the run",
        "bond",
        "levels",
    ]
    lines = [
        [
            f"{value:.3g}", f"{row['step']:g}", f"{row['tolerance']:.0e}", f"{row['seconds']:.2f}", f"{row['work'] / 1e9:.2f}",
            f"{row['work'] / row['seconds'] / 1e9:.1f}", f"{row['memory'] / MEBI:.0f}",
            f"{(row['memory'] - row['memory_before']) / MEBI:.0f}", str(row["bond"]), str(row["levels"]),
        ]
        for value, row in zip(x, rows, strict=True)
    ]  # fmt: skip
    print(f"\n### {chosen.panel}, {chosen.label}\n\n{timing.table(head, lines)}\n")
    print(f"seconds ~ {fits['seconds']}, operations ~ {fits['work']}", flush=True)
    kept = [{k: v for k, v in row.items() if k not in ("t", "sigma_z")} for row in rows]
    return {
        "panel": chosen.panel,
        "label": chosen.label,
        "x": x,
        "rows": kept,
        "fits": {k: asdict(f) for k, f in fits.items()},
    }


# --- where the time goes ----------------------------------------------------------------------------------------------------------


def sampled(function: Callable[[], Any]) -> dict[str, float]:
    """Fractions of the samples of `perf` in BLAS's products, the rest of BLAS and LAPACK, compiled kernels, and Python; {} without perf."""
    if shutil.which("perf") is None:
        return {}
    with tempfile.NamedTemporaryFile(suffix=".data") as file:
        command = ["perf", "record", "-q", "-F", "999", "-o", file.name, "-p", str(getpid())]
        recorder = subprocess.Popen(command, stderr=subprocess.DEVNULL)
        time.sleep(0.5)
        function()
        recorder.send_signal(signal.SIGINT)
        if recorder.wait() not in (0, -signal.SIGINT):
            return {}
        report = ["perf", "report", "-i", file.name, "--sort", "dso,sym", "--stdio", "--field-separator", ";"]
        text = subprocess.run(report, capture_output=True, text=True, check=False).stdout
    found = {"zgemm": 0.0, "other BLAS and LAPACK": 0.0, "compiled kernels": 0.0, "Python and its libraries": 0.0}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            share, library, symbol = line.split(";")[:3]
            found[kind_of(library, symbol)] += float(share.strip().rstrip("%")) / 100
    return found


def kind_of(library: str, symbol: str) -> str:
    """What a sample was in."""
    if "blas" in library:
        return "zgemm" if "zgemm_" in symbol and "zgemv" not in symbol else "other BLAS and LAPACK"
    return "compiled kernels" if "JIT" in library else "Python and its libraries"


def breakdown(point: Point) -> dict[str, Any]:
    """The base run against the peak of the core, and its parts."""
    model, algorithm = point.model(), point.algorithm()

    def run() -> tt.Trajectory:
        return timing.bare(model, algorithm, point.until)

    first = run()
    peak = timing.peak_rate()
    with timing.split() as parts:
        total = timing.seconds(run)
    bonds, levels = first.bonds[-1], first.levels[-1]
    chi = int(bonds.max())
    d = int(np.median(levels[bonds == chi]))
    wide, narrow = timing.product_rate(3 * chi, chi, d * chi), timing.product_rate(chi * d, chi, chi)
    at_shape = 2 / (1 / wide + 1 / narrow)
    samples = sampled(lambda: [run() for _ in range(3)])
    print("\n### Against the peak, base run\n")
    print(f"zgemm at 512: {peak / 1e9:.1f} GFlop/s; run: {first.work / 1e9:.1f} GFlop in {total:.2f} s,", end=" ")
    print(f"{first.work / total / 1e9:.1f} GFlop/s, {100 * first.work / total / peak:.0f} % of the peak")
    print(
        f"zgemm at the shapes of bond {chi}, {d} levels: {at_shape / 1e9:.1f} GFlop/s, {100 * at_shape / peak:.0f} % of the peak\n"
    )
    rest = total - sum(parts.values())
    shares = {"sweeps": parts["sweeps"], "measurements and flags": parts["measurements"], "other Python": rest}
    shares["products with the blocks, at that speed"] = first.work / at_shape
    lines = [[name, f"{value:.2f}", f"{100 * value / total:.0f} %"] for name, value in shares.items()]
    print(timing.table(["part", "seconds", "of the run"], lines))
    if samples:
        print("\nSampled by perf: " + ", ".join(f"{name} {100 * share:.0f} %" for name, share in samples.items()))
    return {
        "peak": peak,
        "work": first.work,
        "seconds": total,
        "at_shape": at_shape,
        "parts": shares,
        "samples": samples,
    }


# --- figure -----------------------------------------------------------------------------------------------------------------------


def drawn(found: Sequence[dict[str, Any]], path: str) -> None:
    """Five panels: processor seconds against each parameter, with the fits."""
    panels = list(dict.fromkeys(row["panel"] for row in found))
    figure = Figure(figsize=(15, 8.5), layout="constrained")
    axes = figure.subplots(2, 3).ravel()
    for ax, panel in zip(axes, panels, strict=False):
        for row, colour in zip([row for row in found if row["panel"] == panel], ("C0", "C3"), strict=False):
            fit = Fit(**row["fits"]["seconds"])
            ax.plot(row["x"], [r["seconds"] for r in row["rows"]], "o", color=colour, label=row["label"])
            x = np.geomspace(min(row["x"]), max(row["x"]), 60)
            ax.plot(x, fit.at(x), "-", color=colour, alpha=0.6, label=str(fit).replace("+-", "±"))
        ax.set(xscale="log", yscale="log", xlabel=AXES[panel], ylabel="processor time (s)")
        low, high = ax.get_ylim()
        ax.set_ylim(10 ** np.floor(np.log10(low)), 10 ** np.ceil(np.log10(high)))
        if panel != "error of sigma_z":  # less than two decades: the values themselves
            ax.set_xticks(next(row["x"] for row in found if row["panel"] == panel))
            ax.xaxis.set_major_formatter("{x:g}")
            ax.xaxis.set_minor_formatter(NullFormatter())
        ax.grid(alpha=0.3, which="both")
        ax.legend(fontsize=9, loc="upper right" if panel == "error of sigma_z" else "upper left")
    axes[-1].axis("off")
    axes[-1].text(0, 0.9, __doc__.split("\n\n")[-1].replace(". ", ".\n"), va="top", fontsize=10, wrap=True)
    figure.savefig(path, dpi=120)


AXES = {
    "time t": "time t (1/cutoff)",
    "sites N": "sites of the chain N",
    "coupling alpha": "coupling alpha",
    "temperature T": "temperature T (cutoff)",
    "error of sigma_z": "error of sigma_z, largest over t",
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", help="also write the numbers to this file")
    parser.add_argument("--figure", help="draw five panels into this PNG")
    parser.add_argument("--quick", action="store_true", help="first three points of each series")
    parser.add_argument("--point", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.point:
        print(json.dumps(measured(Point(**json.loads(arguments.point)))))
        return
    chosen = all_series()
    if arguments.quick:
        chosen = [replace(each, x=each.x[:3], points=each.points[: 3 if each.x else 4]) for each in chosen]
    found = [run_series(each) for each in chosen]
    against = breakdown(BASE)
    timing.write_json(arguments.json, {"series": found, "peak": against})
    if arguments.figure:
        drawn(found, arguments.figure)


if __name__ == "__main__":
    main()
