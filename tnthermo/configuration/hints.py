"""What is wrong with a table, in our words: keys with their full path, what is allowed, the nearest thing that exists."""

from __future__ import annotations

import difflib
import re
import warnings
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from pydantic import ValidationError

from chains.problems import MISSING, InvalidInput, Problem
from tnthermo.configuration.densities import DENSITY_KINDS
from tnthermo.configuration.drives import DRIVE_SHAPES
from tnthermo.configuration.sections import SECTIONS, known_keys

TAGS = {*DENSITY_KINDS, *DRIVE_SHAPES}
LATER = "not available in this version"

REQUIRED_BECAUSE = dict.fromkeys(
    ("units.energy", "units.time"), "required: hbar turns energy into time, so [units] has both"
)

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
    "ohmic": "power-law",
    "debye": "drude-lorentz",
    "underdamped": "brownian",
    "rotating-wave": "exchange",
    "rwa": "exchange",
    "jaynes-cummings": "exchange",
    "two-chain": "two-chains",
    "thermofield": "two-chains",
    "cos": "cosine",
    "sine": "cosine",
    "gaussian": "pulse",
    "drives": "drive",
    "baths": "bath",
    "1/cm": "cm^-1",
    "cm-1": "cm^-1",
    "wavenumber": "cm^-1",
    "wavenumbers": "cm^-1",
    "kelvin": "K",
    "k": "K",
    "mk": "mK",
    "ev": "eV",
    "mev": "meV",
    "µev": "ueV",
    "uev": "ueV",
    "ghz": "GHz",
    "thz": "THz",
    "mhz": "MHz",
    "kj/mol": "kJ/mol",
    "au": "hartree",
    "ha": "hartree",
    "femtosecond": "fs",
    "femtoseconds": "fs",
    "picosecond": "ps",
    "picoseconds": "ps",
    "nanoseconds": "ns",
    "µs": "us",
}


# Terms of a Lindblad equation beside the baths: energy would go where nobody counts it.
JUMP_OPERATORS = {
    "c_ops", "collapse", "collapse_operators", "dissipation", "dissipator", "dissipators", "jump_operators", "jumps", "lindblad",
    "lindblad_operators",
}  # fmt: skip
NO_JUMPS = "a jump operator has no bath whose energy and entropy are in the ledger: a second, broad [bath] does the same (docs: models)"


def nearest(word: str, candidates: list[str]) -> str:
    """``did you mean ...?`` or nothing."""
    synonym = SYNONYMS.get(word.lower(), "")
    close = [synonym] if synonym in candidates else difflib.get_close_matches(word.lower(), candidates, n=1, cutoff=0.6)
    return f"did you mean {close[0]}?" if close else ""


def home(key: str, section: str = "") -> str:
    """``KEY belongs to ...``, where another kind in the same ``section``, or another section, has this key; or nothing."""
    for name, word, tags in (("spectral_density", "kind", DENSITY_KINDS), ("drive", "shape", DRIVE_SHAPES)):
        kinds = [tag for tag in tags if key in known_keys(name, tag)]
        if kinds and section in ("", name):
            return f"{key} belongs to [{name}] of {word} {' | '.join(kinds)}"
    elsewhere = [name for name in SECTIONS if name != section and key in known_keys(name)]
    return f"{key} belongs to [{elsewhere[0]}]" if elsewhere else ""


def unknown_key(section: str, path: str, key: str, value: Any, tag: object = None) -> Problem:
    """A key that does not exist in a table, with the nearest one, also of other sections.

    section, path  the kind of table ("bath") and what this one is called ("bath[1]")
    """
    here = known_keys(section, tag)
    hint = nearest(key, here) or home(key, section)
    if key == "beta":
        hint = "give temperature = 1/beta; there is one way to say it"
    if is_jump_operator(key):
        hint = NO_JUMPS
    return Problem(
        key=joined(path, key), value=value, allowed=f"no such key; [{section}] has {', '.join(here)}", hint=hint
    )


