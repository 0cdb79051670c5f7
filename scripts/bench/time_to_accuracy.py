"""Wall time to a given accuracy of sigma_z: this library and its peers on the same problem, side by side in one run, one thread each.

    python scripts/bench/time_to_accuracy.py [--case A|...|H|tutorial|newcomer|FILE.toml] [--reference FILE.npz]
        [--peers quimb,yaqs,...] [--json]

FILE.toml is any configuration of the library of a two-level system; it alone says what the physics is. Every competitor climbs a ladder of
settings, from cheap to dear (peers/grids.py), each in a fresh process and its own environment (made on the first call, in .bench/ or in the
folder that TNTHERMO_BENCH names), until the tightest accuracy is reached or a run takes longer than --limit. Times leave out imports and a
run on a tiny version of the problem (compilation); they are reported apart. The error is max |sigma_z - reference| over the record times of
the configuration that a run hits; the reference is interpolated by a cubic, and where it says where sigma_z arrives, the last value of the
run counts as well. Energies that a competitor gives are compared with those of the reference, relative to the largest one of the run; their
errors are shown and decide nothing. Without --reference a file of one's own is compared with this library at refined settings, which the
table says. This library has two engines, a chain and time bins, each with a ladder of its own: "tnthermo" is the better one of them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from peers.common import Problem
from peers.environments import interpreter
from peers.grids import COMPETITORS, OURS, PEERS, Scale, grid
from peers.routes import on_bins, routed
from scipy.interpolate import CubicSpline

import chains
from chains.problems import InvalidInput
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.model.operators import purify
from tnthermo.model.representation import represented

HERE = Path(__file__).resolve().parent
STORED = HERE.parents[1] / "tests" / "oracles" / "reference"
OUTPUT = HERE.parents[1] / "results" / "time_to_accuracy"
LIBRARIES = ("OPENBLAS", "OMP", "MKL", "NUMEXPR", "NUMBA")
THREADS = {f"{name}_NUM_THREADS": "1" for name in LIBRARIES} | {"VECLIB_MAXIMUM_THREADS": "1"}
GRACE = 900.0
"""Seconds for imports and compilation beside the limit."""
ENOUGH = 10.0
"""Seconds of runs of one setting after which it is not repeated: noise is a matter of the short ones."""
FEWEST_TIMES = 8
ALARM = 14
"""SIGALRM, with which a driver ends at its limit."""
JUDGED = "sigma_z"
ENERGIES = ("E_S", "E_int", "E_B")
FORMULAS = {chains.PowerLaw: "power-law", chains.DrudeLorentz: "drude-lorentz", chains.Brownian: "brownian"}
"""Densities that the drivers have a formula for."""

INFLUENCE = ("oqupy", "qutip", "ace", "unitempo")
"""Peers that know the bath by its C(t) and one Hermitian operator only."""

Settings = dict[str, Any]


@dataclass(frozen=True, kw_only=True, eq=False)
class Case:
    """A problem with its reference.

    reference   sigma_z(t) and as many energies as there are, cubics by name
    limits      where they arrive, for those of which it is known; the references may then end before the run
    floor       error of the reference in sigma_z; None where its file does not say
    source      where the reference comes from
    obstacle    why no peer can have this case; "" where they can
    own         the same for each of this library's engines
    """

    name: str
    problem: Problem
    reference: dict[str, CubicSpline]
    floor: float | None
    source: str
    obstacle: str
    limits: dict[str, float] = field(default_factory=dict)
    own: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One run of one competitor; error is inf where there is no answer, and ``reason`` says why (``late``: beyond the limit).

    energies  relative errors of the energies that it gave, by name
    """

    who: str
    settings: Settings
    error: float = float("inf")
    energies: dict[str, float] = field(default_factory=dict)
    walls: tuple[float, ...] = ()
    compile_s: float | None = None
    import_s: float | None = None
    version: str | None = None
    versions: dict[str, str] | None = None
    reason: str = ""
    late: bool = False

    @property
    def wall_s(self) -> float:
        """The best of the repetitions."""
        return min(self.walls, default=float("inf"))


def obstacle(resolved: Resolved) -> str:
    """What no driver can represent; "" for one bath on one chain, undriven, and a product start."""
    model = resolved.model
    if len(model.couplings) > 1:
        return f"{len(model.couplings)} baths; the drivers hold one"
    if model.driven:
        return "a drive; the drivers hold constant Hamiltonians"
    if isinstance(resolved.initial, str):
        return "a mean-force start; the drivers start from a product"
    if any(entry is not None for entry in resolved.displacement or ()):
        return "a displaced bath; the drivers start from a thermal one"
    if len(model.chains) > 1 and model.couplings[0].kind == "exchange":
        return "an exchange coupling at T > 0 takes two chains; the drivers hold one"
    return ""


