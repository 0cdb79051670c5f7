"""The resolved configuration as text (TOML), as a fingerprint (SHA-256), and the difference between two of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

Values = dict[str, dict[str, Any]]

# Keys that may change when a folder is used again; they do not enter the fingerprint.
MAY_CHANGE = ("evolution.until", "evolution.max_bond", "run.strict")


def toml_value(value: Any) -> str:
    """One value; floats at full precision."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {toml_value(entry)}" for key, entry in value.items()) + " }"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(toml_value(entry) for entry in value) + "]"
    return repr(value)


def to_toml(values: Values, *, comments: tuple[str, ...] = ()) -> str:
    """Sections and keys as a TOML file that `load_config` reads back; None is left out."""
    lines = [f"# {line}" for comment in comments for line in comment.splitlines()]
    for section, keys in values.items():
        given = [f"{key} = {toml_value(value)}" for key, value in keys.items() if value is not None]
        if given:
            lines += ["", f"[{section}]", *given]
    return "\n".join(lines) + "\n"


def flat(values: Values) -> dict[str, Any]:
    """``{"evolution": {"step": .1}}`` -> ``{"evolution.step": .1}``."""
    return {f"{section}.{key}": value for section, keys in values.items() for key, value in keys.items()}


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
