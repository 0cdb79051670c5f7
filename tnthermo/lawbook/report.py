"""Laws over a scan of coupling strengths: a table of verdicts, and how each deviation grows with the coupling."""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import numpy as np

from tnthermo.lawbook.digits import number
from tnthermo.lawbook.verdict import Law

MARKS = {"holds": "holds", "cannot tell": "?"}
LEGEND = (
    'A law "fails by" what it misses its bound by, where that is more than its error bar; "?" is no value, no error bar, or one too large '
    "to tell.",
    'Every "+-" is an error bar, rounded up, "+- ?" one that is not known or infinite; "a .. b" is all that rigorous bounds leave, error '
    "bars included.",
    '"rate": whether a production ever falls; its number (nat) is the largest fall since the maximum before it, not a slope.',
    "J^p: the power with which the deviation grows, from the two weakest couplings at which it is twice its error bar; empty with fewer.",
)


class Number(NamedTuple):
    """A value and its error bar, or, where ``bracket``, the middle of rigorous bounds and half their width."""

    value: float
    error: float
    bracket: bool = False


NO_NUMBER = Number(math.nan, math.nan)


@dataclass(frozen=True, kw_only=True)
class Run:
    """One strength of the coupling.

    factor   of J, that is of g^2: H_int is multiplied by its root
    laws     of the run's ledger
    numbers  heat and entropy production at the end of the run in each book-keeping, by name
    flags    what did not converge, by name
    """

    factor: float
    laws: tuple[Law, ...]
    numbers: Mapping[str, Number]
    flags: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Row:
    """One law at all strengths: a cell for each factor of J, None where the run lacks the law; at least one has it.

    Cells go by their place: two strengths may say the very same of a law.
    """

    factors: tuple[float, ...]
    cells: tuple[Law | None, ...]

    @property
    def laws(self) -> tuple[Law, ...]:
        return tuple(law for law in self.cells if law is not None)

    @property
    def first(self) -> Law:
        return self.laws[0]

    @property
    def order(self) -> float:
        """`order` over all strengths; NaN where a run lacks the law."""
        return order(self.factors, self.laws) if len(self.laws) == len(self.cells) else math.nan


@dataclass(frozen=True, kw_only=True)
class Report:
    """The runs of a scan, ascending in the factor, and what was scanned, in words."""

    title: str
    runs: tuple[Run, ...]

    @property
    def factors(self) -> tuple[float, ...]:
        return tuple(run.factor for run in self.runs)

    def rows(self) -> Iterator[Row]:
        """For each law its instances at all strengths."""
        for key in dict.fromkeys((law.book, law.name) for run in self.runs for law in run.laws):
            yield Row(
                factors=self.factors,
                cells=tuple(next((law for law in run.laws if (law.book, law.name) == key), None) for run in self.runs),
            )

    def at(self, book: str, name: str) -> tuple[Law, ...]:
        """One law at all strengths. Raises KeyError for a law that is not there."""
        found = tuple(law for run in self.runs for law in run.laws if (law.book, law.name) == (book, name))
        if not found:
            raise KeyError(f"no law {name!r} of {book!r}")
        return found


def order(factors: Sequence[float], laws: Sequence[Law]) -> float:
    """The power of J with which a deviation grows, from the two smallest strengths at which it is twice its error bar; else NaN."""
    seen = [
        (factor, law.deviation)
        for factor, law in zip(factors, laws, strict=True)
        if math.isfinite(law.deviation) and law.deviation > 2 * law.error and factor > 0 and law.unit == laws[0].unit
    ]
    if len(seen) < 2:
        return math.nan
    (a, small), (b, large) = seen[:2]
    return math.log(large / small) / math.log(b / a)


def markdown(report: Report) -> str:
    """The whole report as one page: verdicts, one line a law; then every value with its bound and error bar."""
    factors = [f"{factor:g}" for factor in report.factors]
    head = ["law", "equation", *(f"J x {factor}" for factor in factors), "J^p"]
    lines = [f"# Laws: {report.title}", ""]
    lines += [*(f"- {line}" for line in LEGEND), ""]
    book = ""
    rows = list(report.rows())
    for i, row in enumerate(rows):
        first = row.first
        if first.book != book:
            book = first.book
            lines += [f"## {book}", "", _row(head), _row(["---"] * len(head))]
        verdicts = [
            "" if cell is None else cell.text if cell.verdict == "fails" else MARKS[cell.verdict] for cell in row.cells
        ]
        lines.append(
            _row([first.title, first.equation, *verdicts, "" if math.isnan(row.order) else f"{row.order:.2f}"])
        )
        if i + 1 == len(rows) or rows[i + 1].first.book != book:
            lines.append("")
    lines += [
        "## Values",
        "",
        _row(["book", "law", "J x", "value", "bound", "at t", "scale", "at the end", "verdict", "remark"]),
        _row(["---"] * 10),
    ]
    for row in rows:
        for factor, law in zip(row.factors, row.cells, strict=True):
            if law is None:
                continue
            time = "" if math.isnan(law.time) else f"{law.time:.4g}"
            value, bound = number(law.value, law.bar, law.bracket), f"{law.relation} {law.bound:.4g}"
            lines.append(
                _row(
                    [
                        law.book,
                        law.name,
                        f"{factor:g}",
                        value,
                        bound,
                        time,
                        f"{law.scale:.3g}",
                        law.at_end,
                        law.text,
                        law.reason,
                    ]
                )
            )
    lines += ["", "## Heat and entropy production at the end of the run", ""]
    names = list(dict.fromkeys(name for run in report.runs for name in run.numbers))
    lines += [_row(["", *(f"J x {factor}" for factor in factors)]), _row(["---"] * (1 + len(factors)))]
    lines += [_row([name, *(number(*run.numbers.get(name, NO_NUMBER)) for run in report.runs)]) for name in names]
    flagged = [f"- J x {run.factor:g}: {flag}" for run in report.runs for flag in run.flags]
    if flagged:
        lines += ["", "## Not converged", "", *flagged]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


FIELDS = (
    "book", "name", "title", "equation", "relation", "unit", "value", "bound", "error", "scale", "time", "verdict", "excess", "reason",
    "bracket", "at_end",
)  # fmt: skip


def csv_text(report: Report) -> str:
    """One line for each law and strength, full precision."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(["factor", *FIELDS])
    for run in report.runs:
        for law in run.laws:
            writer.writerow([repr(run.factor), *(_plain(getattr(law, name)) for name in FIELDS)])
    return stream.getvalue()


def _plain(value: Any) -> Any:
    return repr(float(value)) if isinstance(value, float | np.floating) else value


def json_text(report: Report) -> str:
    """The report as JSON; what is not finite is null."""
    runs = [
        {
            "factor": run.factor,
            "laws": [{key: _json(value) for key, value in asdict(law).items()} for law in run.laws],
            "numbers": {
                name: {key: _json(x) for key, x in Number(*one)._asdict().items()} for name, one in run.numbers.items()
            },
            "flags": list(run.flags),
        }
        for run in report.runs
    ]
    orders = {f"{row.first.book}: {row.first.name}": _json(row.order) for row in report.rows() if None not in row.cells}
    return json.dumps({"title": report.title, "orders": orders, "runs": runs}, indent=1) + "\n"


def _json(value: Any) -> Any:
    if isinstance(value, float | np.floating):
        return float(value) if math.isfinite(value) else None
    return value