def own_obstacle(who: str, problem: Problem) -> str:
    """What one peer cannot represent."""
    if who in INFLUENCE and problem.exchange:
        return "an exchange coupling; TEMPO and its kin take a Hermitian coupling to one bath"
    if who == "ace" and not problem.density["kind"]:
        return "no formula for J(w), which the driver tabulates"
    return ""


def engine_obstacles(resolved: Resolved) -> dict[str, str]:
    """What one of this library's own engines does not have."""
    if isinstance(resolved.initial, str):
        return {"tnthermo-bins": "a mean-force start; it needs a chain"}
    return {}


def formula(density: Any) -> dict[str, Any]:
    """Kind and parameters of a density for `Problem.J`; kind "" where it has no formula there."""
    kind = FORMULAS.get(type(density), "")
    cut = kind != "power-law" and getattr(density, "cutoff", None) is not None
    return {"kind": ""} if cut or not kind else {"kind": kind, **asdict(density)}


def measure_of(path: Path, resolved: Resolved) -> tuple[chains.Chain, dict[str, Any]]:
    """The chain of the first bath, and what `Problem` has of the bath beside it."""
    endless = on_bins(resolved)
    bath = resolved.model.couplings[0].bath
    coupling = (routed(str(path.resolve()), "chain") if endless else resolved).model.couplings[0]
    chain = coupling.chains[0]
    if len(coupling.chains) > 1 and coupling.kind == "hermitian":
        # a pair of chains holds what one on the whole axis does
        chain = chains.chain(chain.density, chain.length, temperature=chain.temperature, support=chain.support[1])
    tail = 0.0
    if isinstance(bath, chains.Bath):
        free = chains.free_modes(bath, longest_time=resolved.until)
        nodes = np.concatenate([free.frequencies, -free.frequencies])
        strengths = np.concatenate([(free.couplings * free.cosh) ** 2, (free.couplings * free.sinh) ** 2])
        tail = free.reorganisation
    else:
        modes = chains.star(chain)
        nodes, strengths = np.array(modes.frequencies), np.array(modes.couplings) ** 2
    held = strengths > 0.0
    density = formula(represented(bath).density)
    found = {"nodes": nodes[held], "strengths": strengths[held], "tail": tail, "density": density, "endless": endless}
    return chain, found


def problem_of(path: Path, resolved: Resolved) -> Problem:
    """The physics of a configuration as the drivers read it; of several baths the first (they are refused later)."""
    coupling = resolved.model.couplings[0]
    chain, measure = measure_of(path, resolved)
    rho = np.diag([1.0, 0.0]).astype(complex) if isinstance(resolved.initial, str) else resolved.initial
    states = purify(rho)
    weights = np.sum(np.abs(states) ** 2, axis=0)
    count = int(np.floor(resolved.until / resolved.record_every + 1e-9))
    return Problem(
        hamiltonian=resolved.model.hamiltonian,
        operator=coupling.operator,
        exchange=coupling.kind == "exchange",
        weights=weights,
        starts=np.ascontiguousarray((states / np.sqrt(weights)).T),
        kappa=float(chain.coupling),
        frequencies=np.array(chain.frequencies),
        hoppings=np.array(chain.hoppings),
        **measure,
        temperature=float(chain.temperature),
        times=resolved.record_every * np.arange(count + 1),
        config=str(path.resolve()),
    )


def read_case(name: str, stored: Path | None, tightest: float, limit: float) -> Case:
    """A case by name or file."""
    known = HERE / "cases" / f"{name}.toml"
    path = known if known.exists() else Path(name)
    resolved = resolve(load_config(path))
    if resolved.model.dimension != 2:
        raise SystemExit(
            f"{path}: sigma_z is compared, of two-level systems only; this one has {resolved.model.dimension} levels"
        )
    problem = problem_of(path, resolved)
    if problem.times.size < FEWEST_TIMES:
        raise SystemExit(f"{path}: only {problem.times.size} record times up to until; lower evolution.record_every")
    if stored is None and known.exists() and (kept := STORED / f"perf_{name}.npz").exists():
        stored = kept
    label = known.stem if known.exists() else path.stem
    floor: float | None
    limits: dict[str, float]
    if stored is None:
        say(f"{label}: no reference given, making one with this library")
        (reference, floor), limits = self_reference(problem, tightest, limit), {}
        source = "this library at refined settings (a self-reference)"
    else:
        reference, limits, floor = read_reference(stored)
        source = stored.name
    end = reference[JUDGED].x[-1]
    if end < problem.times[-1] - 1e-9 and JUDGED not in limits:
        raise SystemExit(f"{source} ends at t = {end:g}, before the last record time {problem.times[-1]:g}")
    return Case(
        name=label, problem=problem, reference=reference, floor=floor, source=source, obstacle=obstacle(resolved),
        limits=limits, own=engine_obstacles(resolved),
    )  # fmt: skip


