"""Valid but extreme configurations, run: only documented exit codes, no traceback, and a result with every column where one is promised.

    python scripts/bench/fuzz_runs.py [--runs 300] [--seed 1] [--start 0] [--keep FOLDER]

Each input has the right keys with values of the right kind, far from sense: couplings from 1e-12 to 1e3, temperatures of 0, 1e-12 and 1e3,
displacements of 80, d = 2 to 5, two baths, drives much faster than the step, tables, two levels, a bond of 1, an end after no step at all.
It is checked, and run in a process of its own, which is asked to stop after a while (exit code 75; in a step
that takes long, twice). What must hold:

- exit codes: 0, 2, 3, 4, 75, and 1 for a run that failed with its own words (`RunFailed`), not for an error of Python
- what `check` takes, `run` does not refuse, and the other way round
- result.nc is there after 0 and 3, with every column of the ledger and its error; NaN with a reason, bounds in order, no negative error

A line for each kind of outcome. The first failure is printed with its file and ends it with exit code 1 (--all: goes on).
Input n of a seed is always the same.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import functools
import os
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import chains
from tnthermo.accuracy.evolve import evolve
from tnthermo.algorithms import TDVP, TDVP1, TDVP2, TEBD, Exact
from tnthermo.configuration.drives import DRIVE_SHAPES
from tnthermo.configuration.written import to_toml
from tnthermo.figures import panels
from tnthermo.model.model import SpinBoson
from tnthermo.terminal import cli
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, PER_BATH
from tnthermo.thermo.ledger import ledger

SECONDS = 5.0  # after which a run is asked to stop
MORE = 30.0  # that a step may then still take
ADDRESSES = 12 * 2**30  # bytes a run may map
EXIT_CODES = (0, 1, 2, 3, 4, 75)
Tables = dict[str, Any]


class Wrong(AssertionError):
    """Something that must not happen."""


# --- extreme values ---------------------------------------------------------------------------------------------------------------


def extreme(rng: random.Random) -> Tables:
    """The tables of one configuration: right keys, right types, far from sense."""
    d = rng.choice((2, 2, 2, 3, 4, 5))
    several = rng.random() < 0.3
    baths = [_bath(rng, d) for _ in range(rng.choice((2, 2, 3)) if several else 1)]
    step = rng.choice((1e-9, 0.01, 0.01, 0.1, 0.1, 0.3, 2.0))
    evolution: Tables = {
        "method": rng.choice(("tdvp", "tdvp", "tdvp1", "tdvp2", "tebd", "exact")),
        "until": rng.choice((0.0, 1e-12, step, 1.5 * step, 2 * step, 4 * step, 4.2 * step)), "step": step,
        "tolerance": rng.choice((1e-14, 1e-10, 1e-7, 1e-4, 1e-2, 1.0)), "max_bond": rng.choice((None, None, 1, 2, 3, 32)),
        "record_every": rng.choice((None, step, 2 * step, 3 * step, 1000 * step)),
        "order": rng.choice((None, None, 2, 4)), "layout": rng.choice(("auto", "auto", "middle", "interleaved")),
    }  # fmt: skip
    if evolution["until"] > 0 and (evolution["record_every"] or 0.0) > max(evolution["until"], step):
        evolution["record_every"] = None  # it would be refused
    if evolution["method"] == "exact":
        evolution["order"] = None
    if evolution["method"] == "tdvp1":
        evolution |= {"bond": rng.choice((1, 2, 7)), "max_bond": None}
    if evolution["method"] == "tdvp" and evolution["max_bond"] and rng.random() < 0.2:
        evolution["taper"] = 0.9
    tables: Tables = {
        "system": {"hamiltonian": _hermitian(rng, d, rng.choice((0.0, 1e-9, 0.5, 0.5, 50.0))), "initial": _initial(rng, d)},
        "evolution": evolution,
        "thermodynamics": {
            "alpha_S": rng.choice((-1e6, -0.5, 0.0, 0.5, 1.0, 1e6)),
            "bath_entropy": rng.choice(("auto", "auto", "exact", "bracket", "off")),
            "bath_entropy_every": rng.choice((None, None, "never", step)), "bath_entropy_max_bond": rng.choice((None, None, 2, 20)),
        },
        "run": {"error_bars": rng.random() < 0.8, "strict": rng.random() < 0.1},
    }  # fmt: skip
    if rng.random() < 0.85:
        _make_possible(baths, tables)
    if len(baths) == 1:
        tables |= {key: baths[0].pop(key) for key in ("spectral_density", "coupling")} | {"bath": baths[0]}
    else:
        tables["bath"] = baths
    if rng.random() < 0.4:
        tables["drive"] = _drives(rng, d, step, len(baths))
    if rng.random() < 0.5:
        tables["record"] = _record(rng, d, step)
    return tables


def _make_possible(baths: list[Tables], tables: Tables) -> None:
    """Take back what two keys together would be refused for."""
    evolution, levels = tables["evolution"], baths[0]["levels"]
    for bath in baths:
        bath["levels"] = levels
        if evolution["method"] in ("tebd", "tdvp2") and bath["route"] == "star-cells":
            bath["route"] = "auto"
        if bath["route"] == "single-chain" and bath["coupling"].get("kind") == "exchange":
            bath["route"] = "auto"
        if evolution["method"] == "tdvp1":
            bath.pop("displacement", None)
    if tables["system"]["initial"] == "mean-force":
        for bath in baths:
            bath.pop("displacement", None)
            bath["temperature"] = baths[0]["temperature"] or 0.5
        if evolution["method"] == "tdvp1":
            evolution |= {"method": "tdvp", "bond": None}
    pairs = [
        b["temperature"] > 0 and (b["route"] == "two-chains" or b["coupling"].get("kind") == "exchange") for b in baths
    ]
    chains = len(baths) + sum(pairs)
    cells = any(b["route"] == "star-cells" for b in baths)
    if evolution["method"] in ("tebd", "tdvp2") and chains > 2:
        evolution["method"] = "tdvp"
    if evolution["method"] in ("tebd", "tdvp2"):
        evolution["layout"] = "middle" if chains == 2 else "auto"
    elif chains != 2 or cells:
        evolution["layout"] = "auto"
    if evolution["method"] == "exact":
        evolution["max_bond"] = None
    for bath in baths:  # a chain that reaches further has thousands of sites, which takes minutes to check
        scale = max(
            [
                1.0,
                *(
                    v
                    for k, v in bath["spectral_density"].items()
                    if k in ("cutoff", "width", "frequency", "centre", "half_width")
                ),
            ]
        )
        if bath.get("modes") == "auto" and scale * evolution["until"] > 5:
            bath["modes"] = 4
    finite = all(b["spectral_density"]["kind"] == "discrete" or b["route"] == "star-cells" for b in baths)
    if tables["thermodynamics"]["bath_entropy"] in ("exact", "bracket") and (
        not finite or tables["system"]["initial"] == "mean-force"
    ):
        tables["thermodynamics"]["bath_entropy"] = "auto"


def _bath(rng: random.Random, d: int) -> Tables:
    density = _density(rng)
    bath: Tables = {
        "spectral_density": density, "temperature": rng.choice((0.0, 0.0, 0.0, 1e-12, 1e-3, 0.2, 0.5, 2.0, 1e3)),
        "route": rng.choice(("auto", "auto", "single-chain", "two-chains", "star-cells")), "allow_reflection": True,
        "levels": rng.choice(("auto", "auto", "auto", 2, 3, 8)),
    }  # fmt: skip
    if density["kind"] != "discrete":
        bath["modes"] = rng.choice((1, 2, 3, 5, "auto"))
    if rng.random() < 0.25:
        x = rng.choice((0.0, 1e-9, 0.5, -3.0, 80.0))
        bath["displacement"] = [str(complex(x, 0.3)).strip("()")] * len(density["frequencies"]) if (
            density["kind"] == "discrete" and rng.random() < 0.5 and len(set(density["frequencies"])) == len(density["frequencies"])
        ) else x  # fmt: skip
    if rng.random() < 0.35:
        bath["coupling"] = {
            "operator": _matrix(rng, d, rng.choice((0.0, 1e-9, 0.5, 0.5, 0.5, 1.0, 20.0))),
            "kind": "exchange",
        }
    else:
        bath["coupling"] = {"operator": _hermitian(rng, d, rng.choice((0.0, 1e-9, 0.5, 0.5, 0.5, 1.0, 20.0)))}
    return bath


def _density(rng: random.Random) -> Tables:
    kind = rng.choice(
        ("power-law", "power-law", "drude-lorentz", "brownian", "semicircle", "discrete", "discrete", "sum")
    )
    strength, scale = rng.choice((1e-12, 1e-3, 0.01, 0.1, 0.3, 0.3, 3.0, 1e3)), rng.choice((1e-3, 1.0, 1.0, 1.0, 1e3))
    if kind == "power-law":
        return {
            "kind": kind, "alpha": strength, "exponent": rng.choice((0.1, 0.5, 1.0, 3.0, 8.0)), "cutoff": scale,
            "shape": rng.choice(("hard", "exponential", "gaussian")),
        }  # fmt: skip
    if kind == "drude-lorentz":
        return {"kind": kind, "reorganisation_energy": strength, "width": scale}
    if kind == "brownian":
        return {
            "kind": kind,
            "reorganisation_energy": strength,
            "frequency": scale,
            "width": scale * rng.choice((1e-3, 0.5, 10.0)),
        }
    if kind == "semicircle":
        return {
            "kind": kind,
            "coupling": strength,
            "centre": scale * rng.choice((1.0, 5.0)),
            "half_width": scale * rng.choice((1e-6, 1.0)),
        }
    if kind == "discrete":
        frequencies = [scale * x for x in rng.choice(((1.0,), (1.0, 1.0), (0.5, 1.5), (1e-3, 1.0, 10.0)))]
        return {
            "kind": kind,
            "frequencies": frequencies,
            "couplings": [rng.choice((-1, 1)) * strength * rng.random() for _ in frequencies],
        }
    return {"kind": kind, "parts": [
        {"kind": "power-law", "alpha": strength, "exponent": 1.0, "cutoff": scale, "shape": "hard"},
        {"kind": "semicircle", "coupling": 0.1, "centre": 2 * scale, "half_width": scale / 10},
    ]}  # fmt: skip


def _entry(rng: random.Random) -> Any:
    re, im = rng.gauss(0, 1), rng.gauss(0, 1)
    return round(re, 3) if rng.random() < 0.5 else f"{re:.3f}{im:+.3f}j"


def _matrix(rng: random.Random, d: int, size: float) -> list[list[Any]]:
    return [[str(size * complex(_entry(rng))).strip("()") for _ in range(d)] for _ in range(d)]


def _hermitian(rng: random.Random, d: int, size: float) -> list[list[Any]]:
    matrix = np.array([[complex(z) for z in row] for row in _matrix(rng, d, size)])
    matrix = (matrix + matrix.conj().T) / 2
    return [[str(complex(z)).strip("()") for z in row] for row in matrix]


def _initial(rng: random.Random, d: int) -> Any:
    kind = rng.choice(("vector", "vector", "mixed", "nearly", "whole", "mean-force"))
    if kind == "mean-force":
        return kind
    if kind == "vector":
        return [1.0 if i == d - 1 else 0.0 for i in range(d)]
    small = {"mixed": 0.2, "nearly": 1e-9, "whole": 1 / d}[kind]
    first = 1 - (d - 1) * small
    return [[0.0 if i != j else first if i == 0 else small for j in range(d)] for i in range(d)]


def _drives(rng: random.Random, d: int, step: float, baths: int) -> Tables:
    found: Tables = {}
    for key in rng.sample(["hamiltonian.push", "coupling", f"coupling.{baths - 1}"], rng.choice((1, 1, 2))):
        if key.startswith("coupling") and any(other.startswith("coupling") for other in found):
            continue
        found[key] = _drive(rng, step) | ({"operator": _hermitian(rng, d, 1.0)} if key == "hamiltonian.push" else {})
    return found


def _drive(rng: random.Random, step: float) -> Tables:
    shapes = ["ramp", "pulse", "cosine", "table"] + (["square"] if "square" in DRIVE_SHAPES else [])
    size, time_ = rng.choice((0.0, 1e-9, 0.5, 30.0)), step * rng.choice((1e-3, 0.3, 1.0, 100.0))
    match rng.choice(shapes):
        case "ramp":
            return {
                "shape": "ramp",
                "start": rng.choice((-1.0, 0.0, 0.37)) * step,
                "duration": time_,
                "initial": size,
                "final": -size,
            }
        case "pulse":
            return {
                "shape": "pulse",
                "centre": rng.choice((0.0, 1.21, 100.0)) * step,
                "width": time_,
                "height": size,
                "base": 1.0,
            }
        case "cosine":
            return {"shape": "cosine", "amplitude": size, "frequency": rng.choice((0.0, 1.0, 1 / time_)), "offset": 0.5}
        case "square":
            return {"shape": "square", "start": 0.4 * step, "stop": 0.4 * step + time_, "height": size, "base": 1.0}
    points = rng.choice((4, 5, 40))
    times, values = [(0.1 + i) * time_ for i in range(points)], [rng.uniform(-size, size) for _ in range(points)]
    return {"shape": "table", "times": times, "values": values}


def _record(rng: random.Random, d: int, step: float) -> Tables:
    found: Tables = {
        "occupation_every": rng.choice((None, "never", step)), "variance_every": rng.choice((None, "never", step)),
        "correlations_every": rng.choice((None, "never", step)),
    }  # fmt: skip
    if rng.random() < 0.5:
        found["observables"] = {"mine": _hermitian(rng, d, 1.0), "n": {"boson": "number", "site": 0}}
    if rng.random() < 0.3:
        found["two_time"] = {"pair": [_matrix(rng, d, 1.0), _hermitian(rng, d, 1.0)]}
    return found


# --- running them -----------------------------------------------------------------------------------------------------------------


def input_of(seed: int, number: int) -> str:
    """The configuration file of this input."""
    return to_toml(extreme(random.Random(f"{seed} {number}")))


def examine(text: str, folder: Path, *, figures: bool = False, seconds: float = SECONDS) -> str:
    """Check and run one file in ``folder``; what came out, in words. Raises `Wrong`.

    figures  whether the run draws them: they take longer than most runs
    seconds  after which the run is asked to stop
    """
    path, out = folder / "input.toml", folder / "out"
    path.write_text(text)
    checked, said = command(["check", str(path)], folder)
    if checked not in (0, 2):
        raise Wrong(f"check: exit code {checked}: {said[-1500:]}")
    ran, told = command(["run", str(path), "--out", str(out), "--quiet"], folder, figures=figures, seconds=seconds)
    if ran not in EXIT_CODES or "Traceback" in told or (ran == 1 and "the run failed:" in told):
        raise Wrong(f"run: exit code {ran}: {told[-1500:]}")
    if (checked == 2) != (ran == 2):
        raise Wrong(f"check: exit code {checked}: {said[-700:]}\nrun: exit code {ran}: {told[-700:]}")
    if ran in (0, 3) and "strict = true" not in text:
        faults = faults_of(out / "result.nc", converged=ran == 0)
        if faults:
            raise Wrong(f"run: exit code {ran}: " + "; ".join(faults))
        shown, seen = command(["show", str(out)], folder)
        if shown != 0:
            raise Wrong(f"show: exit code {shown}: {seen[-1500:]}")
    return {
        0: "done", 1: f"failed: {told.partition('error: ')[2][:30]}", 2: "refused", 3: "accuracy not reached", 4: "storage", 75: "stopped",
    }[ran]  # fmt: skip


def command(arguments: list[str], folder: Path, *, figures: bool = False, seconds: float = MORE) -> tuple[int, str]:
    """(exit code, output) of the program in a process forked off this one. Raises `Wrong` for one that cannot be ended."""
    warm()
    place = folder / "output.txt"
    child = os.fork()
    if child == 0:
        _be_the_program(arguments, place, figures=figures)
    for wait, asking in (
        (seconds, signal.SIGTERM),
        (MORE, signal.SIGINT),
        (MORE, signal.SIGINT),  # a handler waits for the kernel to end: a second one that comes before is none
        (MORE, signal.SIGKILL),
    ):
        deadline = time.monotonic() + wait
        while time.monotonic() < deadline:
            done, status = os.waitpid(child, os.WNOHANG)
            if done:
                # in a step that takes long a second INT ends it at once, as the system does that
                code = os.waitstatus_to_exitcode(status)
                return 75 if code == -signal.SIGINT else code, place.read_text(errors="replace")
            time.sleep(0.005)
        os.kill(child, asking)
    os.waitpid(child, 0)
    raise Wrong(f"{arguments[0]} did not end when it was asked to: {place.read_text(errors='replace')[-1500:]}")


@functools.cache
def warm() -> None:
    """Load what is compiled, once and not in every process that is forked off."""
    for method in (TDVP, TDVP1, TDVP2, TEBD, Exact):
        with contextlib.suppress(Exception):  # it goes wrong again in a run, where it is seen
            bath = chains.chain(chains.Discrete(frequencies=[1.0, 1.5], couplings=[0.1, 0.1]), temperature=0.5)
            model = SpinBoson(hamiltonian={"x": 0.5}, coupling={"z": 0.5}, bath=bath)
            ledger(evolve(model, algorithm=method(step=0.1, tolerance=1e-3), until=0.4))


def _be_the_program(arguments: list[str], place: Path, *, figures: bool) -> None:
    """The forked process: never comes back."""
    code = 70
    signal.signal(
        signal.SIGINT, signal.default_int_handler
    )  # a campaign in the background ignores it, and what it forks would
    if not figures:
        panels.figures = lambda *_: []
    try:
        resource.setrlimit(resource.RLIMIT_AS, (ADDRESSES, ADDRESSES))
        with place.open("w") as text, contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
            try:
                cli.app(arguments)
            except SystemExit as error:
                code = error.code if isinstance(error.code, int) else 0 if error.code is None else 70
            except BaseException:
                traceback.print_exc(file=text)
    finally:
        os._exit(code)


def faults_of(path: Path, *, converged: bool = True) -> list[str]:
    """What is wrong with a result.nc, in words; nothing is right. Bounds of a run that says it did not converge need error bars to hold."""
    if not path.exists():
        return ["no result.nc"]
    found = xr.load_dataset(path)
    names = [column.name for column in (*COLUMNS, *PER_BATH)] + ["rho_S", "population", "coherence", "population_H"]
    errors = [f"{name}_error" for name in names] if any(str(name).endswith("_error") for name in found) else []
    faults = [f"{name} is missing" for name in (*names, *errors) if name not in found]
    for name in names:
        if name not in found:
            continue
        values = found[name].values
        if np.isnan(values).any() and not found[name].attrs.get("reason"):
            faults.append(f"{name} is NaN without a reason")
        if f"{name}_error" in found and (found[f"{name}_error"].values < 0).any():
            faults.append(f"{name}_error is negative")
    for name in {name.removesuffix("_lower").removesuffix("_upper") for name in BOUNDS}:
        if {f"{name}_lower", f"{name}_upper"} <= set(found) and (converged or errors):
            low, high = (found[f"{name}_{side}"].values for side in ("lower", "upper"))
            slack = 1e-8 * (1 + np.abs(low))
            errors_of = [
                found.get(f"{name}_{side}_error", xr.DataArray(np.zeros(low.shape))).values
                for side in ("lower", "upper")
            ]
            slack = slack + sum(np.where(np.isnan(error), 0.0, error) for error in errors_of)
            with np.errstate(invalid="ignore"):
                if np.any(low > high + slack):
                    faults.append(f"{name}_lower > {name}_upper")
    return faults


def main() -> int:
    """The campaign; 1 at the first failure."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--start", type=int, default=0, help="number of the first input")
    parser.add_argument("--keep", type=Path, default=Path("."), help="where the file that fails is saved")
    parser.add_argument("--all", action="store_true", help="go on after a failure")
    asked = parser.parse_args()
    asked.keep.mkdir(parents=True, exist_ok=True)
    counts: collections.Counter[str] = collections.Counter()
    began, failures, slowest = time.perf_counter(), 0, (0.0, -1)
    for number in range(asked.start, asked.start + asked.runs):
        text, begun = input_of(asked.seed, number), time.perf_counter()
        with tempfile.TemporaryDirectory() as folder:
            try:
                counts[examine(text, Path(folder), figures=number % 10 == 0)] += 1
            except Wrong as error:
                failures += 1
                place = asked.keep / f"fuzz-run-{asked.seed}-{number}.toml"
                place.write_text(text)
                print(f"--- run {number} of seed {asked.seed}: {error}\n{text}\nsaved as {place}", flush=True)
                if not asked.all:
                    return 1
        slowest = max(slowest, (time.perf_counter() - begun, number))
    for outcome, count in sorted(counts.items()):
        print(f"{outcome:<45}{count:>6}")
    print(f"seed {asked.seed}: {asked.runs} inputs in {time.perf_counter() - began:.0f} s, {failures or 'no'} failures")
    print(f"slowest: {slowest[0]:.1f} s, input {slowest[1]}")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
