"""From a TOML file to checked sections, or to the list of everything that is wrong with it."""

from __future__ import annotations

import difflib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from chains.problems import MISSING, InvalidInput, Problem
from tnthermo.config_schema import DENSITY_KINDS, REQUIRED, SECTIONS, Section, known_keys

LARGEST = 10**300  # beyond it an integer of the file has no double

# What other programs and papers call our keys.
SYNONYMS = {
    "beta": "temperature",
    "t": "temperature",
    "dt": "step",
    "time_step": "step",
    "chi": "max_bond",
    "bond_dimension": "max_bond",
    "s": "exponent",
    "wc": "cutoff",
    "omega_c": "cutoff",
    "n": "modes",
    "sites": "modes",
    "length": "modes",
    "tmax": "until",
    "t_max": "until",
    "d": "levels",
    "local_dimension": "levels",
    "lambda": "reorganisation_energy",
    "gamma": "width",
}
LATER = "not available in this version"


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises InvalidInput naming the absolute path, or line and column."""
    path = path.absolute()
    key = str(path)
    try:
        raw = path.read_bytes()
    except OSError as error:
        found = "a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise InvalidInput([Problem(key=key, value=found, allowed="a readable TOML file")]) from None
    except ValueError as error:  # a zero byte in the name
        raise InvalidInput([Problem(key=repr(key), value=str(error), allowed="a readable TOML file")]) from None
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        before = raw[: error.start]
        newline = b"\n"
        where = f"line {before.count(newline) + 1}, column {error.start - before.rfind(newline)}"
        raise InvalidInput(
            [Problem(key=key, value=where, allowed="UTF-8 text", hint="save the file as UTF-8")]
        ) from None
    if not text.strip():
        problem = Problem(
            key=key, value="empty, line 1, column 1", allowed=f"a TOML file with the sections {', '.join(REQUIRED)}"
        )
        raise InvalidInput([problem])
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise InvalidInput([Problem(key=key, value="nested too deeply", allowed="a TOML file")]) from None
    except ValueError as error:  # TOMLDecodeError, and what int() and datetime() refuse
        raise InvalidInput([syntax_problem(key, text, str(error))]) from None


def syntax_problem(key: str, text: str, message: str) -> Problem:
    """A syntax error with its line, column and the likeliest reason."""
    lines = text.splitlines() or [""]
    found = re.search(r"line (\d+), column (\d+)", message)
    line, column = (int(found[1]), int(found[2])) if found else (len(lines), len(lines[-1]) + 1)
    content = lines[line - 1].strip() if line <= len(lines) else ""
    reason = re.sub(r"\s*\(at .*\)$", "", message)
    if "overwrite" in message or "twice" in message:
        reason += "; a key or section is given twice"
    elif re.search(r"=\s*[-+]?\d+,\d+\s*(#|$)", content):
        reason += "; the decimal sign is a point"
    elif re.search(r"=\s*[A-Za-z+-][\w+-]*\s*(#|$)", content):
        reason += "; a text needs quotes"
    elif not found:
        reason += "; the file ends too early"
    return Problem(key=f"{key}, line {line}, column {column}", value=content, allowed="valid TOML", hint=reason)


def nearest(word: str, candidates: list[str]) -> str:
    """``did you mean ...?`` or nothing."""
    synonym = SYNONYMS.get(word.lower(), "")
    close = [synonym] if synonym in candidates else difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""


def unknown_key(section: str, key: str, value: Any, kind: object = None) -> Problem:
    """A key that does not exist, with the nearest one, also of other sections."""
    here = known_keys(section, kind)
    hint = nearest(key, here)
    elsewhere = [name for name in SECTIONS if key in known_keys(name)]
    if elsewhere and not hint:
        hint = f"{key} belongs to [{elsewhere[0]}]"
        if elsewhere == ["spectral_density"]:
            kinds = [name for name in DENSITY_KINDS if key in known_keys("spectral_density", name)]
            hint = f"{key} belongs to [spectral_density] of kind {' | '.join(kinds)}"
    if key == "beta":
        hint = "give temperature = 1/beta; there is one way to say it"
    return Problem(
        key=f"{section}.{key}", value=value, allowed=f"no such key; [{section}] has {', '.join(here)}", hint=hint
    )


def later(raw: dict[str, Any]) -> list[Problem]:
    """Takes what the format has but this version cannot do yet out of ``raw`` and returns one problem for each."""
    problems = []

    def refuse(key: str, value: object, instead: str) -> None:
        problems.append(Problem(key=key, value=value, allowed=LATER, hint=instead))

    if isinstance(raw.get("bath"), list):
        refuse("bath", f"[[bath]], {len(raw['bath'])} baths", "one [bath] with [spectral_density] and [coupling]")
        for key in ("bath", "spectral_density", "coupling"):
            raw.pop(key, None)
    for section, instead in (
        ("drive", "leave the section out: H is constant"),
        ("sweep", "one run for each configuration file"),
    ):
        if section in raw:
            refuse(section, f"[{section}]", instead)
            del raw[section]
    for section, key, values, instead in (
        ("coupling", "kind", ("exchange",), 'use kind = "hermitian"'),
        ("bath", "route", ("two-chains", "star-cells"), 'use route = "auto"'),
        (
            "system",
            "initial",
            ("equilibrium", "mean-force", "correlated"),
            "starts are products of a system state and a thermal bath",
        ),
        ("run", "checkpoint_every", None, "leave it out: runs are not interruptible yet"),
        ("thermodynamics", "bath_entropy_max_bond", None, "leave it out: T > 0 has the two-sided bounds"),
    ):
        table = raw.get(section)
        if isinstance(table, dict) and key in table and (values is None or table[key] in values):
            refuse(f"{section}.{key}", table[key], instead)
            del table[key]
    return problems


def huge_numbers(value: Any, key: str = "") -> list[Problem]:
    """Integers that no double can hold."""
    if isinstance(value, dict):
        return [p for name, entry in value.items() for p in huge_numbers(entry, f"{key}.{name}" if key else name)]
    if isinstance(value, list):
        return [p for i, entry in enumerate(value) for p in huge_numbers(entry, f"{key}[{i}]")]
    if isinstance(value, int) and abs(value) > LARGEST:
        return [
            Problem(key=key, value="an integer of more than 300 digits", allowed="a number that fits double precision")
        ]
    return []


def joined(path: str, key: str) -> str:
    """``a.b`` and ``c`` -> ``a.b.c``; ``[0]`` and ``.x`` are appended as they are."""
    if not key or key.startswith(("[", ".")):
        return path + key
    return f"{path}.{key}"


def translated(error: ValidationError, section: str, raw: Mapping[str, Any]) -> list[Problem]:
    """pydantic's list of errors in our words."""
    problems = []
    kind = raw.get("kind") if section == "spectral_density" else None
    for entry in error.errors(include_url=False):
        location = [part for part in entry["loc"] if part not in DENSITY_KINDS]
        path = section
        for part in location:
            path = joined(path, f"[{part}]" if isinstance(part, int) else part)
        value = entry["input"]
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, InvalidInput):
            problems += [replace(p, key=joined(path, p.key)) for p in cause.problems]
        elif entry["type"] == "extra_forbidden":
            problems.append(unknown_key(section, str(location[-1]), value, kind))
        elif entry["type"] == "missing":
            problems.append(Problem(key=path, value=MISSING, allowed="required"))
        elif entry["type"] in ("union_tag_not_found", "union_tag_invalid"):
            found = raw.get("kind", MISSING)
            hint = nearest(found, list(DENSITY_KINDS)) if isinstance(found, str) else "a text"
            problems.append(Problem(key=f"{section}.kind", value=found, allowed=" | ".join(DENSITY_KINDS), hint=hint))
        elif entry["type"] == "literal_error":
            allowed = entry["ctx"]["expected"].replace("'", '"')
            words = re.findall(r'"([^"]*)"', allowed)
            hint = nearest(value, words) if isinstance(value, str) else f"found {type(value).__name__}"
            problems.append(Problem(key=path, value=value, allowed=allowed, hint=hint))
        else:
            allowed = entry["msg"].removeprefix("Input should be ")
            problems.append(Problem(key=path, value=value, allowed=allowed, hint=f"found {type(value).__name__}"))
    return problems


