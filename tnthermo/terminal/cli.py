"""The command line.

Exit codes: 0 done, 1 failed (or another process is at work in the folder), 2 bad input or a refused checkpoint, 3 accuracy not reached,
4 storage, 75 stopped with a checkpoint.

A command imports what it needs when it is called, so that `--help` and `check` wait for no library of theirs.
"""

from __future__ import annotations

import enum
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from chains.problems import InvalidInput, Problem, raise_if_any
from tnthermo.errors import (
    ACCURACY,
    STOPPED,
    STORAGE,
    Held,
    Outcome,
    outcome_of,
)
from tnthermo.machine import atomic_files
from tnthermo.machine.atomic_files import remove_temporaries, temporaries
from tnthermo.machine.lasting import lasting_screen, outlasting_the_terminal
from tnthermo.machine.lock import locked
from tnthermo.machine.signals import listening

if TYPE_CHECKING:
    from tnthermo.studies.study import Outcome as StudyOutcome

FIGURES = "the figures"


def examples(*lines: str) -> str:
    """The end of a command's help: one example a line."""
    return "\n\n".join(["Examples:", *lines])


app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Thermodynamics of strongly coupled open quantum systems: heat, work, binding energy, entropies, with error bars.",
    epilog="Exit codes: 0 done, 1 the run failed or another process has the folder, 2 bad input or refused checkpoint, "
    "3 accuracy not reached (result.nc is written), 4 storage, 75 stopped with a checkpoint (--resume goes on).",
)

ConfigFile = Annotated[Path, typer.Argument(metavar="CONFIG", help="configuration file (TOML)", show_default=False)]
ResultPlace = Annotated[
    Path, typer.Argument(metavar="DIR", help="a run's folder, or its result.nc", show_default=False)
]
Strict = Annotated[bool, typer.Option("--strict", help="refuse doubtful input; fail on anything that did not converge")]
Debug = Annotated[bool, typer.Option("--debug", help="show the traceback of an error")]
Accuracy = Annotated[
    str | None,
    typer.Option(
        help="how exact the numbers are to be, as \\[accuracy] target: settings that the file leaves open are refined until they are; "
        "off: one run with the settings as they are",
        show_default=False,
    ),
]
MaxTime = Annotated[str | None, typer.Option(help='seconds, or "2h", for all runs of a target', show_default=False)]


SweepPlace = Annotated[Path, typer.Argument(metavar="DIR", help="the folder of a sweep", show_default=False)]


class Engine(enum.StrEnum):
    """Where a sweep runs."""

    local = "local"
    slurm = "slurm"


class Emit(enum.StrEnum):
    """What a sweep can be written as."""

    slurm = "slurm"


class WeakCoupling(enum.Enum):
    """Which second-order equation a run is drawn beside."""

    tcl2 = "tcl2"
    redfield = "redfield"
    lindblad = "lindblad"


def say(text: str) -> None:
    """A line for the user, on standard error; results go to standard output."""
    print(text, file=sys.stderr, flush=True)


def words(found: Outcome, reason: str, *, debug: bool) -> str:
    """A reason as a line for the user."""
    if not found.known:
        return f"error: the run failed: {reason}" + ("" if debug else " (--debug shows the traceback)")
    if found.code == STOPPED:
        return f"{reason}; the same command with --resume goes on"
    return f"{'not converged' if found.code == ACCURACY else 'error'}: {reason}"


def _number_or_text(value: str | None) -> float | str | None:
    """A number where it is one; what else it is, is said where the key is checked."""
    with suppress(TypeError, ValueError):
        return float(value)  # type: ignore[arg-type]
    return value


@contextmanager
def outcomes(*, debug: bool) -> Iterator[None]:
    """Turn every error into its exit code and one line for each problem."""
    try:
        yield
    except typer.Exit:
        raise
    except BaseException as error:
        if debug:
            traceback.print_exc()
        if not isinstance(error, Exception | KeyboardInterrupt):
            raise
        found = outcome_of(error)
        for reason in found.reasons:
            say(words(found, reason, debug=debug))
        raise typer.Exit(found.code) from None


