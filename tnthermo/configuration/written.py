"""The resolved configuration as text (TOML), as a fingerprint (SHA-256), and the difference between two of them."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

Values = dict[str, Any]
"""Sections with their keys; a section may be a list of tables (``[[bath]]``), a key may hold a table."""

# Keys that may change when a folder is used again; they do not enter the fingerprint.
MAY_CHANGE = (
    "evolution.until",
    "evolution.max_bond",
    "run.error_bars",
    "run.strict",
    "run.checkpoint_every",
    "run.storage_patience",
    "accuracy.check_route",
    "accuracy.max_time",
)


END = "# end"
WHOLE = f"# whole where the last line is: {END}"


def marked(text: str) -> str:
    """A configuration as it is kept in a folder: its end is marked, so that `cut_short` sees where it is missing."""
    return f"{WHOLE}\n{text}{END}\n"


def cut_short(text: str) -> bool:
    """Whether ``text`` began as a configuration that `marked` made and has lost its end."""
    return text.startswith(WHOLE) and text.rstrip().rpartition("\n")[2] != END


def toml_key(key: str) -> str:
    """A key, in quotes where TOML wants them."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else toml_value(key)


def toml_value(value: Any) -> str:
    """One value; floats at full precision. None is left out of tables."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        given = [f"{toml_key(key)} = {toml_value(entry)}" for key, entry in value.items() if entry is not None]
        return "{ " + ", ".join(given) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    return repr(value)


def to_toml(values: Values, *, comments: tuple[str, ...] = ()) -> str:
    """Sections and keys as a TOML file that `load_config` reads back; None is left out.

    A list of tables is written as ``[[section]]``, the tables in them as ``[section.key]``.
    """
    lines = [f"# {line}" for comment in comments for line in comment.splitlines()]
    for section, keys in values.items():
        if isinstance(keys, list):
            for table in keys:
                inner = {key: value for key, value in table.items() if isinstance(value, Mapping)}
                lines += _table(f"[[{section}]]", {k: v for k, v in table.items() if k not in inner}, always=True)
                for key, value in inner.items():
                    lines += _table(f"[{section}.{toml_key(key)}]", value)
        else:
            lines += _table(f"[{section}]", keys)
    return "\n".join(lines) + "\n"


def _table(head: str, keys: Mapping[str, Any], *, always: bool = False) -> list[str]:
    given = [f"{toml_key(key)} = {toml_value(value)}" for key, value in keys.items() if value is not None]
    return ["", head, *given] if given or always else []


def flat(values: Values) -> dict[str, Any]:
    """``{"evolution": {"step": .1}, "bath": [{"modes": 3}]}`` -> ``{"evolution.step": .1, "bath[0].modes": 3}``, at every depth."""
    return {path: entry for name, value in values.items() for path, entry in _leaves(str(name), value)}


def _leaves(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, entry in value.items():
            yield from _leaves(f"{path}.{key}", entry)
    elif isinstance(value, list) and value and all(isinstance(entry, Mapping) for entry in value):
        for i, entry in enumerate(value):
            yield from _leaves(f"{path}[{i}]", entry)
    else:
        yield path, value


def fingerprint(values: Values) -> str:
    """SHA-256 of everything that decides the numbers of a run: full precision, without the keys of MAY_CHANGE."""
    kept = {key: value for key, value in flat(values).items() if key not in MAY_CHANGE}
    text = json.dumps(kept, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def differences(old: Values, new: Values) -> list[str]:
    """``key: old -> new`` for each key that differs."""
    before, after = flat(old), flat(new)
    keys = [key for key in dict.fromkeys([*before, *after]) if before.get(key) != after.get(key)]
    return [f"{key}: {_short(before.get(key))} -> {_short(after.get(key))}" for key in keys]


def _short(value: Any) -> str:
    text = "none" if value is None else toml_value(value)
    return text if len(text) <= 40 else text[:37] + "..."