def is_jump_operator(word: str) -> bool:
    """Whether a key asks for terms of a Lindblad equation beside the baths, as other programs call them."""
    return word.lower().replace("-", "_") in JUMP_OPERATORS


def joined(path: str, key: str) -> str:
    """``a.b`` and ``c`` -> ``a.b.c``; ``[0]`` and ``.x`` are appended as they are."""
    if not key or key.startswith(("[", ".")):
        return path + key
    return f"{path}.{key}"


def checked_table(validate: Callable[[Any], Any], section: str, path: str, raw: Any) -> tuple[Any, list[Problem]]:
    """What ``validate`` makes of a table of the kind ``section``, called ``path`` in the file; or None and what is wrong with it."""
    if not isinstance(raw, dict):
        allowed = f"a section [{section}]" if path == section else "a table { ... }"
        return None, [Problem(key=path, value=raw, allowed=allowed, hint=f"found {type(raw).__name__}")]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter(
                "error", RuntimeWarning
            )  # numbers out of range: said here, not by numpy on the user's screen
            return validate(raw), []
    except (ArithmeticError, RuntimeWarning) as error:
        allowed = f"numbers with which double precision can work; found {type(error).__name__}: {error}"
        hint = "are they in the same units and of sensible size?"
        return None, [Problem(key=path, value=raw, allowed=allowed, hint=hint)]
    except ValidationError as error:
        return None, translated(error, section, path)
    except InvalidInput as error:
        return None, [replace(p, key=joined(path, p.key)) for p in error.problems]


def translated(error: ValidationError, section: str, path: str) -> list[Problem]:
    """pydantic's list of errors in our words."""
    problems = []
    for entry in error.errors(include_url=False):
        tags = [part for part in entry["loc"] if part in TAGS]
        location = [part for part in entry["loc"] if part not in TAGS]
        parent = path
        for part in location[:-1]:
            parent = joined(parent, f"[{part}]" if isinstance(part, int) else part)
        last = location[-1:]
        place = joined(parent, f"[{last[0]}]" if isinstance(last[0], int) else last[0]) if last else parent
        value = entry["input"]
        cause = entry.get("ctx", {}).get("error")
        if isinstance(cause, InvalidInput):
            problems += [replace(p, key=joined(place, p.key)) for p in cause.problems]
        elif entry["type"] == "extra_forbidden":
            problems.append(unknown_key(section, parent, str(last[0]), value, tags[-1] if tags else None))
        elif entry["type"] == "missing":
            problems.append(Problem(key=place, value=MISSING, allowed=REQUIRED_BECAUSE.get(place, "required")))
        elif entry["type"] in ("union_tag_not_found", "union_tag_invalid"):
            problems.append(_wrong_tag(entry, section, place))
        elif entry["type"] == "literal_error":
            allowed = entry["ctx"]["expected"].replace("'", '"')
            words = re.findall(r'"([^"]*)"', allowed)
            hint = nearest(value, words) if isinstance(value, str) else f"found {type(value).__name__}"
            problems.append(Problem(key=place, value=value, allowed=allowed, hint=hint))
        else:
            allowed = entry["msg"].removeprefix("Input should be ")
            problems.append(Problem(key=place, value=value, allowed=allowed, hint=f"found {type(value).__name__}"))
    return problems


def _wrong_tag(entry: Mapping[str, Any], section: str, place: str) -> Problem:
    """A kind or shape that is missing or unknown."""
    key = str(entry["ctx"]["discriminator"]).strip("'")
    known = list(DRIVE_SHAPES if section == "drive" else DENSITY_KINDS)
    if place.endswith("]"):
        known.remove("sum")  # a part of a sum
    found = entry["input"].get(key, MISSING) if isinstance(entry["input"], dict) else MISSING
    hint = nearest(found, known) if isinstance(found, str) else "a text"
    return Problem(key=joined(place, key), value=found, allowed=" | ".join(known), hint=hint)