@app.command(epilog=examples("tnthermo init", "tnthermo init spin-boson", "tnthermo init dimer my_dimer.toml"))
def init(
    kind: Annotated[
        str | None, typer.Argument(metavar="KIND", help="kind of model \\[default: list them]", show_default=False)
    ] = None,
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="file to write \\[default: KIND.toml]", show_default=False)
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="replace a file that is there")] = False,
    debug: Debug = False,
) -> None:
    """Write a commented configuration to begin with, of physics only; without a kind, list the kinds."""
    from tnthermo.configuration.examples import write_example
    from tnthermo.terminal.words import kinds_text

    with outcomes(debug=debug):
        if kind is None:
            print(kinds_text())
            return
        path = file or Path(f"{kind}.toml")
        write_example(kind, path, force=force)
        print(f"written: {path}")
        say(f"next: tnthermo check {path}, then tnthermo run {path}")


@app.command(
    epilog=examples("tnthermo keys", "tnthermo keys evolution", "tnthermo keys power-law", "tnthermo keys max_bond")
)
def keys(
    section: Annotated[
        str,
        typer.Argument(
            metavar="SECTION", help="a section, a kind, a shape or a key \\[default: all]", show_default=False
        ),
    ] = "",
    debug: Debug = False,
) -> None:
    """Print the keys of the configuration file: default, what each may hold, what it means."""
    from tnthermo.terminal.words import keys_text

    with outcomes(debug=debug):
        print(keys_text(section))


@app.command(epilog=examples("tnthermo explain", "tnthermo explain sigma_z", "tnthermo explain Sigma_B_error"))
def explain(
    column: Annotated[
        str, typer.Argument(metavar="COLUMN", help="a column of result.nc \\[default: list them]", show_default=False)
    ] = "",
    debug: Debug = False,
) -> None:
    """Say what a column of result.nc is: definition, equation, units, where it has values; without a name, list all."""
    from tnthermo.terminal.words import columns_text, explained

    with outcomes(debug=debug):
        print(explained(column) if column else columns_text())


@app.command(epilog=examples("tnthermo check study.toml", "tnthermo check study.toml --strict"))
def check(config: ConfigFile, strict: Strict = False, debug: Debug = False) -> None:
    """Check a configuration; show what it resolves to: values, convention, reorganisation energy, light cone, warnings."""
    from tnthermo.configuration.resolve import resolve_file
    from tnthermo.sweeps.axes import has_sweep

    with outcomes(debug=debug):
        if has_sweep(config):
            from tnthermo.terminal.sweep_plan import checked_sweep

            print(checked_sweep(config))
        else:
            from tnthermo.terminal.check import checked

            print(checked(resolve_file(config, strict=strict)))


@app.command(epilog=examples("tnthermo plan study.toml", "tnthermo plan study.toml --accuracy 1e-4"))
def plan(
    config: ConfigFile,
    out: Annotated[Path | None, typer.Option(help="output folder")] = None,
    seconds: Annotated[
        float,
        typer.Option(
            "--pilot", min=0.0, help="seconds for which it is tried what the run takes; 0: operations are counted"
        ),
    ] = 5.0,
    accuracy: Accuracy = None,
    max_time: MaxTime = None,
    debug: Debug = False,
) -> None:
    """Say what a run would take: chain length, memory, time, accuracy, files. A pilot of some seconds measures it; nothing is written."""
    from tnthermo.configuration.resolve import load_config, resolve
    from tnthermo.configuration.target import with_target
    from tnthermo.kernels.compiling import is_compiled
    from tnthermo.sweeps.axes import has_sweep
    from tnthermo.terminal.plan import planned
    from tnthermo.terminal.sweep_plan import planned_sweep

    with outcomes(debug=debug):
        folder = out or default_folder(config)
        if has_sweep(config):
            given = (("--accuracy", accuracy), ("--max-time", max_time))
            allowed = "left out for a sweep: [accuracy] of the file says it for all points"
            raise_if_any([Problem(key=key, value=value, allowed=allowed) for key, value in given if value is not None])
            print(planned_sweep(config, folder))
            return
        raw = with_target(config, _number_or_text(accuracy), _number_or_text(max_time))
        resolved = resolve(load_config(config, raw))
        tried = None
        if seconds and not is_compiled(bins=resolved.algorithm.bins):
            say("no pilot: the kernels are not compiled yet (`tnthermo compile`); operations are counted")
        elif seconds:
            from tnthermo.studies.pilot import pilot

            tried = pilot(resolved, seconds)
        print(planned(resolved, folder, tried))


