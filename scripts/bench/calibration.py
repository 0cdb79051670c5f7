"""Do runs to a target keep what they promise: is each column as exact as asked, and is no error bar too small, or much too large?

    python scripts/bench/calibration.py [--problems NAME ...] [--targets 1e-2,1e-3,1e-4] [--seed 1] [--drawn 24] [--max-time 120]
        [--out FILE.json] [--figure FILE.png] [--stages] [--again FILE.json]

The problems of `calibration_set.py`, each with an answer that is known, beside some drawn by the seed. A file of each has nothing but
physics in it; [accuracy] target and max_time are added. A point is one column of one run: its largest true error over the record times, and
its largest error bar. What the answer itself may be off by is taken off the true error, and points below it say nothing about how generous
a bar is.

Printed: for each run seconds, whether the target was met, or the flag, how many of its points are within their bars, the largest ratio of
true and stated error; then for each target the parts that are asked for (`ASKED`). Exit code 1: one of them is missed, or a point that
matters (`MATTERS`) is beyond three times its bar in a run without a flag. --again prints the tables of files that --out wrote, and draws
their figure.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402
from calibration_set import JUDGED, Problem, Truth, alpha_of, deviation, drawn_problems, named_problems  # noqa: E402

import tnthermo as tt  # noqa: E402
from tnthermo.record.target import as_target  # noqa: E402
from tnthermo.thermo.judged import judgement  # noqa: E402

ASKED = {"within": 0.95, "close": 0.5, "flagged": 0.1, "met": 0.8}
CLOSE = 10.0  # times the true error, up to which a bar is not too large
MATTERS = 1e-3  # of what is asked: a bar that is too small by less than that is said, but no failure
FAR = 3.0  # times its bar: none may be beyond without a flag
HARD = 1e-4  # targets above it are to be met


@dataclass(frozen=True, kw_only=True)
class Point:
    """One column of one run.

    true    its largest error over the record times, less ``own``, what the answer may be off by
    stated  its largest bar; inf where there is none
    asked   what the target accepts
    times   record times at which its error is within its bar there, ``of`` how many
    """

    column: str
    true: float
    stated: float
    own: float
    asked: float
    times: int
    of: int
    cause: str = ""

    @property
    def ratio(self) -> float:
        return 0.0 if self.true == 0 else self.true / self.stated if self.stated else float("inf")

    @property
    def counts(self) -> bool:
        """Whether it matters to one who asked for this target."""
        return self.true > MATTERS * self.asked

    @property
    def judges(self) -> bool:
        """Whether the true error is known well enough to say that a bar is too large."""
        return self.true > self.own


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One problem at one target; ``words``: the worst column of a target that was missed, or what stopped the run."""

    problem: str
    source: str
    target: float
    seconds: float
    met: bool
    flags: str
    words: str
    points: tuple[Point, ...]
    stages: tuple[str, ...] = ()

    @property
    def flagged(self) -> bool:
        return self.flags != "none"

    @property
    def worst(self) -> Point | None:
        return max(self.points, key=lambda point: point.ratio, default=None)


def tried(problem: Problem, right: Truth, target: float, max_time: float) -> Outcome:
    """One run, beside its answer."""
    begun = time.perf_counter()
    stages: list[str] = []
    try:
        run = problem.run(target, max_time, stages.append)
    except Exception as error:
        words = f"{type(error).__name__}: {error}"
        found: dict[str, Any] = {"met": False, "flags": words, "words": words, "points": ()}
    else:
        ledger = tt.ledger(run, alpha_S=alpha_of(problem.tables))
        words = str(ledger.attrs["target_worst"])
        met = ledger.attrs["target_met"] == "yes"
        found = {
            "met": met,
            "flags": str(ledger.attrs["flags"]),
            "words": words,
            "points": points(ledger, right, target),
        }
    seconds = time.perf_counter() - begun
    return Outcome(
        problem=problem.name, source=problem.source, target=target, seconds=seconds, stages=tuple(stages), **found
    )


