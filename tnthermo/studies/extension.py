"""A longer run in the folder of a shorter one: with modes = "auto" it keeps the chain that is there while the light cone allows it."""

from __future__ import annotations

import copy
import re
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from chains.problems import InvalidInput, Problem
from tnthermo.configuration.read import tables_of_bath
from tnthermo.configuration.resolve import Config, Resolved, load_config, resolve
from tnthermo.configuration.toml import read_toml
from tnthermo.configuration.written import MAY_CHANGE, flat, to_toml
from tnthermo.results.checkpoints import FOLDER as CHECKPOINTS
from tnthermo.results.checkpoints import SUFFIX
from tnthermo.results.run_folder import CONFIG, RESULT

MODES = re.compile(r"bath(\[(\d+)\])?\.modes")


def values_in(folder: Path, say: Callable[[str], None]) -> dict[str, Any]:
    """The resolved configuration that a run left in its folder; empty where there is nothing to go on from, or it cannot be read: said."""
    if not (folder / RESULT).exists() and not any((folder / CHECKPOINTS).glob(f"*{SUFFIX}")):
        return {}
    try:
        return read_toml(folder / CONFIG)
    except InvalidInput as error:
        for problem in error.problems:
            say(f"warning: {problem}")
        return {}


def on_its_chain(config: Config, resolved: Resolved, folder: Path, *, say: Callable[[str], None]) -> Resolved:
    """``resolved``, or with the number of modes of the run in ``folder``: where a later `until` alone made "auto" ask for more.

    Raises :class:`chains.InvalidInput` where the system would feel the end of that chain before the later `until`.
    """
    old = values_in(folder, say)
    known = grown(config, resolved, old)
    if not known:
        return resolved
    until = resolved.values["evolution"]["until"]
    text = ", ".join(f"{key} {modes}" for key, modes in known.items())
    values: Any = copy.deepcopy(resolved.values)
    for key, modes in known.items():
        number = MODES.fullmatch(key)
        tables_of_bath(values, int(number[2]) if number and number[2] else 0).bath["modes"] = modes
    try:
        shorter = load_config(config.path, tomllib.loads(to_toml(values)))
        kept = resolve(shorter.strictly() if config.run.strict else shorter)
    except InvalidInput as error:
        why = "; ".join(problem.allowed for problem in error.problems)
        hint = "--overwrite computes it anew; another --out keeps both; as many modes from the beginning leave room for more"
        allowed = (
            f"a time up to which the system does not feel the end of the chain ({text}) that the run in {folder} must go on with; "
            f"modes for this one: {why}"
        )
        raise InvalidInput([Problem(key="evolution.until", value=until, allowed=allowed, hint=hint)]) from None
    if until > old["evolution"]["until"]:
        say(f'going on with the chain that is there ({text}); on its own this run would have had more modes ("auto")')
    return replace(kept, strict=resolved.strict)


def grown(config: Config, resolved: Resolved, old: Mapping[str, Any]) -> dict[str, int]:
    """The modes of the old run, by key, where more of them by "auto", for a later `until` or the same, are all that differs."""
    if not old:
        return {}
    before, after = flat(dict(old)), flat(resolved.values)
    changed = {key for key in (*before, *after) if before.get(key) != after.get(key)} - set(MAY_CHANGE)
    automatic = {
        f"{keys.bath}.modes"
        for keys in config.baths
        if (table := config.tables.get(keys.bath)) is not None and table.modes == "auto"
    }
    until = before.get("evolution.until")
    if (
        not changed
        or not changed <= automatic
        or not isinstance(until, int | float)
        or after["evolution.until"] < until
    ):
        return {}
    found = {key: before.get(key) for key in sorted(changed)}
    return found if all(isinstance(n, int) and 0 < n < after[key] for key, n in found.items()) else {}  # type: ignore[return-value]