@app.command(
    epilog=examples(
        "tnthermo run study.toml --out results/study", "tnthermo run study.toml --out results/study --resume"
    )
)
def run(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option(help="output folder \\[default: results/NAME of CONFIG]", show_default=False)
    ] = None,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume", help="go on from the folder's checkpoint, or to a later `until`; starts where nothing is there"
        ),
    ] = False,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="start afresh; replace what another run left in the folder")
    ] = False,
    strict: Strict = False,
    check_route: Annotated[
        bool,
        typer.Option("--check-route", help="run the other engine too; the error columns hold what the two differ by"),
    ] = False,
    accuracy: Accuracy = None,
    max_time: MaxTime = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    """Run a configuration into a folder: result.nc, state.h5, config.toml and the figures. A finished folder is left alone.

    TERM, INT (Ctrl-C) and USR1 let the step finish, save a checkpoint and leave with exit code 75; a second Ctrl-C leaves at once.
    """
    from tnthermo.results import run_folder
    from tnthermo.studies import study
    from tnthermo.terminal.progress import ProgressDisplay

    with outcomes(debug=debug), outlasting_the_terminal(), listening(say) as stop:
        folder = out or default_folder(config)
        with ProgressDisplay(quiet=quiet) as progress:
            outcome = study.run_config(
                config, folder, resume=resume, overwrite=overwrite, strict=strict, check_route=check_route,
                accuracy=_number_or_text(accuracy), max_time=_number_or_text(max_time), progress=progress, say=say, stop=stop,
            )  # fmt: skip
        stop.first = FIGURES  # nothing is left to be saved
        draw(outcome)
        if not outcome.already_done:
            say(f"written: {folder / run_folder.RESULT}")
        if "target_met" in outcome.ledger.attrs:
            met = "met" if outcome.ledger.attrs["target_met"] == "yes" else "missed"
            say(f"target {outcome.ledger.attrs['target']} {met}: {outcome.ledger.attrs['target_worst']}")
        for flag in outcome.flags:
            say(f"not converged: {flag}")
        if outcome.flags:
            raise typer.Exit(ACCURACY)


@contextmanager
def drawing() -> Iterator[None]:
    """Signals let the figures be finished first: they take seconds, and half of one would stay behind."""
    with listening(say) as stop:
        stop.first = FIGURES
        yield


def draw(outcome: StudyOutcome) -> None:
    """The figures of a run, where they are not there yet; what an earlier process left half-written goes.

    Another process that has the folder by now draws its own.
    """
    from tnthermo.figures import cycle, panels
    from tnthermo.results import run_folder

    folder = outcome.folder
    cycles_drawn = cycle.complete(folder) or not (folder / run_folder.CYCLES).is_file()
    if outcome.already_done and panels.complete(folder) and cycles_drawn and not temporaries(folder):
        return
    try:
        with locked(folder, say):
            remove_temporaries(folder)
            if not outcome.already_done or not panels.complete(folder):
                panels.figures(outcome.ledger, folder)
            if not outcome.already_done or not cycles_drawn:
                cycle_figure(folder, folder)
    except Held as error:
        say(f"no figures drawn: {error}")


