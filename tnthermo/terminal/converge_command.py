"""What `tnthermo converge` does: the study with a table of how it goes, what it found in words, the figure. Returns exit codes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tnthermo.convergence.study import CSV, DATA, carried_out, default_folder
from tnthermo.convergence.text import convergence_table
from tnthermo.errors import ACCURACY, DONE, FAILED, STOPPED, Stopped
from tnthermo.figures.convergence import NAME, save_convergence_figure
from tnthermo.terminal.sweeps import SweepDisplay

KEYS = {"over": "--over", "columns": "--columns", "at": "--at", "within": "--within"}


def run(
    config: Path,
    out: Path | None,
    *,
    over: Sequence[str],
    columns: str | None,
    at: float | None,
    within: float,
    workers: int | None,
    quiet: bool,
    say: Callable[[str], None],
) -> int:
    """3 where a column is not converged to what was asked for, 1 where a run failed, 75 where it was stopped."""
    folder = out or default_folder(config.stem)
    try:
        with SweepDisplay(quiet=quiet) as progress:
            data = carried_out(
                config, folder, over=list(over) or None, columns=columns, at=at, within=within, workers=workers, executor=None,
                progress=progress, say=say, keys=KEYS,
            )  # fmt: skip
    except Stopped as stopped:
        say(f"{stopped}; the same command goes on")
        return STOPPED
    save_convergence_figure(data, folder)
    print(convergence_table(data))
    say(f"written: {folder / DATA}, {CSV}, {NAME}.png, {NAME}.pdf")
    if data.attrs["failed"] != "none":
        say(f"failed: {data.attrs['failed']}")
        return FAILED
    return DONE if data["converged"].values.all() else ACCURACY
