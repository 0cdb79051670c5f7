"""A study of convergence in words and tables: what the terminal prints, and the rows of convergence.csv."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Iterator

import numpy as np
import xarray as xr

from chains.checks import instance_problems
from chains.problems import InvalidInput, Problem, raise_if_any

WORDS = {
    "step": "the step",
    "tolerance": "the tolerance",
    "levels": "the boson levels",
    "modes": "the length of the chain",
}
ROW = (
    "kind", "knob", "value", "column", "t", "column_at_t", "difference_max", "difference_at_t", "seconds", "order", "limit_at_t",
    "limit_error_at_t", "plateau", "stated_error_max", "converged_to", "limited_by", "flags", "run",
)  # fmt: skip


def convergence_table(data: xr.Dataset) -> str:
    """What `tnthermo.converge` found, as text: a table for each setting, one for the columns, and a sentence for each column.

    Raises :class:`chains.InvalidInput` for anything else.
    """
    raise_if_no_study(data)
    parts = [ladder(data, k) for k in range(data.sizes["knob"])]
    return "\n\n".join([*parts, summary(data), "\n".join(sentences(data))])


def raise_if_no_study(data: object) -> None:
    """Raises InvalidInput for what `tnthermo.converge` did not make."""
    raise_if_any(instance_problems("data", data, xr.Dataset, "what tnthermo.converge returns"))
    assert isinstance(data, xr.Dataset)
    if "converged_to" not in data or "knob" not in data.dims:
        found = ", ".join(map(str, list(data.variables)[:4])) or "an empty dataset"
        raise InvalidInput([Problem(key="data", value=found, allowed="what tnthermo.converge returns")])


def sentences(data: xr.Dataset) -> list[str]:
    """``E_B at t = 10: -0.1234(3), converged to 3e-4, limited by the step`` for each column."""
    t = float(data.attrs["at"])
    at = int(np.argmin(np.abs(data["t"].values - t)))
    found = []
    for c, column in enumerate(data["column"].values):
        to, wanted = (float(data[name].values[c]) for name in ("converged_to", "wanted"))
        value = bracketed(float(data["reference"].values[c, at]), known_to(data, c, at))
        text = f"{column} at t = {t:g}{time_unit(data)}: {value}{unit(data, c)}"
        if math.isnan(to):
            found.append(f"{text}, no values to compare it with")
            continue
        fine = bool(data["converged"].values[c])
        varied = ", ".join(str(name) for name in data["knob"].values)
        how = (
            f"not changed at all by what was varied ({varied}), which says nothing of the rest"
            if to == 0
            else f"converged to {short(to)}{alone(data, c)}"
            if fine
            else f"NOT converged: to {short(to)}, where {short(wanted)} is asked for{alone(data, c)}"
        )
        found.append(f"{text}, {how}{owed(data, c)}")
    return found


def not_varied(data: xr.Dataset) -> str:
    """Settings that the run has and the study did not turn: "step, tolerance"; "" where there is none."""
    found = str(data.attrs.get("not_varied", "none"))
    return "" if found == "none" else found


def known_to(data: xr.Dataset, c: int, at: int) -> float:
    """The error of a value: what the study found, and where it left a setting alone what the run itself states, if that is more."""
    found = float(data["error"].values[c, at])
    stated = float(data["stated_error"].values[c, at])
    return max(found, stated) if not_varied(data) and math.isfinite(stated) else found


def alone(data: xr.Dataset, c: int) -> str:
    """`` in max_bond alone (step, tolerance not varied; the run itself states 6e-2)``."""
    left = not_varied(data)
    if not left:
        return ""
    varied = ", ".join(str(name) for name in data["knob"].values)
    bar = _largest(data["stated_error"].values[c])
    states = "" if math.isnan(bar) else f"; the run itself states {short(bar)}"
    return f" in {varied} alone ({left} not varied{states})"


def time_unit(data: xr.Dataset) -> str:
    """`` fs``; nothing in natural units."""
    return str(data.attrs.get("time_unit", ""))


def unit(data: xr.Dataset, c: int) -> str:
    """`` cm^-1`` of a column of a run with units; nothing in natural ones, and of numbers."""
    found = str(data["units"].values[c]) if time_unit(data) else ""
    return "" if found in ("", "1") else f" {found}"


def owed(data: xr.Dataset, c: int) -> str:
    """``, limited by the step``."""
    name = str(data["limited_by"].values[c])
    if not name:
        return ""
    several = (
        " and others: no setting alone brings it half of the way to all finer" if data["together"].values[c] else ""
    )
    return f", limited by {WORDS.get(name, name)}{several}"


def bracketed(value: float, error: float) -> str:
    """-0.12345 with an error of 2.4e-4 is -0.1235(3): the error, rounded up, in units of the last digits."""
    if not math.isfinite(value):
        return "-"
    if not math.isfinite(error):
        return f"{value:.4g}(?)"
    if error <= 1e-12 * max(1.0, abs(value)):
        return f"{value:.10g}"
    digits, place = rounded_up(error)
    if place > 0:
        return f"{value:.0f}({digits * 10**place})"
    return f"{value:.{-place}f}({digits})"


def rounded_up(error: float) -> tuple[int, int]:
    """(digits, place): the error is at most digits x 10^place; one digit, two where the first is a 1."""
    place = math.floor(math.log10(error))
    if error / 10.0**place < 2 and math.ceil(error / 10.0 ** (place - 1) * (1 - 1e-9)) > 10:
        place -= 1
    digits = math.ceil(error / 10.0**place * (1 - 1e-9))
    return (digits // 10, place + 1) if digits % 10 == 0 else (digits, place)


def short(value: float) -> str:
    """2.4e-4 is 3e-4, 1.03e-4 is 1.1e-4: rounded up."""
    if not math.isfinite(value):
        return "?"
    if value < 1e-15:
        return "0"
    digits, place = rounded_up(value)
    return f"{digits}e{place}" if digits < 10 else f"{digits / 10:g}e{place + 1}"


def ladder(data: xr.Dataset, k: int) -> str:
    """One setting: its values, what each column differs by, the order, the limit, the plateau."""
    columns = [str(name) for name in data["column"].values]
    t = float(data.attrs["at"])
    at = int(np.argmin(np.abs(data["t"].values - t)))
    name, place = str(data["knob"].values[k]), int(data["reference_rung"].values[k])
    note = str(data["note"].values[k])
    width = [max(20, len(column) + 2) for column in columns]
    heads = "".join(f"{column:>{w}}" for column, w in zip(columns, width, strict=True))
    under = "".join(f"{f'max  t = {t:g}':>{w}}" for w in width)
    in_unit = f" in{time_unit(data)}" if name == "step" and time_unit(data) else ""
    lines = [f"{name} ({data['key'].values[k]}{in_unit})" + (f": {note}" if note else "")]
    lines += [f"{'':<12}{'seconds':>9}{heads}", f"{'':<21}{under}"]
    reasons: dict[str, list[str]] = {}
    for i in range(data.sizes["rung"]):
        if not np.isfinite(data["value"].values[k, i]):
            continue
        cells = ""
        for c, w in enumerate(width):
            both = (float(data[one].values[k, i, c]) for one in ("difference", "difference_at"))
            cells += f"{'  '.join(difference(one) for one in both):>{w}}"
        mark = " *" if i == place else ""
        flags = str(data["flags"].values[k, i])
        flag = {"none": "", "missing": "  missing"}.get(flags, "  flagged")
        if flag == "  flagged":
            reasons.setdefault(flags, []).append(f"{data.value.values[k, i]:.6g}")
        lines.append(f"{f'{data.value.values[k, i]:.6g}{mark}':<12}{data.seconds.values[k, i]:>9.2f}{cells}{flag}")
    for title, texts in (
        ("order", [order_text(data, k, c) for c in range(len(columns))]),
        ("limit", [limit_text(data, k, c, at) for c in range(len(columns))]),
        ("plateau", [plateau_text(data, k, c) for c in range(len(columns))]),
    ):
        if any(text != "-" for text in texts):
            lines.append(f"{title:<21}" + "".join(f"{text:>{w}}" for text, w in zip(texts, width, strict=True)))
    lines += [f"flagged at {', '.join(values)}: {why}" for why, values in reasons.items()]
    return "\n".join(lines)


def difference(value: float) -> str:
    """A difference with two digits."""
    return "-" if math.isnan(value) else "0" if value == 0 else f"{value:.1e}"


def order_text(data: xr.Dataset, k: int, c: int) -> str:
    order = float(data["order"].values[k, c])
    return "-" if math.isnan(order) else f"{order:.2f}"


def limit_text(data: xr.Dataset, k: int, c: int, at: int) -> str:
    limit, error = (float(data[name].values[k, c, at]) for name in ("limit", "limit_error"))
    return "-" if math.isnan(limit) else bracketed(limit, error)


def plateau_text(data: xr.Dataset, k: int, c: int) -> str:
    value = float(data["plateau"].values[k, c])
    return "-" if math.isnan(value) else f"from {value:g}"


def summary(data: xr.Dataset) -> str:
    """The columns: value, distance from the run with all settings finer, stated error, what it is converged to."""
    t = float(data.attrs["at"])
    at = int(np.argmin(np.abs(data["t"].values - t)))
    lines = [
        f"all finer at once ({taken(data, 'corner')} s; the reference, with its error bars, {taken(data, 'reference')} s)",
        f"{'column':<16}{f't = {t:g}':>16}{'from all finer':>16}{'stated error':>14}{'covered':>9}{'converged to':>14}{'asked':>8}",
    ]
    for c, column in enumerate(data["column"].values):
        reference, corner, stated = (data[name].values[c] for name in ("reference", "corner", "stated_error"))
        far, bar = (_largest(np.abs(values)) for values in (reference - corner, stated))
        cells = (
            f"{bracketed(float(reference[at]), known_to(data, c, at)):>16}{difference(far):>16}{stated_text(bar):>14}"
            f"{covered(float(data['coverage'].values[c]), bar):>9}{short(float(data['converged_to'].values[c])):>14}"
            f"{short(float(data['wanted'].values[c])):>8}"
        )
        lines.append(f"{column:<16}{cells}")
    return "\n".join(lines)


def taken(data: xr.Dataset, which: str) -> str:
    """Seconds of the reference or the corner."""
    return f"{float(data.attrs[f'{which}_seconds']):.3g}"


def stated_text(value: float) -> str:
    return "none" if math.isnan(value) else f"{value:.1e}"


def covered(ratio: float, stated: float) -> str:
    """Whether the stated error holds the distance from the corner; where not, how many times it. An infinite one says nothing."""
    return (
        "-"
        if math.isnan(ratio) or math.isinf(stated)
        else "yes"
        if ratio <= 1
        else "no"
        if math.isinf(ratio)
        else f"x {ratio:.2g}"
    )


def _largest(values: np.ndarray) -> float:
    """NaN where there is none; infinite errors count."""
    known = values[~np.isnan(values)]
    return float(known.max()) if known.size else math.nan


def csv_text(data: xr.Dataset) -> str:
    """A row for each value of each setting and each column, and one for each column of the corner."""
    stream = io.StringIO()
    writer = csv.writer(stream, lineterminator="\n")
    writer.writerow(ROW)
    writer.writerows(rows(data))
    return stream.getvalue()


def rows(data: xr.Dataset) -> Iterator[list[str]]:
    """The rows of the table."""
    t = float(data.attrs["at"])
    at = int(np.argmin(np.abs(data["t"].values - t)))

    def text(value: float) -> str:
        return "" if math.isnan(value) else f"{value:.12g}"

    for c, column in enumerate(data["column"].values):
        tail = [text(float(data["converged_to"].values[c])), str(data["limited_by"].values[c])]
        stated = text(_largest(data["stated_error"].values[c]))
        for k, knob in enumerate(data["knob"].values):
            cell = {"order": data["order"].values[k, c], "plateau": data["plateau"].values[k, c]}
            cell |= {name: data[name].values[k, c, at] for name in ("limit", "limit_error")}
            law = [text(float(cell[name])) for name in ("order", "limit", "limit_error", "plateau")]
            for i in range(data.sizes["rung"]):
                if not np.isfinite(data["value"].values[k, i]):
                    continue
                kind = "reference" if i == int(data["reference_rung"].values[k]) else "value"
                numbers = (
                    data["curve"].values[k, i, c, at],
                    data["difference"].values[k, i, c],
                    data["difference_at"].values[k, i, c],
                )
                yield [
                    kind, str(knob), text(float(data["value"].values[k, i])), str(column), text(t), *(text(float(n)) for n in numbers),
                    text(float(data["seconds"].values[k, i])), *law, stated, *tail,
                    str(data["flags"].values[k, i]), str(data["run"].values[k, i]),
                ]  # fmt: skip
        reference, corner = data["reference"].values[c], data["corner"].values[c]
        far = np.abs(reference - corner)
        yield [
            "all finer", "", "", str(column), text(t), text(float(corner[at])), text(_largest(far)), text(float(far[at])),
            text(float(data.attrs["corner_seconds"])), "", "", "", "", stated, *tail,
            str(data.attrs["corner_flags"]), str(data.attrs["corner_run"]),
        ]  # fmt: skip
