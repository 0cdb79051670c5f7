"""Random small models, each run as `tnthermo run` would run it, beside dense propagation by definition: does every error bar hold?

    python scripts/bench/random_models.py [--models 300] [--first 1] [--jobs 1] [--only tdvp] [--file FILE.toml] [--keep FOLDER] [--quiet]

Each seed is a configuration file: d = 2 to 4 levels, complex H and A, 1 to 3 modes in one or two baths, either kind of coupling and either
sign, cold to hot, pure, mixed, displaced and mean-force starts, drives (narrow ones as well), every method and route, settings from fine
to much too coarse. A seed whose dense space would be too large is drawn again; nothing is cut.

Printed for each column: how many values at t > 0 lie within 1, 3 and 10 of its error bars of the right one and how many beyond (a bound:
how far the right value lies outside), how many have no bar (NaN or infinite) or no value, in how many runs it is beyond 10 bars without a
flag. A failing seed is printed as a TOML file, with what is wrong. Exit code 1: a column beyond 10 bars in a run without a flag, a crash,
or NaN without a reason. --file looks at one file of discrete baths.
"""

from __future__ import annotations

import argparse
import collections
import contextlib
import itertools
import os
import signal
import sys
import tempfile
import time
import tomllib
import traceback
import warnings
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))
for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ.setdefault(name, "1")

import numpy as np  # noqa: E402
import xarray as xr  # noqa: E402

from chains.problems import InvalidInput  # noqa: E402
from tests.oracles.amplitudes import TooLarge  # noqa: E402
from tests.oracles.random_models import bath_tables, dense, draw, idle_entropy  # noqa: E402
from tnthermo.accuracy.evolve import evolve  # noqa: E402
from tnthermo.configuration.resolve import load_config, resolve  # noqa: E402
from tnthermo.configuration.written import to_toml  # noqa: E402
from tnthermo.errors import RunFailed  # noqa: E402
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, PER_BATH  # noqa: E402
from tnthermo.thermo.ledger import ledger  # noqa: E402

Array = np.ndarray
Columns = dict[str, Array]

