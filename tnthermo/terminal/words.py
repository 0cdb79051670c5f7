"""What `tnthermo keys`, `explain` and `init` print: keys of the configuration, columns of a ledger, files to begin with."""

from __future__ import annotations

import difflib
import re
import textwrap

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.examples import KINDS, about
from tnthermo.configuration.keys import Key, every_key, keys_of
from tnthermo.thermo.definitions import BOUNDS, OF_SYSTEM, OTHERS, SPARSE, Column
from tnthermo.thermo.ergotropy import HOW_FREE
from tnthermo.thermo.mean_field import HOW_EFFECTIVE
from tnthermo.thermo.system import HOW as HOW_OF_SYSTEM
from tnthermo.thermo.validity import every_column, where
from tnthermo.timeline.differences import HOW, HOW_LOCAL, HOW_SPARSE
from tnthermo.units.units import Units

WIDTH = 110
PAPER = "S. Alipour et al., Sci. Rep. 6, 35568 (2016)"
SWEEP = '[sweep]\n  axes of your own, "SECTION.KEY" = [values]; mode = "product", "zip" or "list" with points = [{ ... }, ...]'
FEW = 6  # columns that a hint names
# What is said of a column beside its definition.
BESIDE = {
    "E_B": "what two measurements of H_B find on the average, at the start and now: most others call that the heat; alpha_S plays no part",
    "Q_B": "the heat of the paper, by the effective Hamiltonian of the bath: it depends on alpha_S; most others call E_B the heat",
}
# What other programs and papers call our columns.
CALLED = {
    "sz": "sigma_z",
    "sx": "sigma_x",
    "sy": "sigma_y",
    "rho": "rho_S",
    "state": "rho_S",
    "populations": "population",
    "coherences": "coherence",
    "bond": "bond_dimension",
    "i": "S_chi",
}


def keys_text(word: str = "") -> str:
    """The keys of the file, of one section, kind or shape, or one key. Raises `chains.InvalidInput` for another word."""
    lines: list[str] = []
    for key in keys_of(word) if word else every_key():
        if key.heading not in lines:
            lines += ["", key.heading] if lines else [key.heading]
        lines += key_lines(key)
    return "\n".join(lines if word else [*lines, "", SWEEP])


def key_lines(key: Key) -> list[str]:
    """Name, default and what it may hold; below it what it means."""
    given = key.default if key.default in ("required", "none") else f"default {key.default}"
    return [f"  {key.name:<22} {given:<22} {key.allowed}", f"      {key.meaning}"]


def columns_text() -> str:
    """Every column with what it is, one line each."""
    return "\n".join(f"{column.name:<22} {column.long_name}" for column in every_column().values())


def explained(name: str) -> str:
    """Definition, equation, unit, where a column has values, its error. Raises `chains.InvalidInput` for a name that is none."""
    every = every_column()
    if name.endswith("_error") and name.removesuffix("_error") in every:
        return error_text(every[name.removesuffix("_error")])
    if name not in every:
        raise InvalidInput(
            [
                Problem(
                    key="COLUMN",
                    value=name,
                    allowed="a column of a ledger, or its NAME_error; settings of a file: tnthermo keys",
                    hint=near(name),
                )
            ]
        )
    column = every[name]
    rows = {
        "equation": column.equation,
        "units": column.units + named(column),
        "dimensions": ", ".join(("t", *column.dims)),
        "values": where(name),
        "error": f"{name}_error; tnthermo explain {name}_error says how it is found",
    }
    if name in {one.name for one in OTHERS} - {"rho_S", "mode_occupation"}:
        del rows["error"]
    if name in BESIDE:
        rows["beside"] = BESIDE[name]
    if re.search(r"\[\d", column.equation):
        rows["paper"] = f"numbers in brackets are the equations of {PAPER}"
    return "\n".join([f"{name}: {column.long_name}", *laid_out(rows)])


def named(column: Column) -> str:
    """What the unit is made of in a file with [units], where that is not the same word."""
    units = Units("cm^-1", "fs", "K")
    different = column.dimension in ("energy rate", "temperature", "entropy rate")
    return f"; {units.name(column.dimension)} where [units] has cm^-1, fs and K" if different else ""


def error_text(column: Column) -> str:
    """What is to be said of NAME_error."""
    how = HOW
    if column.exact:
        how = "0: a fact about the run"
    elif column.name == "F_S":
        how = HOW_FREE
    elif column in OF_SYSTEM or column.name == "A_q":
        how = HOW_OF_SYSTEM
    elif column.name == "H_S_eff":
        how = HOW_EFFECTIVE
    elif column.poles:
        how = HOW_LOCAL
    elif column.name in SPARSE | BOUNDS:
        how = HOW_SPARSE
    rows = {"how": how, "units": column.units, "floor": ", ".join(column.floors), "values": where(column.name)}
    rows["unknown"] = "infinite where no rougher run tells; not there without one (error_bars = false)"
    title = f"{column.name}_error: error of {column.name}, {column.long_name}"
    return "\n".join([title, *laid_out({name: text for name, text in rows.items() if text})])


def laid_out(rows: dict[str, str]) -> list[str]:
    """Names, and texts beside them that are broken where they are long."""
    lines = []
    for name, text in rows.items():
        first, *others = textwrap.wrap(text, WIDTH - 13, break_on_hyphens=False)
        lines += [f"  {name:<11}{first}", *(f"{'':<13}{line}" for line in others)]
    return lines


def near(name: str) -> str:
    """``did you mean ...?``: columns with a similar name, or that speak of such a thing; else how to see all."""
    every = every_column()
    lower = {known.lower(): known for known in every}
    close = [lower[one] for one in difflib.get_close_matches(name.lower(), lower, n=3, cutoff=0.6)]
    if name.lower() in CALLED:
        close = [CALLED[name.lower()]]
    if not close:
        word = name.lower()
        close = [known for known, column in every.items() if len(word) > 2 and word in column.long_name.lower()][:FEW]
    return f"did you mean {', '.join(close)}?" if close else "tnthermo explain lists all"


def kinds_text() -> str:
    """The kinds of `tnthermo init` with what they are."""
    lines = [f"  {kind:<14} {about(kind)}" for kind in KINDS]
    return "\n".join(["kinds of models, each a file to begin with: tnthermo init KIND [FILE]", *lines])