def cycle_figure(run: Path, folder: Path) -> list[Path]:
    """The figure of the cycles of the run in the folder ``run``, in ``folder``; returns the paths, none where the run has no cycles."""
    from tnthermo.figures.cycle import save_cycle_figure
    from tnthermo.results.ledger_file import load_cycles

    record = load_cycles(run)
    return [] if record is None else save_cycle_figure(record, folder)


@app.command(epilog=examples("tnthermo show results/study", "tnthermo show results/study --steady-since 25"))
def show(
    result: ResultPlace,
    steady_since: Annotated[
        float | None,
        typer.Option(help="also the mean energy current into each bath from this time on", show_default=False),
    ] = None,
    debug: Debug = False,
) -> None:
    """One screen: final values with error bars, residuals, bonds, levels, and whether the run converged."""
    from tnthermo.results import run_folder
    from tnthermo.results.ledger_file import load_cycles, load_ledger
    from tnthermo.studies.finished import finished
    from tnthermo.terminal.show import cycle_lines, shown, steady_lines
    from tnthermo.thermo.currents import steady_currents

    with outcomes(debug=debug):
        dataset = load_ledger(finished(result))
        steady = None if steady_since is None else steady_currents(dataset, since=steady_since)
        print(shown(dataset))
        record = load_cycles(run_folder.result_path(result).parent)
        if record is not None:
            print(cycle_lines(record))
        if steady is not None:
            print(steady_lines(steady))


@app.command(epilog=examples("tnthermo plot results/study", "tnthermo plot results/study --weak-coupling tcl2"))
def plot(
    result: ResultPlace,
    out: Annotated[
        Path | None, typer.Option(help="folder for the figures \\[default: that of the result]", show_default=False)
    ] = None,
    weak_coupling: Annotated[
        WeakCoupling | None,
        typer.Option(
            help="also draw a qubit, energies, heat and work, entropies beside second order", show_default=False
        ),
    ] = None,
    debug: Debug = False,
) -> None:
    """Draw the figures (PNG and PDF) of a result: the system, energies, heat and work, entropies, residuals and bond dimensions, cycles."""
    from tnthermo.figures import panels
    from tnthermo.results import run_folder
    from tnthermo.results.ledger_file import load_ledger
    from tnthermo.studies.finished import finished

    with outcomes(debug=debug):
        dataset = load_ledger(finished(result))
        folder = out or run_folder.result_path(result).parent
        atomic_files.prepare_folder(folder)
        with drawing():
            paths = panels.figures(dataset, folder) + cycle_figure(run_folder.result_path(result).parent, folder)
        if weak_coupling is not None:
            from tnthermo.figures.second_order import companion, companion_figures
            from tnthermo.results import result_file
            from tnthermo.thermo.in_units import in_units
            from tnthermo.units.units import Units

            second = companion(result_file.load(result), weak_coupling.value, alpha_S=float(dataset.attrs["alpha_S"]))
            second = in_units(second, Units.of(dataset))
            with drawing():
                paths += companion_figures(dataset, second, folder)
        for path in paths:
            print(path)


@app.command(epilog=examples("tnthermo report results/study", "tnthermo report results/study --out study.html"))
def report(
    result: ResultPlace,
    out: Annotated[
        Path | None, typer.Option(help="file to write \\[default: report.html in DIR]", show_default=False)
    ] = None,
    debug: Debug = False,
) -> None:
    """One interactive page of HTML of a result, for a browser without a network: ledger, laws, error bars, settings, provenance."""
    from tnthermo.pages.report import report as written_report

    with outcomes(debug=debug):
        print(written_report(result, out))