BARS = (1.0, 3.0, 10.0)
ROUNDING = 2e-9  # of a column's size: what the oracle itself is good to
COARSE = 1e-7  # the same for ratios and rates of entropies, whose logarithms feel empty directions
LOGARITHMS = ("T_", "Sdot_", "Sigmadot_")
# not told to the oracle: what the chain did, what the state did, integrals of ratios that have poles
NOT_COMPARED = {
    "residual_energy", "residual_heat", "residual_work", "residual_flux", "residual_occupation", "residual_entropy", "residual_chi",
    "bond_dimension", "occupation", "top_level_population", "discarded_weight", "norm", "S_B0",
    "Sigma_pseudo_S", "Sigma_pseudo_B", "Sigma_pseudo", "Sigma_ext_S",
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What one model showed.

    outcome  "done", "refused" or "failed" (with words), "crashed"
    counts   of each column, values by how many bars they are off: within each of `BARS`, beyond, "no bar", "no value"
    worst    of each column that is beyond the last of `BARS`: deviation, bar, time
    """

    seed: int
    text: str
    outcome: str
    words: str = ""
    flags: str = "none"
    notes: str = ""
    counts: dict[str, collections.Counter[str]] = field(default_factory=dict)
    worst: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    missing: tuple[str, ...] = ()
    seconds: tuple[float, float] = (0.0, 0.0)

    @property
    def flagged(self) -> bool:
        return self.flags != "none"

    @property
    def bad(self) -> bool:
        """Whether the program did what it must not do."""
        return self.outcome == "crashed" or bool(self.missing) or (bool(self.worst) and not self.flagged)


def look_at(tables: dict[str, Any], right: Columns | None = None, *, seed: int = -1) -> Verdict:
    """Run the tables and compare every column; ``right``: the columns to compare with, else those of the dense oracle.

    Raises `TooLarge` where there is no oracle for them.
    """
    text = to_toml(tables)
    begun = time.perf_counter()
    times = record_times(tables)
    if right is None:
        right = dense(tables).ledger(times, tables.get("thermodynamics", {}).get("alpha_S", 0.5))
        idle = idle_entropy(tables)  # S_B and S_SB are those of the modes that couple, as their attributes say
        right |= {name: right[name] - idle for name in ("S_B", "S_SB")}
    between = time.perf_counter()
    said = Verdict(seed=seed, text=text, outcome="crashed")
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)
        path = Path(folder) / "model.toml"
        path.write_text(text)
        try:
            config = resolve(load_config(path))
            run = evolve(config.model, **config.evolve_keywords())
            found = ledger(run, config.alpha_S)
        except InvalidInput as error:
            return replaced(said, outcome="refused", words=str(error))
        except RunFailed as error:
            return replaced(said, outcome="failed", words=str(error))
        except Exception:
            return replaced(said, words=traceback.format_exc(limit=-3))
    counts, worst = compared(found, right, tables)
    return replaced(
        said,
        outcome="done",
        flags=found.attrs["flags"],
        notes="; ".join(str(note) for note in config.notes if note.level == "warning"),
        counts=counts,
        worst=worst,
        missing=tuple(without_reason(found)),
        seconds=(between - begun, time.perf_counter() - between),
    )


def replaced(verdict: Verdict, **changes: Any) -> Verdict:
    return Verdict(**{**vars(verdict), **changes})


def record_times(tables: dict[str, Any]) -> list[float]:
    """Multiples of record_every and the end."""
    evolution = tables["evolution"]
    every = evolution.get("record_every", evolution.get("step", 0.1))
    until = evolution["until"]
    times = [k * every for k in range(int(until / every + 1e-9) + 1)]
    return [*times, until] if until - times[-1] > 1e-9 * every else [*times[:-1], until] if len(times) > 1 else times


def compared(
    found: xr.Dataset, right: Columns, tables: dict[str, Any]
) -> tuple[dict[str, collections.Counter[str]], dict[str, tuple[float, float, float]]]:
    """(counts, worst) of every column that both have, at t > 0."""
    counts: dict[str, collections.Counter[str]] = {}
    worst: dict[str, tuple[float, float, float]] = {}
    for name, value, error, truth in pairs(found, right, tables):
        size = float(np.nanmax(np.abs(np.where(np.isfinite(truth), truth, 0.0)), initial=0.0))
        rough = name.startswith(LOGARITHMS)
        floor = (COARSE if rough else ROUNDING) * max(1.0, size)
        if rough:  # a ratio near its pole multiplies what the oracle is good to
            floor = floor * np.maximum(1.0, np.abs(truth) ** 2)
        with np.errstate(invalid="ignore"):
            off = np.abs(value - truth)
        if name in BOUNDS:
            off = np.maximum(0.0, value - truth if name.endswith("lower") else truth - value)
        known, barred = np.isfinite(value) & np.isfinite(truth), np.isfinite(error)
        tally = counts.setdefault(name, collections.Counter())
        tally["no value"] += int(np.sum(~np.isfinite(value) & np.isfinite(truth)))
        tally["no bar"] += int(np.sum(known & ~barred))
        with np.errstate(invalid="ignore", divide="ignore"):
            bars = np.where(off <= floor, 0.0, (off - floor) / error)
        inside = known & barred
        below = -np.inf
        for limit in BARS:
            tally[f"{limit:g}"] += int(np.sum(inside & (bars > below) & (bars <= limit)))
            below = limit
        beyond = inside & (bars > BARS[-1])
        tally["beyond"] += int(np.sum(beyond))
        if beyond.any():
            at = np.unravel_index(int(np.argmax(np.where(beyond, off, -1.0))), off.shape)
            worst[name] = (float(off[at]), float(error[at]), float(found.t.values[1:][at[0]]))
    return counts, worst


def pairs(found: xr.Dataset, right: Columns, tables: dict[str, Any]) -> Iterable[tuple[str, Array, Array, Array]]:
    """(name, value, error, right value) at t > 0 of every column."""
    assert np.allclose(found.t.values, record_times(tables), atol=1e-9), "record times"
    for column in (*COLUMNS, *PER_BATH):
        name = column.name
        if name in NOT_COMPARED:
            continue
        known = name.removesuffix("_lower").removesuffix("_upper")
        if known in right:
            value = found[name].values[1:]
            yield name, value, errors_of(found, name)[1:], right[known][1:]
    rho = right["rho_S"][1:]
    yield "rho_S", found["rho_S"].values[1:], errors_of(found, "rho_S")[1:], np.stack([rho.real, rho.imag], axis=-1)
    if "mine" in found:
        operator = numbers_of(tables["record"]["observables"]["mine"])
        yield (
            "observable",
            found["mine"].values[1:],
            errors_of(found, "mine")[1:],
            np.einsum("nij,ji->n", rho, operator).real,
        )
    if "mode_occupation" in found:
        together = summed_modes(right["mode_occupation"], tables)
        yield (
            "mode_occupation",
            found["mode_occupation"].values[1:],
            errors_of(found, "mode_occupation")[1:],
            together[1:],
        )


def errors_of(found: xr.Dataset, name: str) -> Array:
    """NAME_error; NaN where there is none."""
    if f"{name}_error" in found:
        return found[f"{name}_error"].values
    return np.full(found[name].shape, np.nan)


def numbers_of(matrix: list[list[Any]]) -> Array:
    return np.array([[complex(z) for z in row] for row in matrix])


def summed_modes(occupations: Array, tables: dict[str, Any]) -> Array:
    """The changes of occupation of each distinct frequency of each bath, in their order."""
    columns, start = [], 0
    for bath in bath_tables(tables):
        w = bath["spectral_density"]["frequencies"]
        own = occupations[:, start : start + len(w)]
        columns += [own[:, [a == x for a in w]].sum(axis=1) for x in sorted(set(w))]
        start += len(w)
    return np.stack(columns, axis=1)


def without_reason(found: xr.Dataset) -> list[str]:
    """Columns with NaN and no reason for it."""
    return [
        str(name)
        for name, variable in found.data_vars.items()
        if variable.dtype.kind == "f" and np.isnan(variable.values).any() and not variable.attrs.get("reason")
    ]


def one(seed: int, only: str | None = None) -> Verdict:
    """The verdict on the model of this seed: the first of its draws that the oracle can hold."""
    for attempt in itertools.count():
        tables = draw(np.random.default_rng([seed, attempt]), only)
        try:
            return look_at(tables, seed=seed)
        except TooLarge:
            continue
    raise AssertionError


def report(verdict: Verdict) -> str:
    """What is wrong, and the file."""
    lines = [
        f"--- seed {verdict.seed}: {verdict.outcome}, flags: {verdict.flags}; warnings of check: {verdict.notes or 'none'}"
    ]
    lines += [f"    {verdict.words}"] if verdict.words else []
    lines += [f"    NaN without a reason: {', '.join(verdict.missing)}"] if verdict.missing else []
    lines += [
        f"    {name}: off by {off:.3g}, error bar {bar:.3g}, at t = {t:g}"
        for name, (off, bar, t) in verdict.worst.items()
    ]
    return "\n".join(lines) + "\n" + verdict.text


def table(verdicts: list[Verdict]) -> str:
    """The columns and their counts, and the runs and how they ended."""
    heads = [*(f"{limit:g}" for limit in BARS), "beyond", "no bar", "no value"]
    total: dict[str, collections.Counter[str]] = {}
    runs: dict[str, list[int]] = {}
    for verdict in verdicts:
        for name, tally in verdict.counts.items():
            total.setdefault(name, collections.Counter()).update(tally)
        for name in verdict.worst:
            runs.setdefault(name, [0, 0])[verdict.flagged] += 1
    lines = [f"{'column':<20}" + "".join(f"{h:>10}" for h in heads) + "   runs beyond: silent, flagged"]
    for name, tally in total.items():
        silent, flagged = runs.get(name, [0, 0])
        lines.append(f"{name:<20}" + "".join(f"{tally[h]:>10}" for h in heads) + f"{silent:>17}, {flagged}")
    outcomes = collections.Counter(verdict.outcome for verdict in verdicts)
    lines.append(f"{len(verdicts)} models: " + ", ".join(f"{n} {outcome}" for outcome, n in outcomes.most_common()))
    done = [verdict for verdict in verdicts if verdict.outcome == "done"]
    kinds = collections.Counter(flag.split(" at t")[0][:40] for v in done if v.flagged for flag in v.flags.split("; "))
    lines.append(
        f"{sum(v.flagged for v in done)} with a flag: " + (", ".join(f"{n} {k}" for k, n in kinds.most_common()) or "-")
    )
    lines.append(
        f"{sum(bool(v.worst) and not v.flagged for v in done)} silently wrong, "
        f"{sum(bool(v.missing) for v in done)} with NaN and no reason"
    )
    oracle, program = (sum(v.seconds[k] for v in done) for k in (0, 1))
    lines.append(f"oracle {oracle:.0f} s, program {program:.0f} s")
    return "\n".join(lines)


def main() -> int:
    """The campaign; 1 where a number is silently wrong or a run crashed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=300)
    parser.add_argument("--first", type=int, default=1, help="first seed")
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--only", help="only this method")
    parser.add_argument("--file", type=Path, help="this file instead of random ones")
    parser.add_argument("--keep", type=Path, help="folder for the files of the seeds that fail")
    parser.add_argument("--quiet", action="store_true", help="no files of failing seeds on the screen")
    asked = parser.parse_args()
    if asked.file:
        verdicts: Iterable[Verdict] = [look_at(tomllib.loads(asked.file.read_text()))]
    elif asked.jobs > 1:
        pool = ProcessPoolExecutor(asked.jobs)
        verdicts = pool.map(partial(one, only=asked.only), range(asked.first, asked.first + asked.models))
    else:
        verdicts = (one(seed, asked.only) for seed in range(asked.first, asked.first + asked.models))
    seen: list[Verdict] = []
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with contextlib.suppress(KeyboardInterrupt):  # asked to stop: what there is so far
        for verdict in verdicts:
            seen.append(verdict)
            if verdict.bad:
                print(report(verdict) if not asked.quiet else report(verdict).split("\n\n")[0], flush=True)
                if asked.keep:
                    asked.keep.mkdir(parents=True, exist_ok=True)
                    (asked.keep / f"seed-{verdict.seed}.toml").write_text(verdict.text)
            if len(seen) % 50 == 0:
                print(f"{len(seen)} models", file=sys.stderr, flush=True)
    print(table(seen))
    return 1 if any(verdict.bad for verdict in seen) else 0


if __name__ == "__main__":
    sys.exit(main())
