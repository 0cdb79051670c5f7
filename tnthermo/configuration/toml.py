"""The configuration file as TOML: its tables, or where and why it cannot be read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput, Problem
from chains.text_file import MIB, NotText, decoded, regular_bytes
from tnthermo.configuration.sections import REQUIRED
from tnthermo.configuration.written import END, cut_short

LARGEST = 10**300  # beyond it an integer of the file has no double
LARGEST_FILE = 16 * MIB  # matrices, tables and sweeps that are written out included


def read_toml(path: Path) -> dict[str, Any]:
    """The file's tables; raises InvalidInput naming the absolute path, or line and column. A byte order mark of UTF-8 is no text."""
    path = path.absolute()
    key = str(path)
    allowed = f"a readable TOML file, a regular one of at most {LARGEST_FILE // MIB} MiB"
    try:
        text = decoded(regular_bytes(path, largest=LARGEST_FILE))
    except NotText as error:
        problem = Problem(key=key, value=error.where, allowed="UTF-8 text", hint="save the file as UTF-8")
        raise InvalidInput([problem]) from None
    except OSError as error:
        found = "a folder" if path.is_dir() else (error.strerror or str(error)).lower()
        raise InvalidInput([Problem(key=key, value=found, allowed=allowed)]) from None
    except ValueError as error:  # a zero byte in the name
        raise InvalidInput([Problem(key=repr(key), value=str(error), allowed=allowed)]) from None
    if not text.strip():
        problem = Problem(
            key=key, value="empty, line 1, column 1", allowed=f"a TOML file with the sections {', '.join(REQUIRED)}"
        )
        raise InvalidInput([problem])
    if cut_short(text):
        lines = f"{len(text.splitlines())} lines, its end is missing"
        hint = "the file was cut short; result.nc has it whole, in its attribute config"
        raise InvalidInput([Problem(key=key, value=lines, allowed=f"the whole file, up to the line {END}", hint=hint)])
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