def read_reference(path: Path) -> tuple[dict[str, CubicSpline], dict[str, float], float | None]:
    """Columns, limits (limit_NAME) and the stated error of sigma_z (err_sigma_z, or error)."""
    with np.load(path, allow_pickle=False) as data:
        reference = {name: CubicSpline(data["t"], data[name]) for name in (JUDGED, *ENERGIES) if name in data}
        limits = {name: float(data[f"limit_{name}"]) for name in (JUDGED, *ENERGIES) if f"limit_{name}" in data}
        stated = next((data[name] for name in (f"err_{JUDGED}", "error") if name in data), "not stated")
        return reference, limits, stated_error(stated)


def stated_error(value: Any) -> float | None:
    """A number, also one in words ("about 2e-6")."""
    for word in str(value).split():
        try:
            return float(word)
        except ValueError:
            continue
    return None


def errors_of(case: Case, t: Any, found: dict[str, Any]) -> tuple[float, dict[str, float]]:
    """(error of sigma_z, those of the energies relative to the largest value of each); a limit is compared with the last value of a run."""
    errors = {}
    for name in (JUDGED, *ENERGIES):
        if name not in found or (name not in case.reference and name not in case.limits):
            continue
        error, largest = 0.0, 0.0
        if name in case.reference:
            cubic = case.reference[name]
            times = case.problem.times[case.problem.times <= cubic.x[-1] + 1e-9]
            error, largest = error_of(t, found[name], times, cubic), float(np.abs(cubic(times)).max())
        if name in case.limits:
            late = t[-1] < case.problem.times[-1] - (case.problem.times[1] - case.problem.times[0])
            off = float("inf") if late else abs(float(found[name][-1]) - case.limits[name])
            error, largest = max(error, off), max(largest, float(np.abs(found[name]).max()))
        errors[name] = error if name == JUDGED else error / largest
    return errors[JUDGED], {name: errors[name] for name in ENERGIES if name in errors}


def error_of(t: Any, z: Any, times: Any, reference: Callable[[Any], Any]) -> float:
    """max |z - reference| over those of ``times`` that are among ``t``; inf where these are too few or z is not finite."""
    places = np.clip(np.searchsorted(t, times - 1e-6 * (times[1] - times[0])), 0, len(t) - 1)
    hit = np.abs(t[places] - times) <= 1e-6 * (times[1] - times[0])
    if hit.sum() < FEWEST_TIMES:
        return float("inf")
    error = np.abs(z[places[hit]] - reference(times[hit])).max()
    return float(error) if np.isfinite(error) else float("inf")


def launch(
    who: str, folder: Path, settings: Settings, limit: float | None
) -> tuple[Any, dict[str, Any], dict[str, Any]]:
    """t, columns by name and what the driver says of its run.

    Raises RuntimeError where there is no answer, TimeoutError beyond the limit.
    """
    environment = {**os.environ, **THREADS, "PYTHONHASHSEED": "0"}
    for left in ("answer.json", "answer.npz"):
        (folder / left).unlink(missing_ok=True)
    words = json.dumps({**settings, "limit": limit, "launched": time.time()})
    driver = "tnthermo" if who in OURS else who
    command = [str(interpreter(who)), str(HERE / "peers" / f"run_{driver}.py"), str(folder), words]
    try:
        hard = None if limit is None else limit + GRACE
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=hard, cwd=folder)
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"stopped after {limit:g} s") from None
    if done.returncode == -ALARM:
        raise TimeoutError(f"stopped after {limit:g} s")
    if done.returncode or not (folder / "answer.json").exists():
        last = done.stderr.strip().splitlines() or [f"exit code {done.returncode}"]
        raise RuntimeError(last[-1])
    with np.load(folder / "answer.npz") as arrays:
        found = {name: arrays[name] for name in arrays}
    return found.pop("t"), found, json.loads((folder / "answer.json").read_text())