@app.command(epilog=examples("tnthermo laws study.toml --out results/laws --couplings 0.01,0.1,1"))
def laws(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option(help="output folder \\[default: results/NAME-laws of CONFIG]", show_default=False)
    ] = None,
    couplings: Annotated[
        str | None,
        typer.Option(
            help="factors of J, with commas \\[default: \\[laws] couplings, else 0.01,0.1,1]", show_default=False
        ),
    ] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace what other runs left in the folder")] = False,
    strict: Strict = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    """Law by law and strength by strength: what holds, what fails, by how much, with error bars. laws.md, laws.csv, laws.json, laws.png."""
    from tnthermo.figures.laws import save_law_figure
    from tnthermo.studies import laws as law_study
    from tnthermo.terminal.laws import law_tables
    from tnthermo.terminal.progress import ProgressDisplay

    with outcomes(debug=debug), outlasting_the_terminal():
        folder = out or Path("results") / f"{config.stem}-laws"
        factors = None if couplings is None else factors_of(couplings)
        with ProgressDisplay(quiet=quiet) as progress:
            report = law_study.run_laws(
                config, folder, couplings=factors, overwrite=overwrite, strict=strict, progress=progress, say=say
            )
        with drawing():
            save_law_figure(report, folder)
        print(law_tables(report))
        say(f"written: {folder / law_study.MARKDOWN}")
        flags = [f"J x {run.factor:g}: {flag}" for run in report.runs for flag in run.flags]
        for flag in flags:
            say(f"not converged: {flag}")
        if flags:
            raise typer.Exit(ACCURACY)


@app.command(
    epilog=examples(
        "tnthermo compare two-qubits.toml --parts 2,2 --out results/compared",
        "tnthermo compare study.toml --methods lindblad,tcl2",
    )
)
def compare(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option(help="output folder \\[default: results/NAME-compare of CONFIG]", show_default=False)
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(
            help="dimensions of the parts of the system, such as 2,2: the local equation needs them", show_default=False
        ),
    ] = None,
    since: Annotated[
        float | None,
        typer.Option(help="the currents are means from this time on \\[default: half of the run]", show_default=False),
    ] = None,
    methods: Annotated[str, typer.Option(help="master equations, with commas")] = "local,lindblad,redfield,tcl2",
    overwrite: Annotated[bool, typer.Option("--overwrite", help="replace what another run left in the folder")] = False,
    strict: Strict = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    """The run beside master equations (local, global, Redfield, TCL2): the steady current into each bath, its direction; a figure."""
    from tnthermo.figures.comparison import NAME, save_comparison_figure
    from tnthermo.studies.comparison import CSV, compare_weak_coupling
    from tnthermo.terminal.compare import comparison_table
    from tnthermo.terminal.progress import ProgressDisplay

    with outcomes(debug=debug), outlasting_the_terminal():
        folder = out or Path("results") / f"{config.stem}-compare"
        with ProgressDisplay(quiet=quiet) as progress:
            found = compare_weak_coupling(
                config, folder, since=since, parts=None if parts is None else sizes_of(parts), overwrite=overwrite, strict=strict,
                methods=[name.strip() for name in methods.split(",")], progress=progress, say=say,
            )  # fmt: skip
        with drawing():
            save_comparison_figure(found.ledgers, found.currents, folder)
        print(comparison_table(found.currents))
        say(f"written: {folder / CSV}, {folder / NAME}.png")
        for flag in found.flags:
            say(f"not converged: {flag}")
        if found.flags:
            raise typer.Exit(ACCURACY)


def sizes_of(text: str) -> list[int]:
    """ "2,2" as whole numbers. Raises InvalidInput for anything else."""
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        allowed = "whole numbers with commas, such as 2,2"
        raise InvalidInput([Problem(key="--parts", value=text, allowed=allowed)]) from None


