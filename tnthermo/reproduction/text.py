"""What was reproduced, as a table: for the terminal, as Markdown and as CSV."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Sequence
from dataclasses import fields

from chains.problems import Problem, raise_if_any
from tnthermo.evolution.arguments import switch_problems
from tnthermo.lawbook.digits import error_bar, number
from tnthermo.reproduction.entries import Entry
from tnthermo.reproduction.reproduce import Reproduced

HEADER = ("name", "what", "published", "ours", "diff/err", "verdict")


def reproduction_table(rows: Sequence[Reproduced], *, markdown: bool = False) -> str:
    """What `tnthermo.reproduce` returned, as text: a line for each number, and the source of each entry below.

    markdown  as a table of Markdown, each source beside its entry

    "diff/err" is |ours - published| over the sum of both errors. Raises :class:`chains.InvalidInput` for anything else.
    """
    problems = switch_problems(markdown=markdown)
    if not isinstance(rows, list | tuple) or not all(isinstance(row, Reproduced) for row in rows):
        allowed = "what tnthermo.reproduce returns"
        problems.append(Problem(key="rows", value=rows, allowed=allowed, hint=f"found {type(rows).__name__}"))
    raise_if_any(problems)
    sources = {row.name: row.source for row in rows}
    if markdown:
        lines = ["| name | what | published (source) | ours | diff/err | verdict |", "|---|---|---|---|---|---|"]
        shown: set[str] = set()
        for row in rows:
            name, what, published, *rest = (cell.replace("|", "\\|") for cell in cells(row))
            if name not in shown:
                published += f" ({sources[name]})"
            lines.append("| " + " | ".join([name if name not in shown else "", what, published, *rest]) + " |")
            shown.add(name)
        return "\n".join(lines)
    body = [HEADER, *(cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in body) for i in range(len(HEADER))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip() for line in body]
    told = [f"{name}: {source}" for name, source in sources.items()]
    return "\n".join([*lines, "", "sources:", *told])


def cells(row: Reproduced) -> tuple[str, ...]:
    """The cells of `HEADER`."""
    published = f"{row.published:.12g} +- {error_bar(row.published_error)}"
    ratio = "-" if math.isnan(row.ratio) else f"{row.ratio:.2g}"
    verdict = row.verdict + (", flagged" if row.flags else "")
    return (row.name, row.what, published, number(row.ours, row.error), ratio, verdict)


def listed(known: Sequence[Entry]) -> str:
    """Names, titles and sources of entries."""
    width = max(len(entry.name) for entry in known)
    return "\n".join(
        f"{entry.name.ljust(width)}  {entry.title} ({len(entry.numbers)})\n{' ' * width}  {entry.source}"
        for entry in known
    )


def csv_text(rows: Sequence[Reproduced]) -> str:
    """All fields of each row, with difference, ratio and verdict."""
    text = io.StringIO()
    names = [field.name for field in fields(Reproduced)]
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, "ratio", "verdict"])
    for row in rows:
        values = [getattr(row, name) for name in names]
        written = ["; ".join(value) if isinstance(value, tuple) else value for value in values]
        writer.writerow([*written, row.ratio, row.verdict])
    return text.getvalue()
