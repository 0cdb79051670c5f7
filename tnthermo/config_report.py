"""What a configuration resolves to, as text: the screen of `tnthermo check`."""

from __future__ import annotations

import chains
from tnthermo.config import Resolved
from tnthermo.thermo.definitions import CONVENTION


def checked(resolved: Resolved) -> str:
    """All values, the convention, what the bath is, and what is doubtful."""
    values = resolved.text.split("\n\n", 1)[1].rstrip()
    lines = [
        values,
        "",
        "convention",
        *(f"  {part}" for part in CONVENTION.split("; ")),
        "",
        str(chains.diagnose(resolved.model.bath, resolved.until)),
        "",
    ]
    lines += [str(note) for note in resolved.notes]
    lines += [f"sha256 {resolved.hash}", "no errors" + warnings(resolved)]
    return "\n".join(lines)


def warnings(resolved: Resolved) -> str:
    """ ", 2 warnings" or nothing."""
    count = sum(note.level == "warning" for note in resolved.notes)
    return f", {count} warning{'s' if count > 1 else ''}" if count else ""