def attempt(case: Case, who: str, folder: Path, settings: Settings, limit: float, repeat: int) -> Attempt:
    """Run one setting ``repeat`` times, or until its runs have taken ENOUGH together."""
    walls: list[float] = []
    while len(walls) < repeat and sum(walls) < ENOUGH:
        try:
            t, found, said = launch(who, folder, settings, limit)
        except (TimeoutError, RuntimeError) as failure:
            return Attempt(who=who, settings=settings, reason=str(failure), late=isinstance(failure, TimeoutError))
        walls.append(said["wall_s"])
    names = ("compile_s", "import_s", "version", "versions")
    error, energies = errors_of(case, t, found)
    about = {name: said[name] for name in names}
    return Attempt(who=who, settings=settings, error=error, energies=energies, walls=tuple(walls), **about)


def climb(case: Case, who: str, args: argparse.Namespace) -> list[Attempt]:
    """One competitor's ladder, up to the tightest accuracy."""
    peer = who in PEERS
    reason = (case.obstacle or own_obstacle(who, case.problem)) if peer else case.own.get(who, "")
    if reason:
        return [Attempt(who=who, settings={}, reason=reason)]
    found: list[Attempt] = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        case.problem.write(folder)
        try:
            interpreter(who)
        except (RuntimeError, OSError) as failure:
            return [Attempt(who=who, settings={}, reason=str(failure))]
        for settings in ladder(case, who, args):
            now = attempt(case, who, folder, settings, args.limit, args.repeat)
            found.append(now)
            say(f"{case.name} {who:<15}{now.error:9.1e} {now.wall_s:9.2f} s  {brief(settings)}  {now.reason}")
            if now.late or (now.error <= min(args.accuracy) and args.again is None):
                break
    return found or [Attempt(who=who, settings={}, reason=f"reached nothing in {args.again}")]


def ladder(case: Case, who: str, args: argparse.Namespace) -> list[Settings]:
    """The settings to try: those of the grid, or those that were the cheapest to some accuracy in an earlier run."""
    if args.again is None:
        return grid(who, case.problem, args.grid)
    runs = json.loads((args.again / f"{case.name}_runs.json").read_text())
    names = ("who", "settings", "error", "walls")
    mine = [Attempt(**{name: run[name] for name in names}) for run in runs if run["who"] == who and run["error"]]
    best = [cheapest(mine, accuracy) for accuracy in args.accuracy]
    return list({brief(one.settings): one.settings for one in best if one is not None}.values())


def cheapest(attempts: Sequence[Attempt], accuracy: float) -> Attempt | None:
    """The fastest run that reached an accuracy."""
    reached = [one for one in attempts if one.error <= accuracy]
    return min(reached, key=lambda one: one.wall_s, default=None)


def entries(case: str, who: str, attempts: Sequence[Attempt], accuracies: Sequence[float]) -> list[dict[str, Any]]:
    """What --json prints of one competitor: for each accuracy the fastest run that reached it, or the most accurate one without a time."""
    result = []
    for accuracy in accuracies:
        chosen = cheapest(attempts, accuracy)
        shown = chosen or min(attempts, key=lambda one: one.error)
        entry = {
            "case": case,
            "who": who,
            "accuracy": accuracy,
            "wall_s": chosen.wall_s if chosen else None,
            "error": shown.error if np.isfinite(shown.error) else None,
            "energies": finite_only({"error": 0.0, "energies": shown.energies})["energies"],
            "settings": shown.settings,
            "version": shown.version,
            "compile_s": shown.compile_s,
        }
        if chosen is None:
            failed = [one.reason for one in attempts if one.reason]
            entry["reason"] = failed[-1] if failed else "not reached within the grid"
        result.append(entry)
    return result


