"""What a target costs beside the best settings that a person finds: error reached, seconds, and seconds by hand, side by side in one run.

    python scripts/bench/targets.py [--problems NAME ...] [--targets 1e-3,1e-4] [--max-time 120] [--limit 60] [--out FILE.json]

The problems are those of `calibration_set.py` whose name begins with "case", "foreign" or "reference" (the ledgers that the tests keep): a
file of each has nothing but physics in it. A run to a target has its own error bars. By hand there are none: a search over both engines,
steps, caps and tolerances knows the answer, and the fastest run whose judged columns are all within the target wins; nobody is as well
informed. With --bars it is searched once more for the fastest run whose own error bars, from its rougher run, say that it is: what one
who has to show it takes.
Bath entropy, occupations and variances are left out of all of them. Both are run once more at the end, one after the other, and these
seconds, of the processor, are printed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")
ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "scripts" / "bench")]

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402
from calibration_set import JUDGED, Problem, Truth, alpha_of, deviation, named_problems, resolved  # noqa: E402

import tnthermo as tt  # noqa: E402
from chains.problems import InvalidInput  # noqa: E402
from tnthermo.configuration.other_route import other_route  # noqa: E402
from tnthermo.configuration.resolve import Resolved, load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402
from tnthermo.evolution.first_settings import step_on_sites  # noqa: E402
from tnthermo.evolution.progress import Progress  # noqa: E402
from tnthermo.evolution.suitable_step import suitable_step  # noqa: E402
from tnthermo.record.ladder import rungs  # noqa: E402
from tnthermo.record.target import as_target  # noqa: E402
from tnthermo.thermo.judged import judgement  # noqa: E402

BINS_STEPS = (4.0, 2.0, 1.0, 0.5, 0.25)  # times the step that suits
SITES_STEPS = (4.0, 2.0, 1.0, 0.5, 0.25, 0.125)  # times the one that a target begins with
TOLERANCES = (1e-2, 3e-3, 1e-3, 3e-4, 1e-4, 3e-5, 1e-5, 3e-6, 1e-6)
BONDS = (16, 32)
STUCK = 0.8  # of an error: a tighter tolerance that leaves more than that of it, twice, is not what is missing
QUIET = {"bath_entropy": "off", "error_bars": False, "occupation_every": np.inf, "variance_every": np.inf}


class TooLate(Exception):
    """A run by hand that takes longer than the best one so far."""


@dataclass(frozen=True, kw_only=True)
class Row:
    """One problem at one target; errors in units of what is accepted, of the worst column."""

    problem: str
    target: float
    met: bool
    flags: str
    error: float
    seconds: float
    words: str
    by_hand: float
    hand_error: float
    hand: str
    with_bars: float = np.nan
    bars_hand: str = ""

    @property
    def ratio(self) -> float:
        return self.seconds / self.by_hand


@dataclass(frozen=True, kw_only=True, eq=False)
class Hand:
    """Settings of one run without error bars."""

    found: Resolved
    algorithm: Any
    name: str

    def run(self, limit: float, *, bars: bool = False) -> tuple[xr.Dataset, float]:
        """Its ledger and seconds, ``bars`` with a rougher run for error bars. Raises `TooLate`."""
        begun = time.process_time()

        def watch(progress: Progress) -> None:
            if time.process_time() - begun > limit:
                raise TooLate

        keywords = self.found.evolve_keywords() | QUIET | {"algorithm": self.algorithm, "progress": watch}
        keywords |= {"error_bars": bars, "accuracy": "off"}
        for name in ("max_time", "kept"):
            keywords.pop(name, None)
        ledger = tt.ledger(tt.evolve(self.found.model, **keywords))
        return ledger, time.process_time() - begun


def error_of(ledger: xr.Dataset, right: Truth, target: float) -> float:
    """The largest true error of a judged column in units of what the target accepts."""
    allowed = judgement(ledger, as_target(target)).allowed
    worst = 0.0
    for name in JUDGED:
        if name not in right.columns or name not in ledger:
            continue
        off = deviation(ledger, right, name) - right.error(name)
        worst = max(worst, float(np.nanmax(off)) / allowed.get(name, target))
    return worst


def engines(problem: Problem) -> list[Resolved]:
    """The problem on both of them, as far as they have it."""
    tables = {**problem.tables, "thermodynamics": {"bath_entropy": "off", "alpha_S": alpha_of(problem.tables)}}
    made = [resolved(tables)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "problem.toml"
        path.write_text(to_toml(tables))
        with suppress(InvalidInput):
            made.append(resolve(other_route(load_config(path))))
    return made


def tries(found: Resolved) -> list[list[Hand]]:
    """Rows of settings of one engine: a step and a cap with tolerances that get tighter."""
    model, every, until = found.model, found.record_every, found.until
    bins = found.algorithm.bins
    first = suitable_step(model, until, every) if bins else step_on_sites(model, until, every, pieces=1)
    rows = []
    for times in BINS_STEPS if bins else SITES_STEPS:
        step = every / max(1, round(every / (first * times)))
        for bond in BONDS:
            made = [
                tt.TimeBins(step=step, tolerance=tolerance, max_bond=bond)
                if bins
                else tt.TDVP(step=step, tolerance=tolerance, max_bond=bond)
                for tolerance in TOLERANCES
            ]
            engine = "bins" if bins else "chain"
            rows.append(
                [
                    Hand(
                        found=found,
                        algorithm=one,
                        name=f"{engine}, step {step:.3g}, tolerance {one.tolerance:g}, bond {bond}",
                    )
                    for one in made
                ]
            )
    return rows


def stated(ledger: xr.Dataset, target: float) -> float:
    """The largest error bar of a judged column in units of what the target accepts."""
    return max(judgement(ledger, as_target(target)).ratios.values())


def best_by_hand(
    problem: Problem, right: Truth, target: float, limit: float, say: Callable[[str], None], *, bars: bool = False
) -> tuple[Hand, float, float] | None:
    """(settings, seconds, error) of the fastest run that is as exact as the target; None where there is none within the limit.

    bars  and says so itself
    """
    best: tuple[Hand, float, float] | None = None
    for found in engines(problem):
        for row in tries(found):
            errors: list[float] = []
            for hand in row:
                allowed = limit if best is None else best[1]
                try:
                    ledger, seconds = hand.run(allowed, bars=bars)
                except TooLate:
                    break
                except (InvalidInput, tt.RunFailed) as error:
                    say(f"    {hand.name}: {type(error).__name__}")
                    break
                errors.append(error_of(ledger, right, target))
                if bars:
                    errors[-1] = max(errors[-1], stated(ledger, target))
                say(f"    {hand.name}: {errors[-1]:.2g} in {seconds:.2f} s")
                if errors[-1] <= 1:
                    if seconds < allowed:
                        best = hand, seconds, errors[-1]
                    break
                if len(errors) > 2 and errors[-1] > STUCK * errors[-2] and errors[-2] > STUCK * errors[-3]:
                    break
    return best


def compared(
    problem: Problem, right: Truth, target: float, asked: argparse.Namespace, say: Callable[[str], None]
) -> Row:
    """The run to a target beside the best one by hand; each once more, so that nothing is compiled in between."""
    found = best_by_hand(problem, right, target, asked.limit, say)
    seconds, ledger = np.inf, None
    for _ in range(2):
        begun = time.process_time()
        run = problem.run(target, asked.max_time, say)
        ledger = tt.ledger(run, alpha_S=alpha_of(problem.tables))
        compiling = sum(one.compile_seconds for one in rungs(run))
        seconds = min(seconds, time.process_time() - begun - compiling)
        if seconds > 10:
            break
    assert ledger is not None
    by_hand, name, off = np.inf, "none within the limit", np.nan
    if found is not None:
        hand, by_hand, off = found
        name = hand.name
        by_hand = min(by_hand, *(hand.run(np.inf)[1] for _ in range(1 if by_hand > 10 else 2)))
    shown = best_by_hand(problem, right, target, asked.limit, say, bars=True) if asked.bars else None
    with_bars, bars_hand = (np.inf, "none within the limit") if asked.bars else (np.nan, "")
    if shown is not None:
        hand, with_bars, _ = shown
        bars_hand, with_bars = hand.name, min(with_bars, hand.run(np.inf, bars=True)[1])
    return Row(
        problem=problem.name, target=target, met=ledger.attrs["target_met"] == "yes", flags=str(ledger.attrs["flags"]),
        error=error_of(ledger, right, target), seconds=seconds, words=str(ledger.attrs["target_worst"]), by_hand=by_hand,
        hand_error=off, hand=name, with_bars=with_bars, bars_hand=bars_hand,
    )  # fmt: skip


def line(row: Row) -> str:
    cells = [
        row.problem, f"{row.target:g}", "yes" if row.met else "no", f"{row.error:.2g}", f"{row.seconds:.2f}", f"{row.by_hand:.2f}",
        f"{row.ratio:.2g}", f"{row.hand_error:.2g}", row.hand, f"{row.with_bars:.2f}", f"{row.seconds / row.with_bars:.2g}", row.bars_hand,
    ]  # fmt: skip
    return f"| {' | '.join(cells)} |"


HEAD = (
    "| problem | target | met | error/target | s | s by hand | ratio | its error/target | settings by hand "
    "| s by hand with bars | ratio | settings |\n" + "|---" * 12 + "|"
)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--problems", nargs="*", default=["case", "foreign", "reference"], help="how their names begin")
    parser.add_argument("--targets", default="1e-3,1e-4")
    parser.add_argument("--max-time", type=float, default=120.0, help="seconds for each run to a target")
    parser.add_argument("--limit", type=float, default=60.0, help="seconds for each run by hand")
    parser.add_argument("--bars", action="store_true", help="also the fastest by hand whose own error bars show it")
    parser.add_argument("--out", type=Path)
    parser.add_argument("--stages", action="store_true", help="every run that is tried")
    asked = parser.parse_args()
    warnings.simplefilter("ignore")
    chosen = [one for one in named_problems() if any(one.name.startswith(word) for word in asked.problems)]
    print(HEAD, flush=True)
    rows: list[Row] = []
    for problem in chosen:
        right = problem.right()
        for target in map(float, asked.targets.split(",")):
            say = (lambda text: print(f"    {text}", flush=True)) if asked.stages else (lambda text: None)
            rows.append(compared(problem, right, target, asked, say))
            print(line(rows[-1]), flush=True)
            if asked.out:
                asked.out.write_text(json.dumps([asdict(row) for row in rows], indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main())
