"""What `tnthermo reproduce` does: the list, or the runs with their progress, the table, and files where they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from tnthermo.errors import DONE, FAILED
from tnthermo.machine.atomic_files import prepare_folder, write_text
from tnthermo.reproduction.entries import entries
from tnthermo.reproduction.reproduce import carried_out
from tnthermo.reproduction.text import csv_text, listed, reproduction_table
from tnthermo.terminal.progress import ProgressDisplay

CSV, MARKDOWN = "reproduction.csv", "reproduction.md"


def run(
    names: Sequence[str],
    *,
    cases: Path | None,
    out: Path | None,
    only_list: bool,
    quiet: bool,
    say: Callable[[str], None],
) -> int:
    """0 where all numbers agree, 1 where one does not."""
    wanted = list(names) or None
    if only_list:
        print(listed(entries(wanted, cases, key="NAME")))
        return DONE
    if out is not None:  # a folder that cannot be made is found out now
        prepare_folder(out)
    with ProgressDisplay(quiet=quiet) as progress:
        rows = carried_out(
            wanted, cases=cases, progress=progress, say=(lambda text: None) if quiet else say, key="NAME"
        )
    print(reproduction_table(rows))
    if out is not None:
        write_text(out / CSV, csv_text(rows))
        write_text(out / MARKDOWN, reproduction_table(rows, markdown=True) + "\n")
        say(f"written: {out / CSV}, {MARKDOWN}")
    for name in dict.fromkeys(row.name for row in rows):
        for flag in next(row.flags for row in rows if row.name == name):
            say(f"not converged: {name}: {flag}")
    return DONE if all(row.agrees for row in rows) else FAILED
