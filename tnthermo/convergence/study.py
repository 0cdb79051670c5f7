"""A study of convergence: the reference, one setting at a time coarser and finer, all finer at once. Its runs are a sweep in its folder.

DIR/points/RUN/      the runs, as a sweep leaves them (`tnthermo.sweeps.folder`); those that are there are not done again
DIR/convergence.nc   `tnthermo.convergence.dataset`
DIR/convergence.csv  the same as a table
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import xarray as xr

from chains.checks import instance_problems, number_problems, path_problems
from chains.problems import MISSING, InvalidInput, Problem, raise_if_any
from tnthermo.configuration.resolve import Resolved, load_config, resolve
from tnthermo.configuration.target import without_target
from tnthermo.configuration.toml import read_toml
from tnthermo.convergence import knobs as ladders
from tnthermo.convergence.asked import (
    ColumnName,
    missing_problems,
    need_the_bath,
    read_columns,
    read_over,
    usual_columns,
)
from tnthermo.convergence.dataset import Runs, built
from tnthermo.convergence.knobs import Knob, Settings
from tnthermo.convergence.text import csv_text
from tnthermo.errors import RunFailed, Stopped
from tnthermo.machine.atomic_files import write_pieces, write_text
from tnthermo.results import netcdf
from tnthermo.results.result_file import load_ledger
from tnthermo.sweeps.axes import Axes, parts, placed
from tnthermo.sweeps.folder import SweepFolder, load_manifest
from tnthermo.sweeps.here import SweepOutcome, SweepProgress, run_axes, worker_problems
from tnthermo.sweeps.points import run_id, sweep_points
from tnthermo.sweeps.status import FINISHED, standings

PURPOSE = "convergence"
DATA, CSV = "convergence.nc", "convergence.csv"
WITHIN = 1e-3
REFERENCE, CORNER = "reference", "all finer"

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Points(Axes):
    """Points that are named, each with what it sets beside the reference: a sweep with one axis, of names."""

    sets: tuple[Settings, ...]

    def settings(self, number: int) -> Settings:  # type: ignore[override]
        return self.sets[number]

    def tables(self, number: int) -> dict[str, Any]:
        """The sections of a point: the reference's with what it sets."""
        found: Any = dict(self.base)
        for key, value in self.sets[number].items():
            found = placed(found, parts(key), value, key)
        return found  # type: ignore[no-any-return]

    def label(self, number: int) -> str:
        return str(self.values["point"][number])


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What is asked for, checked.

    over     knobs with their values; {} for all that the run has
    columns  None for those that suit
    """

    resolved: Resolved
    path: Path
    over: Mapping[str, Sequence[float] | None]
    columns: Sequence[ColumnName] | None
    keys: Mapping[str, str]


def converge(
    config: str | Path | Mapping[str, Any],
    folder: str | Path | None = None,
    *,
    over: Any = None,
    columns: Any = None,
    at: float | None = None,
    within: float = WITHIN,
    workers: int | None = None,
    executor: Executor | None = None,
    progress: Callable[[SweepProgress], None] = lambda state: None,
    say: Say = lambda text: None,
) -> xr.Dataset:
    """How far a run is converged, and what limits it: every setting coarser and finer, one at a time, and all finer at once.

    config   a file as `tnthermo run` takes it, or its tables; the reference is that run, with all that it chooses by rule
    folder   for the runs and for convergence.nc, convergence.csv; results/NAME-converge by default. What is there already is not run again
    over     which settings: names, each with values of its own if need be, as a mapping {"max_bond": [8, 16], "step": None} or as
             texts ["max_bond=8,16", "step"]; by default those that the method has
    columns  of the ledger; E_B, S_S, sigma_z (or population[0]) and S_chi by default, where they have values. The entropy of the bath is
             evaluated where a column needs it
    at       the time for which values are told; the last one by default
    within   what is asked for, in parts of each column's largest value
    workers, executor, progress  as in `tnthermo.run_sweep`
    say      receives lines for the user

    `tnthermo.convergence_table` prints what it returns, `tnthermo.plot_convergence` draws it; what the variables are is in their attribute
    long_name. Raises :class:`chains.InvalidInput` (nothing was written), `tnthermo.errors.StorageError`, `Stopped` (the same call goes
    on), and `RunFailed` where the reference failed; other runs that fail are named in the attribute "failed". Processes are started: a
    script needs ``if __name__ == "__main__":``.
    """
    keys = {name: name for name in ("over", "columns", "at", "within")}
    return carried_out(
        config, folder, over=over, columns=columns, at=at, within=within, workers=workers, executor=executor,
        progress=progress, say=say, keys=keys,
    )  # fmt: skip


def carried_out(
    config: str | Path | Mapping[str, Any],
    folder: str | Path | None,
    *,
    over: Any,
    columns: Any,
    at: Any,
    within: Any,
    workers: int | None,
    executor: Executor | None,
    progress: Callable[[SweepProgress], None],
    say: Say,
    keys: Mapping[str, str],
) -> xr.Dataset:
    """`converge`; ``keys`` are what its arguments are called by whoever gave them."""
    asked = checked(config, folder, over=over, columns=columns, at=at, within=within, keys=keys, more=[
        *worker_problems(workers, executor),
        *instance_problems("progress", progress, Callable, "a function"),
        *instance_problems("say", say, Callable, "a function"),
    ])  # fmt: skip
    place = SweepFolder(_folder(config, folder))
    names = list(asked.over) or _usual(asked.resolved, say)
    say(_reference(asked.resolved))
    drafts = [ladders.knob(name, asked.over.get(name), asked.resolved, None) for name in names]
    raise_if_any([problem for one in drafts for problem in ladders.unfinished(one, keys["over"])])
    sweep_points(points(asked, drafts))  # all of them are looked at before the first one runs

    def told(text: str) -> None:
        if text.startswith("nothing to do"):
            say("all runs are there already")
        elif not text.startswith("point"):  # what is doubtful of a coarse run is why it is made
            say(text)

    options: dict[str, Any] = {"workers": workers, "executor": executor, "progress": progress, "purpose": PURPOSE}
    first = points(asked, [])
    run = run_id(resolve(load_config(first.path, first.tables(0))))
    if not _is_there(place, run):
        _ended(run_axes(first, place.root, say=told, **options), run)
    ledger = load_ledger(place.point(run))
    raise_if_any(missing_problems(asked.columns or (), ledger, keys["columns"]))
    found = [ladders.knob(name, asked.over.get(name), asked.resolved, ledger) for name in names]
    for one in found:
        if one.note:
            say(f"{one.name}: {one.note}")
    every = points(asked, found)
    outcome = run_axes(every, place.root, say=told, **options)
    _ended(outcome, run)
    lacking = {one.run for one in outcome.failures}
    data = evaluated(asked, place, found, every, ledger, lacking, at=at, within=within)
    failed = "; ".join(f"{one.label}: {one.reason}" for one in outcome.failures)
    alone = ", ".join(ladders.left_alone(names, asked.resolved))
    data = data.assign_attrs(failed=failed or "none", title=_name(config), not_varied=alone or "none")
    write_pieces(place.root / DATA, [netcdf.image_of({netcdf.ROOT: data}).getbuffer()])
    write_text(place.root / CSV, csv_text(data))
    return data


def checked(
    config: Any,
    folder: Any,
    *,
    over: Any,
    columns: Any,
    at: Any,
    within: Any,
    keys: Mapping[str, str],
    more: list[Problem],
) -> Asked:
    """The configuration and what is asked of it. Raises InvalidInput with everything that is wrong."""
    problems = list(more)
    tables = isinstance(config, Mapping)
    problems += [] if tables else path_problems("config", config)
    problems += [] if folder is None else path_problems("folder", folder)
    chosen, wrong = ({}, []) if over is None else read_over(over, keys["over"])
    problems += wrong
    problems += number_problems(keys["within"], within, above=0.0)
    problems += [] if at is None else number_problems(keys["at"], at, at_least=0.0)
    resolved = None
    path = Path(_name(config)) if tables or any(p.key == "config" for p in problems) else Path(config)
    if not any(p.key == "config" for p in problems):
        try:
            resolved = resolve(load_config(path, without_target(dict(config) if tables else read_toml(path))))
        except InvalidInput as error:
            problems += error.problems
    named, wrong = (None, []) if columns is None else read_columns(columns, resolved, keys["columns"])
    problems += wrong
    if resolved is None:
        problems += ladders.unknown_problems(chosen, keys["over"])
    else:
        problems += ladders.asked_problems(chosen, resolved, keys["over"])
        if resolved.until <= 0:
            allowed = "a time > 0: a run of no time has nothing to converge"
            problems.append(Problem(key="evolution.until", value=resolved.until, allowed=allowed))
        until, unit = resolved.units.shown_time(resolved.until), resolved.units.behind("time")
        if at is not None and not problems and at > until:
            allowed = f"a time of the run, at most evolution.until = {until:g}{unit}"
            problems.append(Problem(key=keys["at"], value=at, allowed=allowed))
    raise_if_any(problems)
    assert resolved is not None
    return Asked(resolved=resolved, path=path, over=chosen, columns=named, keys=keys)


def _name(config: Any) -> str:
    """What results are named after."""
    return Path(config).stem if isinstance(config, str | Path) else "study"


def _folder(config: Any, folder: str | Path | None) -> Path:
    return default_folder(_name(config)) if folder is None else Path(folder)


def default_folder(name: str) -> Path:
    """results/NAME-converge, from the current folder."""
    return Path("results") / f"{name}-converge"


def _reference(resolved: Resolved) -> str:
    """The settings around which all others lie; those of a run to a target are not known before it."""
    return resolved.units.said(f"the reference: {resolved.algorithm.brief}; a target plays no part in a study")


def _usual(resolved: Resolved, say: Say) -> list[str]:
    """The knobs that the run has; of the others it is said why they are left out."""
    own, without = ladders.possible(resolved)
    silent = ladders.unasked(resolved)
    left = {name: why for name, why in without.items() if name == "modes"}
    for name, why in (left | silent).items():
        say(f"without {name}: {why}")
    return [name for name in own if name not in silent]


def points(asked: Asked, found: Sequence[Knob]) -> Points:
    """The reference, every other value of each knob, the corner; each once."""
    base = tomllib.loads(asked.resolved.text)
    others = ladders.beside(asked.resolved)
    plain: dict[str, Any] = {"run.strict": False, "accuracy.check_route": False}
    if not need_the_bath(asked.columns):
        plain["thermodynamics.bath_entropy"] = "off"
    if asked.resolved.two_time:
        plain["record.two_time"] = {}
    named: dict[str, Settings] = {REFERENCE: plain}
    for one in found:
        for i, rung in enumerate(one.rungs):
            if i != one.reference:
                named[f"{one.name} = {rung.value:.12g}"] = {**plain, **others, **rung.settings}
    joint = {**plain, **others, **ladders.corner(found)}
    if found and joint not in named.values():
        named[CORNER] = joint
    return Points(path=asked.path, mode="list", values={"point": list(named)}, base=base, sets=tuple(named.values()))


def evaluated(
    asked: Asked,
    place: SweepFolder,
    found: Sequence[Knob],
    every: Points,
    ledger: xr.Dataset,
    lacking: set[str],
    *,
    at: Any,
    within: float,
) -> xr.Dataset:
    """The dataset of what has finished: of all runs but those that are ``lacking``."""
    manifest = load_manifest(place)
    runs: dict[str, str] = dict(zip(every.values["point"], manifest.runs, strict=True))
    reference = runs[REFERENCE]
    of = [
        [
            reference if i == one.reference else runs[f"{one.name} = {rung.value:.12g}"]
            for i, rung in enumerate(one.rungs)
        ]
        for one in found
    ]
    joint = [number for number, settings in enumerate(every.sets) if _finer(settings, found)]
    corner: str = runs.get(CORNER, manifest.runs[joint[-1]] if joint else reference)
    ledgers = {
        run: ledger if run == reference else load_ledger(place.point(run))
        for run in manifest.runs
        if run not in lacking
    }
    columns = asked.columns or usual_columns(ledger)
    if not columns:
        raise InvalidInput(
            [Problem(key=asked.keys["columns"], value=MISSING, allowed="columns that have values in this run")]
        )
    made = Runs(ledgers=ledgers, knobs=found, of=of, reference=reference, corner=corner)
    return built(made, columns, at=None if at is None else float(at), within=float(within))


def _finer(settings: Settings, found: Sequence[Knob]) -> bool:
    """Whether a point is the corner: all that it sets is that."""
    wanted = ladders.corner(found)
    return all(settings.get(key, MISSING) == value for key, value in wanted.items()) and bool(wanted)


def _is_there(place: SweepFolder, run: str) -> bool:
    """Whether the folder has this run, finished."""
    if not place.manifest.exists():
        return False
    manifest = load_manifest(place)
    if run not in manifest.runs:
        return False
    alone = replace(manifest, runs=(run,))
    return all(one.state in FINISHED for one in standings(place, alone))


def _ended(outcome: SweepOutcome, reference: str) -> None:
    """Raises Stopped where the sweep was, RunFailed where the reference has no result."""
    if outcome.stopped:
        by = {"": "", "SIGINT": " by Ctrl-C"}.get(outcome.by, f" by {outcome.by}")
        raise Stopped(f"stopped{by}")
    for one in outcome.failures:
        if one.run == reference:
            raise RunFailed(f"the reference failed: {one.reason}")
