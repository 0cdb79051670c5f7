"""The law report on the terminal: one table a book-keeping, a row a law, a column a strength of the coupling."""

from __future__ import annotations

import io
import math
import shutil
import sys

from rich.console import Console
from rich.table import Table
from rich.text import Text

from tnthermo.lawbook.digits import number
from tnthermo.lawbook.report import LEGEND, Report
from tnthermo.lawbook.verdict import Law

STYLES = {"holds": "green", "fails": "bold red", "cannot tell": "dim"}
NARROWEST = 100


def law_tables(report: Report, *, colour: bool | None = None) -> str:
    """The report as text; ``colour`` as the terminal has it unless given."""
    stream = io.StringIO()
    terminal = sys.stdout.isatty() if colour is None else colour
    width = max(NARROWEST, shutil.get_terminal_size((120, 40)).columns)
    console = Console(file=stream, width=width, force_terminal=terminal, no_color=not terminal)
    tables: dict[str, Table] = {}
    notes: dict[str, int] = {}
    for row in report.rows():
        book = row.first.book
        if book not in tables:
            table = Table(title=f"{book}: {report.title}", title_justify="left", show_lines=False)
            table.add_column("law")
            for factor in report.factors:
                table.add_column(f"J x {factor:g}")
            table.add_column("J^p", justify="right")
            tables[book] = table
        cells = [Text("") if law is None else cell(law, notes) for law in row.cells]
        tables[book].add_row(row.first.title, *cells, "" if math.isnan(row.order) else f"{row.order:.2f}")
    for table in tables.values():
        console.print(table)
    console.print(Text("\n".join([*(f"({i}) {note}" for note, i in notes.items()), *LEGEND])))
    return stream.getvalue().rstrip("\n")


def cell(law: Law, notes: dict[str, int]) -> Text:
    """Verdict and number of one law; where nothing can be told the number of the note that says why, added to ``notes`` if it is new.

    "holds (1.2e-05 +- 3e-06 of 0.4)", 0.4 being the scale by which error bars are judged; "holds by 0.2 +- 1e-02" where an inequality is
    cleared; "fails by 0.12 +- 1e-02"; "0.8 .. 1.2" for the number where it is only bounded.
    """
    if law.verdict == "cannot tell":
        return Text(f"? ({notes.setdefault(law.reason, len(notes) + 1)})", style=STYLES[law.verdict])
    if law.verdict == "fails":
        return Text(law.text, style=STYLES[law.verdict])
    if law.bracket:
        return Text(f"holds: {law.at_end or number(law.value, law.bar, bracket=True)}", style=STYLES[law.verdict])
    cleared = law.relation == ">=" and law.value - law.bar > law.bound
    text = (
        f"holds by {number(law.value - law.bound, law.bar)}"
        if cleared
        else f"holds ({number(law.deviation, law.bar)} of {law.scale:.2g})"
    )
    if law.at_end:
        text += f", {law.at_end}"
    return Text(text, style=STYLES[law.verdict])
