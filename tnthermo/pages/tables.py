"""The tables of a page: final values, errors and their causes, laws, settings. Texts are escaped here; numbers are those of the ledger."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import xarray as xr

from tnthermo.lawbook.digits import number as law_number
from tnthermo.lawbook.verdict import Law
from tnthermo.pages.labels import unit_html
from tnthermo.thermo.definitions import BOUNDS, COLUMNS, OF_SYSTEM, PER_BATH
from tnthermo.thermo.in_words import last, number, own_names

RESIDUALS = ("energy", "heat", "work", "flux", "occupation", "chi", "entropy")
COUNTS = ("bond_dimension", "occupation", "top_level_population", "discarded_weight", "norm")
VERDICTS = {"holds": "holds", "fails": "fails", "cannot tell": "untold"}


def text(words: object) -> str:
    """Words as HTML."""
    return escape(str(words), quote=True)


def table(head: Sequence[str], rows: Iterable[Sequence[str]], kind: str = "", *, numbers: tuple[int, ...] = ()) -> str:
    """A table of cells that are HTML, those of the columns ``numbers`` on one line each; "" without rows."""
    starts = ['<td class="number">' if k in numbers else "<td>" for k in range(len(head))]
    found = ["".join(f"{start}{cell}</td>" for start, cell in zip(starts, row, strict=True)) for row in rows]
    if not found:
        return ""
    top = "".join(f'<th scope="col">{cell}</th>' for cell in head)
    body = "\n".join(f"<tr>{row}</tr>" for row in found)
    shown = f' class="{kind}"' if kind else ""
    return f'<div class="wide"><table{shown}><thead><tr>{top}</tr></thead>\n<tbody>{body}</tbody></table></div>'


def over_time(dataset: xr.Dataset) -> list[str]:
    """The columns that are one number at each time: of the system, of the ledger, the run's own."""
    every = [
        column.name for column in (*OF_SYSTEM, *COLUMNS) if column.name not in BOUNDS and not is_check(column.name)
    ]
    return [name for name in (*every, *own_names(dataset)) if name in dataset and dataset[name].dims == ("t",)]


def is_check(name: str) -> bool:
    """Whether a column says how well the run went, not what it found."""
    return name.startswith("residual_") or name in COUNTS


def has_values(dataset: xr.Dataset, name: str) -> bool:
    """Whether a column, or the bounds on it, are known at any time."""
    names = [one for one in (name, f"{name}_lower", f"{name}_upper") if one in dataset]
    return any(bool(np.isfinite(dataset[one].values).any()) for one in names)


def final_values(dataset: xr.Dataset) -> str:
    """Every column that has values: what it is at the end, with its error bar, unit and equation; why it has none there."""
    rows = []
    for name in over_time(dataset):
        if not has_values(dataset, name):
            continue
        value, attributes = last(dataset, name, longest=0), dataset[name].attrs
        why = str(attributes.get("reason", "")) if value == "-" else ""
        shown = signs(value) + (f'<br><span class="why">{text(why)}</span>' if why else "")
        rows.append(
            [
                f"<code>{text(name)}</code>",
                shown,
                unit(attributes),
                text(attributes.get("long_name", "")),
                equation(attributes),
            ]
        )
    return table(("column", "at the end", "unit", "what it is", "equation"), rows, "values")


def without_values(dataset: xr.Dataset) -> str:
    """Columns that have no value at any time, with the reason."""
    of_baths = [column.name for column in PER_BATH if column.name in dataset]
    names = [name for name in (*over_time(dataset), *of_baths) if not has_values(dataset, name)]
    rows = [
        [f"<code>{text(name)}</code>", text(dataset[name].attrs.get("reason", "no value at any time"))]
        for name in names
    ]
    return table(("column", "why it has no value"), rows)


def levels(dataset: xr.Dataset) -> str:
    """The final populations as H_S is written and of its levels, each with its error bar."""
    names = [
        name for name in ("population", "population_H") if name in dataset and dataset[name].dims == ("t", "level")
    ]
    rows = []
    for k in range(dataset.sizes["level"] if names else 0):
        cells = [signs(entry(dataset, name, k)) for name in names]
        rows.append([str(k), *cells])
    titles = {"population": "as H<sub>S</sub> is written", "population_H": "levels of H<sub>S</sub>, from the lowest"}
    return table(("k", *(titles[name] for name in names)), rows, "values")


def entry(dataset: xr.Dataset, name: str, k: int) -> str:
    """The last value of one entry of a column with its error."""
    error = float(dataset[f"{name}_error"].values[-1, k]) if f"{name}_error" in dataset else float("nan")
    return number(float(dataset[name].values[-1, k]), error)


def baths(dataset: xr.Dataset) -> str:
    """Of several baths what each has at the end."""
    count = dataset.sizes.get("bath", 1)
    names = [column.name for column in PER_BATH if column.name in dataset and has_values(dataset, column.name)]
    if count == 1 or not names:
        return ""
    temperatures = [f"{T:g}" for T in dataset["temperature_of_bath"].values]
    rows = [["temperature", unit(dataset["temperature_of_bath"].attrs), *temperatures]]
    for name in names:
        cells = [signs(last(dataset, name, j, longest=0)) for j in range(count)]
        rows.append([f"<code>{text(name)}</code>", unit(dataset[name].attrs), *cells])
    return table(("", "unit", *(f"bath {j}" for j in range(count))), rows, "values")