def points(ledger: xr.Dataset, right: Truth, target: float) -> tuple[Point, ...]:
    """One for each column that both have; what follows from rho_S is asked to be as exact as its entries."""
    allowed = judgement(ledger, as_target(target)).allowed
    found = []
    for name in JUDGED:
        if name not in right.columns or name not in ledger:
            continue
        error, own = ledger[f"{name}_error"].values, right.error(name)
        off = np.maximum(deviation(ledger, right, name) - own, 0.0)
        error = np.where(np.isnan(error), np.inf, error)
        known = np.isfinite(off)
        inside = ~known | (off <= error)
        by_time = inside.reshape(len(inside), -1).all(axis=1)
        found.append(
            Point(
                column=name,
                true=float(off[known].max(initial=0.0)),
                stated=float(error[known].max(initial=0.0)),
                own=own,
                asked=allowed.get(name, target),
                times=int(by_time.sum()),
                of=by_time.size,
                cause=str(ledger[f"{name}_error"].attrs.get("cause", "")),
            )
        )
    return tuple(found)


# --- what is asked for ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class Summary:
    """Parts of points and runs; NaN where there are none."""

    runs: int
    points: int
    within: float
    of_values: float
    close: float
    middle: float
    flagged: float
    met: float
    worst: float
    beyond: int
    silent: int
    seconds: float

    def missed(self, *, hard: bool) -> list[str]:
        """What is asked for and not so; of a ``hard`` target not that it is met."""
        found = [name for name in ("within", "close") if getattr(self, name) < ASKED[name]]
        if self.flagged > ASKED["flagged"] and not hard:
            found.append("flagged")
        if self.met < ASKED["met"] and not hard:
            found.append("met")
        return found + (["silent"] if self.silent else [])


def summary(outcomes: Iterable[Outcome]) -> Summary:
    """Of several runs together."""
    outcomes = list(outcomes)
    every = [point for one in outcomes for point in one.points]
    judging = [point for point in every if point.judges]
    silent = [p for one in outcomes if not one.flagged for p in one.points if p.ratio > FAR]
    return Summary(
        runs=len(outcomes),
        points=len(every),
        within=part(point.ratio <= 1 for point in every),
        of_values=sum(point.times for point in every) / max(1, sum(point.of for point in every)),
        close=part(point.stated <= CLOSE * point.true for point in judging),
        middle=statistics.median([point.stated / point.true for point in judging] or [float("nan")]),
        flagged=part(one.flagged for one in outcomes),
        met=part(one.met and not one.flagged for one in outcomes),
        worst=max((point.ratio for point in every), default=0.0),
        beyond=len(silent),
        silent=sum(point.counts for point in silent),
        seconds=sum(one.seconds for one in outcomes),
    )


def part(said: Iterable[bool]) -> float:
    """Of how many it is so."""
    values = list(said)
    return sum(values) / len(values) if values else float("nan")


HEAD = (
    "| problem | answer | target | s | met | points within | worst true/stated | column (cause) | flags |\n"
    + "|---" * 9
    + "|"
)
SUMMARY_HEAD = (
    "| target | runs | points | true <= stated | of all values | bar within 10 x | median stated/true | worst true/stated "
    "| beyond 3 x, no flag | of these that matter | flagged | met, no flag | s |\n" + "|---" * 13 + "|"
)