@app.command(
    epilog=examples(
        "tnthermo converge study.toml -o results/study-converge",
        "tnthermo converge study.toml --over step,max_bond --columns E_B,sigma_z --within 1e-4",
        'tnthermo converge study.toml --over "max_bond=8,16,32" --over step=0.1,0.05',
    )
)
def converge(
    config: ConfigFile,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", "-o", help="output folder \\[default: results/NAME-converge of CONFIG]", show_default=False
        ),
    ] = None,
    over: Annotated[
        list[str] | None,
        typer.Option(
            help="settings to vary: step,max_bond,levels,modes,tolerance, or NAME=VALUES; may be given several times "
            "\\[default: those that the method has]",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        str | None,
        typer.Option(
            help="columns of result.nc, with commas \\[default: E_B,S_S,sigma_z,S_chi where they have values]",
            show_default=False,
        ),
    ] = None,
    at: Annotated[
        float | None, typer.Option(help="time for which values are told \\[default: the last]", show_default=False)
    ] = None,
    within: Annotated[float, typer.Option(help="what is asked for, in parts of each column's largest value")] = 1e-3,
    workers: Annotated[
        int | None,
        typer.Option(min=1, help="runs at a time \\[default: one for each processor]", show_default=False),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    """Is it converged, and what limits it: each setting coarser and finer, all finer at once. convergence.nc, .csv, .png; exit code 3: not.

    What the folder has already is not run again; a study that was stopped goes on by the same command.
    """
    from tnthermo.terminal import converge_command

    with outcomes(debug=debug), outlasting_the_terminal():
        code = converge_command.run(
            config, out, over=over or [], columns=columns, at=at, within=within, workers=workers, quiet=quiet, say=say
        )
        raise typer.Exit(code)


@app.command(
    epilog=examples(
        "tnthermo reproduce --list",
        "tnthermo reproduce gibbs-commuting qutip-heom-1b",
        "tnthermo reproduce --out results/known",
    )
)
def reproduce(
    names: Annotated[
        list[str] | None,
        typer.Argument(metavar="NAME", help="entries \\[default: all, which takes minutes]", show_default=False),
    ] = None,
    only_list: Annotated[bool, typer.Option("--list", help="names and sources; nothing is run")] = False,
    out: Annotated[
        Path | None,
        typer.Option(help="folder for the table, as .csv and .md \\[default: none is written]", show_default=False),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(
            help="folder with entries of your own, NAME.toml and NAME.published \\[default: those of the package]",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    """Run known results of others and hold their published numbers against ours, with both errors.

    Exit code 0 where every number agrees within the sum of both errors, 1 where one does not. Nothing is written without --out.
    """
    from tnthermo.terminal import reproduce_command

    with outcomes(debug=debug), outlasting_the_terminal():
        code = reproduce_command.run(names or [], cases=cases, out=out, only_list=only_list, quiet=quiet, say=say)
        raise typer.Exit(code)


def factors_of(text: str) -> list[float]:
    """ "0.1, 1" as numbers. Raises InvalidInput for anything else."""
    from chains.checks import plain_number

    found = [plain_number(part) for part in text.split(",")]
    numbers = [number for number in found if number is not None]
    if len(numbers) < len(found):
        allowed = "positive numbers with commas, such as 0.01,0.1,1"
        raise InvalidInput([Problem(key="--couplings", value=text, allowed=allowed)])
    return numbers


@app.command(
    epilog=examples(
        "tnthermo sweep sweep.toml --out results/sweep --workers 4",
        "tnthermo sweep sweep.toml --out results/sweep --engine slurm",
    )
)
def sweep(
    config: ConfigFile,
    out: Annotated[
        Path | None, typer.Option(help="output folder \\[default: results/NAME of CONFIG]", show_default=False)
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            min=1, help="runs at a time \\[default: one for each processor; of a Slurm array: all]", show_default=False
        ),
    ] = None,
    engine: Annotated[
        Engine, typer.Option(help="where to run: processes of this machine, or one Slurm array")
    ] = Engine.local,
    emit: Annotated[
        Emit | None,
        typer.Option(help="only write the plain array script of a sweep into its folder", show_default=False),
    ] = None,
    only_failed: Annotated[bool, typer.Option("--only-failed", help="only what failed or was killed before")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="do not ask about a large number of points")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="no progress display")] = False,
    debug: Debug = False,
) -> None:
    r"""Run all points of a configuration with a section \[sweep]; what is done already stays. See status and collect."""
    from tnthermo.terminal import sweep_command

    with outcomes(debug=debug), outlasting_the_terminal():
        folder = out or default_folder(config)
        if emit is not None or engine is Engine.slurm:
            write = emit is not None
            code = sweep_command.hand_over(
                config, folder, at_once=workers, only_failed=only_failed, many=yes, write=write, say=say
            )
        else:
            code = sweep_command.run(
                config, folder, workers=workers, only_failed=only_failed, many=yes, quiet=quiet, say=say
            )
        raise typer.Exit(code)


@app.command(epilog=examples("tnthermo status results/sweep"))
def status(folder: SweepPlace, debug: Debug = False) -> None:
    """How every run of a sweep stands: done, running, stopped, failed and why, killed, queued, waiting."""
    from tnthermo.sweeps.status import sweep_status
    from tnthermo.terminal.sweeps import status_table

    with outcomes(debug=debug):
        status_table(sweep_status(folder), sys.stdout)


@app.command(
    epilog=examples(
        "tnthermo collect results/sweep", "tnthermo collect results/sweep --columns E_S,sigma_z --out table.nc"
    )
)
def collect(
    folder: SweepPlace,
    out: Annotated[
        Path | None, typer.Option(help="file to write \\[default: DIR/table.nc]", show_default=False)
    ] = None,
    columns: Annotated[
        str, typer.Option(help="columns to take, with commas between them \\[default: all]", show_default=False)
    ] = "",
    debug: Debug = False,
) -> None:
    """Put all runs of a sweep into one netCDF file, its axes as dimensions; what is missing is NaN and named."""
    from tnthermo.sweeps.collect import COLLECTED, contents, left_out, save_collected
    from tnthermo.sweeps.collect import collect as collected

    with outcomes(debug=debug):
        data = collected(folder, columns=[name.strip() for name in columns.split(",") if name.strip()])
        path = out or folder / COLLECTED
        save_collected(data, path)
        if data.attrs["missing"] != "none":
            say(f"missing: {data.attrs['missing']}")
        say(contents(data))
        if not_taken := left_out(folder):
            say(not_taken)
        say(f"written: {path}")


@app.command(name="compile", epilog=examples("tnthermo compile"))
def compile_(debug: Debug = False) -> None:
    """Compile the kernels of usual runs into the cache, so that the first one does not wait: once on a machine, one to two minutes."""
    from tnthermo.studies.kernels import compile_kernels

    with outcomes(debug=debug):
        seconds = compile_kernels(say)
        print(f"compiled in {seconds:.0f} s" if seconds > 0 else "all of them are in the cache already")


def default_folder(config: Path) -> Path:
    """results/NAME for NAME.toml, from the current folder."""
    return Path("results") / config.stem


def version_line(value: bool) -> None:
    """Print the version and leave."""
    from tnthermo.machine.versions import installed_version

    if value:
        print(f"tnthermo {installed_version('tnthermo')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=version_line, is_eager=True, help="show the version")
    ] = False,
) -> None:
    """Options of the program itself."""


def main() -> None:
    """Entry point of the command ``tnthermo``. Whoever stops reading does not change the exit code; output lost to a full disk does."""
    with lasting_screen() as output:
        try:
            app()
        except SystemExit as ended:
            output.flush()
            if output.lost is None or ended.code:
                raise
            say(f"error: standard output could not be written: {output.lost}")
            raise SystemExit(STORAGE) from None


if __name__ == "__main__":
    main()