def self_reference(problem: Problem, tightest: float, limit: float) -> tuple[dict[str, CubicSpline], float]:
    """What this library gives, with step, tolerance (levels with it), bond and length refined until two rungs agree; and how well.

    The difference belongs to the rougher of the two rungs, the finer one is used: an honest upper bound where the ladder converges.
    """
    scale = Scale(problem=problem)
    who = "tnthermo-bins" if problem.endless else "tnthermo-chain"
    before: tuple[Any, Any] | None = None
    difference = float("inf")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        problem.write(folder)
        for k in range(5):
            settings: Settings = {"max_bond": (16, 24, 36, 48, 64)[k]}
            if problem.endless:
                settings |= {"engine": "bins", "step": scale.kick(1 / 2**k), "tolerance": 10.0 ** -(3 + k / 2)}
            else:
                settings |= {"engine": "chain", "step": scale.step(0.25 / 2**k), "tolerance": 10.0 ** -(5 + k)}
                settings |= {"modes": scale.modes(5 + k)}
            try:
                t, found, said = launch(who, folder, settings, 10 * limit)
            except TimeoutError:
                break
            now = (t, found)
            if before is not None:
                difference = error_of(before[0], before[1][JUDGED], problem.times, CubicSpline(now[0], now[1][JUDGED]))
            before = now
            say(f"reference: {brief(settings)}, {said['wall_s']:.1f} s, change {difference:.1e}")
            if difference <= tightest / 10:
                break
    if before is None or not np.isfinite(difference):
        raise SystemExit(f"no self-reference within {10 * limit:g} s; give one with --reference")
    return {name: CubicSpline(before[0], before[1][name]) for name in (JUDGED, *ENERGIES)}, difference


def brief(settings: Settings) -> str:
    """step .25, max_bond 12 ..."""
    return " ".join(
        f"{name} {value:.3g}" if isinstance(value, float) else f"{name} {value}" for name, value in settings.items()
    )


def table(case: Case, results: dict[str, list[Attempt]], accuracies: Sequence[float]) -> str:
    """Seconds to each accuracy, and the settings that did it with the relative errors of the energies."""
    floor = "not stated" if case.floor is None else f"{case.floor:.0e}"
    head = "".join(f"{f'{accuracy:.0e}':>10}" for accuracy in accuracies)
    lines = [f"case {case.name}: seconds to max |sigma_z - reference|; reference {case.source}, error {floor}"]
    lines.append(f"{'':<15}{head}{'compile':>9}{'import':>8}  version")
    ours = [one for who in OURS for one in results.get(who, ())]
    if ours:
        best = [cheapest(ours, accuracy) for accuracy in accuracies]
        lines.append(f"{'tnthermo':<15}" + "".join(f"{one.wall_s:10.3g}" if one else f"{'-':>10}" for one in best))
        lines.append(f"{'  engine':<15}" + "".join(f"{one.settings['engine'] if one else '':>10}" for one in best))
    for who, attempts in results.items():
        times = [cheapest(attempts, accuracy) for accuracy in accuracies]
        cells = "".join(f"{one.wall_s:10.3g}" if one else f"{'-':>10}" for one in times)
        said = [one for one in attempts if one.version]
        first = said[0] if said else attempts[0]
        apart = (
            f"{max(one.compile_s or 0 for one in said):9.2g}{max(one.import_s or 0 for one in said):8.2g}"
            if said
            else " " * 17
        )
        lines.append(f"{who:<15}{cells}{apart}  {first.version or first.reason}")
    for who, attempts in results.items():
        for accuracy in accuracies:
            one = cheapest(attempts, accuracy)
            if one:
                energies = "".join(f"  {name} {error:.0e}" for name, error in one.energies.items())
                lines.append(
                    f"  {accuracy:.0e} {who:<15}{one.wall_s:9.3g} s  error {one.error:.1e}{energies}  {brief(one.settings)}"
                )
    return "\n".join(lines)