def read_section(name: str, raw: Any, folder: Path) -> tuple[Section | None, list[Problem]]:
    """One section, or None and what is wrong with it. A spectral density is also made once, so that its ranges are checked."""
    if not isinstance(raw, dict):
        return None, [Problem(key=name, value=raw, allowed=f"a section [{name}]", hint=f"found {type(raw).__name__}")]
    model = SECTIONS[name]
    try:
        if isinstance(model, TypeAdapter):
            density = model.validate_python(raw)
            density.make(folder)
            return density, []
        return model.model_validate(raw), []
    except ValidationError as error:
        return None, translated(error, name, raw)
    except InvalidInput as error:
        table = raw.get("kind") == "table"  # problems inside the table's file name the line
        return None, [
            replace(p, key=f"{name}.file ({p.key})" if table else joined(name, p.key)) for p in error.problems
        ]


def read_sections(path: Path) -> tuple[dict[str, Section], list[Problem]]:
    """All sections that are right, and every problem of those that are not. Raises InvalidInput for a file that is not TOML."""
    raw = read_toml(path)
    problems = huge_numbers(raw)
    if problems:
        return {}, problems
    several = isinstance(raw.get("bath"), list)
    problems = later(raw)
    for name in raw:
        if name not in SECTIONS:
            hint = nearest(name, list(SECTIONS))
            elsewhere = [section for section in SECTIONS if name in known_keys(section)]
            if elsewhere and not hint:
                hint = f"{name} belongs to [{elsewhere[0]}]"
            problems.append(
                Problem(key=name, value=raw[name], allowed=f"one of the sections {', '.join(SECTIONS)}", hint=hint)
            )
    sections: dict[str, Section] = {}
    for name in SECTIONS:
        if name in raw:
            section, found = read_section(name, raw[name], path.absolute().parent)
            problems += found
            if section is not None:
                sections[name] = section
        elif name in REQUIRED and not (several and name in ("bath", "spectral_density", "coupling")):
            problems.append(Problem(key=name, value=MISSING, allowed=f"required: a section [{name}]"))
    return sections, problems
