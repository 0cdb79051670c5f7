"""One run from a configuration file to a folder: config -> evolve -> ledger -> files. Idempotent: a finished folder is left alone.

The folder is the only truth: whatever a killed run left there, `run_config(..., resume=True)` goes on from it to the same numbers.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import xarray as xr

from chains.checks import instance_problems, path_problems
from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.accuracy.evolve import evolve
from tnthermo.configuration.estimate import checkpoint_bytes
from tnthermo.configuration.other_route import other_route
from tnthermo.configuration.resolve import Config, Resolved, load_config, resolve
from tnthermo.configuration.target import with_target
from tnthermo.configuration.written import differences, marked
from tnthermo.errors import NotConverged, RunFailed
from tnthermo.evolution.arguments import callable_problems, switch_problems
from tnthermo.evolution.doubts import AccuracyWarning
from tnthermo.evolution.progress import Progress
from tnthermo.evolution.two_time import two_time
from tnthermo.kernels.compiling import is_compiled
from tnthermo.machine import atomic_files, lock
from tnthermo.machine.atomic_files import check_space, patiently, refuse_links
from tnthermo.machine.memory import memory_watch
from tnthermo.machine.signals import Stop
from tnthermo.machine.threads import threads_within_allocation
from tnthermo.record.flag_text import flags_of, flags_text, one_flag
from tnthermo.record.trajectory import Trajectory
from tnthermo.results import result_file, run_folder, state_file
from tnthermo.results.checkpoints import Checkpoints, Identity
from tnthermo.results.snapshots import check_snapshot
from tnthermo.studies.extension import on_its_chain
from tnthermo.studies.told import told_in
from tnthermo.thermo.cycles import cycles, dimensions_of
from tnthermo.thermo.in_units import in_units
from tnthermo.thermo.ledger import ledger
from tnthermo.thermo.other_route import ROUTE, compared
from tnthermo.thermo.pending import ledger_without_errors
from tnthermo.types import Snapshot
from tnthermo.units.datasets import converted

Say = Callable[[str], None]
WORTH = 30.0  # seconds that a run took: its result is written before the error bars are there, else where something ends their making
SPARE = 2  # checkpoints that the disk must have room for before a run
OTHER_ROUTE = "other-route"  # folder, beside result.nc, of the same problem by the other engine
# what may follow when the run itself is over
ERROR_BARS, FINER, CORRELATIONS = "error bars", "finer runs to the target", "two-time correlations"


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """What `run_config` found or made.

    ledger        the columns, as in DIR/result.nc
    flags         what did not converge, by name; empty when all did
    already_done  whether the folder held this run before
    """

    folder: Path
    resolved: Resolved
    ledger: xr.Dataset
    flags: tuple[str, ...]
    already_done: bool


def fits(resolved: Resolved) -> Callable[[Snapshot], None]:
    """Raises `tnthermo.errors.Damaged` for a state from which this run cannot go on: `Checkpoints.fits`."""
    own = resolved.recording.observables or {}
    return partial(check_snapshot, model=resolved.model, algorithm=resolved.algorithm, observables=len(own))


def run_config(
    config: str | Path,
    folder: str | Path,
    *,
    resume: bool = False,
    overwrite: bool = False,
    strict: bool = False,
    check_route: bool = False,
    accuracy: float | Mapping[str, Any] | str | None = None,
    max_time: float | str | None = None,
    progress: Callable[[Progress], None] | None = None,
    say: Say = lambda text: None,
    stop: Stop | None = None,
) -> Outcome:
    """Run the configuration into ``folder``, or find that it is there already: what `tnthermo run` does, without the figures.

    resume     take an unfinished folder up again where its checkpoint is, extend a finished one to a later `until`, or add its error
               bars; with nothing there it starts
    overwrite  replace a finished folder of another configuration, or an unfinished one; the old result stays until the new one is written
    strict     as if the file said ``[run] strict = true``
    check_route  as if it said ``[accuracy] check_route = true``: the other engine runs the same problem in FOLDER/other-route, and the
               error columns hold what the two differ by
    accuracy   as if it said ``[accuracy] target``: how exact the numbers are to be
    max_time   as if it said ``[accuracy] max_time``: seconds, or a text such as "2h", for all runs of a target
    progress   called after every step with a `tnthermo.Progress`
    say        receives lines for the user
    stop       asked after every step (`tnthermo.machine.signals.listening` makes one that signals set); default: never. No signal is caught
               here.

    result.nc is written as soon as the run itself is over, its error bars NaN and what is missing named in the attribute "pending", and
    once more with all that was asked for; what interrupts the error bars leaves the first.

    Raises :class:`chains.InvalidInput` (nothing was written), `tnthermo.errors.StorageError`, `Held` where another process is at
    work in the folder, `Stopped` (a checkpoint is there), `RunFailed` (the last good one is), `NotConverged` in
    strict mode (result.nc is written nevertheless).
    """
    problems = path_problems("config", config) + path_problems("folder", folder)
    problems += switch_problems(resume=resume, overwrite=overwrite, strict=strict, check_route=check_route)
    problems += [] if stop is None else instance_problems("stop", stop, Stop, "what tnthermo.listening gives")
    problems += callable_problems(progress=progress) + instance_problems("say", say, Callable, "a function")
    raise_if_any(problems)
    folder = Path(folder)
    loaded = load_config(config, with_target(Path(config), accuracy, max_time))
    loaded = loaded.strictly() if strict else loaded
    loaded = loaded.by_both_routes() if check_route else loaded
    with told_in(loaded.tables.units) as told:
        return _routes(
            loaded,
            folder,
            resume=resume,
            overwrite=overwrite,
            progress=told.progress(progress),
            say=told.say(say),
            stop=stop,
        )


def _routes(loaded: Config, folder: Path, **given: Any) -> Outcome:
    """The run, and beside it that of the other engine where it is asked for."""
    options: Any = {**given, "stop": given["stop"] or Stop()}
    if not loaded.accuracy.check_route:
        return _run(loaded, resolve(loaded), folder, **options)
    other = other_route(loaded)
    beside = resolve(other)  # refused before anything is computed
    outcome = _run(loaded, resolve(loaded), folder, **options)
    return _by_both_routes(outcome, other, beside, options)


def _run(
    loaded: Config,
    resolved: Resolved,
    folder: Path,
    *,
    resume: bool,
    overwrite: bool,
    progress: Callable[[Progress], None] | None,
    say: Say,
    stop: Stop,
) -> Outcome:
    """One run, in its folder."""
    if not overwrite:
        resolved = on_its_chain(loaded, resolved, folder, say=say)
    for note in resolved.notes:
        say(str(note))
    keeper = Checkpoints(
        folder=folder,
        identity=Identity(hash=resolved.hash, text=resolved.text),
        every=resolved.checkpoint_every,
        patience=resolved.storage_patience,
        fits=fits(resolved),
        stop=stop,
        memory_full=memory_watch(),
        say=say,
    )
    options = {"resume": resume, "overwrite": overwrite}
    lock.refuse_if_held(folder, say)
    if already_there(folder, resolved, keeper, say=say, **options):
        return _found(folder, resolved)
    _write(keeper, lambda: atomic_files.prepare_folder(folder))
    with ExitStack() as held:
        _write(keeper, lambda: held.enter_context(lock.locked(folder, say)))
        held.enter_context(threads_within_allocation(say))
        # another process may have finished it meanwhile
        if already_there(folder, resolved, keeper, say=lambda text: None, **options):
            return _found(folder, resolved)
        keeper.clean()
        if overwrite:
            keeper.forget()
        elif resolved.target is None:  # the runs on the way to a target are looked up one by one
            keeper.look_up("run")
        kept = not overwrite and _holds_the_run(folder, resolved)
        return _computed(folder, resolved, keeper, kept=kept, progress=progress, say=say)


def _by_both_routes(outcome: Outcome, other: Config, resolved: Resolved, options: Mapping[str, Any]) -> Outcome:
    """The outcome with what the other engine says of it, in its folder. Raises NotConverged in strict mode."""
    if ROUTE in outcome.ledger.attrs:
        return outcome
    say: Say = options["say"]
    say(f"the other route: {other.evolution.method}")
    beside = _run(other, resolved, outcome.folder / OTHER_ROUTE, **{**options, "resume": not options["overwrite"]})
    dataset = compared(outcome.ledger, beside.ledger)
    patience, stop = outcome.resolved.storage_patience, options["stop"]
    file = outcome.folder / run_folder.RESULT
    with lock.locked(outcome.folder, say):
        write = partial(result_file.replace_ledger, file, dataset)
        patiently(write, patience=patience, say=say, give_up=lambda: bool(stop.reason))
    flags = flags_of(dataset.attrs)
    if flags and outcome.resolved.strict:
        raise NotConverged(flags)
    return replace(outcome, ledger=dataset, flags=flags, already_done=False)


def _found(folder: Path, resolved: Resolved) -> Outcome:
    dataset = result_file.load_ledger(folder)
    return Outcome(folder=folder, resolved=resolved, ledger=dataset, flags=flags_of(dataset.attrs), already_done=True)


def _holds_the_run(folder: Path, resolved: Resolved) -> bool:
    """Whether result.nc is of this very run, until the same time, be it without error bars."""
    found = run_folder.inspect(folder)
    before, now = (values.get("evolution", {}) for values in (found.values, resolved.values))
    same = all(before.get(key) == now.get(key) for key in ("until", "max_bond"))
    return found.state in ("pending", "finished") and found.hash == resolved.hash and same


def _computed(
    folder: Path,
    resolved: Resolved,
    keeper: Checkpoints,
    *,
    kept: bool,
    progress: Callable[[Progress], None] | None,
    say: Say,
) -> Outcome:
    """Run it and write its files; ``kept`` says that result.nc has the run already, without its error bars."""
    if keeper.place.exists():  # a checkpoint that cannot be saved is found out now
        _write(keeper, lambda: atomic_files.prepare_folder(keeper.place))
    check_space(folder, SPARE * checkpoint_bytes(resolved)[0], f"{SPARE} checkpoints")
    _write(keeper, lambda: atomic_files.write_text(folder / run_folder.CONFIG, marked(resolved.text)))
    if not is_compiled(bins=resolved.algorithm.bins):
        say("compiling the kernels: once on a machine, one to two minutes")
    save = partial(_save, folder, resolved, keeper)
    correlated = [CORRELATIONS] if resolved.two_time else []

    unwritten: list[Trajectory] = []

    def keep(run: Trajectory) -> None:
        missing = ", ".join([ERROR_BARS if run.rough is None else FINER, *correlated])
        known = ledger_without_errors if run.rough is None else ledger
        save(run, known(run, alpha_S=resolved.alpha_S), pending=missing)
        say(f"written, still without {missing}: {folder / run_folder.RESULT}")

    def on_main(run: Trajectory) -> None:
        if not kept and run.wall_seconds > WORTH:
            keep(run)
        elif not kept:
            unwritten.append(run)

    try:
        with warnings.catch_warnings(), writing(keep, unwritten):
            warnings.simplefilter("ignore", AccuracyWarning)  # the notes of the configuration have said it
            run = evolve(
                resolved.model,
                **resolved.evolve_keywords(),
                progress=progress,
                keeper=keeper,
                on_main=on_main,
                say=say,
            )
    except RunFailed as error:
        raise RunFailed(f"{error}; the last checkpoint before it is kept" if keeper.any() else str(error)) from error
    dataset = ledger(run, alpha_S=resolved.alpha_S)
    correlations = None
    if resolved.two_time:
        finished_so_far = partial(save, dataset=dataset, pending=CORRELATIONS)
        if run.wall_seconds > WORTH:
            finished_so_far(run)

        def watched(now: Progress) -> None:
            if progress is not None:
                progress(now)
            keeper.look()

        with writing(finished_so_far, [] if run.wall_seconds > WORTH else [run]):
            pairs = resolved.two_time_keywords() | {"algorithm": run.algorithm}
            correlations = two_time(resolved.model, **pairs, progress=watched)
        dataset = _with_their_flags(dataset, correlations)
    dataset = save(run, dataset, correlations)
    keeper.finish()
    flags = flags_of(dataset.attrs)
    if flags and resolved.strict:
        raise NotConverged(flags)
    return Outcome(folder=folder, resolved=resolved, ledger=dataset, flags=flags, already_done=False)


@contextmanager
def writing(keep: Callable[[Trajectory], object], unwritten: Sequence[Trajectory]) -> Iterator[None]:
    """Have ``keep`` write the runs that are over and ``unwritten`` where a signal or an error ends the work inside."""
    try:
        yield
    except Exception:
        for run in unwritten:
            keep(run)
        raise


def _with_their_flags(dataset: xr.Dataset, correlations: xr.Dataset) -> xr.Dataset:
    """The ledger with the flags of the two-time correlations behind its own."""
    theirs = flags_of(correlations.attrs)
    if not theirs:
        return dataset
    flags = (*flags_of(dataset.attrs), f"two-time correlations: {one_flag(flags_text(theirs))}")
    return dataset.assign_attrs(flags=flags_text(flags), status="not converged")


def _save(
    folder: Path,
    resolved: Resolved,
    keeper: Checkpoints,
    run: Trajectory,
    dataset: xr.Dataset,
    correlations: xr.Dataset | None = None,
    *,
    pending: str = "",
) -> xr.Dataset:
    """Write state.h5 and result.nc; returns the ledger with what it says of its configuration. Raises StorageError.

    pending  what the result lacks, in words
    """
    notes = resolved.units.said(
        "\n".join([*(str(note) for note in resolved.notes), *(f"warning: {note}" for note in keeper.notes)])
    )
    natural = dataset
    if not resolved.units.natural:
        dataset = in_units(dataset, resolved.units)
        correlations = None if correlations is None else in_units(correlations, resolved.units)
    dataset = dataset.assign_attrs(config=resolved.text, config_hash=resolved.hash, notes=notes or "none")
    record = None if pending else _cycles(natural, resolved)
    if pending:
        dataset = dataset.assign_attrs({run_folder.PENDING: pending})
    if run.state is not None:
        state = run.state
        _write(keeper, lambda: state_file.save_state(folder / run_folder.STATE, state, config_hash=resolved.hash))
    if record is not None:
        _write(keeper, lambda: result_file.save_cycles(folder / run_folder.CYCLES, record))
    _write(keeper, lambda: result_file.save_result(folder / run_folder.RESULT, dataset, run, correlations))
    return dataset


def _cycles(natural: xr.Dataset, resolved: Resolved) -> xr.Dataset | None:
    """The record of the cycles, energies and times as the file says them; None without a section [cycle]."""
    if resolved.cycle is None:
        return None
    record = cycles(natural, resolved.cycle).assign_attrs(config_hash=resolved.hash)
    return record if resolved.units.natural else converted(record, resolved.units, dimensions_of(record))


def _write(keeper: Checkpoints, write: Callable[[], None]) -> None:
    patiently(write, patience=keeper.patience, say=keeper.say, give_up=lambda: bool(keeper.stop.reason))


NEW = "must be a new folder"
GO_ON = "--resume goes on with it, --overwrite starts afresh"


def already_there(
    folder: Path, resolved: Resolved, keeper: Checkpoints, *, resume: bool, overwrite: bool, say: Say
) -> bool:
    """Whether ``folder`` holds this very run, finished. Raises InvalidInput when it holds something that must not be replaced unasked."""
    if folder.exists() and not folder.is_dir():
        raise InvalidInput([Problem(key="--out", value=str(folder), allowed="must be a folder, found a file")])
    refuse_links(folder, keeper.place)
    if overwrite:
        return False
    found = run_folder.inspect(folder)
    if found.state in ("empty", "unfinished"):
        if not resume and (found.state == "unfinished" or keeper.any()):
            raise _refused(folder, f"{NEW}; this one holds an unfinished run", GO_ON)
        if found.state == "unfinished" and not keeper.any():
            say("unfinished run found, which had not saved yet: starting from the beginning")
        return False
    changed = differences(dict(found.values), resolved.values)
    kept = found.hash == resolved.hash
    if kept and found.state == "pending":
        if not resume:
            raise _refused(folder, f"{NEW}; this one holds an unfinished run, which lacks its {found.pending}", GO_ON)
        if not keeper.any():
            say(
                "the checkpoints of the run are gone: starting from the beginning; its result stays until the new one is written"
            )
        return False
    until = float(resolved.values["evolution"]["until"])
    longer = kept and until > float(found.values.get("evolution", {}).get("until", until))
    bond = kept and any(line.startswith("evolution.max_bond") for line in changed)
    bars = kept and not bond and resolved.error_bars and not found.values.get("run", {}).get("error_bars", True)
    if kept and not (longer or bond or bars):
        say(f"already done: {folder / run_folder.RESULT}")
        return True
    if (longer or bars) and resume and keeper.any():
        doing = "extending a finished run" if longer else "adding error bars to a finished run"
        say(f"{doing}; its result stays until the new one is written")
        return False
    hint = "--overwrite computes it anew; another --out keeps both"
    if longer or bars:
        way = "extends it" if longer else "adds its error bars"
        how = f"--resume {way}" if keeper.any() else "its checkpoints, from which it could go on, are gone"
        hint = f"{how}; {hint}"
    what = "; ".join(changed) or "the contents of a file it reads, or the version's meaning of a key"
    raise _refused(folder, f"{NEW}; this one holds another run ({what})", hint)


def _refused(folder: Path, allowed: str, hint: str) -> InvalidInput:
    return InvalidInput([Problem(key="--out", value=str(folder), allowed=allowed, hint=hint)])