def figure(case: Case, results: dict[str, list[Attempt]], path: Path) -> None:
    """Error against wall time: every run a dot, the best ones of each competitor joined."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    shades = (
        "#000000",
        "#7f0000",
        "#0072B2",
        "#D55E00",
        "#009E73",
        "#CC79A7",
        "#E69F00",
        "#56B4E9",
        "#999933",
        "#882255",
    )
    colours = dict(zip(COMPETITORS, shades, strict=True))
    markers = dict(zip(COMPETITORS, "oXsD^vP<>h", strict=True))
    fig, ax = plt.subplots(figsize=(7.2, 4.4), layout="constrained")
    for who, attempts in results.items():
        done = sorted((one.wall_s, one.error) for one in attempts if np.isfinite(one.error))
        if not done:
            continue
        wall, error = np.array(done).T
        front = error <= np.minimum.accumulate(error)
        own: dict[str, Any] = {"color": colours[who], "marker": markers[who]}
        ax.plot(wall, error, **own, ls="none", ms=5, mfc="none", alpha=0.5)
        ax.plot(wall[front], error[front], **own, ms=6, lw=2.2 if who in OURS else 1.2, label=who)
    if case.floor:
        ax.axhline(case.floor, color="0.5", ls="--", lw=1)
        ax.annotate(
            "error of the reference",
            (1, case.floor),
            xycoords=("axes fraction", "data"),
            ha="right",
            va="bottom",
            color="0.4",
        )
    ax.set(
        xscale="log",
        yscale="log",
        xlabel="wall time (s), one thread",
        ylabel=r"max$_t$ |$\langle\sigma_z\rangle$ - reference|",
    )
    ax.set_title(f"case {case.name}", loc="left")
    ax.grid(alpha=0.25, which="major")
    if ax.get_legend_handles_labels()[0]:
        fig.legend(loc="outside right upper", frameon=False)
    fig.savefig(path, dpi=160)
    plt.close(fig)


def say(text: str) -> None:
    """Progress: stdout is kept for the result."""
    print(text, file=sys.stderr, flush=True)


def run_case(case: Case, args: argparse.Namespace) -> list[dict[str, Any]]:
    """All competitors on one case; leaves table, figure and every run in the output folder."""
    who = [*args.engines, *args.peers]
    if args.shuffle is not None:
        random.Random(args.shuffle).shuffle(who)
    found = {name: climb(case, name, args) for name in who}
    results = {name: found[name] for name in COMPETITORS if name in found}
    args.output.mkdir(parents=True, exist_ok=True)
    text = table(case, results, args.accuracy)
    (args.output / f"{case.name}.txt").write_text(text + "\n")
    figure(case, results, args.output / f"{case.name}.png")
    runs = [
        {"case": case.name, "reference": case.source, "reference_error": case.floor, **vars(one)}
        for attempts in results.values()
        for one in attempts
    ]
    finite = [finite_only(run) for run in runs]
    (args.output / f"{case.name}_runs.json").write_text(json.dumps(finite, indent=1))
    (say if args.json else print)(text)
    return [entry for name, attempts in results.items() for entry in entries(case.name, name, attempts, args.accuracy)]


def finite_only(run: dict[str, Any]) -> dict[str, Any]:
    """With None for what is infinite, which JSON does not have."""
    energies = {name: error if np.isfinite(error) else None for name, error in run["energies"].items()}
    return {**run, "error": run["error"] if np.isfinite(run["error"]) else None, "energies": energies}


def among(known: Sequence[str]) -> Callable[[str], list[str]]:
    """What reads a list of names."""

    def names(text: str) -> list[str]:
        found = [name for name in text.split(",") if name]
        unknown = sorted(set(found) - set(known))
        if unknown:
            raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not among {', '.join(known)}")
        return found

    return names


def numbers(text: str) -> list[float]:
    return sorted((float(word) for word in text.split(",")), reverse=True)


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0], formatter_class=argparse.ArgumentDefaultsHelpFormatter
    )
    parser.add_argument(
        "--case", action="append", metavar="NAME|FILE.toml", help="A ... H or a configuration; may be repeated (A)"
    )
    parser.add_argument("--reference", type=Path, metavar="FILE.npz", help="t and sigma_z (and error)")
    parser.add_argument("--peers", type=among(PEERS), default=list(PEERS), help="separated by commas; empty for none")
    parser.add_argument("--engines", type=among(OURS), default=list(OURS), help="of this library, likewise")
    parser.add_argument("--accuracy", type=numbers, default=[1e-3, 1e-4, 1e-5])
    parser.add_argument(
        "--again",
        type=Path,
        metavar="FOLDER",
        help="only the settings that won in an earlier run, whose --output this was",
    )
    parser.add_argument("--grid", choices=("quick", "full"), default="full")
    parser.add_argument("--limit", type=float, default=180.0, help="seconds for one run")
    parser.add_argument(
        "--repeat", type=int, default=1, help="runs of each setting of a few seconds; the best one counts"
    )
    parser.add_argument("--shuffle", type=int, metavar="SEED", help="competitors in random order")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="folder of tables, figures and runs")
    parser.add_argument("--json", action="store_true", help="print one list of results, and nothing else, to stdout")
    args = parser.parse_args(words)
    args.case = args.case or ["A"]
    if args.reference and len(args.case) > 1:
        parser.error("--reference goes with one case")
    return args


def main(words: Sequence[str] | None = None) -> None:
    args = arguments(words)
    found = []
    for name in args.case:
        try:
            case = read_case(name, args.reference, min(args.accuracy), args.limit)
        except InvalidInput as error:
            raise SystemExit(str(error)) from None
        found += run_case(case, args)
    if args.json:
        print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