def error_bars(dataset: xr.Dataset) -> str:
    """How large the error of each column is over all times, what makes most of it and what each cause adds, as far as that is known."""
    rows, causes = [], False
    for name in ("rho_S", *over_time(dataset)):
        known = name == "rho_S" or has_values(dataset, name)
        if f"{name}_error" not in dataset or name not in dataset or not known:
            continue
        error, values = dataset[f"{name}_error"], np.abs(dataset[name].values)
        size = largest(np.abs(error.values))
        scale = largest(values)
        part = f"{size / scale:.1e}" if np.isfinite(size) and scale > 0 else ""
        parts = json.loads(str(error.attrs.get("parts", "{}")))
        most = text(error.attrs.get("cause", ""))
        causes = causes or bool(most)
        each = ", ".join(f"{text(cause)} {float(found):.0e}" for cause, found in parts.items() if float(found) > 0)
        rows.append([f"<code>{text(name)}</code>", f"{size:.1e}" if not np.isnan(size) else "-", part, most, each])
    head = ("column", "largest error", "of its largest value", "mostly from", "parts")
    return table(head, rows, "values") if causes else table(head[:3], [row[:3] for row in rows], "values")


def largest(values: Any) -> float:
    """The largest entry; infinite where one is, NaN where there is none."""
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else float("nan")


def how_found(dataset: xr.Dataset) -> str:
    """In what ways errors were found, each with the columns of which it is true."""
    ways: dict[str, list[str]] = {}
    for name in over_time(dataset):
        if f"{name}_error" in dataset and has_values(dataset, name):
            how = str(dataset[f"{name}_error"].attrs.get("how", ""))
            ways.setdefault(how, []).append(name)
    lines = [
        f"<dt>{', '.join(f'<code>{text(name)}</code>' for name in names)}</dt><dd>{text(how)}</dd>"
        for how, names in ways.items()
        if how
    ]
    return f"<dl>{''.join(lines)}</dl>" if lines else ""


def checks(dataset: xr.Dataset) -> str:
    """The largest residual of each balance, and what the state went through: bonds, bosons, discarded weight."""
    scale = largest(np.abs(dataset["E_int"].values))
    rows = []
    for name in RESIDUALS:
        column = dataset[f"residual_{name}"]
        size = largest(np.abs(column.values))
        shown = "not evaluated" if np.isnan(size) else f"{size:.1e}"
        of_energy = str(column.attrs.get("units", "")) == str(dataset["E_int"].attrs.get("units", ""))
        relative = f"{size / scale:.1e}" if scale > 0 and not np.isnan(size) and of_energy else ""
        rows.append(
            [
                f"<code>residual_{name}</code>",
                shown,
                relative,
                unit(column.attrs),
                text(column.attrs.get("long_name", "")),
            ]
        )
    for name in COUNTS:
        column = dataset[name]
        final = name in ("discarded_weight", "norm")
        value = float(column.values[-1]) if final else largest(column.values)
        rows.append(
            [f"<code>{name}</code>", f"{value:.10g}" if name == "norm" else f"{value:.3g}", "", unit(column.attrs),
             text(column.attrs.get("long_name", "")) + (", at the end" if final else "")]
        )  # fmt: skip
    return table(("check", "largest", "in parts of the largest |E_int|", "unit", "what it is"), rows, "values")


def law_table(laws: Sequence[Law]) -> str:
    """Verdict, value, bound and error bar of each law, book by book."""
    found = []
    for book in dict.fromkeys(law.book for law in laws):
        rows = []
        for law in (one for one in laws if one.book == book):
            time = "" if np.isnan(law.time) else f"{law.time:.4g}"
            value = "" if np.isnan(law.value) else signs(law_number(law.value, law.bar, law.bracket))
            remark = "; ".join(part for part in (law.at_end, law.reason) if part)
            verdict = f'<span class="{VERDICTS[law.verdict]}">{signs(law.text)}</span>'
            bound = "" if np.isnan(law.bound) else f"{text(law.relation)} {law.bound:.4g}"
            rows.append([text(law.title), text(law.equation), verdict, value, bound, time, signs(remark)])
        head = ("law", "equation", "verdict", "value", "bound", "at t", "remark")
        found.append(f"<h3>{text(book)}</h3>{table(head, rows, numbers=(3, 4))}")
    return "\n".join(found)


def pairs(values: Mapping[str, object]) -> str:
    """Names and what they are."""
    return table(("", ""), [[text(name), text(value)] for name, value in values.items()], "pairs")


def unit(attributes: Mapping[Any, Any]) -> str:
    """The unit of a column."""
    found = str(attributes.get("units", ""))
    return "" if found == "1" else unit_html(found)


def equation(attributes: Mapping[Any, Any]) -> str:
    """The equation of a column."""
    found = str(attributes.get("equation", "none"))
    return "" if found == "none" else text(found)


def signs(words: str) -> str:
    """A value in words with the sign for "+-"."""
    return text(words).replace("+-", "±")
