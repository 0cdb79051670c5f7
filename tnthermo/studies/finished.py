"""Whether a folder holds a finished run, and what it holds instead; what checkpoints need is imported where there is no result."""

from __future__ import annotations

import tomllib
from contextlib import suppress
from pathlib import Path

from chains.problems import InvalidInput, Problem
from tnthermo.results.run_folder import RESULT


def finished(place: Path) -> Path:
    """``place`` where it is a result file or the folder of a finished run. Raises InvalidInput, with what is there instead."""
    if (place / RESULT if place.is_dir() else place).is_file():
        return place
    hint = ""
    if (place / "sweep.json").exists():
        hint = "a sweep: tnthermo status and collect, or one of its points/RUN"
    raise InvalidInput(
        [Problem(key="DIR", value=str(place), allowed=f"must hold a {RESULT}", hint=_stopped(place) or hint)]
    )


def _stopped(place: Path) -> str:
    """How far the run of a folder has come by its checkpoints, in words; "" without any."""
    from tnthermo.results.checkpoint_file import of_a_run, unpack
    from tnthermo.results.checkpoints import FOLDER, PREVIOUS, SUFFIX
    from tnthermo.units.units import Units

    own = [place / FOLDER / f"run{suffix}" for suffix in (SUFFIX, PREVIOUS)]
    with suppress(OSError):  # those of the runs on the way to a target, the last one first
        own += sorted((place / FOLDER).glob(f"*{SUFFIX}"), key=lambda path: -path.stat().st_mtime)
    for checkpoint in own:
        with suppress(OSError, ValueError):  # damaged ones too
            tree = of_a_run(unpack(checkpoint.read_bytes()))
            values = tomllib.loads(tree["config"])
            units = Units(**values.get("units", {}))
            until, unit = values["evolution"]["until"], units.behind("time")
            return f"stopped at t = {units.shown_time(tree['time']):g} of {until:g}{unit}, or still on; tnthermo run with --resume goes on"
    return ""