def row(one: Outcome) -> str:
    """A run as a line of the table."""
    worst = one.worst
    inside = sum(point.ratio <= 1 for point in one.points)
    cells = [
        one.problem, one.source, f"{one.target:g}", f"{one.seconds:.1f}", "yes" if one.met else "no", f"{inside}/{len(one.points)}",
        "-" if worst is None else f"{worst.ratio:.2g}",
        "-" if worst is None else f"{worst.column} ({worst.cause or '-'})",
        "-" if not one.flagged else one.flags.replace("|", "/"),
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def summary_row(name: str, one: Summary) -> str:
    """A target as a line of the other."""
    cells = [
        name, f"{one.runs}", f"{one.points}", f"{one.within:.1%}", f"{one.of_values:.1%}", f"{one.close:.1%}", f"{one.middle:.2g}",
        f"{one.worst:.2g}", f"{one.beyond}", f"{one.silent}", f"{one.flagged:.1%}", f"{one.met:.1%}", f"{one.seconds:.0f}",
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


def violations(outcomes: Sequence[Outcome]) -> list[str]:
    """Every point beyond its bar, and what the way to the target did."""
    lines = []
    for one in outcomes:
        beyond = [point for point in one.points if point.ratio > 1]
        if beyond:
            lines.append(f"{one.problem}, target {one.target:g}{' (flagged)' if one.flagged else ''}: " + ", ".join(
                f"{p.column} {p.true:.2g} > {p.stated:.2g} ({p.cause or '-'})" for p in beyond
            ))  # fmt: skip
            lines += [f"    {stage}" for stage in one.stages]
    return lines


# --- figure, files ----------------------------------------------------------------------------------------------------------------


def draw_figure(outcomes: Sequence[Outcome], path: Path) -> None:
    """True error against stated error, a point for each column of each run."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(6.0, 5.4), constrained_layout=True)
    least = 1e-10
    for number, target in enumerate(sorted({one.target for one in outcomes}, reverse=True)):
        for flagged, marker in ((False, "o"), (True, "x")):
            some = [p for one in outcomes if one.target == target and one.flagged == flagged for p in one.points]
            x, y = ([max(getattr(point, key), least) for point in some] for key in ("stated", "true"))
            label = f"target {target:g}{', flagged' if flagged else ''}"
            if some:
                axes.plot(x, y, marker, ms=3, alpha=0.5, color=f"C{number}", label=label, rasterized=True)
    span = np.array([least, 1.0])
    for factor, style in ((1.0, "-"), (0.1, ":"), (FAR, "--")):
        label = "true = stated" if factor == 1 else f"true = {factor:g} stated"
        axes.plot(span, factor * span, style, color="black", lw=0.8, label=label)
    axes.set(xscale="log", yscale="log", xlabel="stated error", ylabel="true error", xlim=span, ylim=span)
    axes.legend(fontsize="x-small", loc="upper left")
    figure.savefig(path, dpi=160)
    plt.close(figure)


def write(outcomes: Sequence[Outcome], path: Path) -> None:
    path.write_text(json.dumps([asdict(one) for one in outcomes], indent=1))


def read(path: Path) -> list[Outcome]:
    """What `write` wrote."""
    found = []
    for entry in json.loads(path.read_text()):
        made = tuple(Point(**point) for point in entry["points"])
        found.append(Outcome(**{**entry, "points": made, "stages": tuple(entry["stages"])}))
    return found


def report(outcomes: Sequence[Outcome]) -> int:
    """The tables; 1 where something that is asked for is missed."""
    print(f"\n{SUMMARY_HEAD}")
    missed = []
    for target in sorted({one.target for one in outcomes}, reverse=True):
        found = summary(one for one in outcomes if one.target == target)
        print(summary_row(f"{target:g}", found))
        missed += [f"{name} at {target:g}" for name in found.missed(hard=target <= HARD)]
    total = summary(outcomes)
    print(summary_row("all", total))
    missed += [f"{name} of all" for name in total.missed(hard=True)]
    print("\n" + "\n".join(violations(outcomes)))
    print(f"\nmissed: {', '.join(missed) or 'nothing'}")
    return int(bool(missed))


def chosen(asked: argparse.Namespace) -> list[Problem]:
    """The problems whose name begins with one of those asked for."""
    every = [*named_problems(), *drawn_problems(asked.seed, asked.drawn)]
    return [one for one in every if not asked.problems or any(one.name.startswith(word) for word in asked.problems)]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="*", default=[], help="how their names begin; default all")
    parser.add_argument("--targets", default="1e-2,1e-3,1e-4")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--drawn", type=int, default=24, help="how many are drawn")
    parser.add_argument("--max-time", type=float, default=120.0, help="seconds for each run to a target")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--figure", type=Path)
    parser.add_argument("--stages", action="store_true", help="what each way to a target did")
    parser.add_argument("--again", type=Path, nargs="+", help="files that --out wrote, instead of running")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    outcomes: list[Outcome] = []
    if asked.again:
        outcomes = [one for path in asked.again for one in read(path)]
        print("\n".join([HEAD, *map(row, outcomes)]))
    else:
        problems = chosen(asked)
        print(f"{len(problems)} problems, {asked.drawn} of all drawn with seed {asked.seed}\n\n{HEAD}", flush=True)
        for problem in problems:
            right = problem.right()
            for target in map(float, asked.targets.split(",")):
                outcomes.append(tried(problem, right, target, asked.max_time))
                print(row(outcomes[-1]), flush=True)
                for stage in outcomes[-1].stages if asked.stages else ():
                    print(f"    {stage}", flush=True)
                if asked.out:
                    write(outcomes, asked.out)
    if asked.figure:
        draw_figure(outcomes, asked.figure)
    return report(outcomes)


if __name__ == "__main__":
    sys.exit(main())
